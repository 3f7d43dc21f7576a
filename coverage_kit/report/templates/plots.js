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
const specOf = (place) => JSON.parse(byId(place.id + "-data").textContent);
const ink = () => getComputedStyle(document.body).getPropertyValue("color");

function fitNarrow({ data, layout }, width) { // few names, a colour bar below and names above their rows leave room for the points
  const isNear = (one) => !one.ax || (Math.abs(one.ax) < 75 && Math.abs(one.ay) < 40);
  const [start, end] = (layout.xaxis && layout.xaxis.range) || [0, 0];
  const isWithin = (one) => { // names that would run over the edge are left out
    const at = (width * (one.x - start)) / (end - start), half = 3.3 * plain(one.text || "").length + 8;
    return !one.showarrow || start === end || (at > half && at < width - half);
  };
  layout.annotations = (layout.annotations || []).filter((one) => isNear(one) && isWithin(one)).slice(0, 3).map((one) => (one.showarrow ? { ...one, ax: 0, ay: -20 } : one));
  layout.margin = { ...layout.margin, l: 8, r: 8 };
  const named = data.filter((trace) => trace.showlegend !== false && trace.name);
  const lines = Math.ceil(1.3 * named.reduce((sum, trace) => sum + 48 + 6.6 * trace.name.length, 0) / width);
  let below = 58 + 20 * lines;
  for (const { marker } of data) {
    if (marker && marker.colorbar) {
      Object.assign(marker.colorbar, { y: 0, len: 0.9, nticks: 5 });
      below += 60;
    }
  }
  layout.height += Math.max(0, below - (layout.margin.b || 90));
  layout.margin.b = Math.max(below, layout.margin.b || 90);
  const rows = layout.yaxis && layout.yaxis.ticktext;
  if (rows) {
    const names = rows.map((name) => name.replace(/<br>/g, " "));
    Object.assign(layout.yaxis, { ticklabelposition: "inside", ticklabelshift: 14, ticktext: names, tickfont: { size: 11 } });
  }
}

function loadPlotly() { // run when the first figure is near, as it takes longer than all the rest of the page
  if (!window.Plotly) document.head.append(make("script", byId("plotly").textContent));
}

function draw(place) {
  if (place.dataset.drawn) return;
  loadPlotly();
  place.dataset.drawn = "yes";
  const spec = specOf(place);
  spec.layout.font = { ...spec.layout.font, color: ink() };
  if (place.clientWidth < 560) fitNarrow(spec, place.clientWidth);
  if (matchMedia("(pointer: coarse)").matches) spec.layout.dragmode = false; // a finger scrolls the page
  Plotly.newPlot(place, spec.data, spec.layout, spec.config);
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
  const head = make("tr", ["kind", "what is told of it"].map((title) => make("th", title, { scope: "col" })));
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
let opened = [], before = "";
addEventListener("beforeprint", () => {
  before = document.documentElement.dataset.theme || "";
  document.documentElement.dataset.theme = "light";
  giveBack();
  plots.forEach(draw);
  for (const place of plots) Plotly.relayout(place, { width: paperWidth, "font.color": ink() });
  const closed = ["#gaps .item", "#edits .item", "#about .item"].flatMap((items) => every(`${items}:not([hidden])`).slice(0, 10));
  opened = closed.filter((item) => !item.open);
  for (const item of opened) item.open = true;
});
addEventListener("afterprint", () => {
  for (const item of opened) item.open = false;
  document.documentElement.dataset.theme = before;
  for (const place of plots) Plotly.relayout(place, { width: null, autosize: true });
  followTheme();
});
