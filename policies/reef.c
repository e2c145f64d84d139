/* reef.c - REEF: reset-based preemption, and best-effort blocks in the launches of real-time kernels.
 *
 * Han et al., "Microsecond-scale Preemption for Concurrent GPU-accelerated DNN Inferences", OSDI 2022.
 *
 * Reset (section 4).  Host queues are dropped, kernels in the device queue give up, and what runs is stopped, since kernels of DNNs
 * can be run again.  What was done of the stopped kernel is lost.  The scheduler does not know how far the stream came:
 * restore=queue goes back, from the last kernel handed to the device queue, by as many as that holds (the artifact's preempt_reset);
 * restore=four by three from the one that was stopped, so that four are run again, which is what the paper's Figure 14b
 * counts; restore=exact to that one.
 *
 * Dynamic kernel padding (section 5; the artifact's dynamic_kernel_padding).  Each kernel of a real-time request takes as many SMs as
 * it needs for its number of layers; blocks of best-effort kernels run on the others, in the same launch.  A best-effort kernel
 * qualifies if
 *   latency    its block takes no longer than the real-time kernel: then as many rounds of blocks as fit into that time are taken
 *   occupancy  the merged kernel, which has the registers and shared memory of the larger, keeps the occupancy that the real-time
 *              kernel needs
 * The first that qualifies is taken, in order of clients; with several=yes others share the SMs that it leaves.  rules=... drops
 * one condition or both.  Merged kernels are called through proxy kernels, compiled for `grains` levels of occupancy each. */
#include "config.h"

#include "policies/rt_first.h"

enum { OPT_DQ, OPT_RESTORE, OPT_RECLAIM, OPT_WAIT, OPT_PADDING, OPT_RULES, OPT_SEVERAL, OPT_GRAINS };
enum { EXACT, QUEUE, FOUR };                /* restore, in the order of its choices */
enum { BOTH, LATENCY, OCCUPANCY, NO_RULE }; /* rules, likewise: which ones hold */

static const struct cr_opt options[] = {
  [OPT_DQ] = {.name = "dq",
              .kind = CR_OPT_COUNT,
              .fallback = "2",
              .min = 1,
              .max = CR_QUEUE_MAX,
              .help = "kernels that the device queue of a best-effort stream holds",
              .source = "REEF's artifact, scheduler.cpp"},
  [OPT_RESTORE] = {.name = "restore",
                   .kind = CR_OPT_CHOICE,
                   .choices = "exact|queue|four",
                   .fallback = "queue",
                   .help = "where a stopped request goes on: the stopped kernel, a device queue before, three before",
                   .source = "queue: REEF's artifact, preempt_reset; four: Figure 14b"},
  [OPT_RECLAIM] = {.name = "reclaim",
                   .kind = CR_OPT_CHOICE,
                   .choices = "later|now",
                   .fallback = "later",
                   .help = "when kernels dropped from host queues are released: in the background, or before going on",
                   .source = "REEF, OSDI 2022, section 4.3"},
  [OPT_WAIT] = {.name = "wait",
                .kind = CR_OPT_BOOL,
                .fallback = "yes",
                .help = "real-time requests start when best-effort ones are known to be off the device",
                .source = "REEF's artifact: wait_sync, on in all its DISB runs"},
  [OPT_PADDING] = {.name = "padding",
                   .kind = CR_OPT_BOOL,
                   .fallback = "yes",
                   .help = "best-effort blocks run in the launches of real-time kernels",
                   .source = "REEF, OSDI 2022, section 5"},
  [OPT_RULES] = {.name = "rules",
                 .kind = CR_OPT_CHOICE,
                 .choices = "both|latency|occupancy|none",
                 .fallback = "both",
                 .help = "which of the two conditions on padding kernels hold",
                 .source = "REEF, OSDI 2022, section 5.2"},
  [OPT_SEVERAL] = {.name = "several",
                   .kind = CR_OPT_BOOL,
                   .fallback = "no",
                   .help = "several best-effort kernels may pad one real-time kernel",
                   .source = "no: REEF's artifact; yes: the paper's pseudocode"},
  [OPT_GRAINS] = {.name = "grains",
                  .kind = CR_OPT_COUNT,
                  .fallback = "10",
                  .min = 0,
                  .max = 64,
                  .help = "levels of occupancy that there are proxy kernels for; 0: as many as there are",
                  .source = "REEF's artifact: 1 to 10 waves a SIMD"},
  {0},
};

