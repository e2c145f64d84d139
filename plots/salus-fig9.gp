# Do equal jobs that share a lane get equal shares, as in the paper's Fig. 9?
# By: corun run salus-fair -p fair,accounting=rr,rotate=no
#
# Reads (from salus-tables.sh) base-paper-JOB.tsv and base-corun-JOB.tsv (seconds, images/s) and writes out.
load plots."/style.gp"
set datafile separator "\t"
set terminal svg size 900,360 font "sans-serif,13" background "white" noenhanced
set output out
set title "Three equal jobs in one lane, 15 s apart: the paper's Fig. 9 (points) and corun (lines)" font ",14"
set xlabel "seconds"
set ylabel "images/s"
set xrange [0 : 100]
set yrange [0 : 150]
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set key at graph 0.62, 0.98 top right Left reverse samplen 1.5 spacing 1.1 font ",12"
array name[3] = ["first", "second", "third"]
plot for [j = 0:2] base."-corun-".j.".tsv" using 1:2 with histeps lw 1.8 lc rgb color(j + 1) title name[j + 1], \
     for [j = 0:2] base."-paper-".j.".tsv" using 1:2 with points pt 6 ps 0.45 lc rgb color(j + 1) notitle
