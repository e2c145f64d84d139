/* page_data.c - the data of a page's script.
 *
 * Times are ns, as integers below 2^53.  Lists of numbers lie flat, so many to an entry, to keep a page small:
 *   clients  [name, class, model, is_job] each; elsewhere a client is a place in this list
 *   spans    client, stream, start, duration, how it ended (enum cr_span_end)
 *   cdf      of each client: share of its requests in 1/10000, latency; at most CDF_POINTS
 *   jobs     client, submitted, started, ready, admitted, ended (-1: never), how (enum cr_job_end)
 *   use      time, and share from the entry before to this one, in 1/10000: of time with work, of SMs (-1: nobody saw it)
 *   memory   time, bytes held, bytes reserved, from then on
 *   parts    where spans were left out: of each client, and of each stream, which share of each part of time it had, in percent */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "pages/page_int.h"
#include "pages/spans.h"

enum { CDF_POINTS = 200, TAIL_POINTS = 50 };

uint32_t cr_page_stride(const struct cr_page_file *f)
{
  return (f->n_client + CR_PAGE_CLIENTS - 1) / CR_PAGE_CLIENTS + (f->n_client == 0);
}

static void key(struct cr_text *out, const char *name)
{
  cr_text_add(out, ",\"%s\":", name);
}

static void add_clients(const struct cr_page_file *f, struct cr_text *out)
{
  uint32_t stride = cr_page_stride(f);
  cr_text_add(out, "\"n_client\":%u,\"clients\":[", f->n_client);
  for (uint32_t c = 0; c < f->n_client; c += stride) {
    cr_text_add(out, "%s[", c ? "," : "");
    cr_text_add_json(out, f->client[c].name);
    cr_text_add(out, ",\"%s\",", f->client[c].class == CR_RT ? "rt" : "be");
    cr_text_add_json(out, f->client[c].model);
    cr_text_add(out, ",%d]", f->client[c].is_job);
  }
  cr_text_add(out, "]");
}

/* Share i of those at which a distribution is told: evenly up to 90 %, then more closely. */
static uint32_t share_of(uint32_t i)
{
  uint32_t body = CDF_POINTS - TAIL_POINTS;
  return i < body ? i * 9000 / body : 9000 + (i - body + 1) * 1000 / TAIL_POINTS;
}

/* Of ascending numbers: the least that is not less than such a share of them, as reports have quantiles. */
static void add_cdf(const cr_ns *ns, uint64_t n, struct cr_text *out)
{
  cr_text_add(out, "[");
  for (uint64_t i = 0; n <= CDF_POINTS && i < n; i++)
    cr_text_add(out, "%s%" PRIu64 ",%" PRId64, i ? "," : "", (i + 1) * 10000 / n, ns[i]);
  for (uint32_t i = 0; n > CDF_POINTS && i < CDF_POINTS; i++) {
    uint64_t rank = (share_of(i) * n + 9999) / 10000;
    cr_text_add(out, "%s%u,%" PRId64, i ? "," : "", share_of(i), ns[rank ? rank - 1 : 0]);
  }
  cr_text_add(out, "]");
}

static int add_latencies(const struct cr_page_file *f, uint32_t run, struct cr_text *out, struct cr_err *err)
{
  struct cr_rundb_latencies l;
  int rc = cr_rundb_latencies(f->db, run, &l, err);
  if (rc != CR_OK)
    return rc;
  uint32_t stride = cr_page_stride(f);
  key(out, "cdf");
  cr_text_add(out, "[");
  for (uint32_t c = 0; c < f->n_client; c += stride) {
    cr_text_add(out, c ? "," : "");
    add_cdf(l.ns + l.begin[c], f->client[c].is_job ? 0 : l.begin[c + 1] - l.begin[c], out);
  }
  cr_text_add(out, "]");
  cr_mem_free(l.ns);
  cr_mem_free(l.begin);
  return CR_OK;
}

static int by_time(const void *a, const void *b)
{
  cr_ns x = *(const cr_ns *)a, y = *(const cr_ns *)b;
  return x < y ? -1 : x > y;
}

