/* workload.c - builds and seals the table of models, ops and clients.
 *
 * Names and specs are copied into an arena; the op, model and client tables grow by doubling until the workload is
 * sealed, and then stay where they are.  Kernel names repeat thousands of times, so every text is kept once, in a
 * hash table that also answers whether a model's or client's name is taken. */
#include "config.h"

#include "sim/workload.h"

#include "sim/batch.h"
#include "sim/mem.h"
#include "sim/memory_curve.h"

#include <string.h>

const char *const cr_op_kind_name[CR_N_OP_KIND] = {"kernel", "h2d",  "d2h",       "d2d",
                                                   "memset", "host", "iteration", "layer"};
const char *const cr_arrival_name[CR_N_ARRIVAL] = {"closed", "uniform", "poisson", "trace", "at", "after"};
const char *const cr_late_name[CR_N_LATE] = {"queue", "wait", "drop"};

/* A text kept once, and the model and client that bear it. */
struct word {
  const char *text; /* NULL: the slot is free */
  uint32_t model, client;
};

struct cr_workload_builder {
  struct cr_workload w; /* what is given out once sealed; the tables below */
  struct cr_arena *arena;
  struct cr_model_info *model;
  struct cr_op_spec *op;
  struct cr_client_spec *client;
  uint32_t model_cap, op_cap, client_cap;
  struct word *word; /* [word_cap], a power of two; open addressing */
  uint32_t n_word, word_cap;
  int sealed;
};

struct cr_workload_builder *cr_workload_builder_new(void)
{
  struct cr_workload_builder *b = cr_mem_new(1, sizeof *b);
  if (!b)
    return NULL;
  b->arena = cr_arena_new();
  if (!b->arena) {
    cr_mem_free(b);
    return NULL;
  }
  return b;
}

void cr_workload_builder_free(struct cr_workload_builder *b)
{
  if (!b)
    return;
  cr_arena_free(b->arena);
  cr_mem_free(b->model);
  cr_mem_free(b->op);
  cr_mem_free(b->client);
  cr_mem_free(b->word);
  cr_mem_free(b);
}

/* FNV-1a. */
static uint64_t hash(const char *text)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (; *text; text++)
    h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return h;
}

/* The slot of the text, or the free one where it belongs.  The table is never full. */
static struct word *find_slot(struct word *table, uint32_t cap, const char *text)
{
  uint32_t i = (uint32_t)hash(text) & (cap - 1);
  while (table[i].text && strcmp(table[i].text, text) != 0)
    i = (i + 1) & (cap - 1);
  return &table[i];
}

static int grow_words(struct cr_workload_builder *b)
{
  uint32_t cap = b->word_cap ? 2 * b->word_cap : 256;
  struct word *table = cr_mem_new(cap, sizeof *table);
  if (!table)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < b->word_cap; i++)
    if (b->word[i].text)
      *find_slot(table, cap, b->word[i].text) = b->word[i];
  cr_mem_free(b->word);
  b->word = table;
  b->word_cap = cap;
  return CR_OK;
}

/* The word of a text, made when there is none; NULL without memory.  Good until the next one is made. */
static struct word *keep_word(struct cr_workload_builder *b, const char *text)
{
  if (2 * (b->n_word + 1) > b->word_cap && grow_words(b))
    return NULL;
  struct word *word = find_slot(b->word, b->word_cap, text);
  if (!word->text) {
    *word = (struct word){cr_arena_text(b->arena, text), CR_NONE, CR_NONE};
    if (!word->text)
      return NULL;
    b->n_word++;
  }
  return word;
}

static const struct word *find_word(const struct cr_workload_builder *b, const char *text)
{
  const struct word *word = b->word_cap ? find_slot(b->word, b->word_cap, text) : NULL;
  return word && word->text ? word : NULL;
}

