/* t_mutated_texts.c - what people type or keep as text, with words and bytes that are not what they were: each is taken, and then makes
 * sense, or is refused with a sentence. */
#define _XOPEN_SOURCE 700 /* setenv, realpath */
#include "config.h"

#include "tests/t.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "calib/live_csv.h"
#include "plan/task_set.h"
#include "sim/mem.h"
#include "sim/standin_cache.h"
#include "sim/workload.h"
#include "studies/design.h"
#include "studies/goal.h"
#include "tests/mutation.h"
#include "traces/scenario.h"
#include "traces/task_file.h"

enum { TEXT_MAX = 8192 };

static char folder[500];

static const char *file_with(const char *name, const char *text, size_t n)
{
  static char path[600];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path); /* a file that is cut to nothing and written is flushed to the disk by some file systems, which takes long */
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
    return NULL;
  return path;
}

/* One of the lines of a corpus, changed. */
static void draw_line(struct mutation *m, const char *const *line, uint32_t n, char *out, size_t cap)
{
  snprintf(out, cap, "%s", line[mutation_draw(m, n)]);
  mutation_words(m, out, cap);
  mutation_note(m, " gives '%s'", out);
}

/* A refusal has a sentence and is the input's fault. */
static int check_refusal(struct mutation *m, int rc, const struct cr_err *err)
{
  return rc == CR_EINPUT && err->text[0] ? 0 : mutation_fail(m, "rc %d, '%s'", rc, err->text);
}

/* -- tables of live results ---------------------------------------------------------------------------------------------- */

static const char LIVE[] =
  "arrival,metric,measured,predicted,low,high,error_percent,scenario,client,class,policy,runs,duration_s,launch_us\n"
  "closed,mean_ms,0.276824,0.311154,0.276824,0.286824,12.4015,two,alexnet,be,streams,3,0.5,2.5\n"
  "closed,p99_ms,0.336127,0.321791,0.326127,0.336127,-4.26505,two,alexnet,be,streams,3,0.5,2.5\n"
  "poisson,p99_ms,,0.321791,,,,two,web,rt,streams,3,0.5,\n";

static int read_live(void *ctx, struct mutation *m)
{
  (void)ctx;
  char text[TEXT_MAX];
  struct cr_live_table *t = NULL;
  struct cr_err err = {{0}};
  snprintf(text, sizeof text, "%s", LIVE);
  mutation_words(m, text, sizeof text);
  int failed = 0, rc = cr_live_table_read(file_with("live.csv", text, strlen(text)), &t, &err);
  if (rc)
    return check_refusal(m, rc, &err);
  for (uint32_t i = 0; !failed && i < t->n_row; i++) {
    const struct cr_live_stored *r = &t->row[i];
    int is_known = isnan(r->measured) ? 0 : 1;
    if (isinf(r->measured) || r->measured < 0 || isinf(r->low) || isinf(r->high) || r->low < 0 || (isnan(r->low) ? 0 : 1) != is_known ||
        (isnan(r->high) ? 0 : 1) != is_known || r->duration_ns <= 0 || isinf(r->launch_us))
      failed = mutation_fail(m, "line %u is taken: %g %g %g %g", r->line, r->measured, r->low, r->high, r->launch_us);
  }
  cr_live_table_free(t);
  return failed;
}

static void mutated_live_tables_are_read_or_refused(void **state)
{
  (void)state;
  mutation_each("live tables", 3000, read_live, NULL);
}

static void live_values_that_cannot_be_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *values, *says;
  } BAD[] = {
    {",0.1,0.3,0.5", "they are nan, 0.1 and 0.3"},
    {"0.2,,0.3,0.5", "they are 0.2, nan and 0.3"},
    {"-0.2,-0.3,-0.1,0.5", "they are -0.2, -0.3 and -0.1"},
    {"inf,inf,inf,0.5", "where a number belongs"},
    {"0.2,0.2,0.2,1e-320", "duration_s must be seconds over 0"},
  };
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    char text[300];
    struct cr_live_table *t = NULL;
    struct cr_err err = {{0}};
    snprintf(text, sizeof text, "scenario,policy,client,class,arrival,metric,measured,low,high,duration_s\na,p,c,rt,closed,mean_ms,%s\n",
             BAD[i].values);
    int rc = cr_live_table_read(file_with("live.csv", text, strlen(text)), &t, &err);
    if (rc != CR_EINPUT || !strstr(err.text, "live.csv:2: ") || !strstr(err.text, BAD[i].says))
      fail_msg("%s gives %d, '%s'", BAD[i].values, rc, err.text);
  }
}

