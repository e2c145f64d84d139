/* list.c - the policies there are. */
#include "config.h"

#include "policies/list.h"

#include <string.h>

extern const struct cr_policy_ops cr_policy_dart, cr_policy_exclusive, cr_policy_fair, cr_policy_fifo, cr_policy_mps,
  cr_policy_pack, cr_policy_priority, cr_policy_reef, cr_policy_reef_n, cr_policy_srtf, cr_policy_streams,
  cr_policy_threads, cr_policy_timeslice, cr_policy_wait;

const struct cr_policy_ops *const cr_policy_list[] = {
  &cr_policy_exclusive, &cr_policy_streams, &cr_policy_priority, &cr_policy_timeslice, &cr_policy_mps,
  &cr_policy_fifo,      &cr_policy_srtf,    &cr_policy_pack,     &cr_policy_fair,      &cr_policy_reef,
  &cr_policy_reef_n,    &cr_policy_wait,    &cr_policy_dart,     &cr_policy_threads,   NULL,
};

const struct cr_policy_ops *cr_policy_find(const char *name, size_t n)
{
  for (uint32_t i = 0; cr_policy_list[i]; i++)
    if (strlen(cr_policy_list[i]->name) == n && memcmp(cr_policy_list[i]->name, name, n) == 0)
      return cr_policy_list[i];
  return NULL;
}
