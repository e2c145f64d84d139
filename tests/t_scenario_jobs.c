/* t_scenario_jobs.c - jobs in scenarios: traces with a table of workloads, clients that are jobs, and what can be
 * wrong. */
#include "config.h"

#include "traces/scenario.h"

#include "sim/text.h"
#include "tests/t.h"

/* -- a folder with a table, a trace and a scenario ----------------------------------------------------------------- */

struct place {
  char folder[300], file[300];
};

static const char TABLE[] = "workload,iteration_ms,startup_s,persistent_mib,ephemeral_mib,sm_share\n"
                            "net,100,4,100,200,0.5\n"
                            "big,250,,1000,2000,\n"
                            "huge,10,1,100000,60000,\n" /* more than any of the devices here has */
                            "shy,50,,,,\n";

static const char TRACE[] = "job_id,model_name,iterations,submit_time,duration\n"
                            "j0,net,50,0,5\n"
                            "j1,big,,29.8,60.2\n"
                            "j2,shy,7,30,\n";

static const char BASE[] = "device: p100\n"        /* 1 */
                           "jobs:\n"               /* 2 */
                           "  file: trace.csv\n"   /* 3 */
                           "  models: table.csv\n" /* 4 */
                           "  startup: 10s\n"      /* 5 */
                           "  think: 2ms\n";       /* 6 */

static const char CLIENTS[] = "device: p100\n"        /* 1 */
                              "jobs:\n"               /* 2 */
                              "  models: table.csv\n" /* 3 */
                              "clients:\n"            /* 4 */
                              "  - name: one\n"       /* 5 */
                              "    model: net\n"      /* 6 */
                              "    iterations: 30\n"  /* 7 */
                              "    submit: 15s\n"     /* 8 */
                              "    think: 1ms\n"      /* 9 */
                              "  - name: two\n"       /* 10 */
                              "    model: big\n"      /* 11 */
                              "    iterations: 8\n"   /* 12 */
                              "    copies: 2\n";      /* 13 */

static void write_file(const struct place *p, const char *name, const char *text)
{
  t_write(t_join(p->folder, name), text);
}

static int make_place(void **state)
{
  static struct place place;
  snprintf(place.folder, sizeof place.folder, "%s", t_tmp());
  snprintf(place.file, sizeof place.file, "%s", t_join(place.folder, "x.yaml"));
  *state = &place;
  return 0;
}

static int load_text(const struct place *p, const char *text, const char *set0, const char *set1,
                     struct cr_scenario **out, struct cr_err *err)
{
  const char *set[] = {set0, set1};
  const struct cr_scenario_options opt = {.set = set, .n_set = !set0 ? 0 : set1 ? 2 : 1};
  write_file(p, "table.csv", TABLE);
  write_file(p, "x.yaml", text);
  return cr_scenario_load(p->file, &opt, out, err);
}

static struct cr_scenario *load(const struct place *p, const char *text, const char *set0, const char *set1)
{
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  if (load_text(p, text, set0, set1, &s, &err))
    fail_msg("%s", err.text);
  return s;
}

static const int64_t MIB = 1048576;

/* -- a trace ------------------------------------------------------------------------------------------------------- */

