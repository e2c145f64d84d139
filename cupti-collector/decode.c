/* decode.c - turns a buffer of CUPTI's records into records of a spool.
 *
 * CUPTI walks its buffer (cuptiActivityGetNextRecord knows how long each of its records is); a record is as long as it is to
 * the next one, or to the end.  It is copied into the largest layout that is known of its kind, so that fields which this
 * libcupti does not have are zero.  One that is shorter than the least layout of its kind, or reaches out of the buffer, is
 * malformed. */
#include "config.h"

#include "cupti-collector/decode.h"

#include <string.h>

/* Copies what there is of a record. */
#define LOAD(r, bytes, n) memcpy(&(r), bytes, (n) < sizeof(r) ? (n) : sizeof(r))

enum { CARVEOUT_NOT_REQUESTED = 255 };

/* Whether the record belongs to the process this one was forked from. */
static int of_parent(struct decoder *d, uint64_t end)
{
  if (!d->since_ns || end >= d->since_ns)
    return 0;
  d->counts->of_parent++;
  return 1;
}

/* Whether work on the device has both its times, and is ours. */
static int is_ours(struct decoder *d, uint64_t start, uint64_t end)
{
  if (!start || !end || end < start) {
    d->counts->untimed++;
    return 0;
  }
  return !of_parent(d, end);
}

static uint32_t shape_of(struct decoder *d, const struct cupti_kernel *k)
{
  struct cr_spool_shape s = {
    .static_shared_bytes = k->static_shared,
    .dynamic_shared_bytes = k->dynamic_shared,
    .executed_shared_bytes = k->shared_executed,
    .shared_limit_config = k->shared_limit_config,
    .registers = k->registers,
    .local_bytes = k->local_thread,
    .local_total_bytes = k->local_total_v2 ? k->local_total_v2 : k->local_total,
    .cluster_policy = k->cluster_policy,
    .max_cluster = k->max_cluster,
    .max_active_clusters = k->max_active_clusters,
    .cache_config = k->cache_config,
    .shared_config = k->shared_config,
    .launch_type = k->launch_type,
    .carveout_requested = k->is_carveout_requested ? k->carveout_requested : CARVEOUT_NOT_REQUESTED,
  };
  memcpy(s.grid, k->grid, sizeof s.grid);
  memcpy(s.block, k->block, sizeof s.block);
  memcpy(s.cluster, k->cluster, sizeof s.cluster);
  cr_spool_write_room(d->w);
  s.name = cr_spool_write_text(d->w, k->name);
  return cr_spool_write_shape(d->w, &s);
}

static void on_kernel(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_kernel k = {0};
  LOAD(k, bytes, n);
  if (!is_ours(d, k.start, k.end))
    return;
  struct cr_spool_kernel out = {.start_ns = k.start,
                                .end_ns = k.end,
                                .queued_ns = k.queued,
                                .submitted_ns = k.submitted,
                                .graph_node = k.graph_node,
                                .grid_id = k.grid_id,
                                .correlation = k.correlation,
                                .device = k.device,
                                .context = k.context,
                                .stream = k.stream,
                                .graph = k.graph,
                                .shape = shape_of(d, &k),
                                .channel = k.channel,
                                .device_launched = k.device_launched};
  cr_spool_write(d->w, CR_SPOOL_KERNEL, &out, sizeof out);
}

static void on_memcpy(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_memcpy m = {0};
  LOAD(m, bytes, n);
  if (!is_ours(d, m.start, m.end))
    return;
  struct cr_spool_memcpy out = {.start_ns = m.start,
                                .end_ns = m.end,
                                .n_bytes = m.bytes,
                                .graph_node = m.graph_node,
                                .correlation = m.correlation,
                                .device = m.device,
                                .context = m.context,
                                .stream = m.stream,
                                .graph = m.graph,
                                .channel = m.channel,
                                .copy_kind = m.copy_kind,
                                .src_kind = m.src_kind,
                                .dst_kind = m.dst_kind,
                                .async = m.flags & 1};
  cr_spool_write(d->w, CR_SPOOL_MEMCPY, &out, sizeof out);
}

static void on_memcpy_peer(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_memcpy_peer m = {0};
  LOAD(m, bytes, n);
  if (!is_ours(d, m.start, m.end))
    return;
  struct cr_spool_memcpy out = {.start_ns = m.start,
                                .end_ns = m.end,
                                .n_bytes = m.bytes,
                                .graph_node = m.graph_node,
                                .correlation = m.correlation,
                                .device = m.device,
                                .context = m.context,
                                .stream = m.stream,
                                .graph = m.graph,
                                .channel = m.channel,
                                .copy_kind = m.copy_kind,
                                .src_kind = m.src_kind,
                                .dst_kind = m.dst_kind,
                                .async = m.flags & 1,
                                .peer = 1,
                                .src_device = m.src_device,
                                .src_context = m.src_context,
                                .dst_device = m.dst_device,
                                .dst_context = m.dst_context};
  cr_spool_write(d->w, CR_SPOOL_MEMCPY, &out, sizeof out);
}

