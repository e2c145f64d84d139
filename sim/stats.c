/* stats.c - what a run came to. */
#include "config.h"

#include "sim/stats.h"

#include "sim/mem.h"

const char *const cr_metric_name[CR_N_METRIC] = {"latency", "service", "period"};

const char *const cr_outcome_name[CR_FAILED + 1] = {
  "done", "stalled", "livelocked", "refused", "interrupted", "failed",
};

static int init_client(struct cr_client_result *c)
{
  c->first_ns = CR_NS_NEVER;
  c->last_ns = CR_NS_NEVER;
  for (int m = 0; m < CR_N_METRIC; m++) {
    c->metric[m] = cr_hist_new();
    if (!c->metric[m])
      return 0;
  }
  return 1;
}

int cr_result_init(struct cr_result *r, uint32_t n_client, uint32_t n_device, struct cr_err *err)
{
  struct cr_result fresh = {.n_client = n_client, .n_device = n_device};
  fresh.client = cr_mem_new(n_client, sizeof *fresh.client);
  fresh.use = cr_mem_new(n_device, sizeof *fresh.use);
  int ok = fresh.client && fresh.use;
  for (uint32_t c = 0; ok && c < n_client; c++)
    ok = init_client(&fresh.client[c]);
  if (!ok) {
    cr_result_fini(&fresh);
    return cr_fail_nomem(err, "the results of a run");
  }
  *r = fresh;
  return CR_OK;
}

void cr_result_fini(struct cr_result *r)
{
  for (uint32_t c = 0; r->client && c < r->n_client; c++)
    for (int m = 0; m < CR_N_METRIC; m++)
      cr_hist_free(r->client[c].metric[m]);
  cr_mem_free(r->client);
  cr_mem_free(r->use);
  cr_mem_free((char *)r->policy);
  *r = (struct cr_result){0};
}

void cr_result_add(struct cr_result *r, const struct cr_request_row *row)
{
  if (row->arrive_ns < r->warmup_ns)
    return;
  struct cr_client_result *c = &r->client[row->client];
  c->n_done++;
  c->n_missed += row->missed != 0;
  cr_hist_add(c->metric[CR_LATENCY], row->end_ns - row->arrive_ns);
  cr_hist_add(c->metric[CR_SERVICE], row->end_ns - row->reach_ns);
  if (c->last_ns != CR_NS_NEVER)
    cr_hist_add(c->metric[CR_PERIOD], row->end_ns - c->last_ns);
  c->first_ns = cr_min_ns(c->first_ns, row->arrive_ns);
  c->last_ns = row->end_ns;
}

double cr_result_throughput(const struct cr_result *r, uint32_t client)
{
  if (r->end_ns <= r->warmup_ns)
    return 0;
  return (double)r->client[client].n_done * 1e9 / (double)(r->end_ns - r->warmup_ns);
}
