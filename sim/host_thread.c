/* host_thread.c - launch threads on shared cores.
 *
 * All working threads progress at the same rate, min(1, cores / working), so one clock of work done serves them all: a
 * thread's call is made when that clock has moved on by the call's CPU time.  Only the clock's rate changes as threads
 * come and go. */
#include "config.h"

#include "sim/host_thread.h"

#include <math.h>

#include "sim/copy_engines.h"
#include "sim/mem.h"

/* What a thread has to launch. */
struct job {
  uint32_t thread; /* CR_NONE: of nobody (from a graph), or done with */
  uint32_t client;
  uint32_t op0, n_op, launched;
  uint32_t wait; /* ops that must end on the device before the thread goes on; 0: it does not wait */
  uint32_t next; /* of the thread */
};

struct thread {
  uint32_t head, tail; /* jobs, by range; CR_NONE: idle */
  double due;          /* of the clock, when its call is made; INFINITY: it does not work */
  uint32_t place;      /* among those that work */
};

struct cr_hosts {
  const struct cr_workload *workload;
  struct cr_arena *arena;
  struct thread *thread;   /* [n_client], used by number of the first client that has it */
  uint32_t *thread_of;     /* [n_client] */
  unsigned char *is_eager; /* [n_model] */
  struct job *job;         /* [range_cap] */
  double cores, profiler_call_ns;
  uint32_t *working; /* [n_working] threads, in no order */
  uint32_t n_working;
  double clock, rate; /* clock at since_ns, and how fast it goes */
  cr_ns since_ns, next_ns;
};

static uint32_t first_of_thread(const struct cr_workload *w, uint32_t client)
{
  uint32_t thread = w->client[client].thread;
  for (uint32_t i = 0; thread && i < client; i++)
    if (w->client[i].thread == thread)
      return i;
  return client;
}

static int take_tables(struct cr_hosts *h, const struct cr_workload *w)
{
  h->thread = cr_arena_take(h->arena, w->n_client, sizeof *h->thread);
  h->thread_of = cr_arena_take(h->arena, w->n_client, sizeof *h->thread_of);
  h->working = cr_arena_take(h->arena, w->n_client, sizeof *h->working);
  h->is_eager = cr_arena_take(h->arena, w->n_model, sizeof *h->is_eager);
  if (!h->thread || !h->thread_of || !h->working || !h->is_eager)
    return CR_ENOMEM;
  for (uint32_t i = 0; i < w->n_client; i++) {
    h->thread[i] = (struct thread){.head = CR_NONE, .tail = CR_NONE, .due = INFINITY};
    h->thread_of[i] = first_of_thread(w, i);
  }
  for (uint32_t m = 0; m < w->n_model; m++)
    h->is_eager[m] = (unsigned char)cr_model_is_eager(w, m);
  return CR_OK;
}

int cr_hosts_new(const struct cr_workload *w, uint32_t cores, double profiler_call_ns, struct cr_hosts **out,
                 struct cr_err *err)
{
  struct cr_arena *arena = cr_arena_new();
  struct cr_hosts *h = arena ? cr_arena_take(arena, 1, sizeof *h) : NULL;
  if (!h) {
    cr_arena_free(arena);
    return cr_fail_nomem(err, "launch threads");
  }
  h->workload = w;
  h->arena = arena;
  h->cores = cores ? cores : w->n_client;
  h->profiler_call_ns = profiler_call_ns;
  h->rate = 1;
  h->next_ns = CR_NS_NEVER;
  if (take_tables(h, w)) {
    cr_hosts_free(h);
    return cr_fail_nomem(err, "launch threads");
  }
  *out = h;
  return CR_OK;
}

void cr_hosts_free(struct cr_hosts *h)
{
  if (!h)
    return;
  cr_mem_free(h->job);
  cr_arena_free(h->arena);
}

int cr_hosts_grow(struct cr_hosts *h, uint32_t range_cap)
{
  struct job *job = cr_mem_resize(h->job, range_cap, sizeof *job);
  if (!job)
    return CR_ENOMEM;
  h->job = job;
  return CR_OK;
}

uint32_t cr_hosts_launched(const struct cr_hosts *h, uint32_t range)
{
  return h->job[range].launched;
}

cr_ns cr_hosts_next_ns(const struct cr_hosts *h)
{
  return h->next_ns;
}

/* ------------------------------------------------------------------------------------------------------------- clock */

static void move_clock(struct cr_hosts *h, cr_ns now_ns)
{
  h->clock += (double)(now_ns - h->since_ns) * h->rate;
  h->since_ns = now_ns;
}

/* After threads began or ended to work at now_ns. */
static void rate(struct cr_hosts *h, cr_ns now_ns)
{
  double least = INFINITY;
  for (uint32_t i = 0; i < h->n_working; i++) {
    double due = h->thread[h->working[i]].due;
    least = due < least ? due : least;
  }
  h->rate = h->n_working > h->cores ? h->cores / h->n_working : 1;
  double left = (least - h->clock) / h->rate;
  h->next_ns = h->n_working ? cr_ns_add(now_ns, left > 0 ? (cr_ns)ceil(left) : 0) : CR_NS_NEVER;
}

