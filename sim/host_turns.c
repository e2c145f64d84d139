/* host_turns.c - what is launched on each device, and jobs that take turns by themselves, which have one to themselves. */
#include "config.h"

#include "sim/host.h"
#include "sim/mem.h"

/* Keys of jobs that take turns; sums of what is added to them stay far from the end of int64. */
#define KEY_MAX (INT64_C(1) << 62)

int cr_host_add_turns(struct cr_host *h)
{
  h->device_turns = cr_arena_take(h->arena, h->machine->n_device, sizeof *h->device_turns);
  return h->device_turns ? CR_OK : CR_ENOMEM;
}

void cr_host_hold(struct cr_host *h, uint32_t stream)
{
  h->stream_held[stream]++;
  h->device_turns[h->stream_device[stream]].n_held++;
  h->n_flight++;
}

void cr_host_let_go(struct cr_host *h, uint32_t stream)
{
  struct cr_device_turns *t = &h->device_turns[h->stream_device[stream]];
  h->stream_held[stream]--;
  h->n_flight--;
  if (--t->n_held == 0)
    t->is_rotation = 0;
}

int cr_host_rotates(const struct cr_host *h, uint32_t stream)
{
  const struct cr_device_turns *t = &h->device_turns[h->stream_device[stream]];
  return t->is_rotation && t->stream == stream;
}

enum cr_refusal cr_host_check_alone(const struct cr_host *h, uint32_t stream)
{
  return h->device_turns[h->stream_device[stream]].is_rotation ? CR_REFUSED_ALONE : CR_GRANTED;
}

/* Of these it is known, before they run, what each turn will be. */
static int may_take_turns(const struct cr_host *h, uint32_t request)
{
  const struct cr_workload *w = h->workload;
  uint32_t client = h->request_client[request];
  const struct cr_model_info *m = cr_host_model(h, request);
  return cr_host_is_job(h, client) && h->request_ready_ns[request] <= h->view.now_ns && m->n_op == 1 &&
         w->op[m->op0].kind == CR_OP_ITERATION;
}

enum cr_refusal cr_host_check_turn(const struct cr_host *h, const struct cr_note *asked)
{
  const struct cr_device_turns *t = &h->device_turns[h->stream_device[asked->c]];
  if (!may_take_turns(h, asked->a) || asked->b >= CR_N_CHARGE || (int64_t)asked->t < 0 || (int64_t)asked->t > KEY_MAX)
    return CR_REFUSED_TURN;
  int joins = h->gathering == asked->c + 1 && t->charge == asked->b;
  return t->n_held == 0 || joins ? CR_GRANTED : CR_REFUSED_ALONE;
}

void cr_host_grant_turn(struct cr_host *h, const struct cr_note *asked)
{
  struct cr_device_turns *t = &h->device_turns[h->stream_device[asked->c]];
  t->stream = asked->c;
  t->charge = asked->b;
  t->is_rotation = 1;
  h->gathering = asked->c + 1;
}

int cr_host_gathers(const struct cr_host *h, const struct cr_note *next)
{
  return h->gathering && next && next->kind == CR_NOTE_TURN && next->c + 1 == h->gathering;
}
