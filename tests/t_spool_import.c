/* t_spool_import.c - spools into models: programs made up, all real Kineto traces written as spools, and every kind of damage. */
#include "config.h"

#include "tests/t.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/mem.h"
#include "sim/text.h"
#include "tests/spool_made.h"
#include "traces/kineto.h"
#include "traces/spool_import.h"
#include "traces/store.h"

struct path {
  char s[8192];
};

static struct path in(const char *folder, const char *name)
{
  struct path p;
  assert_true(strlen(folder) + strlen(name) + 2 < sizeof p.s);
  snprintf(p.s, sizeof p.s, "%.4000s/%.4000s", folder, name);
  return p;
}

static struct path fresh(void)
{
  struct path p;
  snprintf(p.s, sizeof p.s, "%s", t_tmp());
  return p;
}

/* What an import came to.  The store is not committed, which spares the disk. */
struct outcome {
  int rc;
  struct cr_err err;
  struct cr_text said, missing;
  struct cr_spool_result result;
  struct cr_store *s;
};

static struct outcome import(const char *path, struct cr_spool_options opt)
{
  struct outcome o = {.rc = 0};
  opt.to_ns = opt.to_ns ? opt.to_ns : CR_NS_NEVER;
  o.rc = cr_store_edit(in(fresh().s, "s.db").s, &o.s, &o.err);
  if (!o.rc)
    o.rc = cr_spool_import(o.s, &path, 1, &opt, &o.said, &o.missing, &o.result, &o.err);
  return o;
}

static struct outcome imported(const char *path, struct cr_spool_options opt)
{
  struct outcome o = import(path, opt);
  if (o.rc)
    fail_msg("%s", o.err.text);
  return o;
}

static void drop(struct outcome *o)
{
  cr_store_close(o->s);
  cr_text_fini(&o->said);
  cr_text_fini(&o->missing);
}

static void has(const struct cr_text *text, const char *want)
{
  if (!text->s || !strstr(text->s, want))
    fail_msg("\"%s\" lacks \"%s\"", text->s ? text->s : "", want);
}

static void report_has(const struct outcome *o, const char *want)
{
  struct cr_err err;
  struct cr_text text = {0};
  if (cr_store_export(o->s, &text, &err))
    fail_msg("%s", err.text);
  if (!strstr(text.s, want))
    fail_msg("\"%s\" lacks \"%s\"", strstr(text.s, "INSERT"), want);
  cr_text_fini(&text);
}

static uint32_t read_ops(struct cr_store *s, const char *model, struct cr_arena *arena, struct cr_op_spec **op)
{
  struct cr_err err;
  uint32_t n = 0;
  if (cr_store_read_model(s, model, arena, op, &n, &err))
    fail_msg("%s", err.text);
  return n;
}

/* -- programs made up ---------------------------------------------------------------------------------------------- */

/* Warm-up passes launched one by one, then replays of a graph of the same three kernels. */
static void make_graph_program(struct spool_made *m, const char *path, uint32_t pid, const char *command, int n_replay)
{
  spool_made_begin(m, path, pid, command, pid);
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < 3; i++)
      spool_made_launch(m, "_Z4gemmPf", 100 + i, 5000, 0);
  for (int k = 0; k < n_replay; k++) {
    spool_made_call(m, "cudaGraphLaunch_v10000");
    m->now_ns = m->now_ns < m->host_ns ? m->host_ns : m->now_ns;
    for (int i = 0; i < 3; i++)
      spool_made_kernel(m, "_Z4gemmPf", 100 + i, 4000 + (uint32_t)(k % 3), i ? 1200 : 2000);
  }
}

