/* jobs.c - the list of a job trace's jobs, what was left out of it, and how it is written.
 *
 * Readers (jobs_csv.c, jobs_philly.c) hand in one job after another; what concerns more than one of them is
 * checked here: ids, order, whether times are dates.  Of each reason to leave a job out the first sentence is
 * kept. */
#include "config.h"

#include "traces/jobs.h"

#include "sim/mem.h"
#include "traces/gz.h"
#include "traces/iteration_table.h"
#include "traces/jobs_int.h"
#include "traces/model_mix.h"
#include "traces/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { JOBS_MAX = 50 * 1000 * 1000, NAME_MAX_BYTES = 80, PEEK_BYTES = 4096 };

static const char *const FAULT[CR_N_JOB_FAULT] = {
  "with a damaged row",
  "with a value that is none",
  "with a negative time or number",
  "of no iterations",
  "out of order",
  "with an id that was there before",
  "of an unknown model",
  "shorter than one iteration",
  "longer than can be run",
  "larger than the device's memory",
  "that ask for several GPUs",
  "that ask for no GPU",
  "that never ran",
};

struct source {
  const char *path, *dialect;
  int is_log;
  uint32_t n_job;
};

struct cr_jobs {
  struct cr_jobs_options opt;
  struct cr_arena *arena;
  struct cr_names *id, *model;
  struct cr_trace_job *job; /* [n], cap of them */
  uint32_t n, cap;
  uint32_t *of_id;       /* [cap] place in job of the job of that id number, while reading */
  struct source *source; /* [n_source] */
  uint32_t n_source, source_cap;
  int is_date; /* submissions are dates, of all files */
  uint64_t n_fault[CR_N_JOB_FAULT];
  const char *first[CR_N_JOB_FAULT]; /* sentence of the first one */
};

struct cr_jobs *cr_jobs_new(const struct cr_jobs_options *opt)
{
  struct cr_jobs *j = cr_mem_new(1, sizeof *j);
  if (!j)
    return NULL;
  j->opt = *opt;
  j->arena = cr_arena_new();
  j->id = cr_names_new();
  j->model = cr_names_new();
  if (!j->arena || !j->id || !j->model) {
    cr_jobs_free(j);
    return NULL;
  }
  return j;
}

void cr_jobs_free(struct cr_jobs *j)
{
  if (!j)
    return;
  cr_names_free(j->id);
  cr_names_free(j->model);
  cr_mem_free(j->job);
  cr_mem_free(j->of_id);
  cr_mem_free(j->source);
  cr_arena_free(j->arena);
  cr_mem_free(j);
}

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

int cr_jobs_refuse(struct cr_jobs *j, enum cr_job_fault fault, const struct cr_err *why, struct cr_err *err)
{
  int is_error = fault < CR_FAULT_NO_GPU && !j->opt.skip_bad;
  if (is_error)
    return j->opt.skip_hint ? cr_fail(err, CR_EINPUT, "%s; %s leaves such jobs out", why->text, j->opt.skip_hint)
                            : cr_fail(err, CR_EINPUT, "%s", why->text);
  if (j->n_fault[fault]++ == 0) {
    j->first[fault] = cr_arena_text(j->arena, why->text);
    if (!j->first[fault])
      return cr_fail_nomem(err, "a job trace");
  }
  return CR_OK;
}

int cr_jobs_refuse_line(struct cr_jobs *j, enum cr_job_fault fault, uint32_t line, struct cr_err *err, const char *fmt,
                        ...)
{
  struct cr_err why;
  char sentence[sizeof why.text];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(sentence, sizeof sentence, fmt, ap);
  va_end(ap);
  cr_fail(&why, CR_EINPUT, "%s:%u: %s", j->source[j->n_source - 1].path, line, sentence);
  return cr_jobs_refuse(j, fault, &why, err);
}

uint64_t cr_jobs_n_left_out(const struct cr_jobs *j)
{
  uint64_t n = 0;
  for (int i = 0; i < CR_N_JOB_FAULT; i++)
    n += j->n_fault[i];
  return n;
}

