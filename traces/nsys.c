/* nsys.c - makes models of an export of Nsight Systems: reads it (nsys_read.c), names them, and says where they are from. */
#include "config.h"

#include "traces/nsys.h"

#include <stdio.h>
#include <string.h>

#include "traces/nsys_int.h"
#include "traces/sha256.h"

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void cut_tail(struct cr_text *t, const char *tail)
{
  size_t n = strlen(tail);
  if (t->n > n && !strcmp(t->s + t->n - n, tail))
    t->s[t->n -= n] = '\0';
}

static void model_name(const char *path, const struct cr_nsys_options *opt, struct cr_text *out)
{
  cr_text_add(out, "%s%s", opt->prefix ? opt->prefix : "", opt->model ? opt->model : base_name(path));
  if (opt->model || out->failed)
    return;
  cut_tail(out, ".sqlite");
  cut_tail(out, ".nsys-rep");
}

/* CUDA calls were kept: they are few words each. */
static int each_host(void *source, cr_capture_on_host *each, void *ctx, struct cr_err *err)
{
  const struct cr_nsys_trace *t = source;
  (void)err;
  for (uint32_t i = 0; i < t->n_host; i++)
    each(ctx, t->host[i].start_ns, t->host[i].process, t->host[i].tid, 1);
  return CR_OK;
}

static int add_models(struct cr_store *s, struct cr_nsys_trace *t, const struct cr_nsys_options *opt, uint32_t *n_model,
                      struct cr_err *err)
{
  char sha[65], tool[96];
  struct cr_text name = {0};
  struct cr_origin origin = opt->origin;
  int rc = cr_sha256_file(t->db.path, sha, err);
  if (rc)
    return rc;
  snprintf(tool, sizeof tool, "nsys %s, schema %s", t->db.product, t->db.schema);
  origin.file = base_name(t->db.path);
  origin.sha256 = sha;
  origin.tool = tool;
  model_name(t->db.path, opt, &name);
  const struct cr_capture_use use = {.model = name.s,
                                     .replace = opt->replace,
                                     .origin = &origin,
                                     .range = opt->range,
                                     .note = t->note.s,
                                     .said = opt->said,
                                     .each_host = each_host,
                                     .source = t};
  rc = name.failed ? cr_fail_nomem(err, t->db.path) : cr_capture_add_models(s, &t->c, &use, n_model, err);
  cr_text_fini(&name);
  return rc;
}

int cr_nsys_import(struct cr_store *s, const char *path, const struct cr_nsys_options *opt, uint32_t *n_model,
                   struct cr_err *err)
{
  struct cr_nsys_trace t;
  int rc = nsys_read(path, opt, &t, err);
  if (!rc && opt->device)
    rc = nsys_describe_device(&t, opt->device, err);
  if (!rc)
    rc = add_models(s, &t, opt, n_model, err);
  if (!rc && opt->said && t.note.s)
    cr_text_add(opt->said, "%s", t.note.s);
  nsys_trace_fini(&t);
  return rc;
}
