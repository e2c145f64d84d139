/* slices.c - processes that take turns on a device, each with a device model of its own.
 *
 * A process has a clock of its own, in which its model lives; it stands still while another process owns the device.  Ops
 * are kept here until their launch call is made, in common time, and then given to the process's model; a process has
 * work as long as its model has an op.  Turns are decided in settle(), when all that happens at the instant is known. */
#include "config.h"

#include "sim/slices.h"

#include "sim/mem.h"

/* Turns of a process that are remembered, to say when an op that was interrupted had started. */
enum { TURNS = 64 };

struct turn {
  cr_ns since_ns; /* in common time */
  cr_ns clock_ns; /* of the process, then */
};

struct process {
  void *model;
  cr_ns slice_ns;
  cr_ns clock_ns; /* when it gave the device up, or 0 */
  uint32_t n_op;  /* given to its model and not ended */
  uint32_t n_turn;
  struct turn turn[TURNS]; /* ring; the last one is turn[(n_turn - 1) % TURNS] */
};

/* An op whose launch call is still to come. */
struct waiting {
  cr_ns due_ns; /* CR_NS_NEVER: none */
  uint32_t op;
};

struct cr_slices {
  struct cr_arena *arena;
  struct cr_device_model_cfg cfg;
  const struct cr_device_model_ops *inner;
  struct process *process; /* [cfg.n_stream]; n_process of them */
  uint32_t n_process;
  uint32_t *process_of;    /* [cfg.n_stream] */
  struct waiting *waiting; /* [cfg.n_stream] */
  uint32_t owner;          /* CR_NONE: nobody yet */
  uint32_t heir;           /* who takes over at switch_end_ns; CR_NONE: no switch is going on */
  cr_ns switch_ns, yield_ns, switch_end_ns;
  cr_ns slice_end_ns; /* the owner's */
  int contended;      /* another process had work when last looked at */
  cr_ns now_ns, next_ns;
};

int cr_slices_new(const struct cr_device_model_cfg *cfg, const struct cr_device_model_ops *inner, cr_ns switch_ns,
                  cr_ns yield_ns, struct cr_slices **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_slices *s = arena ? cr_arena_take(arena, 1, sizeof *s) : NULL;
  if (s) {
    *s = (struct cr_slices){.arena = arena, .cfg = *cfg, .inner = inner, .owner = CR_NONE, .heir = CR_NONE};
    s->switch_ns = switch_ns;
    s->yield_ns = yield_ns;
    s->next_ns = CR_NS_NEVER;
    s->process = cr_arena_take(arena, cfg->n_stream, sizeof *s->process);
    s->process_of = cr_arena_take(arena, cfg->n_stream, sizeof *s->process_of);
    s->waiting = cr_arena_take(arena, cfg->n_stream, sizeof *s->waiting);
  }
  if (!s || !s->process || !s->process_of || !s->waiting) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "processes of a device");
  }
  for (uint32_t i = 0; i < cfg->n_stream; i++)
    s->waiting[i].due_ns = CR_NS_NEVER;
  *out = s;
  return CR_OK;
}

int cr_slices_add_process(struct cr_slices *s, cr_ns slice_ns, struct cr_err *err)
{
  struct process *p = &s->process[s->n_process];
  int rc = s->inner->make(&s->cfg, &p->model, err);
  if (rc != CR_OK)
    return rc;
  p->slice_ns = slice_ns;
  s->n_process++;
  return CR_OK;
}

void cr_slices_put(struct cr_slices *s, uint32_t stream, uint32_t process)
{
  s->process_of[stream] = process;
}

static void slices_free(void *self)
{
  struct cr_slices *s = self;
  if (!s)
    return;
  for (uint32_t i = 0; i < s->n_process; i++)
    s->inner->free(s->process[i].model);
  cr_arena_free(s->arena);
}

static struct process *process_of(const struct cr_slices *s, uint32_t stream)
{
  return &s->process[s->process_of[stream]];
}

