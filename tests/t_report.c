/* t_report.c - tables, CSV and JSON of made-up results. */
#include "config.h"

#include "sim/report.h"
#include "tests/t.h"

#include <math.h>
#include <stdlib.h>

#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "tests/load.h"
#include "tests/made.h"

struct fixture {
  struct cr_workload_builder *builder;
  struct cr_arena *arena;
  struct cr_result result[2];
  struct cr_summary summary;
};

static int make(void **state)
{
  struct fixture *f = cr_mem_new(1, sizeof *f);
  const struct cr_workload *w;
  assert_non_null(f);
  f->builder = made_workload(&w);
  f->arena = cr_arena_new();
  made_result(&f->result[0], "exclusive,order=fifo", CR_DONE, 4200000);
  made_result(&f->result[1], "streams", CR_DONE, 8400000);
  assert_int_equal(cr_summary_init(&f->summary, 2, w->n_client, 1, f->arena, NULL), CR_OK);
  for (int i = 0; i < 2; i++)
    assert_int_equal(cr_summarize_run(&f->result[i], w, &load_machine, &f->summary.run[i], NULL), CR_OK);
  f->summary.version = "1.2.3";
  f->summary.git = "abc";
  f->summary.command = "corun run made-up -p 'a b'";
  f->summary.scenario = "made-up";
  f->summary.about = "one of each class";
  f->summary.seed = 7;
  f->summary.duration_ns = 110000000;
  f->summary.warmup_ns = 10000000;
  *state = f;
  return 0;
}

static int unmake(void **state)
{
  struct fixture *f = *state;
  for (int i = 0; i < 2; i++)
    cr_result_fini(&f->result[i]);
  cr_arena_free(f->arena);
  cr_workload_builder_free(f->builder);
  cr_mem_free(f);
  return 0;
}

/* Of jobs alone, or with a client between them. */
static void make_of_jobs(void **state, int mixed)
{
  struct fixture *f = cr_mem_new(1, sizeof *f);
  const struct cr_workload *w;
  assert_non_null(f);
  f->builder = made_jobs_workload(mixed, &w);
  f->arena = cr_arena_new();
  made_jobs_result(&f->result[0], w, "fifo", 80);
  made_jobs_result(&f->result[1], w, "pack,lanes=auto", 50);
  assert_int_equal(cr_summary_clients(w), mixed);
  assert_int_equal(cr_summary_init(&f->summary, 2, cr_summary_clients(w), 1, f->arena, NULL), CR_OK);
  for (int i = 0; i < 2; i++)
    assert_int_equal(cr_summarize_run(&f->result[i], w, &load_machine, &f->summary.run[i], NULL), CR_OK);
  f->summary.version = "1.2.3";
  f->summary.git = "abc";
  f->summary.command = "corun run five";
  f->summary.scenario = "five";
  f->summary.about = "five jobs";
  f->summary.duration_ns = CR_NS_NEVER;
  *state = f;
}

static int make_jobs(void **state)
{
  make_of_jobs(state, 0);
  return 0;
}

static int make_mixed(void **state)
{
  make_of_jobs(state, 1);
  return 0;
}

static void check_text(const struct fixture *f, enum cr_format format, const char *want)
{
  struct cr_text text = {0};
  cr_report(&f->summary, format, 0, &text);
  assert_false(text.failed);
  assert_string_equal(text.s, want);
  cr_text_fini(&text);
}

