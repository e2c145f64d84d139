/* report.h - results as a table for people, CSV or JSON for programs. */
#ifndef CR_REPORT_H
#define CR_REPORT_H
#include "sim/base.h"
#include "sim/summary.h"
#include "sim/text.h"

#define CR_REPORT_SCHEMA 1 /* of the JSON; raised when a field changes its meaning or goes */

enum cr_format { CR_TABLE, CR_CSV, CR_JSON };
int cr_format_parse(const char *text, enum cr_format *out, struct cr_err *err) CR_MUST;

/* All runs of one command.  The table has a row per policy for all jobs together, a row per policy and client that is no
 * job, then one per policy and device, then what each policy does for rt and be clients side by side; CSV the same rows
 * with units in the names of columns; JSON everything, with schema version and provenance.  color: the table goes to a
 * terminal that shows bold. */
void cr_report(const struct cr_summary *s, enum cr_format format, int color, struct cr_text *out);

/* The same tables and lines as HTML, a heading before each; and of one client alone, a row a policy. */
void cr_report_html(const struct cr_summary *s, struct cr_text *out);
void cr_report_html_client(const struct cr_summary *s, uint32_t client, struct cr_text *out);

/* The heading that a table has: what ran, on what, for how long. */
void cr_report_heading(const struct cr_summary *s, struct cr_text *out);

#endif
