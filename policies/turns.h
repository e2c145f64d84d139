/* turns.h - the jobs of one lane take turns: which goes next, and how many iterations it is given at once.
 *
 * One iteration runs in a lane at a time.  Jobs that want to run are ranked by a key that an order (srtf.c, pack.c,
 * fair.c) keeps; the least goes next, ties in the order in which they came to want.  An order is either strict, then
 * a job's client may think while its turn has come and the lane waits; or it conserves work, then only those whose
 * clients do not think take turns.
 *
 * A job is given as many iterations at once as cannot change what is decided: all of them when it is alone in the
 * lane, and otherwise what the order says.  Whoever comes in later parks it, so that events do not grow with
 * iterations.
 *
 * Where all jobs of a lane are steady, and the lane has the device to itself, they are launched together, as a rotation
 * (cr_rotate): who goes next follows from their keys alone, and nothing is to be decided until one has run all its
 * iterations or another comes in.  A job is steady if of its iterations only the time is known, each adds the same to its key,
 * and it has not been seen to think. */
#ifndef CR_TURNS_H
#define CR_TURNS_H
#include "policies/queue.h"
#include "policies/tenant.h"

struct cr_turns {
  cr_stream stream;
  uint32_t running;                    /* slot + 1; 0: none */
  uint32_t launched;                   /* iterations of it, CR_ALL: to its end */
  uint32_t landing;                    /* client + 1 of who has just come back, while others come in; 0: none */
  uint32_t n_in, n_steady;             /* jobs of it whose request has come; steady ones of them */
  uint32_t n_out;                      /* of a rotation, those that have not come back */
  uint32_t n_coming;                   /* jobs let in whose request comes at this instant */
  uint32_t epoch;                      /* of the keys, for orders that begin anew */
  uint8_t is_parked;                   /* it was asked to come back */
  uint8_t is_early;                    /* it was launched before its client had thought */
  uint8_t is_barred;                   /* a rotation ended before somebody's turn, who is to be launched alone */
  int64_t floor;                       /* key of the last that was launched, as it was then */
  struct cr_queue fresh;               /* come in since the last decision */
  struct cr_ranking wanting, thinking; /* by key; by when their clients have thought */
};

struct cr_order {
  /* Sets the key of a job that comes in, while none of the lane is out; NULL: 0. */
  void (*join)(struct cr_policy *p, struct cr_turns *t, uint32_t job);
  /* Changes the key of one that is back after so much more time on the device, and iterations; NULL: stays. */
  void (*land)(struct cr_policy *p, struct cr_turns *t, uint32_t job, cr_ns used_ns, uint32_t n_iter);
  /* Changes the key of one whose client has thought; NULL: stays. */
  void (*wake)(struct cr_policy *p, struct cr_turns *t, uint32_t job);
  /* Whether a job that comes in may have to go before the one that runs has run all that it was given; NULL: yes. */
  int (*overtakes)(struct cr_policy *p, const struct cr_turns *t, uint32_t job);
  /* How many iterations of each_ns one may run before the second must be asked again; at least 1.  NULL: any number. */
  uint32_t (*batch)(struct cr_policy *p, uint32_t job, uint32_t second, cr_ns each_ns);
  int is_timed; /* batch depends on each_ns, which other lanes can make longer */
  /* What each iteration adds to a key, by which land and batch go too; or CR_N_CHARGE: that is not always the same. */
  enum cr_charge charge;
  int is_weighted; /* that is divided by clients' weights */
};

/* What decides for all lanes of a policy. */
struct cr_turns_rule {
  const struct cr_order *order;
  int is_strict;
  uint32_t turn; /* iterations that a job is given at least, unless it has fewer left: 1 but to save events */
  int rotates;   /* a lane has its device to itself, and its steady jobs may be launched together */
};

/* A request has come into the lane. */
void cr_turns_join(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r);
/* All its requests, none of which is out, go to another lane. */
void cr_turns_move(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *from, struct cr_turns *to);
/* It is back from the lane's stream, for good or to go on.  Nothing is launched. */
void cr_turns_land(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, cr_request r,
                   int complete);
/* The job leaves: it has landed for good, or fails at its launch. */
void cr_turns_quit(struct cr_policy *p, struct cr_turns *t, uint32_t job);
/* Launches the next, if the lane is free and all that come at this instant have come.  n_beside: lanes of its device
 * that may run, itself included. */
void cr_turns_next(struct cr_policy *p, const struct cr_turns_rule *rule, struct cr_turns *t, uint32_t n_beside);
/* What runs comes back after the iteration that is under way. */
void cr_turns_park(struct cr_policy *p, struct cr_turns *t);

/* The keys of all jobs of the lane become 0; for join.  Costs the number of those that want to run. */
void cr_turns_level(struct cr_policy *p, struct cr_turns *t);

/* For batch: ceil(gap / each), from 1 to CR_ALL - 1; each * n, at most INT64_MAX. */
uint32_t cr_turns_until(int64_t gap, int64_t each);
int64_t cr_turns_times(int64_t each, uint32_t n);

#endif
