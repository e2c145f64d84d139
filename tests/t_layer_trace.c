/* t_layer_trace.c - models whose layers come from a CSV table and a recorded trace: what is read, each mistake, and whether traces and
 * measurements of the bundled H200 agree. */
#include "config.h"

#include "tests/t.h"

#include "sim/mem.h"
#include "traces/layer_table.h"
#include "traces/platform_file.h"
#include "traces/store.h"

static const char *folder;

static struct cr_op_spec op(enum cr_op_kind kind, uint32_t stage, cr_ns duration_ns, cr_ns gap_ns)
{
  struct cr_op_spec spec = cr_op_unknown("op", kind, duration_ns);
  spec.stage = stage;
  spec.gap_ns = gap_ns;
  spec.blocks = kind == CR_OP_KERNEL ? 10 : 0;
  spec.threads = kind == CR_OP_KERNEL ? 64 : 0;
  spec.smem_bytes = kind == CR_OP_KERNEL ? 0 : CR_UNKNOWN;
  spec.bytes = kind == CR_OP_KERNEL ? CR_UNKNOWN : 4;
  return spec;
}

static void add_model(struct cr_store *s, const char *name, const struct cr_op_spec *ops, uint32_t n)
{
  const struct cr_model_spec model = cr_model_unknown(name, ops, n);
  const struct cr_recording recording = {.class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER, .report = ""};
  const struct cr_origin origin = {.file = "by hand", .tool = "test"};
  struct cr_err err = {""};
  if (cr_store_add_model(s, &model, &recording, &origin, 0, &err))
    fail_msg("%s", err.text);
}

static const char TABLE[] = "model,layer,on,cores,time_us,hd_us,exec_us,misc_us,dh_us,ops,median_us,runs,source\n"
                            "net,a,c,1,100,,,,,,90,5,here\n"
                            "net,a,g,,,3,,1,2,2,,,\n"
                            "net,b,c,1,200,,,,,,,,\n"
                            "net,b,g,,,4,999,1,5,3,,,\n"
                            "net,b,c,9,1,,,,,,,,\n"        /* more cores than there are */
                            "net,a,other,,,1,1,1,1,2,,,\n" /* and another GPU */
                            "less,a,c,1,100,,,,,,,,\n";

/* Two models: of five ops in one stage, with copies at its ends; of two stages. */
static int make_place(void **state)
{
  static char place[300];
  struct cr_store *s;
  (void)state;
  snprintf(place, sizeof place, "%s", t_tmp());
  folder = place;
  const struct cr_op_spec flat[] = {op(CR_OP_COPY_H2D, 0, 7000, 50), op(CR_OP_KERNEL, 0, 10000, 400),
                                    op(CR_OP_MEMSET, 0, 1000, 600), op(CR_OP_COPY_H2D, 0, 2000, CR_NS_NEVER),
                                    op(CR_OP_KERNEL, 0, 20000, 500)};
  const struct cr_op_spec staged[] = {op(CR_OP_KERNEL, 0, 100, 9), op(CR_OP_KERNEL, 1, 200, 1),
                                      op(CR_OP_COPY_D2H, 1, 30, 2)};
  assert_int_equal(cr_store_edit(t_join(folder, "my.db"), &s, NULL), CR_OK);
  add_model(s, "flat", flat, 5);
  add_model(s, "staged", staged, 3);
  assert_int_equal(cr_store_commit(s, NULL), CR_OK);
  cr_store_close(s);
  t_write(t_join(folder, "table.csv"), TABLE);
  return 0;
}

static int load(const char *models, struct cr_arena *arena, struct cr_platform_desc *out, struct cr_err *err)
{
  char text[2000];
  snprintf(text, sizeof text,
           "name: p\ncores: [{type: c, count: 2}]\ngpus: [{type: g, count: 1}]\ntraces: [my.db]\nmodels:\n%s", models);
  const char *path = t_join(folder, "p.yaml");
  t_write(path, text);
  return cr_platform_load(path, arena, out, err);
}

static void check(const struct cr_gpu_layer *l, cr_ns hd_ns, cr_ns exec_ns, cr_ns misc_ns, cr_ns dh_ns)
{
  assert_int_equal(l->hd_ns, hd_ns);
  assert_int_equal(l->exec_ns, exec_ns);
  assert_int_equal(l->misc_ns, misc_ns);
  assert_int_equal(l->dh_ns, dh_ns);
}

