/* demangle.c - asks __cxa_demangle (Itanium C++ ABI, section 3.4), which is loaded when it is wanted: the program itself needs
 * no C++. */
#include "config.h"

#include "traces/demangle.h"

#include <dlfcn.h>
#include <string.h>

#include "sim/mem.h"

typedef char *demangle_call(const char *mangled, char *out, size_t *n, int *status);

struct cr_demangler {
  void *library;
  demangle_call *call;
  char *last; /* from malloc, as the ABI says */
};

struct cr_demangler *cr_demangler_new(void)
{
  static const char *const library[] = {"libstdc++.so.6", "libc++abi.so.1"};
  struct cr_demangler *d = cr_mem_new(1, sizeof *d);
  for (size_t i = 0; d && !d->call && i < sizeof library / sizeof *library; i++) {
    void *found = dlopen(library[i], RTLD_LAZY | RTLD_LOCAL);
    void *symbol = found ? dlsym(found, "__cxa_demangle") : NULL;
    if (symbol) {
      memcpy(&d->call, &symbol, sizeof d->call); /* ISO C has no cast from object to function */
      d->library = found;
    } else if (found) {
      dlclose(found);
    }
  }
  if (d && !d->call) {
    cr_mem_free(d);
    return NULL;
  }
  return d;
}

void cr_demangler_free(struct cr_demangler *d)
{
  if (!d)
    return;
  cr_mem_free(d->last);
  dlclose(d->library);
  cr_mem_free(d);
}

const char *cr_demangle(struct cr_demangler *d, const char *name)
{
  int status = 0;
  if (!d || strncmp(name, "_Z", 2) != 0)
    return name;
  cr_mem_free(d->last);
  d->last = d->call(name, NULL, NULL, &status);
  return d->last && !status ? d->last : name;
}
