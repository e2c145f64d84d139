#!/bin/sh
# draw.sh FOLDER/NAME.svg|.pdf|.png... - draws tables of that folder, FOLDER/NAME.csv, as plots/NAME.gp says.
#
# The tables come from the scripts *-tables.sh and dart-runs.sh; gnuplot is $GNUPLOT.  A picture is replaced only by a whole one.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -gt 0 ] || die "usage: plots/draw.sh FOLDER/NAME.svg|.pdf|.png..."
. "$plots/figure-setup.sh"
for picture; do
  base=${picture%.*}
  [ -r "$base.csv" ] || die "$base.csv cannot be read; the scripts beside this one make such tables"
  [ -r "$plots/${base##*/}.gp" ] || die "no .gp says how to draw ${base##*/}"
  figure "$plots/${base##*/}.gp" "$picture" "csv = '$base.csv'; base = '$base'"
done
