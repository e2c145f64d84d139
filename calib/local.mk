# calib/local.mk - prediction against measurement, the device descriptions, and the measurements they are judged by.
noinst_LIBRARIES += libcrcalib.a
libcrcalib_a_SOURCES = \
  calib/ablate.c calib/ablate.h \
  calib/bench_copies.c calib/bench_device.c calib/bench_gpu.c calib/bench_int.h calib/bench_ptx.c calib/bench_rows.c calib/bench_rules.c calib/bench_run.c calib/bench_run.h calib/bench_steps.c calib/bench_turns.c \
  calib/corun_match.c calib/corun_match.h calib/cross.c calib/cross.h calib/farm.c calib/farm.h calib/fit.c calib/fit.h calib/fit_choose.c calib/fit_error.c calib/fit_int.h calib/fit_report.c \
  calib/calibration.c calib/calibration.h calib/calibration_yaml.c calib/micro.c calib/micro.h calib/micro_int.h calib/micro_steps.c calib/micro_turns.c \
  calib/live_check.c calib/live_check.h calib/live_csv.c calib/live_csv.h calib/live_order.c calib/live_order.h calib/live_report.c calib/predict.c calib/predict.h calib/row_error.c calib/row_error.h \
  calib/timeline_check.c calib/timeline_check.h calib/timeline_report.c \
  calib/trace_set.c calib/trace_set.h calib/truth.c calib/truth.h calib/validate.c calib/validate.h calib/validate_report.c

bundled_devices = \
  calib/devices/h200.yaml calib/devices/mi100.yaml calib/devices/mi50.yaml calib/devices/p100.yaml calib/devices/v100.yaml
devicesdir = $(pkgdatadir)/devices
dist_devices_DATA = $(bundled_devices)
noinst_DATA += $(bundled_devices:calib/%=share/corun/%)
EXTRA_DIST += calib/measure-live.sh calib/data calib/profiles/profile-layers.py

truthdir = $(pkgdatadir)/truth/h200
truth_fixeddir = $(truthdir)/fixed
truth_unseendir = $(truthdir)/unseen
dist_truth_DATA = calib/data/h200/arrivals.csv calib/data/h200/corun-processes.csv \
  calib/data/h200/corun-streams.csv
dist_truth_fixed_DATA = calib/data/h200/fixed/again.csv calib/data/h200/fixed/arrivals.csv \
  calib/data/h200/fixed/corun-streams.csv
dist_truth_unseen_DATA = calib/data/h200/unseen/again.csv calib/data/h200/unseen/arrivals.csv \
  calib/data/h200/unseen/corun-streams.csv
# Live results, and those of their scenarios that are not bundled.
truth_livedir = $(truthdir)/live
dist_truth_live_DATA = calib/data/h200/live/live-clusters.csv calib/data/h200/live/live-dart.csv \
  calib/data/h200/live/live-disb.csv calib/data/h200/live/live-eager.csv calib/data/h200/live/live-pairs.csv \
  calib/data/h200/live/gemm.yaml calib/data/h200/live/gemm2.yaml calib/data/h200/live/programs.yaml \
  calib/data/h200/live/alexnet+googlenet.yaml \
  calib/data/h200/live/alexnet+mobilenet_v2.yaml \
  calib/data/h200/live/bert_base+densenet201.yaml \
  calib/data/h200/live/bert_base+distilbert.yaml \
  calib/data/h200/live/bert_base+mobilenet_v2.yaml \
  calib/data/h200/live/bert_base+resnet152.yaml \
  calib/data/h200/live/densenet201+resnet50.yaml \
  calib/data/h200/live/densenet201+vit_b_16.yaml \
  calib/data/h200/live/distilbert+resnet50.yaml \
  calib/data/h200/live/efficientnet_b0+inception_v3.yaml \
  calib/data/h200/live/efficientnet_b0+resnet152.yaml \
  calib/data/h200/live/efficientnet_b0+vgg19.yaml \
  calib/data/h200/live/googlenet+resnet152.yaml \
  calib/data/h200/live/googlenet+vgg19.yaml \
  calib/data/h200/live/resnet152+resnet50.yaml
bundled_truth = $(dist_truth_DATA) $(dist_truth_fixed_DATA) $(dist_truth_unseen_DATA) $(dist_truth_live_DATA)
noinst_DATA += $(bundled_truth:calib/data/%=share/corun/truth/%)

share/corun/devices/%.yaml: calib/devices/%.yaml
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@

share/corun/truth/%.csv: calib/data/%.csv
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@

share/corun/truth/%.yaml: calib/data/%.yaml
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@.new && mv -f $@.new $@
