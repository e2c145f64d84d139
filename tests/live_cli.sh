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

# A machine that is busy elsewhere may be too slow for real time.
patiently() { for _ in 1 2 3 4 5; do "$@" && return; sleep 2; done; return 1; }
measure_table() { live >"$tmp/table"; }
table() { patiently measure_table && contains "$tmp/table" 'mean absolute error: mean_ms [0-9.]+ %, p99_ms [0-9.]+ %, per_s' &&
  contains "$tmp/table" '^order: (no two policies lie apart|[0-9]+ of [0-9]+ pairs of policies as measured \((rt time|total throughput) [0-9]+ of)'; }
ok 'a_table_says_errors_and_the_order_of_policies' table
measure() { live --format csv >"$tmp/live.csv"; } # anew each time
rows() { patiently measure && [ "$(wc -l <"$tmp/live.csv")" -eq $((1 + 2 * 2 * 2 * 3)) ]; }
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
ok 'rows_bear_the_names_of_their_scenarios' patiently named
json() { live --format json >"$tmp/json" && contains "$tmp/json" '"schema":"corun-live"' && contains "$tmp/json" '"order_by_rt_time":\{"same":[0-9]'; }
ok 'json_has_a_summary' patiently json
pairs() { rm -f "$tmp/pairs.csv"; live --format csv --pairs "$tmp/pairs.csv" >/dev/null && [ "$(wc -l <"$tmp/pairs.csv")" -eq $((1 + 2 * 2)) ] &&
  contains "$tmp/pairs.csv" '^two,rt_time_ms,(exclusive,streams|streams,exclusive),([0-9.]+,){6}(no,|yes,(yes|no))$'; }
ok 'pairs_of_policies_are_written' patiently pairs
# A table is as good as the runs that left it: all but what is made anew is taken from it, and that repeats.
measured() { "$corun" validate --live --measured "$tmp/live.csv" -q "$@"; }
same_but_error() { diff <(cut -d, -f1-6,8- "$1") <(cut -d, -f1-6,8- "$2"); } # which hangs on digits that are not printed
anew() { measured --format csv >"$tmp/anew.csv" && same_but_error "$tmp/live.csv" "$tmp/anew.csv"; }
ok 'a_table_of_earlier_runs_is_compared_with_anew' anew
some() { measured "$tmp/again.yaml" -p streams --format csv >"$tmp/some.csv" &&
  sed -n '1p;/,again,.*,streams,/p' "$tmp/live.csv" >"$tmp/part.csv" && same_but_error "$tmp/part.csv" "$tmp/some.csv"; }
ok 'or_the_part_that_is_named' some
time_of() { sed 's/^duration: .*/duration: 77ms/' "$tmp/two.yaml" >"$tmp/x" && mkdir -p "$tmp/other" && mv "$tmp/x" "$tmp/other/two.yaml" &&
  sed -n '1p;/,two,/p' "$tmp/live.csv" >"$tmp/other/t.csv" && 
  "$corun" validate --live --measured "$tmp/other/t.csv" -q --format csv >"$tmp/time.csv" && same_but_error "$tmp/other/t.csv" "$tmp/time.csv"; }
ok 'scenarios_lie_beside_it_and_run_as_long_as_they_ran' time_of
awk -F, -v OFS=, '$2 == "mean_ms" && $9 == "rt" && $13 { $11 == "streams" ? $3 = $5 = $6 = 9 : $3 = $5 = $6 = 8 } { print }' "$tmp/live.csv" >"$tmp/turned.csv"
turned() { "$corun" validate --live --measured "$tmp/turned.csv" -q >"$tmp/table"
  contains "$tmp/table" '^two +rt time, ms +exclusive +streams +8.000 +9.000 .* no$' && contains "$tmp/table" '^order: .*\(rt time 0 of 2'; }
ok 'pairs_in_the_wrong_order_are_said_to_be' turned
fails 'and_fail_where_all_are_wanted' 1 'pairs of policies are predicted as measured, less than --min-order 100' \
  "$corun" validate --live --measured "$tmp/turned.csv" -q --min-order 100
ok 'but_not_where_none_is' "$corun" validate --live --measured "$tmp/turned.csv" -q --min-order 0
sed 's/^uniform,/poisson,/' "$tmp/live.csv" >"$tmp/load.csv"
fails 'another_load_is_refused' 2 'load.csv:2: client rt of scenario two was rt and poisson; here it is rt and uniform' \
  "$corun" validate --live --measured "$tmp/load.csv" -q
