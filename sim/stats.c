/* stats.c - what a run came to. */
#include "config.h"

#include "sim/stats.h"

#include <math.h>
#include <stdlib.h>

#include "sim/mem.h"

const char *const cr_metric_name[CR_N_METRIC] = {"latency", "service", "period"};

const char *const cr_outcome_name[CR_FAILED + 1] = {
  "done", "stalled", "livelocked", "refused", "interrupted", "failed",
};

const char *const cr_job_end_name[CR_N_JOB_END] = {"done", "rejected", "out of memory", "unfinished"};

static int init_client(struct cr_client_result *c, int is_job)
{
  c->first_ns = CR_NS_NEVER;
  c->last_ns = CR_NS_NEVER;
  c->verdicts.about = CR_NONE;
  for (int m = 0; !is_job && m < CR_N_METRIC; m++) {
    c->metric[m] = cr_hist_new();
    if (!c->metric[m])
      return 0;
  }
  return 1;
}

/* spec: [n_client], or NULL when none is a job. */
static int init_clients(struct cr_result *r, const struct cr_client_spec *spec)
{
  for (uint32_t c = 0; c < r->n_client; c++) {
    if (!init_client(&r->client[c], spec && spec[c].job.iterations))
      return 0;
    if (r->job)
      r->job[c] = (struct cr_job_result){
        .submit_ns = CR_NS_NEVER,
        .start_ns = CR_NS_NEVER,
        .ready_ns = CR_NS_NEVER,
        .admit_ns = CR_NS_NEVER,
        .first_ns = CR_NS_NEVER,
        .end_ns = CR_NS_NEVER,
        .how = spec[c].job.iterations ? CR_JOB_UNFINISHED : CR_N_JOB_END,
      };
  }
  return 1;
}

static int init(struct cr_result *r, uint32_t n_client, const struct cr_client_spec *spec, uint32_t n_device,
                struct cr_err *err)
{
  struct cr_result fresh = {.n_client = n_client, .n_device = n_device};
  fresh.client = cr_mem_new(n_client, sizeof *fresh.client);
  fresh.use = cr_mem_new(n_device, sizeof *fresh.use);
  uint32_t n_job = 0;
  for (uint32_t c = 0; spec && c < n_client; c++)
    n_job += spec[c].job.iterations > 0;
  fresh.job = n_job ? cr_mem_new(n_client, sizeof *fresh.job) : NULL;
  fresh.preempt = cr_hist_new();
  fresh.memory = n_job ? cr_mem_new(n_device, sizeof *fresh.memory) : NULL;
  if (!fresh.client || !fresh.use || !fresh.preempt || (n_job && (!fresh.job || !fresh.memory)) ||
      !init_clients(&fresh, spec)) {
    cr_result_fini(&fresh);
    return cr_fail_nomem(err, "the results of a run");
  }
  *r = fresh;
  return CR_OK;
}

int cr_result_init(struct cr_result *r, uint32_t n_client, uint32_t n_device, struct cr_err *err)
{
  return init(r, n_client, NULL, n_device, err);
}

int cr_result_init_for(struct cr_result *r, const struct cr_workload *w, uint32_t n_device, struct cr_err *err)
{
  return init(r, w->n_client, w->client, n_device, err);
}

void cr_result_fini(struct cr_result *r)
{
  for (uint32_t c = 0; r->client && c < r->n_client; c++)
    for (int m = 0; m < CR_N_METRIC; m++)
      cr_hist_free(r->client[c].metric[m]);
  cr_hist_free(r->preempt);
  cr_mem_free(r->client);
  cr_mem_free(r->job);
  cr_mem_free(r->use);
  cr_mem_free(r->memory);
  cr_mem_free((char *)r->policy);
  *r = (struct cr_result){0};
}

