/* cmd_generate.h - what the parts of `corun generate` share. */
#ifndef CR_CMD_GENERATE_H
#define CR_CMD_GENERATE_H
#include "sim/base.h"

/* As given; NULL: not. */
struct cr_generate_tasks {
  const char *number, *platform, *tasks, *utilization, *reference, *deadline, *models, *heavy, *heavy_models, *be_tasks,
    *be_utilization, *seed, *output;
};

/* Writes a folder of task sets, or one set to the terminal. */
int cr_cmd_generate_tasks(const struct cr_generate_tasks *a, struct cr_err *err) CR_MUST;

#endif
