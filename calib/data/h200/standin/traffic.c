/* traffic.c - what stand-ins are to read from the L2 and DRAM, on a real GPU: launches for Nsight Compute to count, and a row for each.
 *
 * Makes the stand-ins of a scenario as `corun run -b cuda` does, then launches each Nth kernel that has counters by itself, once before
 * the profiler is started, so that the L2 holds what it is to hold, and once after.  Prints a row for each in the order of the launches
 * of which ncu prints a row.  In the build folder:
 *   cc -std=gnu17 -O2 -I. -I.. ../calib/data/h200/standin/traffic.c libcr*.a libcr*.a -lcyaml -lyaml -lyajl -lsqlite3 -lgsl -lgslcblas -lz -lm -lpthread -o traffic
 *   export CORUN_STANDIN_CACHE=cache; ./traffic SCENARIO.yaml 24 > /dev/null        fills the cache, while nobody counts
 *   ncu --profile-from-start off --cache-control none --clock-control none --csv --page raw --log-file counted.csv \
 *     --metrics lts__t_bytes.sum,dram__bytes_read.sum,gpu__time_duration.sum ./traffic SCENARIO.yaml 24 > asked.csv
 *
 *   chunks, dram_chunks         of 1 KiB, all that the launch reads; of these from DRAM
 *   l2_counted, dram_counted    bytes of the kernel that it stands for, as recorded; -1: not counted
 *   l2_asked, dram_asked        bytes of the chunks, to be compared with ncu's
 * CORUN_STANDIN_TRAFFIC is obeyed: it must be `all` for the L2 to be read.  l2_asked is to be compared with what is counted over
 * CR_STANDIN_L2_COUNTS. */
#include "config.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/cuda_gpu.h"
#include "sim/standin.h"
#include "sim/stream_ptx.h"
#include "traces/scenario.h"

enum { GPU_SLOTS = 1024 };

static struct cr_cuda_gpu gpu;
static struct cr_standins *standins;
static const struct cr_workload *work;

static void check(int error, const char *what)
{
  if (!error)
    return;
  fprintf(stderr, "traffic: %s: error %d\n", what, error);
  exit(1);
}

/* Of the driver's profiler control, which a GPU without one need not have. */
static void profiler(const char *name)
{
  int (*call)(void) = (int (*)(void))dlsym(gpu.driver.library, name);
  if (call)
    check(call(), name);
}

static void launch(uint32_t op)
{
  const struct cr_standin_at at = {.slot = CR_NONE, .words = CR_NONE, .epoch = 1, .first = CR_NONE};
  struct cr_err err;
  check(cr_standin_launch(standins, op, &at, gpu.control), "a launch");
  if (cr_cuda_gpu_settle(&gpu, "a launch", &err)) {
    fprintf(stderr, "traffic: %s\n", err.text);
    exit(1);
  }
}

static long long counted(int64_t bytes)
{
  return bytes == CR_UNKNOWN ? -1 : (long long)bytes;
}

static void row(const char *model, uint32_t op)
{
  const struct cr_op_spec *o = &work->op[op];
  struct cr_standin_work w = cr_standin_work(standins, op);
  printf("%s,%u,%u,%u,%u,%u,%u,%u,%lld,%lld,%lld,%lld,%lld\n", model, op, o->blocks, o->threads, o->regs, w.rounds,
         w.chunks, w.dram_chunks, (long long)o->duration_ns, counted(o->l2_bytes), counted(o->dram_bytes),
         (long long)w.chunks * CR_STREAM_CHUNK_BYTES, (long long)w.dram_chunks * CR_STREAM_CHUNK_BYTES);
}

/* Each nth of them: launched, and told if is_told. */
static void go_through(uint32_t nth, int is_told)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < work->n_model; i++)
    for (uint32_t op = work->model[i].op0; op < work->model[i].op0 + work->model[i].n_op; op++) {
      const struct cr_op_spec *o = &work->op[op];
      if (o->kind != CR_OP_KERNEL || (o->l2_bytes == CR_UNKNOWN && o->dram_bytes == CR_UNKNOWN) || n++ % nth)
        continue;
      launch(op);
      if (is_told)
        row(work->model[i].name, op);
    }
}

int main(int argc, char **argv)
{
  struct cr_err err;
  struct cr_scenario *scenario = NULL;
  long nth = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
  int rc = nth > 0 ? cr_scenario_load(argv[1], &(struct cr_scenario_options){0}, &scenario, &err)
                   : cr_fail(&err, CR_EINPUT, "usage: traffic SCENARIO.yaml N");
  rc = rc ? rc : cr_cuda_gpu_open(&gpu, GPU_SLOTS, &err);
  if (!rc)
    work = scenario->workload;
  rc = rc ? rc : cr_standins_new(&gpu, work, &scenario->machine->device[0], &standins, &err);
  if (rc) {
    fprintf(stderr, "traffic: %s\n", err.text);
    return 1;
  }
  printf(
    "model,op,blocks,threads,regs,rounds,chunks,dram_chunks,duration_ns,l2_counted,dram_counted,l2_asked,dram_asked\n");
  go_through((uint32_t)nth, 0);
  profiler("cuProfilerStart");
  go_through((uint32_t)nth, 1);
  profiler("cuProfilerStop");
  cr_standins_free(standins);
  cr_cuda_gpu_close(&gpu);
  return 0;
}