static void on_memset(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_memset m = {0};
  LOAD(m, bytes, n);
  if (!is_ours(d, m.start, m.end))
    return;
  struct cr_spool_memset out = {.start_ns = m.start,
                                .end_ns = m.end,
                                .n_bytes = m.bytes,
                                .graph_node = m.graph_node,
                                .correlation = m.correlation,
                                .device = m.device,
                                .context = m.context,
                                .stream = m.stream,
                                .graph = m.graph,
                                .channel = m.channel,
                                .value = m.value,
                                .memory_kind = m.memory_kind,
                                .async = m.flags & 1};
  cr_spool_write(d->w, CR_SPOOL_MEMSET, &out, sizeof out);
}

static void on_api(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_api a = {0};
  LOAD(a, bytes, n);
  if (of_parent(d, a.end))
    return;
  struct cr_spool_api out = {.start_ns = a.start,
                             .end_ns = a.end,
                             .domain = a.kind == CUPTI_RUNTIME  ? CR_SPOOL_RUNTIME
                                       : a.kind == CUPTI_DRIVER ? CR_SPOOL_DRIVER
                                                                : CR_SPOOL_INTERNAL,
                             .cbid = a.cbid,
                             .pid = a.pid,
                             .tid = a.tid,
                             .correlation = a.correlation,
                             .result = a.result};
  cr_spool_write_room(d->w);
  if (!cr_spool_write_knows_api(d->w, out.domain, a.cbid)) {
    const char *name = NULL;
    if (out.domain == CR_SPOOL_INTERNAL || d->calls->get_callback_name(out.domain, a.cbid, &name))
      name = NULL;
    cr_spool_write_api_name(d->w, out.domain, a.cbid, name);
  }
  cr_spool_write(d->w, CR_SPOOL_API, &out, sizeof out);
}

static void on_sync(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_sync s = {0};
  LOAD(s, bytes, n);
  if (of_parent(d, s.end))
    return;
  struct cr_spool_sync out = {.start_ns = s.start,
                              .end_ns = s.end,
                              .type = s.type,
                              .correlation = s.correlation,
                              .context = s.context,
                              .stream = s.stream,
                              .event = s.event,
                              .result = s.result,
                              .event_sync = s.event_sync};
  cr_spool_write(d->w, CR_SPOOL_SYNC, &out, sizeof out);
}

static void on_event(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_event e = {0};
  LOAD(e, bytes, n);
  struct cr_spool_event out = {.time_ns = e.device_timestamp,
                               .event_sync = e.event_sync,
                               .correlation = e.correlation,
                               .context = e.context,
                               .stream = e.stream,
                               .event = e.event,
                               .device = e.device};
  cr_spool_write(d->w, CR_SPOOL_EVENT, &out, sizeof out);
}

static void on_memory(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_memory m = {0};
  LOAD(m, bytes, n);
  if (of_parent(d, m.timestamp))
    return;
  struct cr_spool_memory out = {.time_ns = m.timestamp,
                                .address = m.address,
                                .n_bytes = m.bytes,
                                .operation = m.operation,
                                .memory_kind = m.memory_kind,
                                .correlation = m.correlation,
                                .pid = m.pid,
                                .device = m.device,
                                .context = m.context,
                                .stream = m.stream,
                                .async = m.async,
                                .pool_type = m.pool_type,
                                .pool_address = m.pool_address,
                                .pool_threshold_bytes = m.pool_threshold,
                                .pool_bytes = m.pool_bytes,
                                .pool_used_bytes = m.pool_used};
  cr_spool_write_room(d->w);
  out.name = cr_spool_write_text(d->w, m.name);
  out.source = cr_spool_write_text(d->w, m.source);
  cr_spool_write(d->w, CR_SPOOL_MEMORY, &out, sizeof out);
}

static void on_pool(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_pool p = {0};
  LOAD(p, bytes, n);
  if (of_parent(d, p.timestamp))
    return;
  struct cr_spool_pool out = {.time_ns = p.timestamp,
                              .address = p.address,
                              .n_bytes = p.bytes,
                              .threshold_bytes = p.threshold,
                              .used_bytes = p.used,
                              .keep_bytes = p.keep,
                              .operation = p.operation,
                              .pool_type = p.pool_type,
                              .correlation = p.correlation,
                              .pid = p.pid,
                              .device = p.device};
  cr_spool_write(d->w, CR_SPOOL_POOL, &out, sizeof out);
}

