/* job_life.h - the lives of the jobs of a run: what comes next for each, and when, and what became of it.
 *
 * A job is submitted, its process starts up and asks for memory, it is admitted, makes its one request, and leaves.  Each
 * step to come is one entry of the core's heap; sim/host.h keeps where each job is. */
#ifndef CR_JOB_LIFE_H
#define CR_JOB_LIFE_H
#include "sim/base.h"
#include "sim/heap.h"
#include "sim/host.h"
#include "sim/ledger.h"
#include "sim/stats.h"

struct cr_job_life {
  const struct cr_workload *workload;
  struct cr_host *host; /* only read */
  struct cr_heap *heap;
  struct cr_job_result *result; /* [n_client], or NULL when no client is a job */
  uint8_t class;                /* of its entries in the heap */
};

/* The job will be submitted. */
int cr_job_life_expect(struct cr_job_life *l, uint32_t job, cr_ns at_ns) CR_MUST; /* CR_OK or CR_ENOMEM, as all here */

/* A granted action at now_ns: those that concern jobs have their consequences. */
int cr_job_life_asked(struct cr_job_life *l, const struct cr_note *asked, cr_ns now_ns) CR_MUST;

/* Its request was dropped. */
int cr_job_life_drop(struct cr_job_life *l, uint32_t job, cr_ns now_ns) CR_MUST;

/* The job's request is launched.  0: it needs more memory during an iteration than its lane has; it fails, and nothing must
 * run. */
int cr_job_life_fits(const struct cr_job_life *l, uint32_t job);
int cr_job_life_fail(struct cr_job_life *l, uint32_t job, cr_ns now_ns) CR_MUST;

/* The note to tell for an entry that is due at now_ns; a REQUEST's slot is the caller's to fill in.  0: nothing, as the
 * job has left meanwhile. */
int cr_job_life_due(struct cr_job_life *l, const struct cr_entry *entry, cr_ns now_ns, struct cr_note *out);

/* That note has been told, and what the policy asked for then was granted. */
int cr_job_life_told(struct cr_job_life *l, const struct cr_note *told) CR_MUST;

/* A range of the job's request ended or came back; it was first reached then. */
void cr_job_life_reached(struct cr_job_life *l, uint32_t job, cr_ns reach_ns);

/* The note to tell when its request is complete. */
struct cr_note cr_job_life_done(struct cr_job_life *l, uint32_t job, cr_ns now_ns);

/* The run is over: fills in the time that each has used. */
void cr_job_life_end(struct cr_job_life *l);

#endif
