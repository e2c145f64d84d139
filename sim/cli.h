/* cli.h - what the subcommands share: their table, options, error sentences, exit status, and Ctrl-C.
 *
 * A subcommand is one cmd_*.c with one `const struct cr_cmd`.  Its options are a table too, from which --help, the man
 * page and the parser are made, so that they cannot differ.  A command prints results to stdout and returns the exit
 * status; errors are sentences and go to stderr as `corun: sentence`.
 *
 *   static int run(int argc, char **argv)
 *   {
 *     int letter, status;
 *     while ((letter = cr_cli_next(&cr_cmd_run, argc, argv, &status)) > 0)
 *       switch (letter) {
 *       case 'o': path = cr_cli_value(); break;
 *       case CR_CLI_LONG + 0: ...  (an option without a letter has one of its own from CR_CLI_LONG up)
 *       }
 *     if (letter < 0)
 *       return status;
 *     for (int i = cr_cli_first(); i < argc; i++) ... argv[i]
 *   }
 */
#ifndef CR_CLI_H
#define CR_CLI_H
#include "sim/base.h"

enum { CR_CLI_LONG = 256 }; /* options without a letter are numbered from here */

struct cr_cli_opt {
  int letter;       /* 'o', or CR_CLI_LONG + n when it has only a long name */
  const char *name; /* "output" for --output */
  const char *arg;  /* name of its value, "FILE"; "[=LIST]": may be left out, long options only; NULL: it takes none */
  const char *help; /* one line, lower case, no full stop */
};

struct cr_cmd {
  const char *name;                  /* "run" */
  const char *args;                  /* "SCENARIO [-p POLICY[,opt=v]]..."; after the name in the usage line */
  const char *help;                  /* one line, lower case, no full stop */
  const struct cr_cli_opt *opt;      /* ends with name NULL; may itself be NULL.  --help is added to all */
  const char *more;                  /* further text of --help, or NULL */
  const struct cr_cmd *also;         /* a form of it with options of its own, chosen by the first of them; or NULL */
  int operands_end;                  /* options end at the first operand: what follows belongs to another program */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

extern const struct cr_cmd cr_cmd_run, cr_cmd_import, cr_cmd_export, cr_cmd_show, cr_cmd_validate, cr_cmd_replay,
  cr_cmd_list, cr_cmd_generate, cr_cmd_plan, cr_cmd_collect, cr_cmd_calibrate, cr_cmd_report, cr_cmd_sweep, cr_cmd_tune;

/* Next option of a command: its letter; 0 when they are at an end; -1 when the command is to return *status at once,
 * because help was asked for (printed) or the option is wrong (said). */
int cr_cli_next(const struct cr_cmd *cmd, int argc, char **argv, int *status);
const char *cr_cli_value(void); /* of the option just returned */
int cr_cli_first(void);         /* index in argv of the first operand, once options are at an end */

/* Says `corun: ` and the sentence on stderr; returns the exit status of rc.  rc CR_OK: says nothing, 0. */
int cr_cli_error(int rc, const struct cr_err *err);

/* The same for a mistake on the command line: adds where help is; returns 2. */
int cr_cli_usage(const struct cr_cmd *cmd, const char *fmt, ...) CR_PRINTF(2, 3) CR_COLD;

/* For main: remembers the command line and catches Ctrl-C; prints --help of a command (not of its other form). */
void cr_cli_start(int argc, char **argv);
void cr_cli_print_help(const struct cr_cmd *cmd);

/* Whether titles are bold: on a terminal, unless TERM is dumb or NO_COLOR is set. */
int cr_cli_wants_color(void);

/* Writes text to stdout, or to a new file: made whole beside it and then renamed.  path NULL or "-": stdout.  An
 * existing file is refused.  Full disk and closed pipe are CR_ERUN, a directory that cannot be written CR_EINPUT. */
int cr_cli_write(const char *path, const char *text, size_t n, struct cr_err *err) CR_MUST;

/* "100ms..150ms", the value of --window. */
int cr_cli_window(const char *text, cr_ns *from_ns, cr_ns *to_ns, struct cr_err *err) CR_MUST;

/* Set when the user asked to stop with Ctrl-C (or SIGTERM): finish early and keep what there is.  The second ends the
 * program at once.  For cr_core_cfg.stop. */
const volatile int *cr_cli_stop(void);

/* "corun run -p streams disb-c": the program's arguments as one line, for provenance.  Long ones are cut
 * with "...".  Valid until the program ends. */
const char *cr_cli_command_line(void);

#endif
