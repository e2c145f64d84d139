/* t_store.c - the trace store: what goes in comes out, nothing half-made stays, and every bad file is named. */
#include "config.h"

#include "tests/t.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/workload.h"
#include "traces/store.h"

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

/* -- a model with every kind of op, known and unknown -- */

static struct cr_op_spec kernel(const char *name)
{
  static const cr_ns block_ns[] = {14000, 12000, 160000};
  return (struct cr_op_spec){.name = name,
                             .kind = CR_OP_KERNEL,
                             .duration_ns = 12345,
                             .spread_ns = 12,
                             .gap_ns = 0,
                             .launch_ns = 777,
                             .calls = 3,
                             .blocks = 4000000000u,
                             .threads = 1024,
                             .regs = 255,
                             .cluster_blocks = 16,
                             .smem_bytes = 232448,
                             .carveout_bytes = 233472,
                             .bytes = CR_UNKNOWN,
                             .dram_bytes = 0,
                             .l2_bytes = INT64_C(1) << 52,
                             .instructions = 9000000000,
                             .tensor_instructions = 5,
                             .active_warps_q16 = 64 << 16,
                             .block_ns = block_ns,
                             .n_block_ns = 3,
                             .sm_blocks = 3,
                             .idempotent = CR_NO};
}

static struct cr_op_spec bare(enum cr_op_kind kind)
{
  struct cr_op_spec op = cr_op_unknown("it's a \"copy\"\n", kind, 1);
  op.pageable = kind == CR_OP_COPY_H2D ? CR_NO : kind == CR_OP_COPY_D2H ? CR_YES : CR_UNSAID;
  op.bytes = 0;
  return op;
}

static int add(struct cr_store *s, const char *name, int n_op, int replace, struct cr_err *err)
{
  struct cr_op_spec op[] = {kernel("k"), bare(CR_OP_MEMSET), bare(CR_OP_COPY_H2D), kernel("other"),
                            bare(CR_OP_COPY_D2H)};
  struct cr_model_spec model = cr_model_unknown(name, op, (uint32_t)n_op);
  model.weight_bytes = 10;
  model.ephemeral_bytes = 0;
  struct cr_recording recording = {
    .class = "eager", .n_iteration = 3, .n_left_out = 1, .period_ns = CR_NS_NEVER, .report = "a line\n"};
  struct cr_origin origin = {.file = "x.json", .tool = "test", .gpu = "a GPU"};
  return cr_store_add_model(s, &model, &recording, &origin, replace, err);
}

/* A new store with models of these names. */
static struct path made(const char *const *name, int n)
{
  struct path path = keep(t_join(t_tmp(), "s.db"));
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  for (int i = 0; i < n; i++)
    assert_int_equal(add(s, name[i], 5, 0, &err), CR_OK);
  assert_int_equal(cr_store_commit(s, &err), CR_OK);
  cr_store_close(s);
  return path;
}

static uint64_t hash_of(const char *path)
{
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  uint64_t h = 0;
  if (cr_store_open(path, &s, &err) || cr_store_hash(s, &h, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
  return h;
}

static void same_op(const struct cr_op_spec *a, const struct cr_op_spec *b)
{
  assert_string_equal(a->name, b->name);
  struct cr_op_spec x = *a, y = *b;
  x.name = y.name = NULL;
  assert_int_equal(x.kind, y.kind);
  assert_int_equal(x.stage, y.stage);
  assert_int_equal(x.calls, y.calls);
  assert_int_equal(x.pageable, y.pageable);
  const int64_t p[] = {x.duration_ns, x.spread_ns, x.gap_ns,       x.launch_ns,           x.blocks,
                       x.threads,     x.regs,      x.smem_bytes,   x.carveout_bytes,      x.bytes,
                       x.dram_bytes,  x.l2_bytes,  x.instructions, x.tensor_instructions, x.active_warps_q16};
  const int64_t q[] = {y.duration_ns, y.spread_ns, y.gap_ns,       y.launch_ns,           y.blocks,
                       y.threads,     y.regs,      y.smem_bytes,   y.carveout_bytes,      y.bytes,
                       y.dram_bytes,  y.l2_bytes,  y.instructions, y.tensor_instructions, y.active_warps_q16};
  for (size_t i = 0; i < sizeof p / sizeof *p; i++)
    assert_int_equal(p[i], q[i]);
  assert_int_equal(x.cluster_blocks, y.cluster_blocks);
  assert_int_equal(x.sm_blocks, y.sm_blocks);
  assert_int_equal(x.idempotent, y.idempotent);
  assert_int_equal(x.n_block_ns, y.n_block_ns);
  for (uint32_t i = 0; i < x.n_block_ns; i++)
    assert_int_equal(x.block_ns[i], y.block_ns[i]);
}

static void what_goes_in_comes_out(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"m"}, 1);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op = NULL, want[] = {kernel("k"), bare(CR_OP_MEMSET), bare(CR_OP_COPY_H2D), kernel("other"),
                                          bare(CR_OP_COPY_D2H)};
  uint32_t n = 0;
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_read_model(s, "m", arena, &op, &n, &err), CR_OK);
  assert_int_equal(n, 5);
  for (int i = 0; i < 5; i++)
    same_op(&op[i], &want[i]);
  cr_store_close(s);
  cr_arena_free(arena);
}

