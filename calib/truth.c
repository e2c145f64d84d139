/* truth.c - reads measured co-run tables.
 *
 * Rows are read in the table's order, joined with their arrival times, and then gathered into groups.  Sorting is by text
 * and ends with the line number, so that the result depends on the file alone. */
#include "config.h"

#include "calib/truth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/mem.h"
#include "traces/csv.h"

const char *const cr_truth_metric_name[CR_N_TRUTH] = {"mean", "p50", "p95", "p99"};
const char *const cr_truth_policy_name[CR_N_TRUTH_POLICY] = {
  "streams", "priority-streams", "rt-only", "timeslice", "mps", "mps,percent=25",
};

/* Values of the column `mode`. */
static const struct mode {
  const char *name;
  enum cr_truth_policy policy;
} modes[] = {
  {"timeslice", CR_TRUTH_TIMESLICE}, {"mps", CR_TRUTH_MPS},
  {"alone", CR_TRUTH_STREAMS},       {"mps-alone", CR_TRUTH_MPS},
  {"mps-alone-25", CR_TRUTH_MPS_25},
};

/* Longer times are taken for a mistake of unit. */
#define TIME_MAX_S 1e6

struct arrival {
  const char *scenario;
  cr_ns at_ns;
  uint32_t client, line;
};

struct reader {
  struct cr_arena *arena;
  const struct cr_truth *first; /* whose second measurement this is; NULL: a table of its own */
  const char **column;          /* [n_column] of the table's file */
  uint32_t n_column;
  struct cr_csv *csv;
  const char *path, *arrivals_path;
  struct cr_truth_row *row;
  uint32_t n_row, row_cap;
  struct arrival *arrival;
  uint32_t n_arrival, arrival_cap;
};

struct columns {
  int mode; /* -1: not a table of processes, and all of those that follow are there */
  int scenario, policy, client, model, priority, arrival, rate, phase, duration, throughput, ms[CR_N_TRUTH];
};

/* --- fields --------------------------------------------------------------------------------------------------------- */

static int bad(const struct reader *r, struct cr_err *err, const char *column, const char *want)
{
  return cr_fail(err, CR_EINPUT, "%s:%u: %s is '%s'; it must be %s", cr_csv_path(r->csv), cr_csv_line(r->csv), column,
                 cr_csv_field(r->csv, cr_csv_column(r->csv, column)), want);
}

/* A number from lo to hi; an empty field is fallback as it is. */
static int number(const struct reader *r, int column, double lo, double hi, double fallback, const char *want,
                  double *out, struct cr_err *err)
{
  double x;
  int rc = cr_csv_f64(r->csv, column, fallback, &x, err);
  if (rc != CR_OK)
    return rc;
  if (*cr_csv_field(r->csv, column) && !(x >= lo && x <= hi))
    return bad(r, err, cr_csv_name(r->csv, (uint32_t)column), want);
  *out = x;
  return CR_OK;
}

static int whole(const struct reader *r, int column, int64_t lo, int64_t hi, int64_t fallback, const char *want,
                 int64_t *out, struct cr_err *err)
{
  int64_t x;
  int rc = cr_csv_i64(r->csv, column, fallback, &x, err);
  if (rc != CR_OK)
    return rc;
  if (x < lo || x > hi)
    return bad(r, err, cr_csv_name(r->csv, (uint32_t)column), want);
  *out = x;
  return CR_OK;
}

static int seconds(const struct reader *r, int column, double lo, double fallback, const char *want, cr_ns *out,
                   struct cr_err *err)
{
  double s = 0;
  int rc = number(r, column, lo, TIME_MAX_S, fallback, want, &s, err);
  if (rc != CR_OK)
    return rc;
  *out = (cr_ns)llround(s * 1e9);
  return CR_OK;
}

static int client_number(const struct reader *r, int column, uint32_t *out, struct cr_err *err)
{
  int64_t x;
  if (!*cr_csv_field(r->csv, column))
    return bad(r, err, cr_csv_name(r->csv, (uint32_t)column), "a client's number, from 0");
  int rc = whole(r, column, 0, 1000000, 0, "a client's number, from 0", &x, err);
  if (rc == CR_OK)
    *out = (uint32_t)x;
  return rc;
}

