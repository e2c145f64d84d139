# How near does the simulator come to the GPU, row by row of a measured table?
# By: corun validate
#
# Reads (from validate-figure.sh) data/closed.tsv and data/open.tsv (measured ms, predicted ms) and the variables data, title, low, high (range of both axes, ms), n_closed, n_open.
load plots."/style.gp"
set datafile separator "\t"
set terminal svg size 620,600 font "sans-serif,13" background "white" noenhanced
set output out
set title title font ",15"
set logscale xy
set xrange [low : high]
set yrange [low : high]
set size ratio 1
set xtics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
set ytics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set xlabel "measured, ms"
set ylabel "predicted, ms"
set key top left Left reverse samplen 1.5 spacing 1.1 font ",12"
plot x with lines lw 1 lc rgb "#444444" title "exact", \
     1.1 * x with lines dt 2 lw 1 lc rgb "#888888" title "10 % off", \
     x / 1.1 with lines dt 2 lw 1 lc rgb "#888888" notitle, \
     data."/closed.tsv" using 1:2 with points pt 7 ps 0.6 lc rgb color(1) title sprintf("closed: mean period (%d)", n_closed), \
     data."/open.tsv" using 1:2 with points pt 9 ps 0.7 lc rgb color(5) title sprintf("open: %s (%d)", open_time, n_open)
