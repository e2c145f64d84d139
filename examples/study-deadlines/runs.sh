#!/bin/sh
# runs.sh [FOLDER] - builds the policy and makes all runs of the study; results go to FOLDER (default: results beside this file).
#
# corun is $CORUN, else the one of the path; its headers are found by $CORUN_CFLAGS, else by pkg-config.  A sweep that was interrupted
# goes on when this is run again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/results}
mkdir -p "$out"
out=$(cd "$out" && pwd)
corun=${CORUN:-corun}
[ -n "${CORUN_CFLAGS-}" ] || CORUN_CFLAGS=$(pkg-config --cflags corun)
# shellcheck disable=SC2086 # flags are words
${CC:-cc} -std=c17 -O2 -Wall -Wextra -fPIC -shared -ffp-contract=off $CORUN_CFLAGS -o "$out/edf.so" "$here/edf.c"

cd "$out"
policies='-p exclusive -p exclusive,order=rt-first -p ./edf.so -p reef -p streams'
echo "One run:"
# shellcheck disable=SC2086
"$corun" run "$here/robot.yaml" $policies -q -o robot.db --force
"$corun" report robot.db -o robot.html --force

echo
echo "More from the tracker, four seeds each:"
# shellcheck disable=SC2086
"$corun" sweep "$here/robot.yaml" $policies -q --set duration=1s --grid clients.tracker.rate=200,400,800/s --seeds 1..4 \
  --metric 'missed(tracker)' --metric 'missed(rt)' --metric 'p99(captions)' --metric 'throughput(batch)' -o rates.db
"$corun" show rates.db --format csv >rates.csv
