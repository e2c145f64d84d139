/* cli_outputs.c - the files of `corun run`, opened, fed and completed together. */
#include "config.h"

#include "sim/cli_outputs.h"

#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/memory_peaks.h"
#include "sim/outfile.h"
#include "sim/provenance.h"
#include "sim/text.h"
#include "sim/timeline.h"
#include "sim/use_curve.h"

struct cr_cli_outputs {
  struct cr_rundb *db;          /* or NULL */
  struct cr_outfile *ledger;    /* or NULL */
  struct cr_timeline *timeline; /* or NULL */
  /* Of the present run. */
  struct cr_ledger_sink db_notes, notes; /* notes: into the database, the text file, or both */
  struct cr_request_sink requests;
  struct cr_observer observer, drawn; /* drawn: the timeline's */
  /* Into the database, at the end of the run. */
  struct cr_use_curve *curve;
  struct cr_memory_peaks *peaks; /* [n_device] */
  uint32_t n_device;
  const struct cr_scenario *undivided; /* or NULL */
};

static int check_distinct(const struct cr_cli_outputs_cfg *cfg, struct cr_err *err)
{
  const char *const path[] = {cfg->db, cfg->ledger, cfg->timeline};
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < i; k++)
      if (path[i] && path[k] && strcmp(path[i], path[k]) == 0)
        return cr_fail(err, CR_EINPUT, "%s: two outputs cannot go to one file; give each a name of its own", path[i]);
  return CR_OK;
}

/* Of any run's machine. */
static uint32_t most_devices(const struct cr_rundb_cfg *about)
{
  uint32_t n = about->scenario->machine->n_device;
  return about->undivided && about->undivided->machine->n_device > n ? about->undivided->machine->n_device : n;
}

static int make_curves(struct cr_cli_outputs *o, uint32_t n_device, struct cr_err *err)
{
  o->n_device = n_device;
  o->curve = cr_use_curve_new(n_device);
  o->peaks = cr_mem_new(n_device, sizeof *o->peaks);
  return o->curve && o->peaks ? CR_OK : cr_fail_nomem(err, "the use of devices over time");
}

static int open_timeline(struct cr_cli_outputs *o, const struct cr_cli_outputs_cfg *cfg, struct cr_err *err)
{
  struct cr_text provenance = {0};
  cr_text_add(&provenance, "corun %s (%s), seed %llu: %s", cr_program_version, cr_program_git,
              (unsigned long long)cfg->about.seed, cfg->about.command);
  const struct cr_timeline_cfg timeline = {
    .n_device = most_devices(&cfg->about),
    .workload = cfg->about.scenario->workload, .machine = cfg->about.scenario->machine, .from_ns = cfg->from_ns,
    .to_ns = cfg->to_ns, .provenance = provenance.s, .overwrite = cfg->about.overwrite,
  };
  int rc = provenance.failed ? cr_fail_nomem(err, "the timeline")
                             : cr_timeline_new(cfg->timeline, &timeline, &o->timeline, err);
  cr_text_fini(&provenance);
  return rc;
}

static void add_line(struct cr_outfile *f, const char *what, const char *text)
{
  cr_outfile_add(f, what, strlen(what));
  cr_outfile_add(f, text, strlen(text));
  cr_outfile_add(f, "\n", 1);
}

static int open_ledger(struct cr_cli_outputs *o, const struct cr_cli_outputs_cfg *cfg, struct cr_err *err)
{
  int rc = cr_outfile_new(cfg->ledger, "ledger", cfg->about.overwrite, &o->ledger, err);
  if (rc != CR_OK)
    return rc;
  char version[128];
  snprintf(version, sizeof version, "%s (%s), seed %llu", cr_program_version, cr_program_git,
           (unsigned long long)cfg->about.seed);
  add_line(o->ledger, "# corun ", version);
  add_line(o->ledger, "# ", cfg->about.command);
  return CR_OK;
}

int cr_cli_outputs_new(const struct cr_cli_outputs_cfg *cfg, struct cr_cli_outputs **out, struct cr_err *err)
{
  struct cr_cli_outputs *o = cr_mem_new(1, sizeof *o);
  int rc = o ? check_distinct(cfg, err) : cr_fail_nomem(err, "the outputs");
  if (rc == CR_OK)
    o->undivided = cfg->about.undivided;
  if (rc == CR_OK && cfg->db)
    rc = cr_rundb_create(cfg->db, &cfg->about, &o->db, err);
  if (rc == CR_OK && cfg->db)
    rc = make_curves(o, most_devices(&cfg->about), err);
  if (rc == CR_OK && cfg->ledger)
    rc = open_ledger(o, cfg, err);
  if (rc == CR_OK && cfg->timeline)
    rc = open_timeline(o, cfg, err);
  if (rc == CR_OK)
    *out = o;
  else
    cr_cli_outputs_free(o);
  return rc;
}

