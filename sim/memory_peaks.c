/* memory_peaks.c - the most memory in each part of a run. */
#include "config.h"

#include "sim/memory_peaks.h"

#include <string.h>

enum { FIRST_PART_NS = 1000 };

void cr_memory_peaks_begin(struct cr_memory_peaks *p)
{
  memset(p, 0, sizeof *p);
  p->part_ns = FIRST_PART_NS;
}

static int64_t larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static void double_parts(struct cr_memory_peaks *p)
{
  for (uint32_t i = 0; i < CR_MEMORY_PEAKS / 2; i++) {
    p->most_held[i] = larger(p->most_held[2 * i], p->most_held[2 * i + 1]);
    p->most_reserved[i] = larger(p->most_reserved[2 * i], p->most_reserved[2 * i + 1]);
  }
  size_t half = CR_MEMORY_PEAKS / 2 * sizeof *p->most_held;
  memset(p->most_held + CR_MEMORY_PEAKS / 2, 0, half);
  memset(p->most_reserved + CR_MEMORY_PEAKS / 2, 0, half);
  p->n = (p->n + 1) / 2;
  p->part_ns *= 2;
}

/* The present level holds in all parts from at_ns to to_ns, that one included. */
static void follow(struct cr_memory_peaks *p, cr_ns to_ns)
{
  while (to_ns / p->part_ns >= CR_MEMORY_PEAKS)
    double_parts(p);
  uint32_t last = (uint32_t)(to_ns / p->part_ns);
  for (uint32_t i = (uint32_t)(p->at_ns / p->part_ns); i <= last; i++) {
    p->most_held[i] = larger(p->most_held[i], p->held);
    p->most_reserved[i] = larger(p->most_reserved[i], p->reserved);
  }
  p->n = last + 1 > p->n ? last + 1 : p->n;
  p->at_ns = to_ns;
}

void cr_memory_peaks_tell(struct cr_memory_peaks *p, cr_ns at_ns, int64_t held_bytes, int64_t reserved_bytes)
{
  if (p->n && at_ns > p->at_ns)
    follow(p, at_ns - 1); /* a level that ends where a part begins is none of that part's */
  p->held = held_bytes;
  p->reserved = reserved_bytes;
  p->at_ns = at_ns;
  follow(p, at_ns);
}

void cr_memory_peaks_end(struct cr_memory_peaks *p, cr_ns end_ns)
{
  if (p->n && end_ns > p->at_ns)
    follow(p, end_ns - 1);
}
