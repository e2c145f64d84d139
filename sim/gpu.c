/* gpu.c - the life of kernels on the device: away, pending, placed, ended; and the search for what happens next.
 *
 * A stream has one op on the device at a time.  It is away (gap, launch) until ready, then pending; pending kernels stand in
 * order of (priority, arrival) and place blocks as gpu_sm.c finds room.  At most a few dozen cohorts are resident, so the
 * next event is found by scanning them: cheaper than keeping a queue while every change re-rates all of them. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "sim/gpu_int.h"
#include "sim/mem.h"

static int shape_ops(struct cr_gpu *g, uint32_t n_op, const uint32_t *op_index, struct cr_err *err)
{
  for (uint32_t i = 0; i < n_op; i++) {
    int rc = cr_gpu_shape(g, &g->op[i], op_index[i], &g->shape[i], err);
    if (rc)
      return rc;
  }
  return CR_OK;
}

static int take_tables(struct cr_gpu *g, uint32_t n_op)
{
  struct cr_arena *a = g->arena;
  g->shape = cr_arena_take(a, n_op, sizeof *g->shape);
  g->kernel = cr_arena_take(a, g->n_stream, sizeof *g->kernel);
  g->pending = cr_arena_take(a, g->n_stream, sizeof *g->pending);
  g->cohort = cr_arena_take(a, COHORT_CAP, sizeof *g->cohort);
  g->live = cr_arena_take(a, COHORT_CAP, sizeof *g->live);
  if (!g->shape || !g->kernel || !g->pending || !g->cohort || !g->live)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < COHORT_CAP; i++)
    g->cohort[i].next = i + 1 < COHORT_CAP ? i + 1 : CR_NONE;
  return CR_OK;
}

int cr_gpu_new(const struct cr_device_desc *d, const struct cr_gpu_model *model, const struct cr_op_spec *op,
               const uint32_t *op_index, uint32_t n_op, uint32_t n_stream, struct cr_gpu **out, struct cr_err *err)
{
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
  g->next_ns = CR_NS_NEVER;
  int rc = cr_gpu_sms_init(&g->sms, d, arena);
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

static cr_ns round_ns(double ns)
{
  return (cr_ns)llrint(ns);
}

void cr_gpu_start(struct cr_gpu *g, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns)
{
  struct kernel *k = &g->kernel[stream];
  const struct shape *shape = &g->shape[op];
  k->state = AWAY;
  k->op = op;
  k->left = shape->blocks;
  k->running = 0;
  k->started = 0;
  k->newest = CR_NONE;
  k->ready_ns = cr_ns_add(cr_max_ns(from_ns, launched_ns), round_ns(shape->away_ns));
  g->n_active++;
  if (k->ready_ns < g->now_ns)
    k->ready_ns = g->now_ns;
  g->next_ns = cr_min_ns(g->next_ns, k->ready_ns);
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
  k->seq = g->n_seq++;
  uint32_t at = g->n_pending++;
  while (ordered && at > 0 && g->kernel[g->pending[at - 1]].priority > k->priority) {
    g->pending[at] = g->pending[at - 1];
    at--;
  }
  g->pending[at] = stream;
  if (at == 0) /* a new head: try it */
    g->stuck = 0;
}

static int is_copy(enum cr_op_kind kind)
{
  return kind == CR_OP_COPY_H2D || kind == CR_OP_COPY_D2H || kind == CR_OP_COPY_D2D;
}

/* Runs beside the SMs: copies one at a time in each direction, memsets and host work at once. */
static void run_plain(struct cr_gpu *g, uint32_t stream)
{
  struct kernel *k = &g->kernel[stream];
  const struct cr_op_spec *op = &g->op[k->op];
  cr_ns start_ns = g->now_ns;
  cr_ns duration_ns = round_ns(g->shape[k->op].body_ns);
  if (is_copy(op->kind)) {
    cr_ns *free_ns = &g->copy_free_ns[op->kind - CR_OP_COPY_H2D];
    start_ns = cr_max_ns(start_ns, *free_ns);
    *free_ns = cr_ns_add(start_ns, duration_ns);
    g->n_copying++;
  }
  k->state = PLAIN;
  k->start_ns = start_ns;
  k->ready_ns = cr_ns_add(start_ns, duration_ns);
}

