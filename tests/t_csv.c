/* t_csv.c - the CSV reader, and what is merged from CSV: carve-outs of CUPTI records, counters of Nsight Compute. */
#include "config.h"

#include "tests/t.h"

#include <zlib.h>

#include "sim/mem.h"
#include "traces/csv.h"
#include "traces/cupti_csv.h"
#include "traces/ncu.h"
#include "traces/sha256.h"
#include "traces/store.h"

static const char *write_file(const char *name, const char *text)
{
  const char *path = t_join(t_tmp(), name);
  t_write(path, text);
  return path;
}

/* The file as "field|field/field|field/", or its error. */
static void read_all(const char *path, char *out, size_t n)
{
  struct cr_csv *csv = NULL;
  struct cr_err err = {{0}};
  int rc = cr_csv_open(path, &csv, &err);
  *out = '\0';
  while (!rc && (rc = cr_csv_next(csv, &err)) > 0) {
    for (uint32_t c = 0; c < cr_csv_n_column(csv); c++)
      snprintf(out + strlen(out), n - strlen(out), "%s%s", c ? "|" : "", cr_csv_field(csv, (int)c));
    snprintf(out + strlen(out), n - strlen(out), "/");
    rc = 0;
  }
  cr_csv_close(csv);
  if (rc < 0)
    snprintf(out, n, "%s", err.text);
}

static void expect_rows(const char *text, const char *want)
{
  char got[1024];
  read_all(write_file("x.csv", text), got, sizeof got);
  assert_string_equal(got, want);
}

static void expect_error(const char *text, const char *want)
{
  char got[1024];
  read_all(write_file("x.csv", text), got, sizeof got);
  if (!strstr(got, want))
    fail_msg("'%s' where '%s' was expected", got, want);
}

static void plain_rows_are_read(void **state)
{
  (void)state;
  expect_rows("a,b\n1,2\n3,4\n", "1|2/3|4/");
  expect_rows("a,b\n1,2\n3,4", "1|2/3|4/");
  expect_rows("a,b\r\n1,2\r\n", "1|2/");
  expect_rows("a,b\n,\n", "|/");
  expect_rows("a\n\n1\n", "/1/");
  expect_rows("a,b\n\n1,2\n\n", "1|2/");
  expect_rows("a,b\n", "");
}

static void quotes_may_hold_anything(void **state)
{
  (void)state;
  expect_rows("a,b\n\"1,\"\"x\"\"\",\"2\n3\"\n4,5\n", "1,\"x\"|2\n3/4|5/");
  expect_rows("\"a\",\"b\"\n\"\",\"\"\n", "|/");
  expect_rows("a,b\n1\"2,3\n", "1\"2|3/");
}

static void comments_before_the_header_are_skipped(void **state)
{
  (void)state;
  expect_rows("# one, \"two\n#,\"\n\n== log\n# three\na,b\n1,2\n", "1|2/");
  expect_rows("a,b\n#1,2\n", "#1|2/"); /* behind it they are rows */
}

