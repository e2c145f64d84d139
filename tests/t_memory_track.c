/* t_memory_track.c - levels of memory over time, from spans and books that are fed by hand. */
#include "config.h"

#include "sim/memory_track.h"

#include "sim/memory_curve.h"
#include "tests/load.h"
#include "tests/t.h"

struct fixture {
  struct cr_workload_builder *builder;
  struct cr_memory_track *track;
  struct cr_memory_level level[10000];
  uint32_t n;
};

/* Jobs 0 and 1 of a model with a curve over 100, job 2 of one without, job 3 of two recorded ops; a client that is none. */
static struct fixture *begin(cr_ns from_ns, cr_ns to_ns, cr_ns think_ns)
{
  static struct fixture fixture;
  static const struct cr_memory_step step[] = {{0, 10}, {250, 70}, {500, 20}};
  struct cr_memory_curve curve;
  struct fixture *f = &fixture;
  *f = (struct fixture){.builder = cr_workload_builder_new()};
  cr_model net = load_iteration(f->builder, "net", 100, 5, 0), flat = load_iteration(f->builder, "flat", 100, 5, 30);
  cr_model ops = load_sized_model(f->builder, "ops", 2, 50, 5, 40);
  assert_null(cr_memory_curve_make(step, 3, 1000, &curve));
  assert_int_equal(cr_workload_add_memory(f->builder, net, &curve, NULL), CR_OK);
  const cr_model model[] = {net, net, flat, ops};
  static const char *const name[] = {"j0", "j1", "j2", "j3"};
  for (int i = 0; i < 4; i++) {
    struct cr_client_spec job = load_job(name[i], model[i], 0, 1000000);
    job.job.think_ns = think_ns;
    load_add(f->builder, job);
  }
  load_add(f->builder, load_closed("client", ops, CR_BE, 1));
  const struct cr_memory_track_cfg cfg = {load_seal(f->builder), &load_machine, from_ns, to_ns};
  assert_int_equal(cr_memory_track_new(&cfg, &f->track, NULL), CR_OK);
  return f;
}

static void run(struct fixture *f, uint32_t client, uint32_t op, cr_ns start_ns, cr_ns end_ns, uint32_t n)
{
  cr_memory_track_op(f->track,
                     &(struct cr_op_span){.start_ns = start_ns, .end_ns = end_ns, .client = client, .op = op, .n = n});
}

static void keep(void *ctx, const struct cr_memory_level *level)
{
  struct fixture *f = ctx;
  assert_true(f->n < sizeof f->level / sizeof *f->level);
  f->level[f->n++] = *level;
}

/* want: four numbers a level: time, held, ephemeral, reserved. */
static void expect(struct fixture *f, const int64_t *want, uint32_t n)
{
  assert_int_equal(cr_memory_track_end(f->track, 0, keep, f), CR_OK);
  for (uint32_t i = 0; i < n && i < f->n; i++, want += 4) {
    const struct cr_memory_level *l = &f->level[i];
    if (l->at_ns != want[0] || l->held_bytes != want[1] || l->ephemeral_bytes != want[2] ||
        l->reserved_bytes != want[3])
      fail_msg("level %u: %lld: %lld %lld %lld", i, (long long)l->at_ns, (long long)l->held_bytes,
               (long long)l->ephemeral_bytes, (long long)l->reserved_bytes);
  }
  assert_int_equal(f->n, n);
  cr_memory_track_free(f->track);
  cr_workload_builder_free(f->builder);
}
#define EXPECT(f, ...) \
  expect(f, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t) / 4)

static void an_iteration_goes_through_its_steps(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 0);
  cr_memory_track_books(f->track, 0, 0, 0, 80);
  cr_memory_track_books(f->track, 0, 100, 5, 85);
  run(f, 0, 0, 100, 300, 2);
  cr_memory_track_books(f->track, 0, 300, 0, 80);
  EXPECT(f, 0, 0, 0, 80, 100, 5, 10, 85, 125, 5, 70, 85, 150, 5, 20, 85, 200, 5, 10, 85, 225, 5, 70, 85, 250, 5, 20, 85,
         300, 0, 0, 80);
}

