/* standin_cache.h - measured stand-ins, kept from run to run in a file of the user's.
 *
 * A file is for one GPU, one driver and one text of stand-ins; what was found for a kernel stands under all that it was asked for.
 * The folder is what CORUN_STANDIN_CACHE names, else corun/ in $XDG_CACHE_HOME or ~/.cache; a name that is empty, or no home: nothing
 * is kept.  Lines are added in one write under a lock, so that runs beside each other lose nothing, and each bears a checksum, so that
 * half a line is nobody's value.  Of two lines for one kernel the later counts. */
#ifndef CR_STANDIN_CACHE_H
#define CR_STANDIN_CACHE_H
#include "sim/base.h"

enum { CR_STANDIN_KEYS = 14 };

/* What a kernel's stand-in was asked for: numbers whose meaning is the caller's. */
struct cr_standin_key {
  int64_t number[CR_STANDIN_KEYS];
};

struct cr_standin_found {
  uint32_t rounds, chunks;
  double measured_ns;   /* a whole number is kept */
  double slope_ns;      /* of a round more; to a millionth */
  uint32_t dram_chunks; /* <= chunks */
};

struct cr_standin_cache;

/* text: a hash of what is measured.  *out NULL: nothing is to be kept.  A file that is not there is an empty one; a folder that the
 * user has named and that cannot be made, or a file that cannot be read, is refused. */
int cr_standin_cache_open(const char *gpu, int32_t driver, uint64_t text, struct cr_standin_cache **out,
                          struct cr_err *err) CR_MUST;

int cr_standin_cache_find(const struct cr_standin_cache *c, const struct cr_standin_key *key,
                          struct cr_standin_found *out); /* whether it is there; c NULL is fine */

/* To be written by cr_standin_cache_close. */
int cr_standin_cache_put(struct cr_standin_cache *c, const struct cr_standin_key *key,
                         const struct cr_standin_found *found, struct cr_err *err) CR_MUST; /* c NULL is fine */

/* What was there, and what was put so far; nothing is taken back from the file. */
void cr_standin_cache_forget(struct cr_standin_cache *c);

/* Writes what is new, and frees it.  A cache that cannot be written is refused where the user named its folder. */
int cr_standin_cache_close(struct cr_standin_cache *c, struct cr_err *err) CR_MUST; /* NULL is fine */
void cr_standin_cache_free(struct cr_standin_cache *c);                             /* writes nothing; NULL is fine */

uint64_t cr_standin_cache_hash(uint64_t hash, const char *text); /* FNV-1a, from 0 on */

#endif
