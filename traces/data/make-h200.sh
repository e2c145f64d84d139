#!/bin/sh
# make-h200.sh DATA CORUN - makes traces/data/h200.sql again from the recordings, byte for byte.
#
# DATA: the folder that holds h200/ (kineto, fixed/kineto, cupti, ncu); CORUN: the program.  README.md says what is in it.
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 2 ] || { echo "usage: make-h200.sh DATA CORUN" >&2; exit 2; }
data=$1/h200
corun=$2
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
store=$work/h200.db

kineto() {
  command=$1
  shift
  "$corun" import kineto "$@" -o "$store" --driver "580.159, CUDA 13.0, PyTorch 2.11" --command "$command"
}

kineto "5 back-to-back replays of a CUDA graph, cuDNN autotuning off" "$data"/fixed/kineto/*.graph.json.gz
# The older set: the names of fixed/ are taken, so its batch-1 fp32 graphs go under autotuned/.
kineto "3 replays of a CUDA graph, 2 ms apart, cuDNN autotuning on" \
  --prefix autotuned/ "$data"/kineto/*-bs1-fp32.graph.json.gz
kineto "3 replays of a CUDA graph, 2 ms apart, cuDNN autotuning on" \
  "$data"/kineto/*-bs8-*.graph.json.gz
kineto "2 eager forward passes, cuDNN autotuning on" "$data"/kineto/*.eager.json.gz

"$corun" import cupti "$data"/cupti/*.csv.gz -o "$store" --gpu "NVIDIA H200" --driver "580.159, CUDA 13.0" \
  --command "warm-up and 3 replays of a CUDA graph, cuDNN autotuning on"

# One eager forward pass was counted for each of these; kernels that the recorded runs did not choose stay without.
for file in "$data"/ncu/*.csv.gz; do
  name=$(basename "$file" .csv.gz)
  for model in "$name-bs1-fp32" "autotuned/$name-bs1-fp32" "$name-bs1-fp32.eager"; do
    case $model in
      *.eager) [ -f "$data/kineto/$name-bs1-fp32.eager.json.gz" ] || continue ;;
    esac
    "$corun" import ncu "$file" -o "$store" -m "$model" --gpu "NVIDIA H200" --driver "580.159, CUDA 13.0" \
      --command "one eager forward pass, caches not flushed, clocks not locked, cuDNN autotuning on"
  done
done

"$corun" export "$store" -o "$work/h200.sql"
mv "$work/h200.sql" "$here/h200.sql"
