/* t_jobs.c - job traces: every dialect, whatever can be wrong with one, models that are drawn. */
#include "config.h"

#include "traces/jobs.h"

#include "sim/rng.h"
#include "tests/t.h"
#include "traces/jobs_int.h"
#include "traces/model_mix.h"
#include "traces/names.h"

#include <math.h>
#include <stdlib.h>
#include <zlib.h>

static const struct cr_jobs_options STRICT = {.skip_hint = "--skip-bad", .sort_hint = "--sort puts them in order"};
static const struct cr_jobs_options SKIP = {.skip_bad = 1};

/* Reads the text as a file of that name; the jobs are settled. */
static int read_text(const char *name, const char *text, const struct cr_jobs_options *opt, struct cr_jobs **out,
                     struct cr_err *err)
{
  const char *path = t_join(t_tmp(), name);
  t_write(path, text);
  struct cr_jobs *j = cr_jobs_new(opt);
  assert_non_null(j);
  int rc = cr_jobs_read(j, path, err);
  if (rc) {
    cr_jobs_free(j);
    return rc;
  }
  cr_jobs_settle(j);
  *out = j;
  return CR_OK;
}

static struct cr_jobs *jobs_of(const char *text, const struct cr_jobs_options *opt)
{
  struct cr_jobs *j = NULL;
  struct cr_err err = {{0}};
  if (read_text("x", text, opt, &j, &err))
    fail_msg("%s", err.text);
  return j;
}

/* The jobs as "id model iterations submit duration gpus/", times in seconds; "-": not said. */
static void expect_jobs(const struct cr_jobs *j, const char *want)
{
  struct cr_text got = {0};
  cr_text_add(&got, "%s", "");
  for (uint32_t i = 0; i < cr_jobs_count(j); i++) {
    const struct cr_trace_job *job = &cr_jobs_list(j)[i];
    cr_text_add(&got, "%s %s %u %g ", job->id, job->model == CR_NONE ? "-" : cr_jobs_model(j, job->model),
                job->iterations, (double)job->submit_ns / 1e9);
    if (job->duration_ns == CR_NS_NEVER)
      cr_text_add(&got, "-");
    else
      cr_text_add(&got, "%g", (double)job->duration_ns / 1e9);
    cr_text_add(&got, " %u/", job->n_gpu);
  }
  assert_string_equal(got.s, want);
  cr_text_fini(&got);
}

static void expect_text(const char *text, const struct cr_jobs_options *opt, const char *want)
{
  struct cr_jobs *j = jobs_of(text, opt);
  expect_jobs(j, want);
  cr_jobs_free(j);
}

/* -- dialects ------------------------------------------------------------------------------------------------------ */

#define SALUS "job_id,model_name,iterations,submit_time,duration,num_gpu\n"
#define HELIOS "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n"
#define OPENB \
  "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"

static void a_salus_trace_is_read_by_the_names_of_its_columns(void **state)
{
  (void)state;
  expect_text(SALUS "a,vgg19_50,100,0,41.5,1\nb,vae_64,,29.8,60,\nc,vae_64,7,29.8,,2\n", &STRICT,
              "a vgg19_50 100 0 41.5 1/b vae_64 0 29.8 60 1/c vae_64 7 29.8 - 2/");
  /* Tiresias's columns stand elsewhere, and there is one more. */
  expect_text("job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n0,1,0,606,vgg19,164,30\n", &STRICT,
              "0 vgg19 606 0 164 1/");
  expect_text("model_name,submit_time,duration,job_id\nm,1,2,x\n", &STRICT, "x m 0 1 2 1/");
  expect_text("job_id,model_name,iterations,submit_time\nx,m,3,1\n", &STRICT, "x m 3 1 - 1/");
}

static void a_job_may_name_no_model(void **state)
{
  (void)state;
  expect_text(SALUS "a,,,0,41.5,1\n", &STRICT, "a - 0 0 41.5 1/");
}

static void times_are_exact_decimals(void **state)
{
  (void)state;
  struct cr_jobs *j = jobs_of(SALUS "a,m,1,29.8,0.1,\nb,m,1,1e3,1234567.000000001,\nc,m,1,9000000000,1,\n", &STRICT);
  const struct cr_trace_job *job = cr_jobs_list(j);
  assert_true(job[0].submit_ns == INT64_C(29800000000) && job[0].duration_ns == 100000000);
  assert_true(job[1].submit_ns == INT64_C(1000000000000) && job[1].duration_ns == INT64_C(1234567000000001));
  assert_true(job[2].submit_ns == INT64_C(9000000000) * 1000000000);
  cr_jobs_free(j);
}

