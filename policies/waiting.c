/* waiting.c - the index over jobs that wait: a tree over ranks, in client state.
 *
 * The subtree over ranks lo .. hi - 1 has its root at node k, its left half behind it at k + 1, and its right half
 * behind that, at k + 2 * (mid - lo): 2 * n - 1 nodes for n ranks, whatever n. */
#include "config.h"

#include "policies/waiting.h"

struct span {
  uint32_t node, lo, hi;
};

static struct cr_waiting_node *node_of(const struct cr_policy *p, uint32_t k)
{
  return &cr_tenant_of(p, k / 2)->node[k % 2];
}

static struct span root(const struct cr_waiting *w)
{
  return (struct span){0, 0, w->n_rank};
}

static uint32_t middle(struct span s)
{
  return s.lo + (s.hi - s.lo) / 2;
}

static struct span left(struct span s)
{
  return (struct span){s.node + 1, s.lo, middle(s)};
}

static struct span right(struct span s)
{
  return (struct span){s.node + 2 * (middle(s) - s.lo), middle(s), s.hi};
}

/* --- ranks ------------------------------------------------------------------------------------------------------ */

/* Lists through `next`, merged: in order of total need, of equal ones the later client first. */
static int before(const struct cr_policy *p, uint32_t a, uint32_t b)
{
  int64_t x = cr_need_total(cr_tenant_of(p, a - 1)->need), y = cr_need_total(cr_tenant_of(p, b - 1)->need);
  return x != y ? x < y : a > b;
}

static uint32_t merge(const struct cr_policy *p, uint32_t a, uint32_t b)
{
  uint32_t first = 0, *end = &first;
  while (a && b) {
    uint32_t *lesser = before(p, a, b) ? &a : &b;
    *end = *lesser;
    end = &cr_tenant_of(p, *lesser - 1)->next;
    *lesser = *end;
  }
  *end = a | b;
  return first;
}

/* Merge sort from the bottom: list i of sorted ones holds 2^i clients or none. */
static uint32_t sort(const struct cr_policy *p)
{
  enum { LISTS = 32 };
  uint32_t sorted[LISTS] = {0}, all = 0;
  for (uint32_t c = 0; c < p->view->n_client; c++) {
    struct cr_tenant *t = cr_tenant_of(p, c);
    if (t->rank == CR_NONE)
      continue;
    t->next = 0;
    uint32_t list = c + 1, i = 0;
    for (; i < LISTS - 1 && sorted[i]; i++) {
      list = merge(p, sorted[i], list);
      sorted[i] = 0;
    }
    sorted[i] = merge(p, sorted[i], list);
  }
  for (uint32_t i = 0; i < LISTS; i++)
    all = merge(p, sorted[i], all);
  return all;
}

void cr_waiting_init(const struct cr_policy *p, struct cr_waiting *w)
{
  *w = (struct cr_waiting){0};
  for (uint32_t c = sort(p); c;) {
    struct cr_tenant *t = cr_tenant_of(p, c - 1);
    t->rank = w->n_rank;
    cr_tenant_of(p, w->n_rank++)->ranked = c - 1;
    c = t->next;
    t->next = 0;
  }
  for (uint32_t k = 0; k + 1 < 2 * w->n_rank; k++)
    *node_of(p, k) = (struct cr_waiting_node){INT64_MAX, CR_NONE};
}

/* --- coming and going --------------------------------------------------------------------------------------------- */

static void set(const struct cr_policy *p, struct span s, uint32_t rank, struct cr_waiting_node leaf)
{
  struct cr_waiting_node *node = node_of(p, s.node);
  if (s.hi - s.lo == 1) {
    *node = leaf;
    return;
  }
  set(p, rank < middle(s) ? left(s) : right(s), rank, leaf);
  const struct cr_waiting_node *a = node_of(p, left(s).node), *b = node_of(p, right(s).node);
  node->least_bytes = a->least_bytes < b->least_bytes ? a->least_bytes : b->least_bytes;
  node->first = cr_min_u32(a->first, b->first);
}

void cr_waiting_add(const struct cr_policy *p, struct cr_waiting *w, uint32_t job)
{
  struct cr_tenant *t = cr_tenant_of(p, job);
  t->position = w->n_come++;
  cr_tenant_of(p, t->position)->in_line = job;
  set(p, root(w), t->rank, (struct cr_waiting_node){t->need.persistent_bytes, t->position});
  w->n++;
}

void cr_waiting_remove(const struct cr_policy *p, struct cr_waiting *w, uint32_t job)
{
  set(p, root(w), cr_tenant_of(p, job)->rank, (struct cr_waiting_node){INT64_MAX, CR_NONE});
  w->n--;
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

uint32_t cr_waiting_head(const struct cr_policy *p, const struct cr_waiting *w)
{
  return w->n ? cr_tenant_of(p, node_of(p, 0)->first)->in_line : CR_NONE;
}

/* Ranks whose total need is within the bound. */
static uint32_t prefix(const struct cr_policy *p, const struct cr_waiting *w, int64_t total_bytes)
{
  uint32_t lo = 0, hi = w->n_rank;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (cr_need_total(cr_tenant_of(p, cr_tenant_of(p, mid)->ranked)->need) <= total_bytes)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* The least position below best of those within the prefix and the bound; best when there is none. */
static uint32_t first(const struct cr_policy *p, struct span s, uint32_t end, int64_t bytes, uint32_t best)
{
  const struct cr_waiting_node *node = node_of(p, s.node);
  if (s.lo >= end || node->least_bytes > bytes || node->first >= best)
    return best;
  if (s.hi - s.lo == 1)
    return node->first;
  struct span early = left(s), late = right(s);
  if (node_of(p, late.node)->first < node_of(p, early.node)->first) {
    struct span other = early;
    early = late;
    late = other;
  }
  return first(p, late, end, bytes, first(p, early, end, bytes, best));
}

uint32_t cr_waiting_first(const struct cr_policy *p, const struct cr_waiting *w, struct cr_box box, uint32_t than)
{
  if (!w->n || node_of(p, 0)->least_bytes > box.persistent_bytes)
    return than;
  uint32_t best = than == CR_NONE ? CR_NONE : cr_tenant_of(p, than)->position;
  uint32_t found = first(p, root(w), prefix(p, w, box.total_bytes), box.persistent_bytes, best);
  return found == CR_NONE ? CR_NONE : cr_tenant_of(p, found)->in_line;
}

/* The greatest rank within the prefix and the bound. */
static uint32_t last(const struct cr_policy *p, struct span s, uint32_t end, int64_t bytes)
{
  if (s.lo >= end || node_of(p, s.node)->least_bytes > bytes)
    return CR_NONE;
  if (s.hi - s.lo == 1)
    return s.lo;
  uint32_t found = last(p, right(s), end, bytes);
  return found != CR_NONE ? found : last(p, left(s), end, bytes);
}

uint32_t cr_waiting_largest(const struct cr_policy *p, const struct cr_waiting *w, struct cr_box box)
{
  if (!w->n || node_of(p, 0)->least_bytes > box.persistent_bytes)
    return CR_NONE;
  uint32_t found = last(p, root(w), prefix(p, w, box.total_bytes), box.persistent_bytes);
  return found == CR_NONE ? CR_NONE : cr_tenant_of(p, found)->ranked;
}
