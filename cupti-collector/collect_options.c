/* collect_options.c - reads CORUN_COLLECT without the heap; the keys are a table. */
#include "config.h"

#include "cupti-collector/collect_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[COLLECT_KIND_N] = {
  [COLLECT_KERNEL] = "kernel",
  [COLLECT_MEMCPY] = "memcpy",
  [COLLECT_MEMSET] = "memset",
  [COLLECT_RUNTIME] = "runtime",
  [COLLECT_DRIVER] = "driver",
  [COLLECT_SYNC] = "sync",
  [COLLECT_EVENT] = "event",
  [COLLECT_MEMORY] = "memory",
  [COLLECT_POOL] = "pool",
  [COLLECT_STREAM] = "stream",
  [COLLECT_CONTEXT] = "context",
  [COLLECT_DEVICE] = "device",
  [COLLECT_GRAPH] = "graph",
  [COLLECT_NVTX] = "nvtx",
  [COLLECT_OVERHEAD] = "overhead",
  [COLLECT_ENVIRONMENT] = "environment",
  [COLLECT_GRAPH_TRACE] = "graphtrace",
};

static int hex(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value at *text up to a comma or the end, with %XX resolved; 0 when it does not fit. */
static int take_value(const char **text, char *out, size_t cap)
{
  const char *p = *text;
  size_t n = 0;
  for (; *p && *p != ','; p++) {
    char c = *p;
    if (c == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
      c = (char)(hex(p[1]) * 16 + hex(p[2]));
      p += 2;
    }
    if (n + 1 >= cap)
      return 0;
    out[n++] = c;
  }
  out[n] = 0;
  *text = p;
  return 1;
}

/* A whole number with an optional KiB, MiB or GiB. */
static int take_number(const char *value, uint64_t least, uint64_t most, uint64_t *out)
{
  char *end;
  if (*value < '0' || *value > '9')
    return 0;
  unsigned long long n = strtoull(value, &end, 10);
  int shift = !strcmp(end, "KiB") ? 10 : !strcmp(end, "MiB") ? 20 : !strcmp(end, "GiB") ? 30 : !*end ? 0 : -1;
  if (shift < 0 || n > UINT64_MAX >> shift || n << shift < least || n << shift > most)
    return 0;
  *out = n << shift;
  return 1;
}

static int take_kinds(const char *value, uint32_t *out)
{
  uint32_t kinds = 0;
  for (const char *p = value;; p++) {
    size_t n = strcspn(p, "+");
    int k = 0;
    while (k < COLLECT_KIND_N && (strlen(kind_names[k]) != n || memcmp(kind_names[k], p, n)))
      k++;
    if (k == COLLECT_KIND_N)
      return 0;
    kinds |= 1U << k;
    p += n;
    if (!*p)
      break;
  }
  *out = kinds;
  return 1;
}

static int take_path(const char *value, char out[COLLECT_PATH_MAX])
{
  if (*value != '/')
    return 0;
  memcpy(out, value, strlen(value) + 1); /* take_value has seen to its length */
  return 1;
}

/* One key; 0 when it is not known or the value is not one of its. */
static int take_key(const char *key, const char *value, struct collect_options *o)
{
  uint64_t n = 0;
  int ok = 0;
  if (!strcmp(key, "folder"))
    return take_path(value, o->folder);
  if (!strcmp(key, "cupti"))
    return take_path(value, o->cupti);
  if (!strcmp(key, "kinds"))
    return take_kinds(value, &o->kinds);
  if (!strcmp(key, "calls")) {
    o->all_calls = !strcmp(value, "all");
    return o->all_calls || !strcmp(value, "work");
  }
  if (!strcmp(key, "latency") && (ok = take_number(value, 0, 1, &n)))
    o->latency = (int)n;
  else if (!strcmp(key, "say") && (ok = take_number(value, 0, 1, &n)))
    o->say = (int)n;
  else if (!strcmp(key, "buffer") && (ok = take_number(value, 64 << 10, 64 << 20, &n)))
    o->buffer_bytes = (size_t)n & ~(size_t)4095;
  else if (!strcmp(key, "buffers") && (ok = take_number(value, 2, 128, &n)))
    o->n_buffer = (int)n;
  else if (!strcmp(key, "flush") && (ok = take_number(value, 0, 3600000, &n)))
    o->flush_ms = (uint32_t)n;
  else if (!strcmp(key, "wait") && (ok = take_number(value, 0, 10000, &n)))
    o->wait_ms = (uint32_t)n;
  else if (!strcmp(key, "limit") && (ok = take_number(value, 0, UINT64_MAX, &n)))
    o->limit_bytes = n;
  else if (!strcmp(key, "reserve") && (ok = take_number(value, 0, UINT64_MAX, &n)))
    o->reserve_bytes = n;
  else if (!strcmp(key, "fp") && (ok = take_number(value, 0, 1, &n)))
    o->counts_fp = (int)n;
  else if (!strcmp(key, "metrics") && (ok = take_number(value, 0, UINT32_MAX, &n)))
    o->max_counted = n;
  return ok;
}

int collect_options_read(const char *text, struct collect_options *out, char *why, size_t why_cap)
{
  *out = (struct collect_options){.kinds = (1U << COLLECT_ENVIRONMENT) - 1 /* all before it */,
                                  .buffer_bytes = 4 << 20,
                                  .n_buffer = 64,
                                  .flush_ms = 1000,
                                  .wait_ms = 50,
                                  .reserve_bytes = 64 << 20};
  while (*text) {
    char key[16], value[COLLECT_PATH_MAX];
    size_t n = strcspn(text, "=,");
    if (text[n] != '=' || n >= sizeof key) {
      snprintf(why, why_cap, "CORUN_COLLECT: \"%.40s\" is no KEY=VALUE", text);
      return -1;
    }
    memcpy(key, text, n);
    key[n] = 0;
    text += n + 1;
    if (!take_value(&text, value, sizeof value) || !take_key(key, value, out)) {
      snprintf(why, why_cap, "CORUN_COLLECT: %s is not a key of the collector, or has no such value", key);
      return -1;
    }
    if (*text)
      text++;
  }
  if (!out->folder[0]) {
    snprintf(why, why_cap, "CORUN_COLLECT: lacks folder=PATH");
    return -1;
  }
  return 0;
}
