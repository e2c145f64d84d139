/* block_times.c - a line through the times of a block by occupancy. */
#include "config.h"

#include "sim/block_times.h"

struct cr_block_line cr_block_line(const cr_ns *block_ns, uint32_t n)
{
  double sum = 0, products = 0, middle = (n + 1) / 2.0, squares = 0, by_blocks = 0, by_blocks_squares = 0;
  for (uint32_t i = 0; i < n; i++) {
    double off = i + 1 - middle, ns = (double)block_ns[i];
    sum += ns;
    products += off * ns;
    squares += off * off;
    by_blocks += (i + 1) * ns;
    by_blocks_squares += (i + 1.0) * (i + 1.0);
  }
  double mean = sum / n, slope = squares > 0 ? products / squares : 0;
  if (slope <= 0)
    return (struct cr_block_line){.at_0_ns = mean};
  if (mean < slope * middle) /* below 0 without blocks: the best line through 0 */
    return (struct cr_block_line){.per_block_ns = by_blocks / by_blocks_squares};
  return (struct cr_block_line){.at_0_ns = mean - slope * middle, .per_block_ns = slope};
}
