/* ncu.c - merges Nsight Compute counters into a model: reads the CSV, pairs its rows with the model's kernels. */
#include "config.h"

#include "traces/ncu.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"
#include "traces/csv.h"
#include "traces/sha256.h"

enum column {
  NAME,
  BLOCKS,
  THREADS,
  REGS,
  SMEM_STATIC,
  SMEM_DYNAMIC, /* the key */
  DRAM,
  L2,
  INSTRUCTIONS,
  TENSOR,
  WARPS,
  WARPS_MAX, /* the counters; any but one may be missing */
  N_COLUMN
};

static const char *const column_name[N_COLUMN] = {"Kernel Name",
                                                  "launch__grid_size",
                                                  "launch__block_size",
                                                  "launch__registers_per_thread",
                                                  "launch__shared_mem_per_block_static",
                                                  "launch__shared_mem_per_block_dynamic",
                                                  "dram__bytes.sum",
                                                  "lts__t_bytes.sum",
                                                  "sm__inst_executed.sum",
                                                  "sm__inst_executed_pipe_tensor.sum",
                                                  "sm__warps_active.avg.pct_of_peak_sustained_active",
                                                  "device__attribute_max_warps_per_multiprocessor"};

/* What makes a row and a kernel the same. */
struct key {
  uint64_t name; /* hash of the function's own name */
  int64_t blocks, threads, regs, smem_bytes;
};

struct row {
  struct key key;
  const char *text; /* the kernel's name as the file has it */
  struct cr_counters counters;
};

struct ncu {
  struct cr_arena *arena;
  const char *path;
  int column[N_COLUMN];   /* -1: not in the file */
  double scale[N_COLUMN]; /* of the unit the file gives it in */
  struct row *row;        /* [n_row] */
  uint32_t n_row, row_cap;
  const struct cr_op_spec *op;
  uint32_t *kernel; /* [n_kernel] index of an op */
  struct key *key;  /* [n_kernel] */
  uint32_t n_op, n_kernel;
  struct cr_counters *counters; /* [n_op] */
};

/* -- names -- */

