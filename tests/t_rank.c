/* t_rank.c - which part of a sweep a process has, by what mpirun and SLURM put into its environment. */
#include "config.h"

#include "tests/t.h"

#include "studies/rank.h"

static const char *const *environment; /* name, value, ..., NULL */

static char *get(const char *name)
{
  static char value[64];
  for (const char *const *e = environment; *e; e += 2)
    if (strcmp(*e, name) == 0) {
      snprintf(value, sizeof value, "%s", e[1]);
      return value;
    }
  return NULL;
}

static struct cr_rank found(const char *text, const char *const *e)
{
  struct cr_rank r = {0};
  struct cr_err err = {""};
  environment = e;
  if (cr_rank_find(text, get, &r, &err) != CR_OK)
    fail_msg("%s", err.text);
  return r;
}

#define OF(...) ((const char *const[]){__VA_ARGS__, NULL})

static void is(struct cr_rank r, uint32_t i, uint32_t n)
{
  assert_int_equal(r.i, i);
  assert_int_equal(r.n, n);
}

static void each_launcher_is_understood(void **state)
{
  (void)state;
  static const char *const nothing[] = {NULL};
  is(found(NULL, nothing), 0, 1);
  is(found("2/8", nothing), 2, 8);
  struct cr_rank r =
    found(NULL, OF("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "4", "OMPI_COMM_WORLD_LOCAL_SIZE", "2"));
  is(r, 3, 4);
  assert_int_equal(r.n_here, 2);
  is(found(NULL, OF("PMI_RANK", "0", "PMI_SIZE", "2")), 0, 2);
  is(found(NULL, OF("SLURM_ARRAY_TASK_ID", "7", "SLURM_ARRAY_TASK_COUNT", "4", "SLURM_ARRAY_TASK_MIN", "1",
                    "SLURM_ARRAY_TASK_STEP", "3")),
     2, 4);
  r = found(NULL, OF("SLURM_STEP_ID", "0", "SLURM_PROCID", "1", "SLURM_NTASKS", "3", "SLURM_CPUS_PER_TASK", "6"));
  is(r, 1, 3);
  assert_int_equal(r.n_core, 6);
}

/* sbatch --array=10-30:10, whose tasks say srun -n 4: twelve shares, those of a task together. */
static void an_array_of_steps_shares_among_all(void **state)
{
  (void)state;
  const char *e[] = {"SLURM_ARRAY_TASK_ID",    "20", "SLURM_ARRAY_TASK_COUNT", "3",  "SLURM_ARRAY_TASK_MIN", "10",
                     "SLURM_ARRAY_TASK_MAX",   "30", "SLURM_ARRAY_TASK_STEP",  "10", "SLURM_STEP_ID",        "0",
                     "SLURM_STEP_NUM_TASKS",   "4",  "SLURM_NTASKS",           "8",  "SLURM_PROCID",         "3",
                     "SLURM_STEP_TASKS_PER_NODE", "1(x2),2", "SLURM_NODEID",  "2",  "SLURM_CPUS_ON_NODE",   "16", NULL};
  struct cr_rank r = found(NULL, e);
  is(r, 7, 12);
  assert_int_equal(r.n_here, 2);
  assert_int_equal(r.n_core, 8);
  is(found(NULL, OF("SLURM_ARRAY_TASK_ID", "1", "SLURM_ARRAY_TASK_COUNT", "2", "OMPI_COMM_WORLD_RANK", "2",
                    "OMPI_COMM_WORLD_SIZE", "3")),
     5, 6);
}

/* 1,3,5 without a step, two tasks, and one alone, which is what is left to be done. */
static void a_list_of_tasks_that_is_even_is_understood(void **state)
{
  (void)state;
  is(found(NULL, OF("SLURM_ARRAY_TASK_ID", "5", "SLURM_ARRAY_TASK_COUNT", "3", "SLURM_ARRAY_TASK_MIN", "1",
                    "SLURM_ARRAY_TASK_MAX", "5", "SLURM_ARRAY_TASK_STEP", "1")),
     2, 3);
  is(found(NULL, OF("SLURM_ARRAY_TASK_ID", "9", "SLURM_ARRAY_TASK_COUNT", "2", "SLURM_ARRAY_TASK_MIN", "2",
                    "SLURM_ARRAY_TASK_MAX", "9", "SLURM_ARRAY_TASK_STEP", "0")),
     1, 2);
  is(found(NULL, OF("SLURM_ARRAY_TASK_ID", "6", "SLURM_ARRAY_TASK_COUNT", "1", "SLURM_ARRAY_TASK_MIN", "6",
                    "SLURM_ARRAY_TASK_MAX", "6", "SLURM_ARRAY_TASK_STEP", "1")),
     0, 1);
}

/* A batch script that calls the program without srun is one process, whatever the job has. */
static void a_batch_script_alone_is_alone(void **state)
{
  (void)state;
  is(found(NULL, OF("SLURM_PROCID", "0", "SLURM_NTASKS", "8")), 0, 1);
  is(found(NULL, OF("SLURM_STEP_ID", "4294967291", "SLURM_PROCID", "0", "SLURM_NTASKS", "8")), 0, 1);
  struct cr_rank r = found(NULL, OF("SLURM_PROCID", "0", "SLURM_NTASKS", "1", "SLURM_CPUS_ON_NODE", "3"));
  assert_int_equal(r.n_core, 3);
}

static void the_option_goes_before_the_environment(void **state)
{
  (void)state;
  is(found("0/1", OF("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "4")), 0, 1);
}

static void refused(const char *text, const char *const *e, const char *why)
{
  struct cr_rank r;
  struct cr_err err = {""};
  environment = e;
  assert_int_equal(cr_rank_find(text, get, &r, &err), CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("%s", err.text);
}

static void nonsense_is_refused(void **state)
{
  (void)state;
  static const char *const nothing[] = {NULL};
  refused("3/3", nothing, "no rank 3 of 3");
  refused("0/0", nothing, "no rank 0 of 0");
  refused("x/3", nothing, "--rank");
  refused("3", nothing, "RANK/RANKS");
  refused(NULL, OF("PMI_RANK", "one", "PMI_SIZE", "2"), "PMI_RANK");
  refused(NULL,
          OF("SLURM_ARRAY_TASK_ID", "3", "SLURM_ARRAY_TASK_COUNT", "4", "SLURM_ARRAY_TASK_MIN", "2",
             "SLURM_ARRAY_TASK_STEP", "2"),
          "3 is none of the tasks");
  refused(NULL,
          OF("SLURM_ARRAY_TASK_ID", "1", "SLURM_ARRAY_TASK_COUNT", "3", "SLURM_ARRAY_TASK_MIN", "0",
             "SLURM_ARRAY_TASK_MAX", "3", "SLURM_ARRAY_TASK_STEP", "1"),
          "not numbered evenly");
  refused(NULL, OF("SLURM_STEP_ID", "0", "SLURM_PROCID", "four", "SLURM_NTASKS", "4"), "SLURM_PROCID");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(each_launcher_is_understood),
    cmocka_unit_test(an_array_of_steps_shares_among_all),
    cmocka_unit_test(a_list_of_tasks_that_is_even_is_understood),
    cmocka_unit_test(a_batch_script_alone_is_alone),
    cmocka_unit_test(the_option_goes_before_the_environment),
    cmocka_unit_test(nonsense_is_refused),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
