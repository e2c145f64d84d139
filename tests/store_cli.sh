#!/usr/bin/env bash
# store_cli.sh - import, export and show from outside: usage, exit status, sentences, and what they leave behind.
. "${srcdir:-.}/tests/tap.bash"

corun=$builddir/corun
trace=$srcdir/tests/data/alexnet-bs1-fp32.graph.json.gz
eager=$srcdir/tests/data/vgg19-cut.eager.json.gz
store=$tmp/s.db

absent() { for file; do [ ! -e "$file" ] || { echo "$file is there"; return 1; }; done; }
prints() { # TEXT COMMAND...
  local text=$1
  shift
  "$@" | grep -F -q -- "$text"
}

ok "--help names every command" sh -c '"$1" --help | grep -c "^  [a-z]" | grep -q -x 15' - "$corun"
ok "--help of each command is made of its options" prints "--replace" "$corun" import --help
ok "--help all is the help of all" prints "usage: corun export" "$corun" --help all
ok "--version names the program" prints "corun " "$corun" --version
fails "no command is a usage error" 2 "usage: corun COMMAND" "$corun"
fails "an unknown command is named, with a guess" 2 "did you mean 'import'?" "$corun" imprt
fails "an unknown option is named, with a guess" 2 "there is no option --modle; did you mean --model?" \
  "$corun" import kineto "$trace" -o "$store" --modle x
fails "an unknown letter is named" 2 "there is no option -Q" "$corun" show -Q
fails "a missing value is named" 2 "option -o needs a value" "$corun" import kineto "$trace" -o
fails "a value where none belongs is named" 2 "option --replace takes no value" "$corun" import --replace=yes
fails "an unknown kind is named, with a guess" 2 "did you mean kineto?" "$corun" import kinto "$trace" -o "$store"
fails "import needs a store" 2 "-o STORE.db" "$corun" import kineto "$trace"
fails "import needs a file" 2 "needs a file" "$corun" import kineto -o "$store"
fails "one name is not for two files" 2 "--model names one model" "$corun" import kineto "$trace" "$eager" -m x -o "$store"
ok "refused commands leave no store" absent "$store"

fails "one bad file among good ones keeps all out" 2 "No such file" "$corun" import kineto "$trace" "$tmp/none.json" -o "$store"
ok "and leaves no store" absent "$store"
ok "two files make two models" prints "2 models imported" "$corun" import kineto "$trace" "$eager" -o "$store"
fails "the same again is refused" 2 "has a model alexnet-bs1-fp32 already" "$corun" import kineto "$trace" -o "$store"
ok "unless it may replace" "$corun" import kineto "$trace" -o "$store" --replace
ok "a prefix gives other names" "$corun" import kineto "$trace" -o "$store" --prefix old/

ok "show lists the models" prints "old/alexnet-bs1-fp32" "$corun" show "$store"
ok "show of a model lists its kernels" prints "convolution" "$corun" show "$store" alexnet-bs1-fp32
ok "show as csv has a header" prints "model,class,iterations" "$corun" show "$store" -f csv
ok "show of the bundled store needs no file" prints "resnet152-bs1-fp32" "$corun" show
ok "show of a bundled model needs its name alone" prints "max_pool_forward" "$corun" show vgg19-bs1-fp32
fails "an unknown model is named, with a guess" 2 "did you mean alexnet-bs1-fp32?" "$corun" show "$store" alexnet-bs1-fp16
fails "an unknown format is named" 2 "xml" "$corun" show "$store" -f xml
fails "a file that is no store is named" 2 "is not a trace store" "$corun" show "$srcdir/traces/data/README.md"

if [ "$(id -u)" -eq 0 ]; then
  skip "a store that cannot be read is named" "root may read everything"
else
  cp "$store" "$tmp/secret.db" && chmod 000 "$tmp/secret.db"
  fails "a store that cannot be read is named" 2 "secret.db: cannot be read: Permission denied" "$corun" show "$tmp/secret.db"
  rm -f "$tmp/secret.db"
fi

ok "export writes a file" "$corun" export "$store" -o "$tmp/s.sql"
fails "export does not overwrite" 2 "s.sql" "$corun" export "$store" -o "$tmp/s.sql"
ok "import sql builds it again" "$corun" import sql "$tmp/s.sql" -o "$tmp/again.db"
ok "both export alike" sh -c '"$1" export "$2" | cmp - "$3"' - "$corun" "$tmp/again.db" "$tmp/s.sql"
fails "import sql does not overwrite" 2 "exists already" "$corun" import sql "$tmp/s.sql" -o "$store"
fails "a full disk is told" 1 "cannot be written" sh -c '"$1" export "$2" >/dev/full' - "$corun" "$store"
ok "nothing but what was asked for is in the folder" sh -c 'ls "$1" | tr "\n" " " | grep -q -x "again.db s.db s.sql "' - "$tmp"
done_testing
