/* nsys_nvtx.c - NVTX ranges of an export of Nsight Systems.
 *
 * A range is named by its text or, registered beforehand, by textId; in a domain of a library's own its name here is
 * NAME@DOMAIN.  Marks are no ranges, and those that had no end when the recording ended are counted. */
#include "config.h"

#include "traces/nsys_int.h"

enum { PUSH_POP = 59, START_END = 60, OPEN_FIRST = 35, OPEN_LAST = 38, DOMAIN_CREATE = 75 };
enum { N_START, N_TYPE, N_END, N_TEXT, N_TEXT_ID, N_TID, N_DOMAIN, N_NVTX_COLUMN };
static const char *const NVTX_COLUMN[N_NVTX_COLUMN] = {"start",  "eventType", "end",     "text",
                                                       "textId", "globalTid", "domainId"};

/* Text, or that of textId; NULL: neither. */
static const char *nvtx_text(const struct nsys_reader *r, const struct cr_nsys_table *t)
{
  int64_t id;
  if (!nsys_is_null(t, N_TEXT))
    return nsys_text(t, N_TEXT);
  if (nsys_is_null(t, N_TEXT_ID) || nsys_take(t, N_TEXT_ID, INT64_MIN, INT64_MAX, &id, NULL))
    return NULL;
  const struct nsys_string *s = nsys_find_string(r, id);
  return s ? s->text : NULL;
}

struct domain {
  int64_t id;
  uint32_t process;
  const char *name;
};

struct domains {
  struct domain *domain;
  uint32_t n, cap;
};

/* Domains are events as well, and rows come in no order: they are read first. */
static int read_domains(struct nsys_reader *r, struct domains *all)
{
  struct cr_nsys_table t;
  int rc = nsys_table_open(&r->t->db, "NVTX_EVENTS", NVTX_COLUMN, N_NVTX_COLUMN, N_END, &t, r->err);
  while (!rc && (rc = nsys_table_next(&t, r->err)) > 0) {
    int64_t type, id, thread;
    uint32_t process;
    rc = nsys_take(&t, N_TYPE, INT64_MIN, INT64_MAX, &type, r->err);
    const char *text = nvtx_text(r, &t);
    if (rc || type != DOMAIN_CREATE || !text)
      continue;
    rc = nsys_take_or(&t, N_DOMAIN, INT64_MIN, INT64_MAX, 0, &id, r->err);
    rc = rc ? rc : nsys_process_of(r, &t, N_TID, &thread, &process);
    if (!rc && all->n == all->cap) {
      uint32_t cap = all->cap ? 2 * all->cap : 16;
      struct domain *grown = cr_mem_resize(all->domain, cap, sizeof *grown);
      if (grown) {
        all->domain = grown;
        all->cap = cap;
      } else
        rc = nsys_nomem(r);
    }
    const char *name = rc ? NULL : cr_arena_text(r->c->arena, text);
    if (name)
      all->domain[all->n++] = (struct domain){id, process, name};
    else if (!rc)
      rc = nsys_nomem(r);
  }
  nsys_table_close(&t);
  return rc;
}

static int add_range(struct nsys_reader *r, const struct cr_nsys_table *t, const struct domains *all)
{
  int64_t type, thread, domain;
  struct cr_capture_range range = {0};
  int rc = nsys_take(t, N_TYPE, INT64_MIN, INT64_MAX, &type, r->err);
  if (rc || (type != PUSH_POP && type != START_END && (type < OPEN_FIRST || type > OPEN_LAST)))
    return rc;
  const char *text = nvtx_text(r, t);
  if (type <= OPEN_LAST || nsys_is_null(t, N_END)) {
    r->n_open++;
    return CR_OK;
  }
  rc = nsys_take(t, N_START, INT64_MIN / 4, INT64_MAX / 4, &range.start_ns, r->err);
  rc = rc ? rc : nsys_take(t, N_END, INT64_MIN / 4, INT64_MAX / 4, &range.end_ns, r->err);
  rc = rc ? rc : nsys_process_of(r, t, N_TID, &thread, &range.process);
  rc = rc ? rc : nsys_take_or(t, N_DOMAIN, INT64_MIN, INT64_MAX, 0, &domain, r->err);
  if (rc || !text)
    return rc;
  if (range.end_ns < range.start_ns)
    return nsys_bad_row(t, "ends before it starts; the export is damaged, make it again", r->err);
  range.tid = (int64_t)((uint64_t)thread & ((1u << NSYS_TID_BITS) - 1));
  range.any_thread = type == START_END;
  const char *of = NULL;
  for (uint32_t i = 0; i < all->n && !of; i++)
    if (all->domain[i].process == range.process && all->domain[i].id == domain)
      of = all->domain[i].name;
  struct cr_text name = {0};
  cr_text_add(&name, of ? "%s@%s" : "%s", text, of);
  int failed =
    name.failed || cr_capture_add_name(r->c, name.s, name.n, &range.name) || cr_capture_add_range(r->c, &range);
  cr_text_fini(&name);
  return failed ? nsys_nomem(r) : CR_OK;
}

int nsys_read_ranges(struct nsys_reader *r)
{
  struct cr_nsys_table t;
  struct domains all = {0};
  int rc = read_domains(r, &all);
  if (!rc)
    rc = nsys_table_open(&r->t->db, "NVTX_EVENTS", NVTX_COLUMN, N_NVTX_COLUMN, N_END, &t, r->err);
  if (!rc) {
    while (!rc && (rc = nsys_table_next(&t, r->err)) > 0) {
      rc = nsys_watch(r);
      if (!rc)
        rc = add_range(r, &t, &all);
    }
    nsys_table_close(&t);
  }
  cr_mem_free(all.domain);
  return rc;
}
