/* t_monkey.c - a policy that asks for nonsense: the core survives, counts what it refuses, and says how the run ended.
 *
 * The monkey draws each wish at random: real and made-up requests, streams and counts, timers in the past and far
 * ahead, preemption of everything by anything.  Now and then it does something sensible, so that runs get somewhere. */
#include "config.h"

#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/rig.h"
#include "tests/t.h"

enum { RUNS = 100 };

struct monkey {
  uint64_t n; /* draws so far */
};

static const struct cr_opt options[] = {
  {.name = "seed", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 1000000},
  {0},
};

static uint32_t draw(struct cr_policy *p, uint32_t below)
{
  struct monkey *m = p->state;
  return (uint32_t)(cr_draw((uint64_t)p->opt[0], CR_RNG_TEST, 0, m->n++) % below);
}

/* Mostly one that may exist, else anything. */
static uint32_t some_id(struct cr_policy *p, uint32_t likely)
{
  if (draw(p, 8))
    return draw(p, likely + 1);
  return draw(p, 2) ? CR_NONE - draw(p, 3) : draw(p, CR_NONE);
}

static void wish_pad(struct cr_policy *p, cr_request r)
{
  cr_pad(p, &(struct cr_pad_spec){.rt = r,
                                  .be = {some_id(p, 20)},
                                  .rt_op = some_id(p, 6),
                                  .rt_sms = some_id(p, 3),
                                  .n_block = some_id(p, 8),
                                  .sm_blocks = some_id(p, 8),
                                  .stream = {some_id(p, p->view->n_stream)}});
}

static void wish(struct cr_policy *p)
{
  static const enum cr_cap how[] = {CR_CAP_PARK,
                                    CR_CAP_EVICT,
                                    CR_CAP_KILL,
                                    CR_CAP_SWITCH,
                                    CR_CAP_MEM,
                                    (enum cr_cap)0,
                                    (enum cr_cap)(CR_CAP_EVICT | CR_CAP_KILL),
                                    (enum cr_cap) - 1};
  cr_request r = {some_id(p, 20)};
  cr_stream s = {some_id(p, p->view->n_stream)};
  switch (draw(p, 17)) {
  case 0:
    cr_stream_new(p, (cr_device){some_id(p, 1)}, (int32_t)draw(p, 12) - 9);
    break;
  case 1:
  case 2:
  case 3:
    cr_launch(p, r, draw(p, 3) ? draw(p, 9) : some_id(p, 9), s);
    break;
  case 4:
    cr_launch(p, r, CR_ALL, s);
    break;
  case 5:
    cr_preempt(p, s, how[draw(p, 8)]);
    break;
  case 6:
    if (draw(p, 20) == 0)
      cr_drop(p, r);
    break;
  case 7:
    cr_timer(p, draw(p, 2) ? p->view->now_ns + draw(p, 20000) : (cr_ns)draw(p, CR_NONE) - 1000000, draw(p, 100));
    break;
  case 8:
    cr_process(p, s, some_id(p, 3), draw(p, 2) ? CR_NS_NEVER : (cr_ns)draw(p, 20000) - 1000);
    break;
  case 9:
    cr_share(p, s, draw(p, 2) ? draw(p, CR_SHARE_ALL + 2) : some_id(p, 2));
    break;
  case 10:
    cr_stream_queue(p, s, some_id(p, 5), (enum cr_reclaim)draw(p, 4));
    break;
  case 11:
    cr_rewind(p, r, some_id(p, 7));
    break;
  case 12:
    cr_slice(p, r, some_id(p, 6), s);
    break;
  case 13:
    wish_pad(p, r);
    break;
  case 14:
    cr_rotate(p, r, s, draw(p, 4) ? draw(p, 1000) : -(int64_t)draw(p, 9), (enum cr_charge)draw(p, 3));
    break;
  case 15:
    cr_batch(p, r, (cr_request){some_id(p, 20)});
    break;
  default:
    cr_expect_ns(p, r, draw(p, 30));
  }
}

static int64_t some_bytes(struct cr_policy *p)
{
  return draw(p, 8) ? draw(p, 500) : draw(p, 2) ? -1 - (int64_t)draw(p, 9) : INT64_MAX - draw(p, 9);
}

/* About jobs and their memory. */
static void wish_of_jobs(struct cr_policy *p)
{
  cr_client job = {some_id(p, 12)};
  cr_lane l = {some_id(p, 4)};
  switch (draw(p, 9)) {
  case 0:
  case 1:
    cr_start(p, job);
    break;
  case 2:
    if (draw(p, 10) == 0)
      cr_reject(p, job);
    break;
  case 3:
    cr_lane_size(p, (cr_device){some_id(p, 1)}, l, some_bytes(p));
    break;
  case 4:
    cr_lane_close(p, l);
    break;
  case 5:
  case 6:
    cr_admit(p, job, l, some_bytes(p));
    break;
  default:
    cr_move(p, job, l);
  }
}

