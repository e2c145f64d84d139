/* t_truth.c - measured tables: the bundled ones as they are, and damaged ones with the sentence each must get. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "calib/truth.h"

#define HEAD                                                                                                         \
  "scenario,policy,client,model,priority,arrival,rate_per_s,phase_s,duration_s,inferences,throughput_per_s,mean_ms," \
  "p50_ms,"                                                                                                          \
  "p95_ms,p99_ms\n"
#define CLOSED(scenario, policy, client, mean) \
  scenario "," policy "," client ",m,0,closed,,,0.5,100,500," mean ",2,2.1,2.2\n"

static struct cr_truth *read_ok(const char *path, const char *arrivals)
{
  struct cr_truth *t = NULL;
  struct cr_err err = {""};
  int rc = cr_truth_read(path, arrivals, &t, &err);
  if (rc != CR_OK)
    print_error("%s\n", err.text);
  assert_int_equal(rc, CR_OK);
  return t;
}

/* A table of its own folder, with arrivals.csv beside it unless that is NULL. */
static const char *table(const char *text, const char *arrivals)
{
  const char *folder = t_tmp();
  if (arrivals)
    t_write(t_join(folder, "arrivals.csv"), arrivals);
  const char *path = t_join(folder, "truth.csv");
  t_write(path, text);
  return path;
}

static void refused(const char *text, const char *arrivals, const char *where, const char *what)
{
  struct cr_truth *t = NULL;
  struct cr_err err = {""};
  int rc = cr_truth_read(table(text, arrivals), NULL, &t, &err);
  if (rc != CR_EINPUT || !strstr(err.text, where) || !strstr(err.text, what))
    print_error("rc %d, want '%s' and '%s' in: %s\n", rc, where, what, err.text);
  assert_int_equal(rc, CR_EINPUT);
  assert_null(t);
  assert_non_null(strstr(err.text, where));
  assert_non_null(strstr(err.text, what));
}

/* --- tables as they should be ------------------------------------------------------------------------------------------ */

static void the_bundled_fixed_table_is_read_whole(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(t_data("calib/data/h200/fixed/corun-streams.csv"), NULL);
  assert_int_equal(t->n_row, 194);
  assert_string_equal(t->row[0].scenario, "iso-resnet152");
  assert_string_equal(t->row[0].model, "resnet152-bs1-fp32");
  assert_near(t->row[0].measured_ms[CR_TRUTH_MEAN], 2.3861, 0);
  assert_near(t->row[0].measured_per_s, 419.1017, 0);
  assert_true(t->row[0].duration_ns == 400000000);
  uint32_t n = 0, n_open = 0;
  for (uint32_t g = 0; g < t->n_group; g++)
    n += t->group[g].n_row;
  for (uint32_t i = 0; i < t->n_row; i++)
    if (t->row[i].arrival != CR_ARRIVE_CLOSED) {
      n_open++;
      assert_true(t->row[i].n_at >= 99);
    }
  assert_int_equal(n, 194);
  assert_int_equal(n_open, 12);
  cr_truth_free(t);
}

static void the_bundled_table_of_processes_is_read_whole(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(t_data("calib/data/h200/corun-processes.csv"), NULL);
  assert_int_equal(t->n_row, 24);
  assert_int_equal(t->n_group, 16);
  assert_string_equal(t->row[0].model, "vgg19-bs1-fp32");
  assert_int_equal(t->row[0].policy, CR_TRUTH_TIMESLICE);
  assert_int_equal(t->row[2].client, 0); /* resnet50 beside itself */
  assert_int_equal(t->row[3].client, 1);
  assert_int_equal(t->row[t->n_row - 1].policy, CR_TRUTH_MPS_25);
  for (uint32_t i = 0; i < t->n_row; i++) {
    assert_int_equal(t->row[i].arrival, CR_ARRIVE_CLOSED);
    assert_true(t->row[i].duration_ns == CR_TRUTH_PROCESS_NS);
  }
  cr_truth_free(t);
}

