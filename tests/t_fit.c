/* t_fit.c - fits, cross-validation and ablation on tables that the simulator itself made up, so that what is right is known. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "calib/ablate.h"
#include "calib/cross.h"
#include "calib/fit.h"
#include "policies/list.h"
#include "tests/load.h"
#include "traces/store.h"

/* --- a made-up device, models and table ------------------------------------------------------------------------------- */

enum { N_OP = 12, N_SCENARIO = 6 };

static struct cr_device_desc made_device(void)
{
  struct cr_device_desc d = load_gpu("made", 8);
  d.constant[CR_GPU_OVERHEAD] = 0.2;
  d.constant[CR_GPU_COLD] = 0.8;
  d.constant[CR_GPU_LOAD] = 0.9;
  d.constant[CR_GPU_WARP_IPC] = 0.06;
  d.constant[CR_GPU_YOUNGER] = 1;
  return d;
}

static void add_model(struct cr_store *s, const char *name, cr_ns duration_ns, uint32_t blocks)
{
  struct cr_op_spec op[N_OP];
  for (uint32_t i = 0; i < N_OP; i++) {
    op[i] = cr_op_unknown("kernel", CR_OP_KERNEL, duration_ns * (1 + i % 3));
    op[i].gap_ns = 500;
    op[i].blocks = blocks << i % 2;
    op[i].threads = 256;
    op[i].regs = 64;
    op[i].smem_bytes = 0;
  }
  const struct cr_model_spec model = cr_model_unknown(name, op, N_OP);
  const struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER, .report = ""};
  struct cr_err err = {""};
  int rc = cr_store_add_model(s, &model, &recording, &(struct cr_origin){0}, 0, &err);
  if (rc != CR_OK)
    print_error("%s\n", err.text);
  assert_int_equal(rc, CR_OK);
}

static const char *made_store(const char *folder)
{
  const char *path = t_join(folder, "made.db");
  struct cr_store *s = NULL;
  struct cr_err err = {""};
  assert_int_equal(cr_store_edit(path, &s, &err), CR_OK);
  add_model(s, "small", 3000, 4);
  add_model(s, "wide", 12000, 16);
  add_model(s, "long", 40000, 6);
  assert_int_equal(cr_store_commit(s, &err), CR_OK);
  cr_store_close(s);
  return path;
}

struct made {
  struct cr_device_desc device;
  const char *store[1];
  struct cr_validate_cfg cfg;
  struct cr_predictor *p;
};

static const char *const scenario[N_SCENARIO][3] = {{"small", "wide"}, {"small", "long"},        {"wide", "long"},
                                                    {"small", "small"}, {"small", "wide", "long"}, {"long", "long"}};

/* The table with these means, or with 1 ms everywhere. */
static void write_table(const char *path, const struct cr_prediction *p)
{
  struct cr_text text = {0};
  uint32_t n = 0;
  cr_text_add(&text, "scenario,policy,client,model,priority,arrival,rate_per_s,phase_s,duration_s,mean_ms\n");
  for (int s = 0; s < N_SCENARIO; s++)
    for (int c = 0; c < 3 && scenario[s][c]; c++, n++)
      cr_text_add(&text, "s%d,streams,%d,%s,0,closed,,,0.01,%.9f\n", s, c, scenario[s][c],
                  p ? p[n].ms[CR_TRUTH_MEAN] : 1);
  assert_false(text.failed);
  t_write(path, text.s);
  cr_text_fini(&text);
}

static void open_made(struct made *m)
{
  struct cr_err err = {""};
  int rc = cr_predictor_open(&m->cfg, &m->p, &err);
  if (rc != CR_OK)
    print_error("%s\n", err.text);
  assert_int_equal(rc, CR_OK);
}