static void on_stream(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_stream s = {0};
  LOAD(s, bytes, n);
  struct cr_spool_stream out = {.context = s.context,
                                .stream = s.stream,
                                .priority = (int32_t)s.priority,
                                .flag = s.flag,
                                .correlation = s.correlation};
  cr_spool_write(d->w, CR_SPOOL_STREAM, &out, sizeof out);
}

static void on_context(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_context c = {0};
  LOAD(c, bytes, n);
  struct cr_spool_context out = {.context = c.context,
                                 .device = c.device,
                                 .parent_context = c.parent,
                                 .null_stream = c.null_stream,
                                 .green = c.green,
                                 .n_sm = c.n_sm,
                                 .api = c.api,
                                 .cig_mode = c.cig_mode};
  cr_spool_write(d->w, CR_SPOOL_CONTEXT, &out, sizeof out);
}

static void on_device(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_device v = {0};
  LOAD(v, bytes, n);
  struct cr_spool_device out = {.memory_bytes_per_s = v.bandwidth_kb_s * 1000,
                                .memory_bytes = v.memory_bytes,
                                .constant_bytes = v.constant_bytes,
                                .l2_bytes = v.l2_bytes,
                                .warp_threads = v.warp_threads,
                                .core_clock_khz = v.core_khz,
                                .n_copy_engine = v.n_copy_engine,
                                .n_sm = v.n_sm,
                                .max_ipc = v.max_ipc,
                                .max_warps_sm = v.max_warps_sm,
                                .max_blocks_sm = v.max_blocks_sm,
                                .max_shared_sm_bytes = v.max_shared_sm,
                                .max_registers_sm = v.max_registers_sm,
                                .max_registers_block = v.max_registers_block,
                                .max_shared_block_bytes = v.max_shared_block,
                                .max_threads_block = v.max_threads_block,
                                .major = v.major,
                                .minor = v.minor,
                                .id = v.id,
                                .ecc = v.ecc,
                                .mig = v.mig,
                                .gpu_instance = v.gpu_instance,
                                .compute_instance = v.compute_instance};
  memcpy(out.max_block_dim, v.max_block_dim, sizeof out.max_block_dim);
  memcpy(out.max_grid_dim, v.max_grid_dim, sizeof out.max_grid_dim);
  memcpy(out.uuid, v.uuid, sizeof out.uuid);
  memcpy(out.mig_uuid, v.mig_uuid, sizeof out.mig_uuid);
  cr_spool_write_room(d->w);
  out.name = cr_spool_write_text(d->w, v.name);
  cr_spool_write(d->w, CR_SPOOL_DEVICE, &out, sizeof out);
}

static void on_marker(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_marker m = {0};
  LOAD(m, bytes, n);
  if (of_parent(d, m.timestamp))
    return;
  struct cr_spool_marker out = {
    .time_ns = m.timestamp, .flags = m.flags, .id = m.id, .pid = m.object[0], .tid = m.object[1]};
  cr_spool_write_room(d->w);
  out.name = cr_spool_write_text(d->w, m.name);
  out.domain = cr_spool_write_text(d->w, m.domain);
  cr_spool_write(d->w, CR_SPOOL_MARKER, &out, sizeof out);
}

static void on_marker_data(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_marker_data m = {0};
  LOAD(m, bytes, n);
  struct cr_spool_marker_data out = {.id = m.id,
                                     .flags = m.flags,
                                     .payload = m.payload,
                                     .payload_kind = m.payload_kind,
                                     .color = m.color,
                                     .category = m.category};
  cr_spool_write(d->w, CR_SPOOL_MARKER_DATA, &out, sizeof out);
}

static void on_overhead(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_overhead o = {0};
  LOAD(o, bytes, n);
  if (of_parent(d, o.end))
    return;
  struct cr_spool_overhead out = {.start_ns = o.start,
                                  .end_ns = o.end,
                                  .overhead_kind = o.overhead_kind,
                                  .object_kind = o.object_kind,
                                  .pid = o.object[0],
                                  .tid = o.object[1],
                                  .stream = o.object[2],
                                  .correlation = o.correlation};
  cr_spool_write(d->w, CR_SPOOL_OVERHEAD, &out, sizeof out);
}

