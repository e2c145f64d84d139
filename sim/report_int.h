/* report_int.h - the forms of a report, for report*.c alone. */
#ifndef CR_REPORT_INT_H
#define CR_REPORT_INT_H
#include "sim/report.h"

static inline const char *cr_report_class(enum cr_class class)
{
  return class == CR_RT ? "rt" : "be";
}

void cr_report_csv(const struct cr_summary *s, struct cr_text *out);
void cr_report_json(const struct cr_summary *s, struct cr_text *out);

#endif
