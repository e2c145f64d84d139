#!/bin/sh
# gallery.sh FOLDER NAME... - a page in Markdown with the pictures FOLDER/NAME.svg, each under the question that it answers, with its command,
# seed and version.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -ge 2 ] || die "usage: plots/gallery.sh FOLDER NAME..."
out=$1
shift
. "$plots/caption.sh"
echo '# Figures'
echo
echo 'What `make plots` draws, with the tables behind them in the files of the same names.'
for name; do
  [ -r "$out/$name.svg" ] || die "$out/$name.svg is not there"
  printf '\n## %s\n\n![%s](%s.svg)\n\n`%s` ([SVG](%s.svg), [PDF](%s.pdf), [PNG](%s.png))\n' \
    "$(question "$name")" "$name" "$name" "$(origin "$name")" "$name" "$name" "$name"
done
