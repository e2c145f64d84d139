/* orion.h - reads profiles of Orion (Strati et al., EuroSys 2024; eth-easl/orion) into the store.
 *
 * A profile is a table without a name's ending: Name,Profile,Memory_footprint,SM_usage,Duration, a row an operator in order of
 * launch.  docs/formats.md says what becomes of it. */
#ifndef CR_ORION_H
#define CR_ORION_H
#include "sim/base.h"
#include "traces/store.h"

struct cr_orion_options {
  const char *model;  /* name in the store; NULL: the file's */
  const char *prefix; /* put before the name; NULL: nothing */
  const char *device; /* that was profiled: a name or a device file; NULL: v100 */
  int replace;
  struct cr_origin origin;
};

int cr_orion_import(struct cr_store *s, const char *path, const struct cr_orion_options *opt,
                    struct cr_err *err) CR_MUST;

#endif
