/* period.c - finds iterations in a long recording.
 *
 * Candidates.  All substrings of 1, 2, 4, ... tokens get a hash, each from two of the half length (Karp, Miller, Rosenberg,
 * STOC 1972).  Where a substring comes again, the distance gets as many votes as ops lie between.  A short one of a layer
 * votes for the layer; one that is longer than all layers together is there once an iteration, and votes for that.  The
 * distances with the most votes at each length are tried, on a window of at most a million tokens in the middle.
 *
 * A candidate p is judged by what it explains.  The stretch with token[i] == token[i + p] that holds the most ops gives the
 * content, up to rotation; where the content stands is explained, and so is what lies between and looks like odd iterations:
 * about a multiple of p long and made of the same tokens for three quarters.
 *
 * Where an iteration begins is decided by points: whether the recording is whole iterations from begin to end, where the last
 * run of them ends (a program ends with whole ones), whether the host waited there in nearly all of them or in some and never
 * elsewhere, whether the device idled there more than elsewhere, and whether inputs are copied after it and outputs before.
 */
#include "config.h"

#include "traces/period.h"

#include <stdlib.h>
#include <string.h>

enum {
  WINDOW_MAX = 1 << 20,
  LEVEL_BEST = 4,      /* candidates of each length of substrings */
  CANDIDATE_MAX = 96,  /* 4 of each of 21 lengths, and 4 of sparse tokens */
  SAMPLE_MAX = 64,     /* iterations whose idle times and waits are looked at */
  BETTER_PPM = 4000,   /* of all work: what a longer part must explain beyond a shorter one */
  LEAST_PPM = 250000,  /* explained: below, nothing repeats */
  CLEAR_PPM = 700000,  /* explained: below, it is a guess */
  STANDS_OUT_NS = 3000 /* idle time below this is no pause: launch gaps of graphs are 1 to 2 us (data/h200/kineto) */
};

const char *const cr_period_trust_name[CR_PERIOD_SURE + 1] = {"none", "guess", "fair", "sure"};

struct candidate {
  uint32_t p;
  uint32_t begin, length; /* of the stretch that repeats after p tokens, both copies included; 0: none */
  uint32_t n_here;        /* places where the content stands, and */
  uint32_t n_adjacent;    /* those of them right behind another */
  uint64_t clean;         /* work where it stands, whole or cut */
  uint64_t explained;     /* and where something like it does */
};

struct search {
  const struct cr_period_tokens *t;
  uint32_t *symbol; /* [n] tokens as numbers 0.. */
  uint32_t n_symbol;
  uint64_t *work;    /* [n + 1] ops in tokens 0..i */
  uint32_t *content; /* [n_symbol] how often a symbol is in the content at hand; zeros between uses */
  uint32_t *between; /* [n_symbol] likewise, in what lies between */
  uint32_t *border;  /* [n] failure function of the content (Knuth, Morris, Pratt) */
  uint32_t from, to; /* the window */
  uint32_t candidate[CANDIDATE_MAX];
  uint32_t n_candidate;
};

/* -- tokens as numbers -- */

struct slot {
  uint64_t key;
  uint32_t value; /* + 1; 0: free */
};

/* The slot of a key; a table has at least twice as many as there are keys. */
static struct slot *slot_of(struct slot *table, uint32_t n_slot, uint64_t key)
{
  uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
  uint32_t at = (uint32_t)(h >> 32) & (n_slot - 1);
  while (table[at].value && table[at].key != key)
    at = (at + 1) & (n_slot - 1);
  table[at].key = key;
  return &table[at];
}

static uint32_t slots_for(uint32_t n)
{
  uint32_t n_slot = 16;
  while (n_slot / 2 < n && n_slot < UINT32_C(1) << 31)
    n_slot *= 2;
  return n_slot;
}