/* The field as a string of the arena; the one before is used again when it is the same, as it mostly is. */
static int text(const struct reader *r, int column, const char *before, const char **out, struct cr_err *err)
{
  const char *s = cr_csv_field(r->csv, column);
  if (!*s)
    return bad(r, err, cr_csv_name(r->csv, (uint32_t)column), "a name");
  *out = before && strcmp(before, s) == 0 ? before : cr_arena_text(r->arena, s);
  return *out ? CR_OK : cr_fail_nomem(err, cr_csv_path(r->csv));
}

static int grow(void *list, uint32_t n, uint32_t *cap, size_t size, struct cr_err *err)
{
  void **p = list;
  if (n < *cap)
    return CR_OK;
  uint32_t more = *cap ? *cap * 2 : 256;
  void *bigger = cr_mem_resize(*p, more, size);
  if (!bigger)
    return cr_fail_nomem(err, "a table of measurements");
  *p = bigger;
  *cap = more;
  return CR_OK;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

static int find_columns(const struct reader *r, struct columns *c, struct cr_err *err)
{
  const struct {
    const char *name;
    int *column;
    int processes; /* is in their tables, too */
  } need[] = {{"scenario", &c->scenario, 1}, {"policy", &c->policy, 0},
              {"client", &c->client, 0},     {"model", &c->model, 1},
              {"arrival", &c->arrival, 0},   {"duration_s", &c->duration, 0},
              {"mean_ms", &c->ms[CR_TRUTH_MEAN], 1}};
  c->mode = cr_csv_column(r->csv, "mode");
  for (size_t i = 0; i < sizeof need / sizeof need[0]; i++) {
    if (c->mode >= 0 && !need[i].processes)
      continue;
    int rc = cr_csv_need(r->csv, need[i].name, need[i].column, err);
    if (rc != CR_OK)
      return rc;
  }
  c->priority = cr_csv_column(r->csv, "priority");
  c->rate = cr_csv_column(r->csv, "rate_per_s");
  c->phase = cr_csv_column(r->csv, "phase_s");
  c->throughput = cr_csv_column(r->csv, "throughput_per_s");
  c->ms[CR_TRUTH_P50] = cr_csv_column(r->csv, "p50_ms");
  c->ms[CR_TRUTH_P95] = cr_csv_column(r->csv, "p95_ms");
  c->ms[CR_TRUTH_P99] = cr_csv_column(r->csv, "p99_ms");
  return CR_OK;
}

static int keep_columns(struct reader *r, struct cr_err *err)
{
  r->n_column = cr_csv_n_column(r->csv);
  r->column = cr_arena_take(r->arena, r->n_column, sizeof *r->column);
  if (!r->column)
    return cr_fail_nomem(err, r->path);
  for (uint32_t i = 0; i < r->n_column; i++) {
    r->column[i] = cr_arena_text(r->arena, cr_csv_name(r->csv, i));
    if (!r->column[i])
      return cr_fail_nomem(err, r->path);
  }
  return CR_OK;
}

/* A second measurement has the columns of the first, in any order. */
static int same_columns(const struct reader *r, struct cr_err *err)
{
  for (uint32_t i = 0; i < r->first->n_column; i++)
    if (cr_csv_column(r->csv, r->first->column[i]) < 0)
      return cr_fail(err, CR_EINPUT,
                     "%s:%u: has no column \"%s\", unlike %s; a second measurement has the same columns", r->path,
                     cr_csv_line(r->csv), r->first->column[i], r->first->path);
  for (uint32_t i = 0; i < r->n_column; i++) {
    uint32_t k = 0;
    while (k < r->first->n_column && strcmp(r->first->column[k], r->column[i]) != 0)
      k++;
    if (k == r->first->n_column)
      return cr_fail(err, CR_EINPUT, "%s:%u: has a column \"%s\", unlike %s; a second measurement has the same columns",
                     r->path, cr_csv_line(r->csv), r->column[i], r->first->path);
  }
  return CR_OK;
}

static int policy_and_arrival(const struct reader *r, const struct columns *c, struct cr_truth_row *row,
                              struct cr_err *err)
{
  const char *s = cr_csv_field(r->csv, c->policy);
  uint32_t i = 0;
  while (i <= CR_TRUTH_RT_ONLY && strcmp(s, cr_truth_policy_name[i]) != 0)
    i++;
  if (i > CR_TRUTH_RT_ONLY)
    return bad(r, err, "policy", "streams, priority-streams or rt-only");
  row->policy = (enum cr_truth_policy)i;

  s = cr_csv_field(r->csv, c->arrival);
  if (strcmp(s, "closed") == 0)
    row->arrival = CR_ARRIVE_CLOSED;
  else if (strcmp(s, "uniform") == 0)
    row->arrival = CR_ARRIVE_UNIFORM;
  else if (strcmp(s, "poisson") == 0)
    row->arrival = CR_ARRIVE_POISSON;
  else
    return bad(r, err, "arrival", "closed, uniform or poisson");
  if (row->policy == CR_TRUTH_RT_ONLY && row->arrival == CR_ARRIVE_CLOSED)
    return bad(r, err, "arrival", "uniform or poisson under rt-only, which has the open clients alone");
  return CR_OK;
}

static int measurements(const struct reader *r, const struct columns *c, struct cr_truth_row *row, struct cr_err *err)
{
  row->again_per_s = NAN;
  for (int m = 0; m < CR_N_TRUTH; m++) {
    row->measured_ms[m] = row->again_ms[m] = NAN;
    int rc = number(r, c->ms[m], 1e-6, TIME_MAX_S * 1e3, NAN, "a time over 0", &row->measured_ms[m], err);
    if (rc != CR_OK)
      return rc;
  }
  if (isnan(row->measured_ms[CR_TRUTH_MEAN]))
    return bad(r, err, "mean_ms", "there in every row");
  row->measured_per_s = NAN;
  return number(r, c->throughput, 1e-9, 1e9, NAN, "a rate over 0", &row->measured_per_s, err);
}

static int load(const struct reader *r, const struct columns *c, struct cr_truth_row *row, struct cr_err *err)
{
  int64_t priority = 0;
  int rc = whole(r, c->priority, -1000, 1000, 0, "a CUDA stream priority, such as 0 or -3", &priority, err);
  row->priority = (int32_t)priority;
  if (rc == CR_OK)
    rc = number(r, c->rate, 1e-6, CR_RATE_MAX_PER_S, 0, "a rate from 1e-6 to 1e6 a second", &row->rate_per_s, err);
  if (rc == CR_OK)
    rc = seconds(r, c->phase, 0, 0, "a time from 0 on", &row->phase_ns, err);
  if (rc == CR_OK && !*cr_csv_field(r->csv, c->duration))
    rc = bad(r, err, "duration_s", "there in every row");
  if (rc == CR_OK)
    rc = seconds(r, c->duration, 1e-6, 0, "a time from 1e-6 s to 1e6 s", &row->duration_ns, err);
  return rc;
}

static int process_mode(const struct reader *r, const struct columns *c, struct cr_truth_row *row, struct cr_err *err)
{
  const char *s = cr_csv_field(r->csv, c->mode);
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp(s, modes[i].name) == 0) {
      row->policy = modes[i].policy;
      return CR_OK;
    }
  return bad(r, err, "mode", "timeslice, mps, alone, mps-alone or mps-alone-25");
}

