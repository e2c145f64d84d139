#!/usr/bin/env bash
# cuda_cli.sh - `corun run -b cuda` on a pretended GPU (tests/standin-cuda/): outputs, errors, a GPU that hangs, Ctrl-C.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
export CORUN_LIBCUDA=$builddir/tests/standin_cuda.so CORUN_STANDIN_CACHE=
[ -e "$CORUN_LIBCUDA" ] || { echo "1..0 # SKIP $CORUN_LIBCUDA was not built"; exit 0; }
cat >"$tmp/two.yaml" <<'YAML'
duration: 80ms
clients:
  - {name: rt, model: mobilenet_v2-bs1-fp32, class: rt, arrival: uniform, rate: 200/s}
  - {name: be, model: vgg19-bs1-fp32, class: be, arrival: closed, depth: 1}
YAML

run() { timeout 60 "$corun" run "$tmp/two.yaml" -b cuda -q "$@"; }
contains() { grep -qE -- "$2" "$1" || { echo "$1 has no $2:"; head -c 2000 "$1"; return 1; }; }

outputs() {
  run -p streams -p priority -p exclusive -p wait -p reef-n -p reef -p reef,padding=no -o "$tmp/a.db" --timeline "$tmp/a.json" --format csv >"$tmp/a.csv" &&
    [ "$(grep -c '^client,' "$tmp/a.csv")" -eq 14 ] && "$corun" show "$tmp/a.db" --format csv | diff "$tmp/a.csv" - &&
    contains "$tmp/a.json" '"ph":"X"'
}
ok 'a_run_writes_its_database_and_timeline' outputs
ok 'its_ledger_replays_to_the_same' "$corun" replay "$tmp/a.db"

tells() { # FORMAT
  run -p streams -p exclusive -o "$tmp/t.db" --force --format "$1" >"$tmp/run" && "$corun" show "$tmp/t.db" --format "$1" | diff "$tmp/run" -
}
ok 'show_tells_in_a_table_what_it_ran_on' tells table
ok 'the_table_names_the_gpu_and_the_match_of_stand_ins' contains "$tmp/run" 'on a pretended GPU, driver 12.4; its clock followed within'
ok 'show_tells_in_json_what_it_ran_on' tells json
ok 'json_has_how_late_requests_were' contains "$tmp/run" '"live":\{"gpu":"a pretended GPU".*"late_p99_ns":[0-9]'

shares() {
  run -p mps,percent=50 -p mps,percent=70 >"$tmp/s" && contains "$tmp/s" 'shares of the SMs: 50 %: 64 of 132 SMs, 50 %: 64 of 132 SMs' &&
    contains "$tmp/s" 'shares of the SMs: 70 %: 96 of 132 SMs, 70 %: 96 of 132 SMs .not its own'
}
ok 'shares_are_rounded_and_told' shares
plain() { CORUN_LIBCUDA=$builddir/tests/standin_cuda_plain.so run -p "$1"; }
fails 'shares_need_green_contexts' 2 'has no cuDeviceGetDevResource; update it to 12.4 or later' plain mps,percent=50
ok 'without_shares_nobody_asks_for_them' plain streams
# Of the two models each has kernels with counters.
reads_dram() { contains "$tmp/run" '"standin_dram_kernels":[1-9]' && contains "$tmp/run" '"standin_dram_off_ratio":-?0\.0'; }
ok 'json_has_how_much_stand_ins_read_from_dram' reads_dram
reads_l2() { CORUN_STANDIN_TRAFFIC=all run -p streams --format json >"$tmp/all" && contains "$tmp/all" '"standin_l2_kernels":[1-9]' &&
  contains "$tmp/all" '"standin_l2_off_ratio":-?0\.0' && contains "$tmp/run" '"standin_l2_kernels":0'; }
