/* gpu.c - the life of kernels on the device: away, pending, placed, ended; and the search for what happens next.
 *
 * A stream has one op on the device at a time.  It is away (gap, launch) until ready, then pending; pending kernels stand in
 * order of (priority, arrival) and place blocks as gpu_sm.c finds room.  At most a few dozen cohorts are resident, so the
 * next event is found by scanning them: cheaper than keeping a queue while every change re-rates all of them.  What did
 * not change is not scanned: streams that wait, cohorts and the queue each have their own first instant of change. */
#include "config.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "sim/gpu_int.h"
#include "sim/mem.h"

/* What the hot loop asks of a shape and an op, ready to use. */
static void complete_shape(const struct cr_gpu *g, const struct cr_op_spec *op, struct shape *k)
{
  k->need = cr_gpu_pack(k->warps, 1, k->reg_units, k->smem);
  k->wait_ns = cr_gpu_round(k->away_ns);
  k->dram_bytes = op->dram_bytes > 0 ? (double)op->dram_bytes : 0;
  k->kind = op->kind;
  k->queued = k->blocks > 0 || (op->kind == CR_OP_MEMSET && g->model.has[CR_GPU_HAS_MEMSET]);
}

static int shape_ops(struct cr_gpu *g, uint32_t n_op, const uint32_t *op_index, struct cr_err *err)
{
  for (uint32_t i = 0; i < n_op; i++) {
    int rc = cr_gpu_shape(g, &g->op[i], op_index[i], &g->shape[i], err);
    if (rc)
      return rc;
    complete_shape(g, &g->op[i], &g->shape[i]);
  }
  return CR_OK;
}

static int take_tables(struct cr_gpu *g, uint32_t n_op)
{
  struct cr_arena *a = g->arena;
  g->shape = cr_arena_take(a, n_op, sizeof *g->shape);
  g->part = cr_arena_take(a, g->n_stream, sizeof *g->part);
  g->kernel = cr_arena_take(a, g->n_stream, sizeof *g->kernel);
  g->share = cr_arena_take(a, g->n_stream, sizeof *g->share);
  g->start_seq = cr_arena_take(a, g->n_stream, sizeof *g->start_seq);
  g->cold_factor = cr_arena_take(a, (size_t)g->n_stream + 1, sizeof *g->cold_factor);
  g->pending = cr_arena_take(a, g->n_stream, sizeof *g->pending);
  g->waiting = cr_arena_take(a, g->n_stream, sizeof *g->waiting);
  g->cohort = cr_arena_take(a, COHORT_CAP, sizeof *g->cohort);
  g->met = cr_arena_take(a, (size_t)COHORT_CAP * COHORT_CAP, sizeof *g->met);
  g->met_part = cr_arena_take(a, COHORT_CAP, sizeof *g->met_part);
  g->live = cr_arena_take(a, COHORT_CAP, sizeof *g->live);
  if (!g->shape || !g->part || !g->kernel || !g->share || !g->start_seq || !g->cold_factor || !g->pending ||
      !g->waiting || !g->cohort || !g->met || !g->met_part || !g->live)
    return CR_ENOMEM;
  for (uint32_t i = 1; i <= g->n_stream; i++)
    g->cold_factor[i] = pow(i, g->model.constant[CR_GPU_COLD_STREAMS]);
  return cr_copies_init(&g->copies, g->model.constant[CR_GPU_DUPLEX], g->n_stream, a);
}

/* Four counts of an SM share a word (gpu_int.h). */
static int check_limits(const struct cr_device_desc *d, struct cr_err *err)
{
  if (d->sm_warps > WARPS_MAX)
    return cr_fail(err, CR_EINPUT, "%s: sm_warps: the device model follows at most %d warps an SM", d->name, WARPS_MAX);
  if (d->sm_regs / d->warp_regs_unit > REGS_MAX)
    return cr_fail(err, CR_EINPUT, "%s: sm_regs: the device model follows at most %d times warp_regs_unit", d->name,
                   REGS_MAX);
  if (d->sm_smem_bytes > SMEM_MAX)
    return cr_fail(err, CR_EINPUT, "%s: sm_smem: the device model follows at most %d bytes an SM", d->name, SMEM_MAX);
  return CR_OK;
}

