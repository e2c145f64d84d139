/* kineto.c - makes a model of a Kineto trace: one clean iteration, medians over all that are alike.
 *
 * Ops of one graph replay share the correlation id of their cudaGraphLaunch: they are one token.  In an eager run every
 * op is a token by itself.  iteration.c finds the iteration in the tokens.  Of an even number of values the median is
 * the lower of the middle two, so that every number was measured; what disturbs a recording makes things late, hardly
 * ever early.  The spread is the median absolute deviation, there the upper of the two, so as not to promise too much.
 *
 * Launch times of eager runs are CPU time from one launch call's start to the next one's; the first one's counts from
 * the iteration's first host activity, which a second pass over the file finds, so that host events need not be kept.
 */
#include "config.h"

#include "traces/kineto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/text.h"
#include "traces/iteration.h"
#include "traces/kineto_int.h"
#include "traces/sha256.h"

enum { BACK_TO_BACK_NS = 100000 }; /* idle time up to which iterations count as back to back */

/* A graph replay, or an op launched alone. */
struct token {
  uint32_t op0, n_op;
};

struct import {
  const char *path;
  const struct cr_kineto_options *opt;
  struct kineto_trace t;
  struct cr_arena *arena; /* the trace's */
  struct token *token;    /* [n_token] */
  uint64_t *token_hash;
  cr_ns *idle_ns; /* [n_token] of the device before it; the first's is 0 */
  uint32_t n_token;
  int all_graphs;
  struct cr_repeats it; /* in tokens */
  uint32_t n_op;           /* of one iteration */
  struct kineto_call *
    *call_of;        /* [t.n_op] launch call of an op; NULL: none in the file, or not the first of its graph */
  cr_ns *host_start; /* [it.n_clean] first host activity; CR_NS_NEVER: none found */
  uint32_t *n_call;  /* [t.n_op] CUDA calls from the launch call before it, or the iteration's first host activity, to its own */
  cr_ns *value;      /* [it.n_clean] for medians */
  struct cr_text report;
};

/* -- order -- */

static int by_start(const void *a, const void *b)
{
  const struct kineto_op *x = a, *y = b;
  if (x->start_ns != y->start_ns)
    return x->start_ns < y->start_ns ? -1 : 1;
  return x->event < y->event ? -1 : x->event > y->event;
}

static cr_ns end_of(const struct kineto_op *op)
{
  return op->start_ns + op->duration_ns;
}

/* A model is one chain: work on several devices, or on streams that run at the same time, cannot be one. */
static int check_chain(struct import *im, struct cr_err *err)
{
  struct kineto_op *op = im->t.op;
  for (uint32_t i = 1; i < im->t.n_op; i++)
    if (op[i].device != op[0].device)
      return cr_fail(err, CR_EINPUT,
                     "%s: has work on devices %u and %u; a model runs on one: record one device at a time", im->path,
                     op[0].device, op[i].device);
  qsort(op, im->t.n_op, sizeof *op, by_start);
  const struct kineto_op *last = &op[0];
  for (uint32_t i = 1; i < im->t.n_op; i++) {
    if (op[i].start_ns < end_of(last) && op[i].stream != last->stream)
      return cr_fail(err, CR_EINPUT,
                     "%s:%" PRIu64 ": streams %u and %u run at the same time (event %" PRIu64
                     "); a model is one chain of ops: record it on one stream",
                     im->path, op[i].line, last->stream, op[i].stream, op[i].event);
    if (end_of(&op[i]) > end_of(last))
      last = &op[i];
  }
  return CR_OK;
}

/* Overlap within a stream cannot be: the file is wrong.  The ops are in order of start, their streams take turns. */
static int check_overlap(struct import *im, struct cr_err *err)
{
  struct kineto_op *op = im->t.op;
  for (uint32_t i = 1; i < im->t.n_op; i++)
    if (op[i].start_ns < end_of(&op[i - 1]))
      return cr_fail(err, CR_EINPUT,
                     "%s:%" PRIu64 ": event %" PRIu64 " (%.60s) begins %" PRId64 " ns before event %" PRIu64
                     " (line %" PRIu64 ") ends, in the same stream %u; record it again with one iteration at a time",
                     im->path, op[i].line, op[i].event, im->t.name[op[i].name], end_of(&op[i - 1]) - op[i].start_ns,
                     op[i - 1].event, op[i - 1].line, op[i].stream);
  return CR_OK;
}

