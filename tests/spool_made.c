/* spool_made.c - spools for tests. */
#include "config.h"

#include "tests/t.h"

#include "tests/spool_made.h"

#include <fcntl.h>
#include <unistd.h>

#include "sim/mem.h"
#include "traces/kineto_int.h"

enum { EPOCH_NS = 1000000000 }; /* so that no time is 0 */

static const uint64_t REALTIME_NS = UINT64_C(1764350000000000000); /* 2025-11-28 */

static void put_clock(struct spool_made *m, uint64_t cupti_ns, enum cr_spool_clock_when when)
{
  struct cr_spool_clock c = {
    .cupti_ns = cupti_ns, .realtime_ns = REALTIME_NS + cupti_ns, .monotonic_ns = cupti_ns, .when = when};
  cr_spool_write(m->w, CR_SPOOL_CLOCK, &c, sizeof c);
}

void spool_made_begin(struct spool_made *m, const char *path, uint32_t pid, const char *command, uint64_t realtime_ns)
{
  struct cr_spool_process p = {.pid = pid,
                               .parent_pid = 1,
                               .cupti_version = 130001,
                               .driver_version = 13000,
                               .kinds = ~UINT64_C(0),
                               .realtime_ns = realtime_ns};
  struct cr_spool_device d = {.n_sm = 132, .major = 9};
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  *m = (struct spool_made){
    .w = cr_mem_new(1, sizeof *m->w), .now_ns = EPOCH_NS, .host_ns = EPOCH_NS, .stream = 7, .context = 1, .tid = pid};
  assert_true(m->w && fd >= 0);
  assert_int_equal(cr_spool_write_begin(m->w, fd), 0);
  cr_spool_write_room(m->w);
  p.host = cr_spool_write_text(m->w, "node7");
  p.command = cr_spool_write_text(m->w, command);
  p.corun = cr_spool_write_text(m->w, "0.1.0");
  cr_spool_write(m->w, CR_SPOOL_PROCESS, &p, sizeof p);
  put_clock(m, EPOCH_NS, CR_SPOOL_CLOCK_START);
  d.name = cr_spool_write_text(m->w, "NVIDIA H200");
  cr_spool_write(m->w, CR_SPOOL_DEVICE, &d, sizeof d);
  cr_spool_write_flush(m->w);
}

/* A call of that name has that number. */
static uint32_t cbid_of(const char *name)
{
  uint32_t h = 7;
  for (const char *c = name; *c; c++)
    h = h * 31 + (unsigned char)*c;
  return h % CR_SPOOL_WRITE_CBIDS;
}

static void put_call(struct spool_made *m, const char *name, uint64_t start_ns, uint64_t end_ns, uint32_t correlation,
                     uint32_t tid)
{
  struct cr_spool_api api = {.start_ns = start_ns,
                             .end_ns = end_ns,
                             .domain = CR_SPOOL_RUNTIME,
                             .cbid = cbid_of(name),
                             .tid = tid,
                             .correlation = correlation};
  cr_spool_write_room(m->w);
  if (!cr_spool_write_knows_api(m->w, CR_SPOOL_RUNTIME, api.cbid))
    cr_spool_write_api_name(m->w, CR_SPOOL_RUNTIME, api.cbid, name);
  cr_spool_write(m->w, CR_SPOOL_API, &api, sizeof api);
}

void spool_made_call(struct spool_made *m, const char *name)
{
  put_call(m, name, m->host_ns + 1000, m->host_ns + 3000, ++m->correlation, m->tid);
  m->host_ns += 3000;
}

static void put_kernel(struct spool_made *m, const struct cr_spool_kernel *k, struct cr_spool_shape *shape,
                       const char *name)
{
  struct cr_spool_kernel kernel = *k;
  cr_spool_write_room(m->w);
  shape->name = cr_spool_write_text(m->w, name);
  kernel.shape = cr_spool_write_shape(m->w, shape);
  cr_spool_write(m->w, CR_SPOOL_KERNEL, &kernel, sizeof kernel);
}

