/* nsys_import.h - imports of made exports of Nsight Systems (tests/nsys_file.h), and what is expected of them; where that is not so,
 * the case fails. */
#ifndef CR_TEST_NSYS_IMPORT_H
#define CR_TEST_NSYS_IMPORT_H
#include "sim/text.h"
#include "tests/nsys_file.h"
#include "traces/nsys.h"
#include "traces/store.h"

enum { NSYS_KERNELS = 5, NSYS_OPS = NSYS_KERNELS + 3 };
extern const struct nsys_program nsys_eager; /* of so many kernels, with all that a program can have */

struct nsys_path {
  char s[512];
};
struct nsys_path nsys_keep(const char *path);

/* A file with those programs, changed by sql (or NULL). */
struct nsys_path nsys_make(enum nsys_age age, const struct nsys_program *p, int n, const char *sql);

/* What an import makes; given may be NULL, and its model is called m unless it says otherwise. */
int nsys_import_try(const char *file, const char *store, const struct cr_nsys_options *given, struct cr_text *said,
                    uint32_t *n_model, struct cr_err *err);

/* One that is expected to be fine, into a store of its own; nsys_import_free frees. */
struct nsys_import {
  struct cr_arena *arena;
  struct cr_store *s;
  struct cr_text said;
  uint32_t n_model;
};
struct nsys_import nsys_import_new(struct nsys_path file, const struct cr_nsys_options *opt);
void nsys_import_free(struct nsys_import *im);
struct cr_op_spec *nsys_import_ops(struct nsys_import *im, const char *model, uint32_t *n); /* of the arena */

void nsys_expect_eager(struct nsys_import *im, const char *model); /* nsys_eager to the nanosecond */
void nsys_expect_shown(struct nsys_import *im, const char *model, const char *want);
void nsys_expect_said(const struct nsys_import *im, const char *want);
void nsys_expect_held(struct nsys_import *im, const char *persistent, const char *ephemeral, const char *framework);
void nsys_expect_refusal(struct nsys_path file, const struct cr_nsys_options *opt, const char *want);

#endif
