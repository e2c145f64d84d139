/* machine.h - a device description: the limits and speeds of one GPU, and the constants of its model.
 *
 * Limits come from the vendor's datasheet or the driver, constants from calibration; both arrive in a YAML file
 * (calib/devices/NAME.yaml, read by traces/device_file.c).  CR_UNKNOWN marks what is not known; what the model
 * cannot do without is checked when the file is read. */
#ifndef CR_MACHINE_H
#define CR_MACHINE_H
#include "sim/base.h"

/* The constants of the device model: all but the last are calibrated, join trades accuracy for speed; sim/gpu.h says
 * what each one does.  One list: the enum, the names in device files and in --set model.NAME, and the tables of
 * docs/model.md all follow it. */
#define CR_GPU_CONSTANTS(X)                                                                                           \
  X(PROFILER, profiler, "us", "idle time that the recording profiler adds before each kernel")                        \
  X(MEMSET_GAP, memset_gap, "1", "share of the recorded idle time beside a memset that is there unprofiled")          \
  X(GAP, gap, "us", "idle time before a kernel where none was recorded")                                              \
  X(REPLAY, replay, "us", "idle time before a request's first op where none was recorded")                            \
  X(LAUNCH, launch, "us", "from the hand-over of work to an idle stream until it starts: a graph's launch call")      \
  X(OVERHEAD, overhead, "us", "launch and drain part of a kernel, which holds no SM")                                 \
  X(FLAT, flat, "us", "first part of each block that contention does not stretch")                                    \
  X(FRONTEND, frontend, "us", "serial service of one kernel in the launch front end")                                 \
  X(COLD, cold, "us", "extra time of a kernel after another stream's kernel started on the device")                   \
  X(COLD_REG, cold_reg, "us", "the same, more: (registers a thread beyond 40 / 64)^2 times this")                     \
  X(COLD_STREAMS, cold_streams, "1", "exponent: n other streams count n^cold_streams times one")                      \
  X(LOAD, load, "1", "slowdown per unit of load that co-resident blocks put on an SM")                                \
  X(WARP_IPC, warp_ipc, "1", "instructions a cycle of a resident warp where no counters were recorded")               \
  X(CLOCK, clock, "1", "GHz of the SMs: turns recorded instructions into instructions a cycle")                       \
  X(ILP, ilp, "1", "exponent: a warp of r registers a thread counts (r/32)^ilp times as much, where no counters are") \
  X(OWN, own, "1", "exponent: a kernel whose blocks see load E alone is slowed by others E^own times as much")        \
  X(SPREAD, spread, "1", "the first blocks placed together end by this share of their time before the last")          \
  X(YOUNGER, younger, "1", "load of blocks that started later, against older ones'")                                  \
  X(SLICE, slice, "us", "time slice: how long a process keeps the device while other processes wait")                 \
  X(SLICE_SWITCH, slice_switch, "us", "from the end of a slice to the next process's turn: work is saved, restored")  \
  X(SLICE_YIELD, slice_yield, "us", "the same after an owner that has nothing to do")                                 \
  X(DUPLEX, duplex, "1", "slowdown of a copy while another runs in the other direction")                              \
  X(PROFILER_CALL, profiler_call, "us",                                                                               \
    "CPU time that the recording profiler adds to each CUDA call (eager programs)")                                   \
  X(JOIN, join, "1", "blocks placed within this share of a block's time of each other are followed together")

/* What the steps of feeding a stream from a host queue and of preempting it cost (sim/preempt.h).  A device file may leave any
 * of them out: then its constant is NAN, and a policy that needs what it prices is refused on that device; but for the last two, without
 * which there is an answer, too. */
#define CR_GPU_PRICES(X)                                                                                              \
  X(PUSH, push, "us", "from one launch of a kernel by the host to its next one, of the same stream")                  \
  X(PUSH_SERIAL, push_serial, "us", "the same of all streams: so far apart launches follow; 0: each has a thread")    \
  X(FETCH, fetch, "us", "from the launch of a kernel to its start on an idle stream")                                 \
  X(NOTICE, notice, "us", "from the end of a kernel until the host that feeds its stream has seen it")                \
  X(SINGLE, single, "us", "more idle time before a kernel that was launched by itself, and not in a graph")           \
  X(LOOK, look, "us", "of a kernel from a device queue more: its blocks look for a flag, and note when they begin")   \
  X(REPORT, report, "us", "of each of them more, also if it gives up: it tells the host its end")                     \
  X(FLAG, flag, "us", "from a preemption until blocks that begin see its flag, and give up")                          \
  X(CLEAR, clear, "us", "to drop what is in a stream's host queue and leave its release for later")                   \
  X(CLEAR_EACH, clear_each, "us", "more, for each op in it, where they are released one by one")                      \
  X(EVICT, evict, "us", "of a kernel in the device queue whose blocks all give up, in its stream")                    \
  X(EVICT_SERIAL, evict_serial, "us", "the same on the whole device: so far apart they follow, whatever streams")     \
  X(EVICT_BLOCK, evict_block, "us", "of one block that gives up: they do so one after the other")                     \
  X(KILL, kill, "us", "of the stop that ends what runs")                                                              \
  X(KILL_MORE, kill_more, "us", "of each stop more, one for each op the device queue can hold")                       \
  X(SYNC, sync, "us", "to learn that preempted streams are idle")                                                     \
  X(UNFLAG, unflag, "us", "to take the flag back before the next launch")                                             \
  X(EARLY, early, "us",                                                                                               \
    "more idle time before an op of a padded request, which is launched by itself, than in a graph")                  \
  X(MERGE, merge, "us", "more idle time before a launch that holds blocks of several kernels, and as much behind it") \
  X(MERGE_LONGER, merge_longer, "us", "of a padded kernel's blocks more, which passes behind it")                     \
  X(APART, apart, "us", "more idle time between kernels of a graph, where several streams are fed from host queues") \
  X(LAUNCH_BUSY, launch_busy, "us", "launch where the device is at work, or was 2 ms ago; left out: launch itself")

