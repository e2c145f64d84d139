/* t_conformance.c - what every policy of the list must do.  A new one is tested the day it is listed. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "sim/rng.h"
#include "tests/load.h"
#include "tests/t.h"

/* Each policy with the defaults of its options, and with every choice and both ends of every range. */
typedef void (*each_fn)(const struct cr_policy_ops *ops, const char *options);

static void with_choices(const struct cr_policy_ops *ops, const struct cr_opt *o, each_fn each)
{
  char options[128];
  for (const char *word = o->choices; word;) {
    size_t n = strcspn(word, "|");
    snprintf(options, sizeof options, "%s=%.*s", o->name, (int)n, word);
    each(ops, options);
    word = word[n] ? word + n + 1 : NULL;
  }
}

static void for_each_policy(each_fn each)
{
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    const struct cr_policy_ops *ops = cr_policy_list[i];
    each(ops, NULL);
    for (const struct cr_opt *o = ops->options; o && o->name; o++) {
      char options[128];
      if (o->kind == CR_OPT_CHOICE)
        with_choices(ops, o, each);
      if (o->kind == CR_OPT_BOOL) {
        snprintf(options, sizeof options, "%s=yes", o->name);
        each(ops, options);
        snprintf(options, sizeof options, "%s=no", o->name);
        each(ops, options);
      }
      if (o->kind == CR_OPT_COUNT) {
        snprintf(options, sizeof options, "%s=%lld", o->name, (long long)o->min);
        each(ops, options);
        snprintf(options, sizeof options, "%s=%lld", o->name, (long long)o->max);
        each(ops, options);
      }
    }
  }
}

struct counts {
  uint64_t finished[64]; /* by client */
  cr_ns end_ns;
};

static int count(void *ctx, const struct cr_request_row *row, uint32_t n, struct cr_err *err)
{
  (void)err;
  struct counts *c = ctx;
  for (uint32_t i = 0; i < n; i++) {
    assert_true(row[i].arrive_ns <= row[i].reach_ns);
    assert_true(row[i].reach_ns < row[i].end_ns);
    assert_true(row[i].end_ns >= c->end_ns);
    c->end_ns = row[i].end_ns;
    c->finished[row[i].client]++;
  }
  return CR_OK;
}

/* A strict run to the end of the load: nothing is refused, nothing is left, every request finishes exactly once. */
static void finishes_all(const struct cr_workload *w, const struct cr_machine *m, const struct cr_policy_ops *ops,
                         const char *options)
{
  struct cr_core_cfg cfg = load_cfg(w, ops);
  struct counts counts = {0};
  struct cr_request_sink sink = {.ctx = &counts, .write = count};
  cfg.policy_options = options;
  cfg.machine = m;
  cfg.requests = &sink;
  struct cr_result r[2];
  struct cr_err err = {""};
  for (int twice = 0; twice < 2; twice++) {
    counts = (struct counts){0};
    if (cr_core_run(&cfg, &r[twice], &err) != CR_OK)
      fail_msg("%s %s: %s", ops->name, options ? options : "", err.text);
    assert_int_equal(r[twice].outcome, CR_DONE);
    assert_int_equal(r[twice].n_refused, 0);
    for (uint32_t c = 0; c < w->n_client; c++) {
      assert_int_equal(r[twice].client[c].n_pending, 0);
      assert_int_equal(r[twice].client[c].n_arrived, r[twice].client[c].n_done + r[twice].client[c].n_dropped);
      assert_int_equal(counts.finished[c], r[twice].client[c].n_done);
    }
  }
  assert_true(r[0].ledger_hash == r[1].ledger_hash);
  cr_result_fini(&r[0]);
  cr_result_fini(&r[1]);
}

static void limited(struct cr_workload_builder *b, struct cr_client_spec spec, uint32_t max_requests)
{
  spec.max_requests = max_requests;
  load_add(b, spec);
}

static void every_request_finishes_once(const struct cr_policy_ops *ops, const char *options)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = load_model(b, "m", 7, 1000), n = load_model(b, "n", 3, 5000), one = load_model(b, "one", 1, 1);
  limited(b, load_poisson("p", m, CR_RT, 20000), 500);
  limited(b, load_uniform("u", n, CR_RT, 10000), 500);
  limited(b, load_closed("c", n, CR_BE, 4), 500);
  limited(b, load_closed("d", one, CR_BE, 1), 500);
  limited(b, load_closed("e", one, CR_RT, 100), 7);
  const struct cr_workload *w = load_seal(b);
  finishes_all(w, &load_machine, ops, options);
  finishes_all(w, &load_two_devices, ops, options);
  cr_workload_builder_free(b);
}

