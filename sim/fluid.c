/* fluid.c - the faster device model: whole kernels as fluids that share one pool of SMs.
 *
 * A kernel of the wave model is many cohorts on single SMs; here it has a number of blocks on the device, how many SMs
 * these are spread over, and one rate.
 *
 *   room      blocks of a kernel that fit: on SMs without blocks as many as an empty SM holds; on the others as many as
 *             the mean of them has room for.  A head that finds less than it wants stops those behind it.
 *   progress  n blocks do n blocks' work at a time, slowed by the load seen: their own, an SM's mean, and that of others
 *             as far as the spans of SMs must overlap when each kernel takes the emptiest SMs.
 *   end       a kernel ends one block's time after its last blocks were placed.
 *
 * The slots of its blocks that have ended go to its next ones, so that a kernel changes only when it starts, when its full
 * waves are over, when its last blocks are placed, and when it ends: one to four events whatever its grid.  An event costs
 * a scan of the streams and of the kernels with blocks on SMs.  Decisions compare integers: blocks, warps, ns. */
#include "config.h"

#include "sim/fluid_int.h"
#include "sim/gpu_int.h"

#include <math.h>
#include <string.h>

/* A kernel whose gap is shorter and whom nobody waits before takes its SMs at once and begins when the gap is over: one
 * event less.  2 us against 0 halves the events and changes no error by a tenth of a point. */
enum { EARLY_NS = 2000 };

static int take_tables(struct cr_fluid *f, uint32_t n_op)
{
  struct cr_arena *a = f->arena;
  uint32_t n = f->n_stream;
  f->shape = cr_arena_take(a, n_op, sizeof *f->shape);
  f->kernel = cr_arena_take(a, n, sizeof *f->kernel);
  f->at_ns = cr_arena_take(a, n, sizeof *f->at_ns);
  f->start_seq = cr_arena_take(a, n, sizeof *f->start_seq);
  f->cold_by_n = cr_arena_take(a, n + (size_t)1, sizeof *f->cold_by_n);
  f->per_n = cr_arena_take(a, f->n_sm + (size_t)1, sizeof *f->per_n);
  f->pending = cr_arena_take(a, n, sizeof *f->pending);
  f->live = cr_arena_take(a, n, sizeof *f->live);
  f->due = cr_arena_take(a, n, sizeof *f->due);
  f->group_sms = cr_arena_take(a, n, sizeof *f->group_sms);
  f->group_used = cr_arena_take(a, n, sizeof *f->group_used);
  if (!f->shape || !f->kernel || !f->at_ns || !f->start_seq || !f->cold_by_n || !f->per_n || !f->pending || !f->live ||
      !f->due || !f->group_sms || !f->group_used)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    f->at_ns[i] = CR_NS_NEVER;
    f->kernel[i].group = CR_NONE;
  }
  for (uint32_t i = 1; i <= n; i++)
    f->cold_by_n[i] = f->model.has[CR_GPU_HAS_COLD] ? pow(i, f->model.constant[CR_GPU_COLD_STREAMS]) : 0;
  for (uint32_t i = 1; i <= f->n_sm; i++)
    f->per_n[i] = 1.0 / i;
  return cr_copies_init(&f->copies, f->model.constant[CR_GPU_DUPLEX], n, a);
}

static void destroy(void *self)
{
  struct cr_fluid *f = self;
  if (f)
    cr_arena_free(f->arena);
}

static int make(const struct cr_device_model_cfg *cfg, void **self, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_fluid *f = arena ? cr_arena_take(arena, 1, sizeof *f) : NULL;
  if (!f) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "the device model");
  }
  const struct cr_device_desc *d = f->device = cfg->device;
  f->model = *cfg->model;
  f->op = cfg->op;
  f->arena = arena;
  f->n_stream = cfg->n_stream;
  f->n_sm = d->sms;
  f->next_ns = CR_NS_NEVER;
  const uint32_t limit[N_FLUID_POOL] = {d->sm_warps, d->sm_regs / d->warp_regs_unit * cr_gpu_reg_parts(d),
                                        (uint32_t)(d->sm_smem_bytes / d->smem_unit_bytes), d->sm_blocks};
  memcpy(f->limit, limit, sizeof limit);
  int rc = take_tables(f, cfg->n_op);
  if (rc)
    cr_fail_nomem(err, "the device model");
  for (uint32_t i = 0; !rc && i < cfg->n_op; i++)
    rc = cr_fluid_shape(d, &f->model, &f->op[i], cfg->op_index[i], &f->shape[i], err);
  if (rc) {
    destroy(f);
    return rc;
  }
  *self = f;
  return CR_OK;
}

