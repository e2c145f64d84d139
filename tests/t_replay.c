/* t_replay.c - a ledger fed again to its policy. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/replay.h"
#include "tests/rig.h"
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

/* A kernel of 8 blocks is sliced, evicted midway and gone on with; another request pads. */
struct cutter {
  uint32_t n_back;
  cr_request be;
};

static int cutter_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (int i = 0; i < 2; i++)
    cr_stream_new(p, (cr_device){0}, 0);
  cr_stream_queue(p, (cr_stream){0}, 3, CR_RECLAIM_LATER);
  return CR_OK;
}

static void cutter_request(struct cr_policy *p, cr_request r)
{
  struct cutter *c = p->state;
  if (p->view->request_client[r.i] == 0) {
    c->be = r;
    return;
  }
  cr_pad(p, &(struct cr_pad_spec){
              .rt = r, .be = c->be, .rt_op = 1, .rt_sms = 2, .n_block = 3, .sm_blocks = 1, .stream = {1}});
  cr_launch(p, r, CR_ALL, (cr_stream){0});
  cr_timer(p, 150, 0);
}

static void cutter_timer(struct cr_policy *p, uint64_t cookie)
{
  (void)cookie;
  cr_preempt(p, (cr_stream){0}, CR_CAP_EVICT);
}

static void cutter_go_on(struct cr_policy *p, cr_request r)
{
  struct cutter *c = p->state;
  if (c->n_back++ == 0)
    cr_slice(p, r, 1, (cr_stream){0});
  else
    cr_launch(p, r, CR_ALL, (cr_stream){p->view->request_client[r.i] == 0});
}

static void cutter_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  (void)how;
  cutter_go_on(p, r);
}

static void cutter_done(struct cr_policy *p, cr_request r, int complete)
{
  if (!complete)
    cutter_go_on(p, r);
}

static const struct cr_policy_ops cutter = {
  .abi = CR_POLICY_ABI,
  .name = "cutter",
  .about = "cuts ops",
  .needs = CR_CAP_EVICT | CR_CAP_QUEUE | CR_CAP_SLICE | CR_CAP_PAD,
  .state_bytes = sizeof(struct cutter),
  .init = cutter_init,
  .on_request = cutter_request,
  .on_timer = cutter_timer,
  .on_back = cutter_back,
  .on_done = cutter_done,
};

static struct rig rig; /* for its device */

static const struct cr_workload *cut_load(struct cr_workload_builder *b)
{
  static const cr_ns at[] = {0};
  struct cr_op_spec op[3] = {rig_kernel(8, 100), rig_kernel(8, 100), rig_kernel(8, 100)};
  cr_model m;
  struct cr_model_spec spec = cr_model_unknown("m", op, 3);
  assert_int_equal(cr_workload_add_model(b, &spec, &m, NULL), CR_OK);
  load_add(b, load_trace("be", m, CR_BE, at, 1));
  load_add(b, load_trace("rt", m, CR_RT, at, 1));
  return load_seal(b);
}

static void record_cuts(const struct cr_workload *w, struct load_record *record)
{
  struct cr_core_cfg cfg = load_cfg(w, &cutter);
  rig_device(&rig, 1);
  cfg.machine = &rig.machine;
  cfg.backend = &cr_backend_sim;
  cfg.ledger = load_record(record);
  struct cr_result r;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_true(r.n_cut > 0);
  cr_result_fini(&r);
}

static int replay_cuts(const struct cr_workload *w, const struct load_record *record, struct cr_replay_report *report,
                       struct cr_err *err)
{
  return cr_replay(w, &rig.machine, &cutter, NULL, record->note, record->n, report, err);
}

static void expect_fault(const struct cr_workload *w, struct load_record *record, uint64_t at, struct cr_note note,
                         const char *say)
{
  struct cr_replay_report report;
  struct cr_err err = {""};
  struct cr_note saved = record->note[at];
  record->note[at] = note;
  assert_int_equal(replay_cuts(w, record, &report, &err), CR_EINPUT);
  if (!strstr(err.text, say))
    fail_msg("\"%s\" does not say \"%s\"", err.text, say);
  record->note[at] = saved;
}

static void cuts_are_replayed_and_none_that_cannot_be(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = cut_load(b);
  struct load_record record = {0};
  struct cr_replay_report report;
  struct cr_err err = {""};
  uint32_t n_cut = 0, n_blocks = 0;
  record_cuts(w, &record);
  assert_int_equal(replay_cuts(w, &record, &report, &err), CR_OK);
  assert_true(report.same);
  assert_int_equal(report.n_told + report.n_asked, record.n);
  for (uint64_t i = 0; i + 1 < record.n; i++) {
    struct cr_note note = record.note[i];
    if (note.kind != CR_NOTE_CUT)
      continue;
    const char *end = record.note[i + 1].kind == CR_NOTE_DONE ? "nothing was launched that ends so"
                                                              : "nothing was launched that comes back so";
    n_cut++;
    n_blocks += note.b;
    note.b = 8; /* as many as the op has: then it is done */
    expect_fault(w, &record, i, note, end);
    note.b = CR_NONE;
    expect_fault(w, &record, i, note, end);
    note = record.note[i];
    note.c = 4;
    expect_fault(w, &record, i, note, "nothing was launched that could be cut");
    note.c = CR_NONE;
    expect_fault(w, &record, i, note, "nothing was launched that could be cut");
    note = record.note[i];
    note.a = 5;
    expect_fault(w, &record, i, note, "nothing was launched that could be cut");
    expect_fault(w, &record, i + 1, record.note[i], "nothing was launched that could be cut"); /* twice */
    note = record.note[i + 1];
    note.b = 3;
    if (record.note[i].b) /* of what is complete */
      expect_fault(w, &record, i + 1, note, end);
  }
  assert_true(n_cut >= 2 && n_blocks > 0);
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
    cmocka_unit_test(cuts_are_replayed_and_none_that_cannot_be),
    cmocka_unit_test(options_the_policy_does_not_have_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
