/* standin_cache.c - reads and adds lines of numbers. */
#include "config.h"

#include "sim/standin_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/mem.h"
#include "sim/text.h"

enum { LINE = 512, NUMBERS = CR_STANDIN_KEYS + 5 };

static const int64_t LONGEST_NS = INT64_C(3600000000000); /* an hour: no kernel takes longer, so that a line that says so is damaged */

struct entry {
  struct cr_standin_key key;
  struct cr_standin_found found;
};

struct cr_standin_cache {
  struct cr_text folder, path, added;
  int is_named; /* the folder, by the user */
  struct entry *entry;
  uint32_t n, cap;
};

uint64_t cr_standin_cache_hash(uint64_t hash, const char *text)
{
  const uint64_t basis = UINT64_C(0xCBF29CE484222325), prime = UINT64_C(0x100000001B3);
  hash = hash ? hash : basis;
  for (; *text; text++)
    hash = (hash ^ (unsigned char)*text) * prime;
  return hash;
}

/* --- where -------------------------------------------------------------------------------------------------------- */

static void name_folder(struct cr_standin_cache *c)
{
  const char *named = getenv("CORUN_STANDIN_CACHE"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  c->is_named = named != NULL;
  if (named)
    cr_text_add(&c->folder, "%s", named);
  else if (cache && *cache)
    cr_text_add(&c->folder, "%s/corun", cache);
  else if (home && *home)
    cr_text_add(&c->folder, "%s/.cache/corun", home);
}

/* And those above it. */
static int make_folder(char *path)
{
  for (char *at = path + 1;; at++) {
    if (*at != '/' && *at != '\0')
      continue;
    char was = *at;
    *at = '\0';
    int failed = mkdir(path, 0777) && errno != EEXIST;
    *at = was;
    if (failed || !was)
      return failed ? -1 : 0;
  }
}

static int refuse(const struct cr_standin_cache *c, const char *what, struct cr_err *err)
{
  return cr_fail(err, CR_EINPUT, "%s: measured stand-ins cannot be %s: %s; CORUN_STANDIN_CACHE names a folder for them",
                 c->path.s, what, strerror(errno));
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static int add_entry(struct cr_standin_cache *c, const struct entry *e, struct cr_err *err)
{
  if (c->n == c->cap) {
    uint32_t cap = c->cap ? 2 * c->cap : 256;
    struct entry *more = cr_mem_resize(c->entry, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "measured stand-ins");
    c->entry = more;
    c->cap = cap;
  }
  c->entry[c->n++] = *e;
  return CR_OK;
}

/* Numbers in decimal, then their text's hash: whether the line is whole. */
static int read_line(const char *line, struct entry *out)
{
  int64_t number[NUMBERS];
  char *end = NULL;
  const char *at = line;
  for (int i = 0; i < NUMBERS; i++, at = end) {
    errno = 0;
    number[i] = strtoll(at, &end, 10);
    if (end == at || errno)
      return 0;
  }
  char text[LINE];
  size_t len = (size_t)(at - line);
  if (len >= sizeof text)
    return 0;
  memcpy(text, line, len);
  text[len] = '\0';
  errno = 0;
  uint64_t sum = strtoull(at, &end, 16);
  if (end == at || errno || *end != '\n' || sum != cr_standin_cache_hash(0, text))
    return 0;
  const int64_t *value = number + CR_STANDIN_KEYS;
  if (value[0] < 0 || value[0] > UINT32_MAX || value[1] < 0 || value[1] > UINT32_MAX || value[2] <= 0 ||
      value[2] > LONGEST_NS || value[3] <= 0 || value[3] > LONGEST_NS * 1000000 || value[4] < 0 || value[4] > value[1])
    return 0;
  memcpy(out->key.number, number, sizeof out->key.number);
  out->found = (struct cr_standin_found){(uint32_t)value[0], (uint32_t)value[1], (double)value[2],
                                         (double)value[3] / 1e6, (uint32_t)value[4]};
  return 1;
}

static void write_line(struct cr_text *out, const struct entry *e)
{
  char text[LINE];
  int n = 0;
  for (int i = 0; i < CR_STANDIN_KEYS; i++)
    n += snprintf(text + n, sizeof text - (size_t)n, "%s%" PRId64, i ? " " : "", e->key.number[i]);
  snprintf(text + n, sizeof text - (size_t)n, " %u %u %" PRId64 " %" PRId64 " %u", e->found.rounds, e->found.chunks,
           (int64_t)e->found.measured_ns, (int64_t)ceil(1e6 * e->found.slope_ns), e->found.dram_chunks);
  cr_text_add(out, "%s %016" PRIx64 "\n", text, cr_standin_cache_hash(0, text));
}

static int read_file(struct cr_standin_cache *c, struct cr_err *err)
{
  char line[LINE];
  struct entry e;
  FILE *f = fopen(c->path.s, "r");
  if (!f)
    return errno == ENOENT || !c->is_named ? CR_OK : refuse(c, "read", err);
  int rc = CR_OK;
  while (!rc && fgets(line, sizeof line, f))
    if (read_line(line, &e))
      rc = add_entry(c, &e, err);
  fclose(f);
  return rc;
}

/* --- opening, asking, closing ------------------------------------------------------------------------------------- */

int cr_standin_cache_open(const char *gpu, int32_t driver, uint64_t text, struct cr_standin_cache **out,
                          struct cr_err *err)
{
  struct cr_standin_cache *c = cr_mem_new(1, sizeof *c);
  if (!c)
    return cr_fail_nomem(err, "measured stand-ins");
  name_folder(c);
  if (!c->folder.n && !c->folder.failed) {
    cr_standin_cache_free(c);
    *out = NULL;
    return CR_OK;
  }
  char said[64];
  snprintf(said, sizeof said, ", driver %d, text %016" PRIx64, driver, text);
  uint64_t name = cr_standin_cache_hash(cr_standin_cache_hash(0, gpu), said);
  cr_text_add(&c->path, "%s/standins-%016" PRIx64 ".txt", c->folder.s ? c->folder.s : "", name);
  cr_text_add(&c->added, "# stand-ins of kernels on %s%s\n", gpu, said);
  int rc = c->folder.failed || c->path.failed || c->added.failed ? cr_fail_nomem(err, "measured stand-ins") : CR_OK;
  if (!rc && make_folder(c->folder.s) && c->is_named)
    rc = refuse(c, "kept", err);
  rc = rc ? rc : read_file(c, err);
  if (rc) {
    cr_standin_cache_free(c);
    return rc;
  }
  *out = c;
  return CR_OK;
}

/* From the latest on. */
int cr_standin_cache_find(const struct cr_standin_cache *c, const struct cr_standin_key *key,
                          struct cr_standin_found *out)
{
  for (uint32_t i = c ? c->n : 0; i-- > 0;)
    if (memcmp(&c->entry[i].key, key, sizeof *key) == 0) {
      *out = c->entry[i].found;
      return 1;
    }
  return 0;
}

int cr_standin_cache_put(struct cr_standin_cache *c, const struct cr_standin_key *key,
                         const struct cr_standin_found *found, struct cr_err *err)
{
  if (!c)
    return CR_OK;
  const struct entry e = {*key, *found};
  write_line(&c->added, &e);
  return add_entry(c, &e, err);
}

void cr_standin_cache_forget(struct cr_standin_cache *c)
{
  c->n = 0;
}

/* In one piece, behind what others have added; after half a line on a line of its own. */
static int write_added(const struct cr_standin_cache *c)
{
  int fd = open(c->path.s, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0)
    return -1;
  int rc = flock(fd, LOCK_EX);
  off_t size = rc ? 0 : lseek(fd, 0, SEEK_END);
  char last = '\n';
  if (!rc && size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n')
    rc = write(fd, "\n", 1) == 1 ? 0 : -1;
  const char *text = c->added.s;
  for (size_t left = c->added.n; !rc && left;) {
    ssize_t n = write(fd, text, left);
    if (n < 0 && errno != EINTR)
      rc = -1;
    text += n > 0 ? n : 0;
    left -= n > 0 ? (size_t)n : 0;
  }
  return close(fd) || rc ? -1 : 0;
}

int cr_standin_cache_close(struct cr_standin_cache *c, struct cr_err *err)
{
  int rc = CR_OK, has_more = c && strchr(c->added.s, '\n') + 1 < c->added.s + c->added.n;
  if (c && c->added.failed)
    rc = cr_fail_nomem(err, "measured stand-ins");
  else if (has_more && write_added(c) && c->is_named)
    rc = refuse(c, "written", err);
  cr_standin_cache_free(c);
  return rc;
}

void cr_standin_cache_free(struct cr_standin_cache *c)
{
  if (!c)
    return;
  cr_text_fini(&c->folder);
  cr_text_fini(&c->path);
  cr_text_fini(&c->added);
  cr_mem_free(c->entry);
  cr_mem_free(c);
}
