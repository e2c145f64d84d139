#!/usr/bin/env bash
# plan_cli.sh - `corun plan dart`: the answer and its forms, the same for any -j, infeasible sets, and every kind of bad input.
. "${srcdir:-.}/tests/tap.bash"
. "$srcdir/tests/sanitizer.bash"
corun=$(cd "$builddir" && pwd)/corun
plan() { "$corun" plan dart "$@"; }
prints() { # TEXT ARGUMENT...: exit 0, and the text is printed
  local text=$1 out
  shift
  out=$(plan "$@" 2>&1) || { echo "$out"; return 1; }
  [[ $out == *"$text"* ]] || { echo "$out"; return 1; }
}

# -- answers --
cat >"$tmp/example.yaml" <<'YAML'
# The worked example of Algorithm 1: 1 unit is 1 ms.
about: worked
platform:
  name: three
  cores: [{type: c, count: 3}]
  gpus: [{type: g, count: 1}]
models:
  - name: B
    layers:
      - {name: l1, cpu: [{cores: c, times: [6ms, 3ms]}], gpu: [{gpu: g, exec: 2ms}]}
      - {name: l2, cpu: [{cores: c, times: [4ms, 4ms]}], gpu: [{gpu: g, exec: 2ms}]}
      - {name: l3, cpu: [{cores: c, times: [6ms, 3ms]}], gpu: [{gpu: g, exec: 1ms}]}
  - name: A
    layers:
      - {name: l1, cpu: [{cores: c, times: [8ms, 4ms]}], gpu: [{gpu: g, exec: 2ms}]}
      - {name: l2, cpu: [{cores: c, times: [3ms, 3ms]}], gpu: [{gpu: g, exec: 3ms}]}
      - {name: l3, cpu: [{cores: c, times: [9ms, 5ms]}], gpu: [{gpu: g, exec: 2ms}]}
      - {name: l4, cpu: [{cores: c, times: [2ms, 2ms]}], gpu: [{gpu: g, exec: 3ms}]}
      - {name: l5, cpu: [{cores: c, times: [4ms, 2ms]}], gpu: [{gpu: g, exec: 1ms}]}
tasks:
  - {name: t1, class: rt, model: B, period: 40ms, weight: 2}
  - {name: t2, class: rt, model: A, period: 60ms}
  - name: b1
    class: be
    period: 100ms
    layers:
      - {name: l1, cpu: [{cores: c, times: [12ms, 6ms]}], gpu: [{gpu: g, exec: 4ms}]}
      - {name: l2, cpu: [{cores: c, times: [12ms, 6ms]}], gpu: [{gpu: g, exec: 4ms}]}
      - {name: l3, cpu: [{cores: c, times: [6ms, 6ms]}], gpu: [{gpu: g, exec: 3ms}]}
      - {name: l4, cpu: [{cores: c, times: [6ms, 3ms]}], gpu: [{gpu: g, exec: 2ms}]}
YAML
ok 'the_worked_example_under_the_paper_s_bound' prints 'least weighted response W = 0.7333' "$tmp/example.yaml" --bound paper
ok 'is_a_GPU_node_before_two_cores' diff <(plan "$tmp/example.yaml" --bound paper --format csv | grep ^node | cut -d, -f13,14) \
  <(printf '%s\n' '1,g + 1 c' '2,2 c')
ok 'the_worked_example_under_the_tight_bound' prints 'least weighted response W = 0.5333' "$tmp/example.yaml"
ok 'is_a_GPU_node_between_cores' diff <(plan "$tmp/example.yaml" --format csv | grep ^node | cut -d, -f13,14) \
  <(printf '%s\n' '1,1 c' '2,g + 1 c' '3,1 c')
ok 'both_bundled_sets_are_feasible' sh -c '"$1" plan dart dart-xeon && "$1" plan dart dart-tx2' - "$corun"

