/* t_nodes.c - every policy that can run on nodes, and one that asks for nonsense, over random loads of layers. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/t.h"

enum { NODES = 3, LAYERS = 6, CLIENTS = 8, RUNS = 40 };

struct dice {
  uint32_t seed, entity;
  uint64_t n;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
  return (uint32_t)(cr_draw(d->seed, CR_RNG_TEST, d->entity, d->n++) % below);
}

struct machine {
  struct cr_device_desc node[NODES];
  struct cr_machine m;
};

static void make_machine(struct machine *m, struct dice *d)
{
  m->node[0] = node_gpu("gpu");
  m->node[1] = node_cpu("cpu", 4);
  m->node[2] = roll(d, 2) ? node_gpu("gpu2") : node_cpu("cpu2", 1);
  for (uint32_t k = 0; k < NODES; k++) {
    struct cr_node_desc *n = &m->node[k].node;
    n->notify_ns = roll(d, 2) ? roll(d, 100) : 0;
    n->cpu_preempt_ns = roll(d, 2) ? roll(d, 100) : 0;
    n->gpu_preempt_ns = roll(d, 2) ? roll(d, 1000) : 0;
  }
  m->m = (struct cr_machine){NODES, m->node};
}

/* Where gaps is not 0, some layers cannot run on some node, or not in batches of 2 or 5. */
static cr_model draw_model(struct cr_workload_builder *b, const char *name, struct dice *d, int gaps, uint32_t *n_op)
{
  static const uint32_t size[] = {2, 5};
  struct cr_layer_time time[LAYERS * 3 * NODES];
  uint32_t n_row = gaps ? 3 : 1;
  *n_op = 1 + roll(d, LAYERS);
  for (uint32_t i = 0; i < *n_op * n_row * NODES; i++) {
    time[i] = (struct cr_layer_time){.exec_ns = 1 + roll(d, 5000)};
    if (i % NODES != 1)
      time[i].hd_ns = roll(d, 500), time[i].misc_ns = roll(d, 500), time[i].dh_ns = roll(d, 500);
    int is_one = i / NODES % n_row == 0;
    const struct cr_layer_time *one = &time[i - i / NODES % n_row * NODES];
    if (gaps && i % NODES != 1 && (one->exec_ns == CR_NS_NEVER || roll(d, is_one ? 5 : 3) == 0))
      time[i].exec_ns = CR_NS_NEVER;
  }
  return node_batches(b, name, *n_op, NODES, n_row - 1, size, time);
}

/* Requests take other times than recorded, and clients join. */
static void loosen(struct cr_client_spec *spec, struct dice *d)
{
  if (roll(d, 2)) {
    spec->actual_min_ppm = 1 + roll(d, 1000000);
    spec->actual_max_ppm = spec->actual_min_ppm + roll(d, 1500000);
  }
  if (roll(d, 2))
    spec->period_ns = 1 + roll(d, 200000);
  if (roll(d, 2)) {
    spec->join_ns = 1 + roll(d, 100000);
    spec->arrival.phase_ns += spec->join_ns;
  }
}

static void draw_client(struct cr_workload_builder *b, struct dice *d, uint32_t c, int gaps, int is_loose)
{
  char name[] = {'c', (char)('0' + c), '\0'};
  struct cr_stage_spec stage[LAYERS];
  uint32_t n_op, n_stage = 0, at = 0, device = roll(d, NODES);
  cr_model m = draw_model(b, name, d, gaps, &n_op);
  enum cr_class class = roll(d, 2) ? CR_RT : CR_BE;
  uint32_t batch = !gaps || class == CR_RT ? 1 : roll(d, 2) ? 2 : 5;
  struct cr_client_spec spec =
    roll(d, 2) ? load_closed(name, m, class, batch + roll(d, 4)) : load_poisson(name, m, class, 1 + roll(d, 200000));
  spec.priority = -(int32_t)roll(d, 2);
  spec.deadline_ns = roll(d, 2) ? 1 + roll(d, 50000) : CR_NS_NEVER;
  spec.max_requests = 1 + roll(d, 60);
  spec.batch = batch;
  for (; at < n_op && !gaps; at += stage[n_stage++].n_op, device = (device + 1 + roll(d, NODES - 1)) % NODES)
    stage[n_stage] = (struct cr_stage_spec){.device = device, .n_op = 1 + roll(d, n_op - at)};
  if (roll(d, 4)) {
    spec.stage = stage;
    spec.n_stage = n_stage;
  }
  if (is_loose)
    loosen(&spec, d);
  load_add(b, spec);
}