/* -------------------------------------------------------------------------------------------------------------- room */

static inline uint32_t busy_sms(const struct cr_fluid *f)
{
  return cr_min_u32(f->on[0].span + f->on[1].span, f->n_sm);
}

/* Blocks that fit on so many SMs beside blocks that leave room.  Beside one kernel all SMs are alike, and a part of a block
 * that is left over on each is lost; where several lie, SMs differ, and half of what is left over is taken to be lost.
 * Quotients are products with reciprocals: (a + 1/2) / b is never within their rounding of an integer, since a < 2^32. */
static uint32_t fit_beside(const struct cr_fluid *f, const struct fluid_shape *s, uint32_t sms)
{
  double blocks = s->sm_fit * sms + 0.5;
  for (int r = 0; r < N_FLUID_POOL; r++) {
    double left = sms * f->limit[r] - (double)fluid_amount(f->on[0].used, (enum fluid_pool)r) + 0.5;
    double fit = left * s->per_need[r];
    blocks = fit < blocks ? fit : blocks;
  }
  if (blocks < 1)
    return 0;
  uint32_t all = (uint32_t)(int64_t)blocks, alike = (uint32_t)(int64_t)(blocks * f->per_n[sms]) * sms;
  return f->n_live < 2 ? alike : (alike + all) / 2;
}

static uint32_t group_room(const struct cr_fluid *f, const struct fluid_kernel *k, const struct fluid_shape *s)
{
  uint64_t limit = f->group_sms[k->group] * FLUID_SM, used = f->group_used[k->group];
  return used < limit ? (uint32_t)((limit - used) / (FLUID_SM / s->sm_fit)) : 0;
}

/* How many blocks there is room for, at most `most`, and on how many SMs they would lie. */
static uint32_t room(const struct cr_fluid *f, const struct fluid_kernel *k, const struct fluid_shape *s, uint32_t most,
                     uint32_t *span)
{
  uint32_t open = f->n_sm - cr_min_u32(f->on[1].span, f->n_sm), shared = cr_min_u32(f->on[0].span, open);
  uint32_t sms = open - shared, n = sms * s->sm_fit;
  if (shared && most > sms) { /* emptiest first: the others only where the empty ones do not do */
    uint32_t fit = fit_beside(f, s, shared);
    n += fit;
    sms += cr_min_u32(fit, shared);
  }
  n = cr_min_u32(n, most);
  if (k->group != CR_NONE) {
    n = cr_min_u32(n, group_room(f, k, s));
    sms = cr_min_u32(sms, f->group_sms[k->group]);
  }
  *span = cr_min_u32(n, sms);
  return n;
}

static void take_out(struct cr_fluid *f, const struct fluid_kernel *k, const struct fluid_shape *s)
{
  struct fluid_room *in = &f->on[k->full];
  in->span -= k->span;
  in->used = fluid_minus(in->used, fluid_times(s->need, k->on));
  in->load -= k->on * s->load;
}

/* The kernel lies with so many blocks on so many SMs from now on. */
static void hold(struct cr_fluid *f, struct fluid_kernel *k, const struct fluid_shape *s, uint32_t on, uint32_t span)
{
  if (k->on)
    take_out(f, k, s);
  if (k->group != CR_NONE)
    f->group_used[k->group] += ((uint64_t)on - k->on) * (FLUID_SM / s->sm_fit);
  k->on = on;
  k->span = span;
  k->full = on > s->full * span;
  k->fresh = f->dirty = 1;
  struct fluid_room *in = &f->on[k->full];
  in->span += span;
  in->used = fluid_plus(in->used, fluid_times(s->need, on));
  in->load += on * s->load;
}

/* All but `left` blocks leave. */
static void release(struct cr_fluid *f, struct fluid_kernel *k, const struct fluid_shape *s, uint32_t left)
{
  hold(f, k, s, left, cr_min_u32(left, k->span));
  f->stuck = 0;
}

/* ----------------------------------------------------------------------------------------------------- start and end */

