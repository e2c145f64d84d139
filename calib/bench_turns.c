/* bench_turns.c - how processes take turns on the GPU here: two of them are forked, each with graphs of kernels that stamp their begin
 * and end, and turns are found where one of them has nothing running for longer than GAP_NS.
 *
 * Runs as those of calib/data/h200/micro/slices.cu: in `tiny` a graph is several slices long, so that turns are cut; in `two` it is
 * shorter than one, and a turn ends with what is queued.  There every launch is of a graph of its own, so that stamps are fetched when
 * all is over.  In the third run graphs shorter than a slice, enough of them queued to fill several, are replayed beside long ones,
 * and their period tells what an interruption costs. */
#include "config.h"

#include "calib/bench_int.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 2, SLOTS = 48000, TURNS = 2000, KERNELS_MOST = 2000, GAP_NS = 60000, ENDS = 1000 };

/* What a process does: so many launches, `depth` of them in flight, of graphs of n kernels. */
struct role {
  uint32_t n_kernel, ns, n_launch, depth;
};

struct turn {
  uint64_t start_ns, end_ns;
  uint32_t n_kernel, longest_ns;
};

struct report {
  int is_done, rc;
  struct cr_err err;
  uint32_t n_turn, n_end;
  struct turn turn[TURNS];
  uint64_t end_ns[ENDS]; /* of launches */
};

/* Between parent and children. */
struct board {
  _Atomic int n_ready, n_over;
  struct report report[PROCESSES];
};

struct child {
  struct cr_bench b;
  struct role role;
  struct board *board;
  struct report *out;
  cr_cu_graph_exec exec[SLOTS / 2];
  uint32_t n_exec;
  struct cr_standin_record record[KERNELS_MOST];
};

/* --- a child -------------------------------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct child *c, uint32_t exec)
{
  return CR_BENCH_SLOTS + exec * (c->role.n_kernel + 1);
}

/* The last kernel is told to the host. */
static void make_graph(struct child *c)
{
  struct cr_bench *b = &c->b;
  const struct cr_cuda_driver *d = &b->gpu.driver;
  cr_cu_graph graph = NULL;
  uint32_t first = slot_of(c, c->n_exec);
  cr_bench_check(b, d->capture_begin(b->stream[0], CR_CU_CAPTURE_RELAXED), "a graph");
  for (uint32_t i = 0; i < c->role.n_kernel; i++)
    cr_bench_launch(b, b->stream[0],
                    &(struct cr_bench_spin){.blocks = 132, .threads = 128, .ns = c->role.ns, .slot = first + i});
  cr_bench_mark(b, b->stream[0], first + c->role.n_kernel);
  int error = d->capture_end(b->stream[0], &graph);
  cr_bench_check(b, error ? error : d->graph_instantiate(&c->exec[c->n_exec], graph, 0), "a graph");
  if (graph)
    d->graph_free(graph);
  c->n_exec++;
}

static void replay(struct child *c, uint32_t exec)
{
  cr_bench_clear_slots(&c->b, slot_of(c, exec) + c->role.n_kernel, 1);
  if (!cr_bench_fails(&c->b))
    cr_bench_check(&c->b, c->b.gpu.driver.graph_launch(c->exec[exec], c->b.stream[0]), "a graph");
}

/* Until both are that far, or one is over. */
static void meet(struct child *c)
{
  cr_ns until_ns = cr_monotonic_ns() + c->b.gpu.patience_ns;
  c->board->n_ready++;
  while (c->board->n_ready < PROCESSES && !c->board->n_over && cr_monotonic_ns() < until_ns)
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

/* Whoever is done first ends the run. */
static void run_role(struct child *c)
{
  struct cr_bench *b = &c->b;
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->role.depth; i++)
    replay(c, i % c->n_exec);
  for (; n < c->role.n_launch && !c->board->n_over && !cr_bench_fails(b); n++) {
    struct cr_standin_record r = cr_bench_wait(b, slot_of(c, n % c->n_exec) + c->role.n_kernel);
    if (c->out->n_end < ENDS)
      c->out->end_ns[c->out->n_end++] = r.end_ns;
    if (n + c->role.depth < c->role.n_launch)
      replay(c, (n + c->role.depth) % c->n_exec);
  }
  c->board->n_over++;
  cr_bench_quiet(b);
  c->out->n_end = n < c->out->n_end ? n : c->out->n_end;
}