/* -- goals --------------------------------------------------------------------------------------------------------------- */

static int read_goal(void *ctx, struct mutation *m)
{
  (void)ctx;
  static const char *const LINE[] = {"p99(rt)<5ms", "throughput(be)>100/s", "missed(rt)<1%", "jobs_done>99", "makespan < 1h",
                                     "mean(web)<=2.5ms", "dram_use>0.25", "requests(all)>=1e3"};
  char text[300];
  struct cr_err err = {{0}};
  struct cr_aim aim = {.arena = cr_arena_new(), .best = CR_NONE};
  draw_line(m, LINE, sizeof LINE / sizeof *LINE, text, sizeof text);
  int rc = cr_aim_add_goal(&aim, text, &err), failed = rc ? check_refusal(m, rc, &err) : 0;
  if (!rc && (aim.n_goal != 1 || !isfinite(aim.goal[0].bound) || aim.goal[0].bound < 0))
    failed = mutation_fail(m, "a bound of %g", aim.goal[0].bound);
  cr_arena_free(aim.arena);
  return failed;
}

static void mutated_goals_are_read_or_refused(void **state)
{
  (void)state;
  mutation_each("goals", 5000, read_goal, NULL);
}

/* -- words of designs: --vary, --grid, --list, --random, --seeds ... -------------------------------------------------------- */

static int check_design(struct mutation *m, const struct cr_design *d)
{
  uint32_t last = d->n_point - 1;
  char value[CR_DESIGN_VALUE];
  if (d->n_point == 0 || d->n_policy == 0 || d->n_seed == 0 || !(d->confidence > 0 && d->confidence < 1) || !(d->until >= 0) ||
      isinf(d->until))
    return mutation_fail(m, "%u points, %u seeds, confidence %g, until %g", d->n_point, d->n_seed, d->confidence, d->until);
  for (uint32_t a = 0; a < d->n_axis; a++)
    for (uint32_t p = 0; p < 2; p++) {
      const char *text = cr_design_value(d, a, p ? last : 0, value);
      if (!strcmp(cr_design_key(d, a), "random") && (strstr(text, "nan") || strstr(text, "inf")))
        return mutation_fail(m, "value %s", text);
    }
  return 0;
}

static int read_design(void *ctx, struct mutation *m)
{
  (void)ctx;
  static const struct {
    enum cr_design_kind kind;
    const char *word;
  } WORD[] = {{CR_DESIGN_GRID, "clients.be.depth=1,3"},
              {CR_DESIGN_GRID, "clients[0].rate=50,100,200/s"},
              {CR_DESIGN_LIST, "a=[1, 2],\"x,y\",3"},
              {CR_DESIGN_LIST, "b=1ms,2ms,3ms"},
              {CR_DESIGN_RANDOM, "random=10us..5ms:log"},
              {CR_DESIGN_RANDOM, "whole=1..9"},
              {CR_DESIGN_SAMPLES, "5"},
              {CR_DESIGN_SAMPLE_SEED, "3"},
              {CR_DESIGN_POLICY, "streams"},
              {CR_DESIGN_SEEDS, "1..3,7"},
              {CR_DESIGN_METRIC, "p99(rt)"},
              {CR_DESIGN_UNTIL, "2%"},
              {CR_DESIGN_CONFIDENCE, "95%"}};
  enum { N = sizeof WORD / sizeof *WORD };
  struct cr_err err = {{0}};
  struct cr_design d;
  struct cr_design_words w = {.arena = cr_arena_new()};
  uint32_t changed = mutation_draw(m, N);
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < N; i++) {
    char text[300];
    snprintf(text, sizeof text, "%s", WORD[i].word);
    if (i == changed) {
      const char *line = WORD[i].word;
      draw_line(m, &line, 1, text, sizeof text);
    }
    rc = cr_design_add(&w, WORD[i].kind, text, &err);
  }
  rc = rc ? rc : cr_design_make(&w, &d, &err);
  int failed = rc ? check_refusal(m, rc, &err) : check_design(m, &d);
  cr_arena_free(w.arena);
  return failed;
}

