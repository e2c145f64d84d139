/* spool_dump.c - a spool as text, for tests: counts of records by kind, then what is missing; with -v each record, too. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traces/spool.h"

static const char *kind_name(int kind)
{
  static const char *const names[CR_SPOOL_KIND_END] = {
    [CR_SPOOL_PROCESS] = "process",
    [CR_SPOOL_CLOCK] = "clock",
    [CR_SPOOL_NOTE] = "note",
    [CR_SPOOL_COUNTS] = "counts",
    [CR_SPOOL_END] = "end",
    [CR_SPOOL_KERNEL] = "kernel",
    [CR_SPOOL_MEMCPY] = "memcpy",
    [CR_SPOOL_MEMSET] = "memset",
    [CR_SPOOL_API] = "api",
    [CR_SPOOL_SYNC] = "sync",
    [CR_SPOOL_MEMORY] = "memory",
    [CR_SPOOL_POOL] = "pool",
    [CR_SPOOL_STREAM] = "stream",
    [CR_SPOOL_CONTEXT] = "context",
    [CR_SPOOL_DEVICE] = "device",
    [CR_SPOOL_GRAPH_NODE] = "node",
    [CR_SPOOL_MARKER] = "marker",
    [CR_SPOOL_MARKER_DATA] = "marker_data",
    [CR_SPOOL_OVERHEAD] = "overhead",
    [CR_SPOOL_ENVIRONMENT] = "environment",
    [CR_SPOOL_GRAPH_TRACE] = "graph_trace",
    [CR_SPOOL_EVENT] = "event",
    [CR_SPOOL_COUNTED] = "counted",
  };
  return kind < CR_SPOOL_KIND_END && names[kind] ? names[kind] : "?";
}

static void print_kernel(const struct cr_spool_record *r)
{
  const struct cr_spool_kernel *k = &r->u.kernel;
  const struct cr_spool_shape *s = r->shape;
  printf("kernel %s duration=%" PRIu64 " queued=%" PRIi64 " submitted=%" PRIi64
         " stream=%u correlation=%u graph=%u node=%" PRIu64
         " grid=%d,%d,%d block=%d,%d,%d registers=%u shared=%d+%d executed=%u local=%" PRIu64
         " cluster=%u,%u,%u max=%u active=%u carveout=%u device_launched=%u\n",
         r->name, k->end_ns - k->start_ns, k->queued_ns ? (int64_t)(k->start_ns - k->queued_ns) : -1,
         k->submitted_ns ? (int64_t)(k->start_ns - k->submitted_ns) : -1, k->stream, k->correlation, k->graph,
         k->graph_node, s->grid[0], s->grid[1], s->grid[2], s->block[0], s->block[1], s->block[2], s->registers,
         s->static_shared_bytes, s->dynamic_shared_bytes, s->executed_shared_bytes, s->local_total_bytes, s->cluster[0],
         s->cluster[1], s->cluster[2], s->max_cluster, s->max_active_clusters, s->carveout_requested,
         k->device_launched);
}

static void print_counted(const struct cr_spool_record *r)
{
  const struct cr_spool_counted *k = &r->u.counted;
  printf("counted %s number=%" PRIu64 " device=%u grid=%d block=%d registers=%u shared=%d+%d", r->name, k->number,
         k->device, r->shape->grid[0], r->shape->block[0], r->shape->registers, r->shape->static_shared_bytes,
         r->shape->dynamic_shared_bytes);
  for (int m = 0; m < CR_SPOOL_METRIC_N; m++)
    printf(" %g", k->value[m]);
  printf("\n");
}

static void print_host(const struct cr_spool_record *r)
{
  switch (r->kind) {
  case CR_SPOOL_API:
    printf("api %s domain=%u cbid=%u tid=%u\n", r->name ? r->name : "-", r->u.api.domain, r->u.api.cbid, r->u.api.tid);
    break;
  case CR_SPOOL_SYNC:
    printf("sync type=%u stream=%u event=%d event_sync=%" PRIu64 "\n", r->u.sync.type, r->u.sync.stream,
           (int)r->u.sync.event, r->u.sync.event_sync);
    break;
  case CR_SPOOL_EVENT:
    printf("event %u stream=%u event_sync=%" PRIu64 " timed=%d\n", r->u.event.event, r->u.event.stream,
           r->u.event.event_sync, r->u.event.time_ns != 0);
    break;
  case CR_SPOOL_MEMORY:
    printf("memory %s source=%s operation=%u kind=%u bytes=%" PRIu64 " address=%" PRIx64 " pool=%" PRIx64 "\n", r->name,
           r->domain ? r->domain : "-", r->u.memory.operation, r->u.memory.memory_kind, r->u.memory.n_bytes,
           r->u.memory.address, r->u.memory.pool_address);
    break;
  case CR_SPOOL_POOL:
    printf("pool operation=%u bytes=%" PRIu64 "\n", r->u.pool.operation, r->u.pool.n_bytes);
    break;
  case CR_SPOOL_MARKER:
    printf("marker %s domain=%s flags=%u id=%u tid=%u\n", r->name ? r->name : "-", r->domain ? r->domain : "-",
           r->u.marker.flags, r->u.marker.id, r->u.marker.tid);
    break;
  case CR_SPOOL_MARKER_DATA:
    printf("marker_data id=%u payload=%" PRIu64 " kind=%u category=%u\n", r->u.marker_data.id, r->u.marker_data.payload,
           r->u.marker_data.payload_kind, r->u.marker_data.category);
    break;
  case CR_SPOOL_OVERHEAD:
    printf("overhead kind=%u duration=%" PRIu64 "\n", r->u.overhead.overhead_kind,
           r->u.overhead.end_ns - r->u.overhead.start_ns);
    break;
  default:
    printf("%s\n", kind_name((int)r->kind));
  }
}

static void print_device(const struct cr_spool_record *r)
{
  const struct cr_spool_environment *e = &r->u.environment;
  switch (r->kind) {
  case CR_SPOOL_MEMCPY:
    printf("memcpy kind=%u bytes=%" PRIu64 " duration=%" PRIu64 " from=%u to=%u async=%u peer=%u devices=%u,%u\n",
           r->u.copy.copy_kind, r->u.copy.n_bytes, r->u.copy.end_ns - r->u.copy.start_ns, r->u.copy.src_kind,
           r->u.copy.dst_kind, r->u.copy.async, r->u.copy.peer, r->u.copy.src_device, r->u.copy.dst_device);
    break;
  case CR_SPOOL_MEMSET:
    printf("memset value=%u bytes=%" PRIu64 " kind=%u\n", r->u.set.value, r->u.set.n_bytes, r->u.set.memory_kind);
    break;
  case CR_SPOOL_STREAM:
    printf("stream %u context=%u priority=%d flag=%u\n", r->u.stream.stream, r->u.stream.context, r->u.stream.priority,
           r->u.stream.flag);
    break;
  case CR_SPOOL_CONTEXT:
    printf("context %u parent=%u green=%u n_sm=%u\n", r->u.context.context, r->u.context.parent_context,
           r->u.context.green, r->u.context.n_sm);
    break;
  case CR_SPOOL_DEVICE:
    printf("device %s n_sm=%u bandwidth=%" PRIu64 " capability=%u.%u l2=%u warps=%u block=%u,%u,%u\n", r->name,
           r->u.device.n_sm, r->u.device.memory_bytes_per_s, r->u.device.major, r->u.device.minor, r->u.device.l2_bytes,
           r->u.device.max_warps_sm, r->u.device.max_block_dim[0], r->u.device.max_block_dim[1],
           r->u.device.max_block_dim[2]);
    break;
  case CR_SPOOL_GRAPH_NODE:
    printf("node %" PRIu64 " graph=%u type=%u cloned=%u of=%" PRIu64 "\n", r->u.node.node, r->u.node.graph,
           r->u.node.type, r->u.node.cloned, r->u.node.original);
    break;
  case CR_SPOOL_ENVIRONMENT:
    printf("environment sm=%u memory=%u throttle=%u temperature=%u power=%u limit=%u\n", e->sm_mhz, e->memory_mhz,
           e->throttle, e->temperature_c, e->power_mw, e->power_limit_mw);
    break;
  case CR_SPOOL_GRAPH_TRACE:
    printf("graph_trace graph=%u duration=%" PRIu64 "\n", r->u.graph_trace.graph,
           r->u.graph_trace.end_ns - r->u.graph_trace.start_ns);
    break;
  default:
    print_host(r);
  }
}

static void print_record(const struct cr_spool_record *r)
{
  if (r->kind == CR_SPOOL_KERNEL)
    print_kernel(r);
  else if (r->kind == CR_SPOOL_COUNTED)
    print_counted(r);
  else if (r->kind >= CR_SPOOL_KERNEL)
    print_device(r);
  else if (r->kind == CR_SPOOL_CLOCK)
    printf("clock when=%u ahead=%" PRIu64 " error_ns=%u\n", r->u.clock.when,
           (r->u.clock.cupti_ns - r->u.clock.monotonic_ns + 500000) / 1000000, r->u.clock.error_ns);
}

static void print_summary(const struct cr_spool *s, const char *path, const uint64_t count[CR_SPOOL_KIND_END])
{
  const struct cr_spool_who *who = cr_spool_who(s);
  struct cr_text missing = {0};
  printf("forked=%d cupti=%u latency=%u corun=%s command=%s\n", who->process.forked_from != 0,
         who->process.cupti_version, who->process.latency, who->corun, who->command);
  for (int k = 0; k < CR_SPOOL_KIND_END; k++)
    if (count[k])
      printf("%s=%" PRIu64 "\n", kind_name(k), count[k]);
  printf("recorded=%" PRIu64 " of_parent=%" PRIu64 "\n", cr_spool_state(s)->counts.recorded,
         cr_spool_state(s)->counts.of_parent);
  cr_spool_missing(s, path, &missing);
  printf("%s", missing.s ? missing.s : "whole\n");
  cr_text_fini(&missing);
}

int main(int argc, char **argv)
{
  struct cr_err err = {{0}};
  int verbose = argc > 1 && !strcmp(argv[1], "-v");
  for (int i = 1 + verbose; i < argc; i++) {
    struct cr_spool *s = NULL;
    struct cr_spool_record r;
    uint64_t count[CR_SPOOL_KIND_END] = {0};
    int rc = cr_spool_open(argv[i], &s, &err);
    while (rc >= 0 && (rc = cr_spool_next(s, &r, &err)) == 1) {
      count[r.kind]++;
      if (r.kind == CR_SPOOL_NOTE)
        printf("note level=%u code=%u %s\n", r.u.note.level, r.u.note.code, r.name);
      if (verbose)
        print_record(&r);
    }
    if (rc < 0) {
      fprintf(stderr, "%s\n", err.text);
      cr_spool_close(s);
      return 2;
    }
    print_summary(s, argv[i], count);
    cr_spool_close(s);
  }
  return 0;
}
