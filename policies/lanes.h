/* lanes.h - the policy's books of lanes: which lane a job gets, and how large each is.
 *
 * After Salus (Yu and Chowdhury, MLSys 2020).  A job holds its persistent bytes from admission to its end.  Its
 * ephemeral bytes are needed within an iteration only, and are taken from a lane, in which one iteration runs at a
 * time.  Always: sum of what jobs hold + sum of lanes <= the device's memory.  Two sets of rules, which differ:
 *
 *   paper  Algorithm 1 as printed (section 3.3.2): (1) a new lane of the job's ephemeral need, if there is room; else
 *          (2) of the lanes that are large enough the smallest; else (3) the first lane in ascending size that can
 *          grow to the need.  Printed without: that (2) has room for the persistent bytes, which the safety condition
 *          asks for; ties, which here go to the lane with the fewest jobs, then the lowest number; and that a lane
 *          shrinks when its largest job leaves, to what its jobs need.  Lanes change their size between iterations,
 *          and there a job can be moved to another lane too, which costs nothing as its ephemeral memory is empty
 *          (section 3.3): cr_lanes_merge.
 *   code   What the authors' program does (tag nsdi19, lanemgr.cpp): a lane is made for all that its creator needs,
 *          persistent bytes too, and keeps that size.  Another job may share it if its persistent bytes and the largest
 *          ephemeral need fit in what jobs do not hold of it; as the creator leaves just its own ephemeral need, that
 *          is a job without persistent bytes.  Lanes are tried in ascending order of what was free in them at first.
 *
 * With a single lane for each device, either way, a job fits if sum of persistent + largest ephemeral <= its memory. */
#ifndef CR_LANES_H
#define CR_LANES_H
#include "policies/tenant.h"
#include "policies/waiting.h"

struct cr_lane_book {
  int64_t bytes;    /* for iterations: the lane itself; 0 when it is not open */
  int64_t largest;  /* ephemeral need of its jobs; <= bytes */
  int64_t total;    /* rules=code: all of it; bytes + held */
  int64_t held;     /* by its jobs */
  int64_t at_first; /* rules=code: free in it when it was opened */
  uint32_t n_job;   /* 0: it is not open */
  uint32_t first;   /* client + 1 */
};

struct cr_lane_device {
  int64_t capacity, free;
  uint32_t n_open;
};

struct cr_lanes {
  uint8_t as_coded, single;
  uint32_t n_device, lanes_max; /* lanes_max: of each; those of device d begin at d * lanes_max */
  struct cr_lane_device device[CR_LANE_MAX];
  struct cr_lane_book lane[CR_LANE_MAX];
};

enum cr_lane_way { CR_LANE_NONE, CR_LANE_OPEN, CR_LANE_SHARE, CR_LANE_GROW };

struct cr_place {
  enum cr_lane_way way;
  uint32_t lane;
};

static inline uint32_t cr_lanes_device_of(const struct cr_lanes *l, uint32_t lane)
{
  return lane / l->lanes_max;
}

/* Where the device would hold a job of this need; changes nothing. */
struct cr_place cr_lanes_find(const struct cr_lanes *l, uint32_t device, struct cr_need need);

/* The rooms that the device has: a job fits if it fits one of them.  i from 0 to lanes_max; 0 when there is no i-th. */
int cr_lanes_room(const struct cr_lanes *l, uint32_t device, uint32_t i, struct cr_box *out);

/* The room that would be, as printed, were jobs moved between lanes, down to one for all. */
struct cr_box cr_lanes_room_by_moving(const struct cr_lanes *l, uint32_t device);

/* As printed: the smallest open lane of the device, and the one that its jobs fit in best; CR_NONE: fewer than two are
 * open, or none holds them.  told_bytes: [CR_LANE_MAX], what lanes have now, which may be less than what they are to
 * have. */
struct cr_lane_pair {
  uint32_t from, to;
};
struct cr_lane_pair cr_lanes_merge(const struct cr_lanes *l, uint32_t device, const int64_t *told_bytes);

/* The job gets the place that was found for it; a lane that grows counts as large from here on. */
void cr_lanes_enter(const struct cr_policy *p, struct cr_lanes *l, uint32_t job, struct cr_place place);

/* The job leaves its lane, which closes when it was the last, and else keeps its size. */
void cr_lanes_leave(const struct cr_policy *p, struct cr_lanes *l, uint32_t job);

/* The lane becomes as small as its jobs allow, in either set of rules; 1 when that freed something. */
int cr_lanes_trim(struct cr_lanes *l, uint32_t lane);

#endif
