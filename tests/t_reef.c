/* t_reef.c - models of REEF's artifact: what is read of them, how times are scaled, and every bad file named with its place. */
#include "config.h"

#include "tests/t.h"

#include "sim/mem.h"
#include "traces/reef_profile.h"
#include "traces/store.h"

static const char SCHEDULE[] =
  "{\"storage\": [{\"name\": \"data\", \"size\": 100, \"stype\": \"float32\"},\n"
  "             {\"name\": \"p0\", \"size\": 10, \"stype\": \"int64\"},\n"
  "             {\"name\": \"null\", \"size\": 7, \"stype\": \"byte\"}],\n"
  " \"kernels\": [{\"name\": \"conv\", \"launch_params\": [27, 9, 12, 2, 6, 8], \"args\": [0, 1, 2]},\n"
  "             {\"name\": \"add\", \"launch_params\": [3, 1, 1, 64, 1, 1], \"args\": [2]},\n"
  "             {\"name\": \"conv\", \"launch_params\": [1, 1, 1, 2, 6, 8], \"args\": [0, 1, 2]}],\n"
  " \"args\": [0, 1],\n"
  " \"shared_memory\": {\"conv\": 1356, \"add\": 4}}\n";

static const char PROFILE[] = "{\"model_latency\": 100,\n"
                              " \"kernel_latency\": {\"conv\": {\"total_latency\": 70, \"latency\": [14, 12, 20.5]},\n"
                              "                    \"add\": {\"total_latency\": 10, \"latency\": [10]}}}\n";

struct path {
  char s[4096];
};

static struct path keep(const char *path)
{
  struct path kept;
  snprintf(kept.s, sizeof kept.s, "%s", path);
  return kept;
}

/* Both files, in a fresh folder; where the schedule lies. */
static struct path written(const char *schedule, const char *profile)
{
  struct path folder = keep(t_tmp()), path = keep(t_join(folder.s, "net.json"));
  if (schedule)
    t_write(path.s, schedule);
  if (profile)
    t_write(t_join(folder.s, "net.profile.json"), profile);
  return path;
}

static int import(const char *path, const struct cr_reef_options *opt, struct path *store, struct cr_err *err)
{
  struct cr_store *s = NULL;
  *store = keep(t_join(t_tmp(), "s.db"));
  assert_int_equal(cr_store_edit(store->s, &s, err), CR_OK);
  int rc = cr_reef_import(s, path, opt, err);
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  return rc;
}

/* The text with the first `from` replaced; "" of it: cut off there. */
static const char *changed(const char *text, const char *from, const char *to)
{
  static char out[4096];
  const char *at = strstr(text, from);
  if (!at)
    fail_msg("'%s' is not in the text", from);
  snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  return out;
}