/* --- restore ------------------------------------------------------------------------------------------------------ */

static void restore(struct cr_policy *p, cr_request r, struct cr_be *be)
{
  const struct cr_view *v = p->view;
  uint32_t next = v->request_next_op[r.i], back = next;
  if (v->client_iterations[cr_request_client(p, r).i])
    return; /* an iteration of a job starts over by itself */
  if (p->opt[OPT_RESTORE] == QUEUE) {
    uint32_t handed = v->request_handed_op[r.i], dq = (uint32_t)p->opt[OPT_DQ];
    back = handed > dq ? handed - dq : 0;
  } else if (p->opt[OPT_RESTORE] == FOUR) {
    back = next > 3 ? next - 3 : 0;
  }
  if (back < be->restart && p->opt[OPT_RESTORE] == QUEUE)
    back = be->restart;
  uint32_t op0 = v->model_op0[v->client_model[cr_request_client(p, r).i]];
  while (back < next && v->op_idempotent[op0 + next - 1] != CR_NO) /* no further than that bears it */
    next--;
  if (next < be->op || be->block)
    cr_rewind(p, r, next);
  be->op = next;
  be->block = 0;
}

/* --- padding ------------------------------------------------------------------------------------------------------ */

/* A kernel of the real-time request, and what of the device its launch leaves. */
struct rt_kernel {
  uint32_t op, device;
  uint32_t sms, layers; /* it takes, and its blocks on each */
  uint32_t spare;       /* SMs that nobody has yet */
};

/* A best-effort kernel as padding: blocks, and how many of them lie on an SM at a time. */
struct padding {
  uint32_t n_block, sm_blocks;
};

/* Blocks an SM that the proxy kernels for so many, or fewer, allow. */
static uint32_t round_to_grain(const struct cr_policy *p, const struct rt_kernel *k, uint32_t be_op, uint32_t n)
{
  uint32_t rt_threads = p->view->op_threads[k->op], threads = p->view->op_threads[be_op];
  if (!p->opt[OPT_GRAINS])
    return n;
  threads = threads > rt_threads ? threads : rt_threads;
  uint32_t grain = p->view->device_sm_threads[k->device] / (uint32_t)p->opt[OPT_GRAINS];
  return grain ? n * threads / grain * grain / threads : n;
}

/* Whether the kernel qualifies, and with how many blocks. */
static int qualifies(const struct cr_policy *p, const struct rt_kernel *k, uint32_t be_op, uint32_t left,
                     struct padding *out)
{
  cr_device d = {k->device};
  int64_t rules = p->opt[OPT_RULES];
  cr_ns rt_ns = p->view->op_duration_ns[k->op];
  uint32_t own = cr_op_sm_blocks(p, d, k->op, k->op), needed = cr_min_u32(k->layers, own);
  uint32_t most = round_to_grain(p, k, be_op, cr_op_sm_blocks(p, d, k->op, be_op));
  if (most == 0 || (most < needed && (rules == BOTH || rules == OCCUPANCY)))
    return 0;
  int is_timed = rules == BOTH || rules == LATENCY;
  while (most && is_timed && cr_expect_block_ns(p, d, be_op, most) > rt_ns)
    most--;
  if (most == 0)
    return 0;
  cr_ns block_ns = cr_expect_block_ns(p, d, be_op, most), rounds = rt_ns / block_ns;
  uint64_t n = (uint64_t)k->spare * most * (uint64_t)(rounds ? rounds : 1);
  out->n_block = n < left ? (uint32_t)n : left;
  out->sm_blocks = most;
  return 1;
}