static int write_notes(void *ctx, const struct cr_note *note, uint32_t n, struct cr_err *err)
{
  struct cr_cli_outputs *o = ctx;
  struct cr_text line = {0};
  for (uint32_t i = 0; o->ledger && i < n; i++) {
    line.n = 0;
    cr_note_print(&note[i], &line);
    cr_text_add(&line, "\n");
    if (!line.failed)
      cr_outfile_add(o->ledger, line.s, line.n);
  }
  int failed = line.failed;
  cr_text_fini(&line);
  if (failed)
    return cr_fail_nomem(err, "the ledger's text");
  int rc = o->ledger ? cr_outfile_state(o->ledger, err) : CR_OK;
  return rc == CR_OK && o->db ? o->db_notes.write(o->db_notes.ctx, note, n, err) : rc;
}

static void on_memory(void *ctx, uint32_t device, cr_ns at_ns, int64_t held_bytes, int64_t reserved_bytes)
{
  struct cr_cli_outputs *o = ctx;
  cr_memory_peaks_tell(&o->peaks[device], at_ns, held_bytes, reserved_bytes);
  if (o->drawn.on_memory)
    o->drawn.on_memory(o->drawn.ctx, device, at_ns, held_bytes, reserved_bytes);
}

static void on_op(void *ctx, const struct cr_op_span *span)
{
  struct cr_cli_outputs *o = ctx;
  o->drawn.on_op(o->drawn.ctx, span);
}

static void on_use(void *ctx, uint32_t device, cr_ns at_ns, uint32_t sms_busy, uint32_t warps_resident)
{
  struct cr_cli_outputs *o = ctx;
  o->drawn.on_use(o->drawn.ctx, device, at_ns, sms_busy, warps_resident);
}

/* The database is told what the timeline is, too.  An observer of ops and of SMs makes a run go through every instant, and so
 * there is none where no timeline is drawn. */
static void follow(struct cr_cli_outputs *o, struct cr_core_cfg *core)
{
  cr_use_curve_begin(o->curve);
  for (uint32_t d = 0; d < o->n_device; d++)
    cr_memory_peaks_begin(&o->peaks[d]);
  core->curve = o->curve;
  o->observer = (struct cr_observer){.ctx = o,
                                     .on_op = o->timeline ? on_op : NULL,
                                     .on_use = o->timeline ? on_use : NULL,
                                     .on_memory = on_memory};
  core->observer = &o->observer;
}

int cr_cli_outputs_begin(struct cr_cli_outputs *o, const char *policy, struct cr_core_cfg *core, struct cr_err *err)
{
  if (o->db) {
    cr_rundb_set_undivided(o->db, o->undivided && core->machine == o->undivided->machine);
    int rc = cr_rundb_begin(o->db, policy, core->backend->name, &o->db_notes, &o->requests, err);
    if (rc != CR_OK)
      return rc;
    core->requests = &o->requests;
  }
  if (o->ledger)
    add_line(o->ledger, "policy ", policy);
  if (o->timeline) {
    cr_timeline_move(o->timeline, core->machine);
    cr_timeline_begin(o->timeline, policy, &o->drawn);
    core->observer = &o->drawn;
  }
  if (o->db)
    follow(o, core);
  if (o->db || o->ledger) {
    o->notes = (struct cr_ledger_sink){.ctx = o, .write = write_notes};
    core->ledger = &o->notes;
  }
  return CR_OK;
}

int cr_cli_outputs_end(struct cr_cli_outputs *o, const struct cr_result *result, struct cr_err *err)
{
  if (o->ledger) {
    char hash[96];
    snprintf(hash, sizeof hash, "%016llx over %llu notes", (unsigned long long)result->ledger_hash,
             (unsigned long long)result->ledger_count);
    add_line(o->ledger, "hash ", hash);
  }
  int rc = o->db ? cr_rundb_end(o->db, result, err) : CR_OK;
  for (uint32_t d = 0; rc == CR_OK && o->db && d < result->n_device; d++) {
    cr_memory_peaks_end(&o->peaks[d], result->end_ns);
    rc = cr_rundb_add_curves(o->db, d, o->curve, &o->peaks[d], err);
  }
  return rc;
}

int cr_cli_outputs_keep(struct cr_cli_outputs *o, struct cr_err *err)
{
  int rc = o->db ? cr_rundb_commit(o->db, err) : CR_OK;
  if (o->ledger) {
    int closed = cr_outfile_close(o->ledger, rc == CR_OK ? err : NULL);
    rc = rc == CR_OK ? closed : rc;
    o->ledger = NULL;
  }
  if (o->timeline) {
    int closed = cr_timeline_close(o->timeline, rc == CR_OK ? err : NULL);
    rc = rc == CR_OK ? closed : rc;
    o->timeline = NULL;
  }
  return rc;
}

int64_t cr_cli_outputs_timeline_bytes(const struct cr_cli_outputs *o)
{
  return o->timeline ? cr_timeline_bytes(o->timeline) : 0;
}

uint64_t cr_cli_outputs_timeline_flat(const struct cr_cli_outputs *o)
{
  return o->timeline ? cr_timeline_flat(o->timeline) : 0;
}

void cr_cli_outputs_free(struct cr_cli_outputs *o)
{
  if (!o)
    return;
  cr_rundb_close(o->db);
  cr_outfile_abandon(o->ledger);
  cr_timeline_abandon(o->timeline);
  cr_use_curve_free(o->curve);
  cr_mem_free(o->peaks);
  cr_mem_free(o);
}
