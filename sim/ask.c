/* ask.c - the action buffer: asking, which only appends, and checking. */
#include "config.h"

#include "sim/ask.h"

#include "sim/batch.h"
#include "sim/host.h"
#include "sim/mem.h"

enum { FIRST_CAP = 1024 };

static const char *const refusal_text[CR_N_REFUSAL] = {
  [CR_GRANTED] = "granted",
  [CR_REFUSED_REQUEST] = "there is no such request",
  [CR_REFUSED_OWNER] = "the policy does not own the request",
  [CR_REFUSED_RANGE] = "the request does not have so many ops left",
  [CR_REFUSED_STREAM] = "there is no such stream",
  [CR_REFUSED_LATE] = "streams are made and put into processes in init and on_client only",
  [CR_REFUSED_DEVICE] = "there is no such device",
  [CR_REFUSED_PRIORITY] = "the device has no streams of this priority",
  [CR_REFUSED_HOW] = "preempting takes one of park, evict, kill and switch",
  [CR_REFUSED_NEED] = "the policy does not list this capability in needs",
  [CR_REFUSED_PROCESS] = "a process is a number below 1048576, with a time slice above 0",
  [CR_REFUSED_SHARE] = "a share is from 1 to 1000000 ppm",
  [CR_REFUSED_JOB] = "there is no such job now",
  [CR_REFUSED_BEGUN] = "the job's process was started before",
  [CR_REFUSED_READY] = "the job does not ask for memory now",
  [CR_REFUSED_ADMITTED] = "the job is admitted already",
  [CR_REFUSED_PASS] = "a job is launched in whole iterations",
  [CR_REFUSED_PLACE] = "the job's memory is on another device than the stream",
  [CR_REFUSED_BUSY] = "an iteration of the same lane is launched on another stream",
  [CR_REFUSED_LANE] = "a lane is a number below 1024 with 0 bytes or more, always on one device",
  [CR_REFUSED_CLOSED] = "the lane is not open",
  [CR_REFUSED_FULL] = "the device does not have so much memory left",
  [CR_REFUSED_SMALL] = "the lane would be smaller than what a job in it says that it needs",
  [CR_REFUSED_IN_USE] = "there are jobs in the lane",
  [CR_REFUSED_HOLD] = "a job holds 0 bytes or more",
  [CR_REFUSED_MANAGE] = "a policy without on_job_arrive has no say in jobs",
  [CR_REFUSED_QUEUE] = "a device queue holds from 1 to 65536 ops",
  [CR_REFUSED_AGAIN] = "it can go back only to an op before its next, and over none that is known not to be idempotent",
  [CR_REFUSED_KERNEL] = "the op is no kernel, or the request a job's",
  [CR_REFUSED_PAD] =
    "a pad has from 1 to 268435455 blocks, from 1 to 255 of them an SM, leaves SMs to both, and comes in order; "
    "those of one op are of different requests and leave it as many SMs",
  [CR_REFUSED_PADDED] = "the request or the stream is bound to the pads of a launch",
  [CR_REFUSED_TURN] =
    "turns are taken by jobs of which the time of an iteration is known and whose clients do not think now, "
    "with keys from 0 to 2^62",
  [CR_REFUSED_ALONE] = "jobs that take turns have the device to themselves",
  [CR_REFUSED_NODE] = "a layer of it has no time on the stream's node, so that it cannot run there",
  [CR_REFUSED_VERDICT] = "a verdict is of a client, with a reason, and about a client or none",
  [CR_REFUSED_BATCHED] = "the request runs together with another one, which stands for it",
  [CR_REFUSED_CLIENT] = "requests that run together are of one client",
  [CR_REFUSED_UNDERWAY] = "requests run together from their first op on, and this one has begun",
  [CR_REFUSED_BATCH] = "so many requests of the client do not run together",
};

const char *cr_refusal_text(uint32_t refusal)
{
  return refusal < CR_N_REFUSAL ? refusal_text[refusal] : "unknown";
}

const char *cr_cap_text(uint32_t cap)
{
  for (uint32_t i = 0; i < CR_N_CAP; i++)
    if (cap == UINT32_C(1) << i)
      return cr_cap_name[i];
  return "?";
}

