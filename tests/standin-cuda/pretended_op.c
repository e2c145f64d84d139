/* pretended_op.c - counts what the host is told. */
#include "config.h"

#include "tests/standin-cuda/pretended_op.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/standin-cuda/pretended_memory.h"

static struct {
  uint64_t n_launch, n_block, n_merged, n_pad, n_clustered, n_cluster;
} told;

int op_tells_part(const struct op *k, uint32_t part)
{
  return memory_host_sees(k->part[part].record) && (k->blocks > 1 || k->threads > 32);
}

int op_tells(const struct op *k)
{
  for (uint32_t i = 0; i < k->n_part; i++)
    if (op_tells_part(k, i))
      return 1;
  return 0;
}

void told_begin(void)
{
  told.n_launch = told.n_block = told.n_merged = told.n_pad = told.n_clustered = told.n_cluster = 0;
}

void told_launch(const struct op *k)
{
  for (uint32_t i = 0; i < k->n_part; i++)
    if (op_tells_part(k, i))
      told.n_launch++;
  if (op_tells(k) && k->cluster_blocks > 1) {
    told.n_clustered++;
    told.n_cluster += k->blocks / k->cluster_blocks;
  }
  told.n_merged += k->n_part > 1;
  told.n_pad += k->n_part > 1 ? k->n_part - 1 : 0;
}

void told_blocks(uint64_t n_worked)
{
  told.n_block += n_worked;
}

void told_write(void)
{
  const char *name = getenv("STANDIN_CUDA_TOLD");
  FILE *f = name ? fopen(name, "w") : NULL;
  if (!f)
    return;
  fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", told.n_launch, told.n_block,
          told.n_merged, told.n_pad, told.n_clustered, told.n_cluster);
  fclose(f);
}
