/* memory.c - the books of device memory: columns of jobs and lanes, and their sums.
 *
 * The jobs of a lane are a list through two columns, so that coming, going and moving cost the same however many there
 * are; only making a lane smaller looks at each of its jobs. */
#include "config.h"

#include "sim/memory.h"

#include <assert.h>

#include "sim/mem.h"

struct cr_memory {
  struct cr_arena *arena;
  uint32_t n_device, n_lane, n_job;
  struct cr_memory_device *device; /* [n_device] */
  struct cr_memory_lane *lane;     /* [n_lane] */
  uint32_t *first_job;             /* [n_lane]; CR_NONE: empty */
  /* [n_job] */
  uint32_t *lane_of, *next_job, *last_job; /* lane_of CR_NONE: holds nothing.  Neighbours in its lane */
  int64_t *persistent, *ephemeral;
};

struct cr_memory *cr_memory_new(const int64_t *capacity, uint32_t n_device, uint32_t n_lane, uint32_t n_job)
{
  struct cr_arena *a = cr_arena_new();
  struct cr_memory *m = a ? cr_arena_take(a, 1, sizeof *m) : NULL;
  if (m) {
    *m = (struct cr_memory){.arena = a, .n_device = n_device, .n_lane = n_lane, .n_job = n_job};
    m->device = cr_arena_take(a, n_device, sizeof *m->device);
    m->lane = cr_arena_take(a, n_lane, sizeof *m->lane);
    m->first_job = cr_arena_take(a, n_lane, sizeof *m->first_job);
    m->lane_of = cr_arena_take(a, n_job, sizeof *m->lane_of);
    m->next_job = cr_arena_take(a, n_job, sizeof *m->next_job);
    m->last_job = cr_arena_take(a, n_job, sizeof *m->last_job);
    m->persistent = cr_arena_take(a, n_job, sizeof *m->persistent);
    m->ephemeral = cr_arena_take(a, n_job, sizeof *m->ephemeral);
  }
  if (!m || !m->device || !m->lane || !m->first_job || !m->lane_of || !m->next_job || !m->last_job || !m->persistent ||
      !m->ephemeral) {
    cr_arena_free(a);
    return NULL;
  }
  for (uint32_t i = 0; i < n_device; i++) {
    assert(capacity[i] >= 0);
    m->device[i].capacity = capacity[i];
  }
  for (uint32_t i = 0; i < n_lane; i++) {
    m->lane[i].device = CR_NONE;
    m->first_job[i] = CR_NONE;
  }
  for (uint32_t i = 0; i < n_job; i++)
    m->lane_of[i] = CR_NONE;
  return m;
}

void cr_memory_free(struct cr_memory *m)
{
  if (m)
    cr_arena_free(m->arena);
}

/* Both sums lie within 0..capacity, so that nothing here overflows. */
static int64_t room(const struct cr_memory_device *d)
{
  return d->capacity - d->persistent - d->lanes;
}

static int64_t largest_need(const struct cr_memory *m, uint32_t lane)
{
  int64_t largest = 0;
  for (uint32_t j = m->first_job[lane]; j != CR_NONE; j = m->next_job[j])
    largest = m->ephemeral[j] > largest ? m->ephemeral[j] : largest;
  return largest;
}

enum cr_memory_answer cr_memory_lane(struct cr_memory *m, uint32_t lane, uint32_t device, int64_t bytes)
{
  assert(lane < m->n_lane && device < m->n_device);
  struct cr_memory_lane *l = &m->lane[lane];
  struct cr_memory_device *d = &m->device[device];
  if (bytes < 0)
    return CR_MEMORY_SMALL;
  if (l->device != CR_NONE && l->device != device)
    return CR_MEMORY_IN_USE;
  int64_t old_bytes = l->device == CR_NONE ? 0 : l->bytes;
  if (bytes < old_bytes && bytes < largest_need(m, lane))
    return CR_MEMORY_IN_USE;
  if (bytes - old_bytes > room(d))
    return CR_MEMORY_FULL;
  d->lanes += bytes - old_bytes;
  l->device = device;
  l->bytes = bytes;
  return CR_MEMORY_OK;
}

enum cr_memory_answer cr_memory_close(struct cr_memory *m, uint32_t lane)
{
  assert(lane < m->n_lane);
  struct cr_memory_lane *l = &m->lane[lane];
  if (l->device == CR_NONE)
    return CR_MEMORY_NO_LANE;
  if (l->n_job > 0)
    return CR_MEMORY_IN_USE;
  m->device[l->device].lanes -= l->bytes;
  *l = (struct cr_memory_lane){.device = CR_NONE};
  return CR_MEMORY_OK;
}

static void enter(struct cr_memory *m, uint32_t job, uint32_t lane)
{
  uint32_t first = m->first_job[lane];
  m->lane_of[job] = lane;
  m->last_job[job] = CR_NONE;
  m->next_job[job] = first;
  if (first != CR_NONE)
    m->last_job[first] = job;
  m->first_job[lane] = job;
  m->lane[lane].n_job++;
}

