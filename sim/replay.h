/* replay.h - feeds a recorded ledger to its policy again and compares what it asks for, note by note. */
#ifndef CR_REPLAY_H
#define CR_REPLAY_H
#include "sim/base.h"
#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/policy.h"
#include "sim/workload.h"

struct cr_replay_report {
  uint64_t n_told, n_asked;
  int same;
  uint64_t first_difference;         /* index of the note, when not the same */
  char recorded[128], replayed[128]; /* that note, as text */
};

/* note: [n], a whole run from its first note on.  CR_OK even when they differ: see out->same. */
int cr_replay(const struct cr_workload *w, const struct cr_machine *m, const struct cr_policy_ops *policy,
              const char *policy_options, const struct cr_note *note, uint64_t n, struct cr_replay_report *out,
              struct cr_err *err) CR_MUST;

#endif
