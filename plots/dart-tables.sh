#!/bin/sh
# dart-tables.sh [OUTDIR [SETS [NAME]...]] - how many random task sets DART (Xiang and Kim, RTSS 2019), bounds D and H and the paper's baselines
# accept, against utilisation, number of real-time tasks, and share of heavy models.
#
# Of each figure: OUTDIR/dart-NAME.csv (a row a point: platform, x, test, sets, feasible ones, their ratio and its interval of 95 %
# after Wilson), which draw.sh draws; OUTDIR is figures, SETS of each point 200, of seed 1; NAMEs are utilization, tasks and heavy, by default
# all.  The program is $CORUN; $JOBS processes plan, by default as many as there are processors.
set -eu
. "$(dirname "$0")/begin.sh"
out=${1:-figures}
sets=${2:-200}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- utilization tasks heavy
for name; do
  case $name in
  utilization | tasks | heavy) ;;
  *) die "there is no figure $name; usage: plots/dart-tables.sh [OUTDIR [SETS [utilization|tasks|heavy]...]]" ;;
  esac
done
case $sets in
'' | *[!0-9]* | 0) die "$sets is no number of sets" ;;
esac
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
. "$plots/table-setup.sh"
mkdir -p "$out"

# accepted NAME PLAN... - a row of the CSV: how many sets of the folder pass.
accepted() {
  name=$1
  shift
  # An infeasible set ends plan with 1, which is an answer.
  "$corun" plan "$@" "$top/sets" -j "$jobs" --format csv >"$top/rows" || [ $? -eq 1 ] || die "corun plan $* failed"
  awk -F, -v row="$platform,$x,$name" '
    NR > 1 { n++; passed += $7 }
    END {
      z = 1.959964; p = passed / n
      middle = (p + z * z / (2 * n)) / (1 + z * z / n)
      half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
      low = passed ? middle - half : 0
      high = passed < n ? middle + half : 1
      printf "%s,%d,%d,%.4f,%.4f,%.4f\n", row, n, passed, p, low, high
    }' "$top/rows"
}

# point PLATFORM X OPTION... - rows of all tests for the sets that `corun generate tasks` makes with the options.
point() {
  platform=$1 x=$2
  shift 2
  rm -rf "$top/sets"
  "$corun" generate tasks -n "$sets" -s 1 --platform "$platform" "$@" -o "$top/sets" || die "corun generate tasks $* failed"
  accepted paper dart --bound paper
  accepted D dart --bound D
  accepted H dart --bound H
  accepted 'min(D H)' dart --bound tight
  accepted BaseCPU threads --on cpu
  accepted BaseGPU threads --on gpu
}

# table NAME - what stands on standard input (PLATFORM X OPTION..., a line a point) as a table.
table() {
  while read -r platform x options; do
    # shellcheck disable=SC2086 # options are words
    point "$platform" "$x" $options
  done >"$top/points"
  {
    echo "platform,x,test,sets,feasible,ratio,low,high"
    sort -t, -k1,1r -k3,3 -k2,2n "$top/points"
  } >"$top/$1.csv"
  mv -f "$top/$1.csv" "$out/dart-$1.csv"
}

# The two platforms differ so much that each has its own range.
utilization() {
  for u in 0.01 0.02 0.03 0.05 0.07 0.1 0.15 0.2 0.25 0.3; do
    echo "xeon-gtx1080 $u --utilization $u"
  done
  for u in 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 1.2; do
    echo "tx2 $u --utilization $u"
  done
}
tasks() {
  for n in 2 4 6 8 10 12 14 16 18 20; do
    echo "xeon-gtx1080 $n --tasks $n --utilization $(awk "BEGIN { print 0.01 * $n }")"
    echo "tx2 $n --tasks $n --utilization $(awk "BEGIN { print 0.05 * $n }")"
  done
}
heavy() {
  for share in 0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1; do
    echo "xeon-gtx1080 $share --heavy $share --utilization 0.1"
    echo "tx2 $share --heavy $share --utilization 0.5"
  done
}

for name; do
  "$name" | table "$name"
done
