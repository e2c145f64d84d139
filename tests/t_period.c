/* t_period.c - iterations in long recordings: made ones against their recipe, and the real traces without a hint of where
 * requests are. */
#include "config.h"

#include "tests/t.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>

#include "traces/kineto.h"
#include "traces/kineto_streams.h"
#include "traces/period.h"
#include "traces/store.h"

/* -- made recordings -- */

enum { TOKEN_MAX = 200000, ITERATION_MAX = 4000, BLOCK_MAX = 4000 };

struct made {
  uint64_t token[TOKEN_MAX];
  cr_ns idle_ns[TOKEN_MAX];
  unsigned char mark[TOKEN_MAX];
  uint32_t n;
  uint32_t first[ITERATION_MAX]; /* of those that are clean and whole */
  uint32_t n_clean;
  uint64_t block[BLOCK_MAX];
  uint32_t n_block;
};

static uint64_t draw(uint64_t *state)
{
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static uint32_t between(uint64_t *state, uint32_t least, uint32_t most)
{
  return least + (uint32_t)(draw(state) % (most - least + 1));
}

static void put(struct made *m, uint64_t token, cr_ns idle_ns)
{
  assert_true(m->n < TOKEN_MAX);
  m->token[m->n] = token;
  m->idle_ns[m->n] = idle_ns;
  m->mark[m->n++] = 0;
}

static void put_random(struct made *m, uint64_t *state, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    put(m, draw(state), (cr_ns)between(state, 500, 2500));
}

/* One iteration; at odd ones a few tokens are left out, put in or other ones. */
static void put_block(struct made *m, uint64_t *state, uint32_t n_odd, cr_ns pause_ns)
{
  uint32_t begin = m->n;
  for (uint32_t i = 0; i < m->n_block; i++) {
    uint32_t what = n_odd && between(state, 1, m->n_block - i) <= n_odd ? between(state, 1, 3) : 0;
    what = what == 2 && i == 0 ? 1 : what; /* what stands before the first is between iterations */
    n_odd -= what != 0;
    cr_ns idle_ns = i ? (cr_ns)between(state, 500, 2500) : pause_ns;
    if (what == 1 || what == 2)
      put(m, draw(state), idle_ns);
    if (what == 0 || what == 2)
      put(m, m->block[i], idle_ns);
    begin = what ? CR_NONE : begin;
  }
  if (begin != CR_NONE)
    m->first[m->n_clean++] = begin;
}

static struct cr_period find(const struct made *m, int hints, struct cr_arena *arena)
{
  const struct cr_period_tokens t = {
    .token = m->token, .idle_before_ns = hints ? m->idle_ns : NULL, .mark = hints ? m->mark : NULL, .n = m->n};
  struct cr_period p;
  struct cr_err err;
  assert_int_equal(cr_period_find(&t, arena, &p, &err), CR_OK);
  return p;
}

/* What must hold whatever was found. */
static void check_sums(const struct made *m, const struct cr_period *p)
{
  assert_true(p->n_clean >= 1 && p->n_token >= 1);
  assert_int_equal((uint64_t)p->n_before + p->n_between + p->n_after + (uint64_t)p->n_clean * p->n_token, m->n);
  for (uint32_t k = 0; k < p->n_clean; k++) {
    assert_true(k == 0 || p->first[k] >= p->first[k - 1] + p->n_token);
    assert_memory_equal(m->token + p->first[k], m->token + p->first[0], p->n_token * sizeof *m->token);
  }
}

/* All that are clean are found, and what is found is one, by chance or not. */
static void expect_made(const struct made *m, const struct cr_period *p, uint64_t seed)
{
  uint32_t n = 0;
  check_sums(m, p);
  for (uint32_t k = 0; k < p->n_clean; k++)
    n += n < m->n_clean && p->first[k] == m->first[n];
  if (p->n_token != m->n_block || n != m->n_clean || memcmp(m->token + p->first[0], m->block, m->n_block * sizeof *m->block))
    fail_msg("seed %llu: %u iterations of %u tokens from %u on where there are %u of %u from %u on",
             (unsigned long long)seed, p->n_clean, p->n_token, p->first[0], m->n_clean, m->n_block, m->first[0]);
}

/* Tokens of an alphabet, the first of which comes but once: a block of which no part repeats throughout. */
static void make_block(struct made *m, uint64_t *state, uint32_t n, uint32_t n_letter)
{
  m->n_block = n;
  for (uint32_t i = 0; i < n; i++)
    m->block[i] = 1000 + between(state, 1, n_letter);
  m->block[between(state, 0, n - 1)] = 1000;
}

static void blocks_among_warm_up_and_odd_ones_are_found(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  for (uint64_t seed = 1; seed <= 600; seed++) {
    uint64_t s = seed;
    struct cr_arena *arena = cr_arena_new();
    m->n = m->n_clean = 0;
    make_block(m, &s, between(&s, 2, seed % 10 ? 120 : 2000), between(&s, 4, 60));
    uint32_t n_iteration = between(&s, 8, 60), n_warm_up = between(&s, 0, 3 * m->n_block);
    put_random(m, &s, n_warm_up);
    for (uint32_t k = 0; k < n_iteration; k++)
      put_block(m, &s, between(&s, 0, 9) == 0 ? between(&s, 1, 2) : 0, between(&s, 20000, 40000));
    put_random(m, &s, between(&s, 0, m->n_block));
    struct cr_period p = find(m, 1, arena);
    expect_made(m, &p, seed);
    cr_arena_free(arena);
  }
  free(m);
}

/* An embedding, layers, a head; the pause between iterations is no longer than any. */
static uint32_t make_layers(struct made *m, uint64_t *state)
{
  uint32_t n_layer = between(state, 2, 48), n_op = between(state, 4, 24), n = 0;
  uint64_t layer[24];
  for (uint32_t i = 0; i < n_op; i++)
    layer[i] = 100 + between(state, 0, 30);
  layer[0] = 99;
  uint32_t n_edge = 2 + n_layer * n_op / 150, n_front = between(state, 1, n_edge - 1);
  for (uint32_t i = 0; i < n_front; i++)
    m->block[n++] = 10 + i;
  for (uint32_t k = 0; k < n_layer; k++)
    for (uint32_t i = 0; i < n_op; i++)
      m->block[n++] = layer[i];
  for (uint32_t i = n_front; i < n_edge; i++)
    m->block[n++] = 50 + i;
  m->n_block = n;
  return n_layer;
}

static void layers_within_iterations_are_no_iterations(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  for (uint64_t seed = 1; seed <= 300; seed++) {
    uint64_t s = seed;
    struct cr_arena *arena = cr_arena_new();
    m->n = m->n_clean = 0;
    uint32_t n_layer = make_layers(m, &s), n_iteration = between(&s, 2, 40);
    for (uint32_t k = 0; k < n_iteration; k++)
      put_block(m, &s, n_iteration > 8 && k > 0 && k + 1 < n_iteration && between(&s, 0, 19) == 0,
                between(&s, 500, 2500));
    struct cr_period p = find(m, 1, arena);
    expect_made(m, &p, seed);
    assert_true(p.n_inner == 0 || p.n_inner >= n_layer - 1);
    cr_arena_free(arena);
  }
  free(m);
}

static void what_is_logged_every_tenth_iteration_is_left_out(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  uint64_t s = 7;
  struct cr_arena *arena = cr_arena_new();
  m->n = m->n_clean = 0;
  make_block(m, &s, 150, 40);
  for (uint32_t k = 0; k < 200; k++) {
    put_block(m, &s, 0, 3000);
    if (k % 10 == 9) {
      put(m, 5, 20000);
      put(m, 6, 20000);
    }
  }
  struct cr_period p = find(m, 1, arena);
  expect_made(m, &p, s);
  assert_int_equal(p.n_between + p.n_after, 40);
  cr_arena_free(arena);
  free(m);
}

static void without_hints_the_end_of_the_recording_decides(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  for (uint64_t seed = 1; seed <= 100; seed++) {
    uint64_t s = seed;
    struct cr_arena *arena = cr_arena_new();
    m->n = m->n_clean = 0;
    make_block(m, &s, between(&s, 2, 200), 30);
    put_random(m, &s, between(&s, 1, 300));
    for (uint32_t k = 0; k < 20; k++)
      put_block(m, &s, 0, 1000);
    struct cr_period p = find(m, 0, arena);
    expect_made(m, &p, seed);
    cr_arena_free(arena);
  }
  free(m);
}

static void where_the_host_waits_an_iteration_begins(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  for (uint64_t seed = 1; seed <= 100; seed++) {
    uint64_t s = seed;
    struct cr_arena *arena = cr_arena_new();
    m->n = m->n_clean = 0;
    make_block(m, &s, between(&s, 3, 200), 30);
    for (uint32_t k = 0; k < 20; k++) {
      uint32_t at = m->n;
      put_block(m, &s, 0, 1000);
      m->mark[at] = CR_PERIOD_WAIT;
    }
    /* Cut on both sides. */
    uint32_t cut = between(&s, 1, m->n_block - 1), cut_end = between(&s, 1, m->n_block - 1);
    m->n -= cut + cut_end == m->n_block ? cut_end % (m->n_block - 1) + 1 : cut_end; /* no whole number is left */
    m->n_clean -= 1;
    memmove(m->token, m->token + cut, (m->n - cut) * sizeof *m->token);
    memmove(m->idle_ns, m->idle_ns + cut, (m->n - cut) * sizeof *m->idle_ns);
    memmove(m->mark, m->mark + cut, m->n - cut);
    m->n -= cut;
    m->n_clean--;
    for (uint32_t k = 0; k < m->n_clean; k++)
      m->first[k] = m->first[k + 1] - cut;
    struct cr_period p = find(m, 1, arena);
    expect_made(m, &p, seed);
    assert_int_equal(p.n_differ, 2);
    cr_arena_free(arena);
  }
  free(m);
}

static void a_copy_from_the_host_and_the_wait_for_it_belong_together(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  struct cr_arena *arena = cr_arena_new();
  m->n = m->n_clean = 0;
  m->n_block = 6;
  for (uint32_t i = 0; i < 6; i++)
    m->block[i] = 10 + i;
  for (uint32_t k = 0; k < 9; k++) {
    uint32_t at = m->n;
    uint64_t s = k;
    put_block(m, &s, 0, 9000);
    m->mark[at] = CR_PERIOD_INPUT;
    m->mark[at + 1] = CR_PERIOD_WAIT; /* for the pageable copy */
    m->idle_ns[at + 1] = 8000;
    m->mark[at + 5] = CR_PERIOD_OUTPUT;
  }
  put(m, 1, 1000); /* the end says nothing */
  put(m, 10, 1000);
  put(m, 11, 1000);
  struct cr_period p = find(m, 1, arena);
  expect_made(m, &p, 0);
  cr_arena_free(arena);
  free(m);
}

static void what_repeats_nowhere_is_one_iteration(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  for (uint64_t seed = 1; seed <= 50; seed++) {
    uint64_t s = seed;
    struct cr_arena *arena = cr_arena_new();
    m->n = 0;
    put_random(m, &s, between(&s, 1, 500));
    struct cr_period p = find(m, 1, arena);
    check_sums(m, &p);
    assert_int_equal(p.trust, CR_PERIOD_NONE);
    assert_int_equal(p.n_token, m->n);
    cr_arena_free(arena);
  }
  free(m);
}

static void the_phase_with_the_most_work_is_taken(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  uint32_t *weight = malloc(TOKEN_MAX * sizeof *weight);
  struct cr_arena *arena = cr_arena_new();
  uint64_t s = 3;
  struct cr_err err;
  struct cr_period p;
  m->n = m->n_clean = 0;
  make_block(m, &s, 80, 30); /* three passes before the graph is there, then 20 replays of it */
  for (uint32_t k = 0; k < 3; k++)
    put_block(m, &s, 0, 1000);
  for (uint32_t k = 0; k < 20; k++)
    put(m, 77, 1000);
  for (uint32_t i = 0; i < m->n; i++)
    weight[i] = m->token[i] == 77 ? 80 : 1;
  const struct cr_period_tokens t = {.token = m->token, .weight = weight, .idle_before_ns = m->idle_ns, .n = m->n};
  assert_int_equal(cr_period_find(&t, arena, &p, &err), CR_OK);
  assert_int_equal(p.n_token, 1);
  assert_int_equal(p.n_clean, 20);
  assert_int_equal(p.n_before, 240);
  cr_arena_free(arena);
  free(weight);
  free(m);
}

/* Parameters of one size are copied one after the other before the first pass: more tokens alike than there are replays. */
static void many_copies_of_one_size_do_not_outweigh_replays(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  uint32_t *weight = malloc(TOKEN_MAX * sizeof *weight);
  struct cr_arena *arena = cr_arena_new();
  uint64_t s = 5;
  struct cr_err err;
  struct cr_period p;
  m->n = m->n_clean = 0;
  for (uint32_t k = 0; k < 100; k++)
    put(m, 55, 1000);
  make_block(m, &s, 80, 30);
  for (uint32_t k = 0; k < 3; k++)
    put_block(m, &s, 0, 1000);
  for (uint32_t k = 0; k < 30; k++)
    put(m, 77, 1000);
  for (uint32_t i = 0; i < m->n; i++)
    weight[i] = m->token[i] == 77 ? 80 : 1;
  const struct cr_period_tokens t = {.token = m->token, .weight = weight, .idle_before_ns = m->idle_ns, .n = m->n};
  assert_int_equal(cr_period_find(&t, arena, &p, &err), CR_OK);
  assert_int_equal(p.n_token, 1);
  assert_int_equal(p.n_clean, 30);
  assert_int_equal(p.first[0], 340);
  cr_arena_free(arena);
  free(weight);
  free(m);
}

static void trust_falls_with_what_is_not_explained(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  struct cr_arena *arena = cr_arena_new();
  uint64_t s = 5;
  m->n = m->n_clean = 0;
  make_block(m, &s, 60, 30);
  for (uint32_t k = 0; k < 30; k++)
    put_block(m, &s, 0, 30000);
  assert_int_equal(find(m, 1, arena).trust, CR_PERIOD_SURE);
  put_random(m, &s, 1200);
  struct cr_period p = find(m, 1, arena);
  assert_int_equal(p.trust, CR_PERIOD_GUESS);
  assert_int_equal(p.n_after, 1200);
  cr_arena_free(arena);
  free(m);
}

/* Any sequence over few letters: what is found must be there. */
static void whatever_comes_the_sums_are_right(void **state)
{
  (void)state;
  struct made *m = malloc(sizeof *m);
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    uint64_t s = seed;
    struct cr_arena *arena = cr_arena_new();
    uint32_t n = between(&s, 1, 60), n_letter = between(&s, 1, 4);
    m->n = 0;
    for (uint32_t i = 0; i < n; i++) {
      put(m, between(&s, 1, n_letter), (cr_ns)between(&s, 0, 9000));
      m->mark[i] = (unsigned char)between(&s, 0, 7);
    }
    struct cr_period p = find(m, (int)(seed % 2), arena);
    check_sums(m, &p);
    cr_arena_free(arena);
  }
  free(m);
}

