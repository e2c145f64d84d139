/* bench_rules.c - what the simulator takes for granted of how a GPU deals out blocks, held against this one.
 *
 * Kernels of blocks that spin for one length are launched in a known order, and when each begins or ends, in lengths since the first
 * one began, tells which rule was followed.  These are no constants: nothing is fitted, and a rule that does not hold is said. */
#include "config.h"

#include "calib/bench_int.h"

#include <math.h>

#include "sim/policy.h"

enum { LENGTH_NS = 400000, SMEM_OPTIN = 97 /* cuDeviceGetAttribute: shared memory of a block at most */ };
static const double LATE_US = 60; /* after the one before, so that the order is sure */

/* When what a rule is about happened in one try, in lengths. */
typedef double (*rule_fn)(struct cr_bench *b);

static void start(struct cr_bench *b, cr_cu_stream stream, uint32_t slot, double waves, uint32_t sm_blocks,
                  uint32_t smem_bytes)
{
  double blocks = fmax(1, waves * sm_blocks * b->gpu.sms);
  cr_bench_launch(b, stream,
                  &(struct cr_bench_spin){
                    .blocks = (uint32_t)blocks, .smem_bytes = smem_bytes, .ns = LENGTH_NS, .slot = slot, .to_host = 1});
  cr_bench_spin_host(LATE_US);
}

/* Of launches in slots 0 .. n - 1: when slot `which` began (or ended) since slot 0 began. */
static double seen(struct cr_bench *b, uint32_t n, uint32_t which, int is_end)
{
  struct cr_standin_record r[3];
  for (uint32_t i = 0; i < n; i++)
    r[i] = cr_bench_wait(b, i);
  cr_bench_quiet(b);
  return 1e3 * cr_bench_between_us(r[0].begin_ns, is_end ? r[which].end_ns : r[which].begin_ns) / LENGTH_NS;
}

/* Three full kernels in three streams. */
static double third_in_line(struct cr_bench *b)
{
  cr_bench_clear_slots(b, 0, 3);
  for (uint32_t i = 0; i < 3; i++)
    start(b, b->stream[i], i, 1, b->sm_blocks, 0);
  return seen(b, 3, 2, 0);
}

/* Two and a half waves, then a block of another stream. */
static double block_behind(struct cr_bench *b)
{
  cr_bench_clear_slots(b, 0, 2);
  start(b, b->stream[0], 0, 2.5, b->sm_blocks, 0);
  start(b, b->stream[1], 1, 0, b->sm_blocks, 0);
  return seen(b, 2, 1, 0);
}

static double beside_four(struct cr_bench *b, cr_cu_stream stream, uint32_t which, int is_end)
{
  cr_bench_clear_slots(b, 0, 2);
  start(b, b->stream[0], 0, 4, b->sm_blocks, 0);
  start(b, stream, 1, 1, b->sm_blocks, 0);
  return seen(b, 2, which, is_end);
}

static double urgent_begins(struct cr_bench *b)
{
  return beside_four(b, b->high, 1, 0);
}

static double others_wait(struct cr_bench *b)
{
  return beside_four(b, b->high, 0, 1);
}

static double equal_begins(struct cr_bench *b)
{
  return beside_four(b, b->stream[1], 1, 0);
}

/* Half of every SM, then the other half. */
static double half_and_half(struct cr_bench *b)
{
  cr_bench_clear_slots(b, 0, 2);
  start(b, b->stream[0], 0, 1, b->sm_blocks / 2, 0);
  start(b, b->stream[1], 1, 1, b->sm_blocks / 2, 0);
  return seen(b, 2, 1, 1);
}

/* A block of more than half of the shared memory on every SM, then the same again. */
static double no_shared_memory(struct cr_bench *b)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  int most = 0, error = d->device_attribute(&most, SMEM_OPTIN, b->gpu.device), smem = most / 10 * 6;
  error = error ? error : d->function_set(b->spin, CR_CU_FUNCTION_SMEM_MAX, smem);
  cr_bench_check(b, error, "a block with much shared memory");
  cr_bench_clear_slots(b, 0, 2);
  start(b, b->stream[0], 0, 1, 1, (uint32_t)smem);
  start(b, b->stream[1], 1, 1, 1, (uint32_t)smem);
  return seen(b, 2, 1, 0);
}

/* Two full waves of half the SMs, in a stream that has no more: what the whole GPU holds at once. */
static double on_half(struct cr_bench *b)
{
  uint32_t sms = cr_cuda_shares_sms(b->shares, b->half.part);
  cr_bench_clear_slots(b, 0, 1);
  start(b, b->half.stream, 0, 2.0 * sms / b->gpu.sms, b->sm_blocks, 0);
  return seen(b, 1, 0, 1);
}

