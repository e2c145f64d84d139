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

/* A batch script that calls the program without srun is one process, whatever the job has. */
static void a_batch_script_alone_is_alone(void **state)
{
  (void)state;
  is(found(NULL, OF("SLURM_PROCID", "0", "SLURM_NTASKS", "8")), 0, 1);
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
          "none of the tasks");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(each_launcher_is_understood),
    cmocka_unit_test(a_batch_script_alone_is_alone),
    cmocka_unit_test(the_option_goes_before_the_environment),
    cmocka_unit_test(nonsense_is_refused),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
