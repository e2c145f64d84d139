/* t_plugin.c - policies from shared objects: what cannot be one is refused with a reason.
 *
 * Those that can are built and run by tests/docs_policy.sh and tests/out_of_tree.sh. */
#include "config.h"

#include "sim/plugin.h"
#include "tests/t.h"

static void refused(const char *path, const char *word)
{
  struct cr_plugin *plugin = NULL;
  const struct cr_policy_ops *ops = NULL;
  struct cr_err err = {""};
  assert_int_equal(cr_plugin_open(path, &plugin, &ops, &err), CR_EINPUT);
  assert_null(plugin);
  assert_null(ops);
  if (!strstr(err.text, word))
    fail_msg("%s: \"%s\" does not say \"%s\"", path, err.text, word);
}

static void a_file_that_is_not_there_is_named(void **state)
{
  (void)state;
  refused("./no-such-policy.so", "./no-such-policy.so");
}

static void a_name_without_a_folder_is_not_searched_for(void **state)
{
  (void)state;
  refused("libm.so.6", "write ./libm.so.6");
}

static void what_is_no_shared_object_is_refused(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "text.so");
  t_write(path, "this is not an object\n");
  refused(path, "must be a shared object");
}

static void closing_nothing_is_fine(void **state)
{
  (void)state;
  cr_plugin_close(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_that_is_not_there_is_named),
    cmocka_unit_test(a_name_without_a_folder_is_not_searched_for),
    cmocka_unit_test(what_is_no_shared_object_is_refused),
    cmocka_unit_test(closing_nothing_is_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
