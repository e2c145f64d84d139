#!/usr/bin/env bash
# dart_cli.sh - demotions, restorations and admissions of policy dart, as corun run, show and replay tell them.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun

"$corun" run dart-overrun -o "$tmp/run.db" >"$tmp/table" || exit 99
"$corun" run dart-overrun --format csv >"$tmp/csv" && "$corun" run dart-overrun --format json >"$tmp/json" || exit 99

says() { grep -qF -- "$1" "$tmp/table"; }
ok 'one_that_stays_demoted_is_told_with_the_reason' \
  says 'dart: steering stays demoted: tracking would miss its deadline; make a configuration anew with the longer times of steering'
ok 'one_that_is_refused_is_told_with_the_reason' says 'dart: late-alexnet was refused: it would miss its deadline; 700 requests dropped'
ok 'and_one_whose_copies_are_too_long' \
  says 'dart: late-copies was refused: one of its copies takes longer than gpu_copy of its node; 2 requests dropped'
ok 'nothing_is_told_of_the_run_without_it' sh -c '! grep -q "enforce=no,admit=no: " "$1"' - "$tmp/table"

# The row of a client, by the names of columns: policy client admission demotions restorations demoted unbounded reason about
row() {
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["row"] == "client" && $at["policy"] == "dart" && $at["name"] == client {
      print $at["admission"] ":" $at["demotions"] ":" $at["restorations"] ":" $at["demoted"] ":" $at["stages_without_bound"] \
        ":" $at["verdict_reason"] ":" $at["verdict_about"] }' client="$1" "$tmp/csv"
}
is() { [ "$(row "$1")" = "$2" ] || { echo "$1: $(row "$1"), not $2"; return 1; }; }
ok 'csv_has_who_stays_demoted' is steering ':1:0:1:0:misses:tracking'
ok 'csv_has_who_is_restored' is tracking ':6:6:0:0:passes:'
ok 'csv_has_who_has_no_bound' is tagging ':0:0:0:2::'
ok 'csv_has_who_is_admitted' is late-lenet 'admitted:0:0:0:0:passes:'
ok 'csv_has_who_is_refused' is late-copies 'refused:0:0:0:0:copy:'
ok 'csv_is_a_rectangle' awk -F, '{ gsub(/"[^"]*"/, ""); if (NR > 1 && NF != n) exit 1; n = NF }' "$tmp/csv"
ok 'json_has_the_same' grep -qF \
  '"verdicts":{"admission":null,"demotions":1,"restorations":0,"demoted":true,"stages_without_bound":0,"reason":"misses","about":"tracking"}' \
  "$tmp/json"

same() { "$corun" show "$tmp/run.db" --format "$1" >"$tmp/shown" && diff "$2" "$tmp/shown"; }
ok 'show_tells_the_same_table' same table "$tmp/table"
ok 'show_tells_the_same_csv' same csv "$tmp/csv"
ok 'show_tells_the_same_json' same json "$tmp/json"
ok 'a_replay_decides_the_same' sh -c '"$1" replay "$2" | grep -c "the same" | grep -qx 2' - "$corun" "$tmp/run.db"

# What cannot be.
bad() { # CLAIM SENTENCE CLIENT
  printf 'duration: 1s\nnodes: [{name: cpu, cores: 3, type: xeon}]\nlayers: dart-small.csv\nclients: [{model: lenet, %s}]\n' "$3" \
    >"$tmp/bad.yaml"
  fails "$1" 2 "$2" "$corun" run "$tmp/bad.yaml" -p dart
}
bad 'a_period_of_nothing' 'clients[0].period' 'period: 0s'
bad 'a_period_longer_than_the_rate_says' 'its period is longer than the time between its requests' \
  'arrival: uniform, rate: 100/s, period: 11ms'
bad 'a_period_longer_than_times_say' 'its period is longer than the time between two of its requests' \
  'arrival: trace, times: [1ms, 2ms], period: 2ms'
bad 'joining_after_the_end' 'is not before the end of the run' 'join: 1s'
bad 'a_request_before_joining' 'its first request comes before it joins' 'arrival: trace, times: [1ms], join: 2ms'
bad 'joining_after_others' 'does not join by itself' 'name: a, join: 1ms, after: [b]}, {name: b, model: lenet'
fails 'an_unknown_test' 2 "test" "$corun" run dart-overrun -p dart,test=loose

# Kernels of layers on a GPU node.
n=$(awk -F, '$1 == "resnet50" { seen[$2] = 1 } END { for (k in seen) n++; print n }' "$CORUN_DATA/layers/h200-layers.csv")
follow() { # EXTRA KEYS OF THE NODE
  cat >"$tmp/follow.yaml" <<YAML
duration: 300ms
nodes:
  - {name: gpu, gpu: h200, type: xeon$1}
layers:
  - {name: resnet50, table: h200-layers.csv, trace: resnet50-bs1-fp32, gpu: h200}
  - {name: vgg19, table: h200-layers.csv, trace: vgg19-bs1-fp32, gpu: h200}
clients:
  - {name: rt, model: resnet50, class: rt, arrival: uniform, rate: 100/s, deadline: 10ms, stages: [gpu=$n]}
  - {name: be, model: vgg19}
YAML
  "$corun" run "$tmp/follow.yaml" -p dart --strict --format json >"$tmp/follow.json"
}
ok 'kernels_on_a_node_are_followed' follow ', follow: h200'
ok 'and_take_turns_with_those_of_best_effort_work' grep -q '"name":"be"' "$tmp/follow.json"
followed=$(tr -d ' \n' <"$tmp/follow.json" | cksum)
ok 'times_alone_can_be_taken_instead' follow ''
ok 'which_is_another_run' [ "$followed" != "$(tr -d ' \n' <"$tmp/follow.json" | cksum)" ]
fails 'a_device_that_is_not_there_cannot_be_followed' 2 'device nonesuch: there is none' follow ', follow: nonesuch'
fails 'one_that_was_never_measured_cannot_either' 2 'no measured constants' follow ', follow: p100'
fails 'only_gpus_are_followed' 2 'has no GPU' sh -c 'sed "s/gpu: h200, type/gpu: no, type/" "$2" >"$2.cpu"; "$1" run "$2.cpu" -p dart' - "$corun" "$tmp/follow.yaml"
done_testing