static void slices_set_priority(void *self, uint32_t stream, int32_t priority)
{
  struct cr_slices *s = self;
  s->inner->set_priority(process_of(s, stream)->model, stream, priority);
}

static void slices_set_share(void *self, uint32_t stream, uint32_t group, uint32_t sms)
{
  struct cr_slices *s = self;
  s->inner->set_share(process_of(s, stream)->model, stream, group, sms);
}

/* ------------------------------------------------------------------------------------------------------------- clocks */

/* The process whose clock runs, or NULL. */
static struct process *runner(const struct cr_slices *s)
{
  return s->owner == CR_NONE || s->heir != CR_NONE ? NULL : &s->process[s->owner];
}

static const struct turn *last_turn(const struct process *p)
{
  return &p->turn[(p->n_turn - 1) % TURNS];
}

static cr_ns own_clock(const struct cr_slices *s, const struct process *p)
{
  if (p != runner(s))
    return p->clock_ns;
  const struct turn *t = last_turn(p);
  return t->clock_ns + (s->now_ns - t->since_ns);
}

/* A past time of the process's clock in common time. */
static cr_ns common_ns(const struct process *p, cr_ns own_ns)
{
  uint32_t n = cr_min_u32(p->n_turn, TURNS), i = 1;
  while (i < n && p->turn[(p->n_turn - i) % TURNS].clock_ns > own_ns)
    i++;
  const struct turn *t = &p->turn[(p->n_turn - i) % TURNS];
  return t->since_ns + cr_max_ns(own_ns - t->clock_ns, 0);
}

/* -------------------------------------------------------------------------------------------------------------- turns */

/* The next in turn after the owner that has work, the owner last; CR_NONE: nobody has. */
static uint32_t next_in_turn(const struct cr_slices *s)
{
  uint32_t first = s->owner == CR_NONE ? 0 : s->owner + 1;
  for (uint32_t i = 0; i < s->n_process; i++) {
    uint32_t at = (first + i) % s->n_process;
    if (s->process[at].n_op)
      return at;
  }
  return CR_NONE;
}

static void take_over(struct cr_slices *s, uint32_t process)
{
  struct process *p = &s->process[process];
  s->owner = process;
  s->heir = CR_NONE;
  p->turn[p->n_turn++ % TURNS] = (struct turn){.since_ns = s->now_ns, .clock_ns = p->clock_ns};
  s->slice_end_ns = cr_ns_add(s->now_ns, p->slice_ns);
}

static void give_up(struct cr_slices *s, uint32_t heir)
{
  struct process *p = &s->process[s->owner];
  p->clock_ns = own_clock(s, p);
  s->heir = heir;
  s->switch_end_ns = cr_ns_add(s->now_ns, p->n_op ? s->switch_ns : s->yield_ns);
}

/* Nobody else had work: the owner began slice after slice. */
static void renew(struct cr_slices *s)
{
  cr_ns slice_ns = s->process[s->owner].slice_ns, over_ns = s->now_ns - s->slice_end_ns;
  if (over_ns >= 0)
    s->slice_end_ns = cr_ns_add(s->slice_end_ns, (over_ns / slice_ns + 1) * slice_ns);
}

/* The owner keeps the device to the end of its slice, or hands over at once when it has nothing to do. */
static void decide(struct cr_slices *s)
{
  if (s->heir != CR_NONE) {
    if (s->now_ns < s->switch_end_ns)
      return;
    take_over(s, s->heir);
  }
  uint32_t next = next_in_turn(s);
  if (next == CR_NONE) {
    s->contended = 0;
    return;
  }
  if (s->owner == CR_NONE)
    take_over(s, next);
  if (!s->contended)
    renew(s);
  next = next_in_turn(s);
  s->contended = next != s->owner;
  if (s->contended && (s->process[s->owner].n_op == 0 || s->now_ns >= s->slice_end_ns))
    give_up(s, next);
}