static void end_turn(struct child *c, struct turn *t)
{
  if (c->out->n_turn < TURNS)
    c->out->turn[c->out->n_turn++] = *t;
  *t = (struct turn){0};
}

/* A kernel that took far too long was cut: it had begun in one turn and went on in the next, where its time was over at once.  The
 * cut is taken to have come in the middle of what it takes. */
static void add_kernel(struct child *c, const struct cr_standin_record *r, struct turn *t)
{
  uint64_t took_ns = r->end_ns - r->begin_ns, usual_ns = c->role.ns;
  if (t->n_kernel && r->begin_ns > t->end_ns + GAP_NS)
    end_turn(c, t);
  if (!t->n_kernel)
    t->start_ns = r->begin_ns;
  if (took_ns > usual_ns + GAP_NS) {
    t->end_ns = r->begin_ns + usual_ns / 2;
    t->n_kernel++;
    end_turn(c, t);
    t->start_ns = r->end_ns;
    took_ns = 0;
  }
  t->end_ns = r->end_ns;
  t->n_kernel++;
  t->longest_ns = took_ns > t->longest_ns ? (uint32_t)took_ns : t->longest_ns;
}

/* Stamps of all launches, which used graphs of their own. */
static void find_turns(struct child *c)
{
  struct turn t = {0};
  for (uint32_t i = 0; i < c->out->n_end && !cr_bench_fails(&c->b); i++) {
    cr_bench_fetch(&c->b, slot_of(c, i), c->role.n_kernel, c->record);
    for (uint32_t k = 0; k < c->role.n_kernel; k++)
      add_kernel(c, &c->record[k], &t);
  }
}

/* Graphs are run once, since the first time uploads them. */
static void be_child(struct child *c, int has_turns)
{
  struct cr_bench *b = &c->b;
  struct cr_err err = {""};
  cr_bench_open(b, CR_BENCH_SLOTS + SLOTS, &err);
  uint32_t n = has_turns ? c->role.n_launch : 2 * c->role.depth;
  for (uint32_t i = 0; i < n && !cr_bench_fails(b); i++)
    make_graph(c);
  for (uint32_t i = 0; i < n && !cr_bench_fails(b); i++)
    replay(c, i);
  cr_bench_quiet(b);
  meet(c);
  if (!cr_bench_fails(b))
    run_role(c);
  c->board->n_over++;
  if (has_turns)
    find_turns(c);
  c->out->rc = b->rc;
  c->out->err = err;
  c->out->is_done = 1;
  cr_bench_close(b);
}

/* --- the parent ----------------------------------------------------------------------------------------------------- */

static int wait_for(pid_t pid, cr_ns until_ns)
{
  int status;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (cr_monotonic_ns() > until_ns) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return 0;
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return 1;
}

