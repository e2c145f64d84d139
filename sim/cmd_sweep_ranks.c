/* cmd_sweep_ranks.c - what ranks of a sweep do about each other's files.
 *
 * A rank writes a file of its own beside the database, and tells nobody.  The one that ends last finds that all is there and makes
 * the database of it.  Files that are left of another number of ranks, of which some were lost, say, have runs as good as any:
 * they go into the database, and whoever comes goes on with the rest. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sim/cmd_sweep.h"
#include "sim/mem.h"

/* -- other numbers of ranks -------------------------------------------------------------------------------------------- */

/* Shards that are not of this number of ranks, in the arena. */
static int find_foreign(struct cr_sweep *s, const char ***out, uint32_t *n, struct cr_err *err)
{
  uint32_t n_all;
  int rc = cr_studydb_find_shards(s->path, s->arena, out, &n_all, err);
  if (rc != CR_OK)
    return rc;
  *n = 0;
  for (uint32_t i = 0; i < n_all; i++)
    if (s->rank.n == 1 || cr_studydb_shard_ranks((*out)[i]) != s->rank.n)
      (*out)[(*n)++] = (*out)[i];
  return CR_OK;
}

/* One file of those, which must be at rest. */
static int read_foreign(struct cr_sweep *s, const char *path, uint32_t n_rank, struct cr_err *err)
{
  int is_busy = 0;
  int rc = cr_studydb_read(path, s->workload_hash, &s->results, &is_busy, err);
  if (is_busy && n_rank)
    return cr_fail(err, CR_EINPUT,
                   "%s: one of %u ranks is writing it; wait until they have ended, or be one of them: --rank I/%u",
                   path, n_rank, n_rank);
  return rc;
}

static int absorb_locked(struct cr_sweep *s, struct cr_err *err)
{
  const char **shard;
  uint32_t n;
  int rc = find_foreign(s, &shard, &n, err); /* once more: another rank may have done it meanwhile */
  if (rc != CR_OK || !n)
    return rc;
  if (cr_studydb_exists(s->path))
    rc = read_foreign(s, s->path, 0, err);
  for (uint32_t i = 0; rc == CR_OK && i < n; i++)
    rc = read_foreign(s, shard[i], cr_studydb_shard_ranks(shard[i]), err);
  return rc ? rc : cr_studydb_settle(s->path, shard, n, NULL, 0, err);
}

int cr_sweep_absorb(struct cr_sweep *s, struct cr_err *err)
{
  const char **shard;
  uint32_t n;
  int lock = -1;
  int rc = find_foreign(s, &shard, &n, err);
  if (rc != CR_OK || !n)
    return rc;
  rc = cr_studydb_lock(s->path, &lock, err);
  if (rc != CR_OK)
    return rc;
  rc = absorb_locked(s, err);
  cr_studydb_unlock(s->path, lock);
  return rc;
}

/* -- this number of ranks ------------------------------------------------------------------------------------------------ */

/* Whether the files of all ranks are there, at rest, and hold all runs: then *whole, and the results have them. */
static int look_at_ranks(struct cr_sweep *s, int *whole, struct cr_err *err)
{
  int rc = CR_OK, is_busy = 0;
  *whole = 0;
  for (uint32_t i = 0; rc == CR_OK && i < s->rank.n; i++) {
    char *shard = cr_studydb_shard(s->path, i, s->rank.n);
    if (!shard)
      return cr_fail_nomem(err, "the results database");
    if (i != s->rank.i && cr_studydb_exists(shard))
      rc = cr_studydb_read(shard, s->workload_hash, &s->results, &is_busy, err);
    cr_mem_free(shard);
  }
  if (is_busy)
    return CR_OK;
  *whole = rc == CR_OK && cr_sweep_is_whole(&s->results);
  return rc;
}

static int settle(struct cr_sweep *s, struct cr_err *err)
{
  const char **shard;
  uint32_t n;
  int rc = cr_studydb_find_shards(s->path, s->arena, &shard, &n, err);
  return rc ? rc : cr_studydb_settle(s->path, shard, n, NULL, 0, err);
}

int cr_sweep_join(struct cr_sweep *s, int *mine, struct cr_err *err)
{
  int lock = -1, whole = 0;
  int rc = cr_studydb_lock(s->path, &lock, err);
  if (rc != CR_OK)
    return rc;
  char *own = cr_studydb_shard(s->path, s->rank.i, s->rank.n);
  int is_over = own && cr_studydb_exists(s->path) && !cr_studydb_exists(own); /* another rank was faster */
  cr_mem_free(own);
  if (!is_over)
    rc = look_at_ranks(s, &whole, err);
  if (rc == CR_OK && whole)
    rc = settle(s, err);
  *mine = rc == CR_OK && whole;
  cr_studydb_unlock(s->path, lock);
  return rc;
}

/* -- by hand ------------------------------------------------------------------------------------------------------------- */

/* Named twice, or as what is made, a file is one. */
static int add_others(struct cr_sweep *s, char *const *other, uint32_t n_other, const char **out, uint32_t *n,
                      struct cr_err *err)
{
  *n = 0;
  for (uint32_t i = 0; i < n_other; i++) {
    if (!cr_studydb_exists(other[i]))
      return cr_fail(err, CR_EINPUT, "%s: there is no such file", other[i]);
    int is_known = strcmp(other[i], s->path) == 0;
    for (uint32_t k = 0; k < *n; k++)
      is_known |= strcmp(other[i], out[k]) == 0;
    if (!is_known)
      out[(*n)++] = other[i];
  }
  return CR_OK;
}

static int merge_locked(struct cr_sweep *s, struct cr_design_words *words, const char *const *shard, uint32_t n_shard,
                        const char *const *other, uint32_t n_other, struct cr_err *err)
{
  int is_there = cr_studydb_exists(s->path);
  const char *first = is_there ? s->path : n_shard ? shard[0] : other[0];
  int rc = cr_sweep_read_design(first, words, &s->design, err);
  rc = rc ? rc : cr_results_init(&s->results, &s->design, err);
  if (rc == CR_OK && is_there)
    rc = cr_studydb_read(s->path, NULL, &s->results, NULL, err);
  for (uint32_t i = 0; rc == CR_OK && i < n_shard + n_other; i++)
    rc = cr_studydb_read(i < n_shard ? shard[i] : other[i - n_shard], NULL, &s->results, NULL, err);
  return rc ? rc : cr_studydb_settle(s->path, shard, n_shard, other, n_other, err);
}

int cr_sweep_merge(struct cr_sweep *s, struct cr_design_words *words, char *const *other, uint32_t n_other,
                   struct cr_err *err)
{
  const char **shard, **more = cr_arena_take(s->arena, n_other, sizeof *more);
  uint32_t n_shard = 0, n_more = 0;
  int lock = -1;
  int rc = more ? cr_studydb_find_shards(s->path, s->arena, &shard, &n_shard, err) : cr_fail_nomem(err, "the files");
  rc = rc ? rc : add_others(s, other, n_other, more, &n_more, err);
  if (rc == CR_OK && !n_shard && !n_more)
    rc = cr_fail(err, CR_EINPUT,
                 "%s: no rank has written files beside it that could be merged, and no others are named", s->path);
  rc = rc ? rc : cr_studydb_lock(s->path, &lock, err);
  if (rc != CR_OK)
    return rc;
  rc = merge_locked(s, words, shard, n_shard, more, n_more, err);
  cr_studydb_unlock(s->path, lock);
  return rc;
}
