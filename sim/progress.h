/* progress.h - a progress bar with the time left, on a terminal, for work over 2 s; nothing in a pipe. */
#ifndef CR_PROGRESS_H
#define CR_PROGRESS_H
#include "sim/base.h"

struct cr_progress;

/* n_part equal pieces (one a policy).  NULL when stderr is no terminal, or without memory: the others then do nothing. */
struct cr_progress *cr_progress_new(const char *label, uint32_t n_part);
void cr_progress_part(struct cr_progress *p, uint32_t part, const char *label); /* begins a piece; label is borrowed */
void cr_progress_update(void *p, cr_ns now_ns, cr_ns duration_ns);              /* fits cr_core_cfg.on_progress */
void cr_progress_clear(struct cr_progress *p);                                  /* before something else is printed */
void cr_progress_free(struct cr_progress *p);                                   /* clears the bar */

/* The line after spent_ns of real time with done_ppm of the work behind: "" while it is not worth showing.  Returns buf. */
char *cr_progress_line(const char *label, uint32_t done_ppm, cr_ns spent_ns, char *buf, size_t n);

#endif
