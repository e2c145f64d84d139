# tests/local.mk - one program a module, tests/t_MODULE.c, and checks in shell.  A new one is one word in a list.
#
# Every case is a line of TAP.  Without cmocka the programs are built against tests/no_cmocka.h and skip each case.
unit_tests = \
  tests/t_alloc \
  tests/t_arrival \
  tests/t_batch \
  tests/t_bell \
  tests/t_bench \
  tests/t_backend_cuda \
  tests/t_block_times \
  tests/t_collect_options \
  tests/t_conformance \
  tests/t_copies \
  tests/t_core \
  tests/t_core_jobs \
  tests/t_core_memory \
  tests/t_cpu_node \
  tests/t_cuda_job \
  tests/t_cuda_turns \
  tests/t_csv \
  tests/t_cuda_eager \
  tests/t_cuda_parts \
  tests/t_cuda_program \
  tests/t_dart \
  tests/t_dart_plan \
  tests/t_dart_tasks \
  tests/t_design \
  tests/t_device_file \
  tests/t_device_models \
  tests/t_device_queue tests/t_feeder \
  tests/t_disb \
  tests/t_docs_tables \
  tests/t_eager \
  tests/t_engine_jobs \
  tests/t_engine_stop tests/t_engine_stops \
  tests/t_fair tests/t_farm \
  tests/t_finding \
  tests/t_fit \
  tests/t_fluid \
  tests/t_goal \
  tests/t_gpu tests/t_gpu_laws \
  tests/t_heap \
  tests/t_hist \
  tests/t_interval \
  tests/t_iteration \
  tests/t_iteration_table \
  tests/t_iterations \
  tests/t_jobs \
  tests/t_jobs_generate \
  tests/t_kernel_class \
  tests/t_kineto \
  tests/t_lane_policy \
  tests/t_lanes \
  tests/t_late \
  tests/t_layer_trace \
  tests/t_ledger \
  tests/t_live_nodes \
  tests/t_live_order \
  tests/t_machine \
  tests/t_memory \
  tests/t_memory_curve \
  tests/t_memory_gauge \
  tests/t_memory_recording \
  tests/t_memory_table \
  tests/t_memory_track \
  tests/t_metric \
  tests/t_micro \
  tests/t_monkey \
  tests/t_mutated_databases tests/t_mutated_recordings tests/t_mutated_texts \
  tests/t_node_config \
  tests/t_nearest \
  tests/t_gpu_node \
  tests/t_node_device \
  tests/t_nodes \
  tests/t_nsys tests/t_nsys_damage tests/t_nsys_device tests/t_nsys_ranges \
  tests/t_one_node \
  tests/t_option \
  tests/t_orion \
  tests/t_pad tests/t_pad_refused \
  tests/t_period \
  tests/t_plan_run \
  tests/t_plugin \
  tests/t_preempt_h200 \
  tests/t_preempt_random \
  tests/t_progress \
  tests/t_queue \
  tests/t_rank tests/t_ranking \
  tests/t_recordings \
  tests/t_reef \
  tests/t_replay \
  tests/t_report \
  tests/t_rng \
  tests/t_rotate \
  tests/t_rotation \
  tests/t_rta \
  tests/t_rundb \
  tests/t_spans \
  tests/t_scenario \
  tests/t_scenario_jobs \
  tests/t_scenario_memory \
  tests/t_scenario_node \
  tests/t_search tests/t_search_log \
  tests/t_sleepers \
  tests/t_slices \
  tests/t_soundness \
  tests/t_spool \
  tests/t_spool_import \
  tests/t_stage_split \
  tests/t_standin \
  tests/t_standin_cache \
  tests/t_stats \
  tests/t_store \
  tests/t_task_file \
  tests/t_task_generate \
  tests/t_text \
  tests/t_timeline \
  tests/t_timeline_check \
  tests/t_truth \
  tests/t_unit \
  tests/t_use_curve \
  tests/t_validate \
  tests/t_waiting \
  tests/t_workload \
  tests/t_yaml_set

