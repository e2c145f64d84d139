/* turns.c - which job of a lane goes next. */
#include "config.h"

#include "policies/turns.h"

/* Rankings have unsigned keys; this keeps the order of signed ones. */
static uint64_t ordinal(int64_t key)
{
  return (uint64_t)key ^ UINT64_C(1) << 63;
}

static uint32_t n_op_of(const struct cr_policy *p, uint32_t client)
{
  return p->view->model_n_op[p->view->client_model[client]];
}

static cr_request top(const struct cr_ranking *q)
{
  return (cr_request){q->root - 1};
}

int64_t cr_turns_times(int64_t each, uint32_t n)
{
  int64_t all;
  return __builtin_mul_overflow(each, n, &all) ? INT64_MAX : all;
}

uint32_t cr_turns_until(int64_t gap, int64_t each)
{
  if (gap <= each)
    return 1;
  int64_t n = gap / each + (gap % each != 0);
  return n < CR_ALL ? (uint32_t)n : CR_ALL - 1;
}

/* --- who wants to run --------------------------------------------------------------------------------------------- */

static void want(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r)
{
  uint32_t job = p->view->request_client[r.i];
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  if (tenant->epoch != t->epoch) {
    tenant->epoch = t->epoch;
    tenant->key = 0;
  }
  if (rule->order->wake)
    rule->order->wake(p, t, job);
  cr_ranking_push(p, &t->wanting, r, ordinal(tenant->key));
}

/* Under a strict order thinking does not matter. */
static void want_or_think(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r)
{
  cr_ns ready_ns = p->view->request_ready_ns[r.i];
  if (!rule->is_strict && ready_ns > p->view->now_ns)
    cr_ranking_push(p, &t->thinking, r, ordinal(ready_ns));
  else
    want(p, rule, t, r);
}

static void let_fresh_in(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t)
{
  while (t->fresh.n) {
    cr_request r = cr_queue_pop(p, &t->fresh);
    if (rule->order->join)
      rule->order->join(p, t, p->view->request_client[r.i]);
    want_or_think(p, rule, t, r);
  }
}

static void let_thought_in(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_ns until_ns)
{
  while (t->thinking.n && p->view->request_ready_ns[top(&t->thinking).i] <= until_ns)
    want(p, rule, t, cr_ranking_pop(p, &t->thinking));
}

/* Those that think or are on their way find the new epoch when they want to run. */
void cr_turns_level(struct cr_policy *p, struct cr_turns *t)
{
  uint32_t all = 0;
  t->epoch++;
  while (t->wanting.n) {
    cr_request r = cr_ranking_pop(p, &t->wanting);
    cr_link_of(p, r.i + 1)->next = all;
    all = r.i + 1;
  }
  while (all) {
    cr_request r = {all - 1};
    struct cr_tenant *tenant = cr_tenant_of(p, p->view->request_client[r.i]);
    const struct cr_link *link = cr_link_of(p, all);
    all = link->next;
    tenant->epoch = t->epoch;
    tenant->key = 0;
    cr_ranking_put(p, &t->wanting, r, ordinal(0), link->seq);
  }
}

/* As far as is known: one that has never run shows what it does in its first turn.  Under a strict order thinkers run many
 * iterations at once too, so that it must be known. */
static int is_steady(const struct cr_policy *p, const struct cr_turns_rule *rule, uint32_t job)
{
  const struct cr_view *v = p->view;
  const struct cr_tenant *tenant = cr_tenant_of(p, job);
  uint32_t model = v->client_model[job];
  return !(tenant->is_known ? tenant->is_thinker : rule->is_strict || tenant->n_done) && v->model_n_op[model] == 1 &&
         v->op_kind[v->model_op0[model]] == CR_OP_ITERATION &&
         (!rule->order->is_weighted || v->client_weight[job] == 1);
}

/* The job has run n_done iterations.  One that was parked may have thought before. */
static void know(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r,
                 uint32_t n_done, int may_have_thought)
{
  uint32_t job = p->view->request_client[r.i];
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  int thinks = p->view->request_ready_ns[r.i] > p->view->now_ns;
  if (thinks || !may_have_thought) {
    tenant->is_known = 1;
    tenant->is_thinker = thinks != 0;
  }
  tenant->n_done = n_done;
  t->n_steady -= tenant->is_steady;
  tenant->is_steady = is_steady(p, rule, job) != 0;
  t->n_steady += tenant->is_steady;
}