/* The same as a graph that was captured in a stream on half the SMs, and is launched in one on all of them. */
static double graph_on_half(struct cr_bench *b)
{
  const struct cr_cuda_driver *d = &b->gpu.driver;
  cr_cu_stream capture = cr_cuda_shares_capture(b->shares, b->half.part);
  uint32_t blocks = 2 * cr_cuda_shares_sms(b->shares, b->half.part) * b->sm_blocks;
  cr_cu_graph graph = NULL;
  cr_cu_graph_exec exec = NULL;
  cr_bench_clear_slots(b, 0, 1);
  cr_bench_check(b, d->capture_begin(capture, CR_CU_CAPTURE_RELAXED), "a graph");
  cr_bench_launch(b, capture, &(struct cr_bench_spin){.blocks = blocks, .ns = LENGTH_NS, .slot = 0, .to_host = 1});
  int error = d->capture_end(capture, &graph);
  error = error ? error : d->graph_instantiate(&exec, graph, 0);
  cr_bench_check(b, error ? error : d->graph_launch(exec, b->stream[0]), "a graph on a part of the GPU");
  double lengths = seen(b, 1, 0, 1);
  if (exec)
    d->exec_free(exec);
  if (graph)
    d->graph_free(graph);
  return lengths;
}

static const struct rule {
  const char *name, *about;
  rule_fn try;
  double expected, tolerance; /* in lengths */
  int shares;                 /* it needs them */
} rules[] = {
  {"fifo", "of three full kernels of one priority the third begins as the second ends", third_in_line, 2, 0.2, 0},
  {"leftover", "a block behind a kernel of 2.5 waves begins with its last wave, and not among the others", block_behind,
   2, 0.2, 0},
  {"in-turn", "behind a kernel of four waves one of the same priority begins as the last wave ends", equal_begins, 4,
   0.2, 0},
  {"priority", "beside a kernel of four waves one of greater priority begins with the next wave", urgent_begins, 1, 0.2,
   0},
  {"no-preemption", "what is on the SMs stays: the four waves end one later", others_wait, 5, 0.3, 0},
  {"shared-sm", "two kernels that fill half of each SM run together at full speed of spinning", half_and_half, 1 + 0.17,
   0.2, 0},
  {"shared-memory", "a kernel for which no SM has shared memory left begins as the one before ends", no_shared_memory,
   1, 0.2, 0},
  {"share", "what fills half of the SMs twice takes two lengths in a green context of half of them", on_half, 2, 0.1,
   1},
  {"share-graph", "so it does in a graph that was captured there, wherever that is launched", graph_on_half, 2, 0.1, 1},
};

/* Drivers without green contexts have no shares, which is no failure here. */
static void open_shares(struct cr_bench *b)
{
  struct cr_err none;
  b->half = (struct cr_cuda_sharer){.part = CR_NONE};
  if (cr_bench_fails(b) || cr_cuda_shares_new(&b->gpu, &b->shares, &none) != CR_OK)
    return;
  b->rc = cr_cuda_shares_give(b->shares, &b->half, CR_SHARE_ALL / 2, b->gpu.priority_least, b->err);
}

static void close_shares(struct cr_bench *b)
{
  if (b->half.stream && !b->gpu.hangs)
    b->gpu.driver.stream_free(b->half.stream);
  cr_cuda_shares_free(b->shares);
  b->shares = NULL;
}

static void try_rule(struct cr_bench *b, const struct rule *r)
{
  struct cr_bench_sample at = {0};
  for (uint32_t rep = 0; rep < cr_bench_reps(b, 15) && !cr_bench_fails(b); rep++)
    cr_bench_add(b, &at, r->try(b));
  double p50 = cr_bench_quantile(&at, 0.5);
  int holds = fabs(p50 - r->expected) <= r->tolerance;
  if (!cr_bench_fails(b))
    cr_text_add(&b->rules, "%s,%.2f,%.3f,%.3f,%.3f,%u,%s,\"%s\"\n", r->name, r->expected, p50,
                cr_bench_quantile(&at, 0.1), cr_bench_quantile(&at, 0.9), at.n, holds ? "holds" : "does not hold",
                r->about);
  cr_bench_sample_fini(&at);
}

void cr_bench_rules(struct cr_bench *b)
{
  open_shares(b);
  for (size_t i = 0; i < sizeof rules / sizeof rules[0] && !cr_bench_fails(b); i++)
    if (!rules[i].shares || b->shares)
      try_rule(b, &rules[i]);
  close_shares(b);
}
