#!/usr/bin/env bash
# completion.sh - completion: what `corun complete` offers follows the tables of the program, and the shells show it.
. "${srcdir:-.}/tests/tap.bash"
srcdir=$(cd "$srcdir" && pwd)
corun=$(cd "$builddir" && pwd)/corun

values() { "$corun" complete "$@" | cut -f1; }
offers() { # CANDIDATE WORD...
  local want=$1
  shift
  values "$@" | grep -qxF -e "$want" || { echo "no $want among:"; values "$@" | head -20; return 1; }
}
offers_just() { # "CANDIDATE..." WORD...
  local want=$1
  shift
  diff <(tr ' ' '\n' <<<"$want" | sort) <(values "$@" | sort)
}
commands() { diff <("$corun" --help | sed -n '/^  -/q; s/^  \([a-z][a-z-]*\) .*/\1/p' | sort) <(values '' | grep -vx help | sort); }
ok 'every_command_is_offered' commands
options() { # of every command, all that --help lists
  local command
  for command in $(values '' | grep -vx help); do
    diff <("$corun" "$command" --help | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p' | sort) <(values "$command" -- | grep -vx -e --live | sort) ||
      { echo "of $command"; return 1; }
  done
}
ok 'every_option_of_every_command_is_offered' options
ok 'what_begins_otherwise_is_not' offers_just '--seed --set' run --se
ok 'letters_are_options_too' offers -p run -
policies() { diff <("$corun" list policies | sed -n '2,$s/ .*//p' | sort) <(values run x -p '' | grep -v '^:' | sort); }
ok 'every_policy_is_offered' policies
of_policy() { # the options that `corun list POLICY` has
  local policy
  for policy in $(values run x -p '' | grep -v '^:'); do
    diff <("$corun" list "$policy" | sed -n '/^option/,$p' | sed '1d; s/ .*//' | sort) \
      <(values run x -p "$policy," | sed 's/^[^,]*,\(.*\)=$/\1/' | sort) || { echo "of $policy"; return 1; }
  done
}
ok 'every_option_of_every_policy_is_offered' of_policy
ok 'a_choice_has_its_words' offers_just 'reef,padding=no reef,padding=yes' run x -p reef,padding=
ok 'a_second_option_of_a_policy' offers reef,padding=no,dq= run x -p reef,padding=no,d
of_list() { diff <("$corun" list "$1" | sed -n '2,$s/ .*//p' | sort) <(values "${@:2}" | grep -v '^:' | sort); }
ok 'devices_are_those_of_the_list' of_list devices run x -d ''
ok 'scenarios_are_those_of_the_list' of_list scenarios run ''
ok 'tasks_are_those_of_the_list' of_list tasks plan dart ''
ok 'platforms_are_those_of_the_list' of_list platforms generate tasks --platform ''
models() { diff <("$corun" list models | grep -v -e '^$' -e ' ' | sort) <(values show vgg.db '' | grep -v '^:' | sort); }
ok 'models_are_those_of_the_list' models
ok 'formats' offers_just 'csv json table' run x --format ''
ok 'kinds_of_import_are_those_of_its_help' offers nsys import ''
ok 'files_come_after_the_kind' offers_just ':files' import nsys ''
ok 'and_again' offers_just ':files' import nsys a.sqlite b
ok 'words_of_a_usage_line' offers_just 'dart threads' plan ''
ok 'alternatives_of_a_usage_line' offers_just 'jobs tasks' generate ''
ok 'tables_of_measurements' offers unseen validate ''
ok 'the_other_form_of_a_command_is_offered' offers --live validate --l
ok 'and_has_options_of_its_own' offers_just 'cuda wall' validate --live pair -b ''
ok 'but_not_those_of_the_first' offers_just '--backend' validate --live --b
ok 'a_value_behind_the_option' offers_just '--device=mi100 --device=mi50 :files' run --device=mi
ok 'keys_of_a_scenario' offers 'duration=' run x --set ''
ok 'keys_of_a_client_by_number' offers_just 'clients[0].rate=' run x --set 'clients[0].ra'
ok 'keys_of_a_client_by_name' offers_just 'clients.rt.rate=' run x --set 'clients.rt.ra'
ok 'keys_of_the_device' offers 'device.sms=' run x --set 'device.'
ok 'constants_of_the_device' offers 'device.constants.cold=' run x --set 'device.constants.'
ok 'keys_of_the_device_model' offers 'model.carveout=' run x --set 'model.c'
keys_are_taken() { # what is offered is known to the reader
  local key
  for key in $(values run x --set '' | grep '=$') $(values run x --set 'clients[0].' | grep '=$'); do
    "$corun" run pair --set "$key{}" 2>&1 | grep 'unknown key' && return 1
  done
  return 0
}
ok 'every_key_offered_is_one' keys_are_taken
ok 'a_command_to_record' offers ':commands' collect -o x.db -- ''
ok 'options_of_another_program_are_its_own' offers_just ':files' collect python3 -
ok 'what_is_no_command_has_nothing' test -z "$(values nonesuch '')"
nonsense() {
  "$corun" complete && "$corun" complete run --set '' 'x' -- && "$corun" complete run --no=x && "$corun" complete run -p ,,,=,= &&
    "$corun" complete run --set .. && "$corun" complete run --set 'clients[0' && "$corun" complete run --set "$(printf '%0500d.' 0)"
}
ok 'words_without_sense_are_no_error' nonsense

# Bash cuts the line at = and : and calls the function with the pieces.
cat >"$tmp/ask.bash" <<'B'
. "$1"
shift
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=()
rest=$1
while [ -n "$rest" ]; do
  case $rest in
  ' '*) rest=${rest# } && [ -n "$rest" ] || COMP_WORDS+=('') ; continue ;;
  [=:]*) piece=${rest%%[!=:]*} ;;
  *) piece=${rest%%[ =:]*} ;;
  esac
  COMP_WORDS+=("$piece") rest=${rest#"$piece"}
done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_corun
printf '%s\n' "${COMPREPLY[@]}"
B
bash_offers() { # CANDIDATE "LINE"
  (cd "$tmp" && PATH=${corun%/*}:$PATH bash "$tmp/ask.bash" "$srcdir/completion/corun" "$2") >"$tmp/out" 2>&1
  grep -qxF -e "$1" "$tmp/out" || { echo "no $1 among:"; cat "$tmp/out"; return 1; }
}
: >"$tmp/mine.yaml"
ok 'bash_completes_a_command' bash_offers validate 'corun va'
ok 'bash_completes_an_option' bash_offers --timeline 'corun run disb-a --ti'
ok 'bash_completes_a_policy' bash_offers streams 'corun run disb-a -p st'
ok 'bash_completes_an_option_of_a_policy' bash_offers reef,padding= 'corun run disb-a -p reef,pa'
ok 'bash_puts_a_value_behind_the_equals_sign' bash_offers yes 'corun run disb-a -p reef,padding='
ok 'bash_goes_on_within_a_value' bash_offers yes 'corun run disb-a -p reef,padding=y'
ok 'bash_puts_a_value_behind_a_long_option' bash_offers mi50 'corun run disb-a --device=mi5'
ok 'bash_takes_the_word_after_an_equals_sign_alone' bash_offers v100 'corun run disb-a --set duration=1s -d v1'
ok 'bash_completes_a_bundled_scenario' bash_offers disb-a 'corun run '
ok 'bash_completes_a_file' bash_offers mine.yaml 'corun run mi'
ok 'bash_completes_a_file_behind_an_option' bash_offers mine.yaml 'corun run --output=mi'
ok 'bash_completes_a_program' bash_offers bash 'corun collect -- bas'
registered() { bash -c '. "$1" && complete -p corun' - "$srcdir/completion/corun" | grep -q -- '-F _corun corun'; }
ok 'bash_knows_whom_it_is_for' registered

if command -v zsh >/dev/null; then
  ok 'zsh_reads_its_script' zsh -n "$srcdir/completion/_corun"
else
  skip 'zsh_reads_its_script' 'zsh is not there'
fi
fish_offers() { # CANDIDATE LINE
  HOME=$tmp PATH=${corun%/*}:$PATH fish --no-config -c "source '$srcdir/completion/corun.fish'; complete -C '$2'" 2>/dev/null | cut -f1 | grep -qxF -e "$1"
}
if command -v fish >/dev/null; then
  ok 'fish_reads_its_script' fish -n "$srcdir/completion/corun.fish"
  ok 'fish_completes_a_command' fish_offers validate 'corun va'
  ok 'fish_completes_an_option_of_a_policy' fish_offers reef,padding= 'corun run -p reef,pa'
else
  skip 'fish_reads_its_script' 'fish is not there'
  skip 'fish_completes_a_command' 'fish is not there'
  skip 'fish_completes_an_option_of_a_policy' 'fish is not there'
fi
done_testing
