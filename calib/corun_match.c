/* corun_match.c - which recorded model a stream of a co-run replays. */
#include "config.h"

#include "calib/corun_match.h"

#include <string.h>

#include "traces/store.h"

const char *const cr_match_name[CR_N_MATCH] = {"aligned", "elsewhere", "own"};

/* A recorded time of the same kernel elsewhere is believed from 4 times this below its least time in the co-run to this
 * above it. */
enum { ELSEWHERE_PCT = 5 };

struct recording {
  const char *name;
  struct cr_op_spec *op; /* [n_op] */
  uint32_t n_op;
  uint64_t *hash; /* [n_op] of name and shape */
};

struct cr_recordings {
  struct cr_arena *arena;
  struct recording *recording; /* [n] */
  uint32_t n, cap;
};

/* FNV-1a (Fowler, Noll, Vo) over what makes two kernels the same. */
static uint64_t hash_of(const char *name, enum cr_op_kind kind, uint32_t blocks, uint32_t threads)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *name; name++)
    h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
  const uint64_t part[] = {kind, blocks, threads};
  for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
    h = (h ^ part[i]) * UINT64_C(0x100000001b3);
  return h;
}

/* --- recordings --------------------------------------------------------------------------------------------------------- */

struct reading {
  struct cr_recordings *to;
  struct cr_store *store;
  const char *const *name;
  uint32_t n_name;
  int rc;
  struct cr_err *err;
};

static int is_wanted(const struct reading *r, const char *name)
{
  const char *bare = strrchr(name, '/');
  for (uint32_t i = 0; i < r->n_name; i++)
    if (strcmp(r->name[i], name) == 0 || (bare && strcmp(r->name[i], bare + 1) == 0))
      return 1;
  return r->n_name == 0;
}

static int read_one(struct reading *r, const char *name)
{
  struct cr_recordings *to = r->to;
  struct recording m = {.name = cr_arena_text(to->arena, name)};
  int rc = m.name ? CR_OK : cr_fail_nomem(r->err, name);
  if (rc == CR_OK)
    rc = cr_store_read_model(r->store, name, to->arena, &m.op, &m.n_op, r->err);
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < m.n_op; i++)
    if (m.op[i].launch_ns != CR_NS_NEVER) /* eager: a program of the host, not a replay */
      return CR_OK;
  m.hash = cr_arena_take(to->arena, m.n_op, sizeof *m.hash);
  if (to->n == to->cap) {
    uint32_t cap = to->cap ? to->cap * 2 : 64;
    struct recording *bigger = cr_mem_resize(to->recording, cap, sizeof *bigger);
    if (bigger) {
      to->recording = bigger;
      to->cap = cap;
    }
  }
  if (!m.hash || to->n == to->cap)
    return cr_fail_nomem(r->err, name);
  for (uint32_t i = 0; i < m.n_op; i++)
    m.hash[i] = hash_of(m.op[i].name, m.op[i].kind, m.op[i].blocks, m.op[i].threads);
  to->recording[to->n++] = m;
  return CR_OK;
}

static void each(void *ctx, const char *name)
{
  struct reading *r = ctx;
  if (r->rc == CR_OK && is_wanted(r, name))
    r->rc = read_one(r, name);
}

int cr_recordings_open(const char *const *store, uint32_t n_store, const char *const *name, uint32_t n_name,
                       struct cr_recordings **out, struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_recordings *to = arena ? cr_arena_take(arena, 1, sizeof *to) : NULL;
  if (!to) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "recordings");
  }
  to->arena = arena;
  int rc = CR_OK;
  for (uint32_t i = 0; rc == CR_OK && i < n_store; i++) {
    struct reading r = {.to = to, .name = name, .n_name = n_name, .err = err};
    rc = cr_store_open(store[i], &r.store, err);
    if (rc == CR_OK)
      rc = cr_store_each_model(r.store, each, &r, err);
    if (rc == CR_OK)
      rc = r.rc;
    cr_store_close(r.store);
  }
  if (rc == CR_OK && to->n == 0)
    rc = cr_fail(err, CR_EINPUT, "no recorded model to compare with; name some that are in the stores (`corun show STORE`)");
  if (rc == CR_OK)
    *out = to;
  else
    cr_recordings_free(to);
  return rc;
}

