/* report_compare.c - the results of two commands set side by side. */
#include "config.h"

#include "sim/report_compare.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum unit { COUNT, PER_S, NS, RATIO, PER_H };

/* One number of each; NAN: not known. */
struct row {
  const char *policy, *kind, *name; /* kind: "client", "jobs", "device", "preemption" */
  const char *metric, *field;       /* for people; for programs, with its unit */
  enum unit unit;
  double a, b;
};

struct each {
  void (*row)(struct each *e, const struct row *row);
  struct cr_text *out;
  struct cr_table *table;
  const char *policy, *name; /* of the last row of the table */
  uint32_t n, n_other;       /* rows so far; of these, where B is not as A */
};

static double number_ns(cr_ns ns)
{
  return ns == CR_NS_NEVER ? (double)NAN : (double)ns;
}

/* Which of the runs before run r of the same name this is: 0, 1, ... */
static uint32_t occurrence(const struct cr_summary *s, uint32_t r)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < r; i++)
    n += strcmp(s->run[i].policy, s->run[r].policy) == 0;
  return n;
}

/* The run of b that is set beside run r of a; CR_NONE: there is none. */
static uint32_t partner(const struct cr_summary *a, uint32_t r, const struct cr_summary *b)
{
  if (a->n_run == 1 && b->n_run == 1)
    return 0;
  for (uint32_t i = 0; i < b->n_run; i++)
    if (strcmp(a->run[r].policy, b->run[i].policy) == 0 && occurrence(a, r) == occurrence(b, i))
      return i;
  return CR_NONE;
}

static void spread_rows(struct each *e, struct row row, const char *const metric[6], const char *const field[6],
                        const struct cr_spread *a, const struct cr_spread *b)
{
  const double number_a[] = {a->n ? a->mean_ns : NAN, number_ns(a->min_ns), number_ns(a->p50_ns),
                             number_ns(a->p95_ns),    number_ns(a->p99_ns), number_ns(a->max_ns)};
  const double number_b[] = {b->n ? b->mean_ns : NAN, number_ns(b->min_ns), number_ns(b->p50_ns),
                             number_ns(b->p95_ns),    number_ns(b->p99_ns), number_ns(b->max_ns)};
  row.unit = NS;
  for (int i = 0; i < 6; i++) {
    row.metric = metric[i];
    row.field = field[i];
    row.a = number_a[i];
    row.b = number_b[i];
    e->row(e, &row);
  }
}

static void client_rows(struct each *e, const char *policy, const struct cr_client_summary *a,
                        const struct cr_client_summary *b)
{
  static const char *const METRIC[CR_N_METRIC][6] = {
    {"latency mean", NULL, "latency p50", "latency p95", "latency p99", NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL},
    {"period mean", NULL, NULL, NULL, "period p99", NULL},
  };
  static const char *const FIELD[CR_N_METRIC][6] = {
    {"latency_mean_ns", "latency_min_ns", "latency_p50_ns", "latency_p95_ns", "latency_p99_ns", "latency_max_ns"},
    {"service_mean_ns", "service_min_ns", "service_p50_ns", "service_p95_ns", "service_p99_ns", "service_max_ns"},
    {"period_mean_ns", "period_min_ns", "period_p50_ns", "period_p95_ns", "period_p99_ns", "period_max_ns"},
  };
  struct row row = {.policy = policy, .kind = "client", .name = a->name};
  const struct row counts[] = {
    {.metric = "requests done", .field = "requests_done", .a = (double)a->n_done, .b = (double)b->n_done},
    {.metric = "requests per s",
     .field = "throughput_per_s",
     .unit = PER_S,
     .a = a->throughput_per_s,
     .b = b->throughput_per_s},
    {.metric = "deadlines missed",
     .field = "deadline_missed",
     .a = a->deadline_ns == CR_NS_NEVER ? NAN : (double)a->n_missed,
     .b = b->deadline_ns == CR_NS_NEVER ? NAN : (double)b->n_missed},
    {.metric = "beyond the bound",
     .field = "bound_exceeded",
     .a = a->bound_ns == CR_NS_NEVER ? NAN : (double)a->n_beyond,
     .b = b->bound_ns == CR_NS_NEVER ? NAN : (double)b->n_beyond},
  };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    struct row one = counts[i];
    one.policy = policy;
    one.kind = row.kind;
    one.name = row.name;
    e->row(e, &one);
  }
  for (int m = 0; m < CR_N_METRIC; m++)
    spread_rows(e, row, METRIC[m], FIELD[m], &a->metric[m], &b->metric[m]);
}