/* Room for `more` behind n elements; returns the table, moved or not, or NULL. */
static void *reserve(void *table, uint32_t n, uint32_t more, uint32_t *cap, size_t size)
{
  if (n + more <= *cap)
    return table;
  uint32_t want = *cap < 64 ? 64 : *cap;
  while (want < n + more)
    want = want > UINT32_MAX / 2 ? UINT32_MAX : 2 * want;
  void *grown = cr_mem_resize(table, want, size);
  if (grown)
    *cap = want;
  return grown;
}

/* Known and not negative, or CR_UNKNOWN. */
static int is_amount(int64_t amount)
{
  return amount >= 0 || amount == CR_UNKNOWN;
}

static int is_share(int64_t ppm)
{
  return ppm == CR_UNKNOWN || (ppm >= 0 && ppm <= 1000000);
}

static int are_block_times(const struct cr_op_spec *op)
{
  for (uint32_t i = 0; i < op->n_block_ns; i++)
    if (op->block_ns[i] <= 0 || op->block_ns[i] == CR_NS_NEVER)
      return 0;
  return op->n_block_ns == 0 || op->kind == CR_OP_KERNEL;
}

/* Of a layer: there is a device where it can run, batches of it only where single requests can, and its parts are not too long to
 * add up. */
static int are_layer_times(const struct cr_op_spec *op, uint32_t n_batch)
{
  int any = 0;
  if (op->kind != CR_OP_LAYER)
    return op->n_layer == 0;
  for (uint32_t i = 0; i < (1 + n_batch) * op->n_layer; i++) {
    const struct cr_layer_time *t = &op->layer[i];
    const cr_ns part[] = {t->hd_ns, t->misc_ns, t->dh_ns};
    if (t->exec_ns == CR_NS_NEVER)
      continue;
    any = 1;
    if (op->layer[i % op->n_layer].exec_ns == CR_NS_NEVER)
      return 0;
    if (t->exec_ns <= 0 || t->exec_ns > CR_LAYER_MAX_NS)
      return 0;
    for (uint32_t k = 0; k < 3; k++)
      if (part[k] < 0 || part[k] > CR_LAYER_MAX_NS)
        return 0;
  }
  return any;
}

/* What a layer launches are ops of a model that was added before, of kinds that a GPU runs, launched as a graph. */
static int are_launched(const struct cr_workload_builder *b, const struct cr_layer_time *t)
{
  if (t->n_op == 0)
    return 1;
  if (t->op0 >= b->w.n_op || t->n_op > b->w.n_op - t->op0)
    return 0;
  for (uint32_t i = t->op0; i < t->op0 + t->n_op; i++) {
    enum cr_op_kind kind = b->op[i].kind;
    if (kind == CR_OP_HOST || kind == CR_OP_ITERATION || kind == CR_OP_LAYER || b->op[i].launch_ns != CR_NS_NEVER)
      return 0;
  }
  return 1;
}

static const char *layer_fault(const struct cr_workload_builder *b, const struct cr_op_spec *op, uint32_t n_batch)
{
  for (uint32_t i = 0; i < (1 + n_batch) * op->n_layer; i++) {
    if (op->layer[i].exec_ns != CR_NS_NEVER && !op->layer[i].n_op != !op->layer[i % op->n_layer].n_op)
      return "kernels are recorded of batches where they are of single requests, and nowhere else";
    if (!are_launched(b, &op->layer[i]))
      return "what a layer launches must be kernels, copies and memsets of a model that was added before, recorded "
             "from "
             "a graph and not launched one by one";
  }
  return NULL;
}

