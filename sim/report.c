/* report.c - results as tables for people, in text or HTML. */
#include "config.h"

#include "sim/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/report_int.h"
#include "sim/report_live.h"
#include "sim/report_memory.h"
#include "sim/report_node.h"
#include "sim/report_preempt.h"
#include "sim/report_verdict.h"
#include "sim/table.h"
#include "sim/unit.h"

int cr_format_parse(const char *text, enum cr_format *out, struct cr_err *err)
{
  static const char *const name[] = {"table", "csv", "json"};
  for (int i = 0; i < 3; i++)
    if (strcmp(text, name[i]) == 0) {
      *out = (enum cr_format)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "there is no format \"%s\"; take table, csv or json", text);
}

/* The table. */

/* The unit that all times of a table are written in, so that they can be compared by eye. */
struct scale {
  const char *unit;
  double ns;
  int decimals;
};

static cr_ns largest_time_ns(const struct cr_summary *s)
{
  cr_ns largest_ns = 0;
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t c = 0; c < s->n_client; c++)
      for (int m = 0; m < CR_N_METRIC; m++) {
        cr_ns p99_ns = s->run[r].client[c].metric[m].p99_ns;
        if (p99_ns != CR_NS_NEVER)
          largest_ns = cr_max_ns(largest_ns, p99_ns);
      }
  return largest_ns;
}

static struct scale scale_for(cr_ns largest_ns)
{
  if (largest_ns < 1000000)
    return (struct scale){"us", 1e3, largest_ns < 100000 ? 2 : 1};
  if (largest_ns < INT64_C(10000000000))
    return (struct scale){"ms", 1e6, largest_ns < 100000000 ? 3 : 2};
  return (struct scale){"s", 1e9, 3};
}

static void cell_time(struct cr_table *t, const struct scale *scale, double ns, int known)
{
  if (known)
    cr_table_cell(t, "%.*f", scale->decimals, ns / scale->ns);
  else
    cr_table_cell(t, "-");
}

static void cell_ns(struct cr_table *t, const struct scale *scale, cr_ns ns)
{
  cell_time(t, scale, (double)ns, ns != CR_NS_NEVER);
}

static void cell_rate(struct cr_table *t, double per_s)
{
  if (isnan(per_s))
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.*f", per_s < 9.995 ? 2 : 1, per_s);
}

static void cell_count_if(struct cr_table *t, uint64_t n, int wanted)
{
  if (wanted)
    cr_table_cell(t, "%" PRIu64, n);
  else
    cr_table_cell(t, "%s", "");
}

static void cell_percent(struct cr_table *t, double share)
{
  if (isnan(share))
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.1f", share * 100);
}

/* What was proven to be enough beside the longest that was needed; empty where nothing was, which leaves the columns out. */
static void bound_cells(struct cr_table *t, const struct scale *scale, const struct cr_client_summary *c)
{
  const struct cr_spread *latency = &c->metric[CR_LATENCY];
  int promised = c->bound_ns != CR_NS_NEVER;
  for (int i = 0; !promised && i < 4; i++)
    cr_table_cell(t, "%s", "");
  if (!promised)
    return;
  cell_ns(t, scale, c->bound_ns);
  cell_ns(t, scale, latency->max_ns);
  cell_percent(t, latency->n ? (double)latency->max_ns / (double)c->bound_ns : NAN);
  cr_table_cell(t, "%" PRIu64, c->n_beyond);
}

/* Of one client alone the heading has name, class and model; a column of empty cells is left out. */
enum named { UNNAMED, NAMED };

static void client_row(struct cr_table *t, const struct scale *scale, const char *policy,
                       const struct cr_client_summary *c, enum named named)
{
  const struct cr_spread *latency = &c->metric[CR_LATENCY], *period = &c->metric[CR_PERIOD];
  int deadline = c->deadline_ns != CR_NS_NEVER;
  cr_table_cell(t, "%s", policy);
  cr_table_cell(t, "%s", named ? c->name : "");
  cr_table_cell(t, "%s", named ? cr_report_class(c->class) : "");
  cr_table_cell(t, "%s", named ? c->model : "");
  cr_table_cell(t, "%" PRIu64, c->n_done);
  cell_rate(t, c->throughput_per_s);
  cell_count_if(t, c->n_dropped, c->n_dropped != 0);
  cell_count_if(t, c->n_pending, c->n_pending != 0);
  cell_time(t, scale, latency->mean_ns, latency->n != 0);
  cell_ns(t, scale, latency->p50_ns);
  cell_ns(t, scale, latency->p95_ns);
  cell_ns(t, scale, latency->p99_ns);
  cell_time(t, scale, period->mean_ns, period->n != 0);
  cell_ns(t, scale, period->p99_ns);
  cell_count_if(t, c->n_missed, deadline);
  if (deadline && c->n_done)
    cell_percent(t, (double)c->n_missed / (double)c->n_done);
  else
    cr_table_cell(t, "%s", "");
  bound_cells(t, scale, c);
}