/* Of those done: one distribution of how long they took, and one of how long they were made to wait. */
static void add_job_cdfs(const struct cr_job_result *job, uint32_t n, cr_ns *time_ns, struct cr_text *out)
{
  for (int waits = 0; waits < 2; waits++) {
    uint64_t n_done = 0;
    for (uint32_t c = 0; c < n; c++)
      if (job[c].how == CR_JOB_DONE)
        time_ns[n_done++] = waits ? job[c].start_ns - job[c].submit_ns + job[c].admit_ns - job[c].ready_ns
                                  : job[c].end_ns - job[c].submit_ns;
    if (n_done)
      qsort(time_ns, n_done, sizeof *time_ns, by_time);
    key(out, waits ? "queuing" : "jct");
    add_cdf(time_ns, n_done, out);
  }
}

static void add_job_rows(const struct cr_page_file *f, const struct cr_job_result *job, struct cr_text *out)
{
  uint32_t stride = cr_page_stride(f), n = 0;
  key(out, "jobs");
  cr_text_add(out, "[");
  for (uint32_t c = 0; c < f->n_client; c += stride) {
    const struct cr_job_result *j = &job[c];
    if (j->how >= CR_N_JOB_END)
      continue;
    const cr_ns at_ns[] = {j->submit_ns, j->start_ns, j->ready_ns, j->admit_ns, j->end_ns};
    cr_text_add(out, "%s%u", n++ ? "," : "", c / stride);
    for (int i = 0; i < 5; i++)
      cr_text_add(out, ",%" PRId64, at_ns[i] == CR_NS_NEVER ? -1 : at_ns[i]);
    cr_text_add(out, ",%d", (int)j->how);
  }
  cr_text_add(out, "]");
}

static int add_jobs(const struct cr_page_file *f, uint32_t run, struct cr_text *out, struct cr_err *err)
{
  struct cr_job_result *job = NULL;
  uint32_t n = 0;
  int rc = cr_rundb_jobs(f->db, run, &job, &n, err);
  if (rc != CR_OK)
    return rc;
  cr_ns *time_ns = cr_mem_new(n, sizeof *time_ns);
  if (time_ns) {
    add_job_rows(f, job, out);
    add_job_cdfs(job, n, time_ns, out);
  } else {
    rc = cr_fail_nomem(err, "the jobs of a page");
  }
  cr_mem_free(time_ns);
  cr_mem_free(job);
  return rc;
}

/* -1 for what nobody saw. */
static void add_share(struct cr_text *out, double part_ns, double whole_ns)
{
  if (isnan(part_ns))
    cr_text_add(out, ",-1");
  else
    cr_text_add(out, ",%.0f", fmin(fmax(1e4 * part_ns / whole_ns, 0), 1e4));
}

static int add_use(const struct cr_page_file *f, uint32_t run, uint32_t device, struct cr_text *out, struct cr_err *err)
{
  struct cr_rundb_curve c;
  int rc = cr_rundb_read_use(f->db, run, device, &c, err);
  if (rc != CR_OK)
    return rc;
  key(out, "use");
  cr_text_add(out, "[");
  for (uint32_t i = 1; i < c.n; i++) {
    const struct cr_rundb_point *from = &c.point[i - 1], *to = &c.point[i];
    double span_ns = (double)(to->at_ns - from->at_ns);
    cr_text_add(out, "%s%" PRId64, i > 1 ? "," : "", to->at_ns);
    add_share(out, to->value[0] - from->value[0], span_ns);
    add_share(out, to->value[1] - from->value[1], span_ns);
  }
  cr_text_add(out, "]");
  cr_mem_free(c.point);
  return CR_OK;
}

static int add_memory(const struct cr_page_file *f, uint32_t run, uint32_t device, struct cr_text *out,
                      struct cr_err *err)
{
  struct cr_rundb_curve c;
  int rc = cr_rundb_read_memory_curve(f->db, run, device, &c, err);
  if (rc != CR_OK)
    return rc;
  key(out, "memory");
  cr_text_add(out, "[");
  for (uint32_t i = 0; i < c.n; i++)
    cr_text_add(out, "%s%" PRId64 ",%.0f,%.0f", i ? "," : "", c.point[i].at_ns, c.point[i].value[0],
                c.point[i].value[1]);
  cr_text_add(out, "]");
  cr_mem_free(c.point);
  return CR_OK;
}