static void a_table_is_aligned_and_compares_policies(void **state)
{
  static const char want[] =
    "made-up on test: 110 ms, the first 10.0 ms not counted, seed 7, backend sim\n"
    "one of each class\n"
    "\n"
    "                                                   ------ requests -------  ------ latency, ms -------  - period, ms -  deadline missed\n"
    "policy                client  class  model         done  per s  unfinished   mean    p50    p95    p99    mean     p99         n      %\n"
    "exclusive,order=fifo  rt      rt     net              9   90.0              4.200  4.200  4.200  4.200  10.000  10.000         0    0.0\n"
    "                      be      be     big, \"large\"    45  450.0           1  2.000  2.000  2.000  2.000   2.000   2.000\n"
    "\n"
    "streams               rt      rt     net              9   90.0              8.400  8.400  8.400  8.400  10.000  10.000         9  100.0\n"
    "                      be      be     big, \"large\"    45  450.0           1  2.000  2.000  2.000  2.000   2.000   2.000\n"
    "\n"
    "                              ------------ in use, % -------------  ------- finished -------\n"
    "policy                device  time   SMs  warps  DRAM  copy engine  kernels  copies  memsets\n"
    "exclusive,order=fifo  test    90.0  50.0    0.0     -          0.0      130       0        0\n"
    "streams               test    90.0  50.0    0.0     -          0.0      130       0        0\n"
    "\n"
    "                      - rt latency p99, ms -  be requests per s\n"
    "policy                worst client  to least  all clients  to most\n"
    "exclusive,order=fifo         4.200     1.00x        450.0    1.00x\n"
    "streams                      8.400     2.00x        450.0    1.00x\n";
  check_text(*state, CR_TABLE, want);
}

/* Value of a column in a row (from 0, after the header) of CSV without quotes that hold commas before it. */
static void csv_cell(const char *csv, int row, const char *column, char *out, size_t n)
{
  const char *header_end = strchr(csv, '\n'), *line = csv;
  int place = 0;
  const char *at = strstr(csv, column);
  assert_true(at && at < header_end);
  for (const char *p = csv; p < at; p++)
    place += *p == ',';
  for (int i = 0; i <= row; i++)
    line = strchr(line, '\n') + 1;
  int quoted = 0;
  size_t used = 0;
  for (const char *p = line; *p && *p != '\n' && place >= 0; p++) {
    quoted ^= *p == '"';
    if (*p == ',' && !quoted)
      place--;
    else if (place == 0 && used + 1 < n)
      out[used++] = *p;
  }
  out[used] = '\0';
}

/* Rows, header included; all of them must have as many cells. */
static int csv_rows(const char *csv)
{
  int n_column = -1, n_row = 0;
  for (const char *line = csv; *line; line = strchr(line, '\n') + 1, n_row++) {
    int n = 0, quoted = 0;
    for (const char *p = line; *p != '\n'; p++) {
      quoted ^= *p == '"';
      n += *p == ',' && !quoted;
    }
    assert_true(n_column == -1 || n == n_column);
    n_column = n;
  }
  return n_row;
}

static void csv_is_a_rectangle_with_units_in_its_header(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  char cell[64];
  cr_report(&f->summary, CR_CSV, 0, &text);
  assert_int_equal(csv_rows(text.s), 1 + 2 * 3);
  csv_cell(text.s, 0, "latency_p99_ns", cell, sizeof cell);
  assert_near(atof(cell), 4200000, 4200);
  csv_cell(text.s, 3, "latency_mean_ns", cell, sizeof cell);
  assert_string_equal(cell, "8400000.0");
  csv_cell(text.s, 3, "deadline_missed", cell, sizeof cell);
  assert_string_equal(cell, "9");
  csv_cell(text.s, 1, "model", cell, sizeof cell);
  assert_string_equal(cell, "\"big, \"\"large\"\"\"");
  csv_cell(text.s, 2, "sm_use_ratio", cell, sizeof cell);
  assert_string_equal(cell, "0.500000");
  csv_cell(text.s, 2, "dram_use_ratio", cell, sizeof cell);
  assert_string_equal(cell, ""); /* not known */
  csv_cell(text.s, 2, "busy_ratio", cell, sizeof cell);
  assert_string_equal(cell, "0.900000");
  cr_text_fini(&text);
}