static const struct cr_workload *draw_load(struct cr_workload_builder *b, struct dice *d, int gaps, int is_loose)
{
  uint32_t n = 1 + roll(d, CLIENTS);
  for (uint32_t c = 0; c < n; c++)
    draw_client(b, d, c, gaps, is_loose);
  return load_seal(b);
}

static void replays(const struct cr_core_cfg *cfg, const struct load_record *record)
{
  struct cr_replay_report report;
  struct cr_err err;
  assert_int_equal(
    cr_replay(cfg->workload, cfg->machine, cfg->policy, cfg->policy_options, record->note, record->n, &report, &err),
    CR_OK);
  if (!report.same)
    fail_msg("%s: recorded %s, replayed %s", cfg->policy->name, report.recorded, report.replayed);
}

/* Strict, to the end of the load, twice: all requests finish, but for those of clients that are refused, and both runs are the
 * same.  How many clients there was something to decide about. */
static uint32_t finishes_all(const struct cr_workload *w, const struct cr_machine *m, const struct cr_policy_ops *ops,
                             const char *options)
{
  uint32_t n_verdict = 0;
  struct load_record record = {0};
  struct cr_core_cfg cfg = load_cfg(w, ops);
  struct cr_result r[2];
  struct cr_err err = {""};
  cfg.policy_options = options;
  cfg.machine = m;
  cfg.backend = &cr_backend_sim;
  for (int twice = 0; twice < 2; twice++) {
    cfg.ledger = twice ? load_record(&record) : NULL;
    if (cr_core_run(&cfg, &r[twice], &err) != CR_OK)
      fail_msg("%s %s: %s", ops->name, options ? options : "", err.text);
    for (uint32_t c = 0; c < w->n_client; c++) {
      const struct cr_client_result *client = &r[twice].client[c];
      assert_int_equal(client->n_done + client->n_dropped, client->n_arrived);
      if (client->verdicts.is_refused)
        assert_int_equal(client->n_done, 0);
      else
        assert_int_equal(client->n_done, w->client[c].max_requests);
      n_verdict += cr_verdicts_any(&client->verdicts) ? 1 : 0;
    }
  }
  assert_true(r[0].ledger_hash == r[1].ledger_hash);
  assert_int_equal(r[0].end_ns, r[1].end_ns);
  replays(&cfg, &record);
  load_record_fini(&record);
  cr_result_fini(&r[0]);
  cr_result_fini(&r[1]);
  return n_verdict;
}

static void every_policy_that_can_finishes_loads_of_layers(void **state)
{
  (void)state;
  uint32_t n = 0;
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    const struct cr_policy_ops *ops = cr_policy_list[i];
    if (ops->needs & ~(uint32_t)(CR_CAP_PRIORITY | CR_CAP_NODE | CR_CAP_BATCH))
      continue;
    n++;
    for (uint32_t seed = 0; seed < RUNS; seed++) {
      struct dice d = {.seed = seed, .entity = 1};
      struct machine m;
      struct cr_workload_builder *b = cr_workload_builder_new();
      make_machine(&m, &d);
      finishes_all(draw_load(b, &d, 0, 0), &m.m, ops, NULL);
      cr_workload_builder_free(b);
    }
  }
  assert_true(n >= 5); /* exclusive, streams, priority, dart, threads */
}

