#!/usr/bin/env bash
# slurm.sh - sweeps as SLURM starts them, in environments like its own: arrays that begin anywhere and go by any step, steps of srun,
# both at once, the script of examples/slurm; tasks that are lost and submitted again; parts that are merged by hand.  Whoever ran
# what, the database has the bytes of one process.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
case $corun in /*) ;; *) corun=$PWD/$corun ;; esac
case $srcdir in /*) ;; *) srcdir=$PWD/$srcdir ;; esac
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$PWD/$CORUN_DATA ;; esac
for v in ${!OMPI_@} ${!PMI_@} ${!SLURM_@}; do unset "$v"; done # the tests themselves may run under one of them
cd "$tmp" || exit 99

cat >s.yaml <<'Y'
duration: 40ms
warmup: 2ms
clients:
  - {name: web, model: distilbert-bs1-fp32, class: rt, priority: -3, arrival: poisson, rate: 300/s}
  - {name: be, model: vgg19-bs1-fp32, depth: 2}
Y
cat >study.yaml <<'Y'
scenario: ./s.yaml
policies: [streams, exclusive]
grid: "clients.web.rate=200,400/s"
seeds: 1..5
Y
sweep() { "$corun" sweep -q --study ./study.yaml "$@"; }
sweep -j 1 -o want.db >want.txt
is_whole() { cmp "$1" want.db && [ "$(echo "$1"*)" = "$1" ]; } # DATABASE: and nothing beside it

# array FIRST-LAST:STEP DATABASE [COMMAND]: every task, one after the other, with what SLURM tells it; the command is given the database.
array() {
  local first=${1%%-*} last=${1#*-} step=${1#*:} db=$2 id
  local cmd=("${@:3}")
  [ ${#cmd[@]} -gt 0 ] || cmd=(sweep -j 1 -o)
  last=${last%:*}
  for id in $(seq "$first" "$step" "$last"); do
    SLURM_JOB_ID=$((70 + id)) SLURM_ARRAY_JOB_ID=70 SLURM_ARRAY_TASK_ID=$id SLURM_ARRAY_TASK_MIN=$first SLURM_ARRAY_TASK_MAX=$last \
      SLURM_ARRAY_TASK_STEP=$step SLURM_ARRAY_TASK_COUNT=$(((last - first) / step + 1)) SLURM_NTASKS=1 SLURM_PROCID=0 \
      SLURM_CPUS_ON_NODE=1 "${cmd[@]}" "$db" >"out.$id" || return 1
  done
}
# srun N COMMAND...: a step of N tasks in a job of eight, all at once.
srun() {
  local n=$1 i pids=()
  shift
  for ((i = 0; i < n; i++)); do
    SLURM_NTASKS=8 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=$n SLURM_PROCID=$i SLURM_NODEID=0 SLURM_STEP_TASKS_PER_NODE=$n "$@" & pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || return 1; done
}
ok 'an_array' eval 'array 0-7:1 a.db && is_whole a.db'
ok 'the_last_task_prints_the_table_and_no_other' eval 'cmp out.7 want.txt && [ ! -s out.0 ] && [ ! -s out.6 ]'
ok 'an_array_that_begins_at_1' eval 'array 1-3:1 b.db && is_whole b.db'
ok 'and_one_by_another_step' eval 'array 10-40:10 c.db && is_whole c.db'
ok 'more_tasks_than_runs' eval 'array 5-30:1 d.db && is_whole d.db'
ok 'srun' eval 'srun 4 sweep -j 1 -o e.db >e.txt && is_whole e.db && cmp e.txt want.txt'
ok 'an_array_whose_tasks_say_srun' eval 'array 3-5:2 f.db srun 3 sweep -j 1 -o && is_whole f.db'
batch() { SLURM_NTASKS=8 SLURM_PROCID=0 SLURM_CPUS_ON_NODE=2 sweep -o "$1" | cmp - want.txt && is_whole "$1"; }
ok 'a_batch_script_without_srun_is_one_process' batch g.db
fails 'an_array_of_any_numbers_cannot_be_shared' 2 'the 3 tasks of the array, from 0 to 3, are not numbered evenly' \
  env SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3 \
  "$corun" sweep -q --study ./study.yaml -o x.db
ok 'unless_each_is_given_its_share' eval 'for i in 0 1 2; do SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3 \
  SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3 sweep --rank $i/3 -o h.db >/dev/null || exit 1; done; is_whole h.db'

# -- the example --
script=$srcdir/examples/slurm/sweep.sbatch
sbatch() { # DATABASE TASK...: these tasks of the script, as a submission of theirs
  local db=$1 id
  shift
  for id; do CORUN=$corun SLURM_CPUS_PER_TASK=2 SLURM_ARRAY_TASK_ID=$id SLURM_ARRAY_TASK_COUNT=$# SLURM_ARRAY_TASK_MIN=$1 \
    SLURM_ARRAY_TASK_MAX="${!#}" SLURM_ARRAY_TASK_STEP=1 bash "$script" ./study.yaml "$db" >"out.$id" || return 1; done
}
ok 'the_script_of_the_example' eval 'sbatch i.db 0 1 2 3 4 5 6 7 && is_whole i.db && cmp out.7 want.txt'
shares() { [ "$(sed -n 's/^#SBATCH --array=0-//p' "$script")" = $(($(sed -n 's/^shares=\([0-9]*\).*/\1/p' "$script") - 1)) ]; }
ok 'has_as_many_shares_as_tasks' shares
ok 'and_asks_in_words_of_sbatch' eval '! grep "^#SBATCH" "$script" | grep -vqE "^#SBATCH --(job-name|array|cpus-per-task|mem|time|signal|output)=[^ ]+$"'
ok 'tasks_that_failed_are_submitted_by_their_numbers' eval 'sbatch j.db 0 1 4 6 7 && [ ! -e j.db ] && sbatch j.db 2 3 5 && is_whole j.db'
ok 'the_study_of_the_example_is_one' eval '"$corun" sweep -q --study "$srcdir/examples/slurm/study.yaml" --rank 79/80 -o k.db'