static void json_has_a_version_and_is_the_same_twice(void **state)
{
  struct fixture *f = *state;
  struct cr_text one = {0}, two = {0};
  cr_report(&f->summary, CR_JSON, 0, &one);
  cr_report(&f->summary, CR_JSON, 1, &two);
  assert_string_equal(one.s, two.s);
  assert_non_null(strstr(one.s, "{\"schema\":\"corun-run\",\"schema_version\":1,"));
  assert_non_null(strstr(one.s, "\"ledger_hash\":\"fedcba9876543210\""));
  assert_non_null(strstr(one.s, "\"rt_latency_p99_ns\":4200000"));
  assert_non_null(strstr(one.s, "\"be_throughput_per_s\":450.000000"));
  assert_non_null(strstr(one.s, "\"model\":\"big, \\\"large\\\"\""));
  assert_non_null(strstr(one.s, "\"dram_use_ratio\":null"));
  assert_null(strstr(one.s, "nan"));
  cr_text_fini(&one);
  cr_text_fini(&two);
}

/* Of the first client 8 ms are promised: 4.2 ms are seen under one policy, and 8.4 ms under the other. */
static void bounds_stand_beside_the_longest_response(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  char cell[64];
  for (int i = 0; i < 2; i++)
    f->summary.run[i].client[0].bound_ns = 8000000;
  f->summary.run[1].client[0].n_beyond = 9;
  cr_report(&f->summary, CR_TABLE, 0, &text);
  assert_non_null(strstr(text.s, " -- bound, ms --  - of bound --\n"));
  assert_non_null(strstr(text.s, " proven  longest      %  beyond\n"));
  assert_non_null(strstr(text.s, "  8.000    4.200   52.5       0\n"));
  assert_non_null(strstr(text.s, "  8.000    8.400  105.0       9\n"));
  text.n = 0;
  cr_report(&f->summary, CR_CSV, 0, &text);
  assert_int_equal(csv_rows(text.s), 1 + 2 * 3);
  csv_cell(text.s, 0, "bound_ns", cell, sizeof cell);
  assert_string_equal(cell, "8000000");
  csv_cell(text.s, 3, "bound_exceeded", cell, sizeof cell);
  assert_string_equal(cell, "9");
  csv_cell(text.s, 1, "bound_ns", cell, sizeof cell);
  assert_string_equal(cell, "");
  csv_cell(text.s, 1, "bound_exceeded", cell, sizeof cell);
  assert_string_equal(cell, "");
  csv_cell(text.s, 3, "throughput_per_s", cell, sizeof cell);
  assert_string_equal(cell, "90.000000");
  text.n = 0;
  cr_report(&f->summary, CR_JSON, 0, &text);
  assert_non_null(strstr(text.s, ",\"bound_ns\":8000000,\"bound_exceeded\":9,"));
  assert_non_null(strstr(text.s, ",\"bound_ns\":null,\"bound_exceeded\":null,"));
  cr_text_fini(&text);
}

static void a_run_that_stalled_is_said_to_be_partial(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  f->summary.run[1].outcome = CR_STALLED;
  f->summary.run[1].why = "waits for nothing";
  cr_report(&f->summary, CR_TABLE, 0, &text);
  assert_non_null(strstr(text.s, "streams: stalled at 110 ms; its results are partial (waits for nothing)\n"));
  text.n = 0;
  cr_report(&f->summary, CR_JSON, 0, &text);
  assert_non_null(strstr(text.s, "\"outcome\":\"stalled\",\"partial\":true,\"why\":\"waits for nothing\""));
  cr_text_fini(&text);
}

