#!/usr/bin/env bash
# nodes_cli.sh - nodes in real time, `corun run -b cuda` and `corun validate --live`: cores of this host and a pretended GPU
# (tests/standin-cuda/).
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
export CORUN_LIBCUDA=$builddir/tests/standin_cuda.so CORUN_SHARE_CORES=1 CORUN_STANDIN_CACHE=
[ -e "$CORUN_LIBCUDA" ] || { echo "1..0 # SKIP $CORUN_LIBCUDA was not built"; exit 0; }
contains() { grep -qE -- "$2" "$1" || { echo "$1 has no $2:"; head -c 2000 "$1"; return 1; }; }
run() { timeout 60 "$corun" run dart-small -b cuda -q --set duration=200ms --set warmup=0s "$@"; }

outputs() {
  run -p dart -p threads -p threads,on=cpu -p streams -o "$tmp/a.db" --timeline "$tmp/a.json" --format csv >"$tmp/a.csv" &&
    [ "$(grep -c '^client,' "$tmp/a.csv")" -eq 20 ] && "$corun" show "$tmp/a.db" --format csv | diff "$tmp/a.csv" - &&
    contains "$tmp/a.json" '"ph":"X"'
}
ok 'a_run_writes_its_database_and_timeline' outputs
replays() { "$corun" replay "$tmp/a.db" >"$tmp/replay" && [ "$(grep -c 'the same' "$tmp/replay")" -eq 4 ]; }
ok 'its_ledger_replays_to_the_same' replays

tells() { # FORMAT
  run -p dart -o "$tmp/t.db" --force --format "$1" >"$tmp/run" && "$corun" show "$tmp/t.db" --format "$1" | diff "$tmp/run" -
}
ok 'show_tells_in_a_table_what_it_ran_on' tells table
ok 'the_table_names_the_gpu' contains "$tmp/run" 'on a pretended GPU, driver 12.4; its clock followed within'
ok 'and_cores_that_are_shared' contains "$tmp/run" 'nodes on 3 CPU cores, SHARED'
ok 'and_how_far_layers_were_off' contains "$tmp/run" '[0-9]+ layers alone off by [0-9.]+ % on average'
nothing_odd() { ! grep -q nan "$tmp/run"; }
ok 'and_nothing_that_is_not_known' nothing_odd
ok 'show_tells_in_json_what_it_ran_on' tells json
ok 'json_has_how_soon_ends_were_noticed' contains "$tmp/run" '"node_notice_p50_ns":[0-9]'

live() { timeout 100 "$corun" validate --live dart-small -q -n 1 --set duration=200ms -p dart -p threads --format csv >"$tmp/live.csv" &&
  [ "$(wc -l <"$tmp/live.csv")" -eq 31 ]; }
ok 'what_is_predicted_can_be_compared' live

cat >"$tmp/gpu.yaml" <<'YAML'
duration: 20s
nodes: [{name: g, gpu: yes, type: xeon}]
layers: dart-small.csv
clients:
  - {name: rt, model: lenet, class: rt, arrival: uniform, rate: 100/s, deadline: 5ms, stages: [g=6]}
  - {name: be, model: pilotnet, stages: [g=7]}
YAML
wrong() { STANDIN_CUDA=$1 timeout 60 "$corun" run "$tmp/gpu.yaml" -b cuda -q -p dart; }
hangs() { CORUN_PATIENCE=5s wrong "$@"; } # now and then a busy machine spoils a measurement, and the next one takes over a second
fails 'a_range_that_fails_ends_the_run' 1 'the launch of a range of layers: unspecified launch failure' wrong launch=400
fails 'a_range_that_never_ends_is_given_up' 1 'a range of layers has not ended on the GPU of node g for' hangs hang=400
fails 'an_end_that_is_never_told_is_given_up' 1 'a range of layers has not ended on the GPU of node g for' hangs lost=400
fails 'a_measurement_that_never_ends_is_given_up' 1 'has not ended on the GPU for 5 s; the run is given up' hangs measure

# More cores than any machine lets a program have.
{ printf 'duration: 1s\nnodes: [{name: many, cores: 4000}]\nlayers:\n  - name: m\n    layers: [{name: l, cpu: [{cores: core, times: ['
  for _ in $(seq 4000); do printf '1ms, '; done
  printf ']}]}]\nclients: [{name: c, model: m}]\n'
} >"$tmp/many.yaml"
fails 'too_few_cores_are_said' 2 'CPU nodes have 4000 cores, the host thread needs one more, and there are' \
  env CORUN_SHARE_CORES=0 "$corun" run "$tmp/many.yaml" -b cuda -q -p streams

# Ctrl-C: what has run is kept, marked so.  A busy machine is given longer to run something.
stopped() {
  timeout --foreground --preserve-status -s INT "$1" "$corun" run dart-small -b cuda -q -p dart --set duration=60s \
    -o "$tmp/c.db" --force >"$tmp/c.out" 2>"$tmp/c.err"
  [ $? -eq 1 ] && contains "$tmp/c.out" dart && contains "$tmp/c.err" stopped && "$corun" replay "$tmp/c.db"
}
stopped_somewhere() { stopped 2.5 || stopped 10 || stopped 40; }
ok 'ctrl_c_keeps_what_there_is' stopped_somewhere
done_testing
