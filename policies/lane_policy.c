/* lane_policy.c - admission of jobs into lanes, and who launches when. */
#include "config.h"

#include "policies/lane_policy.h"

/* --- what jobs need ----------------------------------------------------------------------------------------------- */

/* floor(bytes * ppm / 10^6); a device's memory, and factors up to 10, keep it far from the end of int64. */
static int64_t times(int64_t bytes, int64_t ppm)
{
  enum { MILLION = 1000000 };
  return bytes / MILLION * ppm + bytes % MILLION * ppm / MILLION;
}

int cr_lane_need(int64_t persistent_bytes, int64_t ephemeral_bytes, int64_t over_ppm, int64_t over_limit_ppm,
                 int64_t capacity_bytes, struct cr_need *out)
{
  int says = persistent_bytes >= 0 && ephemeral_bytes >= 0;
  persistent_bytes = persistent_bytes < 0 ? 0 : persistent_bytes;
  ephemeral_bytes = ephemeral_bytes < 0 ? 0 : ephemeral_bytes;
  if (ephemeral_bytes > capacity_bytes || persistent_bytes > capacity_bytes - ephemeral_bytes)
    return 0;
  if (!says) { /* all of it, so that it can have what it needs */
    *out = (struct cr_need){capacity_bytes - ephemeral_bytes, ephemeral_bytes};
    return 1;
  }
  int64_t persistent = times(persistent_bytes, over_ppm);
  int64_t limit = times(persistent + ephemeral_bytes, over_limit_ppm);
  limit = limit < capacity_bytes ? limit : capacity_bytes;
  /* Where the limit cuts, what it says that it needs comes first: it could have the whole device. */
  if (persistent > limit - ephemeral_bytes)
    persistent = limit - ephemeral_bytes;
  *out = (struct cr_need){persistent, limit - persistent};
  return 1;
}

/* Needs do not depend on the device, so the largest counts. */
static int64_t largest_capacity(const struct cr_lanes *l)
{
  int64_t largest = 0;
  for (uint32_t d = 0; d < l->n_device; d++)
    if (l->device[d].capacity > largest)
      largest = l->device[d].capacity;
  return largest;
}

static void set_needs(struct cr_policy *p)
{
  struct cr_lane_policy *s = p->state;
  const struct cr_view *v = p->view;
  int64_t capacity = largest_capacity(&s->lanes);
  for (uint32_t c = 0; c < v->n_client; c++) {
    struct cr_tenant *t = cr_tenant_of(p, c);
    int ok = v->client_iterations[c] &&
             cr_lane_need(v->client_persistent_bytes[c], v->client_ephemeral_bytes[c], p->opt[CR_LANE_OPT_OVER],
                          p->opt[CR_LANE_OPT_OVER_LIMIT], capacity, &t->need);
    t->rank = ok ? 0 : CR_NONE;
    t->lane = CR_NONE;
  }
}

/* No more lanes can be open than there are jobs. */
static uint32_t lanes_max(const struct cr_policy *p, int single)
{
  uint32_t n_job = 0;
  for (uint32_t c = 0; c < p->view->n_client; c++)
    n_job += p->view->client_iterations[c] > 0;
  return cr_min_u32(single ? 1 : (uint32_t)p->opt[CR_LANE_OPT_LANES_MAX], n_job);
}

static int all_are_jobs(const struct cr_policy *p)
{
  uint32_t c = 0;
  while (c < p->view->n_client && p->view->client_iterations[c])
    c++;
  return c == p->view->n_client;
}

int cr_lane_policy_init(struct cr_policy *p, struct cr_turns_rule rule, struct cr_err *err)
{
  enum { SINGLE = 1 }; /* the place of its word among the choices, as code is the first of rules */
  struct cr_lane_policy *s = p->state;
  struct cr_lanes *l = &s->lanes;
  l->single = p->opt[CR_LANE_OPT_LANES] == SINGLE;
  l->as_coded = p->opt[CR_LANE_OPT_RULES] == 0;
  l->n_device = p->view->n_device;
  l->lanes_max = lanes_max(p, l->single);
  s->rule = rule;
  s->rule.rotates &= l->single && all_are_jobs(p);
  if ((uint64_t)l->n_device * l->lanes_max > CR_LANE_MAX)
    return cr_fail(err, CR_EINPUT,
                   "%u lanes on each of %u devices are more than the %u there may be; make lanes_max at most %u",
                   l->lanes_max, l->n_device, (unsigned)CR_LANE_MAX, (unsigned)CR_LANE_MAX / l->n_device);
  for (uint32_t i = 0; i < l->n_device * l->lanes_max; i++) {
    s->turns[i].stream = cr_stream_new(p, (cr_device){i / l->lanes_max}, 0);
    s->told_bytes[i] = CR_UNKNOWN;
  }
  for (uint32_t d = 0; d < l->n_device; d++) {
    int64_t has = p->view->device_mem_bytes[d], may = p->opt[CR_LANE_OPT_CAPACITY];
    l->device[d].capacity = l->device[d].free = may && may < has ? may : has;
  }
  set_needs(p);
  cr_waiting_init(p, &s->waiting);
  return CR_OK;
}