same_for_any_j() { # FORMAT ARGUMENT...
  local format=$1 j
  shift
  plan "$@" --format "$format" >"$tmp/j1" || [ $? -eq 1 ] || return 1
  for j in 2 3 7; do
    plan "$@" --format "$format" -j $j >"$tmp/jn" || [ $? -eq 1 ] || return 1
    cmp "$tmp/j1" "$tmp/jn" || return 1
  done
}
for format in table csv json; do
  ok "any_j_gives_the_same_${format}" same_for_any_j $format dart-xeon
done
ok 'and_of_an_infeasible_set' same_for_any_j json dart-xeon --bound paper

# Stages of a task cover its layers in order, nodes ascend, and the margin is what deadline and response say.
check_csv='
  $1 == "task" && $3 == "rt" && $9 != $7 - $8 { print "margin of " $2; bad = 1 }
  $1 == "stage" { if ($15 != last[$2] + 1 || $13 <= node[$2]) { print "stage of " $2; bad = 1 } last[$2] = $16; node[$2] = $13 }
  END { if (last["vgg_rt"] != 16 || last["lenet_rt_1"] != 9) bad = 1; exit bad }'
csv_adds_up() { plan dart-xeon --format csv | awk -F, "$check_csv"; }
ok 'stages_cover_the_layers_and_margins_add_up' csv_adds_up
json_says() { plan "$1" --format json >"$tmp/json"; grep -q "$2" "$tmp/json" || { cat "$tmp/json"; return 1; }; }
ok 'json_has_what_a_run_time_needs' json_says "$tmp/example.yaml" \
  '"name":"t1","class":"rt","model":"B","period_ns":40000000,"deadline_ns":40000000,"priority":0,"weight":2,"response_ns":16000000,"margin_ns":24000000.*"stages":\[{"node":0,"first_layer":0,"layers":1,"time_ns":6000000,"cost_ns":6000000}'
ok 'fewer_nodes_give_fewer_pipelines' prints 'of 84 pipelines of up to 4 nodes' dart-tx2 --nodes-max 4

ok 'list_shows_the_bundled_sets' sh -c '"$1" list tasks | grep -q "^dart-xeon  *xeon-gtx1080  *8  *2 "' - "$corun"
ok 'list_shows_the_bundled_platforms' sh -c '"$1" list platforms | grep -q "^tx2  *6  *1  *3 "' - "$corun"
ok 'the_bundled_platforms_are_what_their_script_writes' sh -c 'for p in xeon-gtx1080 tx2; do
  ${AWK:-awk} -v platform=$p -f "$1/traces/platforms/make-platforms.awk" | diff "$1/traces/platforms/$p.yaml" - || exit 1; done' - "$srcdir"

ok 'D_alone_is_a_bound_too' prints 'bound D' dart-tx2 --bound D
ok 'and_H' prints 'bound H' dart-tx2 --bound H

# -- the baselines: R = the longest be request + one request of each rt task --
threads() { "$corun" plan threads "$@"; }
example_on() { # gpu: 5 + 11 ms of rt (copies take nothing), 13 of be; cpu has no times for 3 cores
  sed 's/\[6ms, 3ms\]/[6ms, 3ms, 2ms]/; s/\[4ms, 4ms\]/[4ms, 4ms, 4ms]/; s/\[8ms, 4ms\]/[8ms, 4ms, 3ms]/; s/\[3ms, 3ms\]/[3ms, 3ms, 3ms]/
    s/\[9ms, 5ms\]/[9ms, 5ms, 3ms]/; s/\[2ms, 2ms\]/[2ms, 2ms, 2ms]/; s/\[4ms, 2ms\]/[4ms, 2ms, 2ms]/; s/\[12ms, 6ms\]/[12ms, 6ms, 4ms]/
    s/\[6ms, 6ms\]/[6ms, 6ms, 6ms]/' "$tmp/example.yaml" >"$tmp/wide.yaml"
  threads "$tmp/wide.yaml" "$@" --format csv | cut -d, -f1,6-8
}
ok 'BaseGPU_of_the_worked_example' diff <(example_on) \
  <(printf '%s\n' task,request_ns,response_ns,margin_ns t1,5000000,29000000,11000000 t2,11000000,29000000,31000000 b1,13000000,,)