/* The first field of an op that cannot be, and what it must be; NULL: all can. */
static const char *op_fault(const struct cr_op_spec *op, uint32_t stage, uint32_t n_batch)
{
  if ((unsigned)op->kind >= CR_N_OP_KIND)
    return "kind is none of those there are";
  if (op->duration_ns <= 0 || op->duration_ns == CR_NS_NEVER)
    return "duration must be longer than 0";
  if (op->stage != stage && op->stage != stage + 1)
    return "stage must be that of the op before it or the next, from 0 on";
  if (op->spread_ns < 0 || op->gap_ns < 0 || op->launch_ns < 0)
    return "spread, gap and launch time must not be negative";
  if (op->kind == CR_OP_KERNEL && (op->blocks == 0 || op->threads == 0))
    return "blocks and threads must be at least 1 for a kernel";
  if (op->cluster_blocks && (op->kind != CR_OP_KERNEL || op->blocks % op->cluster_blocks))
    return "its blocks must fill its clusters, and only a kernel has any";
  if (op->kind == CR_OP_ITERATION && op->launch_ns != CR_NS_NEVER)
    return "an iteration has no launch time";
  if (op->kind == CR_OP_LAYER && op->launch_ns != CR_NS_NEVER)
    return "a layer has no launch time";
  if (op->kind == CR_OP_ITERATION && (!is_share(op->sm_ppm) || !is_share(op->dram_ppm)))
    return "demands of an iteration must be from 0 to 1000000 ppm";
  if (!is_amount(op->smem_bytes) || !is_amount(op->carveout_bytes) || !is_amount(op->bytes))
    return "shared memory, carve-out and bytes must not be negative";
  if (!is_amount(op->dram_bytes) || !is_amount(op->l2_bytes) || !is_amount(op->instructions) ||
      !is_amount(op->tensor_instructions) || !is_amount(op->active_warps_q16))
    return "counters must not be negative";
  if (!are_block_times(op))
    return "times of a block must be longer than 0, and only a kernel has any";
  if (!are_layer_times(op, n_batch))
    return "a layer, and nothing else, has a time on some node, from 1 ns to an hour, other parts from 0 to an "
           "hour, and times of batches only where it has one of single requests";
  return NULL;
}

static int check_ops(const struct cr_workload_builder *b, const struct cr_model_spec *spec, struct cr_model_info *info,
                     struct cr_err *err)
{
  uint32_t stage = 0;
  cr_ns sum = 0;
  for (uint32_t i = 0; i < spec->n_op; i++) {
    const struct cr_op_spec *op = &spec->op[i];
    if (!op->name || !*op->name)
      return cr_fail(err, CR_EINPUT, "model %s: op %u has no name", spec->name, i);
    const char *fault = i == 0 && op->stage != 0 ? "stage must be 0 for the first" : op_fault(op, stage, spec->n_batch);
    if (!fault && op->kind == CR_OP_ITERATION && spec->n_op != 1)
      fault = "an iteration must be its model's only op";
    if (!fault && (op->kind == CR_OP_LAYER) != (spec->op[0].kind == CR_OP_LAYER))
      fault = "layers and other ops cannot be mixed in one model";
    if (!fault && op->n_layer != spec->op[0].n_layer)
      fault = "times must be given for as many nodes as of the first layer";
    if (!fault)
      fault = layer_fault(b, op, spec->n_batch);
    if (fault)
      return cr_fail(err, CR_EINPUT, "model %s: op %u (%s): %s", spec->name, i, op->name, fault);
    stage = op->stage;
    sum = cr_ns_add(sum, op->duration_ns);
  }
  if (sum == CR_NS_NEVER)
    return cr_fail(err, CR_EINPUT, "model %s: the durations of its ops add up to more than a time can hold",
                   spec->name);
  info->n_stage = stage + 1;
  info->duration_ns = sum;
  return CR_OK;
}

