/* bench_nsys.c - how long an export of Nsight Systems takes to import. */
#include "config.h"

#include "tests/bench_nsys.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/nsys_file.h"
#include "traces/nsys.h"

static int make_export(const char *path, uint32_t n_iteration, struct cr_err *err)
{
  const struct nsys_program p = {.pid = 4711,
                                 .context = 1,
                                 .stream = 7,
                                 .n_iteration = n_iteration,
                                 .n_kernel = 500,
                                 .start_ns = 1000000000,
                                 .with_copies = 1};
  struct nsys_file *f = nsys_file_new(path, NSYS_NEW);
  int failed = !f || nsys_file_program(f, &p);
  if (f && nsys_file_close(f))
    failed = 1;
  return failed ? cr_fail(err, CR_ERUN, "%s: cannot be written", path) : CR_OK;
}

static double now_s(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int bench_nsys_run(const char *folder, uint32_t n_iteration, double *import_s, double *cpu_s, double *mib,
                   uint32_t *n_model, struct cr_err *err)
{
  char export[512], store[512];
  struct cr_store *s = NULL;
  struct stat st;
  const struct cr_nsys_options opt = {.model = "bench"};
  snprintf(export, sizeof export, "%s/bench.sqlite", folder);
  snprintf(store, sizeof store, "%s/bench.db", folder);
  int rc = make_export(export, n_iteration, err);
  *mib = !rc && stat(export, &st) == 0 ? (double)st.st_size / (1 << 20) : 0;
  double from_s = now_s(CLOCK_MONOTONIC), cpu_from_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
  rc = rc ? rc : cr_store_edit(store, &s, err);
  rc = rc ? rc : cr_nsys_import(s, export, &opt, n_model, err);
  rc = rc ? rc : cr_store_commit(s, err);
  *import_s = now_s(CLOCK_MONOTONIC) - from_s;
  *cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_from_s;
  cr_store_close(s);
  unlink(store);
  unlink(export);
  return rc;
}
