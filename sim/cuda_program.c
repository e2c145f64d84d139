/* cuda_program.c - the launch threads of sim/host_thread.c, moved by the run's clock. */
#include "config.h"

#include "sim/cuda_program.h"

#include <assert.h>
#include <string.h>

#include "sim/gpu.h"
#include "sim/host_thread.h"
#include "sim/mem.h"

struct run {
  uint32_t op0, n_op;
  uint32_t next;    /* free */
  uint32_t n_ended; /* ops that are to be known as ended at ends_ns */
  cr_ns ends_ns;    /* CR_NS_NEVER: none */
};

struct cr_cuda_programs {
  const struct cr_workload *workload;
  struct cr_hosts *hosts;
  unsigned char *is_eager; /* [n_model] */
  struct run *run;         /* [cap] */
  cr_ns *due_ns;           /* [cap][longest], and from when an op is launched when that was */
  uint32_t cap, free, longest;
  cr_ns next_end_ns; /* least of ends_ns */
  struct cr_hist *late;
};

/* --- making ------------------------------------------------------------------------------------------------------- */

static int find_eager(struct cr_cuda_programs *p)
{
  const struct cr_workload *w = p->workload;
  int any = 0;
  for (uint32_t m = 0; m < w->n_model; m++) {
    p->is_eager[m] = (unsigned char)cr_model_is_eager(w, m);
    any |= p->is_eager[m];
    if (p->is_eager[m] && w->model[m].n_op > p->longest)
      p->longest = w->model[m].n_op;
  }
  return any;
}

static int grow(struct cr_cuda_programs *p)
{
  uint32_t cap = p->cap ? 2 * p->cap : 16;
  struct run *run = cr_mem_resize(p->run, cap, sizeof *run);
  p->run = run ? run : p->run;
  cr_ns *due = run ? cr_mem_resize(p->due_ns, (size_t)cap * p->longest, sizeof *due) : NULL;
  p->due_ns = due ? due : p->due_ns;
  if (!due || cr_hosts_grow(p->hosts, cap))
    return CR_ENOMEM;
  for (uint32_t i = cap; i-- > p->cap; p->free = i)
    run[i] = (struct run){.next = p->free, .ends_ns = CR_NS_NEVER};
  p->cap = cap;
  return CR_OK;
}

int cr_cuda_programs_new(const struct cr_backend_cfg *cfg, struct cr_cuda_programs **out, struct cr_err *err)
{
  const struct cr_device_desc *d = &cfg->machine->device[0];
  struct cr_gpu_model model;
  struct cr_cuda_programs *p = cr_mem_new(1, sizeof *p);
  if (!p)
    return cr_fail_nomem(err, "programs that launch op by op");
  *p = (struct cr_cuda_programs){.workload = cfg->workload, .free = CR_NONE, .next_end_ns = CR_NS_NEVER};
  p->is_eager = cr_mem_new(cfg->workload->n_model + 1, 1);
  if (p->is_eager && !find_eager(p)) {
    cr_cuda_programs_free(p);
    *out = NULL;
    return CR_OK;
  }
  p->late = cr_hist_new();
  int rc = p->is_eager && p->late ? CR_OK : cr_fail_nomem(err, "programs that launch op by op");
  rc = rc ? rc : cr_gpu_model_parse(d, cfg->set, &model, err);
  rc = rc ? rc : cr_hosts_new(p->workload, d->cpu_cores, 1e3 * model.constant[CR_GPU_PROFILER_CALL], &p->hosts, err);
  if (!rc && grow(p))
    rc = cr_fail_nomem(err, "programs that launch op by op");
  if (rc) {
    cr_cuda_programs_free(p);
    return rc;
  }
  *out = p;
  return CR_OK;
}

void cr_cuda_programs_free(struct cr_cuda_programs *p)
{
  if (!p)
    return;
  cr_hosts_free(p->hosts);
  cr_hist_free(p->late);
  cr_mem_free(p->is_eager);
  cr_mem_free(p->run);
  cr_mem_free(p->due_ns);
  cr_mem_free(p);
}