/* ----------------------------------------------------------------------------------------------------------- threads */

static double cpu_ns(const struct cr_hosts *h, const struct cr_op_spec *op)
{
  if (op->launch_ns == CR_NS_NEVER)
    return 0;
  return fmax(0, round((double)op->launch_ns - h->profiler_call_ns * (op->calls ? op->calls : 1)));
}

static void stop(struct cr_hosts *h, struct thread *t)
{
  if (isfinite(t->due)) {
    uint32_t last = h->working[--h->n_working];
    h->working[t->place] = last;
    h->thread[last].place = t->place;
  }
  t->due = INFINITY;
}

/* The thread's next call, if it has one to make. */
static void work(struct cr_hosts *h, struct thread *t)
{
  stop(h, t);
  if (t->head == CR_NONE)
    return;
  const struct job *job = &h->job[t->head];
  if (job->wait)
    return;
  t->due = h->clock + cpu_ns(h, &h->workload->op[job->op0 + job->launched]);
  t->place = h->n_working;
  h->working[h->n_working++] = (uint32_t)(t - h->thread);
}

/* The job at the head is done with. */
static void leave(struct cr_hosts *h, struct thread *t)
{
  struct job *job = &h->job[t->head];
  t->head = job->next;
  if (t->head == CR_NONE)
    t->tail = CR_NONE;
  job->thread = CR_NONE;
}

int cr_hosts_launch(struct cr_hosts *h, uint32_t range, uint32_t client, uint32_t op0, uint32_t n_op, cr_ns now_ns)
{
  struct job *job = &h->job[range];
  int eager = h->is_eager[h->workload->client[client].model.i];
  *job = (struct job){.thread = eager ? h->thread_of[client] : CR_NONE,
                      .client = client,
                      .op0 = op0,
                      .n_op = n_op,
                      .launched = eager ? 0 : n_op,
                      .next = CR_NONE};
  if (!eager)
    return 0;
  struct thread *t = &h->thread[job->thread];
  if (t->head != CR_NONE) {
    h->job[t->tail].next = range;
    t->tail = range;
    return 1;
  }
  t->head = t->tail = range;
  move_clock(h, now_ns);
  work(h, t);
  rate(h, now_ns);
  return 1;
}

int cr_op_holds_thread(const struct cr_op_spec *op)
{
  return cr_is_copy(op->kind) && op->pageable == CR_YES;
}

/* What the thread waits for, after it has launched one more op. */
static uint32_t wait_after(const struct cr_hosts *h, const struct job *job)
{
  if (cr_op_holds_thread(&h->workload->op[job->op0 + job->launched - 1]))
    return job->launched;
  const struct cr_client_spec *c = &h->workload->client[job->client];
  const struct cr_model_info *m = &h->workload->model[c->model.i];
  int is_end = job->op0 + job->n_op == m->op0 + m->n_op;
  return job->launched == job->n_op && is_end && c->sync != CR_NO ? job->n_op : 0;
}

uint32_t cr_hosts_take(struct cr_hosts *h, cr_ns now_ns)
{
  if (h->next_ns > now_ns)
    return CR_NONE;
  move_clock(h, now_ns);
  uint32_t first = CR_NONE;
  for (uint32_t i = 0; i < h->n_working; i++)
    if (h->thread[h->working[i]].due <= h->clock + 1e-3) /* the clock is a sum of products */
      first = cr_min_u32(first, h->working[i]);
  if (first == CR_NONE) {
    rate(h, now_ns);
    return CR_NONE;
  }
  struct thread *t = &h->thread[first];
  uint32_t range = t->head;
  struct job *job = &h->job[range];
  job->launched++;
  job->wait = wait_after(h, job);
  if (job->launched == job->n_op && !job->wait)
    leave(h, t);
  work(h, t);
  rate(h, now_ns);
  return range;
}

void cr_hosts_ended(struct cr_hosts *h, uint32_t range, uint32_t n_done, cr_ns now_ns)
{
  struct job *job = &h->job[range];
  if (job->thread == CR_NONE || job->wait == 0 || n_done < job->wait)
    return;
  struct thread *t = &h->thread[job->thread];
  job->wait = 0;
  if (job->launched == job->n_op)
    leave(h, t);
  move_clock(h, now_ns);
  work(h, t);
  rate(h, now_ns);
}

void cr_hosts_drop(struct cr_hosts *h, uint32_t range, cr_ns now_ns)
{
  struct job *job = &h->job[range];
  if (job->thread == CR_NONE)
    return;
  struct thread *t = &h->thread[job->thread];
  if (t->head == range) {
    leave(h, t);
    move_clock(h, now_ns);
    work(h, t);
    rate(h, now_ns);
    return;
  }
  uint32_t before = t->head;
  while (h->job[before].next != range)
    before = h->job[before].next;
  h->job[before].next = job->next;
  if (t->tail == range)
    t->tail = before;
  job->thread = CR_NONE;
}
