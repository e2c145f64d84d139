#!/bin/sh
# make-h200-collected.sh RECORDINGS CORUN - makes traces/data/h200-collected.sql again from the spools, byte for byte.
#
# RECORDINGS: the folder in which `corun collect --keep --memory -m NAME -o NAME.db -- python3 record-programs.py ...` left
# NAME.db.spools-*; CORUN: the program.  README.md says what is in it.
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 2 ] || { echo "usage: make-h200-collected.sh RECORDINGS CORUN" >&2; exit 2; }
recordings=$1
corun=$2
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
store=$work/h200-collected.db

spools() {
  name=$1
  what=$2
  shift 2
  "$corun" import spool "$@" -o "$store" -m "$name" --prefix collected/ --host "a virtual machine with one H200" \
    --driver "580.159.04, CUDA 13.0, PyTorch 2.11" --command "corun collect --memory, record-programs.py $what"
}

for model in alexnet bert_base densenet201 distilbert efficientnet_b0 googlenet inception_v3 mobilenet_v2 resnet152 \
  resnet50 vgg19 vit_b_16; do
  spools "$model-bs1-fp32" "graph $model-bs1-fp32 30" "$recordings/$model-bs1-fp32.db.spools-"*
done
spools resnet50-bs1-fp32.eager "eager resnet50-bs1-fp32 20" "$recordings/resnet50-bs1-fp32.eager.db.spools-"*
for model in alexnet resnet50; do
  spools "$model-bs32-train" "train $model-bs32-fp32 10" "$recordings/$model-bs32-train.db.spools-"*
done
spools two-resnet50-vgg19 "two resnet50-bs1-fp32 20 vgg19-bs1-fp32" "$recordings/two-resnet50-vgg19.db.spools-"*
spools two-resnet152-mobilenet "two resnet152-bs1-fp32 20 mobilenet_v2-bs1-fp32" \
  "$recordings/two-resnet152-mobilenet.db.spools-"*
# Two processes at once; they began in this order.
set -- "$recordings"/multi.db.spools-*/*.spool
both="graph mobilenet_v2-bs1-fp32 300 beside graph resnet50-bs1-fp32 300"
spools multi-mobilenet_v2-bs1-fp32 "$both" "$2"
spools multi-resnet50-bs1-fp32 "$both" "$1"

"$corun" export "$store" -o "$work/h200-collected.sql"
mv "$work/h200-collected.sql" "$here/h200-collected.sql"
