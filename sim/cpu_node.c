/* cpu_node.c - the threads of a node of CPU cores.
 *
 * The first thread leads: it chooses what runs, says so to all by a new piece, and does its own part.  A piece is a layer of a
 * stream, numbered, and each thread keeps what it has left of each stream's layer, so that a piece can be taken away and set up
 * again.  Pieces lie in a ring, so that one who is late still reads a whole one.
 *
 * The states of a stream's range, in order: IDLE, GIVEN (the leader's), ENDED (the host's again). */
#include "config.h"

#include "sim/cpu_node.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "sim/bell.h"
#include "sim/cores.h"
#include "sim/cuda_gpu.h"
#include "sim/mem.h"

enum {
  ROUND = 128, /* multiply-adds that a thread does between two looks around: 0.3 us of a core of 3 GHz */
  PIECES = 8,  /* of the ring */
  REPEATS = 9, /* measurements, of which the least counts: what else the machine does can only add */
  TRIES = 10,  /* at most, until two in a row agree to AGREE_PPM: a core takes its time to reach its speed */
  AGREE_PPM = 5000,
  FEW = 600,     /* rounds of a short measurement, and */
  MANY = 3600,   /* of a long one: a ms */
  BE_TURN = 1500 /* rounds, half a ms, after which be ranges change */
};

enum state { IDLE, GIVEN, ENDED };

struct slot {
  _Atomic int state;       /* enum state */
  _Atomic uint32_t n_done; /* threads that have done their part of the layer */
  int is_rt;
  uint64_t seq;      /* in order of coming */
  uint32_t n, layer; /* layers, and the one that runs or is next */
  uint64_t *rounds;  /* [n_layer_max] */
  cr_ns *end_ns;     /* [n_layer_max] */
  uint32_t serial;   /* of the layer; 0: it has not begun */
  struct cr_node_ran ran;
};

struct piece {
  _Atomic uint32_t slot, serial;
  _Atomic uint64_t rounds;
};

/* What a thread has left of a slot's layer. */
struct part {
  uint32_t serial;
  uint64_t left;
  int is_told;
};

struct thread {
  _Alignas(64) struct cr_cpu_node *node;
  pthread_t thread;
  uint16_t core;
  int is_made;
  struct part *part; /* [n_stream] */
  double sum;        /* of its work: kept, so that it is done */
};

struct cr_cpu_node {
  struct cr_bell given;  /* the leader is told by it */
  struct cr_bell pieces; /* and the others by this one */
  struct piece piece[PIECES];
  _Atomic int quits, n_unpinned;
  struct slot *slot;     /* [n_stream] */
  struct thread *thread; /* [n_core] */
  uint32_t n_core, n_stream, n_layer_max;
  uint64_t n_given;         /* the host's */
  uint32_t n_serial, turn;  /* the leader's: be stream whose turn was last */
  int be_runs;              /* likewise: what ran last is be work that is not done */
  double base_ns, round_ns; /* a layer of r rounds takes base + r * round */
};

static int quits(struct cr_cpu_node *n)
{
  return atomic_load_explicit(&n->quits, memory_order_relaxed);
}

/* --- work --------------------------------------------------------------------------------------------------------- */

/* Each waits for the one before it, so that a sibling on the same core takes next to nothing away. */
static double one_round(double x)
{
  for (int i = 0; i < ROUND; i++)
    x = x * 0.999999 + 1e-6;
  return x;
}

/* The thread's part of the layer, until it is done or the bell rings. */
static void work(struct thread *t, struct slot *s, struct part *p, struct cr_bell *until, uint32_t seen, uint64_t most)
{
  double x = t->sum;
  for (; p->left && most && cr_bell_count(until) == seen && !quits(t->node); p->left--, most--)
    x = one_round(x);
  t->sum = x;
  if (p->left || p->is_told)
    return;
  p->is_told = 1;
  atomic_fetch_add_explicit(&s->n_done, 1, memory_order_acq_rel);
}

static struct part *part_of(struct thread *t, uint32_t slot, uint32_t serial, uint64_t rounds)
{
  struct part *p = &t->part[slot];
  if (p->serial != serial)
    *p = (struct part){.serial = serial, .left = rounds};
  return p;
}