static void a_model_loads_into_a_workload(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"m"}, 1);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = NULL;
  cr_model m;
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  if (cr_store_load_model(s, "m", b, &m, &err) || cr_workload_seal(b, &w, &err))
    fail_msg("%s", err.text);
  assert_int_equal(w->model[m.i].n_op, 5);
  assert_int_equal(w->model[m.i].weight_bytes, 10);
  assert_int_equal(w->model[m.i].persistent_bytes, CR_UNKNOWN);
  assert_int_equal(w->op[0].l2_bytes, INT64_C(1) << 52);
  cr_workload_builder_free(b);
  cr_store_close(s);
}

static void a_name_is_given_once_unless_replaced(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"m"}, 1);
  uint64_t before = hash_of(path.s);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  assert_int_equal(add(s, "m", 2, 0, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "has a model m already; give another name with --model, or --replace"));
  cr_store_close(s);
  assert_true(hash_of(path.s) == before);
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  assert_int_equal(add(s, "m", 2, 1, &err), CR_OK);
  assert_int_equal(cr_store_commit(s, &err), CR_OK);
  cr_store_close(s);
  assert_true(hash_of(path.s) != before);
}

static void an_unknown_model_is_answered_with_names(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"resnet50", "vgg19"}, 2);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_text out = {0};
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_show(s, "resnet5", "table", &out, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "has no model resnet5; did you mean resnet50?"));
  assert_int_equal(cr_store_show(s, "bert", "table", &out, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "has no model bert; it has resnet50, vgg19"));
  cr_store_close(s);
  cr_text_fini(&out);
}

/* -- text and back -- */

static char *export_text(const char *path)
{
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_text out = {0};
  if (cr_store_open(path, &s, &err) || cr_store_export(s, &out, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
  return out.s; /* freed by t_free */
}

static void text_builds_the_same_store(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"b", "a", "c"}, 3), sql = keep(t_join(t_tmp(), "s.sql")),
              again = keep(t_join(t_tmp(), "again.db"));
  struct cr_err err = {{0}};
  char *text = export_text(path.s);
  t_write(sql.s, text);
  if (cr_store_build(sql.s, again.s, &err))
    fail_msg("%s", err.text);
  assert_true(hash_of(path.s) == hash_of(again.s));
  char *text_again = export_text(again.s);
  assert_string_equal(text, text_again);
  t_free(text_again);
  t_free(text);
}

static void text_does_not_depend_on_the_order_of_import(void **state)
{
  (void)state;
  struct path one = made((const char *const[]){"a", "b", "c"}, 3),
              other = made((const char *const[]){"c", "a", "b"}, 3);
  char *x = export_text(one.s), *y = export_text(other.s);
  assert_string_equal(x, y);
  assert_true(hash_of(one.s) == hash_of(other.s));
  t_free(x);
  t_free(y);
}

