/* core.c - the driver loop: arrivals, timers, ownership, checking and accounting between a policy and a backend.
 *
 * One turn of the loop is one instant.  The backend lets time pass up to the next arrival, timer or end; then the
 * policy is told, in this order: finished and returned work, arrivals, steps in the lives of jobs, timers, and last, for
 * each idle stream, that there is room.  Whatever it asks for is checked and carried out as each callback returns.
 *
 * A policy can misbehave in three ways, and none of them brings the run down unexplained: a refused action is counted
 * (and ends a strict run); a million callbacks at one instant are a livelock; requests that it keeps while nothing
 * runs and nothing will happen are a stall.
 *
 * What a policy asks for is carried out in core_asked.c, and arrivals are found in core_sources.c. */
#include "config.h"

#include "sim/core_int.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/finding.h"
#include "sim/mem.h"

enum {
  EVENTS = 64,        /* taken from the backend at once */
  LIVELOCK = 1000000, /* callbacks at one instant that no load can explain */
};

/* --- how a run ends ----------------------------------------------------------------------------------------------- */

void cr_core_end(struct core *c, enum cr_outcome outcome, int rc, const struct cr_err *why)
{
  if (c->over)
    return;
  c->over = 1;
  c->rc = rc;
  c->err = *why;
  c->result.outcome = outcome;
  snprintf(c->result.why, sizeof c->result.why, "%.*s", (int)sizeof c->result.why - 1, why->text);
}

void cr_core_end_failed(struct core *c, int rc, const struct cr_err *why)
{
  cr_core_end(c, rc == CR_EINTR ? CR_INTERRUPTED : CR_FAILED, rc, why);
}

void cr_core_end_nomem(struct core *c)
{
  struct cr_err err;
  int rc = cr_fail_nomem(&err, "the run's requests and events");
  cr_core_end(c, CR_FAILED, rc, &err);
}

void cr_core_end_livelocked(struct core *c, const char *what)
{
  struct cr_err err;
  cr_finding_livelocked(&c->host, what, &err);
  cr_core_end(c, CR_LIVELOCKED, CR_ERUN, &err);
}

static CR_COLD void end_stalled(struct core *c)
{
  struct cr_err err, stalled;
  cr_finding_stalled(&c->host, &stalled);
  if (c->result.n_refused) /* it may be what the policy waits for */
    cr_fail(&err, CR_ERUN, "%.250s; what it asked for was refused before: %.230s", stalled.text, c->result.why);
  else
    err = stalled;
  cr_core_end(c, CR_STALLED, CR_ERUN, &err);
}

static CR_COLD void end_stopped(struct core *c)
{
  struct cr_err err;
  int rc = cr_fail(&err, CR_EINTR, "stopped; the results so far are kept");
  cr_core_end(c, CR_INTERRUPTED, rc, &err);
}

/* --- what the policy is told -------------------------------------------------------------------------------------- */

static void tell(struct core *c, const struct cr_note *note)
{
  cr_ns from_ns = 0;
  if (++c->steps > LIVELOCK)
    cr_core_end_livelocked(c, "a million callbacks, and it still asks for more");
  if (c->over)
    return;
  cr_ledger_add(c->ledger, note);
  if (c->callback)
    from_ns = cr_core_real_ns();
  cr_host_tell(&c->host, note);
  if (c->callback)
    cr_hist_add(c->callback, cr_core_real_ns() - from_ns);
  cr_core_hold(c, note);
  cr_core_settle(c);
}

static void flush_rows(struct core *c)
{
  struct cr_err err;
  const struct cr_request_sink *sink = c->cfg->requests;
  int rc = sink && c->n_row ? sink->write(sink->ctx, c->row, c->n_row, &err) : CR_OK;
  c->n_row = 0;
  if (rc != CR_OK)
    cr_core_end_failed(c, rc, &err);
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
  if (c->n_row == CR_CORE_ROWS)
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
    cr_core_follow(c, client);
    if (c->dependents.n)
      cr_core_follow_dependents(c, client);
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
    cr_core_follow(c, client);
  if (complete && c->dependents.n)
    cr_core_follow_dependents(c, client);
  if (complete)
    deliver_batch(c, batch, begin_ns, e);
}

