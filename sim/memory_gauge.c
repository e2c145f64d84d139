/* memory_gauge.c - reserved and used memory of devices, followed through the notes of a run. */
#include "config.h"

#include "sim/memory_gauge.h"

#include <math.h>

#include "sim/mem.h"
#include "sim/memory.h"
#include "sim/memory_curve.h"

struct gauged_device {
  cr_ns since_ns;                /* the sums are up to then */
  int64_t held, reserved;        /* really held for good; of the books */
  int64_t ran;                   /* peaks of the jobs that ran in its lanes last */
  double held_sum, reserved_sum; /* bytes times ns */
  int64_t reserved_peak, used_peak;
};

struct gauged_lane {
  uint32_t device; /* CR_NONE: never opened */
  uint32_t job;    /* whose iterations ran last; CR_NONE: none, or it has left */
  cr_ns since_ns;  /* when they were launched */
  int64_t peak;    /* of the job */
};

struct cr_memory_gauge {
  const struct cr_host *host;
  const struct cr_observer *observer;
  uint32_t n_device, n_client;
  struct gauged_device *device; /* [n_device] */
  struct gauged_lane *lane;     /* [CR_LANE_MAX + n_device] */
  /* [n_client] */
  uint32_t *lane_of, *device_of; /* lane_of CR_NONE: it is in none; the device stays when it has left */
  int64_t *held, *peak;          /* peak: within an iteration */
};

/* --- what jobs need ----------------------------------------------------------------------------------------------- */

static const struct cr_model_info *model_of(const struct cr_memory_gauge *g, uint32_t job)
{
  return &g->host->workload->model[g->host->view.client_model[job]];
}

static int64_t at_least_none(int64_t bytes)
{
  return bytes > 0 ? bytes : 0;
}

static int64_t mean_of(const struct cr_memory_gauge *g, uint32_t job)
{
  const struct cr_model_info *m = model_of(g, job);
  return m->memory ? m->memory->mean_bytes : at_least_none(m->ephemeral_bytes);
}

int cr_memory_gauge_new(const struct cr_host *host, const struct cr_observer *observer, struct cr_arena *arena,
                        struct cr_memory_gauge **out)
{
  struct cr_memory_gauge *g = cr_arena_take(arena, 1, sizeof *g);
  if (!g)
    return CR_ENOMEM;
  g->host = host;
  g->observer = observer;
  g->n_device = host->machine->n_device;
  g->n_client = host->workload->n_client;
  uint32_t n_lane = CR_LANE_MAX + g->n_device;
  g->device = cr_arena_take(arena, g->n_device, sizeof *g->device);
  g->lane = cr_arena_take(arena, n_lane, sizeof *g->lane);
  g->lane_of = cr_arena_take(arena, g->n_client, sizeof *g->lane_of);
  g->device_of = cr_arena_take(arena, g->n_client, sizeof *g->device_of);
  g->held = cr_arena_take(arena, g->n_client, sizeof *g->held);
  g->peak = cr_arena_take(arena, g->n_client, sizeof *g->peak);
  if (!g->device || !g->lane || !g->lane_of || !g->device_of || !g->held || !g->peak)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n_lane; i++)
    g->lane[i] = (struct gauged_lane){.device = CR_NONE, .job = CR_NONE};
  for (uint32_t i = 0; i < g->n_client; i++) {
    g->lane_of[i] = g->device_of[i] = CR_NONE;
    g->peak[i] = at_least_none(model_of(g, i)->ephemeral_bytes);
  }
  *out = g;
  return CR_OK;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static void see_peak(struct gauged_device *d)
{
  int64_t used = d->held + d->ran;
  d->used_peak = used > d->used_peak ? used : d->used_peak;
  d->reserved_peak = d->reserved > d->reserved_peak ? d->reserved : d->reserved_peak;
}

/* What a device's jobs hold is more or less by so much, and its books may have changed. */
static void change(struct cr_memory_gauge *g, uint32_t device, int64_t held_more, cr_ns now_ns)
{
  struct gauged_device *d = &g->device[device];
  const struct cr_memory_device *books = cr_memory_see(g->host->memory, device);
  double ns = (double)(now_ns - d->since_ns);
  d->held_sum += (double)d->held * ns;
  d->reserved_sum += (double)d->reserved * ns;
  d->since_ns = now_ns;
  d->held += held_more;
  d->reserved = books->persistent + books->lanes;
  see_peak(d);
  if (g->observer && g->observer->on_memory)
    g->observer->on_memory(g->observer->ctx, device, now_ns, d->held, d->reserved);
}

static void set_runner(struct cr_memory_gauge *g, struct gauged_lane *l, uint32_t job, int64_t peak)
{
  struct gauged_device *d = &g->device[l->device];
  d->ran += peak - l->peak;
  l->job = job;
  l->peak = peak;
  if (d->held + d->ran > d->used_peak)
    d->used_peak = d->held + d->ran;
}