sed 2d "$tmp/live.csv" >"$tmp/less.csv"
fails 'a_row_that_is_missing_is_named' 2 'there is no mean_ms of client rt in scenario two under policy exclusive' \
  "$corun" validate --live --measured "$tmp/less.csv" -q
{ cat "$tmp/live.csv"; sed -n 's/,two,rt,rt,exclusive,/,two,gone,rt,exclusive,/p' "$tmp/live.csv"; } >"$tmp/more.csv"
fails 'clients_that_are_not_there_any_more_are_too' 2 'scenario two has 9 rows under policy exclusive, and would have 6 here' \
  "$corun" validate --live --measured "$tmp/more.csv" -q
fails 'another_time_is_refused' 2 'ran 0.15 s, and would be predicted for another time' measured --set duration=100ms
awk -F, -v OFS=, 'NR == 2 { $5 = $3 + 1 } { print }' "$tmp/live.csv" >"$tmp/bounds.csv"
fails 'bounds_that_do_not_hold_are_named' 2 'bounds.csv:2: measured is' "$corun" validate --live --measured "$tmp/bounds.csv"
fails 'a_table_that_is_none_is_refused' 2 'bundled table' "$corun" validate --live --measured nonesuch
fails 'runs_in_real_time_are_not_asked_of_a_table' 2 'with --measured there are none' measured -n 3
fails 'nothing_left_to_compare_is_said' 2 'no rows of the scenarios and policies' measured -p wait
bundled() { "$corun" validate --live --measured live-pairs googlenet+vgg19 -q >"$tmp/table" && contains "$tmp/table" '^googlenet\+vgg19 +streams'; }
ok 'tables_of_an_h200_are_bundled' bundled
tables() { cp "$tmp/live.csv" "$tmp/same.csv" && measured --measured "$tmp/same.csv" >"$tmp/table" && contains "$tmp/table" '^table +live +8 ' &&
  contains "$tmp/table" '^ +same +8 '; }
ok 'errors_of_several_tables_are_told_apart' tables
fails 'an_error_beyond_what_is_allowed_fails' 1 'beyond --max-error 0' live --max-error 0
ok 'one_within_it_does_not' patiently live --max-error 100000
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
ok 'jobs_are_compared_by_their_completion' patiently jct
by_jct() { jobs table && contains "$tmp/jobs.table" '^order: (no two policies lie apart|[01] of 1 pairs of policies as measured \(mean JCT [01] of 1\))' && contains "$tmp/jobs.table" 'jct_ms [0-9.]+ %.* makespan_ms [0-9.]+ %' &&
  ! grep -q 'mean_ms' "$tmp/jobs.table"; }
ok 'and_policies_are_ordered_by_it' patiently by_jct
export CORUN_LIBCUDA=$builddir/tests/standin_cuda.so CORUN_STANDIN_CACHE=
if [ -e "$CORUN_LIBCUDA" ]; then
  on_gpu() { "$corun" validate --live "$tmp/two.yaml" -q -n 1 -p reef-n -p wait >"$tmp/table" && contains "$tmp/table" 'reef-n' &&
    contains "$tmp/table" '^order: .*; of [0-9]+ the spread is not known, as one run was made'; }
  ok 'it_runs_on_a_gpu' patiently on_gpu
  # The host's own speed is the run's: whoever predicts from the table must know it, and get the same.
  launches() { "$corun" validate --live "$tmp/two.yaml" -q -n 1 -p reef-n --format csv >"$tmp/live.csv" && cp "$tmp/live.csv" "$tmp/was.csv" &&
    awk -F, 'NR > 1 && !($14 > 0 && $14 < 1000) { exit 1 }' "$tmp/live.csv" && anew &&
    measured >"$tmp/table" && contains "$tmp/table" '^the host launched op by op in [0-9.]+ to [0-9.]+ us each'; }
  ok 'what_a_launch_took_the_host_is_predicted_with' patiently launches
  slow() { sed 's/,[^,]*$/,500/; 1s/,500$/,launch_us/' "$tmp/was.csv" >"$tmp/live.csv" && measured --format csv >"$tmp/slow.csv" &&
    awk -F, 'NR == FNR { p[FNR] = $4; next } FNR > 1 && $2 == "per_s" && $10 == "be" { n++; bad += !($4 < p[FNR]) } END { exit !n || bad }' \
      "$tmp/was.csv" "$tmp/slow.csv"; }
  ok 'and_a_slower_one_is_slower' slow
  sed '2s/,[^,]*$/,0/' "$tmp/was.csv" >"$tmp/none.csv"
  fails 'one_that_took_no_time_is_refused' 2 'none.csv:2: launch_us must be microseconds over 0' "$corun" validate --live --measured "$tmp/none.csv"
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
