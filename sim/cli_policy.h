/* cli_policy.h - a policy as a person names it: "exclusive,order=fifo", or "./mine.so,dq=2" for one of their own. */
#ifndef CR_CLI_POLICY_H
#define CR_CLI_POLICY_H
#include "sim/plugin.h"
#include "sim/policy.h"

struct cr_cli_policy {
  const char *spec;    /* as given; borrowed */
  const char *options; /* within spec, or NULL */
  const struct cr_policy_ops *ops;
  struct cr_plugin *plugin; /* NULL: one of the house */
};

/* Finds the policy and checks its options.  CR_EINPUT: there is none of that name, or it has no such option. */
int cr_cli_policy_open(const char *spec, struct cr_cli_policy *out, struct cr_err *err) CR_MUST;

/* A struct of zeros is fine. */
void cr_cli_policy_close(struct cr_cli_policy *p);

#endif
