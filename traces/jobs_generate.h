/* jobs_generate.h - synthetic job traces: when jobs come, how long they run, and which models they have. */
#ifndef CR_JOBS_GENERATE_H
#define CR_JOBS_GENERATE_H
#include "sim/base.h"
#include "traces/iteration_table.h"
#include "traces/jobs.h"
#include "traces/model_mix.h"

enum cr_job_arrival {
  CR_JOBS_POISSON, /* independent exponential gaps, from 0 on */
  CR_JOBS_UNIFORM, /* every 1/rate, from 0 on */
  CR_JOBS_ONCE,    /* all at 0 */
  CR_N_JOB_ARRIVAL
};
extern const char *const cr_job_arrival_name[CR_N_JOB_ARRIVAL]; /* "poisson", "uniform", "once" */

enum cr_job_service { CR_JOBS_FIXED, CR_JOBS_EXPONENTIAL, CR_JOBS_LOGNORMAL, CR_JOBS_PARETO, CR_N_JOB_SERVICE };

/* How long a job runs. */
struct cr_service {
  enum cr_job_service kind;
  cr_ns time_ns; /* fixed: all; exponential: mean; lognormal: median; pareto: the shortest */
  double shape;  /* lognormal: standard deviation of the logarithm; pareto: exponent of the tail */
  cr_ns max_ns;  /* what is drawn longer is this long; CR_NS_NEVER: no limit but a year */
};

/* "lognormal,median=57s,sigma=1.5,max=2h"; what is left out keeps its default (--help of the command names them). */
int cr_service_parse(const char *text, struct cr_service *out, struct cr_err *err) CR_MUST;

struct cr_generate_options {
  uint32_t n;
  enum cr_job_arrival arrival;
  double rate_per_s; /* > 0; once: not looked at */
  struct cr_service service;
  const struct cr_model_mix *mix;         /* not empty */
  const struct cr_iteration_table *table; /* of its models: jobs get whole iterations; NULL: only a duration */
  uint64_t seed;
};

/* Adds jobs 0, 1, ... in order of submission.  Times are whole milliseconds, durations with a table whole
 * iterations. */
int cr_jobs_generate(struct cr_jobs *j, const struct cr_generate_options *opt, struct cr_err *err) CR_MUST;

#endif
