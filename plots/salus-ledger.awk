# salus-ledger.awk - from a ledger (corun run --ledger) to tables of its jobs, for salus-tables.sh.
#
# Writes jobs.tsv (policy, job, submitted, admitted, ended), runs.tsv (policy, job, from, to, iterations: a stay on the device),
# both in seconds and into the folder `data`, and failed.tsv (policy, job, why).  A job is its number in order of submission.
BEGIN { OFS = "\t" }
function stay(slot, next_op, reached_ns) {
  print policy, owner[slot], reached_ns / 1e9, $1 / 1e9, next_op - reached_op[slot] >(data "/runs.tsv")
  reached_op[slot] = next_op
}
$1 == "policy" { policy = $2 }
$1 !~ /^[0-9]+$/ { next }
$2 == "job" { submitted[$3] = $1 / 1e9 }
$2 == "admit" { admitted[$3] = $1 / 1e9 }
$2 == "request" {
  owner[$3] = $5
  reached_op[$3] = 0
}
$2 == "done" { stay($3, $5, $7) }
$2 == "back" { stay($3, $5, $9) } # back SLOT next N by HOW reached T
$2 == "leave" {
  job = $3 + 0 # without its colon
  if ($4 == "done")
    print policy, job, submitted[job], admitted[job], $1 / 1e9 >(data "/jobs.tsv")
  else
    print policy, job, $4 >(data "/failed.tsv")
}
