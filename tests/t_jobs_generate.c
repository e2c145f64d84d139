/* t_jobs_generate.c - job traces that are made: distributions against their closed forms, seeds, mixes, bad
 * parameters. */
#include "config.h"

#include "traces/jobs_generate.h"

#include "sim/mem.h"
#include "tests/t.h"

#include <math.h>
#include <stdlib.h>

static void a_bad_mix_is_refused(void **state)
{
  (void)state;
  static const char *const bad[][2] = {
    {"", "is no model with a weight"},
    {"a,", "is no model with a weight"},
    {"=2", "is no model with a weight"},
    {"a=x", "a: weight: 'x' is not a"},
    {"a=0", "a: a weight of 0 is not"},
    {"a=-1", "is negative"},
    {"a=1e9", "a: a weight of 1e9 is not possible"},
    {"a,b,a=2", "model a is in the mix twice"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct cr_err err = {{0}};
    struct cr_model_mix *mix = cr_model_mix_new();
    if (cr_model_mix_parse(mix, bad[i][0], &err) != CR_EINPUT || !strstr(err.text, bad[i][1]))
      fail_msg("'%s' gives '%s', which lacks '%s'", bad[i][0], err.text, bad[i][1]);
    cr_model_mix_free(mix);
  }
}

static struct cr_jobs *made(const struct cr_generate_options *opt)
{
  const struct cr_jobs_options none = {0};
  struct cr_jobs *j = cr_jobs_new(&none);
  struct cr_err err = {{0}};
  if (cr_jobs_generate(j, opt, &err))
    fail_msg("%s", err.text);
  return j;
}

static struct cr_model_mix *mix_of(const char *text)
{
  struct cr_model_mix *mix = cr_model_mix_new();
  assert_int_equal(cr_model_mix_parse(mix, text, NULL), CR_OK);
  return mix;
}

static void parse_service(const char *text, struct cr_service *out)
{
  struct cr_err err = {{0}};
  if (cr_service_parse(text, out, &err))
    fail_msg("%s", err.text);
}

static int by_ns(const void *a, const void *b)
{
  const cr_ns *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Against the closed forms: exponential's mean and quantiles, lognormal's median and 84th percentile, Pareto's
 * quantiles. */
static void services_follow_their_distributions(void **state)
{
  (void)state;
  enum { N = 20000 };
  static const struct {
    const char *text;
    double q, want_s;
  } known[] = {
    {"fixed,time=5s", 0.1, 5},
    {"fixed,time=5s", 0.9, 5},
    {"exponential,mean=100s", 0.5, 69.3147},
    {"exponential,mean=100s", 0.9, 230.2585},
    {"lognormal,median=57s,sigma=1.5", 0.5, 57},
    {"lognormal,median=57s,sigma=1.5", 0.841344746, 57 * 4.48168907},
    {"pareto,min=30s,shape=1.2", 0.5, 30 * 1.78179744}, /* 2^(1/1.2) */
    {"pareto,min=30s,shape=1.2", 0.9, 30 * 6.81292069}, /* 10^(1/1.2) */
    {"pareto,min=30s,shape=1.2,max=40s", 0.9, 40},
  };
  struct cr_model_mix *mix = mix_of("m");
  static cr_ns time_ns[N];
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    struct cr_generate_options opt = {.n = N, .rate_per_s = 1, .mix = mix, .seed = 3};
    parse_service(known[i].text, &opt.service);
    struct cr_jobs *j = made(&opt);
    for (uint32_t k = 0; k < N; k++)
      time_ns[k] = cr_jobs_list(j)[k].duration_ns;
    qsort(time_ns, N, sizeof time_ns[0], by_ns);
    double got_s = (double)time_ns[(size_t)(known[i].q * N)] / 1e9;
    assert_near(got_s, known[i].want_s, 0.05 * known[i].want_s);
    cr_jobs_free(j);
  }
  cr_model_mix_free(mix);
}

static void arrivals_keep_their_rate(void **state)
{
  (void)state;
  enum { N = 20000 };
  struct cr_model_mix *mix = mix_of("m,n");
  struct cr_generate_options opt = {.n = N, .arrival = CR_JOBS_POISSON, .rate_per_s = 0.5, .mix = mix, .seed = 1};
  parse_service("fixed", &opt.service);
  struct cr_jobs *j = made(&opt);
  const struct cr_trace_job *job = cr_jobs_list(j);
  assert_int_equal(cr_jobs_count(j), N);
  assert_true(job[0].submit_ns == 0);
  double long_gaps = 0;
  for (uint32_t i = 1; i < N; i++) {
    assert_true(job[i].submit_ns >= job[i - 1].submit_ns);
    long_gaps += job[i].submit_ns - job[i - 1].submit_ns > 2000000000;
  }
  assert_near((double)job[N - 1].submit_ns / 1e9, 2.0 * N, 5 * 2.0 * sqrt(N)); /* sum of N exponentials */
  assert_near(long_gaps / N, exp(-1), 0.02);
  cr_jobs_free(j);
  opt.arrival = CR_JOBS_UNIFORM;
  j = made(&opt);
  assert_true(cr_jobs_list(j)[N - 1].submit_ns == INT64_C(2000000000) * (N - 1));
  cr_jobs_free(j);
  opt.arrival = CR_JOBS_ONCE;
  j = made(&opt);
  assert_true(cr_jobs_list(j)[N - 1].submit_ns == 0);
  cr_jobs_free(j);
  cr_model_mix_free(mix);
}

static char *printed(const struct cr_generate_options *opt)
{
  struct cr_text text = {0};
  struct cr_jobs *j = made(opt);
  cr_jobs_print(j, &text);
  cr_jobs_free(j);
  return text.s;
}

static void the_same_seed_makes_the_same_trace_and_a_longer_one_begins_with_it(void **state)
{
  (void)state;
  struct cr_model_mix *mix = mix_of("m,n,o");
  struct cr_generate_options opt = {.n = 50, .rate_per_s = 0.03, .mix = mix, .seed = 9};
  parse_service("lognormal", &opt.service);
  char *one = printed(&opt), *two = printed(&opt);
  assert_string_equal(one, two);
  opt.n = 80;
  char *longer = printed(&opt);
  assert_true(strncmp(one, longer, strlen(one)) == 0);
  opt.seed = 10;
  char *other = printed(&opt);
  assert_true(strncmp(one, other, strlen(one)) != 0);
  cr_mem_free(one);
  cr_mem_free(two);
  cr_mem_free(longer);
  cr_mem_free(other);
  cr_model_mix_free(mix);
}

static void jobs_of_a_table_have_whole_iterations(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "t.csv");
  struct cr_iteration_table *table = NULL;
  t_write(path, "workload,iteration_ms\nslow,700\nfast,3\n");
  assert_int_equal(cr_iteration_table_read(path, &table, NULL), CR_OK);
  struct cr_model_mix *mix = mix_of("slow,fast");
  struct cr_generate_options opt = {.n = 200, .rate_per_s = 1, .mix = mix, .table = table, .seed = 2};
  parse_service("exponential,mean=2s", &opt.service);
  struct cr_jobs *j = made(&opt);
  for (uint32_t i = 0; i < 200; i++) {
    const struct cr_trace_job *job = &cr_jobs_list(j)[i];
    const struct cr_iteration_row *row = cr_iteration_table_find(table, cr_jobs_model(j, job->model));
    assert_true(job->iterations >= 1);
    assert_true(job->duration_ns == job->iterations * row->iteration_ns);
  }
  cr_jobs_free(j);
  struct cr_model_mix *other = mix_of("slw");
  struct cr_err err = {{0}};
  const struct cr_jobs_options none = {0};
  opt.mix = other;
  j = cr_jobs_new(&none);
  assert_int_equal(cr_jobs_generate(j, &opt, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "there is no workload 'slw' in "));
  assert_non_null(strstr(err.text, "did you mean 'slow'?"));
  cr_jobs_free(j);
  cr_model_mix_free(mix);
  cr_model_mix_free(other);
  cr_iteration_table_free(table);
}

