/* gpu.h - the device model: streams of kernels on the SMs of one GPU, in virtual time.
 *
 * What is modelled, and how (docs/model.md has the equations and the evidence):
 *   shape      a kernel is a grid of equal blocks; per-SM limits say how many fit (gpu_shape.c)
 *   dispatch   pending kernels in order of priority, then arrival; the head places blocks until none is left or none
 *              fits, and while it cannot place its next block nobody behind it may (gpu.c)
 *   placement  emptiest SM first; an SM's shared-memory carve-out grows only while it is empty (gpu_sm.c)
 *   contention blocks placed together progress together, slowed by the load that all residents put on their SMs, older
 *              ones less than younger ones (gpu_rate.c)
 *   cold start a kernel pays extra when another stream's kernel started since this stream's last start (gpu.c)
 * Alone, a kernel takes its recorded time to the nanosecond.  Each mechanism can be switched off by its name. */
#ifndef CR_GPU_H
#define CR_GPU_H
#include "sim/backend.h"
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/workload.h"

/* One list: the enum, the names in --set model.NAME=on|off and the ablation tables follow it. */
#define CR_GPU_MECHANISMS(X)                                                                 \
  X(PRIORITY, priority, "pending blocks in order of stream priority")                        \
  X(HEADBLOCK, headblock, "a kernel that cannot place its next block stops those behind it") \
  X(EMPTIEST, emptiest, "blocks go to the SM with the fewest resident warps, not the first") \
  X(CARVEOUT, carveout, "an SM's shared-memory carve-out grows only while it is empty")      \
  X(CONTENTION, contention, "co-resident blocks slow each other down")                       \
  X(COUNTERS, counters, "the load of a kernel from its counters, where they were recorded")  \
  X(BANDWIDTH, bandwidth, "kernels with counters share the device's DRAM bandwidth")         \
  X(AGE, age, "blocks that started first are slowed less")                                   \
  X(STAGGER, stagger, "blocks placed together free their SMs one group after another")       \
  X(COLD, cold, "extra time after another stream's kernel started")                          \
  X(FRONTEND, frontend, "kernels are taken from the streams one at a time")                  \
  X(MEMSET, memset, "memsets wait in the same queue as kernels")

enum cr_gpu_mechanism {
#define X(ID, name, help) CR_GPU_HAS_##ID,
  CR_GPU_MECHANISMS(X)
#undef X
    CR_N_GPU_MECHANISM
};

struct cr_gpu_mechanism_info {
  const char *name, *help;
};
extern const struct cr_gpu_mechanism_info cr_gpu_mechanism_info[CR_N_GPU_MECHANISM];

/* Which model follows the kernels: --set model.fidelity=wave|kernel (sim/device_model.h). */
enum cr_fidelity { CR_FIDELITY_WAVE, CR_FIDELITY_KERNEL, CR_N_FIDELITY };
extern const char *const cr_fidelity_name[CR_N_FIDELITY];

struct cr_gpu_model {
  double constant[CR_N_GPU_CONSTANT]; /* as in machine.h */
  unsigned char has[CR_N_GPU_MECHANISM];
  enum cr_fidelity fidelity;
};

/* The device's constants with every mechanism on, then what set says: "carveout=off,cold=0.7us,load=0.5".  Times in
 * constants are written with a unit.  The error names what is unknown and lists what there is. */
int cr_gpu_model_parse(const struct cr_device_desc *d, const char *set, struct cr_gpu_model *out,
                       struct cr_err *err) CR_MUST;

/* What one block of a kernel is expected to take with 1, 2, .. n blocks of its kind on an SM and nothing else: out[n].  All
 * CR_NS_NEVER for what is no kernel, or cannot run on the device. */
void cr_gpu_block_times(const struct cr_device_desc *d, const struct cr_op_spec *op, cr_ns *out, uint32_t n);

