/* t_nearest.c - which name a mistyped word means. */
#include "config.h"

#include "tests/t.h"

#include "sim/nearest.h"

static const char *const name[] = {"run", "validate", "replay", "list", "show", "import", "export"};

static const char *nearest(const char *word)
{
  return cr_nearest(word, name, sizeof name / sizeof *name);
}

static void slips_of_the_finger_are_understood(void **state)
{
  (void)state;
  assert_string_equal(nearest("imprt"), "import");   /* left out */
  assert_string_equal(nearest("shoow"), "show");     /* doubled */
  assert_string_equal(nearest("relpay"), "replay");  /* swapped */
  assert_string_equal(nearest("exporr"), "export");  /* beside */
  assert_string_equal(nearest("valid"), "validate"); /* begun */
  assert_string_equal(nearest("rn"), "run");
}

static void other_words_mean_nothing(void **state)
{
  (void)state;
  assert_null(nearest("xyzzy"));
  assert_null(nearest(""));
  assert_null(nearest("a"));
  assert_null(cr_nearest("x", NULL, 0));
  char word[200];
  memset(word, 'r', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  assert_null(nearest(word));
}

static void the_first_of_equals_is_taken(void **state)
{
  (void)state;
  static const char *const twin[] = {"abcd", "abce"};
  assert_string_equal(cr_nearest("abcf", twin, 2), "abcd");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(slips_of_the_finger_are_understood),
    cmocka_unit_test(other_words_mean_nothing),
    cmocka_unit_test(the_first_of_equals_is_taken),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
