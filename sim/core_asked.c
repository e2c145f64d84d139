/* core_asked.c - what a policy asks for: checked by the host, written down, counted, and carried out by the backend. */
#include "config.h"

#include "sim/core_int.h"

#include <stdio.h>
#include <string.h>

#include "sim/finding.h"
#include "sim/memory.h"
#include "sim/rng.h"

enum { WHY_ROOM = 200 }; /* room that a refusal must find in result.why, so that only the first few are kept */

cr_ns cr_core_real_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (cr_ns)t.tv_sec * 1000000000 + t.tv_nsec;
}

static CR_COLD void refuse(struct core *c, const struct cr_note *asked, enum cr_refusal refusal)
{
  struct cr_note answer = {.at_ns = c->now_ns, .kind = CR_NOTE_REFUSED, .a = refusal};
  cr_ledger_add(c->ledger, &answer);
  c->result.n_refused++;
  struct cr_err err;
  size_t used = strlen(c->result.why);
  if (c->cfg->strict || sizeof c->result.why - used > WHY_ROOM)
    cr_finding_refused(&c->host, asked, refusal, &err);
  if (c->cfg->strict)
    cr_core_end(c, CR_REFUSED, CR_ERUN, &err);
  else if (sizeof c->result.why - used > WHY_ROOM)
    snprintf(c->result.why + used, sizeof c->result.why - used, "%s%.400s", used ? "; " : "", err.text);
}

static void act(struct core *c, const struct cr_act *a)
{
  struct cr_err err;
  cr_ns from_ns = c->act ? cr_core_real_ns() : 0;
  int rc = c->cfg->backend->act(c->backend, a, &err);
  if (c->act)
    cr_hist_add(c->act, cr_core_real_ns() - from_ns);
  if (rc != CR_OK)
    cr_core_end_failed(c, rc, &err);
}

static void hold(struct core *c, uint32_t device, uint32_t holder, int64_t bytes)
{
  struct cr_err err;
  int rc = c->cfg->backend->hold(c->backend, device, holder, bytes, &err);
  if (rc != CR_OK)
    cr_core_end_failed(c, rc, &err);
}

static void hold_lane(struct core *c, uint32_t lane)
{
  const struct cr_memory_lane *l = cr_memory_see_lane(c->host.memory, lane);
  int is_open = l->device != CR_NONE;
  hold(c, is_open ? l->device : 0, c->cfg->workload->n_client + lane, is_open ? l->bytes : 0);
}

void cr_core_hold(struct core *c, const struct cr_note *note)
{
  if (!c->backend || !c->cfg->backend->hold || !c->host.memory || c->over)
    return;
  uint32_t kind = note->kind, lane = CR_NONE;
  if (kind == CR_NOTE_LANE || kind == CR_NOTE_CLOSE) {
    hold_lane(c, note->a);
  } else if (kind == CR_NOTE_ADMIT || kind == CR_NOTE_READY || kind == CR_NOTE_LEAVE) {
    lane = cr_memory_lane_of(c->host.memory, note->a);
    uint32_t device = lane == CR_NONE ? 0 : cr_memory_see_lane(c->host.memory, lane)->device;
    hold(c, device, note->a, lane == CR_NONE ? 0 : cr_memory_held(c->host.memory, note->a));
  }
}

void cr_core_hold_lanes(struct core *c)
{
  for (uint32_t lane = 0; c->host.memory && c->cfg->backend->hold && lane < CR_LANE_MAX; lane++)
    if (cr_memory_see_lane(c->host.memory, lane)->device != CR_NONE)
      hold_lane(c, lane);
}

/* How long a request of layers takes, in millionths of what was recorded: the same whatever the policy. */
static uint32_t draw_actual_ppm(const struct core *c, uint32_t client, uint32_t number)
{
  const struct cr_client_spec *s = &c->cfg->workload->client[client];
  if (s->actual_max_ppm == 0)
    return 1000000;
  uint64_t span = s->actual_max_ppm - s->actual_min_ppm + 1;
  return s->actual_min_ppm + (uint32_t)(cr_draw(c->cfg->seed, CR_RNG_ACTUAL, client, number) % span);
}

