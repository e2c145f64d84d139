/* t_scenario.c - scenario files: the bundled ones, every key, every --set, and a sentence for whatever is wrong. */
#include "config.h"

#include "traces/scenario.h"

#include "sim/rng.h"
#include "tests/t.h"
#include "traces/datadir.h"
#include "traces/store.h"

#include <stdlib.h>

/* -- a store of two small models, and scenarios in a folder of their own ------------------------------------------- */

struct place {
  char store[300], file[300];
};

static struct cr_op_spec kernel(uint32_t threads, uint32_t regs)
{
  struct cr_op_spec op = cr_op_unknown("some_kernel", CR_OP_KERNEL, 1000);
  op.blocks = 10;
  op.threads = threads;
  op.regs = regs;
  op.smem_bytes = 0;
  return op;
}

static void add_model(struct cr_store *s, const char *name, uint32_t threads, uint32_t regs)
{
  const struct cr_op_spec op[] = {kernel(128, 32), kernel(threads, regs)};
  const struct cr_model_spec model = cr_model_unknown(name, op, 2);
  const struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER, .report = ""};
  const struct cr_origin origin = {.file = "by hand", .tool = "test"};
  struct cr_err err = {{0}};
  if (cr_store_add_model(s, &model, &recording, &origin, 0, &err))
    fail_msg("%s", err.text);
}

static int make_place(void **state)
{
  static struct place place;
  struct cr_store *s;
  const char *folder = t_tmp();
  snprintf(place.store, sizeof place.store, "%s", t_join(folder, "small.db"));
  snprintf(place.file, sizeof place.file, "%s", t_join(folder, "x.yaml"));
  assert_int_equal(cr_store_edit(place.store, &s, NULL), CR_OK);
  add_model(s, "small", 256, 40);
  add_model(s, "other-bs1-fp32", 64, 16);
  add_model(s, "giant", 1024, 200);
  assert_int_equal(cr_store_commit(s, NULL), CR_OK);
  cr_store_close(s);
  *state = &place;
  return 0;
}

static const char BASE[] = "about: for tests\n"          /* 1 */
                           "duration: 2s\n"              /* 2 */
                           "traces: [small.db]\n"        /* 3 */
                           "clients:\n"                  /* 4 */
                           "  - name: rt\n"              /* 5 */
                           "    model: small\n"          /* 6 */
                           "    class: rt\n"             /* 7 */
                           "    priority: -3\n"          /* 8 */
                           "    arrival: uniform\n"      /* 9 */
                           "    rate: 100/s\n"           /* 10 */
                           "    phase: 1ms\n"            /* 11 */
                           "    deadline: 10ms\n"        /* 12 */
                           "  - name: be\n"              /* 13 */
                           "    model: other-bs1-fp32\n" /* 14 */
                           "    depth: 2\n";             /* 15 */

