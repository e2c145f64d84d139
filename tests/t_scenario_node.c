/* t_scenario_node.c - nodes, tables of layers and stages in a scenario: what is read, and what each mistake is told. */
#include "config.h"

#include "traces/layer_table.h"
#include "traces/scenario.h"

#include "tests/t.h"

static const char TABLE[] = "model,layer,on,cores,time_us,hd_us,exec_us,misc_us,dh_us,source\n"
                            "net,conv,a57,1,400,,,,,assumed\n"
                            "net,conv,a57,2,250.5,,,,,\n"
                            "net,conv,gpu,,,10,20,5,15,\n"
                            "net,fc,gpu,,,,7,,,\n"
                            "net,fc,a57,2,100,,,,,\n"
                            "other,x,denver,1,1,,,,,\n";

static const char *folder;

static int make_place(void **state)
{
  (void)state;
  static char place[300];
  snprintf(place, sizeof place, "%s", t_tmp());
  folder = place;
  t_write(t_join(folder, "table.csv"), TABLE);
  return 0;
}

static const char NODES[] = "nodes:\n  - {name: cpu, cores: 2, type: a57, notify: 1us, cpu_preempt: 2us}\n"
                            "  - {name: gpu, gpu: yes, type: a57, gpu_preempt: 3us, gpu_copy: 4us}\n"
                            "  - {name: one, type: a57}\n";
static const char REST[] = "layers: table.csv\nduration: 1s\nclients:\n  - {name: c, model: net, class: rt, stages: "
                           "[cpu=1, gpu=1], actual: 0.5..1.25}\n";

static int load(const char *a, const char *b, struct cr_scenario **out, struct cr_err *err)
{
  char text[1500];
  snprintf(text, sizeof text, "%s%s", a, b);
  const char *path = t_join(folder, "x.yaml");
  t_write(path, text);
  const struct cr_scenario_options opt = {0};
  return cr_scenario_load(path, &opt, out, err);
}

