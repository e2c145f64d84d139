/* t_kineto.c - the Kineto importer: the real files to the nanosecond, made ones by hand, and every kind of damage.
 *
 * The oracle for the real files reads their text in another way (line by line, no JSON) and works out medians by
 * itself. */
#include "config.h"

#include "tests/t.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/text.h"
#include "traces/gz.h"
#include "traces/kineto.h"
#include "traces/store.h"

enum { OP_MAX = 6000, ITERATION_MAX = 8 };

/* -- the store as the tests see it -- */

static int import(const char *file, const char *store, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_kineto_options opt = {.model = "m"};
  int rc = cr_store_edit(store, &s, err);
  if (!rc)
    rc = cr_kineto_import(s, file, &opt, err);
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  return rc;
}

struct model {
  struct cr_arena *arena;
  struct cr_op_spec *op;
  uint32_t n_op;
};

static struct model load(const char *file)
{
  struct model m = {.arena = cr_arena_new()};
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  const char *store = t_join(t_tmp(), "s.db");
  if (import(file, store, &err) || cr_store_open(store, &s, &err) ||
      cr_store_read_model(s, "m", m.arena, &m.op, &m.n_op, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
  return m;
}

/* Paths of t.h are good for eight calls only. */
struct path {
  char s[4096];
};

static struct path keep(const char *path)
{
  struct path kept;
  snprintf(kept.s, sizeof kept.s, "%s", path);
  return kept;
}

static uint32_t n_files(const char *folder)
{
  uint32_t n = 0;
  DIR *d = opendir(folder);
  for (struct dirent *e; (e = readdir(d));)
    n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

/* The import is refused with a sentence that has `want` in it, and leaves no file behind. */
static void expect_refusal(const char *given, const char *want)
{
  struct cr_err err = {{0}};
  struct path file = keep(given), folder = keep(t_tmp()), store = keep(t_join(folder.s, "s.db"));
  int rc = import(file.s, store.s, &err);
  if (rc != CR_EINPUT || !strstr(err.text, want) || !strstr(err.text, file.s))
    fail_msg("%d, '%s' where '%s' was expected", rc, err.text, want);
  assert_int_equal(n_files(folder.s), 0);
}

static void write_bytes(const char *path, const char *bytes, size_t n)
{
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static char *text_of(const char *path)
{
  struct cr_text t = {0};
  struct cr_err err = {{0}};
  if (cr_gz_slurp(path, &t, &err))
    fail_msg("%s", err.text);
  return t.s; /* freed by t_free */
}

/* -- real files against an oracle -- */

struct seen {
  int64_t start_ns, duration_ns, correlation;
};

/* "4444791193852.993" as ns. */
static int64_t ns_at(const char *s)
{
  int64_t v = 0;
  for (; *s == '.' || (*s >= '0' && *s <= '9'); s++)
    if (*s != '.')
      v = 10 * v + (*s - '0');
  return v;
}

static const char *after(const char *s, const char *key)
{
  const char *p = strstr(s, key);
  assert_non_null(p);
  return p + strlen(key);
}

/* Device events in file order, found by their text; the files list them by start. */
static uint32_t scan(const char *text, struct seen *op)
{
  uint32_t n = 0;
  for (const char *p = text; (p = strstr(p, "\"ph\": \"X\", \"cat\": \""));) {
    p += strlen("\"ph\": \"X\", \"cat\": \"");
    if (strncmp(p, "kernel\"", 7) && strncmp(p, "gpu_mem", 7))
      continue;
    assert_true(n < OP_MAX);
    op[n].start_ns = ns_at(after(p, "\"ts\": "));
    op[n].duration_ns = ns_at(after(p, "\"dur\": "));
    op[n++].correlation = ns_at(after(p, "\"correlation\": "));
  }
  return n;
}

static int by_value(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static int64_t median(const int64_t *v, uint32_t n)
{
  int64_t copy[ITERATION_MAX];
  memcpy(copy, v, n * sizeof *v);
  qsort(copy, n, sizeof *copy, by_value);
  return copy[(n - 1) / 2];
}

static void check_graph_file(const char *path, uint32_t n_iteration)
{
  char *text = text_of(path);
  static struct seen op[OP_MAX];
  uint32_t n = scan(text, op), per = n / n_iteration;
  struct model m = load(path);
  assert_int_equal(n, per * n_iteration);
  assert_int_equal(m.n_op, per);
  for (uint32_t j = 0; j < per; j++) {
    int64_t duration[ITERATION_MAX], gap[ITERATION_MAX], away[ITERATION_MAX];
    uint32_t n_gap = 0;
    for (uint32_t k = 0; k < n_iteration; k++) {
      const struct seen *o = &op[k * per + j];
      assert_int_equal(o->correlation, op[k * per].correlation);
      duration[k] = o->duration_ns;
      if (o > op)
        gap[n_gap++] = o->start_ns - o[-1].start_ns - o[-1].duration_ns;
    }
    assert_int_equal(m.op[j].duration_ns, median(duration, n_iteration));
    for (uint32_t k = 0; k < n_iteration; k++)
      away[k] = llabs(duration[k] - m.op[j].duration_ns);
    assert_int_equal(m.op[j].spread_ns, median(away, n_iteration)); /* the numbers of iterations are odd */
    int64_t want = median(gap, n_gap);
    assert_int_equal(m.op[j].gap_ns, j == 0 && want >= 100000 ? CR_NS_NEVER : want);
    assert_int_equal(m.op[j].launch_ns, CR_NS_NEVER);
  }
  cr_arena_free(m.arena);
  t_free(text);
}

static void a_bundled_graph_is_exact_to_the_nanosecond(void **state)
{
  (void)state;
  check_graph_file(t_data("tests/data/alexnet-bs1-fp32.graph.json.gz"), 5);
}

static void all_real_graphs_are_exact_to_the_nanosecond(void **state)
{
  (void)state;
  static const char *const model[] = {"vit_b_16", "mobilenet_v2",    "resnet50",    "inception_v3",
                                      "alexnet",  "distilbert",      "googlenet",   "resnet152",
                                      "vgg19",    "efficientnet_b0", "densenet201", "bert_base"};
  for (size_t i = 0; i < sizeof model / sizeof *model; i++)
    for (int fixed = 0; fixed < 2; fixed++) {
      char name[128];
      snprintf(name, sizeof name, "h200/%skineto/%s-bs1-fp32.graph.json.gz", fixed ? "fixed/" : "", model[i]);
      const char *path = t_shared(name);
      if (!path) {
        t_skip("the measured data is not beside the source tree");
        return;
      }
      check_graph_file(path, fixed ? 5 : 3);
    }
}

static void co_runs_on_several_streams_are_refused(void **state)
{
  (void)state;
  const char *path = t_shared("h200/corun-kineto/pair-resnet152+vgg19.json.gz");
  if (!path) {
    t_skip("the measured data is not beside the source tree");
    return;
  }
  expect_refusal(path, "run at the same time");
}

static void an_eager_run_has_the_time_of_each_launch(void **state)
{
  (void)state;
  struct model m = load(t_data("tests/data/vgg19-cut.eager.json.gz"));
  /* Worked out by hand from the file: lower medians of the two passes. */
  assert_int_equal(m.n_op, 20);
  assert_int_equal(m.op[0].duration_ns, 16257);
  assert_int_equal(m.op[0].gap_ns, CR_NS_NEVER);
  assert_int_equal(m.op[0].launch_ns, 87413);
  assert_int_equal(m.op[1].launch_ns, 88637);
  assert_int_equal(m.op[5].kind, CR_OP_MEMSET);
  assert_int_equal(m.op[5].bytes, 4);
  assert_int_equal(m.op[5].blocks, 0);
  assert_int_equal(m.op[6].smem_bytes, 231424);
  assert_int_equal(m.op[7].gap_ns, 1120);
  assert_int_equal(m.op[7].launch_ns, 16972);
  /* CUDA calls from launch to launch, counted in the file; the first launch has one before it. */
  static const uint32_t calls[20] = {1, 2, 1, 1, 2, 3, 3, 2, 2, 1, 1, 1, 2, 5, 2, 2, 1, 1, 2, 5};
  for (uint32_t i = 0; i < 20; i++)
    assert_int_equal(m.op[i].calls, calls[i]);
  cr_arena_free(m.arena);
}

/* -- made files -- */

static void begin(struct cr_text *t)
{
  cr_text_add(t, "{\"schemaVersion\": 1, \"deviceProperties\": [{\"id\": 0, \"name\": \"Test GPU\"}],\n"
                 "\"baseTimeNanoseconds\": 1790857026000000000,\n\"traceEvents\": [\n");
}

static void end(struct cr_text *t)
{
  cr_text_add(t, "{\"ph\": \"i\", \"name\": \"Record Window End\", \"pid\": \"\", \"tid\": \"\", \"ts\": 1.000}\n]}\n");
}

static void add_kernel(struct cr_text *t, const char *name, int64_t start_ns, int64_t duration_ns, int correlation,
                       int stream)
{
  cr_text_add(t,
              "{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"%s\", \"pid\": 0, \"tid\": %d, \"ts\": %lld.%03lld, "
              "\"dur\": %lld.%03lld, \"args\": {\"device\": 0, \"stream\": %d, \"correlation\": %d, "
              "\"registers per thread\": 32, \"shared memory\": 1024, \"blocks per SM\": \"inf\", \"grid\": [4, 3, 2], "
              "\"block\": [32, 2, 1]}},\n",
              name, stream, (long long)(start_ns / 1000), (long long)(start_ns % 1000), (long long)(duration_ns / 1000),
              (long long)(duration_ns % 1000), stream, correlation);
}

static void add_host(struct cr_text *t, const char *category, const char *name, int64_t start_ns, int64_t duration_ns,
                     int correlation)
{
  cr_text_add(
    t,
    "{\"ph\": \"X\", \"cat\": \"%s\", \"name\": \"%s\", \"pid\": 9, \"tid\": 9, \"ts\": %lld.%03lld, \"dur\": "
    "%lld.%03lld, \"args\": {\"correlation\": %d}},\n",
    category, name, (long long)(start_ns / 1000), (long long)(start_ns % 1000), (long long)(duration_ns / 1000),
    (long long)(duration_ns % 1000), correlation);
}

/* Two eager iterations of a, b, c, 10 us each, back to back. */
static void small(struct cr_text *t)
{
  begin(t);
  for (int i = 0; i < 6; i++)
    add_kernel(t, i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c", 1000000 + 11000 * i, 10000 + i, 100 + i, 7);
  end(t);
}

static const char *write_text(const struct cr_text *t, const char *name)
{
  const char *path = t_join(t_tmp(), name);
  write_bytes(path, t->s, t->n);
  return path;
}

static void launch_times_run_from_call_to_call(void **state)
{
  (void)state;
  struct cr_text t = {0};
  begin(&t);
  for (int k = 0; k < 3; k++) {
    int64_t at = 1000000 * (k + 1);
    add_host(&t, "cuda_runtime", "cudaDeviceSynchronize", at - 300000, 100000, 1 + k);
    add_host(&t, "cpu_op", "aten::before the wait ends", at - 250000, 1000, 0);
    add_host(&t, "cpu_op", "aten::conv2d", at, 5000, 0);
    add_host(&t, "cuda_runtime", "cudaLaunchKernel", at + 7000 + k, 2000, 10 * k + 11);
    add_host(&t, "cuda_driver", "cuLaunchKernelEx", at + 20000 + 3 * k, 2000, 10 * k + 12);
    add_host(&t, "cuda_runtime", "cudaGetLastError", at + 22000, 10, 77);
    add_kernel(&t, "a", at + 30000, 4000, 10 * k + 11, 7);
    add_kernel(&t, "b", at + 40000, 4000, 10 * k + 12, 7);
  }
  end(&t);
  struct model m = load(write_text(&t, "x.json"));
  assert_int_equal(m.n_op, 2);
  assert_int_equal(m.op[0].launch_ns, 7001);  /* from the operator, not from the one before the wait ended */
  assert_int_equal(m.op[1].launch_ns, 13002); /* 20000 + 3k - 7000 - k */
  assert_int_equal(m.op[0].calls, 0);         /* the wait is not part of the iteration */
  assert_int_equal(m.op[1].calls, 1);         /* the first launch; what comes after the last one belongs to none */
  assert_int_equal(m.op[0].gap_ns, CR_NS_NEVER);
  assert_int_equal(m.op[1].gap_ns, 6000);
  cr_arena_free(m.arena);
  cr_text_fini(&t);
}

static void replays_that_differ_are_left_out(void **state)
{
  (void)state;
  struct cr_text t = {0};
  struct cr_err err = {{0}};
  struct cr_store *s = NULL;
  begin(&t);
  for (int k = 0; k < 5; k++)
    for (int i = 0; i < 4; i++)
      if (!(k == 2 && i == 1))
        add_kernel(&t, i == 3 ? "tail" : "a", 1000000 + 100000 * k + 11000 * i, 10000 + k, 5 + k, 7);
  end(&t);
  const char *store = t_join(t_tmp(), "s.db");
  if (import(write_text(&t, "x.json"), store, &err) || cr_store_open(store, &s, &err))
    fail_msg("%s", err.text);
  struct cr_text json = {0};
  assert_int_equal(cr_store_show(s, "m", "json", &json, &err), CR_OK);
  assert_non_null(strstr(json.s, "\"iterations\":4,\"left_out\":1,\"ops\":4"));
  assert_non_null(strstr(json.s, "\"duration_ns\":10001")); /* of 10000, 10001, 10003, 10004 */
  cr_text_fini(&json);
  cr_text_fini(&t);
  cr_store_close(s);
}

static void any_order_of_events_and_members_is_read_alike(void **state)
{
  (void)state;
  struct cr_text t = {0};
  cr_text_add(&t, "{\"traceEvents\": [");
  for (int i = 5; i >= 0; i--)
    cr_text_add(
      &t,
      "%s{\"args\": {\"extra\": {\"grid\": [9, 9, 9], \"deep\": [[{}]]}, \"block\": [32, 2, 1], "
      "\"grid\": [4, 3, 2], \"shared memory\": 8, \"registers per thread\": 9, \"correlation\": %d, \"stream\": 1, "
      "\"device\": 0}, \"dur\": 2, \"ts\": %d.5, \"name\": \"k%d\", \"cat\": \"kernel\", \"ph\": \"X\"}",
      i < 5 ? "," : "", 10 + i, 10 * i, i % 3);
  cr_text_add(&t, "]}");
  struct model m = load(write_text(&t, "x.json"));
  assert_int_equal(m.n_op, 3);
  assert_string_equal(m.op[0].name, "k0");
  assert_int_equal(m.op[1].gap_ns, 8000);
  assert_int_equal(m.op[0].gap_ns, 8000);
  assert_int_equal(m.op[2].blocks, 24);
  assert_int_equal(m.op[2].threads, 64);
  cr_arena_free(m.arena);
  cr_text_fini(&t);
}

static void copies_have_their_direction_and_bytes(void **state)
{
  (void)state;
  static const char *const name[] = {"Memcpy HtoD (Pinned -> Device)", "Memcpy DtoD (Device -> Device)",
                                     "Memcpy DtoH (Device -> Pageable)"};
  static const enum cr_op_kind kind[] = {CR_OP_COPY_H2D, CR_OP_COPY_D2D, CR_OP_COPY_D2H};
  static const enum cr_answer pageable[] = {CR_NO, CR_UNSAID, CR_YES};
  struct cr_text t = {0};
  begin(&t);
  for (int i = 0; i < 3; i++)
    cr_text_add(&t,
                "{\"ph\": \"X\", \"cat\": \"gpu_memcpy\", \"name\": \"%s\", \"ts\": %d.000, \"dur\": 1.234, \"args\": "
                "{\"device\": 0, \"stream\": 7, \"correlation\": %d, \"bytes\": %d}},\n",
                name[i], 10 * i, i + 1, 100 + i);
  add_kernel(&t, "a", 100000, 1, 9, 7);
  end(&t);
  struct model m = load(write_text(&t, "x.json"));
  assert_int_equal(m.n_op, 4);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(m.op[i].kind, kind[i]);
    assert_int_equal(m.op[i].pageable, pageable[i]);
    assert_int_equal(m.op[i].bytes, 100 + i);
    assert_int_equal(m.op[i].duration_ns, 1234);
    assert_int_equal(m.op[i].spread_ns, CR_NS_NEVER);
  }
  assert_int_equal(m.op[3].duration_ns, 1);
  cr_arena_free(m.arena);
  cr_text_fini(&t);
}

static void streams_that_take_turns_are_one_chain(void **state)
{
  (void)state;
  struct cr_text t = {0};
  begin(&t);
  for (int i = 0; i < 4; i++)
    add_kernel(&t, i % 2 ? "b" : "a", 20000 * i + 1000, 10000, i + 1, 7 + i % 2);
  end(&t);
  struct model m = load(write_text(&t, "x.json"));
  assert_int_equal(m.n_op, 2);
  assert_int_equal(m.op[1].gap_ns, 10000);
  cr_arena_free(m.arena);
  cr_text_fini(&t);
}

/* -- damage -- */

/* What is changed in the small file, and what the sentence then says.  The first occurrence after `at` is replaced. */
static const struct damage {
  const char *from, *to, *says;
} damage[] = {
  {"\"grid\": [4, 3, 2]", "\"gird\": [4, 3, 2]", ":4: event 1, kernel a: grid is missing"},
  {"\"grid\": [4, 3, 2]", "\"grid\": [4, 3]", ":4: event 1, kernel a: grid is too short"},
  {"\"grid\": [4, 3, 2]", "\"grid\": [4, 3, 2, 1]", "grid is too long"},
  {"\"grid\": [4, 3, 2]", "\"grid\": [4, 0, 2]", "grid is 0, out of range"},
  {"\"grid\": [4, 3, 2]", "\"grid\": [4, -3, 2]", "grid is -3, out of range"},
  {"\"grid\": [4, 3, 2]", "\"grid\": [4, \"inf\", 2]", "grid is \"inf\" where a whole number belongs"},
  {"\"grid\": [4, 3, 2]", "\"grid\": \"inf\"", "grid is \"inf\""},
  {"\"grid\": [4, 3, 2]", "\"grid\": [2000000000, 2000000000, 2]", "grid has too many elements"},
  {"\"block\": [32, 2, 1]", "\"block\": null", "block is null"},
  {"\"dur\": 10.000", "\"dur\": 0.000", "its duration is zero"},
  {"\"dur\": 10.000", "\"dur\": -3.500", "its duration is negative (-3500 ns)"},
  {"\"dur\": 10.000", "\"dur\": \"inf\"", "dur is \"inf\" where a number of microseconds belongs"},
  {"\"dur\": 10.000", "\"dur\": 1e1", "dur is 1e1 where"},
  {"\"dur\": 10.000", "\"dur\": 99999999999999999999", "dur is 99999999999999999999 where"},
  {"\"dur\": 10.000", "\"dur\": inf", "is not JSON near byte"},
  {"\"dur\": 10.000", "\"dur\": 12.345", "begins 1345 ns before event 1 (line 4) ends, in the same stream 7"},
  {"\"dur\": 10.000", "\"end\": 10.000", "dur is missing"},
  {"\"ts\": 1000.000", "\"ts\": \"NaN\"", "ts is \"NaN\""},
  {"\"ts\": 1000.000", "\"ts\": 9223372036854775.807", "ends beyond what a time can hold"},
  {"\"stream\": 7", "\"stream\": 7.5", "stream is 7.5 where a whole number belongs"},
  {"\"stream\": 7", "\"stream\": -1", "stream is -1, out of range"},
  {"\"device\": 0", "\"device\": 1", "has work on devices"},
  {"\"correlation\": 100", "\"corelation\": 100", "correlation is missing"},
  {"\"registers per thread\": 32", "\"registers per thread\": \"32\"", "registers per thread is \"32\" where"},
  {"\"shared memory\": 1024", "\"shared memory\": -1", "shared memory is -1, out of range"},
  {"\"name\": \"a\"", "\"nome\": \"a\"", "kernel without a name: name is missing"},
  {"\"traceEvents\"", "\"traceEvens\"", "has no traceEvents"},
  {"\"traceEvents\": [", "\"traceEvents\": [[", "is not JSON near byte"},
  {"1790857026000000000", "1790857026000000000.5", "baseTimeNanoseconds is 1790857026000000000.5"},
};

static void each_kind_of_damage_is_named(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
    struct cr_text whole = {0}, t = {0};
    small(&whole);
    const char *at = strstr(whole.s, damage[i].from);
    assert_non_null(at);
    cr_text_add_bytes(&t, whole.s, (size_t)(at - whole.s));
    cr_text_add(&t, "%s%s", damage[i].to, at + strlen(damage[i].from));
    expect_refusal(write_text(&t, "x.json"), damage[i].says);
    cr_text_fini(&whole);
    cr_text_fini(&t);
  }
}

static void overlap_of_streams_names_both(void **state)
{
  (void)state;
  struct cr_text t = {0};
  begin(&t);
  add_kernel(&t, "a", 1000, 10000, 1, 7);
  add_kernel(&t, "b", 5000, 10000, 2, 13);
  end(&t);
  expect_refusal(write_text(&t, "x.json"), ":5: streams 7 and 13 run at the same time (event 2)");
  cr_text_fini(&t);
}

static void files_that_are_no_traces_are_named(void **state)
{
  (void)state;
  static const struct {
    const char *name, *text, *says;
  } file[] = {{"x.json", "", "is empty"},
              {"x.json", "[]", "has no traceEvents"},
              {"x.json", "{\"traceEvents\": []}", "has 0 events but no kernel"},
              {"x.json", "{\"traceEvents\": [{\"ph\": \"X\", \"cat\": \"cpu_op\"}]}", "has 1 events but no kernel"},
              {"x.json.gz", "{\"traceEvents\": []}", "is not gzip, though its name says so"}};
  struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "x.json"));
  expect_refusal(folder.s, "is a folder");
  expect_refusal(t_join(folder.s, "none.json"), "No such file");
  for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
    struct path at = keep(t_join(folder.s, file[i].name));
    t_write(at.s, file[i].text);
    expect_refusal(at.s, file[i].says);
  }
  struct cr_text deep = {0};
  cr_text_add(&deep, "{\"a\": ");
  for (int i = 0; i < 5000; i++)
    cr_text_add(&deep, "[");
  t_write(path.s, deep.s);
  expect_refusal(path.s, "is nested deeper");
  cr_text_fini(&deep);
}

static void json_cut_anywhere_is_refused(void **state)
{
  (void)state;
  char *text = text_of(t_data("tests/data/alexnet-bs1-fp32.graph.json.gz"));
  size_t n = strlen(text);
  while (n && text[n - 1] != '}')
    n--;
  struct path path = keep(t_join(t_tmp(), "cut.json"));
  for (int i = 0; i < 40; i++) {
    size_t cut = i < 20 ? n - 1 - (size_t)i * 17 : n * (size_t)(i - 19) / 21;
    write_bytes(path.s, text, cut);
    expect_refusal(path.s, "cut off");
  }
  t_free(text);
}

static void gzip_cut_anywhere_is_refused(void **state)
{
  (void)state;
  size_t n;
  char *bytes = t_read(t_data("tests/data/alexnet-bs1-fp32.graph.json.gz"), &n);
  struct path path = keep(t_join(t_tmp(), "cut.json.gz"));
  for (size_t cut = 20; cut < n; cut += 311) {
    write_bytes(path.s, bytes, cut);
    expect_refusal(path.s, "cut off");
  }
  for (size_t cut = n - 8; cut < n; cut++) { /* in the checksum at the end */
    write_bytes(path.s, bytes, cut);
    expect_refusal(path.s, "cut off");
  }
  t_free(bytes);
}

static void a_flipped_bit_in_gzip_is_noticed(void **state)
{
  (void)state;
  size_t n;
  char *bytes = t_read(t_data("tests/data/alexnet-bs1-fp32.graph.json.gz"), &n);
  struct path path = keep(t_join(t_tmp(), "bad.json.gz"));
  for (size_t at = 10 + strlen("alexnet-bs1-fp32.graph.json") + 1; at < n; at += 409) {
    bytes[at] = (char)(bytes[at] ^ 0x10);
    write_bytes(path.s, bytes, n);
    expect_refusal(path.s, "");
    bytes[at] = (char)(bytes[at] ^ 0x10);
  }
  t_free(bytes);
}

static void mutated_json_never_leaves_a_trace_of_a_failed_import(void **state)
{
  (void)state;
  struct cr_text t = {0};
  small(&t);
  char *bytes = cr_mem_new(t.n, 1);
  uint32_t n_good = 0;
  for (uint64_t seed = 1; seed <= 600; seed++) {
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(bytes, t.s, t.n);
    for (uint64_t k = 0; k <= seed % 3; k++) {
      x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      bytes[(x >> 20) % t.n] = x >> 60 < 8 ? (char)(x >> 52) : "0123456789.-\"{}[],:einf\\ \n"[(x >> 50) % 26];
    }
    struct cr_err err = {{0}};
    struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "x.json")), store = keep(t_join(folder.s, "s.db"));
    write_bytes(path.s, bytes, t.n);
    int rc = import(path.s, store.s, &err);
    if (rc != CR_OK && (rc != CR_EINPUT || !strstr(err.text, "x.json") || n_files(folder.s) != 1))
      fail_msg("seed %llu: %d, %s", (unsigned long long)seed, rc, err.text);
    if (rc == CR_OK && n_files(folder.s) != 2)
      fail_msg("seed %llu: a store and the trace were to be there", (unsigned long long)seed);
    n_good += rc == CR_OK;
    unlink(path.s);
    unlink(store.s);
    rmdir(folder.s);
  }
  assert_true(n_good > 40 && n_good < 560); /* the mutations hit, and not always */
  cr_mem_free(bytes);
  cr_text_fini(&t);
}

