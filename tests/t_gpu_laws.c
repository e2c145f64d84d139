/* t_gpu_laws.c - the wave model against a brute-force device, and what holds of any load: limits, shares, work, time. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/gpu_int.h"
#include "tests/gpu_bench.h"

static void a_kernel_alone_takes_its_recorded_time(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint64_t n = 0; n < 300; n++) {
    bench_init(&b, &cr_device_wave, 132);
    bench_realistic(&b);
    bench_add(&b, 0, 0, bench_random_kernel(1, n));
    bench_run(&b);
    double waves = ceil(b.op[0].blocks / 132.0);
    assert_near((double)b.span[0].end_ns, (double)b.op[0].duration_ns, waves + 1); /* a rounding a wave */
  }
}

/* --- a brute-force device --- */

enum { SERVERS = 20 };

/* Equal blocks without contention are jobs on interchangeable servers: a queue that anyone can program. */
static void brute_force(const struct gpu_bench *b, struct bench_span *out)
{
  cr_ns server_free[SERVERS] = {0}, stream_free[BENCH_STREAMS] = {0}, head_ns = 0;
  int done[BENCH_OPS] = {0};
  for (uint32_t k = 0; k < b->n_op; k++) {
    uint32_t best = BENCH_OPS;
    cr_ns best_ns = CR_NS_NEVER;
    for (uint32_t s = 0; s < BENCH_STREAMS; s++) { /* the kernel that becomes pending first */
      uint32_t i = bench_next(b, s, 0);
      while (i < b->n_op && done[i])
        i = bench_next(b, s, i + 1);
      if (i >= b->n_op)
        continue;
      cr_ns at_ns = cr_max_ns(stream_free[s], b->at_ns[i]);
      if (at_ns < best_ns) {
        best = i;
        best_ns = at_ns;
      }
    }
    cr_ns block_ns = b->op[best].duration_ns / ((b->op[best].blocks + SERVERS - 1) / SERVERS);
    cr_ns end_ns = 0, first_ns = CR_NS_NEVER;
    head_ns = cr_max_ns(head_ns, best_ns);
    for (uint32_t n = 0; n < b->op[best].blocks; n++) {
      uint32_t earliest = 0;
      for (uint32_t i = 1; i < SERVERS; i++)
        if (server_free[i] < server_free[earliest])
          earliest = i;
      cr_ns start_ns = cr_max_ns(head_ns, server_free[earliest]);
      head_ns = start_ns; /* nobody behind starts before */
      server_free[earliest] = start_ns + block_ns;
      first_ns = cr_min_ns(first_ns, start_ns);
      end_ns = cr_max_ns(end_ns, server_free[earliest]);
    }
    out[best] = (struct bench_span){first_ns, end_ns};
    stream_free[b->stream[best]] = end_ns;
    done[best] = 1;
  }
}

static void equal_blocks_queue_as_on_a_brute_force_device(void **state)
{
  (void)state;
  static struct gpu_bench b;
  static struct bench_span want[BENCH_OPS];
  for (uint32_t round = 0; round < 100; round++) {
    bench_init(&b, &cr_device_wave, SERVERS / 2);
    for (uint32_t n = 0; n < 60; n++) {
      uint32_t blocks = (uint32_t)bench_draw(10 + round, 4 * n, 90) + 1, waves = (blocks + SERVERS - 1) / SERVERS;
      struct cr_op_spec op =
        bench_kernel(blocks, 1024, (cr_ns)((bench_draw(10 + round, 4 * n + 1, 9000) + 100) * waves));
      bench_add(&b, (uint32_t)bench_draw(10 + round, 4 * n + 2, 6),
                (cr_ns)(bench_draw(10 + round, 4 * n + 3, 400) * 1000 + n), op);
    }
    brute_force(&b, want);
    bench_run(&b);
    for (uint32_t i = 0; i < b.n_op; i++) {
      assert_int_equal(b.span[i].start_ns, want[i].start_ns);
      assert_int_equal(b.span[i].end_ns, want[i].end_ns);
    }
  }
}