static void replays_after_a_warm_up_are_the_iterations(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "17.spool");
  struct spool_made m;
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op;
  make_graph_program(&m, file.s, 17, "python3 -u /srv/serve.py --fast", 30);
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  assert_null(o.missing.s);
  has(&o.said, "serve: 30 iterations of 3 ops (graph), serve (17), device 0, stream 7\n");
  assert_int_equal(read_ops(o.s, "serve", arena, &op), 3);
  assert_string_equal(op[0].name, "gemm(float*)");
  assert_int_equal(op[1].duration_ns, 4001);
  assert_int_equal(op[1].gap_ns, 1200);
  assert_int_equal(op[2].blocks, 102);
  assert_int_equal(op[2].threads, 128);
  assert_int_equal(op[2].smem_bytes, 1536);
  assert_int_equal(op[2].carveout_bytes, 102400);
  assert_int_equal(op[0].launch_ns, CR_NS_NEVER);
  report_has(&o, "9 before, 0 between, 0 after");
  report_has(&o, "'node7'");
  report_has(&o, "NVIDIA H200");
  drop(&o);
  cr_arena_free(arena);
}

/* Launched one by one: an input, kernels, an output, a wait. */
static void make_eager_program(struct spool_made *m, const char *path, int n)
{
  spool_made_begin(m, path, 18, "./infer", 18);
  for (int k = 0; k < n; k++) {
    spool_made_copy(m, 0, 602112, 30000);
    for (int i = 0; i < 5; i++) {
      if (i == 2)
        spool_made_call(m, "cudaStreamIsCapturing_v10000");
      spool_made_launch(m, "conv", 10 + i, k == 0 ? 90000 : 2000, 0);
    }
    spool_made_copy(m, 1, 4000, 3000);
    spool_made_call(m, "cudaStreamSynchronize_v3020");
    m->host_ns = m->now_ns + 5000;
  }
}

static void launch_times_of_eager_programs_are_kept(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "18.spool");
  struct spool_made m;
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op;
  make_eager_program(&m, file.s, 12);
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){.model = "net", .prefix = "my/"});
  assert_null(o.missing.s);
  has(&o.said, "my/net: 12 iterations of 7 ops (eager)");
  assert_int_equal(read_ops(o.s, "my/net", arena, &op), 7);
  assert_int_equal(op[0].kind, CR_OP_COPY_H2D);
  assert_int_equal(op[0].pageable, CR_YES);
  assert_int_equal(op[0].bytes, 602112);
  assert_int_equal(op[1].launch_ns, 3000);
  assert_int_equal(op[1].calls, 1);
  assert_int_equal(op[3].launch_ns, 6000); /* with the call that asks */
  assert_int_equal(op[3].calls, 2);
  assert_int_equal(op[6].kind, CR_OP_COPY_D2H);
  assert_int_equal(op[6].pageable, CR_NO);
  assert_int_equal(op[2].duration_ns, 2000); /* the median, not the first */
  drop(&o);
  cr_arena_free(arena);
}

static void ranges_are_iterations_and_stages_when_asked_for(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "19.spool");
  struct spool_made m;
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op;
  spool_made_begin(&m, file.s, 19, "train", 1);
  for (int k = 0; k < 6; k++) {
    spool_made_push(&m, "step");
    uint32_t step = m.marker;
    for (int layer = 0; layer < 3; layer++) {
      char name[20];
      snprintf(name, sizeof name, "layer %d", layer);
      spool_made_push(&m, name);
      uint32_t inner = m.marker;
      for (int i = 0; i <= layer; i++)
        spool_made_launch(&m, "gemm", 10, 2000, 0);
      spool_made_pop(&m, inner);
    }
    spool_made_pop(&m, step);
    spool_made_launch(&m, "log", 1 + k, 1000, 0); /* between steps */
  }
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){.range = "step"});
  has(&o.said, "train: 6 iterations of 6 ops (eager)");
  assert_int_equal(read_ops(o.s, "train", arena, &op), 6);
  const uint32_t stage[] = {0, 1, 1, 2, 2, 2};
  for (int i = 0; i < 6; i++)
    assert_int_equal(op[i].stage, stage[i]);
  report_has(&o, "3 stages by NVTX ranges");
  drop(&o);
  o = import(file.s, (struct cr_spool_options){.range = "stepp"});
  assert_int_equal(o.rc, CR_EINPUT);
  assert_non_null(strstr(o.err.text, "did you mean step"));
  drop(&o);
  cr_arena_free(arena);
}

