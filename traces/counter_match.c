/* counter_match.c - pairs rows of counters with a model's kernels: in order, as many as possible; then by what rows agree on. */
#include "config.h"

#include "traces/counter_match.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"

struct match {
  struct cr_arena *arena;
  const char *path;
  const struct cr_counter_row *row; /* [n_row] */
  uint32_t n_row;
  const struct cr_op_spec *op;
  uint32_t *kernel;           /* [n_kernel] index of an op */
  struct cr_counter_key *key; /* [n_kernel] */
  uint32_t n_op, n_kernel;
  struct cr_counters *counters; /* [n_op] */
};

/* -- names -- */

static int in_word(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "void at::native::(anonymous namespace)::softmax<float, 4>(float*)" is softmax. */
uint64_t cr_counter_name(const char *s)
{
  static const char *const unnamed[] = {"(anonymous namespace)", "<unnamed>"};
  const char *word = s, *end = s;
  int depth = 0;
  for (const char *p = s; *p; p++) {
    size_t skip = 0;
    for (int i = 0; i < 2; i++)
      if (!strncmp(p, unnamed[i], strlen(unnamed[i])))
        skip = strlen(unnamed[i]);
    if (skip) {
      p += skip - 1;
      continue;
    }
    if (*p == '(' && depth == 0)
      break;
    depth += *p == '<' || *p == '(';
    depth -= (*p == '>' || *p == ')') && depth > 0;
    if (depth || !in_word(*p))
      continue;
    if (p == s || !in_word(p[-1]))
      word = p;
    end = p + 1;
  }
  uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  for (const char *p = word; p < end; p++)
    h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
  return h;
}

static int same_key(const struct cr_counter_key *a, const struct cr_counter_key *b)
{
  return a->name == b->name && a->blocks == b->blocks && a->threads == b->threads && a->regs == b->regs &&
         a->smem_bytes == b->smem_bytes;
}

/* -- rows -- */

int cr_counter_rows_add(struct cr_counter_rows *rows, const struct cr_counter_row *row, struct cr_err *err)
{
  if (rows->n == rows->cap) {
    uint32_t cap = rows->cap ? 2 * rows->cap : 256;
    struct cr_counter_row *grown = cr_mem_resize(rows->row, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, rows->path);
    rows->row = grown;
    rows->cap = cap;
  }
  rows->row[rows->n++] = *row;
  return CR_OK;
}

void cr_counter_rows_fini(struct cr_counter_rows *rows)
{
  cr_mem_free(rows->row);
}

/* -- pairing -- */

static int list_kernels(struct match *m, struct cr_err *err)
{
  m->kernel = cr_arena_take(m->arena, m->n_op, sizeof *m->kernel);
  m->key = cr_arena_take(m->arena, m->n_op, sizeof *m->key);
  m->counters = cr_arena_take(m->arena, m->n_op, sizeof *m->counters);
  if (!m->kernel || !m->key || !m->counters)
    return cr_fail_nomem(err, m->path);
  for (uint32_t i = 0; i < m->n_op; i++) {
    const struct cr_op_spec *op = &m->op[i];
    m->counters[i] = (struct cr_counters){CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN};
    if (op->kind != CR_OP_KERNEL)
      continue;
    m->key[m->n_kernel] =
      (struct cr_counter_key){cr_counter_name(op->name), op->blocks, op->threads, op->regs, op->smem_bytes};
    m->kernel[m->n_kernel++] = i;
  }
  return CR_OK;
}

enum step { SKIP_KERNEL, SKIP_ROW, PAIR };
enum { CELL_MAX = 100000000 }; /* one byte each */

/* Longest common subsequence by the textbook table; row_of[n_kernel] is what each kernel is paired with, or CR_NONE. */
static int pair_in_order(struct match *m, uint32_t *row_of, struct cr_err *err)
{
  size_t n = m->n_kernel, n_row = m->n_row;
  if (n * n_row > CELL_MAX)
    return cr_fail(err, CR_EINPUT, "%s: %zu kernels against %zu rows are too many to pair; split the recording",
                   m->path, n, n_row);
  unsigned char *step = cr_mem_new((n + 1) * (n_row + 1), 1);
  uint32_t *above = cr_mem_new(n_row + 1, sizeof *above), *now = cr_mem_new(n_row + 1, sizeof *now);
  int rc = step && above && now ? CR_OK : cr_fail_nomem(err, m->path);
  for (size_t i = 1; i <= n && !rc; i++) {
    for (size_t j = 1; j <= n_row; j++) {
      int pair = same_key(&m->key[i - 1], &m->row[j - 1].key);
      uint32_t best = above[j] >= now[j - 1] ? above[j] : now[j - 1];
      step[i * (n_row + 1) + j] = above[j] >= now[j - 1] ? SKIP_KERNEL : SKIP_ROW;
      if (pair && above[j - 1] + 1 >= best) {
        best = above[j - 1] + 1;
        step[i * (n_row + 1) + j] = PAIR;
      }
      now[j] = best;
    }
    uint32_t *swap = above;
    above = now;
    now = swap;
  }
  for (size_t i = 0; i < n; i++)
    row_of[i] = CR_NONE;
  for (size_t i = n, j = n_row; i && j && !rc;) {
    enum step s = (enum step)step[i * (n_row + 1) + j];
    if (s == PAIR)
      row_of[i - 1] = (uint32_t)(j - 1);
    i -= s != SKIP_ROW;
    j -= s != SKIP_KERNEL;
  }
  cr_mem_free(step);
  cr_mem_free(above);
  cr_mem_free(now);
  return rc;
}

static int by_i64(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

/* The median counters of the rows of a key, if their instructions agree within 2 %: then the kernel does the same work
 * each time.  v: [n_row] for use here. */
static int alike(const struct match *m, const struct cr_counter_key *key, int64_t *v, struct cr_counters *out)
{
  static const size_t member[] = {offsetof(struct cr_counters, instructions), offsetof(struct cr_counters, dram_bytes),
                                  offsetof(struct cr_counters, l2_bytes),
                                  offsetof(struct cr_counters, tensor_instructions),
                                  offsetof(struct cr_counters, active_warps_q16)};
  for (size_t k = 0; k < sizeof member / sizeof *member; k++) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_row; i++)
      if (same_key(&m->row[i].key, key))
        memcpy(&v[n++], (const char *)&m->row[i].counters + member[k], sizeof *v);
    if (!n)
      return 0;
    qsort(v, n, sizeof *v, by_i64);
    if (k == 0 && (v[n - 1] - v[0]) * 50 > v[n - 1])
      return 0;
    memcpy((char *)out + member[k], &v[(n - 1) / 2], sizeof *v);
  }
  return 1;
}

