/* Reads what the page carries inside, and the colors that the style sheet names. No request is ever
   made: everything arrives with the page. */
window.equity = (function () {
  "use strict";
  const { tr, digits, published } = window.equityWords;

  async function inflate(text) {
    const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function unzip(text) {
    return JSON.parse(new TextDecoder().decode(await inflate(text)));
  }

  function reader(bytes) {
    let at = 0;
    return function next() {
      let value = 0, scale = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte > 127);
      return value;
    };
  }

  /* areas -> polygons -> rings -> [lat, lon] */
  function unpack(bytes, step) {
    const next = reader(bytes);
    const take = (n) => Array.from({ length: n }, next);
    const sum = (list) => list.reduce((a, b) => a + b, 0);
    const signed = () => { const z = next(); return z % 2 ? -(z + 1) / 2 : z / 2; };
    const polygons = take(next());
    const rings = take(sum(polygons));
    const vertices = take(sum(rings));
    let x = 0, y = 0, ring = 0, polygon = 0;
    return polygons.map((n) => Array.from({ length: n }, () =>
      Array.from({ length: rings[polygon++] }, () =>
        Array.from({ length: vertices[ring++] }, () => {
          x += signed();
          y += signed();
          return [y * step, x * step];
        }))));
  }

  /* Whether a point lies in an area: lines from it cross the rings an odd number of times. */
  function holds(shape, lat, lon) {
    let odd = false;
    for (const ring of shape.flat()) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [y, x] = ring[i], [v, u] = ring[j];
        if ((y > lat) !== (v > lat) && lon < (u - x) * (lat - y) / (v - y) + x) odd = !odd;
      }
    }
    return odd;
  }

  const colors = {};
  const color = (name) => colors[name] ||= getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  const isDark = (hex) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    return 0.299 * r + 0.587 * g + 0.114 * b < 120;
  };

  function tile(ground, draw) {
    const square = document.createElement("canvas");
    square.width = square.height = 8;
    const pen = square.getContext("2d");
    pen.fillStyle = ground;
    pen.fillRect(0, 0, 8, 8);
    draw(pen);
    return pen.createPattern(square, "repeat");
  }

  /* Unreliable: the color of the class under fine lines. No value: a gray that no class has, dotted. */
  const hatch = (ground) => tile(ground, (pen) => {
    pen.strokeStyle = color(isDark(ground) ? "hatch-light" : "hatch");
    pen.lineWidth = 1;
    pen.beginPath();
    for (const k of [-8, 0, 8]) { pen.moveTo(k - 1, 9); pen.lineTo(k + 9, -1); }
    pen.stroke();
  });
  const dots = () => tile(color("no-data"), (pen) => {
    pen.fillStyle = color("dot");
    for (const [x, y] of [[1, 1], [5, 5]]) pen.fillRect(x, y, 2, 2);
  });

  /* What is shown is what sorts: a value is read from its own words. */
  function numeric(text) {
    const found = WRITTEN.exec(text);
    if (!found) return NaN;
    const value = Number(found[2].replace(/,/g, ""));
    return found[1] === UNDER ? value * 0.5 : found[1] ? value + 0.05 : value;
  }
  const [UNDER, OVER] = [tr("under {n}"), tr("over {n}")].map((said) => said.replace("{n}", ""));
  const WRITTEN = new RegExp(`^(${UNDER}|${OVER})?(-?[\\d,]*\\.?\\d+)`);

  const count = (n) => n > 0 && n < 0.5 ? tr("under {n}", { n: 1 }) : digits(Math.round(n));
  function share(part, whole) {
    const percent = 100 * part / whole;
    if (percent > 0 && percent < 0.05) return tr("under {n}", { n: "0.1\u00a0%" });
    if (percent > 99.95 && percent < 100) return tr("over {n}", { n: "99.9\u00a0%" });
    return digits(percent, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) + "\u00a0%";
  }

  /* A node with text (never markup) and attributes; children follow. */
  function node(tag, text, attributes, ...children) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...children.filter(Boolean));
    return made;
  }

  return { inflate, unzip, unpack, holds, color, isDark, hatch, dots, numeric, count, share, node, tr, digits, published };
})();
