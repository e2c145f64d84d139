# traces/local.mk - the trace store, importers, scenario and device files, and the bundled data.
noinst_LIBRARIES += libcrtraces.a
libcrtraces_a_SOURCES = \
  traces/capture.c traces/capture.h traces/capture_int.h traces/capture_launch.c traces/capture_memory.c traces/capture_model.c traces/capture_model.h \
  traces/capture_period.c traces/capture_parts.c traces/capture_range.c \
  traces/counted.c traces/counted.h traces/counter_match.c traces/counter_match.h \
  traces/csv.c traces/csv.h traces/csv_table.c traces/csv_table.h traces/cupti_csv.c traces/cupti_csv.h traces/demangle.c traces/demangle.h \
  traces/spool_capture.c traces/spool_capture.h traces/spool_import.c traces/spool_import.h traces/spool_tally.c traces/spool_tally.h \
  traces/datadir.c traces/datadir.h traces/device_file.c traces/device_file.h traces/disb.c traces/disb.h \
  traces/gz.c traces/gz.h traces/iteration.c traces/iteration.h traces/iteration_table.c traces/iteration_table.h \
  traces/jobs.c traces/jobs.h traces/jobs_csv.c traces/jobs_generate.c traces/jobs_generate.h traces/jobs_int.h \
  traces/jobs_philly.c traces/jobs_value.c \
  traces/json.c traces/json.h traces/kernel_class.c traces/kernel_class.h traces/kineto.c traces/kineto.h traces/kineto_int.h \
  traces/kineto_read.c traces/layer_csv.c traces/layer_trace.c traces/layer_trace.h traces/layer_table.c traces/layer_table.h traces/layers_yaml.c traces/layers_yaml.h traces/kineto_streams.c traces/kineto_streams.h \
  traces/memory_recording.c traces/memory_recording.h traces/memory_table.c traces/memory_table.h \
  traces/model_mix.c traces/model_mix.h traces/names.c traces/names.h traces/ncu.c traces/ncu.h \
  traces/nsys.c traces/nsys.h traces/nsys_context.c traces/nsys_db.c traces/nsys_device.c traces/nsys_int.h \
  traces/nsys_nvtx.c traces/nsys_read.c \
  traces/orion.c traces/orion.h traces/period.c traces/period.h \
  traces/plan_scenario.c traces/plan_scenario.h traces/platform_file.c traces/platform_file.h traces/platform_int.h traces/reef_profile.c traces/reef_profile.h traces/row_feed.c traces/row_feed.h traces/rundb.c traces/rundb.h traces/rundb_int.h \
  traces/rundb_check.c traces/rundb_curve.c traces/rundb_memory.c traces/rundb_live.c traces/rundb_verdict.c traces/rundb_read.c traces/rundb_rows.c traces/rundb_schema.h traces/scenario.c traces/scenario.h \
  traces/scenario_batch.c traces/scenario_client.c traces/scenario_int.h traces/scenario_job.c traces/scenario_layers.c \
  traces/scenario_memory.c traces/scenario_model.c traces/scenario_node.c traces/scenario_whole.c \
  traces/sha256.c traces/sha256.h traces/spool.c traces/spool.h traces/spool_layout.h traces/spool_write.c traces/spool_write.h traces/store.c traces/store.h \
  traces/store_check.c traces/store_check.h traces/store_export.c traces/store_int.h \
  traces/store_cluster.c traces/store_merge.c traces/store_profile.c traces/store_schema.h traces/store_show.c \
  traces/store_version.c \
  traces/study_file.c traces/study_file.h traces/studydb.c traces/studydb.h traces/studydb_int.h traces/studydb_schema.h traces/studydb_search.c traces/studydb_settle.c traces/studydb_sweep.c traces/task_file.c traces/task_file.h traces/task_generate.c traces/task_generate.h \
  traces/yaml_load.c traces/yaml_load.h traces/yaml_set.c traces/yaml_set.h

