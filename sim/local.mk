# sim/local.mk - the simulator's library, the headers a policy is built against, and the program.
noinst_LIBRARIES += libcrsim.a
libcrsim_a_SOURCES = \
  sim/backend_cuda.c sim/bell.c sim/bell.h sim/cores.c sim/cores.h sim/cpu_node.c sim/cpu_node.h sim/cuda_clock.c sim/cuda_clock.h sim/cuda_node.c sim/cuda_node.h sim/live_nodes.c sim/live_nodes.h sim/node_work.h \
  sim/cuda_driver.c sim/cuda_driver.h sim/cuda_gpu.c sim/cuda_gpu.h sim/cuda_graph.c sim/cuda_graph.h sim/cuda_job.c sim/cuda_job.h sim/cuda_memory.c sim/cuda_memory.h sim/cuda_parts.c sim/cuda_parts.h sim/cuda_pass.c sim/cuda_pass.h sim/cuda_program.c sim/cuda_program.h sim/cuda_queue.c sim/cuda_queue.h sim/cuda_share.c sim/cuda_share.h sim/cuda_stream.c sim/cuda_stream.h sim/cuda_turns.c sim/cuda_turns.h sim/live.c sim/live.h sim/report_live.c sim/report_live.h sim/merged_ptx.c sim/merged_ptx.h sim/standin.c sim/standin.h sim/standin_bench.c sim/standin_bench.h sim/standin_code.c sim/standin_code.h sim/standin_fit.c sim/standin_fit.h sim/standin_int.h sim/standin_kept.c sim/standin_kept.h sim/standin_launch.c sim/standin_launch.h sim/standin_merged.c sim/standin_merged.h sim/standin_model.c sim/standin_piece.c sim/standin_piece.h sim/standin_ptx.c sim/standin_ptx.h \
  sim/standin_cache.c sim/standin_cache.h sim/standin_shape.c sim/standin_shape.h sim/standin_wanted.c sim/standin_wanted.h sim/stream_ptx.c sim/stream_ptx.h \
  sim/arrival.c sim/arrival.h sim/ask.c sim/ask.h sim/backend.h sim/backend_sim.c \
  sim/backend_wall.c sim/batch.c sim/batch.h sim/block_times.c sim/block_times.h sim/base.c sim/base.h sim/core.c sim/core.h sim/core_asked.c sim/core_int.h sim/core_sources.c sim/dependents.c sim/dependents.h sim/device_model.c \
  sim/device_model.h sim/device_queue.c sim/device_queue.h sim/engine.c sim/engine.h sim/engine_int.h sim/engine_iterations.c sim/engine_pad.c \
  sim/engine_stop.c \
  sim/copy_engines.c sim/copy_engines.h sim/feeder.c sim/feeder.h sim/finding.c sim/finding.h \
  sim/fluid.c sim/fluid.h sim/fluid_int.h sim/fluid_shape.c sim/gpu.c sim/gpu.h sim/gpu_block.c sim/gpu_cohort.c sim/gpu_int.h sim/gpu_model.c \
  sim/gpu_node.c sim/gpu_node.h sim/gpu_rate.c \
  sim/gpu_shape.c sim/gpu_sm.c sim/heap.c sim/heap.h sim/hist.c sim/hist.h sim/host.c sim/host.h sim/host_batch.c sim/host_job.c sim/host_turns.c sim/host_thread.c sim/host_thread.h \
  sim/iterations.c sim/iterations.h sim/job_life.c sim/job_life.h \
  sim/ledger.c sim/ledger.h sim/machine.c sim/machine.h sim/mem.c sim/mem.h sim/memory.c sim/memory.h \
  sim/memory_curve.c sim/memory_curve.h sim/memory_gauge.c sim/memory_gauge.h sim/memory_peaks.c sim/memory_peaks.h sim/memory_track.c sim/memory_track.h sim/json_member.c sim/json_member.h sim/metric.c sim/metric.h sim/report_memory.c sim/report_memory.h \
  sim/nearest.c sim/nearest.h sim/needs.c sim/needs.h sim/node_device.c sim/node_device.h sim/option.c sim/option.h sim/outfile.c sim/outfile.h \
  sim/plugin.c sim/plugin.h sim/policy.c sim/policy.h sim/progress.c sim/progress.h \
  sim/provenance.c sim/provenance.h sim/replay.c sim/replay.h sim/report.c sim/report.h sim/report_compare.c sim/report_compare.h sim/report_csv.c sim/report_int.h sim/report_json.c sim/report_node.c sim/report_node.h sim/report_preempt.c sim/report_preempt.h sim/report_verdict.c sim/report_verdict.h sim/rotation.c sim/rotation.h \
  sim/rng.c sim/rng.h sim/sleepers.c sim/sleepers.h sim/slices.c sim/slices.h sim/stats.c sim/stats.h sim/summary.c sim/summary.h sim/table.c sim/table.h \
  sim/text.c sim/text.h sim/timeline.c sim/timeline.h sim/unit.c sim/unit.h sim/use_curve.c sim/use_curve.h \
  sim/workload.c sim/workload.h

