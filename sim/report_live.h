/* report_live.h - what runs in real time tell of themselves, in reports. */
#ifndef CR_REPORT_LIVE_H
#define CR_REPORT_LIVE_H
#include "sim/summary.h"
#include "sim/text.h"

void cr_report_live_lines(const struct cr_summary *s, struct cr_text *out); /* none for runs in virtual time */
void cr_report_live_json(const struct cr_live *l, struct cr_text *out);     /* an object */

#endif
