/* bench_jobs.h - what a job costs, however many others merely wait. */
#ifndef CR_BENCH_JOBS_H
#define CR_BENCH_JOBS_H
#include <stdint.h>

#include "sim/base.h"
#include "sim/stats.h"

/* So many training jobs, a new one each second where one takes some 20 s alone, so that most of them wait, under the policy
 * ("fair,accounting=rr"): 1 to 200 iterations of 100 to 233 ms each, after which its client thinks, on 16 GB of which one takes
 * 1.1 to 8.9.  took_s: processor time of the run. */
int bench_jobs_run(uint32_t n_job, cr_ns think_ns, const char *policy, struct cr_result *out, double *took_s,
                   struct cr_err *err) CR_MUST;

#endif