static int in_word(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Hash of the function's own name: the last word before its parameters, outside template arguments.
 * "void at::native::(anonymous namespace)::softmax<float, 4>(float*)" is softmax. */
static uint64_t own_name(const char *s)
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

static int same_key(const struct key *a, const struct key *b)
{
  return a->name == b->name && a->blocks == b->blocks && a->threads == b->threads && a->regs == b->regs &&
         a->smem_bytes == b->smem_bytes;
}

/* -- the file -- */

/* "Kbyte" is 1000 bytes; ncu scales some columns unless asked for base units. */
static double unit_scale(const char *unit)
{
  static const struct {
    char prefix;
    double scale;
  } known[] = {{'K', 1e3}, {'M', 1e6}, {'G', 1e9}, {'T', 1e12}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (unit[0] == known[i].prefix && unit[1] >= 'a' && unit[1] <= 'z')
      return known[i].scale;
  return 1;
}

/* A number with commas between thousands; CR_UNKNOWN when the column is missing or the field empty, or the tool could not
 * measure it ("n/a"). */
static int read_number(const struct ncu *ncu, struct cr_csv *csv, enum column c, double *out, struct cr_err *err)
{
  const char *text = cr_csv_field(csv, ncu->column[c]);
  char plain[64], *end;
  size_t n = 0;
  if (!*text || !strcmp(text, "n/a") || !strcmp(text, "(!) n/a")) {
    *out = CR_UNKNOWN;
    return CR_OK;
  }
  for (const char *p = text; *p && n < sizeof plain - 1; p++)
    if (*p != ',')
      plain[n++] = *p;
  plain[n] = '\0';
  double v = strtod(plain, &end);
  if (end == plain || *end || !isfinite(v) || v < 0 || v * ncu->scale[c] > 9e15)
    return cr_fail(err, CR_EINPUT, "%s:%u: %s is \"%.40s\" where a number belongs", ncu->path, cr_csv_line(csv),
                   column_name[c], text);
  *out = v * ncu->scale[c];
  return CR_OK;
}

static int64_t whole(double v)
{
  return v < 0 ? CR_UNKNOWN : (int64_t)(v + 0.5);
}

static int add_row(struct ncu *ncu, struct cr_csv *csv, struct cr_err *err)
{
  double v[N_COLUMN] = {0};
  for (int c = BLOCKS; c < N_COLUMN; c++) {
    int rc = read_number(ncu, csv, (enum column)c, &v[c], err);
    if (rc)
      return rc;
    if (c <= SMEM_DYNAMIC && v[c] < 0)
      return cr_fail(err, CR_EINPUT, "%s:%u: %s is empty", ncu->path, cr_csv_line(csv), column_name[c]);
  }
  const char *text = cr_arena_text(ncu->arena, cr_csv_field(csv, ncu->column[NAME]));
  if (!text)
    return cr_fail_nomem(err, ncu->path);
  if (ncu->n_row == ncu->row_cap) {
    uint32_t cap = ncu->row_cap ? 2 * ncu->row_cap : 256;
    struct row *grown = cr_mem_resize(ncu->row, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, ncu->path);
    ncu->row = grown;
    ncu->row_cap = cap;
  }
  double warps = v[WARPS] < 0 || v[WARPS_MAX] < 0 ? CR_UNKNOWN : v[WARPS] / 100 * v[WARPS_MAX] * 65536;
  ncu->row[ncu->n_row++] =
    (struct row){.key = {own_name(text), whole(v[BLOCKS]), whole(v[THREADS]),
                         whole(v[REGS]), whole(v[SMEM_STATIC] + v[SMEM_DYNAMIC])},
                 .text = text,
                 .counters = {whole(v[DRAM]), whole(v[L2]), whole(v[INSTRUCTIONS]), whole(v[TENSOR]), whole(warps)}};
  return CR_OK;
}

static int read_file(struct ncu *ncu, struct cr_err *err)
{
  struct cr_csv *csv = NULL;
  int n_counter = 0;
  int rc = cr_csv_open(ncu->path, &csv, err);
  if (rc)
    return rc;
  for (int c = 0; c < N_COLUMN && !rc; c++) {
    ncu->column[c] = cr_csv_column(csv, column_name[c]);
    ncu->scale[c] = 1;
    n_counter += c >= DRAM && c <= WARPS && ncu->column[c] >= 0;
    if (c <= SMEM_DYNAMIC && ncu->column[c] < 0)
      rc = cr_fail(err, CR_EINPUT, "%s: has no column \"%s\"; record it with ncu --csv --page raw", ncu->path,
                   column_name[c]);
  }
  if (!rc && !n_counter)
    rc = cr_fail(err, CR_EINPUT, "%s: has none of the counters %s, %s, %s", ncu->path, column_name[DRAM],
                 column_name[L2], column_name[INSTRUCTIONS]);
  if (!rc) /* the row of units */
    rc = cr_csv_next(csv, err);
  if (rc > 0 && *cr_csv_field(csv, ncu->column[NAME]))
    rc = cr_fail(err, CR_EINPUT, "%s:%u: has a kernel where the row of units belongs; record it with ncu --csv --page raw",
                 ncu->path, cr_csv_line(csv));
  for (int c = 0; c < N_COLUMN && rc > 0; c++)
    ncu->scale[c] = unit_scale(cr_csv_field(csv, ncu->column[c]));
  while (rc >= 0 && (rc = cr_csv_next(csv, err)) > 0)
    rc = add_row(ncu, csv, err);
  if (!rc && !ncu->n_row)
    rc = cr_fail(err, CR_EINPUT, "%s: has no kernels", ncu->path);
  cr_csv_close(csv);
  return rc;
}

/* -- pairing -- */

static int list_kernels(struct ncu *ncu, struct cr_err *err)
{
  ncu->kernel = cr_arena_take(ncu->arena, ncu->n_op, sizeof *ncu->kernel);
  ncu->key = cr_arena_take(ncu->arena, ncu->n_op, sizeof *ncu->key);
  ncu->counters = cr_arena_take(ncu->arena, ncu->n_op, sizeof *ncu->counters);
  if (!ncu->kernel || !ncu->key || !ncu->counters)
    return cr_fail_nomem(err, ncu->path);
  for (uint32_t i = 0; i < ncu->n_op; i++) {
    const struct cr_op_spec *op = &ncu->op[i];
    ncu->counters[i] = (struct cr_counters){CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN, CR_UNKNOWN};
    if (op->kind != CR_OP_KERNEL)
      continue;
    ncu->key[ncu->n_kernel] = (struct key){own_name(op->name), op->blocks, op->threads, op->regs, op->smem_bytes};
    ncu->kernel[ncu->n_kernel++] = i;
  }
  return CR_OK;
}

enum step { SKIP_KERNEL, SKIP_ROW, PAIR };
enum { CELL_MAX = 100000000 }; /* one byte each */

/* Longest common subsequence by the textbook table; row_of[n_kernel] is what each kernel is paired with, or CR_NONE. */
static int pair_in_order(struct ncu *ncu, uint32_t *row_of, struct cr_err *err)
{
  size_t n = ncu->n_kernel, m = ncu->n_row;
  if (n * m > CELL_MAX)
    return cr_fail(err, CR_EINPUT, "%s: %zu kernels against %zu rows are too many to pair; split the recording",
                   ncu->path, n, m);
  unsigned char *step = cr_mem_new((n + 1) * (m + 1), 1);
  uint32_t *above = cr_mem_new(m + 1, sizeof *above), *now = cr_mem_new(m + 1, sizeof *now);
  int rc = step && above && now ? CR_OK : cr_fail_nomem(err, ncu->path);
  for (size_t i = 1; i <= n && !rc; i++) {
    for (size_t j = 1; j <= m; j++) {
      int pair = same_key(&ncu->key[i - 1], &ncu->row[j - 1].key);
      uint32_t best = above[j] >= now[j - 1] ? above[j] : now[j - 1];
      step[i * (m + 1) + j] = above[j] >= now[j - 1] ? SKIP_KERNEL : SKIP_ROW;
      if (pair && above[j - 1] + 1 >= best) {
        best = above[j - 1] + 1;
        step[i * (m + 1) + j] = PAIR;
      }
      now[j] = best;
    }
    uint32_t *swap = above;
    above = now;
    now = swap;
  }
  for (size_t i = 0; i < n; i++)
    row_of[i] = CR_NONE;
  for (size_t i = n, j = m; i && j && !rc;) {
    enum step s = (enum step)step[i * (m + 1) + j];
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
static int alike(const struct ncu *ncu, const struct key *key, int64_t *v, struct cr_counters *out)
{
  static const size_t member[] = {offsetof(struct cr_counters, instructions), offsetof(struct cr_counters, dram_bytes),
                                  offsetof(struct cr_counters, l2_bytes),
                                  offsetof(struct cr_counters, tensor_instructions),
                                  offsetof(struct cr_counters, active_warps_q16)};
  for (size_t k = 0; k < sizeof member / sizeof *member; k++) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < ncu->n_row; i++)
      if (same_key(&ncu->row[i].key, key))
        memcpy(&v[n++], (const char *)&ncu->row[i].counters + member[k], sizeof *v);
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

static int pair(struct ncu *ncu, struct cr_ncu_result *out, struct cr_err *err)
{
  uint32_t *row_of = cr_arena_take(ncu->arena, ncu->n_kernel, sizeof *row_of);
  int64_t *v = cr_arena_take(ncu->arena, ncu->n_row, sizeof *v);
  int rc = row_of && v ? pair_in_order(ncu, row_of, err) : cr_fail_nomem(err, ncu->path);
  if (rc)
    return rc;
  *out = (struct cr_ncu_result){.n_row = ncu->n_row, .n_kernel = ncu->n_kernel};
  for (uint32_t k = 0; k < ncu->n_kernel; k++) {
    struct cr_counters *c = &ncu->counters[ncu->kernel[k]];
    if (row_of[k] != CR_NONE && is_known(&ncu->row[row_of[k]].counters)) {
      *c = ncu->row[row_of[k]].counters;
      out->n_in_order++;
    } else if (alike(ncu, &ncu->key[k], v, c) && is_known(c))
      out->n_alike++;
    else
      out->n_unmatched++;
  }
  if (out->n_in_order + out->n_alike == 0)
    return cr_fail(err, CR_EINPUT, "%s: none of its %u kernels is one of the model's %u; is it of another model?",
                   ncu->path, ncu->n_row, ncu->n_kernel);
  return CR_OK;
}

/* -- what is left -------------------------------------------------------------------------------------------------- */

static void list_line(struct cr_text *out, const char *what, const char *name, const struct key *key, uint32_t n)
{
  size_t length = strlen(name);
  cr_text_add(out, "  %s: %.70s%s, %" PRId64 " block%s of %" PRId64 " threads, %" PRId64 " registers, %" PRId64 " B shared",
              what, name, length > 70 ? "..." : "", key->blocks, key->blocks == 1 ? "" : "s", key->threads, key->regs,
              key->smem_bytes);
  if (n > 1)
    cr_text_add(out, " (%u times)", n);
  cr_text_add(out, "\n");
}

/* Each kind once, where it first comes, with how many there are. */
static void list_kernels_left(const struct ncu *ncu, struct cr_text *out)
{
  for (uint32_t k = 0; k < ncu->n_kernel; k++) {
    uint32_t n = 0, before = 0;
    for (uint32_t i = 0; i < ncu->n_kernel && !is_known(&ncu->counters[ncu->kernel[k]]); i++)
      if (same_key(&ncu->key[i], &ncu->key[k]) && !is_known(&ncu->counters[ncu->kernel[i]])) {
        n++;
        before += i < k;
      }
    if (n && !before)
      list_line(out, "without counters", ncu->op[ncu->kernel[k]].name, &ncu->key[k], n);
  }
}

static int is_stray(const struct ncu *ncu, const struct key *key)
{
  for (uint32_t k = 0; k < ncu->n_kernel; k++)
    if (same_key(&ncu->key[k], key))
      return 0;
  return 1;
}

/* Rows of no kernel; returns how many. */
static uint32_t list_rows_left(const struct ncu *ncu, struct cr_text *out)
{
  uint32_t n_stray = 0;
  for (uint32_t j = 0; j < ncu->n_row; j++) {
    uint32_t n = 0, before = 0;
    if (!is_stray(ncu, &ncu->row[j].key))
      continue;
    n_stray++;
    for (uint32_t i = 0; i < ncu->n_row && out; i++)
      if (same_key(&ncu->row[i].key, &ncu->row[j].key)) {
        n++;
        before += i < j;
      }
    if (out && !before)
      list_line(out, "no such kernel", ncu->row[j].text, &ncu->row[j].key, n);
  }
  return n_stray;
}

int cr_ncu_import(struct cr_store *s, const char *path, const char *model, const struct cr_origin *given,
                  struct cr_ncu_result *out, struct cr_text *unmatched, struct cr_err *err)
{
  struct ncu ncu = {.path = path, .arena = cr_arena_new()};
  struct cr_op_spec *op = NULL;
  struct cr_ncu_result result = {0};
  char sha[65];
  int rc = ncu.arena ? cr_store_read_model(s, model, ncu.arena, &op, &ncu.n_op, err) : cr_fail_nomem(err, path);
  ncu.op = op;
  if (!rc)
    rc = read_file(&ncu, err);
  if (!rc)
    rc = list_kernels(&ncu, err);
  if (!rc)
    rc = pair(&ncu, &result, err);
  if (!rc && unmatched)
    list_kernels_left(&ncu, unmatched);
  if (!rc)
    result.n_stray = list_rows_left(&ncu, unmatched);
  if (!rc && unmatched && unmatched->failed)
    rc = cr_fail_nomem(err, path);
  if (!rc)
    rc = cr_sha256_file(path, sha, err);
  if (!rc) {
    struct cr_origin origin = *given;
    const char *slash = strrchr(path, '/');
    origin.file = slash ? slash + 1 : path;
    origin.sha256 = sha;
    origin.tool = "ncu";
    rc = cr_store_set_counters(s, model, ncu.counters, ncu.n_op, &origin, err);
  }
  cr_mem_free(ncu.row);
  cr_arena_free(ncu.arena);
  if (!rc)
    *out = result;
  return rc;
}
