/* live_order.c - pairs of policies, as predicted and as measured. */
#include "config.h"

#include "calib/live_order.h"

#include <math.h>
#include <string.h>

#include "calib/live_csv.h"
#include "sim/table.h"

const char *const cr_live_by_name[CR_N_LIVE_BY] = {"rt time, ms", "total throughput, per s", "mean JCT, ms"};
static const char *const csv_name[CR_N_LIVE_BY] = {"rt_time_ms", "throughput_per_s", "mean_jct_ms"};
static const char *const json_name[CR_N_LIVE_BY] = {"order_by_rt_time", "order_by_throughput", "order_by_jct"};

/* --- pairs -------------------------------------------------------------------------------------------------------- */

static int is_known(const struct cr_live_place *p, enum cr_live_by by)
{
  return !isnan(p->predicted[by]) && isfinite(p->low[by]) && isfinite(p->high[by]);
}

static struct cr_live_pair compare(const struct cr_live_place *a, const struct cr_live_place *b, enum cr_live_by by)
{
  int is_below = a->high[by]<b->low[by], is_above = a->low[by]> b->high[by];
  const struct cr_live_place *less = is_above ? b : a, *more = is_above ? a : b;
  return (struct cr_live_pair){.less = less,
                               .more = more,
                               .by = by,
                               .is_apart = is_below || is_above,
                               .holds = less->predicted[by] < more->predicted[by]};
}

int cr_live_pairs_next(struct cr_live_pairs *at, struct cr_live_pair *out)
{
  for (; at->i < at->n_place; at->i++, at->k = 0) {
    const struct cr_live_place *a = &at->place[at->i];
    for (at->k = at->k ? at->k : at->i + 1; at->k < at->n_place; at->k++, at->by = 0) {
      const struct cr_live_place *b = &at->place[at->k];
      if (a->number != b->number)
        break;
      while (at->by < CR_N_LIVE_BY) {
        enum cr_live_by by = at->by++;
        if (!is_known(a, by) || !is_known(b, by))
          continue;
        *out = compare(a, b, by);
        return 1;
      }
    }
  }
  return 0;
}

static void count(struct cr_live_order *o, const struct cr_live_pair *p)
{
  if (!p->is_apart) {
    o->n_close++;
    return;
  }
  o->n_same += p->holds != 0;
  o->n_other += !p->holds;
  o->n_once += p->less->n_run == 1 || p->more->n_run == 1;
}

struct cr_live_order cr_live_order(const struct cr_live_place *place, uint32_t n, enum cr_live_by by)
{
  struct cr_live_pairs at = {.place = place, .n_place = n};
  struct cr_live_order o = {0};
  for (struct cr_live_pair p; cr_live_pairs_next(&at, &p);)
    if (p.by == by)
      count(&o, &p);
  return o;
}

struct cr_live_order cr_live_order_all(const struct cr_live_place *place, uint32_t n)
{
  struct cr_live_pairs at = {.place = place, .n_place = n};
  struct cr_live_order o = {0};
  for (struct cr_live_pair p; cr_live_pairs_next(&at, &p);)
    count(&o, &p);
  return o;
}

/* --- for people --------------------------------------------------------------------------------------------------- */

/* "0.972 .. 0.978", or one value. */
static void range_cell(struct cr_table *t, double low, double high)
{
  if (low < high)
    cr_table_cell(t, "%.3f .. %.3f", low, high);
  else
    cr_table_cell(t, "%.3f", low);
}

static void pair_row(struct cr_table *t, const struct cr_live_pair *p, const struct cr_live_pair *before)
{
  const struct cr_live_place *less = p->less, *more = p->more;
  int is_new = !before->less || before->less->number != less->number;
  cr_table_cell(t, "%s", is_new ? less->scenario : "");
  cr_table_cell(t, "%s", is_new || before->by != p->by ? cr_live_by_name[p->by] : "");
  cr_table_cell(t, "%s", less->policy);
  cr_table_cell(t, "%s", more->policy);
  range_cell(t, less->low[p->by], less->high[p->by]);
  range_cell(t, more->low[p->by], more->high[p->by]);
  cr_table_cell(t, "%.3f", less->predicted[p->by]);
  cr_table_cell(t, "%.3f", more->predicted[p->by]);
  cr_table_cell(t, "%s", p->holds ? "yes" : "no");
}

static void add_table(const struct cr_live_place *place, uint32_t n, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "scenario", 1},       {NULL, "by", 1},
    {NULL, "less", 1},           {NULL, "more", 1},
    {"live runs", "of less", 0}, {"live runs", "of more", 0},
    {"predicted", "of less", 0}, {"predicted", "of more", 0},
    {NULL, "as measured", 1},
  };
  struct cr_table t;
  struct cr_live_pair before = {0};
  cr_table_begin(&t, column, sizeof column / sizeof column[0], color);
  for (uint32_t first = 0, last; first < n; first = last) {
    for (last = first; last < n && place[last].number == place[first].number;)
      last++;
    for (enum cr_live_by by = 0; by < CR_N_LIVE_BY; by++) {
      struct cr_live_pairs at = {.place = &place[first], .n_place = last - first};
      for (struct cr_live_pair p; cr_live_pairs_next(&at, &p);) {
        if (p.by != by || !p.is_apart)
          continue;
        pair_row(&t, &p, &before);
        before = p;
      }
    }
  }
  cr_table_end(&t, out);
}

