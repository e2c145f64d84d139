/* validate.c - predicts every row of a measured co-run table, once. */
#include "config.h"

#include "calib/validate.h"

#include <string.h>

#include "calib/predict.h"
#include "sim/mem.h"

struct cr_validation {
  struct cr_arena *arena;
  struct cr_predictor *predictor; /* owns the texts of the rows; NULL: stopped before there was one */
  struct cr_validate_row *row;    /* [n_row] those that were predicted */
  uint32_t n_row;
  struct cr_validate_facts facts;
};

static int prepare(const struct cr_validate_cfg *cfg, struct cr_validation *v, struct cr_err *err)
{
  v->facts.truth = cr_arena_text(v->arena, cfg->truth_name);
  v->facts.device = cr_arena_text(v->arena, cfg->device->name);
  v->facts.model_set = cr_arena_text(v->arena, cfg->model_set ? cfg->model_set : "");
  v->facts.at_most_ns = cfg->at_most_ns;
  if (!v->facts.truth || !v->facts.device || !v->facts.model_set)
    return cr_fail_nomem(err, cfg->truth_path);
  int rc = cr_predictor_open(cfg, &v->predictor, err);
  if (rc != CR_OK)
    return rc;
  const struct cr_truth *truth = cr_predictor_truth(v->predictor);
  v->facts.has_again = truth->again_path != NULL;
  v->facts.n_again_left = truth->n_again_left;
  return CR_OK;
}

/* Rows of groups that were simulated, in order. */
static void keep(struct cr_validation *v, const struct cr_prediction *p, const double *alone_ms)
{
  uint32_t n, n_group;
  const struct cr_validate_row *row = cr_predictor_rows(v->predictor, &n);
  const struct cr_predict_group *group = cr_predictor_groups(v->predictor, &n_group);
  for (uint32_t g = 0; g < n_group; g++)
    v->facts.n_run += p[group[g].first].there != 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!p[i].there)
      continue;
    struct cr_validate_row *to = &v->row[v->n_row++];
    *to = row[i];
    memcpy(to->predicted_ms, p[i].ms, sizeof to->predicted_ms);
    to->predicted_per_s = p[i].per_s;
    to->alone_ms = alone_ms[i];
  }
  v->facts.n_row_left = n - v->n_row;
}

static int predict(const struct cr_validate_cfg *cfg, struct cr_validation *v, struct cr_err *err)
{
  uint32_t n;
  cr_predictor_rows(v->predictor, &n);
  const struct cr_predict_setting setting = {cfg->device, cfg->model_set};
  const struct cr_predict_job job = {.setting = &setting,
                                     .n_setting = 1,
                                     .n_worker = cfg->n_worker,
                                     .on_progress = cfg->on_progress,
                                     .progress_ctx = cfg->progress_ctx};
  struct cr_prediction *p = cr_arena_take(v->arena, n, sizeof *p);
  double *alone_ms = cr_arena_take(v->arena, n, sizeof *alone_ms);
  v->row = cr_arena_take(v->arena, n, sizeof *v->row);
  if (!p || !alone_ms || !v->row)
    return cr_fail_nomem(err, cfg->truth_path);
  int rc = cr_predictor_alone(v->predictor, &setting, alone_ms, err);
  if (rc == CR_OK)
    rc = cr_predictor_run(v->predictor, &job, p, err);
  keep(v, p, alone_ms);
  return rc;
}

int cr_validate_run(const struct cr_validate_cfg *cfg, struct cr_validation **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_validation *v = arena ? cr_arena_take(arena, 1, sizeof *v) : NULL;
  if (!v) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, cfg->truth_path);
  }
  v->arena = arena;
  int rc = prepare(cfg, v, err);
  if (rc == CR_OK)
    rc = predict(cfg, v, err);
  if (rc == CR_OK || rc == CR_EINTR)
    *out = v;
  else
    cr_validation_free(v);
  return rc;
}

void cr_validation_free(struct cr_validation *v)
{
  if (!v)
    return;
  cr_predictor_free(v->predictor);
  cr_arena_free(v->arena);
}

const struct cr_validate_row *cr_validation_rows(const struct cr_validation *v, uint32_t *n)
{
  *n = v->n_row;
  return v->row;
}

const struct cr_validate_facts *cr_validation_facts(const struct cr_validation *v)
{
  return &v->facts;
}
