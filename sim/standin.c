/* standin.c - chooses, loads and measures stand-ins.
 *
 * Time alone is a straight line in the rounds of work but for its first few (seen on an H200 from 1 to 4000 blocks of 64 to 512
 * threads, within 0.3 %), so that two measurements place the line and one or two more correct it.  Ops of one shape share the line.
 *
 * Of a kernel whose DRAM traffic was counted, the chunks that all its rounds read from DRAM are fixed by the bytes, whatever the rounds;
 * the line is that of rounds with so many chunks in all, and bends where DRAM alone takes as long.  A kernel that is too slow with all
 * its chunks and no rounds beside gives up some. */
#include "config.h"

#include "sim/standin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/standin_cache.h"
#include "sim/standin_code.h"
#include "sim/standin_piece.h"
#include "sim/standin_shape.h"
#include "sim/stream_ptx.h"

enum {
  REPEATS = 7,      /* rows of which the median counts */
  ROW = 6,          /* launches of a row beside its ends */
  CORRECTIONS = 3,  /* of the rounds, after the line is placed */
  STREAM_L2S = 128, /* the working set in DRAM, in sizes of the L2: so few of its chunks are found there */
  CUTS = 6,         /* of a kernel's chunks, where all take too long */
  SAMPLE = 16,      /* of kernels that were measured in another run, measured again */
};

static const double MODEL_OFF = 0.002;  /* of a model's time alone, which is near enough */
static const double LEAST_NS = 100;     /* of a launch: far less than one without work takes, 1400 ns on an H200 */
static const double LEAST_ROUND_NS = 5; /* what 20 instructions one after the other take, at 4 GHz */
static const double MATCH = 0.03;       /* off by more, a stand-in does not match */

struct launch {
  uint32_t asked, shape, rounds; /* shape with all its chunks; with those that it has */
  double slope_ns;               /* a round more */
  double wanted_ns, measured_ns; /* alone, the gap before it included */
};

struct cr_standins {
  struct cr_cuda_gpu *gpu;
  const struct cr_workload *workload;
  struct cr_arena *arena;
  struct cr_standin_codes *codes;
  uint32_t n_shape, mark;
  struct cr_standin_shape *shape; /* [n_op] room for */
  struct launch *launch;          /* [n_op] */
  uint32_t slot, words;           /* for measuring */
  cr_cu_address scratch;          /* copies and memsets work on */
  void *host_scratch;
  size_t scratch_bytes;
  struct cr_standin_stream stream;
  struct cr_standin_cache *cache;
  uint32_t n_hit, n_checked, n_stale; /* of the cache */
  struct cr_standin_match match;
  double sum_wanted_ns, sum_measured_ns, dram_bytes, dram_read;
};

/* --- what is wanted ----------------------------------------------------------------------------------------------- */

static int begins_model(const struct cr_workload *w, uint32_t op)
{
  for (uint32_t i = 0; i < w->n_model; i++)
    if (w->model[i].op0 == op)
      return 1;
  return 0;
}

/* What the device model gives the recorded op alone, the gap before it included (sim/gpu_shape.c); of a model's first one
 * without it, since it is the graph's launch. */
static double wanted_ns(const struct cr_standins *s, const struct cr_device_desc *d, uint32_t i)
{
  const struct cr_op_spec *op = &s->workload->op[i];
  double gap_ns = (double)op->gap_ns;
  if (begins_model(s->workload, i))
    gap_ns = 0;
  else if (op->gap_ns == CR_NS_NEVER)
    gap_ns = 1e3 * d->constant[CR_GPU_GAP];
  else if (op->kind == CR_OP_MEMSET || op[-1].kind == CR_OP_MEMSET)
    gap_ns *= d->constant[CR_GPU_MEMSET_GAP];
  else
    gap_ns -= 1e3 * d->constant[CR_GPU_PROFILER];
  return (double)op->duration_ns + gap_ns;
}

/* --- measuring ---------------------------------------------------------------------------------------------------- */

