# How much best-effort work is done beside the real-time tasks, by batch (Fig. 15)?
# By: corun plan dart --scenario, corun run -p dart, threads, streams
#
# Reads (from dart-runs.sh) csv (policy, batch, per_s) and writes out.
load plots."/style.gp"
set datafile separator ","
set datafile missing NaN
set terminal svg size 620,400 font "sans-serif,13" background "white" noenhanced
set output out
set title "dart-h200: best-effort throughput\ntimes of batches ASSUMED, but VGG-19's kernels for 1 and 8" font ",12"
set xlabel "best-effort batch"
set ylabel "best-effort requests per second"
set logscale x 2
set xrange [0.9 : 18]
set xtics (1, 2, 4, 8, 16)
set yrange [0 : *]
set offsets 0, 0, graph 0.05, 0
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set key top left Left reverse samplen 2 font ",12"
array policy[3] = ["dart", "threads", "streams"]
array label[3] = ["dart", "threads (BaseGPU)", "streams (no batches)"]
array mark[3] = [5, 11, 7]
plot for [p = 1:3] csv using (strcol(1) eq policy[p] ? $2 : NaN):3 skip 1 with linespoints pt mark[p] ps 0.7 lw 2 lc rgb color(p == 1 ? 1 : p + 1) title label[p]
