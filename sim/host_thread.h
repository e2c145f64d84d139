/* host_thread.h - the launch threads of eager programs, and the CPU cores they share, in virtual time.
 *
 * A thread makes the launch calls of the ranges it was handed, one range after the other: CPU work as recorded, less what
 * the recording profiler added (`profiler_call`), then the call.  It runs ahead of the device, but waits for it after a
 * copy of pageable memory, and after a request's last call where the program synchronises.  When more threads work than
 * there are cores, they share them evenly (processor sharing).  Ranges of models from graphs have no calls to make.
 *
 * Ranges are numbered by the engine, below the number last given to cr_hosts_grow. */
#ifndef CR_HOST_THREAD_H
#define CR_HOST_THREAD_H
#include "sim/workload.h"

struct cr_hosts;

int cr_op_holds_thread(const struct cr_op_spec *op); /* whoever launched it waits for its end */

/* cores: 0 is as many as threads; profiler_call_ns: of CPU time in each recorded CUDA call. */
int cr_hosts_new(const struct cr_workload *w, uint32_t cores, double profiler_call_ns, struct cr_hosts **out,
                 struct cr_err *err) CR_MUST;
void cr_hosts_free(struct cr_hosts *h);
int cr_hosts_grow(struct cr_hosts *h, uint32_t range_cap) CR_MUST;

/* The client's thread is to launch these ops (numbers in the table of all), after what it was handed before; whether it has
 * to: models from graphs are launched at once. */
int cr_hosts_launch(struct cr_hosts *h, uint32_t range, uint32_t client, uint32_t op0, uint32_t n_op, cr_ns now_ns);

/* How many ops of the range have been launched. */
uint32_t cr_hosts_launched(const struct cr_hosts *h, uint32_t range);

/* n_done ops of the range have ended on the device: whoever waits for that, goes on. */
void cr_hosts_ended(struct cr_hosts *h, uint32_t range, uint32_t n_done, cr_ns now_ns);

/* Nothing more of the range is to be launched. */
void cr_hosts_drop(struct cr_hosts *h, uint32_t range, cr_ns now_ns);

cr_ns cr_hosts_next_ns(const struct cr_hosts *h); /* of a launch call */

/* A range of which one more op is launched at now_ns, CR_NONE: no more now.  Must be called until then at cr_hosts_next_ns,
 * and now_ns must not lie beyond that. */
uint32_t cr_hosts_take(struct cr_hosts *h, cr_ns now_ns);

#endif
