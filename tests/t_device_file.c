/* t_device_file.c - device descriptions: the bundled ones, overrides, and what is wrong with a file. */
#include "config.h"

#include "traces/device_file.h"

#include "sim/text.h"
#include "tests/rig.h"
#include "tests/t.h"
#include "traces/datadir.h"

#include <math.h>
#include <stdlib.h>

static int load(const char *name, const char *set, struct cr_device_desc *d, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  assert_non_null(arena);
  int rc = cr_device_load(name, &set, set ? 1 : 0, arena, d, err);
  if (!rc)
    assert_true(*d->name && *d->about);
  d->name = d->about = NULL; /* they go with the arena */
  cr_arena_free(arena);
  return rc;
}

static void the_h200_is_what_its_driver_reports(void **state)
{
  (void)state;
  struct cr_device_desc d;
  assert_int_equal(load(t_data("calib/devices/h200.yaml"), NULL, &d, NULL), CR_OK);
  assert_int_equal(d.sms, 132);
  assert_int_equal(d.sm_threads, 2048);
  assert_int_equal(d.sm_warps, 64);
  assert_int_equal(d.sm_blocks, 32);
  assert_int_equal(d.sm_regs, 65536);
  assert_int_equal(d.block_threads_max, 1024);
  assert_int_equal(d.thread_regs_max, 255);
  assert_true(d.sm_smem_bytes == 233472);
  assert_true(d.block_smem_max_bytes == 232448);
  assert_true(d.block_smem_reserved_bytes == 1024);
  assert_true(d.mem_bytes == 150109880320);
  assert_true(d.l2_bytes == 62914560);
  assert_true(d.dram_bytes_per_s == 4800000000000);
  assert_true(d.l2_bytes_per_s == CR_UNKNOWN);
  assert_int_equal(d.n_carveout, 9);
  assert_true(d.carveout_bytes[8] == d.sm_smem_bytes);
  assert_int_equal(d.priority_least, 0);
  assert_int_equal(d.priority_greatest, -5);
}

/* Datasheet limits of a GPU that nobody calibrated: nothing stands in for what was not measured. */
static void the_p100_has_limits_and_no_constants(void **state)
{
  (void)state;
  struct cr_device_desc d;
  struct cr_err err = {{0}};
  const char *file = t_data("calib/devices/p100.yaml");
  assert_int_equal(load(file, NULL, &d, NULL), CR_OK);
  assert_true(d.is_uncalibrated);
  assert_int_equal(d.sms, 56);
  assert_int_equal(d.sm_regs, 65536);
  assert_true(d.sm_smem_bytes == 65536);
  assert_true(d.mem_bytes == INT64_C(16320875724)); /* 15,564.8 MiB, what Salus gives out */
  assert_true(d.dram_bytes_per_s == INT64_C(732000000000));
  assert_true(d.h2d_bytes_per_s == CR_UNKNOWN && d.l2_bytes_per_s == CR_UNKNOWN);
  assert_true(d.priority_least == 0 && d.priority_greatest == 0); /* none is known but the default */
  assert_int_equal(load(t_data("calib/devices/h200.yaml"), NULL, &d, NULL), CR_OK);
  assert_false(d.is_uncalibrated);
  assert_int_equal(load(file, "constants.cold=1us", &d, &err), CR_EINPUT); /* some are no calibration */
  assert_non_null(strstr(err.text, "is missing in constants; add it"));
}

/* Such a device runs kernels, and its description says how little of it was measured. */
static void assumed_constants_are_counted(void **state)
{
  (void)state;
  static const char *const name[] = {"calib/devices/mi50.yaml", "calib/devices/mi100.yaml", "calib/devices/v100.yaml"};
  struct cr_device_desc d;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(load(t_data(name[i]), NULL, &d, NULL), CR_OK);
    assert_false(d.is_uncalibrated);
    assert_true(d.n_assumed >= CR_GPU_FIRST_PRICE);
  }
  assert_int_equal(load(t_data(name[0]), NULL, &d, NULL), CR_OK);
  uint32_t all = d.n_assumed;
  assert_int_equal(d.sms, 60);
  assert_int_equal(d.sm_warps, 40);
  assert_int_equal(load(t_data(name[0]), "constants.cold=1us", &d, NULL),
                   CR_OK); /* a value that was set is the user's */
  assert_int_equal(d.n_assumed, all - 1);
  assert_int_equal(load(t_data("calib/devices/h200.yaml"), NULL, &d, NULL), CR_OK);
  assert_int_equal(d.n_assumed, 0);
}

