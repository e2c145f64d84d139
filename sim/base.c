/* base.c - return codes, error texts, saturating arithmetic. */
#include "config.h"

#include "sim/base.h"

#include <stdio.h>
#include <string.h>

int cr_fail(struct cr_err *err, int rc, const char *fmt, ...)
{
  if (err) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
  }
  return rc;
}

int cr_fail_nomem(struct cr_err *err, const char *what)
{
  return cr_fail(err, CR_ENOMEM, "out of memory for %s; close other programs or make the scenario smaller", what);
}

int cr_fail_in(struct cr_err *err, int rc, const char *fmt, ...)
{
  if (err) {
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t at = n < 0 ? 0 : (size_t)n;
    if (at + 2 < sizeof err->text) {
      size_t room = sizeof err->text - at - 3, keep = strlen(inner) < room ? strlen(inner) : room;
      memcpy(err->text + at, ": ", 2);
      memcpy(err->text + at + 2, inner, keep);
      err->text[at + 2 + keep] = '\0';
    }
  }
  return rc;
}

int cr_rc_exit(int rc)
{
  if (rc == CR_OK)
    return 0;
  return rc == CR_EINPUT ? 2 : 1;
}

cr_ns cr_ns_add(cr_ns a, cr_ns b)
{
  if (a == CR_NS_NEVER || b == CR_NS_NEVER)
    return CR_NS_NEVER;
  cr_ns sum;
  if (__builtin_add_overflow(a, b, &sum))
    return a > 0 ? CR_NS_NEVER : INT64_MIN;
  return sum;
}

int64_t cr_muldiv(int64_t a, int64_t b, int64_t c)
{
  __int128 product = (__int128)a * b;
  __int128 half = c < 0 ? -(__int128)c / 2 : c / 2;
  int negative = (product < 0) != (c < 0);
  __int128 magnitude = ((product < 0 ? -product : product) + half) / (c < 0 ? -(__int128)c : c);
  if (magnitude > INT64_MAX)
    return negative ? INT64_MIN : INT64_MAX;
  return negative ? (int64_t)-magnitude : (int64_t)magnitude;
}
