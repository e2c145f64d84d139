/* metric.c - one number of a run, as a person names it. */
#include "config.h"

#include "sim/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"

enum of { OF_CLIENTS, OF_RUN, OF_JOBS };
enum what {
  MEAN,
  MIN,
  P50,
  P95,
  P99,
  MAX,
  THROUGHPUT,
  REQUESTS,
  MISSED,
  DROPPED,
  PREEMPTIONS,
  EVENTS,
  BUSY,
  SM_USE,
  DRAM_USE,
  MAKESPAN,
  MEAN_JCT,
  P95_JCT,
  MEAN_QUEUING,
  JOBS_DONE,
};

static const struct quantity {
  const char *name;
  enum of of;
  const char *unit;
} table[] = {
  [MEAN] = {"mean", OF_CLIENTS, "ns"},
  [MIN] = {"min", OF_CLIENTS, "ns"},
  [P50] = {"p50", OF_CLIENTS, "ns"},
  [P95] = {"p95", OF_CLIENTS, "ns"},
  [P99] = {"p99", OF_CLIENTS, "ns"},
  [MAX] = {"max", OF_CLIENTS, "ns"},
  [THROUGHPUT] = {"throughput", OF_CLIENTS, "1/s"},
  [REQUESTS] = {"requests", OF_CLIENTS, "count"},
  [MISSED] = {"missed", OF_CLIENTS, "ratio"},
  [DROPPED] = {"dropped", OF_CLIENTS, "count"},
  [PREEMPTIONS] = {"preemptions", OF_RUN, "count"},
  [EVENTS] = {"events", OF_RUN, "count"},
  [BUSY] = {"busy", OF_RUN, "ratio"},
  [SM_USE] = {"sm_use", OF_RUN, "ratio"},
  [DRAM_USE] = {"dram_use", OF_RUN, "ratio"},
  [MAKESPAN] = {"makespan", OF_JOBS, "ns"},
  [MEAN_JCT] = {"mean_jct", OF_JOBS, "ns"},
  [P95_JCT] = {"p95_jct", OF_JOBS, "ns"},
  [MEAN_QUEUING] = {"mean_queuing", OF_JOBS, "ns"},
  [JOBS_DONE] = {"jobs_done", OF_JOBS, "count"},
};
enum { N_QUANTITY = sizeof table / sizeof *table };

/* -- reading ---------------------------------------------------------------------------------------------------------- */

static int unknown(const char *text, const char *word, struct cr_err *err)
{
  const char *name[N_QUANTITY];
  struct cr_text all = {0};
  for (int i = 0; i < N_QUANTITY; i++) {
    name[i] = table[i].name;
    cr_text_add(&all, "%s%s", i ? ", " : "", table[i].name);
  }
  const char *near = cr_nearest(word, name, N_QUANTITY);
  int rc =
    near ? cr_fail(err, CR_EINPUT, "metric %.80s: there is no '%.40s'; did you mean %s?", text, word, near)
         : cr_fail(err, CR_EINPUT, "metric %.80s: there is no '%.40s'; there are %s", text, word, all.s ? all.s : "");
  cr_text_fini(&all);
  return rc;
}

int cr_run_metric_parse(const char *text, struct cr_run_metric *out, struct cr_err *err)
{
  struct cr_run_metric m = {0};
  char word[CR_METRIC_TEXT], tight[CR_METRIC_TEXT];
  size_t n = 0;
  for (const char *c = text; *c; c++) {
    if (*c == ' ')
      continue;
    if (n + 1 == sizeof tight)
      return cr_fail(err, CR_EINPUT, "metric %.60s...: is longer than any; write it as p99(rt)", text);
    tight[n++] = *c;
  }
  tight[n] = '\0';
  size_t n_word = strcspn(tight, "(");
  memcpy(word, tight, n_word);
  word[n_word] = '\0';
  while (m.quantity < N_QUANTITY && strcmp(table[m.quantity].name, word) != 0)
    m.quantity++;
  if (m.quantity == N_QUANTITY)
    return unknown(text, word, err);
  if (tight[n_word] && (tight[n - 1] != ')' || n - n_word < 3))
    return cr_fail(err, CR_EINPUT, "metric %.80s: write whom it is of in parentheses, as in %s(rt)", text, word);
  if (tight[n_word])
    memcpy(m.whom, tight + n_word + 1, n - n_word - 2);
  int of_clients = table[m.quantity].of == OF_CLIENTS;
  if (of_clients && !*m.whom)
    return cr_fail(err, CR_EINPUT, "metric %.80s: of whom? write %s(rt), %s(be), %s(all) or the name of a client", text,
                   word, word, word);
  if (!of_clients && *m.whom)
    return cr_fail(err, CR_EINPUT, "metric %.80s: is of the whole run; write %s alone", text, word);
  memcpy(m.text, tight, n + 1);
  *out = m;
  return CR_OK;
}