int cr_asker_init(struct cr_asker *a)
{
  *a = (struct cr_asker){.note = cr_mem_new(FIRST_CAP, sizeof *a->note), .cap = FIRST_CAP};
  return a->note ? CR_OK : CR_ENOMEM;
}

void cr_asker_fini(struct cr_asker *a)
{
  cr_mem_free(a->note);
  *a = (struct cr_asker){0};
}

static CR_COLD int grow(struct cr_asker *a)
{
  if (a->cap >= CR_ASK_MAX) {
    a->flooded = 1;
    return CR_ERUN;
  }
  struct cr_note *note = cr_mem_resize(a->note, (size_t)a->cap * 2, sizeof *note);
  if (!note) {
    a->failed = 1;
    return CR_ENOMEM;
  }
  a->note = note;
  a->cap *= 2;
  return CR_OK;
}

static void append(struct cr_policy *p, struct cr_note note)
{
  struct cr_asker *a = p->asker;
  if (a->n == a->cap && grow(a) != CR_OK)
    return;
  note.at_ns = p->view->now_ns;
  a->note[a->n++] = note;
}

void cr_launch(struct cr_policy *p, cr_request r, uint32_t n_op, cr_stream s)
{
  append(p, (struct cr_note){.kind = CR_NOTE_LAUNCH, .a = r.i, .b = n_op, .c = s.i});
}

void cr_rotate(struct cr_policy *p, cr_request r, cr_stream s, int64_t key, enum cr_charge charge)
{
  append(p, (struct cr_note){.kind = CR_NOTE_TURN, .a = r.i, .b = (uint32_t)charge, .c = s.i, .t = (uint64_t)key});
}

void cr_batch(struct cr_policy *p, cr_request leader, cr_request r)
{
  append(p, (struct cr_note){.kind = CR_NOTE_BATCH, .a = leader.i, .b = r.i});
}

void cr_preempt(struct cr_policy *p, cr_stream s, enum cr_cap how)
{
  append(p, (struct cr_note){.kind = CR_NOTE_PREEMPT, .a = s.i, .b = (uint32_t)how});
}

void cr_drop(struct cr_policy *p, cr_request r)
{
  append(p, (struct cr_note){.kind = CR_NOTE_DROP, .a = r.i});
}

void cr_timer(struct cr_policy *p, cr_ns at_ns, uint64_t cookie)
{
  uint64_t at = (uint64_t)at_ns;
  append(p, (struct cr_note){.kind = CR_NOTE_SETTIMER, .t = cookie, .a = (uint32_t)at, .b = (uint32_t)(at >> 32)});
}

void cr_process(struct cr_policy *p, cr_stream s, uint32_t process, cr_ns slice_ns)
{
  append(p, (struct cr_note){.kind = CR_NOTE_PROCESS, .a = s.i, .b = process, .t = (uint64_t)slice_ns});
}

void cr_share(struct cr_policy *p, cr_stream s, uint32_t share_ppm)
{
  append(p, (struct cr_note){.kind = CR_NOTE_SHARE, .a = s.i, .b = share_ppm});
}

void cr_start(struct cr_policy *p, cr_client job)
{
  append(p, (struct cr_note){.kind = CR_NOTE_START, .a = job.i});
}

void cr_reject(struct cr_policy *p, cr_client job)
{
  append(p, (struct cr_note){.kind = CR_NOTE_REJECT, .a = job.i});
}

void cr_lane_size(struct cr_policy *p, cr_device d, cr_lane l, int64_t bytes)
{
  append(p, (struct cr_note){.kind = CR_NOTE_LANE, .a = l.i, .b = d.i, .t = (uint64_t)bytes});
}

void cr_lane_close(struct cr_policy *p, cr_lane l)
{
  append(p, (struct cr_note){.kind = CR_NOTE_CLOSE, .a = l.i});
}

void cr_admit(struct cr_policy *p, cr_client job, cr_lane l, int64_t hold_bytes)
{
  append(p, (struct cr_note){.kind = CR_NOTE_ADMIT, .a = job.i, .b = l.i, .t = (uint64_t)hold_bytes});
}

