/* t_rta.c - response-time bounds: worked examples, and that bound D is never above the paper's. */
#include "config.h"

#include "tests/t.h"

#include "plan/rta.h"
#include "sim/rng.h"

enum { TASK_MAX = 7, NODE_MAX = 5, CELL = TASK_MAX * NODE_MAX };

struct set {
  struct cr_rta a;
  cr_ns period[TASK_MAX], cost[CELL], limit[TASK_MAX];
};

static void bind(struct set *s, uint32_t n_task, uint32_t n_node, cr_ns limit_ns)
{
  for (uint32_t i = 0; i < n_task; i++)
    s->limit[i] = limit_ns;
  s->a = (struct cr_rta){n_task, n_node, s->period, s->period, s->cost, s->limit, limit_ns};
}

/* paper, literal, overlap, holistic: [n_task] of each, or NULL. */
static void check(const cr_ns *period, const cr_ns *cost, uint32_t n_task, uint32_t n_node, const cr_ns *paper,
                  const cr_ns *literal, const cr_ns *overlap, const cr_ns *holistic)
{
  struct set s;
  cr_ns got[4][TASK_MAX], arrival[CELL];
  const cr_ns *const want[4] = {paper, literal, overlap, holistic};
  memcpy(s.period, period, n_task * sizeof *period);
  memcpy(s.cost, cost, (size_t)n_task * n_node * sizeof *cost);
  bind(&s, n_task, n_node, 100000);
  cr_rta_paper(&s.a, CR_RTA_ON_NODE, got[0]);
  cr_rta_paper(&s.a, CR_RTA_ANYWHERE, got[1]);
  cr_rta_overlap(&s.a, got[2]);
  cr_rta_holistic(&s.a, arrival, got[3]);
  for (int b = 0; b < 4; b++)
    for (uint32_t i = 0; want[b] && i < n_task; i++)
      assert_int_equal(got[b][i], want[b][i]);
}

#define LIST(...) ((const cr_ns[]){__VA_ARGS__})

static void four_tasks_that_leave_nodes_out(void **state) /* V1 */
{
  (void)state;
  check(LIST(20, 30, 50, 80), LIST(2, 3, 1, 3, 0, 4, 4, 5, 2, 0, 6, 3), 4, 3, LIST(27, 27, 48, 46),
        LIST(30, 31, 51, 46), LIST(20, 20, 37, 36), LIST(20, 17, 34, 25));
}

static void a_path_that_splits_and_merges_counts_twice(void **state) /* V2 */
{
  (void)state;
  check(LIST(100, 200), LIST(5, 1, 5, 1, 0, 1), 2, 3, LIST(13, 21), NULL, LIST(13, 16), LIST(13, 12));
}

static void one_node_is_a_processor(void **state) /* V3 */
{
  (void)state;
  check(LIST(10, 15, 40), LIST(2, 3, 4), 3, 1, LIST(6, 13, 19), NULL, LIST(6, 11, 14), LIST(6, 9, 9));
}

static void three_equal_stages_on_three_nodes(void **state) /* V4 */
{
  (void)state;
  check(LIST(40, 60, 90), LIST(3, 3, 3, 3, 3, 3, 3, 3, 3), 3, 3, LIST(18, 24, 21), NULL, LIST(18, 21, 15),
        LIST(18, 27, 27));
}

static void leaving_a_node_out_is_no_split(void **state)
{
  (void)state;
  /* The first task has nothing on node 2, which the second uses: they never part. */
  check(LIST(100, 100), LIST(5, 0, 5, 1, 1, 1), 2, 3, NULL, NULL, LIST(12, 12), NULL);
}

static void a_task_alone_takes_what_its_stages_take(void **state)
{
  (void)state;
  check(LIST(50), LIST(4, 0, 7), 1, 3, LIST(11), LIST(11), LIST(11), LIST(11));
}