static int is_job(const struct cr_client_spec *c)
{
  return c->job.iterations != 0;
}

static int class_of(const char *whom) /* -1: none */
{
  return strcmp(whom, "rt") == 0 ? CR_RT : strcmp(whom, "be") == 0 ? CR_BE : -1;
}

static int is_meant(const char *whom, enum cr_class class, const char *name)
{
  int wanted = class_of(whom);
  return strcmp(whom, "all") == 0 || (wanted >= 0 ? (int)class == wanted : strcmp(whom, name) == 0);
}

int cr_run_metric_check(const struct cr_run_metric *m, const struct cr_workload *w, struct cr_err *err)
{
  enum { MANY = 256 };
  const char *name[MANY];
  uint32_t n = 0, n_job = 0;
  for (uint32_t i = 0; i < w->n_client; i++) {
    const struct cr_client_spec *c = &w->client[i];
    n_job += (uint32_t)is_job(c);
    if (is_job(c))
      continue;
    if (table[m->quantity].of == OF_CLIENTS && is_meant(m->whom, c->class, c->name))
      return CR_OK;
    if (n < MANY)
      name[n++] = c->name;
  }
  if (table[m->quantity].of == OF_RUN || (table[m->quantity].of == OF_JOBS && n_job))
    return CR_OK;
  if (table[m->quantity].of == OF_JOBS)
    return cr_fail(err, CR_EINPUT, "metric %s: is of jobs, and the scenario has none", m->text);
  if (class_of(m->whom) >= 0 || strcmp(m->whom, "all") == 0)
    return cr_fail(err, CR_EINPUT, "metric %s: the scenario has no such client%s", m->text,
                   n_job ? "; of jobs take makespan, mean_jct, p95_jct or mean_queuing" : "");
  const char *near = cr_nearest(m->whom, name, n);
  return near ? cr_fail(err, CR_EINPUT, "metric %s: there is no client '%s'; did you mean %s?", m->text, m->whom, near)
              : cr_fail(err, CR_EINPUT, "metric %s: there is no client '%s', and rt, be and all are the classes",
                        m->text, m->whom);
}

const char *cr_run_metric_unit(const struct cr_run_metric *m)
{
  return table[m->quantity].unit;
}

/* -- values ----------------------------------------------------------------------------------------------------------- */

static double of_ns(cr_ns ns)
{
  return ns == CR_NS_NEVER ? NAN : (double)ns;
}

static double of_client(enum what what, const struct cr_client_summary *c)
{
  const struct cr_spread *l = &c->metric[CR_LATENCY];
  switch (what) {
  case MIN:
    return of_ns(l->min_ns);
  case P50:
    return of_ns(l->p50_ns);
  case P95:
    return of_ns(l->p95_ns);
  case P99:
    return of_ns(l->p99_ns);
  case MAX:
    return of_ns(l->max_ns);
  case THROUGHPUT:
    return c->throughput_per_s;
  case REQUESTS:
    return (double)c->n_done;
  case MISSED:
    return (double)c->n_missed;
  case DROPPED:
    return (double)c->n_dropped;
  default:
    return l->n ? l->mean_ns * (double)l->n : 0;
  }
}

