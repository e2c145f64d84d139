/* dart_tasks.h - what policy dart knows of its clients as tasks: stages and their longest times, and the two questions that DART
 * (Xiang and Kim, RTSS 2019) asks at run time.
 *
 *   test   do all real-time tasks meet their deadlines?  Equations 5 and 6, or the lesser of the bounds D and H
 *   place  which layers of a task that joins go to which node?  Equation 7, given what the others use
 *
 * A stage costs its longest time and what it takes beside (eps): to tell the next node, and to preempt best-effort work.  A task of
 * which no period is known loads its nodes as if it never paused: with the sum of its stages as its period. */
#ifndef CR_DART_TASKS_H
#define CR_DART_TASKS_H
#include "plan/stage_split.h"
#include "sim/policy.h"

enum {
  DART_NODES = 64,
  DART_STAGES = 64,   /* of a task whose times are followed; those behind are not */
  DART_TASKS = 512,   /* real-time, in a test */
  DART_COSTS = 8192,  /* tasks times nodes, in a test */
  DART_CELLS = 16384, /* (layers + 1) times (nodes + 2), of a task that is placed */
};

enum dart_place {
  DART_TO_COME, /* it joins, and is not admitted yet */
  DART_PLACED,
  DART_REFUSED,
};

/* Zero-initialised: to come.  The state of a client. */
struct dart_task {
  uint8_t place;      /* enum dart_place */
  uint8_t is_demoted; /* real-time, but served as best-effort */
  uint8_t fault;      /* why no test can be made with it: enum cr_why; CR_WHY_NONE: one can */
  uint32_t n_stage;
  uint32_t device[DART_STAGES], n_op[DART_STAGES]; /* where the scenario does not say its stages */
  cr_ns longest_ns[DART_STAGES];                   /* as recorded, or as seen since; CR_NS_NEVER: not known any more */
};

/* Room for one question; nothing in it outlasts the call. */
union dart_scratch {
  struct {
    uint32_t task[DART_TASKS];
    cr_ns period_ns[DART_TASKS], deadline_ns[DART_TASKS], overlap_ns[DART_TASKS], response_ns[DART_TASKS];
    cr_ns cost_ns[DART_COSTS], arrival_ns[DART_COSTS];
  } test;
  struct {
    struct cr_stage_load load[DART_NODES];
    uint32_t first[DART_NODES + 1];
    int64_t split[DART_CELLS], upto[DART_CELLS], head[DART_CELLS], tail[DART_CELLS];
  } place;
};

enum dart_test { DART_TIGHT, DART_PAPER };

static inline struct dart_task *dart_task_of(const struct cr_policy *p, uint32_t client)
{
  return cr_client_state(p, (cr_client){client});
}

/* Stage number `stage` of a task that is placed. */
uint32_t dart_stage_device(const struct cr_policy *p, uint32_t client, uint32_t stage);
uint32_t dart_stage_n_op(const struct cr_policy *p, uint32_t client, uint32_t stage);

/* Its stages are those of the scenario; or one on `device`, where that says none. */
void dart_task_place(const struct cr_policy *p, uint32_t client, uint32_t device);

/* Whether all layers of a client's model can run on the device; other ops run everywhere. */
int dart_can_run(const struct cr_policy *p, uint32_t client, uint32_t device);

/* CR_WHY_PASSES when all tasks that are real-time and not demoted meet their deadlines, `client` counted among them; else the
 * reason why not, or why that is not known, and the client that it is about in *about. */
enum cr_why dart_test(const struct cr_policy *p, enum dart_test test, uint32_t client, union dart_scratch *scratch,
                      uint32_t *about);

/* Places a task to come: CR_WHY_NONE, or the reason why it cannot be; then it is as before. */
enum cr_why dart_split(const struct cr_policy *p, uint32_t client, union dart_scratch *scratch);

/* The node that allows for no copy as long as one of a task's layers there; CR_NONE: all do.  Of tasks that are placed. */
uint32_t dart_copy_too_long(const struct cr_policy *p, uint32_t client);

#endif
