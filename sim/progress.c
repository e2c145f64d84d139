/* progress.c - a progress bar on stderr.
 *
 * Shown once half a second has passed and the whole is expected to take over two: short work leaves no flicker. */
#include "config.h"

#include "sim/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/mem.h"

enum { BAR_CELLS = 30, LINE_BYTES = 128, MILLION = 1000000 };

static const cr_ns PATIENCE_NS = INT64_C(500000000), WORTH_NS = INT64_C(2000000000);

struct cr_progress {
  const char *label;
  uint32_t n_part, part;
  cr_ns began_ns;
  int shown;
};

static cr_ns real_ns(void)
{
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
    return 0;
  return (cr_ns)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct cr_progress *cr_progress_new(const char *label, uint32_t n_part)
{
  if (!isatty(STDERR_FILENO))
    return NULL;
  struct cr_progress *p = cr_mem_new(1, sizeof *p);
  if (p)
    *p = (struct cr_progress){.label = label, .n_part = n_part ? n_part : 1, .began_ns = real_ns()};
  return p;
}

void cr_progress_part(struct cr_progress *p, uint32_t part, const char *label)
{
  if (!p)
    return;
  p->part = part;
  p->label = label;
}

char *cr_progress_line(const char *label, uint32_t done_ppm, cr_ns spent_ns, char *buf, size_t n)
{
  buf[0] = '\0';
  if (spent_ns < PATIENCE_NS || done_ppm == 0)
    return buf;
  cr_ns all_ns = cr_muldiv(spent_ns, MILLION, done_ppm);
  if (all_ns < WORTH_NS)
    return buf;
  char bar[BAR_CELLS + 1];
  uint32_t full = (uint32_t)((uint64_t)done_ppm * BAR_CELLS / MILLION);
  memset(bar, '.', BAR_CELLS);
  memset(bar, '#', full < BAR_CELLS ? full : BAR_CELLS);
  bar[BAR_CELLS] = '\0';
  cr_ns left_s = (all_ns - spent_ns + 999999999) / 1000000000;
  snprintf(buf, n, "[%s] %3u %%, %" PRId64 ":%02" PRId64 " left  %.40s", bar, done_ppm / 10000, left_s / 60, left_s % 60,
           label);
  return buf;
}

void cr_progress_update(void *ctx, cr_ns now_ns, cr_ns duration_ns)
{
  struct cr_progress *p = ctx;
  if (!p || duration_ns <= 0)
    return;
  int64_t here_ppm = cr_muldiv(cr_min_ns(cr_max_ns(now_ns, 0), duration_ns), MILLION, duration_ns);
  uint32_t done_ppm = (uint32_t)(((int64_t)p->part * MILLION + here_ppm) / p->n_part);
  char line[LINE_BYTES];
  if (!*cr_progress_line(p->label, done_ppm, real_ns() - p->began_ns, line, sizeof line))
    return;
  fprintf(stderr, "\r%s\033[K", line);
  fflush(stderr);
  p->shown = 1;
}

void cr_progress_clear(struct cr_progress *p)
{
  if (!p || !p->shown)
    return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  p->shown = 0;
}

void cr_progress_free(struct cr_progress *p)
{
  cr_progress_clear(p);
  cr_mem_free(p);
}
