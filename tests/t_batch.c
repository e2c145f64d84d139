/* t_batch.c - requests that run together: which times hold, what a batch may be, and what must hold on every load. */
#include "config.h"

#include "policies/list.h"
#include "policies/queue.h"
#include "sim/batch.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/node_load.h"
#include "tests/script.h"
#include "tests/t.h"

enum { NODES = 3, LAYERS = 5, SIZES = 3, CLIENTS = 7, RUNS = 60, ROWS = 1 + SIZES };

struct dice {
  uint32_t seed, entity;
  uint64_t n;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
  return (uint32_t)(cr_draw(d->seed, CR_RNG_TEST, d->entity, d->n++) % below);
}

/* --- which times hold ----------------------------------------------------------------------------------------------- */

/* By trying every size: the least that is known for all layers. */
static uint32_t search(const uint32_t *size, uint32_t n_row, int has[LAYERS][ROWS], uint32_t n_op, uint32_t n,
                       uint32_t batch)
{
  for (uint32_t want = n; want <= batch; want++)
    for (uint32_t row = 0; row < n_row; row++) {
      uint32_t known = 0;
      for (uint32_t i = 0; i < n_op; i++)
        known += has[i][row] != 0;
      if (size[row] == want && known == n_op)
        return row;
    }
  return CR_NONE;
}

static void the_next_larger_size_that_is_known_holds(void **state)
{
  (void)state;
  uint32_t n_found = 0, n_none = 0;
  for (uint32_t seed = 0; seed < 2000; seed++) {
    struct dice d = {.seed = seed, .entity = 1};
    struct cr_layer_time time[LAYERS][ROWS];
    struct cr_op_spec op[LAYERS];
    int has[LAYERS][ROWS];
    uint32_t size[ROWS] = {1}, n_op = 1 + roll(&d, LAYERS), n_batch = roll(&d, SIZES + 1);
    for (uint32_t row = 1; row < ROWS; row++)
      size[row] = size[row - 1] + 1 + roll(&d, 4);
    for (uint32_t i = 0; i < n_op; i++) {
      for (uint32_t row = 0; row < ROWS; row++) {
        has[i][row] = roll(&d, 6) > 0;
        time[i][row] = node_time(has[i][row] ? 5 : CR_NS_NEVER);
      }
      op[i] = (struct cr_op_spec){.kind = CR_OP_LAYER, .layer = time[i], .n_layer = 1};
    }
    const struct cr_model_info m = {.batch = size + 1, .n_batch = n_batch};
    uint32_t n = 1 + roll(&d, 8), batch = n + roll(&d, 6);
    uint32_t got = cr_batch_row(&m, op, n_op, 0, n, batch);
    assert_int_equal(got, search(size, 1 + n_batch, has, n_op, n, batch));
    assert_int_equal(cr_batch_row(&m, op, n_op, 1, n, batch), CR_NONE); /* there is no such device */
    n_found += got != CR_NONE;
    n_none += got == CR_NONE;
  }
  assert_true(n_found > 200 && n_none > 200);
}

/* --- runs ----------------------------------------------------------------------------------------------------------- */

/* What an observer and the rows of requests say of a run. */
struct seen {
  const struct cr_workload *w;
  uint64_t n_row[CLIENTS], n_last[CLIENTS]; /* last: requests whose last layer ended */
  uint32_t largest[CLIENTS], least;
  cr_ns end_ns;
  struct cr_request_sink sink;
  struct cr_observer observer;
};

static int see_row(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct seen *s = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++) {
    assert_true(row[i].arrive_ns <= row[i].reach_ns && row[i].reach_ns < row[i].end_ns);
    assert_true(row[i].end_ns >= s->end_ns);
    s->end_ns = row[i].end_ns;
    s->n_row[row[i].client]++;
  }
  return CR_OK;
}