void cr_recordings_free(struct cr_recordings *r)
{
  if (!r)
    return;
  cr_mem_free(r->recording);
  cr_arena_free(r->arena);
}

/* --- alignment ---------------------------------------------------------------------------------------------------------- */

/* Lengths of the longest common subsequences of a[i..] and b[j..] in table[i * (m + 1) + j]. */
static void common(const uint64_t *a, uint32_t n, const uint64_t *b, uint32_t m, uint32_t *table)
{
  size_t wide = (size_t)m + 1;
  for (uint32_t j = 0; j <= m; j++)
    table[n * wide + j] = 0;
  for (uint32_t i = n; i-- > 0;) {
    table[i * wide + m] = 0;
    for (uint32_t j = m; j-- > 0;) {
      uint32_t skip_a = table[(i + 1) * wide + j], skip_b = table[i * wide + j + 1];
      table[i * wide + j] = a[i] == b[j]        ? table[(i + 1) * wide + j + 1] + 1
                            : skip_a > skip_b ? skip_a
                                              : skip_b;
    }
  }
}

struct matching {
  const struct cr_recordings *r;
  const char *path;
  struct cr_corun_stream *s;
  uint64_t *hash; /* [n_op] */
};

/* How alike two sequences are: common ops, twice, over all ops of both. */
static int find_best(const struct matching *m, const struct recording **out, struct cr_err *err)
{
  double best = -1;
  uint32_t most = 0;
  for (uint32_t i = 0; i < m->r->n; i++)
    most = m->r->recording[i].n_op > most ? m->r->recording[i].n_op : most;
  uint32_t *table = cr_mem_new(((size_t)m->s->n_op + 1) * ((size_t)most + 1), sizeof *table);
  if (!table)
    return cr_fail_nomem(err, m->path);
  for (uint32_t i = 0; i < m->r->n; i++) {
    const struct recording *c = &m->r->recording[i];
    common(m->hash, m->s->n_op, c->hash, c->n_op, table);
    double alike = 2.0 * table[0] / ((double)m->s->n_op + c->n_op);
    if (alike > best) {
      best = alike;
      *out = c;
    }
  }
  const struct recording *c = *out;
  common(m->hash, m->s->n_op, c->hash, c->n_op, table);
  for (uint32_t i = 0, j = 0; i < m->s->n_op && j < c->n_op;) {
    size_t wide = (size_t)c->n_op + 1;
    if (m->hash[i] == c->hash[j]) {
      m->s->op[i] = c->op[j];
      m->s->match[i] = CR_MATCH_ALIGNED;
      i++;
      j++;
    } else if (table[(i + 1) * wide + j] > table[i * wide + j + 1]) {
      i++;
    } else {
      j++;
    }
  }
  cr_mem_free(table);
  return CR_OK;
}

/* Idle time of the stream before op i of a replay; not of the first. */
static cr_ns gap_before(const struct cr_kineto_span *op, uint32_t i)
{
  return op[i].start_ns - op[i - 1].start_ns - op[i - 1].duration_ns;
}

static cr_ns least_gap(const struct cr_corun_stream *s, uint32_t i)
{
  cr_ns least = CR_NS_NEVER;
  for (uint32_t k = 0; i > 0 && k < s->n_replay; k++)
    least = cr_min_ns(least, gap_before(s->replay[k], i));
  return least == CR_NS_NEVER ? least : cr_max_ns(least, 0);
}

static cr_ns least_duration(const struct cr_corun_stream *s, uint32_t i)
{
  cr_ns least = CR_NS_NEVER;
  for (uint32_t k = 0; k < s->n_replay; k++)
    least = cr_min_ns(least, s->replay[k][i].duration_ns);
  return least;
}

/* The same kernel in any recording: the longest that takes no more than this one's least time in the co-run, since name and
 * shape do not say how much work a block has.  Whether there is one. */
