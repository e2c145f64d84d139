/* t_workload.c - building a workload: what is copied, counted, refused. */
#include "config.h"

#include "sim/workload.h"

#include "tests/t.h"

#include <math.h>

static struct cr_op_spec kernel(const char *name, uint32_t stage, cr_ns duration_ns)
{
  struct cr_op_spec op = cr_op_unknown(name, CR_OP_KERNEL, duration_ns);
  op.stage = stage;
  op.blocks = 10;
  op.threads = 128;
  op.regs = 32;
  op.smem_bytes = 0;
  return op;
}

static struct cr_client_spec client_of(const char *name, cr_model model)
{
  return (struct cr_client_spec){
    .name = name,
    .model = model,
    .class = CR_BE,
    .weight = 1,
    .deadline_ns = CR_NS_NEVER,
    .max_requests = CR_NONE,
    .arrival = {.kind = CR_ARRIVE_CLOSED, .depth = 1},
  };
}

static cr_model add_small(struct cr_workload_builder *b, const char *name)
{
  cr_model m;
  const struct cr_op_spec op[] = {kernel("a", 0, 5), kernel("b", 0, 6), kernel("a", 1, 7)};
  const struct cr_model_spec spec = cr_model_unknown(name, op, 3);
  assert_int_equal(cr_workload_add_model(b, &spec, &m, NULL), CR_OK);
  return m;
}

static void models_lie_one_after_the_other(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w;
  assert_int_equal(add_small(b, "one").i, 0);
  assert_int_equal(add_small(b, "two").i, 1);
  assert_int_equal(cr_workload_seal(b, &w, NULL), CR_OK);
  assert_int_equal(w->n_model, 2);
  assert_int_equal(w->n_op, 6);
  assert_int_equal(w->model[1].op0, 3);
  assert_int_equal(w->model[1].n_op, 3);
  assert_int_equal(w->model[1].n_stage, 2);
  assert_true(w->model[1].duration_ns == 18);
  assert_string_equal(w->op[5].name, "a");
  cr_workload_builder_free(b);
}

static void everything_given_is_copied(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w;
  char op_name[] = "kernel", model_name[] = "model", client_name[] = "client";
  cr_ns at_ns[] = {1, 2};
  struct cr_op_spec op = kernel(op_name, 0, 5);
  struct cr_model_spec model = cr_model_unknown(model_name, &op, 1);
  cr_model m;
  cr_client c;
  assert_int_equal(cr_workload_add_model(b, &model, &m, NULL), CR_OK);
  struct cr_client_spec client = client_of(client_name, m);
  client.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_TRACE, .at_ns = at_ns, .n_at = 2};
  assert_int_equal(cr_workload_add_client(b, &client, &c, NULL), CR_OK);
  memset(op_name, 'x', 6);
  memset(model_name, 'x', 5);
  memset(client_name, 'x', 6);
  memset(at_ns, 0, sizeof at_ns);
  memset(&op, 0, sizeof op);
  assert_int_equal(cr_workload_seal(b, &w, NULL), CR_OK);
  assert_string_equal(w->op[0].name, "kernel");
  assert_string_equal(w->model[0].name, "model");
  assert_string_equal(w->client[0].name, "client");
  assert_true(w->client[0].arrival.at_ns[1] == 2);
  cr_workload_builder_free(b);
}

static void a_name_is_kept_once_however_often_it_comes(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w;
  add_small(b, "one");
  add_small(b, "two");
  assert_int_equal(cr_workload_seal(b, &w, NULL), CR_OK);
  assert_ptr_equal(w->op[0].name, w->op[5].name);
  assert_ptr_not_equal(w->op[0].name, w->op[1].name);
  cr_workload_builder_free(b);
}

static void ten_thousand_clients_keep_their_order(void **state)
{
  enum { N = 10000 };
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w;
  cr_model m = add_small(b, "m");
  char name[32];
  for (uint32_t i = 0; i < N; i++) {
    cr_client c;
    snprintf(name, sizeof name, "client %u", i);
    const struct cr_client_spec spec = client_of(name, m);
    assert_int_equal(cr_workload_add_client(b, &spec, &c, NULL), CR_OK);
    assert_int_equal(c.i, i);
  }
  assert_int_equal(cr_workload_seal(b, &w, NULL), CR_OK);
  for (uint32_t i = 0; i < N; i++) {
    snprintf(name, sizeof name, "client %u", i);
    assert_string_equal(w->client[i].name, name);
  }
  cr_workload_builder_free(b);
}