static void rows_of(struct each *e, const char *policy, const char *kind, const char *name, const struct row *row,
                    size_t n)
{
  for (size_t i = 0; i < n; i++) {
    struct row one = row[i];
    one.policy = policy;
    one.kind = kind;
    one.name = name;
    e->row(e, &one);
  }
}

static void job_rows(struct each *e, const char *policy, const struct cr_jobs_summary *a,
                     const struct cr_jobs_summary *b)
{
  const struct cr_job_totals *ta = &a->total, *tb = &b->total;
  const struct row row[] = {
    {.metric = "done", .field = "done", .a = (double)ta->n_done, .b = (double)tb->n_done},
    {.metric = "makespan", .field = "makespan_ns", .unit = NS, .a = ta->makespan_ns, .b = tb->makespan_ns},
    {.metric = "queuing mean",
     .field = "queuing_mean_ns",
     .unit = NS,
     .a = ta->mean_queuing_ns,
     .b = tb->mean_queuing_ns},
    {.metric = "JCT mean", .field = "jct_mean_ns", .unit = NS, .a = ta->mean_jct_ns, .b = tb->mean_jct_ns},
    {.metric = "JCT median", .field = "jct_p50_ns", .unit = NS, .a = ta->p50_jct_ns, .b = tb->p50_jct_ns},
    {.metric = "JCT p95", .field = "jct_p95_ns", .unit = NS, .a = ta->p95_jct_ns, .b = tb->p95_jct_ns},
    {.metric = "jobs per h", .field = "per_h", .unit = PER_H, .a = a->per_h, .b = b->per_h},
  };
  if (ta->n && tb->n)
    rows_of(e, policy, "jobs", "all jobs", row, sizeof row / sizeof *row);
}

static void device_rows(struct each *e, const char *policy, const struct cr_device_summary *a,
                        const struct cr_device_summary *b)
{
  const struct row row[] = {
    {.metric = "time in use", .field = "busy_ratio", .unit = RATIO, .a = a->busy, .b = b->busy},
    {.metric = a->is_node ? "cores in use" : "SMs in use",
     .field = a->is_node ? "core_use_ratio" : "sm_use_ratio",
     .unit = RATIO,
     .a = a->sm_use,
     .b = b->sm_use},
  };
  rows_of(e, policy, "device", a->name, row, sizeof row / sizeof *row);
}

static void preempt_rows(struct each *e, const char *policy, const struct cr_preempt_summary *a,
                         const struct cr_preempt_summary *b)
{
  const struct row row[] = {
    {.metric = "streams preempted", .field = "count", .a = (double)a->latency.n, .b = (double)b->latency.n},
    {.metric = "preemption mean", .field = "mean_ns", .unit = NS, .a = a->latency.mean_ns, .b = b->latency.mean_ns},
    {.metric = "preemption p99",
     .field = "p99_ns",
     .unit = NS,
     .a = number_ns(a->latency.p99_ns),
     .b = number_ns(b->latency.p99_ns)},
  };
  if (a->latency.n && b->latency.n)
    rows_of(e, policy, "preemption", "preemptions", row, sizeof row / sizeof *row);
}

static const struct cr_client_summary *find_client(const struct cr_summary *s, uint32_t run, const char *name)
{
  for (uint32_t c = 0; c < s->n_client; c++)
    if (strcmp(s->run[run].client[c].name, name) == 0)
      return &s->run[run].client[c];
  return NULL;
}

