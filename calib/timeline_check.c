/* timeline_check.c - a recorded co-run beside its simulation.
 *
 * Both were, or are as if, recorded by the profiler: gaps are taken as they were recorded alone, with what the profiler adds
 * to them, by setting the constants that take it off to nothing.  What an op waits and takes alone in the simulator is found
 * by simulating it alone, since the simulator parts a kernel's time between the two otherwise than the profiler does.
 *
 * A replay that began right after the one before it was waiting for it; one that began later is started at that time in the
 * simulation too. */
#include "config.h"

#include "calib/timeline_check.h"

#include <stdio.h>
#include <string.h>

#include "sim/core.h"

enum { QUEUED_NS = 20000 /* idle time of a stream up to which its next replay had been waiting */ };

struct span {
  cr_ns start_ns, end_ns;
};

/* One run of the simulator: every op of every replay, in order of its stream. */
struct simulation {
  struct span **span; /* [n_client] */
  uint32_t *n, *most; /* [n_client] */
};

struct check {
  const struct cr_check_cfg *cfg;
  struct cr_check *out;
  struct cr_arena *arena;
  struct cr_device_desc device; /* that profiles */
  struct simulation together;
  struct span **alone; /* [n_stream] a replay that follows another */
};

/* --- the simulation --------------------------------------------------------------------------------------------------- */

static void on_op(void *ctx, const struct cr_op_span *op)
{
  struct simulation *s = ctx;
  if (s->n[op->client] < s->most[op->client])
    s->span[op->client][s->n[op->client]++] = (struct span){op->start_ns, op->end_ns};
}

static int take_spans(struct check *c, struct simulation *s, uint32_t n_client, struct cr_err *err)
{
  s->span = cr_arena_take(c->arena, n_client, sizeof *s->span);
  s->n = cr_arena_take(c->arena, n_client, sizeof *s->n);
  s->most = cr_arena_take(c->arena, n_client, sizeof *s->most);
  return s->span && s->n && s->most ? CR_OK : cr_fail_nomem(err, c->cfg->path);
}

static int add_stream(struct check *c, struct cr_workload_builder *b, const struct cr_corun_stream *from,
                      const struct cr_arrival_spec *arrival, struct cr_err *err)
{
  char name[32];
  snprintf(name, sizeof name, "stream%u", from->id);
  struct cr_op_spec *op = cr_arena_take(c->arena, from->n_op, sizeof *op);
  if (!op)
    return cr_fail_nomem(err, c->cfg->path);
  memcpy(op, from->op, from->n_op * sizeof *op);
  for (uint32_t i = 0; i < from->n_op; i++)
    op[i].stage = 0;
  const struct cr_model_spec model = cr_model_unknown(name, op, from->n_op);
  struct cr_client_spec client = {.name = name,
                                  .class = CR_BE,
                                  .weight = 1,
                                  .deadline_ns = CR_NS_NEVER,
                                  .max_requests = CR_NONE,
                                  .arrival = *arrival};
  cr_client id;
  int rc = cr_workload_add_model(b, &model, &client.model, err);
  return rc == CR_OK ? cr_workload_add_client(b, &client, &id, err) : rc;
}

static int simulate(struct check *c, struct cr_workload_builder *b, struct simulation *s, cr_ns duration_ns,
                    struct cr_err *err)
{
  const struct cr_workload *w = NULL;
  int rc = cr_workload_seal(b, &w, err);
  if (rc != CR_OK)
    return rc;
  const struct cr_machine machine = {.n_device = 1, .device = &c->device};
  const struct cr_observer observer = {.ctx = s, .on_op = on_op};
  const struct cr_core_cfg core = {
    .workload = w,
    .machine = &machine,
    .policy = c->cfg->streams,
    .backend = &cr_backend_sim,
    .model_set = c->cfg->model_set,
    .duration_ns = duration_ns,
    .seed = 1, /* nothing is drawn */
    .strict = 1,
    .observer = &observer,
    .stop = c->cfg->stop,
  };
  struct cr_result result = {0};
  rc = cr_core_run(&core, &result, err);
  cr_result_fini(&result);
  return rc;
}

static cr_ns duration_of(const struct cr_corun_stream *s)
{
  cr_ns ns = 0;
  for (uint32_t i = 0; i < s->n_op; i++) {
    ns = cr_ns_add(ns, s->op[i].duration_ns);
    if (s->op[i].gap_ns != CR_NS_NEVER)
      ns = cr_ns_add(ns, s->op[i].gap_ns);
  }
  return ns;
}