static int check_model(const struct cr_workload_builder *b, const struct cr_model_spec *spec,
                       struct cr_model_info *info, struct cr_err *err)
{
  if (b->sealed)
    return cr_fail(err, CR_EINPUT, "a model cannot be added to a workload that is sealed");
  if (!spec->name || !*spec->name)
    return cr_fail(err, CR_EINPUT, "a model needs a name");
  const struct word *word = find_word(b, spec->name);
  if (word && word->model != CR_NONE)
    return cr_fail(err, CR_EINPUT, "model %s: there is one of this name already", spec->name);
  if (spec->n_op == 0)
    return cr_fail(err, CR_EINPUT, "model %s: has no ops", spec->name);
  if (spec->n_op >= CR_NONE - b->w.n_op)
    return cr_fail(err, CR_EINPUT, "model %s: too many ops in one workload", spec->name);
  if (!is_amount(spec->weight_bytes) || !is_amount(spec->persistent_bytes) || !is_amount(spec->ephemeral_bytes) ||
      !is_amount(spec->framework_bytes))
    return cr_fail(err, CR_EINPUT, "model %s: bytes of memory must not be negative", spec->name);
  const char *fault = cr_batch_sizes_fault(spec);
  if (fault)
    return cr_fail(err, CR_EINPUT, "model %s: %s", spec->name, fault);
  return check_ops(b, spec, info, err);
}

static const cr_ns *copy_times(struct cr_arena *arena, const cr_ns *time, uint32_t n)
{
  cr_ns *copy = cr_arena_take(arena, n, sizeof *copy);
  if (copy)
    memcpy(copy, time, n * sizeof *copy);
  return copy;
}

static int copy_layer(struct cr_arena *arena, struct cr_op_spec *op, uint32_t n_batch)
{
  size_t n = (size_t)(1 + n_batch) * op->n_layer;
  struct cr_layer_time *copy = n ? cr_arena_take(arena, n, sizeof *copy) : NULL;
  if (copy)
    memcpy(copy, op->layer, n * sizeof *copy);
  op->layer = copy;
  return copy || !op->n_layer ? CR_OK : CR_ENOMEM;
}

/* Copies the ops behind those there are; nothing counts until the caller adds to n_op. */
static int copy_ops(struct cr_workload_builder *b, const struct cr_model_spec *spec)
{
  struct cr_op_spec *op = reserve(b->op, b->w.n_op, spec->n_op, &b->op_cap, sizeof *op);
  if (!op)
    return CR_ENOMEM;
  b->op = op;
  for (uint32_t i = 0; i < spec->n_op; i++) {
    const struct word *name = keep_word(b, spec->op[i].name);
    if (!name)
      return CR_ENOMEM;
    op[b->w.n_op + i] = spec->op[i];
    op[b->w.n_op + i].name = name->text;
    if (copy_layer(b->arena, &op[b->w.n_op + i], spec->n_batch))
      return CR_ENOMEM;
    if (spec->op[i].n_block_ns == 0)
      op[b->w.n_op + i].block_ns = NULL;
    else if (!(op[b->w.n_op + i].block_ns = copy_times(b->arena, spec->op[i].block_ns, spec->op[i].n_block_ns)))
      return CR_ENOMEM;
  }
  return CR_OK;
}

struct cr_op_spec cr_op_unknown(const char *name, enum cr_op_kind kind, cr_ns duration_ns)
{
  return (struct cr_op_spec){
    .name = name,
    .kind = kind,
    .duration_ns = duration_ns,
    .spread_ns = CR_NS_NEVER,
    .gap_ns = CR_NS_NEVER,
    .launch_ns = CR_NS_NEVER,
    .smem_bytes = CR_UNKNOWN,
    .carveout_bytes = CR_UNKNOWN,
    .bytes = CR_UNKNOWN,
    .dram_bytes = CR_UNKNOWN,
    .l2_bytes = CR_UNKNOWN,
    .instructions = CR_UNKNOWN,
    .tensor_instructions = CR_UNKNOWN,
    .active_warps_q16 = CR_UNKNOWN,
    .sm_ppm = CR_UNKNOWN,
    .dram_ppm = CR_UNKNOWN,
  };
}