static void become_ready(struct cr_gpu *g, uint32_t stream)
{
  struct kernel *k = &g->kernel[stream];
  const struct cr_op_spec *op = &g->op[k->op];
  int queued = g->shape[k->op].blocks > 0 || (op->kind == CR_OP_MEMSET && g->model.has[CR_GPU_HAS_MEMSET]);
  if (!queued) {
    run_plain(g, stream);
    return;
  }
  if (g->model.has[CR_GPU_HAS_FRONTEND]) {
    if (g->frontend_ns > g->now_ns) {
      k->ready_ns = g->frontend_ns;
      return;
    }
    g->frontend_ns = g->now_ns + round_ns(g->model.constant[CR_GPU_FRONTEND] * 1e3);
  }
  enqueue(g, stream);
}

/* ----------------------------------------------------------------------------------------------------- placing blocks */

/* This kernel starts; the extra time it pays for other streams that started one since its own stream's last start. */
static double start_cold(struct cr_gpu *g, struct kernel *k, const struct shape *shape)
{
  uint32_t n_other = 0;
  for (uint32_t i = 0; i < g->n_stream; i++)
    n_other += g->kernel[i].start_seq > k->start_seq;
  k->start_seq = ++g->n_start;
  k->started = 1;
  k->start_ns = g->now_ns;
  if (n_other == 0 || !g->model.has[CR_GPU_HAS_COLD])
    return 0;
  return shape->cold_ns * pow(n_other, g->model.constant[CR_GPU_COLD_STREAMS]);
}

/* The cohort that new blocks of the kernel may join, at the mean of what is left, or CR_NONE.  On busy SMs blocks of a
 * large grid are placed a few at a time; were each of these few a cohort of its own, eight streams would take five times
 * as many events. */
static uint32_t joinable(const struct cr_gpu *g, const struct kernel *k, const struct shape *shape)
{
  if (!k->started || k->running == 0 || k->newest == CR_NONE)
    return CR_NONE;
  double age_ns = (double)(g->now_ns - g->cohort[k->newest].placed_ns);
  return age_ns < g->model.constant[CR_GPU_JOIN] * shape->body_ns ? k->newest : CR_NONE;
}

static struct cohort *new_cohort(struct cr_gpu *g, uint32_t stream, uint32_t slot)
{
  struct cohort *c = &g->cohort[slot];
  g->free_cohort = c->next;
  g->live[g->n_live++] = (uint16_t)slot;
  const struct shape *shape = &g->shape[g->kernel[stream].op];
  *c = (struct cohort){
    .kernel = stream, .shape = shape, .load = shape->load, .slow = 1, .placed_ns = g->now_ns, .since_ns = g->now_ns};
  return c;
}

/* n fresh blocks in a cohort, whose progress becomes the mean of all. */
static void add_blocks(struct cr_gpu *g, struct cohort *c, const struct shape *shape, uint32_t n, double cold_ns)
{
  double share = (double)n / (double)(n + c->n);
  cr_gpu_progress(c, g->now_ns);
  c->flat_ns += share * (shape->flat_ns + cold_ns - c->flat_ns);
  c->work_ns += share * (shape->body_ns - shape->flat_ns - c->work_ns);
  c->n += n;
  c->end_ns = CR_NS_NEVER;
}

static void place(struct cr_gpu *g, uint32_t stream)
{
  struct kernel *k = &g->kernel[stream];
  const struct shape *shape = &g->shape[k->op];
  uint32_t joined = joinable(g, k, shape), slot = joined == CR_NONE ? g->free_cohort : joined;
  if (slot == CR_NONE)
    return;
  uint32_t n = cr_gpu_sms_place(&g->sms, &g->model, shape, k->left, slot);
  if (n == 0)
    return;
  double cold_ns = k->started ? 0 : start_cold(g, k, shape);
  k->left -= n;
  k->running += n;
  g->dirty = 1;
  if (joined == CR_NONE) {
    new_cohort(g, stream, slot);
    k->newest = slot;
    uint32_t fewer = g->free_cohort;
    uint32_t n_fewer = shape->parted && fewer != CR_NONE ? cr_gpu_sms_part(&g->sms, slot, fewer) : 0;
    if (n_fewer)
      add_blocks(g, new_cohort(g, stream, fewer), shape, n_fewer, cold_ns);
    n -= n_fewer;
  }
  add_blocks(g, &g->cohort[slot], shape, n, cold_ns);
}