static void see_op(void *ctx, const struct cr_op_span *span)
{
  struct seen *s = ctx;
  const struct cr_model_info *m = &s->w->model[s->w->client[span->client].model.i];
  assert_true(span->n_request >= 1 && span->n_request <= s->w->client[span->client].batch);
  if (span->n_request > s->largest[span->client])
    s->largest[span->client] = span->n_request;
  if (span->op == m->op0 + m->n_op - 1)
    s->n_last[span->client] += span->n_request;
}

static void watch(struct seen *s, struct cr_core_cfg *cfg)
{
  *s = (struct seen){.w = cfg->workload};
  s->sink = (struct cr_request_sink){.ctx = s, .write = see_row};
  s->observer = (struct cr_observer){.ctx = s, .on_op = see_op};
  cfg->requests = &s->sink;
  cfg->observer = &s->observer;
}

static void replays(const struct cr_core_cfg *cfg, const struct load_record *record)
{
  struct cr_replay_report report;
  struct cr_err err;
  int rc =
    cr_replay(cfg->workload, cfg->machine, cfg->policy, cfg->policy_options, record->note, record->n, &report, &err);
  if (rc != CR_OK)
    fail_msg("%s: %s", cfg->policy->name, err.text);
  if (!report.same)
    fail_msg("%s: recorded %s, replayed %s", cfg->policy->name, report.recorded, report.replayed);
}

struct machine {
  struct cr_device_desc node[NODES];
  struct cr_machine m;
};

static void make_machine(struct machine *m, struct dice *d)
{
  m->node[0] = node_gpu("gpu");
  m->node[1] = node_cpu("cpu", 4);
  m->node[2] = node_cpu("cpu2", 1);
  for (uint32_t k = 0; k < NODES; k++)
    m->node[k].node.notify_ns = roll(d, 2) ? roll(d, 100) : 0;
  m->m = (struct cr_machine){NODES, m->node};
}

/* Of all sizes there are times on the first two nodes, on the third of single requests alone. */
static cr_model draw_model(struct cr_workload_builder *b, const char *name, struct dice *d, uint32_t *n_op,
                           uint32_t *size, uint32_t *n_batch)
{
  struct cr_layer_time time[LAYERS * ROWS * NODES];
  *n_op = 1 + roll(d, LAYERS);
  *n_batch = roll(d, SIZES + 1);
  for (uint32_t k = 0; k < *n_batch; k++)
    size[k] = (k ? size[k - 1] : 1) + 1 + roll(d, 5);
  for (uint32_t i = 0; i < *n_op * (1 + *n_batch) * NODES; i++) {
    uint32_t row = i / NODES % (1 + *n_batch);
    time[i] = node_time(row && i % NODES == 2 ? CR_NS_NEVER : 1 + roll(d, 3000));
    if (i % NODES == 0)
      time[i].hd_ns = roll(d, 300), time[i].dh_ns = roll(d, 300), time[i].misc_ns = roll(d, 300);
  }
  return node_batches(b, name, *n_op, NODES, *n_batch, size, time);
}

static void draw_client(struct cr_workload_builder *b, struct dice *d, uint32_t c)
{
  char name[] = {'c', (char)('0' + c), '\0'};
  uint32_t n_op, size[SIZES], n_batch, n_stage = 0, device = roll(d, 2);
  struct cr_stage_spec stage[LAYERS];
  cr_model m = draw_model(b, name, d, &n_op, size, &n_batch);
  uint32_t batch = n_batch && roll(d, 4) ? size[roll(d, n_batch)] : 1;
  enum cr_class class = batch > 1 || roll(d, 2) ? CR_BE : CR_RT;
  struct cr_client_spec spec =
    roll(d, 2) ? load_closed(name, m, class, batch + roll(d, 4)) : load_poisson(name, m, class, 1 + roll(d, 900000));
  spec.priority = -(int32_t)roll(d, 2);
  spec.batch = batch;
  spec.max_requests = 1 + roll(d, 90);
  spec.deadline_ns = roll(d, 2) ? 1 + roll(d, 50000) : CR_NS_NEVER;
  spec.actual_min_ppm = spec.actual_max_ppm = roll(d, 2) ? 0 : 700000;
  for (uint32_t at = 0; at < n_op; at += stage[n_stage++].n_op, device = 1 - device)
    stage[n_stage] = (struct cr_stage_spec){.device = device, .n_op = 1 + roll(d, n_op - at)};
  spec.stage = stage;
  spec.n_stage = roll(d, 3) ? n_stage : 0;
  load_add(b, spec);
}

