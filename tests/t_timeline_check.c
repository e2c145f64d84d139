/* t_timeline_check.c - recorded co-runs made up by hand: what is matched, and what is called wait and stretch. */
#include "config.h"

#include "tests/t.h"

#include "calib/timeline_check.h"
#include "policies/list.h"
#include "sim/mem.h"
#include "tests/load.h"
#include "traces/store.h"

/* --- made-up recordings ------------------------------------------------------------------------------------------------- */

/* A kernel of a model alone. */
struct alone {
  const char *name;
  cr_ns duration_ns, gap_ns;
  uint32_t blocks;
};

static void add_model(struct cr_store *s, const char *name, const struct alone *k, uint32_t n)
{
  struct cr_op_spec op[8];
  for (uint32_t i = 0; i < n; i++) {
    op[i] = cr_op_unknown(k[i].name, CR_OP_KERNEL, k[i].duration_ns);
    op[i].gap_ns = k[i].gap_ns;
    op[i].blocks = k[i].blocks;
    op[i].threads = 128;
    op[i].regs = 32;
    op[i].smem_bytes = 0;
  }
  const struct cr_model_spec model = cr_model_unknown(name, op, n);
  const struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER, .report = ""};
  assert_int_equal(cr_store_add_model(s, &model, &recording, &(struct cr_origin){0}, 0, NULL), CR_OK);
}

static const char *made_store(const char *folder)
{
  static const struct alone red[] = {{"a", 10000, 1000, 2}, {"b", 20000, 1000, 2}, {"c", 5000, 500, 1}};
  static const struct alone blue[] = {{"x", 30000, 1000, 2}, {"y", 8000, 1000, 2}, {"z", 8000, 1000, 1}};
  const char *path = t_join(folder, "made.db");
  struct cr_store *s = NULL;
  assert_int_equal(cr_store_edit(path, &s, NULL), CR_OK);
  add_model(s, "red", red, 3);
  add_model(s, "blue", blue, 3);
  assert_int_equal(cr_store_commit(s, NULL), CR_OK);
  cr_store_close(s);
  return path;
}

/* A kernel of the co-run, in ns. */
struct event {
  uint32_t stream, replay;
  const char *name;
  cr_ns start_ns, duration_ns;
  uint32_t blocks;
};

static const char *write_trace(const char *folder, const struct event *e, uint32_t n)
{
  const char *path = t_join(folder, "corun.json");
  struct cr_text t = {0};
  cr_text_add(&t, "{\"schemaVersion\": 1, \"traceEvents\": [\n");
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(&t,
                "{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"%s\", \"pid\": 0, \"tid\": %u, \"ts\": %lld.%03d, "
                "\"dur\": %lld.%03d, \"args\": {\"device\": 0, \"stream\": %u, \"correlation\": %u, "
                "\"registers per thread\": 32, \"shared memory\": 0, \"grid\": [%u, 1, 1], \"block\": [128, 1, 1]}}%s\n",
                e[i].name, e[i].stream, (long long)(1000 + e[i].start_ns / 1000), (int)(e[i].start_ns % 1000),
                (long long)(e[i].duration_ns / 1000), (int)(e[i].duration_ns % 1000), e[i].stream,
                e[i].stream * 100 + e[i].replay, e[i].blocks, i + 1 < n ? "," : "");
  cr_text_add(&t, "]}\n");
  assert_false(t.failed);
  t_write(path, t.s);
  cr_text_fini(&t);
  return path;
}

struct made {
  struct cr_device_desc device;
  const char *store[1];
  struct cr_check_cfg cfg;
  struct cr_err err;
  struct cr_check *c;
};

static int check(struct made *m, const struct event *e, uint32_t n)
{
  const char *folder = t_tmp();
  *m = (struct made){.device = load_gpu("made", 8), .err = {""}};
  m->store[0] = made_store(folder);
  m->cfg = (struct cr_check_cfg){.path = write_trace(folder, e, n),
                                 .store = m->store,
                                 .n_store = 1,
                                 .device = &m->device,
                                 .streams = cr_policy_find("streams", 7)};
  return cr_check_run(&m->cfg, &m->c, &m->err);
}

static void check_ok(struct made *m, const struct event *e, uint32_t n)
{
  int rc = check(m, e, n);
  if (rc != CR_OK)
    print_error("%s\n", m->err.text);
  assert_int_equal(rc, CR_OK);
}

