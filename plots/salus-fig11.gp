# How much sooner is a search over hyper-parameters done when its jobs are packed (Fig. 11)?
# By: corun run salus-hyperparam, twice
#
# Reads (from salus-tables.sh) csv (workload, system, paper, corun, difference) and writes out.
load plots."/style.gp"
set datafile separator ","
set terminal svg size 620,400 font "sans-serif,13" background "white" noenhanced
set output out
set title "300 jobs at once: the paper's Fig. 11 and corun" font ",15"
set ylabel "makespan, minutes"
set yrange [0 : *]
set xrange [-0.6 : 3.6]
unset grid
set grid ytics lt 1 lw 0.7 lc rgb "#d8d8d8"
set bmargin 4
set xtics scale 0 font ",12" ("superres_128\nTensorFlow" 0, "superres_128\nSalus" 1, "resnet50_50\nTensorFlow" 2, "resnet50_50\nSalus" 3)
set boxwidth 0.36
set key top left Left reverse samplen 1.2 font ",12"
place(r) = int(r / 3) * 2 + int(r) % 3
is_time(s) = s[strlen(s) - 6:*] eq "minutes"
plot csv using (is_time(strcol(2)) ? place($0) - 0.19 : NaN):3 skip 1 with boxes lc rgb "#aaaaaa" title "paper", \
     "" using (is_time(strcol(2)) ? place($0) + 0.19 : NaN):4 skip 1 with boxes lc rgb color(1) title "corun", \
     "" using (is_time(strcol(2)) ? place($0) + 0.19 : NaN):4:(sprintf("%+.1f %%", $5)) skip 1 with labels offset 0,0.5 font ",11" notitle
