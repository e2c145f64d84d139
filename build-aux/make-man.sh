#!/bin/sh
# make-man.sh PROGRAM - the manual page corun(1) on stdout, made from what PROGRAM --help, --help all and --version print.
#
# Expected of --help: "usage: ..." and a sentence or two; indented lines "  name  text"; paragraphs.  Of --help all, one
# such block a command: its usage line, what it does, options as "  -o, --output FILE  text", further paragraphs.
set -eu
program=$1
version=$("$program" --version | sed -n '1s/^\([^ ]* [^ ]*\).*/\1/p')
short=$("$program" --help)
long=$("$program" --help all)

printf '%s\n' "$short" "@commands" "$long" "@end" | ${AWK:-awk} -v version="$version" '
  function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.\x27]/)
      text = "\\&" text
    return text
  }

  # A line of text, in the paragraph it belongs to.
  function flow(text) {
    if (!in_paragraph || in_list) # a list ends where text begins at the margin
      print ".PP"
    in_list = 0
    in_paragraph = 1
    print plain(text)
  }

  # "  head  text", at least two blanks between them: an entry of a list.  What is indented further goes on with it.
  function entry(line,    head, at) {
    sub(/^ +/, "", line)
    at = match(line, /  +/)
    head = at ? substr(line, 1, at - 1) : line
    print ".TP"
    print ".B " plain(head)
    if (at)
      print plain(substr(line, at + RLENGTH))
    in_paragraph = in_list = 1
  }

  BEGIN {
    print ".\\\" Made by build-aux/make-man.sh from corun --help: change the help, not this."
    print ".TH CORUN 1 \"\" \"" version "\" \"User Commands\""
    print ".SH NAME"
    print "corun \\- what happens when several neural networks share a GPU, under one policy or another"
    print ".SH SYNOPSIS"
  }

  $0 == "@commands" {
    if (exits != "") {
      print ".SH EXIT STATUS"
      print exits
    }
    print ".SH COMMANDS IN FULL"
    in_commands = 1
    in_paragraph = 0
    next
  }
  $0 == "@end" { exit }

  /^usage: / {
    line = substr($0, 8)
    if (in_commands) {
      print ".SS " plain(line)
    } else {
      print ".B " plain(line)
      print ".SH DESCRIPTION"
    }
    in_paragraph = 1
    next
  }
  /^Exit status: / && !in_commands { exits = plain(substr($0, 14)); next }
  /^$/ { in_paragraph = in_list = 0; next }
  /^  / { entry($0); next }
  { flow($0) }
'

cat <<'E'
.SH ENVIRONMENT
.TP
.B CORUN_DATA
Folder of the bundled traces, device descriptions and scenarios, before the places where they are installed.
.SH SEE ALSO
README.md, docs/policies.md and docs/model.md of the source; https://ui.perfetto.dev for timelines.
E