static int read_vary(void *ctx, struct mutation *m)
{
  (void)ctx;
  static const char *const LINE[] = {"clients.be.depth=1,3", "rate=50,100,200/s", "a=[1, 2],\"x,y\",{b: 3}", "device=h200,v100",
                                     "x=1..100:log", "x=0.5ms..2ms", "x=25..75"};
  char text[300], value[CR_AXIS_VALUE];
  struct cr_err err = {{0}};
  struct cr_axis a;
  struct cr_arena *arena = cr_arena_new();
  draw_line(m, LINE, sizeof LINE / sizeof *LINE, text, sizeof text);
  int rc = cr_axis_read_values(arena, "--vary", text, &a, &err), failed = rc ? check_refusal(m, rc, &err) : 0;
  rc = rc ? rc : cr_axis_check_distinct(&a, "--vary", text, &err);
  for (uint32_t i = 0; !rc && i < a.n_value; i++)
    if (!a.value[i][0] || strlen(a.value[i]) >= CR_AXIS_VALUE)
      failed = mutation_fail(m, "value %u is '%s'", i, a.value[i]);
  rc = cr_axis_read_range(arena, "--over", text, &a, &err);
  failed |= rc ? check_refusal(m, rc, &err) : 0;
  if (!rc && (!isfinite(a.low) || !isfinite(a.high) || !(a.low < a.high) || (a.is_log && !(a.low > 0))))
    failed = mutation_fail(m, "range %g..%g", a.low, a.high);
  for (double share = 0; !rc && share <= 1; share += 0.5) {
    double x = cr_axis_at(&a, share);
    cr_axis_print(&a, x, value);
    if (!isfinite(x) || x < a.low || x > a.high + a.is_whole || /* one past it is cut when printed */
        strstr(value, "nan") || strstr(value, "inf"))
      failed = mutation_fail(m, "%g of the range is %g, '%s'", share, x, value);
  }
  cr_arena_free(arena);
  return failed;
}

static void mutated_designs_are_made_or_refused(void **state)
{
  (void)state;
  mutation_each("designs", 3000, read_design, NULL);
}

static void mutated_values_and_ranges_are_read_or_refused(void **state)
{
  (void)state;
  mutation_each("values and ranges", 5000, read_vary, NULL);
}

/* -- --set ---------------------------------------------------------------------------------------------------------------- */

static int set_key(void *ctx, struct mutation *m)
{
  (void)ctx;
  static const char *const LINE[] = {
    "duration=200ms", "clients.web.rate=300/s", "clients[0].deadline=5ms", "clients[1].depth=2", "device.sms=66", "model.cold=off",
    "clients.be.model=alexnet-bs1-fp32", "clients[1].think=3us", "seed=7", "clients.web.phase=10us", "device.dram_bandwidth=4.8TB/s",
    "warmup=2ms", "policies=[streams, priority]", "clients[0]={name: x, model: alexnet-bs1-fp32}", "clients.web.priority=-3",
    "clients.web.arrival=uniform", "clients[1].weight=3", "clients.web.times=[1ms, 2ms]"};
  static const char TEXT[] = "duration: 30ms\nwarmup: 2ms\nclients:\n"
                             "  - {name: web, model: alexnet-bs1-fp32, class: rt, priority: -3, arrival: poisson, rate: 300/s}\n"
                             "  - {name: be, model: mobilenet_v2-bs1-fp32, depth: 2}\n";
  char text[300];
  const char *set = text;
  struct cr_err err = {{0}};
  struct cr_scenario *s = NULL;
  const struct cr_scenario_options opt = {.set = &set, .n_set = 1, .text = TEXT};
  draw_line(m, LINE, sizeof LINE / sizeof *LINE, text, sizeof text);
  int rc = cr_scenario_load("x.yaml", &opt, &s, &err), failed = rc ? check_refusal(m, rc, &err) : 0;
  for (uint32_t c = 0; !rc && !failed && c < s->workload->n_client; c++) {
    const struct cr_client_spec *client = &s->workload->client[c];
    double rate = client->arrival.rate_per_s;
    if (s->duration_ns <= 0 || s->warmup_ns < 0 || s->warmup_ns >= s->duration_ns || !isfinite(rate) || rate < 0 || client->deadline_ns < 0)
      failed = mutation_fail(m, "duration %" PRId64 ", warm-up %" PRId64 ", rate %g, deadline %" PRId64, s->duration_ns, s->warmup_ns, rate,
                             client->deadline_ns);
  }
  cr_scenario_free(s);
  return failed;
}

static void mutated_settings_of_keys_are_taken_or_refused(void **state)
{
  (void)state;
  mutation_each("--set", 300, set_key, NULL);
}

/* -- task sets ------------------------------------------------------------------------------------------------------------ */

