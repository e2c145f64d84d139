/* main.c - the program: picks the subcommand. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/cmd_complete.h"
#include "sim/nearest.h"
#include "sim/provenance.h"

static const struct cr_cmd *const command[] = {
  &cr_cmd_run,  &cr_cmd_sweep, &cr_cmd_tune,   &cr_cmd_validate, &cr_cmd_calibrate, &cr_cmd_replay,   &cr_cmd_list,
  &cr_cmd_plan, &cr_cmd_show,  &cr_cmd_report, &cr_cmd_import,   &cr_cmd_export,    &cr_cmd_generate, &cr_cmd_collect};
enum { N_COMMAND = sizeof command / sizeof *command };

static void print_commands(FILE *to)
{
  fputs("usage: corun COMMAND [ARGUMENT]...\n"
        "What happens when several neural networks share a GPU, and what would under another policy?\n\n",
        to);
  for (int i = 0; i < N_COMMAND; i++)
    fprintf(to, "  %-9s %s\n", command[i]->name, command[i]->help);
  fputs("\n  --help     print this; `corun COMMAND --help` says more of one, `corun --help all` of all\n"
        "  --version  print the version\n"
        "  complete   what could stand for the last of the words that follow: completion in shells asks it\n\n"
        "Exit status: 0 done, 1 the run failed, 2 usage or input.\n",
        to);
}

static int help(const char *of)
{
  if (!of)
    print_commands(stdout);
  int found = !of;
  for (int i = 0; of && i < N_COMMAND; i++)
    if (!strcmp(of, "all") || !strcmp(of, command[i]->name)) {
      if (found)
        putchar('\n');
      cr_cli_print_help(command[i]);
      for (const struct cr_cmd *also = command[i]->also; also; also = also->also) {
        putchar('\n');
        cr_cli_print_help(also);
      }
      found = 1;
    }
  if (!found)
    return cr_cli_usage(NULL, "there is no command '%s' to help with", of);
  return fflush(stdout) ? 1 : 0;
}

static int unknown(const char *word)
{
  const char *name[N_COMMAND];
  for (int i = 0; i < N_COMMAND; i++)
    name[i] = command[i]->name;
  const char *near = cr_nearest(word, name, N_COMMAND);
  const char *thing = word[0] == '-' ? "option" : "command";
  return near ? cr_cli_usage(NULL, "there is no %s '%s'; did you mean '%s'?", thing, word, near)
              : cr_cli_usage(NULL, "there is no %s '%s'", thing, word);
}

int main(int argc, char **argv)
{
  cr_cli_start(argc, argv);
  if (argc < 2) {
    print_commands(stderr);
    return 2;
  }
  const char *word = argv[1];
  if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help"))
    return help(argc > 2 ? argv[2] : NULL);
  if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
    printf("corun %s (%s)\n", cr_program_version, cr_program_git);
    return fflush(stdout) ? 1 : 0;
  }
  if (!strcmp(word, "complete"))
    return cr_complete(command, N_COMMAND, argc - 2, argv + 2);
  for (int i = 0; i < N_COMMAND; i++)
    if (!strcmp(word, command[i]->name))
      return command[i]->run(argc - 1, argv + 1);
  return unknown(word);
}
