#!/bin/sh
# make-plots.sh [SCENARIO]... - `make plots`: draws figures into figures/.
#
# Each scenario is run under every policy and drawn; without arguments those of DISB, and also the tables and figures of the
# Salus paper (salus-figures.sh), of REEF (reef-figures.sh) and of DART (dart-figures.sh, dart-runs.sh), and the validation of the simulator,
# which takes minutes.  The program is $CORUN, gnuplot $GNUPLOT.  What was run with this program is not run again.
set -eu
plots=$(cd "$(dirname "$0")" && pwd)
CORUN=${CORUN:-corun}
export CORUN
validate=
if [ $# -eq 0 ]; then
  set -- disb-a disb-b disb-c disb-d disb-e
  validate=figures/validate.csv
fi
is_old() {
  [ ! -e "$1" ] || [ -n "$(find "$(command -v "$CORUN")" -newer "$1")" ]
}
mkdir -p figures
for scenario; do
  name=$(basename "$scenario" .yaml)
  db=figures/$name.db
  if is_old "$db"; then
    "$CORUN" run "$scenario" -o "$db" --force >"figures/$name.txt"
  fi
  "$plots/run-figure.sh" "$db" "figures/$name.svg"
  echo "figures/$name.svg"
done
if [ -n "$validate" ]; then
  if is_old figures/salus-memory.svg; then
    "$plots/salus-figures.sh" figures
  fi
  if is_old figures/reef-padding.svg; then
    "$plots/reef-figures.sh" figures
  fi
  if is_old figures/dart-heavy.svg; then
    "$plots/dart-figures.sh" figures
  fi
  if is_old figures/dart-throughput.svg; then
    "$plots/dart-runs.sh" figures
  fi
  if is_old "$validate"; then
    "$CORUN" validate --format csv >"$validate.new" && mv -f "$validate.new" "$validate"
  fi
  "$plots/validate-figure.sh" "$validate" figures/validate.svg
  echo figures/validate.svg
fi
