/* scenario_client.c - one entry of a scenario's `clients` into the workload: who, what, how urgent, and when. */
#include "config.h"

#include "sim/nearest.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/csv.h"
#include "traces/gz.h"
#include "traces/scenario_int.h"

#include <stdio.h>
#include <string.h>

enum {
  DEPTH_MAX = 1024,     /* requests in flight of one client */
  COPIES_MAX = 1024,    /* of one client */
  THREAD_MAX = 1000000, /* numbers of launch threads */
  WEIGHT_MAX = 1000000, /* a share below a millionth is no share */
  PATH = 64             /* "clients[4294967295].max_requests" */
};
static const int64_t SCALE_MIN_PPM = 1000, SCALE_MAX_PPM = INT64_C(1000000000); /* 0.001 to 1000 */
static const cr_ns PERIOD_MIN_NS = 1000; /* CR_RATE_MAX_PER_S */
static const int64_t REQUESTS_MAX = INT64_C(4000000000); /* fits its 32 bits beside CR_NONE */

/* The place of a member of the i-th client. */
static const char *member(uint32_t i, const char *key, char buf[PATH])
{
  snprintf(buf, PATH, "clients[%u].%s", i, key);
  return buf;
}

/* -- arrivals ------------------------------------------------------------------------------------------------------ */

/* Which keys go with which arrival. */
static const struct arrival_key {
  const char *key;
  size_t at; /* char * in client_yaml */
  unsigned kinds;
} ARRIVAL_KEY[] = {
  {"depth", offsetof(struct client_yaml, depth), 1u << CR_ARRIVE_CLOSED},
  {"rate", offsetof(struct client_yaml, rate), 1u << CR_ARRIVE_UNIFORM | 1u << CR_ARRIVE_POISSON},
  {"phase", offsetof(struct client_yaml, phase),
   1u << CR_ARRIVE_CLOSED | 1u << CR_ARRIVE_UNIFORM | 1u << CR_ARRIVE_POISSON},
  {"late", offsetof(struct client_yaml, late),
   1u << CR_ARRIVE_UNIFORM | 1u << CR_ARRIVE_POISSON | 1u << CR_ARRIVE_TRACE | 1u << CR_ARRIVE_AFTER},
  {"times", offsetof(struct client_yaml, times), 1u << CR_ARRIVE_TRACE},
  {"file", offsetof(struct client_yaml, file), 1u << CR_ARRIVE_TRACE},
  {"merge", offsetof(struct client_yaml, merge), 1u << CR_ARRIVE_TRACE},
  {"scale", offsetof(struct client_yaml, scale), 1u << CR_ARRIVE_TRACE},
};

static int is_given(const struct client_yaml *c, const struct arrival_key *key)
{
  return *(char *const *)(const void *)((const char *)c + key->at) != NULL;
}

/* A key that another arrival has, not this one, was meant for that other one. */
static int check_keys(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                      enum cr_arrival_kind kind, struct cr_err *err)
{
  for (size_t k = 0; k < sizeof ARRIVAL_KEY / sizeof ARRIVAL_KEY[0]; k++) {
    const struct arrival_key *key = &ARRIVAL_KEY[k];
    char path[PATH];
    if (!is_given(c, key) || key->kinds & 1u << kind)
      continue;
    struct cr_text fit = {0};
    for (unsigned other = 0; other < CR_ARRIVE_AT; other++)
      if (key->kinds & 1u << other)
        cr_text_add(&fit, "%s%s", fit.n ? " or " : "", cr_arrival_name[other]);
    int rc = cr_yaml_fail(
      r->y, member(i, key->key, path), err, "%s: a client of arrival %s%s has no '%s'; it goes with arrival: %s", path,
      cr_arrival_name[kind], c->arrival || c->after ? "" : " (the default)", key->key, fit.s ? fit.s : "");
    cr_text_fini(&fit);
    return rc;
  }
  return CR_OK;
}