/* The model m of the one op is refused with these words, and a model of the same name can be added after. */
static void expect_bad_op(struct cr_op_spec op, const char *say)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_err err = {{0}};
  cr_model m = {77};
  const struct cr_model_spec spec = cr_model_unknown("m", &op, 1);
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  assert_int_equal(m.i, 77);
  if (!strstr(err.text, say) || !strstr(err.text, "model m: op 0"))
    fail_msg("'%s' lacks '%s'", err.text, say);
  assert_int_equal(add_small(b, "m").i, 0);
  cr_workload_builder_free(b);
}

static void ops_that_cannot_be_are_refused(void **state)
{
  (void)state;
  struct cr_op_spec op;
#define BAD(member, value, say) (op = kernel("k", 0, 5), op.member = (value), expect_bad_op(op, say))
  BAD(name, NULL, "has no name");
  BAD(name, "", "has no name");
  BAD(kind, CR_N_OP_KIND, "kind");
  BAD(duration_ns, 0, "duration must be longer than 0");
  BAD(duration_ns, -5, "duration must be longer than 0");
  BAD(duration_ns, CR_NS_NEVER, "duration must be longer than 0");
  BAD(stage, 1, "stage must be 0");
  BAD(blocks, 0, "blocks and threads");
  BAD(threads, 0, "blocks and threads");
  BAD(cluster_blocks, 3, "fill its clusters");
  BAD(cluster_blocks, 20, "fill its clusters");
  BAD(gap_ns, -1, "gap");
  BAD(launch_ns, -1, "launch");
  BAD(smem_bytes, -2, "shared memory");
  BAD(bytes, -2, "bytes");
  BAD(instructions, -2, "counters");
#undef BAD
  op = kernel("k", 0, 5);
  op.kind = CR_OP_MEMSET;
  op.cluster_blocks = 1;
  expect_bad_op(op, "only a kernel");
}

static void models_that_cannot_be_are_refused(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_err err;
  cr_model m;
  struct cr_op_spec op[] = {kernel("a", 0, 5), kernel("b", 2, 5)};
  struct cr_model_spec spec = cr_model_unknown("m", op, 2);
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "op 1 (b): stage"));
  spec.n_op = 0;
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "has no ops"));
  spec = cr_model_unknown("", op, 1);
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  spec = cr_model_unknown("m", op, 1);
  spec.weight_bytes = -2;
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  op[0].duration_ns = op[1].duration_ns = CR_NS_NEVER - 1;
  op[1].stage = 0;
  spec = cr_model_unknown("m", op, 2);
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "add up"));
  add_small(b, "m");
  assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "model m: there is one of this name already"));
  cr_workload_builder_free(b);
}

static void expect_bad_client(struct cr_client_spec spec, const char *say)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_err err = {{0}};
  cr_client c = {77};
  add_small(b, "m");
  assert_int_equal(cr_workload_add_client(b, &spec, &c, &err), CR_EINPUT);
  assert_int_equal(c.i, 77);
  if (!strstr(err.text, say))
    fail_msg("'%s' lacks '%s'", err.text, say);
  cr_workload_builder_free(b);
}

