/* cmd_collect_count.h - the second run of `corun collect --metrics`: the program once more, with its kernels counted. */
#ifndef CR_CMD_COLLECT_COUNT_H
#define CR_CMD_COLLECT_COUNT_H
#include <sys/types.h>

#include "sim/base.h"

struct cr_collect_count {
  char *const *command;
  const char *store;
  const char *timed;            /* folder of the first run's spools */
  const char *counted;          /* folder for this one's, which the environment names */
  const char *csv;              /* file for all that was counted, or NULL */
  off_t input;                  /* where standard input was at the beginning; -1: it cannot be read again */
  void (*on_second)(void *ctx); /* NULL: not */
  void *ctx;
};

/* Runs the program with what it prints thrown away, and gives the store's models their counters; says on standard error what
 * was counted and what was not.  An error leaves the store as it was. */
int cr_cmd_collect_count(const struct cr_collect_count *a, struct cr_err *err) CR_MUST;

#endif
