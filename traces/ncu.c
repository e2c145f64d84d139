/* ncu.c - merges Nsight Compute counters into a model: reads the CSV. */
#include "config.h"

#include "traces/ncu.h"

#include <math.h>
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
  WARPS_MAX,
  WARPS_MEAN, /* the counters; any but one may be missing, and of the last three two */
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
                                                  "device__attribute_max_warps_per_multiprocessor",
                                                  "sm__warps_active.avg.per_cycle_active"};

struct ncu {
  struct cr_arena *arena;
  const char *path;
  int column[N_COLUMN];   /* -1: not in the file */
  double scale[N_COLUMN]; /* of the unit the file gives it in */
  struct cr_counter_rows rows;
};

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
  double warps = v[WARPS] < 0 || v[WARPS_MAX] < 0 ? CR_UNKNOWN : v[WARPS] / 100 * v[WARPS_MAX] * 65536;
  if (warps < 0 && v[WARPS_MEAN] >= 0)
    warps = v[WARPS_MEAN] * 65536;
  const struct cr_counter_row row = {
    .key = {cr_counter_name(text), whole(v[BLOCKS]), whole(v[THREADS]), whole(v[REGS]),
            whole(v[SMEM_STATIC] + v[SMEM_DYNAMIC])},
    .text = text,
    .counters = {whole(v[DRAM]), whole(v[L2]), whole(v[INSTRUCTIONS]), whole(v[TENSOR]), whole(warps)}};
  return cr_counter_rows_add(&ncu->rows, &row, err);
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
    rc =
      cr_fail(err, CR_EINPUT, "%s:%u: has a kernel where the row of units belongs; record it with ncu --csv --page raw",
              ncu->path, cr_csv_line(csv));
  for (int c = 0; c < N_COLUMN && rc > 0; c++)
    ncu->scale[c] = unit_scale(cr_csv_field(csv, ncu->column[c]));
  while (rc >= 0 && (rc = cr_csv_next(csv, err)) > 0)
    rc = add_row(ncu, csv, err);
  if (!rc && !ncu->rows.n)
    rc = cr_fail(err, CR_EINPUT, "%s: has no kernels", ncu->path);
  cr_csv_close(csv);
  return rc;
}

int cr_ncu_import(struct cr_store *s, const char *path, const char *model, const struct cr_origin *given,
                  struct cr_counter_result *out, struct cr_text *unmatched, struct cr_err *err)
{
  struct ncu ncu = {.path = path, .rows = {.path = path}, .arena = cr_arena_new()};
  char sha[65];
  int rc = ncu.arena ? read_file(&ncu, err) : cr_fail_nomem(err, path);
  if (!rc)
    rc = cr_sha256_file(path, sha, err);
  if (!rc) {
    struct cr_origin origin = *given;
    const char *slash = strrchr(path, '/');
    origin.file = slash ? slash + 1 : path;
    origin.sha256 = sha;
    origin.tool = "ncu";
    rc = cr_counter_match(s, &ncu.rows, model, &origin, out, unmatched, err);
  }
  cr_counter_rows_fini(&ncu.rows);
  cr_arena_free(ncu.arena);
  return rc;
}
