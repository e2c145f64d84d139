/* pretended_capture.c - the call that begins a graph, by itself: a driver that is too old lacks it. */
#include "config.h"

#include <stdlib.h>

#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_graph.h"
#include "tests/standin-cuda/pretended_stream.h"

int cuStreamBeginCapture_v2(cr_cu_stream stream, int mode)
{
  if (stream->capture || mode != CR_CU_CAPTURE_RELAXED)
    return INVALID;
  stream->capture = calloc(1, sizeof *stream->capture);
  return stream->capture ? CR_CU_OK : CR_CU_OUT_OF_MEMORY;
}
