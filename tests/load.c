/* load.c - small workloads, a machine and runs for tests. */
#include "config.h"

#include "tests/load.h"

#include "sim/mem.h"
#include "tests/fake_backend.h"
#include "tests/t.h"

#define DEVICE                                                                                                       \
  {                                                                                                                  \
    .name = "test", .about = "a device for tests", .sms = 4, .warp_threads = 32, .sm_threads = 2048, .sm_warps = 64, \
    .sm_blocks = 32, .sm_regs = 65536, .priority_least = 0, .priority_greatest = -5, .mem_bytes = 1000,              \
  }

static const struct cr_device_desc device[2] = {DEVICE, DEVICE};
const struct cr_machine load_machine = {.n_device = 1, .device = device};
const struct cr_machine load_two_devices = {.n_device = 2, .device = device};

static cr_model add_model(struct cr_workload_builder *b, const char *name, enum cr_op_kind kind, uint32_t n_op,
                          cr_ns op_ns, int64_t persistent, int64_t ephemeral)
{
  struct cr_op_spec *op = cr_mem_new(n_op, sizeof *op);
  assert_non_null(op);
  for (uint32_t i = 0; i < n_op; i++)
    op[i] = (struct cr_op_spec){
      .name = "k",
      .kind = kind,
      .sm_ppm = CR_UNKNOWN,
      .dram_ppm = CR_UNKNOWN,
      .duration_ns = op_ns,
      .spread_ns = CR_NS_NEVER,
      .gap_ns = CR_NS_NEVER,
      .launch_ns = CR_NS_NEVER,
      .blocks = 4,
      .threads = 256,
      .regs = 32,
      .smem_bytes = 0,
      .carveout_bytes = CR_UNKNOWN,
      .bytes = CR_UNKNOWN,
      .dram_bytes = CR_UNKNOWN,
      .l2_bytes = CR_UNKNOWN,
      .instructions = CR_UNKNOWN,
      .tensor_instructions = CR_UNKNOWN,
      .active_warps_q16 = CR_UNKNOWN,
    };
  struct cr_model_spec spec = {
    .name = name,
    .op = op,
    .n_op = n_op,
    .weight_bytes = CR_UNKNOWN,
    .persistent_bytes = persistent,
    .ephemeral_bytes = ephemeral,
    .framework_bytes = CR_UNKNOWN,
  };
  cr_model model = {0};
  struct cr_err err = {""};
  if (cr_workload_add_model(b, &spec, &model, &err) != CR_OK)
    fail_msg("%s", err.text);
  cr_mem_free(op);
  return model;
}

cr_model load_model(struct cr_workload_builder *b, const char *name, uint32_t n_op, cr_ns op_ns)
{
  return add_model(b, name, CR_OP_KERNEL, n_op, op_ns, CR_UNKNOWN, CR_UNKNOWN);
}

cr_model load_sized_model(struct cr_workload_builder *b, const char *name, uint32_t n_op, cr_ns op_ns,
                          int64_t persistent, int64_t ephemeral)
{
  return add_model(b, name, CR_OP_KERNEL, n_op, op_ns, persistent, ephemeral);
}

cr_model load_iteration(struct cr_workload_builder *b, const char *name, cr_ns each_ns, int64_t persistent,
                        int64_t ephemeral)
{
  return add_model(b, name, CR_OP_ITERATION, 1, each_ns, persistent, ephemeral);
}

struct cr_client_spec load_job(const char *name, cr_model model, cr_ns submit_ns, uint32_t iterations)
{
  struct cr_client_spec spec = load_client(name, model, CR_BE);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_AT, .phase_ns = submit_ns};
  spec.job = (struct cr_job_spec){.iterations = iterations,
                                  .declared_ns = CR_NS_NEVER,
                                  .persistent_bytes = CR_UNKNOWN,
                                  .ephemeral_bytes = CR_UNKNOWN};
  return spec;
}

struct cr_client_spec load_client(const char *name, cr_model model, enum cr_class class)
{
  return (struct cr_client_spec){
    .name = name,
    .model = model,
    .class = class,
    .priority = class == CR_RT ? -5 : 0,
    .weight = 1,
    .deadline_ns = CR_NS_NEVER,
    .max_requests = CR_NONE,
  };
}

struct cr_client_spec load_closed(const char *name, cr_model model, enum cr_class class, uint32_t depth)
{
  struct cr_client_spec spec = load_client(name, model, class);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_CLOSED, .depth = depth};
  return spec;
}

struct cr_client_spec load_poisson(const char *name, cr_model model, enum cr_class class, double rate_per_s)
{
  struct cr_client_spec spec = load_client(name, model, class);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_POISSON, .rate_per_s = rate_per_s};
  return spec;
}

struct cr_client_spec load_uniform(const char *name, cr_model model, enum cr_class class, double rate_per_s)
{
  struct cr_client_spec spec = load_client(name, model, class);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_UNIFORM, .rate_per_s = rate_per_s};
  return spec;
}

struct cr_client_spec load_trace(const char *name, cr_model model, enum cr_class class, const cr_ns *at_ns,
                                 uint32_t n_at)
{
  struct cr_client_spec spec = load_client(name, model, class);
  spec.arrival = (struct cr_arrival_spec){.kind = CR_ARRIVE_TRACE, .at_ns = at_ns, .n_at = n_at};
  return spec;
}

void load_add(struct cr_workload_builder *b, struct cr_client_spec spec)
{
  cr_client client;
  struct cr_err err = {""};
  if (cr_workload_add_client(b, &spec, &client, &err) != CR_OK)
    fail_msg("%s", err.text);
}

const struct cr_workload *load_seal(struct cr_workload_builder *b)
{
  const struct cr_workload *w = NULL;
  struct cr_err err = {""};
  if (cr_workload_seal(b, &w, &err) != CR_OK)
    fail_msg("%s", err.text);
  return w;
}

struct cr_core_cfg load_cfg(const struct cr_workload *w, const struct cr_policy_ops *policy)
{
  return (struct cr_core_cfg){
    .workload = w,
    .machine = &load_machine,
    .policy = policy,
    .backend = &fake_backend,
    .duration_ns = CR_NS_NEVER,
    .seed = 1,
    .strict = 1,
  };
}

static int keep(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err)
{
  struct load_record *r = ctx;
  if (r->n + n > r->cap) {
    uint64_t cap = 2 * (r->n + n);
    struct cr_note *grown = cr_mem_resize(r->note, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, "recorded notes");
    r->note = grown;
    r->cap = cap;
  }
  memcpy(r->note + r->n, note, n * sizeof *note);
  r->n += n;
  return CR_OK;
}

const struct cr_ledger_sink *load_record(struct load_record *r)
{
  r->sink = (struct cr_ledger_sink){.ctx = r, .write = keep};
  return &r->sink;
}

void load_record_fini(struct load_record *r)
{
  cr_mem_free(r->note);
  *r = (struct load_record){0};
}

void load_expect(const struct load_record *r, const char *lines)
{
  struct cr_text text = {0};
  for (uint64_t i = 0; i < r->n; i++) {
    cr_note_print(&r->note[i], &text);
    cr_text_add(&text, "\n");
  }
  assert_string_equal(text.s ? text.s : "", lines);
  cr_text_fini(&text);
}
