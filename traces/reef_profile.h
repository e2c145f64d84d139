/* reef_profile.h - reads models of REEF's artifact (SJTU-IPADS/reef-artifacts; Han et al., OSDI 2022) into the store.
 *
 * A model is two files: a schedule, NAME.json, with kernels in launch order, and a profile, NAME.profile.json, with the time of
 * each kernel alone, by occupancy, and of the whole model.  docs/formats.md says what is read and what becomes of it. */
#ifndef CR_REEF_PROFILE_H
#define CR_REEF_PROFILE_H
#include "sim/base.h"
#include "traces/store.h"

struct cr_reef_options {
  const char *profile; /* of the schedule; NULL: NAME.profile.json beside NAME.json */
  const char *model;   /* name in the store; NULL: NAME */
  const char *prefix;  /* put before the name; NULL: nothing */
  int replace;
  int as_profiled; /* kernels keep the times that they take alone, which add up to more than the model takes */
  struct cr_origin origin;
};

/* Of a file's name: whether it is a profile, which is no model by itself. */
int cr_reef_is_profile(const char *path);

int cr_reef_import(struct cr_store *s, const char *path, const struct cr_reef_options *opt, struct cr_err *err) CR_MUST;

#endif