static void the_bundled_texts_build_and_come_back(void **state)
{
  (void)state;
  static const char *const sql[] = {"traces/data/h200.sql", "traces/data/h200-collected.sql", "traces/data/h200-clusters.sql"};
  for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
    struct path db = keep(t_join(t_tmp(), "h200.db"));
    struct cr_err err = {{0}};
    if (cr_store_build(t_data(sql[i]), db.s, &err))
      fail_msg("%s", err.text);
    char *text = export_text(db.s), *want = t_read(t_data(sql[i]), NULL);
    assert_true(strcmp(text, want) == 0);
    t_free(text);
    t_free(want);
  }
}

/* The build is refused with that sentence and no store is left. */
static void expect_no_build(const char *text, const char *want)
{
  struct path folder = keep(t_tmp()), sql = keep(t_join(folder.s, "x.sql")), db = keep(t_join(folder.s, "x.db"));
  struct cr_err err = {{0}};
  t_write(sql.s, text);
  int rc = cr_store_build(sql.s, db.s, &err);
  if (rc != CR_EINPUT || !strstr(err.text, want) || n_files(folder.s) != 1)
    fail_msg("%d, '%s' where '%s' was expected; %u files", rc, err.text, want, n_files(folder.s));
}

static void text_that_is_no_store_is_refused(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"a"}, 1);
  char *text = export_text(path.s);
  expect_no_build("", "is empty");
  expect_no_build("hello\nworld;\n", ":1: is no text of a trace store");
  expect_no_build("CREATE TABLE t(x); INSERT INTO t VALUES(1);", "is not a trace store");
  expect_no_build("ATTACH 'other.db' AS o;", "not authorized");
  expect_no_build("PRAGMA writable_schema=1;", "not authorized");
  expect_no_build("PRAGMA application_id=1668445298;\nPRAGMA user_version=5;", "is a store of version 5");
  expect_no_build("PRAGMA application_id=1668445298;\nPRAGMA user_version=1;", "is a store of version 1");
  expect_no_build("PRAGMA application_id=1668445298;\nPRAGMA user_version=2;", "is no text of a trace store");
  for (size_t cut = strlen(text) - 4; cut > 100; cut -= 97) {
    char was = text[cut];
    text[cut] = '\0';
    expect_no_build(text, ":");
    text[cut] = was;
  }
  char *number = strstr(text, "12345");
  memcpy(number, "-2345", 5);
  expect_no_build(text, "CHECK constraint failed: duration_ns > 0");
  memcpy(number, "12'45", 5);
  expect_no_build(text, "is no text of a trace store");
  t_free(text);
}

static void text_is_never_built_over_a_file(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"a"}, 1), sql = keep(t_join(t_tmp(), "s.sql"));
  struct cr_err err = {{0}};
  char *text = export_text(path.s);
  t_write(sql.s, text);
  assert_int_equal(cr_store_build(sql.s, path.s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "exists already"));
  t_free(text);
}

/* -- files that are no stores -- */

static void expect_no_open(const char *path, const char *want)
{
  struct path file = keep(path);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct stat before = {0}, after = {0};
  stat(file.s, &before);
  for (int edit = 0; edit < 2; edit++) {
    int rc = edit ? cr_store_edit(file.s, &s, &err) : cr_store_open(file.s, &s, &err);
    if (rc != CR_EINPUT || !strstr(err.text, want) || !strstr(err.text, file.s))
      fail_msg("%s: %d, '%s' where '%s' was expected", edit ? "edit" : "open", rc, err.text, want);
  }
  stat(file.s, &after);
  assert_true(before.st_mtime == after.st_mtime && before.st_size == after.st_size);
}

