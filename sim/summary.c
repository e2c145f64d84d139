/* summary.c - the results of a command as plain numbers. */
#include "config.h"

#include "sim/summary.h"

#include <math.h>

uint32_t cr_summary_clients(const struct cr_workload *w)
{
  uint32_t n = 0;
  for (uint32_t c = 0; c < w->n_client; c++)
    n += w->client[c].job.iterations == 0;
  return n;
}

int cr_summary_init(struct cr_summary *s, uint32_t n_run, uint32_t n_client, uint32_t n_device, struct cr_arena *arena,
                    struct cr_err *err)
{
  struct cr_run_summary *run = cr_arena_take(arena, n_run, sizeof *run);
  if (!run)
    return cr_fail_nomem(err, "the results");
  for (uint32_t i = 0; i < n_run; i++) {
    run[i].client = cr_arena_take(arena, n_client, sizeof *run[i].client);
    run[i].device = cr_arena_take(arena, n_device, sizeof *run[i].device);
    if (!run[i].client || !run[i].device)
      return cr_fail_nomem(err, "the results");
    for (uint32_t d = 0; d < n_device; d++)
      run[i].device[d].memory = cr_memory_use_unknown();
  }
  *s = (struct cr_summary){.run = run, .n_run = n_run, .n_client = n_client, .n_device = n_device};
  return CR_OK;
}

static struct cr_spread spread_of(const struct cr_hist *h)
{
  return (struct cr_spread){
    .n = cr_hist_count(h),
    .mean_ns = cr_hist_mean(h),
    .min_ns = cr_hist_min(h),
    .p50_ns = cr_hist_quantile(h, 500000),
    .p95_ns = cr_hist_quantile(h, 950000),
    .p99_ns = cr_hist_quantile(h, 990000),
    .max_ns = cr_hist_max(h),
  };
}

void cr_summarize_client(const struct cr_result *r, uint32_t client, const struct cr_workload *w,
                         struct cr_client_summary *out)
{
  const struct cr_client_spec *spec = &w->client[client];
  const struct cr_client_result *c = &r->client[client];
  *out = (struct cr_client_summary){
    .name = spec->name,
    .model = w->model[spec->model.i].name,
    .arrival = cr_arrival_name[spec->arrival.kind],
    .class = spec->class,
    .priority = spec->priority,
    .deadline_ns = spec->deadline_ns,
    .bound_ns = spec->bound_ns ? spec->bound_ns : CR_NS_NEVER,
    .n_arrived = c->n_arrived,
    .n_done = c->n_done,
    .n_dropped = c->n_dropped,
    .n_missed = c->n_missed,
    .n_beyond = c->n_beyond,
    .n_pending = c->n_pending,
    .throughput_per_s = cr_result_throughput(r, client),
    .verdicts = c->verdicts,
    .about = c->verdicts.about < w->n_client ? w->client[c->verdicts.about].name : NULL,
  };
  for (int m = 0; m < CR_N_METRIC; m++)
    out->metric[m] = spread_of(c->metric[m]);
}

static double share(double part, double whole)
{
  return whole > 0 && part >= 0 ? part / whole : NAN;
}

struct cr_memory_use cr_memory_use_unknown(void)
{
  return (struct cr_memory_use){NAN, NAN, CR_UNKNOWN, CR_UNKNOWN};
}

void cr_summarize_device(const struct cr_result *r, uint32_t device, const struct cr_machine *m,
                         struct cr_device_summary *out)
{
  const struct cr_device_desc *d = &m->device[device];
  const struct cr_use *u = &r->use[device];
  double span_ns = (double)r->end_ns;
  /* Of iterations of which only the time is known, nobody counts what they are made of. */
  int ops_known = u->n_kernel || u->n_copy || u->n_memset || !(u->busy_ns > 0);
  *out = (struct cr_device_summary){
    .name = d->name,
    .is_node = d->kind != CR_DEVICE_GPU,
    .n_kernel = u->n_kernel,
    .n_copy = u->n_copy,
    .n_memset = u->n_memset,
    .busy = share(u->busy_ns, span_ns),
    .sm_use = u->sm_ns < 0 ? NAN : share(u->sm_ns, span_ns * d->sms),
    .warp_use = ops_known && u->warp_ns >= 0 ? share(u->warp_ns, span_ns * d->sms * d->sm_warps) : NAN,
    .dram_use = share(u->dram_bytes, span_ns / 1e9 * (double)d->dram_bytes_per_s),
    .copy_use = ops_known ? share(u->copy_ns, span_ns) : NAN,
    .memory = r->memory ? r->memory[device] : cr_memory_use_unknown(),
  };
}