static void clients_that_cannot_be_are_refused(void **state)
{
  (void)state;
  static const cr_ns descending[] = {5, 4}, negative[] = {-1}, never[] = {CR_NS_NEVER};
  struct cr_client_spec spec;
#define BAD(change, say) (spec = client_of("c", (cr_model){0}), change, expect_bad_client(spec, say))
#define RATE(kind_, rate) spec.arrival = (struct cr_arrival_spec){.kind = kind_, .rate_per_s = rate}
#define TIMES(at, n)                                \
  spec.arrival = (struct cr_arrival_spec)           \
  {                                                 \
    .kind = CR_ARRIVE_TRACE, .at_ns = at, .n_at = n \
  }
  BAD(spec.name = "", "needs a name");
  BAD(spec.model.i = 1, "client c: its model");
  BAD(spec.model.i = CR_NONE, "its model");
  BAD(spec.class = (enum cr_class)2, "class");
  BAD(spec.weight = 0, "weight");
  BAD(spec.deadline_ns = 0, "deadline");
  BAD(spec.deadline_ns = -1, "deadline");
  BAD(spec.max_requests = 0, "max_requests");
  BAD(spec.arrival.depth = 0, "depth");
  BAD(spec.arrival.kind = CR_N_ARRIVAL, "arrival");
  BAD(spec.arrival.phase_ns = -1, "phase");
  BAD(spec.arrival.phase_ns = CR_NS_NEVER, "phase");
  BAD(RATE(CR_ARRIVE_UNIFORM, 0), "rate");
  BAD(RATE(CR_ARRIVE_UNIFORM, -1), "rate");
  BAD(RATE(CR_ARRIVE_POISSON, 1e7), "rate");
  BAD(RATE(CR_ARRIVE_POISSON, (double)NAN), "rate");
  BAD(TIMES(NULL, 0), "times");
  BAD(TIMES(descending, 2), "ascend");
  BAD(TIMES(negative, 1), "ascend");
  BAD(TIMES(never, 1), "ascend");
#undef BAD
}

static struct cr_client_spec job_of(const char *name, cr_model model)
{
  struct cr_client_spec spec = client_of(name, model);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_AT};
  spec.job = (struct cr_job_spec){
    .iterations = 1, .declared_ns = CR_NS_NEVER, .persistent_bytes = CR_UNKNOWN, .ephemeral_bytes = CR_UNKNOWN};
  return spec;
}

static void jobs_that_cannot_be_are_refused(void **state)
{
  (void)state;
  struct cr_client_spec spec;
#define BAD(change, say) (spec = job_of("j", (cr_model){0}), change, expect_bad_client(spec, say))
  BAD(spec.job.iterations = 0, "client j: iterations must be at least 1 for a job");
  BAD((spec.arrival.kind = CR_ARRIVE_CLOSED, spec.arrival.depth = 1), "a job is submitted once");
  BAD(spec.job.iterations = CR_NONE, "iterations times the ops of its model");
  BAD(spec.job.startup_ns = -1, "startup");
  BAD(spec.job.startup_ns = CR_NS_NEVER, "startup");
  BAD(spec.job.think_ns = -1, "think");
  BAD(spec.job.think_ns = CR_NS_NEVER, "think");
  BAD(spec.job.declared_ns = 0, "declared duration");
  BAD(spec.job.persistent_bytes = -2, "declared bytes");
  BAD(spec.job.ephemeral_bytes = -2, "declared bytes");
  BAD(spec.arrival.phase_ns = -1, "phase");
#undef BAD
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_client c;
  spec = job_of("j", add_small(b, "m"));
  spec.job.iterations = 1000000000;
  assert_int_equal(cr_workload_add_client(b, &spec, &c, NULL), CR_OK);
  cr_workload_builder_free(b);
}

static void iterations_that_cannot_be_are_refused(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_op_spec op[] = {kernel("a", 0, 5), kernel("b", 0, 5)};
  op[0].kind = CR_OP_ITERATION;
  op[0].blocks = op[0].threads = 0;
  op[0].sm_ppm = op[0].dram_ppm = CR_UNKNOWN;
  static const struct {
    int64_t sm_ppm, dram_ppm;
    cr_ns launch_ns;
    uint32_t n_op;
    const char *say;
  } bad[] = {
    {CR_UNKNOWN, CR_UNKNOWN, CR_NS_NEVER, 2, "model it: op 0 (a): an iteration must be its model's only op"},
    {1000001, 0, CR_NS_NEVER, 1, "demands of an iteration"},
    {0, -2, CR_NS_NEVER, 1, "demands of an iteration"},
    {0, 0, 5, 1, "an iteration has no launch time"},
    {500000, 1000000, CR_NS_NEVER, 1, NULL},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    op[0].sm_ppm = bad[i].sm_ppm;
    op[0].dram_ppm = bad[i].dram_ppm;
    op[0].launch_ns = bad[i].launch_ns;
    const struct cr_model_spec spec = cr_model_unknown("it", op, bad[i].n_op);
    struct cr_err err = {""};
    cr_model m;
    assert_int_equal(cr_workload_add_model(b, &spec, &m, &err), bad[i].say ? CR_EINPUT : CR_OK);
    if (bad[i].say && !strstr(err.text, bad[i].say))
      fail_msg("\"%s\" does not say \"%s\"", err.text, bad[i].say);
  }
  cr_workload_builder_free(b);
}