static void a_window_keeps_what_began_in_it(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "20.spool");
  struct spool_made m;
  spool_made_begin(&m, file.s, 20, "p", 1);
  for (int k = 0; k < 100; k++)
    spool_made_launch(&m, "a", 1, 1000, 9000); /* every 10 us */
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){.from_ns = 200000, .to_ns = 500000});
  has(&o.said, "p: 30 iterations of 1 ops");
  drop(&o);
  o = import(file.s, (struct cr_spool_options){.from_ns = 2000000});
  assert_int_equal(o.rc, CR_EINPUT);
  assert_non_null(strstr(o.err.text, "launched no kernel within the window"));
  drop(&o);
}

static void streams_at_the_same_time_are_models_of_their_own(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "21.spool");
  struct spool_made m;
  spool_made_begin(&m, file.s, 21, "two", 1);
  for (int k = 0; k < 20; k++) {
    spool_made_launch(&m, "a", 1, 20000, 0);
    uint64_t begin = m.now_ns - 20000;
    m.stream = 13;
    m.now_ns = begin + 4000;
    spool_made_launch(&m, "b", 2, 3000, 0);
    spool_made_launch(&m, "c", 2, 3000, 0);
    m.stream = 7;
    m.now_ns = begin + 20000;
  }
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  assert_int_equal(o.result.n_model, 2);
  has(&o.said, "two.stream7: 20 iterations of 1 ops");
  has(&o.said, "two.stream13: 20 iterations of 2 ops");
  drop(&o);
}

static void several_processes_are_models_in_order_of_their_begin(void **state)
{
  (void)state;
  struct path folder = fresh();
  struct spool_made m;
  make_graph_program(&m, in(folder.s, "900.spool").s, 900, "python3 work.py", 5);
  spool_made_end(&m, 0);
  make_graph_program(&m, in(folder.s, "31.spool").s, 31, "python3 work.py", 8);
  spool_made_end(&m, 0);
  spool_made_begin(&m, in(folder.s, "40.spool").s, 40, "idle", 1); /* a process that only looked for a device */
  spool_made_end(&m, 0);
  struct outcome o = imported(folder.s, (struct cr_spool_options){0});
  assert_int_equal(o.result.n_process, 2);
  has(&o.said, "work: 8 iterations");
  has(&o.said, "work.2: 5 iterations");
  has(&o.missing, "left out: 40.spool: process 40 (idle) launched no kernel\n");
  drop(&o);
}

static void memory_is_parted_as_salus_does(void **state)
{
  (void)state;
  enum { MIB = 1 << 20 };
  struct path file = in(fresh().s, "22.spool");
  struct spool_made m;
  spool_made_begin(&m, file.s, 22, "train", 1);
  spool_made_memory(&m, 0x1000000, 100 * MIB, 0); /* before the first iteration: the model */
  for (int k = 0; k < 9; k++) {
    spool_made_launch(&m, "fwd", 10, 2000, 0);
    spool_made_memory(&m, 0x90000000, 30 * MIB, 0); /* within: ephemeral */
    spool_made_memory(&m, 0xa0000000, 1000, 0);     /* within and small: the framework's own */
    spool_made_launch(&m, "bwd", 20, 2000, 0);
    spool_made_memory(&m, 0x90000000, 30 * MIB, 1);
    spool_made_memory(&m, 0xa0000000, 1000, 1);
    spool_made_launch(&m, "step", 30, 2000, 0);
  }
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  has(&o.said, "train: 9 iterations of 3 ops");
  report_has(&o, ",104858600,31457280,1000,"); /* persistent with the framework's, ephemeral, framework */
  drop(&o);
}

