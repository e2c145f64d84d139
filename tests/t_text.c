/* t_text.c - text that is quoted for readers of CSV, JSON and HTML. */
#include "config.h"

#include "sim/text.h"
#include "tests/t.h"

static void assert_made(void (*add)(struct cr_text *, const char *), const char *from, const char *want)
{
  struct cr_text text = {0};
  add(&text, from);
  assert_false(text.failed);
  assert_string_equal(text.s, want);
  cr_text_fini(&text);
}

static void a_field_is_quoted_where_it_must_be(void **state)
{
  (void)state;
  assert_made(cr_text_add_csv, "", "");
  assert_made(cr_text_add_csv, "reef dq=2", "reef dq=2");
  assert_made(cr_text_add_csv, "reef,dq=2", "\"reef,dq=2\"");
  assert_made(cr_text_add_csv, "a \"b\"", "\"a \"\"b\"\"\"");
  assert_made(cr_text_add_csv, "a\nb", "\"a\nb\"");
  assert_made(cr_text_add_csv, "a\rb", "\"a\rb\"");
  assert_made(cr_text_add_csv_quoted, "", "\"\"");
  assert_made(cr_text_add_csv_quoted, "a", "\"a\"");
}

static void json_has_no_bare_control_character(void **state)
{
  (void)state;
  assert_made(cr_text_add_json, "a\\b \"c\"\n\x1f", "\"a\\\\b \\\"c\\\"\\u000a\\u001f\"");
}

static void html_is_text_and_no_markup(void **state)
{
  (void)state;
  assert_made(cr_text_add_html, "<a href=\"b&c\">\x01\n", "&lt;a href=&quot;b&amp;c&quot;&gt;\\x01\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_field_is_quoted_where_it_must_be),
    cmocka_unit_test(json_has_no_bare_control_character),
    cmocka_unit_test(html_is_text_and_no_markup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