static const struct cr_device_summary *find_device(const struct cr_summary *s, uint32_t run, const char *name)
{
  for (uint32_t d = 0; d < s->n_device; d++)
    if (s->run[run].device[d].name && strcmp(s->run[run].device[d].name, name) == 0)
      return &s->run[run].device[d];
  return NULL;
}

static void go_through(struct each *e, const struct cr_summary *a, const struct cr_summary *b)
{
  for (uint32_t r = 0; r < a->n_run; r++) {
    uint32_t k = partner(a, r, b);
    if (k == CR_NONE)
      continue;
    const struct cr_run_summary *run_a = &a->run[r], *run_b = &b->run[k];
    job_rows(e, run_a->policy, &run_a->jobs, &run_b->jobs);
    for (uint32_t c = 0; c < a->n_client; c++) {
      const struct cr_client_summary *other = find_client(b, k, run_a->client[c].name);
      if (other)
        client_rows(e, run_a->policy, &run_a->client[c], other);
    }
    for (uint32_t d = 0; d < a->n_device; d++) {
      const struct cr_device_summary *own = &run_a->device[d], *other = own->name ? find_device(b, k, own->name) : NULL;
      if (other)
        device_rows(e, run_a->policy, own, other);
    }
    preempt_rows(e, run_a->policy, &run_a->preempt, &run_b->preempt);
  }
}

int cr_compare_check(const struct cr_compared *a, const struct cr_compared *b, struct cr_err *err)
{
  for (uint32_t r = 0; r < a->s->n_run; r++)
    if (partner(a->s, r, b->s) != CR_NONE)
      return CR_OK;
  return cr_fail(err, CR_EINPUT,
                 "%s and %s have no policy in common (%s, ... and %s, ...); there is nothing to compare", a->name,
                 b->name, a->s->n_run ? a->s->run[0].policy : "none", b->s->n_run ? b->s->run[0].policy : "none");
}

/* (b - a) / a; NAN where that says nothing. */
static double difference(const struct row *row)
{
  if (isnan(row->a) || isnan(row->b))
    return NAN;
  if (row->a == row->b)
    return 0;
  return row->a != 0 ? (row->b - row->a) / row->a : (double)NAN;
}

