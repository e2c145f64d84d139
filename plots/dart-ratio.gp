# Which part of random task sets does each test accept?
#
# Loaded by dart-utilization.gp, dart-tasks.gp and dart-heavy.gp, which set the terminal, what (the label of x) and title.  Reads csv (platform,
# x, test, sets, feasible, ratio, low, high; from dart-tables.sh) and writes out.
load plots."/style.gp"
set datafile separator ","
set output out
set multiplot title title font ",15"
set grid xtics ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set yrange [0 : 1.03]
set xlabel what
set bars 0.5
array platform[2] = ["xeon-gtx1080", "tx2"]
array test[6] = ["paper", "D", "min(D H)", "H", "BaseCPU", "BaseGPU"] # H over min(D, H), which hides it
array label[6] = ["the paper's test", "bound D", "min(D, H)", "bound H", "BaseCPU", "BaseGPU"]
array colour[6] = [1, 2, 6, 5, 4, 3]
array mark[6] = [7, 9, 5, 2, 1, 11]
array dash[6] = [1, 1, 1, 2, 1, 1]
array width[6] = [1.6, 1.6, 3, 1.2, 1.2, 1.2]
at(p, t) = strcol(1) eq platform[p] && strcol(3) eq test[t] ? $2 : NaN
set tmargin at screen 0.85
set bmargin at screen 0.16
do for [p = 1:2] {
  set lmargin at screen p == 1 ? 0.07 : 0.44
  set rmargin at screen p == 1 ? 0.39 : 0.76
  set title platform[p] font ",14" offset 0,-0.5
  if (p == 1) {
    set ylabel "sets accepted (bars: 95 %)" offset 1.6,0
    unset key
  } else {
    unset ylabel
    set key at screen 0.775, 0.85 left top Left reverse samplen 2.5 spacing 1.4 font ",12"
  }
  plot for [t = 1:6] csv using (at(p, t)):6:7:8 skip 1 with yerrorlines pt mark[t] ps 0.6 lw width[t] \
         dt dash[t] lc rgb color(colour[t]) title label[t]
}
unset multiplot
