/* pipeline.h - an exact simulator of a pipeline of nodes, for tests of plan/rta.h.
 *
 * Each node runs one stage at a time to its end, of those that wait the one of the highest priority, at once.  Jobs of one
 * task pass in order.  At one instant ends and arrivals come before anything begins. */
#ifndef CR_TEST_PIPELINE_H
#define CR_TEST_PIPELINE_H
#include "plan/rta.h"

enum { PIPELINE_TASK_MAX = 6, PIPELINE_NODE_MAX = 5, PIPELINE_JOB_MAX = 32 };

/* What happens in one run: when jobs are released, and what each stage takes. */
struct pipeline_load {
  uint32_t n_job[PIPELINE_TASK_MAX];
  cr_ns release_ns[PIPELINE_TASK_MAX][PIPELINE_JOB_MAX];                 /* ascending */
  cr_ns exec_ns[PIPELINE_TASK_MAX][PIPELINE_JOB_MAX][PIPELINE_NODE_MAX]; /* 0 where the cost is 0: not used */
};

/* worst_ns: [n_task] longest response of any job, 0 for a task without jobs.  Tasks in order of priority, as in a. */
void pipeline_run(const struct cr_rta *a, const struct pipeline_load *load, cr_ns *worst_ns);

#endif