/* --- lanes -------------------------------------------------------------------------------------------------------- */

static uint32_t n_beside(const struct cr_lane_policy *s, uint32_t lane)
{
  return s->lanes.device[cr_lanes_device_of(&s->lanes, lane)].n_open;
}

static void next(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  cr_turns_next(p, &s->rule, &s->turns[lane], n_beside(s, lane));
}

/* Only as printed do lanes lie apart in memory, so that a size can change only while nothing is in them. */
static int has_boundaries(const struct cr_lanes *l)
{
  return !l->as_coded && !l->single;
}

static void tell_size(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  const struct cr_lane_book *book = &s->lanes.lane[lane];
  if (book->n_job == 0 && s->told_bytes[lane] != CR_UNKNOWN) {
    cr_lane_close(p, (cr_lane){lane});
    s->told_bytes[lane] = CR_UNKNOWN;
  } else if (book->n_job && s->told_bytes[lane] != book->bytes) {
    cr_lane_size(p, (cr_device){cr_lanes_device_of(&s->lanes, lane)}, (cr_lane){lane}, book->bytes);
    s->told_bytes[lane] = book->bytes;
  }
}

static void admit(struct cr_policy *p, uint32_t job)
{
  struct cr_lane_policy *s = p->state;
  const struct cr_tenant *t = cr_tenant_of(p, job);
  s->turns[t->lane].n_coming++;
  cr_admit(p, (cr_client){job}, (cr_lane){t->lane}, t->need.persistent_bytes);
}

static void admit_deferred(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  while (s->deferred[lane]) {
    uint32_t job = s->deferred[lane] - 1;
    s->deferred[lane] = cr_tenant_of(p, job)->next_deferred;
    s->n_deferred--;
    admit(p, job);
  }
}

/* In the order in which they got their place. */
static void defer(struct cr_policy *p, uint32_t job)
{
  struct cr_lane_policy *s = p->state;
  uint32_t *end = &s->deferred[cr_tenant_of(p, job)->lane];
  while (*end)
    end = &cr_tenant_of(p, *end - 1)->next_deferred;
  *end = job + 1;
  cr_tenant_of(p, job)->next_deferred = 0;
  s->n_deferred++;
}

/* Between two iterations of the lane. */
static void resize(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  cr_lanes_trim(&s->lanes, lane);
  tell_size(p, lane);
  admit_deferred(p, lane);
}

/* Now if the lane is idle, and else when what runs in it has come back. */
static void resize_soon(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  if (!s->turns[lane].running) {
    resize(p, lane);
    return;
  }
  s->at_boundary[lane] = 1;
  cr_turns_park(p, &s->turns[lane]);
}

/* A lane more makes iterations of the others longer than was reckoned. */
static void review(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  uint32_t first = cr_lanes_device_of(&s->lanes, lane) * s->lanes.lanes_max;
  if (!s->rule.order->is_timed)
    return;
  for (uint32_t i = first; i < first + s->lanes.lanes_max; i++)
    if (s->turns[i].n_in > 1 && s->turns[i].launched > 1)
      cr_turns_park(p, &s->turns[i]);
}

/* --- admission ---------------------------------------------------------------------------------------------------- */

static struct cr_place find(const struct cr_lane_policy *s, struct cr_need need)
{
  struct cr_place place = {CR_LANE_NONE, CR_NONE};
  for (uint32_t d = 0; d < s->lanes.n_device && place.way == CR_LANE_NONE; d++)
    place = cr_lanes_find(&s->lanes, d, need);
  return place;
}

