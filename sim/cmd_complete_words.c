/* cmd_complete_words.c - which operands a usage line has: "SCENARIO [-p POLICY]...", "[STORE [MODEL] | MODEL | RUN]",
 * "jobs -n N -o JOBS.csv | tasks -n N -o FOLDER".
 *
 * Alternatives stand between bars that have blanks around them; options, in brackets or not, are passed over with their values;
 * "..." behind an operand lets it come again. */
#include "config.h"

#include <string.h>

#include "sim/cmd_complete.h"

/* Behind the bracket that closes the one at s. */
static const char *behind_bracket(const char *s)
{
  int depth = 0;
  do {
    depth += *s == '[' ? 1 : *s == ']' ? -1 : 0;
    s++;
  } while (*s && depth > 0);
  return s;
}

/* Whether the option of n characters at s is followed by a value. */
static int has_value(const struct cr_cmd *cmd, const char *s, size_t n)
{
  for (const struct cr_cli_opt *o = cmd->opt; o && o->name; o++) {
    int is_long = n > 2 && strlen(o->name) == n - 2 && strncmp(o->name, s + 2, n - 2) == 0;
    if (is_long || (n == 2 && o->letter == s[1]))
      return o->arg != NULL;
  }
  return 0;
}

/* The next word of a usage line that is an operand or a bar; *n 0: there is none.  Brackets around it are not part of it, those
 * within are. */
static const char *next_word(const struct cr_cmd *cmd, const char *s, size_t *n)
{
  int is_value = 0;
  for (;; s += *n) {
    s += strspn(s, " ].");
    while (*s == '[')
      s = s[1] == '-' || strncmp(s, "[OPTION]", 8) == 0 ? behind_bracket(s) : s + 1, s += strspn(s, " ].");
    *n = strcspn(s, " ");
    if (*n == 0)
      return s;
    if (*s == '-') {
      is_value = has_value(cmd, s, *n);
      continue;
    }
    if (!is_value)
      return s;
    is_value = 0;
  }
}

static void offer(struct cr_completion *c, const char *word, size_t n)
{
  char arg[120];
  if (n >= sizeof arg)
    return;
  memcpy(arg, word, n);
  arg[n] = '\0';
  cr_complete_values(c, arg, NULL);
}

void cr_complete_operand(struct cr_completion *c, uint32_t i)
{
  const char *last = NULL; /* operand of this alternative, if it may come again */
  size_t n, n_last = 0;
  uint32_t place = 0;
  for (const char *s = next_word(c->cmd, c->cmd->args, &n);; s = next_word(c->cmd, s + n, &n)) {
    int is_end = n == 0 || (n == 1 && *s == '|');
    if (is_end && place <= i && last)
      offer(c, last, n_last);
    if (n == 0)
      return;
    if (is_end) {
      place = 0;
      last = NULL;
      continue;
    }
    if (place++ == i)
      offer(c, s, n);
    /* Another operand may follow those that come again, so that only the last word says. */
    last = strstr(s, "...") && strcspn(s, " ") >= (size_t)(strstr(s, "...") - s) ? s : NULL;
    n_last = n;
  }
}
