/* spool_tally.c - goes from chunk to chunk of each spool of a folder, from where it was. */
#include "config.h"

#include "traces/spool_tally.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/mem.h"
#include "sim/text.h"
#include "traces/names.h"
#include "traces/spool_layout.h"

enum { SPOOL_MOST = 4096 }; /* further ones are not counted */

struct file {
  uint64_t at, n_record; /* at: behind the last whole chunk */
};

struct cr_spool_tally {
  const char *folder;
  struct cr_names *name;        /* by number in file */
  struct file file[SPOOL_MOST]; /* [n names] */
};

struct cr_spool_tally *cr_spool_tally_new(const char *folder)
{
  struct cr_spool_tally *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return NULL;
  t->folder = folder;
  t->name = cr_names_new();
  if (!t->name) {
    cr_mem_free(t);
    return NULL;
  }
  return t;
}

void cr_spool_tally_free(struct cr_spool_tally *t)
{
  if (!t)
    return;
  cr_names_free(t->name);
  cr_mem_free(t);
}

static void look(struct file *f, const char *path)
{
  struct cr_spool_chunk chunk;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  off_t end = lseek(fd, 0, SEEK_END);
  if (!f->at)
    f->at = sizeof(struct cr_spool_file);
  while (pread(fd, &chunk, sizeof chunk, (off_t)f->at) == (ssize_t)sizeof chunk &&
         chunk.magic == CR_SPOOL_CHUNK_MAGIC && chunk.n_bytes <= CR_SPOOL_CHUNK_BYTES_MAX &&
         (off_t)(f->at + sizeof chunk + chunk.n_bytes) <= end) {
    f->at += sizeof chunk + chunk.n_bytes;
    f->n_record += chunk.n_record;
  }
  close(fd);
}

struct cr_spool_sum cr_spool_tally_now(struct cr_spool_tally *t)
{
  struct cr_spool_sum sum = {0};
  DIR *d = opendir(t->folder);
  for (const struct dirent *e; d && (e = readdir(d));) {
    struct cr_text path = {0};
    size_t n = strlen(e->d_name), suffix = strlen(CR_SPOOL_SUFFIX);
    if (n <= suffix || strcmp(e->d_name + n - suffix, CR_SPOOL_SUFFIX) != 0)
      continue;
    uint32_t i = cr_names_put(t->name, e->d_name);
    cr_text_add(&path, "%s/%s", t->folder, e->d_name);
    if (i < SPOOL_MOST && !path.failed)
      look(&t->file[i], path.s);
    cr_text_fini(&path);
  }
  if (d)
    closedir(d);
  for (uint32_t i = 0; i < cr_names_count(t->name) && i < SPOOL_MOST; i++) {
    sum.n_spool++;
    sum.n_record += t->file[i].n_record;
    sum.n_bytes += t->file[i].at;
  }
  return sum;
}
