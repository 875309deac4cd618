"use strict";
(function () {
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;

  // -- theme: the system's, until the reader chooses ---------------------------------
  const theme = byId("theme");
  const remembered = () => { try { return localStorage.getItem("landscape-theme"); } catch (e) { return null; } };
  const remember = (value) => { try { localStorage.setItem("landscape-theme", value); } catch (e) { /* from disk, some browsers keep nothing */ } };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", dark() ? "Light theme" : "Dark theme"); };
  const chosen = remembered();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; remember(root.dataset.theme); label(); });
  system.addEventListener("change", label);
  label();

  // -- filters -----------------------------------------------------------------------
  const form = byId("filters"), table = byId("table"), body = table.tBodies[0];
  const rows = Array.from(body.rows), text = byId("filter-text");
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const selects = Array.from(form.querySelectorAll("select"));
  form.hidden = false;

  function filter() {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = selects.every((select) => !select.value || row.dataset[select.dataset.filter] === select.value)
        && wanted.every((word) => words.get(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    byId("shown").textContent = `${shown} of ${rows.length} verdicts`;
    byId("none").hidden = shown > 0;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  for (const link of document.querySelectorAll("a[data-outcome]")) {
    link.addEventListener("click", () => { form.reset(); byId("filter-outcome").value = link.dataset.outcome; setTimeout(filter); });
  }

  // -- sorting -----------------------------------------------------------------------
  const heads = Array.from(table.tHead.rows[0].cells);
  const value = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? (cell.dataset.sort === "" ? NaN : Number(cell.dataset.sort)) : cell.textContent.trim().toLowerCase();
  };
  const order = (a, b) => {
    if (typeof a === "string") return a.localeCompare(b, "en", { numeric: true });
    if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
    return a - b;
  };
  function sort(column) {
    const head = heads[column], down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
    const sorted = rows.map((row, place) => ({ row, place, key: value(row, column) }));
    // What has no number stays at the end either way.
    sorted.sort((a, b) => (Number.isNaN(a.key) || Number.isNaN(b.key) ? order(a.key, b.key) : down * order(a.key, b.key)) || a.place - b.place);
    body.append(...sorted.map((entry) => entry.row));
  }
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(column));
  });

  // -- links into what is folded away, copying, printing -----------------------------
  function open() {
    const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", open);
  open();
  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("button.copy")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const command = button.parentElement.querySelector("code").textContent;
        navigator.clipboard.writeText(command).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Not copied"; });
      });
    }
  }
  addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("details.more")) details.open = true; });
})();