static const char TASKS[] =
  "about: two\nplatform:\n  name: board\n  cores: [{type: big, count: 2}, {type: little, count: 1}]\n"
  "  gpus: [{type: g, count: 1}]\n  overheads: {eps_s: 1us, eps_cp: 2us, eps_gp: 3us, eps_gm: 4us}\n"
  "models:\n  - name: n\n    layers:\n"
  "      - {name: a, cpu: [{cores: little, times: [9ms]}, {cores: big, times: [4ms, 2ms]}],"
  " gpu: [{gpu: g, hd: 1us, exec: 1ms, misc: 2us, dh: 3us}]}\n"
  "      - {name: b, cpu: [{cores: big, times: [1ms, 1ms]}, {cores: little, times: [2ms]}], gpu: [{gpu: g, exec: 0}]}\n"
  "tasks:\n  - {name: one, class: rt, model: n, period: 50ms, deadline: 40ms, weight: 3}\n"
  "  - {name: two, class: be, model: n, period: 1s}\n";

static int load_tasks(void *ctx, struct mutation *m)
{
  char text[TEXT_MAX];
  struct cr_err err = {{0}};
  struct cr_task_set set;
  struct cr_arena *arena = cr_arena_new();
  snprintf(text, sizeof text, "%s", (const char *)ctx);
  mutation_words(m, text, sizeof text);
  const char *path = file_with("tasks.yaml", text, strlen(text));
  int rc = cr_task_file_load(path, arena, &set, &err), failed = rc ? check_refusal(m, rc, &err) : 0;
  for (uint32_t i = 0; !rc && !failed && i < set.n_task; i++)
    if (set.task[i].period_ns <= 0 || set.task[i].deadline_ns <= 0)
      failed = mutation_fail(m, "task %u: period %" PRId64 ", deadline %" PRId64, i, set.task[i].period_ns, set.task[i].deadline_ns);
  cr_arena_free(arena);
  return failed;
}

static void mutated_task_sets_are_loaded_or_refused(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_task_set set;
  struct cr_err err = {{0}};
  int rc = cr_task_file_load(file_with("tasks.yaml", TASKS, strlen(TASKS)), arena, &set, &err);
  cr_arena_free(arena);
  if (rc)
    fail_msg("%s", err.text); /* what is changed is good */
  mutation_each("task sets", 600, load_tasks, (void *)TASKS);
}

/* The command, whose plan is made of the numbers of the set; and the scenario that it writes is whole, or not there. */
static int plan_tasks(void *ctx, struct mutation *m)
{
  char text[TEXT_MAX], path[700];
  const char *dart[] = {ctx, "plan", "dart", "tasks.yaml", "-j", "1", "--format", "json", "--scenario", "plan.yaml", NULL};
  const char *threads[] = {ctx, "plan", "threads", "tasks.yaml", "-j", "1", "--format", "json", NULL};
  int status = 0;
  snprintf(text, sizeof text, "%s", TASKS);
  mutation_words(m, text, sizeof text);
  snprintf(path, sizeof path, "%s/plan.yaml", folder);
  unlink(path);
  if (!file_with("tasks.yaml", text, strlen(text)))
    return mutation_fail(m, "the tasks cannot be written");
  int rc = mutation_run(m, folder, mutation_draw(m, 3) ? dart : threads, &status);
  if (rc || status || access(path, F_OK) != 0)
    return rc;
  const char *run[] = {ctx, "run", "./plan.yaml", "-p", "dart", "--set", "duration=1ms", "--format", "json", NULL};
  rc = mutation_run(m, folder, run, &status);
  return rc || status != 2 ? rc : mutation_fail(m, "the scenario of a plan is refused, in %s", folder);
}

static void mutated_task_sets_are_planned_or_refused(void **state)
{
  (void)state;
  char corun[500];
  assert_non_null(realpath(t_build("corun"), corun));
  mutation_each("plans", 60, plan_tasks, corun);
}

/* -- measured stand-ins --------------------------------------------------------------------------------------------------- */

enum { N_KEPT = 6 };

static struct cr_standin_key key_of(int64_t n)
{
  return (struct cr_standin_key){{n, -1, 7}};
}

/* The cache's one file. */
static int find_file(char *path, size_t n)
{
  DIR *d = opendir(folder);
  int found = 0;
  for (struct dirent *e; d && (e = readdir(d));)
    if (!strncmp(e->d_name, "standins-", 9)) {
      snprintf(path, n, "%s/%s", folder, e->d_name);
      found = 1;
    }
  if (d)
    closedir(d);
  return found;
}

