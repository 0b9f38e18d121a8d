/* Sortable tables, and long ones that start short. Without scripts every row is simply there. */
(function () {
  "use strict";
  const { tr, digits } = window.equityWords;
  function key(cell) {
    const v = cell.dataset.v;
    if (v === undefined) return cell.textContent.trim().toLowerCase();
    return v === "" ? null : Number(v);
  }
  function sort(table, column, button) {
    const head = button.closest("th");
    const up = head.getAttribute("aria-sort") === "descending";
    table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [key(row.cells[column]), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); /* unknown always last */
      const order = a < b ? -1 : a > b ? 1 : 0;
      return up ? order : -order;
    });
    body.append(...rows.map(([, row]) => row));
  }
  document.querySelectorAll("table.sortable").forEach((table) => {
    table.querySelectorAll("thead button").forEach((button) => {
      const column = button.closest("th").cellIndex;
      button.addEventListener("click", () => sort(table, column, button));
    });
  });
  document.querySelectorAll("table.is-short").forEach((table) => {
    const total = table.tBodies[0].rows.length;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "more";
    const label = () => {
      const short = table.classList.contains("is-short");
      button.textContent = short ? tr("Show all {n} rows", { n: digits(total) }) : tr("Show fewer rows");
      button.setAttribute("aria-expanded", String(!short));
    };
    button.addEventListener("click", () => { table.classList.toggle("is-short"); label(); });
    label();
    table.closest(".scroll").after(button);
  });
  document.querySelectorAll("a[href^='#']").forEach((link) => {
    link.addEventListener("click", () => {
      const target = document.getElementById(link.getAttribute("href").slice(1));
      const box = target && target.closest("details");
      if (box) box.open = true;
    });
  });
})();
