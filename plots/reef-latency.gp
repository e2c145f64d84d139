# Does preemption take longer with more queued kernels, and with longer ones?
# By: corun run of rt requests among queued kernels, -p reef,padding=no -p reef-n -p wait
#
# Reads (from reef-tables.sh) csv (device, number or length, kernels
# queued, their us, policy, measured median, corun's, difference, mean, 95 % quantile) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 980,720 font "sans-serif,13" background "white" noenhanced
set output out
load plots."/mi50-rows.gp"
set datafile missing NaN
set multiplot title "Preemption of one stream, median (black: measured on an H200, with a stop word for reef)" font ",15"
set logscale y
set yrange [5 : 2000]
set ytics ("5" 5, "10" 10, "20" 20, "50" 50, "100" 100, "200" 200, "500" 500, "1000" 1000, "2000" 2000) font ",12"
set ylabel "preemption, us" offset 1,0
unset key
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
array policy[3] = ["wait", "reef-n", "reef"]
array shape[3] = [4, 8, 6] # of measured ones, without fill; corun's are filled
array dash[3] = [1, 2, 4]
array tone[3] = [5, 1, 3]
array device[2] = ["mi50", "h200"]
array name[2] = ["MI50 (prices assumed)", "H200 (prices measured)"]
array by[2] = ["number", "length"]
do for [d = 1:2] {
  if (d == 1 && !has_mi50) { continue }
  do for [b = 1:2] {
    set lmargin at screen b == 1 ? 0.085 : 0.57
    set rmargin at screen b == 1 ? 0.485 : 0.97
    set tmargin at screen d == 1 ? 0.87 : (has_mi50 ? 0.46 : 0.84)
    set bmargin at screen d == 1 ? 0.6 : (has_mi50 ? 0.19 : 0.2)
    set title name[d].(b == 1 ? ", kernels of 100 us" : ", 50 kernels queued") font ",13" offset 0,-0.4
    set xlabel b == 1 ? "kernels queued" : "length of a kernel, us" offset 0,0.4
    set xrange [b == 1 ? 30 : 35 : b == 1 ? 520 : 315]
    at(k) = strcol(1) eq device[d] && strcol(2) eq by[b] && strcol(5) eq policy[k] ? column(b == 1 ? 3 : 4) : NaN
    measured(k) = strcol(6) eq "" ? NaN : at(k)
    lines = 'for [k = 1:3] csv using (at(k)):7 skip 1 with linespoints lw 1.8 dt dash[k] pt shape[k] + 1 ps 0.6 lc rgb color(tone[k])'
    points = ', for [k = 1:3] csv using (measured(k)):6 skip 1 with points pt shape[k] ps 1.3 lc rgb "black"'
    eval "plot ".lines.(d == 2 ? points : "")
  }
}
unset title
unset xlabel
unset ylabel
unset tics
unset border
unset grid
unset logscale
set lmargin at screen 0.1
set rmargin at screen 0.95
set tmargin at screen 0.09
set bmargin at screen 0.02
set xrange [0 : 1]
set yrange [0 : 1]
set key center center horizontal Left reverse samplen 3 font ",12"
plot for [k = 1:3] NaN with linespoints lw 1.8 dt dash[k] pt shape[k] + 1 ps 0.6 lc rgb color(tone[k]) title policy[k]
unset multiplot