/* "order: 41 of 43 pairs of policies as measured (rt time 20 of 20, total throughput 21 of 23); 7 pairs are too close to tell" */
static void say(const struct cr_live_place *place, uint32_t n, const struct cr_live_order *all, struct cr_text *out)
{
  const char *mark = " (", *end = "";
  if (all->n_same + all->n_other)
    cr_text_add(out, "order: %u of %u pairs of policies as measured", all->n_same, all->n_same + all->n_other);
  else
    cr_text_add(out, "order: no two policies lie apart");
  for (enum cr_live_by by = 0; by < CR_N_LIVE_BY; by++) {
    struct cr_live_order o = cr_live_order(place, n, by);
    if (o.n_same + o.n_other == 0)
      continue;
    cr_text_add(out, "%s%.*s %u of %u", mark, (int)strcspn(cr_live_by_name[by], ","), cr_live_by_name[by], o.n_same,
                o.n_same + o.n_other);
    mark = ", ";
    end = ")";
  }
  cr_text_add(out, "%s", end);
  if (all->n_close)
    cr_text_add(out, "; %u %s too close to tell", all->n_close, all->n_close == 1 ? "pair is" : "pairs are");
  if (all->n_once)
    cr_text_add(out, "; of %u the spread is not known, as one run was made", all->n_once);
  cr_text_add(out, "\n");
}

void cr_live_order_table(const struct cr_live_place *place, uint32_t n, int color, struct cr_text *out)
{
  struct cr_live_order all = cr_live_order_all(place, n);
  if (all.n_same + all.n_other) {
    cr_text_add(out, "\n");
    add_table(place, n, color, out);
    cr_text_add(out, "\n");
  }
  if (all.n_same + all.n_other + all.n_close)
    say(place, n, &all, out);
}

/* --- for programs ------------------------------------------------------------------------------------------------- */

void cr_live_order_csv(const struct cr_live_place *place, uint32_t n, struct cr_text *out)
{
  struct cr_live_pairs at = {.place = place, .n_place = n};
  cr_text_add(
    out, "scenario,by,less,more,less_low,less_high,more_low,more_high,predicted_less,predicted_more,apart,holds\n");
  for (struct cr_live_pair p; cr_live_pairs_next(&at, &p);) {
    cr_text_add_csv(out, p.less->scenario);
    cr_text_add(out, ",%s,", csv_name[p.by]);
    cr_text_add_csv(out, p.less->policy);
    cr_text_add(out, ",");
    cr_text_add_csv(out, p.more->policy);
    cr_text_add(out, ",%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%s,%s\n", p.less->low[p.by], p.less->high[p.by], p.more->low[p.by],
                p.more->high[p.by], p.less->predicted[p.by], p.more->predicted[p.by], p.is_apart ? "yes" : "no",
                !p.is_apart ? ""
                : p.holds   ? "yes"
                            : "no");
  }
}

static void json_pair(const struct cr_live_pair *p, struct cr_text *out)
{
  cr_text_add(out, "{\"scenario\":");
  cr_text_add_json(out, p->less->scenario);
  cr_text_add(out, ",\"by\":\"%s\",\"less\":", csv_name[p->by]);
  cr_text_add_json(out, p->less->policy);
  cr_text_add(out, ",\"more\":");
  cr_text_add_json(out, p->more->policy);
  cr_text_add(out, ",\"measured\":[[%.6g,%.6g],[%.6g,%.6g]],\"predicted\":[%.6g,%.6g],\"as_measured\":%s}",
              p->less->low[p->by], p->less->high[p->by], p->more->low[p->by], p->more->high[p->by],
              p->less->predicted[p->by], p->more->predicted[p->by], p->holds ? "true" : "false");
}

void cr_live_order_json(const struct cr_live_place *place, uint32_t n, struct cr_text *out)
{
  struct cr_live_order all = cr_live_order_all(place, n);
  for (enum cr_live_by by = 0; by < CR_N_LIVE_BY; by++) {
    struct cr_live_order o = cr_live_order(place, n, by);
    cr_text_add(out, ",\n    \"%s\":{\"same\":%u,\"other\":%u,\"close\":%u}", json_name[by], o.n_same, o.n_other,
                o.n_close);
  }
  cr_text_add(out, ",\n    \"order\":{\"same\":%u,\"other\":%u,\"close\":%u,\"run_once\":%u},\n    \"pairs\":[",
              all.n_same, all.n_other, all.n_close, all.n_once);
  struct cr_live_pairs at = {.place = place, .n_place = n};
  const char *comma = "";
  for (struct cr_live_pair p; cr_live_pairs_next(&at, &p);)
    if (p.is_apart) {
      cr_text_add(out, "%s\n      ", comma);
      json_pair(&p, out);
      comma = ",";
    }
  cr_text_add(out, "]");
}