/* -- tokens -- */

static uint64_t mix(uint64_t h, uint64_t v)
{
  for (int i = 0; i < 8; i++, v >>= 8)
    h = (h ^ (v & 0xff)) * UINT64_C(0x100000001b3); /* FNV-1a */
  return h;
}

/* What makes two ops the same work. */
static uint64_t op_hash(const struct import *im, const struct kineto_op *op)
{
  uint64_t h = mix(UINT64_C(0xcbf29ce484222325), im->t.name_hash[op->name]);
  const uint64_t part[] = {op->kind, op->blocks, op->threads, op->regs, (uint64_t)op->smem_bytes, (uint64_t)op->bytes};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++)
    h = mix(h, part[i]);
  return h;
}

static int by_correlation(const void *a, const void *b)
{
  const struct kineto_call *x = a, *y = b;
  if (x->correlation != y->correlation)
    return x->correlation < y->correlation ? -1 : 1;
  return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static struct kineto_call *find_call(const struct import *im, uint64_t correlation)
{
  struct kineto_call key = {.correlation = correlation, .start_ns = INT64_MIN};
  uint32_t lo = 0, hi = im->t.n_call;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (by_correlation(&im->t.call[mid], &key) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < im->t.n_call && im->t.call[lo].correlation == correlation ? &im->t.call[lo] : NULL;
}

static int make_tokens(struct import *im, struct cr_err *err)
{
  uint32_t n = im->t.n_op;
  im->token = cr_arena_take(im->arena, n, sizeof *im->token);
  im->token_hash = cr_arena_take(im->arena, n, sizeof *im->token_hash);
  im->idle_ns = cr_arena_take(im->arena, n, sizeof *im->idle_ns);
  im->call_of = cr_arena_take(im->arena, n, sizeof(struct kineto_call *));
  if (!im->token || !im->token_hash || !im->idle_ns || !im->call_of)
    return cr_fail_nomem(err, im->path);
  if (im->t.n_call)
    qsort(im->t.call, im->t.n_call, sizeof *im->t.call, by_correlation);
  im->all_graphs = 1;
  for (uint32_t i = 0; i < n;) {
    const struct kineto_op *op = im->t.op;
    uint32_t to = i;
    uint64_t h = 0;
    for (; to < n && op[to].correlation == op[i].correlation && (to == i || op[i].correlation != 0); to++)
      h = mix(h, op_hash(im, &op[to]));
    struct kineto_call *call = op[i].correlation ? find_call(im, op[i].correlation) : NULL;
    im->call_of[i] = call;
    if (to - i == 1 && !op[i].in_graph && !(call && call->kind == KINETO_GRAPH_LAUNCH))
      im->all_graphs = 0;
    im->idle_ns[im->n_token] = i ? op[i].start_ns - end_of(&op[i - 1]) : 0;
    im->token_hash[im->n_token] = h;
    im->token[im->n_token++] = (struct token){i, to - i};
    i = to;
  }
  return CR_OK;
}

static int find_iterations(struct import *im, struct cr_err *err)
{
  int rc = cr_repeats_find(im->token_hash, im->idle_ns, im->n_token, im->arena, &im->it, err);
  /* Replays among which no pattern repeats: one replay is an iteration, and the odd ones are left out. */
  if (!rc && im->all_graphs && im->it.n_clean == 1 && im->n_token > 1)
    rc = cr_repeats_alone(im->token_hash, im->n_token, im->arena, &im->it, err);
  if (rc)
    return rc;
  for (uint32_t i = 0; i < im->it.n_token; i++)
    im->n_op += im->token[im->it.first[0] + i].n_op;
  im->value = cr_arena_take(im->arena, im->it.n_clean, sizeof *im->value);
  return im->value ? CR_OK : cr_fail_nomem(err, im->path);
}

/* -- medians -- */

static int by_ns(const void *a, const void *b)
{
  cr_ns x = *(const cr_ns *)a, y = *(const cr_ns *)b;
  return x < y ? -1 : x > y;
}

static cr_ns lower_median(cr_ns *v, uint32_t n)
{
  qsort(v, n, sizeof *v, by_ns);
  return v[(n - 1) / 2];
}

/* Median absolute deviation from m; v is overwritten. */
static cr_ns deviation(cr_ns *v, uint32_t n, cr_ns m)
{
  for (uint32_t i = 0; i < n; i++)
    v[i] = v[i] < m ? m - v[i] : v[i] - m;
  qsort(v, n, sizeof *v, by_ns);
  return v[n / 2];
}

/* Index of the first op of clean iteration k. */
static uint32_t first_op(const struct import *im, uint32_t k)
{
  return im->token[im->it.first[k]].op0;
}

/* Median idle time before the iterations, but for one that nothing precedes; CR_NS_NEVER when there is none. */
static cr_ns gap_between(struct import *im)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < im->it.n_clean; k++) {
    uint32_t i = first_op(im, k);
    if (i > 0)
      im->value[n++] = im->t.op[i].start_ns - end_of(&im->t.op[i - 1]);
  }
  return n ? lower_median(im->value, n) : CR_NS_NEVER;
}

