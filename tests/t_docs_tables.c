/* t_docs_tables.c - docs/scenarios.md has every key that the reader of scenarios knows, docs/formats.md every table and column of
 * run databases, trace stores and results of sweeps, and neither has one that is not there. */
#include "config.h"

#include "tests/t.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "sim/text.h"
#include "traces/rundb_schema.h"
#include "traces/scenario.h"
#include "traces/store_schema.h"
#include "traces/studydb_schema.h"

enum { NAME = 128 };

/* -- pages: lines, tables in them, words in backticks -- */

/* The part of a page from the line that begins so to the next heading of its level ("## "), or bold word ("**"); fails the case when
 * there is none. */
static char *part_of(char *page, const char *begin, const char *end)
{
  char *from = strstr(page, begin);
  if (!from)
    fail_msg("the page has no part that begins \"%s\"", begin);
  from = strdup(from);
  char *to = strstr(from + strlen(begin), end);
  if (to)
    *to = '\0';
  return from;
}

/* Whether a line of n characters has the word in backticks. */
static int has_word(const char *line, size_t n, const char *word)
{
  size_t k = strlen(word);
  for (const char *s = line; s + k + 1 < line + n; s++)
    if (s[0] == '`' && strncmp(s + 1, word, k) == 0 && s[k + 1] == '`')
      return 1;
  return 0;
}

static size_t first_cell(const char *line)
{
  const char *bar = strpbrk(line + 1, "|\n");
  return bar ? (size_t)(bar - line) : strlen(line);
}

/* Whether a row of a table there has the word, in its first cell or anywhere. */
static int has_row(const char *part, const char *word, int in_first_cell)
{
  for (const char *line = part; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    if (*line == '|' && has_word(line, in_first_cell ? first_cell(line) : strcspn(line, "\n"), word))
      return 1;
  return 0;
}

/* The next word in backticks from *s on, before end, into word; 0: none. */
static int next_word(const char **s, const char *end, char word[NAME])
{
  const char *open = strchr(*s, '`');
  const char *close = open ? strchr(open + 1, '`') : NULL;
  if (!close || close >= end || close - open > NAME)
    return 0;
  snprintf(word, NAME, "%.*s", (int)(close - open - 1), open + 1);
  *s = close + 1;
  return 1;
}

static int all_listed(const struct cr_text *missing)
{
  if (missing->n)
    print_message("# not there: %s\n", missing->s);
  return missing->n == 0;
}

/* -- scenarios -- */

/* A place in a scenario, and where the page speaks of it. */
static const struct place {
  const char *of;          /* the keys' path in front of them */
  const char *begin, *end; /* of the part; end also of a page's end */
  int in_first_cell;
} place[] = {
  {"clients[].", "## Keys of a client", "## Nodes", 0}, /* the part on jobs has more of them */
  {"jobs.", "| key of `jobs`", "\n\n", 1},
  {"nodes[].", "| key of a node", "\n\n", 1},
  {"", "## Keys of the file", "\n## ", 1},
};

struct looked {
  char *page;
  struct cr_text missing;
  uint32_t n;
};

static void look_up(void *ctx, const char *path)
{
  struct looked *l = ctx;
  for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
    size_t n = strlen(place[i].of);
    if (strncmp(path, place[i].of, n) != 0 || strpbrk(path + n, ".["))
      continue;
    char *part = part_of(l->page, place[i].begin, place[i].end);
    if (!has_row(part, path + n, place[i].in_first_cell))
      cr_text_add(&l->missing, "%s ", path);
    free(part);
    l->n++;
    return;
  }
}

static void the_page_has_every_key_of_a_scenario(void **state)
{
  (void)state;
  struct looked l = {.page = t_read(t_data("docs/scenarios.md"), NULL)};
  cr_scenario_each_key(look_up, &l);
  assert_true(l.n >= 60);
  assert_true(all_listed(&l.missing));
  cr_text_fini(&l.missing);
  t_free(l.page);
}

