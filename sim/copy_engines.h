/* copy_engines.h - copies of one device in virtual time: one at a time in each direction.
 *
 * Measured on an H200 (calib/data/h200/micro/copies.csv): copies in one direction follow each other, whole, though the
 * device has three engines; the two directions run at once, each a tenth slower than alone (`duplex`); copies inside the
 * device follow each other and disturb neither.  Copies of pageable memory are staged by the host in small pieces: they
 * take turns among themselves whatever their direction, and leave the engines free for pinned ones.  Alone a copy takes
 * as long as recorded. */
#ifndef CR_COPY_ENGINES_H
#define CR_COPY_ENGINES_H
#include "sim/mem.h"
#include "sim/workload.h"

enum cr_copy_queue { CR_COPY_H2D, CR_COPY_D2H, CR_COPY_D2D, CR_COPY_STAGED, CR_N_COPY_QUEUE };

struct cr_copy_engine {
  uint32_t head, tail; /* streams; CR_NONE: idle.  The head's copy runs */
  double left_ns;      /* of it, at rate 1 */
  double slow;         /* >= 1 */
  cr_ns since_ns;      /* when left_ns was true */
  cr_ns end_ns;        /* CR_NS_NEVER: idle */
};

struct cr_copies {
  struct cr_copy_engine engine[CR_N_COPY_QUEUE];
  uint32_t *next;                /* [n_stream] behind it in its queue */
  cr_ns *duration_ns, *start_ns; /* [n_stream] of its last copy */
  double duplex;                 /* >= 1: slowdown while the other direction is busy */
  uint32_t n;                    /* copies that run or wait */
  cr_ns next_ns;                 /* when one ends next */
};

static inline int cr_is_copy(enum cr_op_kind kind)
{
  return kind == CR_OP_COPY_H2D || kind == CR_OP_COPY_D2H || kind == CR_OP_COPY_D2D;
}

/* n_stream: each has one copy at a time.  Storage comes from the arena. */
int cr_copies_init(struct cr_copies *c, double duplex, uint32_t n_stream, struct cr_arena *arena) CR_MUST;

/* The stream's copy op waits behind those of its queue, from now on. */
void cr_copies_add(struct cr_copies *c, uint32_t stream, const struct cr_op_spec *op, cr_ns now_ns);

/* A stream whose copy ends at now_ns, after which the next of its queue runs; CR_NONE: no more.  Must be called until then
 * at c->next_ns, and now_ns must not lie beyond that. */
uint32_t cr_copies_take(struct cr_copies *c, cr_ns now_ns);

#endif
