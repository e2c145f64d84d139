# figure-setup.sh - what scripts of figures begin with; they source it after begin.sh.  It finds gnuplot
# ($gnuplot: $GNUPLOT), and makes a folder $top that is removed at the end.
gnuplot=${GNUPLOT:-gnuplot}
command -v "$gnuplot" >/dev/null || die "gnuplot is not there; on Debian: apt-get install gnuplot-nox"
. "$plots/scratch.sh"

# figure FILE.gp OUT [ASSIGNMENTS] - draws OUT, an SVG, or a PDF or PNG where its name ends so, after the assignments of gnuplot; OUT is
# replaced only by a whole figure.  All .gp files set an SVG terminal, whose size the others take; PNGs have twice its pixels.
figure() {
  case $2 in
  *.pdf) terminal='set terminal pdfcairo size (\1)/96.0,(\2)/96.0 font "sans-serif,10" noenhanced' ;;
  *.png) terminal='set terminal pngcairo size 2*(\1),2*(\2) font "sans-serif,13" fontscale 2 linewidth 2 pointscale 2 background "white" noenhanced' ;;
  *.svg) terminal='&' ;;
  *) die "$2: the name of a figure ends in .svg, .pdf or .png" ;;
  esac
  [ -d "$(dirname "$2")" ] || die "$2: there is no such folder to write the figure in; make it or choose another"
  sed "s|^set terminal svg size \\([0-9a-z_]*\\),\\([0-9a-z_]*\\).*|$terminal|" "$1" >"$top/figure.gp"
  "$gnuplot" -e "plots = '$plots'; out = '$top/figure.out'; ${3:-}" "$top/figure.gp" || die "$gnuplot failed; $2 is not drawn"
  [ -s "$top/figure.out" ] || die "gnuplot drew nothing"
  if ! cp "$top/figure.out" "$2.new" || ! mv -f "$2.new" "$2"; then
    rm -f "$2.new"
    die "$2: the figure cannot be written"
  fi
  rm -f "$top/figure.out"
}
