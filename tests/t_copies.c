/* t_copies.c - copies against hand-worked times: alone, in one direction, in both, of pageable memory, beside kernels. */
#include "config.h"

#include "tests/t.h"

#include "policies/list.h"
#include "sim/copy_engines.h"
#include "sim/core.h"
#include "sim/rng.h"
#include "tests/load.h"

enum { N_STREAM = 8 };

static struct cr_op_spec copy(enum cr_op_kind kind, enum cr_answer pageable, cr_ns duration_ns)
{
  struct cr_op_spec op = cr_op_unknown("copy", kind, duration_ns);
  op.gap_ns = 0;
  op.pageable = pageable;
  op.bytes = 1 << 20;
  return op;
}

struct plan {
  cr_ns at_ns; /* ascending; number is the stream */
  struct cr_op_spec op;
};

struct bench {
  struct cr_arena *arena;
  struct cr_copies copies;
  cr_ns end_ns[N_STREAM];
};

static void take_until(struct bench *b, cr_ns to_ns)
{
  while (b->copies.next_ns <= to_ns && b->copies.n) {
    cr_ns now_ns = b->copies.next_ns;
    for (uint32_t stream; (stream = cr_copies_take(&b->copies, now_ns)) != CR_NONE;)
      b->end_ns[stream] = now_ns;
  }
}

/* Runs the copies, one a stream. */
static void run(struct bench *b, double duplex, const struct plan *plan, uint32_t n)
{
  *b = (struct bench){.arena = cr_arena_new()};
  assert_non_null(b->arena);
  assert_int_equal(cr_copies_init(&b->copies, duplex, N_STREAM, b->arena), CR_OK);
  for (uint32_t i = 0; i < n; i++) {
    take_until(b, plan[i].at_ns);
    cr_copies_add(&b->copies, i, &plan[i].op, plan[i].at_ns);
    assert_int_equal(b->copies.n > 0, 1);
  }
  take_until(b, CR_NS_NEVER - 1);
  assert_int_equal(b->copies.n, 0);
  assert_true(b->copies.next_ns == CR_NS_NEVER);
}

static void fini(struct bench *b)
{
  cr_arena_free(b->arena);
}

static void expect(double duplex, const struct plan *plan, uint32_t n, const cr_ns *end_ns)
{
  struct bench b;
  run(&b, duplex, plan, n);
  for (uint32_t i = 0; i < n; i++)
    assert_int_equal(b.end_ns[i], end_ns[i]);
  fini(&b);
}

#define UP(ns) copy(CR_OP_COPY_H2D, CR_NO, ns)
#define DOWN(ns) copy(CR_OP_COPY_D2H, CR_NO, ns)
#define INSIDE(ns) copy(CR_OP_COPY_D2D, CR_UNSAID, ns)
#define UP_STAGED(ns) copy(CR_OP_COPY_H2D, CR_YES, ns)
#define DOWN_STAGED(ns) copy(CR_OP_COPY_D2H, CR_YES, ns)
#define EXPECT(duplex, plan, ...) expect(duplex, plan, sizeof(plan) / sizeof *(plan), (const cr_ns[]){__VA_ARGS__})

/* ------------------------------------------------------------------------------------------------------------- engines */

static void a_copy_alone_takes_its_recorded_time(void **state)
{
  (void)state;
  for (uint64_t n = 0; n < 2000; n++) {
    cr_ns ns = (cr_ns)(cr_draw(1, CR_RNG_TEST, 1, n) >> (14 + n % 50)) + 1; /* from 1 ns to 13 days */
    const struct plan plan[] = {{(cr_ns)n, copy((enum cr_op_kind)(CR_OP_COPY_H2D + n % 3), CR_UNSAID, ns)}};
    EXPECT(1.1, plan, (cr_ns)n + ns);
  }
}

