/* One map: areas of one or several sizes, their layers, the legend, and the place that was chosen.
   The geometry of a view serves all its layers; another layer only recolors. A view that is a part
   (the areas of one state) is read when it is asked for, and forgotten when another one is. */
(function (eq) {
  "use strict";
  const { node, tr, digits, published } = eq;
  L.Control.Zoom.mergeOptions({ zoomInTitle: tr("Zoom in"), zoomOutTitle: tr("Zoom out") });

  /* A line drawn on the inner side of an area only, so that it is clear which side it belongs to. */
  const Canvas = L.Canvas.extend({
    _fillStroke: function (pen, layer) {
      if (!layer.options.inner) return L.Canvas.prototype._fillStroke.call(this, pen, layer);
      pen.save();
      pen.clip("evenodd");
      L.Canvas.prototype._fillStroke.call(this, pen, layer);
      pen.restore();
    },
    /* Sites of several kinds differ in shape: a circle, then polygons of 4, 3 and 5 corners. */
    _updateCircle: function (layer) {
      const corners = [0, 4, 3, 5][layer.options.kind || 0];
      if (!corners) return L.Canvas.prototype._updateCircle.call(this, layer);
      if (!this._drawing || layer._empty()) return;
      const pen = this._ctx, p = layer._point, r = layer._radius * 1.25;
      pen.beginPath();
      for (let k = 0; k < corners; k++) {
        const turn = 2 * Math.PI * k / corners - Math.PI / 2;
        pen.lineTo(p.x + r * Math.cos(turn), p.y + r * Math.sin(turn));
      }
      pen.closePath();
      this._fillStroke(pen, layer);
    },
  });

  class Chart {
    constructor(map, frame, config) {
      Object.assign(this, { map, frame, config, now: 0, layer: 0, chosen: null, mask: null, paint: null, heard: [], turning: Promise.resolve() });
      this.canvas = new Canvas({ padding: 0.2 });
      this.dots = eq.dots();
      this.patterns = {};
      this.common = { renderer: this.canvas, smoothFactor: 0.4, lineJoin: "round" };
      this.status = frame.querySelector(".eq-status");
      this.tip = L.tooltip({ className: "eq-tip", direction: "auto", offset: [14, 0], opacity: 1 });
    }

    get view() { return this.views[this.now]; }
    get data() { return this.view.data; }

    async open() {
      const { config } = this;
      this.views = config.views.map((view) => ({ ...view }));
      const [lines, names] = await Promise.all([eq.inflate(config.outlines), eq.unzip(config.names),
        ...this.views.map((view, k) => view.part || this.load(k))]);
      this.names = names;
      this.lines = eq.unpack(lines, config.step);
      this.room = { animate: false, paddingTopLeft: [8, 8], paddingBottomRight: [8, 36] };
      this.goHome(); /* before the areas come: each is projected once */
      this.ring = [["edge", 9], ["picked", 5]].map(([name, weight]) => L.polyline([], {
        renderer: this.canvas, color: eq.color(name), weight, interactive: false }).addTo(this.map));
      this.draw(0);
      this.furnish();
    }

    async load(k) {
      const view = this.views[k];
      if (view.data) return;
      const from = view.part ? JSON.parse(document.getElementById(this.frame.id + "-" + view.part).textContent) : view;
      const [data, ...blocks] = await Promise.all([eq.unzip(from.table), ...[from.areas, from.focus, from.far].map(eq.inflate)]);
      data.place = data.geoid.map((g, i) => (data.county[i] ? data.county[i] + ", " + g : g));
      data.index = new Map(data.geoid.map((g, i) => [g, i]));
      const [shapes, focus, far] = blocks.map((block) => eq.unpack(block, from.step));
      Object.assign(view, { data, shapes, focus, far, many: from.many });
      if (view.part) this.views.forEach((other) => other.part && other !== view && this.forget(other));
    }

    forget(view) {
      if (this.chosen && this.views[this.chosen.view] === view) this.choose(null);
      view.group?.remove();
      view.data = view.shapes = view.focus = view.far = view.polygons = view.group = null;
    }

    /* All areas in sight, whatever the size of the frame now is. */
    goHome() {
      /* A frame that is hidden has no size: it goes home when it gets one. */
      const { x, y } = this.map.getSize();
      if (x && y) this.map.fitBounds(this.config.bounds, this.room);
      else if (this.at) return;
      else this.map.setView(L.latLngBounds(this.config.bounds).getCenter(), 6);
      this.home = this.map.getZoom();
      this.at = this.map.getCenter();
    }

    atHome() {
      return this.map.getZoom() === this.home && this.map.getCenter().equals(this.at);
    }

    /* Numbers of a column, read once; words sort by their place in the legend. */
    values(column) {
      column.value ||= Float64Array.from(column.text, column.words
        ? (_, i) => (column.code[i] === "-" ? NaN : Number(column.code[i])) : eq.numeric);
      return column.value;
    }
    columnOf(data, name) { return data.columns.find((c) => c.name === name); }
    column(name) { return this.columnOf(this.data, name); }
    get layers() { return this.data.columns.filter((c) => c.code); }
    get active() { return this.layers[this.layer]; }

    style(i) {
      const { active } = this;
      const code = active.code[i] === "-" ? -1 : parseInt(active.code[i], 36);
      let fill = code < 0 ? this.dots : active.colors[code];
      if (this.paint) fill = this.paint(i);
      else if (code >= 0 && active.rough[i] === "1") fill = this.patterns[fill] ||= eq.hatch(fill);
      return { fillColor: fill, fillOpacity: this.mask && !this.mask[i] ? 0.08 : 1 };
    }

    /* Thousands of borders would blacken a city seen from afar: lines and dots grow as one zooms in. */
    grown() { return Math.max(0, this.map.getZoom() - (this.view.home ?? this.home)); }
    borders() {
      return { color: eq.color("edge"), opacity: 0.8, weight: Math.min(1, (this.view.many ? 0.15 : 0.5) + 0.17 * this.grown()) };
    }

    draw(k, name) {
      this.view.group?.remove();
      this.now = k;
      this.layer = Math.max(0, this.layers.findIndex((c) => c.name === name));
      const { view, common } = this;
      if (!view.group) {
        if (view.part) view.home = this.map.getBoundsZoom(view.bounds);
        view.group = L.layerGroup();
        const look = { ...common, ...this.borders() };
        view.polygons = view.shapes.map((shape, i) => shape.length ? this.area(shape, i, look) : null);
        /* A ring round what is chosen needs its first corner again. */
        view.shapes.forEach((shape) => shape.forEach((rings) => rings.forEach((r) => r.push(r[0]))));
        const line = (shape, how) => shape.length && L.polygon(shape, { ...common, fill: false, interactive: false, ...how }).addTo(view.group);
        const around = k === 0 ? this.lines : view.part ? this.views[0].shapes.filter((_, i) => this.views[0].data.geoid[i].startsWith(view.part)) : [];
        around.forEach((shape) => line(shape, { color: eq.color("edge"), weight: view.many ? 0.8 : 1.3, opacity: 0.9 }));
        view.focus.forEach((shape) => line(shape, { inner: true, color: eq.color("under"), weight: view.many ? 3 : 4 }));
        /* White dashes on a black line show on light and on dark areas alike. */
        view.far.forEach((shape) => {
          line(shape, { inner: true, color: eq.color("ink"), weight: 5 });
          line(shape, { inner: true, color: eq.color("paper"), weight: 3, dashArray: "5 5" });
        });
      }
      view.group.addTo(this.map);
      this.ring.forEach((line) => line.bringToFront());
      this.marks?.bringToFront?.();
      this.frame.dataset.view = view.label;
      const there = { focus: view.focus.flat().length, far: view.far.flat().length, line: k === 0 || view.part };
      this.frame.querySelectorAll("[data-mark]").forEach((mark) => { mark.hidden = !there[mark.dataset.mark]; });
      this.frame.dataset.drawn = String(view.polygons.filter(Boolean).length);
    }

    /* One set of listeners for all areas: tens of thousands of closures are slow to make. */
    get heeds() {
      const over = (e) => this.hint(e.target.options.i, e.latlng);
      return this.listeners ||= {
        mouseover: over,
        mousemove: over,
        mouseout: () => this.hint(-1),
        click: (e) => {
          L.DomEvent.stop(e);
          const { i } = e.target.options, same = this.chosen && this.chosen.view === this.now && this.chosen.i === i;
          same ? this.choose(null) : this.choose({ view: this.now, i });
        },
      };
    }

    area(shape, i, look) {
      return L.polygon(shape, { ...look, ...this.style(i), i }).on(this.heeds).addTo(this.view.group);
    }

    hint(i, at) {
      if (i < 0) { this.tip.remove(); delete this.frame.dataset.over; return this.tell("over"); }
      const { active, data } = this;
      const label = active.code[i] === "-" ? tr("no data") : active.classes[parseInt(active.code[i], 36)];
      const more = " (" + (active.rough[i] === "1" ? tr("class: {label}; unreliable", { label }) : tr("class: {label}", { label })) + ")";
      this.tip.setContent(node("div", "", {}, node("strong", data.name[i], published), node("div", data.place[i], { class: "eq-soft" }),
        node("div", active.label + ": " + active.text[i]), node("small", more, { class: "eq-soft" })));
      this.tip.setLatLng(at);
      if (!this.map.hasLayer(this.tip)) this.tip.addTo(this.map);
      this.frame.dataset.over = data.geoid[i];
      this.tell("over");
    }

    /* Choose a place ({view, i}), or none; with `move` the map goes there. */
    choose(what, move) {
      this.chosen = what;
      this.tip.remove();
      const shape = what ? this.views[what.view].shapes[what.i] : [];
      this.ring.forEach((line) => { line.setLatLngs(shape.flat()); line.bringToFront(); });
      if (!what) delete this.frame.dataset.shown;
      else {
        const { data } = this.views[what.view], { active } = this;
        this.frame.dataset.shown = data.geoid[what.i];
        const same = what.view === this.now;
        this.status.textContent = data.name[what.i] + ", " + data.place[what.i] + "." +
          (same ? " " + active.label + ": " + active.text[what.i] + "." : "");
        if (move && shape.length) this.reach(L.latLngBounds(shape.flat(2)), 2.5);
      }
      this.tell("chosen");
    }

    /* Go to a box, beside the panel where that lies over the map. */
    reach(box, closer) {
      const panel = this.map.getSize().x > 640 ? 330 : 8;
      this.map.fitBounds(box, { maxZoom: Math.max(this.map.getZoom(), this.home + closer), paddingTopLeft: [8, 8],
        paddingBottomRight: [panel, 36], animate: this.map.options.zoomAnimation });
    }

    /* Go to an area by its id, whatever view it belongs to. */
    go(geoid, move) {
      const view = this.views.findIndex((v) => v.data?.index.has(geoid));
      if (view < 0) {
        const part = this.views.findIndex((v) => v.part && !v.data && geoid.length > 5 && geoid.startsWith(v.part));
        if (part >= 0) this.turn(part).then(() => this.go(geoid, move));
        return part >= 0;
      }
      const i = this.views[view].data.index.get(geoid);
      if (!this.views[view].shapes[i].length) return false;
      this.choose({ view, i }, move);
      return true;
    }

    recolor() {
      this.view.polygons.forEach((area, i) => area && area.setStyle(this.style(i)));
      this.legend();
    }

    show(k) { this.layer = k; this.paint = null; this.frame.dataset.layer = this.active.name; this.recolor(); this.tell("layer"); }
    /* To areas of another size, or to those of a state: the map goes there. */
    turn(k) {
      return this.turning = this.turning.then(async () => {
        const { name } = this.active;
        await this.load(k);
        this.mask = this.paint = null;
        this.draw(k, name);
        if (this.view.bounds) this.map.fitBounds(this.view.bounds, this.room);
        this.tell("view");
      });
    }

    /* The part that the chosen place, or else the middle of the map, lies in; -1 if there is none. */
    partHere() {
      const { data, shapes } = this.views[0];
      const { lat, lng } = this.map.getCenter();
      const chosen = this.chosen && this.views[this.chosen.view].data.geoid[this.chosen.i];
      const id = chosen || data.geoid[shapes.findIndex((shape) => eq.holds(shape, lat, lng))];
      return id ? this.views.findIndex((v) => v.part && id.startsWith(v.part)) : -1;
    }

    legend(rows, title, note) {
      const { active, frame } = this, kept = (i) => !this.mask || this.mask[i];
      const tally = (test) => { let n = 0; for (let i = 0; i < active.code.length; i++) n += kept(i) && test(i); return n; };
      const row = (style, label, n, name) => node("li", "", {}, node("span", "", { class: "eq-swatch " + (name || ""), style }),
        node("span", label), n === undefined ? null : node("span", digits(n), { class: "n" }));
      if (!rows) {
        rows = active.classes.map((label, k) => row("background:" + active.colors[k], label, tally((i) => parseInt(active.code[i], 36) === k)));
        const none = tally((i) => active.code[i] === "-"), rough = tally((i) => active.rough[i] === "1");
        if (none) rows.push(row("", tr("no data"), none, "none"));
        if (rough) rows.push(row("", tr("unreliable: margin too wide"), rough, "rough"));
        title = active.label;
        note = active.note + " " + tr("Numbers: {areas}.", { areas: this.view.label });
      } else rows = rows.map(([color, label, n]) => row("background:" + color, label, n));
      frame.querySelector(".eq-legend").replaceChildren(node("p", title, { class: "eq-title" }), node("ul", "", {}, ...rows), node("p", note));
    }

    on(listener) { this.heard.push(listener); }
    tell(what) { this.heard.forEach((listener) => listener(what)); }

    /* Buttons, wheel, keys, paper. */
    furnish() {
      const { map, frame, config, room } = this;
      const Home = L.Control.extend({ onAdd: () => {
        const link = node("a", "\u2302", { href: "#", role: "button", title: tr("Show everything"), "aria-label": tr("Show everything") });
        L.DomEvent.on(link, "click", (e) => { L.DomEvent.stop(e); this.goHome(); });
        return node("div", "", { class: "leaflet-bar leaflet-control eq-home" }, link);
      } });
      new Home({ position: "topleft" }).addTo(map);
      const hint = node("div", (navigator.platform || "").startsWith("Mac") ? tr("Hold ⌘ and turn the wheel to zoom") : tr("Hold Ctrl and turn the wheel to zoom"), { class: "eq-hint", hidden: "" });
      frame.querySelector(".eq-canvas").append(hint);
      let fading;
      map.getContainer().addEventListener("wheel", (e) => {
        if (e.ctrlKey || e.metaKey) return;
        e.stopImmediatePropagation();
        hint.hidden = false;
        clearTimeout(fading);
        fading = setTimeout(() => { hint.hidden = true; }, 1200);
      }, { capture: true, passive: true });
      map.scrollWheelZoom.enable();
      document.addEventListener("keydown", (e) => { if (e.key === "Escape") this.choose(null); });
      map.on("click", () => this.choose(null));
      map.on("zoomend", () => {
        const line = this.borders();
        this.view.polygons.forEach((area) => area && area.setStyle(line));
      });
      const leash = L.latLngBounds(config.bounds).pad(0.6);
      map.setMaxBounds(leash);
      /* Paper is 7 inches wide between its margins; the canvas is redrawn for that, then put back. */
      const sheet = frame.querySelector(".eq-canvas");
      let seen = null;
      const resized = () => {
        if (!sheet.clientWidth || !sheet.clientHeight) return;
        const home = this.atHome();
        map.invalidateSize({ animate: false, pan: false });
        if (home) this.goHome();
      };
      window.addEventListener("beforeprint", () => {
        seen = [map.getCenter(), map.getZoom()];
        map.setMaxBounds(null);
        sheet.style.width = "672px";
        resized();
        map.fitBounds(config.bounds, room);
      });
      window.addEventListener("afterprint", () => {
        sheet.style.width = "";
        resized();
        if (seen) map.setView(seen[0], seen[1], { animate: false });
        map.setMaxBounds(leash);
      });
      new ResizeObserver(resized).observe(sheet);
    }
  }

  eq.Chart = Chart;
})(window.equity);
