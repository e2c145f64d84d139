#!/bin/sh
# reef-tables.sh [OUTDIR] - runs the workloads and the experiments of REEF (Han et al., OSDI 2022), and sets corun's results
# against those that are known: figures that others read off when they measured REEF again on an MI100, and what follows from
# the profiles of its artifact.
#
# Of each figure: OUTDIR/reef-NAME.csv (the published value where there is one, corun's, the difference), which draw.sh draws; OUTDIR is
# figures.  The program is $CORUN.  What needs the artifact's files is left out, and says so, where they are in
# neither $CORUN_SHARED_DATA nor ../shared/data beside the tree.
set -eu
. "$(dirname "$0")/begin.sh"
[ $# -le 1 ] || die "usage: plots/reef-tables.sh [OUTDIR]"
out=${1:-figures}
. "$plots/table-setup.sh"
mkdir -p "$out"
data=${CORUN_SHARED_DATA:-$plots/../../shared/data}/reef
scenarios=$plots/../traces/scenarios
store=$top/models.db
device= # of the artifact, where its files are
[ ! -d "$data/artifact-profiles" ] || device=mi50

# rows SCENARIO [OPTION]... - prints what reef-rows.awk finds.
rows() {
  # The warning that a device's constants are assumed would come once a run.
  "$corun" run "$@" -q --format csv >"$top/run.csv" 2>"$top/warnings" || {
    cat "$top/warnings" >&2
    die "corun run $* failed"
  }
  awk -f "$plots/reef-rows.awk" "$top/run.csv"
}

# stops SCENARIO [OPTION]... - of each run a line: preemptions, kernels stopped, cut, run again, and ns in vain.
stops() {
  "$corun" run "$@" -q --format json 2>"$top/warnings" >"$top/run.json" || {
    cat "$top/warnings" >&2
    die "corun run $* failed"
  }
  awk -F'[:,}]' '
    /"preemption":/ {
      for (i = 1; i < NF; i++)
        is[$i] = $(i + 1)
      sub(/.*"preemption":{"count":/, "")
      print $1, is["\"ops_stopped\""], is["\"ops_cut\""], is["\"ops_run_again\""], is["\"in_vain_ns\""]
    }' "$top/run.json"
}


# scenario FILE DEVICE STORE DURATION CLIENT... - each client as in a scenario, between its braces.
scenario() {
  file=$1
  shift
  {
    echo "device: $1"
    [ -z "$2" ] || echo "traces: [\"$2\"]"
    echo "duration: $3"
    echo 'clients:'
    shift 3
    printf '  - {%s}\n' "$@"
  } >"$file"
}

# kernels NAME NUMBER US BLOCKS - a model of equal kernels, in the form of the artifact, into the store.
kernels() {
  mkdir -p "$top/$1"
  awk -v n="$2" -v us="$3" -v blocks="$4" -v file="$top/$1/$1" 'BEGIN {
    printf "{\"storage\":[{\"name\":\"d\",\"size\":4,\"stype\":\"float32\"}],\"args\":[0],\"shared_memory\":{\"k\":4},\"kernels\":[" >(file ".json")
    for (i = 0; i < n; i++)
      printf "%s{\"name\":\"k\",\"launch_params\":[%d,1,1,256,1,1],\"args\":[0]}", (i ? "," : ""), blocks >(file ".json")
    print "]}" >(file ".json")
    printf "{\"model_latency\":%d,\"kernel_latency\":{\"k\":{\"total_latency\":%d,\"latency\":[%d]}}}\n", n * us, us, us >(file ".profile.json")
  }'
  "$corun" import reef "$top/$1/$1.json" -o "$store" --replace >"$top/report" || die "corun import reef of $1 failed"
}

# without_be FILE - a scenario less its best-effort clients.
without_be() {
  awk '
    function flush() { if (keep || !client) printf "%s", block; block = ""; keep = 0 }
    /^  - / { flush(); client = 1 }
    { block = block $0 "\n" }
    /class: rt/ { keep = 1 }
    END { flush() }' "$1"
}

# What the awk programs below share.
common='
  function percent(a, b,    s) {
    s = sprintf("%+.1f", 100 * (a / b - 1))
    return s == "-0.0" ? "+0.0" : s
  }'

# schemes NAME SCENARIO [OPTION]... - of each scheme a line: NAME, scheme, mean latency of the rt clients (ms), rt and be requests a
# second; and into $top/clients.tsv NAME, scheme, rt client, ms.
schemes() {
  name=$1 file=$2
  shift 2
  without_be "$file" >"$top/rt-only.yaml"
  {
    # With nothing to preempt, real-time requests run one by one, whole, as beside best-effort ones.
    rows "$top/rt-only.yaml" "$@" -p reef,padding=no | sed 's/	reef,padding=no	/	rt-only	/'
    rows "$file" "$@" -p exclusive,order=rt-first -p streams -p wait -p reef,padding=no -p reef
  } | awk -F'\t' -v name="$name" -v clients="$top/clients.tsv" '
    BEGIN { n = split("rt-only exclusive,order=rt-first streams wait reef,padding=no reef", scheme, " ") }
    $1 == "client" && $4 == "rt" {
      print name "\t" $2 "\t" $3 "\t" $7 / 1e6 >>clients
      ms[$2] += $7 / 1e6
      n_rt[$2]++
      rt[$2] += $6
    }
    $1 == "client" && $4 == "be" { be[$2] += $6 }
    END {
      for (i = 1; i <= n; i++)
        printf "%s\t%s\t%.4f\t%.2f\t%.2f\n", name, scheme[i], ms[scheme[i]] / n_rt[scheme[i]], rt[scheme[i]], be[scheme[i]]
    }'
}

# DISB on the MI50, beside REEF and its baselines as the authors of GPreempt measured them on an MI100.
disb_mi50() {
  : >"$top/clients.tsv"
  for workload in A B C D E REAL; do
    "$corun" import disb "$data/workloads/gpreempt/$workload.json" -o "$top/$workload.yaml" --traces "$store" --device mi50 >"$top/report" ||
      die "corun import disb of $workload failed"
    case $workload in
    REAL) schemes $workload "$top/$workload.yaml" ;;
    *) schemes $workload "$top/$workload.yaml" --set duration=20s ;;
    esac
  done >"$top/disb-mi50.tsv"
  awk -v paper="$data/gpreempt-figures.csv" -v clients="$top/clients.tsv" -v increase="$out/reef-increase.csv" -v order="$out/reef-order.csv" "$common"'
    function is_apart(a, b) { return a - b > 0.5 || b - a > 0.5 } # each is read to 0.25 ms
    BEGIN {
      split("LCO SEQ NP WB RF", method, " ")
      for (i = 1; i <= 5; i++)
        scheme_of[method[i]] = i
      split("rt-only exclusive,order=rt-first streams wait reef,padding=no reef", scheme, " ")
      split("rt only|SEQ|streams|wait|REEF|REEF + padding", label, "|")
      for (i = 1; i <= 6; i++)
        i_of[scheme[i]] = i
      while ((getline line <paper) > 0)
        if (split(line, f, ",") && f[1] == "MI100" && f[3] in scheme_of) {
          s = scheme_of[f[3]]
          pub[f[2], s, 1] = f[4]
          pub[f[2], s, 2] = f[5]
          pub[f[2], s, 3] = f[6]
        }
      while ((getline line <clients) > 0) {
        split(line, f, "\t")
        if (f[2] == "rt-only")
          alone[f[1], f[3]] = f[4]
        else {
          per_client[i_of[f[2]]] += 100 * (f[4] / alone[f[1], f[3]] - 1)
          n_client[i_of[f[2]]]++
        }
      }
      split("rt latency (ms),rt requests per s,be requests per s", metric, ",")
      print "workload,scheme,metric,paper_mi100,corun_mi50,difference_pct"
    }
    {
      split($0, f, "\t")
      w = f[1]
      if (w != last)
        workload[++n_w] = last = w
      s = i_of[f[2]]
      for (m = 1; m <= 3; m++) {
        is[w, s, m] = f[m + 2]
        want = pub[w, s, m]
        printf "%s,%s,%s,%s,%.2f,%s\n", w, label[s], metric[m], want, f[m + 2], (want > 0 ? percent(f[m + 2], want) : "")
      }
      if (s <= 5)
        printf "%s,%s,rt latency over rt only (%%),%.1f,%.1f,\n", w, label[s], 100 * (pub[w, s, 1] / pub[w, 1, 1] - 1), 100 * (f[3] / is[w, 1, 1] - 1)
      else
        printf "%s,%s,rt latency over rt only (%%),,%.1f,\n", w, label[s], 100 * (f[3] / is[w, 1, 1] - 1)
    }
    END {
      # The four averages as printed, and as they follow from the figures of the same paper.
      split(" 297.9 170.1 43.5 13.2", printed, " ")
      print "scheme,paper_printed_pct,paper_mean_over_workloads_pct,corun_mean_over_workloads_pct,difference_points,corun_mean_over_clients_pct" >increase
      for (s = 2; s <= 6; s++) {
        a = b = 0
        for (i = 1; i <= n_w; i++) {
          a += 100 * (pub[workload[i], s, 1] / pub[workload[i], 1, 1] - 1) / n_w
          b += 100 * (is[workload[i], s, 1] / is[workload[i], 1, 1] - 1) / n_w
        }
        if (s <= 5)
          printf "%s,%s,%.1f,%.1f,%+.1f,%.1f\n", label[s], printed[s - 1], a, b, b - a, per_client[s] / n_client[s] >increase
        else
          printf "%s,,,%.1f,,%.1f\n", label[s], b, per_client[s] / n_client[s] >increase
      }
      print "workload,faster,slower,paper_faster_ms,paper_slower_ms,corun_faster_ms,corun_slower_ms,holds" >order
      for (i = 1; i <= n_w; i++)
        for (s = 1; s <= 5; s++)
          for (t = s + 1; t <= 5; t++) {
            w = workload[i]
            if (!is_apart(pub[w, s, 1], pub[w, t, 1]))
              continue
            a = pub[w, s, 1] < pub[w, t, 1] ? s : t
            b = s + t - a
            printf "%s,%s,%s,%s,%s,%.2f,%.2f,%s\n", w, label[a], label[b], pub[w, a, 1], pub[w, b, 1], is[w, a, 1], is[w, b, 1], (is[w, a, 1] < is[w, b, 1] ? "yes" : "no") >order
          }
    }' "$top/disb-mi50.tsv" >"$out/reef-disb-mi50.csv"
  awk -F, 'NR > 1 { n++; held += $8 == "yes" } END { printf "order: %d of %d pairs of schemes as published\n", held, n }' "$out/reef-order.csv"
}

