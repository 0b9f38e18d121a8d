/* Names of counties and cities, and the sites: as many as find room at this zoom. */
(function (eq) {
  "use strict";
  const { node } = eq;
  const MOST = 300; /* sites drawn one by one; more than that in view are summed */

  eq.labels = function (chart) {
    const { map, names } = chart;
    const pane = map.createPane("eqNames");
    pane.setAttribute("aria-hidden", "true");
    pane.style.pointerEvents = "none";
    pane.style.zIndex = 620;
    const pen = document.createElement("canvas").getContext("2d");
    const cities = names.places.map(([name, lat, lon, people]) => ({ name, at: [lat, lon], people }));
    const counties = names.counties.map(([full, lat, lon, west, east, south, north]) => ({ size: (east - west) * (north - south), name: full.replace(/ \(synthetic\)$/, "").replace(/ County$/, ""), at: [lat, lon], west, east }))
      .sort((a, b) => b.size - a.size); /* where two have no room, the larger is named */
    const large = cities.filter((c) => c.people >= 50000), small = cities.filter((c) => c.people < 50000);

    function place() {
      const view = map.getPixelBounds(), origin = map.getPixelOrigin();
      const left = view.min.subtract(origin), right = view.max.subtract(origin), corner = map.getContainer().getBoundingClientRect();
      /* Under buttons, scale and arrow no name could be read. */
      const taken = [...chart.frame.querySelectorAll(".leaflet-control, .eq-north")].map((one) => one.getBoundingClientRect())
        .map((r) => [r.left - corner.left + left.x, r.top - corner.top + left.y, r.right - corner.left + left.x, r.bottom - corner.top + left.y]);
      const free = (box) => box[0] > left.x && box[2] < right.x && box[1] > left.y && box[3] < right.y &&
        !taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1]);
      const made = document.createDocumentFragment();
      let room = Math.round(map.getSize().x * map.getSize().y / 14000);
      const write = (entry, kind) => {
        if (room <= 0) return;
        const city = kind === "city", p = map.latLngToLayerPoint(entry.at);
        pen.font = city ? "600 12px sans-serif" : "600 11px sans-serif";
        const text = city ? entry.name : entry.name.toUpperCase(), width = pen.measureText(text).width + (city ? 2 : text.length);
        if (!city && map.latLngToLayerPoint([entry.at[0], entry.east]).x - map.latLngToLayerPoint([entry.at[0], entry.west]).x < width) return;
        /* Beside its dot on the right, else on the left, above or below. */
        const spots = city ? [[5, -8], [-width - 5, -8], [-width / 2, -20], [-width / 2, 4]] : [[-width / 2, -8]];
        const spot = spots.map(([x, y]) => [p.x + x, p.y + y]).find(([x, y]) => free([x - 2, y, x + width + 2, y + 16]));
        if (!spot) return;
        taken.push([spot[0] - 2, spot[1], spot[0] + width + 2, spot[1] + 16]);
        if (city) taken.push([p.x - 4, p.y - 4, p.x + 4, p.y + 4]);
        room -= 1;
        if (city) made.append(node("i", "", { style: `left:${p.x}px;top:${p.y}px` }));
        made.append(node("span", entry.name, { class: "eq-" + kind, style: `left:${spot[0]}px;top:${spot[1]}px` }));
      };
      /* Where counties are what the map is of, their names come first. */
      const parts = [[large, "city"], [counties, "county"]], ofCounties = chart.data.geoid[0]?.length === 5;
      (ofCounties ? parts.reverse() : parts).forEach(([some, kind]) => some.forEach((c) => write(c, kind)));
      small.forEach((c) => write(c, "city"));
      pane.replaceChildren(made);
    }

    const sites = L.layerGroup().addTo(map);
    chart.marks = null;
    function dots() {
      const { elsewhere } = chart.active; /* the sites are those of the first kind of care */
      sites.clearLayers();
      chart.frame.querySelectorAll("[data-sites-of]").forEach((mark) => { mark.hidden = elsewhere; });
      const seen = map.getBounds().pad(0.1), narrow = map.getSize().x < 500 ? 0.6 : 1;
      const here = elsewhere ? [] : names.sites.filter((s) => s[4] > 0 && seen.contains([s[0], s[1]]));
      const size = Math.min(7, (here.length > 60 ? 2.4 : 4) * narrow + 0.6 * chart.grown());
      const drawn = here.length > MOST ? summed(here) : here;
      drawn.forEach(([lat, lon, name, kind, n, inside]) => {
        L.circleMarker([lat, lon], {
          renderer: chart.canvas, kind: n > 1 ? 0 : kind, radius: n > 1 ? 4 + 2 * Math.log2(n) : size,
          fillColor: eq.color("paper"), fillOpacity: n > 1 ? 0.75 : inside ? 1 : 0,
          color: eq.color(inside ? "ink" : "line"), weight: inside ? 1.2 : 0.8,
        }).bindTooltip(node("span", name), { className: "eq-tip", direction: "top" }).addTo(sites);
      });
      chart.frame.dataset.sites = String(drawn.length);
    }

    /* Sites in one square of the screen become one dot that says how many they are. */
    function summed(here) {
      const cells = new Map();
      for (const site of here) {
        const p = map.latLngToLayerPoint([site[0], site[1]]);
        const key = Math.floor(p.x / 36) + ":" + Math.floor(p.y / 36);
        const cell = cells.get(key) || [0, 0, "", site[3], 0, 0];
        const n = cell[4] + site[4];
        cells.set(key, [(cell[0] * cell[4] + site[0] * site[4]) / n, (cell[1] * cell[4] + site[1] * site[4]) / n,
          n === 1 ? site[2] : eq.digits(n) + " " + names.sitesLabel, site[3], n, cell[5] || site[5]]);
      }
      return [...cells.values()];
    }

    const again = () => { place(); dots(); };
    map.on("moveend", again);
    chart.on((what) => { if (what === "view") place(); if (what === "view" || what === "layer") dots(); });
    map.on("zoomstart", () => pane.replaceChildren());
    again();
  };
})(window.equity);
