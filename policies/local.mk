# policies/local.mk - one file a policy.  A new one: its word here, its line in policies/list.c.
noinst_LIBRARIES += libcrpolicies.a
libcrpolicies_a_SOURCES = \
  policies/dart.c policies/dart_tasks.c policies/dart_tasks.h policies/exclusive.c policies/fair.c policies/fifo.c policies/lane_policy.c policies/lane_policy.h policies/lanes.c \
  policies/lanes.h policies/list.c policies/list.h policies/mps.c policies/pack.c policies/priority.c policies/queue.h \
  policies/reef.c policies/reef_n.c policies/rt_first.c policies/rt_first.h policies/srtf.c policies/streams.c policies/threads.c policies/tenant.h \
  policies/timeslice.c policies/turns.c policies/turns.h policies/wait.c policies/waiting.c policies/waiting.h

policyqueuedir = $(includedir)/corun/policies
policyqueue_HEADERS = policies/queue.h