# -- lost and found --
lost() { # two of eight tasks are lost; what is left is done by one, by other ranks, or in an array of one task
  rm -f l.db*
  array 0-7:1 l.db only_some || return 1
  rm -f out.*
}
only_some() { case $SLURM_ARRAY_TASK_ID in 2 | 6) ;; *) sweep -j 1 -o "$1" ;; esac; }
ok 'one_process_goes_on_with_what_tasks_have_left' eval 'lost && sweep -o l.db | cmp - want.txt && is_whole l.db'
ok 'so_does_an_array_of_one_task' eval 'lost && array 6-6:1 l.db && is_whole l.db'
ok 'or_of_two' eval 'lost && array 2-6:4 l.db && is_whole l.db'
ok 'or_a_step_of_three_at_once' eval 'lost && srun 3 sweep -j 1 -o l.db >/dev/null && is_whole l.db'
ok 'or_the_same_array_again' eval 'lost && array 0-7:1 l.db && is_whole l.db'
changed() { lost && sed -i 's/depth: 2/depth: 3/' s.yaml; }
ok 'a_scenario_can_change_in_between' changed
fails 'and_then_nobody_goes_on' 2 'l.db.rank-00000-of-00008: the workload of point 0 is no longer what it was' sweep -o l.db
fails 'and_no_task_either' 2 'the workload of point 0 is no longer what it was' env SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_COUNT=8 \
  "$corun" sweep -q --study ./study.yaml -o l.db
ok 'nothing_of_what_was_is_lost' eval 'sed -i "s/depth: 3/depth: 2/" s.yaml && sweep -o l.db >/dev/null && is_whole l.db'
long=(./s.yaml -p streams -p exclusive --set duration=400ms --seeds 1..12 -q)
under_way() { # COMMAND...: while one of two ranks runs
  "$corun" sweep "${long[@]}" -o busy.db --rank 0/2 -j 1 >/dev/null 2>&1 &
  local pid=$! i status
  for i in $(seq 200); do [ "$(stat -c %s busy.db.rank-00000-of-00002 2>/dev/null || echo 0)" -gt 0 ] && break; sleep 0.05; done
  "$@"
  status=$?
  kill -KILL $pid 2>/dev/null && wait $pid 2>/dev/null
  rm -f busy.db*
  return $status
}
fails 'while_a_task_is_running_its_file_is_its_own' 2 'busy.db.rank-00000-of-00002: one of 2 ranks is writing it; wait until they have ended' \
  under_way "$corun" sweep "${long[@]}" -o busy.db
