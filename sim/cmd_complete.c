/* cmd_complete.c - which word of a command line is being completed: a command, an option, an option's value or an operand. */
#include "config.h"

#include "sim/cmd_complete.h"

#include <stdio.h>
#include <string.h>

void cr_complete_offer(struct cr_completion *c, const char *value, size_t n, const char *end, const char *about)
{
  size_t n_part = strlen(c->part);
  if (n < n_part || strncmp(value, c->part, n_part) != 0)
    return;
  cr_text_add(c->out, "%.*s%.*s%s", (int)c->n_head, c->head, (int)n, value, end);
  cr_text_add(c->out, about && *about ? "\t%s\n" : "%s\n", about && *about ? about : "");
}

static void offer_word(struct cr_completion *c, const char *word, const char *about)
{
  cr_complete_offer(c, word, strlen(word), "", about);
}

static void offer_commands(struct cr_completion *c, const struct cr_cmd *const *command, uint32_t n_command)
{
  for (uint32_t i = 0; i < n_command; i++)
    offer_word(c, command[i]->name, command[i]->help);
}

/* -- options -- */

static int takes_value(const struct cr_cli_opt *o)
{
  return o->arg && *o->arg != '[';
}

/* By the n characters of a long name, or by its letter (n is 1 and is_letter). */
static const struct cr_cli_opt *find_option(const struct cr_cmd *cmd, const char *name, size_t n, int is_letter)
{
  for (const struct cr_cli_opt *o = cmd->opt; o && o->name; o++)
    if (is_letter ? o->letter == *name : strlen(o->name) == n && strncmp(o->name, name, n) == 0)
      return o;
  return NULL;
}

static void offer_option(struct cr_completion *c, const struct cr_cli_opt *o)
{
  char name[80], letter[3] = {'-', (char)o->letter, '\0'};
  snprintf(name, sizeof name, "--%s", o->name);
  offer_word(c, name, o->help);
  if (o->letter < CR_CLI_LONG && strlen(c->part) < 3 && strncmp(c->part, "--", 2) != 0)
    offer_word(c, letter, o->help);
}

static void offer_options(struct cr_completion *c)
{
  static const struct cr_cli_opt help = {'h', "help", NULL, "print help and stop"};
  for (const struct cr_cli_opt *o = c->cmd->opt; o && o->name; o++)
    offer_option(c, o);
  if (c->cmd->also)
    offer_option(c, &c->cmd->also->opt[0]);
  offer_option(c, &help);
}

/* A word such as "-qo": the option whose value the next word is, or NULL. */
static const struct cr_cli_opt *waits_in_letters(const struct cr_cmd *cmd, const char *letters)
{
  for (; *letters; letters++) {
    const struct cr_cli_opt *o = find_option(cmd, letters, 1, 1);
    if (o && takes_value(o))
      return letters[1] ? NULL : o;
  }
  return NULL;
}

/* The option whose value the word after this one is; NULL: none waits for one. */
static const struct cr_cli_opt *waits(const struct cr_cmd *cmd, const char *word)
{
  if (word[0] != '-' || !word[1])
    return NULL;
  if (word[1] != '-')
    return waits_in_letters(cmd, word + 1);
  const struct cr_cli_opt *o = strchr(word, '=') ? NULL : find_option(cmd, word + 2, strlen(word + 2), 0);
  return o && takes_value(o) ? o : NULL;
}

/* -- words of a command -- */

/* The other form of the command, if a word chooses it. */
static const struct cr_cmd *form_of(const struct cr_cmd *cmd, int n_word, char **word)
{
  for (int i = 0; cmd->also && i < n_word; i++)
    if (strncmp(word[i], "--", 2) == 0 && strcmp(word[i] + 2, cmd->also->opt[0].name) == 0)
      return cmd->also;
  return cmd;
}

/* word: [n_word] after the command's name. */
static void complete_command(struct cr_completion *c, int n_word, char **word)
{
  const char *last = word[n_word - 1];
  const struct cr_cli_opt *option = NULL; /* waits for its value */
  uint32_t n_operand = 0;
  int is_end = 0; /* of options */
  for (int i = 0; i < n_word - 1; i++) {
    int is_value = option != NULL;
    option = is_value || is_end ? NULL : waits(c->cmd, word[i]);
    if (is_value || option)
      continue;
    if (!is_end && strcmp(word[i], "--") == 0)
      is_end = 1;
    else if (is_end || word[i][0] != '-' || !word[i][1])
      n_operand++;
    is_end |= c->cmd->operands_end && n_operand;
  }
  const char *is = strncmp(last, "--", 2) == 0 ? strchr(last, '=') : NULL;
  if (option) {
    cr_complete_values(c, option->arg, option->name);
  } else if (is && !is_end) {
    option = find_option(c->cmd, last + 2, (size_t)(is - last) - 2, 0);
    c->n_head = (size_t)(is - last) + 1;
    c->part = is + 1;
    if (option && option->arg)
      cr_complete_values(c, option->arg, option->name);
  } else if (last[0] == '-' && !is_end) {
    offer_options(c);
  } else {
    cr_complete_operand(c, n_operand);
  }
}

int cr_complete(const struct cr_cmd *const *command, uint32_t n_command, int n_word, char **word)
{
  struct cr_text out = {0};
  const char *last = n_word > 0 ? word[n_word - 1] : "";
  struct cr_completion c = {.head = last, .part = last, .out = &out};
  if (n_word < 2) {
    offer_commands(&c, command, n_command);
    offer_word(&c, "help", "say what there is, or more of a command");
    if (*last == '-') {
      offer_word(&c, "--help", "say what there is");
      offer_word(&c, "--version", "print the version");
    }
  } else if (n_word == 2 && strcmp(word[0], "help") == 0) {
    offer_commands(&c, command, n_command);
    offer_word(&c, "all", "of all commands");
  }
  for (uint32_t i = 0; n_word > 1 && i < n_command; i++)
    if (strcmp(word[0], command[i]->name) == 0) {
      c.cmd = form_of(command[i], n_word - 2, word + 1);
      complete_command(&c, n_word - 1, word + 1);
    }
  cr_text_add(&out, "%s%s", c.commands ? ":commands\n" : "", c.files ? ":files\n" : "");
  struct cr_err err;
  int rc = out.failed ? cr_fail_nomem(&err, "completions") : cr_cli_write(NULL, out.s, out.n, &err);
  cr_text_fini(&out);
  return cr_cli_error(rc, &err);
}