/* --- coming and going --------------------------------------------------------------------------------------------- */

void cr_turns_park(struct cr_policy *p, struct cr_turns *t)
{
  if (!t->running || t->is_parked)
    return;
  t->is_parked = 1;
  cr_preempt(p, t->stream, CR_CAP_PARK);
}

void cr_turns_join(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r)
{
  const struct cr_order *order = rule->order;
  uint32_t job = p->view->request_client[r.i];
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  tenant->request = r.i + 1;
  tenant->used_ns = p->view->client_used_ns[job];
  tenant->is_steady = is_steady(p, rule, job) != 0;
  t->n_steady += tenant->is_steady;
  t->n_in++;
  t->n_coming--;
  cr_queue_push(p, &t->fresh, r);
  if ((t->launched != 1 || t->is_early) && (!order->overtakes || order->overtakes(p, t, job)))
    cr_turns_park(p, t);
}

void cr_turns_move(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *from, struct cr_turns *to)
{
  to->n_coming += from->n_in;
  from->n_in = from->n_steady = 0;
  while (from->wanting.n)
    cr_turns_join(p, rule, to, cr_ranking_pop(p, &from->wanting));
  while (from->thinking.n)
    cr_turns_join(p, rule, to, cr_ranking_pop(p, &from->thinking));
  while (from->fresh.n)
    cr_turns_join(p, rule, to, cr_queue_pop(p, &from->fresh));
}

/* Of what was launched, the last has come back. */
static void land_last(struct cr_turns *t)
{
  t->running = 0;
  t->is_parked = t->is_early = 0;
}

/* It is back from a rotation, and others are still to come; one that has not run has waited on. */
static void want_again(struct cr_policy *p, struct cr_turns *t, cr_request r, int has_run)
{
  uint64_t key = ordinal(cr_tenant_of(p, p->view->request_client[r.i])->key);
  if (has_run)
    cr_ranking_push(p, &t->wanting, r, key);
  else
    cr_ranking_put(p, &t->wanting, r, key, cr_link_of(p, r.i + 1)->seq);
}

void cr_turns_land(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r,
                   int complete)
{
  uint32_t job = p->view->request_client[r.i], n_done = p->view->request_next_op[r.i] / n_op_of(p, job);
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  int has_run = n_done > tenant->n_done, was_parked = t->is_parked;
  uint32_t of_rotation = t->n_out > 0;
  tenant->is_out = 0;
  t->n_out -= of_rotation;
  if (t->n_out == 0)
    land_last(t);
  if (rule->order->land)
    rule->order->land(p, t, job, p->view->client_used_ns[job] - tenant->used_ns, n_done - tenant->n_done);
  tenant->used_ns = p->view->client_used_ns[job];
  if (has_run)
    know(p, rule, t, r, n_done, was_parked && !of_rotation);
  if (complete)
    return;
  if (of_rotation && (t->n_out > 0 || (!has_run && !was_parked))) {
    want_again(p, t, r, has_run);
    t->is_barred = t->n_out == 0;
    return;
  }
  t->is_barred = of_rotation && !was_parked; /* who comes next may fail, and does so alone */
  t->landing = job + 1;                      /* who came in meanwhile has waited longer than this one */
  let_fresh_in(p, rule, t);
  t->landing = 0;
  want_or_think(p, rule, t, r);
}

void cr_turns_quit(struct cr_policy *p, struct cr_turns *t, uint32_t job)
{
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  if (tenant->is_out) {
    tenant->is_out = 0;
    land_last(t);
  }
  t->n_steady -= tenant->is_steady;
  t->n_in--;
}

/* --- who goes next ------------------------------------------------------------------------------------------------ */

