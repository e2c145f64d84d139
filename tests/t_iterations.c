/* t_iterations.c - shared iterations against arithmetic, and against an oracle that moves every run by hand. */
#include "config.h"

#include "sim/iterations.h"
#include "tests/t.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "sim/mem.h"
#include "sim/rng.h"

enum { STREAMS = 8, ALL = 1000000 };

/* What happens to a stream: at at_ns a run is added or, when run is NULL, stopped. */
struct step {
  cr_ns at_ns;
  uint32_t stream;
  const struct cr_iteration_run *run;
};

/* What became of a stream's only run. */
struct fate {
  cr_ns end_ns, start_ns, thought_ns;
  uint32_t n_done;
};

struct device {
  struct cr_arena *arena;
  struct cr_iterations *it;
  struct fate fate[STREAMS];
  cr_ns now_ns;
  uint32_t n_look; /* calls of advance */
};

static void open_device(struct device *d)
{
  *d = (struct device){.arena = cr_arena_new()};
  assert_non_null(d->arena);
  assert_int_equal(cr_iterations_new(STREAMS, d->arena, &d->it), CR_OK);
  for (uint32_t i = 0; i < STREAMS; i++)
    d->fate[i].end_ns = CR_NS_NEVER;
}

static void close_device(struct device *d)
{
  cr_arena_free(d->arena);
}

/* Moves time to to_ns (CR_NS_NEVER: to the last end), from event to event, and in pieces of piece_ns at most. */
static void go(struct device *d, cr_ns to_ns, cr_ns piece_ns)
{
  for (;;) {
    struct cr_iterations_end end[STREAMS];
    cr_ns next_ns = cr_iterations_next_ns(d->it),
          at_ns = cr_min_ns(cr_min_ns(next_ns, to_ns), cr_ns_add(d->now_ns, piece_ns));
    assert_true(next_ns >= d->now_ns); /* time never runs backwards */
    if (to_ns == CR_NS_NEVER && next_ns == CR_NS_NEVER)
      return;
    uint32_t n = cr_iterations_advance(d->it, at_ns, end, STREAMS);
    d->n_look++;
    d->now_ns = at_ns;
    for (uint32_t i = 0; i < n; i++) {
      assert_true(i == 0 || end[i].stream > end[i - 1].stream);
      struct fate *f = &d->fate[end[i].stream];
      assert_true(f->end_ns == CR_NS_NEVER);
      *f = (struct fate){at_ns, end[i].start_ns, end[i].thought_ns, end[i].n_done};
    }
    if (at_ns == to_ns && cr_iterations_next_ns(d->it) > to_ns)
      return;
  }
}

/* Ends at the same instant come before what is asked for at it. */
static void play_in_pieces(struct device *d, const struct step *step, uint32_t n, cr_ns piece_ns)
{
  for (uint32_t i = 0; i < n; i++) {
    go(d, step[i].at_ns, piece_ns);
    if (step[i].run)
      cr_iterations_add(d->it, step[i].stream, step[i].run, d->now_ns);
    else if (d->fate[step[i].stream].end_ns == CR_NS_NEVER)
      cr_iterations_stop(d->it, step[i].stream, d->now_ns);
  }
  go(d, CR_NS_NEVER, piece_ns);
}

static void play(struct device *d, const struct step *step, uint32_t n)
{
  play_in_pieces(d, step, n, CR_NS_NEVER);
}

static uint64_t draw(uint64_t seed, uint64_t *n, uint64_t end)
{
  return cr_draw(seed, CR_RNG_TEST, 0, (*n)++) % end;
}

static cr_ns lone_ns(const struct cr_iteration_run *r, uint32_t n)
{
  return n ? (cr_ns)n * r->each_ns + (cr_ns)(n - 1) * r->think_ns : 0;
}

