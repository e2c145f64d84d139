/* t_preempt_random.c - preemption at random: whatever a policy asks for, and whenever, each block of each op is done once, but for
 * what was done in vain, and the counters say how much that was.
 *
 * The policy launches, slices, pads, rewinds and preempts as it draws, but only what may be asked for: runs are strict.  The books
 * are kept from the spans that an observer is told, and hold at every callback. */
#include "config.h"

#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/rig.h"
#include "tests/t.h"
#include "traces/device_file.h"

enum { SLOTS = 256, OPS = 8, STREAMS = 6, SEEDS = 40, WISHES = 250, POOL = 4 };

static uint64_t draw_of(uint64_t seed, uint64_t *n, uint32_t below)
{
  return cr_draw(seed, CR_RNG_TEST, 7, (*n)++) % below;
}

/* --- the books ---------------------------------------------------------------------------------------------------- */

struct books {
  const struct cr_workload *workload;
  uint32_t done[SLOTS][OPS];                /* blocks of each op that are done; of ops without blocks, 1 */
  uint32_t passes[SLOTS];                   /* of a job: its last op has ended so often */
  uint32_t end_op[SLOTS], end_block[SLOTS]; /* of what was launched: where it stands when that is done */
  uint64_t n_rewound, n_killed, n_told, n_cut;
  cr_ns rewound_ns, killed_ns;
};

static struct books *books; /* of the run; NULL: a replay, in which nothing is done */

static const struct cr_model_info *model_of(const struct books *b, uint32_t client)
{
  return &b->workload->model[b->workload->client[client].model.i];
}

static uint32_t units(const struct books *b, uint32_t op)
{
  return b->workload->op[op].blocks ? b->workload->op[op].blocks : 1;
}

static void on_op(void *ctx, const struct cr_op_span *span)
{
  struct books *b = ctx;
  const struct cr_model_info *m = model_of(b, span->client);
  uint32_t all = units(b, span->op), n = all - span->n_left, op = span->op - m->op0;
  assert_true(span->request < SLOTS && op < m->n_op && span->n_left <= all && span->n == 1);
  assert_true(span->start_ns <= span->end_ns);
  b->n_told++;
  b->n_cut += n && n < all;
  if (n == 0) {
    assert_true(b->workload->op[span->op].idempotent != CR_NO && b->workload->op[span->op].blocks);
    b->n_killed += span->end_ns > span->start_ns;
    b->killed_ns += span->end_ns - span->start_ns;
  }
  b->done[span->request][op] += n;
  if (b->workload->client[span->client].job.iterations)
    b->passes[span->request] += op + 1 == m->n_op && n == all;
  else if (b->done[span->request][op] > all)
    fail_msg("op %u of request %u: %u of %u blocks", op, span->request, b->done[span->request][op], all);
}

/* The request stands where the view says. */
static void check(const struct cr_policy *p, cr_request r, int complete)
{
  const struct cr_view *v = p->view;
  if (!books)
    return;
  uint32_t client = v->request_client[r.i], next = v->request_next_op[r.i], block = v->request_next_block[r.i];
  const struct cr_model_info *m = model_of(books, client);
  assert_true(v->request_handed_op[r.i] >= next);
  if (v->client_iterations[client]) {
    assert_int_equal(next % m->n_op, 0);
    assert_int_equal(block, 0);
    assert_int_equal(books->passes[r.i], next / m->n_op);
    return;
  }
  for (uint32_t i = 0; i < m->n_op; i++) {
    uint32_t want = i < next ? units(books, m->op0 + i) : i == next ? block : 0;
    if (books->done[r.i][i] != want)
      fail_msg("at %lld request %u stands at op %u block %u, but %u blocks of op %u are done", (long long)v->now_ns,
               r.i, next, block, books->done[r.i][i], i);
  }
  assert_true(!complete || next == m->n_op);
}

/* --- the policy --------------------------------------------------------------------------------------------------- */

struct chaos {
  uint64_t n_draw;
  uint32_t n_wish, n_pool;
  cr_request pool[POOL];
  uint32_t stream_pad[STREAMS], stream_held[STREAMS]; /* held: in this callback */
};

static uint32_t draw(struct cr_policy *p, uint32_t below)
{
  return (uint32_t)draw_of((uint64_t)p->opt[0], &((struct chaos *)p->state)->n_draw, below);
}

static int is_job(const struct cr_policy *p, cr_request r)
{
  return p->view->client_iterations[p->view->request_client[r.i]] > 0;
}