static int start(struct cr_standins *s, const struct cr_standin_shape *h, uint32_t rounds,
                 const struct cr_standin_at *at, cr_cu_stream stream)
{
  const struct cr_cuda_gpu *g = s->gpu;
  int reports = at->slot != CR_NONE, is_last = at->first != CR_NONE;
  cr_cu_address counters = reports ? cr_cuda_gpu_counters(g, at->slot) : 0, data = g->data;
  cr_cu_address words = at->words != CR_NONE ? cr_cuda_gpu_words(g, at->words) : 0;
  cr_cu_address record = !reports  ? 0
                         : is_last ? cr_cuda_gpu_record(g, at->slot)
                                   : cr_cuda_gpu_inner_record(g, at->slot);
  cr_cu_address first = is_last && at->first != at->slot ? cr_cuda_gpu_inner_record(g, at->first) : 0;
  cr_cu_address halt = words && at->may_stop ? words + sizeof(uint32_t) : 0;
  uint32_t epoch = at->epoch, blocks = at->n_block ? at->n_block : h->blocks, fmas = h->fmas,
           chunks = cr_standin_per_round(h, rounds);
  struct cr_standin_stream read = s->stream;
  void *param[] = {&counters, &words, &epoch, &blocks, &rounds,       &fmas,     &data,
                   &record,   &first, &halt,  &chunks, &read.address, &read.mask};
  return cr_cuda_gpu_launch(g, cr_standin_codes_function(s->codes, h->code), blocks, h->threads, h->smem, at->early,
                            stream, param);
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* n launches, one after the other, and before each but the first a memset of fill_bytes, unless these are 0. */
struct row_of {
  const struct cr_standin_shape *shape;
  uint32_t rounds, n;
  size_t fill_bytes;
};

/* A graph of them, of which the first and the last launch report. */
static int make_row(struct cr_standins *s, const struct row_of *r, cr_cu_graph_exec *out)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  cr_cu_graph graph = NULL;
  int error = d->capture_begin(s->gpu->control, CR_CU_CAPTURE_RELAXED);
  for (uint32_t i = 0; !error && i < r->n; i++) {
    struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
    if (i == 0 || i + 1 == r->n)
      at.slot = s->slot + (i > 0);
    if (i && r->fill_bytes)
      error = d->fill(s->scratch, 0, r->fill_bytes, s->gpu->control);
    error = error ? error : start(s, r->shape, r->rounds, &at, s->gpu->control);
  }
  int ended = d->capture_end(s->gpu->control, &graph);
  error = error ? error : ended;
  error = error ? error : d->graph_instantiate(out, graph, 0);
  if (graph)
    d->graph_free(graph);
  return error;
}

/* From the end of its first launch to that of the last. */
static int measure_row(struct cr_standins *s, const struct row_of *r, double *ns, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  struct cr_standin_record record[2] = {{0}};
  cr_cu_graph_exec exec = NULL;
  double took[REPEATS];
  int rc = cr_cuda_check(d, make_row(s, r, &exec), "measuring a stand-in", err);
  for (int i = 0; !rc && i < REPEATS; i++) {
    rc = cr_cuda_check(d, d->graph_launch(exec, s->gpu->control), "measuring a stand-in", err);
    rc = rc ? rc : cr_cuda_gpu_fetch(s->gpu, s->slot, 2, record, err);
    took[i] = (double)(record[1].end_ns - record[0].end_ns);
  }
  if (exec)
    d->exec_free(exec);
  if (rc)
    return rc;
  qsort(took, REPEATS, sizeof *took, by_size);
  *ns = took[REPEATS / 2];
  return CR_OK;
}

/* What one launch that reports nothing takes among others, the gap before it included.  Less than any takes was no measurement: what
 * is reckoned with it may be so many rounds that the GPU is busy for seconds. */
static int measure(struct cr_standins *s, const struct cr_standin_shape *h, uint32_t rounds, double *ns,
                   struct cr_err *err)
{
  enum { TRIES = 5 };
  double few_ns = 0, many_ns = 0;
  int rc = CR_OK;
  for (int i = 0; !rc && (many_ns - few_ns) / ROW < LEAST_NS; i++) {
    if (i == TRIES)
      return cr_fail(
        err, CR_ERUN,
        "measuring a stand-in: in %d tries, %d launches took %.3g us more than one; the GPU or the host is "
        "busy with other work",
        TRIES, 1 + ROW, (many_ns - few_ns) / 1e3);
    rc = measure_row(s, &(struct row_of){h, rounds, 2, 0}, &few_ns, err);
    rc = rc ? rc : measure_row(s, &(struct row_of){h, rounds, 2 + ROW, 0}, &many_ns, err);
  }
  *ns = (many_ns - few_ns) / ROW;
  return rc;
}

