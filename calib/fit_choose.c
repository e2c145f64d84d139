/* fit_choose.c - which constants are fitted, and where they may lie. */
#include "config.h"

#include "calib/fit.h"

#include <string.h>

#include "sim/nearest.h"

/* By name, since the list of constants is the device model's.  Others lie within WIDE times their value either way. */
static const struct {
  const char *name;
  double lo, hi;
} bounds[] = {
  {"gap", 0.01, 1},        {"overhead", 0.01, 3},   {"flat", 0.05, 6},   {"frontend", 0.01, 0.5},
  {"cold", 0.05, 3},       {"cold_reg", 0.01, 2},   {"load", 0.05, 4},   {"cold_streams", 0.02, 1},
  {"warp_ipc", 0.01, 0.3}, {"ilp", 0.1, 4},         {"younger", 0.2, 5}, {"own", 0.1, 4},
  {"profiler", 0.01, 2},   {"memset_gap", 0.05, 2}, {"replay", 0.5, 40}, {"spread", 0.02, 0.9},
};

/* Not fitted unless asked for: what runs alone settle, what other measurements settle, and what was chosen. */
static const char *const kept[] = {"profiler", "memset_gap", "replay", "launch", "warp_ipc",      "clock",
                                   "own",      "spread",     "slice",  "duplex", "profiler_call", "join"};
static const double WIDE = 8;

static int is_default(int id)
{
  if (id >= CR_GPU_FIRST_PRICE)
    return 0;
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
    if (strncmp(cr_gpu_constant_info[id].name, kept[i], strlen(kept[i])) == 0)
      return 0;
  return 1;
}

static struct cr_fit_constant with_bounds(const struct cr_device_desc *d, int id)
{
  double at = d->constant[id] > 0 ? d->constant[id] : 0.1;
  struct cr_fit_constant c = {(enum cr_gpu_constant)id, at / WIDE, at * WIDE};
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
    if (strcmp(bounds[i].name, cr_gpu_constant_info[id].name) == 0) {
      c.lo = bounds[i].lo;
      c.hi = bounds[i].hi;
    }
  return c;
}

static int unknown(const char *option, const char *name, struct cr_err *err)
{
  const char *all[CR_N_GPU_CONSTANT];
  struct cr_text list = {0};
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++) {
    all[i] = cr_gpu_constant_info[i].name;
    cr_text_add(&list, " %s", all[i]);
  }
  const char *near = cr_nearest(name, all, CR_N_GPU_CONSTANT);
  int rc =
    near ? cr_fail(err, CR_EINPUT, "%s: there is no constant '%s'; did you mean '%s'?", option, name, near)
         : cr_fail(err, CR_EINPUT, "%s: there is no constant '%s'; there are:%s", option, name, list.s ? list.s : "");
  cr_text_fini(&list);
  return rc;
}

/* What a table of co-runs could never settle. */
static int price(const char *option, const char *name, struct cr_err *err)
{
  return cr_fail(
    err, CR_EINPUT,
    "%s: '%s' is a price of preemption, on which no co-run of a table depends; its microbenchmark settles it, "
    "with --micro",
    option, name);
}

int cr_fit_choose(const struct cr_device_desc *d, const char *option, const char *list, struct cr_fit_constant *out,
                  uint32_t *n, struct cr_err *err)
{
  unsigned char take[CR_N_GPU_CONSTANT] = {0};
  int all = !list || !*list;
  while (list && *list) {
    char name[64];
    size_t k = strcspn(list, ",");
    if (k >= sizeof name)
      return cr_fail(err, CR_EINPUT, "%s: '%.60s...' is no constant", option, list);
    memcpy(name, list, k);
    name[k] = '\0';
    list += k + (list[k] == ',');
    int id = 0;
    while (id < CR_N_GPU_CONSTANT && strcmp(cr_gpu_constant_info[id].name, name) != 0)
      id++;
    if (id == CR_N_GPU_CONSTANT)
      return unknown(option, name, err);
    if (id >= CR_GPU_FIRST_PRICE)
      return price(option, name, err);
    take[id] = 1;
  }
  *n = 0;
  for (int id = 0; id < CR_N_GPU_CONSTANT; id++)
    if (all ? is_default(id) : take[id])
      out[(*n)++] = with_bounds(d, id);
  return CR_OK;
}

struct cr_device_desc cr_fit_device(const struct cr_device_desc *d, const struct cr_fit_constant *constant,
                                    const struct cr_fit *fit)
{
  struct cr_device_desc with = *d;
  for (uint32_t k = 0; k < fit->n_constant; k++)
    with.constant[constant[k].id] = fit->at[k].value;
  return with;
}

const char *cr_fit_bound(const struct cr_fit_cfg *cfg, const struct cr_fit *fit, uint32_t k)
{
  const struct cr_fit_constant *c = &cfg->constant[k];
  double value = fit->at[k].value;
  return value <= c->lo * 1.005 ? "lower" : value >= c->hi * 0.995 ? "upper" : "";
}
