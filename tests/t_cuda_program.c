/* t_cuda_program.c - when ops of eager programs fall due, in a time that the test makes. */
#include "config.h"

#include "sim/cuda_program.h"
#include "tests/cuda_load.h"
#include "tests/t.h"

/* Two clients of a program of four ops: calls after 10, 20, 30 and 40 us of work; a graph's client.  Recorded under no profiler. */
struct two {
  struct cuda_load load;
  struct cr_backend_cfg cfg;
  struct cr_cuda_programs *programs;
};

enum { N_OP = 4, SECOND = 1, GRAPH = 2 };

static void begin(struct two *t, uint32_t pageable, uint32_t thread, uint32_t cores)
{
  struct cr_op_spec op[N_OP], plain = cuda_load_kernel("g", 1, 64, 24, 5000);
  struct cr_err err = {""};
  cuda_load_begin(&t->load);
  for (uint32_t i = 0; i < N_OP; i++) {
    op[i] = cuda_load_kernel("k", 1, 64, 24, 5000);
    op[i].launch_ns = 10000 * (i + 1);
    if (i != pageable)
      continue;
    op[i].kind = CR_OP_COPY_H2D;
    op[i].bytes = 1 << 20;
    op[i].blocks = op[i].threads = op[i].regs = 0;
    op[i].pageable = CR_YES;
  }
  cr_model eager = cuda_load_model(&t->load, "eager", op, N_OP), graph = cuda_load_model(&t->load, "graph", &plain, 1);
  struct cr_client_spec a = load_closed("a", eager, CR_BE, 1), b = load_closed("b", eager, CR_BE, 1);
  a.thread = b.thread = thread;
  load_add(t->load.builder, a);
  load_add(t->load.builder, b);
  load_add(t->load.builder, load_closed("g", graph, CR_BE, 1));
  t->load.workload = load_seal(t->load.builder);
  t->load.device.cpu_cores = cores;
  t->load.device.constant[CR_GPU_PROFILER_CALL] = 0;
  t->cfg = (struct cr_backend_cfg){.workload = t->load.workload, .machine = &t->load.machine};
  if (cr_cuda_programs_new(&t->cfg, &t->programs, &err))
    fail_msg("%s", err.text);
}

static void end(struct two *t)
{
  cr_cuda_programs_free(t->programs);
  cr_workload_builder_free(t->load.builder);
  cr_arena_free(t->load.arena);
}

static uint32_t run_of(struct two *t, uint32_t client, cr_ns now_ns)
{
  struct cr_err err = {""};
  uint32_t run;
  const struct cr_workload *w = t->load.workload;
  const struct cr_model_info *m = &w->model[w->client[client].model.i];
  if (cr_cuda_programs_run(t->programs, client, m->op0, m->n_op, now_ns, &run, &err))
    fail_msg("%s", err.text);
  return run;
}

static uint32_t due(struct two *t, uint32_t run, cr_ns now_ns)
{
  cr_cuda_programs_move(t->programs, now_ns);
  return cr_cuda_programs_due(t->programs, run);
}

static double late(const struct two *t, const char *what)
{
  struct cr_live live = {0};
  cr_cuda_programs_tell(t->programs, &live);
  return cr_live_value(&live, what);
}

static void ops_fall_due_after_their_program_s_work(void **state)
{
  (void)state;
  struct two t;
  begin(&t, CR_NONE, 0, 0);
  uint32_t run = run_of(&t, 0, 1000);
  assert_int_equal(due(&t, run, 10999), 0);
  assert_int_equal(due(&t, run, 11000), 1);
  assert_int_equal(due(&t, run, 30999), 1);
  assert_int_equal(due(&t, run, 31000), 2);
  assert_int_equal(due(&t, run, 60999), 2);
  assert_int_equal(due(&t, run, 500000), 4);
  end(&t);
}

