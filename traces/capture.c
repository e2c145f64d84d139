/* capture.c - keeps what a recording holds: growing tables, and names that repeat once an iteration kept once. */
#include "config.h"

#include "traces/capture.h"

#include <string.h>

int cr_capture_init(struct cr_capture *c, const char *path, const char *noun)
{
  *c = (struct cr_capture){.path = path, .noun = noun, .arena = cr_arena_new()};
  return c->arena ? CR_OK : CR_ENOMEM;
}

void cr_capture_fini(struct cr_capture *c)
{
  cr_mem_free(c->op);
  cr_mem_free(c->call);
  cr_mem_free(c->range);
  cr_mem_free(c->alloc);
  cr_mem_free(c->process);
  cr_mem_free(c->stream);
  cr_mem_free(c->name);
  cr_mem_free(c->name_hash);
  cr_mem_free(c->slot);
  cr_arena_free(c->arena);
  *c = (struct cr_capture){0};
}

/* table is the address of a pointer of any type, to *cap elements of which n are in use. */
static int grow(void *table, uint32_t n, uint32_t *cap, size_t size)
{
  if (n < *cap)
    return CR_OK;
  if (*cap >= UINT32_MAX / 2)
    return CR_ENOMEM;
  uint32_t more = *cap ? 2 * *cap : 256;
  void *old, *grown;
  memcpy(&old, table, sizeof old);
  grown = cr_mem_resize(old, more, size);
  if (!grown)
    return CR_ENOMEM;
  memcpy(table, &grown, sizeof grown);
  *cap = more;
  return CR_OK;
}

int cr_capture_reserve(struct cr_capture *c, uint32_t n_op, uint32_t n_call)
{
  struct cr_capture_op *op = n_op > c->op_cap ? cr_mem_resize(c->op, n_op, sizeof *op) : c->op;
  if (n_op > c->op_cap) {
    if (!op)
      return CR_ENOMEM;
    c->op = op;
    c->op_cap = n_op;
  }
  struct cr_capture_call *call = n_call > c->call_cap ? cr_mem_resize(c->call, n_call, sizeof *call) : c->call;
  if (n_call > c->call_cap) {
    if (!call)
      return CR_ENOMEM;
    c->call = call;
    c->call_cap = n_call;
  }
  return CR_OK;
}

static uint64_t hash_text(const char *s, size_t n)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  for (size_t i = 0; i < n; i++)
    h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
  return h;
}

static int rehash(struct cr_capture *c)
{
  uint32_t n_slot = c->n_slot ? 2 * c->n_slot : 256;
  uint32_t *slot = cr_mem_new(n_slot, sizeof *slot);
  if (!slot)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < c->n_name; i++) {
    uint32_t at = (uint32_t)c->name_hash[i] & (n_slot - 1);
    while (slot[at])
      at = (at + 1) & (n_slot - 1);
    slot[at] = i + 1;
  }
  cr_mem_free(c->slot);
  c->slot = slot;
  c->n_slot = n_slot;
  return CR_OK;
}

static char *copy_name(struct cr_capture *c, const char *text, size_t n)
{
  char *copy = cr_arena_take(c->arena, n + 1, 1);
  if (copy && n)
    memcpy(copy, text, n);
  return copy;
}

int cr_capture_add_name(struct cr_capture *c, const char *text, size_t n, uint32_t *out)
{
  uint64_t h = hash_text(text, n);
  if (2 * c->n_name >= c->n_slot && rehash(c))
    return CR_ENOMEM;
  uint32_t at = (uint32_t)h & (c->n_slot - 1);
  for (; c->slot[at]; at = (at + 1) & (c->n_slot - 1)) {
    uint32_t i = c->slot[at] - 1;
    if (c->name_hash[i] == h && strlen(c->name[i]) == n && !memcmp(c->name[i], text, n)) {
      *out = i;
      return CR_OK;
    }
  }
  uint32_t cap = c->name_cap;
  if (grow(&c->name_hash, c->n_name, &cap, sizeof *c->name_hash) ||
      grow(&c->name, c->n_name, &c->name_cap, sizeof *c->name))
    return CR_ENOMEM;
  c->name[c->n_name] = copy_name(c, text, n);
  if (!c->name[c->n_name])
    return CR_ENOMEM;
  c->name_hash[c->n_name] = h;
  c->slot[at] = c->n_name + 1;
  *out = c->n_name++;
  return CR_OK;
}