static void client_table(const struct cr_summary *s, const struct scale *scale, enum named named, int color,
                         struct cr_text *out)
{
  char latency[32], period[32], bound[32];
  snprintf(bound, sizeof bound, "bound, %s", scale->unit);
  snprintf(latency, sizeof latency, "latency, %s", scale->unit);
  snprintf(period, sizeof period, "period, %s", scale->unit);
  const struct cr_table_column column[] = {
    {NULL, "policy", 1},     {NULL, "client", 1},      {NULL, "class", 1},          {NULL, "model", 1},
    {"requests", "done", 0}, {"requests", "per s", 0}, {"requests", "dropped", 0},  {"requests", "unfinished", 0},
    {latency, "mean", 0},    {latency, "p50", 0},      {latency, "p95", 0},         {latency, "p99", 0},
    {period, "mean", 0},     {period, "p99", 0},       {"deadline missed", "n", 0}, {"deadline missed", "%", 0},
    {bound, "proven", 0},    {bound, "longest", 0},    {"of bound", "%", 0},        {"of bound", "beyond", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++) {
    if (r && s->n_client > 1)
      cr_table_blank(&t);
    for (uint32_t c = 0; c < s->n_client; c++)
      client_row(&t, scale, c ? "" : s->run[r].policy, &s->run[r].client[c], named);
  }
  cr_table_end(&t, out);
}

/* Jobs take minutes to days.  The makespan decides. */
static struct scale scale_for_jobs(const struct cr_summary *s)
{
  static const struct scale minutes = {"min", 60e9, 2}, hours = {"h", 3600e9, 2};
  double largest_ns = 0;
  for (uint32_t r = 0; r < s->n_run; r++)
    largest_ns = fmax(largest_ns, s->run[r].jobs.total.makespan_ns); /* fmax leaves a NAN aside */
  if (largest_ns < 600e9)
    return scale_for((cr_ns)largest_ns);
  return largest_ns < 100 * hours.ns ? minutes : hours;
}

static double least_mean_jct_ns(const struct cr_summary *s)
{
  double least_ns = INFINITY;
  for (uint32_t r = 0; r < s->n_run; r++)
    least_ns = fmin(least_ns, s->run[r].jobs.total.mean_jct_ns);
  return least_ns;
}

static void cell_none(struct cr_table *t)
{
  cr_table_cell(t, "%s", "");
}

static void cell_times(struct cr_table *t, double value, double best)
{
  if (isnan(value) || !(best > 0))
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.2fx", value / best);
}

/* Jobs of which only the iterations' time is known leave nothing to say of one device that is not in their table. */
static int wants_devices(const struct cr_summary *s)
{
  int wanted = s->n_client > 0 || s->n_device > 1;
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t d = 0; d < s->n_device; d++)
      wanted |= (s->run[r].device[d].n_kernel | s->run[r].device[d].n_copy | s->run[r].device[d].n_memset) != 0;
  return wanted;
}

