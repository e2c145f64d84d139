/* jobs_generate.c - synthetic job traces.
 *
 * Each property of a job is a draw of its own stream at the job's number (sim/rng.h), so that changing one
 * property, or the number of jobs, leaves the others as they are. */
#include "config.h"

#include "traces/jobs_generate.h"

#include "sim/nearest.h"
#include "sim/rng.h"
#include "sim/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const cr_ns NS_PER_MS = 1000000;
static const cr_ns LONGEST_NS = INT64_C(366) * 86400 * 1000000000; /* as the longest run */

const char *const cr_job_arrival_name[CR_N_JOB_ARRIVAL] = {"poisson", "uniform", "once"};
static const char *const service_name[CR_N_JOB_SERVICE] = {"fixed", "exponential", "lognormal", "pareto"};

/* -- how long ------------------------------------------------------------------------------------------------------ */

/* What a distribution is told, and what it takes by default. */
static const struct {
  const char *time, *shape; /* names of its parameters; shape NULL: it has none */
  struct cr_service fallback;
} SERVICE[CR_N_JOB_SERVICE] = {
  {"time", NULL, {CR_JOBS_FIXED, INT64_C(60000000000), 0, CR_NS_NEVER}},
  {"mean", NULL, {CR_JOBS_EXPONENTIAL, INT64_C(180000000000), 0, CR_NS_NEVER}},
  {"median", "sigma", {CR_JOBS_LOGNORMAL, INT64_C(57000000000), 1.5, CR_NS_NEVER}},
  {"min", "shape", {CR_JOBS_PARETO, INT64_C(30000000000), 1.2, CR_NS_NEVER}},
};

static int parse_time(const char *text, const char *what, cr_ns *out, struct cr_err *err)
{
  cr_ns ns = 0;
  int rc = cr_parse_ns(text, what, &ns, err);
  if (!rc && (ns <= 0 || ns > LONGEST_NS))
    rc = cr_fail(err, CR_EINPUT, "%s: '%s' is not possible; it is longer than 0 and at most a year", what, text);
  if (!rc)
    *out = ns;
  return rc;
}

static int parse_shape(const char *text, const char *what, double *out, struct cr_err *err)
{
  double x = 0;
  int rc = cr_parse_real(text, what, &x, err);
  if (!rc && !(x >= 0.01 && x <= 100))
    rc = cr_fail(err, CR_EINPUT, "%s: '%s' is not possible; it is from 0.01 to 100", what, text);
  if (!rc)
    *out = x;
  return rc;
}

/* "sigma=1.5" of the distribution. */
static int parse_parameter(const char *text, struct cr_service *s, struct cr_err *err)
{
  const char *eq = strchr(text, '='), *kind = service_name[s->kind];
  const char *time = SERVICE[s->kind].time, *shape = SERVICE[s->kind].shape;
  size_t n = eq ? (size_t)(eq - text) : 0;
  char what[80];
  snprintf(what, sizeof what, "service %s, %.*s", kind, (int)(n < 40 ? n : 40), text);
  if (eq && n == strlen(time) && strncmp(text, time, n) == 0)
    return parse_time(eq + 1, what, &s->time_ns, err);
  if (eq && n == 3 && strncmp(text, "max", n) == 0)
    return parse_time(eq + 1, what, &s->max_ns, err);
  if (eq && shape && n == strlen(shape) && strncmp(text, shape, n) == 0)
    return parse_shape(eq + 1, what, &s->shape, err);
  return cr_fail(err, CR_EINPUT, "service %s has no parameter '%.40s'; it has %s=TIME%s%s%s and max=TIME", kind, text,
                 time, shape ? ", " : "", shape ? shape : "", shape ? "=NUMBER" : "");
}