static void on_environment(struct decoder *d, const uint8_t *bytes, size_t n)
{
  enum { SPEED = 1, TEMPERATURE, POWER, COOLING };
  struct cupti_environment e = {0};
  LOAD(e, bytes, n);
  struct cr_spool_environment out = {.time_ns = e.timestamp, .device = e.device, .what = e.what};
  if (e.what == SPEED) {
    out.sm_mhz = e.value[0];
    out.memory_mhz = e.value[1];
    out.pcie_generation = e.value[2];
    out.pcie_width = e.value[3];
    out.throttle = e.value[4];
  } else if (e.what == TEMPERATURE) {
    out.temperature_c = e.value[0];
  } else if (e.what == POWER) {
    out.power_mw = e.value[0];
    out.power_limit_mw = e.value[1];
  } else if (e.what == COOLING) {
    out.fan_percent = e.value[0];
  }
  cr_spool_write(d->w, CR_SPOOL_ENVIRONMENT, &out, sizeof out);
}

static void on_graph_trace(struct decoder *d, const uint8_t *bytes, size_t n)
{
  struct cupti_graph_trace g = {0};
  LOAD(g, bytes, n);
  if (!is_ours(d, g.start, g.end))
    return;
  struct cr_spool_graph_trace out = {.start_ns = g.start,
                                     .end_ns = g.end,
                                     .correlation = g.correlation,
                                     .device = g.device,
                                     .context = g.context,
                                     .stream = g.stream,
                                     .graph = g.graph,
                                     .end_device = g.end_device,
                                     .end_context = g.end_context};
  cr_spool_write(d->w, CR_SPOOL_GRAPH_TRACE, &out, sizeof out);
}

/* The least that a record of a kind has, in any version that is known: what the spool cannot do without. */
struct layout {
  void (*on)(struct decoder *d, const uint8_t *bytes, size_t n);
  size_t least;
};

static const struct layout layouts[] = {
  [CUPTI_MEMCPY] = {on_memcpy, offsetof(struct cupti_memcpy, device_launched)},
  [CUPTI_MEMSET] = {on_memset, offsetof(struct cupti_memset, device_launched)},
  [CUPTI_DRIVER] = {on_api, sizeof(struct cupti_api)},
  [CUPTI_RUNTIME] = {on_api, sizeof(struct cupti_api)},
  [CUPTI_DEVICE] = {on_device, offsetof(struct cupti_device, visible)},
  [CUPTI_CONTEXT] = {on_context, offsetof(struct cupti_context, parent)},
  [CUPTI_KERNEL] = {on_kernel, offsetof(struct cupti_kernel, local_total_v2)},
  [CUPTI_MARKER] = {on_marker, sizeof(struct cupti_marker)},
  [CUPTI_MARKER_DATA] = {on_marker_data, sizeof(struct cupti_marker_data)},
  [CUPTI_OVERHEAD] = {on_overhead, offsetof(struct cupti_overhead, correlation)},
  [CUPTI_ENVIRONMENT] = {on_environment, sizeof(struct cupti_environment)},
  [CUPTI_MEMCPY_PEER] = {on_memcpy_peer, offsetof(struct cupti_memcpy_peer, gap1)},
  [CUPTI_EVENT] = {on_event, offsetof(struct cupti_event, device)},
  [CUPTI_STREAM] = {on_stream, sizeof(struct cupti_stream)},
  [CUPTI_SYNC] = {on_sync, offsetof(struct cupti_sync, event_sync)},
  [CUPTI_INTERNAL_LAUNCH] = {on_api, sizeof(struct cupti_api)},
  [CUPTI_MEMORY] = {on_memory, offsetof(struct cupti_memory, source)},
  [CUPTI_POOL] = {on_pool, sizeof(struct cupti_pool)},
  [CUPTI_GRAPH_TRACE] = {on_graph_trace, offsetof(struct cupti_graph_trace, end_device)},
};

static void on_record(struct decoder *d, const uint8_t *bytes, size_t n)
{
  uint32_t kind = 0;
  if (n < sizeof kind) {
    d->counts->malformed++;
    return;
  }
  memcpy(&kind, bytes, sizeof kind);
  if (kind >= sizeof layouts / sizeof *layouts || !layouts[kind].on)
    d->counts->unknown++;
  else if (n < layouts[kind].least)
    d->counts->malformed++;
  else
    layouts[kind].on(d, bytes, n);
}

void decode_buffer(struct decoder *d, uint8_t *bytes, size_t n_valid)
{
  struct cupti_record *record = NULL;
  const uint8_t *last = NULL, *end = bytes + n_valid;
  int result;
  while (!(result = d->calls->next_record(bytes, n_valid, &record))) {
    const uint8_t *at = (const uint8_t *)record;
    if (at < bytes || at >= end || (last && at <= last)) {
      d->counts->malformed++;
      break;
    }
    if (last)
      on_record(d, last, (size_t)(at - last));
    last = at;
  }
  if (last)
    on_record(d, last, (size_t)(end - last));
  if (result && result != CUPTI_MAX_LIMIT_REACHED)
    d->counts->malformed++;
}
