/* timeline_report.c - where a simulated co-run parts from a recorded one, as a table for people, CSV or JSON.
 *
 * Sums over ops are given in us for one whole request in company: what the ops in company had, divided by how many requests
 * they make together. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "calib/timeline_check.h"
#include "sim/provenance.h"
#include "sim/table.h"
#include "traces/kernel_class.h"

enum { N_WORST = 15, NAME_BYTES = 56 };

/* --- classes ---------------------------------------------------------------------------------------------------------- */

enum shape_class { WHOLE_SM, WAVES, ALL_SMS, SOME_SMS, NO_SM, N_SHAPE };
static const char *const shape_name[N_SHAPE] = {"whole SMs", "several waves", "all SMs", "some SMs", "no SM"};

struct report {
  const struct cr_check_report_cfg *cfg;
  const struct cr_check *c;
  struct cr_text *out;
};

/* How a kernel fills the device: blocks that take an SM each; more blocks than fit at once; a block for every SM at least;
 * fewer. */
static uint32_t shape_of(const struct report *r, const struct cr_op_spec *op)
{
  const struct cr_device_desc *d = r->cfg->device;
  if (op->kind != CR_OP_KERNEL)
    return NO_SM;
  uint32_t fit = cr_device_occupancy(d, op->threads, op->regs, op->smem_bytes, NULL);
  if (fit <= 1)
    return WHOLE_SM;
  if (op->blocks > d->sms * fit)
    return WAVES;
  return op->blocks >= d->sms ? ALL_SMS : SOME_SMS;
}

static uint32_t class_of(const struct report *r, const struct cr_op_spec *op)
{
  (void)r;
  return cr_kernel_class_of(op);
}

/* By time alone, in us: 3 and 10 part what cold starts dominate from what contention does. */
static uint32_t length_of(const struct report *r, const struct cr_op_spec *op)
{
  (void)r;
  return op->duration_ns < 3000 ? 0 : op->duration_ns < 10000 ? 1 : op->duration_ns < 30000 ? 2 : 3;
}
static const char *const length_name[] = {"< 3 us", "3 to 10 us", "10 to 30 us", "> 30 us"};

static const struct split {
  const char *name;
  uint32_t n;
  const char *const *key_name;
  uint32_t (*of)(const struct report *r, const struct cr_op_spec *op);
} split[] = {
  {"shape", N_SHAPE, shape_name, shape_of},
  {"length", 4, length_name, length_of},
  {"class", CR_N_KERNEL_CLASS, cr_kernel_class_name, class_of},
};
enum { N_SPLIT = sizeof split / sizeof split[0] };

/* --- sums ------------------------------------------------------------------------------------------------------------- */

/* us for one request in company. */
struct sum {
  double n_op, alone, wait[2], stretch[2];
};

static void add(struct sum *s, const struct cr_check_stream *stream, uint32_t j)
{
  const struct cr_check_op *op = &stream->op[j];
  double times = stream->n_request > 0 ? op->n / stream->n_request : 0;
  s->n_op += times;
  s->alone += times * (double)stream->corun.op[j].duration_ns / 1e3;
  for (int by = 0; by < 2; by++) {
    s->wait[by] += times * op->wait_ns[by] / 1e3;
    s->stretch[by] += times * op->stretch_ns[by] / 1e3;
  }
}

static double parted(const struct sum *s)
{
  return s->wait[CR_CHECK_SIM] + s->stretch[CR_CHECK_SIM] - s->wait[CR_CHECK_REAL] - s->stretch[CR_CHECK_REAL];
}

static struct sum sum_of(const struct report *r, const struct cr_check_stream *stream, const struct split *by, uint32_t key)
{
  struct sum s = {0};
  for (uint32_t j = 0; j < stream->corun.n_op; j++)
    if (!by || by->of(r, &stream->corun.op[j]) == key)
      add(&s, stream, j);
  return s;
}

/* The same kernel, wherever it stands in its stream. */
struct kernel {
  const struct cr_check_stream *stream;
  uint32_t op; /* the first of them */
  struct sum sum;
};