static void a_table_and_a_trace_make_a_model(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_platform_desc p;
  struct cr_err err = {""};
  if (load("  - {name: net, table: table.csv, trace: flat}\n", arena, &p, &err) != CR_OK)
    fail_msg("%s", err.text);
  const struct cr_layer_profile *m = p.profile;
  assert_int_equal(m->n_layer, 2);
  assert_string_equal(m->layer_name[1], "b");
  assert_int_equal(m->cpu_ns[0], 100000);
  assert_int_equal(m->cpu_ns[2], 200000);
  assert_true(m->cpu_ns[3] == CR_NS_NEVER);   /* not measured, and no node has both cores */
  check(&m->gpu[0], 7000, 10400, 1000, 2000); /* the trace's copy in place of the table's; its own copy out */
  check(&m->gpu[1], 4000, 1600 + 2000 + 20500, 1000, 5000); /* a copy within a layer is a part of it */
  cr_arena_free(arena);
}

static void without_a_trace_the_table_says_all(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_platform_desc p;
  struct cr_err err = {""};
  t_write(t_join(folder, "all.csv"), "model,layer,on,cores,time_us,exec_us\nnet,a,c,1,100,\nnet,a,g,,,8\n");
  if (load("  - {name: net, table: all.csv}\n", arena, &p, &err) != CR_OK)
    fail_msg("%s", err.text);
  check(&p.profile[0].gpu[0], 0, 8000, 0, 0);
  cr_arena_free(arena);
}

/* All of a trace of one stage is the one layer. */
static void a_model_may_be_one_layer(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_platform_desc p;
  struct cr_err err = {""};
  if (load("  - {name: less, table: table.csv, trace: flat}\n", arena, &p, &err) != CR_OK)
    fail_msg("%s", err.text);
  check(&p.profile[0].gpu[0], 7000, 10400 + 1600 + 2000 + 20500, 0, 0);
  cr_arena_free(arena);
}

static void layers_may_be_the_stages_of_a_trace(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_platform_desc p;
  struct cr_err err = {""};
  static const char models[] =
    "  - name: net\n    trace: staged\n    gpu: g\n    layers:\n"
    "      - {name: a, cpu: [{cores: c, times: [1us]}]}\n"
    "      - {name: b, cpu: [{cores: c, times: [1us]}], gpu: [{gpu: g, exec: 5us, dh: 6us}]}\n";
  if (load(models, arena, &p, &err) != CR_OK)
    fail_msg("%s", err.text);
  check(&p.profile[0].gpu[0], 0, 100, 0, 0);
  check(&p.profile[0].gpu[1], 0, 201, 0, 30);
  cr_arena_free(arena);
}

