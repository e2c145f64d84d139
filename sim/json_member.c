/* json_member.c - writes members of JSON objects in a fixed form. */
#include "config.h"

#include "sim/json_member.h"

#include <inttypes.h>
#include <math.h>

void cr_member_text(struct cr_text *out, const char *key, const char *value)
{
  cr_text_add(out, ",\"%s\":", key);
  cr_text_add_json(out, value);
}

void cr_member_count(struct cr_text *out, const char *key, uint64_t value)
{
  cr_text_add(out, ",\"%s\":%" PRIu64, key, value);
}

void cr_member_ns(struct cr_text *out, const char *key, cr_ns ns)
{
  if (ns == CR_NS_NEVER)
    cr_text_add(out, ",\"%s\":null", key);
  else
    cr_text_add(out, ",\"%s\":%" PRId64, key, ns);
}

void cr_member_real(struct cr_text *out, const char *key, int decimals, double value)
{
  if (isfinite(value))
    cr_text_add(out, ",\"%s\":%.*f", key, decimals, value);
  else
    cr_text_add(out, ",\"%s\":null", key);
}