void spool_made_kernel(struct spool_made *m, const char *name, int blocks, uint32_t ns, uint32_t idle_ns)
{
  struct cr_spool_shape shape = {.grid = {blocks, 1, 1},
                                 .block = {128, 1, 1},
                                 .registers = 32,
                                 .static_shared_bytes = 1024,
                                 .dynamic_shared_bytes = 512,
                                 .executed_shared_bytes = 102400,
                                 .cluster = {m->cluster[0], m->cluster[1], m->cluster[2]}};
  m->now_ns += idle_ns;
  struct cr_spool_kernel k = {.start_ns = m->now_ns,
                              .end_ns = m->now_ns + ns,
                              .correlation = m->correlation,
                              .device = m->device,
                              .context = m->context,
                              .stream = m->stream};
  put_kernel(m, &k, &shape, name);
  m->now_ns += ns;
}

void spool_made_launch(struct spool_made *m, const char *name, int blocks, uint32_t ns, uint32_t idle_ns)
{
  spool_made_call(m, "cudaLaunchKernel_v7000");
  if (m->now_ns + idle_ns < m->host_ns)
    m->now_ns = m->host_ns;
  spool_made_kernel(m, name, blocks, ns, idle_ns);
}

void spool_made_copy(struct spool_made *m, int to_host, uint64_t n_bytes, uint32_t ns)
{
  spool_made_call(m, "cudaMemcpyAsync_v3020");
  if (m->now_ns < m->host_ns)
    m->now_ns = m->host_ns;
  struct cr_spool_memcpy c = {.start_ns = m->now_ns,
                              .end_ns = m->now_ns + ns,
                              .n_bytes = n_bytes,
                              .correlation = m->correlation,
                              .device = m->device,
                              .context = m->context,
                              .stream = m->stream,
                              .copy_kind = to_host ? 2 : 1,
                              .src_kind = to_host ? 3 : 1,
                              .dst_kind = to_host ? 2 : 3};
  cr_spool_write(m->w, CR_SPOOL_MEMCPY, &c, sizeof c);
  m->now_ns += ns;
}

static void put_marker(struct spool_made *m, uint32_t id, uint32_t flags, uint64_t time_ns, uint32_t tid,
                       const char *name)
{
  struct cr_spool_marker k = {.time_ns = time_ns, .flags = flags, .id = id, .tid = tid};
  cr_spool_write_room(m->w);
  k.name = cr_spool_write_text(m->w, name);
  cr_spool_write(m->w, CR_SPOOL_MARKER, &k, sizeof k);
}

void spool_made_push(struct spool_made *m, const char *name)
{
  put_marker(m, ++m->marker, 2, m->host_ns += 100, m->tid, name);
}

void spool_made_pop(struct spool_made *m, uint32_t marker)
{
  put_marker(m, marker, 4, m->host_ns += 100, m->tid, NULL);
}

void spool_made_memory(struct spool_made *m, uint64_t address, uint64_t n_bytes, int is_free)
{
  struct cr_spool_memory a = {.time_ns = m->host_ns += 100,
                              .address = address,
                              .n_bytes = n_bytes,
                              .operation = is_free ? 2 : 1,
                              .memory_kind = 3,
                              .device = m->device};
  cr_spool_write(m->w, CR_SPOOL_MEMORY, &a, sizeof a);
}

void spool_made_end(struct spool_made *m, uint64_t n_dropped)
{
  struct cr_spool_end e = {.realtime_ns = REALTIME_NS, .counts = {.dropped = n_dropped}};
  put_clock(m, m->now_ns, CR_SPOOL_CLOCK_LAST);
  cr_spool_write_end(m->w, &e);
  cr_mem_free(m->w);
}

void spool_made_leave(struct spool_made *m)
{
  cr_spool_write_flush(m->w);
  cr_spool_write_leave(m->w);
  cr_mem_free(m->w);
}

/* -- of Kineto traces ---------------------------------------------------------------------------------------------- */

struct conversion {
  struct spool_made m;
  struct kineto_trace t;
};

static uint64_t time_of(cr_ns ns)
{
  return (uint64_t)(ns + EPOCH_NS);
}

