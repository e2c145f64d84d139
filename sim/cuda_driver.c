/* cuda_driver.c - finds the CUDA driver's library and its calls. */
#include "config.h"

#include "sim/cuda_driver.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char *const symbol[] = {
#define X(member, name, parameters) #name,
  CR_CUDA_CALLS(X)
#undef X
};
enum { N_SYMBOL = sizeof symbol / sizeof symbol[0] };

/* In the order of the symbols. */
static void **member(struct cr_cuda_driver *d, uint32_t i)
{
  static const size_t offset[] = {
#define X(member, name, parameters) offsetof(struct cr_cuda_driver, member),
    CR_CUDA_CALLS(X)
#undef X
  };
  return (void **)((char *)d + offset[i]);
}

static int find_calls(struct cr_cuda_driver *d, const char *file, struct cr_err *err)
{
  for (uint32_t i = 0; i < N_SYMBOL; i++) {
    void *call = dlsym(d->library, symbol[i]);
    if (!call)
      return cr_fail(err, CR_EINPUT, "%s has no %s: the NVIDIA driver is too old for backend cuda; update it", file,
                     symbol[i]);
    memcpy(member(d, i), &call, sizeof call);
  }
  return CR_OK;
}

static int find_gpu(const struct cr_cuda_driver *d, struct cr_err *err)
{
  int n = 0, rc = cr_cuda_check(d, d->init(0), "the start of the CUDA driver", err);
  rc = rc ? rc : cr_cuda_check(d, d->device_count(&n), "counting GPUs", err);
  if (!rc && n < 1)
    rc = cr_fail(err, CR_EINPUT, "the CUDA driver finds no GPU; is one visible (CUDA_VISIBLE_DEVICES)?");
  return rc;
}

int cr_cuda_driver_open(struct cr_cuda_driver *out, struct cr_err *err)
{
  const char *named = getenv("CORUN_LIBCUDA"), *file = named && *named ? named : "libcuda.so.1";
  struct cr_cuda_driver d = {.library = dlopen(file, RTLD_NOW | RTLD_LOCAL)};
  if (!d.library)
    return cr_fail(
      err, CR_EINPUT,
      "backend cuda needs an NVIDIA GPU and its driver, and %s cannot be loaded: %s; run it where there is one, "
      "or take -b sim",
      file, dlerror());
  int rc = find_calls(&d, file, err);
  rc = rc ? rc : find_gpu(&d, err);
  if (rc) {
    cr_cuda_driver_close(&d);
    return rc;
  }
  *out = d;
  return CR_OK;
}

void cr_cuda_driver_close(struct cr_cuda_driver *d)
{
  if (d->library)
    dlclose(d->library);
  *d = (struct cr_cuda_driver){0};
}

void *cr_cuda_driver_find(const struct cr_cuda_driver *d, const char *name)
{
  return dlsym(d->library, name);
}

int cr_cuda_check(const struct cr_cuda_driver *d, int error, const char *what, struct cr_err *err)
{
  const char *name = NULL, *text = NULL;
  if (error == CR_CU_OK)
    return CR_OK;
  d->error_name(error, &name);
  d->error_text(error, &text);
  return cr_fail(err, error == CR_CU_OUT_OF_MEMORY ? CR_EINPUT : CR_ERUN, "%s: %s (%s)", what,
                 text ? text : "unknown error", name ? name : "no name");
}
