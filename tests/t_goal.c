/* t_goal.c - goals: how bounds are read, which contradict each other, and which setting is better. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/mem.h"
#include "studies/goal.h"

static struct cr_aim aim;

static void begin(void)
{
  aim = (struct cr_aim){.arena = cr_arena_new(), .best = CR_NONE};
  assert_non_null(aim.arena);
}

static void end(void)
{
  cr_arena_free(aim.arena);
}

static void add(const char *goal)
{
  struct cr_err err = {""};
  if (cr_aim_add_goal(&aim, goal, &err) != CR_OK)
    fail_msg("%s", err.text);
}

static void refuses(const char *goal, const char *sentence)
{
  struct cr_err err = {""};
  assert_int_equal(cr_aim_add_goal(&aim, goal, &err), CR_EINPUT);
  if (!strstr(err.text, sentence))
    fail_msg("'%s' lacks '%s'", err.text, sentence);
}

static void bounds_have_the_unit_of_their_metric(void **state)
{
  (void)state;
  begin();
  add("p99(rt)<5ms");
  add("throughput(be) >= 6/min");
  add("missed(rt)<=1%");
  add("jobs_done>99");
  assert_int_equal(aim.n_goal, 4);
  assert_near(aim.goal[0].bound, 5e6, 0);
  assert_near(aim.goal[1].bound, 0.1, 1e-12);
  assert_near(aim.goal[2].bound, 0.01, 1e-12);
  assert_near(aim.goal[3].bound, 99, 0);
  assert_true(aim.goal[0].is_upper && !aim.goal[1].is_upper && aim.goal[2].is_upper && !aim.goal[3].is_upper);
  refuses("p95(rt)<5", "p95(rt) is compared with a time, such as 5ms, not '5'");
  refuses("p95(rt)<5/s", "not '5/s'");
  refuses("throughput(rt)>5ms", "throughput(rt) is compared with a rate, such as 100/s, not '5ms'");
  refuses("dropped(rt)<5ms", "a number, such as 100");
  refuses("dropped(rt)<-5", "a number, such as 100");
  refuses("missed(be)<1ms", "a share, such as 1%");
  refuses("p98(rt)<5ms", "there is no 'p98'; did you mean p9");
  refuses("p99<5ms", "of whom?");
  refuses("p99(rt)", "write it as METRIC<BOUND");
  refuses("<5ms", "write it as METRIC<BOUND");
  refuses("p95(rt)<", "is compared with a time");
  end();
}

static void goals_that_nothing_meets_are_refused(void **state)
{
  (void)state;
  begin();
  add("p99(rt)<5ms");
  refuses("p99(rt)>6ms", "contradicts p99(rt)<5ms: nothing meets both");
  refuses("p99(rt)<4ms", "p99(rt)<5ms bounds it already");
  add("p99(rt)>5ms"); /* the bound itself meets both */
  end();
}

static void one_metric_alone_is_to_be_best(void **state)
{
  struct cr_err err = {""};
  (void)state;
  begin();
  assert_int_equal(cr_aim_set_best(&aim, "--maximize", "throughput(be)", &err), CR_OK);
  assert_true(aim.is_greatest && aim.best == 0);
  assert_int_equal(cr_aim_set_best(&aim, "--minimize", "p99(rt)", &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "throughput(be) is to be maximised already"));
  end();
}

static struct cr_score score_of(double p99_ns, double half, double per_s, int is_sure)
{
  const struct cr_interval of[] = {{.n = 3, .mean = p99_ns, .t_low = p99_ns - half, .t_high = p99_ns + half},
                                   {.n = 3, .mean = per_s, .t_low = per_s, .t_high = per_s}};
  struct cr_score s;
  cr_aim_score(&aim, of, is_sure, &s);
  return s;
}

static void bounds_go_before_what_is_best(void **state)
{
  struct cr_err err;
  (void)state;
  begin();
  add("p99(rt)<5ms");
  assert_int_equal(cr_aim_set_best(&aim, "--maximize", "throughput(be)", &err), CR_OK);
  struct cr_score slow = score_of(6e6, 0, 900, 0), fair = score_of(4e6, 0, 100, 0), good = score_of(5e6, 0, 200, 0);
  assert_near(slow.excess, 0.2, 1e-12);
  assert_near(good.excess, 0, 0);
  assert_true(cr_score_is_better(&fair, &slow) && cr_score_is_better(&good, &fair) &&
              !cr_score_is_better(&slow, &fair));
  struct cr_score slower = score_of(7e6, 0, 2000, 0);
  assert_true(cr_score_is_better(&slow, &slower));
  struct cr_score mean = score_of(4.9e6, 0.6e6, 100, 0), limit = score_of(4.9e6, 0.6e6, 100, 1);
  assert_near(mean.excess, 0, 0);
  assert_near(limit.excess, 0.1, 1e-12);
  struct cr_score unknown = score_of(NAN, NAN, 100, 0);
  assert_true(isinf(unknown.excess) && cr_score_is_better(&slower, &unknown));
  end();
}

static void without_a_best_metric_the_widest_margin_is_best(void **state)
{
  (void)state;
  begin();
  add("p99(rt)<10ms");
  add("throughput(be)>100/s");
  struct cr_score even = score_of(8e6, 0, 120, 0), uneven = score_of(1e6, 0, 110, 0);
  assert_near(even.value, -0.2, 1e-12);
  assert_near(uneven.value, -0.1, 1e-12);
  assert_true(cr_score_is_better(&even, &uneven));
  end();
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(bounds_have_the_unit_of_their_metric),
    cmocka_unit_test(goals_that_nothing_meets_are_refused),
    cmocka_unit_test(one_metric_alone_is_to_be_best),
    cmocka_unit_test(bounds_go_before_what_is_best),
    cmocka_unit_test(without_a_best_metric_the_widest_margin_is_best),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
