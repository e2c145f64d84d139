#!/usr/bin/env bash
# bench_collector.sh [PAIRS] - how fast the collector takes records, in a program that does nothing else: PAIRS launch calls
# and as many kernels (5 million unless said otherwise, 10 million records), through the stand-in for libcupti.
#
# Prints records a second, from the first record to the closed spool, the most memory that the program used, and what was lost,
# and fails when anything was, when it took 64 MiB or more, or was slower than the least rate, in records a second, that
# $LEAST_RATE says (1000000).  $MOST_WAIT is the collector's option wait (50, its default).
set -u
builddir=${builddir:-.}
build=$(cd "$builddir" && pwd)
pairs=${1:-5000000}
[ -w /dev/shm ] && TMPDIR=/dev/shm
tmp=$(mktemp -d "${TMPDIR:-/tmp}/corun-bench-XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
standin=$build/tests/standin-cupti/libcupti.so.13
printf '%s\n' report init "pairs $pairs k" >"$tmp/script"
out=$(CUDA_INJECTION64_PATH=${CORUN_COLLECTOR:-$build/libcorun-cupti.so} CORUN_COLLECT="folder=$tmp,cupti=$standin,wait=${MOST_WAIT:-50}" \
  "$build/tests/standin-cupti/standin_program" "$standin" "$tmp/script") || { echo "$out"; exit 1; }
dump=$("$build/tests/standin-cupti/spool_dump" "$tmp"/*.spool) || { echo "$dump"; exit 1; }
bytes=$(wc -c <"$(echo "$tmp"/*.spool)")
printf '%s\n' "$out" "$dump" | ${AWK:-awk} -v want=$((2 * pairs)) -v least="${LEAST_RATE:-1000000}" -v bytes="$bytes" '
  / s, peak / { s = $1; mib = $4 }
  /^recorded=/ { sub(/recorded=/, ""); n = $1 }
  /^whole$/ { whole = 1 }
  END {
    printf "collector: %d of %d records in %.2f s, %.2f M/s, peak %.1f MiB, %.1f bytes a record\n", n, want, s, n / s / 1e6, mib, bytes / n
    if (n != want || !whole) print "collector: records were lost"
    if (mib >= 64) print "collector: took 64 MiB or more"
    if (n / s < least) printf "collector: slower than %d records a second\n", least
    exit n != want || !whole || mib >= 64 || n / s < least
  }'