/* Three rows of the example in HeliosData's README, and two of kinds that it has. */
static void a_helios_log_counts_from_its_first_submission(void **state)
{
  (void)state;
  struct cr_jobs *j = jobs_of(
    HELIOS "1425512,uVMrF,vchbv,4,16,1,FAILED,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0\n"
           "1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\n"
           "1425513,uzqls,vcpDC,0,1,1,CANCELLED,2020-06-09 18:41:28,2020-06-09 18:41:28,2020-06-17 14:15:21,675233,0\n"
           "1425514,uzqls,vcpDC,1,1,1,CANCELLED,2020-06-09 18:41:28,None,2020-06-17 14:15:21,0,0\n",
    &STRICT);
  expect_jobs(j, "1425511 - 0 0 36848 1/1425512 - 0 26 249 4/");
  struct cr_text report = {0};
  cr_jobs_report(j, &report);
  assert_non_null(strstr(report.s, "x: dialect helios, 2 jobs\n"));
  assert_non_null(strstr(report.s, "left out: 1 that ask for no GPU; the first: "));
  assert_non_null(strstr(report.s, "x:4: job 1425513\n"));
  assert_non_null(strstr(report.s, "left out: 1 that never ran; the first: "));
  assert_int_equal(cr_jobs_n_left_out(j), 2);
  cr_text_fini(&report);
  cr_jobs_free(j);
}

/* Rows of cluster-trace-gpu-v2023. */
static void an_openb_pod_runs_from_schedule_to_deletion(void **state)
{
  (void)state;
  struct cr_jobs *j = jobs_of(OPENB "openb-pod-0000,12000,16384,1,1000,,LS,Running,0,12537496,0\n"
                                    "openb-pod-0005,20000,65536,0,0,,LS,Running,2759674,12902960,2759676\n"
                                    "openb-pod-0012,8000,32768,1,1000,,LS,Running,6588193,10959245,6595531\n"
                                    "openb-pod-0017,88000,327680,8,1000,,Burstable,Succeeded,9437497,10769854,9437497\n"
                                    "openb-pod-0061,11908,47104,1,1000,,BE,Pending,10001278,10001403,\n",
                              &STRICT);
  expect_jobs(j, "openb-pod-0000 - 0 0 1.25375e+07 1/openb-pod-0012 - 0 6.58819e+06 4.36371e+06 1/"
                 "openb-pod-0017 - 0 9.4375e+06 1.33236e+06 8/");
  assert_int_equal(cr_jobs_n_left_out(j), 2);
  cr_jobs_free(j);
}

static const char PHILLY[] =
  "[\n"
  "  {\"status\": \"Pass\", \"vc\": \"ee9e8c\", \"jobid\": \"application_1506638472019_14199\",\n"
  "   \"attempts\": [\n"
  "     {\"start_time\": \"2017-10-07 01:12:09\", \"end_time\": \"2017-10-07 01:13:23\",\n"
  "      \"detail\": [{\"ip\": \"m47\", \"gpus\": [\"gpu0\", \"gpu1\"]}]},\n"
  "     {\"start_time\": \"2017-10-07 01:13:30\", \"end_time\": \"2017-10-09 06:53:12\",\n"
  "      \"detail\": [{\"ip\": \"m412\", \"gpus\": [\"gpu0\", \"gpu1\"]}, {\"ip\": \"m413\", \"gpus\": "
  "[\"gpu0\"]}]}],\n"
  "   \"submitted_time\": \"2017-10-07 01:11:39\", \"user\": \"ce2f4c\"},\n"
  "  {\"jobid\": \"never\", \"attempts\": [], \"submitted_time\": \"2017-10-07 01:12:39\"},\n"
  "  {\"jobid\": \"unlogged\", \"attempts\": [{\"start_time\": null, \"end_time\": \"2017-10-07 01:13:23\", "
  "\"detail\": null}],\n"
  "   \"submitted_time\": \"2017-10-07 01:12:39\"},\n"
  "  {\"jobid\": \"early\", \"extra\": {\"jobid\": [1, {\"attempts\": true}]}, \"submitted_time\": \"2017-10-07 "
  "01:11:00\",\n"
  "   \"attempts\": [{\"start_time\": \"2017-10-07 01:12:00\", \"end_time\": \"2017-10-07 01:12:00\",\n"
  "                 \"detail\": [{\"gpus\": [\"gpu0\"]}]}]}\n"
  "]\n";

/* The first job is the example of the trace's README: attempts of 74 s and of 2 d 5:39:42. */
static void a_philly_job_runs_as_long_as_its_attempts(void **state)
{
  (void)state;
  struct cr_jobs *j = jobs_of(PHILLY, &STRICT);
  expect_jobs(j, "early - 0 0 0 1/application_1506638472019_14199 - 0 39 193256 3/");
  assert_int_equal(cr_jobs_list(j)[1].line, 2);
  assert_int_equal(cr_jobs_list(j)[0].line, 12);
  assert_int_equal(cr_jobs_n_left_out(j), 2);
  cr_jobs_free(j);
}

