#!/usr/bin/env bash
# out_of_tree.sh - an installed corun is enough to build and run a policy of one's own, and works wherever it is moved.
. "${srcdir:-.}/tests/tap.bash"

srcdir=$(cd "$srcdir" && pwd)
unset CORUN_DATA MAKEFLAGS MFLAGS
inst=$tmp/moved

put_elsewhere() {
  ${MAKE:-make} -C "$builddir" --no-print-directory install DESTDIR="$tmp/stage" &&
    mv "$tmp/stage$(sed -n 's/^prefix=//p' "$builddir/corun.pc")" "$inst"
}
ok 'make_install_fills_a_folder' put_elsewhere
ok 'the_installed_program_finds_its_data_after_a_move' "$inst/bin/corun" list models

options_in_man() {
  local option
  while read -r option; do
    cat "$inst"/share/man/man1/corun-*.1 | tr -d '\\' | grep -cF -e "$option" >/dev/null || { echo "no page has $option"; return 1; }
  done < <("$inst/bin/corun" --help all | grep -oE -e '--[a-z-]+' | sort -u)
}
ok 'the_installed_man_pages_have_every_option' options_in_man
completes() { bash -c '. "$1" && declare -F _corun' - "$inst/share/bash-completion/completions/corun"; }
ok 'completion_is_installed' completes

example() {
  cp -r "$srcdir/examples/policy-out-of-tree" "$tmp/example" && chmod -R u+w "$tmp/example" &&
    rm -f "$tmp/example/turns.so" &&
    ${MAKE:-make} -C "$tmp/example" PKG_CONFIG="${PKG_CONFIG:-pkg-config} --define-prefix" CFLAGS='-O2 -Wall -Wextra -Werror' \
      PKG_CONFIG_PATH="$inst/lib/pkgconfig"
}
# make's variables on the command line do not reach $(shell ...): pkg-config must find the file by the environment.
export PKG_CONFIG_PATH=$inst/lib/pkgconfig
ok 'the_example_builds_against_the_installed_headers_alone' example
ok 'the_program_runs_it' "$inst/bin/corun" run "$srcdir/tests/data/opt_levels.yaml" -p "$tmp/example/turns.so,requests=2"
fails 'its_options_are_checked' 2 'requests' \
  "$inst/bin/corun" run "$srcdir/tests/data/opt_levels.yaml" -p "$tmp/example/turns.so,requests=0"
printf 'not an object\n' >"$tmp/none.so"
fails 'a_file_that_is_no_policy_is_refused' 2 'none.so' \
  "$inst/bin/corun" run "$srcdir/tests/data/opt_levels.yaml" -p "$tmp/none.so"
done_testing
