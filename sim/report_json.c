/* report_json.c - results as JSON.  Members come in a fixed order and numbers in a fixed form: the same results, the same bytes. */
#include "config.h"

#include <inttypes.h>
#include <math.h>

#include "sim/json_member.h"
#include "sim/report_int.h"
#include "sim/report_live.h"
#include "sim/report_memory.h"
#include "sim/report_node.h"
#include "sim/report_preempt.h"
#include "sim/report_verdict.h"

static void json_client(const struct cr_client_summary *c, struct cr_text *out)
{
  cr_text_add(out, "\n        {\"name\":");
  cr_text_add_json(out, c->name);
  cr_text_add(out, ",\"class\":\"%s\"", cr_report_class(c->class));
  cr_member_text(out, "model", c->model);
  cr_text_add(out, ",\"arrival\":\"%s\",\"priority\":%d", c->arrival, (int)c->priority);
  cr_member_ns(out, "deadline_ns", c->deadline_ns);
  cr_member_count(out, "requests_arrived", c->n_arrived);
  cr_member_count(out, "requests_done", c->n_done);
  cr_member_count(out, "requests_dropped", c->n_dropped);
  cr_member_count(out, "requests_pending", c->n_pending);
  cr_member_count(out, "deadline_missed", c->n_missed);
  cr_member_ns(out, "bound_ns", c->bound_ns);
  if (c->bound_ns != CR_NS_NEVER)
    cr_member_count(out, "bound_exceeded", c->n_beyond);
  else
    cr_text_add(out, ",\"bound_exceeded\":null");
  cr_member_real(out, "throughput_per_s", 6, c->throughput_per_s);
  for (int m = 0; m < CR_N_METRIC; m++) {
    const struct cr_spread *d = &c->metric[m];
    cr_text_add(out, ",\n         \"%s\":{\"count\":%" PRIu64, cr_metric_name[m], d->n);
    cr_member_real(out, "mean_ns", 1, d->mean_ns);
    cr_member_ns(out, "min_ns", d->min_ns);
    cr_member_ns(out, "p50_ns", d->p50_ns);
    cr_member_ns(out, "p95_ns", d->p95_ns);
    cr_member_ns(out, "p99_ns", d->p99_ns);
    cr_member_ns(out, "max_ns", d->max_ns);
    cr_text_add(out, "}");
  }
  cr_report_verdict_json(c, out);
  cr_text_add(out, "}");
}

static void json_device(const struct cr_device_summary *d, struct cr_text *out)
{
  cr_text_add(out, "\n        {\"name\":");
  cr_text_add_json(out, d->name);
  if (d->is_node) {
    cr_report_node_json(d, out);
    cr_text_add(out, "}");
    return;
  }
  cr_member_count(out, "kernels", d->n_kernel);
  cr_member_count(out, "copies", d->n_copy);
  cr_member_count(out, "memsets", d->n_memset);
  cr_member_real(out, "busy_ratio", 6, d->busy);
  cr_member_real(out, "sm_use_ratio", 6, d->sm_use);
  cr_member_real(out, "warp_use_ratio", 6, d->warp_use);
  cr_member_real(out, "dram_use_ratio", 6, d->dram_use);
  cr_member_real(out, "copy_use_ratio", 6, d->copy_use);
  cr_report_memory_json(&d->memory, out);
  cr_text_add(out, "}");
}

static void json_jobs(const struct cr_jobs_summary *jobs, struct cr_text *out)
{
  const struct cr_job_totals *t = &jobs->total;
  cr_text_add(out, "{\"count\":%" PRIu64, t->n);
  cr_member_count(out, "done", t->n_done);
  cr_member_count(out, "rejected", t->n_rejected);
  cr_member_count(out, "no_memory", t->n_no_memory);
  cr_member_count(out, "unfinished", t->n_unfinished);
  cr_member_real(out, "makespan_ns", 1, t->makespan_ns);
  cr_member_real(out, "queuing_mean_ns", 1, t->mean_queuing_ns);
  cr_member_real(out, "jct_mean_ns", 1, t->mean_jct_ns);
  cr_member_real(out, "jct_p50_ns", 1, t->p50_jct_ns);
  cr_member_real(out, "jct_p95_ns", 1, t->p95_jct_ns);
  cr_member_real(out, "per_h", 6, jobs->per_h);
  cr_member_real(out, "busy_ratio", 6, jobs->busy);
  cr_member_real(out, "sm_use_ratio", 6, jobs->sm_use);
  cr_text_add(out, "}");
}