static void every_job_of_a_trace_becomes_a_client_in_order_of_submission(void **state)
{
  const struct place *p = *state;
  write_file(p, "trace.csv", TRACE);
  struct cr_scenario *s = load(p, BASE, NULL, NULL);
  const struct cr_workload *w = s->workload;
  assert_int_equal(w->n_client, 3);
  assert_int_equal(w->n_model, 3);
  assert_string_equal(s->left_out, "");
  assert_true(s->duration_ns == CR_NS_NEVER);
  assert_true(s->warmup_ns == 0); /* every job counts */
  const struct cr_client_spec *j0 = &w->client[0], *j1 = &w->client[1], *j2 = &w->client[2];
  assert_string_equal(j0->name, "j0");
  assert_string_equal(w->model[j0->model.i].name, "net");
  assert_int_equal(j0->arrival.kind, CR_ARRIVE_AT);
  assert_true(j1->arrival.phase_ns == INT64_C(29800000000));
  assert_int_equal(j0->job.iterations, 50);
  assert_int_equal(j1->job.iterations, 241); /* 60.2 s of 250 ms, to the nearest */
  assert_int_equal(j2->job.iterations, 7);
  assert_true(j0->job.startup_ns == INT64_C(4000000000)); /* of the table; else the scenario's */
  assert_true(j1->job.startup_ns == INT64_C(10000000000));
  assert_true(j0->job.think_ns == 2000000);
  assert_true(j0->job.declared_ns == INT64_C(5000000000));
  assert_true(j1->job.declared_ns == INT64_C(60200000000));
  assert_true(j2->job.declared_ns == CR_NS_NEVER);
  assert_true(j0->job.persistent_bytes == 100 * MIB && j0->job.ephemeral_bytes == 200 * MIB);
  assert_true(j2->job.persistent_bytes == CR_UNKNOWN && j2->job.ephemeral_bytes == CR_UNKNOWN);
  assert_true(w->model[j0->model.i].persistent_bytes == 100 * MIB);
  assert_int_equal(w->op[w->model[j0->model.i].op0].kind, CR_OP_ITERATION);
  cr_scenario_free(s);
}

static void jobs_that_declare_nothing_still_need_their_memory(void **state)
{
  const struct place *p = *state;
  write_file(p, "trace.csv", TRACE);
  struct cr_scenario *s = load(p, BASE, "jobs.declared=no", NULL);
  const struct cr_client_spec *j0 = &s->workload->client[0];
  assert_true(j0->job.declared_ns == CR_NS_NEVER);
  assert_true(j0->job.persistent_bytes == CR_UNKNOWN && j0->job.ephemeral_bytes == CR_UNKNOWN);
  assert_true(s->workload->model[j0->model.i].persistent_bytes == 100 * MIB);
  cr_scenario_free(s);
}

static void jobs_may_be_named_as_a_file_alone_and_have_recorded_models(void **state)
{
  const struct place *p = *state;
  write_file(p, "trace.csv", "job_id,model_name,iterations,submit_time\na,resnet50-bs1-fp32,3,1\n");
  struct cr_scenario *s = load(p, "jobs: trace.csv\n", NULL, NULL);
  const struct cr_workload *w = s->workload;
  assert_int_equal(w->n_client, 1);
  assert_int_equal(w->client[0].job.iterations, 3);
  assert_true(w->model[0].n_op > 10);
  assert_string_equal(s->machine->device->name, "h200");
  cr_scenario_free(s);
}

static void a_run_may_have_an_end_and_clients_beside_its_jobs(void **state)
{
  const struct place *p = *state;
  char text[1000];
  write_file(p, "trace.csv", TRACE);
  snprintf(text, sizeof text, "%sduration: 20s\nwarmup: 1s\nclients:\n  - {name: forever, model: shy}\n", BASE);
  struct cr_scenario *s = load(p, text, NULL, NULL);
  assert_int_equal(s->workload->n_client, 4);
  assert_string_equal(s->workload->client[0].name, "forever");
  assert_int_equal(s->workload->client[0].job.iterations, 0);
  assert_true(s->duration_ns == INT64_C(20000000000) && s->warmup_ns == 1000000000);
  cr_scenario_free(s);
}

static void jobs_without_models_draw_them_from_the_mix(void **state)
{
  const struct place *p = *state;
  struct cr_text trace = {0};
  cr_text_add(&trace, "job_id,model_name,iterations,submit_time\n");
  for (int i = 0; i < 400; i++)
    cr_text_add(&trace, "j%d,,10,%d\n", i, i);
  write_file(p, "trace.csv", trace.s);
  cr_text_fini(&trace);
  struct cr_scenario *s = load(p, BASE, "jobs.mix=[net=3, shy]", NULL);
  uint32_t n_net = 0;
  assert_int_equal(s->workload->n_client, 400);
  for (uint32_t i = 0; i < 400; i++)
    n_net += strcmp(s->workload->model[s->workload->client[i].model.i].name, "net") == 0;
  assert_near(n_net, 300, 5 * 8.66); /* five standard deviations */
  struct cr_scenario *again = load(p, BASE, "jobs.mix=[net=3, shy]", NULL);
  struct cr_scenario *other = load(p, BASE, "jobs.mix=[net=3, shy]", "seed=2");
  uint32_t n_same = 0, n_other = 0;
  for (uint32_t i = 0; i < 400; i++) {
    n_same += s->workload->client[i].model.i == again->workload->client[i].model.i;
    n_other += s->workload->client[i].model.i == other->workload->client[i].model.i;
  }
  assert_int_equal(n_same, 400);
  assert_true(n_other < 400);
  cr_scenario_free(s);
  cr_scenario_free(again);
  cr_scenario_free(other);
}

