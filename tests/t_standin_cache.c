/* t_standin_cache.c - stand-ins that other runs measured: what is kept, what is not taken. */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/standin_cache.h"
#include "tests/t.h"

static struct cr_standin_cache *open_for(const char *gpu, int32_t driver)
{
  struct cr_standin_cache *c = NULL;
  struct cr_err err = {""};
  if (cr_standin_cache_open(gpu, driver, 42, &c, &err))
    fail_msg("%s", err.text);
  return c;
}

static struct cr_standin_key key_of(int64_t n)
{
  return (struct cr_standin_key){{n, -1, 7}};
}

static void put(struct cr_standin_cache *c, int64_t n, uint32_t rounds)
{
  struct cr_standin_key key = key_of(n);
  const struct cr_standin_found found = {rounds, rounds / 2, 1000.0 + rounds, 0.25 + rounds, rounds / 4};
  struct cr_err err = {""};
  assert_int_equal(cr_standin_cache_put(c, &key, &found, &err), CR_OK);
}

static void shut(struct cr_standin_cache *c)
{
  struct cr_err err = {""};
  if (cr_standin_cache_close(c, &err))
    fail_msg("%s", err.text);
}

/* Rounds that are kept for the number; 0: it is not there. */
static uint32_t rounds_of(const struct cr_standin_cache *c, int64_t n)
{
  struct cr_standin_key key = key_of(n);
  struct cr_standin_found found = {0};
  if (!cr_standin_cache_find(c, &key, &found))
    return 0;
  assert_int_equal(found.chunks, found.rounds / 2);
  assert_int_equal(found.dram_chunks, found.rounds / 4);
  assert_near(found.measured_ns, 1000.0 + found.rounds, 0.5);
  assert_near(found.slope_ns, 0.25 + found.rounds, 1e-5);
  return found.rounds;
}

static const char *use_folder(const char *name)
{
  static char folder[512];
  snprintf(folder, sizeof folder, "%s", t_join(t_tmp(), name));
  setenv("CORUN_STANDIN_CACHE", folder, 1);
  return folder;
}

/* The one file of the folder. */
static const char *file_of(const char *folder)
{
  static char path[1024];
  char command[1024];
  snprintf(command, sizeof command, "ls %s/standins-*.txt", folder);
  FILE *f = popen(command, "r");
  assert_non_null(f);
  assert_non_null(fgets(path, sizeof path, f));
  assert_int_equal(pclose(f), 0);
  path[strcspn(path, "\n")] = '\0';
  return path;
}

static void what_was_put_is_found_by_the_next(void **state)
{
  (void)state;
  use_folder("a/b");
  struct cr_standin_cache *c = open_for("gpu", 12040);
  assert_int_equal(rounds_of(c, 1), 0);
  put(c, 1, 10);
  put(c, 2, 20);
  assert_int_equal(rounds_of(c, 1), 10);
  shut(c);
  c = open_for("gpu", 12040);
  assert_int_equal(rounds_of(c, 1), 10);
  assert_int_equal(rounds_of(c, 2), 20);
  put(c, 1, 11);
  shut(c);
  c = open_for("gpu", 12040);
  assert_int_equal(rounds_of(c, 1), 11);
  shut(c);
}

static void another_gpu_or_driver_has_its_own(void **state)
{
  (void)state;
  use_folder("own");
  struct cr_standin_cache *c = open_for("gpu", 12040);
  put(c, 1, 10);
  shut(c);
  c = open_for("another", 12040);
  assert_int_equal(rounds_of(c, 1), 0);
  shut(c);
  c = open_for("gpu", 13000);
  assert_int_equal(rounds_of(c, 1), 0);
  shut(c);
}

static void an_empty_name_keeps_nothing(void **state)
{
  (void)state;
  setenv("CORUN_STANDIN_CACHE", "", 1);
  struct cr_standin_cache *c = open_for("gpu", 1);
  assert_null(c);
  put(c, 1, 10);
  assert_int_equal(rounds_of(c, 1), 0);
  shut(c);
}

/* A file that was cut off anywhere, or changed, gives what whole lines say, and takes what comes after. */
static void half_a_line_is_nobodys(void **state)
{
  (void)state;
  const char *folder = use_folder("half"), *path = NULL;
  struct cr_standin_cache *c;
  struct stat st;
  for (off_t cut = 1; cut < 40; cut += 3) {
    c = open_for("gpu", 1);
    put(c, 1, 10);
    put(c, 2, 20);
    shut(c);
    path = file_of(folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - cut), 0);
    c = open_for("gpu", 1);
    assert_int_equal(rounds_of(c, 1), 10);
    assert_int_equal(rounds_of(c, 2), 0);
    put(c, 3, 30);
    shut(c);
    c = open_for("gpu", 1);
    assert_int_equal(rounds_of(c, 1), 10);
    assert_int_equal(rounds_of(c, 3), 30);
    shut(c);
    assert_int_equal(unlink(path), 0);
  }
  t_write(path, "no line\n1 -1 7 0 0 0 0 0 0 0 0 0 10 5 1010 10250000 0123456789abcdef\n\n");
  c = open_for("gpu", 1);
  assert_int_equal(rounds_of(c, 1), 0);
  shut(c);
}

