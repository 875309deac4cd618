"use strict";
/* Draws every <figure data-plot="KEY"> from the data of the page: lines over time, intervals in rows. */
(function () {
  const source = document.getElementById("plots");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const DASHES = ["", "6 3", "7 2 2 2", "2 2", "10 3", "4 2 1 2 1 2"];
  const GLYPHS = { supported: "●", refuted: "▲", inconclusive: "◐", "not applicable": "○" };
  const NS = "http://www.w3.org/2000/svg";

  // -- small tools -------------------------------------------------------------------
  const html = (tag, props, ...inside) => {
    const made = Object.assign(document.createElement(tag), props);
    made.append(...inside);
    return made;
  };
  const svg = (parent, tag, attributes, text) => {
    const made = document.createElementNS(NS, tag);
    for (const name in attributes) if (attributes[name] !== "") made.setAttribute(name, attributes[name]);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const finite = (value) => typeof value === "number" && isFinite(value);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const paint = (k) => `var(--series-${k % 6})`;
  const shade = (outcome) => `var(--${outcome === "not applicable" ? "na" : outcome || "ink"})`;
  function number(value) {
    if (!finite(value)) return "none";
    const size = Math.abs(value);
    if (size && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
    return String(Number(value.toPrecision(3)));
  }

  // -- scales ------------------------------------------------------------------------
  /* Of values: linear, logarithmic, or logarithmic on both sides of a linear middle where some are not above 0. */
  function scaleOf(values, log, limits) {
    const known = values.filter(finite);
    let low = limits ? limits[0] : Math.min(...known), high = limits ? limits[1] : Math.max(...known);
    if (!known.length && !limits) [low, high] = [0, 1];
    if (!log) {
      if (!limits) {
        if (low > 0 && low < 0.4 * high) low = 0;
        if (high === low) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
        const room = 0.05 * (high - low);
        if (low !== 0) low -= room;
        high += room;
      }
      return { low, high, to: (v) => v, from: (t) => t, ticks: (a, b, n) => round(a, b, n) };
    }
    const sizes = known.map(Math.abs).filter((v) => v > 0);
    const most = sizes.length ? Math.max(...sizes) : 1;
    const least = Math.max(sizes.length ? Math.min(...sizes) : 0.1, most * 1e-14);
    if (!known.some((v) => v < 0)) {
      const floor = known.includes(0) ? least / 10 : least;
      const to = (v) => Math.log10(Math.max(v, floor));
      if (!limits || limits[0] <= 0) low = floor;
      if (high <= low) high = low * 10;
      const room = limits ? 0 : 0.04 * (to(high) - to(low));
      return { low: 10 ** (to(low) - room), high: 10 ** (to(high) + room), floor, to, from: (t) => 10 ** t, ticks: powers };
    }
    const to = (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / least);
    const from = (t) => Math.sign(t) * least * (10 ** Math.abs(t) - 1);
    if (high === low) high = low + 1;
    return { low: from(to(Math.min(low, 0)) * 1.05), high: from(to(Math.max(high, 0)) * 1.05), to, from, ticks: (a, b, n) => both(a, b, n, least) };
  }
  function round(a, b, n) {
    const rough = (b - a) / Math.max(1, n), unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((k) => k * unit >= rough);
    const found = [];
    for (let k = Math.ceil(a / step - 1e-9); k * step <= b + 1e-9 * step; k++) found.push(k * step);
    return found;
  }
  function powers(a, b, n) {
    const first = Math.ceil(Math.log10(a) - 1e-9), last = Math.floor(Math.log10(b) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / Math.max(2, n)));
    const found = [];
    for (let k = first; k <= last; k += step) found.push(10 ** k);
    if (found.length > 2) return found;
    const ladder = [];
    for (let k = first - 1; k <= last; k++) ladder.push(10 ** k, 2 * 10 ** k, 5 * 10 ** k);
    const fine = ladder.filter((v) => v >= a * (1 - 1e-9) && v <= b * (1 + 1e-9));
    return fine.length > 1 ? fine : round(a, b, n).filter((v) => v > 0);
  }
  function both(a, b, n, least) {
    const up = powers(least, Math.max(least, Math.abs(a), Math.abs(b)), n / 2);
    return [...up.map((v) => -v).reverse(), 0, ...up].filter((v) => v >= a && v <= b);
  }

  // -- time: epochs, then steps of the descent on a scale of their own ---------------
  function timeOf(lines, early) {
    const axes = lines.map((line) => data.axes[line.axis]);
    const last = Math.max(...axes.map((a) => a.last)), most = Math.max(...axes.map((a) => a.most || 0));
    const per = Math.max(...axes.map((a) => a.minibatches || 1));
    const share = !most ? 1 : last ? (early ? 0.75 : 0.6) : 0;
    const spread = (e) => (early ? Math.log1p(e * per) / Math.log1p(last * per) : e / (last || 1));
    const epoch = (e) => share * spread(Math.min(e, last));
    const step = (s) => share + ((1 - share) * s) / (most || 1);
    return { last, most, per, share, early, epoch, step };
  }
  function pointsOf(line, time, rest) {
    const axis = data.axes[line.axis], flip = (v) => (rest && finite(v) ? 1 - v : v);
    const place = (k) => (k < axis.epochs.length ? axis.epochs[k] : axis.steps[k - axis.epochs.length]);
    return line.middle.map((middle, k) => {
      const first = k < axis.epochs.length, at = place(k);
      const ends = line.low ? [flip(line.low[k]), flip(line.high[k])].sort((a, b) => a - b) : null;
      return {
        u: first ? time.epoch(at) : time.step(at), middle: flip(middle), ends,
        where: first ? (at % 1 ? `minibatch ${Math.round(at * (axis.minibatches || 1))}` : `epoch ${at}`) : `step ${at} of the descent`,
      };
    });
  }
  function timeTicks(time, a, b, wide) {
    const found = [], dx = (b - a) / wide;
    const push = (u, text, room) => { if (u >= a - 1e-9 && u <= b + 1e-9 && !found.some((t) => Math.abs(t.u - u) < room * dx)) found.push({ u, text }); };
    if (time.last && a < time.share) {
      push(time.epoch(0), "0", 20);
      push(time.epoch(time.last), String(time.last), 20);
      if (time.early) {
        for (let e = 1; e < time.last; e *= 2) push(time.epoch(e), String(e), 26);
        for (let s = 1; s < time.per; s *= 10) push(time.epoch(s / time.per), `batch ${s}`, 52);
      } else {
        const n = clamp((wide * (Math.min(b, time.share) - a)) / (b - a) / 50, 1, 8);
        const from = (time.last * Math.max(0, a)) / time.share, to = (time.last * Math.min(b, time.share)) / time.share;
        for (const e of round(from, to, n)) push(time.epoch(e), number(e), 30);
      }
    }
    if (time.most && b > time.share) {
      const inside = (u) => (time.most * (u - time.share)) / (1 - time.share);
      push(1, String(time.most), 30);
      const n = clamp((wide * (b - Math.max(a, time.share))) / (b - a) / 50, 1, 6);
      for (const s of round(Math.max(0, inside(a)), inside(b), n)) if (s > 0 && s % 1 === 0) push(time.step(s), number(s), 34);
      if (!time.last) push(0, "0", 30);
    }
    return found;
  }

  // -- marks: an interval has caps, a range is a band --------------------------------
  function glyph(group, outcome, x, y, title) {
    const fill = shade(outcome), style = `fill:${fill};stroke:${fill};stroke-width:1.5`;
    if (outcome === "refuted") svg(group, "path", { d: `M${x},${y - 6}l5.5,10h-11z`, style });
    else if (outcome === "supported") svg(group, "circle", { cx: x, cy: y, r: 4.5, style });
    else svg(group, "circle", { cx: x, cy: y, r: 4, style: `fill:var(--card);stroke:${fill};stroke-width:1.8` });
    if (title) svg(group.lastChild, "title", {}, title);
  }
  /* From a to b along x or y, with an arrow where an end is open. */
  function caps(group, a, b, at, upright, open, colour) {
    const style = `stroke:${colour};stroke-width:1.8;fill:none`;
    const point = (along, across) => (upright ? `${at + across},${along}` : `${along},${at + across}`);
    svg(group, "path", { class: "interval", d: `M${point(a, 0)}L${point(b, 0)}`, style });
    for (const [end, is, inwards] of [[a, open[0], Math.sign(b - a) || 1], [b, open[1], Math.sign(a - b) || -1]]) {
      const d = is ? `M${point(end + 6 * inwards, -4)}L${point(end, 0)}L${point(end + 6 * inwards, 4)}` : `M${point(end, -5)}L${point(end, 5)}`;
      svg(group, "path", { class: is ? "open" : "cap", d, style });
    }
  }

  // -- one panel of lines ------------------------------------------------------------
  function drawLines(panel, width) {
    const { spec, state, figure } = panel, lines = spec.lines.map((k) => data.series[k]);
    const time = timeOf(lines, figure.early), height = !figure.paper ? 236 : figure.card ? 108 : 96;
    const box = { left: 52, right: width - (spec.mark ? 34 : 12), top: 10, bottom: height - 38 };
    const drawn = lines.map((line) => ({ line, points: pointsOf(line, time, spec.rest) }));
    const [a, b] = figure.zoom || [0, 1];
    const seen = drawn.flatMap(({ points }) => points.filter((p) => p.u >= a - 1e-9 && p.u <= b + 1e-9));
    const values = seen.flatMap((p) => [p.middle, ...(p.ends || [])]).concat((spec.levels || []).map((l) => l.at));
    if (spec.mark) values.push(spec.mark.value, spec.mark.low, spec.mark.high, ...spec.region);
    const scale = scaleOf(values, state.log, spec.limits && !state.log ? spec.limits : undefined);
    const [t0, t1] = state.y || [scale.to(scale.low), scale.to(scale.high)];
    const x = (u) => box.left + ((u - a) / (b - a)) * (box.right - box.left);
    const y = (v) => box.bottom - ((scale.to(v) - t0) / (t1 - t0)) * (box.bottom - box.top);
    const root = canvas(panel, width, height);
    const clip = `clip-${panel.id}`;
    svg(svg(svg(root, "defs", {}), "clipPath", { id: clip }), "rect", { x: box.left, y: box.top - 4, width: Math.max(0, box.right - box.left), height: box.bottom - box.top + 8 });
    const back = svg(root, "g", { "clip-path": `url(#${clip})` });
    if (spec.region) region(back, spec.region, y, box, true);
    let last = Infinity;
    for (const tick of scale.ticks(scale.from(t0), scale.from(t1), figure.paper ? 2 : 5)) {
      if (last - y(tick) < 11) continue; // no room for its number
      last = y(tick);
      svg(root, "path", { d: `M${box.left},${y(tick)}H${box.right}`, class: "grid" });
      svg(root, "text", { x: box.left - 6, y: y(tick) + 4, class: "end" }, number(tick));
    }
    for (const tick of timeTicks(time, a, b, box.right - box.left)) {
      svg(root, "path", { d: `M${x(tick.u)},${box.bottom}v4`, class: "axis" });
      svg(root, "text", { x: x(tick.u), y: box.bottom + 16, class: "middle" }, tick.text);
    }
    svg(root, "path", { d: `M${box.left},${box.bottom}H${box.right}`, class: "axis" });
    const edge = x(clamp(time.share, a, b));
    const below = (from, to, words) => {
      const text = words.find((word) => word.length * 6.2 < to - from);
      if (text) svg(root, "text", { x: (from + to) / 2, y: box.bottom + 31, class: "middle muted" }, text);
    };
    if (time.last) below(box.left, edge, [...(time.early ? ["minibatch, then epoch: the first ones spread out", "epoch, spread out"] : []), "epoch"]);
    if (time.most) below(edge, box.right, ["step of the descent", "step"]);
    if (time.most && time.last) svg(back, "path", { d: `M${x(time.share)},${box.top}V${box.bottom}`, class: "divide" });
    const front = svg(root, "g", { "clip-path": `url(#${clip})` });
    for (const level of spec.levels || []) {
      svg(front, "path", { d: `M${box.left},${y(level.at)}H${box.right}`, class: "level" });
      svg(front, "text", { x: box.right - 4, y: y(level.at) + (y(level.at) < box.top + 16 ? 13 : -5), class: "end muted halo" }, level.word);
    }
    const ok = (p, v) => finite(v);
    drawn.forEach(({ line, points }, k) => {
      if (!line.low) return;
      const known = points.filter((p) => p.ends && ok(p, p.ends[0]) && ok(p, p.ends[1]));
      if (known.length < 1) return;
      const up = known.map((p) => `${x(p.u).toFixed(1)},${y(p.ends[1]).toFixed(1)}`), down = known.map((p) => `${x(p.u).toFixed(1)},${y(p.ends[0]).toFixed(1)}`).reverse();
      svg(front, "path", { class: "band", d: `M${up.join("L")}L${down.join("L")}Z`, style: `fill:${paint(k)};fill-opacity:${drawn.length > 4 ? 0.08 : 0.16}` });
    });
    drawn.forEach(({ points }, k) => {
      let d = "", pen = "M";
      for (const p of points) {
        if (!finite(p.middle)) { pen = "M"; continue; }
        d += `${pen}${x(p.u).toFixed(1)},${y(p.middle).toFixed(1)}`;
        pen = "L";
      }
      svg(front, "path", { class: "line", d, "stroke-dasharray": DASHES[k % 6], style: `stroke:${paint(k)}` });
    });
    const peak = spec.highest && drawn[0].points.slice(1).filter((p) => finite(p.middle) && p.u <= time.share).reduce((best, p) => (!best || p.middle > best.middle ? p : best), null);
    const judgedAt = peak ? peak.u : 1;
    if (spec.mark && b > judgedAt - 0.001 && a < judgedAt) {
      const mark = spec.mark, at = peak ? x(peak.u) : box.right + 16, inside = (v) => clamp(y(v), box.top, box.bottom);
      if (finite(mark.low) || finite(mark.high)) {
        caps(root, finite(mark.low) ? inside(mark.low) : box.bottom, finite(mark.high) ? inside(mark.high) : box.top, at, true, [!finite(mark.low), !finite(mark.high)], shade(mark.outcome));
      }
      if (finite(mark.value)) glyph(root, mark.outcome, at, inside(mark.value), `${mark.outcome}: ${mark.text}`);
    }
    const places = [...new Set(drawn.flatMap(({ points }) => points.map((p) => p.u)))].sort((p, q) => p - q);
    Object.assign(panel, { box, drawn, places, x, toU: (px) => a + ((px - box.left) / (box.right - box.left)) * (b - a), toT: (py) => t0 + ((box.bottom - py) / (box.bottom - box.top)) * (t1 - t0), y, t: [t0, t1], cursor: svg(root, "g", { class: "cursor" }), brush: svg(root, "rect", { class: "brush", width: 0, height: 0 }) });
  }
  function canvas(panel, width, height) {
    panel.stage.textContent = "";
    return svg(panel.stage, "svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false" });
  }
  function region(group, [low, high], y, box, upright) {
    if (low === null && high === null) return;
    const ends = upright ? [box.bottom, box.top] : [box.left, box.right];
    const from = low === null ? ends[0] : y(low), to = high === null ? ends[1] : y(high), size = Math.abs(to - from), at = Math.min(from, to);
    svg(group, "rect", upright ? { class: "region", x: box.left, width: box.right - box.left, y: at, height: size } : { class: "region", y: box.top, height: box.bottom - box.top, x: at, width: size });
    for (const edge of new Set([low, high].filter((v) => v !== null))) {
      svg(group, "path", { class: "margin", d: upright ? `M${box.left},${y(edge)}H${box.right}` : `M${y(edge)},${box.top}V${box.bottom}` });
    }
  }

  // -- one panel of rows -------------------------------------------------------------
  function drawRows(panel, width) {
    const { spec, state } = panel, rows = spec.rows, alone = rows.length === 1 && !rows[0].range && panel.figure.panels.length > 1;
    const narrow = alone || width < 560, each = alone ? 24 : narrow ? 34 : 24;
    const bounds = (spec.region || []).filter((v) => v !== null), longest = (of) => Math.max(0, ...rows.map((row) => (of(row) || "").length)) * 6.4;
    const shown = (row) => row.text || (row.range ? `${number(row.value)} (${number(row.low)} to ${number(row.high)})` : number(row.value));
    const left = narrow ? 12 : Math.min(longest((row) => row.label) + 20, width * 0.3), right = narrow ? 14 : Math.min(longest(shown) + 20, width * 0.34);
    const ranges = rows.some((row) => row.range), height = 16 + each * rows.length + (ranges ? 40 : 24), box = { left, right: width - right, top: 16, bottom: 16 + each * rows.length };
    const values = rows.flatMap((row) => [row.value, row.low, row.high]).concat(bounds);
    const scale = scaleOf(values, state.log, spec.limits && !state.log ? spec.limits : undefined);
    const [t0, t1] = state.y || [scale.to(scale.low), scale.to(scale.high)];
    const x = (v) => box.left + ((scale.to(v) - t0) / (t1 - t0)) * (box.right - box.left), inside = (v) => clamp(x(v), box.left, box.right);
    const root = canvas(panel, width, height);
    if (spec.region) region(root, spec.region.map((v) => v), inside, box, false);
    for (const tick of scale.ticks(scale.from(t0), scale.from(t1), (box.right - box.left) / 70)) {
      svg(root, "path", { d: `M${x(tick)},${box.top}V${box.bottom}`, class: "grid" });
      svg(root, "text", { x: x(tick), y: box.bottom + 16, class: "middle" }, number(tick));
    }
    svg(root, "path", { d: `M${box.left},${box.bottom}H${box.right}`, class: "axis" });
    if (bounds.length) svg(root, "text", { x: clamp(x(bounds[0]), box.left + 30, box.right - 30), y: 11, class: "middle muted" }, `margin ${[...new Set(bounds)].map(number).join(" and ")}`);
    if (ranges) svg(root, "text", { x: (box.left + box.right) / 2, y: box.bottom + 33, class: "middle muted" }, "band: least to greatest; dot: median");
    rows.forEach((row, k) => {
      const at = box.top + each * (k + 0.5) + (narrow && !alone ? 8 : 0), group = svg(root, "g", { class: "row" });
      const fits = (text, room) => (text.length * 6.2 > room ? `${text.slice(0, Math.max(4, Math.floor(room / 6.2) - 1))}…` : text);
      const brief = `${finite(row.value) ? number(row.value) : "-"}${finite(row.low) && finite(row.high) && row.low !== row.high ? ` [${number(row.low)}, ${number(row.high)}]` : ""}`;
      if (alone) { /* its name and numbers stand above the figure */ } else if (narrow) {
        // The margin is drawn, and goes first; the table below has the numbers as well.
        const text = [`${row.label}  ${shown(row)}`, `${row.label}  ${brief}`, row.label].find((one) => fits(one, width - 20) === one);
        svg(group, "text", { x: box.left, y: at - 12, class: "start halo" }, text || fits(row.label, width - 20));
      }
      else {
        svg(group, "text", { x: box.left - 10, y: at + 4, class: "end" }, fits(row.label, left - 12));
        svg(group, "text", { x: box.right + 12, y: at + 4, class: "start" }, fits(shown(row), right - 12));
      }
      const known = finite(row.low) || finite(row.high), from = finite(row.low) ? inside(row.low) : box.left, to = finite(row.high) ? inside(row.high) : box.right;
      if (row.range) {
        svg(group, "rect", { class: "range", x: from, width: Math.max(2, to - from), y: at - 5, height: 10, rx: 5, style: `fill:${paint(0)}` });
        if (finite(row.value)) svg(group, "circle", { cx: inside(row.value), cy: at, r: 3.5, style: `fill:${paint(0)}` });
      } else {
        if (known) caps(group, from, to, at, false, [!finite(row.low), !finite(row.high)], shade(row.outcome));
        if (finite(row.value)) glyph(group, row.outcome, inside(row.value), at);
      }
    });
    Object.assign(panel, { box, rows, each, shown, toT: (px) => t0 + ((px - box.left) / (box.right - box.left)) * (t1 - t0), t: [t0, t1], cursor: svg(root, "g", { class: "cursor" }), brush: svg(root, "rect", { class: "brush", width: 0, height: 0 }) });
  }

  // -- pointing, by mouse and by keys ------------------------------------------------
  function nearest(points, u) {
    let best = null;
    for (const p of points) if (finite(p.middle) && (!best || Math.abs(p.u - u) < Math.abs(best.u - u))) best = p;
    return best;
  }
  function entries(panel, u) {
    const found = panel.drawn.map(({ line, points }, k) => ({ line, k, p: nearest(points, u) })).filter((e) => e.p);
    const close = found.reduce((a, e) => (!a || Math.abs(e.p.u - u) < Math.abs(a.p.u - u) ? e : a), null);
    return { found, close };
  }
  const said = ({ line, p }, head) => `${line.name === "all" ? "median" : line.name}: ${number(p.middle)}${p.ends ? ` (${number(p.ends[0])} to ${number(p.ends[1])})` : ""}${p.where === head ? "" : ` at ${p.where}`}`;
  const over = (found) => [...new Set(found.filter((e) => e.p.ends).map((e) => e.line.of))].map((of) => `, least to greatest of ${of}`).join("");
  function point(panel, u, aloud, only) {
    const { found, close } = entries(panel, u);
    if (!close) return;
    const { box, cursor } = panel, head = close.p.where, at = clamp(panel.x(close.p.u), box.left, box.right);
    panel.at = close.p.u;
    cursor.textContent = "";
    svg(cursor, "path", { d: `M${at},${box.top}V${box.bottom}`, class: "guide" });
    for (const { k, p } of found) if (p.u === close.p.u) svg(cursor, "circle", { cx: at, cy: clamp(panel.y(p.middle), box.top, box.bottom), r: only === k ? 5 : 3.5, style: `fill:${paint(k)};stroke:var(--card)` });
    const list = found.map((e) => html("li", {}, swatch(e.k), said(e, head)));
    tip(panel, at, html("b", {}, head), over(found), html("ul", {}, ...list));
    if (aloud) panel.figure.live.textContent = `${head}${over(found)}. ${(only === undefined ? found : found.filter((e) => e.k === only)).map((e) => said(e, head)).join(". ")}`;
  }
  function pointRow(panel, k, aloud) {
    const row = panel.rows[k];
    if (!row) return leave(panel);
    panel.at = k;
    const { box, each, cursor } = panel;
    cursor.textContent = "";
    svg(cursor, "rect", { class: "guide", x: 1, width: panel.width - 2, y: box.top + each * k, height: each, rx: 4 });
    const text = `${row.outcome ? `${row.outcome}, ` : ""}${panel.shown(row)}`;
    tip(panel, box.left + 20, html("b", {}, row.label), html("ul", {}, html("li", {}, text)));
    if (aloud) panel.figure.live.textContent = `${row.label}: ${text}`;
  }
  function tip(panel, at, ...inside) {
    const box = panel.figure.tip;
    box.replaceChildren(...inside);
    box.hidden = false;
    panel.element.append(box);
    const room = panel.element.clientWidth, wide = Math.min(box.offsetWidth, room);
    const scaled = (at * panel.stage.clientWidth) / panel.width;
    box.style.left = `${clamp(scaled + 14 + wide > room ? scaled - wide - 14 : scaled + 14, 0, Math.max(0, room - wide))}px`;
    box.style.top = `${panel.stage.offsetTop + 8}px`;
  }
  function leave(panel) {
    panel.figure.tip.hidden = true;
    panel.at = undefined;
    if (panel.cursor) panel.cursor.textContent = "";
  }
  const swatch = (k) => {
    const made = document.createElementNS(NS, "svg");
    made.setAttribute("class", "swatch");
    made.setAttribute("viewBox", "0 0 26 8");
    made.setAttribute("aria-hidden", "true");
    svg(made, "path", { d: "M1,4H25", class: "line", "stroke-dasharray": DASHES[k % 6], style: `stroke:${paint(k)}` });
    return made;
  };

  // -- zoom --------------------------------------------------------------------------
  function zoomTime(figure, from, to) {
    const wide = clamp(to - from, 0.002, 1), start = clamp(from, 0, 1 - wide);
    figure.zoom = wide > 0.999 ? null : [start, start + wide];
  }
  function zoomBy(panel, factor, centre) {
    if (panel.spec.lines) {
      const [a, b] = panel.figure.zoom || [0, 1], at = centre === undefined ? (a + b) / 2 : centre;
      zoomTime(panel.figure, at - (at - a) * factor, at + (b - at) * factor);
    } else {
      const [a, b] = panel.t, at = centre === undefined ? (a + b) / 2 : centre;
      panel.state.y = [at - (at - a) * factor, at + (b - at) * factor];
    }
    redraw(panel.figure);
  }
  function reset(figure) {
    figure.zoom = null;
    for (const panel of figure.panels) panel.state.y = null;
    redraw(figure);
  }
  function listen(panel) {
    const { stage, figure } = panel, lines = Boolean(panel.spec.lines);
    const place = (event) => {
      const box = stage.getBoundingClientRect(), ratio = panel.width / (box.width || 1);
      return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
    };
    let from = null;
    const read = (px, py) => (lines ? point(panel, panel.toU(px)) : pointRow(panel, Math.floor((py - panel.box.top) / panel.each)));
    stage.addEventListener("pointerdown", (event) => { if (event.pointerType !== "mouse") read(...place(event)); });
    stage.addEventListener("pointerdown", (event) => { if (event.button === 0 && event.pointerType === "mouse") { from = place(event); stage.setPointerCapture(event.pointerId); } });
    stage.addEventListener("pointermove", (event) => {
      const [px, py] = place(event);
      if (from && Math.hypot(px - from[0], py - from[1]) > 6) {
        const box = panel.box, tall = lines && Math.abs(py - from[1]) > 14, x0 = clamp(Math.min(px, from[0]), box.left, box.right), x1 = clamp(Math.max(px, from[0]), box.left, box.right);
        const shape = { x: x0, width: x1 - x0, y: tall ? clamp(Math.min(py, from[1]), box.top, box.bottom) : box.top, height: tall ? Math.abs(clamp(py, box.top, box.bottom) - clamp(from[1], box.top, box.bottom)) : box.bottom - box.top };
        for (const name in shape) panel.brush.setAttribute(name, shape[name]);
        figure.tip.hidden = true;
      } else read(px, py);
    });
    stage.addEventListener("pointerup", (event) => {
      const start = from, [px, py] = place(event), box = panel.box;
      from = null;
      if (!start || Math.hypot(px - start[0], py - start[1]) < 8) return;
      const ends = [px, start[0]].map((v) => clamp(v, box.left, box.right)).sort((a, b) => a - b);
      if (lines) {
        if (Math.abs(py - start[1]) > 14) panel.state.y = [py, start[1]].map((v) => panel.toT(clamp(v, box.top, box.bottom))).sort((a, b) => a - b);
        if (ends[1] - ends[0] > 8) zoomTime(figure, panel.toU(ends[0]), panel.toU(ends[1]));
      } else if (ends[1] - ends[0] > 8) panel.state.y = ends.map(panel.toT);
      redraw(figure);
    });
    stage.addEventListener("pointerleave", () => { if (document.activeElement !== panel.element) leave(panel); });
    stage.addEventListener("dblclick", () => reset(figure));
    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const [px] = place(event);
      zoomBy(panel, event.deltaY > 0 ? 1.25 : 0.8, lines ? panel.toU(px) : panel.toT(px));
    }, { passive: false });
    panel.element.addEventListener("keydown", (event) => { if (event.target === panel.element && key(panel, event)) event.preventDefault(); });
    panel.element.addEventListener("focus", () => {
      if (panel.element.matches(":focus-visible") && panel.at === undefined) tip(panel, panel.box.left, html("b", {}, "Keys"), ` ${lines ? "← → values, ↑ ↓ one line, " : "↑ ↓ values, "}+ − zoom${lines ? ", Shift ← → along" : ""}, 0 all, l scale`);
    });
    panel.element.addEventListener("blur", () => leave(panel));
  }
  function key(panel, event) {
    const { figure } = panel, lines = Boolean(panel.spec.lines), step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "+" || event.key === "=") return zoomBy(panel, 0.6, lines ? panel.at : undefined), true;
    if (event.key === "-") return zoomBy(panel, 1 / 0.6, lines ? panel.at : undefined), true;
    if (event.key === "0" || event.key === "Escape") return reset(figure), true;
    if (event.key === "l" || event.key === "L") return panel.toggle.click(), true;
    if (!lines) {
      const to = event.key === "Home" ? 0 : event.key === "End" ? panel.rows.length - 1 : step ? clamp((panel.at === undefined ? (step > 0 ? -1 : panel.rows.length) : panel.at) + step, 0, panel.rows.length - 1) : null;
      return to !== null && (pointRow(panel, to, true), true);
    }
    if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const [a, b] = figure.zoom || [0, 1];
      zoomTime(figure, a + step * (b - a) * 0.2, b + step * (b - a) * 0.2);
      return redraw(figure), true;
    }
    const [a, b] = figure.zoom || [0, 1], seen = panel.places.filter((u) => u >= a - 1e-9 && u <= b + 1e-9);
    if (!seen.length) return false;
    let k = panel.at === undefined ? -1 : seen.findIndex((u) => u >= panel.at - 1e-12);
    if (event.key === "Home") k = 0;
    else if (event.key === "End") k = seen.length - 1;
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") k = k < 0 ? (step > 0 ? 0 : seen.length - 1) : clamp(k + step, 0, seen.length - 1);
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const count = panel.drawn.length;
      panel.only = panel.only === undefined ? (step > 0 ? 0 : count - 1) : (panel.only + step + count + 1) % (count + 1);
      if (panel.only === count) panel.only = undefined;
      k = Math.max(k, 0);
    } else return false;
    point(panel, seen[k], true, panel.only);
    return true;
  }

  // -- a figure ----------------------------------------------------------------------
  const drawn = [];
  let ids = 0;
  function redraw(figure) {
    figure.bar.querySelectorAll(".reset").forEach((button) => { button.disabled = !figure.zoom && !figure.panels.some((panel) => panel.state.y); });
    const brief = (panel, k) => k === 0 || (!panel.spec.lines && panel.spec.rows.length === 1); // one curve, and its interval
    const panels = figure.card && !figure.card.open ? figure.panels.filter(brief) : figure.panels;
    for (const panel of figure.panels) panel.element.hidden = !panels.includes(panel);
    const room = figure.paper || figure.room, charts = panels.filter((panel) => panel.spec.lines).length;
    const most = Math.max(1, Math.floor((room + 14) / (figure.paper ? 210 : 264))), columns = charts > most && charts % most && charts % 3 === 0 && most > 3 ? 3 : charts > most && charts === 4 ? Math.min(2, most) : Math.min(Math.max(charts, 1), most);
    for (const panel of panels) {
      const alone = !panel.spec.lines && !(figure.paper && !figure.card) && (panels.length === 1 || charts && panel.spec.rows.length === 1);
      const wide = alone ? 1 : panel.spec.lines ? columns : Math.min(2, Math.max(1, Math.floor(room / (figure.paper ? 340 : 380))));
      const width = Math.floor((room - 14 * (wide - 1)) / wide) - 0.5;
      panel.element.style.width = `${width}px`;
      panel.width = Math.max(200, width);
      leave(panel);
      (panel.spec.lines ? drawLines : drawRows)(panel, panel.width);
    }
  }
  function keysOf(spec) {
    const lines = (spec.lines || []).map((k) => data.series[k]);
    const items = lines.map((line, k) => html("li", {}, swatch(k), line.name === "all" ? line.of : line.name));
    const of = lines.find((line) => line.low);
    if (of) items.push(html("li", { className: "note" }, `line: median; band: least to greatest of ${of.of}${lines.length > 1 ? " each" : ""}`));
    return { names: lines.map((line) => `${line.name} ${line.low ? line.of : ""}`).join("\n"), list: html("ul", { className: "plot-keys" }, ...items) };
  }
  function show(figure, k) {
    const view = figure.plot.views[k];
    figure.view = k;
    figure.element.dataset.view = k ? view.label : "";
    figure.zoom = null;
    figure.early = Boolean(view.early);
    for (const [i, button] of figure.choices.entries()) button.setAttribute("aria-pressed", i === k);
    if (figure.select) figure.select.value = String(k);
    figure.verdict.replaceChildren();
    if (view.outcome) {
      const chip = html("span", { className: `chip ${view.outcome.replace(/[^a-z]+/g, "-")}` }, `${GLYPHS[view.outcome] || ""} ${view.outcome}`);
      figure.verdict.append(chip, " ", html("span", { className: "number" }, view.text || ""));
    }
    figure.grid.replaceChildren();
    figure.panels = [];
    if (view.problem) figure.grid.append(html("p", { className: "absent" }, view.problem));
    const specs = [...(view.panels || [])], order = (spec) => (spec.lines ? 0 : 1), keys = specs.filter((spec) => spec.lines).map(keysOf);
    const same = keys.length > 1 && keys.every((of) => of.names === keys[0].names);
    figure.keys.replaceChildren(...(same ? [keys[0].list] : []));
    for (const spec of specs.sort((p, q) => order(p) - order(q))) {
      const stage = html("div", { className: "stage" }), panel = { id: ++ids, spec, figure, stage, state: { log: Boolean(spec.log) || far(spec), y: null } };
      panel.toggle = html("button", { type: "button", className: "scale" });
      const label = () => { panel.toggle.textContent = panel.state.log ? "log" : "linear"; panel.toggle.setAttribute("aria-label", `${panel.state.log ? "Logarithmic" : "Linear"} axis of ${spec.title}: switch`); };
      label();
      panel.toggle.addEventListener("click", () => { panel.state.log = !panel.state.log; panel.state.y = null; label(); redraw(figure); figure.live.textContent = panel.state.log ? "logarithmic axis" : "linear axis"; });
      const names = (spec.lines || []).map((n) => data.series[n].name).join(", ");
      panel.element = html("div", { className: `panel ${spec.lines ? "lines" : "rows"}`, tabIndex: 0 }, html("div", { className: "panel-head" }, html("span", {}, spec.title), panel.toggle), ...(same || !spec.lines || (spec.lines.length === 1 && !data.series[spec.lines[0]].low) ? [] : [keysOf(spec).list]), stage);
      panel.element.setAttribute("role", "group");
      panel.element.setAttribute("aria-roledescription", "chart");
      panel.element.setAttribute("aria-label", `${spec.title}${names ? `: ${names}` : ""}. Arrow keys read values, plus and minus zoom, 0 resets, l switches the scale.`);
      figure.grid.append(panel.element);
      figure.panels.push(panel);
      listen(panel);
    }
    if (figure.caption) figure.caption.textContent = view.problem ? "" : view.caption || figure.plot.caption || "";
    if (figure.files) figure.files.replaceChildren(...(view.csv || []).map((path) => html("a", { href: path }, path.endsWith("pairs.csv") ? "pairs as CSV" : "networks as CSV")));
    redraw(figure);
  }
  /* Rows whose sizes lie far apart begin on a logarithmic axis, unless one is 0, which has no place there. */
  function far(spec) {
    if (!spec.rows || spec.limits || spec.rows.some((row) => row.value === 0)) return false;
    const sizes = spec.rows.flatMap((row) => [row.value, row.low, row.high]).concat(spec.region || []).filter((v) => finite(v) && v).map(Math.abs);
    return sizes.length > 1 && Math.max(...sizes) / Math.min(...sizes) >= 40;
  }
  /* What the reader chose is told to the page, whose address keeps it. */
  function choose(figure, k) {
    show(figure, k);
    figure.element.dispatchEvent(new CustomEvent("plot:chosen", { bubbles: true }));
  }
  function build(element, room) {
    const key = element.dataset.plot, plot = data.plots[key];
    if (!plot || element.classList.contains("drawn")) return;
    element.classList.add("drawn");
    try { begin(element, key, plot, room); } catch (error) { // one plot that fails takes no other with it
      element.prepend(html("p", { className: "absent" }, `This plot could not be drawn: ${error.message}.`));
    }
  }
  function begin(element, key, plot, room) {
    const figure = { element, key, plot, card: element.parentElement.querySelector(":scope > details.rows"), paper: 0, room: room || 640, zoom: null, panels: [], choices: [] };
    figure.verdict = html("span", { className: "plot-verdict" });
    figure.live = html("span", { className: "unseen" });
    figure.live.setAttribute("aria-live", "polite");
    figure.tip = html("div", { className: "tip", hidden: true });
    figure.tip.setAttribute("aria-hidden", "true");
    figure.keys = html("div", {});
    figure.grid = html("div", { className: "plot-grid" });
    figure.caption = element.querySelector(".plot-caption");
    figure.files = element.querySelector(".plot-files");
    figure.bar = html("div", { className: "plot-bar" });
    const mark = (view) => (view.outcome ? `${GLYPHS[view.outcome]} ` : "");
    if (plot.views.length > (figure.room < 560 ? 3 : 6)) {
      figure.select = html("select", {}, ...plot.views.map((view, k) => html("option", { value: String(k) }, `${mark(view)}${view.label}${view.outcome ? `: ${view.outcome}` : ""}`)));
      figure.select.addEventListener("change", () => choose(figure, Number(figure.select.value)));
      figure.bar.append(html("label", {}, "Shown ", figure.select));
    } else if (plot.views.length > 1) {
      figure.choices = plot.views.map((view, k) => {
        const button = html("button", { type: "button" }, `${mark(view)}${view.label}`);
        button.addEventListener("click", () => choose(figure, k));
        return button;
      });
      const group = html("span", { className: "plot-choices" }, ...figure.choices);
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", "Setting shown");
      figure.bar.append(group);
    } else if (plot.views[0].label !== "all settings") figure.bar.append(html("span", { className: "plot-only" }, plot.views[0].label));
    const tool = (text, label, act, more) => {
      const button = html("button", { type: "button", className: more || "", title: label }, text);
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      return button;
    };
    const zoomAll = (factor) => { const panel = figure.panels.find((p) => p.spec.lines) || figure.panels[0]; if (panel) zoomBy(panel, factor, undefined); };
    figure.bar.append(figure.verdict, html("span", { className: "plot-tools" },
      tool("+", "Zoom in (drag over a plot, or Ctrl and wheel)", () => zoomAll(0.6)), tool("−", "Zoom out", () => zoomAll(1 / 0.6)),
      tool("Reset", "Reset the zoom", () => reset(figure), "reset"), tool("SVG", "Save as SVG", () => save(figure))));
    element.prepend(figure.bar, figure.keys, figure.grid, figure.live);
    element.addEventListener("plot:show", (event) => { const k = Math.max(0, plot.views.findIndex((view) => view.label === event.detail.view)); if (k !== figure.view) show(figure, k); });
    const wanted = plot.views.findIndex((view) => view.label === element.dataset.view);
    show(figure, Math.max(0, wanted));
    drawn.push(figure);
    // A claim's card shows one curve, and all panels once it is opened.
    if (figure.card) figure.card.addEventListener("toggle", () => redraw(figure));
    new ResizeObserver((entries) => {
      const now = entries[0].contentRect.width;
      if (now && !figure.paper && Math.abs(now - figure.room) > 2) { figure.room = now; redraw(figure); }
    }).observe(element);
  }
  /* The panels one below the other, in the colours of the theme. */
  function save(figure) {
    const style = getComputedStyle(document.documentElement);
    const colour = (k) => style.getPropertyValue(`--series-${k % 6}`), plain = (text) => text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
    let below = 0, wide = 0, body = "";
    for (const panel of figure.panels.filter((one) => !one.element.hidden)) {
      const drawn = panel.stage.firstChild, height = Number(drawn.getAttribute("height")), copy = drawn.cloneNode(true);
      const names = (panel.spec.lines || []).map((k) => data.series[k]).filter((line) => line.low).map((line) => (line.name === "all" ? line.of : line.name));
      const keys = names.map((name, k) => `<g transform="translate(4,${34 + 16 * k})"><path d="M0,0H26" fill="none" stroke="${colour(k)}" stroke-width="2" stroke-dasharray="${DASHES[k % 6]}"/><text x="32" y="4" font-size="11.5" fill="${style.getPropertyValue("--ink")}">${plain(name)}</text></g>`).join("");
      const gap = 26 + 16 * names.length;
      const texts = [...copy.querySelectorAll("path,text,rect,circle")], seen = [...drawn.querySelectorAll("path,text,rect,circle")];
      texts.forEach((node, k) => { const own = getComputedStyle(seen[k]); node.setAttribute("style", ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "paint-order", "font-size", "text-anchor"].map((name) => `${name}:${own.getPropertyValue(name)}`).join(";")); });
      body += `<g transform="translate(0,${below})"><text x="4" y="16" font-size="13" fill="${style.getPropertyValue("--ink")}">${plain(panel.spec.title)}</text>${keys}</g><g transform="translate(0,${below + gap})">${copy.innerHTML}</g>`;
      below += height + gap;
      wide = Math.max(wide, panel.width);
    }
    const text = `<svg xmlns="${NS}" viewBox="0 0 ${wide} ${below}" width="${wide}" height="${below}" font-family="sans-serif"><rect width="100%" height="100%" fill="${style.getPropertyValue("--card")}"/>${body.replace(/ xmlns="[^"]*"/g, "")}</svg>`;
    const link = html("a", { href: URL.createObjectURL(new Blob([text], { type: "image/svg+xml" })), download: `${figure.key}.svg` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /* All that is open is drawn at once, so that nothing moves under the reader later; what is folded away or filtered
     out, once it is seen. */
  const figures = Array.from(document.querySelectorAll("figure[data-plot]"));
  const seen = (figure) => !figure.closest("details:not([open])") && figure.offsetParent !== null;
  // All widths before the first drawing: each one asked for after another would lay the whole page out again.
  figures.filter(seen).map((figure) => [figure, figure.clientWidth]).forEach(([figure, room]) => build(figure, room));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { watch.unobserve(entry.target); build(entry.target, entry.boundingClientRect.width); }
  }, { rootMargin: "600px 0px" });
  figures.filter((figure) => !seen(figure)).forEach((figure) => watch.observe(figure));
  /* On paper a card is half as wide as the sheet, and plots are lower. */
  function paper(on) {
    if (on) figures.filter(seen).forEach((figure) => build(figure, figure.clientWidth));
    for (const figure of drawn) {
      figure.paper = on ? (figure.element.closest(".claim") ? 320 : 684) : 0;
      redraw(figure);
    }
  }
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
})();