/* ns in the unit that suits both numbers of a row. */
static const char *time_unit(double largest_ns, double *ns)
{
  static const struct {
    double ns;
    const char *name;
  } unit[] = {{3600e9, "h"}, {60e9, "min"}, {1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  int i = 0;
  while (i < 4 && largest_ns < (unit[i].ns > 1e9 ? 10 : 1) * unit[i].ns)
    i++;
  *ns = unit[i].ns;
  return unit[i].name;
}

static void put_number(struct cr_table *t, const struct row *row, double value, double ns)
{
  if (isnan(value))
    cr_table_cell(t, "-");
  else if (row->unit == NS)
    cr_table_cell(t, "%.3f", value / ns);
  else if (row->unit == RATIO)
    cr_table_cell(t, "%.1f", 100 * value);
  else if (row->unit == COUNT)
    cr_table_cell(t, "%.0f", value);
  else
    cr_table_cell(t, "%.2f", value);
}

static int in_table(const struct row *row)
{
  return row->metric && !(isnan(row->a) && isnan(row->b));
}

static void count_row(struct each *e, const struct row *row)
{
  e->n += (uint32_t)in_table(row);
  e->n_other += (uint32_t)(in_table(row) && row->a != row->b); /* as when only one is known */
}

static void table_row(struct each *e, const struct row *row)
{
  struct cr_table *t = e->table;
  double ns = 1, part = difference(row);
  if (!in_table(row))
    return;
  int new_policy = !e->policy || strcmp(e->policy, row->policy) != 0,
      new_name = new_policy || strcmp(e->name, row->name) != 0;
  if (new_name && e->n)
    cr_table_blank(t);
  cr_table_cell(t, "%s", new_policy ? row->policy : "");
  cr_table_cell(t, "%s", new_name ? row->name : "");
  cr_table_cell(t, "%s", row->metric);
  cr_table_cell(t, "%s", row->unit == NS ? time_unit(fmax(row->a, row->b), &ns) : row->unit == RATIO ? "%" : "");
  put_number(t, row, row->a, ns);
  put_number(t, row, row->b, ns);
  if (isnan(part))
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, part == 0 ? "=" : "%+.1f", 100 * part);
  e->policy = row->policy;
  e->name = row->name;
  e->n++;
}

static void put_plain(struct cr_text *out, enum unit unit, double value, const char *none)
{
  if (!isfinite(value))
    cr_text_add(out, "%s", none);
  else
    cr_text_add(out, "%.*f", unit == COUNT ? 0 : unit == NS ? 1 : 6, value);
}

static void csv_row(struct each *e, const struct row *row)
{
  cr_text_add_csv_quoted(e->out, row->policy);
  cr_text_add(e->out, ",%s,", row->kind);
  cr_text_add_csv_quoted(e->out, row->name);
  cr_text_add(e->out, ",%s,", row->field);
  put_plain(e->out, row->unit, row->a, "");
  cr_text_add(e->out, ",");
  put_plain(e->out, row->unit, row->b, "");
  cr_text_add(e->out, ",");
  put_plain(e->out, RATIO, difference(row), "");
  cr_text_add(e->out, "\n");
}

static void json_row(struct each *e, const struct row *row)
{
  cr_text_add(e->out, "%s\n    {\"policy\":", e->n++ ? "," : "");
  cr_text_add_json(e->out, row->policy);
  cr_text_add(e->out, ",\"of\":\"%s\",\"name\":", row->kind);
  cr_text_add_json(e->out, row->name);
  cr_text_add(e->out, ",\"metric\":\"%s\",\"a\":", row->field);
  put_plain(e->out, row->unit, row->a, "null");
  cr_text_add(e->out, ",\"b\":");
  put_plain(e->out, row->unit, row->b, "null");
  cr_text_add(e->out, ",\"difference_ratio\":");
  put_plain(e->out, RATIO, difference(row), "null");
  cr_text_add(e->out, "}");
}

static void json_side(const char *key, const struct cr_compared *side, struct cr_text *out)
{
  const char *const member[][2] = {{"file", side->name},
                                   {"scenario", side->s->scenario},
                                   {"version", side->s->version},
                                   {"git", side->s->git},
                                   {"command", side->s->command}};
  cr_text_add(out, "\n  \"%s\":{", key);
  for (int i = 0; i < 5; i++) {
    cr_text_add(out, "%s\"%s\":", i ? "," : "", member[i][0]);
    cr_text_add_json(out, member[i][1]);
  }
  cr_text_add(out, ",\"seed\":%" PRIu64 "},", side->s->seed);
}

static void one_sided_policies(const struct cr_compared *a, const struct cr_compared *b, struct cr_text *out)
{
  for (uint32_t r = 0; r < a->s->n_run; r++)
    if (partner(a->s, r, b->s) == CR_NONE)
      cr_text_add(out, "policy %s is in %s alone\n", a->s->run[r].policy, a->name);
}

static void one_sided_clients(const struct cr_compared *a, const struct cr_compared *b, struct cr_text *out)
{
  for (uint32_t c = 0; a->s->n_run && b->s->n_run && c < a->s->n_client; c++)
    if (!find_client(b->s, 0, a->s->run[0].client[c].name))
      cr_text_add(out, "client %s is in %s alone\n", a->s->run[0].client[c].name, a->name);
}

static void one_backend(const struct cr_compared *a, const struct cr_compared *b, struct cr_text *out)
{
  for (uint32_t r = 0; r < a->s->n_run; r++) {
    uint32_t k = partner(a->s, r, b->s);
    if (k == CR_NONE)
      continue;
    const struct cr_run_summary *x = &a->s->run[r], *y = &b->s->run[k];
    if (strcmp(x->policy, y->policy) != 0)
      cr_text_add(out, "the policies differ: A is %s, B is %s\n", x->policy, y->policy);
    if (strcmp(x->backend, y->backend) != 0)
      cr_text_add(out, "%s: A ran on backend %s, B on %s\n", x->policy, x->backend, y->backend);
    if (x->outcome != CR_DONE || y->outcome != CR_DONE)
      cr_text_add(out, "%s: results are partial (A %s, B %s)\n", x->policy, cr_outcome_name[x->outcome],
                  cr_outcome_name[y->outcome]);
  }
}

void cr_compare_notes(const struct cr_compared *a, const struct cr_compared *b, struct cr_text *out)
{
  const struct cr_summary *x = a->s, *y = b->s;
  if (strcmp(x->scenario, y->scenario) != 0)
    cr_text_add(out, "the runs are of different scenarios, A of %s, B of %s: clients are matched by their names\n",
                x->scenario, y->scenario);
  else if (x->workload_hash != y->workload_hash)
    cr_text_add(out, "the scenario is %s in both, but what it loads is not the same\n", x->scenario);
  if (x->seed != y->seed)
    cr_text_add(out, "the seeds differ: A has %" PRIu64 ", B %" PRIu64 "\n", x->seed, y->seed);
  if (strcmp(x->version, y->version) != 0 || strcmp(x->git, y->git) != 0)
    cr_text_add(out, "the programs differ: A is by corun %s (%s), B by corun %s (%s)\n", x->version, x->git, y->version,
                y->git);
  one_backend(a, b, out);
  one_sided_policies(a, b, out);
  one_sided_policies(b, a, out);
  one_sided_clients(a, b, out);
  one_sided_clients(b, a, out);
  struct each e = {.row = count_row};
  go_through(&e, x, y);
  if (e.n_other)
    cr_text_add(out, "%" PRIu32 " of %" PRIu32 " numbers differ\n", e.n_other, e.n);
  else
    cr_text_add(out, "none of %" PRIu32 " numbers differs\n", e.n);
}

static void compare_table(const struct cr_compared *a, const struct cr_compared *b, enum cr_table_look look,
                          struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "policy", 1}, {NULL, "of", 1}, {NULL, "metric", 1},    {NULL, "unit", 1},
    {NULL, "A", 0},      {NULL, "B", 0},  {NULL, "B to A, %", 0},
  };
  struct cr_table t;
  struct each e = {.row = table_row, .table = &t};
  cr_table_begin(&t, column, sizeof column / sizeof *column, (int)look);
  go_through(&e, a->s, b->s);
  cr_table_end(&t, out);
}