/* What the table of processes does not say of a row. */
static int process_row(struct reader *r, const struct columns *c, struct cr_truth_row *row, struct cr_err *err)
{
  int rc = process_mode(r, c, row, err);
  if (rc != CR_OK)
    return rc;
  row->arrival = CR_ARRIVE_CLOSED;
  row->duration_ns = CR_TRUTH_PROCESS_NS;
  for (uint32_t i = 0; i < r->n_row; i++)
    row->client += r->row[i].policy == row->policy && strcmp(r->row[i].scenario, row->scenario) == 0;
  if (strstr(row->model, "-bs"))
    return CR_OK;
  char model[256];
  snprintf(model, sizeof model, "%.200s-bs1-fp32", row->model);
  row->model = cr_arena_text(r->arena, model);
  return row->model ? CR_OK : cr_fail_nomem(err, r->path);
}

static int stream_row(const struct reader *r, const struct columns *c, struct cr_truth_row *row, struct cr_err *err)
{
  int rc = client_number(r, c->client, &row->client, err);
  if (rc == CR_OK)
    rc = policy_and_arrival(r, c, row, err);
  return rc == CR_OK ? load(r, c, row, err) : rc;
}

static int one_row(struct reader *r, const struct columns *c, struct cr_err *err)
{
  int rc = grow(&r->row, r->n_row, &r->row_cap, sizeof *r->row, err);
  if (rc != CR_OK)
    return rc;
  const char *before = r->n_row ? r->row[r->n_row - 1].scenario : NULL;
  struct cr_truth_row *row = &r->row[r->n_row];
  *row = (struct cr_truth_row){.line = cr_csv_line(r->csv)};
  rc = text(r, c->scenario, before, &row->scenario, err);
  if (rc == CR_OK)
    rc = text(r, c->model, NULL, &row->model, err);
  if (rc == CR_OK)
    rc = c->mode >= 0 ? process_row(r, c, row, err) : stream_row(r, c, row, err);
  if (rc == CR_OK)
    rc = measurements(r, c, row, err);
  if (rc == CR_OK)
    r->n_row++;
  return rc;
}

