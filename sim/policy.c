/* policy.c - the names of what a backend can do. */
#include "config.h"

#include "sim/policy.h"

const char *const cr_cap_name[CR_N_CAP] = {
  "park", "evict", "kill", "switch", "share", "slice", "pad", "mem", "node", "priority",
  "process", "queue", "batch",
};

const char *const cr_verdict_name[CR_N_VERDICT] = {
  "admitted", "refused", "demoted", "restored", "left demoted", "unbounded",
};

const char *const cr_why_name[CR_N_WHY] = {
  "none", "overrun", "passes", "copies", "misses", "period", "deadline", "path", "size", "place", "copy",
};
