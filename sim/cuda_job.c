/* cuda_job.c - jobs on a real GPU, iteration after iteration. */
#include "config.h"

#include "sim/cuda_job.h"

#include "sim/cuda_turns.h"
#include "sim/mem.h"

/* What was launched of a job. */
struct range {
  uint32_t request, client;
  uint32_t op;         /* of the next iteration, counting on through all of them from the job's first */
  uint32_t each, left; /* ops of an iteration; iterations, that under way included */
  uint32_t next;       /* in the stream, or free */
  cr_ns think_ns, ready_ns, reach_ns;
  int is_cut; /* it was parked before its last iteration */
};

/* Ranges in order, of which the first has an iteration under way, or is to begin one at due_ns. */
struct stream {
  cr_cu_stream stream;
  uint32_t head, tail;
  int runs;
  struct cr_cuda_pass pass;
  cr_ns due_ns, end_ns; /* end: of the last iteration */
};

struct rotation {
  struct cr_cuda_turns *turns; /* ids are ranges */
  cr_cu_stream stream;
  uint32_t number; /* of the stream */
  uint32_t running;
  struct cr_cuda_pass pass;
};

struct cr_cuda_jobs {
  struct cr_cuda_host host;
  struct cr_cuda_passes *passes;
  struct stream *stream; /* [stream_cap] */
  struct range *range;   /* [range_cap] */
  uint32_t stream_cap, range_cap, free_range, n_held;
  struct rotation rotation;
};

int cr_cuda_jobs_new(const struct cr_cuda_host *host, uint32_t stream_cap, struct cr_cuda_jobs **out,
                     struct cr_err *err)
{
  struct cr_cuda_jobs *j = cr_mem_new(1, sizeof *j);
  if (!j)
    return cr_fail_nomem(err, "jobs on the GPU");
  j->host = *host;
  j->stream_cap = stream_cap;
  j->free_range = j->rotation.running = CR_NONE;
  j->stream = cr_mem_new(stream_cap, sizeof *j->stream);
  int rc = j->stream && cr_cuda_turns_new(&j->rotation.turns) == CR_OK ? CR_OK : cr_fail_nomem(err, "jobs on the GPU");
  for (uint32_t i = 0; !rc && i < stream_cap; i++)
    j->stream[i].head = j->stream[i].tail = CR_NONE;
  rc = rc ? rc : cr_cuda_passes_new(host, stream_cap, &j->passes, err);
  if (rc) {
    cr_cuda_jobs_free(j);
    return rc;
  }
  *out = j;
  return CR_OK;
}

void cr_cuda_jobs_free(struct cr_cuda_jobs *j)
{
  if (!j)
    return;
  cr_cuda_passes_free(j->passes);
  cr_cuda_turns_free(j->rotation.turns);
  cr_mem_free(j->stream);
  cr_mem_free(j->range);
  cr_mem_free(j);
}

uint32_t cr_cuda_jobs_held(const struct cr_cuda_jobs *j)
{
  return j->n_held;
}

static int rotates(const struct cr_cuda_jobs *j, uint32_t stream)
{
  return cr_cuda_turns_n(j->rotation.turns) && j->rotation.number == stream;
}

int cr_cuda_jobs_hold(const struct cr_cuda_jobs *j, uint32_t stream)
{
  return j->stream[stream].head != CR_NONE || rotates(j, stream);
}

uint32_t cr_cuda_jobs_wait_for(const struct cr_cuda_jobs *j, uint32_t stream, cr_ns *since_ns)
{
  const struct stream *s = &j->stream[stream];
  if (s->runs) {
    *since_ns = s->pass.launch_ns;
    return j->range[s->head].client;
  }
  if (!rotates(j, stream) || j->rotation.running == CR_NONE)
    return CR_NONE;
  *since_ns = j->rotation.pass.launch_ns;
  return j->range[j->rotation.running].client;
}

/* --- ranges ------------------------------------------------------------------------------------------------------- */

