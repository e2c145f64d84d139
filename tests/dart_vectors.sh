#!/usr/bin/env bash
# dart_vectors.sh - worked response times and placements agree with plan/, and the check sees one that does not.
. "${srcdir:-.}/tests/tap.bash"
check=$builddir/tests/dart_vectors
data=$srcdir/tests/data/dart

ok 'worked_response_times_agree' "$check" "$data/rta-vectors.txt"
ok 'worked_placements_agree' "$check" "$data/dp-vectors.txt"
ok 'both_kinds_in_one_call_agree' "$check" "$data/dp-vectors.txt" "$data/rta-vectors.txt"

# wrong CLAIM FILE SED SENTENCE: one number changed
wrong() {
  sed "$3" "$data/$2" >"$tmp/changed.txt"
  fails "$1" 1 "$4" "$check" "$tmp/changed.txt"
}
wrong 'another_paper_s_bound_is_seen' rta-vectors.txt '3s/27 20 20$/26 20 20/' "changed.txt:3: set 0, paper's bound of task 1: the file says 26, the analysis 27"
wrong 'another_bound_D_is_seen' rta-vectors.txt '4s/27 20 17$/27 21 17/' 'changed.txt:4: set 0, bound D of task 2: the file says 21, the analysis 20'
wrong 'another_bound_H_is_seen' rta-vectors.txt '5s/48 37 34$/48 37 -1/' 'changed.txt:5: set 0, bound H of task 3: the file says -1, the analysis 34'
wrong 'another_largest_load_is_seen' dp-vectors.txt 's/^407 0 1 1 2$/408 0 1 1 2/' 'dp 1, largest load of nodes 2: the file says 408, the analysis 407'
wrong 'another_way_as_good_is_seen' dp-vectors.txt 's/^463 0 0 0 0 0 0 0 0 0 4$/463 0 0 0 0 0 0 0 1 1 4/' 'dp 2, end of node 4: the file says 1, the analysis 0'

printf 'set 1 2 1\n10 10 1\n' >"$tmp/short.txt"
fails 'a_file_that_ends_early_is_not_understood' 2 'the file ends where a number is expected' "$check" "$tmp/short.txt"
printf 'sets\n' >"$tmp/other.txt"
fails 'nor_is_another_file' 2 'other.txt:1: a line that begins with set or dp is expected' "$check" "$tmp/other.txt"
: >"$tmp/empty.txt"
fails 'nor_an_empty_one' 2 'there is nothing to check' "$check" "$tmp/empty.txt"
fails 'nor_one_that_is_not_there' 2 'cannot be opened' "$check" "$tmp/none.txt"
done_testing