/* Loads the text, changed as set says (up to two, NULL: none). */
static int load_text(const struct place *p, const char *text, const char *set0, const char *set1,
                     struct cr_scenario **out, struct cr_err *err)
{
  const char *set[] = {set0, set1};
  const struct cr_scenario_options opt = {.set = set, .n_set = !set0 ? 0 : set1 ? 2 : 1};
  t_write(p->file, text);
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

/* -- what is read -------------------------------------------------------------------------------------------------- */

static void every_key_arrives(void **state)
{
  struct cr_scenario *s = load(*state, BASE, NULL, NULL);
  const struct cr_client_spec *rt = &s->workload->client[0], *be = &s->workload->client[1];
  assert_string_equal(s->name, "x");
  assert_string_equal(s->about, "for tests");
  assert_true(s->duration_ns == 2000000000);
  assert_true(s->warmup_ns == 100000000);
  assert_int_equal(s->seed, 1);
  assert_int_equal(s->n_policy, 0);
  assert_null(s->model_set);
  assert_string_equal(s->machine->device->name, "h200");
  assert_int_equal(s->workload->n_client, 2);
  assert_int_equal(s->workload->n_model, 2);
  assert_string_equal(rt->name, "rt");
  assert_string_equal(s->workload->model[rt->model.i].name, "small");
  assert_int_equal(rt->class, CR_RT);
  assert_int_equal(rt->priority, -3);
  assert_int_equal(rt->weight, 1);
  assert_true(rt->deadline_ns == 10000000);
  assert_true(rt->max_requests == CR_NONE);
  assert_int_equal(rt->arrival.kind, CR_ARRIVE_UNIFORM);
  assert_near(rt->arrival.rate_per_s, 100, 0);
  assert_true(rt->arrival.phase_ns == 1000000);
  assert_int_equal(be->class, CR_BE);
  assert_int_equal(be->priority, 0);
  assert_true(be->deadline_ns == CR_NS_NEVER);
  assert_int_equal(be->arrival.kind, CR_ARRIVE_CLOSED);
  assert_int_equal(be->arrival.depth, 2);
  cr_scenario_free(s);
}

static void the_shortest_scenario_has_sensible_defaults(void **state)
{
  struct cr_scenario *s = load(*state, "duration: 50ms\ntraces: small.db\nclients:\n  - model: small\n", NULL, NULL);
  assert_true(s->warmup_ns == 5000000); /* a tenth, where that is less than 100 ms */
  assert_string_equal(s->about, "");
  assert_string_equal(s->workload->client[0].name, "small");
  assert_int_equal(s->workload->client[0].arrival.kind, CR_ARRIVE_CLOSED);
  assert_int_equal(s->workload->client[0].arrival.depth, 1);
  cr_scenario_free(s);
}

static void models_that_no_client_has_are_not_loaded_and_shared_ones_once(void **state)
{
  struct cr_scenario *s = load(*state, BASE, "clients.be.model=small", NULL);
  assert_int_equal(s->workload->n_model, 1);
  assert_int_equal(s->workload->client[0].model.i, s->workload->client[1].model.i);
  cr_scenario_free(s);
}

static void copies_are_numbered_from_0(void **state)
{
  struct cr_scenario *s = load(*state, BASE, "clients.be.copies=3", NULL);
  assert_int_equal(s->workload->n_client, 4);
  assert_string_equal(s->workload->client[1].name, "be-0");
  assert_string_equal(s->workload->client[3].name, "be-2");
  cr_scenario_free(s);
}

static void times_come_from_a_list_lines_or_a_table(void **state)
{
  static const char *const SET[] = {"clients.be={name: be, model: small, arrival: trace, times: [0, 1.5ms, 2s]}",
                                    "clients.be={name: be, model: small, arrival: trace, file: lines.txt}",
                                    "clients.be={name: be, model: small, arrival: trace, file: table.csv}"};
  char path[300];
  const struct place *p = *state;
  snprintf(path, sizeof path, "%.*slines.txt", (int)(strlen(p->file) - strlen("x.yaml")), p->file);
  t_write(path, "# a comment\r\n0\r\n\r\n1.5ms\r\n2s");
  snprintf(path, sizeof path, "%.*stable.csv", (int)(strlen(p->file) - strlen("x.yaml")), p->file);
  t_write(path, "client,arrival_s\n0,0.000000\n0,0.0015\n0,2\n");
  for (int i = 0; i < 3; i++) {
    struct cr_scenario *s = load(p, BASE, SET[i], NULL);
    const struct cr_arrival_spec *a = &s->workload->client[1].arrival;
    assert_int_equal(a->kind, CR_ARRIVE_TRACE);
    assert_int_equal(a->n_at, 3);
    assert_true(a->at_ns[0] == 0 && a->at_ns[1] == 1500000 && a->at_ns[2] == 2000000000);
    cr_scenario_free(s);
  }
}

static void traces_are_merged_in_order_and_scaled(void **state)
{
  char path[300];
  const struct place *p = *state;
  snprintf(path, sizeof path, "%.*sa.txt", (int)(strlen(p->file) - strlen("x.yaml")), p->file);
  t_write(path, "1ms\n4ms\n");
  snprintf(path, sizeof path, "%.*sb.txt", (int)(strlen(p->file) - strlen("x.yaml")), p->file);
  t_write(path, "arrival_s\n0\n0.004\n0.009\n");
  struct cr_scenario *s =
    load(p, BASE, "clients.be={name: be, model: small, arrival: trace, times: [2ms], merge: [a.txt, b.txt], scale: 0.5}", NULL);
  const struct cr_arrival_spec *a = &s->workload->client[1].arrival;
  static const cr_ns want_ns[] = {0, 500000, 1000000, 2000000, 2000000, 4500000};
  assert_int_equal(a->n_at, 6);
  for (int i = 0; i < 6; i++)
    assert_int_equal(a->at_ns[i], want_ns[i]);
  cr_scenario_free(s);
  s = load(p, BASE, "clients.be={name: be, model: small, arrival: trace, file: b.txt, scale: 150%}", NULL);
  a = &s->workload->client[1].arrival;
  assert_true(a->n_at == 3 && a->at_ns[0] == 0 && a->at_ns[1] == 6000000 && a->at_ns[2] == 13500000);
  cr_scenario_free(s);
}

static void policies_and_switches_are_passed_on(void **state)
{
  char text[1000];
  snprintf(text, sizeof text, "%spolicies: [streams, \"exclusive,order=fifo\"]\nmodel:\n  cold: off\n  load: 0.25\n",
           BASE);
  struct cr_scenario *s = load(*state, text, NULL, NULL);
  assert_int_equal(s->n_policy, 2);
  assert_string_equal(s->policy[1], "exclusive,order=fifo");
  assert_string_equal(s->model_set, "cold=off,load=0.25");
  cr_scenario_free(s);
  s = load(*state, text, "policies=priority", "model.cold=on");
  assert_int_equal(s->n_policy, 1);
  assert_string_equal(s->policy[0], "priority");
  assert_string_equal(s->model_set, "cold=on,load=0.25");
  cr_scenario_free(s);
}

static void a_device_is_a_name_a_file_or_one_with_changes(void **state)
{
  const struct place *p = *state;
  char text[1000], file[400];
  snprintf(text, sizeof text, "%sdevice: h200\n", BASE);
  struct cr_scenario *s = load(p, text, "device.sms=66", "device.constants.cold=0us");
  assert_int_equal(s->machine->device->sms, 66);
  assert_near(s->machine->device->constant[CR_GPU_COLD], 0, 0);
  cr_scenario_free(s);
  snprintf(text, sizeof text, "%sdevice:\n  name: h200\n  sms: 7\n  constants:\n    cold: 2us\n", BASE);
  s = load(p, text, NULL, NULL);
  assert_int_equal(s->machine->device->sms, 7);
  assert_near(s->machine->device->constant[CR_GPU_COLD], 2, 0);
  cr_scenario_free(s);
  s = load(p, BASE, "device.carveouts=[8KiB, 228KiB]", "device.mem=40GiB");
  assert_true(s->machine->device->n_carveout == 2 && s->machine->device->carveout_bytes[1] == 228 * 1024);
  cr_scenario_free(s);
  char *device = t_read(t_data("calib/devices/h200.yaml"), NULL); /* a file is looked for beside the scenario */
  snprintf(file, sizeof file, "%.*smine.yaml", (int)(strlen(p->file) - strlen("x.yaml")), p->file);
  t_write(file, device);
  t_free(device);
  snprintf(text, sizeof text, "%sdevice: ./mine.yaml\n", BASE);
  s = load(p, text, NULL, NULL);
  assert_int_equal(s->machine->device->sms, 132);
  cr_scenario_free(s);
  const struct cr_scenario_options opt = {.device = file}; /* -d: from where we are */
  t_write(p->file, BASE);
  assert_int_equal(cr_scenario_load(p->file, &opt, &s, NULL), CR_OK);
  cr_scenario_free(s);
}

static void stores_of_the_command_line_come_first(void **state)
{
  const struct place *p = *state;
  const char *store = p->store;
  struct cr_scenario *s;
  const struct cr_scenario_options opt = {.store = &store, .n_store = 1};
  t_write(p->file, "duration: 1s\nclients:\n  - model: small\n");
  assert_int_equal(cr_scenario_load(p->file, &opt, &s, NULL), CR_OK);
  assert_int_equal(s->workload->n_op, 2);
  cr_scenario_free(s);
}

/* -- --set on each kind of key ------------------------------------------------------------------------------------- */

static void set_reaches_every_kind_of_key(void **state)
{
  struct cr_scenario *s = load(*state, BASE, "duration=1s", "warmup=0");
  assert_true(s->duration_ns == 1000000000 && s->warmup_ns == 0);
  cr_scenario_free(s);
  char traces[400]; /* from where we are, not beside the file */
  snprintf(traces, sizeof traces, "traces=%s", ((const struct place *)*state)->store);
  s = load(*state, BASE, "seed=77", traces);
  assert_int_equal(s->seed, 77);
  cr_scenario_free(s);
  s = load(*state, BASE, "clients[0].rate=", "clients[0].period=60ms");
  assert_true(s->workload->client[0].arrival.period_ns == 60000000 && s->workload->client[0].bound_ns == 0);
  assert_near(s->workload->client[0].arrival.rate_per_s, 1e9 / 6e7, 1e-9);
  cr_scenario_free(s);
  s = load(*state, BASE, "clients.rt.rate=5/min", "clients[0].bound=35.216ms");
  assert_true(s->workload->client[0].bound_ns == 35216000);
  cr_scenario_free(s);
  s = load(*state, BASE, "clients.rt.rate=5/min", "clients[1].max_requests=9");
  assert_near(s->workload->client[0].arrival.rate_per_s, 5.0 / 60, 1e-15);
  assert_int_equal(s->workload->client[1].max_requests, 9);
  assert_int_equal(s->workload->client[1].thread, 0);
  assert_int_equal(s->workload->client[1].sync, CR_UNSAID);
  cr_scenario_free(s);
  s = load(*state, BASE, "clients.rt.thread=2", "clients[1].sync=no");
  assert_int_equal(s->workload->client[0].thread, 2);
  assert_int_equal(s->workload->client[1].sync, CR_NO);
  cr_scenario_free(s);
  s = load(*state, BASE, "clients[2].name=third", "clients[2].model=small");
  assert_int_equal(s->workload->n_client, 3);
  cr_scenario_free(s);
  s = load(*state, BASE, "clients.be=", "clients.rt.weight=3");
  assert_int_equal(s->workload->n_client, 1);
  assert_int_equal(s->workload->client[0].weight, 3);
  cr_scenario_free(s);
}

static void the_text_kept_is_the_file_after_every_set_and_loads_the_same(void **state)
{
  struct cr_scenario *s = load(*state, BASE, "clients.rt.rate=7/s", "device.sms=66");
  assert_non_null(strstr(s->text, "rate: 7/s"));
  char *text = strdup(s->text);
  struct cr_scenario *again = load(*state, text, NULL, NULL);
  assert_string_equal(again->text, text);
  assert_int_equal(again->machine->device->sms, 66);
  assert_near(again->workload->client[0].arrival.rate_per_s, 7, 0);
  free(text);
  cr_scenario_free(again);
  cr_scenario_free(s);
}

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

/* One line of BASE replaced (0: one added at the end); the sentence must begin with that line and hold `say`. */
static const struct {
  int line;
  const char *text, *say;
} BAD[] = {
  {2, "duraton: 2s", "unknown key 'duraton'; did you mean 'duration'?"},
  {2, "duration: 2", "duration: '2' has no unit; write a time such as 50us"},
  {2, "duration: 2 lightyears", "duration: '2 lightyears' has the unknown unit 'lightyears'"},
  {2, "duration: 0s", "duration: '0s' must be longer than 0"},
  {2, "duration: -2s", "duration: '-2s' is negative"},
  {2, "duration: 1e9h", "duration: '1e9h' is too large"},
  {2, "duration: 9000h", "duration: '9000h' is longer than a year; is the unit right?"},
  {2, "duration: soon", "duration: 'soon' is not a time"},
  {2, "duration: [2s]", "duration: a single value is expected here"},
  {2, "duration:", "duration: is empty"},
  {3, "traces: [nowhere.db]", "nowhere.db"},
  {3, "traces: [x.yaml]", "x.yaml"},
  {3, "traces: []", "traces: the list is empty"},
  {3, "traces: {a: b}", "traces: a list is expected here"},
  {5, "  - nmae: rt", "unknown key 'nmae' in clients[0]; did you mean 'name'?"},
  {13, "  - name: rt", "client rt: there is one of this name already"},
  {5, "  - name: a b", "'a b' has a blank"},
  {5, "  - name: \"\"", "a name has 1 to 80 characters"},
  {6, "    model: smal", "there is no model 'smal'; did you mean 'small'?"},
  {6, "    model: othr", "there is no model 'othr'; did you mean 'other-bs1-fp32'?"},
  {6, "    model: zzzzzzzz", "there is no model 'zzzzzzzz' in"},
  {6, "    model: giant",
   "model giant can never run on device h200: op 1, kernel some_kernel, is over the limit of "
   "registers a block"},
  {6, "    model: {small: 1}", "clients[0].model: a single value is expected here"},
  {7, "    class: realtime", "'realtime' is neither rt (real-time) nor be (best-effort)"},
  {8, "    priority: -6", "'-6' is not possible on device h200; it must be from -5 (goes first) to 0"},
  {8, "    priority: 1", "'1' is not possible"},
  {8, "    priority: high", "'high' is not a whole number"},
  {8, "    weight: 0", "clients[0].weight: '0' is not possible; it must be from 1 to 1000000"},
  {8, "    weight: 1.5", "'1.5' is not whole"},
  {8, "    copies: 0", "clients[0].copies: '0' is not possible; it must be from 1 to 1024"},
  {8, "    copies: 1000000", "clients[0].copies"},
  {8, "    max_requests: -1", "clients[0].max_requests: '-1' is negative"},
  {8, "    max_requests: 0", "clients[0].max_requests: '0' is not possible"},
  {8, "    thread: 0", "clients[0].thread: '0' is not possible"},
  {8, "    sync: maybe", "'maybe' is neither yes (the program waits for the device at the end of a request) nor no"},
  {8, "    model: small", "the key 'model' is here twice"},
  {9, "    arrival: unifrom", "there is no arrival 'unifrom'; did you mean 'uniform'?"},
  {10, "    rate: 100", "clients[0].rate: '100' has no unit; write a rate such as 100/s"},
  {10, "    rate: 0/s", "'0/s' is not possible; a rate is larger than 0/s and at most 1000000/s"},
  {10, "    rate: -5/s", "'-5/s' is negative"},
  {10, "    rate: 1e7/s", "'1e7/s' is not possible"},
  {10, "    rate: 1e400/s", "is"},
  {10, "    rate: nan/s", "'nan/s' is not a rate"},
  {10, "    rate: 100/day", "unknown unit '/day'"},
  {10, "    times: [1ms]", "a client of arrival uniform has no 'times'; it goes with arrival: trace"},
  {10, "    merge: [x.txt]", "a client of arrival uniform has no 'merge'; it goes with arrival: trace"},
  {15, "    scale: 0\n    arrival: trace\n    times: [1ms]", "clients[1].scale: '0' is not possible; times are scaled by 0.001 to 1000"},
  {15, "    merge: [none.txt]\n    arrival: trace\n    times: [1ms]", "none.txt"},
  {11, "    late: never",
   "'never' is none of queue, wait (one request at a time, none left out) and drop (the newest alone)"},
  {15, "    late: drop",
   "a client of arrival closed (the default) has no 'late'; it goes with arrival: uniform or poisson or trace"},
  {11, "    after: [be]", "clients[0].after: a client that comes after others has no arrival of its own"},
  {11, "    phase: 2s", "clients[0].phase: '2s' is not before the end of the run"},
  {11, "    phase: -1ms", "is negative"},
  {11, "    depth: 2", "a client of arrival uniform has no 'depth'; it goes with arrival: closed"},
  {10, "    period: 0", "clients[0].period: '0' must be longer than 0"},
  {10, "    period: 999ns", "clients[0].period: '999ns' is not possible; a period is 1 us at least"},
  {12, "    bound: 0", "clients[0].bound: '0' must be longer than 0"},
  {12, "    bound: 3", "has no unit"},
  {12, "    deadline: 0ms", "clients[0].deadline: '0ms' must be longer than 0"},
  {12, "    deadline: 1", "has no unit"},
  {15, "    depth: 0", "clients[1].depth: '0' is not possible; it must be from 1 to 1024"},
  {15, "    depth: 99999", "clients[1].depth"},
  {15, "    rate: 5/s",
   "a client of arrival closed (the default) has no 'rate'; it goes with arrival: uniform or poisson"},
  {16, "seed: -1", "seed: '-1' is negative"},
  {16, "seed: 1e30", "seed: '1e30' is too large"},
  {16, "warmup: 2s", "warmup: '2s' is not shorter than the duration, 2s"},
  {16, "warmup: 1", "warmup: '1' has no unit"},
  {16, "policies: [a, a]", "policies[1]: 'a' is listed twice"},
  {16, "policies: [\"\"]", "policies[0]: is empty"},
  {16, "policies: {a: b}", "policies: a list is expected here"},
  {16, "policies: [[a]]", "policies[0]: a single value is expected here"},
  {16, "device: h201", "device h201: there is none of that name; did you mean h200?"},
  {16, "device: []", "device: a name, a file, or lines such as"},
  {16, "device: {sms: 0}", "sms: 0 is not possible"},
  {16, "device: {smz: 3}", "unknown key 'smz'; did you mean 'sms'?"},
  {16, "device: {name: [a]}", "device.name: a single value is expected here"},
  {16, "device: {constants: {cold: 5}}", "constants.cold: '5' has no unit"},
  {16, "device: {block_smem_max: 0B}", "block_smem_max: 0 is not possible"},
  {16, "model: fast", "model: lines such as `cold: off` are expected here"},
  {16, "model: {cld: off}", "cld"},
  {16, "model: {load: [1]}", "model.load: a single value is expected here"},
  {16, "model: {load: \"1,cold=off\"}", "model.load: a single value is expected here"},
  {16, "name: [unclosed", "is not YAML"},
  {16, "sede: 1", "unknown key 'sede'; did you mean 'seed'?"},
};

/* BASE with its line (from 1) replaced, or another after it. */
static void change_line(char *out, size_t cap, int line, const char *text)
{
  size_t n = 0;
  const char *p = BASE;
  for (int at = 1; *p; at++) {
    size_t length = strcspn(p, "\n") + 1;
    n += (size_t)snprintf(out + n, cap - n, "%.*s%s", at == line ? 0 : (int)length, p, at == line ? text : "");
    if (at == line)
      n += (size_t)snprintf(out + n, cap - n, "\n");
    p += length;
  }
  if (line == 16)
    snprintf(out + n, cap - n, "%s\n", text);
}

static void whatever_is_wrong_is_named_with_file_line_and_key(void **state)
{
  const struct place *p = *state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    char text[1200], where[400];
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    change_line(text, sizeof text, BAD[i].line, BAD[i].text);
    int rc = load_text(p, text, NULL, NULL, &s, &err);
    snprintf(where, sizeof where, "%s:%d: ", p->file, BAD[i].line);
    int is_syntax = strstr(BAD[i].say, "not YAML") != NULL; /* found where the text ends */
    if (rc != CR_EINPUT || s || !strstr(err.text, BAD[i].say) ||
        (!is_syntax && strncmp(err.text, where, strlen(where)) != 0))
      fail_msg("line %d '%s' gives %d and '%s', which lacks '%s'", BAD[i].line, BAD[i].text, rc, err.text, BAD[i].say);
  }
}