script_tests = \
  tests/calibrate.sh \
  tests/cli.sh \
  tests/batch_cli.sh \
  tests/collector.sh \
  tests/cuda_cli.sh \
  tests/dart_cli.sh \
  tests/collect_cli.sh \
  tests/completion.sh \
  tests/dart_vectors.sh \
  tests/docs_commands.sh \
  tests/docs_policy.sh \
  tests/docs_quotes.sh \
  tests/figure.sh \
  tests/golden.sh \
  tests/imports_cli.sh \
  tests/jobs_cli.sh \
  tests/layers.sh \
  tests/live_cli.sh \
  tests/man.sh \
  tests/memory_cli.sh \
  tests/nodes_cli.sh \
  tests/nsys_cli.sh \
  tests/opt_levels.sh \
  tests/out_of_tree.sh \
  tests/plan_cli.sh \
  tests/reef.sh \
  tests/salus.sh \
  tests/report_cli.sh \
  tests/report_page.sh \
  tests/store_cli.sh \
  tests/study.sh \
  tests/sweep_cli.sh \
  tests/slurm.sh \
  tests/tune_db.sh \
  tests/symbols.sh \
  tests/task_sets_cli.sh \
  tests/tune_cli.sh

check_LIBRARIES += libcrtest.a
libcrtest_a_SOURCES = \
  tests/adversary.c tests/adversary.h tests/cuda_load.c tests/cuda_load.h tests/fake_backend.c tests/fake_backend.h tests/gpu_bench.c tests/gpu_bench.h tests/lane_run.c tests/lane_run.h tests/load.c tests/load.h tests/made.c tests/made.h \
  tests/manager.c tests/manager.h tests/mutation.c tests/mutation.h tests/no_cmocka.h tests/node_load.c tests/node_load.h tests/nsys_file.c tests/nsys_file.h tests/nsys_import.c tests/nsys_import.h tests/pipeline.c tests/pipeline.h tests/rig.c tests/rig.h tests/script.c tests/script.h tests/spool_made.c tests/spool_made.h tests/t.c tests/t.h

check_PROGRAMS += $(unit_tests) tests/dart_vectors tests/nsys_write

# What the collector is tried against: a libcupti that records what a program with a script tells it to, and a reader.
standin = tests/standin-cupti/libcupti.so.13 tests/standin-cupti/libcupti_old.so.13 tests/standin-cupti/libcuda.so.1 \
  tests/standin-cupti/standin_program tests/standin-cupti/spool_dump
check_PROGRAMS += $(standin)
tests_t_collect_options_SOURCES = tests/t_collect_options.c cupti-collector/collect_options.c cupti-collector/collect_options.h
tests_standin_cupti_libcupti_so_13_SOURCES = tests/standin-cupti/standin_cupti.c tests/standin-cupti/standin_cupti.h \
  tests/standin-cupti/standin_profiler.c
tests_standin_cupti_libcupti_so_13_CFLAGS = $(CR_FLAGS) -fPIC
tests_standin_cupti_libcupti_so_13_LDFLAGS = $(CR_LDFLAGS) -shared -Wl,-soname,libcupti.so.13
tests_standin_cupti_libcupti_so_13_LDADD =
# One that has no range profiler, and of the driver what is asked of it.
tests_standin_cupti_libcupti_old_so_13_SOURCES = tests/standin-cupti/standin_cupti.c tests/standin-cupti/standin_cupti.h
tests_standin_cupti_libcupti_old_so_13_CFLAGS = $(CR_FLAGS) -fPIC
tests_standin_cupti_libcupti_old_so_13_LDFLAGS = $(CR_LDFLAGS) -shared -Wl,-soname,libcupti.so.12
tests_standin_cupti_libcupti_old_so_13_LDADD =
tests_standin_cupti_libcuda_so_1_SOURCES = tests/standin-cupti/standin_cuda_driver.c tests/standin-cupti/standin_cupti.h
tests_standin_cupti_libcuda_so_1_CFLAGS = $(CR_FLAGS) -fPIC
tests_standin_cupti_libcuda_so_1_LDFLAGS = $(CR_LDFLAGS) -shared -Wl,-soname,libcuda.so.1
tests_standin_cupti_libcuda_so_1_LDADD =
tests_standin_cupti_standin_program_SOURCES = tests/standin-cupti/standin_program.c tests/standin-cupti/standin_cupti.h
tests_standin_cupti_standin_program_LDFLAGS = $(CR_LDFLAGS)
tests_standin_cupti_standin_program_LDADD =
tests_standin_cupti_spool_dump_SOURCES = tests/standin-cupti/spool_dump.c
tests_standin_cupti_spool_dump_LDFLAGS = $(CR_LDFLAGS)
tests_standin_cupti_spool_dump_LDADD = libcrtraces.a libcrsim.a $(system_libs)
TESTS = $(unit_tests) $(script_tests)
EXTRA_DIST += $(script_tests) tests/sanitizer.bash tests/tap.bash tests/data tests/golden tests/scenarios