/* Layers are written as in task sets, of which planning.md has the tables; their innermost keys are in words and in examples. */
static void look_up_layer(void *ctx, const char *path)
{
  struct looked *l = ctx;
  const char *key = strrchr(path, '.');
  char colon[NAME];
  if (strncmp(path, "layers[].", 9) != 0)
    return;
  snprintf(colon, sizeof colon, "%s:", key + 1);
  if (!strstr(l->page, colon) && !has_word(l->page, strlen(l->page), key + 1))
    cr_text_add(&l->missing, "%s ", path);
  l->n++;
}

static void the_page_on_planning_has_every_key_of_layers(void **state)
{
  (void)state;
  struct looked l = {.page = t_read(t_data("docs/planning.md"), NULL)};
  cr_scenario_each_key(look_up_layer, &l);
  assert_true(l.n >= 19);
  assert_true(all_listed(&l.missing));
  cr_text_fini(&l.missing);
  t_free(l.page);
}

struct sought {
  const char *path;
  int found;
};

static void is_it(void *ctx, const char *path)
{
  struct sought *s = ctx;
  s->found |= strcmp(path, s->path) == 0;
}

/* Each key in the first cells of a table is one. */
static void all_known(char *page, const char *of, const char *begin, const char *end, struct cr_text *unknown)
{
  char *part = part_of(page, begin, end);
  const char *rows = strstr(part, "\n|---"); /* the title may name the mapping itself */
  assert_non_null(rows);
  for (const char *line = strchr(rows + 1, '\n'); line && line[1] == '|'; line = strchr(line + 1, '\n')) {
    char word[NAME], path[NAME + 16];
    const char *s = line + 1, *stop = line + 1 + first_cell(line + 1);
    while (next_word(&s, stop, word)) {
      snprintf(path, sizeof path, "%s%s", of, word);
      struct sought sought = {path, 0};
      cr_scenario_each_key(is_it, &sought);
      if (!sought.found)
        cr_text_add(unknown, "%s ", path);
    }
  }
  free(part);
}

static void the_page_has_no_key_that_is_none(void **state)
{
  (void)state;
  char *page = t_read(t_data("docs/scenarios.md"), NULL);
  struct cr_text unknown = {0};
  all_known(page, "", "## Keys of the file", "\n## ", &unknown);
  all_known(page, "clients[].", "## Keys of a client", "\n| arrival", &unknown);
  all_known(page, "clients[].", "| key | meaning | default |\n|---|---|---|\n| `iterations`", "\n\n", &unknown);
  all_known(page, "jobs.", "| key of `jobs`", "\n\n", &unknown);
  all_known(page, "nodes[].", "| key of a node", "\n\n", &unknown);
  assert_true(all_listed(&unknown));
  cr_text_fini(&unknown);
  t_free(page);
}

/* -- databases -- */

static sqlite3 *fresh(const char *schema)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, schema, NULL, NULL, NULL), SQLITE_OK);
  return db;
}

/* Whether the part names a column: in a row whose first cell has the table; or, below the title "column of `table`", in a first cell. */
static int has_column(const char *part, const char *table, const char *column)
{
  char title[NAME];
  snprintf(title, sizeof title, "| column of `%s` |", table);
  const char *own = strstr(part, title), *own_end = own ? strstr(own, "\n\n") : NULL;
  for (const char *line = part; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    const char *cells = line + first_cell(line);
    if (*line == '|' && has_word(line, first_cell(line), table) && has_word(cells, strcspn(cells, "\n"), column))
      return 1;
    if (*line == '|' && own && line > own && line < own_end && has_word(line, first_cell(line), column))
      return 1;
  }
  return 0;
}

static void look_up_columns(sqlite3 *db, const char *part, struct cr_text *missing)
{
  sqlite3_stmt *s;
  uint32_t n = 0;
  assert_int_equal(sqlite3_prepare_v2(db,
                                      "SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p"
                                      " WHERE m.type = 'table' ORDER BY m.rowid, p.cid",
                                      -1, &s, NULL),
                   SQLITE_OK);
  while (sqlite3_step(s) == SQLITE_ROW) {
    const char *table = (const char *)sqlite3_column_text(s, 0), *column = (const char *)sqlite3_column_text(s, 1);
    if (!has_column(part, table, column))
      cr_text_add(missing, "%s.%s ", table, column);
    n++;
  }
  sqlite3_finalize(s);
  assert_true(n >= 15);
}

