/* cmd_validate.h - what the command line of `corun validate` says, and the modes that are more than one prediction. */
#ifndef CR_CMD_VALIDATE_H
#define CR_CMD_VALIDATE_H
#include "calib/validate.h"
#include "sim/cli_truth.h"

enum cr_validate_mode {
  CR_VALIDATE_TABLE,    /* predict every row */
  CR_VALIDATE_ABLATE,   /* the same with each mechanism switched off */
  CR_VALIDATE_TIMELINE, /* kernel by kernel against a recorded co-run */
};

struct cr_validate_args {
  struct cr_cli_truth in;
  enum cr_validate_mode mode;
  int quiet;
  struct cr_validate_report_cfg report;
  const char *timeline, *models; /* or NULL */
};

/* Each runs with a->in.cfg complete, but for what it sets itself, and prints. */
int cr_validate_ablate(struct cr_validate_args *a, struct cr_err *err) CR_MUST;
int cr_validate_timeline(struct cr_validate_args *a, struct cr_err *err) CR_MUST;

extern const struct cr_cmd cr_cmd_validate_live;

/* `corun validate --live ...`, with options of its own; the exit status. */
int cr_validate_live(int argc, char **argv);

#endif
