/* report_compare.h - the results of two commands set side by side: each client and metric, and how far they differ.
 *
 * Policies are matched by name, as given; where each command had but one, these two are, whatever their names.  Clients, devices and
 * jobs are matched by name, too, so that runs of two scenarios can be compared as far as their clients are called alike. */
#ifndef CR_REPORT_COMPARE_H
#define CR_REPORT_COMPARE_H
#include "sim/report.h"
#include "sim/summary.h"
#include "sim/table.h"
#include "sim/text.h"

/* What to call each of them in what is printed. */
struct cr_compared {
  const char *name;
  const struct cr_summary *s;
};

/* CR_EINPUT when no policy is in both. */
int cr_compare_check(const struct cr_compared *a, const struct cr_compared *b, struct cr_err *err) CR_MUST;

/* CSV and JSON have every metric of what is in both, a row each; the table leaves out what neither has. */
void cr_report_compare(const struct cr_compared *a, const struct cr_compared *b, enum cr_format format,
                       enum cr_table_look look, struct cr_text *out);

/* What must be known to read the differences, a sentence a line: other scenarios, seeds, programs; what only one has; and how
 * many numbers differ. */
void cr_compare_notes(const struct cr_compared *a, const struct cr_compared *b, struct cr_text *out);

#endif
