/* backend_sim.c - virtual time: waiting is a jump to the next event of the engine. */
#include "config.h"

#include "sim/backend.h"
#include "sim/engine.h"
#include "sim/mem.h"

struct cr_backend {
  struct cr_engine *engine;
  cr_ns now_ns;
};

static int sim_open(const struct cr_backend_cfg *cfg, struct cr_backend **out, struct cr_err *err)
{
  struct cr_backend *b = cr_mem_new(1, sizeof *b);
  if (!b)
    return cr_fail_nomem(err, "the simulator");
  int rc = cr_engine_new(cfg, &b->engine, err);
  if (rc) {
    cr_mem_free(b);
    return rc;
  }
  *out = b;
  return CR_OK;
}

static void sim_close(struct cr_backend *b)
{
  if (!b)
    return;
  cr_engine_free(b->engine);
  cr_mem_free(b);
}

static cr_ns sim_now(const struct cr_backend *b)
{
  return b->now_ns;
}

/* Instants at which nothing happens that the core must know (blocks placed, ops inside a range) are passed over, but not
 * without end: the core must look at the clock and for Ctrl-C, even when no request ends for a long time. */
static int sim_wait(struct cr_backend *b, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n,
                    struct cr_err *err)
{
  (void)err;
  *n = cr_engine_take(b->engine, out, cap);
  if (*n)
    return CR_OK;
  b->now_ns = cr_engine_run(b->engine, b->now_ns, until_ns);
  *n = cr_engine_take(b->engine, out, cap);
  return CR_OK;
}

static int sim_act(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  return cr_engine_act(b->engine, act, b->now_ns, err);
}

static void sim_use(const struct cr_backend *b, uint32_t device, struct cr_use *out)
{
  cr_engine_use(b->engine, device, b->now_ns, out);
}

const struct cr_backend_ops cr_backend_sim = {
  .name = "sim",
  .caps = CR_ENGINE_CAPS,
  .open = sim_open,
  .close = sim_close,
  .now = sim_now,
  .wait = sim_wait,
  .act = sim_act,
  .use = sim_use,
};
