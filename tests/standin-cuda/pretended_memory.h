/* pretended_memory.h - memory of the pretended GPU, and of the host where it tells things: both are the host's. */
#ifndef CR_PRETENDED_MEMORY_H
#define CR_PRETENDED_MEMORY_H
#include <stddef.h>
#include <stdint.h>

static inline void *memory_at(uint64_t address)
{
  return (void *)(uintptr_t)address;
}

static inline uint64_t memory_address(const void *at)
{
  return (uint64_t)(uintptr_t)at;
}

size_t memory_of_device(void); /* bytes */

/* Whether it lies in what the host is told through. */
int memory_host_sees(uint64_t address);

#endif
