/* report_preempt.c - what preemption cost, for reports: a table by policy, and the same for programs. */
#include "config.h"

#include "sim/report_preempt.h"

#include <inttypes.h>
#include <math.h>

#include "sim/json_member.h"
#include "sim/table.h"

/* Parking takes nothing away that was done, and is no preemption in this sense. */
static int has_any(const struct cr_preempt_summary *p)
{
  return p->latency.n + p->n_killed + p->n_cut + p->n_redone > 0;
}

int cr_report_has_preempts(const struct cr_summary *s)
{
  for (uint32_t r = 0; r < s->n_run; r++)
    if (has_any(&s->run[r].preempt))
      return 1;
  return 0;
}

static void cell_us(struct cr_table *t, cr_ns ns)
{
  if (ns == CR_NS_NEVER)
    cr_table_cell(t, "-");
  else
    cr_table_cell(t, "%.1f", (double)ns / 1e3);
}

static void cell_count(struct cr_table *t, uint64_t n)
{
  if (n)
    cr_table_cell(t, "%" PRIu64, n);
  else
    cr_table_cell(t, "%s", "");
}

void cr_report_preempts(const struct cr_summary *s, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "policy", 1},
    {"streams preempted, us", "n", 0},
    {"streams preempted, us", "mean", 0},
    {"streams preempted, us", "p50", 0},
    {"streams preempted, us", "p99", 0},
    {"streams preempted, us", "max", 0},
    {"ops", "stopped", 0},
    {"ops", "cut", 0},
    {"ops", "run again", 0},
    {NULL, "in vain, % of time", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++) {
    const struct cr_preempt_summary *p = &s->run[r].preempt;
    if (!has_any(p))
      continue;
    cr_table_cell(&t, "%s", s->run[r].policy);
    cr_table_cell(&t, "%" PRIu64, p->latency.n);
    cell_us(&t, p->latency.n ? (cr_ns)llrint(p->latency.mean_ns) : CR_NS_NEVER);
    cell_us(&t, p->latency.p50_ns);
    cell_us(&t, p->latency.p99_ns);
    cell_us(&t, p->latency.max_ns);
    cell_count(&t, p->n_killed);
    cell_count(&t, p->n_cut);
    cell_count(&t, p->n_redone);
    cr_table_cell(&t, "%.2f", 100 * (double)p->redone_ns / (double)s->run[r].end_ns);
  }
  cr_table_end(&t, out);
}

void cr_report_preempts_json(const struct cr_preempt_summary *p, struct cr_text *out)
{
  cr_text_add(out, "{\"count\":%" PRIu64, p->latency.n);
  cr_member_real(out, "mean_ns", 1, p->latency.n ? p->latency.mean_ns : NAN);
  cr_member_ns(out, "min_ns", p->latency.min_ns);
  cr_member_ns(out, "p50_ns", p->latency.p50_ns);
  cr_member_ns(out, "p95_ns", p->latency.p95_ns);
  cr_member_ns(out, "p99_ns", p->latency.p99_ns);
  cr_member_ns(out, "max_ns", p->latency.max_ns);
  cr_text_add(out,
              ",\"ops_stopped\":%" PRIu64 ",\"ops_cut\":%" PRIu64 ",\"ops_run_again\":%" PRIu64
              ",\"in_vain_ns\":%" PRId64 "}",
              p->n_killed, p->n_cut, p->n_redone, p->redone_ns);
}
