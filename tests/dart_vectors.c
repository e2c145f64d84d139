/* dart_vectors.c - checks files of worked response times and placements against plan/.
 *
 *   tests/dart_vectors FILE...     0: all agree; 1: the first that does not, said; 2: a file cannot be read or understood
 *
 * A file holds any number of these; # begins a comment.
 *
 *   set ID NODES TASKS     then a line a task, highest priority first: T D C_1..C_NODES R_paper R_D R_H; -1: no bound.
 *                          R_D is told up to T, R_H for all tasks of a set or none, each recurrence up to 100000.
 *   dp ID LAYERS NODES     then w_1..w_NODES, a line a layer: U_1..U_NODES, and the least largest load with a pair
 *                          BEGIN END of layers for each node */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/rta.h"
#include "plan/stage_split.h"

enum { TASK_MAX = 64, NODE_MAX = 16, LAYER_MAX = 64, LIMIT = 100000 };

struct reader {
  const char *path;
  FILE *file;
  int line;
};

static int bad(const struct reader *r, const char *what)
{
  fprintf(stderr, "dart_vectors: %s:%d: %s\n", r->path, r->line, what);
  return 2;
}

/* The next word, comments left out; 0 at the end of the file. */
static int word(struct reader *r, char *out, size_t cap)
{
  size_t n = 0;
  for (int c; (c = fgetc(r->file)) != EOF;) {
    if (c == '#')
      while ((c = fgetc(r->file)) != EOF && c != '\n')
        ;
    if (c == EOF)
      break;
    if (isspace(c) && n) {
      ungetc(c, r->file);
      break;
    }
    r->line += c == '\n';
    if (!isspace(c) && n + 1 < cap)
      out[n++] = (char)c;
  }
  out[n] = '\0';
  return n > 0;
}

static int number(struct reader *r, int64_t min, int64_t max, int64_t *out)
{
  char text[32], *end;
  if (!word(r, text, sizeof text))
    return bad(r, "the file ends where a number is expected");
  *out = strtoll(text, &end, 10);
  if (*end || *out < min || *out > max)
    return bad(r, "this is no number that can stand here");
  return 0;
}

static int mismatch(const struct reader *r, const char *what, int64_t id, const char *of, uint32_t i, int64_t want,
                    int64_t got)
{
  fprintf(stderr, "dart_vectors: %s:%d: %s %" PRId64 ", %s %u: the file says %" PRId64 ", the analysis %" PRId64 "\n",
          r->path, r->line, what, id, of, i, want, got);
  return 1;
}

/* --- response times ----------------------------------------------------------------------------------------------------- */

struct set {
  struct cr_rta a;
  cr_ns period[TASK_MAX], deadline[TASK_MAX], cost[TASK_MAX * NODE_MAX], limit[TASK_MAX];
  int64_t want[3][TASK_MAX];
  int line[TASK_MAX];
};

static int read_set(struct reader *r, struct set *s, int64_t *id)
{
  int64_t n_node = 0, n_task = 0;
  if (number(r, 0, INT64_MAX, id) || number(r, 1, NODE_MAX, &n_node) || number(r, 1, TASK_MAX, &n_task))
    return 2;
  s->a = (struct cr_rta){.n_task = (uint32_t)n_task,
                         .n_node = (uint32_t)n_node,
                         .period_ns = s->period,
                         .deadline_ns = s->deadline,
                         .cost_ns = s->cost,
                         .limit_ns = s->limit,
                         .busy_limit_ns = LIMIT};
  for (int64_t i = 0; i < n_task; i++) {
    if (number(r, 1, INT32_MAX, &s->period[i]) || number(r, 1, s->period[i], &s->deadline[i]))
      return 2;
    for (int64_t k = 0; k < n_node; k++)
      if (number(r, 0, INT32_MAX, &s->cost[i * n_node + k]))
        return 2;
    for (int b = 0; b < 3; b++)
      if (number(r, -1, INT64_MAX, &s->want[b][i]))
        return 2;
    s->limit[i] = LIMIT;
    s->line[i] = r->line;
  }
  return 0;
}