ok 'and_how_much_from_the_l2' reads_l2
traffic() { # WHAT, kernels that read DRAM, the L2
  CORUN_STANDIN_TRAFFIC=$1 run -p streams --format json >"$tmp/off" && contains "$tmp/off" "\"standin_dram_kernels\":$2" &&
    contains "$tmp/off" "\"standin_l2_kernels\":$3"
}
ok 'the_l2_can_be_left_out' traffic dram '[1-9]' 0
ok 'or_both' traffic off 0 0
says_traffic() { CORUN_STANDIN_TRAFFIC=all run -p streams >"$tmp/s" && contains "$tmp/s" 'of them read L2, [-+][0-9]\.[0-9]+ % of the bytes counted in sum; [0-9]+ read less'; }
ok 'the_table_says_how_much_too' says_traffic
fails 'what_is_neither_is_refused' 2 'CORUN_STANDIN_TRAFFIC is on; it may be all, dram or off' traffic on 0 0
# Every kernel of the two models in the largest clusters of up to 8 blocks that fill its grid, launched whole and in parts.
clusters() {
  "$corun" export "$builddir/share/corun/h200.db" -o "$tmp/h.sql" && "$corun" import sql "$tmp/h.sql" -o "$tmp/h.db" &&
    sqlite3 "$tmp/h.db" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8) INSERT INTO cluster
      SELECT model, op.i, max(n.i) FROM op JOIN n ON op.blocks % n.i = 0 WHERE kind = 'kernel' GROUP BY 1, 2" &&
    STANDIN_CUDA_TOLD=$tmp/told run --set "traces=[$tmp/h.db]" -p streams -p reef-n -p reef,rules=none -p reef --format json >"$tmp/c" &&
    contains "$tmp/c" '"standin_clustered":[1-9][0-9]' && contains "$tmp/c" '"standin_unclustered":0' &&
    awk '{ exit !($5 > 0 && $6 > $5 && $6 < $2) }' "$tmp/told"
}
ok 'kernels_recorded_in_clusters_are_launched_so' clusters
without() { STANDIN_CUDA=no-clusters run --set "traces=[$tmp/h.db]" -p streams >"$tmp/c" && [ "$(grep -c 'recorded in clusters of blocks, which this GPU does not have' "$tmp/c")" -eq 1 ]; }
ok 'where_the_gpu_has_none_it_is_said_once' without
kept() {
  CORUN_STANDIN_CACHE=$tmp/kept run -p streams --format json >"$tmp/kept1" && contains "$tmp/kept1" '"standin_cached":0' &&
    CORUN_STANDIN_CACHE=$tmp/kept run -p streams --format json >"$tmp/kept2" && contains "$tmp/kept2" '"standin_cached":[1-9]' &&
    [ "$(ls "$tmp/kept" | wc -l)" -eq 1 ]
}
ok 'what_was_measured_is_kept_for_the_next_run' kept
nowhere() { CORUN_STANDIN_CACHE=/dev/null/x run -p streams; }
fails 'where_it_cannot_be_kept_is_said' 2 'measured stand-ins cannot be kept: Not a directory; CORUN_STANDIN_CACHE' nowhere

wrong() { STANDIN_CUDA=$1 timeout 60 "$corun" run "$tmp/two.yaml" -b cuda -q -p "${2:-streams}" --set duration=20s; }
hangs() { CORUN_PATIENCE=1s wrong "$@"; }
fails 'a_missing_gpu_is_said' 2 'the CUDA driver finds no GPU' wrong no-device
fails 'an_old_gpu_is_said' 2 'compute capability 6.0; backend cuda needs 7.0' wrong old-gpu
fails 'too_little_memory_is_said' 2 'out of memory (CUDA_ERROR_OUT_OF_MEMORY)' wrong no-memory
fails 'a_block_that_no_sm_holds_is_said' 2 'cannot hold a block of' wrong small-sm
fails 'a_launch_that_fails_ends_the_run' 1 'the launch of a range: unspecified launch failure' wrong launch=20
fails 'a_kernel_that_never_ends_is_given_up' 1 'has not ended on the GPU for' hangs hang=20
fails 'an_end_that_is_never_told_is_given_up' 1 'has not ended on the GPU for' hangs lost=20
fails 'a_stand_in_that_never_ends_while_measured_is_given_up' 1 'has not ended on the GPU for 1 s; the run is given up' \
  hangs measure
fails 'an_op_of_a_device_queue_that_never_ends_is_given_up' 1 'has not ended on the GPU for' hangs hang=20 reef-n
fails 'an_op_of_a_device_queue_that_fails_ends_the_run' 1 'the launch of an op: unspecified launch failure' wrong launch=40 reef-n
fails 'one_of_reef_that_never_ends_is_given_up' 1 'has not ended on the GPU for' hangs hang=40 reef,rules=none
fails 'a_policy_beyond_it_is_said' 2 'policy timeslice needs process, which backend cuda cannot do' wrong '' timeslice
old() { CORUN_LIBCUDA=$builddir/tests/standin_cuda_old.so run -p streams; }
fails 'a_driver_that_is_too_old_is_said' 2 'has no cuStreamBeginCapture_v2: the NVIDIA driver is too old' old
fails 'patience_is_a_time' 2 'CORUN_PATIENCE' env CORUN_PATIENCE=long "$corun" run "$tmp/two.yaml" -b cuda -p streams