static struct cr_iteration_run some_run(uint64_t seed, uint64_t *n)
{
  struct cr_iteration_run r = {.each_ns = 1 + (cr_ns)draw(seed, n, 100000), .n = 1 + (uint32_t)draw(seed, n, 20)};
  uint64_t what = draw(seed, n, 4);
  r.think_ns = what == 0 ? (cr_ns)draw(seed, n, 100000) : 0;
  r.sm_ppm = what == 1 ? 0 : 1 + (uint32_t)draw(seed, n, ALL);
  r.dram_ppm = draw(seed, n, 2) ? (uint32_t)draw(seed, n, ALL + 1) : 0;
  return r;
}

/* ------------------------------------------------------------------------------------------------------------ alone */

static void a_run_alone_ends_to_the_ns(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 2000; seed++) {
    uint64_t n = 0;
    struct cr_iteration_run r = some_run(seed, &n);
    r.n = seed % 3 ? r.n : UINT32_MAX;
    cr_ns at_ns = (cr_ns)draw(seed, &n, 1000);
    r.not_before_ns = (cr_ns)draw(seed, &n, 2000);
    cr_ns start_ns = cr_max_ns(at_ns, r.not_before_ns);
    struct device d;
    open_device(&d);
    play(&d, &(struct step){at_ns, 3, &r}, 1);
    assert_int_equal(d.fate[3].n_done, r.n);
    assert_true(d.fate[3].start_ns == start_ns);
    assert_true(d.fate[3].end_ns == start_ns + lone_ns(&r, r.n));
    close_device(&d);
  }
}

static void a_run_alone_ends_to_the_ns_after_others_have_shared_the_device(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    uint64_t n = 0;
    struct cr_iteration_run run[4];
    struct device d;
    open_device(&d);
    for (uint32_t i = 0; i < 4; i++)
      run[i] = some_run(seed, &n);
    struct step crowd[] = {{0, 0, &run[0]}, {7, 1, &run[1]}, {13, 2, &run[2]}};
    play(&d, crowd, 3);
    run[3].not_before_ns = 0;
    cr_ns from_ns = d.now_ns;
    play(&d, &(struct step){from_ns, 3, &run[3]}, 1);
    assert_true(d.fate[3].end_ns == from_ns + lone_ns(&run[3], run[3].n));
    close_device(&d);
  }
}

static void the_cost_of_a_run_does_not_depend_on_its_iterations(void **state)
{
  (void)state;
  static const uint32_t count[] = {1, 1000, UINT32_MAX};
  for (uint32_t i = 0; i < 3; i++) {
    struct cr_iteration_run a = {.each_ns = 1000, .think_ns = 10, .n = count[i], .sm_ppm = ALL}, b = a;
    struct step step[] = {{0, 0, &a}, {500, 1, &b}};
    struct device d;
    open_device(&d);
    play(&d, step, 2);
    assert_int_equal(d.fate[0].n_done, count[i]);
    assert_int_equal(d.n_look, 4); /* to each step, and to each end */
    close_device(&d);
  }
}

/* ---------------------------------------------------------------------------------------------------------- sharing */

static void k_equal_runs_that_need_all_of_a_device_take_k_times_as_long(void **state)
{
  (void)state;
  for (uint32_t k = 1; k <= STREAMS; k++)
    for (uint32_t dram = 0; dram < 2; dram++) {
      struct cr_iteration_run r = {.each_ns = 12345, .n = 100, .sm_ppm = dram ? 0 : ALL, .dram_ppm = dram ? ALL : 0};
      struct step step[STREAMS];
      struct device d;
      open_device(&d);
      for (uint32_t i = 0; i < k; i++)
        step[i] = (struct step){0, i, &r};
      play(&d, step, k);
      for (uint32_t i = 0; i < k; i++)
        assert_true(d.fate[i].end_ns == (cr_ns)k * 1234500);
      assert_near(cr_iterations_busy_ns(d.it), k * 1234500.0, 1e-3);
      assert_near(cr_iterations_sm_ns(d.it), dram ? 0 : k * 1234500.0, 1e-3);
      close_device(&d);
    }
}