# The same schemes on an H200: nobody published them there.
disb_h200() {
  for workload in a b c d e; do
    schemes "$workload" "$scenarios/disb-$workload.yaml"
  done | awk -F'\t' '
    BEGIN {
      split("rt-only exclusive,order=rt-first streams wait reef,padding=no reef", scheme, " ")
      split("rt only|SEQ|streams|wait|REEF|REEF + padding", label, "|")
      for (i = 1; i <= 6; i++)
        label_of[scheme[i]] = label[i]
      print "workload,scheme,metric,published,corun,difference_pct"
    }
    {
      if ($2 == "rt-only")
        alone = $3
      w = toupper($1)
      printf "%s,%s,rt latency (ms),,%.3f,\n", w, label_of[$2], $3
      printf "%s,%s,rt requests per s,,%.2f,\n", w, label_of[$2], $4
      printf "%s,%s,be requests per s,,%.2f,\n", w, label_of[$2], $5
      printf "%s,%s,rt latency over rt only (%%),,%.1f,\n", w, label_of[$2], 100 * ($3 / alone - 1)
    }' >"$out/reef-disb-h200.csv"
}

# queued DEVICE N US BLOCKS - prints the median, 5 % and 95 % quantiles of preemptions (us) by policy, with N kernels of US us queued, at
# all moments within a kernel.
queued() {
  before=$((5000 / $3 + 1)) # kernels that end in the 5 ms in which the host queues the others
  kernels be $(($2 + before)) "$3" "$4"
  period=$((2 * ($2 + before) * $3 + 5000))
  scenario "$top/queued.yaml" "$1" "$store" "$((period * 20 + 10000))us" \
    'name: rt, model: tiny, class: rt, arrival: uniform, rate: '"$(awk -v p=$period -v us="$3" 'BEGIN { printf "%.9f", 1e6 / (p + us / 20) }')"'/s, phase: 5ms' \
    "name: be, model: be, arrival: uniform, rate: $(awk -v p=$period 'BEGIN { printf "%.9f", 1e6 / p }')/s"
  # Without what an executor adds on an H200 whose kernels all report their ends: the program that measured this had none of it.
  rows "$top/queued.yaml" --set model.look=0us --set model.report=0us -p reef,padding=no -p reef-n -p wait | awk -F'\t' '$1 == "preemption" { sub(/,.*/, "", $2); print $2, $8 / 1000, $7 / 1000, $9 / 1000, $12 }'
}

