/* pack.c - PACK of Salus: as many lanes as memory allows, and within one the jobs in turn, an iteration each.
 *
 * Peifeng Yu and Mosharaf Chowdhury, "Salus: Fine-Grained GPU Sharing Primitives for Deep Learning Applications", MLSys
 * 2020, section 4.  It is to use the device fully: lanes run beside each other.  Within a lane an iteration goes to the
 * job that has wanted one longest. */
#include "config.h"

#include "policies/lane_policy.h"

enum { OPT_TURN = CR_LANE_N_OPT };

static const struct cr_opt options[] = {
  CR_LANE_OPTIONS("auto", "Salus, Table 1: PACK was run with lanes"),
  [OPT_TURN] = CR_LANE_OPTION_TURN,
  {0},
};

static uint32_t one(struct cr_policy *p, uint32_t job, uint32_t second, cr_ns each_ns)
{
  (void)p, (void)job, (void)second, (void)each_ns;
  return 1;
}

static const struct cr_order order = {.batch = one, .charge = CR_N_CHARGE};

static int init(struct cr_policy *p, struct cr_err *err)
{
  return cr_lane_policy_init(p, (struct cr_turns_rule){.order = &order, .turn = (uint32_t)p->opt[OPT_TURN]}, err);
}

const struct cr_policy_ops cr_policy_pack = {
  .abi = CR_POLICY_ABI,
  .name = "pack",
  .about =
    "jobs packed into lanes by memory, lanes run together, jobs of a lane take turns: PACK of Salus (MLSys 2020)",
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