static int number_tokens(struct search *s)
{
  uint32_t n = s->t->n, n_slot = slots_for(n);
  struct slot *table = cr_mem_new(n_slot, sizeof *table);
  if (!table)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n; i++) {
    struct slot *at = slot_of(table, n_slot, s->t->token[i]);
    if (!at->value)
      at->value = ++s->n_symbol;
    s->symbol[i] = at->value - 1;
    s->work[i + 1] = s->work[i] + (s->t->weight ? s->t->weight[i] : 1);
  }
  cr_mem_free(table);
  return CR_OK;
}

/* -- candidates -- */

static void add_candidate(struct search *s, uint32_t p)
{
  for (uint32_t i = 0; i < s->n_candidate; i++)
    if (s->candidate[i] == p)
      return;
  if (s->n_candidate < CANDIDATE_MAX)
    s->candidate[s->n_candidate++] = p;
}

/* The distances with the most votes; votes are set to zero again. */
static void take_best(struct search *s, uint64_t *vote, uint32_t n_vote)
{
  uint32_t best[LEVEL_BEST], n = 0;
  for (uint32_t d = 1; d < n_vote; d++) {
    if (!vote[d])
      continue;
    uint32_t k = n < LEVEL_BEST ? n++ : LEVEL_BEST;
    for (; k > 0 && vote[best[k - 1]] < vote[d]; k--)
      if (k < LEVEL_BEST)
        best[k] = best[k - 1];
    if (k < LEVEL_BEST)
      best[k] = d;
  }
  for (uint32_t k = 0; k < n; k++)
    add_candidate(s, best[k]);
  memset(vote, 0, n_vote * sizeof *vote);
}

struct level {
  uint64_t *hash; /* [n] of the substrings that begin in the window's tokens */
  uint64_t *vote; /* [n_vote] by distance */
  struct slot *table;
  uint32_t n_slot, n, n_vote;
};

static void count_level(struct level *l, const uint64_t *work, uint32_t n)
{
  memset(l->table, 0, l->n_slot * sizeof *l->table);
  for (uint32_t i = 0; i < n; i++) {
    struct slot *at = slot_of(l->table, l->n_slot, l->hash[i]);
    uint32_t d = at->value ? i + 1 - at->value : 0;
    if (d && d < l->n_vote)
      l->vote[d] += work[i] - work[i - d];
    at->value = i + 1;
  }
}

static int list_candidates(struct search *s)
{
  struct level l = {.n = s->to - s->from};
  l.n_vote = l.n / 2 + 1;
  l.n_slot = slots_for(l.n);
  l.hash = cr_mem_new(l.n, sizeof *l.hash);
  l.vote = cr_mem_new(l.n_vote, sizeof *l.vote);
  l.table = cr_mem_new(l.n_slot, sizeof *l.table);
  int rc = l.hash && l.vote && l.table ? CR_OK : CR_ENOMEM;
  for (uint32_t i = 0; rc == CR_OK && i < l.n; i++)
    l.hash[i] = (s->symbol[s->from + i] + 1) * UINT64_C(0xbf58476d1ce4e5b9);
  for (uint32_t span = 1, n = l.n; rc == CR_OK && n > 0; span *= 2) {
    count_level(&l, s->work + s->from, n);
    take_best(s, l.vote, l.n_vote);
    if (span > n / 2)
      break;
    n -= span;
    for (uint32_t i = 0; i < n; i++) { /* of twice the length, from two of them */
      uint64_t h = l.hash[i] ^ (l.hash[i] >> 29);
      l.hash[i] = (h * UINT64_C(0x94d049bb133111eb) + l.hash[i + span]) * UINT64_C(0xbf58476d1ce4e5b9);
    }
  }
  cr_mem_free(l.table);
  cr_mem_free(l.vote);
  cr_mem_free(l.hash);
  return rc;
}

/* -- judging a candidate -- */

/* The stretch of matches at distance p in the window that holds the most work: thirty replays of a graph outweigh a hundred
 * copies of the same size. */
