/* t_recordings.c - iterations of whole programs that a collector recorded on an H200 (tests/data/recordings.txt.gz).
 *
 * Reduced to what finding iterations rests on: which op equals which, in which stream it ran and when, which ops one graph
 * launch put there, when it was launched and by which thread, and when waits for the device ended.  `t_recordings SPOOL NAME`
 * prints a spool so.  A line each:
 *
 *   n NAME                           a recording
 *   k KIND BLOCKS                    a symbol, numbered from 0: equal ops have one
 *   s ID PRIORITY                    a stream; what follows ran there
 *   o GAP DURATION SYMBOL HOST TID   an op; + in place of o: of the same launch call as the one before
 *   g GAP N                          a graph launch of N ops, the next ones; its ops have HOST and TID in the first alone
 *   r GAP SPAN G HOST TID            the ops of graph launch G again, numbered from 0 in the recording, spread over SPAN
 *   y HOST TID                       a wait ended
 *
 * GAP is from the end of the op before it in the stream, in 128 ns, as are DURATION and SPAN; HOST is from the launch before
 * it in the stream, or the wait before it, in us, x without a call; TID is the thread's number. */
#include "config.h"

#include "tests/t.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/text.h"
#include "traces/capture.h"
#include "traces/capture_model.h"
#include "traces/gz.h"
#include "traces/spool_capture.h"

enum { TICK_NS = 128, HOST_NS = 1000, SYMBOL_MAX = 4096, GRAPH_MAX = 64, THREAD_MAX = 64 };

/* -- reducing ------------------------------------------------------------------------------------------------------ */

