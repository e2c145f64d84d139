/* t_task_file.c - task files and platforms as they are read: values, defaults, and memory that runs out at every step. */
#include "config.h"

#include "tests/t.h"

#include "sim/mem.h"
#include "traces/task_file.h"

#define MS INT64_C(1000000)

static const char FILE_TEXT[] =
  "about: two\n"
  "platform:\n"
  "  name: board\n"
  "  cores: [{type: big, count: 2}, {type: little, count: 1}]\n"
  "  gpus: [{type: g, count: 1}]\n"
  "  overheads: {eps_s: 1us, eps_cp: 2us, eps_gp: 3us, eps_gm: 4us}\n"
  "  models:\n"
  "    - name: m\n"
  "      source: here\n"
  "      layers:\n"
  "        - name: a\n"
  "          cpu: [{cores: little, times: [9ms]}, {cores: big, times: [4ms, 2ms]}]\n"
  "          gpu: [{gpu: g, hd: 1us, exec: 1ms, misc: 2us, dh: 3us}]\n"
  "models:\n"
  "  - name: n\n"
  "    layers:\n"
  "      - {name: b, cpu: [{cores: big, times: [1ms, 1ms]}, {cores: little, times: [2ms]}], gpu: [{gpu: g, exec: 0}]}\n"
  "tasks:\n"
  "  - {name: one, class: rt, model: m, period: 50ms, deadline: 40ms, weight: 3}\n"
  "  - {name: two, class: rt, model: n, period: 30ms}\n"
  "  - {name: three, class: be, model: m, period: 1s, batch: 8}\n";

static const char *file(void)
{
  const char *path = t_join(t_tmp(), "set.yaml");
  t_write(path, FILE_TEXT);
  return path;
}

static void what_the_file_says_is_read(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_task_set set;
  struct cr_err err = {""};
  assert_int_equal(cr_task_file_load(file(), arena, &set, &err), CR_OK);
  const struct cr_platform *p = set.platform;
  assert_string_equal(set.name, "set");
  assert_string_equal(set.about, "two");
  assert_true(p->n_core == 3 && p->n_gpu == 1 && p->core[1].first_slot == 2);
  assert_true(p->overhead.notify_ns == 1000 && p->overhead.cpu_preempt_ns == 2000);
  assert_true(p->overhead.gpu_preempt_ns == 3000 && p->overhead.gpu_copy_ns == 4000);
  assert_true(set.n_task == 3 && set.n_rt == 2);
  const struct cr_plan_task *t = set.task;
  assert_true(t[0].is_rt && t[0].period_ns == 50 * MS && t[0].deadline_ns == 40 * MS && t[0].weight == 3);
  assert_true(t[1].is_rt && t[1].deadline_ns == 30 * MS && t[1].weight == 1);
  assert_true(!t[2].is_rt && t[2].deadline_ns == CR_NS_NEVER && t[2].batch == 8);
  assert_true(t[0].profile == t[2].profile);
  const struct cr_layer_profile *m = t[0].profile;
  assert_string_equal(m->source, "here");
  assert_true(m->cpu_ns[0] == 4 * MS && m->cpu_ns[1] == 2 * MS && m->cpu_ns[2] == 9 * MS);
  assert_true(m->gpu[0].hd_ns == 1000 && m->gpu[0].exec_ns == MS && m->gpu[0].misc_ns == 2000 &&
              m->gpu[0].dh_ns == 3000);
  assert_true(t[1].profile->gpu[0].hd_ns == 0 && t[1].profile->gpu[0].exec_ns == 1); /* "0": the least there is */
  cr_arena_free(arena);
}

static void the_bundled_sets_are_read(void **state)
{
  (void)state;
  static const char *const name[] = {"dart-xeon", "dart-tx2"};
  for (int i = 0; i < 2; i++) {
    struct cr_arena *arena = cr_arena_new();
    struct cr_task_set set;
    struct cr_err err = {""};
    assert_int_equal(cr_task_file_load(name[i], arena, &set, &err), CR_OK);
    for (uint32_t t = 0; t < set.n_task; t++) /* each says where its times come from and what of them is assumed */
      assert_non_null(strstr(set.task[t].profile->source, "assumed"));
    cr_arena_free(arena);
  }
}

static void memory_that_runs_out_at_any_step_is_said(void **state)
{
  (void)state;
  const char *path = file();
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK && n < 5000; n++) {
    struct cr_task_set set;
    struct cr_err err = {""};
    t_fail_allocation_after(n);
    struct cr_arena *arena = cr_arena_new();
    rc = arena ? cr_task_file_load(path, arena, &set, &err) : CR_ENOMEM;
    t_allocations_succeed();
    cr_arena_free(arena);
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
  }
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(what_the_file_says_is_read),
    cmocka_unit_test(the_bundled_sets_are_read),
    cmocka_unit_test(memory_that_runs_out_at_any_step_is_said),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