static int read_table(struct reader *r, struct cr_err *err)
{
  struct columns c;
  int rc = cr_csv_open(r->path, &r->csv, err);
  if (rc != CR_OK)
    return rc;
  rc = keep_columns(r, err);
  if (rc == CR_OK && r->first)
    rc = same_columns(r, err);
  if (rc == CR_OK)
    rc = find_columns(r, &c, err);
  int more = 0;
  while (rc == CR_OK && (more = cr_csv_next(r->csv, err)) > 0)
    rc = one_row(r, &c, err);
  if (rc == CR_OK && more < 0)
    rc = more;
  cr_csv_close(r->csv);
  r->csv = NULL;
  if (rc != CR_OK || r->n_row)
    return rc;
  return cr_fail(err, CR_EINPUT, "%s: has no rows below its header; give a measured table", r->path);
}

/* --- arrivals ------------------------------------------------------------------------------------------------------- */

static int read_arrivals(struct reader *r, struct cr_err *err)
{
  int scenario = -1, client = -1, at = -1;
  int rc = cr_csv_open(r->arrivals_path, &r->csv, err);
  if (rc != CR_OK)
    return rc;
  rc = cr_csv_need(r->csv, "scenario", &scenario, err);
  if (rc == CR_OK)
    rc = cr_csv_need(r->csv, "client", &client, err);
  if (rc == CR_OK)
    rc = cr_csv_need(r->csv, "arrival_s", &at, err);
  int more = 0;
  while (rc == CR_OK && (more = cr_csv_next(r->csv, err)) > 0) {
    rc = grow(&r->arrival, r->n_arrival, &r->arrival_cap, sizeof *r->arrival, err);
    if (rc != CR_OK)
      break;
    struct arrival *a = &r->arrival[r->n_arrival];
    *a = (struct arrival){.line = cr_csv_line(r->csv)};
    rc = text(r, scenario, r->n_arrival ? a[-1].scenario : NULL, &a->scenario, err);
    if (rc == CR_OK)
      rc = client_number(r, client, &a->client, err);
    if (rc == CR_OK && !*cr_csv_field(r->csv, at))
      rc = bad(r, err, "arrival_s", "a time from 0 on");
    if (rc == CR_OK)
      rc = seconds(r, at, 0, 0, "a time from 0 on", &a->at_ns, err);
    if (rc == CR_OK)
      r->n_arrival++;
  }
  if (rc == CR_OK && more < 0)
    rc = more;
  cr_csv_close(r->csv);
  r->csv = NULL;
  return rc;
}

