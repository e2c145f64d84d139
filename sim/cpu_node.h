/* cpu_node.h - CPU cores as a node in real time: a thread on each, which compute together for as long as a layer was recorded to take.
 *
 * A layer of a node of several cores keeps all of them at work for its time, and has ended when the last one has done its part: that
 * is how layers were recorded.  Its work is multiply-adds that wait for each other, so many as took the recorded time when they were
 * measured on these very cores before the run.  A range comes from one thread, the host, which gives it and looks for its end;
 * neither ever blocks for the other (sim/bell.h tells the cores).  Be work is looked after every third of a microsecond or so: that
 * is how soon an rt range takes the cores. */
#ifndef CR_CPU_NODE_H
#define CR_CPU_NODE_H
#include "sim/node_work.h"

struct cr_cpu_node;

struct cr_cpu_node_cfg {
  const uint16_t *core; /* [n_core] to run on, the system's numbers */
  uint32_t n_core;      /* >= 1 */
  int shares;           /* other threads need the cores too: who has nothing to do sleeps */
  uint32_t n_stream;    /* numbered 0.. */
  uint32_t n_layer_max; /* of a range */
};

/* Starts the threads and measures what they do in what time, which takes a tenth of a second or so. */
int cr_cpu_node_new(const struct cr_cpu_node_cfg *cfg, struct cr_cpu_node **out, struct cr_err *err) CR_MUST;
void cr_cpu_node_free(struct cr_cpu_node *n); /* what runs is left undone; NULL is fine */

void cr_cpu_node_set_rt(struct cr_cpu_node *n, uint32_t stream, int is_rt); /* before the stream is used */

/* To a stream that has nothing to do; the work is copied.  Never blocks. */
void cr_cpu_node_give(struct cr_cpu_node *n, uint32_t stream, const struct cr_node_work *work);

/* Once for each range that has ended, after which its stream has nothing to do; NULL: not yet.  Good until the stream is given
 * another one. */
const struct cr_node_ran *cr_cpu_node_ended(struct cr_cpu_node *n, uint32_t stream);

#endif
