/* t_iteration.c - finding the repeated part: sequences written by hand, and made ones against their recipe. */
#include "config.h"

#include "tests/t.h"

#include "traces/iteration.h"

enum { LONGEST = 4096 };

/* A letter is a token; idle_at: one more token before which the device was idle for long, as a string of '.' and '!'.
 */
static void expect(const char *letters, const char *idle, uint32_t n_token, const char *first, uint32_t n_left_out)
{
  uint64_t token[LONGEST];
  cr_ns idle_ns[LONGEST];
  uint32_t n = (uint32_t)strlen(letters);
  struct cr_repeats it;
  struct cr_err err;
  struct cr_arena *arena = cr_arena_new();
  for (uint32_t i = 0; i < n; i++) {
    token[i] = (unsigned char)letters[i];
    idle_ns[i] = i == 0 ? 0 : idle && idle[i] == '!' ? 10000 : 10;
  }
  assert_int_equal(cr_repeats_find(token, idle_ns, n, arena, &it, &err), CR_OK);
  assert_int_equal(it.n_token, n_token);
  char found[64] = "";
  for (uint32_t i = 0; i < it.n_clean; i++)
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%u", i ? " " : "", it.first[i]);
  assert_string_equal(found, first);
  assert_int_equal(it.n_left_out, n_left_out);
  cr_arena_free(arena);
}

static void whole_iterations_are_found(void **state)
{
  (void)state;
  expect("abcdabcdabcd", NULL, 4, "0 4 8", 0);
  expect("abcabc", NULL, 3, "0 3", 0);
  expect("aaaa", NULL, 1, "0 1 2 3", 0);
  expect("abab", NULL, 2, "0 2", 0);
}

static void a_recording_without_repetition_is_one_iteration(void **state)
{
  (void)state;
  expect("a", NULL, 1, "0", 0);
  expect("abcdefg", NULL, 7, "0", 0);
}

static void repeated_layers_within_one_iteration_are_no_iterations(void **state)
{
  (void)state;
  /* An embedding, three layers, a head: the layers repeat, the whole does not. */
  expect("eklmnklmnklmnh", NULL, 14, "0", 0);
  expect("eklmnklmnklmnheklmnklmnklmnh", NULL, 14, "0 14", 0);
  expect("efgklmnklmnhijefgklmnklmnhijefgklmnklmnhij", NULL, 14, "0 14 28", 0);
}

static void a_cut_last_iteration_is_left_out(void **state)
{
  (void)state;
  expect("abcdabcdab", NULL, 4, "0 4", 1);
  expect("abcdabcda", "....!...!.", 4, "0 4", 1);
}

static void a_cut_first_iteration_is_left_out(void **state)
{
  (void)state;
  expect("cdabcdabcd", "..!...!...", 4, "2 6", 1);
  expect("dabcdabcdab", ".!...!...!.", 4, "1 5", 2);
}

static void an_iteration_that_differs_is_left_out(void **state)
{
  (void)state;
  expect("abxdabcdabcdabcd", NULL, 4, "4 8 12", 1);  /* the first */
  expect("abcdabcdabxcdabcd", NULL, 4, "0 4 13", 1); /* one in the middle, longer */
  expect("abcdabcdabcdabxd", NULL, 4, "0 4 8", 1);   /* the last */
}

static void one_pause_does_not_move_the_start(void **state)
{
  (void)state;
  expect("abcdabcdabcd", ".......!....", 4, "0 4 8", 0);
}

static void single_replays_are_counted_by_majority(void **state)
{
  (void)state;
  const uint64_t token[] = {7, 3, 7, 7, 9};
  struct cr_repeats it;
  struct cr_err err;
  struct cr_arena *arena = cr_arena_new();
  assert_int_equal(cr_repeats_alone(token, 5, arena, &it, &err), CR_OK);
  assert_int_equal(it.n_clean, 3);
  assert_int_equal(it.n_left_out, 2);
  assert_int_equal(it.first[0], 0);
  assert_int_equal(it.first[2], 3);
  const uint64_t tie[] = {5, 2, 2, 5};
  assert_int_equal(cr_repeats_alone(tie, 4, arena, &it, &err), CR_OK);
  assert_int_equal(it.first[0], 0);
  assert_int_equal(it.n_clean, 2);
  cr_arena_free(arena);
}

static uint32_t next(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*seed >> 33);
}

/* Random models with repeated layers, run k times, with the first cut off somewhere: the recipe is the oracle. */
static void made_recordings_give_back_their_recipe(void **state)
{
  (void)state;
  for (uint64_t s = 1; s <= 200; s++) {
    uint64_t seed = s, token[LONGEST], model[64], n = 0;
    cr_ns idle[LONGEST];
    uint32_t n_layer = 3 + next(&seed) % 4, layer = 2 + next(&seed) % 4, p = 0;
    uint64_t name = 1000;
    for (uint32_t i = 0; i < 3; i++)
      model[p++] = name++;
    for (uint32_t l = 0; l < n_layer; l++)
      for (uint32_t i = 0; i < layer; i++)
        model[p++] = 10 + i;
    for (uint32_t i = 0; i < 3; i++)
      model[p++] = name++;
    uint32_t k = 3 + next(&seed) % 4, cut = next(&seed) % p;
    for (uint32_t it = 0; it < k; it++)
      for (uint32_t i = it ? 0 : cut; i < p; i++) {
        idle[n] = i == 0 ? 5000 : 100 + next(&seed) % 100;
        token[n++] = model[i];
      }
    struct cr_repeats it;
    struct cr_err err;
    struct cr_arena *arena = cr_arena_new();
    assert_int_equal(cr_repeats_find(token, idle, (uint32_t)n, arena, &it, &err), CR_OK);
    if (it.n_token != p || it.first[0] != (cut ? p - cut : 0))
      print_error("seed %llu: length %u of %u, first %u, cut %u\n", (unsigned long long)s, it.n_token, p, it.first[0],
                  cut);
    assert_int_equal(it.n_token, p);
    assert_int_equal(it.first[0], cut ? p - cut : 0);
    assert_int_equal(it.n_clean, cut ? k - 1 : k);
    assert_int_equal(it.n_left_out, cut ? 1 : 0);
    cr_arena_free(arena);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(whole_iterations_are_found),
    cmocka_unit_test(a_recording_without_repetition_is_one_iteration),
    cmocka_unit_test(repeated_layers_within_one_iteration_are_no_iterations),
    cmocka_unit_test(a_cut_last_iteration_is_left_out),
    cmocka_unit_test(a_cut_first_iteration_is_left_out),
    cmocka_unit_test(an_iteration_that_differs_is_left_out),
    cmocka_unit_test(one_pause_does_not_move_the_start),
    cmocka_unit_test(single_replays_are_counted_by_majority),
    cmocka_unit_test(made_recordings_give_back_their_recipe),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