/* A row a policy. */
static void job_table(const struct cr_summary *s, int color, struct cr_text *out)
{
  struct scale scale = scale_for_jobs(s);
  char makespan[32], queuing[32], jct[32];
  snprintf(makespan, sizeof makespan, "makespan, %s", scale.unit);
  snprintf(queuing, sizeof queuing, "queuing, %s", scale.unit);
  snprintf(jct, sizeof jct, "JCT, %s", scale.unit);
  const struct cr_table_column column[] = {
    {NULL, "policy", 1},       {"jobs", "done", 0},     {"jobs", "rejected", 0},  {"jobs", "out of memory", 0},
    {"jobs", "unfinished", 0}, {NULL, makespan, 0},     {queuing, "mean", 0},     {jct, "mean", 0},
    {jct, "to least", 0},      {jct, "median", 0},      {jct, "p95", 0},          {NULL, "jobs per h", 0},
    {"in use, %", "time", 0},  {"in use, %", "SMs", 0}, {NULL, "preemptions", 0},
  };
  double least_ns = least_mean_jct_ns(s);
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++) {
    const struct cr_jobs_summary *jobs = &s->run[r].jobs;
    const struct cr_job_totals *total = &jobs->total;
    const double time_ns[] = {total->mean_jct_ns, total->p50_jct_ns, total->p95_jct_ns};
    cr_table_cell(&t, "%s", s->run[r].policy);
    cr_table_cell(&t, "%" PRIu64, total->n_done);
    cell_count_if(&t, total->n_rejected, total->n_rejected != 0);
    cell_count_if(&t, total->n_no_memory, total->n_no_memory != 0);
    cell_count_if(&t, total->n_unfinished, total->n_unfinished != 0);
    cell_time(&t, &scale, total->makespan_ns, !isnan(total->makespan_ns));
    cell_time(&t, &scale, total->mean_queuing_ns, !isnan(total->mean_queuing_ns));
    for (int i = 0; i < 3; i++) {
      cell_time(&t, &scale, time_ns[i], !isnan(time_ns[i]));
      if (i == 0 && s->n_run > 1)
        cell_times(&t, time_ns[0], least_ns);
      else if (i == 0)
        cell_none(&t);
    }
    cell_rate(&t, jobs->per_h);
    cell_percent(&t, jobs->busy);
    cell_percent(&t, jobs->sm_use);
    cell_count_if(&t, s->run[r].n_preempt, s->run[r].n_preempt != 0 && !wants_devices(s));
  }
  cr_table_end(&t, out);
}

static void device_table(const struct cr_summary *s, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "policy", 1},       {NULL, "device", 1},        {"in use, %", "time", 0},        {"in use, %", "SMs", 0},
    {"in use, %", "warps", 0}, {"in use, %", "DRAM", 0},   {"in use, %", "copy engine", 0}, {"finished", "kernels", 0},
    {"finished", "copies", 0}, {"finished", "memsets", 0}, {NULL, "preemptions", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t i = 0; i < s->n_device; i++) {
      const struct cr_device_summary *d = &s->run[r].device[i];
      cr_table_cell(&t, "%s", i ? "" : s->run[r].policy);
      cr_table_cell(&t, "%s", d->name);
      cell_percent(&t, d->busy);
      cell_percent(&t, d->sm_use);
      cell_percent(&t, d->warp_use);
      cell_percent(&t, d->dram_use);
      cell_percent(&t, d->copy_use);
      cr_table_cell(&t, "%" PRIu64, d->n_kernel);
      cr_table_cell(&t, "%" PRIu64, d->n_copy);
      cr_table_cell(&t, "%" PRIu64, d->n_memset);
      cell_count_if(&t, s->run[r].n_preempt, i == 0 && s->run[r].n_preempt != 0);
    }
  cr_table_end(&t, out);
}

static int has_class(const struct cr_summary *s, enum cr_class class)
{
  for (uint32_t c = 0; c < s->n_client; c++)
    if (s->run[0].client[c].class == class)
      return 1;
  return 0;
}

/* Policies side by side: what rt clients wait and what be clients get, each also against the best of them.  Columns of a
 * class that has no clients stay empty, which leaves them out. */
static void comparison(const struct cr_summary *s, const struct scale *scale, int color, struct cr_text *out)
{
  char p99[48];
  snprintf(p99, sizeof p99, "rt latency p99, %s", scale->unit);
  const struct cr_table_column column[] = {
    {NULL, "policy", 1},
    {p99, "worst client", 0},
    {p99, "to least", 0},
    {"be requests per s", "all clients", 0},
    {"be requests per s", "to most", 0},
  };
  double least_ns = INFINITY, most_per_s = 0;
  for (uint32_t r = 0; r < s->n_run; r++) {
    cr_ns p99_ns = cr_run_rt_p99_ns(s, r);
    least_ns = p99_ns != CR_NS_NEVER ? fmin(least_ns, (double)p99_ns) : least_ns;
    most_per_s = fmax(most_per_s, cr_run_be_per_s(s, r)); /* fmax leaves a NAN aside */
  }
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++) {
    cr_ns p99_ns = cr_run_rt_p99_ns(s, r);
    double be_per_s = cr_run_be_per_s(s, r);
    cr_table_cell(&t, "%s", s->run[r].policy);
    if (has_class(s, CR_RT)) {
      cell_ns(&t, scale, p99_ns);
      cell_times(&t, p99_ns == CR_NS_NEVER ? NAN : (double)p99_ns, least_ns);
    } else {
      cell_none(&t);
      cell_none(&t);
    }
    if (has_class(s, CR_BE)) {
      cell_rate(&t, be_per_s);
      cell_times(&t, be_per_s, most_per_s);
    } else {
      cell_none(&t);
      cell_none(&t);
    }
  }
  cr_table_end(&t, out);
}