/* Strict, to the end, twice: every request finishes exactly once and in a batch that may be; says how many ran in company. */
static uint32_t finishes_all(const struct cr_policy_ops *ops, const char *options, uint32_t seed)
{
  struct dice d = {.seed = seed, .entity = 2};
  struct machine m;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct load_record record = {0};
  struct seen seen;
  struct cr_result r[2];
  struct cr_err err = {""};
  uint32_t n = 1 + roll(&d, CLIENTS), n_batched = 0;
  make_machine(&m, &d);
  for (uint32_t c = 0; c < n; c++)
    draw_client(b, &d, c);
  struct cr_core_cfg cfg = load_cfg(load_seal(b), ops);
  cfg.policy_options = options;
  cfg.machine = &m.m;
  cfg.backend = &cr_backend_sim;
  for (int twice = 0; twice < 2; twice++) {
    watch(&seen, &cfg);
    cfg.ledger = twice ? load_record(&record) : NULL;
    if (cr_core_run(&cfg, &r[twice], &err) != CR_OK)
      fail_msg("%s %s, seed %u: %s", ops->name, options ? options : "", seed, err.text);
    for (uint32_t c = 0; c < n; c++) {
      assert_int_equal(r[twice].client[c].n_done, cfg.workload->client[c].max_requests);
      assert_int_equal(seen.n_row[c], cfg.workload->client[c].max_requests);
      assert_int_equal(seen.n_last[c], cfg.workload->client[c].max_requests);
      n_batched += seen.largest[c] > 1;
    }
  }
  assert_true(r[0].ledger_hash == r[1].ledger_hash);
  replays(&cfg, &record);
  load_record_fini(&record);
  cr_result_fini(&r[0]);
  cr_result_fini(&r[1]);
  cr_workload_builder_free(b);
  return n_batched;
}

/* --- a policy that batches across everything ------------------------------------------------------------------------- */

/* Requests of all clients and classes wait in one queue and are batched by whoever leads, as many as chance has it, on the nodes
 * that have times of so many; they go on in parts of any length. */
struct heaper {
  struct cr_queue waiting;
  struct dice dice;
};

static uint32_t chance(struct cr_policy *p, uint32_t below)
{
  struct heaper *h = p->state;
  h->dice.entity = 3;
  return roll(&h->dice, below);
}

static int heaper_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (uint32_t i = 0; i < 2 * NODES; i++)
    cr_stream_new(p, (cr_device){i % NODES}, -(int32_t)(i / NODES));
  return CR_OK;
}

static void heaper_request(struct cr_policy *p, cr_request r)
{
  struct heaper *h = p->state;
  cr_queue_push(p, &h->waiting, r);
}

static void heaper_done(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete)
    cr_launch(p, r, CR_ALL, (cr_stream){chance(p, 2)});
}