static int parse_kind(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                      enum cr_arrival_kind *out, struct cr_err *err)
{
  char path[PATH];
  *out = c->after ? CR_ARRIVE_AFTER : CR_ARRIVE_CLOSED;
  if (c->after && c->arrival)
    return cr_yaml_fail(r->y, member(i, "after", path), err,
                        "%s: a client that comes after others has no arrival of its own; remove one of them", path);
  if (!c->arrival)
    return CR_OK;
  for (unsigned k = 0; k < CR_ARRIVE_AT; k++)
    if (strcmp(c->arrival, cr_arrival_name[k]) == 0) {
      *out = (enum cr_arrival_kind)k;
      return CR_OK;
    }
  const char *near = cr_nearest(c->arrival, cr_arrival_name, CR_ARRIVE_AT);
  member(i, "arrival", path);
  if (near)
    return cr_yaml_fail(r->y, path, err, "%s: there is no arrival '%s'; did you mean '%s'?", path, c->arrival, near);
  return cr_yaml_fail(r->y, path, err, "%s: there is no arrival '%s'; there are: closed, uniform, poisson, trace", path,
                      c->arrival);
}

/* Uniform arrivals without a rate come at the client's period, to the nanosecond. */
static int parse_period(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                        struct cr_arrival_spec *out, struct cr_err *err)
{
  char path[PATH];
  int rc = cr_scenario_time(r, member(i, "period", path), c->period, 1, &out->period_ns, err);
  if (!rc && out->period_ns < PERIOD_MIN_NS)
    rc = cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; a period is 1 us at least", path, c->period);
  if (!rc)
    out->rate_per_s = 1e9 / (double)out->period_ns;
  return rc;
}

static int parse_rate(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, double *out,
                      struct cr_err *err)
{
  char path[PATH], client[PATH];
  double rate = 0;
  member(i, "rate", path);
  if (!c->rate) {
    snprintf(client, sizeof client, "clients[%u]", i);
    return cr_yaml_fail(r->y, client, err, "'rate' is missing in %s; add it, such as rate: 100/s", client);
  }
  int rc = cr_parse_rate(c->rate, path, &rate, err);
  if (rc)
    return cr_scenario_at(r, path, rc, err);
  if (!(rate > 0) || rate > CR_RATE_MAX_PER_S)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; a rate is larger than 0/s and at most 1000000/s",
                        path, c->rate);
  *out = rate;
  return CR_OK;
}

/* A list of times as it grows. */
struct times {
  cr_ns *at_ns;
  uint32_t n, cap;
};

/* Adds one time in order; where it stands is the caller's to say. */
static int add_time(struct times *t, const char *text, const char *what, struct cr_err *err)
{
  cr_ns at_ns;
  int rc = cr_parse_ns(text, what, &at_ns, err);
  if (rc)
    return rc;
  if (t->n && at_ns < t->at_ns[t->n - 1])
    return cr_fail(err, CR_EINPUT, "%s: '%s' is before the time above it; times must ascend", what, text);
  if (t->n == t->cap) {
    uint32_t cap = t->cap ? 2 * t->cap : 64;
    cr_ns *grown = cap > t->cap ? cr_mem_resize(t->at_ns, cap, sizeof *grown) : NULL;
    if (!grown)
      return cr_fail_nomem(err, what);
    t->at_ns = grown;
    t->cap = cap;
  }
  t->at_ns[t->n++] = at_ns;
  return CR_OK;
}

static int read_list(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct times *t,
                     struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t k = 0; !rc && k < c->n_times; k++) {
    char path[PATH];
    snprintf(path, sizeof path, "clients[%u].times[%u]", i, k);
    rc = cr_scenario_at(r, path, add_time(t, c->times[k], path, err), err);
  }
  return rc;
}

/* A CSV table with a column arrival_s, in seconds. */
static int read_csv(const char *path, struct times *t, struct cr_err *err)
{
  struct cr_csv *csv;
  int column, rc = cr_csv_open(path, &csv, err);
  if (rc)
    return rc;
  rc = cr_csv_need(csv, "arrival_s", &column, err);
  for (int more; !rc && (more = cr_csv_next(csv, err)) != 0;) {
    char text[64], what[400];
    if (more < 0) {
      rc = more;
      break;
    }
    snprintf(text, sizeof text, "%ss", cr_csv_field(csv, column));
    snprintf(what, sizeof what, "%s:%u: arrival_s", path, cr_csv_line(csv));
    rc = add_time(t, text, what, err);
  }
  cr_csv_close(csv);
  return rc;
}

