"use strict";
(() => {
  // The content security policy forbids style attributes in the markup.
  for (const part of document.querySelectorAll(".bar > span")) part.style.width = part.dataset.w + "%";

  const form = document.querySelector(".filter");
  const [q, r, f, o, n] = ["q", "r", "f", "o", "n"].map((id) => document.getElementById(id));
  const items = [...document.querySelectorAll(".i")];
  const groups = [...document.querySelectorAll(".group, .card, .more")];
  const opened = new Set(groups.filter((g) => g.open));
  const scenarios = new Set(document.querySelectorAll("#scenarios .i"));
  const texts = new Map();
  const textOf = (item) => {
    if (!texts.has(item)) {
      const card = item.closest(".card");
      texts.set(item, ((card ? card.querySelector("h3").textContent : "") + " " + item.textContent).toLowerCase());
    }
    return texts.get(item);
  };

  const apply = () => {
    const text = q.value.trim().toLowerCase(), rule = r.value.trim().toUpperCase();
    const active = text || rule || f.value || o.value;
    let shown = 0;
    for (const item of items) {
      const d = item.dataset;
      const match = (!rule || d.r.split(" ").some((id) => id.startsWith(rule))) &&
        (!f.value || d.f.split(" ").includes(f.value)) &&
        (!o.value || d.o.split("|").includes(o.value)) &&
        (!text || textOf(item).includes(text));
      item.hidden = !match;
      if (match && scenarios.has(item)) shown++;
    }
    for (const group of groups) {
      if (!group.querySelector(".i")) {
        if (!group.matches(".i")) group.hidden = Boolean(active);
        continue;
      }
      const any = group.querySelector(".i:not([hidden])") !== null;
      group.hidden = !any;
      if (group.matches("details")) group.open = active ? any : opened.has(group);
    }
    n.textContent = active ? shown + " of " + scenarios.size + " scenarios" : "";
  };

  let waiting = 0;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); };
  form.hidden = false;
  form.addEventListener("input", later);
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
  form.addEventListener("reset", () => setTimeout(apply));

  // A link to a rule or a scenario opens the group that contains it.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.closest("details")) return;
    if (target.closest("[hidden]")) { form.reset(); apply(); }
    for (let group = target.closest("details"); group; group = group.parentElement.closest("details")) group.open = true;
    target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