static void wishes(struct cr_policy *p)
{
  for (uint32_t n = draw(p, 3); n; n--)
    wish(p);
  if (draw(p, 2))
    wish_of_jobs(p);
}

static void on_job_arrive(struct cr_policy *p, cr_client job)
{
  wishes(p);
  if (draw(p, 3))
    cr_start(p, job);
}

static void on_job_ready(struct cr_policy *p, cr_client job)
{
  cr_lane l = {draw(p, 3)};
  wishes(p);
  cr_lane_size(p, (cr_device){0}, l, draw(p, 200));
  if (draw(p, 3))
    cr_admit(p, job, l, draw(p, 200));
}

static void on_job_leave(struct cr_policy *p, cr_client job)
{
  (void)job;
  wishes(p);
}

static int init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (int i = 0; i < 4; i++)
    cr_stream_new(p, (cr_device){0}, (int32_t)draw(p, 6) - 5);
  wishes(p);
  return CR_OK;
}

static void on_client(struct cr_policy *p, cr_client c)
{
  (void)c;
  wishes(p);
}

static void on_request(struct cr_policy *p, cr_request r)
{
  wishes(p);
  if (draw(p, 3) == 0)
    wish_pad(p, r);
  if (draw(p, 2))
    cr_launch(p, r, CR_ALL, (cr_stream){0});
}

static void on_done(struct cr_policy *p, cr_request r, int complete)
{
  (void)complete;
  wishes(p);
  cr_launch(p, r, 1, (cr_stream){draw(p, 4)});
}

static void on_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  (void)how;
  if (draw(p, 10))
    cr_launch(p, r, CR_ALL, (cr_stream){draw(p, 4)});
}

static void on_timer(struct cr_policy *p, uint64_t cookie)
{
  (void)cookie;
  if (draw(p, 2)) /* each timer brings about less than one more, or they would take over */
    wishes(p);
  if (draw(p, 4))
    cr_timer(p, p->view->now_ns + 5000, 0);
}

static void on_room(struct cr_policy *p, cr_stream s)
{
  cr_launch(p, (cr_request){draw(p, 20)}, CR_ALL, s);
}

#define MONKEY                                                                                                       \
  .abi = CR_POLICY_ABI, .name = "monkey", .about = "asks for nonsense", .options = options,                          \
  .state_bytes = sizeof(struct monkey), .client_bytes = 3, .request_bytes = 5, .init = init, .on_client = on_client, \
  .on_job_arrive = on_job_arrive, .on_job_ready = on_job_ready, .on_job_leave = on_job_leave,                        \
  .on_request = on_request, .on_done = on_done, .on_back = on_back, .on_timer = on_timer, .on_room = on_room

/* On the fake backend, which has all but the last three; and on the simulator, where nothing takes turns with those. */
static const struct cr_policy_ops monkey = {MONKEY, .needs = CR_CAP_PARK | CR_CAP_KILL | CR_CAP_PRIORITY |
                                                             CR_CAP_SHARE | CR_CAP_PROCESS | CR_CAP_MEM | CR_CAP_BATCH};
static const struct cr_policy_ops padding_monkey = {MONKEY, .needs = CR_CAP_PARK | CR_CAP_EVICT | CR_CAP_KILL |
                                                                     CR_CAP_PRIORITY | CR_CAP_SHARE | CR_CAP_MEM |
                                                                     CR_CAP_QUEUE | CR_CAP_SLICE | CR_CAP_PAD};

static const struct cr_workload *jungle(struct cr_workload_builder *b)
{
  cr_model m = load_model(b, "m", 7, 1000), n = load_model(b, "n", 3, 5000);
  load_add(b, load_poisson("p", m, CR_RT, 20000));
  load_add(b, load_uniform("u", n, CR_BE, 10000));
  load_add(b, load_closed("c", n, CR_BE, 4));
  for (uint32_t i = 0; i < 10; i++) {
    char name[16];
    snprintf(name, sizeof name, "j%u", i);
    cr_model net = load_sized_model(b, name, 1 + i % 3, 2000, 20 * i, i % 2 ? CR_UNKNOWN : 30 * i);
    struct cr_client_spec spec = load_job(name, net, 100000 * i, 1 + 3 * i);
    spec.job.startup_ns = 50000 * (i % 3);
    spec.job.think_ns = 700 * (i % 4);
    spec.job.persistent_bytes = i % 4 ? 20 * i : CR_UNKNOWN;
    spec.job.ephemeral_bytes = i % 5 ? 20 * i : CR_UNKNOWN;
    load_add(b, spec);
  }
  return load_seal(b);
}