int cr_summarize_jobs(const struct cr_result *r, const struct cr_device_summary *device, struct cr_jobs_summary *out,
                      struct cr_err *err)
{
  struct cr_job_totals total;
  int rc = cr_result_jobs(r, &total, err);
  if (rc != CR_OK)
    return rc;
  double busy = 0, sm_use = 0;
  for (uint32_t d = 0; d < r->n_device; d++) {
    busy += device[d].busy;
    sm_use += device[d].sm_use;
  }
  *out = (struct cr_jobs_summary){
    .total = total,
    .per_h = total.makespan_ns > 0 ? (double)total.n_done * 3600e9 / total.makespan_ns : NAN,
    .busy = busy / r->n_device,
    .sm_use = sm_use / r->n_device,
  };
  return CR_OK;
}

uint32_t cr_summary_first_job(const struct cr_result *r, enum cr_job_end how)
{
  for (uint32_t c = 0; r->job && c < r->n_client; c++)
    if (r->job[c].how == how)
      return c;
  return CR_NONE;
}

static const char *name_first(const struct cr_result *r, const struct cr_workload *w, enum cr_job_end how)
{
  uint32_t client = cr_summary_first_job(r, how);
  return client == CR_NONE ? NULL : w->client[client].name;
}

void cr_summarize_preempts(const struct cr_result *r, struct cr_preempt_summary *out)
{
  *out = (struct cr_preempt_summary){
    .latency = spread_of(r->preempt),
    .n_killed = r->n_killed,
    .n_cut = r->n_cut,
    .n_redone = r->n_redone,
    .redone_ns = r->redone_ns,
  };
}

int cr_summarize_run(const struct cr_result *r, const struct cr_workload *w, const struct cr_machine *m,
                     struct cr_run_summary *out, struct cr_err *err)
{
  struct cr_client_summary *client = out->client;
  struct cr_device_summary *device = out->device;
  *out = (struct cr_run_summary){
    .policy = r->policy ? r->policy : "",
    .backend = r->backend ? r->backend : "",
    .outcome = r->outcome,
    .why = r->why,
    .end_ns = r->end_ns,
    .n_event = r->n_event,
    .n_action = r->n_action,
    .n_refused = r->n_refused,
    .n_preempt = r->n_preempt,
    .n_callback = r->n_callback,
    .n_op = r->n_op,
    .ledger_hash = r->ledger_hash,
    .ledger_count = r->ledger_count,
    .client = client,
    .device = device,
    .live = (struct cr_live *)&r->live,
  };
  for (uint32_t c = 0, i = 0; c < r->n_client; c++)
    if (w->client[c].job.iterations == 0)
      cr_summarize_client(r, c, w, &client[i++]);
  for (uint32_t d = 0; d < r->n_device; d++)
    cr_summarize_device(r, d, m, &device[d]);
  cr_summarize_preempts(r, &out->preempt);
  int rc = cr_summarize_jobs(r, device, &out->jobs, err);
  if (rc != CR_OK)
    return rc;
  out->jobs.first_rejected = name_first(r, w, CR_JOB_REJECTED);
  out->jobs.first_no_memory = name_first(r, w, CR_JOB_NO_MEMORY);
  return CR_OK;
}

cr_ns cr_run_rt_p99_ns(const struct cr_summary *s, uint32_t run)
{
  cr_ns worst_ns = CR_NS_NEVER;
  for (uint32_t c = 0; c < s->n_client; c++) {
    const struct cr_client_summary *client = &s->run[run].client[c];
    cr_ns p99_ns = client->metric[CR_LATENCY].p99_ns;
    if (client->class == CR_RT && p99_ns != CR_NS_NEVER)
      worst_ns = worst_ns == CR_NS_NEVER ? p99_ns : cr_max_ns(worst_ns, p99_ns);
  }
  return worst_ns;
}

double cr_run_be_per_s(const struct cr_summary *s, uint32_t run)
{
  double sum = NAN;
  for (uint32_t c = 0; c < s->n_client; c++) {
    const struct cr_client_summary *client = &s->run[run].client[c];
    if (client->class == CR_BE)
      sum = (isnan(sum) ? 0 : sum) + client->throughput_per_s;
  }
  return sum;
}
