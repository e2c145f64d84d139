#!/usr/bin/env bash
# task_sets_cli.sh - `corun generate tasks`, and `corun plan` of many sets: what is drawn is what was asked for, rows are what each set
# gives by itself, bounds keep their order, and every kind of bad input.
. "${srcdir:-.}/tests/tap.bash"
corun=$(cd "$builddir" && pwd)/corun
cd "$tmp" || exit 99
case ${CORUN_DATA:-} in ''|/*) ;; *) CORUN_DATA=$OLDPWD/$CORUN_DATA ;; esac
gen() { "$corun" generate tasks "$@"; }
rows() { # FOLDER [OPTION]...: CSV of plan dart without the time it took
  "$corun" plan dart "$@" --format csv -j 2 >all.csv || [ $? -eq 1 ] || return 1
  cut -d, -f1-11 all.csv
}
absent() { local f; for f; do [ ! -e "$f" ] || { echo "$f is there"; return 1; }; done; }

# -- what is drawn --
ok 'a_hundred_sets_are_drawn' gen -n 100 --utilization 0.6 --tasks 10 -o six
ok 'each_in_its_file' sh -c '[ "$(ls six | wc -l)" = 100 ] && [ -e six/set-001.yaml ] && [ -e six/set-100.yaml ]'
ok 'behind_the_command_that_made_it' grep -q '^# corun [^ ]* ([^)]*): corun generate tasks -n 100 --utilization 0.6 --tasks 10 -o six$' six/set-007.yaml
used() { # FOLDER U RT BE TOLERANCE: every set loads, and its rt tasks use so much of the GPU
  rows "$1" | awk -F, -v u="$2" -v rt="$3" -v be="$4" -v tolerance="$5" '
    NR > 1 { n++; if ($3 != rt || $4 != be || $5 > u + 1e-6 || $5 < u * (1 - tolerance)) { print; bad = 1 } }
    END { exit bad || !n }'
}
ok 'all_load_and_use_what_was_asked_for' used six 0.6 10 2 0.001
ok 'also_more_than_one_GPU_has' gen -n 20 --utilization 2.5 --tasks 6 --be-tasks 0 --platform tx2 -s 4 -o much
ok 'which_none_uses_by_itself' sh -c '! grep -h period much/*.yaml | sed "s/.*model: \([a-z]*\), period: \([0-9]*\)us.*/\1 \2/" |
  awk "BEGIN { least[\"lenet\"] = 8000; least[\"pilotnet\"] = 19000; least[\"alexnet\"] = 6000 } \$2 < least[\$1]" | grep .'