static void nothing_is_told_beyond_the_limit(void **state)
{
  (void)state;
  struct set s = {.period = {10, 10, 100}, .cost = {6, 6, 1}};
  cr_ns got[3], arrival[3];
  bind(&s, 3, 1, 10000);
  cr_rta_paper(&s.a, CR_RTA_ON_NODE, got);
  assert_true(got[1] == 37 && got[2] == CR_NS_NEVER); /* those above need 120 % */
  cr_rta_overlap(&s.a, got);
  assert_true(got[0] == 12 && got[1] == CR_NS_NEVER && got[2] == CR_NS_NEVER);
  cr_rta_holistic(&s.a, arrival, got);
  assert_true(got[0] == 12 && got[1] == CR_NS_NEVER && got[2] == CR_NS_NEVER);
}

static void huge_numbers_saturate(void **state)
{
  (void)state;
  struct set s = {.period = {1, INT64_MAX - 1}, .cost = {INT64_MAX - 1, INT64_MAX / 2, 1, INT64_MAX - 1}};
  cr_ns got[2], arrival[4];
  bind(&s, 2, 2, INT64_MAX - 1);
  cr_rta_paper(&s.a, CR_RTA_ANYWHERE, got);
  assert_true(got[0] == CR_NS_NEVER && got[1] == CR_NS_NEVER);
  cr_rta_overlap(&s.a, got);
  assert_true(got[0] == CR_NS_NEVER && got[1] == CR_NS_NEVER);
  cr_rta_holistic(&s.a, arrival, got);
  assert_true(got[0] == CR_NS_NEVER && got[1] == CR_NS_NEVER);
}

static void draw(struct set *s, uint32_t seed)
{
  uint64_t n = 0;
  uint32_t n_task = 1 + (uint32_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % TASK_MAX);
  uint32_t n_node = 1 + (uint32_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % NODE_MAX);
  for (uint32_t i = 0; i < n_task; i++) {
    cr_ns sum = 0;
    for (uint32_t k = 0; k < n_node; k++) {
      int used = cr_draw(seed, CR_RNG_TEST, 0, n++) % 3 != 0;
      s->cost[i * n_node + k] = used ? 1 + (cr_ns)(cr_draw(seed, CR_RNG_TEST, 0, n++) % 20) : 0;
      sum += s->cost[i * n_node + k];
    }
    s->cost[i * n_node] += sum == 0;
    s->period[i] = sum + 1 + (cr_ns)(cr_draw(seed, CR_RNG_TEST, 0, n++) % 400);
  }
  bind(s, n_task, n_node, 20000);
}

static void bound_D_is_never_above_the_paper_s(void **state)
{
  (void)state;
  uint32_t n_compared = 0, n_less = 0;
  for (uint32_t seed = 1; seed <= 20000; seed++) {
    struct set s;
    cr_ns paper[TASK_MAX], literal[TASK_MAX], overlap[TASK_MAX];
    draw(&s, seed);
    cr_rta_paper(&s.a, CR_RTA_ON_NODE, paper);
    cr_rta_paper(&s.a, CR_RTA_ANYWHERE, literal);
    cr_rta_overlap(&s.a, overlap);
    for (uint32_t i = 0; i < s.a.n_task; i++) {
      assert_true(paper[i] <= literal[i]);
      if (paper[i] > s.period[i])
        break; /* and with it all below: the paper's test rests on those above */
      n_compared++;
      n_less += overlap[i] < paper[i];
      if (overlap[i] > paper[i])
        print_message("# seed %u, task %u\n", seed, i + 1);
      assert_true(overlap[i] <= paper[i]);
    }
  }
  assert_true(n_compared > 20000 && n_less > n_compared / 2);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(four_tasks_that_leave_nodes_out),
    cmocka_unit_test(a_path_that_splits_and_merges_counts_twice),
    cmocka_unit_test(one_node_is_a_processor),
    cmocka_unit_test(three_equal_stages_on_three_nodes),
    cmocka_unit_test(leaving_a_node_out_is_no_split),
    cmocka_unit_test(a_task_alone_takes_what_its_stages_take),
    cmocka_unit_test(nothing_is_told_beyond_the_limit),
    cmocka_unit_test(huge_numbers_saturate),
    cmocka_unit_test(bound_D_is_never_above_the_paper_s),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
