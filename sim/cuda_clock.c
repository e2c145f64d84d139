/* cuda_clock.c - follows the offset between the GPU's timer and the monotonic clock. */
#include "config.h"

#include "sim/cuda_clock.h"

static const cr_ns SIGHT_NS =
  1200; /* from an end to its sight: NVIDIA H200, calib/data/h200/micro, fetch end_to_host_poll */
static const cr_ns WINDOW_NS = 20000000; /* in which the offset is looked at */

static const cr_ns LOOK_NS = 100000; /* far above the time between two looks */

void cr_cuda_clock_looked(struct cr_cuda_clock *c)
{
  c->looked_ns = cr_monotonic_ns();
}

void cr_cuda_clock_saw(struct cr_cuda_clock *c, uint64_t end_gpu_ns)
{
  cr_ns now_ns = cr_monotonic_ns();
  if (c->looked_ns && now_ns - c->looked_ns > LOOK_NS)
    return;
  c->window_sight_ns = cr_min_ns(c->window_sight_ns, now_ns - cr_cuda_gpu_host_ns(c->gpu, end_gpu_ns));
  if (now_ns < c->window_end_ns)
    return;
  cr_ns off_ns = c->window_sight_ns - SIGHT_NS;
  c->gpu->clock_offset_ns += off_ns;
  c->gpu->clock_error_ns = cr_max_ns(c->gpu->clock_error_ns, off_ns < 0 ? SIGHT_NS - off_ns : off_ns);
  c->window_sight_ns = CR_NS_NEVER;
  c->window_end_ns = now_ns + WINDOW_NS;
}

int cr_cuda_clock_set(struct cr_cuda_clock *c, struct cr_cuda_gpu *gpu, struct cr_standins *standins,
                      struct cr_err *err)
{
  enum { TRIES = 200 };
  uint32_t slot;
  int rc = cr_cuda_gpu_take_slots(gpu, 1, &slot, err);
  *c = (struct cr_cuda_clock){.gpu = gpu, .window_sight_ns = CR_NS_NEVER, .window_end_ns = CR_NS_NEVER};
  gpu->clock_offset_ns = 0;
  for (int i = 0; !rc && i < TRIES; i++) {
    const struct cr_standin_record *r;
    cr_cuda_gpu_clear(gpu, slot);
    rc = cr_cuda_check(
      &gpu->driver,
      cr_standin_mark(standins, &(struct cr_standin_at){.slot = slot, .words = CR_NONE, .epoch = 1, .first = slot},
                      gpu->control),
      "reading the GPU's clock", err);
    for (cr_ns until_ns = cr_monotonic_ns() + gpu->patience_ns; !rc && !(r = cr_cuda_gpu_ended(gpu, slot));)
      if (cr_monotonic_ns() > until_ns)
        rc = cr_fail(err, CR_ERUN, "reading the GPU's clock: it does not answer");
    if (!rc)
      cr_cuda_clock_saw(c, r->end_ns);
  }
  gpu->clock_offset_ns += c->window_sight_ns - SIGHT_NS;
  gpu->clock_error_ns = SIGHT_NS;
  c->window_sight_ns = CR_NS_NEVER;
  c->window_end_ns = cr_monotonic_ns() + WINDOW_NS;
  return rc;
}