/* A row may say of all counters that they could not be measured. */
static int is_known(const struct cr_counters *c)
{
  return c->dram_bytes != CR_UNKNOWN || c->l2_bytes != CR_UNKNOWN || c->instructions != CR_UNKNOWN ||
         c->tensor_instructions != CR_UNKNOWN || c->active_warps_q16 != CR_UNKNOWN;
}

static int pair(struct match *m, struct cr_counter_result *out, struct cr_err *err)
{
  uint32_t *row_of = cr_arena_take(m->arena, m->n_kernel, sizeof *row_of);
  int64_t *v = cr_arena_take(m->arena, m->n_row, sizeof *v);
  int rc = row_of && v ? pair_in_order(m, row_of, err) : cr_fail_nomem(err, m->path);
  if (rc)
    return rc;
  *out = (struct cr_counter_result){.n_row = m->n_row, .n_kernel = m->n_kernel};
  for (uint32_t k = 0; k < m->n_kernel; k++) {
    struct cr_counters *c = &m->counters[m->kernel[k]];
    if (row_of[k] != CR_NONE && is_known(&m->row[row_of[k]].counters)) {
      *c = m->row[row_of[k]].counters;
      out->n_in_order++;
    } else if (alike(m, &m->key[k], v, c) && is_known(c))
      out->n_alike++;
    else
      out->n_unmatched++;
  }
  if (out->n_in_order + out->n_alike == 0)
    return cr_fail(err, CR_EINPUT, "%s: none of its %u kernels is one of the model's %u; is it of another model?",
                   m->path, m->n_row, m->n_kernel);
  return CR_OK;
}

