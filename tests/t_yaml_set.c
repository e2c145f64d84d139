/* t_yaml_set.c - documents that are changed, printed and read again, and places in them. */
#include "config.h"

#include "traces/yaml_set.h"

#include "sim/rng.h"
#include "tests/t.h"

static const char DOCUMENT[] = "about: two clients, one device # a comment\n"
                               "device: h200\n"
                               "clients:\n"
                               "  - name: rt\n"
                               "    rate: 100/s\n"
                               "  - {name: a.b, times: [1ms, 2ms]}\n"
                               "  - model: net-1.5\n"
                               "    text: \"a \\\"b\\\"\\n: c\"\n"
                               "empty: []\n";

static struct cr_yaml *parse(const char *text)
{
  struct cr_yaml *y = NULL;
  struct cr_err err = {{0}};
  if (cr_yaml_parse(text, strlen(text), "x.yaml", &y, &err))
    fail_msg("%s", err.text);
  return y;
}

static void expect_where(const struct cr_yaml *y, const char *path, const char *want)
{
  char buf[200];
  assert_string_equal(cr_yaml_where(y, path, buf, sizeof buf), want);
}

static void every_value_knows_its_line(void **state)
{
  (void)state;
  struct cr_yaml *y = parse(DOCUMENT);
  expect_where(y, "device", "x.yaml:2");
  expect_where(y, "clients", "x.yaml:3");
  expect_where(y, "clients[0].rate", "x.yaml:5");
  expect_where(y, "clients.rt.rate", "x.yaml:5");
  expect_where(y, "clients[1].times[1]", "x.yaml:6");
  expect_where(y, "clients[0].nothing", "x.yaml:4"); /* what encloses it */
  expect_where(y, "clients[7].rate", "x.yaml:3");
  expect_where(y, "nothing", "x.yaml");
  cr_yaml_free(y);
}

static void names_with_dots_are_found_whole(void **state)
{
  (void)state;
  struct cr_yaml *y = parse(DOCUMENT);
  assert_string_equal(cr_yaml_scalar(y, "clients.a.b.times[0]"), "1ms");
  assert_string_equal(cr_yaml_scalar(y, "clients.net-1.5.model"), "net-1.5"); /* nameless: by its model */
  assert_string_equal(cr_yaml_scalar(y, "clients[2].text"), "a \"b\"\n: c");
  assert_null(cr_yaml_scalar(y, "clients"));
  assert_null(cr_yaml_scalar(y, "clients.nobody"));
  cr_yaml_free(y);
}

static void set_replaces_adds_and_removes(void **state)
{
  (void)state;
  struct cr_yaml *y = parse(DOCUMENT);
  assert_int_equal(cr_yaml_set(y, "clients.rt.rate=5/s", "--set", NULL), CR_OK);
  assert_string_equal(cr_yaml_scalar(y, "clients[0].rate"), "5/s");
  expect_where(y, "clients[0].rate", "--set clients.rt.rate=5/s");
  assert_true(cr_yaml_is_set(y, "clients[0].rate"));
  assert_false(cr_yaml_is_set(y, "clients[0].name"));

  assert_int_equal(cr_yaml_set(y, "model.cold=off", "--set", NULL), CR_OK); /* makes what is on the way */
  assert_string_equal(cr_yaml_scalar(y, "model.cold"), "off");

  assert_int_equal(cr_yaml_set(y, "clients[3]={name: new, times: [1ms]}", "--set", NULL), CR_OK);
  assert_int_equal(cr_yaml_count(y, "clients"), 4);
  assert_string_equal(cr_yaml_scalar(y, "clients.new.times[0]"), "1ms");

  assert_int_equal(cr_yaml_set(y, "about=a=b: [c", "--set", NULL), CR_OK); /* text, whatever it holds */
  assert_string_equal(cr_yaml_scalar(y, "about"), "a=b: [c");

  assert_int_equal(cr_yaml_set(y, "clients.rt=", "--set", NULL), CR_OK);
  assert_int_equal(cr_yaml_count(y, "clients"), 3);
  assert_string_equal(cr_yaml_scalar(y, "clients[0].name"), "a.b");
  assert_int_equal(cr_yaml_set(y, "clients.new=", "--set", NULL), CR_OK);
  assert_int_equal(cr_yaml_set(y, "clients[2].name=last", "--set", NULL), CR_OK);
  assert_string_equal(cr_yaml_scalar(y, "clients.last.name"), "last");
  cr_yaml_free(y);
}

