/* orion.c - makes a model of a profile of Orion's.
 *
 * SM_usage is how many SMs an operator needs, ceil(blocks / blocks that fit on an SM): neither its grid nor its block are in the
 * file.  So it becomes as many blocks, each of which fills an SM: with as many threads as a block of the device can have, and
 * one to an SM.  Two operators then run beside each other only where their SMs together are no more than there are, which is
 * how Orion's scheduler sees them.
 *
 * Left out: Memory_footprint, which is always 0, and the class of each operator (Profile 1 compute, 0 memory, -1 unknown), of
 * which the report says how many there are of each. */
#include "config.h"

#include "traces/orion.h"

#include <string.h>

#include "sim/machine.h"
#include "sim/mem.h"
#include "sim/text.h"
#include "traces/csv.h"
#include "traces/device_file.h"
#include "traces/sha256.h"

enum {
  PLACEHOLDER_NS = 100, /* nothing that ran is as short; placeholders of the artifact have 7 ns in every row */
  SMS_MAX = 1 << 20,
};

struct import {
  const char *path;
  const struct cr_orion_options *opt;
  struct cr_arena *arena;
  struct cr_device_desc device;
  struct cr_op_spec *op; /* [n_op] of cap, on the heap */
  uint32_t n_op, cap;
  uint32_t n_class[3]; /* by Profile + 1: unknown, memory, compute */
  struct cr_text report;
};

static int add_op(struct import *im, const char *name, int64_t sms, int64_t duration_ns, struct cr_err *err)
{
  if (im->n_op == im->cap) {
    uint32_t cap = im->cap ? 2 * im->cap : 256;
    struct cr_op_spec *grown = cap > im->cap ? cr_mem_resize(im->op, cap, sizeof *grown) : NULL;
    if (!grown)
      return cr_fail_nomem(err, im->path);
    im->op = grown;
    im->cap = cap;
  }
  struct cr_op_spec *op = &im->op[im->n_op++];
  *op = cr_op_unknown(cr_arena_text(im->arena, name), CR_OP_KERNEL, duration_ns);
  op->blocks = (uint32_t)sms;
  op->threads = im->device.block_threads_max;
  op->sm_blocks = 1;
  return op->name ? CR_OK : cr_fail_nomem(err, im->path);
}

struct columns {
  int name, class, sms, duration;
};

static int read_row(struct import *im, const struct cr_csv *csv, const struct columns *c, struct cr_err *err)
{
  int64_t class = 0, sms = 0, duration_ns = 0;
  int rc = cr_csv_i64(csv, c->class, -1, &class, err);
  rc = rc ? rc : cr_csv_i64(csv, c->sms, 0, &sms, err);
  rc = rc ? rc : cr_csv_i64(csv, c->duration, 0, &duration_ns, err);
  if (rc)
    return rc;
  const char *name = cr_csv_field(csv, c->name), *why = NULL;
  if (!*name)
    why = "Name is empty";
  else if (class < -1 || class > 1)
    why = "Profile is none of 1 (compute), 0 (memory) and -1 (unknown)";
  else if (sms < 1 || sms > SMS_MAX)
    why = "SM_usage must be at least 1: how many SMs the operator needs";
  else if (duration_ns < 1)
    why = "Duration must be at least 1 ns";
  if (why)
    return cr_fail(err, CR_EINPUT, "%s:%u: %s", im->path, cr_csv_line(csv), why);
  im->n_class[class + 1]++;
  return add_op(im, name, sms, duration_ns, err);
}

static int read_rows(struct import *im, struct cr_err *err)
{
  struct cr_csv *csv;
  struct columns c;
  int rc = cr_csv_open(im->path, &csv, err);
  if (rc)
    return rc;
  rc = cr_csv_need(csv, "Name", &c.name, err);
  rc = rc ? rc : cr_csv_need(csv, "Profile", &c.class, err);
  rc = rc ? rc : cr_csv_need(csv, "SM_usage", &c.sms, err);
  rc = rc ? rc : cr_csv_need(csv, "Duration", &c.duration, err);
  for (int more; !rc && (more = cr_csv_next(csv, err)) != 0;)
    rc = more < 0 ? cr_fail_in(err, more, "a name with a comma in it must be in quotes") : read_row(im, csv, &c, err);
  cr_csv_close(csv);
  return rc;
}

/* Profiles that were never taken have the same few ns in every row. */
static int check_times(const struct import *im, struct cr_err *err)
{
  if (!im->n_op)
    return cr_fail(err, CR_EINPUT, "%s: has no operators", im->path);
  for (uint32_t i = 0; i < im->n_op; i++)
    if (im->op[i].duration_ns >= PLACEHOLDER_NS)
      return CR_OK;
  return cr_fail(err, CR_EINPUT, "%s: is a placeholder: no operator takes longer than %d ns", im->path,
                 PLACEHOLDER_NS - 1);
}

static int add_to_store(struct cr_store *s, struct import *im, struct cr_err *err)
{
  char sha[65];
  const struct cr_orion_options *opt = im->opt;
  const char *slash = strrchr(im->path, '/'), *base = slash ? slash + 1 : im->path;
  struct cr_text name = {0};
  cr_text_add(&name, "%s%s", opt->prefix ? opt->prefix : "", opt->model ? opt->model : base);
  cr_text_add(&im->report,
              "operators by SMs needed, each block of them fills one; of each operator's class nothing is kept: "
              "%u compute, %u memory, %u unknown\n",
              im->n_class[2], im->n_class[1], im->n_class[0]);
  int rc = name.failed || im->report.failed ? cr_fail_nomem(err, im->path) : cr_sha256_file(im->path, sha, err);
  if (!rc) {
    const struct cr_model_spec model = cr_model_unknown(name.s, im->op, im->n_op);
    const struct cr_recording recording = {
      .class = "graph", .n_iteration = 1, .period_ns = CR_NS_NEVER, .report = im->report.s};
    struct cr_origin origin = opt->origin;
    origin.file = base;
    origin.sha256 = sha;
    origin.tool = "orion profile";
    origin.gpu = origin.gpu ? origin.gpu : im->device.about;
    rc = cr_store_add_model(s, &model, &recording, &origin, opt->replace, err);
  }
  cr_text_fini(&name);
  return rc;
}

int cr_orion_import(struct cr_store *s, const char *path, const struct cr_orion_options *opt, struct cr_err *err)
{
  struct import im = {.path = path, .opt = opt, .arena = cr_arena_new()};
  if (!im.arena)
    return cr_fail_nomem(err, path);
  int rc = cr_device_load(opt->device ? opt->device : "v100", NULL, 0, im.arena, &im.device, err);
  rc = rc ? rc : read_rows(&im, err);
  rc = rc ? rc : check_times(&im, err);
  rc = rc ? rc : add_to_store(s, &im, err);
  cr_text_fini(&im.report);
  cr_mem_free(im.op);
  cr_arena_free(im.arena);
  return rc;
}
