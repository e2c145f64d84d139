/* gz.h - reads a file that may be gzip or plain, in chunks, and says clearly when it is cut off or damaged. */
#ifndef CR_GZ_H
#define CR_GZ_H
#include "sim/base.h"
#include "sim/text.h"

struct cr_gz;

int cr_gz_open(const char *path, struct cr_gz **out, struct cr_err *err) CR_MUST;
void cr_gz_close(struct cr_gz *gz);

/* The next bytes, at most cap; *n 0 at the end, which is the true end: a gzip file that stops early is an error. */
int cr_gz_read(struct cr_gz *gz, void *buf, size_t cap, size_t *n, struct cr_err *err) CR_MUST;

/* How much of the file has been read, and how large it is (0: not known). */
void cr_gz_progress(const struct cr_gz *gz, int64_t *done_bytes, int64_t *all_bytes);

/* The whole file, added to a text. */
int cr_gz_slurp(const char *path, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
