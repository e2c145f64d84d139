#!/bin/sh
# measure-live.sh OUT - runs in real time on this machine's GPU what the simulator is judged by, in about 8 minutes of an H200, and
# writes into the folder OUT:
#   live-disb.csv        DISB A to E under every policy that a GPU runs: predicted, measured, low, high (corun validate --live)
#   live-pairs.csv       15 pairs of models that neither measured table of co-runs has, under streams, likewise
#   live-jobs.csv        20 short training jobs under fifo, srtf, pack and fair, likewise; live-graphs.csv: eight that replay graphs
#   preempt.csv          how long preemptions took, us, and what they cost: reef-n and wait with 1 to 512 kernels queued, GPU and simulator
#   live-dart.csv        the DART set of the h200 platform under dart and threads, likewise; 9 cores and the GPU
#   dart.json            a run of each of them: how well nodes did, demotions, bounds
#   soak.json            DISB E for a minute, with how late requests were
#   errors.txt, times.txt  what failed; seconds that each step took
#
# CORUN names the program; -b (BACKEND, cuda) may be wall to try the script, and SHORT=1 makes all runs short.
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
  length=1s runs=3 soak=60s nodes=5s more='-p srtf -p pack -p fair'
fi
status=0

step() { # NAME COMMAND...: its stdout goes to OUT/NAME
  name=$1 from=$(date +%s)
  shift
  "$@" >"$out/$name" 2>>"$out/errors.txt" || { status=1; echo "$name: $* failed" >>"$out/errors.txt"; }
  echo "$name $(($(date +%s) - from))" >>"$out/times.txt"
}

step live-disb.csv "$corun" validate --live disb-a disb-b disb-c disb-d disb-e -b "$backend" -n $runs -q --set duration=$length \
  -p exclusive -p streams -p priority -p wait -p reef-n --format csv

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

# One best-effort request in the way of a real-time one; its stream holds as many kernels as dq says.
cat >"$out/preempt.yaml" <<'YAML'
duration: 1s
clients:
  - {name: rt, model: mobilenet_v2-bs1-fp32, class: rt, arrival: uniform, rate: 100/s}
  - {name: be, model: resnet152-bs1-fp32, class: be, arrival: closed, depth: 1}
YAML
preempts() {
  header=scenario
  for policy in reef-n wait; do
    for dq in 1 2 4 16 64 256 512; do
      for b in "$backend" sim; do
        "$corun" run "$out/preempt.yaml" -b "$b" -q -p "$policy,dq=$dq" --set duration=$length --format json >"$out/run.json" || return 1
        [ "$header" ] && echo 'policy,dq,backend,count,mean_us,p50_us,p99_us,max_us,ops_cut'
        header=
        tr ',{' '\n\n' <"$out/run.json" | awk -F: -v start="$policy,$dq,$b" '
          /"preemption":/ { inside = 1 }
          inside && /"count"|"mean_ns"|"p50_ns"|"p99_ns"|"max_ns"|"ops_cut"/ { gsub(/[" }]/, ""); value[$1] = $2 }
          /"clients":/ { inside = 0 }
          END { printf "%s,%d,%.2f,%.2f,%.2f,%.2f,%d\n", start, value["count"], value["mean_ns"] / 1e3, value["p50_ns"] / 1e3,
                       value["p99_ns"] / 1e3, value["max_ns"] / 1e3, value["ops_cut"] }'
      done
    done
  done
}
step preempt.csv preempts
step live-dart.csv "$corun" validate --live dart-h200 -b "$backend" -n $runs -q -p dart -p threads --set duration=$nodes --format csv
step dart.json "$corun" run dart-h200 -b "$backend" -q -p dart -p threads --set duration=$nodes --format json
step soak.json "$corun" run disb-e -b "$backend" -q -p reef-n --set duration=$soak --format json
rm -f "$out"/*+*.yaml "$out/graphs.yaml" "$out/run.json"
[ $status -eq 0 ] || echo "measure-live: something failed: see $out/errors.txt" >&2
exit $status