static void runs_whose_demands_fit_do_not_slow_each_other(void **state)
{
  (void)state;
  struct cr_iteration_run a = {.each_ns = 1000, .n = 7, .sm_ppm = 600000, .dram_ppm = 500000};
  struct cr_iteration_run b = {.each_ns = 333, .n = 30, .sm_ppm = 400000, .dram_ppm = 500000};
  struct step step[] = {{0, 0, &a}, {100, 1, &b}};
  struct device d;
  open_device(&d);
  play(&d, step, 2);
  assert_true(d.fate[0].end_ns == 7000);
  assert_true(d.fate[1].end_ns == 100 + 9990);
  close_device(&d);
}

static void only_those_that_need_what_is_short_go_slower(void **state)
{
  (void)state;
  struct cr_iteration_run sm = {.each_ns = 1000, .n = 10, .sm_ppm = 200000};
  struct cr_iteration_run dram = {.each_ns = 1000, .n = 10, .dram_ppm = 900000};
  struct cr_iteration_run both = {.each_ns = 1000, .n = 10, .sm_ppm = 200000, .dram_ppm = 600000};
  struct cr_iteration_run neither = {.each_ns = 1000, .n = 10};
  struct step step[] = {{0, 0, &sm}, {0, 1, &dram}, {0, 2, &both}, {0, 3, &neither}};
  struct device d;
  open_device(&d);
  play(&d, step, 4);
  assert_true(d.fate[0].end_ns == 10000);
  assert_true(d.fate[3].end_ns == 10000);
  assert_true(d.fate[1].end_ns == 15000); /* 0.9 + 0.6 of the bandwidth */
  assert_true(d.fate[2].end_ns == 15000);
  close_device(&d);
}

static void while_one_thinks_others_run(void **state)
{
  (void)state;
  struct cr_iteration_run r = {.each_ns = 1000, .think_ns = 1000, .n = 1000, .sm_ppm = ALL};
  struct step step[] = {{0, 0, &r}, {0, 1, &r}, {0, 2, &r}};
  struct device d;
  open_device(&d);
  play(&d, step, 1);
  assert_true(d.fate[0].end_ns == 1999000);
  assert_near(cr_iterations_sm_ns(d.it), 1000000, 1);
  close_device(&d);
  open_device(&d);
  play(&d, step, 2); /* half of the time each: a shade more, as nobody thinks after the last */
  assert_in_range(d.fate[0].end_ns, 1999000, 2000001);
  close_device(&d);
  open_device(&d);
  play(&d, step, 3);
  assert_in_range(d.fate[2].end_ns, 3000000, 3000001); /* three times 1000 x 1000, and the device never idle */
  close_device(&d);
}

/* ----------------------------------------------------------------------------------------------------------- oracle */

struct mover {
  const struct cr_iteration_run *run; /* NULL: none */
  long double done, goal;             /* ns alone */
  long double thinks_from;            /* when its last whole iteration ended */
  int began;
};

static long double mean_share(const struct cr_iteration_run *r, uint32_t ppm)
{
  return (long double)ppm / ALL * r->n * r->each_ns / lone_ns(r, r->n);
}

/* How fast a run goes among the others. */
static long double speed(const struct mover *m, uint32_t i)
{
  long double sm = 0, dram = 0, slow = 1;
  for (uint32_t k = 0; k < STREAMS; k++)
    if (m[k].run && m[k].began) {
      sm += mean_share(m[k].run, m[k].run->sm_ppm);
      dram += mean_share(m[k].run, m[k].run->dram_ppm);
    }
  if (m[i].run->sm_ppm && sm > slow)
    slow = sm;
  if (m[i].run->dram_ppm && dram > slow)
    slow = dram;
  return 1 / slow;
}

static void oracle_move(struct mover *m, long double now, long double by, long double fast)
{
  cr_ns cycle_ns = m->run->each_ns + m->run->think_ns;
  long double last = floorl((m->done + by - m->run->each_ns) / cycle_ns) * cycle_ns + m->run->each_ns;
  m->done += by;
  if (last > m->done - by)
    m->thinks_from = now - (m->done - last) / fast;
}

