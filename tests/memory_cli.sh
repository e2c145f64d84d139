#!/usr/bin/env bash
# memory_cli.sh - memory within iterations from a recording to the results: `import memory`, runs that use its table, and what
# they report, keep and draw.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
cd "$tmp" || exit 99
case $corun in /*) ;; *) corun=$OLDPWD/$corun ;; esac
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$OLDPWD/$CORUN_DATA ;; esac

cat >recorded.csv <<'C'
model,batch,time_us,action,address,bytes
net,50,1000,alloc,1,1000000000
net,50,1040,alloc,2,3000000000
net,50,1060,free_completed,2,3000000000
net,50,1100,free_completed,1,1000000000
C
printf '%s\n' workload,iteration_ms,persistent_bytes,ephemeral_bytes net_50,10,500000000,8000000000 >table.csv
cat >run.yaml <<'Y'
device: h200
jobs: {models: table.csv, memory: memory.csv}
clients:
  - {name: job, model: net_50, iterations: 100}
policies: [fifo]
Y
says() { # TEXT COMMAND...: the command is done and prints the text
  local text=$1 out
  shift
  out=$("$@" 2>&1) || { echo "$out"; return 1; }
  [[ $out == *"$text"* ]] || { echo "$out"; return 1; }
}

# -- import --
ok 'import_makes_a_table' says 'net_50: 4 events in 0.100 ms, 3 steps, peak 3.73 GiB, mean 1.49 GiB; declared are 7.45 GiB, 100.0 % more' \
  "$corun" import memory recorded.csv --table table.csv -o memory.csv
ok 'of_steps_within_an_iteration' diff <(printf '%s\n' workload,at_ns,bytes net_50,0,1000000000 net_50,40000,4000000000 \
  net_50,60000,1000000000 net_50,100000,) <(grep -v '^#' memory.csv)
ok 'behind_the_command_that_made_it' grep -q '^# corun [^ ]* ([^)]*): corun import memory recorded.csv --table table.csv -o memory.csv' memory.csv
ok 'gzip_and_other_names_are_read' sh -c 'gzip -k recorded.csv && "$1" import memory recorded.csv.gz -m other -o - 2>/dev/null | grep -qx other,40000,4000000000' - "$corun"
fails 'an_unknown_workload_is_named' 2 "recorded.csv:2: there is no workload 'not' in table.csv" \
  sh -c '"$1" import memory recorded.csv --table table.csv -m not -o x.csv' - "$corun"
fails 'an_output_is_needed' 2 'import memory needs the file to write: -o MEMORY.csv' "$corun" import memory recorded.csv
fails 'options_of_other_kinds_are_refused' 2 'import memory has no option --skip-bad' "$corun" import memory recorded.csv --skip-bad -o x.csv
fails 'and_its_own_by_them' 2 'import kineto has no option --steps' "$corun" import kineto recorded.csv --steps 9 -o x.db
fails 'steps_are_at_least_one' 2 '--steps 0: must be from 1' "$corun" import memory recorded.csv --steps 0 -o x.csv
fails 'one_name_is_of_one_file' 2 '--model names one model, but there are 2 files' "$corun" import memory recorded.csv recorded.csv -m x -o x.csv

# -- runs --
run() { "$corun" run run.yaml -q --set jobs.models=table.csv --set jobs.memory=memory.csv "$@"; }
ok 'what_is_declared_in_vain_is_told' says 'memory.csv: 1 model of these jobs declares more within an iteration than it needs, most net_50 (7.45 GiB for 3.73 GiB)' run
# fifo gives a job the whole device: 0.5 GB held and 8 in its lane, of which 1.6 GB are used in the mean and 4 at most.
column() { # NAME OPTION...
  local name=$1
  shift
  run --format csv "$@" 2>/dev/null | awk -F, -v name="$name" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } $1 == "device" { print $c }'
}
is() { [ "$(column "${@:2}")" = "$1" ] || { column "${@:2}"; return 1; }; }
ok 'the_mean_in_use_is_that_of_the_curve' is 2100000000.0 memory_used_mean_bytes
ok 'the_peak_in_use_too' is 4500000000 memory_used_peak_bytes
ok 'srtf_reserves_what_is_declared_and_some_more' is 8977500000 memory_reserved_peak_bytes -p srtf
sed s/8000000000/4000000000/ table.csv >exact.csv
ok 'and_little_in_vain_where_it_is_exact' is 4777500000 memory_reserved_peak_bytes -p srtf --set jobs.models=exact.csv
ok 'which_is_in_use_all_the_same' is 4500000000 memory_used_peak_bytes -p srtf --set jobs.models=exact.csv
ok 'what_declares_nothing_gets_the_device' is 150109880320 memory_reserved_peak_bytes -p srtf --set jobs.declared=no
sed s/8000000000/3000000000/ table.csv >under.csv
ok 'what_declares_too_little_finds_no_memory' sh -c '"$@" | grep "of 1 jobs failed" | grep -q "^srtf: 1"' - \
  "$corun" run run.yaml -q -p srtf -p fifo --set jobs.models=under.csv --set jobs.memory=memory.csv
json() { run --format json 2>/dev/null; }
ok 'json_says_the_same' sh -c 'echo "$1" | grep -q "\"memory_used_mean_bytes\":2100000000.0,\"memory_used_peak_bytes\":4500000000"' - "$(json)"
ok 'a_run_database_keeps_it' run -o run.db
ok 'and_shows_what_the_run_printed' diff <(run 2>/dev/null) <("$corun" show run.db)
ok 'in_every_form' diff <(json) <("$corun" show run.db --format json)

# -- timelines --
counters() { grep -c '"name":"memory"' "$1"; }
ok 'a_timeline_draws_every_step' run --timeline all.json
ok 'three_an_iteration' sh -c '[ "$(grep -c "\"name\":\"memory\"" all.json)" -ge 200 ] && grep -q "\"held\":500000000,\"ephemeral\":4000000000" all.json' -
ok 'a_window_draws_what_lies_in_it' run --timeline part.json --window 100ms..109ms
ok 'and_no_more' sh -c '[ "$(grep -c "\"name\":\"memory\"" part.json)" -le 4 ] && grep -q "\"ts\":104000.000,\"args\":{\"held\":500000000,\"ephemeral\":4000000000" part.json' -
long() { "$corun" run run.yaml --set jobs.models=table.csv --set jobs.memory=memory.csv --set clients.job.iterations=100000 --timeline "$@"; }
ok 'of_a_long_run_the_peaks_are_drawn_and_it_is_said' says 'long.json shows the memory of 100000 iterations by their peaks alone; with --window' long long.json
ok 'in_few_bytes' sh -c '[ "$(wc -c <long.json)" -lt 20000 ] && grep -q "memory: only peaks of 100000 iterations" long.json' -
ok 'and_a_window_of_it_has_every_step' sh -c '! "$@" 2>&1 | grep "peaks alone"' - "$corun" run run.yaml --set jobs.models=table.csv --set jobs.memory=memory.csv \
  --set clients.job.iterations=1000000 --timeline window.json --window 5000s..5001s
ok 'in_few_bytes_too' sh -c 'n=$(grep -c "\"name\":\"memory\"" window.json); [ "$n" -ge 200 ] && [ "$n" -le 310 ]' -
done_testing