int cr_gpu_new(const struct cr_device_desc *d, const struct cr_gpu_model *model, const struct cr_op_spec *op,
               const uint32_t *op_index, uint32_t n_op, uint32_t n_stream, struct cr_gpu **out, struct cr_err *err)
{
  int rc = check_limits(d, err);
  if (rc)
    return rc;
  struct cr_arena *arena = cr_arena_new();
  struct cr_gpu *g = arena ? cr_arena_take(arena, 1, sizeof *g) : NULL;
  if (!g) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "the device model");
  }
  g->device = d;
  g->model = *model;
  g->op = op;
  g->arena = arena;
  g->n_stream = n_stream;
  g->next_ns = g->cohort_next_ns = g->waiting_next_ns = CR_NS_NEVER;
  g->leaving = CR_NONE;
  g->younger = model->has[CR_GPU_HAS_AGE] ? model->constant[CR_GPU_YOUNGER] : 1;
  g->frontend_each_ns = cr_gpu_round(model->constant[CR_GPU_FRONTEND] * 1e3);
  rc = cr_gpu_sms_init(&g->sms, d, model, arena);
  if (!rc)
    rc = take_tables(g, n_op);
  if (rc)
    cr_fail_nomem(err, "the device model");
  else
    rc = shape_ops(g, n_op, op_index, err);
  if (rc) {
    cr_gpu_free(g);
    return rc;
  }
  *out = g;
  return CR_OK;
}

void cr_gpu_free(struct cr_gpu *g)
{
  if (g)
    cr_arena_free(g->arena);
}

void cr_gpu_set_priority(struct cr_gpu *g, uint32_t stream, int32_t priority)
{
  g->kernel[stream].priority = priority;
}

/* The stream waits until then, among the others in order of number. */
static void wait_until(struct cr_gpu *g, uint32_t stream, cr_ns ready_ns)
{
  uint32_t at = g->n_waiting++;
  for (; at > 0 && g->waiting[at - 1].stream > stream; at--)
    g->waiting[at] = g->waiting[at - 1];
  g->waiting[at] = (struct waiting){.ready_ns = ready_ns, .stream = stream};
  g->waiting_next_ns = cr_min_ns(g->waiting_next_ns, ready_ns);
}

/* The stream's op is of this shape. */
static void start(struct cr_gpu *g, uint32_t stream, uint32_t op, const struct shape *shape, cr_ns from_ns)
{
  struct kernel *k = &g->kernel[stream];
  k->state = AWAY;
  k->op = op;
  k->shape = shape;
  k->left = shape->blocks;
  k->given_up = 0;
  k->is_pad = 0;
  k->running = 0;
  k->started = 0;
  k->tried = 0;
  k->newest = CR_NONE;
  g->n_active++;
  cr_ns ready_ns = cr_max_ns(cr_ns_add(from_ns, shape->wait_ns), g->now_ns);
  wait_until(g, stream, ready_ns);
  g->next_ns = cr_min_ns(g->next_ns, ready_ns);
}

void cr_gpu_start(struct cr_gpu *g, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns)
{
  start(g, stream, op, &g->shape[op], cr_max_ns(from_ns, launched_ns));
}

/* A block that needs so many registers that no more than n fit on an SM. */
static void cap_sm_blocks(const struct cr_gpu *g, struct shape *k, uint32_t n)
{
  uint32_t units = cr_gpu_reg_units(g->sms.limit) / n;
  if (units <= k->reg_units)
    return;
  k->reg_units = units;
  k->per_reg_unit = 1.0f / (float)units;
  k->need = cr_gpu_pack(k->warps, 1, k->reg_units, k->smem);
}

void cr_gpu_start_part(struct cr_gpu *g, uint32_t stream, const struct cr_gpu_part *part, cr_ns from_ns,
                       cr_ns launched_ns)
{
  struct shape *shape = &g->part[stream];
  *shape = g->shape[part->op];
  if (part->n_block && part->n_block < shape->blocks) {
    shape->dram_bytes *= (double)part->n_block / shape->blocks;
    shape->blocks = part->n_block;
  }
  if (part->sm_blocks)
    cap_sm_blocks(g, shape, part->sm_blocks);
  start(g, stream, part->op, shape, cr_max_ns(from_ns, launched_ns));
  g->kernel[stream].is_pad = part->is_pad;
}

cr_ns cr_gpu_next_ns(const struct cr_gpu *g)
{
  return g->next_ns;
}

/* ------------------------------------------------------------------------------------------------ becoming pending */

