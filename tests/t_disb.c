/* t_disb.c - workloads of DISB, REEF's artifact and GPreempt as scenarios: each dialect, each load, and what is refused. */
#include "config.h"

#include "tests/t.h"

#include "traces/disb.h"
#include "traces/scenario.h"
#include "traces/store.h"

struct path {
  char s[4096];
};

static struct path folder, store;

/* Models "vgg" of 4 ms and "bert" of 1 ms, of one kernel each. */
static int make_store(void **state)
{
  (void)state;
  struct cr_err err = {{0}};
  struct cr_store *s = NULL;
  snprintf(folder.s, sizeof folder.s, "%s", t_tmp());
  snprintf(store.s, sizeof store.s, "%s", t_join(folder.s, "s.db"));
  assert_int_equal(cr_store_edit(store.s, &s, &err), CR_OK);
  for (int i = 0; i < 2; i++) {
    struct cr_op_spec op = cr_op_unknown("k", CR_OP_KERNEL, i ? 1000000 : 4000000);
    op.gap_ns = 0;
    op.blocks = 1;
    op.threads = 64;
    op.smem_bytes = 0;
    const struct cr_model_spec model = cr_model_unknown(i ? "bert" : "vgg", &op, 1);
    const struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER, .report = ""};
    assert_int_equal(cr_store_add_model(s, &model, &recording, NULL, 0, &err), CR_OK);
  }
  assert_int_equal(cr_store_commit(s, &err), CR_OK);
  cr_store_close(s);
  return 0;
}

static int import(const char *json, struct cr_disb_options opt, struct cr_text *out, struct cr_err *err)
{
  static struct path file, output;
  snprintf(file.s, sizeof file.s, "%s", t_join(folder.s, "w.json"));
  snprintf(output.s, sizeof output.s, "%s", t_join(folder.s, "w.yaml"));
  t_write(file.s, json);
  opt.store = store.s;
  opt.output = output.s;
  opt.seed = 5;
  return cr_disb_import(file.s, &opt, out, err);
}

/* The scenario of a workload, on an MI50; *text is to be freed. */
static struct cr_scenario *load(const char *json, struct cr_disb_options opt, char **text)
{
  struct cr_text out = {0};
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  if (import(json, opt, &out, &err))
    fail_msg("%s", err.text);
  const char *file = t_join(folder.s, "w.yaml");
  t_write(file, out.s);
  const struct cr_scenario_options options = {.device = t_data("calib/devices/mi50.yaml")};
  if (cr_scenario_load(file, &options, &s, &err))
    fail_msg("%s\n%s", err.text, out.s);
  *text = out.s;
  return s;
}

#define TASK(id, load, model) "{\"id\": \"" id "\", \"load\": " load ", \"client\": {\"model_name\": \"" model "\"}}"
#define TASKS(tasks) "{\"time\": 2, \"tasks\": [" tasks "]}"
#define PERIODIC(f) "{\"type\": \"periodic\", \"priority\": 0, \"frequency\": " f "}"

static void the_artifact_catches_up_and_spreads_its_clients(void **state)
{
  (void)state;
  char *text;
  struct cr_scenario *s =
    load("{\"time\": 1, \"rt\": [{\"name\": \"vgg\", \"frequency\": 50}, {\"name\": \"bert\", \"frequency\": 50}],"
         " \"be\": [{\"name\": \"bert\", \"frequency\": 100}, {\"name\": \"bert\", \"frequency\": 100, \"trace\": [7, "
         "1.5]}]}",
         (struct cr_disb_options){0}, &text);
  const struct cr_client_spec *c = s->workload->client;
  assert_true(s->duration_ns == INT64_C(60000000000)); /* as the artifact's scripts have it */
  assert_int_equal(s->workload->n_client, 4);
  assert_string_equal(c[0].name, "rt-vgg");
  assert_int_equal(c[0].class, CR_RT);
  assert_int_equal(c[0].arrival.kind, CR_ARRIVE_UNIFORM);
  assert_int_equal(c[0].arrival.late, CR_LATE_WAIT);
  assert_int_equal(c[0].arrival.phase_ns, 0);
  assert_int_equal(c[1].arrival.phase_ns, 4000000 + (20000000 - 5000000) / 2);
  assert_string_equal(c[2].name, "be-bert");
  assert_int_equal(c[2].class, CR_BE);
  assert_int_equal(c[2].arrival.phase_ns, 0);
  assert_string_equal(c[3].name, "be-bert-2");
  assert_int_equal(c[3].arrival.kind, CR_ARRIVE_TRACE);
  assert_int_equal(c[3].arrival.at_ns[0], 1500000); /* put in order */
  assert_int_equal(c[3].arrival.at_ns[1], 7000000);
  assert_non_null(strstr(text, "# Traces that were not in order, and are put in order here as DISB does: 1."));
  assert_non_null(strstr(text, "traces: [\"s.db\"]"));
  t_free(text);
  cr_scenario_free(s);
}

