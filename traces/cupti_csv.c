/* cupti_csv.c - merges shared-memory carve-outs from per-kernel CUPTI records into a store.
 *
 * All files are read before the store is touched.  Two records of one launch shape with different carve-outs contradict
 * what the merge rests on, and are refused. */
#include "config.h"

#include "traces/cupti_csv.h"

#include <inttypes.h>
#include <string.h>

#include "sim/mem.h"
#include "traces/csv.h"
#include "traces/sha256.h"

struct shape {
  int64_t threads, regs, smem_bytes, carveout_bytes;
  const char *path; /* where it was seen first */
  uint32_t line;
};

struct shapes {
  struct shape *shape; /* [n]: some hundred at most, since kernels are compiled in so many sizes only */
  uint32_t n, cap;
};

enum { SHAPE_MAX = 1 << 16 };

static int add_shape(struct shapes *all, const struct shape *new, struct cr_err *err)
{
  for (uint32_t i = 0; i < all->n; i++) {
    const struct shape *old = &all->shape[i];
    if (old->threads != new->threads || old->regs != new->regs || old->smem_bytes != new->smem_bytes)
      continue;
    if (old->carveout_bytes == new->carveout_bytes)
      return CR_OK;
    return cr_fail(err, CR_EINPUT,
                   "%s:%u: smem_executed is %" PRId64 " for %" PRId64 " threads, %" PRId64 " registers and %" PRId64
                   " bytes, but %" PRId64 " in %s:%u; import records of one device and driver",
                   new->path, new->line, new->carveout_bytes, new->threads, new->regs, new->smem_bytes,
                   old->carveout_bytes, old->path, old->line);
  }
  if (all->n == SHAPE_MAX)
    return cr_fail(err, CR_EINPUT, "%s:%u: more than %d launch shapes; this is no table of CUPTI kernel records",
                   new->path, new->line, SHAPE_MAX);
  if (all->n == all->cap) {
    uint32_t cap = all->cap ? 2 * all->cap : 128;
    struct shape *grown = cr_mem_resize(all->shape, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, new->path);
    all->shape = grown;
    all->cap = cap;
  }
  all->shape[all->n++] = *new;
  return CR_OK;
}

enum { BLOCKS, THREADS, REGS, STATIC_SMEM, DYNAMIC_SMEM, SMEM_EXECUTED, N_COLUMN };
static const char *const name[N_COLUMN] = {"blocks", "threads", "regs", "static_smem", "dynamic_smem", "smem_executed"};

static int read_row(struct cr_csv *csv, const int *column, const char *path, struct shapes *all, struct cr_err *err)
{
  int64_t v[N_COLUMN];
  for (int c = 0; c < N_COLUMN; c++) {
    int rc = cr_csv_i64(csv, column[c], -1, &v[c], err);
    if (rc)
      return rc;
    if (v[c] < 0 || v[c] > INT32_MAX)
      return cr_fail(err, CR_EINPUT, "%s:%u: %s is \"%s\", out of range", path, cr_csv_line(csv), name[c],
                     cr_csv_field(csv, column[c]));
  }
  if (v[BLOCKS] == 0)
    return CR_OK;
  struct shape shape = {v[THREADS],       v[REGS], v[STATIC_SMEM] + v[DYNAMIC_SMEM],
                        v[SMEM_EXECUTED], path,    cr_csv_line(csv)};
  return add_shape(all, &shape, err);
}

static int read_file(const char *path, struct shapes *all, struct cr_err *err)
{
  struct cr_csv *csv = NULL;
  int column[N_COLUMN];
  int rc = cr_csv_open(path, &csv, err);
  if (rc)
    return rc;
  for (int c = 0; c < N_COLUMN && !rc; c++)
    rc = cr_csv_need(csv, name[c], &column[c], err);
  while (!rc && (rc = cr_csv_next(csv, err)) > 0)
    rc = read_row(csv, column, path, all, err);
  cr_csv_close(csv);
  return rc;
}

static int add_sources(struct cr_store *s, const char *const *path, uint32_t n_path, const struct cr_origin *given,
                       struct cr_err *err)
{
  for (uint32_t i = 0; i < n_path; i++) {
    char sha[65];
    struct cr_origin origin = *given;
    const char *slash = strrchr(path[i], '/');
    int rc = cr_sha256_file(path[i], sha, err);
    origin.file = slash ? slash + 1 : path[i];
    origin.sha256 = sha;
    origin.tool = "cupti";
    if (!rc)
      rc = cr_store_add_source(s, &origin, err);
    if (rc)
      return rc;
  }
  return CR_OK;
}

int cr_cupti_csv_import(struct cr_store *s, const char *const *path, uint32_t n_path, const struct cr_origin *origin,
                        struct cr_cupti_result *out, struct cr_err *err)
{
  struct shapes all = {0};
  struct cr_cupti_result result = {0};
  int rc = CR_OK;
  for (uint32_t i = 0; i < n_path && !rc; i++)
    rc = read_file(path[i], &all, err);
  if (!rc && !all.n)
    rc = cr_fail(err, CR_EINPUT, "%s: has no kernel records", path[0]);
  for (uint32_t i = 0; i < all.n && !rc; i++) {
    const struct shape *shape = &all.shape[i];
    uint32_t n = 0;
    rc = cr_store_set_carveout(s, (uint32_t)shape->threads, (uint32_t)shape->regs, shape->smem_bytes,
                               shape->carveout_bytes, &n, err);
    result.n_matched += n;
  }
  if (!rc)
    rc = add_sources(s, path, n_path, origin, err);
  if (!rc)
    rc = cr_store_count_carveouts(s, &result.n_kernel, &result.n_without, err);
  result.n_shape = all.n;
  cr_mem_free(all.shape);
  if (!rc)
    *out = result;
  return rc;
}
