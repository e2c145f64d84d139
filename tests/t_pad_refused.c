/* t_pad_refused.c - what the core refuses of pads, slices and device queues, each with its sentence. */
#include "config.h"

#include "sim/ask.h"
#include "tests/rig.h"
#include "tests/t.h"

/* Requests 0 (three kernels, a copy), 1 (a kernel that must not run twice, a kernel, a copy, a kernel) and 2 (a job's) are there
 * at 0.  Streams 0 and 1 are of device 0, 2 of device 1. */
struct asker {
  uint32_t n, away; /* away: bit by bit: requests that are launched */
};

static void launch(struct cr_policy *p, uint32_t request, uint32_t n_op, uint32_t stream)
{
  struct asker *a = p->state;
  cr_launch(p, (cr_request){request}, n_op, (cr_stream){stream});
  a->away |= 1u << request;
}

static struct cr_pad_spec good(void)
{
  return (struct cr_pad_spec){
    .rt = {0}, .be = {1}, .rt_op = 1, .rt_sms = 2, .n_block = 2, .sm_blocks = 1, .stream = {1}};
}

static void ask_pad(struct cr_policy *p, struct cr_pad_spec pad)
{
  cr_pad(p, &pad);
}

static void take_pad(struct cr_policy *p, struct cr_pad_spec pad)
{
  struct asker *a = p->state;
  cr_pad(p, &pad);
  a->away |= 1u << pad.be.i;
}

/* One wrong thing each; the rest is launched afterwards. */
static void ask(struct cr_policy *p, int64_t which)
{
  struct cr_pad_spec pad = good();
  switch (which) {
  case 0:
    pad.rt.i = 77;
    break;
  case 1:
    launch(p, 0, CR_ALL, 0);
    break;
  case 2:
    pad.stream.i = 99;
    break;
  case 3:
    pad.n_block = 0;
    break;
  case 4:
    pad.n_block = UINT32_MAX;
    break;
  case 5:
    pad.sm_blocks = 0;
    break;
  case 6:
    pad.sm_blocks = 256;
    break;
  case 7:
    pad.rt_sms = 0;
    break;
  case 8:
    pad.rt_sms = 4;
    break;
  case 9:
    take_pad(p, pad);
    pad.rt_op = 0;
    break;
  case 10:
    take_pad(p, pad);
    break;
  case 11:
    take_pad(p, pad);
    pad.be.i = 2;
    pad.rt_sms = 3;
    break;
  case 12:
    take_pad(p, pad);
    pad.rt_op = 2;
    pad.stream.i = 2;
    break;
  case 13:
    pad.be.i = 0;
    break;
  case 14:
    pad.rt_op = 3;
    break;
  case 15:
    pad.rt_op = 4;
    break;
  case 16:
    pad.be.i = 2;
    break;
  case 17:
    pad.rt.i = 2;
    break;
  case 18:
    pad.be.i = 77;
    break;
  case 19:
    launch(p, 1, CR_ALL, 1);
    break;
  case 20:
    launch(p, 2, CR_ALL, 1);
    break;
  case 21:
    pad.rt.i = 1;
    pad.be.i = 0;
    pad.stream.i = 0;
    take_pad(p, pad);
    pad = good();
    break;
  case 22:
    take_pad(p, pad);
    pad.stream.i = 0;
    pad.rt_op = 2;
    break;
  case 23:
    break;
  default:
    return;
  }
  ask_pad(p, pad);
  if (which == 21)
    launch(p, 1, CR_ALL, 1);
}