static void disb_drops_stale_requests_and_delays_equal_frequencies(void **state)
{
  (void)state;
  char *text;
  struct cr_scenario *s = load(
    TASKS(TASK("a_rt", PERIODIC("100"), "vgg") "," TASK("b_rt", PERIODIC("20"), "vgg") "," TASK(
      "c_rt", PERIODIC("100"),
      "bert") "," TASK("d_rt", PERIODIC("100"),
                       "bert") "," TASK("e_be", "{\"type\": \"continuous\"}",
                                        "bert") "," TASK("f_rt", "{\"type\": \"poisson\", \"frequency\": 20}", "bert")),
    (struct cr_disb_options){0}, &text);
  const struct cr_client_spec *c = s->workload->client;
  assert_true(s->duration_ns == INT64_C(2000000000) && s->warmup_ns == 0 && s->seed == 5);
  assert_int_equal(c[0].arrival.late, CR_LATE_DROP);
  assert_int_equal(c[1].arrival.phase_ns, 0);
  assert_int_equal(c[2].arrival.phase_ns, 4000000);
  assert_int_equal(c[3].arrival.phase_ns, 5000000);
  assert_int_equal(c[3].class, CR_RT);
  assert_int_equal(c[4].class, CR_BE);
  assert_int_equal(c[4].arrival.kind, CR_ARRIVE_CLOSED);
  assert_int_equal(c[4].arrival.depth, 1);
  assert_int_equal(c[5].arrival.kind, CR_ARRIVE_POISSON);
  assert_non_null(strstr(text, "seed: 5 # of the Poisson arrivals"));
  t_free(text);
  cr_scenario_free(s);
}

static void semantics_can_be_chosen(void **state)
{
  (void)state;
  char *text;
  struct cr_scenario *s =
    load(TASKS(TASK("a", PERIODIC("100"), "vgg") "," TASK("b", PERIODIC("100"), "x")),
         (struct cr_disb_options){.late = "queue", .phases = "none", .models = "y=vgg,x=bert"}, &text);
  assert_int_equal(s->workload->client[0].arrival.late, CR_LATE_QUEUE);
  assert_int_equal(s->workload->client[1].arrival.phase_ns, 0);
  assert_string_equal(s->workload->model[s->workload->client[1].model.i].name, "bert");
  t_free(text);
  cr_scenario_free(s);
}

static void a_dependent_load_comes_after_its_tasks(void **state)
{
  (void)state;
  char *text;
  struct cr_scenario *s =
    load(TASKS(TASK("join", "{\"type\": \"dependent\", \"prev_task_ids\": [\"a\", \"b\"]}", "bert") "," TASK(
           "a", "{\"type\": \"continuous\"}", "vgg") "," TASK("b", "{\"type\": \"trace\", \"trace\": [0, 3]}", "vgg")),
         (struct cr_disb_options){0}, &text);
  const struct cr_arrival_spec *a = &s->workload->client[0].arrival;
  assert_int_equal(a->kind, CR_ARRIVE_AFTER);
  assert_int_equal(a->late, CR_LATE_WAIT);
  assert_int_equal(a->n_after, 2);
  assert_int_equal(a->after_client[0], 1);
  assert_int_equal(a->after_client[1], 2);
  t_free(text);
  cr_scenario_free(s);
}

static void gpreempt_says_the_class_by_priority(void **state)
{
  (void)state;
  char *text;
  struct cr_scenario *s =
    load("{\"time\": 2, \"tasks\": [{\"id\": \"x\", \"load\": {\"type\": \"continuous\"}, \"client\": "
         "{\"model_name\": \"vgg\", \"priority\": 0, \"preprocess_time\": 200}}, {\"id\": \"y\", "
         "\"load\": {\"type\": \"periodic\", \"frequency\": 0.5}, \"client\": {\"model_name\": \"bert\", "
         "\"priority\": 1}}]}",
         (struct cr_disb_options){0}, &text);
  assert_int_equal(s->workload->client[0].class, CR_RT);
  assert_int_equal(s->workload->client[1].class, CR_BE);
  assert_non_null(strstr(text, "a workload of dialect GPreempt."));
  assert_non_null(strstr(text, "# preprocess_time, CPU work of clients before each request, is left out."));
  t_free(text);
  cr_scenario_free(s);
}

