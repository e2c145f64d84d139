/* cuda_program.h - eager programs on a real GPU: when each op of theirs is to be launched.
 *
 * Their threads are those of the simulator (sim/host_thread.h): what a call takes, what a thread waits for, and how threads share the
 * host's cores is the same in both, and only time is the run's.  A call falls due; who feeds the stream makes it then or, where the one
 * thread of the run is at work on something else, later, which is counted.  A program's next call is due after its own work, however
 * late the one before was made. */
#ifndef CR_CUDA_PROGRAM_H
#define CR_CUDA_PROGRAM_H
#include "sim/backend.h"

struct cr_cuda_programs;

/* *out NULL: all models are from graphs. */
int cr_cuda_programs_new(const struct cr_backend_cfg *cfg, struct cr_cuda_programs **out, struct cr_err *err) CR_MUST;
void cr_cuda_programs_free(struct cr_cuda_programs *p);                     /* NULL is fine */
int cr_cuda_programs_has(const struct cr_cuda_programs *p, uint32_t model); /* it is launched op by op; p NULL: no */

/* The client's thread is to launch these ops (in the table of all), after what it was handed before.  *run: a number for it, until it is
 * dropped; CR_NONE where the model is from a graph, for which the rest is never called.  p NULL is fine here. */
int cr_cuda_programs_run(struct cr_cuda_programs *p, uint32_t client, uint32_t op0, uint32_t n_op, cr_ns now_ns,
                         uint32_t *run, struct cr_err *err) CR_MUST;
void cr_cuda_programs_drop(struct cr_cuda_programs *p, uint32_t run, cr_ns now_ns); /* it has ended, or is taken back */

/* Lets time pass; p NULL is fine.  Times that are given never go back. */
void cr_cuda_programs_move(struct cr_cuda_programs *p, cr_ns now_ns);

uint32_t cr_cuda_programs_due(const struct cr_cuda_programs *p, uint32_t run); /* ops of the run whose call is due */

/* Op i of the run is launched now; since_ns: until then something else than the run's thread held it. */
void cr_cuda_programs_launched(struct cr_cuda_programs *p, uint32_t run, uint32_t i, cr_ns since_ns, cr_ns now_ns);
const cr_ns *cr_cuda_programs_times(const struct cr_cuda_programs *p,
                                    uint32_t run); /* when ops were, good until the next run */

/* Whether the thread waits for the end of op i; then it is to be told of it.  short_ns: so much sooner than recorded the op ended. */
int cr_cuda_programs_waits(const struct cr_cuda_programs *p, uint32_t run, uint32_t i);
void cr_cuda_programs_ended(struct cr_cuda_programs *p, uint32_t run, uint32_t i, cr_ns short_ns, cr_ns now_ns);

void cr_cuda_programs_tell(const struct cr_cuda_programs *p, struct cr_live *out); /* launch_late_* */

#endif
