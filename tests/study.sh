#!/usr/bin/env bash
# study.sh - the example study runs as its page says, and finds what its page says.
. "${srcdir:-.}/tests/tap.bash"
srcdir=$(cd "$srcdir" && pwd)
study=$srcdir/examples/study-deadlines
export CORUN=$(cd "$builddir" && pwd)/corun CORUN_CFLAGS=-I$srcdir

short() { [ "$(grep -c '[^[:space:]{}]' "$study/edf.c")" -le 30 ]; }
ok 'its_policy_has_30_lines_of_code' short
ok 'the_number_on_its_page_is_right' grep -q "\`edf.c\` | .* $(grep -vc -e '^[[:space:]{}]*$' "$study/edf.c") lines of code" "$study/README.md"
ok 'its_runs_are_made' sh "$study/runs.sh" "$tmp/results"
ok 'it_leaves_a_page' grep -q '<html' "$tmp/results/robot.html"
ok 'nothing_its_policy_asks_for_is_refused' "$CORUN" run "$study/robot.yaml" -p "$tmp/results/edf.so" --strict --set duration=500ms
replays() { cd "$tmp/results" && "$CORUN" replay robot.db; }
ok 'its_runs_replay' replays

# mean RATE POLICY METRIC: of the sweep.
mean() {
  "$CORUN" show "$tmp/results/rates.db" --format csv | sed 's/"exclusive,order=rt-first"/rt-first/' |
    awk -F, -v rate="$1/s" -v policy="$2" -v metric="$3" '$2 == rate && $3 == policy && $4 == metric { print $8 }'
}
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 < b + 0) }' || { echo "$1 is not less than $2"; return 1; }; }
for rate in 200 400 800; do
  late() { mean "$rate" "$1" 'missed(tracker)'; }
  ok "at_${rate}_order_matters" less "$(late rt-first)" "$(late exclusive)"
  ok "at_${rate}_the_nearest_deadline_first_is_late_less_often_than_with_preemption" less "$(late ./edf.so)" "$(late reef)"
  ok "at_${rate}_streams_are_late_least" bash -c "! awk 'BEGIN { exit !($(late streams) > $(late ./edf.so)) }'"
  ok "at_${rate}_the_batch_job_is_faster_than_with_preemption" less "$(mean $rate reef 'throughput(batch)')" "$(mean $rate ./edf.so 'throughput(batch)')"
done
ok 'captions_pay_for_it' less "$(mean 200 rt-first 'p99(captions)')" "$(mean 200 ./edf.so 'p99(captions)')"

# The table of its page: percent of late requests, as the sweep has them now.
on_page() { # POLICY RATE COLUMN
  awk -F'|' -v name="\`$1\`" -v i="$3" 'index($2, name) { gsub(/[ %]/, "", $i); print $i }' "$study/README.md"
}
page() {
  local policy rate column got want
  for policy in exclusive 'exclusive,order=rt-first' reef edf streams; do
    column=3
    for rate in 200 400 800; do
      want=$(on_page "$policy" $rate $column)
      got=$(mean $rate "$(sed 's/^edf$/.\/edf.so/; s/^exclusive,.*/rt-first/' <<<"$policy")" 'missed(tracker)')
      awk -v got="$got" -v want="$want" 'BEGIN { d = 100 * got - want; exit !(want != "" && d < 1 && d > -1) }' ||
        { echo "$policy at $rate: the page has $want %, the sweep $got"; return 1; }
      column=$((column + 1))
    done
  done
}
ok 'the_table_of_its_page_is_what_comes_out' page
done_testing