struct cr_model_spec cr_model_unknown(const char *name, const struct cr_op_spec *op, uint32_t n_op)
{
  return (struct cr_model_spec){
    .name = name,
    .op = op,
    .n_op = n_op,
    .weight_bytes = CR_UNKNOWN,
    .persistent_bytes = CR_UNKNOWN,
    .ephemeral_bytes = CR_UNKNOWN,
    .framework_bytes = CR_UNKNOWN,
  };
}

int cr_workload_add_model(struct cr_workload_builder *b, const struct cr_model_spec *spec, cr_model *out,
                          struct cr_err *err)
{
  struct cr_model_info info = {
    .op0 = b->w.n_op,
    .n_op = spec->n_op,
    .n_batch = spec->n_batch,
    .weight_bytes = spec->weight_bytes,
    .persistent_bytes = spec->persistent_bytes,
    .ephemeral_bytes = spec->ephemeral_bytes,
    .framework_bytes = spec->framework_bytes,
  };
  int rc = check_model(b, spec, &info, err);
  if (rc)
    return rc;
  struct cr_model_info *model = reserve(b->model, b->w.n_model, 1, &b->model_cap, sizeof *model);
  if (model)
    b->model = model;
  if (!model || copy_ops(b, spec))
    return cr_fail_nomem(err, spec->name);
  struct word *word = keep_word(b, spec->name);
  if (!word)
    return cr_fail_nomem(err, spec->name);
  word->model = b->w.n_model;
  uint32_t *batch = cr_arena_take(b->arena, spec->n_batch, sizeof *batch);
  if (!batch)
    return cr_fail_nomem(err, spec->name);
  if (spec->n_batch)
    memcpy(batch, spec->batch, spec->n_batch * sizeof *batch);
  info.batch = batch;
  info.name = word->text;
  model[b->w.n_model] = info;
  *out = (cr_model){b->w.n_model++};
  b->w.n_op += spec->n_op;
  return CR_OK;
}

int cr_workload_add_memory(struct cr_workload_builder *b, cr_model model, const struct cr_memory_curve *memory,
                           struct cr_err *err)
{
  struct cr_memory_curve *copy = cr_arena_take(b->arena, 1, sizeof *copy);
  struct cr_memory_step *step = cr_arena_take(b->arena, memory->n_step, sizeof *step);
  if (b->sealed || model.i >= b->w.n_model)
    return cr_fail(err, CR_EINPUT, "memory within an iteration belongs to a model of a workload that is not sealed");
  if (!copy || !step)
    return cr_fail_nomem(err, b->model[model.i].name);
  memcpy(step, memory->step, memory->n_step * sizeof *step);
  *copy = *memory;
  copy->step = step;
  b->model[model.i].memory = copy;
  b->model[model.i].ephemeral_bytes = copy->peak_bytes;
  return CR_OK;
}

static const char *arrival_fault(const struct cr_arrival_spec *a)
{
  switch (a->kind) {
  case CR_ARRIVE_CLOSED:
    if (a->depth == 0)
      return "depth must be at least 1";
    break;
  case CR_ARRIVE_UNIFORM:
    if (a->period_ns < 0 || a->period_ns > CR_PERIOD_MAX_NS)
      return "period must be longer than 0 and at most a year";
    /* fall through */
  case CR_ARRIVE_POISSON:
    if (!(a->rate_per_s > 0) || a->rate_per_s > CR_RATE_MAX_PER_S)
      return "rate must be larger than 0/s and at most 1e6/s";
    break;
  case CR_ARRIVE_TRACE:
    if (a->n_at == 0)
      return "times are missing: there must be at least one";
    for (uint32_t i = 0; i < a->n_at; i++)
      if (a->at_ns[i] < (i ? a->at_ns[i - 1] : 0) || a->at_ns[i] == CR_NS_NEVER)
        return "times must ascend, from 0 on";
    break;
  case CR_ARRIVE_AT:
    break;
  case CR_ARRIVE_AFTER:
    if (a->n_after == 0)
      return "after names no client";
    break;
  case CR_N_ARRIVAL:
  default:
    return "arrival is none of those there are";
  }
  if (a->phase_ns < 0 || a->phase_ns == CR_NS_NEVER)
    return "phase must not be negative";
  if ((unsigned)a->late >= CR_N_LATE)
    return "late is none of queue, wait and drop";
  if (a->late != CR_LATE_QUEUE && (a->kind == CR_ARRIVE_CLOSED || a->kind == CR_ARRIVE_AT))
    return "late goes with clients that arrive at times of their own; a closed one is never late";
  return NULL;
}