/* 1: a row; the error's text is `say` and the rows behind it can be read. */
static void a_row_that_cannot_be_does_not_end_the_file(void **state)
{
  (void)state;
  static const struct {
    const char *row, *say;
  } bad[] = {{"1,2,3", "x.csv:3: has 3 fields where the header has 2"}, {"1", "x.csv:3: has 1 fields"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[100];
    struct cr_csv *csv;
    struct cr_err err = {{0}};
    snprintf(text, sizeof text, "a,b\n0,0\n%s\n4,5\n", bad[i].row);
    assert_int_equal(cr_csv_open(write_file("x.csv", text), &csv, NULL), CR_OK);
    assert_int_equal(cr_csv_next(csv, NULL), 1);
    assert_int_equal(cr_csv_next(csv, &err), CR_EINPUT);
    assert_non_null(strstr(err.text, bad[i].say));
    assert_true(cr_csv_can_go_on(csv));
    assert_int_equal(cr_csv_next(csv, NULL), 1);
    assert_string_equal(cr_csv_field(csv, 1), "5");
    assert_int_equal(cr_csv_line(csv), 4);
    assert_int_equal(cr_csv_next(csv, NULL), 0);
    cr_csv_close(csv);
  }
  struct cr_csv *csv;
  assert_int_equal(cr_csv_open(write_file("x.csv", "a,b\n1,\"2\n"), &csv, NULL), CR_OK);
  assert_int_equal(cr_csv_next(csv, NULL), CR_EINPUT);
  assert_false(cr_csv_can_go_on(csv)); /* where the quote ends is anybody's guess */
  assert_int_equal(cr_csv_next(csv, NULL), 0);
  cr_csv_close(csv);
}

static void a_byte_order_mark_and_log_lines_are_skipped(void **state)
{
  (void)state;
  struct cr_csv *csv = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(cr_csv_open(write_file("x.csv", "\xef\xbb\xbf\"a\",b\n1,2\n"), &csv, &err), CR_OK);
  assert_int_equal(cr_csv_column(csv, "a"), 0);
  assert_int_equal(cr_csv_column(csv, "b"), 1);
  assert_int_equal(cr_csv_column(csv, "c"), -1);
  cr_csv_close(csv);
  expect_rows("==PROF== Connected, to\n\n==WARNING==\na,b\n1,2\n", "1|2/");
}

static void errors_name_file_and_line(void **state)
{
  (void)state;
  expect_error("", "x.csv: has no header row");
  expect_error("==PROF== nothing more\n", "x.csv: has no header row");
  expect_error("a,b\n1,2\n\"3\n\n\",4\n5\n", "x.csv:6: has 1 fields where the header has 2");
  expect_error("a,b\n1,2\n3,\"4\n", "x.csv:3: the file ends inside a quoted field");
  expect_error("a,b\n1,2,3\n", "x.csv:2: has 3 fields");
}

static void numbers_are_whole_fields(void **state)
{
  (void)state;
  struct cr_csv *csv = NULL;
  struct cr_err err = {{0}};
  int64_t v;
  double d;
  int column;
  assert_int_equal(cr_csv_open(write_file("x.csv", "i,d,e,j\n-12,1.5e3,,1x\n"), &csv, &err), CR_OK);
  assert_int_equal(cr_csv_next(csv, &err), 1);
  assert_int_equal(cr_csv_i64(csv, 0, 7, &v, &err), CR_OK);
  assert_int_equal(v, -12);
  assert_int_equal(cr_csv_f64(csv, 1, 7, &d, &err), CR_OK);
  assert_near(d, 1500, 0);
  assert_int_equal(cr_csv_i64(csv, 2, 7, &v, &err), CR_OK);
  assert_int_equal(v, 7);
  assert_int_equal(cr_csv_i64(csv, -1, 8, &v, &err), CR_OK);
  assert_int_equal(v, 8);
  assert_int_equal(cr_csv_i64(csv, 3, 7, &v, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "x.csv:2: j is \"1x\" where a whole number belongs"));
  assert_int_equal(cr_csv_need(csv, "k", &column, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "has no column \"k\"; it has i, d, e, j"));
  cr_csv_close(csv);
}

static void gzip_is_read_and_cut_gzip_refused(void **state)
{
  (void)state;
  char path[4096], got[256];
  snprintf(path, sizeof path, "%s", t_join(t_tmp(), "x.csv.gz"));
  gzFile f = gzopen(path, "wb");
  assert_non_null(f);
  gzputs(f, "a,b\n1,2\n");
  gzclose(f);
  read_all(path, got, sizeof got);
  assert_string_equal(got, "1|2/");
  size_t n;
  char *bytes = t_read(path, &n);
  FILE *cut = fopen(path, "wb");
  assert_int_equal(fwrite(bytes, 1, n - 3, cut), n - 3);
  fclose(cut);
  t_free(bytes);
  read_all(path, got, sizeof got);
  assert_non_null(strstr(got, "the gzip file is cut off"));
}

/* -- merging -- */

static struct cr_op_spec kernel(const char *name, uint32_t blocks, uint32_t regs)
{
  struct cr_op_spec op = cr_op_unknown(name, CR_OP_KERNEL, 100);
  op.blocks = blocks;
  op.threads = 128;
  op.regs = regs;
  op.smem_bytes = 100;
  return op;
}

/* An open store, not committed, with model m of these kernels. */
static struct cr_store *store_of(const struct cr_op_spec *op, uint32_t n_op)
{
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_model_spec model = {.name = "m", .op = op, .n_op = n_op};
  struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER};
  if (cr_store_edit(t_join(t_tmp(), "s.db"), &s, &err) || cr_store_add_model(s, &model, &recording, NULL, 0, &err))
    fail_msg("%s", err.text);
  return s;
}

