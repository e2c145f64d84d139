/* micro.h - constants of the device model that come straight from microbenchmark results.
 *
 * A result is known by its columns; calib/data/h200/README.md describes them, and the programs that write them lie there:
 *   preempt.cu         steps of feeding and preempting streams     push, fetch, notice, single, flag, clear, ...
 *   slices.cu          turns of processes that share the device    slice, slice_yield
 *   corun-processes    co-runs of processes                        slice_switch
 *   copies.cu          copies of several streams                   duplex
 *   idle-start.py      graphs on an idle stream                    launch
 *
 * A value from several settings (number of blocks, lengths, ...) is their median or mean, and its standard error what they
 * scatter by; one from a single setting has that of the median of its repetitions. */
#ifndef CR_MICRO_H
#define CR_MICRO_H
#include "sim/base.h"
#include "sim/machine.h"
#include "sim/mem.h"

struct cr_micro_value {
  enum cr_gpu_constant id;
  double value, std_error; /* in the constant's unit; NAN: one setting without repetitions */
  uint32_t n_row;          /* of the file, that it rests on */
  const char *what;        /* how it is found, one sentence without full stop */
  const char *path;
};

struct cr_micro {
  uint32_t n_value;
  struct cr_micro_value value[CR_N_GPU_CONSTANT]; /* in order of the constants */
};

/* path: [n_path] files, or folders of which all files are read whose columns are known.  A file that is named and is none of these,
 * and a folder without any, are refused, as are two files that say something of one constant.  Constants that need another one
 * (slice_switch: slice) take it from the same files, or else from d.  Texts lie in the arena. */
int cr_micro_read(const char *const *path, uint32_t n_path, const struct cr_device_desc *d, struct cr_arena *arena,
                  struct cr_micro *out, struct cr_err *err) CR_MUST;

#endif