static void start(void *self, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns)
{
  struct cr_fluid *f = self;
  struct fluid_kernel *k = &f->kernel[stream];
  k->state = FLUID_AWAY;
  k->op = op;
  k->on = k->span = 0;
  f->n_active++;
  if (stream >= f->n_used)
    f->n_used = stream + 1;
  cr_ns ready_ns = cr_ns_add(cr_max_ns(from_ns, launched_ns), f->shape[op].away_ns);
  k->ready_ns = ready_ns;
  int early = ready_ns < f->now_ns + EARLY_NS && f->n_pending == 0 && f->shape[op].last;
  if (ready_ns > f->now_ns && !early)
    f->at_ns[stream] = ready_ns;
  else
    f->due[f->n_due++] = stream;
  f->next_ns = cr_min_ns(f->next_ns, cr_max_ns(ready_ns, f->now_ns));
}

static void enqueue(struct cr_fluid *f, uint32_t stream)
{
  struct fluid_kernel *k = &f->kernel[stream];
  int ordered = f->model.has[CR_GPU_HAS_PRIORITY];
  k->state = FLUID_PENDING;
  k->seq = f->n_seq++;
  f->at_ns[stream] = CR_NS_NEVER;
  uint32_t at = f->n_pending++;
  while (ordered && at > 0 && f->kernel[f->pending[at - 1]].priority > k->priority) {
    f->pending[at] = f->pending[at - 1];
    at--;
  }
  f->pending[at] = stream;
  if (at == 0) /* a new head: try it */
    f->stuck = 0;
}

static void run_plain(struct cr_fluid *f, uint32_t stream)
{
  struct fluid_kernel *k = &f->kernel[stream];
  const struct cr_op_spec *op = &f->op[k->op];
  if (cr_is_copy(op->kind)) {
    k->state = FLUID_COPY;
    f->at_ns[stream] = CR_NS_NEVER;
    cr_copies_add(&f->copies, stream, op, f->now_ns);
    return;
  }
  k->state = FLUID_PLAIN;
  k->start_ns = f->now_ns;
  f->at_ns[stream] = cr_ns_add(f->now_ns, f->shape[k->op].plain_ns);
}

/* The gap is over. */
static void become_ready(struct cr_fluid *f, uint32_t stream)
{
  struct fluid_kernel *k = &f->kernel[stream];
  int memset_waits = f->op[k->op].kind == CR_OP_MEMSET && f->model.has[CR_GPU_HAS_MEMSET];
  if (f->shape[k->op].last == 0 && !memset_waits) {
    run_plain(f, stream);
    return;
  }
  if (f->model.has[CR_GPU_HAS_FRONTEND]) {
    if (f->frontend_ns > f->now_ns) {
      f->at_ns[stream] = f->frontend_ns;
      return;
    }
    f->frontend_ns = f->now_ns + (cr_ns)(f->model.constant[CR_GPU_FRONTEND] * 1e3 + 0.5);
  }
  enqueue(f, stream);
}

/* The kernel's first blocks are placed: extra time for other streams that started one since its stream's last start. */
static void start_kernel(struct cr_fluid *f, uint32_t stream, const struct fluid_shape *s)
{
  struct fluid_kernel *k = &f->kernel[stream];
  uint32_t n_other = 0;
  for (uint32_t i = 0; i < f->n_used; i++)
    n_other += f->start_seq[i] > f->start_seq[stream];
  f->start_seq[stream] = ++f->n_start;
  k->since_ns = f->now_ns;
  k->start_ns = cr_max_ns(k->ready_ns, f->now_ns);
  k->flat_ns = s->cold_ns * f->cold_by_n[n_other] + (double)(k->start_ns - f->now_ns);
  k->rate = 1;
  f->live[f->n_live++] = stream;
}

/* --------------------------------------------------------------------------------------------------------- placing */

/* All blocks that are left have been placed: one block's time from now. */
static void begin_last(struct fluid_kernel *k, const struct fluid_shape *s)
{
  k->state = FLUID_LAST;
  k->flat_ns += s->end.flat_ns;
  k->work = s->end.block_ns - s->end.flat_ns;
  k->ran = 0;
  k->fresh = 1;
}

/* Blocks that a kernel of this state could use at once. */
static uint32_t wanted(const struct fluid_kernel *k, const struct fluid_shape *s)
{
  switch (k->state) {
  case FLUID_PENDING:
    return s->lead ? s->fit : s->last;
  case FLUID_LEAD:
    return s->fit - k->on;
  case FLUID_SQUEEZED:
    return (uint32_t)ceil(k->work / s->end.block_ns);
  default:
    return 0;
  }
}

