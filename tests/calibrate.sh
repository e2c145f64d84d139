#!/usr/bin/env bash
# calibrate.sh - corun calibrate: constants that were planted are found again, and descriptions hold what they must.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
table=$srcdir/calib/data/h200/fixed/corun-streams.csv
micro=$srcdir/calib/data/h200/micro
few=(--at-most 32ms -j 2 -q)
export SOURCE_DATE_EPOCH=1795824000 # 2026-11-28

# What the simulator itself says of some co-runs with two constants of its own, as a table.
planted=model.cold=1.1us,model.load=0.6
plant() {
  awk -F, 'NR == 1 || $1 ~ /^pair-(vgg19|distilbert|mobilenet_v2)[+](vgg19|distilbert|mobilenet_v2)$/' "$table" >"$tmp/some.csv"
  "$corun" validate "$tmp/some.csv" "${few[@]}" --set "$planted" --format csv >"$tmp/predicted.csv" || return
  awk -F, -v OFS=, 'FILENAME == ARGV[1] { if ($9 == "mean_ms") mean[$1, $2, $3] = $11; next }
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
    { $at["mean_ms"] = mean[$1, $2, $3]; print }' "$tmp/predicted.csv" "$tmp/some.csv" >"$tmp/planted.csv"
  [ "$(wc -l <"$tmp/planted.csv")" -eq 13 ]
}
off() { # DEVICE [OPTION...]: how far its predictions of the planted table are off, in percent
  "$corun" validate "$tmp/planted.csv" -d "$@" "${few[@]}" | sed -n 's/^mean period.*: \([0-9.]*\) % off.*/\1/p'
}
value() { awk -v name="  $2:" '$0 == name { found = 1; next } found && $1 == "value:" { gsub(/[us"]/, "", $2); print $2; exit }' "$1"; }
near() { # FILE CONSTANT VALUE PERCENT
  awk -v got="$(value "$1" "$2")" -v want="$3" -v pct="$4" 'BEGIN {
    off = 100 * (got / want - 1); print got " is " off " % off " want; exit !(got != "" && off < pct && off > -pct) }'
}
has() { # FILE TEXT...
  local file=$1 text
  shift
  for text; do
    grep -qF -- "$text" "$file" || { echo "$file does not say: $text"; return 1; }
  done
}
calibrate() { "$corun" calibrate "$@" -q; }

ok 'a_table_is_planted' plant
ok 'its_constants_are_looked_for_from_far_off' calibrate "$tmp/planted.csv" "${few[@]}" --constants cold,load \
  --set model.cold=0.6us,model.load=1.1 -o "$tmp/found.yaml" --residuals "$tmp/left.csv"
ok 'one_is_found' near "$tmp/found.yaml" cold 1.1 5
ok 'and_the_other' near "$tmp/found.yaml" load 0.6 8
fails 'what_it_began_with_would_not_do' 1 '% off' near "$tmp/found.yaml" cold 0.6 5
sha=$(sha256sum "$tmp/planted.csv" | cut -d' ' -f1)
ok 'the_description_says_what_it_rests_on' has "$tmp/found.yaml" 'status: calibrated' "$sha" '- cold' '- load' \
  'date: "2026-11-28"' 'corun calibrate' 'stderr:' 'rows depend on it'
begun=$(off h200 --set model.cold=0.6us,model.load=1.1) found=$(off "$tmp/found.yaml")
ok 'the_table_is_predicted_by_it' awk -v a="$begun" -v b="$found" 'BEGIN { print a " -> " b; exit !(b != "" && b < 1.5 && a > 3) }'
ok 'residuals_are_of_every_row' test "$(grep -c '^pair-' "$tmp/left.csv")" -eq "$(($(wc -l <"$tmp/planted.csv") - 1))"
ok 'the_same_command_finds_the_same' calibrate "$tmp/planted.csv" "${few[@]}" --constants cold,load \
  --set model.cold=0.6us,model.load=1.1 -o "$tmp/found2.yaml" -j 1
ok 'whatever_the_number_of_processes' cmp <(sed '/command:/d' "$tmp/found.yaml") <(sed '/command:/d' "$tmp/found2.yaml")

# Microbenchmarks settle constants without a table.
ok 'microbenchmarks_alone_will_do' calibrate --micro "$micro" -o "$tmp/micro.yaml"
ok 'prices_come_from_them' near "$tmp/micro.yaml" push 4.39 1
ok 'what_they_do_not_settle_stays' near "$tmp/micro.yaml" load 0.9734 0.01
ok 'runs_take_it' "$corun" run "$srcdir/tests/scenarios/closed.yaml" -d "$tmp/micro.yaml" -q

# A new GPU: limits alone, and traces.
sed '/^# `corun calibrate` writes/,$d; s/^name: .*/name: newgpu/; s/^sms: .*/sms: 78/' "$srcdir/calib/devices/h200.yaml" >"$tmp/new.yaml"
ok 'a_datasheet_and_traces_give_a_description' calibrate -d "$tmp/new.yaml" --traces "$builddir/share/corun/h200.db" -o "$tmp/newgpu.yaml"
ok 'which_is_marked' has "$tmp/newgpu.yaml" 'status: uncalibrated' 'assumed_from: "h200"' 'assumed: as on h200'
ok 'traces_settle_what_they_can' near "$tmp/newgpu.yaml" replay 4.4 10
ok 'the_replay_is_not_assumed' test "$(grep -c 'assumed: as on' "$tmp/newgpu.yaml")" -eq 23
fails 'prediction_with_it_says_so' 0 '23 of its' "$corun" validate "$table" -d "$tmp/newgpu.yaml" --only iso-alexnet --at-most 5ms

