/* hist.c - log-linear histogram of times.
 *
 * Each power of two is cut into 2^SUB_BITS equal buckets; below 2^(SUB_BITS + 1) a bucket is one nanosecond wide, so small
 * times are exact.  A quantile is the middle of the bucket that holds the wanted rank, kept within the least and greatest
 * value seen; it is off by at most half a bucket, 2^-(SUB_BITS + 1) of the value: 0.098 %. */
#include "config.h"

#include "sim/hist.h"

#include <math.h>

#include "sim/mem.h"

enum {
  SUB_BITS = 9,
  TOP_SHIFT = 62 - SUB_BITS, /* of the largest int64 */
  N_BUCKET = (TOP_SHIFT + 2) << SUB_BITS,
};

struct cr_hist {
  uint64_t n, sum_low, sum_high; /* sum = sum_high * 2^64 + sum_low */
  cr_ns min_ns, max_ns;
  uint64_t bucket[N_BUCKET];
};

static uint32_t bucket_of(uint64_t value)
{
  if (value < (UINT64_C(2) << SUB_BITS))
    return (uint32_t)value;
  uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - SUB_BITS;
  return (shift << SUB_BITS) + (uint32_t)(value >> shift);
}

static cr_ns middle_of(uint32_t bucket)
{
  if (bucket < (2u << SUB_BITS))
    return bucket;
  uint32_t shift = (bucket >> SUB_BITS) - 1;
  uint64_t low = (uint64_t)(bucket - (shift << SUB_BITS)) << shift;
  return (cr_ns)(low + ((UINT64_C(1) << shift) - 1) / 2);
}

struct cr_hist *cr_hist_new(void)
{
  struct cr_hist *h = cr_mem_new(1, sizeof *h);
  if (h) {
    h->min_ns = CR_NS_NEVER;
    h->max_ns = CR_NS_NEVER;
  }
  return h;
}

void cr_hist_free(struct cr_hist *h)
{
  cr_mem_free(h);
}

void cr_hist_add(struct cr_hist *h, cr_ns value_ns)
{
  if (value_ns < 0)
    value_ns = 0;
  if (h->n == 0 || value_ns < h->min_ns)
    h->min_ns = value_ns;
  if (h->n == 0 || value_ns > h->max_ns)
    h->max_ns = value_ns;
  h->n++;
  if (__builtin_add_overflow(h->sum_low, (uint64_t)value_ns, &h->sum_low))
    h->sum_high++;
  h->bucket[bucket_of((uint64_t)value_ns)]++;
}

uint64_t cr_hist_count(const struct cr_hist *h)
{
  return h ? h->n : 0;
}

double cr_hist_mean(const struct cr_hist *h)
{
  if (!h || h->n == 0)
    return NAN;
  return (ldexp((double)h->sum_high, 64) + (double)h->sum_low) / (double)h->n;
}

cr_ns cr_hist_min(const struct cr_hist *h)
{
  return h ? h->min_ns : CR_NS_NEVER;
}

cr_ns cr_hist_max(const struct cr_hist *h)
{
  return h ? h->max_ns : CR_NS_NEVER;
}

/* ceil(n * q_ppm / 1e6), at least 1, at most n, without overflow. */
static uint64_t rank_of(uint64_t n, uint64_t q_ppm)
{
  const uint64_t million = 1000000;
  uint64_t rank = n / million * q_ppm + (n % million * q_ppm + million - 1) / million;
  if (rank < 1)
    return 1;
  return rank < n ? rank : n;
}

cr_ns cr_hist_quantile(const struct cr_hist *h, uint32_t q_ppm)
{
  if (!h || h->n == 0)
    return CR_NS_NEVER;
  uint64_t rank = rank_of(h->n, q_ppm < 1000000 ? q_ppm : 1000000);
  if (rank == 1)
    return h->min_ns; /* the two ends are known exactly */
  if (rank == h->n)
    return h->max_ns;
  uint32_t b = bucket_of((uint64_t)h->min_ns);
  for (uint64_t below = h->bucket[b]; below < rank; below += h->bucket[b])
    b++;
  return cr_min_ns(cr_max_ns(middle_of(b), h->min_ns), h->max_ns);
}
