#!/bin/sh
# measure-live.sh OUT - runs in real time on this machine's GPU what the simulator is judged by, in some 8 minutes of an H200
# (an estimate from its parts), and
# writes into the folder OUT:
#   live-disb.csv        DISB A to E under every policy that a GPU runs: predicted, measured, low, high (corun validate --live)
#   live-pairs.csv       15 pairs of models that neither measured table of co-runs has, under streams, likewise
#   live-eager.csv       two programs that launch op by op, under streams, exclusive, wait, reef-n and reef
#   live-jobs.csv        20 short training jobs under fifo, srtf, pack and fair, likewise; live-graphs.csv: eight that replay graphs
#   preempt.csv          how long preemptions took, us, of requests of 34 to 981 kernels: reef-n with a device queue of 2 and 4, and wait
#                        with all in it; kernels in the device queue and to go when it was asked for, means; what a launch took the
#                        host, us; GPU and simulator, which is told of the latter
#   live-dart.csv        the DART set of the h200 platform under dart and threads, likewise; 9 cores and the GPU
#   dart.json            a run of each of them: how well nodes did, demotions, bounds
#   soak.json            DISB E for a minute, with how late requests were, at first and at last; memory.csv: the program's memory
#   *.yaml               scenarios that are not bundled, so that corun validate --live --measured OUT/live-pairs.csv can predict anew
#   errors.txt, times.txt  what failed; seconds that each step took
#
# CORUN names the program; -b (BACKEND, cuda) may be wall to try the script, and SHORT=1 makes all runs short.  Who has less time says
# RUNS (3), LENGTH (1s), SOAK (60s), and STEPS, names of the files above that are wanted.
set -u
[ $# -eq 1 ] || { echo 'usage: calib/measure-live.sh OUT' >&2; exit 2; }
out=$1 corun=${CORUN:-corun} backend=${BACKEND:-cuda}
mkdir -p "$out" || exit 2
: >"$out/errors.txt"
: >"$out/times.txt"
LC_ALL=C
export LC_ALL
if [ "${SHORT:-}" ]; then
  length=120ms runs=1 soak=200ms nodes=120ms more=
else
  length=${LENGTH:-1s} runs=${RUNS:-3} soak=${SOAK:-60s} nodes=5s more='-p srtf -p pack -p fair'
fi
preempted='alexnet vgg19 resnet50 bert_base resnet152 densenet201'
status=0

step() { # NAME COMMAND...: its stdout goes to OUT/NAME
  name=$1 from=$(date +%s)
  shift
  case " ${STEPS:-$name} " in *" $name "*) ;; *) return ;; esac
  "$@" >"$out/$name" 2>>"$out/errors.txt" || { status=1; echo "$name: $* failed" >>"$out/errors.txt"; }
  echo "$name $(($(date +%s) - from))" >>"$out/times.txt"
}

step live-disb.csv "$corun" validate --live disb-a disb-b disb-c disb-d disb-e -b "$backend" -n $runs -q --set duration=$length \
  -p exclusive -p streams -p priority -p wait -p reef-n -p reef -p reef,padding=no --format csv

pairs='alexnet+googlenet alexnet+mobilenet_v2 bert_base+densenet201 bert_base+distilbert bert_base+mobilenet_v2
  bert_base+resnet152 densenet201+resnet50 densenet201+vit_b_16 distilbert+resnet50 efficientnet_b0+inception_v3
  efficientnet_b0+resnet152 efficientnet_b0+vgg19 googlenet+resnet152 googlenet+vgg19 resnet152+resnet50'
files=
for pair in $pairs; do
  file=$out/$pair.yaml
  printf 'duration: 500ms\nclients:\n  - {name: %s, model: %s-bs1-fp32}\n  - {name: %s, model: %s-bs1-fp32}\n' \
    "${pair%+*}" "${pair%+*}" "${pair#*+}" "${pair#*+}" >"$file"
  files="$files $file"
done
# shellcheck disable=SC2086 # a word a file
step live-pairs.csv "$corun" validate --live $files -b "$backend" -n $runs -q -p streams --format csv \
  ${SHORT:+--set duration=$length}

cat >"$out/programs.yaml" <<'YAML'
duration: 600ms
clients:
  - {name: vgg19, model: vgg19-bs1-fp32.eager, class: rt, arrival: uniform, rate: 100/s, priority: -3}
  - {name: resnet50, model: resnet50-bs1-fp32.eager}
YAML
step live-eager.csv "$corun" validate --live "$out/programs.yaml" -b "$backend" -n $runs -q --format csv \
  -p streams -p exclusive -p wait -p reef-n,dq=16 -p reef,dq=16 ${SHORT:+--set duration=$length}

