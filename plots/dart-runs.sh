#!/bin/sh
# dart-runs.sh [OUTDIR [SECONDS [RUNS [NAME]...]]] - what runs of DART's plans show: how near responses come to their bounds, and
# what best-effort batches do to responses and throughput.
#
# tightness: the bundled plans dart-h200, dart-xeon and dart-tx2 under policy dart, best-effort clients back to back, RUNS times
# (16) each: first with all tasks released together at recorded times, then with phases drawn from 0 to 1 s, and in every second
# run times drawn from half the recorded ones to all.  OUTDIR/dart-tightness.csv: scenario, run, task, bound and longest response in ms, their
# ratio.
#
# batch: the set dart-h200 planned for best-effort batches of 1, 2, 4, 8 and 16 and run for SECONDS (30) simulated seconds, best-
# effort clients closed with two batches in flight, under dart, threads (undivided: BaseGPU) and streams (all on the GPU).  Times of
# batches are ASSUMED: kernels of b requests take 1 + (b - 1) * SLOPE times those of one, where SLOPE makes VGG-19 right for
# 8 images, copies and cores b times as long, launching no longer.  OUTDIR/dart-batch.csv: a row for policy, batch and client;
# dart-response.csv: the distribution of responses of the second and the last task by priority; dart-throughput.csv.
#
# draw.sh draws the tables.  NAMEs are tightness and batch, by default both; OUTDIR is figures.  The program is $CORUN.
set -eu
. "$(dirname "$0")/begin.sh"
out=${1:-figures}
seconds=${2:-30}
runs=${3:-16}
shift $(($# < 3 ? $# : 3))
[ $# -gt 0 ] || set -- tightness batch
for name; do
  case $name in
  tightness | batch) ;;
  *) die "there is no figure $name; usage: plots/dart-runs.sh [OUTDIR [SECONDS [RUNS [tightness|batch]...]]]" ;;
  esac
done
for n in "$seconds" "$runs"; do
  case $n in
  '' | *[!0-9]* | 0*) die "$n is no number of seconds or runs" ;;
  esac
done
. "$plots/table-setup.sh"
mkdir -p "$out"

# run OPTION... - corun run, its clients' rows in $top/run.csv.
run() {
  "$corun" run "$@" -q --format csv >"$top/run.csv" || die "corun run $* failed"
}

# columns AWK OPTION... - the program over the rows of clients in $top/run.csv, with column["name"].
columns() {
  program=$1
  shift
  awk -F, "$@" 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $1 != "client" { next }
    '"$program" "$top/run.csv"
}


# -- tightness --------------------------------------------------------------------------------------------------------------------

# sets SCENARIO RUN - what --set is to say, a line each, from the rows of a run.  Phases come from the generator of Park and Miller.
sets() {
  # shellcheck disable=SC2016 # awk's dollars
  columns 'function draw() { x = x * 16807 % 2147483647; return x / 2147483647 }
    BEGIN { x = 1000 * run + 1; draw(); draw() }
    $column["class"] == "be" { name = "clients." $column["name"]; print name ".arrival=closed"; print name ".period="; next }
    {
      name = "clients." $column["name"]
      if (run > 0) printf "%s.phase=%dus\n", name, 1e6 * draw()
      if (run % 2) print name ".actual=0.5..1"
    }' -v run="$1"
}

tightness() {
  echo "scenario,run,task,bound_ms,longest_ms,ratio" >"$top/tightness.csv"
  for scenario in dart-h200 dart-xeon dart-tx2; do
    run "$scenario" -p dart --set duration=1s
    cp "$top/run.csv" "$top/clients.csv"
    number=0
    while [ "$number" -lt "$runs" ]; do
      cp "$top/clients.csv" "$top/run.csv"
      sets "$number" >"$top/sets"
      set --
      while read -r key; do
        set -- "$@" --set "$key"
      done <"$top/sets"
      run "$scenario" -p dart -s $((number + 1)) "$@"
      # shellcheck disable=SC2016
      columns '$column["bound_ns"] != "" {
        printf "%s,%d,%s,%.6f,%.6f,%.4f\n", scenario, run, $column["name"], $column["bound_ns"] / 1e6, $column["latency_max_ns"] / 1e6,
          $column["latency_max_ns"] / $column["bound_ns"]
      }' -v scenario="$scenario" -v run="$number" >>"$top/tightness.csv"
      number=$((number + 1))
    done
  done
  mv -f "$top/tightness.csv" "$out/dart-tightness.csv"
}