/* One more pad of the kernel, by the client's first request. */
static int pad_with(struct cr_policy *p, struct rt_kernel *k, cr_request rt, uint32_t rt_next, struct cr_be *be)
{
  const struct cr_view *v = p->view;
  if (!be->first || be->is_launched)
    return 0;
  cr_request r = {be->first - 1};
  uint32_t client = v->request_client[r.i], model = v->client_model[client];
  if (be->op == v->model_n_op[model] || v->client_iterations[client])
    return 0;
  uint32_t op = v->model_op0[model] + be->op;
  struct padding pad;
  if (!v->op_blocks[op] || !qualifies(p, k, op, v->op_blocks[op] - be->block, &pad))
    return 0;
  cr_pad(p, &(struct cr_pad_spec){.rt = rt,
                                  .be = r,
                                  .rt_op = rt_next,
                                  .rt_sms = k->sms,
                                  .n_block = pad.n_block,
                                  .sm_blocks = pad.sm_blocks,
                                  .stream = be->stream});
  be->block += pad.n_block;
  if (be->block == v->op_blocks[op]) {
    be->op++;
    be->block = 0;
  }
  uint32_t used = (pad.n_block + pad.sm_blocks - 1) / pad.sm_blocks;
  k->spare -= cr_min_u32(used, k->spare);
  return 1;
}

static void pad_kernel(struct cr_policy *p, const struct cr_rt_first_device *d, uint32_t device, cr_request rt,
                       uint32_t rt_next, uint32_t op)
{
  uint32_t blocks = p->view->op_blocks[op], sms = p->view->device_sms[device];
  if (!blocks)
    return;
  uint32_t layers = (blocks - 1) / sms + 1;
  struct rt_kernel k = {.op = op, .device = device, .layers = layers, .sms = (blocks - 1) / layers + 1};
  if (k.sms >= sms)
    return;
  k.spare = sms - k.sms;
  for (uint32_t c = d->be; c && k.spare; c = cr_be_of(p, c - 1)->next)
    if (pad_with(p, &k, rt, rt_next, cr_be_of(p, c - 1)) && !p->opt[OPT_SEVERAL])
      return;
}

static void pad(struct cr_policy *p, uint32_t device, cr_request rt)
{
  const struct cr_rt_first *s = p->state;
  const struct cr_rt_first_device *d = &s->device[device];
  const struct cr_view *v = p->view;
  uint32_t client = v->request_client[rt.i], model = v->client_model[client];
  if (v->client_iterations[client])
    return;
  for (uint32_t c = d->be; c; c = cr_be_of(p, c - 1)->next)
    cr_be_begin(p, cr_be_of(p, c - 1));
  for (uint32_t i = v->request_next_op[rt.i]; i < v->model_n_op[model]; i++)
    pad_kernel(p, d, device, rt, i, v->model_op0[model] + i);
}

static int init(struct cr_policy *p, struct cr_err *err)
{
  const struct cr_rt_first_rule rule = {
    .how = CR_CAP_KILL,
    .queue = (uint32_t)p->opt[OPT_DQ],
    .reclaim = p->opt[OPT_RECLAIM] ? CR_RECLAIM_NOW : CR_RECLAIM_LATER,
    .waits = (int)p->opt[OPT_WAIT],
    .restore = restore,
    .pad = p->opt[OPT_PADDING] ? pad : NULL,
  };
  return cr_rt_first_init(p, rule, err);
}

const struct cr_policy_ops cr_policy_reef = {
  .abi = CR_POLICY_ABI,
  .name = "reef",
  .about = "rt requests reset the device and are padded with be blocks: REEF (OSDI 2022)",
  .needs = CR_CAP_KILL | CR_CAP_QUEUE | CR_CAP_PAD,
  .options = options,
  .state_bytes = sizeof(struct cr_rt_first),
  .client_bytes = sizeof(struct cr_be),
  .request_bytes = sizeof(struct cr_link),
  .init = init,
  .on_request = cr_rt_first_on_request,
  .on_done = cr_rt_first_on_done,
  .on_back = cr_rt_first_on_back,
  .dump = cr_rt_first_dump,
};
