#!/usr/bin/env bash
# jobs_cli.sh - job traces from outside: `import jobs`, `generate jobs` and runs of them; whatever is wrong with a trace is a
# sentence with its line and status 2.
. "${srcdir:-.}/tests/tap.bash"
. "$srcdir/tests/sanitizer.bash"
corun=$builddir/corun
head=job_id,model_name,iterations,submit_time,duration
cd "$tmp" || exit 99
case $corun in /*) ;; *) corun=$OLDPWD/$corun ;; esac
case $srcdir in /*) ;; *) srcdir=$OLDPWD/$srcdir ;; esac
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$OLDPWD/$CORUN_DATA ;; esac

absent() { local f; for f; do [ ! -e "$f" ] || { echo "$f is there"; return 1; }; done; }
holds() { # FILE TEXT: the file is the text behind its comments
  diff <(grep -v '^#' "$1") <(printf '%b' "$2")
}
trace() { # ROW...: a trace of two good jobs and these
  printf '%s\n' "$head" a,vgg19_50,10,0,5 b,vae_64,100,2.5,1 "$@" >t.csv
}
cat >run.yaml <<'Y'
device: p100
jobs: {file: t.csv, models: salus-p100.csv}
policies: [streams]
Y

# -- import --
trace
imports() { rm -f o.csv && "$corun" import jobs "$@" -o o.csv; }
says() { # TEXT COMMAND...: the command is done and prints the text
  local text=$1 out
  shift
  out=$("$@" 2>&1) || { echo "$out"; return 1; }
  [[ $out == *"$text"* ]] || { echo "$out"; return 1; }
}
ok 'import_writes_the_canonical_dialect' imports t.csv
ok 'and_what_it_wrote' holds o.csv "$head,num_gpu\na,vgg19_50,10,0,5,1\nb,vae_64,100,2.5,1,1\n"
ok 'behind_the_command_that_made_it' grep -q "^# corun [^ ]* ([^)]*): corun import jobs t.csv -o o.csv" o.csv
ok 'it_names_the_dialect_and_counts' says 't.csv: dialect salus, 2 jobs' imports t.csv
ok 'what_it_wrote_it_reads' says 'o2.csv: dialect salus, 2 jobs' sh -c 'cp o.csv o2.csv && "$1" import jobs o2.csv -o -' - "$corun"
ok 'a_byte_order_mark_and_crlf_are_read' sh -c 'printf "\357\273\277%s\r\nx,vgg19_50,1,0,2\r\n" "$1" >bom.csv' - "$head"
ok 'and_give_the_same_text' sh -c '"$1" import jobs bom.csv -o - 2>/dev/null | grep -qx "x,vgg19_50,1,0,2,1"' - "$corun"

refused() { # CLAIM TEXT ROW...: import and run refuse the trace with these rows, at line 4
  local claim=$1 text=$2
  shift 2
  trace "$@"
  rm -f o.csv
  fails "${claim}_by_import" 2 "t.csv:4: $text" "$corun" import jobs t.csv --table salus-p100 -o o.csv
  ok "and_nothing_is_written" absent o.csv
  fails "${claim}_by_run" 2 "t.csv:4: " "$corun" run ./run.yaml
}
refused 'a_job_out_of_order_is_refused' 'job c was submitted before job b on line 3; jobs must stand in order of submission: --sort' \
  c,vae_64,1,2,1
refused 'a_negative_time_is_refused' 'submit_time is -1; it cannot be negative' c,vae_64,1,-1,1
refused 'an_id_that_is_there_is_refused' 'job a is there already, ' a,vae_64,1,3,1
refused 'an_unknown_model_is_refused' "job c: there is no workload 'vgg19_5' in" c,vgg19_5,1,3,1
refused 'a_word_for_a_number_is_refused' 'duration is "long" where a time in seconds belongs' c,vae_64,1,3,long
refused 'no_iterations_are_refused' 'job c has no iterations; it needs one at least' c,vae_64,0,3,1
refused 'a_row_that_is_cut_off_is_refused' 'has 3 fields where the header has 5' c,vae_64,1
trace c,vgg19_50,3,4,0.1
fails 'a_duration_below_one_iteration_is_refused' 2 \
  't.csv:4: job c: its duration, 0.1 s, is shorter than one iteration of vgg19_50, 0.41497 s; skip_bad: yes leaves' "$corun" run ./run.yaml
trace c,inception4_75,3,4,5
fails 'a_job_larger_than_the_device_is_refused' 2 't.csv:4: job c: a job of inception4_75 needs' "$corun" run ./run.yaml --set device.mem=8GiB
trace
fails 'a_column_that_is_missing_is_named' 2 'has no column "submit_time", which a job trace of dialect salus needs' \
  sh -c 'sed s/submit_time/when/ t.csv >m.csv; "$1" import jobs m.csv -o o.csv' - "$corun"
fails 'a_table_of_something_else_is_no_job_trace' 2 'is no job trace: it has the columns a, b' \
  sh -c 'printf "a,b\n1,2\n" >n.csv; "$1" import jobs n.csv -o o.csv' - "$corun"
fails 'an_empty_file_is_refused' 2 'has no header row' sh -c ': >n.csv; "$1" import jobs n.csv -o o.csv' - "$corun"
fails 'a_file_that_is_not_there_is_named' 2 'none.csv: cannot be read: No such file' "$corun" import jobs none.csv -o o.csv
fails 'a_pipe_is_refused' 2 'is a pipe or a device; write the job trace to a file first' sh -c 'cat t.csv | "$1" import jobs /dev/stdin -o o.csv' - "$corun"

# A line of 10 GB: a hundred times the same 100 MB, which gzip makes small.
long_line() {
  { echo "$head"; echo a,vae_64,1,0,1; } | gzip -c >long.csv.gz && head -c 100000000 /dev/zero | tr '\0' x | gzip -1 -c >x.gz &&
    for _ in $(seq 100); do cat x.gz; done >>long.csv.gz && rm -f x.gz
}
ok 'a_line_of_10_GB_can_be_made' long_line
limit=400000 # KB; a sanitizer maps more than there is
is_sanitized "$corun" && limit=unlimited
fails 'and_is_refused_before_it_is_read_in' 2 'long.csv.gz:3: the line is longer than 16 MiB' \
  bash -c 'ulimit -v "$1"; timeout 20 "$0" import jobs long.csv.gz -o o.csv' "$corun" "$limit"

# --skip-bad counts and tells; the good ones go on.
trace c,vae_64,1,2,1 a,vae_64,1,3,1 d,vae_64,1,4,1 e,vae_64,1,5 f,vae_64,x,6,1 g,vae_64,1,-6,1 h,vae_64,y,6,1
ok 'skip_bad_leaves_out_what_is_wrong' says '3 jobs' imports t.csv --skip-bad
ok 'and_keeps_the_rest' holds o.csv "$head,num_gpu\na,vgg19_50,10,0,5,1\nb,vae_64,100,2.5,1,1\nd,vae_64,1,4,1,1\n"
ok 'it_counts_each_kind_and_shows_the_first' says 'left out: 2 with a value that is none; the first: t.csv:8: iterations is "x"' \
  imports t.csv --skip-bad
ok 'it_counts_those_out_of_order' says 'left out: 1 out of order; the first: t.csv:4: job c was submitted before' imports t.csv --skip-bad
ok 'a_run_tells_what_it_left_out' says 'left out: 1 with an id that was there before; the first: ' "$corun" run ./run.yaml --set jobs.skip_bad=yes
ok 'and_quietly_too' says 'left out: 1 with an id that was there before; the first: ' "$corun" run ./run.yaml -q --set jobs.skip_bad=yes
trace c,vgg19_60,1,3,1 d,vgg19_50,10,4,0.1 e,vae_64,1,5,1
fails 'a_table_checks_models_and_durations' 2 "t.csv:4: job c: there is no workload 'vgg19_60' in " imports t.csv --table salus-p100
ok 'or_leaves_out_jobs_of_unknown_models' says 'left out: 1 of an unknown model; the first: t.csv:4: job c: there is no workload' \
  imports t.csv --table salus-p100 --skip-bad
ok 'and_those_shorter_than_one_iteration' says 'left out: 1 shorter than one iteration; the first: t.csv:5: job d: its duration, 0.1 s' \
  imports t.csv --table salus-p100 --skip-bad
ok 'the_others_stay' holds o.csv "$head,num_gpu\na,vgg19_50,10,0,5,1\nb,vae_64,100,2.5,1,1\ne,vae_64,1,5,1,1\n"
trace c,vae_64,1,2,1
ok 'sort_puts_jobs_in_order' imports t.csv --sort
ok 'of_submission' holds o.csv "$head,num_gpu\na,vgg19_50,10,0,5,1\nc,vae_64,1,2,1,1\nb,vae_64,100,2.5,1,1\n"

# Logs of clusters that name no models.
cat >philly.json <<'J'
[{"jobid": "p1", "submitted_time": "2017-10-07 01:11:39", "attempts": [
   {"start_time": "2017-10-07 01:12:09", "end_time": "2017-10-07 01:13:23", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}]},
 {"jobid": "p2", "submitted_time": "2017-10-07 01:11:09", "attempts": []},
 {"jobid": "p3", "submitted_time": "2017-10-07 01:11:09", "attempts": [
   {"start_time": "2017-10-07 01:12:09", "end_time": "2017-10-07 01:12:19", "detail": [{"ip": "m1", "gpus": ["gpu0"]}]}]}]
J
ok 'a_philly_log_is_recognised' says 'philly.json: dialect philly, 2 jobs' imports philly.json
ok 'and_its_job_that_never_ran_is_counted' says 'left out: 1 that never ran; the first: philly.json:3: job p2' imports philly.json
ok 'its_jobs_name_no_models' holds o.csv "$head,num_gpu\np3,,,0,10,1\np1,,,30,74,1\n"
cp o.csv t.csv
fails 'so_they_cannot_be_run_as_they_are' 2 'names no model; jobs.mix can give it one' "$corun" run ./run.yaml
ok 'unless_a_mix_gives_them_models' "$corun" run ./run.yaml --set jobs.mix=all
ok 'in_the_scenario_or_on_import' imports philly.json --model-mix vae_64=2,vgg19_50 --seed 3 --table salus-p100
ok 'the_same_seed_draws_the_same' sh -c 'cp o.csv o1.csv && rm o.csv && "$1" import jobs philly.json --model-mix vae_64=2,vgg19_50 --seed 3 --table salus-p100 -o o.csv >out && tail -n +2 o1.csv >1 && tail -n +2 o.csv | cmp - 1' - "$corun"
fails 'a_model_of_the_mix_must_be_in_the_table' 2 "there is no workload 'vae_6' in" "$corun" import jobs philly.json --model-mix vae_6 --table salus-p100 -o x.csv
fails 'all_needs_a_table' 2 "'all' means all workloads of a table; name one with --table" "$corun" import jobs philly.json --model-mix all -o x.csv
fails 'an_option_of_stores_is_none_of_jobs' 2 'import jobs has no option --prefix' "$corun" import jobs t.csv --prefix x -o x.csv
fails 'an_option_of_jobs_is_none_of_stores' 2 'import kineto has no option --skip-bad' "$corun" import kineto t.csv --skip-bad -o x.db
fails 'import_jobs_needs_an_output' 2 'import jobs needs the file to write: -o JOBS.csv' "$corun" import jobs t.csv
fails 'an_existing_file_is_refused' 2 'exists already' "$corun" import jobs philly.json -o o.csv
fails 'a_trace_without_jobs_is_refused' 2 'there are no jobs to write' sh -c 'echo "[]" >n.json; "$1" import jobs n.json -o x.csv' - "$corun"
ok 'nothing_was_written_then' absent x.csv x.db

# -- generate --
made() { "$corun" generate jobs "$@" -o -; }
ok 'generate_makes_as_many_jobs_as_asked' sh -c '[ "$("$1" generate jobs -n 250 --rate 120/h -o - | grep -vc "^#\|^job_id")" -eq 250 ]' - "$corun"
twice() { diff <(made "$@" | tail -n +2) <(made "$@" | tail -n +2); }
ok 'the_same_seed_makes_the_same_jobs' twice -n 50 --rate 120/h -s 7
differs() { ! diff <(made -n 50 --rate 120/h -s 7 | tail -n +2) <(made -n 50 --rate 120/h -s 8 | tail -n +2) >/dev/null; }
ok 'another_seed_makes_others' differs
ok 'the_bundled_trace_of_the_h200_is_made_so' sh -c '"$1" generate jobs -n 100 --rate 120/h --table h200-training -s 1 -o - | tail -n +2 >h && grep -v "^#" "$2/traces/data/h200-100.csv" | cmp - h' - "$corun" "$srcdir"
ok 'so_is_the_short_one' sh -c '"$1" generate jobs -n 20 --rate 7200/h --service lognormal,median=550ms,sigma=0.7,max=2s --table h200-training -s 2 -o - | tail -n +2 >h && grep -v "^#" "$2/traces/data/h200-20.csv" | cmp - h' - "$corun" "$srcdir"
ok 'uniform_jobs_come_evenly' sh -c '"$1" generate jobs -n 3 --arrival uniform --rate 1/min --service fixed,time=9s --models vae_64 -o - | grep -v "^#" | cut -d, -f1,2,4 | tail -n +2 | tr "\n" " " | grep -qx "0,vae_64,0 1,vae_64,60 2,vae_64,120 "' - "$corun"
ok 'made_jobs_can_be_run' sh -c '"$1" generate jobs -n 20 --arrival once --service exponential,mean=5s -o g.csv && "$1" run ./run.yaml --set jobs.file=g.csv' - "$corun"
ok 'a_mix_without_a_table_is_taken_as_it_is' sh -c '"$1" generate jobs -n 5 --rate 1/s --table none --models foo=2,bar -o - | grep -q "^0,\(foo\|bar\),,0,"' - "$corun"
gen() { local claim=$1 text=$2; shift 2; fails "$claim" 2 "$text" "$corun" generate "$@"; }
gen 'generate_needs_to_know_what' 'generate needs to know what: jobs'
gen 'it_generates_nothing_else' "nothing generates 'job'" job -o x.csv
gen 'it_needs_an_output' '-o JOBS.csv' jobs -n 5 --rate 1/s
gen 'it_needs_a_rate' '--rate is missing; say how many jobs come, such as --rate 120/h' jobs -n 5 -o x.csv
gen 'a_rate_needs_its_unit' "'5' has no unit" jobs -n 5 --rate 5 -o x.csv
gen 'a_rate_does_not_go_with_once' '--rate does not go with --arrival once' jobs --arrival once --rate 5/s -o x.csv
gen 'a_number_is_not_zero' "-n: '0' is not possible" jobs -n 0 --rate 5/s -o x.csv
gen 'an_unknown_arrival_is_named' "there is no arrival 'posson'; did you mean poisson?" jobs --arrival posson --rate 5/s -o x.csv
gen 'an_unknown_service_is_named' "there is no service 'paretto'; did you mean pareto?" jobs --rate 5/s --service paretto -o x.csv
gen 'an_unknown_parameter_is_named' 'it has min=TIME, shape=NUMBER and max=TIME' jobs --rate 5/s --service pareto,alpha=1 -o x.csv
gen 'an_unknown_model_is_named' "there is no workload 'vgg19_5'" jobs --rate 5/s --models vgg19_5 -o x.csv
gen 'an_unknown_table_is_named' 'there is no such file, and: none is bundled under that name; did you mean salus-p100.csv?' jobs --rate 5/s --table salus-p10 -o x.csv
ok 'nothing_was_generated_then' absent x.csv

ok 'list_shows_the_bundled_traces_and_tables' sh -c '"$1" list jobs | grep -q "^salus-100 " && "$1" list jobs | grep -q "^salus-p100 "' - "$corun"
done_testing