# A pretended GPU behind the calls of the CUDA driver, one whose driver is too old, and one that has no green contexts.
check_PROGRAMS += tests/standin_cuda.so tests/standin_cuda_old.so tests/standin_cuda_plain.so
check_LIBRARIES += libpretended.a
pretended_flags = $(CR_FLAGS) -fPIC -fvisibility=hidden
libpretended_a_SOURCES = tests/standin-cuda/pretended_code.c tests/standin-cuda/pretended_code.h \
  tests/standin-cuda/pretended_device.c tests/standin-cuda/pretended_driver.h tests/standin-cuda/pretended_fault.c \
  tests/standin-cuda/pretended_fault.h tests/standin-cuda/pretended_graph.c tests/standin-cuda/pretended_graph.h \
  tests/standin-cuda/pretended_launch.c tests/standin-cuda/pretended_memory.c tests/standin-cuda/pretended_memory.h \
  tests/standin-cuda/pretended_move.c tests/standin-cuda/pretended_op.c tests/standin-cuda/pretended_op.h \
  tests/standin-cuda/pretended_run.c tests/standin-cuda/pretended_run.h tests/standin-cuda/pretended_stream.c \
  tests/standin-cuda/pretended_stream.h tests/standin-cuda/pretended_times.c tests/standin-cuda/pretended_times.h \
  tests/standin-cuda/pretended_turn.c tests/standin-cuda/pretended_turn.h
libpretended_a_CFLAGS = $(pretended_flags)
tests_standin_cuda_so_SOURCES = tests/standin-cuda/pretended_capture.c tests/standin-cuda/pretended_green.c
tests_standin_cuda_so_CFLAGS = $(pretended_flags)
tests_standin_cuda_so_LDFLAGS = $(CR_LDFLAGS) -shared
tests_standin_cuda_so_LDADD = $(libpretended_a_OBJECTS)
tests_standin_cuda_old_so_SOURCES = tests/standin-cuda/pretended_green.c
tests_standin_cuda_old_so_CFLAGS = $(pretended_flags)
tests_standin_cuda_old_so_LDFLAGS = $(CR_LDFLAGS) -shared
tests_standin_cuda_old_so_LDADD = $(libpretended_a_OBJECTS)
tests_standin_cuda_plain_so_SOURCES = tests/standin-cuda/pretended_capture.c
tests_standin_cuda_plain_so_CFLAGS = $(pretended_flags)
tests_standin_cuda_plain_so_LDFLAGS = $(CR_LDFLAGS) -shared
tests_standin_cuda_plain_so_LDADD = $(libpretended_a_OBJECTS)

