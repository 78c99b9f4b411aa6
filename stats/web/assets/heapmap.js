// SPDX-License-Identifier: Apache-2.0

// The map of the heap: one canvas for each chunk, one cell for each page, and a table of
// the chunks.

import { bytes, count, percent, row } from "./units.js";

const columns = 128, cell = 4;
const Clean = 0, Dirty = 1, Span = 2, Large = 3; // as stats.PageUse

// hue returns a hue from blue for the smallest blocks to red for the largest, on a
// logarithmic scale.
const hue = size => 200 + 135 * Math.log2(size / 16) / Math.log2(112 * 1024 / 16);

function color(use, size, full, dark, css) {
  if (use === Dirty) return css.getPropertyValue("--dirty");
  if (use === Large) return css.getPropertyValue("--large");
  const light = dark ? 26 + 34 * full : 90 - 44 * full;
  return `hsl(${hue(size).toFixed(0)} ${dark ? 40 + 30 * full : 70}% ${light.toFixed(0)}%)`;
}

function paint(canvas, chunk) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const css = getComputedStyle(document.documentElement);
  const rows = Math.ceil(chunk.pages / columns);
  canvas.width = columns * cell;
  canvas.height = rows * cell;
  const g = canvas.getContext("2d");
  g.clearRect(0, 0, canvas.width, canvas.height);
  let page = 0;
  for (let i = 0; i < chunk.runs.length; i += 5) {
    const [use, pages, size, blocks, idle] = chunk.runs.slice(i, i + 5);
    if (use !== Clean) {
      g.fillStyle = color(use, size, blocks ? 1 - idle / blocks : 1, dark, css);
      // A run may cover several rows; a gap at its end separates it from the next.
      for (let at = page; at < page + pages;) {
        const end = Math.min(page + pages, (Math.floor(at / columns) + 1) * columns);
        const gap = end === page + pages && use === Span ? 1 : 0;
        g.fillRect(at % columns * cell, Math.floor(at / columns) * cell, (end - at) * cell - gap, cell - 1);
        at = end;
      }
    }
    page += pages;
  }
}

function sparse(chunk) {
  let some = 0, all = 0;
  for (let i = 0; i < chunk.runs.length; i += 5) {
    if (chunk.runs[i] !== Span) continue;
    all++;
    if (chunk.runs[i + 4] * 2 > chunk.runs[i + 3]) some++;
  }
  return `${count(some)} of ${count(all)}`;
}

export function draw(map, figures, table, more) {
  while (figures.children.length > map.chunks.length) figures.lastChild.remove();
  while (figures.children.length < map.chunks.length) {
    const figure = document.createElement("figure");
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    figure.append(canvas, document.createElement("figcaption"));
    figures.append(figure);
  }
  table.replaceChildren();
  map.chunks.forEach((chunk, i) => {
    const [canvas, caption] = figures.children[i].children;
    const name = "0x" + chunk.start.toString(16);
    const used = percent(chunk.used, chunk.pages);
    paint(canvas, chunk);
    canvas.setAttribute("aria-label", `Chunk at ${name}: ${used} used`);
    caption.textContent = `${name}${chunk.large ? ", of large objects" : ""}: ${used} used`;
    const size = n => bytes(n * map.pageSize);
    table.append(row(name, size(chunk.pages), size(chunk.used), size(chunk.dirty), size(chunk.clean), size(chunk.longestFree), sparse(chunk)));
  });
  more.textContent = map.omitted ? `${count(map.omitted)} more chunks are not shown.` :
    map.chunks.length ? "" : "There are no chunks: the program has allocated no small blocks.";
}
