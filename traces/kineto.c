/* kineto.c - makes a model of a Kineto trace: reads it (kineto_read.c), names it, and says where it is from. */
#include "config.h"

#include "traces/kineto.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traces/capture_model.h"
#include "traces/kineto_int.h"
#include "traces/sha256.h"

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void cut_tail(char *s, const char *tail)
{
  size_t n = strlen(s), m = strlen(tail);
  if (n > m && !strcmp(s + n - m, tail))
    s[n - m] = '\0';
}

/* "alexnet-bs1-fp32" of alexnet-bs1-fp32.graph.json.gz; "x.eager" of x.eager.json, since a graph x may be there too. */
static char *model_name(struct kineto_trace *t, const struct cr_kineto_options *opt)
{
  const char *prefix = opt->prefix ? opt->prefix : "", *given = opt->model ? opt->model : base_name(t->c.path);
  size_t n = strlen(prefix), m = strlen(given);
  char *name = cr_arena_take(t->c.arena, n + m + 1, 1);
  if (!name)
    return NULL;
  memcpy(name, prefix, n);
  memcpy(name + n, given, m);
  static const char *const tail[] = {".gz", ".json", ".pt.trace", ".graph"};
  for (size_t i = 0; i < sizeof tail / sizeof *tail && !opt->model; i++)
    cut_tail(name + n, tail[i]);
  return name;
}

/* Goes through the host events of a file once more. */
struct second_pass {
  const char *path;
  const struct cr_kineto_options *opt;
};

static int each_host(void *source, cr_capture_on_host *each, void *ctx, struct cr_err *err)
{
  const struct second_pass *pass = source;
  return kineto_each_host(pass->path, pass->opt, each, ctx, err);
}

static int has_kernel(const struct cr_capture *c)
{
  for (uint32_t i = 0; i < c->n_op; i++)
    if (c->op[i].kind == CR_OP_KERNEL)
      return 1;
  return 0;
}

static int add_model(struct cr_store *s, struct kineto_trace *t, const struct cr_kineto_options *opt, struct cr_err *err)
{
  char sha[65], tool[64], driver[32];
  struct cr_origin origin = opt->origin;
  struct second_pass pass = {t->c.path, opt};
  const struct cr_capture_use use = {.model = model_name(t, opt),
                                     .replace = opt->replace,
                                     .origin = &origin,
                                     .each_host = each_host,
                                     .source = &pass};
  int rc = use.model ? cr_sha256_file(t->c.path, sha, err) : cr_fail_nomem(err, t->c.path);
  if (rc)
    return rc;
  snprintf(tool, sizeof tool, t->schema == CR_UNKNOWN ? "kineto" : "kineto schema %" PRId64, t->schema);
  snprintf(driver, sizeof driver, "CUDA %" PRId64 ".%" PRId64, t->driver / 1000, t->driver % 1000 / 10);
  origin.file = base_name(t->c.path);
  origin.sha256 = sha;
  origin.tool = tool;
  origin.driver = origin.driver ? origin.driver : t->driver > 0 ? driver : NULL;
  return cr_capture_add_model(s, &t->c, &use, err);
}

int cr_kineto_import(struct cr_store *s, const char *path, const struct cr_kineto_options *opt, struct cr_err *err)
{
  struct kineto_trace t = {0};
  int rc = kineto_read(path, opt, &t, err);
  if (!rc && !has_kernel(&t.c))
    rc = cr_fail(err, CR_EINPUT, "%s: has %" PRIu64 " events but no kernel; record it with GPU activities switched on",
                 path, t.n_event);
  if (!rc)
    rc = add_model(s, &t, opt, err);
  cr_capture_fini(&t.c);
  return rc;
}
