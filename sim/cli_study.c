/* cli_study.c - what commands that make many runs share. */
#include "config.h"

#include "sim/cli_study.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli_run.h"
#include "sim/cli_truth.h"
#include "sim/cores.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "traces/yaml_set.h"

enum { WORKERS_MAX = 1024 };

static int add_keys(struct cr_arena *arena, const char *const *key, const char *const *value, uint32_t n_key,
                    const char **set, struct cr_err *err)
{
  for (uint32_t k = 0; k < n_key; k++) {
    size_t room = strlen(key[k]) + strlen(value[k]) + 2;
    char *text = cr_arena_take(arena, room, 1);
    if (!text)
      return cr_fail_nomem(err, "a setting");
    snprintf(text, room, "%s=%s", key[k], value[k]);
    set[k] = text;
  }
  return CR_OK;
}

int cr_cli_study_load(const struct cr_design_words *w, const char *const *key, const char *const *value, uint32_t n_key,
                      struct cr_cli_scenario *out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  uint32_t n_store = cr_design_count(w, CR_DESIGN_TRACES), n_set = cr_design_count(w, CR_DESIGN_SET);
  const char **store = arena ? cr_arena_take(arena, n_store, sizeof *store) : NULL;
  const char **set = arena ? cr_arena_take(arena, (size_t)n_set + n_key, sizeof *set) : NULL;
  int rc = store && set ? CR_OK : cr_fail_nomem(err, "a setting");
  for (uint32_t i = 0; rc == CR_OK && i < n_store; i++)
    store[i] = cr_design_word(w, CR_DESIGN_TRACES, i);
  for (uint32_t i = 0; rc == CR_OK && i < n_set; i++)
    set[i] = cr_design_word(w, CR_DESIGN_SET, i);
  rc = rc ? rc : add_keys(arena, key, value, n_key, set + n_set, err);
  const struct cr_scenario_options opt = {.device = cr_design_word(w, CR_DESIGN_DEVICE, 0),
                                          .store = store,
                                          .n_store = n_store,
                                          .set = set,
                                          .n_set = n_set + n_key};
  if (rc == CR_OK)
    rc = cr_cli_scenario_load(cr_design_word(w, CR_DESIGN_SCENARIO, 0), &opt, out, err);
  cr_arena_free(arena);
  return rc;
}

/* Whether two paths meet in the document, whose entries go by name or place. */
static int meets(const struct cr_yaml *y, const char *a, const char *b, struct cr_text place[2])
{
  place[0].n = place[1].n = 0;
  cr_yaml_add_place(y, a, &place[0]);
  cr_yaml_add_place(y, b, &place[1]);
  return !place[0].failed && !place[1].failed && cr_axis_meets(place[0].s, place[1].s);
}

static int check_key(const struct cr_yaml *y, const struct cr_design_words *w, const char *const *key, uint32_t k,
                     const char *what, struct cr_text place[2], struct cr_err *err)
{
  const char *set;
  for (uint32_t i = 0; i < k; i++)
    if (meets(y, key[i], key[k], place))
      return cr_fail(
        err, CR_EINPUT,
        "%.100s and %.100s are the same key, or one is part of the other: it can be varied in one way only", key[i],
        key[k]);
  for (uint32_t i = 0; (set = cr_design_word(w, CR_DESIGN_SET, i)); i++) {
    char path[CR_AXIS_VALUE];
    snprintf(path, sizeof path, "%.*s", (int)cr_min_u32((uint32_t)strcspn(set, "="), sizeof path - 1), set);
    if (meets(y, path, key[k], place))
      return cr_fail(err, CR_EINPUT, "--set %.100s: %s varies %.100s; it is one or the other", set, what, key[k]);
  }
  return CR_OK;
}

int cr_cli_study_check_keys(const struct cr_design_words *w, const char *const *key, uint32_t n_key,
                            const struct cr_scenario *s, const char *what, struct cr_err *err)
{
  struct cr_yaml *y = NULL;
  struct cr_text place[2] = {{0}, {0}};
  int rc = cr_yaml_parse(s->text, strlen(s->text), s->name, &y, err);
  for (uint32_t k = 0; rc == CR_OK && k < n_key; k++)
    rc = check_key(y, w, key, k, what, place, err);
  if (rc == CR_OK && (place[0].failed || place[1].failed))
    rc = cr_fail_nomem(err, "the keys");
  cr_text_fini(&place[0]);
  cr_text_fini(&place[1]);
  cr_yaml_free(y);
  return rc;
}

void cr_cli_study_fail(struct cr_study_run *run, const char *outcome, const char *why)
{
  run->state = CR_RUN_FAILED;
  snprintf(run->outcome, sizeof run->outcome, "%s", outcome);
  snprintf(run->why, sizeof run->why, "%.*s", CR_RESULT_WHY - 1, why);
}

int cr_cli_study_run(const struct cr_core_cfg *cfg, const struct cr_scenario *of_run,
                     const struct cr_run_metric *metric, uint32_t n_metric, struct cr_study_run *run, double *value,
                     struct cr_err *err)
{
  struct cr_result r = {0};
  struct cr_err why = {""};
  int rc = cr_core_run(cfg, &r, &why), began = r.backend != NULL;
  if (rc == CR_EINTR || rc == CR_ENOMEM) {
    if (began)
      cr_result_fini(&r);
    return cr_fail(err, rc, "%s", why.text);
  }
  if (!began) {
    cr_cli_study_fail(run, "failed", why.text);
    return CR_OK;
  }
  run->state = CR_RUN_DONE;
  snprintf(run->outcome, sizeof run->outcome, "%s", cr_outcome_name[r.outcome]);
  if (rc != CR_OK || r.outcome != CR_DONE)
    cr_cli_study_fail(run, r.outcome == CR_DONE ? "failed" : cr_outcome_name[r.outcome], *r.why ? r.why : why.text);
  run->end_ns = r.end_ns;
  run->n_event = (int64_t)r.n_event;
  run->ledger_hash = r.ledger_hash;
  rc = cr_cli_run_measure(of_run, &r, metric, n_metric, value, err);
  cr_result_fini(&r);
  return rc;
}

int cr_cli_study_workers(const char *text, const struct cr_rank *rank, uint32_t *out, struct cr_err *err)
{
  struct cr_cores mine;
  long n_core = sysconf(_SC_NPROCESSORS_ONLN);
  if (text)
    return cr_cli_count(text, "-j", WORKERS_MAX, out, err);
  int rc = rank->n_core ? CR_OK : cr_cores_mine(&mine, err);
  if (rc != CR_OK)
    return rc;
  uint32_t share = n_core < 1 ? 1 : (uint32_t)n_core / rank->n_here;
  uint32_t n = rank->n_core ? rank->n_core : cr_min_u32(share, mine.n);
  *out = n < 1 ? 1 : cr_min_u32(n, WORKERS_MAX);
  return CR_OK;
}
