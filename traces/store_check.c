/* store_check.c - the sanity report on a model.
 *
 * Each finding is a fact about one op; the report counts them and names the first, so that a thousand ops of one kind
 * make one line. */
#include "config.h"

#include "traces/store_check.h"

enum {
  LONG_GAP_NS = 20000, /* a graph's gaps are under 1 us and a memset's some 3 us (H200); 20 us is a pause, not a gap */
  WARP = 32            /* threads, on every NVIDIA GPU */
};

static int64_t warps(const struct cr_op_spec *op)
{
  return (int64_t)op->blocks * ((op->threads + WARP - 1) / WARP);
}

static int no_shape(const struct cr_op_spec *op)
{
  return op->kind == CR_OP_KERNEL && (op->blocks == 0 || op->threads == 0);
}

static int no_bytes(const struct cr_op_spec *op)
{
  return op->kind != CR_OP_KERNEL && op->kind != CR_OP_HOST && op->bytes == CR_UNKNOWN;
}

static int wide_block(const struct cr_op_spec *op)
{
  return op->threads > 1024; /* CUDA's limit */
}

static int long_gap(const struct cr_op_spec *op)
{
  return op->launch_ns == CR_NS_NEVER && op->gap_ns != CR_NS_NEVER && op->gap_ns > LONG_GAP_NS;
}

static int unsteady(const struct cr_op_spec *op)
{
  return op->spread_ns != CR_NS_NEVER && op->spread_ns > op->duration_ns / 4;
}

static int small_carveout(const struct cr_op_spec *op)
{
  return op->carveout_bytes != CR_UNKNOWN && op->smem_bytes > op->carveout_bytes;
}

/* Every warp issues an instruction at least: its exit. */
static int few_instructions(const struct cr_op_spec *op)
{
  return op->kind == CR_OP_KERNEL && op->instructions != CR_UNKNOWN && op->instructions < warps(op);
}

static int many_tensor(const struct cr_op_spec *op)
{
  return op->tensor_instructions != CR_UNKNOWN && op->instructions != CR_UNKNOWN &&
         op->tensor_instructions > op->instructions;
}

static int many_warps(const struct cr_op_spec *op)
{
  return op->kind == CR_OP_KERNEL && op->active_warps_q16 != CR_UNKNOWN && op->active_warps_q16 / 65536 > warps(op);
}

static int through_l2(const struct cr_op_spec *op)
{
  /* DRAM traffic goes through L2; write-backs of earlier kernels' lines can add some, hence the factor and the floor.
   */
  return op->dram_bytes != CR_UNKNOWN && op->l2_bytes != CR_UNKNOWN && op->dram_bytes > 1 << 20 &&
         op->dram_bytes / 4 > op->l2_bytes;
}

/* Times of a block are recorded up to as many as fit. */
static int short_table(const struct cr_op_spec *op)
{
  return op->n_block_ns && op->sm_blocks && op->n_block_ns != op->sm_blocks;
}

static const struct rule {
  int (*found)(const struct cr_op_spec *op);
  const char *text;
} rule[] = {
  {no_shape, "without a launch shape"},
  {no_bytes, "copies or memsets without a byte count"},
  {wide_block, "with more than 1024 threads a block"},
  {long_gap, "after a pause of more than 20 us"},
  {unsteady, "vary by more than a quarter of their duration"},
  {small_carveout, "need more shared memory a block than the carve-out they ran with"},
  {few_instructions, "with fewer instructions than warps: counters of another kernel"},
  {many_tensor, "with more tensor instructions than instructions"},
  {many_warps, "with more warps active than launched: counters of another kernel"},
  {short_table, "with times of a block that end before, or after, as many as fit on an SM"},
  {through_l2, "with four times the traffic in DRAM that went through L2"},
};

void cr_store_check(const struct cr_op_spec *op, uint32_t n_op, struct cr_text *out)
{
  for (size_t r = 0; r < sizeof rule / sizeof *rule; r++) {
    uint32_t n = 0, first = 0;
    for (uint32_t i = n_op; i-- > 0;)
      if (rule[r].found(&op[i])) {
        n++;
        first = i;
      }
    if (n)
      cr_text_add(out, "%u op%s %s (first: op %u)\n", n, n == 1 ? "" : "s", rule[r].text, first);
  }
}