ok 'BaseCPU_of_the_worked_example' diff <(example_on --on cpu) \
  <(printf '%s\n' task,request_ns,response_ns,margin_ns t1,8000000,37000000,3000000 t2,13000000,37000000,23000000 b1,16000000,,)
baseline_says() { # STATUS TEXT ARGUMENT...
  local want=$1 text=$2 out status
  shift 2
  out=$(threads "$@" 2>&1)
  status=$?
  [[ $status == "$want" && $out == *"$text"* ]] || { echo "$status: $out"; return 1; }
}
ok 'a_baseline_that_meets_all_says_so' baseline_says 0 'every deadline is met; weighted response W = 0.9667: each responds within 29.0 ms, 13.0 ms of b1 and 16.0 ms of' \
  "$tmp/wide.yaml"
ok 'one_that_does_not_exits_with_1' baseline_says 1 '5 of 8 rt tasks may miss their deadlines: each responds within 101 ms' dart-xeon
ok 'one_that_is_overloaded_has_no_bound' baseline_says 1 'they need 121.9 % of the node, so that there is no bound' dart-tx2 --on cpu
ok 'a_baseline_in_json' baseline_says 1 '"on":"gpu","core":"xeon","cores":1,"gpu":"gtx1080",' dart-xeon --format json
fails 'layers_need_times_on_all_cores_for_BaseCPU' 2 "example: layer 'l1' of t1 has no time on all 3 cores of type c, which one node would have; add it to cpu" \
  threads "$tmp/example.yaml" --on cpu
fails 'it_knows_no_other_node' 2 "--on 'tpu': it is gpu or cpu" threads dart-xeon --on tpu
fails 'it_has_no_bounds_to_choose' 2 '--bound does not go with plan threads' threads dart-xeon --bound paper
fails 'and_no_nodes' 2 '--nodes-max does not go with plan threads' threads dart-xeon --nodes-max 2
fails 'dart_has_no_node_to_choose' 2 '--on does not go with plan dart' plan dart-xeon --on cpu

# 12 cores and a GPU, 20 tasks of 50 layers, up to 6 nodes: well within 10 s, read and all (0.4 s when this was written).
${AWK:-awk} 'BEGIN {
  print "platform:\n  name: twelve\n  cores: [{type: c, count: 12}]\n  gpus: [{type: g, count: 1}]\ntasks:"
  for (i = 0; i < 20; i++) {
    printf "  - name: t%d\n    class: %s\n    period: %dms\n    layers:\n", i, i % 4 != 3 ? "rt" : "be", 300 + 30 * i
    for (j = 0; j < 50; j++) {
      s = 1000 * (1 + (i * 7 + j * 13) % 9)
      times = ""
      for (m = 1; m <= 11; m++)
        times = times (m > 1 ? ", " : "") sprintf("%dus", (i + j) % 3 ? s * (.1 + .9 / m) : s)
      printf "      - {name: l%d, cpu: [{cores: c, times: [%s]}], gpu: [{gpu: g, hd: 20us, exec: %dus, dh: 20us}]}\n", j, times, s * .06
    }
  }
}' >"$tmp/large.yaml"
planned_in=10
is_sanitized "$corun" && planned_in=200 # s; it is many times slower
ok 'a_large_platform_is_planned_in_10_s' timeout "$planned_in" "$corun" plan dart "$tmp/large.yaml" --nodes-max 6 -j 2
ok 'over_all_its_pipelines' prints 'of 2072 pipelines of up to 6 nodes' "$tmp/large.yaml" --nodes-max 6

sed 's/^    period: 100ms/    period: 9ms/' "$tmp/example.yaml" >"$tmp/busy.yaml"
ok 'best_effort_tasks_that_fall_behind_are_said' prints 'has more to do than time; be tasks there fall behind' "$tmp/busy.yaml"

