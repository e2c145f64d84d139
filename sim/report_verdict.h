/* report_verdict.h - what policies have decided about clients (admissions, demotions), for reports. */
#ifndef CR_REPORT_VERDICT_H
#define CR_REPORT_VERDICT_H
#include "sim/summary.h"
#include "sim/text.h"

int cr_report_has_verdicts(const struct cr_summary *s); /* of any client in any run */

/* A table, a row for each client about which something was decided; and a line for each that was refused or stays demoted. */
void cr_report_verdicts(const struct cr_summary *s, int color, struct cr_text *out);
void cr_report_verdict_lines(const struct cr_summary *s, struct cr_text *out);

/* In CSV columns that a row of a client has (NULL: another row), each after a comma; in JSON a member, with its comma, if there is
 * anything to say. */
void cr_report_verdict_header(struct cr_text *out);
void cr_report_verdict_csv(const struct cr_client_summary *c, struct cr_text *out);
void cr_report_verdict_json(const struct cr_client_summary *c, struct cr_text *out);

#endif
