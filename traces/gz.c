/* gz.c - reads a file that may be gzip or plain: zlib's gzread, with its errors made into sentences. */
#include "config.h"

#include "traces/gz.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "sim/mem.h"

enum { BUFFER_BYTES = 128 * 1024 };

struct cr_gz {
  gzFile f;
  char *path;
  int64_t bytes; /* size of the file */
  int named_gz; /* so that a text file under such a name is not taken for one that is whole */
};

static int ends_in(const char *s, const char *tail)
{
  size_t n = strlen(s), m = strlen(tail);
  return n >= m && !strcmp(s + n - m, tail);
}

int cr_gz_open(const char *path, struct cr_gz **out, struct cr_err *err)
{
  struct stat st;
  if (stat(path, &st))
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  if (S_ISDIR(st.st_mode))
    return cr_fail(err, CR_EINPUT, "%s: is a folder; name the files in it", path);
  struct cr_gz *gz = cr_mem_new(1, sizeof *gz);
  char *copy = cr_mem_new(strlen(path) + 1, 1);
  if (!gz || !copy) {
    cr_mem_free(gz);
    cr_mem_free(copy);
    return cr_fail_nomem(err, path);
  }
  gz->path = memcpy(copy, path, strlen(path) + 1);
  gz->bytes = (int64_t)st.st_size;
  gz->named_gz = ends_in(path, ".gz");
  gz->f = gzopen(path, "rb");
  if (!gz->f) {
    int rc = cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
    cr_gz_close(gz);
    return rc;
  }
  gzbuffer(gz->f, BUFFER_BYTES);
  *out = gz;
  return CR_OK;
}

void cr_gz_close(struct cr_gz *gz)
{
  if (!gz)
    return;
  if (gz->f)
    gzclose_r(gz->f);
  cr_mem_free(gz->path);
  cr_mem_free(gz);
}

int cr_gz_read(struct cr_gz *gz, void *buf, size_t cap, size_t *n, struct cr_err *err)
{
  int got = gzread(gz->f, buf, cap > BUFFER_BYTES ? BUFFER_BYTES : (unsigned)cap);
  int code = Z_OK;
  const char *why = gzerror(gz->f, &code);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    if (code == Z_BUF_ERROR)
      return cr_fail(err, CR_EINPUT, "%s: the gzip file is cut off after %lld bytes of text; copy it again", gz->path,
                     (long long)gztell(gz->f));
    if (code == Z_ERRNO)
      return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", gz->path, strerror(errno));
    if (code == Z_MEM_ERROR)
      return cr_fail_nomem(err, gz->path);
    return cr_fail(err, CR_EINPUT, "%s: the gzip file is damaged after %lld bytes of text (%s); copy it again",
                   gz->path, (long long)gztell(gz->f), why && *why ? why : "bad data");
  }
  if (gz->named_gz && got > 0 && gzdirect(gz->f))
    return cr_fail(err, CR_EINPUT, "%s: is not gzip, though its name says so; copy it again or rename it", gz->path);
  *n = (size_t)got;
  return CR_OK;
}

void cr_gz_progress(const struct cr_gz *gz, int64_t *done_bytes, int64_t *all_bytes)
{
  *done_bytes = (int64_t)gzoffset(gz->f);
  *all_bytes = gz->bytes;
}

int cr_gz_slurp(const char *path, struct cr_text *out, struct cr_err *err)
{
  struct cr_gz *gz = NULL;
  int rc = cr_gz_open(path, &gz, err);
  if (rc < 0)
    return rc;
  char *buf = cr_mem_new(BUFFER_BYTES, 1);
  size_t n = 1;
  if (!buf)
    rc = cr_fail_nomem(err, path);
  while (!rc && n) {
    rc = cr_gz_read(gz, buf, BUFFER_BYTES, &n, err);
    if (!rc && n)
      cr_text_add_bytes(out, buf, n);
  }
  if (!rc && out->failed)
    rc = cr_fail_nomem(err, path);
  cr_mem_free(buf);
  cr_gz_close(gz);
  return rc;
}