static void heaviest_stretch(const struct search *s, struct candidate *c)
{
  uint64_t most = 0;
  for (uint32_t i = s->from, from = s->from; i + c->p <= s->to; i++) {
    if (i + c->p < s->to && s->symbol[i] == s->symbol[i + c->p])
      continue;
    uint64_t work = i > from ? s->work[i + c->p] - s->work[from] : 0;
    if (i - from >= c->p && work > most) {
      most = work;
      c->begin = from;
      c->length = i - from + c->p;
    }
    from = i + 1;
  }
}

static void make_border(struct search *s, const uint32_t *content, uint32_t p)
{
  uint32_t k = 0;
  s->border[0] = 0;
  for (uint32_t i = 1; i < p; i++) {
    while (k && content[i] != content[k])
      k = s->border[k - 1];
    k += content[i] == content[k];
    s->border[i] = k;
  }
}

/* Work of the tokens a..b that are in so many times the content too; 0 when that is less than three quarters of them. */
static uint64_t alike(struct search *s, uint32_t a, uint32_t b, uint32_t times)
{
  uint64_t work = 0;
  for (uint32_t i = a; i < b; i++) {
    uint32_t x = s->symbol[i];
    if (s->between[x] < (uint64_t)times * s->content[x]) {
      s->between[x]++;
      work += s->work[i + 1] - s->work[i];
    }
  }
  for (uint32_t i = a; i < b; i++)
    s->between[s->symbol[i]] = 0;
  return 4 * work < 3 * (s->work[b] - s->work[a]) ? 0 : work;
}

/* What lies before the first place where the content stands (step -1) or behind the last (1), from its edge on as far as it
 * looks like iterations.  Returns how many. */
static uint32_t explain_outside(struct search *s, uint32_t a, uint32_t b, const uint32_t *want, struct candidate *c,
                                int step)
{
  for (uint32_t n_odd = 0, p = c->p;; n_odd++) {
    uint32_t n = cr_min_u32(p, b - a), k = 0, from = step < 0 ? b - n : a;
    while (k < n && (step < 0 ? s->symbol[b - 1 - k] == want[p - 1 - k] : s->symbol[a + k] == want[k]))
      k++;
    uint64_t cut = step < 0 ? s->work[b] - s->work[b - k] : s->work[a + k] - s->work[a];
    uint64_t odd = alike(s, from, from + n, 1);
    c->clean += cut;
    c->explained += odd > cut ? odd : cut;
    if (!odd)
      return n_odd + (k > 0);
    if (step < 0)
      b -= n;
    else
      a += n;
  }
}

/* What lies between two places where the content stands, a..b: what goes on with the content from either side, or all that
 * is alike if it looks like odd iterations.  Returns how many. */
static uint32_t explain_between(struct search *s, uint32_t a, uint32_t b, const uint32_t *want, struct candidate *c)
{
  uint32_t p = c->p, n = b - a, times = (n + p - 1 - p / 8) / p, head = 0, tail = 0;
  while (head < n && head < p && s->symbol[a + head] == want[head])
    head++;
  while (tail < n - head && tail < p && s->symbol[b - 1 - tail] == want[p - 1 - tail])
    tail++;
  uint64_t cut = s->work[a + head] - s->work[a] + s->work[b] - s->work[b - tail], odd = alike(s, a, b, times);
  c->clean += cut;
  c->explained += odd > cut ? odd : cut;
  return odd ? times : 0;
}

/* Goes through from..to and finds where the c->p tokens at `content` stand, without overlap; first: [to - from], or NULL.
 * Returns how many odd ones lie around. */
static uint32_t scan(struct search *s, uint32_t content, uint32_t from, uint32_t to, uint32_t *first,
                     struct candidate *c)
{
  const uint32_t *want = s->symbol + content, p = c->p;
  uint32_t k = 0, done = from, n_odd = 0;
  c->n_here = c->n_adjacent = 0;
  c->explained = c->clean = 0;
  make_border(s, want, p);
  for (uint32_t i = 0; i < p; i++)
    s->content[want[i]]++;
  for (uint32_t i = from; i < to; i++) {
    while (k && s->symbol[i] != want[k])
      k = s->border[k - 1];
    k += s->symbol[i] == want[k];
    if (k < p)
      continue;
    uint32_t at = i + 1 - p;
    if (at > done)
      n_odd += c->n_here ? explain_between(s, done, at, want, c) : explain_outside(s, done, at, want, c, -1);
    if (first)
      first[c->n_here] = at;
    c->n_adjacent += c->n_here && at == done;
    c->n_here++;
    c->clean += s->work[i + 1] - s->work[at];
    c->explained += s->work[i + 1] - s->work[at];
    done = i + 1;
    k = 0;
  }
  if (to > done && c->n_here)
    n_odd += explain_outside(s, done, to, want, c, 1);
  for (uint32_t i = 0; i < p; i++)
    s->content[want[i]] = 0;
  return n_odd;
}

