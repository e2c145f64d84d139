/* cmd_generate_tasks.c - `corun generate tasks`: a folder of random task sets. */
#include "config.h"

#include "sim/cmd_generate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/cli.h"
#include "sim/mem.h"
#include "sim/nearest.h"
#include "sim/outfile.h"
#include "sim/provenance.h"
#include "sim/text.h"
#include "sim/unit.h"
#include "traces/task_generate.h"

struct made {
  struct cr_arena *arena;
  struct cr_platform_desc platform;
  struct cr_task_generate g;
  struct cr_model_mix *mix, *heavy;
  uint32_t n;
};

/* --- what is asked for -------------------------------------------------------------------------------------------------- */

static int parse_number(const char *text, const char *what, int64_t min, int64_t max, uint32_t *out, struct cr_err *err)
{
  int64_t n = *out;
  int rc = text ? cr_parse_count(text, what, &n, err) : CR_OK;
  if (!rc && (n < min || n > max))
    rc = cr_fail(err, CR_EINPUT, "%s: '%s' is not possible; it is from %" PRId64 " to %" PRId64, what, text, min, max);
  if (!rc)
    *out = (uint32_t)n;
  return rc;
}

/* Millionths, above 0. */
static int parse_use(const char *text, const char *what, uint32_t n_task, int64_t *out, struct cr_err *err)
{
  int rc = text ? cr_parse_factor(text, what, out, err) : CR_OK;
  if (!rc && text && (*out < 1000 || *out > n_task * INT64_C(1000000)))
    rc = cr_fail(err, CR_EINPUT,
                 "%s: '%s' is not possible; it is from 0.001 to %u, since none of %u tasks can use more than the node",
                 what, text, n_task, n_task);
  return rc;
}

static int parse_deadline(const char *text, int64_t *out, struct cr_err *err)
{
  int rc = text ? cr_parse_factor(text, "--deadline", out, err) : CR_OK;
  if (!rc && (*out < 1000 || *out > 1000000))
    rc = cr_fail(err, CR_EINPUT, "--deadline: '%s' is not possible; it is a part of the period, from 0.001 to 1", text);
  return rc;
}

static int parse_reference(const char *text, enum cr_one_node_on *out, struct cr_err *err)
{
  for (int i = 0; text && i < CR_N_ON; i++)
    if (strcmp(text, cr_one_node_name[i]) == 0) {
      *out = (enum cr_one_node_on)i;
      return CR_OK;
    }
  return text ? cr_fail(err, CR_EINPUT, "--reference '%s': it is gpu or cpu", text) : CR_OK;
}

/* A set file of another folder finds a platform file by its whole path. */
static int load_platform(struct made *m, const char *name, struct cr_err *err)
{
  int rc = cr_platform_load(name, m->arena, &m->platform, err);
  if (!rc && !m->platform.n_profile)
    rc = cr_fail(err, CR_EINPUT, "%s has no models; tasks need some", name);
  if (rc)
    return rc;
  m->g.platform = &m->platform;
  m->g.platform_name = name;
  size_t n = strlen(name);
  if (!strchr(name, '/') && !(n > 5 && strcmp(name + n - 5, ".yaml") == 0))
    return CR_OK;
  char *whole = cr_arena_take(m->arena, 4096, 1);
  if (!whole)
    return cr_fail_nomem(err, "the platform");
  if (*name == '/')
    n = (size_t)snprintf(whole, 4096, "%s", name);
  else if (getcwd(whole, 4096))
    n = strlen(whole) + (size_t)snprintf(whole + strlen(whole), 4096 - strlen(whole), "/%s", name);
  else
    n = 4096;
  if (n >= 4096)
    return cr_fail(err, CR_EINPUT, "%s: its whole path is too long", name);
  m->g.platform_name = whole;
  return CR_OK;
}

/* --- which models ------------------------------------------------------------------------------------------------------- */

/* All layers on one core of the first type. */
static cr_ns serial_ns(const struct made *m, uint32_t i)
{
  const struct cr_platform *p = &m->platform.platform;
  cr_ns sum = 0;
  for (uint32_t j = 0; j < m->platform.profile[i].n_layer; j++)
    sum = cr_ns_add(sum, m->platform.profile[i].cpu_ns[(size_t)j * p->n_core + p->core[0].first_slot]);
  return sum;
}

