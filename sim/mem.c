/* mem.c - the one door to the heap, and arenas: chunks that are freed together. */
#include "config.h"

#include "sim/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct chunk {
  struct chunk *next;
  size_t used, cap; /* of the bytes behind this header */
  alignas(max_align_t) unsigned char bytes[];
};

struct cr_arena {
  struct chunk *head;
};

void *cr_mem_new(size_t n, size_t size)
{
  return calloc(n ? n : 1, size ? size : 1);
}

void *cr_mem_new_aligned(size_t n, size_t size, size_t align)
{
  size_t bytes;
  assert(size > 0 && size % align == 0);
  if (__builtin_mul_overflow(n ? n : 1, size, &bytes))
    return NULL;
  void *block = aligned_alloc(align, bytes);
  if (block)
    memset(block, 0, bytes);
  return block;
}

void *cr_mem_resize(void *old, size_t n, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes))
    return NULL;
  return realloc(old, bytes ? bytes : 1);
}

void cr_mem_free(void *ptr)
{
  free(ptr);
}

struct cr_arena *cr_arena_new(void)
{
  return cr_mem_new(1, sizeof(struct cr_arena));
}

void cr_arena_free(struct cr_arena *a)
{
  if (!a)
    return;
  for (struct chunk *c = a->head, *next; c; c = next) {
    next = c->next;
    cr_mem_free(c);
  }
  cr_mem_free(a);
}

void *cr_arena_take(struct cr_arena *a, size_t n, size_t size)
{
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
    return NULL;
  bytes = (bytes + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
  struct chunk *c = a->head;
  if (!c || c->cap - c->used < bytes) {
    size_t cap = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    c = cr_mem_new(1, sizeof *c + cap);
    if (!c)
      return NULL;
    c->cap = cap;
    c->next = a->head;
    a->head = c;
  }
  void *ptr = c->bytes + c->used;
  c->used += bytes;
  return ptr;
}

char *cr_arena_text(struct cr_arena *a, const char *text)
{
  size_t n = strlen(text) + 1;
  char *copy = cr_arena_take(a, n, 1);
  if (copy)
    memcpy(copy, text, n);
  return copy;
}