# -- from a plan to a run --
here=$(cd "$srcdir" && pwd)
cd "$tmp" || exit 99
ok 'a_plan_is_written_as_a_scenario' plan dart-tx2 --scenario run.yaml
ok 'and_leaves_nothing_else' test "$(ls run.yaml*)" = run.yaml
"$corun" run run.yaml -o run.db --format csv >run.csv
bound_is() { # CLIENT NS: its bound under dart, which nothing exceeds
  awk -F, -v c="$1" -v ns="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    $at["policy"] == "dart" && $at["name"] == c { ok = $at["bound_ns"] == ns && $at["bound_exceeded"] == 0 && $at["latency_max_ns"] <= ns &&
      $at["deadline_missed"] == 0 && $at["requests_done"] > 90 } END { exit !ok }' run.csv || { cat run.csv; return 1; }
}
ok 'it_runs_at_once_within_its_bounds' bound_is lenet_rt_1 35216000
ok 'of_each_task' bound_is alexnet_rt_2 33304000
ok 'another_policy_exceeds_them' sh -c 'cut -d, -f3,8,18,19 run.csv | grep -q "^threads,lenet_rt_1,35216000,[1-9]"'
ok 'a_run_database_keeps_them' diff <("$corun" show run.db --format csv | cut -d, -f2-40) <(cut -d, -f2-40 run.csv)
ok 'under_any_policy_it_is_asked_for' "$corun" run run.yaml -p dart,streams=1 -p exclusive --set duration=2s
ok 'with_best_effort_that_never_rests' "$corun" run run.yaml -p dart --set clients.lenet_be.arrival=closed
fails 'a_scenario_is_not_written_over' 2 'run.yaml' plan dart-tx2 --scenario run.yaml
fails 'nor_into_a_folder_that_is_not_there' 2 'none/x.yaml' plan dart-tx2 --scenario none/x.yaml
fails 'without_a_plan_nothing_is_written' 1 'none of 320 pipelines' plan dart-xeon --bound paper --scenario no.yaml
ok 'not_even_in_part' test ! -e no.yaml -a ! -e no.yaml.partial
bundled_again() { # SET: planning it anew writes the bundled scenario, but for the line of the version
  "$corun" plan dart "$1" --scenario "again-$1.yaml" >/dev/null && diff <(grep -v '^# corun ' "again-$1.yaml") <(grep -v '^# corun ' "$here/traces/scenarios/$1.yaml")
}
ok 'the_bundled_scenario_of_dart_tx2_is_its_plan' bundled_again dart-tx2
ok 'the_bundled_scenario_of_dart_xeon_too' bundled_again dart-xeon
ok 'and_that_of_dart_h200' bundled_again dart-h200
cat >batch.yaml <<'YAML'
platform: {name: p, cores: [{type: c, count: 3}], gpus: [{type: g, count: 1}]}
models:
  - {name: m, layers: [{name: l, cpu: [{cores: c, times: [90ms, 80ms]}], gpu: [{gpu: g, hd: 30us, exec: 1ms, dh: 20us}]}]}
tasks:
  - {name: t, class: rt, model: m, period: 200ms}
  - {name: b, class: be, model: m, period: 100ms, batch: 4}
YAML
ok 'a_set_with_batches' plan batch.yaml --scenario batch-run.yaml
ok 'has_their_copies_in_full' grep -q 'gpu_copy: 120us' batch-run.yaml
ok 'and_runs_without_times_of_batches' "$corun" run batch-run.yaml -p dart
ok 'nor_is_a_platform_whole_of_which_no_times_are_known' sh -c '! grep -q undivided batch-run.yaml && grep -q "^undivided: .threads." run.yaml'
fails 'one_scenario_is_of_one_set' 2 'it is for the plan of one set' plan dart-tx2 dart-xeon --scenario two.yaml
fails 'and_of_dart' 2 '--scenario does not go with plan threads' "$corun" plan threads dart-tx2 --scenario two.yaml
cat >odd.yaml <<'YAML'
about: 'says: "quotes" # and more'
platform:
  name: odd
  cores: [{type: "#c", count: 2}]
  gpus: [{type: "g:1", count: 1}]
