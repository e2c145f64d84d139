/* report_csv.c - results as CSV: one rectangle, so that every reader takes it; a cell that does not apply is empty. */
#include "config.h"

#include <inttypes.h>
#include <math.h>

#include "sim/report_int.h"
#include "sim/report_live.h"
#include "sim/report_memory.h"
#include "sim/report_node.h"
#include "sim/report_preempt.h"
#include "sim/report_verdict.h"

static void csv_number(struct cr_text *out, double value, const char *fmt)
{
  cr_text_add(out, ",");
  if (isnan(value))
    return;
  if (*fmt == '1')
    cr_text_add(out, "%.1f", value);
  else
    cr_text_add(out, "%.6f", value);
}

static void csv_ns(struct cr_text *out, cr_ns ns)
{
  cr_text_add(out, ",");
  if (ns != CR_NS_NEVER)
    cr_text_add(out, "%" PRId64, ns);
}

static void csv_commas(struct cr_text *out, uint32_t n)
{
  while (n--)
    cr_text_add(out, ",");
}

/* Columns after those of every row, histograms aside. */
enum {
  CSV_CLIENT_ONLY = 12,
  CSV_DEVICE_ONLY = 8 + CR_REPORT_NODE_FIELDS + CR_REPORT_MEMORY_FIELDS,
  CSV_JOBS_ONLY = 11
};

static void csv_header(struct cr_text *out)
{
  cr_text_add(out, "row,scenario,policy,backend,seed,outcome,end_ns,name,"
                   "class,model,arrival,deadline_ns,requests_arrived,requests_done,requests_dropped,requests_pending,"
                   "deadline_missed,bound_ns,bound_exceeded,throughput_per_s");
  for (int m = 0; m < CR_N_METRIC; m++) {
    const char *name = cr_metric_name[m];
    cr_text_add(out, ",%s_mean_ns,%s_min_ns,%s_p50_ns,%s_p95_ns,%s_p99_ns,%s_max_ns", name, name, name, name, name,
                name);
  }
  cr_text_add(out, ",kernels,copies,memsets,busy_ratio,sm_use_ratio,warp_use_ratio,dram_use_ratio,copy_use_ratio");
  cr_report_node_header(out);
  cr_report_memory_header(out);
  cr_text_add(out,
              ",jobs,jobs_done,jobs_rejected,jobs_no_memory,jobs_unfinished,makespan_ns,queuing_mean_ns,jct_mean_ns,"
              "jct_p50_ns,jct_p95_ns,jobs_per_h");
  cr_report_verdict_header(out);
  cr_text_add(out, ",duration_ns,warmup_ns,version,git,workload_hash,command\n");
}

static void csv_start(const struct cr_summary *s, const struct cr_run_summary *run, const char *row, const char *name,
                      struct cr_text *out)
{
  cr_text_add(out, "%s,", row);
  cr_text_add_csv(out, s->scenario);
  cr_text_add(out, ",");
  cr_text_add_csv(out, run->policy);
  cr_text_add(out, ",%s,%" PRIu64 ",%s", run->backend, s->seed, cr_outcome_name[run->outcome]);
  csv_ns(out, run->end_ns);
  cr_text_add(out, ",");
  cr_text_add_csv(out, name);
}

/* client: whose row it is; NULL: of no client. */
static void csv_end(const struct cr_summary *s, const struct cr_client_summary *client, struct cr_text *out)
{
  cr_report_verdict_csv(client, out);
  csv_ns(out, s->duration_ns);
  csv_ns(out, s->warmup_ns);
  cr_text_add(out, ",%s,%s,%016" PRIx64 ",", s->version, s->git, s->workload_hash);
  cr_text_add_csv(out, s->command);
  cr_text_add(out, "\n");
}

