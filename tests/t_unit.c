/* t_unit.c - times, sizes, rates and shares as people write them. */
#include "config.h"

#include "sim/unit.h"

#include "sim/rng.h"
#include "tests/t.h"

#include <inttypes.h>

typedef int parse_fn(const char *text, const char *what, int64_t *out, struct cr_err *err);

struct good {
  parse_fn *parse;
  const char *text;
  int64_t want;
};

static const struct good GOOD[] = {
  {cr_parse_ns, "50us", 50000},
  {cr_parse_ns, "50 us", 50000},
  {cr_parse_ns, "0", 0},
  {cr_parse_ns, "0.0", 0},
  {cr_parse_ns, "0ms", 0},
  {cr_parse_ns, "-0s", 0},
  {cr_parse_ns, "+1ns", 1},
  {cr_parse_ns, "0.1us", 100},
  {cr_parse_ns, ".5ms", 500000},
  {cr_parse_ns, "1.ms", 1000000},
  {cr_parse_ns, "1e3ns", 1000},
  {cr_parse_ns, "2E-3s", 2000000},
  {cr_parse_ns, "1.5min", 90000000000},
  {cr_parse_ns, "2h", 7200000000000},
  {cr_parse_ns, "0.4ns", 0},
  {cr_parse_ns, "0.5ns", 1}, /* halves go up */
  {cr_parse_ns, "1.4999999999999999999999ns", 1},
  {cr_parse_ns, "1.2345678915us", 1235},
  {cr_parse_ns, "9223372036854775806ns", INT64_MAX - 1},
  {cr_parse_ns, "9223372036.854775806s", INT64_MAX - 1},
  {cr_parse_ns, "000000000000000000000000000007ns", 7},
  {cr_parse_ns, "0.92233720368547758083333s", 922337204},
  {cr_parse_ns, "92233720368547758083e-15ns", 92234}, /* more digits than fit, and yet small */
  {cr_parse_ns, "0.000000000000000000000000000001s", 0},
  {cr_parse_bytes, "2MiB", 2097152},
  {cr_parse_bytes, "2MB", 2000000},
  {cr_parse_bytes, "1.5KiB", 1536},
  {cr_parse_bytes, "150109880320B", 150109880320},
  {cr_parse_bytes, "139.8GiB", 150109106995}, /* 139.8 * 2^30 = 150109106995.2 */
  {cr_parse_bytes, "7kB", 7000},
  {cr_parse_bytes_per_s, "4.8TB/s", 4800000000000},
  {cr_parse_bytes_per_s, "1GiB/s", 1073741824},
  {cr_parse_ppm, "0.25", 250000},
  {cr_parse_ppm, "25%", 250000},
  {cr_parse_ppm, "1", 1000000},
  {cr_parse_ppm, "100%", 1000000},
  {cr_parse_ppm, "0.00005%", 1},
  {cr_parse_factor, "1.1", 1100000},
  {cr_parse_factor, "105%", 1050000},
  {cr_parse_count, "12", 12},
  {cr_parse_count, "1e6", 1000000},
  {cr_parse_count, "1.5e1", 15},
  {cr_parse_count, "12.0", 12},
  {cr_parse_count, "9223372036854775806", INT64_MAX - 1},
  {cr_parse_int, "-3", -3},
  {cr_parse_int, "0", 0},
  {cr_parse_int, "-9223372036854775806", -INT64_MAX + 1},
};

static void what_people_write_is_read(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
    struct cr_err err = {{0}};
    int64_t value = -77;
    if (GOOD[i].parse(GOOD[i].text, "x", &value, &err) || value != GOOD[i].want)
      fail_msg("'%s' is read as %" PRId64 ", not %" PRId64 " (%s)", GOOD[i].text, value, GOOD[i].want, err.text);
  }
}

struct bad {
  parse_fn *parse;
  const char *text, *say; /* part of the sentence */
};

