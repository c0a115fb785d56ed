"use strict";
(() => {
  // The content security policy forbids style attributes in the markup.
  for (const part of document.querySelectorAll(".bar > span")) part.style.width = part.dataset.w + "%";

  // A link to a rule opens the group that contains it, whatever was searched.
  let showAll = () => {};
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.hidden && target.matches(".i")) showAll();
    const group = target && target.closest("details");
    if (group) { group.open = true; target.scrollIntoView({ block: "center" }); }
  };
  addEventListener("hashchange", reveal);

  const form = document.querySelector(".filter");
  if (form) {
    const [q, p, n] = ["q", "p", "n"].map((id) => document.getElementById(id));
    const items = [...document.querySelectorAll(".i")].map((row) => {
      const section = row.closest("details").querySelector(".name").textContent;
      return { row, text: [row.id, row.cells[1].textContent, row.dataset.t, section].join(" ").toLowerCase() };
    });
    const groups = [...document.querySelectorAll(".group, .part")];
    const apply = () => {
      const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
      const active = words.length > 0 || p.value !== "";
      let shown = 0;
      for (const { row, text } of items) {
        const match = words.every((word) => text.includes(word)) && (!p.value || row.dataset.p === p.value);
        row.hidden = !match;
        if (match) shown++;
      }
      for (const group of groups) {
        const any = group.querySelector(".i:not([hidden])") !== null;
        group.hidden = !any;
        if (group.matches("details")) group.open = active && any;
      }
      n.textContent = active ? shown + " of " + items.length + " rules" : "";
    };
    showAll = () => { q.value = ""; p.value = ""; apply(); };
    let waiting = 0;
    form.hidden = false;
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      apply();
      const first = document.querySelector(".i:not([hidden]) .id");
      if (first) first.focus();
    });
    form.addEventListener("reset", () => setTimeout(() => { apply(); q.focus(); }));
    if (location.hash === "#rules") q.focus();
    addEventListener("hashchange", () => { if (location.hash === "#rules") q.focus(); });
  }
  reveal();
})();