/* Those that take longest on one core are the heavy half, the smaller half of an odd number; equals in the platform's order. */
static int is_heavy(const struct made *m, uint32_t i)
{
  uint32_t n_before = 0;
  for (uint32_t k = 0; k < m->platform.n_profile; k++)
    n_before += serial_ns(m, k) > serial_ns(m, i) || (serial_ns(m, k) == serial_ns(m, i) && k < i);
  return n_before < m->platform.n_profile / 2;
}

enum which { ALL, LIGHT, HEAVY };

static int add_models(const struct made *m, enum which which, struct cr_model_mix *mix, struct cr_err *err)
{
  int rc = CR_OK;
  for (uint32_t i = 0; !rc && i < m->platform.n_profile; i++)
    if (which == ALL || is_heavy(m, i) == (which == HEAVY))
      rc = cr_model_mix_add(mix, m->platform.profile[i].name, err);
  return rc;
}

static int check_model(const struct made *m, const char *what, const char *name, struct cr_err *err)
{
  const char *known[256] = {0};
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->platform.n_profile; i++) {
    if (strcmp(m->platform.profile[i].name, name) == 0)
      return CR_OK;
    if (n < sizeof known / sizeof known[0])
      known[n++] = m->platform.profile[i].name;
  }
  const char *near = cr_nearest(name, known, n);
  if (near)
    return cr_fail(err, CR_EINPUT, "%s: %s has no model '%s'; did you mean '%s'?", what, m->platform.platform.name,
                   name, near);
  struct cr_text list = {0};
  for (uint32_t i = 0; i < n; i++)
    cr_text_add(&list, "%s%s", i ? ", " : "", known[i]);
  int rc = cr_fail(err, CR_EINPUT, "%s: %s has no model '%s'; there are: %s", what, m->platform.platform.name, name,
                   list.s ? list.s : "none");
  cr_text_fini(&list);
  return rc;
}

static int make_mix(const struct made *m, const char *what, const char *text, enum which which,
                    struct cr_model_mix **out, struct cr_err *err)
{
  *out = cr_model_mix_new();
  if (!*out)
    return cr_fail_nomem(err, "a mix of models");
  int rc = text ? cr_model_mix_parse(*out, text, err) : add_models(m, which, *out, err);
  if (rc && text)
    return cr_fail_in(err, rc, "%s", what);
  for (uint32_t i = 0; !rc && i < cr_model_mix_count(*out); i++)
    rc = check_model(m, what, cr_model_mix_name(*out, i), err);
  if (!rc && !cr_model_mix_count(*out))
    rc = cr_fail(err, CR_EINPUT, "%s: %s has one model, so that none is heavy beside others; name some with %s", what,
                 m->platform.platform.name, what);
  return rc;
}

static int choose_models(const struct cr_generate_tasks *a, struct made *m, struct cr_err *err)
{
  int64_t heavy_ppm = 0;
  int rc = a->heavy ? cr_parse_ppm(a->heavy, "--heavy", &heavy_ppm, err) : CR_OK;
  if (!rc && a->heavy_models && !a->heavy)
    rc = cr_fail(err, CR_EINPUT, "--heavy-models needs --heavy, the share of tasks that have such a model");
  rc = rc ? rc : make_mix(m, "--models", a->models, a->heavy ? LIGHT : ALL, &m->mix, err);
  if (!rc && a->heavy)
    rc = make_mix(m, "--heavy-models", a->heavy_models, HEAVY, &m->heavy, err);
  m->g.n_heavy = (uint32_t)cr_muldiv(m->g.n_rt, heavy_ppm, 1000000);
  m->g.mix = m->mix;
  m->g.heavy = m->heavy;
  return rc;
}

