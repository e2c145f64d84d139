/* pretended_run.c - begins and ends the heads of streams, in order of time. */
#include "config.h"

#include "tests/standin-cuda/pretended_run.h"

#include <string.h>

#include "sim/stream_ptx.h"
#include "tests/standin-cuda/pretended_code.h"
#include "tests/standin-cuda/pretended_memory.h"
#include "tests/standin-cuda/pretended_times.h"
#include "tests/standin-cuda/pretended_turn.h"

enum { BASE_NS = 1500, SLOPE_NS = 20, FMA_NS = 2, CHUNK_NS = 5, L2_CHUNK_NS = 1 };
static const int64_t OFFSET_NS = 1234567890123456789;

static uint32_t read_word(uint64_t word)
{
  return word ? __atomic_load_n((uint32_t *)memory_at(word), __ATOMIC_ACQUIRE) : 0;
}

static int64_t wave_ns(const struct op *k, const struct cr_merged_part *p)
{
  if (k->function->spins)
    return p->rounds + 1;
  uint64_t chunks = (uint64_t)p->rounds * p->per_round / CR_STREAM_UNIT;
  uint64_t dram_chunks = (chunks * p->dram_share + UINT32_MAX) >> 32;
  int64_t work_ns = (int64_t)p->rounds * (SLOPE_NS + FMA_NS * p->fmas) +
                    (int64_t)(dram_chunks * CHUNK_NS + (chunks - dram_chunks) * L2_CHUNK_NS);
  return BASE_NS + work_ns * times_of_gpu()->pace / 100;
}

/* What a word that was written now does to a part that runs. */
static void obey(const struct cr_merged_part *p, uint64_t halt, struct run *r, int64_t at_ns)
{
  int kills = read_word(halt) >= p->epoch, evicts = read_word(p->words) >= p->epoch;
  if (r->has_ended || r->has_given_up || r->end_ns == CR_NS_NEVER || !p->words || (!kills && !evicts))
    return;
  int64_t n_wave = (at_ns - r->begin_ns) / r->wave_ns;
  uint64_t worked = (uint64_t)(kills ? n_wave : n_wave + 1) * p->n_worker;
  r->n_worked = worked < p->n_task ? (uint32_t)worked : p->n_task;
  int64_t end_ns = kills ? at_ns + times_of_gpu()->kill : r->begin_ns + (n_wave + 1) * r->wave_ns;
  r->end_ns = end_ns < r->end_ns ? end_ns : r->end_ns;
  r->has_given_up = kills;
  r->seen_ns = at_ns;
}

static void obey_all(struct cr_cu_stream *streams, const struct cr_cu_stream *writer, int64_t at_ns)
{
  for (struct cr_cu_stream *s = streams; s; s = s->next)
    for (uint32_t i = 0; s != writer && s->is_running && i < s->entry[s->head].op.n_part; i++)
      obey(&s->entry[s->head].op.part[i], s->entry[s->head].op.halt[i], &s->run[i], at_ns);
}

static int is_beside_a_copy(const struct cr_cu_stream *streams, const struct cr_cu_stream *s)
{
  for (const struct cr_cu_stream *other = streams; other; other = other->next)
    for (uint32_t i = 0; other != s && i < other->n; i++)
      if (other->entry[(other->head + i) % other->cap].op.kind == COPY)
        return 1;
  return 0;
}

/* What a copy, a memset or the write of a word takes. */
static int64_t moving_ns(const struct cr_cu_stream *streams, const struct cr_cu_stream *s, const struct op *k)
{
  const struct times *t = times_of_gpu();
  int64_t bytes_ns = COPY_NS + (int64_t)k->bytes * 1000 / t->speed;
  if (k->kind == WRITE)
    return t->write;
  return k->kind == COPY && is_beside_a_copy(streams, s) ? bytes_ns * t->duplex / 100 : bytes_ns;
}

static void begin(const struct cr_cu_stream *streams, struct cr_cu_stream *s, int64_t at_ns)
{
  const struct entry *e = &s->entry[s->head];
  const struct op *k = &e->op;
  s->is_running = 1;
  if (k->kind == WAIT)
    s->run[0] = (struct run){.end_ns = at_ns > k->other->free_ns ? at_ns : k->other->free_ns};
  else if (k->kind != KERNEL)
    s->run[0] = (struct run){.end_ns = at_ns + moving_ns(streams, s, k)};
  for (uint32_t i = 0; i < k->n_part; i++) {
    const struct cr_merged_part *p = &k->part[i];
    uint32_t n_wave = (p->n_task + p->n_worker - 1) / p->n_worker;
    struct run *r = &s->run[i];
    *r = (struct run){.begin_ns = at_ns, .wave_ns = wave_ns(k, p), .n_worked = p->n_task};
    r->end_ns = at_ns + n_wave * r->wave_ns;
    if (read_word(p->words) >= p->epoch)
      *r = (struct run){.end_ns = at_ns + times_of_gpu()->evict + times_of_gpu()->block * p->n_task, .has_given_up = 1};
    if (e->hangs >> i & 1)
      r->end_ns = CR_NS_NEVER;
  }
}

