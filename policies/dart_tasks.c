/* dart_tasks.c - stages and their longest times, the schedulability test, and the placement of a task that joins. */
#include "config.h"

#include "policies/dart_tasks.h"

#include "plan/rta.h"

#include <string.h>

/* As plan/dart_plan.c counts, so that tasks that join one by one are placed as it would in that order. */
enum { FINE_BITS = 16, BUSY_PERIODS = 16 };
static const int64_t PER_NODE = INT64_C(1000000000000);      /* loads are kept in 10^-12 of a node's time */
static const int64_t LOAD_MAX = INT64_MAX / 4;               /* what is above compares alike */
static const int64_t FORBIDDEN = INT64_MAX / 16;             /* of all layers that cannot run on a node together */
static const cr_ns LONGEST_NS = INT64_C(18000) * 1000000000; /* all layers of a task on a node; five hours */

/* --- stages --------------------------------------------------------------------------------------------------------- */

static uint32_t n_given(const struct cr_policy *p, uint32_t client)
{
  return p->view->client_stage0[client + 1] - p->view->client_stage0[client];
}

uint32_t dart_stage_device(const struct cr_policy *p, uint32_t client, uint32_t stage)
{
  if (n_given(p, client))
    return p->view->stage_device[p->view->client_stage0[client] + stage];
  return dart_task_of(p, client)->device[stage];
}

uint32_t dart_stage_n_op(const struct cr_policy *p, uint32_t client, uint32_t stage)
{
  if (n_given(p, client))
    return p->view->stage_n_op[p->view->client_stage0[client] + stage];
  return dart_task_of(p, client)->n_op[stage];
}

static uint32_t op0_of(const struct cr_policy *p, uint32_t client)
{
  return p->view->model_op0[p->view->client_model[client]];
}

static uint32_t n_op_of(const struct cr_policy *p, uint32_t client)
{
  return p->view->model_n_op[p->view->client_model[client]];
}

/* A layer of the client's, or of a whole batch of its requests. */
static struct cr_layer_time layer_of(const struct cr_policy *p, uint32_t client, uint32_t device, uint32_t op)
{
  return cr_expect_layer(p, (cr_device){device}, op, p->view->client_batch[client]);
}

/* n layers from op on, together on a device, as recorded; CR_NS_NEVER: one of them cannot run there, or is no layer. */
static cr_ns recorded_ns(const struct cr_policy *p, uint32_t client, uint32_t device, uint32_t op, uint32_t n)
{
  cr_ns sum_ns = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct cr_layer_time t = layer_of(p, client, device, op + i);
    if (t.exec_ns == CR_NS_NEVER)
      return CR_NS_NEVER;
    sum_ns = cr_ns_add(sum_ns, t.exec_ns + t.misc_ns + (i == 0 ? t.hd_ns : 0) + (i + 1 == n ? t.dh_ns : 0));
  }
  return sum_ns;
}

int dart_can_run(const struct cr_policy *p, uint32_t client, uint32_t device)
{
  if (p->view->op_kind[op0_of(p, client)] != CR_OP_LAYER)
    return 1;
  return recorded_ns(p, client, device, op0_of(p, client), n_op_of(p, client)) != CR_NS_NEVER;
}

/* Why no test can be made with a task; its stages are placed. */
static enum cr_why fault_of(const struct cr_policy *p, uint32_t client)
{
  const struct dart_task *t = dart_task_of(p, client);
  cr_ns period_ns = p->view->client_period_ns[client], deadline_ns = p->view->client_deadline_ns[client];
  if (period_ns == CR_NS_NEVER)
    return CR_WHY_PERIOD;
  if (deadline_ns > period_ns)
    return CR_WHY_DEADLINE;
  if (t->n_stage > DART_STAGES)
    return CR_WHY_PATH;
  for (uint32_t s = 1; s < t->n_stage; s++)
    if (dart_stage_device(p, client, s) <= dart_stage_device(p, client, s - 1))
      return CR_WHY_PATH;
  return CR_WHY_NONE;
}

