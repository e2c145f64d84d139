#!/usr/bin/env bash
# cli.sh - what `corun run` and `corun list` promise at the command line: outputs, exit status, sentences.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
scenario=$srcdir/tests/scenarios/rt-be.yaml

run() { "$corun" run "$scenario" "$@"; }
absent() { local f; for f; do [ ! -e "$f" ] || { echo "$f is there"; return 1; }; done; }
contains() { grep -qF -- "$2" "$1" || { echo "$1 has no $2:"; head -c 2000 "$1"; return 1; }; }

# The same command twice: the same bytes.
twice() { # COMMAND...
  local i
  for i in 1 2; do
    run "$@" -o "$tmp/$i.db" --ledger "$tmp/$i.ledger" --timeline "$tmp/$i.trace" --format json --force >"$tmp/$i.json" ||
      return 1
  done
  cmp "$tmp/1.db" "$tmp/2.db" && cmp "$tmp/1.ledger" "$tmp/2.ledger" && cmp "$tmp/1.json" "$tmp/2.json" &&
    cmp "$tmp/1.trace" "$tmp/2.trace"
}
ok 'the_same_command_twice_gives_the_same_bytes' twice
collected() { # a model of the second bundled store
  "$corun" list models | grep -qx 'collected/resnet50-bs1-fp32' &&
    "$corun" show collected/multi-resnet50-bs1-fp32 >"$tmp/out" && contains "$tmp/out" ' 300 ' &&
    "$corun" run solo -p streams --set 'clients[0].model=collected/resnet50-bs1-fp32' >"$tmp/out" &&
    contains "$tmp/out" 'streams  resnet152  be     collected/resnet50-bs1-fp32'
}
ok 'models_of_the_collected_store_are_listed_shown_and_run' collected
ok 'the_same_seed_gives_the_same_bytes' twice -s 5 --set clients.rt.arrival=poisson
differs() {
  run -s 6 --set clients.rt.arrival=poisson --ledger "$tmp/other.ledger" >"$tmp/out" || return 1
  ! cmp -s "$tmp/1.ledger" "$tmp/other.ledger"
}
ok 'another_seed_gives_another_ledger' differs

shows() { run -p streams -o "$tmp/s$1.db" --format "$1" >"$tmp/run.out" &&
  "$corun" show "$tmp/s$1.db" --format "$1" >"$tmp/show.out" && diff "$tmp/run.out" "$tmp/show.out"; }
for format in table csv json; do
  ok "show_prints_the_${format}_that_run_printed" shows $format
done

# Jobs, and a job beside a client: the same promises.
cat >"$tmp/mix.yaml" <<'YAML'
duration: 60ms
clients:
  - {name: rt, model: googlenet-bs1-fp32, class: rt, arrival: uniform, rate: 100/s}
  - {name: train, model: resnet50-bs8-fp16, class: be, iterations: 3, submit: 5ms, startup: 10ms, think: 1ms}
policies: [streams, exclusive]
YAML
jobs_show() { # SCENARIO FORMAT
  "$corun" run "$1" -o "$tmp/j.db" --format "$2" --force >"$tmp/run.out" &&
    "$corun" show "$tmp/j.db" --format "$2" >"$tmp/show.out" && diff "$tmp/run.out" "$tmp/show.out"
}
for format in table csv json; do
  ok "show_prints_the_${format}_of_jobs_that_run_printed" jobs_show salus-table1 $format
  ok "show_prints_the_${format}_of_jobs_and_clients_that_run_printed" jobs_show "$tmp/mix.yaml" $format
done
jobs_rows() { "$corun" run "$1" --format csv >"$tmp/csv" && [ "$(cut -d, -f1 "$tmp/csv" | sort | uniq -c | tr -s ' \n' ' ')" = "$2" ]; }
ok 'csv_has_one_row_of_jobs_a_policy' jobs_rows salus-table1 ' 4 device 4 jobs 1 row '
ok 'csv_of_jobs_and_clients_has_rows_of_both' jobs_rows "$tmp/mix.yaml" ' 2 client 2 device 2 jobs 1 row '
jobs_replay() { jobs_show salus-table1 table && "$corun" replay "$tmp/j.db"; }
ok 'the_ledger_of_jobs_can_be_replayed' jobs_replay

