/* t_mutated_recordings.c - recordings of collectors that say what no program did: spools whose chunks are whole but not their records,
 * exports of Nsight Systems with other cells, rows, columns or tables.  Each is imported, or refused with a sentence. */
#include "config.h"

#include "tests/t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/mem.h"
#include "tests/mutation.h"
#include "tests/nsys_import.h"
#include "tests/spool_made.h"
#include "traces/spool_import.h"
#include "traces/store.h"

static char folder[500];

static void put(const char *path, const char *bytes, size_t n)
{
  unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd) != 0)
    abort();
}

/* Rows of numbers that no recording has, in what a store would be exported as. */
static int check_store(struct cr_store *s, struct mutation *m)
{
  struct cr_text text = {0};
  struct cr_err err;
  int rc = cr_store_export(s, &text, &err), failed = 0;
  if (rc)
    failed = mutation_fail(m, "a store that cannot be exported: %s", err.text);
  else if (strstr(text.s, ",-9223372036854775808,") || strstr(text.s, ",Inf") || strstr(text.s, ",9.0e+999"))
    failed = mutation_fail(m, "a number that cannot be is in the store");
  cr_text_fini(&text);
  return failed;
}

/* -- spools --------------------------------------------------------------------------------------------------------------- */

struct made {
  char *bytes;
  size_t n;
};

static struct made spool(void)
{
  struct spool_made s;
  struct made out;
  char path[600];
  snprintf(path, sizeof path, "%s/good.spool", folder);
  spool_made_begin(&s, path, 71, "python3 serve.py", 1764350000000000000u);
  for (int i = 0; i < 6; i++) {
    uint32_t step = (spool_made_push(&s, "step"), s.marker);
    spool_made_copy(&s, 0, 4096, 900);
    for (int k = 0; k < 4; k++)
      spool_made_launch(&s, k % 2 ? "_Z3geminv" : "conv", 8 << k, 4000 + 100 * (uint32_t)k, 500);
    spool_made_copy(&s, 1, 64, 700);
    spool_made_memory(&s, 0x7000 + (uint64_t)i, 1 << 20, i % 2);
    spool_made_call(&s, "cudaDeviceSynchronize_v3020");
    s.marker = step;
    spool_made_pop(&s, step);
  }
  spool_made_end(&s, 0);
  out.bytes = t_read(path, &out.n);
  return out;
}

/* Bytes of a record or two; then the chunk's checksum is that of what it now holds. */
static void change_record(struct mutation *m, char *bytes, size_t n)
{
  static const uint64_t VALUE[] = {0, 1, 2, 255, 65535, 65536, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, (uint64_t)1 << 63, 1u << 31};
  struct cr_spool_chunk c;
  size_t at = sizeof(struct cr_spool_file), chosen = 0;
  uint32_t n_chunk = 0, draw;
  for (int pass = 0; pass < 2; pass++) {
    draw = pass ? mutation_draw(m, n_chunk) : UINT32_MAX;
    for (at = sizeof(struct cr_spool_file), n_chunk = 0; at + sizeof c <= n; at += sizeof c + c.n_bytes, n_chunk++) {
      memcpy(&c, bytes + at, sizeof c);
      if (n_chunk == draw)
        chosen = at;
    }
  }
  memcpy(&c, bytes + chosen, sizeof c);
  char *record = bytes + chosen + sizeof c;
  for (uint32_t k = mutation_draw(m, 3) + 1; k > 0 && c.n_bytes >= 8; k--) {
    static const size_t WIDTH[] = {1, 2, 4, 8};
    size_t width = WIDTH[mutation_draw(m, 4)], place = mutation_draw(m, (uint32_t)(c.n_bytes / width)) * width;
    uint64_t value = VALUE[mutation_draw(m, sizeof VALUE / sizeof *VALUE)];
    if (mutation_draw(m, 3) == 0)
      memcpy(&value, record + mutation_draw(m, (uint32_t)(c.n_bytes / 8)) * 8, 8);
    memcpy(record + place, &value, width);
    mutation_note(m, " %zu bytes at %zu of the chunk at %zu are %#llx;", width, place, chosen, (unsigned long long)value);
  }
  uLong crc = crc32(crc32(0, NULL, 0), (const Bytef *)&c, 20);
  c.crc = (uint32_t)crc32(crc, (const Bytef *)record, c.n_bytes);
  memcpy(bytes + chosen, &c, sizeof c);
}

