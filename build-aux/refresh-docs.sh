#!/bin/sh
# refresh-docs.sh CORUN FILE... - brings what documents quote of corun's output up to date.
#
# A quotation stands between two comments that a reader of the page does not see:
#
#   <!-- $ corun validate | head -n 2 -->
#       what that command prints, as a block of code
#   <!-- end -->
#
# The command runs with CORUN's folder first in PATH.  A file is replaced only by a whole one.
set -eu
LC_ALL=C
export LC_ALL
[ $# -ge 2 ] || { echo "usage: refresh-docs.sh CORUN FILE..." >&2; exit 2; }
PATH=$(cd "$(dirname "$1")" && pwd):$PATH
export PATH
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/corun-docs-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The output of each command of a document, in order, as blocks of code: $work/block.1, block.2, ...
run_commands() {
  n=0
  sed -n 's/^<!-- \$ \(.*\) -->$/\1/p' "$1" >"$work/commands"
  while IFS= read -r command; do
    n=$((n + 1))
    sh -c "$command" >"$work/out" </dev/null || { echo "refresh-docs: $1: this failed: $command" >&2; exit 2; }
    sed -e 's/^/    /' -e 's/ *$//' "$work/out" >"$work/block.$n"
  done <"$work/commands"
}

for file; do
  run_commands "$file"
  ${AWK:-awk} -v work="$work" -v file="$file" '
    /^<!-- \$ .* -->$/ {
      print
      name = work "/block." ++n
      while ((getline line <name) > 0)
        print line
      close(name)
      inside = FNR
      next
    }
    /^<!-- end -->$/ { inside = 0 }
    !inside { print }
    END {
      if (inside) {
        print "refresh-docs: " file ":" inside ": this quotation has no <!-- end -->" >"/dev/stderr"
        exit 2
      }
    }' "$file" >"$work/new"
  if ! cmp -s "$work/new" "$file"; then
    cp "$work/new" "$file.new" && mv -f "$file.new" "$file"
    echo "$file: brought up to date"
  fi
done
