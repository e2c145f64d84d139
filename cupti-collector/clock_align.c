/* clock_align.c - CUPTI's clock is read between two readings of the monotonic one; the closest pair of a few is taken, and
 * half their distance is the error. */
#include "config.h"

#include "cupti-collector/clock_align.h"

#include <time.h>

enum { N_READING = 5 };

static uint64_t clock_ns(clockid_t which)
{
  struct timespec t;
  clock_gettime(which, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t clock_realtime_ns(void)
{
  return clock_ns(CLOCK_REALTIME);
}

uint64_t clock_monotonic_ns(void)
{
  return clock_ns(CLOCK_MONOTONIC);
}

int clock_align(const struct cupti_calls *c, enum cr_spool_clock_when when, struct cr_spool_clock *out)
{
  uint64_t best = UINT64_MAX;
  for (int i = 0; i < N_READING; i++) {
    uint64_t cupti = 0, before = clock_monotonic_ns();
    int result = c->get_timestamp(&cupti);
    uint64_t real = clock_realtime_ns(), after = clock_monotonic_ns();
    if (result || !cupti || after - before >= best)
      continue;
    best = after - before;
    *out = (struct cr_spool_clock){.cupti_ns = cupti,
                                   .realtime_ns = real,
                                   .monotonic_ns = before + best / 2,
                                   .error_ns = best / 2 < UINT32_MAX ? (uint32_t)(best / 2) : UINT32_MAX,
                                   .when = when};
  }
  return best != UINT64_MAX;
}
