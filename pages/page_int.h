/* page_int.h - what the parts of a page share: the databases it is made of. */
#ifndef CR_PAGE_INT_H
#define CR_PAGE_INT_H
#include "pages/page.h"
#include "sim/summary.h"

struct cr_page_file {
  const char *name;
  struct cr_rundb *db;
  struct cr_summary s;
  const struct cr_rundb_client *client; /* [n_client], jobs too */
  uint32_t n_client;
};

struct cr_page {
  const struct cr_page_cfg *cfg;
  struct cr_page_file file[CR_PAGE_FILES];
  uint32_t n_file;
};

/* Which clients of a file are drawn: all, or every so-and-so-many-th, so that the same ones are in each of its runs. */
uint32_t cr_page_stride(const struct cr_page_file *f);

/* The data of the script, as JSON that can stand within an element of HTML. */
int cr_page_data(const struct cr_page *p, struct cr_text *out, struct cr_err *err) CR_MUST;

#endif