static void ask_more(struct cr_policy *p, int64_t which)
{
  cr_request rt = {0}, be = {1}, job = {2};
  switch (which) {
  case 30:
    take_pad(p, good());
    cr_launch(p, job, CR_ALL, (cr_stream){1});
    break;
  case 31:
    take_pad(p, good());
    cr_launch(p, rt, 1, (cr_stream){0});
    break;
  case 32:
    take_pad(p, good());
    cr_launch(p, rt, CR_ALL, (cr_stream){2});
    break;
  case 33:
    take_pad(p, good());
    cr_slice(p, rt, 1, (cr_stream){0});
    break;
  case 34:
    take_pad(p, good());
    cr_rewind(p, rt, 0);
    break;
  case 35:
    take_pad(p, good());
    cr_drop(p, rt);
    break;
  case 36:
    cr_slice(p, rt, 0, (cr_stream){0});
    break;
  case 37:
    cr_slice(p, rt, 1, (cr_stream){9});
    break;
  case 38:
    cr_slice(p, job, 1, (cr_stream){0});
    break;
  case 39:
    cr_slice(p, (cr_request){77}, 1, (cr_stream){0});
    break;
  case 40:
    launch(p, 0, CR_ALL, 0);
    cr_slice(p, rt, 1, (cr_stream){0});
    break;
  case 41:
    cr_rewind(p, rt, 1);
    break;
  case 42:
    cr_rewind(p, job, 0);
    break;
  case 43:
    cr_rewind(p, (cr_request){77}, 0);
    break;
  case 44:
    launch(p, 0, CR_ALL, 0);
    cr_rewind(p, rt, 0);
    break;
  case 45:
    cr_stream_queue(p, (cr_stream){0}, 4, CR_RECLAIM_LATER);
    break;
  case 46:
    cr_drop(p, (cr_request){77});
    break;
  case 47:
    launch(p, 0, CR_ALL, 0);
    cr_drop(p, rt);
    break;
  case 48:
    take_pad(p, good());
    cr_slice(p, be, 1, (cr_stream){1});
    break;
  case 49:
    take_pad(p, good());
    cr_rewind(p, be, 0);
    break;
  case 50:
    take_pad(p, good());
    cr_drop(p, be);
    break;
  case 51:
    cr_slice(p, rt, 1, (cr_stream){0});
    break;
  default:
    break;
  }
}

static int asker_init(struct cr_policy *p, struct cr_err *err)
{
  (void)err;
  for (uint32_t i = 0; i < 3; i++)
    cr_stream_new(p, (cr_device){i / 2}, 0);
  switch (p->opt[0]) {
  case 60:
    cr_stream_queue(p, (cr_stream){3}, 4, CR_RECLAIM_LATER);
    break;
  case 61:
    cr_stream_queue(p, (cr_stream){0}, 0, CR_RECLAIM_LATER);
    break;
  case 62:
    cr_stream_queue(p, (cr_stream){0}, CR_QUEUE_MAX + 1, CR_RECLAIM_LATER);
    break;
  case 63:
    cr_stream_queue(p, (cr_stream){0}, 4, (enum cr_reclaim)2);
    break;
  case 64:
    cr_stream_queue(p, (cr_stream){0}, CR_QUEUE_MAX, CR_RECLAIM_NOW);
    break;
  default:
    break;
  }
  return CR_OK;
}

static void asker_request(struct cr_policy *p, cr_request r)
{
  struct asker *a = p->state;
  (void)r;
  if (++a->n < p->view->n_client)
    return;
  ask(p, p->opt[0]);
  ask_more(p, p->opt[0]);
  for (uint32_t i = 0; i < 3; i++)
    if (!(a->away >> i & 1))
      launch(p, i, CR_ALL, i == 0 ? 0 : 2);
}

static void asker_done(struct cr_policy *p, cr_request r, int complete)
{
  struct asker *a = p->state;
  if (complete)
    return;
  int again = p->opt[0] == 71 && a->n++ == 0;
  if (p->opt[0] == 70 &&
      p->view->request_next_op[r.i] == 2) /* over one that must not run twice; then over a part of it */
    cr_rewind(p, r, 0);
  if (again)
    cr_rewind(p, r, 1);
  if (p->opt[0] == 72 && p->view->request_next_op[r.i] == 2)
    cr_slice(p, r, 1, (cr_stream){1});
  if (p->opt[0] == 73 && p->view->request_next_block[r.i])
    cr_rewind(p, r, 0);
  if (p->opt[0] == 74 && p->view->request_next_op[r.i] == 1) { /* a pad of an op before the next */
    struct cr_pad_spec pad = good();
    pad.rt.i = 1;
    pad.be.i = 0;
    pad.rt_op = 0;
    cr_pad(p, &pad);
  }
  cr_launch(p, r, again ? 1 : CR_ALL, (cr_stream){1});
}