void cr_move(struct cr_policy *p, cr_client job, cr_lane l)
{
  append(p, (struct cr_note){.kind = CR_NOTE_MOVE, .a = job.i, .b = l.i});
}

void cr_stream_queue(struct cr_policy *p, cr_stream s, uint32_t n, enum cr_reclaim reclaim)
{
  append(p, (struct cr_note){.kind = CR_NOTE_QUEUE, .a = s.i, .b = n, .c = (uint32_t)reclaim});
}

void cr_rewind(struct cr_policy *p, cr_request r, uint32_t op)
{
  append(p, (struct cr_note){.kind = CR_NOTE_REWIND, .a = r.i, .b = op});
}

void cr_slice(struct cr_policy *p, cr_request r, uint32_t n_block, cr_stream s)
{
  append(p, (struct cr_note){.kind = CR_NOTE_SLICE, .a = r.i, .b = n_block, .c = s.i});
}

/* A number that its place cannot hold becomes one that is refused. */
void cr_pad(struct cr_policy *p, const struct cr_pad_spec *pad)
{
  struct cr_pad_note note = {.n_block = pad->n_block <= CR_PAD_BLOCKS_MAX ? pad->n_block : 0,
                             .rt_sms = pad->rt_sms <= CR_PAD_SMS_MAX ? pad->rt_sms : 0,
                             .sm_blocks = pad->sm_blocks <= CR_PAD_SM_BLOCKS_MAX ? pad->sm_blocks : 0,
                             .stream = cr_min_u32(pad->stream.i, CR_PAD_STREAM_MAX)};
  append(
    p, (struct cr_note){.kind = CR_NOTE_PAD, .a = pad->rt.i, .b = pad->be.i, .c = pad->rt_op, .t = cr_note_pad(&note)});
}

void cr_verdict(struct cr_policy *p, cr_client c, enum cr_verdict verdict, enum cr_why why, cr_client about)
{
  append(p,
         (struct cr_note){.kind = CR_NOTE_VERDICT, .a = c.i, .b = (uint32_t)verdict, .c = (uint32_t)why, .t = about.i});
}

static enum cr_refusal check_stream(const struct cr_host *h, uint32_t device, int32_t priority)
{
  if (!h->asker.set_up)
    return CR_REFUSED_LATE;
  if (device >= h->machine->n_device)
    return CR_REFUSED_DEVICE;
  if (priority != 0 && !(h->policy.ops->needs & CR_CAP_PRIORITY))
    return CR_REFUSED_NEED;
  const struct cr_device_desc *d = &h->machine->device[device];
  if (priority != 0 && (priority < d->priority_greatest || priority > d->priority_least))
    return CR_REFUSED_PRIORITY;
  return CR_GRANTED;
}

/* The only action with an answer: it is decided here, and the note says CR_NONE when it was no. */
cr_stream cr_stream_new(struct cr_policy *p, cr_device d, int32_t priority)
{
  struct cr_asker *a = p->asker;
  const struct cr_host *h = cr_container_of(a, struct cr_host, asker);
  cr_stream s = {CR_NONE};
  if (check_stream(h, d.i, priority) == CR_GRANTED)
    s.i = a->n_stream++;
  append(p, (struct cr_note){.kind = CR_NOTE_STREAM, .a = s.i, .b = d.i, .c = (uint32_t)priority});
  return s;
}

cr_ns cr_expect_ns(const struct cr_policy *p, cr_request r, uint32_t n_op)
{
  const struct cr_host *h = cr_container_of(p->asker, struct cr_host, asker);
  if (r.i >= h->view.request_cap || h->request_client[r.i] == CR_NONE)
    return CR_NS_NEVER;
  const struct cr_model_info *m = cr_host_model(h, r.i);
  uint32_t next = h->request_next_op[r.i];
  uint32_t end = next + cr_min_u32(n_op, cr_host_n_op(h, r.i) - next);
  if (end > m->n_op) { /* of a job: passes in between take the sum of all ops */
    cr_ns passes_ns = cr_muldiv((int64_t)(end / m->n_op) - (int64_t)(next / m->n_op), m->duration_ns, 1);
    next %= m->n_op;
    end %= m->n_op;
    return cr_ns_add(passes_ns, h->op_start_ns[m->op0 + end] - h->op_start_ns[m->op0 + next]);
  }
  return h->op_start_ns[m->op0 + end] - h->op_start_ns[m->op0 + next];
}

