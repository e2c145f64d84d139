/* cli_outputs.h - what `corun run` writes besides its report: a run database, the ledger as text, a timeline.
 *
 * All that is asked for is opened before the first run begins, and bears its name only when it is whole. */
#ifndef CR_CLI_OUTPUTS_H
#define CR_CLI_OUTPUTS_H
#include "sim/core.h"
#include "traces/rundb.h"

struct cr_cli_outputs_cfg {
  const char *db, *ledger, *timeline; /* paths; NULL: not wanted */
  cr_ns from_ns, to_ns;               /* of the timeline */
  struct cr_rundb_cfg about;          /* the command, the scenario, the seed; overwrite holds for all */
};

struct cr_cli_outputs;
int cr_cli_outputs_new(const struct cr_cli_outputs_cfg *cfg, struct cr_cli_outputs **out, struct cr_err *err) CR_MUST;

/* One run begins: sets where its ledger, requests and ops go, good until the next begins. */
int cr_cli_outputs_begin(struct cr_cli_outputs *o, const char *policy, struct cr_core_cfg *core, struct cr_err *err) CR_MUST;
int cr_cli_outputs_end(struct cr_cli_outputs *o, const struct cr_result *result, struct cr_err *err) CR_MUST;

/* Gives the files their names.  The first failure is told; the others are completed all the same. */
int cr_cli_outputs_keep(struct cr_cli_outputs *o, struct cr_err *err) CR_MUST;

/* How large the timeline is; 0: there is none.  Valid until cr_cli_outputs_keep. */
int64_t cr_cli_outputs_timeline_bytes(const struct cr_cli_outputs *o);

/* Iterations of whose memory the timeline draws only the peaks (sim/timeline.h); valid as long. */
uint64_t cr_cli_outputs_timeline_flat(const struct cr_cli_outputs *o);

void cr_cli_outputs_free(struct cr_cli_outputs *o); /* what was not kept is removed.  NULL is fine */

#endif