static int by_client(const void *a, const void *b)
{
  const struct arrival *x = a, *y = b;
  int order = strcmp(x->scenario, y->scenario);
  if (order == 0)
    order = (x->client > y->client) - (x->client < y->client);
  return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int of_client(const void *key, const void *b)
{
  const struct cr_truth_row *row = key;
  const struct arrival *y = b;
  int order = strcmp(row->scenario, y->scenario);
  return order ? order : (row->client > y->client) - (row->client < y->client);
}

static int sort_arrivals(struct reader *r, struct cr_err *err)
{
  if (r->n_arrival)
    qsort(r->arrival, r->n_arrival, sizeof *r->arrival, by_client);
  for (uint32_t i = 1; i < r->n_arrival; i++) {
    const struct arrival *a = &r->arrival[i - 1], *b = &r->arrival[i];
    if (a->client == b->client && strcmp(a->scenario, b->scenario) == 0 && b->at_ns < a->at_ns)
      return cr_fail(err, CR_EINPUT, "%s:%u: arrives before line %u, client %u of '%s'; times must ascend",
                     r->arrivals_path, b->line, a->line, b->client, b->scenario);
  }
  return CR_OK;
}

/* The times of a row's client, copied; none is no error here. */
static int join(const struct reader *r, struct cr_truth_row *row, struct cr_err *err)
{
  const struct arrival *hit =
    r->n_arrival ? bsearch(row, r->arrival, r->n_arrival, sizeof *r->arrival, of_client) : NULL;
  if (!hit)
    return CR_OK;
  const struct arrival *end = r->arrival + r->n_arrival;
  while (hit > r->arrival && of_client(row, hit - 1) == 0)
    hit--;
  const struct arrival *last = hit;
  while (last < end && of_client(row, last) == 0)
    last++;
  row->n_at = (uint32_t)(last - hit);
  cr_ns *at = cr_arena_take(r->arena, row->n_at, sizeof *at);
  if (!at)
    return cr_fail_nomem(err, r->arrivals_path);
  for (uint32_t i = 0; i < row->n_at; i++)
    at[i] = hit[i].at_ns;
  row->at_ns = at;
  return CR_OK;
}

static int join_all(const struct reader *r, struct cr_err *err)
{
  for (uint32_t i = 0; i < r->n_row; i++) {
    struct cr_truth_row *row = &r->row[i];
    if (row->arrival == CR_ARRIVE_CLOSED)
      continue;
    int rc = join(r, row, err);
    if (rc != CR_OK)
      return rc;
    if (row->at_ns || (row->arrival == CR_ARRIVE_UNIFORM && row->rate_per_s > 0))
      continue;
    if (row->arrival == CR_ARRIVE_UNIFORM)
      return cr_fail(err, CR_EINPUT,
                     "%s:%u: uniform client %u of '%s' has neither rate_per_s nor arrival times; give one", r->path,
                     row->line, row->client, row->scenario);
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: poisson client %u of '%s' has no arrival times%s%s; give a file that has them "
                   "with --arrivals",
                   r->path, row->line, row->client, row->scenario, r->arrivals_path ? " in " : "",
                   r->arrivals_path ? r->arrivals_path : "");
  }
  return CR_OK;
}

/* --- groups --------------------------------------------------------------------------------------------------------- */

struct head {
  const struct cr_truth_row *row;
  uint32_t line; /* least of the group */
};

static int together(const struct cr_truth_row *a, const struct cr_truth_row *b)
{
  return a->policy == b->policy && strcmp(a->scenario, b->scenario) == 0;
}

static int of_run(const void *a, const void *b)
{
  const struct cr_truth_row *x = a, *y = b;
  int order = strcmp(x->scenario, y->scenario);
  if (order == 0)
    order = (x->policy > y->policy) - (x->policy < y->policy);
  return order ? order : (x->client > y->client) - (x->client < y->client);
}