static const struct bad BAD[] = {
  {cr_parse_ns, "", "is empty; write a time"},
  {cr_parse_ns, "50", "'50' has no unit; write a time such as 50us"},
  {cr_parse_ns, "50 parsecs", "unknown unit 'parsecs'"},
  {cr_parse_ns, "50us ", "unknown unit 'us '"},
  {cr_parse_ns, "50uS", "unknown unit 'uS'"},
  {cr_parse_ns, "us", "'us' is not a time"},
  {cr_parse_ns, "nan", "'nan' is not a time"},
  {cr_parse_ns, "inf", "'inf' is not a time"},
  {cr_parse_ns, "infs", "is not a time"},
  {cr_parse_ns, "0x10ns", "unknown unit 'x10ns'"},
  {cr_parse_ns, "1,5ms", "unknown unit ',5ms'"},
  {cr_parse_ns, "-5ms", "'-5ms' is negative"},
  {cr_parse_ns, "--5ms", "is not a time"},
  {cr_parse_ns, ".ms", "is not a time"},
  {cr_parse_ns, "1e", "unknown unit 'e'"},
  {cr_parse_ns, "9223372036854775807ns", "too large"},
  {cr_parse_ns, "9223372037s", "too large"},
  {cr_parse_ns, "1e30h", "too large"},
  {cr_parse_ns, "1e999999999999999999999s", "too large"},
  {cr_parse_ns, "123456789012345678901234567890ns", "too large"},
  {cr_parse_bytes, "2mib", "unknown unit 'mib'"},
  {cr_parse_bytes, "2", "has no unit; write a size such as 2MiB"},
  {cr_parse_bytes, "8e9TiB", "too large"},
  {cr_parse_bytes_per_s, "4.8TB", "unknown unit 'TB'"},
  {cr_parse_ppm, "1.1", "too large; write a share such as 0.25 or 25%"},
  {cr_parse_ppm, "101%", "too large"},
  {cr_parse_ppm, "-1%", "is negative"},
  {cr_parse_factor, "-1.1", "is negative"},
  {cr_parse_factor, "much", "is not a factor"},
  {cr_parse_count, "1.5", "'1.5' is not whole"},
  {cr_parse_count, "1e-1", "is not whole"},
  {cr_parse_count, "-1", "is negative"},
  {cr_parse_count, "12x", "remove 'x'"},
  {cr_parse_count, "1e19", "too large"},
  {cr_parse_int, "-3.5", "is not whole"},
  {cr_parse_int, "three", "is not a whole number"},
  {cr_parse_ns, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "...' is not a time"},
};

static void what_cannot_be_read_is_said_and_nothing_is_changed(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    struct cr_err err = {{0}};
    int64_t value = -77;
    int rc = BAD[i].parse(BAD[i].text, "duration", &value, &err);
    if (rc != CR_EINPUT || value != -77 || !strstr(err.text, BAD[i].say) || strncmp(err.text, "duration: ", 10) != 0)
      fail_msg("'%s' gives %d and '%s', which lacks '%s'", BAD[i].text, rc, err.text, BAD[i].say);
    assert_int_equal(BAD[i].parse(BAD[i].text, "duration", &value, NULL), CR_EINPUT);
  }
}

static void rates_are_per_second(void **state)
{
  static const struct {
    const char *text;
    double want;
  } RATE[] = {{"100/s", 100}, {"100Hz", 100}, {"0.5 /s", 0.5}, {"6/min", 0.1},
              {"36/h", 0.01}, {"2/ms", 2000}, {"1kHz", 1000}};
  (void)state;
  double rate;
  for (size_t i = 0; i < sizeof RATE / sizeof RATE[0]; i++) {
    assert_int_equal(cr_parse_rate(RATE[i].text, "rate", &rate, NULL), CR_OK);
    assert_near(rate, RATE[i].want, 0);
  }
  struct cr_err err;
  assert_int_equal(cr_parse_rate("100", "rate", &rate, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "'100' has no unit; write a rate such as 100/s"));
  assert_int_equal(cr_parse_rate("-1/s", "rate", &rate, &err), CR_EINPUT);
  assert_int_equal(cr_parse_rate("1/fortnight", "rate", &rate, &err), CR_EINPUT);
}