static int put_all(int64_t first, int64_t n, struct cr_err *err)
{
  struct cr_standin_cache *c = NULL;
  int rc = cr_standin_cache_open("gpu", 12040, 42, &c, err);
  for (int64_t i = first; !rc && i < first + n; i++) {
    struct cr_standin_key key = key_of(i);
    const struct cr_standin_found found = {
      .rounds = (uint32_t)i + 10, .chunks = (uint32_t)i, .measured_ns = 1000.0 + (double)i, .slope_ns = 0.25};
    rc = cr_standin_cache_put(c, &key, &found, err);
  }
  if (!rc)
    return cr_standin_cache_close(c, err);
  cr_standin_cache_free(c);
  return rc;
}

/* Some of the time each line gets the checksum of what it now says. */
static void sum_again(char *text, size_t cap)
{
  char *copy = cr_mem_new(cap, 1);
  size_t n = 0;
  for (char *line = text, *end; copy && (end = strchr(line, '\n')); line = end + 1) {
    *end = '\0';
    char *last = strrchr(line, ' ');
    if (*line == '#' || !last) {
      n += (size_t)snprintf(copy + n, cap - n, "%s\n", line);
    } else {
      *last = '\0';
      n += (size_t)snprintf(copy + n, cap - n, "%s %016" PRIx64 "\n", line, cr_standin_cache_hash(0, line));
    }
    if (n >= cap)
      break;
  }
  if (copy)
    snprintf(text, cap, "%s", copy);
  cr_mem_free(copy);
}

static int read_kept(void *ctx, struct mutation *m)
{
  const char *path = ctx;
  char text[TEXT_MAX];
  struct cr_err err = {{0}};
  struct cr_standin_cache *c = NULL;
  unlink(path);
  int rc = put_all(0, N_KEPT, &err), failed = 0;
  FILE *f = fopen(path, "rb");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f)
    fclose(f);
  text[n] = '\0';
  mutation_words(m, text, sizeof text / 2);
  if (mutation_draw(m, 2))
    sum_again(text, sizeof text);
  unlink(path);
  f = fopen(path, "wb");
  if (rc || !f || fwrite(text, 1, strlen(text), f) != strlen(text) || fclose(f) != 0)
    return mutation_fail(m, "the cache cannot be written");
  rc = put_all(100, 1, &err); /* behind what is there */
  rc = rc ? rc : cr_standin_cache_open("gpu", 12040, 42, &c, &err);
  if (rc)
    return mutation_fail(m, "rc %d, %s", rc, err.text);
  for (int64_t i = 0; !failed && i <= 100; i += i < N_KEPT ? 1 : 94) {
    struct cr_standin_key key = key_of(i);
    struct cr_standin_found found;
    int is_there = cr_standin_cache_find(c, &key, &found);
    if (is_there && (!(found.measured_ns > 0 && found.measured_ns <= 3.6e12) || !(found.slope_ns > 0 && found.slope_ns <= 3.6e12)))
      failed = mutation_fail(m, "%" PRId64 " has %g ns, %g ns a round", i, found.measured_ns, found.slope_ns);
    if (i == 100 && !is_there)
      failed = mutation_fail(m, "what was put behind it is not there");
  }
  cr_standin_cache_free(c);
  return failed;
}

static void mutated_stand_ins_are_taken_or_measured_anew(void **state)
{
  (void)state;
  char path[800];
  struct cr_err err = {{0}};
  setenv("CORUN_STANDIN_CACHE", folder, 1);
  assert_int_equal(put_all(0, N_KEPT, &err), CR_OK);
  assert_true(find_file(path, sizeof path));
  mutation_each("stand-ins", 1500, read_kept, path);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(mutated_live_tables_are_read_or_refused),
    cmocka_unit_test(live_values_that_cannot_be_are_refused),
    cmocka_unit_test(mutated_goals_are_read_or_refused),
    cmocka_unit_test(mutated_designs_are_made_or_refused),
    cmocka_unit_test(mutated_values_and_ranges_are_read_or_refused),
    cmocka_unit_test(mutated_settings_of_keys_are_taken_or_refused),
    cmocka_unit_test(mutated_task_sets_are_loaded_or_refused),
    cmocka_unit_test(mutated_task_sets_are_planned_or_refused),
    cmocka_unit_test(mutated_stand_ins_are_taken_or_measured_anew),
  };
  snprintf(folder, sizeof folder, "%s", t_tmp());
  return cmocka_run_group_tests_name("mutated texts", test, NULL, NULL);
}
