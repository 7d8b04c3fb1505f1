// The page of the report: style and skeleton before the data, the script behind it. No network, no library.
#include "trace/html.h"

namespace limen::trace {

const std::string_view kPageHead = R"page(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@ — limen trace</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<style>
:root{--bg:#fff;--fg:#1c2024;--dim:#687076;--line:#e2e6ea;--hot:#0b6bcb;--bad:#c62a2f;--soft:#f5f7f9;--sel:#dceafa}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--fg:#e6e9ec;--dim:#8d959c;--line:#2b3137;--hot:#6cb2f7;--bad:#ff7b7f;--soft:#1b1f23;--sel:#20384f}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:13px/1.45 system-ui,sans-serif;height:100vh;display:flex;flex-direction:column}
header{display:flex;gap:14px;align-items:baseline;padding:8px 14px;border-bottom:1px solid var(--line);flex-wrap:wrap}
h1{font-size:15px;margin:0}h1 code{font-size:13px}#sum{color:var(--dim)}
#find{flex:1 1 220px;min-width:140px;padding:4px 8px;border:1px solid var(--line);border-radius:5px;background:var(--soft);color:var(--fg);font:12px ui-monospace,monospace}
label{user-select:none}#chips button{border:1px solid var(--hot);color:var(--hot);background:none;border-radius:10px;padding:0 8px;margin-right:4px;cursor:pointer}
#time{position:relative;border-bottom:1px solid var(--line);flex:0 0 auto}canvas{display:block;width:100%;cursor:crosshair}
#tip{position:fixed;pointer-events:none;background:var(--bg);border:1px solid var(--line);padding:4px 8px;border-radius:5px;max-width:70vw;font:12px ui-monospace,monospace;display:none;z-index:9;box-shadow:0 2px 8px #0003;word-break:break-all}
main{flex:1;display:flex;min-height:0}#side{width:38%;min-width:300px;border-right:1px solid var(--line);display:flex;flex-direction:column;min-height:0}
nav{display:flex;border-bottom:1px solid var(--line)}nav button{flex:1;border:0;background:none;color:var(--dim);padding:6px 4px;cursor:pointer;font:inherit}
nav button[aria-selected=true]{color:var(--fg);box-shadow:inset 0 -2px var(--hot)}
#pane{overflow:auto;flex:1;padding:4px 0}table{border-collapse:collapse;width:100%}th,td{text-align:right;padding:2px 10px;white-space:nowrap}
th{color:var(--dim);font-weight:500;position:sticky;top:0;background:var(--bg);cursor:pointer}th:first-child,td:first-child{text-align:left;max-width:320px;overflow:hidden;text-overflow:ellipsis}
tbody tr{cursor:pointer}tbody tr:hover{background:var(--soft)}tr.on{background:var(--sel)}.bad{color:var(--bad)}.dim{color:var(--dim)}
#histo{padding:8px 10px;border-top:1px solid var(--line)}#histo:empty{display:none}
ul{list-style:none;margin:0;padding-left:16px}li>span{cursor:pointer}li>span:hover{text-decoration:underline}
#list{flex:1;overflow:auto;position:relative;font:12px/20px ui-monospace,monospace}#fill{width:1px}
#rows{position:absolute;left:0;right:0;top:0}.r{height:20px;white-space:pre;overflow:hidden;text-overflow:ellipsis;padding:0 8px;display:flex;gap:10px}
.r:hover{background:var(--soft)}.r.on{background:var(--sel)}.r b{font-weight:400;color:var(--dim);flex:none;text-align:right}.r b:nth-child(1){width:86px}.r b:nth-child(2){width:72px}.r b:nth-child(3){width:44px}.r span{overflow:hidden;text-overflow:ellipsis}
#wait{position:fixed;inset:0;display:flex;align-items:center;justify-content:center;background:var(--bg);z-index:10}
</style></head><body>
<div id="wait">reading events…</div>
<header><h1><code>@TITLE@</code></h1><span id="sum"></span><input id="find" placeholder="search: text, or /regular expression/" aria-label="search">
<label><input type="checkbox" id="bad"> errors only</label><span id="chips"></span></header>
<div id="time"><canvas id="c" height="160"></canvas></div><div id="tip"></div>
<main><section id="side"><nav role="tablist"></nav><div id="pane"></div><div id="histo"></div></section><section id="list" tabindex="0"><div id="fill"></div><div id="rows"></div></section></main>
<script type="text/plain" id="events">
)page";

const std::string_view kPageScript = R"page(<script>
"use strict";
const $ = id => document.getElementById(id), D = JSON.parse($("facts").textContent), un = s => s.replaceAll("\u0001", "<");
D.names = D.names.map(un); for (const t of D.threads) { t.name = un(t.name); t.how = un(t.how); }
const raw = $("events").textContent; $("events").remove();
let n = 0, at, start, dur, tid, nam, err;               // the index: one slot for each event
const rowOf = new Map(); let order = [];                // threads as the timeline shows them
const ns = v => v >= 1e9 ? (v / 1e9).toFixed(3) + " s" : v >= 1e6 ? (v / 1e6).toFixed(2) + " ms" : v >= 1e3 ? (v / 1e3).toFixed(1) + " µs" : v + " ns";
const num = v => v.toLocaleString("en"), esc = s => s.replace(/[&<>]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const text = i => { let p = at[i]; for (let k = 0; k < 5; k++) p = raw.indexOf("\t", p) + 1; return un(raw.slice(p, raw.indexOf("\n", p))); };

function index(done) {
  let lines = 0; for (let p = raw.indexOf("\n", 1); p >= 0; p = raw.indexOf("\n", p + 1)) lines++;
  at = new Uint32Array(lines); start = new Float64Array(lines); dur = new Float64Array(lines); tid = new Int32Array(lines); nam = new Uint16Array(lines); err = new Uint8Array(lines);
  let p = raw.startsWith("\n") ? 1 : 0;
  const word = () => { let v = 0, c; while ((c = raw.charCodeAt(p++)) !== 9) v = v * 10 + c - 48; return v; };
  (function some() {
    const until = performance.now() + 40;
    while (p < raw.length) {
      at[n] = p; start[n] = word(); dur[n] = word(); tid[n] = word(); nam[n] = word(); err[n] = word(); n++;
      p = raw.indexOf("\n", p) + 1; if (p === 0) p = raw.length;
      if ((n & 4095) === 0 && performance.now() > until) { $("wait").textContent = "reading events… " + num(n); return setTimeout(some); }
    }
    done();
  })();
}

// --- what is shown: the events that pass the filters, in order
let shown = new Uint32Array(0); const f = { call: -1, tid: 0, errno: 0, bad: false, find: "", from: 0, to: Infinity };
function pass() {
  let find = null; const q = f.find;
  if (q.length > 1 && q.startsWith("/")) { try { const re = new RegExp(q.replace(/^\/|\/$/g, ""), "i"); find = s => re.test(s); } catch { find = () => false; } }
  else if (q) { const low = q.toLowerCase(); find = s => s.toLowerCase().includes(low); }
  const out = new Uint32Array(n); let m = 0;
  for (let i = 0; i < n; i++) {
    if (f.call >= 0 && nam[i] !== f.call) continue;
    if (f.tid && tid[i] !== f.tid) continue;
    if (f.bad && err[i] === 0) continue;
    if (f.errno && err[i] !== f.errno) continue;
    if (start[i] > f.to || start[i] + dur[i] < f.from) continue;
    if (find && !find(text(i))) continue;
    out[m++] = i;
  }
  shown = out.subarray(0, m); split(); $("fill").style.height = Math.min(m * 20, 3e7) + "px"; $("list").scrollTop = 0; rows(); chips(); draw();
}
let timer; const soon = () => { clearTimeout(timer); timer = setTimeout(pass, 120); };
function chips() {
  const c = [];
  if (f.call >= 0) c.push(["call", D.names[f.call], -1]);
  if (f.tid) c.push(["tid", "thread " + f.tid, 0]);
  if (f.errno) c.push(["errno", D.errnos[f.errno], 0]);
  if (f.to !== Infinity) c.push(["to", ns(f.from) + " – " + ns(f.to), Infinity]);
  $("chips").replaceChildren(...c.map(([k, t, off]) => { const b = document.createElement("button"); b.textContent = t + " ×"; b.onclick = () => { f[k] = off; if (k === "to") f.from = 0; pass(); pane(); }; return b; }));
  $("sum").textContent = num(shown.length) + " of " + num(n) + " events, " + D.threads.length + " threads, " + ns(D.span);
}

// --- the list: only what is in sight exists
let chosen = -1;
function rows() {
  const l = $("list"), m = shown.length, tall = Math.min(m * 20, 3e7), count = Math.ceil(l.clientHeight / 20) + 1;
  const most = Math.max(tall - l.clientHeight, 1), first = m * 20 > 3e7 ? Math.floor(l.scrollTop / most * Math.max(m - count + 1, 0)) : Math.floor(l.scrollTop / 20);
  const box = $("rows"); box.style.transform = "translateY(" + (m * 20 > 3e7 ? l.scrollTop : first * 20) + "px)";
  let h = "";
  for (let k = first; k < Math.min(first + count, m); k++) { const i = shown[k];
    h += `<div class="r${err[i] ? " bad" : ""}${i === chosen ? " on" : ""}" data-i="${i}"><b>${ns(start[i])}</b><b>${ns(dur[i])}</b><b>${tid[i]}</b><span>${esc(text(i))}</span></div>`; }
  box.innerHTML = h;
}
$("list").addEventListener("scroll", () => requestAnimationFrame(rows));
$("rows").onclick = e => { const r = e.target.closest(".r"); if (r) { choose(+r.dataset.i); } };
function choose(i) { chosen = i; rows(); const w = Math.max(dur[i] * 20, D.span / 1e5); if (start[i] < view.a || start[i] > view.b) { view.a = Math.max(0, start[i] - w); view.b = Math.min(D.span, start[i] + w); } draw(); }
function goto(i) { let lo = 0, hi = shown.length; while (lo < hi) { const m = lo + hi >> 1; if (shown[m] < i) lo = m + 1; else hi = m; } chosen = i; const l = $("list"), m = shown.length; l.scrollTop = m * 20 > 3e7 ? lo / m * (3e7 - l.clientHeight) : lo * 20 - l.clientHeight / 2; rows(); }

// --- the timeline: a lane for each thread; where many calls share a pixel, one stroke stands for them
const view = { a: 0, b: D.span }, cv = $("c"), cx = cv.getContext("2d"); let lane = 16, top0 = 18;
const hue = k => (k * 47) % 360, dark = matchMedia("(prefers-color-scheme:dark)").matches, css = v => getComputedStyle(document.documentElement).getPropertyValue(v);
function draw() {
  const W = cv.clientWidth, dpr = devicePixelRatio || 1, lanes = order.length; lane = lanes > 24 ? 8 : 16;
  const H = Math.min(Math.max(top0 + lanes * lane + 4, 60), 420); cv.width = W * dpr; cv.height = H * dpr; cv.style.height = H + "px"; cx.scale(dpr, dpr);
  cx.clearRect(0, 0, W, H); cx.font = "11px system-ui"; const per = W / (view.b - view.a), dim = css("--dim"), bad = css("--bad");
  const step = 10 ** Math.ceil(Math.log10(Math.max((view.b - view.a) / (W / 110), 1))); cx.fillStyle = dim;
  for (let t = Math.ceil(view.a / step) * step; t <= view.b; t += step) { const x = (t - view.a) * per; cx.fillRect(x, 0, 1, H); cx.fillText(ns(t), x + 3, 11); }
  for (const t of D.threads) { const y = rowOf.get(t.tid); if (y === undefined) continue; const x0 = (t.start - view.a) * per, x1 = ((t.end || D.span) - view.a) * per; cx.globalAlpha = .12; cx.fillRect(Math.max(x0, 0), top0 + y * lane, Math.min(x1, W) - Math.max(x0, 0), lane - 2); cx.globalAlpha = 1; }
  // A lane's calls follow each other; of those that share a pixel only the first is looked at.
  for (const [errors, parts] of [[false, calm], [true, failed]]) for (let y = 0; y < lanes; y++) { const part = parts[y]; if (!part) continue;
    for (let k = after(part, view.a); k < part.length;) { const i = part[k]; if (start[i] > view.b) break;
      const x0 = Math.max((start[i] - view.a) * per, 0), x1 = Math.min(Math.max((start[i] + dur[i] - view.a) * per, x0 + 1), W + 1);
      cx.fillStyle = errors ? bad : `hsl(${hue(nam[i])} 60% ${dark ? 62 : 48}%)`; cx.fillRect(x0, top0 + y * lane, x1 - x0, lane - 2);
      if (x1 - x0 > 60 && lane > 12) { cx.fillStyle = "#fff"; cx.fillText(D.names[nam[i]], x0 + 3, top0 + y * lane + 11); }
      k = after(part, view.a + Math.ceil(x1) / per, k + 1); } }
  cx.fillStyle = css("--fg"); if (lane > 12) for (const [t, y] of rowOf) { const th = D.threads.find(o => o.tid === t); cx.globalAlpha = .75; cx.fillText(t + " " + (th ? th.name : ""), 3, top0 + y * lane + 11); cx.globalAlpha = 1; }
  if (chosen >= 0) { cx.strokeStyle = css("--hot"); cx.strokeRect((start[chosen] - view.a) * per - 1, top0 + (rowOf.get(tid[chosen]) ?? 0) * lane - 1, Math.max(dur[chosen] * per, 1) + 2, lane); }
}
// The events that are shown, lane by lane, in order of their starts and of their ends: those that succeed, those that fail.
let calm = [], failed = [];
function split() {
  const sizes = [new Uint32Array(order.length), new Uint32Array(order.length)];
  for (const i of shown) { const y = rowOf.get(tid[i]); if (y !== undefined) sizes[err[i] ? 1 : 0][y]++; }
  calm = Array.from(sizes[0], m => new Uint32Array(m)); failed = Array.from(sizes[1], m => new Uint32Array(m)); sizes[0].fill(0); sizes[1].fill(0);
  for (const i of shown) { const y = rowOf.get(tid[i]), e = err[i] ? 1 : 0; if (y !== undefined) (e ? failed : calm)[y][sizes[e][y]++] = i; }
}
// The first of them from `lo` on that ends at or behind a time.
const after = (part, t, lo = 0) => { let hi = part.length, step = 1; while (lo + step < hi && start[part[lo + step]] + dur[part[lo + step]] < t) { lo += step; step *= 2; } hi = Math.min(lo + step, hi);
  while (lo < hi) { const m = lo + hi >> 1, i = part[m]; if (start[i] + dur[i] < t) lo = m + 1; else hi = m; } return lo; };
function under(e) {
  const b = cv.getBoundingClientRect(), t = view.a + (e.clientX - b.left) / b.width * (view.b - view.a), th = order[Math.floor((e.clientY - b.top - top0) / lane)], slack = (view.b - view.a) / b.width * 2;
  let best = -1; for (const parts of [calm, failed]) { const part = parts[rowOf.get(th)] || [];
    for (let k = after(part, t - slack); k < part.length && start[part[k]] - slack <= t; k++) if (best < 0 || dur[part[k]] <= dur[best]) best = part[k]; } return best;
}
let drag = null, moved = false;
cv.onwheel = e => { e.preventDefault(); const b = cv.getBoundingClientRect(), m = view.a + (e.clientX - b.left) / b.width * (view.b - view.a), z = Math.exp(e.deltaY * .0015), w = Math.min(Math.max((view.b - view.a) * z, 100), D.span);
  view.a = Math.max(0, Math.min(m - (m - view.a) * z, D.span - w)); view.b = view.a + w; requestAnimationFrame(draw); };
cv.onmousedown = e => { drag = { x: e.clientX, a: view.a, b: view.b, shift: e.shiftKey }; moved = false; };
window.onmouseup = e => { if (drag && !moved && e.target === cv) { const i = under(e); if (i >= 0) goto(i), draw(); }
  if (drag && moved && drag.shift) { const b = cv.getBoundingClientRect(), t = x => view.a + (x - b.left) / b.width * (view.b - view.a); f.from = Math.min(t(drag.x), t(e.clientX)); f.to = Math.max(t(drag.x), t(e.clientX)); pass(); } drag = null; };
cv.onmousemove = e => { if (drag) { moved = moved || Math.abs(e.clientX - drag.x) > 3; if (moved && !drag.shift) { const w = drag.b - drag.a, d = (drag.x - e.clientX) / cv.clientWidth * w; view.a = Math.max(0, Math.min(drag.a + d, D.span - w)); view.b = view.a + w; requestAnimationFrame(draw); } return; }
  const i = n <= 2e5 || !e.buttons ? under(e) : -1, tip = $("tip"); tip.style.display = i < 0 ? "none" : "block"; if (i >= 0) { tip.textContent = ns(dur[i]) + "  " + text(i).slice(0, 400); tip.style.left = Math.min(e.clientX + 12, innerWidth - 300) + "px"; tip.style.top = e.clientY + 14 + "px"; } };
cv.onmouseleave = () => $("tip").style.display = "none";
cv.ondblclick = () => { view.a = 0; view.b = D.span; draw(); };

// --- the panes
let stats, tab = "Calls", sortBy = 3;
function count() {
  stats = D.names.map((name, k) => ({ k, name, calls: 0, errors: 0, total: 0, max: 0, h: new Uint32Array(40) }));
  for (let i = 0; i < n; i++) { const s = stats[nam[i]]; s.calls++; s.total += dur[i]; if (err[i]) s.errors++; if (dur[i] > s.max) s.max = dur[i]; s.h[Math.min(Math.floor(Math.log2(dur[i] + 1)), 39)]++; }
}
function grid(heads, list, on, click) {
  const t = document.createElement("table"); t.innerHTML = "<thead><tr>" + heads.map(h => `<th>${h}</th>`).join("") + "</tr></thead>";
  const b = document.createElement("tbody"); t.append(b); list.sort((x, y) => typeof x.w[sortBy] === "string" ? x.w[sortBy].localeCompare(y.w[sortBy]) : y.w[sortBy] - x.w[sortBy]);
  for (const r of list.slice(0, 5000)) { const tr = document.createElement("tr"); if (on(r)) tr.className = "on"; r.s.forEach((s, k) => { const td = document.createElement("td"); td.textContent = s; if (k === 0) td.title = s; if (heads[k] === "errors" && s) td.className = "bad"; tr.append(td); }); tr.onclick = () => click(r); b.append(tr); }
  t.tHead.onclick = e => { const k = [...t.tHead.rows[0].cells].indexOf(e.target); if (k >= 0) { sortBy = k; pane(); } }; return t;
}
const tabs = {
  Calls: () => grid(["call", "calls", "errors", "total", "mean", "max"], stats.filter(s => s.calls).map(s => ({ k: s.k, w: [s.name, s.calls, s.errors, s.total, s.total / s.calls, s.max], s: [s.name, num(s.calls), s.errors ? num(s.errors) : "", ns(Math.round(s.total)), ns(Math.round(s.total / s.calls)), ns(s.max)] })), r => r.k === f.call, r => { f.call = f.call === r.k ? -1 : r.k; pass(); pane(); }),
  Errors: () => { const g = new Map(); for (let i = 0; i < n; i++) if (err[i]) { const key = nam[i] * 256 + err[i]; g.set(key, (g.get(key) || 0) + 1); }
    return grid(["call", "error", "times"], [...g].map(([key, c]) => ({ k: key, w: [D.names[key >> 8], D.errnos[key & 255], c, c], s: [D.names[key >> 8], D.errnos[key & 255], num(c)] })), r => f.call === r.k >> 8 && f.errno === (r.k & 255), r => { f.call = r.k >> 8; f.errno = r.k & 255; pass(); pane(); }); },
  Processes: () => { const top = document.createElement("ul"), kids = new Map(); for (const t of D.threads) { if (!kids.has(t.maker)) kids.set(t.maker, []); kids.get(t.maker).push(t); }
    const seen = new Set(), add = (ul, t) => { if (seen.has(t)) return; seen.add(t); const li = document.createElement("li"), s = document.createElement("span"); s.textContent = (t.tid === t.pid ? "" : "thread ") + t.tid + " " + t.name; s.onclick = () => { f.tid = f.tid === t.tid ? 0 : t.tid; pass(); }; const d = document.createElement("i"); d.className = "dim"; d.textContent = "  " + ns((t.end || D.span) - t.start) + (t.how ? ", " + t.how : ""); li.append(s, d); ul.append(li);
      const k = kids.get(t.tid) || []; if (k.length) { const u = document.createElement("ul"); li.append(u); for (const c of k) if (c !== t) add(u, c); } };
    for (const t of kids.get(0) || []) add(top, t); for (const t of D.threads) add(top, t); return top; },
  Files: () => touched(D.files), Sockets: () => touched(D.sockets),
};
const touched = list => grid(["name", "calls", "errors", "read", "written"], list.map(r => ({ k: un(r[0]), w: [un(r[0]), ...r.slice(1)], s: [un(r[0]), num(r[1]), r[2] ? num(r[2]) : "", r[3] ? num(r[3]) : "", r[4] ? num(r[4]) : ""] })), r => f.find === r.k, r => { $("find").value = f.find = r.k; pass(); pane(); });
function histo() {
  const box = $("histo"); if (f.call < 0 || tab !== "Calls") return box.replaceChildren(); const s = stats[f.call]; let lo = 40, hi = 0; s.h.forEach((c, k) => { if (c) { lo = Math.min(lo, k); hi = Math.max(hi, k); } });
  const most = Math.max(...s.h), W = 360, bar = W / (hi - lo + 1); let svg = "";
  for (let k = lo; k <= hi; k++) { const h = s.h[k] ? Math.max(70 * s.h[k] / most, 1) : 0; svg += `<rect x="${(k - lo) * bar}" y="${80 - h}" width="${bar - 1}" height="${h}" fill="var(--hot)"><title>${ns(2 ** k)} – ${ns(2 ** (k + 1))}: ${num(s.h[k])}</title></rect>`; }
  box.innerHTML = `<div>${esc(s.name)}: how long ${num(s.calls)} calls took</div><svg viewBox="0 0 ${W} 96" width="100%" style="max-width:520px">${svg}<text x="0" y="93" font-size="10" fill="var(--dim)">${ns(2 ** lo)}</text><text x="${W}" y="93" font-size="10" text-anchor="end" fill="var(--dim)">${ns(2 ** (hi + 1))}</text></svg>`;
}
function pane() {
  document.querySelector("nav").replaceChildren(...Object.keys(tabs).map(name => { const b = document.createElement("button"); b.role = "tab"; b.textContent = name; b.ariaSelected = name === tab; b.onclick = () => { tab = name; sortBy = name === "Calls" ? 3 : name === "Errors" ? 2 : 1; pane(); }; return b; }));
  $("pane").replaceChildren(tabs[tab]()); histo();
}
$("find").oninput = e => { f.find = e.target.value; soon(); }; $("bad").onchange = e => { f.bad = e.target.checked; pass(); };
window.onresize = () => { draw(); rows(); };
index(() => {
  const has = new Set(); for (let i = 0; i < n; i++) has.add(tid[i]);
  order = [...new Set(D.threads.map(t => t.tid).filter(t => has.has(t)))]; order.forEach((t, y) => rowOf.set(t, y));
  count(); $("wait").remove(); pane(); pass(); document.body.dataset.ready = "1";
});
</script></body></html>
)page";

}  // namespace limen::trace