/* A table that the device with these constants fits exactly. */
static void make(struct made *m)
{
  const char *folder = t_tmp();
  const char *path = t_join(folder, "truth.csv");
  *m = (struct made){.device = made_device()};
  m->store[0] = made_store(folder);
  m->cfg = (struct cr_validate_cfg){.truth_path = path,
                                    .truth_name = "truth.csv",
                                    .store = m->store,
                                    .n_store = 1,
                                    .device = &m->device,
                                    .at_most_ns = CR_NS_NEVER,
                                    .streams = cr_policy_find("streams", 7),
                                    .priority = cr_policy_find("priority", 8)};
  write_table(path, NULL);
  open_made(m);
  struct cr_prediction p[3 * N_SCENARIO];
  const struct cr_predict_setting setting = {&m->device, NULL};
  const struct cr_predict_job job = {.setting = &setting, .n_setting = 1};
  assert_int_equal(cr_predictor_run(m->p, &job, p, NULL), CR_OK);
  cr_predictor_free(m->p);
  write_table(path, p);
  open_made(m);
}

static struct cr_fit_cfg fit_of(struct made *m, const struct cr_device_desc *start, struct cr_fit_constant *constant)
{
  struct cr_fit_cfg cfg = {
    .predictor = m->p, .device = start, .constant = constant, .n_worker = 2, .max_eval = 150, .errors = 1, .need_all = 1};
  assert_int_equal(cr_fit_choose(start, "--constants", "cold,load", constant, &cfg.n_constant, NULL), CR_OK);
  assert_int_equal(cfg.n_constant, 2);
  return cfg;
}

/* --- choosing --------------------------------------------------------------------------------------------------------- */

static void the_default_leaves_out_what_other_measurements_settle(void **state)
{
  (void)state;
  const struct cr_device_desc d = made_device();
  struct cr_fit_constant c[CR_N_GPU_CONSTANT];
  uint32_t n;
  assert_int_equal(cr_fit_choose(&d, "--constants", NULL, c, &n, NULL), CR_OK);
  assert_in_range(n, 5, CR_N_GPU_CONSTANT - 5);
  for (uint32_t i = 0; i < n; i++) {
    assert_true(c[i].lo > 0 && c[i].lo < c[i].hi);
    assert_true(c[i].id != CR_GPU_PROFILER && c[i].id != CR_GPU_MEMSET_GAP && c[i].id != CR_GPU_REPLAY &&
                c[i].id != CR_GPU_LAUNCH && c[i].id != CR_GPU_JOIN);
  }
  assert_int_equal(cr_fit_choose(&d, "--constants", "join,cold", c, &n, NULL), CR_OK);
  assert_int_equal(n, 2);
}

static void an_unknown_constant_is_named_with_the_nearest(void **state)
{
  (void)state;
  const struct cr_device_desc d = made_device();
  struct cr_fit_constant c[CR_N_GPU_CONSTANT];
  struct cr_err err = {""};
  uint32_t n;
  assert_int_equal(cr_fit_choose(&d, "--constants", "cold,overhaed", c, &n, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "'overhaed'"));
  assert_non_null(strstr(err.text, "'overhead'"));
  assert_non_null(strstr(err.text, "--constants"));
}

static void a_price_of_preemption_is_no_table_s_to_settle(void **state)
{
  (void)state;
  const struct cr_device_desc d = made_device();
  struct cr_fit_constant c[CR_N_GPU_CONSTANT];
  struct cr_err err = {""};
  uint32_t n;
  assert_int_equal(cr_fit_choose(&d, "--constants", "cold,evict", c, &n, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "'evict'"));
  assert_non_null(strstr(err.text, "--micro"));
}

/* --- fitting ---------------------------------------------------------------------------------------------------------- */

static void a_fit_finds_the_constants_that_made_the_table(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit fit;
  struct cr_err err = {""};
  make(&m);
  struct cr_device_desc start = m.device;
  start.constant[CR_GPU_COLD] = 0.3;
  start.constant[CR_GPU_LOAD] = 1.6;
  const struct cr_fit_cfg cfg = fit_of(&m, &start, constant);
  assert_int_equal(cr_fit_run(&cfg, &fit, &err), CR_OK);
  assert_true(fit.start_pct > 3 && fit.start_loss_pct > 2);
  assert_true(fit.pct < 0.5 && fit.loss_pct < fit.pct);
  assert_int_equal(fit.n_row, 13);
  assert_near(fit.at[0].start, 0.3, 0);
  assert_near(fit.at[0].value, 0.8, 0.08);
  assert_near(fit.at[1].value, 0.9, 0.09);
  for (int k = 0; k < 2; k++) {
    const struct cr_fit_value *at = &fit.at[k];
    assert_true(at->is_told && at->n_row > 0 && at->n_row <= 13);
    assert_true(at->std_error >= 0 && at->std_error < 0.1);
    assert_near(at->share[CR_FIT_PAIR] + at->share[CR_FIT_FEW], 1, 1e-9); /* nobody ran alone here */
    assert_int_equal(at->twin, 1 - k);
    assert_true(fabs(at->correlation) <= 1);
  }
  cr_predictor_free(m.p);
}

