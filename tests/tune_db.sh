#!/usr/bin/env bash
# tune_db.sh - the results database of a search: it has every run that was made, and each is that of `corun run`; the search's rounds, its
# ranking and what won; a kill and a second start do not change a byte of it; what is of another study is refused.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
case $corun in /*) ;; *) corun=$PWD/$corun ;; esac
case $srcdir in /*) ;; *) srcdir=$PWD/$srcdir ;; esac
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$PWD/$CORUN_DATA ;; esac
command -v sqlite3 >/dev/null || { echo '1..0 # SKIP sqlite3 is not there: apt-get install sqlite3'; exit 0; }
cd "$tmp" || exit 99

cat >s.yaml <<'Y'
duration: 30ms
warmup: 2ms
clients:
  - {name: web, model: distilbert-bs1-fp32, class: rt, priority: -3, arrival: poisson, rate: 300/s}
  - {name: be, model: vgg19-bs1-fp32, depth: 2}
Y
search=(./s.yaml -p streams -p priority -p mps --over mps.percent=25..75 --over clients.be.depth=1,3 --goal 'p99(rt)<9ms'
  --maximize 'throughput(be)' --seeds 1..4)
tune() { "$corun" tune -q "${search[@]}" "$@"; }
sql() { sqlite3 "$1" "$2"; } # DATABASE QUERY
gives() { local got; got=$(sql "$1" "$2"); echo "$got"; [ "$got" = "$3" ]; } # DATABASE QUERY WANTED

# -- what is in it --
tune >bare.txt
ok 'a_search_keeps_its_results' tune -j 2 -o two.db
same_as_without() { tune -o again.db | cmp - bare.txt; }
ok 'and_prints_what_it_prints_without' same_as_without
ok 'processes_do_not_change_a_byte' eval 'tune -j 1 -o one.db >/dev/null && cmp one.db two.db'
shows() { local f; for f in table csv json; do tune --format $f >live && "$corun" show two.db -f $f | cmp - live || return 1; done; }
ok 'corun_show_prints_the_same' shows
runs() { # every run has its seed, its options and its metrics, and is that of `corun run`
  local policy depth seed hash p99 got n=0
  while IFS='|' read -r policy depth seed hash p99; do
    got=$("$corun" run ./s.yaml -p "$policy" --set clients.be.depth="$depth" -s "$seed" --format json)
    grep -qF "\"ledger_hash\":\"$hash\"" <<<"$got" && grep -qF "\"p99_ns\":${p99%.0}" <<<"$got" || { echo "$policy $depth $seed $hash $p99"; return 1; }
    n=$((n + 1))
  done < <(sql two.db "SELECT policy.name, s.value, run.seed, ledger_hash, v.value FROM run JOIN policy USING(policy)
    JOIN setting s ON s.point = run.point AND s.key = 'clients.be.depth'
    JOIN value v ON v.point = run.point AND v.policy = run.policy AND v.seed = run.seed AND v.metric = 0 ORDER BY random() LIMIT 6")
  [ $n -eq 6 ]
}
ok 'a_run_is_that_of_corun_run' runs
all_kept() { # as many as the report says
  local n; n=$(sed -n 's/^[0-9]* settings, \([0-9]*\) runs.*/\1/p' bare.txt) && [ "$n" -gt 40 ] && gives two.db 'SELECT count(*) FROM run' "$n"
}
ok 'every_run_is_kept' all_kept
ok 'each_was_asked_for_in_one_round' gives two.db 'SELECT count(*) FROM (SELECT point, policy, seed, count(*) n FROM asked GROUP BY 1, 2, 3)
  JOIN run USING(point, policy, seed) WHERE n = 1' "$(sql two.db 'SELECT count(*) FROM run')"
ok 'rounds_are_halving_then_refining_then_confirming' gives two.db \
  "SELECT group_concat(step, ' ') FROM (SELECT DISTINCT step FROM (SELECT step FROM round ORDER BY round))" 'halving refining confirming'
ok 'the_goal_and_what_is_to_be_best_are_kept' gives two.db \
  "SELECT group_concat(kind || ' ' || text, '; ') FROM design WHERE kind IN ('goal', 'maximize')" 'goal p99(rt)<9ms; maximize throughput(be)'
winner() { # is what the report's command says, and met the goal with fresh seeds
  local line; line=$(grep '^    corun run' bare.txt) && gives two.db "SELECT '    corun run ./s.yaml -p ' || name || ' --set ' || key || '=' || value
    FROM ranking JOIN policy USING(policy) JOIN setting USING(point) WHERE best AND confirmed AND rank >= 1" "$line"
}
ok 'what_won_is_the_command_that_is_printed' winner
ok 'the_ranking_is_that_of_the_table' gives two.db 'SELECT goals FROM ranking ORDER BY rank LIMIT 20' "$(sed -n '2,21p' bare.txt | awk '{ print $NF }')"

