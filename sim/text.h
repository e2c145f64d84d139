/* text.h - text that grows: what a report, a dump or a file's contents is put together in. */
#ifndef CR_TEXT_H
#define CR_TEXT_H
#include "sim/base.h"

/* Zero-initialise; cr_text_fini frees.  When memory ran out, failed is set, further additions do nothing, and the
 * writer of the text finds out once, at the end. */
struct cr_text {
  char *s; /* always terminated once something was added; NULL before */
  size_t n, cap;
  int failed;
};

void cr_text_add(struct cr_text *t, const char *fmt, ...) CR_PRINTF(2, 3);
void cr_text_add_bytes(struct cr_text *t, const char *bytes, size_t n);
void cr_text_add_csv(struct cr_text *t, const char *s); /* a field, in quotes where it must be */
void cr_text_add_csv_quoted(struct cr_text *t, const char *s);
void cr_text_add_json(struct cr_text *t, const char *s); /* quoted and escaped */
void cr_text_add_html(struct cr_text *t, const char *s); /* escaped, as text or an attribute in double quotes */
void cr_text_fini(struct cr_text *t);

#endif