step live-jobs.csv "$corun" validate --live salus-h200-mix -b "$backend" -n $runs -q --format csv ${SHORT:+-p pack}
cat >"$out/graphs.yaml" <<'YAML'
device: {name: h200, mem: 32GiB}
clients:
  - {name: resnet50, model: collected/resnet50-bs1-fp32, iterations: 400}
  - {name: mobilenet, model: collected/mobilenet_v2-bs1-fp32, iterations: 800, submit: 50ms}
  - {name: vgg19, model: collected/vgg19-bs1-fp32, iterations: 400, submit: 100ms}
  - {name: resnet152, model: collected/resnet152-bs1-fp32, iterations: 150, submit: 150ms, think: 1ms}
  - {name: bert, model: collected/bert_base-bs1-fp32, iterations: 300, submit: 200ms}
  - {name: densenet, model: collected/densenet201-bs1-fp32, iterations: 150, submit: 250ms}
  - {name: googlenet, model: collected/googlenet-bs1-fp32, iterations: 300, submit: 300ms}
  - {name: inception, model: collected/inception_v3-bs1-fp32, iterations: 200, submit: 350ms}
YAML
# shellcheck disable=SC2086 # a word an option
step live-graphs.csv "$corun" validate --live "$out/graphs.yaml" -b "$backend" -n $runs -q --format csv -p fifo $more

# Best-effort requests of ever more kernels, in the way of real-time ones that come at random.  What was asked for, what came back and
# how many kernels the device queue held then are the ledger's: `preempt`, `back ... next N`, `cut ... handed M`.
preempts() {
  echo 'policy,dq,kernels,backend,count,in_device_queue,to_go,mean_us,p50_us,p99_us,launch_us'
  for model in $preempted; do
    cat >"$out/preempt.yaml" <<YAML
duration: 1s
clients:
  - {name: rt, model: mobilenet_v2-bs1-fp32, class: rt, arrival: poisson, rate: 200/s}
  - {name: be, model: $model-bs1-fp32, class: be, arrival: closed, depth: 1}
YAML
    for policy in reef-n,dq=2 reef-n,dq=4 wait,dq=1024; do
      launch=
      for b in "$backend" sim; do
        # shellcheck disable=SC2086 # two words, or none
        "$corun" run "$out/preempt.yaml" -b "$b" -q -p "$policy" --set duration=$length --ledger "$out/ledger" --force --format json \
          ${launch:+--set model.push=${launch}us --set model.push_serial=${launch}us} >"$out/run" || return 1
        launch=$(sed -n 's/.*"fed_mean_ns":\([0-9.]*\).*/\1/p' "$out/run" | awk '{ printf "%.3f", $1 / 1e3 }')
        awk -v start="${policy%,*},${policy#*=}" -v backend="$b" -v launch="$launch" '
          $2 == "preempt" { asked = $1 }
          $2 == "launch" { stream[$3] = $NF }
          $2 == "cut" { handed = $7 }
          $2 == "done" && stream[$3] == 1 { n_op = $5 }
          asked != "" && (($2 == "back") || ($2 == "done" && stream[$3] == 1)) {
            took[++n] = ($1 - asked) / 1e3
            sum += took[n]
            next_op[n] = $5
            queued += handed > $5 ? handed - $5 : 0
            asked = handed = ""
          }
          END {
            for (i = 1; i <= n; i++) to_go += n_op - next_op[i]
            for (i = 2; i <= n; i++)
              for (j = i; j > 1 && took[j - 1] > took[j]; j--) { t = took[j]; took[j] = took[j - 1]; took[j - 1] = t }
            if (n) printf "%s,%d,%s,%d,%.1f,%.1f,%.2f,%.2f,%.2f,%s\n", start, n_op, backend, n, queued / n, to_go / n, sum / n,
              took[int((n + 1) / 2)], took[int(n * 0.99 + 0.999)], launch
          }' "$out/ledger"
      done
    done
  done
}
step preempt.csv preempts
step live-dart.csv "$corun" validate --live dart-h200 -b "$backend" -n $runs -q -p dart -p threads --set duration=$nodes --format csv
step dart.json "$corun" run dart-h200 -b "$backend" -q -p dart -p threads --set duration=$nodes --format json

# How much memory the program holds, KiB, as long as it runs.
soak() {
  "$corun" run disb-e -b "$backend" -q -p reef-n --set duration=$soak --format json &
  pid=$! from=$(date +%s)
  echo s,rss_kib >"$out/memory.csv"
  while kill -0 $pid 2>/dev/null; do
    awk -v s=$(($(date +%s) - from)) '/VmRSS/ { print s "," $2 }' /proc/$pid/status >>"$out/memory.csv" 2>/dev/null
    sleep 2
  done
  wait $pid
}
step soak.json soak
rm -f "$out/preempt.yaml" "$out/ledger" "$out/run"
[ $status -eq 0 ] || echo "measure-live: something failed: see $out/errors.txt" >&2
exit $status