static void what_is_missing_is_named(void **state)
{
  static const struct {
    const char *text, *say;
  } MISSING[] = {
    {"", "is empty"},
    {"duration: 1s\n", "'clients' is missing; add it"},
    {"clients: [{model: small}]\n", "'duration' is missing; add it"},
    {"duration: 1s\nclients: []\n", ":2: clients: the list is empty"},
    {"duration: 1s\nclients: [small]\n", ":2: clients[0]: lines such as `key: value`"},
    {"duration: 1s\nclients:\n  - model: small\n  - name: be\n", ":4: 'model' is missing in clients[1]; add it"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - model: small\n    arrival: poisson\n",
     ":4: 'rate' is missing in clients[0]; add it"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - model: small\n    arrival: trace\n",
     ":4: clients[0]: arrival trace takes"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - {model: small, arrival: trace, times: [1ms], file: a}\n",
     "give one of them"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - {model: small, arrival: trace, file: nowhere.txt}\n",
     "nowhere.txt"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - {model: small, arrival: trace, times: [2ms, 1ms]}\n",
     "clients[0].times[1]: '1ms' is before the time above it"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - {model: small, arrival: trace, times: [1s]}\n",
     "the first time is not before the end of the run"},
    {"duration: 1s\ntraces: small.db\nclients:\n  - {model: small, arrival: trace, times: []}\n", "the list is empty"},
  };
  for (size_t i = 0; i < sizeof MISSING / sizeof MISSING[0]; i++) {
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    int rc = load_text(*state, MISSING[i].text, NULL, NULL, &s, &err);
    if (rc != CR_EINPUT || s || !strstr(err.text, MISSING[i].say))
      fail_msg("'%s' gives %d and '%s', which lacks '%s'", MISSING[i].text, rc, err.text, MISSING[i].say);
  }
}

