/* collect_options.h - what to record, as `corun collect` says it to the library: the environment variable CORUN_COLLECT.
 *
 * A list of KEY=VALUE, separated by commas; in a value %XX is a byte in hexadecimal, so that a folder may have a comma.
 *
 *   folder=PATH      where spools go, an absolute path of a folder that is there; the one key that is needed
 *   kinds=A+B+...    kernel memcpy memset runtime driver sync event memory pool stream context device graph nvtx overhead
 *                    environment graphtrace (a graph's launch as one record, in place of its kernels); default: all but the
 *                    last two
 *   calls=work|all   API calls that launch, copy, wait, allocate ..., or those that merely ask, too; default work
 *   latency=0|1      queued and submitted times of kernels; default 0
 *   buffer=SIZE      of a buffer handed to CUPTI, 64KiB to 64MiB; default 4MiB
 *   buffers=N        at most so many, 2 to 128; default 64, which only programs that launch far ahead of the GPU come to
 *   flush=MS         how often buffers that are not full are asked for; 0: never; default 1000
 *   wait=MS          how long CUPTI may wait for the collector before it drops records; default 50
 *   limit=SIZE       of a spool; 0: none; default 0
 *   reserve=SIZE     free space of the file system that is left alone; default 64MiB
 *   cupti=PATH       the libcupti to use; default: the program's own, else the toolkit's
 *   metrics=N        counts what the first N kernels do, in place of all that is above; 0: records; default 0
 *   fp=0|1           with metrics: instructions of the FP pipes, too, for which kernels run twice each; default 0
 *   say=0|1          a line on standard error when nothing can be recorded; default 0 */
#ifndef CR_COLLECT_OPTIONS_H
#define CR_COLLECT_OPTIONS_H
#include <stddef.h>
#include <stdint.h>

enum { COLLECT_PATH_MAX = 4096 };

enum collect_kind {
  COLLECT_KERNEL,
  COLLECT_MEMCPY,
  COLLECT_MEMSET,
  COLLECT_RUNTIME,
  COLLECT_DRIVER,
  COLLECT_SYNC,
  COLLECT_EVENT,
  COLLECT_MEMORY,
  COLLECT_POOL,
  COLLECT_STREAM,
  COLLECT_CONTEXT,
  COLLECT_DEVICE,
  COLLECT_GRAPH,
  COLLECT_NVTX,
  COLLECT_OVERHEAD,
  COLLECT_ENVIRONMENT,
  COLLECT_GRAPH_TRACE,
  COLLECT_KIND_N
};

struct collect_options {
  char folder[COLLECT_PATH_MAX];
  char cupti[COLLECT_PATH_MAX]; /* "": look for it */
  uint32_t kinds;               /* bit k: enum collect_kind k */
  int all_calls;
  int latency;
  size_t buffer_bytes;
  int n_buffer;
  uint32_t flush_ms, wait_ms;
  uint64_t limit_bytes, reserve_bytes;
  uint64_t max_counted; /* kernels; 0: they are timed and not counted */
  int counts_fp;
  int say;
};

/* 0, or -1 with a sentence in why; what came before the mistake is taken all the same. */
int collect_options_read(const char *text, struct collect_options *out, char *why, size_t why_cap);

#endif
