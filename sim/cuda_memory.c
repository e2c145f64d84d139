/* cuda_memory.c - allocations on a real GPU for what jobs hold. */
#include "config.h"

#include "sim/cuda_memory.h"

#include <stdio.h>

#include "sim/mem.h"
#include "sim/policy.h"

struct block {
  cr_cu_address address; /* 0: none */
  int64_t bytes;
};

struct cr_cuda_memory {
  struct cr_cuda_gpu *gpu;
  const struct cr_workload *workload;
  struct block *holder; /* [n_holder]: jobs, then lanes */
  struct block *spare;  /* [n_holder], of which n_spare were given up and not yet given back */
  uint32_t n_holder, n_spare;
  int64_t budget_bytes, held_bytes, taken_bytes, held_max_bytes, taken_max_bytes;
  uint64_t n_taken;
  cr_ns take_ns, give_ns; /* spent in the driver */
};

int cr_cuda_memory_new(struct cr_cuda_gpu *gpu, const struct cr_workload *w, int64_t budget_bytes,
                       struct cr_cuda_memory **out, struct cr_err *err)
{
  size_t free_bytes = 0, total_bytes = 0;
  int rc = cr_cuda_check(&gpu->driver, gpu->driver.memory_info(&free_bytes, &total_bytes),
                         "asking how much memory is free", err);
  if (rc)
    return rc;
  if (budget_bytes > (int64_t)free_bytes)
    return cr_fail(
      err, CR_EINPUT,
      "jobs may hold all of the device's memory, %lld B, and the GPU here, %s, has %zu B free of %zu B; say less, "
      "such as --set device.mem=%zuMiB",
      (long long)budget_bytes, gpu->name, free_bytes, total_bytes, free_bytes >> 20);
  struct cr_cuda_memory *m = cr_mem_new(1, sizeof *m);
  if (!m)
    return cr_fail_nomem(err, "the memory of jobs");
  *m = (struct cr_cuda_memory){
    .gpu = gpu, .workload = w, .budget_bytes = budget_bytes, .n_holder = w->n_client + CR_LANE_MAX + 1};
  m->holder = cr_mem_new(m->n_holder, sizeof *m->holder);
  m->spare = cr_mem_new(m->n_holder, sizeof *m->spare);
  if (!m->holder || !m->spare) {
    cr_cuda_memory_free(m);
    return cr_fail_nomem(err, "the memory of jobs");
  }
  *out = m;
  return CR_OK;
}

static void give(struct cr_cuda_memory *m, const struct block *b)
{
  cr_ns from_ns = cr_monotonic_ns();
  m->gpu->driver.memory_free(b->address);
  m->give_ns += cr_monotonic_ns() - from_ns;
  m->taken_bytes -= b->bytes;
}

void cr_cuda_memory_give_back(struct cr_cuda_memory *m)
{
  while (m->n_spare)
    give(m, &m->spare[--m->n_spare]);
}

void cr_cuda_memory_free(struct cr_cuda_memory *m)
{
  if (!m)
    return;
  if (m->holder && m->spare && !m->gpu->hangs) {
    cr_cuda_memory_give_back(m);
    for (uint32_t i = 0; i < m->n_holder; i++)
      if (m->holder[i].address)
        give(m, &m->holder[i]);
  }
  cr_mem_free(m->holder);
  cr_mem_free(m->spare);
  cr_mem_free(m);
}

static void give_up(struct cr_cuda_memory *m, struct block *b)
{
  if (!b->address)
    return;
  m->held_bytes -= b->bytes;
  if (m->n_spare == m->n_holder)
    cr_cuda_memory_give_back(m);
  m->spare[m->n_spare++] = *b;
  *b = (struct block){0};
}

static int take_spare(struct cr_cuda_memory *m, int64_t bytes, struct block *out)
{
  for (uint32_t i = 0; i < m->n_spare; i++)
    if (m->spare[i].bytes == bytes) {
      *out = m->spare[i];
      m->spare[i] = m->spare[--m->n_spare];
      return 1;
    }
  return 0;
}

static int take(struct cr_cuda_memory *m, int64_t bytes, struct block *out)
{
  cr_cu_address address = 0;
  if (bytes > m->budget_bytes - m->taken_bytes)
    cr_cuda_memory_give_back(m);
  cr_ns from_ns = cr_monotonic_ns();
  int error = m->gpu->driver.memory_new(&address, (size_t)bytes);
  m->take_ns += cr_monotonic_ns() - from_ns;
  if (error == CR_CU_OUT_OF_MEMORY && m->n_spare) {
    cr_cuda_memory_give_back(m);
    return take(m, bytes, out);
  }
  if (error)
    return error;
  *out = (struct block){.address = address, .bytes = bytes};
  m->n_taken++;
  m->taken_bytes += bytes;
  m->taken_max_bytes = m->taken_bytes > m->taken_max_bytes ? m->taken_bytes : m->taken_max_bytes;
  return CR_CU_OK;
}

static int say_full(const struct cr_cuda_memory *m, uint32_t holder, int64_t bytes, struct cr_err *err)
{
  uint32_t n_client = m->workload->n_client;
  char whose[80];
  if (holder < n_client)
    snprintf(whose, sizeof whose, "job %.60s", m->workload->client[holder].name);
  else
    snprintf(whose, sizeof whose, "lane %u", holder - n_client);
  return cr_fail(
    err, CR_ERUN,
    "%s is to have %lld B of the GPU's memory, and there is not so much left beside %lld B that jobs hold; is "
    "another program on it? a smaller device.mem makes jobs wait",
    whose, (long long)bytes, (long long)m->held_bytes);
}

int cr_cuda_memory_hold(struct cr_cuda_memory *m, uint32_t holder, int64_t bytes, struct cr_err *err)
{
  struct block *b = &m->holder[holder];
  if (b->bytes == bytes)
    return CR_OK;
  give_up(m, b);
  if (bytes == 0)
    return CR_OK;
  int error = take_spare(m, bytes, b) ? CR_CU_OK : take(m, bytes, b);
  if (error == CR_CU_OUT_OF_MEMORY)
    return say_full(m, holder, bytes, err);
  if (error)
    return cr_cuda_check(&m->gpu->driver, error, "memory of jobs", err);
  m->held_bytes += bytes;
  m->held_max_bytes = m->held_bytes > m->held_max_bytes ? m->held_bytes : m->held_max_bytes;
  return CR_OK;
}

void cr_cuda_memory_tell(const struct cr_cuda_memory *m, struct cr_live *out)
{
  cr_live_number(out, "memory_held_max_bytes", (double)m->held_max_bytes);
  cr_live_number(out, "memory_taken_max_bytes", (double)m->taken_max_bytes);
  cr_live_number(out, "memory_allocations", (double)m->n_taken);
  cr_live_number(out, "memory_take_ns", (double)m->take_ns);
  cr_live_number(out, "memory_give_ns", (double)m->give_ns);
}
