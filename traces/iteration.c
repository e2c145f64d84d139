/* iteration.c - finds the part of a recorded sequence that repeats.
 *
 * For a candidate length p the longest stretch with token[i] == token[i + p] gives the iteration's content up to
 * rotation; the rotation is the recording's own start or, when that was cut, the one with the longest idle time before
 * it.  A scan then marks the places where the content stands.  What is left between them must look like iterations too
 * (a cut one is the head or tail of the content; a differing one is long enough and made of mostly the same tokens, and
 * there is one such stretch at most): otherwise p is the length of a layer that repeats within one iteration, with an
 * embedding before and a head behind, and a longer p is tried.
 *
 * Candidates are the distances at which tokens come again: a token that occurs once an iteration comes again after
 * exactly one. */
#include "config.h"

#include "traces/iteration.h"

#include <stdlib.h>
#include <string.h>

enum { CANDIDATE_MAX = 1000 };

struct seen {
  uint64_t token;
  uint32_t at;
};

struct search {
  const uint64_t *token;
  const cr_ns *idle;
  uint32_t n;
  struct seen *sorted; /* [n] by token, then place */
  uint32_t *distance;  /* [n] */
  uint64_t *kind;      /* [n] sorted tokens of the present content */
  uint32_t *first;     /* [n] */
};

static int by_token(const void *a, const void *b)
{
  const struct seen *x = a, *y = b;
  if (x->token != y->token)
    return x->token < y->token ? -1 : 1;
  return x->at < y->at ? -1 : x->at > y->at;
}

