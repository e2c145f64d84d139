/* memory_track.c - the memory in use of each device over time.
 *
 * Of each launch of iterations that overlaps the window a record is kept, of each change of the books another.  At the end
 * all become changes of a level, which are sorted by time and added up; what changes at one instant is told once. */
#include "config.h"

#include "sim/memory_track.h"

#include <stdlib.h>

#include "sim/mem.h"
#include "sim/memory_curve.h"

enum {
  PARTS = 4096
}; /* of a run that has too many steps: of each the largest is told, so that it is a line on a screen */

/* Iterations of one launch. */
struct bout {
  cr_ns start_ns, end_ns;
  uint32_t client, n;
};

struct change {
  cr_ns at_ns;
  int64_t held, ephemeral, reserved; /* more than before */
};

struct tracked {
  struct bout *bout; /* [n_bout] */
  uint32_t n_bout, bout_cap;
  struct cr_memory_level *books; /* [n_books]; the ephemeral bytes are 0 */
  uint32_t n_books, books_cap;
  struct change *change; /* [n_change] */
  uint32_t n_change, change_cap;
};

struct cr_memory_track {
  struct cr_memory_track_cfg cfg;
  struct tracked *device; /* [n_device] */
  cr_ns *begin_ns;        /* [n_client] of the pass under way through a recorded model */
  int nomem;
};

int cr_memory_track_new(const struct cr_memory_track_cfg *cfg, struct cr_memory_track **out, struct cr_err *err)
{
  struct cr_memory_track *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return cr_fail_nomem(err, "the timeline");
  t->cfg = *cfg;
  t->device = cr_mem_new(cfg->machine->n_device, sizeof *t->device);
  t->begin_ns = cr_mem_new(cfg->workload->n_client, sizeof *t->begin_ns);
  if (!t->device || !t->begin_ns) {
    cr_memory_track_free(t);
    return cr_fail_nomem(err, "the timeline");
  }
  *out = t;
  return CR_OK;
}

static void forget(struct tracked *d)
{
  cr_mem_free(d->bout);
  cr_mem_free(d->books);
  cr_mem_free(d->change);
  *d = (struct tracked){0};
}

void cr_memory_track_free(struct cr_memory_track *t)
{
  if (!t)
    return;
  for (uint32_t i = 0; t->device && i < t->cfg.machine->n_device; i++)
    forget(&t->device[i]);
  cr_mem_free(t->device);
  cr_mem_free(t->begin_ns);
  cr_mem_free(t);
}

/* Room for one more behind n; the table, moved or not, or NULL, which is noted. */
static void *room(struct cr_memory_track *t, void *table, uint32_t n, uint32_t *cap, size_t size)
{
  if (n < *cap)
    return table;
  uint32_t more = *cap ? *cap < UINT32_MAX / 2 ? 2 * *cap : UINT32_MAX : 256;
  void *grown = n < UINT32_MAX ? cr_mem_resize(table, more, size) : NULL;
  if (grown)
    *cap = more;
  else
    t->nomem = 1;
  return grown;
}

/* ------------------------------------------------------------------------------------------------------- collecting */

void cr_memory_track_books(struct cr_memory_track *t, uint32_t device, cr_ns at_ns, int64_t held_bytes,
                           int64_t reserved_bytes)
{
  struct tracked *d = &t->device[device];
  if (at_ns > t->cfg.to_ns)
    return;
  struct cr_memory_level *last = d->n_books ? &d->books[d->n_books - 1] : NULL;
  at_ns = cr_max_ns(at_ns, t->cfg.from_ns);
  if (!last || last->at_ns < at_ns) {
    struct cr_memory_level *grown = room(t, d->books, d->n_books, &d->books_cap, sizeof *grown);
    if (!grown)
      return;
    d->books = grown;
    last = &grown[d->n_books++];
  }
  *last = (struct cr_memory_level){.at_ns = at_ns, .held_bytes = held_bytes, .reserved_bytes = reserved_bytes};
}

static void add_bout(struct cr_memory_track *t, uint32_t device, const struct bout *b)
{
  struct tracked *d = &t->device[device];
  if (b->end_ns < t->cfg.from_ns || b->start_ns > t->cfg.to_ns)
    return;
  struct bout *grown = room(t, d->bout, d->n_bout, &d->bout_cap, sizeof *grown);
  if (!grown)
    return;
  d->bout = grown;
  d->bout[d->n_bout++] = *b;
}

void cr_memory_track_op(struct cr_memory_track *t, const struct cr_op_span *span)
{
  const struct cr_workload *w = t->cfg.workload;
  if (w->client[span->client].job.iterations == 0)
    return;
  const struct cr_model_info *m = &w->model[w->client[span->client].model.i];
  struct bout b = {.start_ns = span->start_ns, .end_ns = span->end_ns, .client = span->client, .n = 1};
  if (w->op[span->op].kind == CR_OP_ITERATION) {
    b.n = span->n;
    add_bout(t, span->device, &b);
    return;
  }
  if (span->op == m->op0)
    t->begin_ns[span->client] = span->start_ns;
  b.start_ns = t->begin_ns[span->client];
  if (span->op == m->op0 + m->n_op - 1)
    add_bout(t, span->device, &b);
}