static void report(const struct cr_merged_part *p, const struct run *run, int spins, int is_lost)
{
  struct cr_standin_record *r = memory_at(p->record);
  if (!p->counters || !r)
    return;
  r->begin_ns = run->begin_ns ? (uint64_t)(run->begin_ns + OFFSET_NS) : 0;
  r->n_worked = run->n_worked;
  if (p->first)
    r->range_begin_ns = ((struct cr_standin_record *)memory_at(p->first))->begin_ns;
  if (spins)
    r->range_begin_ns = (uint64_t)((run->seen_ns ? run->seen_ns : run->end_ns) + OFFSET_NS);
  told_blocks(memory_host_sees(p->record) ? run->n_worked : 0);
  if (!is_lost)
    atomic_store_explicit(&r->end_ns, (uint64_t)(run->end_ns + OFFSET_NS), memory_order_release);
}

/* The part of the head that ends first; a copy is its only one. */
static struct run *first_run(struct cr_cu_stream *s)
{
  const struct op *k = &s->entry[s->head].op;
  struct run *first = NULL;
  for (uint32_t i = 0; i < (k->kind == KERNEL ? k->n_part : 1); i++)
    if (!s->run[i].has_ended && (!first || s->run[i].end_ns < first->end_ns))
      first = &s->run[i];
  return first;
}

static void end(struct cr_cu_stream *streams, struct cr_cu_stream *s)
{
  struct entry *e = &s->entry[s->head];
  const struct op *k = &e->op;
  struct run *run = first_run(s);
  int64_t end_ns = run->end_ns;
  run->has_ended = 1;
  switch (k->kind) {
  case KERNEL:
    report(&k->part[run - s->run], run, k->function->spins, e->is_lost >> (run - s->run) & 1);
    if (first_run(s))
      return;
    break;
  case COPY:
    memmove(memory_at(k->to), memory_at(k->from), k->bytes);
    break;
  case FILL:
    memset(memory_at(k->to), k->value, k->bytes);
    break;
  case WRITE:
    __atomic_store_n((uint32_t *)memory_at(k->to), k->word, __ATOMIC_RELEASE);
    obey_all(streams, s, end_ns);
    break;
  case WAIT:
    break;
  }
  s->is_running = 0;
  s->free_ns = end_ns;
  s->head = (s->head + 1) % s->cap;
  s->n--;
  s->n_done++;
}

static int64_t next_ns(struct cr_cu_stream *s)
{
  if (s->n == 0)
    return CR_NS_NEVER;
  if (s->is_running)
    return first_run(s)->end_ns;
  const struct entry *e = &s->entry[s->head];
  if (e->op.kind == WAIT && e->op.other->n_done < e->op.n_other)
    return CR_NS_NEVER;
  const struct times *t = times_of_gpu();
  int64_t free_ns = s->free_ns + (e->op.kind == KERNEL ? t->gap + e->is_single * t->single : 0);
  int64_t at_ns = e->at_ns > free_ns ? e->at_ns : free_ns;
  return e->op.kind == KERNEL ? turn_begin_ns(at_ns) : at_ns;
}

int run_looks_at_host(const struct cr_cu_stream *s)
{
  const struct op *k = s->is_running ? &s->entry[s->head].op : NULL;
  return k && k->kind == KERNEL && k->function->spins && k->part[0].words && memory_host_sees(k->part[0].words);
}

int64_t run_until_now(struct cr_cu_stream *streams)
{
  for (;;) {
    struct cr_cu_stream *first = NULL;
    int64_t first_ns = CR_NS_NEVER;
    for (struct cr_cu_stream *s = streams; s; s = s->next)
      if (run_looks_at_host(s) && s->run[0].end_ns > now_ns())
        obey(&s->entry[s->head].op.part[0], s->entry[s->head].op.halt[0], &s->run[0], now_ns());
    for (struct cr_cu_stream *s = streams; s; s = s->next)
      if (next_ns(s) < first_ns) {
        first = s;
        first_ns = next_ns(s);
      }
    if (!first || first_ns > now_ns())
      return first_ns;
    if (first->is_running)
      end(streams, first);
    else
      begin(streams, first, first_ns);
  }
}
