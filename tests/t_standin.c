/* t_standin.c - stand-ins: their text, which ptxas takes where there is one, and how well they match on the pretended GPU. */
#include "config.h"

#include <elf.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/merged_ptx.h"
#include "sim/standin_code.h"
#include "sim/standin.h"
#include "sim/standin_wanted.h"
#include "sim/stream_ptx.h"
#include "tests/cuda_load.h"
#include "tests/t.h"

static const char *const parameter[] = {".param .u64 counters", ".param .u64 words",       ".param .u32 epoch",
                                        ".param .u32 blocks",   ".param .u32 rounds",      ".param .u32 fmas",
                                        ".param .u64 data",     ".param .u64 record",      ".param .u64 first",
                                        ".param .u64 halt",     ".param .u32 per_round",   ".param .u32 dram_share",
                                        ".param .u64 stream",   ".param .u32 stream_mask", ".param .u32 l2_mask"};

static struct cr_text any_text_of(uint32_t n_live, uint32_t n_chain, uint32_t n_load, int in_clusters)
{
  struct cr_text text = {0};
  cr_standin_ptx(n_live, n_chain, n_load, in_clusters, &text);
  assert_false(text.failed);
  return text;
}

static struct cr_text text_of(uint32_t n_live, uint32_t n_chain, uint32_t n_load)
{
  return any_text_of(n_live, n_chain, n_load, 0);
}

static struct cr_text merged_text_of(uint32_t n_live)
{
  struct cr_text text = {0};
  cr_merged_ptx(n_live, &text);
  assert_false(text.failed);
  return text;
}

static void parameters_are_those_of_the_launch_in_order(void **state)
{
  (void)state;
  struct cr_text text = text_of(4, 1, 0);
  const char *at = strstr(text.s, ".entry standin(");
  assert_non_null(at);
  for (size_t i = 0; i < sizeof parameter / sizeof parameter[0]; i++) {
    at = strstr(at, parameter[i]);
    if (!at)
      fail_msg("%s is missing, or out of order", parameter[i]);
  }
  cr_text_fini(&text);
}

static void parameters_of_a_merged_launch_too(void **state)
{
  (void)state;
  static const char *const merged[] = {".entry merged(",          ".param .align 8 .b8 part[704]",
                                       ".param .u32 n_part",      ".param .u32 columns",
                                       ".param .u64 data",        ".param .u64 stream",
                                       ".param .u32 stream_mask", ".param .u32 l2_mask"};
  struct cr_text text = merged_text_of(4);
  const char *at = text.s;
  for (size_t i = 0; i < sizeof merged / sizeof merged[0]; i++) {
    at = strstr(at, merged[i]);
    if (!at)
      fail_msg("%s is missing, or out of order", merged[i]);
  }
  assert_int_equal(CR_MERGED_PARTS * sizeof(struct cr_merged_part), 704);
  cr_text_fini(&text);
}

/* Registers %<c>N that are used are declared; how many that are. */
static uint32_t count_registers(const char *text, char c)
{
  const char prefix[] = {'%', c, '\0'}, bracket[] = {'%', c, '<', '\0'};
  const char *declared = strstr(text, bracket);
  assert_non_null(declared);
  unsigned long n = strtoul(declared + 3, NULL, 10), most = 0;
  for (const char *at = text; (at = strstr(at, prefix)); at += 2)
    if (at[2] >= '0' && at[2] <= '9' && strtoul(at + 2, NULL, 10) + 1 > most)
      most = strtoul(at + 2, NULL, 10) + 1;
  if (most > n)
    fail_msg("%%%c%lu is used, and %lu are declared", c, most - 1, n);
  return (uint32_t)most;
}

static void registers_are_declared_and_as_many_live_as_asked_for(void **state)
{
  (void)state;
  for (uint32_t n_live = 4; n_live <= 250; n_live += 41) {
    struct cr_text text = text_of(n_live, n_live > 100 ? 4 : 1, n_live % 5);
    assert_int_equal(count_registers(text.s, 'f'), n_live);
    count_registers(text.s, 'p');
    count_registers(text.s, 'r');
    count_registers(text.s, 'd');
    if (n_live % 5)
      assert_int_equal(count_registers(text.s, 'v'), n_live % 5);
    cr_text_fini(&text);
    text = merged_text_of(n_live);
    assert_int_equal(count_registers(text.s, 'f'), n_live);
    count_registers(text.s, 'p');
    count_registers(text.s, 'r');
    count_registers(text.s, 'd');
    cr_text_fini(&text);
  }
}

/* Where a branch goes there is a label, and each label stands once. */
static void check_labels(struct cr_text text)
{
  uint32_t n = 0;
  for (const char *at = text.s; (at = strstr(at, " bra ")); n++) {
    at += 5;
    char label[32] = "\n";
    size_t len = strcspn(at, ";");
    assert_true(len < sizeof label - 3);
    memcpy(label + 1, at, len);
    memcpy(label + 1 + len, ":\n", 3);
    const char *first = strstr(text.s, label);
    if (!first || strstr(first + 1, label))
      fail_msg("label%s is there %s", label, first ? "twice" : "not at all");
  }
  assert_true(n >= 10);
  cr_text_fini(&text);
}