static void give_op(struct cr_slices *s, uint32_t stream)
{
  struct process *p = process_of(s, stream);
  cr_ns clock_ns = own_clock(s, p);
  s->inner->start(p->model, stream, s->waiting[stream].op, clock_ns, clock_ns);
  s->waiting[stream].due_ns = CR_NS_NEVER;
  p->n_op++;
}

static cr_ns runner_next_ns(const struct cr_slices *s, const struct process *p)
{
  const struct turn *t = last_turn(p);
  cr_ns own_ns = s->inner->next_ns(p->model);
  return own_ns == CR_NS_NEVER ? CR_NS_NEVER : cr_ns_add(t->since_ns, own_ns - t->clock_ns);
}

static void find_next(struct cr_slices *s)
{
  const struct process *p = runner(s);
  s->next_ns = s->heir != CR_NONE ? s->switch_end_ns : CR_NS_NEVER;
  if (p)
    s->next_ns = runner_next_ns(s, p);
  if (p && s->contended)
    s->next_ns = cr_min_ns(s->next_ns, s->slice_end_ns);
  for (uint32_t i = 0; i < s->cfg.n_stream; i++)
    s->next_ns = cr_min_ns(s->next_ns, s->waiting[i].due_ns);
}

static void slices_settle(void *self)
{
  struct cr_slices *s = self;
  for (uint32_t i = 0; i < s->cfg.n_stream; i++)
    if (s->waiting[i].due_ns <= s->now_ns)
      give_op(s, i);
  decide(s);
  const struct process *p = runner(s);
  if (p)
    s->inner->settle(p->model);
  find_next(s);
}

/* --------------------------------------------------------------------------------------------------------------- calls */

static void slices_start(void *self, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns)
{
  struct cr_slices *s = self;
  cr_ns due_ns = cr_max_ns(cr_max_ns(from_ns, launched_ns), s->now_ns);
  s->waiting[stream] = (struct waiting){.due_ns = due_ns, .op = op};
  s->next_ns = cr_min_ns(s->next_ns, due_ns);
}

static cr_ns slices_next_ns(const void *self)
{
  const struct cr_slices *s = self;
  return s->next_ns;
}

static uint32_t slices_advance(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  struct cr_slices *s = self;
  s->now_ns = to_ns;
  struct process *p = runner(s);
  if (!p)
    return 0;
  uint32_t n = s->inner->advance(p->model, own_clock(s, p), out, cap);
  for (uint32_t i = 0; i < n; i++)
    out[i].start_ns = common_ns(p, out[i].start_ns);
  p->n_op -= n;
  return n;
}

static void slices_use(const void *self, struct cr_use *out)
{
  const struct cr_slices *s = self;
  *out = (struct cr_use){0};
  for (uint32_t i = 0; i < s->n_process; i++) {
    struct cr_use use;
    s->inner->use(s->process[i].model, &use);
    out->n_kernel += use.n_kernel;
    out->n_copy += use.n_copy;
    out->n_memset += use.n_memset;
    out->sm_ns += use.sm_ns;
    out->warp_ns += use.warp_ns;
    out->busy_ns += use.busy_ns;
    out->copy_ns += use.copy_ns;
    out->dram_bytes += use.dram_bytes;
  }
}

static void slices_occupied(const void *self, uint32_t *sms_busy, uint32_t *warps)
{
  const struct cr_slices *s = self;
  const struct process *p = runner(s);
  *sms_busy = *warps = 0;
  if (p)
    s->inner->occupied(p->model, sms_busy, warps);
}

const struct cr_device_model_ops cr_device_slices = {
  .name = "slices",
  .about = "processes that take turns on the device",
  .free = slices_free,
  .set_priority = slices_set_priority,
  .set_share = slices_set_share,
  .start = slices_start,
  .next_ns = slices_next_ns,
  .advance = slices_advance,
  .settle = slices_settle,
  .use = slices_use,
  .occupied = slices_occupied,
};
