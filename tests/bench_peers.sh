#!/bin/bash
# bench_peers.sh - `make bench-peers`: corun beside SimGrid, ns-3 and SimPy, as Debian has them, on the same events and the same tasks.
#
# hold: the least event out and a later one in, so many pending (Jones, CACM 29(4), 1986).  share: so many tasks on one processor,
# which they share evenly; one that ends makes way for the next.  All are given the same numbers (tests/peers/work.h), and must come to
# the same simulated time.  Each is run three times, in turn, and the best counts: events or ends a second of processor time.
#
# With INSTALL=1 the packages are installed first (apt-get, as root).  Peers that are not there are left out, and named.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source=$here/..
corun=${builddir:-.}/tests/peers/peer_corun
top=$(mktemp -d "${TMPDIR:-/tmp}/corun-peers-XXXXXX")
trap 'rm -rf "$top"' EXIT
LC_ALL=C
export LC_ALL
if [ -n "${INSTALL:-}" ]; then
  apt-get install -y --no-install-recommends g++ pkg-config libsimgrid-dev libns3-dev python3-simpy3 >"$top/apt" 2>&1 || {
    cat "$top/apt"
    echo "bench_peers: the packages could not be installed" >&2
    exit 1
  }
fi

# build NAME PACKAGE [FLAG]...
peers=
build() {
  local name=$1 package=$2
  shift 2
  # shellcheck disable=SC2046 # words
  if g++ -O2 "$@" -I"$source" "$here/peers/peer_$name.cpp" -o "$top/$name" $(pkg-config --cflags --libs "$package" 2>"$top/why") 2>>"$top/why"; then
    peers="$peers $name"
  else
    echo "$name is left out: $(head -n 1 "$top/why")"
  fi
}
build simgrid simgrid
build ns3 ns3-core -std=c++17
for python in /usr/bin/python3 python3; do # Debian's package belongs to Debian's Python
  if "$python" -c 'import simpy' 2>"$top/why"; then
    peers="$peers simpy"
    break
  fi
done
[ "${peers##* }" = simpy ] || echo "simpy is left out: $(tail -n 1 "$top/why")"
[ "$peers" ] || {
  echo "bench_peers: no peer is there; INSTALL=1 make bench-peers installs them on Debian" >&2
  exit 2
}

ask() { # NAME hold|share NUMBER TOTAL
  local name=$1
  shift
  case $name in
  corun) "$corun" "$@" ;;
  simpy) "$python" "$here/peers/peer_simpy.py" "$@" ;;
  *) "$top/$name" "$@" 2>"$top/said" || { cat "$top/said" >&2; return 1; } ;;
  esac
}

# Totals are smaller for those that are slow: a second or so each.
total_of() { # NAME hold|share
  case $1-$2 in
  corun-hold) echo 5000000 ;;
  *-hold) echo 500000 ;;
  corun-share) echo 1000000 ;;
  *) echo 100000 ;;
  esac
}

# The simulated time of all must be that of corun at the same number of events.
check() { # KIND NUMBER
  local name want have
  want=$(ask corun "$1" "$2" 50000 | cut -d' ' -f2)
  for name in $peers; do
    have=$(ask "$name" "$1" "$2" 50000 | cut -d' ' -f2)
    awk -v a="$want" -v b="$have" 'BEGIN { exit !(b > 0 && a / b > 0.9999 && a / b < 1.0001) }' || {
      echo "bench_peers: $1 $2: after 50000 the time of corun is $want, that of $name $have" >&2
      return 1
    }
  done
}

status=0
{
  echo "what number peer per_s corun_is_faster"
  for what in hold:100 hold:10000 share:2 share:8 share:32; do
    kind=${what%:*} number=${what#*:}
    check "$kind" "$number" || exit 1
    for _ in 1 2 3; do
      for name in corun $peers; do
        echo "$kind $number $name $(ask "$name" "$kind" "$number" "$(total_of "$name" "$kind")" | cut -d' ' -f1)"
      done
    done
  done | awk '
    { key = $1 " " $2 " " $3; if (!(key in best)) order[++n] = key; if ($4 > best[key]) best[key] = $4 }
    END {
      for (i = 1; i <= n; i++) {
        split(order[i], f, " ")
        printf "%s %.3g %.3g\n", order[i], best[order[i]], best[f[1] " " f[2] " corun"] / best[order[i]]
      }
    }'
} >"$top/table" || status=1
column -t "$top/table" 2>"$top/why" || cat "$top/table"
[ "$(wc -l <"$top/table")" -gt 1 ] || status=1
echo "versions:$(for p in simgrid ns3-core; do pkg-config --exists $p 2>"$top/why" && printf ' %s %s' $p "$(pkg-config --modversion $p)"; done)$(
  [ "${peers##* }" = simpy ] && "$python" -c 'import simpy; print(" simpy " + simpy.__version__)')"
exit $status
