/* timeline.c - a run as Chrome/Perfetto JSON.
 *
 * Times are microseconds with three decimals, which keeps nanoseconds exact.  A process is a device under one policy, a
 * thread a stream; the ops of a stream follow each other, and those of one request lie within a slice named after its
 * client.  That slice is a pair of events, not one with a duration, because its beginning must precede its ops' in the file
 * and its end is not known then.  Names of threads and processes are written when a run ends, since only then is it known
 * whom a stream served; readers take events in any order.  Of the changes of a counter at one instant the last is kept.
 * The memory of jobs (sim/memory_track.h) is written when a run has ended, too, as its curves must be added up. */
#include "config.h"

#include "sim/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/mem.h"
#include "sim/memory_track.h"
#include "sim/outfile.h"
#include "sim/text.h"

enum { NAME_MAX_BYTES = 96 };

#define MANY (CR_NONE - 1) /* a stream that served more than one client */

/* One stream in the present run. */
struct thread {
  uint32_t client;         /* whom it served: a client, MANY, or CR_NONE */
  uint32_t request, owner; /* whose slice is open, and its client; CR_NONE: none is */
  cr_ns end_ns;            /* of the last op in it */
};

/* Of one device in the present run. */
struct track {
  cr_ns at_ns;                  /* of the pending change; CR_NS_NEVER: none */
  uint32_t sms, warps;          /* pending */
  uint32_t sms_told, warps_told; /* last in the file; CR_NONE: none yet */
  uint32_t n_stream;
  struct thread *thread;        /* [n_stream] */
};

struct cr_timeline {
  struct cr_outfile *file;
  const struct cr_workload *workload;
  const struct cr_machine *machine;
  cr_ns from_ns, to_ns;
  char **name;          /* [n_op] of each op as a JSON string */
  uint32_t *op_model;   /* [n_op] */
  char **client_json;   /* [n_client] */
  uint32_t n_device;    /* the most of any machine */
  struct track *track;  /* [n_device] */
  struct cr_memory_track *memory; /* NULL: no client is a job */
  uint64_t n_flat;      /* iterations of the runs before of whose memory the peak alone is drawn */
  uint32_t n_run;
  uint64_t n_event;     /* in the file */
  char *policy;         /* of the present run; NULL: none */
  int nomem;
};

/* Kernel names are whole C++ signatures: the return type goes, the rest is cut where it is too long to show. */
static char *op_name(const char *name)
{
  char cut[NAME_MAX_BYTES + 4];
  if (strncmp(name, "void ", 5) == 0)
    name += 5;
  size_t n = strlen(name), kept = n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES;
  memcpy(cut, name, kept);
  memcpy(cut + kept, n > kept ? "..." : "", n > kept ? 4 : 1);
  struct cr_text t = {0};
  cr_text_add_json(&t, cut);
  if (t.failed)
    cr_text_fini(&t);
  return t.s;
}

static char *json_of(const char *s)
{
  struct cr_text t = {0};
  cr_text_add_json(&t, s);
  if (t.failed)
    cr_text_fini(&t);
  return t.s;
}

static void free_timeline(struct cr_timeline *t)
{
  for (uint32_t o = 0; t->name && o < t->workload->n_op; o++)
    cr_mem_free(t->name[o]);
  for (uint32_t c = 0; t->client_json && c < t->workload->n_client; c++)
    cr_mem_free(t->client_json[c]);
  for (uint32_t d = 0; t->track && d < t->n_device; d++)
    cr_mem_free(t->track[d].thread);
  cr_mem_free(t->name);
  cr_mem_free(t->op_model);
  cr_mem_free(t->client_json);
  cr_mem_free(t->track);
  cr_memory_track_free(t->memory);
  cr_mem_free(t->policy);
  cr_mem_free(t);
}

static int has_jobs(const struct cr_workload *w)
{
  uint32_t c = 0;
  while (c < w->n_client && w->client[c].job.iterations == 0)
    c++;
  return c < w->n_client;
}

