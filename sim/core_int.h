/* core_int.h - insides of the core, shared by core*.c alone. */
#ifndef CR_CORE_INT_H
#define CR_CORE_INT_H
#include <time.h>

#include "sim/arrival.h"
#include "sim/core.h"
#include "sim/dependents.h"
#include "sim/heap.h"
#include "sim/host.h"
#include "sim/job_life.h"
#include "sim/memory_gauge.h"

enum cr_core_class { CR_CORE_ARRIVAL, CR_CORE_JOB, CR_CORE_TIMER }; /* of the heap: the order at one instant */

enum { CR_CORE_ROWS = 256 }; /* given to the request sink at once */

/* An arrival that a request brought about that left, of a closed client or of one that is late, and not its arrival process. */
#define CR_CORE_FOLLOWS (UINT64_C(1) << 32)

struct source {
  struct cr_arrival arrival;
  uint32_t left;   /* requests it may still make; CR_NONE: no limit */
  int busy;        /* it has a request, where it may have one alone */
  int refused;     /* by the policy: it asks no more by itself */
  uint32_t n_late; /* arrivals that wait for it to leave */
};

/* A policy wants a stream back. */
struct wish {
  cr_ns since_ns;  /* CR_NS_NEVER: it does not */
  uint32_t n_held; /* ranges that the stream is yet to give back or to finish, of those that it held then */
};

struct core {
  const struct cr_core_cfg *cfg;
  struct cr_host host;
  struct cr_heap heap;
  struct cr_ledger *ledger;
  struct cr_backend *backend;
  struct source *source; /* [n_client] */
  struct wish *wish;     /* [n_stream] */
  struct cr_dependents dependents;
  struct cr_job_life life;
  struct cr_memory_gauge *gauge; /* NULL: no client is a job */
  struct cr_result result;
  struct cr_request_row row[CR_CORE_ROWS];
  uint32_t n_row;
  cr_ns now_ns;
  uint32_t steps;                 /* callbacks at this instant */
  uint32_t clock_every, clock_in; /* turns between two looks at the real clock, and to the next */
  struct timespec clock;
  int over; /* the run has ended: result.outcome, rc and err say how */
  int rc;
  struct cr_err err;
  struct cr_hist *late, *callback, *act;    /* ns of real time; NULL in virtual time */
  struct cr_hist *late_first, *late_last; /* of these, in the first and last tenth of a run whose end is known */
};

/* --- how a run ends: core.c ---------------------------------------------------------------------------------------- */

/* The first cause stays. */
void cr_core_end(struct core *c, enum cr_outcome outcome, int rc, const struct cr_err *why) CR_COLD;
void cr_core_end_failed(struct core *c, int rc, const struct cr_err *why) CR_COLD;
void cr_core_end_nomem(struct core *c) CR_COLD;
void cr_core_end_livelocked(struct core *c, const char *what) CR_COLD;

/* --- who comes when: core_sources.c ------------------------------------------------------------------------------- */

void cr_core_push(struct core *c, cr_ns at_ns, uint8_t class, uint64_t what);

/* An arrival to come, unless the client has made all its requests or the time for them is over. */
void cr_core_expect_arrival(struct core *c, uint32_t client, cr_ns at_ns, uint64_t flag);

/* A request has left, and the next one takes its place at the same instant: of a closed client, or of one that is late. */
void cr_core_follow(struct core *c, uint32_t client);

/* A client that may have one request alone has one: the arrival waits, and a newer one may take its place. */
int cr_core_comes_late(struct core *c, uint32_t client);

/* Clients that come after this one, which has finished a request, and after no other that has not. */
void cr_core_follow_dependents(struct core *c, uint32_t client);

/* --- what the policy asks for: core_asked.c ----------------------------------------------------------------------- */

/* Carries out what the policy asked for in its last callback. */
void cr_core_settle(struct core *c);

/* A note about jobs or lanes has taken effect: a backend that has memory is told what of it changed. */
void cr_core_hold(struct core *c, const struct cr_note *note);

/* The same of all lanes that a policy opened before there was a backend. */
void cr_core_hold_lanes(struct core *c);

cr_ns cr_core_real_ns(void); /* of the monotonic clock, for what is measured in real time */

#endif