/* Time passes for one kernel. */
static void progress(struct fluid_kernel *k, cr_ns now_ns)
{
  double dt = (double)(now_ns - k->since_ns);
  k->since_ns = now_ns;
  if (dt <= k->flat_ns) {
    k->flat_ns -= dt;
    return;
  }
  double done = (dt - k->flat_ns) * k->rate;
  k->flat_ns = 0;
  k->work = k->work > done ? k->work - done : 0; /* the end was rounded to ns */
  k->ran += done;
}

/* The kernel gets n of the blocks it wanted. */
static void grant(struct cr_fluid *f, uint32_t stream, uint32_t n, uint32_t wants, uint32_t span)
{
  struct fluid_kernel *k = &f->kernel[stream];
  const struct fluid_shape *s = &f->shape[k->op];
  int first = k->state == FLUID_PENDING;
  if (first)
    start_kernel(f, stream, s);
  else
    progress(k, f->now_ns);
  if (k->on == 0)
    k->ran = 0;
  hold(f, k, s, k->on + n, k->span + span);
  if (k->state == FLUID_LEAD)
    return;
  k->ran = 0;
  if (first && s->lead) {
    k->state = FLUID_LEAD;
    k->work = (double)s->lead * s->waves.block_ns;
  } else if (n == wants) {
    begin_last(k, s);
  } else if (first) {
    k->state = FLUID_SQUEEZED;
    k->work = (double)(s->last - n) * s->end.block_ns;
  } else {
    k->work = fmax(k->work - n * s->end.block_ns, 0);
  }
}

static int is_placing(const struct fluid_kernel *k)
{
  return k->state == FLUID_PENDING || k->state == FLUID_LEAD || k->state == FLUID_SQUEEZED;
}

static void place(struct cr_fluid *f, uint32_t stream)
{
  struct fluid_kernel *k = &f->kernel[stream];
  const struct fluid_shape *s = &f->shape[k->op];
  uint32_t span, wants = wanted(k, s), n = wants ? room(f, k, s, wants, &span) : 0;
  if (n == 0)
    return;
  if (k->span + span > f->n_sm)
    span = f->n_sm - k->span;
  grant(f, stream, n, wants, span);
}

/* Whether a kernel of higher priority waits for the slots of k. */
static int must_yield(const struct cr_fluid *f, const struct fluid_kernel *k)
{
  return f->n_pending && f->model.has[CR_GPU_HAS_PRIORITY] && f->kernel[f->pending[0]].priority < k->priority;
}

/* Whether a kernel waits for others of its own group alone: it stops nobody. */
static int is_capped(const struct cr_fluid *f, const struct fluid_kernel *k)
{
  return k->group != CR_NONE && group_room(f, k, &f->shape[k->op]) == 0;
}

/* The head of higher priority waits: those that are being placed will give way when their blocks end. */
static void call_back(struct cr_fluid *f)
{
  const struct fluid_kernel *head = &f->kernel[f->pending[0]];
  for (uint32_t i = 1; i < f->n_pending; i++) {
    struct fluid_kernel *k = &f->kernel[f->pending[i]];
    if (k->on && k->priority > head->priority && is_placing(k) && !k->yields)
      k->fresh = f->dirty = 1;
  }
}

/* In order of (priority, arrival).  Kernels whose blocks are all placed, or that ended, leave the list. */
static void dispatch(struct cr_fluid *f)
{
  uint32_t kept = 0, i = 0;
  for (; i < f->n_pending; i++) {
    uint32_t stream = f->pending[i];
    struct fluid_kernel *k = &f->kernel[stream];
    if (k->state == FLUID_PENDING && f->shape[k->op].last == 0) {
      run_plain(f, stream);
      continue;
    }
    if (is_placing(k))
      place(f, stream);
    if (!is_placing(k))
      continue;
    if (f->model.has[CR_GPU_HAS_HEADBLOCK] && !is_capped(f, k)) {
      f->stuck = 1;
      break;
    }
    f->pending[kept++] = stream;
  }
  for (; i < f->n_pending; i++)
    if (is_placing(&f->kernel[f->pending[i]]))
      f->pending[kept++] = f->pending[i];
  f->n_pending = kept;
  if (kept > 1 && f->model.has[CR_GPU_HAS_PRIORITY] &&
      f->kernel[f->pending[0]].priority < f->kernel[f->pending[kept - 1]].priority)
    call_back(f);
}

/* ------------------------------------------------------------------------------------------------------------- rates */

/* Load that k's blocks see of others, whose blocks put `load` on SMs altogether.  Kernels take the emptiest SMs: of
 * k's SMs only those are shared that must be. */