static void load_by_name(void *ctx, const char *name)
{
  struct cr_err err = {{0}};
  struct cr_device_desc d;
  ++*(int *)ctx;
  if (load(name, NULL, &d, &err))
    fail_msg("%s: %s", name, err.text);
}

static void every_bundled_description_loads_by_name(void **state)
{
  (void)state;
  int n = 0;
  assert_int_equal(cr_datadir_each("devices", ".yaml", load_by_name, &n, NULL), CR_OK);
  assert_true(n > 0);
}

static void overrides_replace_numbers_and_constants(void **state)
{
  (void)state;
  const char *file = t_data("calib/devices/h200.yaml");
  struct cr_device_desc d;
  assert_int_equal(load(file, "sms=66", &d, NULL), CR_OK);
  assert_int_equal(d.sms, 66);
  assert_int_equal(cr_device_recorded_sms(&d), 132); /* kernels took their times on these */
  assert_int_equal(load(file, "constants.cold=0us", &d, NULL), CR_OK);
  assert_near(d.constant[CR_GPU_COLD], 0, 0);
  assert_int_equal(load(file, "constants.cold.value=1234ns", &d, NULL), CR_OK);
  assert_near(d.constant[CR_GPU_COLD], 1.234, 0);
  assert_int_equal(load(file, "carveouts=[228KiB]", &d, NULL), CR_OK);
  assert_int_equal(d.n_carveout, 1);
  assert_int_equal(load(file, "l2_speed=10TB/s", &d, NULL), CR_OK); /* not in the file, and needs no source */
  assert_true(d.l2_bytes_per_s == 10000000000000);
}

static const struct {
  const char *set, *say;
} BAD_SET[] = {
  {"sms", "sms: write KEY=VALUE"},
  {"smss=3", "smss=3: unknown key 'smss'; did you mean 'sms'?"},
  {"sms=x", "sms=x: sms: 'x' is not a count"},
  {"sms=0", "sms=0: sms: 0 is not possible"},
  {"sms=99999999999", "larger than any device has"},
  {"sms=[1]", "sms: a single value is expected here"},
  {"sm_smem=228", "sm_smem: '228' has no unit"},
  {"mem=-1GiB", "is negative"},
  {"mem=0B", "mem: 0 is not possible"},
  {"dram=0GB/s", "dram: must be larger than 0"},
  {"carveouts=[64KiB, 32KiB]", "carveouts[1]: must be larger than the one before it"},
  {"carveouts=[x]", "carveouts[0]: 'x' is not a size"},
  {"constants.cold=5", "constants.cold: '5' has no unit"},
  {"constants.load=5us", "constants.load: '5us' is not a number"},
  {"constants.load=-1", "is negative"},
  {"constants.cld=1us", "unknown key 'cld' in constants; did you mean 'cold'?"},
  {"constants.cold.from=me", "unknown key 'from' in constants.cold"},
  {"priority_greatest=2", "priority_greatest: 2 is above priority_least"},
};

static void bad_overrides_are_named(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD_SET / sizeof BAD_SET[0]; i++) {
    struct cr_err err = {{0}};
    struct cr_device_desc d;
    int rc = load(t_data("calib/devices/h200.yaml"), BAD_SET[i].set, &d, &err);
    if (rc != CR_EINPUT || !strstr(err.text, BAD_SET[i].say))
      fail_msg("%s gives %d and '%s', which lacks '%s'", BAD_SET[i].set, rc, err.text, BAD_SET[i].say);
  }
}

