/* spool_import.c - spools into the store, one process after the other, in the order in which they began.
 *
 * A process that cannot become a model (no kernel, a damaged spool, ops at once in one stream) is left out and said; only when
 * none can is that an error. */
#include "config.h"

#include "traces/spool_import.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/mem.h"
#include "traces/names.h"
#include "traces/sha256.h"
#include "traces/spool.h"
#include "traces/store_int.h"

enum { NAME_MAX_BYTES = 200 };

struct source {
  const char *path, *label; /* label: its file's name alone, for sentences */
  const char *program;      /* the model's name, by the command line */
  uint64_t began_ns;
  uint32_t pid;
};

struct import {
  struct cr_store *s;
  const struct cr_spool_options *opt;
  struct cr_arena *arena;
  struct cr_names *taken;
  struct source *source; /* [n_source] */
  uint32_t n_source, source_cap;
  struct cr_text *said, *missing;
  struct cr_spool_result result;
  struct cr_err last; /* why the last process was left out */
  int has_last;
};

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* -- names --------------------------------------------------------------------------------------------------------- */

/* The next word of a command line, *n bytes; NULL: there is none.  *at moves behind it. */
static const char *next_word(const char **at, size_t *n)
{
  const char *word = *at + strspn(*at, " ");
  *n = strcspn(word, " ");
  *at = word + *n;
  return *n ? word : NULL;
}

/* Behind the last slash of so many bytes; *n is what remains. */
static const char *last_part(const char *word, size_t *n)
{
  size_t from = *n;
  while (from > 0 && word[from - 1] != '/')
    from--;
  *n -= from;
  return word + from;
}

/* The program that python runs: the first word that is no option, or the module of -m; NULL: there is none. */
static const char *python_program(const char *rest, size_t *n)
{
  const char *word;
  while ((word = next_word(&rest, n)) && *word == '-')
    if (*n == 2 && word[1] == 'm')
      return next_word(&rest, n);
  return word;
}

/* "serve" of "python3 -u /srv/serve.py --fast", "infer" of "./infer"; "torch.distributed.run" of "python3 -m ...". */
static void name_program(const char *command, char out[NAME_MAX_BYTES])
{
  size_t n = 0, n_script = 0;
  const char *word = next_word(&command, &n);
  const char *name = word ? last_part(word, &n) : "";
  const char *script = n >= 6 && !memcmp(name, "python", 6) ? python_program(command, &n_script) : NULL;
  if (script) {
    n = n_script;
    name = last_part(script, &n);
  }
  if (n > 3 && !memcmp(name + n - 3, ".py", 3))
    n -= 3;
  if (n)
    snprintf(out, NAME_MAX_BYTES, "%.*s", n < 100 ? (int)n : 100, name);
  else
    snprintf(out, NAME_MAX_BYTES, "process");
}

/* The name of a process's models; a second of the same name gets ".2". */
static const char *take_name(struct import *im, const struct source *src)
{
  char name[2 * NAME_MAX_BYTES];
  const char *prefix = im->opt->prefix ? im->opt->prefix : "", *given = im->opt->model ? im->opt->model : src->program;
  snprintf(name, sizeof name, "%.180s%.180s", prefix, given);
  for (unsigned k = 2; cr_names_find(im->taken, name) != CR_NONE; k++)
    snprintf(name, sizeof name, "%.180s%.180s.%u", prefix, given, k);
  return cr_names_put(im->taken, name) == CR_NONE ? NULL : cr_arena_text(im->arena, name);
}

/* -- which spools there are ---------------------------------------------------------------------------------------- */

static int add_source(struct import *im, const char *path, struct cr_err *err)
{
  struct cr_spool *s = NULL;
  struct cr_err why;
  int rc = cr_spool_open(path, &s, &why);
  if (rc == CR_EINPUT) {
    cr_text_add(im->missing, "%s\n", why.text);
    im->last = why;
    im->has_last = 1;
    return CR_OK;
  }
  if (rc)
    return cr_fail(err, rc, "%s", why.text);
  const struct cr_spool_who *who = cr_spool_who(s);
  char name[NAME_MAX_BYTES];
  struct source src = {
    .path = cr_arena_text(im->arena, path), .began_ns = who->process.realtime_ns, .pid = who->process.pid};
  name_program(*who->command ? who->command : who->program, name);
  src.program = cr_arena_text(im->arena, name);
  cr_spool_close(s);
  if (im->n_source == im->source_cap) {
    uint32_t cap = im->source_cap ? 2 * im->source_cap : 16;
    struct source *grown = cr_mem_resize(im->source, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, path);
    im->source = grown;
    im->source_cap = cap;
  }
  if (!src.path || !src.program)
    return cr_fail_nomem(err, path);
  src.label = base_name(src.path);
  im->source[im->n_source++] = src;
  return CR_OK;
}