static void a_late_launch_moves_no_other(void **state)
{
  (void)state;
  struct two t;
  begin(&t, CR_NONE, 0, 0);
  uint32_t run = run_of(&t, 0, 0);
  assert_int_equal(due(&t, run, 17000), 1);
  cr_cuda_programs_launched(t.programs, run, 0, 0, 17000); /* 7 us late */
  assert_int_equal(due(&t, run, 29999), 1);
  assert_int_equal(due(&t, run, 30000), 2);
  cr_cuda_programs_launched(t.programs, run, 1, 33000, 34000); /* a full queue held it for 3 of 4 */
  assert_int_equal(cr_cuda_programs_times(t.programs, run)[0], 17000);
  assert_int_equal(cr_cuda_programs_times(t.programs, run)[1], 34000);
  assert_near(late(&t, "launch_late_n"), 2, 0);
  assert_near(late(&t, "launch_late_max_ns"), 7000, 0);
  assert_near(late(&t, "launch_late_mean_ns"), 4000, 0);
  end(&t);
}

static void clients_of_one_thread_launch_one_after_the_other(void **state)
{
  (void)state;
  struct two t;
  begin(&t, CR_NONE, 7, 0);
  uint32_t first = run_of(&t, 0, 0), second = run_of(&t, SECOND, 0);
  assert_int_equal(due(&t, first, 100000), 4);
  assert_int_equal(due(&t, second, 400000), 0); /* the thread waits for the end of the first */
  cr_cuda_programs_drop(t.programs, first, 400000);
  assert_int_equal(due(&t, second, 409999), 0);
  assert_int_equal(due(&t, second, 410000), 1);
  end(&t);
}

static void programs_share_the_cores_of_their_host(void **state)
{
  (void)state;
  struct two t;
  begin(&t, CR_NONE, 0, 1);
  uint32_t first = run_of(&t, 0, 0), second = run_of(&t, SECOND, 0);
  assert_int_equal(due(&t, first, 19990), 0);
  assert_int_equal(due(&t, first, 20010), 1);
  assert_int_equal(due(&t, second, 20010), 1);
  end(&t);
}

static void a_pageable_copy_holds_its_thread_for_its_recorded_time(void **state)
{
  (void)state;
  struct two t;
  begin(&t, 0, 0, 0);
  uint32_t run = run_of(&t, 0, 0);
  assert_int_equal(due(&t, run, 90000), 1);
  assert_true(cr_cuda_programs_waits(t.programs, run, 0));
  assert_false(cr_cuda_programs_waits(t.programs, run, 1));
  cr_cuda_programs_ended(t.programs, run, 0, 15000, 100000); /* it took 15 us less than was recorded */
  assert_int_equal(due(&t, run, 134999), 1);
  assert_int_equal(due(&t, run, 135000), 2);
  end(&t);
}

static void what_is_dropped_launches_no_more(void **state)
{
  (void)state;
  struct two t;
  begin(&t, 1, 7, 0);
  uint32_t first = run_of(&t, 0, 0), second = run_of(&t, SECOND, 0);
  assert_int_equal(due(&t, first, 50000), 2);
  cr_cuda_programs_ended(t.programs, first, 1, 1000000, 50000);
  cr_cuda_programs_drop(t.programs, first, 60000); /* also while its thread waits */
  assert_int_equal(due(&t, second, 70000), 1);
  assert_int_equal(run_of(&t, 0, 2000000), first); /* its number is another's */
  assert_int_equal(due(&t, first, 2000000), 0);
  end(&t);
}

static void graphs_have_no_program(void **state)
{
  (void)state;
  struct two t;
  begin(&t, CR_NONE, 0, 0);
  uint32_t run;
  struct cr_err err = {""};
  assert_int_equal(run_of(&t, GRAPH, 0), CR_NONE);
  assert_false(cr_cuda_programs_has(t.programs, 1));
  assert_true(cr_cuda_programs_has(t.programs, 0));
  assert_int_equal(cr_cuda_programs_run(NULL, 0, 0, 4, 0, &run, &err), CR_OK);
  assert_int_equal(run, CR_NONE);
  cr_cuda_programs_move(NULL, 5);
  end(&t);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(ops_fall_due_after_their_program_s_work),
    cmocka_unit_test(a_late_launch_moves_no_other),
    cmocka_unit_test(clients_of_one_thread_launch_one_after_the_other),
    cmocka_unit_test(programs_share_the_cores_of_their_host),
    cmocka_unit_test(a_pageable_copy_holds_its_thread_for_its_recorded_time),
    cmocka_unit_test(what_is_dropped_launches_no_more),
    cmocka_unit_test(graphs_have_no_program),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
