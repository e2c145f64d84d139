#!/bin/sh
# git-describe.sh SRCDIR HEADER - writes CR_GIT_DESCRIBE into HEADER, touching it only when it changes.
#
# In a clone it is what `git describe` says; in a release it stands in SRCDIR/.describe, which `make dist` put there
# (git-describe.sh SRCDIR, without HEADER, prints it); else it is "unknown".
set -u
srcdir=$1
describe=
if [ -f "$srcdir/.describe" ]; then
  describe=$(cat "$srcdir/.describe")
else
  # A release unpacked inside somebody's own repository must not take that repository's name.
  top=$(git -C "$srcdir" rev-parse --show-toplevel 2>/dev/null) &&
    [ "$(cd "$top" && pwd -P)" = "$(cd "$srcdir" && pwd -P)" ] &&
    describe=$(git -C "$srcdir" describe --always --tags --dirty --abbrev=12 2>/dev/null)
fi
[ -n "$describe" ] || describe=unknown
if [ $# -lt 2 ]; then
  printf '%s\n' "$describe"
  exit 0
fi
line="#define CR_GIT_DESCRIBE \"$describe\""
if [ -f "$2" ] && [ "$(cat "$2")" = "$line" ]; then
  exit 0
fi
printf '%s\n' "$line" >"$2.tmp" && mv -f "$2.tmp" "$2"
