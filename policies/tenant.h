/* tenant.h - what the job policies keep of each client: its need of memory, and its place in what waits and in a lane.
 *
 * A policy allocates nothing, so the index over waiting jobs, the lists of lanes and the order within one are all
 * threaded through client state, which is this struct for each policy that uses lane_policy.h. */
#ifndef CR_TENANT_H
#define CR_TENANT_H
#include "sim/policy.h"

/* What a job is held to need, after over-declaration; within an iteration it needs the ephemeral bytes too. */
struct cr_need {
  int64_t persistent_bytes, ephemeral_bytes;
};

static inline int64_t cr_need_total(struct cr_need n)
{
  return n.persistent_bytes + n.ephemeral_bytes;
}

/* Of the tree in waiting.c: over a range of ranks.  Not about the client in whose state it lies. */
struct cr_waiting_node {
  int64_t least_bytes; /* least persistent need of those that wait; INT64_MAX: none waits */
  uint32_t first;      /* least position of them; CR_NONE: none waits */
};

struct cr_tenant {
  struct cr_need need;

  /* waiting.c */
  struct cr_waiting_node node[2];
  uint32_t rank;            /* among all jobs, by need; CR_NONE: it is no job, or could never be held */
  uint32_t ranked, in_line; /* client of the rank, and of the position, that is this client's number */
  uint32_t position;        /* in order of coming to wait */

  /* lanes.c, lane_policy.c */
  uint32_t lane;           /* CR_NONE: in none */
  uint32_t next, previous; /* client + 1, in its lane */
  uint32_t next_deferred;  /* client + 1, of those that come in when the lane has been resized */

  /* turns.c */
  uint32_t request;             /* slot + 1; 0: its request has not come */
  uint32_t epoch;               /* of its lane, to which key belongs */
  uint32_t n_done;              /* iterations */
  uint8_t is_known, is_thinker; /* whether it thinks between iterations, once one has been seen */
  uint8_t is_steady;            /* its iterations are all alike, as far as turns go */
  uint8_t is_out;               /* it is launched */
  int64_t key;                  /* the least of a lane goes next */
  cr_ns used_ns;                /* when it last came back */
  cr_stream stream;             /* of a client that is no job */
};

static inline struct cr_tenant *cr_tenant_of(const struct cr_policy *p, uint32_t client)
{
  return cr_client_state(p, (cr_client){client});
}

#endif