static void convert_op(struct conversion *v, const struct cr_capture_op *op)
{
  const struct cr_capture_stream *s = &v->t.c.stream[op->stream];
  uint64_t start_ns = time_of(op->start_ns), end_ns = start_ns + (uint64_t)op->duration_ns;
  if (op->kind == CR_OP_KERNEL) {
    struct cr_spool_shape shape = {.grid = {(int32_t)op->blocks, 1, 1},
                                   .block = {(int32_t)op->threads, 1, 1},
                                   .registers = op->regs,
                                   .dynamic_shared_bytes = (int32_t)op->smem_bytes};
    const struct cr_spool_kernel k = {.start_ns = start_ns,
                                      .end_ns = end_ns,
                                      .graph_node = op->in_graph ? 1 + op->event : 0,
                                      .correlation = (uint32_t)op->correlation,
                                      .device = s->device,
                                      .context = 1,
                                      .stream = s->id};
    put_kernel(&v->m, &k, &shape, v->t.c.name[op->name]);
  } else if (op->kind == CR_OP_MEMSET) {
    const struct cr_spool_memset k = {.start_ns = start_ns,
                                      .end_ns = end_ns,
                                      .n_bytes = (uint64_t)op->bytes,
                                      .graph_node = op->in_graph ? 1 + op->event : 0,
                                      .correlation = (uint32_t)op->correlation,
                                      .device = s->device,
                                      .context = 1,
                                      .stream = s->id,
                                      .memory_kind = strstr(v->t.c.name[op->name], "Unknown") ? 0 : 3};
    cr_spool_write(v->m.w, CR_SPOOL_MEMSET, &k, sizeof k);
  } else {
    uint8_t host = op->pageable == CR_YES ? 1 : op->pageable == CR_NO ? 2 : 0;
    int in = op->kind == CR_OP_COPY_H2D, out = op->kind == CR_OP_COPY_D2H;
    const struct cr_spool_memcpy k = {.start_ns = start_ns,
                                      .end_ns = end_ns,
                                      .n_bytes = (uint64_t)op->bytes,
                                      .graph_node = op->in_graph ? 1 + op->event : 0,
                                      .correlation = (uint32_t)op->correlation,
                                      .device = s->device,
                                      .context = 1,
                                      .stream = s->id,
                                      .copy_kind = in    ? 1
                                                   : out ? 2
                                                         : 8,
                                      .src_kind = in ? host : 3,
                                      .dst_kind = out ? host : 3};
    cr_spool_write(v->m.w, CR_SPOOL_MEMCPY, &k, sizeof k);
  }
}

static const char *call_name(enum cr_capture_call_kind kind)
{
  return kind == CR_CALL_SYNC           ? "cudaStreamSynchronize_v3020"
         : kind == CR_CALL_GRAPH_LAUNCH ? "cudaGraphLaunch_v10000"
                                        : "cudaLaunchKernel_v7000";
}

/* Operators, and the calls that the capture has not kept. */
static void on_host(void *ctx, cr_ns start_ns, uint32_t process, int64_t tid, int is_call)
{
  struct conversion *v = ctx;
  (void)process;
  for (uint32_t i = 0; is_call && i < v->t.c.n_call; i++)
    if (v->t.c.call[i].start_ns == start_ns && v->t.c.call[i].tid == tid)
      return;
  if (is_call) {
    put_call(&v->m, "cudaStreamIsCapturing_v10000", time_of(start_ns), time_of(start_ns) + 1, 0, (uint32_t)tid);
    return;
  }
  put_marker(&v->m, ++v->m.marker, 2, time_of(start_ns), (uint32_t)tid, "aten::op");
  put_marker(&v->m, v->m.marker, 4, time_of(start_ns), (uint32_t)tid, NULL);
}

void spool_made_of_kineto(const char *kineto, const char *path)
{
  const struct cr_kineto_options opt = {0};
  struct conversion v = {.t = {.schema = 0}};
  struct cr_err err;
  if (kineto_read(kineto, &opt, &v.t, &err))
    fail_msg("%s", err.text);
  spool_made_begin(&v.m, path, 4711, "python3 trace.py", 5);
  for (uint32_t i = 0; i < v.t.c.n_op; i++)
    convert_op(&v, &v.t.c.op[i]);
  for (uint32_t i = 0; i < v.t.c.n_call; i++) {
    const struct cr_capture_call *c = &v.t.c.call[i];
    put_call(&v.m, call_name(c->kind), time_of(c->start_ns), time_of(c->end_ns), (uint32_t)c->correlation,
             (uint32_t)c->tid);
  }
  if (kineto_each_host(kineto, &opt, on_host, &v, &err))
    fail_msg("%s", err.text);
  spool_made_end(&v.m, 0);
  cr_capture_fini(&v.t.c);
}
