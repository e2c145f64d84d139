#!/bin/sh
# make-plots.sh [SCENARIO]... - `make plots`: tables and figures into figures/, as figures.mk says, by as many processes as there are
# processors ($JOBS says otherwise); with scenarios, only each one's figure under every policy.  The program is $CORUN, gnuplot $GNUPLOT.
set -eu
. "$(dirname "$0")/begin.sh"
. "$plots/table-setup.sh"
. "$plots/figure-setup.sh"
GNUPLOT=$gnuplot
export GNUPLOT
mkdir -p figures
if [ $# -gt 0 ]; then
  for scenario; do
    name=figures/$(basename "$scenario" .yaml)
    "$corun" run "$scenario" -o "$name.db" --force >"$name.txt"
    "$plots/run-figure.sh" "$name.db" "$name.svg"
    echo "$name.svg"
  done
  exit
fi
program=$(command -v "$corun")
${MAKE:-make} -s -j "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" -f "$plots/figures.mk" PLOTS="$plots" CORUN="$program" OUT=figures
[ -d "${CORUN_SHARED_DATA:-$plots/../../shared/data}/reef/artifact-profiles" ] ||
  echo "left out: what needs the files of REEF's artifact (its MI50); CORUN_SHARED_DATA can name the folder that has reef/artifact-profiles"
echo "figures/gallery.md: all figures; figures/tables.md, figures/tables.tex: all tables; each figure also as .svg, .pdf and .png"
