/* Copies what can be copied; the embed snippet names the address that this page has. */
(function () {
  "use strict";
  const snippet = document.querySelector("[data-embed]");
  if (snippet && location.protocol.startsWith("http")) {
    snippet.value = snippet.value.replace('"map.html"', '"' + new URL("map.html", location.href) + '"');
  }
  document.querySelectorAll("[data-copy]").forEach((button) => {
    const said = button.textContent;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      const text = field ? field.value : location.href;
      try {
        await navigator.clipboard.writeText(text);
      } catch { /* not allowed here: choose the text, so that the keys can copy it */
        if (field) field.select();
        return;
      }
      button.textContent = window.equityWords.tr("Copied");
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  });
})();