static uint64_t n_job(const struct cr_summary *s)
{
  return s->n_run ? s->run[0].jobs.total.n : 0;
}

static void heading(const struct cr_summary *s, struct cr_text *out)
{
  char duration[32], warmup[32];
  cr_text_add(out, "%s", s->scenario);
  for (uint32_t d = 0, n = 0; s->n_run && d < s->n_device; d++)
    if (s->run[0].device[d].name)
      cr_text_add(out, "%s%s", n++ ? ", " : " on ", s->run[0].device[d].name);
  cr_text_add(out, ": ");
  if (n_job(s))
    cr_text_add(out, "%" PRIu64 " job%s, ", n_job(s), n_job(s) == 1 ? "" : "s");
  if (s->duration_ns == CR_NS_NEVER)
    cr_text_add(out, "until all have left");
  else
    cr_text_add(out, "%s", cr_format_ns(s->duration_ns, duration, sizeof duration));
  if (s->warmup_ns)
    cr_text_add(out, ", the first %s not counted", cr_format_ns(s->warmup_ns, warmup, sizeof warmup));
  cr_text_add(out, ", seed %" PRIu64, s->seed);
  if (s->n_run)
    cr_text_add(out, ", backend %s", s->run[0].backend);
  cr_text_add(out, "\n");
  if (*s->about)
    cr_text_add(out, "%s\n", s->about);
  cr_text_add(out, "\n");
}

/* A line for each run that did not go to its end, or whose policy asked for what it may not. */
static void outcomes(const struct cr_summary *s, struct cr_text *out)
{
  int any = 0;
  for (uint32_t r = 0; r < s->n_run; r++) {
    const struct cr_run_summary *run = &s->run[r];
    if (run->outcome == CR_DONE && run->n_refused == 0)
      continue;
    char end[32];
    cr_text_add(out, "%s%s: ", any++ ? "" : "\n", run->policy);
    if (run->outcome != CR_DONE)
      cr_text_add(out, "%s at %s; its results are partial%s%s%s", cr_outcome_name[run->outcome],
                  cr_format_ns(run->end_ns, end, sizeof end), *run->why ? " (" : "", run->why, *run->why ? ")" : "");
    if (run->outcome == CR_DONE)
      cr_text_add(out, "%" PRIu64 " of %" PRIu64 " actions were refused (%s)", run->n_refused,
                  run->n_action + run->n_refused, run->why);
    cr_text_add(out, "\n");
  }
}

/* A line for each way in which jobs of a run did not come to their end. */
static void job_ends(const struct cr_summary *s, struct cr_text *out)
{
  int any = 0;
  for (uint32_t r = 0; r < s->n_run; r++) {
    const struct cr_jobs_summary *jobs = &s->run[r].jobs;
    const struct cr_job_totals *total = &jobs->total;
    if (total->n_rejected)
      cr_text_add(out,
                  "%s%s: rejected %" PRIu64 " of %" PRIu64 " jobs, which no device could ever hold; the first is %s\n",
                  any++ ? "" : "\n", s->run[r].policy, total->n_rejected, total->n, jobs->first_rejected);
    if (total->n_no_memory)
      cr_text_add(out, "%s%s: %" PRIu64 " of %" PRIu64 " jobs failed for want of memory; the first is %s\n",
                  any++ ? "" : "\n", s->run[r].policy, total->n_no_memory, total->n, jobs->first_no_memory);
  }
}

