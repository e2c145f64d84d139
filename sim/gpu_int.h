/* gpu_int.h - insides of the device model, shared by gpu*.c alone. */
#ifndef CR_GPU_INT_H
#define CR_GPU_INT_H
#include "sim/gpu.h"

enum {
  COHORT_CAP = 512,  /* sets of blocks on the device at once; the dispatcher waits beyond that */
  RESIDENT_CAP = 32, /* cohorts on one SM: no GPU holds more blocks than that */
};

/* What the model needs of an op, computed once.  Times in ns as double; loads in units of instructions a cycle. */
struct shape {
  uint32_t blocks;                        /* 0: holds no SM */
  uint32_t warps;                         /* a block */
  uint32_t reg_units;                     /* a block, in warp_regs_unit */
  uint32_t smem;                          /* a block, rounded, with what the system reserves */
  float per_warp, per_reg_unit, per_smem; /* reciprocals of the three */
  uint32_t carveout;                      /* recorded; 0: not known, any will do that holds a block */
  float load;                             /* of a block; a multiple of 2^-10, so that sums in float are exact */
  float alone;    /* load its blocks see in its first wave on an empty device, in which it takes its recorded time */
  int parted;     /* SMs that hold fewer of its blocks than others are followed by themselves */
  double away_ns; /* before its blocks: idle gap, launch and drain; for ops without blocks, the gap */
  double flat_ns; /* of body_ns: not stretched by contention */
  double body_ns; /* of a block in its first wave alone, or of the op where there are no blocks */
  double cold_ns; /* more, when cold */
  double slow_at_0, slow_per_load; /* gpu_rate.c: slowdown = slow_at_0 + slow_per_load * load seen */
};

/* Blocks of one cohort on each SM of a class. */
struct resident {
  uint16_t cohort, n;
};

/* SMs with the same residents and the same carve-out are one class: what happens to one happens to all.  A device under a
 * pair of models has two or three, under eight models some dozens, so that all work is per class and not per SM. */
struct sm_class {
  uint32_t n_sm;
  uint32_t warps, blocks, reg_units, smem; /* in use, an SM */
  uint32_t carveout;                       /* in force */
  uint32_t n_resident;
  uint32_t fit;                           /* scratch of a placement: more blocks of its shape an SM could take */
  uint64_t mask;                          /* bit (cohort mod 64) of every resident: a quick no to `is it here` */
  float load;                             /* sum over residents */
  uint64_t hash;                          /* of residents and carve-out: equal classes have equal hashes */
  struct resident resident[RESIDENT_CAP]; /* oldest first */
};

struct sms {
  struct sm_class *class; /* [n_sm]; n_class of them */
  uint32_t n_class;
  uint32_t n_sm, n_busy, n_warp;
  uint32_t n_put; /* in this placement: of blocks on a class; more than one may leave uneven numbers */
  uint32_t limit_warps, limit_blocks, limit_reg_units, limit_smem;
};

/* Blocks of one kernel placed at one instant: they progress and end together. */
struct cohort {
  uint32_t kernel; /* its stream; CR_NONE: the slot is free */
  uint32_t n;      /* blocks */
  uint32_t next;   /* of the free slots */
  cr_ns placed_ns;
  const struct shape *shape;
  float load;              /* of a block: shape->load */
  float seen, seen_before; /* sum over blocks of the load they see: being added up, and as the rate has it */
  double flat_ns;          /* left of the part that is not stretched */
  double work_ns;          /* left of the rest, at rate 1 */
  double slow;             /* >= 1 */
  cr_ns since_ns;          /* when flat, work and slow were true */
  cr_ns end_ns;
};

enum state { IDLE, AWAY, PENDING, PLACED, PLAIN }; /* PLAIN: runs without SMs */

/* The op a stream has on the device; at most one. */
struct kernel {
  enum state state;
  int32_t priority;
  uint32_t op, left, running; /* blocks not yet placed; blocks on SMs */
  uint32_t started;           /* first block placed */
  uint32_t newest;            /* its cohort placed last, while it has one */
  uint64_t seq;               /* order of becoming pending */
  uint64_t start_seq;         /* number of its stream's last start on the device, from 1 */
  cr_ns ready_ns;             /* AWAY: becomes pending; PLAIN: ends */
  cr_ns start_ns;
};

struct cr_gpu {
  const struct cr_device_desc *device;
  struct cr_gpu_model model;
  const struct cr_op_spec *op;
  struct cr_arena *arena;
  struct shape *shape; /* [n_op] */
  struct sms sms;
  uint32_t n_stream;
  struct kernel *kernel; /* [n_stream] */
  uint32_t *pending;     /* [n_stream] in dispatch order */
  uint32_t n_pending;
  struct cohort *cohort; /* [COHORT_CAP] */
  uint16_t *live;        /* [COHORT_CAP] slots in use, n_live of them, in order of age */
  uint32_t n_live, free_cohort;
  cr_ns now_ns, next_ns;
  cr_ns frontend_ns;     /* the front end is busy until then */
  cr_ns copy_free_ns[3]; /* h2d, d2h, d2d */
  uint32_t n_copying, n_plain, n_active;
  uint64_t n_start, n_seq;
  int dirty; /* residents changed since the rates were computed */
  int stuck; /* the head found no room, and no block has left since */
  struct cr_use use;
};

/* gpu_shape.c */
/* op: in the table of all ops, index: its place in its model (op[-1] is read when it is not the first). */
int cr_gpu_shape(const struct cr_gpu *g, const struct cr_op_spec *op, uint32_t index, struct shape *out,
                 struct cr_err *err);

/* gpu_sm.c */
int cr_gpu_sms_init(struct sms *s, const struct cr_device_desc *d, struct cr_arena *arena);
/* Places up to `most` blocks of the shape as this cohort; how many were placed. */
uint32_t cr_gpu_sms_place(struct sms *s, const struct cr_gpu_model *m, const struct shape *k, uint32_t most,
                          uint32_t cohort);
/* If the cohort holds different numbers of blocks on different SMs, moves those where it holds fewer than most into
 * cohort `fewer`, and returns how many blocks these are. */
uint32_t cr_gpu_sms_part(struct sms *s, uint32_t cohort, uint32_t fewer);
void cr_gpu_sms_release(struct sms *s, const struct shape *k, uint32_t cohort);

/* gpu_rate.c */
void cr_gpu_rates(struct cr_gpu *g);                  /* brings every cohort's rate and end up to now_ns */
void cr_gpu_progress(struct cohort *c, cr_ns now_ns); /* takes the time since c->since_ns off what is left */

#endif