static void a_fit_keeps_to_its_predictions_and_never_gets_worse(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit fit;
  make(&m);
  struct cr_device_desc start = m.device;
  start.constant[CR_GPU_LOAD] = 1.6;
  struct cr_fit_cfg cfg = fit_of(&m, &start, constant);
  for (uint32_t most = 1; most <= 9; most += 2) {
    cfg.max_eval = most;
    assert_int_equal(cr_fit_run(&cfg, &fit, NULL), CR_OK);
    assert_true(fit.n_eval <= most + 2 * cfg.n_constant); /* standard errors come on top */
    assert_true(fit.loss_pct <= fit.start_loss_pct);
    assert_false(fit.converged);
  }
  cr_predictor_free(m.p);
}

static void a_fit_is_the_same_with_any_number_of_processes(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit one, three;
  make(&m);
  struct cr_device_desc start = m.device;
  start.constant[CR_GPU_COLD] = 0.4;
  struct cr_fit_cfg cfg = fit_of(&m, &start, constant);
  cfg.max_eval = 15;
  cfg.n_worker = 1;
  assert_int_equal(cr_fit_run(&cfg, &one, NULL), CR_OK);
  cfg.n_worker = 3;
  assert_int_equal(cr_fit_run(&cfg, &three, NULL), CR_OK);
  for (int k = 0; k < 2; k++) {
    assert_near(one.at[k].value, three.at[k].value, 0);
    assert_near(one.at[k].std_error, three.at[k].std_error, 0);
  }
  cr_predictor_free(m.p);
}

static void rows_kept_aside_do_not_count(void **state)
{
  (void)state;
  struct made m;
  make(&m);
  struct cr_device_desc off = m.device;
  off.constant[CR_GPU_LOAD] = 2;
  const struct cr_predict_setting setting[] = {{&m.device, NULL}, {&off, NULL}};
  const unsigned char use[N_SCENARIO] = {0, 1};
  const struct cr_predict_job job = {.setting = setting, .n_setting = 2, .use = use, .n_worker = 2};
  uint32_t n, n_group;
  cr_predictor_rows(m.p, &n);
  cr_predictor_groups(m.p, &n_group);
  assert_int_equal(n_group, N_SCENARIO);
  struct cr_prediction both[2 * 3 * N_SCENARIO]; /* one setting after the other */
  assert_true(n <= 3 * N_SCENARIO);
  assert_int_equal(cr_predictor_run(m.p, &job, both, NULL), CR_OK);
  assert_false(both[0].there);
  assert_true(both[2].there && both[3].there);
  assert_near(cr_fit_row_mean_pct(m.p, both), 0, 1e-4);
  assert_true(cr_fit_row_mean_pct(m.p, &both[n]) > 1);
  cr_predictor_free(m.p);
}

/* One outlier in the table: least squares would follow it. */
static void a_row_that_was_measured_wrong_pulls_little(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit fit;
  make(&m);
  struct cr_prediction p[3 * N_SCENARIO];
  const struct cr_predict_setting setting = {&m.device, NULL};
  const struct cr_predict_job job = {.setting = &setting, .n_setting = 1};
  assert_int_equal(cr_predictor_run(m.p, &job, p, NULL), CR_OK);
  cr_predictor_free(m.p);
  p[12].ms[CR_TRUTH_MEAN] *= 1.6; /* long beside long: contention would have to be far stronger */
  write_table(m.cfg.truth_path, p);
  open_made(&m);
  const struct cr_fit_cfg cfg = fit_of(&m, &m.device, constant);
  assert_int_equal(cr_fit_run(&cfg, &fit, NULL), CR_OK);
  assert_near(fit.at[0].value, 0.8, 0.1);
  assert_near(fit.at[1].value, 0.9, 0.12);
  cr_predictor_free(m.p);
}

