/* manager.c - a policy for tests that does with jobs what its options say. */
#include "config.h"

#include "tests/manager.h"

#include "policies/list.h"
#include "sim/replay.h"
#include "tests/fake_backend.h"
#include "tests/t.h"

const struct cr_backend_ops *const manager_backends[2] = {&fake_backend, &cr_backend_sim};

const struct cr_policy_ops *manager_policy(const char *name)
{
  const struct cr_policy_ops *ops = cr_policy_find(name, strlen(name));
  assert_non_null(ops);
  return ops;
}

enum { OPT_LANES, OPT_BYTES, OPT_HOLD, OPT_OPS, OPT_PARK, OPT_AGAIN, OPT_SHRINK };

const struct cr_opt manager_options[] = {
  [OPT_LANES] = {.name = "lanes", .kind = CR_OPT_COUNT, .fallback = "2", .min = 1, .max = 8},
  [OPT_BYTES] = {.name = "bytes", .kind = CR_OPT_COUNT, .fallback = "100", .min = 0, .max = 100000}, /* of a lane */
  [OPT_HOLD] = {.name = "hold", .kind = CR_OPT_COUNT, .fallback = "100", .min = 0, .max = 100000},
  [OPT_OPS] = {.name = "ops", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 100000},     /* at once; 0: all */
  [OPT_PARK] = {.name = "park", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 10000000}, /* when; 0: never */
  [OPT_AGAIN] = {.name = "again", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 100000}, /* so often */
  [OPT_SHRINK] = {.name = "shrink", .kind = CR_OPT_BOOL, .fallback = "no"}, /* the lane, before a launch */
  {0},
};

int manager_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (uint32_t i = 0; i < p->opt[OPT_LANES]; i++) {
    cr_stream_new(p, (cr_device){0}, 0);
    cr_lane_size(p, (cr_device){0}, (cr_lane){i}, p->opt[OPT_BYTES]);
  }
  if (p->opt[OPT_PARK])
    cr_timer(p, p->opt[OPT_PARK], 0);
  return CR_OK;
}

void manager_on_job_arrive(struct cr_policy *p, cr_client job)
{
  cr_start(p, job);
}

void manager_on_job_ready(struct cr_policy *p, cr_client job)
{
  struct manager *m = p->state;
  cr_admit(p, job, (cr_lane){m->n++ % (uint32_t)p->opt[OPT_LANES]}, p->opt[OPT_HOLD]);
}

void manager_launch(struct cr_policy *p, cr_request r)
{
  const struct cr_view *v = p->view;
  uint32_t job = cr_request_client(p, r).i, lane = job % (uint32_t)p->opt[OPT_LANES];
  uint32_t left = v->client_iterations[job] * v->model_n_op[v->client_model[job]] - v->request_next_op[r.i];
  uint32_t n_op = p->opt[OPT_OPS] ? cr_min_u32((uint32_t)p->opt[OPT_OPS], left) : CR_ALL;
  if (p->opt[OPT_SHRINK])
    cr_lane_size(p, (cr_device){0}, (cr_lane){lane}, 1);
  cr_launch(p, r, n_op, (cr_stream){lane});
}

void manager_on_done(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete)
    manager_launch(p, r);
}

static void on_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  (void)how;
  manager_launch(p, r);
}

static void on_timer(struct cr_policy *p, uint64_t cookie)
{
  struct manager *m = p->state;
  (void)cookie;
  cr_preempt(p, (cr_stream){0}, CR_CAP_PARK);
  if (m->n_parked++ < p->opt[OPT_AGAIN])
    cr_timer(p, p->view->now_ns + p->opt[OPT_PARK], 0);
}

const struct cr_policy_ops manager = {
  .abi = CR_POLICY_ABI,
  .name = "manager",
  .about = "a test",
  .needs = CR_CAP_MEM | CR_CAP_PARK,
  .options = manager_options,
  .state_bytes = sizeof(struct manager),
  .init = manager_init,
  .on_job_arrive = manager_on_job_arrive,
  .on_job_ready = manager_on_job_ready,
  .on_request = manager_launch,
  .on_done = manager_on_done,
  .on_back = on_back,
  .on_timer = on_timer,
};

struct cr_result manager_run_as(const struct cr_core_cfg *given, struct load_record *record, int rc,
                                enum cr_outcome outcome)
{
  struct cr_core_cfg cfg = *given;
  struct load_record own = {0};
  struct cr_result r;
  struct cr_err err = {""};
  record = record ? record : &own;
  cfg.ledger = load_record(record);
  if (cr_core_run(&cfg, &r, &err) != rc)
    fail_msg("%s", err.text);
  assert_int_equal(r.outcome, outcome);
  struct cr_replay_report report;
  if (cr_replay(cfg.workload, cfg.machine, cfg.policy, cfg.policy_options, record->note, record->n, &report, &err) !=
      CR_OK)
    fail_msg("%s", err.text);
  if (!report.same)
    fail_msg("note %llu: recorded %s, replayed %s", (unsigned long long)report.first_difference, report.recorded,
             report.replayed);
  load_record_fini(&own);
  return r;
}

struct cr_result manager_run(const struct cr_core_cfg *cfg)
{
  return manager_run_as(cfg, NULL, CR_OK, CR_DONE);
}

struct cr_client_spec manager_five_hundreds(cr_model model)
{
  struct cr_client_spec spec = load_job("job", model, 7, 5);
  spec.job.startup_ns = 50;
  spec.job.think_ns = 10;
  spec.job.declared_ns = 1234;
  spec.job.persistent_bytes = 60;
  spec.job.ephemeral_bytes = 70;
  return spec;
}

void manager_expect_five_hundreds(const struct cr_result *r)
{
  const struct cr_job_result *j = &r->job[0];
  assert_int_equal(j->submit_ns, 7);
  assert_int_equal(j->start_ns, 7);
  assert_int_equal(j->ready_ns, 57);
  assert_int_equal(j->admit_ns, 57);
  assert_int_equal(j->first_ns, 57);
  assert_int_equal(j->end_ns, 57 + 5 * 100 + 4 * 10);
  assert_int_equal(j->used_ns, 500);
  assert_int_equal(j->how, CR_JOB_DONE);
  assert_int_equal(r->end_ns, j->end_ns);
  assert_int_equal(r->client[0].n_done, 1);
  assert_null(r->client[0].metric[CR_LATENCY]);
}
