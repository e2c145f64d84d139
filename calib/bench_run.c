/* bench_run.c - runs the microbenchmarks one after the other and keeps what they say. */
#include "config.h"

#include "calib/bench_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/outfile.h"
#include "sim/table.h"

static const struct part {
  const char *what;
  void (*run)(struct cr_bench *b);
} parts[] = {
  {"launches into a busy stream", cr_bench_push},
  {"first and next instructions", cr_bench_first},
  {"device queues", cr_bench_bounded},
  {"flags", cr_bench_flag},
  {"evicted kernels", cr_bench_evict},
  {"stop words", cr_bench_stop},
  {"restarts", cr_bench_restart},
  {"whole preemptions", cr_bench_preempt},
  {"graphs on an idle stream", cr_bench_idle},
  {"copies", cr_bench_copies},
  {"the order of blocks", cr_bench_rules},
};
enum { N_PART = sizeof parts / sizeof parts[0], SPEEDS = 8 };

static void begin_part(const struct cr_bench_cfg *cfg, const char *what, uint32_t i)
{
  if (cfg->on_part)
    cfg->on_part(cfg->ctx, what, i, N_PART + 1);
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

struct file {
  const char *name, *header;
  struct cr_text *text;
  int settles; /* constants */
};

static const char *path_of(const struct cr_bench_cfg *cfg, const char *name, struct cr_arena *arena)
{
  size_t n = strlen(cfg->folder) + strlen(name) + 2;
  char *path = cr_arena_take(arena, n, 1);
  if (path)
    snprintf(path, n, "%s/%s", cfg->folder, name);
  return path;
}

static int write_text(const char *path, const struct cr_text *text, struct cr_err *err)
{
  struct cr_outfile *f = NULL;
  int rc = cr_outfile_new(path, "microbenchmark result", 0, &f, err);
  if (rc != CR_OK)
    return rc;
  cr_outfile_add(f, text->s, text->n);
  return cr_outfile_close(f, err);
}

static int write_file(const struct cr_bench_cfg *cfg, const struct cr_cuda_gpu *g, const struct file *f,
                      const char *path, struct cr_err *err)
{
  struct cr_text whole = {0};
  cr_text_add(&whole, "# %s, driver of CUDA %d.%d, %s; %s\n%s\n", g->name, g->driver_version / 1000,
              g->driver_version % 1000 / 10, cfg->date, cfg->command, f->header);
  cr_text_add_bytes(&whole, f->text->s, f->text->n);
  int rc = whole.failed || f->text->failed ? cr_fail_nomem(err, path) : write_text(path, &whole, err);
  cr_text_fini(&whole);
  return rc;
}

/* Of what was measured alone. */
static int write_files(const struct cr_bench_cfg *cfg, struct cr_bench *b, struct cr_arena *arena,
                       struct cr_bench_out *out)
{
  const struct file file[] = {
    {"steps.csv", "test,variant,streams,blocks,length_us,queue,metric,unit,reps,p50,p10,p90,min,max,mean", &b->steps,
     1},
    {"idle.csv", "alone,kernels,idle_s,back_to_back_us,idle_us,least_us,most_us,call_us", &b->idle, 1},
    {"copies.csv", "what,kib,copies,run,stream,end_us,call_us", &b->copies, 1},
    {"turns.csv", "run,process,start_ns,end_ns,kernels,longest_ns", &b->turns, 1},
    {"processes.csv", "mode,scenario,model,throughput_per_s,mean_ms,p50_ms,p95_ms,p99_ms", &b->processes, 1},
    {"rules.csv", "rule,expected,p50,p10,p90,reps,verdict,about", &b->rules, 0},
  };
  for (size_t i = 0; i < sizeof file / sizeof file[0] && b->rc == CR_OK; i++) {
    if (!file[i].text->n)
      continue;
    const char *path = path_of(cfg, file[i].name, arena);
    b->rc = path ? write_file(cfg, &b->gpu, &file[i], path, b->err) : cr_fail_nomem(b->err, file[i].name);
    if (b->rc == CR_OK && file[i].settles)
      out->file[out->n_file++] = path;
  }
  return b->rc;
}

/* The folder is made where it is not there; no result that lies there is overwritten. */
static int check_folder(const struct cr_bench_cfg *cfg, struct cr_arena *arena, struct cr_err *err)
{
  static const char *const name[] = {"steps.csv",     "idle.csv",  "copies.csv", "turns.csv",
                                     "processes.csv", "rules.csv", "device.yaml"};
  int rc = CR_OK;
  if (mkdir(cfg->folder, 0777) != 0 && errno != EEXIST)
    return cr_outfile_fail(cfg->folder, "folder of microbenchmark results", errno, err);
  for (size_t i = 0; i < sizeof name / sizeof name[0] && rc == CR_OK; i++) {
    const char *path = path_of(cfg, name[i], arena);
    rc = path ? cr_outfile_check(path, "microbenchmark result", 0, err) : cr_fail_nomem(err, name[i]);
  }
  return rc;
}

static int name_device(const struct cr_bench_cfg *cfg, struct cr_bench *b, struct cr_arena *arena,
                       struct cr_bench_out *out)
{
  struct cr_text text = {0};
  int rc = cr_bench_known(&b->gpu, arena, &out->device, b->err);
  if (rc != CR_OK || out->device)
    return rc;
  out->device = path_of(cfg, "device.yaml", arena);
  rc = out->device ? cr_bench_datasheet(&b->gpu, cfg->date, &text, b->err) : cr_fail_nomem(b->err, "a device");
  if (rc == CR_OK)
    rc = text.failed ? cr_fail_nomem(b->err, "a device") : write_text(out->device, &text, b->err);
  cr_text_fini(&text);
  return rc;
}

/* --- the report ----------------------------------------------------------------------------------------------------- */

/* Field i of a CSV line whose texts with commas come last, in buf. */
static const char *field(const char *line, int i, char *buf, size_t n)
{
  while (i-- > 0)
    line = strchr(line, ',') + 1;
  size_t k = *line == '"' ? strcspn(++line, "\"") : strcspn(line, ",\n");
  snprintf(buf, n, "%.*s", (int)k, line);
  return buf;
}

static void report_rules(const struct cr_bench *b, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "rule", 1}, {"lengths", "expected", 0}, {"lengths", "seen", 0}, {NULL, "verdict", 1}, {NULL, "it says", 1}};
  struct cr_table t;
  cr_table_begin(&t, column, 5, 0);
  for (const char *line = b->rules.s; line && *line; line = strchr(line, '\n') + 1) {
    static const int which[] = {0, 1, 2, 6, 7};
    char buf[160];
    for (int i = 0; i < 5; i++)
      cr_table_cell(&t, "%s", field(line, which[i], buf, sizeof buf));
  }
  cr_table_end(&t, out);
}

