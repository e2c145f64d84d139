/* cli_truth.h - what commands that predict a measured table share of the command line: the table, its models, the device. */
#ifndef CR_CLI_TRUTH_H
#define CR_CLI_TRUTH_H
#include "calib/validate.h"
#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/text.h"

/* Letters of the options below; those of a command itself begin at CR_CLI_OWN. */
enum {
  CR_CLI_ARRIVALS = CR_CLI_LONG,
  CR_CLI_AGAIN,
  CR_CLI_TRACES,
  CR_CLI_SET,
  CR_CLI_ONLY,
  CR_CLI_VARIANT,
  CR_CLI_AT_MOST,
  CR_CLI_OWN
};

#define CR_CLI_TRUTH_OPTIONS                                                                                       \
  {CR_CLI_ARRIVALS, "arrivals", "FILE", "arrival times of open clients (default: arrivals.csv beside the table)"}, \
    {CR_CLI_AGAIN, "again", "FILE",                                                                                \
     "the same runs measured again, by another process (default: again.csv beside the table)"},                    \
    {CR_CLI_TRACES, "traces", "STORE|DIR",                                                                         \
     "search this store, or folder of Kineto files, for models first; may be repeated"},                           \
    {'d', "device", "DEVICE", "device by name or description file (default: h200)"},                               \
    {CR_CLI_SET, "set", "K=V,...", "change model.NAME (device model) or device.KEY; may be repeated"},             \
    {CR_CLI_VARIANT, "variant", "plain|autotuned|auto",                                                            \
     "models as plain, autotuned or auto: as the isolated rows say (the default)"},                                \
    {CR_CLI_ONLY, "only", "TEXT", "only scenarios with this text in their name"},                                  \
    {CR_CLI_AT_MOST, "at-most", "TIME", "simulate no more than this of each scenario, such as 200ms"},             \
  {                                                                                                                \
    'j', "jobs", "N", "processes that simulate (default: 1)"                                                       \
  }

struct cr_cli_truth {
  struct cr_arena *arena;
  const char *truth;       /* of the user: a file, or the name of a bundled table; NULL: none */
  const char *device;      /* name or file */
  const char **store;      /* [n_store] */
  const char **device_set; /* [n_device_set] "K=V" */
  uint32_t n_store, n_device_set;
  struct cr_text model_set;
  struct cr_validate_cfg cfg; /* filled by cr_cli_truth_find, but for the device */
};

/* argc: of the command line, which bounds how often an option comes. */
int cr_cli_truth_init(struct cr_cli_truth *t, int argc, struct cr_err *err) CR_MUST;
void cr_cli_truth_fini(struct cr_cli_truth *t);

/* Takes an option of CR_CLI_TRUTH_OPTIONS; *mine 0: it is none. */
int cr_cli_truth_take(struct cr_cli_truth *t, int letter, int *mine, struct cr_err *err) CR_MUST;

/* The table's file (where one was named), the bundled store, the policies. */
int cr_cli_truth_find(struct cr_cli_truth *t, struct cr_err *err) CR_MUST;

/* The names of the bundled tables, and what they are. */
void cr_cli_truth_each(void (*each)(void *ctx, const char *name, const char *title), void *ctx);

/* "N" from 1 to most; what names the option. */
int cr_cli_count(const char *text, const char *what, uint32_t most, uint32_t *out, struct cr_err *err) CR_MUST;

/* Says on stderr how many constants of a device are assumed, when some are. */
void cr_cli_say_assumed(const struct cr_device_desc *d);

#endif
