/* One box that finds towns, counties, ZIP codes and areas: "Richmond" is offered as city and county. */
(function (eq) {
  "use strict";
  const { node, tr, published } = eq;
  const MOST = 12;
  const KINDS = { town: tr("town"), county: tr("county"), city: tr("independent city"), ZIP: tr("ZIP"), state: tr("state") };

  eq.find = function (chart) {
    const { frame, names } = chart;
    const input = frame.querySelector(".eq-find input"), list = frame.querySelector(".eq-find ul");
    const first = chart.views[0].data, inCounty = (i) => (first.geoid[i].length === 5 ? first.name[i] : first.county[i]);
    /* Made when it is first asked for, and again where a state's areas came in. */
    let entries = null;
    chart.on((what) => { if (what === "view") entries = null; });
    const areas = (k) => chart.views[k].data.geoid.map((id, i) => ({ name: chart.views[k].data.name[i], kind: chart.views[k].one, where: [chart.views[k].data.place[i]], i, view: k }));
    const index = () => [
      ...names.places.map(([name, lat, lon, , state, i]) => ({ name, kind: "town", where: [inCounty(i), state], at: [lat, lon], i })),
      ...names.counties.filter((one) => one[7].length !== first.geoid[0].length).map(([name, , , west, east, south, north, id]) => ({ name, kind: id.length < 5 ? "state" : "county", where: [], id, box: [[south, west], [north, east]] })),
      ...names.zips.map(([code, city, i]) => ({ name: code, kind: "ZIP", where: [city], i })),
      ...areas(0), ...(chart.view.part ? areas(chart.now) : []),
    ].map((entry) => ({ ...entry, key: (entry.name + (entry.kind === "town" ? "" : " " + entry.where.join(" "))).toLowerCase() }));
    let hits = [], on = -1;

    function search(text) {
      const wanted = text.trim().toLowerCase();
      if (!wanted) return [];
      entries ||= index();
      const starts = [], holds = [];
      for (const entry of entries) {
        if (entry.key.startsWith(wanted)) starts.push(entry);
        else if (holds.length < MOST && entry.key.includes(wanted)) holds.push(entry);
      }
      return [...starts, ...holds].slice(0, MOST);
    }

    function go(entry) {
      close();
      input.value = entry.name;
      if (entry.kind === "county") {
        eq.seen(chart);
        if (chart.go(entry.id, true)) return;
        chart.reach(entry.box, 2.5);
        chart.status.textContent = entry.name + ".";
        return;
      }
      chart.choose({ view: entry.view || 0, i: entry.i }, !entry.at);
      if (entry.at) chart.reach([entry.at, entry.at], 3);
      eq.seen(chart);
      if (entry.kind === "town" || entry.kind === "ZIP") {
        chart.status.textContent = tr("{place}: its middle lies in {area}", { place: entry.name, area: chart.status.textContent });
      }
    }

    function close() {
      list.hidden = true;
      on = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function offer() {
      hits = search(input.value);
      on = -1;
      list.replaceChildren(...hits.map((entry, k) => {
        const item = node("li", "", { role: "option", id: list.id + "-" + k, "aria-selected": "false" },
          node("span", entry.name, published), node("small", [KINDS[entry.kind === "county" && / city$/.test(entry.name) ? "city" : entry.kind] || entry.kind, ...entry.where.filter(Boolean)].join(", ")));
        item.addEventListener("mousedown", (e) => { e.preventDefault(); go(entry); });
        return item;
      }));
      list.hidden = !hits.length;
      input.setAttribute("aria-expanded", String(hits.length > 0));
    }

    function move(by) {
      if (list.hidden) offer();
      if (!hits.length) return;
      on = (on + by + hits.length) % hits.length;
      [...list.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === on)));
      list.children[on].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", list.children[on].id);
    }

    input.addEventListener("input", offer);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (e) => {
      if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); move(e.key === "ArrowDown" ? 1 : -1); }
      else if (e.key === "Escape" && !list.hidden) { e.stopPropagation(); close(); }
      else if (e.key === "Enter") {
        e.preventDefault();
        const hit = hits[on] || search(input.value)[0];
        if (hit) go(hit);
        else if (input.value.trim() && !chart.go(input.value.trim(), true)) chart.status.textContent = tr("No place on the map has this name.");
      }
    });
    document.querySelectorAll("[data-show]").forEach((link) => eq.leads(chart, link));
  };

  /* A link that names an area shows it when it has the focus, and goes there when it is followed. */
  eq.leads = function (chart, link) {
    link.addEventListener("focus", () => chart.go(link.dataset.show, false));
    link.addEventListener("click", (e) => {
      if (!chart.go(link.dataset.show, true)) return;
      e.preventDefault();
      eq.seen(chart);
    });
  };

  /* On a phone the map stands above what steers it: what was asked for comes into sight. */
  eq.seen = function (chart) {
    chart.frame.querySelector(".eq-canvas").scrollIntoView({ block: "nearest", behavior: chart.map.options.zoomAnimation ? "smooth" : "auto" });
  };
})(window.equity);
