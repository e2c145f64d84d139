/* disb.h - reads workloads of DISB, of REEF's artifact before it, and of GPreempt after it, and writes them as a scenario.
 *
 * DISB is SJTU-IPADS/disb, the benchmark that grew out of REEF (Han et al., OSDI 2022).  docs/formats.md says what each dialect
 * means and what becomes of it. */
#ifndef CR_DISB_H
#define CR_DISB_H
#include "sim/base.h"
#include "sim/text.h"

struct cr_disb_options {
  const char *models; /* "NAME=MODEL,...": what stands for a model of the workload; NULL: models of the same name */
  const char *store;  /* where models are looked for; NULL: the bundled store */
  const char *late;   /* "queue", "wait", "drop"; NULL: as the dialect's programs do */
  const char *phases; /* "none", "artifact", "disb"; NULL: as the dialect's programs do */
  const char *device; /* of the scenario; NULL: it says none */
  const char *output; /* where the scenario will lie: a store in the same folder is named without it */
  uint64_t seed;
};

/* The scenario as YAML, added to out. */
int cr_disb_import(const char *path, const struct cr_disb_options *opt, struct cr_text *out,
                   struct cr_err *err) CR_MUST;

#endif
