/* spool_made.h - spools for tests: programs made up, and recordings of others written as the collector writes them. */
#ifndef CR_SPOOL_MADE_H
#define CR_SPOOL_MADE_H
#include "sim/base.h"
#include "traces/spool_write.h"

struct spool_made {
  struct cr_spool_writer *w;
  uint64_t now_ns;      /* CUPTI's clock: where the next op begins */
  uint64_t host_ns;     /* where the next call begins */
  uint32_t correlation; /* of the last call */
  uint32_t stream, device, context, tid, marker;
  uint32_t cluster[3]; /* of the next kernels */
};

/* Everything fails the case when it cannot be done.  realtime: in which order processes began. */
void spool_made_begin(struct spool_made *m, const char *path, uint32_t pid, const char *command, uint64_t realtime_ns);
/* A call that takes 2 us, 1 us after the one before. */
void spool_made_call(struct spool_made *m, const char *name);
/* A kernel that takes ns, idle_ns after the op before; of the last call. */
void spool_made_kernel(struct spool_made *m, const char *name, int blocks, uint32_t ns, uint32_t idle_ns);
/* A kernel with a call of its own, which is made as early as the host can. */
void spool_made_launch(struct spool_made *m, const char *name, int blocks, uint32_t ns, uint32_t idle_ns);
void spool_made_copy(struct spool_made *m, int to_host, uint64_t n_bytes, uint32_t ns);
void spool_made_push(struct spool_made *m, const char *name); /* an NVTX range; returns with */
void spool_made_pop(struct spool_made *m, uint32_t marker);
void spool_made_memory(struct spool_made *m, uint64_t address, uint64_t n_bytes, int is_free);
void spool_made_end(struct spool_made *m, uint64_t n_dropped);
void spool_made_leave(struct spool_made *m); /* as a process that is killed does */

/* A Kineto trace as the collector would have recorded it.  Operators become empty NVTX ranges, so that the host's activity is
 * there. */
void spool_made_of_kineto(const char *kineto, const char *path);

#endif
