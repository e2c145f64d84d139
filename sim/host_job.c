/* host_job.c - jobs as a policy sees them: where each is in its life, and the memory that it holds.
 *
 * Under a policy that does not manage jobs, what becomes of them is decided here: their processes start at once, and take
 * what they really need of a device's memory as they come. */
#include "config.h"

#include <assert.h>

#include "sim/host.h"
#include "sim/mem.h"
#include "sim/memory.h"

/* --- set-up ------------------------------------------------------------------------------------------------------- */

static int add_memory(struct cr_host *h, uint32_t n_job)
{
  const struct cr_machine *m = h->machine;
  int64_t *bytes = cr_arena_take(h->arena, m->n_device, sizeof *bytes);
  if (!bytes)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < m->n_device; i++)
    bytes[i] = m->device[i].mem_bytes > 0 ? m->device[i].mem_bytes : 0;
  h->view.device_mem_bytes = bytes;
  if (n_job == 0 && !(h->policy.ops->needs & CR_CAP_MEM))
    return CR_OK;
  /* One lane a device beyond those of policies, for jobs that nobody manages. */
  h->memory = cr_memory_new(bytes, m->n_device, CR_LANE_MAX + m->n_device, h->workload->n_client);
  h->lane_flight = cr_arena_take(h->arena, CR_LANE_MAX + m->n_device, sizeof *h->lane_flight);
  return h->memory && h->lane_flight ? CR_OK : CR_ENOMEM;
}

int cr_host_add_jobs(struct cr_host *h)
{
  const struct cr_workload *w = h->workload;
  uint32_t n = w->n_client, n_job = 0;
  uint32_t *iterations = cr_arena_take(h->arena, n, sizeof *iterations),
           *n_op = cr_arena_take(h->arena, n, sizeof *n_op);
  cr_ns *declared_ns = cr_arena_take(h->arena, n, sizeof *declared_ns);
  int64_t *persistent = cr_arena_take(h->arena, n, sizeof *persistent);
  int64_t *ephemeral = cr_arena_take(h->arena, n, sizeof *ephemeral);
  h->client_used_ns = cr_arena_take(h->arena, n, sizeof *h->client_used_ns);
  h->job_step = cr_arena_take(h->arena, n, sizeof *h->job_step);
  h->job_request = cr_arena_take(h->arena, n, sizeof *h->job_request);
  if (!iterations || !n_op || !declared_ns || !persistent || !ephemeral || !h->client_used_ns || !h->job_step ||
      !h->job_request)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_job_spec *j = &w->client[i].job;
    uint32_t model_n_op = w->model[w->client[i].model.i].n_op;
    iterations[i] = j->iterations;
    n_op[i] = j->iterations ? j->iterations * model_n_op : model_n_op;
    declared_ns[i] = j->iterations ? j->declared_ns : CR_NS_NEVER;
    persistent[i] = j->iterations ? j->persistent_bytes : CR_UNKNOWN;
    ephemeral[i] = j->iterations ? j->ephemeral_bytes : CR_UNKNOWN;
    h->job_request[i] = CR_NONE;
    n_job += j->iterations > 0;
  }
  h->view.client_iterations = iterations;
  h->view.client_declared_ns = declared_ns;
  h->view.client_used_ns = h->client_used_ns;
  h->view.client_persistent_bytes = persistent;
  h->view.client_ephemeral_bytes = ephemeral;
  h->client_n_op = n_op;
  return add_memory(h, n_job);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

/* n_job_kept and n_job_starting follow. */
static void set_step(struct cr_host *h, uint32_t job, enum cr_job_step step)
{
  uint8_t old = h->job_step[job];
  h->n_job_kept -= old == CR_JOB_SUBMITTED || old == CR_JOB_READY;
  h->n_job_starting -= old == CR_JOB_STARTING;
  h->job_step[job] = (uint8_t)step;
  h->n_job_kept += step == CR_JOB_SUBMITTED || step == CR_JOB_READY;
  h->n_job_starting += step == CR_JOB_STARTING;
}

/* What nobody manages is taken as it comes, all of it for good. */
static enum cr_memory_answer take_memory(struct cr_host *h, uint32_t job)
{
  const struct cr_model_info *m = &h->workload->model[h->view.client_model[job]];
  uint32_t device = job % h->machine->n_device, lane = CR_LANE_MAX + device;
  int64_t bytes = cr_ns_add(m->persistent_bytes > 0 ? m->persistent_bytes : 0,
                            m->ephemeral_bytes > 0 ? m->ephemeral_bytes : 0); /* saturates, and is then too much */
  enum cr_memory_answer answer = cr_memory_lane(h->memory, lane, device, 0);
  return answer == CR_MEMORY_OK ? cr_memory_admit(h->memory, job, lane, bytes, 0) : answer;
}

