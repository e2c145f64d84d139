#!/usr/bin/env bash
# docs_commands.sh - every command and every scenario that README.md, docs/scenarios.md and docs/tutorial.md show, and every example of
# a manual page, works as it stands there.
. "${srcdir:-.}/tests/tap.bash"
srcdir=$(cd "$srcdir" && pwd)
program=$(cd "$builddir" && pwd)/corun

# What the commands find in their folder: a trace, a model of REEF's and a workload of DISB's, both small, and a policy of one's own.
mkdir "$tmp/vgg"
echo '{"storage": [{"size": 4, "stype": "float32"}], "args": [0], "shared_memory": {},
  "kernels": [{"name": "k", "launch_params": [60, 1, 1, 64, 1, 1], "args": [0]}]}' >"$tmp/vgg/vgg.json"
echo '{"model_latency": 100, "kernel_latency": {"k": {"total_latency": 120, "latency": [120, 130]}}}' >"$tmp/vgg/vgg.profile.json"
echo '{"time": 1, "rt": [{"name": "vgg", "frequency": 100}], "be": [{"name": "vgg", "frequency": 100}]}' >"$tmp/A.json"
cp "$srcdir/tests/data/alexnet-bs1-fp32.graph.json.gz" "$tmp/trace.json.gz"
ok 'an_export_of_Nsight_Systems_is_written' "$builddir/tests/nsys_write" "$tmp/serve.sqlite" new
read -r -a cc <<<"${CC:-cc}"
ok 'the_example_policy_builds' "${cc[@]}" -std=c17 -shared -fPIC -I"$srcdir" -o "$tmp/mine.so" \
  "$srcdir/examples/policy-out-of-tree/turns.c"

# A run of 2 s shows no more here than one of 30 ms.
corun() {
  local shorter=()
  [[ $1 == run || "$1 $2" == 'sweep mine.yaml' || "$1 $2" == 'validate --live' ]] && shorter=(--set duration=30ms)
  [[ $* == *--measured* ]] && shorter=() # that took its time already
  "$program" "$@" "${shorter[@]}"
}
in_folder() { (cd "$tmp" && eval "$1"); }

section() { sed -n "/^## $2\$/,/^## /p" "$srcdir/$1"; }
n=0
while IFS= read -r line; do
  n=$((n + 1))
  command=${line%%  #*}
  command=${command/SCENARIO/disb-a}
  ok "README_says: $(sed 's/^ *//; s/ *$//; s/#/no./g' <<<"$command")" in_folder "$command"
done < <(section README.md 'What you can ask' | grep '^    corun ')
ok 'there_are_commands_in_the_README' test "$n" -ge 9

# Blocks of YAML are whole scenarios.
for page in README.md docs/scenarios.md docs/tutorial.md; do
  awk -v out="$tmp/$(basename "$page")" '
    /^```yaml$/ { n++; inside = 1; next }
    /^```$/ { inside = 0 }
    inside { print >(out "." n ".yaml") }' "$srcdir/$page"
done
ok 'the_device_of_an_export_is_described' grep -q 'sms: 132' "$tmp/gpu.yaml"
rm -f "$tmp/gpu.yaml" # no scenario
for file in "$tmp"/*.yaml; do
  ok "the_scenario_runs: $(basename "$file")" corun run "$file"
done

# Each --set that docs/scenarios.md shows.
while IFS= read -r set; do
  ok "docs_say: $set" eval "corun run disb-c -p streams $set"
done < <(section docs/scenarios.md '--set' | grep -oE -e "\`--set [^\`]*\`" | tr -d '`' | grep -v 'KEY=VALUE')

# The tutorial, from the top; what stands between ``` needs a GPU, but for the scenario.
ok 'the_scenario_of_the_tutorial_is_the_bundled_one' diff "$tmp/tutorial.md.1.yaml" "$srcdir/traces/scenarios/serve-train.yaml"
mv "$tmp/tutorial.md.1.yaml" "$tmp/mine.yaml"
ln -s "$srcdir/plots" "$tmp/plots"
export CORUN=$program
n=0
while IFS= read -r command; do
  n=$((n + 1))
  claim="the_tutorial_says: ${command//#/no.}"
  if [[ $command == plots/* ]] && ! command -v "${GNUPLOT:-gnuplot}" >/dev/null; then
    skip "$claim" 'gnuplot is not there: apt-get install gnuplot-nox'
  else
    ok "$claim" in_folder "$command"
  fi
done < <(awk '/^<!-- \$/ { quoted = 1 } /^<!-- end/ { quoted = 0 } /^```/ { fence = !fence } !quoted && !fence' "$srcdir/docs/tutorial.md" | sed -n 's/^    \([a-z]\)/\1/p')
ok 'there_are_commands_in_the_tutorial' test "$n" -ge 12

# Examples of manual pages; those of collect need a GPU.
n=0
while IFS= read -r command; do
  n=$((n + 1))
  ok "a_manual_page_says: $command" in_folder "$command"
done < <(awk '/^@ / { example = / EXAMPLES$/ && $2 != "collect"; next } example && /^  / { sub(/^ +/, ""); sub(/  .*/, ""); print }' \
  "$srcdir/build-aux/man-notes.txt")
ok 'there_are_examples_in_manual_pages' test "$n" -ge 20
done_testing
