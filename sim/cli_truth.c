/* cli_truth.c - tables, models and devices on the command line. */
#include "config.h"

#include "sim/cli_truth.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "policies/list.h"
#include "sim/unit.h"
#include "traces/datadir.h"

static const struct bundled {
  const char *name, *file, *title;
} bundled[] = {
  {"fixed", "truth/h200/fixed/corun-streams.csv", "fixed (H200, autotuning off)"},
  {"unseen", "truth/h200/unseen/corun-streams.csv", "unseen (H200, autotuning off)"},
  {"autotuned", "truth/h200/corun-streams.csv", "autotuned (H200, the older set)"},
  {"processes", "truth/h200/corun-processes.csv", "processes (H200, the older set)"},
};

void cr_cli_truth_each(void (*each)(void *ctx, const char *name, const char *title), void *ctx)
{
  for (size_t i = 0; i < sizeof bundled / sizeof bundled[0]; i++)
    each(ctx, bundled[i].name, bundled[i].title);
}

/* --- options -------------------------------------------------------------------------------------------------------- */

static int parse_variant(const char *text, enum cr_variant *out, struct cr_err *err)
{
  static const char *const name[] = {"auto", "plain", "autotuned"};
  for (uint32_t i = 0; i < sizeof name / sizeof name[0]; i++)
    if (strcmp(text, name[i]) == 0) {
      *out = (enum cr_variant)i;
      return CR_OK;
    }
  return cr_fail(err, CR_EINPUT, "--variant '%s': it is auto, plain or autotuned", text);
}

/* One "model.K=V" or "device.K=V". */
static int add_set(struct cr_cli_truth *t, const char *item, struct cr_err *err)
{
  if (strncmp(item, "model.", 6) == 0 && item[6]) {
    cr_text_add(&t->model_set, "%s%s", t->model_set.n ? "," : "", item + 6);
    return t->model_set.failed ? cr_fail_nomem(err, "--set") : CR_OK;
  }
  if (strncmp(item, "device.", 7) == 0 && item[7]) {
    t->device_set[t->n_device_set++] = item + 7;
    return CR_OK;
  }
  return cr_fail(err, CR_EINPUT, "--set '%s': a key here begins with model. or device., as in model.cold=0.6us", item);
}

/* "K=V,K=V": a comma in a value cannot be meant, no value of these keys has one. */
static int parse_set(struct cr_cli_truth *t, const char *text, struct cr_err *err)
{
  uint32_t n_item = 1;
  for (const char *s = text; *s; s++)
    n_item += *s == ',';
  const char **more = cr_arena_take(t->arena, t->n_device_set + (size_t)n_item, sizeof *more);
  char *item = cr_arena_text(t->arena, text);
  if (!more || !item)
    return cr_fail_nomem(err, "--set");
  if (t->n_device_set)
    memcpy(more, t->device_set, t->n_device_set * sizeof *more);
  t->device_set = more;
  for (;;) {
    char *comma = strchr(item, ',');
    if (comma)
      *comma = '\0';
    int rc = add_set(t, item, err);
    if (rc != CR_OK || !comma)
      return rc;
    item = comma + 1;
  }
}

static int parse_at_most(const char *text, cr_ns *out, struct cr_err *err)
{
  cr_ns ns;
  int rc = cr_parse_ns(text, "--at-most", &ns, err);
  if (rc == CR_OK && ns == 0)
    rc = cr_fail(err, CR_EINPUT, "--at-most 0: give a time over 0, such as 200ms");
  if (rc == CR_OK)
    *out = ns;
  return rc;
}

int cr_cli_count(const char *text, const char *what, uint32_t most, uint32_t *out, struct cr_err *err)
{
  int64_t n = 0;
  int rc = cr_parse_count(text, what, &n, err);
  if (rc == CR_OK && (n < 1 || n > most))
    rc = cr_fail(err, CR_EINPUT, "%s '%s': give a number from 1 to %u", what, text, most);
  if (rc == CR_OK)
    *out = (uint32_t)n;
  return rc;
}

