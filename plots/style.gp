# style.gp - what the figures share: a palette that colour-blind readers can tell apart, thin axes, no clutter.
#
# Colours: M. Okabe and K. Ito, "Color Universal Design", 2008; light ones come last, as they show least on white.
array shade[7] = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442"]
color(i) = shade[(int(i) - 1) % 7 + 1]
set border 3 lw 0.8 lc rgb "#444444"
set tics nomirror out scale 0.5 textcolor rgb "#222222"
set grid xtics lt 1 lw 0.7 lc rgb "#d8d8d8"
set style fill solid 1.0 noborder
set key noenhanced