/* -- what is left -------------------------------------------------------------------------------------------------- */

static void list_line(struct cr_text *out, const char *what, const char *name, const struct cr_counter_key *key,
                      uint32_t n)
{
  size_t length = strlen(name);
  cr_text_add(
    out, "  %s: %.70s%s, %" PRId64 " block%s of %" PRId64 " threads, %" PRId64 " registers, %" PRId64 " B shared", what,
    name, length > 70 ? "..." : "", key->blocks, key->blocks == 1 ? "" : "s", key->threads, key->regs, key->smem_bytes);
  if (n > 1)
    cr_text_add(out, " (%u times)", n);
  cr_text_add(out, "\n");
}

/* Each kind once, where it first comes, with how many there are. */
static void list_kernels_left(const struct match *m, struct cr_text *out)
{
  for (uint32_t k = 0; k < m->n_kernel; k++) {
    uint32_t n = 0, before = 0;
    for (uint32_t i = 0; i < m->n_kernel && !is_known(&m->counters[m->kernel[k]]); i++)
      if (same_key(&m->key[i], &m->key[k]) && !is_known(&m->counters[m->kernel[i]])) {
        n++;
        before += i < k;
      }
    if (n && !before)
      list_line(out, "without counters", m->op[m->kernel[k]].name, &m->key[k], n);
  }
}

static int is_stray(const struct match *m, const struct cr_counter_key *key)
{
  for (uint32_t k = 0; k < m->n_kernel; k++)
    if (same_key(&m->key[k], key))
      return 0;
  return 1;
}

/* Rows of no kernel; returns how many. */
static uint32_t list_rows_left(const struct match *m, struct cr_text *out)
{
  uint32_t n_stray = 0;
  for (uint32_t j = 0; j < m->n_row; j++) {
    uint32_t n = 0, before = 0;
    if (!is_stray(m, &m->row[j].key))
      continue;
    n_stray++;
    for (uint32_t i = 0; i < m->n_row && out; i++)
      if (same_key(&m->row[i].key, &m->row[j].key)) {
        n++;
        before += i < j;
      }
    if (out && !before)
      list_line(out, "no such kernel", m->row[j].text, &m->row[j].key, n);
  }
  return n_stray;
}

int cr_counter_match(struct cr_store *s, const struct cr_counter_rows *rows, const char *model,
                     const struct cr_origin *origin, struct cr_counter_result *out, struct cr_text *unmatched,
                     struct cr_err *err)
{
  struct match m = {.path = rows->path, .row = rows->row, .n_row = rows->n, .arena = cr_arena_new()};
  struct cr_op_spec *op = NULL;
  struct cr_counter_result result = {0};
  int rc = m.arena ? cr_store_read_model(s, model, m.arena, &op, &m.n_op, err) : cr_fail_nomem(err, rows->path);
  m.op = op;
  if (!rc)
    rc = list_kernels(&m, err);
  if (!rc)
    rc = pair(&m, &result, err);
  if (!rc && unmatched)
    list_kernels_left(&m, unmatched);
  if (!rc)
    result.n_stray = list_rows_left(&m, unmatched);
  if (!rc && unmatched && unmatched->failed)
    rc = cr_fail_nomem(err, rows->path);
  if (!rc)
    rc = cr_store_set_counters(s, model, m.counters, m.n_op, origin, err);
  cr_arena_free(m.arena);
  if (!rc)
    *out = result;
  return rc;
}
