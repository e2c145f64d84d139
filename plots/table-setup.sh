# table-setup.sh - what scripts of tables begin with; they source it after begin.sh.  It finds the
# program ($corun: $CORUN, a build beside, or the one on the path), and makes a folder $top that is removed at the end.
corun=${CORUN:-}
for candidate in "$plots/../build/corun" ./corun "$plots/../corun"; do
  if [ -z "$corun" ] && [ -x "$candidate" ]; then
    corun=$candidate
  fi
done
corun=${corun:-corun}
command -v "$corun" >/dev/null || die "corun is not there; build it, or name it in CORUN"
. "$plots/scratch.sh"
