/* cmd_run_vary.h - `corun run --vary KEY=V,V,...`: the runs of every value beside each other.
 *
 * For people a row a value and policy, with the metrics that say most; CSV is that of a run with the key as a column before it; JSON
 * has the report of each value.  All values are prepared before the first one runs. */
#ifndef CR_CMD_RUN_VARY_H
#define CR_CMD_RUN_VARY_H
#include "sim/cmd_run_job.h"

/* What is asked for, with args.vary; it is not prepared.  Returns the exit status. */
int cr_run_vary(struct cr_run_job *j);

#endif
