/* pretended_memory.c - blocks of memory that were taken, counted.
 *
 * What kernels report through and copies work on is there; of more only an address, as nothing touches it. */
#include "config.h"

#include "tests/standin-cuda/pretended_memory.h"

#include <stdlib.h>

#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_fault.h"

enum { LARGE = 1 << 28 };
static const size_t DEVICE_BYTES = 150109880320;

struct block {
  struct block *next;
  void *memory;
  size_t bytes;
};

static struct {
  struct block *block;
  size_t taken_bytes;
  unsigned char *host; /* the memory that the host is told through */
  size_t host_bytes;
} memory;

size_t memory_of_device(void)
{
  return DEVICE_BYTES;
}

static size_t total_bytes(void)
{
  return fault_is("memory") ? (size_t)fault_number() : DEVICE_BYTES;
}

int memory_host_sees(uint64_t address)
{
  return memory.host && address - memory_address(memory.host) < memory.host_bytes;
}

int cuMemAlloc_v2(cr_cu_address *address, size_t bytes)
{
  int is_taken = fault_is("alloc") && fault_count("alloc") >= fault_number();
  if (is_taken || fault_is("no-memory") || bytes > total_bytes() - memory.taken_bytes)
    return CR_CU_OUT_OF_MEMORY;
  struct block *b = malloc(sizeof *b);
  void *at = b ? malloc(bytes < LARGE ? bytes : 1) : NULL;
  if (!at) {
    free(b);
    return CR_CU_OUT_OF_MEMORY;
  }
  *b = (struct block){.next = memory.block, .memory = at, .bytes = bytes};
  memory.block = b;
  memory.taken_bytes += bytes;
  *address = memory_address(at);
  return CR_CU_OK;
}

int cuMemFree_v2(cr_cu_address address)
{
  struct block **at_block = &memory.block;
  while (*at_block && (*at_block)->memory != memory_at(address))
    at_block = &(*at_block)->next;
  struct block *b = *at_block;
  if (!b)
    return address ? INVALID : CR_CU_OK;
  *at_block = b->next;
  memory.taken_bytes -= b->bytes;
  free(b->memory);
  free(b);
  return CR_CU_OK;
}

int cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
  *total = total_bytes();
  *free_bytes = *total - memory.taken_bytes;
  return CR_CU_OK;
}

int cuMemHostAlloc(void **at, size_t bytes, unsigned flags)
{
  *at = calloc(1, bytes);
  if (*at && flags & CR_CU_HOST_MAPPED) {
    memory.host = *at;
    memory.host_bytes = bytes;
  }
  return *at ? CR_CU_OK : CR_CU_OUT_OF_MEMORY;
}

int cuMemFreeHost(void *at)
{
  memory.host = at == memory.host ? NULL : memory.host;
  free(at);
  return CR_CU_OK;
}

int cuMemHostGetDevicePointer_v2(cr_cu_address *address, void *at, unsigned flags)
{
  *address = memory_address(at);
  return flags ? INVALID : CR_CU_OK;
}