static int check_set(struct reader *r)
{
  static const char *const name[3] = {"paper's bound of task", "bound D of task", "bound H of task"};
  struct set s;
  cr_ns got[3][TASK_MAX], arrival[TASK_MAX * NODE_MAX];
  int64_t id;
  if (read_set(r, &s, &id))
    return 2;
  cr_rta_paper(&s.a, CR_RTA_ON_NODE, got[0]);
  cr_rta_overlap(&s.a, got[1]);
  cr_rta_holistic(&s.a, arrival, got[2]);
  int no_holistic = 0;
  for (uint32_t i = 0; i < s.a.n_task; i++)
    no_holistic |= got[2][i] == CR_NS_NEVER;
  for (int b = 0; b < 3; b++)
    for (uint32_t i = 0; i < s.a.n_task; i++) {
      int none = got[b][i] == CR_NS_NEVER || (b == 1 && got[b][i] > s.period[i]) || (b == 2 && no_holistic);
      int64_t value = none ? -1 : got[b][i];
      r->line = s.line[i];
      if (value != s.want[b][i])
        return mismatch(r, "set", id, name[b], i + 1, s.want[b][i], value);
    }
  return 0;
}

/* --- placements --------------------------------------------------------------------------------------------------------- */

static int check_split(struct reader *r)
{
  int64_t id, n_layer, n_node, upto[NODE_MAX][LAYER_MAX + 1] = {{0}}, want, u;
  int64_t scratch[(NODE_MAX + 2) * (LAYER_MAX + 1)];
  struct cr_stage_load load[NODE_MAX] = {{0}};
  uint32_t first[NODE_MAX + 1];
  if (number(r, 0, INT64_MAX, &id) || number(r, 1, LAYER_MAX, &n_layer) || number(r, 1, NODE_MAX, &n_node))
    return 2;
  for (int64_t k = 0; k < n_node; k++) {
    if (number(r, 0, INT32_MAX, &load[k].used))
      return 2;
    load[k].upto = upto[k];
  }
  for (int64_t j = 0; j < n_layer; j++)
    for (int64_t k = 0; k < n_node; k++) {
      if (number(r, 0, INT32_MAX, &u))
        return 2;
      upto[k][j + 1] = upto[k][j] + u;
    }
  int64_t got = cr_stage_split(load, (uint32_t)n_layer, (uint32_t)n_node, scratch, first);
  if (number(r, 0, INT64_MAX, &want))
    return 2;
  if (got != want)
    return mismatch(r, "dp", id, "largest load of nodes", (uint32_t)n_node, want, got);
  for (uint32_t k = 0; k < n_node; k++)
    for (uint32_t end = 0; end < 2; end++) {
      if (number(r, 0, n_layer, &want))
        return 2;
      if (want != first[k + end])
        return mismatch(r, "dp", id, end ? "end of node" : "first layer of node", k + 1, want, first[k + end]);
    }
  return 0;
}

static int check_file(const char *path)
{
  struct reader r = {.path = path, .file = fopen(path, "r"), .line = 1};
  char text[32];
  int status = 0, n = 0;
  if (!r.file) {
    fprintf(stderr, "dart_vectors: %s: cannot be opened\n", path);
    return 2;
  }
  while (!status && word(&r, text, sizeof text)) {
    int is_set = strcmp(text, "set") == 0;
    if (!is_set && strcmp(text, "dp") != 0)
      status = bad(&r, "a line that begins with set or dp is expected");
    else
      status = is_set ? check_set(&r) : check_split(&r);
    n++;
  }
  fclose(r.file);
  if (!status && !n)
    status = bad(&r, "there is nothing to check");
  if (!status)
    printf("%s: %d agree\n", path, n);
  return status;
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    fputs("usage: dart_vectors FILE...\n", stderr);
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    int status = check_file(argv[i]);
    if (status)
      return status;
  }
  return 0;
}