static struct cr_op_spec *ops_of(struct cr_store *s, struct cr_arena *arena)
{
  struct cr_op_spec *op = NULL;
  uint32_t n;
  struct cr_err err = {{0}};
  if (cr_store_read_model(s, "m", arena, &op, &n, &err))
    fail_msg("%s", err.text);
  return op;
}

#define CUPTI_HEADER "blocks,threads,regs,static_smem,dynamic_smem,smem_executed,name\n"

static void carve_outs_go_to_kernels_of_the_shape(void **state)
{
  (void)state;
  struct cr_op_spec op[] = {kernel("a", 7, 32), kernel("b", 9, 32), kernel("c", 9, 40)};
  struct cr_store *s = store_of(op, 3);
  struct cr_arena *arena = cr_arena_new();
  struct cr_err err = {{0}};
  struct cr_cupti_result r;
  struct cr_origin origin = {0};
  const char *path =
    write_file("c.csv", CUPTI_HEADER "5,128,32,60,40,32768,\"x\"\n5,128,32,100,0,32768,y\n0,128,40,60,40,1,copy\n"
                                     "1,64,40,60,40,8192,z\n");
  if (cr_cupti_csv_import(s, &path, 1, &origin, &r, &err))
    fail_msg("%s", err.text);
  assert_int_equal(r.n_shape, 2);
  assert_int_equal(r.n_matched, 2);
  assert_int_equal(r.n_kernel, 3);
  assert_int_equal(r.n_without, 1);
  struct cr_op_spec *now = ops_of(s, arena);
  assert_int_equal(now[0].carveout_bytes, 32768);
  assert_int_equal(now[1].carveout_bytes, 32768);
  assert_int_equal(now[2].carveout_bytes, CR_UNKNOWN);
  cr_arena_free(arena);
  cr_store_close(s);
}

static void carve_outs_that_contradict_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *text, *says;
  } bad[] = {{CUPTI_HEADER "5,128,32,60,40,32768,x\n5,128,32,100,0,16384,y\n",
              "c.csv:3: smem_executed is 16384 for 128 threads"},
             {CUPTI_HEADER "5,128,inf,60,40,32768,x\n", "c.csv:2: regs is \"inf\""},
             {CUPTI_HEADER "5,128,-1,60,40,32768,x\n", "c.csv:2: regs is \"-1\", out of range"},
             {CUPTI_HEADER, "c.csv: has no kernel records"},
             {"a,b\n1,2\n", "c.csv: has no column \"blocks\"; it has a, b"}};
  struct cr_op_spec op = kernel("a", 7, 32);
  struct cr_store *s = store_of(&op, 1);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct cr_err err = {{0}};
    struct cr_cupti_result r;
    struct cr_origin origin = {0};
    const char *path = write_file("c.csv", bad[i].text);
    assert_int_equal(cr_cupti_csv_import(s, &path, 1, &origin, &r, &err), CR_EINPUT);
    if (!strstr(err.text, bad[i].says))
      fail_msg("'%s' where '%s' was expected", err.text, bad[i].says);
  }
  cr_store_close(s);
}