int cr_service_parse(const char *text, struct cr_service *out, struct cr_err *err)
{
  char word[80];
  size_t n = strcspn(text, ",");
  int kind = 0, rc = CR_OK;
  snprintf(word, sizeof word, "%.*s", (int)(n < 79 ? n : 79), text);
  while (kind < CR_N_JOB_SERVICE && strcmp(word, service_name[kind]) != 0)
    kind++;
  if (kind == CR_N_JOB_SERVICE) {
    const char *near = cr_nearest(word, service_name, CR_N_JOB_SERVICE);
    return near ? cr_fail(err, CR_EINPUT, "there is no service '%.60s'; did you mean %s?", word, near)
                : cr_fail(err, CR_EINPUT,
                          "there is no service '%.60s'; there are: fixed, exponential, lognormal, pareto", word);
  }
  struct cr_service s = SERVICE[kind].fallback;
  for (const char *p = text + n; !rc && *p; p += n) {
    n = strcspn(++p, ",");
    snprintf(word, sizeof word, "%.*s", (int)(n < 79 ? n : 79), p);
    rc = parse_parameter(word, &s, err);
  }
  if (!rc)
    *out = s;
  return rc;
}

/* Whole milliseconds, one at least. */
static cr_ns round_ms(double ns)
{
  if (!(ns < (double)LONGEST_NS))
    return LONGEST_NS;
  cr_ns ms = llround(ns / (double)NS_PER_MS);
  return (ms > 0 ? ms : 1) * NS_PER_MS;
}

static cr_ns draw_service(const struct cr_generate_options *opt, uint32_t i)
{
  const struct cr_service *s = &opt->service;
  double time_ns = (double)s->time_ns, ns = time_ns;
  if (s->kind == CR_JOBS_EXPONENTIAL)
    ns = cr_draw_exponential(opt->seed, CR_RNG_JOB_WORK, i, 0, time_ns);
  else if (s->kind == CR_JOBS_LOGNORMAL)
    ns = cr_draw_lognormal(opt->seed, CR_RNG_JOB_WORK, i, 0, log(time_ns), s->shape);
  else if (s->kind == CR_JOBS_PARETO)
    ns = cr_draw_pareto(opt->seed, CR_RNG_JOB_WORK, i, 0, s->shape, time_ns);
  return cr_min_ns(round_ms(ns), s->max_ns);
}

/* -- when ---------------------------------------------------------------------------------------------------------- */

/* Of job i; last_ns: sum of the gaps so far, not rounded. */
static cr_ns draw_submission(const struct cr_generate_options *opt, uint32_t i, double *last_ns)
{
  if (opt->arrival == CR_JOBS_ONCE || i == 0)
    return 0;
  double gap_ns = 1e9 / opt->rate_per_s;
  if (opt->arrival == CR_JOBS_POISSON)
    *last_ns += cr_draw_exponential(opt->seed, CR_RNG_JOB_GAP, i, 0, gap_ns);
  else
    *last_ns = (double)i * gap_ns;
  if (!(*last_ns < 2 * (double)LONGEST_NS))
    return CR_NS_NEVER;
  return llround(*last_ns / (double)NS_PER_MS) * NS_PER_MS;
}

/* -- jobs ---------------------------------------------------------------------------------------------------------- */

/* Its duration as whole iterations, to the nearest, one at least. */
static int make_whole(const struct cr_generate_options *opt, const char *model, struct cr_trace_job *job,
                      struct cr_err *err)
{
  const struct cr_iteration_row *row = cr_iteration_table_find(opt->table, model);
  if (!row)
    return cr_iteration_table_no(opt->table, model, err);
  int64_t n = cr_muldiv(job->duration_ns, 1, row->iteration_ns);
  n = n > 0 ? n : 1;
  n = n < UINT32_MAX - 1 ? n : UINT32_MAX - 1;
  job->iterations = (uint32_t)n;
  job->duration_ns = n * row->iteration_ns; /* both within a year */
  return CR_OK;
}

int cr_jobs_generate(struct cr_jobs *j, const struct cr_generate_options *opt, struct cr_err *err)
{
  double last_ns = 0;
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < opt->n; i++) {
    char id[16];
    const char *model = cr_model_mix_draw(opt->mix, opt->seed, i);
    struct cr_trace_job job = {
      .submit_ns = draw_submission(opt, i, &last_ns), .duration_ns = draw_service(opt, i), .n_gpu = 1};
    if (job.submit_ns > LONGEST_NS)
      return cr_fail(err, CR_EINPUT,
                     "job %u would come more than a year after the first; take a higher rate or fewer jobs", i);
    snprintf(id, sizeof id, "%u", i);
    rc = opt->table ? make_whole(opt, model, &job, err) : CR_OK;
    rc = rc ? rc : cr_jobs_add(j, id, model, &job, err);
  }
  return rc;
}