static void a_byte_order_mark_crlf_quotes_and_comments_do_no_harm(void **state)
{
  (void)state;
  expect_text("\xef\xbb\xbf# corun 0.1.0: \"a, b\n#\r\n" SALUS "\"a\",\"vgg\"\"19\"\"\",1,0,2,1\n", &SKIP, "");
  expect_text(
    "\xef\xbb\xbf# made by \"hand, and\r\n#\r\njob_id,model_name,iterations,submit_time\r\n\"a\",\"m\",1,0\r\n\r\n"
    "b,m,2,\"3\"\r\n",
    &STRICT, "a m 1 0 - 1/b m 2 3 - 1/");
  expect_text("\xef\xbb\xbf\r\n "
              "[\r\n{\"jobid\":\"a\",\"submitted_time\":\"2017-10-07T01:11:39.5\",\r\n\"attempts\":[{\"start_time\":"
              "\"2017-10-07 01:12:09\",\"end_time\":\"2017-10-07 01:12:10\",\"detail\":[{\"gpus\":[\"g\"]}]}]}]",
              &STRICT, "a - 0 0 1 1/");
}

static void a_gzip_file_is_read(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "x.csv.gz"), text[] = SALUS "a,m,1,0,2,1\n";
  gzFile f = gzopen(path, "wb");
  assert_int_equal(gzwrite(f, text, sizeof text - 1), (int)sizeof text - 1);
  assert_int_equal(gzclose(f), Z_OK);
  struct cr_jobs *j = cr_jobs_new(&STRICT);
  assert_int_equal(cr_jobs_read(j, path, NULL), CR_OK);
  expect_jobs(j, "a m 1 0 2 1/");
  cr_jobs_free(j);
}

/* -- dates --------------------------------------------------------------------------------------------------------- */

