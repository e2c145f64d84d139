#!/bin/sh
# salus-tables.sh [OUTDIR] - runs the scenarios of the Salus paper (MLSys 2020), and sets corun's results against the paper's.
#
# Of each table and figure: OUTDIR/salus-NAME.csv (the paper's value, corun's, the difference), and what else its picture needs
# (salus-NAME-*.tsv), which draw.sh draws; OUTDIR is figures.  The program is $CORUN.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -le 1 ] || die "usage: plots/salus-tables.sh [OUTDIR]"
out=${1:-figures}
. "$plots/table-setup.sh"
mkdir -p "$out"

# run FOLDER SCENARIO [OPTION]... - leaves jobs.tsv, runs.tsv and failed.tsv in that folder of the temporary one.
run() {
  folder=$top/$1
  shift
  mkdir -p "$folder"
  : >"$folder/failed.tsv"
  # A job that finds no memory ends its run with 1; what failed is looked at where it matters.
  "$corun" run "$@" -q --ledger "$folder/ledger" --force >"$folder/report" || [ $? -eq 1 ] || die "corun run $* failed"
  awk -v data="$folder" -f "$plots/salus-ledger.awk" "$folder/ledger"
  rm -f "$folder/ledger"
}


# What the awk programs below share: the paper's tables are comma-separated with # comments before the header.
common='
  function percent(a, b,    s) {
    s = sprintf("%+.1f", 100 * (a / b - 1))
    return s == "-0.0" ? "+0.0" : s
  }
  function rows_of(file,    line, header) {
    while ((getline line <file) > 0)
      if (line !~ /^#/ && header++)
        row[++n_row] = line
    close(file)
    return n_row
  }
  # order[1..n] ascending: an insertion sort of few values.
  function sort_in(n,    i, j, v) {
    for (i = 2; i <= n; i++) {
      v = order[i]
      for (j = i - 1; j > 0 && order[j] > v; j--)
        order[j + 1] = order[j]
      order[j + 1] = v
    }
  }
  # As pandas does: linear between the order statistics.
  function quantile(n, q,    at, i) {
    at = 1 + (n - 1) * q
    i = int(at)
    return i >= n ? order[n] : order[i] + (at - i) * (order[i + 1] - order[i])
  }
  function short(policy) { sub(/,.*/, "", policy); return toupper(policy) }'

# Table 1 and the completion times of Fig. 7, from one run.
table1() {
  run table1 salus-table1
  [ ! -s "$top/table1/failed.tsv" ] || die "salus-table1: not all jobs were done"
  awk -F'\t' -v paper="$plots/data/salus-table1.csv" "$common"'
    {
      p = short($1)
      n[p]++
      jct[p, n[p]] = $5 - $3
      sum_jct[p] += $5 - $3
      sum_queuing[p] += $4 - $3
      if ($5 > last[p]) last[p] = $5
      if (n[p] == 1 || $3 < first[p]) first[p] = $3
    }
    END {
      print "policy,metric,paper_min,corun_min,difference_pct"
      rows_of(paper)
      split("makespan,mean queuing,mean JCT,95 % JCT", metric, ",")
      for (r = 1; r <= n_row; r++) {
        split(row[r], want, ",")
        p = want[1]
        for (i = 1; i <= n[p]; i++)
          order[i] = jct[p, i]
        sort_in(n[p])
        is[1] = last[p] - first[p]
        is[2] = sum_queuing[p] / n[p]
        is[3] = sum_jct[p] / n[p]
        is[4] = quantile(n[p], 0.95)
        for (m = 1; m <= 4; m++)
          printf "%s,%s,%.1f,%.1f,%s\n", p, metric[m], want[m + 1], is[m] / 60, percent(is[m] / 60, want[m + 1])
      }
    }' "$top/table1/jobs.tsv" >"$out/salus-table1.csv"
}

fig7() {
  awk -F'\t' -v paper="$plots/data/salus-fig7.csv" "$common"'
    { p = short($1); jct[p, ++n[p]] = $5 - $3 }
    END {
      print "policy,rank,paper_s,corun_s,difference_pct"
      rows_of(paper)
      split("FIFO,SRTF,PACK,FAIR", policy, ",")
      for (k = 1; k <= 4; k++) {
        p = policy[k]
        for (i = 1; i <= n[p]; i++)
          order[i] = jct[p, i]
        sort_in(n[p])
        for (r = 1; r <= n_row && r <= n[p]; r++) {
          # A bound stands in quotes, as it holds a comma.
          line = row[r]
          while (match(line, /"[^"]*"/))
            line = substr(line, 1, RSTART - 1) "bounded" substr(line, RSTART + RLENGTH)
          split(line, want, ",")
          printf "%s,%d,%.1f,%.1f,%s\n", p, r, want[2 * k], order[r], percent(order[r], want[2 * k])
        }
      }
    }' "$top/table1/jobs.tsv" >"$out/salus-fig7.csv"
}

# Fig. 8a: who ran between 2651 s and 2957 s under SRTF.
fig8a() {
  awk -F'\t' -v base="$out/salus-fig8a" -v paper="$plots/data/salus-fig8a.csv" "$common"'
    function flush_last() {
      if (last_track) print last_job "\t" last_from "\t" last_to >(base "-" last_track ".tsv")
    }
    function clip(job, from, to, track) {
      if (from < 2651) from = 2651
      if (to > 2957.06) to = 2957.06
      if (to <= from) return
      if (track == "corun" && job == last_job && from <= last_to + 0.001) { # the same job goes on
        last_to = to
      } else {
        flush_last()
        last_job = job; last_from = from; last_to = to; last_track = track
      }
      held[track, job] += to - from
      seen[job] = 1
    }
    $1 ~ /^srtf/ { clip($2, $3, $4, "corun") }
    END {
      flush_last()
      last_track = ""
      rows_of(paper)
      for (r = 1; r <= n_row; r++) {
        split(row[r], want, ",")
        clip(want[1], want[2], want[3], "paper")
      }
      flush_last()
      print "job,paper_s,corun_s,difference_s"
      for (job = 0; job < 100; job++)
        if (job in seen)
          printf "%d,%.1f,%.1f,%+.1f\n", job, held["paper", job], held["corun", job], held["corun", job] - held["paper", job]
    }' "$top/table1/runs.tsv" >"$out/salus-fig8a.csv"
}

# Fig. 9: images/s, in steps of 2 s, and their means while one, two and three jobs are there.  A ledger has each turn only where each
# is launched by itself.
fig9() {
  run fig9 salus-fair -p fair,accounting=rr,rotate=no
  awk -F'\t' -v base="$out/salus-fig9" -v paper="$plots/data/salus-fig9.csv" "$common"'
    BEGIN { BATCH = 50; STEP = 2; LAST = 120 }
    {
      for (i = int($3 / STEP); i <= int($4 / STEP); i++) {
        from = $3 > i * STEP ? $3 : i * STEP
        to = $4 < (i + 1) * STEP ? $4 : (i + 1) * STEP
        if (to > from)
          images[$2, i] += $5 * BATCH * (to - from) / ($4 - $3)
      }
      if ($4 > end[$2]) end[$2] = $4
      if ($4 > over) over = $4
    }
    function phase(from, to, job,    r, sum, n, i, s, want) {
      for (i = from / STEP; i < to / STEP; i++)
        s += images[job, i]
      for (r = 1; r <= n_row; r++) {
        split(row[r], want, ",")
        if (want[1] == "job" job && want[2] >= from && want[2] < to && want[3] > 1) {
          sum += want[3]
          n++
        }
      }
      s /= to - from
      printf "images/s of job %d from %d s to %d s,%.1f,%.1f,%s\n", job, from, to, sum / n, s, percent(s, sum / n)
    }
    END {
      for (job = 0; job < 3; job++) {
        for (i = 0; i < LAST / STEP; i++)
          if (images[job, i] > 0)
            print (i + 0.5) * STEP "\t" images[job, i] / STEP >(base "-corun-" job ".tsv")
      }
      rows_of(paper)
      for (r = 1; r <= n_row; r++) {
        split(row[r], want, ",")
        job = substr(want[1], 4)
        if (want[3] > 1)
          print want[2] "\t" want[3] >(base "-paper-" job ".tsv")
        if (want[2] > paper_over)
          paper_over = want[2]
      }
      print "what,paper,corun,difference_pct"
      phase(4, 14, 0)
      phase(18, 30, 0)
      phase(18, 30, 1)
      for (job = 0; job < 3; job++)
        phase(36, 58, job)
      printf "seconds until all are done,%.1f,%.1f,%s\n", paper_over, over, percent(over, paper_over)
    }' "$top/fig9/runs.tsv" >"$out/salus-fig9.csv"
}

# Fig. 10: a GPU each; as many as the memory of unmanaged processes asks for; one lane of Salus.
fig10() {
  run fig10 salus-inference
  [ ! -s "$top/fig10/failed.tsv" ] || die "salus-inference: not all services were held"
  gpus=0
  cp "$plots/../traces/scenarios/salus-inference.yaml" "$top/left.yaml"
  while grep -q 'think:' "$top/left.yaml"; do
    gpus=$((gpus + 1))
    run mps "$top/left.yaml" -p mps
    # Those that found no memory go to the next GPU: the clients stand in the file in order of their numbers.
    awk -v failed="$top/mps/failed.tsv" '
      BEGIN { while ((getline line <failed) > 0) { split(line, f, "\t"); left[f[2]] = 1 } }
      /think:/ { if (!(client++ in left)) next }
      { print }' "$top/left.yaml" >"$top/left.new"
    mv -f "$top/left.new" "$top/left.yaml"
    [ $gpus -lt 42 ] || die "salus-inference: services fit on no GPU"
  done
  awk -F'\t' -v gpus=$gpus -v paper="$plots/data/salus-fig10.csv" "$common"'
    # Three services a model, which wait 10 s, 20 s and 30 s between 500 requests, and 37 ms more each.
    { sum[int($2 / 3)] += ($5 - $4 - 499 * (10 * ($2 % 3 + 1) + 0.037 * $2)) / 500 }
    END {
      print "what,tensorflow_paper,paper,corun,difference_pct"
      rows_of(paper)
      for (r = 1; r <= n_row; r++) {
        split(row[r], want, ",")
        ms = sum[r - 1] / 3 * 1000
        printf "ms a request of %s,%.2f,%.2f,%.2f,%s\n", want[1], want[3], want[2], ms, percent(ms, want[2])
      }
      print "GPUs in Salus,42,1,1,+0.0"
      printf "GPUs under MPS,42,6,%d,%s\n", gpus, percent(gpus, 6)
    }' "$top/fig10/jobs.tsv" >"$out/salus-fig10.csv"
}

# Fig. 11: start-up counts as iterations, as everywhere in these runs, so that 543 of resnet50_50 fill the time of its 500.
fig11() {
  run superres_128 salus-hyperparam
  run resnet50_50 salus-hyperparam --set clients.search.model=resnet50_50 --set clients.search.iterations=543
  {
    echo "workload,system,paper,corun,difference_pct"
    for workload in superres_128 resnet50_50; do
      awk -F'\t' -v workload=$workload -v paper="$plots/data/salus-fig11.csv" "$common"'
        $5 > last[short($1)] { last[short($1)] = $5 }
        END {
          rows_of(paper)
          for (r = 1; r <= n_row; r++) {
            split(row[r], want, ",")
            if (want[1] != workload)
              continue
            tf = last["FIFO"] / 60
            salus = last["PACK"] / 60
            printf "%s,TensorFlow minutes,%.1f,%.1f,%s\n", workload, want[3], tf, percent(tf, want[3])
            printf "%s,Salus minutes,%.1f,%.1f,%s\n", workload, want[2], salus, percent(salus, want[2])
            printf "%s,times faster,%.2f,%.2f,%s\n", workload, want[4], tf / salus, percent(tf / salus, want[4])
          }
        }' "$top/$workload/jobs.tsv"
    done
  } >"$out/salus-fig11.csv"
}

# Fig. 13: 2467 iterations fill half of the time of two that are sliced.
fig13() {
  run fig13 salus-two-alexnets --set clients.alexnet.iterations=2467 -p fair,accounting=ps -p mps -p pack
  awk -F'\t' -v paper="$plots/data/salus-fig13.csv" "$common"'
    { sum[short($1)] += $5 - $3; n[short($1)]++ }
    END {
      split("SP SP+MPS Salus", label, " ")
      split("FAIR MPS PACK", policy, " ")
      print "system,policy,paper_s,corun_s,difference_pct"
      rows_of(paper)
      for (r = 1; r <= n_row; r++) {
        split(row[r], want, ",")
        for (k = 1; k <= 3; k++)
          if (want[1] == label[k]) {
            s = sum[policy[k]] / n[policy[k]]
            printf "%s,%s,%.1f,%.1f,%s\n", want[1], tolower(policy[k]), want[2], s, percent(s, want[2])
          }
      }
    }' "$top/fig13/jobs.tsv" >"$out/salus-fig13.csv"
}

# As Fig. 2 of the paper, on a GPU of today: one iteration of each model, from the timeline of a run.
memory() {
  echo "model,time_ms,mib" >"$out/salus-memory.csv"
  for model in resnet152 densenet121 inception_v3 resnet50 mobilenet_v2; do
    printf '%s\n' 'device: h200' 'jobs: {models: h200-training.csv, memory: h200-training-memory.csv}' \
      "clients: [{name: job, model: ${model}_50, iterations: 1}]" >"$top/memory.yaml"
    "$corun" run "$top/memory.yaml" -p fifo -q --timeline "$top/memory.json" --force >"$top/report" || die "corun run of ${model}_50 failed"
    awk -v model=$model -F'[:,}]' '
      /"name":"memory"/ {
        for (i = 1; i <= NF; i++) {
          if ($i == "\"ts\"") us = $(i + 1)
          if ($i == "\"ephemeral\"") printf "%s,%.3f,%.1f\n", model, us / 1000, $(i + 1) / 1048576
        }
      }' "$top/memory.json" >>"$out/salus-memory.csv"
  done
}

table1
fig7
fig8a
fig9
fig10
fig11
fig13
memory