static void heaper_room(struct cr_policy *p, cr_stream s)
{
  struct heaper *h = p->state;
  cr_device device = {p->view->stream_device[s.i]};
  if (!h->waiting.n)
    return;
  cr_request leader = cr_queue_pop(p, &h->waiting);
  uint32_t model = p->view->client_model[cr_request_client(p, leader).i], n_op = p->view->model_n_op[model];
  uint32_t n = 1, most = 1 + chance(p, p->view->client_batch[cr_request_client(p, leader).i]);
  for (uint32_t i = h->waiting.n; i; i--) {
    cr_request r = cr_queue_pop(p, &h->waiting);
    int joins = cr_request_client(p, r).i == cr_request_client(p, leader).i && n < most &&
                cr_expect_batch_ns(p, device, leader, CR_ALL, n + 1) != CR_NS_NEVER;
    n += joins != 0;
    if (joins)
      cr_batch(p, leader, r);
    else
      cr_queue_push(p, &h->waiting, r);
  }
  cr_launch(p, leader, device.i == 2 ? CR_ALL : 1 + chance(p, n_op), s);
}

static const struct cr_policy_ops heaper = {
  .abi = CR_POLICY_ABI,
  .name = "heaper",
  .about = "batches whatever can be",
  .needs = CR_CAP_NODE | CR_CAP_PRIORITY | CR_CAP_BATCH,
  .state_bytes = sizeof(struct heaper),
  .request_bytes = sizeof(struct cr_link),
  .init = heaper_init,
  .on_request = heaper_request,
  .on_done = heaper_done,
  .on_room = heaper_room,
};

static void every_request_finishes_once_in_a_batch_that_may_be(void **state)
{
  (void)state;
  uint32_t n_heaped = 0, n_threads = 0, n_dart = 0;
  for (uint32_t seed = 0; seed < RUNS; seed++) {
    n_heaped += finishes_all(&heaper, NULL, seed);
    n_threads += finishes_all(cr_policy_find("threads", 7), "on=gpu", seed);
    n_threads += finishes_all(cr_policy_find("threads", 7), "on=cpu", seed);
    n_dart += finishes_all(cr_policy_find("dart", 4), seed % 2 ? "streams=1" : NULL, seed);
    for (uint32_t i = 0; cr_policy_list[i]; i++) /* those that do not batch run them one by one */
      if (!(cr_policy_list[i]->needs & ~(uint32_t)CR_CAP_PRIORITY) && seed < 10)
        assert_int_equal(finishes_all(cr_policy_list[i], NULL, seed), 0);
  }
  assert_true(n_heaped > RUNS && n_threads > RUNS && n_dart > RUNS / 2);
}

/* --- throughput, by hand --------------------------------------------------------------------------------------------- */

