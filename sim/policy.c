/* policy.c - the names of what a backend can do. */
#include "config.h"

#include "sim/policy.h"

const char *const cr_cap_name[CR_N_CAP] = {
  "park", "evict", "kill", "switch", "share", "slice", "pad", "mem", "node", "priority",
  "process", "queue",
};