/* Stream 7 replays red, stream 9 blue, both twice, back to back, together all the time.  In the first replay b waits 3 us more
 * than alone and takes 4 us more. */
static const struct event together[] = {
  {7, 1, "a", 0, 10000, 2},      {7, 1, "b", 14000, 24000, 2},  {7, 1, "c", 38500, 5000, 1},
  {7, 2, "a", 44500, 10000, 2},  {7, 2, "b", 55500, 20000, 2},  {7, 2, "c", 76000, 5000, 1},
  {9, 1, "x", 0, 30000, 2},      {9, 1, "y", 31000, 8000, 2},   {9, 1, "z", 40000, 8000, 1},
  {9, 2, "x", 49000, 30000, 2},  {9, 2, "y", 80000, 8000, 2},   {9, 2, "z", 89000, 8000, 1},
};
enum { N_TOGETHER = sizeof together / sizeof together[0] };

/* --- matching --------------------------------------------------------------------------------------------------------- */

static void streams_are_recognised_by_their_kernels(void **state)
{
  (void)state;
  struct made m;
  check_ok(&m, together, N_TOGETHER);
  assert_int_equal(m.c->n_stream, 2);
  assert_int_equal(m.c->n_overlap, 0);
  const struct cr_corun_stream *red = &m.c->stream[0].corun, *blue = &m.c->stream[1].corun;
  assert_int_equal(red->id, 7);
  assert_string_equal(red->model, "red");
  assert_string_equal(blue->model, "blue");
  assert_int_equal(red->n_op, 3);
  assert_int_equal(red->n_replay, 2);
  assert_int_equal(red->n_match[CR_MATCH_ALIGNED], 3);
  assert_int_equal(blue->n_match[CR_MATCH_ALIGNED], 3);
  cr_check_free(m.c);
}

/* In place of red's b: x, known from blue, which takes as long there; and w, of which nothing is known. */
static void other_kernels_are_looked_for_elsewhere_and_then_taken_as_they_are(void **state)
{
  (void)state;
  const struct event e[] = {
    {7, 1, "a", 0, 10000, 2},     {7, 1, "x", 11000, 33000, 2}, {7, 1, "w", 45000, 7000, 2}, {7, 1, "c", 52500, 5000, 1},
    {7, 2, "a", 60000, 10000, 2}, {7, 2, "x", 71000, 31000, 2}, {7, 2, "w", 103000, 6000, 2}, {7, 2, "c", 110000, 5000, 1},
  };
  struct made m;
  check_ok(&m, e, 8);
  const struct cr_corun_stream *s = &m.c->stream[0].corun;
  assert_string_equal(s->model, "red");
  const enum cr_match want[] = {CR_MATCH_ALIGNED, CR_MATCH_ELSEWHERE, CR_MATCH_OWN, CR_MATCH_ALIGNED};
  for (int i = 0; i < 4; i++)
    assert_int_equal(s->match[i], want[i]);
  assert_int_equal(s->op[1].duration_ns, 30000);
  assert_int_equal(s->op[2].duration_ns, 6000);
  assert_int_equal(s->op[2].gap_ns, 1000);
  cr_check_free(m.c);
}

/* x takes 30 us in blue: this one, of 20, is another amount of work. */
static void a_time_from_elsewhere_is_not_taken_when_it_cannot_be(void **state)
{
  (void)state;
  const struct event e[] = {{7, 1, "a", 0, 10000, 2}, {7, 1, "x", 11000, 20000, 2}, {7, 1, "c", 31500, 5000, 1}};
  struct made m;
  check_ok(&m, e, 3);
  assert_int_equal(m.c->stream[0].corun.match[1], CR_MATCH_OWN);
  assert_int_equal(m.c->stream[0].corun.op[1].duration_ns, 20000);
  cr_check_free(m.c);
}

