/* jobs_philly.c - job traces of Microsoft's Philly clusters (cluster_job_log of msr-fiddle/philly-traces), streaming.
 *
 * The file is one JSON array of jobs; each has attempts, each of these a start, an end and the GPUs it had.  A job ran as
 * long as its attempts together, on as many GPUs as the largest of them.  Attempts whose start or end was not logged
 * do not count; a job without any that does never ran.
 *
 * Only one job is in memory.  A text is held by the JSON reader until it ends, so that a file in which nothing
 * ends for long is refused. */
#include "config.h"

#include "traces/jobs_int.h"

#include "sim/mem.h"
#include "traces/gz.h"

#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum { CHUNK_BYTES = 64 * 1024, QUIET_MAX = 16 * 1024 * 1024, DEPTH_MAX = 64, ID_MAX = 120, DATE_MAX = 60 };

/* What the reader is in, by depth. */
enum place { IN_FILE, IN_JOBS, IN_JOB, IN_ATTEMPTS, IN_ATTEMPT, IN_DETAILS, IN_DETAIL, IN_GPUS, ELSEWHERE };

/* Which value comes next. */
enum member { OTHER, JOBID, SUBMITTED, ATTEMPTS, START, END, DETAIL, GPUS };

static const struct {
  enum place place;
  const char *key;
  enum member member;
} MEMBER[] = {
  {IN_JOB, "jobid", JOBID},          {IN_JOB, "submitted_time", SUBMITTED}, {IN_JOB, "attempts", ATTEMPTS},
  {IN_ATTEMPT, "start_time", START}, {IN_ATTEMPT, "end_time", END},         {IN_ATTEMPT, "detail", DETAIL},
  {IN_DETAIL, "gpus", GPUS},
};

/* The job being read. */
struct job {
  char id[ID_MAX + 1];
  uint32_t line;
  cr_ns submit_ns, duration_ns; /* submit: CR_NS_NEVER: not there */
  uint32_t n_timed, n_gpu;      /* attempts that count; GPUs of the largest attempt */
  cr_ns start_ns, end_ns;       /* of the attempt being read; CR_NS_NEVER: not there */
  uint32_t attempt_gpus;
  char wrong[160]; /* what is wrong with it, first */
};

struct reader {
  struct cr_jobs *jobs;
  const char *path;
  struct cr_err *err;
  int rc;
  yajl_handle yajl;
  enum place place[DEPTH_MAX];
  unsigned depth;
  enum member next;
  struct job job;
  size_t quiet;               /* bytes read since something ended */
  const unsigned char *chunk; /* being parsed; lines are counted in it up to */
  size_t chunk_n, counted;
  uint32_t line;
};

static enum place where(const struct reader *r)
{
  return r->depth ? r->place[r->depth - 1] : IN_FILE;
}

static void count_lines(struct reader *r, size_t to)
{
  const unsigned char *p;
  while (r->counted < to && (p = memchr(r->chunk + r->counted, '\n', to - r->counted)) != NULL) {
    r->line++;
    r->counted = (size_t)(p - r->chunk) + 1;
  }
  r->counted = to;
}

static uint32_t line_here(struct reader *r)
{
  size_t at = yajl_get_bytes_consumed(r->yajl);
  count_lines(r, at < r->chunk_n ? at : r->chunk_n);
  return r->line;
}

static void set_wrong(struct reader *r, const char *what, const char *key, const char *text)
{
  if (!*r->job.wrong)
    snprintf(r->job.wrong, sizeof r->job.wrong, "%s%s\"%.60s\"", what, key, text);
}

/* -- a job --------------------------------------------------------------------------------------------------------- */

static void begin_job(struct reader *r)
{
  r->job = (struct job){.line = line_here(r), .submit_ns = CR_NS_NEVER};
}

static void begin_attempt(struct reader *r)
{
  r->job.start_ns = r->job.end_ns = CR_NS_NEVER;
  r->job.attempt_gpus = 0;
}

static void end_attempt(struct reader *r)
{
  struct job *job = &r->job;
  if (job->start_ns == CR_NS_NEVER || job->end_ns == CR_NS_NEVER)
    return;
  if (job->end_ns < job->start_ns && !*job->wrong)
    snprintf(job->wrong, sizeof job->wrong, "an attempt ends before it starts");
  job->duration_ns = cr_ns_add(job->duration_ns, job->end_ns - job->start_ns);
  job->n_timed++;
  job->n_gpu = job->attempt_gpus > job->n_gpu ? job->attempt_gpus : job->n_gpu;
}

