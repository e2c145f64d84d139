/* device_model.c - the models of a device by fidelity, and the wave model behind the calls that all of them share. */
#include "config.h"

#include "sim/device_model.h"

#include "sim/fluid.h"

static int wave_make(const struct cr_device_model_cfg *cfg, void **self, struct cr_err *err)
{
  struct cr_gpu *g;
  int rc = cr_gpu_new(cfg->device, cfg->model, cfg->op, cfg->op_index, cfg->n_op, cfg->n_stream, &g, err);
  if (rc == CR_OK)
    *self = g;
  return rc;
}

static void wave_free(void *self)
{
  cr_gpu_free(self);
}

static void wave_set_priority(void *self, uint32_t stream, int32_t priority)
{
  cr_gpu_set_priority(self, stream, priority);
}

static void wave_set_share(void *self, uint32_t stream, uint32_t group, uint32_t sms)
{
  cr_gpu_set_share(self, stream, group, sms);
}

static void wave_start(void *self, uint32_t stream, uint32_t op, cr_ns from_ns, cr_ns launched_ns)
{
  cr_gpu_start(self, stream, op, from_ns, launched_ns);
}

static void wave_start_part(void *self, uint32_t stream, const struct cr_gpu_part *part, cr_ns from_ns,
                            cr_ns launched_ns)
{
  cr_gpu_start_part(self, stream, part, from_ns, launched_ns);
}

static int wave_stop(void *self, uint32_t stream, int kill, struct cr_gpu_end *out)
{
  return cr_gpu_stop(self, stream, kill, out);
}

static cr_ns wave_next_ns(const void *self)
{
  return cr_gpu_next_ns(self);
}

static uint32_t wave_advance(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap)
{
  return cr_gpu_advance(self, to_ns, out, cap);
}

static uint32_t wave_run(void *self, cr_ns to_ns, struct cr_gpu_end *out, uint32_t cap, cr_ns *now_ns)
{
  return cr_gpu_run(self, to_ns, out, cap, now_ns);
}

static void wave_settle(void *self)
{
  cr_gpu_settle(self);
}

static void wave_use(const void *self, struct cr_use *out)
{
  cr_gpu_use(self, out);
}

static void wave_occupied(const void *self, uint32_t *sms_busy, uint32_t *warps)
{
  cr_gpu_occupied(self, sms_busy, warps);
}

const struct cr_device_model_ops cr_device_wave = {
  .name = "wave",
  .about = "waves of blocks on single SMs",
  .make = wave_make,
  .free = wave_free,
  .set_priority = wave_set_priority,
  .set_share = wave_set_share,
  .start = wave_start,
  .start_part = wave_start_part,
  .stop = wave_stop,
  .next_ns = wave_next_ns,
  .advance = wave_advance,
  .run = wave_run,
  .settle = wave_settle,
  .use = wave_use,
  .occupied = wave_occupied,
};

const struct cr_device_model_ops *cr_device_model_of(enum cr_fidelity fidelity)
{
  static const struct cr_device_model_ops *const of[CR_N_FIDELITY] = {
    [CR_FIDELITY_WAVE] = &cr_device_wave,
    [CR_FIDELITY_KERNEL] = &cr_device_kernel,
  };
  return of[fidelity];
}
