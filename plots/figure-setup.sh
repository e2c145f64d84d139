# figure-setup.sh - what scripts of figures begin with; they source it once they have $plots, their folder, and die().  It finds the
# program ($corun: $CORUN, a build beside, or the one on the path) and gnuplot ($gnuplot: $GNUPLOT), and makes a folder $top that is
# removed at the end.
gnuplot=${GNUPLOT:-gnuplot}
corun=${CORUN:-}
for candidate in "$plots/../build/corun" ./corun "$plots/../corun"; do
  if [ -z "$corun" ] && [ -x "$candidate" ]; then
    corun=$candidate
  fi
done
corun=${corun:-corun}
command -v "$gnuplot" >/dev/null || die "gnuplot is not there; on Debian: apt-get install gnuplot-nox"
command -v "$corun" >/dev/null || die "corun is not there; build it, or name it in CORUN"
top=$(mktemp -d "${TMPDIR:-/tmp}/corun-figure-XXXXXX")
trap 'rm -rf "$top"' EXIT
LC_ALL=C
export LC_ALL
