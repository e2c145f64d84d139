/* t_cuda_parts.c - parts of ops on the pretended GPU: each block is run once, padded, sliced or cut, and what is told is so. */
#include "config.h"

#include <stdlib.h>

#include "policies/list.h"
#include "policies/queue.h"
#include "sim/replay.h"
#include "tests/cuda_load.h"
#include "tests/t.h"

enum { N_OP = 12, N_RT = 4, TRIES = 6 };

/* --- a policy that pads, and takes the launch back in which it did ------------------------------------------------- */

/* rt requests run one after the other, each with blocks of the be request in all of its launches; some time after it began it is
 * taken back, once.  Between rt requests the be request runs by itself. */
enum { OPT_AFTER, OPT_HOW, OPT_QUEUE, OPT_BLOCKS };
static const struct cr_opt options[] = {
  [OPT_AFTER] =
    {.name = "after", .kind = CR_OPT_NS, .fallback = "0us", .max = 1000000000, .help = "0: never", .source = "-"},
  [OPT_HOW] = {.name = "how",
               .kind = CR_OPT_CHOICE,
               .choices = "evict|kill|park",
               .fallback = "evict",
               .help = "-",
               .source = "-"},
  [OPT_QUEUE] =
    {.name = "queue", .kind = CR_OPT_COUNT, .fallback = "4", .max = 64, .help = "of rt's stream", .source = "-"},
  [OPT_BLOCKS] =
    {.name = "blocks", .kind = CR_OPT_COUNT, .fallback = "150", .min = 1, .max = 10000, .help = "a pad", .source = "-"},
  {0},
};

struct padder {
  struct cr_queue rt;
  cr_stream rt_stream, be_stream;
  uint32_t on, be; /* slot + 1 of rt's that runs or is to, of be's */
  int is_launched, be_runs, be_pads, is_wanted, was_cut;
  uint64_t timer;
};

static int padder_init(struct cr_policy *p, struct cr_err *err)
{
  struct padder *s = p->state;
  (void)err;
  s->rt_stream = cr_stream_new(p, (cr_device){0}, 0);
  s->be_stream = cr_stream_new(p, (cr_device){0}, 0);
  if (p->opt[OPT_QUEUE])
    cr_stream_queue(p, s->rt_stream, (uint32_t)p->opt[OPT_QUEUE], CR_RECLAIM_LATER);
  cr_stream_queue(p, s->be_stream, 2, CR_RECLAIM_LATER);
  return CR_OK;
}

static void pad_all(struct cr_policy *p, cr_request rt, cr_request be)
{
  struct padder *s = p->state;
  const struct cr_view *v = p->view;
  uint32_t op0 = v->model_op0[v->client_model[0]], be_op0 = v->model_op0[v->client_model[1]];
  uint32_t op = v->request_next_op[be.i], block = v->request_next_block[be.i];
  for (uint32_t i = v->request_next_op[rt.i]; i < N_RT && op < N_OP - N_RT; i++) {
    uint32_t n = cr_min_u32((uint32_t)p->opt[OPT_BLOCKS], v->op_blocks[be_op0 + op] - block);
    if (!v->op_blocks[op0 + i])
      continue;
    cr_pad(p, &(struct cr_pad_spec){
                .rt = rt, .be = be, .rt_op = i, .rt_sms = 66, .n_block = n, .sm_blocks = 2, .stream = s->be_stream});
    s->be_pads = 1;
    block += n;
    if (block == v->op_blocks[be_op0 + op]) {
      op++;
      block = 0;
    }
  }
}