static void dart_finishes_them_with_any_number_of_streams(void **state)
{
  (void)state;
  for (uint32_t seed = 0; seed < RUNS; seed++) {
    char options[32];
    struct dice d = {.seed = seed, .entity = 2};
    struct machine m;
    struct cr_workload_builder *b = cr_workload_builder_new();
    snprintf(options, sizeof options, "streams=%u", 1 + roll(&d, 16));
    make_machine(&m, &d);
    finishes_all(draw_load(b, &d, 0, 0), &m.m, cr_policy_find("dart", 4), options);
    cr_workload_builder_free(b);
  }
}

/* Requests that take longer than recorded and clients that join, under every way to run dart and what it is compared with. */
static void overruns_and_joins_lose_no_request(void **state)
{
  (void)state;
  static const char *const given[][2] = {{"dart", NULL},       {"dart", "test=paper"}, {"dart", "enforce=no"},
                                         {"dart", "admit=no"}, {"threads", NULL},      {"streams", NULL},
                                         {"priority", NULL}};
  uint32_t n_verdict[sizeof given / sizeof *given] = {0};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    for (uint32_t seed = 0; seed < RUNS; seed++) {
      struct dice d = {.seed = seed, .entity = 5};
      struct machine m;
      struct cr_workload_builder *b = cr_workload_builder_new();
      make_machine(&m, &d);
      const struct cr_policy_ops *ops = cr_policy_find(given[i][0], strlen(given[i][0]));
      n_verdict[i] += finishes_all(draw_load(b, &d, 0, 1), &m.m, ops, given[i][1]);
      cr_workload_builder_free(b);
    }
  assert_true(n_verdict[0] > 100 && n_verdict[2] > 20 && n_verdict[3] > 100);
  assert_int_equal(n_verdict[4] + n_verdict[5] + n_verdict[6], 0);
}

/* --- nonsense ------------------------------------------------------------------------------------------------------- */

static const struct cr_opt monkey_options[] = {
  {.name = "seed", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 1000000},
  {0},
};

static uint32_t monkey_roll(struct cr_policy *p, uint32_t below)
{
  struct dice *d = p->state;
  *d = (struct dice){.seed = (uint32_t)p->opt[0], .entity = 4, .n = d->n};
  return roll(d, below);
}

static void wish(struct cr_policy *p)
{
  static const enum cr_cap how[] = {CR_CAP_PARK, CR_CAP_EVICT, CR_CAP_KILL, CR_CAP_NODE};
  cr_request r = {monkey_roll(p, 12)};
  cr_stream s = {monkey_roll(p, p->view->n_stream + 2)};
  switch (monkey_roll(p, 11)) {
  case 0:
    cr_preempt(p, s, how[monkey_roll(p, 4)]);
    break;
  case 1:
    cr_share(p, s, monkey_roll(p, CR_SHARE_ALL));
    break;
  case 2:
    cr_slice(p, r, monkey_roll(p, 3), s);
    break;
  case 3:
    cr_rewind(p, r, monkey_roll(p, LAYERS));
    break;
  case 4:
    cr_expect_stage_ns(p, (cr_device){monkey_roll(p, NODES + 2)}, r, monkey_roll(p, 9));
    break;
  case 5:
    cr_stream_new(p, (cr_device){monkey_roll(p, NODES + 1)}, (int32_t)monkey_roll(p, 4) - 2);
    break;
  case 6:
    cr_expect_layer(p, (cr_device){monkey_roll(p, NODES + 2)}, monkey_roll(p, 60), monkey_roll(p, 7));
    cr_verdict(p, (cr_client){monkey_roll(p, CLIENTS + 2)}, (enum cr_verdict)monkey_roll(p, CR_N_VERDICT + 1),
               (enum cr_why)monkey_roll(p, CR_N_WHY + 1),
               (cr_client){monkey_roll(p, 3) ? CR_NONE : monkey_roll(p, CLIENTS + 2)});
    break;
  case 7:
  case 8:
    cr_batch(p, r, (cr_request){monkey_roll(p, 12)});
    break;
  case 9:
    if (monkey_roll(p, 10) == 0)
      cr_drop(p, r);
    cr_expect_batch_ns(p, (cr_device){monkey_roll(p, NODES + 2)}, r, monkey_roll(p, 9), monkey_roll(p, 5));
    break;
  default:
    cr_launch(p, r, monkey_roll(p, 3) ? monkey_roll(p, 5) : CR_ALL, s);
  }
}