/* The bundled file with the first `old` replaced; the sentence must hold `say`, and the line of the change if line. */
static void expect_in_changed_file(const char *old, const char *new, const char *say, int line)
{
  char *text = t_read(t_data("calib/devices/h200.yaml"), NULL), *at = strstr(text, old);
  const char *path = t_join(t_tmp(), "changed.yaml");
  struct cr_text changed = {0};
  struct cr_err err = {{0}};
  struct cr_device_desc d;
  char where[600];
  int n = 1;
  assert_non_null(at);
  for (const char *p = text; p < at; p++)
    n += *p == '\n';
  cr_text_add(&changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
  t_write(path, changed.s);
  assert_int_equal(load(path, NULL, &d, &err), CR_EINPUT);
  snprintf(where, sizeof where, "%s:%d: ", path, n);
  if (!strstr(err.text, say) || (line && strncmp(err.text, where, strlen(where)) != 0))
    fail_msg("'%s' lacks '%s%s'", err.text, line ? where : "", say);
  cr_text_fini(&changed);
  t_free(text);
}

static void files_with_faults_are_refused_with_their_line(void **state)
{
  (void)state;
  expect_in_changed_file("sms: 132", "sms: many", "sms: 'many' is not a count", 1);
  expect_in_changed_file("sms: 132", "smz: 132", "unknown key 'smz'; did you mean 'sms'?", 1);
  expect_in_changed_file("sms: 132", "", "'sms' is missing; add it", 0);
  expect_in_changed_file("sm_blocks: 32", "sm_blocks: 32\nsm_blocks: 33", "the key 'sm_blocks' is here twice", 0);
  expect_in_changed_file("l2: 60MiB", "l2: 60", "l2: '60' has no unit", 1);
  expect_in_changed_file("  load:\n", "  weight:\n", "unknown key 'weight' in constants", 1);
  expect_in_changed_file("sources:", "sources: []\nrest:", "sources: the list is empty", 1);
}

static void a_number_without_a_source_is_refused(void **state)
{
  (void)state;
  expect_in_changed_file("keys: [dram]", "keys: [mem]", "dram: has no source", 0);
  expect_in_changed_file("keys: [h2d, d2h, d2d]", "keys: [h2d, d2h, d2d, l2_speed]",
                         "the source names 'l2_speed', which is not in the file", 1);
  expect_in_changed_file("keys: [h2d, d2h, d2d]", "keys: [h2d, d2h, d2dd]",
                         "'d2dd' is no key of a device; did you mean 'd2d'?", 1);
}

static void a_constant_without_an_origin_is_refused(void **state)
{
  (void)state;
  char *text = t_read(t_data("calib/devices/h200.yaml"), NULL), *origin = strstr(text, "    origin:"), line[400];
  assert_non_null(origin);
  snprintf(line, sizeof line, "%.*s", (int)strcspn(origin, "\n") + 1, origin);
  expect_in_changed_file(line, "", "has no origin; say where the value comes from", 0);
  t_free(text);
}

/* The bundled file without the constant's lines, up to the next one's. */
static void load_without(const char *name, struct cr_device_desc *d, struct cr_arena *arena)
{
  char *text = t_read(t_data("calib/devices/h200.yaml"), NULL), key[64];
  const char *path = t_join(t_tmp(), "without.yaml");
  struct cr_text changed = {0};
  struct cr_err err = {{0}};
  snprintf(key, sizeof key, "\n  %s:\n", name);
  char *at = strstr(text, key), *end = at ? at + strlen(key) : NULL;
  assert_non_null(at);
  while (strncmp(end, "    ", 4) == 0)
    end = strchr(end, '\n') + 1;
  cr_text_add(&changed, "%.*s\n%s", (int)(at - text), text, end);
  t_write(path, changed.s);
  if (cr_device_load(path, NULL, 0, arena, d, &err) != CR_OK)
    fail_msg("without %s: %s", name, err.text);
  cr_text_fini(&changed);
  t_free(text);
}

/* What preempting and feeding a stream cost need not be known; all else must be. */
static void prices_may_be_missing(void **state)
{
  (void)state;
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++) {
    struct cr_arena *arena = cr_arena_new();
    struct cr_device_desc d;
    if (i >= CR_GPU_FIRST_PRICE) {
      load_without(cr_gpu_constant_info[i].name, &d, arena);
      for (int j = 0; j < CR_N_GPU_CONSTANT; j++)
        assert_int_equal(isnan(d.constant[j]) != 0, i == j);
    } else {
      char key[64];
      snprintf(key, sizeof key, "\n  %s:\n", cr_gpu_constant_info[i].name);
      expect_in_changed_file(key, "\n  nothing:\n", "unknown key 'nothing' in constants", 0);
    }
    cr_arena_free(arena);
  }
}