/* -- what is missing ------------------------------------------------------------------------------------------------ */

static void what_is_missing_is_said_and_the_rest_is_imported(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "23.spool");
  struct spool_made m;
  make_graph_program(&m, file.s, 23, "p", 9);
  spool_made_end(&m, 5);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  has(&o.missing, "23.spool: 5 records were dropped by CUPTI");
  report_has(&o, "5 records were dropped by CUPTI");
  drop(&o);
  make_graph_program(&m, file.s, 23, "p", 9);
  spool_made_leave(&m);
  o = imported(file.s, (struct cr_spool_options){0});
  has(&o.missing, "has no end");
  drop(&o);
}

static void impossible_times_and_shapes_are_left_out(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "24.spool");
  struct spool_made m;
  make_graph_program(&m, file.s, 24, "p", 9);
  spool_made_kernel(&m, "no blocks", 0, 1000, 1000);
  spool_made_kernel(&m, "no time", 1, 0, 1000);
  uint64_t now = m.now_ns;
  m.now_ns = UINT64_MAX - 10;
  spool_made_kernel(&m, "in 584 years", 1, 5, 0);
  m.now_ns = now;
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  has(&o.said, "p: 9 iterations of 3 ops");
  has(&o.missing, "3 kernels, copies or memsets have impossible times or shapes");
  drop(&o);
}

static void clusters_are_kept_multiplied_and_none_is_known(void **state)
{
  (void)state;
  static const struct {
    uint32_t cluster[3], want;
  } kind[] = {{{0, 0, 0}, 1}, {{1, 1, 1}, 1}, {{2, 1, 1}, 2}, {{1, 7, 1}, 7}, {{4, 2, 2}, 16}};
  enum { N = sizeof kind / sizeof *kind };
  struct path file = in(fresh().s, "25.spool");
  struct spool_made m;
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op;
  spool_made_begin(&m, file.s, 25, "p", 1);
  for (int k = 0; k < 9; k++)
    for (int i = 0; i < N; i++) {
      memcpy(m.cluster, kind[i].cluster, sizeof m.cluster);
      spool_made_launch(&m, "gemm", 16 * 7, 2000, i ? 0 : 5000); /* alike in all but their clusters */
    }
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  assert_null(o.missing.s);
  has(&o.said, "p: 9 iterations of 5 ops");
  assert_int_equal(read_ops(o.s, "p", arena, &op), N);
  for (int i = 0; i < N; i++)
    assert_int_equal(op[i].cluster_blocks, kind[i].want);
  drop(&o);
  cr_arena_free(arena);
}

static void clusters_that_cannot_be_are_left_out(void **state)
{
  (void)state;
  static const uint32_t bad[][3] = {{3, 1, 1}, {2, 0, 1}, {UINT32_MAX, 1, 1}, {1u << 31, 2, 1}};
  struct path file = in(fresh().s, "26.spool");
  struct spool_made m;
  make_graph_program(&m, file.s, 26, "p", 9);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    memcpy(m.cluster, bad[i], sizeof m.cluster);
    spool_made_kernel(&m, "gemm", 4, 1000, 1000);
  }
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  has(&o.said, "p: 9 iterations of 3 ops");
  has(&o.missing, "4 kernels, copies or memsets have impossible times or shapes");
  drop(&o);
}

static void an_op_a_little_early_is_moved_and_one_much_too_early_is_refused(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "25.spool");
  for (uint32_t early = 40; early <= 6040; early += 6000) {
    struct spool_made m;
    spool_made_begin(&m, file.s, 25, "p", 1);
    for (int k = 0; k < 9; k++) {
      spool_made_launch(&m, "a", 1, 20000, 0);
      spool_made_call(&m, "cudaLaunchKernel_v7000");
      m.now_ns -= early;
      spool_made_kernel(&m, "b", 1, 20000, 0);
    }
    spool_made_end(&m, 0);
    struct outcome o = import(file.s, (struct cr_spool_options){0});
    assert_int_equal(o.rc, early == 40 ? CR_OK : CR_EINPUT);
    if (o.rc)
      assert_non_null(strstr(o.err.text, "in the same stream 7"));
    else
      report_has(&o, "9 ops began up to 5 us before the one before them");
    drop(&o);
  }
}