static void a_client_s_name_is_its_own(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_err err;
  cr_client c;
  cr_model m = add_small(b, "same"); /* a model may be called like a client */
  const struct cr_client_spec spec = client_of("same", m);
  assert_int_equal(cr_workload_add_client(b, &spec, &c, &err), CR_OK);
  assert_int_equal(cr_workload_add_client(b, &spec, &c, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "client same: there is one of this name already"));
  cr_workload_builder_free(b);
}

static void nothing_can_be_added_once_sealed(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w, *again;
  struct cr_err err;
  cr_model m = add_small(b, "m");
  assert_int_equal(cr_workload_seal(b, &w, NULL), CR_OK);
  const struct cr_op_spec op = kernel("k", 0, 5);
  const struct cr_model_spec model = cr_model_unknown("late", &op, 1);
  const struct cr_client_spec client = client_of("late", m);
  cr_client c;
  assert_int_equal(cr_workload_add_model(b, &model, &m, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "sealed"));
  assert_int_equal(cr_workload_add_client(b, &client, &c, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "sealed"));
  assert_int_equal(cr_workload_seal(b, &again, NULL), CR_OK);
  assert_ptr_equal(w, again);
  cr_workload_builder_free(b);
}

/* Builds a workload of two models and a client; CR_OK or CR_ENOMEM. */
static int build(void)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  if (!b)
    return CR_ENOMEM;
  const struct cr_op_spec op[] = {kernel("a", 0, 5), kernel("b", 1, 6)};
  const struct cr_model_spec one = cr_model_unknown("one", op, 2), two = cr_model_unknown("two", op, 2);
  static const cr_ns at_ns[] = {1, 2, 3};
  const struct cr_workload *w;
  cr_model m;
  cr_client c;
  int rc = cr_workload_add_model(b, &one, &m, NULL);
  rc = rc ? rc : cr_workload_add_model(b, &two, &m, NULL);
  struct cr_client_spec client = client_of("c", m);
  client.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_TRACE, .at_ns = at_ns, .n_at = 3};
  rc = rc ? rc : cr_workload_add_client(b, &client, &c, NULL);
  rc = rc ? rc : cr_workload_seal(b, &w, NULL);
  cr_workload_builder_free(b);
  return rc;
}

static void a_failed_allocation_is_said_and_nothing_leaks(void **state)
{
  (void)state;
  int rc = CR_ENOMEM;
  uint64_t n = 0;
  for (; rc != CR_OK && n < 100; n++) {
    t_fail_allocation_after(n);
    rc = build();
    t_allocations_succeed();
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
  }
  assert_int_equal(rc, CR_OK);
  assert_true(n > 5); /* some did fail */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(models_lie_one_after_the_other),
    cmocka_unit_test(everything_given_is_copied),
    cmocka_unit_test(a_name_is_kept_once_however_often_it_comes),
    cmocka_unit_test(ten_thousand_clients_keep_their_order),
    cmocka_unit_test(ops_that_cannot_be_are_refused),
    cmocka_unit_test(models_that_cannot_be_are_refused),
    cmocka_unit_test(clients_that_cannot_be_are_refused),
    cmocka_unit_test(jobs_that_cannot_be_are_refused),
    cmocka_unit_test(iterations_that_cannot_be_are_refused),
    cmocka_unit_test(a_client_s_name_is_its_own),
    cmocka_unit_test(nothing_can_be_added_once_sealed),
    cmocka_unit_test(a_failed_allocation_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