static int by_run(const void *a, const void *b)
{
  const struct cr_truth_row *x = a, *y = b;
  int order = of_run(x, y);
  return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int by_line(const void *a, const void *b)
{
  const struct head *x = a, *y = b;
  return (x->line > y->line) - (x->line < y->line);
}

/* What must hold between neighbours of one group. */
static int check_pair(const struct reader *r, const struct cr_truth_row *a, const struct cr_truth_row *b,
                      struct cr_err *err)
{
  if (a->client == b->client)
    return cr_fail(err, CR_EINPUT, "%s:%u: client %u of '%s' under %s is in line %u already; number clients from 0",
                   r->path, b->line, b->client, b->scenario, cr_truth_policy_name[b->policy], a->line);
  if (a->duration_ns != b->duration_ns)
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: duration_s differs from that of line %u, which ran together with it; make them "
                   "equal",
                   r->path, b->line, a->line);
  return CR_OK;
}

/* Sorts the rows so that groups lie together; *n_head of them are found. */
static int find_groups(struct reader *r, struct head *head, uint32_t *n_head, struct cr_err *err)
{
  qsort(r->row, r->n_row, sizeof *r->row, by_run);
  uint32_t n = 0;
  for (uint32_t i = 0; i < r->n_row; i++) {
    const struct cr_truth_row *row = &r->row[i];
    if (i == 0 || !together(row - 1, row)) {
      head[n++] = (struct head){row, row->line};
      continue;
    }
    int rc = check_pair(r, row - 1, row, err);
    if (rc != CR_OK)
      return rc;
    head[n - 1].line = cr_min_u32(head[n - 1].line, row->line);
  }
  *n_head = n;
  return CR_OK;
}

static int gather(struct reader *r, struct cr_truth *t, struct cr_err *err)
{
  struct head *head = cr_arena_take(r->arena, r->n_row, sizeof *head);
  struct cr_truth_row *row = cr_arena_take(r->arena, r->n_row, sizeof *row);
  struct cr_truth_group *group = cr_arena_take(r->arena, r->n_row, sizeof *group);
  if (!head || !row || !group)
    return cr_fail_nomem(err, r->path);
  int rc = find_groups(r, head, &t->n_group, err);
  if (rc != CR_OK)
    return rc;
  qsort(head, t->n_group, sizeof *head, by_line);
  const struct cr_truth_row *end = r->row + r->n_row;
  for (uint32_t g = 0; g < t->n_group; g++) {
    group[g].first = t->n_row;
    for (const struct cr_truth_row *from = head[g].row; from < end && together(head[g].row, from); from++)
      row[t->n_row++] = *from;
    group[g].n_row = t->n_row - group[g].first;
  }
  t->row = row;
  t->group = group;
  return CR_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

/* The file of that name in the table's folder; NULL when it is not there. */
static int beside(const char *table, const char *name, struct cr_arena *arena, const char **out, struct cr_err *err)
{
  const char *slash = strrchr(table, '/');
  size_t n = slash ? (size_t)(slash - table) + 1 : 0;
  char *path = cr_arena_take(arena, n + strlen(name) + 1, 1);
  if (!path)
    return cr_fail_nomem(err, table);
  memcpy(path, table, n);
  memcpy(path + n, name, strlen(name) + 1);
  *out = access(path, F_OK) == 0 ? path : NULL;
  return CR_OK;
}

static int read_all(struct reader *r, struct cr_truth *t, const char *arrivals_path, struct cr_err *err)
{
  int rc = read_table(r, err);
  if (rc != CR_OK)
    return rc;
  r->arrivals_path = arrivals_path;
  if (!arrivals_path)
    rc = beside(r->path, "arrivals.csv", r->arena, &r->arrivals_path, err);
  if (rc == CR_OK && r->arrivals_path)
    rc = read_arrivals(r, err);
  if (rc == CR_OK)
    rc = sort_arrivals(r, err);
  if (rc == CR_OK)
    rc = join_all(r, err);
  if (rc == CR_OK)
    rc = gather(r, t, err);
  if (rc != CR_OK)
    return rc;
  t->column = r->column;
  t->n_column = r->n_column;
  t->path = cr_arena_text(r->arena, r->path);
  if (r->arrivals_path)
    t->arrivals_path = cr_arena_text(r->arena, r->arrivals_path);
  return !t->path || (r->arrivals_path && !t->arrivals_path) ? cr_fail_nomem(err, r->path) : CR_OK;
}

int cr_truth_read(const char *path, const char *arrivals_path, struct cr_truth **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_truth *t = arena ? cr_arena_take(arena, 1, sizeof *t) : NULL;
  if (!t) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, path);
  }
  t->arena = arena;
  struct reader r = {.arena = arena, .path = path};
  int rc = read_all(&r, t, arrivals_path, err);
  cr_mem_free(r.row);
  cr_mem_free(r.arrival);
  if (rc == CR_OK)
    *out = t;
  else
    cr_truth_free(t);
  return rc;
}

