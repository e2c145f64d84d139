# What does each policy make real-time clients wait, and what does it let best-effort clients do?
# By: corun run SCENARIO
#
# Reads (from run-figure.sh) data/rt.tsv (place, policy, p50 ms, p99 ms), data/be.tsv (a block a client: place, policy, from,
# to, in requests/s) and the variables data, n_policy, n_rt, n_be, longest (policy, in letters), names (of be clients),
# title, note, deadline_ms, rt_top and be_top (greatest values).
load plots."/style.gp"
tab = "\t"
set datafile separator tab
both = n_rt && n_be
legend_rows = n_be > 6 ? (n_be + 1) / 2 : 3
height = 146 + 44 * n_policy + 20 * legend_rows
set terminal svg size 900,height font "sans-serif,13" background "white" noenhanced
set output out
set ytics font ",12"
set multiplot title title font ",15" offset 0,-0.3

left = (30.0 + 8.6 * longest) / 900
split = left + 0.46 * (0.96 - left)
set yrange [n_policy - 0.4 : -0.6]
bar = 0.28
legend = (14.0 + 20 * legend_rows) / height
bottom = legend + 68.0 / height
top = 1 - 56.0 / height
set tmargin at screen top
set bmargin at screen bottom
set key vertical Left reverse maxrows legend_rows samplen 1.2 spacing 1.1 width 1 font ",12"
step(top_value) = top_value <= 0 ? 1 : 10 ** floor(log10(top_value / 2.5)) * \
  (top_value / 2.5 / 10 ** floor(log10(top_value / 2.5)) > 5 ? 5 : top_value / 2.5 / 10 ** floor(log10(top_value / 2.5)) > 2 ? 2 : 1)

if (n_rt) {
  set lmargin at screen left
  set rmargin at screen (both ? split - 0.025 : 0.96)
  set key at screen left, legend left top
  set xrange [0 : 1.15 * rt_top]
  set xtics step(rt_top)
  set xlabel "latency of real-time requests, ms"
  on_scale = deadline_ms > 0 && deadline_ms <= 1.15 * rt_top
  if (on_scale) {
    set arrow 1 from deadline_ms, graph 0 to deadline_ms, graph 1 nohead dt 2 lw 1.2 lc rgb "#444444" back
  }
  plot data."/rt.tsv" using (0):1:(0):4:($1 - bar):($1 + bar):ytic(2) with boxxyerror lc rgb color(1) title "99th percentile".note, \
       "" using 3:1 with points pt 7 ps 0.9 lc rgb "#ffffff" notitle, \
       "" using 3:1 with points pt 7 ps 0.6 lc rgb "#000000" title "median", \
       "" using 4:1:(sprintf("%.3g", $4)) with labels left offset 0.5,0 font ",11" notitle, \
       NaN with lines dt 2 lw (on_scale ? 1.2 : 0) lc rgb (on_scale ? "#444444" : "#ffffff") title \
         (on_scale ? "deadline" : deadline_ms > 0 ? sprintf("(deadline: %g ms)", deadline_ms) : "")
  unset arrow
}
if (n_be) {
  set lmargin at screen (both ? split + 0.025 : left)
  set rmargin at screen 0.96
  set key at screen (both ? split + 0.025 : left), legend left top
  set xrange [0 : 1.15 * be_top]
  set xtics step(be_top)
  set xlabel "best-effort requests per second"
  plot for [c = 1:n_be] data."/be.tsv" index (c - 1) using 3:1:3:4:($1 - bar):($1 + bar):ytic(2) \
         with boxxyerror lc rgb color(c) title word(names, c), \
       data."/be.tsv" index (n_be - 1) using 4:1:(sprintf("%.0f", $4)) with labels left offset 0.5,0 font ",11" notitle
}
unset multiplot