static int place_line(struct cr_standins *s, struct cr_standin_shape *h, const struct launch *l, struct cr_err *err)
{
  enum { FEW = 16, TRIES = 5 };
  double few_ns = 0, many_ns = 0;
  uint32_t few = FEW > cr_standin_least_rounds(h) ? FEW : cr_standin_least_rounds(h), many = 0;
  int rc = CR_OK;
  for (int i = 0; !rc && i < TRIES && many_ns <= few_ns; i++) {
    rc = measure(s, h, few, &few_ns, err);
    many = rc ? 2 * few : (uint32_t)fmin(fmax(few * l->wanted_ns / few_ns, 2.0 * few), 1e6);
    rc = rc ? rc : measure(s, h, many, &many_ns, err);
  }
  h->slope_ns = fmax((many_ns - few_ns) / (many - few), LEAST_ROUND_NS);
  h->base_ns = few_ns - few * h->slope_ns;
  h->most_rounds = h->chunks ? 4.0 * many : INFINITY;
  return rc;
}

/* The rounds with which it takes the time wanted, and what it then takes.  Where it reads DRAM the line bends, and the last two
 * measurements say how steep it is. */
static int fit(struct cr_standins *s, struct cr_standin_shape *h, struct launch *l, struct cr_err *err)
{
  int rc = h->slope_ns > 0 ? CR_OK : place_line(s, h, l, err);
  double wanted_ns = l->wanted_ns, least = cr_standin_least_rounds(h), slope_ns = h->slope_ns, best = INFINITY;
  double rounds = (wanted_ns - h->base_ns) / slope_ns, before = 0, before_ns = 0,
         most = fmin(h->most_rounds, UINT32_MAX);
  for (int i = 0; !rc && i < CORRECTIONS + 2 * (h->chunks != 0) && best > 0.005; i++) {
    double ns = 0, now = rint(fmin(fmax(rounds, least), most));
    if (i && now == before)
      break;
    rc = measure(s, h, (uint32_t)now, &ns, err);
    if (!rc && fabs(ns / wanted_ns - 1) < best) {
      best = fabs(ns / wanted_ns - 1);
      l->rounds = (uint32_t)now;
      l->measured_ns = ns;
    }
    if (i && h->chunks && fabs(now - before) > 1 && (ns - before_ns) / (now - before) > LEAST_ROUND_NS)
      slope_ns = (ns - before_ns) / (now - before);
    before = now;
    before_ns = ns;
    most = fmax(most, 4 * now);
    rounds = now + (wanted_ns - ns) / slope_ns;
  }
  l->slope_ns = slope_ns;
  return rc;
}

/* What a memset of so many bytes takes between two launches. */
static int measure_fill(struct cr_standins *s, size_t bytes, double *ns, struct cr_err *err)
{
  const struct cr_standin_shape *mark = &s->shape[s->mark];
  double without_ns = 0, few_ns = 0, many_ns = 0;
  int rc = measure(s, mark, 0, &without_ns, err);
  rc = rc ? rc : measure_row(s, &(struct row_of){mark, 0, 2, bytes}, &few_ns, err);
  rc = rc ? rc : measure_row(s, &(struct row_of){mark, 0, 2 + ROW, bytes}, &many_ns, err);
  if (!rc)
    *ns = fmax((many_ns - few_ns) / ROW - without_ns, 0);
  return rc;
}

/* The same for a memset of the workload; measured once for each size. */
static int fill_ns(struct cr_standins *s, uint32_t op, double *ns, struct cr_err *err)
{
  const struct cr_op_spec *o = s->workload->op;
  for (uint32_t i = 0; i < op; i++)
    if (o[i].kind == CR_OP_MEMSET && o[i].bytes == o[op].bytes) {
      *ns = s->launch[i].measured_ns;
      return CR_OK;
    }
  return measure_fill(s, o[op].bytes ? (size_t)o[op].bytes : 1, ns, err);
}

/* Memsets are real; what they take more than was recorded, the kernel behind them takes less, if it can. */
static int measure_fills(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  const struct cr_op_spec *op = s->workload->op;
  for (uint32_t i = 0; i < s->workload->n_op; i++) {
    struct launch *l = &s->launch[i];
    if (op[i].kind != CR_OP_MEMSET)
      continue;
    l->wanted_ns = wanted_ns(s, d, i);
    int rc = fill_ns(s, i, &l->measured_ns, err);
    if (rc)
      return rc;
  }
  return CR_OK;
}