static void enter(struct cr_policy *p, uint32_t job, struct cr_place place)
{
  struct cr_lane_policy *s = p->state;
  uint32_t lane = place.lane;
  cr_lanes_enter(p, &s->lanes, job, place);
  if (place.way == CR_LANE_OPEN)
    review(p, lane);
  if (!has_boundaries(&s->lanes) || place.way == CR_LANE_OPEN) {
    tell_size(p, lane);
    admit(p, job);
  } else if (place.way == CR_LANE_SHARE && cr_tenant_of(p, job)->need.ephemeral_bytes <= s->told_bytes[lane]) {
    admit(p, job);
  } else {
    defer(p, job);
    resize_soon(p, lane);
  }
}

/* A room of the device, as it is or as moving could make it; 0: there is no i-th. */
static int room(const struct cr_lane_policy *s, uint32_t device, uint32_t i, int by_moving, struct cr_box *out)
{
  if (!by_moving)
    return cr_lanes_room(&s->lanes, device, i, out);
  *out = cr_lanes_room_by_moving(&s->lanes, device);
  return i == 0;
}

/* Of a room and the best so far, who is to be admitted. */
static uint32_t better(const struct cr_policy *p, struct cr_box box, uint32_t best)
{
  enum { BEST = 1 };
  const struct cr_lane_policy *s = p->state;
  const struct cr_waiting *w = &s->waiting;
  if (!p->opt[CR_LANE_OPT_BACKFILL])
    return best == CR_NONE && cr_box_holds(box, cr_tenant_of(p, cr_waiting_head(p, w))->need) ? cr_waiting_head(p, w)
                                                                                              : best;
  if (p->opt[CR_LANE_OPT_FIT] != BEST)
    return cr_waiting_first(p, w, box, best);
  uint32_t largest = cr_waiting_largest(p, w, box);
  if (best == CR_NONE || largest == CR_NONE)
    return best == CR_NONE ? largest : best;
  return cr_tenant_of(p, largest)->rank > cr_tenant_of(p, best)->rank ? largest : best;
}

/* Of the jobs that wait, the one to be admitted next, and the first device with room for it; CR_NONE: none fits. */
static uint32_t choose(const struct cr_policy *p, int by_moving, uint32_t *device)
{
  const struct cr_lane_policy *s = p->state;
  uint32_t best = CR_NONE;
  struct cr_box box;
  for (uint32_t d = 0; s->waiting.n && d < s->lanes.n_device; d++)
    for (uint32_t i = 0; room(s, d, i, by_moving, &box); i++) {
      uint32_t last = best;
      best = better(p, box, best);
      *device = best != last ? d : *device;
    }
  return best;
}

/* The jobs of a lane go into another one, and it closes.  None of its iterations is out. */
static void merge_lanes(struct cr_policy *p, struct cr_lane_pair pair)
{
  struct cr_lane_policy *s = p->state;
  const struct cr_lane_book *from = &s->lanes.lane[pair.from];
  while (from->n_job) {
    uint32_t job = from->first - 1;
    cr_move(p, (cr_client){job}, (cr_lane){pair.to});
    cr_lanes_leave(p, &s->lanes, job);
    cr_lanes_enter(p, &s->lanes, job, (struct cr_place){CR_LANE_SHARE, pair.to});
  }
  cr_turns_move(p, &s->rule, &s->turns[pair.from], &s->turns[pair.to]);
  tell_size(p, pair.from);
  next(p, pair.to);
}

/* For a job that would fit were there fewer lanes; 1 when there is one less already, 0 when it is to come or cannot. */
static int make_room(struct cr_policy *p)
{
  struct cr_lane_policy *s = p->state;
  uint32_t device = 0;
  if (!p->opt[CR_LANE_OPT_MOVE] || !has_boundaries(&s->lanes) || choose(p, 1, &device) == CR_NONE)
    return 0;
  struct cr_lane_pair pair = cr_lanes_merge(&s->lanes, device, s->told_bytes);
  if (pair.to == CR_NONE)
    return 0;
  const struct cr_turns *t = &s->turns[pair.from];
  if (!t->running && !t->n_coming && !s->deferred[pair.from]) {
    merge_lanes(p, pair);
    return 1;
  }
  s->at_boundary[pair.from] = 1;
  cr_turns_park(p, &s->turns[pair.from]);
  return 0;
}

/* Memory was freed. */
static void admit_waiting(struct cr_policy *p)
{
  struct cr_lane_policy *s = p->state;
  do {
    uint32_t device = 0;
    for (uint32_t job; (job = choose(p, 0, &device)) != CR_NONE;) {
      cr_waiting_remove(p, &s->waiting, job);
      enter(p, job, cr_lanes_find(&s->lanes, device, cr_tenant_of(p, job)->need));
    }
  } while (make_room(p));
}

