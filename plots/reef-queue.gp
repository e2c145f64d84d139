# What does the capacity of the device queue cost: preemption on one side, execution on the other (Fig. 14a)?
# By: corun run of resnet152, -p reef,padding=no,dq=N
#
# Reads (from reef-tables.sh) csv (device, capacity, -, 95 % quantile
# of preemptions in us, latency of ResNet-152 alone in ms, -) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 900,420 font "sans-serif,13" background "white" noenhanced
set output out
load plots."/mi50-rows.gp"
set multiplot title "ResNet-152 fed through a device queue of limited capacity (reef, padding=no)" font ",15"
set logscale x 2
set xrange [0.8 : 320]
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256) font ",12"
set xlabel "capacity of the device queue, kernels"
set ytics nomirror
set y2tics font ",12" offset -0.5,0
set border 11 lw 0.8 lc rgb "#444444"
set logscale y
set yrange [5 : 5000]
set ytics (5, 10, 20, 50, 100, 200, 500, 1000, 2000) font ",12"
set y2range [0 : 25]
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set key at graph 0.5, 0.98 center top Left reverse samplen 3 font ",12"
array device[2] = ["mi50", "h200"]
array name[2] = ["MI50 (prices assumed)", "H200 (prices measured)"]
do for [d = 1:2] {
  if (d == 1 && !has_mi50) { continue }
  set lmargin at screen has_mi50 ? (d == 1 ? 0.095 : 0.58) : 0.1
  set rmargin at screen has_mi50 ? (d == 1 ? 0.42 : 0.905) : 0.9
  set bmargin at screen 0.17
  set tmargin at screen 0.84
  set title name[d] font ",13" offset 0,-0.4
  if (d == 1 || !has_mi50) { set ylabel "preemption, 95 % quantile, us" offset 1.4,0 } else { unset ylabel }
  if (d == 2) { set y2label "execution alone, ms" offset -1,0 }
  plot csv using (strcol(1) eq device[d] ? $2 : NaN):4 skip 1 with linespoints lw 1.8 pt 6 ps 0.7 lc rgb color(1) title "preemption (left axis)", \
       "" using (strcol(1) eq device[d] ? $2 : NaN):5 skip 1 axes x1y2 with linespoints lw 1.8 dt 2 pt 9 ps 0.8 lc rgb color(5) title "execution (right axis)"
}
unset multiplot