static void keep(const struct thread *t)
{
  if (cr_cores_keep(&t->core, 1, NULL))
    atomic_fetch_add(&t->node->n_unpinned, 1);
}

/* All but the leader. */
static void *follow(void *arg)
{
  struct thread *t = arg;
  struct cr_cpu_node *n = t->node;
  uint32_t seen = 0;
  keep(t);
  while (!quits(n)) {
    cr_bell_wait(&n->pieces, seen);
    seen = cr_bell_count(&n->pieces);
    const struct piece *p = &n->piece[seen % PIECES];
    uint32_t slot = atomic_load_explicit(&p->slot, memory_order_acquire);
    uint32_t serial = atomic_load_explicit(&p->serial, memory_order_acquire);
    uint64_t rounds = atomic_load_explicit(&p->rounds, memory_order_acquire);
    if (serial == 0 || cr_bell_count(&n->pieces) != seen)
      continue; /* nothing, or overtaken while it was read */
    work(t, &n->slot[slot], part_of(t, slot, serial, rounds), &n->pieces, seen, UINT64_MAX);
  }
  return NULL;
}

/* --- who runs ----------------------------------------------------------------------------------------------------- */

static int is_given(struct slot *s)
{
  return atomic_load_explicit(&s->state, memory_order_acquire) == GIVEN;
}

static uint32_t first_rt(struct cr_cpu_node *n)
{
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < n->n_stream; i++)
    if (is_given(&n->slot[i]) && n->slot[i].is_rt && (first == CR_NONE || n->slot[i].seq < n->slot[first].seq))
      first = i;
  return first;
}

/* The be stream behind the one that had the last turn; *n_be: those that want one. */
static uint32_t next_be(struct cr_cpu_node *n, uint32_t *n_be)
{
  uint32_t next = CR_NONE;
  *n_be = 0;
  for (uint32_t i = 1; i <= n->n_stream; i++) {
    uint32_t k = (n->turn + i) % n->n_stream;
    if (!is_given(&n->slot[k]) || n->slot[k].is_rt)
      continue;
    ++*n_be;
    next = next == CR_NONE ? k : next;
  }
  return next;
}

/* The layer's piece goes to all threads, for the first time or again; the leader's part of it. */
static struct part *set_piece(struct cr_cpu_node *n, uint32_t stream)
{
  struct slot *s = &n->slot[stream];
  if (!s->serial) {
    n->n_serial += n->n_serial == UINT32_MAX ? 2 : 1;
    s->serial = n->n_serial;
    atomic_store_explicit(&s->n_done, 0, memory_order_relaxed);
  }
  struct piece *p = &n->piece[(cr_bell_count(&n->pieces) + 1) % PIECES];
  atomic_store_explicit(&p->slot, stream, memory_order_release);
  atomic_store_explicit(&p->serial, s->serial, memory_order_release);
  atomic_store_explicit(&p->rounds, s->rounds[s->layer], memory_order_release);
  if (n->n_core > 1)
    cr_bell_ring(&n->pieces);
  return part_of(&n->thread[0], stream, s->serial, s->rounds[s->layer]);
}

static int is_over(struct cr_cpu_node *n, struct slot *s)
{
  return atomic_load_explicit(&s->n_done, memory_order_acquire) == n->n_core;
}

/* The layer that is next, until all have done their parts, or a be range has had its turn or makes way for what came.  The rounds
 * that the leader did of it. */
static uint64_t run_layer(struct cr_cpu_node *n, uint32_t stream, uint32_t seen, uint64_t turn)
{
  struct slot *s = &n->slot[stream];
  struct part *p = set_piece(n, stream);
  struct cr_bell *until = s->is_rt ? &n->pieces : &n->given; /* an rt range is taken away by the end alone */
  uint64_t before = p->left;
  seen = s->is_rt ? cr_bell_count(until) : seen;
  for (;;) {
    work(&n->thread[0], s, p, until, seen, turn - (before - p->left));
    if (is_over(n, s) || cr_bell_count(until) != seen || before - p->left >= turn || quits(n))
      return before - p->left;
    cr_bell_pause(&n->given);
  }
}

