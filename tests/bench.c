/* bench.c - how fast it is: the event queue alone, jobs that wait, and whole scenarios under every policy.
 *
 *   tests/bench [SCENARIO]...     pair, disb-c and disb-d unless said otherwise
 *
 * A hold takes the least entry out and puts a later one in.  A kernel counts when it was simulated to its end; reading files
 * is not timed, setting up a run is.  Times are processor time, so that a busy machine does not show. */
#define _XOPEN_SOURCE 700 /* getrusage */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "policies/list.h"
#include "sim/core.h"
#include "sim/gpu.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "sim/text.h"
#include "tests/bench_heap.h"
#include "tests/bench_jobs.h"
#include "tests/bench_nsys.h"
#include "traces/scenario.h"

static double spent_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const struct cr_err *err)
{
  fprintf(stderr, "bench: %s\n", err->text);
  return 1;
}

static int bench_heap(struct cr_text *out)
{
  static const struct cr_table_column column[] = {{NULL, "pending entries", 0}, {NULL, "million holds/s", 0}};
  static const uint32_t pending[] = {10, 100, 10000};
  struct cr_table t;
  cr_text_add(out, "event queue\n");
  cr_table_begin(&t, column, 2, 0);
  for (int i = 0; i < 3; i++) {
    double holds_per_s = bench_heap_hold(pending[i], 5000000);
    if (holds_per_s < 0) {
      cr_text_fini(&t.cell);
      fprintf(stderr, "bench: out of memory for the event queue\n");
      return 1;
    }
    cr_table_cell(&t, "%u", pending[i]);
    cr_table_cell(&t, "%.1f", holds_per_s / 1e6);
  }
  cr_table_end(&t, out);
  return 0;
}

static int bench_jobs(struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "jobs", 0},   {NULL, "think, ms", 0}, {NULL, "policy", 1},    {NULL, "iterations", 0},
    {NULL, "events", 0}, {NULL, "took, s", 0},   {NULL, "us a job", 0},
  };
  static const uint32_t n_job[] = {1000, 10000, 100000};
  static const struct {
    const char *policy;
    int think_ms;
  } as[] = {
    {"fifo", 1}, {"srtf", 1}, {"pack", 1}, {"fair", 1}, {"fair", 0}, {"fair,accounting=rr", 0}, {"fair,accounting=ps", 0},
  };
  struct cr_table t;
  struct cr_err err;
  cr_text_add(out, "\njobs, of which most wait\n");
  cr_table_begin(&t, column, 7, 0);
  for (int i = 0; i < 3 * (int)(sizeof as / sizeof as[0]); i++) {
    struct cr_result r;
    double took_s;
    const char *policy = as[i / 3].policy;
    if (bench_jobs_run(n_job[i % 3], 1000000 * as[i / 3].think_ms, policy, &r, &took_s, &err) != CR_OK) {
      cr_text_fini(&t.cell);
      return fail(&err);
    }
    cr_table_cell(&t, "%u", n_job[i % 3]);
    cr_table_cell(&t, "%d", as[i / 3].think_ms);
    cr_table_cell(&t, "%s", policy);
    cr_table_cell(&t, "%llu", (unsigned long long)r.n_op);
    cr_table_cell(&t, "%llu", (unsigned long long)r.n_event);
    cr_table_cell(&t, "%.3f", took_s);
    cr_table_cell(&t, "%.2f", took_s * 1e6 / n_job[i % 3]);
    cr_result_fini(&r);
  }
  cr_table_end(&t, out);
  return 0;
}