static void copies_of_one_direction_follow_each_other(void **state)
{
  (void)state;
  const struct plan two[] = {{0, UP(1000)}, {0, UP(1000)}};
  EXPECT(1.1, two, 1000, 2000);
  const struct plan three[] = {{0, DOWN(1000)}, {10, DOWN(300)}, {1200, DOWN(500)}};
  EXPECT(1.1, three, 1000, 1300, 1800);
}

static void both_directions_run_at_once_each_a_little_slower(void **state)
{
  (void)state;
  const struct plan same[] = {{0, UP(1000)}, {0, DOWN(1000)}};
  EXPECT(1, same, 1000, 1000);
  EXPECT(1.1, same, 1100, 1100);
  /* Half of the first is done at 500; the rest takes 550.  In that time half of the second is done. */
  const struct plan later[] = {{0, UP(1000)}, {500, DOWN(1000)}};
  EXPECT(1.1, later, 1050, 1550);
}

static void a_queue_keeps_its_order_while_rates_change(void **state)
{
  (void)state;
  /* Up: 0 .. 1100 beside the first down, then 1000 more: the second down, 550 long, is beside it all along. */
  const struct plan plan[] = {{0, UP(1000)}, {0, UP(1000)}, {0, DOWN(1000)}, {0, DOWN(500)}};
  EXPECT(1.1, plan, 1100, 2150, 1100, 1650);
}

static void copies_inside_the_device_disturb_no_others(void **state)
{
  (void)state;
  const struct plan plan[] = {{0, UP(1000)}, {0, INSIDE(400)}, {0, INSIDE(400)}};
  EXPECT(1.1, plan, 1000, 400, 800);
}

static void copies_of_pageable_memory_take_turns_and_hold_up_no_pinned_ones(void **state)
{
  (void)state;
  const struct plan plan[] = {{0, UP_STAGED(1000)}, {0, DOWN_STAGED(1000)}, {0, UP(600)}};
  EXPECT(1.1, plan, 1000, 2000, 600);
}

static void what_is_not_said_to_be_pageable_counts_as_pinned(void **state)
{
  (void)state;
  const struct plan plan[] = {{0, copy(CR_OP_COPY_H2D, CR_UNSAID, 1000)}, {0, UP(600)}};
  EXPECT(1.1, plan, 1000, 1600);
}

/* ------------------------------------------------------------------------------------------------------------ scenarios */

enum { MAX_SPAN = 200 };

struct spans {
  struct cr_op_span span[MAX_SPAN];
  uint32_t n;
};

static void on_op(void *ctx, const struct cr_op_span *span)
{
  struct spans *s = ctx;
  if (s->n < MAX_SPAN)
    s->span[s->n++] = *span;
}

static struct cr_op_spec kernel(cr_ns duration_ns)
{
  struct cr_op_spec op = copy(CR_OP_KERNEL, CR_UNSAID, duration_ns);
  op.blocks = 1;
  op.threads = 32;
  op.smem_bytes = 0;
  return op;
}

