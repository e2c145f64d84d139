# What do best-effort batches do to responses of real-time tasks (Figs. 13 and 14)?
# By: corun plan dart --scenario, corun run -p dart, threads, streams
#
# Reads (from dart-runs.sh) csv (client, policy, batch, response_ms, share) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 1000,640 font "sans-serif,13" background "white" noenhanced
set output out
set multiplot title "dart-h200: responses beside best-effort batches; times of batches ASSUMED, but VGG-19's kernels for 1 and 8" font ",12"
array policy[3] = ["dart", "threads", "streams"]
array label[3] = ["dart", "threads (BaseGPU)", "streams"]
array client[2] = ["lanes", "audit"]
array about[2] = ["second by priority", "last by priority"]
array batch[5] = [1, 2, 4, 8, 16]
array colour[5] = [1, 6, 3, 2, 5]
at(c, p, b) = strcol(1) eq client[c] && strcol(2) eq policy[p] && $3 == batch[b] ? $4 : NaN
set logscale x
set xtics (1, 2, 5, 10, 20, 50)
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
do for [c = 1:2] {
  set tmargin at screen c == 1 ? 0.87 : 0.43
  set bmargin at screen c == 1 ? 0.56 : 0.12
  set xrange [* : *]
  set yrange [* : *] # which stats heeds
  stats csv using (strcol(1) eq client[c] ? $4 : NaN) skip 1 nooutput
  set yrange [0 : 1.02]
  set xrange [STATS_min * 0.8 : STATS_max * 1.3]
  do for [p = 1:3] {
    set lmargin at screen 0.07 + 0.28 * (p - 1)
    set rmargin at screen 0.07 + 0.28 * (p - 1) + 0.24
    set title sprintf("%s%s: %s", client[c], p == 1 ? " (".about[c].")" : "", label[p]) font ",13" offset 0,-0.6
    if (p == 1) { set ylabel "share of requests" offset 1.6,0 } else { unset ylabel }
    if (c == 2) { set xlabel "response, ms" } else { unset xlabel }
    if (c == 1 && p == 3) { set key at screen 0.885, 0.86 left top Left reverse samplen 1.5 spacing 1.3 title "batch" } else { unset key }
    plot for [b = 1:5] csv using (at(c, p, b)):5 skip 1 with steps lw 1.8 lc rgb color(colour[b]) title sprintf("%d", batch[b])
  }
}
unset multiplot
