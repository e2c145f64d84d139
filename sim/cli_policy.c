/* cli_policy.c - finds the policy that a word of the command line, a scenario or a run database names. */
#include "config.h"

#include "sim/cli_policy.h"

#include <stdio.h>
#include <string.h>

#include "policies/list.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/option.h"

static int no_such_policy(const char *spec, size_t n, struct cr_err *err)
{
  enum { MANY = 64 };
  const char *name[MANY];
  uint32_t n_name = 0;
  for (; n_name < MANY && cr_policy_list[n_name]; n_name++)
    name[n_name] = cr_policy_list[n_name]->name;
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)(n < 60 ? n : 60), spec);
  const char *near = cr_nearest(word, name, n_name);
  if (near)
    return cr_fail(err, CR_EINPUT, "there is no policy \"%s\"; did you mean %s? (corun list policies shows all)", word, near);
  return cr_fail(err, CR_EINPUT, "there is no policy \"%s\"; `corun list policies` shows those there are", word);
}

/* A name with a slash in it is a file's. */
static int find(const char *spec, size_t n, struct cr_cli_policy *out, struct cr_err *err)
{
  if (!memchr(spec, '/', n)) {
    out->ops = cr_policy_find(spec, n);
    return out->ops ? CR_OK : no_such_policy(spec, n, err);
  }
  char *path = cr_mem_new(n + 1, 1);
  if (!path)
    return cr_fail_nomem(err, "a policy");
  memcpy(path, spec, n);
  int rc = cr_plugin_open(path, &out->plugin, &out->ops, err);
  cr_mem_free(path);
  return rc;
}

static int check_options(const struct cr_cli_policy *p, struct cr_err *err)
{
  int64_t *value = cr_mem_new(cr_opt_count(p->ops->options) + 1, sizeof *value);
  if (!value)
    return cr_fail_nomem(err, "the options of a policy");
  char who[80];
  snprintf(who, sizeof who, "policy %s", p->ops->name);
  int rc = cr_opt_parse(p->ops->options, p->options, value, who, err);
  cr_mem_free(value);
  return rc;
}

int cr_cli_policy_open(const char *spec, struct cr_cli_policy *out, struct cr_err *err)
{
  size_t n = strcspn(spec, ",");
  struct cr_cli_policy p = {.spec = spec, .options = spec[n] ? spec + n + 1 : NULL};
  int rc = find(spec, n, &p, err);
  if (rc == CR_OK)
    rc = check_options(&p, err);
  if (rc == CR_OK)
    *out = p;
  else
    cr_cli_policy_close(&p);
  return rc;
}

void cr_cli_policy_close(struct cr_cli_policy *p)
{
  cr_plugin_close(p->plugin);
  *p = (struct cr_cli_policy){0};
}