static void many_jobs_are_read_at_once(void **state)
{
  enum { N = 100000 }; /* many more than `clients` may list */
  const struct place *p = *state;
  struct cr_text trace = {0};
  cr_text_add(&trace, "job_id,model_name,iterations,submit_time,duration\n");
  for (int i = 0; i < N; i++)
    cr_text_add(&trace, "%d,%s,%d,%d.5,%d\n", i, i % 2 ? "net" : "big", i % 100 + 1, i, i % 100 + 1);
  write_file(p, "trace.csv", trace.s);
  cr_text_fini(&trace);
  struct cr_scenario *s = load(p, BASE, NULL, NULL);
  assert_int_equal(s->workload->n_client, N);
  assert_int_equal(s->workload->n_model, 2);
  cr_scenario_free(s);
}

/* -- what is wrong with a trace ------------------------------------------------------------------------------------ */

#define HEAD "job_id,model_name,iterations,submit_time,duration,num_gpu\nok,net,10,0,9,1\n"

static const struct {
  const char *row, *say, *kind;
} BAD_JOB[] = {
  {"b,nte,10,5,9,1", "trace.csv:3: job b: model_name: there is no model 'nte'; did you mean 'net'?",
   "of an unknown model"},
  {"b,resnet50-bs1,10,5,9,1", "there is no model 'resnet50-bs1'; did you mean 'resnet50-bs1-fp32'?",
   "of an unknown model"},
  {"b,,10,5,9,1", "trace.csv:3: job b: names no model; jobs.mix can give it one, such as mix: all",
   "of an unknown model"},
  {"b,huge,10,5,9,1",
   "trace.csv:3: job b: a job of huge needs 167772160000 B (104857600000 persistent, 62914560000 in an iteration), and "
   "device p100 has 16320875724; it can never run there",
   "larger than the device's memory"},
  {"b,net,10,5,0.09,1",
   "trace.csv:3: job b: its duration, 0.09 s, is shorter than one iteration of net, 0.1 s; skip_bad: yes leaves such "
   "jobs out",
   "shorter than one iteration"},
  {"b,net,10,5,9,4",
   "trace.csv:3: job b: asks for several GPUs, and one is simulated; jobs.gpus: one lets it run there",
   "that ask for several GPUs"},
  {"b,net,,5,99999999,1", "trace.csv:3: job b: 999999990 iterations of net are more than can be run: a year",
   "longer than can be run"},
  {"b,net,0,5,9,1", "trace.csv:3: job b has no iterations", "of no iterations"},
  {"ok,net,1,5,9,1", "trace.csv:3: job ok is there already", "with an id that was there before"},
  {"b,net,1,-5,9,1", "trace.csv:3: submit_time is -5", "with a negative time"},
};

static void a_bad_job_is_an_error_with_both_places_or_left_out_and_told(void **state)
{
  const struct place *p = *state;
  for (size_t i = 0; i < sizeof BAD_JOB / sizeof BAD_JOB[0]; i++) {
    char text[400], where[700];
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    snprintf(text, sizeof text, HEAD "%s\n", BAD_JOB[i].row);
    write_file(p, "trace.csv", text);
    assert_int_equal(load_text(p, BASE, NULL, NULL, &s, &err), CR_EINPUT);
    snprintf(where, sizeof where, "%s:3: %s/trace.csv:3: ", p->file, p->folder);
    if (strncmp(err.text, where, strlen(where)) != 0 || !strstr(err.text, BAD_JOB[i].say))
      fail_msg("'%s' lacks '%s' or '%s'", err.text, where, BAD_JOB[i].say);
    s = load(p, BASE, "jobs.skip_bad=yes", NULL);
    assert_int_equal(s->workload->n_client, 1);
    if (!strstr(s->left_out, "left out: 1 ") || !strstr(s->left_out, BAD_JOB[i].kind))
      fail_msg("'%s' lacks '%s'", s->left_out, BAD_JOB[i].kind);
    cr_scenario_free(s);
  }
}

