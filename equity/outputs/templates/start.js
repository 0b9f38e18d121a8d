/* Puts the parts together, and keeps the view in the address so that it can be shared. */
(function (eq) {
  "use strict";
  const { tr } = eq;

  async function address(chart) {
    const { map, explorer } = chart, { part } = explorer;
    const start = location.hash.includes("=") ? new URLSearchParams(location.hash.slice(1)) : new URLSearchParams();
    const view = chart.views.findIndex((one) => one.key === start.get("areas"));
    if (view > 0) await chart.turn(view);
    const layer = chart.layers.findIndex((c) => c.name === start.get("layer"));
    if (layer >= 0) { chart.show(layer); explorer.layers.value = chart.active.name; }
    (start.get("only") || "").split(" ").forEach((name) => { if (explorer.FLAGS.includes(name)) part(name).checked = true; });
    if (start.get("county")) part("county").value = start.get("county");
    part("two").checked = start.has("a") && start.has("b");
    explorer.sides.forEach((side) => {
      const [name, at] = (start.get(side) || "").split(" ");
      if (chart.column(name)) { part(side).value = name; part(side + "-at").value = at; }
    });
    if (start.size) explorer.apply();
    if (part("two").checked || part("county").value || start.get("only")) chart.frame.querySelector(".eq-open").click();
    if (start.get("place")) chart.go(start.get("place"), false);
    const [lat, lon, zoom] = (start.get("at") || "").split(" ").map(Number);
    if (zoom) map.setView([lat, lon], zoom, { animate: false });

    let waiting, touched = location.hash.includes("=");
    function write() {
      const said = new URLSearchParams(), at = map.getCenter();
      said.set("at", [at.lat.toFixed(4), at.lng.toFixed(4), map.getZoom().toFixed(1)].join(" "));
      said.set("layer", chart.active.name);
      if (chart.now) said.set("areas", chart.view.key);
      const only = explorer.FLAGS.filter((name) => part(name).checked);
      if (only.length) said.set("only", only.join(" "));
      if (part("county").value) said.set("county", part("county").value);
      if (part("two").checked) explorer.sides.forEach((side) => said.set(side, part(side).value + " " + part(side + "-at").value));
      if (chart.chosen) said.set("place", chart.views[chart.chosen.view].data.geoid[chart.chosen.i]);
      try { history.replaceState(null, "", "#" + said); } catch { /* inside a notebook's frame there is no address */ }
    }
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(write, 150); };
    chart.on((what) => { if (what !== "over" && touched) soon(); });
    map.on("moveend", () => { if (touched) soon(); });
    ["pointerdown", "keydown"].forEach((event) => chart.frame.addEventListener(event, () => { touched = true; }, true));
    document.querySelectorAll("[data-show]").forEach((link) => link.addEventListener("click", () => { touched = true; }));
  }

  async function start(map, id) {
    const frame = document.getElementById(id);
    const config = JSON.parse(document.getElementById(id + "-data").textContent);
    if (typeof DecompressionStream === "undefined") {
      frame.querySelector(".eq-status").textContent = tr("This browser is too old to draw the map; the table has the same values.");
      frame.dataset.state = "unsupported";
      return;
    }
    const chart = new eq.Chart(map, frame, config);
    await chart.open();
    eq.panel(chart);
    eq.explore(chart);
    frame.dataset.layer = chart.active.name;
    chart.legend();
    eq.labels(chart);
    eq.find(chart);
    if (!eq.started) await address(chart);
    eq.started = true;
    chart.status.textContent = "";
    frame.dataset.state = "ready";
  }

  window.equityMap = function (map, id) {
    start(map, id).catch((error) => {
      const frame = document.getElementById(id);
      frame.dataset.state = "failed";
      frame.querySelector(".eq-status").textContent = tr("The map could not be drawn; the tables have the same values.");
      console.error(error);
    });
  };

  /* On a touch screen one finger scrolls the page, two move the map. */
  window.equityMotion = function () {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const touch = window.matchMedia("(pointer: coarse)").matches;
    return { zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm, dragging: !touch };
  };
})(window.equity);