static void go_on(struct cr_policy *p)
{
  struct padder *s = p->state;
  if (!s->on && s->rt.n) {
    s->on = cr_queue_pop(p, &s->rt).i + 1;
    s->was_cut = 0;
  }
  if (s->on && !s->is_launched && s->be_runs) {
    if (!s->is_wanted)
      cr_preempt(p, s->be_stream, CR_CAP_EVICT);
    s->is_wanted = 1;
  } else if (s->on && !s->is_launched) {
    cr_request rt = {s->on - 1};
    if (s->be && !s->be_pads)
      pad_all(p, rt, (cr_request){s->be - 1});
    cr_launch(p, rt, CR_ALL, s->rt_stream);
    s->is_launched = 1;
    if (p->opt[OPT_AFTER] && !s->was_cut)
      cr_timer(p, p->view->now_ns + p->opt[OPT_AFTER], ++s->timer);
  } else if (!s->on && s->be && !s->be_runs && !s->be_pads) {
    cr_launch(p, (cr_request){s->be - 1}, CR_ALL, s->be_stream);
    s->be_runs = 1;
    s->is_wanted = 0;
  }
}

static void padder_on_request(struct cr_policy *p, cr_request r)
{
  struct padder *s = p->state;
  if (cr_request_client(p, r).i == 0)
    cr_queue_push(p, &s->rt, r);
  else
    s->be = r.i + 1;
  go_on(p);
}

static void padder_on_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  struct padder *s = p->state;
  (void)how;
  if (r.i + 1 == s->on)
    s->is_launched = 0;
  else
    s->be_runs = s->be_pads = 0;
  go_on(p);
}

static void padder_on_done(struct cr_policy *p, cr_request r, int complete)
{
  struct padder *s = p->state;
  (void)complete; /* whole requests are launched */
  if (r.i + 1 == s->on) {
    s->on = 0;
    s->is_launched = 0;
  } else {
    s->be = 0;
    s->be_runs = s->be_pads = 0;
  }
  go_on(p);
}

static void padder_on_timer(struct cr_policy *p, uint64_t cookie)
{
  static const enum cr_cap how[] = {CR_CAP_EVICT, CR_CAP_KILL, CR_CAP_PARK};
  struct padder *s = p->state;
  if (cookie != s->timer || !s->is_launched)
    return;
  s->was_cut = 1;
  cr_preempt(p, s->rt_stream, how[p->opt[OPT_HOW]]);
}

static const struct cr_policy_ops padder = {
  .abi = CR_POLICY_ABI,
  .name = "padder",
  .about = "for tests",
  .needs = CR_CAP_PAD | CR_CAP_QUEUE | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_PARK,
  .options = options,
  .state_bytes = sizeof(struct padder),
  .request_bytes = sizeof(struct cr_link),
  .init = padder_init,
  .on_request = padder_on_request,
  .on_done = padder_on_done,
  .on_back = padder_on_back,
  .on_timer = padder_on_timer,
};

/* --- a policy that slices ------------------------------------------------------------------------------------------ */

/* Each request by itself in its client's stream: slices of 100 blocks of each op but its last, which is launched whole. */
static const struct cr_opt slicer_options[] = {
  {.name = "queue", .kind = CR_OPT_COUNT, .fallback = "0", .max = 64, .help = "of the streams", .source = "-"}, {0}};

static int slicer_init(struct cr_policy *p, struct cr_err *err)
{
  cr_stream *s = p->state;
  (void)err;
  for (int i = 0; i < 2; i++) {
    s[i] = cr_stream_new(p, (cr_device){0}, 0);
    if (p->opt[0])
      cr_stream_queue(p, s[i], (uint32_t)p->opt[0], CR_RECLAIM_LATER);
  }
  return CR_OK;
}

static void slice_on(struct cr_policy *p, cr_request r)
{
  const struct cr_view *v = p->view;
  uint32_t client = cr_request_client(p, r).i, op = v->model_op0[v->client_model[client]] + v->request_next_op[r.i];
  cr_stream s = ((cr_stream *)p->state)[client];
  if (v->op_blocks[op] && v->request_next_block[r.i] < 200)
    cr_slice(p, r, 100, s);
  else
    cr_launch(p, r, v->op_blocks[op] ? 1 : CR_ALL, s);
}