ok 'and_they_use_it_together' used much 2.5 6 0 0.001
same() { gen "${@:3}" -o "$1" && gen "${@:3}" -o "$2" && diff <(cat "$1"/*.yaml | grep -v '^#') <(cat "$2"/*.yaml | grep -v '^#'); }
ok 'the_same_seed_gives_the_same_sets' same one two -n 5 -s 9
differs() { ! diff -q <(grep -v '^[#a]' "$1") <(grep -v '^[#a]' "$2") >/dev/null; }
ok 'another_seed_gives_others' sh -c '"$1" generate tasks -n 5 -s 10 -o other' - "$corun"
ok 'which_they_are' differs one/set-1.yaml other/set-1.yaml
ok 'and_sets_of_a_seed_differ' differs one/set-1.yaml one/set-2.yaml
ok 'a_set_does_not_depend_on_how_many_there_are' gen -n 20 -s 9 -o more
ok 'but_for_its_name' diff <(grep -v '^#' one/set-3.yaml) <(grep -v '^#' more/set-03.yaml)
models() { cat "$1"/*.yaml | sed -n "s/.*class: $2, model: \([^,]*\),.*/\1/p" | sort | uniq -c | awk '{ print $2, $1 }'; }
spread() { # about a quarter each, of 1000 draws: 5 standard deviations
  models six rt | awk '{ n++; if ($2 < 182 || $2 > 318) bad = 1; print } END { exit bad || n != 4 }'
}
ok 'models_are_drawn_evenly' spread
ok 'heavy_and_light_ones_as_asked_for' gen -n 10 --heavy 0.3 --be-tasks 0 -o three
heavy_ones() { grep -c 'vgg16\|alexnet' three/*.yaml | awk -F: '$2 != 3 { exit 1 }'; }
ok 'three_of_ten_in_each_set' heavy_ones
ok 'or_the_named_ones' gen -n 4 --heavy 1 --heavy-models lenet --be-tasks 0 -o named
ok 'and_no_other' diff <(models named rt) <(echo lenet 40)
ok 'weights_hold' gen -n 100 --models lenet=3,vgg16 --be-tasks 0 -o mixed
weighted() { models mixed rt | awk '$1 == "lenet" && ($2 < 682 || $2 > 818) { bad = 1 } { n++; print } END { exit bad || n != 2 }'; }
ok 'as_given' weighted
ok 'deadlines_are_a_part_of_the_period' gen -n 3 --deadline 0.8 -o short
parts() { grep -h deadline: short/*.yaml | sed 's/.*period: \([0-9]*\)us, deadline: \([0-9]*\)us.*/\1 \2/' | awk '{ n++; d = $2 - .8 * $1; if (d > .51 || d < -.51) bad = 1 } END { exit bad || n != 30 }'; }
ok 'of_every_rt_task' parts
ok 'all_cores_can_be_the_reference' gen -n 2 --reference cpu --platform tx2 --tasks 1 --models lenet --be-tasks 0 -o cpu
ok 'then_periods_follow_from_them' grep -q 'model: lenet, period: 12174us' cpu/set-1.yaml # 6.087 ms on 4 a57, over 0.5
ok 'one_set_goes_to_the_terminal' sh -c '"$1" generate tasks -n 1 -s 9 -o - | grep -v "^#" | diff - "$2"' - "$corun" <(grep -v '^#' one/set-1.yaml)
sed 's/^name: tx2/name: mine/; s/- name: lenet/- name: "\&lenet"/' "$CORUN_DATA/platforms/tx2.yaml" >mine.yaml
ok 'a_platform_of_one_s_own_is_found_from_another_folder' gen -n 30 --platform ./mine.yaml -o own
ok 'with_names_that_need_quotes' used own 0.5 10 2 0.001

# -- many sets --
ok 'a_row_is_what_the_set_gives_by_itself' diff <(rows one/set-2.yaml one/set-4.yaml | tail -1 | cut -d, -f7,10,11) \
  <("$corun" plan dart one/set-4.yaml --format json | sed -n 's/.*"feasible":\([a-z]*\),"configurations":\([0-9]*\),"configurations_passed":\([0-9]*\).*/\1 \3 \2/p' |
    sed 's/true/1/; s/false/0/; s/ /,/g')
ok 'with_its_W' sh -c '"$1" plan dart dart-xeon dart-tx2 | grep -q "dart-xeon .* yes  *0.9814 .* 2  *320 "' - "$corun"
ok 'and_a_table_counts_them' sh -c '"$1" plan dart dart-xeon dart-tx2 | grep -qx "2 of 2 sets are feasible (tight)"' - "$corun"
ok 'json_has_them_too' sh -c '"$1" plan threads dart-xeon dart-tx2 --format json | grep -q "\"set\":\"dart-tx2\".*\"feasible\":false"' - "$corun"
any_j() {
  "$corun" plan dart six --format csv | cut -d, -f1-11 >j1
  for j in 2 5; do "$corun" plan dart six --format csv -j $j | cut -d, -f1-11 | cmp - j1 || return 1; done
}
ok 'any_j_gives_the_same_rows' any_j
fails 'when_one_is_infeasible_the_status_is_1' 1 '1 of 2 sets are feasible (paper)' "$corun" plan dart dart-xeon dart-tx2 --bound paper

# Bounds keep their order: what passes under the paper's test passes under D, and what passes under D or H passes under their minimum.
gen -n 60 --platform tx2 --utilization 0.7 -s 3 -o order
for bound in paper D H tight; do rows order --bound $bound | cut -d, -f1,10 >$bound.csv; done
ordered() { # A B: B passes on at least as many pipelines, and on more of some set
  paste -d, "$1.csv" "$2.csv" | awk -F, 'NR > 1 { if ($2 > $4) bad = 1; more += $4 - $2 } END { exit bad || more < 1 }'
}
ok 'D_accepts_what_the_paper_s_test_does_and_more' ordered paper D
ok 'their_minimum_what_D_does_and_more' ordered D tight
ok 'and_what_H_does_and_more' ordered H tight
accepts() { "$corun" plan "$@" order --format csv -j 2 | awk -F, 'NR > 1 && $7 { n++ } END { print n + 0 }'; }
baselines_accept_less() {
  local paper cpu gpu
  paper=$(accepts dart --bound paper) gpu=$(accepts threads) cpu=$(accepts threads --on cpu)
  echo "$paper $gpu $cpu"
  [ "$paper" -gt "$gpu" ] && [ "$gpu" -ge "$cpu" ]
}
ok 'the_baselines_accept_fewer_sets' baselines_accept_less

# -- bad input --
fails 'sets_that_are_there_are_kept' 2 'set-1.yaml' gen -n 5 -o one
ok 'as_they_were' diff <(grep -v '^#' one/set-3.yaml) <(grep -v '^#' more/set-03.yaml)
fails 'a_file_is_no_folder' 2 'j1' gen -n 2 -o j1
fails 'a_folder_in_none_is_not_made' 2 'none/x: the folder cannot be made' gen -o none/x
bad() { # CLAIM SENTENCE OPTION...
  local claim=$1 text=$2
  shift 2
  fails "$claim" 2 "$text" gen -o bad "$@"
  ok "and_no_folder_is_made" absent bad
}
bad 'no_sets' "-n: '0' is not possible; it is from 1 to 100000" -n 0
bad 'no_tasks' "--tasks: '0' is not possible; it is from 1 to 512" --tasks 0
bad 'more_use_than_tasks' "--utilization: '3.5' is not possible; it is from 0.001 to 3, since none of 3 tasks can use more than the node" --tasks 3 --utilization 3.5
bad 'use_that_is_found_by_none' 'no shares of 12 tasks were found that add up to a use of 11.900' --tasks 12 --utilization 11.9
bad 'use_that_is_no_number' "'much'" --utilization much
bad 'no_use' "--utilization: '0' is not possible" --utilization 0
bad 'a_deadline_beyond_the_period' "--deadline: '1.5' is not possible; it is a part of the period" --deadline 1.5
bad 'a_share_above_1' "'1.5'" --heavy 1.5
bad 'heavy_models_without_a_share' '--heavy-models needs --heavy' --heavy-models vgg16
bad 'an_unknown_platform' 'did you mean tx2?' --platform tx3
bad 'an_unknown_model' "--models: tx2 has no model 'lenett'; did you mean 'lenet'?" --platform tx2 --models lenett
bad 'a_model_of_the_other_platform' "--heavy-models: tx2 has no model 'vgg16'; there are: lenet, pilotnet, alexnet" --platform tx2 --heavy .5 --heavy-models vgg16
bad 'an_unknown_reference' "--reference 'fpga': it is gpu or cpu" --reference fpga
bad 'use_of_no_be_tasks' '--be-utilization does not go with --be-tasks 0' --be-tasks 0 --be-utilization .2
bad 'options_of_jobs' '--rate does not go with generate tasks' --rate 3/s
fails 'options_of_tasks_do_not_go_with_jobs' 2 '--heavy does not go with generate jobs' "$corun" generate jobs --rate 3/s --heavy .5 -o x.csv
fails 'something_else_to_generate' 2 "nothing generates 'sets'; there are: jobs, tasks" "$corun" generate sets -o x
fails 'no_folder' 2 'generate needs the folder to fill: -o FOLDER' gen
fails 'many_sets_do_not_go_to_the_terminal' 2 '-o -: the terminal takes one set; add -n 1, or name a folder' gen -o -
mkdir empty
fails 'a_folder_without_sets' 2 'empty: the folder holds no task sets (files that end in .yaml)' "$corun" plan dart empty
sed -i 's/period: [0-9]*us/period: 0us/' one/set-4.yaml
fails 'a_bad_set_among_many_is_named_with_its_line' 2 "one/set-4.yaml:5: tasks[0].period: '0us' is too short" "$corun" plan dart one -j 2
done_testing