/* Moves all runs to to_ns; ends at the times found, not rounded. */
static void oracle_go(struct mover *m, long double *now, long double to, struct fate *fate)
{
  while (*now < to) {
    long double dt = to - *now;
    for (uint32_t i = 0; i < STREAMS; i++)
      if (m[i].run && !m[i].began)
        dt = fminl(dt, m[i].run->not_before_ns - *now);
      else if (m[i].run)
        dt = fminl(dt, (m[i].goal - m[i].done) / speed(m, i));
    if (isinf(to) && isinf(dt))
      return;
    long double fast[STREAMS] = {0};
    for (uint32_t i = 0; i < STREAMS; i++)
      fast[i] = m[i].run && m[i].began ? speed(m, i) : 0;
    *now += dt;
    for (uint32_t i = 0; i < STREAMS; i++) {
      if (fast[i] > 0)
        oracle_move(&m[i], *now, dt * fast[i], fast[i]);
      if (m[i].run && !m[i].began && m[i].run->not_before_ns <= *now) {
        m[i].began = 1;
      } else if (m[i].run && m[i].began && m[i].goal - m[i].done < 1e-6L) {
        fate[i].end_ns = (cr_ns)ceill(*now - 1e-6L);
        fate[i].n_done = (uint32_t)((m[i].goal + m[i].run->think_ns + 0.5L) / (m[i].run->each_ns + m[i].run->think_ns));
        m[i].run = NULL;
      }
    }
  }
}

static void oracle_stop(struct mover *m, long double now, struct fate *fate)
{
  if (!m->run)
    return;
  cr_ns cycle_ns = m->run->each_ns + m->run->think_ns;
  long double n = floorl(m->done / cycle_ns), into = m->done - n * cycle_ns;
  if (!m->began || m->done <= 0) {
    *fate = (struct fate){(cr_ns)now, CR_NS_NEVER, 0, 0};
    m->run = NULL;
  } else if (into < m->run->each_ns) {
    m->goal = n * cycle_ns + m->run->each_ns;
  } else {
    *fate = (struct fate){(cr_ns)now, 0, (cr_ns)(now - m->thinks_from), (uint32_t)n + 1};
    m->run = NULL;
  }
}

static void oracle_play(const struct step *step, uint32_t n, struct fate *fate)
{
  struct mover m[STREAMS] = {{0}};
  long double now = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct mover *one = &m[step[i].stream];
    oracle_go(m, &now, step[i].at_ns, fate);
    if (step[i].run)
      *one = (struct mover){step[i].run, 0, lone_ns(step[i].run, step[i].run->n), 0, step[i].run->not_before_ns <= now};
    else
      oracle_stop(one, now, &fate[step[i].stream]);
  }
  oracle_go(m, &now, INFINITY, fate);
}

static int by_time(const void *a, const void *b)
{
  const struct step *x = a, *y = b;
  if (x->at_ns != y->at_ns)
    return x->at_ns < y->at_ns ? -1 : 1;
  return x->stream != y->stream ? (x->stream < y->stream ? -1 : 1) : !x->run - !y->run;
}

/* A run a stream, some of them stopped later; in order of time. */
static uint32_t some_steps(uint64_t seed, struct step *step, struct cr_iteration_run *run)
{
  uint64_t n = 0;
  uint32_t n_step = 0;
  for (uint32_t i = 0; i < STREAMS; i++) {
    run[i] = some_run(seed, &n);
    cr_ns at_ns = (cr_ns)draw(seed, &n, 1000000);
    run[i].not_before_ns = at_ns + (draw(seed, &n, 2) ? (cr_ns)draw(seed, &n, 100000) : 0);
    step[n_step++] = (struct step){at_ns, i, &run[i]};
    if (draw(seed, &n, 2))
      step[n_step++] = (struct step){at_ns + (cr_ns)draw(seed, &n, 2000000), i, NULL};
  }
  qsort(step, n_step, sizeof *step, by_time);
  return n_step;
}

