# Who runs when under SRTF, in the slice of the paper's Fig. 8a?
# By: corun run salus-table1
#
# Reads (from salus-tables.sh) base-paper.tsv and base-corun.tsv (job, from, to; seconds) and writes out.
load plots."/style.gp"
set datafile separator "\t"
set terminal svg size 900,300 font "sans-serif,13" background "white" noenhanced
set output out
set title "SRTF from 2651 s to 2957 s: the job on the GPU" font ",15"
set xlabel "seconds since the first submission"
set xrange [2651 : 2957.06]
set yrange [-0.6 : 1.6]
set ytics ("corun" 0, "paper" 1) scale 0
set border 1
unset key
known(job) = job == 34 ? 1 : job == 80 ? 2 : job == 82 ? 3 : job == 86 ? 4 : job == 93 ? 5 : job == 94 ? 6 : 0
tint(job) = known(job) ? int(strcol_color(known(job))) : 0xbbbbbb
strcol_color(k) = int("0x".substr(color(k), 2, 7))
wide(a, b) = b - a > 8
plot base."-paper.tsv" using 2:(1):2:3:(0.72):(1.28):(tint($1)) with boxxyerror lc rgb variable, \
     base."-corun.tsv" using 2:(0):2:3:(-0.28):(0.28):(tint($1)) with boxxyerror lc rgb variable, \
     base."-paper.tsv" using (($2 + $3) / 2):(wide($2, $3) ? 1 : NaN):1 with labels font ",12", \
     base."-corun.tsv" using (($2 + $3) / 2):(wide($2, $3) ? 0 : NaN):1 with labels font ",12"
