/* cmd_complete.h - `corun complete WORD...`: what could stand for the last of the words of a command line.
 *
 * The scripts of bash, zsh and fish (completion/) ask it and know nothing of corun themselves.  It knows what the program
 * knows: the tables of commands and options, usage lines, policies and their options, bundled files, keys of scenarios.
 *
 * Prints one candidate a line, `VALUE`, or `VALUE`, a tab and what it is.  A value that ends in `=`, `,` or `.` goes on.  A line
 * `:files` says that files fit, too, and `:commands` that programs do; both follow the candidates. */
#ifndef CR_CMD_COMPLETE_H
#define CR_CMD_COMPLETE_H
#include "sim/cli.h"
#include "sim/text.h"

/* word: [n_word], those after `corun`, the last one as far as it is typed.  Returns the exit status: 0, whatever the words
 * are, unless the answer cannot be written. */
int cr_complete(const struct cr_cmd *const *command, uint32_t n_command, int n_word, char **word);

/* -- what the parts of it share -- */

/* The word being completed, and the answer. */
struct cr_completion {
  const struct cr_cmd *cmd;
  const char
    *head; /* [n_head] of the word, in front of the value: "--device=", "reef,"; comes again before each candidate */
  size_t n_head;
  const char *part; /* the value as far as it is typed */
  struct cr_text *out;
  int files, commands;
};

/* Adds a candidate of n characters if the part begins it, then end ("=", ""), and about ("" or NULL: nothing). */
void cr_complete_offer(struct cr_completion *c, const char *value, size_t n, const char *end, const char *about);

/* Adds the values that a word of a usage line or an option table stands for ("DEVICE", "gpu|cpu", "POLICY[,OPT=V]").  option: the
 * long name of the option that takes it, or NULL. */
void cr_complete_values(struct cr_completion *c, const char *arg, const char *option);

/* Adds those of operand number i (from 0), as the command's usage line says. */
void cr_complete_operand(struct cr_completion *c, uint32_t i);

#endif
