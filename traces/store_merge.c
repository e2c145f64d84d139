/* store_merge.c - adds what other tools recorded (carve-outs, counters) to models that are in the store. */
#include "config.h"

#include "traces/store_int.h"

int cr_store_add_source(struct cr_store *s, const struct cr_origin *origin, struct cr_err *err)
{
  return cr_store_add_origin(s, 0, origin, err);
}

int cr_store_add_model_source(struct cr_store *s, const char *model, const struct cr_origin *origin, struct cr_err *err)
{
  int64_t id = 0;
  int rc = cr_store_find_model(s, model, &id, err);
  return rc ? rc : cr_store_add_origin(s, id, origin, err);
}

int cr_store_read_model(struct cr_store *s, const char *name, struct cr_arena *arena, struct cr_op_spec **op,
                        uint32_t *n_op, struct cr_err *err)
{
  int64_t id = 0;
  int rc = cr_store_find_model(s, name, &id, err);
  return rc ? rc : cr_store_read_ops(s, id, name, arena, op, n_op, err);
}

static void bind_known(sqlite3_stmt *q, int at, int64_t value)
{
  if (value == CR_UNKNOWN)
    sqlite3_bind_null(q, at);
  else
    sqlite3_bind_int64(q, at, value);
}

int cr_store_set_counters(struct cr_store *s, const char *model, const struct cr_counters *counters, uint32_t n_op,
                          const struct cr_origin *origin, struct cr_err *err)
{
  int64_t id = 0;
  sqlite3_stmt *q = NULL;
  int rc = cr_store_find_model(s, model, &id, err);
  if (!rc)
    rc = cr_store_prepare(
      s,
      "UPDATE op SET dram_bytes = coalesce(?, dram_bytes), l2_bytes = coalesce(?, l2_bytes), "
      "instructions = coalesce(?, instructions), tensor_instructions = coalesce(?, tensor_instructions), "
      "active_warps_q16 = coalesce(?, active_warps_q16) WHERE model = ? AND i = ?",
      &q, err);
  for (uint32_t i = 0; i < n_op && !rc; i++) {
    const struct cr_counters *c = &counters[i];
    const int64_t value[] = {c->dram_bytes, c->l2_bytes, c->instructions, c->tensor_instructions, c->active_warps_q16};
    sqlite3_reset(q);
    for (int k = 0; k < 5; k++)
      bind_known(q, 1 + k, value[k]);
    sqlite3_bind_int64(q, 6, id);
    sqlite3_bind_int64(q, 7, i);
    rc = cr_store_step(s, q, err);
  }
  sqlite3_finalize(q);
  return rc || !origin ? rc : cr_store_add_origin(s, id, origin, err);
}

int cr_store_set_carveout(struct cr_store *s, uint32_t threads, uint32_t regs, int64_t smem_bytes,
                          int64_t carveout_bytes, uint32_t *n_changed, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc = cr_store_prepare(s,
                            "UPDATE op SET carveout_bytes = ? WHERE kind = 'kernel' AND threads = ? AND regs = ? "
                            "AND smem_bytes = ?",
                            &q, err);
  if (rc)
    return rc;
  sqlite3_bind_int64(q, 1, carveout_bytes);
  sqlite3_bind_int64(q, 2, threads);
  sqlite3_bind_int64(q, 3, regs);
  sqlite3_bind_int64(q, 4, smem_bytes);
  rc = cr_store_step(s, q, err);
  if (!rc)
    *n_changed = (uint32_t)sqlite3_changes(s->db);
  sqlite3_finalize(q);
  return rc;
}

int cr_store_count_carveouts(struct cr_store *s, uint32_t *n_kernel, uint32_t *n_without, struct cr_err *err)
{
  sqlite3_stmt *q = NULL;
  int rc =
    cr_store_prepare(s, "SELECT count(*), count(*) - count(carveout_bytes) FROM op WHERE kind = 'kernel'", &q, err);
  if (!rc)
    rc = cr_store_step(s, q, err);
  if (rc > 0) {
    *n_kernel = (uint32_t)sqlite3_column_int64(q, 0);
    *n_without = (uint32_t)sqlite3_column_int64(q, 1);
  }
  sqlite3_finalize(q);
  return rc < 0 ? rc : CR_OK;
}
