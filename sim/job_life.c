/* job_life.c - the lives of the jobs of a run. */
#include "config.h"

#include "sim/job_life.h"

#include "sim/memory.h"

/* What an entry stands for, above the job in `what`; a job that leaves says how above that. */
enum { SUBMIT, READY, REQUEST, LEAVE };
enum { STEP_SHIFT = 32, HOW_SHIFT = 40 };

static int push(struct cr_job_life *l, cr_ns at_ns, uint64_t step, uint32_t job)
{
  return cr_heap_push(l->heap, at_ns, l->class, step << STEP_SHIFT | job);
}

static int push_leave(struct cr_job_life *l, cr_ns at_ns, uint32_t job, enum cr_job_end how)
{
  return push(l, at_ns, (uint64_t)how << (HOW_SHIFT - STEP_SHIFT) | LEAVE, job);
}

int cr_job_life_expect(struct cr_job_life *l, uint32_t job, cr_ns at_ns)
{
  return push(l, at_ns, SUBMIT, job);
}

static int start(struct cr_job_life *l, uint32_t job, cr_ns now_ns)
{
  l->result[job].start_ns = now_ns;
  return push(l, cr_ns_add(now_ns, l->workload->client[job].job.startup_ns), READY, job);
}

static void leave(struct cr_job_life *l, uint32_t job, enum cr_job_end how, cr_ns now_ns)
{
  struct cr_job_result *r = &l->result[job];
  r->end_ns = now_ns;
  r->how = how;
}

/* What a job was given is not what it really needs: it fails when that turns out to be too little. */
static int admit(struct cr_job_life *l, const struct cr_note *asked, cr_ns now_ns)
{
  uint32_t job = asked->a;
  l->result[job].admit_ns = now_ns;
  if (l->workload->model[l->workload->client[job].model.i].persistent_bytes > (int64_t)asked->t ||
      !cr_job_life_fits(l, job))
    return cr_job_life_fail(l, job, now_ns);
  return push(l, now_ns, REQUEST, job);
}

int cr_job_life_asked(struct cr_job_life *l, const struct cr_note *asked, cr_ns now_ns)
{
  switch (asked->kind) {
  case CR_NOTE_START:
    return start(l, asked->a, now_ns);
  case CR_NOTE_REJECT:
    leave(l, asked->a, CR_JOB_REJECTED, now_ns);
    return CR_OK;
  case CR_NOTE_ADMIT:
    return admit(l, asked, now_ns);
  default:
    return CR_OK;
  }
}

int cr_job_life_fits(const struct cr_job_life *l, uint32_t job)
{
  const struct cr_model_info *m = &l->workload->model[l->workload->client[job].model.i];
  if (!cr_host_manages_jobs(l->host))
    return 1;
  uint32_t lane = cr_memory_lane_of(l->host->memory, job);
  int64_t spare = cr_memory_held(l->host->memory, job) - (m->persistent_bytes > 0 ? m->persistent_bytes : 0);
  return m->ephemeral_bytes - spare <= cr_memory_see_lane(l->host->memory, lane)->bytes;
}

int cr_job_life_fail(struct cr_job_life *l, uint32_t job, cr_ns now_ns)
{
  return push_leave(l, now_ns, job, CR_JOB_NO_MEMORY);
}

int cr_job_life_drop(struct cr_job_life *l, uint32_t job, cr_ns now_ns)
{
  return push_leave(l, now_ns, job, CR_JOB_UNFINISHED);
}

int cr_job_life_due(struct cr_job_life *l, const struct cr_entry *entry, cr_ns now_ns, struct cr_note *out)
{
  uint32_t job = (uint32_t)entry->what, step = (uint32_t)(entry->what >> STEP_SHIFT) & 0xff;
  *out = (struct cr_note){.at_ns = now_ns, .a = job};
  switch (step) {
  case SUBMIT:
    l->result[job].submit_ns = entry->at_ns;
    out->kind = CR_NOTE_JOB;
    out->t = (uint64_t)entry->at_ns;
    return 1;
  case READY:
    out->kind = CR_NOTE_READY;
    if (l->host->job_step[job] != CR_JOB_STARTING) /* rejected */
      return 0;
    l->result[job].ready_ns = now_ns;
    return 1;
  case REQUEST:
    *out = (struct cr_note){.at_ns = now_ns, .kind = CR_NOTE_REQUEST, .b = job, .t = (uint64_t)entry->at_ns};
    return 1;
  default:
    out->kind = CR_NOTE_LEAVE;
    out->b = (uint32_t)(entry->what >> HOW_SHIFT);
    leave(l, job, (enum cr_job_end)out->b, now_ns);
    return 1;
  }
}

int cr_job_life_told(struct cr_job_life *l, const struct cr_note *told)
{
  uint32_t job = told->a;
  if (cr_host_manages_jobs(l->host))
    return CR_OK;
  if (told->kind == CR_NOTE_JOB)
    return start(l, job, told->at_ns);
  if (told->kind != CR_NOTE_READY)
    return CR_OK;
  if (l->host->job_step[job] != CR_JOB_ADMITTED)
    return cr_job_life_fail(l, job, told->at_ns);
  l->result[job].admit_ns = told->at_ns;
  return push(l, told->at_ns, REQUEST, job);
}

void cr_job_life_reached(struct cr_job_life *l, uint32_t job, cr_ns reach_ns)
{
  l->result[job].first_ns = cr_min_ns(l->result[job].first_ns, reach_ns);
}

struct cr_note cr_job_life_done(struct cr_job_life *l, uint32_t job, cr_ns now_ns)
{
  leave(l, job, CR_JOB_DONE, now_ns);
  return (struct cr_note){.at_ns = now_ns, .kind = CR_NOTE_LEAVE, .a = job, .b = CR_JOB_DONE};
}

void cr_job_life_end(struct cr_job_life *l)
{
  for (uint32_t i = 0; l->result && i < l->workload->n_client; i++)
    l->result[i].used_ns = l->host->client_used_ns[i];
}