static void dates_are_days_of_the_gregorian_calendar(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int64_t seconds; /* of date -u -d */
  } known[] = {
    {"1970-01-01 00:00:00", 0},          {"2000-02-29 12:00:00", 951825600},  {"2000-03-01 00:00:00", 951868800},
    {"2017-10-07 01:11:39", 1507338699}, {"2020-12-31 23:59:59", 1609459199}, {"2100-03-01 00:00:00", 4107542400},
  };
  cr_ns ns;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    assert_int_equal(cr_job_date(known[i].text, &ns), CR_N_JOB_FAULT);
    assert_true(ns == known[i].seconds * 1000000000);
  }
  /* Day by day over two leap years, one after the other. */
  static const int DAYS[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  cr_ns last = INT64_C(1704067200) * 1000000000 - INT64_C(86400) * 1000000000; /* 2023-12-31 */
  for (int month = 1; month <= 12; month++)
    for (int day = 1; day <= DAYS[month - 1]; day++) {
      char text[32];
      snprintf(text, sizeof text, "2024-%02d-%02d 00:00:00", month, day);
      assert_int_equal(cr_job_date(text, &ns), CR_N_JOB_FAULT);
      assert_true(ns - last == INT64_C(86400) * 1000000000);
      last = ns;
    }
  static const char *const bad[] = {"",
                                    "2017",
                                    "2017-10-07",
                                    "2017-13-07 00:00:00",
                                    "2017-02-29 00:00:00",
                                    "2100-02-29 00:00:00",
                                    "2017-10-07 24:00:00",
                                    "2017-10-07 00:60:00",
                                    "2017-10-7 00:00:00",
                                    "2017/10/07 00:00:00",
                                    "2017-10-07 00:00:00 PST",
                                    "2017-10-07 00:00:00.x",
                                    "1969-12-31 23:59:59",
                                    "-017-10-07 00:00:00"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (cr_job_date(bad[i], &ns) == CR_N_JOB_FAULT)
      fail_msg("'%s' is taken for a date", bad[i]);
}

static void a_second_is_no_other_unit(void **state)
{
  (void)state;
  cr_ns ns = 0;
  static const char *const bad[] = {"5m",  "5 ",  " 5",  "",   "-",     "--5", "1e",
                                    "nan", "inf", "0x5", "5s", "1e300", ".",   "-x"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    if (cr_job_seconds(bad[i], &ns) != CR_FAULT_VALUE)
      fail_msg("'%s' is taken for seconds", bad[i]);
  assert_int_equal(cr_job_seconds("-5", &ns), CR_FAULT_NEGATIVE);
  assert_int_equal(cr_job_seconds("-0.0", &ns), CR_N_JOB_FAULT);
  assert_true(ns == 0);
}

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

static const struct {
  const char *text, *say, *kind; /* kind: what a report calls it */
} BAD[] = {
  {SALUS "a,m,1,0,2,1\nb,m,1,x,2,1\n", "x:3: submit_time is \"x\" where a time in seconds belongs; --skip-bad leaves",
   "1 with a value that is none"},
  {SALUS "a,m,1,0,2,1\nb,m,1,,2,1\n", "x:3: submit_time is \"\" where", "1 with a value that is none"},
  {SALUS "a,m,1,0,2,1\nb,m,1,5,2m,1\n", "x:3: duration is \"2m\" where a time in seconds belongs", "1 with a value"},
  {SALUS "a,m,1,0,2,1\nb,m,1,-5,2,1\n", "x:3: submit_time is -5; it cannot be negative", "1 with a negative time"},
  {SALUS "a,m,1,0,2,1\nb,m,-1,5,2,1\n", "x:3: iterations is -1; it cannot be negative", "1 with a negative time"},
  {SALUS "a,m,1,0,2,1\nb,m,0,5,2,1\n", "x:3: job b has no iterations; it needs one at least", "1 of no iterations"},
  {SALUS "a,m,1,0,2,1\nb,m,1.5,5,2,1\n", "x:3: iterations is \"1.5\" where a whole number below 2^32 belongs",
   "1 with a value"},
  {SALUS "a,m,1,0,2,1\nb,m,99999999999,5,2,1\n", "x:3: iterations is \"99999999999\" where", "1 with a value"},
  {SALUS "a,m,1,0,2,1\nb,m,,5,,1\n", "x:3: job b has neither iterations nor a duration", "1 with a value"},
  {SALUS "a,m,1,7,2,1\nb,m,1,5,2,1\n",
   "x:3: job b was submitted before job a on line 2; jobs must stand in order of submission: --sort puts them",
   "1 out of order"},
  {SALUS "a,m,1,0,2,1\na,m,1,5,2,1\n", "x:3: job a is there already, ", "1 with an id that was there before"},
  {SALUS "a,m,1,0,2,1\nb,m,1,5\n", "x:3: has 4 fields where the header has 6", "1 with a damaged row"},
  {SALUS "a,m,1,0,2,1\nb,m,1,5,2,1,9\n", "x:3: has 7 fields where the header has 6", "1 with a damaged row"},
  {SALUS "a,m,1,0,2,1\n,m,1,5,2,1\n", "x:3: the job's id, \"\", is no name", "1 with a value"},
  {SALUS "a,m,1,0,2,1\nb c,m,1,5,2,1\n", "x:3: the job's id, \"b c\", is no name", "1 with a value"},
  {SALUS "a,m,1,0,2,1\nb,m m,1,5,2,1\n", "x:3: the model, \"m m\", is no name", "1 with a value"},
  {SALUS "a,m,1,0,2,1\nb,m,1,5,2,x\n", "x:3: num_gpu is \"x\" where", "1 with a value"},
  {HELIOS "a,u,v,1,1,1,C,2020-06-09 18:41:01,2020-06-09 18:41:01,,5,0\n"
          "b,u,v,1,1,1,C,2020-06-09 25:41:01,2020-06-09 18:41:01,,5,0\n",
   "x:3: submit_time is \"2020-06-09 25:41:01\" where a date such as", "1 with a value"},
  {OPENB "a,1,1,1,1,,LS,R,0,5,1\nb,1,1,1,1,,LS,R,0,5,9\n", "x:3: deletion_time, 5, is before scheduled_time, 9",
   "1 with a value"},
};

static void whatever_is_wrong_is_an_error_with_its_line_or_left_out_and_counted(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    struct cr_jobs *j = NULL;
    struct cr_err err = {{0}};
    struct cr_text report = {0};
    assert_int_equal(read_text("x", BAD[i].text, &STRICT, &j, &err), CR_EINPUT);
    if (!strstr(err.text, BAD[i].say))
      fail_msg("'%s' lacks '%s'", err.text, BAD[i].say);
    j = jobs_of(BAD[i].text, &SKIP);
    assert_int_equal(cr_jobs_count(j), 1);
    assert_int_equal(cr_jobs_n_left_out(j), 1);
    cr_jobs_report(j, &report);
    if (!strstr(report.s, BAD[i].kind))
      fail_msg("'%s' lacks '%s'", report.s, BAD[i].kind);
    cr_text_fini(&report);
    cr_jobs_free(j);
  }
}

static const struct {
  const char *text, *say;
} BAD_FILE[] = {
  {"", "has no header row"},
  {"\n\n", "has no header row"},
  {"a,b,c\n1,2,3\n", "is no job trace: it has the columns a, b, c; known are salus (job_id, model_name, submit_time,"},
  {"job_id,model_name,iterations,submit_tiem\n", "has no column \"submit_time\", which a job trace of dialect salus "
                                                 "needs (did you mean it by \"submit_tiem\"?); it has "
                                                 "job_id, model_name, iterations, submit_tiem"},
  {"job_id,submit_time,iterations,duration\n",
   "has no column \"model_name\", which a job trace of dialect salus needs"},
  {"job_id,model_name,submit_time\n", "has neither a column \"iterations\" nor \"duration\"; one is needed"},
  {"job_id,gpu_num,submit_time,duration,state\n",
   "has no column \"start_time\", which a job trace of dialect helios needs"},
  {SALUS "a,\"m,1,0,2,1\nb,m,1,5,2,1\n", "x:2: the file ends inside a quoted field; it is cut off"},
  {"{\"jobs\": []}", "is JSON but no job trace: a list of jobs is expected"},
  {"[{\"jobid\": \"a\"", "x:1: the JSON is cut off"},
  {"[\n{\"jobid\": \"a\",,\n}]", "x:2: is not JSON: "},
  {"[] x", "is not JSON"},
};

static void a_file_that_makes_no_sense_is_refused_even_when_bad_jobs_are_skipped(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD_FILE / sizeof BAD_FILE[0]; i++)
    for (int skip = 0; skip < 2; skip++) {
      struct cr_jobs *j = NULL;
      struct cr_err err = {{0}};
      if (read_text("x", BAD_FILE[i].text, skip ? &SKIP : &STRICT, &j, &err) != CR_EINPUT ||
          !strstr(err.text, BAD_FILE[i].say))
        fail_msg("'%s' gives '%s', which lacks '%s'", BAD_FILE[i].text, err.text, BAD_FILE[i].say);
    }
}