static void dispatch(struct cr_gpu *g)
{
  uint32_t kept = 0, i = 0;
  for (; i < g->n_pending; i++) {
    uint32_t stream = g->pending[i];
    struct kernel *k = &g->kernel[stream];
    if (g->shape[k->op].blocks == 0) {
      run_plain(g, stream);
      continue;
    }
    if (!g->stuck)
      place(g, stream);
    if (k->left == 0) {
      k->state = PLACED;
      continue;
    }
    if (g->model.has[CR_GPU_HAS_HEADBLOCK]) {
      g->stuck = 1;
      break;
    }
    g->pending[kept++] = stream;
  }
  for (; i < g->n_pending; i++)
    g->pending[kept++] = g->pending[i];
  g->n_pending = kept;
}

static void find_next(struct cr_gpu *g)
{
  cr_ns next = CR_NS_NEVER;
  for (uint32_t i = 0; i < g->n_live; i++)
    next = cr_min_ns(next, g->cohort[g->live[i]].end_ns);
  for (uint32_t i = 0; i < g->n_stream; i++)
    if (g->kernel[i].state == AWAY || g->kernel[i].state == PLAIN)
      next = cr_min_ns(next, g->kernel[i].ready_ns);
  g->next_ns = next;
}

void cr_gpu_settle(struct cr_gpu *g)
{
  for (uint32_t i = 0; i < g->n_stream; i++)
    if (g->kernel[i].state == AWAY && g->kernel[i].ready_ns <= g->now_ns)
      become_ready(g, i);
  dispatch(g);
  if (g->dirty) {
    cr_gpu_rates(g);
    g->dirty = 0;
  }
  find_next(g);
}

/* --------------------------------------------------------------------------------------------------- as time goes on */

static void count_use(struct cr_gpu *g, cr_ns to_ns)
{
  double dt = (double)(to_ns - g->now_ns);
  g->use.sm_ns += dt * g->sms.n_busy;
  g->use.warp_ns += dt * g->sms.n_warp;
  if (g->n_active)
    g->use.busy_ns += dt;
  if (g->n_copying)
    g->use.copy_ns += dt;
}

static void count_op(struct cr_gpu *g, const struct cr_op_spec *op)
{
  if (op->kind == CR_OP_KERNEL)
    g->use.n_kernel++;
  else if (op->kind == CR_OP_MEMSET)
    g->use.n_memset++;
  else if (is_copy(op->kind)) {
    g->use.n_copy++;
    g->n_copying--;
  }
  if (op->dram_bytes > 0)
    g->use.dram_bytes += (double)op->dram_bytes;
}

/* Takes the cohorts that end now off the SMs; the others keep their order. */
static void end_cohorts(struct cr_gpu *g)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < g->n_live; i++) {
    uint32_t slot = g->live[i];
    struct cohort *c = &g->cohort[slot];
    if (c->end_ns > g->now_ns) {
      g->live[kept++] = (uint16_t)slot;
      continue;
    }
    struct kernel *k = &g->kernel[c->kernel];
    cr_gpu_sms_release(&g->sms, &g->shape[k->op], slot);
    k->running -= c->n;
    g->stuck = 0;
    if (k->newest == slot)
      k->newest = CR_NONE;
    c->next = g->free_cohort;
    g->free_cohort = slot;
    g->dirty = 1;
  }
  g->n_live = kept;
}

uint32_t cr_gpu_advance(struct cr_gpu *g, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  count_use(g, to_ns);
  g->now_ns = to_ns;
  if (to_ns < g->next_ns)
    return 0;
  end_cohorts(g);
  uint32_t n = 0;
  for (uint32_t i = 0; i < g->n_stream && n < cap; i++) {
    struct kernel *k = &g->kernel[i];
    int ended = k->state == PLACED ? k->running == 0 : k->state == PLAIN && k->ready_ns <= to_ns;
    if (!ended)
      continue;
    k->state = IDLE;
    g->n_active--;
    count_op(g, &g->op[k->op]);
    out[n++] = (struct cr_gpu_end){.stream = i, .op = k->op, .start_ns = k->start_ns};
  }
  return n;
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
