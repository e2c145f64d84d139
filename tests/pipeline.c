/* pipeline.c - an exact simulator of a pipeline of nodes. */
#include "config.h"

#include "tests/pipeline.h"

#include <string.h>

struct run {
  const struct cr_rta *a;
  const struct pipeline_load *load;
  uint32_t n_released[PIPELINE_TASK_MAX];
  uint32_t n_arrived[PIPELINE_TASK_MAX][PIPELINE_NODE_MAX], n_begun[PIPELINE_TASK_MAX][PIPELINE_NODE_MAX];
  uint32_t running[PIPELINE_NODE_MAX]; /* task, or CR_NONE */
  cr_ns end_ns[PIPELINE_NODE_MAX];
  cr_ns *worst_ns;
};

static int uses(const struct run *r, uint32_t task, uint32_t node)
{
  return r->a->cost_ns[(size_t)task * r->a->n_node + node] > 0;
}

/* The next job of the task goes to its first node from `node` on, or has left. */
static void go_on(struct run *r, uint32_t task, uint32_t job, uint32_t node, cr_ns now_ns)
{
  while (node < r->a->n_node && !uses(r, task, node))
    node++;
  if (node < r->a->n_node)
    r->n_arrived[task][node]++;
  else
    r->worst_ns[task] = cr_max_ns(r->worst_ns[task], now_ns - r->load->release_ns[task][job]);
}

static cr_ns next_instant(const struct run *r)
{
  cr_ns next = CR_NS_NEVER;
  for (uint32_t i = 0; i < r->a->n_task; i++)
    if (r->n_released[i] < r->load->n_job[i])
      next = cr_min_ns(next, r->load->release_ns[i][r->n_released[i]]);
  for (uint32_t k = 0; k < r->a->n_node; k++)
    if (r->running[k] != CR_NONE)
      next = cr_min_ns(next, r->end_ns[k]);
  return next;
}

static void end_stages(struct run *r, cr_ns now_ns)
{
  for (uint32_t k = 0; k < r->a->n_node; k++) {
    uint32_t task = r->running[k];
    if (task == CR_NONE || r->end_ns[k] != now_ns)
      continue;
    r->running[k] = CR_NONE;
    go_on(r, task, r->n_begun[task][k] - 1, k + 1, now_ns);
  }
}

static void release_jobs(struct run *r, cr_ns now_ns)
{
  for (uint32_t i = 0; i < r->a->n_task; i++)
    while (r->n_released[i] < r->load->n_job[i] && r->load->release_ns[i][r->n_released[i]] == now_ns)
      go_on(r, i, r->n_released[i]++, 0, now_ns);
}

static void begin_stages(struct run *r, cr_ns now_ns)
{
  for (uint32_t k = 0; k < r->a->n_node; k++)
    for (uint32_t i = 0; r->running[k] == CR_NONE && i < r->a->n_task; i++)
      if (r->n_arrived[i][k] > r->n_begun[i][k]) {
        r->running[k] = i;
        r->end_ns[k] = now_ns + r->load->exec_ns[i][r->n_begun[i][k]++][k];
      }
}

void pipeline_run(const struct cr_rta *a, const struct pipeline_load *load, cr_ns *worst_ns)
{
  struct run r = {.a = a, .load = load, .worst_ns = worst_ns};
  memset(worst_ns, 0, a->n_task * sizeof *worst_ns);
  for (uint32_t k = 0; k < a->n_node; k++)
    r.running[k] = CR_NONE;
  for (cr_ns now_ns; (now_ns = next_instant(&r)) != CR_NS_NEVER;) {
    end_stages(&r, now_ns);
    release_jobs(&r, now_ns);
    begin_stages(&r, now_ns);
  }
}
