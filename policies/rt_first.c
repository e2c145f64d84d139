/* rt_first.c - real-time requests take the device away from best-effort ones. */
#include "config.h"

#include "policies/rt_first.h"

static int is_rt(const struct cr_policy *p, uint32_t client)
{
  return p->view->client_class[client] == CR_RT;
}

/* Streams are made here and not in on_client, so that each real-time stream comes before the others of its device. */
int cr_rt_first_init(struct cr_policy *p, struct cr_rt_first_rule rule, struct cr_err *err)
{
  struct cr_rt_first *s = p->state;
  uint32_t n_device = p->view->n_device, last[CR_RT_FIRST_DEVICES] = {0};
  if (n_device > CR_RT_FIRST_DEVICES)
    return cr_fail(err, CR_EINPUT, "%u devices are more than the %d it can serve; take fewer", n_device,
                   CR_RT_FIRST_DEVICES);
  s->rule = rule;
  for (uint32_t d = 0; d < n_device; d++)
    s->device[d].stream = cr_stream_new(p, (cr_device){d}, 0);
  for (uint32_t c = 0; c < p->view->n_client; c++) {
    struct cr_be *be = cr_be_of(p, c);
    be->device = c % n_device;
    if (is_rt(p, c))
      continue;
    be->stream = cr_stream_new(p, (cr_device){be->device}, 0);
    cr_stream_queue(p, be->stream, rule.queue, rule.reclaim);
    if (last[be->device])
      cr_be_of(p, last[be->device] - 1)->next = c + 1;
    else
      s->device[be->device].be = c + 1;
    last[be->device] = c + 1;
  }
  return CR_OK;
}

void cr_be_begin(const struct cr_policy *p, struct cr_be *be)
{
  if (be->first || !be->waiting.n)
    return;
  be->first = cr_queue_pop(p, &be->waiting).i + 1;
  be->op = be->block = be->restart = 0;
}

/* The client's first request runs on, or the next one begins. */
static void go_on(struct cr_policy *p, struct cr_be *be)
{
  cr_be_begin(p, be);
  if (!be->first || be->is_launched)
    return;
  be->is_launched = 1;
  cr_launch(p, (cr_request){be->first - 1}, CR_ALL, be->stream);
}

static void go_on_all(struct cr_policy *p, const struct cr_rt_first_device *d)
{
  for (uint32_t c = d->be; c; c = cr_be_of(p, c - 1)->next)
    go_on(p, cr_be_of(p, c - 1));
}

static void launch_rt(struct cr_policy *p, uint32_t device)
{
  struct cr_rt_first *s = p->state;
  struct cr_rt_first_device *d = &s->device[device];
  if (d->running)
    return;
  if (!d->rt.n) {
    d->is_rt = 0;
    go_on_all(p, d);
    return;
  }
  cr_request r = cr_queue_pop(p, &d->rt);
  d->running = r.i + 1;
  if (s->rule.pad && d->n_back == 0)
    s->rule.pad(p, device, r);
  cr_launch(p, r, CR_ALL, d->stream);
}

static void preempt(struct cr_policy *p, struct cr_rt_first_device *d)
{
  const struct cr_rt_first *s = p->state;
  for (uint32_t c = d->be; c; c = cr_be_of(p, c - 1)->next) {
    struct cr_be *be = cr_be_of(p, c - 1);
    if (!be->is_launched || be->is_wanted)
      continue;
    be->is_wanted = 1;
    d->n_back++;
    cr_preempt(p, be->stream, s->rule.how);
  }
}

void cr_rt_first_on_request(struct cr_policy *p, cr_request r)
{
  struct cr_rt_first *s = p->state;
  uint32_t client = cr_request_client(p, r).i;
  struct cr_be *be = cr_be_of(p, client);
  struct cr_rt_first_device *d = &s->device[be->device];
  if (!is_rt(p, client)) {
    cr_queue_push(p, &be->waiting, r);
    if (!d->is_rt)
      go_on(p, be);
    return;
  }
  cr_queue_push(p, &d->rt, r);
  if (!d->is_rt) {
    d->is_rt = 1;
    preempt(p, d);
  }
  if (d->n_back == 0 || !s->rule.waits)
    launch_rt(p, be->device);
}

/* A be request is the policy's again, or has left. */
static void land(struct cr_policy *p, struct cr_be *be)
{
  struct cr_rt_first *s = p->state;
  struct cr_rt_first_device *d = &s->device[be->device];
  be->is_launched = 0;
  d->n_back -= (uint32_t)be->is_wanted;
  be->is_wanted = 0;
  if (!d->is_rt)
    go_on(p, be);
  else if (d->n_back == 0)
    launch_rt(p, be->device);
}

void cr_rt_first_on_done(struct cr_policy *p, cr_request r, int complete)
{
  struct cr_rt_first *s = p->state;
  uint32_t client = cr_request_client(p, r).i;
  struct cr_be *be = cr_be_of(p, client);
  (void)complete; /* whole requests are launched */
  if (is_rt(p, client)) {
    s->device[be->device].running = 0;
    launch_rt(p, be->device);
    return;
  }
  be->first = 0;
  if (be->is_launched)
    land(p, be);
}

void cr_rt_first_on_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  struct cr_be *be = cr_be_of(p, cr_request_client(p, r).i);
  const struct cr_rt_first *s = p->state;
  be->op = p->view->request_next_op[r.i];
  be->block = p->view->request_next_block[r.i];
  if (how != CR_CAP_PAD && s->rule.restore)
    s->rule.restore(p, r, be);
  be->restart = be->op;
  if (how != CR_CAP_PAD) /* else it goes on with the next real-time request, or after the last */
    land(p, be);
}

void cr_rt_first_dump(struct cr_policy *p, struct cr_text *out)
{
  const struct cr_rt_first *s = p->state;
  for (uint32_t d = 0; d < p->view->n_device; d++)
    cr_text_add(out, "%sdevice %u: %u real-time requests wait, %u streams have not come back", d ? "; " : "", d,
                s->device[d].rt.n, s->device[d].n_back);
}

/* The cut kernel starts over. */
static void restore_kernel(struct cr_policy *p, cr_request r, struct cr_be *be)
{
  if (be->block)
    cr_rewind(p, r, be->op);
  be->block = 0;
}

int cr_rt_first_init_evict(struct cr_policy *p, struct cr_err *err)
{
  enum { KERNEL }; /* the first choice of resume */
  const struct cr_rt_first_rule rule = {
    .how = CR_CAP_EVICT,
    .queue = (uint32_t)p->opt[CR_EVICT_DQ],
    .waits = (int)p->opt[CR_EVICT_WAIT],
    .restore = p->opt[CR_EVICT_RESUME] == KERNEL ? restore_kernel : NULL,
  };
  return cr_rt_first_init(p, rule, err);
}