static void run_sql(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

/* Version 2 had no profiles of kernels, version 3 no clusters. */
static void a_store_of_an_older_version_is_read_and_becomes_one_of_today(int version)
{
  struct path path = made((const char *const[]){"m"}, 1);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op = NULL;
  struct cr_text shown = {0};
  uint32_t n = 0;
  run_sql(path.s, "DROP VIEW ops; DROP TABLE cluster; CREATE VIEW ops AS SELECT 1; PRAGMA user_version=3");
  if (version == 2)
    run_sql(path.s, "DROP TABLE profile; DROP TABLE block_time; PRAGMA user_version=2");
  uint64_t before = hash_of(path.s);
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_read_model(s, "m", arena, &op, &n, &err), CR_OK);
  assert_true(n == 5 && op[0].cluster_blocks == 0);
  assert_int_equal(op[0].n_block_ns, version == 2 ? 0 : 3);
  assert_int_equal(op[0].idempotent, version == 2 ? CR_UNSAID : CR_NO);
  assert_int_equal(cr_store_show(s, NULL, "table", &shown, &err), CR_OK);
  cr_store_close(s);
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  cr_store_close(s); /* not committed: still of the old version */
  assert_true(hash_of(path.s) == before);
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  assert_int_equal(add(s, "new", 5, 0, &err), CR_OK);
  assert_int_equal(cr_store_commit(s, &err), CR_OK);
  cr_store_close(s);
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_read_model(s, "new", arena, &op, &n, &err), CR_OK);
  assert_int_equal(op[0].n_block_ns, 3);
  assert_int_equal(op[0].cluster_blocks, 16);
  assert_int_equal(cr_store_read_model(s, "m", arena, &op, &n, &err), CR_OK);
  assert_int_equal(op[0].cluster_blocks, 0);
  assert_int_equal(op[0].n_block_ns, version == 2 ? 0 : 3);
  cr_store_close(s);
  run_sql(path.s,
          "SELECT sm_blocks FROM profile; SELECT blocks FROM cluster; SELECT sm_blocks, cluster_blocks FROM ops");
  cr_text_fini(&shown);
  cr_arena_free(arena);
}

static void a_store_of_version_2_is_read_and_becomes_one_of_today(void **state)
{
  (void)state;
  a_store_of_an_older_version_is_read_and_becomes_one_of_today(2);
}

static void a_store_of_version_3_is_read_and_becomes_one_of_today(void **state)
{
  (void)state;
  a_store_of_an_older_version_is_read_and_becomes_one_of_today(3);
}

/* Beside each other: no clusters, and nobody knows. */
static void no_cluster_is_not_an_unknown_one(void **state)
{
  (void)state;
  struct path path = keep(t_join(t_tmp(), "s.db")), sql = keep(t_join(t_tmp(), "s.sql")),
              again = keep(t_join(t_tmp(), "again.db"));
  struct cr_op_spec op[] = {kernel("unknown"), kernel("none"), kernel("four")}, *got = NULL;
  struct cr_model_spec model = {.name = "m", .op = op, .n_op = 3};
  struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = 5};
  struct cr_arena *arena = cr_arena_new();
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_text shown = {0};
  uint32_t n = 0;
  uint64_t hash[3];
  for (int i = 0; i < 3; i++) {
    op[0].cluster_blocks = 0;
    op[1].cluster_blocks = i > 0; /* at first not known either */
    op[2].cluster_blocks = i > 1 ? 4 : 1;
    assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
    assert_int_equal(cr_store_add_model(s, &model, &recording, NULL, 1, &err), CR_OK);
    assert_int_equal(cr_store_commit(s, &err), CR_OK);
    cr_store_close(s);
    hash[i] = hash_of(path.s);
  }
  assert_true(hash[0] != hash[1] && hash[1] != hash[2]);
  char *text = export_text(path.s);
  t_write(sql.s, text);
  assert_int_equal(cr_store_build(sql.s, again.s, &err), CR_OK);
  assert_int_equal(cr_store_open(again.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_read_model(s, "m", arena, &got, &n, &err), CR_OK);
  for (int i = 0; i < 3; i++)
    assert_int_equal(got[i].cluster_blocks, op[i].cluster_blocks);
  assert_int_equal(cr_store_show(s, "m", "json", &shown, &err), CR_OK);
  assert_non_null(strstr(shown.s, "\"cluster_blocks\":null"));
  assert_non_null(strstr(shown.s, "\"cluster_blocks\":1,"));
  assert_non_null(strstr(shown.s, "\"cluster_blocks\":4,"));
  assert_int_equal(cr_store_show(s, "m", "table", &shown, &err), CR_OK);
  assert_non_null(strstr(shown.s, "blocks a cluster"));
  cr_store_close(s);
  t_free(text);
  cr_text_fini(&shown);
  cr_arena_free(arena);
}