/* Of what makes a client a job: all or nothing. */
static const char *job_fault(const struct cr_job_spec *j, const struct cr_arrival_spec *a, uint32_t n_op)
{
  if (j->iterations == 0)
    return a->kind == CR_ARRIVE_AT ? "iterations must be at least 1 for a job" : NULL;
  if (a->kind != CR_ARRIVE_AT)
    return "a job is submitted once: its arrival must be at";
  if (j->iterations > (CR_NONE - 1) / n_op)
    return "iterations times the ops of its model must be below 4294967295";
  if (j->startup_ns < 0 || j->startup_ns == CR_NS_NEVER)
    return "startup must not be negative";
  if (j->think_ns < 0 || j->think_ns == CR_NS_NEVER)
    return "think time must not be negative";
  if (j->declared_ns <= 0)
    return "declared duration must be longer than 0";
  if (!is_amount(j->persistent_bytes) || !is_amount(j->ephemeral_bytes))
    return "declared bytes of memory must not be negative";
  return NULL;
}

/* Stages are all layers of the model, in order, where each of them can run. */
static const char *stage_fault(const struct cr_workload_builder *b, const struct cr_client_spec *c)
{
  const struct cr_model_info *m = &b->model[c->model.i];
  uint32_t at = 0;
  if (c->n_stage && b->op[m->op0].kind != CR_OP_LAYER)
    return "its model has no layers, and so no stages";
  for (uint32_t i = 0; i < c->n_stage; i++) {
    const struct cr_stage_spec *s = &c->stage[i];
    if (s->n_op == 0 || s->n_op > m->n_op - at)
      return "its stages have another number of layers than its model";
    if (s->device >= b->op[m->op0].n_layer || (i > 0 && s->device == c->stage[i - 1].device))
      return "a stage runs on a node that there is, and on another one than the stage before it";
    for (uint32_t end = at + s->n_op; at < end; at++)
      if (b->op[m->op0 + at].layer[s->device].exec_ns == CR_NS_NEVER)
        return "a layer of a stage has no time on the stage's node";
  }
  return c->n_stage && at != m->n_op ? "its stages have another number of layers than its model" : NULL;
}

static const char *actual_fault(const struct cr_workload_builder *b, const struct cr_client_spec *c)
{
  if (c->actual_min_ppm == 0 && c->actual_max_ppm == 0)
    return NULL;
  if (b->op[b->model[c->model.i].op0].kind != CR_OP_LAYER)
    return "actual times are those of layers, and its model has none";
  if (c->actual_min_ppm == 0 || c->actual_min_ppm > c->actual_max_ppm || c->actual_max_ppm > CR_ACTUAL_MAX_PPM)
    return "actual times must be from 0.000001 to 4 of the recorded ones, the lesser first";
  return NULL;
}