void cr_jobs_report(const struct cr_jobs *j, struct cr_text *out)
{
  for (uint32_t i = 0; i < j->n_source; i++) {
    const struct source *s = &j->source[i];
    cr_text_add(out, "%s: dialect %s, %u job%s\n", s->path, s->dialect, s->n_job, s->n_job == 1 ? "" : "s");
  }
  for (int i = 0; i < CR_N_JOB_FAULT; i++)
    if (j->n_fault[i])
      cr_text_add(out, "left out: %llu %s; the first: %s\n", (unsigned long long)j->n_fault[i], FAULT[i], j->first[i]);
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static int add_source(struct cr_jobs *j, const char *path, struct cr_err *err)
{
  if (j->n_source == j->source_cap) {
    uint32_t cap = j->source_cap ? 2 * j->source_cap : 8;
    struct source *grown = cr_mem_resize(j->source, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, path);
    j->source = grown;
    j->source_cap = cap;
  }
  struct source *s = &j->source[j->n_source];
  *s = (struct source){.path = cr_arena_text(j->arena, path), .dialect = "?"};
  if (!s->path)
    return cr_fail_nomem(err, path);
  j->n_source++;
  return CR_OK;
}

int cr_jobs_begin(struct cr_jobs *j, const char *dialect, int is_date, int is_log, struct cr_err *err)
{
  struct source *s = &j->source[j->n_source - 1];
  if (j->n_source > 1 && is_date != j->is_date)
    return cr_fail(err, CR_EINPUT, "%s: %s, but %s %s; import them one by one", s->path,
                   is_date ? "gives dates" : "counts seconds", j->source[0].path,
                   is_date ? "counts seconds" : "gives dates");
  s->dialect = dialect;
  s->is_log = is_log;
  j->is_date = is_date;
  return CR_OK;
}

/* JSON or a table: what the first byte that is no blank says. */
static int is_json(const char *path, int *out, struct cr_err *err)
{
  struct cr_gz *gz;
  struct stat st;
  char buf[PEEK_BYTES];
  size_t n = 0, i = 0;
  int rc = cr_gz_open(path, &gz, err);
  if (rc)
    return rc;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* what is looked at would be gone */
    cr_gz_close(gz);
    return cr_fail(err, CR_EINPUT, "%s: is a pipe or a device; write the job trace to a file first", path);
  }
  rc = cr_gz_read(gz, buf, sizeof buf, &n, err);
  cr_gz_close(gz);
  if (rc)
    return rc;
  if (n >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0)
    i = 3;
  while (i < n && strchr(" \t\r\n", buf[i]) && buf[i])
    i++;
  *out = i < n && (buf[i] == '[' || buf[i] == '{');
  return CR_OK;
}

int cr_jobs_read(struct cr_jobs *j, const char *path, struct cr_err *err)
{
  int json = 0;
  int rc = is_json(path, &json, err);
  rc = rc ? rc : add_source(j, path, err);
  if (rc)
    return rc;
  return json ? cr_jobs_read_philly(j, path, err) : cr_jobs_read_csv(j, path, err);
}

static int grow(struct cr_jobs *j)
{
  uint32_t cap = j->cap ? 2 * j->cap : 1024;
  struct cr_trace_job *job = cr_mem_resize(j->job, cap, sizeof *job);
  if (!job)
    return CR_ENOMEM;
  j->job = job;
  uint32_t *of_id = cr_mem_resize(j->of_id, cap, sizeof *of_id);
  if (!of_id)
    return CR_ENOMEM;
  j->of_id = of_id;
  j->cap = cap;
  return CR_OK;
}

/* Ids become names of clients and both stand in tables: no blanks or the like, and not too long. */
static int is_name(const char *text)
{
  size_t n = strlen(text);
  for (const char *p = text; *p; p++)
    if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("[]=,\"", *p))
      return 0;
  return n > 0 && n <= NAME_MAX_BYTES;
}