static int take_range(struct cr_cuda_jobs *j, const struct cr_act *act, uint32_t *out, struct cr_err *err)
{
  if (j->free_range == CR_NONE) {
    uint32_t cap = j->range_cap ? 2 * j->range_cap : 64;
    struct range *more = cr_mem_resize(j->range, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "jobs that are launched at once");
    j->range = more;
    for (uint32_t i = cap; i-- > j->range_cap; j->free_range = i)
      more[i].next = j->free_range;
    j->range_cap = cap;
  }
  const struct cr_model_info *m = &j->host.workload->model[j->host.workload->client[act->client].model.i];
  *out = j->free_range;
  j->free_range = j->range[*out].next;
  j->range[*out] = (struct range){.request = act->request,
                                  .client = act->client,
                                  .op = act->op0 - m->op0,
                                  .each = m->n_op,
                                  .left = act->n_op / m->n_op,
                                  .next = CR_NONE,
                                  .think_ns = act->think_ns,
                                  .ready_ns = act->ready_ns,
                                  .reach_ns = CR_NS_NEVER};
  j->n_held++;
  return CR_OK;
}

/* Tells it and is done with it. */
static int drop(struct cr_cuda_jobs *j, uint32_t i, const struct cr_event *as, struct cr_err *err)
{
  struct range *r = &j->range[i];
  struct cr_event e = *as;
  e.request = r->request;
  e.op = e.handed = r->op;
  e.reach_ns = r->reach_ns;
  r->next = j->free_range;
  j->free_range = i;
  j->n_held--;
  return j->host.tell(j->host.ctx, &e) ? cr_fail_nomem(err, "events of the GPU") : CR_OK;
}

static struct cr_op_span span_like(const struct cr_cuda_jobs *j, uint32_t stream, uint32_t i)
{
  return (struct cr_op_span){.stream = stream, .client = j->range[i].client, .request = j->range[i].request};
}

/* --- one after the other ------------------------------------------------------------------------------------------ */

static void reach(struct cr_cuda_jobs *j, struct stream *s, cr_ns now_ns)
{
  if (s->head != CR_NONE)
    s->due_ns = cr_max_ns(now_ns, j->range[s->head].ready_ns);
}

static int leave(struct cr_cuda_jobs *j, struct stream *s, const struct cr_event *as, struct cr_err *err)
{
  uint32_t i = s->head;
  s->head = j->range[i].next;
  if (s->head == CR_NONE)
    s->tail = CR_NONE;
  reach(j, s, as->at_ns);
  return drop(j, i, as, err);
}

int cr_cuda_jobs_launch(struct cr_cuda_jobs *j, cr_cu_stream stream, const struct cr_act *act, struct cr_err *err)
{
  struct stream *s = &j->stream[act->stream];
  uint32_t i = CR_NONE;
  int rc = take_range(j, act, &i, err);
  if (rc)
    return rc;
  s->stream = stream;
  if (s->tail != CR_NONE) {
    j->range[s->tail].next = i;
    s->tail = i;
    return CR_OK;
  }
  s->head = s->tail = i;
  reach(j, s, j->host.now(j->host.ctx));
  return CR_OK;
}

/* The head's next iteration, if it is due. */
static int begin(struct cr_cuda_jobs *j, struct stream *s, struct cr_err *err)
{
  struct range *r = &j->range[s->head];
  if (s->due_ns > j->host.now(j->host.ctx))
    return CR_OK;
  int rc = cr_cuda_pass_launch(j->passes, r->client, s->stream, &s->pass, err);
  s->runs = !rc;
  r->reach_ns = cr_min_ns(r->reach_ns, s->pass.launch_ns);
  return rc;
}

static int look_at(struct cr_cuda_jobs *j, uint32_t number, struct cr_err *err)
{
  struct stream *s = &j->stream[number];
  struct range *r = &j->range[s->head];
  if (!s->runs)
    return begin(j, s, err);
  const struct cr_op_span like = span_like(j, number, s->head);
  int has_ended;
  int rc = cr_cuda_pass_end(j->passes, &s->pass, &like, &has_ended, &s->end_ns, err);
  if (rc || !has_ended)
    return rc;
  s->runs = 0;
  r->op += r->each;
  if (--r->left == 0) {
    const struct cr_event e = {
      .at_ns = s->end_ns, .kind = r->is_cut ? CR_EV_BACK : CR_EV_DONE, .how = r->is_cut ? CR_CAP_PARK : 0};
    return leave(j, s, &e, err);
  }
  s->due_ns = cr_ns_add(s->end_ns, r->think_ns);
  return begin(j, s, err);
}

/* --- in turns ----------------------------------------------------------------------------------------------------- */