static void bad_philly_jobs_are_told_by_the_line_they_begin_on(void **state)
{
  (void)state;
#define GOOD                                                                                                           \
  "{\"jobid\":\"a\",\"submitted_time\":\"2017-10-07 01:11:39\",\"attempts\":[{\"start_time\":\"2017-10-07 01:12:09\"," \
  "\"end_time\":\"2017-10-07 01:12:10\",\"detail\":[{\"gpus\":[\"g\"]}]}]}"
  static const struct {
    const char *job, *say;
  } bad[] = {
    {"{\"submitted_time\":\"2017-10-07 01:11:39\",\"attempts\":[]}", "x:2: the job has no jobid"},
    {"{\"jobid\":\"b\",\n\"attempts\":[]}", "x:2: job b has no submitted_time"},
    {"{\"jobid\":\"b\",\"submitted_time\":\"yesterday\"}",
     "x:2: job b: submitted_time must be a date such as 2017-10-07 01:11:39, and is \"yesterday\""},
    {"{\"jobid\":\"b\",\"submitted_time\":5}", "x:2: job b: a text or a list belongs where this stands: \"a number\""},
    {"{\"jobid\":[],\"submitted_time\":5}", "x:2: job ?: a text belongs where this stands: \"[\""},
    {"{\"jobid\":\"b\",\"submitted_time\":\"2017-10-07 01:11:39\",\"attempts\":[{\"start_time\":\"2017-10-07 "
     "01:12:09\","
     "\"end_time\":\"2017-10-07 01:12:08\",\"detail\":[]}]}",
     "x:2: job b: an attempt ends before it starts"},
    {GOOD, "x:2: job a is there already, "},
    {"\"text\"", "x:2: a text stands where a job belongs"},
    {"7", "x:2: a number stands where a job belongs"},
    {"null", "x:2: null stands where a job belongs"},
    {"[{\"jobid\":\"b\"}]", "x:2: a list stands where a job belongs"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char text[1000];
    struct cr_jobs *j = NULL;
    struct cr_err err = {{0}};
    snprintf(text, sizeof text, "[%s,\n%s]", GOOD, bad[i].job);
    if (read_text("x", text, &STRICT, &j, &err) != CR_EINPUT || !strstr(err.text, bad[i].say))
      fail_msg("'%s' gives '%s', which lacks '%s'", bad[i].job, err.text, bad[i].say);
    j = jobs_of(text, &SKIP);
    expect_jobs(j, "a - 0 0 1 1/");
    assert_int_equal(cr_jobs_n_left_out(j), 1);
    cr_jobs_free(j);
  }
#undef GOOD
}

/* A pipe that never ends its line, and a file of which the line is a part; neither is read in. */
static void a_line_without_an_end_is_refused_before_it_is_read_in(void **state)
{
  (void)state;
  enum { MIB = 1 << 20, LINE_MIB = 40 };
  const char *path = t_join(t_tmp(), "x");
  static const char *const HEAD[] = {SALUS "a,m,1,0,2,1\n", "", "[{\"jobid\":\""};
  static const char *const SAY[] = {"x:3: the line is longer than 16 MiB", "x:1: the line is longer than 16 MiB",
                                    "x:1: a text or a blank is longer than 16 MiB"};
  char *block = malloc(MIB);
  memset(block, 'x', MIB);
  for (int i = 0; i < 3; i++) {
    FILE *f = fopen(path, "wb");
    fputs(HEAD[i], f);
    for (int k = 0; k < LINE_MIB; k++)
      fwrite(block, 1, MIB, f);
    fputs("\nb,m,1,5,2,1\n", f);
    fclose(f);
    struct cr_jobs *j = cr_jobs_new(&STRICT);
    struct cr_err err = {{0}};
    assert_int_equal(cr_jobs_read(j, path, &err), CR_EINPUT);
    if (!strstr(err.text, SAY[i]))
      fail_msg("'%s' lacks '%s'", err.text, SAY[i]);
    cr_jobs_free(j);
    if (i > 0)
      continue;
    j = cr_jobs_new(&SKIP); /* what is behind the line is good */
    assert_int_equal(cr_jobs_read(j, path, NULL), CR_OK);
    expect_jobs(j, "a m 1 0 2 1/b m 1 5 2 1/");
    cr_jobs_free(j);
  }
  free(block);
}

static void a_zero_byte_is_a_damaged_row(void **state)
{
  (void)state;
  static const char text[] = SALUS "a,m,1,0,2,1\nb,m\0,1,5,2,1\nc,m,1,6,2,1\n";
  const char *path = t_join(t_tmp(), "x");
  FILE *f = fopen(path, "wb");
  fwrite(text, 1, sizeof text - 1, f);
  fclose(f);
  struct cr_err err = {{0}};
  struct cr_jobs *j = cr_jobs_new(&STRICT);
  assert_int_equal(cr_jobs_read(j, path, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "x:3: has a byte of value 0"));
  cr_jobs_free(j);
  j = cr_jobs_new(&SKIP);
  assert_int_equal(cr_jobs_read(j, path, NULL), CR_OK);
  expect_jobs(j, "a m 1 0 2 1/c m 1 6 2 1/");
  cr_jobs_free(j);
}

/* -- order --------------------------------------------------------------------------------------------------------- */

static void jobs_are_in_order_of_submission_and_those_of_one_instant_as_they_came(void **state)
{
  (void)state;
  const struct cr_jobs_options sort = {.sort = 1};
  expect_text(SALUS "c,m,1,5,1,1\nb,m,1,5,1,1\na,m,1,0,1,1\n", &sort, "a m 1 0 1 1/c m 1 5 1 1/b m 1 5 1 1/");
}

static void files_are_merged_by_submission_and_share_their_ids(void **state)
{
  (void)state;
  const char *folder = t_tmp(), *one = t_join(folder, "one"), *two = t_join(folder, "two"),
             *log = t_join(folder, "log");
  t_write(one, SALUS "a,m,1,0,1,1\nb,m,1,9,1,1\n");
  t_write(two, SALUS "c,n,1,5,1,1\n");
  t_write(log, PHILLY);
  struct cr_err err = {{0}};
  struct cr_jobs *j = cr_jobs_new(&STRICT);
  assert_int_equal(cr_jobs_read(j, one, NULL), CR_OK);
  assert_int_equal(cr_jobs_read(j, two, NULL), CR_OK);
  assert_int_equal(cr_jobs_read(j, log, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "log: gives dates, but "));
  assert_non_null(strstr(err.text, "one counts seconds; import them one by one"));
  cr_jobs_settle(j);
  expect_jobs(j, "a m 1 0 1 1/c n 1 5 1 1/b m 1 9 1 1/");
  cr_jobs_free(j);
  j = cr_jobs_new(&STRICT);
  assert_int_equal(cr_jobs_read(j, one, NULL), CR_OK);
  assert_int_equal(cr_jobs_read(j, one, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "one:2: job a is there already, "));
  cr_jobs_free(j);
}

static void what_is_written_is_read_back_the_same(void **state)
{
  (void)state;
  struct cr_jobs *j = jobs_of(SALUS "a,m,1,0.000000001,0.1,1\nb,,,29.8,100,2\nc,n,7,30,,1\n", &STRICT);
  struct cr_text text = {0};
  cr_jobs_print(j, &text);
  assert_string_equal(text.s, SALUS "a,m,1,0.000000001,0.1,1\nb,,,29.8,100,2\nc,n,7,30,,1\n");
  cr_text_fini(&text);
  cr_jobs_free(j);
}

/* -- mixes --------------------------------------------------------------------------------------------------------- */

static void models_are_drawn_by_weight_for_jobs_that_name_none(void **state)
{
  (void)state;
  enum { N = 40000 };
  struct cr_model_mix *mix = cr_model_mix_new();
  assert_int_equal(cr_model_mix_parse(mix, "a,b=2.5,c=0.5", NULL), CR_OK);
  assert_int_equal(cr_model_mix_count(mix), 3);
  uint32_t n[3] = {0}, same = 0;
  for (uint32_t i = 0; i < N; i++) {
    const char *name = cr_model_mix_draw(mix, 1, i);
    n[name[0] - 'a']++;
    assert_ptr_equal(cr_model_mix_draw(mix, 1, i), name);
    same += cr_model_mix_draw(mix, 2, i) == name;
  }
  /* Five standard deviations of a binomial count. */
  assert_near(n[0], N * 0.25, 5 * sqrt(N * 0.25 * 0.75));
  assert_near(n[1], N * 0.625, 5 * sqrt(N * 0.625 * 0.375));
  assert_near(n[2], N * 0.125, 5 * sqrt(N * 0.125 * 0.875));
  assert_true(same < N * 3 / 4);
  struct cr_jobs *j = jobs_of(SALUS "x,known,1,0,1,1\ny,,1,0,1,1\nz,,1,0,1,1\n", &STRICT);
  assert_int_equal(cr_jobs_draw_models(j, mix, 1, NULL), CR_OK);
  const struct cr_trace_job *job = cr_jobs_list(j);
  assert_string_equal(cr_jobs_model(j, job[0].model), "known");
  assert_string_equal(cr_jobs_model(j, job[1].model), cr_model_mix_draw(mix, 1, 1));
  assert_string_equal(cr_jobs_model(j, job[2].model), cr_model_mix_draw(mix, 1, 2));
  cr_jobs_free(j);
  cr_model_mix_free(mix);
}

/* -- names --------------------------------------------------------------------------------------------------------- */

static void names_are_numbered_as_they_come(void **state)
{
  (void)state;
  enum { N = 5000 };
  struct cr_names *names = cr_names_new();
  char text[16];
  for (uint32_t round = 0; round < 2; round++)
    for (uint32_t i = 0; i < N; i++) {
      snprintf(text, sizeof text, "%u", i * 7919 % N);
      assert_int_equal(cr_names_put(names, text), i);
    }
  assert_int_equal(cr_names_count(names), N);
  assert_int_equal(cr_names_find(names, "7919"), CR_NONE);
  assert_int_equal(cr_names_find(names, "0"), 0);
  assert_string_equal(cr_names_text(names, 1), "2919");
  cr_names_free(names);
}

/* -- data that may be there ---------------------------------------------------------------------------------------- */

static void the_trace_of_tiresias_is_read(void **state)
{
  (void)state;
  const char *path = t_shared("salus/tiresias_60_job.csv");
  if (!path)
    t_skip("the trace is not there");
  struct cr_err err = {{0}};
  struct cr_jobs *j = cr_jobs_new(&STRICT);
  if (cr_jobs_read(j, path, &err))
    fail_msg("%s", err.text);
  cr_jobs_settle(j);
  assert_int_equal(cr_jobs_count(j), 60);
  const struct cr_trace_job *job = cr_jobs_list(j);
  double sum_s = 0;
  for (int i = 0; i < 60; i++)
    sum_s += (double)job[i].duration_ns / 1e9;
  assert_int_equal(job[0].iterations, 606);
  assert_near(sum_s / 60, 178, 0.5);
  cr_jobs_free(j);
}

/* -- hostile files and no memory ----------------------------------------------------------------------------------- */

static const char *const SEED[] = {
  SALUS "0,vgg19_50,100,0,41.5,1\n1,\"vae_64\",,29.8,60,\n2,vae_64,7,2.98e1,,2\n",
  HELIOS "1,u,v,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\n",
  OPENB "openb-pod-0000,12000,16384,1,1000,,LS,Running,0,12537496,0\nopenb-pod-0001,6000,1,0,1,,L,P,1,2,\n",
  PHILLY,
};

/* Changes a few bytes: others in their place, some twice, some gone. */
static void mutate(struct cr_text *text, uint32_t draw)
{
  static const char SPICE[] = "\"',\n\r\t{}[]:-0.e#\\ \x00\xff\xef"
                              "9a";
  for (uint64_t k = 0; k <= cr_draw(11, CR_RNG_TEST, draw, 0) % 4 && text->n > 2; k++) {
    uint64_t bits = cr_draw(11, CR_RNG_TEST, draw, k + 1);
    size_t at = (size_t)(bits >> 8) % text->n;
    switch (bits % 4) {
    case 0:
    case 1:
      text->s[at] = SPICE[(bits >> 40) % (sizeof SPICE - 1)];
      break;
    case 2:
      memmove(text->s + at, text->s + at + 1, text->n - at - 1);
      text->n--;
      break;
    default:
      text->n = at + 1; /* cut off */
    }
  }
}

static void mutated_files_are_refused_or_read(void **state)
{
  (void)state;
  enum { N = 4000 };
  const char *path = t_join(t_tmp(), "x");
  uint32_t n_read = 0;
  for (uint32_t i = 0; i < N; i++) {
    struct cr_text text = {0}, report = {0};
    cr_text_add(&text, "%s", SEED[i % 4]);
    mutate(&text, i);
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(text.s, 1, text.n, f), text.n);
    fclose(f);
    struct cr_err err = {{0}};
    struct cr_jobs *j = cr_jobs_new(i / 4 % 2 ? &SKIP : &STRICT);
    int rc = cr_jobs_read(j, path, &err);
    if (rc) {
      assert_int_equal(rc, CR_EINPUT);
      if (!strstr(err.text, path))
        fail_msg("draw %u: '%s' does not name the file", i, err.text);
    } else {
      cr_jobs_settle(j);
      for (uint32_t k = 0; k < cr_jobs_count(j); k++)
        assert_true(cr_jobs_list(j)[k].submit_ns >= 0 && cr_jobs_list(j)[k].duration_ns >= 0);
      cr_jobs_report(j, &report);
      n_read++;
    }
    cr_jobs_free(j);
    cr_text_fini(&report);
    cr_text_fini(&text);
  }
  assert_true(n_read > N / 10 && n_read < N);
}

