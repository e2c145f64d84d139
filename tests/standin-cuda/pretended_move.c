/* pretended_move.c - copies, fills, and words that are written. */
#include "config.h"

#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_memory.h"
#include "tests/standin-cuda/pretended_stream.h"

static int copy(cr_cu_address to, cr_cu_address from, size_t bytes, cr_cu_stream stream)
{
  return stream_add(stream, &(struct op){.kind = COPY, .to = to, .from = from, .bytes = bytes});
}

int cuMemcpyHtoDAsync_v2(cr_cu_address to, const void *from, size_t bytes, cr_cu_stream stream)
{
  return copy(to, memory_address(from), bytes, stream);
}

int cuMemcpyDtoHAsync_v2(void *to, cr_cu_address from, size_t bytes, cr_cu_stream stream)
{
  return copy(memory_address(to), from, bytes, stream);
}

int cuMemcpyDtoDAsync_v2(cr_cu_address to, cr_cu_address from, size_t bytes, cr_cu_stream stream)
{
  return copy(to, from, bytes, stream);
}

int cuMemsetD8Async(cr_cu_address to, unsigned char value, size_t bytes, cr_cu_stream stream)
{
  return stream_add(stream, &(struct op){.kind = FILL, .to = to, .value = value, .bytes = bytes});
}

int cuStreamWriteValue32_v2(cr_cu_stream stream, cr_cu_address to, uint32_t value, unsigned flags)
{
  return flags ? INVALID : stream_add(stream, &(struct op){.kind = WRITE, .to = to, .word = value});
}

int cuStreamBatchMemOp_v2(cr_cu_stream stream, unsigned n, struct cr_cu_memory_op *op, unsigned flags)
{
  int error = flags ? INVALID : CR_CU_OK;
  for (unsigned i = 0; !error && i < n; i++)
    error = op[i].operation == CR_CU_WRITE_32
              ? cuStreamWriteValue32_v2(stream, op[i].to, (uint32_t)op[i].value, op[i].flags)
              : INVALID;
  return error;
}
