# Which part of random task sets does each test accept, by the share of heavy models (Fig. 11)?
# By: corun generate tasks -n 200, corun plan dart and threads
#
# Reads (from dart-tables.sh) csv and writes out.
what = "share of tasks with a heavy model"
title = "10 real-time tasks, utilisation of the GPU 0.1 (xeon-gtx1080) or 0.5 (tx2)"
set terminal svg size 1000,450 font "sans-serif,13" background "white" noenhanced
load plots."/dart-ratio.gp"