static void enqueue(struct cr_gpu *g, uint32_t stream)
{
  struct kernel *k = &g->kernel[stream];
  int ordered = g->model.has[CR_GPU_HAS_PRIORITY];
  k->state = PENDING;
  uint32_t at = g->n_pending++;
  while (ordered && at > 0 && g->kernel[g->pending[at - 1]].priority > k->priority) {
    g->pending[at] = g->pending[at - 1];
    at--;
  }
  g->pending[at] = stream;
  if (at == 0) /* a new head: try it */
    g->stuck = 0;
}

/* Runs beside the SMs.  When it ends, or CR_NS_NEVER for a copy: that is for its engine to say. */
static cr_ns run_plain(struct cr_gpu *g, uint32_t stream)
{
  struct kernel *k = &g->kernel[stream];
  const struct shape *shape = k->shape;
  if (cr_is_copy(shape->kind)) {
    k->state = COPYING;
    cr_copies_add(&g->copies, stream, &g->op[k->op], g->now_ns);
    return CR_NS_NEVER;
  }
  k->state = PLAIN;
  k->start_ns = g->now_ns;
  return cr_ns_add(g->now_ns, cr_gpu_round(shape->body_ns));
}

/* An op that was away is ready.  Until when it waits now, or CR_NS_NEVER where it is pending or a copy. */
static cr_ns become_ready(struct cr_gpu *g, uint32_t stream)
{
  if (!g->kernel[stream].shape->queued)
    return run_plain(g, stream);
  if (g->model.has[CR_GPU_HAS_FRONTEND]) {
    if (g->frontend_ns > g->now_ns)
      return g->frontend_ns;
    g->frontend_ns = g->now_ns + g->frontend_each_ns;
  }
  enqueue(g, stream);
  return CR_NS_NEVER;
}

/* Those whose time away is over go on, in order of stream. */
static void take_ready(struct cr_gpu *g)
{
  uint32_t kept = 0;
  cr_ns next = CR_NS_NEVER;
  for (uint32_t i = 0; i < g->n_waiting; i++) {
    struct waiting w = g->waiting[i];
    if (w.ready_ns <= g->now_ns && g->kernel[w.stream].state == AWAY) {
      w.ready_ns = become_ready(g, w.stream);
      if (w.ready_ns == CR_NS_NEVER)
        continue;
    }
    next = cr_min_ns(next, w.ready_ns);
    g->waiting[kept++] = w;
  }
  g->n_waiting = kept;
  g->waiting_next_ns = next;
}

/* ----------------------------------------------------------------------------------------------------- placing blocks */

/* This kernel starts; the extra time it pays for other streams that started one since its own stream's last start. */
static double start_cold(struct cr_gpu *g, uint32_t stream, const struct shape *shape)
{
  struct kernel *k = &g->kernel[stream];
  uint64_t last = g->start_seq[stream];
  uint32_t n_other = 0;
  for (uint32_t i = 0; i < g->n_stream; i++)
    n_other += g->start_seq[i] > last;
  k->started = 1;
  k->start_ns = g->now_ns;
  if (k->is_pad)
    return 0;
  g->start_seq[stream] = ++g->n_start;
  if (n_other == 0 || !g->model.has[CR_GPU_HAS_COLD])
    return 0;
  return shape->cold_ns * g->cold_factor[n_other];
}

static void place(struct cr_gpu *g, uint32_t stream)
{
  struct kernel *k = &g->kernel[stream];
  const struct shape *shape = k->shape;
  uint32_t joined = cr_gpu_cohort_joinable(g, k), slot = joined == CR_NONE ? cr_gpu_cohort_slot(g) : joined;
  if (slot == CR_NONE)
    return;
  uint32_t n = cr_gpu_sms_place(&g->sms, shape, k->left, slot, k->share, !k->tried);
  k->tried = 1;
  if (n == 0)
    return;
  double cold_ns = k->started ? 0 : start_cold(g, stream, shape);
  k->left -= n;
  k->running += n;
  g->dirty = 1;
  if (joined == CR_NONE)
    cr_gpu_cohort_begin(g, stream, slot, n, cold_ns);
  else
    cr_gpu_cohort_join(g, slot, n, cold_ns);
}

/* A kernel that may take up no more SMs waits for its own; it does not stop others. */
static int waits_aside(const struct cr_gpu *g, const struct kernel *k)
{
  return k->share && k->share->sms && cr_gpu_sms_held(&g->sms, k->share) >= k->share->sms;
}