static void memory_that_runs_out_anywhere_is_reported(void **state)
{
  (void)state;
  struct cr_text t = {0};
  small(&t);
  struct path path = keep(write_text(&t, "x.json"));
  for (uint64_t n = 0;; n++) {
    struct cr_err err = {{0}};
    struct path folder = keep(t_tmp()), store = keep(t_join(folder.s, "s.db"));
    t_fail_allocation_after(n);
    int rc = import(path.s, store.s, &err);
    t_allocations_succeed();
    if (rc == CR_OK)
      break;
    if (rc != CR_ENOMEM || n_files(folder.s) != 0)
      fail_msg("allocation %llu: %d, %s", (unsigned long long)n, rc, err.text);
    assert_true(n < 1000);
  }
  cr_text_fini(&t);
}

static long peak_kib(void)
{
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss;
}

/* A trace of one small iteration under n times 200 operators of the CPU, 35 kB of JSON. */
static struct path write_large(int n)
{
  struct cr_text t = {0}, op = {0};
  struct path path = keep(t_join(t_tmp(), "big.json.gz"));
  gzFile f = gzopen(path.s, "wb1");
  assert_non_null(f);
  small(&t);
  for (int i = 0; i < 200; i++)
    add_host(&op, "cpu_op", "aten::a name of some length, as operators have them", 1000 * i, 500, 0);
  const char *events = strstr(t.s, "{\"ph\": \"X\"");
  gzwrite(f, t.s, (unsigned)(events - t.s));
  for (int i = 0; i < n; i++)
    gzwrite(f, op.s, (unsigned)op.n);
  gzwrite(f, events, (unsigned)strlen(events));
  assert_int_equal(gzclose(f), Z_OK);
  cr_text_fini(&t);
  cr_text_fini(&op);
  return path;
}