/* Lines of one time each; empty ones and those that begin with # are left out. */
static int read_lines(const char *path, char *text, struct times *t, struct cr_err *err)
{
  uint32_t line = 1;
  int rc = CR_OK;
  for (char *next; !rc && text; text = next, line++) {
    char what[400];
    next = strchr(text, '\n');
    if (next)
      *next++ = '\0';
    size_t n = strcspn(text, "\r");
    text[n] = '\0';
    if (!*text || *text == '#')
      continue;
    snprintf(what, sizeof what, "%s:%u", path, line);
    rc = add_time(t, text, what, err);
  }
  return rc;
}

static int read_file(const struct scenario_reader *r, const char *path, struct times *t, struct cr_err *err)
{
  const char *file = cr_scenario_path(r, path);
  struct cr_text text = {0};
  if (!file)
    return cr_fail_nomem(err, path);
  int rc = cr_gz_slurp(file, &text, err);
  if (!rc && text.failed)
    rc = cr_fail_nomem(err, file);
  if (!rc && text.s) {
    char *end = strchr(text.s, '\n');
    size_t n = end ? (size_t)(end - text.s) : text.n;
    char *header = strstr(text.s, "arrival_s");
    int is_csv = header && (size_t)(header - text.s) < n;
    rc = is_csv ? read_csv(file, t, err) : read_lines(file, text.s, t, err);
  }
  cr_text_fini(&text);
  return rc;
}

/* The times of another file go among those that are there; of equal ones those that were there first. */
static int merge_file(const struct scenario_reader *r, const char *file, struct times *t, struct cr_err *err)
{
  struct times more = {0}, all = {0};
  int rc = read_file(r, file, &more, err);
  all.n = all.cap = t->n + more.n;
  if (!rc && all.n < t->n)
    rc = cr_fail(err, CR_EINPUT, "there are more times than any run has");
  if (!rc && !(all.at_ns = cr_mem_new((size_t)all.n + 1, sizeof *all.at_ns)))
    rc = cr_fail_nomem(err, file);
  for (uint32_t i = 0, k = 0; !rc && i + k < all.n;) {
    int is_old = k == more.n || (i < t->n && t->at_ns[i] <= more.at_ns[k]);
    all.at_ns[i + k] = is_old ? t->at_ns[i] : more.at_ns[k];
    i += (uint32_t)is_old;
    k += (uint32_t)!is_old;
  }
  cr_mem_free(more.at_ns);
  if (rc) {
    cr_mem_free(all.at_ns);
    return rc;
  }
  cr_mem_free(t->at_ns);
  *t = all;
  return CR_OK;
}

static int merge_files(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct times *t,
                       struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t k = 0; !rc && k < c->n_merge; k++) {
    char path[PATH];
    snprintf(path, sizeof path, "clients[%u].merge[%u]", i, k);
    rc = cr_scenario_at(r, path, merge_file(r, c->merge[k], t, err), err);
  }
  return rc;
}

/* All times, from 0 on, by a factor: half of it is twice the rate. */
static int scale_times(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct times *t,
                       struct cr_err *err)
{
  char path[PATH];
  int64_t ppm = 0;
  if (!c->scale)
    return CR_OK;
  int rc = cr_parse_factor(c->scale, member(i, "scale", path), &ppm, err);
  if (rc)
    return cr_scenario_at(r, path, rc, err);
  if (ppm < SCALE_MIN_PPM || ppm > SCALE_MAX_PPM)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible; times are scaled by 0.001 to 1000", path, c->scale);
  for (uint32_t k = 0; k < t->n; k++)
    t->at_ns[k] = cr_muldiv(t->at_ns[k], ppm, 1000000);
  return CR_OK;
}

static int parse_times(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct times *t,
                       struct cr_err *err)
{
  char path[PATH];
  snprintf(path, sizeof path, "clients[%u]", i);
  if (!c->times == !c->file)
    return cr_yaml_fail(r->y, path, err,
                        "%s: arrival trace takes its times from either 'times' or 'file'; give one of them", path);
  int rc = c->times ? read_list(r, i, c, t, err) : read_file(r, c->file, t, err);
  member(i, c->times ? "times" : "file", path);
  if (rc)
    return c->times ? rc : cr_scenario_at(r, path, rc, err);
  if (t->n == 0)
    return cr_yaml_fail(r->y, path, err, "%s: there are no times in it", path);
  rc = merge_files(r, i, c, t, err);
  rc = rc ? rc : scale_times(r, i, c, t, err);
  if (rc)
    return rc;
  if (t->at_ns[0] >= r->duration_ns)
    return cr_yaml_fail(r->y, path, err, "%s: the first time is not before the end of the run", path);
  return CR_OK;
}

