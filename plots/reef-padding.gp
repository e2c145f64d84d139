# What does padding bring, and what do its rules, reclaiming and restoring cost?
# By: corun run of DISB A and D under variants of reef
#
# Reads (from reef-tables.sh) csv (workload, policy, -, rt latency in
# ms, over no padding in %, be requests a second, over no padding in %) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 980,640 font "sans-serif,13" background "white" noenhanced
set output out
load plots."/mi50-rows.gp"
set multiplot title "What padding, its rules, and ways to reclaim and restore do (over reef without padding)" font ",15"
unset grid
set grid xtics lt 1 lw 0.7 lc rgb "#d8d8d8"
set border 3
set style fill solid 1.0 border lc rgb "#444444"
array workload[3] = ["MI50-A", "MI50-D", "H200-D"]
array policy[9] = ["reef padding=no", "reef", "reef several=yes", "reef rules=latency", "reef rules=occupancy", "reef rules=none", "reef reclaim=now", "reef restore=exact", "reef restore=four"]
place(p) = p eq policy[1] ? 0 : p eq policy[2] ? 1 : p eq policy[3] ? 2 : p eq policy[4] ? 3 : p eq policy[5] ? 4 : p eq policy[6] ? 5 : p eq policy[7] ? 6 : p eq policy[8] ? 7 : 8
array most[6] # of each panel
do for [m = 1:2] {
  do for [w = (has_mi50 ? 1 : 3):3] {
    c = m == 1 ? 4 : 6
    stats csv using (strcol(1) eq workload[w] ? column(c) : NaN) skip 1 nooutput
    most[3 * m + w - 3] = STATS_max
  }
}
set yrange [8.6 : -0.6]
first = has_mi50 ? 1 : 3
wide = has_mi50 ? 0.25 : 0.76
unset key
do for [m = 1:2] {
  do for [w = first:3] {
    set lmargin at screen 0.2 + (w - first) * 0.265
    set rmargin at screen 0.2 + (w - first) * 0.265 + wide - 0.015
    set tmargin at screen m == 1 ? 0.88 : 0.45
    set bmargin at screen m == 1 ? 0.57 : 0.14
    if (m == 1) { set title workload[w] font ",13" offset 0,-0.4 } else { unset title }
    if (w == first) {
      set ytics (policy[1] 0, policy[2] 1, policy[3] 2, policy[4] 3, policy[5] 4, policy[6] 5, policy[7] 6, policy[8] 7, policy[9] 8) scale 0 font ",11"
    } else { set ytics ("" 0, "" 1, "" 2, "" 3, "" 4, "" 5, "" 6, "" 7, "" 8) scale 0 }
    set xlabel m == 1 ? "rt latency, ms" : "be requests per s" offset 0,0.5
    c = m == 1 ? 4 : 6
    top = most[3 * m + w - 3]
    set xrange [0 : top * 1.5]
    set xtics font ",11"
    set xtics top > 500 ? 500 : top > 100 ? 100 : top > 30 ? 20 : top > 5.5 ? 2 : 1
    plot csv using (0.5 * column(c)):(strcol(1) eq workload[w] ? place(strcol(2)) : NaN):(0.5 * column(c)):(0.36) skip 1 \
           with boxxyerror lc rgb color(m == 1 ? 1 : 2), \
         "" using (column(c)):(strcol(1) eq workload[w] ? place(strcol(2)) : NaN):(sprintf("%+.1f %%", column(c + 1))) skip 1 \
           with labels left offset 0.4,0 font ",10"
  }
}
unset multiplot
