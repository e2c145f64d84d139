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

/* All blocks that there are: those of a GPU that hangs, which nobody may free, are the driver's to the end. */
static struct {
  struct block *block, *of_host;
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

/* Whether there was one, of so many bytes. */
static int drop(struct block **first, const void *at, size_t *bytes)
{
  while (*first && (*first)->memory != at)
    first = &(*first)->next;
  struct block *b = *first;
  if (!b)
    return 0;
  *first = b->next;
  *bytes = b->bytes;
  free(b->memory);
  free(b);
  return 1;
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
  size_t bytes = 0;
  int is_there = drop(&memory.block, memory_at(address), &bytes);
  memory.taken_bytes -= bytes;
  return is_there || !address ? CR_CU_OK : INVALID;
}

int cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
  *total = total_bytes();
  *free_bytes = *total - memory.taken_bytes;
  return CR_CU_OK;
}

int cuMemHostAlloc(void **at, size_t bytes, unsigned flags)
{
  struct block *b = malloc(sizeof *b);
  *at = b ? calloc(1, bytes) : NULL;
  if (!*at) {
    free(b);
    return CR_CU_OUT_OF_MEMORY;
  }
  *b = (struct block){.next = memory.of_host, .memory = *at, .bytes = bytes};
  memory.of_host = b;
  if (flags & CR_CU_HOST_MAPPED) {
    memory.host = *at;
    memory.host_bytes = bytes;
  }
  return CR_CU_OK;
}

int cuMemFreeHost(void *at)
{
  size_t bytes;
  memory.host = at == memory.host ? NULL : memory.host;
  return drop(&memory.of_host, at, &bytes) ? CR_CU_OK : INVALID;
}

int cuMemHostGetDevicePointer_v2(cr_cu_address *address, void *at, unsigned flags)
{
  *address = memory_address(at);
  return flags ? INVALID : CR_CU_OK;
}