# Preemption latency by the number of queued kernels and by their length.
latency() {
  gzip -dc "$plots/../calib/data/h200/micro/preempt.csv.gz" >"$top/measured.csv"
  for on in $device h200; do
    case $on in mi50) blocks=60 ;; *) blocks=132 ;; esac
    kernels tiny 1 10 $blocks
    for n in 50 100 200 300 400 500; do
      queued $on $n 100 $blocks | sed "s/^/$on number $n 100 /"
    done
    for us in 50 100 150 200 250 300; do
      queued $on 50 $us $blocks | sed "s/^/$on length 50 $us /"
    done
  done | awk -v measured="$top/measured.csv" "$common"'
    BEGIN {
      variant["reef"] = "stop_word_C2_counter"
      variant["reef-n"] = "reef_n_C2_counter"
      variant["wait"] = "wait_query"
      # Of bounded queues the number of queued kernels is as good as any, so those of 500 serve for all.
      while ((getline line <measured) > 0) {
        split(line, f, ",")
        if (f[1] == "preempt" && f[7] == "preemption" && f[3] == 1 && f[4] == 132)
          p50[f[2], f[6], f[5]] = f[10]
      }
      print "device,by,kernels_queued,kernel_us,policy,measured_p50_us,corun_p50_us,difference_pct,corun_mean_us,corun_p95_us"
    }
    {
      v = variant[$5]
      want = ""
      if ($1 == "h200") {
        if ((v, $3, $4) in p50)
          want = p50[v, $3, $4]
        else if ($5 != "wait" && (v, 500, $4) in p50)
          want = p50[v, 500, $4]
      }
      printf "%s,%s,%s,%s,%s,%s,%.2f,%s,%.2f,%.2f\n", $1, $2, $3, $4, $5, want, $6, (want ? percent($6, want) : ""), $7, $8
    }' >"$out/reef-latency.csv"
}

