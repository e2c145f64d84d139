/* t_node_config.c - pipelines of nodes: worked counts, and the same set as every permutation cut everywhere. */
#include "config.h"

#include "tests/t.h"

#include "plan/node_config.h"

enum { MANY = 1000000 };

/* Up to 3 types of cores and 2 of GPUs. */
struct made {
  struct cr_core_type core[3];
  struct cr_gpu_type gpu[2];
  struct cr_platform p;
};

static void make(struct made *m, uint32_t a, uint32_t d, uint32_t e, uint32_t g, uint32_t h)
{
  const uint32_t core[3] = {a, d, e}, gpu[2] = {g, h};
  memset(m, 0, sizeof *m);
  m->p = (struct cr_platform){.name = "made", .core = m->core, .gpu = m->gpu};
  for (uint32_t i = 0; i < 3 && core[i]; i++) {
    m->core[m->p.n_core_type++] = (struct cr_core_type){"c", core[i], m->p.n_core};
    m->p.n_core += core[i];
  }
  for (uint32_t i = 0; i < 2 && gpu[i]; i++) {
    m->gpu[m->p.n_gpu_type++] = (struct cr_gpu_type){"g", gpu[i]};
    m->p.n_gpu += gpu[i];
  }
}

static uint32_t count(const struct made *m, uint32_t n_node_max)
{
  struct cr_node_configs found;
  struct cr_err err = {""};
  struct cr_arena *arena = cr_arena_new();
  assert_int_equal(cr_node_configs_find(&m->p, n_node_max, MANY, arena, &found, &err), CR_OK);
  cr_arena_free(arena);
  return found.n_config;
}

static void worked_counts_come_out(void **state)
{
  (void)state;
  static const struct {
    uint32_t a, d, n_node_max, n;
  } want[] = {
    {1, 0, 4, 1},  {2, 0, 4, 2},  {3, 0, 3, 5},   {3, 0, 4, 5},   {2, 1, 4, 11},
    {2, 2, 5, 36}, {8, 0, 2, 2},  {8, 0, 3, 20},  {8, 0, 4, 80},  {8, 0, 8, 320},
    {4, 2, 3, 12}, {4, 2, 4, 84}, {4, 2, 5, 224}, {4, 2, 7, 314}, {12, 0, 6, 2072},
  };
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    struct made m;
    make(&m, want[i].a, want[i].d, 0, 1, 0);
    assert_int_equal(count(&m, want[i].n_node_max), want[i].n);
  }
}

/* --- Algorithm 2 as it is written: permutations, cuts, and what fits the model ------------------------------------------ */

enum { RESOURCE_MAX = 7, TEXT = 64, TEXTS = 20000 };

struct written {
  int resource[RESOURCE_MAX]; /* type of core, or -1 - type of GPU; ascending at first */
  uint32_t n, n_node_max, n_text;
  char (*text)[TEXT]; /* [n_text] each pipeline as text */
};

/* The node of resources from..to-1 as text; 0: it fits no node. */
static int node_text(const struct written *w, uint32_t from, uint32_t to, char *out, size_t cap)
{
  int core = -1, gpu = -1, n_core = 0;
  for (uint32_t i = from; i < to; i++) {
    int r = w->resource[i];
    if (r < 0 ? gpu >= 0 : core >= 0 && core != r)
      return 0;
    if (r < 0) {
      gpu = -1 - r;
    } else {
      core = r;
      n_core++;
    }
  }
  if (n_core == 0 || (gpu >= 0 && n_core != 1))
    return 0;
  snprintf(out, cap, "%dx%d+%d|", n_core, core, gpu);
  return 1;
}

static void add_text(struct written *w, const char *text)
{
  for (uint32_t i = 0; i < w->n_text; i++)
    if (strcmp(w->text[i], text) == 0)
      return;
  assert_true(w->n_text < TEXTS);
  snprintf(w->text[w->n_text++], TEXT, "%s", text);
}

static void cut(struct written *w)
{
  for (uint32_t cuts = 0; cuts < 1u << (w->n - 1); cuts++) {
    char text[TEXT] = "";
    uint32_t from = 0, n_node = 0, fits = 1;
    for (uint32_t i = 1; fits && i <= w->n; i++) {
      if (i < w->n && !(cuts & 1u << (i - 1)))
        continue;
      size_t n = strlen(text);
      fits = (uint32_t)node_text(w, from, i, text + n, sizeof text - n);
      from = i;
      n_node++;
    }
    if (fits && n_node <= w->n_node_max)
      add_text(w, text);
  }
}

