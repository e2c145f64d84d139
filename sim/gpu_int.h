/* gpu_int.h - insides of the device model, shared by gpu*.c alone. */
#ifndef CR_GPU_INT_H
#define CR_GPU_INT_H
#include "sim/block_times.h"
#include "sim/copy_engines.h"
#include "sim/gpu.h"

enum {
  COHORT_CAP = 512, /* sets of blocks on the device at once; the dispatcher waits beyond that */
  STAGGERED = 4,    /* groups of SMs that blocks placed together free one after another */
  BLOCKS_MAX = 32,  /* on one SM: no GPU holds more */
  PAGE = 16,        /* cohorts whose counts of blocks lie side by side: a cache line of them */
};

/* What the model needs of an op, computed once.  Times in ns as double; loads in units of instructions a cycle. */
struct shape {
  uint32_t blocks;                        /* 0: holds no SM */
  uint32_t warps;                         /* a block */
  uint32_t reg_units;                     /* a block, in parts of warp_regs_unit: cr_gpu_reg_parts */
  uint32_t smem;                          /* a block, rounded, with what the system reserves */
  float per_warp, per_reg_unit, per_smem; /* reciprocals of the three */
  uint32_t carveout;                      /* recorded; 0: not known, any will do that holds a block */
  float load;                             /* of a block; a multiple of 2^-10, so that sums in float are exact */
  float alone;      /* load its blocks see in its first wave on an empty device, in which it takes its recorded time */
  int parted;       /* SMs that hold fewer of its blocks than others are followed by themselves */
  double away_ns;   /* before its blocks: idle gap, launch and drain; for ops without blocks, the gap */
  double flat_ns;   /* of body_ns: not stretched by contention */
  double body_ns;   /* of a block in its first wave alone, or of the op where there are no blocks */
  double cold_ns;   /* more, when cold */
  double dram;      /* of a block: what it would draw unthrottled, as a share of the device's bandwidth */
  double bound;     /* share of its time alone that DRAM limits; 0: not known to draw on it */
  double own_queue; /* sqrt(1 - bound^2): 1 / the queue that it made for itself */
  double sensitivity;              /* slowdown per unit of load seen */
  double slow_at_0, slow_per_load; /* gpu_rate.c: slowdown = slow_at_0 + slow_per_load * load seen */
  const cr_ns *block_ns;           /* or, where its times by occupancy were recorded, by this table; NULL: not */
  uint32_t n_block_ns;
  double per_load, per_first_ns; /* reciprocals: of load; of what the table says of its first wave alone */
  /* What gpu.c adds, out of the above and the op: */
  uint64_t need;     /* of a block, packed */
  cr_ns wait_ns;     /* away_ns in whole ns */
  double dram_bytes; /* 0 where not known */
  enum cr_op_kind kind;
  int queued; /* goes through the queue of pending kernels */
};

/* Of a kernel whose blocks see so much load each, against its first wave alone. */
static inline double cr_gpu_slowdown(const struct shape *k, double seen)
{
  if (k->block_ns)
    return cr_block_ns(k->block_ns, k->n_block_ns, seen * k->per_load) * k->per_first_ns;
  return k->slow_at_0 + k->slow_per_load * seen;
}

/* What is free on an SM, or what a block needs, in one word: four counts side by side, so that one subtraction takes a block
 * off all four, and one test of the highest bit of each (guard) sees whether any would have gone below 0.  Counts keep to
 * less than 1/32 of a field below its guard, so that 32 blocks can be tried at once. */