static void nothing_usable_is_an_error_that_says_why(void **state)
{
  (void)state;
  struct path folder = fresh();
  struct spool_made m;
  struct outcome o = import(folder.s, (struct cr_spool_options){0});
  assert_int_equal(o.rc, CR_EINPUT);
  assert_non_null(strstr(o.err.text, "has no files NAME.spool"));
  drop(&o);
  spool_made_begin(&m, in(folder.s, "26.spool").s, 26, "idle", 1);
  cr_spool_write_note(m.w, CR_SPOOL_REFUSED, 39, "another profiler has subscribed to CUPTI");
  spool_made_end(&m, 0);
  o = import(folder.s, (struct cr_spool_options){0});
  assert_int_equal(o.rc, CR_EINPUT);
  assert_non_null(strstr(o.err.text, "26.spool: process 26 (idle) launched no kernel"));
  has(&o.missing, "another profiler has subscribed to CUPTI");
  drop(&o);
  o = import(in(folder.s, "gone").s, (struct cr_spool_options){0});
  assert_int_equal(o.rc, CR_EINPUT);
  drop(&o);
  t_write(in(folder.s, "text.spool").s, "no spool at all, but text of some length\n");
  o = import(in(folder.s, "text.spool").s, (struct cr_spool_options){0});
  assert_int_equal(o.rc, CR_EINPUT);
  assert_non_null(strstr(o.err.text, "is not a spool"));
  drop(&o);
}

static void a_name_that_is_taken_is_refused_unless_replaced(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "27.spool"), store = in(fresh().s, "s.db");
  const char *path = file.s;
  struct spool_made m;
  make_graph_program(&m, file.s, 27, "p", 9);
  spool_made_end(&m, 0);
  for (int k = 0; k < 3; k++) {
    struct cr_spool_options opt = {.to_ns = CR_NS_NEVER, .replace = k == 2};
    struct cr_store *s = NULL;
    struct cr_text said = {0}, missing = {0};
    struct cr_spool_result r;
    struct cr_err err;
    assert_int_equal(cr_store_edit(store.s, &s, &err), CR_OK);
    int rc = cr_spool_import(s, &path, 1, &opt, &said, &missing, &r, &err);
    assert_int_equal(rc, k == 1 ? CR_EINPUT : CR_OK);
    if (!rc)
      assert_int_equal(cr_store_commit(s, &err), CR_OK);
    cr_store_close(s);
    cr_text_fini(&said);
    cr_text_fini(&missing);
  }
}

/* -- damage -------------------------------------------------------------------------------------------------------- */

static char *content_of(const struct outcome *o)
{
  struct cr_err err;
  struct cr_text text = {0};
  if (cr_store_export(o->s, &text, &err))
    fail_msg("%s", err.text);
  char *from = strstr(text.s, "INSERT INTO name"); /* what follows is names and ops: the origin's hash differs */
  char *copy = strdup(from ? from : text.s);
  cr_text_fini(&text);
  return copy;
}

static void write_bytes(const char *path, const char *bytes, size_t n)
{
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  fclose(f);
}

/* Damaged in any way: refused, or said to be so. */
static void expect_said(const char *path, const char *whole, const char *what, size_t at)
{
  struct outcome o = import(path, (struct cr_spool_options){0});
  if (!o.rc && !o.missing.n) {
    char *content = content_of(&o);
    if (strcmp(content, whole) != 0)
      fail_msg("%s at byte %zu: imported otherwise, and nothing said", what, at);
    free(content);
  }
  if (o.rc && o.rc != CR_EINPUT)
    fail_msg("%s at byte %zu: %s", what, at, o.err.text);
  drop(&o);
}