# -- batches ----------------------------------------------------------------------------------------------------------------------

# VGG-19 takes 0.811 ms for one image and 2.720 ms for 8 (corun run solo --set 'clients=[{model: vgg19-bs8-fp32}]' -p streams).
slope='(2.720 / 0.811 - 1) / 7'

# scenario BATCH >FILE - the plan in $top/plan.yaml with best-effort clients of such batches, which never rest.
scenario() {
  awk -v batch="$1" -v be="$2" "BEGIN { slope = $slope }"'
    # A time of the scenario so many times as long.
    function longer(text, by) { return sprintf("%.3fus", text * (text ~ /ms$/ ? 1000 : text ~ /us$/ ? 1 : 1000000) * by) }
    # The list between brackets of a line, each time of it b times as long.
    function cores(line, b,    n, i, time, list) {
      sub(/^.*times: \[/, "", line)
      sub(/\].*$/, "", line)
      n = split(line, time, ", ")
      for (i = 1; i <= n; i++)
        list = list (i > 1 ? ", " : "") longer(time[i], b)
      return list
    }
    function gpu(line, b,    n, i, part, pair, list) {
      sub(/^.*\[\{/, "", line)
      sub(/\}\].*$/, "", line)
      n = split(line, part, ", ")
      for (i = 1; i <= n; i++) {
        split(part[i], pair, ": ")
        if (pair[1] == "hd" || pair[1] == "dh") part[i] = pair[1] ": " longer(pair[2], b)
        if (pair[1] == "exec") part[i] = "exec: " longer(pair[2], 1 + (b - 1) * slope)
        list = list (i > 1 ? ", " : "") part[i]
      }
      return list
    }
    BEGIN { n = split(be, word, " "); for (i = 1; i <= n; i++) is_be[word[i]] = 1 }
    /^  - name: / { model = $3 }
    /^layers:/ { in_layers = 1 }
    /^clients:/ { in_layers = 0 }
    /^(policies|undivided):/ { next }
    in_layers && is_be[model] && batch > 1 && /^        cpu: / {
      type = $0; sub(/^.*cores: /, "", type); sub(/,.*$/, "", type); line = $0; sub(/\]$/, "", line)
      for (b = 2; b <= batch; b *= 2) line = line ", {cores: " type ", batch: " b ", times: [" cores($0, b) "]}"
      print line "]"; next
    }
    in_layers && is_be[model] && batch > 1 && /^        gpu: / {
      line = $0; sub(/\]$/, "", line)
      for (b = 2; b <= batch; b *= 2) line = line ", {batch: " b ", " gpu($0, b) "}"
      print line "]"; next
    }
    !in_layers && /^    class: / { class = $2 }
    !in_layers && class == "be" && /^    arrival: / { print "    arrival: closed"; print "    depth: " 2 * batch; print "    batch: " batch; next }
    !in_layers && class == "be" && /^    (period|batch): / { next }
    { print }
    END { print "undivided: [threads]" }' "$top/plan.yaml"
}

# The same with the GPU alone, where streams has all.
one_node() {
  awk '/^  - name: node/ { skip = $3 != "node1" } /^layers:/ { skip = 0 } /^    (stages|bound): / || skip { next } { print }' "$1"
}