/* Median time from start to start of neighbours. */
static cr_ns period(struct import *im)
{
  uint32_t n = 0;
  for (uint32_t k = 1; k < im->it.n_clean; k++)
    if (im->it.first[k] == im->it.first[k - 1] + im->it.n_token)
      im->value[n++] = im->t.op[first_op(im, k)].start_ns - im->t.op[first_op(im, k - 1)].start_ns;
  return n ? lower_median(im->value, n) : CR_NS_NEVER;
}

/* -- launch times of eager runs -- */

/* For each clean iteration: the time after which its host activity may begin, and its first launch call's. */
struct host_search {
  struct import *im;
  cr_ns *after, *before; /* [n_clean], ascending */
  int64_t *tid;
  cr_ns *sync_end; /* [n_sync] ascending: waits for the device */
  uint32_t n_sync;
  cr_ns *launch;       /* [n_launch] ascending: starts of the launch calls of clean iterations, and */
  uint32_t *launch_op; /* [n_launch] their ops */
  uint32_t n_launch;
};

/* How many of v[0..n), ascending, are below limit. */
static uint32_t n_below(const cr_ns *v, uint32_t n, cr_ns limit)
{
  uint32_t lo = 0, hi = n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (v[mid] < limit)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* Host activity of an iteration begins after the last launch call before it and after any wait for the device that
 * ended since. */
static void host_window(const struct import *im, uint32_t k, struct host_search *hs)
{
  uint32_t i = first_op(im, k);
  const struct kineto_call *first = im->call_of[i], *previous = NULL;
  for (uint32_t j = i; j > 0 && !previous; j--)
    previous = im->call_of[j - 1];
  hs->after[k] = previous ? previous->end_ns : INT64_MIN;
  hs->before[k] = first ? first->start_ns : hs->after[k];
  hs->tid[k] = first ? first->tid : INT64_MIN;
  uint32_t n = n_below(hs->sync_end, hs->n_sync, cr_ns_add(hs->before[k], 1));
  if (n)
    hs->after[k] = cr_max_ns(hs->after[k], hs->sync_end[n - 1]);
}

static void on_host(void *ctx, cr_ns start_ns, int64_t tid, int is_call)
{
  struct host_search *hs = ctx;
  struct import *im = hs->im;
  uint32_t k = n_below(hs->before, im->it.n_clean, start_ns);
  if (k < im->it.n_clean && tid == hs->tid[k] && start_ns >= hs->after[k])
    im->host_start[k] = cr_min_ns(im->host_start[k], start_ns);
  uint32_t next = n_below(hs->launch, hs->n_launch, cr_ns_add(start_ns, 1));
  if (!is_call || next == hs->n_launch)
    return;
  k = n_below(hs->before, im->it.n_clean, hs->launch[next]); /* between iterations nothing counts but the next one's own */
  int is_first = k < im->it.n_clean && hs->before[k] == hs->launch[next];
  if (!is_first || (tid == hs->tid[k] && start_ns >= hs->after[k]))
    im->n_call[hs->launch_op[next]]++;
}

/* The launch calls of clean iterations, in order of time: ops start in the order in which they were launched. */
static int list_launches(const struct import *im, struct host_search *hs)
{
  hs->launch = cr_arena_take(im->arena, im->t.n_op, sizeof *hs->launch);
  hs->launch_op = cr_arena_take(im->arena, im->t.n_op, sizeof *hs->launch_op);
  if (!hs->launch || !hs->launch_op)
    return CR_ENOMEM;
  for (uint32_t k = 0; k < im->it.n_clean; k++)
    for (uint32_t j = 0; j < im->n_op; j++) {
      uint32_t i = first_op(im, k) + j;
      const struct kineto_call *call = im->call_of[i];
      if (!call || (hs->n_launch && call->start_ns <= hs->launch[hs->n_launch - 1]))
        continue;
      hs->launch[hs->n_launch] = call->start_ns;
      hs->launch_op[hs->n_launch++] = i;
    }
  return CR_OK;
}

static int find_host_starts(struct import *im, struct cr_err *err)
{
  uint32_t n = im->it.n_clean;
  struct host_search hs = {.im = im};
  im->host_start = cr_arena_take(im->arena, n, sizeof *im->host_start);
  hs.after = cr_arena_take(im->arena, n, sizeof *hs.after);
  hs.before = cr_arena_take(im->arena, n, sizeof *hs.before);
  hs.tid = cr_arena_take(im->arena, n, sizeof *hs.tid);
  hs.sync_end = cr_arena_take(im->arena, im->t.n_call, sizeof *hs.sync_end);
  im->n_call = cr_arena_take(im->arena, im->t.n_op, sizeof *im->n_call);
  if (!im->host_start || !hs.after || !hs.before || !hs.tid || !hs.sync_end || !im->n_call || list_launches(im, &hs))
    return cr_fail_nomem(err, im->path);
  for (uint32_t c = 0; c < im->t.n_call; c++)
    if (im->t.call[c].kind == KINETO_SYNC)
      hs.sync_end[hs.n_sync++] = im->t.call[c].end_ns;
  qsort(hs.sync_end, hs.n_sync, sizeof *hs.sync_end, by_ns);
  for (uint32_t k = 0; k < n; k++) {
    im->host_start[k] = CR_NS_NEVER;
    host_window(im, k, &hs);
  }
  return kineto_each_host(im->path, im->opt, on_host, &hs, err);
}

/* The call that put the op before op i of the same iteration on the device. */
static const struct kineto_call *call_before(const struct import *im, uint32_t i, uint32_t first)
{
  for (; i > first; i--)
    if (im->call_of[i - 1])
      return im->call_of[i - 1];
  return NULL;
}

/* Median CPU time before the launch call of op j; CR_NS_NEVER when the file does not tell. */
static cr_ns launch_time(struct import *im, uint32_t j)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < im->it.n_clean; k++) {
    uint32_t i = first_op(im, k) + j;
    const struct kineto_call *call = im->call_of[i], *before = call_before(im, i, i - j);
    cr_ns from = j == 0 ? im->host_start[k] : before ? before->start_ns : CR_NS_NEVER;
    if (call && from != CR_NS_NEVER && from <= call->start_ns)
      im->value[n++] = call->start_ns - from;
  }
  return n ? lower_median(im->value, n) : CR_NS_NEVER;
}