/* Names in the form they are written in, once, so that an event costs one formatting of numbers. */
static int prepare(struct cr_timeline *t)
{
  const struct cr_workload *w = t->workload;
  t->name = cr_mem_new(w->n_op, sizeof *t->name);
  t->op_model = cr_mem_new(w->n_op, sizeof *t->op_model);
  t->client_json = cr_mem_new(w->n_client, sizeof *t->client_json);
  t->track = cr_mem_new(t->n_device, sizeof *t->track);
  if (!t->name || !t->op_model || !t->client_json || !t->track)
    return 0;
  for (uint32_t m = 0; m < w->n_model; m++)
    for (uint32_t i = 0; i < w->model[m].n_op; i++) {
      uint32_t o = w->model[m].op0 + i;
      t->op_model[o] = m;
      t->name[o] = op_name(w->op[o].name);
      if (!t->name[o])
        return 0;
    }
  for (uint32_t c = 0; c < w->n_client; c++) {
    t->client_json[c] = json_of(w->client[c].name);
    if (!t->client_json[c])
      return 0;
  }
  return 1;
}

static void add(struct cr_timeline *t, const char *bytes, size_t n)
{
  cr_outfile_add(t->file, bytes, n);
}

static void add_text(struct cr_timeline *t, const char *text)
{
  add(t, text, strlen(text));
}

/* An event begins on a line of its own. */
static void add_event(struct cr_timeline *t, const char *text, size_t n)
{
  if (t->n_event++)
    add(t, ",\n", 2);
  else
    add(t, "\n", 1);
  add(t, text, n);
}

int cr_timeline_new(const char *path, const struct cr_timeline_cfg *cfg, struct cr_timeline **out, struct cr_err *err)
{
  struct cr_timeline *t = cr_mem_new(1, sizeof *t);
  if (!t)
    return cr_fail_nomem(err, "the timeline");
  t->workload = cfg->workload;
  t->machine = cfg->machine;
  t->n_device = cfg->n_device ? cfg->n_device : cfg->machine->n_device;
  t->from_ns = cfg->from_ns;
  t->to_ns = cfg->to_ns;
  char *provenance = json_of(cfg->provenance ? cfg->provenance : "");
  int rc = provenance && prepare(t) ? CR_OK : cr_fail_nomem(err, "the timeline");
  if (rc == CR_OK)
    rc = cr_outfile_new(path, "timeline", cfg->overwrite, &t->file, err);
  if (rc == CR_OK && has_jobs(t->workload)) {
    const struct cr_memory_track_cfg memory = {t->workload, t->machine, t->from_ns, t->to_ns};
    rc = cr_memory_track_new(&memory, &t->memory, err);
    if (rc != CR_OK)
      cr_outfile_abandon(t->file);
  }
  if (rc == CR_OK) {
    add_text(t, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"provenance\":");
    add_text(t, provenance);
    add_text(t, "},\"traceEvents\":[");
    *out = t;
  } else {
    free_timeline(t);
  }
  cr_mem_free(provenance);
  return rc;
}

/* From 1: 0 is nobody. */
static uint32_t pid_of(const struct cr_timeline *t, uint32_t device)
{
  return (t->n_run - 1) * t->n_device + device + 1;
}