#define NCU_HEADER                                                                                                 \
  "==PROF== log\n"                                                                                                 \
  "\"ID\",\"Kernel Name\",\"launch__grid_size\",\"launch__block_size\",\"launch__registers_per_thread\","          \
  "\"launch__shared_mem_per_block_static\",\"launch__shared_mem_per_block_dynamic\",\"dram__bytes.sum\",\"lts__t_" \
  "bytes.sum\","                                                                                                   \
  "\"sm__inst_executed.sum\",\"sm__warps_active.avg.pct_of_peak_sustained_active\","                               \
  "\"device__attribute_max_warps_per_multiprocessor\"\n"                                                           \
  "\"\",\"\",\"\",\"\",\"register/thread\",\"byte/block\",\"Kbyte/block\",\"byte\",\"Mbyte\",\"inst\",\"%\",\"\"\n"

static int import_ncu(struct cr_store *s, const char *rows, struct cr_counter_result *r, struct cr_err *err)
{
  char text[4096];
  struct cr_origin origin = {0};
  snprintf(text, sizeof text, "%s%s", NCU_HEADER, rows);
  return cr_ncu_import(s, write_file("n.csv", text), "m", &origin, r, NULL, err);
}

static void what_has_no_partner_is_listed(void **state)
{
  (void)state;
  struct cr_op_spec op[] = {kernel("a", 7, 32), kernel("c<float>", 9, 40), kernel("c<float>", 9, 40), kernel("d", 1, 40)};
  struct cr_store *s = store_of(op, 4);
  struct cr_origin origin = {0};
  struct cr_err err = {{0}};
  struct cr_counter_result r;
  struct cr_text left = {0};
  /* c has another grid in the file, a's counters are not all there, and d's could not be measured at all. */
  if (cr_ncu_import(s,
                    write_file("n.csv", NCU_HEADER "0,a,7,128,32,100,0,n/a,1,10,(!) n/a,64\n1,c,8,128,40,100,0,1,1,1,1,64\n"
                                                   "2,c,8,128,40,100,0,1,1,1,1,64\n3,x,1,128,40,0,0,1,1,1,1,64\n"
                                                   "4,d,1,128,40,100,0,n/a,n/a,n/a,n/a,64\n"),
                    "m", &origin, &r, &left, &err))
    fail_msg("%s", err.text);
  assert_int_equal(r.n_in_order, 1);
  assert_int_equal(r.n_unmatched, 3);
  assert_int_equal(r.n_stray, 3);
  assert_string_equal(left.s, "  without counters: c<float>, 9 blocks of 128 threads, 40 registers, 100 B shared (2 times)\n"
                              "  without counters: d, 1 block of 128 threads, 40 registers, 100 B shared\n"
                              "  no such kernel: c, 8 blocks of 128 threads, 40 registers, 100 B shared (2 times)\n"
                              "  no such kernel: x, 1 block of 128 threads, 40 registers, 0 B shared\n");
  cr_text_fini(&left);
  cr_store_close(s);
}