static void a_bad_service_is_refused_with_what_it_has(void **state)
{
  (void)state;
  static const char *const bad[][2] = {
    {"lognorml", "there is no service 'lognorml'; did you mean lognormal?"},
    {"weibull", "there are: fixed, exponential, lognormal, pareto"},
    {"", "there is no service ''"},
    {"lognormal,mean=5s",
     "service lognormal has no parameter 'mean=5s'; it has median=TIME, sigma=NUMBER and max=TIME"},
    {"fixed,shape=1", "service fixed has no parameter 'shape=1'; it has time=TIME and max=TIME"},
    {"fixed,time", "has no parameter 'time'"},
    {"fixed,time=5", "service fixed, time: '5' has no unit"},
    {"fixed,time=0s", "'0s' is not possible"},
    {"fixed,time=9000h", "'9000h' is not possible; it is longer than 0 and at most a year"},
    {"pareto,shape=0", "'0' is not possible; it is from 0.01 to 100"},
    {"pareto,shape=x", "'x' is not a number"},
    {"pareto,", "has no parameter ''"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct cr_err err = {{0}};
    struct cr_service s;
    if (cr_service_parse(bad[i][0], &s, &err) != CR_EINPUT || !strstr(err.text, bad[i][1]))
      fail_msg("'%s' gives '%s', which lacks '%s'", bad[i][0], err.text, bad[i][1]);
  }
}

static void a_trace_of_more_than_a_year_is_refused(void **state)
{
  (void)state;
  struct cr_model_mix *mix = mix_of("m");
  struct cr_generate_options opt = {.n = 3, .arrival = CR_JOBS_UNIFORM, .rate_per_s = 1e-300, .mix = mix, .seed = 1};
  parse_service("fixed", &opt.service);
  const struct cr_jobs_options none = {0};
  struct cr_err err = {{0}};
  struct cr_jobs *j = cr_jobs_new(&none);
  assert_int_equal(cr_jobs_generate(j, &opt, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "job 1 would come more than a year after the first"));
  cr_jobs_free(j);
  cr_model_mix_free(mix);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_bad_mix_is_refused),
    cmocka_unit_test(services_follow_their_distributions),
    cmocka_unit_test(arrivals_keep_their_rate),
    cmocka_unit_test(the_same_seed_makes_the_same_trace_and_a_longer_one_begins_with_it),
    cmocka_unit_test(jobs_of_a_table_have_whole_iterations),
    cmocka_unit_test(a_bad_service_is_refused_with_what_it_has),
    cmocka_unit_test(a_trace_of_more_than_a_year_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