/* A closed client of that depth, alone on a node: as many requests in the time of a batch as run together. */
static uint64_t done_alone(const char *policy, uint32_t depth, uint32_t batch, cr_ns duration_ns)
{
  static const uint32_t size[] = {2, 8, 16};
  static const struct cr_layer_time time[] = {{.exec_ns = 600}, {.exec_ns = 700}, {.exec_ns = 1100}, {.exec_ns = 1900},
                                              {.exec_ns = 400}, {.exec_ns = 500}, {.exec_ns = 900},  {.exec_ns = 1700}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = node_batches(b, "m", 2, 1, 3, size, time);
  struct cr_client_spec spec = load_closed("c", m, CR_BE, depth);
  spec.batch = batch;
  load_add(b, spec);
  const struct cr_device_desc node = node_cpu("cpu", 4);
  const struct cr_machine machine = {1, &node};
  struct cr_core_cfg cfg = load_cfg(load_seal(b), cr_policy_find(policy, strlen(policy)));
  cfg.policy_options = strcmp(policy, "threads") == 0 ? "on=cpu" : NULL;
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  cfg.duration_ns = duration_ns;
  struct cr_result r = script_run(&cfg);
  uint64_t n = r.client[0].n_done;
  cr_result_fini(&r);
  cr_workload_builder_free(b);
  return n;
}

static void a_closed_client_alone_has_its_batch_in_the_time_of_one(void **state)
{
  (void)state;
  /* Requests of 1000 ns; 2, 8 and 16 of them together take 1200, 2000 and 3600 ns. */
  assert_int_equal(done_alone("threads", 1, 1, 100 * 1000), 100);
  assert_int_equal(done_alone("threads", 2, 2, 100 * 1200), 2 * 100);
  assert_int_equal(done_alone("threads", 8, 8, 100 * 2000), 8 * 100);
  assert_int_equal(done_alone("threads", 16, 16, 100 * 3600), 16 * 100);
  assert_int_equal(done_alone("dart", 16, 16, 100 * 3600), 16 * 100);
  /* Of 12 requests 8 run together, and then the other 4 with the 4 that came behind them. */
  assert_int_equal(done_alone("threads", 12, 8, 100 * 2000), 8 * 100);
  assert_int_equal(done_alone("exclusive", 8, 8, 100 * 1000), 100);
}

/* Requests that come while another runs: three run as long as 8, two as 2 do, and each has waited for itself. */
static void part_of_a_batch_takes_as_long_as_the_next_larger_size(void **state)
{
  (void)state;
  static const uint32_t size[] = {2, 8};
  static const struct cr_layer_time time[] = {{.exec_ns = 1000}, {.exec_ns = 1200}, {.exec_ns = 2000}};
  static const cr_ns at_ns[] = {0, 100, 200, 300, 1500, 1600};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_client_spec spec = load_trace("c", node_batches(b, "m", 1, 1, 2, size, time), CR_BE, at_ns, 6);
  spec.batch = 8;
  load_add(b, spec);
  const struct cr_device_desc node = node_cpu("cpu", 1);
  const struct cr_machine machine = {1, &node};
  struct load_record record = {0};
  struct cr_core_cfg cfg = load_cfg(load_seal(b), cr_policy_find("threads", 7));
  cfg.policy_options = "on=cpu";
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  load_expect(&record, "0   stream 0 device 0 priority 0\n0 client 0\n0 request 0 client 0 arrived 0\n0 room 0\n"
                       "0   launch 0 all ops stream 0\n100 request 1 client 0 arrived 100\n"
                       "200 request 2 client 0 arrived 200\n300 request 3 client 0 arrived 300\n"
                       "1000 done 0 next 1 reached 0\n1000 room 0\n1000   batch 1 with 2\n1000   batch 1 with 3\n"
                       "1000   launch 1 all ops stream 0\n1500 request 0 client 0 arrived 1500\n"
                       "1600 request 4 client 0 arrived 1600\n3000 done 1 next 1 reached 1000\n"
                       "3000 done 2 next 1 reached 1000\n3000 done 3 next 1 reached 1000\n3000 room 0\n"
                       "3000   batch 0 with 4\n3000   launch 0 all ops stream 0\n4200 done 0 next 1 reached 3000\n"
                       "4200 done 4 next 1 reached 3000\n4200 room 0\n");
  assert_int_equal(cr_hist_min(r.client[0].metric[CR_LATENCY]), 1000);
  assert_int_equal(cr_hist_max(r.client[0].metric[CR_LATENCY]), 2900);
  assert_int_equal(cr_hist_mean(r.client[0].metric[CR_LATENCY]), (1000 + 2900 + 2800 + 2700 + 2700 + 2600) / 6);
  replays(&cfg, &record);
  load_record_fini(&record);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

/* --- what is refused ------------------------------------------------------------------------------------------------- */

/* Requests 0, 2 and 4 of client c and 1, 3 and 5 of client d are there when it is asked. */
static void (*ask)(struct cr_policy *p);

static void asker_room(struct cr_policy *p, cr_stream s)
{
  (void)s;
  ask(p);
}

static void keep(struct cr_policy *p, cr_request r)
{
  (void)p, (void)r;
}

static int asker_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  cr_stream_new(p, (cr_device){0}, 0);
  return CR_OK;
}

static struct cr_policy_ops asker = {
  .abi = CR_POLICY_ABI,
  .name = "asker",
  .about = "asks for a batch",
  .init = asker_init,
  .on_request = keep,
  .on_room = asker_room,
};

static struct cr_core_cfg ask_cfg(struct cr_workload_builder *b, void (*what)(struct cr_policy *), uint32_t needs)
{
  static const uint32_t size[] = {2};
  static const struct cr_layer_time time[] = {{.exec_ns = 10}, {.exec_ns = 15}, {.exec_ns = 10}, {.exec_ns = 15}};
  static struct cr_device_desc node;
  static const struct cr_machine machine = {1, &node};
  cr_model m = node_batches(b, "m", 2, 1, 1, size, time);
  for (int c = 0; c < 2; c++) {
    struct cr_client_spec spec = load_closed(c ? "d" : "c", m, CR_BE, 3);
    spec.batch = 2;
    spec.max_requests = 3;
    load_add(b, spec);
  }
  node = node_cpu("cpu", 1);
  ask = what;
  asker.needs = CR_CAP_NODE | needs;
  struct cr_core_cfg cfg = load_cfg(load_seal(b), &asker);
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  return cfg;
}

static void refused(void (*what)(struct cr_policy *), uint32_t needs, const char *why)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = ask_cfg(b, what, needs);
  script_run_finds(&cfg, CR_ERUN, CR_REFUSED, (const char *const[]){why, NULL});
  cr_workload_builder_free(b);
}