static void memory_does_not_grow_with_the_file(void **state)
{
  (void)state;
  struct path path = write_large(2000); /* 70 MB */
  long before = peak_kib();
  struct model m = load(path.s);
  assert_int_equal(m.n_op, 3);
  long grown = peak_kib() - before;
  if (grown > 8192)
    fail_msg("peak memory grew by %ld KiB", grown);
  cr_arena_free(m.arena);
}

struct told {
  int64_t done_bytes, all_bytes;
  int n;
};

static void on_progress(void *ctx, int64_t done_bytes, int64_t all_bytes)
{
  struct told *told = ctx;
  assert_true(done_bytes >= told->done_bytes);
  assert_true(done_bytes <= all_bytes);
  *told = (struct told){done_bytes, all_bytes, told->n + 1};
}

static void progress_goes_from_the_beginning_of_the_file_to_its_end(void **state)
{
  (void)state;
  struct path path = write_large(300), store = keep(t_join(t_tmp(), "s.db"));
  struct told told = {0};
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  const struct cr_kineto_options opt = {.model = "m", .on_progress = on_progress, .progress_ctx = &told};
  assert_int_equal(cr_store_edit(store.s, &s, &err), CR_OK);
  assert_int_equal(cr_kineto_import(s, path.s, &opt, &err), CR_OK);
  cr_store_close(s);
  assert_in_range(told.n, 8, 40);
  assert_true(told.done_bytes > told.all_bytes / 2);
}