static int by_u32(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static uint64_t part_of(uint64_t whole, uint32_t ppm)
{
  return (uint64_t)cr_muldiv((int64_t)whole, ppm, 1000000);
}

/* Whether the content is a shorter one several times over. */
static int is_multiple(const struct search *s, const struct candidate *c, uint32_t p)
{
  return p && c->p % p == 0 && !memcmp(s->symbol + c->begin, s->symbol + c->begin + p, (c->p - p) * sizeof *s->symbol);
}

/* The shortest candidate that no longer one explains clearly more than; inner: the longest that it beat so. */
static void choose(struct search *s, struct candidate *best, struct candidate *inner)
{
  uint64_t work = s->work[s->to] - s->work[s->from];
  qsort(s->candidate, s->n_candidate, sizeof *s->candidate, by_u32);
  for (uint32_t i = 0; i < s->n_candidate; i++) {
    struct candidate c = {.p = s->candidate[i]};
    heaviest_stretch(s, &c);
    if (!c.length || is_multiple(s, &c, best->p))
      continue;
    scan(s, c.begin, s->from, s->to, NULL, &c);
    if (c.n_here < 2 || 3 * c.n_adjacent + 1 < c.n_here || c.explained < part_of(work, LEAST_PPM))
      continue;
    if (best->p && c.explained <= best->explained + part_of(work, BETTER_PPM))
      continue;
    if (c.n_here < 4 ? 20 * c.clean < 17 * best->clean : 3 * c.clean < 2 * best->clean) /* longer, and odder */
      continue;
    *inner = *best;
    *best = c;
  }
}

/* -- where an iteration begins -- */

struct starts {
  uint32_t p, n_sample;
  uint32_t at[SAMPLE_MAX]; /* places where the content stands */
  cr_ns most_idle_ns, next_idle_ns;
  cr_ns *idle_ns;       /* [p] lower quartile before each place of the content */
  uint32_t *n_wait;     /* [p] samples with a wait before it */
  uint32_t n_all_wait;  /* of all places */
  unsigned char *point; /* [p] */
};

static int by_ns(const void *a, const void *b)
{
  cr_ns x = *(const cr_ns *)a, y = *(const cr_ns *)b;
  return x < y ? -1 : x > y;
}

static void measure(const struct search *s, struct starts *st)
{
  cr_ns idle[SAMPLE_MAX];
  for (uint32_t r = 0; r < st->p; r++) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < st->n_sample; k++) {
      uint32_t i = st->at[k] + r;
      if (s->t->mark && s->t->mark[i] & CR_PERIOD_WAIT)
        st->n_wait[r]++;
      if (s->t->idle_before_ns && i > 0) /* nothing is known of the time before the recording */
        idle[n++] = s->t->idle_before_ns[i];
    }
    st->n_all_wait += st->n_wait[r];
    qsort(idle, n, sizeof *idle, by_ns);
    st->idle_ns[r] = n ? idle[n / 4] : 0;
    st->next_idle_ns = cr_max_ns(st->next_idle_ns, cr_min_ns(st->most_idle_ns, st->idle_ns[r]));
    st->most_idle_ns = cr_max_ns(st->most_idle_ns, st->idle_ns[r]);
  }
}

static int is_input(const struct search *s, uint32_t i)
{
  return s->t->mark && s->t->mark[i] & CR_PERIOD_INPUT;
}

