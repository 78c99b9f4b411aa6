// SPDX-License-Identifier: Apache-2.0

// Formats quantities and makes rows of tables.

// fixed is toFixed, but rounds halves to even, as Go does.
function fixed(x, digits) {
  const below = Math.floor(x * 10 ** digits), half = x * 2 ** (digits + 1) % 2 === 1;
  return (half && below % 2 === 0 ? below / 10 ** digits : x).toFixed(digits);
}

// bytes formats a number of bytes as stats.Bytes does: in the largest binary unit that it
// fills, with three significant digits.
export function bytes(n) {
  let abs = Math.abs(n);
  if (abs < 1024) return n + " B";
  let unit = 0;
  for (abs /= 1024; abs >= 1023.5 && unit < 5; abs /= 1024) unit++;
  const digits = abs >= 99.95 ? 0 : abs >= 9.995 ? 1 : 2;
  return (n < 0 ? "-" : "") + fixed(abs, digits) + " " + "KMGTPE"[unit] + "iB";
}

// count formats a number with separators between thousands.
export function count(n) {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export function percent(part, all) {
  return all > 0 ? (100 * part / all).toFixed(part * 1000 < all && part > 0 ? 2 : 1) + " %" : "–";
}

// row makes a table row. A cell is a string or an element; the first is the row's head.
export function row(...cells) {
  const tr = document.createElement("tr");
  cells.forEach((content, i) => {
    const cell = document.createElement(i === 0 ? "th" : "td");
    if (i === 0) cell.scope = "row";
    cell.append(content);
    tr.append(cell);
  });
  return tr;
}

// bar makes a bar of parts; each is [class, share], with shares between 0 and 1.
export function bar(...parts) {
  const div = document.createElement("div");
  for (const [name, share] of parts) {
    if (!(share > 0)) continue;
    const i = document.createElement("i");
    i.className = name;
    i.style.width = `max(1px, ${(100 * share).toFixed(2)}% - 1px)`;
    div.append(i);
  }
  return div;
}
