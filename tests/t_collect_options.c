/* t_collect_options.c - CORUN_COLLECT: what is taken, what is refused, and that nothing in it can do harm. */
#include "config.h"

#include "tests/t.h"

#include "cupti-collector/collect_options.h"
#include "sim/rng.h"

static struct collect_options o;
static char why[256];

static int reads(const char *text)
{
  why[0] = 0;
  return collect_options_read(text, &o, why, sizeof why);
}

static void defaults(void **state)
{
  (void)state;
  assert_int_equal(reads("folder=/tmp/s"), 0);
  assert_string_equal(o.folder, "/tmp/s");
  assert_string_equal(o.cupti, "");
  assert_int_equal(o.kinds, (1U << COLLECT_ENVIRONMENT) - 1);
  assert_int_equal(o.buffer_bytes, 4 << 20);
  assert_int_equal(o.n_buffer, 64);
  assert_int_equal(o.flush_ms, 1000);
  assert_int_equal(o.wait_ms, 50);
  assert_int_equal(o.limit_bytes, 0);
  assert_int_equal(o.reserve_bytes, 64 << 20);
  assert_int_equal(o.all_calls + o.latency + o.say, 0);
  assert_int_equal(o.max_counted + (uint64_t)o.counts_fp, 0);
}

static void every_key(void **state)
{
  (void)state;
  assert_int_equal(reads("kinds=kernel+graphtrace,calls=all,latency=1,buffer=1MiB,buffers=3,flush=0,wait=7,limit=2GiB,"
                         "reserve=0,cupti=/opt/libcupti.so.13,say=1,metrics=2000,fp=1,folder=/a"),
                   0);
  assert_int_equal(o.kinds, 1U << COLLECT_KERNEL | 1U << COLLECT_GRAPH_TRACE);
  assert_int_equal(o.all_calls + o.latency + o.say, 3);
  assert_int_equal(o.buffer_bytes, 1 << 20);
  assert_int_equal(o.n_buffer, 3);
  assert_int_equal(o.flush_ms, 0);
  assert_int_equal(o.wait_ms, 7);
  assert_true(o.limit_bytes == UINT64_C(2) << 30);
  assert_int_equal(o.reserve_bytes, 0);
  assert_string_equal(o.cupti, "/opt/libcupti.so.13");
  assert_int_equal(o.max_counted, 2000);
  assert_int_equal(o.counts_fp, 1);
}

static void a_folder_may_hold_any_byte(void **state)
{
  (void)state;
  assert_int_equal(reads("folder=/a%2Cb%25c%3dd=e%zz,say=1"), 0);
  assert_string_equal(o.folder, "/a,b%c=d=e%zz");
  assert_int_equal(o.say, 1);
}

static void what_is_wrong_is_named_and_what_came_before_it_is_taken(void **state)
{
  (void)state;
  static const struct {
    const char *text, *says;
  } bad[] = {
    {"folder=/a,colour=red", "colour"},
    {"folder=/a,latency=2", "latency"},
    {"folder=/a,latency=", "latency"},
    {"folder=/a,buffer=1KiB", "buffer"},
    {"folder=/a,buffer=65MiB", "buffer"},
    {"folder=/a,buffer=4MB", "buffer"},
    {"folder=/a,buffers=1", "buffers"},
    {"folder=/a,buffers=-3", "buffers"},
    {"folder=/a,limit=99999999999GiB", "limit"},
    {"folder=/a,kinds=", "kinds"},
    {"folder=/a,kinds=kernel+", "kinds"},
    {"folder=/a,kinds=kern", "kinds"},
    {"folder=/a,calls=some", "calls"},
    {"folder=/a,say", "is no KEY=VALUE"},
    {"folder=/a,a_key_that_is_far_too_long=1", "is no KEY=VALUE"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(reads(bad[i].text), -1);
    assert_non_null(strstr(why, bad[i].says));
    assert_string_equal(o.folder, "/a");
  }
  assert_int_equal(reads("folder=relative"), -1);
  assert_int_equal(reads(""), -1);
  assert_non_null(strstr(why, "lacks folder=PATH"));
  assert_int_equal(reads("folder=/a,"), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
  (void)state;
  static char text[3 * COLLECT_PATH_MAX];
  memset(text, 'x', sizeof text - 1);
  memcpy(text, "folder=/", 8);
  text[7 + COLLECT_PATH_MAX] = 0;
  assert_int_equal(reads(text), -1);
  text[7 + COLLECT_PATH_MAX - 1] = 0;
  assert_int_equal(reads(text), 0);
  assert_int_equal(strlen(o.folder), COLLECT_PATH_MAX - 1);
}

/* Pieces of good options, put together at random: either an error with a sentence, or values in their ranges. */
static void nonsense_does_no_harm(void **state)
{
  (void)state;
  static const char *const piece[] = {"folder=/a", ",",    "=",      "kinds=", "kernel", "+",     "%2",       "%",
                                      "buffer=",   "4MiB", "128KiB", "wait=",  "9",      "0",     "latency=", "\n",
                                      "buffers=",  "\xff", "memory", "64",     "limit=", "say=1", ",flush=",  "1000"};
  for (uint32_t n = 0; n < 20000; n++) {
    char text[512];
    size_t at = 0;
    for (uint64_t i = 0; i < 24; i++) {
      uint64_t pick = cr_draw(7, 0, n, i) % 30;
      const char *p = pick < 24 ? piece[pick] : "";
      at += (size_t)snprintf(text + at, sizeof text - at, "%s", p);
    }
    if (reads(text)) {
      assert_true(why[0]);
      continue;
    }
    assert_int_equal(o.folder[0], '/');
    assert_in_range(o.buffer_bytes, 64 << 10, 64 << 20);
    assert_in_range(o.n_buffer, 2, 128);
    assert_in_range(o.wait_ms, 0, 10000);
    assert_true(o.kinds && o.kinds < 1U << COLLECT_KIND_N);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults),
    cmocka_unit_test(every_key),
    cmocka_unit_test(a_folder_may_hold_any_byte),
    cmocka_unit_test(what_is_wrong_is_named_and_what_came_before_it_is_taken),
    cmocka_unit_test(a_path_that_is_too_long_is_refused),
    cmocka_unit_test(nonsense_does_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
