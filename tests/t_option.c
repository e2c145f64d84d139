/* t_option.c - option tables. */
#include "config.h"

#include "sim/option.h"
#include "tests/t.h"

enum { DQ, WAIT, ROOM, SHARE, PAD, ORDER, BIAS, OVER, N };

static const struct cr_opt table[] = {
  [DQ] = {.name = "dq", .kind = CR_OPT_COUNT, .fallback = "2", .min = 1, .max = 1024},
  [WAIT] = {.name = "wait", .kind = CR_OPT_NS, .fallback = "50us", .min = 1000, .max = 1000000},
  [ROOM] = {.name = "room", .kind = CR_OPT_BYTES, .fallback = "2MiB", .min = 0, .max = INT64_MAX},
  [SHARE] = {.name = "share", .kind = CR_OPT_PPM, .fallback = "25%", .min = 0, .max = 1000000},
  [PAD] = {.name = "padding", .kind = CR_OPT_BOOL, .fallback = "yes"},
  [ORDER] = {.name = "order", .kind = CR_OPT_CHOICE, .choices = "fifo|rt-first|rt", .fallback = "fifo"},
  [BIAS] = {.name = "bias", .kind = CR_OPT_COUNT, .fallback = "0", .min = -5, .max = 5},
  [OVER] = {.name = "over", .kind = CR_OPT_FACTOR, .fallback = "1.1", .min = 1000000, .max = 10000000},
  {0},
};

static void defaults_are_what_the_table_says(void **state)
{
  (void)state;
  static const char *const none[] = {NULL, ""};
  for (int i = 0; i < 2; i++) {
    int64_t v[N];
    struct cr_err err = {""};
    assert_int_equal(cr_opt_parse(table, none[i], v, "policy x", &err), CR_OK);
    assert_int_equal(v[DQ], 2);
    assert_int_equal(v[WAIT], 50000);
    assert_int_equal(v[ROOM], 2 * 1024 * 1024);
    assert_int_equal(v[SHARE], 250000);
    assert_int_equal(v[PAD], 1);
    assert_int_equal(v[ORDER], 0);
    assert_int_equal(v[OVER], 1100000);
    assert_int_equal(cr_opt_get(table, v, "share"), 250000);
  }
}

static void every_kind_is_read_with_its_unit(void **state)
{
  (void)state;
  int64_t v[N];
  struct cr_err err = {""};
  assert_int_equal(
    cr_opt_parse(table, "order=rt,dq=1e3,wait=0.1ms,room=1kB,share=0.5,padding=no,bias=-3,over=200%", v, "policy x", &err),
    CR_OK);
  assert_int_equal(v[DQ], 1000);
  assert_int_equal(v[WAIT], 100000);
  assert_int_equal(v[ROOM], 1000);
  assert_int_equal(v[SHARE], 500000);
  assert_int_equal(v[PAD], 0);
  assert_int_equal(v[ORDER], 2);
  assert_int_equal(v[BIAS], -3);
  assert_int_equal(v[OVER], 2000000);
}

static void no_table_is_a_table_of_none(void **state)
{
  (void)state;
  struct cr_err err = {""};
  assert_int_equal(cr_opt_count(NULL), 0);
  assert_int_equal(cr_opt_count(table), N);
  assert_int_equal(cr_opt_parse(NULL, NULL, NULL, "policy x", &err), CR_OK);
  assert_int_equal(cr_opt_parse(NULL, "dq=2", NULL, "policy x", &err), CR_EINPUT);
  assert_string_equal(err.text, "policy x takes no options, so not \"dq\"");
}

static void mistakes_are_named_with_what_would_be_right(void **state)
{
  (void)state;
  static const struct {
    const char *text, *has;
  } bad[] = {
    {"dqq=2", "policy x has no option \"dqq\"; did you mean dq?; it has dq, wait"},
    {"=2", "policy x has no option \"\""},
    {"dq", "policy x: option dq has no value; write dq=2"},
    {"dq=", "policy x: dq= is not a whole number from 1 to 1024"},
    {"dq=0", "policy x: dq=0 is not a whole number from 1 to 1024"},
    {"dq=1025", "from 1 to 1024"},
    {"dq=-1", "from 1 to 1024"},
    {"dq=1.5", "whole number"},
    {"dq=1,dq=1", "policy x: option dq is given twice"},
    {"dq=1,", "policy x has no option \"\""},
    {",dq=1", "policy x has no option \"\""},
    {"wait=50", "policy x: wait=50 is not a time from 1.00 us to 1.00 ms"},
    {"wait=2s", "is not a time from"},
    {"wait=nan", "is not a time from"},
    {"wait=infus", "is not a time from"},
    {"room=2", "policy x: room=2 is not a size from"},
    {"share=2", "is not a share from 0 to 1"},
    {"over=0.9", "policy x: over=0.9 is not a factor from 1 to 10"},
    {"padding=maybe", "policy x: padding=maybe is not yes or no"},
    {"order=rt-last", "policy x: order=rt-last is not one of fifo|rt-first|rt"},
    {"order=rt-firs", "is not one of"},
    {"order=fifo|rt-first", "is not one of"},
    {"bias=-6", "from -5 to 5"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int64_t v[N];
    struct cr_err err = {""};
    assert_int_equal(cr_opt_parse(table, bad[i].text, v, "policy x", &err), CR_EINPUT);
    if (!strstr(err.text, bad[i].has))
      fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, err.text, bad[i].has);
  }
}

static void an_endless_value_is_refused(void **state)
{
  (void)state;
  char text[4096];
  memset(text, '9', sizeof text - 1);
  memcpy(text, "dq=", 3);
  text[sizeof text - 1] = 0;
  int64_t v[N];
  struct cr_err err = {""};
  assert_int_equal(cr_opt_parse(table, text, v, "policy x", &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "longer than"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_are_what_the_table_says), cmocka_unit_test(every_kind_is_read_with_its_unit),
    cmocka_unit_test(no_table_is_a_table_of_none),      cmocka_unit_test(mistakes_are_named_with_what_would_be_right),
    cmocka_unit_test(an_endless_value_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