static int is_alike(const struct cr_standin_shape *a, const struct cr_standin_shape *b)
{
  return a->code == b->code && a->blocks == b->blocks && a->threads == b->threads && a->smem == b->smem &&
         a->fmas == b->fmas && a->chunks == b->chunks;
}

/* Its place among the shapes; a new one is looked at by the GPU, and measured when something is fitted. */
static int find_shape(struct cr_standins *s, const struct cr_standin_shape *like, uint32_t *out, struct cr_err *err)
{
  struct cr_standin_shape h = *like;
  int rc =
    cr_standin_codes_find(s->codes, h.regs, h.carveout_percent, cr_standin_kind(h.n_chain, h.n_load), &h.code, err);
  for (*out = 0; !rc && *out < s->n_shape; ++*out)
    if (is_alike(&s->shape[*out], &h))
      return CR_OK;
  rc = rc ? rc : cr_standin_codes_prepare(s->codes, h.code, h.threads, h.smem, err);
  h.slope_ns = 0;
  if (!rc)
    s->shape[s->n_shape++] = h;
  return rc;
}

/* The same with so many chunks. */
static int set_chunks(struct cr_standins *s, struct launch *l, uint32_t chunks, struct cr_err *err)
{
  struct cr_standin_shape h = s->shape[l->asked];
  h.chunks = chunks;
  return find_shape(s, &h, &l->shape, err);
}

static int is_too_slow(const struct cr_standins *s, const struct launch *l)
{
  const struct cr_standin_shape *h = &s->shape[l->shape];
  return h->chunks && l->rounds <= cr_standin_least_rounds(h) && l->measured_ns > (1 + MATCH) * l->wanted_ns;
}

/* All chunks if the time allows, else fewer. */
static int fit_chunks(struct cr_standins *s, struct launch *l, struct cr_err *err)
{
  int rc = fit(s, &s->shape[l->shape], l, err);
  for (int i = 1; !rc && i < CUTS && is_too_slow(s, l); i++) {
    double share = i + 1 < CUTS ? pow(0.7, i) : 0;
    rc = set_chunks(s, l, (uint32_t)(s->shape[l->asked].chunks * share), err);
    rc = rc ? rc : fit(s, &s->shape[l->shape], l, err);
  }
  return rc;
}

/* It is kernels, and no copy. */
static int is_launched(const struct cr_standins *s, uint32_t op)
{
  return s->workload->op[op].kind == CR_OP_KERNEL || s->workload->op[op].kind == CR_OP_ITERATION;
}

/* The op of the same shape and time that was fitted before; CR_NONE: there is none. */
static uint32_t fitted_before(const struct cr_standins *s, uint32_t op)
{
  const struct launch *l = s->launch;
  for (uint32_t i = 0; i < op; i++)
    if (is_launched(s, i) && l[i].asked == l[op].asked && l[i].wanted_ns == l[op].wanted_ns)
      return i;
  return CR_NONE;
}

static void note_match(struct cr_standins *s, uint32_t op)
{
  struct cr_standin_match *m = &s->match;
  const struct launch *l = &s->launch[op];
  const struct cr_standin_shape *h = &s->shape[l->shape];
  const struct cr_op_spec *o = &s->workload->op[op];
  double off = fabs(l->measured_ns / l->wanted_ns - 1);
  s->sum_wanted_ns += l->wanted_ns;
  s->sum_measured_ns += l->measured_ns;
  m->sum_off = s->sum_measured_ns / s->sum_wanted_ns - 1;
  m->mean_off += (off - m->mean_off) / ++m->n_kernel;
  if (off >= m->worst_off) {
    m->worst_off = off;
    m->worst = o->name;
  }
  if (!s->stream.address || o->kind != CR_OP_KERNEL || o->dram_bytes == CR_UNKNOWN)
    return;
  m->n_dram++;
  s->dram_bytes += (double)o->dram_bytes;
  s->dram_read += (double)h->chunks * CR_STREAM_CHUNK_BYTES;
  m->dram_off = s->dram_bytes > 0 ? s->dram_read / s->dram_bytes - 1 : 0;
  m->n_dram_cut += h->chunks < s->shape[l->asked].chunks;
}

/* --- what other runs measured --------------------------------------------------------------------------------------- */

static struct cr_standin_key key_of(const struct cr_standins *s, const struct launch *l)
{
  const struct cr_standin_shape *h = &s->shape[l->asked];
  return (struct cr_standin_key){{h->regs, h->carveout_percent, h->n_chain, h->n_load, h->blocks, h->threads, h->smem,
                                  h->fmas, h->chunks, llrint(l->wanted_ns), s->stream.mask}};
}