static void of_two_clients(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){3});
}

static void with_itself(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){0});
}

static void with_nothing(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){60});
}

static void too_many(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){2});
  cr_batch(p, (cr_request){0}, (cr_request){4});
}

static void one_that_joined(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){2});
  cr_launch(p, (cr_request){2}, CR_ALL, (cr_stream){0});
}

static void one_that_leads(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){2});
  cr_batch(p, (cr_request){4}, (cr_request){0});
}

static void dropping_one_that_joined(struct cr_policy *p)
{
  cr_batch(p, (cr_request){0}, (cr_request){2});
  cr_drop(p, (cr_request){2});
}

static void one_in_flight(struct cr_policy *p)
{
  cr_launch(p, (cr_request){2}, CR_ALL, (cr_stream){0});
  cr_batch(p, (cr_request){0}, (cr_request){2});
}

static void one_that_has_begun(struct cr_policy *p)
{
  if (p->view->now_ns == 0)
    cr_launch(p, (cr_request){2}, 1, (cr_stream){0});
  else
    cr_batch(p, (cr_request){0}, (cr_request){2});
}

static void a_batch_that_cannot_be_is_refused(void **state)
{
  (void)state;
  refused(of_two_clients, CR_CAP_BATCH, "requests that run together are of one client");
  refused(with_itself, CR_CAP_BATCH, "the request runs together with another one");
  refused(with_nothing, CR_CAP_BATCH, "there is no such request");
  refused(too_many, CR_CAP_BATCH, "so many requests of the client do not run together");
  refused(one_that_joined, CR_CAP_BATCH, "the request runs together with another one");
  refused(one_that_leads, CR_CAP_BATCH, "the request runs together with another one");
  refused(dropping_one_that_joined, CR_CAP_BATCH, "the request runs together with another one");
  refused(one_in_flight, CR_CAP_BATCH, "the policy does not own the request");
  refused(one_that_has_begun, CR_CAP_BATCH, "and this one has begun");
  refused(of_two_clients, 0, "the policy does not list this capability in needs");
}

static void drops_two(struct cr_policy *p)
{
  if (p->view->now_ns == 0 && p->view->request_client[1] != CR_NONE) {
    cr_batch(p, (cr_request){0}, (cr_request){2});
    cr_drop(p, (cr_request){0});
    cr_launch(p, (cr_request){4}, CR_ALL, (cr_stream){0});
    for (uint32_t i = 1; i < 6; i += 2)
      cr_drop(p, (cr_request){i});
  }
}

