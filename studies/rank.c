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

/* -- SLURM ------------------------------------------------------------------------------------------------------------ */

/* Tasks are numbered from any number on, by any step: --array=1-31:3.  Which one of a list without a step (1,2,5) this is,
 * nobody says. */
static int from_array(char *(*get)(const char *), struct cr_rank *out, struct cr_err *err)
{
  int64_t id, n, least, most, step;
  int rc = number(get, "SLURM_ARRAY_TASK_ID", 0, &id, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_COUNT", 1, &n, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_MIN", 0, &least, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_STEP", 1, &step, err);
  rc = rc ? rc : number(get, "SLURM_ARRAY_TASK_MAX", least + (n - 1) * step, &most, err);
  if (rc != CR_OK)
    return rc;
  if (n > 1 && most > least && (most - least) % (n - 1) == 0 && step < 2)
    step = (most - least) / (n - 1); /* of two tasks, say, some versions tell no step */
  if (n == 1)
    return take("SLURM_ARRAY_TASK_ID", 0, 1, out, err);
  if (step < 1 || most - least != (n - 1) * step)
    return cr_fail(err, CR_EINPUT,
                   "SLURM_ARRAY_TASK_ID: the %lld tasks of the array, from %lld to %lld, are not numbered evenly, and so "
                   "do not tell their shares; number them evenly, or give each its share: --rank I/N, with I from 0 on",
                   (long long)n, (long long)least, (long long)most);
  if (id < least || (id - least) % step)
    return cr_fail(err, CR_EINPUT,
                   "SLURM_ARRAY_TASK_ID: %lld is none of the tasks from %lld to %lld by %lld; give each its share: "
                   "--rank I/N, with I from 0 on",
                   (long long)id, (long long)least, (long long)most, (long long)step);
  return take("SLURM_ARRAY_TASK_ID", (id - least) / step, n, out, err);
}

/* A step that srun made, and not the script of the job, whose step's number is one of the highest (slurm.h). */
static int is_in_step(char *(*get)(const char *))
{
  const int64_t special = 0xfffffff0;
  const char *text = get("SLURM_STEP_ID");
  int64_t id;
  return text && cr_parse_count(text, "SLURM_STEP_ID", &id, NULL) == CR_OK && id < special;
}

/* "4(x2),3" of SLURM_STEP_TASKS_PER_NODE: of the node-th.  0: not told. */
static int64_t tasks_of_node(const char *text, int64_t node)
{
  while (text && *text) {
    char *end;
    int64_t n_task = strtoll(text, &end, 10), n_node = strncmp(end, "(x", 2) == 0 ? strtoll(end + 2, &end, 10) : 1;
    end += *end == ')';
    if (node < n_node)
      return n_task;
    node -= n_node;
    text = *end == ',' ? end + 1 : NULL;
  }
  return 0;
}

static int from_step(char *(*get)(const char *), struct cr_rank *out, int64_t *here, struct cr_err *err)
{
  int64_t node;
  int rc =
    from_pair(get, "SLURM_PROCID", get("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS", out, err);
  rc = rc ? rc : number(get, "SLURM_NODEID", 0, &node, err);
  if (rc == CR_OK)
    *here = tasks_of_node(get("SLURM_STEP_TASKS_PER_NODE"), node);
  return rc;
}

/* The cores of a task; of a job without --cpus-per-task those on the node, shared by its tasks there. */
static int count_cores(char *(*get)(const char *), int64_t here, int64_t *out, struct cr_err *err)
{
  int64_t on_node;
  int rc = number(get, "SLURM_CPUS_PER_TASK", 0, out, err);
  rc = rc ? rc : number(get, "SLURM_CPUS_ON_NODE", 0, &on_node, err);
  if (rc == CR_OK && !*out && on_node)
    *out = on_node / here > 1 ? on_node / here : 1;
  return rc;
}

/* -- all -------------------------------------------------------------------------------------------------------------- */

/* Which of the processes that were launched together. */
static int from_launcher(char *(*get)(const char *), struct cr_rank *out, int64_t *here, struct cr_err *err)
{
  int rc = CR_OK;
  if (get("OMPI_COMM_WORLD_RANK") && get("OMPI_COMM_WORLD_SIZE")) {
    rc = from_pair(get, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", out, err);
    rc = rc ? rc : number(get, "OMPI_COMM_WORLD_LOCAL_SIZE", 1, here, err);
  } else if (get("PMI_RANK") && get("PMI_SIZE")) {
    rc = from_pair(get, "PMI_RANK", "PMI_SIZE", out, err);
    rc = rc ? rc : number(get, "MPI_LOCALNRANKS", 1, here, err);
  } else if (is_in_step(get) && get("SLURM_PROCID") && (get("SLURM_STEP_NUM_TASKS") || get("SLURM_NTASKS"))) {
    rc = from_step(get, out, here, err);
  }
  return rc;
}

int cr_rank_find(const char *text, char *(*get)(const char *name), struct cr_rank *out, struct cr_err *err)
{
  const struct cr_rank alone = {.i = 0, .n = 1, .n_here = 1, .from = ""};
  struct cr_rank r = alone, task = alone;
  int64_t here = 1, core = 0;
  int rc = CR_OK;
  if (text) {
    rc = from_text(text, &r, err);
  } else {
    rc = from_launcher(get, &r, &here, err);
    if (rc == CR_OK && get("SLURM_ARRAY_TASK_ID") && get("SLURM_ARRAY_TASK_COUNT"))
      rc = from_array(get, &task, err);
    if (rc == CR_OK && task.n > 1)
      rc = take(task.from, (int64_t)task.i * r.n + r.i, (int64_t)task.n * r.n, &r, err);
  }
  here = here > 0 ? here : 1;
  rc = rc ? rc : count_cores(get, here, &core, err);
  if (rc != CR_OK)
    return rc;
  r.n_here = (uint32_t)here;
  r.n_core = (uint32_t)(core < RANKS_MAX ? core : 0);
  *out = r;
  return CR_OK;
}
