# Does corun come to the paper's Table 1, with one trace and one set of constants for all four policies?
# By: corun run salus-table1
#
# Reads (from salus-tables.sh) csv (policy, metric, paper, corun, difference; minutes) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 900,360 font "sans-serif,13" background "white" noenhanced
set output out
set multiplot layout 1,4 title "100 training jobs on a P100: the paper's Table 1 and corun, differences in %" font ",15" offset 0,-0.3 margins 0.06,0.985,0.25,0.78 spacing 0.045
set style data boxes
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
array metric[4] = ["makespan", "mean queuing", "mean JCT", "95 % JCT"]
set xrange [-0.6 : 3.6]
set boxwidth 0.36
set xtics out scale 0 font ",11"
set ytics font ",12"
place(p) = p eq "FIFO" ? 0 : p eq "SRTF" ? 1 : p eq "PACK" ? 2 : 3
at(m) = strcol(2) eq metric[m] ? place(strcol(1)) : NaN
set xtics ("FIFO" 0, "SRTF" 1, "PACK" 2, "FAIR" 3)
do for [m = 1:4] {
  set title metric[m].", minutes" font ",13" offset 0,-0.4
  set yrange [0 : *]
  set offsets 0, 0, graph 0.08, 0 # room for the number over the tallest bar
  if (m == 1) { set key at screen 0.5, 0.14 center top samplen 1.2 font ",12" } else { unset key }
  plot csv using (at(m) - 0.19):3 skip 1 lc rgb "#aaaaaa" title "paper", \
       "" using (at(m) + 0.19):4 skip 1 lc rgb color(1) title "corun", \
       "" using (at(m)):($3 > $4 ? $3 : $4):(sprintf("%+.1f", $5)) skip 1 with labels offset 0,0.5 font ",10" notitle
}
unset multiplot
