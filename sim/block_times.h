/* block_times.h - how long one block takes by the number of its kind on its SM, as recorded: between the entries, beyond them,
 * and as a line.
 *
 * Entry i is the time with i + 1 blocks.  Blocks of other kernels count by their load, in multiples of the kernel's own
 * blocks', so that the number need not be whole.  That others disturb as the kernel's own blocks do is assumed: profiles of
 * this kind (REEF's: Han et al., OSDI 2022, artifact) were taken of each kernel alone. */
#ifndef CR_BLOCK_TIMES_H
#define CR_BLOCK_TIMES_H
#include "sim/base.h"

/* Linear between the entries; below one block as with one, beyond the last as the last says.  n >= 1. */
static inline double cr_block_ns(const cr_ns *block_ns, uint32_t n, double blocks)
{
  if (!(blocks > 1))
    return (double)block_ns[0];
  if (blocks >= n)
    return (double)block_ns[n - 1];
  uint32_t i = (uint32_t)blocks; /* >= 1, < n */
  double low = (double)block_ns[i - 1];
  return low + (blocks - i) * ((double)block_ns[i] - low);
}

/* at_0_ns + per_block_ns * blocks: both >= 0, one of them larger. */
struct cr_block_line {
  double at_0_ns, per_block_ns;
};

/* The line of least squares through the entries among those that can be: more blocks are never faster. */
struct cr_block_line cr_block_line(const cr_ns *block_ns, uint32_t n);

#endif