static void only_the_models_named_are_compared_with(void **state)
{
  (void)state;
  static const char *const name[] = {"blue"};
  struct made m;
  check_ok(&m, together, N_TOGETHER);
  cr_check_free(m.c);
  m.cfg.model = name;
  m.cfg.n_model = 1;
  assert_int_equal(cr_check_run(&m.cfg, &m.c, &m.err), CR_OK);
  assert_string_equal(m.c->stream[0].corun.model, "blue");
  assert_int_equal(m.c->stream[0].corun.n_match[CR_MATCH_OWN], 3);
  cr_check_free(m.c);
  static const char *const none[] = {"green"};
  m.cfg.model = none;
  assert_int_equal(cr_check_run(&m.cfg, &m.c, &m.err), CR_EINPUT);
}

/* --- wait and stretch --------------------------------------------------------------------------------------------------- */

static void wait_and_stretch_are_beyond_what_the_op_has_alone(void **state)
{
  (void)state;
  struct made m;
  check_ok(&m, together, N_TOGETHER);
  const struct cr_check_op *op = m.c->stream[0].op;
  for (int i = 0; i < 3; i++)
    assert_int_equal(op[i].n, 2);
  assert_near(op[1].wait_ns[CR_CHECK_REAL], 1500, 1e-9); /* 3 us and none */
  assert_near(op[1].stretch_ns[CR_CHECK_REAL], 2000, 1e-9);
  assert_near(op[2].wait_ns[CR_CHECK_REAL], 0, 1e-9);
  assert_near(op[0].stretch_ns[CR_CHECK_REAL], 0, 1e-9);
  assert_near(m.c->stream[0].n_request, 2, 1e-9);
  assert_near(m.c->stream[0].alone_ns, 36500, 1);
  assert_near(m.c->stream[0].span_ns[CR_CHECK_REAL], (43500 + 36500) / 2.0, 1e-9);
  cr_check_free(m.c);
}

/* The device has no costs, and room for both: nothing waits, nothing is stretched. */
static void without_contention_the_simulation_is_as_alone(void **state)
{
  (void)state;
  struct made m;
  check_ok(&m, together, N_TOGETHER);
  for (uint32_t s = 0; s < 2; s++) {
    for (uint32_t i = 0; i < 3; i++) {
      assert_near(m.c->stream[s].op[i].wait_ns[CR_CHECK_SIM], 0, 1);
      assert_near(m.c->stream[s].op[i].stretch_ns[CR_CHECK_SIM], 0, 1);
    }
    assert_near(m.c->stream[s].span_ns[CR_CHECK_SIM], m.c->stream[s].alone_ns, 1);
  }
  cr_check_free(m.c);
}

/* Each kernel of both wants every warp of all SMs: they take turns, and the simulation sees the waits. */
static void a_full_device_is_waited_for(void **state)
{
  (void)state;
  struct made m;
  check_ok(&m, together, N_TOGETHER);
  cr_check_free(m.c);
  m.device.sms = 2;
  m.device.sm_blocks = 1;
  assert_int_equal(cr_check_run(&m.cfg, &m.c, &m.err), CR_OK);
  double wait_ns = 0;
  for (uint32_t i = 0; i < 3; i++)
    wait_ns += m.c->stream[0].op[i].wait_ns[CR_CHECK_SIM];
  assert_true(wait_ns > 10000);
  cr_check_free(m.c);
}

