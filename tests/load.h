/* load.h - small workloads, a machine and runs for tests, in a line each. */
#ifndef CR_TEST_LOAD_H
#define CR_TEST_LOAD_H
#include "sim/core.h"
#include "sim/ledger.h"
#include "sim/machine.h"
#include "sim/text.h"
#include "sim/workload.h"

/* One device "test" (or n of them) of 4 SMs, 1000 bytes, priorities 0 to -5: enough for the fake backend, not for the device
 * model. */
extern const struct cr_machine load_machine, load_two_devices;

/* A GPU whose SMs hold 32 blocks, 64 warps, 64 Ki registers and 228 KiB, and which prices nothing: what is recorded is what it
 * takes. */
struct cr_device_desc load_gpu(const char *name, uint32_t sms);

/* n_op kernels, named k0, k1, ..., of op_ns each.  Fails the case when it cannot be added, as do the others. */
cr_model load_model(struct cr_workload_builder *b, const char *name, uint32_t n_op, cr_ns op_ns);

/* The same that needs so much memory; and one iteration of which only the time is known. */
cr_model load_sized_model(struct cr_workload_builder *b, const char *name, uint32_t n_op, cr_ns op_ns, int64_t persistent,
                          int64_t ephemeral);
cr_model load_iteration(struct cr_workload_builder *b, const char *name, cr_ns each_ns, int64_t persistent,
                        int64_t ephemeral);

/* A job that says nothing, needs no time to start up and does not think. */
struct cr_client_spec load_job(const char *name, cr_model model, cr_ns submit_ns, uint32_t iterations);

/* No deadline, no end, priority 0 for CR_BE and -5 for CR_RT: change what load_client returned before adding it. */
struct cr_client_spec load_client(const char *name, cr_model model, enum cr_class class);
struct cr_client_spec load_closed(const char *name, cr_model model, enum cr_class class, uint32_t depth);
struct cr_client_spec load_poisson(const char *name, cr_model model, enum cr_class class, double rate_per_s);
struct cr_client_spec load_uniform(const char *name, cr_model model, enum cr_class class, double rate_per_s);
struct cr_client_spec load_trace(const char *name, cr_model model, enum cr_class class, const cr_ns *at_ns,
                                 uint32_t n_at);

void load_add(struct cr_workload_builder *b, struct cr_client_spec spec);
const struct cr_workload *load_seal(struct cr_workload_builder *b);

/* A strict run of the policy on the fake backend and load_machine, to the end of the load: change what must differ. */
struct cr_core_cfg load_cfg(const struct cr_workload *w, const struct cr_policy_ops *policy);

/* Keeps all notes of a run: load_record(&r) goes into cfg.ledger. */
struct load_record {
  struct cr_note *note; /* [n] */
  uint64_t n, cap;
  struct cr_ledger_sink sink;
};
const struct cr_ledger_sink *load_record(struct load_record *r); /* r is zero-initialised */
void load_record_fini(struct load_record *r);

/* Fails the case, with a difference that can be read, unless the notes print as these lines. */
void load_expect(const struct load_record *r, const char *lines);

#endif