models:
  - name: "'n"
    source: 'colon: here'
    layers: [{name: "&a", cpu: [{cores: "#c", times: [1ms]}], gpu: [{gpu: "g:1", exec: 0}]}, {name: b, cpu: [{cores: "#c", times: [1234567ns]}], gpu: [{gpu: "g:1", hd: 1ns, exec: 1.5us, dh: 1.000001s}]}]
tasks:
  - {name: "{t", class: rt, model: "'n", period: 3s}
  - {name: "'n", class: be, period: 3s, layers: [{name: "*", cpu: [{cores: "#c", times: [1ms]}], gpu: [{gpu: "g:1", exec: 1ms}]}]}
  - {name: -x, class: rt, period: 3s, layers: [{name: "*", cpu: [{cores: "#c", times: [2ms]}], gpu: [{gpu: "g:1", exec: 2ms}]}]}
YAML
ok 'odd_names_come_through' plan odd.yaml --scenario odd-run.yaml
ok 'and_run' "$corun" run odd-run.yaml -p dart
ok 'times_are_kept_to_the_ns' grep -q 'hd: 1ns, exec: 1.5us, misc: 0, dh: 1.000001s' odd-run.yaml
sed 's/period: 3s}/period: 900ns, deadline: 800ns}/; s/model: "'"'"'n", period/layers: [{name: z, cpu: [{cores: "#c", times: [10ns]}], gpu: [{gpu: "g:1", exec: 10ns}]}], period/' odd.yaml >short.yaml
fails 'what_could_not_run_is_not_written' 2 "period: '900ns' is not possible; a period is 1 us at least" plan short.yaml --scenario short-run.yaml
ok 'either' test ! -e short-run.yaml
cd "$OLDPWD" || exit 99

# -- an infeasible set is an answer --
fails 'an_infeasible_set_exits_with_1' 1 'none of 320 pipelines of up to 8 nodes meets every deadline; on the nearest 2 of 8 rt tasks may miss:' \
  plan dart-xeon --bound paper
sed 's/period: 40ms, weight/period: 40ms, deadline: 10ms, weight/' "$tmp/example.yaml" >"$tmp/late.yaml"
fails 'and_says_which_task_misses_by_how_much' 1 't1: up to 16.0 ms, 6.00 ms (60.0 %) beyond its deadline of 10.0 ms' plan "$tmp/late.yaml"
fails 'in_json_too' 1 '"feasible":false,"configurations":5,"configurations_passed":0' plan "$tmp/late.yaml" --format json

# -- bad input: 2, the place, and what to do --
# bad CLAIM SENTENCE SED: the worked example, changed
bad() {
  sed "$3" "$tmp/example.yaml" >"$tmp/bad.yaml"
  cmp -s "$tmp/example.yaml" "$tmp/bad.yaml" && echo '# nothing was changed'
  fails "$1" 2 "$2" plan "$tmp/bad.yaml"
}
bad 'a_task_without_a_period' 'bad.yaml:21: tasks[0]: t1 has no period; add it, such as period: 100ms' 's/model: B, period: 40ms/model: B/'
bad 'a_be_task_without_a_period' 'bad.yaml:23: tasks[2]: b1 has no period' '/^    period: 100ms/d'
bad 'a_deadline_beyond_the_period' "bad.yaml:21: tasks[0].deadline: '50ms' is beyond the period 40ms" 's/period: 40ms/period: 40ms, deadline: 50ms/'
bad 'a_layer_that_no_node_can_carry' \
  "bad.yaml:21: tasks[0].period: layer 'l1' of t1 takes 2.00 ms or more on any node, 200.0 % of this period of 1ms; no node can carry it" \
  's/model: B, period: 40ms/model: B, period: 1ms/'