static void mistakes_are_told_with_their_place(void **state)
{
  (void)state;
#define LAYERS(a, b) \
  ", layers: [{name: a" a ", cpu: [{cores: c, times: [1us]}]}, {name: b" b ", cpu: [{cores: c, times: [1us]}]}]}\n"
  static const char *const bad[][2] = {
    {"  - {name: net, table: table.csv}\n", "table.csv:2: layer 'a' has no time on the GPU g; add it, or a trace"},
    {"  - {name: net, table: none.csv}\n", "p.yaml:6: models[0].table: there is no file "},
    {"  - {name: nut, table: table.csv}\n", "table.csv: has no layers of model nut"},
    {"  - {name: net}\n", "p.yaml:6: models[0]: net has no layers; add layers, or a table of them"},
    {"  - {name: net, table: table.csv" LAYERS("", ""), "net has layers and a table of them; remove one"},
    {"  - {name: net, table: table.csv, gpu: g}\n", "gpu says which GPU a trace is of, and there is none"},
    {"  - {name: net, table: table.csv, trace: flat, gpu: h}\n", "models[0].gpu: p has no GPU 'h'"},
    {"  - {name: net, table: table.csv, trace: staged}\n",
     "the layers of model net have 5 ops together, but trace staged has 3"},
    {"  - {name: net, table: table.csv, trace: flot}\n", "has no model flot; it has "},
    {"  - {name: net, trace: flat" LAYERS("", ""),
     "add ops to each layer, since the trace, of 1 stage, does not know the 2"},
    {"  - {name: net, trace: flat" LAYERS(", ops: 2", ""), "layer 'b' does not say how many ops of trace flat"},
    {"  - {name: net, trace: flat" LAYERS(", ops: 2", ", ops: 4"), "have 6 ops together, but trace flat has 5"},
    {"  - {name: net, trace: flat" LAYERS(", ops: two", ", ops: 3"), "p.yaml:6: models[0].layers[0].ops: 'two'"},
    {"  - {name: net, trace: flat" LAYERS(", ops: 1e7", ", ops: 3"), "ops: '1e7' is not possible"},
    {"  - {name: net" LAYERS(", ops: 2, gpu: [{gpu: g}]", ""), "layer 'a' has no time on the GPU g"},
    {"  - {name: net" LAYERS(", gpu: [{gpu: g}]", ""), "'exec' is missing in models[0].layers[0].gpu[0]"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct cr_arena *arena = cr_arena_new();
    struct cr_platform_desc p;
    struct cr_err err = {""};
    if (load(bad[i][0], arena, &p, &err) != CR_EINPUT || !strstr(err.text, bad[i][1]))
      fail_msg("%s%s", bad[i][0], err.text);
    cr_arena_free(arena);
  }
  t_write(t_join(folder, "ops.csv"), "model,layer,on,cores,time_us,ops\nnet,a,g,,,2\nnet,a,h,,,3\n");
  struct cr_arena *arena = cr_arena_new();
  struct cr_platform_desc p;
  struct cr_err err = {""};
  assert_int_equal(load("  - {name: net, table: ops.csv, trace: flat}\n", arena, &p, &err), CR_EINPUT);
  assert_non_null(
    strstr(err.text, "ops.csv:3: ops is \"3\" where the number that the layer has on another line belongs"));
  cr_arena_free(arena);
}

/* Measured without a profiler, each layer by itself; recorded under it, all of them in one graph. */
static void traces_and_measured_times_of_the_bundled_platform_agree(void **state)
{
  (void)state;
  struct cr_arena *arena = cr_arena_new();
  struct cr_platform_desc p;
  struct cr_layer_table *t = NULL;
  struct cr_err err = {""};
  if (cr_platform_load("h200", arena, &p, &err) != CR_OK ||
      cr_layer_table_read(t_data("traces/data/h200-layers.csv"), &t, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(p.n_profile, 10);
  for (uint32_t i = 0; i < p.n_profile; i++) {
    const struct cr_layer_profile *m = &p.profile[i];
    cr_ns traced = 0, measured = 0;
    for (uint32_t k = 0; k < m->n_layer; k++) {
      traced += m->gpu[k].exec_ns;
      measured += cr_layer_table_find(t, m->name, m->layer_name[k], "h200", 0)->exec_ns;
      assert_true(m->gpu[k].hd_ns > 0 && m->gpu[k].dh_ns > 0 && m->gpu[k].misc_ns > 0);
    }
    if (traced < measured * 9 / 10 || traced > measured * 5 / 4)
      fail_msg("%s: %lld ns traced, %lld ns measured", m->name, (long long)traced, (long long)measured);
  }
  cr_layer_table_free(t);
  cr_arena_free(arena);
}

static void memory_that_runs_out_at_any_step_is_said(void **state)
{
  (void)state;
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK && n < 5000; n++) {
    struct cr_platform_desc p;
    struct cr_err err = {""};
    t_fail_allocation_after(n);
    struct cr_arena *arena = cr_arena_new();
    rc = arena ? load("  - {name: net, table: table.csv, trace: flat}\n", arena, &p, &err) : CR_ENOMEM;
    t_allocations_succeed();
    cr_arena_free(arena);
    assert_true(rc == CR_OK || rc == CR_ENOMEM);
  }
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(a_table_and_a_trace_make_a_model),
    cmocka_unit_test(without_a_trace_the_table_says_all),
    cmocka_unit_test(a_model_may_be_one_layer),
    cmocka_unit_test(layers_may_be_the_stages_of_a_trace),
    cmocka_unit_test(mistakes_are_told_with_their_place),
    cmocka_unit_test(traces_and_measured_times_of_the_bundled_platform_agree),
    cmocka_unit_test(memory_that_runs_out_at_any_step_is_said),
  };
  return cmocka_run_group_tests(test, make_place, NULL);
}