static void nodes_layers_and_stages_are_read(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  if (load(NODES, REST, &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  const struct cr_device_desc *d = s->machine->device;
  assert_int_equal(s->machine->n_device, 3);
  assert_string_equal(d[0].name, "cpu");
  assert_int_equal(d[0].kind, CR_DEVICE_CPU_NODE);
  assert_int_equal(d[0].node.n_core, 2);
  assert_int_equal(d[0].node.notify_ns, 1000);
  assert_int_equal(d[0].node.cpu_preempt_ns, 2000);
  assert_int_equal(d[1].kind, CR_DEVICE_GPU_NODE);
  assert_int_equal(d[1].node.n_core, 1);
  assert_int_equal(d[1].node.gpu_preempt_ns, 3000);
  assert_int_equal(d[1].node.gpu_copy_ns, 4000);
  const struct cr_op_spec *op = s->workload->op;
  assert_int_equal(s->workload->n_op, 2);
  assert_string_equal(op[0].name, "conv");
  assert_int_equal(op[0].layer[0].exec_ns, 250500);
  assert_int_equal(op[0].layer[1].hd_ns, 10000);
  assert_int_equal(op[0].layer[1].dh_ns, 15000);
  assert_int_equal(op[0].duration_ns, 50000);
  assert_int_equal(op[0].layer[2].exec_ns, 400000);
  assert_int_equal(op[1].layer[1].exec_ns, 7000);
  assert_true(op[1].layer[2].exec_ns == CR_NS_NEVER);
  assert_int_equal(s->workload->client[0].n_stage, 2);
  assert_int_equal(s->workload->client[0].stage[1].device, 1);
  assert_int_equal(s->workload->client[0].actual_min_ppm, 500000);
  assert_int_equal(s->workload->client[0].actual_max_ppm, 1250000);
  cr_scenario_free(s);
}

/* Arrivals count from when a client joins. */
static void a_client_may_join_and_have_a_period(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  if (load(NODES,
           "layers: table.csv\nduration: 1s\nclients:\n  - {name: a, model: net, period: 5ms, join: 20ms, phase: 3ms}\n"
           "  - {name: b, model: net, join: 20ms, arrival: trace, times: [30ms]}\n  - {name: c, model: net}\n",
           &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  const struct cr_client_spec *c = s->workload->client;
  assert_int_equal(c[0].period_ns, 5000000);
  assert_int_equal(c[0].join_ns, 20000000);
  assert_int_equal(c[0].arrival.phase_ns, 23000000);
  assert_int_equal(c[1].join_ns, 20000000);
  assert_int_equal(c[1].arrival.at_ns[0], 30000000);
  assert_int_equal(c[2].period_ns + c[2].join_ns, 0);
  cr_scenario_free(s);
}

static const char INLINE[] =
  "layers:\n"
  "  - name: net\n"
  "    source: assumed\n"
  "    layers:\n"
  "      - {name: conv, cpu: [{cores: a57, times: [400us, 250.5us]}], gpu: [{gpu: gpu, hd: 10us, exec: 20us, misc: "
  "5us, dh: "
  "15us}]}\n"
  "      - {name: fc, cpu: [{cores: a57, times: [0, 100us, 1us]}, {cores: denver, times: [1ms]}], gpu: [{gpu: gpu, "
  "exec: "
  "7us}, {gpu: tx2gpu, exec: 8us}]}\n"
  "duration: 1s\nclients:\n  - {name: c, model: net, class: rt, stages: [cpu=1, gpu=1], actual: 0.5..1.25}\n";

/* But for the one time that the table lacks. */
static void layers_of_a_list_are_those_of_a_table(void **state)
{
  (void)state;
  struct cr_scenario *table = NULL, *list = NULL;
  struct cr_err err = {{0}};
  if (load(NODES, REST, &table, &err) != CR_OK || load(NODES, INLINE, &list, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(list->workload->n_op, table->workload->n_op);
  for (uint32_t i = 0; i < list->workload->n_op; i++) {
    const struct cr_op_spec *a = &list->workload->op[i], *b = &table->workload->op[i];
    assert_string_equal(a->name, b->name);
    for (uint32_t d = 0; d < 3; d++)
      if (i == 1 && d == 2)
        assert_int_equal(a->layer[d].exec_ns, 1); /* "0": the least there is */
      else
        assert_memory_equal(&a->layer[d], &b->layer[d], sizeof a->layer[d]);
  }
  assert_string_equal(list->workload->model[0].name, "net");
  cr_scenario_free(table);
  cr_scenario_free(list);
}

/* Of net, where each of its layers has times of one request and of 4. */
static void a_list_has_times_of_batches(void **state)
{
  (void)state;
  static const char rest[] =
    "layers:\n"
    "  - name: net\n"
    "    layers:\n"
    "      - name: conv\n"
    "        cpu: [{cores: a57, times: [4us, 3us]}, {cores: a57, batch: 4, times: [9us, 8us]}]\n"
    "        gpu: [{gpu: gpu, batch: 1, exec: 2us}, {gpu: gpu, batch: 4, hd: 1us, exec: 5us, misc: 2us, dh: 3us}]\n"
    "duration: 1s\nclients:\n  - {name: c, model: net, stages: [gpu=1], batch: 4}\n";
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  if (load(NODES, rest, &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  const struct cr_workload *w = s->workload;
  assert_int_equal(w->model->n_batch, 1);
  assert_int_equal(w->model->batch[0], 4);
  static const cr_ns one_ns[] = {3000, 2000, 4000}, four_ns[] = {8000, 5000, 9000}; /* on cpu, gpu and one */
  for (uint32_t d = 0; d < 3; d++) {
    assert_int_equal(w->op->layer[d].exec_ns, one_ns[d]);
    assert_int_equal(w->op->layer[3 + d].exec_ns, four_ns[d]);
  }
  assert_int_equal(w->op->layer[4].hd_ns, 1000);
  assert_int_equal(w->op->layer[4].misc_ns, 2000);
  assert_int_equal(w->op->layer[4].dh_ns, 3000);
  cr_scenario_free(s);
}

static void a_GPU_may_have_a_type(void **state)
{
  (void)state;
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  static const char nodes[] = "nodes: [{name: cpu, cores: 2, type: a57}, {name: gpu, gpu: tx2gpu, type: a57}]\n";
  static const char rest[] = "layers: typed.csv\nduration: 1s\nclients: [{model: net}]\n";
  t_write(t_join(folder, "typed.csv"),
          "model,layer,on,cores,time_us,exec_us\nnet,fc,tx2gpu,,,8\nnet,fc,gpu,,,7\nnet,fc,a57,2,5,\n");
  if (load(nodes, rest, &s, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(s->workload->op[0].layer[0].exec_ns, 5000);
  assert_int_equal(s->workload->op[0].layer[1].exec_ns, 8000);
  cr_scenario_free(s);
}

static void refused(const char *a, const char *b, const char *why)
{
  struct cr_scenario *s = NULL;
  struct cr_err err = {{0}};
  assert_int_equal(load(a, b, &s, &err), CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("%s", err.text);
}

static void mistakes_are_told_with_their_place(void **state)
{
  (void)state;
#define CLIENT(stages) "layers: table.csv\nduration: 1s\nclients:\n  - {model: net, stages: " stages "}\n"
  refused(NODES, CLIENT("[cpu=1, gpo=1]"),
          "x.yaml:8: clients[0].stages[1]: there is no node 'gpo'; did you mean 'gpu'?");
  refused(NODES, CLIENT("[cpu=1]"), "x.yaml:8: clients[0].stages: have 1 layers, but model net has 2");
  refused(NODES, CLIENT("[cpu=1, gpu=2]"),
          "clients[0].stages[1]: the stages have more layers than model net, which has 2");
  refused(NODES, CLIENT("[cpu=1, one=1]"), "clients[0].stages[1]: layer fc of model net has no time on node one");
  refused(NODES, CLIENT("[cpu]"), "'cpu' is no stage; write the node and how many layers run there, such as gpu=3");
  refused(NODES, CLIENT("[cpu=0, gpu=2]"), "'0' is not possible; it must be from 1");
  refused(NODES, CLIENT("[cpu=1, cpu=1]"), "on another one than the stage before it");
#define ACTUAL(a) "layers: table.csv\nduration: 1s\nclients: [{model: net, actual: " a "}]\n"
  refused(NODES, ACTUAL("1..0.5"), "x.yaml:7: clients[0].actual: '1..0.5' goes down");
  refused(NODES, ACTUAL("0..1"), "'0' is not possible; it must be above 0 and at most 4");
  refused(NODES, ACTUAL("1..5"), "'5' is not possible");
  refused(NODES, ACTUAL("fast"), "clients[0].actual");
  refused("", "duration: 1s\nclients: [{model: resnet152-bs1-fp32, actual: 2}]\n",
          "only layers on nodes take other times");
  refused(NODES, "layers: table.csv\nduration: 1s\nclients: [{model: net, period: soon}]\n",
          "x.yaml:7: clients[0].period");
  refused(NODES, "layers: table.csv\nduration: 1s\nclients: [{model: net, join: 1s}]\n",
          "x.yaml:7: clients[0].join: '1s' is not before the end of the run");
  refused(NODES, "layers: table.csv\nduration: 1s\nclients: [{model: nut}]\n", "there is no model 'nut' in ");
  refused(NODES, "layers: table.csv\nduration: 1s\nclients: [{model: other}]\n",
          "layer x of model other has no time on any of the nodes");
  refused(NODES, "layers: none.csv\nduration: 1s\nclients: [{model: net}]\n", "x.yaml:5: layers: there is no file ");
  refused(NODES, "duration: 1s\nclients: [{model: net}]\n", "'layers' is missing");
  refused("device: h200\n", REST, "layers: there are no nodes to run them");
  refused("", "duration: 1s\nclients: [{model: resnet152-bs1-fp32, stages: [gpu=1]}]\n",
          "clients[0].stages: there are no nodes");
  refused("device: h200\n", "nodes: [{name: a}]\nlayers: table.csv\nduration: 1s\nclients: [{model: net}]\n",
          "x.yaml:1: device: does not go with nodes");
  refused("nodes: [{name: a, cores: 2, gpu: yes}]\n", REST,
          "nodes[0].cores: a GPU node has one core beside the GPU, not 2");
  refused("nodes: [{name: a, gpu_copy: 1us}]\n", REST, "nodes[0].gpu_copy: node a has no GPU");
  refused("nodes: [{name: a}, {name: a}]\n", REST, "nodes[1].name: there is a node a already");
  refused("nodes: [{name: a, notify: 2h}]\n", REST, "nodes[0].notify: '2h' is longer than an hour");
  refused("nodes: [{name: a, gpu: True}]\n", REST, "nodes[0].gpu: 'True'");
  refused("nodes: [{name: a, gpu: [x]}]\n", REST, "nodes[0].gpu");
  refused("nodes: [{name: a, core: 2}]\n", REST, "did you mean 'cores'?");
}

static void a_list_says_what_is_wrong_with_it(void **state)
{
  (void)state;
#define LIST(models) "layers: [" models "]\nduration: 1s\nclients: [{model: net}]\n"
  refused(NODES, LIST("{name: net, layers: [{name: a}]}"),
          "x.yaml:5: layers[0].layers[0]: layer a of model net has no time on any of the nodes there are");
  refused(NODES, LIST("{name: nut, layers: [{name: a}]}"), "there is no model 'net' in ");
  refused(NODES, LIST("{name: net, layers: [{name: a, cpu: [{cores: a57, times: [1]}]}]}"),
          "x.yaml:5: layers[0].layers[0].cpu[0].times[0]: '1'");
  refused(NODES, LIST("{name: net, layers: [{name: a, cpu: [{cores: a57, times: [2h]}]}]}"),
          "cpu[0].times[0]: '2h' is too long; a part of a layer takes at most an hour");
  refused(NODES, LIST("{name: net, layers: [{name: a, gpu: [{gpu: gpu, exec: 1us}, {gpu: gpu, exec: 1us}]}]}"),
          "layers[0].layers[0].gpu[1]: times on gpu are here twice");
  refused(NODES, LIST("{name: net, layers: [{name: a, gpu: [{gpu: gpu, batch: 0, exec: 1us}]}]}"),
          "layers[0].layers[0].gpu[0].batch: '0' is not possible; it is from 1 to 1024");
  refused(NODES, LIST("{name: net, layers: [{name: a, cpu: [{cores: a57, batch: 1025, times: [1us]}]}]}"),
          "layers[0].layers[0].cpu[0].batch: '1025' is not possible");
  refused(NODES, LIST("{name: net, layers: [{name: a, ops: 1, gpu: [{gpu: gpu, batch: 2}]}]}"),
          "'exec' is missing in layers[0].layers[0].gpu[0]; a trace does not say it of batches");
  refused(NODES, LIST("{name: net, layers: [{name: a, gpu: [{gpu: gpu, batch: 2, exec: 1us}]}]}"),
          "layers[0].layers[0]: layer a of model net has a time in batches of 2 on node gpu, but no line for one "
          "request there");
  refused(NODES, LIST("{name: net, layers: [{name: a, cpu: [{cores: '', times: [1s]}]}]}"),
          "layers[0].layers[0].cpu[0].cores: '' is no name");
  refused(NODES, LIST("{name: net, layers: [{name: a}, {name: a}]}"),
          "layers[0].layers[1]: 'a' is the name of layers[0].layers[0] too");
  refused(NODES, LIST("{name: net, layers: [{name: a}]}, {name: net, layers: [{name: a}]}"),
          "layers[1]: 'net' is the name of layers[0] too");
  refused(NODES, LIST("{name: net, layer: [{name: a}]}"), "unknown key 'layer' in layers[0]; did you mean 'layers'?");
  refused(NODES, LIST(""), "x.yaml:5: ");
  refused("device: h200\n", LIST("{name: net, layers: [{name: a}]}"), "layers: there are no nodes to run them");
}

static void table_refused(const char *text, const char *why)
{
  const char *path = t_join(folder, "bad.csv");
  struct cr_layer_table *t = NULL;
  struct cr_err err = {{0}};
  t_write(path, text);
  int rc = cr_layer_table_read(path, &t, &err);
  cr_layer_table_free(t);
  assert_int_equal(rc, CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("%s", err.text);
}

static void a_table_says_what_is_wrong_with_it(void **state)
{
  (void)state;
#define HEAD "model,layer,on,cores,time_us,hd_us,exec_us,misc_us,dh_us\n"
  table_refused("model,layer,on,cores,times_us\n", "has no column \"times_us\"; did you mean \"time_us\"?");
  table_refused("model,layer\n", "on");
  table_refused(HEAD, "has no layers");
  table_refused(HEAD "m,l,gpu,,,1,,1,1\n", "bad.csv:2: exec_us is \"\" where a time belongs");
  table_refused(HEAD "m,l,gpu,1,,1,2,1,1\n", "cores is \"1\" where nothing");
  table_refused(HEAD "m,l,a57,1,5,,2,,\n", "exec_us is \"2\" where nothing, since the line is about cores, belongs");
  table_refused(HEAD "m,l,a57,,5,,,,\n", "cores is \"\" where a number of cores");
  table_refused(HEAD "m,l,a57,1,-5,,,,\n", "time_us is \"-5\" where a number that is not negative");
  table_refused(HEAD "m,l,a57,1,1e12,,,,\n", "where a time of at most an hour belongs");
  table_refused(HEAD "m,,a57,1,5,,,,\n", "layer is \"\" where a name");
  table_refused(HEAD "m,l,a57,1,5,,,,\nm,k,a57,1,5,,,,\nm,l,a57,1,6,,,,\n",
                "bad.csv:4: layer l of model m on the same is on line 2 already");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(nodes_layers_and_stages_are_read),
    cmocka_unit_test(a_client_may_join_and_have_a_period),
    cmocka_unit_test(layers_of_a_list_are_those_of_a_table),
    cmocka_unit_test(a_list_has_times_of_batches),
    cmocka_unit_test(a_GPU_may_have_a_type),
    cmocka_unit_test(a_list_says_what_is_wrong_with_it),
    cmocka_unit_test(mistakes_are_told_with_their_place),
    cmocka_unit_test(a_table_says_what_is_wrong_with_it),
  };
  return cmocka_run_group_tests(tests, make_place, NULL);
}
