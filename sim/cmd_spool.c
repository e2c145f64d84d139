/* cmd_spool.c - `corun import spool DIR|FILE...`: what the collector recorded, into a trace store. */
#include "config.h"

#include "sim/cmd_spool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/progress.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/spool_import.h"

int cr_cmd_spool_window(const char *text, cr_ns *from_ns, cr_ns *to_ns, struct cr_err *err)
{
  const char *dots = text ? strstr(text, "..") : NULL;
  char from[64];
  *from_ns = 0;
  *to_ns = CR_NS_NEVER;
  if (!text)
    return CR_OK;
  if (!dots || dots == text || !dots[2] || (size_t)(dots - text) >= sizeof from)
    return cr_fail(err, CR_EINPUT, "--window %s: write it as FROM..TO, such as 10s..12s", text);
  snprintf(from, sizeof from, "%.*s", (int)(dots - text), text);
  int rc = cr_parse_ns(from, "start of --window", from_ns, err);
  if (!rc)
    rc = cr_parse_ns(dots + 2, "end of --window", to_ns, err);
  if (!rc && *from_ns >= *to_ns)
    rc = cr_fail(err, CR_EINPUT, "--window %s: ends before it begins", text);
  return rc;
}

/* Each line for itself, as the program says things, but for what it will say at its end. */
static void print_missing(const char *text, const char *last)
{
  for (const char *line = text; line && *line;) {
    size_t n = strcspn(line, "\n");
    if (strlen(last) != n || strncmp(line, last, n) != 0)
      fprintf(stderr, "corun: %.*s\n", (int)n, line);
    line += n + (line[n] == '\n');
  }
}

static int import(struct cr_store *s, const struct cr_import_spool *a, struct cr_text *said, struct cr_text *missing,
                  struct cr_spool_result *result, struct cr_err *err)
{
  struct cr_spool_options opt = {.model = a->model,
                                 .prefix = a->prefix,
                                 .replace = a->replace,
                                 .range = a->range,
                                 .origin = a->origin,
                                 .watch = {.stop = cr_cli_stop()}};
  int rc = cr_cmd_spool_window(a->window, &opt.from_ns, &opt.to_ns, err);
  if (rc)
    return rc;
  struct cr_progress *progress = cr_progress_new("import", 1);
  opt.watch.on_progress = progress ? cr_progress_update : NULL;
  opt.watch.ctx = progress;
  rc = cr_spool_import(s, a->file, a->n_file, &opt, said, missing, result, err);
  cr_progress_free(progress);
  return rc;
}

int cr_cmd_import_spool(const struct cr_import_spool *a, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_text said = {0}, missing = {0};
  struct cr_spool_result r = {0};
  int rc = cr_store_edit(a->store, &s, err);
  if (!rc)
    rc = import(s, a, &said, &missing, &r, err);
  print_missing(missing.s, rc ? err->text : "");
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  if (!rc)
    fprintf(a->out, "%s%u model%s of %u process%s imported, from %" PRIu64 " records (%" PRIu64 " kernels)\n",
            said.s ? said.s : "", r.n_model, r.n_model == 1 ? "" : "s", r.n_process, r.n_process == 1 ? "" : "es",
            r.n_record, r.n_kernel);
  cr_text_fini(&said);
  cr_text_fini(&missing);
  return rc;
}
