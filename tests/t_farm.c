/* t_farm.c - tasks spread over processes: all done once, errors come back, a worker that dies is noticed. */
#include "config.h"

#include "tests/t.h"

#include <signal.h>
#include <unistd.h>

#include "calib/farm.h"

enum { N = 200 };

struct work {
  uint32_t n_done[N];
  pid_t pid[N];
  uint32_t bad; /* this one fails */
  int how;
  int changed; /* by a task */
  int n_lost;
};

struct answer {
  uint64_t square;
  pid_t pid;
};

static int run(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  struct work *w = ctx;
  struct answer *a = result;
  w->changed = 1;
  if (task == w->bad && w->how == 1)
    return cr_fail(err, CR_EINPUT, "task %u is bad", task);
  if (task == w->bad && w->how == 2)
    raise(SIGKILL);
  assert_int_equal(a->square, 0);
  *a = (struct answer){(uint64_t)task * task, getpid()};
  return CR_OK;
}

static int done(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct work *w = ctx;
  const struct answer *a = result;
  assert_true(task < N);
  assert_true(a->square == (uint64_t)task * task);
  w->n_done[task]++;
  w->pid[task] = a->pid;
  return w->how == 3 && task == w->bad ? cr_fail(err, CR_ERUN, "no room for task %u", task) : CR_OK;
}

static int lost(void *ctx, uint32_t task, const char *sentence, struct cr_err *err)
{
  struct work *w = ctx;
  (void)err;
  assert_int_equal(task, w->bad);
  assert_non_null(strstr(sentence, "signal 9"));
  w->n_lost++;
  return CR_OK;
}

static struct cr_farm farm_of(struct work *w, uint32_t n_worker)
{
  return (struct cr_farm){
    .n_task = N, .n_worker = n_worker, .result_size = sizeof(struct answer), .ctx = w, .run = run, .done = done};
}

static void every_task_is_done_once(void **state)
{
  (void)state;
  for (uint32_t n_worker = 0; n_worker <= 5; n_worker++) {
    struct work w = {.bad = CR_NONE};
    struct cr_err err = {""};
    const struct cr_farm farm = farm_of(&w, n_worker);
    assert_int_equal(cr_farm_run(&farm, &err), CR_OK);
    for (uint32_t i = 0; i < N; i++)
      assert_int_equal(w.n_done[i], 1);
  }
}

static void one_worker_is_the_caller_and_more_are_not(void **state)
{
  (void)state;
  struct work w = {.bad = CR_NONE};
  struct cr_farm farm = farm_of(&w, 1);
  assert_int_equal(cr_farm_run(&farm, NULL), CR_OK);
  assert_true(w.pid[0] == getpid() && w.changed);
  w = (struct work){.bad = CR_NONE};
  farm.n_worker = 2;
  assert_int_equal(cr_farm_run(&farm, NULL), CR_OK);
  assert_true(w.pid[0] != getpid() && !w.changed);
}

static void an_error_comes_back_with_its_text(void **state)
{
  (void)state;
  for (uint32_t n_worker = 1; n_worker <= 3; n_worker++) {
    struct work w = {.bad = 17, .how = 1};
    struct cr_err err = {""};
    const struct cr_farm farm = farm_of(&w, n_worker);
    assert_int_equal(cr_farm_run(&farm, &err), CR_EINPUT);
    assert_string_equal(err.text, "task 17 is bad");
    assert_int_equal(w.n_done[17], 0);
  }
}

static void a_worker_that_dies_is_noticed(void **state)
{
  (void)state;
  struct work w = {.bad = 3, .how = 2};
  struct cr_err err = {""};
  const struct cr_farm farm = farm_of(&w, 2);
  assert_int_equal(cr_farm_run(&farm, &err), CR_ERUN);
  assert_non_null(strstr(err.text, "-j 1"));
}

static void a_worker_that_dies_can_be_replaced(void **state)
{
  (void)state;
  for (uint32_t n_worker = 1; n_worker <= 3; n_worker++) {
    struct work w = {.bad = 3, .how = 2};
    struct cr_err err = {""};
    struct cr_farm farm = farm_of(&w, n_worker);
    farm.lost = lost;
    assert_int_equal(cr_farm_run(&farm, &err), CR_OK);
    assert_int_equal(w.n_lost, 1);
    for (uint32_t i = 0; i < N; i++)
      assert_int_equal(w.n_done[i], i != 3);
  }
}

static void what_cannot_be_kept_ends_it_all(void **state)
{
  (void)state;
  for (uint32_t n_worker = 1; n_worker <= 3; n_worker++) {
    struct work w = {.bad = 5, .how = 3};
    struct cr_err err = {""};
    const struct cr_farm farm = farm_of(&w, n_worker);
    assert_int_equal(cr_farm_run(&farm, &err), CR_ERUN);
    assert_string_equal(err.text, "no room for task 5");
    assert_int_equal(w.n_done[N - 1], 0);
  }
}

static void a_stop_ends_it_early(void **state)
{
  (void)state;
  const volatile int stop = 1;
  struct work w = {.bad = CR_NONE};
  struct cr_farm farm = farm_of(&w, 1);
  farm.stop = &stop;
  assert_int_equal(cr_farm_run(&farm, NULL), CR_EINTR);
  assert_int_equal(w.n_done[0], 0);
}

static void without_tasks_nothing_happens(void **state)
{
  (void)state;
  struct work w = {.bad = CR_NONE};
  struct cr_farm farm = farm_of(&w, 4);
  farm.n_task = 0;
  assert_int_equal(cr_farm_run(&farm, NULL), CR_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_task_is_done_once),
    cmocka_unit_test(one_worker_is_the_caller_and_more_are_not),
    cmocka_unit_test(an_error_comes_back_with_its_text),
    cmocka_unit_test(a_worker_that_dies_is_noticed),
    cmocka_unit_test(a_worker_that_dies_can_be_replaced),
    cmocka_unit_test(what_cannot_be_kept_ends_it_all),
    cmocka_unit_test(a_stop_ends_it_early),
    cmocka_unit_test(without_tasks_nothing_happens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
