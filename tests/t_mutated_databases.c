/* t_mutated_databases.c - databases of runs, sweeps and searches in which cells, rows, columns, tables or bytes are not what they were:
 * every command that reads them does its job or refuses with a sentence. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "config.h"

#include "tests/t.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/mutation.h"

enum { WORDS_MAX = 16, KINDS_MAX = 3 };

/* A database as its command wrote it, and what reads such a one: words of the program, "@" the database, "=" the design. */
struct kind {
  const char *name;
  const char *const *design;    /* words of the command that made it */
  const char *(*use)[WORDS_MAX]; /* [n_use] */
  uint32_t n_use;
  char *good;
  size_t n_good;
};

struct place {
  char folder[500], corun[500];
  struct kind *kind; /* [n_kind] */
  uint32_t n_kind;
};

static const char LOAD[] = "duration: 30ms\nwarmup: 2ms\nclients:\n"
                           "  - {name: web, model: distilbert-bs1-fp32, class: rt, priority: -3, arrival: poisson, rate: 300/s}\n"
                           "  - {name: be, model: vgg19-bs1-fp32, depth: 2}\n";
static const char JOBS[] = "about: jobs\nduration: 20ms\nclients:\n"
                           "  - {name: long, model: alexnet-bs1-fp32, iterations: 12, declared: 9ms}\n"
                           "  - {name: short, model: mobilenet_v2-bs1-fp32, iterations: 4, submit: 1ms, startup: 500us}\n"
                           "  - {name: served, model: mobilenet_v2-bs1-fp32, depth: 1, max_requests: 3}\n";

static const char *const of_run[] = {"run", "./s.yaml", "-p", "streams", "-p", "priority", NULL};
static const char *const of_jobs[] = {"run", "./jobs.yaml", "-p", "streams", NULL};
static const char *const of_nodes[] = {"run", "dart-small", "-p", "dart", "--set", "duration=200ms", NULL};
static const char *const of_sweep[] = {"sweep", "-q",     "-j", "1",       "./s.yaml", "-p", "streams", "--grid", "clients.be.depth=1,3",
                                       "--seeds", "1..2", NULL};
static const char *const of_tune[] = {"tune", "-q", "-j", "1", "./s.yaml", "-p", "mps", "--over", "mps.percent=25..75", "--goal",
                                      "p99(rt)<90ms", "--maximize", "throughput(be)", "--seeds", "1..2", NULL};

static const char *run_use[][WORDS_MAX] = {
  {"show", "@", "--format", "json", NULL}, {"replay", "@", NULL},           {"show", "@", NULL},
  {"report", "@", "-o", "page.html", NULL}, {"show", "@", "good.db", "--format", "json", NULL}, {"show", "@", "-f", "csv", NULL}};
static const char *study_use[][WORDS_MAX] = {{"show", "@", "--format", "json", NULL}, {"show", "@", NULL}, {"show", "@", "-f", "csv", NULL},
                                             {"=", "-o", "@", NULL}};