/* Two replays, one behind the other; the second is kept. */
static int simulate_alone(struct check *c, uint32_t i, struct cr_err *err)
{
  const struct cr_corun_stream *from = &c->out->stream[i].corun;
  const struct cr_arrival_spec arrival = {.kind = CR_ARRIVE_CLOSED, .depth = 2};
  struct simulation s;
  int rc = take_spans(c, &s, 1, err);
  if (rc != CR_OK)
    return rc;
  s.most[0] = 2 * from->n_op;
  s.span[0] = cr_arena_take(c->arena, s.most[0], sizeof *s.span[0]);
  struct cr_workload_builder *b = cr_workload_builder_new();
  rc = b && s.span[0] ? add_stream(c, b, from, &arrival, err) : cr_fail_nomem(err, c->cfg->path);
  if (rc == CR_OK)
    rc = simulate(c, b, &s, cr_muldiv(duration_of(from), 4, 1) + 1000000, err);
  cr_workload_builder_free(b);
  if (rc != CR_OK)
    return rc;
  if (s.n[0] < s.most[0])
    return cr_fail(err, CR_ERUN, "%s: stream %u alone did not finish two replays in four times its recorded time",
                   c->cfg->path, from->id);
  c->alone[i] = s.span[0] + from->n_op;
  c->out->stream[i].alone_ns = (double)(c->alone[i][from->n_op - 1].end_ns - c->alone[i][0].start_ns);
  return CR_OK;
}

/* When the replays reach the stream: at[n_replay].  lead_ns: from there to the first op's start on an idle device. */
static void arrivals(const struct cr_corun_stream *s, cr_ns lead_ns, cr_ns *at)
{
  for (uint32_t k = 0; k < s->n_replay; k++) {
    const struct cr_kineto_span *last = k ? &s->replay[k - 1][s->n_op - 1] : NULL;
    cr_ns start_ns = s->replay[k][0].start_ns;
    int queued = last && start_ns - last->start_ns - last->duration_ns <= QUEUED_NS;
    at[k] = queued ? at[k - 1] : cr_max_ns(start_ns - lead_ns, k ? at[k - 1] : 0);
  }
}

static int simulate_together(struct check *c, struct cr_err *err)
{
  uint32_t n = c->out->n_stream;
  cr_ns end_ns = 0;
  int rc = take_spans(c, &c->together, n, err);
  struct cr_workload_builder *b = cr_workload_builder_new();
  if (rc == CR_OK && !b)
    rc = cr_fail_nomem(err, c->cfg->path);
  for (uint32_t i = 0; rc == CR_OK && i < n; i++) {
    const struct cr_corun_stream *s = &c->out->stream[i].corun;
    cr_ns *at = cr_arena_take(c->arena, s->n_replay, sizeof *at);
    c->together.most[i] = s->n_replay * s->n_op;
    c->together.span[i] = cr_arena_take(c->arena, c->together.most[i], sizeof(struct span));
    if (!at || !c->together.span[i]) {
      rc = cr_fail_nomem(err, c->cfg->path);
      break;
    }
    cr_ns lead_ns = s->op[0].gap_ns == CR_NS_NEVER ? 0 : s->op[0].gap_ns;
    arrivals(s, lead_ns, at);
    const struct cr_arrival_spec arrival = {.kind = CR_ARRIVE_TRACE, .at_ns = at, .n_at = s->n_replay};
    const struct cr_kineto_span *last = &s->replay[s->n_replay - 1][s->n_op - 1];
    end_ns = cr_max_ns(end_ns, last->start_ns + last->duration_ns);
    rc = add_stream(c, b, s, &arrival, err);
  }
  if (rc == CR_OK)
    rc = simulate(c, b, &c->together, cr_muldiv(end_ns, 3, 1), err);
  cr_workload_builder_free(b);
  for (uint32_t i = 0; rc == CR_OK && i < n; i++)
    if (c->together.n[i] < c->together.most[i])
      rc = cr_fail(err, CR_ERUN, "%s: the simulation is more than three times slower than the recording: stream %u "
                   "finished %u of %u ops", c->cfg->path, c->out->stream[i].corun.id, c->together.n[i],
                   c->together.most[i]);
  return rc;
}

/* --- the comparison --------------------------------------------------------------------------------------------------- */

/* Whether another stream was amid a replay at that time. */
static int in_company(const struct check *c, uint32_t i, cr_ns at_ns)
{
  for (uint32_t o = 0; o < c->out->n_stream; o++) {
    const struct cr_corun_stream *s = &c->out->stream[o].corun;
    for (uint32_t k = 0; o != i && k < s->n_replay; k++) {
      const struct cr_kineto_span *first = &s->replay[k][0], *last = &s->replay[k][s->n_op - 1];
      if (first->start_ns <= at_ns && at_ns < last->start_ns + last->duration_ns)
        return 1;
    }
  }
  return 0;
}

/* Op j of a replay: what it had beyond alone.  The first op's wait depends on when the replay was launched, and is left out. */
static void add_op(const struct check *c, uint32_t i, uint32_t k, uint32_t j)
{
  struct cr_check_stream *to = &c->out->stream[i];
  const struct cr_corun_stream *s = &to->corun;
  const struct cr_kineto_span *real = &s->replay[k][j];
  const struct span *sim = &c->together.span[i][(size_t)k * s->n_op + j], *alone = &c->alone[i][j];
  struct cr_check_op *op = &to->op[j];
  if (!in_company(c, i, real->start_ns + real->duration_ns / 2))
    return;
  op->n++;
  op->stretch_ns[CR_CHECK_REAL] += (double)(real->duration_ns - s->op[j].duration_ns);
  op->stretch_ns[CR_CHECK_SIM] += (double)(sim->end_ns - sim->start_ns - (alone->end_ns - alone->start_ns));
  if (j == 0)
    return;
  cr_ns gap_ns = s->op[j].gap_ns == CR_NS_NEVER ? 0 : s->op[j].gap_ns;
  op->wait_ns[CR_CHECK_REAL] += (double)(real->start_ns - real[-1].start_ns - real[-1].duration_ns - gap_ns);
  op->wait_ns[CR_CHECK_SIM] += (double)(sim->start_ns - sim[-1].end_ns - (alone->start_ns - alone[-1].end_ns));
}

