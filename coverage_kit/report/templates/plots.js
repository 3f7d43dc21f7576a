// Figures, theme and print. The page joins its scripts into one function, in the order of page.py.

const byId = (id) => document.getElementById(id);
const every = (selector, from = document) => [...from.querySelectorAll(selector)];
const make = (tag, content = "", attributes = {}) => {
  const one = Object.assign(document.createElement(tag), attributes);
  one.append(...[content].flat());
  return one;
};
const plain = (markup) => markup.replace(/<br>/g, "; ").replace(/<\/?b>/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const plots = every(".plot");
const drawers = new Map(); // what else to do with a figure once it is drawn, by its name
const fitters = new Map(); // what to change in a figure before it is drawn at a width
const specOf = (place) => JSON.parse(byId(place.id + "-data").textContent);
const ink = () => getComputedStyle(document.body).getPropertyValue("color");

// --- what a figure draws at a width, and with filters

const hasRanks = ({ data }) => data.some((trace) => trace.customdata);
const kept = new Map(); // the ranks of the gaps that filters leave in a figure, by its id; all without an entry

function keepRows({ data, layout }, ranks) { // a chart of gaps in rows: those that are left move up
  const traces = data.filter((trace) => trace.customdata), axis = layout.yaxis, sight = Math.round(axis.range[0] + .4);
  const left = new Set(traces.flatMap((trace) => trace.y.filter((_, n) => ranks.has(trace.customdata[n]))));
  const order = [...left].sort((a, b) => a - b), rowOf = new Map(order.map((row, n) => [row, n]));
  for (const trace of traces) {
    const isLeft = trace.y.map((row) => rowOf.has(row));
    const pick = (values) => (Array.isArray(values) ? values.filter((_, n) => isLeft[n]) : values);
    for (const key of ["x", "y", "customdata", "hovertext", "text"]) trace[key] = pick(trace[key]);
    trace.marker = Object.fromEntries(Object.entries(trace.marker).map(([key, values]) => [key, pick(values)]));
    trace.y = trace.y.map((row) => rowOf.get(row));
    trace.showlegend = trace.y.some((row) => row < sight);
  }
  const { t, b } = { t: 80, b: 90, ...layout.margin }, shown = Math.max(1, Math.min(sight, order.length));
  const ticktext = order.map((row) => axis.ticktext[row]), pitch = (layout.height - t - b) / sight;
  const isTwoLines = (name) => name.includes("<br>"); // neighbours of two lines each need the room
  const each = ticktext.some((name, n) => n && isTwoLines(name) && isTwoLines(ticktext[n - 1])) ? Math.max(pitch, 36) : pitch;
  layout.height = t + b + each * shown;
  Object.assign(axis, { tickvals: order.map((_, n) => n), ticktext, range: [shown - .4, -.6] });
  const note = { text: "No gap fits the filters.", x: .5, y: .5, xref: "paper", yref: "paper", showarrow: false };
  if (!order.length) Object.assign(layout, { annotations: [note], xaxis: { visible: false }, yaxis: { ...axis, visible: false } });
}

function panelGrid({ height, grid, meta, margin }, width) { // small multiples in as many columns as there is room for
  const most = Math.max(1, Math.min(meta.panels, Math.floor(width / 250))), rows = Math.ceil(meta.panels / most);
  const around = margin.t + margin.b, each = rows > 1 ? 190 : (height - around) / grid.rows;
  return { height: around + rows * each, "grid.rows": rows, "grid.columns": Math.ceil(meta.panels / rows) };
}

function wrapped(text, length) { // lines of at most so many characters
  return plain(text).replace(/; /g, " ").split(" ").reduce((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`.trim();
    return longer.length > length && lines.at(-1) ? [...lines, word] : [...lines.slice(0, -1), longer];
  }, [""]).join("<br>");
}

function fitNarrow({ data, layout }, width) { // names above their rows leave room for what is drawn
  for (const one of layout.annotations || []) if (one.xref === "paper" && one.yref === "paper") one.text = wrapped(one.text, width / 8);
  layout.margin = { ...layout.margin, l: 8, r: 8 };
  const named = data.filter((trace) => trace.showlegend !== false && trace.name);
  const lines = Math.ceil(1.3 * named.reduce((sum, trace) => sum + 48 + 6.6 * trace.name.length, 0) / width);
  const below = Math.max(58 + 20 * lines, layout.margin.b || 90);
  layout.height += below - (layout.margin.b || 90);
  layout.margin.b = below;
  const { ticktext, range } = layout.yaxis || {};
  if (!ticktext) return;
  const isBars = data.some((trace) => trace.type === "bar" && trace.orientation === "h"), sight = Math.max(1, Math.round(range[0] + .4));
  if (isBars) Object.assign(layout, { bargap: .62, height: layout.height + 12 * sight });
  const each = (layout.height - (layout.margin.t || 30) - below) / sight, up = isBars ? 19 : each / 4 + 9;
  const names = ticktext.slice(0, sight).map((name, row) => ({
    text: name.replace(/<br>/g, " "), x: 0, xref: "paper", xanchor: "left", y: row, yshift: up, showarrow: false, font: { size: 11 },
  }));
  layout.annotations = [...(layout.annotations || []), ...names];
  Object.assign(layout.yaxis, { showticklabels: false, range: [range[0], -Math.max(.6, (up + 12) / each)] });
}

function prepare(place, width) {
  const spec = specOf(place), { layout } = spec, ranks = kept.get(place.id);
  layout.font = { ...layout.font, color: ink() };
  if (ranks && layout.yaxis.ticktext && hasRanks(spec)) keepRows(spec, ranks);
  if (width < 560) fitNarrow(spec, width);
  if (layout.meta && layout.meta.panels) {
    const { height, "grid.rows": rows, "grid.columns": columns } = panelGrid(layout, width);
    Object.assign(layout, { height, grid: { ...layout.grid, rows, columns } });
  }
  if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger scrolls the page
  (fitters.get(place.id) || (() => {}))(spec, width);
  return spec;
}

// Leaves only the rows or points of these gaps in a figure: a Set of ranks, or null for all. Figures whose customdata are ranks: map, gaps, holders.
function filterPlot(name, ranks) {
  const place = byId(`plot-${name}`);
  if (!place) return;
  if (ranks) kept.set(place.id, ranks); else kept.delete(place.id);
  if (!place.dataset.drawn || !hasRanks(place)) return;
  if (!place.layout.yaxis.ticktext) return hidePoints(place);
  const { data, layout, config } = prepare(place, place.clientWidth);
  place.style.minHeight = `${layout.height}px`;
  Plotly.react(place, data, layout, config);
}

const pointsOf = (place) => every(".scatterlayer .trace", place).flatMap((group) => {
  const { customdata } = group.__data__[0].trace; // Plotly's own record of what it drew
  return customdata ? every("path.point", group).map((point) => [point, customdata[point.__data__.i]]) : [];
});
const isOut = (place, rank) => kept.has(place.id) && !kept.get(place.id).has(rank);

function hidePoints(place) { // by style: Plotly.restyle would reckon thousands of points anew, for a second or more
  for (const [point, rank] of pointsOf(place)) point.style.display = isOut(place, rank) ? "none" : "";
}

function loadPlotly() { // run when the first figure is near, as it takes longer than all the rest of the page
  if (!window.Plotly) document.head.append(make("script", byId("plotly").textContent));
}

function draw(place, width = place.clientWidth) {
  if (place.dataset.drawn) return;
  if (!width) return watcher.observe(place); // its view was left meanwhile
  loadPlotly();
  place.dataset.drawn = "yes";
  const { data, layout, config } = prepare(place, width);
  if (width !== place.clientWidth) layout.width = width;
  place.style.minHeight = `${layout.height}px`;
  Plotly.newPlot(place, data, layout, config);
  if (kept.has(place.id)) hidePoints(place);
  if (place.on) {
    place.on("plotly_afterplot", () => { if (kept.has(place.id)) hidePoints(place); });
    place.on("plotly_hover", ({ points: [{ customdata }] }) => { if (isOut(place, customdata)) Plotly.Fx.unhover(place); });
  }
  (drawers.get(place.id) || (() => {}))(place);
}

// a figure is drawn when it comes near the window, one at a time and when nothing else is to do: a large page answers at once
const waiting = [];
const whenIdle = window.requestIdleCallback || ((act) => setTimeout(act, 50));
function drawNext() {
  whenIdle(() => {
    if (window.Plotly) draw(waiting.shift()); else loadPlotly();
    if (waiting.length) drawNext();
  }, { timeout: 1000 });
}
const watcher = new IntersectionObserver((entries) => {
  for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
    watcher.unobserve(target);
    if (waiting.push(target) === 1) setTimeout(drawNext, window.Plotly ? 0 : 400); // whoever searches at once comes first
  }
}, { rootMargin: "400px" });
plots.forEach((place) => watcher.observe(place));

const mostRows = 1000;
function listMarks(details) { // the same as the hover texts, for those who do not see or point
  if (details.querySelector("table")) return;
  const traces = specOf(byId(details.dataset.plot)).data.filter((trace) => trace.hovertext);
  const rows = traces.flatMap((trace) => trace.hovertext.map((text) => [plain(trace.name || ""), plain(text)]));
  const body = make("tbody", rows.slice(0, mostRows).map((cells) => make("tr", cells.map((cell) => make("td", cell)))));
  const head = make("tr", ["kind", "in words"].map((title) => make("th", title, { scope: "col" })));
  details.append(make("div", make("table", [make("thead", head), body], { className: "figures words" }), { className: "wide", tabIndex: 0 }));
  if (rows.length > mostRows) details.append(make("p", `and ${rows.length - mostRows} more in the workbook`));
}
every(".drawn").forEach((details) => details.addEventListener("toggle", () => details.open && listMarks(details)));

const theme = byId("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
function followTheme() {
  theme.textContent = isDark() ? "Light" : "Dark";
  theme.setAttribute("aria-label", `Show the page ${isDark() ? "light" : "dark"}`);
  for (const place of plots) if (place.dataset.drawn) Plotly.relayout(place, { "font.color": ink() });
}
theme.hidden = false;
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  followTheme();
});
dark.addEventListener("change", followTheme);
followTheme();

const paperWidth = 680; // pixels between the margins of A4
function undraw(place) {
  if (place.dataset.drawn) Plotly.purge(place);
  delete place.dataset.drawn;
  watcher.unobserve(place);
}
let opened = [], before = "", isOnPaper = false;
addEventListener("beforeprint", () => {
  isOnPaper = true;
  before = document.documentElement.dataset.theme || "";
  document.documentElement.dataset.theme = "light";
  giveBack();
  plots.forEach(undraw);
  for (const place of plots) draw(place, paperWidth);
  const closed = ["#gaps .item", "#edits .item", "#about .item"].flatMap((items) => every(`${items}:not([hidden])`).slice(0, 10));
  opened = closed.filter((item) => !item.open);
  for (const item of opened) item.open = true;
});
addEventListener("afterprint", () => {
  isOnPaper = false;
  for (const item of opened) item.open = false;
  document.documentElement.dataset.theme = before;
  plots.forEach(undraw);
  plots.forEach((place) => watcher.observe(place));
  followTheme();
});
