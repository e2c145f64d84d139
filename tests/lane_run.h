/* lane_run.h - runs of jobs known by the iteration, under policies that give them lanes, on load_machine. */
#ifndef CR_TEST_LANE_RUN_H
#define CR_TEST_LANE_RUN_H
#include "tests/load.h"

enum { LANE_JOBS = 24, LANE_MEMORY = 1000 }; /* at most; of load_machine */

struct lane_job {
  cr_ns submit_ns, startup_ns, think_ns, each_ns, declared_ns;
  uint32_t iterations, weight;   /* weight 0: 1 */
  int64_t persistent, ephemeral; /* CR_UNKNOWN: it says neither, and needs 10 and 10 */
  int64_t more;                  /* ephemeral bytes that it needs and does not say */
};

struct lane_run {
  struct cr_workload_builder *builder;
  struct load_record record;
  struct cr_result result;
  struct cr_observer observer;
};

void lane_run(struct lane_run *r, const struct lane_job *job, uint32_t n, const char *policy, const char *options);
void lane_run_on(struct lane_run *r, const struct lane_job *job, uint32_t n, const char *policy, const char *options,
                 const struct cr_machine *machine);

/* r->observer is looked with, if it is set; backend NULL: the fake one.  The others begin with a struct that is not set. */
void lane_run_with(struct lane_run *r, const struct lane_job *job, uint32_t n, const char *policy, const char *options,
                   const struct cr_machine *machine, const struct cr_backend_ops *backend);
void lane_run_fini(struct lane_run *r);

uint64_t lane_draw(uint64_t seed, uint64_t *k, uint64_t below);

/* Random jobs into job[LANE_JOBS]; how many.  Some say nothing, some need nothing, some need too much; times are small, so that
 * much happens at one instant. */
uint32_t lane_jobs(uint64_t seed, struct lane_job *job);

#endif
