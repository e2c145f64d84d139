# What do 42 inference services cost when one GPU holds them all, and how many GPUs do they need otherwise (Fig. 10)?
# By: corun run salus-inference
#
# Reads (from salus-tables.sh) csv (what, TensorFlow of the paper, Salus or MPS of the paper, corun, difference) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 900,400 font "sans-serif,13" background "white" noenhanced
set output out
stats csv using 4 every ::15::15 skip 1 nooutput
set title sprintf("42 inference services: GPUs needed in one lane of Salus 1, under MPS %d (paper: 6), alone 42", int(STATS_max)) font ",13"
set ylabel "ms a request"
set yrange [0 : *]
set xrange [-0.6 : 13.6]
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set xtics rotate by -35 scale 0 offset -1,0 font ",12"
set boxwidth 0.26
set key top right Left reverse samplen 1.2 font ",12"
model(s) = s[17:*]
plot csv using ($0 - 0.27):2 every ::0::13 skip 1 with boxes lc rgb "#dddddd" title "TensorFlow alone (paper)", \
     "" using 0:3 every ::0::13 skip 1 with boxes lc rgb "#aaaaaa" title "Salus (paper)", \
     "" using ($0 + 0.27):4:xtic(model(strcol(1))) every ::0::13 skip 1 with boxes lc rgb color(1) title "corun"