static void quit_lane(struct cr_memory_gauge *g, uint32_t job)
{
  uint32_t lane = g->lane_of[job];
  if (lane != CR_NONE && g->lane[lane].job == job)
    set_runner(g, &g->lane[lane], CR_NONE, 0);
}

static void enter_lane(struct cr_memory_gauge *g, uint32_t job, uint32_t lane)
{
  quit_lane(g, job);
  g->lane_of[job] = lane;
}

static void admit(struct cr_memory_gauge *g, uint32_t job, uint32_t lane, cr_ns now_ns)
{
  int64_t has = cr_memory_held(g->host->memory, job), needs = at_least_none(model_of(g, job)->persistent_bytes);
  g->lane[lane].device = cr_memory_see_lane(g->host->memory, lane)->device;
  g->held[job] = needs < has ? needs : has;
  g->device_of[job] = g->lane[lane].device;
  enter_lane(g, job, lane);
  change(g, g->device_of[job], g->held[job], now_ns);
}

static void leave(struct cr_memory_gauge *g, uint32_t job, cr_ns now_ns)
{
  if (g->lane_of[job] == CR_NONE)
    return;
  quit_lane(g, job);
  g->lane_of[job] = CR_NONE;
  change(g, g->device_of[job], -g->held[job], now_ns);
}

void cr_memory_gauge_note(struct cr_memory_gauge *g, const struct cr_note *note, cr_ns now_ns)
{
  switch (note->kind) {
  case CR_NOTE_LANE:
    g->lane[note->a].device = note->b;
    change(g, note->b, 0, now_ns);
    break;
  case CR_NOTE_CLOSE:
    change(g, g->lane[note->a].device, 0, now_ns);
    break;
  case CR_NOTE_ADMIT:
    admit(g, note->a, note->b, now_ns);
    break;
  case CR_NOTE_MOVE:
    enter_lane(g, note->a, note->b);
    break;
  case CR_NOTE_LEAVE:
    leave(g, note->a, now_ns);
    break;
  default:
    break;
  }
}

/* Those that nobody manages are admitted when they are ready. */
void cr_memory_gauge_see(struct cr_memory_gauge *g, uint32_t job, cr_ns now_ns)
{
  if (job >= g->n_client)
    return;
  uint32_t lane = cr_memory_lane_of(g->host->memory, job);
  if (lane != CR_NONE && g->lane_of[job] == CR_NONE)
    admit(g, job, lane, now_ns);
  else if (g->device_of[job] != CR_NONE)
    change(g, g->device_of[job], 0, now_ns);
}

void cr_memory_gauge_run(struct cr_memory_gauge *g, uint32_t job, cr_ns now_ns)
{
  struct gauged_lane *l = &g->lane[g->lane_of[job]];
  l->since_ns = now_ns;
  if (l->job != job)
    set_runner(g, l, job, g->peak[job]);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* How long iterations ran that were under way when the run was cut off: what they have thought by then is taken to be
 * their share of it. */
static double unfinished_ns(const struct cr_memory_gauge *g, uint32_t job, cr_ns now_ns)
{
  const struct cr_host *h = g->host;
  uint32_t slot = h->job_request[job], lane = g->lane_of[job];
  if (slot == CR_NONE || lane == CR_NONE || h->flight[slot].stream == CR_NONE || g->lane[lane].job != job)
    return 0;
  cr_ns from_ns = cr_max_ns(g->lane[lane].since_ns, h->request_ready_ns[slot]);
  double each_ns = (double)model_of(g, job)->duration_ns, think_ns = (double)h->workload->client[job].job.think_ns;
  return from_ns < now_ns ? (double)(now_ns - from_ns) * each_ns / (each_ns + think_ns) : 0;
}

void cr_memory_gauge_end(struct cr_memory_gauge *g, cr_ns now_ns, struct cr_memory_use *out)
{
  for (uint32_t i = 0; i < g->n_device; i++)
    change(g, i, 0, now_ns);
  for (uint32_t job = 0; job < g->n_client; job++)
    if (g->device_of[job] != CR_NONE)
      g->device[g->device_of[job]].held_sum +=
        (double)mean_of(g, job) * ((double)g->host->client_used_ns[job] + unfinished_ns(g, job, now_ns));
  for (uint32_t i = 0; i < g->n_device; i++) {
    const struct gauged_device *d = &g->device[i];
    double ns = now_ns > 0 ? (double)now_ns : NAN;
    out[i] = (struct cr_memory_use){
      .reserved_mean_bytes = d->reserved_sum / ns,
      .used_mean_bytes = d->held_sum / ns,
      .reserved_peak_bytes = d->reserved_peak,
      .used_peak_bytes = d->used_peak,
    };
  }
}