static int by_stream(const void *a, const void *b)
{
  const struct cr_capture_op *x = a, *y = b;
  if (x->stream != y->stream)
    return x->stream < y->stream ? -1 : 1;
  return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

struct reducer {
  struct cr_capture c;
  struct cr_capture_op symbol[SYMBOL_MAX];
  uint32_t n_symbol, n_graph, n_thread;
  struct {
    uint32_t op0, n;
  } graph[GRAPH_MAX];
  int64_t tid[THREAD_MAX];
  int64_t end, host; /* in ticks, of the op before */
};

static uint32_t symbol_of(struct reducer *r, const struct cr_capture_op *op)
{
  for (uint32_t i = 0; i < r->n_symbol; i++) {
    const struct cr_capture_op *s = &r->symbol[i];
    if (s->name == op->name && s->kind == op->kind && s->blocks == op->blocks && s->threads == op->threads &&
        s->regs == op->regs && s->smem_bytes == op->smem_bytes && s->bytes == op->bytes)
      return i;
  }
  if (r->n_symbol == SYMBOL_MAX)
    exit(2);
  r->symbol[r->n_symbol] = *op;
  return r->n_symbol++;
}

static uint32_t thread_of(struct reducer *r, int64_t tid)
{
  uint32_t i = 0;
  while (i < r->n_thread && r->tid[i] != tid)
    i++;
  if (i == THREAD_MAX)
    exit(2);
  r->tid[i] = tid;
  r->n_thread += i == r->n_thread;
  return i;
}

static void print_call(struct reducer *r, const struct cr_capture_op *op)
{
  for (uint32_t i = 0; i < r->c.n_call; i++) {
    const struct cr_capture_call *call = &r->c.call[i];
    if (call->correlation != op->correlation || call->kind == CR_CALL_SYNC)
      continue;
    printf(" %" PRId64 " %u\n", call->start_ns / HOST_NS - r->host, thread_of(r, call->tid));
    r->host = call->start_ns / HOST_NS;
    return;
  }
  printf(" x 0\n");
}

static int64_t ticks_end(const struct cr_capture_op *op)
{
  return (op->start_ns + op->duration_ns) / TICK_NS;
}

static int64_t gap_of(const struct reducer *r, const struct cr_capture_op *op)
{
  return op->start_ns / TICK_NS - r->end;
}

/* Ops i .. i + n of one graph launch. */
static void print_replay(struct reducer *r, uint32_t i, uint32_t n)
{
  const struct cr_capture_op *op = r->c.op + i, *last = op + n - 1;
  uint32_t g = 0;
  for (; g < r->n_graph; g++) {
    uint32_t k = 0;
    while (k < n && n == r->graph[g].n && symbol_of(r, op + k) == symbol_of(r, &r->c.op[r->graph[g].op0 + k]))
      k++;
    if (k == n)
      break;
  }
  if (g < r->n_graph) {
    printf("r %" PRId64 " %" PRId64 " %u", gap_of(r, op), ticks_end(last) - op->start_ns / TICK_NS, g);
    print_call(r, op);
  } else {
    if (g == GRAPH_MAX)
      exit(2);
    r->graph[g].op0 = i;
    r->graph[r->n_graph++].n = n;
    printf("g %u", n);
    print_call(r, op);
    for (uint32_t k = 0; k < n; k++) {
      printf("+ %" PRId64 " %" PRId64 " %u\n", gap_of(r, op + k), ticks_end(op + k) - op[k].start_ns / TICK_NS,
             symbol_of(r, op + k));
      r->end = ticks_end(op + k);
    }
  }
  r->end = ticks_end(last);
}

static void print_ops(struct reducer *r)
{
  const struct cr_capture *c = &r->c;
  for (uint32_t i = 0, n; i < c->n_op; i += n) {
    const struct cr_capture_op *op = c->op + i;
    int fresh = i == 0 || op->stream != op[-1].stream;
    if (fresh) {
      printf("s %u %d\n", c->stream[op->stream].id, c->stream[op->stream].priority);
      r->end = r->host = 0;
    }
    for (n = 1; op->in_graph && i + n < c->n_op && op[n].correlation == op->correlation && op[n].stream == op->stream;)
      n++;
    if (op->in_graph) {
      print_replay(r, i, n);
      continue;
    }
    int same = !fresh && op->correlation && op->correlation == op[-1].correlation;
    printf("%c %" PRId64 " %" PRId64 " %u", same ? '+' : 'o', gap_of(r, op), ticks_end(op) - op->start_ns / TICK_NS,
           symbol_of(r, op));
    if (same)
      printf("\n");
    else
      print_call(r, op);
    r->end = ticks_end(op);
  }
}

static int reduce(const char *path, const char *name)
{
  static struct reducer r;
  struct cr_spool_watch watch = {0};
  struct cr_spool_content content;
  struct cr_text missing = {0};
  struct cr_err err;
  if (cr_capture_init(&r.c, path, "record") || cr_spool_capture(path, &watch, &r.c, &content, &missing, &err))
    return 1;
  qsort(r.c.op, r.c.n_op, sizeof *r.c.op, by_stream);
  printf("n %s\n", name);
  for (uint32_t i = 0; i < r.c.n_op; i++)
    if (symbol_of(&r, &r.c.op[i]) + 1 == r.n_symbol && r.symbol[r.n_symbol - 1].event == r.c.op[i].event)
      printf("k %d %u\n", r.c.op[i].kind, r.c.op[i].blocks);
  print_ops(&r);
  r.host = 0;
  for (uint32_t i = 0; i < r.c.n_call; i++)
    if (r.c.call[i].kind == CR_CALL_SYNC) {
      printf("y %" PRId64 " %u\n", r.c.call[i].end_ns / HOST_NS - r.host, thread_of(&r, r.c.call[i].tid));
      r.host = r.c.call[i].end_ns / HOST_NS;
    }
  cr_text_fini(&missing);
  cr_capture_fini(&r.c);
  return 0;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

struct reader {
  struct cr_capture c;
  struct {
    int kind;
    uint32_t name, blocks;
  } symbol[SYMBOL_MAX];
  struct {
    uint32_t op0, n;
  } graph[GRAPH_MAX];
  uint32_t n_symbol, n_graph, n_left, stream, process; /* n_left: ops of a graph launch that are to come */
  uint64_t correlation;
  int64_t end, host;
};

static void add_op(struct reader *r, int64_t start, int64_t duration, uint32_t symbol, int in_graph)
{
  assert_true(symbol < r->n_symbol);
  const struct cr_capture_op op = {.start_ns = start * TICK_NS,
                                   .duration_ns = duration * TICK_NS,
                                   .correlation = r->correlation,
                                   .smem_bytes = CR_UNKNOWN,
                                   .carveout_bytes = CR_UNKNOWN,
                                   .bytes = CR_UNKNOWN,
                                   .event = r->c.n_op + 1,
                                   .name = r->symbol[symbol].name,
                                   .blocks = r->symbol[symbol].blocks,
                                   .threads = r->symbol[symbol].kind == CR_OP_KERNEL,
                                   .regs = symbol, /* to copy it by */
                                   .stream = r->stream,
                                   .kind = (unsigned char)r->symbol[symbol].kind,
                                   .in_graph = (unsigned char)in_graph};
  assert_true(duration > 0);
  assert_int_equal(cr_capture_add_op(&r->c, &op), CR_OK);
  r->end = start + duration;
}

/* A launch call, of which HOST and TID stand at `at`. */
static void add_launch(struct reader *r, const char *at, enum cr_capture_call_kind kind)
{
  char host[32];
  int64_t tid;
  assert_int_equal(sscanf(at, "%31s %" SCNd64, host, &tid), 2);
  r->correlation++;
  if (*host == 'x')
    return;
  r->host += strtoll(host, NULL, 10);
  const struct cr_capture_call call = {.start_ns = r->host * HOST_NS,
                                       .end_ns = r->host * HOST_NS + 1,
                                       .correlation = r->correlation,
                                       .tid = tid,
                                       .process = r->process,
                                       .kind = kind};
  assert_int_equal(cr_capture_add_call(&r->c, &call), CR_OK);
}

static void add_wait(struct reader *r, int64_t host, int64_t tid)
{
  r->host += host;
  const struct cr_capture_call call = {.start_ns = r->host * HOST_NS - 1,
                                       .end_ns = r->host * HOST_NS,
                                       .tid = tid,
                                       .process = r->process,
                                       .kind = CR_CALL_SYNC};
  assert_int_equal(cr_capture_add_call(&r->c, &call), CR_OK);
}

static void replay(struct reader *r, int64_t gap, int64_t span, uint32_t g)
{
  assert_true(g < r->n_graph);
  uint32_t op0 = r->graph[g].op0, n = r->graph[g].n;
  int64_t from = r->end + gap, first = r->c.op[op0].start_ns / TICK_NS;
  int64_t whole = (r->c.op[op0 + n - 1].start_ns + r->c.op[op0 + n - 1].duration_ns) / TICK_NS - first;
  for (uint32_t k = 0; k < n; k++) {
    struct cr_capture_op like = r->c.op[op0 + k];
    int64_t start = (like.start_ns / TICK_NS - first) * span / whole;
    int64_t end = ((like.start_ns + like.duration_ns) / TICK_NS - first) * span / whole;
    add_op(r, from + start, end - start, like.regs, 1);
  }
}

static void begin_stream(struct reader *r, uint32_t id, int priority)
{
  assert_int_equal(cr_capture_add_stream(&r->c, r->process, 0, 1, id, &r->stream), CR_OK);
  r->c.stream[r->stream].priority = priority;
  r->c.stream[r->stream].has_priority = 1;
  r->end = r->host = 0;
}

static void read_symbol(struct reader *r, const char *line)
{
  char name[32];
  int n = snprintf(name, sizeof name, "op%u", r->n_symbol);
  assert_true(r->n_symbol < SYMBOL_MAX);
  assert_int_equal(sscanf(line, "k %d %u", &r->symbol[r->n_symbol].kind, &r->symbol[r->n_symbol].blocks), 2);
  assert_int_equal(cr_capture_add_name(&r->c, name, (size_t)n, &r->symbol[r->n_symbol++].name), CR_OK);
}

static void read_op(struct reader *r, const char *line)
{
  int64_t gap, duration;
  uint32_t symbol;
  int at = 0, in_graph = *line == '+' && r->n_left > 0;
  assert_int_equal(sscanf(line + 1, "%" SCNd64 " %" SCNd64 " %u%n", &gap, &duration, &symbol, &at), 3);
  if (*line == 'o')
    add_launch(r, line + 1 + at, CR_CALL_LAUNCH);
  r->n_left -= (uint32_t)in_graph;
  add_op(r, r->end + gap, duration, symbol, in_graph);
}

static void read_graph(struct reader *r, const char *line)
{
  int at = 0;
  assert_true(r->n_graph < GRAPH_MAX);
  assert_int_equal(sscanf(line, "g %u%n", &r->n_left, &at), 1);
  add_launch(r, line + at, CR_CALL_GRAPH_LAUNCH);
  r->graph[r->n_graph].op0 = r->c.n_op;
  r->graph[r->n_graph++].n = r->n_left;
}

static void read_line(struct reader *r, const char *line)
{
  int64_t a, b;
  uint32_t g;
  int at = 0, priority;
  if (*line == 'k') {
    read_symbol(r, line);
  } else if (*line == 'o' || *line == '+') {
    read_op(r, line);
  } else if (*line == 'g') {
    read_graph(r, line);
  } else if (*line == 'r') {
    assert_int_equal(sscanf(line, "r %" SCNd64 " %" SCNd64 " %u%n", &a, &b, &g, &at), 3);
    add_launch(r, line + at, CR_CALL_GRAPH_LAUNCH);
    replay(r, a, b, g);
  } else if (*line == 's') {
    assert_int_equal(sscanf(line, "s %u %d", &g, &priority), 2);
    begin_stream(r, g, priority);
  } else {
    assert_int_equal(sscanf(line, "y %" SCNd64 " %" SCNd64, &a, &b), 2);
    if (r->stream != CR_NONE) /* the first: counted from 0 */
      r->host = 0;
    r->stream = CR_NONE;
    add_wait(r, a, b);
  }
}

static void begin(struct reader *r, const char *name)
{
  *r = (struct reader){.n_symbol = 0};
  assert_int_equal(cr_capture_init(&r->c, name, "line"), CR_OK);
  assert_int_equal(cr_capture_add_process(&r->c, 1, &r->process), CR_OK);
}

/* -- the test ------------------------------------------------------------------------------------------------------ */

/* What the program did (traces/data/record-programs.py), by what it says of itself. */
static const char *const want[] = {
  "alexnet-bs1-fp32: 30 iterations of 35 ops (graph)",
  "bert_base-bs1-fp32: 30 iterations of 496 ops (graph)",
  "densenet201-bs1-fp32: 30 iterations of 981 ops (graph)",
  "distilbert-bs1-fp32: 30 iterations of 251 ops (graph)",
  "efficientnet_b0-bs1-fp32: 30 iterations of 284 ops (graph)",
  "googlenet-bs1-fp32: 30 iterations of 249 ops (graph)",
  "inception_v3-bs1-fp32: 30 iterations of 450 ops (graph)",
  "mobilenet_v2-bs1-fp32: 30 iterations of 157 ops (graph)",
  "resnet152-bs1-fp32: 30 iterations of 695 ops (graph)",
  "resnet50-bs1-fp32: 30 iterations of 227 ops (graph)",
  "vgg19-bs1-fp32: 30 iterations of 102 ops (graph)",
  "vit_b_16-bs1-fp32: 30 iterations of 162 ops (graph)",
  "resnet50-bs1-fp32.eager: 25 iterations of 227 ops (eager)",
  "alexnet-bs32-train: 12 iterations of 140 ops (eager)",
  "resnet50-bs32-train: 12 iterations of 742 ops (eager)",
  "two-resnet50-vgg19.stream14: 20 iterations of 227 ops (graph)",
  "two-resnet50-vgg19.stream13: 20 iterations of 102 ops (graph)",
  "two-resnet152-mobilenet.stream14: 20 iterations of 695 ops (graph)",
  "two-resnet152-mobilenet.stream13: 20 iterations of 157 ops (graph)",
  "multi.mobilenet_v2: 300 iterations of 157 ops (graph)",
  "multi.resnet50: 300 iterations of 227 ops (graph)",
};
enum { N_WANT = sizeof want / sizeof *want };

static void add_models(struct cr_store *s, struct reader *r, const char *name, struct cr_text *said)
{
  struct cr_origin origin = {.file = name};
  struct cr_capture_use use = {.model = name, .origin = &origin, .whole = 1, .said = said};
  struct cr_err err;
  uint32_t n = 0;
  if (cr_capture_add_models(s, &r->c, &use, &n, &err))
    fail_msg("%s: %s", name, err.text);
  cr_capture_fini(&r->c);
}

static uint32_t count(const char *text, const char *part)
{
  uint32_t n = 0;
  for (const char *at = text; (at = strstr(at, part)); at++)
    n++;
  return n;
}

static void iterations_of_recorded_programs_are_found(void **state)
{
  (void)state;
  static struct reader r;
  struct cr_text text = {0}, said = {0}, all = {0};
  struct cr_store *s;
  struct cr_err err;
  const char *name = NULL;
  char db[8192];
  snprintf(db, sizeof db, "%s/s.db", t_tmp());
  if (cr_gz_slurp(t_data("tests/data/recordings.txt.gz"), &text, &err) || cr_store_edit(db, &s, &err))
    fail_msg("%s", err.text);
  char *at = NULL;
  for (char *line = strtok_r(text.s, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
    if (*line == '#')
      continue;
    if (*line != 'n') {
      read_line(&r, line);
      continue;
    }
    if (name)
      add_models(s, &r, name, &said);
    name = line + 2;
    begin(&r, name);
  }
  add_models(s, &r, name, &said);
  for (uint32_t i = 0; i < N_WANT; i++)
    if (!strstr(said.s, want[i]))
      fail_msg("\"%s\" is missing in:\n%s", want[i], said.s);
  assert_int_equal(count(said.s, " iterations of "), N_WANT);
  assert_int_equal(cr_store_export(s, &all, &err), CR_OK);
  assert_int_equal(count(all.s, "what repeats (sure)"), N_WANT);
  cr_store_close(s);
  cr_text_fini(&text);
  cr_text_fini(&said);
  cr_text_fini(&all);
}

/* -- beside Kineto's ------------------------------------------------------------------------------------------------ */

static uint32_t read_model(const char *store, const char *prefix, const char *name, struct cr_arena *arena,
                           struct cr_op_spec **op)
{
  struct cr_store *s;
  struct cr_err err;
  uint32_t n = 0;
  char full[200];
  snprintf(full, sizeof full, "%s%s", prefix, name);
  if (cr_store_open(t_build(store), &s, &err) || cr_store_read_model(s, full, arena, op, &n, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
  return n;
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The same ops, kernels of the same shapes, and durations within 2 %: the median of kernels' ratios, and their sum. */
static void check_model(const char *name)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *kineto, *ours;
  uint32_t n = read_model("share/corun/h200.db", "", name, arena, &kineto), n_kernel = 0;
  double *ratio = cr_arena_take(arena, n, sizeof *ratio), sum = 0, our_sum = 0;
  assert_int_equal(read_model("share/corun/h200-collected.db", "collected/", name, arena, &ours), n);
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_op_spec *k = &kineto[i], *o = &ours[i];
    if (k->kind != o->kind || k->blocks != o->blocks || k->threads != o->threads || k->regs != o->regs ||
        k->smem_bytes != o->smem_bytes || (k->kind == CR_OP_KERNEL && strcmp(k->name, o->name) != 0))
      fail_msg("%s: op %u is %s and was %s", name, i, o->name, k->name);
    if (k->kind != CR_OP_KERNEL)
      continue;
    ratio[n_kernel++] = (double)o->duration_ns / (double)k->duration_ns;
    sum += (double)k->duration_ns;
    our_sum += (double)o->duration_ns;
  }
  qsort(ratio, n_kernel, sizeof *ratio, by_value);
  print_message("# %s: %u kernels, median ratio %.4f, %.2f to %.2f, sum %.4f\n", name, n_kernel, ratio[n_kernel / 2],
                ratio[0], ratio[n_kernel - 1], our_sum / sum);
  assert_near(ratio[n_kernel / 2], 1, 0.02);
  assert_near(our_sum / sum, 1, 0.02);
  cr_arena_free(arena);
}

static void kernels_are_those_that_kineto_saw(void **state)
{
  (void)state;
  static const char *const model[] = {"alexnet",         "bert_base", "densenet201",  "distilbert",
                                      "efficientnet_b0", "googlenet", "inception_v3", "mobilenet_v2",
                                      "resnet152",       "resnet50",  "vgg19",        "vit_b_16"};
  for (size_t i = 0; i < sizeof model / sizeof *model; i++) {
    char name[100];
    snprintf(name, sizeof name, "%s-bs1-fp32", model[i]);
    check_model(name);
  }
}

int main(int argc, char **argv)
{
  if (argc == 3)
    return reduce(argv[1], argv[2]);
  const struct CMUnitTest tests[] = {cmocka_unit_test(iterations_of_recorded_programs_are_found),
                                     cmocka_unit_test(kernels_are_those_that_kineto_saw)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