/* Median number of CUDA calls made in that time; 0: not known. */
static uint32_t launch_calls(struct import *im, uint32_t j)
{
  for (uint32_t k = 0; k < im->it.n_clean; k++)
    im->value[k] = im->n_call[first_op(im, k) + j];
  return (uint32_t)lower_median(im->value, im->it.n_clean);
}

/* -- the model -- */

/* Kineto names copies by where they go: "Memcpy HtoD (Pageable -> Device)". */
static enum cr_answer is_pageable(const char *name)
{
  if (strstr(name, "Pageable"))
    return CR_YES;
  return strstr(name, "Pinned") ? CR_NO : CR_UNSAID;
}

static struct cr_op_spec make_op(struct import *im, uint32_t j, cr_ns first_gap)
{
  const struct kineto_op *like = &im->t.op[first_op(im, 0) + j];
  uint32_t n = im->it.n_clean;
  struct cr_op_spec op = {.name = im->t.name[like->name],
                          .kind = (enum cr_op_kind)like->kind,
                          .spread_ns = CR_NS_NEVER,
                          .gap_ns = first_gap,
                          .launch_ns = CR_NS_NEVER,
                          .blocks = like->blocks,
                          .threads = like->threads,
                          .regs = like->regs,
                          .smem_bytes = like->smem_bytes,
                          .carveout_bytes = CR_UNKNOWN,
                          .bytes = like->bytes,
                          .dram_bytes = CR_UNKNOWN,
                          .l2_bytes = CR_UNKNOWN,
                          .instructions = CR_UNKNOWN,
                          .tensor_instructions = CR_UNKNOWN,
                          .active_warps_q16 = CR_UNKNOWN};
  for (uint32_t k = 0; k < n; k++)
    im->value[k] = im->t.op[first_op(im, k) + j].duration_ns;
  op.duration_ns = lower_median(im->value, n);
  if (n > 1)
    op.spread_ns = deviation(im->value, n, op.duration_ns);
  if (j > 0) {
    for (uint32_t k = 0; k < n; k++) {
      const struct kineto_op *at = &im->t.op[first_op(im, k) + j];
      im->value[k] = at->start_ns - end_of(at - 1);
    }
    op.gap_ns = lower_median(im->value, n);
  }
  if (!im->all_graphs) {
    op.launch_ns = launch_time(im, j);
    op.calls = op.launch_ns == CR_NS_NEVER ? 0 : launch_calls(im, j);
  }
  if (op.kind == CR_OP_COPY_H2D || op.kind == CR_OP_COPY_D2H)
    op.pageable = is_pageable(op.name);
  return op;
}