enum cr_gpu_constant {
#define X(ID, name, unit, help) CR_GPU_##ID,
  CR_GPU_CONSTANTS(X) CR_GPU_PRICES(X)
#undef X
    CR_N_GPU_CONSTANT,
  CR_GPU_FIRST_PRICE = CR_GPU_PUSH
};

struct cr_gpu_constant_info {
  const char *name, *unit, *help;
};
extern const struct cr_gpu_constant_info cr_gpu_constant_info[CR_N_GPU_CONSTANT];

/* A GPU whose SMs are followed; or a node, of which only the times of whole layers are known (sim/node_device.h): CPU cores
 * of one type, or a GPU and the core beside it. */
enum cr_device_kind { CR_DEVICE_GPU, CR_DEVICE_CPU_NODE, CR_DEVICE_GPU_NODE };

/* Of a node: its cores, and what a stage costs there beside its layers (eps of DART, RTSS 2019).  All times >= 0. */
struct cr_node_desc {
  uint32_t n_core; /* >= 1; of a GPU node 1 */
  const char *core_type;
  cr_ns notify_ns;      /* eps_s: to hand a request over to its next node */
  cr_ns cpu_preempt_ns; /* eps_cp: to take the cores from best-effort work */
  cr_ns gpu_preempt_ns; /* eps_gp: to take the GPU from best-effort kernels */
  cr_ns gpu_copy_ns;    /* eps_gm: to wait for a best-effort copy under way */
  /* Of a GPU node: whose kernels are followed (sim/gpu_node.h), so that the two above follow from them; NULL: of layers only
   * the times are known. */
  const struct cr_device_desc *gpu;
  const char *gpu_type; /* of a GPU node: what tables of layers call its GPU */
};

struct cr_device_desc {
  const char *name;  /* "h200" */
  const char *about; /* vendor's full name, source of the limits */
  uint32_t sms;      /* AMD: CUs */
  uint32_t recorded_sms; /* of the device of which the traces are, where a scenario changes sms; 0: as many */
  uint32_t warp_threads;
  uint32_t sm_threads, sm_warps, sm_blocks; /* resident, an SM */
  uint32_t sm_regs;                         /* 32-bit registers an SM */
  uint32_t sm_partitions;                   /* equal parts of them; a warp's lie in one.  0 counts as 1 */
  uint32_t warp_regs_unit;                  /* registers are given to a warp in multiples of this */
  uint32_t block_threads_max, thread_regs_max;
  int64_t sm_smem_bytes, block_smem_max_bytes; /* shared memory an SM; a block at most */
  int64_t block_smem_reserved_bytes, smem_unit_bytes;
  uint32_t n_carveout;
  int64_t carveout_bytes[16];               /* the SM carve-outs the driver can choose, ascending */
  int64_t mem_bytes, l2_bytes;              /* l2_bytes: or CR_UNKNOWN */
  int64_t dram_bytes_per_s, l2_bytes_per_s; /* CR_UNKNOWN: not limited */
  int64_t h2d_bytes_per_s, d2h_bytes_per_s, d2d_bytes_per_s;
  uint32_t copy_engines; /* 0: copies run with the kernels */
  uint32_t cpu_cores;    /* of its host, for threads that launch eager programs; 0: enough for all */
  int32_t priority_least, priority_greatest; /* CUDA's sense: 0 and -5 on an H200 */
  int is_uncalibrated;                /* its constants were never measured: whole iterations alone can run on it */
  uint32_t n_assumed;                 /* constants whose origin begins with "assumed": nobody measured them here */
  double constant[CR_N_GPU_CONSTANT]; /* in the unit of its info; 0 where it is uncalibrated */
  enum cr_device_kind kind;
  struct cr_node_desc node; /* of a node, which has no limits of SMs */
};

/* SMs of the device on which kernels took their recorded times. */
static inline uint32_t cr_device_recorded_sms(const struct cr_device_desc *d)
{
  return d->recorded_sms ? d->recorded_sms : d->sms;
}

struct cr_machine {
  uint32_t n_device;
  const struct cr_device_desc *device; /* [n_device] */
};

/* Blocks of this shape that fit on an SM at once by threads, warps, registers, shared memory and block slots (CUDA
 * Occupancy Calculator's rules); 0: it can never run on this device, and `why`, if given, names the limit.
 * Registers of 0 and shared memory of CR_UNKNOWN do not limit. */
uint32_t cr_device_occupancy(const struct cr_device_desc *d, uint32_t threads, uint32_t regs, int64_t smem_bytes,
                             const char **why);

/* Whether every number is present and possible; the error begins with its key in a device file. */
int cr_device_check(const struct cr_device_desc *d, struct cr_err *err) CR_MUST;

/* Whether the device model takes these settings, "cold=off,load=0.5" (sim/gpu.h); for those who may not see it. */
int cr_device_check_model(const struct cr_device_desc *d, const char *set, struct cr_err *err) CR_MUST;

#endif