/* Only client 1, op by op. */
static void step_request(struct cr_policy *p, cr_request r)
{
  if (p->opt[0] == 73 && r.i == 1)
    cr_slice(p, r, 1, (cr_stream){1});
  else
    cr_launch(p, r, r.i != 1 ? CR_ALL : p->opt[0] == 74 ? 1 : 2, (cr_stream){r.i == 1});
}

static void asker_back(struct cr_policy *p, cr_request r, enum cr_cap how)
{
  assert_int_equal(how, CR_CAP_PAD);
  cr_launch(p, r, CR_ALL, (cr_stream){2});
}

static const struct cr_opt options[] = {
  {.name = "case", .kind = CR_OPT_COUNT, .fallback = "0", .min = 0, .max = 1000},
  {0},
};

#define ASKER                                                                                     \
  .abi = CR_POLICY_ABI, .name = "asker", .about = "asks for one wrong thing", .options = options, \
  .state_bytes = sizeof(struct asker), .init = asker_init, .on_back = asker_back, .on_done = asker_done

static const struct cr_policy_ops asker = {ASKER, .needs = CR_CAP_PAD | CR_CAP_SLICE | CR_CAP_QUEUE,
                                           .on_request = asker_request};
static const struct cr_policy_ops stepper = {ASKER, .needs = CR_CAP_PAD | CR_CAP_SLICE | CR_CAP_QUEUE,
                                             .on_request = step_request};

static void expect_refused(const struct cr_policy_ops *ops, int which, uint32_t n, enum cr_refusal refusal)
{
  static const cr_ns at[] = {0};
  static struct rig r;
  rig_init(&r);
  struct cr_op_spec op[4], copy = rig_kernel(4, 10);
  for (int i = 0; i < 4; i++)
    op[i] = rig_kernel(4, 100);
  copy.kind = CR_OP_COPY_D2H;
  copy.blocks = copy.threads = 0;
  op[3] = copy;
  struct cr_model_spec spec = cr_model_unknown("rt", op, 4);
  cr_model rt, be;
  assert_int_equal(cr_workload_add_model(r.builder, &spec, &rt, NULL), CR_OK);
  op[3] = op[1];
  op[2] = copy;
  op[0].idempotent = CR_NO;
  spec.name = "be";
  assert_int_equal(cr_workload_add_model(r.builder, &spec, &be, NULL), CR_OK);
  load_add(r.builder, load_trace("rt", rt, CR_RT, at, 1));
  load_add(r.builder, load_trace("be", be, CR_BE, at, 1));
  load_add(r.builder, load_job("job", rt, 0, 1));
  struct cr_core_cfg cfg = load_cfg(load_seal(r.builder), ops);
  char text[32];
  snprintf(text, sizeof text, "case=%d", which);
  cfg.policy_options = text;
  cfg.machine = &r.machine;
  cfg.backend = &cr_backend_sim;
  cfg.strict = 0;
  struct cr_result result;
  struct cr_err err = {""};
  if (cr_core_run(&cfg, &result, &err) != CR_OK)
    fail_msg("case %d: %s", which, err.text);
  if (result.n_refused != n || (n && !strstr(result.why, cr_refusal_text(refusal))))
    fail_msg("case %d: %u refused, \"%s\" does not say \"%s\"", which, (unsigned)result.n_refused, result.why,
             cr_refusal_text(refusal));
  for (uint32_t c = 0; c < 3; c++)
    assert_int_equal(result.client[c].n_done, 1);
  cr_result_fini(&result);
  rig_fini(&r);
}