static int is_same(const struct cr_op_spec *a, const struct cr_op_spec *b)
{
  return a->kind == b->kind && a->blocks == b->blocks && a->threads == b->threads && strcmp(a->name, b->name) == 0;
}

/* Those that part most, worst first; worst: [N_WORST]. */
static uint32_t find_worst(const struct report *r, struct kernel *worst)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < r->c->n_stream; i++) {
    const struct cr_check_stream *s = &r->c->stream[i];
    for (uint32_t j = 0; j < s->corun.n_op; j++) {
      struct kernel k = {.stream = s, .op = j};
      uint32_t first = 0;
      while (!is_same(&s->corun.op[first], &s->corun.op[j]))
        first++;
      for (uint32_t l = j; first == j && l < s->corun.n_op; l++)
        if (is_same(&s->corun.op[l], &s->corun.op[j]))
          add(&k.sum, s, l);
      uint32_t at = n;
      while (at > 0 && fabs(parted(&worst[at - 1].sum)) < fabs(parted(&k.sum)))
        at--;
      if (first != j || at >= N_WORST)
        continue;
      n = cr_min_u32(n + 1, N_WORST);
      memmove(&worst[at + 1], &worst[at], (n - 1 - at) * sizeof *worst);
      worst[at] = k;
    }
  }
  return n;
}

/* --- table ------------------------------------------------------------------------------------------------------------ */

static void cells(struct cr_table *t, const struct sum *s)
{
  cr_table_cell(t, "%.1f", s->n_op);
  cr_table_cell(t, "%.1f", s->alone);
  cr_table_cell(t, "%.1f", s->wait[CR_CHECK_REAL]);
  cr_table_cell(t, "%.1f", s->wait[CR_CHECK_SIM]);
  cr_table_cell(t, "%.1f", s->stretch[CR_CHECK_REAL]);
  cr_table_cell(t, "%.1f", s->stretch[CR_CHECK_SIM]);
  cr_table_cell(t, "%+.1f", parted(s));
}

#define SUM_COLUMNS                                                                                              \
  {NULL, "ops", 0}, {NULL, "alone us", 0}, {"wait us", "real", 0}, {"wait us", "simulated", 0},                  \
    {"stretch us", "real", 0}, {"stretch us", "simulated", 0}, {NULL, "too slow by us", 0}

static void table_streams(const struct report *r)
{
  static const struct cr_table_column column[] = {
    {NULL, "stream", 0},         {NULL, "like", 1},         {"ops", "aligned", 0},    {"ops", "elsewhere", 0},
    {"ops", "own", 0},           {NULL, "replays", 0},      {"replay ms", "alone", 0}, {"replay ms", "real", 0},
    {"replay ms", "simulated", 0}, {"replay ms", "error %", 0},
  };
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], r->cfg->color);
  for (uint32_t i = 0; i < r->c->n_stream; i++) {
    const struct cr_check_stream *s = &r->c->stream[i];
    cr_table_cell(&t, "%" PRIu32, s->corun.id);
    cr_table_cell(&t, "%s", s->corun.model);
    for (int m = 0; m < CR_N_MATCH; m++)
      cr_table_cell(&t, "%" PRIu32, s->corun.n_match[m]);
    cr_table_cell(&t, "%" PRIu32, s->corun.n_replay);
    cr_table_cell(&t, "%.4f", s->alone_ns / 1e6);
    cr_table_cell(&t, "%.4f", s->span_ns[CR_CHECK_REAL] / 1e6);
    cr_table_cell(&t, "%.4f", s->span_ns[CR_CHECK_SIM] / 1e6);
    cr_table_cell(&t, "%+.2f", 100 * (s->span_ns[CR_CHECK_SIM] / s->span_ns[CR_CHECK_REAL] - 1));
  }
  cr_table_end(&t, r->out);
}