/* What README.md of these measurements and docs/validation.md say of them. */
static void the_bundled_unseen_table_is_read_whole(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(t_data("calib/data/h200/unseen/corun-streams.csv"), NULL);
  uint32_t n_open = 0;
  assert_int_equal(t->n_row, 184);
  assert_int_equal(t->n_group, 67);
  for (uint32_t i = 0; i < t->n_row; i++)
    if (t->row[i].arrival != CR_ARRIVE_CLOSED) {
      n_open++;
      assert_true(t->row[i].n_at >= 27);
    }
  assert_int_equal(n_open, 26);
  cr_truth_free(t);
}

static void bundled_tables_are_measured_again_row_by_row(void **state)
{
  (void)state;
  const char *const path[] = {"calib/data/h200/fixed/corun-streams.csv", "calib/data/h200/unseen/corun-streams.csv"};
  for (int k = 0; k < 2; k++) {
    struct cr_truth *t = read_ok(t_data(path[k]), NULL);
    struct cr_err err = {""};
    assert_int_equal(cr_truth_read_again(t, NULL, &err), CR_OK);
    assert_non_null(strstr(t->again_path, "again.csv"));
    assert_int_equal(t->n_again_left, 0);
    for (uint32_t i = 0; i < t->n_row; i++) {
      for (int m = 0; m < CR_N_TRUTH; m++)
        assert_true(t->row[i].again_ms[m] > 0);
      assert_true(t->row[i].again_per_s > 0);
    }
    if (k == 0)
      assert_near(t->row[0].again_ms[CR_TRUTH_MEAN], 2.3519, 0); /* iso-resnet152 */
    cr_truth_free(t);
  }
}

static void a_mode_that_is_none_is_refused(void **state)
{
  (void)state;
  refused("mode,scenario,model,mean_ms\nmps-alone,a,m,1\nmpz,a,m,1\n", NULL, "truth.csv:3", "mps-alone-25");
}

static void the_bundled_autotuned_table_is_read_whole(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(t_data("calib/data/h200/corun-streams.csv"), NULL);
  assert_int_equal(t->n_row, 266);
  uint32_t n_rt_only = 0;
  for (uint32_t i = 0; i < t->n_row; i++)
    n_rt_only += t->row[i].policy == CR_TRUTH_RT_ONLY;
  assert_int_equal(n_rt_only, 2);
  cr_truth_free(t);
}

static void groups_come_as_they_first_appear_and_rows_by_client(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(table(HEAD CLOSED("z", "streams", "1", "4") CLOSED("a", "streams", "0", "5")
                                       CLOSED("z", "priority-streams", "0", "6") CLOSED("z", "streams", "0", "7"),
                                     NULL),
                               NULL);
  assert_int_equal(t->n_group, 3);
  assert_int_equal(t->group[0].n_row, 2);
  assert_near(t->row[t->group[0].first].measured_ms[CR_TRUTH_MEAN], 7, 0);
  assert_near(t->row[t->group[0].first + 1].measured_ms[CR_TRUTH_MEAN], 4, 0);
  assert_near(t->row[t->group[1].first].measured_ms[CR_TRUTH_MEAN], 5, 0);
  assert_int_equal(t->row[t->group[2].first].policy, CR_TRUTH_PRIORITY_STREAMS);
  cr_truth_free(t);
}

static void columns_may_come_in_any_order_and_only_seven_are_needed(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(table("mean_ms,extra,duration_s,arrival,model,client,policy,scenario\n"
                                     "1.5,?,0.25,closed,m,3,streams,s\n",
                                     NULL),
                               NULL);
  const struct cr_truth_row *row = &t->row[0];
  assert_int_equal(row->client, 3);
  assert_int_equal(row->priority, 0);
  assert_true(row->duration_ns == 250000000);
  assert_near(row->measured_ms[CR_TRUTH_MEAN], 1.5, 0);
  assert_true(isnan(row->measured_ms[CR_TRUTH_P50]));
  assert_true(isnan(row->measured_ms[CR_TRUTH_P99]));
  assert_true(isnan(row->measured_per_s));
  assert_null(t->arrivals_path);
  cr_truth_free(t);
}

