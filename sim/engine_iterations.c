/* engine_iterations.c - jobs of which no more is known than how long an iteration takes: runs of iterations
 * (sim/iterations.h), and turns of jobs that share a device in time (sim/rotation.h), instead of a device model. */
#include "config.h"

#include "sim/engine_int.h"

int cr_engine_open_iterations(struct cr_engine *e, const struct cr_backend_cfg *cfg, struct device *d,
                              struct cr_err *err)
{
  if (cfg->has_processes)
    return cr_fail(err, CR_EINPUT,
                   "the policy's processes take turns on the device op by op, but of model %s only the time of an "
                   "iteration is known; choose another policy, or models with recorded ops",
                   cfg->workload->model[cfg->workload->client[0].model.i].name);
  int is_watched = cfg->observer && cfg->observer->on_op;
  if (cr_iterations_new(cfg->stream_cap, e->arena, &d->iterations) != CR_OK ||
      cr_rotation_new(is_watched, &d->rotation) != CR_OK)
    return cr_fail_nomem(err, "iterations");
  return CR_OK;
}

void cr_engine_find_iterations_wake(struct cr_engine *e)
{
  e->wake_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < e->n_device; i++)
    e->wake_ns = cr_min_ns(e->wake_ns, cr_min_ns(cr_iterations_next_ns(e->device[i].iterations),
                                                 cr_rotation_next_ns(e->device[i].rotation)));
}

void cr_engine_begin_iterations(struct cr_engine *e, const struct stream *s, cr_ns now_ns)
{
  const struct range *r = &e->range[s->head];
  const struct passes *p = &e->passes[s->head];
  const struct cr_op_spec *op = &e->workload->op[r->model_op0];
  cr_iterations_add(e->device[s->device].iterations, s->local,
                    &(struct cr_iteration_run){
                      .each_ns = op->duration_ns,
                      .think_ns = r->is_job ? p->think_ns : 0,
                      .not_before_ns = r->is_job ? cr_max_ns(now_ns, p->ready_ns) : now_ns,
                      .n = r->n_op,
                      .sm_ppm = op->sm_ppm == CR_UNKNOWN ? CR_SHARE_ALL : (uint32_t)op->sm_ppm,
                      .dram_ppm = op->dram_ppm == CR_UNKNOWN ? 0 : (uint32_t)op->dram_ppm,
                    },
                    now_ns);
  cr_engine_find_iterations_wake(e);
}

int cr_engine_join_rotation(struct cr_engine *e, uint32_t range, const struct cr_act *act, struct cr_err *err)
{
  struct device *d = &e->device[act->device];
  struct range *r = &e->range[range];
  const struct cr_op_spec *op = &e->workload->op[r->model_op0];
  r->reach_ns = CR_NS_NEVER;
  d->rotation_stream = act->stream;
  int rc = cr_rotation_join(d->rotation, &(struct cr_rotation_member){
                                           .key = act->key,
                                           .step = act->charge == CR_CHARGE_TIME ? op->duration_ns : 1,
                                           .each_ns = op->duration_ns,
                                           .left = act->n_op,
                                           .id = range,
                                           .is_new = act->op0 == r->model_op0,
                                           .sm_ppm = op->sm_ppm == CR_UNKNOWN ? CR_SHARE_ALL : (uint32_t)op->sm_ppm,
                                         });
  return rc == CR_OK ? CR_OK : cr_fail_nomem(err, "jobs that take turns");
}

static void end_iterations(struct cr_engine *e, uint32_t device, const struct cr_iterations_end *end, cr_ns now_ns)
{
  uint32_t id = e->device[device].stream[end->stream];
  struct stream *s = &e->stream[id];
  struct range *r = &e->range[s->head];
  if (end->n_done && e->observer && e->observer->on_op)
    e->observer->on_op(e->observer->ctx, &(struct cr_op_span){.start_ns = end->start_ns,
                                                              .end_ns = now_ns - end->thought_ns,
                                                              .device = device,
                                                              .stream = id,
                                                              .client = r->client,
                                                              .request = r->request,
                                                              .op = r->model_op0,
                                                              .n = end->n_done});
  s->end_ns = now_ns;
  r->reach_ns = end->start_ns == CR_NS_NEVER ? CR_NS_NEVER : end->start_ns + end->thought_ns;
  r->done = end->n_done;
  cr_engine_leave(e, s, r->done == r->n_op ? CR_EV_DONE : CR_EV_BACK, CR_CAP_PARK, now_ns);
  cr_engine_last_told(e)->thought_ns = end->thought_ns;
}

static void show_turn(const struct cr_engine *e, uint32_t device, const struct cr_rotation_turn *turn)
{
  const struct range *r = &e->range[turn->id];
  e->observer->on_op(e->observer->ctx, &(struct cr_op_span){.start_ns = turn->start_ns,
                                                            .end_ns = turn->end_ns,
                                                            .device = device,
                                                            .stream = r->stream,
                                                            .client = r->client,
                                                            .request = r->request,
                                                            .op = r->model_op0,
                                                            .n = turn->n});
}

/* Jobs that took turns come back together. */
static void end_turns(struct cr_engine *e, struct cr_rotation *rotation, cr_ns now_ns)
{
  for (struct cr_rotation_back back; cr_rotation_take(rotation, &back);) {
    struct range *r = &e->range[back.id];
    r->done = back.n_done;
    r->reach_ns = back.first_ns;
    cr_engine_tell(e, r, CR_EV_TURNED, 0, now_ns);
    cr_engine_last_told(e)->used_ns = back.used_ns;
    cr_engine_drop_range(e, back.id, now_ns);
  }
}

static void advance_rotation(struct cr_engine *e, uint32_t device, cr_ns to_ns)
{
  struct cr_rotation *rotation = e->device[device].rotation;
  struct cr_rotation_turn turn;
  int is_over = cr_rotation_advance(rotation, to_ns);
  while (cr_rotation_turn(rotation, &turn))
    show_turn(e, device, &turn);
  if (is_over)
    end_turns(e, rotation, to_ns);
}

void cr_engine_advance_iterations(struct cr_engine *e, cr_ns to_ns)
{
  for (uint32_t i = 0; i < e->n_device; i++) {
    uint32_t n = cr_iterations_advance(e->device[i].iterations, to_ns, e->iterations_end, e->stream_cap);
    for (uint32_t j = 0; j < n; j++)
      end_iterations(e, i, &e->iterations_end[j], to_ns);
    advance_rotation(e, i, to_ns);
  }
  cr_engine_find_iterations_wake(e);
}

void cr_engine_use_iterations(const struct device *d, cr_ns now_ns, struct cr_use *out)
{
  double sm_ns = cr_iterations_sm_ns(d->iterations), busy_ns = cr_iterations_busy_ns(d->iterations);
  cr_rotation_use(d->rotation, now_ns, &busy_ns, &sm_ns);
  *out = (struct cr_use){.sm_ns = sm_ns * d->desc->sms, .busy_ns = busy_ns, .dram_bytes = (double)CR_UNKNOWN};
}
