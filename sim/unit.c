/* unit.c - times, sizes, rates and shares as people write them.
 *
 * A number is kept as digits * 10^exp10 in integers until its unit is known, so that 0.1us is 100 ns and not the
 * nearest double to it times 1000: the only rounding is the last division.  Digits beyond the 18th or 19th, which no
 * int64 holds, are dropped.  strtod is not used: it follows the locale. */
#include "config.h"

#include "sim/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  EXP10_MAX = 18,        /* 10^18 is the largest power of ten in an int64 */
  EXPONENT_DIGITS = 100, /* an exponent beyond this is no number a person means */
  SHOWN = 48             /* characters of a bad value that an error quotes */
};

/* One way to write a quantity: value = number * mult / div, in the program's unit. */
struct unit {
  const char *name;
  int64_t mult, div;
};

struct number {
  int negative;
  int64_t digits;
  int exp10;
  int is_full; /* further digits are dropped */
  int is_cut;  /* digits before the point were dropped: there were more than an int64 holds */
};

static const struct unit TIMES[] = {
  {"ns", 1, 1},
  {"us", 1000, 1},
  {"ms", 1000000, 1},
  {"s", 1000000000, 1},
  {"min", INT64_C(60000000000), 1},
  {"h", INT64_C(3600000000000), 1},
  {NULL, 0, 0},
};

static const struct unit SIZES[] = {
  {"B", 1, 1},
  {"kB", 1000, 1},
  {"MB", 1000000, 1},
  {"GB", 1000000000, 1},
  {"TB", INT64_C(1000000000000), 1},
  {"KiB", 1024, 1},
  {"MiB", 1048576, 1},
  {"GiB", 1073741824, 1},
  {"TiB", INT64_C(1099511627776), 1},
  {NULL, 0, 0},
};

static const struct unit SPEEDS[] = {
  {"B/s", 1, 1},
  {"kB/s", 1000, 1},
  {"MB/s", 1000000, 1},
  {"GB/s", 1000000000, 1},
  {"TB/s", INT64_C(1000000000000), 1},
  {"KiB/s", 1024, 1},
  {"MiB/s", 1048576, 1},
  {"GiB/s", 1073741824, 1},
  {"TiB/s", INT64_C(1099511627776), 1},
  {NULL, 0, 0},
};

static const struct unit RATES[] = {
  {"/s", 1, 1}, {"Hz", 1, 1}, {"/ms", 1000, 1}, {"kHz", 1000, 1}, {"/min", 1, 60}, {"/h", 1, 3600}, {NULL, 0, 0},
};

static const struct unit SHARES[] = {{"%", 10000, 1}, {"", 1000000, 1}, {NULL, 0, 0}};

static const struct unit NO_UNIT[] = {{"", 1, 1}, {NULL, 0, 0}};

/* What kind of thing is read, for the words of an error. */
struct kind {
  const struct unit *units;
  const char *noun; /* "a time" */
  const char *hint; /* "such as 50us (units: ns us ms s min h)" */
};

static const struct kind TIME = {TIMES, "a time", "such as 50us (units: ns, us, ms, s, min, h)"};
static const struct kind SIZE = {SIZES, "a size", "such as 2MiB (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)"};
static const struct kind SPEED = {SPEEDS, "a transfer rate", "such as 4.8TB/s (a size for each second)"};
static const struct kind RATE = {RATES, "a rate", "such as 100/s (units: /s, Hz, /ms, kHz, /min, /h)"};
static const struct kind SHARE = {SHARES, "a share", "such as 0.25 or 25%"};
static const struct kind FACTOR = {SHARES, "a factor", "such as 1.1 or 110%"};
static const struct kind COUNT = {NO_UNIT, "a count", "such as 12"};
static const struct kind WHOLE = {NO_UNIT, "a whole number", "such as -3"};
static const struct kind REAL = {NO_UNIT, "a number", "such as 0.5"};

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* Reads the digits from p on; each one before the point counts, each one behind it lowers the exponent.  Those that no
 * longer fit are dropped. */
static const char *read_digits(const char *p, struct number *n, int behind_point)
{
  for (; is_digit(*p); p++) {
    int64_t digits;
    if (n->is_full || __builtin_mul_overflow(n->digits, 10, &digits) ||
        __builtin_add_overflow(digits, *p - '0', &digits)) {
      n->is_full = 1;
      n->exp10 += !behind_point;
      n->is_cut |= !behind_point;
      continue;
    }
    n->digits = digits;
    n->exp10 -= behind_point;
  }
  return p;
}