static void times_in_a_file_are_refused_with_its_line(void **state)
{
  const struct place *p = *state;
  static const struct {
    const char *text, *say;
  } BAD_FILE[] = {
    {"", "there are no times in it"},
    {"# none\n", "there are no times in it"},
    {"0\n1ms\n5\n", "bad.txt:3: '5' has no unit"},
    {"2ms\n1ms\n", "bad.txt:2: '1ms' is before the time above it"},
    {"-1ms\n", "bad.txt:1: '-1ms' is negative"},
    {"arrival_s\n0\nx\n", "bad.txt:3: arrival_s: 'xs' is not a time"},
    {"arrival_s\n0\ninf\n", "bad.txt:3: arrival_s: 'infs' is not a time"},
  };
  for (size_t i = 0; i < sizeof BAD_FILE / sizeof BAD_FILE[0]; i++) {
    char path[400];
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    snprintf(path, sizeof path, "%.*sbad.txt", (int)(strlen(p->file) - strlen("x.yaml")), p->file);
    t_write(path, BAD_FILE[i].text);
    int rc =
      load_text(p, "duration: 1s\ntraces: small.db\nclients:\n  - {model: small, arrival: trace, file: bad.txt}\n",
                NULL, NULL, &s, &err);
    if (rc != CR_EINPUT || !strstr(err.text, BAD_FILE[i].say) || !strstr(err.text, "x.yaml:4: "))
      fail_msg("'%s' gives %d and '%s', which lacks '%s'", BAD_FILE[i].text, rc, err.text, BAD_FILE[i].say);
  }
}