/* --------------------------------------------------------------------------------------------------- putting together */

/* Of an iteration of the client, the steps; a model without a curve has one. */
struct shape {
  struct cr_memory_curve curve;
  struct cr_memory_step only;
};

static void shape_of(const struct cr_memory_track *t, uint32_t client, struct shape *out)
{
  const struct cr_workload *w = t->cfg.workload;
  const struct cr_model_info *m = &w->model[w->client[client].model.i];
  if (m->memory) {
    out->curve = *m->memory;
    return;
  }
  out->only = (struct cr_memory_step){.bytes = m->ephemeral_bytes > 0 ? m->ephemeral_bytes : 0};
  out->curve = (struct cr_memory_curve){
    .step = &out->only, .n_step = 1, .span_ns = 1, .peak_bytes = out->only.bytes, .mean_bytes = out->only.bytes};
}

/* How a bout's iterations lie in time: the i-th begins at start + i * cycle and takes so long, in proportion. */
struct pace {
  double cycle_ns, each_ns;
  uint32_t first, end; /* those that overlap the window */
};

static struct pace pace_of(const struct cr_memory_track *t, const struct bout *b)
{
  const struct cr_client_spec *c = &t->cfg.workload->client[b->client];
  double each_ns = (double)t->cfg.workload->model[c->model.i].duration_ns;
  double think_ns = b->n > 1 ? (double)c->job.think_ns : 0;
  double slow = (double)(b->end_ns - b->start_ns) / (b->n * each_ns + (b->n - 1) * think_ns);
  struct pace p = {.cycle_ns = (each_ns + think_ns) * slow, .each_ns = each_ns * slow, .end = b->n};
  if (think_ns == 0 && !t->cfg.workload->model[c->model.i].memory) { /* one level from end to end */
    p.cycle_ns = p.each_ns = (double)(b->end_ns - b->start_ns);
    p.end = 1;
    return p;
  }
  double before = (double)(t->cfg.from_ns - b->start_ns) / p.cycle_ns;
  double until = (double)(cr_min_ns(t->cfg.to_ns, b->end_ns) - b->start_ns) / p.cycle_ns;
  if (before >= 1)
    p.first = before < b->n ? (uint32_t)before : b->n - 1;
  if (until + 1 < b->n)
    p.end = (uint32_t)(until + 1);
  p.end = p.end <= p.first ? p.first + 1 : p.end;
  return p;
}

uint64_t cr_memory_track_steps(const struct cr_memory_track *t, uint32_t device, uint64_t *n_iteration)
{
  const struct tracked *d = &t->device[device];
  uint64_t n_step = 0;
  *n_iteration = 0;
  for (uint32_t i = 0; i < d->n_bout; i++) {
    struct shape s;
    struct pace p = pace_of(t, &d->bout[i]);
    shape_of(t, d->bout[i].client, &s);
    *n_iteration += p.end - p.first;
    n_step += (uint64_t)(p.end - p.first) * (s.curve.n_step + 1);
  }
  return n_step;
}

int cr_memory_track_is_cut(const struct cr_memory_track *t, uint32_t device)
{
  uint64_t n_iteration;
  int is_window = t->cfg.from_ns > 0 || t->cfg.to_ns != CR_NS_NEVER;
  return cr_memory_track_steps(t, device, &n_iteration) >
         (is_window ? CR_MEMORY_TRACK_WINDOW_STEPS : CR_MEMORY_TRACK_STEPS);
}

static void add_change(struct cr_memory_track *t, struct tracked *d, const struct change *c)
{
  struct change *grown = room(t, d->change, d->n_change, &d->change_cap, sizeof *grown);
  if (!grown)
    return;
  d->change = grown;
  d->change[d->n_change] = *c;
  d->change[d->n_change].at_ns = cr_max_ns(c->at_ns, t->cfg.from_ns);
  d->n_change++;
}

static cr_ns whole_ns(double ns)
{
  return (cr_ns)(ns + 0.5);
}

/* The k-th of those that begin at start_ns.  Without a pause it ends just where the next begins. */
static void add_iteration(struct cr_memory_track *t, struct tracked *d, const struct cr_memory_curve *c, cr_ns start_ns,
                          const struct pace *p, uint32_t k)
{
  double begin_ns = k * p->cycle_ns,
         end_ns = p->each_ns < p->cycle_ns ? begin_ns + p->each_ns : (k + 1.0) * p->cycle_ns;
  int64_t before = 0;
  for (uint32_t i = 0; i < c->n_step; i++) {
    double at_ns = begin_ns + (end_ns - begin_ns) * ((double)c->step[i].at_ns / (double)c->span_ns);
    add_change(t, d, &(struct change){.at_ns = start_ns + whole_ns(at_ns), .ephemeral = c->step[i].bytes - before});
    before = c->step[i].bytes;
  }
  add_change(t, d, &(struct change){.at_ns = start_ns + whole_ns(end_ns), .ephemeral = -before});
}

