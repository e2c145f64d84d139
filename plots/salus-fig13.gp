# What do two jobs cost each other: in turn, under MPS, and in two lanes (Fig. 13)?
# By: corun run salus-two-alexnets --set clients.alexnet.iterations=2467 -p fair,accounting=ps -p mps -p pack
#
# Reads (from salus-tables.sh) csv (system, policy, paper, corun, difference; seconds) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 620,400 font "sans-serif,13" background "white" noenhanced
set output out
set title "Two alexnet_25: the paper's Fig. 13 and corun" font ",15"
set ylabel "mean completion time, seconds"
set yrange [0 : 125]
set xrange [-0.6 : 2.6]
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set bmargin 4
set xtics scale 0 font ",12" ("SP\n(fair)" 0, "SP+MPS\n(mps)" 1, "Salus\n(pack)" 2)
set boxwidth 0.36
set key top right Left reverse samplen 1.2 font ",12"
plot csv using ($0 - 0.19):3 skip 1 with boxes lc rgb "#aaaaaa" title "paper", \
     "" using ($0 + 0.19):4 skip 1 with boxes lc rgb color(1) title "corun", \
     "" using ($0 + 0.19):4:(sprintf("%+.1f %%", $5)) skip 1 with labels offset 0,0.5 font ",11" notitle