static void a_client_without_requests_has_dashes(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  for (int m = 0; m < CR_N_METRIC; m++)
    f->summary.run[0].client[0].metric[m] =
      (struct cr_spread){0, NAN, CR_NS_NEVER, CR_NS_NEVER, CR_NS_NEVER, CR_NS_NEVER, CR_NS_NEVER};
  f->summary.run[0].client[0].n_done = 0;
  cr_report(&f->summary, CR_TABLE, 0, &text);
  assert_null(strstr(text.s, "nan"));
  assert_null(strstr(text.s, "9223372036854775807"));
  text.n = 0;
  cr_report(&f->summary, CR_JSON, 0, &text);
  assert_non_null(strstr(text.s, "\"latency\":{\"count\":0,\"mean_ns\":null,\"min_ns\":null"));
  cr_text_fini(&text);
}

/* JCTs are 10, 29 and 76 or 46 min, queuing 0, 530 s and 1550 s: worked by hand. */
static void jobs_have_a_row_a_policy_and_no_clients(void **state)
{
  static const char want[] =
    "five on test: 5 jobs, until all have left, seed 0, backend sim\n"
    "five jobs\n"
    "\n"
    "                 ----------- jobs ------------                 queuing, min  ---------- JCT, min ----------              in use, %\n"
    "policy           done  rejected  out of memory  makespan, min          mean   mean  to least  median    p95  jobs per h  time   SMs\n"
    "fifo                3         1              1          80.00         11.56  38.33     1.35x   29.00  71.30        2.25  75.0  50.0\n"
    "pack,lanes=auto     3         1              1          50.00         11.56  28.33     1.00x   29.00  44.30        3.60  75.0  50.0\n"
    "\n"
    "                         memory reserved, GiB  memory in use, GiB  in use of reserved, %\n"
    "policy           device            mean  peak          mean  peak             mean  peak\n"
    "fifo             test              6.00  8.00          1.50  4.00             25.0  50.0\n"
    "pack,lanes=auto  test              6.00  8.00          1.50  4.00             25.0  50.0\n"
    "\n"
    "fifo: rejected 1 of 5 jobs, which no device could ever hold; the first is j2\n"
    "fifo: 1 of 5 jobs failed for want of memory; the first is j3\n"
    "pack,lanes=auto: rejected 1 of 5 jobs, which no device could ever hold; the first is j2\n"
    "pack,lanes=auto: 1 of 5 jobs failed for want of memory; the first is j3\n";
  check_text(*state, CR_TABLE, want);
}

static void jobs_and_clients_each_have_their_table(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  cr_report(&f->summary, CR_TABLE, 0, &text);
  assert_non_null(strstr(text.s, "five on test: 5 jobs, until all have left, seed 0"));
  assert_non_null(strstr(text.s, "makespan, min"));
  assert_non_null(strstr(text.s, "fifo             rt      rt     cnn"));
  assert_null(strstr(text.s, "j0"));
  assert_non_null(strstr(text.s, "policy           device  time   SMs"));
  assert_non_null(strstr(text.s, "worst client"));
  cr_text_fini(&text);
}

