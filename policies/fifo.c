/* fifo.c - a cluster's way with jobs: one owns the GPU from its start-up to its end, in order of submission.
 *
 * The baseline of Salus (Yu and Chowdhury, MLSys 2020, section 5.1), where each job runs in TensorFlow by itself: its
 * process starts only when no other is there, so its start-up counts as service.  The job holds all of the device's
 * memory.  One that says that it needs more than any device has is rejected as it is submitted.  With several devices,
 * the job submitted first gets the first that is free and large enough, and nobody passes it.
 *
 * Clients that are no jobs ask for no device: each has a stream of its own, as under streams. */
#include "config.h"

#include "sim/policy.h"

enum { OPT_CAPACITY };

static const struct cr_opt options[] = {
  [OPT_CAPACITY] = {.name = "capacity",
                    .kind = CR_OPT_BYTES,
                    .fallback = "0",
                    .min = 0,
                    .max = INT64_C(1) << 50,
                    .help = "memory for jobs, of each device; 0: all it has",
                    .source = "corun"},
  {0},
};

struct device {
  cr_stream stream;
  int64_t bytes;
  uint32_t owner; /* client + 1; 0: it is free */
};

struct state {
  struct device device[CR_LANE_MAX]; /* whose lane has its number */
  uint32_t head, tail, n_waiting;    /* jobs, client + 1 */
};

struct client {
  uint32_t next; /* client + 1, that waits behind it */
  uint32_t device;
  int64_t ephemeral_bytes, total_bytes; /* that it says it needs */
  cr_stream stream;
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  struct state *s = p->state;
  const struct cr_view *v = p->view;
  if (v->n_device > CR_LANE_MAX)
    return cr_fail(err, CR_EINPUT, "%u devices are more than the %u it can keep", v->n_device, (unsigned)CR_LANE_MAX);
  for (uint32_t d = 0; d < v->n_device; d++) {
    int64_t has = v->device_mem_bytes[d], may = p->opt[OPT_CAPACITY];
    s->device[d].stream = cr_stream_new(p, (cr_device){d}, 0);
    s->device[d].bytes = may && may < has ? may : has;
  }
  return CR_OK;
}

static void on_client(struct cr_policy *p, cr_client c)
{
  struct client *state = cr_client_state(p, c);
  if (p->view->client_iterations[c.i] == 0)
    state->stream = cr_stream_new(p, (cr_device){c.i % p->view->n_device}, 0);
}

/* The first device that is free, or any, and that has as much; CR_NONE: none. */
static uint32_t find(const struct state *s, uint32_t n_device, int64_t bytes, int only_free)
{
  for (uint32_t d = 0; d < n_device; d++)
    if (s->device[d].bytes >= bytes && !(only_free && s->device[d].owner))
      return d;
  return CR_NONE;
}

static void start_waiting(struct cr_policy *p)
{
  struct state *s = p->state;
  while (s->head) {
    cr_client job = {s->head - 1};
    struct client *c = cr_client_state(p, job);
    uint32_t d = find(s, p->view->n_device, c->total_bytes, 1);
    if (d == CR_NONE)
      return;
    s->head = c->next;
    s->tail = s->head ? s->tail : 0;
    s->n_waiting--;
    s->device[d].owner = job.i + 1;
    c->device = d;
    cr_start(p, job);
  }
}

static int64_t known(int64_t bytes)
{
  return bytes == CR_UNKNOWN ? 0 : bytes;
}

static void on_job_arrive(struct cr_policy *p, cr_client job)
{
  struct state *s = p->state;
  struct client *c = cr_client_state(p, job);
  c->ephemeral_bytes = known(p->view->client_ephemeral_bytes[job.i]);
  c->total_bytes = cr_ns_add(c->ephemeral_bytes, known(p->view->client_persistent_bytes[job.i])); /* saturates */
  if (find(s, p->view->n_device, c->total_bytes, 0) == CR_NONE) {
    cr_reject(p, job);
    return;
  }
  if (s->tail)
    ((struct client *)cr_client_state(p, (cr_client){s->tail - 1}))->next = job.i + 1;
  else
    s->head = job.i + 1;
  s->tail = job.i + 1;
  s->n_waiting++;
  start_waiting(p);
}

/* All memory is its own; what it does not need in an iteration it holds throughout. */
static void on_job_ready(struct cr_policy *p, cr_client job)
{
  const struct state *s = p->state;
  const struct client *c = cr_client_state(p, job);
  cr_lane_size(p, (cr_device){c->device}, (cr_lane){c->device}, c->ephemeral_bytes);
  cr_admit(p, job, (cr_lane){c->device}, s->device[c->device].bytes - c->ephemeral_bytes);
}

static void on_job_leave(struct cr_policy *p, cr_client job)
{
  struct state *s = p->state;
  const struct client *c = cr_client_state(p, job);
  s->device[c->device].owner = 0;
  cr_lane_close(p, (cr_lane){c->device});
  start_waiting(p);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  const struct state *s = p->state;
  cr_client job = cr_request_client(p, r);
  const struct client *c = cr_client_state(p, job);
  cr_launch(p, r, CR_ALL, p->view->client_iterations[job.i] ? s->device[c->device].stream : c->stream);
}

static void dump(struct cr_policy *p, struct cr_text *out)
{
  const struct state *s = p->state;
  cr_text_add(out, "%u jobs wait for a device", s->n_waiting);
  for (uint32_t d = 0; d < p->view->n_device; d++)
    if (s->device[d].owner)
      cr_text_add(out, "; device %u belongs to client %u", d, s->device[d].owner - 1);
}

const struct cr_policy_ops cr_policy_fifo = {
  .abi = CR_POLICY_ABI,
  .name = "fifo",
  .about = "one job owns the GPU from its start-up to its end, in order of submission: the FIFO of Salus (MLSys 2020)",
  .needs = CR_CAP_MEM,
  .options = options,
  .state_bytes = sizeof(struct state),
  .client_bytes = sizeof(struct client),
  .init = init,
  .on_client = on_client,
  .on_job_arrive = on_job_arrive,
  .on_job_ready = on_job_ready,
  .on_job_leave = on_job_leave,
  .on_request = on_request,
  .dump = dump,
};
