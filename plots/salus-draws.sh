#!/bin/sh
# salus-draws.sh [DRAWS [SEED]] - how Table 1 of Salus moves when the models of the 100 jobs are drawn at random.
#
# The authors' trace was never published.  Times of submission and of service come from the paper's figures, the models do
# not; so each draw gives every job of the bundled trace a workload of the bundled table, all equally likely, as many
# iterations as fill its time of service, and its duration to declare.  Prints CSV: of each policy and column the median of
# the draws (300), their 5 % and 95 % quantiles, and the paper's value.  The program is $CORUN.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -le 2 ] || die "usage: plots/salus-draws.sh [DRAWS [SEED]]"
draws=${1:-300} seed=${2:-1}
case $draws$seed in
*[!0-9]*) die "DRAWS and SEED are numbers" ;;
esac
. "$plots/table-setup.sh"
data=$plots/../traces/data

# A draw's own generator: awk's differs from one awk to the next (Park and Miller, CACM 31, 1988).
awk -F, -v draws="$draws" -v seed="$seed" -v top="$top" '
  function draw(n) {
    state = (16807 * state) % 2147483647
    return int(state / 2147483647 * n)
  }
  BEGIN { n_job = n_workload = 0 }
  /^#/ { next }
  !header[FILENAME]++ { next }
  FILENAME ~ /p100/ { name[n_workload] = $1; ms[n_workload++] = $2; of[$1] = $2; next }
  { submit[n_job] = $4; service[n_job++] = $3 * of[$2] }
  END {
    state = seed * 7919 + 1
    for (i = 0; i < 100; i++)
      draw(1)
    for (d = 1; d <= draws; d++) {
      file = top "/draw-" d ".csv"
      print "job_id,model_name,iterations,submit_time,duration" >file
      for (j = 0; j < n_job; j++) {
        w = draw(n_workload)
        n = int(service[j] / ms[w] + 0.5)
        if (n < 1) n = 1
        printf "%d,%s,%d,%s,%.3f\n", j, name[w], n, submit[j], n * ms[w] / 1000 >file
      }
      close(file)
    }
  }' "$data/salus-p100.csv" "$data/salus-100.csv"

for draw in "$top"/draw-*.csv; do
  sed "s|salus-100.csv|$draw|" "$plots/../traces/scenarios/salus-table1.yaml" >"$top/draw.yaml"
  "$corun" run "$top/draw.yaml" -q --format csv >>"$top/report" || die "corun run failed"
done
awk -v paper="$plots/data/salus-table1.csv" '
  # A policy with options stands in quotes, as it holds a comma.
  function fields(line,    v, n) {
    while (match(line, /"[^"]*"/)) {
      v = substr(line, RSTART + 1, RLENGTH - 2)
      gsub(/,/, ";", v)
      line = substr(line, 1, RSTART - 1) v substr(line, RSTART + RLENGTH)
    }
    return split(line, field, ",")
  }
  function quantile(key, n, q,    i, j, v, at) {
    for (i = 1; i <= n; i++) {
      v = value[key, i]
      for (j = i - 1; j > 0 && order[j] > v; j--)
        order[j + 1] = order[j]
      order[j + 1] = v
    }
    at = 1 + (n - 1) * q
    i = int(at)
    return i >= n ? order[n] : order[i] + (at - i) * (order[i + 1] - order[i])
  }
  BEGIN { split("makespan_ns queuing_mean_ns jct_mean_ns jct_p95_ns", column, " ") }
  { n_field = fields($0) }
  field[1] == "row" || field[1] == "scenario" {
    for (i = 1; i <= n_field; i++)
      at[field[i]] = i
    next
  }
  field[at["row"]] == "jobs" {
    policy = toupper(field[at["policy"]])
    sub(/;.*/, "", policy)
    count[policy]++
    for (m = 1; m <= 4; m++)
      value[policy "," m, count[policy]] = field[at[column[m]]] / 60e9
  }
  END {
    print "policy,metric,paper_min,median_min,q05_min,q95_min,draws"
    split("makespan,mean queuing,mean JCT,95 % JCT", metric, ",")
    while ((getline line <paper) > 0) {
      if (line ~ /^(#|policy)/)
        continue
      split(line, want, ",")
      for (m = 1; m <= 4; m++) {
        key = want[1] "," m
        n = count[want[1]]
        printf "%s,%s,%s,%.1f,%.1f,%.1f,%d\n", want[1], metric[m], want[m + 1], quantile(key, n, 0.5), quantile(key, n, 0.05),
               quantile(key, n, 0.95), n
      }
    }
  }' "$top/report"
