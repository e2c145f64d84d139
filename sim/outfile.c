/* outfile.c - an output file that bears its name only when it is whole. */
#include "config.h"

#include "sim/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/mem.h"

enum { BUFFER_BYTES = 1 << 18 };

struct cr_outfile {
  const char *what;
  char *path, *partial; /* partial NULL: written in place */
  int fd;
  int error;            /* errno of the first write that failed, or 0 */
  int64_t n_byte;       /* added */
  size_t used;
  char buffer[BUFFER_BYTES];
};

int cr_outfile_fail(const char *path, const char *what, int error, struct cr_err *err)
{
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    return cr_fail(err, CR_ERUN, "%s: no room to write the %s (%s); nothing was kept: free some space or write it elsewhere",
                   path, what, strerror(error));
  return cr_fail(err, CR_ERUN, "%s: the %s cannot be written: %s; nothing was kept", path, what, strerror(error));
}

static int cannot_open(const char *path, const char *what, int error, struct cr_err *err)
{
  if (error == ENOENT || error == ENOTDIR)
    return cr_fail(err, CR_EINPUT, "%s: there is no such folder to write the %s in; make it or choose another", path, what);
  if (error == EACCES || error == EPERM || error == EROFS)
    return cr_fail(err, CR_EINPUT, "%s: the folder cannot be written (%s); choose another for the %s", path,
                   strerror(error), what);
  if (error == ENOSPC || error == EDQUOT)
    return cr_outfile_fail(path, what, error, err);
  return cr_fail(err, CR_EINPUT, "%s: the %s cannot be written there: %s", path, what, strerror(error));
}

/* "name.partial", from the heap. */
static char *partial_of(const char *path)
{
  static const char suffix[] = ".partial";
  size_t n = strlen(path);
  char *partial = cr_mem_new(n + sizeof suffix, 1);
  if (partial) {
    memcpy(partial, path, n);
    memcpy(partial + n, suffix, sizeof suffix);
  }
  return partial;
}

/* Whether the folder that path lies in can have a file made in it. */
static int check_folder(const char *path, const char *what, struct cr_err *err)
{
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  char *folder = cr_mem_new(n + 2, 1);
  if (!folder)
    return cr_fail_nomem(err, "a file name");
  memcpy(folder, path, n);
  if (n == 0)
    folder[0] = slash ? '/' : '.';
  int rc = CR_OK;
  struct stat st;
  if (stat(folder, &st) != 0)
    rc = cannot_open(path, what, errno, err);
  else if (!S_ISDIR(st.st_mode))
    rc = cannot_open(path, what, ENOTDIR, err);
  else if (access(folder, W_OK | X_OK) != 0)
    rc = cannot_open(path, what, errno, err);
  cr_mem_free(folder);
  return rc;
}

int cr_outfile_check(const char *path, const char *what, int overwrite, struct cr_err *err)
{
  if (!*path)
    return cr_fail(err, CR_EINPUT, "the %s needs a file name; it was empty", what);
  struct stat st;
  if (stat(path, &st) == 0) {
    if (S_ISDIR(st.st_mode))
      return cr_fail(err, CR_EINPUT, "%s: is a folder; give the %s a file name in it", path, what);
    if (!S_ISREG(st.st_mode))
      return CR_OK;
    if (!overwrite)
      return cr_fail(err, CR_EINPUT, "%s: exists already; remove it, choose another name for the %s, or say --force", path,
                     what);
  }
  return check_folder(path, what, err);
}

static int is_special(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static void free_file(struct cr_outfile *f)
{
  if (f->fd >= 0)
    close(f->fd);
  cr_mem_free(f->path);
  cr_mem_free(f->partial);
  cr_mem_free(f);
}

int cr_outfile_new(const char *path, const char *what, int overwrite, struct cr_outfile **out, struct cr_err *err)
{
  int rc = cr_outfile_check(path, what, overwrite, err);
  if (rc != CR_OK)
    return rc;
  struct cr_outfile *f = cr_mem_new(1, sizeof *f);
  if (!f)
    return cr_fail_nomem(err, what);
  f->fd = -1;
  f->what = what;
  int special = is_special(path);
  f->path = cr_mem_new(strlen(path) + 1, 1);
  f->partial = special ? NULL : partial_of(path);
  if (!f->path || (!special && !f->partial)) {
    free_file(f);
    return cr_fail_nomem(err, "a file name");
  }
  memcpy(f->path, path, strlen(path));
  f->fd = special ? open(path, O_WRONLY | O_CLOEXEC)
                  : open(f->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (f->fd < 0) {
    rc = cannot_open(path, what, errno, err);
    free_file(f);
    return rc;
  }
  *out = f;
  return CR_OK;
}

static void write_out(struct cr_outfile *f, const char *bytes, size_t n)
{
  while (n && !f->error) {
    ssize_t done = write(f->fd, bytes, n);
    if (done < 0 && errno != EINTR)
      f->error = errno;
    if (done > 0) {
      bytes += done;
      n -= (size_t)done;
    }
  }
}

void cr_outfile_add(struct cr_outfile *f, const char *bytes, size_t n)
{
  f->n_byte += (int64_t)n;
  if (n > sizeof f->buffer - f->used) {
    write_out(f, f->buffer, f->used);
    f->used = 0;
  }
  if (n > sizeof f->buffer) {
    write_out(f, bytes, n);
    return;
  }
  memcpy(f->buffer + f->used, bytes, n);
  f->used += n;
}

int64_t cr_outfile_bytes(const struct cr_outfile *f)
{
  return f->n_byte;
}

int cr_outfile_state(const struct cr_outfile *f, struct cr_err *err)
{
  return f->error ? cr_outfile_fail(f->path, f->what, f->error, err) : CR_OK;
}

int cr_outfile_close(struct cr_outfile *f, struct cr_err *err)
{
  write_out(f, f->buffer, f->used);
  if (close(f->fd) != 0 && !f->error)
    f->error = errno;
  f->fd = -1;
  if (!f->error && f->partial && rename(f->partial, f->path) != 0)
    f->error = errno;
  int rc = cr_outfile_state(f, err);
  if (rc != CR_OK && f->partial)
    unlink(f->partial);
  free_file(f);
  return rc;
}

void cr_outfile_abandon(struct cr_outfile *f)
{
  if (!f)
    return;
  if (f->partial)
    unlink(f->partial);
  free_file(f);
}
