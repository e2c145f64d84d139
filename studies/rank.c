/* rank.c - which part of a sweep is this process's. */
#include "config.h"

#include "studies/rank.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/unit.h"

enum { RANKS_MAX = 100000 };

static int number(char *(*get)(const char *), const char *name, int64_t fallback, int64_t *out, struct cr_err *err)
{
  const char *text = get(name);
  *out = fallback;
  return text && *text ? cr_parse_count(text, name, out, err) : CR_OK;
}

static int take(const char *from, int64_t i, int64_t n, struct cr_rank *out, struct cr_err *err)
{
  if (n < 1 || n > RANKS_MAX || i < 0 || i >= n)
    return cr_fail(err, CR_EINPUT, "%s: there is no rank %lld of %lld; they are numbered from 0, and %d at most", from,
                   (long long)i, (long long)n, RANKS_MAX);
  *out = (struct cr_rank){.i = (uint32_t)i, .n = (uint32_t)n, .n_here = 1, .from = from};
  return CR_OK;
}

static int from_text(const char *text, struct cr_rank *out, struct cr_err *err)
{
  char word[32];
  const char *slash = strchr(text, '/');
  int64_t i, n;
  if (!slash || (size_t)(slash - text) >= sizeof word)
    return cr_fail(err, CR_EINPUT, "--rank %.40s: write it as RANK/RANKS, such as 0/4, the first of four", text);
  snprintf(word, sizeof word, "%.*s", (int)(slash - text), text);
  int rc = cr_parse_count(word, "--rank", &i, err);
  rc = rc ? rc : cr_parse_count(slash + 1, "--rank", &n, err);
  return rc ? rc : take("--rank", i, n, out, err);
}

static int from_pair(char *(*get)(const char *), const char *rank, const char *size, struct cr_rank *out,
                     struct cr_err *err)
{
  int64_t i, n;
  int rc = number(get, rank, 0, &i, err);
  rc = rc ? rc : number(get, size, 1, &n, err);
  return rc ? rc : take(rank, i, n, out, err);
}

/* Tasks are numbered from any number on, by any step: --array=1-31:3. */
static int from_array(char *(*get)(const char *), struct cr_rank *out, struct cr_err *err)
{
  int64_t id, n, least, step;
  int rc = number(get, "SLURM_ARRAY_TASK_ID", 0, &id, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_COUNT", 1, &n, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_MIN", 0, &least, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_STEP", 1, &step, err);
  if (rc == CR_OK && (step < 1 || (id - least) % step))
    rc = cr_fail(err, CR_EINPUT, "SLURM_ARRAY_TASK_ID: %lld is none of the tasks from %lld on", (long long)id,
                 (long long)least);
  return rc ? rc : take("SLURM_ARRAY_TASK_ID", (id - least) / step, n, out, err);
}

int cr_rank_find(const char *text, char *(*get)(const char *name), struct cr_rank *out, struct cr_err *err)
{
  struct cr_rank r = {.i = 0, .n = 1, .n_here = 1, .from = ""};
  int64_t here = 1, core = 0;
  int rc = CR_OK;
  if (text) {
    rc = from_text(text, &r, err);
  } else if (get("OMPI_COMM_WORLD_RANK") && get("OMPI_COMM_WORLD_SIZE")) {
    rc = from_pair(get, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", &r, err);
    rc = rc ? rc : number(get, "OMPI_COMM_WORLD_LOCAL_SIZE", 1, &here, err);
  } else if (get("PMI_RANK") && get("PMI_SIZE")) {
    rc = from_pair(get, "PMI_RANK", "PMI_SIZE", &r, err);
    rc = rc ? rc : number(get, "MPI_LOCALNRANKS", 1, &here, err);
  } else if (get("SLURM_ARRAY_TASK_ID") && get("SLURM_ARRAY_TASK_COUNT")) {
    rc = from_array(get, &r, err);
  } else if (get("SLURM_STEP_ID") && get("SLURM_PROCID") && get("SLURM_NTASKS")) {
    rc = from_pair(get, "SLURM_PROCID", "SLURM_NTASKS", &r, err);
  }
  rc = rc ? rc : number(get, "SLURM_CPUS_PER_TASK", 0, &core, err);
  if (rc != CR_OK)
    return rc;
  r.n_here = (uint32_t)(here > 0 ? here : 1);
  r.n_core = (uint32_t)(core < RANKS_MAX ? core : 0);
  *out = r;
  return CR_OK;
}