static int parse_late(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, enum cr_late *out,
                      struct cr_err *err)
{
  char path[PATH];
  for (int k = 0; k < CR_N_LATE; k++)
    if (strcmp(c->late, cr_late_name[k]) == 0) {
      *out = (enum cr_late)k;
      return CR_OK;
    }
  return cr_yaml_fail(
    r->y, member(i, "late", path), err,
    "%s: '%s' is none of queue, wait (one request at a time, none left out) and drop (the newest alone)", path,
    c->late);
}

static int parse_arrival(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct times *t,
                         struct cr_arrival_spec *out, struct cr_err *err)
{
  char path[PATH];
  int64_t depth = 1;
  int rc = parse_kind(r, i, c, &out->kind, err);
  rc = rc ? rc : check_keys(r, i, c, out->kind, err);
  if (!rc && c->depth)
    rc = cr_scenario_count(r, member(i, "depth", path), c->depth, 1, DEPTH_MAX, &depth, err);
  out->depth = (uint32_t)depth;
  if (!rc && c->period && !c->rate && out->kind == CR_ARRIVE_UNIFORM)
    rc = parse_period(r, i, c, out, err);
  else if (!rc && (out->kind == CR_ARRIVE_UNIFORM || out->kind == CR_ARRIVE_POISSON))
    rc = parse_rate(r, i, c, &out->rate_per_s, err);
  if (!rc && out->kind == CR_ARRIVE_TRACE)
    rc = parse_times(r, i, c, t, err);
  out->at_ns = t->at_ns;
  out->n_at = t->n;
  out->after = (const char *const *)c->after;
  out->n_after = c->n_after;
  if (!rc && c->late)
    rc = parse_late(r, i, c, &out->late, err);
  if (!rc && c->phase) {
    rc = cr_scenario_time(r, member(i, "phase", path), c->phase, 0, &out->phase_ns, err);
    if (!rc && out->phase_ns >= r->duration_ns)
      rc = cr_yaml_fail(r->y, path, err, "%s: '%s' is not before the end of the run", path, c->phase);
  }
  return rc;
}

/* -- who ----------------------------------------------------------------------------------------------------------- */

static int parse_class(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, enum cr_class *out,
                       struct cr_err *err)
{
  char path[PATH];
  *out = CR_BE;
  if (!c->class || strcmp(c->class, "be") == 0)
    return CR_OK;
  *out = CR_RT;
  if (strcmp(c->class, "rt") == 0)
    return CR_OK;
  return cr_yaml_fail(r->y, member(i, "class", path), err, "%s: '%s' is neither rt (real-time) nor be (best-effort)",
                      path, c->class);
}

static int parse_priority(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c, int32_t *out,
                          struct cr_err *err)
{
  char path[PATH];
  int64_t priority = 0;
  if (!c->priority)
    return CR_OK;
  int rc = cr_parse_int(c->priority, member(i, "priority", path), &priority, err);
  if (rc)
    return cr_scenario_at(r, path, rc, err);
  if (priority > r->device->priority_least || priority < r->device->priority_greatest)
    return cr_yaml_fail(r->y, path, err, "%s: '%s' is not possible on device %s; it must be from %d (goes first) to %d",
                        path, c->priority, r->device->name, r->device->priority_greatest, r->device->priority_least);
  *out = (int32_t)priority;
  return CR_OK;
}

static int parse_numbers(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                         struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  int64_t weight = 1, max_requests = CR_NONE;
  int rc = CR_OK;
  out->deadline_ns = CR_NS_NEVER;
  if (c->weight)
    rc = cr_scenario_count(r, member(i, "weight", path), c->weight, 1, WEIGHT_MAX, &weight, err);
  if (!rc && c->max_requests)
    rc = cr_scenario_count(r, member(i, "max_requests", path), c->max_requests, 1, REQUESTS_MAX, &max_requests, err);
  if (!rc && c->deadline)
    rc = cr_scenario_time(r, member(i, "deadline", path), c->deadline, 1, &out->deadline_ns, err);
  if (!rc && c->bound)
    rc = cr_scenario_time(r, member(i, "bound", path), c->bound, 1, &out->bound_ns, err);
  out->weight = (uint32_t)weight;
  out->max_requests = (uint32_t)max_requests;
  return rc;
}

