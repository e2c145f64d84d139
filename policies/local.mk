# policies/local.mk - one file a policy.  A new one: its word here, its line in policies/list.c.
noinst_LIBRARIES += libcrpolicies.a
libcrpolicies_a_SOURCES = \
  policies/exclusive.c policies/list.c policies/list.h policies/mps.c policies/priority.c \
  policies/queue.h policies/streams.c policies/timeslice.c

policyqueuedir = $(includedir)/corun/policies
policyqueue_HEADERS = policies/queue.h
