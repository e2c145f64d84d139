/* cli.c - what the subcommands share: options from tables, help made of the same tables, error sentences, Ctrl-C.
 *
 * The only file of the program with state of its own: the flag that Ctrl-C sets, and the command line as given. */
#include "config.h"

#include "sim/cli.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/nearest.h"
#include "sim/outfile.h"
#include "sim/unit.h"

enum { OPTION_MAX = 48, LINE_MAX_BYTES = 4096 };

_Static_assert(sizeof(sig_atomic_t) == sizeof(int), "cr_cli_stop hands the flag out as an int");

static volatile int stop;
static char command_line[LINE_MAX_BYTES];

/* -- start and stop -- */

static void on_signal(int number)
{
  (void)number;
  stop = 1;
}

static void remember(int argc, char **argv)
{
  size_t n = 0;
  for (int i = 0; i < argc && n < sizeof command_line; i++) {
    const char *word = i ? argv[i] : "corun";
    /* Quoted where a shell would need it, so that the line can be run again. */
    const char *quote = !*word || strpbrk(word, " \t\n\"\\$&|;<>()*?[]#~`") ? "'" : "";
    int k = snprintf(command_line + n, sizeof command_line - n, "%s%s%s%s", i ? " " : "", quote, word, quote);
    n += k > 0 ? (size_t)k : 0;
  }
  if (n >= sizeof command_line)
    memcpy(command_line + sizeof command_line - 4, "...", 4);
}

void cr_cli_start(int argc, char **argv)
{
  /* SA_RESETHAND: the second one ends the program. */
  struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  remember(argc, argv);
  sigemptyset(&act.sa_mask);
  sigaction(SIGINT, &act, NULL);
  sigaction(SIGTERM, &act, NULL);
}

const volatile int *cr_cli_stop(void)
{
  return &stop;
}

const char *cr_cli_command_line(void)
{
  return command_line;
}

/* -- errors -- */

int cr_cli_error(int rc, const struct cr_err *err)
{
  if (rc != CR_OK) {
    fflush(stdout);
    fprintf(stderr, "corun: %s\n", err->text);
  }
  return cr_rc_exit(rc);
}

int cr_cli_usage(const struct cr_cmd *cmd, const char *fmt, ...)
{
  va_list ap;
  fflush(stdout);
  fputs("corun: ", stderr);
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fprintf(stderr, "; `corun %s%s--help` says more\n", cmd ? cmd->name : "", cmd ? " " : "");
  return 2;
}

int cr_cli_window(const char *text, cr_ns *from_ns, cr_ns *to_ns, struct cr_err *err)
{
  char from[64];
  const char *dots = strstr(text, "..");
  if (!dots || (size_t)(dots - text) >= sizeof from)
    return cr_fail(err, CR_EINPUT, "--window %s: write it as FROM..TO, such as 100ms..150ms", text);
  memcpy(from, text, (size_t)(dots - text));
  from[dots - text] = '\0';
  int rc = cr_parse_ns(from, "start of --window", from_ns, err);
  if (rc == CR_OK)
    rc = cr_parse_ns(dots + 2, "end of --window", to_ns, err);
  if (rc == CR_OK && *to_ns <= *from_ns)
    rc = cr_fail(err, CR_EINPUT, "--window %s: ends before it begins", text);
  return rc;
}

