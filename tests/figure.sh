#!/usr/bin/env bash
# figure.sh - a run database becomes a figure with everything named in it.
. "${srcdir:-.}/tests/tap.bash"
export CORUN=$builddir/corun
draw=$srcdir/plots/run-figure.sh
if ! command -v "${GNUPLOT:-gnuplot}" >/dev/null; then
  skip 'a_figure_names_policies_clients_and_units' 'gnuplot is not there: apt-get install gnuplot-nox'
  done_testing
  exit
fi

run() { "$CORUN" run "$srcdir/tests/scenarios/$1.yaml" -q -o "$tmp/$1.db" "${@:2}" >"$tmp/table"; }
names() { # FILE WORD...
  local file=$1 word
  shift
  for word; do
    grep -qF -- "$word" "$file" || { echo "$file does not say $word"; return 1; }
  done
}
ok 'a_run_is_there_to_draw' run rt-be -p exclusive,order=rt-first -p streams
ok 'a_figure_is_drawn' "$draw" "$tmp/rt-be.db" "$tmp/rt-be.svg"
ok 'a_figure_names_policies_clients_and_units' \
  names "$tmp/rt-be.svg" 'exclusive,order=rt-first' streams 'latency of real-time requests, ms' deadline \
  'best-effort requests per second' '<svg'
ok 'one_without_real_time_clients_too' run closed
ok 'has_a_figure' "$draw" "$tmp/closed.db" "$tmp/closed.svg"
ok 'with_its_clients' names "$tmp/closed.svg" alexnet mobilenet exclusive priority
echo 'no database' >"$tmp/text"
fails 'what_is_no_run_database_is_refused' 2 'is not' "$draw" "$tmp/text" "$tmp/none.svg"
ok 'and_nothing_is_left_then' test ! -e "$tmp/none.svg"
fails 'two_names_are_needed' 2 'usage' "$draw" "$tmp/rt-be.db"
printf '%s\n' scenario,arrival,metric,measured,predicted iso,closed,mean_ms,2.0,2.2 iso,uniform,mean_ms,4.0,4.4 >"$tmp/errors.csv"
validate=$srcdir/plots/validate-figure.sh
ok 'a_validation_is_drawn' "$validate" "$tmp/errors.csv" "$tmp/validate.svg"
ok 'and_says_how_far_off_it_is' names "$tmp/validate.svg" '2 measured means, off by 10.0 % on average' 'predicted, ms'
dart=$srcdir/plots/dart-figures.sh
ok 'schedulability_of_few_sets_is_drawn' env JOBS=2 "$dart" "$tmp/dart" 2 heavy
ok 'and_says_of_what' names "$tmp/dart/dart-heavy.svg" 'xeon-gtx1080' tx2 'BaseGPU' 'min(D, H)' 'share of tasks with a heavy model'
# A point each of 2 platforms, 11 shares and 6 tests, whose interval holds the ratio.
points() { awk -F, 'NR > 1 { n++; if (NF != 8 || $4 != 2 || $6 != $5 / 2 || $7 > $6 || $8 < $6 || $8 - $7 < .5) { print; bad = 1 } } END { exit bad || n != 132 }' "$tmp/dart/dart-heavy.csv"; }
ok 'of_points_with_intervals' points
fails 'a_program_that_fails_is_said' 2 'dart-figures: corun generate tasks --heavy 0 --utilization 0.1 failed' env CORUN=false "$dart" "$tmp/none" 2 heavy
ok 'and_no_table_is_left_then' test ! -e "$tmp/none/dart-heavy.csv"
fails 'an_unknown_figure_is_refused' 2 'there is no figure heavier' "$dart" "$tmp/dart" 2 heavier
fails 'another_table_is_refused' 2 'no table of corun validate' "$validate" "$tmp/text" "$tmp/none.svg"
done_testing