policydir = $(includedir)/corun/sim
policy_HEADERS = sim/base.h sim/option.h sim/policy.h sim/text.h sim/workload.h

# The program takes all of libcrsim, object by object, so that a policy from outside finds every cr_ function it may ask
# for, used or not; -rdynamic shows them to it.
bin_PROGRAMS += corun
corun_SOURCES = \
  sim/cli.c sim/cli.h sim/cli_outputs.c sim/cli_outputs.h sim/cli_policy.c sim/cli_policy.h sim/cli_run.c sim/cli_run.h sim/cli_scenario.c sim/cli_scenario.h sim/cli_study.c sim/cli_study.h \
  sim/cli_truth.c sim/cli_truth.h sim/cmd_calibrate.c sim/cmd_collect.c sim/cmd_collect_count.c sim/cmd_collect_count.h sim/cmd_collect_run.c sim/cmd_collect_run.h \
  sim/cmd_complete.c sim/cmd_complete.h sim/cmd_complete_value.c sim/cmd_complete_words.c \
  sim/cmd_disb.c sim/cmd_disb.h sim/cmd_export.c \
  sim/cmd_generate.c sim/cmd_generate.h sim/cmd_generate_tasks.c sim/cmd_import.c sim/cmd_jobs.c sim/cmd_jobs.h \
  sim/cmd_list.c sim/cmd_memory.c sim/cmd_memory.h sim/cmd_nsys.c sim/cmd_nsys.h sim/cmd_plan.c sim/cmd_plan.h \
  sim/cmd_plan_report.c sim/cmd_plan_sets.c sim/cmd_plan_threads.c sim/cmd_replay.c sim/cmd_report.c sim/cmd_run.c sim/cmd_run_contenders.c sim/cmd_run_contenders.h sim/cmd_run_job.c sim/cmd_run_job.h sim/cmd_run_vary.c sim/cmd_run_vary.h sim/cmd_show.c \
  sim/cmd_spool.c sim/cmd_spool.h sim/cmd_validate.c sim/cmd_validate.h sim/cmd_validate_live.c sim/cmd_validate_modes.c \
  sim/cmd_sweep.c sim/cmd_sweep.h sim/cmd_sweep_ranks.c sim/cmd_sweep_report.c sim/cmd_sweep_run.c \
  sim/cmd_tune.c sim/cmd_tune.h sim/cmd_tune_report.c sim/cmd_tune_run.c sim/cmd_tune_space.c sim/cmd_tune_study.c sim/main.c \
  $(libcrsim_a_SOURCES)
corun_LDFLAGS = $(CR_LDFLAGS) -rdynamic
corun_LDADD = libcrpages.a libcrcalib.a libcrtraces.a libcrstudies.a libcrpolicies.a libcrplan.a $(system_libs)

# One object alone knows what git says of the source, so that a commit does not rebuild the house.
sim/provenance.$(OBJEXT): git-describe.h
sim/provenance.$(OBJEXT): AM_CPPFLAGS += -include git-describe.h
