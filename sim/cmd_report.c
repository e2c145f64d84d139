/* cmd_report.c - `corun report`: the results of one or two run databases as a page to look at. */
#include "config.h"

#include <string.h>

#include "pages/page.h"
#include "sim/cli.h"
#include "sim/outfile.h"

enum { FORCE = CR_CLI_LONG, WINDOW };

static const struct cr_cli_opt options[] = {
  {'o', "output", "FILE", "the page; needed (- writes it to the terminal)"},
  {WINDOW, "window", "FROM..TO", "what the timeline shows, such as 100ms..150ms"},
  {FORCE, "force", NULL, "write over a page that exists"},
  {0, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_report = {
  .name = "report",
  .args = "RUN [RUN] -o PAGE",
  .help = "make a page of HTML of a run database, or of two side by side",
  .opt = options,
  .more = "The page has the tables of `corun show`, distributions of latency, a timeline that can be zoomed, memory, "
          "jobs, and "
          "where the\nresults are from, and needs no other file and no network.  Of two run databases it shows the "
          "differences, "
          "too.\n",
  .run = run,
};

static int write_page(const char *path, int overwrite, const struct cr_text *page, struct cr_err *err)
{
  if (strcmp(path, "-") == 0)
    return cr_cli_write(NULL, page->s, page->n, err);
  struct cr_outfile *f = NULL;
  int rc = cr_outfile_new(path, "page", overwrite, &f, err);
  if (rc != CR_OK)
    return rc;
  cr_outfile_add(f, page->s, page->n);
  return cr_outfile_close(f, err);
}

static int report(const struct cr_page_cfg *cfg, const char *output, int overwrite, struct cr_err *err)
{
  struct cr_text page = {0};
  /* Before the work: a path that cannot be written, or is one of the databases. */
  int rc = strcmp(output, "-") ? cr_outfile_check(output, "page", overwrite, err) : CR_OK;
  for (int i = 0; rc == CR_OK && i < CR_PAGE_FILES && cfg->path[i]; i++)
    if (strcmp(cfg->path[i], output) == 0)
      rc = cr_fail(err, CR_EINPUT, "%s: the page cannot replace the run database that it is made of", output);
  rc = rc ? rc : cr_page_make(cfg, &page, err);
  rc = rc ? rc : write_page(output, overwrite, &page, err);
  cr_text_fini(&page);
  return rc;
}

static int run(int argc, char **argv)
{
  struct cr_page_cfg cfg = {.to_ns = CR_NS_NEVER};
  const char *output = NULL, *window = NULL;
  int overwrite = 0, letter, status;
  struct cr_err err;
  while ((letter = cr_cli_next(&cr_cmd_report, argc, argv, &status)) > 0)
    switch (letter) {
    case 'o':
      output = cr_cli_value();
      break;
    case WINDOW:
      window = cr_cli_value();
      break;
    default:
      overwrite = 1;
    }
  if (letter < 0)
    return status;
  int first = cr_cli_first();
  if (first == argc)
    return cr_cli_usage(&cr_cmd_report, "which run database?  `corun run -o FILE` makes one");
  if (argc - first > CR_PAGE_FILES)
    return cr_cli_usage(&cr_cmd_report, "report takes one or two run databases; '%s' is too much",
                        argv[first + CR_PAGE_FILES]);
  if (!output)
    return cr_cli_usage(&cr_cmd_report, "where is the page to go?  -o FILE names it");
  for (int i = first; i < argc; i++)
    cfg.path[i - first] = cfg.name[i - first] = argv[i];
  int rc = window ? cr_cli_window(window, &cfg.from_ns, &cfg.to_ns, &err) : CR_OK;
  return cr_cli_error(rc ? rc : report(&cfg, output, overwrite, &err), &err);
}
