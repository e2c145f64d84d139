/* live_csv.h - a table of live results, read again.
 *
 * A table is what `corun validate --live --format csv` printed; its columns `predicted` and `error_percent` are not read, since whoever
 * reads it predicts anew.  Columns `runs`, `duration_s` and `launch_us` may be missing. */
#ifndef CR_LIVE_CSV_H
#define CR_LIVE_CSV_H
#include "sim/base.h"
#include "sim/text.h"

struct cr_live_stored {
  const char *scenario, *policy, *client, *class, *arrival, *metric; /* of the table */
  double measured, low, high;                                        /* NAN: nothing ended in its time */
  uint32_t line, n_run;                                              /* n_run 0: not said */
  cr_ns duration_ns; /* of the runs; CR_NS_NEVER: not said, or until all jobs had left */
  double launch_us;  /* of struct cr_live_row; NAN: not said */
};

struct cr_live_table {
  const char *path, *name; /* name: of the file, without .csv */
  uint32_t n_row;
  struct cr_live_stored *row; /* [n_row], as in the file */
  struct cr_arena *arena;
};

/* Refused are files without the columns, and rows whose bounds do not hold what was measured. */
int cr_live_table_read(const char *path, struct cr_live_table **out, struct cr_err *err) CR_MUST;
void cr_live_table_free(struct cr_live_table *t); /* NULL is fine */

/* The row of that name; NULL: there is none. */
const struct cr_live_stored *cr_live_table_find(const struct cr_live_table *t, const char *scenario, const char *policy,
                                                const char *client, const char *metric);

/* Rows of a scenario under a policy. */
uint32_t cr_live_table_count(const struct cr_live_table *t, const char *scenario, const char *policy);

#endif
