/* cmd_plan.h - what the parts of `corun plan` share. */
#ifndef CR_CMD_PLAN_H
#define CR_CMD_PLAN_H
#include "plan/dart_plan.h"
#include "plan/one_node.h"
#include "sim/report.h"
#include "sim/text.h"

struct cr_plan_report_cfg {
  enum cr_format format;
  int color;
  uint32_t n_node_max; /* of dart */
};

/* The chosen configuration with its guarantees, or the nearest of those that fail and by how much it does. */
void cr_plan_report(const struct cr_plan_report_cfg *cfg, const struct cr_task_set *set, struct cr_dart *d,
                    const struct cr_dart_found *found, struct cr_text *out);

/* `corun plan threads` of one set. */
void cr_plan_threads_report(const struct cr_plan_report_cfg *cfg, const struct cr_task_set *set, enum cr_one_node_on on,
                            const struct cr_one_node *n, struct cr_text *out);

/* "BaseGPU", "BaseCPU". */
const char *cr_plan_threads_name(enum cr_one_node_on on);

/* "3 xeon", "gtx1080 + 1 xeon" */
const char *cr_plan_made_of(const struct cr_platform *p, const struct cr_node_kind *kind, char *buf, size_t n);

/* A time of a CSV behind a comma, empty for CR_NS_NEVER. */
void cr_plan_csv_ns(struct cr_text *out, cr_ns ns);

/* --- many sets, a row each -- */

/* What is said of one of many sets. */
struct cr_plan_row {
  char set[256], platform[88];
  uint32_t n_rt, n_be;
  int64_t gpu_used_ppt; /* if all rt tasks ran whole on a GPU, of 10^-12 of its time */
  uint32_t n_passed, n_tried;
  int64_t cost_ppb;  /* sum of weight * response / deadline, when n_passed is not 0 */
  int64_t slack_ppm; /* least of an rt task: (deadline - response) / deadline; CR_NS_NEVER: one has no bound */
  cr_ns busy_ns;     /* processor time of the planning, reading not included */
};

struct cr_plan_sets {
  const char *test; /* which, as the rows say */
  struct cr_plan_report_cfg cfg;
  uint32_t n_worker;
  void *ctx;
  /* Fills n_passed, n_tried, cost_ppb and slack_ppm.  In a process of its own. */
  int (*plan)(void *ctx, const struct cr_task_set *set, struct cr_plan_row *row, struct cr_err *err);
};

/* Whether operands name many sets: more than one, or a folder. */
int cr_plan_is_many(char *const *operand, uint32_t n);

/* Plans each file, bundled set, and .yaml file of a folder, in order.  *feasible: all sets are. */
int cr_plan_sets(const struct cr_plan_sets *s, char *const *operand, uint32_t n, int *feasible,
                 struct cr_err *err) CR_MUST;

#endif