# The capacity of the device queue: what a short one costs, and what a long one (Fig. 14a, of which only the axes are known).
queue() {
  {
    echo "device,dq,published,corun_preemption_p95_us,corun_latency_ms,difference"
    for on in $device h200; do
      case $on in
      mi50) model=resnet152 from=$store blocks=60 ;;
      *) model=resnet152-bs1-fp32 from=$store blocks=132 ;;
      esac
      kernels tiny 1 10 $blocks
      scenario "$top/alone.yaml" $on "" 1s "name: be, model: $model, depth: 1"
      scenario "$top/beside.yaml" $on "" 3s "name: be, model: $model" 'name: rt, model: tiny, class: rt, arrival: poisson, rate: 20/s'
      for dq in 1 2 4 8 16 32 64 128 256; do
        us=$(rows "$top/beside.yaml" --traces "$from" -p reef,padding=no,dq=$dq | awk -F'\t' '$1 == "preemption" { print $9 / 1000 }')
        ms=$(rows "$top/alone.yaml" --traces "$from" -p reef,padding=no,dq=$dq | awk -F'\t' '$1 == "client" { print $10 / 1e6 }')
        echo "$on,$dq,,$us,$ms,"
      done
    done
  } >"$out/reef-queue.csv"
}

# What going on three kernels before the one that was stopped costs (Fig. 14b: four kernels of average length, of the model's time).
restore() {
  kernels tiny 1 10 60
  {
    echo "model,paper_pct,corun_kernels_run_again,corun_pct,difference_points,corun_time_in_vain_pct"
    for model in resnet152 densenet vgg inception bert; do
      scenario "$top/restore.yaml" mi50 "$store" 60s "name: be, model: $model" 'name: rt, model: tiny, class: rt, arrival: poisson, rate: 10/s'
      # A preemption that found nothing to stop, as the device was between two kernels, runs three of them again and the next.
      stops "$top/restore.yaml" -p reef,padding=no,restore=four | awk -v model=$model -v paper="$data/models-mi50.csv" '
        BEGIN {
          while ((getline line <paper) > 0) {
            split(line, f, ",")
            if (f[1] == model) { n_kernel = f[2]; us = f[4]; want = f[14] }
          }
        }
        {
          again = $4 / $1 + 1
          pct = 100 * again / n_kernel
          printf "%s,%s,%.3f,%.2f,%+.2f,%.2f\n", model, want, again, pct, pct - want, 100 * $5 / $1 / (us * 1000)
        }'
    done
  } >"$out/reef-restore.csv"
}