static int is_output(const struct search *s, uint32_t i)
{
  return s->t->mark && s->t->mark[i] & CR_PERIOD_OUTPUT;
}

/* Points for place r of the content, from what happens there. */
static unsigned points_of(const struct search *s, const struct starts *st, uint32_t r)
{
  uint32_t here = st->at[0] + r, before = st->at[0] + (r ? r - 1 : st->p - 1);
  unsigned point = 0;
  int in_nearly_all = st->n_wait[r] && 10 * st->n_wait[r] >= 9 * st->n_sample;
  int nowhere_else = st->n_wait[r] >= 2 && st->n_wait[r] == st->n_all_wait; /* every fifth iteration, say */
  if (in_nearly_all || nowhere_else)
    point += is_input(s, before) ? 0 : 3; /* a wait for an input is within the iteration */
  if (st->most_idle_ns >= STANDS_OUT_NS && st->idle_ns[r] >= st->most_idle_ns / 2)
    point += st->idle_ns[r] == st->most_idle_ns && st->next_idle_ns < st->most_idle_ns / 2 ? 2 : 1;
  point += is_input(s, here) && !is_input(s, before);
  point += is_output(s, before) && !is_output(s, here);
  return point;
}

/* Which place of the content the p tokens from `at` on begin with, if they are the content from there on and around. */
static uint32_t place_of(struct search *s, const struct candidate *c, uint32_t at)
{
  const uint32_t *want = s->symbol + at, *twice = s->symbol + c->begin; /* the stretch has the content twice */
  make_border(s, want, c->p);
  for (uint32_t i = 0, k = 0; i < 2 * c->p - 1; i++) {
    while (k && twice[i] != want[k])
      k = s->border[k - 1];
    k += twice[i] == want[k];
    if (k == c->p)
      return i + 1 - c->p;
  }
  return CR_NONE;
}

/* The place of the content at which the last run of it ends. */
static uint32_t end_of_run(const struct search *s, const struct candidate *c, uint32_t last)
{
  uint32_t n = 0, end = last + c->p;
  while (end + n < s->t->n && n < c->p - 1 && s->symbol[end + n] == s->symbol[c->begin + n])
    n++;
  return n;
}

/* The place of the content at which an iteration begins, and how sure that is: 0, 1 or 2. */
static uint32_t choose_start(struct search *s, struct starts *st, const struct candidate *c, const uint32_t *first,
                             int *sure)
{
  uint32_t at_begin = place_of(s, c, 0), at_end = place_of(s, c, s->t->n - c->p), best = 0, n_best = 0;
  uint32_t after = end_of_run(s, c, first[c->n_here - 1]);
  for (uint32_t r = 0; r < c->p; r++) {
    unsigned point = points_of(s, st, r);
    if (r == at_begin && r == at_end)
      point += 5;
    else if (r == at_begin || r == after)
      point += 1;
    st->point[r] = (unsigned char)point;
    n_best = point > st->point[best] ? 1 : n_best + (point == st->point[best]);
    if (point > st->point[best] || (point == st->point[best] && st->idle_ns[r] > st->idle_ns[best]))
      best = r;
  }
  *sure = c->p == 1 || (st->point[best] >= 3 && n_best == 1) ? 2 : st->point[best] >= 2;
  return best;
}

static int find_start(struct search *s, const struct candidate *c, const uint32_t *first, struct cr_arena *arena,
                      uint32_t *start, int *sure)
{
  struct starts st = {.p = c->p};
  st.idle_ns = cr_arena_take(arena, c->p, sizeof *st.idle_ns);
  st.n_wait = cr_arena_take(arena, c->p, sizeof *st.n_wait);
  st.point = cr_arena_take(arena, c->p, 1);
  if (!st.idle_ns || !st.n_wait || !st.point)
    return CR_ENOMEM;
  /* Those that are followed by another, so that every rotation stands there. */
  for (uint32_t k = 0, step = c->n_here / SAMPLE_MAX + 1; k < c->n_here && st.n_sample < SAMPLE_MAX; k += step)
    if (st.n_sample == 0 || k + 1 == c->n_here || first[k + 1] == first[k] + c->p)
      st.at[st.n_sample++] = first[k];
  measure(s, &st);
  *start = choose_start(s, &st, c, first, sure);
  return CR_OK;
}