static void load(const char *store, struct cr_arena *arena, struct cr_op_spec **op, uint32_t *n)
{
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  if (cr_store_open(store, &s, &err) || cr_store_read_model(s, "net", arena, op, n, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
}

static void kernels_come_in_launch_order_and_add_up_to_the_model(void **state)
{
  (void)state;
  struct path path = written(SCHEDULE, PROFILE), store;
  struct cr_err err = {{0}};
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op = NULL;
  uint32_t n = 0;
  if (import(path.s, &(struct cr_reef_options){0}, &store, &err))
    fail_msg("%s", err.text);
  load(store.s, arena, &op, &n);
  assert_int_equal(n, 3);
  assert_string_equal(op[0].name, "conv");
  assert_string_equal(op[1].name, "add");
  assert_int_equal(op[0].blocks, 27 * 9 * 12);
  assert_int_equal(op[0].threads, 96);
  assert_int_equal(op[0].smem_bytes, 1356);
  assert_int_equal(op[0].regs, 0);
  assert_int_equal(op[0].gap_ns, 0);
  /* 70, 10, 70 of 150 us, scaled to 100: 46666.67, 6666.67, 46666.67; two of the three get a whole ns more */
  assert_int_equal(op[0].duration_ns, 46667);
  assert_int_equal(op[1].duration_ns, 6667);
  assert_int_equal(op[2].duration_ns, 46666);
  assert_int_equal(op[0].sm_blocks, 3);
  assert_int_equal(op[0].n_block_ns, 3);
  assert_int_equal(op[0].block_ns[0], 9333);
  assert_int_equal(op[0].block_ns[1], 8000);
  assert_int_equal(op[0].block_ns[2], 13667);
  assert_int_equal(op[1].sm_blocks, 1);
  assert_int_equal(op[0].idempotent, CR_YES);
  cr_arena_free(arena);
}

static char *shown(const char *store, const char *model)
{
  struct cr_store *s = NULL;
  struct cr_err err = {{0}};
  struct cr_text out = {0};
  if (cr_store_open(store, &s, &err) || cr_store_show(s, model, "table", &out, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
  return out.s;
}

static void the_report_says_the_factor_and_warns_of_a_small_one(void **state)
{
  (void)state;
  static const struct {
    const char *latency, *say, *not ;
  } row[] = {
    {"100", "kernels scaled by 0.6667, so that they add up to the model's 100 us; one by one they took 150 us",
     "doubtful"},
    {"60", "the profile is doubtful: one by one the kernels took 2.5 times as long as the model", "nothing odd"}};
  for (int i = 0; i < 2; i++) {
    char profile[600];
    snprintf(profile, sizeof profile, "%s", changed(PROFILE, "\"model_latency\": 100", "\"model_latency\": "));
    struct path path = written(SCHEDULE, changed(profile, "\"model_latency\": ",
                                                 i ? "\"model_latency\": 60" : "\"model_latency\": 100")),
                store;
    struct cr_err err = {{0}};
    assert_int_equal(import(path.s, &(struct cr_reef_options){0}, &store, &err), CR_OK);
    char *text = shown(store.s, NULL);
    assert_non_null(strstr(text, row[i].say));
    assert_null(strstr(text, row[i].not ));
    t_free(text);
  }
}

static void without_scaling_kernels_keep_their_times(void **state)
{
  (void)state;
  struct path path = written(SCHEDULE, PROFILE), store;
  struct cr_err err = {{0}};
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op = NULL;
  uint32_t n = 0;
  assert_int_equal(import(path.s, &(struct cr_reef_options){.as_profiled = 1}, &store, &err), CR_OK);
  load(store.s, arena, &op, &n);
  assert_int_equal(op[0].duration_ns, 70000);
  assert_int_equal(op[0].block_ns[2], 20500);
  cr_arena_free(arena);
  char *text = shown(store.s, NULL);
  assert_non_null(strstr(text, "kernels as profiled one by one: they add up to 150 us, the model takes 100 us"));
  t_free(text);
}

static void storage_is_memory_that_the_model_keeps(void **state)
{
  (void)state;
  struct path path = written(SCHEDULE, PROFILE), store;
  struct cr_err err = {{0}};
  struct cr_store *s = NULL;
  struct cr_workload_builder *b = cr_workload_builder_new();
  cr_model m;
  assert_int_equal(import(path.s, &(struct cr_reef_options){0}, &store, &err), CR_OK);
  assert_int_equal(cr_store_open(store.s, &s, &err), CR_OK);
  assert_int_equal(cr_store_load_model(s, "net", b, &m, &err), CR_OK);
  assert_int_equal(cr_workload_builder_model(b, m)->persistent_bytes, 400 + 80 + 7);
  assert_int_equal(cr_workload_builder_model(b, m)->weight_bytes, 80); /* all arguments but the input */
  cr_workload_builder_free(b);
  cr_store_close(s);
}

static void a_profile_may_lie_elsewhere(void **state)
{
  (void)state;
  struct path path = written(SCHEDULE, NULL), elsewhere = keep(t_join(t_tmp(), "p.json")), store;
  struct cr_err err = {{0}};
  t_write(elsewhere.s, PROFILE);
  assert_int_equal(import(path.s, &(struct cr_reef_options){0}, &store, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "net.profile.json"));
  assert_non_null(strstr(err.text, "No such file"));
  assert_int_equal(import(path.s, &(struct cr_reef_options){.profile = elsewhere.s}, &store, &err), CR_OK);
}

static const struct {
  const char *of_schedule, *of_profile, *to, *say; /* what is replaced in which, and what is said */
} BAD[] = {
  {"\"conv\", \"l", NULL, "\"none\", \"l", "net.json: kernels[0].name: kernel none is not in kernel_latency of "},
  {NULL, "\"latency\": [14, 12, 20.5]", "\"x\": 1", "net.profile.json: kernel_latency.conv: 'latency' is missing"},
  {NULL, "[14, 12, 20.5]", "[]", "net.profile.json: kernel_latency.conv.latency: is empty"},
  {NULL, "[14, 12, 20.5]", "14", "net.profile.json: kernel_latency.conv.latency: a list is expected here"},
  {NULL, "[14, 12, 20.5]", "[14, 0]", "kernel_latency.conv.latency[1]: a time in us, above 0"},
  {NULL, "[14, 12, 20.5]", "[14, -3]", "kernel_latency.conv.latency[1]: a time in us, above 0"},
  {NULL, "[14, 12, 20.5]", "[\"14\"]", "kernel_latency.conv.latency[0]: a number is expected here"},
  {NULL, "\"add\": {", "\"conv\": {\"latency\": [1]}, \"add\": {",
   "kernel_latency.conv: is there twice, with tables of 3 and 1 entries"},
  {NULL, "\"total_latency\": 70, ", "", "kernel_latency.conv: 'total_latency' is missing"},
  {NULL, "\"model_latency\": 100,", "", "net.profile.json: 'model_latency' is missing"},
  {NULL, "\"model_latency\": 100", "\"model_latency\": 1e300", "model_latency: a time in us"},
  {NULL, "\"model_latency\": 100", "\"model_latency\": 0.001", "is too short for 3 kernels"},
  {NULL, "\"kernel_latency\"", "\"kernels\"", "net.profile.json: 'kernel_latency' is missing"},
  {NULL, "}}}", "}}", "net.profile.json: is not JSON"},
  {NULL, "{\"model_latency\"", "hello {\"model_latency\"", "net.profile.json: is not JSON"},
  {"[27, 9, 12, 2, 6, 8]", NULL, "[27, 9, 12, 2, 6]", "kernels[0].launch_params: six numbers are expected"},
  {"[27, 9, 12, 2, 6, 8]", NULL, "[27, 9, 12, 2, 6, 0]", "kernels[0].launch_params[5]: a whole number from 1 to "},
  {"[27, 9, 12, 2, 6, 8]", NULL, "[27, 9, 1.5, 2, 6, 8]", "kernels[0].launch_params[2]: a whole number from 1 to "},
  {"[27, 9, 12, 2, 6, 8]", NULL, "[2000000000, 2000000000, 9, 2, 6, 8]",
   "kernels[0].launch_params: more blocks or threads"},
  {"\"args\": [0, 1, 2]", NULL, "\"args\": [0, 3, 2]",
   "kernels[0].args[1]: 3 is no place in storage, which has 3 entries"},
  {"\"args\": [0, 1, 2]", NULL, "\"args\": [-1]", "kernels[0].args[0]: -1 is no place in storage"},
  {"\"args\": [0, 1],", NULL, "\"args\": [0, 9],", "net.json: args[1]: 9 is no place in storage"},
  {"\"args\": [0, 1],", NULL, "", "net.json: 'args' is missing"},
  {"\"float32\"", NULL, "\"quad\"", "storage[0].stype: 'quad' is no type of scalar"},
  {"\"size\": 100", NULL, "\"size\": -100", "storage[0].size: a whole number from 0"},
  {"\"storage\"", NULL, "\"store\"", "net.json: 'storage' is missing"},
  {"\"kernels\"", NULL, "\"kernel\"", "net.json: 'kernels' is missing"},
  {"\"shared_memory\"", NULL, "\"shared\"", "net.json: 'shared_memory' is missing"},
  {"\"conv\": 1356", NULL, "\"conv\": -1", "shared_memory.conv: a whole number from 0"},
  {"\"name\": \"add\", ", NULL, "", "kernels[1]: 'name' is missing"},
  {"{\"storage\"", NULL, "[{\"storage\"", "net.json: is not JSON"},
};

static void bad_files_are_named_with_their_place(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    struct path path = BAD[i].of_schedule ? written(changed(SCHEDULE, BAD[i].of_schedule, BAD[i].to), PROFILE)
                                          : written(SCHEDULE, changed(PROFILE, BAD[i].of_profile, BAD[i].to)),
                store;
    struct cr_err err = {{0}};
    if (import(path.s, &(struct cr_reef_options){0}, &store, &err) != CR_EINPUT || !strstr(err.text, BAD[i].say))
      fail_msg("row %zu: '%s' where '%s' was expected", i, err.text, BAD[i].say);
  }
}

static void files_that_are_no_json_are_refused(void **state)
{
  (void)state;
  char deep[400] = "", cut[sizeof SCHEDULE];
  memset(deep, '[', sizeof deep - 1);
  memcpy(cut, SCHEDULE, sizeof cut);
  const struct {
    const char *text, *say;
  } row[] = {{"", "is empty"},
             {"[]", "an object is expected"},
             {deep, "is nested more than 64 deep"},
             {"null", "an object is expected"}};
  struct cr_err err = {{0}};
  struct path store;
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct path path = written(row[i].text, PROFILE);
    if (import(path.s, &(struct cr_reef_options){0}, &store, &err) != CR_EINPUT || !strstr(err.text, row[i].say))
      fail_msg("row %zu: '%s' where '%s' was expected", i, err.text, row[i].say);
  }
  for (size_t n = sizeof SCHEDULE - 4; n > 0; n -= n > 17 ? 17 : n) { /* cut off anywhere */
    cut[n] = '\0';
    struct path path = written(cut, PROFILE);
    if (import(path.s, &(struct cr_reef_options){0}, &store, &err) != CR_EINPUT || !strstr(err.text, "net.json: "))
      fail_msg("%zu bytes: '%s'", n, err.text);
  }
}

/* Each of the artifact's models adds up to its latency exactly. */
static void the_artifact_adds_up(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    uint32_t n_kernel;
    cr_ns latency_ns;
  } model[] = {{"alexnet", 13, 8851000},     {"bert", 205, 5426000},     {"densenet", 207, 3743000},
               {"inception", 146, 8273000},  {"mobilenet", 31, 1188000}, {"resnet", 330, 10958000},
               {"resnet152", 207, 13233000}, {"resnet18", 57, 2189000},  {"vgg", 71, 4824000}};
  for (size_t i = 0; i < sizeof model / sizeof *model; i++) {
    char name[120];
    struct path store;
    struct cr_err err = {{0}};
    struct cr_arena *arena = cr_arena_new();
    struct cr_op_spec *op = NULL;
    uint32_t n = 0;
    cr_ns sum_ns = 0;
    snprintf(name, sizeof name, "reef/artifact-profiles/%s/%s.json", model[i].name, model[i].name);
    const char *file = t_shared(name);
    if (!file) {
      cr_arena_free(arena);
      skip();
      return;
    }
    if (import(file, &(struct cr_reef_options){.model = "net"}, &store, &err))
      fail_msg("%s", err.text);
    load(store.s, arena, &op, &n);
    assert_int_equal(n, model[i].n_kernel);
    for (uint32_t k = 0; k < n; k++)
      sum_ns += op[k].duration_ns;
    assert_int_equal(sum_ns, model[i].latency_ns);
    cr_arena_free(arena);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(kernels_come_in_launch_order_and_add_up_to_the_model),
    cmocka_unit_test(the_report_says_the_factor_and_warns_of_a_small_one),
    cmocka_unit_test(without_scaling_kernels_keep_their_times),
    cmocka_unit_test(storage_is_memory_that_the_model_keeps),
    cmocka_unit_test(a_profile_may_lie_elsewhere),
    cmocka_unit_test(bad_files_are_named_with_their_place),
    cmocka_unit_test(files_that_are_no_json_are_refused),
    cmocka_unit_test(the_artifact_adds_up),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