static void ops_count_only_in_company(void **state)
{
  (void)state;
  const struct event e[] = {
    {7, 1, "a", 0, 10000, 2},      {7, 1, "b", 11000, 20000, 2},  {7, 1, "c", 31500, 5000, 1},
    {9, 1, "x", 20000, 30000, 2},  {9, 1, "y", 51000, 8000, 2},   {9, 1, "z", 60000, 8000, 1},
    {7, 2, "a", 100000, 10000, 2}, {7, 2, "b", 111000, 20000, 2}, {7, 2, "c", 131500, 5000, 1},
  };
  struct made m;
  check_ok(&m, e, 9);
  const struct cr_check_op *op = m.c->stream[0].op;
  assert_int_equal(op[0].n, 0);
  assert_int_equal(op[1].n, 1);
  assert_int_equal(op[2].n, 1);
  assert_near(m.c->stream[0].n_request, 2.0 / 3, 1e-9);
  cr_check_free(m.c);
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static void small_overlaps_are_the_profilers_and_large_ones_are_damage(void **state)
{
  (void)state;
  struct event e[N_TOGETHER];
  struct made m;
  memcpy(e, together, sizeof e);
  e[1].duration_ns += 660; /* c starts half a microsecond after b, as it was */
  check_ok(&m, e, N_TOGETHER);
  assert_int_equal(m.c->n_overlap, 1);
  assert_int_equal(m.c->overlap_ns, 160);
  cr_check_free(m.c);
  e[1].duration_ns += 20000;
  assert_int_equal(check(&m, e, N_TOGETHER), CR_EINPUT);
  assert_non_null(strstr(m.err.text, "stream 7"));
}

static void replays_of_other_ops_are_refused(void **state)
{
  (void)state;
  struct event e[N_TOGETHER];
  struct made m;
  memcpy(e, together, sizeof e);
  e[4].blocks = 3;
  assert_int_equal(check(&m, e, N_TOGETHER), CR_EINPUT);
  assert_non_null(strstr(m.err.text, "stream 7: replay 1"));
}

static void a_file_without_kernels_is_refused(void **state)
{
  (void)state;
  struct made m;
  assert_int_equal(check(&m, together, 0), CR_EINPUT);
}

static void reports_are_well_formed(void **state)
{
  (void)state;
  struct made m;
  check_ok(&m, together, N_TOGETHER);
  for (int format = CR_TABLE; format <= CR_JSON; format++) {
    const struct cr_check_report_cfg cfg = {.command = "c", .device = &m.device, .format = (enum cr_format)format};
    struct cr_text out = {0};
    cr_check_report(&cfg, m.c, &out);
    assert_false(out.failed);
    assert_null(strstr(out.s, "nan"));
    assert_non_null(strstr(out.s, "blue"));
    if (format == CR_CSV) {
      assert_non_null(strstr(out.s, "\n7,\"red\",1,\"b\",other,some SMs,2,128,32,aligned,2,20.000,1.500,0.000,2.000,"));
    }
    cr_text_fini(&out);
  }
  cr_check_free(m.c);
}

/* The real ones, with the bundled recordings. */
static void a_real_co_run_is_recognised(void **state)
{
  (void)state;
  const char *path = t_shared("h200/corun-kineto/pair-distilbert+densenet201.json.gz");
  if (!path)
    skip();
  struct cr_arena *arena = cr_arena_new();
  struct cr_kineto_streams s = {0};
  struct cr_recordings *r = NULL;
  struct cr_corun_stream found;
  struct cr_err err = {""};
  assert_int_equal(cr_kineto_streams_read(path, arena, &s, &err), CR_OK);
  assert_int_equal(s.n_stream, 2);
  assert_int_equal(s.stream[0].n_replay, 6);
  assert_int_equal(s.stream[0].n_span, 1506);
  const char *store = t_build("share/corun/h200.db");
  assert_int_equal(cr_recordings_open(&store, 1, NULL, 0, &r, &err), CR_OK);
  assert_int_equal(cr_corun_match(r, path, &s.stream[0], arena, &found, &err), CR_OK);
  assert_non_null(strstr(found.model, "distilbert-bs1-fp32"));
  assert_int_equal(found.n_match[CR_MATCH_ALIGNED], 251);
  assert_int_equal(cr_corun_match(r, path, &s.stream[1], arena, &found, &err), CR_OK);
  assert_non_null(strstr(found.model, "densenet201-bs1-fp32"));
  assert_true(found.n_match[CR_MATCH_ALIGNED] > 600);
  cr_recordings_free(r);
  cr_arena_free(arena);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(streams_are_recognised_by_their_kernels),
    cmocka_unit_test(other_kernels_are_looked_for_elsewhere_and_then_taken_as_they_are),
    cmocka_unit_test(a_time_from_elsewhere_is_not_taken_when_it_cannot_be),
    cmocka_unit_test(only_the_models_named_are_compared_with),
    cmocka_unit_test(wait_and_stretch_are_beyond_what_the_op_has_alone),
    cmocka_unit_test(without_contention_the_simulation_is_as_alone),
    cmocka_unit_test(a_full_device_is_waited_for),
    cmocka_unit_test(ops_count_only_in_company),
    cmocka_unit_test(small_overlaps_are_the_profilers_and_large_ones_are_damage),
    cmocka_unit_test(replays_of_other_ops_are_refused),
    cmocka_unit_test(a_file_without_kernels_is_refused),
    cmocka_unit_test(reports_are_well_formed),
    cmocka_unit_test(a_real_co_run_is_recognised),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