/* Of when it joins, and how often it asks at the most, against what its arrivals say. */
static const char *period_fault(const struct cr_client_spec *c)
{
  const struct cr_arrival_spec *a = &c->arrival;
  if (c->period_ns < 0 || c->join_ns < 0)
    return "period and join must not be negative";
  if ((c->period_ns || c->join_ns) && c->job.iterations)
    return "a job makes one request and is submitted: it has no period and does not join";
  if (c->join_ns && a->kind == CR_ARRIVE_AFTER)
    return "it comes after others, and so does not join by itself";
  if (c->join_ns && (a->kind == CR_ARRIVE_TRACE ? a->at_ns[0] : a->phase_ns) < c->join_ns)
    return "its first request comes before it joins";
  if (c->period_ns && a->kind == CR_ARRIVE_UNIFORM && (double)c->period_ns > 1e9 / a->rate_per_s + 1)
    return "its period is longer than the time between its requests";
  for (uint32_t i = 1; c->period_ns && a->kind == CR_ARRIVE_TRACE && i < a->n_at; i++)
    if (a->at_ns[i] - a->at_ns[i - 1] < c->period_ns)
      return "its period is longer than the time between two of its requests";
  return NULL;
}

static const char *client_fault(const struct cr_workload_builder *b, const struct cr_client_spec *c)
{
  if (b->sealed)
    return "cannot be added to a workload that is sealed";
  const struct word *word = find_word(b, c->name);
  if (word && word->client != CR_NONE)
    return "there is one of this name already";
  if (c->model.i >= b->w.n_model)
    return "its model is not in the workload";
  if (c->class != CR_RT && c->class != CR_BE)
    return "class must be rt or be";
  if (c->weight == 0)
    return "weight must be at least 1";
  if (c->deadline_ns <= 0)
    return "deadline must be longer than 0";
  if (c->bound_ns < 0)
    return "bound must be longer than 0";
  if (c->max_requests == 0)
    return "max_requests must be at least 1";
  if (b->w.n_client >= CR_NONE - 1)
    return "too many clients in one workload";
  const char *fault = arrival_fault(&c->arrival);
  fault = fault ? fault : stage_fault(b, c);
  fault = fault ? fault : actual_fault(b, c);
  fault = fault ? fault : period_fault(c);
  const struct cr_model_info *m = &b->model[c->model.i];
  fault = fault ? fault : cr_batch_fault(m, &b->op[m->op0], c);
  if (!fault && c->job.iterations && b->op[b->model[c->model.i].op0].kind == CR_OP_LAYER)
    fault = "a job's model cannot be of layers: jobs do not run on nodes";
  return fault ? fault : job_fault(&c->job, &c->arrival, b->model[c->model.i].n_op);
}

static const char *const *copy_names(struct cr_arena *arena, const char *const *name, uint32_t n)
{
  const char **copy = cr_arena_take(arena, n, sizeof *copy);
  for (uint32_t i = 0; copy && i < n; i++)
    if (!(copy[i] = cr_arena_text(arena, name[i])))
      return NULL;
  return copy;
}

int cr_workload_add_client(struct cr_workload_builder *b, const struct cr_client_spec *spec, cr_client *out,
                           struct cr_err *err)
{
  if (!spec->name || !*spec->name)
    return cr_fail(err, CR_EINPUT, "a client needs a name");
  const char *fault = client_fault(b, spec);
  if (fault)
    return cr_fail(err, CR_EINPUT, "client %s: %s", spec->name, fault);
  struct cr_client_spec *client = reserve(b->client, b->w.n_client, 1, &b->client_cap, sizeof *client);
  if (!client)
    return cr_fail_nomem(err, spec->name);
  b->client = client;
  struct cr_client_spec copy = *spec;
  copy.arrival.at_ns = NULL;
  if (spec->arrival.kind != CR_ARRIVE_TRACE)
    copy.arrival.n_at = 0;
  else if (!(copy.arrival.at_ns = copy_times(b->arena, spec->arrival.at_ns, spec->arrival.n_at)))
    return cr_fail_nomem(err, spec->name);
  copy.arrival.after_client = NULL;
  if (spec->arrival.kind != CR_ARRIVE_AFTER)
    copy.arrival.n_after = 0;
  else if (!(copy.arrival.after = copy_names(b->arena, spec->arrival.after, spec->arrival.n_after)))
    return cr_fail_nomem(err, spec->name);
  struct cr_stage_spec *stage = cr_arena_take(b->arena, spec->n_stage, sizeof *stage);
  struct word *word = keep_word(b, spec->name);
  if (!word || !stage)
    return cr_fail_nomem(err, spec->name);
  if (spec->n_stage)
    memcpy(stage, spec->stage, spec->n_stage * sizeof *stage);
  copy.stage = stage;
  copy.batch = spec->batch ? spec->batch : 1;
  word->client = b->w.n_client;
  copy.name = word->text;
  client[b->w.n_client] = copy;
  *out = (cr_client){b->w.n_client++};
  return CR_OK;
}

