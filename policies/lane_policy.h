/* lane_policy.h - what srtf, pack and fair share: admission of jobs, lanes, and the callbacks that drive them.
 *
 * After Salus (Yu and Chowdhury, MLSys 2020).  All jobs' processes start as they are submitted.  A job that is ready
 * gets a place in a lane at once, if one can be had, and else waits; whenever memory is freed, those that wait are
 * gone through:
 *
 *   fit=first  in the order in which they became ready; whoever fits is admitted (first fit)
 *   fit=best   the one that needs most of those that fit, again and again: it leaves the least of the memory unused.
 *              Small jobs wait longer, as large ones no longer do
 *
 * and with backfill=no nobody passes one that waits.  As to admit a job never makes room for another, a job that
 * becomes ready is all that need be looked at then.  What a job is held to need: P' = floor(over * persistent), and
 * for both floor(over_limit * (P' + ephemeral)), at most the device's memory; a job that does not say is held to need
 * all of it.  A job that no device could ever hold is rejected as it is submitted.  With several devices, each job
 * takes the first that has room.
 *
 * Under rules=paper a lane changes its size only between two iterations: what runs in it is parked, and it is resized
 * as that comes back; jobs that wait for it to grow have their memory kept for them.  With move=yes the jobs of the
 * smallest lane are moved to the next one, there too, as long as a job waits that fewer lanes would leave room for.
 *
 * Clients that are no jobs ask for no memory: each has a stream of its own beside the lanes, as under streams. */
#ifndef CR_LANE_POLICY_H
#define CR_LANE_POLICY_H
#include "policies/lanes.h"
#include "policies/turns.h"
#include "policies/waiting.h"

/* The first options of each policy's table, in this order. */
enum {
  CR_LANE_OPT_RULES,
  CR_LANE_OPT_LANES,
  CR_LANE_OPT_FIT,
  CR_LANE_OPT_BACKFILL,
  CR_LANE_OPT_OVER,
  CR_LANE_OPT_OVER_LIMIT,
  CR_LANE_OPT_CAPACITY,
  CR_LANE_OPT_LANES_MAX,
  CR_LANE_OPT_MOVE,
  CR_LANE_N_OPT
};

#define CR_LANE_CAPACITY_MAX (INT64_C(1) << 50)

/* clang-format off */
#define CR_LANE_OPTIONS(lanes, lanes_source)                                                                         \
  [CR_LANE_OPT_RULES] = {.name = "rules", .kind = CR_OPT_CHOICE, .choices = "code|paper", .fallback = "code",        \
                         .help = "how lanes are organised: as the authors' program does, or as Algorithm 1 says",    \
                         .source = "code made the paper's results"},                                                 \
  [CR_LANE_OPT_LANES] = {.name = "lanes", .kind = CR_OPT_CHOICE, .choices = "auto|single", .fallback = lanes,        \
                         .help = "as many lanes as memory allows, or a single one a device for all its jobs",        \
                         .source = lanes_source},                                                                    \
  [CR_LANE_OPT_FIT] = {.name = "fit", .kind = CR_OPT_CHOICE, .choices = "first|best", .fallback = "first",           \
                       .help = "who is admitted of those that fit: who waits longest, or who needs most",            \
                       .source = "first: Salus, lanemgr.cpp"},                                                       \
  [CR_LANE_OPT_BACKFILL] = {.name = "backfill", .kind = CR_OPT_BOOL, .fallback = "yes",                              \
                            .help = "jobs that fit may pass jobs that wait", .source = "Salus, lanemgr.cpp"},        \
  [CR_LANE_OPT_OVER] = {.name = "over", .kind = CR_OPT_FACTOR, .fallback = "1.1", .min = 1000000, .max = 10000000,   \
                        .help = "persistent bytes held, of those declared", .source = "Salus, tfinstance.cpp"},      \
  [CR_LANE_OPT_OVER_LIMIT] = {.name = "over_limit", .kind = CR_OPT_FACTOR, .fallback = "1.05", .min = 1000000,       \
                              .max = 10000000, .help = "bytes held in all, of persistent held and ephemeral declared", \
                              .source = "Salus, tfinstance.cpp"},                                                    \
  [CR_LANE_OPT_CAPACITY] = {.name = "capacity", .kind = CR_OPT_BYTES, .fallback = "0", .min = 0,                     \
                            .max = CR_LANE_CAPACITY_MAX, .help = "memory for jobs, of each device; 0: all it has",   \
                            .source = "Salus has 16320875724B of a P100's 16 GiB"},                                  \
  [CR_LANE_OPT_LANES_MAX] = {.name = "lanes_max", .kind = CR_OPT_COUNT, .fallback = "128", .min = 1, .max = 512,     \
                             .help = "lanes at a time, of each device", .source = "corun: a stream is made for each"}, \
  [CR_LANE_OPT_MOVE] = {.name = "move", .kind = CR_OPT_BOOL, .fallback = "no",                                       \
                        .help = "rules=paper: lanes are merged, jobs moved between iterations, to admit one more",   \
                        .source = "corun; Salus names moving at iteration boundaries, its program never does it"}

#define CR_LANE_OPTION_TURN                                                                                          \
  {.name = "turn", .kind = CR_OPT_COUNT, .fallback = "1", .min = 1, .max = 1000000,                                  \
   .help = "iterations that a job of several in a lane is given at a time, at least: more saves events",             \
   .source = "Salus: one"}
/* clang-format on */

/* State of each policy of this kind. */
struct cr_lane_policy {
  struct cr_turns_rule rule;
  struct cr_lanes lanes;
  struct cr_waiting waiting;
  struct cr_turns turns[CR_LANE_MAX];
  int64_t told_bytes[CR_LANE_MAX]; /* size that the core knows the lane to have; CR_UNKNOWN: it is not open */
  uint32_t deferred[CR_LANE_MAX];  /* client + 1, first of those that come in when the lane has been resized; 0: none */
  uint8_t at_boundary[CR_LANE_MAX]; /* something is to be done when none of its iterations is out */
  uint32_t n_deferred;
};

int cr_lane_policy_init(struct cr_policy *p, struct cr_turns_rule rule, struct cr_err *err);

/* The callbacks, as they are. */
void cr_lane_policy_on_client(struct cr_policy *p, cr_client c);
void cr_lane_policy_on_job_arrive(struct cr_policy *p, cr_client job);
void cr_lane_policy_on_job_ready(struct cr_policy *p, cr_client job);
void cr_lane_policy_on_job_leave(struct cr_policy *p, cr_client job);
void cr_lane_policy_on_request(struct cr_policy *p, cr_request r);
void cr_lane_policy_on_done(struct cr_policy *p, cr_request r, int complete);
void cr_lane_policy_on_back(struct cr_policy *p, cr_request r, enum cr_cap how);
void cr_lane_policy_dump(struct cr_policy *p, struct cr_text *out);

/* What a job is held to need of a device of so much memory; 0: it can never be held. */
int cr_lane_need(int64_t persistent_bytes, int64_t ephemeral_bytes, int64_t over_ppm, int64_t over_limit_ppm,
                 int64_t capacity_bytes, struct cr_need *out);

#endif