static void dispatch(struct cr_gpu *g)
{
  if (g->leaving != CR_NONE) {
    if (g->stuck)
      cr_gpu_cohort_succeed(g);
    else
      cr_gpu_cohort_let_go(g);
  }
  if (g->n_pending == 0 || g->stuck)
    return;
  uint32_t kept = 0, i = 0;
  for (; i < g->n_pending; i++) {
    uint32_t stream = g->pending[i];
    struct kernel *k = &g->kernel[stream];
    if (k->shape->blocks == 0) {
      wait_until(g, stream, run_plain(g, stream));
      continue;
    }
    place(g, stream);
    if (k->left == 0) {
      k->state = PLACED;
      continue;
    }
    if (g->model.has[CR_GPU_HAS_HEADBLOCK] && !waits_aside(g, k)) {
      g->stuck = 1;
      break;
    }
    g->pending[kept++] = stream;
  }
  if (kept == i)
    return;
  for (; i < g->n_pending; i++)
    g->pending[kept++] = g->pending[i];
  g->n_pending = kept;
}

void cr_gpu_set_share(struct cr_gpu *g, uint32_t stream, uint32_t group, uint32_t sms)
{
  struct share *share = &g->share[group];
  struct kernel *k = &g->kernel[stream];
  if (g->leaving != CR_NONE)
    cr_gpu_cohort_let_go(g);
  for (uint32_t i = 0; i < g->n_live; i++)
    if (g->cohort[g->live[i]].kernel == stream) {
      if (k->share)
        cr_gpu_share_mark(k->share, g->live[i], 0);
      cr_gpu_share_mark(share, g->live[i], 1);
    }
  share->sms = sms < g->device->sms ? sms : 0;
  k->share = share;
  g->stuck = 0;
}

void cr_gpu_settle(struct cr_gpu *g)
{
  if (g->waiting_next_ns <= g->now_ns)
    take_ready(g);
  dispatch(g);
  if (g->dirty) {
    cr_gpu_rates(g);
    g->dirty = 0;
  }
  g->next_ns = cr_min_ns(cr_min_ns(g->cohort_next_ns, g->waiting_next_ns), g->copies.next_ns);
}

/* --------------------------------------------------------------------------------------------------- as time goes on */

static void count_use(struct cr_gpu *g, cr_ns to_ns)
{
  double dt = (double)(to_ns - g->now_ns);
  g->use.sm_ns += dt * g->sms.n_busy;
  g->use.warp_ns += dt * g->sms.n_warp;
  if (g->n_active)
    g->use.busy_ns += dt;
  if (g->copies.n)
    g->use.copy_ns += dt;
}

static void count_op(struct cr_gpu *g, const struct shape *op)
{
  if (op->kind == CR_OP_KERNEL)
    g->use.n_kernel++;
  else if (op->kind == CR_OP_MEMSET)
    g->use.n_memset++;
  else if (cr_is_copy(op->kind))
    g->use.n_copy++;
  g->use.dram_bytes += op->dram_bytes;
}

/* The stream's op ended: one more of n, in order of stream. */
static void end_op(struct cr_gpu *g, uint32_t stream, struct cr_gpu_end *out, uint32_t n)
{
  struct kernel *k = &g->kernel[stream];
  k->state = IDLE;
  g->n_active--;
  count_op(g, k->shape);
  for (; n > 0 && out[n - 1].stream > stream; n--)
    out[n] = out[n - 1];
  out[n] = (struct cr_gpu_end){.stream = stream, .op = k->op, .n_left = k->given_up, .start_ns = k->start_ns};
}

/* Takes the cohorts that end now off the SMs; the others keep their order.  How many ops ended with them. */
static uint32_t end_cohorts(struct cr_gpu *g, struct cr_gpu_end *out)
{
  uint32_t kept = g->due, n = 0;
  g->dirty = 1;
  if (g->n_due == 1 && cr_gpu_cohort_may_succeed(g, g->live[kept])) {
    g->leaving = kept;
    return 0;
  }
  for (uint32_t i = kept; i < g->n_live; i++) {
    uint32_t slot = g->live[i];
    const struct cohort *c = &g->cohort[slot];
    if (c->end_ns > g->now_ns) {
      g->live[kept++] = (uint16_t)slot;
      continue;
    }
    const struct kernel *k = &g->kernel[c->kernel];
    cr_gpu_cohort_end(g, slot, kept, i + 1);
    if (k->running == 0 && k->state == PLACED)
      end_op(g, c->kernel, out, n++);
  }
  g->n_live = kept;
  g->stuck = 0;
  return n;
}