static void one_that_is_slowed_is_stretched_and_thinks_in_between(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 50);
  run(f, 0, 0, 1000, 1500, 2); /* alone 250 */
  EXPECT(f, 1000, 0, 10, 0, 1050, 0, 70, 0, 1100, 0, 20, 0, 1200, 0, 0, 0, 1300, 0, 10, 0, 1350, 0, 70, 0, 1400, 0, 20,
         0, 1500, 0, 0, 0);
}

static void lanes_add_up(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 0);
  run(f, 0, 0, 0, 100, 1);
  run(f, 1, 0, 10, 110, 1);
  EXPECT(f, 0, 0, 10, 0, 10, 0, 20, 0, 25, 0, 80, 0, 35, 0, 140, 0, 50, 0, 90, 0, 60, 0, 40, 0, 100, 0, 20, 0, 110, 0,
         0, 0);
}

static void a_model_without_a_curve_is_level(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 0);
  run(f, 2, 1, 0, 70000000, 700000); /* and costs nothing, however many iterations it is */
  EXPECT(f, 0, 0, 30, 0, 70000000, 0, 0, 0);
}

static void a_pass_of_recorded_ops_is_an_iteration(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 0);
  run(f, 3, 2, 0, 50, 1);
  run(f, 4, 2, 20, 60, 1); /* no job */
  run(f, 3, 3, 60, 110, 1);
  run(f, 3, 2, 120, 170, 1);
  EXPECT(f, 0, 0, 40, 0, 110, 0, 0, 0);
}

static void a_window_shows_the_iterations_in_it_alone(void **state)
{
  (void)state;
  struct fixture *f = begin(1000040, 1000130, 0);
  cr_memory_track_books(f->track, 0, 7, 5, 80);
  cr_memory_track_books(f->track, 0, 9, 6, 81); /* what holds at its beginning */
  run(f, 0, 0, 0, 100000000, 1000000);
  cr_memory_track_books(f->track, 0, 100000000, 0, 0);
  uint64_t n;
  assert_int_equal(cr_memory_track_steps(f->track, 0, &n), 2 * 4);
  assert_false(cr_memory_track_is_cut(f->track, 0));
  EXPECT(f, 1000040, 6, 70, 81, 1000050, 6, 20, 81, 1000100, 6, 10, 81, 1000125, 6, 70, 81);
}

static void of_a_long_run_the_peaks_are_told_and_it_is_said(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 0);
  uint64_t n;
  cr_memory_track_books(f->track, 0, 0, 5, 80);
  for (cr_ns at_ns = 0; at_ns < 100000000; at_ns += 1000)
    run(f, at_ns == 50000000 ? 2 : 0, at_ns == 50000000, at_ns, at_ns + 100, 1);
  cr_memory_track_books(f->track, 0, 100000000, 0, 0);
  assert_true(cr_memory_track_is_cut(f->track, 0));
  assert_true(cr_memory_track_steps(f->track, 0, &n) > CR_MEMORY_TRACK_STEPS);
  assert_int_equal(n, 100000);
  EXPECT(f, 0, 5, 70, 80, 100000000, 0, 0, 0);
}

static void without_memory_it_says_so(void **state)
{
  (void)state;
  struct fixture *f = begin(0, CR_NS_NEVER, 0);
  t_fail_allocation_after(0);
  run(f, 0, 0, 100, 300, 2);
  int rc = cr_memory_track_end(f->track, 0, keep, f);
  t_allocations_succeed();
  assert_int_equal(rc, CR_ENOMEM);
  cr_memory_track_free(f->track);
  cr_workload_builder_free(f->builder);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_iteration_goes_through_its_steps),
    cmocka_unit_test(one_that_is_slowed_is_stretched_and_thinks_in_between),
    cmocka_unit_test(lanes_add_up),
    cmocka_unit_test(a_model_without_a_curve_is_level),
    cmocka_unit_test(a_pass_of_recorded_ops_is_an_iteration),
    cmocka_unit_test(a_window_shows_the_iterations_in_it_alone),
    cmocka_unit_test(of_a_long_run_the_peaks_are_told_and_it_is_said),
    cmocka_unit_test(without_memory_it_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
