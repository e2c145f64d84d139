/* engine.h - streams of launched ranges over modelled devices, in virtual time that somebody else drives.
 *
 * backend_sim jumps from event to event, backend_wall lets the wall clock lead; both hold one engine.  A stream runs its
 * ranges in order, op after op, each on the stream's device. */
#ifndef CR_ENGINE_H
#define CR_ENGINE_H
#include "sim/backend.h"

#define CR_ENGINE_CAPS                                                                                              \
  (CR_CAP_PARK | CR_CAP_EVICT | CR_CAP_KILL | CR_CAP_SLICE | CR_CAP_PAD | CR_CAP_PRIORITY | CR_CAP_SHARE |           \
   CR_CAP_PROCESS | CR_CAP_MEM | CR_CAP_QUEUE | CR_CAP_NODE | CR_CAP_BATCH)

struct cr_engine;

int cr_engine_new(const struct cr_backend_cfg *cfg, struct cr_engine **out, struct cr_err *err) CR_MUST;
void cr_engine_free(struct cr_engine *e);

/* Applies a checked action at now_ns, which is not before the last advance. */
int cr_engine_act(struct cr_engine *e, const struct cr_act *act, cr_ns now_ns, struct cr_err *err) CR_MUST;

/* When something changes on a device next; CR_NS_NEVER: nothing is queued or running. */
cr_ns cr_engine_next_ns(const struct cr_engine *e);

/* Moves to to_ns <= cr_engine_next_ns(e) and keeps what happened there for cr_engine_take. */
void cr_engine_advance(struct cr_engine *e, cr_ns to_ns);

/* Moves from now_ns to until_ns, or to the first instant before it at which something is kept for cr_engine_take; where it
 * stands then.  It stops early after many instants, as the caller may want to look around, and where nothing will happen. */
cr_ns cr_engine_run(struct cr_engine *e, cr_ns now_ns, cr_ns until_ns);

/* Events kept so far, in order, at most cap; how many.  CR_EV_BACK of a park comes through here too. */
uint32_t cr_engine_take(struct cr_engine *e, struct cr_event *out, uint32_t cap);

void cr_engine_use(const struct cr_engine *e, uint32_t device, cr_ns now_ns, struct cr_use *out);

#endif