static void who_is_dropped_takes_along_those_that_joined(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = ask_cfg(b, drops_two, CR_CAP_BATCH);
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_dropped, 2);
  assert_int_equal(r.client[0].n_done, 1);
  assert_int_equal(r.client[0].n_pending, 0);
  assert_int_equal(r.client[1].n_dropped, 3);
  replays(&cfg, &record);
  load_record_fini(&record);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void goes_back(struct cr_policy *p)
{
  if (p->view->now_ns == 0) {
    cr_batch(p, (cr_request){0}, (cr_request){2});
    cr_launch(p, (cr_request){0}, 1, (cr_stream){0});
  } else if (p->view->now_ns == 15) {
    cr_rewind(p, (cr_request){0}, 0);
    cr_launch(p, (cr_request){0}, CR_ALL, (cr_stream){0});
  } else {
    for (uint32_t i = 1; i < 6 && p->view->now_ns == 45; i += i < 3 ? 2 : 1)
      cr_drop(p, (cr_request){i});
  }
}

static void who_goes_back_takes_along_those_that_joined(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_core_cfg cfg = ask_cfg(b, goes_back, CR_CAP_BATCH);
  struct cr_result r = script_run(&cfg);
  assert_int_equal(r.client[0].n_done, 2);
  assert_int_equal(cr_hist_min(r.client[0].metric[CR_LATENCY]), 45);
  assert_int_equal(cr_hist_max(r.client[0].metric[CR_LATENCY]), 45);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

/* --- clients that cannot be ------------------------------------------------------------------------------------------ */

static void bad_client(struct cr_client_spec spec, const char *why)
{
  static const uint32_t size[] = {2, 4};
  static const struct cr_layer_time time[] = {{.exec_ns = 9},           {.exec_ns = 9}, {.exec_ns = 9},
                                              {.exec_ns = CR_NS_NEVER}, {.exec_ns = 9}, {.exec_ns = CR_NS_NEVER}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_err err = {""};
  cr_client client;
  spec.model = node_batches(b, "m", 1, 2, 2, size, time);
  assert_int_equal(cr_workload_add_client(b, &spec, &client, &err), CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("'%s' lacks '%s'", err.text, why);
  cr_workload_builder_free(b);
}

static void a_client_that_cannot_batch_is_refused(void **state)
{
  (void)state;
  static const struct cr_stage_spec stage = {.device = 1, .n_op = 1};
  static const char unknown[] = "no times of so many requests together";
  struct cr_client_spec spec = load_closed("c", (cr_model){0}, CR_BE, 9);
#define BAD(member, value, why)     \
  do {                              \
    struct cr_client_spec s = spec; \
    s.batch = 4;                    \
    s.member = (value);             \
    bad_client(s, why);             \
  } while (0)
  BAD(batch, 3, unknown);
  BAD(batch, 5, unknown);
  BAD(class, CR_RT, "real-time requests run one by one");
  BAD(arrival.depth, 3, "its depth is less than its batch");
  spec.stage = &stage;
  BAD(n_stage, 1, unknown);
  spec = load_poisson("c", (cr_model){0}, CR_BE, 1);
  BAD(arrival.late, CR_LATE_WAIT, "one request at a time");
#undef BAD
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_err err = {""};
  cr_client client;
  spec = load_closed("c", load_model(b, "kernels", 1, 5), CR_BE, 4);
  spec.batch = 4;
  assert_int_equal(cr_workload_add_client(b, &spec, &client, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "its model has none"));
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_next_larger_size_that_is_known_holds),
    cmocka_unit_test(every_request_finishes_once_in_a_batch_that_may_be),
    cmocka_unit_test(a_closed_client_alone_has_its_batch_in_the_time_of_one),
    cmocka_unit_test(part_of_a_batch_takes_as_long_as_the_next_larger_size),
    cmocka_unit_test(a_batch_that_cannot_be_is_refused),
    cmocka_unit_test(who_is_dropped_takes_along_those_that_joined),
    cmocka_unit_test(who_goes_back_takes_along_those_that_joined),
    cmocka_unit_test(a_client_that_cannot_batch_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
