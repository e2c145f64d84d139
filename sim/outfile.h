/* outfile.h - an output file that bears its name only when it is whole.
 *
 * Text goes through a bounded buffer to PATH.partial, which is renamed at the end and removed on failure.  A path that is
 * there and is no regular file (a pipe, /dev/stdout) is written in place.  A full disk shows at the write or at the end,
 * as a sentence. */
#ifndef CR_OUTFILE_H
#define CR_OUTFILE_H
#include "sim/base.h"

/* Whether path may be written: CR_EINPUT when it exists (unless overwrite), is a directory, or its directory is missing
 * or cannot be written.  what ("timeline") begins the sentence. */
int cr_outfile_check(const char *path, const char *what, int overwrite, struct cr_err *err) CR_MUST;

struct cr_outfile;

/* what must live as long as the file. */
int cr_outfile_new(const char *path, const char *what, int overwrite, struct cr_outfile **out, struct cr_err *err) CR_MUST;

/* Failures are kept and told by cr_outfile_close. */
void cr_outfile_add(struct cr_outfile *f, const char *bytes, size_t n);

int64_t cr_outfile_bytes(const struct cr_outfile *f); /* added so far */

/* CR_OK, or the sentence of a write that has failed: the writer may give up early. */
int cr_outfile_state(const struct cr_outfile *f, struct cr_err *err) CR_MUST;

/* Writes the rest and gives the file its name; on failure (CR_ERUN: the disk is full, say) nothing is left.  Frees f. */
int cr_outfile_close(struct cr_outfile *f, struct cr_err *err) CR_MUST;

/* Removes what was written; frees f.  NULL is fine. */
void cr_outfile_abandon(struct cr_outfile *f);

/* The sentence for a write that failed with this errno; returns CR_ERUN. */
int cr_outfile_fail(const char *path, const char *what, int error, struct cr_err *err) CR_COLD;

#endif