static uint32_t op0(const struct cr_policy *p, cr_request r)
{
  return p->view->model_op0[p->view->client_model[p->view->request_client[r.i]]];
}

static uint32_t n_op(const struct cr_policy *p, cr_request r)
{
  return p->view->model_n_op[p->view->client_model[p->view->request_client[r.i]]];
}

static int init(struct cr_policy *p, struct cr_err *err)
{
  static const uint32_t queue[] = {0, 0, 1, 2, 3, 4, 64, 65, 1000};
  (void)err;
  for (uint32_t i = 0; i < STREAMS; i++) {
    cr_stream s = cr_stream_new(p, (cr_device){i < 4 ? 0 : p->view->n_device - 1}, -(int32_t)draw(p, 2));
    uint32_t n = queue[draw(p, 9)];
    if (n)
      cr_stream_queue(p, s, n, draw(p, 2) ? CR_RECLAIM_NOW : CR_RECLAIM_LATER);
  }
  return CR_OK;
}

static void pass_time(struct cr_policy *p)
{
  struct chaos *c = p->state;
  if (c->n_wish < WISHES)
    cr_timer(p, p->view->now_ns + p->opt[1] * (cr_ns)draw(p, 300), 0);
}

static void preempt(struct cr_policy *p)
{
  static const enum cr_cap how[] = {CR_CAP_PARK, CR_CAP_EVICT, CR_CAP_KILL};
  struct chaos *c = p->state;
  uint32_t s = draw(p, STREAMS);
  for (uint32_t i = 0; i < STREAMS && (!p->view->stream_held[s] || c->stream_pad[s]); i++)
    s = (s + 1) % STREAMS;
  if (!p->view->stream_held[s] || c->stream_pad[s])
    return;
  c->n_wish++;
  cr_preempt(p, (cr_stream){s}, how[draw(p, 3)]);
}

/* Any that no pads are bound to; CR_NONE: there is none. */
static uint32_t some_stream(struct cr_policy *p)
{
  struct chaos *c = p->state;
  uint32_t s = draw(p, STREAMS);
  for (uint32_t i = 0; i < STREAMS; i++, s = (s + 1) % STREAMS)
    if (!c->stream_pad[s])
      return s;
  return CR_NONE;
}

/* A request that pads, and how far its pads so far get it. */
struct padding {
  cr_request be;
  uint32_t stream, op, block;
  int has_begun;
};

/* One from the pool, if it has something to pad with and a stream to do so; whether. */
static int find_padding(struct cr_policy *p, uint32_t stream, struct padding *out)
{
  const struct cr_view *v = p->view;
  struct chaos *c = p->state;
  uint32_t s = draw(p, STREAMS), at = draw(p, POOL);
  if (at >= c->n_pool || s == stream || v->stream_held[s] || c->stream_held[s] || c->stream_pad[s] ||
      v->stream_device[s] != v->stream_device[stream])
    return 0;
  cr_request be = c->pool[at];
  *out = (struct padding){.be = be, .stream = s, .op = v->request_next_op[be.i], .block = v->request_next_block[be.i]};
  if (v->op_blocks[op0(p, be) + out->op] == 0)
    return 0;
  c->pool[at] = c->pool[--c->n_pool];
  c->stream_pad[s] = be.i + 1;
  return 1;
}

static void pad(struct cr_policy *p, cr_request r, uint32_t rt_op, struct padding *f)
{
  const struct cr_view *v = p->view;
  if (f->op == n_op(p, f->be) || v->op_blocks[op0(p, f->be) + f->op] == 0 || (f->has_begun && draw(p, 4) == 0))
    return;
  uint32_t left = v->op_blocks[op0(p, f->be) + f->op] - f->block, n_block = 1 + draw(p, left + 2);
  cr_pad(p, &(struct cr_pad_spec){.rt = r,
                                  .be = f->be,
                                  .rt_op = rt_op,
                                  .rt_sms = 1 + (r.i + rt_op) % 3,
                                  .n_block = n_block,
                                  .sm_blocks = 1 + draw(p, 4),
                                  .stream = {f->stream}});
  f->has_begun = 1;
  f->block += n_block < left ? n_block : left;
  if (n_block >= left) {
    f->op++;
    f->block = 0;
  }
}

