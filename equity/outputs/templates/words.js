/* What scripts say: the English is the key, a page in another language brings a table of its own. */
window.equityWords = (function () {
  "use strict";
  const table = window.equityMessages || {};
  const tr = (text, values) => {
    const said = table[text] || text;
    return values ? said.replace(/\{(\w+)\}/g, (field, name) => (name in values ? values[name] : field)) : said;
  };
  const lang = document.documentElement.lang || "en";
  /* As Python writes numbers: in the form that the language has in the United States. */
  const digits = (n, options) => n.toLocaleString(lang + "-US", options);
  /* English that stays, such as names as they are published, says so to those who have it read aloud. */
  const published = lang === "en" ? {} : { lang: "en" };
  return { tr, digits, published };
})();
