# scratch.sh - makes a folder $top that is removed at the end, once, for the script that sources it; text is compared and sorted by bytes.
if [ -z "${top:-}" ]; then
  top=$(mktemp -d "${TMPDIR:-/tmp}/corun-plots-XXXXXX")
  trap 'rm -rf "$top"' EXIT
fi
LC_ALL=C
export LC_ALL