static void a_stopped_import_leaves_no_store(void **state)
{
  (void)state;
  struct path path = write_large(100), folder = keep(t_tmp()), store = keep(t_join(folder.s, "s.db"));
  volatile int stop = 1;
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  const struct cr_kineto_options opt = {.model = "m", .stop = &stop};
  assert_int_equal(cr_store_edit(store.s, &s, &err), CR_OK);
  assert_int_equal(cr_kineto_import(s, path.s, &opt, &err), CR_EINTR);
  assert_non_null(strstr(err.text, "nothing was imported"));
  cr_store_close(s);
  assert_int_equal(n_files(folder.s), 0);
}

static void names_come_from_the_file(void **state)
{
  (void)state;
  static const char *const name[][2] = {
    {"a.graph.json", "a"}, {"b.eager.json", "b.eager"}, {"c.pt.trace.json", "c"}, {"d", "d"}};
  struct cr_text t = {0}, csv = {0};
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_kineto_options opt = {.prefix = "x/"};
  small(&t);
  struct path store = keep(t_join(t_tmp(), "s.db"));
  assert_int_equal(cr_store_edit(store.s, &s, &err), CR_OK);
  for (int i = 0; i < 4; i++)
    assert_int_equal(cr_kineto_import(s, write_text(&t, name[i][0]), &opt, &err), CR_OK);
  assert_int_equal(cr_store_show(s, NULL, "csv", &csv, &err), CR_OK);
  for (int i = 0; i < 4; i++) {
    char want[64];
    snprintf(want, sizeof want, "\n\"x/%s\",eager", name[i][1]);
    assert_non_null(strstr(csv.s, want));
  }
  cr_store_close(s);
  cr_text_fini(&csv);
  cr_text_fini(&t);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(memory_does_not_grow_with_the_file), /* first: it looks at the peak so far */
    cmocka_unit_test(a_bundled_graph_is_exact_to_the_nanosecond),
    cmocka_unit_test(all_real_graphs_are_exact_to_the_nanosecond),
    cmocka_unit_test(co_runs_on_several_streams_are_refused),
    cmocka_unit_test(an_eager_run_has_the_time_of_each_launch),
    cmocka_unit_test(launch_times_run_from_call_to_call),
    cmocka_unit_test(replays_that_differ_are_left_out),
    cmocka_unit_test(any_order_of_events_and_members_is_read_alike),
    cmocka_unit_test(copies_have_their_direction_and_bytes),
    cmocka_unit_test(streams_that_take_turns_are_one_chain),
    cmocka_unit_test(each_kind_of_damage_is_named),
    cmocka_unit_test(overlap_of_streams_names_both),
    cmocka_unit_test(files_that_are_no_traces_are_named),
    cmocka_unit_test(json_cut_anywhere_is_refused),
    cmocka_unit_test(gzip_cut_anywhere_is_refused),
    cmocka_unit_test(a_flipped_bit_in_gzip_is_noticed),
    cmocka_unit_test(mutated_json_never_leaves_a_trace_of_a_failed_import),
    cmocka_unit_test(memory_that_runs_out_anywhere_is_reported),
    cmocka_unit_test(names_come_from_the_file),
    cmocka_unit_test(progress_goes_from_the_beginning_of_the_file_to_its_end),
    cmocka_unit_test(a_stopped_import_leaves_no_store),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