static void ends_are_those_of_the_oracle(void **state)
{
  (void)state;
  uint32_t n_stopped = 0, n_unstarted = 0, n_thought = 0, n_exact = 0;
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    struct step step[2 * STREAMS];
    struct cr_iteration_run run[STREAMS];
    struct fate want[STREAMS] = {{0}};
    uint32_t n = some_steps(seed, step, run);
    struct device d;
    open_device(&d);
    play(&d, step, n);
    oracle_play(step, n, want);
    for (uint32_t i = 0; i < STREAMS; i++) {
      const struct fate *got = &d.fate[i];
      if (got->n_done != want[i].n_done || llabs(got->end_ns - want[i].end_ns) > STREAMS)
        print_error("seed %" PRIu64 ", stream %u: %u at %" PRId64 ", not %u at %" PRId64 "\n", seed, i, got->n_done,
                    got->end_ns, want[i].n_done, want[i].end_ns);
      assert_int_equal(got->n_done, want[i].n_done);
      assert_true(llabs(got->end_ns - want[i].end_ns) <= STREAMS); /* each end is a whole ns, up to one too late */
      assert_in_range(got->thought_ns, 0, want[i].thought_ns + STREAMS);
      n_thought += got->thought_ns > 0;
      n_exact += got->thought_ns > 0 && got->thought_ns >= want[i].thought_ns - STREAMS;
      assert_true(got->n_done ? got->start_ns == run[i].not_before_ns : got->start_ns == CR_NS_NEVER);
      n_stopped += got->n_done < run[i].n;
      n_unstarted += !got->n_done;
    }
    close_device(&d);
  }
  assert_true(n_stopped > 1000 && n_unstarted > 50);
  assert_true(n_thought > 100 && n_exact > n_thought / 2); /* less only where the rates changed while it thought */
}

/* ------------------------------------------------------------------------------------------------------- properties */

static void work_is_conserved(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    struct step step[2 * STREAMS];
    struct cr_iteration_run run[STREAMS];
    uint32_t n = some_steps(seed, step, run);
    struct device d;
    open_device(&d);
    play(&d, step, n);
    double work = 0, slack = 0;
    for (uint32_t i = 0; i < STREAMS; i++) {
      double share = run[i].sm_ppm / 1e6;
      work += share * d.fate[i].n_done * (double)run[i].each_ns;
      slack +=
        d.fate[i].n_done < run[i].n ? share * (double)run[i].think_ns : 0; /* it thinks on average, and was stopped */
    }
    assert_near(cr_iterations_sm_ns(d.it), work, 1e-6 * work + slack + STREAMS);
    assert_true(cr_iterations_sm_ns(d.it) <= cr_iterations_busy_ns(d.it) * (1 + 1e-12));
    assert_true(cr_iterations_busy_ns(d.it) <= (double)d.now_ns);
    close_device(&d);
  }
}

static void adding_a_run_never_speeds_another(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    struct step step[2 * STREAMS], fewer[2 * STREAMS];
    struct cr_iteration_run run[STREAMS];
    uint32_t n = some_steps(seed, step, run), n_all = 0, n_fewer = 0, left_out = (uint32_t)(seed % STREAMS);
    for (uint32_t i = 0; i < n; i++)
      if (step[i].run)
        step[n_all++] = step[i]; /* none is stopped */
    for (uint32_t i = 0; i < n_all; i++)
      if (step[i].stream != left_out)
        fewer[n_fewer++] = step[i];
    struct device with, without;
    open_device(&with);
    open_device(&without);
    play(&with, step, n_all);
    play(&without, fewer, n_fewer);
    for (uint32_t i = 0; i < STREAMS; i++)
      if (i != left_out)
        assert_true(with.fate[i].end_ns >= without.fate[i].end_ns - 1); /* 1: the end is a whole ns */
    close_device(&with);
    close_device(&without);
  }
}

/* Stream 0 is under way when the others come, all at one instant, in the order of `first` on or backwards. */
static void add_in_order(struct device *d, const struct cr_iteration_run *run, uint32_t first, int backwards)
{
  open_device(d);
  cr_iterations_add(d->it, 0, &run[0], 0);
  go(d, 5000, CR_NS_NEVER);
  for (uint32_t i = 0; i < STREAMS - 1; i++) {
    uint32_t stream = 1 + (backwards ? STREAMS - 2 - i : (first + i) % (STREAMS - 1));
    cr_iterations_add(d->it, stream, &run[stream], 5000);
  }
  go(d, CR_NS_NEVER, CR_NS_NEVER);
}

