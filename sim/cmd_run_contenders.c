/* cmd_run_contenders.c - chooses policies by what they decide and what devices can do. */
#include "config.h"

#include "sim/cmd_run_contenders.h"

#include <stdio.h>
#include <string.h>

#include "policies/list.h"
#include "sim/needs.h"

static int has_jobs(const struct cr_workload *w)
{
  for (uint32_t c = 0; c < w->n_client; c++)
    if (w->client[c].job.iterations)
      return 1;
  return 0;
}

/* Whether backend and devices can do what the policy needs; why says why not. */
static int is_able(const struct cr_contenders_cfg *cfg, const struct cr_policy_ops *policy, struct cr_err *why)
{
  const struct cr_scenario *s = cfg->scenario;
  const struct cr_needs needs = {.caps = policy->needs, .policy = policy->name};
  if (policy->needs & ~cfg->backend->caps) {
    cr_fail(why, CR_EINPUT, "policy %s needs what backend %s cannot do", policy->name, cfg->backend->name);
    return 0;
  }
  for (uint32_t d = 0; d < s->machine->n_device; d++) {
    struct cr_gpu_model model;
    if (cr_gpu_model_parse(&s->machine->device[d], s->model_set, &model, why) != CR_OK ||
        cr_needs_check(&needs, s->workload, &s->machine->device[d], &model, why) != CR_OK)
      return 0;
  }
  return 1;
}

/* Whether the policy decides what the load is made of, on devices of the kind that it is for. */
static int is_meant(const struct cr_contenders_cfg *cfg, const struct cr_policy_ops *policy)
{
  const struct cr_scenario *s = cfg->scenario;
  int jobs = has_jobs(s->workload), nodes = s->machine->device[0].kind != CR_DEVICE_GPU;
  return (policy->on_job_arrive != NULL) == jobs && (nodes || !(policy->needs & CR_CAP_NODE));
}

/* Of all there are, the i-th that decides what the load is made of: those of jobs do with other clients what streams does,
 * and under others jobs run as on a GPU that nobody manages.  Those that this device cannot do are left out. */
static const char *suitable(const struct cr_contenders_cfg *cfg, uint32_t i)
{
  struct cr_err why;
  for (uint32_t k = 0; cr_policy_list[k]; k++)
    if (is_meant(cfg, cr_policy_list[k]) && is_able(cfg, cr_policy_list[k], &why) && i-- == 0)
      return cr_policy_list[k]->name;
  return NULL;
}

/* Of those that would suit. */
static void say_who_is_left_out(const struct cr_contenders_cfg *cfg)
{
  struct cr_err why;
  if (cfg->n_told || cfg->scenario->n_policy || cfg->quiet)
    return;
  for (uint32_t k = 0; cr_policy_list[k]; k++)
    if (is_meant(cfg, cr_policy_list[k]) && !is_able(cfg, cr_policy_list[k], &why))
      fprintf(stderr, "corun: %s is left out: %s\n", cr_policy_list[k]->name, why.text);
}

/* The i-th, as its person wrote it.  NULL: no more. */
static const char *spec_of(const struct cr_contenders_cfg *cfg, uint32_t i)
{
  const struct cr_scenario *s = cfg->scenario;
  if (cfg->n_told)
    return i < cfg->n_told ? cfg->told[i] : NULL;
  if (s->n_policy)
    return i < s->n_policy ? s->policy[i] : NULL;
  return suitable(cfg, i);
}

/* Those that have the platform undivided are policies that there are. */
static int check_undivided(const struct cr_scenario *s, const struct cr_contenders *c, struct cr_err *err)
{
  for (uint32_t i = 0; i < s->n_undivided; i++) {
    const char *name = s->undivided[i];
    int known = cr_policy_find(name, strlen(name)) != NULL;
    for (uint32_t k = 0; k < c->n; k++)
      known |= strcmp(c->policy[k].ops->name, name) == 0;
    if (!known)
      return cr_fail(err, CR_EINPUT, "undivided: there is no policy '%.80s'; write its name alone, such as threads",
                     name);
  }
  return CR_OK;
}

int cr_contenders_open(const struct cr_contenders_cfg *cfg, struct cr_arena *arena, struct cr_contenders *out,
                       struct cr_err *err)
{
  uint32_t n = 0;
  say_who_is_left_out(cfg);
  while (spec_of(cfg, n))
    n++;
  out->policy = cr_arena_take(arena, n, sizeof *out->policy);
  if (!out->policy)
    return cr_fail_nomem(err, "the policies");
  for (; out->n < n; out->n++) {
    int rc = cr_cli_policy_open(spec_of(cfg, out->n), &out->policy[out->n], err);
    if (rc != CR_OK)
      return cfg->n_told ? rc : cr_fail_in(err, rc, "%s", cfg->scenario->policy_place[out->n]);
  }
  return check_undivided(cfg->scenario, out, err);
}

void cr_contenders_close(struct cr_contenders *c)
{
  for (uint32_t i = 0; i < c->n; i++)
    cr_cli_policy_close(&c->policy[i]);
}
