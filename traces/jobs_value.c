/* jobs_value.c - seconds, dates and whole numbers as they stand in job traces.
 *
 * Seconds go through the decimal reader of sim/unit.h, so that 29.8 is 29,800,000,000 ns.  Dates have no zone; they are
 * taken as UTC, since only their differences count. */
#include "config.h"

#include "traces/jobs_int.h"

#include "sim/unit.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_NUMBER = 60 };

static const cr_ns NS_PER_S = 1000000000;

enum cr_job_fault cr_job_seconds(const char *text, cr_ns *out)
{
  char with_unit[LONGEST_NUMBER + 2];
  struct cr_err ignored;
  const char *digits = text + (*text == '-');
  size_t n = strlen(digits);
  /* No letters but those of an exponent: "5m" must not become milliseconds. */
  if (n == 0 || n > LONGEST_NUMBER || strspn(digits, "0123456789.eE+-") != n || *digits == '-')
    return CR_FAULT_VALUE;
  snprintf(with_unit, sizeof with_unit, "%ss", digits);
  if (cr_parse_ns(with_unit, "seconds", out, &ignored))
    return CR_FAULT_VALUE;
  return *text == '-' && *out ? CR_FAULT_NEGATIVE : CR_N_JOB_FAULT;
}

enum cr_job_fault cr_job_whole(const char *text, uint32_t max, uint32_t *out)
{
  char number[LONGEST_NUMBER + 1];
  struct cr_err ignored;
  int64_t value;
  const char *digits = text + (*text == '-');
  if (*digits == '-' || strlen(digits) > LONGEST_NUMBER)
    return CR_FAULT_VALUE;
  snprintf(number, sizeof number, "%s", digits);
  if (cr_parse_count(number, "a number", &value, &ignored))
    return CR_FAULT_VALUE;
  if (*text == '-' && value)
    return CR_FAULT_NEGATIVE;
  if (value > max)
    return CR_FAULT_VALUE;
  *out = (uint32_t)value;
  return CR_N_JOB_FAULT;
}

/* n digits from *p on; -1 where there are none. */
static int take_digits(const char **p, int n)
{
  int value = 0;
  for (; n > 0; n--, ++*p) {
    if (**p < '0' || **p > '9')
      return -1;
    value = 10 * value + (**p - '0');
  }
  return value;
}

/* Days from 1970-01-01 to the date in the Gregorian calendar: years are counted from March, so that a leap day ends
 * one. */
static int64_t days_since_1970(int year, int month, int day)
{
  int y = month > 2 ? year : year - 1, shifted = month > 2 ? month - 3 : month + 9;
  return 365 * (int64_t)y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

static int days_of(int year, int month)
{
  static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return DAYS[month - 1] + (month == 2 && is_leap);
}

enum cr_job_fault cr_job_date(const char *text, cr_ns *out)
{
  static const char SEPARATOR[] = "-- ::";
  static const int DIGITS[] = {4, 2, 2, 2, 2, 2};
  int part[6];
  const char *p = text;
  cr_ns fraction_ns = 0;
  for (int i = 0; i < 6; i++) {
    part[i] = take_digits(&p, DIGITS[i]);
    int is_last = i == 5, fits = is_last || *p == SEPARATOR[i] || (i == 2 && *p == 'T');
    if (part[i] < 0 || !fits)
      return CR_FAULT_VALUE;
    p += !is_last;
  }
  if (part[0] < 1970 || part[0] > 2200 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
      part[2] > days_of(part[0], part[1]) || part[3] > 23 || part[4] > 59 || part[5] > 60)
    return CR_FAULT_VALUE;
  if (*p && (*p != '.' || cr_job_seconds(p, &fraction_ns) != CR_N_JOB_FAULT || fraction_ns > NS_PER_S))
    return CR_FAULT_VALUE;
  int64_t seconds = days_since_1970(part[0], part[1], part[2]) * 86400 + part[3] * 3600 + part[4] * 60 + part[5];
  *out = seconds * NS_PER_S + fraction_ns;
  return CR_N_JOB_FAULT;
}