static void no_policy_loses_or_repeats_a_request(void **state)
{
  (void)state;
  for_each_policy(every_request_finishes_once);
}

/* Loads drawn at random, with everything at one instant now and then, and deadlines that cannot be met. */
static void random_load(const struct cr_policy_ops *ops, const char *options)
{
  static const cr_ns burst[] = {0, 0, 0, 1, 1, 1000, 1000, 1000000};
  for (uint32_t seed = 0; seed < 20; seed++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    uint64_t k = 0;
    uint32_t n_client = 1 + (uint32_t)(cr_draw(seed, CR_RNG_TEST, 0, k++) % 12);
    for (uint32_t c = 0; c < n_client; c++) {
      char name[16], model[16];
      uint64_t d = cr_draw(seed, CR_RNG_TEST, 0, k++);
      snprintf(name, sizeof name, "c%u", c);
      snprintf(model, sizeof model, "m%u", c);
      cr_model m = load_model(b, model, 1 + (uint32_t)(d % 30), 1 + (cr_ns)(d >> 8 & 0xfff));
      enum cr_class class = d >> 20 & 1 ? CR_RT : CR_BE;
      struct cr_client_spec spec = d >> 21 & 1   ? load_closed(name, m, class, 1 + (uint32_t)(d >> 24 & 7))
                                   : d >> 22 & 1 ? load_trace(name, m, class, burst, 8)
                                                 : load_poisson(name, m, class, 1 + (double)(d >> 24 & 0xffff));
      spec.priority = -(int32_t)(d >> 40 & 3);
      spec.deadline_ns = d >> 44 & 1 ? 1 : CR_NS_NEVER;
      limited(b, spec, 1 + (uint32_t)(d >> 48 & 63));
    }
    finishes_all(load_seal(b), &load_machine, ops, options);
    cr_workload_builder_free(b);
  }
}

static void no_policy_stumbles_over_a_random_load(void **state)
{
  (void)state;
  for_each_policy(random_load);
}

/* Jobs beside other clients: declared or not, true or not, of which some fit never and some not now. */
static void add_random_job(struct cr_workload_builder *b, uint32_t seed, uint32_t c)
{
  static const int64_t bytes[] = {CR_UNKNOWN, 0, 1, 50, 100, 300, 600, 1001};
  char name[16], model[16];
  uint64_t d = cr_draw(seed, CR_RNG_TEST, 1, 2 * c), e = cr_draw(seed, CR_RNG_TEST, 1, 2 * c + 1);
  snprintf(name, sizeof name, "j%u", c);
  snprintf(model, sizeof model, "jm%u", c);
  int64_t persistent = bytes[d & 7], ephemeral = bytes[d >> 3 & 7];
  cr_model m =
    load_sized_model(b, model, 1 + (uint32_t)(d >> 6 & 3), 1 + (cr_ns)(d >> 8 & 0xfff), persistent, ephemeral);
  struct cr_client_spec spec = load_job(name, m, (cr_ns)(d >> 20 & 3) * 1000, 1 + (uint32_t)(d >> 24 & 31));
  spec.job.startup_ns = d >> 32 & 1 ? (cr_ns)(d >> 33 & 0x1fff) : 0;
  spec.job.think_ns = d >> 46 & 1 ? (cr_ns)(d >> 47 & 0x1ff) : 0;
  spec.job.declared_ns = e & 1 ? 1 + (cr_ns)(e >> 1 & 0xffff) : CR_NS_NEVER;
  if (e >> 20 & 1) {
    spec.job.persistent_bytes = e >> 21 & 3 ? persistent : bytes[e >> 23 & 7];
    spec.job.ephemeral_bytes = e >> 26 & 3 ? ephemeral : bytes[e >> 28 & 7];
  }
  load_add(b, spec);
}

