#!/usr/bin/env bash
# report_page.sh - a report in a browser: it is drawn without complaint, its links lead somewhere, its timeline zooms.
#
# A script appended to a copy of the page does what a reader would, and leaves what it found in an attribute, which --dump-dom shows.
. "${srcdir:-.}/tests/tap.bash"
corun=$builddir/corun
scenarios=$srcdir/tests/scenarios
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
if [ -z "$browser" ]; then
  skip 'a_report_is_drawn' 'chromium is not there: apt-get install chromium'
  done_testing
  exit
fi
# PAGE WIDTH [FRAGMENT]: the page as it stands once its scripts have run, into $tmp/dom; what the browser says into $tmp/said.
browse() {
  timeout -k 5 120 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$tmp/profile" \
    --no-first-run --disable-extensions --enable-logging=stderr --window-size="$2,1000" --virtual-time-budget=4000 --dump-dom \
    "file://$1${3:-}" >"$tmp/dom" 2>"$tmp/said"
}
echo '<!DOCTYPE html><title>x</title><script>document.title = "it " + "runs"</script>' >"$tmp/empty.html"
if ! browse "$tmp/empty.html" 800 || ! grep -q 'it runs' "$tmp/dom"; then
  skip 'a_report_is_drawn' "$browser cannot show a page here: $(head -c 120 "$tmp/said" | tr '\n#' '  ')"
  done_testing
  exit
fi

sed -e "s|name: rt|name: '<script>alert(1)</script>'|" "$scenarios/rt-be.yaml" >"$tmp/odd.yaml"
run() { "$corun" run "$1" -q -o "$tmp/$2.db" "${@:3}" >/dev/null; }
ok 'a_run_is_there' run "$tmp/odd.yaml" rt-be -p exclusive -p streams
ok 'one_of_jobs_too' run "$scenarios/lanes.yaml" jobs -p fifo -p srtf
ok 'and_one_on_nodes' run "$scenarios/nodes.yaml" nodes -p dart
for page in rt-be jobs nodes; do
  ok "a_report_is_made: $page" "$corun" report "$tmp/$page.db" -o "$tmp/$page.html"
done
ok 'and_one_of_two' "$corun" report "$tmp/rt-be.db" "$tmp/rt-be.db" -o "$tmp/two.html"

silent() { ! grep -E 'CONSOLE|Uncaught|Refused to' "$tmp/said"; }
drawn() { # PAGE WIDTH SECTION...
  browse "$tmp/$1.html" "$2" && silent || return 1
  local section
  for section in "${@:3}"; do
    grep -q "<section id=\"$section\" class=\"drawn has\"" "$tmp/dom" || { echo "$section is not drawn"; return 1; }
  done
  [ "$(grep -o 'class="span"' "$tmp/dom" | wc -l)" -ge 3 ] || { echo 'no spans'; return 1; }
  ! grep -qE '(NaN|undefined|Infinity)' <(sed '/<script/,$d' "$tmp/dom") || { echo 'a number is none'; return 1; }
}
ok 'clients_are_drawn' drawn rt-be 1280 latency timeline
ok 'jobs_are_drawn' drawn jobs 1280 jobs timeline
ok 'nodes_are_drawn' drawn nodes 1280 latency timeline

