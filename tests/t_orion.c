/* t_orion.c - profiles of Orion: operators as blocks that fill SMs, names with commas, and what is refused. */
#include "config.h"

#include "tests/t.h"

#include "sim/mem.h"
#include "traces/orion.h"

#define HEAD "Name,Profile,Memory_footprint,SM_usage,Duration\n"

static int import(const char *text, char store[4096], struct cr_err *err)
{
  char file[4096];
  struct cr_store *s = NULL;
  const char *folder = t_tmp();
  snprintf(file, sizeof file, "%s", t_join(folder, "net_4_fwd"));
  snprintf(store, 4096, "%s", t_join(folder, "s.db"));
  t_write(file, text);
  assert_int_equal(cr_store_edit(store, &s, err), CR_OK);
  int rc = cr_orion_import(s, file, &(struct cr_orion_options){.device = t_data("calib/devices/v100.yaml")}, err);
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  return rc;
}

static void an_operator_is_as_many_blocks_as_it_needs_sms(void **state)
{
  (void)state;
  char store[4096];
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op = NULL;
  struct cr_text shown = {0};
  uint32_t n = 0;
  if (import(HEAD "Conv,1,0,98,101183\nBatchNorm,0,0,64,40096\n\"void f<int, 4>(int, int)\",-1,0,1,3232\n", store,
             &err))
    fail_msg("%s", err.text);
  assert_int_equal(cr_store_open(store, &s, &err), CR_OK);
  assert_int_equal(cr_store_read_model(s, "net_4_fwd", arena, &op, &n, &err), CR_OK);
  assert_int_equal(n, 3);
  assert_string_equal(op[0].name, "Conv");
  assert_int_equal(op[0].blocks, 98); /* more than a V100 has: two waves */
  assert_int_equal(op[0].sm_blocks, 1);
  assert_int_equal(op[0].threads, 1024);
  assert_int_equal(op[0].duration_ns, 101183);
  assert_string_equal(op[2].name, "void f<int, 4>(int, int)");
  assert_int_equal(cr_store_show(s, NULL, "table", &shown, &err), CR_OK);
  assert_non_null(strstr(shown.s, "1 compute, 1 memory, 1 unknown"));
  cr_text_fini(&shown);
  cr_store_close(s);
  cr_arena_free(arena);
}

static void bad_profiles_are_named_with_their_line(void **state)
{
  (void)state;
  static const struct {
    const char *text, *say;
  } row[] = {
    {"", "net_4_fwd"},
    {HEAD, "has no operators"},
    {"Name,Profile\nConv,1\n", "SM_usage"},
    {HEAD "Conv,1,0,98,101183\nvoid f<int, 4>,1,0,9,1000\n", "a name with a comma in it must be in quotes: "},
    {HEAD "Conv,1,0,98,7\nConv,1,0,98,7\n", "is a placeholder: no operator takes longer than 99 ns"},
    {HEAD "Conv,2,0,98,1000\n", "net_4_fwd:2: Profile is none of 1 (compute), 0 (memory) and -1 (unknown)"},
    {HEAD "Conv,1,0,0,1000\n", "net_4_fwd:2: SM_usage must be at least 1"},
    {HEAD "Conv,1,0,98,0\n", "net_4_fwd:2: Duration must be at least 1 ns"},
    {HEAD "Conv,1,0,98,-5\n", "net_4_fwd:2: Duration must be at least 1 ns"},
    {HEAD "Conv,1,0,98,1.5\n", "Duration"},
    {HEAD "Conv,1,0,x,1000\n", "SM_usage"},
    {HEAD ",1,0,98,1000\n", "net_4_fwd:2: Name is empty"},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    char store[4096];
    struct cr_err err = {{0}};
    if (import(row[i].text, store, &err) != CR_EINPUT || !strstr(err.text, row[i].say))
      fail_msg("row %zu: '%s' where '%s' was expected", i, err.text, row[i].say);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(an_operator_is_as_many_blocks_as_it_needs_sms),
    cmocka_unit_test(bad_profiles_are_named_with_their_line),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