static int ask(const struct cr_generate_tasks *a, struct made *m, struct cr_err *err)
{
  int64_t seed = 1;
  m->n = 100;
  m->g = (struct cr_task_generate){
    .n_rt = 10, .n_be = 2, .rt_use_ppm = 500000, .be_use_ppm = 100000, .deadline_ppm = 1000000};
  int rc = parse_number(a->number, "-n", 1, CR_TASK_GENERATE_MAX, &m->n, err);
  rc = rc ? rc : parse_number(a->tasks, "--tasks", 1, CR_TASK_MAX / 2, &m->g.n_rt, err);
  rc = rc ? rc : parse_number(a->be_tasks, "--be-tasks", 0, CR_TASK_MAX / 2, &m->g.n_be, err);
  if (!rc && a->be_utilization && !m->g.n_be)
    rc = cr_fail(err, CR_EINPUT, "--be-utilization does not go with --be-tasks 0");
  rc = rc ? rc : parse_use(a->utilization, "--utilization", m->g.n_rt, &m->g.rt_use_ppm, err);
  rc = rc ? rc : parse_use(a->be_utilization, "--be-utilization", m->g.n_be, &m->g.be_use_ppm, err);
  rc = rc ? rc : parse_deadline(a->deadline, &m->g.deadline_ppm, err);
  rc = rc ? rc : parse_reference(a->reference, &m->g.reference, err);
  if (!rc && a->seed)
    rc = cr_parse_count(a->seed, "seed", &seed, err);
  m->g.seed = (uint64_t)seed;
  rc = rc ? rc : load_platform(m, a->platform ? a->platform : "xeon-gtx1080", err);
  return rc ? rc : choose_models(a, m, err);
}

/* --- what is written ---------------------------------------------------------------------------------------------------- */

static int print_set(const struct made *m, uint32_t i, struct cr_text *out, struct cr_err *err)
{
  cr_text_add(out, "# corun %s (%s): ", cr_program_version, cr_program_git);
  for (const char *p = cr_cli_command_line(); *p; p++)
    cr_text_add_bytes(out, (unsigned char)*p < ' ' ? " " : p, 1); /* the comment is one line */
  cr_text_add(out, "\n");
  return cr_task_generate(&m->g, i, out, err);
}

static void path_of(const struct made *m, const char *folder, uint32_t i, char *buf, size_t n)
{
  int digits = snprintf(NULL, 0, "%u", m->n);
  snprintf(buf, n, "%s/set-%0*u.yaml", folder, digits, i + 1);
}

static int write_set(const struct made *m, uint32_t i, const char *path, struct cr_err *err)
{
  struct cr_text text = {0};
  struct cr_outfile *f;
  int rc = print_set(m, i, &text, err);
  if (!rc && !(rc = cr_outfile_new(path, "task set", 0, &f, err))) {
    cr_outfile_add(f, text.s, text.n);
    rc = cr_outfile_close(f, err);
  }
  cr_text_fini(&text);
  return rc;
}

/* Either all sets are there at the end, or none. */
static int write_folder(const struct made *m, const char *folder, struct cr_err *err)
{
  char path[4200];
  uint32_t n_done = 0;
  int rc = CR_OK;
  if (strlen(folder) > 4000)
    return cr_fail(err, CR_EINPUT, "-o: the name of the folder is too long");
  int is_new = mkdir(folder, 0777) == 0;
  if (!is_new && errno != EEXIST)
    return cr_fail(err, CR_EINPUT, "%s: the folder cannot be made: %s", folder, strerror(errno));
  for (uint32_t i = 0; !rc && i < m->n; i++) {
    path_of(m, folder, i, path, sizeof path);
    rc = cr_outfile_check(path, "task set", 0, err);
  }
  for (; !rc && n_done < m->n; n_done += !rc) {
    path_of(m, folder, n_done, path, sizeof path);
    rc = *cr_cli_stop() ? cr_fail(err, CR_EINTR, "stopped; no task set is kept") : write_set(m, n_done, path, err);
  }
  while (rc && n_done > 0) {
    path_of(m, folder, --n_done, path, sizeof path);
    unlink(path);
  }
  if (rc && is_new)
    rmdir(folder);
  return rc;
}

static int write_one(const struct made *m, struct cr_err *err)
{
  struct cr_text text = {0};
  int rc = m->n > 1 ? cr_fail(err, CR_EINPUT, "-o -: the terminal takes one set; add -n 1, or name a folder")
                    : print_set(m, 0, &text, err);
  rc = rc ? rc : cr_cli_write(NULL, text.s, text.n, err);
  cr_text_fini(&text);
  return rc;
}

int cr_cmd_generate_tasks(const struct cr_generate_tasks *a, struct cr_err *err)
{
  struct made m = {.arena = cr_arena_new()};
  int rc = m.arena ? ask(a, &m, err) : cr_fail_nomem(err, "the task sets");
  if (!rc)
    rc = strcmp(a->output, "-") == 0 ? write_one(&m, err) : write_folder(&m, a->output, err);
  cr_model_mix_free(m.mix);
  cr_model_mix_free(m.heavy);
  cr_arena_free(m.arena);
  return rc;
}
