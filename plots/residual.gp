# What does a calibrated device description leave over, row by row of its table?
#
# Reads (from residual-figure.sh) data/points.tsv (place, error in percent, group), data/bias.tsv (group, mean error) and data/vars.gp (n_group, title, the groups' names as tics).
load plots."/style.gp"
set datafile separator "\t"
set terminal svg size 760,460 font "sans-serif,13" background "white" noenhanced
set output out
load data."/vars.gp"
set title title font ",15"
set xrange [0.5 : n_group + 0.5]
set bmargin 5
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set ylabel "predicted against measured, %"
set xlabel "within a group in order of measured time" offset 0,-1.6
set key top right Right reverse samplen 1.5 font ",12"
plot 0 with lines lw 1 lc rgb "#444444" notitle, \
     data."/points.tsv" using 1:2 with points pt 7 ps 0.5 lc rgb color(1) title "a row", \
     data."/bias.tsv" using ($1 - 0.4):2:(0.8):(0) with vectors nohead lw 2 lc rgb color(5) title "mean error"