static void slicer_on_done(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete)
    slice_on(p, r);
}

static const struct cr_policy_ops slicer = {
  .abi = CR_POLICY_ABI,
  .name = "slicer",
  .about = "for tests",
  .needs = CR_CAP_SLICE | CR_CAP_QUEUE,
  .options = slicer_options,
  .state_bytes = 2 * sizeof(cr_stream),
  .request_bytes = sizeof(struct cr_link),
  .init = slicer_init,
  .on_request = slice_on,
  .on_done = slicer_on_done,
};

/* --- one run, and what is told of it ------------------------------------------------------------------------------- */

struct seen {
  const struct cr_workload *workload;
  uint64_t n_row[2], worked[N_OP],
    blocks[N_OP]; /* requests finished, by client; blocks run and that there are, by op */
  int is_disordered;
};

static int see_rows(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  struct seen *seen = ctx;
  (void)err;
  for (uint32_t i = 0; i < n; i++) {
    seen->n_row[row[i].client]++;
    seen->is_disordered |= row[i].arrive_ns > row[i].reach_ns || row[i].reach_ns > row[i].end_ns;
  }
  return CR_OK;
}

static void see_op(void *ctx, const struct cr_op_span *span)
{
  struct seen *seen = ctx;
  seen->worked[span->op] += seen->workload->op[span->op].blocks - span->n_left;
  seen->is_disordered |= span->start_ns > span->end_ns || span->start_ns < 0;
}

struct told {
  long launches, blocks, merged, pads;
};

