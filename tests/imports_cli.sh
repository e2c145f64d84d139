#!/usr/bin/env bash
# imports_cli.sh - imports of REEF's, DISB's and Orion's files from outside: usage, exit status, sentences, and that what was
# imported runs.
. "${srcdir:-.}/tests/tap.bash"

corun=$builddir/corun
data=${CORUN_SHARED_DATA:-$srcdir/../shared/data}
store=$tmp/s.db

prints() { # TEXT COMMAND...
  local text=$1
  shift
  "$@" 2>&1 | grep -F -q -- "$text"
}

# --- reef

mkdir "$tmp/net"
echo '{"storage":[{"name":"d","size":4,"stype":"float32"}],"kernels":[{"name":"k","launch_params":[60,1,1,64,1,1],"args":[0]}],
"args":[0],"shared_memory":{"k":4}}' >"$tmp/net/net.json"
echo '{"model_latency":100,"kernel_latency":{"k":{"total_latency":120,"latency":[120,130]}}}' >"$tmp/net/net.profile.json"
echo '{"model_latency":100}' >"$tmp/bad.json"

ok "a profile beside its schedule is no model of its own" prints "1 model imported" "$corun" import reef "$tmp"/net/*.json -o "$store"
ok "the factor is shown" prints "kernels scaled by 0.8333" "$corun" show "$store"
ok "and how long a block takes" prints "100.0 to 108.3" "$corun" show "$store" net
ok "the store comes back from its text" sh -c '"$1" export "$2" -o "$2.sql" && "$1" import sql "$2.sql" -o "$2.again" &&
  "$1" export "$2.again" | cmp - "$2.sql"' - "$corun" "$store"
fails "a profile alone is no model" 2 "is a profile; name its schedule" "$corun" import reef "$tmp/net/net.profile.json" -o "$tmp/no.db"
fails "one profile is not for two models" 2 "are of one model, but there are 2" \
  "$corun" import reef "$tmp/net/net.json" "$tmp/bad.json" --profile "$tmp/bad.json" -o "$tmp/no.db"
fails "a bad file is named" 2 "bad.json: 'storage' is missing" \
  "$corun" import reef "$tmp/bad.json" --profile "$tmp/net/net.profile.json" -o "$tmp/no.db"
fails "others do not know its options" 2 "import kineto has no option --no-scale" \
  "$corun" import kineto --no-scale "$tmp/bad.json" -o "$tmp/no.db"
ok "refused imports leave no store" [ ! -e "$tmp/no.db" ]

# alone MODEL LATENCY_MS FIDELITY: the model alone on an MI50 takes that time, within 2 %.
alone() {
  printf 'duration: 1s\ndevice: mi50\ntraces: [%s]\nclients:\n  - model: %s\n' "$store" "$1" >"$tmp/alone.yaml"
  "$corun" run "$tmp/alone.yaml" -p streams --set "model.fidelity=$3" >"$tmp/out" || return 1
  awk -v want="$2" '$1 == "streams" && $3 == "be" { n++; d = $8 / want - 1; if (d > 0.02 || d < -0.02) bad = 1; got = $8 }
    END { print "latency " got " ms, profiled " want; exit bad || n != 1 }' "$tmp/out"
}

if [ -d "$data/reef/artifact-profiles" ]; then
  ok "REEF's models are imported" prints "11 models imported" "$corun" import reef "$data"/reef/artifact-profiles/*/*.json -o "$store"
  while read -r model latency; do
    for fidelity in wave kernel; do
      ok "$model alone on an MI50 takes what was profiled ($fidelity)" alone "$model" "$latency" "$fidelity"
    done
  done <<'END'
alexnet 8.851
bert 5.426
densenet 3.743
inception 8.273
mobilenet 1.188
resnet 10.958
resnet152 13.233
resnet18 2.189
vgg 4.824
END
  ok "a run says that the device's constants are assumed" prints "constants are assumed, not measured" \
    "$corun" run "$tmp/alone.yaml" -p streams
else
  skip "REEF's models alone on an MI50 take what was profiled" "$data/reef is not there; CORUN_SHARED_DATA can name the folder"
fi

# --- disb

echo '{"time": 1, "tasks": [{"id": "a", "load": {"type": "periodic", "priority": 0, "frequency": 100}, "client": {"model_name": "x"}},
{"id": "b", "load": {"type": "dependent", "prev_task_ids": ["a"]}, "client": {"model_name": "net"}}]}' >"$tmp/w.json"
ok "a workload becomes a scenario" "$corun" import disb "$tmp/w.json" -o "$tmp/w.yaml" --models x=net --traces "$store" --device mi50
ok "which runs" prints "100" "$corun" run "$tmp/w.yaml" -p streams
ok "and says which semantics it has" grep -q "^# Late requests: drop" "$tmp/w.yaml"
fails "a scenario is not overwritten" 2 "w.yaml" "$corun" import disb "$tmp/w.json" -o "$tmp/w.yaml" --models x=net --traces "$store"
fails "an unknown model is named with its place" 2 "w.json: tasks[0].client.model_name: x: " \
  "$corun" import disb "$tmp/w.json" -o "$tmp/no.yaml" --traces "$store"
fails "options of stores are not for it" 2 "import disb has no option --replace" \
  "$corun" import disb "$tmp/w.json" -o "$tmp/no.yaml" --replace
fails "nor are its for others" 2 "import reef has no option --late" "$corun" import reef "$tmp/net/net.json" -o "$tmp/no.db" --late drop
ok "refused workloads leave no scenario" [ ! -e "$tmp/no.yaml" ]

if [ -d "$data/reef/workloads" ]; then
  for file in "$data"/reef/workloads/artifact/*.json "$data"/reef/workloads/gpreempt/{A,B,C,D,E,REAL}.json; do
    name=$(basename "$(dirname "$file")")-$(basename "$file" .json)
    ok "$name is imported" "$corun" import disb "$file" -o "$tmp/$name.yaml" --traces "$store" --device mi50
    ok "$name runs" "$corun" run "$tmp/$name.yaml" -p streams --set duration=1s --set model.fidelity=kernel
  done
  names=vgg19-imagenet=vgg19-bs1-fp32,resnet152-imagenet=resnet152-bs1-fp32,densenet201-imagenet=densenet201-bs1-fp32
  names=$names,inceptionv3-imagenet=inception_v3-bs1-fp32,distilbert=distilbert-bs1-fp32
  for file in "$data"/reef/workloads/disb-v1/*.json; do
    name=disb-$(basename "$file" .json)
    ok "$name is imported with models of the H200" "$corun" import disb "$file" -o "$tmp/$name.yaml" --models "$names"
    ok "$name runs" "$corun" run "$tmp/$name.yaml" -p streams --set duration=1s --set model.fidelity=kernel
  done
else
  skip "DISB's workloads are imported and run" "$data/reef is not there; CORUN_SHARED_DATA can name the folder"
fi

# --- orion

if [ -d "$data/orion" ]; then
  ok "Orion's profiles are imported" prints "7 models imported" \
    "$corun" import orion "$data"/orion/*_fwd "$data"/orion/*_fb1 -o "$tmp/orion.db"
  printf 'duration: 100ms\ndevice: v100\ntraces: [%s]\nclients:\n  - model: resnet50_4_fwd\n  - model: mobilenetv2_4_fwd\n' \
    "$tmp/orion.db" >"$tmp/orion.yaml"
  ok "two of them run beside each other" "$corun" run "$tmp/orion.yaml" -p streams
else
  skip "Orion's profiles are imported and run" "$data/orion is not there; CORUN_SHARED_DATA can name the folder"
fi

done_testing
