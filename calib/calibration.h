/* calibration.h - a device description under way: what stands for each constant, where it comes from, how sure it is.
 *
 * It begins with a base description.  Evidence is added in any order: microbenchmark results, recorded traces, fits to a table;
 * what has none keeps what the base says, or, where that says nothing, is assumed to be as on the nearest calibrated device.
 * The end is a whole description (YAML) in which every constant says what it rests on. */
#ifndef CR_CALIBRATION_H
#define CR_CALIBRATION_H
#include "calib/fit.h"
#include "calib/micro.h"
#include "sim/mem.h"

enum cr_evidence {
  CR_EVIDENCE_BASE,    /* as in the base description */
  CR_EVIDENCE_ASSUMED, /* as on another device */
  CR_EVIDENCE_GIVEN,   /* by the user */
  CR_EVIDENCE_MICRO,   /* microbenchmark results */
  CR_EVIDENCE_TRACES,  /* recorded traces */
  CR_EVIDENCE_ALONE,   /* fitted on runs of one client */
  CR_EVIDENCE_CORUN,   /* fitted on a table of co-runs */
  CR_N_EVIDENCE
};

enum { CR_CALIBRATION_FILES = 64 };

struct cr_calibration {
  struct cr_arena *arena;
  struct cr_device_desc device; /* with the constants as they stand */
  const char *base_path;
  const char *assumed_from; /* device whose constants stand in; NULL: none had to */
  struct {
    enum cr_evidence by;
    double before;       /* what the base says; NAN: nothing */
    double before_error; /* its standard error; NAN: none */
    double std_error;    /* NAN: none */
    uint32_t n_row;
    int file;           /* place in file[]; -1: none */
    const char *origin; /* NULL: the base's */
  } at[CR_N_GPU_CONSTANT];
  struct {
    const char *path;
    char sha256[65];
    uint32_t n_row; /* in use */
  } file[CR_CALIBRATION_FILES];
  uint32_t n_file;
  double leave_one_out_pct; /* NAN: not asked for */
  const char *table_name;   /* NULL: none */
  double table_pct;         /* mean of |error| over the table with the constants as they stand; NAN: not known */
};

/* base: device by name or description file.  assume: the device that stands in for constants the base lacks; NULL: of the
 * bundled devices whose constants are all measured the one whose limits are nearest.  Zeroed c; texts lie in the arena. */
int cr_calibration_open(struct cr_calibration *c, const char *base, const char *assume, struct cr_arena *arena,
                        struct cr_err *err) CR_MUST;

/* The user's value of a constant. */
int cr_calibration_give(struct cr_calibration *c, enum cr_gpu_constant id, double value, struct cr_err *err) CR_MUST;

/* Results of microbenchmarks: files or folders. */
int cr_calibration_micro(struct cr_calibration *c, const char *const *path, uint32_t n_path,
                         struct cr_err *err) CR_MUST;

/* Stores of isolated traces, recorded back to back: idle time before a request (replay).  What is no store is left alone. */
int cr_calibration_traces(struct cr_calibration *c, const char *const *store, uint32_t n_store,
                          struct cr_err *err) CR_MUST;

/* What a fit on a table found; by: ALONE or CORUN. */
int cr_calibration_fit(struct cr_calibration *c, enum cr_evidence by, const struct cr_fit_cfg *cfg,
                       const struct cr_fit *fit, const struct cr_truth *truth, const char *truth_name,
                       struct cr_err *err) CR_MUST;

/* A file of traces that a fit rests on. */
int cr_calibration_file(struct cr_calibration *c, const char *path, struct cr_err *err) CR_MUST;

/* Whether a constant that co-runs settle is assumed, so that the description is of an uncalibrated device. */
int cr_calibration_is_uncalibrated(const struct cr_calibration *c);

/* Every constant: before, now, standard error, evidence. */
void cr_calibration_report(const struct cr_calibration *c, const struct cr_validate_report_cfg *report,
                           struct cr_text *out);

/* The description.  date: "2026-11-28". */
int cr_calibration_yaml(const struct cr_calibration *c, const char *command, const char *date, struct cr_text *out,
                        struct cr_err *err) CR_MUST;

/* Predicted and measured values of all rows, CSV; prediction: [n_row]. */
void cr_calibration_residuals(const struct cr_predictor *p, const struct cr_prediction *prediction, const char *command,
                              struct cr_text *out);

#endif