static void every_job_ends(const struct cr_workload *w, const struct cr_machine *m, const struct cr_policy_ops *ops,
                           const char *options)
{
  struct cr_core_cfg cfg = load_cfg(w, ops);
  cfg.policy_options = options;
  cfg.machine = m;
  struct load_record record = {0};
  cfg.ledger = load_record(&record);
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s %s: %s", ops->name, options ? options : "", err.text);
  for (uint32_t c = 0; c < w->n_client; c++) {
    const struct cr_job_spec *j = &w->client[c].job;
    const struct cr_job_result *end = &r.job[c];
    if (!j->iterations)
      continue;
    assert_true(end->how != CR_JOB_UNFINISHED);
    assert_int_equal(r.client[c].n_done, end->how == CR_JOB_DONE);
    if (end->how != CR_JOB_DONE)
      continue;
    cr_ns each_ns = w->model[w->client[c].model.i].duration_ns;
    assert_true(end->submit_ns <= end->start_ns && end->ready_ns == end->start_ns + j->startup_ns);
    assert_true(end->ready_ns <= end->admit_ns && end->admit_ns <= end->first_ns);
    assert_true(end->used_ns >= each_ns * j->iterations);
    assert_true(end->end_ns >= end->first_ns + end->used_ns + j->think_ns * (j->iterations - 1));
  }
  struct cr_replay_report report;
  assert_int_equal(cr_replay(w, m, ops, options, record.note, record.n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("%s %s: recorded %s, replayed %s", ops->name, options ? options : "", report.recorded, report.replayed);
  load_record_fini(&record);
  cr_result_fini(&r);
}

static void random_jobs(const struct cr_policy_ops *ops, const char *options)
{
  for (uint32_t seed = 0; seed < 30; seed++) {
    struct cr_workload_builder *b = cr_workload_builder_new();
    for (uint32_t c = 0; c < 1 + seed % 23; c++)
      add_random_job(b, seed, c);
    if (seed % 3 == 0) {
      cr_model m = load_model(b, "other", 3, 500);
      limited(b, load_closed("c", m, CR_RT, 2), 20);
      limited(b, load_poisson("p", m, CR_BE, 100000), 20);
    }
    const struct cr_workload *w = load_seal(b);
    every_job_ends(w, seed % 2 ? &load_machine : &load_two_devices, ops, options);
    finishes_all(w, &load_machine, ops, options);
    cr_workload_builder_free(b);
  }
}

static void no_policy_loses_a_job(void **state)
{
  (void)state;
  for_each_policy(random_jobs);
}

static void without_clients(const struct cr_policy_ops *ops, const char *options)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = load_seal(b);
  finishes_all(w, &load_machine, ops, options);
  cr_workload_builder_free(b);
}

static void no_policy_minds_having_no_clients(void **state)
{
  (void)state;
  for_each_policy(without_clients);
}

static void overloaded(const struct cr_policy_ops *ops, const char *options)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m = load_model(b, "m", 2, 500000);
  load_add(b, load_uniform("a", m, CR_RT, 20000));
  load_add(b, load_poisson("b", m, CR_BE, 20000));
  load_add(b, load_closed("c", m, CR_BE, 300));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), ops);
  cfg.policy_options = options;
  cfg.duration_ns = 300000000;
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s: %s", ops->name, err.text);
  assert_true(r.client[0].n_pending > 4000);
  cr_result_fini(&r);
  cr_workload_builder_free(b);
}

static void no_policy_breaks_under_overload(void **state)
{
  (void)state;
  for_each_policy(overloaded);
}

static void the_list_is_in_order(void **state)
{
  (void)state;
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    const struct cr_policy_ops *ops = cr_policy_list[i];
    assert_int_equal(ops->abi, CR_POLICY_ABI);
    assert_true(strlen(ops->about) > 10 && strlen(ops->about) < 120);
    assert_int_equal(strspn(ops->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(ops->name));
    assert_ptr_equal(cr_policy_find(ops->name, strlen(ops->name)), ops);
    for (const struct cr_opt *o = ops->options; o && o->name; o++) {
      assert_non_null(o->help);
      assert_non_null(o->source);
      assert_non_null(o->fallback);
    }
  }
  assert_null(cr_policy_find("exclusively", 11));
  assert_null(cr_policy_find("exclus", 6));
  assert_ptr_equal(cr_policy_find("exclusive,order=fifo", 9), cr_policy_list[0]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_list_is_in_order),
    cmocka_unit_test(no_policy_loses_or_repeats_a_request),
    cmocka_unit_test(no_policy_stumbles_over_a_random_load),
    cmocka_unit_test(no_policy_loses_a_job),
    cmocka_unit_test(no_policy_minds_having_no_clients),
    cmocka_unit_test(no_policy_breaks_under_overload),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