/* A run of so many ns with all ops told or not, held against its own ledger. */
static void run_for(const struct cr_policy_ops *policy, const char *opt, int sees_ops, cr_ns ns, struct seen *seen,
                    struct cr_result *r, struct told *told)
{
  struct cuda_load l;
  struct load_record record = {0};
  struct cr_replay_report report;
  struct cr_err err = {""};
  const char *file = t_join(t_tmp(), "told");
  cuda_load_init(&l, 300, 1, NULL);
  setenv("STANDIN_CUDA_TOLD", file, 1);
  *seen = (struct seen){.workload = l.workload};
  for (uint32_t op = 0; op < N_OP; op++)
    seen->blocks[op] = l.workload->op[op].blocks;
  const struct cr_request_sink rows = {.ctx = seen, .write = see_rows};
  const struct cr_observer observer = {.ctx = seen, .on_op = see_op};
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "reef");
  cfg.policy = policy ? policy : cfg.policy;
  cfg.policy_options = opt;
  cfg.duration_ns = ns;
  cfg.ledger = load_record(&record);
  cfg.requests = &rows;
  cfg.observer = sees_ops ? &observer : NULL;
  if (cr_core_run(&cfg, r, &err) != CR_OK)
    fail_msg("%s: %s", opt, err.text);
  assert_int_equal(r->outcome, CR_DONE);
  assert_int_equal(r->n_refused, 0);
  assert_int_equal(cr_replay(l.workload, &l.machine, cfg.policy, opt, record.note, record.n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("%s: note %llu: %s, replayed %s", opt, (unsigned long long)report.first_difference, report.recorded,
             report.replayed);
  for (uint32_t c = 0; c < 2; c++) {
    assert_int_equal(r->client[c].n_done, seen->n_row[c]);
    assert_int_equal(r->client[c].n_arrived, r->client[c].n_done + r->client[c].n_pending);
  }
  assert_false(seen->is_disordered);
  char *text = t_read(file, NULL);
  assert_int_equal(sscanf(text, "%ld %ld %ld %ld", &told->launches, &told->blocks, &told->merged, &told->pads), 4);
  t_free(text);
  unsetenv("STANDIN_CUDA_TOLD");
  load_record_fini(&record);
  cuda_load_fini(&l);
}

/* One in which each client has finished requests; on a busy host that takes longer. */
static void run(const struct cr_policy_ops *policy, const char *opt, int sees_ops, struct seen *seen,
                struct cr_result *r, struct told *told)
{
  cr_ns ns = 60000000;
  for (int i = 1;; i++, ns *= 2) {
    run_for(policy, opt, sees_ops, ns, seen, r, told);
    if (seen->n_row[0] && seen->n_row[1])
      return;
    if (i == TRIES)
      fail_msg("%s: %llu and %llu requests done", opt, (unsigned long long)seen->n_row[0],
               (unsigned long long)seen->n_row[1]);
    cr_result_fini(r);
  }
}

/* Of ops from..to, which one client runs, request after request: all blocks of those that are finished, once, and of the one that
 * was under way at the end those up to where it had come. */
static void each_block_once(const struct seen *seen, uint32_t from, uint32_t to, uint64_t n_done)
{
  int is_past = 0;
  for (uint32_t op = from; op < to; op++) {
    uint64_t blocks = seen->blocks[op], of_done = n_done * blocks;
    if (!blocks)
      continue;
    if (seen->worked[op] < of_done || seen->worked[op] > of_done + blocks || (is_past && seen->worked[op] != of_done))
      fail_msg("op %u: %llu blocks of %llu requests with %llu each", op, (unsigned long long)seen->worked[op],
               (unsigned long long)n_done, (unsigned long long)blocks);
    is_past |= seen->worked[op] < of_done + blocks;
  }
}

static void padded_blocks_are_run_once(const char *opt, int wants_cuts)
{
  struct seen seen;
  struct cr_result r;
  struct told told;
  uint64_t n_cut = 0;
  for (int i = 0; i < TRIES && (i == 0 || (wants_cuts && n_cut == 0));
       i++) { /* a busy host may be late with all preemptions */
    run(&padder, opt, 1, &seen, &r, &told);
    each_block_once(&seen, 0, N_RT, seen.n_row[0]);
    each_block_once(&seen, N_RT, N_OP, seen.n_row[1]);
    n_cut += r.n_cut;
    assert_true(told.merged > 0);
    assert_int_equal(told.pads, told.merged);
    cr_result_fini(&r);
  }
  assert_true(!wants_cuts || n_cut > 0);
}

static void blocks_of_padded_launches_are_run_once(void **state)
{
  (void)state;
  padded_blocks_are_run_once("blocks=150", 0);
  padded_blocks_are_run_once("queue=0", 0);
  padded_blocks_are_run_once("blocks=1,queue=1", 0);
  padded_blocks_are_run_once("blocks=5000,queue=0", 0); /* whole ops */
}

static void evicted_launches_leave_no_block_out_and_run_none_twice(void **state)
{
  (void)state;
  padded_blocks_are_run_once("after=20us,blocks=400", 1);
  padded_blocks_are_run_once("after=45us,blocks=400,queue=1", 1);
}

static void parked_ones_neither(void **state)
{
  (void)state;
  padded_blocks_are_run_once("after=20us,how=park,queue=1", 0);
}

/* What was lost runs again: no block is left out. */
static void killed_launches_start_over(void **state)
{
  (void)state;
  struct seen seen;
  struct cr_result r;
  struct told told;
  uint64_t n_killed = 0;
  for (int i = 0; i < TRIES && n_killed == 0; i++) {
    run(&padder, "after=20us,how=kill,blocks=400", 1, &seen, &r, &told);
    for (uint32_t op = 0; op < N_OP; op++)
      assert_true(seen.worked[op] >= seen.n_row[op >= N_RT] * seen.blocks[op]);
    n_killed += r.n_killed;
    cr_result_fini(&r);
  }
  assert_true(n_killed > 0);
}

/* Beside what the executor counts, the pretended GPU counts.  Its graphs and marks before the run are known; what was on it as the run
 * ended it counts alone. */
static void the_gpu_has_done_what_is_told(void **state)
{
  (void)state;
  struct seen seen;
  struct cr_result r;
  struct told told;
  run(&padder, "after=20us,blocks=400", 1, &seen, &r, &told);
  uint64_t sum = 0, first = 4 * 300 + 1056, most = 4 * (300 + 400) + 2 * 1056;
  for (uint32_t op = 0; op < N_OP; op++)
    sum += seen.worked[op];
  assert_true(sum > 0);
  uint64_t marks = 200 + 2 * r.client[0].n_arrived; /* of the clock and behind memsets */
  assert_true((uint64_t)told.blocks >= sum + first);
  assert_true((uint64_t)told.blocks <= sum + first + marks + most);
  cr_result_fini(&r);
}

static void slices_are_run_once(void **state)
{
  (void)state;
  static const char *const option[] = {"queue=0", "queue=2"};
  for (size_t i = 0; i < 2; i++)
    for (int sees_ops = 0; sees_ops < 2; sees_ops++) {
      struct seen seen;
      struct cr_result r;
      struct told told;
      run(&slicer, option[i], sees_ops, &seen, &r, &told);
      assert_int_equal(told.merged, 0);
      if (sees_ops)
        each_block_once(&seen, N_RT, N_OP, seen.n_row[1]);
      cr_result_fini(&r);
    }
}

/* --- what goes wrong ----------------------------------------------------------------------------------------------- */

static void check_fault(const char *fault, const char *sentence)
{
  struct cuda_load l;
  struct cr_result r;
  struct cr_err err = {""};
  setenv("CORUN_PATIENCE", "200ms", 1);
  cuda_load_init(&l, 300, 1, fault);
  struct cr_core_cfg cfg = cuda_load_cfg(&l, "reef");
  cfg.policy = &slicer;
  cfg.duration_ns = 10000000000;
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_ERUN);
  if (!strstr(err.text, sentence))
    fail_msg("%s: wanted %s\ngot %s", fault, sentence, err.text);
  cr_result_fini(&r);
  cuda_load_fini(&l);
  unsetenv("CORUN_PATIENCE");
}

