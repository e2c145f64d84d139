/* t_timeline.c - the Chrome/Perfetto JSON of spans that are fed by hand. */
#include "config.h"

#include "sim/timeline.h"
#include "tests/t.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#include "sim/workload.h"
#include "tests/load.h"
#include "tests/made.h"

struct fixture {
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
  struct cr_timeline *timeline;
  struct cr_observer observer;
  const char *folder, *path;
};

static struct fixture begin(cr_ns from_ns, cr_ns to_ns)
{
  struct fixture f = {0};
  f.builder = made_workload(&f.workload);
  f.folder = t_tmp();
  f.path = t_join(f.folder, "out.json");
  const struct cr_timeline_cfg cfg = {
    .workload = f.workload, .machine = &load_machine, .from_ns = from_ns, .to_ns = to_ns, .provenance = "a \"test\"",
  };
  assert_int_equal(cr_timeline_new(f.path, &cfg, &f.timeline, NULL), CR_OK);
  cr_timeline_begin(f.timeline, "streams", &f.observer);
  return f;
}

static void span(struct fixture *f, uint32_t stream, uint32_t client, uint32_t op, cr_ns start_ns, cr_ns end_ns)
{
  const struct cr_op_span s = {
    .start_ns = start_ns, .end_ns = end_ns, .stream = stream, .client = client, .request = 9, .op = op,
  };
  f->observer.on_op(f->observer.ctx, &s);
}

static void assert_json(const char *text)
{
  yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
  assert_int_equal(yajl_parse(parser, (const unsigned char *)text, strlen(text)), yajl_status_ok);
  assert_int_equal(yajl_complete_parse(parser), yajl_status_ok);
  yajl_free(parser);
}

/* The text of the file, which is JSON whatever the test is about. */
static char *finish(struct fixture *f)
{
  assert_int_equal(cr_timeline_close(f->timeline, NULL), CR_OK);
  cr_workload_builder_free(f->builder);
  char *json = t_read(f->path, NULL);
  assert_json(json);
  return json;
}

static int count(const char *text, const char *what)
{
  int n = 0;
  for (; (text = strstr(text, what)); text += strlen(what))
    n++;
  return n;
}

static void times_are_exact_to_the_nanosecond(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  span(&f, 0, 0, 1, INT64_C(1234567890123456), INT64_C(1234567890124463));
  char *json = finish(&f);
  assert_non_null(strstr(json, "\"ts\":1234567890123.456,\"dur\":1.007,"));
  assert_non_null(strstr(json, "{\"ph\":\"X\",\"name\":\"k\",\"cat\":\"kernel\",\"pid\":1,\"tid\":1,"));
  t_free(json);
}

static void the_ops_of_a_request_lie_within_its_slice(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  const struct cr_op_span span[] = {
    {.start_ns = 1000, .end_ns = 2000, .client = 0, .request = 4, .op = 0},
    {.start_ns = 2500, .end_ns = 3000, .client = 0, .request = 4, .op = 1},
    {.start_ns = 3000, .end_ns = 3001, .client = 1, .request = 5, .op = 3},
  };
  for (int i = 0; i < 3; i++)
    f.observer.on_op(f.observer.ctx, &span[i]);
  char *json = finish(&f);
  static const char *const want[] = {
    "{\"ph\":\"B\",\"name\":\"rt\",\"cat\":\"request\",\"pid\":1,\"tid\":1,\"ts\":1.000,\"args\":{\"request\":4}}",
    "\"ts\":1.000,\"dur\":1.000",
    "\"ts\":2.500,\"dur\":0.500",
    "{\"ph\":\"E\",\"pid\":1,\"tid\":1,\"ts\":3.000}",
    "{\"ph\":\"B\",\"name\":\"be\",\"cat\":\"request\",\"pid\":1,\"tid\":1,\"ts\":3.000,\"args\":{\"request\":5}}",
    "\"ts\":3.000,\"dur\":0.001",
    "{\"ph\":\"E\",\"pid\":1,\"tid\":1,\"ts\":3.001}",
  };
  const char *at = json;
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    at = strstr(at, want[i]);
    if (!at)
      fail_msg("%s is not there, or not after what begins before it", want[i]);
  }
  t_free(json);
}

static void a_run_of_iterations_says_how_many(void **state)
{
  (void)state;
  struct fixture f = {.folder = t_tmp()};
  f.path = t_join(f.folder, "out.json");
  f.builder = cr_workload_builder_new();
  load_add(f.builder, load_job("job", load_iteration(f.builder, "net", 100000, 0, 0), 0, 7));
  f.workload = load_seal(f.builder);
  const struct cr_timeline_cfg cfg = {.workload = f.workload, .machine = &load_machine, .to_ns = CR_NS_NEVER};
  assert_int_equal(cr_timeline_new(f.path, &cfg, &f.timeline, NULL), CR_OK);
  cr_timeline_begin(f.timeline, "pack", &f.observer);
  const struct cr_op_span s = {.start_ns = 1000, .end_ns = 501000, .request = 9, .n = 5};
  f.observer.on_op(f.observer.ctx, &s);
  char *json = finish(&f);
  assert_non_null(strstr(json, "\"cat\":\"iteration\""));
  assert_non_null(strstr(json, "\"alone_us\":100.000,\"iterations\":5}}"));
  t_free(json);
}