void cr_report_compare(const struct cr_compared *a, const struct cr_compared *b, enum cr_format format,
                       enum cr_table_look look, struct cr_text *out)
{
  struct each e = {.row = format == CR_CSV ? csv_row : json_row, .out = out};
  if (format == CR_TABLE) {
    if (look != CR_TABLE_HTML) {
      cr_text_add(out, "A: %s: %s\nB: %s: %s\n", a->name, a->s->command, b->name, b->s->command);
      cr_compare_notes(a, b, out);
      cr_text_add(out, "\n");
    }
    compare_table(a, b, look, out);
    return;
  }
  if (format == CR_CSV) {
    cr_text_add(out, "policy,of,name,metric,a,b,difference_ratio\n");
    go_through(&e, a->s, b->s);
    return;
  }
  cr_text_add(out, "{\"schema\":\"corun-compare\",\"schema_version\":1,");
  json_side("a", a, out);
  json_side("b", b, out);
  struct cr_text notes = {0};
  cr_compare_notes(a, b, &notes);
  cr_text_add(out, "\n  \"notes\":");
  cr_text_add_json(out, notes.s ? notes.s : "");
  out->failed |= notes.failed;
  cr_text_fini(&notes);
  cr_text_add(out, ",\n  \"rows\":[");
  go_through(&e, a->s, b->s);
  cr_text_add(out, "]}\n");
}
