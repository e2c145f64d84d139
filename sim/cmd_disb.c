/* cmd_disb.c - `corun import disb`: a workload of DISB into a new scenario file. */
#include "config.h"

#include "sim/cmd_disb.h"

#include <stdio.h>

#include "sim/outfile.h"
#include "sim/text.h"

int cr_cmd_import_disb(const char *path, const struct cr_disb_options *opt, struct cr_err *err)
{
  static const char what[] = "the scenario";
  struct cr_text text = {0};
  struct cr_outfile *file = NULL;
  int rc = cr_outfile_check(opt->output, what, 0, err);
  rc = rc ? rc : cr_disb_import(path, opt, &text, err);
  rc = rc ? rc : cr_outfile_new(opt->output, what, 0, &file, err);
  if (!rc) {
    cr_outfile_add(file, text.s, text.n);
    rc = cr_outfile_close(file, err);
  }
  cr_text_fini(&text);
  if (!rc)
    printf("%s written; `corun run %s` runs it\n", opt->output, opt->output);
  return rc;
}
