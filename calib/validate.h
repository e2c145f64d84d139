/* validate.h - predicts every row of a measured co-run table and prints the errors.
 *
 * Rows of one (scenario, policy) ran together and are simulated together.  Closed rows are judged by period, open ones by
 * service time, as they were measured (calib/truth.h). */
#ifndef CR_VALIDATE_H
#define CR_VALIDATE_H
#include "calib/truth.h"
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/policy.h"
#include "sim/report.h"
#include "sim/text.h"

/* The bundled store holds models of the fixed set under plain names, those of the older, autotuned set under
 * "autotuned/NAME".  AUTO decides once for the whole table, since a table was measured with one of them: the variant whose
 * simulated periods alone are nearer to the isolated rows (one closed client), as the sum of |log ratio| over the models
 * that are there in both.  A tie, and a table without isolated rows, means plain.  A model that is there in one variant
 * only is taken in that one. */
enum cr_variant { CR_VARIANT_AUTO, CR_VARIANT_PLAIN, CR_VARIANT_AUTOTUNED };

struct cr_validate_cfg {
  const char *truth_path;    /* CSV */
  const char *truth_name;    /* in the report */
  const char *arrivals_path; /* CSV of trace arrivals; NULL: arrivals.csv beside the truth when it is there */
  const char *again_path;    /* CSV of a second measurement; NULL: again.csv beside the truth when it is there */
  const char *const *store;  /* [n_store] stores, or folders of Kineto files: searched for models, in order */
  uint32_t n_store;
  const char *bundled; /* the bundled store, searched last; NULL: none */
  enum cr_variant variant;
  const struct cr_device_desc *device;
  const struct cr_policy_ops *streams, *priority; /* what runs streams and rt-only; priority-streams */
  const struct cr_policy_ops *timeslice, *mps;
  const char *model_set;    /* constants and switches of the device model, "cold=0.6us,..."; NULL: none */
  const char *only;         /* substring of scenario names; NULL: all */
  cr_ns at_most_ns;         /* simulates no more of each scenario; CR_NS_NEVER: all of it */
  uint32_t n_worker;        /* processes that simulate; 0 counts as 1 */
  const volatile int *stop; /* set from outside: end now and keep what there is; or NULL */
  void (*on_progress)(void *ctx, cr_ns done, cr_ns all); /* of simulated time; or NULL */
  void *progress_ctx;
};

struct cr_validate_row {
  const char *scenario, *policy, *model, *arrival;
  const char *trace; /* name of the model in its store */
  uint32_t client, n_client;
  double measured_ms[CR_N_TRUTH], predicted_ms[CR_N_TRUTH]; /* NAN: not in the table; too few requests to predict */
  double measured_per_s, predicted_per_s;
  double again_ms[CR_N_TRUTH], again_per_s; /* of the second measurement; NAN: there is none */
  double alone_ms;                          /* simulated mean period of the model alone; NAN: not asked for */
};

struct cr_validate_facts {
  const char *truth, *device, *model_set; /* model_set "" when none */
  cr_ns at_most_ns;
  uint32_t n_run;        /* scenarios simulated */
  uint32_t n_row_left;   /* rows that an interrupted run did not come to */
  int has_again;         /* a second measurement was read; without one, nothing is said of it */
  uint32_t n_again_left; /* its rows that are not in the table */
};

struct cr_validation;

/* CR_EINTR: *out holds the rows so far.  Any other failure: *out is untouched. */
int cr_validate_run(const struct cr_validate_cfg *cfg, struct cr_validation **out, struct cr_err *err) CR_MUST;
void cr_validation_free(struct cr_validation *v);
const struct cr_validate_row *cr_validation_rows(const struct cr_validation *v, uint32_t *n);
const struct cr_validate_facts *cr_validation_facts(const struct cr_validation *v);

struct cr_validate_report_cfg {
  const char *command; /* for provenance */
  enum cr_format format;
  int all_rows; /* the table lists every row, not only the worst; CSV and JSON always do */
  int color;
};

/* The summary's main figures are over the mean of each row: period of closed ones, service time of open ones. */
void cr_validate_report(const struct cr_validate_report_cfg *cfg, const struct cr_validate_facts *facts,
                        const struct cr_validate_row *row, uint32_t n_row, struct cr_text *out);

#endif