static const struct {
  const char *json, *say;
} BAD[] = {
  {"hello", "w.json: is not JSON"},
  {"{\"tasks\": []}", "w.json: 'time' is missing"},
  {"{\"time\": 1}", "has neither 'tasks', as DISB's workloads do, nor 'rt' and 'be'"},
  {"{\"time\": 1, \"tasks\": []}", "there are no clients in it"},
  {"{\"time\": 0, \"tasks\": []}", "time: a time in s is expected"},
  {"{\"time\": 1, \"rt\": [{\"name\": \"none\", \"frequency\": 1}]}", "rt[0].name: none: "},
  {"{\"time\": 1, \"rt\": [{\"name\": \"vgg\"}]}", "rt[0]: 'frequency' is missing"},
  {"{\"time\": 1, \"rt\": [{\"name\": \"vgg\", \"frequency\": 0}]}", "rt[0].frequency: a frequency is larger than 0"},
  {TASKS(TASK("a", PERIODIC("-1"), "vgg")), "tasks[0].load.frequency: a frequency is larger than 0"},
  {TASKS(TASK("a", PERIODIC("1e9"), "vgg")), "tasks[0].load.frequency: a frequency is larger than 0"},
  {TASKS(TASK("a", PERIODIC("1"), "vgg19")), "tasks[0].client.model_name: vgg19: "},
  {TASKS(TASK("a", PERIODIC("1"), "vgg19")), "--models vgg19=MODEL names another"},
  {TASKS(TASK("a", "{\"type\": \"bursty\"}", "vgg")),
   "tasks[0].load.type: 'bursty' is no type of load; there are: continuous"},
  {TASKS(TASK("a", "{}", "vgg")), "tasks[0].load: 'type' is missing"},
  {TASKS(TASK("a", "{\"type\": \"trace\", \"trace\": [3, -1]}", "vgg")), "tasks[0].load.trace[1]: a time in ms"},
  {TASKS(TASK("a", "{\"type\": \"trace\", \"trace\": []}", "vgg")), "tasks[0].load.trace: is empty"},
  {TASKS(TASK("a", "{\"type\": \"trace\", \"trace\": [\"1\"]}", "vgg")),
   "tasks[0].load.trace[0]: a number is expected"},
  {TASKS(TASK("a", "{\"type\": \"dependent\", \"prev_task_ids\": [\"b\"]}", "vgg")),
   "prev_task_ids[0]: there is no task 'b'"},
  {TASKS(TASK("a", "{\"type\": \"dependent\", \"prev_task_ids\": []}", "vgg")), "prev_task_ids: is empty"},
  {TASKS(TASK("a", "{\"type\": \"dependent\"}", "vgg")), "tasks[0].load: 'prev_task_ids' is missing"},
  {TASKS(TASK("a", "{\"type\": \"dependent\", \"prev_task_ids\": [\"b\"]}",
              "vgg") "," TASK("b", "{\"type\": \"dependent\", \"prev_task_ids\": [\"a\"]}", "vgg")),
   "tasks[0]: task a waits, in a circle, for itself"},
  {TASKS(TASK("a", PERIODIC("1"), "vgg") "," TASK("a", PERIODIC("1"), "vgg")), "tasks[1].id: 'a' is there twice"},
  {TASKS(TASK("a b", PERIODIC("1"), "vgg")), "tasks[0].id: 'a b' cannot be the name of a client"},
};

static void what_is_wrong_is_named_with_its_place(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    struct cr_text out = {0};
    struct cr_err err = {{0}};
    if (import(BAD[i].json, (struct cr_disb_options){0}, &out, &err) != CR_EINPUT || !strstr(err.text, BAD[i].say))
      fail_msg("row %zu: '%s' where '%s' was expected", i, err.text, BAD[i].say);
    cr_text_fini(&out);
  }
  static const struct {
    struct cr_disb_options opt;
    const char *say;
  } option[] = {{{.late = "never"}, "--late never: it is queue, wait or drop"},
                {{.phases = "full"}, "--phases full: they are none, artifact or disb"},
                {{.models = "vgg"}, "--models vgg: write NAME=MODEL,..."},
                {{.models = "vgg=,x=y"}, "--models vgg=,x=y: write NAME=MODEL,..."}};
  for (size_t i = 0; i < sizeof option / sizeof *option; i++) {
    struct cr_text out = {0};
    struct cr_err err = {{0}};
    if (import(TASKS(TASK("a", PERIODIC("1"), "vgg")), option[i].opt, &out, &err) != CR_EINPUT ||
        !strstr(err.text, option[i].say))
      fail_msg("option %zu: '%s' where '%s' was expected", i, err.text, option[i].say);
    cr_text_fini(&out);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(the_artifact_catches_up_and_spreads_its_clients),
    cmocka_unit_test(disb_drops_stale_requests_and_delays_equal_frequencies),
    cmocka_unit_test(semantics_can_be_chosen),
    cmocka_unit_test(a_dependent_load_comes_after_its_tasks),
    cmocka_unit_test(gpreempt_says_the_class_by_priority),
    cmocka_unit_test(what_is_wrong_is_named_with_its_place),
  };
  return cmocka_run_group_tests(test, make_store, NULL);
}
