/* cmd_run_vary.h - what `corun run --vary KEY=V,V,...` prints: the runs of every value beside each other. */
#ifndef CR_CMD_RUN_VARY_H
#define CR_CMD_RUN_VARY_H
#include "sim/report.h"
#include "studies/axis.h"

/* Values, not a range.  set[n_set] are those of --set, which may not be of the same key; the arena keeps the strings. */
int cr_run_vary_parse(const char *text, const char *const *set, uint32_t n_set, struct cr_arena *arena,
                      struct cr_axis *out, struct cr_err *err) CR_MUST;

/* The summaries of all values, [axis->n_value], and what their first workload is made of.  For people a row a value and policy,
 * with the metrics that say most; CSV is that of a run with the key as a column before it; JSON has the report of each value. */
void cr_run_vary_report(const struct cr_axis *axis, const struct cr_summary *of, const struct cr_workload *w,
                        enum cr_format format, int color, struct cr_text *out);

#endif
