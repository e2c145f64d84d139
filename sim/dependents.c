/* dependents.c - clients that come after others. */
#include "config.h"

#include "sim/dependents.h"

#include "sim/mem.h"

int cr_dependents_init(struct cr_dependents *d, const struct cr_workload *w)
{
  *d = (struct cr_dependents){.workload = w};
  for (uint32_t i = 0; i < w->n_client; i++)
    d->n += w->client[i].arrival.n_after;
  if (!d->n)
    return CR_OK;
  d->first = cr_mem_new((size_t)w->n_client + 2, sizeof *d->first);
  d->client = cr_mem_new(d->n, sizeof *d->client);
  d->n_finished = cr_mem_new(w->n_client, sizeof *d->n_finished);
  d->n_taken = cr_mem_new(w->n_client, sizeof *d->n_taken);
  if (!d->first || !d->client || !d->n_finished || !d->n_taken)
    return CR_ENOMEM;
  /* Counted two places on, then summed: filling moves each one's place to where its own begin. */
  for (uint32_t i = 0; i < w->n_client; i++)
    for (uint32_t k = 0; k < w->client[i].arrival.n_after; k++)
      d->first[w->client[i].arrival.after_client[k] + 2]++;
  for (uint32_t i = 2; i < w->n_client + 2; i++)
    d->first[i] += d->first[i - 1];
  for (uint32_t i = 0; i < w->n_client; i++)
    for (uint32_t k = 0; k < w->client[i].arrival.n_after; k++)
      d->client[d->first[w->client[i].arrival.after_client[k] + 1]++] = i;
  return CR_OK;
}

void cr_dependents_fini(struct cr_dependents *d)
{
  cr_mem_free(d->first);
  cr_mem_free(d->client);
  cr_mem_free(d->n_finished);
  cr_mem_free(d->n_taken);
}

void cr_dependents_finish(struct cr_dependents *d, uint32_t client)
{
  d->n_finished[client]++;
}

int cr_dependents_take(struct cr_dependents *d, uint32_t client)
{
  const struct cr_arrival_spec *a = &d->workload->client[client].arrival;
  for (uint32_t k = 0; k < a->n_after; k++)
    if (d->n_finished[a->after_client[k]] <= d->n_taken[client])
      return 0;
  d->n_taken[client]++;
  return 1;
}