static int find_elsewhere(const struct matching *m, uint32_t i, struct cr_op_spec *out)
{
  cr_ns most_ns = cr_muldiv(least_duration(m->s, i), 100 + ELSEWHERE_PCT, 100);
  cr_ns least_ns = cr_muldiv(least_duration(m->s, i), 100 - 4 * ELSEWHERE_PCT, 100);
  const struct cr_op_spec *best = NULL;
  for (uint32_t k = 0; k < m->r->n; k++)
    for (uint32_t j = 0; j < m->r->recording[k].n_op; j++) {
      const struct cr_op_spec *op = &m->r->recording[k].op[j];
      if (m->r->recording[k].hash[j] == m->hash[i] && op->duration_ns >= least_ns && op->duration_ns <= most_ns &&
          (!best || op->duration_ns > best->duration_ns))
        best = op;
    }
  if (best)
    *out = *best;
  return best != NULL;
}

static struct cr_op_spec own(const struct cr_kineto_span *span)
{
  struct cr_op_spec op = cr_op_unknown(span->name, span->kind, 0);
  op.gap_ns = 0;
  op.blocks = span->blocks;
  op.threads = span->threads;
  op.regs = span->regs;
  op.smem_bytes = span->smem_bytes;
  op.bytes = span->bytes;
  return op;
}

static void fill_rest(struct matching *m)
{
  struct cr_corun_stream *s = m->s;
  for (uint32_t i = 0; i < s->n_op; i++) {
    if (s->match[i] == CR_N_MATCH) {
      s->match[i] = find_elsewhere(m, i, &s->op[i]) ? CR_MATCH_ELSEWHERE : CR_MATCH_OWN;
      if (s->match[i] == CR_MATCH_OWN) {
        s->op[i] = own(&s->replay[0][i]);
        s->op[i].duration_ns = least_duration(s, i);
      }
      s->op[i].gap_ns = least_gap(s, i);
      s->op[i].stage = 0;
    }
    s->n_match[s->match[i]]++;
  }
}

/* --- the stream --------------------------------------------------------------------------------------------------------- */

static int same_ops(const struct cr_kineto_span *a, const struct cr_kineto_span *b, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    if (a[i].kind != b[i].kind || a[i].blocks != b[i].blocks || a[i].threads != b[i].threads ||
        strcmp(a[i].name, b[i].name) != 0)
      return 0;
  return 1;
}

static int find_replays(const struct matching *m, const struct cr_kineto_stream *from, struct cr_err *err)
{
  struct cr_corun_stream *s = m->s;
  for (uint32_t k = 0; k < from->n_replay; k++) {
    s->replay[k] = &from->span[from->replay[k].first];
    if (from->replay[k].n != s->n_op || !same_ops(s->replay[0], s->replay[k], s->n_op))
      return cr_fail(err, CR_EINPUT,
                     "%s: stream %u: replay %u has other ops than the first; each stream must replay one graph, without "
                     "anything else on it",
                     m->path, s->id, k);
  }
  return CR_OK;
}

int cr_corun_match(const struct cr_recordings *r, const char *path, const struct cr_kineto_stream *from,
                   struct cr_arena *arena, struct cr_corun_stream *out, struct cr_err *err)
{
  struct cr_corun_stream s = {.id = from->id, .n_op = from->replay[0].n, .n_replay = from->n_replay};
  struct matching m = {.r = r, .path = path, .s = &s};
  const struct recording *best = NULL;
  s.op = cr_arena_take(arena, s.n_op, sizeof *s.op);
  s.match = cr_arena_take(arena, s.n_op, sizeof *s.match);
  s.replay = cr_arena_take(arena, s.n_replay, sizeof *s.replay);
  m.hash = cr_arena_take(arena, s.n_op, sizeof *m.hash);
  if (!s.op || !s.match || !s.replay || !m.hash)
    return cr_fail_nomem(err, path);
  int rc = find_replays(&m, from, err);
  if (rc != CR_OK)
    return rc;
  for (uint32_t i = 0; i < s.n_op; i++) {
    const struct cr_kineto_span *op = &s.replay[0][i];
    m.hash[i] = hash_of(op->name, op->kind, op->blocks, op->threads);
    s.match[i] = CR_N_MATCH;
  }
  rc = find_best(&m, &best, err);
  if (rc != CR_OK)
    return rc;
  s.model = best->name;
  fill_rest(&m);
  *out = s;
  return CR_OK;
}
