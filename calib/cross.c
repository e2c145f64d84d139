/* cross.c - cross-validation of the fitted constants.
 *
 * What is kept aside is whole scenarios, with all their policies: rows of one scenario share their models and are no
 * independent witnesses. */
#include "config.h"

#include "calib/cross.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/rng.h"
#include "sim/table.h"

enum { N_SPLIT = 3 };

static const double START_OFF = 0.405; /* log 1.5 */

struct cross {
  const struct cr_cross_cfg *cfg;
  struct cr_cross *out;
  struct cr_arena *arena;
  const struct cr_validate_row *row; /* [n_row] */
  uint32_t n_row;
  const struct cr_predict_group *group; /* [n_group] */
  uint32_t n_group;
  uint32_t *scenario; /* [n_group] number of its scenario: of the first group that has it */
  unsigned char **seen; /* [n_fold][n_group] */
  struct cr_validate_row *judged; /* [n_row] */
  double *scratch;                /* [n_row] */
  uint32_t at_fold;
};

/* --- folds ------------------------------------------------------------------------------------------------------------ */

static int add_fold(struct cross *c, const char *name, struct cr_err *err)
{
  struct cr_cross *out = c->out;
  unsigned char *seen = cr_arena_take(c->arena, c->n_group, 1);
  out->fold[out->n_fold].kept_aside = cr_arena_text(c->arena, name);
  if (!seen || !out->fold[out->n_fold].kept_aside)
    return cr_fail_nomem(err, "cross-validation");
  c->seen[out->n_fold++] = seen;
  return CR_OK;
}

/* Scenarios of each number of clients in random order, every other one to one half. */
static int halve(struct cross *c, uint32_t split, struct cr_err *err)
{
  char name[2][32];
  uint32_t f = c->out->n_fold;
  int rc = CR_OK;
  for (int side = 0; rc == CR_OK && side < 2; side++) {
    snprintf(name[side], sizeof name[side], "half %" PRIu32 "%c", split + 1, side ? 'b' : 'a');
    rc = add_fold(c, name[side], err);
  }
  if (rc != CR_OK)
    return rc;
  for (uint32_t g = 0; g < c->n_group; g++) {
    uint32_t of = c->scenario[g];
    if (of == g) { /* how many scenarios of as many clients have a smaller draw: odd or even */
      uint32_t rank = 0;
      uint64_t mine = cr_draw(c->cfg->seed, CR_RNG_FOLD, split, g);
      for (uint32_t o = 0; o < c->n_group; o++)
        if (c->scenario[o] == o && c->group[o].n_row == c->group[g].n_row && o != g) {
          uint64_t other = cr_draw(c->cfg->seed, CR_RNG_FOLD, split, o);
          rank += other < mine || (other == mine && o < g);
        }
      c->seen[f][g] = (unsigned char)((rank + c->group[g].n_row) & 1);
    } else {
      c->seen[f][g] = c->seen[f][of];
    }
    c->seen[f + 1][g] = !c->seen[f][g];
  }
  return CR_OK;
}

static int has_model(const struct cross *c, uint32_t g, const char *model)
{
  for (uint32_t i = c->group[g].first; i < c->group[g].first + c->group[g].n_row; i++)
    if (strcmp(c->row[i].model, model) == 0)
      return 1;
  return 0;
}

/* Models in order of their first row; one that is everywhere, or whose absence leaves nothing, cannot be kept aside. */
static int leave_out(struct cross *c, struct cr_err *err)
{
  for (uint32_t i = 0; i < c->n_row; i++) {
    uint32_t first = 0, n_seen = 0;
    while (strcmp(c->row[first].model, c->row[i].model) != 0)
      first++;
    if (first < i)
      continue;
    int rc = add_fold(c, c->row[i].model, err);
    if (rc != CR_OK)
      return rc;
    unsigned char *seen = c->seen[c->out->n_fold - 1];
    for (uint32_t g = 0; g < c->n_group; g++)
      n_seen += seen[g] = !has_model(c, g, c->row[i].model);
    if (n_seen == 0)
      c->out->n_fold--;
  }
  return CR_OK;
}

static int make_folds(struct cross *c, struct cr_err *err)
{
  for (uint32_t g = 0; g < c->n_group; g++) {
    uint32_t first = 0;
    while (strcmp(c->row[c->group[first].first].scenario, c->row[c->group[g].first].scenario) != 0)
      first++;
    c->scenario[g] = first;
  }
  if (c->cfg->kind == CR_CROSS_MODEL)
    return leave_out(c, err);
  int rc = CR_OK;
  for (uint32_t split = 0; rc == CR_OK && split < N_SPLIT; split++)
    rc = halve(c, split, err);
  return rc;
}