static int bench_policy(const char *name, const struct cr_scenario *s, const struct cr_policy_ops *policy,
                        enum cr_fidelity fidelity, struct cr_table *t, struct cr_err *err)
{
  struct cr_result r;
  char set[512];
  int n = snprintf(set, sizeof set, "%s%sfidelity=%s", s->model_set ? s->model_set : "",
                   s->model_set && *s->model_set ? "," : "", cr_fidelity_name[fidelity]);
  if (n < 0 || (size_t)n >= sizeof set)
    return cr_fail(err, CR_EINPUT, "%s: its settings of the device model are longer than bench.c takes", name);
  const struct cr_core_cfg cfg = {
    .workload = s->workload,
    .machine = s->machine,
    .policy = policy,
    .backend = &cr_backend_sim,
    .model_set = set,
    .duration_ns = s->duration_ns,
    .warmup_ns = s->warmup_ns,
    .seed = s->seed,
    .strict = 1,
  };
  double began_s = spent_s();
  int rc = cr_core_run(&cfg, &r, err);
  double took_s = spent_s() - began_s;
  if (rc == CR_EINPUT) { /* the scenario's device, or this model of it, cannot do what the policy needs */
    fprintf(stderr, "bench: %s is left out: %s\n", name, err->text);
    return CR_OK;
  }
  if (rc != CR_OK)
    return rc;
  cr_table_cell(t, "%s", name);
  cr_table_cell(t, "%s", policy->name);
  cr_table_cell(t, "%s", cr_fidelity_name[fidelity]);
  cr_table_cell(t, "%u", s->workload->n_client);
  cr_table_cell(t, "%llu", (unsigned long long)r.use[0].n_kernel);
  cr_table_cell(t, "%.2f", took_s);
  cr_table_cell(t, "%.3f", (double)r.use[0].n_kernel / took_s / 1e6);
  cr_table_cell(t, "%.2f", (double)r.end_ns / 1e9 / took_s);
  cr_result_fini(&r);
  return CR_OK;
}

static int bench_scenario(const char *name, struct cr_table *t, struct cr_err *err)
{
  const struct cr_scenario_options none = {0};
  struct cr_scenario *s = NULL;
  int rc = cr_scenario_load(name, &none, &s, err);
  for (int i = 0; rc == CR_OK && cr_policy_list[i]; i++)
    for (int f = 0; rc == CR_OK && f < CR_N_FIDELITY; f++)
      rc = bench_policy(name, s, cr_policy_list[i], (enum cr_fidelity)f, t, err);
  cr_scenario_free(s);
  return rc;
}

static int bench_scenarios(const char *const *name, int n, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "scenario", 1}, {NULL, "policy", 1},  {NULL, "fidelity", 1},          {NULL, "clients", 0},
    {NULL, "kernels", 0},  {NULL, "took, s", 0}, {NULL, "million kernels/s", 0}, {NULL, "simulated s/s", 0},
  };
  struct cr_table t;
  struct cr_err err;
  int rc = CR_OK;
  cr_text_add(out, "\nsimulated device\n");
  cr_table_begin(&t, column, 8, 0);
  for (int i = 0; rc == CR_OK && i < n; i++)
    rc = bench_scenario(name[i], &t, &err);
  cr_table_end(&t, out);
  return rc == CR_OK ? 0 : fail(&err);
}

/* Kernels and copies of an eager program, with a launch call each. */
static int bench_nsys(struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "kernels", 0}, {NULL, "MiB", 0}, {NULL, "took, s", 0}, {NULL, "CPU, s", 0}};
  static const uint32_t n_iteration[] = {200, 2000};
  char folder[] = "/tmp/corun-bench.XXXXXX";
  struct cr_table t;
  struct cr_err err;
  int rc = CR_OK;
  if (!mkdtemp(folder))
    return 1;
  cr_text_add(out, "\nexports of Nsight Systems, imported\n");
  cr_table_begin(&t, column, 4, 0);
  for (int i = 0; rc == CR_OK && i < 2; i++) {
    double took_s, cpu_s, mib;
    uint32_t n_model;
    rc = bench_nsys_run(folder, n_iteration[i], &took_s, &cpu_s, &mib, &n_model, &err);
    if (rc)
      break;
    cr_table_cell(&t, "%u", n_iteration[i] * 500);
    cr_table_cell(&t, "%.1f", mib);
    cr_table_cell(&t, "%.2f", took_s);
    cr_table_cell(&t, "%.2f", cpu_s);
  }
  cr_table_end(&t, out);
  rmdir(folder);
  return rc == CR_OK ? 0 : fail(&err);
}

int main(int argc, char **argv)
{
  static const char *const usual[] = {"pair", "disb-c", "disb-d"};
  struct cr_text out = {0};
  struct rusage use;
  cr_text_add(&out, "corun %s (%s)\n\n", cr_program_version, cr_program_git);
  int status = bench_heap(&out);
  if (!status)
    status = bench_jobs(&out);
  if (!status)
    status = bench_nsys(&out);
  if (!status)
    status = argc > 1 ? bench_scenarios((const char *const *)argv + 1, argc - 1, &out) : bench_scenarios(usual, 3, &out);
  if (!status && getrusage(RUSAGE_SELF, &use) == 0)
    cr_text_add(&out, "\npeak memory: %.1f MiB\n", (double)use.ru_maxrss / 1024);
  if (!status && !out.failed)
    fputs(out.s, stdout);
  cr_text_fini(&out);
  return status;
}