static int judge_job(struct reader *r)
{
  const struct job *job = &r->job;
  if (!*job->id && !*job->wrong)
    return cr_jobs_refuse_line(r->jobs, CR_FAULT_VALUE, job->line, r->err, "the job has no jobid");
  if (*job->wrong)
    return cr_jobs_refuse_line(r->jobs, CR_FAULT_VALUE, job->line, r->err, "job %s: %s", *job->id ? job->id : "?",
                               job->wrong);
  if (job->submit_ns == CR_NS_NEVER)
    return cr_jobs_refuse_line(r->jobs, CR_FAULT_VALUE, job->line, r->err, "job %s has no submitted_time", job->id);
  if (!job->n_timed)
    return cr_jobs_refuse_line(r->jobs, CR_FAULT_NEVER_RAN, job->line, r->err, "job %s", job->id);
  const struct job_row row = {
    .id = job->id,
    .model = "",
    .submit_ns = job->submit_ns,
    .duration_ns = job->duration_ns,
    .n_gpu = job->n_gpu,
    .line = job->line,
  };
  return cr_jobs_take(r->jobs, &row, r->err);
}

/* -- values -------------------------------------------------------------------------------------------------------- */

static void take_date(struct reader *r, const char *key, const unsigned char *s, size_t n, cr_ns *out)
{
  char text[DATE_MAX + 1];
  snprintf(text, sizeof text, "%.*s", n > DATE_MAX ? DATE_MAX : (int)n, (const char *)s);
  if (strcmp(text, "None") == 0 || !*text)
    return;
  if (n > DATE_MAX || cr_job_date(text, out) != CR_N_JOB_FAULT)
    set_wrong(r, key, " must be a date such as 2017-10-07 01:11:39, and is ", text);
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
  struct reader *r = ctx;
  r->quiet = 0;
  enum place at = where(r);
  if (at == IN_GPUS)
    r->job.attempt_gpus++;
  else if (at == IN_JOBS)
    r->rc = cr_jobs_refuse_line(r->jobs, CR_FAULT_ROW, line_here(r), r->err, "a text stands where a job belongs");
  switch (r->next) {
  case JOBID:
    snprintf(r->job.id, sizeof r->job.id, "%.*s", n > ID_MAX ? ID_MAX : (int)n, (const char *)s);
    break;
  case SUBMITTED:
    take_date(r, "submitted_time", s, n, &r->job.submit_ns);
    break;
  case START:
    take_date(r, "start_time", s, n, &r->job.start_ns);
    break;
  case END:
    take_date(r, "end_time", s, n, &r->job.end_ns);
    break;
  case ATTEMPTS:
  case DETAIL:
  case GPUS:
    set_wrong(r, "a list", " belongs where this stands: ", "text");
    break;
  case OTHER:
    break;
  }
  r->next = OTHER;
  return r->rc == CR_OK;
}

/* A number, or yes or no: nothing that is read is one. */
static int on_other(struct reader *r, const char *what)
{
  r->quiet = 0;
  if (where(r) == IN_JOBS)
    r->rc = cr_jobs_refuse_line(r->jobs, CR_FAULT_ROW, line_here(r), r->err, "%s stands where a job belongs", what);
  else if (where(r) == IN_GPUS)
    r->job.attempt_gpus++;
  else if (r->next != OTHER)
    set_wrong(r, "a text or a list", " belongs where this stands: ", what);
  r->next = OTHER;
  return r->rc == CR_OK;
}

static int on_null(void *ctx)
{
  struct reader *r = ctx;
  if (where(r) == IN_JOBS)
    return on_other(r, "null");
  r->quiet = 0;
  r->next = OTHER; /* was not logged */
  return 1;
}

static int on_boolean(void *ctx, int value)
{
  return on_other(ctx, value ? "true" : "false");
}

static int on_number(void *ctx, const char *s, size_t n)
{
  (void)s, (void)n;
  return on_other(ctx, "a number");
}

static int on_map_key(void *ctx, const unsigned char *s, size_t n)
{
  struct reader *r = ctx;
  r->quiet = 0;
  r->next = OTHER;
  for (size_t i = 0; i < sizeof MEMBER / sizeof MEMBER[0]; i++)
    if (MEMBER[i].place == where(r) && strlen(MEMBER[i].key) == n && memcmp(MEMBER[i].key, s, n) == 0)
      r->next = MEMBER[i].member;
  return 1;
}

/* -- nesting ------------------------------------------------------------------------------------------------------- */

static int enter(struct reader *r, enum place place)
{
  r->quiet = 0;
  r->next = OTHER;
  if (r->depth == DEPTH_MAX) {
    r->rc =
      cr_fail(r->err, CR_EINPUT, "%s:%u: is nested deeper than any job trace; it is damaged", r->path, line_here(r));
    return 0;
  }
  r->place[r->depth++] = place;
  return 1;
}