/* The request's op, counted from its model's first, in the table of all. */
static uint32_t op_of(const struct cr_host *h, uint32_t request, uint32_t op)
{
  return cr_host_model(h, request)->op0 + op;
}

/* Which times the request's next layers have on the device if n requests run together there; CR_NONE: none, so that they cannot. */
static uint32_t row_of(const struct cr_host *h, uint32_t request, uint32_t n_op, uint32_t device, uint32_t n)
{
  return cr_batch_row(cr_host_model(h, request), &h->workload->op[op_of(h, request, h->request_next_op[request])], n_op,
                      device, n, h->view.client_batch[h->request_client[request]]);
}

/* Whether layers of the request, and those that run with it, can run on the device; ops of other kinds can everywhere. */
static int can_run(const struct cr_host *h, uint32_t request, uint32_t n_op, uint32_t device)
{
  return h->workload->op[op_of(h, request, 0)].kind != CR_OP_LAYER ||
         row_of(h, request, n_op, device, h->request_batch[request]) != CR_NONE;
}

cr_ns cr_expect_batch_ns(const struct cr_policy *p, cr_device d, cr_request r, uint32_t n_op, uint32_t n_request)
{
  const struct cr_host *h = cr_container_of(p->asker, struct cr_host, asker);
  if (r.i >= h->view.request_cap || h->request_client[r.i] == CR_NONE || d.i >= h->machine->n_device)
    return CR_NS_NEVER;
  uint32_t n = cr_min_u32(n_op, cr_host_n_op(h, r.i) - h->request_next_op[r.i]);
  const struct cr_op_spec *op = &h->workload->op[op_of(h, r.i, 0)];
  if (op->kind != CR_OP_LAYER)
    return cr_expect_ns(p, r, n_op);
  uint32_t row = n ? row_of(h, r.i, n, d.i, n_request) : CR_NONE;
  if (row == CR_NONE)
    return n ? CR_NS_NEVER : 0;
  uint32_t first = op_of(h, r.i, h->request_next_op[r.i]);
  cr_ns sum_ns = cr_host_recorded_ns(h, d.i, first, n, row);
  if (h->request_next_op[r.i] + n < cr_host_n_op(h, r.i))
    sum_ns = cr_ns_add(sum_ns, h->machine->device[d.i].node.notify_ns);
  return sum_ns;
}

cr_ns cr_expect_stage_ns(const struct cr_policy *p, cr_device d, cr_request r, uint32_t n_op)
{
  const struct cr_host *h = cr_container_of(p->asker, struct cr_host, asker);
  return cr_expect_batch_ns(p, d, r, n_op, r.i < h->view.request_cap ? h->request_batch[r.i] : 1);
}

struct cr_layer_time cr_expect_layer(const struct cr_policy *p, cr_device d, uint32_t op, uint32_t n_request)
{
  const struct cr_host *h = cr_container_of(p->asker, struct cr_host, asker);
  const struct cr_workload *w = h->workload;
  uint32_t m = 0, row = CR_NONE;
  while (m < w->n_model && op >= w->model[m].op0 + w->model[m].n_op)
    m++;
  if (m < w->n_model && w->op[op].kind == CR_OP_LAYER)
    row = cr_batch_row(&w->model[m], &w->op[op], 1, d.i, n_request, CR_BATCH_MAX);
  return row == CR_NONE ? (struct cr_layer_time){.exec_ns = CR_NS_NEVER}
                        : w->op[op].layer[row * w->op[op].n_layer + d.i];
}

static const struct cr_op_spec *kernel_of(const struct cr_host *h, uint32_t op)
{
  return op < h->workload->n_op && h->workload->op[op].blocks ? &h->workload->op[op] : NULL;
}