/* Words of the rows of a table of columns that are no columns of the tables in their first cell. */
static void look_for_strangers(sqlite3 *db, const char *rows, struct cr_text *strangers)
{
  for (const char *line = rows; line && *line == '|'; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    const char *cells = line + first_cell(line), *end = cells + strcspn(cells, "\n");
    char table[NAME], column[NAME];
    const char *t = line;
    if (!next_word(&t, cells, table))
      continue;
    for (const char *c = cells; next_word(&c, end, column);) {
      sqlite3_stmt *s;
      assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2", -1, &s, NULL),
                       SQLITE_OK);
      sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
      sqlite3_bind_text(s, 2, column, -1, SQLITE_STATIC);
      if (sqlite3_step(s) != SQLITE_ROW)
        cr_text_add(strangers, "%s.%s ", table, column);
      sqlite3_finalize(s);
    }
  }
}

static void columns_are_on_the_page(const char *schema, const char *begin, const char *end)
{
  sqlite3 *db = fresh(schema);
  char *page = t_read(t_data("docs/formats.md"), NULL), *part = part_of(page, begin, end);
  struct cr_text missing = {0};
  look_up_columns(db, part, &missing);
  assert_true(all_listed(&missing));
  cr_text_fini(&missing);
  free(part);
  t_free(page);
  sqlite3_close(db);
}

static void the_page_has_every_column_of_a_run_database(void **state)
{
  (void)state;
  columns_are_on_the_page(CR_RUNDB_SCHEMA, "**The run database**", "\n**The ledger as text**");
}

static void the_page_has_every_column_of_a_trace_store(void **state)
{
  (void)state;
  columns_are_on_the_page(CR_STORE_SCHEMA, "## The trace store", "\n## ");
}

static void the_page_has_every_column_of_results_of_a_sweep(void **state)
{
  (void)state;
  columns_are_on_the_page(CR_STUDYDB_SCHEMA, "## Results of sweeps", "\n## ");
}

static void the_page_has_no_column_of_a_run_database_that_is_none(void **state)
{
  (void)state;
  sqlite3 *db = fresh(CR_RUNDB_SCHEMA);
  char *page = t_read(t_data("docs/formats.md"), NULL), *part = part_of(page, "| table | its columns |", "\n\n");
  struct cr_text strangers = {0};
  look_for_strangers(db, part, &strangers);
  assert_true(all_listed(&strangers));
  cr_text_fini(&strangers);
  free(part);
  t_free(page);
  sqlite3_close(db);
}

/* The search itself: a key that is left out is missed, and one that is only in another word is not found. */
static void what_is_left_out_is_missed(void **state)
{
  (void)state;
  char page[] = "## Keys of the file\n\n| key | meaning |\n|---|---|\n| `about` | a `seed`, `durations` |\n\n## "
                "Next\n| `seed` | |\n";
  char *part = part_of(page, "## Keys of the file", "\n## ");
  assert_true(has_row(part, "about", 1));
  assert_false(has_row(part, "seed", 1));
  assert_true(has_row(part, "seed", 0));
  assert_false(has_row(part, "duration", 0));
  struct cr_text unknown = {0};
  char wrong[] = "## Keys of the file\n\n| key | meaning |\n|---|---|\n| `abuot` | |\n";
  all_known(wrong, "", "## Keys of the file", "\n## ", &unknown);
  assert_string_equal(unknown.s, "abuot ");
  cr_text_fini(&unknown);
  free(part);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_page_has_every_key_of_a_scenario),
    cmocka_unit_test(the_page_on_planning_has_every_key_of_layers),
    cmocka_unit_test(the_page_has_no_key_that_is_none),
    cmocka_unit_test(the_page_has_every_column_of_a_run_database),
    cmocka_unit_test(the_page_has_no_column_of_a_run_database_that_is_none),
    cmocka_unit_test(the_page_has_every_column_of_a_trace_store),
    cmocka_unit_test(the_page_has_every_column_of_results_of_a_sweep),
    cmocka_unit_test(what_is_left_out_is_missed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