/* --- any load --- */

/* Blocks of the cohort on each SM of a class. */
static uint32_t count(const struct cr_gpu *g, uint32_t class, uint32_t cohort)
{
  return (uint32_t)cr_gpu_column(&g->sms, cohort)[(size_t) class * PAGE];
}

static int equal(const struct cr_gpu *g, uint32_t a, uint32_t b)
{
  for (uint32_t l = 0; l < g->n_live; l++)
    if (count(g, a, g->live[l]) != count(g, b, g->live[l]))
      return 0;
  return g->sms.class[a].carveout == g->sms.class[b].carveout;
}

/* Adds up afresh what the blocks of live[l] see. */
static void sees_what_is_there(const struct cr_gpu *g, uint32_t l)
{
  const struct cohort *c = &g->cohort[g->live[l]];
  double older = 0, younger = 0;
  uint32_t n_block = 0;
  for (uint32_t i = 0; i < g->sms.n_class; i++) {
    uint32_t n = count(g, i, g->live[l]) * g->sms.class[i].n_sm;
    n_block += n;
    for (uint32_t m = 0; m < g->n_live; m++)
      *(m <= l ? &older : &younger) += (double)n * count(g, i, g->live[m]) * g->cohort[g->live[m]].load;
  }
  assert_int_equal(c->n, n_block);
  assert_true(c->older == older && c->younger == younger);
}

/* Adds up afresh what lies on each SM, and compares with what the model keeps. */
static void within_limits(const void *self)
{
  const struct cr_gpu *g = self;
  uint32_t n_sm = 0, n_busy = 0, n_warp = 0;
  uint32_t all_regs = 256 * cr_gpu_reg_parts(g->device);
  uint64_t limit = cr_gpu_pack(64, 32, all_regs, 0);
  for (uint32_t i = 0; i < g->sms.n_class; i++) {
    const struct sm_class *c = &g->sms.class[i];
    uint32_t blocks = 0, warps = 0, regs = 0, smem = 0;
    for (uint32_t l = 0; l < g->n_live; l++) {
      const struct shape *k = g->cohort[g->live[l]].shape;
      uint32_t n = count(g, i, g->live[l]);
      blocks += n;
      warps += n * k->warps;
      regs += n * k->reg_units;
      smem += n * k->smem;
    }
    assert_true(c->n_sm > 0 && warps <= 64 && blocks <= 32 && regs <= all_regs && smem <= c->carveout);
    assert_true(c->free == limit + cr_gpu_pack(0, 0, 0, c->carveout) - cr_gpu_pack(warps, blocks, regs, smem));
    n_sm += c->n_sm;
    n_busy += blocks ? c->n_sm : 0;
    n_warp += warps * c->n_sm;
    for (uint32_t j = 0; j < i; j++)
      assert_false(equal(g, i, j));
  }
  for (uint32_t l = 0; l < g->n_live; l++)
    sees_what_is_there(g, l);
  assert_int_equal(n_sm, g->device->sms);
  assert_int_equal(n_busy, g->sms.n_busy);
  assert_int_equal(n_warp, g->sms.n_warp);
}

static void no_sm_is_ever_above_a_limit(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 12; round++) {
    bench_random_streams(&b, &cr_device_wave, round, 10, 300);
    b.check = within_limits;
    bench_run(&b);
  }
}

static int in_share(const struct cr_gpu *g, uint32_t class, const struct share *share)
{
  for (uint32_t l = 0; l < g->n_live; l++)
    if (count(g, class, g->live[l]) && g->kernel[g->cohort[g->live[l]].kernel].share == share)
      return 1;
  return 0;
}

