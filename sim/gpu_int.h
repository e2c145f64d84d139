/* gpu_int.h - insides of the device model, shared by gpu*.c alone. */
#ifndef CR_GPU_INT_H
#define CR_GPU_INT_H
#include "sim/copy_engines.h"
#include "sim/gpu.h"

enum {
  COHORT_CAP = 512,  /* sets of blocks on the device at once; the dispatcher waits beyond that */
  RESIDENT_CAP = 32, /* cohorts on one SM: no GPU holds more blocks than that */
  RESIDENT_MOVE =
    8, /* residents that move up in one go when one leaves; there is room to read as many beyond the last */
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
  /* What gpu.c adds, out of the above and the op: */
  uint64_t need;     /* of a block, packed */
  cr_ns wait_ns;     /* away_ns in whole ns */
  double dram_bytes; /* 0 where not known */
  enum cr_op_kind kind;
  int queued; /* goes through the queue of pending kernels */
};

/* Blocks of one cohort on each SM of a class. */
struct resident {
  uint16_t cohort, n;
};

/* What is free on an SM, or what a block needs, in one word: four counts side by side, so that one subtraction takes a block
 * off all four, and one test of the highest bit of each (guard) sees whether any would have gone below 0.  Counts keep to
 * less than 1/32 of a field below its guard, so that 32 blocks can be tried at once. */
enum {
  WARPS_AT = 0,
  BLOCKS_AT = 13,
  REGS_AT = 20, /* in warp_regs_unit */
  SMEM_AT = 39, /* in bytes, of the carve-out in force */
  WARPS_MAX = 127,
  REGS_MAX = 8191,
  SMEM_MAX = 524287,
};
#define GUARDS \
  (UINT64_C(1) << (BLOCKS_AT - 1) | UINT64_C(1) << (REGS_AT - 1) | UINT64_C(1) << (SMEM_AT - 1) | UINT64_C(1) << 63)

static inline uint64_t cr_gpu_pack(uint32_t warps, uint32_t blocks, uint32_t reg_units, uint32_t smem)
{
  return (uint64_t)warps << WARPS_AT | (uint64_t)blocks << BLOCKS_AT | (uint64_t)reg_units << REGS_AT |
         (uint64_t)smem << SMEM_AT;
}

static inline uint32_t cr_gpu_warps(uint64_t packed)
{
  return packed >> WARPS_AT & ((1u << BLOCKS_AT) - 1);
}

static inline uint32_t cr_gpu_blocks(uint64_t packed)
{
  return packed >> BLOCKS_AT & ((1u << (REGS_AT - BLOCKS_AT)) - 1);
}

static inline uint32_t cr_gpu_reg_units(uint64_t packed)
{
  return packed >> REGS_AT & ((1u << (SMEM_AT - REGS_AT)) - 1);
}

static inline uint32_t cr_gpu_smem(uint64_t packed)
{
  return (uint32_t)(packed >> SMEM_AT);
}

/* SMs with the same residents and the same carve-out are one class: what happens to one happens to all.  A device under a
 * pair of models has two or three, under eight models some dozens, so that all work is per class and not per SM. */
struct sm_class {
  uint64_t free; /* packed */
  uint32_t n_sm;
  uint32_t carveout; /* in force */
  uint32_t n_resident;
  float load;                                             /* sum over residents */
  struct resident resident[RESIDENT_CAP + RESIDENT_MOVE]; /* oldest first */
};

/* A class that has room, while blocks are shared out; what it gets is put there in one go at the end. */
struct option {
  uint64_t free; /* packed, less what it got; of an empty class with the carve-out it will have */
  uint32_t class, n_sm;
  uint32_t warps; /* in use, with those it got; UINT32_MAX: it is full */
  uint32_t got;   /* blocks an SM */
};

struct sms {
  struct sm_class *class; /* [n_sm]; n_class of them */
  /* [n_sm + 1] bit (cohort mod 64) of every resident of a class: a quick no to `is it here`, and to `is it equal` */
  uint64_t *mask;
  struct option *option; /* [n_sm] scratch */
  uint8_t *in;           /* [n_sm] scratch, by option */
  uint32_t n_class;
  uint32_t n_sm, n_busy, n_warp;
  uint32_t n_open;      /* in this placement: SMs that can take a block */
  uint32_t n_put;       /* in this placement: of blocks on a class; more than one may leave uneven numbers */
  int shared_bits;      /* a cohort of number 64 or more was placed: two may have the same bit in a mask */
  int fresh;            /* this placement is its kernel's first try */
  int carved, emptiest; /* the mechanisms of these names */
  uint64_t limit;       /* packed: an SM with nothing on it, all shared memory in force */
};