/* Reads [sign] digits [. digits] [e exponent]; returns the first character behind it, NULL when there is no number. */
static const char *read_number(const char *p, struct number *n)
{
  *n = (struct number){.negative = *p == '-'};
  p += *p == '-' || *p == '+';
  if (!is_digit(*p) && !(*p == '.' && is_digit(p[1])))
    return NULL;
  p = read_digits(p, n, 0);
  if (*p == '.')
    p = read_digits(p + 1, n, 1);
  if (*p != 'e' && *p != 'E')
    return p;
  const char *q = p + 1;
  int sign = *q == '-' ? -1 : 1;
  q += *q == '-' || *q == '+';
  if (!is_digit(*q))
    return p;
  int exponent = 0;
  for (; is_digit(*q); q++)
    exponent = exponent > EXPONENT_DIGITS ? exponent : exponent * 10 + (*q - '0');
  n->exp10 += sign * exponent;
  return q;
}

static int64_t pow10_of(int exponent)
{
  int64_t power = 1;
  while (exponent-- > 0)
    power *= 10;
  return power;
}

/* digits * 10^exp10 * mult / div, rounded once; INT64_MAX when it is larger than that. */
static int64_t to_integer(struct number n, const struct unit *u)
{
  if (n.digits == 0)
    return 0;
  while (n.exp10 < -EXP10_MAX) {
    n.digits /= 10;
    n.exp10++;
  }
  if (n.exp10 < 0) /* no table has both a fraction and a divisor */
    return cr_muldiv(n.digits, u->mult, pow10_of(-n.exp10));
  if (n.exp10 > EXP10_MAX || (n.exp10 > 0 && n.is_cut))
    return INT64_MAX;
  return cr_muldiv(cr_muldiv(n.digits, pow10_of(n.exp10), 1), u->mult, u->div);
}

/* The same as a double.  With up to 15 digits and a small exponent every factor is exact: rounded once. */
static double to_double(struct number n, const struct unit *u)
{
  double value = (double)n.digits;
  int exponent = n.exp10;
  for (; exponent > EXP10_MAX; exponent -= EXP10_MAX)
    value *= (double)pow10_of(EXP10_MAX);
  for (; exponent < -EXP10_MAX; exponent += EXP10_MAX)
    value /= (double)pow10_of(EXP10_MAX);
  if (exponent >= 0)
    return value * (double)pow10_of(exponent) * (double)u->mult / (double)u->div;
  return value * (double)u->mult / ((double)pow10_of(-exponent) * (double)u->div);
}

/* The bad value as an error quotes it: short. */
static const char *quoted(const char *text, char buf[SHOWN + 8])
{
  snprintf(buf, SHOWN + 8, "'%.*s%s'", SHOWN, text, strlen(text) > SHOWN ? "..." : "");
  return buf;
}

static int refuse_unit(const char *text, const char *rest, const char *what, const struct kind *k, struct cr_err *err)
{
  char shown[SHOWN + 8], bad[SHOWN + 8];
  if (!*rest)
    return cr_fail(err, CR_EINPUT, "%s: %s has no unit; write %s %s", what, quoted(text, shown), k->noun, k->hint);
  if (k->units == NO_UNIT)
    return cr_fail(err, CR_EINPUT, "%s: %s is not %s: remove %s, or write %s %s", what, quoted(text, shown), k->noun,
                   quoted(rest, bad), k->noun, k->hint);
  return cr_fail(err, CR_EINPUT, "%s: %s has the unknown unit %s; write %s %s", what, quoted(text, shown),
                 quoted(rest, bad), k->noun, k->hint);
}

/* Splits text into a number and one of the kind's units. */
static int split(const char *text, const char *what, const struct kind *k, struct number *n, const struct unit **unit,
                 struct cr_err *err)
{
  char shown[SHOWN + 8];
  if (!*text)
    return cr_fail(err, CR_EINPUT, "%s: is empty; write %s %s", what, k->noun, k->hint);
  const char *rest = read_number(text, n);
  if (!rest)
    return cr_fail(err, CR_EINPUT, "%s: %s is not %s; write %s %s", what, quoted(text, shown), k->noun, k->noun,
                   k->hint);
  while (*rest == ' ')
    rest++;
  if (n->negative && n->digits && k != &WHOLE)
    return cr_fail(err, CR_EINPUT, "%s: %s is negative; write %s %s", what, quoted(text, shown), k->noun, k->hint);
  for (const struct unit *u = k->units; u->name; u++)
    if (strcmp(rest, u->name) == 0) {
      *unit = u;
      return CR_OK;
    }
  if (n->digits == 0 && !*rest) {
    *unit = k->units;
    return CR_OK;
  }
  return refuse_unit(text, rest, what, k, err);
}

static int too_large(const char *text, const char *what, const struct kind *k, struct cr_err *err)
{
  char shown[SHOWN + 8];
  return cr_fail(err, CR_EINPUT, "%s: %s is too large; write %s %s", what, quoted(text, shown), k->noun, k->hint);
}

static int parse_integer(const char *text, const char *what, const struct kind *k, int64_t *out, struct cr_err *err)
{
  struct number n;
  const struct unit *u;
  int rc = split(text, what, k, &n, &u, err);
  if (rc)
    return rc;
  int64_t value = to_integer(n, u);
  if (value == INT64_MAX)
    return too_large(text, what, k, err);
  *out = n.negative ? -value : value;
  return CR_OK;
}