int cr_cli_wants_color(void)
{
  const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

int cr_cli_write(const char *path, const char *text, size_t n, struct cr_err *err)
{
  if (path && strcmp(path, "-")) {
    struct cr_outfile *f = NULL;
    int rc = cr_outfile_new(path, "output", 0, &f, err);
    if (rc)
      return rc;
    cr_outfile_add(f, text, n);
    return cr_outfile_close(f, err);
  }
  if (fwrite(text, 1, n, stdout) != n || fflush(stdout))
    return cr_fail(err, CR_ERUN, "the output cannot be written: the disk is full or the pipe was closed");
  return CR_OK;
}

/* -- help -- */

/* "  -o, --output FILE"; returns its width. */
static int option_head(const struct cr_cli_opt *o, char *out, size_t n)
{
  char letter[8] = "    ";
  if (o->letter < CR_CLI_LONG)
    snprintf(letter, sizeof letter, "-%c, ", (char)o->letter);
  return snprintf(out, n, "  %s--%s%s%s", letter, o->name, o->arg && *o->arg != '[' ? " " : "", o->arg ? o->arg : "");
}

static const struct cr_cli_opt help_option = {'h', "help", NULL, "print this and stop"};

static void print_option(const struct cr_cli_opt *o, int width)
{
  char head[128];
  option_head(o, head, sizeof head);
  printf("%-*s  %s\n", width, head, o->help);
}

void cr_cli_print_help(const struct cr_cmd *cmd)
{
  char head[128];
  int width = option_head(&help_option, head, sizeof head);
  for (const struct cr_cli_opt *o = cmd->opt; o && o->name; o++) {
    int w = option_head(o, head, sizeof head);
    width = w > width ? w : width;
  }
  printf("usage: corun %s%s%s\n%s\n\n", cmd->name, *cmd->args ? " " : "", cmd->args, cmd->help);
  for (const struct cr_cli_opt *o = cmd->opt; o && o->name; o++)
    print_option(o, width);
  print_option(&help_option, width);
  if (cmd->more)
    printf("\n%s%s", cmd->more, cmd->more[strlen(cmd->more) - 1] == '\n' ? "" : "\n");
}

/* -- options -- */

const char *cr_cli_value(void)
{
  return optarg;
}

int cr_cli_first(void)
{
  return optind;
}

/* What is wrong with the option that getopt_long refused. */
static int refuse(const struct cr_cmd *cmd, char **argv, const struct option *table, int what)
{
  const char *word = argv[optind - 1], *name[OPTION_MAX];
  uint32_t n = 0;
  if (what == ':') {
    if (optopt && optopt < CR_CLI_LONG)
      return cr_cli_usage(cmd, "%s: option -%c needs a value", cmd->name, optopt);
    return cr_cli_usage(cmd, "%s: option %s needs a value", cmd->name, word);
  }
  if (optopt && !strncmp(word, "--", 2) && strchr(word, '='))
    return cr_cli_usage(cmd, "%s: option %.*s takes no value", cmd->name, (int)strcspn(word, "="), word);
  if (optopt)
    return cr_cli_usage(cmd, "%s: there is no option -%c", cmd->name, optopt);
  while (table[n].name) {
    name[n] = table[n].name;
    n++;
  }
  char bare[64];
  snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word + 2, "="), word + 2);
  const char *near = cr_nearest(bare, name, n);
  return near ? cr_cli_usage(cmd, "%s: there is no option --%s; did you mean --%s?", cmd->name, bare, near)
              : cr_cli_usage(cmd, "%s: there is no option --%s", cmd->name, bare);
}

int cr_cli_next(const struct cr_cmd *cmd, int argc, char **argv, int *status)
{
  struct option table[OPTION_MAX] = {{0}};
  char letters[2 * OPTION_MAX + 4] = "+:h";
  size_t n = 0, n_letter = 3;
  for (const struct cr_cli_opt *o = cmd->opt; o && o->name && n < OPTION_MAX - 2; o++) {
    table[n++] = (struct option){o->name, !o->arg ? no_argument : *o->arg == '[' ? optional_argument : required_argument, NULL, o->letter};
    if (o->letter < CR_CLI_LONG) {
      letters[n_letter++] = (char)o->letter;
      if (o->arg)
        letters[n_letter++] = ':';
    }
  }
  table[n] = (struct option){"help", no_argument, NULL, 'h'};
  opterr = 0;
  int letter = getopt_long(argc, argv, cmd->operands_end ? letters : letters + 1, table, NULL);
  if (letter == -1)
    return 0;
  if (letter == '?' || letter == ':')
    *status = refuse(cmd, argv, table, letter);
  else if (letter == 'h') {
    cr_cli_print_help(cmd);
    *status = fflush(stdout) ? 1 : 0;
  } else
    return letter;
  return -1;
}
