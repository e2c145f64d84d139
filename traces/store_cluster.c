/* store_cluster.c - the clusters of blocks that kernels were launched in.
 *
 * They stand in a table of their own, with a row for each kernel of which it was recorded: blocks 1 says that it had none. */
#include "config.h"

#include "traces/store_int.h"

int cr_store_add_clusters(struct cr_store *s, int64_t model, const struct cr_model_spec *spec, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, "INSERT INTO cluster(model, i, blocks) VALUES(?, ?, ?)", &q, err);
  for (uint32_t i = 0; i < spec->n_op && !rc; i++) {
    if (!spec->op[i].cluster_blocks)
      continue;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, model);
    sqlite3_bind_int64(q, 2, i);
    sqlite3_bind_int64(q, 3, spec->op[i].cluster_blocks);
    rc = cr_store_step(s, q, err);
  }
  sqlite3_finalize(q);
  return rc;
}

int cr_store_read_clusters(struct cr_store *s, int64_t model, const char *model_name, struct cr_op_spec *op,
                           uint32_t n_op, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s, "SELECT i, blocks FROM cluster WHERE model = ?", &q, err);
  if (!rc)
    sqlite3_bind_int64(q, 1, model);
  while (!rc && (rc = cr_store_step(s, q, err)) > 0) {
    int64_t i = sqlite3_column_int64(q, 0), blocks = sqlite3_column_int64(q, 1);
    rc = CR_OK;
    if (i < 0 || i >= n_op || blocks < 1 || blocks >= CR_NONE)
      rc = cr_fail(err, CR_EINPUT, "%s: model %s: the cluster of op %lld is damaged; import it again", s->path,
                   model_name, (long long)i);
    else
      op[i].cluster_blocks = (uint32_t)blocks;
  }
  sqlite3_finalize(q);
  return rc;
}
