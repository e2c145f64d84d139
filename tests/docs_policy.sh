#!/usr/bin/env bash
# docs_policy.sh - the policy in docs/policies.md builds as it stands there, is as short as promised, and runs.
. "${srcdir:-.}/tests/tap.bash"
srcdir=$(cd "$srcdir" && pwd)
builddir=$(cd "$builddir" && pwd)
source=$tmp/shortest.c

# The first block of C on the page.
awk '/^```c$/ { inside = 1; next } /^```$/ && inside { exit } inside' "$srcdir/docs/policies.md" >"$source"

builds() {
  ${CC:-cc} -std=c17 -Wall -Wextra -Werror -O2 -shared -fPIC -I"$srcdir" -o "$tmp/shortest.so" "$source"
}
short() {
  [ "$(grep -c '[^[:space:]{}]' "$source")" -le 30 ]
}
scenario=$srcdir/tests/data/opt_levels.yaml
ok 'the_policy_on_the_page_builds' builds
ok 'it_has_30_lines_of_code' short
ok 'it_runs_and_nothing_is_refused' "$builddir/corun" run "$scenario" -p "$tmp/shortest.so" --strict
ok 'its_run_can_be_recorded' "$builddir/corun" run "$scenario" -p "$tmp/shortest.so" -p exclusive -o "$tmp/run.db"
ok 'its_ledger_replays' "$builddir/corun" replay "$tmp/run.db"
fails 'what_is_no_run_cannot_be_replayed' 2 'docs_policy_none.db' "$builddir/corun" replay "$tmp/docs_policy_none.db"
fails 'replay_wants_a_file' 2 'a run database is missing' "$builddir/corun" replay
done_testing
