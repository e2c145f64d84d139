/* made.h - made-up results: two clients or five jobs, one device, rows in round numbers, for tests of what is written of a
 * run. */
#ifndef CR_TEST_MADE_H
#define CR_TEST_MADE_H
#include "sim/stats.h"
#include "sim/workload.h"
#include "traces/scenario.h"

/* Clients "rt" (model net, deadline 5 ms) and "be" (model big, closed), 100 ms after 10 ms of warm-up, on load_machine. */
struct cr_workload_builder *made_workload(const struct cr_workload **w);
struct cr_scenario made_scenario(const struct cr_workload *w);

/* n requests of rt every 10 ms that take latency_ns each, and of be one every 2 ms; policy and outcome as said. */
void made_result(struct cr_result *r, const char *policy, enum cr_outcome outcome, cr_ns latency_ns);

/* Jobs "j0" to "j4" (model cnn, iterations of a minute) and, when mixed, client "rt" between j2 and j3.  On load_machine, to
 * the end of the last job. */
struct cr_workload_builder *made_jobs_workload(int mixed, const struct cr_workload **w);
struct cr_scenario made_jobs_scenario(const struct cr_workload *w);

/* j0 runs at once and takes 10 min, j1 queues, j2 is rejected, j3 finds no memory, and j4 ends at last_min. */
void made_jobs_result(struct cr_result *r, const struct cr_workload *w, const char *policy, cr_ns last_min);

#endif
