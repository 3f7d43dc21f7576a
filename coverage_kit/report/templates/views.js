// One view for each reader, links to whatever stands in one, and the gap chosen on the map or in the list.

const tabs = every(".tabs a");
const views = every(".view");
const bar = byId("tab-manager").closest(".bar");
const panel = byId("panel"), pick = byId("pick"), chosen = byId("chosen");
const gapItems = new Map(every("#gaps .item[data-rank]").map((item) => [Number(item.dataset.rank), item]).sort(([a], [b]) => a - b));
const nameOf = (item) => item.querySelector(".name").textContent;

function show(view) {
  for (const one of views) one.classList.toggle("shown", one === view);
  for (const tab of tabs) {
    const isShown = "view=" + tab.dataset.view === view.id;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;
  }
}

byId("tab-manager").parentElement.setAttribute("role", "tablist");
for (const [place, tab] of tabs.entries()) {
  const view = byId("view=" + tab.dataset.view);
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", view.id);
  view.setAttribute("role", "tabpanel");
  view.setAttribute("aria-labelledby", tab.id);
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState(null, "", tab.hash);
    show(view);
    if (scrollY > byId("main").offsetTop) scrollTo({ top: byId("main").offsetTop - bar.offsetHeight, behavior: "instant" });
  });
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
}

function targetOf(hash) {
  try { return byId(decodeURIComponent(hash.slice(1))); } catch { return null; } // a broken escape leads nowhere
}

function openTarget(isFirst) { // a link to a gap or an edit opens it, also in another view and where a filter hides it
  const target = location.hash.length > 1 ? targetOf(location.hash) : null;
  const view = target && target.closest(".view");
  if (view) show(view); else if (isFirst) show(views[0]);
  if (!view || (target === view && !isFirst)) return;
  const item = target.closest("details");
  if (item) {
    for (const one of [item, item.closest(".tickable")]) if (one) one.hidden = false;
    const rest = item.closest("#rest");
    if (rest) rest.open = true;
    item.open = true;
  }
  document.documentElement.style.setProperty("--bar-height", `${bar.offsetHeight}px`); // it may take two lines
  target.scrollIntoView({ behavior: "instant" });
  if (item) item.querySelector("summary").focus({ preventScroll: true });
}
addEventListener("hashchange", () => openTarget(false));
document.addEventListener("click", (event) => { // a link to where one is already
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash && !link.closest(".tabs")) openTarget(false);
});

// --- the chosen gap: its content moves beside the map, so that it stands on the page once

let chosenRank = 0;
const bodyOf = (item) => item.querySelector(".body") || chosen.querySelector(".body");

function light(rank) {
  const map = byId("plot-map");
  if (chosenRank) gapItems.get(chosenRank).classList.remove("chosen");
  chosenRank = gapItems.has(rank) ? rank : 0;
  if (chosenRank) gapItems.get(rank).classList.add("chosen");
  pick.value = chosenRank || "";
  lightPoints(map);
}

function giveBack() {
  const body = chosen.querySelector(".body");
  if (body) gapItems.get(Number(body.dataset.of)).append(body);
}

function choose(rank, told = "") {
  giveBack();
  const item = gapItems.get(rank);
  if (!item) return chosen.replaceChildren(make("p", told || "Choose a gap.", { className: "muted" })), light(0);
  const body = bodyOf(item);
  body.dataset.of = rank;
  const facts = [".severity", ".asked", ".cause"].map((part) => item.querySelector(part).textContent.trim().replace(/\s+/g, " "));
  const typical = item.querySelector(".typical");
  const [share, ...counts] = facts[0].split("% ");
  chosen.replaceChildren(
    make("h3", `${rank}. ${nameOf(item)}`),
    ...(typical ? [make("p", typical.textContent, { className: "muted" })] : []),
    make("p", `${counts.join("% ")}, severity ${share}%; asked ${facts[1]}; ${facts[2]}`),
    ...(told ? [make("p", [make("b", "Chosen: "), told])] : []),
    body,
  );
  panel.scrollTop = 0;
  item.open = false;
  light(rank);
}

panel.hidden = !gapItems.size;
pick.append(...[...gapItems].map(([rank, item]) => make("option", `${rank}. ${nameOf(item)}`, { value: rank })));
pick.addEventListener("change", () => choose(Number(pick.value)));
for (const [rank, item] of gapItems) {
  item.addEventListener("toggle", () => {
    if (!item.open) return;
    if (!item.querySelector(".body")) { giveBack(); chosen.replaceChildren(make("p", "Opened in the list below.", { className: "muted" })); }
    light(rank);
  });
}
