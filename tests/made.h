/* made.h - made-up results: two clients, one device, rows in round numbers, for tests of what is written of a run. */
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

#endif
