/* memory_recording.c - recordings of an allocator into memory curves.
 *
 * What is in use is the sum of what was given out since the recording began, so that 0 stands for what is held between
 * iterations.  Where more is given back than was given out within, the rest was held before: it counts as held, and the
 * report says so. */
#include "config.h"

#include "traces/memory_recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/unit.h"
#include "traces/csv.h"
#include "traces/memory_table.h"

enum { NAME_MAX_BYTES = 80 };

static const int64_t MOST_BYTES = INT64_C(1) << 50;
static const int64_t LONGEST_US = INT64_C(86400) * 1000000; /* of an iteration: longer is not one */

/* What an event's action does to the bytes in use. */
struct action {
  const char *name;
  int sign;
};

static const struct action ACTION[] = {
  {"alloc", 1},        {"free_completed", -1}, {"free", -1},         {"free_requested", 0}, {"segment_alloc", 0},
  {"segment_free", 0}, {"segment_map", 0},     {"segment_unmap", 0}, {"snapshot", 0},
};
enum { N_ACTION = sizeof ACTION / sizeof ACTION[0] };

struct reader {
  struct cr_csv *csv;
  const struct cr_memory_recording_options *opt;
  struct cr_text *out, *report;
  struct cr_err *err;
  int workload, model, batch, time_us, action, bytes; /* columns; -1: it has none */
  /* Of the workload being read. */
  char name[NAME_MAX_BYTES + 8]; /* "": none yet */
  int64_t first_us, last_us, in_use, least, peak;
  uint64_t n_event;
  struct cr_memory_step *step; /* [n_step] */
  uint32_t n_step, step_cap;
};

/* -- a workload that is whole -------------------------------------------------------------------------------------- */

static void report_bytes(struct cr_text *out, const char *before, int64_t bytes)
{
  char size[40];
  cr_text_add(out, "%s%s", before, cr_format_bytes(bytes, size, sizeof size));
}

/* Against what the table of workloads declares. */
static void report_declared(struct reader *r, int64_t peak)
{
  const struct cr_iteration_row *row = r->opt->table ? cr_iteration_table_find(r->opt->table, r->name) : NULL;
  if (!row || row->ephemeral_bytes == CR_UNKNOWN || row->ephemeral_bytes == peak)
    return;
  report_bytes(r->report, "; declared are ", row->ephemeral_bytes);
  double percent = peak > 0 ? 100.0 * ((double)row->ephemeral_bytes / (double)peak - 1) : 0;
  if (peak > 0)
    cr_text_add(r->report, ", %.1f %% %s", percent < 0 ? -percent : percent, percent < 0 ? "less" : "more");
}

/* The state at the iteration's end is that of the next one's beginning; what was higher at that instant was so before. */
static void cut_end(struct reader *r, cr_ns span_ns)
{
  if (r->step[r->n_step - 1].at_ns == span_ns)
    r->n_step--;
  for (; r->step[r->n_step - 1].at_ns == span_ns; r->n_step--)
    if (r->step[r->n_step - 2].bytes < r->step[r->n_step - 1].bytes)
      r->step[r->n_step - 2].bytes = r->step[r->n_step - 1].bytes;
}