static void jobs_out_of_order_are_told_how_to_sort(void **state)
{
  const struct place *p = *state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  write_file(p, "trace.csv", HEAD "b,net,10,5,9,1\nc,net,10,4,9,1\n");
  assert_int_equal(load_text(p, BASE, NULL, NULL, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "trace.csv:4: job c was submitted before job b on line 3"));
  assert_non_null(strstr(err.text, "`corun import jobs FILE --sort -o SORTED.csv` sorts them"));
}

static void a_job_of_several_gpus_may_run_on_one(void **state)
{
  const struct place *p = *state;
  write_file(p, "trace.csv", HEAD "b,net,10,5,9,8\n");
  struct cr_scenario *s = load(p, BASE, "jobs.gpus=one", NULL);
  assert_int_equal(s->workload->n_client, 2);
  cr_scenario_free(s);
}

static void a_duration_that_is_not_declared_may_be_short(void **state)
{
  const struct place *p = *state;
  write_file(p, "trace.csv", HEAD "b,net,10,5,0.09,1\nc,net,,6,0,1\n");
  struct cr_scenario *s = load(p, BASE, "jobs.declared=no", NULL);
  assert_int_equal(s->workload->n_client, 3);
  assert_int_equal(s->workload->client[2].job.iterations, 1); /* one at least */
  cr_scenario_free(s);
}

static void a_trace_of_which_nothing_is_left_is_an_error(void **state)
{
  const struct place *p = *state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  write_file(p, "trace.csv", "job_id,model_name,iterations,submit_time\na,nte,1,0\n");
  assert_int_equal(load_text(p, BASE, "jobs.skip_bad=yes", NULL, &s, &err), CR_EINPUT);
  assert_non_null(
    strstr(err.text, "x.yaml:3: jobs.file: there are no jobs in trace.csv that can be run (1 were left out)"));
}

static const struct {
  const char *set, *say;
} BAD_SET[] = {
  {"jobs.file=", "'file' is missing in jobs; add it, or clients that have iterations"},
  {"jobs.fiel=x", "unknown key 'fiel' in jobs; did you mean 'file'?"},
  {"jobs.file=nowhere.csv",
   "--set jobs.file=nowhere.csv: jobs.file: there is no file nowhere.csv, and none is bundled under "
   "that name"},
  {"jobs.file=salus-10.csv", "did you mean salus-100.csv?"},
  {"jobs.file=./nowhere.csv", "./nowhere.csv: cannot be read: No such file"},
  {"jobs.models=tabel.csv", "jobs.models: there is no file tabel.csv"},
  {"jobs.models=x.csv", "jobs.models: there is no file x.csv"},
  {"jobs.startup=5", "jobs.startup: '5' has no unit"},
  {"jobs.think=-1ms", "jobs.think: '-1ms' is negative"},
  {"jobs.declared=perhaps", "jobs.declared: 'perhaps' is neither yes nor no"},
  {"jobs.skip_bad=1", "jobs.skip_bad: '1' is neither yes nor no"},
  {"jobs.gpus=two", "jobs.gpus: 'two' is not known"},
  {"jobs.mix=nte", "jobs.mix[0]: there is no model 'nte'; did you mean 'net'?"},
  {"jobs.mix=[net, shy=x]", "jobs.mix[1]: shy: weight: 'x' is not a number"},
  {"jobs=[]", "jobs: lines such as `key: value` are expected here"},
  {"clients=[{model: net}]", "'duration' is missing; add it: clients[0] is no job and goes on for ever"},
};

