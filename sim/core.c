/* core.c - the driver loop: arrivals, timers, ownership, checking and accounting between a policy and a backend.
 *
 * One turn of the loop is one instant.  The backend lets time pass up to the next arrival, timer or end; then the
 * policy is told, in this order: finished and returned work, arrivals, steps in the lives of jobs, timers, and last, for
 * each idle stream, that there is room.  Whatever it asks for is checked and carried out as each callback returns.
 *
 * A policy can misbehave in three ways, and none of them brings the run down unexplained: a refused action is counted
 * (and ends a strict run); a million callbacks at one instant are a livelock; requests that it keeps while nothing
 * runs and nothing will happen are a stall. */
#include "config.h"

#include "sim/core.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/arrival.h"
#include "sim/dependents.h"
#include "sim/finding.h"
#include "sim/heap.h"
#include "sim/host.h"
#include "sim/job_life.h"
#include "sim/mem.h"
#include "sim/memory_gauge.h"
#include "sim/rng.h"

enum { IN_ARRIVAL, IN_JOB, IN_TIMER }; /* classes of the heap: the order at one instant */

enum {
  EVENTS = 64,        /* taken from the backend at once */
  ROWS = 256,         /* given to the request sink at once */
  LIVELOCK = 1000000, /* callbacks at one instant that no load can explain */
  WHY_ROOM = 200,     /* room that a refusal must find in result.why, so that only the first few are kept */
};

/* An arrival that a request brought about that left, of a closed client or of one that is late, and not its arrival process. */
#define FOLLOWS (UINT64_C(1) << 32)

struct source {
  struct cr_arrival arrival;
  uint32_t left;   /* requests it may still make; CR_NONE: no limit */
  int busy;        /* it has a request, where it may have one alone */
  int refused;     /* by the policy: it asks no more by itself */
  uint32_t n_late; /* arrivals that wait for it to leave */
};

/* A policy wants a stream back. */
struct wish {
  cr_ns since_ns;  /* CR_NS_NEVER: it does not */
  uint32_t n_held; /* ranges that the stream is yet to give back or to finish, of those that it held then */
};

struct core {
  const struct cr_core_cfg *cfg;
  struct cr_host host;
  struct cr_heap heap;
  struct cr_ledger *ledger;
  struct cr_backend *backend;
  struct source *source; /* [n_client] */
  struct wish *wish;     /* [n_stream] */
  struct cr_dependents dependents;
  struct cr_job_life life;
  struct cr_memory_gauge *gauge; /* NULL: no client is a job */
  struct cr_result result;
  struct cr_request_row row[ROWS];
  uint32_t n_row;
  cr_ns now_ns;
  uint32_t steps;                 /* callbacks at this instant */
  uint32_t clock_every, clock_in; /* turns between two looks at the real clock, and to the next */
  struct timespec clock;
  int over; /* the run has ended: result.outcome, rc and err say how */
  int rc;
  struct cr_err err;
  struct cr_hist *late, *callback, *act; /* ns of real time; NULL in virtual time */
};

/* --- how a run ends ----------------------------------------------------------------------------------------------- */

/* The first cause stays. */
static CR_COLD void end(struct core *c, enum cr_outcome outcome, int rc, const struct cr_err *why)
{
  if (c->over)
    return;
  c->over = 1;
  c->rc = rc;
  c->err = *why;
  c->result.outcome = outcome;
  snprintf(c->result.why, sizeof c->result.why, "%.*s", (int)sizeof c->result.why - 1, why->text);
}

static CR_COLD void end_failed(struct core *c, int rc, const struct cr_err *why)
{
  end(c, rc == CR_EINTR ? CR_INTERRUPTED : CR_FAILED, rc, why);
}

static CR_COLD void end_nomem(struct core *c)
{
  struct cr_err err;
  int rc = cr_fail_nomem(&err, "the run's requests and events");
  end(c, CR_FAILED, rc, &err);
}

static CR_COLD void end_livelocked(struct core *c, const char *what)
{
  struct cr_err err;
  cr_finding_livelocked(&c->host, what, &err);
  end(c, CR_LIVELOCKED, CR_ERUN, &err);
}