fails 'a_merge_says_so_too' 2 'busy.db.rank-00000-of-00002: another sweep or search writes it' under_way "$corun" sweep --merge busy.db
killed() { # a task that is killed in the middle and requeued
  rm -f m.db* whole.db
  "$corun" sweep "${long[@]}" -o whole.db >/dev/null && "$corun" sweep "${long[@]}" -o m.db --rank 1/2 >/dev/null || return 1
  "$corun" sweep "${long[@]}" -o m.db --rank 0/2 -j 1 >/dev/null 2>&1 & local pid=$! i
  for i in $(seq 200); do [ "$(stat -c %s m.db.rank-00000-of-00002 2>/dev/null || echo 0)" -gt 0 ] && break; sleep 0.05; done
  sleep 0.2
  kill -KILL $pid
  wait $pid 2>/dev/null
  [ ! -e m.db ] && "$corun" sweep "${long[@]}" -o m.db --rank 0/2 >/dev/null && cmp m.db whole.db && [ "$(echo m.db*)" = m.db ]
}
ok 'a_task_that_was_killed_goes_on_when_it_is_requeued' killed

# -- merged by hand --
parts() { # each task has a folder of its own
  local i
  rm -rf part.*
  for i in 0 1 2; do mkdir part.$i && sweep --rank $i/3 -o part.$i/p.db >/dev/null 2>&1 || return 1; done
}
ok 'parts_of_several_folders_are_merged' eval 'parts && "$corun" sweep --merge n.db part.*/*.rank-* | cmp - want.txt && is_whole n.db && [ "$(echo part.*/* | wc -w)" = 3 ]'
ok 'whole_databases_too' eval '"$corun" sweep --merge o.db n.db n.db want.db >/dev/null && is_whole o.db && is_whole n.db'
ok 'what_is_not_whole_is_told_and_gone_on_with' eval '"$corun" sweep --merge q.db part.0/* part.2/* 2>err >/dev/null && grep -q "it has 13 of up to 20 runs" err && sweep -o q.db >/dev/null && is_whole q.db'
no() { fails "$1" 2 "$2" "$corun" "${@:3}"; } # CLAIM TEXT COMMAND...
sweep --seeds 6..7 -o more.db >/dev/null
no 'another_design_is_not_merged' 'more.db: is of another design: of its seeds it has 6..7, not 1..5' sweep --merge r.db want.db more.db
sed -i 's/depth: 2/depth: 3/' s.yaml
sweep -o other.db >/dev/null
no 'nor_another_workload' 'other.db: the workload of its point 0 is another than in want.db' sweep --merge r.db want.db other.db
if command -v sqlite3 >/dev/null; then
  cp want.db program.db && sqlite3 program.db "UPDATE provenance SET value = '0.0.1' WHERE key = 'version'"
  no 'nor_another_program' 'program.db: is by corun 0.0.1, and want.db by ' sweep --merge r.db want.db program.db
else
  skip 'nor_another_program' 'sqlite3 is not there: apt-get install sqlite3'
fi
"$corun" tune -q ./s.yaml -p streams --maximize 'throughput(be)' --seeds 1 -o search.db >/dev/null
no 'nor_a_search' 'search.db: is of a search (corun tune), which one process makes: it has no parts' sweep --merge r.db search.db want.db
no 'nor_a_sweep_with_a_search' 'search.db: is of a search (corun tune), and no sweep' sweep --merge r.db want.db search.db
no 'nor_a_file_that_is_not_there' 'none.db: there is no such file' sweep --merge r.db want.db none.db
head -c 9000 want.db >half.db
no 'nor_one_that_is_cut_off' 'half.db: is damaged' sweep --merge r.db want.db half.db
no 'nor_some_other_file' 's.yaml: is not a results database' sweep --merge r.db want.db s.yaml
no 'nor_into_a_folder_that_is_not_there' 'none/r.db: its folder cannot be read' sweep --merge none/r.db want.db
ok 'and_nothing_is_written' eval '[ "$(echo r.db*)" = "r.db*" ]'
no 'force_is_for_one_process' '--force: a rank that begins late would remove what the others have done' sweep --study ./study.yaml -o s.db --force --rank 0/2
done_testing
