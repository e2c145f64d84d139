# What do REEF and its baselines make real-time clients wait for, and let best-effort ones do, in DISB A to E and REAL?
# By: corun import disb, corun run of six schemes
#
# Reads (from reef-tables.sh) csv (workload, scheme, metric, MI100 as published, MI50 of corun, difference) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 1180,620 font "sans-serif,13" background "white" noenhanced
set output out
set multiplot title "DISB with GPreempt's settings: REEF measured again on an MI100, and corun's MI50" font ",15"
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set style fill solid 1.0 border lc rgb "#444444"
set boxwidth 0.38
set xrange [-0.6 : 5.6]
set yrange [0 : *]
unset key
array workload[6] = ["A", "B", "C", "D", "E", "REAL"]
array metric[2] = ["rt latency (ms)", "be requests per s"]
place(s) = s eq "rt only" ? 0 : s eq "SEQ" ? 1 : s eq "streams" ? 2 : s eq "wait" ? 3 : s eq "REEF" ? 4 : 5
at(w, m) = strcol(1) eq workload[w] && strcol(3) eq metric[m] ? place(strcol(2)) : NaN
set ytics font ",11" offset 0.5,0
do for [m = 1:2] {
  do for [w = 1:6] {
    set lmargin at screen 0.06 + (w - 1) * 0.157
    set rmargin at screen 0.06 + (w - 1) * 0.157 + 0.122
    set tmargin at screen m == 1 ? 0.84 : 0.48
    set bmargin at screen m == 1 ? 0.55 : 0.18
    if (m == 1) { set title workload[w] font ",14" offset 0,-0.5; set format x "" } else { unset title; set format x "%s" }
    if (w == 1) { set ylabel (m == 1 ? "rt latency, ms" : "be requests per s") offset 2,0 } else { unset ylabel }
    if (m == 1) { set xtics ("" 0, "" 1, "" 2, "" 3, "" 4, "" 5) scale 0 } else { set xtics ("rt only" 0, "SEQ" 1, "streams" 2, "wait" 3, "REEF" 4, "REEF+pad" 5) rotate by 55 right scale 0 font ",11" offset 0.5,0 }
    plot csv using (at(w, m) - 0.2):(strcol(4) eq "" ? NaN : $4) skip 1 with boxes lc rgb "#c0c0c0", \
         "" using (at(w, m) + 0.2):5 skip 1 with boxes lc rgb color(1)
  }
}
unset title
unset xlabel
unset ylabel
unset tics
unset border
set lmargin at screen 0.05
set rmargin at screen 0.97
set tmargin at screen 0.94
set bmargin at screen 0.9
set yrange [0 : 1]
set key center center horizontal Left reverse samplen 1.4 font ",12"
plot NaN with boxes lc rgb "#c0c0c0" title "published, MI100", NaN with boxes lc rgb color(1) title "corun, MI50"
unset multiplot