static int import_spool(void *ctx, struct mutation *m)
{
  const struct made *good = ctx;
  char bad[600], db[600];
  const char *path = bad;
  struct cr_store *s = NULL;
  struct cr_text said = {0}, missing = {0};
  struct cr_spool_result result;
  struct cr_err err = {{0}};
  struct cr_spool_options opt = {.to_ns = CR_NS_NEVER, .range = mutation_draw(m, 3) ? NULL : "step"};
  char *bytes = malloc(good->n);
  memcpy(bytes, good->bytes, good->n);
  change_record(m, bytes, good->n);
  snprintf(bad, sizeof bad, "%s/bad.spool", folder);
  snprintf(db, sizeof db, "%s/s.db", folder);
  put(bad, bytes, good->n);
  free(bytes);
  int failed = 0, rc = cr_store_edit(db, &s, &err); /* not committed */
  if (rc)
    return mutation_fail(m, "%s", err.text);
  rc = cr_spool_import(s, &path, 1, &opt, &said, &missing, &result, &err);
  if (rc && (rc != CR_EINPUT || !strstr(err.text, "bad.spool")))
    failed = mutation_fail(m, "rc %d, '%s'", rc, err.text);
  if (!rc)
    failed = check_store(s, m);
  cr_store_close(s);
  cr_text_fini(&said);
  cr_text_fini(&missing);
  if (!failed && access(db, F_OK) == 0)
    failed = mutation_fail(m, "a store is left");
  return failed;
}

static void mutated_spools_are_imported_or_refused(void **state)
{
  (void)state;
  struct made good = spool();
  mutation_each("spools", 300, import_spool, &good);
  t_free(good.bytes);
}

/* -- exports of Nsight Systems -------------------------------------------------------------------------------------------- */

static int import_nsys(void *ctx, struct mutation *m)
{
  const struct made *good = ctx;
  char bad[600], db[600];
  struct cr_text said = {0};
  struct cr_err err = {{0}};
  struct cr_store *s = NULL;
  uint32_t n = 0;
  const struct cr_nsys_options with_range = {.range = "step"};
  snprintf(bad, sizeof bad, "%s/bad.sqlite", folder);
  snprintf(db, sizeof db, "%s/n.db", folder);
  const struct made *of = &good[mutation_draw(m, 2)];
  put(bad, of->bytes, of->n);
  if (mutation_sqlite(m, bad))
    return mutation_fail(m, "the export cannot be changed");
  int failed = 0, rc = nsys_import_try(bad, db, mutation_draw(m, 3) ? NULL : &with_range, &said, &n, &err);
  if (rc && (rc != CR_EINPUT || !strstr(err.text, "bad.sqlite")))
    failed = mutation_fail(m, "rc %d, '%s'", rc, err.text);
  if (rc && !failed && access(db, F_OK) == 0)
    failed = mutation_fail(m, "a refused export leaves a store");
  if (!rc && cr_store_open(db, &s, &err))
    failed = mutation_fail(m, "the store cannot be read: %s", err.text);
  else if (!rc)
    failed = check_store(s, m);
  cr_store_close(s);
  cr_text_fini(&said);
  unlink(db);
  return failed;
}

static void mutated_exports_are_imported_or_refused(void **state)
{
  (void)state;
  struct made good[2];
  for (int i = 0; i < 2; i++)
    good[i].bytes = t_read(nsys_make(i ? NSYS_NEW : NSYS_OLD, &nsys_eager, 1, NULL).s, &good[i].n);
  mutation_each("exports", 200, import_nsys, good);
  for (int i = 0; i < 2; i++)
    t_free(good[i].bytes);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(mutated_spools_are_imported_or_refused),
    cmocka_unit_test(mutated_exports_are_imported_or_refused),
  };
  snprintf(folder, sizeof folder, "%s", t_tmp());
  return cmocka_run_group_tests_name("mutated recordings", test, NULL, NULL);
}