/* Now and then one is measured, and is not taken if it is off: *is_there. */
static int take_cached(struct cr_standins *s, struct launch *l, int *is_there, struct cr_err *err)
{
  struct cr_standin_key key = key_of(s, l);
  struct cr_standin_found found;
  *is_there = cr_standin_cache_find(s->cache, &key, &found);
  if (!*is_there)
    return CR_OK;
  int rc = set_chunks(s, l, found.chunks, err);
  if (rc)
    return rc;
  l->rounds = found.rounds;
  l->slope_ns = found.slope_ns;
  l->measured_ns = found.measured_ns;
  if (s->n_hit++ % (1 + s->workload->n_op / SAMPLE))
    return CR_OK;
  double ns = 0;
  rc = measure(s, &s->shape[l->shape], l->rounds, &ns, err);
  s->n_checked++;
  if (!rc && fabs(ns / found.measured_ns - 1) > MATCH) {
    s->n_stale++;
    *is_there = 0;
    l->shape = l->asked;
  }
  return rc;
}

static int keep(struct cr_standins *s, const struct launch *l, struct cr_err *err)
{
  struct cr_standin_key key = key_of(s, l);
  const struct cr_standin_found found = {l->rounds, s->shape[l->shape].chunks, ceil(l->measured_ns), l->slope_ns};
  return cr_standin_cache_put(s->cache, &key, &found, err);
}

static int open_cache(struct cr_standins *s, struct cr_err *err)
{
  struct cr_text text = {0};
  cr_standin_ptx(4, 1, 0, &text);
  cr_standin_ptx(4, 4, 4, &text);
  int rc = text.failed ? cr_fail_nomem(err, "the text of a stand-in")
                       : cr_standin_cache_open(s->gpu->name, s->gpu->driver_version, cr_standin_cache_hash(0, text.s),
                                               &s->cache, err);
  cr_text_fini(&text);
  return rc;
}

/* --- kernels -------------------------------------------------------------------------------------------------------- */

/* What the memsets right before the kernel take longer than was recorded; in steps, so that the next run asks for the same. */
static double fills_excess_ns(const struct cr_standins *s, uint32_t op)
{
  double ns = 0, tick_ns = 64;
  for (uint32_t i = op; !begins_model(s->workload, i) && s->workload->op[i - 1].kind == CR_OP_MEMSET; i--)
    ns += s->launch[i - 1].measured_ns - s->launch[i - 1].wanted_ns;
  return tick_ns * rint(ns / tick_ns);
}

static int add_kernel(struct cr_standins *s, const struct cr_device_desc *d, uint32_t i, struct cr_err *err)
{
  struct cr_op_spec piece;
  const struct cr_op_spec *op = &s->workload->op[i];
  if (op->kind == CR_OP_ITERATION) {
    cr_standin_piece_of(op, d, &piece);
    op = &piece;
  }
  struct launch *l = &s->launch[i];
  struct cr_standin_shape h;
  double alone_ns = op == &piece ? (double)piece.duration_ns : wanted_ns(s, d, i) - fills_excess_ns(s, i);
  *l = (struct launch){.wanted_ns = fmax(alone_ns, 1)};
  cr_standin_shape(d, op, l->wanted_ns, s->stream.address && op != &piece, &h);
  int rc = find_shape(s, &h, &l->asked, err), is_there = 0;
  l->shape = l->asked;
  uint32_t before = rc ? CR_NONE : fitted_before(s, i);
  if (before != CR_NONE) {
    *l = s->launch[before];
    note_match(s, i);
    return CR_OK;
  }
  rc = rc ? rc : take_cached(s, l, &is_there, err);
  s->match.n_cached += (uint32_t)is_there;
  if (!is_there) {
    rc = rc ? rc : fit_chunks(s, l, err);
    rc = rc ? rc : keep(s, l, err);
  }
  if (rc)
    return cr_fail_in(err, rc, "kernel %s", op->name);
  note_match(s, i);
  return CR_OK;
}

static int add_kernels(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  int rc = CR_OK;
  s->n_shape = s->mark + 1;
  s->match = (struct cr_standin_match){0};
  s->sum_wanted_ns = s->sum_measured_ns = s->dram_bytes = s->dram_read = 0;
  for (uint32_t i = 0; !rc && i < s->workload->n_op; i++)
    if (is_launched(s, i))
      rc = add_kernel(s, d, i, err);
  return rc;
}

