/* iterations.h - training iterations of which only the time is known: how several of them share one device.
 *
 * A run is so many equal iterations of one stream, each followed by a time in which its client thinks and the device is free
 * for others.  An iteration that has the device to itself takes its recorded time, and keeps a share of the SMs and of the
 * DRAM bandwidth busy.  When the shares of all that run add up to more than the device has, of either, those that need it
 * go slower by that factor.  A run with thinking counts with its mean share, so that nothing happens between its start and
 * its end: its cost does not grow with its iterations. */
#ifndef CR_ITERATIONS_H
#define CR_ITERATIONS_H
#include "sim/base.h"
#include "sim/mem.h"

struct cr_iteration_run {
  cr_ns each_ns;       /* of one iteration alone; > 0 */
  cr_ns think_ns;      /* between one and the next; none after the last */
  cr_ns not_before_ns; /* the first one starts then or later */
  uint32_t n;          /* iterations; > 0 */
  uint32_t sm_ppm, dram_ppm;
};

struct cr_iterations; /* of one device */

/* Streams are numbered below n_stream; at most one run each. */
int cr_iterations_new(uint32_t n_stream, struct cr_arena *arena, struct cr_iterations **out) CR_MUST;

void cr_iterations_add(struct cr_iterations *it, uint32_t stream, const struct cr_iteration_run *run, cr_ns now_ns);

/* The stream's run, not yet told as ended, ends with the iteration that is under way, or at once (by the next advance to
 * now_ns) when none is: one that would begin at now_ns does not. */
void cr_iterations_stop(struct cr_iterations *it, uint32_t stream, cr_ns now_ns);

/* When a run begins or ends next; CR_NS_NEVER: none. */
cr_ns cr_iterations_next_ns(const struct cr_iterations *it);

struct cr_iterations_end {
  uint32_t stream, n_done;
  cr_ns start_ns;   /* of the first iteration; CR_NS_NEVER: none started */
  cr_ns thought_ns; /* of the thinking after the last one that has passed, when it was stopped in between; else 0 */
};

/* Moves time to to_ns, not beyond the next, and writes the runs that ended there, in order of stream; those beyond cap
 * come with the next call, to the same time. */
uint32_t cr_iterations_advance(struct cr_iterations *it, cr_ns to_ns, struct cr_iterations_end *out, uint32_t cap);

double cr_iterations_busy_ns(
  const struct cr_iterations *it); /* time with at least one run under way, up to the last advance */
double cr_iterations_sm_ns(const struct cr_iterations *it); /* integral of the share of the SMs that was busy, 0..1 */

#endif