uint32_t cr_op_sm_blocks(const struct cr_policy *p, cr_device d, uint32_t op, uint32_t merged_with)
{
  const struct cr_host *h = cr_container_of(p->asker, struct cr_host, asker);
  const struct cr_op_spec *a = kernel_of(h, op), *b = kernel_of(h, merged_with);
  if (!a || !b || d.i >= h->machine->n_device)
    return 0;
  uint32_t n = cr_device_occupancy(&h->machine->device[d.i], a->threads > b->threads ? a->threads : b->threads,
                                   a->regs > b->regs ? a->regs : b->regs,
                                   a->smem_bytes > b->smem_bytes ? a->smem_bytes : b->smem_bytes, NULL);
  n = a->sm_blocks ? cr_min_u32(n, a->sm_blocks) : n;
  return b->sm_blocks ? cr_min_u32(n, b->sm_blocks) : n;
}

cr_ns cr_expect_block_ns(const struct cr_policy *p, cr_device d, uint32_t op, uint32_t n)
{
  const struct cr_host *h = cr_container_of(p->asker, struct cr_host, asker);
  if (!h->block_ns || op >= h->workload->n_op || d.i >= h->machine->n_device || n == 0)
    return CR_NS_NEVER;
  size_t row = (size_t)d.i * h->workload->n_op + op;
  return h->block_ns[row * CR_HOST_SM_BLOCKS + cr_min_u32(n, CR_HOST_SM_BLOCKS) - 1];
}

static enum cr_refusal check_owned(const struct cr_host *h, uint32_t request)
{
  if (request >= h->view.request_cap || h->request_client[request] == CR_NONE)
    return CR_REFUSED_REQUEST;
  if (h->flight[request].batch_of != CR_NONE)
    return CR_REFUSED_BATCHED;
  return h->flight[request].stream == CR_NONE ? CR_GRANTED : CR_REFUSED_OWNER;
}

