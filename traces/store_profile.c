/* store_profile.c - what profiles by block say of kernels: times of a block by occupancy, how many an SM holds, idempotence.
 *
 * They stand in tables of their own, since few tools record them: profile has a row for each such kernel, block_time one for each
 * entry of its table. */
#include "config.h"

#include "sim/mem.h"
#include "traces/store_int.h"

/* -- adding -- */

static int has_profile(const struct cr_op_spec *op)
{
  return op->sm_blocks || op->idempotent != CR_UNSAID || op->n_block_ns;
}

static int add_row(struct cr_store *s, sqlite3_stmt *q, int64_t model, uint32_t i, const struct cr_op_spec *op,
                   struct cr_err *err)
{
  sqlite3_reset(q);
  sqlite3_bind_int64(q, 1, model);
  sqlite3_bind_int64(q, 2, i);
  if (op->sm_blocks)
    sqlite3_bind_int64(q, 3, op->sm_blocks);
  else
    sqlite3_bind_null(q, 3);
  if (op->idempotent != CR_UNSAID)
    sqlite3_bind_int64(q, 4, op->idempotent == CR_YES);
  else
    sqlite3_bind_null(q, 4);
  return cr_store_step(s, q, err);
}

static int add_times(struct cr_store *s, sqlite3_stmt *q, int64_t model, uint32_t i, const struct cr_op_spec *op,
                     struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t k = 0; k < op->n_block_ns && !rc; k++) {
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, model);
    sqlite3_bind_int64(q, 2, i);
    sqlite3_bind_int64(q, 3, (int64_t)k + 1);
    sqlite3_bind_int64(q, 4, op->block_ns[k]);
    rc = cr_store_step(s, q, err);
  }
  return rc;
}

int cr_store_add_profile(struct cr_store *s, int64_t model, const struct cr_model_spec *spec, struct cr_err *err)
{
  sqlite3_stmt *row = NULL, *time = NULL;
  int rc = cr_store_prepare(s, "INSERT INTO profile(model, i, sm_blocks, idempotent) VALUES(?, ?, ?, ?)", &row, err);
  if (!rc)
    rc = cr_store_prepare(s, "INSERT INTO block_time(model, i, n_block, ns) VALUES(?, ?, ?, ?)", &time, err);
  for (uint32_t i = 0; i < spec->n_op && !rc; i++) {
    if (!has_profile(&spec->op[i]))
      continue;
    rc = add_row(s, row, model, i, &spec->op[i], err);
    if (!rc)
      rc = add_times(s, time, model, i, &spec->op[i], err);
  }
  sqlite3_finalize(row);
  sqlite3_finalize(time);
  return rc;
}

/* -- reading -- */

static int damaged(struct cr_store *s, const char *model_name, int64_t i, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: model %s: the profile of op %lld is damaged; import it again", s->path,
                 model_name, (long long)i);
}

static int read_rows(struct cr_store *s, int64_t model, const char *model_name, struct cr_op_spec *op, uint32_t n_op,
                     struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s,
                            "SELECT i, coalesce(sm_blocks, 0), idempotent, (SELECT count(*) FROM block_time b WHERE "
                            "b.model = p.model AND b.i = p.i) "
                            "FROM profile p WHERE model = ?",
                            &q, err);
  if (!rc)
    sqlite3_bind_int64(q, 1, model);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    int64_t i = sqlite3_column_int64(q, 0), blocks = sqlite3_column_int64(q, 1), n = sqlite3_column_int64(q, 3);
    rc = i < 0 || i >= n_op || blocks < 0 || blocks >= CR_NONE || n >= CR_NONE ? damaged(s, model_name, i, err) : CR_OK;
    if (rc)
      break;
    op[i].sm_blocks = (uint32_t)blocks;
    op[i].n_block_ns = (uint32_t)n;
    if (sqlite3_column_type(q, 2) != SQLITE_NULL)
      op[i].idempotent = sqlite3_column_int64(q, 2) ? CR_YES : CR_NO;
  }
  sqlite3_finalize(q);
  return rc;
}

static int read_times(struct cr_store *s, int64_t model, const char *model_name, struct cr_op_spec *op, uint32_t n_op,
                      cr_ns *ns, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int64_t last = -1, n = 0;
  int rc = cr_store_prepare(s, "SELECT i, n_block, ns FROM block_time WHERE model = ? ORDER BY i, n_block", &q, err);
  if (!rc)
    sqlite3_bind_int64(q, 1, model);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    int64_t i = sqlite3_column_int64(q, 0);
    n = i == last ? n + 1 : 1;
    last = i;
    rc = i < 0 || i >= n_op || n > op[i].n_block_ns || sqlite3_column_int64(q, 1) != n ? damaged(s, model_name, i, err)
                                                                                       : CR_OK;
    if (rc)
      break;
    if (n == 1)
      op[i].block_ns = ns;
    *ns++ = sqlite3_column_int64(q, 2);
  }
  sqlite3_finalize(q);
  return rc;
}

int cr_store_read_profile(struct cr_store *s, int64_t model, const char *model_name, struct cr_arena *arena,
                          struct cr_op_spec *op, uint32_t n_op, struct cr_err *err)
{
  int rc = read_rows(s, model, model_name, op, n_op, err);
  size_t n = 0;
  for (uint32_t i = 0; i < n_op; i++)
    n += op[i].n_block_ns;
  if (rc || !n)
    return rc;
  cr_ns *ns = cr_arena_take(arena, n, sizeof *ns);
  return ns ? read_times(s, model, model_name, op, n_op, ns, err) : cr_fail_nomem(err, model_name);
}
