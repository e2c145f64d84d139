# Do the completion times of all 100 jobs, and not only their means, come out as in the paper's Fig. 7?
# By: corun run salus-table1
#
# Reads (from salus-tables.sh) csv (policy, rank, paper, corun, difference; seconds) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 900,420 font "sans-serif,13" background "white" noenhanced
set output out
set title "Completion times of 100 jobs: the paper's Fig. 7 (points) and corun (lines)" font ",15"
set xlabel "completion time, minutes"
set ylabel "jobs done within, %"
set xrange [0 : 310]
set yrange [0 : 100]
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set key bottom right Left reverse samplen 1.5 spacing 1.1 font ",12"
array policy[4] = ["SRTF", "FAIR", "PACK", "FIFO"]
array off[4]
do for [k = 1:4] {
  stats csv using (strcol(1) eq policy[k] ? 100 * abs($4 / $3 - 1) : NaN) skip 1 nooutput
  off[k] = STATS_median
}
plot for [k = 1:4] csv using (strcol(1) eq policy[k] ? $4 / 60 : NaN):2 skip 1 with steps lw 1.8 lc rgb color(k) \
       title sprintf("%s: median error %.1f %%", policy[k], off[k]), \
     for [k = 1:4] "" using (strcol(1) eq policy[k] ? $3 / 60 : NaN):2 skip 1 with points pt 6 ps 0.45 lc rgb color(k) notitle