static void a_failed_allocation_is_said_and_nothing_leaks(void **state)
{
  (void)state;
  const char *folder = t_tmp();
  for (int i = 0; i < 4; i++) {
    const char *path = t_join(folder, "x");
    t_write(path, SEED[i]);
    int rc = CR_ENOMEM;
    for (uint64_t n = 0; rc != CR_OK && n < 1000; n++) {
      t_fail_allocation_after(n);
      struct cr_jobs *j = cr_jobs_new(&SKIP);
      struct cr_err err = {{0}};
      rc = j ? cr_jobs_read(j, path, &err) : CR_ENOMEM;
      t_allocations_succeed();
      if (rc != CR_OK && rc != CR_ENOMEM)
        fail_msg("allocation %u: %s", (unsigned)n, err.text);
      cr_jobs_free(j);
    }
    assert_int_equal(rc, CR_OK);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_salus_trace_is_read_by_the_names_of_its_columns),
    cmocka_unit_test(a_job_may_name_no_model),
    cmocka_unit_test(times_are_exact_decimals),
    cmocka_unit_test(a_helios_log_counts_from_its_first_submission),
    cmocka_unit_test(an_openb_pod_runs_from_schedule_to_deletion),
    cmocka_unit_test(a_philly_job_runs_as_long_as_its_attempts),
    cmocka_unit_test(a_byte_order_mark_crlf_quotes_and_comments_do_no_harm),
    cmocka_unit_test(a_gzip_file_is_read),
    cmocka_unit_test(dates_are_days_of_the_gregorian_calendar),
    cmocka_unit_test(a_second_is_no_other_unit),
    cmocka_unit_test(whatever_is_wrong_is_an_error_with_its_line_or_left_out_and_counted),
    cmocka_unit_test(a_file_that_makes_no_sense_is_refused_even_when_bad_jobs_are_skipped),
    cmocka_unit_test(bad_philly_jobs_are_told_by_the_line_they_begin_on),
    cmocka_unit_test(a_line_without_an_end_is_refused_before_it_is_read_in),
    cmocka_unit_test(a_zero_byte_is_a_damaged_row),
    cmocka_unit_test(jobs_are_in_order_of_submission_and_those_of_one_instant_as_they_came),
    cmocka_unit_test(files_are_merged_by_submission_and_share_their_ids),
    cmocka_unit_test(what_is_written_is_read_back_the_same),
    cmocka_unit_test(models_are_drawn_by_weight_for_jobs_that_name_none),
    cmocka_unit_test(names_are_numbered_as_they_come),
    cmocka_unit_test(the_trace_of_tiresias_is_read),
    cmocka_unit_test(mutated_files_are_refused_or_read),
    cmocka_unit_test(a_failed_allocation_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