static void json_run(const struct cr_summary *s, uint32_t r, struct cr_text *out)
{
  const struct cr_run_summary *run = &s->run[r];
  cr_text_add(out, "\n    {\"policy\":");
  cr_text_add_json(out, run->policy);
  cr_text_add(out, ",\"backend\":\"%s\",\"outcome\":\"%s\",\"partial\":%s", run->backend, cr_outcome_name[run->outcome],
              run->outcome == CR_DONE ? "false" : "true");
  cr_member_text(out, "why", run->why);
  cr_member_ns(out, "end_ns", run->end_ns);
  cr_member_count(out, "events", run->n_event);
  cr_member_count(out, "callbacks", run->n_callback);
  cr_member_count(out, "actions", run->n_action);
  cr_member_count(out, "refused", run->n_refused);
  cr_member_count(out, "preemptions", run->n_preempt);
  cr_member_count(out, "ops", run->n_op);
  cr_member_count(out, "ledger_notes", run->ledger_count);
  cr_text_add(out, ",\"ledger_hash\":\"%016" PRIx64 "\"", run->ledger_hash);
  cr_member_ns(out, "rt_latency_p99_ns", cr_run_rt_p99_ns(s, r));
  cr_member_real(out, "be_throughput_per_s", 6, cr_run_be_per_s(s, r));
  if (run->jobs.total.n) {
    cr_text_add(out, ",\n      \"jobs\":");
    json_jobs(&run->jobs, out);
  }
  if (cr_report_has_preempts(&(struct cr_summary){.n_run = 1, .run = &s->run[r]})) {
    cr_text_add(out, ",\n      \"preemption\":");
    cr_report_preempts_json(&run->preempt, out);
  }
  if (run->live && run->live->n) {
    cr_text_add(out, ",\n      \"live\":");
    cr_report_live_json(run->live, out);
  }
  cr_text_add(out, ",\n      \"clients\":[");
  for (uint32_t c = 0; c < s->n_client; c++) {
    cr_text_add(out, c ? "," : "");
    json_client(&run->client[c], out);
  }
  cr_text_add(out, "],\n      \"devices\":[");
  for (uint32_t d = 0, n = 0; d < s->n_device; d++) {
    if (!run->device[d].name)
      continue;
    cr_text_add(out, n++ ? "," : "");
    json_device(&run->device[d], out);
  }
  cr_text_add(out, "]}");
}

void cr_report_json(const struct cr_summary *s, struct cr_text *out)
{
  cr_text_add(out, "{\"schema\":\"corun-run\",\"schema_version\":%d,\n  \"program\":\"corun\"", CR_REPORT_SCHEMA);
  cr_member_text(out, "version", s->version);
  cr_member_text(out, "git", s->git);
  cr_member_text(out, "command", s->command);
  cr_text_add(out, ",\n  \"scenario\":");
  cr_text_add_json(out, s->scenario);
  cr_member_text(out, "about", s->about);
  cr_member_count(out, "seed", s->seed);
  cr_member_ns(out, "duration_ns", s->duration_ns);
  cr_member_ns(out, "warmup_ns", s->warmup_ns);
  cr_text_add(out, ",\"workload_hash\":\"%016" PRIx64 "\",\n  \"runs\":[", s->workload_hash);
  for (uint32_t r = 0; r < s->n_run; r++) {
    cr_text_add(out, r ? "," : "");
    json_run(s, r, out);
  }
  cr_text_add(out, "]}\n");
}
