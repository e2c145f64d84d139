/* t_memory_recording.c - recordings of an allocator: what is in use, what is told, and what is wrong with a file. */
#include "config.h"

#include "traces/memory_recording.h"

#include "tests/t.h"

struct outcome {
  int rc;
  struct cr_text out, report;
  struct cr_err err;
};

static struct outcome read_text(const char *text, const char *name, uint32_t max_steps)
{
  struct outcome o = {0};
  const char *path = t_join(t_tmp(), "r.csv");
  const struct cr_memory_recording_options opt = {.name = name, .max_steps = max_steps, .taken = cr_names_new()};
  t_write(path, text);
  o.rc = cr_memory_recording_read(path, &opt, &o.out, &o.report, &o.err);
  cr_names_free(opt.taken);
  return o;
}

static void fini(struct outcome *o)
{
  cr_text_fini(&o->out);
  cr_text_fini(&o->report);
}

static const char RECORDED[] = "model,batch,time_us,action,address,bytes\n"
                               "net,50,100,alloc,1,1000\n"
                               "net,50,103,alloc,2,500\n"
                               "net,50,103,free_requested,2,500\n"
                               "net,50,105,free_completed,2,500\n"
                               "net,50,109,alloc,2,2500\n" /* for an instant */
                               "net,50,109,free_completed,2,2500\n"
                               "net,50,110,free_completed,1,1000\n"
                               "vae,,7,alloc,1,8\n"
                               "vae,,8,free_completed,1,8\n";

static void events_become_steps_from_the_first_on(void **state)
{
  (void)state;
  struct outcome o = read_text(RECORDED, NULL, 200);
  assert_int_equal(o.rc, CR_OK);
  assert_string_equal(o.out.s, "net_50,0,1000\nnet_50,3000,1500\nnet_50,5000,1000\nnet_50,9000,3500\nnet_50,10000,\n"
                               "vae,0,8\nvae,1000,\n");
  assert_non_null(strstr(o.report.s, "net_50: 7 events in 0.010 ms, 4 steps, peak "));
  fini(&o);
}

static void fewer_steps_keep_the_peak(void **state)
{
  (void)state;
  struct outcome o = read_text(RECORDED, NULL, 2);
  assert_int_equal(o.rc, CR_OK);
  assert_non_null(strstr(o.out.s, "net_50,0,1500\nnet_50,9000,3500\nnet_50,10000,\n"));
  assert_non_null(strstr(o.report.s, " % by fewer steps)"));
  fini(&o);
}

static void memory_of_before_and_of_after_is_told(void **state)
{
  (void)state;
  struct outcome o =
    read_text("time_us,action,bytes\n0,free_completed,100\n1,alloc,150\n5,alloc,30\n9,free_completed,20\n", "x", 9);
  assert_int_equal(o.rc, CR_OK);
  assert_string_equal(o.out.s, "x,0,0\nx,1000,50\nx,5000,80\nx,9000,\n");
  assert_non_null(
    strstr(o.report.s, "; of what was held before, given back within: 100 B; still in use at its end: 60 B\n"));
  fini(&o);
}

static void a_peak_in_the_last_instant_counts(void **state)
{
  (void)state;
  struct outcome o = read_text("time_us,action,bytes\n0,alloc,1\n4,alloc,10\n4,free,10\n4,free,1\n", "x", 9);
  assert_int_equal(o.rc, CR_OK);
  assert_string_equal(o.out.s, "x,0,11\nx,4000,\n");
  fini(&o);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
  (void)state;
  static const struct {
    const char *text, *name, *want;
  } cases[] = {
    {"time_us,action,bytes\n0,alloc,1\n", NULL,
     "has neither a column workload nor model; name what was recorded with -m"},
    {"time_us,action,bytes\n", "x", "has no events"},
    {"time_us,action,bytes\n0,alloc,1\n0,free,1\n", "x", "of workload x nothing is given out over any time"},
    {"time_us,action,bytes\n5,alloc,1\n4,free,1\n", "x", ":3: time_us goes back"},
    {"time_us,action,bytes\n5,grow,1\n", "x", ":2: action \"grow\" is none of an allocator's"},
    {"time_us,action,bytes\n5,alloc,-1\n", "x", ":2: bytes (of at most 1 PiB) must be given"},
    {"time_us,action,bytes\n5,alloc,\n", "x", ":2: bytes (of at most 1 PiB) must be given"},
    {"time_us,action,bytes\n5,alloc,1\n86400000006,free,1\n", "x", ":3: time_us is more than a day"},
    {"workload,time_us,action,bytes\n,5,alloc,1\n", NULL, ":2: \"\" is no name"},
    {"workload,time_us,action,bytes\na,5,alloc,1\na,6,free,1\nb,5,alloc,1\nb,6,free,1\na,7,alloc,1\n", NULL,
     ":6: workload a was there before"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct outcome o = read_text(cases[i].text, cases[i].name, 9);
    assert_int_equal(o.rc, CR_EINPUT);
    if (!strstr(o.err.text, cases[i].want))
      fail_msg("%s", o.err.text);
    fini(&o);
  }
}

/* The recording behind the bundled table. */
static void the_h200_recording_is_read(void **state)
{
  (void)state;
  const char *path = t_shared("h200/training-memory.csv.gz");
  if (!path)
    skip();
  struct cr_text out = {0}, report = {0};
  const struct cr_memory_recording_options opt = {.max_steps = 200, .taken = cr_names_new()};
  assert_int_equal(cr_memory_recording_read(path, &opt, &out, &report, NULL), CR_OK);
  assert_int_equal(cr_names_count(opt.taken), 11);
  char *bundled = t_read(t_data("traces/data/h200-training-memory.csv"), NULL);
  char *rows = strstr(bundled, "workload,at_ns,bytes\n");
  assert_non_null(rows);
  assert_string_equal(rows + strlen("workload,at_ns,bytes\n"), out.s);
  t_free(bundled);
  cr_names_free(opt.taken);
  cr_text_fini(&out);
  cr_text_fini(&report);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_become_steps_from_the_first_on), cmocka_unit_test(fewer_steps_keep_the_peak),
    cmocka_unit_test(memory_of_before_and_of_after_is_told), cmocka_unit_test(a_peak_in_the_last_instant_counts),
    cmocka_unit_test(what_is_wrong_is_said_with_its_line),   cmocka_unit_test(the_h200_recording_is_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