/* What is recorded of its stages, which are known. */
static void set_placed(const struct cr_policy *p, uint32_t client)
{
  struct dart_task *t = dart_task_of(p, client);
  uint32_t op = op0_of(p, client);
  for (uint32_t s = 0; s < t->n_stage && s < DART_STAGES; s++) {
    uint32_t n_op = dart_stage_n_op(p, client, s);
    n_op = n_op == CR_ALL ? n_op_of(p, client) : n_op;
    t->longest_ns[s] = recorded_ns(p, client, dart_stage_device(p, client, s), op, n_op);
    op += n_op;
  }
  t->place = DART_PLACED;
  t->fault = (uint8_t)fault_of(p, client);
}

void dart_task_place(const struct cr_policy *p, uint32_t client, uint32_t device)
{
  struct dart_task *t = dart_task_of(p, client);
  t->n_stage = n_given(p, client);
  if (t->n_stage == 0) {
    t->n_stage = 1;
    t->device[0] = device;
    t->n_op[0] = CR_ALL;
  }
  set_placed(p, client);
}

/* --- the test ------------------------------------------------------------------------------------------------------- */

static int is_tested(const struct cr_policy *p, uint32_t client)
{
  const struct dart_task *t = dart_task_of(p, client);
  return p->view->client_class[client] == CR_RT && t->place == DART_PLACED && !t->is_demoted;
}

/* Real-time tasks by priority: the shortest deadline first, of equal ones the order of clients.  How many; CR_NONE: too many. */
static uint32_t rank_tasks(const struct cr_policy *p, uint32_t client, uint32_t *task)
{
  const cr_ns *deadline_ns = p->view->client_deadline_ns;
  uint32_t n = 0;
  for (uint32_t c = 0; c < p->view->n_client; c++) {
    if (!is_tested(p, c) && c != client)
      continue;
    if (n == DART_TASKS || (n + 1) * p->view->n_device > DART_COSTS)
      return CR_NONE;
    uint32_t at = n++;
    for (; at > 0 && deadline_ns[task[at - 1]] > deadline_ns[c]; at--)
      task[at] = task[at - 1];
    task[at] = c;
  }
  return n;
}

/* What each of n tasks costs on each node; returns the longest period. */
static cr_ns fill(const struct cr_policy *p, union dart_scratch *scratch, uint32_t n)
{
  const struct cr_view *v = p->view;
  cr_ns longest_ns = 0;
  memset(scratch->test.cost_ns, 0, (size_t)n * v->n_device * sizeof *scratch->test.cost_ns);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t client = scratch->test.task[i];
    const struct dart_task *t = dart_task_of(p, client);
    scratch->test.period_ns[i] = v->client_period_ns[client];
    scratch->test.deadline_ns[i] = v->client_deadline_ns[client];
    longest_ns = cr_max_ns(longest_ns, v->client_period_ns[client]);
    for (uint32_t s = 0; s < t->n_stage; s++) {
      uint32_t d = dart_stage_device(p, client, s);
      cr_ns beside_ns = v->device_notify_ns[d] + v->device_preempt_ns[d];
      scratch->test.cost_ns[i * v->n_device + d] = cr_max_ns(cr_ns_add(t->longest_ns[s], beside_ns), 1);
    }
  }
  return longest_ns;
}