static void launch_all(struct cr_policy *p, cr_request r)
{
  cr_launch(p, r, CR_ALL, (cr_stream){0});
}

static int one_stream(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  cr_stream_new(p, (cr_device){0}, 0);
  return CR_OK;
}

/* Runs such a policy on the device; NULL: it ran, else the sentence. */
static const char *run_with(const struct cr_device_desc *d, uint32_t needs, const char *set)
{
  static struct cr_err err;
  static const cr_ns at[] = {0};
  const struct cr_policy_ops ops = {.abi = CR_POLICY_ABI,
                                    .name = "needy",
                                    .about = "a test",
                                    .needs = needs,
                                    .init = one_stream,
                                    .on_request = launch_all};
  const struct cr_machine machine = {.n_device = 1, .device = d};
  struct cr_workload_builder *b = cr_workload_builder_new();
  load_add(b, load_trace("one", load_model(b, "m", 1, 10000), CR_BE, at, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(b), &ops);
  cfg.machine = &machine;
  cfg.backend = &cr_backend_sim;
  cfg.model_set = set;
  struct cr_result r;
  int rc = cr_core_run(&cfg, &r, &err);
  if (rc == CR_OK)
    cr_result_fini(&r);
  else
    assert_int_equal(rc, CR_EINPUT);
  cr_workload_builder_free(b);
  return rc == CR_OK ? NULL : err.text;
}

static int is_among(int price, const enum cr_gpu_constant *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (price == (int)list[i])
      return 1;
  return 0;
}

/* Which of a device's prices a capability needs. */
static int wants(uint32_t cap, int price)
{
  static const enum cr_gpu_constant queue[] = {CR_GPU_PUSH,   CR_GPU_PUSH_SERIAL, CR_GPU_FETCH, CR_GPU_NOTICE,
                                               CR_GPU_SINGLE, CR_GPU_LOOK,        CR_GPU_REPORT};
  static const enum cr_gpu_constant pad[] = {CR_GPU_PUSH,  CR_GPU_PUSH_SERIAL, CR_GPU_FETCH,
                                             CR_GPU_EARLY, CR_GPU_MERGE,       CR_GPU_MERGE_LONGER};
  if (price == CR_GPU_APART || price == CR_GPU_LAUNCH_BUSY) /* there is an answer without them */
    return 0;
  int of_queue = is_among(price, queue, sizeof queue / sizeof queue[0]);
  int of_pad = is_among(price, pad, sizeof pad / sizeof pad[0]),
      is_kill = price == CR_GPU_KILL || price == CR_GPU_KILL_MORE;
  switch (cap) {
  case CR_CAP_QUEUE:
    return of_queue;
  case CR_CAP_PAD:
    return of_pad;
  case CR_CAP_KILL:
    return !of_queue && !of_pad;
  case CR_CAP_EVICT:
    return !of_queue && !of_pad && !is_kill;
  default:
    return 0;
  }
}

static void what_is_not_priced_is_refused_before_the_run(void **state)
{
  (void)state;
  const uint32_t caps[] = {CR_CAP_QUEUE, CR_CAP_EVICT, CR_CAP_KILL, CR_CAP_SLICE, CR_CAP_PAD, CR_CAP_PARK};
  const char *called[] = {"queue", "evict", "kill", "slice", "pad", "park"};
  for (int i = CR_GPU_FIRST_PRICE; i < CR_N_GPU_CONSTANT; i++) {
    struct cr_arena *arena = cr_arena_new();
    struct cr_device_desc d;
    const char *name = cr_gpu_constant_info[i].name;
    load_without(name, &d, arena);
    for (size_t j = 0; j < sizeof caps / sizeof caps[0]; j++) {
      const char *said = run_with(&d, caps[j], NULL);
      char want[200], set[64];
      if (!wants(caps[j], i)) {
        assert_null(said);
        continue;
      }
      snprintf(want, sizeof want,
               "policy needy needs %s, but device h200 does not say what that costs: its constant %s is missing",
               called[j], name);
      if (!said || !strstr(said, want))
        fail_msg("'%s' lacks '%s'", said ? said : "it ran", want);
      snprintf(set, sizeof set, "%s=10us", name);
      assert_null(run_with(&d, caps[j], set)); /* as the sentence says */
    }
    cr_arena_free(arena);
  }
}

static void what_a_coarser_model_cannot_do_is_refused_before_the_run(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_device_desc d;
  const uint32_t caps[] = {CR_CAP_EVICT, CR_CAP_KILL, CR_CAP_SLICE, CR_CAP_PAD};
  assert_int_equal(cr_device_load(t_data("calib/devices/h200.yaml"), NULL, 0, arena, &d, NULL), CR_OK);
  for (size_t j = 0; j < sizeof caps / sizeof caps[0]; j++) {
    const char *said = run_with(&d, caps[j], "fidelity=kernel");
    assert_non_null(said);
    assert_non_null(strstr(said, "which the model of fidelity kernel does not follow; take model.fidelity=wave"));
  }
  assert_null(run_with(&d, CR_CAP_QUEUE, "fidelity=kernel"));
  cr_arena_free(arena);
}

static void a_name_that_is_not_there_lists_those_that_are(void **state)
{
  (void)state;
  struct cr_err err = {{0}};
  struct cr_device_desc d;
  assert_int_equal(load("h20", NULL, &d, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "device h20: there is none of that name; did you mean h200?"));
  assert_int_equal(load("zzzzzz", NULL, &d, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "bundled are: h200"));
  assert_int_equal(load("", NULL, &d, &err), CR_EINPUT);
  assert_int_equal(load("./nowhere.yaml", NULL, &d, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "./nowhere.yaml: cannot be opened"));
}

static void a_failed_allocation_is_said_and_nothing_leaks(void **state)
{
  (void)state;
  struct cr_device_desc d;
  int rc = CR_ENOMEM;
  uint64_t n = 0;
  char *file = strdup(t_data("calib/devices/h200.yaml"));
  for (; rc != CR_OK && n < 20000; n += 1 + n / 50) {
    struct cr_arena *arena = cr_arena_new();
    const char *set = "sms=66";
    t_fail_allocation_after(n);
    rc = cr_device_load(file, &set, 1, arena, &d, NULL);
    t_allocations_succeed();
    cr_arena_free(arena);
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
  }
  free(file);
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_h200_is_what_its_driver_reports),
    cmocka_unit_test(the_p100_has_limits_and_no_constants),
    cmocka_unit_test(assumed_constants_are_counted),
    cmocka_unit_test(every_bundled_description_loads_by_name),
    cmocka_unit_test(overrides_replace_numbers_and_constants),
    cmocka_unit_test(bad_overrides_are_named),
    cmocka_unit_test(files_with_faults_are_refused_with_their_line),
    cmocka_unit_test(a_number_without_a_source_is_refused),
    cmocka_unit_test(a_constant_without_an_origin_is_refused),
    cmocka_unit_test(prices_may_be_missing),
    cmocka_unit_test(what_is_not_priced_is_refused_before_the_run),
    cmocka_unit_test(what_a_coarser_model_cannot_do_is_refused_before_the_run),
    cmocka_unit_test(a_name_that_is_not_there_lists_those_that_are),
    cmocka_unit_test(a_failed_allocation_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