static void a_slice_that_fails_ends_the_run(void **state)
{
  (void)state;
  check_fault("launch=30", "the launch of an op: unspecified launch failure (CUDA_ERROR_LAUNCH_FAILED)");
}

/* The last case: a GPU that hangs is never let go. */
static void a_slice_that_never_ends_is_given_up(void **state)
{
  (void)state;
  check_fault("hang=30", "has not ended on the GPU for");
}

/* --- reef ---------------------------------------------------------------------------------------------------------- */

static void reef_pads_and_replays(void **state)
{
  (void)state;
  static const struct {
    const char *opt;
    int pads;
  } is[] = {{"rules=none,grains=0", 1},
            {"several=yes,rules=none,grains=0", 1},
            {"padding=no", 0},
            {"rules=none,grains=0,restore=exact", 1}};
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++)
    for (int sees_ops = 0; sees_ops < 2; sees_ops++) {
      struct seen seen;
      struct cr_result r;
      struct told told;
      run(NULL, is[i].opt, sees_ops, &seen, &r, &told);
      if (is[i].pads ? told.merged == 0 : told.merged != 0)
        fail_msg("%s: %ld merged launches", is[i].opt, told.merged);
      for (uint32_t op = 0; sees_ops && op < N_OP; op++)
        assert_true(seen.worked[op] >= seen.n_row[op >= N_RT] * seen.blocks[op]);
      cr_result_fini(&r);
    }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(blocks_of_padded_launches_are_run_once),
    cmocka_unit_test(evicted_launches_leave_no_block_out_and_run_none_twice),
    cmocka_unit_test(parked_ones_neither),
    cmocka_unit_test(killed_launches_start_over),
    cmocka_unit_test(the_gpu_has_done_what_is_told),
    cmocka_unit_test(slices_are_run_once),
    cmocka_unit_test(a_slice_that_fails_ends_the_run),
    cmocka_unit_test(reef_pads_and_replays),
    cmocka_unit_test(a_slice_that_never_ends_is_given_up),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