static void two_million_tokens_take_seconds_at_most(void **state)
{
  (void)state;
  enum { N = 2000000, P = 2500 };
  uint64_t *token = malloc(N * sizeof *token), s = 11;
  for (uint32_t i = 0; i < N; i++)
    token[i] = i < P ? between(&s, 1, 200) : token[i - P];
  token[N / 2] = 0;
  const struct cr_period_tokens t = {.token = token, .n = N};
  struct cr_arena *arena = cr_arena_new();
  struct cr_period p;
  struct cr_err err;
  struct timespec a, b;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
  assert_int_equal(cr_period_find(&t, arena, &p, &err), CR_OK);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
  double spent_s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
  print_message("# %u tokens in %.2f s\n", N, spent_s);
  assert_int_equal(p.n_token, P);
  assert_int_equal(p.n_clean, N / P - 1);
  assert_true(spent_s < 20);
  cr_arena_free(arena);
  free(token);
}

/* -- the real traces -- */

static uint64_t mix(uint64_t h, uint64_t v)
{
  return (h ^ v) * UINT64_C(0x9e3779b97f4a7c15) ^ (h >> 31);
}

/* Ops one by one, as if no launch were known: graphs do not say where they begin. */
static void read_ops(const char *path, struct cr_arena *arena, struct cr_period_tokens *out)
{
  struct cr_kineto_streams streams;
  struct cr_err err;
  if (cr_kineto_streams_read(path, arena, &streams, &err))
    fail_msg("%s", err.text);
  const struct cr_kineto_stream *st = &streams.stream[0];
  for (uint32_t k = 1; k < streams.n_stream; k++)
    st = streams.stream[k].n_span > st->n_span ? &streams.stream[k] : st;
  uint64_t *token = cr_arena_take(arena, st->n_span, sizeof *token);
  cr_ns *idle = cr_arena_take(arena, st->n_span, sizeof *idle);
  assert_true(token && idle);
  for (uint32_t i = 0; i < st->n_span; i++) {
    const struct cr_kineto_span *op = &st->span[i];
    uint64_t h = mix(op->kind, op->blocks);
    for (const char *c = op->name; *c; c++)
      h = mix(h, (unsigned char)*c);
    token[i] = mix(mix(mix(mix(h, op->threads), op->regs), (uint64_t)op->smem_bytes), (uint64_t)op->bytes);
    idle[i] = i ? op->start_ns - op[-1].start_ns - op[-1].duration_ns : 0;
  }
  *out = (struct cr_period_tokens){.token = token, .idle_before_ns = idle, .n = st->n_span};
}

