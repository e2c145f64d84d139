/* injection.c - what others call: the CUDA driver, while it initialises (CUDA_INJECTION64_PATH names this library), and NVTX
 * at its first use (NVTX_INJECTION64_PATH may, too).  Nothing else of the library can be seen from outside. */
#include "config.h"

#include "cupti-collector/recorder.h"

#define EXPORTED __attribute__((visibility("default")))

int InitializeInjection(void);
int InitializeInjectionNvtx2(void *export_table);

/* 1: the driver goes on as if nothing had been. */
EXPORTED int InitializeInjection(void)
{
  recorder_start();
  return 1;
}

/* NVTX calls go to CUPTI, which makes records of them; 0 (NVTX does nothing) where there is no recording. */
EXPORTED int InitializeInjectionNvtx2(void *export_table)
{
  recorder_start();
  const struct cupti_calls *calls = recorder_calls();
  return calls && calls->nvtx ? calls->nvtx(export_table) : 0;
}