/* Adds a job whose id is new. */
static int append(struct cr_jobs *j, const char *id, const char *model, const struct cr_trace_job *job,
                  struct cr_err *err)
{
  if (j->n == JOBS_MAX)
    return cr_fail(err, CR_EINPUT, "there are more than %d jobs; take a part of the trace", JOBS_MAX);
  if (j->n == j->cap && grow(j))
    return cr_fail_nomem(err, "a job trace");
  struct cr_trace_job *added = &j->job[j->n];
  *added = *job;
  uint32_t number = cr_names_put(j->id, id);
  added->model = model && *model ? cr_names_put(j->model, model) : CR_NONE;
  if (number == CR_NONE || (model && *model && added->model == CR_NONE))
    return cr_fail_nomem(err, "a job trace");
  added->id = cr_names_text(j->id, number);
  added->number = number;
  j->of_id[number] = j->n++;
  return CR_OK;
}

int cr_jobs_add(struct cr_jobs *j, const char *id, const char *model, const struct cr_trace_job *job,
                struct cr_err *err)
{
  if (cr_names_find(j->id, id) != CR_NONE)
    return cr_fail(err, CR_EINPUT, "job %s: there is one of this id already", id);
  return append(j, id, model, job, err);
}

int cr_jobs_take(struct cr_jobs *j, const struct job_row *row, struct cr_err *err)
{
  struct source *s = &j->source[j->n_source - 1];
  char place[400];
  if (!is_name(row->id))
    return cr_jobs_refuse_line(j, CR_FAULT_VALUE, row->line, err,
                               "the job's id, \"%.90s\", is no name: 1 to %d characters without blanks or [ ] = , \"",
                               row->id, NAME_MAX_BYTES);
  if (*row->model && !is_name(row->model))
    return cr_jobs_refuse_line(j, CR_FAULT_VALUE, row->line, err,
                               "the model, \"%.90s\", is no name: 1 to %d characters without blanks or [ ] = , \"",
                               row->model, NAME_MAX_BYTES);
  uint32_t known = cr_names_find(j->id, row->id);
  if (known != CR_NONE)
    return cr_jobs_refuse_line(j, CR_FAULT_TWICE, row->line, err, "job %s is there already, %s; ids must be unique",
                               row->id, cr_jobs_place(j, &j->job[j->of_id[known]], place, sizeof place));
  const struct cr_trace_job *last = s->n_job ? &j->job[j->n - 1] : NULL;
  if (last && row->submit_ns < last->submit_ns && !s->is_log && !j->opt.sort)
    return cr_jobs_refuse_line(
      j, CR_FAULT_ORDER, row->line, err,
      "job %s was submitted before job %s on line %u; jobs must stand in order of submission%s%s", row->id, last->id,
      last->line, j->opt.sort_hint ? ": " : "", j->opt.sort_hint ? j->opt.sort_hint : "");
  if (row->n_gpu == 0)
    return cr_jobs_refuse_line(j, CR_FAULT_NO_GPU, row->line, err, "job %s", row->id);
  const struct cr_trace_job job = {
    .submit_ns = row->submit_ns,
    .duration_ns = row->duration_ns,
    .iterations = row->iterations,
    .n_gpu = row->n_gpu,
    .file = j->n_source - 1,
    .line = row->line,
  };
  int rc = append(j, row->id, row->model, &job, err);
  s->n_job += rc == CR_OK;
  return rc;
}

/* -- the list ------------------------------------------------------------------------------------------------------ */

/* By submission, then as they came. */
static int by_submission(const void *a, const void *b)
{
  const struct cr_trace_job *x = a, *y = b;
  if (x->submit_ns != y->submit_ns)
    return x->submit_ns < y->submit_ns ? -1 : 1;
  return (x->number > y->number) - (x->number < y->number);
}

static int is_sorted(const struct cr_jobs *j)
{
  for (uint32_t i = 1; i < j->n; i++)
    if (j->job[i].submit_ns < j->job[i - 1].submit_ns)
      return 0;
  return 1;
}

void cr_jobs_settle(struct cr_jobs *j)
{
  if (!is_sorted(j))
    qsort(j->job, j->n, sizeof *j->job, by_submission);
  cr_ns first_ns = j->n && j->is_date ? j->job[0].submit_ns : 0;
  for (uint32_t i = 0; i < j->n; i++)
    j->job[i].submit_ns -= first_ns;
}