/* Something has changed in the lane, which may have come between two iterations. */
static void go_on(struct cr_policy *p, uint32_t lane)
{
  struct cr_lane_policy *s = p->state;
  if (s->at_boundary[lane] && !s->turns[lane].running && !s->turns[lane].n_coming) {
    s->at_boundary[lane] = 0;
    if (s->lanes.lane[lane].n_job)
      resize(p, lane);
    admit_waiting(p);
  }
  next(p, lane);
}

/* --- callbacks ---------------------------------------------------------------------------------------------------- */

void cr_lane_policy_on_client(struct cr_policy *p, cr_client c)
{
  if (p->view->client_iterations[c.i] == 0)
    cr_tenant_of(p, c.i)->stream = cr_stream_new(p, (cr_device){c.i % p->view->n_device}, 0);
}

void cr_lane_policy_on_job_arrive(struct cr_policy *p, cr_client job)
{
  if (cr_tenant_of(p, job.i)->rank == CR_NONE)
    cr_reject(p, job);
  else
    cr_start(p, job);
}

void cr_lane_policy_on_job_ready(struct cr_policy *p, cr_client job)
{
  struct cr_lane_policy *s = p->state;
  struct cr_place place = find(s, cr_tenant_of(p, job.i)->need);
  if (place.way != CR_LANE_NONE && (s->waiting.n == 0 || p->opt[CR_LANE_OPT_BACKFILL])) {
    enter(p, job.i, place);
    return;
  }
  cr_waiting_add(p, &s->waiting, job.i);
  if (make_room(p))
    admit_waiting(p);
}

void cr_lane_policy_on_job_leave(struct cr_policy *p, cr_client job)
{
  struct cr_lane_policy *s = p->state;
  const struct cr_tenant *t = cr_tenant_of(p, job.i);
  uint32_t lane = t->lane;
  if (lane == CR_NONE)
    return;
  if (t->request)
    cr_turns_quit(p, &s->turns[lane], job.i);
  else /* it failed as it was admitted */
    s->turns[lane].n_coming--;
  cr_lanes_leave(p, &s->lanes, job.i);
  if (has_boundaries(&s->lanes) && s->lanes.lane[lane].n_job) {
    resize_soon(p, lane);
  } else {
    cr_lanes_trim(&s->lanes, lane);
    tell_size(p, lane);
  }
  admit_waiting(p);
  go_on(p, lane);
}

void cr_lane_policy_on_request(struct cr_policy *p, cr_request r)
{
  struct cr_lane_policy *s = p->state;
  cr_client c = cr_request_client(p, r);
  const struct cr_tenant *t = cr_tenant_of(p, c.i);
  if (p->view->client_iterations[c.i] == 0) {
    cr_launch(p, r, CR_ALL, t->stream);
    return;
  }
  cr_turns_join(p, &s->rule, &s->turns[t->lane], r);
  go_on(p, t->lane);
}

static void land(struct cr_policy *p, cr_request r, int complete)
{
  struct cr_lane_policy *s = p->state;
  cr_client c = cr_request_client(p, r);
  uint32_t lane = cr_tenant_of(p, c.i)->lane;
  if (p->view->client_iterations[c.i] == 0)
    return;
  cr_turns_land(p, &s->rule, &s->turns[lane], r, complete);
  if (!complete && !s->turns[lane].n_out) /* else the job leaves, or others come back, and what follows comes then */
    go_on(p, lane);
}

void cr_lane_policy_on_done(struct cr_policy *p, cr_request r, int complete)
{
  land(p, r, complete);
}

void cr_lane_policy_on_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  (void)how;
  land(p, r, 0);
}

void cr_lane_policy_dump(struct cr_policy *p, struct cr_text *out)
{
  const struct cr_lane_policy *s = p->state;
  cr_text_add(out, "%u jobs wait for memory, %u for a lane to grow", s->waiting.n, s->n_deferred);
  for (uint32_t i = 0; i < s->lanes.n_device * s->lanes.lanes_max; i++)
    if (s->lanes.lane[i].n_job)
      cr_text_add(out, "; lane %u has %u jobs, of which %u want to run and %u think%s", i, s->lanes.lane[i].n_job,
                  s->turns[i].wanting.n + s->turns[i].fresh.n, s->turns[i].thinking.n,
                  s->turns[i].running ? ", and one runs" : "");
}