static int monkey_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (uint32_t i = 0; i < 2 * NODES; i++)
    cr_stream_new(p, (cr_device){i % NODES}, -(int32_t)(i % 2));
  wish(p);
  return CR_OK;
}

/* Then something sensible, on a node where all can run, so that runs get somewhere. */
static void monkey_request(struct cr_policy *p, cr_request r)
{
  wish(p);
  if (monkey_roll(p, 3) == 0) { /* it waits for others, or leads them, until some wish launches it */
    cr_batch(p, (cr_request){monkey_roll(p, 12)}, r);
    return;
  }
  cr_launch(p, r, 1 + monkey_roll(p, 3), (cr_stream){1});
  cr_launch(p, r, CR_ALL, (cr_stream){1});
}

static void monkey_done(struct cr_policy *p, cr_request r, int complete)
{
  wish(p);
  if (!complete)
    cr_launch(p, r, CR_ALL, (cr_stream){monkey_roll(p, 2) ? 1 : 4});
}

static void monkey_room(struct cr_policy *p, cr_stream s)
{
  cr_launch(p, (cr_request){monkey_roll(p, 12)}, CR_ALL, s);
}

static const struct cr_policy_ops monkey = {
  .abi = CR_POLICY_ABI,
  .name = "monkey",
  .about = "asks nodes for nonsense",
  .needs = CR_CAP_PRIORITY | CR_CAP_NODE | CR_CAP_BATCH,
  .options = monkey_options,
  .state_bytes = sizeof(struct dice),
  .init = monkey_init,
  .on_request = monkey_request,
  .on_done = monkey_done,
  .on_room = monkey_room,
};

static void nonsense_is_refused_and_the_books_still_balance(void **state)
{
  (void)state;
  uint64_t n_refused = 0, n_done = 0, n_batch = 0;
  for (uint32_t seed = 0; seed < RUNS; seed++) {
    char options[32];
    struct dice d = {.seed = seed, .entity = 3};
    struct machine m;
    struct cr_workload_builder *b = cr_workload_builder_new();
    make_machine(&m, &d);
    struct load_record record = {0};
    struct cr_core_cfg cfg = load_cfg(draw_load(b, &d, 1, 1), &monkey);
    snprintf(options, sizeof options, "seed=%u", seed);
    cfg.policy_options = options;
    cfg.machine = &m.m;
    cfg.backend = &cr_backend_sim;
    cfg.strict = 0;
    cfg.duration_ns = 20000000;
    cfg.ledger = load_record(&record);
    struct cr_result r;
    struct cr_err err = {""};
    int rc = cr_core_run(&cfg, &r, &err);
    assert_int_equal(rc, r.outcome == CR_DONE ? CR_OK : CR_ERUN);
    assert_true(r.outcome == CR_DONE || r.outcome == CR_STALLED);
    for (uint32_t c = 0; c < r.n_client; c++) {
      assert_int_equal(r.client[c].n_arrived, r.client[c].n_done + r.client[c].n_dropped + r.client[c].n_pending);
      n_done += r.client[c].n_done;
    }
    n_refused += r.n_refused;
    replays(&cfg, &record);
    for (uint64_t i = 0; i + 1 < record.n; i++)
      n_batch += record.note[i].kind == CR_NOTE_BATCH && record.note[i + 1].kind != CR_NOTE_REFUSED;
    load_record_fini(&record);
    cr_result_fini(&r);
    cr_workload_builder_free(b);
  }
  assert_true(n_refused > 1000 && n_done > 1000 && n_batch > 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_policy_that_can_finishes_loads_of_layers),
    cmocka_unit_test(dart_finishes_them_with_any_number_of_streams),
    cmocka_unit_test(overruns_and_joins_lose_no_request),
    cmocka_unit_test(nonsense_is_refused_and_the_books_still_balance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