static void a_bad_key_of_jobs_is_named(void **state)
{
  const struct place *p = *state;
  write_file(p, "trace.csv", TRACE);
  for (size_t i = 0; i < sizeof BAD_SET / sizeof BAD_SET[0]; i++) {
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    int rc = load_text(p, BASE, BAD_SET[i].set, NULL, &s, &err);
    if (rc != CR_EINPUT || s || !strstr(err.text, BAD_SET[i].say))
      fail_msg("%s gives %d and '%s', which lacks '%s'", BAD_SET[i].set, rc, err.text, BAD_SET[i].say);
  }
}

static void the_mix_of_all_needs_a_table(void **state)
{
  const struct place *p = *state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  write_file(p, "trace.csv", "job_id,model_name,iterations,submit_time\na,,1,0\n");
  assert_int_equal(load_text(p, BASE, "jobs.mix=all", "jobs.models=", &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "jobs.mix: 'all' means all workloads of jobs.models, which is missing"));
  s = load(p, BASE, "jobs.mix=all", "jobs.skip_bad=yes"); /* huge is one of them, and too large */
  assert_int_equal(s->workload->n_client, 1);
  cr_scenario_free(s);
}

/* -- clients that are jobs ----------------------------------------------------------------------------------------- */

static void a_client_with_iterations_is_a_job(void **state)
{
  struct cr_scenario *s = load(*state, CLIENTS, NULL, NULL);
  const struct cr_workload *w = s->workload;
  assert_int_equal(w->n_client, 3);
  const struct cr_client_spec *one = &w->client[0], *two = &w->client[2];
  assert_string_equal(two->name, "two-1");
  assert_int_equal(one->arrival.kind, CR_ARRIVE_AT);
  assert_true(one->arrival.phase_ns == INT64_C(15000000000) && two->arrival.phase_ns == 0);
  assert_int_equal(one->job.iterations, 30);
  assert_true(one->job.think_ns == 1000000 && two->job.think_ns == 0);
  assert_true(one->job.startup_ns == INT64_C(4000000000) && two->job.startup_ns == 0);
  assert_true(one->job.declared_ns == INT64_C(3000000000)); /* 30 of 100 ms */
  assert_true(one->job.persistent_bytes == 100 * MIB);
  assert_true(s->duration_ns == CR_NS_NEVER && s->warmup_ns == 0);
  cr_scenario_free(s);
  s = load(*state, CLIENTS, "clients.one.declared=no", "clients.two.declared=7s");
  one = &s->workload->client[0];
  two = &s->workload->client[1];
  assert_true(one->job.declared_ns == CR_NS_NEVER && one->job.persistent_bytes == CR_UNKNOWN);
  assert_true(two->job.declared_ns == INT64_C(7000000000) && two->job.persistent_bytes == 1000 * MIB);
  cr_scenario_free(s);
  s = load(*state, CLIENTS, "clients.one.startup=1s", "jobs.startup=3s");
  assert_true(s->workload->client[0].job.startup_ns == 1000000000);
  assert_true(s->workload->client[1].job.startup_ns == INT64_C(3000000000));
  cr_scenario_free(s);
}

static const struct {
  const char *set, *say;
} BAD_CLIENT[] = {
  {"clients.one.iterations=0", "clients[0].iterations: '0' is not possible; it must be from 1 to 4294967294"},
  {"clients.one.iterations=1.5", "clients[0].iterations: '1.5' is not whole"},
  {"clients.one.iterations=9e9", "clients[0].iterations: '9e9' is not possible"},
  {"clients.one.submit=-1s", "clients[0].submit: '-1s' is negative"},
  {"clients.one.submit=5", "clients[0].submit: '5' has no unit"},
  {"clients.one.declared=maybe", "clients[0].declared: 'maybe' is neither yes, no nor a time such as 30s"},
  {"clients.one.declared=99ms", "clients[0].declared: '99ms' is shorter than one iteration of net, 100000000 ns"},
  {"clients.one.declared=5", "clients[0].declared: '5' has no unit"},
  {"clients.one.rate=5/s", "clients[0].rate: a client with iterations is a job and has no 'rate'"},
  {"clients.one.arrival=closed", "clients[0].arrival: a client with iterations is a job and has no 'arrival'"},
  {"clients.one.max_requests=5", "has no 'max_requests'"},
  {"clients.one.deadline=5s", "has no 'deadline'"},
  {"clients.one.iterations=", "clients[0] is no job and goes on for ever"},
  {"clients.one.model=huge", "clients[0].model: a job of huge needs 167772160000 B"},
  {"clients.one.model=nte", "clients[0].model: there is no model 'nte'; did you mean 'net'?"},
  {"duration=10s", "clients[0].submit: '15s' is not before the end of the run"},
};