int cr_cuda_programs_has(const struct cr_cuda_programs *p, uint32_t model)
{
  return p && p->is_eager[model];
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

int cr_cuda_programs_run(struct cr_cuda_programs *p, uint32_t client, uint32_t op0, uint32_t n_op, cr_ns now_ns,
                         uint32_t *out, struct cr_err *err)
{
  *out = CR_NONE;
  if (!p || !p->is_eager[p->workload->client[client].model.i])
    return CR_OK;
  if (p->free == CR_NONE && grow(p))
    return cr_fail_nomem(err, "programs that launch op by op");
  uint32_t i = p->free;
  p->free = p->run[i].next;
  p->run[i] = (struct run){.op0 = op0, .n_op = n_op, .next = CR_NONE, .ends_ns = CR_NS_NEVER};
  cr_cuda_programs_move(p, now_ns);
  cr_hosts_launch(p->hosts, i, client, op0, n_op, now_ns);
  *out = i;
  return CR_OK;
}

static void find_next_end(struct cr_cuda_programs *p)
{
  p->next_end_ns = CR_NS_NEVER;
  for (uint32_t i = 0; i < p->cap; i++)
    p->next_end_ns = cr_min_ns(p->next_end_ns, p->run[i].ends_ns);
}

void cr_cuda_programs_drop(struct cr_cuda_programs *p, uint32_t run, cr_ns now_ns)
{
  struct run *r = &p->run[run];
  cr_cuda_programs_move(p, now_ns);
  cr_hosts_drop(p->hosts, run, now_ns);
  if (r->ends_ns != CR_NS_NEVER) {
    r->ends_ns = CR_NS_NEVER;
    find_next_end(p);
  }
  r->next = p->free;
  p->free = run;
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void end_ops(struct cr_cuda_programs *p, cr_ns at_ns)
{
  for (uint32_t i = 0; i < p->cap; i++) {
    struct run *r = &p->run[i];
    if (r->ends_ns > at_ns)
      continue;
    r->ends_ns = CR_NS_NEVER;
    cr_hosts_ended(p->hosts, i, r->n_ended, at_ns);
  }
  find_next_end(p);
}

/* Calls and ends in their order. */
void cr_cuda_programs_move(struct cr_cuda_programs *p, cr_ns now_ns)
{
  while (p) {
    cr_ns call_ns = cr_hosts_next_ns(p->hosts), at_ns = cr_min_ns(call_ns, p->next_end_ns);
    if (at_ns > now_ns)
      break;
    if (p->next_end_ns <= call_ns) {
      end_ops(p, at_ns);
      continue;
    }
    uint32_t run = cr_hosts_take(p->hosts, call_ns);
    if (run != CR_NONE)
      p->due_ns[(size_t)run * p->longest + cr_hosts_launched(p->hosts, run) - 1] = call_ns;
  }
}

uint32_t cr_cuda_programs_due(const struct cr_cuda_programs *p, uint32_t run)
{
  return cr_hosts_launched(p->hosts, run);
}

void cr_cuda_programs_launched(struct cr_cuda_programs *p, uint32_t run, uint32_t i, cr_ns since_ns, cr_ns now_ns)
{
  cr_ns *due_ns = &p->due_ns[(size_t)run * p->longest + i];
  assert(*due_ns <= now_ns);
  cr_hist_add(p->late, now_ns - cr_max_ns(*due_ns, since_ns));
  *due_ns = now_ns;
}

const cr_ns *cr_cuda_programs_times(const struct cr_cuda_programs *p, uint32_t run)
{
  return &p->due_ns[(size_t)run * p->longest];
}

int cr_cuda_programs_waits(const struct cr_cuda_programs *p, uint32_t run, uint32_t i)
{
  return cr_op_holds_thread(&p->workload->op[p->run[run].op0 + i]);
}

void cr_cuda_programs_ended(struct cr_cuda_programs *p, uint32_t run, uint32_t i, cr_ns short_ns, cr_ns now_ns)
{
  struct run *r = &p->run[run];
  cr_cuda_programs_move(p, now_ns);
  r->n_ended = i + 1;
  r->ends_ns = cr_ns_add(now_ns, cr_max_ns(short_ns, 0));
  p->next_end_ns = cr_min_ns(p->next_end_ns, r->ends_ns);
  cr_cuda_programs_move(p, now_ns);
}

void cr_cuda_programs_tell(const struct cr_cuda_programs *p, struct cr_live *out)
{
  cr_live_hist(out, "launch_late", p->late);
}
