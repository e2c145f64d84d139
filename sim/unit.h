/* unit.h - times, sizes, rates and shares as people write them: 50us, 2MiB, 100/s, 25%. */
#ifndef CR_UNIT_H
#define CR_UNIT_H
#include "sim/base.h"

/* Each reads the whole text, or fails with a sentence that quotes it and says what is expected; `what` ("duration")
 * names the thing.  A unit is required (0 needs none) and may stand behind spaces; a number is decimal, with
 * fraction and exponent allowed, never nan or inf, and is rounded once.  Too large is an error, not a saturation.
 * Negative is an error.  What these functions do not know is which values make sense: 0 is a number here. */
int cr_parse_ns(const char *text, const char *what, cr_ns *out, struct cr_err *err) CR_MUST; /* ns us ms s min h */
int cr_parse_bytes(const char *text, const char *what, int64_t *out,
                   struct cr_err *err) CR_MUST; /* B kB MB GB KiB MiB GiB */
int cr_parse_rate(const char *text, const char *what, double *per_s,
                  struct cr_err *err) CR_MUST; /* 100/s, 100Hz, 6/min */
int cr_parse_bytes_per_s(const char *text, const char *what, int64_t *out, struct cr_err *err) CR_MUST; /* 4.8TB/s */
int cr_parse_ppm(const char *text, const char *what, int64_t *out,
                 struct cr_err *err) CR_MUST; /* 0.25 or 25%, at most 1 */
int cr_parse_factor(const char *text, const char *what, int64_t *out,
                    struct cr_err *err) CR_MUST; /* 1.1 or 110%, in millionths */
int cr_parse_count(const char *text, const char *what, int64_t *out, struct cr_err *err) CR_MUST; /* 12, 1e6 */
/* Signed whole number, no unit. */
int cr_parse_int(const char *text, const char *what, int64_t *out, struct cr_err *err) CR_MUST;
/* Real numbers, for constants that calibration fits: a plain one, and a time in us that keeps fractions of a ns. */
int cr_parse_real(const char *text, const char *what, double *out, struct cr_err *err) CR_MUST;
int cr_parse_time_us(const char *text, const char *what, double *out, struct cr_err *err) CR_MUST; /* 0.6us, 600ns */

/* As a person reads it, three digits: "4.31 ms", "2.00 MiB"; "-" for what is not known (CR_NS_NEVER, CR_UNKNOWN).
 * buf holds at least 32 bytes; returns buf.  What they write, the functions above can read. */
char *cr_format_ns(cr_ns ns, char *buf, size_t n);
char *cr_format_bytes(int64_t bytes, char *buf, size_t n);

#endif
