#!/bin/sh
# run-figure.sh RUN.db OUT.svg - draws what each policy does for real-time and best-effort clients.
#
# Reads the run database through `corun show` ($CORUN, else the program of the build folder, else that of the path); draws
# with gnuplot ($GNUPLOT).  OUT.svg is replaced only by a whole figure; it may also end in .pdf or .png.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -eq 2 ] || die "usage: plots/run-figure.sh RUN.db OUT.svg"
run=$1 out=$2
. "$plots/table-setup.sh"
. "$plots/figure-setup.sh"
"$corun" show "$run" --format csv >"$top/run.csv" || exit 2

# The CSV becomes rt.tsv (of the rt client with the worst 99th percentile), be.tsv (a block a client, stacked; policies are named
# there only when they stand alone) and vars.gp.
awk -v data="$top" '
  # Fields of a line into field[], quotes taken off; returns how many.
  function split_csv(line,    n, c, i, quoted) {
    n = 1
    field[1] = ""
    for (i = 1; i <= length(line); i++) {
      c = substr(line, i, 1)
      if (c == "\"") {
        if (quoted && substr(line, i + 1, 1) == "\"") {
          field[n] = field[n] c
          i++
        } else
          quoted = !quoted
      } else if (c == "," && !quoted)
        field[++n] = ""
      else
        field[n] = field[n] c
    }
    return n
  }
  function get(name) { return field[column[name]] }
  function quote(s) { gsub(/[\\"]/, "\\\\&", s); return "\"" s "\"" }

  NR == 1 {
    n = split_csv($0)
    for (i = 1; i <= n; i++)
      column[field[i]] = i
    next
  }
  {
    split_csv($0)
    if (get("row") == "device" && !(device++))
      where = get("name")
    if (get("row") != "client")
      next
    # A new policy begins where its first client comes again.
    if (first == "")
      first = get("name")
    if (get("name") == first)
      policy[n_policy++] = get("policy")
    p = n_policy - 1
    scenario = get("scenario")
    duration_s = get("duration_ns") / 1e9
    if (get("outcome") != "done")
      partial = 1
    if (get("class") == "rt") {
      n_rt += p == 0
      if (get("latency_p99_ns") + 0 >= p99[p] + 0) {
        p99[p] = get("latency_p99_ns")
        p50[p] = get("latency_p50_ns")
      }
      if (deadline == "")
        deadline = get("deadline_ns")
      else if (deadline != get("deadline_ns"))
        deadline = -1
    } else {
      if (p == 0)
        be[n_be++] = get("name")
      rate[p, get("name")] = get("throughput_per_s")
    }
  }
  END {
    if (!n_policy) {
      print "run-figure: the database has no results" >"/dev/stderr"
      exit 2
    }
    for (p = 0; p < n_policy; p++) {
      printf "%d\t%s\t%.6f\t%.6f\n", p, policy[p], p50[p] / 1e6, p99[p] / 1e6 >(data "/rt.tsv")
      if (length(policy[p]) > longest)
        longest = length(policy[p])
      if (p99[p] / 1e6 > rt_top)
        rt_top = p99[p] / 1e6
    }
    for (b = 0; b < n_be; b++) {
      for (p = 0; p < n_policy; p++) {
        printf "%d\t%s\t%.3f\t%.3f\n", p, (n_rt ? " " : policy[p]), sum[p], sum[p] + rate[p, be[b]] >(data "/be.tsv")
        sum[p] += rate[p, be[b]]
        if (sum[p] > be_top)
          be_top = sum[p]
      }
      printf "\n\n" >(data "/be.tsv")
      names = names " " quote(be[b])
    }
    vars = data "/vars.gp"
    printf "n_policy = %d\nn_rt = %d\nn_be = %d\n", n_policy, n_rt, n_be >vars
    printf "longest = %d\n", longest >vars
    printf "names = \x27%s\x27\n", names >vars
    printf "title = %s\n", quote(scenario " on " where ", " duration_s " s" (partial ? " (partial)" : "")) >vars
    printf "note = %s\n", quote(n_rt > 1 ? ", worst of " n_rt " clients" : "") >vars
    printf("deadline_ms = %.6f\n", (deadline > 0 ? deadline / 1e6 : 0)) >vars
    printf "rt_top = %.6f\nbe_top = %.6f\n", rt_top + 1e-6, be_top + 1e-6 >vars
  }' "$top/run.csv" || exit 2

figure "$plots/run.gp" "$out" "data = '$top'; load '$top/vars.gp'"