static void report(struct import *im, const struct cr_op_spec *op, cr_ns gap_ns)
{
  uint32_t n_no_launch = 0;
  for (uint32_t j = 0; j < im->n_op; j++) {
    uint32_t i = first_op(im, 0) + j;
    n_no_launch += op[j].launch_ns == CR_NS_NEVER && (j == 0 || im->t.op[i].correlation != im->t.op[i - 1].correlation);
  }
  if (im->it.n_clean == 1)
    cr_text_add(&im->report, "one iteration only: medians and spreads are not known; record several\n");
  if (im->it.n_left_out)
    cr_text_add(&im->report, "%u iteration%s left out: cut, or of other ops\n", im->it.n_left_out,
                im->it.n_left_out == 1 ? "" : "s");
  if (gap_ns == CR_NS_NEVER || gap_ns >= BACK_TO_BACK_NS)
    cr_text_add(&im->report, "iterations are not back to back: the idle time before the first op is not known\n");
  if (!im->all_graphs && n_no_launch)
    cr_text_add(&im->report, "%u ops without a launch call: their CPU time is not known\n", n_no_launch);
}

/* "2026-11-22T00:53:37Z" of the first op; empty without a base time. */
static void recorded_at(const struct import *im, char *out, size_t n)
{
  cr_ns ns;
  struct tm tm;
  *out = '\0';
  if (!im->t.base_ns || __builtin_add_overflow(im->t.base_ns, im->t.op[0].start_ns, &ns) || ns < 0)
    return;
  time_t s = (time_t)(ns / 1000000000);
  if (gmtime_r(&s, &tm))
    strftime(out, n, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void cut_tail(char *s, const char *tail)
{
  size_t n = strlen(s), m = strlen(tail);
  if (n > m && !strcmp(s + n - m, tail))
    s[n - m] = '\0';
}

/* "alexnet-bs1-fp32" of alexnet-bs1-fp32.graph.json.gz; "x.eager" of x.eager.json, since a graph x may be there too. */
static char *model_name(struct import *im, const struct cr_kineto_options *opt)
{
  const char *prefix = opt->prefix ? opt->prefix : "", *given = opt->model ? opt->model : base_name(im->path);
  size_t n = strlen(prefix), m = strlen(given);
  char *name = cr_arena_take(im->arena, n + m + 1, 1);
  if (!name)
    return NULL;
  memcpy(name, prefix, n);
  memcpy(name + n, given, m);
  static const char *const tail[] = {".gz", ".json", ".pt.trace", ".graph"};
  for (size_t i = 0; i < sizeof tail / sizeof *tail && !opt->model; i++)
    cut_tail(name + n, tail[i]);
  return name;
}

static int add_to_store(struct cr_store *s, struct import *im, const struct cr_kineto_options *opt, struct cr_err *err)
{
  char sha[65], tool[64], driver[32], recorded[32];
  struct cr_model_spec model = {.name = model_name(im, opt),
                                .n_op = im->n_op,
                                .weight_bytes = CR_UNKNOWN,
                                .persistent_bytes = CR_UNKNOWN,
                                .ephemeral_bytes = CR_UNKNOWN,
                                .framework_bytes = CR_UNKNOWN};
  struct cr_op_spec *op = cr_arena_take(im->arena, im->n_op, sizeof *op);
  if (!op || !model.name)
    return cr_fail_nomem(err, im->path);
  cr_ns gap_ns = gap_between(im), first_gap = gap_ns < BACK_TO_BACK_NS ? gap_ns : CR_NS_NEVER;
  for (uint32_t j = 0; j < im->n_op; j++)
    op[j] = make_op(im, j, first_gap);
  model.op = op;
  report(im, op, gap_ns);
  if (im->report.failed)
    return cr_fail_nomem(err, im->path);
  struct cr_recording recording = {.class = im->all_graphs ? "graph" : "eager",
                                   .n_iteration = im->it.n_clean,
                                   .n_left_out = im->it.n_left_out,
                                   .period_ns = first_gap == CR_NS_NEVER ? CR_NS_NEVER : period(im),
                                   .report = im->report.s ? im->report.s : ""};
  struct cr_origin origin = opt->origin;
  int rc = cr_sha256_file(im->path, sha, err);
  if (rc)
    return rc;
  snprintf(tool, sizeof tool, im->t.schema == CR_UNKNOWN ? "kineto" : "kineto schema %" PRId64, im->t.schema);
  snprintf(driver, sizeof driver, "CUDA %" PRId64 ".%" PRId64, im->t.driver / 1000, im->t.driver % 1000 / 10);
  recorded_at(im, recorded, sizeof recorded);
  origin.file = base_name(im->path);
  origin.sha256 = sha;
  origin.tool = tool;
  origin.gpu = origin.gpu ? origin.gpu : im->t.gpu;
  origin.driver = origin.driver ? origin.driver : im->t.driver > 0 ? driver : NULL;
  origin.recorded = origin.recorded ? origin.recorded : *recorded ? recorded : NULL;
  return cr_store_add_model(s, &model, &recording, &origin, opt->replace, err);
}

static int has_kernel(const struct kineto_trace *t)
{
  for (uint32_t i = 0; i < t->n_op; i++)
    if (t->op[i].kind == CR_OP_KERNEL)
      return 1;
  return 0;
}

int cr_kineto_import(struct cr_store *s, const char *path, const struct cr_kineto_options *opt, struct cr_err *err)
{
  struct import im = {.path = path, .opt = opt};
  int rc = kineto_read(path, opt, &im.t, err);
  im.arena = im.t.arena;
  if (!rc && !has_kernel(&im.t))
    rc = cr_fail(err, CR_EINPUT, "%s: has %" PRIu64 " events but no kernel; record it with GPU activities switched on",
                 path, im.t.n_event);
  if (!rc)
    rc = check_chain(&im, err);
  if (!rc)
    rc = check_overlap(&im, err);
  if (!rc)
    rc = make_tokens(&im, err);
  if (!rc)
    rc = find_iterations(&im, err);
  if (!rc && !im.all_graphs)
    rc = find_host_starts(&im, err);
  if (!rc)
    rc = add_to_store(s, &im, opt, err);
  cr_text_fini(&im.report);
  kineto_trace_fini(&im.t);
  return rc;
}
