#!/usr/bin/env bash
# collect_cli.sh - `corun collect` from outside, with a program that plays scripts through a stand-in for libcupti: what it
# makes of what is recorded, how it ends, and what it says of everything that goes wrong.
. "${srcdir:-.}/tests/tap.bash"
build=$(cd "$builddir" && pwd)
corun=$build/corun
standin=$build/tests/standin-cupti/libcupti.so.13
program=$build/tests/standin-cupti/standin_program
collector=$build/libcorun-cupti.so
. "$(cd "$srcdir/tests" && pwd)/sanitizer.bash"
cd "$tmp" || exit 99
ulimit -c 0
unset CUDA_INJECTION64_PATH NVTX_INJECTION64_PATH CORUN_COLLECT CORUN_LIBDIR

# For the program to wait, as long as it may take, until its spool has such a line.
cat >written <<SH
for i in \$(seq 1200); do "$build/tests/standin-cupti/spool_dump" */*.spool | grep -qE "\$1" && exit; sleep 0.05; done
exit 1
SH

# play LINE... -- OPTION...: records a program that plays the lines; out, err and $status are what came of it.
play() {
  : >script
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    printf '%s\n' "$1" >>script
    shift
  done
  [ $# -gt 0 ] && shift
  rm -rf s.db*
  "$corun" collect --cupti "$standin" -o s.db "$@" -- "$program" "$standin" script >out 2>err
  status=$?
}
# is STATUS OUT PATTERN...: it ended so, the program's output is that alone, and standard error has a line like each pattern.
is() {
  local pattern
  [ "$status" -eq "$1" ] || { echo "ended with $status, not $1"; cat err; return 1; }
  [ "$(cat out)" = "$2" ] || { echo "printed:"; cat out; return 1; }
  shift 2
  for pattern; do
    grep -qE -- "$pattern" err || { echo "no line is like: $pattern"; cat err; return 1; }
  done
}
kept() { local all; all=$(find . -maxdepth 2 -name '*.spool' | wc -l); [ "$all" -eq "$1" ] || { echo "$all spools are there, not $1"; ls -R; return 1; }; }
no_store() { [ ! -e s.db ] || { echo "there is a store"; return 1; }; }
sql() { [ "$(sqlite3 s.db "$1")" = "$2" ] || { sqlite3 s.db "$1"; return 1; }; }
# ends STATUS PATTERN COMMAND...: it ends so, prints nothing, and standard error has such a line ('' for any).
ends() { local want=$1 pattern=$2; shift 2; "$@" >out 2>err; status=$?; is "$want" '' "$pattern"; }
mapfile -t net < <(for i in 1 2 3 4 5 6 7 8 9 10; do printf '%s\n' 'pairs 1 gemm' 'pairs 2 relu' 'pairs 1 head'; done)

play init 'print before' "${net[@]}" 'print after'
ok 'a_program_is_recorded_and_its_output_is_its_own' is 0 "before
after" '^standin_program: 10 iterations of 4 ops' '^1 model of 1 process imported, .*\(40 kernels\)$' '^model .*class' '^Sanity$'
ok 'the_store_has_its_model' sql 'SELECT n_iteration, count(*) FROM model JOIN op ON op.model = model.id' '10|4'
ok 'and_where_it_comes_from' sql "SELECT tool LIKE 'corun collect%, CUPTI 130001', command LIKE '%standin_program%script' FROM origin" '1|1'
ok 'no_spool_is_left' kept 0
play init "${net[@]}" -- --quiet --keep -m mine --prefix my/
ok 'options_of_the_import' is 0 '' '^my/mine: 10 iterations' 'spools are in .*s.db.spools-'
ok 'spools_are_kept_when_asked_for' kept 1
mv s.db.spools-* spools
again() { "$corun" import spool spools -o again.db | grep -q '^standin_program: 10 iterations of 4 ops'; }
ok 'and_can_be_imported_again' again
rm -r spools
play init "${net[@]}" -- --quiet --api none
ok 'without_calls_there_are_no_launch_times' sql 'SELECT count(launch_ns), count(*) FROM op' '0|4'
play init latency 'pairs 7 k' -- --quiet --latency --memory --stages --api all --buffer 64KiB --limit 10MiB
ok 'all_options_reach_the_library' is 0 ''

# -- clusters --
mapfile -t hopper < <(for i in 1 2 3 4 5 6 7 8 9 10; do printf '%s\n' 'clustered 1 4 gemm' 'pairs 1 relu' 'clustered 1 1 head'; done)
play init "${hopper[@]}" -- --quiet
ok 'clusters_are_in_the_store_and_their_absence_too' sql 'SELECT name, blocks, cluster_blocks FROM ops ORDER BY i' "gemm|8|4
relu|1|1
head|2|1"
shows_clusters() { "$corun" show s.db standin_program | grep -qE "^gemm .* 4$" && "$corun" show s.db standin_program -f csv | grep -q ',4,$'; }
ok 'and_shown' shows_clusters

# -- with counters: the program is run twice --
play init 'print once' "${net[@]}" -- --metrics --counted c.csv
ok 'kernels_are_counted_in_a_second_run' is 0 once '^standin_program: 10 iterations of 4 ops' \
  '^standin_program: counters of 4 of 4 kernels \(4 in order, 0 by others that agree\), from 40 counted$' '^model .*counters$' ' all$'
ok 'and_are_in_the_store' sql 'SELECT name, dram_bytes, l2_bytes, instructions, tensor_instructions, active_warps_q16 FROM ops ORDER BY i' \
  "gemm|4199|8295|1000|100|163840
relu|4210|8306|1000|100|163840
relu|4210|8306|1000|100|163840
head|4200|8296|1000|100|163840"
ok 'with_where_they_come_from' sql "SELECT count(*), sum(recorded LIKE '20%Z') FROM origin WHERE tool LIKE 'corun collect --metrics %, CUPTI 130001' AND command LIKE '%script'" '1|1'
ok 'no_spool_is_left_of_either_run' kept 0
no_folder() { ! ls -d s.db.spools-*; }
ok 'nor_a_folder' no_folder
table() { [ "$(wc -l <c.csv)" -eq 42 ] && grep -qx '"gemm",1,128,32,0,0,4199,8295,1000,100,n/a,n/a,2.5000' c.csv; }
ok 'a_table_has_all_that_was_counted' table
play init "${net[@]}" -- --quiet
again() { "$corun" import ncu c.csv -m standin_program -o s.db && sql 'SELECT sum(dram_bytes), min(active_warps_q16) FROM ops' '16819|163840'; }
ok 'which_can_be_imported_for_itself' again
play init "${net[@]}" -- --quiet --metrics --fp --kernels 10
ok 'options_of_counting_reach_the_library' is 0 '' 'kernels are counted in 2 passes' 'kernels beyond the first 10 are not counted' 'counters of 4 of 4 kernels .*from 10 counted'
STANDIN=profile=35 play init 'print once' "${net[@]}" -- --metrics
ok 'where_counters_are_refused_there_is_the_trace' is 0 once 'CUPTI_ERROR_INSUFFICIENT_PRIVILEGES; the driver lets' '^corun: models are without counters' '^model .*counters$'
ok 'in_the_store_without_them' sql 'SELECT count(*), count(dram_bytes) FROM op' '4|0'
play init "${net[@]}" 'exit 5' -- --quiet --metrics
ok 'a_program_that_fails_is_not_run_again' is 5 '' 'a command that fails is not run again'
play init "${net[@]}" 'graph 3 g' 'graph 3 g' -- --quiet --metrics
ok 'kernels_of_graphs_are_said_to_be_without' is 0 '' '2 launches of CUDA graphs are not counted'
{ printf 'init\n'; printf '%s\n' "${net[@]}"; } >script
twice() { rm -rf s.db*; "$corun" collect --quiet --metrics --cupti "$standin" -o s.db -- "$program" "$standin" - <script >out 2>err; status=$?; is 0 '' 'counters of 4 of 4'; }
ok 'input_is_read_again_from_where_it_began' twice
second() { # a program that fails in its second run
  rm -rf s.db* second
  "$corun" collect --quiet --metrics --cupti "$standin" -o s.db -- bash -c '[ -e second ] && exit 9; touch second; exec "$@"' - "$program" "$standin" script >out 2>err
  status=$?
  is 0 '' 'bash exited with 9 while its kernels were counted' '^corun: models are without counters'
}
ok 'the_first_run_is_what_counts' second
play init "${net[@]}" "shell rm -rf s.db.spools-*" -- --quiet --metrics
ok 'a_folder_that_vanishes_before_kernels_are_counted' is 0 '' 'spools-.* is gone'
STANDIN=fork=1 play fork init 'pairs 70 k' end fork init 'pairs 140 z' end -- --quiet --metrics
ok 'processes_find_their_counters_again' is 0 '' '^standin_program: counters of 1 of 1 kernels .*from 70 ' '^standin_program.2: counters of 1 of 1 kernels .*from 140 '
ok 'counting_without_metrics_is_a_mistake' ends 2 '--fp, --kernels and --counted say what --metrics does' "$corun" collect --fp -o s.db -- touch ran2
ok 'no_kernels_are_too_few' ends 2 'it must be from 1 to 1000000' "$corun" collect --metrics --kernels 0 -o s.db -- touch ran2
ok 'a_table_where_none_can_be' ends 2 'nowhere' "$corun" collect --metrics --counted nowhere/c.csv -o s.db -- touch ran2
ok 'are_said_before_anything_runs' test ! -e ran2

# -- how the program ends --
play init 'pairs 70 k' 'exit 3'
ok 'its_exit_status_is_ours' is 3 '' 'exited with 3$' '^1 model of 1 process'
play init 'pairs 70 k' flush 'shell sh written ^kernel=70$' kill -- --quiet
ok 'one_that_is_killed' is 137 '' 'was ended by signal 9' 'has no end: process [0-9]+ was killed' '70 iterations'
play init 'pairs 70 k' segv -- --quiet
ok 'one_that_crashes' is 139 '' 'was ended by signal 11'
rm -rf s.db*
play 'print no CUDA'
ok 'one_that_never_uses_cuda' is 0 'no CUDA' 'nothing was recorded: no process of the command initialised CUDA'
ok 'makes_no_store' no_store
ok 'one_that_is_not_there' ends 127 'not-there cannot be run: No such file' "$corun" collect -o s.db -- ./not-there
ok 'one_that_cannot_be_run' ends 126 'cannot be run: Permission denied' "$corun" collect -o s.db -- "$tmp"
ok 'leaves_nothing' kept 0
STANDIN=fork=1 play init 'pairs 70 k' fork 'pairs 140 k' end 'pairs 7 k' -- --quiet
ok_of_child "$collector" 'processes_are_models_of_their_own' is 0 '' '^standin_program: 77 iterations' '^standin_program.2: 140 iterations' '^2 models of 2 processes'

# -- input and signals --
printf 'init\npairs 7 k\nexit 5\n' >script
"$corun" collect --quiet --cupti "$standin" -o in.db -- "$program" "$standin" - <script >out 2>err
status=$?
ok 'input_goes_to_the_program' is 5 ''
forwarded() {
  "$corun" collect --quiet -o sig.db -- bash -c 'trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.05; done' >out 2>err &
  local pid=$! i
  for ((i = 0; i < 200; i++)); do grep -q ready out && break; sleep 0.05; done
  kill -TERM $pid
  wait $pid
  status=$?
  is 9 "ready
got"
}
ok 'signals_go_to_the_program' forwarded

# -- what is in the way --
STANDIN=version=140000 play init 'pairs 7 k' 'exit 4'
ok 'a_libcupti_of_a_later_major_version' is 4 '' 'libcupti has version 140000' 'launched no kernel$' 'spools are in'
play init 'pairs 7 k' 'drop 5' flush
ok 'what_was_dropped_is_said' is 0 '' '5 records were dropped by CUPTI'
rm -rf s.db*
ok 'another_collector' ends 2 'CUDA_INJECTION64_PATH is set to /other.so: another tool' \
  env CUDA_INJECTION64_PATH=/other.so "$corun" collect -o s.db -- touch ran
ok 'kinetos_none_is_none' ends 0 'nothing was recorded' env CUDA_INJECTION64_PATH=none "$corun" collect -o s.db -- true
ok 'a_folder_that_is_not_there' ends 2 gone "$corun" collect -o gone/s.db -- touch ran
echo text >text.db
ok 'a_file_that_is_no_store' ends 2 text.db "$corun" collect -o text.db -- touch ran
ok 'a_window_that_is_none' ends 2 'ends before it begins' "$corun" collect --window 5s..2s -o s.db -- touch ran
ok 'a_size_that_is_too_small' ends 2 'it must be from 65536' "$corun" collect --buffer 1KiB -o s.db -- touch ran
ok 'ranges_without_calls' ends 2 'leave --api none out' "$corun" collect --api none --nvtx step -o s.db -- touch ran
ok 'no_command' ends 2 'needs a command to run' "$corun" collect -o s.db
ok 'run_nothing' test ! -e ran
play init 'pairs 7 k' 'shell rm -rf s.db.spools-*' 'pairs 7 k' 'exit 6'
ok 'a_folder_that_vanishes' is 6 '' 'spools-.* is gone, and what was recorded with it'
mkdir lib && cp "$collector" lib
play init 'pairs 7 k' -- --quiet
cp s.db taken.db
printf 'init\npairs 7 k\n' >script
ok 'a_name_that_is_taken_keeps_the_spool' ends 0 'has a model standin_program already' "$corun" collect --cupti "$standin" -o taken.db -- "$program" "$standin" script
ok 'or_replaces_the_model' ends 0 '^standin_program: 7 iterations' env CORUN_LIBDIR=lib "$corun" collect --replace --cupti "$standin" -o taken.db -- "$program" "$standin" script
done_testing
