/* nsys_file.h - writes files as `nsys export --type sqlite` does, of the oldest and the newest schema read, with programs in
 * them of which every number is known. */
#ifndef CR_TEST_NSYS_FILE_H
#define CR_TEST_NSYS_FILE_H
#include <stdint.h>

struct nsys_file;

enum nsys_age { NSYS_OLD /* 3.16.1 */, NSYS_NEW /* 3.24.14: more columns, in another order */ };

/* A file with versions, ENUM tables, processes and a GPU, and no more: tables of records are made when they get a row.
 * NULL: it cannot be made. */
struct nsys_file *nsys_file_new(const char *path, enum nsys_age age);
int nsys_file_sql(struct nsys_file *f, const char *sql); /* 0: done; else the sentence is printed */
int nsys_file_close(struct nsys_file *f);                /* 0: all of it was written */

/* A program that runs n_iteration times through n_kernel kernels.
 *
 * Eager, an iteration of n_op ops takes PERIOD(n_op) from start_ns on: launch call j begins 4000 j ns into it and takes
 * 2000, its op begins 5000 ns after its call did and takes 1000 + 10 (j mod 100) ns; it ends with a wait for the device.  As a
 * graph it has one launch call, and its ops follow 5000 ns later, each 100 ns after the one before.
 *
 * Kernel k is "kernel<K>(float*)", K = k mod 50, of (1 + K, 2, 1) blocks of (64, 2, 1) threads, 32 + K registers, 1024 + 16 K
 * bytes of shared memory, on SMs set to 32 KiB.  */
struct nsys_program {
  uint32_t pid, device, context, stream;
  uint32_t n_iteration, n_kernel;
  int64_t start_ns;
  int is_graph;
  int
    with_copies; /* a copy of 4096 bytes from pinned memory before the kernels, a memset of 512 and a copy to pageable after */
  int with_ranges; /* NVTX: "step" an iteration, "conv" the first half of its ops, "fc" the second */
  int with_memory; /* 1 MiB held, 96 KiB within an iteration, and 8 MiB of pinned host memory */
};
enum { NSYS_CALL_NS = 4000, NSYS_AFTER_NS = 5000, NSYS_PAUSE_NS = 20000 };
#define NSYS_PERIOD_NS(n_op) ((int64_t)(n_op)*NSYS_CALL_NS + NSYS_PAUSE_NS)

int nsys_file_program(struct nsys_file *f, const struct nsys_program *p); /* 0: done */

#define NSYS_PID(pid) ((int64_t)((uint64_t)1 << 56 | (uint64_t)(pid) << 24))

#endif
