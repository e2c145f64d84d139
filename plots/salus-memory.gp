# How does the memory of a training iteration rise and fall on a GPU of today, as the paper's Fig. 2 shows it for its own?
# By: corun run, one iteration of each model of h200-training.csv, --timeline
#
# Reads (from salus-tables.sh, which takes it from a timeline of corun run) csv (model, ms, MiB) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 900,400 font "sans-serif,13" background "white" noenhanced
set output out
set title "One training iteration at batch 50 on an H200: memory given out by PyTorch's allocator" font ",14"
set xlabel "ms since the iteration began"
set ylabel "ephemeral memory, GiB"
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set xrange [0 : *]
set yrange [0 : *]
set key top right Left reverse samplen 1.5 spacing 1.1 font ",12"
array model[5] = ["resnet152", "densenet121", "inception_v3", "resnet50", "mobilenet_v2"]
plot for [m = 1:5] csv using (strcol(1) eq model[m] ? $2 : NaN):($3 / 1024) skip 1 with steps lw 1.6 lc rgb color(m) title model[m]
