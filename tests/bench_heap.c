/* bench_heap.c - how fast the event queue is, by the hold model, in processor time. */
#include "config.h"

#include "tests/bench_heap.h"

#include <time.h>

#include "sim/heap.h"

enum { N_GAP = 4096 };

/* Gaps are drawn beforehand: the queue is measured, not the generator. */
static void fill_gaps(cr_ns gap[N_GAP])
{
  uint64_t x = 1;
  for (uint32_t i = 0; i < N_GAP; i++) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    gap[i] = (cr_ns)(x >> 44) + 1;
  }
}

static double spent_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_heap_hold(uint32_t pending, uint64_t n)
{
  cr_ns gap[N_GAP];
  struct cr_heap h;
  fill_gaps(gap);
  int rc = cr_heap_init(&h, pending + 1);
  for (uint32_t i = 0; rc == CR_OK && i < pending; i++)
    rc = cr_heap_push(&h, gap[i % N_GAP], 0, i);
  double start_s = spent_s();
  for (uint64_t i = 0; rc == CR_OK && i < n; i++) {
    struct cr_entry e = cr_heap_pop(&h);
    rc = cr_heap_push(&h, e.at_ns + gap[i % N_GAP], (uint8_t)(i & 1), e.what);
  }
  double took_s = spent_s() - start_s;
  cr_heap_fini(&h);
  return rc == CR_OK ? (double)n / took_s : -1;
}
