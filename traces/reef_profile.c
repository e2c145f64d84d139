/* reef_profile.c - makes a model of a schedule and a profile of REEF's artifact.
 *
 * Kernels were profiled one by one, in steps of 2 us with a floor of some 12: their sum is up to 2.3 times what the model takes
 * when its kernels follow each other.  So each kernel's time, and its times by occupancy, are scaled by one factor, such that
 * the sum is the model's latency to the nanosecond: whole ns go to the largest remainders.  Gaps between kernels are in the
 * model's latency, hence in the kernels.
 *
 * Entry k of a kernel's `latency` is the time of one round of blocks with k + 1 of them on a compute unit, up to as many as fit.
 * Kernels may be run again from their start: REEF's premise for DNN inference (section 2.3 of the paper), on which its
 * preemption rests.  Registers are not in the files.
 *
 * Memory: the artifact allocates every entry of `storage` when it loads a model, and keeps it: their sum is persistent.  Those
 * that a caller fills (top-level `args`), less the first of them, which is the input, are weights. */
#include "config.h"

#include "traces/reef_profile.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/text.h"
#include "traces/json.h"
#include "traces/sha256.h"

/* Below it the profile says little of single kernels: 'resnet' of the artifact has 0.43, all others 0.61 and more. */
static const double FACTOR_DOUBTFUL = 0.6;

/* No time in these files is longer: a thousand seconds. */
static const double LATENCY_MAX_US = 1e9;

static const char PROFILE_TAIL[] = ".profile.json", SCHEDULE_TAIL[] = ".json";

struct import {
  const char *path;
  const struct cr_reef_options *opt;
  struct cr_arena *arena;
  struct cr_json_place schedule, profile;
  struct cr_op_spec *op;
  uint32_t n_op;
  cr_ns model_ns, sum_ns; /* latency of the model; of its kernels alone, added up */
  int64_t all_bytes, weight_bytes;
  struct cr_text report;
};

/* -- names of files -- */

static int ends_in(const char *text, const char *tail)
{
  size_t n = strlen(text), m = strlen(tail);
  return n > m && !strcmp(text + n - m, tail);
}

