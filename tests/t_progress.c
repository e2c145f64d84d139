/* t_progress.c - when the bar shows and what it says. */
#include "config.h"

#include "sim/progress.h"
#include "tests/t.h"

#include <unistd.h>

static const cr_ns s = 1000000000;

static void short_work_shows_nothing(void **state)
{
  (void)state;
  char line[128];
  assert_string_equal(cr_progress_line("x", 500000, s / 4, line, sizeof line), "");
  assert_string_equal(cr_progress_line("x", 500000, s * 9 / 10, line, sizeof line), ""); /* 1.8 s in all */
  assert_string_equal(cr_progress_line("x", 0, 100 * s, line, sizeof line), "");         /* who knows */
}

static void the_time_left_follows_from_the_time_spent(void **state)
{
  (void)state;
  char line[128];
  assert_string_equal(cr_progress_line("streams", 250000, 30 * s, line, sizeof line),
                      "[#######.......................]  25 %, 1:30 left  streams");
  assert_string_equal(cr_progress_line("streams", 1000000, 30 * s, line, sizeof line),
                      "[##############################] 100 %, 0:00 left  streams");
}

static void long_labels_are_cut(void **state)
{
  (void)state;
  char label[300], line[128];
  memset(label, 'x', sizeof label);
  label[299] = '\0';
  assert_true(strlen(cr_progress_line(label, 500000, 30 * s, line, sizeof line)) < 100);
}

static void nothing_is_shown_in_a_pipe(void **state)
{
  (void)state;
  if (isatty(STDERR_FILENO))
    t_skip("stderr is a terminal");
  struct cr_progress *p = cr_progress_new("x", 3);
  assert_null(p);
  cr_progress_part(p, 1, "y"); /* all of them do nothing then */
  cr_progress_update(p, 5, 10);
  cr_progress_clear(p);
  cr_progress_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(short_work_shows_nothing),
    cmocka_unit_test(the_time_left_follows_from_the_time_spent),
    cmocka_unit_test(long_labels_are_cut),
    cmocka_unit_test(nothing_is_shown_in_a_pipe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
