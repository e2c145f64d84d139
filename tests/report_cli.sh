#!/usr/bin/env bash
# report_cli.sh - a report has the numbers of `corun show`, whatever its clients are called, and stands on its own; two run databases
# are compared.  What a browser makes of it, tests/report_page.sh says.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
scenarios=$srcdir/tests/scenarios

# Names as one would not choose them.
sed -e "s|name: rt|name: '<script>alert(1)</script>'|; s|name: be|name: '\"be\"\&</title>'|" "$scenarios/rt-be.yaml" >"$tmp/odd.yaml"
run() { "$corun" run "$1" -q -o "$tmp/$2.db" "${@:3}" >"$tmp/$2.txt"; }
ok 'there_is_a_run_of_clients_with_odd_names' run "$tmp/odd.yaml" odd -p exclusive -p streams -p reef-n
ok 'and_one_of_jobs' run "$scenarios/lanes.yaml" jobs -p fifo -p pack
ok 'and_one_on_nodes' run "$scenarios/nodes.yaml" nodes -p dart
for page in odd jobs nodes; do
  ok "a_report_is_made_of_it: $page" "$corun" report "$tmp/$page.db" -o "$tmp/$page.html"
done

# Tags away, character references back: the words that a reader sees, one a line.
words() { sed -e 's/<[^>]*>/ /g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | tr -s ' \n' '\n\n' | sed '/^$/d'; }
part() { sed -n "/<section id=\"$2\"/,/<\/section>/p" "$1"; }
# All numbers that `corun show` prints are in the summary, each as often.
numbers_are_those_of_show() {
  part "$tmp/$1.html" summary | words | grep -E '^[+-]?[0-9][0-9.]*x?$' | sort >"$tmp/in_page"
  "$corun" show "$tmp/$1.db" | sed 1,3d | tr -s ' ' '\n' | grep -E '^[+-]?[0-9][0-9.]*x?$' | sort >"$tmp/shown"
  [ "$(wc -l <"$tmp/shown")" -gt 5 ] && diff "$tmp/shown" "$tmp/in_page"
}
for page in odd jobs nodes; do
  ok "its_tables_have_the_numbers_of_show: $page" numbers_are_those_of_show "$page"
done
# What the script draws from is the JSON of `corun show` to the byte, but for < that is written as \u003c.
data_is_that_of_show() {
  "$corun" show "$tmp/$1.db" --format json | sed 's/</\\u003c/g' >"$tmp/json"
  awk -v want="$tmp/json" 'BEGIN { while ((getline line <want) > 0) text = text line "\n" } { page = page $0 "\n" }
    END { exit index(page, text) == 0 }' "$tmp/$1.html"
}
for page in odd jobs nodes; do
  ok "its_data_is_the_JSON_of_show: $page" data_is_that_of_show "$page"
done
# And the table against the JSON: mean and quantiles of each client under each policy, in ms.
table_is_as_the_JSON() {
  "$corun" show "$tmp/odd.db" --format json | tr -d '\n' | sed 's/{"name"/\n&/g' |
    sed -n 's/.*"requests_done":\([0-9]*\).*"latency":{"count":[0-9]*,"mean_ns":\([0-9.]*\),"min_ns":[0-9]*,"p50_ns":\([0-9]*\),"p95_ns":\([0-9]*\),"p99_ns":\([0-9]*\).*/\1 \2 \3 \4 \5/p' |
    awk '{ printf "%d %.3f %.3f %.3f %.3f\n", $1, $2 / 1e6, $3 / 1e6, $4 / 1e6, $5 / 1e6 }' | sort >"$tmp/of_json"
  part "$tmp/odd.html" summary | sed -n '/id="by-client"/,/<\/table>/p' | grep '^<tr.*-bs1-fp32' | sed 's/.*-bs1-fp32<\/td>//; s/<\/td>/ /g; s/<[^>]*>//g' |
    awk '{ for (i = 1; i <= NF; i++) if ($i ~ /\.[0-9][0-9][0-9]$/) break; print $1, $i, $(i + 1), $(i + 2), $(i + 3) }' | sort >"$tmp/of_table"
  [ "$(wc -l <"$tmp/of_json")" -eq 6 ] && diff "$tmp/of_json" "$tmp/of_table"
}
ok 'its_table_has_the_numbers_of_the_JSON' table_is_as_the_JSON

nowhere() { ! grep -nE "$1" "$2"; }
has() { # FILE TEXT...
  local file=$1 text
  shift
  for text; do grep -qF -- "$text" "$file" || { echo "$file lacks: $text"; return 1; }; done
}
ok 'odd_names_are_text' nowhere '<script>alert|</title>&|"be"&</title>' "$tmp/odd.html"
ok 'as_they_stand_in_the_scenario' has "$tmp/odd.html" '&lt;script&gt;alert(1)&lt;/script&gt;' '\u003cscript>alert(1)\u003c/script>'
one_of_each() { [ "$(grep -o '<script' "$1" | wc -l)" -eq 2 ] && [ "$(grep -o '</script' "$1" | wc -l)" -eq 2 ] && [ "$(grep -o '</title>' "$1" | wc -l)" -eq 1 ]; }
ok 'there_are_no_more_scripts_than_the_two' one_of_each "$tmp/odd.html"
ok 'nothing_is_fetched' nowhere '(src|href)="?(https?:)?//|@import|url\(|fetch\(|XMLHttpRequest' "$tmp/odd.html"
ok 'tables_have_headers' bash -c '[ "$(grep -c "<table>" "$0")" -eq "$(grep -c "^<thead>" "$0")" ] && ! grep -q "<th>" "$0"' "$tmp/odd.html"
ok 'the_command_and_the_scenario_are_there' has "$tmp/odd.html" 'corun run' 'GoogLeNet in real time' 'warmup: 2ms' '<dt>seed</dt>' 'data-client="1"'
ok 'jobs_have_their_part' has "$tmp/jobs.html" 'All jobs together' 'Memory of devices' '"jct":[' '"memory":[0,' '"jobs":['
ok 'nodes_too' has "$tmp/nodes.html" '>Nodes<' '"is_node":1'
if command -v xmllint >/dev/null; then
  # It knows HTML 4: its complaints of newer elements aside there are none.
  well_formed() { ! xmllint --html --noout "$1" 2>&1 | grep -E 'error' | grep -vE 'Tag (header|nav|main|section|article|figure|figcaption|details|summary) invalid'; }
  for page in odd jobs nodes; do
    ok "the_page_is_well_formed: $page" well_formed "$tmp/$page.html"
  done
else
  skip 'the_page_is_well_formed' 'xmllint is not there: apt-get install libxml2-utils'
fi
same() { "$corun" report "$tmp/odd.db" -o - | cmp - "$tmp/odd.html"; }
ok 'the_same_run_gives_the_same_page' same
ok 'a_window_is_of_the_timeline' bash -c '"$0" report "$1" --window 4ms..6ms -o - | grep -q "\"from_ns\":4000000,\"to_ns\":6000000"' "$corun" "$tmp/odd.db"

# The use of a device over time sums up to its use as a whole.
if command -v sqlite3 >/dev/null; then
  sums_up() {
    [ "$(sqlite3 "$1" "SELECT count(*) FROM device_result r JOIN (SELECT run, device, max(at_ns) AS t, max(sm_use_ns) AS sm, max(busy_ns) AS busy FROM use_curve
      GROUP BY run, device) USING(run, device) WHERE abs(sm / t - sm_use_ratio) < 1e-9 AND abs(busy / t - busy_ratio) < 1e-9")" -eq "$2" ]
  }
  ok 'use_over_time_sums_up_to_the_use_of_a_run' sums_up "$tmp/odd.db" 3
  ok 'of_nodes_too' sums_up "$tmp/nodes.db" "$(sqlite3 "$tmp/nodes.db" 'SELECT count(*) FROM device_result')"
  peaks() { [ "$(sqlite3 "$1" "SELECT count(*) FROM memory_result m WHERE reserved_peak_bytes = (SELECT max(reserved_bytes) FROM memory_curve c WHERE c.run = m.run)")" -eq 2 ]; }
  ok 'memory_over_time_has_the_peak_of_the_run' peaks "$tmp/jobs.db"
  cp "$tmp/odd.db" "$tmp/older.db"
  sqlite3 "$tmp/older.db" 'DROP TABLE use_curve; DROP TABLE memory_curve'
  ok 'a_run_that_did_not_record_it_has_a_report' bash -c '"$0" report "$1" -o - | grep -qF "\"use\":[],\"memory\":[]"' "$corun" "$tmp/older.db"
  cp "$tmp/odd.db" "$tmp/newer.db"
  sqlite3 "$tmp/newer.db" 'PRAGMA user_version = 77'
  fails 'a_run_of_a_newer_version_is_refused' 2 'version 77' "$corun" report "$tmp/newer.db" -o "$tmp/none.html"
  cp "$tmp/odd.db" "$tmp/torn.db"
  sqlite3 "$tmp/torn.db" 'DELETE FROM ledger WHERE rowid > 40'
  fails 'a_ledger_that_lost_rows_is_refused' 2 'do the run again' "$corun" report "$tmp/torn.db" -o "$tmp/none.html"
else
  skip 'use_over_time_sums_up_to_the_use_of_a_run' 'sqlite3 is not there: apt-get install sqlite3'
fi

# Two run databases.
ok 'there_is_another_seed' run "$scenarios/poisson.yaml" a -p streams -p exclusive
ok 'and_another' run "$scenarios/poisson.yaml" b -p streams -p priority -s 5
"$corun" show "$tmp/a.db" "$tmp/b.db" >"$tmp/ab"
ok 'show_compares_two' has "$tmp/ab" 'the seeds differ: A has' ', B 5' 'policy exclusive is in' 'policy priority is in' 'latency p99' 'B to A, %'
# Differences out of the two CSVs.
differences_hold() {
  for db in a b; do "$corun" show "$tmp/$db.db" --format csv >"$tmp/$db.csv"; done
  "$corun" show "$tmp/a.db" "$tmp/b.db" --format csv | tr -d '"' >"$tmp/ab.csv"
  awk -F, 'FNR == 1 { file++; for (i = 1; i <= NF; i++) if (file < 3) at[file, $i] = i; next }
    file < 3 && $1 == "client" && $3 == "streams" { value[file, $8] = $(at[file, "latency_p99_ns"]) }
    file == 3 && $4 == "latency_p99_ns" { n++; d = (value[2, $3] - value[1, $3]) / value[1, $3]
      if ($5 != value[1, $3] || $6 != value[2, $3] || d - $7 > 1e-6 || $7 - d > 1e-6) { print; bad = 1 } }
    END { exit bad || n == 0 }' "$tmp/a.csv" "$tmp/b.csv" "$tmp/ab.csv"
}
ok 'differences_follow_from_both_reports' differences_hold
ok 'a_run_does_not_differ_from_itself' bash -c '! "$0" show "$1" "$1" --format csv | grep -vE "(,0\.000000|,,,|difference_ratio)$"' "$corun" "$tmp/a.db"
if command -v python3 >/dev/null; then
  ok 'JSON_can_be_read' bash -c '"$0" show "$1" "$2" --format json | python3 -c "import json, sys; d = json.load(sys.stdin); sys.exit(not d[\"rows\"] or d[\"schema\"] != \"corun-compare\")"' "$corun" "$tmp/a.db" "$tmp/b.db"
else
  skip 'JSON_can_be_read' 'python3 is not there'
fi
ok 'a_page_of_two_is_made' "$corun" report "$tmp/a.db" "$tmp/b.db" -o "$tmp/ab.html"
ok 'it_is_counted_how_many_numbers_differ' bash -c '"$0" show "$1" "$1" | grep -qE "^none of [1-9][0-9]+ numbers differs$" && grep -qE "^[1-9][0-9]* of [1-9][0-9]+ numbers differ$" "$2"' "$corun" "$tmp/a.db" "$tmp/ab"
ok 'with_differences' has "$tmp/ab.html" 'id="differences"' 'the seeds differ' 'B to A, %' 'data-file="1"'
ok 'other_scenarios_are_compared_by_name' bash -c '"$0" show "$1" "$2" | grep -q "different scenarios"' "$corun" "$tmp/a.db" "$tmp/odd.db"
fails 'two_without_a_common_policy_are_refused' 2 'no policy in common' "$corun" show "$tmp/odd.db" "$tmp/jobs.db"
fails 'two_of_which_one_is_none_are_refused' 2 'is not a run database' "$corun" show "$tmp/odd.db" "$tmp/odd.html"

# What is wrong is said, and leaves nothing.
fails 'no_run_database_at_all_is_refused' 2 'is not a run database' "$corun" report "$tmp/odd.html" -o "$tmp/none.html"
sweep() { "$corun" sweep "$scenarios/poisson.yaml" -q -p streams --seeds 1..2 -o "$tmp/sweep.db" >/dev/null; }
ok 'there_is_a_sweep' sweep
fails 'the_database_of_a_sweep_is_named' 2 "is not a run database, but a sweep's" "$corun" report "$tmp/sweep.db" -o "$tmp/none.html"
fails 'a_trace_store_too' 2 'but a trace store' "$corun" report "$builddir/share/corun/h200.db" -o "$tmp/none.html"
fails 'one_that_is_not_there_is_refused' 2 'makes a run database' "$corun" report "$tmp/nothing.db" -o "$tmp/none.html"
touch "$tmp/nothing.db.partial"
fails 'one_still_being_written_is_said' 2 'its run goes on, or was killed' "$corun" report "$tmp/nothing.db" -o "$tmp/none.html"
fails 'its_beginning_is_refused_too' 2 'what a run has written so far' "$corun" report "$tmp/nothing.db.partial" -o "$tmp/none.html"
fails 'a_folder_is_no_run_database' 2 'is a folder' "$corun" report "$tmp" -o "$tmp/none.html"
head -c 20000 "$tmp/odd.db" >"$tmp/cut.db"
fails 'a_truncated_one_is_refused' 2 'do the run again' "$corun" report "$tmp/cut.db" -o "$tmp/none.html"
fails 'a_folder_that_is_not_there_is_said' 2 'page' "$corun" report "$tmp/odd.db" -o "$tmp/no/where.html"
fails 'a_page_that_exists_is_kept' 2 'exists' "$corun" report "$tmp/odd.db" -o "$tmp/odd.html"
ok 'unless_it_may_be_written_over' "$corun" report "$tmp/odd.db" -o "$tmp/odd.html" --force
fails 'a_run_is_not_replaced_by_its_page' 2 'cannot replace the run database' "$corun" report "$tmp/odd.db" -o "$tmp/odd.db" --force
fails 'a_window_after_the_end_is_refused' 2 'has ended' "$corun" report "$tmp/odd.db" --window 1s..2s -o "$tmp/none.html"
fails 'three_are_too_many' 2 'too much' "$corun" report "$tmp/odd.db" "$tmp/a.db" "$tmp/b.db" -o "$tmp/none.html"
fails 'a_page_needs_a_name' 2 '-o FILE' "$corun" report "$tmp/odd.db"
if [ -c /dev/full ]; then
  fails 'a_full_disk_is_said' 1 'no room to write the page' "$corun" report "$tmp/odd.db" -o /dev/full --force
fi
ok 'nothing_half_written_is_left' bash -c '! ls "$0"/none.html* "$0"/*.html.partial 2>/dev/null' "$tmp"
done_testing