static void table_splits(const struct report *r)
{
  static const struct cr_table_column column[] = {{NULL, "stream", 0}, {NULL, "by", 1}, {NULL, "", 1}, SUM_COLUMNS};
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], r->cfg->color);
  for (uint32_t i = 0; i < r->c->n_stream; i++) {
    const struct cr_check_stream *s = &r->c->stream[i];
    struct sum all = sum_of(r, s, NULL, 0);
    if (i)
      cr_table_blank(&t);
    cr_table_cell(&t, "%" PRIu32, s->corun.id);
    cr_table_cell(&t, "%s", "");
    cr_table_cell(&t, "%s", s->corun.model);
    cells(&t, &all);
    for (uint32_t by = 0; by < N_SPLIT; by++) {
      const char *name = split[by].name;
      for (uint32_t key = 0; key < split[by].n; key++) {
        struct sum part = sum_of(r, s, &split[by], key);
        if (part.n_op <= 0)
          continue;
        cr_table_cell(&t, "%s", "");
        cr_table_cell(&t, "%s", name);
        cr_table_cell(&t, "%s", split[by].key_name[key]);
        cells(&t, &part);
        name = "";
      }
    }
  }
  cr_table_end(&t, r->out);
}

static void table_worst(const struct report *r)
{
  static const struct cr_table_column column[] = {
    {NULL, "stream", 0}, {NULL, "kernel", 1}, {NULL, "blocks", 0}, {NULL, "threads", 0}, {NULL, "regs", 0}, SUM_COLUMNS};
  struct kernel worst[N_WORST + 1];
  uint32_t n = find_worst(r, worst);
  struct cr_table t;
  cr_table_begin(&t, column, sizeof column / sizeof column[0], r->cfg->color);
  for (uint32_t i = 0; i < n; i++) {
    const struct cr_op_spec *op = &worst[i].stream->corun.op[worst[i].op];
    char name[NAME_BYTES];
    cr_kernel_short_name(op->name, name, sizeof name);
    cr_table_cell(&t, "%" PRIu32, worst[i].stream->corun.id);
    cr_table_cell(&t, "%s", name);
    cr_table_cell(&t, "%" PRIu32, op->blocks);
    cr_table_cell(&t, "%" PRIu32, op->threads);
    cr_table_cell(&t, "%" PRIu32, op->regs);
    cells(&t, &worst[i].sum);
  }
  cr_table_end(&t, r->out);
}

static void report_table(const struct report *r)
{
  const struct cr_check *c = r->c;
  cr_text_add(r->out, "%s against the recorded co-run %s: %" PRIu32 " streams\n", c->device, c->path, c->n_stream);
  if (c->n_overlap)
    cr_text_add(r->out, "%" PRIu32 " ops start up to %" PRId64 " ns before the one before them has ended\n", c->n_overlap,
                c->overlap_ns);
  cr_text_add(r->out, "\n");
  table_streams(r);
  cr_text_add(r->out, "\nbeyond alone, us for one request in company\n");
  table_splits(r);
  cr_text_add(r->out, "\nkernels that part most\n");
  table_worst(r);
}

/* --- CSV and JSON: every op ------------------------------------------------------------------------------------------- */

static void report_csv(const struct report *r)
{
  cr_text_add(r->out, "stream,like,op,kernel,class,shape,blocks,threads,regs,match,replays,alone_us,wait_us,sim_wait_us,"
                      "stretch_us,sim_stretch_us\n");
  for (uint32_t i = 0; i < r->c->n_stream; i++) {
    const struct cr_check_stream *s = &r->c->stream[i];
    for (uint32_t j = 0; j < s->corun.n_op; j++) {
      const struct cr_op_spec *spec = &s->corun.op[j];
      const struct cr_check_op *op = &s->op[j];
      cr_text_add(r->out, "%" PRIu32 ",", s->corun.id);
      cr_text_add_csv_quoted(r->out, s->corun.model);
      cr_text_add(r->out, ",%" PRIu32 ",", j);
      cr_text_add_csv_quoted(r->out, spec->name);
      cr_text_add(r->out, ",%s,%s,%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%s,%" PRIu32 ",%.3f,%.3f,%.3f,%.3f,%.3f\n",
                  cr_kernel_class_name[class_of(r, spec)], shape_name[shape_of(r, spec)], spec->blocks, spec->threads,
                  spec->regs, cr_match_name[s->corun.match[j]], op->n, (double)spec->duration_ns / 1e3,
                  op->wait_ns[CR_CHECK_REAL] / 1e3, op->wait_ns[CR_CHECK_SIM] / 1e3,
                  op->stretch_ns[CR_CHECK_REAL] / 1e3, op->stretch_ns[CR_CHECK_SIM] / 1e3);
    }
  }
}