static void a_stream_bears_the_name_of_its_only_client(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  span(&f, 0, 0, 0, 0, 10);
  span(&f, 2, 0, 0, 0, 10);
  span(&f, 2, 1, 3, 10, 20);
  char *json = finish(&f);
  assert_non_null(strstr(json, "\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"rt\"}"));
  assert_non_null(strstr(json, "\"tid\":3,\"name\":\"thread_name\",\"args\":{\"name\":\"stream 2\"}"));
  assert_int_equal(count(json, "thread_name"), 2); /* stream 1 did nothing */
  assert_non_null(strstr(json, "\"name\":\"process_name\",\"args\":{\"name\":\"streams / test\"}"));
  assert_non_null(strstr(json, "\"op\":0,\"stage\"")); /* op 3 of the table is the first of its model */
  t_free(json);
}

static void runs_are_processes_of_their_own(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  span(&f, 0, 0, 0, 0, 10);
  cr_timeline_begin(f.timeline, "exclusive,order=fifo", &f.observer);
  span(&f, 0, 1, 3, 0, 10);
  char *json = finish(&f);
  assert_non_null(strstr(json, "\"pid\":2,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"exclusive,order=fifo / test\"}"));
  assert_non_null(strstr(json, "\"pid\":2,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"be\"}"));
  t_free(json);
}

static void of_one_instant_the_last_use_is_kept(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  f.observer.on_use(f.observer.ctx, 0, 1000, 1, 8);
  f.observer.on_use(f.observer.ctx, 0, 1000, 3, 24);
  f.observer.on_use(f.observer.ctx, 0, 2500, 3, 16);
  f.observer.on_use(f.observer.ctx, 0, 3000, 0, 0);
  char *json = finish(&f);
  assert_non_null(strstr(json, "\"name\":\"SM use\",\"ts\":1.000,\"args\":{\"sms\":3}}"));
  assert_int_equal(count(json, "\"SM use\""), 2); /* at 2500 only the warps changed */
  assert_int_equal(count(json, "\"resident warps\""), 3);
  t_free(json);
}

static void a_window_keeps_what_overlaps_it(void **state)
{
  (void)state;
  struct fixture f = begin(10000, 20000);
  span(&f, 0, 0, 0, 0, 9999);
  span(&f, 0, 0, 0, 9999, 10001);
  span(&f, 0, 0, 1, 12000, 13000);
  span(&f, 0, 0, 2, 20001, 20002);
  f.observer.on_use(f.observer.ctx, 0, 1000, 4, 32);
  f.observer.on_use(f.observer.ctx, 0, 9000, 2, 16);
  f.observer.on_use(f.observer.ctx, 0, 15000, 1, 8);
  f.observer.on_use(f.observer.ctx, 0, 25000, 0, 0);
  char *json = finish(&f);
  assert_int_equal(count(json, "\"ph\":\"X\""), 2);
  assert_int_equal(count(json, "\"SM use\""), 2);
  assert_non_null(strstr(json, "\"SM use\",\"ts\":10.000,\"args\":{\"sms\":2}}")); /* what held when it began */
  assert_non_null(strstr(json, "\"SM use\",\"ts\":15.000,\"args\":{\"sms\":1}}"));
  t_free(json);
}

static void long_signatures_are_cut(void **state)
{
  (void)state;
  char name[400];
  memset(name, 'a', sizeof name);
  memcpy(name, "void f<\"x\">", 11);
  name[399] = '\0';
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_op_spec op = cr_op_unknown(name, CR_OP_KERNEL, 5);
  op.blocks = 1;
  op.threads = 32;
  op.smem_bytes = 0;
  struct cr_model_spec spec = cr_model_unknown("m", &op, 1);
  cr_model model;
  assert_int_equal(cr_workload_add_model(b, &spec, &model, NULL), CR_OK);
  load_add(b, load_closed("c", model, CR_BE, 1));
  struct fixture f = {.builder = b, .workload = load_seal(b), .folder = t_tmp()};
  f.path = t_join(f.folder, "out.json");
  const struct cr_timeline_cfg cfg = {.workload = f.workload, .machine = &load_machine, .to_ns = CR_NS_NEVER};
  assert_int_equal(cr_timeline_new(f.path, &cfg, &f.timeline, NULL), CR_OK);
  cr_timeline_begin(f.timeline, "p", &f.observer);
  span(&f, 0, 0, 0, 0, 5);
  char *json = finish(&f);
  char *from = strstr(json, "\"f<\\\"x\\\">aaa");
  assert_non_null(from);
  assert_non_null(strstr(from, "aaa...\",\"cat\""));
  assert_true(strstr(from, "aaa...\"") - from < 110);
  t_free(json);
}

