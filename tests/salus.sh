#!/usr/bin/env bash
# salus.sh - the results of the Salus paper (Yu and Chowdhury, MLSys 2020) from the bundled scenarios, within the bounds that
# docs/reproduction.md states.  The paper's values: plots/data/salus-*.csv.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun

# rows_of OPTION...: of each policy of a run a line: its name in capitals, makespan, mean queuing, mean and 95 % JCT in minutes,
# and how many jobs were done.
rows_of() {
  "$corun" run "$@" -q --format csv | awk '
    {
      line = $0
      while (match(line, /"[^"]*"/)) { # a policy with options
        v = substr(line, RSTART + 1, RLENGTH - 2)
        gsub(/,/, ";", v)
        line = substr(line, 1, RSTART - 1) v substr(line, RSTART + RLENGTH)
      }
      n = split(line, f, ",")
    }
    NR == 1 { for (i = 1; i <= n; i++) at[f[i]] = i; next }
    f[at["row"]] == "jobs" {
      p = toupper(f[at["policy"]])
      sub(/;.*/, "", p)
      print p, f[at["makespan_ns"]] / 60e9, f[at["queuing_mean_ns"]] / 60e9, f[at["jct_mean_ns"]] / 60e9, f[at["jct_p95_ns"]] / 60e9, f[at["jobs_done"]]
    }'
}
# near POLICY MAKESPAN QUEUING JCT P95: all four within so many per cent of the paper's Table 1.
near() {
  awk -F, -v want="$*" '
    BEGIN { split(want, bound, " ") }
    NR == FNR { split($0, f, " "); for (i = 1; i <= 5; i++) is[f[1], i] = f[i]; next }
    $1 == bound[1] {
      for (i = 2; i <= 5; i++) {
        off = 100 * (is[$1, i] / $i - 1)
        if (!((off < 0 ? -off : off) <= bound[i])) { printf "column %d: %s for %s, %.1f %% off\n", i, is[$1, i], $i, off; bad = 1 }
      }
      found = 1
    }
    END { exit bad || !found }' "$tmp/table1" "$srcdir/plots/data/salus-table1.csv"
}
rows_of salus-table1 >"$tmp/table1"
ok 'fifo_is_within_1_percent_of_table_1' near FIFO 1 1 1 1
ok 'srtf_is_near_table_1' near SRTF 2 10 10 15
ok 'pack_is_near_table_1' near PACK 2 10 10 15
ok 'fair_is_near_table_1' near FAIR 2 10 10 15

# faster MODEL ITERATIONS RATIO: makespan of fifo over that of pack, within 2 %.
faster() {
  rows_of salus-hyperparam --set clients.search.model="$1" --set clients.search.iterations="$2" | awk -v want="$3" '
    { makespan[$1] = $2 }
    END { is = makespan["FIFO"] / makespan["PACK"]; print is; exit !(is > 0.98 * want && is < 1.02 * want) }'
}
ok 'packing_300_superres_128_saves_what_figure_11_says' faster superres_128 500 2.383
ok 'and_of_300_resnet50_50' faster resnet50_50 543 1.07

held() { # by each that was there at the same time as all others: nobody waited
  rows_of salus-inference | awk '{ print; waited = $3; finished = $6 } END { exit !(finished == 42 && waited == 0) }'
}
ok 'one_lane_holds_the_42_services_of_figure_10' held
ok 'tables_of_all_figures_are_made' env CORUN="$corun" "$srcdir/plots/salus-tables.sh" "$tmp/tables"
# Jobs that share a lane go on at once, so that no phase of the figure is empty.
shares() { awk -F, 'NR > 1 { n++; print; if ($4 > 10 || $4 < -10) bad = 1 } END { exit bad || n != 7 }' "$tmp/tables/salus-fig9.csv"; }
ok 'equal_jobs_share_the_lane_of_figure_9' shares
done_testing