/* Names of other clients become their numbers. */
static int find_after(struct cr_workload_builder *b, struct cr_client_spec *c, struct cr_err *err)
{
  uint32_t *after = cr_arena_take(b->arena, c->arrival.n_after, sizeof *after);
  if (!after)
    return cr_fail_nomem(err, c->name);
  for (uint32_t i = 0; i < c->arrival.n_after; i++) {
    const char *name = c->arrival.after[i];
    const struct word *word = find_word(b, name);
    if (!word || word->client == CR_NONE)
      return cr_fail(err, CR_EINPUT, "client %s: after: there is no client %s", c->name, name);
    if (b->client[word->client].job.iterations)
      return cr_fail(err, CR_EINPUT, "client %s: after: %s is a job, which makes one request", c->name, name);
    after[i] = word->client;
  }
  c->arrival.after_client = after;
  return CR_OK;
}

/* Whether client i can arrive: round by round, those all of whose predecessors can. */
static int can_arrive(const struct cr_workload_builder *b, const unsigned char *can, uint32_t i)
{
  const struct cr_arrival_spec *a = &b->client[i].arrival;
  for (uint32_t k = 0; k < a->n_after; k++)
    if (!can[a->after_client[k]])
      return 0;
  return 1;
}

static int check_after(struct cr_workload_builder *b, struct cr_err *err)
{
  unsigned char *can = cr_arena_take(b->arena, b->w.n_client, 1);
  if (!can)
    return cr_fail_nomem(err, "the clients");
  for (int more = 1; more;) {
    more = 0;
    for (uint32_t i = 0; i < b->w.n_client; i++)
      if (!can[i] && can_arrive(b, can, i)) {
        can[i] = 1;
        more = 1;
      }
  }
  for (uint32_t i = 0; i < b->w.n_client; i++)
    if (!can[i])
      return cr_fail(err, CR_EINPUT, "client %s: after: it waits, in a circle, for itself", b->client[i].name);
  return CR_OK;
}

int cr_workload_seal(struct cr_workload_builder *b, const struct cr_workload **out, struct cr_err *err)
{
  int rc = CR_OK, any = 0;
  for (uint32_t i = 0; !rc && i < b->w.n_client; i++)
    if (b->client[i].arrival.n_after) {
      any = 1;
      rc = find_after(b, &b->client[i], err);
    }
  rc = rc || !any ? rc : check_after(b, err);
  if (rc)
    return rc;
  b->sealed = 1;
  b->w.model = b->model;
  b->w.op = b->op;
  b->w.client = b->client;
  *out = &b->w;
  return CR_OK;
}

const struct cr_model_info *cr_workload_builder_model(const struct cr_workload_builder *b, cr_model model)
{
  return &b->model[model.i];
}

const struct cr_op_spec *cr_workload_builder_op(const struct cr_workload_builder *b, uint32_t op)
{
  return &b->op[op];
}

int cr_model_is_eager(const struct cr_workload *w, uint32_t model)
{
  const struct cr_model_info *m = &w->model[model];
  for (uint32_t i = m->op0; i < m->op0 + m->n_op; i++)
    if (w->op[i].launch_ns != CR_NS_NEVER)
      return 1;
  return 0;
}