static void run(struct cr_cpu_node *n, uint32_t stream, uint32_t seen, uint64_t turn)
{
  struct slot *s = &n->slot[stream];
  cr_ns from_ns = cr_monotonic_ns(), now_ns = from_ns;
  s->ran.start_ns = cr_min_ns(s->ran.start_ns, from_ns);
  for (int goes_on = 1; goes_on && s->layer < s->n;) {
    uint64_t did = run_layer(n, stream, seen, turn);
    turn = did < turn ? turn - did : 0;
    now_ns = cr_monotonic_ns();
    goes_on = is_over(n, s) && (s->is_rt || (turn && cr_bell_count(&n->given) == seen));
    if (!is_over(n, s))
      break;
    s->end_ns[s->layer++] = now_ns;
    s->serial = 0;
  }
  s->ran.ran_ns += now_ns - from_ns;
  s->ran.end_ns = now_ns;
}

/* Chooses and runs until there is news, or a range has ended. */
static void choose(struct cr_cpu_node *n)
{
  uint32_t n_be, seen = cr_bell_count(&n->given), be = next_be(n, &n_be), rt = first_rt(n);
  uint32_t stream = rt != CR_NONE ? rt : be;
  if (stream == CR_NONE) {
    cr_bell_wait(&n->given, seen);
    return;
  }
  struct slot *s = &n->slot[stream];
  if (s->is_rt)
    s->ran.preempted = n->be_runs;
  else
    n->turn = be;
  run(n, stream, seen, n_be > 1 && !s->is_rt ? BE_TURN : UINT64_MAX);
  n->be_runs = !s->is_rt && s->layer < s->n;
  if (s->layer == s->n)
    atomic_store_explicit(&s->state, ENDED, memory_order_release);
}

static void *lead(void *arg)
{
  struct thread *t = arg;
  keep(t);
  while (!quits(t->node))
    choose(t->node);
  return NULL;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

/* How long a range of so many rounds takes. */
static cr_ns time_rounds(struct cr_cpu_node *n, cr_ns rounds)
{
  const struct cr_node_ran *ran;
  cr_cpu_node_give(n, 0, &(struct cr_node_work){.layer_ns = &rounds, .n = 1});
  while (!(ran = cr_cpu_node_ended(n, 0)))
    cr_bell_pause(&n->given);
  return ran->ran_ns;
}

static cr_ns measure(struct cr_cpu_node *n, cr_ns rounds)
{
  cr_ns least_ns = CR_NS_NEVER;
  for (int i = 0; i < REPEATS; i++)
    least_ns = cr_min_ns(least_ns, time_rounds(n, rounds));
  return least_ns;
}

/* As long as a round is taken to be a nanosecond, times are rounds. */
static void calibrate(struct cr_cpu_node *n)
{
  double round_ns = 0, base_ns = 0;
  n->base_ns = 0;
  n->round_ns = 1;
  for (int i = 0, agrees = 0; i < TRIES && !agrees; i++) {
    double few_ns = (double)measure(n, FEW), many_ns = (double)measure(n, MANY), before_ns = round_ns;
    round_ns = fmax((many_ns - few_ns) / (MANY - FEW), 1);
    base_ns = fmax(few_ns - FEW * round_ns, 0);
    agrees = i > 1 && fabs(round_ns - before_ns) * 1e6 < AGREE_PPM * round_ns;
  }
  n->base_ns = base_ns;
  n->round_ns = round_ns;
}

static int take_tables(struct cr_cpu_node *n)
{
  n->slot = cr_mem_new(n->n_stream, sizeof *n->slot);
  n->thread = cr_mem_new_aligned(n->n_core, sizeof *n->thread, _Alignof(struct thread));
  if (!n->slot || !n->thread)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < n->n_stream; i++) {
    n->slot[i].rounds = cr_mem_new(n->n_layer_max, sizeof *n->slot[i].rounds);
    n->slot[i].end_ns = cr_mem_new(n->n_layer_max, sizeof *n->slot[i].end_ns);
    if (!n->slot[i].rounds || !n->slot[i].end_ns)
      return CR_ENOMEM;
  }
  for (uint32_t i = 0; i < n->n_core; i++) {
    n->thread[i].part = cr_mem_new(n->n_stream, sizeof *n->thread[i].part);
    if (!n->thread[i].part)
      return CR_ENOMEM;
  }
  return CR_OK;
}