static void other_files_than_raw_pages_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *text, *says;
  } bad[] = {
    {"", "n.csv: has no header"},
    {"==PROF== Connected\n==ERROR== ERR_NVGPUCTRPERM - no permission\n", "n.csv: has no header"},
    {"\"ID\",\"Kernel Name\",\"Metric Name\",\"Metric Value\"\n0,a,x,1\n",
     "has no column \"launch__grid_size\"; record it with ncu --csv --page raw"},
    {"Kernel Name,launch__grid_size,launch__block_size,launch__registers_per_thread,"
     "launch__shared_mem_per_block_static,launch__shared_mem_per_block_dynamic\n,,,,,\na,7,128,32,100,0\n",
     "has none of the counters"},
    {"Kernel Name,launch__grid_size,launch__block_size,launch__registers_per_thread,"
     "launch__shared_mem_per_block_static,launch__shared_mem_per_block_dynamic,dram__bytes.sum\na,7,128,32,100,0,5\n",
     "n.csv:2: has a kernel where the row of units belongs"},
    {"Kernel Name,launch__grid_size,launch__block_size,launch__registers_per_thread,"
     "launch__shared_mem_per_block_static,launch__shared_mem_per_block_dynamic,dram__bytes.sum\n",
     "has no kernels"},
  };
  struct cr_op_spec op = kernel("a", 7, 32);
  struct cr_store *s = store_of(&op, 1);
  struct cr_origin origin = {0};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct cr_err err = {{0}};
    struct cr_counter_result r;
    assert_int_equal(cr_ncu_import(s, write_file("n.csv", bad[i].text), "m", &origin, &r, NULL, &err), CR_EINPUT);
    if (!strstr(err.text, bad[i].says))
      fail_msg("'%s' where '%s' was expected", err.text, bad[i].says);
  }
  cr_store_close(s);
}

static void counters_are_paired_in_order(void **state)
{
  (void)state;
  /* a b a c a: the file has a x b a a, so c has none, and the third a the third row of its kind. */
  struct cr_op_spec op[] = {kernel("void at::native::a<float, (int)4>(float*)", 7, 32), kernel("b", 9, 32),
                            kernel("at::native::(anonymous namespace)::a<std::pair<int, int> >(int)", 7, 32),
                            kernel("c", 9, 40), kernel("a", 7, 32)};
  struct cr_store *s = store_of(op, 5);
  struct cr_arena *arena = cr_arena_new();
  struct cr_err err = {{0}};
  struct cr_counter_result r;
  if (import_ncu(s,
                 "0,\"void at::a<float, 4>(T1 *)\",7,128,32,100,0,\"1,000\",0.001,\"10\",50.00,64\n"
                 "1,x,7,128,32,100,0,1,1,1,1,64\n"
                 "2,b,9,128,32,50,0.05,\"2,000,000\",2,\"20\",25,64\n"
                 "3,at::<unnamed>::a<4>(int),7,128,32,100,0,30,3,\"300\",,64\n"
                 "4,a,7,128,32,100,0,40,4,\"4,000\",12.5,64\n",
                 &r, &err))
    fail_msg("%s", err.text);
  assert_int_equal(r.n_row, 5);
  assert_int_equal(r.n_kernel, 5);
  assert_int_equal(r.n_in_order, 4);
  assert_int_equal(r.n_unmatched, 1);
  struct cr_op_spec *now = ops_of(s, arena);
  static const int64_t instructions[] = {10, 20, 300, CR_UNKNOWN, 4000}, dram[] = {1000, 2000000, 30, CR_UNKNOWN, 40},
                       l2[] = {1000, 2000000, 3000000, CR_UNKNOWN, 4000000},
                       warps[] = {32 << 16, 16 << 16, CR_UNKNOWN, CR_UNKNOWN, 8 << 16};
  for (int i = 0; i < 5; i++) {
    assert_int_equal(now[i].instructions, instructions[i]);
    assert_int_equal(now[i].dram_bytes, dram[i]);
    assert_int_equal(now[i].l2_bytes, l2[i]);
    assert_int_equal(now[i].active_warps_q16, warps[i]);
    assert_int_equal(now[i].tensor_instructions, CR_UNKNOWN);
  }
  cr_arena_free(arena);
  cr_store_close(s);
}