/* --- one fold ----------------------------------------------------------------------------------------------------------- */

static int is_seen(const struct cr_validate_row *row, uint32_t key)
{
  return row->n_client == key; /* 1 or 0: see judge */
}

/* Errors over the rows on both sides; the copies' n_client says which side. */
static void judge(struct cross *c, const unsigned char *seen, const struct cr_prediction *p, struct cr_cross_fold *fold)
{
  for (uint32_t g = 0; g < c->n_group; g++)
    for (uint32_t i = c->group[g].first; i < c->group[g].first + c->group[g].n_row; i++) {
      c->judged[i] = c->row[i];
      c->judged[i].n_client = seen[g];
      memcpy(c->judged[i].predicted_ms, p[i].ms, sizeof p[i].ms);
    }
  fold->seen = cr_error_stats(c->judged, c->n_row, CR_TRUTH_MEAN, is_seen, 1, c->scratch);
  fold->unseen = cr_error_stats(c->judged, c->n_row, CR_TRUTH_MEAN, is_seen, 0, c->scratch);
}

static void on_progress(void *ctx, cr_ns done, cr_ns all)
{
  const struct cross *c = ctx;
  const cr_ns unit = 1000000;
  cr_ns part = all ? cr_min_ns(cr_muldiv(done, unit, all), unit) : 0;
  c->cfg->on_progress(c->cfg->progress_ctx, (cr_ns)c->at_fold * unit + part, (cr_ns)c->out->n_fold * unit);
}

static int run_fold(struct cross *c, uint32_t f, struct cr_err *err)
{
  struct cr_cross_fold *fold = &c->out->fold[f];
  const struct cr_fit_cfg *base = &c->cfg->fit;
  struct cr_device_desc start = *base->device;
  struct cr_fit fit;
  for (uint32_t k = 0; k < base->n_constant; k++) {
    double off = START_OFF * (2 * cr_draw_unit(c->cfg->seed, CR_RNG_FOLD, 1000 + f, k) - 1);
    start.constant[base->constant[k].id] *= exp(off);
  }
  struct cr_fit_cfg cfg = *base;
  cfg.device = &start;
  cfg.use = c->seen[f];
  cfg.errors = cfg.need_all = 0;
  cfg.on_progress = c->cfg->on_progress ? on_progress : NULL;
  cfg.progress_ctx = c;
  c->at_fold = f;
  int rc = cr_fit_run(&cfg, &fit, err);
  if (rc != CR_OK)
    return rc;
  fold->n_eval = fit.n_eval;
  for (uint32_t k = 0; k < fit.n_constant; k++)
    fold->value[k] = fit.at[k].value;
  const struct cr_device_desc fitted = cr_fit_device(&start, base->constant, &fit);
  const struct cr_predict_setting setting = {&fitted, base->model_set};
  const struct cr_predict_job job = {.setting = &setting, .n_setting = 1, .n_worker = base->n_worker};
  struct cr_prediction *p = cr_mem_new(c->n_row, sizeof *p);
  rc = p ? cr_predictor_run(base->predictor, &job, p, err) : cr_fail_nomem(err, "cross-validation");
  if (rc == CR_OK)
    judge(c, c->seen[f], p, fold);
  cr_mem_free(p);
  return rc;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

static void add_up(struct cr_cross *out)
{
  double seen = 0, unseen = 0;
  for (uint32_t f = 0; f < out->n_fold; f++) {
    const struct cr_cross_fold *fold = &out->fold[f];
    if (fold->seen.n) {
      out->seen_pct += fold->seen.mean_abs_pct * fold->seen.n;
      out->seen_bias_pct += fold->seen.bias_pct * fold->seen.n;
      seen += fold->seen.n;
    }
    if (fold->unseen.n) {
      out->unseen_pct += fold->unseen.mean_abs_pct * fold->unseen.n;
      out->unseen_bias_pct += fold->unseen.bias_pct * fold->unseen.n;
      unseen += fold->unseen.n;
    }
  }
  out->seen_pct /= seen;
  out->seen_bias_pct /= seen;
  out->unseen_pct /= unseen;
  out->unseen_bias_pct /= unseen;
}

static int run(struct cross *c, struct cr_err *err)
{
  struct cr_cross *out = c->out;
  c->row = cr_predictor_rows(c->cfg->fit.predictor, &c->n_row);
  c->group = cr_predictor_groups(c->cfg->fit.predictor, &c->n_group);
  uint32_t most = c->cfg->kind == CR_CROSS_HALF ? 2 * N_SPLIT : c->n_row;
  out->n_constant = c->cfg->fit.n_constant;
  out->fold = cr_arena_take(c->arena, most + (size_t)1, sizeof *out->fold);
  c->seen = cr_arena_take(c->arena, most + (size_t)1, sizeof *c->seen);
  c->scenario = cr_arena_take(c->arena, c->n_group, sizeof *c->scenario);
  c->judged = cr_arena_take(c->arena, c->n_row, sizeof *c->judged);
  c->scratch = cr_arena_take(c->arena, c->n_row, sizeof *c->scratch);
  if (!out->fold || !c->seen || !c->scenario || !c->judged || !c->scratch)
    return cr_fail_nomem(err, "cross-validation");
  int rc = make_folds(c, err);
  if (rc == CR_OK && out->n_fold == 0)
    rc = cr_fail(err, CR_EINPUT, "nothing can be kept aside: every scenario holds the same models");
  for (uint32_t f = 0; rc == CR_OK && f < out->n_fold; f++)
    rc = run_fold(c, f, err);
  if (rc == CR_OK)
    add_up(out);
  return rc;
}

int cr_cross_run(const struct cr_cross_cfg *cfg, struct cr_cross **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cross c = {.cfg = cfg, .arena = arena, .out = arena ? cr_arena_take(arena, 1, sizeof *c.out) : NULL};
  if (!c.out) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "cross-validation");
  }
  c.out->arena = arena;
  int rc = run(&c, err);
  if (rc == CR_OK)
    *out = c.out;
  else
    cr_arena_free(arena);
  return rc;
}

