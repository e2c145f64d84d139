/* json_member.h - members of a JSON object, each behind a comma: what is not known is null. */
#ifndef CR_JSON_MEMBER_H
#define CR_JSON_MEMBER_H
#include "sim/text.h"

void cr_member_text(struct cr_text *out, const char *key, const char *value);
void cr_member_count(struct cr_text *out, const char *key, uint64_t value);
void cr_member_ns(struct cr_text *out, const char *key, cr_ns ns);                     /* CR_NS_NEVER: null */
void cr_member_real(struct cr_text *out, const char *key, int decimals, double value); /* not finite: null */

#endif
