# Which part of random task sets does each test accept, by how much is to be done?
# By: corun generate tasks -n 200, corun plan dart and threads
#
# Reads (from dart-tables.sh) csv and writes out.
what = "utilisation, of the GPU alone"
title = "10 real-time tasks of all models"
set terminal svg size 1000,450 font "sans-serif,13" background "white" noenhanced
load plots."/dart-ratio.gp"