static void the_order_of_adding_does_not_matter(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 500; seed++) {
    struct device one, other;
    struct cr_iteration_run run[STREAMS] = {{.each_ns = 777, .n = 10000, .sm_ppm = 900001}};
    uint64_t n = 0;
    for (uint32_t i = 1; i < STREAMS; i++)
      run[i] = some_run(seed, &n);
    add_in_order(&one, run, 0, 0);
    add_in_order(&other, run, (uint32_t)draw(seed, &n, STREAMS), (int)(seed % 2));
    for (uint32_t i = 0; i < STREAMS; i++)
      assert_true(one.fate[i].end_ns == other.fate[i].end_ns && one.fate[i].end_ns != CR_NS_NEVER);
    assert_true(cr_iterations_sm_ns(one.it) == cr_iterations_sm_ns(other.it));
    close_device(&one);
    close_device(&other);
  }
}

static void looking_often_changes_nothing(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    struct step step[2 * STREAMS];
    struct cr_iteration_run run[STREAMS];
    uint32_t n = some_steps(seed, step, run);
    struct device seldom, often;
    open_device(&seldom);
    open_device(&often);
    play(&seldom, step, n);
    play_in_pieces(&often, step, n, 1009);
    assert_true(often.n_look > 10 * seldom.n_look);
    assert_memory_equal(seldom.fate, often.fate, sizeof seldom.fate);
    close_device(&seldom);
    close_device(&often);
  }
}

static void a_stop_lands_on_the_end_of_the_iteration_under_way(void **state)
{
  (void)state;
  for (cr_ns stop_ns = 0; stop_ns <= 500; stop_ns++) {
    struct cr_iteration_run r = {.each_ns = 70, .think_ns = 30, .n = 5, .sm_ppm = ALL};
    struct step step[] = {{0, 2, &r}, {stop_ns, 2, NULL}};
    struct device d;
    open_device(&d);
    play(&d, step, 2);
    cr_ns n = stop_ns / 100, into_ns = stop_ns % 100,
          end_ns = into_ns == 0 ? stop_ns : cr_max_ns(stop_ns, n * 100 + 70);
    assert_true(d.fate[2].end_ns == cr_min_ns(end_ns, 470));
    assert_int_equal(d.fate[2].n_done, cr_min_ns(n + (into_ns > 0), 5));
    assert_true(d.fate[2].start_ns == (stop_ns == 0 ? CR_NS_NEVER : 0));
    cr_ns thought_ns = into_ns > 70 ? into_ns - 70 : into_ns == 0 && n > 0 ? 30 : 0;
    assert_true(d.fate[2].thought_ns == (stop_ns < 470 ? thought_ns : 0));
    close_device(&d);
  }
}

static void a_stop_at_the_very_end_of_an_iteration_takes_no_other_one(void **state)
{
  (void)state;
  for (uint32_t k = 2; k <= STREAMS - 1; k++)
    for (uint32_t n = 1; n <= 10; n++) {
      struct cr_iteration_run r = {.each_ns = 1001, .n = 10, .sm_ppm = 700000}, one = r;
      one.n = n;
      struct device d;
      open_device(&d);
      for (uint32_t i = 0; i < k; i++)
        cr_iterations_add(d.it, i, i ? &r : &one, 0);
      cr_ns end_ns = cr_iterations_next_ns(d.it); /* of the n-th iteration of each */
      go(&d, end_ns, CR_NS_NEVER);
      for (uint32_t i = 1; i < k && n < 10; i++)
        cr_iterations_stop(d.it, i, end_ns);
      go(&d, end_ns, CR_NS_NEVER);
      for (uint32_t i = 0; i < k; i++) {
        assert_true(d.fate[i].end_ns == end_ns);
        assert_int_equal(d.fate[i].n_done, n);
      }
      close_device(&d);
    }
}

