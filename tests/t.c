/* t.c - helpers of the test programs: near, paths, temporary folders, failing allocations. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "config.h"

#include "tests/t.h"

#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_PATH = 8, PATH_BYTES = 4096 };

void t_assert_near(double value, double want, double tolerance, const char *what, const char *file, int line)
{
  if (fabs(value - want) <= tolerance)
    return;
  print_error("%s is %.17g, not %.17g within %g\n", what, value, want, tolerance);
  _fail(file, line);
}

static char *next_path(void)
{
  static char path[N_PATH][PATH_BYTES];
  static unsigned i;
  return path[i++ % N_PATH];
}

const char *t_join(const char *folder, const char *name)
{
  char *path = next_path();
  int n = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
  if (n < 0 || n >= PATH_BYTES) {
    print_error("%s/%s is too long a path\n", folder, name);
    _fail(__FILE__, __LINE__);
  }
  return path;
}

static const char *from_environment(const char *name, const char *fallback)
{
  const char *value = getenv(name);
  return value && *value ? value : fallback;
}

const char *t_data(const char *path)
{
  return t_join(from_environment("srcdir", "."), path);
}

const char *t_build(const char *path)
{
  return t_join(from_environment("builddir", "."), path);
}

const char *t_shared(const char *path)
{
  const char *folder = getenv("CORUN_SHARED_DATA");
  const char *full = t_join(folder && *folder ? folder : t_data("../shared/data"), path);
  if (!access(full, R_OK))
    return full;
  print_message("# %s is not there; CORUN_SHARED_DATA can name the folder of the measured data\n", full);
  return NULL;
}

/* Temporary folders: all in one parent, made with the first and removed at exit. */

static char parent[PATH_BYTES];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
  (void)info, (void)kind, (void)place;
  return remove(path);
}

static void remove_parent(void)
{
  nftw(parent, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *t_tmp(void)
{
  static unsigned n_folder;
  char name[32];
  if (!*parent) {
    snprintf(parent, sizeof parent, "%s/corun-test-XXXXXX", from_environment("TMPDIR", "/tmp"));
    if (!mkdtemp(parent)) {
      print_error("cannot make a folder like %s\n", parent);
      *parent = 0;
      _fail(__FILE__, __LINE__);
    }
    atexit(remove_parent);
  }
  snprintf(name, sizeof name, "%u", n_folder++);
  const char *path = t_join(parent, name);
  if (mkdir(path, 0700)) {
    print_error("cannot make the folder %s\n", path);
    _fail(__FILE__, __LINE__);
  }
  return path;
}

/* Allocations.  The linker sends those of the house here (-Wl,--wrap=...); see tests/local.mk. */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);

static uint64_t n_allocation, fails_from = UINT64_MAX;

static int must_fail(void)
{
  return n_allocation++ >= fails_from;
}

void *__wrap_malloc(size_t bytes)
{
  return must_fail() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
  return must_fail() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
  return must_fail() ? NULL : __real_realloc(old, bytes);
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
  return must_fail() ? NULL : __real_aligned_alloc(align, bytes);
}

void t_fail_allocation_after(uint64_t n)
{
  fails_from = n_allocation + n;
}

void t_allocations_succeed(void)
{
  fails_from = UINT64_MAX;
}

uint64_t t_allocation_count(void)
{
  return n_allocation;
}

char *t_read(const char *path, size_t *n)
{
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t used = 0, cap = 0;
  while (file) {
    if (cap - used < 2) {
      cap = cap ? 2 * cap : 65536;
      text = __real_realloc(text, cap);
      if (!text)
        break;
    }
    size_t got = fread(text + used, 1, cap - used - 1, file);
    if (!got)
      break;
    used += got;
  }
  if (!file || !text || ferror(file)) {
    print_error("cannot read %s\n", path);
    _fail(__FILE__, __LINE__);
  }
  fclose(file);
  text[used] = 0;
  if (n)
    *n = used;
  return text;
}

void t_write(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");
  if (!file || fputs(text, file) == EOF || fclose(file)) {
    print_error("cannot write %s\n", path);
    _fail(__FILE__, __LINE__);
  }
}

void t_free(void *ptr)
{
  free(ptr);
}
