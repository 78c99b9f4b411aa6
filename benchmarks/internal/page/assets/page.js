// SPDX-License-Identifier: Apache-2.0

"use strict";
// Draws the charts from the numbers in the page, as wide as there is room, and again when that changes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dashes = ["", "6 3", "2 3", "8 3 2 3", "12 4", "4 2 1 2"];

  // Ours have two colours of their own and thick lines; the others share eight, and dashes after that.
  const styles = new Map();
  let ours = 0, others = 0;
  for (const s of data.series) {
    styles.set(s.name, s.ours
      ? { color: ours++ % 2 ? "var(--ours-2)" : "var(--ours)", width: 3, dash: dashes[Math.floor((ours - 1) / 2) % dashes.length] }
      : { color: `var(--s${others % 8})`, width: 1.6, dash: dashes[(1 + others++) % dashes.length] });
  }
  const style = (name) => styles.get(name) ?? { color: "var(--ink)", width: 1.6, dash: "" };

  const number = (x) => {
    const size = Math.abs(x);
    if (size >= 1e9) return +(x / 1e9).toPrecision(3) + " G";
    if (size >= 1e6) return +(x / 1e6).toPrecision(3) + " M";
    if (size >= 1e4) return +(x / 1e3).toPrecision(3) + " k";
    return String(+x.toPrecision(3));
  };
  const duration = (ns) => ns < 1e3 ? number(ns) + " ns" : ns < 1e6 ? number(ns / 1e3) + " µs" : ns < 1e9 ? number(ns / 1e6) + " ms" : number(ns / 1e9) + " s";
  const quantile = (beyond) => +(100 * (1 - 1 / beyond)).toFixed(6) + " %";
  const powers = (low, high) => d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1).map((e) => 10 ** e);

  // ratios draws a bar from 1 to each ratio. A peer to the left of 1 is faster than ashlar, and says so.
  function ratios(chart, width) {
    const points = chart.points;
    const narrow = width < 520;
    const left = 16 + 7.6 * d3.max(points, (p) => p.series.length);
    const [low, high] = d3.extent(points, (p) => p.x);
    const domain = [Math.min(0.5, low * 0.8), Math.max(2, high * (narrow ? 8 : 3))];
    const own = new Set(data.series.filter((s) => s.ours).map((s) => s.name));
    const fill = (p) => own.has(p.series) ? style(p.series).color : p.x < 1 && !p.chance ? "var(--loss)" : "var(--gain)";
    const label = (p) => number(p.x) + " ×" + (own.has(p.series) ? "" : p.chance ? (narrow ? " ~" : " ~ may be chance") : p.x < 1 ? (narrow ? " loss" : " – ashlar loses") : "");
    const groups = d3.groups(points, (p) => p.group);
    return groups.map(([group, some]) => {
      const title = document.createElement("h3");
      title.textContent = group;
      const plot = Plot.plot({
        width, height: 34 + 20 * some.length, marginLeft: left, marginTop: 4, marginBottom: 26, marginRight: 8,
        ariaLabel: `${chart.title}, ${group}`, ariaDescription: some.map((p) => `${p.series} ${label(p)}`).join("; "),
        x: { type: "log", domain, label: null, ticks: powers(...domain).filter((t) => t >= domain[0] && t <= domain[1]), tickFormat: (t) => number(t) + " ×" },
        y: { domain: some.map((p) => p.series), label: null, tickSize: 0 },
        marks: [
          Plot.gridX({ ticks: powers(...domain), stroke: "var(--line)", strokeOpacity: 1 }),
          Plot.barX(some, { x1: 1, x2: "x", y: "series", fill, insetTop: 2, insetBottom: 2, title: (p) => `${group}: ${p.series} ${number(p.x)} ×` }),
          Plot.ruleX([1], { stroke: "var(--ours)", strokeWidth: 2 }),
          Plot.text(some, { x: (p) => Math.max(p.x, 1), y: "series", text: label, dx: 5, textAnchor: "start", fill: "var(--ink)" }),
        ],
      });
      plot.setAttribute("role", "img");
      const box = document.createElement("div");
      box.append(title, plot);
      return box;
    });
  }

  // lines draws a line for each series, and a legend above.
  function lines(chart, width) {
    const points = chart.points;
    const names = [...new Set(points.map((p) => p.series))];
    const x = { label: chart.x, type: chart.log_x ? "log" : "linear", grid: false };
    if (chart.ticks) { x.ticks = chart.ticks; x.tickFormat = (t) => String(t); }
    if (chart.beyond) { const end = 1.01 * d3.max(points, (p) => p.x); x.ticks = powers(1, end).filter((t) => t <= end); x.tickFormat = quantile; }
    const y = { label: chart.y, type: chart.log_y ? "log" : "linear", zero: !chart.log_y, nice: true, tickFormat: chart.beyond ? duration : number };
    if (chart.log_y) { y.ticks = powers(...d3.extent(points, (p) => p.y)).filter((t) => t >= d3.min(points, (p) => p.y) / 3 && t <= d3.max(points, (p) => p.y) * 3); }
    const tell = (p) => `${p.series}\n${chart.beyond ? quantile(p.x) : number(p.x)}: ${chart.beyond ? duration(p.y) : number(p.y)}`;
    const plot = Plot.plot({
      width, height: Math.min(380, Math.max(240, width * 0.5)), marginLeft: 58, marginBottom: 46, marginRight: chart.beyond ? 44 : 16,
      ariaLabel: chart.title, ariaDescription: "The same figures are in the tables below.",
      x, y,
      marks: [
        Plot.gridY({ ticks: y.ticks, stroke: "var(--line)", strokeOpacity: 1 }),
        ...names.map((name) => Plot.line(points.filter((p) => p.series === name), {
          x: "x", y: "y", curve: "linear", stroke: style(name).color, strokeWidth: style(name).width, strokeDasharray: style(name).dash || null, title: () => name,
        })),
        ...(points.length > 200 ? [] : [Plot.dot(points, { x: "x", y: "y", r: 2.6, fill: (p) => style(p.series).color, title: tell })]),
        Plot.tip(points, Plot.pointer({ x: "x", y: "y", title: tell, fill: "var(--panel)", stroke: "var(--quiet)" })),
      ],
    });
    plot.setAttribute("role", "img");
    return [legend(names), plot];
  }

  function legend(names) {
    const list = document.createElement("ul");
    list.className = "legend";
    for (const name of names) {
      const item = document.createElement("li");
      const { color, width, dash } = style(name);
      item.innerHTML = `<svg viewBox="0 0 32 12" aria-hidden="true"><line x1="0" y1="6" x2="32" y2="6" style="stroke:${color}" stroke-width="${width}" stroke-dasharray="${dash}"/></svg>`;
      item.append(name);
      list.append(item);
    }
    return list;
  }

  function draw(chart) {
    const box = document.querySelector(`#${chart.id} .chart`);
    const width = Math.max(280, Math.round(box.clientWidth));
    if (box.dataset.width === String(width)) return;
    box.dataset.width = width;
    box.replaceChildren(...(chart.kind === "ratios" ? ratios : lines)(chart, width));
  }

  const drawAll = () => data.charts.forEach(draw);
  drawAll();
  let pending = 0;
  addEventListener("resize", () => { cancelAnimationFrame(pending); pending = requestAnimationFrame(drawAll); });
})();
