/* mem.h - the one door to the heap, and arenas.
 *
 * No other module calls malloc (build-aux/check-symbols.sh).  What lives as long as a run or a file comes from an arena
 * and is freed with it; what a run needs afterwards it takes from tables sized at set-up. */
#ifndef CR_MEM_H
#define CR_MEM_H
#include "sim/base.h"

/* n zeroed elements of size bytes; NULL when there is no memory or n * size overflows. */
void *cr_mem_new(size_t n, size_t size) CR_MUST;

/* The same, beginning at a multiple of align bytes: a power of two, of which size is a multiple.  For what threads share. */
void *cr_mem_new_aligned(size_t n, size_t size, size_t align) CR_MUST;

/* Grows or shrinks to n elements; the new ones are not zeroed.  NULL: the old block is as it was. */
void *cr_mem_resize(void *old, size_t n, size_t size) CR_MUST;

void cr_mem_free(void *ptr); /* NULL is fine */

struct cr_arena;

struct cr_arena *cr_arena_new(void) CR_MUST;
void cr_arena_free(struct cr_arena *a);

/* n zeroed elements, aligned for anything, valid until cr_arena_free.  NULL when there is no memory. */
void *cr_arena_take(struct cr_arena *a, size_t n, size_t size) CR_MUST;

/* A copy of the text in the arena. */
char *cr_arena_text(struct cr_arena *a, const char *text) CR_MUST;

#endif
