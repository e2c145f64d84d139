#!/usr/bin/env bash
# sweep_cli.sh - sweeps from outside: the runs are those of `corun run`; processes, ranks, a kill and a second start do not change
# a byte of the database; what fails is recorded; what cannot be meant is refused.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
case $corun in /*) ;; *) corun=$PWD/$corun ;; esac
case $srcdir in /*) ;; *) srcdir=$PWD/$srcdir ;; esac
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$PWD/$CORUN_DATA ;; esac
for v in ${!OMPI_@} ${!PMI_@} ${!SLURM_@}; do unset "$v"; done # the tests themselves may run under one of them
cd "$tmp" || exit 99

says() { # TEXT COMMAND...: the command is done and prints the text
  local text=$1 out
  shift
  out=$("$@" 2>&1) || { echo "$out"; return 1; }
  [[ $out == *"$text"* ]] || { echo "$out"; return 1; }
}

cat >s.yaml <<'Y'
duration: 40ms
warmup: 2ms
clients:
  - {name: web, model: distilbert-bs1-fp32, class: rt, priority: -3, arrival: poisson, rate: 300/s}
  - {name: be, model: vgg19-bs1-fp32, depth: 2}
Y
design=(./s.yaml -p streams -p exclusive,order=fifo --grid clients.web.rate=200,400/s --set device.sms=100 --seeds 1..5)
sweep() { "$corun" sweep -q "${design[@]}" "$@"; }

# -- the same runs --
ok 'a_sweep_runs' sweep -j 2 -o two.db
ok 'one_process_gives_the_same_bytes' eval 'sweep -j 1 -o one.db && cmp one.db two.db'
is_run() { # POLICY RATE SEED: the database has the ledger's hash and the report's p99 of `corun run`
  local json hash p99
  json=$("$corun" run ./s.yaml -p "$1" --set device.sms=100 --set "clients.web.rate=$2" -s "$3" --format json) || return 1
  hash=$(grep -o '"ledger_hash":"[0-9a-f]*"' <<<"$json" | cut -d'"' -f4)
  [ ${#hash} -eq 16 ] && grep -aqF "$hash" one.db
}
ok 'a_run_is_that_of_corun_run' is_run streams 200/s 1
ok 'under_another_policy_setting_and_seed_too' is_run exclusive,order=fifo 400/s 5
not_run() { ! is_run "$@"; }
ok "and_one_that_is_not_in_it_is_not" not_run streams 400/s 6
means() { # the mean of five seeds by hand, out of five runs
  local s sum=0 one
  for s in 1 2 3 4 5; do
    one=$("$corun" run ./s.yaml -p streams --set device.sms=100 --set clients.web.rate=400/s -s "$s" --format csv |
      awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $at["name"] == "web" { print $at["latency_p99_ns"] }')
    [ -n "$one" ] || return 1
    sum=$((sum + one))
  done
  "$corun" show one.db -f csv | awk -F, -v want=$((sum / 5)) '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    $2 == "400/s" && $3 == "streams" && $4 == "p99(rt)" { got = $at["mean"]; n = $at["runs"] }
    END { print "got", got, "want", want; exit !(n == 5 && got - want < 1 && want - got < 1) }'
}
ok 'a_mean_is_that_of_runs_one_by_one' means
requests() { # arrivals of the open client, as the ledger has them
  "$corun" run ./s.yaml -p "$1" -s 4 --set device.sms=100 --ledger l.txt --force >/dev/null && grep ' request .*client 0' l.txt | awk '{ print $1 }'
}
same_load() { requests streams >a.txt && requests exclusive >b.txt && [ "$(wc -l <a.txt)" -ge 5 ] && cmp a.txt b.txt; }
ok 'policies_meet_the_same_arrivals' same_load

# -- shared among ranks --
by_ranks() { # DATABASE N RANK...: in that order
  local db=$1 n=$2 r
  shift 2
  for r; do
    OMPI_COMM_WORLD_RANK=$r OMPI_COMM_WORLD_SIZE=$n sweep -j 1 -o "$db" >"out.$r" || return 1
    [ "$r" = "${!#}" ] || { [ ! -e "$db" ] && [ ! -s "out.$r" ]; } || { echo "rank $r wrote what it should not"; return 1; }
  done
  cmp "$db" two.db && [ "$(echo "$db"*)" = "$db" ] && "$corun" show "$db" | cmp - "out.$r"
}
ok 'three_ranks_give_the_same_bytes' by_ranks r3.db 3 0 1 2
ok 'in_whatever_order_they_end' by_ranks r3b.db 3 2 0 1
ok 'a_rank_may_have_nothing_to_do' by_ranks r23.db 23 $(seq 22 -1 0)
at_once() {
  local r pids=()
  for r in 0 1 2; do sweep -j 1 --rank $r/3 -o r4.db >/dev/null & pids+=($!); done
  for r in "${pids[@]}"; do wait "$r" || return 1; done
  cmp r4.db two.db && [ "$(echo r4.db*)" = r4.db ]
}
ok 'ranks_that_run_at_once_give_the_same_bytes' at_once
merges() {
  sweep --rank 1/2 -o m.db 2>/dev/null && "$corun" sweep --merge m.db 2>err >out && grep -q 'it has 10 of up to 20 runs' err &&
    [ "$(echo m.db*)" = m.db ] && sweep -o m.db >/dev/null && cmp m.db two.db
}
ok 'what_some_ranks_have_can_be_merged_and_gone_on_with' merges
ok 'a_rank_of_another_number_goes_on' eval 'sweep --rank 1/2 -o n3.db && sweep --rank 0/3 -o n3.db && sweep --rank 2/3 -o n3.db && sweep --rank 1/3 -o n3.db >/dev/null && cmp n3.db two.db && [ "$(echo n3.db*)" = n3.db ]'
ok 'and_none_too' eval 'sweep --rank 1/2 -o n1.db && sweep -o n1.db >/dev/null && cmp n1.db two.db && [ "$(echo n1.db*)" = n1.db ]'
sweep --rank 1/2 -o n.db 2>/dev/null
ok 'a_rank_that_is_done_is_done' eval 'sweep --rank 1/2 -o n.db && sweep --rank 0/2 -o n.db >/dev/null && cmp n.db two.db && sweep --rank 1/2 -o n.db'
if command -v mpirun >/dev/null; then
  with_mpirun() {
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 timeout 120 mpirun --oversubscribe -n 2 "$corun" sweep -q "${design[@]}" -o mpi.db &&
      cmp mpi.db two.db
  }
  ok 'so_does_mpirun' with_mpirun
else
  skip 'so_does_mpirun' 'no mpirun (openmpi-bin)'
fi

# -- interrupted --
long=(./s.yaml -p streams -p exclusive --set duration=400ms --seeds 1..12)
"$corun" sweep -q "${long[@]}" -o whole.db >whole.txt 2>&1
killed() { # SIGNAL: in the middle, once there is something in it
  rm -f cut.db* && { "$corun" sweep -q "${long[@]}" -o cut.db -j 2 >/dev/null 2>&1 & } && local pid=$!
  local i
  for i in $(seq 200); do [ "$(stat -c %s cut.db 2>/dev/null || echo 0)" -gt 0 ] && break; sleep 0.05; done
  sleep 0.3
  kill -"$1" $pid 2>/dev/null
  wait $pid 2>/dev/null
  "$corun" sweep -q "${long[@]}" -o cut.db >cut.txt 2>&1 && cmp cut.db whole.db && cmp cut.txt whole.txt && [ "$(echo cut.db*)" = cut.db ]
}
ok 'a_sweep_that_was_killed_goes_on_to_the_same_bytes' killed KILL
ok 'and_one_that_was_stopped' killed TERM
done_already() { cp whole.db again.db && "$corun" sweep -q "${long[@]}" -o again.db | cmp - whole.txt && cmp again.db whole.db; }
ok 'one_that_is_done_prints_its_results_again' done_already
two_at_once() {
  "$corun" sweep -q "${long[@]}" --set device.sms=99 -o busy.db >/dev/null 2>&1 &
  local pid=$! i status
  for i in $(seq 200); do [ "$(stat -c %s busy.db 2>/dev/null || echo 0)" -gt 0 ] && break; sleep 0.05; done
  "$corun" sweep -q "${long[@]}" --set device.sms=99 -o busy.db
  status=$?
  kill -KILL $pid 2>/dev/null && wait $pid 2>/dev/null
  return $status
}
fails 'two_sweeps_on_one_database_are_refused' 2 'busy.db: another sweep or search writes it' two_at_once

# -- runs that fail --
cat >bad.c <<'C'
#include "sim/policy.h"
static void on_client(struct cr_policy *p, cr_client c) { *(cr_stream *)cr_client_state(p, c) = cr_stream_new(p, (cr_device){0}, 0); }
static void on_request(struct cr_policy *p, cr_request r) { BAD; }
const struct cr_policy_ops cr_policy_plugin = {.abi = CR_POLICY_ABI, .name = "bad", .about = "none", .client_bytes = 4,
                                               .on_client = on_client, .on_request = on_request};
C
plugin() { sed "s/BAD/$1/" bad.c >p.c && ${CC:-cc} -std=c17 -shared -fPIC -w -I"$srcdir" -o "$2" p.c; }
ok 'a_policy_that_does_nothing_builds' plugin '(void)p; (void)r' idle.so
ok 'and_one_that_crashes' plugin '__builtin_trap()' crash.so
fail=(./s.yaml -p streams -p ./idle.so -p exclusive --seeds 1..3)
fails 'a_run_that_fails_is_told' 1 'corun: ./idle.so, seed 2: stalled: ' "$corun" sweep -q "${fail[@]}" -o f.db
recorded() { "$corun" show f.db -f csv | grep -q '^0,./idle.so,p99(rt),ns,0,3,,' && "$corun" show f.db -f csv | grep -q '^0,exclusive,p99(rt),ns,3,0,[0-9]'; }
ok 'it_is_recorded_and_the_rest_goes_on' recorded
fails 'and_not_run_again' 1 '3 of 9 runs failed; they are in f.db with their sentences' "$corun" sweep -q "${fail[@]}" -o f.db
fails 'a_process_that_ends_is_a_run_that_fails' 1 'crashed: its process was ended by signal' \
  "$corun" sweep -q ./s.yaml -p streams -p ./crash.so --seeds 1..3 -o c.db
ok 'the_rest_goes_on_then_too' eval '"$corun" show c.db -f csv | grep -q "^0,streams,p99(rt),ns,3,0,[0-9]"'

# -- enough seeds --
tight=(./s.yaml -p streams --grid clients.web.arrival=uniform,poisson --seeds 1..60 --metric 'requests(web)' --until 6.5%)
until_tight() {
  "$corun" sweep -q "${tight[@]}" -o u.db --format csv >u.csv && "$corun" sweep -q "${tight[@]}" -o v.db --rank 1/2 &&
    "$corun" sweep -q "${tight[@]}" -o v.db --rank 0/2 >/dev/null && cmp u.db v.db &&
    awk -F, 'NR > 1 { n[$2] = $6; half[$2] = ($11 - $10) / 2 / $8 }
      END { print n["uniform"], n["poisson"], half["poisson"]
            exit !(n["uniform"] == 5 && n["poisson"] > 5 && n["poisson"] < 60 && half["poisson"] <= 0.065) }' u.csv
}
ok 'a_steady_point_needs_fewer_seeds_and_ranks_agree' until_tight

# -- a study file --
cat >study.yaml <<'Y'
about: the same design in a file
scenario: ./s.yaml
policies: [streams, "exclusive,order=fifo"]
grid: "clients.web.rate=200,400/s"
set: device.sms=100
seeds: 1..5
Y
ok 'a_study_file_is_the_same_design' eval '"$corun" sweep --study study.yaml -o two.db >/dev/null && cmp one.db two.db'
ok 'options_add_to_it' says exclusive,order=rt-first "$corun" sweep --study study.yaml -p exclusive,order=rt-first -o st.db
sed -i 's/^seeds/seed/' study.yaml
fails 'a_key_that_a_study_has_not_is_refused' 2 "study.yaml:6: unknown key 'seed'" "$corun" sweep --study study.yaml -o x.db

# -- what is printed --
ok 'the_table_is_for_people' says 'clients.web.rate  policy' "$corun" show one.db
ok 'JSON_is_JSON' eval '"$corun" show one.db -f json | grep -q "\"throughput(be)\": {\"unit\": \"1/s\", \"runs\": 5, \"mean\": [0-9]"'

# -- refused --
try() { # CLAIM TEXT OPTION...
  fails "$1" 2 "$2" "$corun" sweep ./s.yaml "${@:3}" -o x.db
}
try 'an_unknown_key' "unknown key 'rte' in clients[0]" -p streams --grid 'clients[0].rte=1,2/s'
try 'a_value_that_cannot_be' 'point 1 of 2 (device.sms=0)' -p streams --grid device.sms=10,0 -j 1
try 'an_empty_range' 'is an empty range' -p streams --random device.sms=10..5 --samples 2
try 'a_contradiction' 'it is one or the other' -p streams --grid device.sms=10,20 --set device.sms=5
try 'a_key_twice_by_other_names' 'are the same key' -p streams --grid 'clients[0].rate=5/s' --grid clients.web.rate=6/s
try 'a_key_that_is_set_by_another_name' 'it is one or the other' -p streams --grid 'clients[0].rate=5/s' --set clients.web.rate=6/s
try 'an_unknown_policy' 'there is no policy "stream"' -p stream
try 'no_policy' 'which policies?' --seeds 1..2
try 'a_metric_of_nobody' "there is no client 'webb'" -p streams --metric 'p99(webb)'
ok 'and_nothing_is_written' test ! -e x.db
fails 'no_output' 2 'where do the results go?' "$corun" sweep ./s.yaml -p streams
fails 'another_design' 2 'of its seeds it has 1..5, not 1..6' "$corun" sweep ./s.yaml -p streams -p exclusive,order=fifo \
  --grid clients.web.rate=200,400/s --set device.sms=100 --seeds 1..6 -o two.db
sed -i 's/depth: 2/depth: 3/' s.yaml
fails 'another_workload' 2 'the workload of point 0 is no longer what it was' sweep -o two.db
sed -i 's/depth: 3/depth: 2/' s.yaml
"$corun" run ./s.yaml -p streams -o run.db >/dev/null
fails 'a_run_database' 2 'run.db: is not a results database' sweep -o run.db
echo no database >junk.db
fails 'some_other_file' 2 'junk.db: is not a results database' sweep -o junk.db
head -c 9000 one.db >half.db
fails 'one_that_is_cut_off' 2 'half.db: is damaged' sweep -o half.db
newer() { cp one.db newer.db && printf '\000\000\000\011' | dd of=newer.db bs=1 seek=60 conv=notrunc 2>/dev/null; }
ok 'a_version_can_be_changed' newer
fails 'one_of_another_version' 2 'newer.db: is a results database of version 9' sweep -o newer.db
git_of=$("$corun" --version | sed 's/.*(\(.*\))/\1/')
other() { LC_ALL=C sed "s/git$git_of/git$(tr 0-9a-f 1-9a-g <<<"$git_of")/" one.db >other.db && ! cmp -s one.db other.db; }
ok 'a_program_can_be_changed' other
fails 'one_of_another_program' 2 'results of two programs do not go together' sweep -o other.db
fails 'a_folder_that_is_not_there' 2 'its folder cannot be read' sweep -o none/x.db
fails 'nothing_to_merge' 2 'no rank has written files' "$corun" sweep --merge none.db
fails 'a_rank_that_is_none' 2 'there is no rank 3 of 3' sweep --rank 3/3 -o x.db
done_testing