/* Of eager programs: who launches them, and whether they wait for the device. */
static int parse_host(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                      struct cr_client_spec *out, struct cr_err *err)
{
  char path[PATH];
  int64_t thread = 0;
  int rc = CR_OK;
  if (c->thread)
    rc = cr_scenario_count(r, member(i, "thread", path), c->thread, 1, THREAD_MAX, &thread, err);
  out->thread = (uint32_t)thread;
  if (rc || !c->sync)
    return rc;
  out->sync = strcmp(c->sync, "yes") == 0 ? CR_YES : strcmp(c->sync, "no") == 0 ? CR_NO : CR_UNSAID;
  if (out->sync != CR_UNSAID)
    return CR_OK;
  return cr_yaml_fail(r->y, member(i, "sync", path), err,
                      "%s: '%s' is neither yes (the program waits for the device at the end of a request) nor no", path,
                      c->sync);
}

/* Names are printed in tables and used in paths: no blanks or control characters, and not too long. */
static int check_name(const struct scenario_reader *r, const char *path, const char *name, struct cr_err *err)
{
  size_t n = strlen(name);
  for (const char *p = name; *p; p++)
    if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("[]=,", *p))
      return cr_yaml_fail(r->y, path, err, "%s: '%s' has a blank or one of [ ] = , in it; use letters, digits, - and _",
                          path, name);
  if (n == 0 || n > 80)
    return cr_yaml_fail(r->y, path, err, "%s: a name has 1 to 80 characters", path);
  return CR_OK;
}

/* Adds the client, or its copies name-0, name-1, ... */
static int add_copies(struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct cr_client_spec *spec,
                      struct cr_err *err)
{
  char path[PATH], name[96];
  int64_t n_copy = 1;
  const char *base = c->name ? c->name : c->model;
  member(i, c->name ? "name" : "model", path);
  int rc = check_name(r, path, base, err);
  if (!rc && c->copies)
    rc = cr_scenario_count(r, member(i, "copies", path), c->copies, 1, COPIES_MAX, &n_copy, err);
  member(i, c->name ? "name" : "model", path);
  r->n_client += (uint32_t)n_copy;
  for (int64_t k = 0; !rc && k < n_copy; k++) {
    cr_client added;
    spec->name = base;
    if (c->copies) {
      snprintf(name, sizeof name, "%s-%d", base, (int)k);
      spec->name = name;
    }
    rc = cr_scenario_at(r, path, cr_workload_add_client(r->builder, spec, &added, err), err);
  }
  return rc;
}

int cr_scenario_add_client(struct scenario_reader *r, uint32_t i, const struct client_yaml *c, struct cr_err *err)
{
  char path[PATH];
  struct cr_client_spec spec = {0};
  struct times times = {0};
  int rc = cr_scenario_model(r, member(i, "model", path), c->model, &spec.model, err);
  rc = rc ? rc : parse_class(r, i, c, &spec.class, err);
  rc = rc ? rc : parse_priority(r, i, c, &spec.priority, err);
  rc = rc ? rc : parse_numbers(r, i, c, &spec, err);
  rc = rc ? rc : parse_host(r, i, c, &spec, err);
  rc = rc ? rc : cr_scenario_client_job(r, i, c, &spec, err);
  rc = rc ? rc : cr_scenario_client_stages(r, i, c, &spec, err);
  rc = rc ? rc : cr_scenario_client_actual(r, i, c, &spec, err);
  if (!rc && !spec.job.iterations)
    rc = parse_arrival(r, i, c, &times, &spec.arrival, err);
  rc = rc ? rc : cr_scenario_client_period(r, i, c, &spec, err);
  rc = rc ? rc : cr_scenario_client_batch(r, i, c, &spec, err);
  rc = rc ? rc : add_copies(r, i, c, &spec, err);
  cr_mem_free(times.at_ns);
  return rc;
}
