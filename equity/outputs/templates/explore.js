/* Filters, two measures at once with their overlap counted, and a table bound to the map. */
(function (eq) {
  "use strict";
  const { node, count, tr, published } = eq;
  const STEP = 25, FLAGS = ["under", "named", "rural"];
  const PAINT = [["neither", tr("neither")], ["one", tr("the first only")], ["other", tr("the second only")], ["both", tr("both")]];

  eq.explore = function (chart) {
    const { frame } = chart, box = frame.querySelector(".eq-explore"), open = frame.querySelector(".eq-open");
    const part = (name) => box.querySelector(`[data-part=${name}]`);
    const layers = frame.querySelector(".eq-layers"), sizes = [...frame.querySelectorAll(".eq-views input")];
    const found = box.querySelector(".eq-found"), sides = ["a", "b"];
    const rows = document.querySelector("[data-eq-rows]");
    const states = frame.querySelector(".eq-states"), closer = frame.querySelector(".eq-closer");
    let shown = STEP, sorted = { column: "gap_n", up: false };

    /* Two states may each have a county of one name: it is told by its id, where the areas' ids begin with that. */
    const countyOf = (data, i) => (data.county[i] && data.geoid[i].length > 10 ? data.geoid[i].slice(0, 5) : data.county[i]);

    function fill() {
      const groups = new Map();
      chart.layers.forEach((column, k) => {
        if (!groups.has(column.group)) groups.set(column.group, column.group ? node("optgroup", "", { label: column.group }) : layers);
      });
      layers.replaceChildren();
      groups.forEach((group) => { if (group !== layers) group.replaceChildren(); });
      chart.layers.forEach((column, k) => groups.get(column.group).append(node("option", column.label, { value: column.name })));
      layers.append(...[...groups.values()].filter((group) => group !== layers));
      layers.value = chart.active.name;
      sides.forEach((side, k) => {
        const kept = part(side).value, numbers = chart.layers.filter((c) => !c.words);
        part(side).replaceChildren(...numbers.map((c) => node("option", c.label, { value: c.name })));
        const wanted = [kept, ["qualifying_share", "connected_share"][k], numbers[Math.min(k, numbers.length - 1)]?.name];
        part(side).value = wanted.find((name) => numbers.some((c) => c.name === name)) || "";
      });
      const { data } = chart, has = { under: data.flags.under, named: data.flags.named, rural: data.flags.rural };
      FLAGS.forEach((name) => { part(name).parentElement.hidden = !(has[name] || "").includes("1"); });
      const counties = new Map(data.county.map((name, i) => [countyOf(data, i), name]).filter(([, name]) => name)), named = [...counties.values()];
      const said = (id, name) => (named.filter((one) => one === name).length > 1 ? `${name} (${id})` : name);
      part("county").parentElement.hidden = counties.size < 2 || counties.size === data.geoid.length;
      part("county").replaceChildren(node("option", tr("all"), { value: "" }), ...[...counties].map(([id, name]) => [id, said(id, name)])
        .sort((a, b) => (a[1] < b[1] ? -1 : 1)).map(([value, name]) => node("option", name, { value })));
    }

    /* The limit of a slider is a value that is there; it selects the worse side. */
    function limit(side) {
      const column = chart.column(part(side).value);
      if (!column) return null;
      const values = chart.values(column), lower = column.direction === "lower";
      const known = values.filter((v) => v === v).sort();
      if (!known.length) return null;
      const p = Number(part(side + "-at").value) / 100;
      const at = known[Math.round((lower ? 1 - p : p) * (known.length - 1))];
      const said = eq.digits(at, { maximumFractionDigits: 1 }) + (column.unit ? " " + column.unit : "");
      return { column, lower, test: (i) => (lower ? values[i] <= at : values[i] >= at), text: lower ? tr("at most {n}", { n: said }) : tr("at least {n}", { n: said }), known: (i) => values[i] === values[i] };
    }

    const two = () => part("two").checked && part("a").value !== "";
    function apply() {
      const { data } = chart, n = data.geoid.length;
      const wanted = FLAGS.filter((name) => part(name).checked && !part(name).parentElement.hidden), county = part("county").value;
      const any = wanted.length || county;
      chart.mask = any ? data.geoid.map((_, i) => wanted.every((name) => data.flags[name][i] === "1") && (!county || countyOf(data, i) === county)) : null;
      const keep = (i) => !chart.mask || chart.mask[i];
      const total = (test) => {
        let areas = 0, people = 0;
        for (let i = 0; i < n; i++) if (keep(i) && test(i)) { areas += 1; people += data.sums.population_n?.[i] || 0; }
        const said = count(areas) + " " + (areas === 1 ? chart.view.one : chart.view.label);
        return [areas, data.sums.population_n ? tr("{areas}, {n} residents", { areas: said, n: count(people) }) : said];
      };
      const limits = two() ? sides.map(limit) : [];
      sides.forEach((side, k) => {
        part(side + "-said").textContent = limits[k] ? limits[k].text : "";
        part(side + "-at").setAttribute("aria-valuetext", limits[k] ? limits[k].text : "");
        part(side + "-at").disabled = part(side).disabled = !part("two").checked;
      });
      if (limits.length === 2 && limits[0] && limits[1]) {
        const code = (i) => limits.every((one) => one.known(i)) ? limits[0].test(i) + 2 * limits[1].test(i) : -1;
        chart.paint = (i) => { const k = code(i); return k < 0 ? chart.dots : eq.color(PAINT[k][0]); };
        const tallies = PAINT.map((_, k) => total((i) => code(i) === k));
        const names = limits.map((one) => one.column.label + " " + one.text);
        chart.recolor();
        chart.legend(PAINT.map(([name, label], k) => [eq.color(name), label, tallies[k][0]]), tr("Two measures"), tr("First: {first}. Second: {second}.", { first: names[0], second: names[1] }));
        found.textContent = tr("Both: {both}. Only the first: {first}. Only the second: {second}.", { both: tallies[3][1], first: tallies[1][1], second: tallies[2][1] });
      } else {
        chart.paint = null;
        chart.recolor();
        found.textContent = any ? tr("Shown: {what}.", { what: total(() => true)[1] }) : "";
      }
      list();
      chart.tell("explored");
    }

    /* The table: what the filters leave, in the order asked for; the map shows the row one is at. */
    function list() {
      document.querySelectorAll(".eq-alone tr[data-key]").forEach((row) => {
        const i = chart.data.index.get(row.dataset.key);
        row.hidden = i === undefined ? chart.now > 0 : Boolean(chart.mask && !chart.mask[i]);
      });
      if (!rows) return;
      const { data } = chart, placed = data.columns.filter((c) => c.heading).sort((a, b) => a.order - b.order);
      const columns = chart.active.heading ? placed : [chart.active, ...placed];
      const by = chart.column(sorted.column) || columns[0], order = data.geoid.map((_, i) => i).filter((i) => !chart.mask || chart.mask[i]);
      const texts = by.text.every((t) => eq.numeric(t) !== eq.numeric(t)) && !by.words;
      const values = texts ? by.text : chart.values(by);
      const unknown = (v) => v === "–" || v !== v;
      /* Headings name the unit: cells are those of the other tables. */
      const cell = (c, i) => c.heading && c.unit && c.unit !== "%" ? c.text[i].replace(" " + c.unit, "").replace(" mi)", ")").replace(tr("under 1 person"), count(0.1)) : c.text[i];
      order.sort((a, b) => (unknown(values[a]) - unknown(values[b])) || (sorted.up ? 1 : -1) * (values[a] > values[b] ? 1 : values[a] < values[b] ? -1 : 0) || a - b);
      const head = (column) => {
        const button = node("button", column.heading || column.label, { type: "button" });
        button.addEventListener("click", () => {
          sorted = { column: column.name, up: sorted.column === column.name && !sorted.up };
          list();
          rows.querySelector("th[aria-sort] button").focus();
        });
        const made = node("th", "", { scope: "col", "data-label": column.heading || column.label, class: column.wide ? "words" : "" }, button);
        if (column === by) made.setAttribute("aria-sort", sorted.up ? "ascending" : "descending");
        return made;
      };
      const row = (i) => {
        const link = node(chart.view.shapes[i].length ? "a" : "span", data.name[i], { href: "#map", "data-show": data.geoid[i], ...published });
        if (link.tagName === "A") eq.leads(chart, link);
        return node("tr", "", { "data-row": data.geoid[i] }, node("th", "", { scope: "row" }, link, node("small", data.place[i])),
          ...columns.map((c) => node("td", cell(c, i), { class: c.wide ? "words" : c.text[i].startsWith(tr("n/a")) ? "na" : "" })));
      };
      const table = node("table", "", {}, node("caption", tr("{n} of {all} {areas}", { n: count(order.length), all: count(data.geoid.length), areas: chart.view.label })),
        node("thead", "", {}, node("tr", "", {}, node("th", tr("Community"), { scope: "col" }), ...columns.map(head))),
        node("tbody", "", {}, ...order.slice(0, shown).map(row)));
      const more = node("button", tr("Show {n} more rows", { n: count(Math.min(100, order.length - shown)) }), { type: "button", class: "more" });
      more.addEventListener("click", () => {
        const next = shown;
        shown += 100;
        list();
        rows.querySelectorAll("tbody tr")[next]?.querySelector("a")?.focus();
      });
      rows.replaceChildren(node("div", "", { class: "scroll", role: "region", tabindex: "0", "aria-label": tr("All {areas}", { areas: chart.view.label }) }, table),
        order.length > shown ? more : "");
      mark();
    }

    function mark() {
      const at = chart.chosen ? chart.views[chart.chosen.view].data.geoid[chart.chosen.i] : "";
      document.querySelectorAll("tr[data-row], tr[data-key]").forEach((row) => {
        const id = row.dataset.row || row.dataset.key;
        row.toggleAttribute("aria-current", id === at);
        row.classList.toggle("is-over", id === frame.dataset.over);
      });
    }

    open.addEventListener("click", () => {
      box.hidden = !box.hidden;
      open.setAttribute("aria-expanded", String(!box.hidden));
    });
    layers.addEventListener("change", () => { part("two").checked = false; chart.show(chart.layers.findIndex((c) => c.name === layers.value)); apply(); });
    sizes.forEach((input, k) => input.addEventListener("change", () => chart.turn(k)));
    states?.addEventListener("change", () => chart.turn(chart.views.findIndex((v) => v.part === states.value)));
    closer?.addEventListener("click", () => chart.turn(chart.partHere()));
    /* What is seen from near can be had in parts: offered, since another view is another table. */
    const offer = () => {
      const part = chart.view.part || chart.map.getZoom() < chart.home + 2 && !chart.chosen ? -1 : chart.partHere();
      closer.hidden = part < 0;
      if (part >= 0) closer.textContent = chart.views[part].name + ": " + chart.views[part].label;
    };
    if (closer) chart.map.on("moveend", offer);
    chart.on((what) => {
      if (closer && (what === "chosen" || what === "view")) offer();
      if (what !== "view") return;
      shown = STEP;
      sizes.forEach((input, k) => { input.checked = k === chart.now; });
      if (states) states.value = chart.view.part || "";
      fill();
      apply();
    });
    box.addEventListener("input", () => { shown = STEP; apply(); });
    box.querySelector(".eq-reset").addEventListener("click", () => {
      [...FLAGS, "two"].forEach((name) => { part(name).checked = false; });
      part("county").value = "";
      apply();
    });
    chart.on((what) => { if (what === "chosen" || what === "over") mark(); });
    chart.explorer = { part, fill, apply, FLAGS, sides, sizes, layers };
    fill();
    list();
  };
})(window.equity);
