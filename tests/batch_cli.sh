#!/usr/bin/env bash
# batch_cli.sh - batches and undivided platforms, as corun run, show and replay tell them.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun

cat >"$tmp/net.csv" <<'END'
model,layer,on,cores,batch,time_us,hd_us,exec_us,misc_us,dh_us
net,conv,xeon,2,,1000,,,,
net,conv,xeon,3,,800,,,,
net,conv,xeon,2,4,2000,,,,
net,conv,xeon,3,4,1600,,,,
net,conv,gpu,,1,,100,500,50,60
net,conv,gpu,,4,,150,700,50,80
net,fc,xeon,2,,500,,,,
net,fc,xeon,3,,400,,,,
net,fc,xeon,3,4,800,,,,
net,fc,gpu,,,,10,100,,10
net,fc,gpu,,4,,20,200,,10
END
cat >"$tmp/net.yaml" <<'END'
duration: 1s
warmup: 0
nodes:
  - {name: cpu, cores: 2, type: xeon}
  - {name: gpu, gpu: yes, type: xeon}
layers: net.csv
undivided: threads
clients:
  - {name: be, model: net, batch: 4, stages: [cpu=1, gpu=1]}
END
# In a row of CSV, by the names of columns: what stands in column $4 of the row of kind $2 and name $3 under policy $1.
cell() {
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { gsub(/"threads,on=cpu"/, "threads on=cpu") }
    $at["policy"] == policy && $at["row"] == row && $at["name"] == name { print $at[want] }' \
    policy="$1" row="$2" name="$3" want="$4" "$tmp/csv"
}
is() { [ "$(cell "$1" "$2" "$3" "$4")" = "$5" ] || { echo "$*: $(cell "$1" "$2" "$3" "$4")"; return 1; }; }
policies=(-p dart -p threads -p threads,on=cpu --strict -q)
"$corun" run "$tmp/net.yaml" "${policies[@]}" --format csv >"$tmp/csv" || exit 99
"$corun" run "$tmp/net.yaml" "${policies[@]}" --format json >"$tmp/json" || exit 99
"$corun" run "$tmp/net.yaml" "${policies[@]}" -o "$tmp/run.db" --timeline "$tmp/time.json" >"$tmp/table" || exit 99

# Four at a time: on the GPU in 150 + 700 + 50 + 200 + 10 us, on all 3 cores in 1600 + 800 us, and one after the other by stages.
ok 'a_batch_runs_on_a_gpu_in_its_time' is threads client be requests_done $((4 * (1000000 / 1110)))
ok 'and_on_all_cores_of_the_platform' is 'threads on=cpu' client be requests_done $((4 * (1000000 / 2400)))
ok 'by_stages_on_the_nodes_of_the_scenario' is dart client be requests_done $((4 * (1000000 / (2000 + 230))))
ok 'the_platform_is_undivided_for_those_listed' is 'threads on=cpu' device 3-xeon layers $((2 * (1000000 / 2400) + 1))
ok 'and_for_no_others' is dart device 3-xeon layers ''
ok 'cores_are_called_cores' is dart device cpu core_use_ratio "$(cell dart device cpu busy_ratio)"
ok 'a_node_has_no_sms' is dart device cpu sm_use_ratio ''
ok 'csv_is_a_rectangle' awk -F, '{ gsub(/"[^"]*"/, ""); if (NR > 1 && NF != n) exit 1; n = NF }' "$tmp/csv"
ok 'json_has_layers_and_cores' grep -qE '"name":"3-xeon","layers":[0-9]+,"busy_ratio":[0-9.]+,"core_use_ratio":[0-9.]+}' "$tmp/json"
ok 'the_table_says_cores' grep -qE '^policy +node +time +cores +layers' "$tmp/table"
ok 'the_timeline_says_how_many_ran_together' grep -q '"batch":4' "$tmp/time.json"
ok 'and_names_the_nodes_of_each_run' sh -c 'grep -q "threads / 3-xeon #0" "$1" && grep -q "dart / cpu #0" "$1"' - "$tmp/time.json"

same() { "$corun" show "$tmp/run.db" --format "$1" >"$tmp/shown" && diff "$2" "$tmp/shown"; }
ok 'show_tells_the_same_table' same table "$tmp/table"
ok 'show_tells_the_same_json' same json <(sed 's/ --format json//' "$tmp/json")
ok 'a_replay_decides_the_same' sh -c '"$1" replay "$2" | grep -c "the same" | grep -qx 3' - "$corun" "$tmp/run.db"

# Name of the test, what is said, and a change of the scenario.
bad() {
  "$corun" run "$tmp/net.yaml" -q --set "$3" >/dev/null 2>"$tmp/err"
  status=$?
  ok "$1" sh -c '[ "$1" = 2 ] && grep -qF -- "$2" "$3" || { cat "$3"; exit 1; }' - "$status" "$2" "$tmp/err"
}
bad 'a_batch_that_is_not_known' \
  'clients[0].batch: the table of layers has no times of 3 requests of model net together; it has those of 4' clients.be.batch=3
bad 'a_batch_of_none' "clients[0].batch: '0' is not possible; it must be from 1 to 1024" clients.be.batch=0
bad 'a_batch_of_real_time_requests' 'clients[0].batch: real-time requests run one by one' clients.be.class=rt
bad 'a_batch_that_is_never_full' 'clients[0].batch: its depth is less than its batch' clients.be.depth=3
bad 'a_batch_of_a_stage_without_its_time' 'clients[0].batch: layer fc of model net has no time of 4 requests together on node cpu' \
  'clients.be.stages=[gpu=1, cpu=1]'
bad 'an_unknown_policy_that_is_undivided' "undivided: there is no policy 'thread'" undivided=thread
sed -i '/^net,conv,xeon,2,,/d' "$tmp/net.csv"
bad 'a_batch_where_single_requests_cannot_run' \
  'net.csv:3: layer conv of model net has a time in batches of 4 on node cpu, but no line for one request there; add it' seed=1
sed -i 's/^net,conv,gpu,,4,/net,conv,gpu,,1025,/' "$tmp/net.csv"
bad 'a_size_that_cannot_be' 'net.csv:6: batch is "1025" where a number of requests from 1 to 1024 belongs' seed=1
"$corun" run disb-a -q --set clients.be-resnet152.batch=2 >/dev/null 2>"$tmp/err"
ok 'a_batch_without_nodes' grep -qF 'only of layers on nodes it is known how long several requests take together' "$tmp/err"
"$corun" run disb-a -q --set undivided=threads >/dev/null 2>"$tmp/err"
ok 'undivided_without_nodes' grep -qF 'undivided: there are no nodes that a policy could have as a whole' "$tmp/err"
done_testing