static CR_COLD void end_stalled(struct core *c)
{
  struct cr_err err, stalled;
  cr_finding_stalled(&c->host, &stalled);
  if (c->result.n_refused) /* it may be what the policy waits for */
    cr_fail(&err, CR_ERUN, "%.250s; what it asked for was refused before: %.230s", stalled.text, c->result.why);
  else
    err = stalled;
  end(c, CR_STALLED, CR_ERUN, &err);
}

static CR_COLD void end_stopped(struct core *c)
{
  struct cr_err err;
  int rc = cr_fail(&err, CR_EINTR, "stopped; the results so far are kept");
  end(c, CR_INTERRUPTED, rc, &err);
}

/* --- what the policy asks for ------------------------------------------------------------------------------------- */

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
    end(c, CR_REFUSED, CR_ERUN, &err);
  else if (sizeof c->result.why - used > WHY_ROOM)
    snprintf(c->result.why + used, sizeof c->result.why - used, "%s%.400s", used ? "; " : "", err.text);
}

static cr_ns real_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (cr_ns)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void act(struct core *c, const struct cr_act *a)
{
  struct cr_err err;
  cr_ns from_ns = c->act ? real_ns() : 0;
  int rc = c->cfg->backend->act(c->backend, a, &err);
  if (c->act)
    cr_hist_add(c->act, real_ns() - from_ns);
  if (rc != CR_OK)
    end_failed(c, rc, &err);
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
      end_nomem(c);
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

static void push(struct core *c, cr_ns at_ns, uint8_t class, uint64_t what)
{
  if (cr_heap_push(&c->heap, at_ns, class, what) != CR_OK)
    end_nomem(c);
}

/* An arrival to come, unless the client has made all its requests or the time for them is over. */
static void expect_arrival(struct core *c, uint32_t client, cr_ns at_ns, uint64_t flag)
{
  struct source *s = &c->source[client];
  if (s->left == 0 || at_ns >= c->cfg->duration_ns)
    return;
  if (s->left != CR_NONE)
    s->left--;
  push(c, at_ns, IN_ARRIVAL, client | flag);
}

/* A request has left, and the next one takes its place at the same instant: of a closed client, or of one that is late. */
static void follow(struct core *c, uint32_t client)
{
  const struct cr_arrival_spec *a = &c->cfg->workload->client[client].arrival;
  struct source *s = &c->source[client];
  if (a->kind == CR_ARRIVE_CLOSED) {
    if (!s->refused)
      expect_arrival(c, client, c->now_ns, FOLLOWS);
  } else if (a->late != CR_LATE_QUEUE) {
    s->busy = s->n_late > 0;
    if (s->n_late == 0)
      return;
    s->n_late--;
    push(c, c->now_ns, IN_ARRIVAL, client | FOLLOWS);
  }
}

/* A client that may have one request alone has one: the arrival waits, and a newer one may take its place. */
static int comes_late(struct core *c, uint32_t client)
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

/* Clients that come after this one, which has finished a request, and after no other that has not. */
static void follow_dependents(struct core *c, uint32_t client)
{
  const struct cr_dependents *d = &c->dependents;
  cr_dependents_finish(&c->dependents, client);
  for (uint32_t i = d->first[client]; i < d->first[client + 1]; i++)
    if (cr_dependents_take(&c->dependents, d->client[i]))
      expect_arrival(c, d->client[i], c->now_ns, 0);
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
    follow(c, client);
  }
  if (cr_host_is_job(h, client) && cr_job_life_drop(&c->life, client, c->now_ns) != CR_OK)
    end_nomem(c);
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
    end_nomem(c);
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
    push(c, cr_max_ns(cr_note_timer_ns(asked), c->now_ns), IN_TIMER, asked->t);
    break;
  case CR_NOTE_SHARE:
    if (c->backend)
      act(c, &(struct cr_act){
               .kind = CR_ACT_SHARE, .stream = asked->a, .device = h->stream_device[asked->a], .share_ppm = asked->b});
    break;
  default: /* a stream or its process: told to the backend when it opens, as they come from set-up only */
    if (c->gauge)
      cr_memory_gauge_note(c->gauge, asked, c->now_ns);
    if (cr_job_life_asked(&c->life, asked, c->now_ns) != CR_OK)
      end_nomem(c);
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

/* Carries out what the policy asked for in its last callback. */
static void settle(struct core *c)
{
  struct cr_asker *a = &c->host.asker;
  for (uint32_t i = 0; i < a->n && !c->over; i++) {
    begin_turns(c, &a->note[i]);
    grant(c, &a->note[i]);
  }
  begin_turns(c, NULL);
  if (a->failed)
    end_nomem(c);
  if (a->flooded)
    end_livelocked(c, "it asked for more than a million things in one callback");
}

/* --- what the policy is told -------------------------------------------------------------------------------------- */

static void tell(struct core *c, const struct cr_note *note)
{
  cr_ns from_ns = 0;
  if (++c->steps > LIVELOCK)
    end_livelocked(c, "a million callbacks, and it still asks for more");
  if (c->over)
    return;
  cr_ledger_add(c->ledger, note);
  if (c->callback)
    from_ns = real_ns();
  cr_host_tell(&c->host, note);
  if (c->callback)
    cr_hist_add(c->callback, real_ns() - from_ns);
  settle(c);
}

static void flush_rows(struct core *c)
{
  struct cr_err err;
  const struct cr_request_sink *sink = c->cfg->requests;
  int rc = sink && c->n_row ? sink->write(sink->ctx, c->row, c->n_row, &err) : CR_OK;
  c->n_row = 0;
  if (rc != CR_OK)
    end_failed(c, rc, &err);
}

static void count_finished(struct core *c, uint32_t request, cr_ns end_ns)
{
  const struct cr_host *h = &c->host;
  uint32_t client = h->request_client[request];
  cr_ns bound_ns = c->cfg->workload->client[client].bound_ns;
  struct cr_request_row *row = &c->row[c->n_row++];
  *row = (struct cr_request_row){
    .arrive_ns = h->request_arrive_ns[request],
    .reach_ns = h->flight[request].reach_ns,
    .end_ns = end_ns,
    .client = client,
    .missed = end_ns > h->request_deadline_ns[request],
    .beyond = bound_ns && end_ns - h->request_arrive_ns[request] > bound_ns,
  };
  cr_result_add(&c->result, row);
  if (c->n_row == ROWS)
    flush_rows(c);
}

static void deliver_job(struct core *c, uint32_t job, cr_ns reach_ns, int complete)
{
  cr_job_life_reached(&c->life, job, reach_ns);
  if (!complete)
    return;
  struct cr_note left = cr_job_life_done(&c->life, job, c->now_ns);
  cr_memory_gauge_note(c->gauge, &left, c->now_ns);
  tell(c, &left);
  cr_memory_gauge_see(c->gauge, job, c->now_ns);
}

/* What a preemption cost, and how long it took until the stream was known to hold nothing. */
static void count_back(struct core *c, const struct cr_event *e, uint32_t stream)
{
  struct cr_result *r = &c->result;
  r->n_killed += e->lost_ns > 0;
  r->n_cut += e->block > 0;
  r->redone_ns += e->lost_ns;
  struct wish *wish = &c->wish[stream];
  if (wish->since_ns == CR_NS_NEVER || (--wish->n_held && c->host.stream_held[stream] > 1))
    return;
  if (wish->since_ns >= c->cfg->warmup_ns)
    cr_hist_add(r->preempt, e->at_ns - wish->since_ns);
  wish->since_ns = CR_NS_NEVER;
}

/* Of layers that did not take what was recorded. */
static void tell_ran(struct core *c, const struct cr_event *e)
{
  if (e->kind != CR_EV_DONE || e->used_ns <= 0)
    return;
  cr_ns recorded_ns = cr_host_flight_ns(&c->host, e->request);
  if (recorded_ns != CR_NS_NEVER && recorded_ns != e->used_ns)
    tell(c, &(struct cr_note){.at_ns = c->now_ns, .kind = CR_NOTE_RAN, .a = e->request, .t = (uint64_t)e->used_ns});
}

/* The requests that were finished together with another one, which was told of: each is told, counted and followed by itself. */
static void deliver_batch(struct core *c, uint32_t request, cr_ns begin_ns, const struct cr_event *e)
{
  struct cr_host *h = &c->host;
  for (uint32_t next; request != CR_NONE && !c->over; request = next) {
    uint32_t client = h->request_client[request];
    next = h->flight[request].batch_next;
    h->flight[request].reach_ns = begin_ns;
    c->result.n_event++;
    count_finished(c, request, e->at_ns);
    tell(c, &(struct cr_note){
              .at_ns = c->now_ns, .kind = CR_NOTE_DONE, .a = request, .b = e->op, .t = (uint64_t)e->reach_ns});
    follow(c, client);
    if (c->dependents.n)
      follow_dependents(c, client);
  }
}

static void deliver(struct core *c, const struct cr_event *e)
{
  static const enum cr_note_kind kind[] = {
    [CR_EV_DONE] = CR_NOTE_DONE, [CR_EV_BACK] = CR_NOTE_BACK, [CR_EV_TURNED] = CR_NOTE_TURNED};
  struct cr_host *h = &c->host;
  struct cr_flight *f = &h->flight[e->request];
  uint32_t client = h->request_client[e->request];
  int is_job = cr_host_is_job(h, client);
  assert(f->stream != CR_NONE);
  int complete = e->kind != CR_EV_BACK && e->op == cr_host_n_op(h, e->request);
  c->result.n_event++;
  c->result.n_op += e->op - h->request_next_op[e->request];
  f->reach_ns = cr_min_ns(f->reach_ns, e->reach_ns);
  cr_ns begin_ns = f->reach_ns;
  uint32_t batch = f->batch_next;
  if (complete)
    count_finished(c, e->request, e->at_ns);
  count_back(c, e, f->stream);
  if (e->block || e->handed > e->op)
    tell(c, &(struct cr_note){.at_ns = c->now_ns, .kind = CR_NOTE_CUT, .a = e->request, .b = e->block, .c = e->handed});
  if (e->thought_ns)
    tell(c, &(struct cr_note){
              .at_ns = c->now_ns,
              .kind = CR_NOTE_THOUGHT,
              .a = e->request,
              .t = (uint64_t)(e->at_ns - e->thought_ns + c->cfg->workload->client[client].job.think_ns),
            });
  tell_ran(c, e);
  tell(c, &(struct cr_note){
            .at_ns = c->now_ns,
            .kind = kind[e->kind],
            .a = e->request,
            .b = e->op,
            .c = e->kind == CR_EV_BACK ? e->how : 0,
            .t = (uint64_t)(e->kind == CR_EV_TURNED ? e->used_ns : e->reach_ns),
          });
  if (is_job)
    deliver_job(c, client, e->reach_ns, complete);
  else if (complete)
    follow(c, client);
  if (complete && c->dependents.n)
    follow_dependents(c, client);
  if (complete)
    deliver_batch(c, batch, begin_ns, e);
}

static void arrive(struct core *c, const struct cr_entry *e)
{
  uint32_t client = (uint32_t)e->what;
  c->result.n_event++;
  if (!(e->what & FOLLOWS)) {
    c->steps = 0; /* the load, which is finite, and not the policy brought this about */
    if (c->late)
      cr_hist_add(c->late, c->now_ns - e->at_ns);
    expect_arrival(c, client, cr_arrival_next(&c->source[client].arrival), 0);
    if (comes_late(c, client))
      return;
  }
  uint32_t slot = cr_host_slot(&c->host);
  if (slot == CR_NONE) {
    end_nomem(c);
    return;
  }
  c->result.client[client].n_arrived += e->at_ns >= c->cfg->warmup_ns;
  tell(c,
       &(struct cr_note){.at_ns = c->now_ns, .kind = CR_NOTE_REQUEST, .a = slot, .b = client, .t = (uint64_t)e->at_ns});
}

static void count_dropped(struct core *c, uint32_t request)
{
  const struct cr_host *h = &c->host;
  c->result.client[h->request_client[request]].n_dropped += h->request_arrive_ns[request] >= c->cfg->warmup_ns;
}

/* The next step in a job's life.  Each job has few, so that a policy cannot make an instant last with them. */
static void step_job(struct core *c, const struct cr_entry *e)
{
  struct cr_note note;
  if (!cr_job_life_due(&c->life, e, c->now_ns, &note))
    return;
  c->result.n_event++;
  c->steps = 0;
  if (note.kind == CR_NOTE_LEAVE && c->host.job_request[note.a] != CR_NONE) /* it fails, and its request with it */
    count_dropped(c, c->host.job_request[note.a]);
  if (note.kind == CR_NOTE_REQUEST) {
    c->result.client[note.b].n_arrived += e->at_ns >= c->cfg->warmup_ns;
    note.a = cr_host_slot(&c->host);
    if (note.a == CR_NONE) {
      end_nomem(c);
      return;
    }
  }
  int is_of_job = note.kind != CR_NOTE_REQUEST;
  if (is_of_job)
    cr_memory_gauge_note(c->gauge, &note, c->now_ns);
  tell(c, &note);
  if (is_of_job)
    cr_memory_gauge_see(c->gauge, note.a, c->now_ns);
  if (cr_job_life_told(&c->life, &note) != CR_OK)
    end_nomem(c);
}

/* Arrivals, jobs and timers that are due; says whether there were any. */
static int deliver_due(struct core *c)
{
  int any = 0;
  while (!c->over && cr_heap_next_ns(&c->heap) <= c->now_ns) {
    struct cr_entry e = cr_heap_pop(&c->heap);
    any = 1;
    if (cr_entry_class(&e) == IN_ARRIVAL) {
      arrive(c, &e);
    } else if (cr_entry_class(&e) == IN_JOB) {
      step_job(c, &e);
    } else {
      c->result.n_event++;
      tell(c, &(struct cr_note){.at_ns = c->now_ns, .kind = CR_NOTE_TIMER, .t = e.what});
    }
  }
  return any;
}

/* Tells of each idle stream; says whether the policy launched something. */
static int offer_room(struct core *c)
{
  const struct cr_host *h = &c->host;
  uint32_t before = h->n_flight;
  if (!c->cfg->policy->on_room)
    return 0;
  for (uint32_t s = 0; s < h->view.n_stream && !c->over; s++)
    if (h->stream_held[s] == 0)
      tell(c, &(struct cr_note){.at_ns = c->now_ns, .kind = CR_NOTE_ROOM, .a = s});
  return h->n_flight != before;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static CR_COLD void report_progress(struct core *c)
{
  enum { OFTEN_NS = 100000000, LONGEST = 1 << 16 };
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t since_ns = (int64_t)(now.tv_sec - c->clock.tv_sec) * 1000000000 + (now.tv_nsec - c->clock.tv_nsec);
  if (since_ns >= OFTEN_NS) {
    c->cfg->on_progress(c->cfg->progress_ctx, c->now_ns, c->cfg->duration_ns);
    c->clock = now;
    c->clock_every = c->clock_every > 1 ? c->clock_every / 2 : 1;
  } else if (since_ns < OFTEN_NS / 4 && c->clock_every < LONGEST) {
    c->clock_every *= 2; /* cheap turns: look less often */
  }
  c->clock_in = c->clock_every;
}

/* Lets time pass until something happens and tells of what finished; returns how much that was. */
static uint32_t pass(struct core *c, cr_ns until_ns)
{
  const struct cr_backend_ops *b = c->cfg->backend;
  struct cr_event event[EVENTS];
  uint32_t n = 0;
  struct cr_err err;
  int rc = b->wait(c->backend, until_ns, event, EVENTS, &n, &err);
  if (rc != CR_OK) {
    end_failed(c, rc, &err);
    return 0;
  }
  cr_ns now_ns = b->now(c->backend);
  if (now_ns > c->now_ns) {
    c->now_ns = now_ns;
    c->steps = 0;
  }
  for (uint32_t i = 0; i < n && !c->over; i++)
    if (event[i].at_ns <= c->cfg->duration_ns)
      deliver(c, &event[i]);
  return n;
}

static void turn(struct core *c)
{
  const struct cr_core_cfg *cfg = c->cfg;
  cr_ns until_ns = cr_min_ns(cr_heap_next_ns(&c->heap), cfg->duration_ns);
  if (c->host.n_flight == 0 && cr_heap_next_ns(&c->heap) >= cfg->duration_ns) {
    if (c->host.n_live + c->host.n_job_kept > 0 && c->host.n_job_starting == 0) {
      end_stalled(c);
      return;
    }
    if (until_ns == CR_NS_NEVER) {
      c->over = 1; /* all is done */
      return;
    }
  }
  uint32_t n = pass(c, until_ns);
  if (n == EVENTS)
    return; /* the rest of this instant first */
  if (c->now_ns >= cfg->duration_ns) {
    c->over = 1;
    return;
  }
  for (int any = n > 0; !c->over && (deliver_due(c) | any); any = offer_room(c))
    continue;
}

static void loop(struct core *c)
{
  const struct cr_core_cfg *cfg = c->cfg;
  c->clock_every = c->clock_in = 1;
  clock_gettime(CLOCK_MONOTONIC, &c->clock);
  while (!c->over) {
    turn(c);
    if (cfg->on_progress && --c->clock_in == 0)
      report_progress(c);
    if (cfg->stop && *cfg->stop)
      end_stopped(c);
  }
}

/* --- before and after --------------------------------------------------------------------------------------------- */

static int check_needs(const struct cr_core_cfg *cfg, struct cr_err *err)
{
  uint32_t missing = cfg->policy->needs & ~cfg->backend->caps;
  if (!missing)
    return CR_OK;
  return cr_fail(err, CR_EINPUT, "policy %s needs %s, which backend %s cannot do; choose another policy or backend",
                 cfg->policy->name, cr_cap_text(missing & -missing), cfg->backend->name);
}

static int check_time(const struct cr_core_cfg *cfg, struct cr_err *err)
{
  if (cfg->duration_ns <= 0)
    return cr_fail(err, CR_EINPUT, "duration is not above 0; give the run some time");
  if (cfg->warmup_ns < 0 || cfg->warmup_ns >= cfg->duration_ns)
    return cr_fail(err, CR_EINPUT, "warmup is not from 0 to below the duration; nothing would be counted");
  for (uint32_t i = 0; cfg->duration_ns == CR_NS_NEVER && i < cfg->workload->n_client; i++) {
    const struct cr_client_spec *s = &cfg->workload->client[i];
    if (s->max_requests == CR_NONE && s->arrival.kind != CR_ARRIVE_TRACE && s->arrival.kind != CR_ARRIVE_AT &&
        s->arrival.kind != CR_ARRIVE_AFTER) /* ends with the clients that it comes after */
      return cr_fail(err, CR_EINPUT, "client %s has no end and the run has no duration; give one of them a limit",
                     s->name);
  }
  return CR_OK;
}

static int init_result(struct core *c, struct cr_err *err)
{
  const struct cr_core_cfg *cfg = c->cfg;
  int rc = cr_result_init_for(&c->result, cfg->workload, cfg->machine->n_device, err);
  if (rc != CR_OK)
    return rc;
  const char *options = cfg->policy_options ? cfg->policy_options : "";
  size_t n = strlen(cfg->policy->name) + strlen(options) + 2;
  char *name = cr_mem_new(n, 1);
  if (!name)
    return cr_fail_nomem(err, "the results of a run");
  snprintf(name, n, "%s%s%s", cfg->policy->name, *options ? "," : "", options);
  c->result.policy = name;
  c->result.backend = cfg->backend->name;
  c->result.warmup_ns = cfg->warmup_ns;
  return CR_OK;
}

static int init_load(struct core *c, struct cr_err *err)
{
  const struct cr_workload *w = c->cfg->workload;
  c->source = cr_mem_new(w->n_client, sizeof *c->source);
  if (!c->source || cr_heap_init(&c->heap, 2 * w->n_client + c->host.view.request_cap) != CR_OK)
    return cr_fail_nomem(err, "the run's requests and events");
  for (uint32_t i = 0; i < w->n_client; i++) {
    c->source[i].left = w->client[i].max_requests;
    cr_arrival_init(&c->source[i].arrival, &w->client[i].arrival, c->cfg->seed, i);
  }
  if (cr_dependents_init(&c->dependents, w) != CR_OK)
    return cr_fail_nomem(err, "the run's requests and events");
  c->life =
    (struct cr_job_life){.workload = w, .host = &c->host, .heap = &c->heap, .result = c->result.job, .class = IN_JOB};
  return CR_OK;
}

/* Ranges that may be in flight at once: a policy may launch all there is, so as many as may have arrived, within
 * reason. */
static uint32_t launch_cap(const struct core *c)
{
  enum { REASON = 1 << 20 };
  double n = c->host.view.request_cap;
  for (uint32_t i = 0; i < c->cfg->workload->n_client; i++) {
    const struct cr_client_spec *s = &c->cfg->workload->client[i];
    while (s->arrival.kind == CR_ARRIVE_AFTER && s->max_requests == CR_NONE) /* no more often than the first of those */
      s = &c->cfg->workload->client[s->arrival.after_client[0]];
    double most = s->max_requests == CR_NONE ? REASON : s->max_requests;
    if (s->arrival.kind == CR_ARRIVE_TRACE && s->arrival.n_at < most)
      most = s->arrival.n_at;
    double expected = 1.2 * s->arrival.rate_per_s * (double)c->cfg->duration_ns / 1e9;
    if ((s->arrival.kind == CR_ARRIVE_UNIFORM || s->arrival.kind == CR_ARRIVE_POISSON) && expected < most)
      most = expected;
    n += s->arrival.kind == CR_ARRIVE_CLOSED || s->arrival.kind == CR_ARRIVE_AT ? 0 : most;
  }
  return n < REASON ? (uint32_t)n : c->host.view.request_cap > REASON ? c->host.view.request_cap : REASON;
}

static int measure_real_time(struct core *c, struct cr_err *err)
{
  if (!c->cfg->backend->is_live)
    return CR_OK;
  c->late = cr_hist_new();
  c->callback = cr_hist_new();
  c->act = cr_hist_new();
  return c->late && c->callback && c->act ? CR_OK : cr_fail_nomem(err, "times of a run in real time");
}

static void tell_real_time(struct core *c)
{
  struct cr_live *live = &c->result.live;
  if (c->cfg->backend->tell)
    c->cfg->backend->tell(c->backend, live);
  if (!c->late)
    return;
  cr_live_hist(live, "late", c->late);
  cr_live_hist(live, "callback", c->callback);
  cr_live_hist(live, "act", c->act);
}

/* After the policy made its streams, so that the backend is opened for as many as there are. */
static int open_backend(struct core *c, struct cr_err *err)
{
  const struct cr_core_cfg *cfg = c->cfg;
  const struct cr_host *h = &c->host;
  const struct cr_view *v = &h->view;
  struct cr_backend_cfg b = {
    .workload = cfg->workload,
    .machine = cfg->machine,
    .observer = cfg->observer,
    .stream_cap = v->n_stream ? v->n_stream : 1,
    .launch_cap = launch_cap(c),
    .needs = cfg->policy->needs,
    .policy = cfg->policy->name,
    .seed = cfg->seed,
    .set = cfg->model_set,
  };
  for (uint32_t s = 0; s < v->n_stream; s++)
    b.has_processes |= h->stream_process[s] != CR_NONE;
  c->wish = cr_mem_new(b.stream_cap, sizeof *c->wish);
  if (!c->wish)
    return cr_fail_nomem(err, "the run's streams");
  for (uint32_t s = 0; s < b.stream_cap; s++)
    c->wish[s].since_ns = CR_NS_NEVER;
  int rc = cfg->backend->open(&b, &c->backend, err);
  for (uint32_t s = 0; rc == CR_OK && s < v->n_stream; s++) {
    struct cr_act a = {
      .kind = CR_ACT_STREAM,
      .stream = s,
      .device = v->stream_device[s],
      .priority = v->stream_priority[s],
      .share_ppm = h->stream_share_ppm[s],
      .process = h->stream_process[s],
      .slice_ns = h->stream_slice_ns[s],
      .queue = h->stream_queue[s],
      .reclaim = h->stream_reclaim[s],
    };
    rc = cfg->backend->act(c->backend, &a, err);
  }
  return rc;
}

/* Up to where the run begins.  A policy that asks for nonsense even here ends a strict run, not this. */
static int set_up(struct core *c, struct cr_err *err)
{
  const struct cr_core_cfg *cfg = c->cfg;
  int rc = check_needs(cfg, err);
  if (rc == CR_OK)
    rc = check_time(cfg, err);
  if (rc == CR_OK)
    rc = init_result(c, err);
  if (rc == CR_OK)
    rc = cr_host_init(&c->host, cfg->workload, cfg->machine, cfg->policy, cfg->policy_options, err);
  if (rc == CR_OK)
    rc = init_load(c, err);
  if (rc != CR_OK)
    return rc;
  c->ledger = cr_ledger_new(cfg->ledger);
  if (!c->ledger)
    return cr_fail_nomem(err, "the ledger");
  if (c->result.job && cr_memory_gauge_new(&c->host, cfg->observer, c->host.arena, &c->gauge) != CR_OK)
    return cr_fail_nomem(err, "the use of memory");
  settle(c);
  for (uint32_t i = 0; i < cfg->workload->n_client; i++) {
    c->steps = 0;
    tell(c, &(struct cr_note){.kind = CR_NOTE_CLIENT, .a = i});
  }
  rc = measure_real_time(c, err);
  return rc ? rc : open_backend(c, err);
}

static void begin_load(struct core *c)
{
  for (uint32_t i = 0; i < c->cfg->workload->n_client; i++) {
    cr_ns at_ns = cr_arrival_next(&c->source[i].arrival);
    if (!cr_host_is_job(&c->host, i))
      expect_arrival(c, i, at_ns, 0);
    else if (at_ns < c->cfg->duration_ns && cr_job_life_expect(&c->life, i, at_ns) != CR_OK)
      end_nomem(c);
  }
}

/* What the sinks have not got yet, and the totals. */
static void wind_up(struct core *c)
{
  struct cr_result *r = &c->result;
  struct cr_err err;
  c->over = c->rc != CR_OK; /* a run that went well fails yet when its last records cannot be kept */
  flush_rows(c);
  int rc = cr_ledger_flush(c->ledger, &err);
  if (rc != CR_OK)
    end_failed(c, rc, &err);
  r->end_ns = cr_min_ns(c->now_ns, c->cfg->duration_ns);
  r->n_callback = c->host.n_callback;
  cr_job_life_end(&c->life);
  for (uint32_t i = 0; i < r->n_client; i++) /* what waits outside to the end has arrived, too */
    r->client[i].n_arrived += c->source[i].n_late;
  r->ledger_hash = cr_ledger_hash(c->ledger);
  r->ledger_count = cr_ledger_count(c->ledger);
  for (uint32_t i = 0; i < r->n_client; i++)
    r->client[i].n_pending = r->client[i].n_arrived - r->client[i].n_done - r->client[i].n_dropped;
  for (uint32_t i = 0; i < r->n_device; i++)
    c->cfg->backend->use(c->backend, i, &r->use[i]);
  tell_real_time(c);
  if (c->gauge)
    cr_memory_gauge_end(c->gauge, r->end_ns, r->memory);
}

int cr_core_run(const struct cr_core_cfg *cfg, struct cr_result *out, struct cr_err *err)
{
  struct core c = {.cfg = cfg};
  int rc = set_up(&c, err);
  if (rc == CR_OK) {
    begin_load(&c);
    loop(&c);
    wind_up(&c);
    rc = c.rc == CR_OK ? CR_OK : cr_fail(err, c.rc, "%s", c.err.text);
    *out = c.result;
  } else {
    cr_result_fini(&c.result);
  }
  if (c.backend)
    cfg->backend->close(c.backend);
  cr_ledger_free(c.ledger);
  cr_host_fini(&c.host);
  cr_heap_fini(&c.heap);
  cr_dependents_fini(&c.dependents);
  cr_mem_free(c.source);
  cr_mem_free(c.wish);
  cr_hist_free(c.late);
  cr_hist_free(c.callback);
  cr_hist_free(c.act);
  return rc;
}