static void csv_and_json_of_jobs_keep_ns(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  static const struct {
    const char *column, *value;
  } want[] = {
    {"row", "jobs"}, {"policy", "fifo"}, {"end_ns", "4800000000000"}, {"name", "jobs"}, {"class", ""}, {"model", ""},
    {"busy_ratio", "0.750000"}, {"sm_use_ratio", "0.500000"}, {"kernels", ""},
    {"jobs,", "5"}, {"jobs_done", "3"}, {"jobs_rejected", "1"}, {"jobs_no_memory", "1"}, {"jobs_unfinished", "0"},
    {"makespan_ns", "4800000000000.0"}, {"queuing_mean_ns", "693333333333.3"}, {"jct_mean_ns", "2300000000000.0"},
    {"jct_p50_ns", "1740000000000.0"}, {"jct_p95_ns", "4278000000000.0"}, {"jobs_per_h", "2.250000"}, {"duration_ns", ""},
  };
  cr_report(&f->summary, CR_CSV, 0, &text);
  assert_int_equal(csv_rows(text.s), 1 + 2 * 2);
  char peak[64];
  csv_cell(text.s, 1, "memory_used_peak_bytes", peak, sizeof peak);
  assert_string_equal(peak, "4294967296");
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    char cell[64];
    csv_cell(text.s, 0, want[i].column, cell, sizeof cell);
    assert_string_equal(cell, want[i].value);
  }
  text.n = 0;
  cr_report(&f->summary, CR_JSON, 0, &text);
  assert_non_null(strstr(text.s, "\"duration_ns\":null"));
  assert_non_null(strstr(text.s,
    "\"jobs\":{\"count\":5,\"done\":3,\"rejected\":1,\"no_memory\":1,\"unfinished\":0,\"makespan_ns\":4800000000000.0,"
    "\"queuing_mean_ns\":693333333333.3,\"jct_mean_ns\":2300000000000.0,\"jct_p50_ns\":1740000000000.0,"
    "\"jct_p95_ns\":4278000000000.0,\"per_h\":2.250000,\"busy_ratio\":0.750000,\"sm_use_ratio\":0.500000},"));
  assert_non_null(strstr(text.s, "\"clients\":[]"));
  assert_non_null(strstr(text.s,
    ",\"memory_reserved_mean_bytes\":6442450944.0,\"memory_reserved_peak_bytes\":8589934592,"
    "\"memory_used_mean_bytes\":1610612736.0,\"memory_used_peak_bytes\":4294967296}"));
  assert_null(strstr(text.s, "nan"));
  cr_text_fini(&text);
}

static void without_a_job_done_there_are_dashes(void **state)
{
  struct fixture *f = *state;
  struct cr_text text = {0};
  f->summary.n_run = 1;
  f->summary.run[0].jobs = (struct cr_jobs_summary){
    .total = {.n = 5, .n_unfinished = 5, .makespan_ns = NAN, .mean_queuing_ns = NAN, .mean_jct_ns = NAN, .p50_jct_ns = NAN,
              .p95_jct_ns = NAN},
    .per_h = NAN, .busy = 0.5, .sm_use = NAN,
  };
  for (int format = 0; format < 3; format++) {
    text.n = 0;
    cr_report(&f->summary, (enum cr_format)format, 0, &text);
    assert_null(strstr(text.s, "nan"));
    assert_null(strstr(text.s, "inf"));
  }
  text.n = 0;
  cr_report(&f->summary, CR_TABLE, 0, &text);
  assert_string_equal(strstr(text.s, "\nfifo") + 1,
                      "fifo       0           5             -            -     -       -    -           -  50.0    -\n"
                      "\n"
                      "                memory reserved, GiB  memory in use, GiB  in use of reserved, %\n"
                      "policy  device            mean  peak          mean  peak             mean  peak\n"
                      "fifo    test              6.00  8.00          1.50  4.00             25.0  50.0\n");
  cr_text_fini(&text);
}

static void times_of_jobs_are_in_a_unit_that_suits_them(void **state)
{
  struct fixture *f = *state;
  static const struct {
    double makespan_ns;
    const char *column;
  } want[] = {{5e6, "makespan, ms"}, {5e9, "makespan, ms"}, {599e9, "makespan, s"}, {600e9, "makespan, min"},
              {300 * 60e9, "makespan, min"}, {100 * 3600e9, "makespan, h"}, {1e17, "makespan, h"}};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    struct cr_text text = {0};
    f->summary.run[0].jobs.total.makespan_ns = want[i].makespan_ns;
    f->summary.n_run = 1;
    cr_report(&f->summary, CR_TABLE, 0, &text);
    assert_non_null(strstr(text.s, want[i].column));
    cr_text_fini(&text);
  }
}

static void formats_are_known_by_name(void **state)
{
  (void)state;
  enum cr_format format = CR_TABLE;
  struct cr_err err = {0};
  assert_int_equal(cr_format_parse("json", &format, &err), CR_OK);
  assert_int_equal(format, CR_JSON);
  assert_int_equal(cr_format_parse("xml", &format, &err), CR_EINPUT);
  assert_string_equal(err.text, "there is no format \"xml\"; take table, csv or json");
  assert_int_equal(format, CR_JSON);
}

