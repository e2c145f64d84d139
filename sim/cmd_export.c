/* cmd_export.c - `corun export STORE.db`: a trace store as SQL text. */
#include "config.h"

#include "sim/cli.h"
#include "sim/text.h"
#include "traces/store.h"

static const struct cr_cli_opt options[] = {
  {'o', "output", "FILE", "write to a new file instead of the terminal"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_export = {
  .name = "export",
  .args = "STORE [-o FILE]",
  .help = "write a trace store as SQL text, the same for the same content",
  .opt = options,
  .more = "`corun import sql FILE -o STORE` makes the store again.\n",
  .run = run,
};

static int export(const char *store, const char *output, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_text text = {0};
  int rc = cr_store_open(store, &s, err);
  if (!rc)
    rc = cr_store_export(s, &text, err);
  if (!rc)
    rc = cr_cli_write(output, text.s, text.n, err);
  cr_text_fini(&text);
  cr_store_close(s);
  return rc;
}

static int run(int argc, char **argv)
{
  const char *output = NULL;
  struct cr_err err;
  int letter, status;
  while ((letter = cr_cli_next(&cr_cmd_export, argc, argv, &status)) > 0)
    output = cr_cli_value();
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  if (argc - first != 1)
    return cr_cli_usage(&cr_cmd_export, "export needs one store");
  return cr_cli_error(export(argv[first], output, &err), &err);
}
