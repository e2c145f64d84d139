/* rotation.h - jobs that take turns on a device of their own, reckoned at once instead of iteration by iteration.
 *
 * Each member has a key; the member with the least runs one iteration, and its key grows by its step.  Of equal keys the
 * member goes first that has waited longest: since it joined, or since its last iteration.  That is a round robin (steps of
 * 1), or equal service (steps of an iteration's time).  A rotation lasts until one of its members has run what it has left,
 * which may be nothing, or until it is stopped; then all members come back.
 *
 * Nothing else may run on the device meanwhile, so that every iteration takes what it takes alone.  What happens between the
 * start and the end of a rotation costs nothing, however many iterations these are. */
#ifndef CR_ROTATION_H
#define CR_ROTATION_H
#include "sim/base.h"

struct cr_rotation_member {
  int64_t key;
  int64_t step;    /* > 0, and divides each_ns */
  cr_ns each_ns;   /* of one iteration; > 0 */
  uint32_t left;   /* iterations until it comes back; 0: its turn ends the rotation, and it does not run */
  uint32_t id;     /* the caller's */
  uint32_t sm_ppm; /* share of the SMs that its iterations keep busy */
  int is_new;      /* it has never run: its first iteration is a turn of its own */
};

struct cr_rotation; /* of one device; begun anew for each rotation */

/* is_watched: somebody wants to see each turn (cr_rotation_turn), which then costs. */
int cr_rotation_new(int is_watched, struct cr_rotation **out) CR_MUST; /* CR_OK or CR_ENOMEM */
void cr_rotation_free(struct cr_rotation *r);

/* One more member, before it begins: those that go first of equal keys before the others.  CR_ENOMEM. */
int cr_rotation_join(struct cr_rotation *r, const struct cr_rotation_member *m) CR_MUST;

void cr_rotation_begin(struct cr_rotation *r, cr_ns now_ns);

uint32_t cr_rotation_n(const struct cr_rotation *r); /* members; 0: there is no rotation */

/* When it must be advanced to next; CR_NS_NEVER: none has begun, or its end is beyond all time. */
cr_ns cr_rotation_next_ns(const struct cr_rotation *r);

/* It ends with the iteration that is under way.  One that begins at now_ns is under way if it is a turn of its own, neither
 * of whose neighbours is of the same member: as if that turn had just been launched by itself.  Else it is taken back, and
 * the rotation ends now. */
void cr_rotation_stop(struct cr_rotation *r, cr_ns now_ns);

/* Moves time to to_ns, not beyond the next; whether the rotation is over. */
int cr_rotation_advance(struct cr_rotation *r, cr_ns to_ns);

/* The next member that comes back, once it is over; 0: that was all.  In the order in which they would go next, but for the
 * one that ran last, or was taken back, which comes last. */
struct cr_rotation_back {
  uint32_t id, n_done; /* n_done: iterations in this rotation */
  cr_ns used_ns;       /* that they took */
  cr_ns first_ns;      /* of one that had never run: when it first did; else CR_NS_NEVER */
};
int cr_rotation_take(struct cr_rotation *r, struct cr_rotation_back *out);

/* A turn that has ended by the last advance, one after the other; 0: none, or the rotation is not watched.  Consecutive
 * iterations of a member are one turn. */
struct cr_rotation_turn {
  cr_ns start_ns, end_ns;
  uint32_t id, n;
};
int cr_rotation_turn(struct cr_rotation *r, struct cr_rotation_turn *out);

/* Adds what the device did in all rotations up to now_ns: time at work, and integral of the share of the SMs. */
void cr_rotation_use(struct cr_rotation *r, cr_ns now_ns, double *busy_ns, double *sm_ns);

#endif
