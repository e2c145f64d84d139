# How much of the device does each model leave to others?
# By: corun run of each model alone, -p streams
#
# Reads (from reef-tables.sh) csv (device, model, % of REEF's
# profiles with blocks packed onto as few CUs as their layers need, % with blocks spread, corun's %, difference from either)
# and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 980,430 font "sans-serif,13" background "white" noenhanced
set output out
load plots."/mi50-rows.gp"
set multiplot title "SMs that lie idle while a model runs alone, batch 1, of their time" font ",15"
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set style fill solid 1.0 border lc rgb "#444444"
set yrange [0 : 100]
set ylabel "idle, %" offset 1.6,0
set xtics rotate by 45 right scale 0 font ",12" offset 0.5,0
set bmargin at screen 0.27
set tmargin at screen 0.84
if (n_mi50 > 0) {
  set lmargin at screen 0.07
  set rmargin at screen 0.46
  set title "MI50, 60 CUs" font ",13" offset 0,-0.4
  set xrange [-0.6 : n_mi50 - 0.4]
  set boxwidth 0.27
  set key top right Left reverse samplen 1.4 font ",12"
  plot csv using ($0 - 0.28):3 every ::0::n_mi50 - 1 skip 1 with boxes lc rgb "#e6e6e6" title "profiles, packed", \
       "" using 0:4 every ::0::n_mi50 - 1 skip 1 with boxes lc rgb "#a8a8a8" title "profiles, spread", \
       "" using ($0 + 0.28):5:xtic(2) every ::0::n_mi50 - 1 skip 1 with boxes lc rgb color(1) title "corun"
}
set lmargin at screen n_mi50 > 0 ? 0.54 : 0.1
set rmargin at screen 0.97
set title "H200, 132 SMs" font ",13" offset 0,-0.4
unset key
if (n_mi50 > 0) { unset ylabel }
set boxwidth 0.6
set xrange [-0.6 : *]
plot csv using 0:5:xtic(2) every ::n_mi50 skip 1 with boxes lc rgb color(1)
unset multiplot