# responses CLIENT... - of a ledger: number of client, and ms from arrival to end, of its finished requests.
responses() {
  awk -v want="$*" '
    function put(slot) {
      if ((slot in client) && (slot in end_ns)) print client[slot], next_op[slot], (end_ns[slot] - from[slot]) / 1e6
      delete client[slot]
      delete end_ns[slot]
    }
    BEGIN { n = split(want, word, " "); for (i = 1; i <= n; i++) wanted[word[i]] = 1 }
    $1 !~ /^[0-9]+$/ { next }
    $2 == "request" { put($3); if ($5 in wanted) { client[$3] = $5; from[$3] = $7 } }
    $2 == "done" && ($3 in client) { end_ns[$3] = $1; next_op[$3] = $5 }
    END { for (slot in client) put(slot) }' "$top/ledger" |
    # Whole ones have all layers behind them.
    awk '{ client[NR] = $1; op[NR] = $2; ms[NR] = $3; if ($2 > all[$1]) all[$1] = $2 }
      END { for (i = 1; i <= NR; i++) if (op[i] == all[client[i]]) print client[i], ms[i] }' | sort -k1,1n -k2,2n
}

# batched POLICY BATCH FILE - runs it: rows of three tables.
batched() {
  rm -f "$top/ledger"
  run "$3" -p "$1" --set "duration=${seconds}s" --ledger "$top/ledger"
  # shellcheck disable=SC2016
  columns '{
    printf "%s,%d,%s,%s,%s,%s,%s,%s,%s,%d,%s\n", policy, batch, $column["name"], $column["class"],
      $column["bound_ns"] == "" || policy != "dart" ? "" : $column["bound_ns"] / 1e6, $column["requests_done"], $column["latency_mean_ns"] / 1e6,
      $column["latency_p99_ns"] / 1e6, $column["latency_max_ns"] / 1e6, $column["deadline_missed"], $column["throughput_per_s"]
  }' -v policy="$1" -v batch="$2" >"$top/rows"
  cat "$top/rows" >>"$top/batch.csv"
  awk -F, '$4 == "be" { sum += $11 } END { printf "%s,%d,%.2f\n", $1, $2, sum }' "$top/rows" >>"$top/throughput.csv"
  last=$(awk -F, '$4 == "rt" { n++ } END { print n - 1 }' "$top/rows")
  responses 1 "$last" >"$top/responses"
  awk -v policy="$1" -v batch="$2" -v rows="$top/rows" '
    BEGIN { while ((getline line <rows) > 0) { split(line, f, ","); name[n++] = f[3] } }
    { client[NR] = $1; ms[NR] = $2; of[$1]++ }
    END {
      for (i = 1; i <= NR; i++)
        printf "%s,%s,%d,%.6f,%.5f\n", name[client[i]], policy, batch, ms[i], ++seen[client[i]] / of[client[i]]
    }' "$top/responses" >>"$top/response.csv"
}

batch() {
  echo "policy,batch,client,class,bound_ms,requests,mean_ms,p99_ms,longest_ms,missed,per_s" >"$top/batch.csv"
  echo "policy,batch,per_s" >"$top/throughput.csv"
  echo "client,policy,batch,response_ms,share" >"$top/response.csv"
  for b in 1 2 4 8 16; do
    rm -f "$top/plan.yaml"
    sed "s/class: be,/class: be, batch: $b,/" "$plots/../traces/tasks/dart-h200.yaml" >"$top/tasks.yaml"
    "$corun" plan dart "$top/tasks.yaml" --scenario "$top/plan.yaml" >"$top/plan.txt" || die "corun plan dart failed for batches of $b"
    be=$(sed -n 's/.*class: be, model: \([^,]*\),.*/\1/p' "$plots/../traces/tasks/dart-h200.yaml" | tr '\n' ' ')
    scenario "$b" "$be" >"$top/nodes.yaml"
    one_node "$top/nodes.yaml" >"$top/gpu.yaml"
    batched dart "$b" "$top/nodes.yaml"
    batched threads "$b" "$top/nodes.yaml"
    batched streams "$b" "$top/gpu.yaml"
  done
  for name in batch throughput response; do
    mv -f "$top/$name.csv" "$out/dart-$name.csv"
  done
}

for name; do
  "$name"
done