/* Some of the next n ops of r, which are launched with this, run with blocks of others. */
static void pad_some(struct cr_policy *p, cr_request r, uint32_t n, uint32_t stream)
{
  struct padding f[3];
  uint32_t n_be = 0, next = p->view->request_next_op[r.i], first = next;
  while (first < next + n && p->view->op_blocks[op0(p, r) + first] == 0)
    first++;
  if (first == next + n)
    return;
  while (n_be < 3 && draw(p, 2) && find_padding(p, stream, &f[n_be]))
    n_be++;
  for (uint32_t i = first; i < next + n; i++)
    for (uint32_t j = 0; j < n_be && p->view->op_blocks[op0(p, r) + i]; j++)
      pad(p, r, i, &f[j]);
}

static void expect_end(cr_request r, uint32_t op, uint32_t block)
{
  if (!books)
    return;
  books->end_op[r.i] = op;
  books->end_block[r.i] = block;
}

static void launch(struct cr_policy *p, cr_request r)
{
  struct chaos *c = p->state;
  uint32_t s = some_stream(p), next = p->view->request_next_op[r.i], left = n_op(p, r) - next;
  if (s == CR_NONE) { /* a pad ends some time */
    cr_timer(p, p->view->now_ns + 50 * p->opt[1], r.i + 1);
    return;
  }
  c->stream_held[s]++;
  if (is_job(p, r)) {
    uint32_t n = draw(p, 2) ? CR_ALL : n_op(p, r);
    expect_end(r, n == CR_ALL ? n_op(p, r) * p->view->client_iterations[p->view->request_client[r.i]] : next + n, 0);
    cr_launch(p, r, n, (cr_stream){s});
    return;
  }
  if (p->view->op_blocks[op0(p, r) + next] && draw(p, 4) == 0) {
    uint32_t all = p->view->op_blocks[op0(p, r) + next], n = 1 + draw(p, all + 5);
    uint32_t end = p->view->request_next_block[r.i] + n;
    expect_end(r, next + (end >= all), end < all ? end : 0);
    cr_slice(p, r, n, (cr_stream){s});
    return;
  }
  uint32_t n = 1 + draw(p, left);
  pad_some(p, r, n, s);
  expect_end(r, next + n, 0);
  cr_launch(p, r, n == left ? CR_ALL : n, (cr_stream){s});
}

/* Whether it did. */
static int rewind_some(struct cr_policy *p, cr_request r)
{
  const struct cr_view *v = p->view;
  uint32_t next = v->request_next_op[r.i], to = draw(p, next + 1), part = v->request_next_block[r.i] > 0;
  for (uint32_t i = to; i < next + part; i++)
    if (v->op_idempotent[op0(p, r) + i] == CR_NO)
      return 0;
  cr_rewind(p, r, to);
  for (uint32_t i = to; books && i < OPS; i++) {
    books->done[r.i][i] = 0;
    if (i >= next)
      continue;
    books->n_rewound++;
    books->rewound_ns += v->op_duration_ns[op0(p, r) + i];
  }
  /* The view shows it when this returns: go on then. */
  cr_timer(p, v->now_ns, r.i + 1);
  return 1;
}

static void go_on(struct cr_policy *p, cr_request r)
{
  struct chaos *c = p->state;
  memset(c->stream_held, 0, sizeof c->stream_held);
  if (!is_job(p, r) && c->n_pool < POOL && draw(p, 4) == 0) {
    c->pool[c->n_pool++] = r;
    cr_timer(p, p->view->now_ns + p->opt[1] * (cr_ns)draw(p, 2000), SLOTS);
  } else {
    launch(p, r);
  }
  if (draw(p, 16) == 0 && c->n_wish < WISHES)
    preempt(p);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct chaos *c = p->state;
  if (books) {
    assert_true(r.i < SLOTS);
    memset(books->done[r.i], 0, sizeof books->done[r.i]);
    books->passes[r.i] = 0;
  }
  if (c->n_wish == 0)
    pass_time(p);
  go_on(p, r);
}

static void free_pad(struct chaos *c, cr_request r)
{
  for (uint32_t s = 0; s < STREAMS; s++)
    if (c->stream_pad[s] == r.i + 1)
      c->stream_pad[s] = 0;
}

static void on_done(struct cr_policy *p, cr_request r, int complete)
{
  free_pad(p->state, r);
  check(p, r, complete);
  if (books && !complete) {
    assert_int_equal(p->view->request_next_op[r.i], books->end_op[r.i]);
    assert_int_equal(p->view->request_next_block[r.i], books->end_block[r.i]);
  }
  if (!complete)
    go_on(p, r);
}

