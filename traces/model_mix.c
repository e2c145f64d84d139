/* model_mix.c - models with weights, drawn by number of the job.
 *
 * Weights are kept in millionths and added up, so that a draw is an integer below their sum and one binary search. */
#include "config.h"

#include "traces/model_mix.h"

#include "sim/mem.h"
#include "sim/rng.h"
#include "sim/unit.h"
#include "traces/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ENTRY_MAX = 200, MODELS_MAX = 100000 };
static const double WEIGHT_MAX = 1e6;

struct cr_model_mix {
  struct cr_names *name;
  uint64_t *upto; /* [n], cap of them: sum of the weights so far, in millionths */
  uint32_t cap;
};

struct cr_model_mix *cr_model_mix_new(void)
{
  struct cr_model_mix *mix = cr_mem_new(1, sizeof *mix);
  if (!mix)
    return NULL;
  mix->name = cr_names_new();
  if (!mix->name) {
    cr_mem_free(mix);
    return NULL;
  }
  return mix;
}

void cr_model_mix_free(struct cr_model_mix *mix)
{
  if (!mix)
    return;
  cr_names_free(mix->name);
  cr_mem_free(mix->upto);
  cr_mem_free(mix);
}

/* Splits an entry at its last '='. */
static int parse_entry(const char *entry, char name[ENTRY_MAX], double *weight, struct cr_err *err)
{
  const char *eq = strrchr(entry, '=');
  size_t n = eq ? (size_t)(eq - entry) : strlen(entry);
  if (n == 0 || n >= ENTRY_MAX)
    return cr_fail(err, CR_EINPUT, "'%.60s' is no model with a weight; write it as NAME or NAME=WEIGHT", entry);
  snprintf(name, ENTRY_MAX, "%.*s", (int)n, entry);
  *weight = 1;
  int rc = eq ? cr_parse_real(eq + 1, "weight", weight, err) : CR_OK;
  if (rc)
    return cr_fail_in(err, rc, "%s", name);
  if (!(*weight >= 1e-6) || *weight > WEIGHT_MAX)
    return cr_fail(err, CR_EINPUT, "%s: a weight of %s is not possible; it is from 0.000001 to 1000000", name,
                   eq ? eq + 1 : "1");
  return CR_OK;
}

int cr_model_mix_add(struct cr_model_mix *mix, const char *entry, struct cr_err *err)
{
  char name[ENTRY_MAX];
  double weight = 1;
  uint32_t n = cr_names_count(mix->name);
  int rc = parse_entry(entry, name, &weight, err);
  if (rc)
    return rc;
  if (cr_names_find(mix->name, name) != CR_NONE)
    return cr_fail(err, CR_EINPUT, "model %s is in the mix twice; remove one, or give it a larger weight", name);
  if (n == MODELS_MAX)
    return cr_fail(err, CR_EINPUT, "a mix has at most %d models", MODELS_MAX);
  if (n == mix->cap) {
    uint32_t cap = mix->cap ? 2 * mix->cap : 16;
    uint64_t *grown = cr_mem_resize(mix->upto, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, "a mix of models");
    mix->upto = grown;
    mix->cap = cap;
  }
  if (cr_names_put(mix->name, name) == CR_NONE)
    return cr_fail_nomem(err, "a mix of models");
  mix->upto[n] = (n ? mix->upto[n - 1] : 0) + (uint64_t)llround(weight * 1e6);
  return CR_OK;
}

int cr_model_mix_parse(struct cr_model_mix *mix, const char *text, struct cr_err *err)
{
  for (const char *p = text;; p++) {
    char entry[ENTRY_MAX + 40];
    size_t n = strcspn(p, ",");
    if (n >= sizeof entry)
      return cr_fail(err, CR_EINPUT, "'%.60s...' is too long for a model with a weight", p);
    snprintf(entry, sizeof entry, "%.*s", (int)n, p);
    int rc = cr_model_mix_add(mix, entry, err);
    p += n;
    if (rc || !*p)
      return rc;
  }
}

uint32_t cr_model_mix_count(const struct cr_model_mix *mix)
{
  return cr_names_count(mix->name);
}

const char *cr_model_mix_name(const struct cr_model_mix *mix, uint32_t i)
{
  return cr_names_text(mix->name, i);
}

const char *cr_model_mix_draw(const struct cr_model_mix *mix, uint64_t seed, uint32_t job)
{
  uint32_t low = 0, high = cr_names_count(mix->name) - 1;
  /* The sum is below 2^57 (MODELS_MAX * WEIGHT_MAX * 1e6): the remainder is uneven by less than 1 %, and with a
   * sum of a few millions by less than 1e-11. */
  uint64_t at = cr_draw(seed, CR_RNG_JOB_MODEL, job, 0) % mix->upto[high];
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (at < mix->upto[middle])
      high = middle;
    else
      low = middle + 1;
  }
  return cr_names_text(mix->name, low);
}