/* A kind of copy, at its largest size. */
struct speed {
  char what[32];
  double kib, sum_us, last_us; /* of the last copy of each run to end */
  uint32_t n;
};

/* The speed of that kind, which is added where it is new; NULL: there is no room. */
static struct speed *speed_of(struct speed *at, uint32_t *n, const char *what)
{
  uint32_t i = 0;
  while (i < *n && strcmp(at[i].what, what) != 0)
    i++;
  if (i == SPEEDS)
    return NULL;
  if (i == *n) {
    at[i] = (struct speed){.kib = 0};
    snprintf(at[i].what, sizeof at[i].what, "%s", what);
    ++*n;
  }
  return &at[i];
}

static void add_copy(struct speed *s, double kib, int stream, double us)
{
  if (kib > s->kib) {
    s->n = 0;
    s->sum_us = 0;
  }
  s->kib = kib;
  if (stream == 0) {
    s->n++;
    s->last_us = 0;
  }
  if (us > s->last_us) {
    s->sum_us += us - s->last_us;
    s->last_us = us;
  }
}

static void report_copies(const struct cr_bench *b, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "copies at once", 1}, {NULL, "KiB", 0}, {NULL, "us", 0}, {NULL, "GB/s together", 0}};
  struct speed at[SPEEDS];
  uint32_t n = 0;
  for (const char *line = b->copies.s; line && *line; line = strchr(line, '\n') + 1) {
    char buf[4][32];
    struct speed *s = speed_of(at, &n, field(line, 0, buf[0], 32));
    if (s)
      add_copy(s, strtod(field(line, 1, buf[1], 32), NULL), (int)strtol(field(line, 4, buf[2], 32), NULL, 10),
               strtod(field(line, 5, buf[3], 32), NULL));
  }
  struct cr_table t;
  cr_table_begin(&t, column, 4, 0);
  for (uint32_t i = 0; i < n; i++) {
    double us = at[i].sum_us / at[i].n, copies = at[i].what[0] == '2' || strchr(at[i].what, '+') ? 2 : 1;
    cr_table_cell(&t, "%s", at[i].what);
    cr_table_cell(&t, "%.0f", at[i].kib);
    cr_table_cell(&t, "%.1f", us);
    cr_table_cell(&t, "%.1f", copies * at[i].kib * 1024 / us / 1e3);
  }
  cr_table_end(&t, out);
}

static void report(const struct cr_bench *b, struct cr_text *out)
{
  cr_text_add(out, "%s, driver of CUDA %d.%d; its clock is known within %.2f us\n\n", b->gpu.name,
              b->gpu.driver_version / 1000, b->gpu.driver_version % 1000 / 10, (double)b->map_error_ns / 1e3);
  report_rules(b, out);
  cr_text_add(out, "\n");
  report_copies(b, out);
  if (!b->turns.n)
    cr_text_add(out,
                "\nTwo processes took no turns: the GPU is not shared by time slices here, and slice, slice_switch "
                "and slice_yield are not settled.\n");
  cr_text_add(out, "\n");
}

/* --- all of it ------------------------------------------------------------------------------------------------------ */

static void measure(const struct cr_bench_cfg *cfg, struct cr_bench *b, struct cr_err *err)
{
  b->err = err;
  begin_part(cfg, "turns of processes", 0);
  cr_bench_turns(b);
  cr_bench_open(b, CR_BENCH_SLOTS, err);
  for (uint32_t i = 0; i < N_PART && !cr_bench_fails(b); i++) {
    begin_part(cfg, parts[i].what, i + 1);
    cr_bench_quiet(b);
    parts[i].run(b);
  }
}

int cr_bench_run(const struct cr_bench_cfg *cfg, struct cr_arena *arena, struct cr_bench_out *out, struct cr_err *err)
{
  struct cr_bench b = {.is_brief = cfg->is_brief, .rc = CR_OK};
  *out = (struct cr_bench_out){.device = NULL};
  int rc = check_folder(cfg, arena, err);
  if (rc != CR_OK)
    return rc;
  measure(cfg, &b, err);
  rc = b.rc == CR_OK ? name_device(cfg, &b, arena, out) : b.rc;
  rc = rc == CR_OK ? write_files(cfg, &b, arena, out) : rc;
  out->clock_error_us = (double)b.map_error_ns / 1e3;
  if (rc == CR_OK)
    report(&b, &out->report);
  cr_bench_close(&b);
  struct cr_text *const text[] = {&b.steps, &b.idle, &b.copies, &b.turns, &b.processes, &b.rules};
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
    cr_text_fini(text[i]);
  return rc;
}
