# begin.sh - what every script here begins with: die SENTENCE, in the script's name, and $plots, its folder.
die() {
  echo "$(basename "$0" .sh): $*" >&2
  exit 2
}
plots=$(cd "$(dirname "$0")" && pwd)
