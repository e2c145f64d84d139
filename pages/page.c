/* page.c - the results of a command as one page of HTML. */
#include "config.h"

#include "pages/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pages/page_int.h"
#include "sim/report_compare.h"
#include "sim/report_live.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "traces/datadir.h"

/* A file of the template, whole. */
static int read_part(const char *name, struct cr_arena *arena, struct cr_text *out, struct cr_err *err)
{
  const char *path = NULL;
  int rc = cr_datadir_find(name, arena, &path, err);
  FILE *f = rc == CR_OK ? fopen(path, "r") : NULL;
  if (rc == CR_OK && !f)
    rc = cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  char buffer[1 << 14];
  for (size_t n; rc == CR_OK && (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
    cr_text_add_bytes(out, buffer, n);
  if (rc == CR_OK && ferror(f))
    rc = cr_fail(err, CR_EINPUT, "%s: cannot be read: %s", path, strerror(errno));
  if (f)
    fclose(f);
  return rc == CR_OK && out->failed ? cr_fail_nomem(err, "the template of a page") : rc;
}

static void add_title(const struct cr_page *p, struct cr_text *out)
{
  for (uint32_t i = 0; i < p->n_file; i++) {
    cr_text_add(out, "%s", i ? " and " : "");
    cr_text_add_html(out, p->n_file > 1 ? p->file[i].name : p->file[i].s.scenario);
  }
}

/* The heading that reports in text have. */
static void add_heads(const struct cr_page *p, struct cr_text *out)
{
  for (uint32_t i = 0; i < p->n_file; i++) {
    struct cr_text head = {0};
    cr_report_heading(&p->file[i].s, &head);
    cr_text_add(out, "<p class=\"head\">");
    if (p->n_file > 1)
      cr_text_add(out, "<b>%c</b> ", 'A' + (int)i);
    while (head.n && head.s[head.n - 1] == '\n')
      head.s[--head.n] = '\0';
    cr_text_add_html(out, head.s ? head.s : "");
    cr_text_add(out, "</p>\n");
    out->failed |= head.failed;
    cr_text_fini(&head);
  }
}

static void add_differences(const struct cr_page *p, struct cr_text *out)
{
  if (p->n_file < 2)
    return;
  const struct cr_compared a = {p->file[0].name, &p->file[0].s}, b = {p->file[1].name, &p->file[1].s};
  struct cr_text notes = {0};
  cr_text_add(out, "<section id=\"differences\"><h2>Differences</h2>\n<p>A is <code>");
  cr_text_add_html(out, a.name);
  cr_text_add(out, "</code>, B is <code>");
  cr_text_add_html(out, b.name);
  cr_text_add(out, "</code>.</p>\n");
  cr_compare_notes(&a, &b, &notes);
  if (notes.n) {
    cr_text_add(out, "<pre class=\"lines\">");
    cr_text_add_html(out, notes.s);
    cr_text_add(out, "</pre>\n");
  }
  out->failed |= notes.failed;
  cr_text_fini(&notes);
  cr_report_compare(&a, &b, CR_TABLE, CR_TABLE_HTML, out);
  cr_text_add(out, "</section>\n");
}

static void add_summaries(const struct cr_page *p, struct cr_text *out)
{
  for (uint32_t i = 0; i < p->n_file; i++) {
    if (p->n_file > 1) {
      cr_text_add(out, "<h3 class=\"file\">%c: ", 'A' + (int)i);
      cr_text_add_html(out, p->file[i].name);
      cr_text_add(out, "</h3>\n");
    }
    cr_report_html(&p->file[i].s, out);
  }
}

/* Of files that came after one, places are those of their own lists. */
static void add_client(const struct cr_page *p, uint32_t file, uint32_t place, uint32_t summary, struct cr_text *out)
{
  const struct cr_page_file *f = &p->file[file];
  const struct cr_client_summary *c = &f->s.run[0].client[summary];
  cr_text_add(out, "<article class=\"client\" id=\"client-%u-%u\" data-file=\"%u\" data-client=\"%u\">\n<h3>", file,
              place, file, place);
  if (p->n_file > 1)
    cr_text_add(out, "%c: ", 'A' + (int)file);
  cr_text_add_html(out, c->name);
  cr_text_add(out, "</h3>\n<p>%s, model ", c->class == CR_RT ? "real-time" : "best-effort");
  cr_text_add_html(out, c->model);
  cr_text_add(out, ", arrivals %s", c->arrival);
  if (c->deadline_ns != CR_NS_NEVER)
    cr_text_add(out, ", deadline %.3f ms", (double)c->deadline_ns / 1e6);
  cr_text_add(out, ", priority %d</p>\n", (int)c->priority);
  cr_report_html_client(&f->s, summary, out);
  cr_text_add(out, "</article>\n");
}

static void add_client_pages(const struct cr_page *p, struct cr_text *out)
{
  for (uint32_t i = 0; i < p->n_file; i++) {
    const struct cr_page_file *f = &p->file[i];
    uint32_t stride = cr_page_stride(f), summary = 0;
    for (uint32_t c = 0; f->s.n_run && c < f->n_client; c++) {
      if (f->client[c].is_job)
        continue;
      if (c % stride == 0 && summary < f->s.n_client)
        add_client(p, i, c / stride, summary, out);
      summary++;
    }
  }
}

static void add_facts(const struct cr_live *l, struct cr_text *out)
{
  static const struct cr_table_column column[] = {{NULL, "fact", 1}, {NULL, "value", 0}};
  struct cr_table t;
  cr_table_begin(&t, column, 2, CR_TABLE_HTML);
  for (uint32_t i = 0; i < l->n; i++) {
    cr_table_cell(&t, "%s", l->fact[i].name);
    if (*l->fact[i].text)
      cr_table_cell(&t, "%s", l->fact[i].text);
    else
      cr_table_cell(&t, "%.9g", l->fact[i].value);
  }
  cr_table_end(&t, out);
}

static void add_live(const struct cr_page *p, struct cr_text *out)
{
  int any = 0;
  for (uint32_t i = 0; i < p->n_file; i++)
    for (uint32_t r = 0; r < p->file[i].s.n_run; r++) {
      const struct cr_run_summary *run = &p->file[i].s.run[r];
      if (!run->live || !run->live->n)
        continue;
      cr_text_add(out, any++ ? "<details><summary>" : "<section id=\"live\"><h2>In real time</h2>\n<details><summary>");
      if (p->n_file > 1)
        cr_text_add(out, "%c: ", 'A' + (int)i);
      cr_text_add_html(out, run->policy);
      cr_text_add(out, ", backend %s</summary>\n", run->backend);
      add_facts(run->live, out);
      cr_text_add(out, "</details>\n");
    }
  if (!any)
    return;
  for (uint32_t i = 0; i < p->n_file; i++) {
    struct cr_text lines = {0};
    cr_report_live_lines(&p->file[i].s, &lines);
    if (lines.n) {
      cr_text_add(out, "<pre class=\"lines\">");
      cr_text_add_html(out, lines.s + (*lines.s == '\n'));
      cr_text_add(out, "</pre>\n");
    }
    out->failed |= lines.failed;
    cr_text_fini(&lines);
  }
  cr_text_add(out, "</section>\n");
}

static void add_term(struct cr_text *out, const char *term, const char *value)
{
  cr_text_add(out, "<dt>%s</dt><dd>", term);
  cr_text_add_html(out, value);
  cr_text_add(out, "</dd>\n");
}

static void add_provenance(const struct cr_page *p, struct cr_text *out)
{
  for (uint32_t i = 0; i < p->n_file; i++) {
    const struct cr_rundb_info *info = cr_rundb_info(p->file[i].db);
    const struct cr_summary *s = &p->file[i].s;
    char line[160];
    if (p->n_file > 1)
      cr_text_add(out, "<h3>%c</h3>\n", 'A' + (int)i);
    cr_text_add(out, "<dl>\n");
    add_term(out, "run database", p->file[i].name);
    add_term(out, "command", info->command);
    snprintf(line, sizeof line, "corun %s (%s)", info->version, info->git);
    add_term(out, "by", line);
    snprintf(line, sizeof line, "%" PRIu64, info->seed);
    add_term(out, "seed", line);
    add_term(out, "scenario", info->scenario_path);
    for (uint32_t d = 0; s->n_run && d < s->n_device; d++)
      if (s->run[0].device[d].name)
        add_term(out, s->run[0].device[d].is_node ? "node" : "device", s->run[0].device[d].name);
    if (info->device)
      add_term(out, "device file", info->device);
    for (uint32_t k = 0; k < info->n_store; k++)
      add_term(out, "trace store", info->store[k]);
    for (uint32_t r = 0; r < s->n_run; r++) {
      snprintf(line, sizeof line, "%016" PRIx64 " over %" PRIu64 " notes (%.80s)", s->run[r].ledger_hash,
               s->run[r].ledger_count, s->run[r].policy);
      add_term(out, "ledger", line);
    }
    cr_text_add(
      out,
      "</dl>\n<details open><summary>Scenario, after every <code>--set</code></summary>\n<pre class=\"scenario\">");
    cr_text_add_html(out, info->scenario_text);
    cr_text_add(out, "</pre></details>\n");
  }
  cr_text_add(out, "<p>This page was made by corun %s (", cr_program_version);
  cr_text_add_html(out, cr_program_git);
  cr_text_add(out, ").</p>\n");
}

/* Appends the template with what belongs in its places, which are words in double braces. */
static int fill(const struct cr_page *p, const char *template, struct cr_arena *arena, struct cr_text *out,
                struct cr_err *err)
{
  static const struct {
    const char *name;
    void (*add)(const struct cr_page *p, struct cr_text *out);
    const char *file;
  } place[] = {
    {"{{title}}", add_title, NULL},
    {"{{heads}}", add_heads, NULL},
    {"{{differences}}", add_differences, NULL},
    {"{{summary}}", add_summaries, NULL},
    {"{{clients}}", add_client_pages, NULL},
    {"{{live}}", add_live, NULL},
    {"{{provenance}}", add_provenance, NULL},
    {"{{css}}", NULL, "pages/report.css"},
    {"{{js}}", NULL, "pages/report.js"},
    {"{{data}}", NULL, NULL},
  };
  int rc = CR_OK;
  while (rc == CR_OK && *template) {
    const char *brace = strstr(template, "{{");
    size_t n = brace ? (size_t)(brace - template) : strlen(template), i = 0;
    cr_text_add_bytes(out, template, n);
    template += n;
    while (*template && i < sizeof place / sizeof *place &&
           strncmp(template, place[i].name, strlen(place[i].name)) != 0)
      i++;
    if (!*template)
      break;
    if (i == sizeof place / sizeof *place)
      return cr_fail(err, CR_EINPUT, "the template of pages has a place that is not known: %.24s; install corun again",
                     template);
    template += strlen(place[i].name);
    if (place[i].add)
      place[i].add(p, out);
    else
      rc = place[i].file ? read_part(place[i].file, arena, out, err) : cr_page_data(p, out, err);
  }
  return rc == CR_OK && out->failed ? cr_fail_nomem(err, "the page") : rc;
}

static int open_file(struct cr_page *p, uint32_t i, struct cr_err *err)
{
  struct cr_page_file *f = &p->file[i];
  f->name = p->cfg->name[i];
  int rc = cr_rundb_open(p->cfg->path[i], &f->db, err);
  rc = rc ? rc : cr_rundb_summarize(f->db, &f->s, err);
  rc = rc ? rc : cr_rundb_clients(f->db, &f->client, &f->n_client, err);
  if (rc == CR_OK && f->s.n_run == 0)
    rc = cr_fail(err, CR_EINPUT, "%s: has no runs; there is nothing to report", f->name);
  for (uint32_t r = 0; rc == CR_OK && r < f->s.n_run; r++)
    if (p->cfg->from_ns >= f->s.run[r].end_ns)
      rc = cr_fail(err, CR_EINPUT, "--window: begins after the run of %s in %s has ended; take an earlier one",
                   f->s.run[r].policy, f->name);
  return rc;
}

int cr_page_make(const struct cr_page_cfg *cfg, struct cr_text *out, struct cr_err *err)
{
  struct cr_page p = {.cfg = cfg};
  struct cr_text template = {0};
  struct cr_arena *arena = cr_arena_new();
  int rc = arena ? read_part("pages/report.html", arena, &template, err) : cr_fail_nomem(err, "the page");
  for (uint32_t i = 0; rc == CR_OK && i < CR_PAGE_FILES && cfg->path[i]; i++, p.n_file++)
    rc = open_file(&p, i, err);
  if (rc == CR_OK && p.n_file > 1) {
    const struct cr_compared a = {p.file[0].name, &p.file[0].s}, b = {p.file[1].name, &p.file[1].s};
    rc = cr_compare_check(&a, &b, err);
  }
  if (rc == CR_OK)
    rc = fill(&p, template.s, arena, out, err);
  for (uint32_t i = 0; i < CR_PAGE_FILES; i++)
    cr_rundb_close(p.file[i].db);
  cr_text_fini(&template);
  cr_arena_free(arena);
  return rc;
}
