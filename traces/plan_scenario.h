/* plan_scenario.h - a plan of DART as a scenario: the file that runs what was planned. */
#ifndef CR_PLAN_SCENARIO_H
#define CR_PLAN_SCENARIO_H
#include "plan/dart_plan.h"
#include "sim/text.h"

/* YAML of a scenario that names no other file: the configuration's nodes with the eps that the bounds reckon with, the layers of
 * the tasks' models, a client for each task, real-time ones by priority, with what is proven of it, and the policies that DART
 * compares.  command ("corun plan dart dart-tx2") is told in its head.  The plan must be one on which all deadlines are met. */
void cr_plan_scenario(const struct cr_task_set *set, struct cr_dart *d, uint32_t config, const char *command,
                      struct cr_text *out);

#endif