static void tell_arrive(struct cr_host *h, uint32_t job)
{
  set_step(h, job, cr_host_manages_jobs(h) ? CR_JOB_SUBMITTED : CR_JOB_STARTING);
  if (!h->policy.ops->on_job_arrive)
    return;
  h->n_callback++;
  h->policy.ops->on_job_arrive(&h->policy, (cr_client){job});
}

static void tell_ready(struct cr_host *h, uint32_t job)
{
  set_step(h, job, CR_JOB_READY);
  if (!cr_host_manages_jobs(h) && take_memory(h, job) == CR_MEMORY_OK)
    set_step(h, job, CR_JOB_ADMITTED);
  if (!h->policy.ops->on_job_ready)
    return;
  h->n_callback++;
  h->policy.ops->on_job_ready(&h->policy, (cr_client){job});
}

/* One iteration of the lane less is in flight. */
static void leave_flight(struct cr_host *h, uint32_t job)
{
  uint32_t lane = cr_memory_lane_of(h->memory, job);
  if (lane != CR_NONE)
    h->lane_flight[lane].n--;
}

/* Its request, if it has one yet, goes with it, also when it was just launched and found no memory. */
static void tell_leave(struct cr_host *h, uint32_t job)
{
  uint32_t slot = h->job_request[job];
  if (slot != CR_NONE) {
    struct cr_flight *f = &h->flight[slot];
    if (f->stream != CR_NONE) {
      cr_host_let_go(h, f->stream);
      leave_flight(h, job);
      f->stream = CR_NONE;
    }
    cr_host_put_slot(h, slot);
  }
  cr_memory_leave(h->memory, job);
  set_step(h, job, CR_JOB_LEFT);
  if (!h->policy.ops->on_job_leave)
    return;
  h->n_callback++;
  h->policy.ops->on_job_leave(&h->policy, (cr_client){job});
}

void cr_host_tell_job(struct cr_host *h, const struct cr_note *told)
{
  switch (told->kind) {
  case CR_NOTE_JOB:
    tell_arrive(h, told->a);
    break;
  case CR_NOTE_READY:
    tell_ready(h, told->a);
    break;
  case CR_NOTE_LEAVE:
    tell_leave(h, told->a);
    break;
  }
}