static void errors_in_what_set_changed_name_the_option(void **state)
{
  static const char *const SET[][2] = {
    {"duration=5", "--set duration=5: duration: '5' has no unit"},
    {"clients.rt.rate=fast", "--set clients.rt.rate=fast: clients[0].rate: 'fast' is not a rate"},
    {"clients.nobody.rate=1/s", "--set clients.nobody.rate=1/s: there is no entry named 'nobody'"},
    {"clients[0].rte=1/s", "--set clients[0].rte=1/s: unknown key 'rte' in clients[0]; did you mean 'rate'?"},
    {"clients.rt.model=smal", "--set clients.rt.model=smal: clients[0].model: there is no model 'smal'"},
    {"device=h201", "--set device=h201: device h201"},
    {"device.sms=0", "--set device.sms=0: sms=0: sms: 0 is not possible"},
    {"model.cold=perhaps", "--set model.cold=perhaps: "},
    {"duration", "--set duration: write KEY=VALUE"},
    {"duration.x=1", "--set duration.x=1: a single value has no keys"},
    {"clients=[]", "--set clients=[]: clients: the list is empty"},
    {"policies=[a, a]", "--set policies=[a, a]: policies[1]: 'a' is listed twice"},
    {"clients[2].name=third", "--set clients[2].name=third: 'model' is missing in clients[2]"},
  };
  for (size_t i = 0; i < sizeof SET / sizeof SET[0]; i++) {
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    int rc = load_text(*state, BASE, SET[i][0], NULL, &s, &err);
    if (rc != CR_EINPUT || strncmp(err.text, SET[i][1], strlen(SET[i][1])) != 0)
      fail_msg("%s gives %d and '%s', not '%s'", SET[i][0], rc, err.text, SET[i][1]);
  }
}

