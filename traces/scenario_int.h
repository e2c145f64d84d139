/* scenario_int.h - the insides of scenario.c, scenario_client.c and scenario_model.c: a scenario while it is read. */
#ifndef CR_SCENARIO_INT_H
#define CR_SCENARIO_INT_H
#include "sim/machine.h"
#include "sim/mem.h"
#include "sim/workload.h"
#include "traces/scenario.h"
#include "traces/yaml_set.h"

/* A client as the file says it: all text, NULL where it says nothing. */
struct client_yaml {
  char *name, *model, *class, *priority, *weight, *deadline, *max_requests, *copies, *thread, *sync;
  char *arrival, *depth, *rate, *phase, *file, **times;
  uint32_t n_times;
};

/* What is loaded so far. */
struct scenario_reader {
  const struct cr_yaml *y;
  const char *folder;     /* of the scenario file, "" or with a slash at the end: what its paths are relative to */
  struct cr_arena *arena; /* the scenario's */
  struct cr_workload_builder *builder;
  const struct cr_device_desc *device;
  cr_ns duration_ns;
  struct scenario_models *models;
};

/* A path that a scenario names, relative to its file; in the arena, or NULL. */
const char *cr_scenario_path(const struct scenario_reader *r, const char *path);

/* "FILE:LINE: " before an error of another module about the value at path. */
int cr_scenario_at(const struct scenario_reader *r, const char *path, int rc, struct cr_err *err);

/* A whole number between min and max. */
int cr_scenario_count(const struct scenario_reader *r, const char *path, const char *text, int64_t min, int64_t max,
                      int64_t *out, struct cr_err *err) CR_MUST;

/* A time from min_ns to the longest a run can take. */
int cr_scenario_time(const struct scenario_reader *r, const char *path, const char *text, cr_ns min_ns, cr_ns *out,
                     struct cr_err *err) CR_MUST;

/* The i-th entry of `clients`, checked, with its copies, into the builder. */
int cr_scenario_add_client(struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                           struct cr_err *err) CR_MUST;

/* Stores that models are searched in: [n_store] of the command line, then [n_more] of the file, then the bundled
 * one. */
struct scenario_models *cr_scenario_models_new(uint32_t n_store) CR_MUST;
void cr_scenario_models_free(struct scenario_models *m);
int cr_scenario_models_open(struct scenario_models *m, const char *path, struct cr_err *err) CR_MUST;

/* The model of that name, loaded when it is not yet.  path: of the value that names it, for errors. */
int cr_scenario_model(struct scenario_reader *r, const char *path, const char *name, cr_model *out,
                      struct cr_err *err) CR_MUST;

/* Whether every kernel of the workload's models can run on the device; the error names model, kernel and limit, and the
 * place of the client that uses it. */
int cr_scenario_check_fit(const struct scenario_reader *r, const struct cr_workload *w, struct cr_err *err) CR_MUST;

#endif