static enum cr_refusal check_launch(const struct cr_host *h, uint32_t request, uint32_t n_op, uint32_t stream)
{
  enum cr_refusal refusal = check_owned(h, request);
  if (refusal != CR_GRANTED)
    return refusal;
  if (stream >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  uint32_t left = cr_host_n_op(h, request) - h->request_next_op[request];
  if (n_op != CR_ALL && (n_op == 0 || n_op > left))
    return CR_REFUSED_RANGE;
  const struct cr_flight *f = &h->flight[request];
  uint32_t end = h->request_next_op[request] + cr_min_u32(n_op, left);
  if (h->stream_pad[stream] || (f->n_pad && (f->pad_op >= end || f->pad_device != h->stream_device[stream])))
    return CR_REFUSED_PADDED;
  if (!can_run(h, request, cr_min_u32(n_op, left), h->stream_device[stream]))
    return CR_REFUSED_NODE;
  return cr_host_is_job(h, h->request_client[request]) ? cr_host_check_launch(h, request, n_op, stream) : CR_GRANTED;
}

static enum cr_refusal check_turn(const struct cr_host *h, const struct cr_note *asked)
{
  enum cr_refusal refusal = check_launch(h, asked->a, CR_ALL, asked->c);
  return refusal == CR_GRANTED ? cr_host_check_turn(h, asked) : refusal;
}

static enum cr_refusal check_launch_alone(const struct cr_host *h, const struct cr_note *asked)
{
  enum cr_refusal refusal = check_launch(h, asked->a, asked->b, asked->c);
  return refusal == CR_GRANTED ? cr_host_check_alone(h, asked->c) : refusal;
}

static enum cr_refusal check_preempt(const struct cr_host *h, uint32_t stream, uint32_t how)
{
  if (stream >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  if (how != CR_CAP_PARK && how != CR_CAP_EVICT && how != CR_CAP_KILL && how != CR_CAP_SWITCH)
    return CR_REFUSED_HOW;
  return h->policy.ops->needs & how ? CR_GRANTED : CR_REFUSED_NEED;
}

static enum cr_refusal check_process(const struct cr_host *h, uint32_t stream, uint32_t process, cr_ns slice_ns)
{
  if (!h->asker.set_up)
    return CR_REFUSED_LATE;
  if (stream >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  if (process >= CR_PROCESS_MAX || slice_ns <= 0)
    return CR_REFUSED_PROCESS;
  return h->policy.ops->needs & CR_CAP_PROCESS ? CR_GRANTED : CR_REFUSED_NEED;
}

static enum cr_refusal check_share(const struct cr_host *h, uint32_t stream, uint32_t share_ppm)
{
  if (stream >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  if (share_ppm == 0 || share_ppm > CR_SHARE_ALL)
    return CR_REFUSED_SHARE;
  return h->policy.ops->needs & CR_CAP_SHARE ? CR_GRANTED : CR_REFUSED_NEED;
}

static enum cr_refusal check_queue(const struct cr_host *h, const struct cr_note *asked)
{
  if (!h->asker.set_up)
    return CR_REFUSED_LATE;
  if (asked->a >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  if (asked->b == 0 || asked->b > CR_QUEUE_MAX || asked->c > CR_RECLAIM_NOW)
    return CR_REFUSED_QUEUE;
  return h->policy.ops->needs & CR_CAP_QUEUE ? CR_GRANTED : CR_REFUSED_NEED;
}

static enum cr_refusal check_rewind(const struct cr_host *h, uint32_t request, uint32_t op)
{
  enum cr_refusal refusal = check_owned(h, request);
  if (refusal != CR_GRANTED)
    return refusal;
  if (cr_host_is_job(h, h->request_client[request]))
    return CR_REFUSED_PASS;
  if (h->flight[request].n_pad)
    return CR_REFUSED_PADDED;
  uint32_t next = h->request_next_op[request], end = next + (h->request_next_block[request] > 0);
  for (uint32_t i = op; i < end; i++)
    if (h->workload->op[op_of(h, request, i)].idempotent == CR_NO)
      return CR_REFUSED_AGAIN;
  return op <= next ? CR_GRANTED : CR_REFUSED_AGAIN;
}

static int is_kernel(const struct cr_host *h, uint32_t request, uint32_t op)
{
  uint32_t client = h->request_client[request];
  return !cr_host_is_job(h, client) && op < cr_host_n_op(h, request) &&
         h->workload->op[op_of(h, request, op)].blocks > 0;
}

static enum cr_refusal check_slice(const struct cr_host *h, const struct cr_note *asked)
{
  enum cr_refusal refusal = check_owned(h, asked->a);
  if (refusal != CR_GRANTED)
    return refusal;
  if (asked->c >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  if (asked->b == 0)
    return CR_REFUSED_RANGE;
  if (!is_kernel(h, asked->a, h->request_next_op[asked->a]))
    return CR_REFUSED_KERNEL;
  if (h->flight[asked->a].n_pad || h->stream_pad[asked->c])
    return CR_REFUSED_PADDED;
  return h->policy.ops->needs & CR_CAP_SLICE ? CR_GRANTED : CR_REFUSED_NEED;
}

/* The padding request is owned, or runs so far as pads of the same launch through the same stream. */
static enum cr_refusal check_be(const struct cr_host *h, const struct cr_note *asked, uint32_t stream)
{
  const struct cr_flight *be = &h->flight[asked->b];
  enum cr_refusal refusal = check_owned(h, asked->b);
  if (refusal == CR_REFUSED_REQUEST)
    return refusal;
  if (refusal == CR_GRANTED && (be->n_pad || h->stream_held[stream]))
    return CR_REFUSED_PADDED;
  if (refusal != CR_GRANTED && (be->pad_of != asked->a || be->stream != stream))
    return CR_REFUSED_OWNER;
  if (refusal != CR_GRANTED && be->pad_op == asked->c) /* one op at a time a stream */
    return CR_REFUSED_PAD;
  uint32_t op = refusal == CR_GRANTED ? h->request_next_op[asked->b] : be->end_op;
  return is_kernel(h, asked->b, op) ? CR_GRANTED : CR_REFUSED_KERNEL;
}

static enum cr_refusal check_pad(const struct cr_host *h, const struct cr_note *asked)
{
  struct cr_pad_note pad = cr_note_pad_of(asked);
  enum cr_refusal refusal = check_owned(h, asked->a);
  if (refusal != CR_GRANTED)
    return refusal;
  if (!(h->policy.ops->needs & CR_CAP_PAD))
    return CR_REFUSED_NEED;
  if (pad.stream >= h->view.n_stream)
    return CR_REFUSED_STREAM;
  const struct cr_flight *rt = &h->flight[asked->a];
  uint32_t device = h->stream_device[pad.stream];
  if (pad.n_block == 0 || pad.sm_blocks == 0 || pad.rt_sms == 0 || pad.rt_sms >= h->machine->device[device].sms ||
      asked->c < h->request_next_op[asked->a] ||
      (rt->n_pad &&
       (asked->c < rt->pad_op || rt->pad_device != device || (asked->c == rt->pad_op && pad.rt_sms != rt->pad_sms))))
    return CR_REFUSED_PAD;
  if (asked->a == asked->b)
    return CR_REFUSED_OWNER;
  return is_kernel(h, asked->a, asked->c) ? check_be(h, asked, pad.stream) : CR_REFUSED_KERNEL;
}

/* Jobs and ops that are no layers have no batch: their clients' is 1. */
static enum cr_refusal check_batch(const struct cr_host *h, uint32_t leader, uint32_t request)
{
  enum cr_refusal refusal = check_owned(h, leader);
  refusal = refusal == CR_GRANTED ? check_owned(h, request) : refusal;
  if (refusal != CR_GRANTED)
    return refusal;
  if (!(h->policy.ops->needs & CR_CAP_BATCH))
    return CR_REFUSED_NEED;
  uint32_t n = h->request_batch[leader], client = h->request_client[leader];
  if (h->request_client[request] != client)
    return CR_REFUSED_CLIENT;
  if (leader == request || h->request_batch[request] > 1)
    return CR_REFUSED_BATCHED;
  if (h->request_next_op[leader] || h->request_next_op[request])
    return CR_REFUSED_UNDERWAY;
  return n < h->view.client_batch[client] ? CR_GRANTED : CR_REFUSED_BATCH;
}

/* A request with pads is launched, not dropped: others are bound to it. */
static enum cr_refusal check_drop(const struct cr_host *h, uint32_t request)
{
  enum cr_refusal refusal = check_owned(h, request);
  return refusal == CR_GRANTED && h->flight[request].n_pad ? CR_REFUSED_PADDED : refusal;
}

static enum cr_refusal check_verdict(const struct cr_host *h, const struct cr_note *asked)
{
  int is_one = asked->a < h->view.n_client && asked->b < CR_N_VERDICT && asked->c < CR_N_WHY &&
               (asked->t < h->view.n_client || asked->t == CR_NONE);
  return is_one ? CR_GRANTED : CR_REFUSED_VERDICT;
}

enum cr_refusal cr_ask_check(const struct cr_host *h, const struct cr_note *asked)
{
  switch (asked->kind) {
  case CR_NOTE_STREAM:
    return check_stream(h, asked->b, (int32_t)asked->c);
  case CR_NOTE_LAUNCH:
    return check_launch_alone(h, asked);
  case CR_NOTE_TURN:
    return check_turn(h, asked);
  case CR_NOTE_PREEMPT:
    return check_preempt(h, asked->a, asked->b);
  case CR_NOTE_DROP:
    return check_drop(h, asked->a);
  case CR_NOTE_QUEUE:
    return check_queue(h, asked);
  case CR_NOTE_REWIND:
    return check_rewind(h, asked->a, asked->b);
  case CR_NOTE_BATCH:
    return check_batch(h, asked->a, asked->b);
  case CR_NOTE_SLICE:
    return check_slice(h, asked);
  case CR_NOTE_PAD:
    return check_pad(h, asked);
  case CR_NOTE_VERDICT:
    return check_verdict(h, asked);
  case CR_NOTE_PROCESS:
    return check_process(h, asked->a, asked->b, (cr_ns)asked->t);
  case CR_NOTE_SHARE:
    return check_share(h, asked->a, asked->b);
  case CR_NOTE_START:
  case CR_NOTE_REJECT:
  case CR_NOTE_LANE:
  case CR_NOTE_CLOSE:
  case CR_NOTE_ADMIT:
  case CR_NOTE_MOVE:
    return cr_host_check_job(h, asked);
  default:
    return CR_GRANTED;
  }
}
