/* soundness.c - the long search for a task that responds later than its bounds say.
 *
 *   tests/soundness [SETS [EFFORT [PROCESSES [SEED]]]]     20000 sets, 200 runs for each task, 2 processes, seed 1
 *
 * Exit 1 when one is found, with the seed of its set. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "calib/farm.h"
#include "tests/adversary.h"

enum { CHUNK = 50 };

struct campaign {
  uint64_t seed;
  uint32_t n_set, effort;
  struct adversary_tally tally;
};

static int run(void *ctx, uint32_t task, void *result, struct cr_err *err)
{
  const struct campaign *c = ctx;
  (void)err;
  uint32_t from = task * CHUNK, to = cr_min_u32(from + CHUNK, c->n_set);
  for (uint32_t i = from; i < to; i++)
    adversary_try(c->seed + i, c->effort, result);
  return CR_OK;
}

static int done(void *ctx, uint32_t task, const void *result, struct cr_err *err)
{
  struct campaign *c = ctx;
  (void)task;
  (void)err;
  adversary_add(&c->tally, result);
  return CR_OK;
}

static uint32_t argument(int argc, char **argv, int i, uint32_t fallback)
{
  return i < argc ? (uint32_t)strtoul(argv[i], NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
  static const char *const bound[ADVERSARY_N_BOUND] = {"min(D, H)", "the paper's"};
  struct campaign c = {.n_set = argument(argc, argv, 1, 20000),
                       .effort = argument(argc, argv, 2, 200),
                       .seed = argument(argc, argv, 4, 1)};
  const struct cr_farm farm = {.n_task = (c.n_set + CHUNK - 1) / CHUNK,
                               .n_worker = argument(argc, argv, 3, 2),
                               .result_size = sizeof c.tally,
                               .ctx = &c,
                               .run = run,
                               .done = done};
  struct cr_err err = {""};
  if (cr_farm_run(&farm, &err) != CR_OK) {
    fprintf(stderr, "soundness: %s\n", err.text);
    return 2;
  }
  const struct adversary_tally *t = &c.tally;
  printf("%" PRIu64 " sets from seed %" PRIu64 ", %" PRIu64 " tasks, %" PRIu64 " runs\n", t->n_set, c.seed, t->n_task,
         t->n_run);
  for (int b = 0; b < ADVERSARY_N_BOUND; b++)
    printf("%-12s  %8" PRIu64 " tasks accepted, %" PRIu64 " seen beyond it, largest seen/bound %.3f\n", bound[b],
           t->n_accepted[b], t->n_violated[b], (double)t->seen_ppm[b] / 1e6);
  for (int term = 1; term < ADVERSARY_N_TERM; term++)
    printf("bound D without %-18s %6" PRIu64 " tasks seen beyond it\n", adversary_term_name[term], t->n_noticed[term]);
  printf("bound D above the paper's: %" PRIu64 " tasks; by another hand it differs: %" PRIu64 "\n", t->n_above_paper,
         t->n_differs);
  if (t->bad_seed)
    printf("a set with a violation: seed %" PRIu64 "\n", t->bad_seed);
  return t->bad_seed || t->n_above_paper || t->n_differs || t->n_noticed[ADVERSARY_NOTHING];
}
