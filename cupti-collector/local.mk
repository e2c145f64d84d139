# cupti-collector/local.mk - the library that the CUDA driver loads into a program that is recorded.
#
# A shared object made as a program is, since the house has no other and needs no libtool for one.  It shares no code with
# the rest but the spool's writer, uses no heap, and shows two functions.  -z nodelete: a program that closes it would take
# the code of a running thread away.
collectordir = $(pkglibdir)
collector_PROGRAMS = libcorun-cupti.so
libcorun_cupti_so_SOURCES = \
  cupti-collector/buffer_pool.c cupti-collector/buffer_pool.h cupti-collector/clock_align.c cupti-collector/clock_align.h \
  cupti-collector/collect_options.c cupti-collector/collect_options.h cupti-collector/counted_batch.c \
  cupti-collector/counted_batch.h cupti-collector/counting.c cupti-collector/counting.h cupti-collector/cupti_abi.h \
  cupti-collector/cupti_calls.c cupti-collector/cupti_calls.h cupti-collector/decode.c cupti-collector/decode.h \
  cupti-collector/flusher.c cupti-collector/flusher.h cupti-collector/graph_nodes.c cupti-collector/graph_nodes.h \
  cupti-collector/injection.c cupti-collector/profiler_abi.h cupti-collector/profiler_calls.c cupti-collector/profiler_calls.h \
  cupti-collector/quiet_thread.c cupti-collector/quiet_thread.h cupti-collector/range_counter.c \
  cupti-collector/range_counter.h cupti-collector/recorder.c cupti-collector/recorder.h cupti-collector/subscriber.c \
  cupti-collector/subscriber.h cupti-collector/writer_thread.c cupti-collector/writer_thread.h traces/spool_layout.h \
  traces/spool_write.c traces/spool_write.h
libcorun_cupti_so_CPPFLAGS = -D_GNU_SOURCE $(CUDA_CPPFLAGS)
libcorun_cupti_so_CFLAGS = $(CR_FLAGS) -fPIC -fvisibility=hidden
libcorun_cupti_so_LDFLAGS = $(CR_LDFLAGS) -shared -Wl,-soname,libcorun-cupti.so -Wl,-z,nodelete
libcorun_cupti_so_LDADD =
# Where the toolkit's headers are, the compiler compares them with cupti_abi.h.
if CUDA_HEADERS
libcorun_cupti_so_SOURCES += cupti-collector/cupti_abi_check.c cupti-collector/profiler_abi_check.c
endif
EXTRA_DIST += cupti-collector/README.md