# Programs that name no libraries of their own are tests: all of the house, whose allocations go through tests/t.c.
LDADD = libcrtest.a $(house_libs) libcrtest.a $(CMOCKA_LIBS) $(system_libs)
AM_LDFLAGS = $(CR_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=aligned_alloc

TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(SHELL) $(top_srcdir)/build-aux/tap-cmocka.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = \
  LC_ALL=C; TZ=UTC; CMOCKA_MESSAGE_OUTPUT=TAP; export LC_ALL TZ CMOCKA_MESSAGE_OUTPUT; \
  builddir=.; CORUN_DATA='$(abs_builddir)/share/corun'; export builddir CORUN_DATA; \
  CC='$(CC)'; NM='$(NM)'; MAKE='$(MAKE)'; PKG_CONFIG='$(PKG_CONFIG)'; export CC NM MAKE PKG_CONFIG; \
  CORUN_SOURCES='$(program_sources)'; export CORUN_SOURCES; \
  CORUN_COMPILE='$(house_cppflags) $(CPPFLAGS) $(CR_FLAGS)'; export CORUN_COMPILE; \
  CORUN_LIBS='$(CR_LDFLAGS) $(LDFLAGS) $(system_libs) $(LIBS)'; export CORUN_LIBS;
# What a sanitizer finds ends a program with a status that no test wants; without this it would be 1, as of a run that failed.
if SANITIZE
AM_TESTS_ENVIRONMENT += \
  ASAN_OPTIONS="exitcode=99:$$ASAN_OPTIONS"; UBSAN_OPTIONS="exitcode=99:print_stacktrace=1:$$UBSAN_OPTIONS"; \
  TSAN_OPTIONS="exitcode=99:$$TSAN_OPTIONS"; export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS;
endif
program_sources = $(corun_SOURCES) $(libcrpolicies_a_SOURCES) $(libcrplan_a_SOURCES) $(libcrstudies_a_SOURCES) $(libcrtraces_a_SOURCES) $(libcrcalib_a_SOURCES) $(libcrpages_a_SOURCES)
EXTRA_DIST += build-aux/tap-cmocka.sh

# make bench: how fast it is.  Links as the program does, with the allocator as it is.
EXTRA_PROGRAMS += tests/bench
tests_bench_SOURCES = tests/bench.c tests/bench_heap.c tests/bench_heap.h tests/bench_jobs.c tests/bench_jobs.h \
  tests/bench_nsys.c tests/bench_nsys.h tests/nsys_file.c tests/nsys_file.h
tests_bench_LDFLAGS = $(CR_LDFLAGS)
tests_bench_LDADD = $(house_libs) $(system_libs)
bench: all tests/bench$(EXEEXT) $(standin)
	CORUN_DATA='$(abs_builddir)/share/corun' tests/bench$(EXEEXT)
	builddir=. bash $(srcdir)/tests/bench_collector.sh
EXTRA_DIST += tests/bench_collector.sh
PHONY += bench

# make soundness: the long search for a task that responds later than its bounds say (SOUNDNESS="SETS EFFORT PROCESSES SEED"), and
# plans of more sets, run.
EXTRA_PROGRAMS += tests/soundness
tests_soundness_SOURCES = tests/adversary.c tests/adversary.h tests/pipeline.c tests/pipeline.h tests/soundness.c
tests_soundness_LDFLAGS = $(CR_LDFLAGS)
tests_soundness_LDADD = $(house_libs) $(system_libs)
soundness: all tests/soundness$(EXEEXT) tests/t_plan_run$(EXEEXT)
	tests/soundness$(EXEEXT) $(SOUNDNESS)
	CORUN_DATA='$(abs_builddir)/share/corun' tests/t_plan_run$(EXEEXT) 2000
PHONY += soundness

# make bench-instructions: the same in instructions a kernel, which no other load on the machine changes.
EXTRA_DIST += tests/bench_instructions.sh
bench-instructions: all
	builddir=. CORUN_DATA='$(abs_builddir)/share/corun' bash $(srcdir)/tests/bench_instructions.sh
PHONY += bench-instructions

# make bench-peers: corun beside other simulators, which INSTALL=1 installs (Debian's packages).
EXTRA_PROGRAMS += tests/peers/peer_corun
tests_peers_peer_corun_SOURCES = tests/peers/peer_corun.c tests/peers/work.h
tests_peers_peer_corun_LDFLAGS = $(CR_LDFLAGS)
tests_peers_peer_corun_LDADD = $(house_libs) $(system_libs)
EXTRA_DIST += tests/bench_peers.sh tests/peers/peer_ns3.cpp tests/peers/peer_simgrid.cpp tests/peers/peer_simpy.py
bench-peers: tests/peers/peer_corun$(EXEEXT)
	builddir=. bash $(srcdir)/tests/bench_peers.sh
PHONY += bench-peers

# make golden: writes the golden ledgers anew.  The commit that takes them says why decisions changed.
golden: all
	GOLDEN=write srcdir='$(srcdir)' builddir=. CORUN_DATA='$(abs_builddir)/share/corun' bash $(srcdir)/tests/golden.sh
PHONY += golden