static void a_damaged_cluster_is_named(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"m"}, 1);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op = NULL;
  uint32_t n = 0;
  run_sql(path.s, "UPDATE cluster SET i = 77 WHERE i = 3");
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_read_model(s, "m", arena, &op, &n, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "model m: the cluster of op 77 is damaged"));
  cr_store_close(s);
  cr_arena_free(arena);
}

static void a_damaged_profile_is_named(void **state)
{
  (void)state;
  static const char *const damage[] = {"UPDATE block_time SET n_block = 9 WHERE i = 0 AND n_block = 2",
                                       "UPDATE block_time SET i = 77 WHERE i = 3",
                                       "UPDATE profile SET i = 77 WHERE i = 3"};
  for (int i = 0; i < 3; i++) {
    struct path path = made((const char *const[]){"m"}, 1);
    struct cr_store *s = NULL;
    struct cr_err err = {{0}};
    struct cr_arena *arena = cr_arena_new();
    struct cr_op_spec *op = NULL;
    uint32_t n = 0;
    run_sql(path.s, damage[i]);
    assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
    assert_int_equal(cr_store_read_model(s, "m", arena, &op, &n, &err), CR_EINPUT);
    assert_non_null(strstr(err.text, "model m: the profile of op "));
    cr_store_close(s);
    cr_arena_free(arena);
  }
}

static void other_files_are_named_and_untouched(void **state)
{
  (void)state;
  struct path folder = keep(t_tmp()), text = keep(t_join(folder.s, "text.db")),
              other = keep(t_join(folder.s, "other.db")), newer = made((const char *const[]){"m"}, 1),
              empty = keep(t_join(folder.s, "empty.db"));
  t_write(text.s, "this is a text of more than a hundred bytes, so that SQLite reads a whole header of it and finds "
                  "that it is none of its own\n");
  t_write(empty.s, "");
  run_sql(other.s, "CREATE TABLE t(x)");
  run_sql(newer.s, "PRAGMA user_version=5");
  expect_no_open(text.s, "is not a trace store; make one with `corun import`");
  expect_no_open(other.s, "is not a trace store (it is a database of something else)");
  expect_no_open(newer.s, "is a store of version 5 and this program knows up to 4; use a newer corun");
  expect_no_open(empty.s, "is empty, not a trace store");
  expect_no_open(folder.s, "is a folder");
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_open(t_join(folder.s, "none.db"), &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "No such file"));
}

/* Whatever bytes are changed: an answer, or a sentence. */
static void a_damaged_store_never_crashes(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"a", "b"}, 2), bad = keep(t_join(t_tmp(), "bad.db"));
  size_t n;
  char *bytes = t_read(path.s, &n);
  uint32_t n_refused = 0;
  for (uint64_t seed = 1; seed <= 400; seed++) {
    uint64_t x = seed;
    char was[32];
    size_t at[32];
    for (int k = 0; k < 32; k++) {
      x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      at[k] = (x >> 20) % n;
      was[k] = bytes[at[k]];
      bytes[at[k]] = (char)(x >> 50);
    }
    FILE *f = fopen(bad.s, "wb");
    size_t length = seed % 4 == 0 ? n * (seed % 97) / 97 : n;
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    fclose(f);
    struct cr_store *s = NULL;
    struct cr_err err = {{0}};
    struct cr_text out = {0};
    int rc = cr_store_open(bad.s, &s, &err);
    if (!rc)
      rc = cr_store_show(s, NULL, "json", &out, &err);
    if (!rc)
      rc = cr_store_export(s, &out, &err);
    if (rc && (!*err.text || !strstr(err.text, bad.s)))
      fail_msg("seed %llu: %d, '%s'", (unsigned long long)seed, rc, err.text);
    n_refused += rc != 0;
    cr_store_close(s);
    cr_text_fini(&out);
    for (int k = 32; k-- > 0;)
      bytes[at[k]] = was[k];
  }
  assert_true(n_refused > 200);
  t_free(bytes);
}

