// SPDX-License-Identifier: Apache-2.0

// Polls the allocator's numbers and shows them. All URLs are relative to the page.

import { bytes, count, percent, row, bar } from "./units.js";
import * as chart from "./chart.js";
import * as heapmap from "./heapmap.js";

const tick = 1000, slowTicks = 5; // milliseconds; ticks between two requests for the map
const $ = id => document.getElementById(id);
const metric = (live, path) => live.metrics["/ashlar/" + path] || 0;
const few = 12; // number of classes shown at first
let last = null, before = null, paused = false, ticks = 0, allClasses = false;

async function get(name) {
  const response = await fetch(name, { cache: "no-store" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}

function say(text, name) {
  const status = $("status");
  status.className = name || "";
  if (status.textContent !== text) status.textContent = text;
}

// point returns the numbers of one poll that the chart shows.
function point(live) {
  const sum = (...names) => names.reduce((n, name) => n + metric(live, `memory/${name}:bytes`), 0);
  return {
    time: live.time,
    requested: sum("small/requested", "large/requested"),
    slack: sum("small/slack", "small/tails", "large/slack"),
    cached: sum("small/cached", "small/depots", "small/idle"),
    dirty: sum("large/dirty", "pages/dirty", "metadata/profile", "metadata/used", "metadata/dirty"),
    mapped: metric(live, "mapped/now:bytes") + metric(live, "metadata/mapped:bytes"),
    rss: live.process ? live.process.rss : 0,
  };
}

function tile(name, text) {
  document.querySelector(`[data-tile=${name}]`).textContent = text;
}

function showTiles(live, p) {
  const footprint = metric(live, "footprint/now:bytes"), limit = metric(live, "footprint/limit:bytes");
  const most = metric(live, "mappings/limit:mappings");
  tile("requested", bytes(p.requested));
  tile("footprint", bytes(footprint));
  tile("limit", limit ? `${percent(footprint, limit)} of ${bytes(limit)}` : `no limit; peak ${bytes(metric(live, "footprint/peak:bytes"))}`);
  tile("overhead", percent(Math.max(footprint - p.requested, 0), footprint));
  tile("mapped", bytes(metric(live, "mapped/now:bytes")));
  tile("mappings", `${count(metric(live, "mappings/now:mappings"))}${most ? " of " + count(most) : ""} mappings`);
  if (live.process) {
    tile("rss", bytes(live.process.rss));
    tile("peak", `peak ${bytes(live.process.peak)}` + (live.process.swap ? `, ${bytes(live.process.swap)} swapped` : ""));
  }
}

function showAdvice(live) {
  const items = (live.advice || []).map(a => {
    const li = document.createElement("li"), what = document.createElement("strong");
    if (a.Urgent) li.className = "urgent";
    what.textContent = a.What;
    li.append(what, " " + a.Do);
    return li;
  });
  if (items.length === 0) {
    const li = document.createElement("li");
    li.className = "quiet";
    li.textContent = "Nothing.";
    items.push(li);
  }
  $("advice").replaceChildren(...items);
}

const barOf = path => /clean|unused/.test(path) ? "k-idle" : /requested/.test(path) ? "k-requested" :
  /slack|tails/.test(path) ? "k-slack" : /metadata/.test(path) ? "k-metadata" : /dirty/.test(path) ? "k-dirty" : "k-cached";

function showMemory(live) {
  const body = $("memory").tBodies[0];
  const value = tr => live.metrics[tr.dataset.metric] || 0;
  const rows = [...body.rows], total = rows.reduce((n, tr) => n + value(tr), 0);
  for (const tr of rows) {
    const n = value(tr), share = total ? n / total : 0;
    tr.classList.toggle("none", n === 0);
    tr.cells[1].textContent = bytes(n);
    tr.cells[2].replaceChildren(bar([barOf(tr.dataset.metric), share]));
    tr.cells[2].title = percent(n, total);
  }
  const sorted = rows.toSorted((a, b) => value(b) - value(a));
  if (sorted.some((tr, i) => tr !== rows[i])) body.append(...sorted);
}

function showClasses(live, before) {
  const allocs = new Map((before ? before.classes || [] : []).map(c => [c[0], c[7]]));
  const seconds = before ? (live.time - before.time) / 1000 : 0;
  const rows = (live.classes || []).map(([size, spans, blocks, live_, cached, depot, idle, all, requested]) => {
    const held = blocks * size, waste = held - requested;
    const rate = seconds > 0 ? (all - (allocs.get(size) || 0)) / seconds : 0;
    const tr = row(bytes(size), bytes(held),
      bar(["k-requested", live_ / blocks], ["k-cached", (cached + depot) / blocks], ["k-idle", idle / blocks]),
      count(live_), count(cached + depot), count(idle), bytes(waste), percent(waste, held), rate ? count(rate) : "–");
    tr.cells[2].className = "bar";
    tr.dataset.size = size;
    return { held, tr };
  });
  rows.sort((a, b) => b.held - a.held);
  $("classes").tBodies[0].replaceChildren(...rows.slice(0, allClasses ? rows.length : few).map(r => r.tr));
  $("classes-section").hidden = rows.length === 0;
  $("all-classes").hidden = rows.length <= few;
  $("all-classes").textContent = allClasses ? `Only the ${few} largest` : `All ${rows.length} classes`;
}

// withoutPaths shortens "host/module/package.Function /dir/file.go:7".
const withoutPaths = made => made.replace(/\S*\/(?=\S)/g, "") || "–";

function showArenas(live) {
  const arenas = live.arenas || [], dropped = metric(live, "dropped:arenas");
  $("arenas").tBodies[0].replaceChildren(...arenas.map(a =>
    row(a.name || withoutPaths(a.made), count(a.count), bytes(a.reserved), bytes(a.used), bytes(a.waste), bytes(a.peak), count(a.resets))));
  $("dropped").textContent = dropped ? `${count(dropped)} more, with ${bytes(metric(live, "dropped:bytes"))}, were dropped without Free.` : "";
  $("arenas-section").hidden = arenas.length === 0 && dropped === 0;
}

function showTags(live) {
  const tags = live.tags || [], lost = metric(live, "lost:blocks");
  $("tags").tBodies[0].replaceChildren(...tags.map(t => row(t.Name, count(t.Blocks), bytes(t.Bytes))));
  $("lost").textContent = lost ? `${count(lost)} attached blocks, with ${bytes(metric(live, "lost:bytes"))}, were freed because their owners were lost.` : "";
  $("tags-section").hidden = tags.length === 0 && lost === 0;
}

function showRegions(live) {
  const regions = live.regions || [];
  $("regions").tBodies[0].replaceChildren(...regions.map(r => {
    const tr = row(r.name || "–", r.kind + (r.locked ? ", locked" : ""), bytes(r.len), bytes(r.charged));
    tr.cells[1].className = "text";
    return tr;
  }));
  $("regions-section").hidden = regions.length === 0;
}

async function showMap() {
  if (!$("map-section")) return;
  const map = await get("heapmap.json");
  $("map-section").hidden = false;
  heapmap.draw(map, $("map"), $("chunks").tBodies[0], $("map-more"));
}

// shorten removes the directories from a frame, "path/of/pkg.Func /dir/of/file.go:7".
const shorten = frame => frame.replace(/^[^[( ]*\//, "").replace(/ \S*\//, " ");

async function showStacks() {
  if (!$("stacks-section")) return;
  const found = await get("stacks.json");
  $("stacks-section").hidden = false;
  $("stacks-note").textContent = found.Rate ?
    `Estimated from samples, on average one in ${bytes(found.Rate)}.` : "Sampling is off. To see the stacks of new allocations here, set Options.ProfileRate or call Profile().SetRate.";
  $("stacks").tBodies[0].replaceChildren(...(found.Top || []).map(s => {
    const tr = row(bytes(s.Bytes), percent(s.Bytes, found.Bytes), count(s.Objects), s.Frames.map(shorten).join("\n"));
    tr.cells[3].className = "text";
    tr.cells[3].title = s.Frames.join("\n");
    return tr;
  }));
}

async function showProcess() {
  const p = await get("process.json");
  const names = {
    RSS: "resident (RSS)", PSS: "resident, shared pages divided (PSS)", Referenced: "referenced", HugePages: "in huge pages",
    LazyFree: "purged lazily", Swap: "swapped out", Locked: "locked", Mapped: "address space",
  };
  $("process").tBodies[0].replaceChildren(...Object.keys(names).map(k => row(names[k], bytes(p.Ours[k]), bytes(p.All[k]))),
    row("mappings", count(p.Ours.Count), count(p.All.Count)));
  $("process").hidden = false;
}

function show(live) {
  const p = point(live);
  chart.record(p);
  $("time").hidden = false;
  showTiles(live, p);
  showAdvice(live);
  chart.draw($("chart"), $("series"));
  showMemory(live);
  showClasses(live, last);
  showArenas(live);
  showTags(live);
  showRegions(live);
  before = last;
  last = live;
}

async function poll() {
  try {
    show(await get("live.json"));
    if (ticks % slowTicks === 0) await showMap();
    if (ticks % (6 * slowTicks) === 0) await showStacks();
    ticks++;
    say("live, updated every second");
  } catch (e) {
    say(`No answer: ${e.message}. The numbers are old; the page keeps trying.`, "lost");
  }
}

function pause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", paused);
  $("pause").firstChild.textContent = paused ? "Resume " : "Pause ";
  if (paused) say("paused", "paused");
}

async function run() {
  for (;;) {
    if (!paused && !document.hidden) await poll();
    await new Promise(wake => setTimeout(wake, tick));
  }
}

$("pause").hidden = false;
$("pause").addEventListener("click", pause);
document.addEventListener("keydown", e => {
  if (e.key === "p" && !e.ctrlKey && !e.metaKey && !e.altKey) pause();
});
$("all-classes").addEventListener("click", () => {
  allClasses = !allClasses;
  $("all-classes").setAttribute("aria-expanded", allClasses);
  showClasses(last, before);
});
addEventListener("resize", () => last && chart.draw($("chart"), $("series")));
if ($("process-section")) {
  $("process-section").hidden = false;
  $("measure").addEventListener("click", () => showProcess().catch(e => say(e.message, "lost")));
}
run();