void cr_cross_free(struct cr_cross *c)
{
  if (c)
    cr_arena_free(c->arena);
}

/* --- the report ----------------------------------------------------------------------------------------------------------- */

static void cell_pct(struct cr_table *t, double pct, int with_sign)
{
  if (isnan(pct))
    cr_table_cell(t, "%s", "");
  else if (with_sign)
    cr_table_cell(t, "%+.2f", pct);
  else
    cr_table_cell(t, "%.2f", pct);
}

static void cells(struct cr_table *t, const struct cr_error_stats *s)
{
  cr_table_cell(t, "%" PRIu32, s->n);
  cell_pct(t, s->mean_abs_pct, 0);
  cell_pct(t, s->p95_abs_pct, 0);
  cell_pct(t, s->bias_pct, 1);
}

static void report_table(const struct cr_cross_cfg *cfg, int color, const char *truth, const struct cr_cross *c,
                         struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "kept aside", 1}, {"seen", "rows", 0},   {"seen", "mean %", 0},   {"seen", "p95 %", 0},  {"seen", "bias %", 0},
    {"unseen", "rows", 0},   {"unseen", "mean %", 0}, {"unseen", "p95 %", 0}, {"unseen", "bias %", 0}, {NULL, "predictions", 0},
  };
  struct cr_table t;
  cr_text_add(out, "%s fitted on part of %s: %.2f %% off on what was seen (bias %+.2f %%), %.2f %% on what was kept aside "
                   "(bias %+.2f %%)\n\n",
              cfg->fit.device->name, truth, c->seen_pct, c->seen_bias_pct, c->unseen_pct, c->unseen_bias_pct);
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (uint32_t f = 0; f < c->n_fold; f++) {
    cr_table_cell(&t, "%s", c->fold[f].kept_aside);
    cells(&t, &c->fold[f].seen);
    cells(&t, &c->fold[f].unseen);
    cr_table_cell(&t, "%" PRIu32, c->fold[f].n_eval);
  }
  cr_table_end(&t, out);
  cr_text_add(out, "\nconstants, fold by fold\n");
  struct cr_table_column *of = cr_mem_new(c->n_fold + (size_t)1, sizeof *of);
  if (!of) {
    out->failed = 1;
    return;
  }
  of[0] = (struct cr_table_column){NULL, "constant", 1};
  for (uint32_t f = 0; f < c->n_fold; f++)
    of[f + 1] = (struct cr_table_column){NULL, c->fold[f].kept_aside, 0};
  cr_table_begin(&t, of, c->n_fold + 1, color);
  for (uint32_t k = 0; k < c->n_constant; k++) {
    cr_table_cell(&t, "%s", cr_gpu_constant_info[cfg->fit.constant[k].id].name);
    for (uint32_t f = 0; f < c->n_fold; f++)
      cr_table_cell(&t, "%.3g", c->fold[f].value[k]);
  }
  cr_table_end(&t, out);
  cr_mem_free(of);
}

