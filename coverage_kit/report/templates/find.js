// One box that searches all questions, gaps and edits; filters of the list of gaps; the table of all questions.

const asked = JSON.parse(byId("questions-data").textContent);
const lower = asked.text.map((text) => text.toLowerCase());
const search = byId("search"), found = byId("found");
const demand = byId("demand"), page = byId("page"), rest = byId("rest");
const picks = new Map([["list", "list"], ["theme-of", "theme"], ["likelihood", "likelihood"], ["cause", "cause"]].map(([id, key]) => [key, byId(id)]).filter(([, field]) => field));
const gaps = new Map([...gapItems].map(([rank, item]) => [rank, { item, lower: item.querySelector(".label").textContent.toLowerCase() }]));
const edits = every(".tickable").map((place) => ({ place, item: place.querySelector("details"), lower: "" }));
const counted = (n, all, name) => `${n === all ? n.toLocaleString("en") : `${n.toLocaleString("en")} of ${all.toLocaleString("en")}`} ${name}${all === 1 ? "" : "s"}`;
const mostGaps = 12, mostEdits = 6, mostHits = 4, perPage = 50;
let rows = [], from = 0, by = "demand", isUp = false;

function fits({ dataset }) {
  return [...picks].every(([key, field]) => !field.value || dataset[key] === field.value) && Number(dataset.demand) >= Number(demand.value || 0);
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  const isFiltered = [...picks.values()].some((field) => field.value) || Number(demand.value || 0) > 0;
  const shown = new Set([...gaps].filter(([, { item }]) => fits(item)).map(([rank]) => rank));
  const hits = new Map();
  rows = [];
  lower.forEach((text, place) => {
    const rank = asked.gap[place];
    if (!has(text) || (isFiltered && !shown.has(rank))) return;
    rows.push(place);
    if (!words.length) return;
    if (hits.has(rank)) hits.get(rank).push(place);
    else hits.set(rank, [place]);
  });
  const kept = [...gaps].filter(([rank, gap]) => shown.has(rank) && (has(gap.lower) || hits.has(rank)));
  const keptRanks = new Set(kept.map(([rank]) => rank));
  for (const [rank, { item }] of gaps) item.hidden = !keptRanks.has(rank);
  const isRest = ({ item }) => item.closest("#rest") !== null, all = [...gaps.values()];
  const hidden = kept.filter(([, gap]) => isRest(gap)).length, nRest = all.filter(isRest).length;
  byId("count").textContent = counted(kept.length - hidden, all.length - nRest, "gap") + (nRest ? `, ${counted(hidden, nRest, "more topic")}` : "");
  for (const list of every("#gaps .list")) {
    const isEmpty = !list.querySelector(".item:not([hidden])");
    list.querySelector(".none").hidden = !isEmpty;
    list.hidden = isEmpty && picks.get("list").value !== "" && picks.get("list").value !== list.dataset.list;
  }
  if (rest) rest.open = hidden > 0 && (words.length > 0 || kept.length === hidden);
  const keptEdits = edits.filter((edit) => {
    if (words.length && !edit.lower) edit.lower = edit.item.textContent.toLowerCase();
    edit.place.hidden = !(has(edit.lower) && (!page.value || edit.place.dataset.page === page.value));
    return !edit.place.hidden;
  });
  byId("edit-count").textContent = counted(keptEdits.length, edits.length, "edit");
  tellFound(words, kept, hits, keptEdits);
  sortRows();
}

function tellFound(words, kept, hits, keptEdits) {
  found.hidden = !words.length;
  if (!words.length) return byId("found-list").replaceChildren();
  const parts = [[counted(kept.length, gaps.size, "topic"), "#gaps"], [counted(rows.length, asked.text.length, "question"), "#questions"],
    [counted(keptEdits.length, edits.length, "edit"), "#edits"]];
  byId("found-count").replaceChildren("Found: ", ...parts.flatMap(([text, href], n) => [n ? ", " : "", make("a", text, { href })]), ".");
  const beyond = [...hits].filter(([rank]) => !gaps.has(rank)).slice(0, 3); // of gaps that the page does not tell, or of none
  byId("found-list").replaceChildren(
    ...kept.slice(0, mostGaps).map(([rank, { item }]) => tellHits(make("a", `gap ${rank}: ${nameOf(item)}`, { href: "#" + item.id }), hits.get(rank) || [], words)),
    ...beyond.map(([rank, places]) => tellHits(rank ? `gap ${rank}, in the workbook` : "in no gap", places, words)),
    ...keptEdits.slice(0, mostEdits).map(({ item }) => make("div", make("a", `edit ${item.id.slice(5)}: ${nameOf(item)}, ${item.querySelector("small").textContent}`, { href: "#" + item.id }))),
  );
}

