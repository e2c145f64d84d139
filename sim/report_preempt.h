/* report_preempt.h - what preemption cost, for reports. */
#ifndef CR_REPORT_PREEMPT_H
#define CR_REPORT_PREEMPT_H
#include "sim/summary.h"
#include "sim/text.h"

int cr_report_has_preempts(const struct cr_summary *s); /* of any run; streams that were only parked do not count */

/* A table, a row for each run that has any; an object for one run. */
void cr_report_preempts(const struct cr_summary *s, int color, struct cr_text *out);
void cr_report_preempts_json(const struct cr_preempt_summary *p, struct cr_text *out);

#endif