enum {
  WARPS_AT = 0,
  BLOCKS_AT = 13,
  REGS_AT = 20, /* in parts of warp_regs_unit */
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
 * pair of models has two or three, under eight models some ten, so that all work is per class and not per SM. */
struct sm_class {
  uint64_t free; /* packed */
  uint32_t n_sm;
  uint32_t carveout; /* in force */
};

/* A class that has room, while blocks are shared out; what it gets is put there in one go at the end. */
struct option {
  uint64_t free; /* packed, less what it got; of an empty class with the carve-out it will have */
  uint32_t class, n_sm;
  uint32_t warps; /* in use, with those it got; UINT32_MAX: it is full */
  uint32_t got;   /* blocks an SM */
};

struct sms {
  struct sm_class *class; /* [n_sm + 1]; n_class of them */
  /* [COHORT_CAP / PAGE][n_sm][PAGE] blocks of a cohort on each SM of a class: by page, class, cohort.  Whole numbers; in float,
   * as they are multiplied. */
  float *count;
  float *met;    /* [COHORT_CAP] in this placement: pairs of a new block and another cohort's that share an SM */
  float met_own; /* the same of new blocks with their own cohort's: twice, and each with itself once */
  struct option *option;               /* [n_sm] scratch */
  uint8_t *in;                         /* [n_sm] scratch, by option */
  uint32_t n_class, n_page;            /* pages beyond n_page hold nothing that counts */
  uint16_t in_page[COHORT_CAP / PAGE]; /* cohorts */
  uint32_t n_sm, n_busy, n_warp;
  uint32_t n_open;      /* in this placement: SMs that can take a block */
  uint32_t n_put;       /* in this placement: of blocks on a class; more than one may leave uneven numbers */
  uint32_t n_empty;     /* in this placement: classes that were empty and are no more */
  int fresh;            /* this placement is its kernel's first try */
  int carved, emptiest; /* the mechanisms of these names */
  uint64_t limit;       /* packed: an SM with nothing on it, all shared memory in force */
};

/* The counts of a page on the SMs of a class. */
static inline float *cr_gpu_row(const struct sms *s, uint32_t page, uint32_t class)
{
  return s->count + ((size_t)page * s->n_sm + class) * PAGE;
}

/* The cohort's count on the SMs of class 0; that of class i is PAGE i further. */
static inline float *cr_gpu_column(const struct sms *s, uint32_t cohort)
{
  return cr_gpu_row(s, cohort / PAGE, 0) + cohort % PAGE;
}

static inline int cr_gpu_is_empty(const struct sms *s, const struct sm_class *c)
{
  return cr_gpu_blocks(c->free) == cr_gpu_blocks(s->limit);
}

/* Streams whose blocks lie on at most `sms` SMs at once, all together. */
struct share {
  uint32_t sms;                     /* 0: on any number */
  uint64_t cohort[COHORT_CAP / 64]; /* bit by bit: theirs */
};

/* Blocks of one kernel placed at one instant: they progress and end together. */
struct cohort {
  const struct shape *shape;
  double older,
    younger;        /* sums over its blocks of load on their SMs: their own cohort's and older ones', younger ones' */
  double seen;      /* of both, as the rate has it */
  double throttled; /* slowdown by all traffic, as the rate has it */
  double flat_ns;   /* left of the part that is not stretched */
  double work_ns;   /* left of the rest, at rate 1 */
  double slow;      /* >= 1 */
  cr_ns since_ns;   /* when flat, work and slow were true */
  cr_ns end_ns;
  double per_block; /* 1 / n */
  double draw;      /* blocks whose DRAM traffic is its: with its own those that were split off it */
  double load;      /* of a block: shape->load */
  uint32_t kernel;  /* its stream */
  uint32_t n;       /* blocks; 0: the slot is free */
  int even;         /* as many on each of its SMs, as far as was looked */
  cr_ns placed_ns;
};

enum state { IDLE, AWAY, PENDING, PLACED, PLAIN, COPYING }; /* PLAIN, COPYING: runs without SMs */

/* The op a stream has on the device; at most one. */
struct kernel {
  enum state state;
  int32_t priority;
  uint32_t op, left, running; /* blocks not yet placed; blocks on SMs */
  uint32_t given_up;          /* blocks that will not be placed, since it was stopped */
  const struct shape *shape;  /* of its op, or part[] of its stream */
  uint32_t started;           /* first block placed */
  uint32_t tried;             /* has looked for room */
  int is_pad;                 /* part of another stream's launch */
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
  struct shape *part;  /* [n_stream] of the op on it, where only a part of that runs */
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
  float *met;      /* [COHORT_CAP][COHORT_CAP] pairs of a block of a cohort and one of an older that share an SM */
  float *met_part; /* [COHORT_CAP] scratch: as sms.met */
  uint16_t *live;  /* [COHORT_CAP] slots in use, n_live of them, in order of age */
  uint32_t n_live, first_free; /* slots before first_free are in use */
  uint32_t due, n_due;         /* in live: the first cohort that ends at cohort_next_ns, and how many do */
  uint32_t leaving;            /* in live: has ended, and its kernel may have a successor for it; CR_NONE */
  cr_ns now_ns, next_ns;
  cr_ns cohort_next_ns, waiting_next_ns; /* first end of a cohort; first change of a waiting stream */
  cr_ns frontend_ns;                     /* the front end is busy until then */
  cr_ns frontend_each_ns;                /* of one kernel */
  double younger;                        /* the constant of this name, or 1: load of younger blocks counts so much */
  struct cr_copies copies;
  uint32_t n_active;
  uint64_t n_start;
  int dirty; /* residents changed since the rates were computed */
  int stuck; /* the head found no room, and no block has left since */
  struct cr_use use;
};

/* gpu_shape.c */
/* In so many parts a warp_regs_unit is counted: a power of two, large enough that the registers of an SM can be divided among
 * any number of blocks up to BLOCKS_MAX so that no more fit. */
uint32_t cr_gpu_reg_parts(const struct cr_device_desc *d);
/* op: in the table of all ops, index: its place in its model (op[-1] is read when it is not the first). */
int cr_gpu_shape(const struct cr_gpu *g, const struct cr_op_spec *op, uint32_t index, struct shape *out,
                 struct cr_err *err);

/* gpu_sm.c */
int cr_gpu_sms_init(struct sms *s, const struct cr_device_desc *d, const struct cr_gpu_model *m,
                    struct cr_arena *arena);
/* Places up to `most` blocks of the shape as this cohort; how many were placed. */
uint32_t cr_gpu_sms_place(struct sms *s, const struct shape *k, uint32_t most, uint32_t cohort,
                          const struct share *share, int fresh);
/* Merges classes that hold the cohort, where it held different numbers of blocks and does no more. */
void cr_gpu_sms_merge(struct sms *s, uint32_t cohort);
/* If the cohort holds different numbers of blocks on different SMs, moves those where it holds fewer than most into
 * cohort `fewer`, and returns how many blocks these are. */
uint32_t cr_gpu_sms_part(struct sms *s, uint32_t cohort, uint32_t fewer);
/* Divides the SMs of a cohort evenly among STAGGERED cohorts: itself, which keeps some, and others that get the rest, in this
 * order; how many blocks became each one's is added to moved. */
void cr_gpu_sms_stagger(struct sms *s, uint32_t cohort, const uint32_t other[STAGGERED - 1],
                        uint32_t moved[STAGGERED - 1]);
/* Pairs of a block of this cohort and one of each that share an SM: met[COHORT_CAP]; how many with itself. */
float cr_gpu_sms_meet(const struct sms *s, uint32_t cohort, float *met);
void cr_gpu_sms_release(struct sms *s, const struct shape *k, uint32_t cohort);
/* On how many SMs the share's blocks lie. */
uint32_t cr_gpu_sms_held(const struct sms *s, const struct share *share);

/* gpu_cohort.c */
void cr_gpu_share_mark(struct share *share, uint32_t cohort, int theirs);
uint32_t cr_gpu_cohort_joinable(const struct cr_gpu *g, const struct kernel *k);
uint32_t cr_gpu_cohort_slot(struct cr_gpu *g); /* a free one, or CR_NONE */
/* n blocks were placed in the slot: a new cohort, or more of the one that is there; cold_ns is what each takes longer. */
void cr_gpu_cohort_begin(struct cr_gpu *g, uint32_t stream, uint32_t slot, uint32_t n, double cold_ns);
void cr_gpu_cohort_join(struct cr_gpu *g, uint32_t slot, uint32_t n, double cold_ns);
/* Off the SMs, not off live: live[0, n_older) were there before it, live[younger, n_live) came later. */
void cr_gpu_cohort_end(struct cr_gpu *g, uint32_t slot, uint32_t n_older, uint32_t younger);
int cr_gpu_cohort_may_succeed(const struct cr_gpu *g, uint32_t slot);
void cr_gpu_cohort_succeed(struct cr_gpu *g); /* the leaving one */
void cr_gpu_cohort_let_go(struct cr_gpu *g);  /* likewise */

/* gpu_rate.c */
/* How long one waits for DRAM when all blocks together ask for so much of its bandwidth: sqrt(1 + D^2), which is 1 while it is
 * idle and D beyond saturation; and what that makes of the kernel's time. */
double cr_gpu_queue(double demand);
double cr_gpu_throttle(const struct shape *k, double queue);
/* Blocks of a new cohort, the youngest, or of one that is there already, were placed: met and own as in struct sms. */
void cr_gpu_meet_new(struct cr_gpu *g, uint32_t cohort, const float *met, float own);
void cr_gpu_meet_more(struct cr_gpu *g, uint32_t cohort, const float *met, float own);
/* The cohort, live[at], becomes the youngest. */
void cr_gpu_meet_last(struct cr_gpu *g, uint32_t at);
/* The cohort leaves: live[0, n_older) were there before it, live[younger, n_live) came later. */
void cr_gpu_unmeet(struct cr_gpu *g, uint32_t cohort, uint32_t n_older, uint32_t younger);
void cr_gpu_rates(struct cr_gpu *g);                  /* brings every cohort's rate and end up to now_ns */
void cr_gpu_progress(struct cohort *c, cr_ns now_ns); /* takes the time since c->since_ns off what is left */

/* To the nearest whole number, like llrint, but without a call; |ns| < 2^51. */
static inline cr_ns cr_gpu_round(double ns)
{
  return (cr_ns)(ns + 0x1.8p52 - 0x1.8p52);
}

#endif