static void permute(struct written *w, uint32_t at)
{
  if (at == w->n)
    cut(w);
  for (uint32_t i = at; i < w->n; i++) {
    int a = w->resource[at];
    w->resource[at] = w->resource[i];
    w->resource[i] = a;
    permute(w, at + 1);
    w->resource[i] = w->resource[at];
    w->resource[at] = a;
  }
}

static void check_against_permutations(const struct made *m, uint32_t n_node_max)
{
  static char text[TEXTS][TEXT];
  struct written w = {.n_node_max = n_node_max, .text = text};
  for (uint32_t t = 0; t < m->p.n_core_type; t++)
    for (uint32_t i = 0; i < m->core[t].count; i++)
      w.resource[w.n++] = (int)t;
  for (uint32_t g = 0; g < m->p.n_gpu_type; g++)
    for (uint32_t i = 0; i < m->gpu[g].count; i++)
      w.resource[w.n++] = -1 - (int)g;
  permute(&w, 0);

  struct cr_node_configs found;
  struct cr_err err = {""};
  struct cr_arena *arena = cr_arena_new();
  assert_int_equal(cr_node_configs_find(&m->p, n_node_max, MANY, arena, &found, &err), CR_OK);
  assert_int_equal(found.n_config, w.n_text);
  for (uint32_t c = 0; c < found.n_config; c++) { /* each is among the written ones and, as it may not be added, once */
    char name[TEXT] = "";
    for (uint32_t k = 0; k < cr_node_config_size(&found, c); k++) {
      const struct cr_node_kind *kind = cr_node_config_kind(&found, c, k);
      size_t n = strlen(name);
      snprintf(name + n, sizeof name - n, "%ux%u+%d|", kind->n_core, kind->core_type, (int)kind->gpu_type);
    }
    uint32_t i = 0;
    while (i < w.n_text && strcmp(text[i], name) != 0)
      i++;
    assert_true(i < w.n_text);
    text[i][0] = '\0';
  }
  cr_arena_free(arena);
}

static void it_is_the_set_of_algorithm_2(void **state)
{
  (void)state;
  static const uint32_t platform[][6] = {
    {3, 0, 0, 1, 0, 4}, {2, 2, 0, 1, 0, 5}, {2, 2, 0, 1, 0, 3}, {2, 2, 1, 1, 0, 4}, {3, 1, 0, 2, 0, 4},
    {2, 1, 0, 1, 1, 3}, {3, 0, 0, 3, 0, 4}, {1, 1, 1, 1, 1, 3}, {2, 2, 0, 0, 0, 4}, {1, 0, 0, 2, 0, 3},
  };
  for (size_t i = 0; i < sizeof platform / sizeof platform[0]; i++) {
    struct made m;
    const uint32_t *q = platform[i];
    make(&m, q[0], q[1], q[2], q[3], q[4]);
    check_against_permutations(&m, q[5]);
  }
}

static void too_many_are_refused(void **state)
{
  (void)state;
  struct made m;
  struct cr_node_configs found;
  struct cr_err err = {""};
  struct cr_arena *arena = cr_arena_new();
  make(&m, 64, 0, 0, 1, 0);
  assert_int_equal(cr_node_configs_find(&m.p, 64, 1000, arena, &found, &err), CR_EINPUT);
  assert_string_equal(err.text,
                      "made can be divided into more than 1000 pipelines of up to 64 nodes; allow fewer nodes");
  cr_arena_free(arena);
}

static void gpus_take_cores_away(void **state)
{
  (void)state;
  struct made m;
  make(&m, 8, 0, 0, 1, 0);
  assert_int_equal(cr_node_config_cores_max(&m.p, 0), 7);
  make(&m, 4, 2, 0, 3, 0);
  assert_int_equal(cr_node_config_cores_max(&m.p, 0), 3);
  assert_int_equal(cr_node_config_cores_max(&m.p, 1), 2);
  make(&m, 1, 0, 0, 2, 0);
  assert_int_equal(cr_node_config_cores_max(&m.p, 0), 0);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(worked_counts_come_out),
    cmocka_unit_test(it_is_the_set_of_algorithm_2),
    cmocka_unit_test(too_many_are_refused),
    cmocka_unit_test(gpus_take_cores_away),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