static void quit(struct cr_memory *m, uint32_t job)
{
  uint32_t lane = m->lane_of[job], next = m->next_job[job], last = m->last_job[job];
  if (next != CR_NONE)
    m->last_job[next] = last;
  if (last != CR_NONE)
    m->next_job[last] = next;
  else
    m->first_job[lane] = next;
  m->lane[lane].n_job--;
  m->lane_of[job] = CR_NONE;
}

enum cr_memory_answer cr_memory_admit(struct cr_memory *m, uint32_t job, uint32_t lane, int64_t persistent,
                                      int64_t ephemeral)
{
  assert(job < m->n_job && lane < m->n_lane);
  if (m->lane_of[job] != CR_NONE)
    return CR_MEMORY_IN_USE;
  const struct cr_memory_lane *l = &m->lane[lane];
  if (l->device == CR_NONE)
    return CR_MEMORY_NO_LANE;
  if (persistent < 0 || ephemeral > l->bytes)
    return CR_MEMORY_SMALL;
  struct cr_memory_device *d = &m->device[l->device];
  if (persistent > room(d))
    return CR_MEMORY_FULL;
  d->persistent += persistent;
  m->persistent[job] = persistent;
  m->ephemeral[job] = ephemeral < 0 ? 0 : ephemeral;
  enter(m, job, lane);
  return CR_MEMORY_OK;
}

enum cr_memory_answer cr_memory_move(struct cr_memory *m, uint32_t job, uint32_t lane)
{
  assert(job < m->n_job && lane < m->n_lane);
  uint32_t from = m->lane_of[job];
  if (from == CR_NONE || m->lane[lane].device != m->lane[from].device)
    return CR_MEMORY_NO_LANE;
  if (m->ephemeral[job] > m->lane[lane].bytes)
    return CR_MEMORY_SMALL;
  quit(m, job);
  enter(m, job, lane);
  return CR_MEMORY_OK;
}

void cr_memory_leave(struct cr_memory *m, uint32_t job)
{
  assert(job < m->n_job);
  uint32_t lane = m->lane_of[job];
  if (lane == CR_NONE)
    return;
  m->device[m->lane[lane].device].persistent -= m->persistent[job];
  quit(m, job);
}

uint32_t cr_memory_lane_of(const struct cr_memory *m, uint32_t job)
{
  assert(job < m->n_job);
  return m->lane_of[job];
}

int64_t cr_memory_held(const struct cr_memory *m, uint32_t job)
{
  assert(job < m->n_job);
  return m->persistent[job];
}

const struct cr_memory_lane *cr_memory_see_lane(const struct cr_memory *m, uint32_t lane)
{
  assert(lane < m->n_lane);
  return &m->lane[lane];
}

const struct cr_memory_device *cr_memory_see(const struct cr_memory *m, uint32_t device)
{
  assert(device < m->n_device);
  return &m->device[device];
}

/* ------------------------------------------------------------------------------------------------------ the check */

/* The list of a lane holds n_job jobs that name it, and none needs more than it has. */
static int lane_is_sound(const struct cr_memory *m, uint32_t lane)
{
  const struct cr_memory_lane *l = &m->lane[lane];
  if (l->device == CR_NONE)
    return l->n_job == 0 && m->first_job[lane] == CR_NONE;
  if (l->device >= m->n_device || l->bytes < 0)
    return 0;
  uint32_t n = 0, last = CR_NONE;
  for (uint32_t j = m->first_job[lane]; j != CR_NONE; last = j, j = m->next_job[j], n++)
    if (n == l->n_job || m->lane_of[j] != lane || m->last_job[j] != last || m->ephemeral[j] > l->bytes)
      return 0;
  return n == l->n_job;
}

static int device_is_sound(const struct cr_memory *m, uint32_t device)
{
  const struct cr_memory_device *d = &m->device[device];
  int64_t persistent = 0, lanes = 0; /* these sums saturate, whatever the books say */
  for (uint32_t i = 0; i < m->n_lane; i++)
    if (m->lane[i].device == device)
      lanes = cr_ns_add(lanes, m->lane[i].bytes);
  for (uint32_t j = 0; j < m->n_job; j++)
    if (m->lane_of[j] != CR_NONE && m->lane[m->lane_of[j]].device == device)
      persistent = cr_ns_add(persistent, m->persistent[j]);
  return persistent == d->persistent && lanes == d->lanes && persistent >= 0 && lanes >= 0 &&
         persistent <= d->capacity && lanes <= d->capacity - persistent;
}

int cr_memory_sound(const struct cr_memory *m)
{
  uint64_t n_job = 0, n_held = 0;
  for (uint32_t i = 0; i < m->n_lane; i++) {
    if (!lane_is_sound(m, i))
      return 0;
    n_job += m->lane[i].n_job;
  }
  for (uint32_t j = 0; j < m->n_job; j++)
    n_held += m->lane_of[j] != CR_NONE;
  if (n_job != n_held)
    return 0;
  for (uint32_t i = 0; i < m->n_device; i++)
    if (!device_is_sound(m, i))
      return 0;
  return 1;
}
