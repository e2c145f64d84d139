#!/usr/bin/env bash
# docs_quotes.sh - what documents quote of the program's output is replaced, and nothing else of them.
. "${srcdir:-.}/tests/tap.bash"
refresh() { sh "$srcdir/build-aux/refresh-docs.sh" "$builddir/corun" "$@"; }

page() { # QUOTED...: a page with a quotation of `corun list policies`
  printf '%s\n' 'Before.' '<!-- $ corun list policies | sed -n 1p -->' "$@" 'After.'
}
page 'stale' '' 'lines' '<!-- end -->' >"$tmp/page.md"
page "    $("$builddir/corun" list policies | sed -n 1p)" '<!-- end -->' >"$tmp/want.md"
ok 'a_quotation_is_replaced_by_what_the_command_prints' refresh "$tmp/page.md"
ok 'the_rest_of_the_page_stays' diff "$tmp/want.md" "$tmp/page.md"
ok 'a_page_that_is_up_to_date_is_left_alone' bash -c '[ -z "$(sh "$0" "$1" "$2")" ]' \
  "$srcdir/build-aux/refresh-docs.sh" "$builddir/corun" "$tmp/page.md"

page 'no end' >"$tmp/open.md"
cp "$tmp/open.md" "$tmp/open.old"
fails 'a_quotation_without_an_end_is_named_with_its_line' 2 'open.md:2: this quotation has no' refresh "$tmp/open.md"
ok 'and_the_page_stays_as_it_was' cmp "$tmp/open.old" "$tmp/open.md"
printf '%s\n' '<!-- $ corun list nonesuch -->' 'old' '<!-- end -->' >"$tmp/bad.md"
fails 'a_command_that_fails_is_named' 2 'bad.md: this failed: corun list nonesuch' refresh "$tmp/bad.md"
ok 'and_what_was_quoted_stays' grep -qx old "$tmp/bad.md"

# Every quotation of the documents is one that `make refresh-docs` can bring up to date.
well_formed() {
  local file
  for file in "$srcdir/README.md" "$srcdir"/docs/*.md; do
    [ "$(grep -c '^<!-- \$ corun .* -->$' "$file")" -eq "$(grep -c '^<!-- end -->$' "$file")" ] || { echo "$file"; return 1; }
    [ "$(grep -c '<!-- \$' "$file")" -eq 0 ] || grep -qF "$(basename "$file")" "$srcdir/Makefile.am" || { echo "$file is not in Makefile.am"; return 1; }
  done
}
ok 'the_quotations_of_the_documents_are_known_to_make_refresh_docs' well_formed
done_testing