int cr_cli_truth_take(struct cr_cli_truth *t, int letter, int *mine, struct cr_err *err)
{
  *mine = 1;
  switch (letter) {
  case CR_CLI_ARRIVALS:
    t->cfg.arrivals_path = cr_cli_value();
    break;
  case CR_CLI_AGAIN:
    t->cfg.again_path = cr_cli_value();
    break;
  case CR_CLI_TRACES:
    t->store[t->n_store++] = cr_cli_value();
    break;
  case 'd':
    t->device = cr_cli_value();
    break;
  case CR_CLI_SET:
    return parse_set(t, cr_cli_value(), err);
  case CR_CLI_VARIANT:
    return parse_variant(cr_cli_value(), &t->cfg.variant, err);
  case CR_CLI_ONLY:
    t->cfg.only = cr_cli_value();
    break;
  case CR_CLI_AT_MOST:
    return parse_at_most(cr_cli_value(), &t->cfg.at_most_ns, err);
  case 'j':
    return cr_cli_count(cr_cli_value(), "-j", 256, &t->cfg.n_worker, err);
  default:
    *mine = 0;
    break;
  }
  return CR_OK;
}

/* --- files ---------------------------------------------------------------------------------------------------------- */

/* A file of that name goes before a bundled table. */
static int find_truth(struct cr_cli_truth *t, struct cr_err *err)
{
  struct stat st;
  t->cfg.truth_path = t->cfg.truth_name = t->truth;
  if (stat(t->truth, &st) == 0 && !S_ISDIR(st.st_mode))
    return CR_OK;
  for (size_t i = 0; i < sizeof bundled / sizeof bundled[0]; i++)
    if (strcmp(t->truth, bundled[i].name) == 0) {
      t->cfg.truth_name = bundled[i].title;
      return cr_datadir_find(bundled[i].file, t->arena, &t->cfg.truth_path, err);
    }
  return cr_fail(err, CR_EINPUT,
                 "%s: no such file, and no bundled table either; those are fixed, unseen, "
                 "autotuned and processes",
                 t->truth);
}

/* The bundled store may be missing where other stores are given. */
static int find_store(struct cr_cli_truth *t, struct cr_err *err)
{
  int rc = cr_datadir_find("h200.db", t->arena, &t->cfg.bundled, err);
  if (rc == CR_EINPUT && t->n_store) {
    t->cfg.bundled = NULL;
    return CR_OK;
  }
  return rc;
}

static int find_policies(struct cr_cli_truth *t, struct cr_err *err)
{
  t->cfg.streams = cr_policy_find("streams", strlen("streams"));
  t->cfg.priority = cr_policy_find("priority", strlen("priority"));
  t->cfg.timeslice = cr_policy_find("timeslice", strlen("timeslice"));
  t->cfg.mps = cr_policy_find("mps", strlen("mps"));
  if (!t->cfg.streams || !t->cfg.priority || !t->cfg.timeslice || !t->cfg.mps)
    return cr_fail(
      err, CR_EINPUT,
      "this program was built without the policies streams, priority, timeslice and mps; build it with them");
  return CR_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

int cr_cli_truth_init(struct cr_cli_truth *t, int argc, struct cr_err *err)
{
  *t = (struct cr_cli_truth){.device = "h200", .cfg = {.variant = CR_VARIANT_AUTO, .at_most_ns = CR_NS_NEVER}};
  t->arena = cr_arena_new();
  t->store = t->arena ? cr_arena_take(t->arena, (size_t)argc, sizeof *t->store) : NULL;
  return t->store ? CR_OK : cr_fail_nomem(err, "the command line");
}

void cr_cli_truth_fini(struct cr_cli_truth *t)
{
  cr_text_fini(&t->model_set);
  cr_arena_free(t->arena);
}

int cr_cli_truth_find(struct cr_cli_truth *t, struct cr_err *err)
{
  int rc = t->truth ? find_truth(t, err) : CR_OK;
  rc = rc == CR_OK ? find_store(t, err) : rc;
  rc = rc == CR_OK ? find_policies(t, err) : rc;
  t->cfg.store = t->store;
  t->cfg.n_store = t->n_store;
  t->cfg.model_set = t->model_set.s;
  t->cfg.stop = cr_cli_stop();
  return rc;
}

void cr_cli_say_assumed(const struct cr_device_desc *d)
{
  if (d->n_assumed)
    fprintf(stderr, "corun: device %s: %u of its %d constants are assumed, not measured; its file says which and why\n",
            d->name, d->n_assumed, CR_N_GPU_CONSTANT);
}
