/* page.h - the results of one command, or of two side by side, as one page of HTML that needs nothing else.
 *
 * The template (report.html, report.css and report.js of the bundled pages) stands as readable files; this module fills its places
 * with tables, which need no script, and with data, of which the script draws what is in time.  What is in the page is bounded, and
 * the page says what was left out. */
#ifndef CR_PAGE_H
#define CR_PAGE_H
#include "sim/base.h"
#include "sim/mem.h"
#include "sim/text.h"
#include "traces/rundb.h"

enum {
  CR_PAGE_FILES = 2,     /* run databases */
  CR_PAGE_SPANS = 16000, /* of all runs together */
  CR_PAGE_SPANS_RUN = 5000,
  CR_PAGE_PARTS = 400,   /* of time, where spans are left out */
  CR_PAGE_CLIENTS = 200, /* that are drawn, jobs included */
};

struct cr_page_cfg {
  const char *path[CR_PAGE_FILES]; /* run databases; [1] NULL: one alone */
  const char *name[CR_PAGE_FILES]; /* what to call them */
  cr_ns from_ns, to_ns;            /* what the timeline shows; 0 and CR_NS_NEVER: all */
};

/* Appends the page.  CR_EINPUT: a database that is none or is damaged, or two that have no policy in common. */
int cr_page_make(const struct cr_page_cfg *cfg, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