static void act_launch(struct core *c, const struct cr_note *asked)
{
  const struct cr_host *h = &c->host;
  uint32_t next = h->request_next_op[asked->a], client = h->request_client[asked->a];
  uint32_t op0 = cr_host_model(h, asked->a)->op0 + next, n_op = h->flight[asked->a].end_op - next, n_block = 0;
  int takes_turns = asked->kind == CR_NOTE_TURN;
  cr_ns think_ns = c->cfg->workload->client[client].job.think_ns;
  int fits = !cr_host_is_job(h, client) || cr_job_life_fits(&c->life, client);
  if (asked->kind == CR_NOTE_SLICE) { /* of one op, whether that is done with it or not */
    n_op = 1;
    n_block = cr_min_u32(asked->b, c->cfg->workload->op[op0].blocks - h->request_next_block[asked->a]);
  }
  if (!fits && !takes_turns) {
    if (cr_job_life_fail(&c->life, client, c->now_ns) != CR_OK)
      cr_core_end_nomem(c);
    return;
  }
  if (c->gauge && cr_host_is_job(h, client))
    cr_memory_gauge_run(c->gauge, client, c->now_ns);
  act(c, &(struct cr_act){
           .kind = takes_turns ? CR_ACT_TURN : CR_ACT_LAUNCH,
           .stream = asked->c,
           .request = asked->a,
           .client = client,
           .op0 = op0,
           .n_op = !fits                     ? 0
                   : takes_turns && think_ns ? 1
                                             : n_op,
           .device = h->stream_device[asked->c],
           .think_ns = think_ns,
           .ready_ns = h->request_ready_ns[asked->a],
           .actual_ppm = draw_actual_ppm(c, client, h->flight[asked->a].number),
           .n_request = h->request_batch[asked->a],
           .row = h->flight[asked->a].row,
           .block0 = h->request_next_block[asked->a],
           .n_block = n_block,
           .key = takes_turns ? (int64_t)asked->t : 0,
           .charge = takes_turns ? asked->b : 0,
         });
}

/* What the pads of the request so far leave is where this one begins. */
static void act_pad(struct core *c, const struct cr_note *asked, uint32_t op, uint32_t block)
{
  const struct cr_host *h = &c->host;
  struct cr_pad_note pad = cr_note_pad_of(asked);
  uint32_t client = h->request_client[asked->b], op0 = cr_host_model(h, asked->b)->op0 + op;
  uint32_t left = c->cfg->workload->op[op0].blocks - block;
  act(c, &(struct cr_act){
           .kind = CR_ACT_PAD,
           .stream = pad.stream,
           .request = asked->b,
           .client = client,
           .op0 = op0,
           .block0 = block,
           .n_block = cr_min_u32(pad.n_block, left),
           .device = h->stream_device[pad.stream],
           .pad = {asked->a, cr_host_model(h, asked->a)->op0 + asked->c, pad.rt_sms, pad.sm_blocks},
         });
}

static void act_preempt(struct core *c, const struct cr_note *asked)
{
  const struct cr_host *h = &c->host;
  struct wish *wish = &c->wish[asked->a];
  if (asked->b != CR_CAP_PARK) {
    wish->since_ns = cr_min_ns(wish->since_ns, c->now_ns);
    wish->n_held = h->stream_held[asked->a];
  }
  act(c, &(struct cr_act){
           .kind = CR_ACT_PREEMPT, .stream = asked->a, .device = h->stream_device[asked->a], .how = asked->b});
}

/* Ops that were done, and will be again. */
static void count_rewound(struct core *c, const struct cr_note *asked, uint32_t op)
{
  uint32_t op0 = cr_host_model(&c->host, asked->a)->op0;
  c->result.n_redone += op - asked->b;
  c->result.redone_ns += c->host.op_start_ns[op0 + op] - c->host.op_start_ns[op0 + asked->b];
}

/* Decided about a client, for the results. */
static void count_verdict(struct core *c, const struct cr_note *asked)
{
  c->source[asked->a].refused |= asked->b == CR_VERDICT_REFUSED;
  cr_verdicts_add(&c->result.client[asked->a].verdicts, asked->b, asked->c, (uint32_t)asked->t);
}

