/* cores.c - asks Linux which cores there are, and pins threads. */
#define _GNU_SOURCE 1 /* sched_setaffinity */
#include "config.h"

#include "sim/cores.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

_Static_assert((int)CR_CORES_MAX <= (int)CPU_SETSIZE, "a set of the system holds all cores that we count");

int cr_cores_mine(struct cr_cores *out, struct cr_err *err)
{
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set))
    return cr_fail(err, CR_ERUN, "asking on which CPU cores to run: %s", strerror(errno));
  out->n = 0;
  for (uint16_t i = 0; i < CR_CORES_MAX; i++)
    if (CPU_ISSET(i, &set))
      out->core[out->n++] = i;
  return CR_OK;
}

int cr_cores_keep(const uint16_t *core, uint32_t n, struct cr_err *err)
{
  cpu_set_t set;
  CPU_ZERO(&set);
  for (uint32_t i = 0; i < n; i++)
    CPU_SET(core[i], &set);
  if (sched_setaffinity(0, sizeof set, &set))
    return cr_fail(err, CR_ERUN, "keeping a thread on CPU core %u: %s", n ? core[0] : 0, strerror(errno));
  return CR_OK;
}
