/* cmd_validate.h - what the command line of `corun validate` says, and the modes that are more than one prediction. */
#ifndef CR_CMD_VALIDATE_H
#define CR_CMD_VALIDATE_H
#include "calib/validate.h"
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/text.h"

enum cr_validate_mode {
  CR_VALIDATE_TABLE,    /* predict every row */
  CR_VALIDATE_ABLATE,   /* the same with each mechanism switched off */
  CR_VALIDATE_FIT,      /* constants */
  CR_VALIDATE_CROSS,    /* constants on part of the table */
  CR_VALIDATE_TIMELINE, /* kernel by kernel against a recorded co-run */
};

struct cr_validate_args {
  struct cr_arena *arena;
  enum cr_validate_mode mode;
  const char *truth, *device;
  int quiet;
  const char **store, **device_set; /* [argc] */
  uint32_t n_store, n_device_set;
  struct cr_text model_set;
  struct cr_validate_cfg cfg;
  struct cr_validate_report_cfg report;
  const char *fit_list, *output; /* or NULL */
  int by_model;                  /* CROSS: leave one model out; else halves */
  uint32_t max_eval;             /* of a fit; 0: as many as it should have */
  uint64_t seed;
  const char *timeline, *models; /* or NULL */
};

/* Each runs with a->cfg complete, but for what it sets itself, and prints. */
int cr_validate_ablate(struct cr_validate_args *a, struct cr_err *err) CR_MUST;
int cr_validate_fit(struct cr_validate_args *a, struct cr_err *err) CR_MUST;
int cr_validate_cross(struct cr_validate_args *a, struct cr_err *err) CR_MUST;
int cr_validate_timeline(struct cr_validate_args *a, struct cr_err *err) CR_MUST;

#endif
