/* scenario_int.h - the insides of scenario.c and scenario_*.c: a scenario while it is read. */
#ifndef CR_SCENARIO_INT_H
#define CR_SCENARIO_INT_H
#include "sim/machine.h"
#include "sim/mem.h"
#include "sim/workload.h"
#include "traces/iteration_table.h"
#include "traces/layers_yaml.h"
#include "traces/memory_table.h"
#include "traces/scenario.h"
#include "traces/yaml_set.h"

/* The longest a run or anything in it can take, a year: longer is a mistyped unit. */
#define CR_LONGEST_NS (INT64_C(366) * 86400 * 1000000000)

/* A client as the file says it: all text, NULL where it says nothing. */
struct client_yaml {
  char *name, *model, *class, *priority, *weight, *deadline, *bound, *max_requests, *copies, *thread, *sync;
  char *arrival, *depth, *rate, *phase, *file, **times, **merge, *scale, *late, **after;
  char *iterations, *submit, *startup, *think, *declared;
  char **stages, *actual, *period, *join, *batch;
  uint32_t n_times, n_merge, n_after, n_stages;
};

/* An entry of `nodes`. */
struct node_yaml {
  char *name, *cores, *type, *gpu, *notify, *cpu_preempt, *gpu_preempt, *gpu_copy, *follow;
};

/* `jobs` as the file says it. */
struct jobs_yaml {
  char *file, *models, *memory, *startup, *think, *declared, *skip_bad, *gpus, **mix;
  uint32_t n_mix;
};

/* What `jobs` says of all jobs, those of `clients` too. */
struct job_defaults {
  cr_ns startup_ns, think_ns; /* startup: where the table of workloads does not say */
  int declared;
};

/* What is loaded so far. */
struct scenario_reader {
  const struct cr_yaml *y;
  const char *folder;     /* of the scenario file, "" or with a slash at the end: what its paths are relative to */
  struct cr_arena *arena; /* the scenario's */
  struct cr_workload_builder *builder;
  const struct cr_device_desc *device;
  cr_ns duration_ns; /* CR_NS_NEVER: until all jobs have left */
  uint64_t seed;
  struct scenario_models *models;
  struct cr_iteration_table *table; /* of `jobs`; or NULL */
  struct scenario_memory *memory;   /* of `jobs`; or NULL */
  int undivided;                    /* the platform as a whole: nodes are joined, and stages left out */
  const struct cr_machine *nodes;   /* what there is in place of a device; or NULL */
  struct cr_layer_table *layers;    /* beside them */
  struct job_defaults job;
  uint32_t n_client;    /* of `clients`, with their copies */
  const char *left_out; /* what was left out of the job trace; "": nothing */
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

/* yes or no. */
int cr_scenario_answer(const struct scenario_reader *r, const char *path, const char *text, int *out,
                       struct cr_err *err) CR_MUST;

/* The i-th entry of `clients`, checked, with its copies, into the builder. */
int cr_scenario_add_client(struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                           struct cr_err *err) CR_MUST;

/* Those of its keys that make it a job, into the spec, whose model is set; refuses keys that do not go with the
 * others. */
int cr_scenario_client_job(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                           struct cr_client_spec *out, struct cr_err *err) CR_MUST;

/* `nodes`, in place of `device`. */
int cr_scenario_open_nodes(struct scenario_reader *r, const struct node_yaml *nodes, uint32_t n, struct cr_machine *out,
                           struct cr_err *err) CR_MUST;

/* `layers`, which are there where nodes are: the name of a table, or [n] models. */
int cr_scenario_open_layers(struct scenario_reader *r, const char *table, const struct profile_yaml *models, uint32_t n,
                            struct cr_err *err) CR_MUST;

/* All nodes of one type of cores become one, and GPUs keep their core. */
int cr_scenario_join_nodes(struct scenario_reader *r, struct cr_machine *m, struct cr_err *err) CR_MUST;

/* A client's stages into the spec, whose model is set. */
int cr_scenario_client_stages(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                              struct cr_client_spec *out, struct cr_err *err) CR_MUST;

/* What a client's requests really take of what the table says, "0.8..1.2". */
int cr_scenario_client_actual(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                              struct cr_client_spec *out, struct cr_err *err) CR_MUST;

/* How often it asks at the most, and when it joins, from which on its arrivals count. */
int cr_scenario_client_period(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                              struct cr_client_spec *out, struct cr_err *err) CR_MUST;

/* How many of its requests run together, into the spec, whose arrival is set: a closed client has as many, where it does not say. */
int cr_scenario_client_batch(const struct scenario_reader *r, uint32_t i, const struct client_yaml *c,
                             struct cr_client_spec *out, struct cr_err *err) CR_MUST;

/* `jobs`: its table and defaults, before the clients; its trace, behind them. */
int cr_scenario_open_jobs(struct scenario_reader *r, const struct jobs_yaml *jobs, struct cr_err *err) CR_MUST;
int cr_scenario_add_jobs(struct scenario_reader *r, const struct jobs_yaml *jobs, struct cr_err *err) CR_MUST;

/* A file of `jobs`: beside the scenario (or where we are, when --set names it), else among the bundled ones. */
int cr_scenario_find_jobs_file(const struct scenario_reader *r, const char *path, const char *name, const char **out,
                               struct cr_err *err) CR_MUST;

/* `jobs.memory`, before the models are loaded. */
int cr_scenario_open_memory(struct scenario_reader *r, const char *file, struct cr_err *err) CR_MUST;
void cr_scenario_free_memory(struct scenario_memory *m); /* NULL is fine */

/* The model, just loaded, gets its curve, if the table has one. */
int cr_scenario_add_memory(struct scenario_reader *r, const char *name, cr_model model, struct cr_err *err) CR_MUST;

/* What the model's table or store says that an iteration needs, whatever its curve says; where it says nothing, the curve. */
int64_t cr_scenario_said_bytes(const struct scenario_reader *r, const struct cr_model_info *model);

/* Where what is said and the curves differ, a line for all. */
int cr_scenario_report_memory(const struct scenario_reader *r, struct cr_text *out, struct cr_err *err) CR_MUST;

/* Stores that models are searched in: [n_store] of the command line, then [n_more] of the file, then the bundled
 * one. */
struct scenario_models *cr_scenario_models_new(uint32_t n_store) CR_MUST;
void cr_scenario_models_free(struct scenario_models *m);
int cr_scenario_models_open(struct scenario_models *m, const char *path, struct cr_err *err) CR_MUST;

/* The model of that name, of the table of workloads or a store, loaded when it is not yet.  path: of the value
 * that names it, for errors. */
int cr_scenario_model(struct scenario_reader *r, const char *path, const char *name, cr_model *out,
                      struct cr_err *err) CR_MUST;

/* The same; an error does not say where, but begins with `what`. */
int cr_scenario_find_model(struct scenario_reader *r, const char *path, const char *what, const char *name,
                           cr_model *out, struct cr_err *err) CR_MUST;

/* Whether every kernel of the workload's models can run on the device; the error names model, kernel and limit, and the
 * place of the client that uses it. */
int cr_scenario_check_fit(const struct scenario_reader *r, const struct cr_workload *w, struct cr_err *err) CR_MUST;

#endif