bad 'a_layer_without_a_time_on_some_number_of_cores' "bad.yaml:10: models[0].layers[0]: layer 'l1' has no time on 2 c; give times for 1 to 2" 's/\[6ms, 3ms\]/[6ms]/'
bad 'a_layer_without_times_on_cores' "bad.yaml:11: models[0].layers[1]: layer 'l2' has no time on 1 c" 's/name: l2, cpu: \[{cores: c, times: \[4ms, 4ms\]}\], /name: l2, /'
bad 'a_layer_without_a_time_on_the_GPU' "bad.yaml:10: models[0].layers[0]: layer 'l1' has no time on the GPU g" '10s/, gpu: \[{gpu: g, exec: 2ms}\]//'
bad 'more_times_than_cores' 'bad.yaml:11: models[0].layers[1].cpu[0]: 4 times, for 1 to 4 cores, but three has 3 c' 's/\[4ms, 4ms\]/[4ms, 4ms, 4ms, 4ms]/'
bad 'a_platform_without_a_GPU' 'the platform three has no GPU; add gpus, such as' '/^  gpus:/d'
bad 'a_list_of_no_GPUs' 'bad.yaml:6: the platform three has no GPU' 's/^  gpus: .*/  gpus: []/'
bad 'more_GPUs_than_cores' 'bad.yaml:6: platform.gpus: there are 4 GPUs but 3 cores; each GPU needs a core of its own' 's/{type: g, count: 1}/{type: g, count: 4}/'
bad 'no_platform' "'platform' is missing; add it" '3,6d'
bad 'an_unknown_key' "bad.yaml:21: unknown key 'perod' in tasks[0]; did you mean 'period'?" 's/model: B, period/model: B, perod/'
bad 'an_unknown_key_of_a_layer' "bad.yaml:10: unknown key 'cpus' in models[0].layers[0]; did you mean 'cpu'?" '10s/cpu:/cpus:/'
bad 'an_unknown_overhead' "unknown key 'eps_x' in platform.overheads" 's/^  gpus:/  overheads: {eps_x: 1us}\n  gpus:/'
bad 'two_tasks_of_one_name' "bad.yaml:22: tasks[1]: 't1' is the name of tasks[0] too; give each its own" 's/name: t2/name: t1/'
bad 'two_models_of_one_name' "bad.yaml:13: models[1]: 'B' is the name of models[0] too" 's/- name: A/- name: B/'
bad 'two_layers_of_one_name' "bad.yaml:11: models[0].layers[1]: 'l1' is the name of models[0].layers[0] too" '11s/l2/l1/'
bad 'two_types_of_cores_of_one_name' "bad.yaml:5: platform.cores[1]: 'c' is the name of platform.cores[0] too" 's/cores: \[{type: c, count: 3}\]/cores: [{type: c, count: 3}, {type: c, count: 1}]/'
bad 'times_on_one_type_given_twice' 'bad.yaml:10: models[0].layers[0].cpu[1]: times on c are here twice' '10s/cpu: \[/cpu: [{cores: c, times: [1ms, 1ms]}, /'
bad 'an_unknown_type_of_cores' "bad.yaml:10: models[0].layers[0].cpu[0].cores: three has no cores 'xeon'; there are: c" '10s/cores: c/cores: xeon/'
bad 'an_unknown_GPU' "bad.yaml:10: models[0].layers[0].gpu[0].gpu: three has no GPU 'tesla'; there are: g" '10s/gpu: g/gpu: tesla/'
bad 'an_unknown_model' "bad.yaml:21: tasks[0].model: there is no model 'resnet'; there are: B, A" 's/model: B/model: resnet/'
bad 'a_task_without_a_model' 'bad.yaml:21: tasks[0]: t1 has no model; add it, or layers' 's/model: B, //'
bad 'a_class_that_is_none' "bad.yaml:21: tasks[0].class: there is no class 'hard'; there are: rt, be" '21s/class: rt/class: hard/'
bad 'a_deadline_of_a_be_task' 'tasks[2].deadline: a task of class be has no deadline; remove it' 's/^    period: 100ms/    period: 100ms\n    deadline: 50ms/'
bad 'a_batch_of_an_rt_task' 'bad.yaml:21: tasks[0].batch: a task of class rt has no batch; remove it' 's/weight: 2/batch: 2/'
bad 'a_weight_of_zero' "bad.yaml:21: tasks[0].weight: '0' is not possible; it is from 1 to 1000000" 's/weight: 2/weight: 0/'
bad 'a_time_without_a_unit' "bad.yaml:21: tasks[0].period: '40'" 's/period: 40ms/period: 40/'
bad 'a_period_of_nothing' "bad.yaml:21: tasks[0].period: '0' is too short" 's/period: 40ms/period: 0/'
bad 'a_time_of_a_day' "bad.yaml:21: tasks[0].period: '24h' is too long; at most 5 h are allowed here" 's/period: 40ms/period: 24h/'
bad 'layers_of_hours_together' 'bad.yaml:8: models[0]: its layers take longer than 5 h together' 's/exec: [12]ms/exec: 1h, misc: 1h/'
bad 'a_layer_of_two_hours' "bad.yaml:10: models[0].layers[0].gpu[0].exec: '2h' is too long; a part of a layer takes at most an hour" '10s/exec: 2ms/exec: 2h/'
bad 'a_name_that_a_scenario_could_not_have' "bad.yaml:21: tasks[0]: 't=1' is no name; it has 1 to 80 characters without blanks or any of" 's/name: t1/name: t=1/'
bad 'no_rt_task' 'tasks: none is of class rt; there is nothing to guarantee' 's/class: rt/class: be/; s/, weight: 2//'
bad 'no_task' 'the list is empty' '21,$d; s/^tasks:/tasks: []/'
bad 'an_unknown_bundled_platform' 'did you mean tx2?' '3,6d; 2a platform: tx3'
sed '2a models:\n  - name: lenet\n    layers: [{name: a}]' "$srcdir/traces/tasks/dart-tx2.yaml" >"$tmp/twice.yaml"
fails 'a_model_that_the_platform_has_too' 2 "twice.yaml:4: models[0]: the platform tx2 has a model 'lenet' too" plan "$tmp/twice.yaml"
cp "$srcdir/traces/platforms/tx2.yaml" "$tmp/mine.yaml"
sed 's/platform: tx2/platform: .\/mine.yaml/' "$srcdir/traces/tasks/dart-tx2.yaml" >"$tmp/beside.yaml"
ok 'a_platform_file_lies_beside_the_tasks' prints 'beside on tx2' "$tmp/beside.yaml"
sed -i 's/eps_s: 30us/eps_s: 30/' "$tmp/mine.yaml"
fails 'errors_in_it_name_both_files' 2 "mine.yaml:6: overheads.eps_s: '30'" plan "$tmp/beside.yaml"

fails 'more_nodes_than_cores' 2 '--nodes-max 9: xeon-gtx1080 has 8 cores, and each node needs one; give at most 8' plan dart-xeon --nodes-max 9
fails 'fewer_nodes_than_there_must_be' 2 'xeon-gtx1080 cannot be divided into 1 nodes or fewer' plan dart-xeon --nodes-max 1
fails 'no_nodes' 2 "--nodes-max '0': give a number from 1 to" plan dart-xeon --nodes-max 0
fails 'an_unknown_bound' 2 "--bound 'loose': it is tight, paper, D or H" plan dart-xeon --bound loose
fails 'an_unknown_format' 2 'there is no format "xml"' plan dart-xeon --format xml
fails 'an_unknown_task_set' 2 'did you mean dart-xeon?' plan dart-xeom
fails 'a_file_that_is_not_there' 2 'none.yaml: cannot be opened' plan "$tmp/none.yaml"
fails 'no_task_set' 2 'plan dart needs the tasks' plan
fails 'nothing_to_plan' 2 'plan needs to know what: dart or threads' "$corun" plan
fails 'something_else_to_plan' 2 "nothing plans 'darts'; there are: dart, threads" "$corun" plan darts
done_testing
