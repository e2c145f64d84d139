#!/bin/sh
# residual-figure.sh RESIDUALS.csv OUT.svg - draws what `corun calibrate --residuals` left over: the error of every row, by group.
#
# Draws with gnuplot ($GNUPLOT); OUT may end in .png.  OUT is replaced only by a whole figure.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -eq 2 ] || die "usage: plots/residual-figure.sh RESIDUALS.csv OUT.svg"
csv=$1 out=$2
[ -r "$csv" ] || die "$csv cannot be read; corun calibrate --residuals makes such a file"
. "$plots/figure-setup.sh"

# Groups side by side, each in order of the measured time; no name of this table holds a comma.
awk -F, -v data="$top" '
  /^#/ { next }
  !header {
    header = 1
    for (i = 1; i <= NF; i++)
      column[$i] = i
    if (!("group" in column && "measured_ms" in column && "error_pct" in column)) {
      print "residual-figure: this is no table of corun calibrate --residuals" >"/dev/stderr"
      exit failed = 2
    }
    next
  }
  {
    g = $column["group"]
    if (!(g in seen)) {
      seen[g] = ++n_group
      name[n_group] = g
    }
    n[g]++
    e = $column["error_pct"] + 0
    sum[g] += e < 0 ? -e : e
    bias[g] += e
    print seen[g] "\t" $column["measured_ms"] "\t" e >(data "/rows.tsv")
  }
  END {
    if (failed)
      exit failed
    if (!n_group) {
      print "residual-figure: the table has no rows" >"/dev/stderr"
      exit 2
    }
    vars = data "/vars.gp"
    tics = ""
    for (i = 1; i <= n_group; i++) {
      g = name[i]
      all += sum[g]
      rows += n[g]
      tics = tics sprintf("%s\"%s\\n%d rows\\n%.1f %%%%\" %d", i > 1 ? ", " : "", g, n[g], sum[g] / n[g], i)
      print i "\t" bias[g] / n[g] >(data "/bias.tsv")
    }
    printf "n_group = %d\ntitle = \"%d rows, off by %.1f %% on average\"\n", n_group, rows, all / rows >vars
    printf "set xtics (%s)\n", tics >vars
  }' "$csv" || exit 2

# Each row at its place within its group: by rank of the measured time.
sort -t '	' -k1,1n -k2,2g "$top/rows.tsv" | awk -F '\t' '
  { group[NR] = $1; error[NR] = $3; n[$1]++ }
  END {
    for (i = 1; i <= NR; i++) {
      k[group[i]]++
      printf "%.4f\t%s\t%d\n", group[i] - 0.4 + 0.8 * (k[group[i]] - 0.5) / n[group[i]], error[i], group[i]
    }
  }' >"$top/points.tsv"

figure "$plots/residual.gp" "$out" "data = '$top'"