/* Times are of a ledger, which may hold anything: they wrap. */
void cr_host_land_job(struct cr_host *h, const struct cr_note *told)
{
  uint32_t slot = told->a, job = h->request_client[slot];
  const struct cr_job_spec *spec = &h->workload->client[job].job;
  uint32_t n = (told->b - h->request_next_op[slot]) / cr_host_model(h, slot)->n_op;
  leave_flight(h, job);
  if (n == 0)
    return;
  uint64_t used = told->t; /* of one that took turns */
  if (told->kind != CR_NOTE_TURNED)
    used = (uint64_t)told->at_ns - told->t - (uint64_t)spec->think_ns * (n - 1);
  h->client_used_ns[job] = (cr_ns)((uint64_t)h->client_used_ns[job] + used);
  cr_ns ready_ns = h->flight[slot].ready_ns;
  h->request_ready_ns[slot] = ready_ns == CR_NS_NEVER ? cr_ns_add(told->at_ns, spec->think_ns) : ready_ns;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

enum cr_refusal cr_host_check_launch(const struct cr_host *h, uint32_t request, uint32_t n_op, uint32_t stream)
{
  if (n_op != CR_ALL && n_op % cr_host_model(h, request)->n_op != 0)
    return CR_REFUSED_PASS;
  if (!cr_host_manages_jobs(h))
    return CR_GRANTED;
  uint32_t lane = cr_memory_lane_of(h->memory, h->request_client[request]);
  if (cr_memory_see_lane(h->memory, lane)->device != h->stream_device[stream])
    return CR_REFUSED_PLACE;
  const struct cr_lane_flight *f = &h->lane_flight[lane];
  return f->n && f->stream != stream ? CR_REFUSED_BUSY : CR_GRANTED;
}

static enum cr_refusal check_step(const struct cr_host *h, const struct cr_note *asked)
{
  uint32_t job = asked->a;
  if (!cr_host_manages_jobs(h))
    return CR_REFUSED_MANAGE;
  if (job >= h->view.n_client || h->job_step[job] == CR_JOB_TO_COME || h->job_step[job] == CR_JOB_LEFT)
    return CR_REFUSED_JOB;
  uint8_t step = h->job_step[job];
  if (asked->kind == CR_NOTE_START)
    return step == CR_JOB_SUBMITTED ? CR_GRANTED : CR_REFUSED_BEGUN;
  if (asked->kind == CR_NOTE_REJECT)
    return step == CR_JOB_ADMITTED ? CR_REFUSED_ADMITTED : CR_GRANTED;
  if (asked->kind == CR_NOTE_ADMIT)
    return step == CR_JOB_ADMITTED ? CR_REFUSED_ADMITTED : step == CR_JOB_READY ? CR_GRANTED : CR_REFUSED_READY;
  return step == CR_JOB_ADMITTED ? CR_GRANTED : CR_REFUSED_READY; /* MOVE */
}

static enum cr_refusal check_lane(const struct cr_host *h, const struct cr_note *asked)
{
  if (asked->b >= h->machine->n_device)
    return CR_REFUSED_DEVICE;
  const struct cr_memory_lane *l = cr_memory_see_lane(h->memory, asked->a);
  int elsewhere = l->device != CR_NONE && l->device != asked->b;
  return (int64_t)asked->t < 0 || elsewhere ? CR_REFUSED_LANE : CR_GRANTED;
}

/* Between two launches, into an open lane of the same device. */
static enum cr_refusal check_move(const struct cr_host *h, const struct cr_note *asked)
{
  uint32_t slot = h->job_request[asked->a];
  uint32_t from = cr_memory_see_lane(h->memory, cr_memory_lane_of(h->memory, asked->a))->device;
  uint32_t to = cr_memory_see_lane(h->memory, asked->b)->device;
  if (slot != CR_NONE && h->flight[slot].stream != CR_NONE)
    return CR_REFUSED_OWNER;
  if (to == CR_NONE)
    return CR_REFUSED_CLOSED;
  return from == to ? CR_GRANTED : CR_REFUSED_LANE;
}

/* What memory itself may say no to is left to cr_host_grant_job. */
enum cr_refusal cr_host_check_job(const struct cr_host *h, const struct cr_note *asked)
{
  uint32_t kind = asked->kind;
  int of_memory = kind != CR_NOTE_START && kind != CR_NOTE_REJECT;
  if (of_memory && !(h->policy.ops->needs & CR_CAP_MEM))
    return CR_REFUSED_NEED;
  enum cr_refusal refusal = kind == CR_NOTE_LANE || kind == CR_NOTE_CLOSE ? CR_GRANTED : check_step(h, asked);
  if (refusal != CR_GRANTED || !of_memory)
    return refusal;
  uint32_t lane = kind == CR_NOTE_LANE || kind == CR_NOTE_CLOSE ? asked->a : asked->b;
  if (lane >= CR_LANE_MAX)
    return CR_REFUSED_LANE;
  if (kind == CR_NOTE_LANE)
    return check_lane(h, asked);
  if (kind == CR_NOTE_ADMIT && (int64_t)asked->t < 0)
    return CR_REFUSED_HOLD;
  return kind == CR_NOTE_MOVE ? check_move(h, asked) : CR_GRANTED;
}

/* --- granting ----------------------------------------------------------------------------------------------------- */

static enum cr_refusal answer_of(enum cr_memory_answer answer, uint32_t kind)
{
  switch (answer) {
  case CR_MEMORY_OK:
    return CR_GRANTED;
  case CR_MEMORY_FULL:
    return CR_REFUSED_FULL;
  case CR_MEMORY_NO_LANE:
    return CR_REFUSED_CLOSED;
  case CR_MEMORY_IN_USE:
    return kind == CR_NOTE_LANE ? CR_REFUSED_SMALL : CR_REFUSED_IN_USE;
  case CR_MEMORY_SMALL:
    return CR_REFUSED_SMALL;
  }
  return CR_REFUSED_LANE;
}

static enum cr_refusal admit(struct cr_host *h, const struct cr_note *asked)
{
  enum cr_memory_answer answer =
    cr_memory_admit(h->memory, asked->a, asked->b, (int64_t)asked->t, h->view.client_ephemeral_bytes[asked->a]);
  if (answer == CR_MEMORY_OK)
    set_step(h, asked->a, CR_JOB_ADMITTED);
  return answer_of(answer, asked->kind);
}

enum cr_refusal cr_host_grant_job(struct cr_host *h, const struct cr_note *asked)
{
  switch (asked->kind) {
  case CR_NOTE_START:
    set_step(h, asked->a, CR_JOB_STARTING);
    return CR_GRANTED;
  case CR_NOTE_REJECT:
    set_step(h, asked->a, CR_JOB_LEFT);
    return CR_GRANTED;
  case CR_NOTE_LANE:
    return answer_of(cr_memory_lane(h->memory, asked->a, asked->b, (int64_t)asked->t), asked->kind);
  case CR_NOTE_CLOSE:
    return answer_of(cr_memory_close(h->memory, asked->a), asked->kind);
  case CR_NOTE_ADMIT:
    return admit(h, asked);
  case CR_NOTE_MOVE:
    return answer_of(cr_memory_move(h->memory, asked->a, asked->b), asked->kind);
  default:
    assert(0 && "not about jobs");
    return CR_GRANTED;
  }
}

void cr_host_launch_job(struct cr_host *h, uint32_t client, uint32_t stream)
{
  struct cr_lane_flight *f = &h->lane_flight[cr_memory_lane_of(h->memory, client)];
  f->n++;
  f->stream = stream;
}
