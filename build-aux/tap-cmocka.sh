#!/bin/sh
# tap-cmocka.sh PROGRAM [ARGUMENT...] - runs a cmocka program and mends its TAP.
#
# cmocka 1.1.5 reports a skipped case as "not ok N # SKIP name", which automake counts as failed; here it becomes
# "ok N - name # SKIP reason", the reason being the last comment before it.  And its exit status is the number of failed
# cases, which automake would count once more; any other status (a crash, a leak) is passed on.  A program that takes
# longer than CORUN_TEST_SECONDS (300) is ended and counts as an error.
status=$(mktemp) || exit 99
trap 'rm -f "$status"' 0
{ timeout -k 5 "${CORUN_TEST_SECONDS-300}" "$@"; echo $? >"$status"; } | ${AM_TAP_AWK-awk} -v status="$status" '
  /^not ok [0-9]+ # SKIP / {
    number = $3
    name = $0
    sub(/^not ok [0-9]+ # SKIP /, "", name)
    print "ok " number " - " name " # SKIP" (reason == "" ? "" : " " reason)
    reason = ""
    fflush()
    next
  }
  /^not ok / { failed++ }
  /^# / { reason = substr($0, 3) }
  /^(not )?ok / { reason = "" }
  { print; fflush() }
  END {
    getline code < status
    exit(code == failed + 0 ? 0 : code)
  }'