/* Two processes, one of each role; what they tell is on the board. */
static void run_pair(struct cr_bench *b, const struct role role[PROCESSES], int has_turns, struct board *board)
{
  pid_t pid[PROCESSES];
  memset(board, 0, sizeof *board);
  for (int i = 0; i < PROCESSES; i++) {
    pid[i] = fork();
    if (pid[i] == 0) {
      struct child *c = cr_mem_new(1, sizeof *c);
      if (c) {
        *c = (struct child){.role = role[i], .board = board, .out = &board->report[i]};
        be_child(c, has_turns);
      }
      _exit(c ? 0 : 1);
    }
    if (pid[i] < 0)
      b->rc = cr_fail(b->err, CR_ERUN, "a process for turns on the GPU cannot be made");
  }
  cr_ns until_ns = cr_monotonic_ns() + 60 * (cr_ns)1000000000;
  for (int i = 0; i < PROCESSES; i++)
    if (pid[i] > 0 && !wait_for(pid[i], until_ns) && b->rc == CR_OK)
      b->rc = cr_fail(b->err, CR_ERUN, "a process for turns on the GPU has not ended in a minute");
  for (int i = 0; i < PROCESSES && b->rc == CR_OK; i++) {
    if (!board->report[i].is_done)
      b->rc = cr_fail(b->err, CR_ERUN, "a process for turns on the GPU ended early");
    else if (board->report[i].rc != CR_OK)
      b->rc = cr_fail(b->err, board->report[i].rc, "%s", board->report[i].err.text);
  }
}

/* Whether they took turns: on some GPUs, or under MPS, processes run together. */
static int took_turns(const struct board *board)
{
  return board->report[0].n_turn >= 3 && board->report[1].n_turn >= 3;
}

static void write_turns(struct cr_bench *b, const char *run, const struct board *board)
{
  for (int p = 0; p < PROCESSES && took_turns(board); p++)
    for (uint32_t i = 0; i < board->report[p].n_turn; i++) {
      const struct turn *t = &board->report[p].turn[i];
      cr_text_add(&b->turns, "%s,%d,%" PRIu64 ",%" PRIu64 ",%u,%u\n", run, p, t->start_ns, t->end_ns, t->n_kernel,
                  t->longest_ns);
    }
}

/* The period of the first process's launches. */
static void write_period(struct cr_bench *b, const struct board *board)
{
  const struct report *r = &board->report[0];
  struct cr_bench_sample ms = {0};
  double sum = 0;
  for (uint32_t i = 4; i < r->n_end; i++) {
    double took = cr_bench_between_us(r->end_ns[i - 1], r->end_ns[i]) / 1e3;
    cr_bench_add(b, &ms, took);
    sum += took;
  }
  if (ms.n)
    cr_text_add(&b->processes, "timeslice,short+long,short,%.6g,%.6g,%.6g,%.6g,%.6g\n", 1e3 * ms.n / sum, sum / ms.n,
                cr_bench_quantile(&ms, 0.5), cr_bench_quantile(&ms, 0.95), cr_bench_quantile(&ms, 0.99));
  cr_bench_sample_fini(&ms);
}

/* Memory that children share with their parent; NULL: there is none. */
static struct board *board_new(void)
{
  FILE *file = tmpfile();
  void *at = MAP_FAILED;
  if (file && ftruncate(fileno(file), sizeof(struct board)) == 0)
    at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
  if (file)
    fclose(file);
  return at == MAP_FAILED ? NULL : at;
}

void cr_bench_turns(struct cr_bench *b)
{
  const struct role tiny = {KERNELS_MOST - 1, 1000, cr_bench_reps(b, 20), 2},
                    two = {350, 1500, b->is_brief ? 30 : 60, 2}, brief = {60, 10000, cr_bench_reps(b, 800), 8},
                    busy = {KERNELS_MOST - 1, 8000, 400, 2};
  struct board *board = board_new();
  if (!board) {
    b->rc = cr_fail(b->err, CR_ERUN, "no memory that processes share: is there room for temporary files?");
    return;
  }
  run_pair(b, (const struct role[]){tiny, tiny}, 1, board);
  int takes_turns = took_turns(board);
  write_turns(b, "tiny", board);
  if (!cr_bench_fails(b) && takes_turns) {
    run_pair(b, (const struct role[]){two, two}, 1, board);
    write_turns(b, "two", board);
  }
  if (!cr_bench_fails(b) && takes_turns) {
    run_pair(b, (const struct role[]){brief, busy}, 0, board);
    write_period(b, board);
  }
  munmap(board, sizeof *board);
}
