/* t_rotate.c - cr_rotate: what is refused, what comes back, and the same on every backend. */
#include "config.h"

#include "policies/list.h"
#include "tests/load.h"
#include "tests/manager.h"
#include "tests/t.h"

/* Gives all requests that have come to one rotation, again and again, or does what its option says instead. */
enum { WELL, NEGATIVE_KEY, NO_CHARGE, BESIDE, ONTO, PARK };

static const struct cr_opt options[] = {
  {.name = "how", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 9},
  {0},
};

struct state {
  uint32_t request[8], n; /* owned */
};

static int init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  cr_stream_new(p, (cr_device){0}, 0);
  cr_stream_new(p, (cr_device){0}, 0);
  for (uint32_t i = 0; i < 2; i++)
    cr_lane_size(p, (cr_device){0}, (cr_lane){i}, 100);
  return CR_OK;
}

static void on_job_ready(struct cr_policy *p, cr_client job)
{
  cr_admit(p, job, (cr_lane){0}, 10);
}

static void go(struct cr_policy *p, struct state *s)
{
  int64_t how = p->opt[0];
  enum cr_charge charge = how == NO_CHARGE ? CR_N_CHARGE : CR_CHARGE_ITERATION;
  for (uint32_t i = 0; i < s->n; i++) {
    if (how == BESIDE && i == 1) /* of another lane this would be refused as well */
      cr_launch(p, (cr_request){s->request[i]}, CR_ALL, (cr_stream){0});
    else
      cr_rotate(p, (cr_request){s->request[i]}, (cr_stream){0}, how == NEGATIVE_KEY ? -1 : 0, charge);
    if (how == ONTO && i == 0)
      cr_timer(p, 0, 0); /* then what follows is another rotation */
  }
  if (how == PARK)
    cr_timer(p, p->view->now_ns + 333333, 1);
  s->n = 0;
}

static void own(struct cr_policy *p, cr_request r)
{
  struct state *s = p->state;
  s->request[s->n++] = r.i;
  if (s->n == 3)
    go(p, s);
}

static void on_done(struct cr_policy *p, cr_request r, int complete)
{
  struct state *s = p->state;
  if (!complete)
    s->request[s->n++] = r.i;
}

static void on_job_leave(struct cr_policy *p, cr_client job)
{
  (void)job;
  go(p, p->state);
}

static void on_timer(struct cr_policy *p, uint64_t cookie)
{
  if (cookie && p->view->stream_held[0])
    cr_preempt(p, (cr_stream){0}, CR_CAP_PARK);
}

/* After a park, since then nobody leaves. */
static void on_room(struct cr_policy *p, cr_stream s)
{
  struct state *state = p->state;
  if (s.i == 0 && state->n)
    go(p, state);
}

static const struct cr_policy_ops rotator = {
  .abi = CR_POLICY_ABI,
  .name = "rotator",
  .about = "a test",
  .needs = CR_CAP_MEM | CR_CAP_PARK,
  .options = options,
  .state_bytes = sizeof(struct state),
  .init = init,
  .on_job_arrive = manager_on_job_arrive,
  .on_job_ready = on_job_ready,
  .on_job_leave = on_job_leave,
  .on_request = own,
  .on_done = on_done,
  .on_timer = on_timer,
  .on_room = on_room,
};

static struct cr_result run(int how, int of_kernels, const struct cr_backend_ops *backend, int rc,
                            enum cr_outcome outcome)
{
  struct cr_workload_builder *w = cr_workload_builder_new();
  cr_model m = of_kernels ? load_sized_model(w, "net", 1, 100000, 0, 0) : load_iteration(w, "net", 100000, 0, 0);
  load_add(w, load_job("a", m, 0, 10));
  load_add(w, load_job("b", m, 0, 20));
  load_add(w, load_job("c", m, 0, 30));
  struct cr_core_cfg cfg = load_cfg(load_seal(w), &rotator);
  char text[32];
  snprintf(text, sizeof text, "how=%d", how);
  cfg.policy_options = text;
  cfg.backend = backend;
  struct cr_err err = {""};
  struct cr_result r;
  if (cr_core_run(&cfg, &r, &err) != rc)
    fail_msg("%s", err.text);
  assert_int_equal(r.outcome, outcome);
  cr_workload_builder_free(w);
  return r;
}

static void jobs_in_rotation_share_alike(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_result r = run(WELL, 0, manager_backends[b], CR_OK, CR_DONE);
    assert_int_equal(r.job[0].end_ns, 2800000); /* the first of the tenth round */
    assert_int_equal(r.job[1].end_ns, 4900000); /* of two, with 11 left */
    assert_int_equal(r.job[2].end_ns, 6000000);
    for (uint32_t i = 0; i < 3; i++) {
      assert_int_equal(r.job[i].first_ns, 100000 * i);
      assert_int_equal(r.job[i].used_ns, 1000000 * (i + 1));
    }
    assert_int_equal(r.n_event, 3 * 3 + 3 + 2 + 1); /* job, ready, request; back from three rotations */
    cr_result_fini(&r);
  }
}

static void a_park_ends_a_turn_and_is_no_preemption(void **state)
{
  (void)state;
  for (int b = 0; b < 2; b++) {
    struct cr_result r = run(PARK, 0, manager_backends[b], CR_OK, CR_DONE);
    assert_int_equal(r.n_preempt, 0);
    assert_int_equal(r.job[2].end_ns, 6000000);
    assert_true(r.n_event > 30);
    cr_result_fini(&r);
  }
}

static void on_a_wall_clock_all_ends_as_well(void **state)
{
  (void)state;
  static const int how[] = {WELL, PARK};
  for (int i = 0; i < 2; i++) {
    struct cr_result r = run(how[i], 0, &cr_backend_wall, CR_OK, CR_DONE);
    for (uint32_t k = 0; k < 3; k++)
      assert_int_equal(r.job[k].used_ns >= 1000000 * (k + 1), 1);
    assert_true(r.end_ns >= 6000000);
    cr_result_fini(&r);
  }
}

static void refused(int how, int of_kernels, const char *sentence)
{
  struct cr_result r = run(how, of_kernels, manager_backends[0], CR_ERUN, CR_REFUSED);
  if (!strstr(r.why, sentence))
    fail_msg("\"%s\" does not say \"%s\"", r.why, sentence);
  cr_result_fini(&r);
}

static void what_cannot_take_turns_is_refused(void **state)
{
  (void)state;
  refused(WELL, 1, "the time of an iteration is known");
  refused(NEGATIVE_KEY, 0, "with keys from 0 to 2^62");
  refused(NO_CHARGE, 0, "turns are taken by jobs");
  refused(BESIDE, 0, "jobs that take turns have the device to themselves");
  refused(ONTO, 0, "turn request 1 of client b (model net, next op 0 of 20) on stream 0: jobs that take turns");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(jobs_in_rotation_share_alike),
    cmocka_unit_test(a_park_ends_a_turn_and_is_no_preemption),
    cmocka_unit_test(on_a_wall_clock_all_ends_as_well),
    cmocka_unit_test(what_cannot_take_turns_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