enum cr_why dart_test(const struct cr_policy *p, enum dart_test test, uint32_t client, union dart_scratch *scratch,
                      uint32_t *about)
{
  uint32_t *task = scratch->test.task, n = rank_tasks(p, client, task);
  *about = CR_NONE;
  if (n == CR_NONE)
    return CR_WHY_SIZE;
  for (uint32_t i = 0; i < n; i++)
    if (dart_task_of(p, task[i])->fault != CR_WHY_NONE) {
      *about = task[i];
      return (enum cr_why)dart_task_of(p, task[i])->fault;
    }
  cr_ns longest_ns = fill(p, scratch, n);
  const struct cr_rta a = {
    .n_task = n,
    .n_node = p->view->n_device,
    .period_ns = scratch->test.period_ns,
    .deadline_ns = scratch->test.deadline_ns,
    .cost_ns = scratch->test.cost_ns,
    .limit_ns = scratch->test.deadline_ns,
    .busy_limit_ns = longest_ns < CR_NS_NEVER / BUSY_PERIODS ? BUSY_PERIODS * longest_ns : CR_NS_NEVER - 1,
  };
  cr_ns *response_ns = scratch->test.response_ns, *overlap_ns = scratch->test.overlap_ns;
  if (test == DART_PAPER) {
    cr_rta_paper(&a, CR_RTA_ON_NODE, response_ns);
  } else {
    cr_rta_overlap(&a, overlap_ns);
    cr_rta_holistic(&a, scratch->test.arrival_ns, response_ns);
  }
  for (uint32_t i = 0; i < n; i++) {
    cr_ns most_ns = test == DART_PAPER ? response_ns[i] : cr_min_ns(response_ns[i], overlap_ns[i]);
    if (most_ns <= a.deadline_ns[i])
      continue;
    *about = task[i];
    return CR_WHY_MISSES;
  }
  return CR_WHY_PASSES;
}

/* --- placement ------------------------------------------------------------------------------------------------------ */

static int64_t at_most(int64_t value, int64_t most)
{
  return value < most ? value : most;
}

/* A stage's longest time; where that is not known any more, what was recorded. */
static cr_ns stage_ns(const struct cr_policy *p, uint32_t client, uint32_t stage, uint32_t op)
{
  cr_ns ns = dart_task_of(p, client)->longest_ns[stage];
  if (ns != CR_NS_NEVER)
    return ns;
  uint32_t n_op = dart_stage_n_op(p, client, stage);
  ns = recorded_ns(p, client, dart_stage_device(p, client, stage), op0_of(p, client) + op,
                   n_op == CR_ALL ? n_op_of(p, client) : n_op);
  return ns == CR_NS_NEVER ? 0 : ns; /* of no layers: nothing is known of it */
}

/* The least time between two batches of it. */
static cr_ns batch_period(const struct cr_policy *p, uint32_t client)
{
  cr_ns period_ns = p->view->client_period_ns[client], n = p->view->client_batch[client];
  return period_ns > INT64_MAX / n ? INT64_MAX : period_ns * n;
}

/* Adds what a task uses of each node. */
static void add_use(const struct cr_policy *p, uint32_t client, int64_t *used_ppt)
{
  const struct dart_task *t = dart_task_of(p, client);
  cr_ns period_ns = p->view->client_period_ns[client], sum_ns = 0;
  uint32_t n = cr_min_u32(t->n_stage, DART_STAGES);
  for (uint32_t s = 0, op = 0; s < n; op += dart_stage_n_op(p, client, s++))
    sum_ns = cr_ns_add(sum_ns, stage_ns(p, client, s, op));
  period_ns = period_ns != CR_NS_NEVER ? batch_period(p, client) : cr_max_ns(sum_ns, 1);
  for (uint32_t s = 0, op = 0; s < n; op += dart_stage_n_op(p, client, s++)) {
    int64_t *used = &used_ppt[dart_stage_device(p, client, s)];
    *used = at_most(cr_ns_add(*used, cr_muldiv(stage_ns(p, client, s, op), PER_NODE, period_ns)), LOAD_MAX);
  }
}

/* What layers load a node with, in 2^-16 ns.  Whether they are not too long to add up. */
static int fill_load(const struct cr_policy *p, uint32_t client, uint32_t device, union dart_scratch *scratch)
{
  uint32_t n = n_op_of(p, client), n_forbidden = 0;
  size_t row = (size_t)device * (n + 1);
  int64_t *upto = &scratch->place.upto[row], *head = &scratch->place.head[row], *tail = &scratch->place.tail[row];
  cr_ns sum_ns = 0;
  for (uint32_t i = 0; i < n; i++)
    n_forbidden += layer_of(p, client, device, op0_of(p, client) + i).exec_ns == CR_NS_NEVER;
  upto[0] = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct cr_layer_time t = layer_of(p, client, device, op0_of(p, client) + i);
    int runs = t.exec_ns != CR_NS_NEVER;
    sum_ns = cr_ns_add(sum_ns, runs ? t.hd_ns + t.exec_ns + t.misc_ns + t.dh_ns : 0);
    if (sum_ns > LONGEST_NS)
      return 0;
    upto[i + 1] = upto[i] + (runs ? (t.exec_ns + t.misc_ns) * (INT64_C(1) << FINE_BITS) : FORBIDDEN / n_forbidden);
    head[i] = runs ? t.hd_ns * (INT64_C(1) << FINE_BITS) : 0;
    tail[i] = runs ? t.dh_ns * (INT64_C(1) << FINE_BITS) : 0;
  }
  scratch->place.load[device] = (struct cr_stage_load){upto, head, tail, 0};
  return 1;
}