static void branches_have_labels(void **state)
{
  (void)state;
  check_labels(text_of(8, 4, 0));
  check_labels(text_of(8, 1, 4));
  check_labels(merged_text_of(8));
}

static const char *find_ptxas(void)
{
  static const char *const place[] = {"/usr/local/cuda/bin/ptxas", "/usr/bin/ptxas"};
  for (size_t i = 0; i < sizeof place / sizeof place[0]; i++)
    if (access(place[i], X_OK) == 0)
      return place[i];
  return NULL;
}

static int assemble(const char *ptxas, const char *arch, const char *in, const char *out)
{
  int status = -1;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    execl(ptxas, ptxas, arch, "-o", out, in, (char *)NULL);
    _exit(127);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ptxas_assembles_it(void **state)
{
  (void)state;
  static const uint32_t n_live[] = {4, 60, 240};
  const char *ptxas = find_ptxas(), *folder = t_tmp();
  if (!ptxas)
    t_skip("there is no ptxas here");
  char in[512], out[512];
  snprintf(in, sizeof in, "%s", t_join(folder, "standin.ptx"));
  snprintf(out, sizeof out, "%s", t_join(folder, "standin.cubin"));
  for (size_t i = 0; i < sizeof n_live / sizeof n_live[0]; i++) {
    struct cr_text text = text_of(n_live[i], i % 2 ? 1 : 4, (uint32_t)i * 2);
    t_write(in, text.s);
    cr_text_fini(&text);
    assert_int_equal(assemble(ptxas, "-arch=sm_90", in, out), 0);
    text = merged_text_of(n_live[i]);
    t_write(in, text.s);
    cr_text_fini(&text);
    assert_int_equal(assemble(ptxas, "-arch=sm_90", in, out), 0);
  }
  t_write(in, "this is no PTX");
  assert_int_not_equal(assemble(ptxas, "-arch=sm_90", in, out), 0); /* so that the above can fail */
}

/* Loads from global memory among the machine code of a function: opcode 0x981 in the low 12 bits of 128-bit instructions (sm_90).  regs:
 * that the one function takes, an attribute of .nv.info (CUDA 13.0). */
static uint32_t count_loads(const char *path, const char *section, uint32_t *regs)
{
  enum { CAP = 1 << 16 };
  static unsigned char code[CAP];
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  size_t n = fread(code, 1, CAP, f);
  fclose(f);
  assert_true(n > sizeof(Elf64_Ehdr) && n < CAP);
  const Elf64_Ehdr *head = (const void *)code;
  const Elf64_Shdr *part = (const void *)(code + head->e_shoff);
  const char *names = (const char *)code + part[head->e_shstrndx].sh_offset;
  uint32_t n_load = 0;
  for (int i = 0; i < head->e_shnum; i++)
    for (size_t at = 0; strcmp(names + part[i].sh_name, section) == 0 && at < part[i].sh_size; at += 16) {
      uint64_t low;
      memcpy(&low, code + part[i].sh_offset + at, sizeof low);
      n_load += (low & 0xFFF) == 0x981;
    }
  static const unsigned char REGS[] = {4, 0x2F, 8, 0}; /* then its symbol, and how many, in 32 bits each */
  *regs = 0;
  for (int i = 0; i < head->e_shnum; i++)
    for (size_t at = 0; strcmp(names + part[i].sh_name, ".nv.info") == 0 && at + 12 <= part[i].sh_size; at += 4)
      if (memcmp(code + part[i].sh_offset + at, REGS, sizeof REGS) == 0)
        memcpy(regs, code + part[i].sh_offset + at + 8, sizeof *regs);
  return n_load;
}

/* It drops loads on which no store depends. */
static void ptxas_keeps_the_loads(void **state)
{
  (void)state;
  const char *ptxas = find_ptxas(), *folder = t_tmp();
  if (!ptxas)
    t_skip("there is no ptxas here");
  char in[512], out[512];
  snprintf(in, sizeof in, "%s", t_join(folder, "loads.ptx"));
  snprintf(out, sizeof out, "%s", t_join(folder, "loads.cubin"));
  uint32_t n[5], regs;
  for (uint32_t n_load = 0; n_load <= 4; n_load += 2) {
    struct cr_text text = text_of(4, 1, n_load);
    t_write(in, text.s);
    cr_text_fini(&text);
    assert_int_equal(assemble(ptxas, "-arch=sm_90", in, out), 0);
    n[n_load] = count_loads(out, ".text.standin", &regs);
    assert_in_range(regs, 10, 24); /* as given out: 32 would be more than most small kernels have */
  }
  assert_true(n[0] > 0);
  assert_true(n[2] >= n[0] + 2);
  assert_true(n[4] >= n[0] + 4);
}

/* Written for a GPU with clusters or not, it is the same code; the assembler notes which it was. */
static void code_for_clusters_is_that_without(void **state)
{
  (void)state;
  const char *ptxas = find_ptxas(), *folder = t_tmp();
  struct cr_text text[2] = {any_text_of(60, 4, 2, 0), any_text_of(60, 4, 2, 1)};
  assert_non_null(strstr(text[0].s, ".target sm_70\n"));
  assert_non_null(strstr(text[1].s, ".target sm_90\n"));
  char in[512], out[2][512];
  snprintf(in, sizeof in, "%s", t_join(folder, "x.ptx"));
  snprintf(out[0], sizeof out[0], "%s", t_join(folder, "any.cubin"));
  snprintf(out[1], sizeof out[1], "%s", t_join(folder, "clusters.cubin"));
  for (int i = 0; i < 2; i++) {
    t_write(in, text[i].s);
    cr_text_fini(&text[i]);
    if (ptxas)
      assert_int_equal(assemble(ptxas, "-arch=sm_90", in, out[i]), 0);
  }
  if (!ptxas)
    t_skip("there is no ptxas here");
  size_t n[2], n_differs = 0;
  char *code[2] = {t_read(out[0], &n[0]), t_read(out[1], &n[1])};
  assert_int_equal(n[0], n[1]);
  for (size_t i = 0; i < n[0]; i++)
    n_differs += code[0][i] != code[1][i];
  assert_true(n_differs <= 1);
  t_free(code[0]);
  t_free(code[1]);
}

static uint32_t count(const char *text, const char *what)
{
  uint32_t n = 0;
  for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
    n++;
  return n;
}

/* Rounds are written out 1 + 12 ((values - 28) / 64)^2 times, any of which may be the last. */
static void code_grows_with_the_square_of_registers(void **state)
{
  (void)state;
  static const struct {
    uint32_t n_live, n_copy;
  } row[] = {{4, 1}, {28, 1}, {60, 4}, {92, 13}, {156, 49}};
  const char *ptxas = find_ptxas(), *folder = t_tmp();
  long long bytes = 0;
  char in[512], out[512];
  snprintf(in, sizeof in, "%s", t_join(folder, "copies.ptx"));
  snprintf(out, sizeof out, "%s", t_join(folder, "copies.cubin"));
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct cr_text text = text_of(row[i].n_live, 4, 4);
    assert_int_equal(count(text.s, "FMAS:\n"), row[i].n_copy);
    assert_int_equal(count(text.s, "@!%p8 bra DONE;"), row[i].n_copy - 1);
    assert_int_equal(count(text.s, "@%p8 bra ROUND;"), 1);
    t_write(in, text.s);
    cr_text_fini(&text);
    if (!ptxas)
      continue;
    struct stat is;
    assert_int_equal(assemble(ptxas, "-arch=sm_90", in, out), 0);
    assert_int_equal(stat(out, &is), 0);
    assert_true(row[i].n_copy == 1 || is.st_size > bytes * 3 / 2); /* the assembler does not fold them again */
    bytes = is.st_size;
  }
}

