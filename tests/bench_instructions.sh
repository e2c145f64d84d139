#!/usr/bin/env bash
# bench_instructions.sh - what a simulated kernel costs, in instructions of the processor, counted by valgrind's callgrind.
#
#   builddir=. CORUN_DATA=... tests/bench_instructions.sh [SCENARIO]...     pair, disb-a, disb-c and disb-d unless said otherwise
#
# `run` is all of a run after its set-up: policy, core, engine and device model; `device model` is the last of these alone.
# Each scenario is run for 60 ms under the policy streams at both fidelities; SET may hold more settings, such as
# --set model.join=0.
# shellcheck disable=SC2086
set -u
corun=${builddir:-.}/corun
if ! command -v valgrind >/dev/null; then
  echo 'bench_instructions.sh: valgrind is not there: apt-get install valgrind'
  exit 77
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# count SCENARIO FIDELITY FUNCTION...: kernels simulated, and instructions spent in the functions and what they call.
count() {
  local scenario=$1 fidelity=$2 function
  local -a toggle=()
  shift 2
  for function; do
    toggle+=("--toggle-collect=$function")
  done
  valgrind --tool=callgrind --callgrind-out-file="$tmp/callgrind" "${toggle[@]}" \
    "$corun" run "$scenario" -p streams --set duration=60ms --set model.fidelity=$fidelity ${SET:-} --format json >"$tmp/json" 2>"$tmp/log" || return 1
  kernels=$(sed -n 's/.*"kernels":\([0-9]*\).*/\1/p' "$tmp/json")
  instructions=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$tmp/log")
  [ -n "$kernels" ] && [ -n "$instructions" ] && [ "$kernels" -gt 0 ]
}

[ $# -gt 0 ] || set -- pair disb-a disb-c disb-d
printf '%-12s  %-8s  %8s  %20s  %29s\n' scenario fidelity kernels 'instructions: a run' 'of these in the device model'
for scenario; do
  for fidelity in wave kernel; do
    if ! count "$scenario" "$fidelity" cr_core_run; then
      cat "$tmp/log" >&2
      exit 1
    fi
    all=$((instructions / kernels)) device=-
    # What the engine calls of the wave model; none of these calls another.  Names of the other are not its alone (sim/fluid.c).
    if [ "$fidelity" = wave ]; then
      count "$scenario" "$fidelity" wave_start wave_advance wave_run wave_settle || exit 1
      device=$((instructions / kernels))
    fi
    printf '%-12s  %-8s  %8d  %20d  %29s\n' "$scenario" "$fidelity" "$kernels" "$all" "$device"
  done
done
