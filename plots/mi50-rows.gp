# mi50-rows.gp - how many rows of csv are the MI50's, which come first (n_mi50), and whether there are any; there are none where the files of
# REEF's artifact were not at hand.
n_mi50 = int(system("awk '/^(mi50|MI50)/ { n++ } END { print n + 0 }' '".csv."'"))
has_mi50 = n_mi50 > 0
