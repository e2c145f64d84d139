/* memory_gauge.h - how much of each device's memory is reserved by jobs, and how much of it is really in use.
 *
 * Reserved is what the books say (sim/memory.h): what jobs hold for good and their lanes.  In use is what jobs that were
 * admitted really have of it: their model's persistent bytes, and within an iteration its ephemeral ones, as its curve
 * says (sim/memory_curve.h), or its ephemeral_bytes throughout where there is none.
 *
 * The mean of what is in use follows from how long each job's iterations ran, so that an iteration costs nothing here.  At
 * which point of their iterations several lanes are is not followed: for the largest in use their peaks are taken to
 * meet, each lane counting with the job that ran in it last.  Of one lane it is exact. */
#ifndef CR_MEMORY_GAUGE_H
#define CR_MEMORY_GAUGE_H
#include "sim/backend.h"
#include "sim/base.h"
#include "sim/host.h"
#include "sim/ledger.h"
#include "sim/stats.h"

struct cr_memory_gauge;

/* Of the host's memory, of which there must be some.  observer: NULL, or whose on_memory is told of changes. */
int cr_memory_gauge_new(const struct cr_host *host, const struct cr_observer *observer, struct cr_arena *arena,
                        struct cr_memory_gauge **out) CR_MUST; /* CR_OK or CR_ENOMEM */

/* After the host has applied a note that it granted (LANE, CLOSE, ADMIT, MOVE), or before it is told one (LEAVE).  Others
 * change nothing. */
void cr_memory_gauge_note(struct cr_memory_gauge *g, const struct cr_note *note, cr_ns now_ns);

/* After a note about the job was told: what it holds may have changed without the policy's having asked. */
void cr_memory_gauge_see(struct cr_memory_gauge *g, uint32_t job, cr_ns now_ns);

/* Iterations of the job are launched. */
void cr_memory_gauge_run(struct cr_memory_gauge *g, uint32_t job, cr_ns now_ns);

/* At the end of the run: out is [n_device]. */
void cr_memory_gauge_end(struct cr_memory_gauge *g, cr_ns now_ns, struct cr_memory_use *out);

#endif