static void a_table_leaves_out_empty_columns_and_trailing_blanks(void **state)
{
  (void)state;
  static const struct cr_table_column column[] = {{NULL, "name", 1}, {"group", "a", 0}, {"group", "b", 0}, {NULL, "note", 1}};
  struct cr_table t;
  struct cr_text text = {0};
  cr_table_begin(&t, column, 4, 0);
  cr_table_cell(&t, "x");
  cr_table_cell(&t, "%d", 12345);
  cr_table_cell(&t, "%s", "");
  cr_table_cell(&t, "%s", "");
  cr_table_cell(&t, "longer");
  cr_table_cell(&t, "%d", 7);
  cr_table_cell(&t, "%s", "");
  cr_table_cell(&t, "%s", "");
  cr_table_end(&t, &text);
  assert_string_equal(text.s, "        group\nname        a\nx       12345\nlonger      7\n");
  cr_text_fini(&text);
}

static void different_workloads_have_different_hashes(void **state)
{
  (void)state;
  uint64_t hash[3];
  for (int i = 0; i < 3; i++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    struct cr_client_spec c = load_closed("c", load_model(b, "net", 3, 1000), CR_BE, 1);
    c.priority = i == 2 ? -1 : 0;
    load_add(b, c);
    hash[i] = cr_workload_hash(load_seal(b));
    cr_workload_builder_free(b);
  }
  assert_true(hash[0] == hash[1]);
  assert_true(hash[0] != hash[2]);
}

static void a_workload_of_other_clusters_is_another(void **state)
{
  (void)state;
  uint64_t hash[3];
  for (uint32_t i = 0; i < 3; i++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    cr_model like = load_model(b, "net", 1, 1000), m;
    struct cr_op_spec op = *cr_workload_builder_op(b, cr_workload_builder_model(b, like)->op0);
    const struct cr_model_spec spec = {.name = "clustered", .op = &op, .n_op = 1};
    op.cluster_blocks = i == 1;
    op.sm_blocks = i == 2; /* the same number in another place */
    assert_int_equal(cr_workload_add_model(b, &spec, &m, NULL), CR_OK);
    load_add(b, load_closed("c", m, CR_BE, 1));
    hash[i] = cr_workload_hash(load_seal(b));
    cr_workload_builder_free(b);
  }
  assert_true(hash[0] != hash[1] && hash[0] != hash[2] && hash[1] != hash[2]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_table_is_aligned_and_compares_policies, make, unmake),
    cmocka_unit_test_setup_teardown(csv_is_a_rectangle_with_units_in_its_header, make, unmake),
    cmocka_unit_test_setup_teardown(json_has_a_version_and_is_the_same_twice, make, unmake),
    cmocka_unit_test_setup_teardown(bounds_stand_beside_the_longest_response, make, unmake),
    cmocka_unit_test_setup_teardown(a_run_that_stalled_is_said_to_be_partial, make, unmake),
    cmocka_unit_test_setup_teardown(a_client_without_requests_has_dashes, make, unmake),
    cmocka_unit_test_setup_teardown(jobs_have_a_row_a_policy_and_no_clients, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(jobs_and_clients_each_have_their_table, make_mixed, unmake),
    cmocka_unit_test_setup_teardown(csv_and_json_of_jobs_keep_ns, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(without_a_job_done_there_are_dashes, make_jobs, unmake),
    cmocka_unit_test_setup_teardown(times_of_jobs_are_in_a_unit_that_suits_them, make_jobs, unmake),
    cmocka_unit_test(formats_are_known_by_name),
    cmocka_unit_test(a_table_leaves_out_empty_columns_and_trailing_blanks),
    cmocka_unit_test(different_workloads_have_different_hashes),
    cmocka_unit_test(a_workload_of_other_clusters_is_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