/* What the Kineto importer makes of the file, which knows the launches. */
static uint32_t n_op_of(const char *path)
{
  char store[4096];
  snprintf(store, sizeof store, "%s", t_join(t_tmp(), "s.db"));
  struct cr_kineto_options opt = {.model = "m"};
  struct cr_store *s = NULL;
  struct cr_arena *arena = cr_arena_new();
  struct cr_op_spec *op;
  struct cr_err err;
  uint32_t n_op = 0;
  if (cr_store_edit(store, &s, &err) || cr_kineto_import(s, path, &opt, &err) ||
      cr_store_read_model(s, "m", arena, &op, &n_op, &err))
    fail_msg("%s", err.text);
  cr_store_close(s);
  cr_arena_free(arena);
  return n_op;
}

static uint32_t check_folder(const char *folder, uint32_t *n_cut, uint32_t *n_cut_right)
{
  char dir[4096], path[8192];
  snprintf(dir, sizeof dir, "%s", folder);
  uint32_t n_file = 0;
  DIR *d = opendir(dir);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (!strstr(e->d_name, ".json"))
      continue;
    snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    struct cr_arena *arena = cr_arena_new();
    struct cr_period_tokens t;
    struct cr_period p;
    struct cr_err err;
    read_ops(path, arena, &t);
    uint32_t want = n_op_of(path);
    assert_int_equal(cr_period_find(&t, arena, &p, &err), CR_OK);
    if (p.n_token != want || p.first[0] % want || p.n_clean * want != t.n)
      fail_msg("%s: %u of %u ops from %u on, where an iteration has %u of %u", e->d_name, p.n_clean, p.n_token,
               p.first[0], want, t.n);
    print_message("# %s: %u of %u ops, %s, %u times %u within\n", e->d_name, p.n_clean, p.n_token,
                  cr_period_trust_name[p.trust], p.n_inner, p.inner_token);
    /* Without the first third of an iteration, and the last quarter of another, only idle times tell: right, or a guess. */
    uint32_t cut = want / 3, n = t.n - cut - want / 4;
    if (want > 3 && t.n / want >= 3) {
      t = (struct cr_period_tokens){.token = t.token + cut, .idle_before_ns = t.idle_before_ns + cut, .n = n};
      assert_int_equal(cr_period_find(&t, arena, &p, &err), CR_OK);
      if (p.n_token != want || (p.first[0] != want - cut && p.trust != CR_PERIOD_GUESS))
        fail_msg("%s, cut: %u of %u ops from %u on, where an iteration begins at %u (%s)", e->d_name, p.n_clean,
                 p.n_token, p.first[0], want - cut, cr_period_trust_name[p.trust]);
      *n_cut += 1;
      *n_cut_right += p.first[0] == want - cut;
    }
    cr_arena_free(arena);
    n_file++;
  }
  closedir(d);
  return n_file;
}

