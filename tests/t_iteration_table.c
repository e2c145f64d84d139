/* t_iteration_table.c - tables of workloads known by the iteration, and the models made of them. */
#include "config.h"

#include "traces/iteration_table.h"

#include "sim/rng.h"
#include "tests/t.h"

#include <stdlib.h>

static int read_text(const char *text, struct cr_iteration_table **out, struct cr_err *err)
{
  const char *path = t_join(t_tmp(), "t.csv");
  t_write(path, text);
  return cr_iteration_table_read(path, out, err);
}

static struct cr_iteration_table *table_of(const char *text)
{
  struct cr_iteration_table *t = NULL;
  struct cr_err err = {{0}};
  if (read_text(text, &t, &err))
    fail_msg("%s", err.text);
  return t;
}

static void every_column_arrives_in_its_unit(void **state)
{
  (void)state;
  struct cr_iteration_table *t = table_of(
    "# figures of mine\nworkload,source,iteration_ms,startup_s,persistent_mib,ephemeral_mib,framework_mib,sm_share,"
    "dram_share\na,me,361.81,4.5,0.5,6502.913,0.25,0.935,0\nb,,0.001,0,0,0,0,1,1\n");
  const struct cr_iteration_row *a = cr_iteration_table_find(t, "a"), *b = cr_iteration_table_row(t, 1);
  assert_int_equal(cr_iteration_table_count(t), 2);
  assert_ptr_equal(a, cr_iteration_table_row(t, 0));
  assert_string_equal(b->workload, "b");
  assert_int_equal(b->line, 4);
  assert_true(a->iteration_ns == 361810000 && a->startup_ns == INT64_C(4500000000));
  assert_true(a->persistent_bytes == 524288 && a->framework_bytes == 262144);
  assert_true(a->ephemeral_bytes == INT64_C(6818798502)); /* 6502.913 * 2^20 = 6818798501.888 */
  assert_int_equal(a->sm_ppm, 935000);
  assert_int_equal(a->dram_ppm, 0);
  assert_true(b->iteration_ns == 1000 && b->startup_ns == 0 && b->persistent_bytes == 0 && b->sm_ppm == 1000000);
  assert_null(cr_iteration_table_find(t, "c"));
  cr_iteration_table_free(t);
}

static void an_empty_cell_is_not_known(void **state)
{
  (void)state;
  struct cr_iteration_table *t =
    table_of("workload,iteration_ms,startup_s,persistent_bytes,ephemeral_bytes,sm_share\na,1,,,,\n");
  const struct cr_iteration_row *a = cr_iteration_table_row(t, 0);
  assert_true(a->startup_ns == CR_NS_NEVER);
  assert_true(a->persistent_bytes == CR_UNKNOWN && a->ephemeral_bytes == CR_UNKNOWN &&
              a->framework_bytes == CR_UNKNOWN);
  assert_true(a->sm_ppm == CR_UNKNOWN && a->dram_ppm == CR_UNKNOWN);
  cr_iteration_table_free(t);
  t = table_of("iteration_ms,workload\n1,a\n");
  assert_true(cr_iteration_table_row(t, 0)->persistent_bytes == CR_UNKNOWN);
  cr_iteration_table_free(t);
}

static void a_row_becomes_a_model_of_one_op(void **state)
{
  (void)state;
  struct cr_iteration_table *t = table_of(
    "workload,iteration_ms,persistent_bytes,ephemeral_bytes,framework_bytes,sm_share\na,2,100,70,30,0.5\nb,3,,,,\n");
  struct cr_workload_builder *builder = cr_workload_builder_new();
  const struct cr_workload *w;
  cr_model model;
  struct cr_err err = {{0}};
  for (uint32_t i = 0; i < 2; i++)
    if (cr_iteration_row_add(cr_iteration_table_row(t, i), builder, &model, &err))
      fail_msg("%s", err.text);
  assert_int_equal(cr_workload_seal(builder, &w, NULL), CR_OK);
  assert_string_equal(w->model[0].name, "a");
  assert_true(w->model[0].n_op == 1 && w->model[0].duration_ns == 2000000);
  assert_true(w->model[0].persistent_bytes == 100 && w->model[0].ephemeral_bytes == 70);
  assert_true(w->model[0].framework_bytes == 30 && w->model[0].weight_bytes == CR_UNKNOWN);
  assert_int_equal(w->op[0].kind, CR_OP_ITERATION);
  assert_int_equal(w->op[0].sm_ppm, 500000);
  assert_true(w->op[1].sm_ppm == CR_UNKNOWN && w->model[1].persistent_bytes == CR_UNKNOWN);
  cr_workload_builder_free(builder);
  cr_iteration_table_free(t);
}

