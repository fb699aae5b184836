"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const details = all("details");

  // A browser leaves closed details out of print.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = details.filter((item) => !item.open);
    opened.forEach((item) => { item.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((item) => { item.open = false; }));

  const form = document.getElementById("filter");
  if (!form) return;
  const status = document.getElementById("status");
  const openButton = document.getElementById("open");
  const rows = all("article.result").map((element) => ({
    element,
    verdict: element.dataset.verdict,
    severity: element.dataset.severity,
    family: element.dataset.family,
    text: element.textContent.toLowerCase(),
  }));
  const groups = all("section.group").map((element) => ({ element, articles: all("article", element) }));

  const apply = () => {
    const chosen = new FormData(form);
    const verdicts = chosen.getAll("verdict");
    const severities = chosen.getAll("severity");
    const family = chosen.get("family");
    const words = chosen.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const visible =
        (!verdicts.length || verdicts.includes(row.verdict)) &&
        (!severities.length || severities.includes(row.severity)) &&
        (!family || family === row.family) &&
        words.every((word) => row.text.includes(word));
      row.element.hidden = !visible;
      shown += visible;
    }
    for (const group of groups) group.element.hidden = group.articles.every((article) => article.hidden);
    const filtered = verdicts.length || severities.length || family || words.length;
    status.textContent = filtered ? `Showing ${shown} of ${rows.length} results` : "";
  };

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  openButton.addEventListener("click", () => {
    const open = details.some((item) => !item.open && !item.closest("[hidden]"));
    details.forEach((item) => { item.open = open; });
    openButton.textContent = open ? "Close details" : "Open details";
  });
  // A link to a result must reach it, whatever the filter hides.
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && (target.hidden || target.closest("[hidden]"))) {
      form.reset();
      setTimeout(() => target.scrollIntoView());
    }
  };
  window.addEventListener("hashchange", reveal);
  apply();
})();
