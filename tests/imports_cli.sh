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

done_testing
