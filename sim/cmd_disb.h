/* cmd_disb.h - `corun import disb`. */
#ifndef CR_CMD_DISB_H
#define CR_CMD_DISB_H
#include "sim/base.h"
#include "traces/disb.h"

/* Writes the scenario to opt->output, a new file. */
int cr_cmd_import_disb(const char *path, const struct cr_disb_options *opt, struct cr_err *err) CR_MUST;

#endif