static void a_constant_that_no_row_tells_of_is_refused_or_kept(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit fit;
  struct cr_err err = {""};
  make(&m);
  m.device.constant[CR_GPU_DUPLEX] = 1.1; /* nobody copies */
  struct cr_fit_cfg cfg = fit_of(&m, &m.device, constant);
  assert_int_equal(cr_fit_choose(&m.device, "--constants", "cold,duplex", constant, &cfg.n_constant, NULL), CR_OK);
  assert_int_equal(cr_fit_run(&cfg, &fit, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "'duplex'"));
  cfg.need_all = 0;
  assert_int_equal(cr_fit_run(&cfg, &fit, &err), CR_OK);
  assert_false(fit.at[1].is_told);
  assert_near(fit.at[1].value, 1.1, 0);
  assert_true(isnan(fit.at[1].std_error));
  assert_true(fit.at[0].is_told && !isnan(fit.at[0].std_error));
  cr_predictor_free(m.p);
}

/* A table whose rows are off by up to 1 % either way. */
static void blur(struct made *m)
{
  struct cr_prediction p[3 * N_SCENARIO];
  const struct cr_predict_setting setting = {&m->device, NULL};
  const struct cr_predict_job job = {.setting = &setting, .n_setting = 1};
  assert_int_equal(cr_predictor_run(m->p, &job, p, NULL), CR_OK);
  cr_predictor_free(m->p);
  for (int i = 0; i < 13; i++)
    p[i].ms[CR_TRUTH_MEAN] *= 1 + 0.01 * (i * 5 % 13 - 6) / 6.0;
  write_table(m->cfg.truth_path, p);
  open_made(m);
}

/* load and warp_ipc do the same where no kernel has counters: the report must not hide it. */
static void twins_are_told_by_their_correlation(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit fit;
  make(&m);
  blur(&m);
  struct cr_fit_cfg cfg = fit_of(&m, &m.device, constant);
  assert_int_equal(cr_fit_choose(&m.device, "--constants", "load,warp_ipc", constant, &cfg.n_constant, NULL), CR_OK);
  cfg.max_eval = 20;
  assert_int_equal(cr_fit_run(&cfg, &fit, NULL), CR_OK);
  for (int k = 0; k < 2; k++)
    assert_true(isnan(fit.at[k].std_error) || (fit.at[k].correlation < -0.9 && fit.at[k].twin == 1 - k));
  struct cr_text out = {0};
  cr_fit_report(&cfg, &(struct cr_validate_report_cfg){.command = "c", .format = CR_CSV}, "t", &fit, &out);
  assert_non_null(strstr(out.s, "\nload,1,"));
  assert_null(strstr(out.s, "nan"));
  cr_text_fini(&out);
  cr_predictor_free(m.p);
}

/* Standard errors say how far a value lies from the one that made the table. */
static void a_blurred_table_is_found_within_its_standard_errors(void **state)
{
  (void)state;
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_fit fit;
  make(&m);
  blur(&m);
  const struct cr_fit_cfg cfg = fit_of(&m, &m.device, constant);
  assert_int_equal(cr_fit_run(&cfg, &fit, NULL), CR_OK);
  assert_true(fit.pct > 0.2 && fit.pct < 1);
  assert_true(fit.at[0].std_error > 0.001 && fit.at[1].std_error > 0.001);
  assert_near(fit.at[0].value, 0.8, 3 * fit.at[0].std_error);
  assert_near(fit.at[1].value, 0.9, 3 * fit.at[1].std_error);
  cr_predictor_free(m.p);
}

/* --- cross-validation --------------------------------------------------------------------------------------------------- */

