#!/bin/sh
# validate-figure.sh ERRORS.csv OUT.svg - draws what `corun validate --format csv` found: predicted against measured means.
#
# Draws with gnuplot ($GNUPLOT).  OUT.svg is replaced only by a whole figure.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -eq 2 ] || die "usage: plots/validate-figure.sh ERRORS.csv OUT.svg"
csv=$1 out=$2
[ -r "$csv" ] || die "$csv cannot be read; corun validate --format csv makes such a file"
. "$plots/figure-setup.sh"

# No name of this table holds a comma.
awk -F, -v data="$top" '
  NR == 1 {
    for (i = 1; i <= NF; i++)
      column[$i] = i
    if (!("measured" in column && "predicted" in column && "metric" in column && "arrival" in column)) {
      print "validate-figure: this is no table of corun validate --format csv" >"/dev/stderr"
      exit failed = 2
    }
    next
  }
  $column["metric"] == "mean_ms" {
    measured = $column["measured"] + 0
    predicted = $column["predicted"] + 0
    if (measured <= 0 || predicted <= 0)
      next
    kind = $column["arrival"] == "closed" ? "closed" : "open"
    print measured "\t" predicted >(data "/" kind ".tsv")
    n[kind]++
    if (!low || measured < low) low = measured
    if (predicted < low) low = predicted
    if (measured > high) high = measured
    if (predicted > high) high = predicted
    error = predicted / measured - 1
    sum += error < 0 ? -error : error
  }
  END {
    if (failed)
      exit failed
    if (n["closed"] + n["open"] == 0) {
      print "validate-figure: the table has no rows" >"/dev/stderr"
      exit 2
    }
    open_time = "low" in column ? "mean latency" : "mean service time"
    vars = data "/vars.gp"
    printf "open_time = \"%s\"\n", open_time >vars
    printf "n_closed = %d\nn_open = %d\nlow = %g\nhigh = %g\n", n["closed"], n["open"], low / 1.3, high * 1.3 >vars
    printf "title = \"%d measured means, off by %.1f %% on average\"\n", n["closed"] + n["open"],
           100 * sum / (n["closed"] + n["open"]) >vars
    printf "" >(data "/closed.tsv")
    printf "" >(data "/open.tsv")
  }' "$csv" || exit 2

figure "$plots/validate.gp" "$out" "data = '$top'; load '$top/vars.gp'"
