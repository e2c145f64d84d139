/* report_live.c - what runs in real time tell of themselves, in reports. */
#include "config.h"

#include "sim/report_live.h"

#include <math.h>

static void say_device(const struct cr_live *l, struct cr_text *out)
{
  cr_text_add(out, "  on %s, driver %s; its clock followed within %.1f us\n", cr_live_said(l, "gpu"),
              cr_live_said(l, "driver"), cr_live_value(l, "clock_error_ns") / 1e3);
  if (!(cr_live_value(l, "standin_kernels") >= 0))
    return;
  cr_text_add(
    out,
    "  %.0f kernels as %.0f stand-ins, alone off by %.2f %% on average, %.1f %% at worst (%.40s), %+.2f %% in sum; "
    "models by %.2f %%\n",
    cr_live_value(l, "standin_kernels"), cr_live_value(l, "standin_shapes"),
    100 * cr_live_value(l, "standin_mean_off_ratio"), 100 * cr_live_value(l, "standin_worst_off_ratio"),
    cr_live_said(l, "standin_worst"), 100 * cr_live_value(l, "standin_sum_off_ratio"),
    100 * cr_live_value(l, "standin_model_off_ratio"));
  if (*cr_live_said(l, "shares"))
    cr_text_add(out, "  shares of the SMs: %s\n", cr_live_said(l, "shares"));
  if (cr_live_value(l, "standin_dram_kernels") > 0)
    cr_text_add(out,
                "  %.0f of them read DRAM, %+.2f %% of the bytes counted in sum; %.0f read less, to take their time\n",
                cr_live_value(l, "standin_dram_kernels"), 100 * cr_live_value(l, "standin_dram_off_ratio"),
                cr_live_value(l, "standin_dram_cut"));
  if (cr_live_value(l, "standin_l2_kernels") > 0)
    cr_text_add(out,
                "  %.0f of them read L2, %+.2f %% of the bytes counted in sum; %.0f read less, to take their time\n",
                cr_live_value(l, "standin_l2_kernels"), 100 * cr_live_value(l, "standin_l2_off_ratio"),
                cr_live_value(l, "standin_l2_cut"));
  if (cr_live_value(l, "standin_clustered") > 0)
    cr_text_add(out, "  %.0f kernels in clusters of blocks, as recorded\n", cr_live_value(l, "standin_clustered"));
  if (cr_live_value(l, "standin_unclustered") > 0)
    cr_text_add(out,
                "  %.0f kernels were recorded in clusters of blocks, which this GPU does not have: launched without\n",
                cr_live_value(l, "standin_unclustered"));
}

/* Nodes: how well they did what they were to. */
static void say_nodes(const struct cr_live *l, struct cr_text *out)
{
  if (cr_live_value(l, "node_cores") > 0)
    cr_text_add(out, "  nodes on %.0f CPU cores%s\n", cr_live_value(l, "node_cores"),
                cr_live_value(l, "node_cores_shared") > 0 ? ", SHARED with others: no time here means anything" : "");
  if (cr_live_value(l, "node_layers") > 0)
    cr_text_add(out, "  %.0f layers alone off by %.2f %% on average, %.1f %% at worst, %+.2f %% in sum\n",
                cr_live_value(l, "node_layers"), 100 * cr_live_value(l, "node_mean_off_ratio"),
                100 * cr_live_value(l, "node_worst_off_ratio"), 100 * cr_live_value(l, "node_sum_off_ratio"));
  if (isfinite(cr_live_value(l, "node_run_off_ratio")))
    cr_text_add(out, "  in the run ranges of layers took %+.2f %% in sum\n",
                100 * cr_live_value(l, "node_run_off_ratio"));
}

static void say_memory(const struct cr_live *l, struct cr_text *out)
{
  static const double GIB = 1 << 30;
  cr_text_add(
    out,
    "  memory of jobs: at most %.2f GiB held and %.2f GiB taken from the GPU; %.0f allocations took %.2f ms, and "
    "giving back %.2f ms\n",
    cr_live_value(l, "memory_held_max_bytes") / GIB, cr_live_value(l, "memory_taken_max_bytes") / GIB,
    cr_live_value(l, "memory_allocations"), cr_live_value(l, "memory_take_ns") / 1e6,
    cr_live_value(l, "memory_give_ns") / 1e6);
}

