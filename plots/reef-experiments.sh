#!/bin/sh
# reef-experiments.sh - what explains the differences between corun's MI50 and REEF as it was measured again on an MI100?
#
# Prints, of DISB with GPreempt's settings, each workload under each scheme with one thing changed at a time: rt latency (ms), over rt
# only (%), and rt and be requests a second, beside the published ones.  Needs the artifact's files, as reef-tables.sh does.
#
#   base      as there
#   scaled    every model takes 3.4 / 4.824 of its time, as vgg alone on the MI100, and so in all that follow
#   evict     a queued kernel takes 17 us to give up, and not 2: what A's published 1.8 ms for about 100 kernels would be
#   kill      stopping what runs takes 100 us, and not 6
#   aligned   clients of equal frequency begin together, and are not moved apart
#   late      late requests wait, and none is dropped
#   alone     blocks of different kernels do not disturb each other
#   slices    each client is a process of its own, and they take turns (scheme streams alone)
#   closed    DISB v1.0: best-effort clients in closed loop
#   artifact  the workloads of REEF's artifact
#   dq=N      the device queue of best-effort streams holds N kernels (scheme REEF alone)
set -eu
. "$(dirname "$0")/begin.sh"
. "$plots/table-setup.sh"
data=${CORUN_SHARED_DATA:-$plots/../../shared/data}/reef
[ -d "$data/artifact-profiles" ] || die "$data is not there; CORUN_SHARED_DATA can name its folder"
names=vgg19-imagenet=vgg,resnet152-imagenet=resnet152,densenet201-imagenet=densenet,inceptionv3-imagenet=inception,distilbert=bert

"$corun" import reef "$data"/artifact-profiles/*/*.json -o "$top/base.db" >"$top/report"
for profile in "$data"/artifact-profiles/*/*.profile.json; do
  model=$(basename "$profile" .profile.json)
  mkdir "$top/$model"
  cp "$data/artifact-profiles/$model/$model.json" "$top/$model/"
  awk '{
    if (match($0, /"model_latency": *[0-9.]+/)) {
      us = substr($0, RSTART, RLENGTH)
      sub(/.*: */, "", us)
      $0 = substr($0, 1, RSTART - 1) sprintf("\"model_latency\":%.0f", us * 3.4 / 4.824) substr($0, RSTART + RLENGTH)
    }
    print
  }' "$profile" >"$top/$model/$model.profile.json"
done
"$corun" import reef "$top"/*/*.json -o "$top/scaled.db" >"$top/report"

# workload FOLDER NAME STORE [IMPORT OPTION]...
workload() {
  name=$2
  from=$data/workloads/$1/$2.json store=$3
  shift 3
  rm -f "$top/w.yaml"
  "$corun" import disb "$from" -o "$top/w.yaml" --traces "$store" --device mi50 "$@" >"$top/report"
  awk '
    function flush() { if (keep || !client) printf "%s", block; block = ""; keep = 0 }
    /^  - / { flush(); client = 1 }
    { block = block $0 "\n" }
    /class: rt/ { keep = 1 }
    END { flush() }' "$top/w.yaml" >"$top/rt-only.yaml"
}
# measure EXPERIMENT [OPTION]... - under the policies of `policies`.
policies='-p exclusive,order=rt-first -p streams -p wait -p reef,padding=no'
measure() {
  label=$1
  shift
  {
    "$corun" run "$top/rt-only.yaml" --set duration=20s "$@" -p reef,padding=no -q --format csv 2>"$top/warnings" |
      awk -f "$plots/reef-rows.awk" | sed 's/	reef,padding=no	/	rt-only	/'
    # shellcheck disable=SC2086 # several words
    "$corun" run "$top/w.yaml" --set duration=20s "$@" $policies -q --format csv 2>"$top/warnings" | awk -f "$plots/reef-rows.awk"
  } | awk -F'\t' -v label="$label" -v workload="$name" -v paper="$data/gpreempt-figures.csv" '
    BEGIN {
      method["rt-only"] = "LCO"
      method["exclusive,order=rt-first"] = "SEQ"
      method["streams"] = method["timeslice"] = "NP"
      method["wait"] = "WB"
      while ((getline line <paper) > 0)
        if (split(line, f, ",") && f[1] == "MI100" && f[2] == workload) {
          ms[f[3]] = f[4]
          rate[f[3]] = f[5] " " f[6]
        }
    }
    $1 == "client" {
      if (!($2 in n)) order[++n_policy] = $2
      n[$2] += 0
      if ($4 == "rt") { l[$2] += $7 / 1e6; n[$2]++; rt[$2] += $6 } else be[$2] += $6
    }
    END {
      alone = l["rt-only"] / n["rt-only"]
      for (i = 1; i <= n_policy; i++) {
        p = order[i]
        m = p in method ? method[p] : "RF"
        printf "%-9s %-5s %-26s %6.2f ms %+6.1f %% %5.0f %5.0f   published %5.1f ms %+6.1f %%  %s\n", label, workload, p, l[p] / n[p], 100 * (l[p] / n[p] / alone - 1), rt[p], be[p], ms[m], 100 * (ms[m] / ms["LCO"] - 1), rate[m]
      }
    }'
}
for w in A B C D E REAL; do
  workload gpreempt $w "$top/base.db"
  measure base
  workload gpreempt $w "$top/scaled.db"
  measure scaled
  policies='-p wait' measure evict --set model.evict=17us
  policies='-p reef,padding=no' measure kill --set model.kill=100us
  policies='-p streams' measure alone --set model.contention=off
  policies='-p timeslice' measure slices
  for dq in 1 8 32; do
    policies="-p reef,padding=no,dq=$dq" measure dq=$dq
  done
  workload gpreempt $w "$top/scaled.db" --phases none
  measure aligned
  workload gpreempt $w "$top/scaled.db" --late queue
  measure late
  workload disb-v1 $w "$top/scaled.db" --models $names
  measure closed
  [ $w = REAL ] || { workload artifact $w "$top/scaled.db" && measure artifact; }
done
