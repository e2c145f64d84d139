/* lane_run.c - makes workloads of jobs, and runs them. */
#include "config.h"

#include "tests/lane_run.h"

#include "policies/list.h"
#include "sim/rng.h"
#include "tests/t.h"

void lane_run_with(struct lane_run *r, const struct lane_job *job, uint32_t n, const char *policy, const char *options,
                   const struct cr_machine *machine, const struct cr_backend_ops *backend)
{
  *r = (struct lane_run){.builder = cr_workload_builder_new(), .observer = r->observer};
  for (uint32_t i = 0; i < n; i++) {
    char name[16];
    snprintf(name, sizeof name, "j%u", i);
    int says = job[i].persistent != CR_UNKNOWN;
    cr_model m = load_iteration(r->builder, name, job[i].each_ns, says ? job[i].persistent : 10,
                                says ? job[i].ephemeral + job[i].more : 10);
    struct cr_client_spec spec = load_job(name, m, job[i].submit_ns, job[i].iterations);
    spec.weight = job[i].weight ? job[i].weight : 1;
    spec.job.startup_ns = job[i].startup_ns;
    spec.job.think_ns = job[i].think_ns;
    spec.job.declared_ns = job[i].declared_ns;
    spec.job.persistent_bytes = job[i].persistent;
    spec.job.ephemeral_bytes = says ? job[i].ephemeral : CR_UNKNOWN;
    load_add(r->builder, spec);
  }
  struct cr_core_cfg cfg = load_cfg(load_seal(r->builder), cr_policy_find(policy, strlen(policy)));
  cfg.policy_options = options;
  cfg.machine = machine;
  cfg.backend = backend ? backend : cfg.backend;
  cfg.observer = r->observer.on_op ? &r->observer : NULL;
  cfg.ledger = load_record(&r->record);
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r->result, &err) != CR_OK)
    fail_msg("%s %s: %s", policy, options, err.text);
  assert_int_equal(r->result.outcome, CR_DONE);
}

void lane_run_on(struct lane_run *r, const struct lane_job *job, uint32_t n, const char *policy, const char *options,
                 const struct cr_machine *machine)
{
  *r = (struct lane_run){.builder = NULL};
  lane_run_with(r, job, n, policy, options, machine, NULL);
}

void lane_run(struct lane_run *r, const struct lane_job *job, uint32_t n, const char *policy, const char *options)
{
  lane_run_on(r, job, n, policy, options, &load_machine);
}

void lane_run_fini(struct lane_run *r)
{
  cr_result_fini(&r->result);
  load_record_fini(&r->record);
  cr_workload_builder_free(r->builder);
}

uint64_t lane_draw(uint64_t seed, uint64_t *k, uint64_t below)
{
  return cr_draw(seed, CR_RNG_TEST, 0, (*k)++) % below;
}

uint32_t lane_jobs(uint64_t seed, struct lane_job *job)
{
  uint64_t k = 0, span = 1 + lane_draw(seed, &k, 300);
  uint32_t n = 1 + (uint32_t)lane_draw(seed, &k, LANE_JOBS);
  for (uint32_t i = 0; i < n; i++)
    job[i] = (struct lane_job){
      .submit_ns = (cr_ns)lane_draw(seed, &k, span),
      .startup_ns = (cr_ns)(lane_draw(seed, &k, 2) ? lane_draw(seed, &k, 20) : 0),
      .think_ns = (cr_ns)(seed % 3 == 0 ? lane_draw(seed, &k, 10) : 0),
      .each_ns = 1 + (cr_ns)lane_draw(seed, &k, 12),
      .declared_ns = lane_draw(seed, &k, 6) ? 1 + (cr_ns)lane_draw(seed, &k, 200) : CR_NS_NEVER,
      .iterations = 1 + (uint32_t)lane_draw(seed, &k, 12),
      .persistent = lane_draw(seed, &k, 10) ? (int64_t)lane_draw(seed, &k, 160) : 0,
      .ephemeral = lane_draw(seed, &k, 10) ? (int64_t)lane_draw(seed, &k, 700) : 0,
    };
  for (uint32_t i = 0; i < n; i++) {
    if (lane_draw(seed, &k, 12) == 0)
      job[i].persistent = CR_UNKNOWN;
    else if (lane_draw(seed, &k, 20) == 0)
      job[i].persistent = LANE_MEMORY + 1 - job[i].ephemeral;
  }
  return n;
}