# Bundled data.  The sources are text; what the program reads lies in share/corun of the build tree, laid out as it will
# be installed, so that it can be run from there.
bundled_stores = share/corun/h200.db share/corun/h200-collected.db share/corun/h200-clusters.db
bundled_store_texts = traces/data/h200.sql traces/data/h200-collected.sql traces/data/h200-clusters.sql
bundled_scenarios = \
  traces/scenarios/disb-a.yaml traces/scenarios/disb-b.yaml traces/scenarios/disb-c.yaml \
  traces/scenarios/disb-d.yaml traces/scenarios/disb-e.yaml traces/scenarios/pair.yaml \
  traces/scenarios/dart-overrun.yaml traces/scenarios/dart-small.yaml traces/scenarios/dart-h200.yaml traces/scenarios/dart-tx2.yaml traces/scenarios/dart-xeon.yaml traces/scenarios/h200-jobs.yaml traces/scenarios/salus-fair.yaml traces/scenarios/salus-h200-mix.yaml traces/scenarios/salus-hyperparam.yaml \
  traces/scenarios/salus-inference.yaml traces/scenarios/salus-srtf-slice.yaml traces/scenarios/salus-table1.yaml \
  traces/scenarios/salus-two-alexnets.yaml traces/scenarios/serve-train.yaml traces/scenarios/solo.yaml

# Platforms of CPU nodes and GPU nodes with models profiled on them, and task sets to plan; make-platforms.awk wrote the
# platforms.
bundled_platforms = traces/platforms/h200.yaml traces/platforms/tx2.yaml traces/platforms/xeon-gtx1080.yaml
bundled_tasks = traces/tasks/dart-h200.yaml traces/tasks/dart-tx2.yaml traces/tasks/dart-xeon.yaml
EXTRA_DIST += traces/platforms/make-platforms.awk
platformsdir = $(pkgdatadir)/platforms
dist_platforms_DATA = $(bundled_platforms)
tasksdir = $(pkgdatadir)/tasks
dist_tasks_DATA = $(bundled_tasks)
noinst_DATA += $(bundled_platforms:traces/%=share/corun/%) $(bundled_tasks:traces/%=share/corun/%)

# Tables of workloads known by the iteration, and traces of jobs that have them.
bundled_jobs = \
  traces/data/h200-20.csv traces/data/h200-100.csv traces/data/h200-training.csv traces/data/h200-training-memory.csv traces/data/salus-100.csv traces/data/salus-inference.csv \
  traces/data/salus-p100.csv

# Tables of layers.
bundled_layers = traces/data/dart-small.csv traces/data/h200-layers.csv

EXTRA_DIST += $(bundled_store_texts) traces/data/README.md traces/data/make-h200.sh traces/data/make-h200-collected.sh traces/data/record-programs.py traces/data/record-gemm.py
pkgdata_DATA = $(bundled_stores)
scenariosdir = $(pkgdatadir)/scenarios
dist_scenarios_DATA = $(bundled_scenarios)
jobsdir = $(pkgdatadir)/jobs
dist_jobs_DATA = $(bundled_jobs)
layersdir = $(pkgdatadir)/layers
dist_layers_DATA = $(bundled_layers)
noinst_DATA += $(bundled_scenarios:traces/%=share/corun/%) $(bundled_jobs:traces/data/%=share/corun/jobs/%) \
  $(bundled_layers:traces/data/%=share/corun/layers/%)

# The program itself turns text into a store; made beside and renamed, so that an interrupted make leaves no half of one.
make_store = $(AM_V_GEN)$(MKDIR_P) $(@D) && rm -f $@.new && ./corun$(EXEEXT) import sql $< -o $@.new && mv -f $@.new $@
share/corun/%.db: traces/data/%.sql traces/store_schema.h | corun$(EXEEXT)
	$(make_store)
share/corun/%.db: traces/data/%.sql.gz traces/store_schema.h | corun$(EXEEXT)
	$(make_store)

share/corun/scenarios/%.yaml: traces/scenarios/%.yaml
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@

share/corun/jobs/%.csv: traces/data/%.csv
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@

share/corun/layers/%.csv: traces/data/%.csv
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@

share/corun/platforms/%.yaml: traces/platforms/%.yaml
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@

share/corun/tasks/%.yaml: traces/tasks/%.yaml
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@
