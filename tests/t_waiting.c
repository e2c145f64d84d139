/* t_waiting.c - the index over jobs that wait, against a look at each of them. */
#include "config.h"

#include "policies/waiting.h"
#include "sim/rng.h"
#include "tests/t.h"

enum { MOST = 80, SEED = 7 };

struct rig {
  struct cr_policy policy;
  struct cr_view view;
  struct cr_waiting waiting;
  struct cr_tenant tenant[MOST];
  int waits[MOST];
  uint64_t n_draw;
};

static const struct cr_policy_ops ops = {.client_bytes = sizeof(struct cr_tenant)};

static uint64_t draw(struct rig *g, uint64_t below)
{
  return cr_draw(SEED, CR_RNG_TEST, 0, g->n_draw++) % below;
}

/* n clients, of which some have no rank; needs are small numbers, so that there are ties. */
static void set_up(struct rig *g, uint32_t n)
{
  uint64_t n_draw = g->n_draw;
  *g = (struct rig){.n_draw = n_draw};
  g->view.n_client = n;
  g->policy = (struct cr_policy){.ops = &ops, .view = &g->view, .client_state = (unsigned char *)g->tenant};
  for (uint32_t i = 0; i < n; i++) {
    g->tenant[i].need = (struct cr_need){(int64_t)draw(g, 20), (int64_t)draw(g, 30)};
    g->tenant[i].rank = draw(g, 8) ? 0 : CR_NONE;
  }
  cr_waiting_init(&g->policy, &g->waiting);
}

static int fits(const struct cr_tenant *t, struct cr_box box)
{
  return t->need.persistent_bytes <= box.persistent_bytes && cr_need_total(t->need) <= box.total_bytes;
}

static uint32_t first_of_all(const struct rig *g, struct cr_box box, uint32_t than)
{
  uint32_t best = than;
  for (uint32_t i = 0; i < g->view.n_client; i++)
    if (g->waits[i] && fits(&g->tenant[i], box) &&
        (best == CR_NONE || g->tenant[i].position < g->tenant[best].position))
      best = i;
  return best;
}

static uint32_t largest_of_all(const struct rig *g, struct cr_box box)
{
  uint32_t best = CR_NONE;
  for (uint32_t i = 0; i < g->view.n_client; i++)
    if (g->waits[i] && fits(&g->tenant[i], box) &&
        (best == CR_NONE || cr_need_total(g->tenant[i].need) > cr_need_total(g->tenant[best].need)))
      best = i;
  return best;
}

static void check(struct rig *g)
{
  struct cr_box all = {INT64_MAX, INT64_MAX}, box = {(int64_t)draw(g, 22) - 1, (int64_t)draw(g, 52) - 1};
  uint32_t than = (uint32_t)draw(g, g->view.n_client);
  than = g->waits[than] ? than : CR_NONE;
  assert_int_equal(cr_waiting_head(&g->policy, &g->waiting), first_of_all(g, all, CR_NONE));
  assert_int_equal(cr_waiting_first(&g->policy, &g->waiting, box, CR_NONE), first_of_all(g, box, CR_NONE));
  assert_int_equal(cr_waiting_first(&g->policy, &g->waiting, box, than), first_of_all(g, box, than));
  assert_int_equal(cr_waiting_largest(&g->policy, &g->waiting, box), largest_of_all(g, box));
}

static void the_index_finds_what_a_look_at_each_finds(void **state)
{
  (void)state;
  static struct rig g;
  for (uint32_t n = 1; n <= MOST; n++) {
    int came[MOST] = {0};
    set_up(&g, n);
    check(&g);
    for (uint32_t step = 0; step < 6 * n; step++) {
      uint32_t i = (uint32_t)draw(&g, n);
      if (!came[i] && g.tenant[i].rank != CR_NONE) {
        came[i] = g.waits[i] = 1;
        cr_waiting_add(&g.policy, &g.waiting, i);
      } else if (g.waits[i]) {
        g.waits[i] = 0;
        cr_waiting_remove(&g.policy, &g.waiting, i);
      }
      check(&g);
    }
  }
}

static void ranks_are_in_order_of_need(void **state)
{
  (void)state;
  static struct rig g;
  for (uint32_t n = 0; n <= MOST; n++) {
    set_up(&g, n);
    uint32_t n_rank = 0;
    for (uint32_t i = 0; i < n; i++)
      n_rank += g.tenant[i].rank != CR_NONE;
    assert_int_equal(g.waiting.n_rank, n_rank);
    for (uint32_t r = 0; r < n_rank; r++) {
      uint32_t c = g.tenant[r].ranked, d = r ? g.tenant[r - 1].ranked : CR_NONE;
      assert_int_equal(g.tenant[c].rank, r);
      int64_t need = cr_need_total(g.tenant[c].need), before = r ? cr_need_total(g.tenant[d].need) : -1;
      assert_true(need > before || (need == before && c < d));
    }
  }
}

static void without_jobs_nobody_is_found(void **state)
{
  (void)state;
  static struct rig g;
  struct cr_box all = {INT64_MAX, INT64_MAX};
  set_up(&g, 0);
  assert_int_equal(cr_waiting_head(&g.policy, &g.waiting), CR_NONE);
  assert_int_equal(cr_waiting_first(&g.policy, &g.waiting, all, CR_NONE), CR_NONE);
  assert_int_equal(cr_waiting_largest(&g.policy, &g.waiting, all), CR_NONE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_index_finds_what_a_look_at_each_finds),
    cmocka_unit_test(ranks_are_in_order_of_need),
    cmocka_unit_test(without_jobs_nobody_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