static void a_device_of_the_command_line_is_named_as_such(void **state)
{
  const struct place *p = *state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  const struct cr_scenario_options opt = {.device = "h2000"};
  t_write(p->file, BASE);
  assert_int_equal(cr_scenario_load(p->file, &opt, &s, &err), CR_EINPUT);
  assert_true(strncmp(err.text, "-d device=h2000: device h2000: there is none", 40) == 0);
}

static void a_scenario_that_is_not_there_is_said(void **state)
{
  (void)state;
  struct cr_scenario *s;
  struct cr_err err;
  const struct cr_scenario_options opt = {0};
  assert_int_equal(cr_scenario_load("disb-z", &opt, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "scenario disb-z: there is none of that name; did you mean disb-"));
  assert_int_equal(cr_scenario_load("./nowhere.yaml", &opt, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "./nowhere.yaml: cannot be opened"));
  assert_int_equal(cr_scenario_load("", &opt, &s, &err), CR_EINPUT);
  assert_int_equal(cr_scenario_load("./", &opt, &s, &err), CR_EINPUT);
}

/* -- bundled scenarios --------------------------------------------------------------------------------------------- */

static void load_bundled(void *ctx, const char *name)
{
  struct cr_scenario *s;
  struct cr_err err = {{0}};
  const struct cr_scenario_options opt = {0};
  ++*(int *)ctx;
  if (cr_scenario_load(name, &opt, &s, &err))
    fail_msg("%s: %s", name, err.text);
  assert_string_equal(s->name, name);
  assert_true(*s->about);
  cr_scenario_free(s);
}