/* Streams whose blocks lie on at most `sms` SMs at once, all together. */
struct share {
  uint32_t sms;                     /* 0: on any number */
  uint64_t cohort[COHORT_CAP / 64]; /* bit by bit: theirs */
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

enum state { IDLE, AWAY, PENDING, PLACED, PLAIN, COPYING }; /* PLAIN, COPYING: runs without SMs */

/* The op a stream has on the device; at most one. */
struct kernel {
  enum state state;
  int32_t priority;
  uint32_t op, left, running; /* blocks not yet placed; blocks on SMs */
  uint32_t started;           /* first block placed */
  uint32_t tried;             /* has looked for room */
  uint32_t newest;            /* its cohort placed last, while it has one */
  struct share *share;        /* of its stream; NULL: its own, which is all of the device */
  cr_ns start_ns;
};

/* A stream that is AWAY or PLAIN. */
struct waiting {
  cr_ns ready_ns; /* AWAY: becomes pending; PLAIN: ends */
  uint32_t stream;
};

struct cr_gpu {
  const struct cr_device_desc *device;
  struct cr_gpu_model model;
  const struct cr_op_spec *op;
  struct cr_arena *arena;
  struct shape *shape; /* [n_op] */
  struct sms sms;
  uint32_t n_stream;
  struct kernel *kernel;   /* [n_stream] */
  struct share *share;     /* [n_stream] by group */
  uint64_t *start_seq;     /* [n_stream] number of each stream's last start on the device, from 1; 0: none yet */
  double *cold_factor;     /* [n_stream + 1] by the number of other streams that started */
  uint32_t *pending;       /* [n_stream] in dispatch order */
  struct waiting *waiting; /* [n_stream] in order of stream */
  uint32_t n_pending, n_waiting;
  struct cohort *cohort; /* [COHORT_CAP] */
  uint16_t *live;        /* [COHORT_CAP] slots in use, n_live of them, in order of age */
  uint32_t n_live, free_cohort;
  cr_ns now_ns, next_ns;
  cr_ns cohort_next_ns, waiting_next_ns; /* first end of a cohort; first change of a waiting stream */
  cr_ns frontend_ns;                     /* the front end is busy until then */
  cr_ns frontend_each_ns;                /* of one kernel */
  struct cr_copies copies;
  uint32_t n_active;
  uint64_t n_start;
  int dirty; /* residents changed since the rates were computed */
  int stuck; /* the head found no room, and no block has left since */
  struct cr_use use;
};

/* gpu_shape.c */
/* op: in the table of all ops, index: its place in its model (op[-1] is read when it is not the first). */
int cr_gpu_shape(const struct cr_gpu *g, const struct cr_op_spec *op, uint32_t index, struct shape *out,
                 struct cr_err *err);

/* gpu_sm.c */
int cr_gpu_sms_init(struct sms *s, const struct cr_device_desc *d, const struct cr_gpu_model *m,
                    struct cr_arena *arena);
/* Places up to `most` blocks of the shape as this cohort; how many were placed. */
uint32_t cr_gpu_sms_place(struct sms *s, const struct shape *k, uint32_t most, uint32_t cohort,
                          const struct share *share, int fresh);
/* If the cohort holds different numbers of blocks on different SMs, moves those where it holds fewer than most into
 * cohort `fewer`, and returns how many blocks these are. */
uint32_t cr_gpu_sms_part(struct sms *s, uint32_t cohort, uint32_t fewer);
void cr_gpu_sms_release(struct sms *s, const struct shape *k, uint32_t cohort);
/* On how many SMs the share's blocks lie. */
uint32_t cr_gpu_sms_held(const struct sms *s, const struct share *share);

/* gpu_rate.c */
void cr_gpu_rates(struct cr_gpu *g);                  /* brings every cohort's rate and end up to now_ns */
void cr_gpu_progress(struct cohort *c, cr_ns now_ns); /* takes the time since c->since_ns off what is left */

#endif