/* When none wants to run, the lane is kept for who will have thought first, and of several for the least key. */
static cr_request soonest(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t)
{
  cr_ns ready_ns = p->view->request_ready_ns[top(&t->thinking).i];
  let_thought_in(p, rule, t, ready_ns);
  cr_request r = cr_ranking_pop(p, &t->wanting);
  while (t->wanting.n)
    cr_ranking_push(p, &t->thinking, cr_ranking_pop(p, &t->wanting), ordinal(ready_ns));
  return r;
}

/* Iterations that r may be given: more only when nobody else could be chosen before they have run.  Other lanes can
 * make each take up to n_beside times as long. */
static uint32_t batch_of(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r,
                         uint32_t n_beside)
{
  const struct cr_view *v = p->view;
  uint32_t job = v->request_client[r.i], n = CR_ALL - 1;
  const struct cr_tenant *tenant = cr_tenant_of(p, job);
  if (t->n_in == 1)
    return CR_ALL;
  if (!rule->is_strict && (!tenant->is_known || tenant->is_thinker))
    return rule->turn;
  cr_ns each_ns = cr_turns_times(cr_max_ns(cr_expect_ns(p, r, n_op_of(p, job)), 1), n_beside);
  if (t->thinking.n)
    n = cr_turns_until(v->request_ready_ns[top(&t->thinking).i] - v->now_ns, each_ns);
  if (t->wanting.n && rule->order->batch)
    n = cr_min_u32(n, rule->order->batch(p, job, v->request_client[top(&t->wanting).i], each_ns));
  return n > rule->turn ? n : rule->turn;
}

static void launch(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r,
                   uint32_t n_beside)
{
  const struct cr_view *v = p->view;
  uint32_t job = v->request_client[r.i];
  struct cr_tenant *tenant = cr_tenant_of(p, job);
  uint32_t n = batch_of(p, rule, t, r, n_beside), left = v->client_iterations[job] - tenant->n_done;
  tenant->is_out = 1;
  t->running = r.i + 1;
  t->is_barred = 0;
  t->launched = n < left ? n : left == 1 ? 1 : CR_ALL;
  t->is_early = v->request_ready_ns[r.i] > v->now_ns;
  t->floor = tenant->key;
  cr_launch(p, r, n < left ? n * n_op_of(p, job) : CR_ALL, t->stream);
}

/* All that want to run go together: nobody else is in the lane, and more than one would run before one has run all. */
static int may_rotate(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, uint32_t n_beside)
{
  if (!rule->rotates || t->is_barred || rule->turn > 1 || rule->order->charge == CR_N_CHARGE || t->n_in < 2 ||
      t->n_steady < t->n_in || t->wanting.n < t->n_in)
    return 0;
  cr_request r = cr_ranking_pop(p, &t->wanting);
  uint32_t job = p->view->request_client[r.i];
  const struct cr_tenant *tenant = cr_tenant_of(p, job);
  uint32_t n = batch_of(p, rule, t, r, n_beside);
  cr_ranking_put(p, &t->wanting, r, ordinal(tenant->key), cr_link_of(p, r.i + 1)->seq);
  return n < p->view->client_iterations[job] - tenant->n_done;
}

static void rotate(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t)
{
  t->running = t->wanting.root;
  t->launched = CR_ALL;
  t->floor = cr_tenant_of(p, p->view->request_client[t->wanting.root - 1])->key;
  t->n_out = t->wanting.n;
  while (t->wanting.n) {
    cr_request r = cr_ranking_pop(p, &t->wanting);
    struct cr_tenant *tenant = cr_tenant_of(p, p->view->request_client[r.i]);
    tenant->is_out = 1;
    cr_rotate(p, r, t->stream, tenant->key, rule->order->charge);
  }
}

void cr_turns_next(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, uint32_t n_beside)
{
  if (t->running || t->n_coming)
    return;
  let_fresh_in(p, rule, t);
  let_thought_in(p, rule, t, p->view->now_ns);
  if (t->wanting.n && may_rotate(p, rule, t, n_beside))
    rotate(p, rule, t);
  else if (t->wanting.n)
    launch(p, rule, t, cr_ranking_pop(p, &t->wanting), n_beside);
  else if (t->thinking.n)
    launch(p, rule, t, soonest(p, rule, t), n_beside);
}