/* Where more than a quarter of the sample is off, the GPU is not as it was, and all is measured. */
static int add_with_cache(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  int rc = open_cache(s, err);
  rc = rc ? rc : add_kernels(s, d, err);
  if (!rc && 4 * s->n_stale > s->n_checked) {
    cr_standin_cache_forget(s->cache);
    rc = add_kernels(s, d, err);
  }
  if (rc)
    return rc;
  struct cr_standin_cache *cache = s->cache;
  s->cache = NULL;
  return cr_standin_cache_close(cache, err);
}

/* --- among each other --------------------------------------------------------------------------------------------- */

/* A graph of a model of which the first and the last kernel report: from the end of one to that of the other. */
static int measure_model(struct cr_standins *s, const struct cr_model_info *m, uint32_t first, uint32_t last,
                         double *ns, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  struct cr_standin_record record[2] = {{0}};
  cr_cu_graph graph = NULL;
  cr_cu_graph_exec exec = NULL;
  double took[REPEATS];
  int error = d->capture_begin(s->gpu->control, CR_CU_CAPTURE_RELAXED);
  for (uint32_t i = m->op0; !error && i < m->op0 + m->n_op; i++) {
    struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
    if (i == first || i == last)
      at.slot = s->slot + (i == last);
    error = cr_standin_launch(s, i, &at, s->gpu->control);
  }
  int ended = d->capture_end(s->gpu->control, &graph);
  error = error ? error : ended;
  error = error ? error : d->graph_instantiate(&exec, graph, 0);
  if (graph)
    d->graph_free(graph);
  int rc = cr_cuda_check(d, error, "measuring a model's stand-ins", err);
  for (int i = -1; !rc && i < REPEATS; i++) { /* the first time uploads it */
    rc = cr_cuda_check(d, d->graph_launch(exec, s->gpu->control), "measuring a model's stand-ins", err);
    rc = rc ? rc : cr_cuda_gpu_fetch(s->gpu, s->slot, 2, record, err);
    if (i >= 0)
      took[i] = (double)(record[1].end_ns - record[0].end_ns);
  }
  if (exec)
    d->exec_free(exec);
  if (rc)
    return rc;
  qsort(took, REPEATS, sizeof *took, by_size);
  *ns = took[REPEATS / 2];
  return CR_OK;
}

/* Kernels from the second to the last take so much less, all alike; what one is too short for, the next ones take. */
static void shorten(struct cr_standins *s, uint32_t first, uint32_t last, uint32_t n_kernel, double ns)
{
  double owed_ns = 0;
  for (uint32_t i = first + 1; i <= last; i++) {
    struct launch *l = &s->launch[i];
    if (s->workload->op[i].kind != CR_OP_KERNEL)
      continue;
    owed_ns += ns / n_kernel;
    double n =
      fmin(rint(owed_ns / l->slope_ns), l->rounds - fmin(cr_standin_least_rounds(&s->shape[l->shape]), l->rounds));
    l->rounds = (uint32_t)lrint(l->rounds - n);
    owed_ns -= n * l->slope_ns;
  }
}

/* Kernels take longer among others than in a row of their own kind (NVIDIA H200: 0.1 to 0.4 us, and more the more code is
 * loaded), which is made good by all of them alike. */
