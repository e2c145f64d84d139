/* backend_wall.c - real time on a pretend GPU: the same engine as backend_sim, led by the monotonic clock.
 *
 * Waiting is sleeping until the engine's next event is due.  Events bear the time at which the model had them; what the
 * policy answers takes effect when it answers, so that the cost of deciding, and being late, are real. */
#include "config.h"

#include <errno.h>
#include <time.h>

#include "sim/backend.h"
#include "sim/engine.h"
#include "sim/mem.h"

struct cr_backend {
  struct cr_engine *engine;
  cr_ns origin_ns; /* monotonic clock at the start of the run */
  cr_ns engine_ns; /* the engine has come this far */
};

static const cr_ns SECOND_NS = 1000000000;
/* Sleep no longer than this at a time, so that a stop asked for from outside is seen. */
static const cr_ns NAP_NS = 50000000;

/* A model that falls further behind than this answers with times before the questions, and will not catch up: a host that is busy
 * with other work has been seen to leave this process alone for 0.13 s. */
static const cr_ns LAG_MAX_NS = 1000000000;

static cr_ns monotonic_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (cr_ns)t.tv_sec * SECOND_NS + t.tv_nsec;
}

static int wall_open(const struct cr_backend_cfg *cfg, struct cr_backend **out, struct cr_err *err)
{
  struct cr_backend *b = cr_mem_new(1, sizeof *b);
  if (!b)
    return cr_fail_nomem(err, "the wall backend");
  int rc = cr_engine_new(cfg, &b->engine, err);
  if (rc) {
    cr_mem_free(b);
    return rc;
  }
  b->origin_ns = monotonic_ns();
  *out = b;
  return CR_OK;
}

static void wall_close(struct cr_backend *b)
{
  if (!b)
    return;
  cr_engine_free(b->engine);
  cr_mem_free(b);
}

static cr_ns wall_now(const struct cr_backend *b)
{
  return monotonic_ns() - b->origin_ns;
}

static void sleep_until(const struct cr_backend *b, cr_ns at_ns)
{
  cr_ns wake_ns = b->origin_ns + cr_min_ns(at_ns, wall_now(b) + NAP_NS);
  struct timespec t = {.tv_sec = (time_t)(wake_ns / SECOND_NS), .tv_nsec = (long)(wake_ns % SECOND_NS)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
    ;
}

/* Lets the engine come up to the present, or to its next event that the core must know: the events of one instant. */
static uint32_t catch_up(struct cr_backend *b, cr_ns now_ns, struct cr_event *out, uint32_t cap)
{
  for (;;) {
    uint32_t n = cr_engine_take(b->engine, out, cap);
    cr_ns next_ns = cr_engine_next_ns(b->engine);
    if (n || next_ns > now_ns)
      return n;
    b->engine_ns = cr_max_ns(b->engine_ns, next_ns);
    cr_engine_advance(b->engine, b->engine_ns);
  }
}

static int check_lag(const struct cr_backend *b, struct cr_err *err)
{
  cr_ns lag_ns = wall_now(b) - b->engine_ns;
  if (lag_ns <= LAG_MAX_NS || cr_engine_next_ns(b->engine) > b->engine_ns + LAG_MAX_NS)
    return CR_OK;
  return cr_fail(err, CR_ERUN,
                 "the device model is %lld ms behind the wall clock: this load takes longer to simulate than to run; "
                 "use -b sim, or fewer clients",
                 (long long)(lag_ns / 1000000));
}

static int wall_wait(struct cr_backend *b, cr_ns until_ns, struct cr_event *out, uint32_t cap, uint32_t *n,
                     struct cr_err *err)
{
  cr_ns now_ns = wall_now(b);
  *n = catch_up(b, now_ns, out, cap);
  cr_ns next_ns = cr_min_ns(cr_engine_next_ns(b->engine), until_ns);
  if (!*n && next_ns != CR_NS_NEVER && now_ns < until_ns) {
    sleep_until(b, next_ns);
    *n = catch_up(b, wall_now(b), out, cap);
  }
  return check_lag(b, err);
}

/* What the model had up to now happens before the action; its events are kept for the next wait. */
static int wall_act(struct cr_backend *b, const struct cr_act *act, struct cr_err *err)
{
  cr_ns now_ns = wall_now(b);
  for (cr_ns next_ns; (next_ns = cr_engine_next_ns(b->engine)) <= now_ns;) {
    b->engine_ns = cr_max_ns(b->engine_ns, next_ns);
    cr_engine_advance(b->engine, b->engine_ns);
  }
  b->engine_ns = now_ns;
  cr_engine_advance(b->engine, now_ns);
  return cr_engine_act(b->engine, act, now_ns, err);
}

static void wall_use(const struct cr_backend *b, uint32_t device, struct cr_use *out)
{
  cr_engine_use(b->engine, device, b->engine_ns, out);
}

const struct cr_backend_ops cr_backend_wall = {
  .name = "wall",
  .is_live = 1,
  .caps = CR_ENGINE_CAPS,
  .open = wall_open,
  .close = wall_close,
  .now = wall_now,
  .wait = wall_wait,
  .act = wall_act,
  .use = wall_use,
};