# What a reader does; each finding is a word, or what is wrong.
cat >"$tmp/reader.js" <<'J'
<script>
(async () => {
  const out = [], frame = () => new Promise(done => setTimeout(done, 20));
  const check = (what, holds) => out.push((holds ? "ok " : "WRONG ") + what);
  const svg = () => document.getElementById("timeline-svg"), spans = () => [...svg().querySelectorAll(".span")];
  const width = () => { const m = /^#timeline=\d+,(\d+),(\d+)/.exec(location.hash); return m ? m[2] - m[1] : -1; };
  const press = async label => { document.querySelector(`#timeline-bar button[aria-label="${label}"]`).click(); await frame(); };
  try {
    const n = spans().length;
    await press("zoom in");
    const half = width();
    check("zoom-in", half > 0 && spans().length < n);
    await press("zoom in");
    check("zoom-twice", Math.abs(width() * 2 - half) <= 2);
    const before = location.hash;
    await press("later");
    check("later", location.hash !== before);
    await press("zoom out"); await press("zoom out"); await press("zoom out");
    check("zoom-out", spans().length === n);
    await press("zoom in");
    svg().dispatchEvent(new KeyboardEvent("keydown", {key: "+", bubbles: true})); await frame();
    check("key", Math.abs(width() * 2 - half) <= 2);
    const box = svg().getBoundingClientRect(), from = +/,(\d+),/.exec(location.hash)[1];
    const at = (type, x) => ({type, init: {pointerId: 1, button: 0, bubbles: true, clientX: x, clientY: box.top + box.height - 60}});
    for (const e of [at("pointerdown", box.left + 300), at("pointermove", box.left + 260), at("pointerup", box.left + 260)])
      (e.type === "pointerdown" ? svg() : window).dispatchEvent(new PointerEvent(e.type, e.init));
    await frame();
    check("drag", +/,(\d+),/.exec(location.hash)[1] > from);
    await press("the whole run");
    const tabs = [...document.querySelectorAll("#timeline-runs button")];
    tabs[1].click(); await frame();
    check("tab", tabs[1].getAttribute("aria-selected") === "true" && svg().getAttribute("aria-label").includes(tabs[1].textContent));
    const rows = document.getElementById("timeline-rows");
    rows.value = "streams"; rows.dispatchEvent(new Event("change")); await frame();
    check("streams", svg().textContent.includes("stream 0") && spans().length > 2);
    const link = document.querySelector("article.client .links a");
    link.click(); await frame();
    check("client-to-timeline", svg().querySelector(".row.picked") !== null && tabs[0].getAttribute("aria-selected") === "true");
    check("timeline-to-client", svg().querySelector("a[href^='#client-']") !== null);
    const dead = [...document.querySelectorAll("a[href^='#']")].filter(a => !a.getAttribute("href").startsWith("#timeline=") && !document.getElementById(a.getAttribute("href").slice(1)));
    check("links", dead.length === 0 && document.querySelectorAll("a[href^='#client-']").length >= 2);
    const curves = () => [...document.querySelectorAll("#latency .curve")].map(c => c.getAttribute("d")).join(), linear = curves();
    document.getElementById("latency-log").click(); await frame();
    check("logarithmic", curves() !== linear && !curves().includes("NaN"));
    check("title", document.title.startsWith("corun: "));
    check("titles-of-drawings", [...document.querySelectorAll("svg[role=img]")].every(s => s.querySelector("title") && s.getAttribute("aria-label")));
    check("no-wider-than-the-screen", document.documentElement.scrollWidth <= innerWidth + 1);
    // Labels of one axis do not lie on each other.
    const boxes = [...svg().querySelectorAll("text[text-anchor=middle]")].map(t => t.getBoundingClientRect()).sort((a, b) => a.top - b.top || a.left - b.left);
    check("no-overlaps", boxes.every((b, i) => i === 0 || Math.abs(b.top - boxes[i - 1].top) > 4 || b.left >= boxes[i - 1].right));
    // The table has what the data has.
    const report = JSON.parse(document.getElementById("data").textContent).files[0].report, text = document.getElementById("summary").textContent;
    check("numbers", report.runs.every(r => r.clients.every(c => text.includes((c.latency.p99_ns / 1e6).toFixed(3)) && text.includes((c.latency.mean_ns / 1e6).toFixed(3)))));
  } catch (e) { out.push("WRONG " + e); }
  document.body.setAttribute("data-found", out.join("; "));
})();
</script>
J
with_reader() { sed -e "/^<\/body>/{
r $tmp/reader.js
}" "$tmp/$1.html" >"$tmp/$1-read.html"; }
found() { # PAGE WIDTH
  with_reader "$1" && browse "$tmp/$1-read.html" "$2" && silent || return 1
  local found
  found=$(grep -o 'data-found="[^"]*"' "$tmp/dom" | head -n 1)
  echo "$found"
  [[ $found == *'ok numbers'* && $found != *WRONG* ]]
}
ok 'zoom_links_and_rows_work' found rt-be 1280
ok 'on_a_phone_as_well' found rt-be 390
ok 'and_with_two_runs' found two 1280

# What else a reader sees: names of lines that do not meet, which curves lie on others, whose row it is in a table that is moved.
ok 'a_run_with_deadlines_and_bounds_is_there' run dart-tx2 dart -p dart -p threads,on=cpu --set duration=2s
ok 'a_report_is_made_of_it' "$corun" report "$tmp/dart.db" -o "$tmp/dart.html"
cat >"$tmp/reader.js" <<'J'
<script>
(function () {
  const out = [], check = (what, right) => out.push((right ? "ok " : "WRONG ") + what);
  const figures = [...document.querySelectorAll("#latency figure")];
  const names = figures.map(f => [...f.querySelectorAll(".mark-name")].map(t => t.getBoundingClientRect()).sort((a, b) => a.left - b.left));
  check("two-names", names.some(n => n.length === 2) && figures.every(f => f.querySelectorAll(".mark").length < 2 || f.textContent.includes("deadline")));
  check("names-of-lines", names.every(n => n.every((b, i) => i === 0 || b.left >= n[i - 1].right)));
  check("names-inside", figures.every((f, i) => names[i].every(b => b.left >= f.getBoundingClientRect().left - 1 && b.right <= f.getBoundingClientRect().right + 1)));
  const table = document.querySelector("article.client .table"), name = table.querySelector("tbody th");
  check("client-is-said-once", !table.textContent.includes(document.querySelector("article.client h3").textContent));
  check("goes-on", table.scrollWidth > table.clientWidth + 60);
  const at = name.getBoundingClientRect().left;
  table.scrollLeft = 60;
  check("policy-stays-in-sight", name.getBoundingClientRect().left === at && table.querySelector("tbody td").getBoundingClientRect().left < at + name.offsetWidth);
  document.body.setAttribute("data-found", out.join("; ") + "; ok numbers");
})();
</script>
J
ok 'names_and_tables_can_be_read_on_a_phone' found dart 390
drawn_once() { browse "$tmp/two.html" 1280 && [ "$(grep -o 'class="aside"> ([^<]*B as A)' "$tmp/dom" | wc -l)" -ge 2 ]; }
ok 'curves_that_lie_on_others_are_named' drawn_once
at_window() { browse "$tmp/rt-be.html" 1280 '#timeline=1,4000000,6000000' && silent && grep -q '>4 ms to 6 ms, 2 ms of 12 ms' "$tmp/dom"; }
ok 'an_address_names_a_part_of_the_timeline' at_window
done_testing