static int fit_model(struct cr_standins *s, const struct cr_device_desc *d, const struct cr_model_info *m,
                     struct cr_err *err)
{
  const struct cr_op_spec *op = s->workload->op;
  uint32_t first = CR_NONE, last = CR_NONE, n_kernel = 0;
  double wanted = 0, ns = 0;
  for (uint32_t i = m->op0; i < m->op0 + m->n_op; i++) {
    if (op[i].kind == CR_OP_KERNEL) {
      first = first == CR_NONE ? i : first;
      last = i;
    }
    n_kernel += op[i].kind == CR_OP_KERNEL && i != first;
  }
  if (n_kernel == 0)
    return CR_OK;
  for (uint32_t i = first + 1; i <= last; i++)
    wanted += wanted_ns(s, d, i);
  for (int i = 0;; i++) {
    int rc = measure_model(s, m, first, last, &ns, err);
    if (rc)
      return rc;
    if (i == CORRECTIONS || fabs(ns / wanted - 1) < MODEL_OFF)
      break;
    shorten(s, first, last, n_kernel, ns - wanted);
  }
  s->match.worst_model_off = fmax(s->match.worst_model_off, fabs(ns / wanted - 1));
  return CR_OK;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static int take_scratch(struct cr_standins *s, struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  for (uint32_t i = 0; i < s->workload->n_op; i++)
    if (!is_launched(s, i) && s->workload->op[i].bytes > (int64_t)s->scratch_bytes)
      s->scratch_bytes = (size_t)s->workload->op[i].bytes;
  if (!s->scratch_bytes)
    return CR_OK;
  int error = d->memory_new(&s->scratch, 2 * s->scratch_bytes);
  error = error ? error : d->host_new(&s->host_scratch, s->scratch_bytes, 0);
  return cr_cuda_check(d, error, "memory for copies and memsets", err);
}

/* Where something is to be read from DRAM; CORUN_STANDIN_DRAM=off says no. */
static int take_stream(struct cr_standins *s, const struct cr_device_desc *d, struct cr_err *err)
{
  enum { L2_BYTES = 1 << 26 }; /* where the device does not say */
  const char *said = getenv("CORUN_STANDIN_DRAM");
  int is_off = said && strcmp(said, "off") == 0, is_counted = 0;
  if (said && *said && !is_off && strcmp(said, "on") != 0)
    return cr_fail(err, CR_EINPUT, "CORUN_STANDIN_DRAM is %s; it may be on or off", said);
  for (uint32_t i = 0; i < s->workload->n_op; i++)
    is_counted |= s->workload->op[i].kind == CR_OP_KERNEL && s->workload->op[i].dram_bytes != CR_UNKNOWN;
  if (is_off || !is_counted)
    return CR_OK;
  int64_t most = STREAM_L2S * (d->l2_bytes == CR_UNKNOWN ? L2_BYTES : d->l2_bytes), bytes = CR_STREAM_CHUNK_BYTES;
  most = most < d->mem_bytes / 8 ? most : d->mem_bytes / 8;
  while (2 * bytes <= most)
    bytes *= 2;
  s->stream.mask = (uint32_t)(bytes / CR_STREAM_CHUNK_BYTES - 1);
  return cr_cuda_check(&s->gpu->driver, s->gpu->driver.memory_new(&s->stream.address, (size_t)bytes),
                       "memory that stand-ins read", err);
}

static int check_kinds(const struct cr_workload *w, struct cr_err *err)
{
  for (uint32_t i = 0; i < w->n_op; i++) {
    const struct cr_op_spec *op = &w->op[i];
    if (op->kind == CR_OP_HOST || op->kind == CR_OP_LAYER)
      return cr_fail(err, CR_EINPUT, "op %s is of kind %s, which backend cuda cannot run; take -b sim", op->name,
                     cr_op_kind_name[op->kind]);
    if (op->launch_ns != CR_NS_NEVER)
      return cr_fail(
        err, CR_EINPUT,
        "op %s is launched by itself, and backend cuda runs what was recorded from a graph; take -b sim, or "
        "another recording",
        op->name);
    if (op->kind != CR_OP_KERNEL && op->kind != CR_OP_ITERATION && op->bytes == CR_UNKNOWN)
      return cr_fail(err, CR_EINPUT, "op %s: how many bytes it moves was not recorded", op->name);
  }
  return CR_OK;
}

static int add_mark(struct cr_standins *s, struct cr_err *err)
{
  struct cr_standin_shape mark = {.regs = 16, .n_chain = 1, .blocks = 1, .threads = 32};
  int rc = cr_standin_codes_find(s->codes, mark.regs, 0, cr_standin_kind(1, 0), &mark.code, err);
  s->mark = s->n_shape;
  s->shape[s->n_shape++] = mark;
  return rc;
}

int cr_standins_new(struct cr_cuda_gpu *gpu, const struct cr_workload *w, const struct cr_device_desc *d,
                    struct cr_standins **out, struct cr_err *err)
{
  int rc = check_kinds(w, err);
  struct cr_arena *arena = rc ? NULL : cr_arena_new();
  struct cr_standins *s = arena ? cr_arena_take(arena, 1, sizeof *s) : NULL;
  if (!s) {
    cr_arena_free(arena);
    return rc ? rc : cr_fail_nomem(err, "stand-ins");
  }
  *s = (struct cr_standins){.gpu = gpu, .workload = w, .arena = arena};
  s->shape = cr_arena_take(arena, CUTS * (size_t)w->n_op + 2, sizeof *s->shape);
  s->launch = cr_arena_take(arena, (size_t)w->n_op + 1, sizeof *s->launch);
  s->codes = cr_standin_codes_new(gpu);
  if (!s->shape || !s->launch || !s->codes)
    rc = cr_fail_nomem(err, "stand-ins");
  rc = rc ? rc : cr_cuda_gpu_take_slots(gpu, 2, &s->slot, err);
  rc = rc ? rc : cr_cuda_gpu_take_words(gpu, &s->words, err);
  rc = rc ? rc : take_scratch(s, err);
  rc = rc ? rc : take_stream(s, d, err);
  rc = rc ? rc : add_mark(s, err);
  rc = rc ? rc : measure_fills(s, d, err);
  rc = rc ? rc : add_with_cache(s, d, err);
  for (uint32_t i = 0; !rc && i < w->n_model; i++)
    rc = fit_model(s, d, &w->model[i], err);
  s->match.n_shape = s->n_shape - 1; /* beside the mark */
  if (rc) {
    cr_standins_free(s);
    return rc;
  }
  *out = s;
  return CR_OK;
}

void cr_standins_free(struct cr_standins *s)
{
  if (!s)
    return;
  const struct cr_cuda_driver *d = &s->gpu->driver;
  cr_standin_codes_free(s->codes);
  cr_standin_cache_free(s->cache);
  if (s->stream.address && !s->gpu->hangs)
    d->memory_free(s->stream.address);
  if (s->scratch && !s->gpu->hangs)
    d->memory_free(s->scratch);
  if (s->host_scratch && !s->gpu->hangs)
    d->host_free(s->host_scratch);
  cr_arena_free(s->arena);
}

void cr_standins_match(const struct cr_standins *s, struct cr_standin_match *out)
{
  *out = s->match;
}

struct cr_standin_codes *cr_standins_codes(const struct cr_standins *s)
{
  return s->codes;
}

struct cr_standin_work cr_standin_work(const struct cr_standins *s, uint32_t op)
{
  const struct launch *l = &s->launch[op];
  const struct cr_standin_shape *h = &s->shape[l->shape];
  return (struct cr_standin_work){.regs = s->workload->op[op].regs,
                                  .carveout_percent = h->carveout_percent,
                                  .threads = h->threads,
                                  .smem = h->smem,
                                  .n_chain = h->n_chain,
                                  .fmas = h->fmas,
                                  .rounds = l->rounds,
                                  .per_round = cr_standin_per_round(h, l->rounds)};
}

struct cr_standin_stream cr_standins_stream(const struct cr_standins *s)
{
  return s->stream;
}

/* --- launching ---------------------------------------------------------------------------------------------------- */

int cr_standin_launch(struct cr_standins *s, uint32_t op, const struct cr_standin_at *at, cr_cu_stream stream)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  const struct cr_op_spec *o = &s->workload->op[op];
  size_t bytes = is_launched(s, op) ? 0 : (size_t)o->bytes;
  switch (o->kind) {
  case CR_OP_KERNEL:
  case CR_OP_ITERATION:
    return start(s, &s->shape[s->launch[op].shape], s->launch[op].rounds, at, stream);
  case CR_OP_COPY_H2D:
    return d->copy_h2d(s->scratch, s->host_scratch, bytes, stream);
  case CR_OP_COPY_D2H:
    return d->copy_d2h(s->host_scratch, s->scratch, bytes, stream);
  case CR_OP_COPY_D2D:
    return d->copy_d2d(s->scratch, s->scratch + s->scratch_bytes, bytes, stream);
  case CR_OP_MEMSET:
    return d->fill(s->scratch, 0, bytes ? bytes : 1, stream);
  default:
    return CR_CU_OK; /* refused when it was made */
  }
}

int cr_standin_launch_rounds(struct cr_standins *s, uint32_t op, uint32_t rounds, const struct cr_standin_at *at,
                             cr_cu_stream stream)
{
  return start(s, &s->shape[s->launch[op].shape], rounds, at, stream);
}

uint32_t cr_standin_pieces(const struct cr_standins *s, uint32_t op)
{
  return cr_standin_piece_count(&s->workload->op[op]);
}

int cr_standin_mark(struct cr_standins *s, const struct cr_standin_at *at, cr_cu_stream stream)
{
  return start(s, &s->shape[s->mark], 0, at, stream);
}