static void note_late(struct core *c, cr_ns arrive_ns)
{
  cr_ns tenth_ns = c->cfg->duration_ns / 10;
  if (!c->late)
    return;
  cr_hist_add(c->late, c->now_ns - arrive_ns);
  if (c->cfg->duration_ns == CR_NS_NEVER)
    return;
  if (arrive_ns < tenth_ns)
    cr_hist_add(c->late_first, c->now_ns - arrive_ns);
  else if (arrive_ns >= c->cfg->duration_ns - tenth_ns)
    cr_hist_add(c->late_last, c->now_ns - arrive_ns);
}

static void arrive(struct core *c, const struct cr_entry *e)
{
  uint32_t client = (uint32_t)e->what;
  c->result.n_event++;
  if (!(e->what & CR_CORE_FOLLOWS)) {
    c->steps = 0; /* the load, which is finite, and not the policy brought this about */
    note_late(c, e->at_ns);
    cr_core_expect_arrival(c, client, cr_arrival_next(&c->source[client].arrival), 0);
    if (cr_core_comes_late(c, client))
      return;
  }
  uint32_t slot = cr_host_slot(&c->host);
  if (slot == CR_NONE) {
    cr_core_end_nomem(c);
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
      cr_core_end_nomem(c);
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
    cr_core_end_nomem(c);
}

/* Arrivals, jobs and timers that are due; says whether there were any. */
static int deliver_due(struct core *c)
{
  int any = 0;
  while (!c->over && cr_heap_next_ns(&c->heap) <= c->now_ns) {
    struct cr_entry e = cr_heap_pop(&c->heap);
    any = 1;
    if (cr_entry_class(&e) == CR_CORE_ARRIVAL) {
      arrive(c, &e);
    } else if (cr_entry_class(&e) == CR_CORE_JOB) {
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
    cr_core_end_failed(c, rc, &err);
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

/* Between these moments devices are as the backend left them, so that one late costs no exactness. */
static void follow_use(struct core *c)
{
  if (c->now_ns < cr_use_curve_due_ns(c->cfg->curve))
    return;
  for (uint32_t i = 0; i < c->result.n_device; i++)
    c->cfg->backend->use(c->backend, i, &c->result.use[i]);
  cr_use_curve_add(c->cfg->curve, c->now_ns, c->result.use, c->result.n_device);
}

static void loop(struct core *c)
{
  const struct cr_core_cfg *cfg = c->cfg;
  c->clock_every = c->clock_in = 1;
  clock_gettime(CLOCK_MONOTONIC, &c->clock);
  while (!c->over) {
    turn(c);
    if (cfg->curve)
      follow_use(c);
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
  c->life = (struct cr_job_life){
    .workload = w, .host = &c->host, .heap = &c->heap, .result = c->result.job, .class = CR_CORE_JOB};
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
  c->late_first = cr_hist_new();
  c->late_last = cr_hist_new();
  c->callback = cr_hist_new();
  c->act = cr_hist_new();
  return c->late && c->late_first && c->late_last && c->callback && c->act ? CR_OK : cr_fail_nomem(err, "times of a run in real time");
}

static void tell_real_time(struct core *c)
{
  struct cr_live *live = &c->result.live;
  if (c->cfg->backend->tell)
    c->cfg->backend->tell(c->backend, live);
  if (!c->late)
    return;
  cr_live_hist(live, "late", c->late);
  cr_live_hist(live, "late_first_tenth", c->late_first);
  cr_live_hist(live, "late_last_tenth", c->late_last);
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
  if (rc == CR_OK)
    cr_core_hold_lanes(c);
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
  cr_core_settle(c);
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
      cr_core_expect_arrival(c, i, at_ns, 0);
    else if (at_ns < c->cfg->duration_ns && cr_job_life_expect(&c->life, i, at_ns) != CR_OK)
      cr_core_end_nomem(c);
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
    cr_core_end_failed(c, rc, &err);
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
  if (c->cfg->curve)
    cr_use_curve_add(c->cfg->curve, c->now_ns, r->use, r->n_device);
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
  cr_hist_free(c.late_first);
  cr_hist_free(c.late_last);
  cr_hist_free(c.callback);
  cr_hist_free(c.act);
  return rc;
}
