/* report_node.c - nodes in tables, CSV and JSON.
 *
 * What a GPU of SMs counts as SMs in use and kernels is on a node its cores and the layers. */
#include "config.h"

#include "sim/report_node.h"

#include <inttypes.h>
#include <math.h>

#include "sim/table.h"

int cr_report_has_nodes(const struct cr_summary *s)
{
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t i = 0; i < s->n_device; i++)
      if (s->run[r].device[i].is_node)
        return 1;
  return 0;
}

static void cell_percent(struct cr_table *t, double share)
{
  if (isnan(share))
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.1f", share * 100);
}

void cr_report_node_table(const struct cr_summary *s, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "policy", 1},       {NULL, "node", 1},         {"in use, %", "time", 0},
    {"in use, %", "cores", 0}, {"finished", "layers", 0}, {NULL, "preemptions", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t i = 0, n_row = 0; i < s->n_device; i++) {
      const struct cr_device_summary *d = &s->run[r].device[i];
      if (!d->name)
        continue;
      cr_table_cell(&t, "%s", n_row++ ? "" : s->run[r].policy);
      cr_table_cell(&t, "%s", d->name);
      cell_percent(&t, d->busy);
      cell_percent(&t, d->sm_use);
      cr_table_cell(&t, "%" PRIu64, d->n_kernel);
      if (n_row == 1 && s->run[r].n_preempt)
        cr_table_cell(&t, "%" PRIu64, s->run[r].n_preempt);
      else
        cr_table_cell(&t, "%s", "");
    }
  cr_table_end(&t, out);
}

void cr_report_node_header(struct cr_text *out)
{
  cr_text_add(out, ",layers,core_use_ratio");
}

void cr_report_node_csv(const struct cr_device_summary *d, struct cr_text *out)
{
  if (!d->is_node)
    cr_text_add(out, ",,");
  else if (isnan(d->sm_use))
    cr_text_add(out, ",%" PRIu64 ",", d->n_kernel);
  else
    cr_text_add(out, ",%" PRIu64 ",%.6f", d->n_kernel, d->sm_use);
}

void cr_report_node_json(const struct cr_device_summary *d, struct cr_text *out)
{
  const double share[] = {d->busy, d->sm_use};
  static const char *const name[] = {"busy_ratio", "core_use_ratio"};
  cr_text_add(out, ",\"layers\":%" PRIu64, d->n_kernel);
  for (int i = 0; i < 2; i++)
    if (isfinite(share[i]))
      cr_text_add(out, ",\"%s\":%.6f", name[i], share[i]);
    else
      cr_text_add(out, ",\"%s\":null", name[i]);
}
