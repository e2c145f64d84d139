# Which part of random task sets does each test accept, by the number of tasks (Fig. 12)?
# By: corun generate tasks -n 200, corun plan dart and threads
#
# Reads (from dart-tables.sh) csv and writes out.
what = "real-time tasks"
title = "Utilisation of the GPU 0.01 (xeon-gtx1080) or 0.05 (tx2) a task"
set terminal svg size 1000,450 font "sans-serif,13" background "white" noenhanced
load plots."/dart-ratio.gp"
