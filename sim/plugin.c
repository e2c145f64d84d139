/* plugin.c - policies from shared objects. */
#include "config.h"

#include "sim/plugin.h"

#include <dlfcn.h>
#include <string.h>

#include "sim/mem.h"

struct cr_plugin {
  void *handle;
};

static int check(const char *path, const struct cr_policy_ops *ops, struct cr_err *err)
{
  if (!ops)
    return cr_fail(err, CR_EINPUT,
                   "%s exports no cr_policy_plugin; define `const struct cr_policy_ops cr_policy_plugin` in it", path);
  if (ops->abi != CR_POLICY_ABI)
    return cr_fail(
      err, CR_EINPUT,
      "%s is built for policy interface %u and this program has %u; build it again with the headers of this"
      " program",
      path, ops->abi, (unsigned)CR_POLICY_ABI);
  if (!ops->name || !ops->about)
    return cr_fail(err, CR_EINPUT, "%s: cr_policy_plugin has no name or no about line; both are required", path);
  return CR_OK;
}

/* RTLD_LOCAL: two plugins may both define a function `init`.  RTLD_NOW: what is missing shows here, not in mid-run. */
int cr_plugin_open(const char *path, struct cr_plugin **out, const struct cr_policy_ops **ops, struct cr_err *err)
{
  if (!strchr(path, '/'))
    return cr_fail(err, CR_EINPUT, "%s: a policy from a file is given with its folder; write ./%s", path, path);
  struct cr_plugin *p = cr_mem_new(1, sizeof *p);
  if (!p)
    return cr_fail_nomem(err, "a policy from a file");
  p->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!p->handle) {
    const char *why = dlerror();
    cr_mem_free(p);
    return cr_fail(err, CR_EINPUT, "the policy cannot be loaded: %s; it must be a shared object (cc -shared -fPIC)",
                   why ? why : path);
  }
  const struct cr_policy_ops *found = dlsym(p->handle, "cr_policy_plugin");
  int rc = check(path, found, err);
  if (rc != CR_OK) {
    cr_plugin_close(p);
    return rc;
  }
  *out = p;
  *ops = found;
  return CR_OK;
}

void cr_plugin_close(struct cr_plugin *p)
{
  if (!p)
    return;
  dlclose(p->handle);
  cr_mem_free(p);
}
