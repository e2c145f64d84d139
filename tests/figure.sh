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
fails 'a_folder_that_is_not_there_is_said' 2 'there is no such folder' "$draw" "$tmp/rt-be.db" "$tmp/none/none.svg"
fails 'another_form_is_refused' 2 'ends in .svg, .pdf or .png' "$draw" "$tmp/rt-be.db" "$tmp/none.gif"
fails 'a_gnuplot_that_fails_is_said' 2 'false failed' env GNUPLOT=false "$draw" "$tmp/rt-be.db" "$tmp/none.svg"
fails 'one_that_is_not_there_too' 2 'gnuplot is not there; on Debian' env GNUPLOT=gnuplot-of-nobody "$draw" "$tmp/rt-be.db" "$tmp/none.svg"
ok 'and_nothing_is_left_of_all_these' bash -c '! ls "$0"/none.svg* "$0"/none.gif* "$0"/none 2>/dev/null' "$tmp"
fails 'two_names_are_needed' 2 'usage' "$draw" "$tmp/rt-be.db"
printf '%s\n' scenario,arrival,metric,measured,predicted iso,closed,mean_ms,2.0,2.2 iso,uniform,mean_ms,4.0,4.4 >"$tmp/errors.csv"
validate=$srcdir/plots/validate-figure.sh
ok 'a_validation_is_drawn' "$validate" "$tmp/errors.csv" "$tmp/validate.svg"
ok 'and_says_how_far_off_it_is' names "$tmp/validate.svg" '2 measured means, off by 10.0 % on average' 'predicted, ms'
dart=$srcdir/plots/dart-tables.sh picture=$srcdir/plots/draw.sh
ok 'schedulability_of_few_sets_is_found' env JOBS=2 "$dart" "$tmp/dart" 2 heavy
ok 'and_drawn_in_three_forms' "$picture" "$tmp/dart/dart-heavy.svg" "$tmp/dart/dart-heavy.pdf" "$tmp/dart/dart-heavy.png"
forms() { head -c 5 "$1.pdf" | grep -aq %PDF- && head -c 4 "$1.png" | grep -aq PNG; }
ok 'which_are_what_they_are_called' forms "$tmp/dart/dart-heavy"
ok 'and_says_of_what' names "$tmp/dart/dart-heavy.svg" 'xeon-gtx1080' tx2 'BaseGPU' 'min(D, H)' 'share of tasks with a heavy model'
# A point each of 2 platforms, 11 shares and 6 tests, whose interval holds the ratio.
points() { awk -F, 'NR > 1 { n++; if (NF != 8 || $4 != 2 || $6 != $5 / 2 || $7 > $6 || $8 < $6 || $8 - $7 < .5) { print; bad = 1 } } END { exit bad || n != 132 }' "$tmp/dart/dart-heavy.csv"; }
ok 'of_points_with_intervals' points
fails 'a_program_that_fails_is_said' 2 'dart-tables: corun generate tasks --heavy 0 --utilization 0.1 failed' env CORUN=false "$dart" "$tmp/none" 2 heavy
ok 'and_no_table_is_left_then' test ! -e "$tmp/none/dart-heavy.csv"
fails 'an_unknown_figure_is_refused' 2 'there is no figure heavier' "$dart" "$tmp/dart" 2 heavier
runs=$srcdir/plots/dart-runs.sh
ok 'responses_and_throughput_beside_batches_are_found' "$runs" "$tmp/dart" 1 1 batch
ok 'and_drawn' "$picture" "$tmp/dart/dart-throughput.svg" "$tmp/dart/dart-response.svg"
ok 'of_all_policies' names "$tmp/dart/dart-throughput.svg" dart 'threads (BaseGPU)' 'streams (no batches)' ASSUMED
ok 'and_of_two_tasks' names "$tmp/dart/dart-response.svg" 'lanes (second by priority): dart' 'audit: streams' ASSUMED
# Five batches and three policies of ten clients each; within the bounds under dart; all of it in the sums.
batches() {
  awk -F, 'FNR == 1 { file++; next }
    file == 1 { n++; sum[$1 "," $2] += $4 == "be" ? $11 : 0; if ($5 != "" && $9 > $5) { print; bad = 1 } }
    file == 2 { m++; if (sum[$1 "," $2] - $3 > .01 || $3 - sum[$1 "," $2] > .01 || $3 <= 0) { print; bad = 1 } }
    file == 3 { of[$1 "," $2 "," $3]++; if ($4 < ms || $5 < share) if (seen == $1 "," $2 "," $3) { print; bad = 1 }
      ms = $4; share = $5; seen = $1 "," $2 "," $3; if ($5 == 1) whole[seen] = 1 }
    END { for (k in of) ends += whole[k]; exit bad || n != 150 || m != 15 || ends != 30 }' \
    "$tmp/dart/dart-batch.csv" "$tmp/dart/dart-throughput.csv" "$tmp/dart/dart-response.csv"
}
ok 'of_tables_that_agree' batches
# Kernels of 8 images take 3.4 times as long as those of one.
grows() { awk -F, '$1 == "threads" { per_s[$2] = $3 } END { exit !(per_s[8] > 2 * per_s[1] && per_s[16] > per_s[8]) }' "$tmp/dart/dart-throughput.csv"; }
ok 'batches_pay_off_where_kernels_gain' grows
fails 'a_run_that_fails_is_said' 2 'dart-runs: corun run dart-h200' env CORUN=false "$runs" "$tmp/none" 1 1 tightness
fails 'an_unknown_figure_of_runs_is_refused' 2 'there is no figure loose' "$runs" "$tmp/dart" 1 1 loose
fails 'another_table_is_refused' 2 'no table of corun validate' "$validate" "$tmp/text" "$tmp/none.svg"
fails 'a_picture_without_its_table_is_refused' 2 'dart-tasks.csv cannot be read' "$picture" "$tmp/dart/dart-tasks.svg"
echo a,b >"$tmp/dart/other.csv"
fails 'and_one_that_nobody_knows_how_to_draw' 2 'no .gp says how to draw other' "$picture" "$tmp/dart/other.svg"
# All of it on one page and in one file of tables; a cell that LaTeX would stumble over is escaped.
ok 'tables_are_collected' env ROWS=5 "$srcdir/plots/collect-tables.sh" "$tmp/dart" dart-heavy dart-throughput
ok 'for_markdown' names "$tmp/dart/tables.md" '## dart-heavy' 'share of heavy models' '| platform | x | test |' '127 more rows are in dart-heavy.csv' 'corun generate tasks' 'seed 1'
ok 'and_for_latex' names "$tmp/dart/tables.tex" '\begin{longtable}{lr' 'platform & x & test' 'xeon-gtx1080 & 0 & BaseCPU' '\caption{Which part'
"$srcdir/plots/gallery.sh" "$tmp/dart" dart-heavy dart-throughput >"$tmp/gallery.md"
ok 'pictures_stand_under_their_questions' names "$tmp/gallery.md" '## Which part of random task sets' '(dart-heavy.svg)' 'corun generate tasks' "$("$CORUN" --version | head -n 1)"
questions() { local gp; for gp in "$srcdir"/plots/*.gp; do case $gp in */style.gp | */mi50-rows.gp) continue ;; esac; head -n 1 "$gp" | grep -q '^# .*?$' || { echo "$gp asks nothing"; return 1; }; done; }
ok 'every_figure_says_first_what_it_answers' questions
done_testing