static void paths_that_lead_nowhere_are_refused(void **state)
{
  static const struct {
    const char *set, *say;
  } BAD[] = {
    {"", "write KEY=VALUE"},
    {"about", "--set about: write KEY=VALUE"},
    {"=x", "write KEY=VALUE"},
    {".=x", "is not a path"},
    {"about.=x", "is not a path"},
    {"a..b=x", "is not a path"},
    {"clients[=x", "is not a path"},
    {"clients[x]=x", "is not a path"},
    {"clients[-1]=x", "is not a path"},
    {"clients[0]x=x", "is not a path"},
    {"clients[99999999999]=x", "is not a path"},
    {"about.more=x", "a single value has no keys"},
    {"about[0]=x", "a single value has no keys"},
    {"clients.nobody.rate=x", "there is no entry named 'nobody'"},
    {"clients[9]=x", "there is no entry [9]"},
    {"device[0]=x", "a single value"},
    {"nothing=", "there is no 'nothing' that could be removed"},
    {"about=[1", "is not YAML"},
    {"about=[*x]", "an alias"},
    {"about='a' b", "is not YAML"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    struct cr_yaml *y = parse(DOCUMENT);
    struct cr_err err = {{0}};
    int rc = cr_yaml_set(y, BAD[i].set, "--set", &err);
    if (rc != CR_EINPUT || !strstr(err.text, BAD[i].say) || strncmp(err.text, "--set", 5) != 0)
      fail_msg("'%s' gives %d and '%s', which lacks '%s'", BAD[i].set, rc, err.text, BAD[i].say);
    cr_yaml_free(y);
  }
}

static void what_is_no_document_is_refused_with_its_line(void **state)
{
  static const struct {
    const char *text, *say;
  } BAD[] = {
    {"", "x.yaml: is empty"},
    {"# nothing\n", "x.yaml: is empty"},
    {"word\n", "x.yaml:1: lines such as `key: value`"},
    {"- a\n", "x.yaml:1: lines such as"},
    {"a: b\na: c\n", "x.yaml:2: the key 'a' is here twice"},
    {"a: [b\n", "x.yaml:2: is not YAML"},
    {"a: b: c\n", "x.yaml:1: is not YAML: mapping values are not allowed in this context; text with a colon"},
    {"a: &x b\nc: *x\n", "x.yaml:2: an alias"},
    {"a: !!int 5\n", "x.yaml:1: a tag"},
    {"a: b\n---\nc: d\n", "x.yaml:2: a second document"},
    {"? [a]\n: b\n", "x.yaml:1: a key must be a plain word"},
    {"a: \"\\0\"\n", "x.yaml:1: a value must not contain a zero byte"},
    {"a: [[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]\n", "x.yaml:1: is nested too deeply"},
    {"a: \xff\xfe\n", "is not YAML"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    struct cr_yaml *y = NULL;
    struct cr_err err = {{0}};
    int rc = cr_yaml_parse(BAD[i].text, strlen(BAD[i].text), "x.yaml", &y, &err);
    if (rc != CR_EINPUT || y || !strstr(err.text, BAD[i].say))
      fail_msg("'%s' gives %d and '%s', which lacks '%s'", BAD[i].text, rc, err.text, BAD[i].say);
  }
}

static void one_word_becomes_a_mapping_or_a_list(void **state)
{
  (void)state;
  struct cr_yaml *y = parse(DOCUMENT);
  assert_int_equal(cr_yaml_wrap(y, "device", "name", NULL), CR_OK);
  assert_string_equal(cr_yaml_scalar(y, "device.name"), "h200");
  assert_int_equal(cr_yaml_wrap(y, "device", "name", NULL), CR_OK); /* is one already */
  assert_string_equal(cr_yaml_scalar(y, "device.name"), "h200");
  assert_int_equal(cr_yaml_wrap(y, "about", NULL, NULL), CR_OK);
  assert_string_equal(cr_yaml_scalar(y, "about[0]"), "two clients, one device");
  assert_int_equal(cr_yaml_wrap(y, "nothing", NULL, NULL), CR_OK);
  assert_false(cr_yaml_has(y, "nothing"));
  cr_yaml_free(y);
}

/* Prints y, reads that, and prints it again: nothing may change. */
static void expect_same_again(const struct cr_yaml *y)
{
  struct cr_text once = {0}, twice = {0};
  cr_yaml_print(y, &once);
  struct cr_yaml *again = parse(once.s);
  cr_yaml_print(again, &twice);
  assert_string_equal(once.s, twice.s);
  cr_yaml_free(again);
  cr_text_fini(&once);
  cr_text_fini(&twice);
}

static void what_is_printed_reads_the_same(void **state)
{
  (void)state;
  struct cr_yaml *y = parse(DOCUMENT);
  struct cr_text text = {0};
  cr_yaml_print(y, &text);
  assert_string_equal(text.s, "about: two clients, one device\n"
                              "device: h200\n"
                              "clients:\n"
                              "  - name: rt\n"
                              "    rate: 100/s\n"
                              "  - name: a.b\n"
                              "    times:\n"
                              "      - 1ms\n"
                              "      - 2ms\n"
                              "  - model: net-1.5\n"
                              "    text: \"a \\\"b\\\"\\x0a: c\"\n"
                              "empty: []\n");
  expect_same_again(y);
  cr_text_fini(&text);
  cr_yaml_free(y);
}

/* The document with some bytes changed, dropped or doubled: refused with a sentence, or printed and read the same. */
static void mutated_documents_are_refused_or_survive(void **state)
{
  static const char SPICE[] = "[]{}:,-#&*!|>'\"%@`? \n\t~\\=0a\x80";
  enum { N = 20000 };
  (void)state;
  int n_read = 0;
  for (uint32_t i = 0; i < N; i++) {
    char text[sizeof DOCUMENT];
    memcpy(text, DOCUMENT, sizeof text);
    size_t n = sizeof DOCUMENT - 1;
    for (uint64_t k = 0; k <= cr_draw(5, CR_RNG_TEST, i, 0) % 3; k++)
      text[cr_draw(5, CR_RNG_TEST, i, 2 * k + 1) % n] =
        SPICE[cr_draw(5, CR_RNG_TEST, i, 2 * k + 2) % (sizeof SPICE - 1)];
    if (i % 4 == 0)
      n = cr_draw(5, CR_RNG_TEST, i, 100) % n;
    struct cr_yaml *y = NULL;
    struct cr_err err = {{0}};
    int rc = cr_yaml_parse(text, n, "x.yaml", &y, &err);
    if (rc) {
      assert_int_equal(rc, CR_EINPUT);
      assert_true(strncmp(err.text, "x.yaml:", 7) == 0);
      continue;
    }
    n_read++;
    expect_same_again(y);
    cr_yaml_free(y);
  }
  assert_true(n_read > N / 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_value_knows_its_line),
    cmocka_unit_test(names_with_dots_are_found_whole),
    cmocka_unit_test(set_replaces_adds_and_removes),
    cmocka_unit_test(paths_that_lead_nowhere_are_refused),
    cmocka_unit_test(what_is_no_document_is_refused_with_its_line),
    cmocka_unit_test(one_word_becomes_a_mapping_or_a_list),
    cmocka_unit_test(what_is_printed_reads_the_same),
    cmocka_unit_test(mutated_documents_are_refused_or_survive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
