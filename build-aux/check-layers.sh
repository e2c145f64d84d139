#!/bin/sh
# check-layers.sh [TREE] - who may include whom, and who may know of a library: the rules of docs/architecture.md, run.
#
# Prints each breach as FILE:LINE: sentence, and exits 1 when there is one.  The table is in `may` and `owners` below.
set -u
LC_ALL=C
export LC_ALL
cd "${1:-.}" || exit 2
set -- sim/*.[ch] policies/*.[ch] plan/*.[ch] studies/*.[ch] traces/*.[ch] cupti-collector/*.[ch] calib/*.[ch] pages/*.[ch] tests/*.[ch] tests/standin-cuda/*.[ch] tests/standin-cupti/*.[ch]

files=
for file; do
  [ -f "$file" ] && files="$files $file"
done
[ -n "$files" ] || { echo "check-layers: no C files in $(pwd)"; exit 2; }

# shellcheck disable=SC2086 # one word a file; none has a space
${AWK:-awk} '
  function breach(sentence) {
    print FILENAME ":" FNR ": " sentence
    n_breach++
  }

  # Whether word is one of the words of list; a word of the list that ends in / or * stands for all that begin so.
  function among(word, list,    part, n, i, stem) {
    n = split(list, part, " ")
    for (i = 1; i <= n; i++) {
      stem = part[i]
      if (stem ~ /[\/*]$/) {
        sub(/\*$/, "", stem)
        if (index(word, stem) == 1)
          return 1
      } else if (word == stem)
        return 1
    }
    return 0
  }

  BEGIN {
    # What the files of a folder may include of the house.
    may["sim"] = "sim/"
    may["policies"] = "policies/ plan/rta.h plan/stage_split.h sim/base.h sim/option.h sim/policy.h sim/text.h sim/workload.h"
    may["plan"] = "plan/ sim/base.h sim/mem.h"
    may["studies"] = "studies/ sim/base.h sim/mem.h sim/metric.h sim/rng.h sim/text.h sim/unit.h"
    may["traces"] = "traces/ studies/design.h studies/ranking.h studies/results.h studies/search_log.h plan/dart_plan.h plan/node_config.h plan/one_node.h plan/platform.h plan/task_set.h sim/base.h sim/mem.h sim/text.h sim/unit.h sim/option.h sim/nearest.h sim/workload.h " \
      "sim/machine.h sim/ledger.h sim/core.h sim/stats.h sim/report.h sim/summary.h sim/live.h sim/table.h sim/outfile.h " \
      "sim/provenance.h sim/hist.h sim/rng.h sim/memory_curve.h sim/memory_peaks.h sim/use_curve.h sim/batch.h"
    may["cupti-collector"] = "cupti-collector/ traces/spool_layout.h traces/spool_write.h"
    may["calib"] = "calib/ traces/ sim/"
    may["pages"] = "pages/ traces/rundb.h traces/datadir.h sim/base.h sim/mem.h sim/text.h sim/table.h sim/ledger.h sim/stats.h sim/summary.h " \
      "sim/report.h sim/report_compare.h sim/report_live.h sim/provenance.h"
    may["tests"] = "tests/ pages/ calib/ studies/ traces/ plan/ policies/ sim/ cupti-collector/cupti_abi.h " \
      "cupti-collector/profiler_abi.h cupti-collector/collect_options.h"
    may["cli"] = "pages/ calib/ studies/ traces/ plan/ policies/ sim/ cupti-collector/"
    # No folder may include these of another, whatever stands above: what only the core, the backends and the program
    # itself have to do with.
    inside = "sim/gpu.h sim/ask.h sim/engine.h sim/plugin.h sim/cli.h sim/cli_*"

    # Who may know of a library: files or folders.
    owners["sqlite3.h"] = "traces/"
    owners["yajl/"] = "traces/"
    owners["cyaml/"] = "traces/"
    owners["yaml.h"] = "traces/"
    owners["zlib.h"] = "traces/"
    owners["gsl/"] = "calib/ studies/interval.c studies/search_refine.c sim/rng.c"
    owners["cupti.h"] = "cupti-collector/"
    owners["cuda.h"] = "cupti-collector/ sim/backend_cuda.c"
    owners["cmocka.h"] = "tests/t.h"
    owners["dlfcn.h"] = "sim/plugin.c sim/cuda_driver.c traces/demangle.c cupti-collector/"
    owners["pthread.h"] = "sim/bell.h cupti-collector/"
    owners["sched.h"] = "sim/bell.c sim/cores.c"

    # A policy reads no clock, allocates nothing, prints nothing: these are the system headers it can want.
    pure = "assert.h limits.h stdalign.h stdbool.h stddef.h stdint.h string.h"
  }

  FNR == 1 {
    folder = FILENAME
    sub(/\/.*/, "", folder)
    name = FILENAME
    sub(/.*\//, "", name)
    if (FILENAME ~ /^sim\/(main\.c|cli(_[a-z]+)?\.[ch]|cmd_[a-z_0-9]*\.[ch])$/)
      folder = "cli"
    if (name in seen)
      breach("another file is called " name " too (" seen[name] "); names are unique in the whole tree")
    seen[name] = FILENAME
    n_include = 0
  }

  /^[ \t]*#[ \t]*include[ \t]*["<]/ {
    what = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", what)
    quote = substr(what, 1, 1)
    what = substr(what, 2)
    sub(/[">].*/, "", what)
    n_include++

    if (FILENAME ~ /\.c$/ && n_include == 1 && what != "config.h")
      breach("the first include of a .c file is \"config.h\", not " what)
    if (what == "config.h") {
      if (FILENAME ~ /\.h$/)
        breach("config.h is included by .c files only")
      next
    }

    if (quote == "\"") {
      if (index(what, "/") == 0)
        breach("\"" what "\" is not written from the top, as in \"sim/heap.h\"")
      else if (!among(what, may[folder]))
        breach((folder == "cli" ? "the program" : folder "/") " may not include " what)
      else if (folder != "tests" && folder != "cli" && folder != "sim" && among(what, inside))
        breach(what " is for the core, the backends and the program only")
      else if (folder == "sim" && what ~ /^sim\/cli[_.]/)
        breach(what " is for the program only: nothing below it may ask it")
      else if (what ~ /_int\.h$/ && folder != "tests" && index(what, folder "/") != 1)
        breach(what " is inside another module: include its public header")
      next
    }

    for (library in owners)
      if (among(what, library) && !among(FILENAME, owners[library]) && folder != "tests")
        breach("<" what "> belongs to " owners[library])
    if (what == "cmocka.h" && !among(FILENAME, owners[what]))
      breach("<cmocka.h> comes with \"tests/t.h\"")
    if (folder == "policies" && !among(what, pure))
      breach("a policy may not include <" what ">: no clock, no allocation, no files (may: " pure ")")
  }

  END { exit(n_breach > 0) }
' $files
