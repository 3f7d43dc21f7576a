// One view for each reader, links to whatever is in a view, and the gap chosen on the map or in the list.

const tabs = every(".tabs a");
const bar = tabs[0].closest(".bar");
const panel = byId("panel"), pick = byId("pick"), chosen = byId("chosen");
const gapItems = new Map(every("#gaps .item[data-rank]").map((item) => [Number(item.dataset.rank), item]).sort(([a], [b]) => a - b));
const nameOf = (item) => item.querySelector(".name").textContent;
const kindOf = (item) => (item.dataset.list === "to close" ? "gap" : "topic");

function show(view) {
  for (const other of views) other.classList.toggle("shown", other === view);
  for (const tab of tabs) {
    const isShown = "view=" + tab.dataset.view === view.id;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;
    if (isShown) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - tab.parentElement.clientWidth / 2 + tab.offsetWidth / 2;
  }
  if (view.contains(panel) && !chosenRank && gapItems.size && !panel.hidden) choose([...gapItems.keys()][0]);
}

tabs[0].parentElement.setAttribute("role", "tablist");
for (const [number, tab] of tabs.entries()) {
  const view = byId("view=" + tab.dataset.view);
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", view.id);
  view.setAttribute("role", "tabpanel");
  view.setAttribute("aria-labelledby", tab.id);
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    say("");
    writeAddress(view.id, true);
    show(view);
    scrollTo({ top: 0, behavior: "instant" });
  });
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: number + 1, ArrowLeft: number - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
}

function targetOf(target) {
  try {
    const id = decodeURIComponent(target);
    return target && (byId(id) || byId("view=" + id)); // a view's name alone leads to it
  } catch { return null; } // a broken escape leads nowhere
}

function openTarget(isFirst) { // a link to a gap or an edit opens it, also in another view and where a filter hides it
  const { target: name } = readAddress();
  const target = targetOf(name), view = target && target.closest(".view");
  if (view) show(view); else if (isFirst) show(views[0]);
  say(name && !view ? `This page has no “${name.slice(0, 40)}”: the link may come from another run, or lead to a gap or an edit that only the workbook lists.` : "");
  document.documentElement.style.setProperty("--bar-height", `${bar.offsetHeight}px`); // it may take two lines
  if (!view || (target === view && !isFirst)) return;
  const item = target.closest("details");
  if (item) {
    for (const hidden of [item, item.closest(".tickable")]) if (hidden) hidden.hidden = false;
    const rest = item.closest("#rest");
    if (rest) rest.open = true;
    item.open = true;
  }
  if (target.matches("tr")) for (const details of target.querySelectorAll("details")) details.open = true; // a wrong claim, with its answer
  target.scrollIntoView({ behavior: "instant" });
  if (item) item.querySelector("summary").focus({ preventScroll: true });
}
for (const change of ["hashchange", "popstate"]) {
  addEventListener(change, () => {
    if (takeAddress()) { sortLists(); filter(); }
    openTarget(false);
  });
}
document.addEventListener("click", (event) => { // links within the page keep search and filters
  const link = event.target.closest("a[href^='#']");
  if (!link || link.closest(".tabs") || link.matches(".skip")) return;
  event.preventDefault();
  writeAddress(link.hash.slice(1), true);
  openTarget(false);
});

// --- the chosen gap: its content moves beside the map, so that it is on the page once

let chosenRank = 0;
const bodyOf = (item) => item.querySelector(".body") || chosen.querySelector(".body");

function light(rank) {
  if (chosenRank) gapItems.get(chosenRank).classList.remove("chosen");
  chosenRank = gapItems.has(rank) ? rank : 0;
  if (chosenRank) gapItems.get(rank).classList.add("chosen");
  pick.value = chosenRank || "";
  lightPoints(byId("plot-map"));
}

function giveBack() {
  const body = chosen.querySelector(".body");
  if (body) gapItems.get(Number(body.dataset.of)).append(body);
}

function choose(rank, point = "") {
  giveBack();
  const item = gapItems.get(rank);
  if (!item) return chosen.replaceChildren(make("p", point || "Choose a gap.", { className: "muted" })), light(0);
  const body = bodyOf(item);
  body.dataset.of = rank;
  const [severity, asked] = [".severity", ".asked"].map((part) => item.querySelector(part).textContent.trim().replace(/\s+/g, " "));
  chosen.replaceChildren(
    make("h3", `${rank}. ${nameOf(item)}`),
    make("p", `${severity} unanswered, asked ${asked}`, { className: "muted" }),
    ...(point ? [make("p", [make("b", "Chosen: "), point])] : []),
    body,
  );
  panel.scrollTop = 0;
  item.open = false;
  light(rank);
}

panel.hidden = !gapItems.size;
for (const [kind, label] of [["gap", "Gaps"], ["topic", "Other topics"]]) {
  const options = [...gapItems].filter(([, item]) => kindOf(item) === kind).map(([rank, item]) => make("option", `${rank}. ${nameOf(item)}`, { value: rank }));
  if (options.length) pick.append(make("optgroup", options, { label }));
}
pick.addEventListener("change", () => choose(Number(pick.value)));
for (const [rank, item] of gapItems) {
  item.addEventListener("toggle", () => {
    if (!item.open) return;
    giveBack();
    chosen.replaceChildren(make("p", `“${nameOf(item)}” is open in the list below.`, { className: "muted" }));
    light(rank);
  });
}
for (const [name, prefix] of [["gaps", "gap"], ["holders", "gap"], ["frontier", "edit"]]) { // a bar leads to its gap, a step to its edit
  drawers.set("plot-" + name, (plot) => plot.on && plot.on("plotly_click", ({ points: [point] }) => {
    const id = `${prefix}-${Number(point.customdata)}`;
    if (!byId(id)) return;
    writeAddress(id, true);
    openTarget(false);
  }));
}
document.addEventListener("click", (event) => { // a row that is opened is in the address
  const item = event.target.closest("summary.row")?.parentElement;
  if (item && item.id) writeAddress(item.open ? shownView().id : item.id);
});