static const struct {
  const char *text, *say;
} BAD[] = {
  {"", "has no header row"},
  {"workload,iteration_ms\n", "t.csv: has no workloads"},
  {"iteration_ms\n1\n", "t.csv: has no column \"workload\"; it has iteration_ms"},
  {"workload\na\n", "t.csv: has no column \"iteration_ms\"; it has workload"},
  {"workload,iteration_ms,sm_shar\na,1,1\n", "has no column \"sm_shar\"; did you mean \"sm_share\"?"},
  {"workload,iteration_ms,colour\na,1,1\n", "has no column \"colour\"; there are: workload, iteration_ms, startup_s, "},
  {"workload,iteration_ms,persistent_mib,persistent_bytes\na,1,1,1\n", "has both persistent_mib and persistent_bytes"},
  {"workload,iteration_ms\na,1\na,2\n", "t.csv:3: workload a is on line 2 already"},
  {"workload,iteration_ms\n,1\n", "t.csv:2: workload is empty"},
  {"workload,iteration_ms\na b,1\n", "t.csv:2: workload \"a b\" is no name"},
  {"workload,iteration_ms\na,\n", "t.csv:2: iteration_ms of workload a is empty; it must be known"},
  {"workload,iteration_ms\na,0\n", "t.csv:2: iteration_ms is \"0\" where a time longer than 0 belongs"},
  {"workload,iteration_ms\na,-1\n", "t.csv:2: iteration_ms is \"-1\" where a number that is not negative belongs"},
  {"workload,iteration_ms\na,1s\n", "t.csv:2: iteration_ms is \"1s\" where"},
  {"workload,iteration_ms\na,nan\n", "t.csv:2: iteration_ms is \"nan\" where"},
  {"workload,iteration_ms\na,1e14\n", "t.csv:2: iteration_ms is \"1e14\" where a time of at most a year belongs"},
  {"workload,iteration_ms,persistent_mib\na,1,1e10\n",
   "t.csv:2: persistent_mib is \"1e10\" where a size of at most 1 PiB"},
  {"workload,iteration_ms,sm_share\na,1,1.5\n", "t.csv:2: sm_share is \"1.5\" where a share from 0 to 1 belongs"},
  {"workload,iteration_ms,persistent_mib,framework_mib\na,1,1,2\n",
   "t.csv:2: workload a: the framework's memory is a part"},
  {"workload,iteration_ms\na,1,2\n", "t.csv:2: has 3 fields where the header has 2"},
};

static void whatever_is_wrong_is_told_with_its_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    struct cr_iteration_table *t = NULL;
    struct cr_err err = {{0}};
    if (read_text(BAD[i].text, &t, &err) != CR_EINPUT || !strstr(err.text, BAD[i].say))
      fail_msg("'%s' gives '%s', which lacks '%s'", BAD[i].text, err.text, BAD[i].say);
  }
}

/* Table 2 of the paper: 45 workloads, and that each of them fits the GPU they were measured on. */
static void the_bundled_table_has_the_workloads_of_salus(void **state)
{
  (void)state;
  static const char *const MODEL[] = {"alexnet",  "googlenet", "overfeat",  "inception3", "inception4",
                                      "resnet50", "resnet101", "resnet152", "vgg11",      "vgg16",
                                      "vgg19",    "vae",       "superres",  "speech",     "seq2seq"};
  static const int64_t P100_BYTES = 16320875724;
  struct cr_iteration_table *t = NULL;
  struct cr_err err = {{0}};
  if (cr_iteration_table_read(t_data("traces/data/salus-p100.csv"), &t, &err))
    fail_msg("%s", err.text);
  assert_int_equal(cr_iteration_table_count(t), 45);
  uint32_t n[15] = {0};
  for (uint32_t i = 0; i < 45; i++) {
    const struct cr_iteration_row *row = cr_iteration_table_row(t, i);
    for (int m = 0; m < 15; m++)
      n[m] += strncmp(row->workload, MODEL[m], strlen(MODEL[m])) == 0 && row->workload[strlen(MODEL[m])] == '_';
    assert_true(row->persistent_bytes > 0 && row->ephemeral_bytes > 0);
    assert_true(row->persistent_bytes + row->ephemeral_bytes <= P100_BYTES);
  }
  for (int m = 0; m < 15; m++)
    assert_int_equal(n[m], 3);
  cr_iteration_table_free(t);
}

static void mutated_tables_are_refused_or_read(void **state)
{
  (void)state;
  enum { N = 2000 };
  static const char SPICE[] = "\",\n\r-0.e#x 9";
  static const char BASE[] = "workload,iteration_ms,startup_s,persistent_mib,sm_share\na,361.81,4.5,0.5,0.9\nb,1,,,1\n";
  for (uint32_t i = 0; i < N; i++) {
    char text[sizeof BASE];
    struct cr_iteration_table *t = NULL;
    struct cr_err err = {{0}};
    memcpy(text, BASE, sizeof text);
    for (uint64_t k = 0; k <= cr_draw(5, CR_RNG_TEST, i, 0) % 3; k++)
      text[cr_draw(5, CR_RNG_TEST, i, 2 * k + 1) % (sizeof BASE - 1)] =
        SPICE[cr_draw(5, CR_RNG_TEST, i, 2 * k + 2) % (sizeof SPICE - 1)];
    int rc = read_text(text, &t, &err);
    if (rc && (rc != CR_EINPUT || !strstr(err.text, "t.csv")))
      fail_msg("draw %u: '%s' does not name the file", i, err.text);
    cr_iteration_table_free(t);
  }
}

static void a_failed_allocation_is_said_and_nothing_leaks(void **state)
{
  (void)state;
  char *path = strdup(t_data("traces/data/salus-p100.csv"));
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK && n < 1000; n++) {
    struct cr_iteration_table *t = NULL;
    t_fail_allocation_after(n);
    rc = cr_iteration_table_read(path, &t, NULL);
    t_allocations_succeed();
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
    cr_iteration_table_free(t);
  }
  free(path);
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_column_arrives_in_its_unit),
    cmocka_unit_test(an_empty_cell_is_not_known),
    cmocka_unit_test(a_row_becomes_a_model_of_one_op),
    cmocka_unit_test(whatever_is_wrong_is_told_with_its_line),
    cmocka_unit_test(the_bundled_table_has_the_workloads_of_salus),
    cmocka_unit_test(mutated_tables_are_refused_or_read),
    cmocka_unit_test(a_failed_allocation_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
