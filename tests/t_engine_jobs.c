/* t_engine_jobs.c - jobs on the simulated device: passes of kernels, runs of iterations, what is refused. */
#include "config.h"

#include "sim/core.h"
#include "sim/mem.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/manager.h"
#include "tests/t.h"
#include "traces/device_file.h"

/* --- on the simulated device -------------------------------------------------------------------------------------- */

/* Three kernels, a copy, as from a graph or launched eagerly. */
static cr_model add_net(struct cr_workload_builder *w, int is_eager)
{
  struct cr_op_spec op[4];
  for (uint32_t i = 0; i < 4; i++) {
    op[i] = cr_op_unknown(i == 3 ? "copy" : "k", i == 3 ? CR_OP_COPY_D2H : CR_OP_KERNEL, 9000 + 3000 * i);
    op[i].gap_ns = i ? 1500 : CR_NS_NEVER;
    op[i].launch_ns = is_eager ? 7000 : CR_NS_NEVER;
    op[i].calls = 1;
    op[i].pageable = CR_YES;
    op[i].blocks = i == 3 ? 0 : 200 + 300 * i;
    op[i].threads = i == 3 ? 0 : 256;
    op[i].regs = 40;
    op[i].smem_bytes = 0;
    op[i].bytes = i == 3 ? 4096 : CR_UNKNOWN;
  }
  struct cr_model_spec spec = cr_model_unknown("net", op, 4);
  cr_model m = {0};
  assert_int_equal(cr_workload_add_model(w, &spec, &m, NULL), CR_OK);
  return m;
}

struct spans {
  struct cr_op_span span[200];
  uint32_t n;
};

static void keep_span(void *ctx, const struct cr_op_span *span)
{
  struct spans *s = ctx;
  assert_true(s->n < sizeof s->span / sizeof *s->span);
  s->span[s->n++] = *span;
}

/* Its ops under a policy on a whole device description. */
static struct cr_result run_net(int is_eager, int is_job, const struct cr_policy_ops *ops, const char *policy_options,
                                const char *model_set, struct spans *spans)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_device_desc device;
  struct cr_err err = {""};
  if (cr_device_load("h200", NULL, 0, arena, &device, &err) != CR_OK)
    fail_msg("%s", err.text);
  struct cr_machine machine = {.n_device = 1, .device = &device};
  struct cr_workload_builder *w = cr_workload_builder_new();
  cr_model net = add_net(w, is_eager);
  struct cr_client_spec closed = load_closed("c", net, CR_BE, 1);
  closed.max_requests = 20;
  struct cr_client_spec job = load_job("j", net, 0, 20);
  job.job.think_ns = ops == &manager ? 12345 : 0;
  load_add(w, is_job ? job : closed);
  struct cr_observer observer = {.ctx = spans, .on_op = keep_span};
  struct cr_core_cfg cfg = load_cfg(load_seal(w), ops);
  cfg.policy_options = policy_options;
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  cfg.model_set = model_set;
  cfg.observer = &observer;
  struct cr_result r = manager_run(&cfg);
  cr_workload_builder_free(w);
  cr_arena_free(arena);
  return r;
}

static void a_job_of_kernels_runs_like_closed_requests_one_after_the_other(void **state)
{
  (void)state;
  static const char *const fidelity[] = {"fidelity=wave,launch=0us,launch_busy=0us", "fidelity=kernel,launch=0us,launch_busy=0us"};
  for (int f = 0; f < 2; f++)
    for (int is_eager = 0; is_eager < 2; is_eager++) {
      struct spans closed = {.n = 0}, job = {.n = 0};
      struct cr_result as_requests = run_net(is_eager, 0, manager_policy("streams"), NULL, fidelity[f], &closed);
      struct cr_result as_job = run_net(is_eager, 1, manager_policy("streams"), NULL, fidelity[f], &job);
      assert_int_equal(as_job.end_ns, as_requests.end_ns);
      cr_result_fini(&as_requests);
      cr_result_fini(&as_job);
      assert_int_equal(closed.n, 80);
      assert_int_equal(job.n, 80);
      for (uint32_t i = 0; i < 80; i++) {
        assert_int_equal(job.span[i].start_ns, closed.span[i].start_ns);
        assert_int_equal(job.span[i].end_ns, closed.span[i].end_ns);
        assert_int_equal(job.span[i].op, closed.span[i].op);
      }
    }
}