static double seen_of_others(const struct cr_fluid *f, const struct fluid_kernel *k, double load)
{
  uint32_t open = f->n_sm - cr_min_u32(f->on[1].span, f->n_sm);
  uint32_t others = cr_min_u32(f->on[0].span - k->span, open), both = others + k->span;
  if (both <= open)
    return 0;
  return load * f->per_n[others] * cr_min_u32(both - open, k->span) * f->per_n[k->span];
}

/* Kernels that leave no room see themselves alone. */
static double seen(const struct cr_fluid *f, const struct fluid_kernel *k, const struct fluid_shape *s, double *older,
                   double younger)
{
  double mine = s->load * k->on, own = mine * f->per_n[k->span];
  if (k->full)
    return own;
  double others = *older + younger * (f->on[0].load - *older - mine);
  *older += mine;
  return own + seen_of_others(f, k, others);
}

/* When the kernel's present part is over, at its present rate.  If it has to give way, when its blocks on SMs are. */
static cr_ns end_ns(struct fluid_kernel *k, const struct fluid_phase *p, int yields)
{
  double work = k->work;
  k->yields = 0;
  if (yields) {
    double round = p->block_ns * k->on, left = round - fmod(k->ran, round);
    if (left < work) {
      work = left;
      k->yields = 1;
    }
  }
  return k->since_ns + (cr_ns)(k->flat_ns + work * k->stretch + 0.5);
}

static void set_rate(struct cr_fluid *f, uint32_t stream, double load)
{
  struct fluid_kernel *k = &f->kernel[stream];
  const struct fluid_shape *s = &f->shape[k->op];
  const struct fluid_phase *p = k->state == FLUID_LEAD ? &s->waves : &s->end;
  progress(k, f->now_ns);
  k->seen = load;
  k->fresh = 0;
  if (k->state == FLUID_LAST) {
    k->stretch = p->slow_at_0 + p->slow_per_load * load;
    k->rate = 1 / k->stretch;
    f->at_ns[stream] = end_ns(k, p, 0);
    return;
  }
  k->rate = k->on / (p->even_at_0 + p->even_per_load * load);
  k->stretch = 1 / k->rate; /* infinite without blocks; then it is not used */
  f->at_ns[stream] = k->on ? end_ns(k, p, must_yield(f, k)) : CR_NS_NEVER;
}

static void rates(struct cr_fluid *f)
{
  double older = 0, younger = f->model.has[CR_GPU_HAS_AGE] ? f->model.constant[CR_GPU_YOUNGER] : 1;
  for (uint32_t i = 0; i < f->n_live; i++) {
    uint32_t stream = f->live[i];
    struct fluid_kernel *k = &f->kernel[stream];
    double load = k->on ? seen(f, k, &f->shape[k->op], &older, younger) : 0;
    if (load != k->seen || k->fresh)
      set_rate(f, stream, load);
  }
  f->busy = busy_sms(f);
  f->warps = fluid_amount(f->on[0].used, FLUID_WARPS) + fluid_amount(f->on[1].used, FLUID_WARPS);
}

static void settle(void *self)
{
  struct cr_fluid *f = self;
  for (uint32_t i = 0; i < f->n_due; i++)
    become_ready(f, f->due[i]);
  f->n_due = 0;
  if (f->n_pending && !f->stuck)
    dispatch(f);
  if (f->dirty) {
    rates(f);
    f->dirty = 0;
  }
  cr_ns next = f->copies.next_ns;
  for (uint32_t i = 0; i < f->n_used; i++)
    next = cr_min_ns(next, f->at_ns[i]);
  f->next_ns = next;
}

/* --------------------------------------------------------------------------------------------------- as time goes on */

static void count_use(struct cr_fluid *f, cr_ns to_ns)
{
  double dt = (double)(to_ns - f->now_ns);
  f->use.sm_ns += dt * f->busy;
  f->use.warp_ns += dt * f->warps;
  if (f->n_active)
    f->use.busy_ns += dt;
  if (f->copies.n)
    f->use.copy_ns += dt;
}

static void leave_live(struct cr_fluid *f, uint32_t stream)
{
  uint32_t i = 0;
  while (f->live[i] != stream)
    i++;
  f->n_live--;
  for (; i < f->n_live; i++)
    f->live[i] = f->live[i + 1];
}

