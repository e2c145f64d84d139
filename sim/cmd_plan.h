/* cmd_plan.h - what the parts of `corun plan` share. */
#ifndef CR_CMD_PLAN_H
#define CR_CMD_PLAN_H
#include "plan/dart_plan.h"
#include "sim/report.h"
#include "sim/text.h"

struct cr_plan_report_cfg {
  enum cr_format format;
  int color;
  uint32_t n_node_max;
};

/* The chosen configuration with its guarantees, or the nearest of those that fail and by how much it does. */
void cr_plan_report(const struct cr_plan_report_cfg *cfg, const struct cr_task_set *set, struct cr_dart *d,
                    const struct cr_dart_found *found, struct cr_text *out);

#endif
