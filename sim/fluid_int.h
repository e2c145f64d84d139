/* fluid_int.h - insides of the fluid device model, for fluid*.c and tests/t_fluid.c alone. */
#ifndef CR_FLUID_INT_H
#define CR_FLUID_INT_H
#include "sim/copy_engines.h"
#include "sim/fluid.h"

/* What SMs share: warps, registers, shared memory, block slots.  Two counts of 32 bits in each word, so that amounts are
 * added and multiplied two at a time; no count of a whole device reaches 2^32. */
enum fluid_pool { FLUID_WARPS, FLUID_REGS, FLUID_SMEM, FLUID_SLOTS, N_FLUID_POOL };

struct fluid_amount {
  uint64_t pair[2];
};

static inline uint32_t fluid_amount(struct fluid_amount a, enum fluid_pool pool)
{
  return (uint32_t)(a.pair[pool / 2] >> (pool % 2 ? 32 : 0));
}

static inline struct fluid_amount fluid_times(struct fluid_amount a, uint32_t n)
{
  return (struct fluid_amount){{a.pair[0] * n, a.pair[1] * n}};
}

static inline struct fluid_amount fluid_plus(struct fluid_amount a, struct fluid_amount b)
{
  return (struct fluid_amount){{a.pair[0] + b.pair[0], a.pair[1] + b.pair[1]}};
}

static inline struct fluid_amount fluid_minus(struct fluid_amount a, struct fluid_amount b)
{
  return (struct fluid_amount){{a.pair[0] - b.pair[0], a.pair[1] - b.pair[1]}};
}

/* A part of a kernel that progresses at one pace: its full waves, or its last one. */
struct fluid_phase {
  double block_ns;                 /* of its blocks alone on the device */
  double flat_ns;                  /* of that, not stretched by contention */
  double slow_at_0, slow_per_load; /* slowdown of the rest by the load seen; 1 for the kernel alone */
  double even_at_0, even_per_load; /* the same of the whole block_ns, flat part and all */
};

/* What the model needs of an op, computed once. */
struct fluid_shape {
  cr_ns away_ns;            /* before its blocks */
  cr_ns plain_ns;           /* of ops that run beside the SMs */
  uint32_t lead, last;      /* blocks in full waves, and in the last one; 0 and 0: holds no SM */
  uint32_t fit;             /* of its blocks that the empty device holds: a full wave */
  uint32_t sm_fit;          /* of them that one SM holds */
  struct fluid_amount need; /* of one block */
  double per_need[N_FLUID_POOL];
  double full; /* more of its blocks than this on an SM leave no room for others */
  double load; /* of a block; a multiple of 2^-10, so that sums are exact */
  double cold_ns;
  struct fluid_phase waves, end;
};

/* LEAD: blocks in full waves are left.  SQUEEZED: blocks of the last wave found no room.  LAST: all are placed. */
enum fluid_state {
  FLUID_IDLE,
  FLUID_AWAY,
  FLUID_PENDING,
  FLUID_LEAD,
  FLUID_SQUEEZED,
  FLUID_LAST,
  FLUID_PLAIN,
  FLUID_COPY
};

/* The op a stream has on the device; at most one. */
struct fluid_kernel {
  enum fluid_state state;
  uint32_t op;
  uint32_t on, span;    /* blocks on SMs, and on how many SMs */
  double seen;          /* load its blocks see, as the rate has it */
  double flat_ns;       /* left of what is not stretched */
  double work;          /* left: ns of one block (LAST), or of all blocks one after the other (LEAD, SQUEEZED) */
  double ran;           /* of work, since its blocks were placed */
  double rate, stretch; /* work done a ns, and ns for a unit of work */
  cr_ns since_ns;       /* when flat_ns and work were true */
  cr_ns ready_ns;       /* its gap is over; blocks may be placed a little earlier, and wait there */
  cr_ns start_ns;
  uint64_t seq; /* order of becoming pending */
  int32_t priority;
  uint32_t group; /* whose share of SMs it runs in; CR_NONE */
  int fresh;      /* blocks changed: work anew from here, whatever is seen */
  int full;       /* it leaves no room for others on its SMs */
  int yields;     /* the event it waits for is the end of its blocks on SMs, which then go to others */
};

struct cr_fluid {
  const struct cr_device_desc *device;
  struct cr_gpu_model model;
  const struct cr_op_spec *op;
  struct cr_arena *arena;
  struct fluid_shape *shape;   /* [n_op] */
  uint32_t n_stream, n_used;   /* n_used: one past the highest that ever ran */
  struct fluid_kernel *kernel; /* [n_stream] */
  cr_ns *at_ns;                /* [n_stream] next change; CR_NS_NEVER: none by itself */
  uint64_t *start_seq;         /* [n_stream] number of the last start of a kernel, from 1 */
  double *cold_by_n;           /* [n_stream + 1] factor of n other streams */
  double *per_n;               /* [n_sm + 1] reciprocals */
  uint32_t *pending;           /* [n_stream] in dispatch order, placing ones too */
  uint32_t *live;              /* [n_stream] with blocks on SMs, in order of start */
  uint32_t *due;               /* [n_stream] whose gap is over at this instant */
  uint32_t n_pending, n_live, n_due;
  uint32_t *group_sms;  /* [n_stream] SMs that a group may hold */
  uint64_t *group_used; /* [n_stream] of them it holds so many, in 1/FLUID_SM of one */
  uint32_t n_sm;
  uint32_t limit[N_FLUID_POOL]; /* of an SM */
  struct fluid_room {
    struct fluid_amount used;
    uint32_t span; /* sum over kernels of the SMs each lies on */
    double load;   /* sum over their blocks; exact, a multiple of 2^-10 */
  } on[2];         /* by kernels that leave room, and by those that are `full` */
  cr_ns now_ns, next_ns, frontend_ns;
  struct cr_copies copies;
  uint32_t n_active;
  uint64_t n_start, n_seq;
  int dirty;          /* rates are to be computed anew */
  int stuck;          /* the head found no room, and none has come since */
  double busy, warps; /* SMs with blocks, and warps on them */
  struct cr_use use;
};

/* Least common multiple of 1 to 32: a block's part of its SM is a whole number of these. */
#define FLUID_SM UINT64_C(144403552893600)

/* fluid_shape.c.  op: in the table of all ops, index: its place in its model. */
int cr_fluid_shape(const struct cr_device_desc *d, const struct cr_gpu_model *m, const struct cr_op_spec *op,
                   uint32_t index, struct fluid_shape *out, struct cr_err *err) CR_MUST;

#endif
