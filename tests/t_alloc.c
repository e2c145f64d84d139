/* t_alloc.c - memory: every allocation of a run's set-up may fail, and after set-up there is none. */
#include "config.h"

#include "policies/list.h"
#include "sim/core.h"
#include "sim/mem.h"
#include "tests/load.h"
#include "tests/t.h"

static const struct cr_workload *mixed(struct cr_workload_builder *b)
{
  cr_model m = load_model(b, "m", 7, 1000), n = load_model(b, "n", 3, 5000);
  load_add(b, load_poisson("p", m, CR_RT, 20000));
  load_add(b, load_uniform("u", n, CR_RT, 10000));
  load_add(b, load_closed("c", n, CR_BE, 4));
  for (uint32_t i = 0; i < 20; i++) {
    char name[16];
    snprintf(name, sizeof name, "j%u", i);
    struct cr_client_spec spec = load_job(name, load_sized_model(b, name, 2, 3000, 30, 40), 500000 * i, 20);
    spec.job.startup_ns = 1000;
    spec.job.think_ns = 100;
    spec.job.persistent_bytes = 30;
    spec.job.ephemeral_bytes = 40;
    load_add(b, spec);
  }
  return load_seal(b);
}

/* Marks the count of allocations at the first and latest arrival that a policy under test was told of. */
struct watch {
  const struct cr_policy_ops *ops;
  uint64_t first, latest;
};
static struct watch watch;

static void watched(struct cr_policy *p, cr_request r)
{
  watch.ops->on_request(p, r);
  watch.latest = t_allocation_count();
  if (!watch.first)
    watch.first = watch.latest;
}

static void a_run_allocates_nothing_after_set_up(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    watch = (struct watch){.ops = cr_policy_list[i]};
    struct cr_policy_ops ops = *cr_policy_list[i];
    if (!ops.on_request)
      continue;
    ops.on_request = watched;
    struct cr_core_cfg cfg = load_cfg(w, &ops);
    cfg.duration_ns = 20000000;
    struct cr_result r;
    struct cr_err err = {""};
    assert_int_equal(cr_core_run(&cfg, &r, &err), CR_OK);
    assert_true(r.client[0].n_done > 100);
    assert_int_equal(watch.latest - watch.first, 0);
    cr_result_fini(&r);
  }
  cr_workload_builder_free(b);
}

static void any_allocation_of_set_up_may_fail(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  const struct cr_workload *w = mixed(b);
  for (uint32_t i = 0; cr_policy_list[i]; i++) {
    struct cr_core_cfg cfg = load_cfg(w, cr_policy_list[i]);
    cfg.duration_ns = 100000;
    uint64_t n = 0;
    for (int rc = CR_ENOMEM; rc != CR_OK; n++) {
      struct cr_result r = {.n_event = 77};
      struct cr_err err = {""};
      t_fail_allocation_after(n);
      rc = cr_core_run(&cfg, &r, &err);
      t_allocations_succeed();
      assert_true(rc == CR_OK || rc == CR_ENOMEM);
      if (rc == CR_OK) {
        cr_result_fini(&r);
        break;
      }
      assert_non_null(strstr(err.text, "out of memory"));
      assert_int_equal(r.n_event, 77);
    }
    print_message("# %s: %llu allocations\n", cr_policy_list[i]->name, (unsigned long long)n);
    assert_true(n > 20);
  }
  cr_workload_builder_free(b);
}

/* Columns grow when a backlog needs it; here they cannot. */
static void a_run_that_finds_no_memory_on_the_way_keeps_its_results(void **state)
{
  (void)state;
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_uniform("fast", load_model(b, "m", 1, 1000000), CR_BE, 100000));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), cr_policy_find("exclusive", 9));
  cfg.duration_ns = 100000000;
  uint64_t before = t_allocation_count();
  struct cr_result r;
  struct cr_err err = {""};
  assert_int_equal(cr_core_run(&cfg, &r, &err), CR_OK);
  uint64_t all = t_allocation_count() - before, n_failed = 0;
  cr_result_fini(&r);
  for (uint64_t n = all - 1; n_failed < 9; n--, n_failed++) {
    t_fail_allocation_after(n);
    int rc = cr_core_run(&cfg, &r, &err);
    t_allocations_succeed();
    assert_int_equal(rc, CR_ENOMEM);
    assert_int_equal(r.outcome, CR_FAILED);
    assert_true(r.client[0].n_done > 0);
    cr_result_fini(&r);
  }
  cr_workload_builder_free(b);
}

static void aligned_memory_is_aligned_and_zeroed(void **state)
{
  (void)state;
  for (size_t align = 8; align <= 4096; align *= 2) {
    unsigned char *block = cr_mem_new_aligned(3, 2 * align, align);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % align, 0);
    for (size_t i = 0; i < 6 * align; i++)
      assert_int_equal(block[i], 0);
    memset(block, 0xff, 6 * align); /* what the next one may get again */
    cr_mem_free(block);
  }
  assert_null(cr_mem_new_aligned(SIZE_MAX / 64, 128, 64));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(aligned_memory_is_aligned_and_zeroed),
    cmocka_unit_test(a_run_allocates_nothing_after_set_up),
    cmocka_unit_test(any_allocation_of_set_up_may_fail),
    cmocka_unit_test(a_run_that_finds_no_memory_on_the_way_keeps_its_results),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