static void json_sum(struct cr_text *out, const struct sum *s)
{
  cr_text_add(out,
              "{\"ops\":%.3f,\"alone_us\":%.3f,\"wait_us\":{\"real\":%.3f,\"simulated\":%.3f},"
              "\"stretch_us\":{\"real\":%.3f,\"simulated\":%.3f},\"too_slow_by_us\":%.3f}",
              s->n_op, s->alone, s->wait[CR_CHECK_REAL], s->wait[CR_CHECK_SIM], s->stretch[CR_CHECK_REAL],
              s->stretch[CR_CHECK_SIM], parted(s));
}

static void json_stream(const struct report *r, const struct cr_check_stream *s)
{
  struct cr_text *out = r->out;
  struct sum all = sum_of(r, s, NULL, 0);
  cr_text_add(out, "{\"stream\":%" PRIu32 ",\"like\":", s->corun.id);
  cr_text_add_json(out, s->corun.model);
  cr_text_add(out, ",\"replays\":%" PRIu32 ",\"ops\":{", s->corun.n_replay);
  for (int m = 0; m < CR_N_MATCH; m++)
    cr_text_add(out, "\"%s\":%" PRIu32 "%s", cr_match_name[m], s->corun.n_match[m], m + 1 < CR_N_MATCH ? "," : "}");
  cr_text_add(out, ",\"replay_ms\":{\"alone\":%.6f,\"real\":%.6f,\"simulated\":%.6f},\n   \"all\":", s->alone_ns / 1e6,
              s->span_ns[CR_CHECK_REAL] / 1e6, s->span_ns[CR_CHECK_SIM] / 1e6);
  json_sum(out, &all);
  for (uint32_t by = 0; by < N_SPLIT; by++) {
    int first = 1;
    cr_text_add(out, ",\n   \"by_%s\":{", split[by].name);
    for (uint32_t key = 0; key < split[by].n; key++) {
      struct sum part = sum_of(r, s, &split[by], key);
      if (part.n_op <= 0)
        continue;
      cr_text_add(out, "%s\"%s\":", first ? "" : ",", split[by].key_name[key]);
      json_sum(out, &part);
      first = 0;
    }
    cr_text_add(out, "}");
  }
  cr_text_add(out, "}");
}

static void report_json(const struct report *r)
{
  struct cr_text *out = r->out;
  cr_text_add(out, "{\"program\":\"corun\",\"version\":");
  cr_text_add_json(out, cr_program_version);
  cr_text_add(out, ",\"git\":");
  cr_text_add_json(out, cr_program_git);
  cr_text_add(out, ",\"command\":");
  cr_text_add_json(out, r->cfg->command);
  cr_text_add(out, ",\n  \"recording\":");
  cr_text_add_json(out, r->c->path);
  cr_text_add(out, ",\"device\":");
  cr_text_add_json(out, r->c->device);
  cr_text_add(out, ",\"overlaps\":%" PRIu32 ",\n  \"streams\":[", r->c->n_overlap);
  for (uint32_t i = 0; i < r->c->n_stream; i++) {
    cr_text_add(out, i ? ",\n  " : "\n  ");
    json_stream(r, &r->c->stream[i]);
  }
  cr_text_add(out, "]}\n");
}

void cr_check_report(const struct cr_check_report_cfg *cfg, const struct cr_check *c, struct cr_text *out)
{
  struct report r = {cfg, c, out};
  if (cfg->format == CR_TABLE)
    report_table(&r);
  else if (cfg->format == CR_CSV)
    report_csv(&r);
  else
    report_json(&r);
}