static void every_bundled_scenario_loads_by_name(void **state)
{
  int n = 0;
  (void)state;
  assert_int_equal(cr_datadir_each("scenarios", ".yaml", load_bundled, &n, NULL), CR_OK);
  assert_true(n >= 7);
}

/* How many real-time and best-effort clients, at which rate: the table of the REEF paper (OSDI 2022, section 7). */
static void disb_is_what_the_paper_says(void **state)
{
  static const struct {
    const char *name;
    uint32_t n_rt, n_be;
    double rate_per_s;
    enum cr_arrival_kind kind;
  } DISB[] = {
    {"disb-a", 1, 1, 100, CR_ARRIVE_UNIFORM}, {"disb-b", 1, 1, 220, CR_ARRIVE_UNIFORM},
    {"disb-c", 1, 5, 100, CR_ARRIVE_UNIFORM}, {"disb-d", 5, 5, 20, CR_ARRIVE_UNIFORM},
    {"disb-e", 5, 5, 20, CR_ARRIVE_POISSON},
  };
  (void)state;
  for (size_t i = 0; i < sizeof DISB / sizeof DISB[0]; i++) {
    struct cr_scenario *s;
    const struct cr_scenario_options opt = {0};
    assert_int_equal(cr_scenario_load(DISB[i].name, &opt, &s, NULL), CR_OK);
    uint32_t n[2] = {0, 0};
    for (uint32_t c = 0; c < s->workload->n_client; c++) {
      const struct cr_client_spec *client = &s->workload->client[c];
      n[client->class]++;
      if (client->class == CR_RT) {
        assert_int_equal(client->arrival.kind, DISB[i].kind);
        assert_near(client->arrival.rate_per_s, DISB[i].rate_per_s, 0);
        assert_near((double)client->deadline_ns, 1e9 / DISB[i].rate_per_s, 1000);
        assert_int_equal(client->priority, -3);
      } else {
        assert_int_equal(client->arrival.kind, CR_ARRIVE_CLOSED);
        assert_int_equal(client->arrival.depth, 2);
      }
    }
    assert_int_equal(n[CR_RT], DISB[i].n_rt);
    assert_int_equal(n[CR_BE], DISB[i].n_be);
    cr_scenario_free(s);
  }
}

