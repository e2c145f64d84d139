/* peer_corun.c - corun's part of `make bench-peers`: its event queue, and its model of whole kernels on one SM that all share. */
#include "config.h"

#include "sim/fluid.h"
#include "sim/heap.h"
#include "tests/peers/work.h"

enum { TASKS_MAX = 32 }; /* blocks that an SM holds */

static int hold(const struct peer_ask *ask, const int64_t *work)
{
  struct cr_heap h;
  struct cr_entry e = {0};
  int rc = cr_heap_init(&h, ask->number + 1);
  for (uint32_t i = 0; rc == CR_OK && i < ask->number; i++)
    rc = cr_heap_push(&h, work[i % PEER_WORKS], 0, i);
  double began_s = peer_spent_s();
  for (uint64_t i = 0; rc == CR_OK && i < ask->total; i++) {
    e = cr_heap_pop(&h);
    rc = cr_heap_push(&h, e.at_ns + work[i % PEER_WORKS], 0, e.what);
  }
  peer_tell(ask->total, peer_spent_s() - began_s, (double)e.at_ns);
  cr_heap_fini(&h);
  return rc;
}

/* A round SM; of its constants those are not 0 that make it saturated and fair, as in tests/t_device_models.c. */
static const struct cr_device_desc device = {.name = "one-sm",
                                             .sms = 1,
                                             .warp_threads = 32,
                                             .sm_threads = 2048,
                                             .sm_warps = 64,
                                             .sm_blocks = TASKS_MAX,
                                             .sm_regs = 65536,
                                             .warp_regs_unit = 256,
                                             .block_threads_max = 1024,
                                             .thread_regs_max = 255,
                                             .sm_smem_bytes = 233472,
                                             .block_smem_max_bytes = 232448,
                                             .block_smem_reserved_bytes = 1024,
                                             .smem_unit_bytes = 128,
                                             .n_carveout = 1,
                                             .carveout_bytes = {233472}};

static void fill(struct cr_op_spec op[PEER_WORKS], uint32_t index[PEER_WORKS], const int64_t *work)
{
  for (int i = 0; i < PEER_WORKS; i++) {
    op[i] = cr_op_unknown("task", CR_OP_KERNEL, work[i]);
    op[i].gap_ns = 0;
    op[i].blocks = 1;
    op[i].threads = 32;
    op[i].regs = 16;
    op[i].smem_bytes = 0;
    index[i] = 1; /* none is the first of a model */
  }
}

static int share(const struct peer_ask *ask, const int64_t *work)
{
  static struct cr_op_spec op[PEER_WORKS];
  static uint32_t index[PEER_WORKS];
  static struct cr_gpu_model model;
  const struct cr_device_model_ops *m = &cr_device_kernel;
  struct cr_gpu_end end[TASKS_MAX];
  struct cr_err err;
  void *self;
  if (ask->number > TASKS_MAX) {
    fprintf(stderr, "peer_corun: an SM holds %d tasks\n", TASKS_MAX);
    return CR_EINPUT;
  }
  fill(op, index, work);
  memset(model.has, 1, sizeof model.has);
  model.constant[CR_GPU_LOAD] = 1e9; /* saturated: time goes by the ratio of loads */
  model.constant[CR_GPU_WARP_IPC] = 0.125;
  model.constant[CR_GPU_YOUNGER] = 1;
  const struct cr_device_model_cfg cfg = {
    .device = &device, .model = &model, .op = op, .op_index = index, .n_op = PEER_WORKS, .n_stream = ask->number};
  if (m->make(&cfg, &self, &err) != CR_OK) {
    fprintf(stderr, "peer_corun: %s\n", err.text);
    return CR_ENOMEM;
  }
  uint64_t n_started = 0, n_done = 0;
  cr_ns now_ns = 0;
  double began_s = peer_spent_s();
  for (uint32_t s = 0; s < ask->number; s++)
    m->start(self, s, (uint32_t)(n_started++ % PEER_WORKS), 0, 0);
  m->settle(self);
  while (n_done < ask->total) {
    now_ns = m->next_ns(self);
    uint32_t n = m->advance(self, now_ns, end, TASKS_MAX);
    for (uint32_t i = 0; i < n; i++, n_done++)
      m->start(self, end[i].stream, (uint32_t)(n_started++ % PEER_WORKS), now_ns, now_ns);
    m->settle(self);
  }
  peer_tell(n_done, peer_spent_s() - began_s, (double)now_ns);
  m->free(self);
  return CR_OK;
}

int main(int argc, char **argv)
{
  struct peer_ask ask = peer_asked(argc, argv);
  int rc = ask.is_hold ? hold(&ask, peer_works()) : share(&ask, peer_works());
  return rc == CR_OK ? 0 : rc == CR_EINPUT ? 2 : 1;
}