static int add_folder(struct import *im, const char *path, struct cr_err *err)
{
  DIR *d = opendir(path);
  uint32_t n = 0;
  int rc = CR_OK;
  if (!d)
    return cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  for (const struct dirent *e; !rc && (e = readdir(d));) {
    struct cr_text file = {0};
    size_t length = strlen(e->d_name), suffix = strlen(CR_SPOOL_SUFFIX);
    if (length <= suffix || strcmp(e->d_name + length - suffix, CR_SPOOL_SUFFIX) != 0)
      continue;
    n++;
    cr_text_add(&file, "%s/%s", path, e->d_name);
    rc = file.failed ? cr_fail_nomem(err, path) : add_source(im, file.s, err);
    cr_text_fini(&file);
  }
  closedir(d);
  if (!rc && !n)
    return cr_fail(err, CR_EINPUT,
                   "%s: has no files NAME%s; `corun collect` leaves them where it could not import them", path,
                   CR_SPOOL_SUFFIX);
  return rc;
}

static int by_begin(const void *a, const void *b)
{
  const struct source *x = a, *y = b;
  if (x->began_ns != y->began_ns)
    return x->began_ns < y->began_ns ? -1 : 1;
  if (x->pid != y->pid)
    return x->pid < y->pid ? -1 : 1;
  return strcmp(x->path, y->path);
}

static int list_sources(struct import *im, const char *const *path, uint32_t n_path, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < n_path; i++) {
    struct stat st;
    rc = stat(path[i], &st)    ? cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path[i], strerror(errno))
         : S_ISDIR(st.st_mode) ? add_folder(im, path[i], err)
                               : add_source(im, path[i], err);
  }
  if (!rc && im->n_source)
    qsort(im->source, im->n_source, sizeof *im->source, by_begin);
  return rc;
}

/* -- a process ----------------------------------------------------------------------------------------------------- */

static int add_models(struct import *im, const struct source *src, struct cr_capture *c,
                      const struct cr_spool_content *content, const char *note, uint32_t *n_model, struct cr_err *err)
{
  char sha[65], tool[80], driver[32];
  struct cr_origin origin = im->opt->origin;
  struct cr_spool_host host = {src->path, content->zero_ns};
  struct cr_spool *s = NULL;
  int rc = cr_spool_open(src->path, &s, err);
  rc = rc ? rc : cr_sha256_file(src->path, sha, err);
  if (!rc) {
    const struct cr_spool_who *who = cr_spool_who(s);
    uint32_t cupti = who->process.cupti_version, cuda = who->process.driver_version;
    snprintf(tool, sizeof tool, "corun collect %.30s, CUPTI %u", who->corun, cupti);
    snprintf(driver, sizeof driver, "CUDA %u.%u", cuda / 1000, cuda % 1000 / 10);
    origin.file = src->label;
    origin.sha256 = sha;
    origin.tool = tool;
    origin.host = origin.host ? origin.host : *who->host ? who->host : NULL;
    origin.driver = origin.driver ? origin.driver : cuda ? driver : NULL;
    origin.command = origin.command ? origin.command : *who->command ? who->command : NULL;
    const struct cr_capture_use use = {.model = take_name(im, src),
                                       .replace = im->opt->replace,
                                       .origin = &origin,
                                       .range = im->opt->range,
                                       .whole = 1,
                                       .note = note,
                                       .said = im->said,
                                       .each_host = content->has_calls ? cr_spool_each_host : NULL,
                                       .source = &host};
    rc = use.model ? cr_capture_add_models(im->s, c, &use, n_model, err) : cr_fail_nomem(err, src->path);
  }
  cr_spool_close(s);
  return rc;
}

static int has_kernel(const struct cr_capture *c)
{
  for (uint32_t i = 0; i < c->n_op; i++)
    if (c->op[i].kind == CR_OP_KERNEL)
      return 1;
  return 0;
}