int cr_cuda_jobs_turn(struct cr_cuda_jobs *j, cr_cu_stream stream, const struct cr_act *act, struct cr_err *err)
{
  const struct cr_workload *w = j->host.workload;
  uint32_t i = CR_NONE;
  int rc = take_range(j, act, &i, err);
  if (rc)
    return rc;
  j->rotation.stream = stream;
  j->rotation.number = act->stream;
  const struct cr_rotation_member member = {
    .key = act->key,
    .step = act->charge == CR_CHARGE_TIME ? w->op[w->model[w->client[act->client].model.i].op0].duration_ns : 1,
    .left = j->range[i].left,
    .id = i,
    .is_new = j->range[i].op == 0,
  };
  return cr_cuda_turns_join(j->rotation.turns, &member) ? cr_fail_nomem(err, "jobs that take turns") : CR_OK;
}

static int end_turns(struct cr_cuda_jobs *j, cr_ns at_ns, struct cr_err *err)
{
  int rc = CR_OK;
  for (struct cr_rotation_back back; !rc && cr_cuda_turns_take(j->rotation.turns, &back);) {
    struct range *r = &j->range[back.id];
    r->op += back.n_done * r->each;
    r->reach_ns = back.first_ns;
    rc = drop(j, back.id, &(struct cr_event){.at_ns = at_ns, .kind = CR_EV_TURNED, .used_ns = back.used_ns}, err);
  }
  return rc;
}

/* at_ns: until when the last turn lasted. */
static int next_turn(struct cr_cuda_jobs *j, cr_ns at_ns, struct cr_err *err)
{
  struct rotation *r = &j->rotation;
  r->running = cr_cuda_turns_next(r->turns);
  if (r->running == CR_NONE)
    return end_turns(j, at_ns, err);
  return cr_cuda_pass_launch(j->passes, j->range[r->running].client, r->stream, &r->pass, err);
}

int cr_cuda_jobs_begin(struct cr_cuda_jobs *j, struct cr_err *err)
{
  return next_turn(j, j->host.now(j->host.ctx), err);
}

static int look_at_turns(struct cr_cuda_jobs *j, struct cr_err *err)
{
  struct rotation *r = &j->rotation;
  const struct cr_op_span like = span_like(j, r->number, r->running);
  int has_ended;
  cr_ns end_ns;
  int rc = cr_cuda_pass_end(j->passes, &r->pass, &like, &has_ended, &end_ns, err);
  if (rc || !has_ended)
    return rc;
  cr_cuda_turns_ran(r->turns, r->pass.launch_ns, end_ns);
  return next_turn(j, end_ns, err);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

int cr_cuda_jobs_look(struct cr_cuda_jobs *j, struct cr_err *err)
{
  int rc = j->rotation.running == CR_NONE ? CR_OK : look_at_turns(j, err);
  for (uint32_t i = 0; !rc && i < j->stream_cap; i++)
    if (j->stream[i].head != CR_NONE)
      rc = look_at(j, i, err);
  return rc;
}

/* Ranges behind the head come back at once, as nothing of them has begun. */
static int give_back_queued(struct cr_cuda_jobs *j, struct stream *s, cr_ns now_ns, struct cr_err *err)
{
  uint32_t i = j->range[s->head].next;
  int rc = CR_OK;
  j->range[s->head].next = CR_NONE;
  s->tail = s->head;
  while (!rc && i != CR_NONE) {
    uint32_t next = j->range[i].next;
    rc = drop(j, i, &(struct cr_event){.at_ns = now_ns, .kind = CR_EV_BACK, .how = CR_CAP_PARK}, err);
    i = next;
  }
  return rc;
}

int cr_cuda_jobs_park(struct cr_cuda_jobs *j, uint32_t stream, struct cr_err *err)
{
  struct stream *s = &j->stream[stream];
  cr_ns now_ns = j->host.now(j->host.ctx);
  if (rotates(j, stream)) {
    cr_cuda_turns_stop(j->rotation.turns);
    return CR_OK;
  }
  struct range *r = &j->range[s->head];
  int rc = give_back_queued(j, s, now_ns, err);
  if (rc)
    return rc;
  if (s->runs) {
    r->is_cut |= r->left > 1;
    r->left = 1;
    return CR_OK;
  }
  cr_ns thought_ns = r->reach_ns == CR_NS_NEVER ? 0 : cr_max_ns(now_ns - s->end_ns, 0);
  r->reach_ns = cr_ns_add(r->reach_ns, thought_ns);
  return leave(
    j, s, &(struct cr_event){.at_ns = now_ns, .kind = CR_EV_BACK, .how = CR_CAP_PARK, .thought_ns = thought_ns}, err);
}
