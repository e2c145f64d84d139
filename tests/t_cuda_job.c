/* t_cuda_job.c - jobs on the pretended GPU of tests/standin-cuda/: iterations, parking, turns and memory, by the simulator's rules. */
#include "config.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "policies/list.h"
#include "sim/mem.h"
#include "sim/replay.h"
#include "tests/manager.h"
#include "tests/t.h"
#include "traces/device_file.h"

static const cr_ns MS = 1000000;
enum { MEM = 1 << 20 };

/* --- a load of jobs ----------------------------------------------------------------------------------------------- */

struct jobs {
  struct cr_arena *arena;
  struct cr_device_desc device;
  struct cr_machine machine;
  struct cr_workload_builder *builder;
  const struct cr_workload *workload;
};

static void jobs_init(struct jobs *l, const char *fault)
{
  struct cr_err err = {""};
  *l = (struct jobs){.arena = cr_arena_new(), .builder = cr_workload_builder_new()};
  if (cr_device_load("h200", NULL, 0, l->arena, &l->device, &err) != CR_OK)
    fail_msg("%s", err.text);
  l->device.mem_bytes = MEM;
  l->machine = (struct cr_machine){.n_device = 1, .device = &l->device};
  setenv("CORUN_LIBCUDA", t_build("tests/standin_cuda.so"), 1);
  if (fault)
    setenv("STANDIN_CUDA", fault, 1);
  else
    unsetenv("STANDIN_CUDA");
}

static void jobs_fini(struct jobs *l)
{
  cr_workload_builder_free(l->builder);
  cr_arena_free(l->arena);
  unsetenv("STANDIN_CUDA");
}

static void add_job(struct jobs *l, const char *name, cr_model model, cr_ns submit_ns, uint32_t iterations,
                    cr_ns think_ns)
{
  struct cr_client_spec spec = load_job(name, model, submit_ns, iterations);
  const struct cr_model_info *m = cr_workload_builder_model(l->builder, model);
  spec.job.persistent_bytes = m->persistent_bytes;
  spec.job.ephemeral_bytes = m->ephemeral_bytes;
  spec.job.declared_ns = m->duration_ns * iterations;
  spec.job.think_ns = think_ns;
  load_add(l->builder, spec);
}

/* Three jobs at once that differ in all. */
static void add_three(struct jobs *l, int of_kernels)
{
  cr_model a, b, c;
  if (of_kernels) {
    a = load_sized_model(l->builder, "a", 3, 100000, 100000, 50000);
    b = load_sized_model(l->builder, "b", 5, 80000, 200000, 90000);
    c = load_sized_model(l->builder, "c", 1, 300000, 50000, 120000);
  } else {
    a = load_iteration(l->builder, "a", 2 * MS, 100000, 50000);
    b = load_iteration(l->builder, "b", 3 * MS, 200000, 90000);
    c = load_iteration(l->builder, "c", 200000, 50000, 120000);
  }
  add_job(l, "one", a, 0, 7, 0);
  add_job(l, "two", b, 0, 9, 0);
  add_job(l, "three", c, 0, 11, 0);
  l->workload = load_seal(l->builder);
}

static struct cr_core_cfg cfg_of(const struct jobs *l, const char *policy, const char *options)
{
  return (struct cr_core_cfg){
    .workload = l->workload,
    .machine = &l->machine,
    .policy = cr_policy_find(policy, strlen(policy)),
    .policy_options = options,
    .backend = &cr_backend_cuda,
    .duration_ns = CR_NS_NEVER,
    .seed = 1,
    .strict = 1,
  };
}

/* --- what is told ------------------------------------------------------------------------------------------------- */

struct seen {
  const struct cr_workload *workload;
  uint32_t n_op[32];          /* times that each op ran */
  uint32_t turn[256], n_turn; /* clients, one after the other */
  int is_disordered;
};

static void see_op(void *ctx, const struct cr_op_span *span)
{
  struct seen *s = ctx;
  s->n_op[span->op] += span->n;
  s->is_disordered |= span->start_ns > span->end_ns || span->start_ns < 0;
  if (s->n_turn < 256 && (s->n_turn == 0 || s->turn[s->n_turn - 1] != span->client))
    s->turn[s->n_turn++] = span->client;
}