static int add_devices(const struct cr_page_file *f, uint32_t run, struct cr_text *out, struct cr_err *err)
{
  int rc = CR_OK;
  uint32_t first = 0, n = 0;
  while (first < f->s.n_device && !f->s.run[run].device[first].name)
    first++;
  key(out, "devices");
  cr_text_add(out, "[");
  for (uint32_t d = first; rc == CR_OK && d < f->s.n_device; d++) {
    const struct cr_device_summary *device = &f->s.run[run].device[d];
    if (!device->name)
      continue;
    cr_text_add(out, "%s{\"name\":", n++ ? "," : "");
    cr_text_add_json(out, device->name);
    key(out, "is_node");
    cr_text_add(out, "%d", device->is_node);
    rc = add_use(f, run, d, out, err);
    rc = rc ? rc : add_memory(f, run, d, out, err);
    cr_text_add(out, "}");
  }
  cr_text_add(out, "]");
  return rc;
}

/* What share of each part of time the spans of each row have: added up in busy[n_row][CR_PAGE_PARTS], in ns. */
static void add_up(double *busy_ns, uint32_t row, const struct cr_span *span, cr_ns from_ns, double part_ns)
{
  double start = (double)(cr_max_ns(span->start_ns, from_ns) - from_ns), end = (double)(span->end_ns - from_ns);
  for (int64_t i = (int64_t)(start / part_ns); i < CR_PAGE_PARTS && (double)i * part_ns < end; i++) {
    double left = fmax(start, (double)i * part_ns), right = fmin(end, (double)(i + 1) * part_ns);
    busy_ns[(size_t)row * CR_PAGE_PARTS + (size_t)i] += fmax(right - left, 0);
  }
}

static void add_rows(const double *busy_ns, uint32_t n_row, double part_ns, struct cr_text *out)
{
  cr_text_add(out, "[");
  for (uint32_t row = 0; row < n_row; row++) {
    cr_text_add(out, row ? ",[" : "[");
    for (uint32_t i = 0; i < CR_PAGE_PARTS; i++)
      cr_text_add(out, "%s%.0f", i ? "," : "",
                  fmin(ceil(100 * busy_ns[(size_t)row * CR_PAGE_PARTS + i] / part_ns), 100));
    cr_text_add(out, "]");
  }
  cr_text_add(out, "]");
}

static int add_parts(const struct cr_page_file *f, const struct cr_spans *s, cr_ns from_ns, cr_ns to_ns,
                     struct cr_text *out, struct cr_err *err)
{
  uint32_t stride = cr_page_stride(f), n_client = (f->n_client + stride - 1) / stride, n_row = n_client + s->n_stream;
  double part_ns = fmax((double)(to_ns - from_ns) / CR_PAGE_PARTS, 1);
  double *busy_ns = cr_mem_new((size_t)n_row * CR_PAGE_PARTS, sizeof *busy_ns);
  if (!busy_ns)
    return cr_fail_nomem(err, "the timeline of a page");
  for (uint64_t i = 0; i < s->n; i++) {
    if (s->span[i].client % stride == 0)
      add_up(busy_ns, s->span[i].client / stride, &s->span[i], from_ns, part_ns);
    add_up(busy_ns, n_client + s->span[i].stream, &s->span[i], from_ns, part_ns);
  }
  key(out, "parts");
  cr_text_add(out, "{\"ns\":%.3f,\"clients\":", part_ns);
  add_rows(busy_ns, n_client, part_ns, out);
  key(out, "streams");
  add_rows(busy_ns + (size_t)n_client * CR_PAGE_PARTS, s->n_stream, part_ns, out);
  cr_text_add(out, "}");
  cr_mem_free(busy_ns);
  return CR_OK;
}

static void add_span_list(const struct cr_page_file *f, const struct cr_spans *s, struct cr_text *out)
{
  uint32_t stride = cr_page_stride(f), n = 0;
  key(out, "spans");
  cr_text_add(out, "[");
  for (uint64_t i = 0; i < s->n; i++) {
    const struct cr_span *span = &s->span[i];
    if (span->client % stride == 0)
      cr_text_add(out, "%s%u,%u,%" PRId64 ",%" PRId64 ",%d", n++ ? "," : "", span->client / stride, span->stream,
                  span->start_ns, span->end_ns - span->start_ns, (int)span->how);
  }
  cr_text_add(out, "]");
  key(out, "streams");
  cr_text_add(out, "[");
  for (uint32_t i = 0; i < s->n_stream; i++)
    cr_text_add(out, "%s%u", i ? "," : "", s->stream_device[i]);
  cr_text_add(out, "]");
}

