/* t_soundness.c - no task is seen to respond later than its bounds say, and the search would notice a bound that is too low. */
#include "config.h"

#include "tests/t.h"

#include "tests/adversary.h"

enum { SETS = 600, EFFORT = 160, FIRST_SEED = 1000000 };

static void check(const cr_ns *worst, const cr_ns *want, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    assert_true(worst[i] == want[i]);
}

static void the_simulator_runs_by_hand(void **state)
{
  (void)state;
  /* Two nodes; the task below begins at 0 and holds node 1 until 4, the one above arrives at 1. */
  static const cr_ns period[] = {100, 100}, cost[] = {2, 3, 4, 5};
  static const struct cr_rta a = {
    .n_task = 2, .n_node = 2, .period_ns = period, .deadline_ns = period, .cost_ns = cost};
  struct pipeline_load load = {.n_job = {1, 1}, .release_ns = {{1}, {0}}, .exec_ns = {{{2, 3}}, {{4, 5}}}};
  cr_ns worst[2];
  pipeline_run(&a, &load, worst); /* 4-6 the one above on node 1; node 2: 4-9 the one below, 9-12 the one above */
  check(worst, (const cr_ns[]){11, 9}, 2);
  load.release_ns[0][0] = 0; /* at one instant the one above goes first: 0-2, 2-5; below 2-6, 6-11 */
  pipeline_run(&a, &load, worst);
  check(worst, (const cr_ns[]){5, 11}, 2);
  load.exec_ns[0][0][0] = 0; /* a stage of no time passes at once: 0-0, 0-3; below 0-4, 4-9 */
  pipeline_run(&a, &load, worst);
  check(worst, (const cr_ns[]){3, 9}, 2);
}

static void jobs_of_a_task_pass_in_order(void **state)
{
  (void)state;
  static const cr_ns period[] = {5}, cost[] = {4, 0, 6};
  static const struct cr_rta a = {
    .n_task = 1, .n_node = 3, .period_ns = period, .deadline_ns = period, .cost_ns = cost};
  static const struct pipeline_load load = {
    .n_job = {3}, .release_ns = {{0, 5, 10}}, .exec_ns = {{{4, 0, 6}, {4, 0, 6}, {4, 0, 6}}}};
  cr_ns worst[1];
  pipeline_run(&a, &load, worst); /* ends at 10, 16, 22 */
  check(worst, (const cr_ns[]){12}, 1);
}

static void a_split_path_delays_twice(void **state) /* V2 */
{
  (void)state;
  static const cr_ns period[] = {100, 200}, cost[] = {5, 1, 5, 1, 0, 1}, limit[] = {1000, 1000};
  static const struct cr_rta a = {2, 3, period, period, cost, limit, 1000};
  static const struct pipeline_load load = {.n_job = {1, 1}, .exec_ns = {{{5, 1, 5}}, {{1, 0, 1}}}};
  cr_ns worst[2], bound[2], loose[2];
  pipeline_run(&a, &load, worst);
  assert_true(worst[1] == 12);
  cr_rta_overlap(&a, bound);
  adversary_bound(&a, ADVERSARY_SPLIT, loose);
  assert_true(bound[1] == 16 && loose[1] == 11); /* which is less than what is seen */
}

static void no_task_is_seen_beyond_its_bounds_and_bounds_that_are_too_low_are_noticed(void **state)
{
  (void)state;
  struct adversary_tally t = {0};
  for (uint32_t i = 0; i < SETS; i++)
    adversary_try(FIRST_SEED + i, EFFORT, &t);
  if (t.bad_seed)
    print_message("# the set of seed %u has a task beyond its bound\n", (unsigned)t.bad_seed);
  assert_true(t.n_set == SETS && t.n_accepted[ADVERSARY_TIGHT] > SETS && t.n_accepted[ADVERSARY_PAPER] > SETS / 2);
  for (int b = 0; b < ADVERSARY_N_BOUND; b++)
    assert_true(t.n_violated[b] == 0);
  assert_true(t.seen_ppm[ADVERSARY_TIGHT] == 1000000); /* and it is reached */
  assert_true(t.n_above_paper == 0);
  assert_true(t.n_differs == 0);
  for (int term = ADVERSARY_STAGE; term <= ADVERSARY_CARRY_IN; term++) {
    if (!t.n_noticed[term])
      print_message("# leaving out %s is not noticed\n", adversary_term_name[term]);
    assert_true(t.n_noticed[term] > 0);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(the_simulator_runs_by_hand),
    cmocka_unit_test(jobs_of_a_task_pass_in_order),
    cmocka_unit_test(a_split_path_delays_twice),
    cmocka_unit_test(no_task_is_seen_beyond_its_bounds_and_bounds_that_are_too_low_are_noticed),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
