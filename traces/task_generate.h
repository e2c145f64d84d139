/* task_generate.h - random task sets on a platform, as the files that task_file.h reads.
 *
 * Each real-time task has a model of the platform, drawn from a mix, and a share of a reference node: the GPU and a core, or all
 * cores of a type (plan/one_node.h).  Shares add up to what is asked for and are evenly distributed among all that do; its period is
 * the time of its model on that node, run whole, over its share.  Likewise best-effort tasks.
 *
 * Sets differ by their number, and models and shares of set i are the same whatever the number of sets; shares of two numbers of use
 * are the same but for their scale, unless one is drawn again (below). */
#ifndef CR_TASK_GENERATE_H
#define CR_TASK_GENERATE_H
#include "plan/one_node.h"
#include "sim/text.h"
#include "traces/model_mix.h"
#include "traces/platform_file.h"

enum { CR_TASK_GENERATE_MAX = 100000 }; /* sets of one seed */

struct cr_task_generate {
  const struct cr_platform_desc *platform;
  const char *platform_name; /* as the files name it */
  enum cr_one_node_on reference;
  uint32_t n_rt, n_be;                    /* n_rt >= 1; both together up to CR_TASK_MAX */
  uint32_t n_heavy;                       /* of n_rt: the first so many have models of heavy */
  const struct cr_model_mix *mix, *heavy; /* whose models the platform has; heavy may be NULL when n_heavy is 0 */
  int64_t rt_use_ppm, be_use_ppm;         /* of the reference node; > 0 where there are such tasks */
  int64_t deadline_ppm;                   /* of the period; 1..1000000 */
  uint64_t seed;
};

/* Appends set i, 0..CR_TASK_GENERATE_MAX-1, as YAML.  Shares of which one is above 1, so that the task could not run on the node by
 * itself, or so small that its period would be above CR_TASK_LONGEST_NS, are drawn again.  CR_EINPUT: a model has no time on the
 * reference node, or use is so near to the number of tasks that no shares are found. */
int cr_task_generate(const struct cr_task_generate *g, uint32_t i, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
