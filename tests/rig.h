/* rig.h - an engine by itself, driven action by action, and what it tells: for tests of what a core cannot ask for at exact
 * instants.
 *
 * Request i is client i's, of a model of its own.  The device has 4 SMs that hold one block each, and no constant but those a
 * test sets: a kernel of n blocks takes ceil(n / 4) times the same, and nothing else takes any time. */
#ifndef CR_TEST_RIG_H
#define CR_TEST_RIG_H
#include "sim/engine.h"
#include "sim/text.h"
#include "tests/load.h"

enum { RIG_SMS = 4, RIG_SPANS = 4096, RIG_DEVICES = 2 };

struct rig {
  struct cr_device_desc device[RIG_DEVICES];
  struct cr_machine machine;
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
  const char *set;
  struct cr_observer observer;
  struct cr_engine *engine;
  uint32_t n_request, n_stream;
  cr_ns now_ns;
  struct cr_text story; /* a line an event */
  struct cr_op_span span[RIG_SPANS];
  uint32_t n_span;
  uint32_t sms_busy[RIG_DEVICES]; /* as last told */
};

void rig_init(struct rig *r);
void rig_device(struct rig *r, uint32_t n_device); /* only r->machine, without an engine: nothing is to be freed */
void rig_fini(struct rig *r);
void rig_price(struct rig *r, enum cr_gpu_constant price, cr_ns ns); /* of all devices; before rig_open */

/* rig_init, with a price for each step of a preemption.  Made up, in ns: clear < flag, so that the flag rules unless many streams
 * are cleared. */
void rig_init_stops(struct rig *r);

/* A kernel of so many blocks, one an SM, that take wave_ns each, from a graph. */
struct cr_op_spec rig_kernel(uint32_t blocks, cr_ns wave_ns);

/* n_op ops like op; the request's number. */
uint32_t rig_add(struct rig *r, struct cr_op_spec op, uint32_t n_op);
uint32_t rig_add_ops(struct rig *r, const struct cr_op_spec *op, uint32_t n_op);
uint32_t rig_add_job(struct rig *r, struct cr_op_spec op, uint32_t n_op, uint32_t iterations, cr_ns think_ns);
void rig_open(struct rig *r);

/* Its number; queue 0: an ideal one. */
uint32_t rig_stream(struct rig *r, uint32_t device, uint32_t queue);
uint32_t rig_stream_of(struct rig *r, struct cr_act act); /* with what else it says */

/* Ops op0 .. op0 + n_op of the request, counted from its first; and with the first block0 blocks of op0 done. */
void rig_launch(struct rig *r, uint32_t request, uint32_t op0, uint32_t n_op, uint32_t stream);
void rig_launch_from(struct rig *r, uint32_t request, uint32_t op0, uint32_t block0, uint32_t n_op, uint32_t stream);
void rig_slice(struct rig *r, uint32_t request, uint32_t op, uint32_t block0, uint32_t n_block, uint32_t stream);
void rig_pad(struct rig *r, struct cr_act_pad pad, uint32_t be, uint32_t be_op, uint32_t block0, uint32_t n_block,
             uint32_t stream); /* pad.rt_op and be_op count from their request's first */
void rig_preempt(struct rig *r, uint32_t stream, enum cr_cap how);

void rig_run(struct rig *r, cr_ns until_ns); /* CR_NS_NEVER: until nothing is left to happen */

/* Fails the case unless what happened since the last call reads so, a line each:
 *   "40 done 0 op 2 reached 0\n"
 *   "52 back 1 op 0 block 4 handed 2 lost 9 by kill reached 3\n"     block, handed, lost and reached where there are any */
void rig_expect(struct rig *r, const char *story);

/* Fails the case unless the op's stays on the device were these: "0-40 40-60(-2)\n", in brackets blocks that are not done. */
void rig_expect_spans(const struct rig *r, uint32_t request, uint32_t op, const char *spans);

#endif
