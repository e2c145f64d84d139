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

struct cr_device_desc load_gpu(const char *name, uint32_t sms)
{
  return (struct cr_device_desc){
    .name = name,
    .about = "for tests",
    .sms = sms,
    .warp_threads = 32,
    .sm_threads = 2048,
    .sm_warps = 64,
    .sm_blocks = 32,
    .sm_regs = 65536,
    .warp_regs_unit = 256,
    .block_threads_max = 1024,
    .thread_regs_max = 255,
    .sm_smem_bytes = 233472,
    .block_smem_max_bytes = 232448,
    .block_smem_reserved_bytes = 1024,
    .smem_unit_bytes = 128,
    .n_carveout = 1,
    .carveout_bytes = {233472},
    .mem_bytes = INT64_C(1) << 36,
    .l2_bytes = 62914560,
    .dram_bytes_per_s = CR_UNKNOWN,
    .l2_bytes_per_s = CR_UNKNOWN,
    .h2d_bytes_per_s = 50000000000,
    .d2h_bytes_per_s = 50000000000,
    .d2d_bytes_per_s = 1000000000000,
    .copy_engines = 2,
    .priority_least = 0,
    .priority_greatest = -5,
  };
}

static cr_model add_model(struct cr_workload_builder *b, const char *name, enum cr_op_kind kind, uint32_t n_op,
                          cr_ns op_ns, int64_t persistent, int64_t ephemeral)
{
  struct cr_op_spec *op = cr_mem_new(n_op, sizeof *op);
  assert_non_null(op);
  for (uint32_t i = 0; i < n_op; i++) {
    op[i] = cr_op_unknown("k", kind, op_ns);
    op[i].blocks = 4;
    op[i].threads = 256;
    op[i].regs = 32;
    op[i].smem_bytes = 0;
  }
  struct cr_model_spec spec = cr_model_unknown(name, op, n_op);
  spec.persistent_bytes = persistent;
  spec.ephemeral_bytes = ephemeral;
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
