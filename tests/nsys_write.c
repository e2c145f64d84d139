/* nsys_write.c - writes an export of Nsight Systems for tests in shell: nsys_write FILE old|new [SQL].
 *
 * An eager program (process 4711) and, beside it, a graph (4712) when SQL is "two". */
#include "config.h"

#include <string.h>

#include "tests/nsys_file.h"

int main(int argc, char **argv)
{
  struct nsys_program p = {.pid = 4711,
                           .context = 1,
                           .stream = 7,
                           .n_iteration = 20,
                           .n_kernel = 30,
                           .start_ns = 1000000,
                           .with_copies = 1,
                           .with_ranges = 1,
                           .with_memory = 1};
  if (argc < 3)
    return 2;
  struct nsys_file *f = nsys_file_new(argv[1], strcmp(argv[2], "old") ? NSYS_NEW : NSYS_OLD);
  if (!f)
    return 1;
  int failed = nsys_file_program(f, &p);
  if (argc > 3 && !strcmp(argv[3], "two")) {
    p.pid = 4712;
    p.is_graph = 1;
    failed |= nsys_file_program(f, &p);
  } else if (argc > 3)
    failed |= nsys_file_sql(f, argv[3]);
  return nsys_file_close(f) || failed ? 1 : 0;
}
