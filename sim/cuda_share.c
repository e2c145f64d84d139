/* cuda_share.c - green contexts, and streams in them. */
#include "config.h"

#include "sim/cuda_share.h"

#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/policy.h"

enum { SM_RESOURCE = 1, GREEN_DEFAULT_STREAM = 1, EVENT_NO_TIMING = 2, GROUPS = 256 };

/* NVIDIA's CUdevResource, as of CUDA 12.4 to 13.0: the kind, what is the driver's, and the number of SMs. */
union resource {
  struct {
    int32_t kind;
    unsigned char inner[92];
    uint32_t sms;
  } is;
  unsigned char bytes[144];
  void *align;
};

/* X(member, symbol, parameters) */
#define SHARE_CALLS(X)                                                                                     \
  X(resource_get, "cuDeviceGetDevResource", (int device, union resource *out, int kind))                   \
  X(split, "cuDevSmResourceSplitByCount",                                                                  \
    (union resource * out, unsigned *n, const union resource *from, union resource *rest, unsigned flags,  \
     unsigned least))                                                                                      \
  X(describe, "cuDevResourceGenerateDesc", (void **out, union resource *of, unsigned n))                   \
  X(green_new, "cuGreenCtxCreate", (void **out, void *description, int device, unsigned flags))            \
  X(green_free, "cuGreenCtxDestroy", (void *green))                                                        \
  X(stream_new, "cuGreenCtxStreamCreate", (cr_cu_stream * out, void *green, unsigned flags, int priority)) \
  X(event_new, "cuEventCreate", (void **out, unsigned flags))                                              \
  X(event_record, "cuEventRecord", (void *event, cr_cu_stream stream))                                     \
  X(event_free, "cuEventDestroy_v2", (void *event))                                                        \
  X(stream_wait, "cuStreamWaitEvent", (cr_cu_stream stream, void *event, unsigned flags))

struct part {
  void *green;
  cr_cu_stream capture;
  uint32_t share_ppm, first, sms; /* SMs in the driver's order */
  uint32_t replaced;              /* the part that its stream had before; CR_NONE: none */
  int overlaps;
};

struct cr_cuda_shares {
  struct cr_cuda_gpu *gpu;
#define X(member, symbol, parameters) int(*member) parameters;
  SHARE_CALLS(X)
#undef X
  union resource all; /* SMs */
  union resource group[GROUPS];
  uint32_t unit;
  struct part *part; /* [n_part] */
  cr_cu_stream *stream;
  uint32_t n_part, n_stream, stream_cap;
};

/* --- opening -------------------------------------------------------------------------------------------------------- */

static int find_calls(struct cr_cuda_shares *s, struct cr_err *err)
{
  static const char *const symbol[] = {
#define X(member, name, parameters) name,
    SHARE_CALLS(X)
#undef X
  };
  void *const at[] = {
#define X(member, name, parameters) &s->member,
    SHARE_CALLS(X)
#undef X
  };
  for (size_t i = 0; i < sizeof symbol / sizeof symbol[0]; i++) {
    void *call = cr_cuda_driver_find(&s->gpu->driver, symbol[i]);
    if (!call)
      return cr_fail(
        err, CR_EINPUT,
        "shares of the SMs are green contexts on backend cuda, and the driver here has no %s; update it to "
        "12.4 or later, or take -b sim",
        symbol[i]);
    memcpy(at[i], &call, sizeof call);
  }
  return CR_OK;
}

/* Groups of at least so many SMs, as many as there are; *n: how many. */
static int split(struct cr_cuda_shares *s, uint32_t least, uint32_t *n)
{
  unsigned count = s->all.is.sms / least;
  *n = count < GROUPS ? count : GROUPS;
  count = *n;
  int error = s->split(s->group, &count, &s->all, NULL, 0, least);
  *n = count;
  return error;
}