static void csv_stats(struct cr_text *out, const struct cr_error_stats *s)
{
  cr_text_add(out, ",%" PRIu32, s->n);
  const double value[] = {s->mean_abs_pct, s->p95_abs_pct, s->max_abs_pct, s->bias_pct};
  for (size_t i = 0; i < sizeof value / sizeof value[0]; i++)
    if (isnan(value[i]))
      cr_text_add(out, ",");
    else
      cr_text_add(out, ",%.6f", value[i]);
}

static void report_csv(const struct cr_cross_cfg *cfg, const struct cr_cross *c, struct cr_text *out)
{
  cr_text_add(out, "kept_aside,seen_rows,seen_mean_abs_pct,seen_p95_abs_pct,seen_max_abs_pct,seen_bias_pct,unseen_rows,"
                   "unseen_mean_abs_pct,unseen_p95_abs_pct,unseen_max_abs_pct,unseen_bias_pct,predictions");
  for (uint32_t k = 0; k < c->n_constant; k++)
    cr_text_add(out, ",%s", cr_gpu_constant_info[cfg->fit.constant[k].id].name);
  cr_text_add(out, "\n");
  for (uint32_t f = 0; f < c->n_fold; f++) {
    cr_text_add(out, "%s", c->fold[f].kept_aside);
    csv_stats(out, &c->fold[f].seen);
    csv_stats(out, &c->fold[f].unseen);
    cr_text_add(out, ",%" PRIu32, c->fold[f].n_eval);
    for (uint32_t k = 0; k < c->n_constant; k++)
      cr_text_add(out, ",%.6g", c->fold[f].value[k]);
    cr_text_add(out, "\n");
  }
}

static void json_stats(struct cr_text *out, const char *key, const struct cr_error_stats *s)
{
  cr_text_add(out, ",\"%s\":{\"rows\":%" PRIu32, key, s->n);
  if (s->n)
    cr_text_add(out, ",\"mean_abs_pct_error\":%.6f,\"p95_abs_pct_error\":%.6f,\"max_abs_pct_error\":%.6f,\"bias_pct\":%.6f",
                s->mean_abs_pct, s->p95_abs_pct, s->max_abs_pct, s->bias_pct);
  cr_text_add(out, "}");
}

static void report_json(const struct cr_cross_cfg *cfg, const char *command, const char *truth, const struct cr_cross *c,
                        struct cr_text *out)
{
  cr_text_add(out, "{\"program\":\"corun\",\"version\":");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\"git\":");
  cr_text_add_json(out, cr_program_git);
  cr_text_add(out, ",\"command\":");
  cr_text_add_json(out, command);
  cr_text_add(out, ",\n  \"truth\":");
  cr_text_add_json(out, truth);
  cr_text_add(out, ",\"kind\":\"%s\",\"seen_pct\":%.6f,\"unseen_pct\":%.6f,\n  \"folds\":[",
              cfg->kind == CR_CROSS_HALF ? "half" : "model", c->seen_pct, c->unseen_pct);
  for (uint32_t f = 0; f < c->n_fold; f++) {
    cr_text_add(out, "%s\n    {\"kept_aside\":", f ? "," : "");
    cr_text_add_json(out, c->fold[f].kept_aside);
    json_stats(out, "seen", &c->fold[f].seen);
    json_stats(out, "unseen", &c->fold[f].unseen);
    cr_text_add(out, ",\"predictions\":%" PRIu32 ",\"constants\":{", c->fold[f].n_eval);
    for (uint32_t k = 0; k < c->n_constant; k++)
      cr_text_add(out, "%s\"%s\":%.6g", k ? "," : "", cr_gpu_constant_info[cfg->fit.constant[k].id].name,
                  c->fold[f].value[k]);
    cr_text_add(out, "}}");
  }
  cr_text_add(out, "]}\n");
}

void cr_cross_report(const struct cr_cross_cfg *cfg, const struct cr_validate_report_cfg *report, const char *truth,
                     const struct cr_cross *c, struct cr_text *out)
{
  if (report->format == CR_TABLE)
    report_table(cfg, report->color, truth, c, out);
  else if (report->format == CR_CSV)
    report_csv(cfg, c, out);
  else
    report_json(cfg, report->command, truth, c, out);
}