# How much of the device a model leaves idle: what padding can use at most.
idle() {
  {
    echo "device,model,profiles_packed_pct,profiles_spread_pct,corun_pct,difference_packed_points,difference_spread_points"
    if [ -n "$device" ]; then
      for model in resnet152 vgg densenet bert mobilenet resnet18 inception resnet alexnet; do
        scenario "$top/idle.yaml" mi50 "$store" 1s "name: be, model: $model"
        # REEF packs the blocks of a kernel onto as many CUs as its layers need; the device spreads them over all.
        rows "$top/idle.yaml" -p streams | awk -F'\t' -v model=$model -v kernels="$data/kernels-mi50.csv" '
          $1 == "device" { is = 100 * (1 - $6) }
          END {
            while ((getline line <kernels) > 0) {
              split(line, f, ",")
              if (f[1] != model)
                continue
              blocks = f[10]; us = f[13]
              layers = int((blocks + 59) / 60)
              packed += us * (1 - int((blocks + layers - 1) / layers) / 60)
              wave = 60 * f[14]
              waves = int((blocks + wave - 1) / wave)
              last = blocks - (waves - 1) * wave
              if (last < 60)
                spread += us / waves * (1 - last / 60)
              sum += us
            }
            packed *= 100 / sum
            spread *= 100 / sum
            printf "mi50,%s,%.1f,%.1f,%.1f,%+.1f,%+.1f\n", model, packed, spread, is, is - packed, is - spread
          }'
      done
    fi
    for model in alexnet bert_base densenet201 distilbert efficientnet_b0 googlenet inception_v3 mobilenet_v2 resnet152 resnet50 vgg19 vit_b_16; do
      scenario "$top/idle.yaml" h200 "" 500ms "name: be, model: $model-bs1-fp32"
      rows "$top/idle.yaml" -p streams | awk -F'\t' -v model=$model '$1 == "device" { printf "h200,%s,,,%.1f,,\n", model, 100 * (1 - $6) }'
    done
  } >"$out/reef-idle.csv"
}

# What padding brings, what its rules keep away, and what the variants of restoring and reclaiming cost.
padding() {
  {
    echo "workload,policy,published,corun_rt_latency_ms,corun_rt_over_no_padding_pct,corun_be_per_s,corun_be_over_no_padding_pct"
    for workload in A D d; do
      case $workload in
      d) file=$scenarios/disb-d.yaml name=H200-D duration=1s ;;
      *) file=$top/$workload.yaml name=MI50-$workload duration=10s ;;
      esac
      [ -e "$file" ] || continue
      rows "$file" --set duration=$duration -p reef,padding=no -p reef -p reef,several=yes -p reef,rules=latency -p reef,rules=occupancy \
        -p reef,rules=none -p reef,reclaim=now -p reef,restore=exact -p reef,restore=four | awk -F'\t' -v name=$name '
          $1 == "client" {
            if (!($2 in seen)) { seen[$2] = 1; policy[++n] = $2 }
            if ($4 == "rt") { ms[$2] += $7 / 1e6; n_rt[$2]++ } else be[$2] += $6
          }
          END {
            for (i = 1; i <= n; i++) {
              p = policy[i]
              if (i == 1) { ms0 = ms[p] / n_rt[p]; be0 = be[p] }
              label = p
              gsub(/,/, " ", label)
              printf "%s,%s,,%.4f,%.2f,%.1f,%.1f\n", name, label, ms[p] / n_rt[p], 100 * (ms[p] / n_rt[p] / ms0 - 1), be[p], 100 * (be[p] / be0 - 1)
            }
          }'
    done
  } >"$out/reef-padding.csv"
}

if [ -n "$device" ]; then
  "$corun" import reef "$data"/artifact-profiles/*/*.json -o "$store" >"$top/report" || die "corun import reef failed"
  disb_mi50
  restore
else
  echo "reef-tables: $data is not there; CORUN_SHARED_DATA can name its folder: what the MI50 does is left out"
fi
disb_h200
latency
queue
idle
padding