/* Two closed clients of one request in flight, each running these ops, for 2 ms under the policy streams. */
static void run_two(const struct cr_op_spec *op, uint32_t n_op, const char *model_set, struct spans *out)
{
  struct cr_err err = {""};
  struct cr_workload_builder *b = cr_workload_builder_new();
  assert_non_null(b);
  const struct cr_model_spec model = cr_model_unknown("m", op, n_op);
  struct cr_client_spec client = {.class = CR_BE,
                                  .weight = 1,
                                  .deadline_ns = CR_NS_NEVER,
                                  .max_requests = CR_NONE,
                                  .arrival = {.kind = CR_ARRIVE_CLOSED, .depth = 1}};
  assert_int_equal(cr_workload_add_model(b, &model, &client.model, &err), CR_OK);
  for (int i = 0; i < 2; i++) {
    cr_client added;
    client.name = i ? "b" : "a";
    assert_int_equal(cr_workload_add_client(b, &client, &added, &err), CR_OK);
  }
  const struct cr_workload *w;
  assert_int_equal(cr_workload_seal(b, &w, &err), CR_OK);
  struct cr_device_desc device = load_gpu("round", 10);
  device.constant[CR_GPU_DUPLEX] = 1.1;
  const struct cr_machine machine = {.n_device = 1, .device = &device};
  *out = (struct spans){.n = 0};
  const struct cr_observer observer = {.ctx = out, .on_op = on_op};
  const struct cr_core_cfg cfg = {.workload = w,
                                  .machine = &machine,
                                  .policy = cr_policy_find("streams", strlen("streams")),
                                  .backend = &cr_backend_sim,
                                  .model_set = model_set,
                                  .duration_ns = 2000000,
                                  .seed = 1,
                                  .strict = 1,
                                  .observer = &observer};
  struct cr_result r;
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

/* The k-th op of the client: its start and end. */
static void expect_span(const struct spans *s, uint32_t client, uint32_t k, cr_ns start_ns, cr_ns end_ns)
{
  for (uint32_t i = 0; i < s->n; i++)
    if (s->span[i].client == client && k-- == 0) {
      assert_int_equal(s->span[i].start_ns, start_ns);
      assert_int_equal(s->span[i].end_ns, end_ns);
      return;
    }
  fail_msg("client %u ran too few ops", client);
}

/* Input of 100 us, then a kernel of 50: alone 150 us a request.  Two of them share the way in, which is busy all the time:
 * a request each 200 us, kernels beside the other's copies. */
static void two_programs_overlap_kernels_with_the_others_copies(void **state)
{
  (void)state;
  const struct cr_op_spec op[] = {UP(100000), kernel(50000)};
  static const char *const fidelity[] = {"fidelity=wave", "fidelity=kernel"};
  for (int f = 0; f < 2; f++) {
    struct spans s;
    run_two(op, 2, fidelity[f], &s);
    expect_span(&s, 0, 0, 0, 100000);
    expect_span(&s, 0, 1, 100000, 150000);
    expect_span(&s, 1, 0, 100000, 200000);
    expect_span(&s, 1, 1, 200000, 250000);
    for (uint32_t k = 1; k < 8; k++) {
      expect_span(&s, 0, 2 * k, 200000 * k, 200000 * k + 100000);
      expect_span(&s, 1, 2 * k, 200000 * k + 100000, 200000 * k + 200000);
    }
  }
}

/* In and out: while one's result of 55 us goes out, the other's input of 110 us comes in, both a tenth slower. */
static void results_go_out_while_input_comes_in(void **state)
{
  (void)state;
  const struct cr_op_spec op[] = {UP(110000), DOWN(55000)};
  static const char *const fidelity[] = {"fidelity=wave", "fidelity=kernel"};
  for (int f = 0; f < 2; f++) {
    struct spans s;
    run_two(op, 2, fidelity[f], &s);
    expect_span(&s, 0, 0, 0, 110000);
    expect_span(&s, 0, 1, 110000, 110000 + 60500);
    /* 60.5 us of b's input are worth 55; the other 55 run alone */
    expect_span(&s, 1, 0, 110000, 110000 + 60500 + 55000);
    expect_span(&s, 1, 1, 225500, 225500 + 60500);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_copy_alone_takes_its_recorded_time),
    cmocka_unit_test(copies_of_one_direction_follow_each_other),
    cmocka_unit_test(both_directions_run_at_once_each_a_little_slower),
    cmocka_unit_test(a_queue_keeps_its_order_while_rates_change),
    cmocka_unit_test(copies_inside_the_device_disturb_no_others),
    cmocka_unit_test(copies_of_pageable_memory_take_turns_and_hold_up_no_pinned_ones),
    cmocka_unit_test(what_is_not_said_to_be_pageable_counts_as_pinned),
    cmocka_unit_test(two_programs_overlap_kernels_with_the_others_copies),
    cmocka_unit_test(results_go_out_while_input_comes_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
