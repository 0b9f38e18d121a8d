/* Draws packed areas on a Leaflet map. One geometry block serves every layer; changing the layer only
   recolors. No request is ever made: everything arrives inside the page. */
(function () {
  "use strict";

  async function inflate(text) {
    const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
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

  function hatch(color, line) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.fillStyle = color;
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = line;
    pen.lineWidth = 1.1;
    pen.beginPath();
    for (const k of [-8, 0, 8]) { pen.moveTo(k - 1, 9); pen.lineTo(k + 9, -1); }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  }

  const isDark = (hex) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.substr(i, 2), 16));
    return 0.299 * r + 0.587 * g + 0.114 * b < 120;
  };

  /* A line drawn on the inner side of an area only, so that it is clear which side it belongs to. */
  const Canvas = L.Canvas.extend({
    _fillStroke: function (pen, layer) {
      if (!layer.options.inner) return L.Canvas.prototype._fillStroke.call(this, pen, layer);
      pen.save();
      pen.clip("evenodd");
      L.Canvas.prototype._fillStroke.call(this, pen, layer);
      pen.restore();
    },
  });

  function describe(data, i, active) {
    const box = document.createElement("div");
    const add = (tag, text, into) => {
      const node = document.createElement(tag);
      node.textContent = text;
      return (into || box).appendChild(node);
    };
    add("strong", data.name[i]);
    add("div", data.place[i]).className = "eq-tip-place";
    const list = document.createElement("dl");
    data.layers.forEach((layer, k) => {
      const term = add("dt", layer.label, list);
      const value = add("dd", layer.text[i], list);
      if (k !== active) return;
      term.className = value.className = "eq-on";
      const label = layer.code[i] < 0 ? "no data" : layer.classes[layer.code[i]];
      add("small", " (class: " + label + (layer.rough[i] ? "; unreliable" : "") + ")", value);
    });
    box.appendChild(list);
    if (data.reason[i]) add("div", data.reason[i]).className = "eq-tip-reason";
    return box;
  }

  async function start(map, id) {
    const frame = document.getElementById(id);
    const config = JSON.parse(document.getElementById(id + "-data").textContent);
    const status = frame.querySelector(".eq-status");
    if (typeof DecompressionStream === "undefined") {
      status.textContent = "This browser is too old to draw the map; the table has the same values.";
      frame.dataset.state = "unsupported";
      return;
    }
    const text = new TextDecoder();
    const [areas, lines, focus, far, table] = await Promise.all(
      [config.areas, config.outlines, config.focus, config.far, config.table].map(inflate));
    const data = JSON.parse(text.decode(table));
    const step = config.step;
    const canvas = new Canvas({ padding: 0.2 });
    const common = { renderer: canvas, smoothFactor: 0.4, lineJoin: "round" };
    const patterns = {};
    const pattern = (color, line) => (patterns[color] = patterns[color] || hatch(color, line));

    let active = 0, pinned = -1;
    const style = (i) => {
      const layer = data.layers[active];
      const code = layer.code[i];
      const color = code < 0 ? config.noData : layer.colors[code];
      let fill = color;
      if (code < 0) fill = pattern(color, "#8a8580");
      else if (layer.rough[i]) fill = pattern(color, isDark(color) ? "#aeb4c2" : "#4a4a4a");
      return { fillColor: fill, fillOpacity: 1 };
    };
    /* Thousands of borders would blacken a city seen from afar: lines and dots grow as one zooms in. */
    const room = { animate: false, paddingTopLeft: [8, 8], paddingBottomRight: [8, 36] };
    map.fitBounds(config.bounds, room); /* before the areas come, so that each is projected once */
    const home = map.getZoom();
    const grown = () => Math.max(0, map.getZoom() - home);
    const thin = config.many ? 0.15 : 0.5;
    const borders = () => ({ color: "#2b2b2b", opacity: 0.8, weight: Math.min(1, thin + 0.17 * grown()) });
    const narrow = map.getSize().x < 500 ? 0.6 : 1;
    const radius = () => Math.min(7, (data.sites.length > 60 ? 2.2 : 4) * narrow + 0.6 * grown());

    const tip = L.tooltip({ className: "eq-tip", direction: "auto", offset: [14, 0], opacity: 1, interactive: true });
    const ring = L.polyline([], { renderer: canvas, color: "#d81b60", weight: 3, interactive: false }).addTo(map);
    function show(i, at) {
      tip.setContent(describe(data, i, active)).setLatLng(at);
      if (!map.hasLayer(tip)) tip.addTo(map);
      ring.setLatLngs(shapes[i].flat()).bringToFront();
      frame.dataset.shown = data.geoid[i];
    }
    function hide() {
      pinned = -1;
      tip.remove();
      ring.setLatLngs([]);
      delete frame.dataset.shown;
    }

    const shapes = unpack(areas, step);
    const layers = shapes.map((shape, i) => {
      if (!shape.length) return null;
      const closed = shape.map((rings) => rings.map((r) => r));
      const area = L.polygon(closed, { ...common, ...style(i), ...borders() });
      area.on("mouseover mousemove", (e) => { if (pinned < 0) show(i, e.latlng); });
      area.on("mouseout", () => { if (pinned < 0) hide(); });
      area.on("click", (e) => {
        L.DomEvent.stop(e);
        if (pinned === i) return hide();
        pinned = i;
        show(i, e.latlng);
      });
      return area.addTo(map);
    });
    shapes.forEach((shape) => shape.forEach((rings) => rings.forEach((r) => r.push(r[0]))));
    unpack(lines, step).forEach((shape) => shape.length && L.polygon(shape, {
      ...common, fill: false, color: config.many ? "#3a3a3a" : "#000000", weight: config.many ? 0.7 : 1.3, opacity: 0.9, interactive: false }).addTo(map));
    unpack(focus, step).forEach((shape) => shape.length && L.polygon(shape, {
      ...common, fill: false, inner: true, color: "#d81b60", weight: config.many ? 3 : 4, opacity: 1, interactive: false }).addTo(map));
    /* White dashes on a black line show on light and on dark areas alike. */
    const tracks = [{ color: "#000000", weight: 5 }, { color: "#ffffff", weight: 3, dashArray: "5 5" }];
    unpack(far, step).forEach((shape) => shape.length && tracks.forEach((line) => L.polygon(shape, {
      ...common, ...line, fill: false, inner: true, interactive: false }).addTo(map)));
    const dots = data.sites.map(([lat, lon, name, inside]) => {
      const dot = L.circleMarker([lat, lon], {
        renderer: canvas, radius: radius(), fillColor: "#ffffff", fillOpacity: inside ? 1 : 0,
        color: inside ? "#000000" : "#8a8580", weight: inside ? 1.2 : 0.8 });
      const label = document.createElement("span");
      label.textContent = name;
      return dot.bindTooltip(label, { className: "eq-tip", direction: "top" }).addTo(map);
    });

    function choose(k) {
      active = k;
      layers.forEach((area, i) => area && area.setStyle(style(i)));
      frame.querySelectorAll(".eq-legend").forEach((legend, j) => { legend.hidden = j !== k; });
      frame.dataset.layer = data.layers[k].column;
      if (pinned >= 0) show(pinned, tip.getLatLng());
    }
    frame.querySelectorAll("input[type=radio]").forEach((input, k) => {
      input.addEventListener("change", () => choose(k));
      if (input.checked) choose(k);
    });

    /* Keyboard and search: an area found by name is shown, framed and described. */
    const byId = new Map(data.geoid.map((g, i) => [g, i]));
    function go(geoid, move) {
      const i = byId.get(geoid);
      if (i === undefined || !layers[i]) return false;
      const box = layers[i].getBounds();
      if (move) map.fitBounds(box, { maxZoom: Math.max(map.getZoom(), 10), animate: map.options.zoomAnimation });
      pinned = i;
      show(i, box.getCenter());
      const now = data.layers[active];
      status.textContent = data.name[i] + ", " + data.place[i] + ". " + now.label + ": " + now.text[i] + ".";
      return true;
    }
    const find = frame.querySelector(".eq-find input");
    const options = frame.querySelector(".eq-find datalist");
    const named = new Map();
    data.name.forEach((name, i) => {
      const text = name + " (" + data.place[i] + ")";
      named.set(text.toLowerCase(), data.geoid[i]);
      const option = document.createElement("option");
      option.value = text;
      options.appendChild(option);
    });
    find.addEventListener("change", () => {
      const wanted = find.value.trim().toLowerCase();
      let hit = named.get(wanted) || (byId.has(wanted) ? wanted : undefined);
      if (!hit && wanted) for (const [text, g] of named) if (text.includes(wanted)) { hit = g; break; }
      if (hit ? !go(hit, true) : wanted) status.textContent = "No area on the map has this name.";
    });
    document.querySelectorAll("[data-show]").forEach((link) => {
      link.addEventListener("focus", () => go(link.dataset.show, false));
      link.addEventListener("click", (e) => {
        if (!go(link.dataset.show, true)) return;
        e.preventDefault();
        frame.scrollIntoView({ block: "nearest", behavior: map.options.zoomAnimation ? "smooth" : "auto" });
      });
    });
    document.addEventListener("keydown", (e) => { if (e.key === "Escape") hide(); });
    map.on("click", hide);
    map.on("zoomend", () => {
      const line = borders(), size = radius();
      layers.forEach((area) => area && area.setStyle(line));
      dots.forEach((dot) => dot.setRadius(size));
    });
    const leash = L.latLngBounds(config.bounds).pad(0.6);
    map.setMaxBounds(leash);
    /* Paper is 7 inches wide between its margins; the canvas is redrawn for that, then put back. */
    const sheet = frame.querySelector(".eq-canvas");
    let seen = null;
    window.addEventListener("beforeprint", () => {
      seen = [map.getCenter(), map.getZoom()];
      map.setMaxBounds(null);
      sheet.style.width = "672px";
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(config.bounds, room);
    });
    window.addEventListener("afterprint", () => {
      sheet.style.width = "";
      map.invalidateSize({ animate: false, pan: false });
      if (seen) map.setView(seen[0], seen[1], { animate: false });
      map.setMaxBounds(leash);
    });
    status.textContent = "";
    frame.dataset.drawn = String(layers.filter(Boolean).length);
    frame.dataset.state = "ready";
  }

  window.equityMap = function (map, id) {
    start(map, id).catch((error) => {
      const frame = document.getElementById(id);
      frame.dataset.state = "failed";
      frame.querySelector(".eq-status").textContent = "The map could not be drawn; the table has the same values.";
      console.error(error);
    });
  };

  window.equityMotion = function () {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    return { zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm };
  };
})();