static void a_spool_that_is_cut_or_changed_anywhere_is_never_wrong_in_silence(void **state)
{
  (void)state;
  struct path folder = fresh(), file = in(folder.s, "28.spool"), bad = in(folder.s, "bad.spool");
  struct spool_made m;
  size_t n = 0;
  uint64_t s = 1;
  make_eager_program(&m, file.s, 6);
  cr_spool_write_flush(m.w);
  for (int i = 0; i < 30; i++)
    spool_made_launch(&m, "tail", 9, 1000, 100);
  spool_made_end(&m, 0);
  struct outcome o = imported(file.s, (struct cr_spool_options){0});
  char *whole = content_of(&o), *bytes = t_read(file.s, &n);
  drop(&o);
  char *copy = malloc(n);
  for (size_t cut = 0; cut < n; cut += 1 + n / 150) {
    write_bytes(bad.s, bytes, cut);
    expect_said(bad.s, whole, "cut", cut);
  }
  for (int k = 0; k < 250; k++) {
    s = s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    size_t at = (size_t)((s >> 20) % n);
    memcpy(copy, bytes, n);
    copy[at] = (char)(copy[at] ^ (1 << (s >> 60) % 8));
    write_bytes(bad.s, copy, n);
    expect_said(bad.s, whole, "changed", at);
  }
  free(copy);
  free(whole);
  t_free(bytes);
}

/* Whole chunks of nonsense: a checksum says that they were written so. */
static void whatever_the_records_say_nothing_breaks(void **state)
{
  (void)state;
  struct path file = in(fresh().s, "29.spool");
  uint64_t s = 3;
  for (int round = 0; round < 200; round++) {
    struct spool_made m;
    make_eager_program(&m, file.s, 3);
    for (int i = 0; i < 40; i++) {
      union {
        struct cr_spool_kernel kernel;
        struct cr_spool_memcpy copy;
        uint64_t word[16];
      } record;
      for (int k = 0; k < 16; k++) {
        s = s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        record.word[k] = s >> (s >> 59) * 2; /* small ones, too */
      }
      static const struct {
        enum cr_spool_kind kind;
        size_t n;
      } kind[] = {
        {CR_SPOOL_MEMCPY, sizeof(struct cr_spool_memcpy)}, {CR_SPOOL_MEMSET, sizeof(struct cr_spool_memset)},
        {CR_SPOOL_API, sizeof(struct cr_spool_api)},       {CR_SPOOL_SYNC, sizeof(struct cr_spool_sync)},
        {CR_SPOOL_MEMORY, sizeof(struct cr_spool_memory)}, {CR_SPOOL_STREAM, sizeof(struct cr_spool_stream)},
        {CR_SPOOL_MARKER, sizeof(struct cr_spool_marker)}, {CR_SPOOL_CONTEXT, sizeof(struct cr_spool_context)},
        {CR_SPOOL_KERNEL, sizeof(struct cr_spool_kernel)}};
      size_t which = (size_t)(s >> 33) % (sizeof kind / sizeof *kind);
      cr_spool_write(m.w, kind[which].kind, &record, kind[which].n);
    }
    spool_made_end(&m, 0);
    struct outcome o = import(file.s, (struct cr_spool_options){0});
    assert_true(o.rc == CR_OK || o.rc == CR_EINPUT);
    drop(&o);
  }
}

/* -- the real traces ------------------------------------------------------------------------------------------------ */

