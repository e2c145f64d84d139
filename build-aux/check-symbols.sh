#!/bin/sh
# check-symbols.sh FILE... - what the house's archives and objects may call, read from their undefined symbols.
#
# - The heap has one door, mem.o.
# - A policy can reach its actions, the pure analyses of plan/rta.h and stage_split.h, text for dumps and errors, and nothing else.
# - Nothing below the program prints or exits.
# - Some functions have no place here at all.
# FILE: libcr*.a or the program's own objects.  $NM is used when set.  Prints each breach; exits 1 when there is one.
set -u
LC_ALL=C
export LC_ALL
[ $# -gt 0 ] || { echo "usage: check-symbols.sh FILE..."; exit 2; }
for file; do
  [ -f "$file" ] || { echo "check-symbols: $file is not there; run make first"; exit 2; }
done

# -A puts FILE: or ARCHIVE:MEMBER: before each symbol, -P makes the rest "NAME TYPE ...", alike for both.
symbols=$(${NM:-nm} -A -P "$@") || exit 2

printf '%s\n' "$symbols" | ${AWK:-awk} '
  function word_set(set, text,    part, n, i) {
    n = split(text, part, " ")
    for (i = 1; i <= n; i++)
      set[part[i]] = 1
  }

  BEGIN {
    word_set(heap, "malloc calloc realloc reallocarray free aligned_alloc posix_memalign memalign valloc strdup strndup asprintf vasprintf getline getdelim open_memstream")
    word_set(action, "cr_launch cr_rotate cr_preempt cr_process cr_share cr_stream_new cr_timer cr_drop cr_start cr_reject cr_lane_size cr_lane_close cr_admit cr_move cr_verdict cr_batch cr_rta_paper cr_rta_overlap cr_rta_holistic cr_stage_split cr_stage_split_scratch cr_expect_ns cr_expect_stage_ns cr_expect_batch_ns cr_expect_layer cr_expect_block_ns cr_op_sm_blocks cr_pad cr_rewind cr_slice cr_stream_queue cr_fail cr_fail_in cr_text_add cr_text_add_bytes cr_text_add_json cr_ns_add cr_muldiv cr_opt_get memcpy memmove memset memcmp bcmp strcmp strncmp strlen __assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_")
    word_set(prints, "printf vprintf puts putchar putc perror stdout stderr exit _exit _Exit quick_exit abort")
    word_set(never, "sprintf vsprintf strcpy strcat strncat strtok atoi atol atoll atof rand srand rand_r random srandom drand48 time gettimeofday setjmp _setjmp __sigsetjmp sigsetjmp longjmp siglongjmp system popen alloca gets tmpnam tempnam mktemp")
  }

  {
    split($1, place, "[][]")
    object = place[2] != "" ? place[2] : place[1]
    sub(/:$/, "", object)
    sub(/.*\//, "", object)
    archive = place[1]
    sub(/:$/, "", archive)
    sub(/.*\//, "", archive)
    symbol = $2
    type = $3
    if (type != "U") {
      if (archive ~ /policies/ && type ~ /[A-Z]/)
        of_policies[symbol] = 1
      next
    }
    n++
    where[n] = archive == object ? object : archive "(" object ")"
    name[n] = symbol
    member[n] = object
    from[n] = archive
  }

  function breach(i, sentence) {
    print where[i] ": calls " name[i] ": " sentence
    n_breach++
  }

  END {
    for (i = 1; i <= n; i++) {
      program = member[i] ~ /^(main|cli|cmd_.*)\.o$/
      sanitizer = name[i] ~ /^__(asan|ubsan|sanitizer|tsan|msan|gcov|llvm)_/
      if (name[i] in heap && member[i] != "mem.o")
        breach(i, "the heap has one door, sim/mem.h")
      else if (name[i] in never)
        breach(i, "has no place in this house; docs/architecture.md says why")
      else if ((name[i] == "signal" || name[i] == "sigaction") && !program)
        breach(i, "signals are for the program alone")
      else if (name[i] in prints && !program && member[i] != "progress.o" && !(name[i] == "_exit" && (member[i] == "farm.o" || member[i] == "bench_turns.o")))
        breach(i, "nothing below the program prints or exits; return an error")
      else if (from[i] ~ /policies/ && !(name[i] in action) && !(name[i] in of_policies) && !sanitizer)
        breach(i, "a policy reaches its actions and nothing else")
    }
    exit(n_breach > 0)
  }'