static void meta(struct cr_timeline *t, uint32_t pid, uint32_t tid, const char *what, const char *value_json)
{
  char line[96];
  int n = snprintf(line, sizeof line, "{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"", pid, tid);
  add_event(t, line, (size_t)n);
  add_text(t, what);
  add_text(t, strstr(what, "sort") ? "\",\"args\":{\"sort_index\":" : "\",\"args\":{\"name\":");
  add_text(t, value_json);
  add_text(t, "}}");
}

static void counter(struct cr_timeline *t, uint32_t device, cr_ns at_ns, const char *name, const char *key, uint32_t value)
{
  char line[192];
  int n = snprintf(line, sizeof line,
                   "{\"ph\":\"C\",\"pid\":%u,\"name\":\"%s\",\"ts\":%" PRId64 ".%03" PRId64
                   ",\"args\":{\"%s\":%u}}", pid_of(t, device), name, at_ns / 1000, at_ns % 1000, key, value);
  add_event(t, line, (size_t)n);
}

/* The pending change of a device, if it lies in the window and is one. */
static void settle(struct cr_timeline *t, uint32_t device)
{
  struct track *k = &t->track[device];
  if (k->at_ns == CR_NS_NEVER || k->at_ns > t->to_ns)
    return;
  cr_ns at_ns = cr_max_ns(k->at_ns, t->from_ns);
  if (k->sms != k->sms_told)
    counter(t, device, at_ns, "SM use", "sms", k->sms);
  if (k->warps != k->warps_told)
    counter(t, device, at_ns, "resident warps", "warps", k->warps);
  k->sms_told = k->sms;
  k->warps_told = k->warps;
  k->at_ns = CR_NS_NEVER;
}

static void on_use(void *ctx, uint32_t device, cr_ns at_ns, uint32_t sms_busy, uint32_t warps_resident)
{
  struct cr_timeline *t = ctx;
  struct track *k = &t->track[device];
  /* What held before the window is told at its beginning, once. */
  if (k->at_ns != CR_NS_NEVER && at_ns != k->at_ns && at_ns > t->from_ns)
    settle(t, device);
  k->at_ns = at_ns;
  k->sms = sms_busy;
  k->warps = warps_resident;
}

static void on_memory(void *ctx, uint32_t device, cr_ns at_ns, int64_t held_bytes, int64_t reserved_bytes)
{
  struct cr_timeline *t = ctx;
  if (t->memory)
    cr_memory_track_books(t->memory, device, at_ns, held_bytes, reserved_bytes);
}

/* Notes that a stream served a client; makes room for the stream.  0: no memory. */
static int serve(struct track *k, uint32_t stream, uint32_t client)
{
  if (stream >= k->n_stream) {
    uint32_t n = k->n_stream ? k->n_stream : 8;
    while (n <= stream)
      n *= 2;
    struct thread *grown = cr_mem_resize(k->thread, n, sizeof *grown);
    if (!grown)
      return 0;
    for (uint32_t i = k->n_stream; i < n; i++)
      grown[i] = (struct thread){.client = CR_NONE, .request = CR_NONE};
    k->thread = grown;
    k->n_stream = n;
  }
  if (k->thread[stream].client != client)
    k->thread[stream].client = k->thread[stream].client == CR_NONE ? client : MANY;
  return 1;
}

/* The end of the slice that is open on a stream, if one is. */
static void end_request(struct cr_timeline *t, uint32_t device, uint32_t stream)
{
  struct thread *h = &t->track[device].thread[stream];
  if (h->request == CR_NONE)
    return;
  char line[128];
  int n = snprintf(line, sizeof line, "{\"ph\":\"E\",\"pid\":%u,\"tid\":%u,\"ts\":%" PRId64 ".%03" PRId64 "}",
                   pid_of(t, device), stream + 1, h->end_ns / 1000, h->end_ns % 1000);
  add_event(t, line, (size_t)n);
  h->request = CR_NONE;
}

/* The first op of another request than before ends one slice and begins the next. */
static void follow_request(struct cr_timeline *t, const struct cr_op_span *span)
{
  struct thread *h = &t->track[span->device].thread[span->stream];
  if (h->request != span->request || h->owner != span->client) {
    end_request(t, span->device, span->stream);
    h->request = span->request;
    h->owner = span->client;
    char line[160];
    static const char head[] = "{\"ph\":\"B\",\"name\":";
    add_event(t, head, sizeof head - 1);
    add_text(t, t->client_json[span->client]);
    int n = snprintf(line, sizeof line,
                     ",\"cat\":\"request\",\"pid\":%u,\"tid\":%u,\"ts\":%" PRId64 ".%03" PRId64
                     ",\"args\":{\"request\":%u}}", pid_of(t, span->device), span->stream + 1, span->start_ns / 1000,
                     span->start_ns % 1000, span->request);
    add(t, line, (size_t)n);
  }
  h->end_ns = span->end_ns;
}

static void on_op(void *ctx, const struct cr_op_span *span)
{
  struct cr_timeline *t = ctx;
  if (t->memory)
    cr_memory_track_op(t->memory, span);
  if (span->end_ns < t->from_ns || span->start_ns > t->to_ns)
    return;
  if (!serve(&t->track[span->device], span->stream, span->client)) {
    t->nomem = 1;
    return;
  }
  follow_request(t, span);
  const struct cr_op_spec *op = &t->workload->op[span->op];
  const struct cr_model_info *model = &t->workload->model[t->op_model[span->op]];
  cr_ns dur_ns = span->end_ns - span->start_ns;
  char line[320];
  static const char head[] = "{\"ph\":\"X\",\"name\":";
  add_event(t, head, sizeof head - 1);
  add_text(t, t->name[span->op]);
  int n = snprintf(line, sizeof line,
                   ",\"cat\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":%" PRId64 ".%03" PRId64 ",\"dur\":%" PRId64 ".%03" PRId64
                   ",\"args\":{\"client\":", cr_op_kind_name[op->kind], pid_of(t, span->device), span->stream + 1,
                   span->start_ns / 1000, span->start_ns % 1000, dur_ns / 1000, dur_ns % 1000);
  add(t, line, (size_t)n);
  add_text(t, t->client_json[span->client]);
  n = snprintf(
    line, sizeof line, ",\"request\":%u,\"op\":%u,\"stage\":%u,\"blocks\":%u,\"alone_us\":%" PRId64 ".%03" PRId64,
    span->request, span->op - model->op0, op->stage, op->blocks, op->duration_ns / 1000, op->duration_ns % 1000);
  if (op->kind == CR_OP_ITERATION)
    n += snprintf(line + n, sizeof line - (size_t)n, ",\"iterations\":%u", span->n);
  if (span->n_left) /* given up, stopped, or another launch's */
    n += snprintf(line + n, sizeof line - (size_t)n, ",\"blocks_not_done\":%u", span->n_left);
  if (span->n_request > 1)
    n += snprintf(line + n, sizeof line - (size_t)n, ",\"batch\":%u", span->n_request);
  add(t, line, (size_t)n);
  add_text(t, "}}");
}

/* Names of the present run's processes and threads, and counters that wait. */
static void name_device(struct cr_timeline *t, uint32_t d)
{
  struct track *k = &t->track[d];
  uint32_t pid = pid_of(t, d);
  char number[64];
  struct cr_text name = {0}, json = {0};
  cr_text_add(&name, "%s / %s", t->policy, t->machine->device[d].name);
  if (t->machine->n_device > 1)
    cr_text_add(&name, " #%u", d);
  if (!name.failed)
    cr_text_add_json(&json, name.s);
  if (name.failed || json.failed)
    t->nomem = 1;
  else
    meta(t, pid, 0, "process_name", json.s);
  snprintf(number, sizeof number, "%u", pid);
  meta(t, pid, 0, "process_sort_index", number);
  for (uint32_t s = 0; s < k->n_stream; s++) {
    if (k->thread[s].client == CR_NONE)
      continue;
    end_request(t, d, s);
    snprintf(number, sizeof number, "\"stream %u\"", s);
    meta(t, pid, s + 1, "thread_name", k->thread[s].client == MANY ? number : t->client_json[k->thread[s].client]);
    snprintf(number, sizeof number, "%u", s);
    meta(t, pid, s + 1, "thread_sort_index", number);
  }
  cr_text_fini(&name);
  cr_text_fini(&json);
}

struct level_writer {
  struct cr_timeline *timeline;
  uint32_t device;
};

static void write_level(void *ctx, const struct cr_memory_level *l)
{
  const struct level_writer *w = ctx;
  char line[256];
  int n = snprintf(line, sizeof line,
                   "{\"ph\":\"C\",\"pid\":%u,\"name\":\"memory\",\"ts\":%" PRId64 ".%03" PRId64
                   ",\"args\":{\"held\":%" PRId64 ",\"ephemeral\":%" PRId64 ",\"reserved\":%" PRId64 "}}",
                   pid_of(w->timeline, w->device), l->at_ns / 1000, l->at_ns % 1000, l->held_bytes, l->ephemeral_bytes,
                   l->reserved_bytes);
  add_event(w->timeline, line, (size_t)n);
}

/* Where iterations have too many steps to be drawn, the process says so beside its name. */
static void end_memory(struct cr_timeline *t, uint32_t device)
{
  struct level_writer w = {t, device};
  uint64_t n_iteration;
  if (cr_memory_track_is_cut(t->memory, device)) {
    char line[160];
    cr_memory_track_steps(t->memory, device, &n_iteration);
    int n = snprintf(line, sizeof line,
                     "{\"ph\":\"M\",\"pid\":%u,\"name\":\"process_labels\",\"args\":{\"labels\":\"memory: only peaks of %" PRIu64
                     " iterations\"}}", pid_of(t, device), n_iteration);
    add_event(t, line, (size_t)n);
    t->n_flat += n_iteration;
  }
  if (cr_memory_track_end(t->memory, device, write_level, &w) != CR_OK)
    t->nomem = 1;
}

static void end_run(struct cr_timeline *t)
{
  for (uint32_t d = 0; d < t->n_device; d++) {
    if (t->policy && d < t->machine->n_device) {
      settle(t, d);
      name_device(t, d);
      if (t->memory)
        end_memory(t, d);
    }
    cr_mem_free(t->track[d].thread);
    t->track[d] = (struct track){.at_ns = CR_NS_NEVER, .sms_told = CR_NONE, .warps_told = CR_NONE};
  }
  cr_mem_free(t->policy);
  t->policy = NULL;
}

void cr_timeline_move(struct cr_timeline *t, const struct cr_machine *machine)
{
  end_run(t);
  t->machine = machine;
}

void cr_timeline_begin(struct cr_timeline *t, const char *policy, struct cr_observer *out)
{
  end_run(t);
  t->n_run++;
  t->policy = cr_mem_new(strlen(policy) + 1, 1);
  if (t->policy)
    memcpy(t->policy, policy, strlen(policy));
  else
    t->nomem = 1;
  *out = (struct cr_observer){.ctx = t, .on_op = on_op, .on_use = on_use, .on_memory = on_memory};
}

int64_t cr_timeline_bytes(const struct cr_timeline *t)
{
  return cr_outfile_bytes(t->file);
}

uint64_t cr_timeline_flat(const struct cr_timeline *t)
{
  uint64_t n = t->n_flat, more;
  for (uint32_t d = 0; t->memory && t->policy && d < t->machine->n_device; d++)
    if (cr_memory_track_is_cut(t->memory, d)) {
      cr_memory_track_steps(t->memory, d, &more);
      n += more;
    }
  return n;
}

int cr_timeline_close(struct cr_timeline *t, struct cr_err *err)
{
  end_run(t);
  add_text(t, "\n]}\n");
  int rc;
  if (t->nomem) {
    cr_outfile_abandon(t->file);
    rc = cr_fail_nomem(err, "the timeline");
  } else {
    rc = cr_outfile_close(t->file, err);
  }
  free_timeline(t);
  return rc;
}

void cr_timeline_abandon(struct cr_timeline *t)
{
  if (!t)
    return;
  cr_outfile_abandon(t->file);
  free_timeline(t);
}