static void parked_kernels_run_once_each_and_in_order_and_nothing_is_thought_twice(void **state)
{
  enum { START_NS = 5000 }; /* a launch on an idle stream takes less */
  (void)state;
  for (int is_eager = 0; is_eager < 2; is_eager++)
    for (uint32_t seed = 1; seed < 60; seed++) {
      struct spans spans = {.n = 0};
      char text[64];
      snprintf(text, sizeof text, "lanes=1,ops=%u,park=%u,again=%u", 4 * (seed % 5), 1000 * seed, 2000 / seed);
      struct cr_result r = run_net(is_eager, 1, &manager, text, NULL, &spans);
      assert_int_equal(spans.n, 80);
      cr_ns busy_ns = 0;
      for (uint32_t i = 0; i < 80; i++) {
        assert_int_equal(spans.span[i].op, i % 4);
        busy_ns += spans.span[i].end_ns - spans.span[i].start_ns;
        if (i && i % 4 == 0)
          assert_in_range(spans.span[i].start_ns - spans.span[i - 1].end_ns, 12345, 12345 + START_NS);
      }
      assert_int_equal(r.job[0].how, CR_JOB_DONE);
      assert_true(r.job[0].used_ns >= busy_ns);
      assert_true(r.job[0].used_ns <= r.end_ns - 19 * 12345);
      cr_result_fini(&r);
    }
}

static void refused_at_open(const struct cr_workload *w, const struct cr_policy_ops *ops, const char *sentence)
{
  struct cr_core_cfg cfg = load_cfg(w, ops);
  cfg.backend = &cr_backend_sim;
  struct cr_result r;
  struct cr_err err = {""};
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_EINPUT);
  if (!strstr(err.text, sentence))
    fail_msg("\"%s\" does not say \"%s\"", err.text, sentence);
}

static void what_nobody_measured_of_iterations_is_refused(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, load_job("a", load_iteration(w, "A", 100, 0, 0), 0, 3));
  struct cr_client_spec rt = load_job("b", load_iteration(w, "B", 100, 0, 0), 0, 3);
  rt.priority = -5;
  load_add(w, rt);
  const struct cr_workload *of_iterations = load_seal(w);
  refused_at_open(of_iterations, manager_policy("timeslice"),
                  "processes take turns on the device op by op, but of model A only");
  refused_at_open(of_iterations, manager_policy("priority"),
                  "different priorities, but of model A only the time of an iteration");
  struct cr_workload_builder *mixed = cr_workload_builder_new();
  load_add(mixed, load_job("a", load_iteration(mixed, "A", 100, 0, 0), 0, 3));
  load_add(mixed, load_job("b", load_model(mixed, "B", 2, 100), 0, 3));
  refused_at_open(load_seal(mixed), manager_policy("streams"),
                  "of model A only the time of an iteration is known, of model B single ops");
  cr_workload_builder_free(mixed);
  cr_workload_builder_free(w);
}