static void add_bouts(struct cr_memory_track *t, struct tracked *d, int is_cut)
{
  for (uint32_t i = 0; i < d->n_bout && !t->nomem; i++) {
    const struct bout *b = &d->bout[i];
    struct shape s;
    struct pace p = pace_of(t, b);
    shape_of(t, b->client, &s);
    if (is_cut) {
      add_change(t, d, &(struct change){.at_ns = b->start_ns, .ephemeral = s.curve.peak_bytes});
      add_change(t, d, &(struct change){.at_ns = b->end_ns, .ephemeral = -s.curve.peak_bytes});
      continue;
    }
    for (uint32_t k = p.first; k < p.end; k++)
      add_iteration(t, d, &s.curve, b->start_ns, &p, k);
  }
}

static void add_books(struct cr_memory_track *t, struct tracked *d)
{
  struct cr_memory_level before = {0};
  for (uint32_t i = 0; i < d->n_books; i++) {
    const struct cr_memory_level *l = &d->books[i];
    add_change(t, d,
               &(struct change){.at_ns = l->at_ns,
                                .held = l->held_bytes - before.held_bytes,
                                .reserved = l->reserved_bytes - before.reserved_bytes});
    before = *l;
  }
}

static int by_time(const void *a, const void *b)
{
  const struct change *x = a, *y = b; /* the order at one instant does not matter: they are added up */
  return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

/* Who is told of levels, and in which parts of so many ns: of each the largest.  part_ns 0: of every instant. */
struct teller {
  void (*tell)(void *ctx, const struct cr_memory_level *);
  void *ctx;
  cr_ns part_ns;
  struct cr_memory_level told, most; /* most: of the part that at_ns of it lies in */
};

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static void tell_level(struct teller *w, const struct cr_memory_level *l)
{
  if (l->held_bytes == w->told.held_bytes && l->ephemeral_bytes == w->told.ephemeral_bytes &&
      l->reserved_bytes == w->told.reserved_bytes)
    return;
  w->tell(w->ctx, l);
  w->told = *l;
}

/* The part that `most` is of is over: what comes next begins with `level`, which held until at_ns. */
static void end_part(struct teller *w, struct cr_memory_level level, cr_ns at_ns)
{
  cr_ns next_ns = w->most.at_ns + w->part_ns, begin_ns = next_ns + (at_ns - next_ns) / w->part_ns * w->part_ns;
  tell_level(w, &w->most);
  level.at_ns = next_ns;
  if (begin_ns > next_ns)
    tell_level(w, &level);
  w->most = level;
  w->most.at_ns = begin_ns;
}

static void see_level(struct teller *w, const struct cr_memory_level *l)
{
  if (w->part_ns == 0) {
    tell_level(w, l);
    return;
  }
  w->most.held_bytes = larger(w->most.held_bytes, l->held_bytes);
  w->most.ephemeral_bytes = larger(w->most.ephemeral_bytes, l->ephemeral_bytes);
  w->most.reserved_bytes = larger(w->most.reserved_bytes, l->reserved_bytes);
}

static void tell_levels(const struct cr_memory_track *t, const struct tracked *d, struct teller *w)
{
  struct cr_memory_level level = {0};
  w->told.held_bytes = -1; /* none */
  w->most.at_ns = d->n_change ? d->change[0].at_ns : 0;
  for (uint32_t i = 0; i < d->n_change && d->change[i].at_ns <= t->cfg.to_ns; i++) {
    if (w->part_ns && d->change[i].at_ns - w->most.at_ns >= w->part_ns)
      end_part(w, level, d->change[i].at_ns);
    level.at_ns = d->change[i].at_ns;
    level.held_bytes += d->change[i].held;
    level.ephemeral_bytes += d->change[i].ephemeral;
    level.reserved_bytes += d->change[i].reserved;
    if (i + 1 == d->n_change || d->change[i + 1].at_ns > level.at_ns)
      see_level(w, &level);
  }
  if (w->part_ns && d->n_change)
    end_part(w, level, w->most.at_ns + w->part_ns);
  tell_level(w, &level); /* how it ends */
}

int cr_memory_track_end(struct cr_memory_track *t, uint32_t device,
                        void (*tell)(void *ctx, const struct cr_memory_level *), void *ctx)
{
  struct tracked *d = &t->device[device];
  struct teller w = {.tell = tell, .ctx = ctx};
  int is_cut = cr_memory_track_is_cut(t, device);
  add_books(t, d);
  add_bouts(t, d, is_cut);
  if (d->n_change)
    qsort(d->change, d->n_change, sizeof *d->change, by_time);
  if (is_cut && d->n_change)
    w.part_ns = (cr_min_ns(d->change[d->n_change - 1].at_ns, t->cfg.to_ns) - d->change[0].at_ns) / PARTS + 1;
  if (!t->nomem && d->n_change)
    tell_levels(t, d, &w);
  forget(d);
  return t->nomem ? CR_ENOMEM : CR_OK;
}
