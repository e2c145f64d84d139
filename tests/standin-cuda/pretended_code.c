/* pretended_code.c - modules and functions: of their text only what kind it is and how many registers it takes. */
#include "config.h"

#include "tests/standin-cuda/pretended_code.h"

#include <stdlib.h>
#include <string.h>

#include "tests/standin-cuda/pretended_driver.h"
#include "tests/standin-cuda/pretended_fault.h"

/* Values from which on a merged launch takes more registers, as ptxas of CUDA 13.0 does for sm_90. */
enum { MERGED_JUMP = 66 };

struct cr_cu_module {
  struct cr_cu_module *next;
  struct cr_cu_function function;
};

/* All that there are, as in pretended_memory.c. */
static struct cr_cu_module *loaded;

uint32_t function_sm_blocks(const struct cr_cu_function *f, uint32_t threads, uint32_t smem)
{
  uint32_t warps = (threads + 31) / 32, most = SM_BLOCKS, sm_warps = fault_is("small-sm") ? 8 : SM_WARPS;
  uint32_t by_warps = sm_warps / warps, by_regs = SM_REGS / (f->regs * 32 * warps), by_smem = SM_SMEM / (smem + 1024);
  most = by_warps < most ? by_warps : most;
  most = by_regs < most ? by_regs : most;
  return by_smem < most ? by_smem : most;
}

int function_clusters(const struct cr_cu_function *f, uint32_t cluster_blocks)
{
  if (fault_is("no-clusters") || !f->is_for_clusters || !cluster_blocks)
    return INVALID;
  return cluster_blocks > (f->wide_clusters ? CLUSTER_MOST : CLUSTER_PLAIN) ? CR_CU_INVALID_CLUSTER : CR_CU_OK;
}

int cuModuleLoadDataEx(cr_cu_module *module, const void *image, unsigned n, int *option, void **value)
{
  const char *text = image, *live = strstr(text, ".reg .f32 %f<");
  (void)n;
  (void)option;
  (void)value;
  int is_merged = strstr(text, ".entry merged(") != NULL;
  if (!live || (!is_merged && !strstr(text, ".entry standin(")))
    return INVALID_PTX;
  struct cr_cu_module *m = calloc(1, sizeof *m);
  if (!m)
    return CR_CU_OUT_OF_MEMORY;
  m->function.spins = strncmp(text, "// spins", 8) == 0;
  uint32_t n_live = (uint32_t)strtoul(live + strlen(".reg .f32 %f<"), NULL, 10);
  m->function.regs = n_live + 17 + (is_merged && n_live >= MERGED_JUMP ? 4 : 0);
  m->function.is_merged = is_merged;
  m->function.is_for_clusters = strstr(text, ".target sm_90\n") != NULL;
  if (m->function.is_for_clusters && fault_is("no-clusters")) {
    free(m);
    return INVALID_PTX;
  }
  m->next = loaded;
  loaded = m;
  *module = m;
  return CR_CU_OK;
}

int cuModuleUnload(cr_cu_module module)
{
  struct cr_cu_module **at = &loaded;
  while (*at != module)
    at = &(*at)->next;
  *at = module->next;
  free(module);
  return CR_CU_OK;
}

int cuModuleGetFunction(cr_cu_function *function, cr_cu_module module, const char *name)
{
  *function = &module->function;
  return strcmp(name, module->function.is_merged ? "merged" : "standin") == 0 ? CR_CU_OK : INVALID;
}

int cuFuncGetAttribute(int *value, int attribute, cr_cu_function function)
{
  *value = (int)function->regs;
  return attribute == CR_CU_FUNCTION_REGS ? CR_CU_OK : INVALID;
}

int cuFuncSetAttribute(cr_cu_function function, int attribute, int value)
{
  if (attribute == CR_CU_FUNCTION_CARVEOUT)
    return value >= 0 && value <= 100 ? CR_CU_OK : INVALID;
  if (attribute == CR_CU_FUNCTION_WIDE_CLUSTERS) {
    function->wide_clusters = value;
    return value == 0 || value == 1 ? CR_CU_OK : INVALID;
  }
  if (attribute != CR_CU_FUNCTION_SMEM_MAX || value > BLOCK_SMEM)
    return INVALID;
  function->smem_max = (uint32_t)value;
  return CR_CU_OK;
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, cr_cu_function function, int threads, size_t smem)
{
  *blocks = (int)function_sm_blocks(function, (uint32_t)threads, (uint32_t)smem);
  return CR_CU_OK;
}
