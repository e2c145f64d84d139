/* t_stage_split.c - layers to nodes by Equation 7: a worked example, brute force, ties, copies of GPU stages. */
#include "config.h"

#include "tests/t.h"

#include "plan/stage_split.h"
#include "sim/rng.h"

enum { LAYER_MAX = 6, NODE_MAX = 5, SCRATCH = (NODE_MAX + 2) * (LAYER_MAX + 1) };

struct problem {
  uint32_t n_layer, n_node;
  int64_t upto[NODE_MAX][LAYER_MAX + 1], head[NODE_MAX][LAYER_MAX], tail[NODE_MAX][LAYER_MAX];
  struct cr_stage_load load[NODE_MAX];
};

static void the_worked_example_comes_out(void **state)
{
  (void)state;
  static const int64_t u[5][3] = {{10, 20, 5}, {15, 30, 5}, {20, 10, 10}, {25, 5, 15}, {10, 10, 20}};
  static const int64_t want[6] = {30, 30, 30, 40, 50, 55};
  for (uint32_t n_layer = 0; n_layer <= 5; n_layer++) {
    int64_t upto[3][6] = {{0}}, scratch[SCRATCH];
    for (uint32_t j = 0; j < 5; j++)
      for (uint32_t k = 0; k < 3; k++)
        upto[k][j + 1] = upto[k][j] + u[j][k];
    const struct cr_stage_load load[3] = {
      {upto[0], NULL, NULL, 30}, {upto[1], NULL, NULL, 10}, {upto[2], NULL, NULL, 25}};
    uint32_t first[4];
    assert_int_equal(cr_stage_split(load, n_layer, 3, scratch, first), want[n_layer]);
    if (n_layer == 5) { /* {1} | {2, 3, 4} | {5} */
      assert_int_equal(first[0], 0);
      assert_int_equal(first[1], 1);
      assert_int_equal(first[2], 4);
      assert_int_equal(first[3], 5);
    }
  }
}

/* With copies at the ends of stages of every second node, or none. */
static void draw(uint32_t seed, int copies, struct problem *p)
{
  uint64_t n = 0;
  p->n_layer = 1 + (uint32_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % LAYER_MAX);
  p->n_node = 1 + (uint32_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % NODE_MAX);
  for (uint32_t k = 0; k < p->n_node; k++) {
    p->load[k] = (struct cr_stage_load){.upto = p->upto[k]};
    p->upto[k][0] = 0;
    if (copies && k % 2 == 0) {
      p->load[k].head = p->head[k];
      p->load[k].tail = p->tail[k];
    }
    p->load[k].used = (int64_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % 40);
    for (uint32_t j = 0; j < p->n_layer; j++) {
      p->upto[k][j + 1] = p->upto[k][j] + (int64_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % 30);
      p->head[k][j] = (int64_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % 9);
      p->tail[k][j] = (int64_t)(cr_draw(seed, CR_RNG_TEST, 0, n++) % 9);
    }
  }
}

static int64_t load_of(const struct problem *p, const uint32_t *first)
{
  int64_t most = 0;
  for (uint32_t k = 0; k < p->n_node; k++) {
    const struct cr_stage_load *l = &p->load[k];
    int64_t load = l->used + l->upto[first[k + 1]] - l->upto[first[k]];
    if (first[k] < first[k + 1] && l->head)
      load += l->head[first[k]] + l->tail[first[k + 1] - 1];
    most = load > most ? load : most;
  }
  return most;
}

/* The best of all ways. */
static int64_t brute_force(const struct problem *p, uint32_t node, uint32_t *first, uint32_t *best_first, int64_t best)
{
  if (node == 0) {
    first[0] = 0;
    int64_t load = load_of(p, first);
    if (load >= best)
      return best;
    memcpy(best_first, first, (p->n_node + 1) * sizeof *first);
    return load;
  }
  for (uint32_t x = 0; x <= (node == 1 ? 0 : first[node]); x++) {
    first[node - 1] = x;
    best = brute_force(p, node - 1, first, best_first, best);
  }
  return best;
}

static void it_is_as_good_as_brute_force(void **state)
{
  (void)state;
  for (uint32_t seed = 1; seed <= 3000; seed++) {
    struct problem p;
    int64_t scratch[SCRATCH];
    uint32_t first[NODE_MAX + 1], way[NODE_MAX + 1], best_first[NODE_MAX + 1];
    draw(seed, seed % 2 == 0, &p);
    assert_true(cr_stage_split_scratch(p.n_layer, p.n_node) <= SCRATCH);
    int64_t got = cr_stage_split(p.load, p.n_layer, p.n_node, scratch, first);
    way[p.n_node] = p.n_layer;
    int64_t want = brute_force(&p, p.n_node, way, best_first, INT64_MAX);
    if (got != want || load_of(&p, first) != want)
      print_message("# seed %u\n", seed);
    assert_true(got == want);
    assert_true(load_of(&p, first) == want); /* and the way that is told is one that good */
  }
}

static void of_equal_ways_the_last_node_gets_most(void **state)
{
  (void)state;
  static const int64_t upto[3] = {0, 1, 2};
  const struct cr_stage_load load[3] = {{upto, NULL, NULL, 5}, {upto, NULL, NULL, 3}, {upto, NULL, NULL, 2}};
  int64_t scratch[SCRATCH];
  uint32_t first[4];
  assert_int_equal(cr_stage_split(load, 2, 3, scratch, first), 5);
  assert_int_equal(first[1], 0);
  assert_int_equal(first[2], 0);
}

static void copies_of_a_stage_count_at_its_ends(void **state)
{
  (void)state;
  static const int64_t gpu[4] = {0, 1, 2, 3}, cpu[4] = {0, 5, 10, 15}, head[3] = {2, 50, 50}, tail[3] = {50, 50, 1};
  const struct cr_stage_load load[2] = {{gpu, head, tail, 0}, {cpu, NULL, NULL, 0}};
  int64_t scratch[SCRATCH];
  uint32_t first[3];
  assert_int_equal(cr_stage_split(load, 3, 2, scratch, first),
                   6); /* 2 + 3 + 1, however large copies between would be */
  assert_int_equal(first[1], 3);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(the_worked_example_comes_out),
    cmocka_unit_test(it_is_as_good_as_brute_force),
    cmocka_unit_test(of_equal_ways_the_last_node_gets_most),
    cmocka_unit_test(copies_of_a_stage_count_at_its_ends),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
