/* t_replay.c - a ledger fed again to its policy. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "tests/load.h"
#include "tests/t.h"

static const struct cr_workload *mixed(struct cr_workload_builder *b)
{
  cr_model m = load_model(b, "m", 7, 1000), n = load_model(b, "n", 3, 5000);
  load_add(b, load_poisson("p", m, CR_RT, 30000));
  load_add(b, load_uniform("u", n, CR_RT, 20000));
  load_add(b, load_closed("c", n, CR_BE, 4));
  return load_seal(b);
}

static void record_run(const struct cr_workload *w, const struct cr_policy_ops *ops, const char *options,
                       cr_ns duration_ns, struct load_record *record)
{
  struct cr_core_cfg cfg = load_cfg(w, ops);
  cfg.policy_options = options;
  cfg.duration_ns = duration_ns;
  cfg.ledger = load_record(record);
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_result_fini(&r);
}

static struct cr_replay_report replay(const struct cr_workload *w, const struct cr_policy_ops *ops, const char *options,
                                      const struct load_record *record)
{
  struct cr_replay_report report = {0};
  struct cr_err err = {""};
  if (cr_replay(w, &load_machine, ops, options, record->note, record->n, &report, &err) != CR_OK)
    fail_msg("%s", err.text);
  return report;
}

static void every_policy_asks_for_the_same_again(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    struct load_record record = {0};
    record_run(w, cr_policy_list[i], NULL, 20000000, &record);
    struct cr_replay_report report = replay(w, cr_policy_list[i], NULL, &record);
    assert_true(report.same);
    assert_int_equal(report.n_told + report.n_asked, record.n);
    assert_true(report.n_asked > 100);
    load_record_fini(&record);
  }
  cr_workload_builder_free(b);
}

static void a_backlog_that_made_the_columns_grow_replays_too(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_uniform("fast", load_model(b, "m", 1, 1000000), CR_BE, 100000));
  const struct cr_workload *w = load_seal(b);
  struct load_record record = {0};
  record_run(w, cr_policy_find("exclusive", 9), NULL, 100000000, &record);
  assert_true(replay(w, cr_policy_find("exclusive", 9), NULL, &record).same);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void another_option_shows_at_the_first_note_that_differs(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  const struct cr_policy_ops *exclusive = cr_policy_find("exclusive", 9);
  struct load_record record = {0};
  record_run(w, exclusive, "order=fifo", 20000000, &record);
  struct cr_replay_report report = replay(w, exclusive, "order=rt-first", &record);
  assert_false(report.same);
  assert_int_equal(record.note[report.first_difference].kind, CR_NOTE_LAUNCH);
  assert_non_null(strstr(report.recorded, "launch"));
  assert_non_null(strstr(report.replayed, "launch"));
  assert_string_not_equal(report.recorded, report.replayed);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void an_altered_note_is_the_first_difference(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  const struct cr_policy_ops *streams = cr_policy_find("streams", 7);
  struct load_record record = {0};
  record_run(w, streams, NULL, 5000000, &record);
  uint64_t at = record.n / 2;
  while (record.note[at].kind != CR_NOTE_LAUNCH)
    at++;
  record.note[at].b = 1;
  struct cr_replay_report report = replay(w, streams, NULL, &record);
  assert_false(report.same);
  assert_int_equal(report.first_difference, at);
  assert_non_null(strstr(report.recorded, "ops 1 "));
  assert_non_null(strstr(report.replayed, "all ops"));
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void an_action_too_many_in_the_record_is_seen(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  const struct cr_policy_ops *streams = cr_policy_find("streams", 7);
  struct load_record record = {0};
  record_run(w, streams, NULL, 5000000, &record);
  uint64_t last = record.n - 1;
  while (record.note[last].kind !=
         CR_NOTE_DONE) /* after it, and before the arrival it brought about, nothing was asked */
    last--;
  record.note[last + 1] = (struct cr_note){.at_ns = record.note[last].at_ns, .kind = CR_NOTE_DROP, .a = 0};
  struct cr_replay_report report = replay(w, streams, NULL, &record);
  assert_false(report.same);
  assert_int_equal(report.first_difference, last + 1);
  assert_string_equal(report.replayed, "nothing");
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

/* Each number of each note, set to what no run could have told. */
static void an_event_that_cannot_have_happened_is_refused_and_never_followed(void **state)
{
  (void)state;
  static const uint32_t nonsense[] = {CR_NONE, 1000000, 3};
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  const struct cr_policy_ops *exclusive = cr_policy_find("exclusive", 9);
  struct load_record record = {0};
  record_run(w, exclusive, NULL, 300000, &record);
  uint32_t n_refused = 0;
  for (uint64_t i = 0; i < record.n; i++)
    for (uint32_t k = 0; k < 9; k++) {
      struct cr_note saved = record.note[i];
      uint32_t *member[] = {&record.note[i].kind, &record.note[i].a, &record.note[i].b};
      *member[k / 3] = nonsense[k % 3];
      struct cr_replay_report report;
      struct cr_err err = {""};
      int rc = cr_replay(w, &load_machine, exclusive, NULL, record.note, record.n, &report, &err);
      assert_true(rc == CR_OK || rc == CR_EINPUT);
      n_refused += rc == CR_EINPUT;
      if (rc == CR_EINPUT)
        assert_non_null(strstr(err.text, "of the ledger cannot be"));
      record.note[i] = saved;
    }
  assert_true(n_refused > 100);
  load_record_fini(&record);
  cr_workload_builder_free(b);
}

static void options_the_policy_does_not_have_are_refused(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  struct cr_replay_report report;
  struct cr_err err = {""};
  assert_int_equal(cr_replay(mixed(b), &load_machine, cr_policy_find("streams", 7), "x=1", NULL, 0, &report, &err),
                   CR_EINPUT);
  cr_workload_builder_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_policy_asks_for_the_same_again),
    cmocka_unit_test(a_backlog_that_made_the_columns_grow_replays_too),
    cmocka_unit_test(another_option_shows_at_the_first_note_that_differs),
    cmocka_unit_test(an_altered_note_is_the_first_difference),
    cmocka_unit_test(an_action_too_many_in_the_record_is_seen),
    cmocka_unit_test(an_event_that_cannot_have_happened_is_refused_and_never_followed),
    cmocka_unit_test(options_the_policy_does_not_have_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
