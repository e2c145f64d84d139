/* plugin.h - policies from shared objects: -p ./mine.so, built against the installed sim/policy.h alone. */
#ifndef CR_PLUGIN_H
#define CR_PLUGIN_H
#include "sim/base.h"
#include "sim/policy.h"

struct cr_plugin;
/* The object must export `const struct cr_policy_ops cr_policy_plugin` with this program's CR_POLICY_ABI. */
int cr_plugin_open(const char *path, struct cr_plugin **out, const struct cr_policy_ops **ops,
                   struct cr_err *err) CR_MUST;
void cr_plugin_close(struct cr_plugin *p);

#endif
