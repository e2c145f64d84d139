/* t_cpu_node.c - threads that work for as long as a layer was recorded to take; rt ranges take the cores, be ranges take turns.
 *
 * The machine may be busy: what is asked is the order of things, which the threads settle among themselves, and of times that the
 * best of some is right. */
#include "config.h"

#include "sim/cpu_node.h"

#include <time.h>

#include "sim/cores.h"
#include "tests/t.h"

enum { STREAMS = 4, LAYERS = 32, CORES = 3, RT = 0, RT_2 = 1, BE = 2, BE_2 = 3 };
static const cr_ns MS = 1000000;

/* Threads share the first of the cores that there are, more than one of them each where there are few. */
static struct cr_cpu_node *open_node(uint32_t n_core)
{
  struct cr_cores mine;
  struct cr_cpu_node *n = NULL;
  struct cr_err err = {""};
  uint16_t core[CORES];
  assert_int_equal(cr_cores_mine(&mine, &err), CR_OK);
  for (uint32_t i = 0; i < n_core; i++)
    core[i] = mine.core[i % mine.n];
  const struct cr_cpu_node_cfg cfg = {
    .core = core, .n_core = n_core, .shares = 1, .n_stream = STREAMS, .n_layer_max = LAYERS};
  if (cr_cpu_node_new(&cfg, &n, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_cpu_node_set_rt(n, RT, 1);
  cr_cpu_node_set_rt(n, RT_2, 1);
  return n;
}

static void give(struct cr_cpu_node *n, uint32_t stream, uint32_t n_layer, cr_ns each_ns)
{
  cr_ns layer_ns[LAYERS];
  for (uint32_t i = 0; i < n_layer; i++)
    layer_ns[i] = each_ns;
  cr_cpu_node_give(n, stream, &(struct cr_node_work){.layer_ns = layer_ns, .n = n_layer});
}

static struct cr_node_ran wait_for(struct cr_cpu_node *n, uint32_t stream)
{
  const struct cr_node_ran *ran;
  while (!(ran = cr_cpu_node_ended(n, stream))) {
    struct timespec t = {.tv_nsec = 50000};
    nanosleep(&t, NULL);
  }
  return *ran;
}

static void work_takes_the_time_that_it_is_given(void **state)
{
  (void)state;
  struct cr_cpu_node *n = open_node(1);
  for (cr_ns want_ns = MS / 2; want_ns <= 2 * MS; want_ns *= 2) {
    cr_ns best_ns = CR_NS_NEVER;
    for (int i = 0; i < 40; i++) {
      give(n, BE, 1, want_ns);
      best_ns = cr_min_ns(best_ns, wait_for(n, BE).ran_ns);
    }
    assert_true(best_ns > want_ns / 2); /* measured while others were at work too */
    assert_true(best_ns < 2 * want_ns);
  }
  cr_cpu_node_free(n);
}

static void layers_end_one_after_the_other(uint32_t n_core)
{
  struct cr_cpu_node *n = open_node(n_core);
  for (int i = 0; i < 5; i++) {
    give(n, i % 2 ? RT : BE, LAYERS, MS / 20);
    struct cr_node_ran ran = wait_for(n, i % 2 ? RT : BE);
    assert_true(ran.given_ns <= ran.start_ns && ran.start_ns < ran.end_ns);
    assert_true(ran.found_idle && !ran.preempted);
    assert_true(ran.ran_ns <= ran.end_ns - ran.start_ns);
    for (uint32_t k = 0; k < LAYERS; k++)
      assert_true(ran.layer_end_ns[k] > (k ? ran.layer_end_ns[k - 1] : ran.start_ns));
    assert_int_equal(ran.layer_end_ns[LAYERS - 1], ran.end_ns);
  }
  cr_cpu_node_free(n);
}

static void ranges_end_layer_by_layer(void **state)
{
  (void)state;
  layers_end_one_after_the_other(1);
  layers_end_one_after_the_other(CORES);
}

/* Be work of 30 ms makes way for 2 ms; what it had left is done.  On a busy host it may take some tries until rt work comes amidst. */
static void rt_takes_the_cores(uint32_t n_core)
{
  struct cr_cpu_node *n = open_node(n_core);
  struct timespec t = {.tv_nsec = 3 * MS};
  int n_preempted = 0;
  for (int i = 0; i < 50 && n_preempted < 4; i++) {
    give(n, BE, 3, 10 * MS);
    nanosleep(&t, NULL);
    give(n, RT, 2, MS);
    struct cr_node_ran rt = wait_for(n, RT), be = wait_for(n, BE);
    assert_true(be.found_idle);
    if (!rt.preempted) /* be work had ended, or not begun, as this thread came to it */
      continue;
    n_preempted++;
    assert_false(rt.found_idle);
    assert_true(be.start_ns < rt.start_ns && rt.end_ns < be.end_ns);
    assert_true(be.ran_ns <= be.end_ns - be.start_ns - rt.ran_ns);
    assert_true(be.ran_ns > 8 * MS);
  }
  assert_true(n_preempted > 0);
  cr_cpu_node_free(n);
}

static void rt_work_takes_the_cores_from_be_work(void **state)
{
  (void)state;
  rt_takes_the_cores(1);
  rt_takes_the_cores(CORES);
}

static void rt_ranges_run_in_the_order_in_which_they_come(void **state)
{
  (void)state;
  struct cr_cpu_node *n = open_node(2);
  for (int i = 0; i < 6; i++) {
    uint32_t first = i % 2 ? RT : RT_2, second = i % 2 ? RT_2 : RT;
    give(n, BE, 1, MS);
    give(n, first, 4, MS);
    give(n, second, 1, MS / 10);
    struct cr_node_ran a = wait_for(n, first), b = wait_for(n, second), be = wait_for(n, BE);
    assert_true(a.end_ns <= b.start_ns);
    assert_true(b.end_ns <= be.end_ns);
    assert_false(b.preempted);
  }
  cr_cpu_node_free(n);
}

/* Layers of two be ranges end by turns: none goes far ahead. */
static void be_ranges_take_turns(void **state)
{
  (void)state;
  struct cr_cpu_node *n = open_node(1);
  give(n, RT, 1, 5 * MS); /* so that both are there */
  give(n, BE, LAYERS, MS / 2);
  give(n, BE_2, LAYERS, MS / 2);
  struct cr_node_ran rt = wait_for(n, RT), a = wait_for(n, BE), b = wait_for(n, BE_2);
  assert_true(rt.end_ns <= a.end_ns);
  uint32_t n_ahead = 0;
  while (n_ahead < LAYERS && a.layer_end_ns[n_ahead] < b.layer_end_ns[0])
    n_ahead++;
  assert_true(n_ahead < LAYERS / 2);
  assert_true(a.layer_end_ns[LAYERS / 2] < b.end_ns && b.layer_end_ns[LAYERS / 2] < a.end_ns);
  cr_cpu_node_free(n);
}

static void a_node_is_left_in_the_middle_of_its_work(void **state)
{
  (void)state;
  for (uint32_t n_core = 1; n_core <= CORES; n_core++) {
    struct cr_cpu_node *n = open_node(n_core);
    give(n, n_core % 2 ? RT : BE, 4, 3600 * 1000 * MS);
    give(n, BE_2, 1, 3600 * 1000 * MS);
    cr_cpu_node_free(n); /* or this test does not end */
  }
}

static void a_core_that_is_not_there_is_said(void **state)
{
  (void)state;
  struct cr_cpu_node *n = NULL;
  struct cr_err err = {""};
  const uint16_t core[] = {CR_CORES_MAX - 1};
  const struct cr_cpu_node_cfg cfg = {.core = core, .n_core = 1, .shares = 1, .n_stream = 1, .n_layer_max = 1};
  assert_int_equal(cr_cpu_node_new(&cfg, &n, &err), CR_ERUN);
  assert_non_null(strstr(err.text, "could not be kept on their CPU cores"));
}

static void the_thread_that_calls_keeps_its_cores(void **state)
{
  (void)state;
  struct cr_cores before, after;
  struct cr_err err = {""};
  assert_int_equal(cr_cores_mine(&before, &err), CR_OK);
  cr_cpu_node_free(open_node(2));
  assert_int_equal(cr_cores_mine(&after, &err), CR_OK);
  assert_int_equal(before.n, after.n);
  assert_true(before.n > 0);
  assert_memory_equal(before.core, after.core, before.n * sizeof before.core[0]);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(work_takes_the_time_that_it_is_given),
    cmocka_unit_test(ranges_end_layer_by_layer),
    cmocka_unit_test(rt_work_takes_the_cores_from_be_work),
    cmocka_unit_test(rt_ranges_run_in_the_order_in_which_they_come),
    cmocka_unit_test(be_ranges_take_turns),
    cmocka_unit_test(a_node_is_left_in_the_middle_of_its_work),
    cmocka_unit_test(a_core_that_is_not_there_is_said),
    cmocka_unit_test(the_thread_that_calls_keeps_its_cores),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
