/* made.c - made-up results. */
#include "config.h"

#include "tests/made.h"

#include <stdio.h>

#include "sim/mem.h"
#include "tests/load.h"
#include "tests/t.h"

static const cr_ns ms = 1000000;

struct cr_workload_builder *made_workload(const struct cr_workload **w)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  assert_non_null(b);
  cr_model net = load_model(b, "net", 3, 100000), big = load_model(b, "big, \"large\"", 2, 1 * ms);
  struct cr_client_spec rt = load_uniform("rt", net, CR_RT, 100);
  rt.deadline_ns = 5 * ms;
  load_add(b, rt);
  load_add(b, load_closed("be", big, CR_BE, 1));
  *w = load_seal(b);
  return b;
}

struct cr_scenario made_scenario(const struct cr_workload *w)
{
  return (struct cr_scenario){
    .name = "made-up", .about = "one of each class", .duration_ns = 110 * ms, .warmup_ns = 10 * ms, .seed = 7,
    .text = "duration: 110ms\n", .workload = w, .machine = &load_machine,
  };
}

void made_result(struct cr_result *r, const char *policy, enum cr_outcome outcome, cr_ns latency_ns)
{
  assert_int_equal(cr_result_init(r, 2, 1, NULL), CR_OK);
  char *name = cr_mem_new(strlen(policy) + 1, 1);
  assert_non_null(name);
  memcpy(name, policy, strlen(policy));
  r->policy = name;
  r->backend = "sim";
  r->outcome = outcome;
  r->warmup_ns = 10 * ms;
  r->end_ns = 110 * ms;
  if (outcome != CR_DONE)
    snprintf(r->why, sizeof r->why, "made up, \"%s\"", policy);
  for (cr_ns at_ns = 0; at_ns < 100 * ms; at_ns += 10 * ms) {
    struct cr_request_row row = {
      .arrive_ns = at_ns, .reach_ns = at_ns, .end_ns = at_ns + latency_ns, .client = 0, .missed = latency_ns > 5 * ms,
    };
    cr_result_add(r, &row);
  }
  for (cr_ns at_ns = 0; at_ns < 100 * ms; at_ns += 2 * ms) {
    struct cr_request_row row = {.arrive_ns = at_ns, .reach_ns = at_ns, .end_ns = at_ns + 2 * ms, .client = 1};
    cr_result_add(r, &row);
  }
  r->client[0].n_arrived = r->client[0].n_done;
  r->client[1].n_arrived = r->client[1].n_done + 1;
  r->client[1].n_pending = 1;
  r->n_event = 123;
  r->n_action = 60;
  r->n_op = 130;
  r->ledger_hash = UINT64_C(0xfedcba9876543210);
  r->ledger_count = 3;
  r->use[0] = (struct cr_use){
    .n_kernel = 130, .sm_ns = 4 * 55e6, .warp_ns = 0, .busy_ns = 99e6, .copy_ns = 0, .dram_bytes = (double)CR_UNKNOWN,
  };
}