/* The full waves are over: the last blocks stay on SMs, as far as they have found room. */
static void end_lead(struct cr_fluid *f, struct fluid_kernel *k, const struct fluid_shape *s)
{
  progress(k, f->now_ns);
  k->ran = 0;
  if (must_yield(f, k))
    release(f, k, s, 0);
  if (k->on >= s->last) {
    release(f, k, s, s->last);
    begin_last(k, s);
    return;
  }
  k->state = FLUID_SQUEEZED;
  k->work = (double)(s->last - k->on) * s->end.block_ns;
  k->fresh = f->dirty = 1;
}

/* What was to happen to the stream's kernel, happens; whether the kernel has ended. */
static int step(struct cr_fluid *f, uint32_t stream)
{
  struct fluid_kernel *k = &f->kernel[stream];
  const struct fluid_shape *s = &f->shape[k->op];
  switch (k->state) {
  case FLUID_LEAD:
  case FLUID_SQUEEZED:
    f->at_ns[stream] = CR_NS_NEVER;
    if (k->yields) {
      progress(k, f->now_ns);
      release(f, k, s, 0);
    } else if (k->state == FLUID_LEAD) {
      end_lead(f, k, s);
    } else {
      progress(k, f->now_ns);
      begin_last(k, s);
      f->dirty = 1;
    }
    f->stuck = 0;
    return 0;
  case FLUID_LAST:
    release(f, k, s, 0);
    leave_live(f, stream);
    return 1;
  case FLUID_AWAY:
    f->at_ns[stream] = CR_NS_NEVER;
    f->due[f->n_due++] = stream;
    return 0;
  default: /* FLUID_PLAIN */
    return 1;
  }
}

static void end_op(struct cr_fluid *f, uint32_t stream, struct cr_gpu_end *out)
{
  struct fluid_kernel *k = &f->kernel[stream];
  const struct cr_op_spec *op = &f->op[k->op];
  if (op->kind == CR_OP_KERNEL)
    f->use.n_kernel++;
  else if (op->kind == CR_OP_MEMSET)
    f->use.n_memset++;
  else if (cr_is_copy(op->kind))
    f->use.n_copy++;
  if (op->dram_bytes > 0)
    f->use.dram_bytes += (double)op->dram_bytes;
  *out = (struct cr_gpu_end){.stream = stream, .op = k->op, .start_ns = k->start_ns};
  k->state = FLUID_IDLE;
  f->at_ns[stream] = CR_NS_NEVER;
  f->n_active--;
}

/* Copies that end become plain ops that end, so that all are told in order of stream. */
static void end_copies(struct cr_fluid *f, cr_ns to_ns)
{
  for (uint32_t stream; (stream = cr_copies_take(&f->copies, to_ns)) != CR_NONE;) {
    f->kernel[stream].state = FLUID_PLAIN;
    f->kernel[stream].start_ns = f->copies.start_ns[stream];
    f->at_ns[stream] = to_ns;
  }
}

static uint32_t advance(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  struct cr_fluid *f = self;
  count_use(f, to_ns);
  f->now_ns = to_ns;
  if (to_ns < f->next_ns)
    return 0;
  if (f->copies.next_ns <= to_ns)
    end_copies(f, to_ns);
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->n_used && n < cap; i++)
    if (f->at_ns[i] <= to_ns && step(f, i))
      end_op(f, i, &out[n++]);
  return n;
}

static void set_priority(void *self, uint32_t stream, int32_t priority)
{
  struct cr_fluid *f = self;
  f->kernel[stream].priority = priority;
}

static void set_share(void *self, uint32_t stream, uint32_t group, uint32_t sms)
{
  struct cr_fluid *f = self;
  f->kernel[stream].group = group;
  f->group_sms[group] = cr_min_u32(sms, f->n_sm);
}

static cr_ns next_ns(const void *self)
{
  const struct cr_fluid *f = self;
  return f->next_ns;
}

static void use(const void *self, struct cr_use *out)
{
  const struct cr_fluid *f = self;
  *out = f->use;
}

static void occupied(const void *self, uint32_t *sms_busy, uint32_t *warps)
{
  const struct cr_fluid *f = self;
  *sms_busy = (uint32_t)f->busy;
  *warps = (uint32_t)f->warps;
}

const struct cr_device_model_ops cr_device_kernel = {
  .name = "kernel",
  .about = "whole kernels as fluids on one pool of SMs",
  .make = make,
  .free = destroy,
  .set_priority = set_priority,
  .set_share = set_share,
  .start = start,
  .next_ns = next_ns,
  .advance = advance,
  .settle = settle,
  .use = use,
  .occupied = occupied,
};