int cr_cuda_shares_new(struct cr_cuda_gpu *gpu, struct cr_cuda_shares **out, struct cr_err *err)
{
  struct cr_cuda_shares *s = cr_mem_new(1, sizeof *s);
  uint32_t n = 0;
  if (!s)
    return cr_fail_nomem(err, "shares of the SMs");
  s->gpu = gpu;
  int rc = find_calls(s, err);
  int error = rc ? CR_CU_OK : s->resource_get(gpu->device, &s->all, SM_RESOURCE);
  error = rc || error ? error : split(s, 1, &n);
  rc = rc ? rc : cr_cuda_check(&gpu->driver, error, "splitting the SMs of the GPU, as shares of them need", err);
  if (!rc && (n < 2 || s->group[0].is.sms == 0 || s->group[1].is.kind != SM_RESOURCE ||
              s->group[1].is.sms != s->group[0].is.sms))
    rc = cr_fail(err, CR_EINPUT, "the driver splits the SMs of the GPU in a way that corun does not know; take -b sim");
  if (rc) {
    cr_mem_free(s);
    return rc;
  }
  s->unit = s->group[0].is.sms;
  *out = s;
  return CR_OK;
}

void cr_cuda_shares_free(struct cr_cuda_shares *s)
{
  if (!s)
    return;
  for (uint32_t i = 0; i < s->n_stream && !s->gpu->hangs; i++)
    s->gpu->driver.stream_free(s->stream[i]);
  for (uint32_t i = 0; i < s->n_part && !s->gpu->hangs; i++)
    s->green_free(s->part[i].green);
  cr_mem_free(s->part);
  cr_mem_free(s->stream);
  cr_mem_free(s);
}

/* --- parts ---------------------------------------------------------------------------------------------------------- */

static int own_stream(struct cr_cuda_shares *s, cr_cu_stream stream, struct cr_err *err)
{
  if (s->n_stream == s->stream_cap) {
    uint32_t cap = s->stream_cap ? 2 * s->stream_cap : 16;
    cr_cu_stream *more = cr_mem_resize(s->stream, cap, sizeof *more);
    if (!more)
      return cr_fail_nomem(err, "streams with a share of the SMs");
    s->stream = more;
    s->stream_cap = cap;
  }
  s->stream[s->n_stream++] = stream;
  return CR_OK;
}

/* SMs, in whole units. */
static uint32_t round_share(const struct cr_cuda_shares *s, uint32_t share_ppm)
{
  uint64_t sms = ((uint64_t)share_ppm * s->all.is.sms + CR_SHARE_ALL - 1) / CR_SHARE_ALL;
  uint32_t n = (uint32_t)((sms + s->unit / 2) / s->unit) * s->unit;
  return n < s->unit ? s->unit : cr_min_u32(n, s->all.is.sms / s->unit * s->unit);
}

/* The group of n that meets the fewest SMs of parts; the driver deals out SMs in one order whatever the size of groups. */
static uint32_t choose_group(const struct cr_cuda_shares *s, uint32_t n, uint32_t sms, uint32_t *met)
{
  uint32_t best = 0;
  *met = UINT32_MAX;
  for (uint32_t g = 0; g < n; g++) {
    uint32_t sum = 0, first = g * sms, end = first + sms;
    for (uint32_t i = 0; i < s->n_part; i++) {
      const struct part *p = &s->part[i];
      uint32_t from = first > p->first ? first : p->first, to = cr_min_u32(end, p->first + p->sms);
      sum += to > from ? to - from : 0;
    }
    if (sum < *met) {
      *met = sum;
      best = g;
    }
  }
  return best;
}

static int make_green(struct cr_cuda_shares *s, uint32_t group, struct part *p, struct cr_err *err)
{
  void *description = NULL;
  int error = s->describe(&description, &s->group[group], 1);
  error = error ? error : s->green_new(&p->green, description, s->gpu->device, GREEN_DEFAULT_STREAM);
  return cr_cuda_check(&s->gpu->driver, error, "a green context on a part of the GPU's SMs", err);
}

