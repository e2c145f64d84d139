# What does it cost to go on three kernels before the one that was stopped (Fig. 14b)?
# By: corun run, -p reef,padding=no,restore=four
#
# Reads (from reef-tables.sh) csv (model, % of the paper, kernels run again by corun, as %, difference, % of time in vain) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 720,400 font "sans-serif,13" background "white" noenhanced
set output out
set title "What is redone at a preemption with restore=four on an MI50" font ",14"
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set style fill solid 1.0 border lc rgb "#444444"
set ylabel "% of the model's time"
set yrange [0 : 8]
set xrange [-0.6 : 4.6]
set xtics scale 0
set boxwidth 0.25
set key top right Left reverse samplen 1.4 font ",12"
plot csv using ($0 - 0.26):2 skip 1 with boxes lc rgb "#a8a8a8" title "paper: four average kernels", \
     "" using 0:4:xtic(1) skip 1 with boxes lc rgb color(1) title "corun: kernels run again", \
     "" using ($0 + 0.26):6 skip 1 with boxes lc rgb color(6) title "corun: time in vain", \
     "" using 0:4:(sprintf("%.2f", $4)) skip 1 with labels offset 0,0.6 font ",10" notitle
