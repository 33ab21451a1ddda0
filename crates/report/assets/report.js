// Draws the charts and makes tables sortable. No network, no storage; the page says everything without it, too.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { series, heat, curve, phases, errors, panels, samples, sampled } = data;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const FONT = "12px system-ui, sans-serif";

  // Words

  const time = (ms) => {
    if (ms == null) return "no value";
    const [n, unit] = ms < 1 ? [ms * 1e3, "µs"] : ms < 1e3 ? [ms, "ms"] : [ms / 1e3, "s"];
    return `${Number(n.toPrecision(3))} ${unit}`;
  };
  // What lies below the resolution is not told apart, in words either.
  const known = (ms) => ms != null && ms < data.resolution_ms ? `< ${time(data.resolution_ms)}` : time(ms);
  const count = (n) => n == null ? "no value" : Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, "\u2009");
  const clock = (s) => s >= 120 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s` : `${Number(s.toFixed(1))} s`;
  const percent = (q) => `${Number((q * 100).toPrecision(6))} %`;

  // Charts over time share cursor and zoom

  const overTime = [];
  const range = [0, Math.max(1, series.second.length)];
  let zooming = false;
  const zoom = (from, to) => {
    zooming = true;
    overTime.forEach((u) => u.setScale("x", { min: from, max: to }));
    zooming = false;
  };

  const band = (u) => {
    // The generator's health, second by second, beneath the plot.
    const { ctx, bbox } = u;
    const y = bbox.top + bbox.height + 2 * devicePixelRatio;
    ctx.save();
    ctx.fillStyle = css("--taint");
    series.tainted.forEach((why, second) => {
      if (!why) return;
      const left = Math.max(u.valToPos(second, "x", true), bbox.left);
      const right = Math.min(u.valToPos(second + 1, "x", true), bbox.left + bbox.width);
      if (right > left) ctx.fillRect(left, y, Math.max(right - left, 1), 4 * devicePixelRatio);
    });
    ctx.restore();
  };

  const shadePhases = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = FONT.replace("12", String(11 * devicePixelRatio));
    phases.forEach((phase, index) => {
      const left = Math.max(u.valToPos(phase.from_s, "x", true), bbox.left);
      const right = Math.min(u.valToPos(phase.to_s, "x", true), bbox.left + bbox.width);
      if (right <= left) return;
      if (index % 2) { ctx.fillStyle = css("--shade"); ctx.fillRect(left, bbox.top, right - left, bbox.height); }
      ctx.fillStyle = css("--quiet");
      ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
      if (ctx.measureText(phase.name).width < right - left) ctx.fillText(phase.name, left + 3, bbox.top - 2 - (index % 2) * 12 * devicePixelRatio);
    });
    ctx.restore();
  };

  const shadeResolution = (u) => {
    // What lies below the resolution cannot be told apart, whatever the lines do there.
    const { ctx, bbox } = u;
    const bottom = bbox.top + bbox.height;
    if (!(data.resolution_ms > 0)) return;
    const top = Math.max(u.valToPos(data.resolution_ms, "y", true), bbox.top);
    if (!(top < bottom)) return;
    ctx.save();
    ctx.fillStyle = css("--veil");
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    ctx.fillStyle = css("--quiet");
    ctx.font = FONT.replace("12", String(11 * devicePixelRatio));
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.fillText(`below ${time(data.resolution_ms)}: cannot be told apart`, bbox.left + 6, bottom - 4);
    ctx.restore();
  };

  const loadLine = (u) => {
    // The highest load that kept all claims, across the plot, with its name at the right end.
    const { ctx, bbox } = u;
    const y = u.valToPos(data.load_line.level, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) return;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = css("--ink");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = FONT.replace("12", String(11 * devicePixelRatio));
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    ctx.fillText(`load line: ${data.load_line.label}`, bbox.left + bbox.width - 4, y - 2);
    ctx.restore();
  };
  const paintLine = (isRate) => data.load_line && data.load_line.is_rate === isRate ? loadLine : undefined;

  const label = (u) => {
    // Names stand at the ends of the lines; where two would cover each other the later one moves down.
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = FONT.replace("12", String(12 * devicePixelRatio));
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    let taken = [];
    u.series.forEach((s, index) => {
      if (!index || !s.show || !s.name) return;
      let at = u.data[index].length - 1;
      while (at >= 0 && (u.data[index][at] == null || u.data[0][at] > u.scales.x.max)) at--;
      if (at < 0) return;
      let y = u.valToPos(u.data[index][at], s.scale, true);
      const height = 13 * devicePixelRatio;
      taken.sort((a, b) => a - b).forEach((other) => { if (Math.abs(other - y) < height) y = other + height; });
      while (y > bbox.top + bbox.height || taken.some((other) => Math.abs(other - y) < height)) y -= height / 2;
      taken.push(y);
      ctx.fillStyle = css(s.token);
      ctx.fillText(s.name, bbox.left + bbox.width + 5 * devicePixelRatio, y);
    });
    ctx.restore();
  };

  const axis = (more) => ({ stroke: () => css("--quiet"), grid: { stroke: () => css("--line"), width: 1 }, ticks: { stroke: () => css("--line"), width: 1, size: 8 }, font: FONT, ...more });
  const logTicks = (u, splits) => {
    // Decades are labelled; 2 and 5 as well where few decades are seen.
    const narrow = Math.log10(u.scales.y.max / u.scales.y.min) < 1.7;
    return splits.map((v) => { if (v == null) return ""; const digit = Math.round(v / 10 ** Math.floor(Math.log10(v) + 1e-9)); return digit === 1 || (narrow && (digit === 2 || digit === 5)) ? time(v) : ""; });
  };
  const line = (name, token, more) => ({ label: name, name, token, stroke: () => css(token), width: 1.5, points: { show: series.second.length < 3 }, scale: "y", ...more });

  const draw = (id, lines, values, { log = false, paint, readout, show: words, ...more } = {}) => {
    const figure = document.querySelector(`[data-chart=${id}]`);
    const place = figure.querySelector(".plot"), output = figure.querySelector("output");
    const size = () => ({ width: place.clientWidth, height: Math.min(260, Math.max(170, innerHeight / 3)) });
    const u = new uPlot({
      ...size(),
      padding: [30, 76, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "run" }, drag: { x: true, y: false, uni: 20 }, points: { size: 5 } },
      scales: { x: { time: false, range: (u, min, max) => [min ?? range[0], max ?? range[1]] }, y: log ? { distr: 3 } : { range: (u, min, max) => [0, max > 0 ? max * 1.05 : 1] }, ...more.scales },
      axes: [axis({ values: (u, splits) => splits.map((s) => clock(s)), size: 34 }), axis({ size: 62, filter: (u, splits) => splits, values: log ? logTicks : words ? (u, splits) => splits.map(words) : (u, splits) => splits.map((n) => n < 10 ? Number(n.toPrecision(2)) : count(n)) })],
      series: [{}, ...lines],
      hooks: {
        drawClear: [shadePhases],
        draw: [...(paint ? [paint] : []), ...(log ? [shadeResolution] : []), band, label],
        setScale: [(u, key) => { if (key === "x" && !zooming) zoom(u.scales.x.min, u.scales.x.max); }],
        setCursor: [(u) => {
          const at = u.cursor.idx;
          output.textContent = at == null ? "" : `${clock(u.data[0][at])}: ${readout(at)}; generator ${series.tainted[at] || "fine"}`;
        }],
      },
    }, [series.second, ...values], place);
    u.over.addEventListener("dblclick", () => zoom(...range));
    u.over.addEventListener("click", () => { if (u.cursor.idx != null && u.select.width < 2) show(u.cursor.idx); });
    addEventListener("resize", () => u.setSize(size()));
    overTime.push(u);
    return u;
  };

  // A second, in words

  const show = (at) => {
    const failing = errors.filter((e) => e.first_s < at + 1 && e.last_s >= at).map((e) => e.class);
    const { response, service } = series;
    const words = document.createElement("p");
    words.textContent =
      `Second ${series.second[at]}: ${count(series.sent[at])} sent, ${count(series.ok[at])} succeeded, ${count(series.failed[at])} failed` +
      (failing.length ? ` (classes seen then: ${failing.join(", ")})` : "") +
      `. Response time p50 ${known(response.p50[at])}, p99 ${known(response.p99[at])}, longest ${known(response.max[at])}; service time p50 ${known(service.p50[at])}, p99 ${known(service.p99[at])}. ` +
      `${Number(series.in_flight[at].toPrecision(3))} in flight. The generator was ${series.tainted[at] || "fine"}. plimsoll report RUN --format csv lists it by step.`;
    document.getElementById("second").replaceChildren(words, ...(samples ? [worst(samples[series.second[at]] ?? [])] : []));
  };

  // The worst operations of a second, one by one

  const worst = (rows) => {
    if (!rows.length) return Object.assign(document.createElement("p"), { textContent: "No operation that was due then is shown one by one." });
    const cells = [
      ["due", (r) => `${r.due_s.toFixed(3)} s`], ["step", (r) => r.step], ["outcome", (r) => r.outcome], ["status", (r) => r.status || "none"],
      ["response", (r) => known(r.response_ms)], ["waited to be sent", (r) => r.wait_ms == null ? "never sent" : known(r.wait_ms)], ["received", (r) => `${count(r.bytes)} B`],
    ];
    const scroll = document.createElement("div"), table = document.createElement("table"), caption = table.createCaption();
    scroll.className = "scroll";
    caption.textContent = `Failures and the slowest of ${sampled < 1 ? `the ${percent(sampled)} that were kept` : "all"}, by when they were due`;
    const head = table.createTHead().insertRow();
    cells.forEach(([name]) => head.append(Object.assign(document.createElement("th"), { textContent: name, scope: "col" })));
    const body = table.createTBody();
    rows.forEach((row) => { const line = body.insertRow(); cells.forEach(([, value]) => { line.insertCell().textContent = value(row); }); });
    scroll.append(table);
    return scroll;
  };

  const positive = (values) => values.map((v) => v > 0 ? v : null);
  const { response, service } = series;
  const quantiles = [positive(response.p50), positive(response.p95), positive(response.p99), positive(response.max)];
  draw("response", [line("p50", "--q1"), line("p95", "--q2"), line("p99", "--q3"), line("max", "--q4", { dash: [2, 3], width: 1 })], quantiles,
    { log: true, readout: (at) => `p50 ${known(response.p50[at])}, p95 ${known(response.p95[at])}, p99 ${known(response.p99[at])}, longest ${known(response.max[at])}` });
  const hasAsked = series.asked.some((v) => v != null);
  if (hasAsked) {
    draw("arrivals", [line("asked", "--other", { dash: [6, 4] }), line("issued", "--q3")], [series.asked, series.issued],
      { paint: paintLine(true), readout: (at) => `${count(series.asked[at])} arrivals asked for, ${count(series.issued[at])} issued` });
  }
  draw("rate", [line("sent", "--q2", { dash: [6, 4] }), line("ok", "--q4"), line("failed", "--bad", { dash: [3, 2] })], [series.sent, series.ok, series.failed],
    { readout: (at) => `${count(series.sent[at])} sent, ${count(series.ok[at])} succeeded, ${count(series.failed[at])} failed` });
  draw("service", [line("response", "--q4"), line("service", "--q2", { dash: [5, 3] })], [positive(response.p99), positive(service.p99)],
    { log: true, readout: (at) => `p99 of response time ${known(response.p99[at])}, of service time ${known(service.p99[at])}` });
  const hasUsers = series.users.some((v) => v != null);
  draw("users", [...(hasUsers ? [line("users", "--q2")] : []), line("in flight", "--q4")], [...(hasUsers ? [series.users] : []), series.in_flight],
    { paint: paintLine(false), readout: (at) => `${hasUsers ? `${count(series.users[at])} users, ` : ""}${Number(series.in_flight[at].toPrecision(3))} in flight` });

  if (series.connects.some((n) => n > 0)) {
    draw("connections", [line("opened", "--q3")], [series.connects], { readout: (at) => `${count(series.connects[at])} connections opened` });
  }

  // What monitors read: gaps stay gaps

  const quantity = (unit) => (v) => {
    if (v == null) return "not read";
    const short = (n) => n < 10 ? Number(n.toPrecision(3)) : count(n);
    const bytes = (n) => n < 1e3 ? `${short(n)} B` : n < 1e6 ? `${short(n / 1e3)} kB` : n < 1e9 ? `${short(n / 1e6)} MB` : `${Number((n / 1e9).toPrecision(3))} GB`;
    switch (unit) {
      case "bytes": return bytes(v);
      case "bytes_per_s": return `${bytes(v)}/s`;
      case "cores": case "share": return `${Number((v * 100).toPrecision(3))} %`;
      case "ns": return v === 0 ? "0" : time(v / 1e6);
      case "per_s": return `${short(v)}/s`;
      default: return `${short(v)}`;
    }
  };
  const strokes = [["--q4"], ["--other"], ["--q2", { dash: [6, 3] }], ["--bad", { dash: [2, 3] }], ["--q3", { dash: [9, 3, 2, 3] }]];
  panels.forEach(({ id, unit, lines }) => {
    const show = quantity(unit);
    draw(id, lines.map(({ name }, at) => line(name, strokes[at][0], { spanGaps: false, ...strokes[at][1] })), lines.map(({ values }) => values),
      { show, readout: (at) => lines.map(({ name, values }) => `${name} ${show(values[at])}`).join(", ") });
  });

  // The heat map: a chart whose only line is invisible

  const most = Math.max(1, ...heat.cells.map(([, , n]) => n));
  const paintHeat = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    // Failures have no place on the axis of times: they stand in a strip above it, stronger where more failed.
    series.failed.forEach((failed, at) => {
      if (!(failed > 0)) return;
      const left = Math.max(u.valToPos(series.second[at], "x", true), bbox.left), right = Math.min(u.valToPos(series.second[at] + 1, "x", true), bbox.left + bbox.width);
      if (right <= left) return;
      ctx.globalAlpha = 0.25 + 0.75 * failed / (failed + series.ok[at]);
      ctx.fillStyle = css("--bad");
      ctx.fillRect(left, bbox.top - 7 * devicePixelRatio, Math.max(right - left, 1), 6 * devicePixelRatio);
    });
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    heat.cells.forEach(([column, row, n]) => {
      const left = u.valToPos(column * heat.column_s, "x", true), right = u.valToPos((column + 1) * heat.column_s, "x", true);
      const bottom = u.valToPos(heat.edges_ms[row], "y", true), top = u.valToPos(heat.edges_ms[row + 1], "y", true);
      ctx.fillStyle = `rgba(${css("--heat")}, ${0.12 + 0.88 * Math.log1p(n) / Math.log1p(most)})`;
      ctx.fillRect(left, top, Math.ceil(right - left), Math.ceil(bottom - top));
    });
    ctx.restore();
  };
  if (heat.cells.length) {
    const edges = [heat.edges_ms[0], heat.edges_ms.at(-1)];
    draw("heat", [{ ...line("", "--q1"), stroke: "transparent", points: { show: false } }], [positive(response.p50)],
      { log: true, paint: paintHeat, scales: { y: { distr: 3, range: () => edges } }, readout: (at) => `${count(series.ok[at])} successes between ${known(response.p50[at])} (half of them below) and ${known(response.max[at])}, ${count(series.failed[at])} failures` });
  }

  // The percentile curve

  if (curve.length) {
    const figure = document.querySelector("[data-chart=curve]"), place = figure.querySelector(".plot"), output = figure.querySelector("output");
    const size = () => ({ width: place.clientWidth, height: 260 });
    const x = curve.map((p) => 1 / (1 - p.q));
    const at = (key) => curve.map((p) => p[key]);
    const u = new uPlot({
      ...size(), padding: [10, 76, 0, 0], legend: { show: false }, cursor: { drag: { x: false, y: false } },
      scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
      axes: [axis({ size: 34, filter: (u, splits) => splits, splits: () => [2, 10, 100, 1e3, 1e4, 1e5].filter((v) => v <= x.at(-1) * 1.01), values: (u, splits) => splits.map((v) => percent(1 - 1 / v)) }), axis({ size: 62, filter: (u, splits) => splits, values: logTicks })],
      series: [{}, line("response", "--q3"), { ...line("", "--q1"), width: 0.5 }, { ...line("", "--q1"), width: 0.5 }],
      bands: [{ series: [3, 2], fill: () => `rgba(${css("--heat")}, .18)` }],
      hooks: { draw: [shadeResolution, label], setCursor: [(u) => { const p = curve[u.cursor.idx]; output.textContent = p ? `${percent(p.q)} of the successes took at most ${time(p.value_ms)} (${time(p.low_ms)} to ${p.high_ms == null ? "unknown" : time(p.high_ms)})` : ""; }] },
    }, [x, at("value_ms"), at("low_ms"), at("high_ms")], place);
    addEventListener("resize", () => u.setSize(size()));
    dark.addEventListener("change", () => u.redraw());
  } else {
    document.querySelector("[data-chart=curve] output").textContent = "No percentile could be measured.";
  }

  dark.addEventListener("change", () => overTime.forEach((u) => u.redraw()));
  zoom(...range);
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    zoom(...(button.dataset.zoom === "all" ? range : button.dataset.zoom.split(",").map(Number)));
  }));

  // Tables: sort by any column, filter, copy

  const cellValue = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value !== undefined ? Number(cell.dataset.value) : cell.textContent.trim();
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

  document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        [...table.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) => compare(cellValue(a, column), cellValue(b, column)) * (down ? -1 : 1));
        body.append(...rows);
      });
    });
    const tools = document.createElement("div");
    tools.className = "table-tools";
    if (body.rows.length > 5) {
      const filter = document.createElement("input");
      filter.type = "search";
      filter.placeholder = "filter";
      filter.setAttribute("aria-label", `filter ${table.dataset.name}`);
      filter.addEventListener("input", () => [...body.rows].forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(filter.value.toLowerCase()); }));
      tools.append(filter);
    }
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "copy as TSV";
    copy.addEventListener("click", async () => {
      const rows = [...table.rows].filter((row) => !row.hidden).map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join("\t"));
      await navigator.clipboard.writeText(rows.join("\n"));
      copy.textContent = "copied";
    });
    tools.append(copy);
    table.parentElement.before(tools);
  });
  document.documentElement.dataset.ready = "yes";
  window.plimsoll = { zoom, overTime };
})();