/* "requests were told of 1.2 us late (p50; p99 3.4, max 5.6)". */
static void say_times(const struct cr_live *l, const char *what, const char *const name[4], struct cr_text *out)
{
  if (!(cr_live_value(l, name[0]) > 0))
    return;
  cr_text_add(out, "  %s: p50 %.1f us, p99 %.1f, max %.1f\n", what, cr_live_value(l, name[1]) / 1e3,
              cr_live_value(l, name[2]) / 1e3, cr_live_value(l, name[3]) / 1e3);
}

/* Whether it grew, where there are enough for a quantile. */
static void say_drift(const struct cr_live *l, struct cr_text *out)
{
  enum { ENOUGH = 100 };
  if (cr_live_value(l, "late_first_tenth_n") >= ENOUGH && cr_live_value(l, "late_last_tenth_n") >= ENOUGH)
    cr_text_add(out, "    in the first tenth of the run p50 %.1f us, p99 %.1f, in the last %.1f and %.1f\n",
                cr_live_value(l, "late_first_tenth_p50_ns") / 1e3, cr_live_value(l, "late_first_tenth_p99_ns") / 1e3,
                cr_live_value(l, "late_last_tenth_p50_ns") / 1e3, cr_live_value(l, "late_last_tenth_p99_ns") / 1e3);
}

void cr_report_live_lines(const struct cr_summary *s, struct cr_text *out)
{
  static const char
    *const late[] = {"late_n", "late_p50_ns", "late_p99_ns", "late_max_ns"},
           *const callback[] = {"callback_n", "callback_p50_ns", "callback_p99_ns", "callback_max_ns"},
           *const start[] = {"node_start_n", "node_start_p50_ns", "node_start_p99_ns", "node_start_max_ns"},
           *const preempt[] = {"node_preempt_n", "node_preempt_p50_ns", "node_preempt_p99_ns", "node_preempt_max_ns"},
           *const notice[] = {"node_notice_n", "node_notice_p50_ns", "node_notice_p99_ns", "node_notice_max_ns"},
           *const launch[] = {"launch_late_n", "launch_late_p50_ns", "launch_late_p99_ns", "launch_late_max_ns"},
           *const act[] = {"act_n", "act_p50_ns", "act_p99_ns", "act_max_ns"},
           *const begin[] = {"idle_begin_n", "idle_begin_p50_ns", "idle_begin_p99_ns", "idle_begin_max_ns"};
  for (uint32_t r = 0; r < s->n_run; r++) {
    const struct cr_live *l = s->run[r].live;
    if (!l || !l->n)
      continue;
    cr_text_add(out, "\n%s, in real time\n", s->run[r].policy);
    if (*cr_live_said(l, "gpu"))
      say_device(l, out);
    if (cr_live_value(l, "node_cores") >= 0)
      say_nodes(l, out);
    say_times(l, "an idle node begins", start, out);
    say_times(l, "a node is taken from best-effort work", preempt, out);
    say_times(l, "a range's end is noticed", notice, out);
    if (isfinite(cr_live_value(l, "memory_held_max_bytes")))
      say_memory(l, out);
    say_times(l, "requests late", late, out);
    say_drift(l, out);
    say_times(l, "launches of eager programs late", launch, out);
    say_times(l, "policy's callbacks", callback, out);
    say_times(l, "actions", act, out);
    if (cr_live_value(l, "fed_n") > 0)
      cr_text_add(out, "  launched op by op: %.0f, which took the host %.2f us each\n", cr_live_value(l, "fed_n"),
                  cr_live_value(l, "fed_mean_ns") / 1e3);
    say_times(l, "from a launch into an idle stream to its first kernel", begin, out);
  }
}

void cr_report_live_json(const struct cr_live *l, struct cr_text *out)
{
  for (uint32_t i = 0; i < l->n; i++) {
    cr_text_add(out, "%s\"%s\":", i ? "," : "{", l->fact[i].name);
    if (*l->fact[i].text)
      cr_text_add_json(out, l->fact[i].text);
    else if (isfinite(l->fact[i].value))
      cr_text_add(out, "%.9g", l->fact[i].value);
    else
      cr_text_add(out, "null");
  }
  cr_text_add(out, "}");
}
