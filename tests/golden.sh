#!/usr/bin/env bash
# golden.sh - every policy on every small scenario decides as it did when its golden ledger was written.
#
# A golden file holds the first 200 notes of the ledger and the hash over all of them.  `make golden` (GOLDEN=write) writes
# them anew; the commit that changes one says why.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
golden=$srcdir/tests/golden

policies=$("$corun" list policies | awk 'NR > 1 && $1 != "dart" && $1 != "threads" { print $1 }') # all but those for nodes
[ -n "$policies" ] || exit 99

ledger() { # SCENARIO POLICY FILE
  rm -f "$tmp/whole"
  "$corun" run "$1" -p "$2" --ledger "$tmp/whole" --strict -q >"$tmp/table" || return 1
  grep -v '^#' "$tmp/whole" | awk '/^hash/ || NR <= 201' >"$3"
}

compare() { # SCENARIO POLICY NAME
  ledger "$1" "$2" "$tmp/now" || return 1
  if [ "${GOLDEN:-}" = write ]; then
    mkdir -p "$golden" && cp "$tmp/now" "$golden/$3"
  elif [ ! -e "$golden/$3" ]; then
    echo "tests/golden/$3 is missing; make golden writes it"
    return 1
  else
    diff -u "$golden/$3" "$tmp/now"
  fi
}

for scenario in "$srcdir"/tests/scenarios/*.yaml; do
  name=${scenario##*/}
  name=${name%.yaml}
  chosen="$policies exclusive,order=rt-first"
  [ "$name" != lanes ] || # models of which whole iterations are known, which not every policy can run
    chosen='fifo srtf srtf,rules=paper,lanes=auto pack pack,rules=paper pack,rules=paper,move=yes pack,fit=best
      pack,backfill=no fair fair,wc=no fair,accounting=rr fair,accounting=ps fair,turn=7'
  [ "$name" != turns ] || # the same, that do not think
    chosen='fair fair,rotate=no fair,accounting=rr fair,accounting=ps'
  [ "$name" != nodes ] || # layers, which those run that need nothing but priorities
    chosen='dart dart,streams=1 threads threads,on=cpu streams priority exclusive exclusive,order=rt-first'
  [ "$name" != overruns ] || # the same, where dart has something to decide about its clients
    chosen='dart dart,test=paper dart,enforce=no dart,admit=no threads'
  for policy in $chosen; do
    ok "${name}_under_${policy//[,=]/_}_decides_as_before" \
      compare "$scenario" "$policy" "$name.${policy//[,=]/-}.ledger"
  done
done
for file in "$golden"/*.ledger; do
  scenario=${file##*/}
  ok "${scenario}_has_a_scenario" test -e "$srcdir/tests/scenarios/${scenario%%.*}.yaml"
done
done_testing