/* Sums, of which mean and missed are divided in the end; of the others the greatest, of min the least. */
static double of_clients(const struct cr_run_metric *m, const struct cr_run_summary *run, uint32_t n_client)
{
  enum what what = (enum what)m->quantity;
  double sum = 0, least = NAN, greatest = NAN, n_latency = 0, n_done = 0;
  for (uint32_t i = 0; i < n_client; i++) {
    const struct cr_client_summary *c = &run->client[i];
    if (!c->name || !is_meant(m->whom, c->class, c->name))
      continue;
    double value = of_client(what, c);
    sum += value;
    least = fmin(least, value); /* a NAN gives way */
    greatest = fmax(greatest, value);
    n_latency += (double)c->metric[CR_LATENCY].n;
    n_done += (double)c->n_done;
  }
  switch (what) {
  case MEAN:
    return n_latency > 0 ? sum / n_latency : NAN;
  case MISSED:
    return n_done > 0 ? sum / n_done : NAN;
  case THROUGHPUT:
  case REQUESTS:
  case DROPPED:
    return sum;
  case MIN:
    return least;
  default:
    return greatest;
  }
}

static double of_devices(enum what what, const struct cr_run_summary *run, uint32_t n_device)
{
  double sum = 0;
  uint32_t n = 0;
  for (uint32_t d = 0; d < n_device; d++) {
    const struct cr_device_summary *device = &run->device[d];
    if (!device->name)
      continue;
    sum += what == BUSY ? device->busy : what == SM_USE ? device->sm_use : device->dram_use;
    n++;
  }
  return n ? sum / n : NAN;
}

double cr_run_metric_value(const struct cr_run_metric *m, const struct cr_run_summary *run, uint32_t n_client,
                           uint32_t n_device)
{
  const struct cr_job_totals *jobs = &run->jobs.total;
  switch ((enum what)m->quantity) {
  case PREEMPTIONS:
    return (double)run->n_preempt;
  case EVENTS:
    return (double)run->n_event;
  case BUSY:
  case SM_USE:
  case DRAM_USE:
    return of_devices((enum what)m->quantity, run, n_device);
  case MAKESPAN:
    return jobs->n ? jobs->makespan_ns : NAN;
  case MEAN_JCT:
    return jobs->n ? jobs->mean_jct_ns : NAN;
  case P95_JCT:
    return jobs->n ? jobs->p95_jct_ns : NAN;
  case MEAN_QUEUING:
    return jobs->n ? jobs->mean_queuing_ns : NAN;
  case JOBS_DONE:
    return jobs->n ? (double)jobs->n_done : NAN;
  default:
    return of_clients(m, run, n_client);
  }
}

char *cr_run_metric_format(const struct cr_run_metric *m, double value, char *buf, size_t n)
{
  const char *unit = cr_run_metric_unit(m);
  if (!isfinite(value))
    snprintf(buf, n, "-");
  else if (strcmp(unit, "ns") == 0)
    cr_format_ns((cr_ns)llround(value), buf, n);
  else if (strcmp(unit, "ratio") == 0)
    snprintf(buf, n, "%.3g %%", 100 * value);
  else
    snprintf(buf, n, "%.4g%s", value, strcmp(unit, "1/s") == 0 ? " /s" : "");
  return buf;
}

const char *cr_run_metric_usual(const struct cr_workload *w, uint32_t i)
{
  static const char *const of_rt[] = {"mean(rt)", "p99(rt)", "throughput(rt)"}, *const of_be[] = {"throughput(be)"},
                           *const of_jobs[] = {"makespan", "mean_jct"};
  int has_rt = 0, has_be = 0, has_job = 0;
  for (uint32_t c = 0; c < w->n_client; c++) {
    has_job |= is_job(&w->client[c]);
    has_rt |= !is_job(&w->client[c]) && w->client[c].class == CR_RT;
    has_be |= !is_job(&w->client[c]) && w->client[c].class == CR_BE;
  }
  uint32_t n_rt = has_rt ? 3 : 0, n_be = has_be ? 1 : 0, n_job = has_job ? 2 : 0;
  if (i < n_rt)
    return of_rt[i];
  i -= n_rt;
  if (i < n_be)
    return of_be[i];
  i -= n_be;
  return i < n_job ? of_jobs[i] : NULL;
}
