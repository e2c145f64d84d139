/* cmd_collect_run.h - a program that `corun collect` runs: started, told of signals, waited for. */
#ifndef CR_CMD_COLLECT_RUN_H
#define CR_CMD_COLLECT_RUN_H
#include "sim/base.h"

struct cr_program_end {
  int status; /* what it exited with; of one that could not be started 127 (it is not there) or 126 */
  int signal; /* that ended it; 0: none */
  int error;  /* errno of what could not be started; 0: it was */
};

/* Runs argv in this process's environment, with its input and output.  Signals that another process sends to this one go on
 * to it; those of the terminal it gets by itself.  on_second is called about each second; NULL: not. */
int cr_cmd_collect_run(char *const *argv, void (*on_second)(void *ctx), void *ctx, struct cr_program_end *out,
                       struct cr_err *err) CR_MUST;

#endif