static void csv_client(const struct cr_client_summary *c, struct cr_text *out)
{
  cr_text_add(out, ",%s,", cr_report_class(c->class));
  cr_text_add_csv(out, c->model);
  cr_text_add(out, ",%s", c->arrival);
  csv_ns(out, c->deadline_ns);
  cr_text_add(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, c->n_arrived, c->n_done, c->n_dropped,
              c->n_pending, c->n_missed);
  csv_ns(out, c->bound_ns);
  cr_text_add(out, ",");
  if (c->bound_ns != CR_NS_NEVER)
    cr_text_add(out, "%" PRIu64, c->n_beyond);
  csv_number(out, c->throughput_per_s, "6");
  for (int m = 0; m < CR_N_METRIC; m++) {
    const struct cr_spread *d = &c->metric[m];
    csv_number(out, d->mean_ns, "1");
    csv_ns(out, d->min_ns);
    csv_ns(out, d->p50_ns);
    csv_ns(out, d->p95_ns);
    csv_ns(out, d->p99_ns);
    csv_ns(out, d->max_ns);
  }
  csv_commas(out, CSV_DEVICE_ONLY + CSV_JOBS_ONLY);
}

static void csv_device(const struct cr_device_summary *d, struct cr_text *out)
{
  const double share[] = {d->busy, d->sm_use, d->warp_use, d->dram_use, d->copy_use};
  csv_commas(out, CSV_CLIENT_ONLY + 6 * CR_N_METRIC);
  if (d->is_node)
    csv_commas(out, 3);
  else
    cr_text_add(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, d->n_kernel, d->n_copy, d->n_memset);
  for (int i = 0; i < 5; i++)
    csv_number(out, d->is_node && i ? NAN : share[i], "6");
  cr_report_node_csv(d, out);
  cr_report_memory_csv(&d->memory, out);
  csv_commas(out, CSV_JOBS_ONLY);
}

static void csv_jobs(const struct cr_jobs_summary *jobs, struct cr_text *out)
{
  const struct cr_job_totals *t = &jobs->total;
  const uint64_t count[] = {t->n, t->n_done, t->n_rejected, t->n_no_memory, t->n_unfinished};
  const double time_ns[] = {t->makespan_ns, t->mean_queuing_ns, t->mean_jct_ns, t->p50_jct_ns, t->p95_jct_ns};
  csv_commas(out, CSV_CLIENT_ONLY + 6 * CR_N_METRIC + 3);
  csv_number(out, jobs->busy, "6");
  csv_number(out, jobs->sm_use, "6");
  csv_commas(out, 3 + CR_REPORT_NODE_FIELDS + CR_REPORT_MEMORY_FIELDS);
  for (int i = 0; i < 5; i++)
    cr_text_add(out, ",%" PRIu64, count[i]);
  for (int i = 0; i < 5; i++)
    csv_number(out, time_ns[i], "1");
  csv_number(out, jobs->per_h, "6");
}

/* In the columns of latency, and the number as requests done. */
static void csv_preempts(const struct cr_preempt_summary *p, struct cr_text *out)
{
  csv_commas(out, 6);
  cr_text_add(out, "%" PRIu64, p->latency.n);
  csv_commas(out, 6);
  csv_number(out, p->latency.mean_ns, "1");
  csv_ns(out, p->latency.min_ns);
  csv_ns(out, p->latency.p50_ns);
  csv_ns(out, p->latency.p95_ns);
  csv_ns(out, p->latency.p99_ns);
  csv_ns(out, p->latency.max_ns);
  csv_commas(out, 6 * (CR_N_METRIC - 1) + CSV_DEVICE_ONLY + CSV_JOBS_ONLY);
}

void cr_report_csv(const struct cr_summary *s, struct cr_text *out)
{
  csv_header(out);
  for (uint32_t r = 0; r < s->n_run; r++) {
    const struct cr_run_summary *run = &s->run[r];
    if (run->jobs.total.n) {
      csv_start(s, run, "jobs", "jobs", out);
      csv_jobs(&run->jobs, out);
      csv_end(s, NULL, out);
    }
    if (run->preempt.latency.n) {
      csv_start(s, run, "preemption", "preemption", out);
      csv_preempts(&run->preempt, out);
      csv_end(s, NULL, out);
    }
    for (uint32_t c = 0; c < s->n_client; c++) {
      csv_start(s, run, "client", run->client[c].name, out);
      csv_client(&run->client[c], out);
      csv_end(s, &run->client[c], out);
    }
    for (uint32_t d = 0; d < s->n_device; d++) {
      if (!run->device[d].name)
        continue;
      csv_start(s, run, "device", run->device[d].name, out);
      csv_device(&run->device[d], out);
      csv_end(s, NULL, out);
    }
  }
}
