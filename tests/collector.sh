#!/usr/bin/env bash
# collector.sh - the injected library, end to end, in a program that plays scripts through a stand-in for libcupti: what it
# records, and that nothing it meets changes what the program prints and how it ends.
. "${srcdir:-.}/tests/tap.bash"
build=$(cd "$builddir" && pwd)
here=$(cd "$srcdir/tests" && pwd)
standin=$build/tests/standin-cupti/libcupti.so.13
program=$build/tests/standin-cupti/standin_program
dump=$build/tests/standin-cupti/spool_dump
collector=${CORUN_COLLECTOR:-$build/libcorun-cupti.so}
everything=kernel+memcpy+memset+runtime+driver+sync+event+memory+pool+stream+context+device+graph+nvtx+overhead+environment+graphtrace
cd "$tmp" || exit 99
ulimit -c 0
. "$here/sanitizer.bash"

# For the program to wait, as long as it may take, until its spool has such a line.
cat >written <<SH
for i in \$(seq 1200); do "$dump" -v spools/*.spool | grep -qE "\$1" && exit; sleep 0.05; done
exit 1
SH

# run OPTIONS LINE...: plays the lines in a fresh folder; what it printed is in run.out, how it ended in $status.  The program waits
# for the collector as long as it must, unless OPTIONS say otherwise: a machine with much to do loses no records here.
run() {
  local options=$1
  shift
  rm -rf spools && mkdir spools
  printf '%s\n' "$@" >script
  env CUDA_INJECTION64_PATH="$collector" NVTX_INJECTION64_PATH="$collector" \
    CORUN_COLLECT="folder=$tmp/spools,cupti=$standin,wait=10000${options:+,$options}" "$program" "$standin" script >run.out 2>&1
  status=$?
}
shopt -s nullglob
# is STATUS TEXT COUNT PATTERN...: the program ended so and printed that; so many spools, whose dump has a line for each pattern.
is() {
  local want=$1 text=$2 n=$3 pattern all
  shift 3
  [ "$status" -eq "$want" ] || { echo "ended with $status, not $want"; cat run.out; return 1; }
  [ "$(cat run.out)" = "$text" ] || { echo "printed:"; cat run.out; return 1; }
  all=(spools/*.spool)
  [ "${#all[@]}" -eq "$n" ] || { echo "there are ${#all[@]} spools, not $n"; return 1; }
  [ "$n" -eq 0 ] && return
  "$dump" -v spools/*.spool >dump.txt 2>&1 || { tail -3 dump.txt; return 1; }
  for pattern; do
    grep -qE -- "$pattern" dump.txt || { echo "no line is like: $pattern"; grep -v 'kernel k ' dump.txt | tail -60; return 1; }
  done
}
lacks() { ! grep -E -- "$1" dump.txt; }

# -- what is recorded --
run "latency=1,kinds=$everything" init all latency unzeroed
ok 'every_kind_of_record_is_taken_over' is 0 '' 1 '^kernel=1$' '^memcpy=2$' '^memset=1$' '^api=2$' '^sync=1$' '^event=1$' \
  '^memory=1$' '^pool=1$' '^stream=1$' '^context=1$' '^device=1$' '^marker=2$' '^marker_data=1$' '^overhead=1$' \
  '^environment=3$' '^graph_trace=1$' '^whole$'
ok 'a_kernel_with_all_its_fields' is 0 '' 1 "^kernel _Z4gemmPf duration=5000 queued=900 submitted=400 stream=13 correlation=501 \
graph=5 node=77 grid=132,2,3 block=64,4,1 registers=168 shared=1024\+98304 executed=102400 local=17 cluster=2,1,1 max=8 active=66 \
carveout=40 device_launched=1$"
ok 'copies_with_their_kinds_of_memory_and_devices' is 0 '' 1 \
  '^memcpy kind=1 bytes=4096 duration=700 from=2 to=3 async=1 peer=0' '^memcpy kind=10 bytes=8192 .*peer=1 devices=0,1$' \
  '^memset value=255 bytes=16 kind=3$'
ok 'streams_green_contexts_and_devices' is 0 '' 1 '^stream 13 context=2 priority=-5 flag=2$' '^context 2 parent=1 green=1 n_sm=16$' \
  '^device Stand-in H200 n_sm=132 bandwidth=4800000000000 capability=9.0 .*warps=64 block=1024,1024,64$'
ok 'allocations_ranges_and_waits' is 0 '' 1 '^memory weights source=libtorch.so operation=1 kind=3 bytes=2097152 address=7f0000000000' \
  '^marker iteration domain=NCCL flags=2 id=8 tid=42$' '^marker_data id=8 payload=31 kind=1 category=2$' \
  '^sync type=3 stream=13 event=-1 event_sync=6$' '^overhead kind=65536 duration=60$' \
  '^environment sm=1980 memory=3201 throttle=4 '
ok 'calls_with_their_names' is 0 '' 1 '^api cudaMalloc_v3020 domain=2 cbid=20 tid=42$' '^api cuLaunchKernel domain=1 cbid=307 '
ok 'clocks_at_the_start_and_at_the_end' is 0 '' 1 '^clock when=0 ahead=1000000 ' '^clock when=2 ahead=1000000 '
ok 'who_was_recorded' is 0 '' 1 "^forked=0 cupti=130001 latency=1 corun=.* command=$program $standin script$"

run '' init 'nodes 3' 'pairs 2 k'
ok 'nodes_of_graphs_and_their_clones' is 0 '' 1 '^node 3 graph=5 type=0 cloned=0 of=0$' '^node 1000003 graph=6 type=0 cloned=1 of=3$'
run '' init 'calls 3 211' 'calls 4 3' 'drivercalls 2 307' 'drivercalls 2 3'
ok 'calls_that_merely_ask_are_left_out' is 0 '' 1 '^api=5$'
run calls=all init 'calls 3 211' 'calls 4 3' 'drivercalls 2 307' 'drivercalls 2 3'
ok 'unless_all_calls_are_asked_for' is 0 '' 1 '^api=11$' 'api cudaGetDevice_v3020'
run kinds=memcpy+stream init all 'nodes 4'
ok 'only_what_was_asked_for' is 0 '' 1 '^memcpy=2$' '^stream=1$' '^recorded=3 '
ok 'and_nothing_else' lacks '^(kernel|api|node|marker|device)'
run '' init 'kernels 250000 k' unzeroed
ok 'many_buffers' is 0 '' 1 '^kernel=250000$' '^recorded=250000 ' '^whole$'
run buffer=64KiB init 'threads 4 20000 k' unzeroed
ok 'many_threads_and_small_buffers' is 0 '' 1 '^kernel=80000$' '^whole$'
run '' nvtx init all
ok 'nvtx_goes_to_cupti' is 0 '' 1 '^marker=2$'
run flush=20 init 'kernels 5 k' 'shell sh written ^clock.when=1' 'kernels 5 k'
ok 'a_long_run_has_clocks_in_the_middle' is 0 '' 1 '^clock when=1 ahead=1000000 ' '^kernel=10$'
run '' 'print no CUDA here'
ok 'a_program_that_never_uses_cuda_has_no_spool' is 0 'no CUDA here' 0
STANDIN=version=26 run '' init all
ok 'shorter_records_of_cuda_12_are_read' is 0 '' 1 'cupti=26' '^kernel _Z4gemmPf .*cluster=2,1,1 max=8 active=66 .*device_launched=0$' \
  '^context 2 parent=0 green=0 n_sm=0$' '^sync type=3 stream=13 event=-1 event_sync=0$' '^event 4 stream=13 event_sync=0 timed=0$' \
  '^memory weights source=- ' '^whole$'
STANDIN=version=130100 run '' init all
ok 'a_later_minor_version_is_recorded' is 0 '' 1 'cupti=130100' '^kernel=1$' '^whole$'

# -- what is missing is counted --
run '' init 'kernels 10 k' 'untimed 4'
ok 'kernels_that_did_not_end' is 0 '' 1 '^kernel=10$' '4 kernels, copies or memsets have no times'
run '' init 'kernels 10 k' 'drop 123' 'kernels 1 k'
ok 'records_that_cupti_dropped' is 0 '' 1 '^kernel=11$' '123 records were dropped by CUPTI'
STANDIN=slow=300000 run 'buffers=2,buffer=64KiB,wait=0' init 'kernels 20000 k'
ok 'records_that_found_no_buffer' is 0 '' 1 ' records were dropped by CUPTI' '^recorded=[1-9]'
ok 'and_all_of_them_are_accounted_for' sh -c '"$1" spools/*.spool | awk -F"[= ]" "/^recorded=/ { n += \$2 } / dropped by CUPTI/ { n += \$(NF - 11) } END { exit n != 20000 }"' - "$dump"
STANDIN=slow=20000 run 'buffers=2,buffer=64KiB,wait=5000' init 'kernels 20000 k'
ok 'a_short_wait_loses_nothing' is 0 '' 1 '^kernel=20000$' '^whole$'
STANDIN=hold=40 run 'buffer=64KiB,flush=20' init 'kernels 30000 k' unzeroed
ok 'a_program_far_ahead_of_its_gpu_loses_nothing' is 0 '' 1 '^kernel=30000$' '^whole$'
# The flush comes to CUPTI's lock when a thread of the program has it, and waits for a buffer; and when the program forks.
STANDIN=linger=300 run 'buffer=64KiB,flush=20' init 'kernels 5 k' flushing 'kernels 30000 k'
ok 'a_flush_that_cupti_keeps_waiting_loses_nothing' is 0 '' 1 '^kernel=30005$' '^whole$'
STANDIN=hold=40 run 'buffer=64KiB,buffers=20' init 'kernels 30000 k'
ok 'unless_it_is_farther_ahead_than_there_are_buffers' is 0 '' 1 ' records were dropped by CUPTI' '^recorded=[1-9]'
run '' init 'kernels 3 k' 'raw 60 48' 'kernels 3 k'
ok 'kinds_of_a_later_cupti' is 0 '' 1 '^kernel=6$' '1 records were of kinds that the collector does not know'
run '' init 'kernels 3 k' 'raw 4000000000 64' 'kernels 3 k' flush 'kernels 2 k'
ok 'a_record_that_cannot_be_passed_over' is 0 '' 1 '^kernel=5$' '1 records of CUPTI were malformed'
run '' init 'kernels 3 k' 'cut 40' 'kernels 2 k'
ok 'a_record_that_is_too_short_for_its_kind' is 0 '' 1 '^kernel=4$' '1 records of CUPTI were malformed'
STANDIN=walk=1 run '' init 'kernels 9 k'
ok 'a_walk_that_goes_backwards' is 0 '' 1 '^kernel=1$' '1 records of CUPTI were malformed'
STANDIN=walk=2 run '' init 'kernels 9 k'
ok 'a_walk_that_leaves_the_buffer' is 0 '' 1 '^kernel=1$' '1 records of CUPTI were malformed'
run '' init 'raw 10 216'
ok 'a_kernel_of_zeros_has_no_times' is 0 '' 1 '1 kernels, copies or memsets have no times'

# -- refusals leave the program alone, and say why --
STANDIN=subscribe=39 run '' init 'kernels 5 k' 'print done' 'exit 3'
ok 'another_subscriber' is 3 done 1 'note level=2 code=39 CUPTI refuses a subscriber: CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED; another profiler' \
  '^recorded=0 ' '^whole$'
run '' init subscribe 'kernels 5 k'
ok 'a_collector_that_comes_second_is_refused' is 0 'another collector is refused' 1 '^kernel=5$'
STANDIN=enable=15 run '' init 'kernels 5 k' 'print done'
ok 'a_cupti_that_is_not_initialised' is 0 'done' 1 'note level=2 code=15 CUPTI refuses to record anything: CUPTI_ERROR_NOT_INITIALIZED'
STANDIN=refuse=49 run '' init all
ok 'a_kind_that_is_refused' is 0 '' 1 'note level=1 code=21 allocations are not recorded: CUPTI_ERROR_INVALID_KIND' '^kernel=1$'
STANDIN=timestamp=999 run '' init 'kernels 5 k'
ok 'a_cupti_without_a_clock' is 0 '' 1 '^kernel=5$'
for version in 17 140000 990000; do
  STANDIN=version=$version run '' init 'kernels 5 k' 'print done'
  ok "version_${version}_is_left_alone" is 0 'done' 1 "note level=2 .*libcupti has version $version, which this collector does not know"
done
run cupti=/no/libcupti.so.13 init 'kernels 5 k' 'print done'
ok 'no_libcupti' is 0 'done' 1 'note level=2 .*no libcupti was found .*/no/libcupti.so.13'
run "cupti=$build/libcorun-cupti.so" init 'kernels 5 k'
ok 'what_is_no_libcupti' is 0 '' 1 'note level=2 .*this libcupti has no cuptiGetVersion'
run kinds=kernel+nonsense init 'kernels 5 k' 'print done'
ok 'options_that_are_wrong' is 0 'done' 1 'note level=2 .*CORUN_COLLECT: kinds is not a key of the collector, or has no such value'
run folder=/no/such/folder init 'kernels 5 k' 'print done'
ok 'a_folder_that_is_not_there' is 0 'done' 0
run folder=/no/such/folder,say=1 init 'kernels 5 k' 'print done'
ok 'and_one_line_if_it_may_say_so' grep -q '^corun: process [0-9]* is not recorded: No such file or directory$' run.out
printf '%s\n' init 'kernels 5 k' 'print done' >script
ok 'without_options_nothing_happens' sh -c 'CUDA_INJECTION64_PATH=$1 "$2" "$3" script' - "$collector" "$program" "$standin"
ok 'a_libcupti_beside_the_loader_is_found' sh -c 'rm -f spools/*; LD_LIBRARY_PATH=${3%/*} CORUN_COLLECT=folder=$PWD/spools CUDA_INJECTION64_PATH=$1 "$2" "$3" script &&
  "$4" spools/*.spool | grep -qx kernel=5' - "$collector" "$program" "$standin" "$dump"

# -- programs that end in other ways --
exec 3>&2 2>/dev/null # the shell's own words on programs that were killed
for how in 'exit 5' 'abort' 'kill' 'segv' '_exit 4'; do
  run flush=10 init 'kernels 50 k' 'shell sh written ^kernel=50$' 'kernels 1 k' "$how"
  case $how in
  exit*) ok 'a_program_that_fails' is 5 '' 1 '^kernel=51$' '^whole$' ;;
  _exit*) ok 'a_program_that_skips_its_exit_handlers' is 4 '' 1 '^kernel=5[01]$' 'has no end: process ' ;;
  abort) ok 'a_program_that_aborts' is 134 '' 1 '^kernel=5[01]$' 'has no end: process ' ;;
  kill) ok 'a_program_that_is_killed' is 137 '' 1 '^kernel=5[01]$' 'has no end: process ' ;;
  segv) ok 'a_program_that_crashes' is 139 '' 1 '^kernel=5[01]$' 'has no end: process ' ;;
  esac
done
exec 2>&3
run 'flush=0' init 'limit 300000' 'kernels 100000 k' 'print done'
ok 'a_file_size_limit' is 0 'done' 1 '^recorded=[1-9]' 'records were not written: no room'
run 'limit=400KiB' init 'kernels 100000 k' 'print done'
ok 'a_limit_of_its_own' is 0 'done' 1 '^recorded=[1-9]' 'records were not written: no room'
run 'reserve=1000000GiB' init 'kernels 10 k' 'print done'
ok 'a_disk_that_is_almost_full' is 0 'done' 1 '10 records were not written: no room'
run '' init 'kernels 30000 k' "shell rm -rf $tmp/spools" 'kernels 100000 k' 'print done'
ok 'a_folder_that_vanishes' is 0 'done' 0

# -- forks --
STANDIN=fork=1 forks run '' init 'kernels 30 k' fork 'kernels 20 k' end 'kernels 3 k'
ok_of_child "$collector" 'a_child_has_a_spool_of_its_own' is 0 '' 2 '^forked=1 ' '^forked=0 ' '^recorded=20 of_parent=0' '^recorded=33 of_parent=0' '^whole$'
STANDIN=fork=0 forks run flush=0 init 'kernels 30 k' 'sleep 1' fork 'kernels 30000 k' end 'kernels 3 k'
ok_of_child "$collector" 'without_what_the_parent_had_in_the_buffer' is 0 '' 2 '^recorded=30000 of_parent=30$' '^recorded=33 of_parent=0$' '^whole$'
STANDIN=fork=0 forks run '' init 'kernels 30 k' fork 'sleep 1' end 'kernels 3 k'
ok 'a_child_that_does_nothing_has_none' is 0 '' 1 '^recorded=33 ' '^whole$'
forks run '' init 'kernels 30000 k' fork "shell rm -rf $tmp/spools" 'kernels 40000 k' end 'kernels 3 k'
ok_of_child "$collector" 'a_child_without_a_folder_goes_on' is 0 '' 0
forks run flush=10 init 'threads 4 100 k' fork 'kernels 30000 k' 'sleep 40' fork 'kernels 20000 k' end end 'kernels 5 k'
ok_of_child "$collector" 'a_child_of_a_child' is 0 '' 3 '^recorded=20000 ' '^recorded=30000 ' '^recorded=405 '
STANDIN=linger=300,fork=1 forks run flush=20 init 'kernels 30 k' flushing fork 'kernels 20 k' end 'kernels 3 k'
ok_of_child "$collector" 'a_fork_during_a_flush' is 0 '' 2 '^recorded=20 ' '^recorded=33 '
forks run '' fork init 'kernels 4 k' end fork init 'kernels 6 k' end init 'kernels 5 k'
ok 'children_that_begin_by_themselves' is 0 '' 3 '^recorded=4 ' '^recorded=6 ' '^recorded=5 '
ok 'are_no_forks' lacks '^forked=1'
rm -rf spools && mkdir spools
ok 'a_program_that_becomes_another' sh -c 'export CUDA_INJECTION64_PATH=$1 CORUN_COLLECT=folder=$PWD/spools,cupti=$3
  echo "kernels 2 k" >rest; sed -i "1i init" rest; printf "%s\n" init "kernels 3 k" "shell exec $2 $3 rest" >first; "$2" "$3" first &&
  [ $(ls spools | wc -l) -eq 2 ]' - "$collector" "$program" "$standin"

# -- kernels that are counted in place of timed; what stands behind each: bytes of DRAM and L2, instructions of all, tensor, FMA and
# FP64 pipes, warps --
run metrics=5000 init 'kernels 9 k' 'extended 2 ex' 'print done' 'runs 11'
ok 'what_each_kernel_did_is_recorded' is 0 done 1 '^counted=11$' '^whole$' \
  '^counted k number=0 device=3 grid=1 block=128 registers=32 shared=0\+0 4203 8299 1000 100 nan nan 2\.5$' \
  '^counted k number=6 device=3 grid=7 .* 28779 57451 7000 700 nan nan 2\.5$' '^counted k number=7 .* grid=1 ' \
  '^counted ex number=10 device=3 grid=2 block=128 registers=32 shared=0\+0 8293 16485 2000 200 nan nan 2\.5$'
ok 'and_nothing_else' lacks '^(kernel|api|stream|note)='
run metrics=5000,fp=1 init 'kernels 9 k' 'runs 18'
ok 'fp_pipes_take_a_second_pass' is 0 '' 1 ' 4203 8299 1000 100 50 0 2\.5$' 'note level=1 code=0 kernels are counted in 2 passes: each runs as often'
STANDIN=lacks=1 run metrics=5000,fp=1 init 'kernels 9 k'
ok 'a_chip_without_a_pipe_counts_the_others' is 0 '' 1 ' 4203 8299 1000 100 50 nan 2\.5$' '^counted=9$'
STANDIN=passes=3 run metrics=5000 init 'kernels 9 k' 'runs 27'
ok 'many_passes_are_said' is 0 '' 1 'counted in 3 passes' '^counted=9$'
run metrics=5000 init 'kernels 1000 k'
ok 'more_kernels_than_a_batch' is 0 '' 1 '^counted k number=999 device=3 grid=6 .* 24683 49259 6000 600 nan nan 2\.5$' '^counted=1000$' '^whole$'
run metrics=100 init 'kernels 150 k' 'runs 150' 'print done'
ok 'so_many_and_no_more' is 0 'done' 1 '^counted=100$' 'note level=1 code=0 kernels beyond the first 100 are not counted'
STANDIN=ranges=50 run metrics=5000 init 'kernels 64 k' 'kernels 10 z'
ok 'more_kernels_than_there_is_room_for' is 0 '' 1 '^counted=60$' '14 kernels are not counted, of which CUPTI has no counters' \
  '^counted k number=49 .* grid=1 ' '^counted z number=64 .* grid=1 '
STANDIN=spare=1 run metrics=5000 init 'kernels 6 k'
ok 'more_ranges_than_launches_are_nobodys' is 0 '' 1 '6 kernels are not counted, launched by several threads at a time or with more' '^recorded=0 '
run metrics=5000 init 'kernels 3 k' 'failing bad' 'handle h' 'kernels 2 z'
ok 'a_launch_that_fails_counts_nothing' is 0 '' 1 '^counted=5$' '^counted z number=4 .* 4218 ' '1 launches are not counted, of which CUPTI or the driver do not tell'
run metrics=5000 init 'kernels 3 k' 'graph 5 g' 'graph 5 g' 'kernels 2 z' 'runs 7'
ok 'graphs_are_left_out_and_said' is 0 '' 1 '^counted=5$' '^counted z number=3 .* 4218 ' '2 launches of CUDA graphs are not counted, since'
run metrics=5000 init 'kernels 3 k' 'capture 4 c' 'kernels 2 z' 'print done'
ok 'a_stream_that_is_captured_is_left_alone' is 0 'done' 1 '^counted=5$' '^counted z number=3 .* 4218 '
run metrics=5000 init 'kernels 3 k' 'context 2' 'kernels 4 o' 'context 1' 'kernels 2 z'
ok 'another_context_is_left_out' is 0 '' 1 '^counted=5$' '4 kernels are not counted, in another CUDA context' '^counted z number=3 .* 4218 '
run metrics=5000 init 'kernels 3 k' 'context_ends 1' 'context 2' 'kernels 4 o'
ok 'a_context_that_ends_takes_nothing_along' is 0 '' 1 '^counted=7$' '^counted o number=6 ' '^whole$'
run metrics=5000 init 'threads 4 25 k' 'kernels 7 z'
ok 'threads_are_counted_one_after_the_other' is 0 '' 1 '^counted=107$' '^counted z number=106 .* grid=7 .* 28794 '
ok 'each_with_its_own_counters' awk '/^counted k/ { for (i = 1; i <= NF; i++) if ($i ~ /^grid=/) { g = substr($i, 6); n++; bad += $(i + 4) != 4096 * g + 107 } } END { exit bad || n != 100 }' dump.txt
STANDIN=launch_ms=4000 run metrics=5000 init 'threads 2 1 k' 'print done'
ok 'launches_that_do_not_return_in_time_are_nobodys' is 0 'done' 1 '2 kernels are not counted, launched by several threads' '^recorded=0 '
forks run metrics=5000 init 'kernels 70 k' fork 'kernels 20 k' end 'kernels 3 k'
ok 'a_child_counts_nothing' is 0 '' 1 '^counted=73$' '^whole$'
# Refusals: the program's kernels run once each, and it does not learn of them.
STANDIN=profile=35 run metrics=5000 init 'kernels 9 k' 'runs 9' 'print done' 'exit 3'
ok 'without_privileges_nothing_is_counted' is 3 'done' 1 '^recorded=0 ' '^whole$' \
  'note level=1 code=35 kernels are not counted: cuptiRangeProfilerEnable: CUPTI_ERROR_INSUFFICIENT_PRIVILEGES; the driver lets administrators alone'
STANDIN=start=26 run metrics=5000 init 'kernels 9 k' 'runs 9'
ok 'a_start_that_is_refused' is 0 '' 1 'note level=1 code=26 kernels are not counted: cuptiRangeProfilerStart'
STANDIN=start=-26 run metrics=5000 init 'kernels 9 k' 'graph 1 g' 'kernels 4 k' 'runs 14'
ok 'or_later_keeps_what_was_counted' is 0 '' 1 '^counted=9$' 'code=26 kernels are not counted: cuptiRangeProfilerStart'
STANDIN=evaluate=25 run metrics=5000 init 'kernels 9 k'
ok 'counters_that_cannot_be_read' is 0 '' 1 '^recorded=0 ' '9 kernels are not counted, of which CUPTI has no counters'
STANDIN=subscribe=39 run metrics=5000 init 'kernels 9 k' 'runs 9'
ok 'another_profiler' is 0 '' 1 'note level=2 code=39 kernels are not counted: .*; another profiler is in this program'
whole=$standin standin=$build/tests/standin-cupti/libcupti_old.so.13
run metrics=5000 init 'kernels 9 k' 'print done' 'exit 4'
ok 'a_libcupti_without_a_range_profiler' is 4 'done' 1 'note level=2 code=0 kernels are not counted: this libcupti .* has no cuptiProfilerInitialize'
standin=$whole
mkdir alone && cp "$standin" alone && standin=$tmp/alone/libcupti.so.13
run metrics=5000 init 'kernels 9 k' 'print done'
ok 'a_driver_that_does_not_tell_of_functions' is 0 'done' 1 'note level=2 .*the CUDA driver has no cuFuncGetAttribute'
standin=$whole
exec 3>&2 2>/dev/null
run metrics=5000 init 'kernels 200 k' kill
ok 'a_program_that_is_killed_while_it_counts' is 137 '' 1 '^counted=1(28|92)$' 'has no end: process '
exec 2>&3

# -- how fast it is: tests/bench_collector.sh with 10 million records is the measure; here a tenth of it, at any speed --
if is_sanitized "$collector"; then skip 'a_million_records_without_loss_in_64_MiB' "a sanitizer's build needs more memory"; else
  ok 'a_million_records_without_loss_in_64_MiB' env LEAST_RATE=1 MOST_WAIT=10000 builddir="$build" bash "$here/bench_collector.sh" 500000
fi

# -- what it is made of --
ok 'it_shows_two_functions' test "$(${NM:-nm} -D --defined-only "$collector" | awk '$2 == "T" { print $3 }' | sort | tr '\n' ' ')" = \
  'InitializeInjection InitializeInjectionNvtx2 '
ok 'it_uses_no_heap_and_prints_nothing' sh -c '! ${NM:-nm} -D --undefined-only "$1" | grep -wE "malloc|calloc|realloc|free|strdup|printf|puts|exit|_exit|abort|signal|sigaction"' - "$collector"
ok 'it_needs_no_library_but_the_c_library' sh -c '! ${NM:-nm} -D --undefined-only "$1" | grep -E " (cu|cupti|cuda)[A-Z]"' - "$collector"
done_testing