# The pretended GPU measured: no device is known by its name, and none of its processes waits for another.
export CORUN_LIBCUDA=$builddir/tests/standin_cuda.so
if [ -e "$CORUN_LIBCUDA" ]; then
  export STANDIN_TIMES=launch=200000,single=30000,write=100000,evict=10000,kill=300000,speed=6000
  ok 'a_gpu_is_measured' calibrate --measure --brief --micro-out "$tmp/measured" -o "$tmp/here.yaml"
  ok 'what_was_measured_is_taken' near "$tmp/here.yaml" single 30 0.1
  ok 'the_rest_is_assumed' has "$tmp/here.yaml" 'status: uncalibrated' 'about: a pretended GPU (compute capability 9.0)' 'sms: 132' 'measured/steps.csv'
  ok 'turns_are_not_made_up' test ! -e "$tmp/measured/turns.csv"
  ok 'results_can_be_read_again' calibrate -d "$tmp/measured/device.yaml" --micro "$tmp/measured" -o "$tmp/again.yaml"
  ok 'with_the_same_values' test "$(value "$tmp/here.yaml" evict)" = "$(value "$tmp/again.yaml" evict)"
  ok 'runs_take_what_was_measured' "$corun" run "$srcdir/tests/scenarios/closed.yaml" -d "$tmp/here.yaml" -q
  fails 'results_that_are_there_stay' 2 'steps.csv: exists already' "$corun" calibrate --measure --micro-out "$tmp/measured" -q
  fails 'a_kernel_that_never_ends_is_given_up' 1 'has not ended on the GPU for 0.3 s' env STANDIN_CUDA=measure CORUN_PATIENCE=300ms \
    "$corun" calibrate --measure --micro-out "$tmp/hung" -q
  fails 'a_missing_gpu_is_said' 2 'finds no GPU' env STANDIN_CUDA=no-device "$corun" calibrate --measure --micro-out "$tmp/hung" -q
  ok 'and_leaves_no_results' test -z "$(ls "$tmp/hung")"
  unset STANDIN_TIMES
else
  skip 'a_gpu_is_measured' 'tests/standin_cuda.so was not built'
fi
fails 'options_of_measuring_alone' 2 'give --measure too' "$corun" calibrate --micro "$micro" --brief -q

# Bad input: named, 2, and nothing written.
none() { fails "$1" 2 "$2" "$corun" calibrate -q -o "$tmp/none.yaml" "${@:3}"; }
none 'an_unknown_constant' "did you mean 'cold'" "$table" --constants colt
none 'a_constant_without_rows' "no row depends on the constant 'slice'" "$tmp/planted.csv" --at-most 8ms --constants cold,slice
none 'a_base_without_limits' 'sms' -d <(grep -v '^sms' "$tmp/new.yaml") --micro "$micro"
none 'a_base_that_is_not_there' 'nodevice' -d nodevice --micro "$micro"
none 'a_table_that_is_not_there' 'no such file' "$tmp/nothing.csv"
none 'limits_by_set' 'change' --micro "$micro" --set device.sms=3
none 'constants_without_a_table' 'needs a table' --constants cold --micro "$micro"
none 'microbenchmarks_that_are_none' 'planted.csv' --micro "$tmp/planted.csv"
fails 'nothing_at_all' 2 'nothing to calibrate from' "$corun" calibrate -q
fails 'an_output_that_cannot_be_written' 2 "$tmp/no/such.yaml" "$corun" calibrate --micro "$micro" -o "$tmp/no/such.yaml" -q
fails 'an_output_that_is_there' 2 'exists' "$corun" calibrate --micro "$micro" -o "$tmp/micro.yaml" -q
fails 'a_fit_that_does_not_converge' 1 'has not converged' "$corun" calibrate "$tmp/planted.csv" "${few[@]}" --constants cold,load \
  --set model.cold=0.3us --max-eval 6 -o "$tmp/none.yaml"
fails 'shows_what_it_had' 1 'not converged' "$corun" calibrate "$tmp/planted.csv" "${few[@]}" --constants cold,load \
  --set model.cold=0.3us --max-eval 6
ok 'and_none_of_these_wrote_anything' test -z "$(ls "$tmp" | grep none)"

if command -v "${GNUPLOT:-gnuplot}" >/dev/null; then
  ok 'residuals_are_drawn' "$srcdir/plots/residual-figure.sh" "$tmp/left.csv" "$tmp/left.svg"
  ok 'by_group' has "$tmp/left.svg" '2 clients' 'predicted against measured, %' '<svg'
  fails 'another_table_is_not' 2 'no table of corun calibrate' "$srcdir/plots/residual-figure.sh" "$tmp/predicted.csv" "$tmp/none.svg"
else
  skip 'residuals_are_drawn' 'gnuplot is not there: apt-get install gnuplot-nox'
fi
done_testing