/* Instructions a cycle that each warp of the kernel is taken to issue alone, from its counters or its registers; 0 for what is no
 * kernel, or cannot run on the device. */
double cr_gpu_warp_ipc(const struct cr_device_desc *d, const struct cr_op_spec *op);

struct cr_gpu;

/* op: [n_op], the workload's; op_index: [n_op], each one's place in its model; n_stream: that will be used, numbered 0.. */
int cr_gpu_new(const struct cr_device_desc *d, const struct cr_gpu_model *model, const struct cr_op_spec *op,
               const uint32_t *op_index, uint32_t n_op, uint32_t n_stream, struct cr_gpu **out,
               struct cr_err *err) CR_MUST;
void cr_gpu_free(struct cr_gpu *g);

void cr_gpu_set_priority(struct cr_gpu *g, uint32_t stream, int32_t priority); /* lower goes first */

/* Streams of one group (numbered by the caller, below n_stream) lie on at most sms SMs at once, all together; 0, or as many
 * as there are: no such limit.  Holds for blocks placed from then on.  A kernel whose group holds all the SMs that it may
 * waits aside: it does not stop those behind it. */
void cr_gpu_set_share(struct cr_gpu *g, uint32_t stream, uint32_t group, uint32_t sms);

/* The stream's next op: its predecessor ended at from_ns, and its launch call (if any) takes effect not before
 * launched_ns; both may lie in the past.  One op at a time a stream. */
void cr_gpu_start(struct cr_gpu *g, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns);

/* Blocks of a kernel: n of them (0: all), at most sm_blocks on an SM (0: as many as fit).  They may be part of another stream's
 * launch: then no kernel of their own starts. */
struct cr_gpu_part {
  uint32_t op, n_block, sm_blocks;
  int is_pad;
};
void cr_gpu_start_part(struct cr_gpu *g, uint32_t stream, const struct cr_gpu_part *part, cr_ns from_ns,
                       cr_ns launched_ns);

/* When something changes next; CR_NS_NEVER when nothing is on the device. */
cr_ns cr_gpu_next_ns(const struct cr_gpu *g);

struct cr_gpu_end {
  uint32_t stream, op;
  uint32_t n_left; /* blocks that never began, since it was stopped */
  cr_ns start_ns;  /* first block on an SM, or start of the copy */
  cr_ns ran_ns;    /* of a layer: its own time, without waits or what it took to tell the next node; of other ops 0 */
};

/* Moves time to to_ns, which must not lie beyond cr_gpu_next_ns, and writes the ops that ended there, in order of stream.
 * cap >= number of streams. */
uint32_t cr_gpu_advance(struct cr_gpu *g, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap);

/* Takes the stream's op back, at the time of the last advance: with `kill` blocks on SMs are stopped, else these go on and
 * those that have not begun never will: out->n_left of them.  Whether the op has ended with this: then *out is its end
 * (start_ns CR_NS_NEVER: it had not begun), and none of its blocks counts as done.  Copies, and what else runs without blocks,
 * cannot be stopped once they run. */
int cr_gpu_stop(struct cr_gpu *g, uint32_t stream, int kill, struct cr_gpu_end *out);

/* Moves on through all instants before to_ns at which something changes, settling at each, up to the first at which ops end,
 * and writes these, unsettled.  *now_ns is where it stands then; it stays as it is where there is no such instant.  It may
 * stop early with none, after so many instants that the caller may want to look around. */
uint32_t cr_gpu_run(struct cr_gpu *g, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap, cr_ns *now_ns);

/* What was started at this instant gets its blocks, and rates are brought up to date; before the next cr_gpu_next_ns. */
void cr_gpu_settle(struct cr_gpu *g);

void cr_gpu_use(const struct cr_gpu *g, struct cr_use *out);                       /* up to the last advance */
void cr_gpu_occupied(const struct cr_gpu *g, uint32_t *sms_busy, uint32_t *warps); /* now */

#endif