int cr_reef_is_profile(const char *path)
{
  return ends_in(path, PROFILE_TAIL);
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* The text up to where `tail` begins, and `more` instead; NULL without memory. */
static const char *with_tail(struct import *im, const char *text, const char *tail, const char *before,
                             const char *more)
{
  struct cr_text t = {0};
  size_t n = strlen(text) - (ends_in(text, tail) ? strlen(tail) : 0);
  cr_text_add(&t, "%s%.*s%s", before, (int)n, text, more);
  const char *kept = t.failed ? NULL : cr_arena_text(im->arena, t.s);
  cr_text_fini(&t);
  return kept;
}

/* -- memory -- */

static const struct {
  const char *name;
  int64_t bytes;
} SCALAR[] = {{"float32", 4}, {"float64", 8}, {"float16", 2}, {"int64", 8}, {"int32", 4}, {"int16", 2},
              {"int8", 1},    {"uint8", 1},   {"byte", 1},    {"uint1", 1}, {"bool", 1}};

static int storage_bytes(const struct cr_json_place *storage, uint32_t i, int64_t *out, struct cr_err *err)
{
  struct cr_json_place entry, size, type;
  int64_t n = 0, scalar = 0;
  int rc = cr_json_element(storage, i, CR_JSON_OBJECT, &entry, err);
  rc = rc ? rc : cr_json_member(&entry, "size", CR_JSON_NUMBER, &size, err);
  rc = rc ? rc : cr_json_integer(&size, 0, INT64_C(1) << 40, &n, err);
  rc = rc ? rc : cr_json_member(&entry, "stype", CR_JSON_TEXT, &type, err);
  if (rc)
    return rc;
  for (size_t k = 0; k < sizeof SCALAR / sizeof *SCALAR; k++)
    if (!strcmp(cr_json_text(&type), SCALAR[k].name))
      scalar = SCALAR[k].bytes;
  if (!scalar)
    return cr_json_fail(&type, err, "'%.40s' is no type of scalar that is known: float32, int64, byte, ...",
                        cr_json_text(&type));
  *out = n * scalar;
  return CR_OK;
}

/* A list of places in storage; what they add up to, the first left out where skip_first. */
static int add_up(const struct cr_json_place *args, const struct cr_json_place *storage, int skip_first, int64_t *sum,
                  struct cr_err *err)
{
  for (uint32_t i = 0; i < cr_json_count(args); i++) {
    struct cr_json_place at;
    int64_t index = 0, bytes = 0;
    int rc = cr_json_element(args, i, CR_JSON_NUMBER, &at, err);
    rc = rc ? rc : cr_json_integer(&at, INT64_MIN, INT64_MAX, &index, err);
    if (!rc && (index < 0 || index >= cr_json_count(storage)))
      return cr_json_fail(&at, err, "%" PRId64 " is no place in storage, which has %u entries", index,
                          cr_json_count(storage));
    rc = rc ? rc : storage_bytes(storage, (uint32_t)index, &bytes, err);
    if (rc)
      return rc;
    *sum += i || !skip_first ? bytes : 0;
  }
  return CR_OK;
}

static int read_memory(struct import *im, struct cr_json_place *storage, struct cr_err *err)
{
  struct cr_json_place args;
  int rc = cr_json_member(&im->schedule, "storage", CR_JSON_LIST, storage, err);
  for (uint32_t i = 0; !rc && i < cr_json_count(storage); i++) {
    int64_t bytes = 0;
    rc = storage_bytes(storage, i, &bytes, err);
    im->all_bytes += bytes;
  }
  rc = rc ? rc : cr_json_member(&im->schedule, "args", CR_JSON_LIST, &args, err);
  return rc ? rc : add_up(&args, storage, 1, &im->weight_bytes, err);
}

/* -- times -- */

static int read_us(const struct cr_json_place *at, cr_ns *out, struct cr_err *err)
{
  double us = 0;
  int rc = cr_json_real(at, &us, err);
  if (rc)
    return rc;
  if (!(us >= 0.001) || us > LATENCY_MAX_US)
    return cr_json_fail(at, err, "a time in us, above 0 and at most 1e9, is expected here");
  *out = llround(us * 1e3);
  return CR_OK;
}

/* The kernel's entry in the profile, which must be the only one of its name. */
static int find_times(const struct cr_json_place *kernels, const struct cr_json_place *name, struct cr_json_place *out,
                      struct cr_err *err)
{
  struct cr_json_place list, again = {0};
  int rc = cr_json_optional(kernels, cr_json_text(name), CR_JSON_OBJECT, out, err);
  if (!rc && !out->value)
    return cr_json_fail(name, err, "kernel %.80s is not in kernel_latency of %s", cr_json_text(name), kernels->path);
  rc = rc ? rc : cr_json_member(out, "latency", CR_JSON_LIST, &list, err);
  for (uint32_t i = 0; !rc && i < cr_json_count(kernels); i++) {
    struct cr_json_place other;
    rc = cr_json_element(kernels, i, CR_JSON_OBJECT, &other, err);
    if (rc || other.value == out->value || strcmp(other.key, out->key))
      continue;
    rc = cr_json_member(&other, "latency", CR_JSON_LIST, &again, err);
    if (!rc)
      return cr_json_fail(&other, err, "is there twice, with tables of %u and %u entries", cr_json_count(&list),
                          cr_json_count(&again));
  }
  return rc;
}

static int read_times(struct import *im, const struct cr_json_place *times, struct cr_op_spec *op, struct cr_err *err)
{
  struct cr_json_place total, list, entry;
  int rc = cr_json_member(times, "total_latency", CR_JSON_NUMBER, &total, err);
  rc = rc ? rc : read_us(&total, &op->duration_ns, err);
  rc = rc ? rc : cr_json_member(times, "latency", CR_JSON_LIST, &list, err);
  if (rc)
    return rc;
  uint32_t n = cr_json_count(&list);
  if (!n)
    return cr_json_fail(&list, err, "is empty; a time for each number of blocks on a compute unit is expected");
  cr_ns *ns = cr_arena_take(im->arena, n, sizeof *ns);
  if (!ns)
    return cr_fail_nomem(err, im->path);
  for (uint32_t i = 0; !rc && i < n; i++) {
    rc = cr_json_element(&list, i, CR_JSON_NUMBER, &entry, err);
    rc = rc ? rc : read_us(&entry, &ns[i], err);
  }
  op->block_ns = ns;
  op->n_block_ns = op->sm_blocks = n;
  return rc;
}

/* -- kernels -- */

static int read_launch(const struct cr_json_place *kernel, struct cr_op_spec *op, struct cr_err *err)
{
  struct cr_json_place list;
  int64_t product[2] = {1, 1};
  int rc = cr_json_member(kernel, "launch_params", CR_JSON_LIST, &list, err);
  if (!rc && cr_json_count(&list) != 6)
    return cr_json_fail(&list, err, "six numbers are expected, grid and block in x, y and z; there are %u",
                        cr_json_count(&list));
  for (uint32_t i = 0; !rc && i < 6; i++) {
    struct cr_json_place at;
    int64_t n = 0;
    rc = cr_json_element(&list, i, CR_JSON_NUMBER, &at, err);
    rc = rc ? rc : cr_json_integer(&at, 1, INT32_MAX, &n, err);
    if (!rc && __builtin_mul_overflow(product[i / 3], n, &product[i / 3]))
      product[i / 3] = INT64_MAX;
  }
  if (!rc && (product[0] >= CR_NONE || product[1] >= CR_NONE))
    return cr_json_fail(&list, err, "more blocks or threads than any device runs");
  op->blocks = (uint32_t)product[0];
  op->threads = (uint32_t)product[1];
  return rc;
}

/* What its blocks need of the LDS; 0 where the schedule names none. */
static int read_shared(const struct import *im, const char *name, struct cr_op_spec *op, struct cr_err *err)
{
  struct cr_json_place shared, bytes;
  int rc = cr_json_member(&im->schedule, "shared_memory", CR_JSON_OBJECT, &shared, err);
  rc = rc ? rc : cr_json_optional(&shared, name, CR_JSON_NUMBER, &bytes, err);
  op->smem_bytes = 0;
  return rc || !bytes.value ? rc : cr_json_integer(&bytes, 0, INT32_MAX, &op->smem_bytes, err);
}

static int read_kernel(struct import *im, const struct cr_json_place *list, uint32_t i,
                       const struct cr_json_place *storage, const struct cr_json_place *latency, struct cr_err *err)
{
  struct cr_json_place kernel, name, args, times;
  struct cr_op_spec *op = &im->op[i];
  int64_t bytes = 0;
  *op = cr_op_unknown(NULL, CR_OP_KERNEL, 0);
  op->gap_ns = 0;
  op->smem_bytes = 0;
  op->idempotent = CR_YES;
  int rc = cr_json_element(list, i, CR_JSON_OBJECT, &kernel, err);
  rc = rc ? rc : cr_json_member(&kernel, "name", CR_JSON_TEXT, &name, err);
  if (!rc && !*cr_json_text(&name))
    return cr_json_fail(&name, err, "the kernel has no name");
  rc = rc ? rc : read_launch(&kernel, op, err);
  rc = rc ? rc : cr_json_member(&kernel, "args", CR_JSON_LIST, &args, err);
  rc = rc ? rc : add_up(&args, storage, 0, &bytes, err);
  rc = rc ? rc : read_shared(im, cr_json_text(&name), op, err);
  rc = rc ? rc : find_times(latency, &name, &times, err);
  rc = rc ? rc : read_times(im, &times, op, err);
  if (rc)
    return rc;
  op->name = cr_json_text(&name);
  im->sum_ns = cr_ns_add(im->sum_ns, op->duration_ns);
  return CR_OK;
}

static int read_kernels(struct import *im, struct cr_err *err)
{
  struct cr_json_place storage, list, latency, model;
  int rc = read_memory(im, &storage, err);
  rc = rc ? rc : cr_json_member(&im->profile, "model_latency", CR_JSON_NUMBER, &model, err);
  rc = rc ? rc : read_us(&model, &im->model_ns, err);
  rc = rc ? rc : cr_json_member(&im->profile, "kernel_latency", CR_JSON_OBJECT, &latency, err);
  rc = rc ? rc : cr_json_member(&im->schedule, "kernels", CR_JSON_LIST, &list, err);
  if (rc)
    return rc;
  im->n_op = cr_json_count(&list);
  if (!im->n_op)
    return cr_json_fail(&list, err, "is empty; a model has one kernel at least");
  im->op = cr_arena_take(im->arena, im->n_op, sizeof *im->op);
  if (!im->op)
    return cr_fail_nomem(err, im->path);
  for (uint32_t i = 0; !rc && i < im->n_op; i++)
    rc = read_kernel(im, &list, i, &storage, &latency, err);
  return rc;
}

/* -- scaling -- */

struct share {
  int64_t rest; /* of the division */
  uint32_t i;
};

static int by_rest(const void *a, const void *b)
{
  const struct share *x = a, *y = b;
  if (x->rest != y->rest)
    return x->rest > y->rest ? -1 : 1;
  return x->i < y->i ? -1 : x->i > y->i;
}

/* The kernels' times add up to the model's: each gets the whole ns of its share, and those with the largest rests one more. */
static int scale(struct import *im, struct cr_err *err)
{
  struct share *share = cr_arena_take(im->arena, im->n_op, sizeof *share);
  cr_ns left_ns = im->model_ns;
  if (!share)
    return cr_fail_nomem(err, im->path);
  for (uint32_t i = 0; i < im->n_op; i++) {
    struct cr_op_spec *op = &im->op[i];
    cr_ns *block_ns = cr_arena_take(im->arena, op->n_block_ns, sizeof *block_ns);
    if (!block_ns)
      return cr_fail_nomem(err, im->path);
    for (uint32_t k = 0; k < op->n_block_ns; k++)
      block_ns[k] = cr_max_ns(cr_muldiv(op->block_ns[k], im->model_ns, im->sum_ns), 1);
    op->block_ns = block_ns;
    cr_ns whole_ns = cr_muldiv(op->duration_ns, im->model_ns, im->sum_ns); /* to the nearest */
    uint64_t rest = (uint64_t)op->duration_ns * (uint64_t)im->model_ns - (uint64_t)whole_ns * (uint64_t)im->sum_ns;
    share[i] = (struct share){.rest = (int64_t)rest, .i = i};
    if (share[i].rest < 0) {
      share[i].rest += im->sum_ns;
      whole_ns--;
    }
    op->duration_ns = whole_ns;
    left_ns -= whole_ns;
  }
  qsort(share, im->n_op, sizeof *share, by_rest);
  for (uint32_t k = 0; k < left_ns && k < im->n_op; k++)
    im->op[share[k].i].duration_ns++;
  for (uint32_t i = 0; i < im->n_op; i++)
    if (im->op[i].duration_ns <= 0)
      return cr_fail(err, CR_EINPUT,
                     "%s: model_latency is too short for %u kernels: kernel %u would take no time; see --no-scale",
                     im->profile.path, im->n_op, i);
  return CR_OK;
}

static void report(struct import *im)
{
  double factor = (double)im->model_ns / (double)im->sum_ns;
  const char *how = im->opt->as_profiled ? "kernels as profiled one by one: they add up to" : "kernels scaled by";
  if (im->opt->as_profiled)
    cr_text_add(&im->report, "%s %.0f us, the model takes %.0f us\n", how, (double)im->sum_ns / 1e3,
                (double)im->model_ns / 1e3);
  else
    cr_text_add(&im->report, "%s %.4f, so that they add up to the model's %.0f us; one by one they took %.0f us\n", how,
                factor, (double)im->model_ns / 1e3, (double)im->sum_ns / 1e3);
  if (factor < FACTOR_DOUBTFUL)
    cr_text_add(
      &im->report,
      "the profile is doubtful: one by one the kernels took %.1f times as long as the model (more than %.2f)\n",
      1 / factor, 1 / FACTOR_DOUBTFUL);
}

/* -- the whole -- */

static int add_source(struct cr_store *s, const struct import *im, const char *model, struct cr_err *err)
{
  char sha[65];
  struct cr_origin origin = im->opt->origin;
  int rc = cr_sha256_file(im->profile.path, sha, err);
  origin.file = base_name(im->profile.path);
  origin.sha256 = sha;
  origin.tool = "reef profile";
  return rc ? rc : cr_store_add_model_source(s, model, &origin, err);
}

static int add_to_store(struct cr_store *s, struct import *im, struct cr_err *err)
{
  char sha[65];
  const struct cr_reef_options *opt = im->opt;
  const char *prefix = opt->prefix ? opt->prefix : "";
  const char *name = opt->model ? with_tail(im, opt->model, "\n", prefix, "")
                                : with_tail(im, base_name(im->path), SCHEDULE_TAIL, prefix, "");
  if (!name || im->report.failed)
    return cr_fail_nomem(err, im->path);
  struct cr_model_spec model = cr_model_unknown(name, im->op, im->n_op);
  model.weight_bytes = im->weight_bytes;
  model.persistent_bytes = im->all_bytes;
  model.ephemeral_bytes = 0;
  const struct cr_recording recording = {
    .class = "graph", .n_iteration = 1, .period_ns = im->model_ns, .report = im->report.s};
  struct cr_origin origin = opt->origin;
  int rc = cr_sha256_file(im->path, sha, err);
  if (rc)
    return rc;
  origin.file = base_name(im->path);
  origin.sha256 = sha;
  origin.tool = "reef schedule";
  rc = cr_store_add_model(s, &model, &recording, &origin, opt->replace, err);
  return rc ? rc : add_source(s, im, name, err);
}

int cr_reef_import(struct cr_store *s, const char *path, const struct cr_reef_options *opt, struct cr_err *err)
{
  struct import im = {.path = path, .opt = opt, .arena = cr_arena_new()};
  if (!im.arena)
    return cr_fail_nomem(err, path);
  const char *profile = opt->profile ? opt->profile : with_tail(&im, path, SCHEDULE_TAIL, "", PROFILE_TAIL);
  int rc = profile ? cr_json_read(path, &im.schedule, err) : cr_fail_nomem(err, path);
  rc = rc ? rc : cr_json_read(profile, &im.profile, err);
  rc = rc ? rc : read_kernels(&im, err);
  if (!rc && !opt->as_profiled)
    rc = scale(&im, err);
  if (!rc) {
    report(&im);
    rc = add_to_store(s, &im, err);
  }
  cr_text_fini(&im.report);
  cr_json_free(&im.schedule);
  cr_json_free(&im.profile);
  cr_arena_free(im.arena);
  return rc;
}
