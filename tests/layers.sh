#!/usr/bin/env bash
# layers.sh - the house keeps its layers, and the check sees each kind of breach.
. "${srcdir:-.}/tests/tap.bash"
check=$(cd "$srcdir" && pwd)/build-aux/check-layers.sh

ok 'the_house_keeps_its_layers' sh "$check" "$srcdir"

# A house in which nothing is wrong; each case plants one breach into it.
plant() { # FILE LINE...
  rm -rf "$tmp/house"
  mkdir -p "$tmp"/house/{sim,policies,plan,traces,calib,pages,tests,cupti-collector}
  printf '#include "config.h"\n\n#include "sim/heap.h"\n' >"$tmp/house/sim/heap.c"
  printf '#include "sim/base.h"\n' >"$tmp/house/sim/heap.h"
  [ $# -eq 0 ] || printf '%s\n' "${@:2}" >"$tmp/house/$1"
}
breach() { # CLAIM SENTENCE FILE LINE...
  plant "${@:3}"
  fails "$1" 1 "$2" sh "$check" "$tmp/house"
}

plant
ok 'a_clean_house_passes' sh "$check" "$tmp/house"
breach 'a_policy_that_includes_the_core_is_seen' 'policies/bad.c:2: policies/ may not include sim/core.h' \
  policies/bad.c '#include "config.h"' '#include "sim/core.h"'
breach 'a_policy_that_plans_is_seen' 'policies/bad.c:3: policies/ may not include plan/dart_plan.h' \
  policies/bad.c '#include "config.h"' '#include "plan/rta.h"' '#include "plan/dart_plan.h"'
breach 'a_policy_that_includes_a_clock_is_seen' 'a policy may not include <time.h>' \
  policies/bad.c '#include "config.h"' '#include <time.h>'
breach 'the_simulator_including_traces_is_seen' 'sim/ may not include traces/store.h' \
  sim/bad.c '#include "config.h"' '#include "traces/store.h"'
breach 'traces_including_calibration_is_seen' 'traces/ may not include calib/validate.h' \
  traces/bad.c '#include "config.h"' '#include "calib/validate.h"'
breach 'a_page_that_asks_the_simulator_is_seen' 'pages/ may not include sim/core.h' \
  pages/bad.c '#include "config.h"' '#include "sim/core.h"'
breach 'an_analysis_that_reads_files_is_seen' 'plan/ may not include traces/yaml_load.h' \
  plan/bad.c '#include "config.h"' '#include "traces/yaml_load.h"'
breach 'sqlite_outside_traces_is_seen' '<sqlite3.h> belongs to traces/' \
  calib/bad.c '#include "config.h"' '#include <sqlite3.h>'
breach 'gsl_in_the_simulator_is_seen' '<gsl/gsl_math.h> belongs to calib/ studies/interval.c studies/search_refine.c sim/rng.c' \
  sim/bad.c '#include "config.h"' '#include <gsl/gsl_math.h>'
breach 'cupti_outside_the_collector_is_seen' '<cupti.h> belongs to cupti-collector/' \
  sim/bad.c '#include "config.h"' '#include <cupti.h>'
breach 'the_program_s_header_below_it_is_seen' 'nothing below it may ask it' \
  sim/bad.c '#include "config.h"' '#include "sim/cli.h"'
breach 'the_inside_of_another_module_is_seen' 'sim/gpu_int.h is inside another module' \
  calib/bad.c '#include "config.h"' '#include "sim/gpu_int.h"'
breach 'an_include_not_from_the_top_is_seen' '"heap.h" is not written from the top' \
  sim/bad.c '#include "config.h"' '#include "heap.h"'
breach 'a_file_without_config_h_first_is_seen' 'the first include of a .c file is "config.h"' \
  sim/bad.c '#include <stdio.h>'
breach 'a_header_with_config_h_is_seen' 'config.h is included by .c files only' \
  sim/bad.h '#include "config.h"'
breach 'two_files_of_one_name_are_seen' 'another file is called heap.c too (sim/heap.c)' \
  traces/heap.c '#include "config.h"'
done_testing