static int on_start_map(void *ctx)
{
  struct reader *r = ctx;
  enum place at = where(r);
  if (r->depth == 0) {
    r->rc =
      cr_fail(r->err, CR_EINPUT, "%s: is JSON but no job trace: a list of jobs is expected, [{...}, ...]", r->path);
    return 0;
  }
  if (at == IN_JOBS)
    begin_job(r);
  else if (at == IN_ATTEMPTS)
    begin_attempt(r);
  else if (r->next != OTHER)
    set_wrong(r, "a text or a list", " belongs where this stands: ", "{");
  return enter(r, at == IN_JOBS ? IN_JOB : at == IN_ATTEMPTS ? IN_ATTEMPT : at == IN_DETAILS ? IN_DETAIL : ELSEWHERE);
}

static int on_start_array(void *ctx)
{
  struct reader *r = ctx;
  enum member next = r->next;
  if (where(r) == IN_JOBS) {
    r->rc = cr_jobs_refuse_line(r->jobs, CR_FAULT_ROW, line_here(r), r->err, "a list stands where a job belongs");
    if (r->rc)
      return 0;
  }
  if (next == JOBID || next == SUBMITTED || next == START || next == END)
    set_wrong(r, "a text", " belongs where this stands: ", "[");
  return enter(r, r->depth == 0      ? IN_JOBS
                  : next == ATTEMPTS ? IN_ATTEMPTS
                  : next == DETAIL   ? IN_DETAILS
                  : next == GPUS     ? IN_GPUS
                                     : ELSEWHERE);
}

static int on_end(void *ctx)
{
  struct reader *r = ctx;
  enum place was = where(r);
  r->quiet = 0;
  r->depth--;
  if (was == IN_ATTEMPT)
    end_attempt(r);
  else if (was == IN_JOB)
    r->rc = judge_job(r);
  return r->rc == CR_OK;
}

static const yajl_callbacks CALLBACKS = {
  .yajl_null = on_null,
  .yajl_boolean = on_boolean,
  .yajl_number = on_number,
  .yajl_string = on_string,
  .yajl_start_map = on_start_map,
  .yajl_map_key = on_map_key,
  .yajl_end_map = on_end,
  .yajl_start_array = on_start_array,
  .yajl_end_array = on_end,
};

/* -- the file ------------------------------------------------------------------------------------------------------ */

static int parse_failed(struct reader *r)
{
  if (r->rc)
    return r->rc;
  unsigned char *text = yajl_get_error(r->yajl, 0, NULL, 0);
  const char *why = text ? (const char *)text : "";
  const char *colon = strstr(why, ": ");
  why = colon ? colon + 2 : why;
  if (strstr(why, "premature EOF"))
    cr_fail(r->err, CR_EINPUT, "%s:%u: the JSON is cut off; copy it again", r->path, line_here(r));
  else
    cr_fail(r->err, CR_EINPUT, "%s:%u: is not JSON: %.*s", r->path, line_here(r), (int)strcspn(why, "\n"), why);
  if (text)
    yajl_free_error(r->yajl, text);
  return CR_EINPUT;
}

static int parse_chunk(struct reader *r, const unsigned char *buf, size_t n, int at_end)
{
  r->chunk = buf;
  r->chunk_n = n;
  r->counted = 0;
  r->quiet += n;
  yajl_status status = at_end ? yajl_complete_parse(r->yajl) : yajl_parse(r->yajl, buf, n);
  if (status != yajl_status_ok)
    return parse_failed(r);
  count_lines(r, n);
  if (r->quiet > QUIET_MAX)
    return cr_fail(r->err, CR_EINPUT, "%s:%u: a text or a blank is longer than 16 MiB; the file is damaged", r->path,
                   r->line);
  return CR_OK;
}

static int parse_file(struct reader *r, struct cr_gz *gz, unsigned char *buf)
{
  size_t n = 1;
  int is_first = 1, rc = CR_OK;
  while (!rc && n) {
    rc = cr_gz_read(gz, buf, CHUNK_BYTES, &n, r->err);
    size_t skip = !rc && is_first && n >= 3 && memcmp(buf, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* byte order mark */
    rc = rc ? rc : parse_chunk(r, buf + skip, n - skip, n == 0);
    is_first = 0;
  }
  return rc;
}

int cr_jobs_read_philly(struct cr_jobs *j, const char *path, struct cr_err *err)
{
  struct cr_err own;
  struct reader r = {.jobs = j, .path = path, .err = &own, .line = 1};
  struct cr_gz *gz = NULL;
  int rc = cr_jobs_begin(j, "philly", 1, 1, &own);
  rc = rc ? rc : cr_gz_open(path, &gz, &own);
  unsigned char *buf = rc ? NULL : cr_mem_new(CHUNK_BYTES, 1);
  r.yajl = buf ? yajl_alloc(&CALLBACKS, NULL, &r) : NULL;
  if (r.yajl)
    rc = parse_file(&r, gz, buf);
  else if (!rc)
    rc = cr_fail_nomem(&own, path);
  if (r.yajl)
    yajl_free(r.yajl);
  cr_mem_free(buf);
  cr_gz_close(gz);
  if (rc && err)
    *err = own;
  return rc;
}