/* The policy has dropped a client's request, and those that ran together with it. */
static void let_go(struct core *c, uint32_t request, uint32_t client)
{
  const struct cr_host *h = &c->host;
  for (; request != CR_NONE; request = h->flight[request].batch_next) {
    c->result.client[client].n_dropped += h->request_arrive_ns[request] >= c->cfg->warmup_ns;
    cr_core_follow(c, client);
  }
  if (cr_host_is_job(h, client) && cr_job_life_drop(&c->life, client, c->now_ns) != CR_OK)
    cr_core_end_nomem(c);
}

static void grant(struct core *c, const struct cr_note *asked)
{
  struct cr_host *h = &c->host;
  enum cr_refusal refusal;
  uint32_t client =
    asked->kind == CR_NOTE_DROP && asked->a < h->view.request_cap ? h->request_client[asked->a] : CR_NONE;
  uint32_t op = 0, block = 0; /* where a pad begins, and from where a request goes back */
  if (asked->kind == CR_NOTE_PAD && asked->b < h->view.request_cap) {
    int in_flight = h->flight[asked->b].stream != CR_NONE;
    op = in_flight ? h->flight[asked->b].end_op : h->request_next_op[asked->b];
    block = in_flight ? h->flight[asked->b].end_block : h->request_next_block[asked->b];
  } else if (asked->kind == CR_NOTE_REWIND && asked->a < h->view.request_cap) {
    op = h->request_next_op[asked->a];
  }
  if (cr_host_grant(h, asked, &refusal) != CR_OK) {
    cr_core_end_nomem(c);
    return;
  }
  cr_ledger_add(c->ledger, asked);
  if (refusal != CR_GRANTED) {
    refuse(c, asked, refusal);
    return;
  }
  c->result.n_action++;
  switch (asked->kind) {
  case CR_NOTE_LAUNCH:
  case CR_NOTE_SLICE:
  case CR_NOTE_TURN:
    act_launch(c, asked);
    break;
  case CR_NOTE_PAD:
    act_pad(c, asked, op, block);
    break;
  case CR_NOTE_REWIND:
    count_rewound(c, asked, op);
    break;
  case CR_NOTE_PREEMPT:
    c->result.n_preempt += !cr_host_rotates(h, asked->a);
    /* In set-up, when there is no backend yet, no stream holds anything.  Pads belong to another's launch. */
    if (h->stream_held[asked->a] && !h->stream_pad[asked->a])
      act_preempt(c, asked);
    break;
  case CR_NOTE_DROP:
    let_go(c, asked->a, client);
    break;
  case CR_NOTE_VERDICT:
    count_verdict(c, asked);
    break;
  case CR_NOTE_SETTIMER:
    cr_core_push(c, cr_max_ns(cr_note_timer_ns(asked), c->now_ns), CR_CORE_TIMER, asked->t);
    break;
  case CR_NOTE_SHARE:
    if (c->backend)
      act(c, &(struct cr_act){
               .kind = CR_ACT_SHARE, .stream = asked->a, .device = h->stream_device[asked->a], .share_ppm = asked->b});
    break;
  default: /* a stream or its process: told to the backend when it opens, as they come from set-up only */
    if (c->gauge)
      cr_memory_gauge_note(c->gauge, asked, c->now_ns);
    cr_core_hold(c, asked);
    if (cr_job_life_asked(&c->life, asked, c->now_ns) != CR_OK)
      cr_core_end_nomem(c);
    break;
  }
}

/* A rotation begins when all its jobs have been given, which shows by what is asked for next (NULL: nothing). */
static void begin_turns(struct core *c, const struct cr_note *next)
{
  struct cr_host *h = &c->host;
  if (c->over || !h->gathering || cr_host_gathers(h, next))
    return;
  uint32_t stream = h->gathering - 1;
  h->gathering = 0;
  act(c, &(struct cr_act){.kind = CR_ACT_BEGIN, .stream = stream, .device = h->stream_device[stream]});
}

void cr_core_settle(struct core *c)
{
  struct cr_asker *a = &c->host.asker;
  for (uint32_t i = 0; i < a->n && !c->over; i++) {
    begin_turns(c, &a->note[i]);
    grant(c, &a->note[i]);
  }
  begin_turns(c, NULL);
  if (a->failed)
    cr_core_end_nomem(c);
  if (a->flooded)
    cr_core_end_livelocked(c, "it asked for more than a million things in one callback");
}
