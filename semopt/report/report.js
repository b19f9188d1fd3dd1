"use strict";
(() => {
  const ROW = 100, SPARE = 6;
  const find = id => document.getElementById(id);
  const read = id => JSON.parse(find(id).textContent);
  const data = read("images"), images = data.images, loaded = new Map();

  // --- words and figures ---
  const size = count => {
    if (count == null) return "";
    for (const [scale, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]])
      if (count >= scale * .9995) return `${+(count / scale).toPrecision(3)} ${unit}`;
    return `${count} B`;
  };
  const percent = share => `${share >= .0995 || share === 0 ? Math.round(100 * share) : (100 * share).toFixed(1)} %`;
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  const smallest = image => image.variants.reduce((least, one) => !least || one.bytes < least.bytes ? one : least, null);
  const left = image => (smallest(image) || image).bytes || 0;
  const ratio = image => image.bytes && image.variants.length ? left(image) / image.bytes : 1;
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children.filter(child => child != null));
    return made;
  };
  const drawn = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text != null) made.textContent = text;
    return made;
  };
  const table = (heads, rows) => element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map(head => element("th", { scope: "col", textContent: head })))),
    element("tbody", {}, ...rows.map(row => element("tr", {}, ...row.map((cell, at) =>
      at ? element("td", { textContent: cell }) : element("th", { scope: "row", textContent: cell }))))));

  // --- the summary ---
  const counted = images.filter(image => image.bytes && ["optimized", "kept"].includes(image.status));
  const sum = (list, figure) => list.reduce((total, one) => total + figure(one), 0);
  const total = (figure, text) => element("div", {}, element("strong", { textContent: figure }), element("span", { textContent: text }));
  const ruleName = name => { const rule = data.rules.find(one => one.name === name); return rule && rule.name !== "default" ? rule.match : "every other image"; };

  function summary() {
    const before = sum(counted, image => image.bytes), after = sum(counted, left);
    const failed = images.filter(image => image.status === "failed");
    find("totals").append(
      total(before ? percent(1 - after / before) : "0 %", `saved: ${size(before)} to ${size(after)}`),
      total(images.length.toLocaleString("en"), "images"),
      total(images.filter(image => image.variants.length).length.toLocaleString("en"), "with variants"),
      total(failed.length.toLocaleString("en"), "failed"));
    const groups = new Map();
    for (const image of counted) {
      const key = `${ruleName(image.rule)} · ${image.strategy || ""}`;
      groups.set(key, [...(groups.get(key) || []), image]);
    }
    find("rules").append(table(["rule and strategy", "images", "before", "after", "saved"], [...groups].map(([key, list]) => {
      const was = sum(list, image => image.bytes), is = sum(list, left);
      return [key, list.length.toLocaleString("en"), size(was), size(is), percent(1 - is / was)];
    })));
    histogram(counted.filter(image => image.variants.length).map(ratio));
    topList("largest", [...counted].sort((a, b) => left(b) - left(a)), image => size(left(image)));
    topList("nearest", images.filter(image => image.margin != null).sort((a, b) => a.margin - b.margin), image => `${image.margin < 0 ? "" : "+"}${image.margin.toFixed(3)}`);
    if (failed.length) {
      find("failures").hidden = false;
      find("failures-title").textContent = `Failed: ${failed.length}`;
      find("failures").querySelector("ul").append(...failed.map(image => element("li", {},
        element("button", { type: "button", textContent: image.path, onclick: () => open(image) }), ` ${image.reason}`)));
    }
  }

  function topList(id, list, figure) {
    const rows = list.slice(0, 8).map(image => element("li", {},
      element("button", { type: "button", textContent: image.path, onclick: () => open(image) }),
      element("span", { textContent: figure(image) })));
    find(id).append(...(rows.length ? rows : [element("li", { textContent: "none" })]));
  }

  function histogram(ratios) {
    const bins = Array(10).fill(0);
    for (const one of ratios) bins[Math.min(9, Math.floor(one * 10))]++;
    const most = Math.max(1, ...bins);
    const told = bins.map((count, at) => `${10 * at} to ${10 * at + 10} %: ${count}`).join(", ");
    const svg = drawn("svg", { viewBox: "0 0 440 170", role: "img", "aria-label": `Images by the share of their bytes that is left: ${told}` });
    bins.forEach((count, at) => {
      const height = 110 * count / most;
      svg.append(drawn("rect", { class: "column", x: 10 + at * 42, y: 130 - height, width: 36, height }));
      if (count) svg.append(drawn("text", { x: 28 + at * 42, y: 124 - height, "text-anchor": "middle" }, count.toLocaleString("en")));
      svg.append(drawn("text", { x: 10 + at * 42, y: 148, "text-anchor": "middle" }, 10 * at));
    });
    svg.append(drawn("path", { class: "axis", d: "M10 130H430" }), drawn("text", { x: 440, y: 148, "text-anchor": "end" }, "100 %"),
      drawn("text", { x: 220, y: 166, "text-anchor": "middle" }, "bytes of the smallest variant, of the original's"));
    find("histogram").append(svg);
  }

  // --- the list: only what is in sight is in the page ---
  const list = find("list");
  let shown = images, rows = new Map(), waiting = 0;
  const orders = {
    path: null,
    saved: (a, b) => (b.bytes - left(b)) - (a.bytes - left(a)),
    ratio: (a, b) => ratio(a) - ratio(b),
    left: (a, b) => left(b) - left(a),
    margin: (a, b) => (a.margin ?? 9) - (b.margin ?? 9),
  };

  function choose() {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [rule, status, order] = [find("rule").value, find("status").value, orders[find("sort").value]];
    shown = images.filter(image => (!rule || image.rule === rule) && (!status || image.status === status)
      && words.every(word => `${image.path} ${image.reason}`.toLowerCase().includes(word)));
    if (order) shown = [...shown].sort(order);
    find("count").textContent = shown.length === images.length ? plural(shown.length, "image") : `${shown.length.toLocaleString("en")} of ${plural(images.length, "image")}`;
    rows.forEach(row => row.remove());
    rows = new Map();
    list.style.height = `${ROW * shown.length}px`;
    place();
  }

  function place() {
    waiting = 0;
    const top = list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / ROW) - SPARE);
    const last = Math.min(shown.length, Math.ceil((innerHeight - top) / ROW) + SPARE);
    for (const [at, row] of rows)
      if ((at < first || at >= last) && !row.contains(document.activeElement)) { row.remove(); rows.delete(at); }
    for (let at = first; at < last; at++)
      if (!rows.has(at)) { const row = made(shown[at], at); rows.set(at, row); before(row, at); }
  }

  function before(row, at) {
    const later = [...rows.keys()].filter(one => one > at && rows.get(one).isConnected).sort((a, b) => a - b)[0];
    list.insertBefore(row, later == null ? null : rows.get(later));
  }

  function made(image, at) {
    const one = smallest(image);
    const row = element("div", { className: "row" });
    row.setAttribute("role", "listitem");
    row.setAttribute("aria-setsize", shown.length);
    row.setAttribute("aria-posinset", at + 1);
    row.style.top = `${ROW * at}px`;
    const small = image.thumb ? element("img", { src: image.thumb, alt: "", decoding: "async" }) : "no picture";
    const variant = one ? element("img", { src: one.url, alt: "", loading: "lazy", decoding: "async" }) : "no variant";
    const meter = element("meter", { min: 0, max: 1, value: ratio(image) });
    meter.setAttribute("aria-hidden", "true");
    row.append(element("button", { type: "button", onclick: () => open(image) },
      element("span", { className: "box" }, small), element("span", { className: "box second large" }, variant),
      element("span", {}, element("span", { className: "name", textContent: image.path }),
        element("span", { className: "more", textContent: [image.strategy, one && `${one.format} ${one.width}×${one.height}`, one && one.for === "machines" ? "for machines" : ""].filter(Boolean).join(" · ") }),
        image.reason ? element("span", { className: "more", textContent: image.reason }) : null),
      image.status === "failed" || !one
        ? element("span", { className: "figures" }, element("span", { className: image.status === "failed" ? "failed" : "", textContent: image.status }))
        : element("span", { className: "figures" }, element("b", { textContent: `${percent(ratio(image))} left` }), `${size(image.bytes)} to ${size(one.bytes)}`, meter)));
    return row;
  }

  list.addEventListener("keydown", event => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 }[event.key];
    const here = [...rows].find(([, row]) => row.contains(document.activeElement));
    if (!step || !here) return;
    event.preventDefault();
    const at = Math.max(0, Math.min(shown.length - 1, here[0] + step));
    const y = scrollY + list.getBoundingClientRect().top + ROW * at - innerHeight / 2;
    if (Math.abs(y - scrollY) > innerHeight / 3) scrollTo(0, y);
    place();
    rows.get(at)?.querySelector("button").focus({ preventScroll: true });
  });

  // --- one image ---
  const dialog = find("detail");
  let current = null, opener = null;

  function details(image) {
    const number = images.indexOf(image), chunk = Math.floor(number / data.chunk);
    if (!loaded.has(chunk)) loaded.set(chunk, read(`details-${chunk}`));
    return loaded.get(chunk)[number % data.chunk];
  }

  function open(image) {
    if (!dialog.open) opener = document.activeElement;
    current = image;
    find("detail-title").textContent = image.path;
    find("reason").textContent = image.reason ? `${image.strategy && image.variants.length ? `${image.strategy}, as ` : ""}${image.reason}` : `${image.status} by ${ruleName(image.rule)}${image.strategy ? `: ${image.strategy}` : ""}`;
    find("reason").className = image.status === "failed" ? "failed" : "";
    find("variant").replaceChildren(...image.variants.map((one, at) => element("option", { value: at, textContent: `${one.format}${one.quality == null ? "" : ` q${one.quality}`}, ${one.width}×${one.height}, ${size(one.bytes)}, for ${one.for}` })));
    find("variant").value = image.variants.indexOf(smallest(image));
    const pictures = image.width != null;
    for (const id of ["stage", "before", "after"]) find(id).hidden = !pictures;
    dialog.querySelector(".controls").hidden = dialog.querySelector(".captions").hidden = !pictures;
    find("split").value = 50;
    find("zoom").value = "fit";
    compare();
    judges(image);
    ladder(image);
    const at = shown.indexOf(image);
    find("previous").disabled = at <= 0;
    find("next").disabled = at < 0 || at >= shown.length - 1;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  function compare() {
    const image = current, one = image.variants[find("variant").value] || null;
    const [first, second] = [find("before"), find("after")];
    first.src = image.width == null ? "" : image.url;
    first.alt = `The original, ${image.path}`;
    second.hidden = !one;
    find("split").disabled = !one;
    if (one) { second.src = one.url; second.alt = `The ${one.format} variant`; }
    find("before-text").textContent = image.width == null ? "" : `Original: ${image.width}×${image.height} px, ${size(image.bytes)}`;
    find("after-text").textContent = one ? `${one.format}: ${one.width}×${one.height} px, ${size(one.bytes)} (${percent(one.bytes / image.bytes)})` : "no variant";
    scale();
    split();
  }

  function scale() {
    const zoom = find("zoom").value, stage = find("stage"), image = current;
    if (image.width == null) return;
    const fit = Math.min(1, stage.clientWidth / image.width || 1, .6 * innerHeight / image.height);
    const width = Math.max(1, Math.round(image.width * (zoom === "fit" ? Math.max(fit, Math.min(1, 160 / image.width)) : +zoom / devicePixelRatio)));
    const first = find("before");
    first.style.width = `${width}px`;
    first.style.height = `${Math.max(1, Math.round(width * image.height / image.width))}px`;
    find("pair").className = [zoom === "2" || zoom === "4" ? "pixels" : "", find("after").hidden ? "alone" : ""].join(" ");
    stage.scrollLeft = (stage.scrollWidth - stage.clientWidth) / 2;
  }

  function split() {
    find("after").style.clipPath = `inset(0 0 0 ${find("split").value}%)`;
    find("pair").style.setProperty("--at", `${find("split").value}%`);
  }

  function judges(image) {
    const all = details(image), at = +find("variant").value;
    const seen = all.judges.filter(one => one.variant === at);
    const columns = [
      ["judge", one => one.judge],
      ["similarity", one => one.similarity == null ? "no say" : one.similarity.toFixed(3)],
      ["needed", one => all.thresholds[one.judge]?.toFixed(2) ?? ""],
      ["saw before", one => one.label_before ? `${one.label_before}${one.sure == null ? "" : ` (${percent(one.sure)})`}` : ""],
      ["sees now", one => one.label ? (one.label === one.label_before ? "the same" : one.label) : ""],
      ["kept", one => one.kept == null ? "" : percent(one.kept)],
    ].filter(([, cell]) => seen.some(cell));
    const rows = seen.map(one => columns.map(([, cell]) => cell(one)));
    const work = all.work ? `Passes: ${all.work[0]} of the original, ${all.work[1]} to search, ${all.work[2]} to confirm. ${plural(all.work[3], "encode")}, ${plural(all.work[4], "measure")} of the metric.` : "";
    find("judges").replaceChildren(
      rows.length ? table(columns.map(([head]) => head), rows) : element("p", { textContent: image.variants.length ? "No judge was asked about this variant." : "There is no variant to judge." }),
      element("p", { textContent: work }));
  }

  // --- the ladder ---
  function ladder(image) {
    const all = details(image), place = find("ladder");
    if (!all.trials) return void place.replaceChildren(element("p", { textContent: "The cache has no trials of this image any more." }));
    if (!all.trials.length) return void place.replaceChildren(element("p", { textContent: "Nothing was tried." }));
    const byMetric = all.trials.every(trial => trial[5] == null);
    const figure = trial => byMetric ? trial[6] : trial[5];
    const points = all.trials.filter(trial => figure(trial) != null);
    const limits = byMetric ? [all.floor] : [...new Set(Object.values(all.thresholds))];
    place.replaceChildren(...(points.length ? [plot(points, figure, byMetric, limits.filter(one => one != null)), key()] : []), trials(all.trials));
  }

  function plot(points, figure, byMetric, limits) {
    const [width, height, margin] = [520, 280, { left: 44, right: 14, top: 12, bottom: 40 }];
    const bytes = points.map(trial => Math.log(trial[4])), values = [...points.map(figure), ...limits];
    const [low, high] = [Math.min(...bytes), Math.max(...bytes)];
    let [bottom, top] = [Math.max(byMetric ? -20 : 0, Math.min(...values)), Math.max(...values, byMetric ? 0 : 1)];
    if (top - bottom < .05) bottom = top - .05;
    const x = one => margin.left + (width - margin.left - margin.right) * (high > low ? (Math.log(one) - low) / (high - low) : .5);
    const y = one => margin.top + (height - margin.top - margin.bottom) * (1 - (Math.max(one, bottom) - bottom) / (top - bottom));
    const name = byMetric ? "SSIMULACRA2" : "similarity";
    const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${points.length} trials by bytes and ${name}; the table below has them all` });
    svg.append(drawn("path", { class: "axis", d: `M${margin.left} ${margin.top}V${height - margin.bottom}H${width - margin.right}` }));
    for (const share of [0, .5, 1]) {
      const value = bottom + share * (top - bottom), at = Math.exp(low + share * (high - low));
      svg.append(drawn("text", { x: margin.left - 6, y: y(value) + 4, "text-anchor": "end" }, byMetric ? Math.round(value) : value.toFixed(2)),
        drawn("text", { x: x(at), y: height - margin.bottom + 16, "text-anchor": share === 1 ? "end" : share ? "middle" : "start" }, size(Math.round(at))));
    }
    svg.append(drawn("text", { x: (width + margin.left) / 2, y: height - 6, "text-anchor": "middle" }, `bytes (each step to the right costs as many times more), against ${name}`));
    for (const one of limits) svg.append(drawn("path", { class: "limit", d: `M${margin.left} ${y(one)}H${width - margin.right}` }));
    for (const trial of [...points].sort((a, b) => (a[7] === "winner") - (b[7] === "winner"))) {
      const kind = ["winner", "share"].includes(trial[7]) ? "winner" : trial[7] === "yes" ? "yes" : "no";
      const point = drawn("circle", { class: kind, cx: x(trial[4]), cy: y(figure(trial)), r: kind === "winner" ? 7 : 4.5 });
      point.append(drawn("title", {}, `${trial[0]} ${trial[1]}×${trial[2]}${trial[3] == null ? "" : ` q${trial[3]}`}, ${size(trial[4])}: ${figure(trial)}, ${said(trial[7])}`));
      svg.append(point);
    }
    return svg;
  }

  const said = verdict => ({ share: "written, as its share", winner: "chosen", yes: "accepted", no: "rejected", "": "not judged" })[verdict] || verdict.replace(/^no, /, "rejected ");
  const key = () => element("ul", { className: "key" }, ...[["winner", "chosen"], ["yes", "accepted"], ["no", "rejected or not judged"]].map(([kind, text]) => {
    const svg = drawn("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" });
    svg.append(drawn("circle", { class: kind, cx: 7, cy: 7, r: 5 }));
    return element("li", {}, svg, text);
  }));

  function trials(all) {
    const rows = all.map(trial => [`${trial[0]} ${trial[1]}×${trial[2]}`, trial[3] ?? "", size(trial[4]), trial[5] == null ? "" : trial[5].toFixed(3), trial[6] ?? "", said(trial[7])]);
    const scrolls = element("div", { className: "scrolls", tabIndex: 0 }, table(["format and px", "quality", "bytes", "similarity", "metric", "verdict"], rows));
    scrolls.setAttribute("role", "group");
    scrolls.setAttribute("aria-label", "Every trial");
    return element("details", {}, element("summary", { textContent: `All ${plural(all.length, "trial")} as a table` }), scrolls);
  }

  // --- what a person does ---
  function theme(chosen) {
    document.documentElement.dataset.theme = chosen;
    find("theme").textContent = chosen === "dark" ? "Light" : "Dark";
    find("theme").setAttribute("aria-pressed", chosen === "dark");
  }
  const stored = () => { try { return localStorage.getItem("semopt-theme"); } catch { return null; } };
  theme(stored() || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", event => stored() || theme(event.matches ? "dark" : "light"));
  find("theme").onclick = () => {
    const chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("semopt-theme", chosen); } catch { /* a page from disk may not be allowed to remember */ }
    theme(chosen);
  };
  for (const id of ["rule", "status", "sort"]) find(id).onchange = choose;
  find("search").oninput = choose;
  find("split").oninput = split;
  find("zoom").onchange = scale;
  find("variant").onchange = () => { compare(); judges(current); };
  find("close").onclick = () => dialog.close();
  dialog.onclose = () => opener && opener.isConnected && opener.focus();
  const turn = step => { const next = shown[shown.indexOf(current) + step]; if (next) open(next); };
  find("previous").onclick = () => turn(-1);
  find("next").onclick = () => turn(1);
  dialog.addEventListener("keydown", event => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") turn(1);
    if (event.key === "p") turn(-1);
  });
  const drag = event => {
    if (find("zoom").value !== "fit" || !(event.buttons & 1)) return;
    const box = find("pair").getBoundingClientRect();
    find("split").value = 100 * Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    split();
  };
  find("pair").addEventListener("pointermove", drag);
  find("pair").addEventListener("pointerdown", event => { if (find("zoom").value === "fit") { event.preventDefault(); drag(event); } });
  find("stage").addEventListener("keydown", event => {
    const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
    if (!step || find("zoom").value !== "fit") return;
    event.preventDefault();
    find("split").value = +find("split").value + step;
    split();
  });
  const soon = () => { waiting ||= requestAnimationFrame(place); };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", () => { soon(); if (dialog.open) scale(); });

  find("rule").append(...[...new Set(images.map(image => image.rule))].map(name => element("option", { value: name, textContent: ruleName(name) })));
  find("status").append(...[...new Set(images.map(image => image.status))].sort().map(name => element("option", { value: name, textContent: name })));
  summary();
  choose();
})();
