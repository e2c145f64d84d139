# How much longer do real-time requests take beside best-effort ones than without them, on average?
# By: corun import disb, corun run of six schemes
#
# Reads (from reef-tables.sh) csv (scheme, average as printed, mean over workloads of the published figures, the same of corun,
# difference, mean over clients of corun) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 760,430 font "sans-serif,13" background "white" noenhanced
set output out
set title "Latency of rt requests over rt only, DISB A to E and REAL" font ",15"
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set style fill solid 1.0 border lc rgb "#444444"
set ylabel "increase, %"
set yrange [0.3 : 2000]
set logscale y
set ytics ("0.3" 0.3, "1" 1, "3" 3, "10" 10, "30" 30, "100" 100, "300" 300)
set xrange [-0.6 : 4.6]
set xtics scale 0
set boxwidth 0.2
set key top right Left reverse samplen 1.4 font ",12"
known(c) = strcol(c) eq "" ? NaN : column(c)
plot csv using ($0 - 0.33):(known(2)) skip 1 with boxes lc rgb "#e6e6e6" title "MI100: average as printed", \
     "" using ($0 - 0.11):(known(3)) skip 1 with boxes lc rgb "#a8a8a8" title "MI100: mean over workloads", \
     "" using ($0 + 0.11):4:xtic(1) skip 1 with boxes lc rgb color(1) title "corun: mean over workloads", \
     "" using ($0 + 0.33):6 skip 1 with boxes lc rgb color(6) title "corun: mean over clients", \
     "" using ($0 + 0.11):4:(sprintf("%.3g", $4)) skip 1 with labels offset 0,0.6 font ",10" notitle