static void compare(const struct check *c, uint32_t i)
{
  struct cr_check_stream *to = &c->out->stream[i];
  const struct cr_corun_stream *s = &to->corun;
  uint32_t n = 0;
  for (uint32_t k = 0; k < s->n_replay; k++) {
    const struct span *sim = &c->together.span[i][(size_t)k * s->n_op];
    const struct cr_kineto_span *real = s->replay[k], *last = &real[s->n_op - 1];
    to->span_ns[CR_CHECK_REAL] += (double)(last->start_ns + last->duration_ns - real->start_ns) / s->n_replay;
    to->span_ns[CR_CHECK_SIM] += (double)(sim[s->n_op - 1].end_ns - sim->start_ns) / s->n_replay;
    for (uint32_t j = 0; j < s->n_op; j++)
      add_op(c, i, k, j);
  }
  for (uint32_t j = 0; j < s->n_op; j++) {
    struct cr_check_op *op = &to->op[j];
    n += op->n;
    for (int by = 0; op->n && by < 2; by++) {
      op->wait_ns[by] /= op->n;
      op->stretch_ns[by] /= op->n;
    }
  }
  to->n_request = (double)n / s->n_op;
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static int read_streams(struct check *c, struct cr_err *err)
{
  const struct cr_check_cfg *cfg = c->cfg;
  struct cr_kineto_streams from = {0};
  struct cr_recordings *recordings = NULL;
  int rc = cr_kineto_streams_read(cfg->path, c->arena, &from, err);
  if (rc == CR_OK)
    rc = cr_recordings_open(cfg->store, cfg->n_store, cfg->model, cfg->n_model, &recordings, err);
  if (rc != CR_OK)
    return rc;
  struct cr_check *out = c->out;
  out->n_overlap = from.n_overlap;
  out->overlap_ns = from.overlap_ns;
  out->stream = cr_arena_take(c->arena, from.n_stream, sizeof *out->stream);
  c->alone = cr_arena_take(c->arena, from.n_stream, sizeof *c->alone);
  if (!out->stream || !c->alone)
    rc = cr_fail_nomem(err, cfg->path);
  for (uint32_t i = 0; rc == CR_OK && i < from.n_stream; i++) {
    struct cr_check_stream *s = &out->stream[out->n_stream++];
    rc = cr_corun_match(recordings, cfg->path, &from.stream[i], c->arena, &s->corun, err);
    if (rc == CR_OK)
      s->op = cr_arena_take(c->arena, s->corun.n_op, sizeof *s->op);
    for (uint32_t j = 0; rc == CR_OK && j < s->corun.n_op; j++) /* outlive the recordings */
      if (!(s->corun.op[j].name = cr_arena_text(c->arena, s->corun.op[j].name)))
        rc = cr_fail_nomem(err, cfg->path);
    if (rc == CR_OK)
      s->corun.model = cr_arena_text(c->arena, s->corun.model);
    if (rc == CR_OK && (!s->op || !s->corun.model))
      rc = cr_fail_nomem(err, cfg->path);
  }
  cr_recordings_free(recordings);
  return rc;
}

static int run(struct check *c, struct cr_err *err)
{
  int rc = read_streams(c, err);
  for (uint32_t i = 0; rc == CR_OK && i < c->out->n_stream; i++)
    rc = simulate_alone(c, i, err);
  if (rc == CR_OK)
    rc = simulate_together(c, err);
  for (uint32_t i = 0; rc == CR_OK && i < c->out->n_stream; i++)
    compare(c, i);
  return rc;
}

int cr_check_run(const struct cr_check_cfg *cfg, struct cr_check **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct check c = {.cfg = cfg, .arena = arena, .device = *cfg->device};
  c.out = arena ? cr_arena_take(arena, 1, sizeof *c.out) : NULL;
  if (!c.out) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, cfg->path);
  }
  c.device.constant[CR_GPU_PROFILER] = 0;
  c.device.constant[CR_GPU_MEMSET_GAP] = 1;
  *c.out = (struct cr_check){.arena = arena};
  c.out->path = cr_arena_text(arena, cfg->path);
  c.out->device = cr_arena_text(arena, cfg->device->name);
  int rc = c.out->path && c.out->device ? run(&c, err) : cr_fail_nomem(err, cfg->path);
  if (rc == CR_OK)
    *out = c.out;
  else
    cr_arena_free(arena);
  return rc;
}

void cr_check_free(struct cr_check *c)
{
  if (c)
    cr_arena_free(c->arena);
}
