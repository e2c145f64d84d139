/* bench_jobs.c - what a job costs, however many others merely wait. */
#include "config.h"

#include "tests/bench_jobs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "policies/list.h"
#include "sim/core.h"
#include "sim/rng.h"

enum { MODELS = 20 };

static const cr_ns second_ns = 1000000000;

static int add_model(struct cr_workload_builder *b, uint32_t i, cr_model *out, struct cr_err *err)
{
  char name[16];
  snprintf(name, sizeof name, "m%u", i);
  const struct cr_op_spec op = {
    .name = "iteration",
    .kind = CR_OP_ITERATION,
    .duration_ns = 100000000 + 7000001 * (cr_ns)i,
    .spread_ns = CR_NS_NEVER,
    .gap_ns = CR_NS_NEVER,
    .launch_ns = CR_NS_NEVER,
    .sm_ppm = CR_UNKNOWN,
    .dram_ppm = CR_UNKNOWN,
  };
  struct cr_model_spec spec = cr_model_unknown(name, &op, 1);
  spec.persistent_bytes = 100000000 + 10000000 * (int64_t)i;
  spec.ephemeral_bytes = 1000000000 + 400000000 * (int64_t)i;
  return cr_workload_add_model(b, &spec, out, err);
}

static int add_job(struct cr_workload_builder *b, uint32_t i, const cr_model *model, cr_ns think_ns, struct cr_err *err)
{
  char name[16];
  uint64_t drawn = cr_draw(1, CR_RNG_TEST, 0, i);
  uint32_t m = (uint32_t)(drawn % MODELS), iterations = 1 + (uint32_t)(drawn >> 20) % 200;
  snprintf(name, sizeof name, "j%u", i);
  const struct cr_client_spec spec = {
    .name = name,
    .model = model[m],
    .class = CR_BE,
    .weight = 1,
    .deadline_ns = CR_NS_NEVER,
    .max_requests = CR_NONE,
    .arrival = {.kind = CR_ARRIVE_AT, .phase_ns = i * second_ns},
    .job = {.iterations = iterations,
            .startup_ns = 5 * second_ns,
            .think_ns = think_ns,
            .declared_ns = iterations * (101000000 + 7000001 * (cr_ns)m),
            .persistent_bytes = 100000000 + 10000000 * (int64_t)m,
            .ephemeral_bytes = 1000000000 + 400000000 * (int64_t)m},
  };
  cr_client client;
  return cr_workload_add_client(b, &spec, &client, err);
}

static double spent_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(const struct cr_workload *w, const char *policy, struct cr_result *out, double *took_s,
               struct cr_err *err)
{
  static const struct cr_device_desc device = {
    .name = "p100", .about = "memory alone counts", .sms = 56, .mem_bytes = 16320875724};
  const struct cr_machine machine = {.n_device = 1, .device = &device};
  const struct cr_core_cfg cfg = {.workload = w,
                                  .machine = &machine,
                                  .policy = cr_policy_find(policy, strcspn(policy, ",")),
                                  .policy_options = strchr(policy, ',') ? strchr(policy, ',') + 1 : NULL,
                                  .backend = &cr_backend_sim,
                                  .duration_ns = CR_NS_NEVER,
                                  .strict = 1};
  double began_s = spent_s();
  int rc = cr_core_run(&cfg, out, err);
  *took_s = spent_s() - began_s;
  return rc;
}

int bench_jobs_run(uint32_t n_job, cr_ns think_ns, const char *policy, struct cr_result *out, double *took_s,
                   struct cr_err *err)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  if (!b)
    return cr_fail_nomem(err, "jobs");
  cr_model model[MODELS];
  const struct cr_workload *w = NULL;
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < MODELS; i++)
    rc = add_model(b, i, &model[i], err);
  for (uint32_t i = 0; rc == CR_OK && i < n_job; i++)
    rc = add_job(b, i, model, think_ns, err);
  if (rc == CR_OK)
    rc = cr_workload_seal(b, &w, err);
  if (rc == CR_OK)
    rc = run(w, policy, out, took_s, err);
  cr_workload_builder_free(b);
  return rc;
}
