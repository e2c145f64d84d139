// report.js - draws what is in time of a report: distributions, the timeline, memory, jobs.
//
// The data stands in the element "data"; pages/page_data.c says what its lists are.  Tables are in the page already and need none of
// this.  The state of the timeline is part of the address (#timeline=RUN,FROM,TO,CLIENT in ns), so that a view can be linked to.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const two = data.files.length > 1;
  const SVG = "http://www.w3.org/2000/svg";
  const byId = id => document.getElementById(id);

  // ---- elements

  function make(namespace, tag, attributes, children) {
    const e = namespace ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [k, v] of Object.entries(attributes || {})) if (v !== undefined) e.setAttribute(k, v);
    for (const c of children) if (c !== undefined && c !== null) e.append(c);
    return e;
  }
  const svg = (tag, attributes, ...children) => make(true, tag, attributes, children);
  const html = (tag, attributes, ...children) => make(false, tag, attributes, children);

  // ---- numbers

  const UNITS = [[3600e9, "h"], [60e9, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]];
  function unitFor(ns) {
    return UNITS.find(u => ns >= (u[0] > 1e9 ? 10 : 1) * u[0]) || UNITS[UNITS.length - 1];
  }
  function trim(x, digits) {
    const text = x.toFixed(digits);
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
  }
  function time(ns) {
    if (ns === 0) return "0";
    const [size, name] = unitFor(Math.abs(ns));
    return trim(ns / size, 3) + " " + name;
  }
  // 1, 2 or 5 times a power of ten: about so many steps.
  function stepFor(span, n) {
    const raw = span / n, power = Math.pow(10, Math.floor(Math.log10(raw)));
    return [1, 2, 5, 10].find(k => k * power >= raw * 0.999) * power;
  }
  function ticks(from, to, n) {
    const step = stepFor(to - from, n), out = [];
    for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++) out.push(i * step);
    return {step, at: out};
  }
  function tickText(x, step) {
    return trim(x, Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-9))));
  }
  const count = n => n.toLocaleString("en");

  // ---- runs and clients

  const letter = file => String.fromCharCode(65 + file);
  const runName = run => (two ? letter(run.file) + ": " : "") + run.policy;
  const clientsOf = run => data.files[run.file].clients;
  const reportOf = run => data.files[run.file].report.runs[run.run];
  const policies = [...new Set(data.runs.map(r => r.policy))];
  const DASHES = ["", "7 3", "2 3", "9 3 2 3"];
  const colour = i => "var(--c" + (i % 7 + 1) + ")";
  // A policy has its colour in both files; the second one's lines are dashed.
  function lineOf(run) {
    const i = two && policies.length === data.runs.length ? data.runs.indexOf(run) : policies.indexOf(run.policy);
    const dash = two ? run.file : Math.floor(i / 7) % DASHES.length;
    return {stroke: colour(i), "stroke-dasharray": DASHES[dash]};
  }
  function lineKey() {
    return data.runs.map(run => {
      const l = lineOf(run);
      return html("span", {}, svg("svg", {width: 26, height: 10, style: "width:26px;height:10px", "aria-hidden": "true"},
        svg("path", {d: "M0 5H26", "class": "curve", style: "stroke:" + l.stroke, "stroke-dasharray": l["stroke-dasharray"]})),
        runName(run));
    });
  }

  // ---- distributions

  // Where names of lines [{x, text}] go: of two, the first one's before its line and the second one's behind, or where the edge of the
  // drawing, which is so wide, is too near, on the other side; where they would meet there, together.
  function namesOf(lines, width) {
    const [a, b] = [...lines].sort((p, q) => p.x - q.x), long = line => 7 * line.text.length;
    if (!a) return [];
    const before = (line, gap) => ({x: line.x - gap, text: line.text, anchor: "end", from: line.x - gap - long(line), to: line.x - gap});
    const behind = (line, gap) => ({x: line.x + gap, text: line.text, anchor: "start", from: line.x + gap, to: line.x + gap + long(line)});
    if (b) {
      const first = before(a, 2).from >= 0 ? before(a, 2) : behind(a, 2), second = behind(b, 2).to <= width ? behind(b, 2) : before(b, 2);
      if (first.to <= second.from) return [first, second];
    }
    const text = b ? `${a.text}, ${b.text}` : a.text;
    return [a.x > width / 2 ? before({x: (b || a).x, text}, -4) : behind({x: a.x, text}, -4)];
  }

  // What the caption says of curves that others lie on: [[name, name of the one below], ...] of n.
  function alike(pairs, n) {
    const bare = name => name.replace(/^[AB]: /, "");
    if (two && 2 * pairs.length === n && pairs.every(([a, b]) => bare(a) === bare(b))) return ["B as A"];
    return pairs.map(([a, b]) => `${a} as ${b}`);
  }

  // curves: [{line, name, points: [share in 1/10000, ns, ...]}]; marks: [{ns, text}].
  function distribution(title, curves, marks, logarithmic, what, caption) {
    const W = 380, H = 230, L = 46, R = 12, T = 14, B = 42;
    const drawn = curves.filter(c => c.points.length);
    const all = drawn.flatMap(c => c.points.filter((_, i) => i % 2));
    const least = Math.min(...all), most = Math.max(...all);
    const shown = marks.filter(m => m.ns <= 3 * most); // one far beyond would press the curves into a corner
    const top = Math.max(most, ...shown.map(m => m.ns));
    const log = logarithmic && least > 0 && top > least;
    const lo = log ? Math.log10(least) - 0.03 : 0, hi = log ? Math.log10(top) + 0.03 : top * 1.03 || 1;
    const x = ns => L + (W - L - R) * ((log ? Math.log10(Math.max(ns, least)) : ns) - lo) / (hi - lo);
    const y = share => T + (H - T - B) * (1 - share / 1e4);
    const [size, unit] = unitFor(log ? Math.sqrt(least * top) : top);
    const s = svg("svg", {viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}: share of ${what} over time`},
      svg("title", {}, `${title}: share of ${what} over time`));
    for (const share of [0, 2500, 5000, 7500, 10000]) {
      s.append(svg("path", {"class": "grid", d: `M${L} ${y(share)}H${W - R}`}),
        svg("text", {x: L - 6, y: y(share) + 4, "text-anchor": "end"}, share / 100 + ""));
    }
    let at, text;
    if (log) {
      const heads = hi - lo < 0.5 ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9] : hi - lo < 1.2 ? [1, 2, 3, 5, 7] : hi - lo < 2.6 ? [1, 2, 5] : [1];
      at = [];
      for (let p = Math.floor(lo); p <= hi; p++) for (const k of heads) at.push(k * Math.pow(10, p));
      at = at.filter(v => Math.log10(v) >= lo && Math.log10(v) <= hi);
      text = v => Number((v / size).toPrecision(3)) + "";
    }
    if (!log || at.length < 3) { // a short piece of a logarithmic axis is nearly a linear one
      const t = log ? ticks(Math.pow(10, lo) / size, Math.pow(10, hi) / size, 4) : ticks(0, hi / size, 5);
      at = t.at.map(v => v * size);
      text = v => tickText(v / size, t.step);
    }
    for (const v of at) s.append(svg("path", {"class": "grid", d: `M${x(v)} ${T}V${H - B}`}),
      svg("text", {x: x(v), y: H - B + 16, "text-anchor": "middle"}, text(v)));
    s.append(svg("path", {"class": "axis", d: `M${L} ${T}V${H - B}H${W - R}`}),
      svg("text", {x: (L + W - R) / 2, y: H - 6, "text-anchor": "middle"}, "time, " + unit + (log ? " (logarithmic)" : "")),
      svg("text", {x: 12, y: (T + H - B) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(T + H - B) / 2})`}, `${what}, %`));
    for (const m of shown) s.append(svg("path", {"class": "mark", d: `M${x(m.ns)} ${T}V${H - B}`}, svg("title", {}, `${m.text}: ${time(m.ns)}`)));
    for (const n of namesOf(shown.map(m => ({x: x(m.ns), text: m.text})), W))
      s.append(svg("text", {"class": "faint mark-name", x: n.x, y: T - 3, "text-anchor": n.anchor}, n.text));
    const hidden = [];
    drawn.forEach((c, place) => {
      // A curve that lies on others takes turns with them, and is named.
      const under = drawn.slice(0, place).filter(o => o.points.length === c.points.length && o.points.every((v, i) => v === c.points[i]));
      const turn = 16 / (under.length + 1);
      if (under.length) hidden.push([c.name, under[0].name]);
      let d = `M${x(c.points[1]).toFixed(1)} ${y(0)}`;
      for (let i = 0; i < c.points.length; i += 2) d += `H${x(c.points[i + 1]).toFixed(1)}V${y(c.points[i]).toFixed(1)}`;
      s.append(svg("path", {"class": "curve", d, style: "stroke:" + c.line.stroke,
        "stroke-dasharray": under.length ? `${turn} ${16 - turn}` : c.line["stroke-dasharray"]}, svg("title", {}, c.name)));
    });
    const aside = marks.filter(m => m.ns > 3 * most).map(m => `${m.text} ${time(m.ns)}`).concat(alike(hidden, drawn.length));
    return html("figure", {}, html("figcaption", {}, caption || title,
      aside.length ? html("span", {"class": "aside"}, ` (${aside.join("; ")})`) : null), s);
  }

  // By name: a client of two files has one plot.
  const clientNames = [];
  data.files.forEach(f => f.clients.forEach(c => { if (!c[3] && !clientNames.includes(c[0])) clientNames.push(c[0]); }));

  function latencyOf(name, logarithmic, caption) {
    const curves = [], marks = [];
    for (const run of data.runs) {
      const place = clientsOf(run).findIndex(c => c[0] === name && !c[3]);
      if (place >= 0) curves.push({line: lineOf(run), name: runName(run), points: run.cdf[place]});
      const told = reportOf(run).clients.find(c => c.name === name);
      for (const [field, text] of [["deadline_ns", "deadline"], ["bound_ns", "bound"]])
        if (told && told[field] !== null && !marks.some(m => m.ns === told[field] && m.text === text)) marks.push({ns: told[field], text});
    }
    if (!curves.some(c => c.points.length)) return null;
    return distribution(name, curves, marks, logarithmic, "requests", caption);
  }

  function drawLatency() {
    const logarithmic = byId("latency-log").checked;
    const plots = clientNames.slice(0, 60).map(name => latencyOf(name, logarithmic)).filter(Boolean);
    byId("latency-plots").replaceChildren(...plots);
    document.querySelectorAll("article.client").forEach(a => {
      const name = data.files[a.dataset.file].clients[a.dataset.client][0], old = a.querySelector("figure");
      const plot = latencyOf(name, logarithmic, "Latency");
      if (old) old.remove();
      if (plot) a.append(plot);
    });
    return plots.length;
  }

  function beginLatency() {
    let wide = false; // policies so far apart that a linear axis would hide the faster ones
    for (const name of clientNames) {
      const ends = data.runs.map(r => { const i = clientsOf(r).findIndex(c => c[0] === name); return i >= 0 ? r.cdf[i] : []; })
        .filter(p => p.length).map(p => p[p.length - 1]);
      wide = wide || Math.max(...ends) > 8 * Math.min(...ends);
    }
    byId("latency-log").checked = wide;
    byId("latency-log").addEventListener("change", drawLatency);
    byId("latency-key").replaceChildren(...lineKey());
    if (drawLatency()) byId("latency").classList.add("has");
  }

  function beginJobs() {
    const plots = [["jct", "Job completion time"], ["queuing", "Queuing"]].map(([field, title]) => {
      const curves = data.runs.filter(r => r[field]).map(r => ({line: lineOf(r), name: runName(r), points: r[field]}));
      return curves.some(c => c.points.length) ? distribution(title, curves, [], false, "jobs") : null;
    }).filter(Boolean);
    byId("jobs-key").replaceChildren(...lineKey());
    byId("jobs-plots").replaceChildren(...plots);
    if (plots.length) byId("jobs").classList.add("has");
  }

  // ---- timeline

  const state = {run: 0, from: 0, to: 0, rows: "clients", picked: -1};
  const whole = run => ({from: run.from_ns, to: Math.max(run.to_ns, run.from_ns + 1)});
  const ENDS = ["finished", "given back", "took turns"];
  const JOB_ENDS = ["done", "rejected", "out of memory", "unfinished"];

  // Spans as objects, once a run.
  const spansOf = (function () {
    const made = new Map();
    return run => {
      if (!made.has(run)) {
        const out = [];
        for (let i = 0; i < run.spans.length; i += 5)
          out.push({client: run.spans[i], stream: run.spans[i + 1], start: run.spans[i + 2], end: run.spans[i + 2] + run.spans[i + 3], how: run.spans[i + 4]});
        made.set(run, out);
      }
      return made.get(run);
    };
  })();

  // The rows of a run: [{name, client or stream, ...}].
  function rowsOf(run) {
    if (state.rows === "streams")
      return run.streams.map((device, stream) => {
        const d = run.devices[device], several = run.devices.length > 1;
        return {name: (several && d ? d.name + ", " : "") + "stream " + stream, stream};
      });
    return clientsOf(run).map((c, client) => ({name: c[0], client, kind: c[1], model: c[2]}));
  }

  function cut(text, n) {
    return text.length > n ? text.slice(0, Math.max(1, n - 1)) + "\u2026" : text;
  }

  // A panel of one device over time; returns its height.
  function panel(s, g, title, top, levels, height, unitText, steps) {
    s.append(svg("text", {"class": "faint", x: g.left, y: top + 11}, title));
    const T = top + 18, y = v => T + height * (1 - v);
    for (const [v, text] of levels) s.append(svg("path", {"class": "grid", d: `M${g.left} ${y(v)}H${g.right}`}),
      svg("text", {x: g.left - 6, y: y(v) + 4, "text-anchor": "end"}, text));
    for (const step of steps) {
      let d = "", open = false;
      for (const [from, to, v] of step.parts) {
        if (to <= state.from || from >= state.to) continue;
        const a = g.x(Math.max(from, state.from)).toFixed(1), b = g.x(Math.min(to, state.to)).toFixed(1);
        d += open ? `V${y(v).toFixed(1)}H${b}` : `M${a} ${y(step.filled ? 0 : v).toFixed(1)}V${y(v).toFixed(1)}H${b}`;
        open = true;
      }
      if (!open) continue;
      if (step.filled) d += `V${y(0)}Z`;
      s.append(svg("path", {d, style: step.filled ? `fill:${step.colour};fill-opacity:.75` : `stroke:${step.colour};fill:none;stroke-width:1.8`},
        svg("title", {}, step.name)));
    }
    s.append(svg("path", {"class": "axis", d: `M${g.left} ${T}V${T + height}H${g.right}`}));
    return 18 + height + 16;
  }

  function usePanels(s, g, run, top) {
    for (const d of run.devices.slice(0, 12)) {
      if (!d.use.length) continue;
      const seen = d.use[2] >= 0, parts = [];
      let from = 0;
      for (let i = 0; i < d.use.length; i += 3) {
        parts.push([from, d.use[i], d.use[i + (seen ? 2 : 1)] / 1e4]);
        from = d.use[i];
      }
      const what = !seen ? "time in use" : d.is_node ? "cores in use" : "SMs in use";
      top += panel(s, g, `${d.name}: ${what}, %`, top, [[0, "0"], [0.5, "50"], [1, "100"]], 54, "%",
        [{name: `${d.name}: ${what}`, parts, filled: true, colour: "var(--c3)"}]);
    }
    for (const d of run.devices.slice(0, 12)) {
      if (!d.memory.length) continue;
      const held = [], reserved = [], end = run.to_ns;
      let most = 1;
      for (let i = 0; i < d.memory.length; i += 3) most = Math.max(most, d.memory[i + 2], d.memory[i + 1]);
      const t = ticks(0, most / 2 ** 30, 4), full = Math.max(most, t.step * 2 ** 30) * 1.02;
      for (let i = 0; i < d.memory.length; i += 3) {
        const to = i + 3 < d.memory.length ? d.memory[i + 3] : end;
        held.push([d.memory[i], to, d.memory[i + 1] / full]);
        reserved.push([d.memory[i], to, d.memory[i + 2] / full]);
      }
      top += panel(s, g, `${d.name}: memory, GiB (area: held by jobs for good; line: reserved, lanes included)`, top,
        t.at.map(v => [v * 2 ** 30 / full, tickText(v, t.step)]), 64, "GiB",
        [{name: "held for good", parts: held, filled: true, colour: "var(--c6)"}, {name: "reserved", parts: reserved, colour: "var(--c5)"}]);
    }
    return top;
  }

  function axis(s, g, at, below) {
    const span = state.to - state.from, [size, unit] = unitFor(span);
    const t = ticks(state.from / size, state.to / size, Math.max(2, Math.floor((g.right - g.left) / 95)));
    for (const v of t.at) {
      const x = g.x(v * size);
      s.prepend(svg("path", {"class": "grid", d: `M${x} ${g.top}V${at}`}));
      s.append(svg("text", {x, y: at + 16, "text-anchor": "middle"}, tickText(v, t.step)));
    }
    s.append(svg("text", {x: (g.left + g.right) / 2, y: at + 34, "text-anchor": "middle"}, "time since the run began, " + unit));
  }

  function drawJobLives(s, g, run, placeOf) {
    for (let i = 0; i < run.jobs.length; i += 7) {
      const place = placeOf.get(run.jobs[i]);
      if (place === undefined) continue;
      const [submit, start, ready, admit, end] = run.jobs.slice(i + 1, i + 6).map(t => t < 0 ? null : t);
      const last = end === null ? run.to_ns : end, y = g.y(place), name = clientsOf(run)[run.jobs[i]][0];
      const phases = [["queued", submit, start === null ? last : start, "var(--faint)", 0.25], ["starts up", start, ready === null ? last : ready, "var(--c7)", 0.4],
        ["queued for memory", ready, admit === null ? last : admit, "var(--faint)", 0.25], ["admitted", admit, last, colour(run.jobs[i]), 0.35]];
      for (const [what, from, to, fill, opacity] of phases) {
        if (from === null || to <= from || to <= state.from || from >= state.to) continue;
        const a = g.x(Math.max(from, state.from)), b = g.x(Math.min(to, state.to));
        s.append(svg("rect", {x: a.toFixed(1), y: y + g.rowHeight * 0.3, width: Math.max(b - a, 0.5).toFixed(1), height: g.rowHeight * 0.4,
          style: `fill:${fill};fill-opacity:${opacity}`}, svg("title", {}, `${name}, ${what}: ${time(from)} to ${time(to)}; ${JOB_ENDS[run.jobs[i + 6]]}`)));
      }
    }
  }

  function drawParts(s, g, run, rows) {
    if (!run.parts) return;
    rows.forEach((row, place) => {
      const shares = state.rows === "streams" ? run.parts.streams[row.stream] : run.parts.clients[row.client];
      let d = "";
      shares.forEach((share, i) => {
        const from = run.from_ns + i * run.parts.ns, to = from + run.parts.ns;
        if (!share || to <= state.from || from >= state.to) return;
        const h = g.rowHeight * 0.8 * share / 100, a = g.x(Math.max(from, state.from)), b = g.x(Math.min(to, state.to));
        d += `M${a.toFixed(1)} ${(g.y(place) + g.rowHeight * 0.9 - h).toFixed(1)}H${b.toFixed(1)}V${(g.y(place) + g.rowHeight * 0.9).toFixed(1)}H${a.toFixed(1)}Z`;
      });
      if (d) s.append(svg("path", {d, "class": "parts", style: `fill:${row.stream === undefined ? colour(row.client) : "var(--faint)"};fill-opacity:.4`}));
    });
  }

  // Those in view; ones narrower than a pixel that would lie on the one before are not drawn again.
  function drawSpans(s, g, run, placeOf) {
    let n = 0;
    const edge = new Map();
    for (const span of spansOf(run)) {
      if (span.end <= state.from || span.start >= state.to) continue;
      const place = placeOf.get(state.rows === "streams" ? span.stream : span.client);
      if (place === undefined) continue;
      n++;
      const a = g.x(Math.max(span.start, state.from)), b = g.x(Math.min(span.end, state.to));
      if (b - a < 1 && edge.has(place) && b <= edge.get(place)) continue;
      const w = Math.max(b - a, 0.8), y = g.y(place) + g.rowHeight * 0.12, h = g.rowHeight * 0.76;
      edge.set(place, a + w);
      const client = clientsOf(run)[span.client][0];
      s.append(svg("rect", {"class": "span", x: a.toFixed(2), y: y.toFixed(1), width: w.toFixed(2), height: h.toFixed(1),
        style: `fill:${colour(span.client)};fill-opacity:${span.how === 2 ? 0.55 : 0.92}` + (b - a > 4 ? ";stroke:var(--page);stroke-width:.6" : "")},
        svg("title", {}, `${client}, stream ${span.stream}: ${time(span.start)} for ${time(span.end - span.start)}, ${ENDS[span.how]}`)));
      if (span.how === 1 && span.end <= state.to)
        s.append(svg("path", {"class": "back", d: `M${b.toFixed(1)} ${y}V${y + h}`, style: "stroke:var(--ink);stroke-width:1.6"}));
    }
    return n;
  }

  function drawRows(s, g, run, rows, gutter) {
    const every = Math.max(1, Math.ceil(13 / g.rowHeight));
    rows.forEach((row, place) => {
      const y = g.y(place);
      if (place % 2 === 0 || row.client === state.picked)
        s.append(svg("rect", {"class": "row" + (row.client !== undefined && row.client === state.picked ? " picked" : ""), x: g.left, y, width: g.right - g.left, height: g.rowHeight}));
      if (place % every) return;
      const text = svg("text", {x: g.left - 6, y: y + Math.min(g.rowHeight, 13 * every) / 2 + 4, "text-anchor": "end"}, cut(row.name, Math.floor((gutter - 8) / 6.9)),
        svg("title", {}, row.model ? `${row.name}: ${row.kind}, ${row.model}` : row.name));
      const page = row.client === undefined ? null : byId(`client-${run.file}-${row.client}`);
      s.append(page ? svg("a", {href: "#" + page.id}, text) : text);
    });
  }

  function timelineKey(run, rows) {
    const box = (style, text) => html("span", {}, html("i", {"class": "box", style}), text);
    const out = [];
    if (state.rows === "streams") clientsOf(run).slice(0, 14).forEach((c, i) => out.push(box(`background:${colour(i)}`, c[0])));
    if (state.rows === "streams" && clientsOf(run).length > 14) out.push(html("span", {}, `and ${count(clientsOf(run).length - 14)} more: point at a bar to see whose it is`));
    if (run.jobs && state.rows === "clients") out.push(box("background:var(--faint);opacity:.4", "queued"), box("background:var(--c7);opacity:.6", "starts up"),
      box("background:var(--c1);opacity:.35", "admitted (thin)"), box("background:var(--c1)", "its iterations run (thick)"));
    if (spansOf(run).some(s => s.how === 2)) out.push(box("background:var(--c1);opacity:.55", "takes turns with others"));
    if (spansOf(run).some(s => s.how === 1)) out.push(html("span", {}, html("i", {"class": "box", style: "width:3px;background:var(--ink)"}), "taken back before its end (preempted)"));
    if (run.parts) out.push(box("background:var(--faint);opacity:.4", "taken share of each part of the time, by height"));
    return out;
  }

  function drawTimeline() {
    const run = data.runs[state.run], host = byId("timeline-plot"), W = Math.max(300, host.clientWidth), rows = rowsOf(run);
    const longest = Math.max(...rows.map(r => r.name.length)), gutter = Math.min(longest * 7.2 + 12, W < 620 ? 96 : 190);
    const g = {left: Math.max(gutter, 40), right: W - 12, top: 4};
    g.x = ns => g.left + (g.right - g.left) * (ns - state.from) / (state.to - state.from);
    g.rowHeight = rows.length <= 16 ? 22 : rows.length <= 48 ? 14 : Math.max(4, Math.min(8, 720 / rows.length));
    const s = svg("svg", {id: "timeline-svg", tabindex: 0, role: "img", "aria-label": `Timeline of ${runName(run)}; + and - zoom, arrows move`});
    s.append(svg("title", {}, `Timeline of ${runName(run)}`));
    const plot = svg("g", {});
    let top = usePanels(plot, g, run, g.top);
    const first = top + 18;
    g.y = place => first + place * g.rowHeight;
    plot.append(svg("text", {"class": "faint", x: g.left, y: top + 11}, state.rows === "streams" ? "launched work, by stream" : run.jobs ? "jobs, and when their iterations ran" : "launched work, by client"));
    const bottom = g.y(rows.length) + 2, placeOf = new Map(rows.map((r, i) => [state.rows === "streams" ? r.stream : r.client, i]));
    drawRows(plot, g, run, rows, g.left);
    axis(plot, g, bottom);
    if (run.jobs && state.rows === "clients") drawJobLives(plot, g, run, placeOf);
    drawParts(plot, g, run, rows);
    const n = drawSpans(plot, g, run, placeOf);
    s.append(plot);
    s.setAttribute("viewBox", `0 0 ${W} ${bottom + 42}`);
    s.setAttribute("width", W);
    const old = byId("timeline-svg"), had = old && document.activeElement === old;
    host.replaceChildren(s);
    if (had) s.focus({preventScroll: true});
    s.geometry = g;
    const all = whole(run);
    byId("timeline-range").textContent = `${time(state.from)} to ${time(state.to)}` + (state.from > all.from || state.to < all.to ? `, ${time(state.to - state.from)} of ${time(all.to - all.from)}` : "") +
      `: ${count(n)}${run.n_left_out ? ` of ${count(run.n_span)}` : ""} launched range${n === 1 && !run.n_left_out ? "" : "s"}`;
    byId("timeline-key").replaceChildren(...timelineKey(run, rows));
    const f = data.files[run.file], notes = [];
    if (run.n_left_out) notes.push(`Of ${count(run.n_span)} launched ranges the ${count(run.n_span - run.n_left_out)} longest are here; where the others were, the bars say how much of each of ${run.parts.clients[0] ? run.parts.clients[0].length : 400} parts of the time was taken. corun report --window shows all of a shorter time.`);
    if (f.clients.length < f.n_client) notes.push(`${count(f.clients.length)} of ${count(f.n_client)} clients are drawn, evenly chosen.`);
    if (!run.devices.some(d => d.use.length)) notes.push("What was in use over time was not recorded; a run by this version of corun has it.");
    byId("timeline-note").textContent = notes.join(" ");
    document.querySelectorAll("#timeline-runs button").forEach((b, i) => {
      b.setAttribute("aria-selected", i === state.run);
      b.tabIndex = i === state.run ? 0 : -1;
    });
    listen(s);
  }

  let waiting = 0;
  function redraw() {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; drawTimeline(); });
  }

  // soon: with the next frame, where steps follow each other closely.
  function show(from, to, soon) {
    const all = whole(data.runs[state.run]), least = Math.min(1000, all.to - all.from);
    let span = Math.min(Math.max(to - from, least), all.to - all.from);
    const start = Math.min(Math.max(from, all.from), all.to - span);
    state.from = Math.round(start);
    state.to = Math.round(start + span);
    const is_all = state.from === all.from && state.to === all.to;
    const mine = location.hash.startsWith("#timeline=");
    if (mine || !is_all || state.run)
      history.replaceState(null, "", `#timeline=${state.run},${state.from},${state.to}` + (state.picked >= 0 ? "," + state.picked : ""));
    if (soon) redraw(); else drawTimeline();
  }
  function zoom(factor, at, soon) {
    const centre = at === undefined ? (state.from + state.to) / 2 : at;
    show(centre - (centre - state.from) * factor, centre + (state.to - centre) * factor, soon);
  }
  function pan(part, soon) {
    const by = (state.to - state.from) * part;
    show(state.from + by, state.to + by, soon);
  }
  function all() {
    const w = whole(data.runs[state.run]);
    show(w.from, w.to);
  }
  function choose(run) {
    const before = whole(data.runs[state.run]), had_all = state.from === before.from && state.to === before.to;
    state.run = run;
    if (had_all) all(); else show(state.from, state.to);
  }

  // Drag moves, two fingers or Ctrl and the wheel zoom, a double click zooms in; the page itself scrolls as ever.
  const pointers = new Map();
  function listen(s) {
    const at = e => {
      const box = s.getBoundingClientRect(), g = s.geometry, x = (e.clientX - box.left) * s.viewBox.baseVal.width / box.width;
      return state.from + (state.to - state.from) * (x - g.left) / (g.right - g.left);
    };
    s.addEventListener("wheel", e => {
      if (!e.ctrlKey && !e.metaKey && Math.abs(e.deltaX) <= Math.abs(e.deltaY)) return;
      e.preventDefault();
      if (e.ctrlKey || e.metaKey) zoom(Math.exp(Math.max(-60, Math.min(60, e.deltaY)) / 150), at(e), true);
      else pan(e.deltaX / 800, true);
    }, {passive: false});
    s.addEventListener("dblclick", e => zoom(0.5, at(e)));
    s.addEventListener("keydown", e => {
      const act = {"+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "ArrowLeft": () => pan(-0.25), "ArrowRight": () => pan(0.25), "0": all, "Home": all}[e.key];
      if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      act();
    });
    s.addEventListener("pointerdown", e => {
      if (e.button || (e.target.closest && e.target.closest("a"))) return;
      pointers.set(e.pointerId, at(e));
      s.classList.add("drags");
    });
    s.at = at;
  }
  // Of the window, since the drawing is another one after each step.
  addEventListener("pointermove", e => {
    const s = byId("timeline-svg");
    if (!s || !pointers.has(e.pointerId)) return;
    const here = s.at(e), other = [...pointers].find(([id]) => id !== e.pointerId), was = pointers.get(e.pointerId);
    if (other) {
      const fixed = other[1], factor = Math.abs(here - fixed) > 0 ? Math.abs(was - fixed) / Math.abs(here - fixed) : 1;
      zoom(Math.max(0.8, Math.min(1.25, factor)), fixed, true);
      pointers.set(e.pointerId, s.at(e));
    } else {
      show(state.from + was - here, state.to + was - here, true); // what was under the pointer stays there
    }
  });
  const release = e => {
    pointers.delete(e.pointerId);
    const s = byId("timeline-svg");
    if (s) s.classList.remove("drags");
  };
  addEventListener("pointerup", release);
  addEventListener("pointercancel", release);

  function follow() {
    const m = /^#timeline=(\d+)(?:,(\d+),(\d+))?(?:,(\d+))?$/.exec(location.hash);
    if (!m || +m[1] >= data.runs.length) return;
    state.run = +m[1];
    state.picked = m[4] === undefined ? -1 : +m[4];
    if (state.picked >= 0) setRows("clients");
    const w = whole(data.runs[state.run]);
    show(m[2] === undefined ? w.from : +m[2], m[3] === undefined ? w.to : +m[3]);
    byId("timeline").scrollIntoView();
  }

  function setRows(rows) {
    state.rows = rows;
    byId("timeline-rows").value = rows;
  }

  function beginTimeline() {
    const button = (text, label, act) => {
      const b = html("button", {type: "button", "aria-label": label, title: label}, text);
      b.addEventListener("click", act);
      return b;
    };
    byId("timeline-runs").replaceChildren(...data.runs.map((run, i) => {
      const b = button(runName(run), "timeline of " + runName(run), () => choose(i));
      b.setAttribute("role", "tab");
      b.addEventListener("keydown", e => {
        const to = e.key === "ArrowRight" ? i + 1 : e.key === "ArrowLeft" ? i - 1 : -1;
        if (to < 0 || to >= data.runs.length) return;
        choose(to);
        byId("timeline-runs").children[to].focus();
      });
      return b;
    }));
    const rows = html("select", {id: "timeline-rows", "aria-label": "a row for each"}, html("option", {value: "clients"}, "a row a client"), html("option", {value: "streams"}, "a row a stream"));
    rows.addEventListener("change", () => { state.rows = rows.value; state.picked = -1; drawTimeline(); });
    byId("timeline-bar").replaceChildren(button("\u2212", "zoom out", () => zoom(2)), button("+", "zoom in", () => zoom(0.5)),
      button("\u25c0", "earlier", () => pan(-0.5)), button("\u25b6", "later", () => pan(0.5)), button("all", "the whole run", all), rows);
    const w = whole(data.runs[0]);
    state.from = w.from;
    state.to = w.to;
    byId("timeline").classList.add("has");
    drawTimeline();
    let width = byId("timeline-plot").clientWidth;
    addEventListener("resize", () => { if (byId("timeline-plot").clientWidth !== width) { width = byId("timeline-plot").clientWidth; redraw(); } });
    addEventListener("hashchange", follow);
    follow();
  }

  // ---- links

  function beginClients() {
    document.querySelectorAll("article.client").forEach(a => {
      const links = html("p", {"class": "links"}, "In the timeline of: ");
      data.runs.forEach((run, i) => {
        if (run.file !== +a.dataset.file) return;
        links.append(html("a", {href: `#timeline=${i},${run.from_ns},${run.to_ns},${a.dataset.client}`}, run.policy), " ");
      });
      a.append(links);
    });
    if (!document.querySelector("article.client")) byId("clients").remove();
    document.querySelectorAll("#by-client ~ .table td.left").forEach(td => {
      const place = data.files[0].clients.findIndex(c => !c[3] && c[0] === td.textContent);
      if (!two && place >= 0 && byId(`client-0-${place}`)) td.replaceChildren(html("a", {href: `#client-0-${place}`}, td.textContent));
    });
  }

  function beginNav() {
    const links = [...document.querySelectorAll("main > section")].filter(s => !s.classList.contains("drawn") || s.classList.contains("has"))
      .map(s => html("a", {href: "#" + s.id}, s.querySelector("h2").textContent));
    byId("nav").replaceChildren(...links);
  }

  document.body.classList.add("script");
  beginClients();
  beginLatency();
  beginJobs();
  beginTimeline();
  beginNav();
})();