/* -- hostile text -------------------------------------------------------------------------------------------------- */

static void mutated_scenarios_are_refused_or_loaded(void **state)
{
  static const char SPICE[] = "[]{}:,-#&*!|>'\"%@`? \n\t~\\=0a9./\x80";
  enum { N = 1500 };
  const struct place *p = *state;
  for (uint32_t i = 0; i < N; i++) {
    char text[sizeof BASE];
    memcpy(text, BASE, sizeof text);
    for (uint64_t k = 0; k <= cr_draw(6, CR_RNG_TEST, i, 0) % 3; k++)
      text[cr_draw(6, CR_RNG_TEST, i, 2 * k + 1) % (sizeof BASE - 1)] =
        SPICE[cr_draw(6, CR_RNG_TEST, i, 2 * k + 2) % (sizeof SPICE - 1)];
    if (i % 8 == 0)
      text[cr_draw(6, CR_RNG_TEST, i, 100) % (sizeof BASE - 1)] = '\0';
    struct cr_scenario *s = NULL;
    struct cr_err err = {{0}};
    int rc = load_text(p, text, NULL, NULL, &s, &err);
    if (rc) {
      assert_int_equal(rc, CR_EINPUT);
      if (strncmp(err.text, p->file, strlen(p->file)) != 0)
        fail_msg("draw %u: '%s' does not name the file", i, err.text);
    }
    cr_scenario_free(s);
  }
}

static void a_failed_allocation_is_said_and_nothing_leaks(void **state)
{
  int rc = CR_ENOMEM;
  uint64_t n = 0;
  for (; rc != CR_OK && n < 100000; n += 1 + n / 20) {
    struct cr_scenario *s = NULL;
    const char *set = "clients.rt.rate=5/s";
    const struct cr_scenario_options opt = {.set = &set, .n_set = 1};
    const struct place *p = *state;
    t_write(p->file, BASE);
    t_fail_allocation_after(n);
    rc = cr_scenario_load(p->file, &opt, &s, NULL);
    t_allocations_succeed();
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
    cr_scenario_free(s);
  }
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_key_arrives),
    cmocka_unit_test(the_shortest_scenario_has_sensible_defaults),
    cmocka_unit_test(models_that_no_client_has_are_not_loaded_and_shared_ones_once),
    cmocka_unit_test(copies_are_numbered_from_0),
    cmocka_unit_test(times_come_from_a_list_lines_or_a_table),
    cmocka_unit_test(traces_are_merged_in_order_and_scaled),
    cmocka_unit_test(policies_and_switches_are_passed_on),
    cmocka_unit_test(a_device_is_a_name_a_file_or_one_with_changes),
    cmocka_unit_test(stores_of_the_command_line_come_first),
    cmocka_unit_test(set_reaches_every_kind_of_key),
    cmocka_unit_test(the_text_kept_is_the_file_after_every_set_and_loads_the_same),
    cmocka_unit_test(whatever_is_wrong_is_named_with_file_line_and_key),
    cmocka_unit_test(what_is_missing_is_named),
    cmocka_unit_test(times_in_a_file_are_refused_with_its_line),
    cmocka_unit_test(errors_in_what_set_changed_name_the_option),
    cmocka_unit_test(a_device_of_the_command_line_is_named_as_such),
    cmocka_unit_test(a_scenario_that_is_not_there_is_said),
    cmocka_unit_test(every_bundled_scenario_loads_by_name),
    cmocka_unit_test(disb_is_what_the_paper_says),
    cmocka_unit_test(mutated_scenarios_are_refused_or_loaded),
    cmocka_unit_test(a_failed_allocation_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, make_place, NULL);
}