static void on_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  assert_true(how == CR_CAP_PARK || how == CR_CAP_EVICT || how == CR_CAP_KILL || how == CR_CAP_PAD);
  free_pad(p->state, r);
  check(p, r, 0);
  if (is_job(p, r) || draw(p, 2) || !rewind_some(p, r))
    go_on(p, r);
}

static void on_timer(struct cr_policy *p, uint64_t cookie)
{
  struct chaos *c = p->state;
  memset(c->stream_held, 0, sizeof c->stream_held);
  if (cookie == 0) {
    preempt(p);
    pass_time(p);
  } else if (cookie < SLOTS) {
    launch(p, (cr_request){(uint32_t)cookie - 1});
  } else if (c->n_pool) {
    cr_request r = c->pool[0];
    c->pool[0] = c->pool[--c->n_pool];
    launch(p, r);
  }
}

static const struct cr_opt options[] = {
  {.name = "seed", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 1000000},
  {.name = "unit", .kind = CR_OPT_COUNT, .fallback = "1", .min = 1, .max = 1000000},
  {0},
};

static const struct cr_policy_ops chaos = {
  .abi = CR_POLICY_ABI,
  .name = "chaos",
  .about = "preempts at random",
  .needs = CR_CAP_PARK | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_SLICE | CR_CAP_PAD | CR_CAP_QUEUE | CR_CAP_PRIORITY,
  .options = options,
  .state_bytes = sizeof(struct chaos),
  .init = init,
  .on_request = on_request,
  .on_done = on_done,
  .on_back = on_back,
  .on_timer = on_timer,
};

/* --- the load ----------------------------------------------------------------------------------------------------- */

static struct cr_op_spec some_op(uint64_t seed, uint64_t *n, cr_ns unit_ns, int is_eager)
{
  static const enum cr_op_kind kind[] = {CR_OP_COPY_D2H, CR_OP_MEMSET, CR_OP_COPY_H2D, CR_OP_HOST};
  static const uint32_t threads[] = {1024, 1024, 256, 32};
  struct cr_op_spec op = rig_kernel(1 + (uint32_t)draw_of(seed, n, draw_of(seed, n, 2) ? 6 : 40), 1);
  op.threads = threads[draw_of(seed, n, 4)];
  op.duration_ns = unit_ns * (1 + (cr_ns)draw_of(seed, n, 300));
  op.gap_ns = draw_of(seed, n, 2) ? 0 : (cr_ns)draw_of(seed, n, 30) * unit_ns;
  op.idempotent = (enum cr_answer)draw_of(seed, n, 3);
  if (draw_of(seed, n, 6) == 0) {
    op.kind = kind[draw_of(seed, n, 4)];
    op.blocks = op.threads = op.regs = 0;
    op.bytes = 64;
  }
  if (is_eager) {
    op.launch_ns = unit_ns * (cr_ns)draw_of(seed, n, 60);
    op.calls = 1;
  }
  return op;
}