/* -- nothing half-made -- */

static void without_commit_nothing_has_changed(void **state)
{
  (void)state;
  struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "s.db")), old = made((const char *const[]){"m"}, 1);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  assert_int_equal(add(s, "x", 5, 0, &err), CR_OK);
  cr_store_close(s);
  assert_int_equal(n_files(folder.s), 0);
  size_t n, n_after;
  char *before = t_read(old.s, &n);
  assert_int_equal(cr_store_edit(old.s, &s, &err), CR_OK);
  assert_int_equal(add(s, "x", 5, 0, &err), CR_OK);
  cr_store_close(s);
  char *after = t_read(old.s, &n_after);
  assert_int_equal(n, n_after);
  assert_memory_equal(before, after, n);
  t_free(before);
  t_free(after);
}

static void a_store_that_is_being_written_is_waited_for_then_named(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"m"}, 1);
  struct cr_store *one = NULL, *other = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_edit(path.s, &one, &err), CR_OK);
  assert_int_equal(cr_store_edit(path.s, &other, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "another process is writing this store; try again when it is done"));
  cr_store_close(one);
  assert_int_equal(cr_store_edit(path.s, &other, &err), CR_OK);
  cr_store_close(other);
}

static void two_makers_of_one_store_do_not_overwrite(void **state)
{
  (void)state;
  struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "s.db"));
  struct cr_store *one = NULL, *other = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_edit(path.s, &one, &err), CR_OK);
  assert_int_equal(cr_store_edit(path.s, &other, &err), CR_OK);
  assert_int_equal(add(one, "one", 5, 0, &err), CR_OK);
  assert_int_equal(cr_store_commit(one, &err), CR_OK);
  assert_int_equal(cr_store_commit(other, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "was made by another process meanwhile"));
  cr_store_close(one);
  cr_store_close(other);
  assert_int_equal(n_files(folder.s), 1);
}

static void folders_that_cannot_be_written_are_named(void **state)
{
  (void)state;
  struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "no/such/s.db"));
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "cannot be made: No such file or directory"));
  if (getuid() == 0) {
    t_skip("root may write anywhere");
    return;
  }
  chmod(folder.s, 0500);
  path = keep(t_join(folder.s, "s.db"));
  int rc = cr_store_edit(path.s, &s, &err);
  chmod(folder.s, 0700);
  assert_int_equal(rc, CR_EINPUT);
  assert_non_null(strstr(err.text, "cannot be made: Permission denied"));
}

static void a_full_disk_leaves_no_store(void **state)
{
  (void)state;
  struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "s.db"));
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct rlimit was, small = {16384, RLIM_INFINITY};
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGXFSZ, &ignore, &before);
  getrlimit(RLIMIT_FSIZE, &was);
  small.rlim_max = was.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int rc = cr_store_edit(path.s, &s, &err);
  for (int i = 0; i < 200 && !rc; i++) {
    char name[16];
    snprintf(name, sizeof name, "m%d", i);
    rc = add(s, name, 5, 0, &err);
  }
  if (!rc)
    rc = cr_store_commit(s, &err);
  cr_store_close(s);
  setrlimit(RLIMIT_FSIZE, &was);
  sigaction(SIGXFSZ, &before, NULL);
  if (rc != CR_ERUN || !strstr(err.text, "make room on the disk"))
    fail_msg("%d, %s", rc, err.text);
  assert_int_equal(n_files(folder.s), 0);
}

/* -- show -- */

