#!/usr/bin/env bash
# tune_cli.sh - searches from outside: what is found is what all runs one by one say is best, whatever the number of processes; what
# cannot be met is told; what cannot be meant is refused.  And `corun run --vary`, which compares values of one key.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
case $corun in /*) ;; *) corun=$PWD/$corun ;; esac
case $srcdir in /*) ;; *) srcdir=$PWD/$srcdir ;; esac
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$PWD/$CORUN_DATA ;; esac
for v in ${!OMPI_@} ${!PMI_@} ${!SLURM_@}; do unset "$v"; done # sweeps run here, too
cd "$tmp" || exit 99

says() { # TEXT COMMAND...: the command is done and prints the text
  local text=$1 out
  shift
  out=$("$@" 2>&1) || { echo "$out"; return 1; }
  [[ $out == *"$text"* ]] || { echo "$out"; return 1; }
}

cat >s.yaml <<'Y'
duration: 30ms
warmup: 2ms
clients:
  - {name: web, model: distilbert-bs1-fp32, class: rt, priority: -3, arrival: poisson, rate: 300/s}
  - {name: be, model: vgg19-bs1-fp32, depth: 2}
Y
tune() { "$corun" tune -q ./s.yaml "$@"; }

# -- what is best, by all runs one by one --
space=(-p streams -p priority -p exclusive -p mps --over mps.percent=25,50,75 --over clients.be.depth=1,3)
aim=(--goal 'p99(rt)<9ms' --maximize 'throughput(be)' --seeds 1..4)
by_hand() { # the greatest throughput of those whose interval keeps the bound: policy, depth, throughput
  "$corun" sweep -q ./s.yaml -p streams -p priority -p exclusive -p exclusive,order=rt-first -p mps,percent=25 -p mps,percent=50 \
    -p mps,percent=75 --grid clients.be.depth=1,3 --seeds 1..4 --metric 'p99(rt)' --metric 'throughput(be)' -o hand.db --format csv |
    sed 's/"\([^"]*\),\([^"]*\)"/\1;\2/' | awk -F, '
      $4 == "p99(rt)" { fits = $11 != "" && $11 <= 9e6 }
      $4 == "throughput(be)" { all++; n += fits; if (fits && $8 > best) { best = $8; what = $3 " " $2 } }
      END { print what, best; exit !(n > 1 && n < all) }'
}
found() { tune "${space[@]}" "${aim[@]}" --fresh 5..6 --format csv "$@" | sed 's/"\([^"]*\),\([^"]*\)"/\1;\2/' |
  awk -F, '$1 == 1 && $10 == "throughput(be)" { print $2, $3, $12 }'; }
same_best() { local a b; a=$(by_hand) && b=$(found) && { echo "by hand $a, found $b"; [ "$a" = "$b" ]; }; }
ok 'the_best_is_that_of_all_runs_one_by_one' same_best

# -- monotone: found as by bisection --
mono=(./s.yaml --set clients.web= -p)
per_s() { "$corun" run "${mono[@]}" "mps,percent=$1" --format csv | sed 's/"[^"]*"/x/' |
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $at["name"] == "be" { print $at["throughput_per_s"] }'; }
bisection() { # the last percent with at most 700/s
  local low=1 high=100 mid
  while [ $((high - low)) -gt 1 ]; do
    mid=$(((low + high) / 2))
    if awk -v v="$(per_s $mid)" 'BEGIN { exit !(v <= 700) }'; then low=$mid; else high=$mid; fi
  done
  per_s $low
}
mono_found() { "$corun" tune -q "${mono[@]}" mps --goal 'throughput(be)<700/s' --maximize 'throughput(be)' --seeds 1 --format csv |
  sed 's/"[^"]*"/x/' | awk -F, '$1 == 1 { print $11 }'; }
as_bisection() { local a b; a=$(bisection) && b=$(mono_found) && { echo "bisection $a, found $b"
  awk -v a="$a" -v b="$b" 'BEGIN { exit !(a > 500 && a <= 700 && a - b < 1e-3 && b - a < 1e-3) }'; }; }
ok 'of_a_growing_metric_the_bound_is_found_as_by_bisection' as_bisection

# -- the same whoever runs it --
same_by_j() { tune "${space[@]}" "${aim[@]}" -j 1 --format csv >j1.csv && tune "${space[@]}" "${aim[@]}" -j 3 --format csv >j3.csv && cmp j1.csv j3.csv; }
ok 'processes_do_not_change_a_byte' same_by_j
drawn() { tune -p reef --maximize 'throughput(be)' --seeds 1 --tries 8 --search-seed "$1" --format csv -j "$2" | cut -d, -f2-; }
differs() { drawn 1 1 >a && drawn 1 2 >b && drawn 2 1 >c && cmp a b && ! cmp -s a c; }
ok 'another_draw_is_another_search_and_the_same_is_the_same' differs

# -- what is printed --
runs_again() { # the command that is printed gives the confirmed numbers
  local line mean
  tune "${space[@]}" "${aim[@]}" --fresh 7 >out.txt && line=$(grep '^    corun run' out.txt) &&
    mean=$(tune "${space[@]}" "${aim[@]}" --fresh 7 --format csv | sed 's/"[^"]*"/x/' | awk -F, '$9 == "yes" && $10 == "p99(rt)" { print $16 }') || return 1
  eval "${line/corun/\"\$corun\"} -s 7 --format csv" | awk -F, -v want="$mean" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    { gsub(/"[^"]*"/, "x"); if ($at["name"] == "web") got = $at["latency_p99_ns"] }
    END { print "got", got, "want", want; exit !(want != "" && got - want < 1 && want - got < 1) }'
}
ok 'the_command_that_is_printed_is_the_best' runs_again
ok 'it_says_with_which_seeds_it_was_confirmed' says 'confirmed with fresh seeds (5..8): p99(rt) ' tune "${space[@]}" "${aim[@]}"
json() { tune "${space[@]}" "${aim[@]}" --format json >o.json && grep -q '"best": "corun run ./s.yaml -p ' o.json && grep -q '"confirmed": true, "fresh": {"p99(rt)": {"mean": [0-9]' o.json; }
ok 'JSON_has_the_command_and_the_intervals' json
ok 'without_goals_what_is_best_is_found' says 'streams' tune -p streams --maximize 'throughput(be)' --seeds 1
options() { # of a bare policy the table's options, of one that says some the others
  tune -p exclusive --minimize 'p99(rt)' --seeds 1 --format csv | grep -q '"exclusive,order=rt-first"' &&
    ! tune -p exclusive,order=fifo --minimize 'p99(rt)' --seeds 1 --format csv | grep -q 'rt-first' &&
    ! tune -p exclusive --keep-options --minimize 'p99(rt)' --seeds 1 --format csv | grep -q 'rt-first'
}
ok 'options_that_are_not_given_are_searched' options
policies_of_file() { sed '$a policies: [streams, exclusive]' s.yaml >p.yaml && "$corun" tune -q p.yaml --maximize 'throughput(be)' --seeds 1 --format csv | cut -d, -f2 | grep -qx streams; }
ok 'policies_are_those_of_the_scenario_when_none_is_given' policies_of_file

# -- none --
fails 'what_none_meets_is_told_with_the_nearest' 1 'no setting meets the goals; the nearest is `corun run ./s.yaml -p ' \
  tune -p streams -p priority --goal 'p99(rt)<1us' --seeds 1..2
fails 'and_which_goal_is_hopeless' 1 'p99(rt)<1us is met by none, whatever the others do: the least is ' \
  tune -p streams -p priority --goal 'p99(rt)<1us' --goal 'throughput(be)>1/s' --seeds 1..2

# -- runs that fail --
cat >idle.c <<'C'
#include "sim/policy.h"
static void on_client(struct cr_policy *p, cr_client c) { *(cr_stream *)cr_client_state(p, c) = cr_stream_new(p, (cr_device){0}, 0); }
static void on_request(struct cr_policy *p, cr_request r) { (void)p; (void)r; }
const struct cr_policy_ops cr_policy_plugin = {.abi = CR_POLICY_ABI, .name = "idle", .about = "none", .client_bytes = 4,
                                               .on_client = on_client, .on_request = on_request};
C
ok 'a_policy_that_does_nothing_builds' ${CC:-cc} -std=c17 -shared -fPIC -w -I"$srcdir" -o idle.so idle.c
ok 'runs_that_fail_are_told_and_counted_and_the_rest_goes_on' says 'corun: ./idle.so, seed 1: stalled: policy idle at ' \
  "$corun" tune ./s.yaml -p ./idle.so -p streams --maximize 'throughput(be)' --seeds 1..2
ok 'counted' says 'runs failed; their settings are no candidates' "$corun" tune ./s.yaml -p ./idle.so -p streams --maximize 'throughput(be)' --seeds 1..2
fails 'where_all_fail_it_says_so' 1 'no setting could be run to the end' tune -p ./idle.so --maximize 'throughput(be)' --seeds 1..2

# -- refused --
try() { fails "$1" 2 "$2" "$corun" tune ./s.yaml "${@:3}"; } # CLAIM TEXT OPTION...
try 'an_unknown_metric' "there is no 'p98'" -p streams --goal 'p98(rt)<5ms'
try 'a_goal_with_the_wrong_unit' 'p99(rt) is compared with a time, such as 5ms' -p streams --goal 'p99(rt)<5/s'
try 'goals_that_contradict' 'contradicts p99(rt)<5ms: nothing meets both' -p streams --goal 'p99(rt)<5ms' --goal 'p99(rt)>6ms'
try 'a_metric_of_nobody' "there is no client 'webb'" -p streams --goal 'p99(webb)<5ms'
try 'nothing_to_search_for' 'what is searched for?' -p streams
try 'two_that_are_to_be_best' 'throughput(be) is to be maximised already' -p streams --maximize 'throughput(be)' --minimize 'p99(rt)'
best=(--maximize 'throughput(be)')
try 'an_empty_range' 'is an empty range' -p streams "${best[@]}" --over device.sms=10..5
try 'no_values' 'a value is missing' -p streams "${best[@]}" --over device.sms=
try 'a_value_twice' 'has a value twice' -p streams "${best[@]}" --over device.sms=5,5
try 'an_unknown_key' "unknown key 'rte' in clients[0]" -p streams "${best[@]}" --over 'clients[0].rte=1,2/s'
try 'a_value_that_cannot_be' 'device.sms=0' -p streams "${best[@]}" --over device.sms=10,0
try 'an_end_of_a_range_that_cannot_be' 'sms=9999' -p streams "${best[@]}" --over device.sms=10..9999
try 'a_key_that_is_set' 'it is one or the other' -p streams "${best[@]}" --over device.sms=10,20 --set device.sms=5
try 'a_key_twice' 'is the same key, or one is part of the other' -p streams "${best[@]}" --over device.sms=10,20 --over device.sms=5,6
try 'a_key_twice_by_other_names' 'are the same key' -p streams "${best[@]}" --over 'clients[0].rate=5/s' --over clients.web.rate=6/s
try 'a_range_of_another_kind' 'behind a range stands :log or nothing' -p streams "${best[@]}" --over device.sms=5..6:lin
try 'an_option_of_a_policy_that_is_not_searched' 'policy mps is not searched' -p streams "${best[@]}" --over mps.percent=1..5
fails 'a_metric_that_no_setting_has' 1 'p99(rt) is not known of any setting' tune -p streams --maximize 'p99(rt)' --set duration=3ms --set clients.web.rate=1/s --seeds 1
try 'an_option_that_a_policy_has_not' 'policy mps has no option "per"' -p mps "${best[@]}" --over mps.per=1..5
try 'an_option_that_is_given' 'it is one or the other' -p mps,percent=50 "${best[@]}" --over mps.percent=1..5
try 'an_unknown_policy' 'there is no policy "stream"' -p stream "${best[@]}"
try 'no_policy' 'which policies?' "${best[@]}"
try 'seeds_that_are_not_fresh' 'is searched with, and so not fresh' -p streams "${best[@]}" --seeds 1..4 --fresh 4..6
try 'too_few_tries' 'there are 2 policies, and each needs one' -p streams -p mps "${best[@]}" --tries 1
fails 'no_scenario' 2 'a scenario is missing' "$corun" tune -p streams "${best[@]}"

# -- one key, side by side --
vary() { "$corun" run -q ./s.yaml -p streams -p priority "$@"; }
ok 'a_row_a_value_and_policy' eval '[ "$(vary --vary device.sms=66,132 | grep -cE "^(66|132) +(streams|priority) ")" = 4 ]'
same_rows() { # what is printed of a value is what its own run prints
  vary --vary device.sms=66,132 --format csv >v.csv && vary --set device.sms=66 --format csv >66.csv && vary --set device.sms=132 --format csv >132.csv &&
    { sed -n '1s/^/device.sms,/p' 66.csv; sed '1d; s/^/66,/' 66.csv; sed '1d; s/^/132,/' 132.csv; } | cmp - v.csv
}
ok 'CSV_has_the_runs_with_a_column_for_the_value' same_rows
ok 'JSON_has_a_report_a_value' eval '[ "$(vary --vary clients.be.depth=1,2,3 --format json | grep -c "{\"value\":\"[123]\",\"run\":")" = 3 ]'
no() { fails "$1" 2 "$2" "$corun" run -q ./s.yaml -p streams "${@:3}"; }
no 'files_are_left_to_sweeps' 'writes no files, so not -o; corun sweep' --vary device.sms=6,7 -o x.db
no 'several_keys_too' 'corun sweep --grid crosses several' --vary device.sms=6,7 --vary duration=1ms,2ms
no 'and_ranges' 'of a range corun sweep draws some, and corun tune finds the best' --vary device.sms=6..7
no 'a_value_that_cannot_be_ends_it_before_the_first' 'sms: 0 is not possible' --vary device.sms=66,0
no 'a_key_that_is_set_too' '--vary changes device.sms; it is one or the other' --vary device.sms=6,7 --set device.sms=5
no 'policies' 'policies are given by -p' --vary policies=streams,mps

# -- scaling --
every_key() { # of the device, set to its own value, is the same run
  local key value want got
  want=$("$corun" run -q ./s.yaml -p streams --format json | grep -o '"ledger_hash":"[0-9a-f]*"')
  while IFS='|' read -r key value; do
    got=$("$corun" run -q ./s.yaml -p streams --set "device.$key=$value" --format json 2>&1 | grep -o '"ledger_hash":"[0-9a-f]*"')
    [ "$got" = "$want" ] || { echo "device.$key=$value: $got, not $want"; return 1; }
  done < <(sed -n '/^constants:/q; /^\(name\|about\|sources\):/d; s/ *#.*//; s/^\([a-z0-9_]*\): *\([^ ].*\)$/\1|\2/p' "$srcdir/calib/devices/h200.yaml")
}
ok 'every_key_of_a_device_can_be_set' every_key
ok 'fewer_SMs_are_slower' eval '[ "$(vary --vary device.sms=33,132 --format csv | grep -c "^33,client")" = 4 ]'
fails 'a_batch_that_was_not_recorded_is_refused_with_those_that_were' 2 'of vgg19 there are vgg19-bs1-fp32, vgg19-bs1-fp32.eager, vgg19-bs8-fp32' \
  "$corun" run -q ./s.yaml -p streams --set clients.be.model=vgg19-bs64-fp32
done_testing