/* Ends the plain ops whose time is over; how many ops ended now, with the n before. */
static uint32_t end_plain(struct cr_gpu *g, struct cr_gpu_end *out, uint32_t n)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < g->n_waiting; i++) {
    struct waiting w = g->waiting[i];
    if (w.ready_ns <= g->now_ns && g->kernel[w.stream].state == PLAIN)
      end_op(g, w.stream, out, n++);
    else
      g->waiting[kept++] = w;
  }
  g->n_waiting = kept;
  return n;
}

static uint32_t end_copies(struct cr_gpu *g, struct cr_gpu_end *out, uint32_t n)
{
  for (uint32_t stream; (stream = cr_copies_take(&g->copies, g->now_ns)) != CR_NONE; n++) {
    g->kernel[stream].start_ns = g->copies.start_ns[stream];
    end_op(g, stream, out, n);
  }
  return n;
}

uint32_t cr_gpu_advance(struct cr_gpu *g, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  assert(cap >= g->n_stream);
  count_use(g, to_ns);
  g->now_ns = to_ns;
  uint32_t n = g->cohort_next_ns <= to_ns ? end_cohorts(g, out) : 0;
  if (g->waiting_next_ns <= to_ns)
    n = end_plain(g, out, n);
  return g->copies.next_ns <= to_ns ? end_copies(g, out, n) : n;
}

/* ------------------------------------------------------------------------------------------------------------- stopping */

static void stop_waiting(struct cr_gpu *g, uint32_t stream)
{
  uint32_t kept = 0;
  g->waiting_next_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < g->n_waiting; i++)
    if (g->waiting[i].stream != stream) {
      g->waiting_next_ns = cr_min_ns(g->waiting_next_ns, g->waiting[i].ready_ns);
      g->waiting[kept++] = g->waiting[i];
    }
  g->n_waiting = kept;
}

static void stop_pending(struct cr_gpu *g, uint32_t stream)
{
  uint32_t i = 0;
  while (g->pending[i] != stream)
    i++;
  g->n_pending--;
  memmove(g->pending + i, g->pending + i + 1, (g->n_pending - i) * sizeof *g->pending);
  g->stuck = 0;
}

/* Takes all blocks of the stream's kernel off the SMs. */
static void stop_blocks(struct cr_gpu *g, uint32_t stream)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < g->n_live; i++) {
    uint32_t slot = g->live[i];
    if (g->cohort[slot].kernel == stream)
      cr_gpu_cohort_end(g, slot, kept, i + 1);
    else
      g->live[kept++] = (uint16_t)slot;
  }
  g->n_live = kept;
  g->stuck = 0;
  g->dirty = 1;
}

int cr_gpu_stop(struct cr_gpu *g, uint32_t stream, int kill, struct cr_gpu_end *out)
{
  struct kernel *k = &g->kernel[stream];
  assert(k->state != IDLE);
  *out = (struct cr_gpu_end){.stream = stream, .op = k->op, .start_ns = CR_NS_NEVER};
  if (k->state == PLAIN || k->state == COPYING)
    return 0;
  if (g->leaving != CR_NONE) {
    cr_gpu_cohort_let_go(g);
    g->stuck = 0;
  }
  g->next_ns = g->now_ns; /* to be settled */
  if (k->state == AWAY)
    stop_waiting(g, stream);
  if (k->state == PENDING)
    stop_pending(g, stream);
  if (kill)
    stop_blocks(g, stream);
  out->n_left = k->given_up = k->left;
  k->left = 0;
  if (k->running) {
    k->state = PLACED;
    return 0;
  }
  k->state = IDLE;
  g->n_active--;
  if (k->started)
    out->start_ns = k->start_ns;
  return 1;
}

uint32_t cr_gpu_run(struct cr_gpu *g, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap, cr_ns *now_ns)
{
  enum { LONG = 64 };
  for (int i = 0; i < LONG && g->next_ns < to_ns; i++) {
    *now_ns = g->next_ns;
    uint32_t n = cr_gpu_advance(g, g->next_ns, out, cap);
    if (n)
      return n;
    cr_gpu_settle(g);
  }
  return 0;
}

void cr_gpu_use(const struct cr_gpu *g, struct cr_use *out)
{
  *out = g->use;
}

void cr_gpu_occupied(const struct cr_gpu *g, uint32_t *sms_busy, uint32_t *warps)
{
  *sms_busy = g->sms.n_busy;
  *warps = g->sms.n_warp;
}