static void contradictions_are_reported(void **state)
{
  (void)state;
  struct path path = keep(t_join(t_tmp(), "s.db"));
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_text out = {0};
  struct cr_op_spec op[] = {kernel("fine"), kernel("few"),  kernel("tensor"),
                            kernel("wide"), kernel("slow"), bare(CR_OP_MEMSET)};
  op[0].blocks = op[1].blocks = op[2].blocks = op[3].blocks = op[4].blocks = 100;
  op[1].instructions = 100 * 32 - 1;
  op[2].tensor_instructions = op[2].instructions + 1;
  op[3].smem_bytes = op[3].carveout_bytes + 1;
  op[4].spread_ns = op[4].duration_ns;
  op[5].bytes = CR_UNKNOWN;
  op[5].gap_ns = 20001;
  struct cr_model_spec model = {.name = "m", .op = op, .n_op = 6};
  struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = 5};
  assert_int_equal(cr_store_edit(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_add_model(s, &model, &recording, NULL, 0, &err), CR_OK);
  assert_int_equal(cr_store_show(s, "m", "table", &out, &err), CR_OK);
  static const char *const want[] = {
    "1 op with fewer instructions than warps: counters of another kernel (first: op 1)",
    "1 op with more tensor instructions than instructions (first: op 2)",
    "1 op need more shared memory a block than the carve-out they ran with (first: op 3)",
    "1 op vary by more than a quarter of their duration (first: op 4)",
    "1 op copies or memsets without a byte count (first: op 5)",
    "1 op after a pause of more than 20 us (first: op 5)"};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++)
    if (!strstr(out.s, want[i]))
      fail_msg("'%s' is missing in\n%s", want[i], out.s);
  cr_store_close(s);
  cr_text_fini(&out);
}

static void unknown_numbers_show_as_null(void **state)
{
  (void)state;
  struct path path = made((const char *const[]){"m"}, 1);
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_text json = {0}, csv = {0};
  assert_int_equal(cr_store_open(path.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_show(s, "m", "json", &json, &err), CR_OK);
  assert_non_null(
    strstr(json.s, "{\"name\":\"it's a \\\"copy\\\"\\u000a\",\"kind\":\"memset\",\"class\":\"memset\",\"stage\":0,"
                   "\"duration_ns\":1,\"spread_ns\":null,\"gap_ns\":null,\"launch_ns\":null,\"blocks\":null"));
  assert_non_null(
    strstr(json.s, "\"sm_blocks\":3,\"idempotent\":0,\"cluster_blocks\":16,\"block_ns\":[14000,12000,160000]}"));
  assert_int_equal(cr_store_show(s, "m", "csv", &csv, &err), CR_OK);
  assert_non_null(strstr(csv.s, ",3,,3,0,16,14000 12000 160000\n"));
  assert_non_null(strstr(csv.s, "1,\"it's a \"\"copy\"\"\n\",memset,memset,0,1,,,,,,,,,0,,,,,,,,,,,\n"));
  assert_int_equal(cr_store_show(s, NULL, "xml", &csv, &err), CR_EINPUT);
  cr_store_close(s);
  cr_text_fini(&json);
  cr_text_fini(&csv);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(what_goes_in_comes_out),
    cmocka_unit_test(a_model_loads_into_a_workload),
    cmocka_unit_test(a_name_is_given_once_unless_replaced),
    cmocka_unit_test(an_unknown_model_is_answered_with_names),
    cmocka_unit_test(text_builds_the_same_store),
    cmocka_unit_test(text_does_not_depend_on_the_order_of_import),
    cmocka_unit_test(the_bundled_texts_build_and_come_back),
    cmocka_unit_test(text_that_is_no_store_is_refused),
    cmocka_unit_test(text_is_never_built_over_a_file),
    cmocka_unit_test(other_files_are_named_and_untouched),
    cmocka_unit_test(a_damaged_store_never_crashes),
    cmocka_unit_test(without_commit_nothing_has_changed),
    cmocka_unit_test(a_store_that_is_being_written_is_waited_for_then_named),
    cmocka_unit_test(two_makers_of_one_store_do_not_overwrite),
    cmocka_unit_test(folders_that_cannot_be_written_are_named),
    cmocka_unit_test(a_full_disk_leaves_no_store),
    cmocka_unit_test(contradictions_are_reported),
    cmocka_unit_test(unknown_numbers_show_as_null),
    cmocka_unit_test(a_store_of_version_2_is_read_and_becomes_one_of_today),
    cmocka_unit_test(a_store_of_version_3_is_read_and_becomes_one_of_today),
    cmocka_unit_test(no_cluster_is_not_an_unknown_one),
    cmocka_unit_test(a_damaged_cluster_is_named),
    cmocka_unit_test(a_damaged_profile_is_named),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
