/* live.c - what a run in real time tells of itself. */
#include "config.h"

#include "sim/live.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct cr_live_fact *add(struct cr_live *l, const char *name)
{
  if (l->n == CR_LIVE_FACTS)
    return NULL;
  struct cr_live_fact *f = &l->fact[l->n++];
  *f = (struct cr_live_fact){.value = NAN};
  snprintf(f->name, sizeof f->name, "%s", name);
  return f;
}

void cr_live_number(struct cr_live *l, const char *name, double value)
{
  struct cr_live_fact *f = add(l, name);
  if (f)
    f->value = value;
}

void cr_live_text(struct cr_live *l, const char *name, const char *text)
{
  struct cr_live_fact *f = add(l, name);
  if (f)
    snprintf(f->text, sizeof f->text, "%s", *text ? text : "?");
}

void cr_live_hist(struct cr_live *l, const char *stem, const struct cr_hist *h)
{
  const struct {
    const char *what;
    double value;
  } part[] = {{"n", (double)cr_hist_count(h)},
              {"mean_ns", cr_hist_mean(h)},
              {"p50_ns", (double)cr_hist_quantile(h, 500000)},
              {"p99_ns", (double)cr_hist_quantile(h, 990000)},
              {"max_ns", (double)cr_hist_max(h)}};
  for (size_t i = 0; i < sizeof part / sizeof part[0] && (i == 0 || cr_hist_count(h)); i++) {
    char name[CR_LIVE_NAME];
    snprintf(name, sizeof name, "%.20s_%s", stem, part[i].what);
    cr_live_number(l, name, part[i].value);
  }
}

static const struct cr_live_fact *find(const struct cr_live *l, const char *name)
{
  for (uint32_t i = 0; l && i < l->n; i++)
    if (strcmp(l->fact[i].name, name) == 0)
      return &l->fact[i];
  return NULL;
}

double cr_live_value(const struct cr_live *l, const char *name)
{
  const struct cr_live_fact *f = find(l, name);
  return f ? f->value : NAN;
}

const char *cr_live_said(const struct cr_live *l, const char *name)
{
  const struct cr_live_fact *f = find(l, name);
  return f ? f->text : "";
}