static void a_kernel_left_over_takes_what_its_like_agree_on(void **state)
{
  (void)state;
  struct cr_op_spec op[] = {kernel("a", 7, 32), kernel("a", 7, 32), kernel("a", 7, 32),
                            kernel("b", 9, 32), kernel("b", 9, 32), kernel("b", 9, 32)};
  struct cr_store *s = store_of(op, 6);
  struct cr_arena *arena = cr_arena_new();
  struct cr_err err = {{0}};
  struct cr_counter_result r;
  if (import_ncu(s,
                 "0,a,7,128,32,100,0,11,1,1000,1,64\n1,a,7,128,32,100,0,12,1,1010,1,64\n"
                 "2,b,9,128,32,100,0,13,1,1000,1,64\n3,b,9,128,32,100,0,14,1,2000,1,64\n",
                 &r, &err))
    fail_msg("%s", err.text);
  assert_int_equal(r.n_in_order, 4);
  assert_int_equal(r.n_alike, 1);     /* the a: 1000 and 1010 agree */
  assert_int_equal(r.n_unmatched, 1); /* the b: 1000 and 2000 do not */
  cr_arena_free(arena);
  cr_store_close(s);
}

static void counters_of_something_else_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *rows, *says;
  } bad[] = {{"", "n.csv: has no kernels"},
             {"0,z,7,128,32,100,0,1,1,1,1,64\n",
              "n.csv: none of its 1 kernels is one of the model's 1; is it of another model?"},
             {"0,a,7,128,32,100,0,inf,1,1,1,64\n", "n.csv:4: dram__bytes.sum is \"inf\" where a number belongs"},
             {"0,a,,128,32,100,0,1,1,1,1,64\n", "n.csv:4: launch__grid_size is empty"},
             {"0,a,7,128\n", "n.csv:4: has 4 fields where the header has 12"},
             {"0,a,7,128,32,100,0,-5,1,1,1,64\n", "n.csv:4: dram__bytes.sum is \"-5\" where a number belongs"},
             {"0,\"a,7,128,32", "n.csv:4: "}};
  struct cr_op_spec op = kernel("a", 7, 32);
  struct cr_store *s = store_of(&op, 1);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct cr_err err = {{0}};
    struct cr_counter_result r;
    assert_int_equal(import_ncu(s, bad[i].rows, &r, &err), CR_EINPUT);
    if (!strstr(err.text, bad[i].says))
      fail_msg("'%s' where '%s' was expected", err.text, bad[i].says);
  }
  cr_store_close(s);
}

static void the_hash_is_sha_256(void **state)
{
  (void)state;
  /* FIPS 180-4's examples (NIST, SHA256.pdf), and the empty message. */
  static const struct {
    const char *text, *hex;
  } known[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
               {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
               {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
  char hex[65];
  struct cr_err err = {{0}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    assert_int_equal(cr_sha256_file(write_file("x", known[i].text), hex, &err), CR_OK);
    assert_string_equal(hex, known[i].hex);
  }
  struct cr_sha256 s;
  cr_sha256_init(&s);
  for (int i = 0; i < 1000000; i++)
    cr_sha256_add(&s, "a", 1);
  cr_sha256_hex(&s, hex);
  assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(plain_rows_are_read),
    cmocka_unit_test(quotes_may_hold_anything),
    cmocka_unit_test(comments_before_the_header_are_skipped),
    cmocka_unit_test(a_row_that_cannot_be_does_not_end_the_file),
    cmocka_unit_test(a_byte_order_mark_and_log_lines_are_skipped),
    cmocka_unit_test(errors_name_file_and_line),
    cmocka_unit_test(numbers_are_whole_fields),
    cmocka_unit_test(gzip_is_read_and_cut_gzip_refused),
    cmocka_unit_test(carve_outs_go_to_kernels_of_the_shape),
    cmocka_unit_test(carve_outs_that_contradict_are_refused),
    cmocka_unit_test(counters_are_paired_in_order),
    cmocka_unit_test(a_kernel_left_over_takes_what_its_like_agree_on),
    cmocka_unit_test(what_has_no_partner_is_listed),
    cmocka_unit_test(other_files_than_raw_pages_are_refused),
    cmocka_unit_test(counters_of_something_else_are_refused),
    cmocka_unit_test(the_hash_is_sha_256),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