static void cross(enum cr_cross_kind kind, uint32_t n_fold)
{
  struct made m;
  struct cr_fit_constant constant[CR_N_GPU_CONSTANT];
  struct cr_cross *c = NULL;
  struct cr_err err = {""};
  make(&m);
  struct cr_cross_cfg cfg = {.fit = fit_of(&m, &m.device, constant), .kind = kind, .seed = 1};
  cfg.fit.max_eval = 40;
  assert_int_equal(cr_cross_run(&cfg, &c, &err), CR_OK);
  assert_int_equal(c->n_fold, n_fold);
  for (uint32_t f = 0; f < n_fold; f++) {
    assert_int_equal(c->fold[f].seen.n + c->fold[f].unseen.n, 13);
    assert_true(c->fold[f].seen.n > 0 && c->fold[f].unseen.n > 0);
    if (kind == CR_CROSS_HALF && f % 2)
      assert_int_equal(c->fold[f].seen.n, c->fold[f - 1].unseen.n);
  }
  /* The table has an exact solution, which much of it gives away; a fold of two scenarios may miss it. */
  assert_true(c->seen_pct < 3);
  assert_true(c->unseen_pct < 10);
  for (int format = CR_TABLE; format <= CR_JSON; format++) {
    struct cr_text out = {0};
    cr_cross_report(&cfg, &(struct cr_validate_report_cfg){.command = "c", .format = (enum cr_format)format}, "t", c, &out);
    assert_false(out.failed);
    assert_null(strstr(out.s, "nan"));
    assert_non_null(strstr(out.s, kind == CR_CROSS_HALF ? "half 1a" : "wide"));
    cr_text_fini(&out);
  }
  cr_cross_free(c);
  cr_predictor_free(m.p);
}

static void halves_are_judged_by_each_other(void **state)
{
  (void)state;
  cross(CR_CROSS_HALF, 6);
}

static void each_model_is_left_out_once(void **state)
{
  (void)state;
  cross(CR_CROSS_MODEL, 3);
}

/* --- ablation --------------------------------------------------------------------------------------------------------- */

static void an_ablation_says_what_each_mechanism_is_worth(void **state)
{
  (void)state;
  struct made m;
  make(&m);
  const char *const name[] = {"contention", "priority"}, *const what[] = {"slows", "orders"};
  const struct cr_ablate_cfg cfg = {.predictor = m.p,
                                    .device = &m.device,
                                    .mechanism = name,
                                    .what = what,
                                    .n_mechanism = 2,
                                    .n_worker = 2};
  struct cr_ablation a[3];
  assert_int_equal(cr_ablate_run(&cfg, a, NULL), CR_OK);
  assert_string_equal(a[0].mechanism, "none");
  assert_near(a[0].mean.mean_abs_pct, 0, 1e-4);
  assert_int_equal(a[0].n_affected, 0);
  assert_string_equal(a[1].mechanism, "contention");
  assert_true(a[1].mean.bias_pct < -1 && a[1].n_affected > 5 && a[1].change_max_pct < -1);
  assert_non_null(a[1].scenario);
  assert_int_equal(a[2].n_affected, 0); /* nobody has a priority here */
  assert_null(a[2].scenario);
  for (int format = CR_TABLE; format <= CR_JSON; format++) {
    struct cr_text out = {0};
    cr_ablate_report(&(struct cr_validate_report_cfg){.command = "c", .format = (enum cr_format)format}, "t", "d", a, 3, &out);
    assert_false(out.failed);
    assert_non_null(strstr(out.s, "contention"));
    cr_text_fini(&out);
  }
  cr_predictor_free(m.p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_default_leaves_out_what_other_measurements_settle),
    cmocka_unit_test(an_unknown_constant_is_named_with_the_nearest),
    cmocka_unit_test(a_price_of_preemption_is_no_table_s_to_settle),
    cmocka_unit_test(a_fit_finds_the_constants_that_made_the_table),
    cmocka_unit_test(a_fit_keeps_to_its_predictions_and_never_gets_worse),
    cmocka_unit_test(a_fit_is_the_same_with_any_number_of_processes),
    cmocka_unit_test(rows_kept_aside_do_not_count),
    cmocka_unit_test(a_row_that_was_measured_wrong_pulls_little),
    cmocka_unit_test(a_constant_that_no_row_tells_of_is_refused_or_kept),
    cmocka_unit_test(twins_are_told_by_their_correlation),
    cmocka_unit_test(a_blurred_table_is_found_within_its_standard_errors),
    cmocka_unit_test(halves_are_judged_by_each_other),
    cmocka_unit_test(each_model_is_left_out_once),
    cmocka_unit_test(an_ablation_says_what_each_mechanism_is_worth),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