static void the_file_has_its_name_only_when_whole(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  const char *partial = t_join(f.folder, "out.json.partial");
  span(&f, 0, 0, 0, 0, 10);
  assert_int_not_equal(access(f.path, F_OK), 0);
  assert_int_equal(access(partial, F_OK), 0);
  cr_timeline_abandon(f.timeline);
  assert_int_not_equal(access(f.path, F_OK), 0);
  assert_int_not_equal(access(partial, F_OK), 0);
  cr_workload_builder_free(f.builder);
}

static void an_existing_file_is_refused_unless_forced(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  t_free(finish(&f));
  f.builder = made_workload(&f.workload);
  struct cr_timeline_cfg cfg = {.workload = f.workload, .machine = &load_machine, .to_ns = CR_NS_NEVER};
  struct cr_err err = {0};
  assert_int_equal(cr_timeline_new(f.path, &cfg, &f.timeline, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "out.json: exists already; remove it, choose another name for the timeline, or say --force"));
  cfg.overwrite = 1;
  assert_int_equal(cr_timeline_new(f.path, &cfg, &f.timeline, &err), CR_OK);
  assert_int_equal(cr_timeline_close(f.timeline, &err), CR_OK); /* even one without runs is JSON */
  char *json = t_read(f.path, NULL);
  assert_string_equal(json, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"provenance\":\"\"},\"traceEvents\":[\n]}\n");
  t_free(json);
  cr_workload_builder_free(f.builder);
}

static void a_missing_folder_is_named(void **state)
{
  (void)state;
  const struct cr_workload *w;
  struct cr_workload_builder *b = made_workload(&w);
  const struct cr_timeline_cfg cfg = {.workload = w, .machine = &load_machine, .to_ns = CR_NS_NEVER};
  struct cr_timeline *t = NULL;
  struct cr_err err = {0};
  assert_int_equal(cr_timeline_new(t_join(t_tmp(), "none/out.json"), &cfg, &t, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "none/out.json: there is no such folder to write the timeline in"));
  assert_int_equal(cr_timeline_new(t_tmp(), &cfg, &t, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "is a folder"));
  assert_int_equal(cr_timeline_new("", &cfg, &t, &err), CR_EINPUT);
  cr_workload_builder_free(b);
}

static void a_full_disk_leaves_no_file(void **state)
{
  (void)state;
  struct fixture f = begin(0, CR_NS_NEVER);
  struct rlimit old, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(SIGXFSZ, &ignore, &before);
  setrlimit(RLIMIT_FSIZE, &small);
  for (cr_ns i = 0; i < 5000; i++)
    span(&f, 0, 0, 0, 10 * i, 10 * i + 5);
  struct cr_err err = {0};
  int rc = cr_timeline_close(f.timeline, &err);
  setrlimit(RLIMIT_FSIZE, &old);
  sigaction(SIGXFSZ, &before, NULL);
  assert_int_equal(rc, CR_ERUN);
  assert_non_null(strstr(err.text, "no room to write the timeline"));
  assert_int_not_equal(access(f.path, F_OK), 0);
  assert_int_not_equal(access(t_join(f.folder, "out.json.partial"), F_OK), 0);
  cr_workload_builder_free(f.builder);
}

static void without_memory_it_fails_and_leaves_no_file(void **state)
{
  (void)state;
  const struct cr_workload *w;
  struct cr_workload_builder *b = made_workload(&w);
  const struct cr_timeline_cfg cfg = {.workload = w, .machine = &load_machine, .to_ns = CR_NS_NEVER};
  const char *folder = t_tmp(), *path = t_join(folder, "out.json"), *partial = t_join(folder, "out.json.partial");
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK; n++) {
    struct cr_timeline *t = NULL;
    struct cr_observer o;
    assert_true(n < 1000);
    t_fail_allocation_after(n);
    rc = cr_timeline_new(path, &cfg, &t, NULL);
    if (rc == CR_OK) {
      cr_timeline_begin(t, "p", &o);
      const struct cr_op_span s = {.end_ns = 5};
      o.on_op(o.ctx, &s);
      rc = cr_timeline_close(t, NULL);
    }
    t_allocations_succeed();
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
    assert_int_equal(access(path, F_OK) == 0, rc == CR_OK);
    assert_int_not_equal(access(partial, F_OK), 0);
  }
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_are_exact_to_the_nanosecond),
    cmocka_unit_test(the_ops_of_a_request_lie_within_its_slice),
    cmocka_unit_test(a_run_of_iterations_says_how_many),
    cmocka_unit_test(a_stream_bears_the_name_of_its_only_client),
    cmocka_unit_test(runs_are_processes_of_their_own),
    cmocka_unit_test(of_one_instant_the_last_use_is_kept),
    cmocka_unit_test(a_window_keeps_what_overlaps_it),
    cmocka_unit_test(long_signatures_are_cut),
    cmocka_unit_test(the_file_has_its_name_only_when_whole),
    cmocka_unit_test(an_existing_file_is_refused_unless_forced),
    cmocka_unit_test(a_missing_folder_is_named),
    cmocka_unit_test(a_full_disk_leaves_no_file),
    cmocka_unit_test(without_memory_it_fails_and_leaves_no_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
