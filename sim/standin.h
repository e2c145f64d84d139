/* standin.h - stand-ins of a workload's kernels on a real GPU: launches of the same shape that take the same time alone.
 *
 * A stand-in has the recorded blocks, clusters of them, threads, registers (to the unit in which the GPU gives them out), shared memory
 * and carve-out; the blocks of a cluster follow each other in its grid, which has one dimension.
 * Its work is set by measurement: rounds of a load from the L2 and as many multiply-adds as make its warps issue at the recorded
 * rate (where counters say it; else at the rate of a load alone), so many that in
 * a graph of its kind, gaps included, it takes what the device model gives the recorded kernel alone, within 3 % where it can be.
 * Where counters say how much traffic the kernel had in DRAM and in the L2, it reads as much from there (sim/stream_ptx.h) and writes
 * nothing.  What was measured is kept for the next run (sim/standin_cache.h). */
#ifndef CR_STANDIN_H
#define CR_STANDIN_H
#include "sim/machine.h"
#include "sim/standin_launch.h"
#include "sim/workload.h"

struct cr_standins;

/* How well they match. */
struct cr_standin_match {
  uint32_t n_kernel, n_shape;  /* of the workload; different ones of them */
  double mean_off, worst_off;  /* |measured / wanted - 1| of their times alone, gaps included */
  double sum_off;              /* sum of measured / sum of wanted - 1 */
  double worst_model_off;      /* |measured / wanted - 1| of a model's kernels one after the other, as corrected last */
  const char *worst;           /* name of the kernel */
  uint32_t n_cached;           /* shapes and times that other runs measured */
  uint32_t n_dram, n_dram_cut; /* kernels whose DRAM traffic was counted; that give up some of it to take their time */
  double dram_off;             /* of these, what loads ask for / what was counted - 1, in sum */
  uint32_t n_l2, n_l2_cut;     /* likewise, of kernels whose L2 traffic was counted, DRAM's included */
  double l2_off;
  uint32_t n_cluster;    /* kernels that are launched in clusters */
  uint32_t n_no_cluster; /* that were recorded in clusters, which the GPU does not have */
};

/* Loads and measures stand-ins for all kernels of the workload, which takes a second or so.  Refused where the GPU cannot hold a
 * shape. */
int cr_standins_new(struct cr_cuda_gpu *gpu, const struct cr_workload *w, const struct cr_device_desc *d,
                    struct cr_standins **out, struct cr_err *err) CR_MUST;
void cr_standins_free(struct cr_standins *s); /* NULL is fine; not while any runs */

void cr_standins_match(const struct cr_standins *s, struct cr_standin_match *out);

/* What a kernel's stand-in is: its shape, and the work of each of its blocks (sim/standin_ptx.h). */
struct cr_standin_work {
  uint32_t regs, carveout_percent, threads, smem;
  uint32_t n_chain, fmas, rounds, per_round, dram_share;
  uint32_t chunks, dram_chunks; /* of the whole launch (sim/standin_shape.h) */
};
struct cr_standin_work cr_standin_work(const struct cr_standins *s, uint32_t op);

struct cr_standin_stream cr_standins_stream(const struct cr_standins *s);
struct cr_standin_codes *cr_standins_codes(const struct cr_standins *s); /* which stay its own */

/* Launches the op into the stream, or into the graph that the stream captures: kernels as stand-ins, copies and memsets for real,
 * which report nothing (at is not looked at); of an iteration one of its pieces (sim/standin_piece.h).  A driver's error number. */
int cr_standin_launch(struct cr_standins *s, uint32_t op, const struct cr_standin_at *at, cr_cu_stream stream);

/* A kernel's stand-in with so many rounds of work, in place of those with which it takes its recorded time. */
int cr_standin_launch_rounds(struct cr_standins *s, uint32_t op, uint32_t rounds, const struct cr_standin_at *at,
                             cr_cu_stream stream);

/* Of a copy whose launch holds its thread, which copies pinned memory here: so much less does it take than was recorded. */
cr_ns cr_standin_short_ns(const struct cr_standins *s, uint32_t op);

/* Launches that stand for the op. */
uint32_t cr_standin_pieces(const struct cr_standins *s, uint32_t op);

/* A launch of one block that takes no time: what tells that copies and memsets before it in the stream have ended. */
int cr_standin_mark(struct cr_standins *s, const struct cr_standin_at *at, cr_cu_stream stream);

#endif