static const struct cr_workload *some_load(struct cr_workload_builder *b, uint64_t seed, cr_ns unit_ns)
{
  uint64_t n = 0;
  for (uint32_t i = 0; i < 6; i++) {
    struct cr_op_spec op[OPS];
    char name[16];
    cr_model model;
    uint32_t n_ops = 1 + (uint32_t)draw_of(seed, &n, OPS);
    int eager = i == 4;
    for (uint32_t j = 0; j < n_ops; j++)
      op[j] = some_op(seed, &n, unit_ns, eager);
    snprintf(name, sizeof name, "m%u", i);
    struct cr_model_spec spec = cr_model_unknown(name, op, n_ops);
    struct cr_err err = {""};
    if (cr_workload_add_model(b, &spec, &model, &err) != CR_OK)
      fail_msg("%s", err.text);
    if (i == 5) {
      struct cr_client_spec job = load_job(name, model, 0, 12);
      job.job.think_ns = unit_ns * (cr_ns)draw_of(seed, &n, 60);
      load_add(b, job);
    } else {
      struct cr_client_spec closed = load_closed(name, model, CR_BE, 1 + i % 3);
      closed.max_requests = 25;
      load_add(b, closed);
    }
  }
  return load_seal(b);
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

struct total {
  uint64_t n_preempt, n_killed, n_cut, n_redone, n_done;
};

static struct cr_result run_once(struct cr_core_cfg *cfg, struct books *b)
{
  struct cr_observer observer = {.ctx = b, .on_op = on_op};
  struct cr_result r;
  struct cr_err err = {""};
  *b = (struct books){.workload = cfg->workload};
  books = b;
  cfg->observer = &observer;
  int rc = cr_core_run(cfg, &r, &err);
  books = NULL;
  if (rc != CR_OK)
    fail_msg("%s: %s", cfg->policy_options, err.text);
  return r;
}

/* A run, the same again, and its ledger replayed. */
static void run(const struct cr_machine *machine, uint64_t seed, cr_ns unit_ns, struct total *t)
{
  static struct books b;
  struct cr_workload_builder *builder = cr_workload_builder_new();
  struct cr_core_cfg cfg = load_cfg(some_load(builder, seed, unit_ns), &chaos);
  struct load_record record = {0};
  struct cr_err err = {""};
  char text[64];
  snprintf(text, sizeof text, "seed=%d,unit=%d", (int)seed, (int)unit_ns);
  cfg.machine = machine;
  cfg.backend = &cr_backend_sim;
  cfg.policy_options = text;
  struct cr_result again = run_once(&cfg, &b);
  cfg.ledger = load_record(&record);
  struct cr_result r = run_once(&cfg, &b);
  assert_true(r.ledger_hash == again.ledger_hash);
  assert_int_equal(r.outcome, CR_DONE);
  for (uint32_t c = 0; c < r.n_client; c++) {
    assert_int_equal(r.client[c].n_done, c == 5 ? 1 : 25);
    assert_int_equal(r.client[c].n_arrived, r.client[c].n_done);
    t->n_done += r.client[c].n_done;
  }
  assert_int_equal(r.n_killed, b.n_killed);
  assert_int_equal(r.n_redone, b.n_rewound);
  assert_int_equal(r.redone_ns, b.rewound_ns + b.killed_ns);
  struct cr_replay_report report;
  if (cr_replay(cfg.workload, machine, &chaos, text, record.note, record.n, &report, &err) != CR_OK)
    fail_msg("%s: %s", text, err.text);
  if (!report.same)
    fail_msg("%s: recorded %s, replayed %s", text, report.recorded, report.replayed);
  assert_int_equal(report.n_told + report.n_asked, record.n);
  t->n_preempt += r.n_preempt;
  t->n_killed += b.n_killed;
  t->n_cut += b.n_cut;
  t->n_redone += b.n_rewound;
  cr_result_fini(&r);
  cr_result_fini(&again);
  load_record_fini(&record);
  cr_workload_builder_free(builder);
}

static void say(const char *where, const struct total *t)
{
  print_message("# %s: %d preemptions, %d ops killed, %d cut, %d done again, %d requests done\n", where,
                (int)t->n_preempt, (int)t->n_killed, (int)t->n_cut, (int)t->n_redone, (int)t->n_done);
}

static void every_block_is_done_once_but_for_what_was_in_vain(void **state)
{
  (void)state;
  struct total t = {0};
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    static struct rig r; /* for its devices alone */
    uint64_t n = 1000;
    rig_init(&r);
    for (int i = CR_GPU_FIRST_PRICE; i < CR_N_GPU_CONSTANT; i++)
      rig_price(&r, (enum cr_gpu_constant)i,
                draw_of(seed, &n, 4) ? (cr_ns)draw_of(seed, &n, i == CR_GPU_EVICT_BLOCK ? 3 : 40) : 0);
    r.machine.n_device = 1 + seed % 2;
    run(&r.machine, seed, 1, &t);
    rig_fini(&r);
  }
  say("made-up devices, seeds 1 to 40", &t);
  assert_true(t.n_preempt >= 10000);
  assert_true(t.n_killed > 500 && t.n_cut > 500 && t.n_redone > 300);
}

static void with_all_mechanisms_of_an_h200_too(void **state)
{
  (void)state;
  struct total t = {0};
  struct cr_arena *arena = cr_arena_new();
  struct cr_device_desc device;
  struct cr_err err = {""};
  if (cr_device_load("h200", NULL, 0, arena, &device, &err) != CR_OK)
    fail_msg("%s", err.text);
  struct cr_machine machine = {.n_device = 1, .device = &device};
  for (uint64_t seed = 101; seed <= 108; seed++)
    run(&machine, seed, 1000, &t);
  say("h200, seeds 101 to 108", &t);
  assert_true(t.n_preempt >= 1500);
  cr_arena_free(arena);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_block_is_done_once_but_for_what_was_in_vain),
    cmocka_unit_test(with_all_mechanisms_of_an_h200_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