static int no_kernel(const struct import *im, const struct source *src, const struct cr_spool_content *content,
                     struct cr_err *err)
{
  int windowed = im->opt->from_ns > 0 || im->opt->to_ns != CR_NS_NEVER;
  return cr_fail(err, CR_EINPUT, "%s: process %u (%s) %s", src->label, src->pid, src->program,
                 content->n_kernel && windowed ? "launched no kernel within the window"
                 : content->n_kernel           ? "has no kernel with a time and a shape"
                                               : "launched no kernel");
}

/* All models of the process, or none of them. */
static int in_savepoint(struct import *im, const struct source *src, struct cr_capture *c,
                        const struct cr_spool_content *content, const char *note, struct cr_err *err)
{
  uint32_t n_model = 0;
  struct cr_err undo;
  int rc = cr_store_exec(im->s, "SAVEPOINT process", err);
  if (rc)
    return rc;
  rc = add_models(im, src, c, content, note, &n_model, err);
  if (rc && cr_store_exec(im->s, "ROLLBACK TO process", &undo))
    return cr_fail(err, CR_ERUN, "%s", undo.text);
  int left = cr_store_exec(im->s, "RELEASE process", &undo);
  if (!rc && left)
    return cr_fail(err, left, "%s", undo.text);
  if (!rc) {
    im->result.n_process++;
    im->result.n_model += n_model;
  }
  return rc;
}

static int import_process(struct import *im, const struct source *src, struct cr_err *err)
{
  struct cr_capture c;
  struct cr_spool_content content;
  struct cr_text note = {0};
  if (cr_capture_init(&c, src->label, "record"))
    return cr_fail_nomem(err, src->path);
  int rc = cr_spool_capture(src->path, &im->opt->watch, &c, &content, &note, err);
  if (!rc && note.n)
    cr_text_add(im->missing, "%s", note.s);
  if (!rc && content.n_moved)
    cr_text_add(&note, "%" PRIu64 " ops began up to 5 us before the one before them in their stream had ended: moved\n",
                content.n_moved);
  if (!rc && content.n_without_symbol)
    cr_text_add(&note, "kernels keep their mangled names: there is no C++ runtime here to read them\n");
  if (!rc) {
    im->result.n_record += content.n_record;
    im->result.n_kernel += content.n_kernel;
    c.process[0].name = src->program;
    cr_spool_capture_window(&c, im->opt->from_ns, im->opt->to_ns);
    rc = !has_kernel(&c) ? no_kernel(im, src, &content, err) : in_savepoint(im, src, &c, &content, note.s, err);
  }
  cr_text_fini(&note);
  cr_capture_fini(&c);
  return rc;
}

static int import_all(struct import *im, struct cr_err *err)
{
  for (uint32_t i = 0; i < im->n_source; i++) {
    struct cr_err why;
    int rc = import_process(im, &im->source[i], &why);
    if (rc == CR_EINPUT) {
      if (im->n_source > 1) /* else it is the error itself */
        cr_text_add(im->missing, "left out: %s\n", why.text);
      im->last = why;
      im->has_last = 1;
    } else if (rc)
      return cr_fail(err, rc, "%s", why.text);
  }
  if (im->said->failed || im->missing->failed)
    return cr_fail_nomem(err, "what was read");
  if (im->result.n_model)
    return CR_OK;
  return cr_fail(err, CR_EINPUT, "%s%s", im->has_last ? im->last.text : "there are no spools",
                 im->n_source > 1 ? ", and nothing else could be made a model either" : "");
}

int cr_spool_import(struct cr_store *s, const char *const *path, uint32_t n_path, const struct cr_spool_options *opt,
                    struct cr_text *said, struct cr_text *missing, struct cr_spool_result *out, struct cr_err *err)
{
  struct import im = {.s = s, .opt = opt, .said = said, .missing = missing};
  im.arena = cr_arena_new();
  im.taken = cr_names_new();
  int rc = im.arena && im.taken ? CR_OK : cr_fail_nomem(err, "spools");
  rc = rc ? rc : list_sources(&im, path, n_path, err);
  rc = rc ? rc : import_all(&im, err);
  cr_mem_free(im.source);
  cr_names_free(im.taken);
  cr_arena_free(im.arena);
  if (!rc)
    *out = im.result;
  return rc;
}