/* Whether an SM of the class has room for a block of a kernel that waited for it. */
static int has_room(const struct cr_gpu *g, const struct sm_class *c, const struct shape *k)
{
  int keeps = !cr_gpu_is_empty(&g->sms, c) || k->carveout < c->carveout;
  uint32_t carveout = keeps ? c->carveout : k->carveout;
  uint32_t smem = carveout - c->carveout + cr_gpu_smem(c->free);
  return carveout >= k->carveout && cr_gpu_warps(c->free) >= k->warps && cr_gpu_blocks(c->free) > 0 &&
         cr_gpu_reg_units(c->free) >= k->reg_units && smem >= k->smem;
}

/* No share is exceeded, and no kernel before the first that is stopped waits while an SM that it may use has room. */
static void within_shares(const void *self)
{
  const struct cr_gpu *g = self;
  within_limits(g);
  for (uint32_t i = 0; i < g->n_pending; i++) {
    const struct kernel *k = &g->kernel[g->pending[i]];
    const struct shape *shape = &g->shape[k->op];
    int full = 0;
    uint32_t held = 0;
    for (uint32_t c = 0; k->share && c < g->sms.n_class; c++)
      held += in_share(g, c, k->share) ? g->sms.class[c].n_sm : 0;
    if (k->share && k->share->sms) {
      assert_true(held <= k->share->sms);
      full = held == k->share->sms;
    }
    for (uint32_t c = 0; c < g->sms.n_class; c++)
      if (!full || in_share(g, c, k->share))
        assert_false(has_room(g, &g->sms.class[c], shape));
    if (!full)
      break;
  }
}

static void shares_are_kept_and_no_room_is_left_unused(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 12; round++) {
    bench_random_streams(&b, &cr_device_wave, 300 + round, 10, 300);
    for (uint32_t s = 0; s < BENCH_STREAMS; s++)
      b.group[s] = s % 4;
    for (uint32_t i = 1; i < 4; i++) /* group 0 has all */
      b.group_sms[i] = (uint32_t)bench_draw(300 + round, 2000 + i, 132);
    b.check = within_shares;
    bench_run(&b);
  }
}

/* Without contention a block takes its time wherever it runs: what the SMs did is what the kernels brought. */
static void work_is_conserved(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 20; round++) {
    bench_random_streams(&b, &cr_device_wave, 400 + round, 8, 300);
    memset(b.model.constant, 0, sizeof b.model.constant);
    b.group_sms[0] = round % 2 ? 40 : 0;
    double warp_ns = 0, rounding = 0;
    for (uint32_t i = 0; i < b.n_op; i++) {
      const char *why;
      struct cr_op_spec *op = &b.op[i];
      op->duration_ns *= 1000; /* so that rounding to ns is little */
      uint32_t fit = cr_device_occupancy(&b.device, op->threads, op->regs, op->smem_bytes, &why) * 132;
      double warps = (op->threads + 31) / 32, waves = (op->blocks + fit - 1) / fit;
      warp_ns += op->blocks * warps * (double)op->duration_ns / waves;
      rounding += op->blocks * warps;
    }
    bench_run(&b);
    assert_near(b.use.warp_ns, warp_ns, rounding);
    assert_true(b.use.n_kernel == b.n_op);
  }
}

/* Nothing is ever owed, due in the past, or faster than alone by more than a lighter load explains. */
static void progress_is_sound(const void *self)
{
  const struct cr_gpu *g = self;
  for (uint32_t i = 0; i < g->n_live; i++) {
    const struct cohort *c = &g->cohort[g->live[i]];
    assert_true(c->n > 0 && c->flat_ns >= 0 && c->work_ns >= 0);
    assert_true(c->since_ns <= g->now_ns && c->placed_ns <= c->since_ns && c->end_ns >= g->now_ns);
    assert_true(c->slow >= c->shape->slow_at_0 * cr_gpu_throttle(c->shape, 1) * (1 - 1e-12));
  }
}

static void time_never_runs_backwards(void **state)
{
  (void)state;
  static struct gpu_bench b;
  for (uint32_t round = 0; round < 20; round++) {
    bench_random_streams(&b, &cr_device_wave, 600 + round, 12, 300);
    b.check = progress_is_sound; /* bench_run() asserts that no instant lies before the last */
    bench_run(&b);
  }
}