void cr_truth_free(struct cr_truth *t)
{
  if (t)
    cr_arena_free(t->arena);
}

/* --- the second measurement ------------------------------------------------------------------------------------------- */

/* The column in which rows of the same client differ that should have been the same run; NULL: none. */
static const char *differs(const struct cr_truth_row *a, const struct cr_truth_row *b)
{
  if (strcmp(a->model, b->model) != 0)
    return "model";
  if (a->priority != b->priority)
    return "priority";
  if (a->arrival != b->arrival)
    return "arrival";
  if (a->rate_per_s < b->rate_per_s || a->rate_per_s > b->rate_per_s)
    return "rate_per_s";
  if (a->phase_ns != b->phase_ns)
    return "phase_s";
  return a->duration_ns != b->duration_ns ? "duration_s" : NULL;
}

/* Writes what rows of r, sorted, say of the table's rows into row[], a copy of those. */
static int pair_up(const struct reader *r, struct cr_truth_row *row, uint32_t *n_pair, struct cr_err *err)
{
  for (uint32_t i = 0; i < r->first->n_row; i++) {
    const struct cr_truth_row *hit = bsearch(&row[i], r->row, r->n_row, sizeof *r->row, of_run);
    if (!hit)
      continue;
    const char *column = differs(&row[i], hit);
    if (column)
      return cr_fail(err, CR_EINPUT,
                     "%s:%u: %s differs from line %u of %s, the same client of '%s'; a second measurement is of the "
                     "same runs",
                     r->path, hit->line, column, row[i].line, r->first->path, hit->scenario);
    memcpy(row[i].again_ms, hit->measured_ms, sizeof row[i].again_ms);
    row[i].again_per_s = hit->measured_per_s;
    ++*n_pair;
  }
  return CR_OK;
}

static int take_again(struct reader *r, struct cr_truth *t, struct cr_err *err)
{
  int rc = read_table(r, err);
  if (rc != CR_OK)
    return rc;
  struct head *head = cr_arena_take(r->arena, r->n_row, sizeof *head);
  struct cr_truth_row *row = cr_arena_take(r->arena, t->n_row, sizeof *row);
  const char *path = cr_arena_text(r->arena, r->path);
  if (!head || !row || !path)
    return cr_fail_nomem(err, r->path);
  uint32_t n_head, n_pair = 0;
  memcpy(row, t->row, t->n_row * sizeof *row);
  rc = find_groups(r, head, &n_head, err); /* for its order, and what it refuses */
  if (rc == CR_OK)
    rc = pair_up(r, row, &n_pair, err);
  if (rc != CR_OK)
    return rc;
  t->row = row;
  t->again_path = path;
  t->n_again_left = r->n_row - n_pair;
  return CR_OK;
}

int cr_truth_read_again(struct cr_truth *t, const char *path, struct cr_err *err)
{
  int rc = path ? CR_OK : beside(t->path, "again.csv", t->arena, &path, err);
  if (rc != CR_OK || !path)
    return rc;
  struct reader r = {.arena = t->arena, .path = path, .first = t};
  rc = take_again(&r, t, err);
  cr_mem_free(r.row);
  return rc;
}
