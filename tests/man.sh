#!/usr/bin/env bash
# man.sh - manual pages: one of each command, with every option of it, without mistakes of markup; and what they say of surroundings.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
man=$builddir/man
commands=$("$corun" --help | sed -n '/^  -/q; s/^  \([a-z][a-z-]*\) .*/\1/p')

ok 'there_are_commands' test "$(wc -w <<<"$commands")" -ge 12
same_set() { diff <(printf 'corun-%s.1\n' $commands | sort) <(cd "$man" && ls corun-*.1 | sort); }
ok 'there_is_a_page_of_each_command_and_no_other' same_set
plain() { tr -d '\\' <"$1"; }
has_options() { # COMMAND
  local option n=0
  while read -r option; do
    n=$((n + 1))
    plain "$man/corun-$1.1" | grep -qE -e "^\.B .*$option( |\[|$)" || { echo "no $option"; return 1; }
  done < <("$corun" help "$1" | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p' | sort -u)
  [ "$n" -ge 1 ]
}
has_sections() { # COMMAND
  local section
  for section in NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' ENVIRONMENT 'SEE ALSO'; do
    grep -qx ".SH $section" "$man/corun-$1.1" || { echo "no $section"; return 1; }
  done
}
for command in $commands; do
  ok "the_page_of_${command}_has_every_option" has_options "$command"
  ok "the_page_of_${command}_has_its_sections" has_sections "$command"
done
ok 'forms_with_options_of_their_own_are_on_the_page' grep -q 'OPTIONS WITH' "$man/corun-validate.1"
kinds() {
  local kind
  for kind in $("$corun" help import | sed -n '/^KIND/,/^All/s/^  \([a-z]*\)  .*/\1/p'); do
    grep -qx "\.B $kind" "$man/corun-import.1" || { echo "no $kind"; return 1; }
  done
}
ok 'kinds_of_import_are_on_its_page' kinds
exits() { grep -A1 -x '.SH EXIT STATUS' "$man/corun-run.1" | grep -qx '0 all runs were done, 1 one was not, 2 bad usage or input.'; }
ok 'what_help_says_of_the_exit_status_is_in_that_section' exits

# Variables that the program asks for, and no others, are in the pages.
asked() { grep -hoE 'getenv\("[A-Z_]+"\)' "$srcdir"/{sim,policies,plan,traces,calib,pages,cupti-collector}/*.c | sed 's/.*"\(.*\)".*/\1/' | sort -u; }
named() { sed -n '/^\.SH ENVIRONMENT/,/^\.SH/s/^\.B //p' "$man"/*.1 | tr -d ',' | tr ' ' '\n' | sort -u; }
all_asked() {
  local variable
  for variable in $(asked); do
    named | grep -qx "$variable" || { echo "no page names $variable"; return 1; }
  done
}
ok 'every_variable_of_the_environment_that_is_read_is_named' all_asked
of_commands() { # every part of the notes is of a page there is
  local name
  sed -n 's/^@ \([^ ]*\) .*/\1/p' "$srcdir/build-aux/man-notes.txt" | sort -u | while read -r name; do
    [ "$name" = '*' ] || [ "$name" = corun ] || [ -f "$man/corun-$name.1" ] || { echo "there is no command $name"; return 1; }
  done
}
ok 'notes_are_of_commands_there_are' of_commands

clean_groff() { local out; out=$(groff -man -ww -z "$1" 2>&1) && [ -z "$out" ] || { echo "$out"; return 1; }; }
clean_mandoc() { # a date and lines of 80 characters are matters of taste
  local out
  out=$(mandoc -T lint "$1" 2>&1 | grep -vE 'missing date|longer than 80 bytes|WARNING: skipping paragraph macro: PP after SH')
  [ -z "$out" ] || { echo "$out"; return 1; }
}
for tool in groff mandoc; do
  for page in "$man"/*.1; do
    if command -v "$tool" >/dev/null; then
      ok "${tool}_has_nothing_to_say: $(basename "$page")" "clean_$tool" "$page"
    else
      skip "${tool}_has_nothing_to_say: $(basename "$page")" "$tool is not there"
    fi
  done
done

# A command without notes has a page all the same, and a program that lists none gives a sentence.
: >"$tmp/none.txt"
ok 'pages_are_made_without_notes' sh "$srcdir/build-aux/make-man.sh" "$corun" "$tmp/none.txt" "$tmp/bare"
ok 'of_every_command' test "$(ls "$tmp/bare" | wc -l)" -eq "$(ls "$man"/*.1 | wc -l)"
fails 'a_program_without_commands_is_refused' 1 'lists no commands' sh "$srcdir/build-aux/make-man.sh" true "$tmp/none.txt" "$tmp/bare2"
done_testing
