#!/usr/bin/env bash
# symbols.sh - the house calls only what it may, and the check sees each kind of breach.
. "${srcdir:-.}/tests/tap.bash"
check=$(cd "$srcdir" && pwd)/build-aux/check-symbols.sh

shopt -s nullglob
ok 'the_house_calls_only_what_it_may' \
  sh "$check" "$builddir"/libcr{sim,policies,plan,studies,traces,calib,pages}.a "$builddir"/sim/{main,cli,cmd_*}.o

# breach CLAIM SENTENCE ARCHIVE OBJECT C-TEXT: a planted object, alone in an archive.
plant() { # ARCHIVE OBJECT C-TEXT
  rm -rf "$tmp/house"
  mkdir "$tmp/house"
  printf '%s\n' "$3" >"$tmp/house/$2.c"
  ${CC:-cc} -O0 -w -c "$tmp/house/$2.c" -o "$tmp/house/$2.o" && ar rc "$tmp/house/$1" "$tmp/house/$2.o"
}
breach() { # CLAIM SENTENCE ARCHIVE OBJECT C-TEXT
  plant "$3" "$4" "$5"
  fails "$1" 1 "$2" sh "$check" "$tmp/house/$3"
}
clean() { # CLAIM ARCHIVE OBJECT C-TEXT
  plant "$2" "$3" "$4"
  ok "$1" sh "$check" "$tmp/house/$2"
}

clean 'the_one_door_to_the_heap_may_allocate' libcrsim.a mem \
  'void *calloc(unsigned long, unsigned long); void *f(void) { return calloc(1, 1); }'
breach 'malloc_elsewhere_is_seen' 'libcrsim.a(bad.o): calls malloc: the heap has one door' libcrsim.a bad \
  'void *malloc(unsigned long); void *f(void) { return malloc(1); }'
breach 'strdup_elsewhere_is_seen' 'calls strdup: the heap has one door' libcrtraces.a bad \
  'char *strdup(const char *); char *f(void) { return strdup("a"); }'
clean 'a_policy_may_launch' libcrpolicies.a good \
  'void cr_launch(void); void f(void) { cr_launch(); }'
clean 'a_policy_may_test_whether_deadlines_are_met' libcrpolicies.a good \
  'void cr_rta_overlap(void); void f(void) { cr_rta_overlap(); }'
breach 'a_policy_that_plans_is_seen' 'calls cr_dart_new: a policy reaches its actions and nothing else' libcrpolicies.a bad \
  'int cr_dart_new(void); int f(void) { return cr_dart_new(); }'
breach 'a_policy_that_reads_the_clock_is_seen' 'calls clock_gettime: a policy reaches its actions and nothing else' \
  libcrpolicies.a bad 'int clock_gettime(int, void *); int f(void) { return clock_gettime(0, 0); }'
breach 'a_policy_that_reads_the_environment_is_seen' 'calls getenv: a policy reaches' libcrpolicies.a bad \
  'char *getenv(const char *); char *f(void) { return getenv("A"); }'
breach 'a_library_that_prints_is_seen' 'calls puts: nothing below the program prints' libcrsim.a bad \
  'int puts(const char *); int f(void) { return puts("a"); }'
breach 'a_library_that_exits_is_seen' 'calls exit: nothing below the program prints or exits' libcrcalib.a bad \
  'void exit(int); void f(void) { exit(1); }'
breach 'a_signal_handler_in_a_library_is_seen' 'signals are for the program alone' libcrsim.a bad \
  'void signal(int, void *); void f(void) { signal(1, 0); }'
breach 'a_function_that_has_no_place_here_is_seen' 'calls strcpy: has no place' libcrsim.a bad \
  'char *strcpy(char *, const char *); void f(char *a, char *b) { strcpy(a, b); }'
done_testing