/* A run that goes well, with its ledger replayed; the result is the caller's. */
static struct cr_result run(const struct cr_core_cfg *given, struct seen *seen, struct load_record *record)
{
  struct cr_result r;
  struct cr_err err = {""};
  struct cr_replay_report report;
  struct load_record own = {0}, *kept = record ? record : &own;
  const struct cr_observer observer = {.ctx = seen, .on_op = see_op};
  struct cr_core_cfg cfg = *given;
  cfg.ledger = load_record(kept);
  cfg.observer = seen ? &observer : NULL;
  if (cr_core_run(&cfg, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  assert_int_equal(r.outcome, CR_DONE);
  assert_int_equal(r.n_refused, 0);
  for (uint32_t c = 0; c < cfg.workload->n_client; c++)
    assert_int_equal(r.job[c].how, CR_JOB_DONE);
  assert_int_equal(
    cr_replay(cfg.workload, cfg.machine, cfg.policy, cfg.policy_options, kept->note, kept->n, &report, &err), CR_OK);
  if (!report.same)
    fail_msg("note %llu: %s, replayed %s", (unsigned long long)report.first_difference, report.recorded,
             report.replayed);
  load_record_fini(&own);
  return r;
}

/* --- iterations --------------------------------------------------------------------------------------------------- */

static void check_iterations(const char *policy, int of_kernels)
{
  struct jobs l;
  jobs_init(&l, NULL);
  add_three(&l, of_kernels);
  struct seen seen = {.workload = l.workload};
  struct cr_core_cfg cfg = cfg_of(&l, policy, NULL);
  struct cr_result r = run(&cfg, &seen, NULL);
  assert_false(seen.is_disordered);
  uint64_t n_op = 0;
  for (uint32_t c = 0; c < 3; c++) {
    const struct cr_model_info *m = &l.workload->model[l.workload->client[c].model.i];
    uint32_t n = l.workload->client[c].job.iterations;
    n_op += n * m->n_op;
    for (uint32_t op = m->op0; op < m->op0 + m->n_op; op++)
      if (seen.n_op[op] != n)
        fail_msg("%s: op %u of job %u ran %u times, not %u", policy, op - m->op0, c, seen.n_op[op], n);
    assert_true(r.job[c].used_ns >= (cr_ns)(0.9 * (double)(n * m->duration_ns)));
    assert_true(r.job[c].end_ns - r.job[c].submit_ns >= r.job[c].used_ns);
  }
  assert_int_equal(r.n_op, n_op);
  cr_result_fini(&r);
  jobs_fini(&l);
}

static void iterations_are_counted_exactly(void **state)
{
  (void)state;
  const char *const policy[] = {"fifo", "srtf", "pack", "fair", "streams"};
  for (int i = 0; i < 5; i++) {
    check_iterations(policy[i], 0);
    check_iterations(policy[i], 1);
  }
}

static void clients_think_between_iterations(void **state)
{
  (void)state;
  struct jobs l;
  jobs_init(&l, NULL);
  add_job(&l, "thinker", load_iteration(l.builder, "a", MS, 1000, 1000), 0, 6, 4 * MS);
  l.workload = load_seal(l.builder);
  struct cr_core_cfg cfg = cfg_of(&l, "fifo", NULL);
  struct cr_result r = run(&cfg, NULL, NULL);
  cr_ns alone_ns = 6 * MS + 5 * 4 * MS;
  assert_true(r.job[0].end_ns - r.job[0].submit_ns > (cr_ns)(0.95 * (double)alone_ns));
  assert_true(r.job[0].used_ns < r.job[0].end_ns - 5 * 4 * MS);
  cr_result_fini(&r);
  jobs_fini(&l);
}

/* A policy that parks the stream again and again: each time what runs is finished, and the job comes back between two iterations.  Of
 * one that thinks by far the most of the time, some of the parkings come while it does. */
static void parked_jobs_come_back_between_iterations(void **state)
{
  (void)state;
  for (int thinks = 0; thinks < 2; thinks++) {
    struct jobs l;
    struct load_record record = {0};
    jobs_init(&l, NULL);
    add_job(&l, "parked", load_sized_model(l.builder, "a", 4, 10000, 1000, 1000), 0, 20, thinks ? 5 * MS : 0);
    l.workload = load_seal(l.builder);
    struct cr_core_cfg cfg = cfg_of(&l, "fifo",
                                    thinks ? "lanes=1,bytes=5000,hold=5000,park=2000000,again=60"
                                           : "lanes=1,bytes=5000,hold=5000,park=100000,again=60");
    cfg.policy = &manager;
    struct seen seen = {.workload = l.workload};
    struct cr_result r = run(&cfg, &seen, &record);
    uint32_t n_back = 0, n_thought = 0;
    for (uint64_t i = 0; i < record.n; i++) {
      n_thought += record.note[i].kind == CR_NOTE_THOUGHT;
      if (record.note[i].kind != CR_NOTE_BACK)
        continue;
      n_back++;
      assert_int_equal(record.note[i].b % 4, 0);
      assert_true(record.note[i].b < 80);
    }
    assert_true(n_back > 0);
    assert_true(thinks ? n_thought > 0 : n_thought == 0);
    for (uint32_t op = 0; op < 4; op++)
      assert_int_equal(seen.n_op[op], 20);
    load_record_fini(&record);
    cr_result_fini(&r);
    jobs_fini(&l);
  }
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

static uint32_t count(const struct load_record *record, enum cr_note_kind kind)
{
  uint32_t n = 0;
  for (uint64_t i = 0; i < record->n; i++)
    n += record->note[i].kind == kind;
  return n;
}

/* Keys count iterations, so that no time that was measured can change the order. */
static void turns_come_in_the_order_of_the_simulator(void **state)
{
  (void)state;
  struct jobs l;
  struct load_record record[2] = {{0}};
  struct seen seen[2] = {{0}};
  jobs_init(&l, NULL);
  cr_model a = load_iteration(l.builder, "a", 2 * MS, 1000, 1000),
           b = load_iteration(l.builder, "b", 3 * MS, 1000, 1000);
  add_job(&l, "one", a, 0, 12, 0);
  add_job(&l, "two", b, 0, 8, 0);
  add_job(&l, "three", a, 0, 15, 0);
  add_job(&l, "four", b, 0, 10, 0);
  l.workload = load_seal(l.builder);
  struct cr_core_cfg cfg = cfg_of(&l, "fair", "accounting=rr");
  for (int i = 0; i < 2; i++) {
    cfg.backend = i ? &cr_backend_cuda : &cr_backend_sim;
    seen[i].workload = l.workload;
    struct cr_result r = run(&cfg, &seen[i], &record[i]);
    cr_result_fini(&r);
  }
  assert_true(count(&record[0], CR_NOTE_TURNED) > 3);
  assert_int_equal(count(&record[0], CR_NOTE_TURNED), count(&record[1], CR_NOTE_TURNED));
  assert_int_equal(seen[0].n_turn, seen[1].n_turn);
  for (uint32_t i = 0; i < seen[0].n_turn; i++)
    if (seen[0].turn[i] != seen[1].turn[i])
      fail_msg("turn %u is job %u's, and job %u's in the simulator", i, seen[1].turn[i], seen[0].turn[i]);
  for (uint64_t i = 0, k = 0; i < record[0].n; i++) { /* who came back, in which order, and how far each was */
    if (record[0].note[i].kind != CR_NOTE_TURNED)
      continue;
    while (record[1].note[k].kind != CR_NOTE_TURNED)
      k++;
    assert_int_equal(record[0].note[i].a, record[1].note[k].a);
    assert_int_equal(record[0].note[i].b, record[1].note[k].b);
    assert_true((cr_ns)record[1].note[k].t >= 0);
    k++;
  }
  load_record_fini(&record[0]);
  load_record_fini(&record[1]);
  jobs_fini(&l);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* What jobs and lanes have at most, from what the policy asked for. */
static int64_t most_held(const struct load_record *record, uint32_t n_client)
{
  int64_t job[8] = {0}, lane[8] = {0}, held = 0, most = 0;
  assert_true(n_client <= 8);
  for (uint64_t i = 0; i < record->n; i++) {
    const struct cr_note *n = &record->note[i];
    int64_t *whose = n->kind == CR_NOTE_ADMIT || n->kind == CR_NOTE_LEAVE  ? &job[n->a]
                     : n->kind == CR_NOTE_LANE || n->kind == CR_NOTE_CLOSE ? &lane[n->a]
                                                                           : NULL;
    if (!whose)
      continue;
    int64_t bytes = n->kind == CR_NOTE_ADMIT || n->kind == CR_NOTE_LANE ? (int64_t)n->t : 0;
    held += bytes - *whose;
    *whose = bytes;
    most = held > most ? held : most;
  }
  assert_int_equal(held, 0);
  return most;
}

static size_t taken_of_gpu(void *library)
{
  size_t free_bytes = 0, total_bytes = 0;
  int (*info)(size_t *, size_t *);
  *(void **)&info = dlsym(library, "cuMemGetInfo_v2");
  assert_int_equal(info(&free_bytes, &total_bytes), 0);
  return total_bytes - free_bytes;
}

static void memory_is_what_the_ledger_says(void **state)
{
  (void)state;
  const char *const policy[] = {"fifo", "srtf", "pack", "fair"};
  void *library = dlopen(t_build("tests/standin_cuda.so"), RTLD_NOW | RTLD_LOCAL);
  assert_non_null(library);
  for (int i = 0; i < 4; i++) {
    struct jobs l;
    struct load_record record = {0};
    jobs_init(&l, NULL);
    add_three(&l, 0);
    struct cr_core_cfg cfg = cfg_of(&l, policy[i], NULL);
    struct cr_result r = run(&cfg, NULL, &record);
    int64_t most = most_held(&record, 3);
    assert_true(most > 0 && most <= MEM);
    assert_int_equal((int64_t)cr_live_value(&r.live, "memory_held_max_bytes"), most);
    assert_int_equal(r.memory[0].reserved_peak_bytes, most);
    assert_true(cr_live_value(&r.live, "memory_taken_max_bytes") >= (double)most);
    assert_true(cr_live_value(&r.live, "memory_taken_max_bytes") <= MEM);
    assert_true(cr_live_value(&r.live, "memory_allocations") >= 2);
    assert_int_equal(taken_of_gpu(library), 0); /* all of it was given back */
    load_record_fini(&record);
    cr_result_fini(&r);
    jobs_fini(&l);
  }
  dlclose(library);
}

static void check_wrong(const char *fault, int64_t mem_bytes, const char *policy, int rc, const char *sentence)
{
  struct jobs l;
  struct cr_result r;
  struct cr_err err = {""};
  jobs_init(&l, fault);
  l.device.mem_bytes = mem_bytes;
  add_three(&l, 0);
  struct cr_core_cfg cfg = cfg_of(&l, policy, NULL);
  int got = cr_core_run(&cfg, &r, &err);
  if (got != rc || !strstr(err.text, sentence))
    fail_msg("%s: wanted %d and %s\ngot %d and %s", fault ? fault : policy, rc, sentence, got, err.text);
  if (rc == CR_ERUN)
    cr_result_fini(&r);
  jobs_fini(&l);
}

static void too_little_memory_is_said(void **state)
{
  (void)state;
  check_wrong("memory=500000000", 600000000, "pack", CR_EINPUT,
              "jobs may hold all of the device's memory, 600000000 B, and the GPU here, a pretended GPU, has");
  check_wrong("alloc=6", MEM, "pack", CR_ERUN,
              "job one is to have 110000 B of the GPU's memory, and there is not so much");
  check_wrong("alloc=5", MEM, "pack", CR_ERUN, "lane 0 is to have");
}

static void a_policy_with_device_queues_is_refused(void **state)
{
  (void)state;
  check_wrong(NULL, MEM, "wait", CR_EINPUT, "which backend cuda does not feed op by op");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(iterations_are_counted_exactly),
    cmocka_unit_test(clients_think_between_iterations),
    cmocka_unit_test(parked_jobs_come_back_between_iterations),
    cmocka_unit_test(turns_come_in_the_order_of_the_simulator),
    cmocka_unit_test(memory_is_what_the_ledger_says),
    cmocka_unit_test(too_little_memory_is_said),
    cmocka_unit_test(a_policy_with_device_queues_is_refused),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
