/* t_scenario_memory.c - memory within iterations in a scenario: what a model needs, what its jobs declare, what is told. */
#include "config.h"

#include "traces/scenario.h"

#include "sim/memory_curve.h"
#include "sim/provenance.h"
#include "tests/t.h"

static const char TABLE[] = "workload,iteration_ms,persistent_bytes,ephemeral_bytes\n"
                            "exact,100,1000,5000\n"
                            "over,100,1000,9000\n"
                            "under,100,1000,4000\n"
                            "shy,100,1000,\n"
                            "rounded,100,1000,5050\n"
                            "without,100,1000,77\n";

static const char *folder;

static int make_place(void **state)
{
  (void)state;
  static char place[300];
  snprintf(place, sizeof place, "%s", t_tmp());
  folder = place;
  t_write(t_join(folder, "table.csv"), TABLE);
  char memory[600] = "workload,at_ns,bytes\n";
  static const char *const name[] = {"exact", "over", "under", "shy", "rounded"};
  for (int i = 0; i < 5; i++) {
    size_t n = strlen(memory);
    snprintf(memory + n, sizeof memory - n, "%s,0,1000\n%s,10,5000\n%s,40,\n", name[i], name[i], name[i]);
  }
  t_write(t_join(folder, "memory.csv"), memory);
  return 0;
}

static int load(const char *model, const char *more, struct cr_scenario **out, struct cr_err *err)
{
  char text[500];
  snprintf(text, sizeof text,
           "device: p100\njobs: {models: table.csv%s}\nclients:\n  - name: job\n    model: %s\n    iterations: 3\n",
           more, model);
  const char *path = t_join(folder, "x.yaml");
  t_write(path, text);
  const struct cr_scenario_options opt = {0};
  return cr_scenario_load(path, &opt, out, err);
}

/* Needs 5000 whatever is declared; what is told is about a difference that matters. */
static void the_peak_is_the_need_and_the_table_is_declared(void **state)
{
  (void)state;
  static const struct {
    const char *model;
    int64_t needs, declares;
    const char *told; /* "": nothing */
  } cases[] = {
    {"exact", 5000, 5000, ""},
    {"over", 5000, 9000,
     "1 model of these jobs declares more within an iteration than it needs, most over (8.79 KiB for 4.88 KiB)"},
    {"under", 5000, 4000,
     "1 model of these jobs declares less within an iteration than it needs, most under (3.91 KiB for 4.88 KiB)"},
    {"shy", 5000, 5000, ""},
    {"rounded", 5000, 5050, ""},
    {"without", 77, 77, "has none of the models of these jobs"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    if (load(cases[i].model, ", memory: memory.csv", &s, &err) != CR_OK)
      fail_msg("%s", err.text);
    const struct cr_model_info *m = &s->workload->model[0];
    assert_int_equal(m->ephemeral_bytes, cases[i].needs);
    assert_int_equal(s->workload->client[0].job.ephemeral_bytes, cases[i].declares);
    assert_int_equal(m->memory != NULL, cases[i].needs == 5000);
    if (m->memory) {
      assert_int_equal(m->memory->n_step, 2);
      assert_int_equal(m->memory->mean_bytes, 4000);
    }
    if (*cases[i].told ? !strstr(s->left_out, cases[i].told) : *s->left_out)
      fail_msg("%s: %s", cases[i].model, s->left_out);
    cr_scenario_free(s);
  }
}

static void undeclared_jobs_say_nothing_and_need_their_peak(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL;
  assert_int_equal(load("over", ", memory: memory.csv, declared: no", &s, NULL), CR_OK);
  assert_int_equal(s->workload->client[0].job.ephemeral_bytes, CR_UNKNOWN);
  assert_int_equal(s->workload->model[0].ephemeral_bytes, 5000);
  cr_scenario_free(s);
}

static void without_the_key_nothing_changes(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL, *with = NULL;
  assert_int_equal(load("exact", "", &s, NULL), CR_OK);
  assert_null(s->workload->model[0].memory);
  assert_int_equal(s->workload->model[0].ephemeral_bytes, 5000);
  assert_int_equal(load("exact", ", memory: memory.csv", &with, NULL), CR_OK);
  assert_true(cr_workload_hash(s->workload) != cr_workload_hash(with->workload));
  cr_scenario_free(s);
  cr_scenario_free(with);
}

static void a_recorded_model_may_have_one(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  t_write(t_join(folder, "net.csv"), "workload,at_ns,bytes\nalexnet-bs1-fp32,0,100\nalexnet-bs1-fp32,5,\n");
  t_write(t_join(folder, "y.yaml"),
          "device: h200\njobs: {memory: net.csv}\nclients:\n  - model: alexnet-bs1-fp32\n    iterations: 3\n");
  const struct cr_scenario_options opt = {0};
  if (cr_scenario_load(t_join(folder, "y.yaml"), &opt, &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_non_null(s->workload->model[0].memory);
  assert_int_equal(s->workload->model[0].ephemeral_bytes, 100);
  cr_scenario_free(s);
}

static void a_file_that_is_missing_or_none_is_named(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(load("exact", ", memory: nonesuch.csv", &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "x.yaml:2: jobs.memory: there is no file"));
  assert_int_equal(load("exact", ", memory: table.csv", &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "x.yaml:2: "));
  assert_non_null(strstr(err.text, "at_ns"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_peak_is_the_need_and_the_table_is_declared),
    cmocka_unit_test(undeclared_jobs_say_nothing_and_need_their_peak),
    cmocka_unit_test(without_the_key_nothing_changes),
    cmocka_unit_test(a_recorded_model_may_have_one),
    cmocka_unit_test(a_file_that_is_missing_or_none_is_named),
  };
  return cmocka_run_group_tests(tests, make_place, NULL);
}
