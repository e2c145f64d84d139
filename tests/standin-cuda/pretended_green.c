/* pretended_green.c - green contexts, which have a part of the SMs, and events: a driver may lack them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/standin-cuda/pretended_code.h"
#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_stream.h"

enum { UNIT = 8 };

struct resource {
  int32_t kind;
  unsigned char inner[92];
  uint32_t sms;
  unsigned char rest[44];
};

struct event {
  const struct cr_cu_stream *stream;
  uint64_t n;
};

int cuDeviceGetDevResource(int device, struct resource *out, int kind)
{
  *out = (struct resource){.kind = kind, .sms = SMS};
  return device == 0 && kind == 1 ? CR_CU_OK : INVALID;
}

int cuDevSmResourceSplitByCount(struct resource *out, unsigned *n, const struct resource *from, struct resource *rest,
                                unsigned flags, unsigned least)
{
  uint32_t sms = (least + UNIT - 1) / UNIT * UNIT, most = from->sms / sms;
  if (!*n || !most || flags || rest || from->sms != SMS) /* nothing but the whole is split */
    return INVALID;
  *n = *n < most ? *n : most;
  for (uint32_t i = 0; i < *n; i++)
    out[i] = (struct resource){.kind = from->kind, .sms = sms};
  return CR_CU_OK;
}

int cuDevResourceGenerateDesc(void **out, struct resource *of, unsigned n)
{
  *out = of;
  return n == 1 ? CR_CU_OK : INVALID;
}

int cuGreenCtxCreate(void **out, void *description, int device, unsigned flags)
{
  struct resource *r = malloc(sizeof *r);
  if (!r || device || flags != 1)
    return INVALID;
  memcpy(r, description, sizeof *r);
  *out = r;
  return CR_CU_OK;
}

int cuGreenCtxDestroy(void *green)
{
  free(green);
  return CR_CU_OK;
}

int cuGreenCtxStreamCreate(cr_cu_stream *stream, void *green, unsigned flags, int priority)
{
  int error = cuStreamCreateWithPriority(stream, flags, priority);
  if (!error)
    (*stream)->sms = ((const struct resource *)green)->sms;
  return error;
}

int cuEventCreate(struct event **out, unsigned flags)
{
  *out = calloc(1, sizeof **out);
  return flags == 2 && *out ? CR_CU_OK : INVALID;
}

int cuEventRecord(struct event *event, cr_cu_stream stream)
{
  *event = (struct event){stream, stream_mark(stream)};
  return CR_CU_OK;
}

int cuEventDestroy_v2(struct event *event)
{
  free(event);
  return CR_CU_OK;
}

int cuStreamWaitEvent(cr_cu_stream stream, struct event *event, unsigned flags)
{
  return flags ? INVALID : stream_add(stream, &(struct op){.kind = WAIT, .other = event->stream, .n_other = event->n});
}