/* What speaks against the job, and says so; CR_N_JOB_FAULT: nothing. */
static enum cr_job_fault fault_of(const struct cr_jobs *j, const struct cr_trace_job *job,
                                  const struct cr_iteration_table *table, struct cr_err *why)
{
  char place[400];
  const char *name = job->model == CR_NONE ? NULL : cr_jobs_model(j, job->model);
  const struct cr_iteration_row *row = name ? cr_iteration_table_find(table, name) : NULL;
  enum cr_job_fault fault = CR_N_JOB_FAULT;
  if (name && !row) {
    fault = CR_FAULT_MODEL;
    (void)cr_iteration_table_no(table, name, why);
  } else if (row && job->iterations && job->duration_ns < row->iteration_ns) {
    fault = CR_FAULT_SHORT;
    cr_fail(why, CR_EINPUT, "its duration, %.9g s, is shorter than one iteration of %.90s, %.9g s",
            (double)job->duration_ns / 1e9, name, (double)row->iteration_ns / 1e9);
  }
  if (fault != CR_N_JOB_FAULT)
    cr_fail_in(why, CR_EINPUT, "%s: job %s", cr_jobs_place(j, job, place, sizeof place), job->id);
  return fault;
}

int cr_jobs_check_models(struct cr_jobs *j, const struct cr_iteration_table *table, struct cr_err *err)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < j->n; i++) {
    struct cr_err why;
    enum cr_job_fault fault = fault_of(j, &j->job[i], table, &why);
    int rc = fault == CR_N_JOB_FAULT ? CR_OK : cr_jobs_refuse(j, fault, &why, err);
    if (rc)
      return rc;
    if (fault == CR_N_JOB_FAULT)
      j->job[n++] = j->job[i];
    else
      j->source[j->job[i].file].n_job--;
  }
  j->n = n;
  return CR_OK;
}

uint32_t cr_jobs_count(const struct cr_jobs *j)
{
  return j->n;
}

const struct cr_trace_job *cr_jobs_list(const struct cr_jobs *j)
{
  return j->job;
}

uint32_t cr_jobs_n_model(const struct cr_jobs *j)
{
  return cr_names_count(j->model);
}

const char *cr_jobs_model(const struct cr_jobs *j, uint32_t model)
{
  return cr_names_text(j->model, model);
}

const char *cr_jobs_place(const struct cr_jobs *j, const struct cr_trace_job *job, char *buf, size_t n)
{
  snprintf(buf, n, "%s:%u", j->n_source ? j->source[job->file].path : "job", job->line);
  return buf;
}

int cr_jobs_draw_models(struct cr_jobs *j, const struct cr_model_mix *mix, uint64_t seed, struct cr_err *err)
{
  for (uint32_t i = 0; i < j->n; i++) {
    if (j->job[i].model != CR_NONE)
      continue;
    j->job[i].model = cr_names_put(j->model, cr_model_mix_draw(mix, seed, i));
    if (j->job[i].model == CR_NONE)
      return cr_fail_nomem(err, "a job trace");
  }
  return CR_OK;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

/* Seconds with as many decimals as it takes, up to nine. */
static void print_seconds(struct cr_text *out, cr_ns ns)
{
  char text[32];
  int n = snprintf(text, sizeof text, "%lld.%09lld", (long long)(ns / 1000000000), (long long)(ns % 1000000000));
  while (text[n - 1] == '0')
    n--;
  n -= text[n - 1] == '.';
  cr_text_add(out, "%.*s", n, text);
}

void cr_jobs_print(const struct cr_jobs *j, struct cr_text *out)
{
  cr_text_add(out, "job_id,model_name,iterations,submit_time,duration,num_gpu\n");
  for (uint32_t i = 0; i < j->n; i++) {
    const struct cr_trace_job *job = &j->job[i];
    cr_text_add(out, "%s,%s,", job->id, job->model == CR_NONE ? "" : cr_jobs_model(j, job->model));
    if (job->iterations)
      cr_text_add(out, "%u", job->iterations);
    cr_text_add(out, ",");
    print_seconds(out, job->submit_ns);
    cr_text_add(out, ",");
    if (job->duration_ns != CR_NS_NEVER)
      print_seconds(out, job->duration_ns);
    cr_text_add(out, ",%u\n", job->n_gpu);
  }
}
