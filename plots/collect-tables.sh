#!/bin/sh
# collect-tables.sh FOLDER NAME... - all tables FOLDER/NAME.csv in one file, for Markdown (FOLDER/tables.md) and for LaTeX (FOLDER/tables.tex).
#
# Rows beyond ROWS (60) are left to the CSV, and counted.  Columns that end in paper or published, corun, and difference hold the published
# value, corun's, and how far it is off; a header says its unit.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -ge 2 ] || die "usage: plots/collect-tables.sh FOLDER NAME..."
out=$1
shift
. "$plots/caption.sh"
{
  echo '# Tables'
  echo
  echo "What \`make plots\` finds: published values, corun's, and the difference. A table of many rows is cut; its CSV has all."
} >"$top/tables.md"
{
  echo '% All tables of make plots; \usepackage{longtable,booktabs} and \input this file.'
  echo '% Published values, those of corun, and the difference.  A table of many rows is cut; its CSV has all.'
} >"$top/tables.tex"
for name; do
  [ -r "$out/$name.csv" ] || die "$out/$name.csv is not there"
  awk -v name="$name" -v question="$(question "$name")" -v origin="$(origin "$name")" -v rows="${ROWS:-60}" \
    -v md="$top/tables.md" -v tex="$top/tables.tex" '
    function head(s) { # paper_min: paper (min)
      if (match(s, /_(min|ms|us|s|pct|points|mib)$/)) {
        unit = substr(s, RSTART + 1)
        s = substr(s, 1, RSTART - 1) " (" (unit == "pct" ? "%" : unit == "mib" ? "MiB" : unit) ")"
      }
      gsub(/_/, " ", s)
      return s
    }
    function for_tex(s) { gsub(/[%&_#$]/, "\\\\&", s); return s }
    function row(is_head,    i, m, t, cell) {
      for (i = 1; i <= n_column; i++) {
        cell = is_head ? head($i) : $i
        m = m "| " cell " "
        t = t (i > 1 ? " & " : "") for_tex(cell)
      }
      print m "|" >>md
      print t " \\\\" >>tex
    }
    function number(s) { return s ~ /^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/ }
    BEGIN { FS = "," }
    { gsub(/\r/, "") }
    NR == 1 { header = $0; n_column = NF; next }
    {
      if (NR == 2) {
        first = $0
        printf "\n## %s\n\n%s\n\n`%s`\n\n", name, question, origin >>md
        printf "\n\\begin{longtable}{" >>tex
        for (i = 1; i <= n_column; i++) printf "%s", number($i) ? "r" : "l" >>tex
        printf "}\n\\caption{%s \\texttt{%s}}\\label{tab:%s}\\\\\n\\toprule\n", for_tex(question), for_tex(origin), name >>tex
        for (i = 1; i <= n_column; i++) rule = rule (number($i) ? "|---:" : "|---")
        $0 = header
        row(1)
        print rule "|" >>md
        print "\\midrule\n\\endhead" >>tex
        $0 = first
      }
      if (NR - 1 <= rows) row(0)
    }
    END {
      if (NR < 2) exit
      print "\\bottomrule" >>tex
      print "\\end{longtable}" >>tex
      if (NR - 1 > rows) {
        printf "\n%d more rows are in %s.csv.\n", NR - 1 - rows, name >>md
        printf "%d more rows are in \\texttt{%s.csv}.\n", NR - 1 - rows, for_tex(name) >>tex
      }
    }' "$out/$name.csv"
done
cp "$top/tables.md" "$out/tables.md.new" && mv -f "$out/tables.md.new" "$out/tables.md"
cp "$top/tables.tex" "$out/tables.tex.new" && mv -f "$out/tables.tex.new" "$out/tables.tex"