static void constants_keep_fractions_of_a_ns(void **state)
{
  (void)state;
  double value;
  assert_int_equal(cr_parse_time_us("0.1445us", "gap", &value, NULL), CR_OK);
  assert_near(value, 0.1445, 0);
  assert_int_equal(cr_parse_time_us("600ns", "gap", &value, NULL), CR_OK);
  assert_near(value, 0.6, 0);
  assert_int_equal(cr_parse_time_us("0.6", "gap", &value, NULL), CR_EINPUT);
  assert_int_equal(cr_parse_real("0.37", "load", &value, NULL), CR_OK);
  assert_near(value, 0.37, 0);
  assert_int_equal(cr_parse_real("1e-3", "load", &value, NULL), CR_OK);
  assert_near(value, 0.001, 0);
  assert_int_equal(cr_parse_real("0.5us", "load", &value, NULL), CR_EINPUT);
}

/* 1 in about 2^k of all magnitudes k. */
static int64_t any_amount(uint64_t n)
{
  return (int64_t)(cr_draw(1, CR_RNG_TEST, 0, 2 * n) >> (1 + cr_draw(1, CR_RNG_TEST, 0, 2 * n + 1) % 63));
}

static void printing_and_reading_gives_the_same_number(void **state)
{
  static const struct {
    const char *unit;
    int64_t ns;
    int places;
  } UNIT[] = {{"ns", 1, 0}, {"us", 1000, 3}, {"ms", 1000000, 6}, {"s", 1000000000, 9}};
  (void)state;
  for (uint64_t n = 0; n < 20000; n++) {
    int64_t want = any_amount(n), got = -1;
    char text[64];
    int u = (int)(n % 4);
    int length = snprintf(text, sizeof text, "%" PRId64, want / UNIT[u].ns);
    if (UNIT[u].places)
      length += snprintf(text + length, sizeof text - (size_t)length, ".%0*" PRId64, UNIT[u].places, want % UNIT[u].ns);
    snprintf(text + length, sizeof text - (size_t)length, "%s", UNIT[u].unit);
    assert_int_equal(cr_parse_ns(text, "x", &got, NULL), CR_OK);
    assert_true(got == want);
  }
}

static void what_is_formatted_can_be_read_back_within_half_a_percent(void **state)
{
  (void)state;
  char buf[32];
  for (uint64_t n = 0; n < 20000; n++) {
    int64_t want = any_amount(n), got;
    assert_int_equal(cr_parse_ns(cr_format_ns(want, buf, sizeof buf), "x", &got, NULL), CR_OK);
    assert_near((double)got, (double)want, 0.005 * (double)want + 1e-9);
    assert_int_equal(cr_parse_bytes(cr_format_bytes(want, buf, sizeof buf), "x", &got, NULL), CR_OK);
    assert_near((double)got, (double)want, 0.005 * (double)want + 1e-9);
  }
}

static void people_read_three_digits(void **state)
{
  (void)state;
  char buf[32];
  assert_string_equal(cr_format_ns(0, buf, sizeof buf), "0 ns");
  assert_string_equal(cr_format_ns(812, buf, sizeof buf), "812 ns");
  assert_string_equal(cr_format_ns(999, buf, sizeof buf), "999 ns");
  assert_string_equal(cr_format_ns(1000, buf, sizeof buf), "1.00 us");
  assert_string_equal(cr_format_ns(4310000, buf, sizeof buf), "4.31 ms");
  assert_string_equal(cr_format_ns(43100000, buf, sizeof buf), "43.1 ms");
  assert_string_equal(cr_format_ns(999600, buf, sizeof buf), "1.00 ms");
  assert_string_equal(cr_format_ns(9996000, buf, sizeof buf), "10.0 ms");
  assert_string_equal(cr_format_ns(2000000000, buf, sizeof buf), "2.00 s");
  assert_string_equal(cr_format_ns(CR_NS_NEVER, buf, sizeof buf), "-");
  assert_string_equal(cr_format_bytes(512, buf, sizeof buf), "512 B");
  assert_string_equal(cr_format_bytes(2097152, buf, sizeof buf), "2.00 MiB");
  assert_string_equal(cr_format_bytes(CR_UNKNOWN, buf, sizeof buf), "-");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_people_write_is_read),
    cmocka_unit_test(what_cannot_be_read_is_said_and_nothing_is_changed),
    cmocka_unit_test(rates_are_per_second),
    cmocka_unit_test(constants_keep_fractions_of_a_ns),
    cmocka_unit_test(printing_and_reading_gives_the_same_number),
    cmocka_unit_test(what_is_formatted_can_be_read_back_within_half_a_percent),
    cmocka_unit_test(people_read_three_digits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