static void each_thing_that_cannot_be_is_refused_with_its_sentence(void **state)
{
  (void)state;
  static const struct {
    int which;
    enum cr_refusal refusal;
  } is[] = {
    {0, CR_REFUSED_REQUEST},  {1, CR_REFUSED_OWNER},   {2, CR_REFUSED_STREAM},   {3, CR_REFUSED_PAD},
    {4, CR_REFUSED_PAD},      {5, CR_REFUSED_PAD},     {6, CR_REFUSED_PAD},      {7, CR_REFUSED_PAD},
    {8, CR_REFUSED_PAD},      {9, CR_REFUSED_PAD},     {10, CR_REFUSED_PAD},     {11, CR_REFUSED_PAD},
    {12, CR_REFUSED_PAD},     {13, CR_REFUSED_OWNER},  {14, CR_REFUSED_KERNEL},  {15, CR_REFUSED_KERNEL},
    {16, CR_REFUSED_KERNEL},  {17, CR_REFUSED_KERNEL}, {18, CR_REFUSED_REQUEST}, {19, CR_REFUSED_OWNER},
    {20, CR_REFUSED_PADDED},  {21, CR_REFUSED_OWNER},  {22, CR_REFUSED_OWNER},   {30, CR_REFUSED_PADDED},
    {31, CR_REFUSED_PADDED},  {32, CR_REFUSED_PADDED}, {33, CR_REFUSED_PADDED},  {34, CR_REFUSED_PADDED},
    {35, CR_REFUSED_PADDED},  {36, CR_REFUSED_RANGE},  {37, CR_REFUSED_STREAM},  {38, CR_REFUSED_KERNEL},
    {39, CR_REFUSED_REQUEST}, {40, CR_REFUSED_OWNER},  {41, CR_REFUSED_AGAIN},   {42, CR_REFUSED_PASS},
    {43, CR_REFUSED_REQUEST}, {44, CR_REFUSED_OWNER},  {45, CR_REFUSED_LATE},    {46, CR_REFUSED_REQUEST},
    {47, CR_REFUSED_OWNER},   {48, CR_REFUSED_OWNER},  {49, CR_REFUSED_OWNER},   {50, CR_REFUSED_OWNER},
    {60, CR_REFUSED_STREAM},  {61, CR_REFUSED_QUEUE},  {62, CR_REFUSED_QUEUE},   {63, CR_REFUSED_QUEUE},
  };
  for (size_t i = 0; i < sizeof is / sizeof is[0]; i++)
    expect_refused(&asker, is[i].which, 1, is[i].refusal);
  expect_refused(&asker, 64, 0, CR_GRANTED);
  expect_refused(&asker, 99, 0, CR_GRANTED);
  expect_refused(&stepper, 70, 1, CR_REFUSED_AGAIN);
  expect_refused(&stepper, 71, 0, CR_GRANTED);
  expect_refused(&stepper, 72, 1, CR_REFUSED_KERNEL);
  expect_refused(&stepper, 73, 1, CR_REFUSED_AGAIN);
  expect_refused(&stepper, 74, 1, CR_REFUSED_PAD);
}

static void what_a_policy_does_not_list_it_does_not_get(void **state)
{
  (void)state;
  struct cr_policy_ops ops = asker;
  ops.needs = CR_CAP_PAD;
  expect_refused(&ops, 64, 1, CR_REFUSED_NEED);
  ops.needs = CR_CAP_QUEUE;
  expect_refused(&ops, 23, 1, CR_REFUSED_NEED); /* a good pad */
  expect_refused(&ops, 51, 1, CR_REFUSED_NEED); /* a good slice */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_thing_that_cannot_be_is_refused_with_its_sentence),
    cmocka_unit_test(what_a_policy_does_not_list_it_does_not_get),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