static void stopping_twice_is_stopping_once(void **state)
{
  (void)state;
  struct cr_iteration_run r = {.each_ns = 100, .n = 50, .sm_ppm = ALL};
  struct step step[] = {{0, 0, &r}, {250, 0, NULL}, {270, 0, NULL}};
  struct device d;
  open_device(&d);
  play(&d, step, 3);
  assert_true(d.fate[0].end_ns == 300);
  assert_int_equal(d.fate[0].n_done, 3);
  close_device(&d);
}

static void ends_beyond_the_callers_room_come_with_the_next_call(void **state)
{
  (void)state;
  struct cr_iteration_run r = {.each_ns = 100, .n = 2, .sm_ppm = 1};
  struct cr_iterations_end end[2];
  struct device d;
  open_device(&d);
  for (uint32_t i = STREAMS; i-- > 0;)
    cr_iterations_add(d.it, i, &r, 0);
  for (uint32_t i = 0; i < STREAMS; i += 2) {
    assert_true(cr_iterations_next_ns(d.it) == 200);
    assert_int_equal(cr_iterations_advance(d.it, 200, end, 2), 2);
    assert_int_equal(end[0].stream, i);
    assert_int_equal(end[1].stream, i + 1);
  }
  assert_true(cr_iterations_next_ns(d.it) == CR_NS_NEVER);
  close_device(&d);
}

static void work_beyond_all_time_never_ends_and_can_be_stopped(void **state)
{
  (void)state;
  struct cr_iteration_run r = {.each_ns = INT64_MAX / 2, .think_ns = INT64_MAX / 2, .n = UINT32_MAX, .sm_ppm = ALL};
  struct cr_iterations_end end;
  struct device d;
  open_device(&d);
  cr_iterations_add(d.it, 0, &r, 5);
  cr_iterations_add(d.it, 1, &r, 5);
  assert_true(cr_iterations_next_ns(d.it) == CR_NS_NEVER);
  assert_int_equal(cr_iterations_advance(d.it, 1000, &end, 1), 0);
  cr_iterations_stop(d.it, 0, 1000);
  cr_iterations_stop(d.it, 1, 1000);
  assert_true(cr_iterations_next_ns(d.it) > INT64_MAX / 2);
  close_device(&d);
}

static void memory_that_cannot_be_had_is_said(void **state)
{
  (void)state;
  for (uint64_t n = 0; n < 3; n++) {
    struct cr_arena *arena = cr_arena_new();
    struct cr_iterations *it;
    t_fail_allocation_after(n);
    int rc = cr_iterations_new(n ? 1000000 : 1, arena, &it);
    t_allocations_succeed();
    assert_int_equal(rc, CR_ENOMEM);
    cr_arena_free(arena);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_run_alone_ends_to_the_ns),
    cmocka_unit_test(a_run_alone_ends_to_the_ns_after_others_have_shared_the_device),
    cmocka_unit_test(the_cost_of_a_run_does_not_depend_on_its_iterations),
    cmocka_unit_test(k_equal_runs_that_need_all_of_a_device_take_k_times_as_long),
    cmocka_unit_test(runs_whose_demands_fit_do_not_slow_each_other),
    cmocka_unit_test(only_those_that_need_what_is_short_go_slower),
    cmocka_unit_test(while_one_thinks_others_run),
    cmocka_unit_test(ends_are_those_of_the_oracle),
    cmocka_unit_test(work_is_conserved),
    cmocka_unit_test(adding_a_run_never_speeds_another),
    cmocka_unit_test(the_order_of_adding_does_not_matter),
    cmocka_unit_test(looking_often_changes_nothing),
    cmocka_unit_test(a_stop_lands_on_the_end_of_the_iteration_under_way),
    cmocka_unit_test(a_stop_at_the_very_end_of_an_iteration_takes_no_other_one),
    cmocka_unit_test(stopping_twice_is_stopping_once),
    cmocka_unit_test(ends_beyond_the_callers_room_come_with_the_next_call),
    cmocka_unit_test(work_beyond_all_time_never_ends_and_can_be_stopped),
    cmocka_unit_test(memory_that_cannot_be_had_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
