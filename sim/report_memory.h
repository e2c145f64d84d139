/* report_memory.h - the part of a report that is about the memory of devices: what jobs had reserved of it and what they
 * used. */
#ifndef CR_REPORT_MEMORY_H
#define CR_REPORT_MEMORY_H
#include "sim/summary.h"
#include "sim/text.h"

int cr_report_has_memory(const struct cr_summary *s); /* whether any run knows it */

/* A row a policy and device. */
void cr_report_memory_table(const struct cr_summary *s, int color, struct cr_text *out);

/* Fields of CSV, a comma before each; of the header, of a device, and of what is none. */
enum { CR_REPORT_MEMORY_FIELDS = 4 };
void cr_report_memory_header(struct cr_text *out);
void cr_report_memory_csv(const struct cr_memory_use *m, struct cr_text *out);

/* Members of a JSON object, a comma before each; none when it is not known. */
void cr_report_memory_json(const struct cr_memory_use *m, struct cr_text *out);

#endif
