#!/usr/bin/env bash
# nsys_cli.sh - `corun import nsys` and `corun import ncu` from outside: usage, exit status, what they print, and that what
# was imported runs.
. "${srcdir:-.}/tests/tap.bash"

corun=$builddir/corun
data=${CORUN_SHARED_DATA:-$srcdir/../shared/data}
store=$tmp/s.db

prints() { # TEXT COMMAND...
  local text=$1
  shift
  "$@" 2>&1 | grep -F -q -- "$text"
}

write() { "$builddir/tests/nsys_write" "$@"; }
ok "files of both ages are written" write "$tmp/serve.sqlite" old
ok "and of two programs" write "$tmp/two.sqlite" new two

ok "an export is a model" prints "1 model imported" "$corun" import nsys "$tmp/serve.sqlite" -o "$store"
ok "of the file's name" prints "serve" "$corun" show "$store"
fails "the same again is refused" 2 "has a model serve already" "$corun" import nsys "$tmp/serve.sqlite" -o "$store"
ok "unless it may replace" "$corun" import nsys "$tmp/serve.sqlite" -o "$store" --replace
ok "two programs are two models" prints "two.pid4712: 20 iterations of 33 ops (graph), python3 (4712), device 0" \
  "$corun" import nsys "$tmp/two.sqlite" -o "$store"
ok "ranges say what an iteration is" prints "20 iterations of 33 ops" \
  "$corun" import nsys "$tmp/serve.sqlite" -o "$store" --nvtx step -m by-step
ok "their halves are stages" prints "2 stages by NVTX ranges: conv, fc" "$corun" show "$store" by-step
fails "a range that is not there is named" 2 "did you mean step" "$corun" import nsys "$tmp/serve.sqlite" -o "$tmp/no.db" --nvtx stepp

ok "the GPU becomes a device description" prints "not calibrated" \
  "$corun" import nsys "$tmp/serve.sqlite" -o "$store" -m again --device-file "$tmp/mine.yaml"
fails "which is not written over" 2 "mine.yaml" \
  "$corun" import nsys "$tmp/serve.sqlite" -o "$store" -m more --device-file "$tmp/mine.yaml"
fails "and is of one file" 2 "--device-file is of the GPU of one export, but there are 2 files" \
  "$corun" import nsys "$tmp/serve.sqlite" "$tmp/two.sqlite" -o "$store" --device-file "$tmp/other.yaml"
printf 'duration: 5ms\ndevice: h200\ntraces: [%s]\nclients:\n  - model: by-step\n  - model: two.pid4712\n' "$store" >"$tmp/run.yaml"
ok "what was imported runs" "$corun" run "$tmp/run.yaml" -p streams
fails "but on a device that is not calibrated it does not" 2 "calibrat" "$corun" run "$tmp/run.yaml" -p streams --set device="$tmp/mine.yaml"

write "$tmp/whole.sqlite" new "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE(start INTEGER);
  INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE VALUES(1)"
fails "graphs as a whole are refused" 2 "record nodes: nsys profile --cuda-graph-trace=node" \
  "$corun" import nsys "$tmp/whole.sqlite" -o "$tmp/no.db"
write "$tmp/next.sqlite" new "UPDATE META_DATA_EXPORT SET value = '4.0.0' WHERE name = 'EXPORT_SCHEMA_VERSION'"
fails "and unknown schemas" 2 "is of schema 4.0.0, which is not known" "$corun" import nsys "$tmp/next.sqlite" -o "$tmp/no.db"
write "$tmp/idle.sqlite" old "DROP TABLE CUPTI_ACTIVITY_KIND_KERNEL"
fails "and exports without kernels" 2 "has no kernels" "$corun" import nsys "$tmp/idle.sqlite" -o "$tmp/no.db"
fails "one bad file among good ones keeps all out" 2 "has no kernels" \
  "$corun" import nsys "$tmp/serve.sqlite" "$tmp/idle.sqlite" -o "$tmp/no.db" --prefix x/
fails "one name is not for two files" 2 "--model names the models of one export" \
  "$corun" import nsys "$tmp/serve.sqlite" "$tmp/two.sqlite" -o "$tmp/no.db" -m x
fails "others do not know its options" 2 "import kineto has no option --nvtx" \
  "$corun" import kineto --nvtx step "$tmp/serve.sqlite" -o "$tmp/no.db"
ok "refused imports leave no store" [ ! -e "$tmp/no.db" ]
ok "and no description" [ ! -e "$tmp/other.yaml" ]

# --- ncu

# fits FILE MODEL: the parts that the command names add up, and half of the kernels or more have counters.
fits() {
  "$corun" import ncu "$1" -m "$2" -o "$tmp/h200.db" >"$tmp/said" || return
  awk 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/ && n < 6) v[++n] = $i }
    /without counters:/ { line++; without += match($0, /\([0-9]+ times\)/) ? substr($0, RSTART + 1) + 0 : 1 }
    /no such kernel:/ { line++; stray += match($0, /\([0-9]+ times\)/) ? substr($0, RSTART + 1) + 0 : 1 }
    END { exit !(n == 6 && NR == line + 1 && v[1] == v[2] + v[3] + v[4] && without == v[4] && stray == v[6] &&
          2 * (v[2] + v[3]) >= v[1]) }' "$tmp/said"
}
if [ -d "$data/h200/ncu" ]; then
  cp "$builddir/share/corun/h200.db" "$tmp/h200.db"
  for file in "$data"/h200/ncu/*.csv.gz; do
    name=$(basename "$file" .csv.gz)
    ok "counters of $name are matched, and what is left is listed" fits "$file" "$name-bs1-fp32"
  done
  fails "counters of another model are not taken" 2 "has no model vgg16-bs1-fp32; did you mean" \
    "$corun" import ncu "$data/h200/ncu/vgg19.csv.gz" -m vgg16-bs1-fp32 -o "$tmp/h200.db"
  gzip -dc "$data/h200/ncu/vgg19.csv.gz" | head -c 9000 >"$tmp/cut.csv"
  fails "a table that is cut off is refused" 2 "cut.csv:" "$corun" import ncu "$tmp/cut.csv" -m vgg19-bs1-fp32 -o "$tmp/h200.db"
else
  skip "counters are matched, and what is left is listed" "$data/h200/ncu is not there; CORUN_SHARED_DATA can name the folder"
fi

done_testing
