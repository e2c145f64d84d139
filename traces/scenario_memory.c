/* scenario_memory.c - the memory of a scenario's models within an iteration: `jobs.memory`, and what is declared against it.
 *
 * A model with a curve really needs its peak; what its table of workloads or its store says is what a job declares, right or
 * wrong.  Where a job would declare too little it will find no memory, and where it declares much too much it keeps others
 * out: the user is told of both. */
#include "config.h"

#include "sim/text.h"
#include "sim/unit.h"
#include "traces/scenario_int.h"

/* Allocators hand out blocks that are larger than what was asked for, and count these: with PyTorch's up to 1.2 % more
 * (traces/data/h200-training.csv against h200-training-memory.csv). */
enum { ROUNDING_PERCENT = 2 };

struct scenario_memory {
  struct cr_memory_table *table;
  int64_t *said; /* [n_model] by cr_model; of cap */
  uint32_t n_model, cap, n_curve;
};

int cr_scenario_open_memory(struct scenario_reader *r, const char *file, struct cr_err *err)
{
  const char *path;
  struct scenario_memory *m = cr_mem_new(1, sizeof *m);
  if (!m)
    return cr_fail_nomem(err, "jobs.memory");
  r->memory = m;
  int rc = cr_scenario_find_jobs_file(r, "jobs.memory", file, &path, err);
  return rc ? rc : cr_scenario_at(r, "jobs.memory", cr_memory_table_read(path, &m->table, err), err);
}

void cr_scenario_free_memory(struct scenario_memory *m)
{
  if (!m)
    return;
  cr_memory_table_free(m->table);
  cr_mem_free(m->said);
  cr_mem_free(m);
}

int cr_scenario_add_memory(struct scenario_reader *r, const char *name, cr_model model, struct cr_err *err)
{
  struct scenario_memory *m = r->memory;
  if (!m)
    return CR_OK;
  if (model.i >= m->cap) {
    uint32_t cap = 2 * model.i + 64;
    int64_t *grown = cr_mem_resize(m->said, cap, sizeof *grown);
    if (!grown)
      return cr_fail_nomem(err, name);
    m->said = grown;
    m->cap = cap;
  }
  m->n_model = model.i + 1; /* they are loaded one after the other */
  m->said[model.i] = cr_workload_builder_model(r->builder, model)->ephemeral_bytes;
  const struct cr_memory_curve *curve = cr_memory_table_find(m->table, name);
  m->n_curve += curve != NULL;
  return curve ? cr_workload_add_memory(r->builder, model, curve, err) : CR_OK;
}

int64_t cr_scenario_said_bytes(const struct scenario_reader *r, const struct cr_model_info *model)
{
  const struct cr_model_info *first = cr_workload_builder_model(r->builder, (cr_model){0});
  int64_t said = r->memory ? r->memory->said[model - first] : model->ephemeral_bytes;
  return said == CR_UNKNOWN ? model->ephemeral_bytes : said;
}

/* -- the report ---------------------------------------------------------------------------------------------------- */

/* Models whose curve differs from what is said, to one side. */
struct difference {
  uint32_t n;
  const struct cr_model_info *most; /* where it is largest, in proportion */
  double percent;
  int64_t said;
};

static void note_difference(struct difference *d, const struct cr_model_info *model, int64_t said, double percent)
{
  d->n++;
  if (d->most && percent <= d->percent)
    return;
  d->most = model;
  d->percent = percent;
  d->said = said;
}

static void say(struct cr_text *out, const struct scenario_memory *m, const struct difference *d,
                const char *more_or_less, const char *so)
{
  char need[40], said[40];
  if (d->n)
    cr_text_add(
      out, "corun: %s: %u model%s of these jobs declare%s %s within an iteration than %s, most %s (%s for %s); %s\n",
      cr_memory_table_path(m->table), d->n, d->n == 1 ? "" : "s", d->n == 1 ? "s" : "", more_or_less,
      d->n == 1 ? "it needs" : "they need", d->most->name, cr_format_bytes(d->said, said, sizeof said),
      cr_format_bytes(d->most->ephemeral_bytes, need, sizeof need), so);
}

int cr_scenario_report_memory(const struct scenario_reader *r, struct cr_text *out, struct cr_err *err)
{
  const struct scenario_memory *m = r->memory;
  struct difference over = {0}, under = {0};
  for (uint32_t i = 0; m && i < m->n_model; i++) {
    const struct cr_model_info *model = cr_workload_builder_model(r->builder, (cr_model){i});
    double peak = (double)model->ephemeral_bytes, said = (double)m->said[i];
    if (!model->memory || m->said[i] == CR_UNKNOWN)
      continue;
    if (said < peak)
      note_difference(&under, model, m->said[i], 100 * (peak - said) / peak);
    else if (said > peak * (1 + ROUNDING_PERCENT / 100.0))
      note_difference(&over, model, m->said[i], 100 * (said - peak) / peak);
  }
  if (m && !m->n_curve)
    cr_text_add(out, "corun: %s: has none of the models of these jobs\n", cr_memory_table_path(m->table));
  if (m) {
    say(out, m, &under, "less", "they find no memory where this is believed");
    say(out, m, &over, "more", "the rest is reserved in vain");
  }
  return out->failed ? cr_fail_nomem(err, "jobs.memory") : CR_OK;
}