static void expect_same(const char *name, const struct cr_op_spec *a, const struct cr_op_spec *b)
{
  int alike = !strcmp(a->name, b->name) && a->kind == b->kind && a->duration_ns == b->duration_ns &&
              a->spread_ns == b->spread_ns && a->gap_ns == b->gap_ns && a->launch_ns == b->launch_ns &&
              a->calls == b->calls && a->blocks == b->blocks && a->threads == b->threads && a->regs == b->regs &&
              a->smem_bytes == b->smem_bytes && a->bytes == b->bytes && a->pageable == b->pageable;
  if (!alike)
    fail_msg("%s: %s (%lld ns, gap %lld, launch %lld, %u calls) is not %s (%lld ns, gap %lld, launch %lld, %u calls)",
             name, b->name, (long long)b->duration_ns, (long long)b->gap_ns, (long long)b->launch_ns, b->calls, a->name,
             (long long)a->duration_ns, (long long)a->gap_ns, (long long)a->launch_ns, a->calls);
}

static uint32_t check_folder(const char *folder)
{
  uint32_t n_file = 0;
  DIR *d = opendir(folder);
  struct path tmp = fresh();
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (!strstr(e->d_name, ".json"))
      continue;
    struct path kineto = in(folder, e->d_name), spool = in(tmp.s, "k.spool");
    struct cr_arena *arena = cr_arena_new();
    struct cr_kineto_options opt = {.model = "m"};
    struct cr_op_spec *want, *got;
    struct cr_store *s = NULL;
    struct cr_err err;
    if (cr_store_edit(in(tmp.s, "k.db").s, &s, &err) || cr_kineto_import(s, kineto.s, &opt, &err))
      fail_msg("%s", err.text);
    spool_made_of_kineto(kineto.s, spool.s);
    struct outcome o = imported(spool.s, (struct cr_spool_options){.model = "m"});
    uint32_t n_want = read_ops(s, "m", arena, &want), n_got = read_ops(o.s, "m", arena, &got);
    assert_null(o.missing.s);
    if (n_want != n_got)
      fail_msg("%s: %u ops where there are %u", e->d_name, n_got, n_want);
    for (uint32_t i = 0; i < n_want; i++)
      expect_same(e->d_name, &want[i], &got[i]);
    n_file++;
    cr_store_close(s);
    drop(&o);
    cr_arena_free(arena);
  }
  closedir(d);
  return n_file;
}

static void real_traces_give_the_models_that_kineto_gives(void **state)
{
  (void)state;
  const char *folder = t_shared("h200/kineto");
  if (!folder)
    skip();
  struct path first;
  snprintf(first.s, sizeof first.s, "%s", folder);
  assert_int_equal(check_folder(first.s), 21);
  folder = t_shared("h200/fixed/kineto");
  if (!folder)
    skip();
  snprintf(first.s, sizeof first.s, "%s", folder);
  assert_int_equal(check_folder(first.s), 12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(replays_after_a_warm_up_are_the_iterations),
    cmocka_unit_test(launch_times_of_eager_programs_are_kept),
    cmocka_unit_test(ranges_are_iterations_and_stages_when_asked_for),
    cmocka_unit_test(a_window_keeps_what_began_in_it),
    cmocka_unit_test(streams_at_the_same_time_are_models_of_their_own),
    cmocka_unit_test(several_processes_are_models_in_order_of_their_begin),
    cmocka_unit_test(memory_is_parted_as_salus_does),
    cmocka_unit_test(what_is_missing_is_said_and_the_rest_is_imported),
    cmocka_unit_test(impossible_times_and_shapes_are_left_out),
    cmocka_unit_test(clusters_are_kept_multiplied_and_none_is_known),
    cmocka_unit_test(clusters_that_cannot_be_are_left_out),
    cmocka_unit_test(an_op_a_little_early_is_moved_and_one_much_too_early_is_refused),
    cmocka_unit_test(nothing_usable_is_an_error_that_says_why),
    cmocka_unit_test(a_name_that_is_taken_is_refused_unless_replaced),
    cmocka_unit_test(a_spool_that_is_cut_or_changed_anywhere_is_never_wrong_in_silence),
    cmocka_unit_test(whatever_the_records_say_nothing_breaks),
    cmocka_unit_test(real_traces_give_the_models_that_kineto_gives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
