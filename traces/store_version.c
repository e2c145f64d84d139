/* store_version.c - stores of older versions: what came later has no rows in them.
 *
 * Version 3 added profiles by block, version 4 clusters; each in tables of its own.  To be read, an older store gets empty ones
 * that live as long as it is open; they become part of the file when something is added to it. */
#include "config.h"

#include <stdio.h>

#include "traces/store_int.h"
#include "traces/store_schema.h"

/* What a version added. */
static const struct {
  int version;
  const char *stand_in, *gone, *real;
} added[] = {
  {3, CR_STORE_PROFILE_SCHEMA("TEMP "), "DROP TABLE temp.profile; DROP TABLE temp.block_time",
   CR_STORE_PROFILE_SCHEMA("")},
  {4, CR_STORE_CLUSTER_SCHEMA("TEMP "), "DROP TABLE temp.cluster", CR_STORE_CLUSTER_SCHEMA("")},
};
enum { N_ADDED = sizeof added / sizeof *added };

int cr_store_stand_in(struct cr_store *s, struct cr_err *err)
{
  int rc = CR_OK;
  for (int i = 0; i < N_ADDED && !rc; i++)
    if (added[i].version > s->old)
      rc = cr_store_exec(s, added[i].stand_in, err);
  return rc;
}

int cr_store_upgrade(struct cr_store *s, struct cr_err *err)
{
  char sql[64];
  snprintf(sql, sizeof sql, "PRAGMA user_version=%d", CR_STORE_VERSION);
  int rc = cr_store_exec(s, "DROP VIEW IF EXISTS ops", err);
  for (int i = 0; i < N_ADDED && !rc; i++) {
    if (added[i].version <= s->old)
      continue;
    rc = cr_store_exec(s, added[i].gone, err);
    rc = rc ? rc : cr_store_exec(s, added[i].real, err);
  }
  rc = rc ? rc : cr_store_exec(s, CR_STORE_VIEW, err);
  rc = rc ? rc : cr_store_exec(s, sql, err);
  s->old = rc ? s->old : 0;
  return rc;
}
