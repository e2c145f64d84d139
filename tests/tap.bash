# tap.bash - TAP for tests in bash: source it, call ok/fails/skip_all, end with done_testing.
#
# Each test has its own folder in $tmp, removed at the end.
set -u
srcdir=${srcdir:-.}
builddir=${builddir:-.}
tap_n=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/corun-test-XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT

# ok CLAIM COMMAND...: passes when the command succeeds; what it printed is shown when not.
ok() {
  local claim=$1 output
  shift
  tap_n=$((tap_n + 1))
  if output=$("$@" 2>&1); then
    echo "ok $tap_n - $claim"
  else
    echo "not ok $tap_n - $claim"
    printf '%s\n' "command: $*" "$output" | sed 's/^/# /'
  fi
}

# fails CLAIM STATUS TEXT COMMAND...: passes when the command ends with that status and prints the text.
fails() {
  local claim=$1 status=$2 text=$3 output got
  shift 3
  tap_n=$((tap_n + 1))
  output=$("$@" 2>&1)
  got=$?
  if [ "$got" -eq "$status" ] && [[ $output == *"$text"* ]]; then
    echo "ok $tap_n - $claim"
  else
    echo "not ok $tap_n - $claim"
    printf '%s\n' "command: $*" "wanted status $status and: $text" "got status $got and:" "$output" | sed 's/^/# /'
  fi
}

# skip CLAIM REASON
skip() {
  tap_n=$((tap_n + 1))
  echo "ok $tap_n - $1 # SKIP $2"
}

done_testing() {
  echo "1..$tap_n"
}