/* -- all of it -- */

static int take_tables(struct search *s, struct cr_arena *arena, uint32_t **first)
{
  uint32_t n = s->t->n;
  s->symbol = cr_arena_take(arena, n, sizeof *s->symbol);
  s->work = cr_arena_take(arena, (size_t)n + 1, sizeof *s->work);
  s->border = cr_arena_take(arena, n, sizeof *s->border);
  *first = cr_arena_take(arena, n, sizeof **first);
  if (!s->symbol || !s->work || !s->border || !*first || number_tokens(s))
    return CR_ENOMEM;
  s->content = cr_arena_take(arena, s->n_symbol, sizeof *s->content);
  s->between = cr_arena_take(arena, s->n_symbol, sizeof *s->between);
  uint32_t n_window = cr_min_u32(n, WINDOW_MAX);
  s->from = (n - n_window) / 2;
  s->to = s->from + n_window;
  return s->content && s->between ? CR_OK : CR_ENOMEM;
}

static enum cr_period_trust trust_of(const struct cr_period *p, const struct candidate *best,
                                     const struct candidate *inner, uint64_t work, int sure_start)
{
  if (p->explained_ppm < CLEAR_PPM || !sure_start || p->n_clean < 2)
    return CR_PERIOD_GUESS;
  int close = inner->p && best->explained - inner->explained < part_of(work, 5 * BETTER_PPM);
  return sure_start < 2 || close || p->n_clean < 3 || p->n_differ > p->n_clean ? CR_PERIOD_FAIR : CR_PERIOD_SURE;
}

/* The whole is one iteration. */
static int nothing_repeats(const struct search *s, uint32_t *first, struct cr_period *out)
{
  first[0] = 0;
  *out = (struct cr_period){.n_token = s->t->n, .n_clean = 1, .first = first, .explained_ppm = 1000000};
  return CR_OK;
}

static int find(struct search *s, struct cr_arena *arena, uint32_t *first, struct cr_period *out)
{
  struct candidate best = {0}, inner = {0}, all = {0};
  uint32_t start = 0, n = s->t->n;
  int sure = 0, rc = list_candidates(s);
  if (rc)
    return rc;
  choose(s, &best, &inner);
  if (!best.p)
    return nothing_repeats(s, first, out);
  all = best;
  scan(s, all.begin, 0, n, first, &all);
  rc = find_start(s, &all, first, arena, &start, &sure);
  if (rc)
    return rc;
  uint32_t n_odd = scan(s, best.begin + start, 0, n, first, &all);
  uint32_t end = first[all.n_here - 1] + best.p;
  *out = (struct cr_period){.n_token = best.p,
                            .n_clean = all.n_here,
                            .first = first,
                            .n_differ = n_odd,
                            .n_before = first[0],
                            .n_between = end - first[0] - all.n_here * best.p,
                            .n_after = n - end,
                            .explained_ppm = (uint32_t)cr_muldiv((int64_t)all.explained, 1000000, (int64_t)s->work[n]),
                            .inner_token = inner.p,
                            .n_inner = inner.p ? (inner.n_here + best.n_here / 2) / best.n_here : 0};
  if (out->n_inner < 2)
    out->inner_token = out->n_inner = 0;
  out->trust = trust_of(out, &best, &inner, s->work[s->to] - s->work[s->from], sure);
  return CR_OK;
}

int cr_period_find(const struct cr_period_tokens *tokens, struct cr_arena *arena, struct cr_period *out,
                   struct cr_err *err)
{
  struct search s = {.t = tokens};
  struct cr_period found = {0};
  uint32_t *first = NULL;
  if (take_tables(&s, arena, &first) || find(&s, arena, first, &found))
    return cr_fail_nomem(err, "finding iterations");
  *out = found;
  return CR_OK;
}