static int parse_double(const char *text, const char *what, const struct kind *k, double *out, struct cr_err *err)
{
  struct number n;
  const struct unit *u;
  int rc = split(text, what, k, &n, &u, err);
  if (rc)
    return rc;
  double value = to_double(n, u);
  if (!isfinite(value))
    return too_large(text, what, k, err);
  *out = value;
  return CR_OK;
}

/* Counts are whole: 1e6 and 12.0 are, 1.5 and 1e-1 are not. */
static int is_whole(struct number n)
{
  for (; n.exp10 < 0 && n.digits; n.exp10++) {
    if (n.digits % 10)
      return 0;
    n.digits /= 10;
  }
  return 1;
}

static int parse_whole(const char *text, const char *what, const struct kind *k, int64_t *out, struct cr_err *err)
{
  struct number n;
  char shown[SHOWN + 8];
  if (read_number(text, &n) && !is_whole(n))
    return cr_fail(err, CR_EINPUT, "%s: %s is not whole; write %s %s", what, quoted(text, shown), k->noun, k->hint);
  return parse_integer(text, what, k, out, err);
}

int cr_parse_ns(const char *text, const char *what, cr_ns *out, struct cr_err *err)
{
  return parse_integer(text, what, &TIME, out, err);
}

int cr_parse_bytes(const char *text, const char *what, int64_t *out, struct cr_err *err)
{
  return parse_integer(text, what, &SIZE, out, err);
}

int cr_parse_bytes_per_s(const char *text, const char *what, int64_t *out, struct cr_err *err)
{
  return parse_integer(text, what, &SPEED, out, err);
}

int cr_parse_rate(const char *text, const char *what, double *per_s, struct cr_err *err)
{
  return parse_double(text, what, &RATE, per_s, err);
}

int cr_parse_ppm(const char *text, const char *what, int64_t *out, struct cr_err *err)
{
  int64_t ppm = 0;
  int rc = parse_integer(text, what, &SHARE, &ppm, err);
  if (rc)
    return rc;
  if (ppm > 1000000)
    return too_large(text, what, &SHARE, err);
  *out = ppm;
  return CR_OK;
}

int cr_parse_factor(const char *text, const char *what, int64_t *out, struct cr_err *err)
{
  return parse_integer(text, what, &FACTOR, out, err);
}

int cr_parse_count(const char *text, const char *what, int64_t *out, struct cr_err *err)
{
  return parse_whole(text, what, &COUNT, out, err);
}

int cr_parse_int(const char *text, const char *what, int64_t *out, struct cr_err *err)
{
  return parse_whole(text, what, &WHOLE, out, err);
}

int cr_parse_real(const char *text, const char *what, double *out, struct cr_err *err)
{
  return parse_double(text, what, &REAL, out, err);
}

int cr_parse_time_us(const char *text, const char *what, double *out, struct cr_err *err)
{
  double ns = 0;
  int rc = parse_double(text, what, &TIME, &ns, err);
  if (rc)
    return rc;
  *out = ns / 1000;
  return CR_OK;
}

/* Writes value / of with three digits; the caller has chosen `of` so that the quotient is below 1000 after rounding. */
static char *three_digits(int64_t value, int64_t of, const char *unit, char *buf, size_t n)
{
  double x = (double)value / (double)of;
  int places = x < 9.995 ? 2 : x < 99.95 ? 1 : 0;
  snprintf(buf, n, "%.*f %s", places, x, unit);
  return buf;
}

/* The largest of the units that leaves at least 1 of it, after rounding to three digits. */
static char *format(int64_t value, const struct unit *const *ladder, char *buf, size_t n)
{
  while (ladder[1] && (double)value >= (double)ladder[1]->mult * 0.9995)
    ladder++;
  if ((*ladder)->mult == 1)
    snprintf(buf, n, "%lld %s", (long long)value, (*ladder)->name);
  else
    three_digits(value, (*ladder)->mult, (*ladder)->name, buf, n);
  return buf;
}

char *cr_format_ns(cr_ns ns, char *buf, size_t n)
{
  static const struct unit *const LADDER[] = {&TIMES[0], &TIMES[1], &TIMES[2], &TIMES[3], NULL};
  if (ns == CR_NS_NEVER) {
    snprintf(buf, n, "-");
    return buf;
  }
  return format(ns, LADDER, buf, n);
}

char *cr_format_bytes(int64_t bytes, char *buf, size_t n)
{
  static const struct unit *const LADDER[] = {&SIZES[0], &SIZES[5], &SIZES[6], &SIZES[7], &SIZES[8], NULL};
  if (bytes == CR_UNKNOWN) {
    snprintf(buf, n, "-");
    return buf;
  }
  return format(bytes, LADDER, buf, n);
}