static double mean_period_ns(const struct gpu_bench *b, uint32_t stream)
{
  cr_ns last_ns = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->n_op; i++)
    if (b->stream[i] == stream) {
      last_ns = b->span[i].end_ns;
      n++;
    }
  return (double)last_ns / n;
}

/* Back to back kernels of n_stream streams; those of stream s are the same whatever n_stream is. */
static void crowd(struct gpu_bench *b, uint32_t round, uint32_t n_stream, int traffic)
{
  bench_init(b, &cr_device_wave, 132);
  bench_realistic(b);
  for (uint32_t s = 0; s < n_stream; s++)
    for (uint32_t i = 0; i < BENCH_OPS / 5; i++) {
      struct cr_op_spec op = bench_random_kernel(700 + 10 * round + s, i % 16);
      if (round % 2) /* small kernels find idle SMs */
        op.blocks = op.blocks % 40 + 1;
      if (!traffic)
        op.dram_bytes = CR_UNKNOWN;
      bench_add(b, s, 0, op);
    }
  bench_run(b);
}

/* The least that a stream's period grew by when one more came, to so many streams; and the mean. */
static double least_growth(uint32_t n_round, uint32_t most_streams, int traffic, double *mean)
{
  static struct gpu_bench b;
  double least = 10, sum = 0, n = 0;
  for (uint32_t round = 0; round < n_round; round++) {
    double before[BENCH_STREAMS] = {0};
    for (uint32_t n_stream = 1; n_stream <= most_streams; n_stream++) {
      crowd(&b, round, n_stream, traffic);
      for (uint32_t s = 0; s < n_stream; s++) {
        double now = mean_period_ns(&b, s);
        if (before[s] > 0) {
          least = fmin(least, now / before[s]);
          sum += now / before[s];
          n++;
        }
        before[s] = now;
      }
    }
  }
  *mean = sum / n;
  return least;
}

/* Beside one more, every stream is slower.  A hundredth is left to chance: the new one delays the others too, so that their
 * kernels meet otherwise (Graham, 1969: an anomaly of any list schedule).  Where DRAM is scarce, a fourth and a fifth that
 * delay those who draw most leave the others up to 2.3 % more of it, as was seen; two and three are slower always. */
static void adding_a_client_speeds_nobody_up(void **state)
{
  (void)state;
  double mean;
  assert_true(least_growth(15, 5, 0, &mean) > 0.99); /* 1.004 was seen */
  assert_true(mean > 1.1);
  assert_true(least_growth(15, 3, 1, &mean) > 1);
  assert_true(least_growth(8, 5, 1, &mean) > 0.97);
}

static void joining_blocks_changes_little(void **state)
{
  (void)state;
  static struct gpu_bench b, exact;
  double sum = 0, sum_exact = 0;
  for (uint32_t round = 0; round < 10; round++) {
    bench_random_streams(&b, &cr_device_wave, 200 + round, 6, 300);
    bench_random_streams(&exact, &cr_device_wave, 200 + round, 6, 300);
    exact.model.constant[CR_GPU_JOIN] = 0;
    bench_run(&b);
    bench_run(&exact);
    for (uint32_t i = 0; i < b.n_op; i++) {
      sum += (double)(b.span[i].end_ns - b.span[i].start_ns);
      sum_exact += (double)(exact.span[i].end_ns - exact.span[i].start_ns);
    }
  }
  assert_near(sum / sum_exact, 1, 0.04);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_kernel_alone_takes_its_recorded_time),
    cmocka_unit_test(equal_blocks_queue_as_on_a_brute_force_device),
    cmocka_unit_test(no_sm_is_ever_above_a_limit),
    cmocka_unit_test(shares_are_kept_and_no_room_is_left_unused),
    cmocka_unit_test(work_is_conserved),
    cmocka_unit_test(time_never_runs_backwards),
    cmocka_unit_test(adding_a_client_speeds_nobody_up),
    cmocka_unit_test(joining_blocks_changes_little),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
