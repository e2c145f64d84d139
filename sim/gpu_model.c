/* gpu_model.c - the constants and mechanisms of the device model, by name: the device's own, then what the user sets. */
#include "config.h"

#include <string.h>

#include "sim/gpu.h"
#include "sim/text.h"
#include "sim/unit.h"

const struct cr_gpu_mechanism_info cr_gpu_mechanism_info[CR_N_GPU_MECHANISM] = {
#define X(ID, name, help) {#name, help},
  CR_GPU_MECHANISMS(X)
#undef X
};

const char *const cr_fidelity_name[CR_N_FIDELITY] = {"wave", "kernel"};

static int parse_fidelity(const char *value, enum cr_fidelity *out, struct cr_err *err)
{
  for (int i = 0; i < CR_N_FIDELITY; i++)
    if (!strcmp(value, cr_fidelity_name[i])) {
      *out = (enum cr_fidelity)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "model.fidelity=%s: expected wave or kernel", value);
}

static int unknown(const char *key, struct cr_err *err)
{
  struct cr_text known = {0};
  for (int i = 0; i < CR_N_GPU_MECHANISM; i++)
    cr_text_add(&known, " %s", cr_gpu_mechanism_info[i].name);
  cr_text_add(&known, "; constants:");
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++)
    cr_text_add(&known, " %s", cr_gpu_constant_info[i].name);
  int rc = cr_fail(err, CR_EINPUT,
                   "model.%s: there is no such mechanism or constant; fidelity (wave|kernel); mechanisms (on|off):%s",
                   key, known.s ? known.s : "");
  cr_text_fini(&known);
  return rc;
}

static int parse_constant(enum cr_gpu_constant c, const char *key, const char *value, double *out, struct cr_err *err)
{
  double x;
  int is_time = !strcmp(cr_gpu_constant_info[c].unit, "us");
  int rc = is_time ? cr_parse_time_us(value, key, &x, err) : cr_parse_real(value, key, &x, err);
  if (rc)
    return cr_fail_in(err, rc, "model.%s", key);
  *out = x;
  return CR_OK;
}

static int set_one(struct cr_gpu_model *m, const char *key, const char *value, struct cr_err *err)
{
  if (!strcmp(key, "fidelity"))
    return parse_fidelity(value, &m->fidelity, err);
  int on = !strcmp(value, "on") || !strcmp(value, "yes") || !strcmp(value, "true");
  int off = !strcmp(value, "off") || !strcmp(value, "no") || !strcmp(value, "false");
  if (on || off)
    for (int i = 0; i < CR_N_GPU_MECHANISM; i++)
      if (!strcmp(cr_gpu_mechanism_info[i].name, key)) {
        m->has[i] = (unsigned char)on;
        return CR_OK;
      }
  for (int i = 0; i < CR_N_GPU_CONSTANT; i++)
    if (!strcmp(cr_gpu_constant_info[i].name, key))
      return parse_constant((enum cr_gpu_constant)i, key, value, &m->constant[i], err);
  for (int i = 0; i < CR_N_GPU_MECHANISM; i++)
    if (!strcmp(cr_gpu_mechanism_info[i].name, key))
      return cr_fail(err, CR_EINPUT, "model.%s=%s: expected on or off", key, value);
  return unknown(key, err);
}

int cr_gpu_model_parse(const struct cr_device_desc *d, const char *set, struct cr_gpu_model *out, struct cr_err *err)
{
  struct cr_gpu_model m;
  memcpy(m.constant, d->constant, sizeof m.constant);
  memset(m.has, 1, sizeof m.has);
  m.fidelity = CR_FIDELITY_WAVE;
  while (set && *set) {
    size_t n = strcspn(set, ",");
    char item[128];
    if (n >= sizeof item)
      return cr_fail(err, CR_EINPUT, "model setting is too long: %.60s...", set);
    memcpy(item, set, n);
    item[n] = '\0';
    set += n + (set[n] == ',');
    if (n == 0)
      continue;
    char *eq = strchr(item, '=');
    if (!eq)
      return cr_fail(err, CR_EINPUT, "model setting %s: expected NAME=VALUE", item);
    *eq = '\0';
    int rc = set_one(&m, item, eq + 1, err);
    if (rc)
      return rc;
  }
  *out = m;
  return CR_OK;
}
