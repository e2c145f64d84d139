/* core_sources.c - who comes when: arrivals to come, those that a request brings about as it leaves, and those that are late. */
#include "config.h"

#include "sim/core_int.h"

void cr_core_push(struct core *c, cr_ns at_ns, uint8_t class, uint64_t what)
{
  if (cr_heap_push(&c->heap, at_ns, class, what) != CR_OK)
    cr_core_end_nomem(c);
}

void cr_core_expect_arrival(struct core *c, uint32_t client, cr_ns at_ns, uint64_t flag)
{
  struct source *s = &c->source[client];
  if (s->left == 0 || at_ns >= c->cfg->duration_ns)
    return;
  if (s->left != CR_NONE)
    s->left--;
  cr_core_push(c, at_ns, CR_CORE_ARRIVAL, client | flag);
}

void cr_core_follow(struct core *c, uint32_t client)
{
  const struct cr_arrival_spec *a = &c->cfg->workload->client[client].arrival;
  struct source *s = &c->source[client];
  if (a->kind == CR_ARRIVE_CLOSED) {
    if (!s->refused)
      cr_core_expect_arrival(c, client, c->now_ns, CR_CORE_FOLLOWS);
  } else if (a->late != CR_LATE_QUEUE) {
    s->busy = s->n_late > 0;
    if (s->n_late == 0)
      return;
    s->n_late--;
    cr_core_push(c, c->now_ns, CR_CORE_ARRIVAL, client | CR_CORE_FOLLOWS);
  }
}

int cr_core_comes_late(struct core *c, uint32_t client)
{
  enum cr_late late = c->cfg->workload->client[client].arrival.late;
  struct source *s = &c->source[client];
  if (late == CR_LATE_QUEUE)
    return 0;
  if (!s->busy) {
    s->busy = 1;
    return 0;
  }
  if (late == CR_LATE_DROP && s->n_late) {
    c->result.client[client].n_arrived += c->now_ns >= c->cfg->warmup_ns;
    c->result.client[client].n_dropped += c->now_ns >= c->cfg->warmup_ns;
  } else {
    s->n_late++;
  }
  return 1;
}

void cr_core_follow_dependents(struct core *c, uint32_t client)
{
  const struct cr_dependents *d = &c->dependents;
  cr_dependents_finish(&c->dependents, client);
  for (uint32_t i = d->first[client]; i < d->first[client + 1]; i++)
    if (cr_dependents_take(&c->dependents, d->client[i]))
      cr_core_expect_arrival(c, d->client[i], c->now_ns, 0);
}
