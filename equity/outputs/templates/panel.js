/* Why this place: what is counted, what is missing, what fixes bring in, and against whom. */
(function (eq) {
  "use strict";
  const { node, share, tr, published } = eq;
  const COUNTS = [["population_n", tr("Residents")], ["beyond_reach_n", tr("beyond reach of care")], ["gap_n", tr("and without a usable link: in the gap")], ["no_link_n", tr("Without a usable link, near care or not")]];
  const PARTS = [["gap_line_only_n", tr("a line only"), "count"], ["gap_home_only_n", tr("a connected home only"), "range"], ["gap_both_n", tr("both"), "both"]];
  const FIXES = [["recoverable_line_n", tr("A line everywhere")], ["recoverable_home_n", tr("A connected home everywhere")], ["recoverable_line_and_home_n", tr("Both together")]];
  const RATES = [["no_link_n", tr("Without a usable link")], ["gap_n", tr("In the gap")]];

  eq.panel = function (chart) {
    const panel = chart.frame.querySelector(".eq-panel");

    /* Shares of several areas come from their counts, so they never disagree with them. */
    function rate(data, rows, name) {
      let part = 0, whole = 0;
      const people = data.sums.population_n, some = data.sums[name];
      for (const i of rows) if (some[i] !== null && people[i] > 0) { part += some[i]; whole += people[i]; }
      return whole ? part / whole : NaN;
    }

    function against({ data, name: whole }, i) {
      const all = data.geoid.map((_, k) => k), county = data.geoid[i].slice(0, 5);
      const groups = [[tr("Here"), [i]]];
      if (data.geoid[i].length > 5) groups.push([data.county[i] || tr("Its county"), all.filter((k) => data.geoid[k].startsWith(county))]);
      groups.push([whole || chart.config.whole, all]);
      return RATES.filter(([name]) => data.sums[name] && data.sums.population_n).map(([name, label]) => {
        const found = groups.map(([who, rows]) => [who, rate(data, rows, name)]).filter(([, v]) => v === v);
        const top = Math.max(0.01, ...found.map(([, v]) => v));
        return node("div", "", { class: "eq-bars" }, node("h4", tr("{measure}, share of residents", { measure: label })), ...found.map(([who, v], k) =>
          node("div", "", {}, node("span", who), node("b", share(v, 1)),
            node("i", "", { class: k ? "" : "eq-here", style: `width:${100 * v / top}%`, "aria-hidden": "true" }))));
      });
    }

    function rows(data, i, wanted) {
      const found = wanted.map(([name, label]) => [label, chart.columnOf(data, name)]).filter(([, c]) => c);
      return found.length ? node("dl", "", {}, ...found.flatMap(([label, column]) => [node("dt", label), node("dd", column.text[i])])) : null;
    }

    function split(data, i) {
      const found = PARTS.map(([name, label, color]) => [label, chart.columnOf(data, name), color]).filter(([, c]) => c);
      const total = found.reduce((sum, [, c]) => sum + (eq.numeric(c.text[i]) || 0), 0);
      if (!total) return null;
      return node("div", "", {}, node("h4", tr("People in the gap lack")),
        node("div", "", { class: "eq-split", "aria-hidden": "true" }, ...found.map(([, c, color]) =>
          node("i", "", { style: `width:${100 * (eq.numeric(c.text[i]) || 0) / total}%;background:var(--${color})` }))),
        rows(data, i, PARTS));
    }

    function describe({ view, i }) {
      const { data } = chart.views[view], close = node("button", tr("Close"), { type: "button", class: "eq-close" });
      close.addEventListener("click", () => chart.choose(null));
      const interval = data.interval && data.interval[i];
      const fixes = rows(data, i, FIXES);
      return [close, node("h3", data.name[i], published), node("p", data.place[i], { class: "eq-soft" }),
        data.reason[i] ? node("p", data.reason[i]) : null,
        data.likely[i] ? node("p", tr("Among the places named: {likely}.", { likely: data.likely[i] })) : null,
        rows(data, i, COUNTS), interval ? node("p", tr("In the gap in 90 % of draws: {interval}.", { interval })) : null,
        ...against(chart.views[view], i), split(data, i),
        fixes && node("div", "", {}, node("h4", tr("What would bring in how many")), fixes),
        node("details", "", {}, node("summary", tr("Every value on the map")), rows(data, i, data.columns.filter((c) => c.code).map((c) => [c.name, c.label]))),
      ].filter(Boolean);
    }

    chart.on((what) => {
      if (what !== "chosen") return;
      panel.hidden = !chart.chosen;
      panel.replaceChildren(...(chart.chosen ? describe(chart.chosen) : []));
      panel.scrollTop = 0;
    });
  };
})(window.equity);