int cr_capture_add_process(struct cr_capture *c, uint64_t id, uint32_t *out)
{
  for (uint32_t i = 0; i < c->n_process; i++)
    if (c->process[i].id == id) {
      *out = i;
      return CR_OK;
    }
  if (grow(&c->process, c->n_process, &c->process_cap, sizeof *c->process))
    return CR_ENOMEM;
  c->process[c->n_process] = (struct cr_capture_process){.id = id};
  *out = c->n_process++;
  return CR_OK;
}

static int is_stream(const struct cr_capture_stream *s, uint32_t process, uint32_t device, uint32_t context,
                     uint32_t id)
{
  return s->process == process && s->device == device && s->context == context && s->id == id;
}

int cr_capture_add_stream(struct cr_capture *c, uint32_t process, uint32_t device, uint32_t context, uint32_t id,
                          uint32_t *out)
{
  uint32_t i = c->last_stream; /* neighbours are mostly of one stream, and streams are few */
  if (i >= c->n_stream || !is_stream(&c->stream[i], process, device, context, id))
    for (i = 0; i < c->n_stream && !is_stream(&c->stream[i], process, device, context, id);)
      i++;
  if (i == c->n_stream) {
    if (grow(&c->stream, c->n_stream, &c->stream_cap, sizeof *c->stream))
      return CR_ENOMEM;
    c->stream[c->n_stream++] =
      (struct cr_capture_stream){.process = process, .device = device, .context = context, .id = id};
  }
  c->last_stream = i;
  *out = i;
  return CR_OK;
}

int cr_capture_add_op(struct cr_capture *c, const struct cr_capture_op *op)
{
  if (grow(&c->op, c->n_op, &c->op_cap, sizeof *c->op))
    return CR_ENOMEM;
  c->op[c->n_op++] = *op;
  return CR_OK;
}

int cr_capture_add_call(struct cr_capture *c, const struct cr_capture_call *call)
{
  if (grow(&c->call, c->n_call, &c->call_cap, sizeof *c->call))
    return CR_ENOMEM;
  c->call[c->n_call++] = *call;
  return CR_OK;
}

int cr_capture_add_range(struct cr_capture *c, const struct cr_capture_range *range)
{
  if (grow(&c->range, c->n_range, &c->range_cap, sizeof *c->range))
    return CR_ENOMEM;
  c->range[c->n_range++] = *range;
  return CR_OK;
}

int cr_capture_add_alloc(struct cr_capture *c, const struct cr_capture_alloc *alloc)
{
  if (grow(&c->alloc, c->n_alloc, &c->alloc_cap, sizeof *c->alloc))
    return CR_ENOMEM;
  c->alloc[c->n_alloc++] = *alloc;
  return CR_OK;
}

/* Calls that launch, copy, set or wait; all others (queries, attributes) say nothing of the device's work. */
int cr_capture_call_kind(const char *name, enum cr_capture_call_kind *out)
{
  if (strstr(name, "GraphLaunch"))
    *out = CR_CALL_GRAPH_LAUNCH;
  else if (strstr(name, "Launch") || strstr(name, "Memcpy") || strstr(name, "Memset"))
    *out = CR_CALL_LAUNCH;
  else if (strstr(name, "Synchronize"))
    *out = CR_CALL_SYNC;
  else
    return 0;
  return 1;
}