static int end_workload(struct reader *r)
{
  struct cr_memory_curve whole, curve;
  cr_ns span_ns = (r->last_us - r->first_us) * 1000;
  if (!*r->name)
    return CR_OK;
  if (span_ns == 0 || r->peak <= 0)
    return cr_fail(r->err, CR_EINPUT,
                   "%s: of workload %s nothing is given out over any time; it is no recording of an iteration",
                   cr_csv_path(r->csv), r->name);
  cut_end(r, span_ns);
  int rc = cr_memory_curve_join(r->step, &r->n_step, span_ns, UINT32_MAX, r->err);
  if (!rc && cr_memory_curve_make(r->step, r->n_step, span_ns, &whole))
    rc = cr_fail(r->err, CR_EINPUT, "%s: workload %s has no steps in order of time", cr_csv_path(r->csv), r->name);
  rc = rc ? rc : cr_memory_curve_join(r->step, &r->n_step, span_ns, r->opt->max_steps, r->err);
  if (!rc && cr_memory_curve_make(r->step, r->n_step, span_ns, &curve))
    rc = cr_fail(r->err, CR_EINPUT, "%s: workload %s has no steps", cr_csv_path(r->csv), r->name);
  if (rc)
    return rc;
  cr_memory_table_print(r->name, &curve, r->out);
  cr_text_add(r->report, "%s: %" PRIu64 " events in %.3f ms, %u steps", r->name, r->n_event, (double)span_ns / 1e6,
              curve.n_step);
  report_bytes(r->report, ", peak ", curve.peak_bytes);
  report_bytes(r->report, ", mean ", curve.mean_bytes);
  if (curve.mean_bytes > whole.mean_bytes)
    cr_text_add(r->report, " (%.1f %% by fewer steps)",
                100.0 * ((double)curve.mean_bytes / (double)whole.mean_bytes - 1));
  report_declared(r, curve.peak_bytes);
  if (r->least < 0)
    report_bytes(r->report, "; of what was held before, given back within: ", -r->least);
  if (r->in_use > 0)
    report_bytes(r->report, "; still in use at its end: ", r->in_use);
  cr_text_add(r->report, "\n");
  return CR_OK;
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static int bad_row(const struct reader *r, const char *fmt, const char *text)
{
  char sentence[200];
  snprintf(sentence, sizeof sentence, fmt, text);
  return cr_fail(r->err, CR_EINPUT, "%s:%u: %s", cr_csv_path(r->csv), cr_csv_line(r->csv), sentence);
}

static void name_row(const struct reader *r, char out[NAME_MAX_BYTES + 8])
{
  const char *batch = cr_csv_field(r->csv, r->batch);
  if (r->opt->name)
    snprintf(out, NAME_MAX_BYTES + 8, "%.84s", r->opt->name);
  else if (r->workload >= 0)
    snprintf(out, NAME_MAX_BYTES + 8, "%.84s", cr_csv_field(r->csv, r->workload));
  else
    snprintf(out, NAME_MAX_BYTES + 8, "%.70s%s%.12s", cr_csv_field(r->csv, r->model), *batch ? "_" : "", batch);
}

static int add_step(struct reader *r, cr_ns at_ns, int64_t bytes)
{
  if (r->n_step == r->step_cap) {
    uint32_t cap = r->step_cap ? 2 * r->step_cap : 4096;
    struct cr_memory_step *grown = cap > r->step_cap ? cr_mem_resize(r->step, cap, sizeof *grown) : NULL;
    if (!grown)
      return cr_fail_nomem(r->err, cr_csv_path(r->csv));
    r->step = grown;
    r->step_cap = cap;
  }
  r->step[r->n_step++] = (struct cr_memory_step){at_ns, bytes};
  return CR_OK;
}

static int begin_workload(struct reader *r, const char *name, int64_t time_us)
{
  if (!*name || strlen(name) > NAME_MAX_BYTES || strpbrk(name, " \t\r\n[]=,\""))
    return bad_row(r, "\"%.90s\" is no name of a workload: 1 to 80 characters without blanks or [ ] = , \"", name);
  if (cr_names_find(r->opt->taken, name) != CR_NONE)
    return bad_row(r, "workload %.90s was there before; its events must stand together, in one file", name);
  if (r->opt->table && !cr_iteration_table_find(r->opt->table, name)) {
    int rc = cr_iteration_table_no(r->opt->table, name, r->err);
    return cr_fail_in(r->err, rc, "%s:%u", cr_csv_path(r->csv), cr_csv_line(r->csv));
  }
  if (cr_names_put(r->opt->taken, name) == CR_NONE)
    return cr_fail_nomem(r->err, cr_csv_path(r->csv));
  snprintf(r->name, sizeof r->name, "%s", name);
  r->first_us = r->last_us = time_us;
  r->in_use = r->least = r->peak = 0;
  r->n_event = 0;
  r->n_step = 0;
  return add_step(r, 0, 0);
}

static int find_action(const struct reader *r, int *sign)
{
  const char *name = cr_csv_field(r->csv, r->action);
  for (int i = 0; i < N_ACTION; i++)
    if (strcmp(ACTION[i].name, name) == 0) {
      *sign = ACTION[i].sign;
      return CR_OK;
    }
  return bad_row(r, "action \"%.60s\" is none of an allocator's: alloc and free_completed are read", name);
}

static int add_row(struct reader *r)
{
  char name[NAME_MAX_BYTES + 8];
  int64_t time_us = 0, bytes = 0;
  int sign = 0;
  int rc = find_action(r, &sign);
  rc = rc ? rc : cr_csv_i64(r->csv, r->time_us, -1, &time_us, r->err);
  rc = rc ? rc : cr_csv_i64(r->csv, r->bytes, -1, &bytes, r->err);
  if (rc)
    return rc;
  if (time_us < 0 || bytes < 0 || bytes > MOST_BYTES)
    return bad_row(r, "%s must be given, and not be negative", time_us < 0 ? "time_us" : "bytes (of at most 1 PiB)");
  name_row(r, name);
  if (!*r->name || strcmp(name, r->name) != 0) {
    rc = end_workload(r);
    rc = rc ? rc : begin_workload(r, name, time_us);
    if (rc)
      return rc;
  }
  if (time_us < r->last_us || time_us - r->first_us > LONGEST_US)
    return bad_row(r, "time_us %s",
                   time_us < r->last_us ? "goes back; events must be in order of time"
                                        : "is more than a day after the first; that is no iteration");
  r->last_us = time_us;
  r->n_event++;
  if (sign == 0)
    return CR_OK;
  r->in_use = cr_ns_add(r->in_use, sign * bytes); /* saturates */
  r->least = r->in_use < r->least ? r->in_use : r->least;
  r->peak = r->in_use > r->peak ? r->in_use : r->peak;
  return add_step(r, (time_us - r->first_us) * 1000, r->in_use > 0 ? r->in_use : 0);
}

static int find_columns(struct reader *r)
{
  int rc = cr_csv_need(r->csv, "time_us", &r->time_us, r->err);
  rc = rc ? rc : cr_csv_need(r->csv, "action", &r->action, r->err);
  rc = rc ? rc : cr_csv_need(r->csv, "bytes", &r->bytes, r->err);
  r->workload = cr_csv_column(r->csv, "workload");
  r->model = cr_csv_column(r->csv, "model");
  r->batch = cr_csv_column(r->csv, "batch");
  if (!rc && !r->opt->name && r->workload < 0 && r->model < 0)
    rc = cr_fail(r->err, CR_EINPUT, "%s: has neither a column workload nor model; name what was recorded with -m NAME",
                 cr_csv_path(r->csv));
  return rc;
}

int cr_memory_recording_read(const char *path, const struct cr_memory_recording_options *opt, struct cr_text *out,
                             struct cr_text *report, struct cr_err *err)
{
  struct reader r = {.opt = opt, .out = out, .report = report, .err = err};
  int rc = cr_csv_open(path, &r.csv, err), more;
  if (rc)
    return rc;
  rc = find_columns(&r);
  while (!rc && (more = cr_csv_next(r.csv, err)) != 0)
    rc = more < 0 ? more : add_row(&r);
  if (!rc && !*r.name)
    rc = cr_fail(err, CR_EINPUT, "%s: has no events", path);
  rc = rc ? rc : end_workload(&r);
  cr_csv_close(r.csv);
  cr_mem_free(r.step);
  return rc;
}
