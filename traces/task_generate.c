/* task_generate.c - random task sets on a platform.
 *
 * Shares: n - 1 numbers drawn evenly from 0 to the use that is asked for cut it into n (UUniSort of Bini and Buttazzo, "Measuring the
 * Performance of Schedulability Tests", Real-Time Systems 30, 2005, who show that its distribution is that of UUniFast).  Use above 1
 * can give a task more than the whole node; such draws are discarded, as Davis and Burns do (UUniFast-Discard, RTSS 2009).
 * Shares are integers of 10^-12, so that they add up exactly; periods are rounded up to whole microseconds. */
#include "config.h"

#include "traces/task_generate.h"

#include "sim/rng.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const int64_t PER_NODE = INT64_C(1000000000000); /* 10^-12 of a node's time */
static const cr_ns NS_PER_US = 1000;
enum { TRIES = 10000, RT, BE };

/* The tasks of one class of a set: draws are numbered by both. */
static uint32_t entity(uint32_t set, int class)
{
  return 2 * set + (class == BE);
}

static const struct cr_layer_profile *profile_of(const struct cr_task_generate *g, const char *model)
{
  for (uint32_t i = 0; i < g->platform->n_profile; i++)
    if (strcmp(g->platform->profile[i].name, model) == 0)
      return &g->platform->profile[i];
  return NULL;
}

struct made_task {
  const char *model;
  cr_ns request_ns; /* on the reference node */
  int64_t use_ppt;
  cr_ns period_ns;
};

static int draw_models(const struct cr_task_generate *g, uint32_t set, int class, uint32_t n, struct made_task *task,
                       struct cr_err *err)
{
  const struct cr_platform *p = &g->platform->platform;
  const struct cr_node_kind kind = cr_one_node_kind(p, g->reference);
  for (uint32_t k = 0; k < n; k++) {
    const struct cr_model_mix *mix = class == RT && k < g->n_heavy ? g->heavy : g->mix;
    task[k].model = cr_model_mix_draw(mix, g->seed, entity(set, class) * CR_TASK_MAX + k);
    const struct cr_layer_profile *profile = profile_of(g, task[k].model);
    task[k].request_ns = profile ? cr_one_node_request_ns(profile, p, &kind) : CR_NS_NEVER;
    if (task[k].request_ns == CR_NS_NEVER || task[k].request_ns == 0)
      return cr_fail(err, CR_EINPUT, "%s: model '%s' has no time on %u %s; take the other --reference", p->name,
                     task[k].model, kind.n_core, p->core[kind.core_type].name);
  }
  return CR_OK;
}

static int ascending(const void *a, const void *b)
{
  const int64_t *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* The try-th shares; whether each gives its task a period that can be. */
static int draw_use(const struct cr_task_generate *g, uint32_t set, int class, uint32_t n, uint64_t try,
                    struct made_task *task)
{
  int64_t use_ppt = cr_muldiv(class == RT ? g->rt_use_ppm : g->be_use_ppm, PER_NODE, 1000000), cut[CR_TASK_MAX + 1];
  for (uint32_t k = 0; k + 1 < n; k++) {
    uint64_t bits = cr_draw(g->seed, CR_RNG_TASK_USE, entity(set, class), try * (n - 1) + k);
    cut[k] = cr_muldiv((int64_t)(bits >> 1), use_ppt, INT64_MAX);
  }
  qsort(cut, n - 1, sizeof *cut, ascending);
  cut[n - 1] = use_ppt;
  for (uint32_t k = 0; k < n; k++) {
    task[k].use_ppt = cut[k] - (k ? cut[k - 1] : 0);
    if (task[k].use_ppt < 1 || task[k].use_ppt > PER_NODE)
      return 0;
    cr_ns period_ns = cr_muldiv(task[k].request_ns, PER_NODE, task[k].use_ppt);
    if (period_ns > CR_TASK_LONGEST_NS - NS_PER_US)
      return 0;
    task[k].period_ns = (period_ns + NS_PER_US - 1) / NS_PER_US * NS_PER_US;
  }
  return 1;
}

static int draw_tasks(const struct cr_task_generate *g, uint32_t set, int class, uint32_t n, struct made_task *task,
                      struct cr_err *err)
{
  uint64_t try = 0;
  int rc = draw_models(g, set, class, n, task, err);
  while (!rc && n && !draw_use(g, set, class, n, try, task))
    if (++try == TRIES)
      rc = cr_fail(
        err, CR_EINPUT,
        "no shares of %u tasks were found that add up to a use of %.3f with none above 1; take more tasks or less", n,
        (double)(class == RT ? g->rt_use_ppm : g->be_use_ppm) / 1e6);
  return rc;
}

/* As it stands in a flow mapping: quoted unless it is a plain word. */
static void add_word(const char *text, struct cr_text *out)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
  if (text[strspn(text, plain)] == '\0')
    cr_text_add(out, "%s", text);
  else
    cr_text_add_json(out, text);
}

static void print_tasks(const struct cr_task_generate *g, int class, uint32_t n, const struct made_task *task,
                        struct cr_text *out)
{
  for (uint32_t k = 0; k < n; k++) {
    cr_text_add(out, "  - {name: %s_%u, class: %s, model: ", class == RT ? "rt" : "be", k + 1,
                class == RT ? "rt" : "be");
    add_word(task[k].model, out);
    cr_text_add(out, ", period: %" PRId64 "us", task[k].period_ns / NS_PER_US);
    int64_t deadline_us = cr_muldiv(task[k].period_ns / NS_PER_US, g->deadline_ppm, 1000000);
    if (class == RT && deadline_us < task[k].period_ns / NS_PER_US)
      cr_text_add(out, ", deadline: %" PRId64 "us", deadline_us > 1 ? deadline_us : 1);
    cr_text_add(out, "}\n");
  }
}

int cr_task_generate(const struct cr_task_generate *g, uint32_t i, struct cr_text *out, struct cr_err *err)
{
  struct made_task rt[CR_TASK_MAX], be[CR_TASK_MAX];
  int rc = draw_tasks(g, i, RT, g->n_rt, rt, err);
  rc = rc ? rc : draw_tasks(g, i, BE, g->n_be, be, err);
  if (rc)
    return rc;
  cr_text_add(out, "about: random set %u of seed %" PRIu64 ", %u rt tasks use %.3f of %s together\nplatform: ", i + 1,
              g->seed, g->n_rt, (double)g->rt_use_ppm / 1e6,
              g->reference == CR_ON_GPU ? "the GPU" : "all cores of a type");
  add_word(g->platform_name, out);
  cr_text_add(out, "\ntasks:\n");
  print_tasks(g, RT, g->n_rt, rt, out);
  print_tasks(g, BE, g->n_be, be, out);
  return out->failed ? cr_fail_nomem(err, "a task set") : CR_OK;
}
