/* nsys_import.c - makes files, imports them, and looks at what came of it. */
#include "config.h"

#include "tests/nsys_import.h"

#include <unistd.h>

#include "tests/t.h"

const struct nsys_program nsys_eager = {.pid = 4711,
                                        .context = 1,
                                        .stream = 7,
                                        .n_iteration = 4,
                                        .n_kernel = NSYS_KERNELS,
                                        .start_ns = 1000000,
                                        .with_copies = 1,
                                        .with_ranges = 1,
                                        .with_memory = 1};

struct nsys_path nsys_keep(const char *path)
{
  struct nsys_path p;
  snprintf(p.s, sizeof p.s, "%s", path);
  return p;
}

/* A file with those programs, changed by sql (or NULL). */
struct nsys_path nsys_make(enum nsys_age age, const struct nsys_program *p, int n, const char *sql)
{
  struct nsys_path path = nsys_keep(t_join(t_tmp(), "x.sqlite"));
  struct nsys_file *f = nsys_file_new(path.s, age);
  assert_non_null(f);
  for (int i = 0; i < n; i++)
    assert_int_equal(nsys_file_program(f, &p[i]), 0);
  if (sql)
    assert_int_equal(nsys_file_sql(f, sql), 0);
  assert_int_equal(nsys_file_close(f), 0);
  return path;
}

int nsys_import_try(const char *file, const char *store, const struct cr_nsys_options *given, struct cr_text *said,
                    uint32_t *n_model, struct cr_err *err)
{
  struct cr_store *s = NULL;
  struct cr_nsys_options opt = given ? *given : (struct cr_nsys_options){0};
  opt.model = opt.model ? opt.model : "m";
  opt.said = said;
  int rc = cr_store_edit(store, &s, err);
  if (!rc)
    rc = cr_nsys_import(s, file, &opt, n_model, err);
  if (!rc)
    rc = cr_store_commit(s, err);
  cr_store_close(s);
  return rc;
}

struct nsys_import nsys_import_new(struct nsys_path file, const struct cr_nsys_options *opt)
{
  struct nsys_import im = {.arena = cr_arena_new()};
  struct cr_err err = {{0}};
  struct nsys_path store = nsys_keep(t_join(t_tmp(), "s.db"));
  if (nsys_import_try(file.s, store.s, opt, &im.said, &im.n_model, &err) || cr_store_open(store.s, &im.s, &err))
    fail_msg("%s", err.text);
  return im;
}

void nsys_import_free(struct nsys_import *im)
{
  cr_store_close(im->s);
  cr_arena_free(im->arena);
  cr_text_fini(&im->said);
}

struct cr_op_spec *nsys_import_ops(struct nsys_import *im, const char *model, uint32_t *n)
{
  struct cr_op_spec *op = NULL;
  struct cr_err err = {{0}};
  if (cr_store_read_model(im->s, model, im->arena, &op, n, &err))
    fail_msg("%s", err.text);
  return op;
}

/* What `corun show` says of a model, or of all. */
void nsys_expect_shown(struct nsys_import *im, const char *model, const char *want)
{
  struct cr_text json = {0};
  struct cr_err err = {{0}};
  if (cr_store_show(im->s, model, "json", &json, &err))
    fail_msg("%s", err.text);
  if (!strstr(json.s, want))
    fail_msg("'%s' is not in %s", want, json.s);
  cr_text_fini(&json);
}

void nsys_expect_said(const struct nsys_import *im, const char *want)
{
  if (!im->said.s || !strstr(im->said.s, want))
    fail_msg("'%s' where '%s' was expected", im->said.s ? im->said.s : "", want);
}

/* persistent, ephemeral and framework bytes of m, NULL where they are not known. */
void nsys_expect_held(struct nsys_import *im, const char *persistent, const char *ephemeral, const char *framework)
{
  struct cr_text sql = {0};
  struct cr_err err = {{0}};
  char want[80];
  snprintf(want, sizeof want, "NULL,%s,%s,%s,", persistent, ephemeral, framework); /* behind the weights */
  if (cr_store_export(im->s, &sql, &err))
    fail_msg("%s", err.text);
  if (!strstr(sql.s, want))
    fail_msg("'%s' is not in %.600s", want, strstr(sql.s, "INSERT"));
  cr_text_fini(&sql);
}

/* Refused with a sentence that names the file and has want in it; no store is left. */
void nsys_expect_refusal(struct nsys_path file, const struct cr_nsys_options *opt, const char *want)
{
  struct cr_err err = {{0}};
  struct cr_text said = {0};
  uint32_t n = 0;
  struct nsys_path store = nsys_keep(t_join(t_tmp(), "s.db"));
  int rc = nsys_import_try(file.s, store.s, opt, &said, &n, &err);
  if (rc != CR_EINPUT || !strstr(err.text, want) || !strstr(err.text, file.s))
    fail_msg("%d, '%s' where '%s' was expected", rc, err.text, want);
  assert_int_not_equal(access(store.s, F_OK), 0);
  cr_text_fini(&said);
}

/* What an eager program's op j is, worked out from nsys_file.h alone. */
static void expect_op(const struct cr_op_spec *op, uint32_t j)
{
  const int64_t before_ns = j ? 1000 + 10 * (int64_t)(j - 1) : 1000 + 10 * (int64_t)(NSYS_OPS - 1);
  assert_int_equal(op->duration_ns, 1000 + 10 * j);
  assert_int_equal(op->spread_ns, 0);
  assert_int_equal(op->gap_ns, NSYS_CALL_NS - before_ns + (j ? 0 : NSYS_PAUSE_NS));
  assert_int_equal(op->launch_ns, j ? NSYS_CALL_NS : 0);
  assert_int_equal(op->calls, j ? 1 : 0); /* those before its own */
  if (j >= 1 && j <= NSYS_KERNELS) {
    char name[32];
    uint32_t k = j - 1;
    snprintf(name, sizeof name, "kernel%u(float*)", k);
    assert_string_equal(op->name, name);
    assert_int_equal(op->kind, CR_OP_KERNEL);
    assert_int_equal(op->blocks, 2 * (1 + k));
    assert_int_equal(op->threads, 128);
    assert_int_equal(op->regs, 32 + k);
    assert_int_equal(op->smem_bytes, 1024 + 16 * k);
    assert_int_equal(op->carveout_bytes, 32768);
  } else if (j == NSYS_KERNELS + 1) {
    assert_string_equal(op->name, "Memset (Device)");
    assert_int_equal(op->kind, CR_OP_MEMSET);
    assert_int_equal(op->bytes, 512);
  } else {
    assert_string_equal(op->name, j ? "Memcpy DtoH (Device -> Pageable)" : "Memcpy HtoD (Pinned -> Device)");
    assert_int_equal(op->kind, j ? CR_OP_COPY_D2H : CR_OP_COPY_H2D);
    assert_int_equal(op->pageable, j ? CR_YES : CR_NO);
    assert_int_equal(op->bytes, 4096);
  }
}

void nsys_expect_eager(struct nsys_import *im, const char *model)
{
  uint32_t n = 0;
  const struct cr_op_spec *op = nsys_import_ops(im, model, &n);
  assert_int_equal(n, NSYS_OPS);
  for (uint32_t j = 0; j < n; j++)
    expect_op(&op[j], j);
}