/* The one line of a file with a word in place of another, and the checksum of what it then says. */
static void change_line(const char *path, const char *from, const char *to)
{
  char line[600], whole[700];
  char *text = t_read(path, NULL), *begin = strchr(text, '\n') + 1, *end = strrchr(begin, ' '); /* behind the title */
  *end = '\0';
  char *at = strstr(begin, from);
  assert_non_null(at);
  snprintf(line, sizeof line, "%.*s%s%s", (int)(at - begin), begin, to, at + strlen(from));
  snprintf(whole, sizeof whole, "%s %016llx\n", line, (unsigned long long)cr_standin_cache_hash(0, line));
  t_write(path, whole);
  t_free(text);
}

/* Whole and with its checksum, but of a kernel that takes 292 years, or of rounds that do. */
static void what_no_kernel_takes_is_not_taken(void **state)
{
  (void)state;
  static const char *const change[][2] = {
    {" 1010 ", " 1010 "}, {" 1010 ", " 9223372036854775807 "}, {" 10250000", " 9223372036854775807"}};
  for (int i = 0; i < 3; i++) {
    const char *folder = use_folder(i ? i > 1 ? "rounds" : "long" : "same");
    struct cr_standin_cache *c = open_for("gpu", 1);
    put(c, 1, 10);
    shut(c);
    change_line(file_of(folder), change[i][0], change[i][1]);
    c = open_for("gpu", 1);
    assert_int_equal(rounds_of(c, 1), i ? 0 : 10);
    shut(c);
  }
}

static void runs_beside_each_other_lose_nothing(void **state)
{
  (void)state;
  enum { RUNS = 6, EACH = 300 };
  use_folder("beside");
  pid_t pid[RUNS];
  for (int r = 0; r < RUNS; r++) {
    pid[r] = fork();
    assert_true(pid[r] >= 0);
    if (pid[r])
      continue;
    struct cr_err err = {""};
    struct cr_standin_cache *c = NULL;
    int rc = cr_standin_cache_open("gpu", 1, 42, &c, &err);
    for (uint32_t i = 0; !rc && i < EACH; i++) {
      struct cr_standin_key key = key_of(r * EACH + (int64_t)i);
      rc = cr_standin_cache_put(
        c, &key, &(struct cr_standin_found){i + 1, (i + 1) / 2, 1001.0 + i, 1.25 + i, (i + 1) / 4}, &err);
    }
    _exit(rc || cr_standin_cache_close(c, &err) ? 1 : 0);
  }
  for (int r = 0; r < RUNS; r++) {
    int status = -1;
    assert_int_equal(waitpid(pid[r], &status, 0), pid[r]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  struct cr_standin_cache *c = open_for("gpu", 1);
  for (uint32_t i = 0; i < RUNS * EACH; i++)
    assert_int_equal(rounds_of(c, i), i % EACH + 1);
  shut(c);
}

static void a_folder_that_cannot_be_is_refused_where_it_was_named(void **state)
{
  (void)state;
  struct cr_standin_cache *c = NULL;
  struct cr_err err = {""};
  setenv("CORUN_STANDIN_CACHE", "/dev/null/cache", 1);
  assert_int_equal(cr_standin_cache_open("gpu", 1, 42, &c, &err), CR_EINPUT);
  assert_non_null(strstr(err.text, "/dev/null/cache/standins-"));
  unsetenv("CORUN_STANDIN_CACHE");
  setenv("XDG_CACHE_HOME", "/dev/null", 1);
  c = open_for("gpu", 1);
  put(c, 1, 10);
  assert_int_equal(rounds_of(c, 1), 10);
  shut(c);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(what_was_put_is_found_by_the_next),
    cmocka_unit_test(another_gpu_or_driver_has_its_own),
    cmocka_unit_test(an_empty_name_keeps_nothing),
    cmocka_unit_test(half_a_line_is_nobodys),
    cmocka_unit_test(what_no_kernel_takes_is_not_taken),
    cmocka_unit_test(runs_beside_each_other_lose_nothing),
    cmocka_unit_test(a_folder_that_cannot_be_is_refused_where_it_was_named),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
