/* lanes.c - Algorithm 1 of Salus, as printed and as coded, and the books that it works on. */
#include "config.h"

#include "policies/lanes.h"

static int64_t greater(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

/* --- where a job fits --------------------------------------------------------------------------------------------- */

static struct cr_place open_lane(const struct cr_lanes *l, uint32_t device)
{
  uint32_t lane = device * l->lanes_max;
  while (l->lane[lane].n_job)
    lane++;
  return (struct cr_place){CR_LANE_OPEN, lane};
}

static int may_open(const struct cr_lanes *l, uint32_t device)
{
  return l->device[device].n_open < (l->single ? 1 : l->lanes_max);
}

/* The lesser of two lanes that would do: the smaller, then the one with fewer jobs, then the lower number. */
static uint32_t tighter(const struct cr_lanes *l, uint32_t a, uint32_t b)
{
  if (a == CR_NONE || b == CR_NONE)
    return a == CR_NONE ? b : a;
  const struct cr_lane_book *x = &l->lane[a], *y = &l->lane[b];
  if (x->bytes != y->bytes)
    return x->bytes < y->bytes ? a : b;
  if (x->n_job != y->n_job)
    return x->n_job < y->n_job ? a : b;
  return a < b ? a : b;
}

static struct cr_place as_printed(const struct cr_lanes *l, uint32_t device, struct cr_need need)
{
  const struct cr_lane_device *d = &l->device[device];
  uint32_t first = device * l->lanes_max, share = CR_NONE, grow = CR_NONE;
  if (cr_need_total(need) <= d->free && may_open(l, device))
    return open_lane(l, device);
  if (need.persistent_bytes > d->free)
    return (struct cr_place){CR_LANE_NONE, CR_NONE};
  for (uint32_t i = first; i < first + l->lanes_max; i++) {
    const struct cr_lane_book *lane = &l->lane[i];
    if (!lane->n_job)
      continue;
    if (lane->bytes >= need.ephemeral_bytes)
      share = tighter(l, share, i);
    else if (cr_need_total(need) <= d->free + lane->bytes)
      grow = tighter(l, grow, i);
  }
  if (share != CR_NONE)
    return (struct cr_place){CR_LANE_SHARE, share};
  return (struct cr_place){grow == CR_NONE ? CR_LANE_NONE : CR_LANE_GROW, grow};
}

static struct cr_place as_coded(const struct cr_lanes *l, uint32_t device, struct cr_need need)
{
  uint32_t first = device * l->lanes_max, best = CR_NONE;
  if (cr_need_total(need) <= l->device[device].free && may_open(l, device))
    return open_lane(l, device);
  for (uint32_t i = first; i < first + l->lanes_max; i++) {
    const struct cr_lane_book *lane = &l->lane[i];
    if (lane->n_job && need.persistent_bytes + greater(need.ephemeral_bytes, lane->largest) <= lane->bytes &&
        (best == CR_NONE || lane->at_first < l->lane[best].at_first))
      best = i;
  }
  return (struct cr_place){best == CR_NONE ? CR_LANE_NONE : CR_LANE_SHARE, best};
}

struct cr_place cr_lanes_find(const struct cr_lanes *l, uint32_t device, struct cr_need need)
{
  return l->as_coded && !l->single ? as_coded(l, device, need) : as_printed(l, device, need);
}

static int64_t largest_lane(const struct cr_lanes *l, uint32_t device)
{
  int64_t largest = 0;
  for (uint32_t k = device * l->lanes_max; k < (device + 1) * l->lanes_max; k++)
    largest = greater(largest, l->lane[k].bytes);
  return largest;
}

/* As printed, one room says it all: a job fits beside what is held, with the largest lane in the place of its own. */
static int room_as_printed(const struct cr_lanes *l, uint32_t device, uint32_t i, struct cr_box *out)
{
  if (i > 0)
    return 0;
  int64_t free = l->device[device].free;
  *out = (struct cr_box){free, free + largest_lane(l, device)};
  return 1;
}

int cr_lanes_room(const struct cr_lanes *l, uint32_t device, uint32_t i, struct cr_box *out)
{
  if (!l->as_coded || l->single)
    return room_as_printed(l, device, i, out);
  if (i > l->lanes_max)
    return 0;
  *out = (struct cr_box){-1, -1}; /* for nobody */
  if (i == 0 && may_open(l, device))
    *out = (struct cr_box){l->device[device].free, l->device[device].free};
  const struct cr_lane_book *lane = i ? &l->lane[device * l->lanes_max + i - 1] : NULL;
  if (lane && lane->n_job)
    *out = (struct cr_box){lane->bytes - lane->largest, lane->bytes};
  return 1;
}

struct cr_box cr_lanes_room_by_moving(const struct cr_lanes *l, uint32_t device)
{
  int64_t room = l->device[device].free;
  for (uint32_t k = device * l->lanes_max; k < (device + 1) * l->lanes_max; k++)
    room += l->lane[k].bytes;
  return (struct cr_box){room - largest_lane(l, device), room};
}

struct cr_lane_pair cr_lanes_merge(const struct cr_lanes *l, uint32_t device, const int64_t *told_bytes)
{
  uint32_t first = device * l->lanes_max, from = CR_NONE, to = CR_NONE;
  for (uint32_t i = first; i < first + l->lanes_max; i++)
    if (l->lane[i].n_job)
      from = tighter(l, from, i);
  for (uint32_t i = first; i < first + l->lanes_max; i++)
    if (l->lane[i].n_job && i != from && told_bytes[i] >= l->lane[from].largest)
      to = tighter(l, to, i);
  return (struct cr_lane_pair){to == CR_NONE ? CR_NONE : from, to};
}

/* --- coming and going --------------------------------------------------------------------------------------------- */

static void link_job(const struct cr_policy *p, struct cr_lane_book *lane, uint32_t job)
{
  struct cr_tenant *t = cr_tenant_of(p, job);
  t->previous = 0;
  t->next = lane->first;
  if (lane->first)
    cr_tenant_of(p, lane->first - 1)->previous = job + 1;
  lane->first = job + 1;
  lane->n_job++;
}

static void unlink_job(const struct cr_policy *p, struct cr_lane_book *lane, uint32_t job)
{
  struct cr_tenant *t = cr_tenant_of(p, job);
  if (t->next)
    cr_tenant_of(p, t->next - 1)->previous = t->previous;
  if (t->previous)
    cr_tenant_of(p, t->previous - 1)->next = t->next;
  else
    lane->first = t->next;
  t->next = t->previous = 0;
  lane->n_job--;
}

static int64_t largest_of(const struct cr_policy *p, const struct cr_lane_book *lane)
{
  int64_t largest = 0;
  for (uint32_t j = lane->first; j; j = cr_tenant_of(p, j - 1)->next)
    largest = greater(largest, cr_tenant_of(p, j - 1)->need.ephemeral_bytes);
  return largest;
}

void cr_lanes_enter(const struct cr_policy *p, struct cr_lanes *l, uint32_t job, struct cr_place place)
{
  struct cr_tenant *t = cr_tenant_of(p, job);
  struct cr_lane_book *lane = &l->lane[place.lane];
  struct cr_lane_device *d = &l->device[cr_lanes_device_of(l, place.lane)];
  int inside = l->as_coded && !l->single;
  int64_t before = inside ? lane->total : lane->held + lane->bytes;
  if (place.way == CR_LANE_OPEN)
    d->n_open++;
  lane->held += t->need.persistent_bytes;
  if (inside && place.way == CR_LANE_OPEN) {
    lane->total = cr_need_total(t->need);
    lane->at_first = t->need.ephemeral_bytes;
  }
  lane->largest = greater(lane->largest, t->need.ephemeral_bytes);
  lane->bytes = inside ? lane->total - lane->held : greater(lane->bytes, t->need.ephemeral_bytes);
  d->free -= lane->held + lane->bytes - before;
  t->lane = place.lane;
  link_job(p, lane, job);
}

void cr_lanes_leave(const struct cr_policy *p, struct cr_lanes *l, uint32_t job)
{
  struct cr_tenant *t = cr_tenant_of(p, job);
  struct cr_lane_book *lane = &l->lane[t->lane];
  struct cr_lane_device *d = &l->device[cr_lanes_device_of(l, t->lane)];
  unlink_job(p, lane, job);
  t->lane = CR_NONE;
  lane->held -= t->need.persistent_bytes;
  if (l->as_coded && !l->single)
    lane->bytes += t->need.persistent_bytes;
  else
    d->free += t->need.persistent_bytes;
  if (t->need.ephemeral_bytes == lane->largest)
    lane->largest = largest_of(p, lane);
  if (lane->n_job)
    return;
  d->free += lane->bytes;
  d->n_open--;
  *lane = (struct cr_lane_book){0};
}

int cr_lanes_trim(struct cr_lanes *l, uint32_t i)
{
  struct cr_lane_book *lane = &l->lane[i];
  int64_t spare = lane->bytes - lane->largest;
  if ((l->as_coded && !l->single) || spare == 0)
    return 0;
  lane->bytes = lane->largest;
  l->device[cr_lanes_device_of(l, i)].free += spare;
  return 1;
}