static int by_u64(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static int by_u32(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void sort_tokens(struct search *s)
{
  for (uint32_t i = 0; i < s->n; i++)
    s->sorted[i] = (struct seen){s->token[i], i};
  qsort(s->sorted, s->n, sizeof *s->sorted, by_token);
}

/* Distances between neighbouring occurrences, each once, ascending; no longer than half: two iterations must fit. */
static uint32_t list_candidates(struct search *s)
{
  uint32_t n = 0, n_distinct = 0;
  for (uint32_t i = 1; i < s->n; i++) {
    uint32_t d = s->sorted[i].at - s->sorted[i - 1].at;
    if (s->sorted[i].token == s->sorted[i - 1].token && d <= s->n / 2)
      s->distance[n++] = d;
  }
  qsort(s->distance, n, sizeof *s->distance, by_u32);
  for (uint32_t i = 0; i < n; i++)
    if (i == 0 || s->distance[i] != s->distance[i - 1])
      s->distance[n_distinct++] = s->distance[i];
  /* Of too many, the longest: short ones are layers. */
  if (n_distinct > CANDIDATE_MAX) {
    memmove(s->distance, s->distance + n_distinct - CANDIDATE_MAX, CANDIDATE_MAX * sizeof *s->distance);
    n_distinct = CANDIDATE_MAX;
  }
  return n_distinct;
}

/* The longest stretch of matches at distance p: begin and how many tokens it explains. */
static uint32_t longest_stretch(const struct search *s, uint32_t p, uint32_t *begin)
{
  uint32_t best = 0, from = 0;
  for (uint32_t i = 0; i + p <= s->n; i++) {
    if (i + p < s->n && s->token[i] == s->token[i + p])
      continue;
    if (i - from > best) {
      best = i - from;
      *begin = from;
    }
    from = i + 1;
  }
  return best ? best + p : 0;
}

static int matches(const struct search *s, uint32_t at, uint32_t content, uint32_t n)
{
  return at + n <= s->n && !memcmp(s->token + at, s->token + content, n * sizeof *s->token);
}

/* Idle time before the places r, r + p, ... of the stretch: the least, so that one stray pause does not count. */
static cr_ns idle_before(const struct search *s, uint32_t p, uint32_t r, uint32_t end)
{
  cr_ns idle = CR_NS_NEVER;
  for (uint32_t at = r; at + p <= end; at += p)
    if (at > 0) /* nothing is known of the time before the recording */
      idle = cr_min_ns(idle, s->idle[at]);
  return idle == CR_NS_NEVER ? 0 : idle;
}

/* Where in the stretch begin..end an iteration begins.  A recording that is a whole number of iterations begins with
 * one.  Else the longest idle time decides, but for a place that agrees with the recording's start, or with its end,
 * and is not plainly worse. */
static uint32_t rotation(const struct search *s, uint32_t p, uint32_t begin, uint32_t end)
{
  if (begin == 0 && end == s->n && s->n % p == 0)
    return 0;
  uint32_t best = begin;
  cr_ns best_idle = -1;
  for (uint32_t r = begin; r < begin + p && r + p <= end; r++) {
    cr_ns idle = idle_before(s, p, r, end);
    if (idle > best_idle) {
      best_idle = idle;
      best = r;
    }
  }
  uint32_t likely[2] = {(begin + p - 1) / p * p, begin + (s->n - begin) % p};
  for (int i = 0; i < 2; i++)
    if (likely[i] + p <= end && idle_before(s, p, likely[i], end) >= best_idle / 2)
      return likely[i];
  return best;
}

static uint32_t count_of_kind(const struct search *s, uint32_t from, uint32_t to, uint32_t p)
{
  uint32_t n = 0;
  for (uint32_t i = from; i < to; i++)
    n += bsearch(&s->token[i], s->kind, p, sizeof *s->kind, by_u64) != NULL;
  return n;
}

/* How many iterations the tokens from..to, which the content does not explain, stand for; 0: they are none. */
static uint32_t left_over(const struct search *s, uint32_t from, uint32_t to, uint32_t content, uint32_t p,
                          int *differs)
{
  uint32_t n = to - from;
  if (from == 0 && n < p && matches(s, 0, content + p - n, n))
    return 1;
  if (to == s->n && n < p && matches(s, from, content, n))
    return 1;
  if (n < (p + 1) / 2 || 4 * count_of_kind(s, from, to, p) < 3 * n)
    return 0;
  *differs = 1;
  return (n + p / 2) / p ? (n + p / 2) / p : 1;
}

/* Marks where the content stands; 0 when what is between does not look like iterations. */
static int scan(struct search *s, uint32_t content, uint32_t p, struct cr_repeats *out)
{
  uint32_t n_clean = 0, n_left_out = 0, done = 0, n_differ = 0;
  memcpy(s->kind, s->token + content, p * sizeof *s->kind);
  qsort(s->kind, p, sizeof *s->kind, by_u64);
  for (uint32_t at = 0; at <= s->n;) {
    int here = at < s->n && matches(s, at, content, p);
    if (!here && at < s->n) {
      at++;
      continue;
    }
    if (at > done) {
      int differs = 0;
      uint32_t k = left_over(s, done, at, content, p, &differs);
      n_differ += (uint32_t)differs;
      if (!k || n_differ > 1)
        return 0;
      n_left_out += k;
    }
    if (!here)
      break;
    s->first[n_clean++] = at;
    at += p;
    done = at;
  }
  if (n_clean < 2 || (uint64_t)n_clean * p * 2 < s->n)
    return 0;
  *out = (struct cr_repeats){.n_token = p, .n_clean = n_clean, .n_left_out = n_left_out, .first = s->first};
  return 1;
}

int cr_repeats_find(const uint64_t *token, const cr_ns *idle_before_ns, uint32_t n, struct cr_arena *arena,
                       struct cr_repeats *out, struct cr_err *err)
{
  struct search s = {.token = token, .idle = idle_before_ns, .n = n};
  s.sorted = cr_arena_take(arena, n, sizeof *s.sorted);
  s.distance = cr_arena_take(arena, n, sizeof *s.distance);
  s.kind = cr_arena_take(arena, n, sizeof *s.kind);
  s.first = cr_arena_take(arena, n, sizeof *s.first);
  if (!s.sorted || !s.distance || !s.kind || !s.first)
    return cr_fail_nomem(err, "finding iterations");
  sort_tokens(&s);
  uint32_t n_candidate = list_candidates(&s);
  for (uint32_t i = 0; i < n_candidate; i++) {
    uint32_t p = s.distance[i], begin = 0, length = longest_stretch(&s, p, &begin);
    if (length >= 2 * p && scan(&s, rotation(&s, p, begin, begin + length), p, out))
      return CR_OK;
  }
  s.first[0] = 0;
  *out = (struct cr_repeats){.n_token = n, .n_clean = 1, .first = s.first};
  return CR_OK;
}

int cr_repeats_alone(const uint64_t *token, uint32_t n, struct cr_arena *arena, struct cr_repeats *out,
                        struct cr_err *err)
{
  struct search s = {.token = token, .n = n};
  s.sorted = cr_arena_take(arena, n, sizeof *s.sorted);
  s.first = cr_arena_take(arena, n, sizeof *s.first);
  if (!s.sorted || !s.first)
    return cr_fail_nomem(err, "finding iterations");
  sort_tokens(&s);
  uint32_t best = 0, n_best = 0;
  for (uint32_t i = 0, from = 0; i < n; i++) {
    if (s.sorted[i].token != s.sorted[from].token)
      from = i;
    uint32_t count = i - from + 1;
    if (count > n_best || (count == n_best && s.sorted[from].at < s.sorted[best].at)) {
      best = from;
      n_best = count;
    }
  }
  for (uint32_t i = 0; i < n_best; i++)
    s.first[i] = s.sorted[best + i].at;
  *out = (struct cr_repeats){.n_token = 1, .n_clean = n_best, .n_left_out = n - n_best, .first = s.first};
  return CR_OK;
}