static void runs_of_iterations_are_seen_as_one_span(void **state)
{
  (void)state;
  struct cr_workload_builder *w = cr_workload_builder_new();
  load_add(w, manager_five_hundreds(load_iteration(w, "net", 100, 60, 70)));
  struct spans spans = {.n = 0};
  struct cr_observer observer = {.ctx = &spans, .on_op = keep_span};
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.backend = &cr_backend_sim;
  cfg.policy_options = "ops=3,park=160";
  cfg.observer = &observer;
  struct cr_result r = manager_run(&cfg);
  assert_int_equal(spans.n, 3); /* 1, parked while it thinks; 3; 1 */
  assert_int_equal(spans.span[0].start_ns, 57);
  assert_int_equal(spans.span[0].end_ns, 157);
  assert_int_equal(spans.span[0].n, 1);
  assert_int_equal(spans.span[1].start_ns, 167); /* 3 of 10 were thought when it was parked */
  assert_int_equal(spans.span[1].n, 3);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* Relaunched at once, on either backend, whether it runs or thinks. */
static void however_often_a_job_is_parked_it_ends_when_it_would_have(void **state)
{
  (void)state;
  for (uint32_t seed = 0; seed < 300; seed++)
    for (int b = 0; b < 2; b++) {
      struct cr_workload_builder *w = cr_workload_builder_new();
      uint64_t d = cr_draw(seed, CR_RNG_TEST, 3, 0);
      cr_ns each_ns = 1 + (cr_ns)(d & 63), think_ns = (cr_ns)(d >> 8 & 63);
      uint32_t n = 1 + (uint32_t)(d >> 16 & 15);
      struct cr_client_spec spec = load_job("job", load_iteration(w, "net", each_ns, 0, 0), 0, n);
      spec.job.think_ns = think_ns;
      load_add(w, spec);
      struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
      char text[64];
      snprintf(text, sizeof text, "lanes=1,ops=%u,park=%u,again=1000", seed % 4, 1 + seed % 29);
      cfg.policy_options = text;
      cfg.backend = manager_backends[b];
      struct cr_result r = manager_run(&cfg);
      assert_int_equal(r.job[0].end_ns, n * each_ns + (n - 1) * think_ns);
      assert_int_equal(r.job[0].used_ns, n * each_ns);
      cr_result_fini(&r);
      cr_workload_builder_free(w);
    }
}

static void a_wall_clock_lets_jobs_live_as_long(void **state)
{
  (void)state;
  static const cr_ns ms = 1000000;
  struct cr_workload_builder *w = cr_workload_builder_new();
  struct cr_client_spec spec = load_job("job", load_iteration(w, "net", 4 * ms, 60, 70), 2 * ms, 5);
  spec.job.startup_ns = 3 * ms;
  spec.job.think_ns = 1 * ms;
  load_add(w, spec);
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
  cfg.backend = &cr_backend_wall;
  cfg.policy_options = "ops=1";
  struct cr_result r = manager_run(&cfg);
  assert_int_equal(r.job[0].how, CR_JOB_DONE);
  assert_true(r.job[0].end_ns >= 29 * ms && r.job[0].end_ns < 200 * ms);
  assert_true(r.job[0].used_ns >= 20 * ms && r.job[0].used_ns < 170 * ms);
  cr_result_fini(&r);
  cr_workload_builder_free(w);
}

/* One lane of the simulator is a stream in series, which is all that the fake backend has: both tell the same lives, of
 * iterations and of kernels, however they are parked. */
static void the_simulator_and_the_fake_backend_tell_the_same_lives(void **state)
{
  (void)state;
  uint64_t n_back = 0;
  for (uint32_t seed = 0; seed < 200; seed++) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    for (uint32_t c = 0; c < 1 + seed % 5; c++) {
      uint64_t d = cr_draw(seed, CR_RNG_TEST, 2, c);
      char name[16];
      snprintf(name, sizeof name, "j%u", c);
      cr_model m = load_iteration(w, name, 1 + (cr_ns)(d & 255), 0, 0);
      struct cr_client_spec spec = load_job(name, m, (cr_ns)(d >> 8 & 255), 1 + (uint32_t)(d >> 16 & 15));
      spec.job.startup_ns = (cr_ns)(d >> 20 & 63);
      spec.job.think_ns = d >> 26 & 1 ? (cr_ns)(d >> 27 & 127) : 0;
      load_add(w, spec);
    }
    struct cr_core_cfg cfg = load_cfg(load_seal(w), &manager);
    char text[64];
    snprintf(text, sizeof text, "lanes=1,ops=%u,park=%u,again=%u", seed % 7, 1 + seed * 37 % 211, seed % 50);
    cfg.policy_options = text;
    struct load_record record[2] = {{0}, {0}};
    struct cr_result r[2];
    for (int b = 0; b < 2; b++) {
      cfg.backend = manager_backends[b];
      r[b] = manager_run_as(&cfg, &record[b], CR_OK, CR_DONE);
      n_back += r[b].n_preempt;
    }
    for (uint64_t i = 0; i < record[0].n && i < record[1].n; i++)
      if (memcmp(&record[0].note[i], &record[1].note[i], sizeof record[0].note[i]) != 0) {
        struct cr_text t = {0};
        cr_note_print(&record[0].note[i], &t);
        cr_text_add(&t, " / ");
        cr_note_print(&record[1].note[i], &t);
        fail_msg("seed %u (%s): %s", seed, text, t.s);
      }
    assert_int_equal(record[0].n, record[1].n);
    for (int b = 0; b < 2; b++) {
      cr_result_fini(&r[b]);
      load_record_fini(&record[b]);
    }
    cr_workload_builder_free(w);
  }
  assert_true(n_back > 2000);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

static void what_happens_in_a_life_does_not_depend_on_its_iterations(void **state)
{
  (void)state;
  for (uint32_t n = 1; n <= 1000000; n *= 1000) {
    struct cr_workload_builder *w = cr_workload_builder_new();
    cr_model net = load_iteration(w, "net", 100, 0, 0);
    for (uint32_t i = 0; i < 50; i++) {
      char name[16];
      snprintf(name, sizeof name, "j%u", i);
      load_add(w, load_job(name, net, i, n));
    }
    struct cr_core_cfg cfg = load_cfg(load_seal(w), manager_policy("streams"));
    cfg.backend = &cr_backend_sim;
    struct cr_result r = manager_run(&cfg);
    assert_int_equal(r.n_event, 50 * 4); /* job, ready, request, done */
    assert_int_equal(r.n_op, 50 * n);
    cr_result_fini(&r);
    cr_workload_builder_free(w);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_job_of_kernels_runs_like_closed_requests_one_after_the_other),
    cmocka_unit_test(parked_kernels_run_once_each_and_in_order_and_nothing_is_thought_twice),
    cmocka_unit_test(what_nobody_measured_of_iterations_is_refused),
    cmocka_unit_test(runs_of_iterations_are_seen_as_one_span),
    cmocka_unit_test(however_often_a_job_is_parked_it_ends_when_it_would_have),
    cmocka_unit_test(a_wall_clock_lets_jobs_live_as_long),
    cmocka_unit_test(the_simulator_and_the_fake_backend_tell_the_same_lives),
    cmocka_unit_test(what_happens_in_a_life_does_not_depend_on_its_iterations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
