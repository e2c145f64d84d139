# sanitizer.bash - for tests in bash that are to know of it, or whose programs end themselves and fork; source it.
#
# In a sanitizer's build they end as they would without: a crash that a script asks for is no finding.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_abort=0"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}handle_segv=0:handle_abort=0"

# is_sanitized FILE: it was built with one.
is_sanitized() { grep -qE '__(asan|tsan)_init' "$1"; }

# forks COMMAND...: runs it, and leaks are not looked for: in a forked child LeakSanitizer (gcc 12) misses the parent's threads, and says so
# on standard error.
forks() { ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" "$@"; }

# ok_of_child FILE CLAIM COMMAND...: as ok, of a child that starts threads where its parent had some.  With gcc 12 it cannot be said of a
# sanitizer's build.  ThreadSanitizer ends such a child: its list of threads has the parent's, whose numbers come again ("dup thread with
# used id", with die_after_fork=0, too).  AddressSanitizer's allocator is not made anew in it: where a thread of the parent held its lock
# at the fork, the child's first thread waits for that in its start and never runs (3 of 100 runs).
ok_of_child() {
  if is_sanitized "$1"; then skip "$2" "with gcc's sanitizers a forked child cannot count on its threads"; else ok "${@:2}"; fi
}
