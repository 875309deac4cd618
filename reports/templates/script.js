"use strict";
(function () {
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;

  // -- what the reader chose stands in the address: a reload, a copy of it and the back button keep it --------
  const FIELDS = ["q", "outcome", "topic", "protocol", "dataset", "sort", "tab", "theme"];
  const read = () => { const query = new URLSearchParams(location.search); return Object.fromEntries(FIELDS.map((name) => [name, query.get(name) || ""])); };
  let state = read();
  function choose(changes, step = true, place = location.hash) {
    Object.assign(state, changes);
    const query = new URLSearchParams(FIELDS.filter((name) => state[name]).map((name) => [name, state[name]])).toString();
    const address = `${location.pathname}${query && `?${query}`}${place}`;
    try { history[step ? "pushState" : "replaceState"](null, "", address); } catch (e) { /* some browsers hold addresses of files fast */ }
    show();
  }
  addEventListener("popstate", () => { state = read(); show(); });

  // -- theme: the system's, until the reader chooses -----------------------------------------------------------
  const theme = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  function showTheme() {
    if (state.theme === "dark" || state.theme === "light") root.dataset.theme = state.theme; else delete root.dataset.theme;
    theme.textContent = dark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", dark() ? "Light theme" : "Dark theme");
  }
  theme.hidden = false;
  theme.addEventListener("click", () => choose({ theme: dark() ? "light" : "dark" }));
  system.addEventListener("change", showTheme);

  // -- words: the same stem for slow and slower, label and labels; the same group for slow and quick -----------
  const IDLE = new Set(("a an and any are as at be been being but by can could did do does for from had has have how i if in into is it its matter matters me my of on or our "
    + "no not all every only should so such than that the their them then there these they this to was we were what when where whether which who why will with would you").split(" "));
  const ENDINGS = /(ation|ations|ences|ence|ances|ance|ings|ing|ness|ments|ment|ities|ity|ed|er|ers|est|ely|ly|es|s|e)$/;
  function stem(word) {
    if (/\d/.test(word) || word.length < 4) return word;
    const cut = word.replace(/iz(e|a|i)/, "is$1").replace(/ies$/, "y").replace(ENDINGS, "");
    return (cut.length < 3 ? word : cut).replace(/([b-df-hj-np-tv-z])\1$/, "$1");
  }
  const ALIKE = ["slow quick fast speed rapid", "converge reach", "same equal equivalent identical alike", "minimum minima minimal optimum optima",
    "generalisation test unseen overfitting", "label class predict agree disagree", "sigma scale initial initialisation init variance deviation start",
    "error loss cost", "zero vanish", "network net model", "rank singular invertible collinear", "saddle critical stationary", "accuracy performance",
    "entropy bce ce", "mse squared square", "boston housing regression", "mnist digits", "dead silent dying", "relu rectified nonlinear", "hessian curvature eigenvalue",
    "convex concave", "optimiser adam descent", "different differ distance", "weight parameter", "global best"].map((group) => group.split(" ").map(stem));
  const tokens = (text) => text.toLowerCase().match(/[a-z0-9.]*[a-z0-9](?:-[a-z0-9.]*[a-z0-9])*/g) || [];
  const found = (text) => new Set(tokens(text).flatMap((word) => [word, ...word.split("-")]).map(stem));
  const fits = (words, word) => words.has(word) || (word.length > 2 && !/^[\d.]+$/.test(word) && [...words].some((other) => other.startsWith(word)))
    || (/-/.test(word) && !/\d/.test(word) && word.split("-").every((part) => fits(words, stem(part))));
  const related = (words, word) => ALIKE.some((group) => group.includes(word) && group.some((other) => words.has(other)));

  // -- claims and their verdicts -------------------------------------------------------------------------------
  /** Its texts, which tags tell apart as blanks do. */
  function textOf(element) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode.data);
    return texts.join(" ");
  }
  const table = byId("table"), body = table.tBodies[0], rows = Array.from(body.rows), text = byId("filter-text"), form = byId("filters");
  const selects = Array.from(form.querySelectorAll("select"));
  const cards = Array.from(document.querySelectorAll(".claim"), (card) => ({
    card, id: card.dataset.claim.toLowerCase(), said: found(Array.from(card.querySelectorAll("h4, .paper"), textOf).join(" ")), ruled: found(`${textOf(card.querySelector(".facts"))} ${textOf(card.closest(".part").querySelector("h3"))}`), verdicts: [] }));
  const cardOf = new Map(cards.map((of) => [of.card, of]));
  const verdicts = rows.map((row) => {
    const detail = byId(row.dataset.row), of = cardOf.get(detail.closest(".claim"));
    const verdict = { row, detail, of, data: { ...row.dataset, ...of.card.dataset }, words: found(`${textOf(row)} ${textOf(detail)}`) };
    of.verdicts.push(verdict);
    return verdict;
  });
  /** How well a verdict answers one word: 3 the claim's statement, 2 its rule or a word like it, 1 the row, 0 not.
      A short number says something in the statement only: rows are full of them. */
  const answers = ({ of, words }, word) => (fits(of.said, word) ? 3 : /^\d{1,2}$|^\d*\.\d+$/.test(word) ? 0 : fits(of.ruled, word) || related(of.said, word) ? 2 : fits(words, word) ? 1 : 0);

  function search(query) {
    const figures = Array.from(query.matchAll(/\bfig(?:ure)?s?\.? *(\d+)/gi), (match) => match[1]);
    const ids = new Set(cards.map((of) => of.id)), asked = tokens(query.replace(/\bfig(?:ure)?s?\.? *\d+/gi, ""));
    const named = asked.filter((word) => ids.has(word));
    // An id that no claim has finds nothing, and not the claims whose ids begin with it.
    const unknown = asked.filter((word) => !ids.has(word) && /^[a-z]\d+$/.test(word) && cards.some((of) => of.id[0] === word[0]));
    const wanted = asked.filter((word) => !ids.has(word) && !IDLE.has(word)).map(stem);
    const scored = verdicts.filter(({ of }) => (!named.length || named.includes(of.id)) && (!figures.length || figures.some((number) => of.card.dataset.figures.split(" ").includes(number)))).map((verdict) => {
      const points = wanted.map((word) => (unknown.includes(word) ? 0 : answers(verdict, word)));
      return { verdict, hits: points.filter(Boolean).length, points: points.reduce((a, b) => a + b, 0) };
    });
    const most = Math.max(0, ...scored.map((one) => one.hits));
    const close = most < wanted.length && most > 0 && !unknown.length;
    const passed = scored.filter((one) => one.hits === (close ? most : wanted.length));
    return { passed: new Map(passed.map((one) => [one.verdict, one.points])), missed: close ? `No claim has all of these words; shown are those with ${most} of the ${wanted.length}.` : "" };
  }

  let best = null;
  function showClaims() {
    if (text.value.trim() !== state.q) text.value = state.q;
    for (const select of selects) select.value = state[select.dataset.filter];
    const { passed, missed } = search(state.q);
    let shown = 0, claims = 0, top = 0;
    best = null;
    for (const verdict of verdicts) {
      const points = passed.get(verdict);
      const kept = points !== undefined && selects.every((select) => !select.value || verdict.data[select.dataset.filter] === select.value);
      verdict.row.hidden = verdict.detail.hidden = !kept;
      verdict.kept = kept;
      shown += kept;
      if (kept && points > top) { top = points; best = verdict.of.card; }
    }
    for (const of of cards) claims += !(of.card.hidden = !of.verdicts.some((verdict) => verdict.kept));
    for (const part of document.querySelectorAll(".part")) part.hidden = !part.querySelector(".claim:not([hidden])");
    byId("shown").textContent = `${claims} of ${cards.length} claims, ${shown} of ${verdicts.length} verdicts`;
    const none = byId("none");
    none.hidden = shown > 0 && !missed;
    none.textContent = shown ? missed : "No claim passes this search and these filters.";
  }
  form.hidden = byId("search").hidden = false;
  let typing = false;
  text.addEventListener("input", () => {
    choose({ q: text.value.trim() }, !typing);
    typing = true;
    const top = byId("claims").getBoundingClientRect().top;
    if (text.value && (top > 140 || top < 0)) byId("claims").scrollIntoView({ behavior: "instant" });
  });
  text.addEventListener("change", () => { typing = false; });
  text.addEventListener("keydown", (event) => { if (event.key === "Escape" && text.value) { event.preventDefault(); text.value = ""; choose({ q: "" }); typing = false; } });
  byId("search").addEventListener("submit", (event) => { event.preventDefault(); if (state.q && best) reveal(best); });
  form.addEventListener("change", (event) => choose({ [event.target.dataset.filter]: event.target.value }));
  form.addEventListener("submit", (event) => event.preventDefault());
  const everything = { q: "", outcome: "", topic: "", protocol: "", dataset: "" };
  form.addEventListener("reset", (event) => { event.preventDefault(); text.value = ""; choose(everything); });
  for (const link of document.querySelectorAll("#answer a[data-outcome], #answer a[data-topic]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose({ ...everything, ...link.dataset }, true, "#claims");
      byId("claims").scrollIntoView();
    });
  }
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    event.preventDefault();
    text.focus();
    text.select();
  });

  // -- sorting: "p" upwards, "-p" downwards ----------------------------------------------------------------------
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
  let sortedBy = "";
  function showOrder() {
    if (state.sort === sortedBy) return;
    sortedBy = state.sort;
    const down = sortedBy.startsWith("-") ? -1 : 1, column = heads.findIndex((head) => head.dataset.key === sortedBy.replace(/^-/, ""));
    heads.forEach((head, place) => (place === column ? head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending") : head.removeAttribute("aria-sort")));
    const sorted = rows.map((row, place) => ({ row, place, key: column < 0 ? place : value(row, column) }));
    // What has no number stays at the end either way.
    sorted.sort((a, b) => (Number.isNaN(a.key) || Number.isNaN(b.key) ? order(a.key, b.key) : down * order(a.key, b.key)) || a.place - b.place);
    body.append(...sorted.map((entry) => entry.row));
  }
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => choose({ sort: `${head.getAttribute("aria-sort") === "ascending" ? "-" : ""}${head.dataset.key}` }));
  }

  // -- what plots show, where it is not what they begin with: "E6~mnist-1k-500-std;figure-5~std" ----------------------
  const plots = Array.from(document.querySelectorAll("figure[data-plot]"));
  function showTabs() {
    const wanted = new Map(state.tab.split(";").map((one) => one.split("~")));
    for (const plot of plots) {
      const view = wanted.get(plot.dataset.plot) || "";
      if ((plot.dataset.view || "") === view) continue;
      plot.dataset.view = view;
      plot.dispatchEvent(new CustomEvent("plot:show", { detail: { view } }));
    }
  }
  document.addEventListener("plot:chosen", () => choose({ tab: plots.filter((plot) => plot.dataset.view).map((plot) => `${plot.dataset.plot}~${plot.dataset.view}`).join(";") }));

  // -- links into what is folded away or filtered out, where the reader is, copying --------------------------------
  function reveal(target) {
    const card = cardOf.get(target.closest(".claim"));
    if (target.closest("[hidden]") && card) choose(everything, false);
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (card) card.card.querySelector("details.rows").open = true;
    target.scrollIntoView({ behavior: "instant" });
  }
  const follow = () => { const target = location.hash && byId(decodeURIComponent(location.hash.slice(1))); if (target) reveal(target); };
  addEventListener("hashchange", follow);
  const bar = document.querySelector(".bar"), parts = Array.from(bar.querySelectorAll("nav a"), (link) => ({ link, place: byId(link.hash.slice(1)) }));
  let current;
  /** Marks the last part that begins above a line just below the bar, at the page's end the last one. Computed from the page as it stands:
      observers of what comes into view may hand over several frames at once, sorted by part and not by time. */
  function showPlace() {
    const shown = parts.filter((part) => part.place.getClientRects().length), line = bar.offsetHeight + innerHeight / 10;
    const ended = scrollY > 0 && scrollY + innerHeight >= root.scrollHeight - 1;
    const link = (ended ? shown.at(-1) : shown.findLast((part) => part.place.getBoundingClientRect().top <= line))?.link;
    if (link === current) return;
    current?.removeAttribute("aria-current");
    link?.setAttribute("aria-current", "true");
    if (link) link.parentElement.scrollLeft = link.offsetLeft - link.parentElement.offsetLeft - 60;
    current = link;
  }
  for (const event of ["scroll", "resize"]) addEventListener(event, showPlace, { passive: true });
  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("button.copy")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const command = button.parentElement.querySelector("code").textContent;
        navigator.clipboard.writeText(command).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Not copied"; });
      });
    }
  }

  function show() { showTheme(); showClaims(); showOrder(); showTabs(); showPlace(); }
  show();
  follow();
  if (state.q && !location.hash) byId("claims").scrollIntoView({ behavior: "instant" });
})();