function tellHits(head, places, words) {
  const more = places.length - mostHits;
  const lines = places.slice(0, mostHits).map((place) => make("li", marked(asked.text[place], words)));
  if (more > 0) lines.push(make("li", `and ${more} more question${more === 1 ? "" : "s"}`));
  return make("div", [head, make("ul", lines)]);
}

function marked(text, words) { // parts of a text, those that were searched for marked
  const pattern = new RegExp("(" + words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") + ")", "gi");
  return text.split(pattern).map((part, n) => (n % 2 ? make("mark", part) : part));
}

const order = new Intl.Collator("en");
function sortRows() {
  const values = asked[by];
  const compare = by === "text" ? (a, b) => order.compare(values[a], values[b]) : (a, b) => (values[a] ?? -1) - (values[b] ?? -1);
  if (!(by === "demand" && !isUp)) rows.sort((a, b) => (isUp ? compare(a, b) : compare(b, a)) || a - b); // they come most asked first
  from = 0;
  listRows();
}

function listRows() {
  byId("asked").tBodies[0].replaceChildren(...rows.slice(from, from + perPage).map((place) => {
    const rank = asked.gap[place], item = gapItems.get(rank);
    const gap = item ? make("a", `${rank}. ${nameOf(item)}`, { href: "#gap-" + rank }) : rank ? `gap ${rank}, in the workbook` : "none";
    const share = asked.coverage[place];
    const cells = [asked.demand[place].toLocaleString("en"), share === null ? "unknown" : Math.round(100 * share) + "%", gap];
    return make("tr", [make("th", asked.text[place], { scope: "row" }), ...cells.map((cell) => make("td", cell))]);
  }));
  const last = Math.min(from + perPage, rows.length);
  byId("asked-count").textContent = rows.length ? `${(from + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "no question";
  byId("back").disabled = from === 0;
  byId("next").disabled = last >= rows.length;
}

for (const button of every("#asked button")) {
  button.addEventListener("click", () => {
    isUp = by === button.dataset.by ? !isUp : button.dataset.by === "text" || button.dataset.by === "gap";
    by = button.dataset.by;
    every("#asked [aria-sort]").forEach((cell) => cell.removeAttribute("aria-sort"));
    button.parentElement.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    sortRows();
  });
}
for (const [id, step] of [["back", -perPage], ["next", perPage]]) {
  byId(id).addEventListener("click", () => { from = Math.max(0, from + step); listRows(); });
}
for (const form of every("form")) { form.hidden = false; form.addEventListener("submit", (event) => event.preventDefault()); }
byId("asked").hidden = false;
every(".pager").forEach((pager) => { pager.hidden = false; });
search.addEventListener("input", filter);
byId("order").addEventListener("input", ({ target }) => { // by rank the smallest first, else the largest; equals by rank
  const sign = target.value === "rank" ? 1 : -1, value = ({ item }) => sign * Number(item.dataset[target.value]);
  const sorted = [...gaps.values()].sort((a, b) => value(a) - value(b));
  for (const list of every("#gaps .list")) list.querySelector(".items").append(...sorted.map(({ item }) => item).filter(({ dataset }) => dataset.list === list.dataset.list));
});
for (const field of [...picks.values(), demand, page]) field.addEventListener("input", filter);
function keepTheme(id) { // the gaps of a theme that was clicked on the map
  picks.get("theme").value = id;
  filter();
  byId("gaps").querySelector(".filters").scrollIntoView();
}
addEventListener("keydown", (event) => {
  const isTyping = /^(input|select|textarea)$/i.test(event.target.tagName || "");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && event.target === search) { search.value = ""; filter(); }
});
filter();