static int start(struct cr_cpu_node *n, const uint16_t *core, struct cr_err *err)
{
  for (uint32_t i = 0; i < n->n_core; i++) {
    struct thread *t = &n->thread[i];
    t->node = n;
    t->core = core[i];
    int error = pthread_create(&t->thread, NULL, i ? follow : lead, t);
    if (error)
      return cr_fail(err, CR_ERUN, "starting a thread for CPU core %u: %s", t->core, strerror(error));
    t->is_made = 1;
  }
  return CR_OK;
}

int cr_cpu_node_new(const struct cr_cpu_node_cfg *cfg, struct cr_cpu_node **out, struct cr_err *err)
{
  struct cr_cpu_node *n = cr_mem_new_aligned(1, sizeof *n, _Alignof(struct cr_cpu_node));
  if (!n)
    return cr_fail_nomem(err, "a node of CPU cores");
  n->n_core = cfg->n_core;
  n->n_stream = cfg->n_stream ? cfg->n_stream : 1;
  n->n_layer_max = cfg->n_layer_max;
  cr_bell_init(&n->given, !cfg->shares);
  cr_bell_init(&n->pieces, !cfg->shares);
  int rc = take_tables(n) ? cr_fail_nomem(err, "a node of CPU cores") : start(n, cfg->core, err);
  if (!rc)
    calibrate(n);
  if (!rc && atomic_load(&n->n_unpinned))
    rc = cr_fail(err, CR_ERUN, "%u threads could not be kept on their CPU cores", (unsigned)n->n_unpinned);
  if (rc) {
    cr_cpu_node_free(n);
    return rc;
  }
  *out = n;
  return CR_OK;
}

void cr_cpu_node_free(struct cr_cpu_node *n)
{
  if (!n)
    return;
  atomic_store(&n->quits, 1);
  cr_bell_ring(&n->given);
  cr_bell_ring(&n->pieces);
  for (uint32_t i = 0; n->thread && i < n->n_core; i++) {
    if (n->thread[i].is_made)
      pthread_join(n->thread[i].thread, NULL);
    cr_mem_free(n->thread[i].part);
  }
  for (uint32_t i = 0; n->slot && i < n->n_stream; i++) {
    cr_mem_free(n->slot[i].rounds);
    cr_mem_free(n->slot[i].end_ns);
  }
  cr_bell_fini(&n->given);
  cr_bell_fini(&n->pieces);
  cr_mem_free(n->slot);
  cr_mem_free(n->thread);
  cr_mem_free(n);
}

/* --- what the host does ------------------------------------------------------------------------------------------- */

void cr_cpu_node_set_rt(struct cr_cpu_node *n, uint32_t stream, int is_rt)
{
  n->slot[stream].is_rt = is_rt;
}

void cr_cpu_node_give(struct cr_cpu_node *n, uint32_t stream, const struct cr_node_work *work)
{
  struct slot *s = &n->slot[stream];
  int is_idle = 1;
  assert(atomic_load(&s->state) == IDLE && work->n <= n->n_layer_max);
  for (uint32_t i = 0; i < n->n_stream; i++)
    is_idle &= !is_given(&n->slot[i]);
  for (uint32_t i = 0; i < work->n; i++) {
    double rounds = ((double)work->layer_ns[i] - n->base_ns) / n->round_ns;
    s->rounds[i] = rounds > 0 ? (uint64_t)llrint(rounds) : 0;
  }
  s->seq = n->n_given++;
  s->n = work->n;
  s->layer = s->serial = 0;
  s->ran = (struct cr_node_ran){
    .given_ns = cr_monotonic_ns(), .start_ns = CR_NS_NEVER, .layer_end_ns = s->end_ns, .found_idle = is_idle};
  atomic_store_explicit(&s->state, GIVEN, memory_order_release);
  cr_bell_ring(&n->given);
}

const struct cr_node_ran *cr_cpu_node_ended(struct cr_cpu_node *n, uint32_t stream)
{
  struct slot *s = &n->slot[stream];
  if (atomic_load_explicit(&s->state, memory_order_acquire) != ENDED)
    return NULL;
  atomic_store_explicit(&s->state, IDLE, memory_order_relaxed);
  return &s->ran;
}
