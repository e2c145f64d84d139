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

static char *made_name(const char *policy)
{
  char *name = cr_mem_new(strlen(policy) + 1, 1);
  assert_non_null(name);
  memcpy(name, policy, strlen(policy));
  return name;
}

void made_result(struct cr_result *r, const char *policy, enum cr_outcome outcome, cr_ns latency_ns)
{
  assert_int_equal(cr_result_init(r, 2, 1, NULL), CR_OK);
  r->policy = made_name(policy);
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

/* ------------------------------------------------------------------------------------------------------------- jobs */

static const cr_ns minute = INT64_C(60000000000);

struct cr_workload_builder *made_jobs_workload(int mixed, const struct cr_workload **w)
{
  struct cr_workload_builder *b = cr_workload_builder_new();
  assert_non_null(b);
  cr_model cnn = load_iteration(b, "cnn", minute, 300, 400);
  for (int i = 0; i < 5; i++) {
    char name[] = {'j', (char)('0' + i), '\0'};
    if (mixed && i == 3)
      load_add(b, load_uniform("rt", cnn, CR_RT, 0.01));
    struct cr_client_spec job = load_job(name, cnn, i * minute, 10);
    job.job.startup_ns = minute / 6;
    job.job.declared_ns = i ? 10 * minute : CR_NS_NEVER;
    job.job.persistent_bytes = i ? 300 : CR_UNKNOWN;
    job.job.ephemeral_bytes = i ? 400 : CR_UNKNOWN;
    load_add(b, job);
  }
  *w = load_seal(b);
  return b;
}

struct cr_scenario made_jobs_scenario(const struct cr_workload *w)
{
  struct cr_scenario s = made_scenario(w);
  s.about = "five jobs";
  s.duration_ns = CR_NS_NEVER;
  s.warmup_ns = 0;
  s.text = "jobs: {file: five.csv}\n";
  return s;
}

static void made_job(struct cr_job_result *j, enum cr_job_end how, cr_ns submit_ns, cr_ns admit_ns, cr_ns end_ns)
{
  j->how = how;
  j->submit_ns = submit_ns;
  j->end_ns = end_ns;
  if (how == CR_JOB_REJECTED)
    return;
  j->start_ns = submit_ns;
  j->ready_ns = submit_ns + minute / 6;
  j->admit_ns = cr_max_ns(admit_ns, j->ready_ns);
  if (how == CR_JOB_NO_MEMORY)
    return;
  j->first_ns = j->admit_ns;
  j->used_ns = end_ns - j->admit_ns;
}

void made_jobs_result(struct cr_result *r, const struct cr_workload *w, const char *policy, cr_ns last_min)
{
  assert_int_equal(cr_result_init_for(r, w, 1, NULL), CR_OK);
  r->policy = made_name(policy);
  r->backend = "sim";
  r->outcome = CR_DONE;
  r->end_ns = last_min * minute;
  uint32_t rt = w->n_client > 5 ? 3 : CR_NONE, after = rt == CR_NONE ? 3 : 4;
  made_job(&r->job[0], CR_JOB_DONE, 0, 0, 10 * minute);
  made_job(&r->job[1], CR_JOB_DONE, 1 * minute, 10 * minute, 30 * minute);
  made_job(&r->job[2], CR_JOB_REJECTED, 2 * minute, 0, 2 * minute);
  made_job(&r->job[after], CR_JOB_NO_MEMORY, 3 * minute, 0, 3 * minute + minute / 6);
  made_job(&r->job[after + 1], CR_JOB_DONE, 4 * minute, 30 * minute, last_min * minute);
  if (rt != CR_NONE) {
    const struct cr_request_row row = {.arrive_ns = 0, .reach_ns = 0, .end_ns = minute, .client = rt};
    cr_result_add(r, &row);
    r->client[rt].n_arrived = 1;
  }
  r->memory[0] = (struct cr_memory_use){
    .reserved_mean_bytes = 6.0 * (1 << 30), .used_mean_bytes = 1.5 * (1 << 30), .reserved_peak_bytes = INT64_C(8) << 30,
    .used_peak_bytes = INT64_C(4) << 30,
  };
  r->ledger_hash = UINT64_C(0x0123456789abcdef);
  r->ledger_count = 3;
  r->use[0] = (struct cr_use){
    .sm_ns = 2 * (double)r->end_ns, .busy_ns = 0.75 * (double)r->end_ns, .dram_bytes = (double)CR_UNKNOWN,
  };
}