# -- shortened runs --
short=(./s.yaml -p reef --over 'clients.web.rate=100..500/s:log' --maximize 'throughput(be)' --seeds 1 --tries 12)
shortened() { # are runs of corun run, with the duration and warm-up of their points
  local policy rate duration warmup hash n=0
  "$corun" tune -q "${short[@]}" -o short.db >/dev/null || return 1
  while IFS='|' read -r policy rate duration warmup hash; do
    "$corun" run ./s.yaml -p "$policy" -s 1 --set clients.web.rate="$rate" --set duration="$duration" --set warmup="$warmup" --format json |
      grep -qF "\"ledger_hash\":\"$hash\"" || { echo "$policy $rate $duration $warmup $hash"; return 1; }
    n=$((n + 1))
  done < <(sql short.db "SELECT name, max(value) FILTER(WHERE key = 'clients.web.rate'), max(value) FILTER(WHERE key = 'duration'),
    max(value) FILTER(WHERE key = 'warmup'), ledger_hash FROM run JOIN policy USING(policy) JOIN point USING(point) JOIN setting USING(point)
    WHERE length_ppm < 1000000 GROUP BY point, policy LIMIT 3")
  [ $n -eq 3 ]
}
ok 'a_shortened_run_is_one_of_corun_run_too' shortened

# -- interrupted --
long=(./s.yaml --set duration=300ms -p reef -p mps --over 'clients.web.rate=100..500/s:log' --goal 'p99(rt)<9ms' --maximize 'throughput(be)'
  --seeds 1..2 --tries 30)
"$corun" tune -q "${long[@]}" -o whole.db >whole.txt 2>&1
killed() { # SIGNAL RUNS...: each time once it has so many runs, and ends as if nothing had been
  local signal=$1 n pid i
  shift
  rm -f cut.db*
  for n; do
    "$corun" tune -q "${long[@]}" -o cut.db -j 2 >/dev/null 2>&1 &
    pid=$!
    for i in $(seq 400); do [ "$(stat -c %s cut.db 2>/dev/null || echo 0)" -gt 0 ] && break; sleep 0.02; done
    sleep "0.$n"
    kill -"$signal" $pid 2>/dev/null
    wait $pid 2>/dev/null
    "$corun" show cut.db | grep -q 'the search is not over$' && echo "cut after $n" >>cuts.$signal
  done
  "$corun" tune -q "${long[@]}" -o cut.db >cut.txt 2>&1 && cmp cut.db whole.db && cmp cut.txt whole.txt && [ "$(echo cut.db*)" = cut.db ]
}
ok 'a_search_that_was_killed_goes_on_to_the_same_bytes' killed KILL 2 3
ok 'and_one_that_was_stopped' killed TERM 3
ok 'it_was_cut_in_the_middle' eval '[ -s cuts.KILL ] && [ -s cuts.TERM ]'
no_runs() { # one that is over runs nothing: the policy that would be run is gone
  cp whole.db over.db && "$corun" tune -q "${long[@]}" -o over.db -j 1 | cmp - whole.txt && cmp over.db whole.db
}
ok 'one_that_is_over_prints_its_results_again' no_runs
known() { # what is known is not run again: runs that are changed in the database show
  cp two.db changed.db && sql changed.db 'UPDATE value SET value = 1e5 WHERE metric = 0; DELETE FROM ranking' &&
    tune -o changed.db >changed.txt && ! cmp -s changed.txt bare.txt && grep -q ' 100 us ' changed.txt
}
ok 'what_is_there_is_not_run_again' known
two_at_once() {
  "$corun" tune -q "${long[@]}" --set device.sms=99 -o busy.db >/dev/null 2>&1 &
  local pid=$! i status
  for i in $(seq 200); do [ "$(stat -c %s busy.db 2>/dev/null || echo 0)" -gt 0 ] && break; sleep 0.05; done
  "$@"
  status=$?
  kill -KILL $pid 2>/dev/null && wait $pid 2>/dev/null
  rm -f busy.db*
  return $status
}
fails 'two_searches_on_one_database_are_refused' 2 'busy.db: another sweep or search writes it; wait until it has ended, or choose' \
  two_at_once "$corun" tune -q "${long[@]}" --set device.sms=99 -o busy.db
fails 'and_a_look_at_one_that_is_under_way' 2 'busy.db: another sweep or search writes it' two_at_once "$corun" show busy.db
fails 'and_force_on_it' 2 'busy.db: another sweep or search writes it' two_at_once "$corun" tune -q "${long[@]}" -o busy.db --force

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
fail=(./s.yaml -p ./idle.so -p ./crash.so -p streams --maximize 'throughput(be)' --seeds 1..2)
ok 'failed_runs_do_not_end_a_search' eval '"$corun" tune -q "${fail[@]}" -o f.db 2>err >f.txt && grep -q "^corun: ./crash.so, seed 1: crashed: " err'
ok 'they_are_kept_with_their_sentences' gives f.db "SELECT group_concat(name || ' ' || outcome || ' ' || (why <> ''), '; ') FROM
  (SELECT DISTINCT name, outcome, why <> '' AS why FROM run JOIN policy USING(policy) WHERE outcome <> 'done' ORDER BY policy)" \
  './idle.so stalled 1; ./crash.so crashed 1'
not_again() { "$corun" tune -q "${fail[@]}" -o f.db 2>err | cmp - f.txt && ! grep -q crashed err; }
ok 'and_not_run_again' not_again

# -- refused --
no() { fails "$1" 2 "$2" "$corun" "${@:3}"; } # CLAIM TEXT COMMAND...
no 'another_goal' 'two.db: is of another search: of its goal it has p99(rt)<9ms, not p99(rt)<8ms; choose another file with -o, or begin anew' \
  tune -q "${search[@]/9ms/8ms}" -o two.db
no 'other_seeds' 'of its seeds it has 1..4, not 1..5' tune -q "${search[@]/1..4/1..5}" -o two.db
no 'another_key' 'it has not over clients.web.rate=1,2/s' tune -q "${search[@]}" --over clients.web.rate=1,2/s -o two.db
no 'another_part_of_the_settings' 'of its search_seed it has 1, not 2' tune -q "${search[@]}" --search-seed 2 -o two.db
no 'a_search_is_no_sweep' 'two.db: is of a search (corun tune), and no sweep' sweep -q ./s.yaml -p streams -o two.db
"$corun" sweep -q ./s.yaml -p streams -o sweep.db >/dev/null
no 'and_a_sweep_no_search' 'sweep.db: is of a sweep (corun sweep), and no search' tune -q "${search[@]}" -o sweep.db
"$corun" run ./s.yaml -p streams -o run.db >/dev/null
no 'a_run_database' 'run.db: is not a results database' tune -q "${search[@]}" -o run.db
no 'which_force_does_not_replace' '--force replaces no other file' tune -q "${search[@]}" --force -o run.db
ok 'and_it_is_still_there' eval '"$corun" show run.db | grep -q streams'
head -c 9000 two.db >half.db
no 'one_that_is_cut_off' 'half.db: is damaged' tune -q "${search[@]}" -o half.db
no 'to_show_it_too' 'half.db: is damaged' show half.db
ok 'force_begins_anew' eval 'tune --force -o half.db >/dev/null && cmp half.db two.db && cp sweep.db other.db && tune --force -o other.db >/dev/null && cmp other.db two.db'
newer() { cp two.db newer.db && printf '\000\000\000\011' | dd of=newer.db bs=1 seek=60 conv=notrunc 2>/dev/null; }
ok 'a_version_can_be_changed' newer
no 'one_of_another_version' 'newer.db: is a results database of version 9, and this program has version 2' tune -q "${search[@]}" -o newer.db
cp two.db program.db && sql program.db "UPDATE provenance SET value = '0.0.1' WHERE key = 'version'"
no 'one_of_another_program' 'results of two programs do not go together' tune -q "${search[@]}" -o program.db
cp two.db damaged.db && sql damaged.db 'UPDATE ranking SET point = 999 WHERE rank = 1'
no 'one_with_a_ranking_of_nothing' 'damaged.db: is damaged: its ranking is of settings that it has not' show damaged.db
no 'a_folder_that_is_not_there' 'none/x.db: there is no such folder to write the results database in' tune -q "${search[@]}" -o none/x.db
no 'no_regular_file' '/dev/null: is no regular file' tune -q "${search[@]}" -o /dev/null
no 'the_terminal' "-o '-': a results database is a file" tune -q "${search[@]}" -o -
no 'a_folder' '.: is a folder' tune -q "${search[@]}" -o .
no 'force_of_nothing' '--force is of -o FILE, which is not given' tune -q "${search[@]}" --force
sed -i 's/depth: 2/depth: 3/; s/300.s/301\/s/' s.yaml
no 'another_workload' 'is no longer what it was: a file that the scenario names has changed' tune -q "${search[@]}" -o two.db
done_testing