static void a_bad_key_of_a_job_is_named(void **state)
{
  for (size_t i = 0; i < sizeof BAD_CLIENT / sizeof BAD_CLIENT[0]; i++) {
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    int rc = load_text(*state, CLIENTS, BAD_CLIENT[i].set, NULL, &s, &err);
    if (rc != CR_EINPUT || s || !strstr(err.text, BAD_CLIENT[i].say))
      fail_msg("%s gives %d and '%s', which lacks '%s'", BAD_CLIENT[i].set, rc, err.text, BAD_CLIENT[i].say);
  }
}

static void keys_of_jobs_are_refused_in_other_clients(void **state)
{
  static const char *const KEY[] = {"submit: 1s", "startup: 1s", "think: 1s", "declared: no"};
  for (size_t i = 0; i < sizeof KEY / sizeof KEY[0]; i++) {
    char text[300], say[100];
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    int n = (int)strcspn(KEY[i], ":");
    snprintf(text, sizeof text,
             "duration: 1s\njobs: {models: table.csv}\ndevice: p100\nclients:\n  - {model: net, %s}\n", KEY[i]);
    snprintf(say, sizeof say, "x.yaml:5: clients[0].%.*s: only a job has '%.*s'; a client is one that has iterations",
             n, KEY[i], n, KEY[i]);
    assert_int_equal(load_text(*state, text, NULL, NULL, &s, &err), CR_EINPUT);
    if (!strstr(err.text, say))
      fail_msg("'%s' lacks '%s'", err.text, say);
  }
}

/* -- a device without constants ------------------------------------------------------------------------------------ */

static void kernels_need_a_calibrated_device(void **state)
{
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(
    load_text(*state, "duration: 1s\ndevice: p100\nclients:\n  - model: alexnet-bs1-fp32\n", NULL, NULL, &s, &err),
    CR_EINPUT);
  assert_non_null(strstr(err.text,
                         "x.yaml:4: clients[0].model: model alexnet-bs1-fp32 is a trace of kernels, and device p100 "
                         "has no measured constants to run them with; use a calibrated device such as h200"));
}

/* -- bundled scenarios --------------------------------------------------------------------------------------------- */

static const struct cr_client_spec *client_named(const struct cr_workload *w, const char *name)
{
  for (uint32_t i = 0; i < w->n_client; i++)
    if (strcmp(w->client[i].name, name) == 0)
      return &w->client[i];
  fail_msg("there is no client %s", name);
  return NULL;
}

static struct cr_scenario *load_bundled(const char *name)
{
  const struct cr_scenario_options opt = {0};
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  if (cr_scenario_load(name, &opt, &s, &err))
    fail_msg("%s: %s", name, err.text);
  return s;
}

