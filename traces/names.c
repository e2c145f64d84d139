/* names.c - texts kept once each and numbered: an open-addressed table of numbers over a list of texts in an arena. */
#include "config.h"

#include "traces/names.h"

#include "sim/mem.h"

#include <string.h>

struct cr_names {
  struct cr_arena *arena;
  const char **text; /* [n], cap of them */
  uint64_t *hash;    /* the same, so that growing need not read the texts */
  uint32_t n, cap;
  uint32_t *slot; /* [2 * cap]: number + 1; 0: free */
};

struct cr_names *cr_names_new(void)
{
  struct cr_names *names = cr_mem_new(1, sizeof *names);
  if (!names)
    return NULL;
  names->arena = cr_arena_new();
  if (!names->arena) {
    cr_mem_free(names);
    return NULL;
  }
  return names;
}

void cr_names_free(struct cr_names *names)
{
  if (!names)
    return;
  cr_arena_free(names->arena);
  cr_mem_free(names->text);
  cr_mem_free(names->hash);
  cr_mem_free(names->slot);
  cr_mem_free(names);
}

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *text; text++)
    h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return h;
}

/* The slot that holds the text, or the free one where it belongs. */
static uint32_t *find_slot(const struct cr_names *names, const char *text, uint64_t hash)
{
  uint32_t mask = 2 * names->cap - 1, i = (uint32_t)hash & mask;
  for (;; i = (i + 1) & mask) {
    uint32_t *slot = &names->slot[i];
    if (!*slot || (names->hash[*slot - 1] == hash && strcmp(names->text[*slot - 1], text) == 0))
      return slot;
  }
}

/* Twice the room; the old tables stay when there is no memory. */
static int grow(struct cr_names *names)
{
  uint32_t cap = names->cap ? 2 * names->cap : 64;
  if (cap > UINT32_MAX / 4)
    return CR_ENOMEM;
  const char **text = cr_mem_resize(names->text, cap, sizeof *text);
  names->text = text ? text : names->text;
  uint64_t *hash = text ? cr_mem_resize(names->hash, cap, sizeof *hash) : NULL;
  names->hash = hash ? hash : names->hash;
  uint32_t *slot = hash ? cr_mem_new(2 * (size_t)cap, sizeof *slot) : NULL;
  if (!slot)
    return CR_ENOMEM;
  for (uint32_t k = 0; k < names->n; k++) {
    uint32_t i = (uint32_t)hash[k] & (2 * cap - 1);
    while (slot[i])
      i = (i + 1) & (2 * cap - 1);
    slot[i] = k + 1;
  }
  cr_mem_free(names->slot);
  names->slot = slot;
  names->cap = cap;
  return CR_OK;
}

uint32_t cr_names_put(struct cr_names *names, const char *text)
{
  if (names->n == names->cap && grow(names))
    return CR_NONE;
  uint64_t hash = hash_of(text);
  uint32_t *slot = find_slot(names, text, hash);
  if (*slot)
    return *slot - 1;
  const char *copy = cr_arena_text(names->arena, text);
  if (!copy)
    return CR_NONE;
  names->text[names->n] = copy;
  names->hash[names->n] = hash;
  *slot = ++names->n;
  return names->n - 1;
}

uint32_t cr_names_find(const struct cr_names *names, const char *text)
{
  uint32_t slot = names->cap ? *find_slot(names, text, hash_of(text)) : 0;
  return slot ? slot - 1 : CR_NONE;
}

uint32_t cr_names_count(const struct cr_names *names)
{
  return names->n;
}

const char *cr_names_text(const struct cr_names *names, uint32_t i)
{
  return names->text[i];
}

const char *const *cr_names_all(const struct cr_names *names)
{
  return names->text;
}
