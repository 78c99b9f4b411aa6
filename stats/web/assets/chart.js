// SPDX-License-Identifier: Apache-2.0

// Memory over time: an SVG with stacked areas and lines, and the table beside it.

import { bytes, row } from "./units.js";

const maxPoints = 600; // number of points kept
const areas = ["requested", "slack", "cached", "dirty"];
const lines = ["rss", "mapped"];
const names = {
  requested: "requested", slack: "slack", cached: "cached, idle", dirty: "dirty",
  rss: "process RSS", mapped: "mapped",
};
const history = [];

// record adds a point to the history: {time, requested, slack, …}; the time is in
// milliseconds, the other numbers in bytes.
export function record(point) {
  history.push(point);
  if (history.length > maxPoints) history.shift();
}

const SVG = "http://www.w3.org/2000/svg";

function element(parent, name, attributes, text) {
  const e = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
}

// tick returns a round number of bytes for the grid, so that three to six lines lie below
// top.
function tick(top) {
  let step = 1;
  while (step * 6 < top) step *= 2;
  return step;
}

export function draw(svg, table) {
  const width = svg.clientWidth || 600, height = svg.clientHeight || 240;
  const left = 62, right = 6, above = 8, below = 20;
  const last = history[history.length - 1];
  const span = Math.max(30e3, last.time - history[0].time);
  const shown = p => Math.max(areas.reduce((sum, k) => sum + p[k], 0), p.rss || 0, p.mapped);
  const top = Math.max(1024, ...history.map(shown)) * 1.04;
  const x = t => left + (width - left - right) * (1 - (last.time - t) / span);
  const y = n => height - below - (height - above - below) * n / top;

  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const step = tick(top);
  for (let n = 0; n <= top; n += step) {
    element(svg, "line", { class: "grid", x1: left, x2: width - right, y1: y(n), y2: y(n) });
    element(svg, "text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, bytes(n));
  }
  element(svg, "text", { x: left, y: height - 4 }, `${Math.round(span / 1000)} s ago`);
  element(svg, "text", { x: width - right, y: height - 4, "text-anchor": "end" }, "now");

  let floor = history.map(() => 0);
  for (const k of areas) {
    const roof = history.map((p, i) => floor[i] + p[k]);
    const edge = (list, i) => `${x(history[i].time).toFixed(1)},${y(list[i]).toFixed(1)}`;
    const points = [...history.keys()].map(i => edge(roof, i))
      .concat([...history.keys()].reverse().map(i => edge(floor, i)));
    element(svg, "polygon", { points: points.join(" ") }).style.fill = `var(--${k})`;
    floor = roof;
  }
  for (const k of lines) {
    const points = history.filter(p => p[k] > 0).map(p => `${x(p.time).toFixed(1)},${y(p[k]).toFixed(1)}`);
    const line = element(svg, "polyline", { class: "line", points: points.join(" ") });
    line.style.stroke = `var(--${k})`;
    if (k === "mapped") line.style.strokeDasharray = "5 4";
  }

  table.replaceChildren(...[...lines, ...areas.toReversed()].map(k => {
    const head = document.createElement("span"), key = document.createElement("span");
    key.className = `key k-${k}` + (lines.includes(k) ? " line" : "");
    head.append(key, " " + names[k]);
    const values = history.map(p => p[k] || 0);
    const tr = row(head, bytes(values[values.length - 1]), bytes(Math.min(...values)), bytes(Math.max(...values)));
    tr.dataset.series = k;
    return tr;
  }));
}