#define OPEN(arrival, rate) \
  "s,streams,0,m,-3," arrival "," rate ",0.001,0.5,100,200,1,1,1,1\n" CLOSED("s", "streams", "1", "4")

static void arrivals_are_joined_by_scenario_and_client(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(
    table(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\nr,0,0.5\ns,0,0.001\ns,1,0.3\ns,0,0.001\ns,0,0.25\n"),
    NULL);
  assert_int_equal(t->row[0].n_at, 3);
  assert_true(t->row[0].at_ns[0] == 1000000 && t->row[0].at_ns[1] == 1000000 && t->row[0].at_ns[2] == 250000000);
  assert_int_equal(t->row[1].n_at, 0);
  assert_int_equal(t->row[0].priority, -3);
  cr_truth_free(t);
}

static void a_uniform_client_without_times_goes_by_rate_and_phase(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(table(HEAD OPEN("uniform", "200"), NULL), NULL);
  assert_null(t->row[0].at_ns);
  assert_near(t->row[0].rate_per_s, 200, 0);
  assert_true(t->row[0].phase_ns == 1000000);
  cr_truth_free(t);
}

/* --- the second measurement -------------------------------------------------------------------------------------------- */

#define FIRST CLOSED("z", "streams", "1", "4") CLOSED("a", "streams", "0", "5") CLOSED("z", "streams", "0", "7")

/* Reads a table with that second measurement beside it. */
static struct cr_truth *read_again(const char *first, const char *second, int *rc, struct cr_err *err)
{
  const char *path = table(first, NULL);
  char folder[512];
  assert_true(snprintf(folder, sizeof folder, "%s", path) < (int)sizeof folder);
  *strrchr(folder, '/') = '\0';
  struct cr_truth *t = read_ok(path, NULL);
  t_write(t_join(folder, "again.csv"), second);
  *rc = cr_truth_read_again(t, NULL, err);
  return t;
}

static void a_second_measurement_is_joined_by_scenario_policy_and_client(void **state)
{
  (void)state;
  struct cr_err err = {""};
  int rc;
  struct cr_truth *t = read_again(HEAD FIRST,
                                  HEAD CLOSED("z", "streams", "0", "7.5") CLOSED("b", "streams", "0", "1")
                                    CLOSED("a", "priority-streams", "0", "1") CLOSED("z", "streams", "1", "4.25"),
                                  &rc, &err);
  assert_int_equal(rc, CR_OK);
  assert_int_equal(t->n_row, 3);
  assert_near(t->row[0].measured_ms[CR_TRUTH_MEAN], 7, 0);
  assert_near(t->row[0].again_ms[CR_TRUTH_MEAN], 7.5, 0);
  assert_near(t->row[0].again_ms[CR_TRUTH_P99], 2.2, 0);
  assert_near(t->row[0].again_per_s, 500, 0);
  assert_near(t->row[1].again_ms[CR_TRUTH_MEAN], 4.25, 0);
  assert_true(isnan(t->row[2].again_ms[CR_TRUTH_MEAN]));
  assert_true(isnan(t->row[2].again_per_s));
  assert_int_equal(t->n_again_left, 2);
  cr_truth_free(t);
}

static void a_table_measured_once_has_no_second_measurement(void **state)
{
  (void)state;
  struct cr_truth *t = read_ok(table(HEAD FIRST, NULL), NULL);
  struct cr_err err = {""};
  assert_int_equal(cr_truth_read_again(t, NULL, &err), CR_OK);
  assert_null(t->again_path);
  for (uint32_t i = 0; i < t->n_row; i++)
    assert_true(isnan(t->row[i].again_ms[CR_TRUTH_MEAN]));
  assert_int_equal(cr_truth_read_again(t, "no/again.csv", &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "no/again.csv"));
  cr_truth_free(t);
}

/* Open clients arrive by the times of the first measurement: the second needs no file of its own. */
static void a_second_measurement_needs_no_arrival_times(void **state)
{
  (void)state;
  const char *row = HEAD "s,streams,0,m,0,poisson,200,,0.5,100,200,1,1,1,1\n";
  struct cr_truth *t = read_ok(table(row, "scenario,client,arrival_s\ns,0,0.1\n"), NULL);
  const char *again = t_join(t_tmp(), "second.csv");
  struct cr_err err = {""};
  t_write(again, row);
  assert_int_equal(cr_truth_read_again(t, again, &err), CR_OK);
  assert_string_equal(t->again_path, again);
  assert_near(t->row[0].again_ms[CR_TRUTH_MEAN], 1, 0);
  cr_truth_free(t);
}

static void second_refused(const char *second, const char *where, const char *what)
{
  struct cr_err err = {""};
  int rc;
  struct cr_truth *t = read_again(HEAD FIRST, second, &rc, &err);
  if (rc != CR_EINPUT || !strstr(err.text, where) || !strstr(err.text, what))
    print_error("rc %d, want '%s' and '%s' in: %s\n", rc, where, what, err.text);
  assert_int_equal(rc, CR_EINPUT);
  assert_non_null(strstr(err.text, where));
  assert_non_null(strstr(err.text, what));
  assert_null(t->again_path);
  for (uint32_t i = 0; i < t->n_row; i++)
    assert_true(isnan(t->row[i].again_ms[CR_TRUTH_MEAN]));
  cr_truth_free(t);
}

static void a_second_measurement_of_other_columns_is_refused(void **state)
{
  (void)state;
  second_refused("scenario,policy,client,model,arrival,duration_s,mean_ms\nz,streams,0,m,closed,0.5,7\n", "again.csv:1",
                 "\"priority\"");
  second_refused("note," HEAD "?," CLOSED("z", "streams", "0", "7"), "again.csv:1", "\"note\"");
  second_refused("", "again.csv", "");
  second_refused(HEAD, "again.csv", "no rows");
}

static void a_second_measurement_with_a_row_twice_is_refused(void **state)
{
  (void)state;
  second_refused(HEAD CLOSED("z", "streams", "0", "7") CLOSED("z", "streams", "1", "7")
                   CLOSED("z", "streams", "0", "8"),
                 "again.csv:4", "line 2");
}

static void a_second_measurement_of_another_run_is_refused(void **state)
{
  (void)state;
  const char *const row[][2] = {{"z,streams,0,n,0,closed,,,0.5,100,500,7,2,2.1,2.2\n", "model"},
                                {"z,streams,0,m,-3,closed,,,0.5,100,500,7,2,2.1,2.2\n", "priority"},
                                {"z,streams,0,m,0,uniform,,,0.5,100,500,7,2,2.1,2.2\n", "arrival"},
                                {"z,streams,0,m,0,closed,9,,0.5,100,500,7,2,2.1,2.2\n", "rate_per_s"},
                                {"z,streams,0,m,0,closed,,0.1,0.5,100,500,7,2,2.1,2.2\n", "phase_s"},
                                {"z,streams,0,m,0,closed,,,0.6,100,500,7,2,2.1,2.2\n", "duration_s"},
                                {"z,streams,0,m,0,closed,,,0.5,100,500,-7,2,2.1,2.2\n", "mean_ms"}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    char text[1024];
    snprintf(text, sizeof text, "%s%s", HEAD CLOSED("a", "streams", "0", "5"), row[i][0]);
    second_refused(text, "again.csv:3", row[i][1]);
  }
}

/* --- damaged ones ------------------------------------------------------------------------------------------------------ */

static void a_missing_column_is_named(void **state)
{
  (void)state;
  refused("scenario,policy,client,model,duration_s,mean_ms\ns,streams,0,m,1,1\n", NULL, "truth.csv", "arrival");
}

static void unknown_words_are_refused_with_those_there_are(void **state)
{
  (void)state;
  refused(HEAD CLOSED("s", "stream", "0", "1"), NULL, "truth.csv:2", "streams, priority-streams or rt-only");
  refused(HEAD CLOSED("s", "streams", "0", "1") "s,streams,1,m,0,closd,,,0.5,100,500,1,1,1,1\n", NULL, "truth.csv:3",
          "closed, uniform or poisson");
  refused(HEAD CLOSED("s", "rt-only", "0", "1"), NULL, "truth.csv:2", "rt-only");
}

static void numbers_out_of_range_are_refused(void **state)
{
  (void)state;
  refused(HEAD CLOSED("s", "streams", "0", "-1"), NULL, "truth.csv:2", "mean_ms");
  refused(HEAD CLOSED("s", "streams", "0", "0"), NULL, "truth.csv:2", "mean_ms");
  refused(HEAD CLOSED("s", "streams", "0", "inf"), NULL, "truth.csv:2", "mean_ms");
  refused(HEAD CLOSED("s", "streams", "0", "nan"), NULL, "truth.csv:2", "mean_ms");
  refused(HEAD CLOSED("s", "streams", "0", "2 ms"), NULL, "truth.csv:2", "mean_ms");
  refused(HEAD CLOSED("s", "streams", "0", ""), NULL, "truth.csv:2", "mean_ms");
  refused(HEAD CLOSED("s", "streams", "-1", "1"), NULL, "truth.csv:2", "client");
  refused(HEAD CLOSED("s", "streams", "", "1"), NULL, "truth.csv:2", "client");
  refused(HEAD CLOSED("", "streams", "0", "1"), NULL, "truth.csv:2", "scenario");
  refused(HEAD "s,streams,0,m,0,closed,,,0,100,500,1,1,1,1\n", NULL, "truth.csv:2", "duration_s");
  refused(HEAD "s,streams,0,m,0,closed,,,1e9,100,500,1,1,1,1\n", NULL, "truth.csv:2", "duration_s");
  refused(HEAD "s,streams,0,m,0,closed,,,,100,500,1,1,1,1\n", NULL, "truth.csv:2", "duration_s");
  refused(HEAD "s,streams,0,m,0,uniform,-5,,1,100,500,1,1,1,1\n", NULL, "truth.csv:2", "rate_per_s");
}

static void a_table_of_no_rows_is_refused(void **state)
{
  (void)state;
  refused(HEAD, NULL, "truth.csv", "no rows");
  refused("", NULL, "truth.csv", "");
}

static void a_client_twice_in_a_group_is_refused(void **state)
{
  (void)state;
  refused(HEAD CLOSED("s", "streams", "0", "1") CLOSED("s", "streams", "1", "1") CLOSED("s", "streams", "0", "1"), NULL,
          "truth.csv:4", "line 2");
}

static void rows_that_ran_together_must_agree_on_the_duration(void **state)
{
  (void)state;
  refused(HEAD CLOSED("s", "streams", "0", "1") "s,streams,1,m,0,closed,,,0.6,100,500,1,1,1,1\n", NULL, "truth.csv:3",
          "duration_s");
}

static void an_open_client_without_times_is_refused(void **state)
{
  (void)state;
  refused(HEAD OPEN("poisson", "200"), NULL, "truth.csv:2", "--arrivals");
  refused(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\ns,1,0.5\n", "truth.csv:2", "arrivals.csv");
  refused(HEAD OPEN("uniform", ""), NULL, "truth.csv:2", "rate_per_s");
}

static void unsorted_or_damaged_arrivals_are_refused(void **state)
{
  (void)state;
  refused(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\ns,0,0.2\ns,0,0.1\n", "arrivals.csv:3", "ascend");
  refused(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\ns,0,-0.2\n", "arrivals.csv:2", "arrival_s");
  refused(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\ns,0,\n", "arrivals.csv:2", "arrival_s");
  refused(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\ns,x,0.1\n", "arrivals.csv:2", "client");
  refused(HEAD OPEN("poisson", "200"), "scenario,client,time\ns,0,0.1\n", "arrivals.csv", "arrival_s");
}

static void a_file_that_is_not_there_is_named(void **state)
{
  (void)state;
  struct cr_truth *t = NULL;
  struct cr_err err = {""};
  assert_int_equal(cr_truth_read("no/such.csv", NULL, &t, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "no/such.csv"));
  assert_int_equal(cr_truth_read(table(HEAD CLOSED("s", "streams", "0", "1"), NULL), "no/arrivals.csv", &t, &err),
                   CR_EINPUT);
  assert_non_null(strstr(err.text, "no/arrivals.csv"));
  assert_null(t);
}

static void every_failed_allocation_is_told_and_nothing_leaks(void **state)
{
  (void)state;
  const char *path = table(HEAD OPEN("poisson", "200"), "scenario,client,arrival_s\ns,0,0.1\ns,0,0.2\n");
  int rc = CR_ENOMEM;
  for (uint64_t n = 0; rc != CR_OK && n < 1000; n++) {
    struct cr_truth *t = NULL;
    struct cr_err err = {""};
    t_fail_allocation_after(n);
    rc = cr_truth_read(path, NULL, &t, &err);
    if (rc == CR_OK)
      rc = cr_truth_read_again(t, path, &err);
    t_allocations_succeed();
    if (rc != CR_OK) {
      assert_true(!t || !t->again_path);
      assert_true(err.text[0] != '\0');
    }
    cr_truth_free(t);
  }
  assert_int_equal(rc, CR_OK);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_bundled_fixed_table_is_read_whole),
    cmocka_unit_test(the_bundled_autotuned_table_is_read_whole),
    cmocka_unit_test(the_bundled_table_of_processes_is_read_whole),
    cmocka_unit_test(the_bundled_unseen_table_is_read_whole),
    cmocka_unit_test(bundled_tables_are_measured_again_row_by_row),
    cmocka_unit_test(a_mode_that_is_none_is_refused),
    cmocka_unit_test(groups_come_as_they_first_appear_and_rows_by_client),
    cmocka_unit_test(columns_may_come_in_any_order_and_only_seven_are_needed),
    cmocka_unit_test(arrivals_are_joined_by_scenario_and_client),
    cmocka_unit_test(a_uniform_client_without_times_goes_by_rate_and_phase),
    cmocka_unit_test(a_second_measurement_is_joined_by_scenario_policy_and_client),
    cmocka_unit_test(a_table_measured_once_has_no_second_measurement),
    cmocka_unit_test(a_second_measurement_needs_no_arrival_times),
    cmocka_unit_test(a_second_measurement_of_other_columns_is_refused),
    cmocka_unit_test(a_second_measurement_with_a_row_twice_is_refused),
    cmocka_unit_test(a_second_measurement_of_another_run_is_refused),
    cmocka_unit_test(a_missing_column_is_named),
    cmocka_unit_test(unknown_words_are_refused_with_those_there_are),
    cmocka_unit_test(numbers_out_of_range_are_refused),
    cmocka_unit_test(a_table_of_no_rows_is_refused),
    cmocka_unit_test(a_client_twice_in_a_group_is_refused),
    cmocka_unit_test(rows_that_ran_together_must_agree_on_the_duration),
    cmocka_unit_test(an_open_client_without_times_is_refused),
    cmocka_unit_test(unsorted_or_damaged_arrivals_are_refused),
    cmocka_unit_test(a_file_that_is_not_there_is_named),
    cmocka_unit_test(every_failed_allocation_is_told_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