static void report_table(const struct cr_summary *s, int color, struct cr_text *out)
{
  struct scale scale = scale_for(largest_time_ns(s));
  heading(s, out);
  if (n_job(s))
    job_table(s, color, out);
  if (cr_report_has_memory(s)) {
    cr_text_add(out, "\n");
    cr_report_memory_table(s, color, out);
  }
  if (s->n_client) {
    cr_text_add(out, n_job(s) ? "\n" : "");
    client_table(s, &scale, NAMED, color, out);
  }
  if (wants_devices(s)) {
    cr_text_add(out, "\n");
    if (cr_report_has_nodes(s))
      cr_report_node_table(s, color, out);
    else
      device_table(s, color, out);
  }
  if (cr_report_has_preempts(s)) {
    cr_text_add(out, "\n");
    cr_report_preempts(s, color, out);
  }
  if (cr_report_has_verdicts(s)) {
    cr_text_add(out, "\n");
    cr_report_verdicts(s, color, out);
  }
  if (s->n_run > 1 && s->n_client) {
    cr_text_add(out, "\n");
    comparison(s, &scale, color, out);
  }
  job_ends(s, out);
  cr_report_verdict_lines(s, out);
  cr_report_live_lines(s, out);
  outcomes(s, out);
}

/* As HTML. */

static void html_lines(const struct cr_summary *s, void (*put)(const struct cr_summary *s, struct cr_text *out),
                       struct cr_text *out)
{
  struct cr_text lines = {0};
  put(s, &lines);
  const char *text = lines.s && !lines.failed ? lines.s : "";
  while (*text == '\n')
    text++;
  if (*text) {
    cr_text_add(out, "<pre class=\"lines\">");
    cr_text_add_html(out, text);
    cr_text_add(out, "</pre>\n");
  }
  out->failed |= lines.failed;
  cr_text_fini(&lines);
}

static void html_part(const char *id, const char *title, struct cr_text *out)
{
  cr_text_add(out, "<h3 id=\"%s\">%s</h3>\n", id, title);
}

void cr_report_html(const struct cr_summary *s, struct cr_text *out)
{
  struct scale scale = scale_for(largest_time_ns(s));
  if (n_job(s)) {
    html_part("jobs-together", "All jobs together", out);
    job_table(s, CR_TABLE_HTML, out);
    html_lines(s, job_ends, out);
  }
  if (s->n_run > 1 && s->n_client) {
    html_part("side-by-side", "Policies side by side", out);
    comparison(s, &scale, CR_TABLE_HTML, out);
  }
  if (s->n_client) {
    html_part("by-client", "Clients", out);
    client_table(s, &scale, NAMED, CR_TABLE_HTML, out);
  }
  if (wants_devices(s)) {
    html_part("by-device", cr_report_has_nodes(s) ? "Nodes" : "Devices", out);
    if (cr_report_has_nodes(s))
      cr_report_node_table(s, CR_TABLE_HTML, out);
    else
      device_table(s, CR_TABLE_HTML, out);
  }
  if (cr_report_has_memory(s)) {
    html_part("memory-together", "Memory of devices", out);
    cr_report_memory_table(s, CR_TABLE_HTML, out);
  }
  if (cr_report_has_preempts(s)) {
    html_part("preemptions", "Preemptions", out);
    cr_report_preempts(s, CR_TABLE_HTML, out);
  }
  if (cr_report_has_verdicts(s)) {
    html_part("verdicts", "What policies decided about clients", out);
    cr_report_verdicts(s, CR_TABLE_HTML, out);
    html_lines(s, cr_report_verdict_lines, out);
  }
  html_lines(s, outcomes, out);
}

void cr_report_html_client(const struct cr_summary *s, uint32_t client, struct cr_text *out)
{
  struct cr_run_summary *run = cr_mem_new(s->n_run, sizeof *run);
  if (!run) {
    out->failed = 1;
    return;
  }
  struct cr_summary one = *s;
  one.run = run;
  one.n_client = 1;
  for (uint32_t r = 0; r < s->n_run; r++) {
    run[r] = s->run[r];
    run[r].client = &s->run[r].client[client];
  }
  struct scale scale = scale_for(largest_time_ns(&one));
  client_table(&one, &scale, UNNAMED, CR_TABLE_HTML, out);
  cr_mem_free(run);
}

void cr_report_heading(const struct cr_summary *s, struct cr_text *out)
{
  heading(s, out);
}

void cr_report(const struct cr_summary *s, enum cr_format format, int color, struct cr_text *out)
{
  if (format == CR_CSV)
    cr_report_csv(s, out);
  else if (format == CR_JSON)
    cr_report_json(s, out);
  else
    report_table(s, color, out);
}