static void iterations_of_the_real_traces_are_found_without_their_launches(void **state)
{
  (void)state;
  const char *folder = t_shared("h200/kineto");
  if (!folder)
    skip();
  uint32_t n_cut = 0, n_right = 0;
  assert_int_equal(check_folder(folder, &n_cut, &n_right), 21);
  print_message("# cut on both sides: %u of %u begin where they should\n", n_right, n_cut);
  assert_int_equal(n_right, n_cut); /* replays are 2 ms apart */
}

static void iterations_of_the_later_traces_are_found_too(void **state)
{
  (void)state;
  const char *folder = t_shared("h200/fixed/kineto");
  if (!folder)
    skip();
  uint32_t n_cut = 0, n_right = 0;
  assert_int_equal(check_folder(folder, &n_cut, &n_right), 12);
  print_message("# cut on both sides: %u of %u begin where they should, the others are guesses\n", n_right, n_cut);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_among_warm_up_and_odd_ones_are_found),
    cmocka_unit_test(layers_within_iterations_are_no_iterations),
    cmocka_unit_test(what_is_logged_every_tenth_iteration_is_left_out),
    cmocka_unit_test(without_hints_the_end_of_the_recording_decides),
    cmocka_unit_test(where_the_host_waits_an_iteration_begins),
    cmocka_unit_test(a_copy_from_the_host_and_the_wait_for_it_belong_together),
    cmocka_unit_test(what_repeats_nowhere_is_one_iteration),
    cmocka_unit_test(the_phase_with_the_most_work_is_taken),
    cmocka_unit_test(many_copies_of_one_size_do_not_outweigh_replays),
    cmocka_unit_test(trust_falls_with_what_is_not_explained),
    cmocka_unit_test(whatever_comes_the_sums_are_right),
    cmocka_unit_test(two_million_tokens_take_seconds_at_most),
    cmocka_unit_test(iterations_of_the_real_traces_are_found_without_their_launches),
    cmocka_unit_test(iterations_of_the_later_traces_are_found_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