static void stand_ins_match_within_three_percent(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standins *s = NULL;
  struct cr_standin_match match;
  struct cr_err err = {""};
  cuda_load_init(&l, 100, 1, NULL);
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  if (cr_standins_new(&gpu, l.workload, &l.device, &s, &err))
    fail_msg("%s", err.text);
  cr_standins_match(s, &match);
  assert_int_equal(match.n_kernel, 11);
  assert_int_equal(match.n_shape, 3 + 4);
  assert_near(match.mean_off, 0, 0.01);
  assert_near(match.worst_off, 0, 0.03);
  assert_near(match.sum_off, 0, 0.01);
  assert_non_null(match.worst);
  cr_standins_free(s);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

/* The first of two launches, of which too little time seems to pass between the first and the last of eight. */
static void a_busy_host_s_measurement_is_made_again(void **state)
{
  (void)state;
  static const char *const fault[] = {"late=5", "late=7"}; /* of few rounds; of more: before them is a memset */
  for (int i = 0; i < 2; i++) {
    struct cuda_load l;
    struct cr_cuda_gpu gpu;
    struct cr_standins *s = NULL;
    struct cr_standin_match match;
    struct cr_err err = {""};
    cuda_load_init(&l, 100, 1, fault[i]);
    assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
    cr_ns begin_ns = cr_monotonic_ns();
    if (cr_standins_new(&gpu, l.workload, &l.device, &s, &err))
      fail_msg("%s: %s", fault[i], err.text);
    assert_true(cr_monotonic_ns() - begin_ns < 1000000000);
    cr_standins_match(s, &match);
    assert_near(match.worst_off, 0, 0.03);
    cr_standins_free(s);
    cr_cuda_gpu_close(&gpu);
    cuda_load_fini(&l);
  }
}

/* Kernel r3 of the load, whose traffic was counted. */
enum { COUNTED = 3, COUNTED_WARPS = 300 * 8, COUNTED_DRAM = 5000000, COUNTED_L2 = 23000000 };

struct chunks {
  uint64_t n, dram;
};

/* The chunks that a launch reads, counted as the text counts them (sim/stream_ptx.c), with its registers' widths: warps one after the
 * other, each with the fractions that those before it leave. */
static struct chunks chunks_of(uint32_t n_warp, uint32_t rounds, uint32_t per_round, uint32_t share)
{
  struct chunks c = {0};
  for (uint32_t w = 0; w < n_warp; w++) {
    uint64_t before = (uint64_t)w * rounds * per_round;
    uint32_t carried = (uint32_t)before & (CR_STREAM_UNIT - 1);
    uint32_t dram = (uint32_t)(before >> 24) * share - 1;
    for (uint32_t r = 0; r < rounds; r++) {
      carried += per_round;
      for (uint32_t i = carried >> 24; i; i--) {
        dram += share;
        c.n++;
        c.dram += dram < share;
      }
      carried &= CR_STREAM_UNIT - 1;
    }
  }
  return c;
}

static struct chunks chunks_read(uint32_t n_warp, const struct cr_standin_work *w)
{
  return chunks_of(n_warp, w->rounds, w->per_round, w->dram_share);
}

/* What comes from DRAM is what was asked for, to a chunk, whatever the warps, the rounds and the share; all and none to none. */
static void a_launch_reads_what_it_is_asked_for(void **state)
{
  (void)state;
  static const uint32_t blocks[] = {1, 7, 132, 3000}, rounds[] = {1, 3, 16, 257}, chunks[] = {1, 100, 4321, 200000};
  static const double part[] = {0, 1e-3, 0.3, 0.5, 0.97, 1};
  for (uint32_t i = 0; i < 4 * 4 * 4 * 6; i++) {
    uint32_t r = rounds[i / 4 % 4], n = chunks[i / 16 % 4];
    struct cr_standin_shape h = {
      .blocks = blocks[i % 4], .threads = 96, .chunks = n, .dram_chunks = (uint32_t)(n * part[i / 64])};
    if (r < cr_standin_least_rounds(&h))
      continue;
    struct chunks c = chunks_of(3 * h.blocks, r, cr_standin_per_round(&h, r), cr_standin_dram_share(&h));
    double want = (double)c.n * h.dram_chunks / h.chunks;
    assert_near((double)c.n, n, 1 + 0.5 * 3 * h.blocks * r / CR_STREAM_UNIT);
    if (h.dram_chunks == 0 || h.dram_chunks == n)
      assert_int_equal(c.dram, h.dram_chunks ? c.n : 0);
    assert_near((double)c.dram, want, 1);
  }
}

/* The load of which COUNTED has such counters, on an open GPU. */
static void open_counted(struct cuda_load *l, struct cr_cuda_gpu *gpu, int64_t dram_bytes, int64_t l2_bytes)
{
  struct cr_err err = {""};
  cuda_load_init(l, 100, 1, NULL);
  struct cr_op_spec *op =
    (struct cr_op_spec *)&l->workload->op[COUNTED]; /* the load's own, which it lets nobody else change */
  op->dram_bytes = dram_bytes;
  op->l2_bytes = l2_bytes == CR_UNKNOWN ? CR_UNKNOWN : (int64_t)(CR_STANDIN_L2_COUNTS * (double)l2_bytes);
  assert_int_equal(cr_cuda_gpu_open(gpu, 256, &err), CR_OK);
}

/* Its stand-ins, with what CORUN_STANDIN_TRAFFIC says; NULL: nothing. */
static struct cr_standins *standins_of(const struct cuda_load *l, struct cr_cuda_gpu *gpu, const char *traffic,
                                       struct cr_standin_match *match)
{
  struct cr_standins *s = NULL;
  struct cr_err err = {""};
  if (traffic)
    setenv("CORUN_STANDIN_TRAFFIC", traffic, 1);
  int rc = cr_standins_new(gpu, l->workload, &l->device, &s, &err);
  unsetenv("CORUN_STANDIN_TRAFFIC");
  if (rc)
    fail_msg("%s", err.text);
  cr_standins_match(s, match);
  return s;
}

static void counted_kernels_read_as_much(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standin_match match;
  open_counted(&l, &gpu, COUNTED_DRAM, COUNTED_L2);
  struct cr_standins *s = standins_of(&l, &gpu, "all", &match);
  assert_int_equal(match.n_dram, 1);
  assert_int_equal(match.n_dram_cut, 0);
  assert_near(match.dram_off, 0, 0.011);
  assert_int_equal(match.n_l2, 1);
  assert_int_equal(match.n_l2_cut, 0);
  assert_near(match.l2_off, 0, 0.011);
  assert_near(match.worst_off, 0, 0.03);
  struct cr_standin_work w = cr_standin_work(s, COUNTED), plain = cr_standin_work(s, 0);
  struct chunks c = chunks_read(COUNTED_WARPS, &w);
  assert_near((double)c.n * CR_STREAM_CHUNK_BYTES / COUNTED_L2, 1, 0.011);
  assert_near((double)c.dram * CR_STREAM_CHUNK_BYTES / COUNTED_DRAM, 1, 0.011);
  assert_near((double)c.dram, w.dram_chunks, 1);
  assert_near((double)c.n, w.chunks, 1);
  assert_int_equal(plain.per_round, 0);
  struct cr_standin_stream stream = cr_standins_stream(s);
  double l2_bytes = (double)l.device.l2_bytes, stay_bytes = (stream.l2_mask + 1.0) * CR_STREAM_CHUNK_BYTES;
  assert_true((stream.mask + 1.0) * CR_STREAM_CHUNK_BYTES >= 64.0 * l2_bytes);
  assert_true(stay_bytes <= l2_bytes / 8 && stay_bytes > l2_bytes / 16);
  assert_int_equal(stream.l2_mask & (stream.l2_mask + 1), 0);
  cr_standins_free(s);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

/* What a kernel moves, and of that what its stand-in reads under CORUN_STANDIN_TRAFFIC. */
static void what_is_read_can_be_chosen(void **state)
{
  (void)state;
  static const struct {
    const char *traffic;
    int64_t dram_bytes, l2_bytes;
    uint32_t n_dram, n_l2;
    double dram, all;
  } row[] = {
    {"all", COUNTED_DRAM, COUNTED_L2, 1, 1, COUNTED_DRAM, COUNTED_L2},
    {"", COUNTED_DRAM, COUNTED_L2, 1, 0, COUNTED_DRAM, COUNTED_DRAM},
    {"dram", COUNTED_DRAM, COUNTED_L2, 1, 0, COUNTED_DRAM, COUNTED_DRAM},
    {"off", COUNTED_DRAM, COUNTED_L2, 0, 0, 0, 0},
    {"all", COUNTED_DRAM, CR_UNKNOWN, 1, 0, COUNTED_DRAM, COUNTED_DRAM},
    {"all", CR_UNKNOWN, COUNTED_L2, 0, 1, 0, COUNTED_L2},
    {"dram", CR_UNKNOWN, COUNTED_L2, 0, 0, 0, 0},
    {"all", COUNTED_DRAM, COUNTED_DRAM / 2, 1, 1, COUNTED_DRAM, COUNTED_DRAM}, /* all of DRAM comes through the L2 */
    {"all", 0, 0, 1, 1, 0, 0},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct cuda_load l;
    struct cr_cuda_gpu gpu;
    struct cr_standin_match match;
    open_counted(&l, &gpu, row[i].dram_bytes, row[i].l2_bytes);
    struct cr_standins *s = standins_of(&l, &gpu, row[i].traffic, &match);
    struct cr_standin_work w = cr_standin_work(s, COUNTED);
    struct chunks c = chunks_read(COUNTED_WARPS, &w);
    assert_int_equal(match.n_dram, row[i].n_dram);
    assert_int_equal(match.n_l2, row[i].n_l2);
    assert_near((double)c.n * CR_STREAM_CHUNK_BYTES, row[i].all, 0.011 * row[i].all);
    assert_near((double)c.dram * CR_STREAM_CHUNK_BYTES, row[i].dram, 0.011 * row[i].dram);
    cr_standins_free(s);
    if (i == 0) {
      struct cr_err err = {""};
      setenv("CORUN_STANDIN_TRAFFIC", "some", 1);
      assert_int_equal(cr_standins_new(&gpu, l.workload, &l.device, &s, &err), CR_EINPUT);
      unsetenv("CORUN_STANDIN_TRAFFIC");
      assert_string_equal(err.text, "CORUN_STANDIN_TRAFFIC is some; it may be all, dram or off");
    }
    cr_cuda_gpu_close(&gpu);
    cuda_load_fini(&l);
  }
}

/* It is to take 25 us; of DRAM alone it would take 40 us to read 20 GB, of the L2 five times as much. */
static void one_that_would_be_too_slow_gives_up_some_l2_first(void **state)
{
  (void)state;
  static const int64_t GB = 1000000000;
  static const struct {
    int64_t dram_bytes, l2_bytes;
    uint32_t n_dram_cut, n_l2_cut;
    int some_l2;
  } row[] = {
    {20 * GB, CR_UNKNOWN, 1, 0, 0},
    {COUNTED_DRAM, 100 * GB, 0, 1, 1}, /* some of the L2 will do */
    {8 * GB, 36 * GB, 0, 1, 1},
    {20 * GB, 40 * GB, 1, 1, 0}, /* all of it will not */
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct cuda_load l;
    struct cr_cuda_gpu gpu;
    struct cr_standin_match match;
    open_counted(&l, &gpu, row[i].dram_bytes, row[i].l2_bytes);
    struct cr_standins *s = standins_of(&l, &gpu, "all", &match);
    assert_near(match.worst_off, 0, 0.03);
    assert_int_equal(match.n_dram_cut, row[i].n_dram_cut);
    assert_int_equal(match.n_l2_cut, row[i].n_l2_cut);
    struct cr_standin_work w = cr_standin_work(s, COUNTED);
    struct chunks c = chunks_read(COUNTED_WARPS, &w);
    double dram_off = (double)c.dram * CR_STREAM_CHUNK_BYTES / (double)row[i].dram_bytes - 1;
    assert_near(dram_off, match.dram_off, 0.011);
    if (row[i].n_dram_cut)
      assert_true(match.dram_off < -0.25 && match.dram_off > -0.6);
    else
      assert_near(match.dram_off, 0, 0.011);
    assert_int_equal(c.n > c.dram, row[i].some_l2);
    if (row[i].n_l2_cut)
      assert_near((double)c.n * CR_STREAM_CHUNK_BYTES / (double)row[i].l2_bytes - 1, match.l2_off, 0.011);
    cr_standins_free(s);
    cr_cuda_gpu_close(&gpu);
    cuda_load_fini(&l);
  }
}

/* --- clusters ----------------------------------------------------------------------------------------------------- */

enum { BE0 = 4 }; /* the first of kernels b, of 264, 528, 792, 1056 blocks, and so many again */

static void set_cluster(struct cuda_load *l, uint32_t op, uint32_t blocks)
{
  ((struct cr_op_spec *)&l->workload->op[op])->cluster_blocks = blocks; /* the load's own, as above */
}

/* Launches so many of its blocks and waits for them. */
static void launch_part(struct cr_cuda_gpu *gpu, struct cr_standins *s, uint32_t op, uint32_t n_block)
{
  struct cr_err err = {""};
  struct cr_standin_at at = {.words = CR_NONE, .epoch = 1, .n_block = n_block};
  assert_int_equal(cr_cuda_gpu_take_slots(gpu, 1, &at.slot, &err), CR_OK);
  at.first = at.slot;
  if (cr_cuda_check(&gpu->driver, cr_standin_launch(s, op, &at, gpu->control), "a part", &err) ||
      cr_cuda_gpu_settle(gpu, "a part", &err))
    fail_msg("%u blocks: %s", n_block, err.text);
}

/* What the GPU was told: "launches blocks merged pads clustered clusters". */
static void check_launched(const char *fault, uint32_t n_cluster, uint32_t n_no_cluster, uint32_t n_shape,
                           const char *want)
{
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standins *s = NULL;
  struct cr_standin_match match;
  struct cr_err err = {""};
  char file[512];
  snprintf(file, sizeof file, "%s", t_join(t_tmp(), "told"));
  cuda_load_init(&l, 100, 1, fault);
  setenv("STANDIN_CUDA_TOLD", file, 1);
  set_cluster(&l, BE0, 8);
  set_cluster(&l, BE0 + 1, 16); /* more than a launch may have without asking */
  set_cluster(&l, BE0 + 2, 1);
  set_cluster(&l, BE0 + 4, 4); /* as the first in all else */
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  if (cr_standins_new(&gpu, l.workload, &l.device, &s, &err))
    fail_msg("%s", err.text);
  cr_standins_match(s, &match);
  assert_near(match.worst_off, 0, 0.03);
  assert_int_equal(match.n_cluster, n_cluster);
  assert_int_equal(match.n_no_cluster, n_no_cluster);
  assert_int_equal(match.n_shape, n_shape);
  for (uint32_t i = 0; i < 5; i++)
    launch_part(&gpu, s, BE0 + i, 0);
  launch_part(&gpu, s, BE0, 12); /* in clusters of 4 */
  launch_part(&gpu, s, BE0, 7);  /* in none */
  cr_standins_free(s);
  cr_cuda_gpu_close(&gpu);
  unsetenv("STANDIN_CUDA_TOLD");
  char *told = t_read(file, NULL);
  assert_string_equal(told, want);
  t_free(told);
  cuda_load_fini(&l);
}

static void kernels_are_launched_in_their_clusters(void **state)
{
  (void)state;
  check_launched(NULL, 3, 0, 3 + 6, "7 2923 0 0 4 135\n"); /* 264 / 8 + 528 / 16 + 264 / 4 + 12 / 4 */
}

static void where_there_are_no_clusters_they_are_left_out(void **state)
{
  (void)state;
  check_launched("no-clusters", 0, 3, 3 + 4, "7 2923 0 0 0 0\n");
}

static void check_no_cluster(const char *fault, uint32_t blocks, const char *says)
{
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standins *s = NULL;
  struct cr_err err = {""};
  cuda_load_init(&l, 100, 1, fault);
  set_cluster(&l, BE0, blocks);
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  assert_int_equal(cr_standins_new(&gpu, l.workload, &l.device, &s, &err), CR_EINPUT);
  assert_null(s);
  if (!strstr(err.text, says))
    fail_msg("'%s' lacks '%s'", err.text, says);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

static void a_cluster_that_the_gpu_cannot_hold_is_named(void **state)
{
  (void)state;
  check_no_cluster(NULL, 24, "kernel b: a pretended GPU cannot hold a cluster of 24 blocks of 1024 threads");
  check_no_cluster("small-gpc", 12, "kernel b: a pretended GPU cannot hold a cluster of 12 blocks of 1024 threads");
}

/* What the tests above rest on. */
static void the_pretended_gpu_refuses_clusters_that_cannot_be(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_err err = {""};
  uint32_t with, without;
  cuda_load_init(&l, 100, 1, NULL);
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  struct cr_standin_codes *codes = cr_standin_codes_new(&gpu);
  assert_int_equal(cr_standin_codes_find(codes, 32, 0, cr_standin_kind(1, 0, 1), &with, &err), CR_OK);
  assert_int_equal(cr_standin_codes_find(codes, 32, 0, cr_standin_kind(1, 0, 0), &without, &err), CR_OK);
  const struct {
    uint32_t code, blocks, cluster;
    int error;
  } bad[] = {{with, 10, 4, 1}, {with, 24, 12, CR_CU_INVALID_CLUSTER}, {without, 16, 4, 1}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const struct cr_cuda_launch launch = {.blocks = bad[i].blocks, .threads = 64, .cluster_blocks = bad[i].cluster};
    cr_cu_function function = cr_standin_codes_function(codes, bad[i].code);
    int n = 0;
    assert_int_equal(cr_cuda_gpu_launch(&gpu, function, &launch, gpu.control, NULL), bad[i].error);
    assert_int_equal(cr_cuda_gpu_count_clusters(&gpu, function, &launch, &n), bad[i].error);
  }
  cr_standin_codes_free(codes);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

/* --- what is kept ------------------------------------------------------------------------------------------------- */

/* A run's stand-ins, from the folder, the first kernel b in such clusters; how many of its kernels others had measured. */
static uint32_t run_in(const char *folder, uint32_t cluster_blocks, struct cr_standin_work *w)
{
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standins *s = NULL;
  struct cr_standin_match match;
  struct cr_err err = {""};
  cuda_load_init(&l, 100, 1, NULL);
  set_cluster(&l, BE0, cluster_blocks);
  setenv("CORUN_STANDIN_CACHE", folder, 1);
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  if (cr_standins_new(&gpu, l.workload, &l.device, &s, &err))
    fail_msg("%s", err.text);
  cr_standins_match(s, &match);
  assert_int_equal(match.n_kernel, 11);
  assert_near(match.worst_off, 0, 0.03);
  *w = cr_standin_work(s, COUNTED);
  cr_standins_free(s);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
  return match.n_cached;
}

static uint32_t run_from(const char *folder, struct cr_standin_work *w)
{
  return run_in(folder, 0, w);
}

static void what_was_measured_is_kept_for_the_next_run(void **state)
{
  (void)state;
  char folder[512];
  snprintf(folder, sizeof folder, "%s", t_join(t_tmp(), "kept"));
  struct cr_standin_work first, second;
  assert_int_equal(run_from(folder, &first), 0);
  assert_int_equal(run_from(folder, &second), 8); /* of different shapes and times */
  assert_memory_equal(&first, &second, sizeof first);
}

/* One that was measured in clusters is not one without, nor one in others; none is as nobody knows. */
static void clusters_are_part_of_what_is_kept(void **state)
{
  (void)state;
  char folder[512];
  snprintf(folder, sizeof folder, "%s", t_join(t_tmp(), "clusters"));
  struct cr_standin_work w;
  assert_int_equal(run_in(folder, 0, &w), 0);
  assert_int_equal(run_in(folder, 2, &w), 7); /* of 8 shapes and times; it takes as long as without */
  assert_int_equal(run_in(folder, 2, &w), 8);
  assert_int_equal(run_in(folder, 4, &w), 7);
  assert_int_equal(run_in(folder, 1, &w), 8);
  assert_int_equal(run_in(folder, 4, &w), 8);
}

/* The GPU is another than the file says, by a tenth of its pace: nothing of the file is taken. */
static void what_is_off_is_measured_anew(void **state)
{
  (void)state;
  char folder[512];
  snprintf(folder, sizeof folder, "%s", t_join(t_tmp(), "off"));
  struct cr_standin_work first, second;
  assert_int_equal(run_from(folder, &first), 0);
  setenv("STANDIN_CUDA_PACE", "110", 1);
  assert_int_equal(run_from(folder, &second), 0);
  assert_true(second.rounds < first.rounds);
  assert_int_equal(run_from(folder, &second), 8);
  unsetenv("STANDIN_CUDA_PACE");
}

static void what_a_gpu_cannot_hold_is_named(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standins *s = NULL;
  struct cr_err err = {""};
  cuda_load_init(&l, 100, 1, "small-sm");
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  assert_int_equal(cr_standins_new(&gpu, l.workload, &l.device, &s, &err), CR_EINPUT);
  assert_null(s);
  assert_non_null(strstr(err.text, "kernel b: a pretended GPU cannot hold a block of 1024 threads"));
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

/* Also where a few values more take many registers more. */
static void any_number_of_registers_is_filled(void **state)
{
  (void)state;
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_err err = {""};
  cuda_load_init(&l, 100, 1, "none");
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  struct cr_standin_codes *codes = cr_standin_codes_new(&gpu);
  assert_non_null(codes);
  for (uint32_t regs = 32; regs <= 168; regs += 8)
    for (uint32_t kind = CR_STANDIN_MERGED; kind <= 1; kind++) {
      uint32_t code;
      int takes = 0;
      if (cr_standin_codes_find(codes, regs, 0, kind, &code, &err))
        fail_msg("%u registers, kind %u: %s", regs, kind, err.text);
      gpu.driver.function_attribute(&takes, CR_CU_FUNCTION_REGS, cr_standin_codes_function(codes, code));
      assert_int_equal((uint32_t)(takes + 7) / 8, regs / 8);
    }
  cr_standin_codes_free(codes);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

/* What the program did between its launches is no part of them; neither is a copy that it waited for. */
static void what_a_program_launches_takes_its_recorded_time_alone(void **state)
{
  (void)state;
  enum { N_OP = 5, COPY = 2, OP_NS = 30000 };
  struct cuda_load l;
  struct cr_cuda_gpu gpu;
  struct cr_standins *s = NULL;
  struct cr_standin_match match;
  struct cr_err err = {""};
  struct cr_op_spec op[2 * N_OP];
  for (uint32_t i = 0; i < 2 * N_OP; i++) {
    op[i] = cuda_load_kernel("k", 100, 128, 32, OP_NS);
    if (i >= N_OP)
      continue;
    op[i].launch_ns = 40000;
    op[i].gap_ns = 70000;
  }
  op[COPY].kind = CR_OP_COPY_H2D;
  op[COPY].duration_ns = 5000000;
  op[COPY].pageable = CR_YES;
  op[COPY].bytes = 1 << 20;
  op[COPY].blocks = op[COPY].threads = op[COPY].regs = 0;
  cuda_load_begin(&l);
  load_add(l.builder, load_closed("a", cuda_load_model(&l, "eager", op, N_OP), CR_BE, 1));
  load_add(l.builder, load_closed("b", cuda_load_model(&l, "graph", op + N_OP, N_OP), CR_BE, 1));
  cuda_load_seal(&l, NULL);
  double gap_ns = 1e3 * l.device.constant[CR_GPU_GAP];
  assert_true(gap_ns > 0);
  assert_near(cr_standin_wanted_ns(l.workload, &l.device, 0), OP_NS + gap_ns, 0);
  assert_near(cr_standin_wanted_ns(l.workload, &l.device, 1), OP_NS + gap_ns, 0);
  assert_near(cr_standin_wanted_ns(l.workload, &l.device, N_OP), OP_NS, 0); /* of a graph, which was launched then */
  assert_int_equal(cr_cuda_gpu_open(&gpu, 256, &err), CR_OK);
  if (cr_standins_new(&gpu, l.workload, &l.device, &s, &err))
    fail_msg("%s", err.text);
  cr_standins_match(s, &match);
  assert_near(match.worst_off, 0, 0.03);
  assert_near(match.worst_model_off, 0, 0.03);
  double rounds = cr_standin_work(s, N_OP + 1).rounds;
  for (uint32_t i = 0; i < N_OP; i++)
    if (i != COPY)
      assert_near(cr_standin_work(s, i).rounds / rounds, 1, 0.03);
  assert_near((double)cr_standin_short_ns(s, COPY), 5000000, 100000); /* a copy takes 1.5 us there */
  cr_standins_free(s);
  cr_cuda_gpu_close(&gpu);
  cuda_load_fini(&l);
}

int main(void)
{
  const struct CMUnitTest test[] = {
    cmocka_unit_test(parameters_are_those_of_the_launch_in_order),
    cmocka_unit_test(parameters_of_a_merged_launch_too),
    cmocka_unit_test(registers_are_declared_and_as_many_live_as_asked_for),
    cmocka_unit_test(branches_have_labels),
    cmocka_unit_test(ptxas_assembles_it),
    cmocka_unit_test(ptxas_keeps_the_loads),
    cmocka_unit_test(code_for_clusters_is_that_without),
    cmocka_unit_test(code_grows_with_the_square_of_registers),
    cmocka_unit_test(any_number_of_registers_is_filled),
    cmocka_unit_test(stand_ins_match_within_three_percent),
    cmocka_unit_test(a_busy_host_s_measurement_is_made_again),
    cmocka_unit_test(counted_kernels_read_as_much),
    cmocka_unit_test(a_launch_reads_what_it_is_asked_for),
    cmocka_unit_test(what_is_read_can_be_chosen),
    cmocka_unit_test(one_that_would_be_too_slow_gives_up_some_l2_first),
    cmocka_unit_test(kernels_are_launched_in_their_clusters),
    cmocka_unit_test(where_there_are_no_clusters_they_are_left_out),
    cmocka_unit_test(a_cluster_that_the_gpu_cannot_hold_is_named),
    cmocka_unit_test(the_pretended_gpu_refuses_clusters_that_cannot_be),
    cmocka_unit_test(what_was_measured_is_kept_for_the_next_run),
    cmocka_unit_test(clusters_are_part_of_what_is_kept),
    cmocka_unit_test(what_is_off_is_measured_anew),
    cmocka_unit_test(what_a_program_launches_takes_its_recorded_time_alone),
    cmocka_unit_test(what_a_gpu_cannot_hold_is_named),
  };
  return cmocka_run_group_tests(test, NULL, NULL);
}
