#!/usr/bin/env bash
# opt_levels.sh - the same scenario gives the same results, byte for byte, at -O0, at -O3 and from another compiler.
#
# Of make it needs CC, CORUN_SOURCES, CORUN_COMPILE and CORUN_LIBS.  The program is built anew at each level in a folder
# of its own, and judged by what the program says that make built.
. "${srcdir:-.}/tests/tap.bash"

srcdir=$(cd "$srcdir" && pwd)
builddir=$(cd "$builddir" && pwd)
scenario=$srcdir/tests/data/opt_levels.yaml
read -r -a sources <<<"$CORUN_SOURCES"
read -r -a compile <<<"$CORUN_COMPILE"
read -r -a libs <<<"$CORUN_LIBS"

# build NAME COMPILER LEVEL: makes $tmp/NAME/corun, two files at a time.
build() {
  local folder=$tmp/$1 compiler=$2 level=$3 source
  local -a cc files=()
  read -r -a cc <<<"$compiler"
  mkdir -p "$folder"
  for source in "${sources[@]}"; do
    [[ $source == *.c ]] && files+=("$source")
  done
  printf '%s\0' "${files[@]}" | (cd "$srcdir" && xargs -0 -P 2 -I FILE sh -c '
    folder=$1 file=$2
    shift 2
    "$@" -c "$file" -o "$folder/$(basename "$file" .c).o"' build "$folder" FILE \
    "${cc[@]}" -I"$builddir" -I"$srcdir" -include git-describe.h -DCR_PKGDATADIR='"/nowhere"' -DCR_PKGLIBDIR='"/nowhere"' "${compile[@]}" "$level" -w) &&
    "${cc[@]}" "${compile[@]}" -rdynamic -o "$folder/corun" "$folder"/*.o "${libs[@]}"
}

# results FOLDER: runs FOLDER/corun under every policy; the results, with the hash of each ledger, go to $tmp/results.FOLDER.
results() {
  (cd "$1" && CORUN_DATA=$builddir/share/corun ./corun run "$scenario" --format json >results) &&
    mv "$1/results" "$tmp/results.$(basename "$1")"
}

same() { # NAME: built by make, and NAME
  cmp "$tmp/results.make" "$tmp/results.$1"
}

mkdir "$tmp/make" && ln -s "$builddir/corun" "$tmp/make/corun"
ok 'the_program_that_make_built_runs_the_scenario' results "$tmp/make"
ok 'its_results_hold_a_ledger_hash' grep -q '"ledger_hash"' "$tmp/results.make"

level() { # NAME COMPILER LEVEL
  ok "it_builds_with_$1" build "$1" "$2" "$3"
  ok "it_runs_with_$1" results "$tmp/$1"
  ok "results_are_the_same_with_$1" same "$1"
}
level O0 "$CC" -O0
level O3 "$CC" -O3
other=
[[ $CC == *clang* ]] && other=$(command -v gcc)
[[ $CC != *clang* ]] && other=$(command -v clang)
if [ -n "$other" ]; then
  level another_compiler "$other" -O2
else
  for claim in it_builds_with it_runs_with results_are_the_same_with; do
    skip "${claim}_another_compiler" 'there is only one of gcc and clang here: apt-get install clang'
  done
fi
done_testing