static int add_spans(const struct cr_page *p, const struct cr_page_file *f, uint32_t run, struct cr_text *out,
                     struct cr_err *err)
{
  struct cr_note *note = NULL;
  uint64_t n_note = 0;
  uint32_t n_run = 0;
  struct cr_spans s = {0};
  cr_ns from_ns = p->cfg->from_ns, to_ns = cr_min_ns(p->cfg->to_ns, f->s.run[run].end_ns);
  for (uint32_t i = 0; i < p->n_file; i++)
    n_run += p->file[i].s.n_run;
  int rc = cr_rundb_read_notes(f->db, run, &note, &n_note, err);
  rc = rc ? rc : cr_spans_make(note, n_note, from_ns, to_ns, &s, err);
  cr_mem_free(note);
  for (uint64_t i = 0; rc == CR_OK && i < s.n; i++)
    if (s.span[i].client >= f->n_client)
      rc = cr_fail(err, CR_EINPUT, "%s: is damaged: its ledger names a client that is not there; do the run again",
                   f->name);
  if (rc == CR_OK) {
    uint64_t most = CR_PAGE_SPANS / n_run < CR_PAGE_SPANS_RUN ? CR_PAGE_SPANS / n_run : CR_PAGE_SPANS_RUN, n = s.n;
    if (n > most)
      rc = add_parts(f, &s, from_ns, to_ns, out, err);
    uint64_t gone = cr_spans_keep(&s, most);
    key(out, "n_span");
    cr_text_add(out, "%" PRIu64 ",\"n_left_out\":%" PRIu64 ",\"from_ns\":%" PRId64 ",\"to_ns\":%" PRId64, n, gone,
                from_ns, to_ns);
    add_span_list(f, &s, out);
  }
  cr_spans_fini(&s);
  return rc;
}

static int add_run(const struct cr_page *p, uint32_t file, uint32_t run, struct cr_text *out, struct cr_err *err)
{
  const struct cr_page_file *f = &p->file[file];
  cr_text_add(out, "\n{\"file\":%u,\"run\":%u,\"policy\":", file, run);
  cr_text_add_json(out, f->s.run[run].policy);
  int rc = add_spans(p, f, run, out, err);
  rc = rc ? rc : add_devices(f, run, out, err);
  rc = rc ? rc : add_latencies(f, run, out, err);
  if (rc == CR_OK && f->s.run[run].jobs.total.n)
    rc = add_jobs(f, run, out, err);
  cr_text_add(out, "}");
  return rc;
}

int cr_page_data(const struct cr_page *p, struct cr_text *out, struct cr_err *err)
{
  struct cr_text t = {0};
  int rc = CR_OK;
  uint32_t n = 0;
  cr_text_add(&t, "{\"files\":[");
  for (uint32_t i = 0; i < p->n_file; i++) {
    const struct cr_page_file *f = &p->file[i];
    cr_text_add(&t, "%s{\"name\":", i ? "," : "");
    cr_text_add_json(&t, f->name);
    cr_text_add(&t, ",");
    add_clients(f, &t);
    key(&t, "report");
    cr_report(&f->s, CR_JSON, 0, &t);
    cr_text_add(&t, "}");
  }
  cr_text_add(&t, "],\"runs\":[");
  for (uint32_t i = 0; i < p->n_file; i++)
    for (uint32_t r = 0; rc == CR_OK && r < p->file[i].s.n_run; r++) {
      cr_text_add(&t, n++ ? "," : "");
      rc = add_run(p, i, r, &t, err);
    }
  cr_text_add(&t, "]}");
  /* Within an element of a script nothing may look like its end; < stands in strings alone. */
  for (size_t i = 0; rc == CR_OK && !t.failed && i < t.n; i++)
    if (t.s[i] == '<')
      cr_text_add(out, "\\u003c");
    else
      cr_text_add_bytes(out, t.s + i, 1);
  if (rc == CR_OK && t.failed)
    rc = cr_fail_nomem(err, "the data of a page");
  cr_text_fini(&t);
  return rc;
}
