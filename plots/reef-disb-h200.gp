# What do REEF and its baselines do in DISB A to E on an H200?
# By: corun run disb-a to disb-e under six schemes
#
# Reads (from reef-tables.sh) csv (workload, scheme, metric, -, corun, -) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 1100,600 font "sans-serif,13" background "white" noenhanced
set output out
set multiplot title "DISB A to E on an H200 (corun; best-effort clients in closed loop)" font ",15"
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set style fill solid 1.0 border lc rgb "#444444"
set boxwidth 0.6
set xrange [-0.6 : 5.6]
set yrange [0 : *]
unset key
array workload[5] = ["A", "B", "C", "D", "E"]
array metric[2] = ["rt latency (ms)", "be requests per s"]
place(s) = s eq "rt only" ? 0 : s eq "SEQ" ? 1 : s eq "streams" ? 2 : s eq "wait" ? 3 : s eq "REEF" ? 4 : 5
at(w, m) = strcol(1) eq workload[w] && strcol(3) eq metric[m] ? place(strcol(2)) : NaN
set ytics font ",11" offset 0.5,0
do for [m = 1:2] {
  do for [w = 1:5] {
    set lmargin at screen 0.075 + (w - 1) * 0.187
    set rmargin at screen 0.075 + (w - 1) * 0.187 + 0.145
    set tmargin at screen m == 1 ? 0.89 : 0.5
    set bmargin at screen m == 1 ? 0.58 : 0.19
    if (m == 1) { set title workload[w] font ",14" offset 0,-0.5 } else { unset title }
    if (w == 1) { set ylabel (m == 1 ? "rt latency, ms" : "be requests per s") offset 2,0 } else { unset ylabel }
    if (m == 1) { set xtics ("" 0, "" 1, "" 2, "" 3, "" 4, "" 5) scale 0 } else { set xtics ("rt only" 0, "SEQ" 1, "streams" 2, "wait" 3, "REEF" 4, "REEF+pad" 5) rotate by 55 right scale 0 font ",11" offset 0.5,0 }
    plot csv using (at(w, m)):5 skip 1 with boxes lc rgb color(1)
  }
}
unset multiplot