/* The layers first[k] .. first[k + 1] of each node become its stages, if they can run there. */
static int take_split(const struct cr_policy *p, uint32_t client, const uint32_t *first)
{
  struct dart_task *t = dart_task_of(p, client);
  uint32_t n_stage = 0;
  for (uint32_t k = 0; k < p->view->n_device; k++) {
    uint32_t n_op = first[k + 1] - first[k];
    if (n_op && recorded_ns(p, client, k, op0_of(p, client) + first[k], n_op) == CR_NS_NEVER)
      return 0;
    if (n_op) {
      t->device[n_stage] = k;
      t->n_op[n_stage++] = n_op;
    }
  }
  t->n_stage = n_stage;
  return 1;
}

/* The period that its loads are shares of. */
static cr_ns load_period(const struct cr_policy *p, uint32_t client)
{
  cr_ns least_ns = 0;
  if (p->view->client_period_ns[client] != CR_NS_NEVER)
    return batch_period(p, client);
  for (uint32_t i = 0; i < n_op_of(p, client); i++)
    least_ns = cr_ns_add(least_ns, p->view->op_duration_ns[op0_of(p, client) + i]);
  return cr_max_ns(least_ns, 1);
}

enum cr_why dart_split(const struct cr_policy *p, uint32_t client, union dart_scratch *scratch)
{
  uint32_t n_node = p->view->n_device, n_layer = n_op_of(p, client);
  int64_t used_ppt[DART_NODES] = {0};
  if (p->view->op_kind[op0_of(p, client)] != CR_OP_LAYER)
    return CR_WHY_PLACE;
  if (n_layer > CR_STAGE_LAYER_MAX || cr_stage_split_scratch(n_layer, n_node) > DART_CELLS)
    return CR_WHY_SIZE;
  for (uint32_t c = 0; c < p->view->n_client; c++)
    if (dart_task_of(p, c)->place == DART_PLACED)
      add_use(p, c, used_ppt);
  cr_ns period_ns = load_period(p, client);
  if (period_ns > INT64_MAX >> FINE_BITS)
    return CR_WHY_SIZE;
  for (uint32_t k = 0; k < n_node; k++) {
    if (!fill_load(p, client, k, scratch))
      return CR_WHY_SIZE;
    int64_t used = cr_muldiv(used_ppt[k], period_ns * (INT64_C(1) << FINE_BITS), PER_NODE);
    scratch->place.load[k].used = at_most(used, LOAD_MAX);
  }
  cr_stage_split(scratch->place.load, n_layer, n_node, scratch->place.split, scratch->place.first);
  if (!take_split(p, client, scratch->place.first))
    return CR_WHY_PLACE;
  set_placed(p, client);
  return CR_WHY_NONE;
}

uint32_t dart_copy_too_long(const struct cr_policy *p, uint32_t client)
{
  const struct dart_task *t = dart_task_of(p, client);
  uint32_t op = op0_of(p, client);
  for (uint32_t s = 0; s < t->n_stage; s++) {
    uint32_t d = dart_stage_device(p, client, s), end = op + dart_stage_n_op(p, client, s);
    for (; op < end; op++) {
      struct cr_layer_time l = layer_of(p, client, d, op);
      if (p->view->device_kind[d] == CR_VIEW_GPU_NODE && cr_max_ns(l.hd_ns, l.dh_ns) > p->view->device_gpu_copy_ns[d])
        return d;
    }
  }
  return CR_NONE;
}
