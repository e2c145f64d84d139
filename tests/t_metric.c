/* t_metric.c - numbers of a run by their names: what a class stands for, what cannot be meant. */
#include "config.h"

#include "tests/t.h"

#include <math.h>

#include "sim/metric.h"

/* Two rt clients of 10 and 30 requests, and a be client of which nothing finished. */
static struct cr_client_summary client[] = {
  {.name = "a",
   .class = CR_RT,
   .n_done = 10,
   .n_missed = 5,
   .throughput_per_s = 10,
   .metric[CR_LATENCY] =
     {.n = 10, .mean_ns = 100, .min_ns = 50, .p50_ns = 90, .p95_ns = 140, .p99_ns = 150, .max_ns = 160}},
  {.name = "b",
   .class = CR_RT,
   .n_done = 30,
   .n_missed = 1,
   .n_dropped = 2,
   .throughput_per_s = 30,
   .metric[CR_LATENCY] =
     {.n = 30, .mean_ns = 200, .min_ns = 20, .p50_ns = 80, .p95_ns = 240, .p99_ns = 250, .max_ns = 260}},
  {.name = "c",
   .class = CR_BE,
   .metric[CR_LATENCY] = {.mean_ns = NAN,
                          .min_ns = CR_NS_NEVER,
                          .p50_ns = CR_NS_NEVER,
                          .p95_ns = CR_NS_NEVER,
                          .p99_ns = CR_NS_NEVER,
                          .max_ns = CR_NS_NEVER}},
};
static struct cr_device_summary device[] = {{.name = "x", .busy = 0.5, .sm_use = 0.25, .dram_use = NAN},
                                            {.name = "y", .busy = 1, .sm_use = 0.75, .dram_use = NAN},
                                            {.name = NULL, .busy = 9, .sm_use = 9, .dram_use = 9}};
static const struct cr_run_summary a_run = {.client = client, .device = device, .n_preempt = 7, .n_event = 1000};

static double value(const char *text)
{
  struct cr_run_metric m;
  struct cr_err err = {""};
  assert_int_equal(cr_run_metric_parse(text, &m, &err), CR_OK);
  return cr_run_metric_value(&m, &a_run, 3, 3);
}

static void a_class_is_its_clients_together(void **state)
{
  (void)state;
  assert_near(value("mean(rt)"), (10 * 100 + 30 * 200) / 40.0, 1e-9);
  assert_near(value("min(rt)"), 20, 0);
  assert_near(value("max(rt)"), 260, 0);
  assert_near(value("p50(rt)"), 90, 0); /* of the client that has the greatest */
  assert_near(value("p99(rt)"), 250, 0);
  assert_near(value("throughput(rt)"), 40, 0);
  assert_near(value("requests(all)"), 40, 0);
  assert_near(value("missed(rt)"), 6 / 40.0, 1e-12);
  assert_near(value("dropped(all)"), 2, 0);
}

static void a_client_goes_by_its_name(void **state)
{
  (void)state;
  assert_near(value("p95(a)"), 140, 0);
  assert_near(value(" p95( b ) "), 240, 0);
}

static void of_nothing_nothing_is_known(void **state)
{
  (void)state;
  assert_true(isnan(value("p99(be)")));
  assert_true(isnan(value("mean(c)")));
  assert_true(isnan(value("missed(be)")));
  assert_true(isnan(value("makespan")));
  assert_true(isnan(value("dram_use")));
  assert_near(value("throughput(be)"), 0, 0);
  assert_near(value("p99(all)"), 250, 0); /* those that have one */
}

static void a_run_has_its_own(void **state)
{
  (void)state;
  assert_near(value("preemptions"), 7, 0);
  assert_near(value("events"), 1000, 0);
  assert_near(value("busy"), 0.75, 1e-12);
  assert_near(value("sm_use"), 0.5, 1e-12);
}

static void refused(const char *text, const char *why)
{
  struct cr_run_metric m;
  struct cr_err err = {""};
  assert_int_equal(cr_run_metric_parse(text, &m, &err), CR_EINPUT);
  if (!strstr(err.text, why))
    fail_msg("%s: %s", text, err.text);
}

static void what_cannot_be_meant_is_refused(void **state)
{
  (void)state;
  refused("", "there is no ''");
  refused("p98(rt)", "did you mean p9");
  refused("p99", "of whom?");
  refused("p99()", "in parentheses");
  refused("p99(rt", "in parentheses");
  refused("p99(rt)x", "in parentheses");
  refused("busy(rt)", "is of the whole run");
  char text[400];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  refused(text, "longer than any");
}

static void a_workload_must_have_whom_it_is_of(void **state)
{
  (void)state;
  const struct cr_client_spec spec[] = {{.name = "web", .class = CR_RT},
                                        {.name = "job", .class = CR_BE, .job = {.iterations = 3}}};
  const struct cr_workload w = {.client = spec, .n_client = 2};
  const struct {
    const char *text, *why; /* NULL: it has */
  } c[] = {{"p99(rt)", NULL},
           {"p99(web)", NULL},
           {"p99(be)", "of jobs take makespan"},
           {"p99(wb)", "did you mean web?"},
           {"p99(job)", "no client"},
           {"makespan", NULL},
           {"busy", NULL}};
  for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
    struct cr_run_metric m;
    struct cr_err err = {""};
    assert_int_equal(cr_run_metric_parse(c[i].text, &m, &err), CR_OK);
    assert_int_equal(cr_run_metric_check(&m, &w, &err), c[i].why ? CR_EINPUT : CR_OK);
    if (c[i].why && !strstr(err.text, c[i].why))
      fail_msg("%s: %s", c[i].text, err.text);
  }
  assert_string_equal(cr_run_metric_usual(&w, 0), "mean(rt)");
  assert_string_equal(cr_run_metric_usual(&w, 3), "makespan");
  assert_null(cr_run_metric_usual(&w, 5));
}

static void values_read_as_people_write_them(void **state)
{
  (void)state;
  struct cr_run_metric m;
  char buf[40];
  assert_int_equal(cr_run_metric_parse("p99(rt)", &m, NULL), CR_OK);
  assert_string_equal(cr_run_metric_unit(&m), "ns");
  assert_string_equal(cr_run_metric_format(&m, 4.31e6, buf, sizeof buf), "4.31 ms");
  assert_string_equal(cr_run_metric_format(&m, NAN, buf, sizeof buf), "-");
  assert_int_equal(cr_run_metric_parse("throughput(be)", &m, NULL), CR_OK);
  assert_string_equal(cr_run_metric_format(&m, 102.5, buf, sizeof buf), "102.5 /s");
  assert_int_equal(cr_run_metric_parse("missed(rt)", &m, NULL), CR_OK);
  assert_string_equal(cr_run_metric_format(&m, 0.125, buf, sizeof buf), "12.5 %");
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(a_class_is_its_clients_together),  cmocka_unit_test(a_client_goes_by_its_name),
    cmocka_unit_test(of_nothing_nothing_is_known),      cmocka_unit_test(a_run_has_its_own),
    cmocka_unit_test(what_cannot_be_meant_is_refused),  cmocka_unit_test(a_workload_must_have_whom_it_is_of),
    cmocka_unit_test(values_read_as_people_write_them),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
