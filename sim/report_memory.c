/* report_memory.c - what jobs had reserved of the memory of devices and what they used, in the forms of a report. */
#include "config.h"

#include "sim/report_memory.h"

#include <inttypes.h>
#include <math.h>

#include "sim/json_member.h"
#include "sim/table.h"

static int is_known(const struct cr_memory_use *m)
{
  return m->reserved_peak_bytes != CR_UNKNOWN;
}

int cr_report_has_memory(const struct cr_summary *s)
{
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t d = 0; d < s->n_device; d++)
      if (is_known(&s->run[r].device[d].memory))
        return 1;
  return 0;
}

static void cell_gib(struct cr_table *t, double bytes)
{
  if (isnan(bytes) || bytes < 0)
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.2f", bytes / 1073741824.0);
}

static void cell_share(struct cr_table *t, double part, double whole)
{
  if (part >= 0 && whole > 0)
    cr_table_cell(t, "%.1f", 100 * part / whole);
  else
    cr_table_cell(t, "-");
}

void cr_report_memory_table(const struct cr_summary *s, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "policy", 1},
    {NULL, "device", 1},
    {"memory reserved, GiB", "mean", 0},
    {"memory reserved, GiB", "peak", 0},
    {"memory in use, GiB", "mean", 0},
    {"memory in use, GiB", "peak", 0},
    {"in use of reserved, %", "mean", 0},
    {"in use of reserved, %", "peak", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t i = 0; i < s->n_device; i++) {
      const struct cr_device_summary *d = &s->run[r].device[i];
      const struct cr_memory_use *m = &d->memory;
      cr_table_cell(&t, "%s", i ? "" : s->run[r].policy);
      cr_table_cell(&t, "%s", d->name);
      cell_gib(&t, m->reserved_mean_bytes);
      cell_gib(&t, (double)m->reserved_peak_bytes);
      cell_gib(&t, m->used_mean_bytes);
      cell_gib(&t, (double)m->used_peak_bytes);
      cell_share(&t, m->used_mean_bytes, m->reserved_mean_bytes);
      cell_share(&t, (double)m->used_peak_bytes, (double)m->reserved_peak_bytes);
    }
  cr_table_end(&t, out);
}

void cr_report_memory_header(struct cr_text *out)
{
  cr_text_add(out,
              ",memory_reserved_mean_bytes,memory_reserved_peak_bytes,memory_used_mean_bytes,memory_used_peak_bytes");
}

static void csv_mean(double bytes, struct cr_text *out)
{
  cr_text_add(out, ",");
  if (!isnan(bytes))
    cr_text_add(out, "%.1f", bytes);
}

static void csv_peak(int64_t bytes, struct cr_text *out)
{
  cr_text_add(out, ",");
  if (bytes != CR_UNKNOWN)
    cr_text_add(out, "%" PRId64, bytes);
}

void cr_report_memory_csv(const struct cr_memory_use *m, struct cr_text *out)
{
  csv_mean(m->reserved_mean_bytes, out);
  csv_peak(m->reserved_peak_bytes, out);
  csv_mean(m->used_mean_bytes, out);
  csv_peak(m->used_peak_bytes, out);
}

void cr_report_memory_json(const struct cr_memory_use *m, struct cr_text *out)
{
  if (!is_known(m))
    return;
  cr_member_real(out, "memory_reserved_mean_bytes", 1, m->reserved_mean_bytes);
  cr_text_add(out, ",\"memory_reserved_peak_bytes\":%" PRId64, m->reserved_peak_bytes);
  cr_member_real(out, "memory_used_mean_bytes", 1, m->used_mean_bytes);
  cr_text_add(out, ",\"memory_used_peak_bytes\":%" PRId64, m->used_peak_bytes);
}
