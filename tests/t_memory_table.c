/* t_memory_table.c - tables of memory within iterations: read, written, and what is wrong with them. */
#include "config.h"

#include "traces/memory_table.h"

#include "tests/t.h"

static int read_text(const char *text, struct cr_memory_table **out, struct cr_err *err)
{
  const char *path = t_join(t_tmp(), "m.csv");
  t_write(path, text);
  return cr_memory_table_read(path, out, err);
}

static const char GOOD[] = "workload,at_ns,bytes\n"
                           "a_50,0,10\na_50,100,30\na_50,200,\n"
                           "b,0,7\nb,1,\n";

static void what_is_written_is_read(void **state)
{
  (void)state;
  struct cr_memory_table *t = NULL;
  struct cr_text text = {0};
  assert_int_equal(read_text(GOOD, &t, NULL), CR_OK);
  const struct cr_memory_curve *a = cr_memory_table_find(t, "a_50"), *b = cr_memory_table_find(t, "b");
  assert_non_null(a);
  assert_non_null(b);
  assert_null(cr_memory_table_find(t, "c"));
  assert_int_equal(cr_memory_table_count(t), 2);
  assert_int_equal(a->n_step, 2);
  assert_int_equal(a->span_ns, 200);
  assert_int_equal(a->peak_bytes, 30);
  assert_int_equal(a->mean_bytes, 20);
  assert_int_equal(b->step[0].bytes, 7);
  cr_memory_table_print_header(&text);
  cr_memory_table_print("a_50", a, &text);
  cr_memory_table_print("b", b, &text);
  assert_string_equal(text.s, GOOD);
  cr_text_fini(&text);
  cr_memory_table_free(t);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
  (void)state;
  static const struct {
    const char *rows, *want;
  } cases[] = {
    {"", "has no workloads"},
    {"a,0,1\n", ":2: workload a has no end: in its last row bytes must be empty"},
    {"a,0,1\nb,0,1\nb,2,\n", ":2: workload a has no end"},
    {"a,0,1\na,5,\na,6,1\n", ":4: workload a: its rows must stand together"},
    {"a,0,1\na,5,\nb,0,1\nb,5,\na,6,1\n", ":6: workload a: its rows must stand together"},
    {"a,1,1\n", ":2: workload a: at_ns must begin with 0 and ascend"},
    {"a,0,1\na,0,2\n", ":3: workload a: at_ns must begin with 0 and ascend"},
    {"a,0,\n", ":2: workload a: it ends before its first step"},
    {"a,0,-4\n", ":2: workload a: bytes must be from 0"},
    {"a,0,x\n", ":2: "},
    {"a,,4\n", ":2: "},
    {",0,4\n", ":2: workload is empty"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct cr_memory_table *t = NULL;
    struct cr_err err = {{0}};
    char text[200];
    snprintf(text, sizeof text, "workload,at_ns,bytes\n%s", cases[i].rows);
    assert_int_equal(read_text(text, &t, &err), CR_EINPUT);
    if (!strstr(err.text, cases[i].want))
      fail_msg("%s", err.text);
    assert_null(t);
  }
}

static void without_memory_it_fails(void **state)
{
  (void)state;
  const char *path = t_join(t_tmp(), "m.csv");
  t_write(path, GOOD);
  int rc = CR_ENOMEM;
  for (uint64_t i = 0; rc != CR_OK; i++) {
    struct cr_memory_table *t = NULL;
    assert_true(i < 1000);
    t_fail_allocation_after(i);
    rc = cr_memory_table_read(path, &t, NULL);
    t_allocations_succeed();
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
    cr_memory_table_free(t);
  }
}

/* The bundled one: each peak is what a table of workloads declares, less what blocks are rounded up by. */
static void the_bundled_table_is_one(void **state)
{
  (void)state;
  struct cr_memory_table *t = NULL;
  assert_int_equal(cr_memory_table_read(t_build("share/corun/jobs/h200-training-memory.csv"), &t, NULL), CR_OK);
  const struct cr_memory_curve *c = cr_memory_table_find(t, "resnet152_50");
  assert_non_null(c);
  assert_true(c->n_step <= 200);
  assert_int_equal(c->span_ns, 62133000);
  assert_int_equal(c->peak_bytes, INT64_C(8890153704));
  cr_memory_table_free(t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(what_is_wrong_is_said_with_its_line),
    cmocka_unit_test(without_memory_it_fails),
    cmocka_unit_test(the_bundled_table_is_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