# Programs that launch op by op, beside a graph.
cat >"$tmp/eager.yaml" <<'YAML'
duration: 80ms
clients:
  - {name: rt, model: vgg19-bs1-fp32.eager, class: rt, arrival: uniform, rate: 100/s}
  - {name: graph, model: mobilenet_v2-bs1-fp32, class: be, arrival: closed, depth: 1}
  - {name: be, model: collected/resnet50-bs1-fp32.eager, class: be, arrival: closed, depth: 1}
YAML
eager() {
  timeout 100 "$corun" run "$tmp/eager.yaml" -b cuda -q -p streams -p priority -p exclusive -p wait -p reef-n -p reef -p mps -o "$tmp/e.db" --force \
    --timeline "$tmp/e.json" >"$tmp/eager.txt" &&
    [ "$(grep -c 'launches of eager programs late: p50 [0-9.]* us, p99' "$tmp/eager.txt")" -eq 7 ] && contains "$tmp/e.json" '"ph":"X"'
}
ok 'programs_run_and_say_how_late_their_launches_are' eager
ok 'their_ledger_replays_to_the_same' "$corun" replay "$tmp/e.db"
grep -v graph "$tmp/eager.yaml" >"$tmp/programs.yaml"
eager_wrong() { CORUN_PATIENCE=1s STANDIN_CUDA=$1 timeout 60 "$corun" run "$tmp/programs.yaml" -b cuda -q -p "$2" --set duration=20s; }
fails 'an_op_of_a_program_that_fails_ends_the_run' 1 'the launch of an op: unspecified launch failure' eager_wrong launch=20 streams
fails 'one_that_never_ends_is_given_up' 1 'has not ended on the GPU for' eager_wrong hang=20 streams
fails 'also_in_a_device_queue' 1 'has not ended on the GPU for' eager_wrong hang=300 reef-n

# Jobs, with memory.
cat >"$tmp/jobs.yaml" <<'YAML'
device: {name: h200, mem: 8GiB}
clients:
  - {name: a, model: collected/mobilenet_v2-bs1-fp32, iterations: 30}
  - {name: b, model: collected/alexnet-bs1-fp32, iterations: 40, submit: 3ms, think: 100us}
  - {name: c, model: collected/resnet50-bs1-fp32.eager, iterations: 5, submit: 2ms}
YAML
jobs() {
  timeout 120 "$corun" run "$tmp/jobs.yaml" -b cuda -q -p fifo -p srtf -p pack -p fair -o "$tmp/j.db" >"$tmp/jobs.txt" &&
    contains "$tmp/jobs.txt" 'memory of jobs: at most 8.00 GiB held and 8.00 GiB taken from the GPU' && "$corun" replay "$tmp/j.db"
}
ok 'jobs_run_and_replay_under_every_policy_of_theirs' jobs
iterations() {
  cat >"$tmp/trace.csv" <<'CSV'
job_id,model_name,iterations,submit_time,duration,num_gpu
0,alexnet_25,8,0,0.03,1
1,alexnet_50,6,0.01,0.03,1
CSV
  printf 'device: {name: h200, mem: 8GiB}\njobs: {file: trace.csv, models: h200-training.csv}\n' >"$tmp/trace.yaml" &&
    timeout 120 "$corun" run "$tmp/trace.yaml" -b cuda -q -p fair -p pack >"$tmp/trace.txt" && contains "$tmp/trace.txt" '^pack +2 '
}
ok 'so_do_jobs_known_by_the_iteration' iterations
full() { STANDIN_CUDA=$1 timeout 60 "$corun" run "$tmp/jobs.yaml" -b cuda -q -p fair; }
fails 'a_device_with_more_memory_than_is_free_is_said' 2 'B free of 4000000000 B; say less, such as --set device.mem=3' full memory=4000000000
fails 'memory_that_another_program_took_is_said' 1 'there is not so much left beside' full alloc=7

# Ctrl-C: what has run is kept, marked so.  A busy machine is given longer to run something.
stopped() {
  timeout --foreground --preserve-status -s INT "$1" "$corun" run "$tmp/two.yaml" -b cuda -q -p streams --set duration=60s \
    -o "$tmp/c.db" --force >"$tmp/c.out" 2>"$tmp/c.err"
  [ $? -eq 1 ] && contains "$tmp/c.out" streams && contains "$tmp/c.err" stopped &&
    "$corun" show "$tmp/c.db" --format csv >"$tmp/c.csv" && awk -F, '/^client,/ { n += $14 } END { exit !(n > 0) }' "$tmp/c.csv" &&
    "$corun" replay "$tmp/c.db"
}
stopped_somewhere() { stopped 2.5 || stopped 10 || stopped 40; }
ok 'ctrl_c_keeps_what_there_is' stopped_somewhere
done_testing