static int new_part(struct cr_cuda_shares *s, uint32_t share_ppm, uint32_t replaced, struct cr_err *err)
{
  struct part *more = cr_mem_resize(s->part, (size_t)s->n_part + 1, sizeof *more);
  if (!more)
    return cr_fail_nomem(err, "shares of the SMs");
  s->part = more;
  uint32_t n = 0, met = 0, group = 0;
  struct part p = {.share_ppm = share_ppm, .replaced = replaced, .sms = round_share(s, share_ppm)};
  int rc = cr_cuda_check(&s->gpu->driver, split(s, p.sms, &n), "a part of the GPU's SMs", err);
  if (!rc) {
    p.sms = s->group[0].is.sms;
    group = choose_group(s, n, p.sms, &met);
    p.first = group * p.sms;
    p.overlaps = met > 0;
    rc = make_green(s, group, &p, err);
  }
  if (rc)
    return rc;
  s->part[s->n_part++] = p;
  int error =
    s->stream_new(&s->part[s->n_part - 1].capture, p.green, CR_CU_STREAM_NON_BLOCKING, s->gpu->priority_least);
  rc = cr_cuda_check(&s->gpu->driver, error, "a stream in a part of the GPU", err);
  return rc ? rc : own_stream(s, s->part[s->n_part - 1].capture, err);
}

static int find_part(struct cr_cuda_shares *s, uint32_t old, uint32_t share_ppm, uint32_t *out, struct cr_err *err)
{
  *out = CR_NONE;
  if (share_ppm == CR_SHARE_ALL)
    return CR_OK;
  for (uint32_t i = 0; i < s->n_part && old != CR_NONE; i++)
    if (s->part[i].share_ppm == share_ppm && (i == old || s->part[i].replaced == old || s->part[old].replaced == i)) {
      *out = i;
      return CR_OK;
    }
  int rc = new_part(s, share_ppm, old, err);
  *out = rc ? CR_NONE : s->n_part - 1;
  return rc;
}

/* What is launched into `next` from now on begins after all that lies in `old`. */
static int line_up(struct cr_cuda_shares *s, cr_cu_stream old, cr_cu_stream next)
{
  void *event = NULL;
  int error = s->event_new(&event, EVENT_NO_TIMING);
  error = error ? error : s->event_record(event, old);
  error = error ? error : s->stream_wait(next, event, 0);
  if (event)
    s->event_free(event); /* the driver keeps it for as long as somebody waits */
  return error;
}

int cr_cuda_shares_give(struct cr_cuda_shares *s, struct cr_cuda_sharer *to, uint32_t share_ppm, int32_t priority,
                        struct cr_err *err)
{
  const struct cr_cuda_driver *d = &s->gpu->driver;
  struct cr_cuda_sharer next = {.stream = NULL};
  int rc = find_part(s, to->stream ? to->part : CR_NONE, share_ppm, &next.part, err);
  if (rc)
    return rc;
  int error = next.part == CR_NONE
                ? d->stream_new(&next.stream, CR_CU_STREAM_NON_BLOCKING, priority)
                : s->stream_new(&next.stream, s->part[next.part].green, CR_CU_STREAM_NON_BLOCKING, priority);
  if (!error && to->stream)
    error = line_up(s, to->stream, next.stream);
  rc = cr_cuda_check(d, error, "a stream with a share of the SMs", err);
  if (!rc && to->stream)
    rc = own_stream(s, to->stream, err);
  if (rc)
    return rc;
  *to = next;
  return CR_OK;
}

uint32_t cr_cuda_shares_sms(const struct cr_cuda_shares *s, uint32_t part)
{
  return s->part[part].sms;
}

cr_cu_stream cr_cuda_shares_capture(const struct cr_cuda_shares *s, uint32_t part)
{
  return s->part[part].capture;
}

void cr_cuda_shares_tell(const struct cr_cuda_shares *s, struct cr_live *out)
{
  char text[CR_LIVE_TEXT] = "";
  size_t n = 0;
  for (uint32_t i = 0; i < s->n_part && n + 40 < sizeof text; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%.4g %%: %u of %u SMs%s", i ? ", " : "",
                          s->part[i].share_ppm / 1e4, s->part[i].sms, s->all.is.sms,
                          s->part[i].overlaps ? " (not its own)" : "");
  if (n)
    cr_live_text(out, "shares", text);
}