void cr_verdicts_add(struct cr_verdicts *v, enum cr_verdict verdict, enum cr_why why, uint32_t about)
{
  if (verdict == CR_VERDICT_UNBOUNDED) {
    v->n_unbounded++;
    return;
  }
  v->n_demoted += verdict == CR_VERDICT_DEMOTED;
  v->n_restored += verdict == CR_VERDICT_RESTORED;
  v->is_admitted |= verdict == CR_VERDICT_ADMITTED;
  v->is_refused |= verdict == CR_VERDICT_REFUSED;
  v->is_demoted = verdict == CR_VERDICT_DEMOTED || verdict == CR_VERDICT_LEFT;
  v->why = (uint8_t)why;
  v->about = about;
}

void cr_result_add(struct cr_result *r, const struct cr_request_row *row)
{
  if (row->arrive_ns < r->warmup_ns)
    return;
  struct cr_client_result *c = &r->client[row->client];
  c->n_done++;
  c->n_missed += row->missed != 0;
  c->n_beyond += row->beyond != 0;
  if (c->metric[CR_LATENCY]) {
    cr_hist_add(c->metric[CR_LATENCY], row->end_ns - row->arrive_ns);
    cr_hist_add(c->metric[CR_SERVICE], row->end_ns - row->reach_ns);
    if (c->last_ns != CR_NS_NEVER)
      cr_hist_add(c->metric[CR_PERIOD], row->end_ns - c->last_ns);
  }
  c->first_ns = cr_min_ns(c->first_ns, row->arrive_ns);
  c->last_ns = row->end_ns;
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
  const cr_ns *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Between the two order statistics around it, as pandas' quantile.  time: [n], ascending. */
static double quantile(const cr_ns *time, uint64_t n, double q)
{
  double at = q * (double)(n - 1);
  uint64_t below = (uint64_t)at;
  if (below + 1 >= n)
    return (double)time[n - 1];
  return (double)time[below] + (at - (double)below) * (double)(time[below + 1] - time[below]);
}

static void count_job(struct cr_job_totals *t, const struct cr_job_result *j)
{
  t->n++;
  t->n_rejected += j->how == CR_JOB_REJECTED;
  t->n_no_memory += j->how == CR_JOB_NO_MEMORY;
  t->n_unfinished += j->how == CR_JOB_UNFINISHED;
}

int cr_result_jobs(const struct cr_result *r, struct cr_job_totals *out, struct cr_err *err)
{
  struct cr_job_totals t = {
    .makespan_ns = NAN, .mean_queuing_ns = NAN, .mean_jct_ns = NAN, .p50_jct_ns = NAN, .p95_jct_ns = NAN};
  cr_ns *jct = r->job ? cr_mem_new(r->n_client, sizeof *jct) : NULL;
  if (r->job && !jct)
    return cr_fail_nomem(err, "the jobs of a run");
  cr_ns first_ns = CR_NS_NEVER, last_ns = 0;
  double queuing = 0, sum = 0;
  for (uint32_t c = 0; r->job && c < r->n_client; c++) {
    const struct cr_job_result *j = &r->job[c];
    if (j->how == CR_N_JOB_END)
      continue;
    count_job(&t, j);
    first_ns = cr_min_ns(first_ns, j->submit_ns);
    if (j->how != CR_JOB_DONE)
      continue;
    last_ns = cr_max_ns(last_ns, j->end_ns);
    queuing += (double)(j->start_ns - j->submit_ns + j->admit_ns - j->ready_ns);
    sum += (double)(j->end_ns - j->submit_ns);
    jct[t.n_done++] = j->end_ns - j->submit_ns;
  }
  if (t.n_done) {
    qsort(jct, t.n_done, sizeof *jct, by_time);
    t.makespan_ns = (double)(last_ns - first_ns);
    t.mean_queuing_ns = queuing / (double)t.n_done;
    t.mean_jct_ns = sum / (double)t.n_done;
    t.p50_jct_ns = quantile(jct, t.n_done, 0.5);
    t.p95_jct_ns = quantile(jct, t.n_done, 0.95);
  }
  cr_mem_free(jct);
  *out = t;
  return CR_OK;
}

double cr_result_throughput(const struct cr_result *r, uint32_t client)
{
  if (r->end_ns <= r->warmup_ns)
    return 0;
  return (double)r->client[client].n_done * 1e9 / (double)(r->end_ns - r->warmup_ns);
}
