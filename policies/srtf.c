/* srtf.c - SRTF of Salus: of the jobs in a lane, the one with the shortest remaining time runs.
 *
 * Peifeng Yu and Mosharaf Chowdhury, "Salus: Fine-Grained GPU Sharing Primitives for Deep Learning Applications", MLSys
 * 2020, section 4, as their program does it (its scheduler "preempt").  What remains of a job is what it declared
 * less the time its iterations took; one that declared nothing counts as 0 less that time, and so goes before all
 * that did.  The order is strict: while the client of the shortest thinks between two iterations, the lane waits for
 * it.  Ties go to the one that has waited longest in the lane; theirs go by the address of an object.  A job that is
 * admitted to a lane takes it over at the next iteration, but no job gives up memory for another. */
#include "config.h"

#include "policies/lane_policy.h"

static const struct cr_opt options[] = {
  CR_LANE_OPTIONS("single", "Salus, Table 1: SRTF was run with a single lane"),
  {0},
};

static int64_t remaining(const struct cr_policy *p, uint32_t job)
{
  cr_ns declared_ns = p->view->client_declared_ns[job];
  return (declared_ns == CR_NS_NEVER ? 0 : declared_ns) - p->view->client_used_ns[job];
}

static void join(struct cr_policy *p, struct cr_turns *t, uint32_t job)
{
  (void)t;
  cr_tenant_of(p, job)->key = remaining(p, job);
}

static void land(struct cr_policy *p, struct cr_turns *t, uint32_t job, cr_ns used_ns, uint32_t n_iter)
{
  (void)used_ns, (void)n_iter;
  join(p, t, job);
}

/* What remains of a job shrinks as it runs, so that its key at its launch is the bound. */
static int overtakes(struct cr_policy *p, const struct cr_turns *t, uint32_t job)
{
  return remaining(p, job) < t->floor;
}

static const struct cr_order order = {.join = join, .land = land, .overtakes = overtakes, .charge = CR_N_CHARGE};

static int init(struct cr_policy *p, struct cr_err *err)
{
  return cr_lane_policy_init(p, (struct cr_turns_rule){.order = &order, .is_strict = 1, .turn = 1}, err);
}

const struct cr_policy_ops cr_policy_srtf = {
  .abi = CR_POLICY_ABI,
  .name = "srtf",
  .about = "of the jobs that memory holds, the one with the shortest remaining time: SRTF of Salus (MLSys 2020)",
  .needs = CR_CAP_MEM | CR_CAP_PARK,
  .options = options,
  .state_bytes = sizeof(struct cr_lane_policy),
  .client_bytes = sizeof(struct cr_tenant),
  .request_bytes = sizeof(struct cr_link),
  .init = init,
  .on_client = cr_lane_policy_on_client,
  .on_job_arrive = cr_lane_policy_on_job_arrive,
  .on_job_ready = cr_lane_policy_on_job_ready,
  .on_job_leave = cr_lane_policy_on_job_leave,
  .on_request = cr_lane_policy_on_request,
  .on_done = cr_lane_policy_on_done,
  .on_back = cr_lane_policy_on_back,
  .dump = cr_lane_policy_dump,
};
