/* fair.c - FAIR of Salus: the jobs of a lane get the same, an iteration at a time, in three ways of counting.
 *
 * Peifeng Yu and Mosharaf Chowdhury, "Salus: Fine-Grained GPU Sharing Primitives for Deep Learning Applications", MLSys
 * 2020, sections 4 and 5.2.  Prose and program differ:
 *
 *   las  what the program's scheduler "fair" does: least attained service.  A job's time on the device counts from its
 *        admission and is never set back, so that a newcomer runs alone until it has had as much as the others
 *   rr   what their scheduler "rr" does, with which Figure 9 was made: fewest finished iterations, of all jobs in the
 *        lane set back to 0 whenever one comes in
 *   ps   what the paper says, "equalize total service over time": like processor sharing, by start-time fair queueing
 *        (Goyal, Vin and Cheng, SIGCOMM 1996).  A newcomer begins at the least that a job of the lane has had, one that
 *        comes back from thinking at no less than the last that was served had had; clients' weights count
 *
 * Ties go to the job that has wanted longest.  Jobs whose clients think are passed over, as in the program with and
 * without its --disable-wc, which makes it start at most one iteration a pass, and a lane takes no more than one
 * anyway; wc=no waits for them. */
#include "config.h"

#include "policies/lane_policy.h"

enum { OPT_ACCOUNTING = CR_LANE_N_OPT, OPT_WC, OPT_TURN, OPT_ROTATE };
enum { LAS, RR, PS, N_ACCOUNTING }; /* in the order of its choices */

static const struct cr_opt options[] = {
  CR_LANE_OPTIONS("single", "Salus, Table 1: FAIR was run with a single lane"),
  [OPT_ACCOUNTING] = {.name = "accounting",
                      .kind = CR_OPT_CHOICE,
                      .choices = "las|rr|ps",
                      .fallback = "las",
                      .help = "who has had least: in time since admission, in iterations, in time since together",
                      .source = "las: Salus, fair; rr: Salus, Figure 9"},
  [OPT_WC] = {.name = "wc",
              .kind = CR_OPT_BOOL,
              .fallback = "yes",
              .help = "others run while the client of the job whose turn it is thinks",
              .source = "Salus, executionengine.cpp"},
  [OPT_TURN] = CR_LANE_OPTION_TURN,
  [OPT_ROTATE] = {.name = "rotate",
                  .kind = CR_OPT_BOOL,
                  .fallback = "yes",
                  .help = "turns that only keys decide are launched together, which decides the same with fewer events",
                  .source = "corun; with no, each turn is launched by itself"},
  {0},
};

/* --- las: time since admission ------------------------------------------------------------------------------------ */

static void las_land(struct cr_policy *p, struct cr_turns *t, uint32_t job, cr_ns used_ns, uint32_t n_iter)
{
  (void)t, (void)n_iter;
  cr_tenant_of(p, job)->key += used_ns;
}

static uint32_t las_batch(struct cr_policy *p, uint32_t job, uint32_t second, cr_ns each_ns)
{
  return cr_turns_until(cr_tenant_of(p, second)->key - cr_tenant_of(p, job)->key, each_ns);
}

/* --- rr: iterations since the last came in ------------------------------------------------------------------------ */

static void rr_join(struct cr_policy *p, struct cr_turns *t, uint32_t job)
{
  (void)job;
  cr_turns_level(p, t);
}

static void rr_land(struct cr_policy *p, struct cr_turns *t, uint32_t job, cr_ns used_ns, uint32_t n_iter)
{
  (void)t, (void)used_ns;
  cr_tenant_of(p, job)->key += n_iter;
}

static uint32_t rr_batch(struct cr_policy *p, uint32_t job, uint32_t second, cr_ns each_ns)
{
  (void)each_ns;
  return cr_turns_until(cr_tenant_of(p, second)->key - cr_tenant_of(p, job)->key, 1);
}

/* --- ps: time since together -------------------------------------------------------------------------------------- */

static void ps_join(struct cr_policy *p, struct cr_turns *t, uint32_t job)
{
  int64_t least = INT64_MAX;
  if (t->wanting.n)
    least = cr_tenant_of(p, p->view->request_client[t->wanting.root - 1])->key;
  if (t->landing && cr_tenant_of(p, t->landing - 1)->key < least)
    least = cr_tenant_of(p, t->landing - 1)->key;
  cr_tenant_of(p, job)->key = least == INT64_MAX ? t->floor : least;
}

static void ps_land(struct cr_policy *p, struct cr_turns *t, uint32_t job, cr_ns used_ns, uint32_t n_iter)
{
  (void)t, (void)n_iter;
  cr_tenant_of(p, job)->key += used_ns / p->view->client_weight[job];
}

static void ps_wake(struct cr_policy *p, struct cr_turns *t, uint32_t job)
{
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  if (tenant->key < t->floor)
    tenant->key = t->floor;
}

static uint32_t ps_batch(struct cr_policy *p, uint32_t job, uint32_t second, cr_ns each_ns)
{
  int64_t gap = cr_tenant_of(p, second)->key - cr_tenant_of(p, job)->key;
  return cr_turns_until(cr_turns_times(gap, p->view->client_weight[job]), each_ns);
}

static const struct cr_order order[N_ACCOUNTING] = {
  [LAS] = {.land = las_land, .batch = las_batch, .is_timed = 1, .charge = CR_CHARGE_TIME},
  [RR] = {.join = rr_join, .land = rr_land, .batch = rr_batch, .charge = CR_CHARGE_ITERATION},
  [PS] = {.join = ps_join,
          .land = ps_land,
          .wake = ps_wake,
          .batch = ps_batch,
          .is_timed = 1,
          .charge = CR_CHARGE_TIME,
          .is_weighted = 1},
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  const struct cr_turns_rule rule = {&order[p->opt[OPT_ACCOUNTING]], !p->opt[OPT_WC], (uint32_t)p->opt[OPT_TURN],
                                     (int)p->opt[OPT_ROTATE]};
  return cr_lane_policy_init(p, rule, err);
}

const struct cr_policy_ops cr_policy_fair = {
  .abi = CR_POLICY_ABI,
  .name = "fair",
  .about = "the jobs that memory holds get equal shares, an iteration at a time: FAIR of Salus (MLSys 2020)",
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