static void write_bytes(const char *path, const char *bytes, size_t n)
{
  unlink(path);
  FILE *f = fopen(path, "wb");
  assert_true(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static void expand(const struct kind *k, const char *const *use, const char *corun, const char *db, const char **argv)
{
  uint32_t n = 0;
  argv[n++] = corun;
  for (; *use; use++) {
    if (!strcmp(*use, "="))
      for (const char *const *w = k->design; *w; w++)
        argv[n++] = *w;
    else
      argv[n++] = strcmp(*use, "@") ? *use : db;
  }
  argv[n] = NULL;
}

static int is_there(const struct place *p, const char *name)
{
  return access(t_join(p->folder, name), F_OK) == 0;
}

/* What is made beside the database is whole, or not there. */
static int check_page(const struct place *p, struct mutation *m, int status)
{
  if (!is_there(p, "page.html"))
    return 0;
  char *page = t_read(t_join(p->folder, "page.html"), NULL);
  int is_whole = strstr(page, "</html>") != NULL;
  t_free(page);
  unlink(t_join(p->folder, "page.html"));
  return is_whole && status == 0 ? 0 : mutation_fail(m, "status %d, and %s page is there", status, is_whole ? "a" : "half a");
}

static int use_one(void *ctx, struct mutation *m)
{
  const struct place *p = ctx;
  const struct kind *k = &p->kind[mutation_draw(m, p->n_kind)];
  const char *argv[3 * WORDS_MAX];
  char bad[600];
  int status = 0;
  snprintf(bad, sizeof bad, "%s/bad.db", p->folder);
  write_bytes(bad, k->good, k->n_good);
  write_bytes(t_join(p->folder, "good.db"), k->good, k->n_good);
  mutation_note(m, "%s:", k->name);
  if (mutation_sqlite(m, bad))
    return mutation_fail(m, "the database cannot be changed");
  expand(k, k->use[mutation_draw(m, k->n_use)], p->corun, "bad.db", argv);
  int rc = mutation_run(m, p->folder, argv, &status);
  return rc ? rc : check_page(p, m, status);
}

static void make(struct place *p, struct kind *kind, uint32_t n_kind)
{
  const char *corun = t_build("corun"), *argv[3 * WORDS_MAX];
  static const char *const to_db[] = {"=", "-o", "made.db", NULL};
  *p = (struct place){.kind = kind, .n_kind = n_kind};
  snprintf(p->folder, sizeof p->folder, "%s", t_tmp());
  assert_non_null(realpath(corun, p->corun));
  t_write(t_join(p->folder, "s.yaml"), LOAD);
  t_write(t_join(p->folder, "jobs.yaml"), JOBS);
  for (uint32_t i = 0; i < n_kind; i++) {
    char command[1500] = "";
    expand(&kind[i], to_db, p->corun, NULL, argv);
    snprintf(command, sizeof command, "cd '%s' &&", p->folder);
    for (int w = 0; argv[w]; w++)
      snprintf(command + strlen(command), sizeof command - strlen(command), " '%s'", argv[w]);
    snprintf(command + strlen(command), sizeof command - strlen(command), " >out.txt");
    if (system(command))
      fail_msg("%s", command);
    kind[i].good = t_read(t_join(p->folder, "made.db"), &kind[i].n_good);
    unlink(t_join(p->folder, "made.db"));
  }
}

static void use_all(struct kind *kind, uint32_t n_kind, const char *name, uint32_t n)
{
  struct place p;
  make(&p, kind, n_kind);
  mutation_each(name, n, use_one, &p);
  for (uint32_t i = 0; i < n_kind; i++)
    t_free(kind[i].good);
}

#define USES(table) (table), sizeof(table) / sizeof *(table)

static void mutated_runs_are_shown_replayed_or_refused(void **state)
{
  (void)state;
  struct kind kind[] = {{"run", of_run, USES(run_use), NULL, 0}, {"jobs", of_jobs, USES(run_use), NULL, 0},
                        {"nodes", of_nodes, USES(run_use), NULL, 0}};
  use_all(kind, sizeof kind / sizeof *kind, "runs", 150);
}

static void mutated_studies_are_shown_gone_on_with_or_refused(void **state)
{
  (void)state;
  struct kind kind[] = {{"sweep", of_sweep, USES(study_use), NULL, 0}, {"tune", of_tune, USES(study_use), NULL, 0}};
  use_all(kind, sizeof kind / sizeof *kind, "studies", 100);
}

/* A replay that compared nothing must not say that all is the same. */
static void a_replay_of_no_run_is_refused(void **state)
{
  (void)state;
  struct place p;
  struct kind kind = {"run", of_run, USES(run_use), NULL, 0};
  make(&p, &kind, 1);
  write_bytes(t_join(p.folder, "none.db"), kind.good, kind.n_good);
  assert_int_equal(mutation_sql(t_join(p.folder, "none.db"), "DELETE FROM run"), 0);
  char command[1500];
  snprintf(command, sizeof command, "cd '%s' && { '%s' replay none.db 2>err.txt; [ $? = 2 ]; }", p.folder, p.corun);
  assert_int_equal(system(command), 0);
  char *said = t_read(t_join(p.folder, "err.txt"), NULL);
  assert_non_null(strstr(said, "none.db: it holds no run"));
  t_free(said);
  t_free(kind.good);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(mutated_runs_are_shown_replayed_or_refused),
    cmocka_unit_test(mutated_studies_are_shown_gone_on_with_or_refused),
    cmocka_unit_test(a_replay_of_no_run_is_refused),
  };
  return cmocka_run_group_tests_name("mutated databases", test, NULL, NULL);
}