ok 'the_database_leaves_no_partial_file' absent "$tmp"/*.partial
# Where there are no jobs, every policy that manages none; and the others where there are.
policies_of() { cut -d, -f3 "$tmp/csv" | sed 1d | sort -u | tr '\n' ' '; }
one_row() { run --format csv >"$tmp/csv" && [ "$(grep -c '^client,' "$tmp/csv")" -eq 16 ] && [ "$(policies_of)" = 'exclusive mps priority reef reef-n streams timeslice wait ' ]; }
one_for_jobs() { "$corun" run salus-fair --set policies= --format csv >"$tmp/csv" && [ "$(policies_of)" = 'fair fifo pack srtf ' ]; }
ok 'csv_has_a_row_for_every_policy_and_client' one_row
ok 'jobs_run_under_those_that_manage_jobs' one_for_jobs
ok 'a_policy_may_be_run_twice_with_other_options' run -p exclusive,order=fifo -p exclusive,order=rt-first
ok 'the_wall_clock_backend_runs' run -b wall -p exclusive
ok 'a_pipe_shows_no_progress_bar' bash -c '! "$0" run "$1" --set duration=30ms 2>&1 >/dev/null | grep -q .' "$corun" "$scenario"

window() {
  run -p streams --timeline "$tmp/w.json" --window 4ms..5ms >"$tmp/out" && run -p streams --timeline "$tmp/a.json" >"$tmp/out" &&
    [ "$(wc -c <"$tmp/w.json")" -lt $(($(wc -c <"$tmp/a.json") / 4)) ]
}
ok 'a_window_makes_the_timeline_small' window

# Bad usage and input: 2, a sentence, and nothing on stdout or on disk.
refused() { # CLAIM TEXT ARGUMENT...
  local claim=$1 text=$2
  shift 2
  fails "$claim" 2 "$text" run "$@"
}
fails 'a_missing_scenario_is_said' 2 'a scenario is missing' "$corun" run
fails 'an_unknown_scenario_lists_those_there_are' 2 'disb-c' "$corun" run nonesuch
fails 'two_scenarios_are_one_too_many' 2 'one too many' "$corun" run disb-a disb-b
refused 'an_unknown_option_is_named' '--nonesuch' --nonesuch
refused 'an_unknown_policy_is_named_with_the_nearest' 'there is no policy "exclusiv"; did you mean exclusive?' -p exclusiv
refused 'an_unknown_policy_option_is_named' "ordr" -p exclusive,ordr=fifo
refused 'a_bad_policy_option_names_its_choices' 'rt-first' -p exclusive,order=lifo
refused 'a_scenario_s_policy_is_named_with_its_place' '--set policies=[streams, nonesuch]: policies[1]: there is no policy "nonesuch"' \
  --set 'policies=[streams, nonesuch]'
printf '%s\n' 'duration: 9ms' 'clients: [{model: alexnet-bs1-fp32}]' 'policies: [streams, "exclusive,ordr=fifo"]' >"$tmp/p.yaml"
fails 'and_with_its_line_in_a_file' 2 'p.yaml:3: policies[1]: policy exclusive has no option "ordr"' "$corun" run "$tmp/p.yaml"
refused 'a_kernel_that_never_fits_is_named' 'can never run on device h200: op' --set device.block_threads_max=64
refused 'a_plugin_that_is_not_there_is_named' './nonesuch.so' -p ./nonesuch.so
refused 'an_unknown_backend_is_named' 'there is no backend "gpu"; take sim, wall or cuda' -b gpu
CORUN_LIBCUDA=/nonesuch/libcuda.so.1
export CORUN_LIBCUDA
refused 'the_cuda_backend_says_what_it_needs' 'needs an NVIDIA GPU and its driver' -b cuda
unset CORUN_LIBCUDA
refused 'an_unknown_device_lists_those_there_are' 'h200' -d nonesuch
refused 'a_seed_must_be_a_number' "'x' is not a count" -s x
refused 'an_unknown_format_is_named' 'take table, csv or json' --format xml
refused 'an_unknown_key_is_named' 'duratoin' --set duratoin=1s
refused 'a_window_needs_a_timeline' '--timeline' --window 1ms..2ms
refused 'a_window_must_not_end_before_it_begins' 'ends before it begins' --timeline "$tmp/t.json" --window 2ms..1ms
refused 'a_window_needs_two_ends' 'FROM..TO' --timeline "$tmp/t.json" --window 2ms
refused 'two_outputs_cannot_share_a_file' 'two outputs cannot go to one file' --ledger "$tmp/t.json" --timeline "$tmp/t.json"
refused 'an_empty_file_name_is_refused' 'needs a file name' -o ''
ok 'nothing_was_written_then' absent "$tmp"/t.json*
fails 'list_without_a_word_says_what_there_is' 2 'policies, devices, models, scenarios' "$corun" list
fails 'list_of_an_unknown_policy_names_the_nearest' 2 'did you mean streams?' "$corun" list stream

echo precious >"$tmp/old"
for option in -o --ledger --timeline; do
  refused "an_existing_file_is_refused_by_${option##*-}" 'exists already' $option "$tmp/old"
done
ok 'the_existing_file_is_as_it_was' contains "$tmp/old" precious
ok 'force_writes_over_it' run --force --ledger "$tmp/old" -p streams
for option in -o --ledger --timeline; do
  refused "a_missing_folder_is_named_by_${option##*-}" 'there is no such folder' $option "$tmp/none/x"
  refused "a_folder_is_no_file_for_${option##*-}" 'is a folder' $option "$tmp"
done
if [ "$(id -u)" -eq 0 ]; then
  skip 'a_folder_that_cannot_be_written_is_named' 'root may write everywhere'
else
  mkdir "$tmp/locked" && chmod 555 "$tmp/locked"
  refused 'a_folder_that_cannot_be_written_is_named' 'the folder cannot be written' -o "$tmp/locked/x.db"
fi

# A full disk: 1, a sentence, and nothing left.
full() { (trap '' XFSZ; ulimit -f 16; run "$@" >"$tmp/full.out"); }
fails 'a_full_disk_is_said_of_the_database' 1 'no room to write the run database' full -o "$tmp/full.db"
fails 'a_full_disk_is_said_of_the_timeline' 1 'no room to write the timeline' full --timeline "$tmp/full.json"
fails 'a_full_disk_is_said_of_the_ledger' 1 'no room to write the ledger' full --ledger "$tmp/full.ledger" --set duration=200ms
ok 'a_full_disk_leaves_nothing_half_written' absent "$tmp"/full.db* "$tmp"/full.json* "$tmp"/full.ledger*
if [ -w /dev/full ]; then
  fails 'a_full_stdout_is_said' 1 'the disk is full' bash -c '"$0" run "$1" -p streams >/dev/full' "$corun" "$scenario"
  fails 'a_full_stdout_is_said_by_replay' 1 'the disk is full' bash -c '"$0" replay "$1" >/dev/full' "$corun" "$tmp/1.db"
  fails 'a_full_device_is_said' 1 'No space left' run -p streams --ledger /dev/full
  ok 'the_device_is_still_a_device' test -c /dev/full
else
  skip 'a_full_stdout_is_said' 'there is no /dev/full'
fi

# Ctrl-C in the middle: 1, and what there is so far is kept and marked.
interrupt() {
  # --foreground: else timeout signals its group too, and a second Ctrl-C ends the program at once.
  timeout --foreground --preserve-status -s INT 2 "$corun" run "$scenario" -b wall -p exclusive -p streams --set duration=60s \
    -o "$tmp/i.db" --timeline "$tmp/i.json" --ledger "$tmp/i.ledger" --window 0s..5ms --format json >"$tmp/i.out" 2>"$tmp/i.err"
  [ $? -eq 1 ] || { cat "$tmp/i.err"; return 1; }
}
ok 'ctrl_c_ends_the_run_with_status_1' interrupt
ok 'the_report_says_it_is_partial' contains "$tmp/i.out" '"outcome":"interrupted","partial":true'
ok 'the_sentence_says_how_far_it_came' contains "$tmp/i.err" '0 of 2 policies were run to the end'
ok 'the_database_of_a_stopped_run_can_be_read' bash -c '"$0" show "$1" --format json | cmp - "$2"' "$corun" "$tmp/i.db" "$tmp/i.out"
ok 'its_ledger_can_be_replayed' "$corun" replay "$tmp/i.db"
ok 'its_ledger_is_whole' grep -q '^hash ' "$tmp/i.ledger"
ok 'its_timeline_is_whole' bash -c 'tail -c 4 "$0" | grep -q "\]}"' "$tmp/i.json"

# A thousand clients, so that no request ends for long: it stops all the same.
deaf() {
  timeout --foreground -k 20 --preserve-status -s INT 2 "$corun" run solo -p streams --set 'clients[0].copies=1000' --set duration=9s >"$tmp/d.out" 2>&1
  [ $? -eq 1 ] && grep -q 'its results are partial' "$tmp/d.out"
}
ok 'ctrl_c_is_heard_while_no_request_ends' deaf

for topic in policies devices models scenarios; do
  ok "list_shows_$topic" bash -c '"$0" list "$1" | grep -q .' "$corun" $topic
done
ok 'list_shows_the_options_of_a_policy' bash -c '"$0" list exclusive | grep -q "^order .*rt-first"' "$corun"

# A table may hold its runs twice: `corun validate` prints how far apart the two measurements are.
data=$srcdir/calib/data/h200/unseen
validate() { "$corun" validate -q --only alone-vgg19 --at-most 100ms "$@"; }
mkdir "$tmp/once" "$tmp/other"
cp "$data/corun-streams.csv" "$data/arrivals.csv" "$tmp/once"
live() { validate "$@" >"$tmp/live" && contains "$tmp/live" 'live: the same runs in another process differ by' &&
  contains "$tmp/live" '(1 rows)'; }
ok 'a_bundled_table_shows_its_live_spread' live unseen
ok 'a_second_measurement_can_be_named' live "$tmp/once/corun-streams.csv" --again "$data/again.csv"
ok 'a_table_measured_once_says_nothing_of_it' bash -c '! "$0" validate -q --only alone-vgg19 --at-most 100ms "$1" | grep -q live' \
  "$corun" "$tmp/once/corun-streams.csv"
sed 's/^alone-vgg19@100,streams,0,vgg19/alone-vgg19@100,streams,0,alexnet/' "$data/again.csv" >"$tmp/other/again.csv"
line=$(grep -n '^alone-vgg19@100' "$data/again.csv" | cut -d: -f1)
fails 'a_second_measurement_of_another_model_is_named_with_its_line' 2 "other/again.csv:$line: model differs" \
  validate unseen --again "$tmp/other/again.csv"
done_testing
