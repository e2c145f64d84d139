/* exclusive.c - one request on a device at a time, from its first op to its last.
 *
 * With order=rt-first, waiting real-time requests go before best-effort ones: the SEQ baseline of REEF (Han et al.,
 * OSDI 2022), in which a real-time request waits for what is running, never for what waits.  With order=fifo the
 * class does not matter.  Within a class, requests go in order of arrival.  With several devices, whichever is free
 * takes the next. */
#include "config.h"

#include "policies/queue.h"

enum { OPT_ORDER };
enum { FIFO, RT_FIRST }; /* in the order of its choices */

static const struct cr_opt options[] = {
  [OPT_ORDER] = {.name = "order",
                 .kind = CR_OPT_CHOICE,
                 .choices = "fifo|rt-first",
                 .fallback = "fifo",
                 .help = "fifo: by arrival; rt-first: real-time requests before best-effort ones",
                 .source = "rt-first is SEQ of REEF, OSDI 2022"},
  {0},
};

struct state {
  struct cr_queue waiting[2]; /* by enum cr_class; under fifo all wait in the first */
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (uint32_t d = 0; d < p->view->n_device; d++)
    cr_stream_new(p, (cr_device){d}, 0);
  return CR_OK;
}

static void on_request(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  uint32_t class = p->view->client_class[cr_request_client(p, r).i];
  cr_queue_push(p, &s->waiting[p->opt[OPT_ORDER] == FIFO ? CR_RT : class], r);
}

static void on_room(struct cr_policy *p, cr_stream stream)
{
  struct state *s = p->state;
  struct cr_queue *q = &s->waiting[s->waiting[CR_RT].n ? CR_RT : CR_BE];
  if (q->n)
    cr_launch(p, cr_queue_pop(p, q), CR_ALL, stream);
}

static void dump(struct cr_policy *p, struct cr_text *out)
{
  const struct state *s = p->state;
  cr_text_add(out, "%u and %u requests wait (real-time, best-effort)", s->waiting[CR_RT].n, s->waiting[CR_BE].n);
}

const struct cr_policy_ops cr_policy_exclusive = {
  .abi = CR_POLICY_ABI,
  .name = "exclusive",
  .about = "one request on a device at a time; order=rt-first is SEQ of REEF (OSDI 2022)",
  .options = options,
  .state_bytes = sizeof(struct state),
  .request_bytes = sizeof(struct cr_link),
  .init = init,
  .on_request = on_request,
  .on_room = on_room,
  .dump = dump,
};
