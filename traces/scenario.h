/* scenario.h - one YAML file that says what is to be run: device, models, clients, jobs, duration, policies, seed.
 *
 * Read with libcyaml against a schema; every error names file, line and key.  docs/scenarios.md lists the keys. */
#ifndef CR_SCENARIO_H
#define CR_SCENARIO_H
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/workload.h"

struct cr_scenario {
  const char *name;  /* file name without .yaml */
  const char *about; /* one line; "" when not given */
  cr_ns duration_ns, warmup_ns; /* duration: CR_NS_NEVER: until all jobs have left */
  uint64_t seed;
  uint32_t n_policy;
  const char *const *policy; /* [n_policy] "name,opt=v"; none: every policy there is */
  const char *const *policy_place; /* [n_policy] for errors: "b.yaml:3: policies[1]" */
  const char *const *undivided; /* [n_undivided] names of policies that have the platform as a whole, whatever its nodes */
  uint32_t n_undivided;
  const char *model_set;     /* device-model switches "cold=off,..."; NULL: none */
  /* What is to be known before the results, a line each: jobs left out of the trace, memory wrongly declared; "": nothing */
  const char *left_out;
  const char *text;          /* the file's YAML after every --set, for the run database */
  const struct cr_workload *workload;
  const struct cr_machine *machine;
};

struct cr_scenario_options {
  const char *device;       /* -d: name or file; NULL: as the scenario says, h200 when it does not */
  const char *const *store; /* [n_store] stores searched for models, in order; then the bundled one */
  uint32_t n_store;
  const char *const *set; /* [n_set] "K=V": a path into the file such as duration, clients.rt.rate, clients[0].model,
                             device.sms, model.cold */
  uint32_t n_set;
  int undivided; /* all cores of a type are one node, each GPU has its core, and clients have no stages */
  const char *text; /* read in place of the file (from a run database), which path still names; or NULL */
};

/* path: a file, or the name of a bundled scenario ("disb-c").  Everything is checked here: what is returned can run. */
int cr_scenario_load(const char *path, const struct cr_scenario_options *opt, struct cr_scenario **out,
                     struct cr_err *err) CR_MUST;
void cr_scenario_free(struct cr_scenario *s);

/* Every key that a scenario may have, in the order of the reader's tables: "duration", "clients", "clients[].name".  Those
 * of `device` are a device file's, those of `model` the device model's. */
void cr_scenario_each_key(void (*each)(void *ctx, const char *path), void *ctx);

#endif
