#!/bin/sh
# make-man.sh PROGRAM NOTES FOLDER - manual pages: corun(1), and corun-COMMAND(1) of every command that PROGRAM --help lists, made
# from what PROGRAM prints and from NOTES, which says of itself how it is written.  FOLDER is made anew.
#
# Expected of --help: "usage: ..." and a sentence or two; indented lines "  name  text"; paragraphs.  Of `help COMMAND`, one
# such block a form of the command: its usage line, what it does, options as "  -o, --output FILE  text", further paragraphs.
set -eu
program=$1
notes=$2
folder=$3
version=$("$program" --version | sed -n '1s/^\([^ ]* [^ ]*\).*/\1/p')
short=$("$program" --help)
commands=$(printf '%s\n' "$short" | sed -n '/^  -/q; s/^  \([a-z][a-z-]*\) .*/\1/p')
[ -n "$commands" ] || { echo "make-man: $program --help lists no commands" >&2; exit 1; }
rm -rf "$folder.new"
mkdir -p "$folder.new"

# page NAME: what the program says of one command, or ("corun") of all, on stdin, as a page on stdout.
page()
{
  ${AWK:-awk} -v name="$1" -v version="$version" -v commands="$(echo $commands)" -v notes="$notes" \
    -v exits="$(printf '%s\n' "$short" | sed -n 's/^Exit status: //p')" '
  function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.\x27]/)
      text = "\\&" text
    return text
  }

  # One line more for a section; those of one name are one section.
  function add(section, line) {
    if (!(section in body))
      body[section] = ""
    body[section] = body[section] line "\n"
  }

  # A line of text, in the paragraph it belongs to.
  function flow(section, text) {
    if ((!in_paragraph || in_list) && section in body) # a list ends where text begins at the margin
      add(section, ".PP")
    in_list = 0
    in_paragraph = 1
    add(section, plain(text))
  }

  # "  head  text", at least two blanks between them: an entry of a list.  What is indented further goes on with it.
  function entry(section, line,    head, at) {
    sub(/^ +/, "", line)
    at = match(line, /  +/)
    head = at ? substr(line, 1, at - 1) : line
    add(section, ".TP")
    add(section, ".B " plain(head))
    add(section, at ? plain(substr(line, at + RLENGTH)) : "\\&")
    in_paragraph = in_list = 1
  }

  # A line as --help and the notes have it.
  function text_line(section, line) {
    if (line == "")
      in_paragraph = in_list = 0
    else if (line ~ /^  /)
      entry(section, line)
    else
      flow(section, line)
    while (match(line, /corun [a-z]+/)) {
      mentioned[substr(line, RSTART + 6, RLENGTH - 6)] = 1
      line = substr(line, RSTART + RLENGTH)
    }
    if (match(line, /docs\/[a-z]+\.md/))
      papers[substr(line, RSTART, RLENGTH)] = 1
  }

  function section_out(section) {
    if (section in body) {
      print ".SH " (section ~ / / && section !~ /^EXIT|^SEE/ ? "\"" section "\"" : section)
      printf "%s", body[section]
    }
  }

  BEGIN {
    options = "OPTIONS"
    n_form = 0
  }

  /^usage: / {
    line = substr($0, 8)
    n_form++
    if (n_form > 1) {
      split(line, word, " ")
      options = "OPTIONS WITH " word[3]
      about = options
      add("SYNOPSIS", ".br")
    } else {
      about = "DESCRIPTION"
    }
    add("SYNOPSIS", ".B " plain(line))
    in_paragraph = in_list = 0
    after_usage = name != "corun"
    next
  }
  after_usage { # what the command does, in a line
    after_usage = 0
    if (n_form == 1)
      says = $0
    else
      text_line(about, toupper(substr($0, 1, 1)) substr($0, 2) ".")
    next
  }
  name == "corun" && /^  -/ { text_line("OPTIONS", $0); next }
  name == "corun" && /^  complete/ { text_line("OPTIONS", $0); next }
  name == "corun" && /^  [a-z]/ {
    line = $0
    sub(/^ +/, "", line)
    match(line, /  +| /)
    word[1] = substr(line, 1, RSTART - 1)
    text_line("COMMANDS", "  corun-" word[1] "(1)  " substr(line, RSTART + RLENGTH))
    next
  }
  name == "corun" && /^Exit status: / { next }
  name != "corun" && /^ +-/ { text_line(options, $0); next }
  # "Exit status: ...", to the end of the paragraph, in a section of its own.
  /Exit status: / || in_exits {
    line = $0
    if (!in_exits) {
      at = index($0, "Exit status: ")
      before = substr($0, 1, at - 1)
      sub(/ +$/, "", before)
      if (before != "")
        text_line(about, before)
      line = substr($0, at + length("Exit status: "))
      in_exits = 1
    }
    if ($0 == "") {
      in_exits = 0
      text_line(about, "")
    } else {
      said_exits = said_exits (said_exits == "" ? "" : "\n") plain(line)
    }
    next
  }
  { text_line(about, $0) }

  END {
    in_mine = 0
    while ((getline line <notes) > 0) {
      if (line ~ /^#/)
        continue
      if (line ~ /^@ /) {
        split(line, word, " ")
        section = substr(line, length(word[2]) + 4)
        in_mine = word[2] == name || word[2] == "*"
        in_paragraph = in_list = 0
      } else if (in_mine) {
        text_line(section, line)
      }
    }
    close(notes)

    title = name == "corun" ? "corun" : "corun-" name
    print ".\\\" Made by build-aux/make-man.sh from corun --help and man-notes.txt: change these, not this."
    print ".TH " toupper(title) " 1 \"\" \"" version "\" \"User Commands\""
    print ".SH NAME"
    print plain(title) " \\- " plain(name == "corun" ? "what happens when several neural networks share a GPU, under one policy or another" : says)
    section_out("SYNOPSIS")
    if (name != "corun") {
      if (!("DESCRIPTION" in body))
        body["DESCRIPTION"] = ""
      else
        body["DESCRIPTION"] = ".PP\n" body["DESCRIPTION"]
      body["DESCRIPTION"] = plain(toupper(substr(says, 1, 1)) substr(says, 2)) ".\n" body["DESCRIPTION"]
    }
    section_out("DESCRIPTION")
    section_out("COMMANDS")
    section_out("OPTIONS")
    if (options != "OPTIONS")
      section_out(options)
    if (!("EXIT STATUS" in body))
      add("EXIT STATUS", said_exits != "" ? said_exits : plain(exits))
    section_out("EXIT STATUS")
    section_out("ENVIRONMENT")
    section_out("FILES")
    section_out("EXAMPLES")
    print ".SH SEE ALSO"
    n = split(commands, word, " ")
    list = name == "corun" ? "" : ".BR corun (1)"
    for (i = 1; i <= n; i++)
      if (word[i] != name && (name == "corun" || word[i] in mentioned))
        list = list (list == "" ? "" : ",\n") ".BR corun\\-" plain(word[i]) " (1)"
    print list
    papers["docs/" (name == "corun" ? "scenarios" : name == "run" ? "scenarios" : "formats") ".md"] = 1
    n = 0
    for (paper in papers)
      paper_list[++n] = paper
    for (i = 2; i <= n; i++) # in order, for a page that is the same every time
      for (k = i; k > 1 && paper_list[k] < paper_list[k - 1]; k--) {
        swap = paper_list[k]
        paper_list[k] = paper_list[k - 1]
        paper_list[k - 1] = swap
      }
    print ".PP"
    line = ""
    for (i = 1; i <= n; i++)
      line = line (i > 1 ? ", " : "") paper_list[i]
    print plain(line) " of the source."
  }
'
}

printf '%s\n' "$short" | page corun >"$folder.new/corun.1"
for command in $commands; do
  "$program" help "$command" | page "$command" >"$folder.new/corun-$command.1"
done
rm -rf "$folder"
mv "$folder.new" "$folder"