/* Figures of the paper (Table 1, Figs. 8a, 9, 10, 11, 13). */
static void the_scenarios_of_salus_are_what_the_paper_says(void **state)
{
  (void)state;
  struct cr_scenario *s = load_bundled("salus-table1");
  assert_int_equal(s->workload->n_client, 100);
  assert_string_equal(s->machine->device->name, "p100");
  assert_true(s->machine->device->mem_bytes == INT64_C(16320875724));
  assert_int_equal(s->n_policy, 4);
  double work_s = 0;
  for (uint32_t i = 0; i < 100; i++) {
    const struct cr_client_spec *c = &s->workload->client[i];
    work_s +=
      (double)c->job.startup_ns / 1e9 + (double)s->workload->model[c->model.i].duration_ns / 1e9 * c->job.iterations;
  }
  assert_near(work_s, 303.4 * 60, 0.01 * 303.4 * 60); /* the makespan of FIFO, which never idles */
  assert_true(client_named(s->workload, "34")->arrival.phase_ns == INT64_C(1014100000000));
  cr_scenario_free(s);
  s = load_bundled("salus-fair");
  assert_int_equal(s->workload->n_client, 3);
  assert_int_equal(client_named(s->workload, "third")->job.iterations, 35);
  assert_true(client_named(s->workload, "third")->arrival.phase_ns == INT64_C(30000000000));
  cr_scenario_free(s);
  s = load_bundled("salus-inference");
  assert_int_equal(s->workload->n_client, 42);
  assert_int_equal(s->workload->n_model, 14);
  assert_int_equal(client_named(s->workload, "vgg19-30s")->job.iterations, 500);
  assert_near((double)client_named(s->workload, "vgg19-30s")->job.think_ns / 1e9, 31, 1);
  cr_scenario_free(s);
  s = load_bundled("salus-hyperparam");
  assert_int_equal(s->workload->n_client, 300);
  assert_int_equal(s->workload->client[299].job.iterations, 500);
  cr_scenario_free(s);
  s = load_bundled("salus-two-alexnets");
  assert_int_equal(s->workload->n_client, 2);
  assert_int_equal(s->workload->client[1].job.iterations, 2307);
  cr_scenario_free(s);
  s = load_bundled("h200-jobs");
  assert_int_equal(s->workload->n_client, 100);
  assert_string_equal(s->machine->device->name, "h200");
  cr_scenario_free(s);
}

static void a_failed_allocation_is_said_and_nothing_leaks(void **state)
{
  const struct place *p = *state;
  int rc = CR_ENOMEM;
  write_file(p, "table.csv", TABLE);
  write_file(p, "trace.csv", HEAD "b,nte,10,5,9,1\nc,,1,6,1,1\n");
  write_file(p, "x.yaml", BASE);
  for (uint64_t n = 0; rc != CR_OK && n < 100000; n += 1 + n / 20) {
    struct cr_scenario *s = NULL;
    const char *set[] = {"jobs.mix=all", "jobs.skip_bad=yes"};
    const struct cr_scenario_options opt = {.set = set, .n_set = 2};
    struct cr_err err = {{0}};
    t_fail_allocation_after(n);
    rc = cr_scenario_load(p->file, &opt, &s, &err);
    t_allocations_succeed();
    if (rc != CR_OK && rc != CR_ENOMEM)
      fail_msg("allocation %u: %s", (unsigned)n, err.text);
    cr_scenario_free(s);
  }
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_job_of_a_trace_becomes_a_client_in_order_of_submission),
    cmocka_unit_test(jobs_that_declare_nothing_still_need_their_memory),
    cmocka_unit_test(jobs_may_be_named_as_a_file_alone_and_have_recorded_models),
    cmocka_unit_test(a_run_may_have_an_end_and_clients_beside_its_jobs),
    cmocka_unit_test(jobs_without_models_draw_them_from_the_mix),
    cmocka_unit_test(many_jobs_are_read_at_once),
    cmocka_unit_test(a_bad_job_is_an_error_with_both_places_or_left_out_and_told),
    cmocka_unit_test(jobs_out_of_order_are_told_how_to_sort),
    cmocka_unit_test(a_job_of_several_gpus_may_run_on_one),
    cmocka_unit_test(a_duration_that_is_not_declared_may_be_short),
    cmocka_unit_test(a_trace_of_which_nothing_is_left_is_an_error),
    cmocka_unit_test(a_bad_key_of_jobs_is_named),
    cmocka_unit_test(the_mix_of_all_needs_a_table),
    cmocka_unit_test(a_client_with_iterations_is_a_job),
    cmocka_unit_test(a_bad_key_of_a_job_is_named),
    cmocka_unit_test(keys_of_jobs_are_refused_in_other_clients),
    cmocka_unit_test(kernels_need_a_calibrated_device),
    cmocka_unit_test(the_scenarios_of_salus_are_what_the_paper_says),
    cmocka_unit_test(a_failed_allocation_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, make_place, NULL);
}
