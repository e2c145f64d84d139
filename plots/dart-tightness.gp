# How near to its bound does a response come?
# By: corun run dart-h200, dart-xeon and dart-tx2 -p dart, 16 seeds
#
# Reads (from dart-runs.sh) csv (scenario, run, task, bound_ms, longest_ms, ratio) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 1000,420 font "sans-serif,13" background "white" noenhanced
set output out
set multiplot title "dart: longest response of a run as a share of the bound min(D, H); triangle: all released together, dots: random phases" font ",12"
array scenario[3] = ["dart-h200", "dart-xeon", "dart-tx2"]
array left[3] = [0.075, 0.385, 0.695]
set yrange [0 : 1.05]
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set xtics rotate by -40 scale 0 font ",11"
set tmargin at screen 0.84
set bmargin at screen 0.24
unset key
do for [s = 1:3] {
  set lmargin at screen left[s]
  set rmargin at screen left[s] + 0.245
  set title scenario[s] font ",14" offset 0,-0.5
  tasks = system(sprintf("awk -F, '$1 == \"%s\" && $2 == 0 { printf \"%%s \", $3 }' '%s'", scenario[s], csv))
  place(task) = sum [i = 1:words(tasks)] (word(tasks, i) eq task ? i : 0)
  set xrange [0.4 : words(tasks) + 0.6]
  set xtics ()
  do for [i = 1:words(tasks)] { set xtics add (word(tasks, i) i) }
  if (s == 1) { set ylabel "longest response / bound" offset 1.8,0 } else { unset ylabel }
  plot 1 with lines lc rgb "#444444" lw 1.2 dt 2, \
       csv using (strcol(1) eq scenario[s] && $2 > 0 ? place(strcol(3)) + 0.16 : NaN):6 skip 1 with points pt 7 ps 0.45 lc rgb color(1), \
       csv using (strcol(1) eq scenario[s] && $2 == 0 ? place(strcol(3)) : NaN):6 skip 1 with points pt 9 ps 0.8 lc rgb color(5)
}
unset multiplot