static struct rig rig; /* for its device */

/* Odd runs are of the one that pads. */
static struct cr_core_cfg monkey_cfg(const struct cr_workload *w, char seed[32], int i)
{
  struct cr_core_cfg cfg = load_cfg(w, i % 2 ? &padding_monkey : &monkey);
  snprintf(seed, 32, "seed=%d", i);
  if (i % 2) {
    rig_device(&rig, 1);
    cfg.backend = &cr_backend_sim;
    cfg.machine = &rig.machine;
  }
  cfg.policy_options = seed;
  cfg.duration_ns = 5000000;
  cfg.strict = 0;
  return cfg;
}

static void nonsense_is_refused_and_the_books_still_balance(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = jungle(b);
  uint64_t n_refused = 0, n_done = 0, n_preempt = 0, how[CR_N_JOB_END] = {0};
  for (int i = 0; i < RUNS; i++) {
    char seed[32];
    struct cr_core_cfg cfg = monkey_cfg(w, seed, i);
    struct cr_result r;
    struct cr_err err = {""};
    int rc = cr_core_run(&cfg, &r, &err);
    print_message("# %s: %s\n", seed, cr_outcome_name[r.outcome]);
    assert_int_equal(rc, r.outcome == CR_DONE ? CR_OK : CR_ERUN);
    assert_true(r.outcome == CR_DONE || r.outcome == CR_STALLED);
    for (uint32_t c = 0; c < r.n_client; c++) {
      assert_int_equal(r.client[c].n_arrived, r.client[c].n_done + r.client[c].n_dropped + r.client[c].n_pending);
      n_done += r.client[c].n_done;
      if (r.job[c].how == CR_JOB_DONE)
        assert_true(r.job[c].used_ns >= 2000 && r.client[c].n_done == 1);
      if (w->client[c].job.iterations)
        how[r.job[c].how]++;
    }
    n_refused += r.n_refused;
    n_preempt += r.n_preempt;
    cr_result_fini(&r);
  }
  assert_true(n_refused > 1000);
  assert_true(n_done > 1000);
  assert_true(n_preempt > 100);
  for (uint32_t i = 0; i < CR_N_JOB_END; i++)
    if (how[i] < 5)
      fail_msg("only %u jobs ended %s", (unsigned)how[i], cr_job_end_name[i]);
  cr_workload_builder_free(b);
}

static void a_strict_run_ends_at_the_first_nonsense(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = jungle(b);
  for (int i = 0; i < RUNS; i++) {
    char seed[32];
    struct cr_core_cfg cfg = monkey_cfg(w, seed, i);
    cfg.strict = 1;
    struct cr_result r;
    struct cr_err err = {""};
    assert_int_equal(cr_core_run(&cfg, &r, &err), CR_ERUN);
    assert_int_equal(r.outcome, CR_REFUSED);
    assert_int_equal(r.n_refused, 1);
    assert_non_null(strstr(err.text, "policy monkey at "));
    cr_result_fini(&r);
  }
  cr_workload_builder_free(b);
}

static void even_nonsense_can_be_replayed(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = jungle(b);
  for (int i = 0; i < RUNS; i++) {
    char seed[32];
    struct cr_core_cfg cfg = monkey_cfg(w, seed, i);
    cfg.strict = i % 4 > 1;
    struct load_record record = {0};
    cfg.ledger = load_record(&record);
    struct cr_result r;
    struct cr_err err = {""};
    int rc = cr_core_run(&cfg, &r, &err);
    assert_int_equal(rc, r.outcome == CR_DONE ? CR_OK : CR_ERUN);
    struct cr_replay_report report;
    assert_int_equal(cr_replay(w, cfg.machine, cfg.policy, seed, record.note, record.n, &report, &err), CR_OK);
    if (!report.same)
      fail_msg("%s, note %llu: recorded %s, replayed %s", seed, (unsigned long long)report.first_difference,
               report.recorded, report.replayed);
    assert_int_equal(report.n_told + report.n_asked, record.n);
    cr_result_fini(&r);
    load_record_fini(&record);
  }
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(nonsense_is_refused_and_the_books_still_balance),
    cmocka_unit_test(a_strict_run_ends_at_the_first_nonsense),
    cmocka_unit_test(even_nonsense_can_be_replayed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
