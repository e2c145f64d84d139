/* cmd_replay.c - `corun replay`: feeds the ledgers of run databases to their policies again, and compares.
 *
 * The first rung of trust: a policy is a function of what it is told.  It also shows what a changed policy would have
 * done differently first. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "sim/cli.h"
#include "sim/cli_policy.h"
#include "sim/cli_scenario.h"
#include "sim/ledger.h"
#include "sim/mem.h"
#include "sim/provenance.h"
#include "sim/replay.h"
#include "sim/text.h"
#include "traces/rundb.h"
#include "traces/scenario.h"

static int run(int argc, char **argv);

const struct cr_cmd cr_cmd_replay = {
  .name = "replay",
  .args = "RUN.db...",
  .help = "feed the ledgers of run databases to their policies again",
  .more =
    "Prints a line for each run.  Where a policy asks for something else than it did, the first such note of the\n"
    "ledger is shown.  Exit status: 0 all asked for the same, 1 one did not, 2 bad usage or input.\n",
  .run = run,
};

/* What a database says of itself, and the load it names. */
struct tape {
  const char *path;
  struct cr_rundb *db;
  struct cr_cli_scenario scenarios;
};

static int load_scenario(struct tape *t, struct cr_err *err)
{
  const struct cr_rundb_info *info = cr_rundb_info(t->db);
  /* The text has the device by name already, and what --set changed of it; a file is found from here, as it was
   * then. */
  const char *device = info->device && strchr(info->device, '/') ? info->device : NULL;
  const struct cr_scenario_options o = {
    .device = device,
    .store = info->store,
    .n_store = info->n_store,
    .text = info->scenario_text,
  };
  int rc = cr_cli_scenario_load(info->scenario_path, &o, &t->scenarios, err);
  if (rc != CR_OK)
    return rc;
  if (cr_workload_hash(t->scenarios.as_divided->workload) != info->workload_hash)
    return cr_fail(err, CR_EINPUT,
                   "the models that scenario %s finds today are not those of the run; give it the same traces",
                   info->scenario_path);
  return CR_OK;
}

static int check_ledger(const struct cr_note *note, uint64_t n, uint64_t hash, struct cr_err *err)
{
  struct cr_ledger *l = cr_ledger_new(NULL);
  if (!l)
    return cr_fail_nomem(err, "a ledger");
  for (uint64_t i = 0; i < n; i++)
    cr_ledger_add(l, &note[i]);
  int same = cr_ledger_hash(l) == hash;
  cr_ledger_free(l);
  return same ? CR_OK : cr_fail(err, CR_EINPUT, "the ledger is not the one that the run wrote; the file is damaged");
}

static void tell(const struct tape *t, const char *policy, const struct cr_replay_report *r, struct cr_text *out)
{
  cr_text_add(out, "%s: %s: told %" PRIu64 " events, asked for %" PRIu64 " actions: %s\n", t->path, policy, r->n_told,
              r->n_asked, r->same ? "the same" : "not the same");
  if (!r->same)
    cr_text_add(out, "  note %" PRIu64 "\n    recorded  %s\n    replayed  %s\n", r->first_difference, r->recorded,
                r->replayed);
}

/* One run of the database; *same is lowered when the policy asks for something else. */
static int replay_run(const struct tape *t, uint32_t i, struct cr_text *out, int *same, struct cr_err *err)
{
  const struct cr_rundb_run *recorded = cr_rundb_run_info(t->db, i);
  struct cr_cli_policy policy = {0};
  struct cr_note *note = NULL;
  uint64_t n = 0;
  struct cr_replay_report report;
  const struct cr_scenario *s = NULL;
  int rc = cr_cli_policy_open(recorded->policy, &policy, err);
  if (rc == CR_OK)
    rc = cr_rundb_read_notes(t->db, i, &note, &n, err);
  if (rc == CR_OK)
    rc = check_ledger(note, n, recorded->ledger_hash, err);
  if (rc == CR_OK)
    s = cr_cli_scenario_for(&t->scenarios, policy.ops->name);
  if (rc == CR_OK)
    rc = cr_replay(s->workload, s->machine, policy.ops, policy.options, note, n, &report, err);
  if (rc == CR_OK) {
    tell(t, recorded->policy, &report, out);
    *same &= report.same;
  } else {
    rc = cr_fail_in(err, rc, "run %s", recorded->policy);
  }
  cr_mem_free(note);
  cr_cli_policy_close(&policy);
  return rc;
}

static int replay_file(const char *path, int *same, struct cr_err *err)
{
  struct tape t = {.path = path};
  struct cr_text text = {0};
  int rc = cr_rundb_open(path, &t.db, err);
  if (rc != CR_OK)
    return rc;
  rc = load_scenario(&t, err);
  if (rc == CR_OK && cr_rundb_n_run(t.db) == 0)
    rc = cr_fail(err, CR_EINPUT, "it holds no run: the one that wrote it kept none, or it was changed since");
  for (uint32_t i = 0; rc == CR_OK && i < cr_rundb_n_run(t.db); i++)
    rc = replay_run(&t, i, &text, same, err);
  if (rc != CR_OK)
    rc = cr_fail_in(err, rc, "%s", path);
  else if (text.failed)
    rc = cr_fail_nomem(err, path);
  else
    rc = cr_cli_write(NULL, text.s, text.n, err);
  cr_text_fini(&text);
  cr_cli_scenario_free(&t.scenarios);
  cr_rundb_close(t.db);
  return rc;
}

static int run(int argc, char **argv)
{
  int status, same = 1;
  struct cr_err err;
  if (cr_cli_next(&cr_cmd_replay, argc, argv, &status) < 0)
    return status;
  if (cr_cli_first() == argc)
    return cr_cli_usage(&cr_cmd_replay, "a run database is missing; corun run -o RUN.db writes one");
  for (int i = cr_cli_first(); i < argc; i++) {
    int rc = replay_file(argv[i], &same, &err);
    if (rc != CR_OK)
      return cr_cli_error(rc, &err);
  }
  return same ? 0 : 1;
}
