#!/usr/bin/env bash
# live_cli.sh - `corun validate --live`: predicted against measured in real time, as table, CSV, JSON and figure.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
cat >"$tmp/two.yaml" <<'YAML'
duration: 150ms
clients:
  - {name: rt, model: mobilenet_v2-bs1-fp32, class: rt, arrival: uniform, rate: 100/s}
  - {name: be, model: vgg19-bs1-fp32, class: be, arrival: closed, depth: 1}
YAML
cp "$tmp/two.yaml" "$tmp/again.yaml"
live() { "$corun" validate --live "$tmp/two.yaml" "$tmp/again.yaml" -b wall -q -n 2 -p exclusive -p streams "$@"; }
contains() { grep -qE -- "$2" "$1" || { echo "$1 has no $2:"; head -c 2000 "$1"; return 1; }; }

table() { live >"$tmp/table" && contains "$tmp/table" 'mean absolute error: mean_ms [0-9.]+ %, p99_ms [0-9.]+ %, per_s' &&
  contains "$tmp/table" '^policies by total throughput: [0-9]+ pairs as predicted'; }
ok 'a_table_says_errors_and_the_order_of_policies' table
rows() { live --format csv >"$tmp/live.csv" && [ "$(wc -l <"$tmp/live.csv")" -eq $((1 + 2 * 2 * 2 * 3)) ]; }
ok 'csv_has_a_row_a_scenario_policy_client_and_metric' rows
# low <= measured <= high, and the error is what it says: predicted / measured - 1.
sound() {
  awk -F, 'NR > 1 { e = 100 * ($4 / $3 - 1) - $7; if ($5 > $3 * 1.00001 || $6 < $3 * 0.99999 || e * e > 0.01) bad = 1; n++ }
           END { exit bad || n != 24 }' "$tmp/live.csv"
}
ok 'each_row_holds_together' sound
# The same scenario twice is predicted the same twice.
same() { [ "$(grep ',two,' "$tmp/live.csv" | cut -d, -f2,4)" = "$(grep ',again,' "$tmp/live.csv" | cut -d, -f2,4)" ]; }
ok 'predictions_repeat' same
# Each row bears its own scenario's name, also when one is loaded where the one before lay.
named() {
  for name in a b c d; do cp "$tmp/two.yaml" "$tmp/$name.yaml"; done
  "$corun" validate --live "$tmp/a.yaml" "$tmp/b.yaml" "$tmp/c.yaml" "$tmp/d.yaml" -b wall -q -n 1 -p streams \
    --set duration=30ms --format csv >"$tmp/named" &&
    [ "$(sed 1d "$tmp/named" | cut -d, -f8 | uniq -c | awk '{ printf "%s%s ", $1, $2 }')" = '6a 6b 6c 6d ' ]
}
ok 'rows_bear_the_names_of_their_scenarios' named
json() { live --format json >"$tmp/json" && contains "$tmp/json" '"schema":"corun-live"' && contains "$tmp/json" '"order_by_rt_time":\{"same":[0-9]'; }
ok 'json_has_a_summary' json
fails 'an_error_beyond_what_is_allowed_fails' 1 'beyond --max-error 0' live --max-error 0
ok 'one_within_it_does_not' live --max-error 100000
fails 'virtual_time_is_refused' 2 'cuda or wall' live -b sim
fails 'policies_are_needed' 2 'names no policies' "$corun" validate --live "$tmp/two.yaml" -b wall
fails 'a_scenario_is_needed' 2 'a scenario is missing' "$corun" validate --live
cat >"$tmp/jobs.yaml" <<'YAML'
clients:
  - {name: a, model: mobilenet_v2-bs1-fp32, iterations: 60}
  - {name: b, model: vgg19-bs1-fp32, iterations: 40, submit: 5ms}
YAML
jobs() { "$corun" validate --live "$tmp/jobs.yaml" -b wall -q -n 2 -p fifo -p fair --format "$1" >"$tmp/jobs.$1"; }
jct() { jobs csv && [ "$(grep -c ',jct_ms,' "$tmp/jobs.csv")" -eq 4 ] && [ "$(grep -c 'all jobs' "$tmp/jobs.csv")" -eq 6 ] &&
  awk -F, '$2 == "mean_jct_ms" { if (!($4 > 10) || $3 < $4 * 0.98) bad = 1 } END { exit bad }' "$tmp/jobs.csv"; }
ok 'jobs_are_compared_by_their_completion' jct
by_jct() { jobs table && contains "$tmp/jobs.table" '^policies by mean JCT: ' && contains "$tmp/jobs.table" 'jct_ms [0-9.]+ %.* makespan_ms [0-9.]+ %' &&
  ! grep -q 'mean_ms' "$tmp/jobs.table"; }
ok 'and_policies_are_ordered_by_it' by_jct
export CORUN_LIBCUDA=$builddir/tests/standin_cuda.so CORUN_STANDIN_CACHE=
if [ -e "$CORUN_LIBCUDA" ]; then
  on_gpu() { "$corun" validate --live "$tmp/two.yaml" -q -n 1 -p reef-n -p wait >"$tmp/table" && contains "$tmp/table" 'reef-n'; }
  ok 'it_runs_on_a_gpu' on_gpu
else
  skip 'it_runs_on_a_gpu' 'tests/standin_cuda.so was not built'
fi
if command -v "${GNUPLOT:-gnuplot}" >/dev/null; then
  draw() { "$srcdir/plots/validate-figure.sh" "$tmp/live.csv" "$tmp/live.svg" && contains "$tmp/live.svg" 'measured means' &&
    contains "$tmp/live.svg" 'open: mean latency'; }
  ok 'a_figure_is_drawn' draw
else
  skip 'a_figure_is_drawn' 'gnuplot is not there: apt-get install gnuplot-nox'
fi
done_testing
