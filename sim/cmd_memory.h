/* cmd_memory.h - `corun import memory`: recordings of an allocator into a table of memory within iterations. */
#ifndef CR_CMD_MEMORY_H
#define CR_CMD_MEMORY_H
#include "sim/base.h"

struct cr_import_memory {
  const char *output, *name, *table, *steps; /* the options of that name, as given; all but the first may be NULL */
  const char *const *file;                   /* [n_file] */
  uint32_t n_file;
};

int cr_cmd_import_memory(const struct cr_import_memory *a, struct cr_err *err) CR_MUST;

#endif
