/* report_verdict.c - what policies have decided about clients, for reports. */
#include "config.h"

#include "sim/report_verdict.h"

#include "sim/policy.h"
#include "sim/table.h"

#include <inttypes.h>
#include <string.h>

int cr_report_has_verdicts(const struct cr_summary *s)
{
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t c = 0; c < s->n_client; c++)
      if (cr_verdicts_any(&s->run[r].client[c].verdicts))
        return 1;
  return 0;
}

static const char *admission(const struct cr_verdicts *v)
{
  return v->is_refused ? "refused" : v->is_admitted ? "admitted" : "";
}

/* Whether the last reason is still one for what the client is. */
static int is_in_force(const struct cr_verdicts *v)
{
  return v->is_refused || v->is_demoted;
}

/* About another client, or this one. */
static void say_of(const struct cr_client_summary *c, const char *what, struct cr_text *out)
{
  int is_other = c->about && strcmp(c->about, c->name) != 0;
  cr_text_add(out, "%s %s", is_other ? c->about : "it", what);
}

static void say_why(const struct cr_client_summary *c, struct cr_text *out)
{
  switch (c->verdicts.why) {
  case CR_WHY_MISSES:
    say_of(c, "would miss its deadline", out);
    break;
  case CR_WHY_PERIOD:
    say_of(c, "has no known period, and so there is no test", out);
    break;
  case CR_WHY_DEADLINE:
    say_of(c, "has no deadline within its period, and so there is no test", out);
    break;
  case CR_WHY_PATH:
    say_of(c, "has stages that do not follow the order of the nodes, and so there is no test", out);
    break;
  case CR_WHY_SIZE:
    cr_text_add(out, "there are more tasks, nodes or layers than can be judged");
    break;
  case CR_WHY_PLACE:
    cr_text_add(out, "a layer of it can run on no node that is left for it");
    break;
  case CR_WHY_COPY:
    cr_text_add(out, "one of its copies takes longer than gpu_copy of its node");
    break;
  default: /* no reason for this */
    cr_text_add(out, "%s", cr_why_name[c->verdicts.why < CR_N_WHY ? c->verdicts.why : CR_WHY_NONE]);
  }
}

static void cell_count(struct cr_table *t, uint32_t n)
{
  if (n)
    cr_table_cell(t, "%" PRIu32, n);
  else
    cr_table_cell(t, "%s", "");
}

void cr_report_verdicts(const struct cr_summary *s, int color, struct cr_text *out)
{
  static const struct cr_table_column column[] = {
    {NULL, "policy", 1},  {NULL, "client", 1},   {NULL, "class", 1},      {NULL, "joins", 1},
    {NULL, "demoted", 0}, {NULL, "restored", 0}, {NULL, "at the end", 1}, {NULL, "stages without bound", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof *column, color);
  for (uint32_t r = 0; r < s->n_run; r++) {
    int any = 0;
    for (uint32_t i = 0; i < s->n_client; i++) {
      const struct cr_client_summary *c = &s->run[r].client[i];
      const struct cr_verdicts *v = &c->verdicts;
      if (!cr_verdicts_any(v))
        continue;
      cr_table_cell(&t, "%s", any++ ? "" : s->run[r].policy);
      cr_table_cell(&t, "%s", c->name);
      cr_table_cell(&t, "%s", c->class == CR_RT ? "rt" : "be");
      cr_table_cell(&t, "%s", admission(v));
      cell_count(&t, v->n_demoted);
      cell_count(&t, v->n_restored);
      cr_table_cell(&t, "%s", v->is_demoted ? "demoted" : v->n_demoted ? "real-time" : "");
      cell_count(&t, v->n_unbounded);
    }
  }
  cr_table_end(&t, out);
}

void cr_report_verdict_lines(const struct cr_summary *s, struct cr_text *out)
{
  int any = 0;
  for (uint32_t r = 0; r < s->n_run; r++)
    for (uint32_t i = 0; i < s->n_client; i++) {
      const struct cr_client_summary *c = &s->run[r].client[i];
      if (!is_in_force(&c->verdicts))
        continue;
      cr_text_add(out, "%s%s: %s %s: ", any++ ? "" : "\n", s->run[r].policy, c->name,
                  c->verdicts.is_refused ? "was refused" : "stays demoted");
      say_why(c, out);
      if (c->verdicts.is_refused)
        cr_text_add(out, "; %" PRIu64 " requests dropped\n", c->n_dropped);
      else
        cr_text_add(out, "; make a configuration anew with the longer times of %s\n", c->name);
    }
}

void cr_report_verdict_header(struct cr_text *out)
{
  cr_text_add(out, ",admission,demotions,restorations,demoted,stages_without_bound,verdict_reason,verdict_about");
}

void cr_report_verdict_csv(const struct cr_client_summary *c, struct cr_text *out)
{
  if (!c || !cr_verdicts_any(&c->verdicts)) {
    cr_text_add(out, ",,,,,,,");
    return;
  }
  const struct cr_verdicts *v = &c->verdicts;
  cr_text_add(out, ",%s,%" PRIu32 ",%" PRIu32 ",%d,%" PRIu32 ",%s,%s", admission(v), v->n_demoted, v->n_restored,
              v->is_demoted, v->n_unbounded, v->why ? cr_why_name[v->why] : "", c->about ? c->about : "");
}

void cr_report_verdict_json(const struct cr_client_summary *c, struct cr_text *out)
{
  const struct cr_verdicts *v = &c->verdicts;
  if (!cr_verdicts_any(v))
    return;
  cr_text_add(out, ",\n         \"verdicts\":{\"admission\":");
  if (*admission(v))
    cr_text_add(out, "\"%s\"", admission(v));
  else
    cr_text_add(out, "null");
  cr_text_add(out, ",\"demotions\":%" PRIu32 ",\"restorations\":%" PRIu32 ",\"demoted\":%s", v->n_demoted,
              v->n_restored, v->is_demoted ? "true" : "false");
  cr_text_add(out, ",\"stages_without_bound\":%" PRIu32 ",\"reason\":", v->n_unbounded);
  if (v->why)
    cr_text_add(out, "\"%s\"", cr_why_name[v->why]);
  else
    cr_text_add(out, "null");
  cr_text_add(out, ",\"about\":");
  if (c->about)
    cr_text_add_json(out, c->about);
  else
    cr_text_add(out, "null");
  cr_text_add(out, "}");
}
