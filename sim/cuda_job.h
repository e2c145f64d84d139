/* cuda_job.h - jobs on a real GPU: what was launched of each runs iteration after iteration, led by the host.
 *
 * An iteration is launched when the one before it was seen to have ended and its client has thought, so that parking takes back what
 * lies beyond the iteration under way, at once while the client thinks.  Jobs that take turns share a stream as sim/cuda_turns.h
 * says.  Events mean what sim/engine.c and sim/engine_iterations.c say, but for their times, which are the GPU's and this host's:
 * an iteration counts from its launch by the host to its end. */
#ifndef CR_CUDA_JOB_H
#define CR_CUDA_JOB_H
#include "sim/cuda_pass.h"

struct cr_cuda_jobs;

int cr_cuda_jobs_new(const struct cr_cuda_host *host, uint32_t stream_cap, struct cr_cuda_jobs **out,
                     struct cr_err *err) CR_MUST;
void cr_cuda_jobs_free(struct cr_cuda_jobs *j); /* NULL is fine; not while any runs */

/* Actions of sim/backend.h.  stream: the GPU's, of the action's stream. */
int cr_cuda_jobs_launch(struct cr_cuda_jobs *j, cr_cu_stream stream, const struct cr_act *act,
                        struct cr_err *err) CR_MUST;
int cr_cuda_jobs_turn(struct cr_cuda_jobs *j, cr_cu_stream stream, const struct cr_act *act,
                      struct cr_err *err) CR_MUST;
int cr_cuda_jobs_begin(struct cr_cuda_jobs *j, struct cr_err *err) CR_MUST;
int cr_cuda_jobs_park(struct cr_cuda_jobs *j, uint32_t stream, struct cr_err *err) CR_MUST;

/* Sees what has ended, launches what is due and tells events; never blocks. */
int cr_cuda_jobs_look(struct cr_cuda_jobs *j, struct cr_err *err) CR_MUST;

uint32_t cr_cuda_jobs_held(const struct cr_cuda_jobs *j);             /* launched, and not told to be back or done */
int cr_cuda_jobs_hold(const struct cr_cuda_jobs *j, uint32_t stream); /* whether some of them are of the stream */

/* The client whose iteration has been under way in the stream since *since_ns; CR_NONE: none is. */
uint32_t cr_cuda_jobs_wait_for(const struct cr_cuda_jobs *j, uint32_t stream, cr_ns *since_ns);

#endif
