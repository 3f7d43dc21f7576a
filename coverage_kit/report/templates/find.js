// The box that searches all questions, gaps and edits, and the table of all questions.

const asked = JSON.parse(byId("questions-data").textContent);
const lower = asked.text.map((text) => text.toLowerCase());
const search = byId("search"), found = byId("found");
const maxGaps = 12, maxEdits = 6, maxHits = 4, perPage = 50;
let rows = [], from = 0, by = "demand", isUp = false;

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  const isNarrowed = isFiltered();
  const fitting = new Set([...gaps].filter(([, { item }]) => fits(item)).map(([rank]) => rank));
  const hits = new Map();
  rows = [];
  lower.forEach((text, at) => {
    const rank = asked.gap[at];
    if (!has(text) || (isNarrowed && !fitting.has(rank))) return;
    rows.push(at);
    if (!words.length) return;
    if (hits.has(rank)) hits.get(rank).push(at);
    else hits.set(rank, [at]);
  });
  const [kept, ranks] = filterGaps(has, hits);
  if (rest) rest.open = every(".item:not([hidden])", rest).length > 0 && (words.length > 0 || !every("#gaps > .list .item:not([hidden])").length);
  const keptEdits = filterEdits(has, words.length > 0);
  filterFindings();
  const isAll = !words.length && !isNarrowed;
  for (const name of ["map", "gaps", "holders"]) {
    filterPlot(name, isAll ? null : ranks);
    byId(`plot-${name}`)?.closest("figure").classList.toggle("filtered", !isAll);
  }
  listHits(words, kept, hits, keptEdits);
  sortRows();
}

function listHits(words, kept, hits, keptEdits) {
  found.hidden = !words.length;
  if (!words.length) return byId("found-list").replaceChildren();
  const others = every("#claims tbody tr, #brand tbody tr, .finding").filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word)));
  const parts = [[kept.length, counted(kept.length, gaps.size, "topic"), "#gaps"], [rows.length, counted(rows.length, asked.text.length, "question"), "#questions"],
    [keptEdits.length, counted(keptEdits.length, edits.length, "edit"), "#edits"]];
  if (others.length) parts.push([others.length, `${others.length} on claims and pages`, "#" + others[0].closest("section").id]);
  if (!parts.some(([n]) => n)) {
    byId("found-count").replaceChildren("Nothing holds all of these words. Search for fewer or shorter words, such as the stem of a word.");
    return byId("found-list").replaceChildren();
  }
  byId("found-count").replaceChildren("Search results: ", ...parts.flatMap(([n, text, href], at) => [at ? ", " : "", n ? make("a", text, { href }) : text]), ".");
  const beyond = [...hits].filter(([rank]) => !gaps.has(rank)).slice(0, 3); // of gaps that the page does not list, or of none
  byId("found-list").replaceChildren(
    ...kept.slice(0, maxGaps).map(([rank, { item }]) => hitsOf(make("a", `${kindOf(item)} ${rank}: ${nameOf(item)}`, { href: "#" + item.id }), hits.get(rank) || [], words, item)),
    ...beyond.map(([rank, at]) => hitsOf(rank ? `topic ${rank}, in the workbook` : "in no topic", at, words)),
    ...keptEdits.slice(0, maxEdits).map(({ item }) => make("div", make("a", `edit ${item.id.slice(5)}: ${nameOf(item)}, ${item.querySelector("small").textContent}`, { href: "#" + item.id }))),
  );
}

function hitsOf(head, positions, words, item = null) {
  const more = positions.length - maxHits;
  const lines = positions.slice(0, maxHits).map((at) => make("li", marked(asked.text[at], words)));
  if (!positions.length && item) lines.push(make("li", marked(item.querySelector(".typical")?.textContent || nameOf(item), words)));
  if (more > 0) lines.push(make("li", `and ${more} more question${more === 1 ? "" : "s"}`));
  return make("div", [head, make("ul", lines)]);
}

function marked(text, words) { // parts of a text, those that were searched for marked
  const pattern = new RegExp("(" + words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") + ")", "gi");
  return text.split(pattern).map((part, n) => (n % 2 ? make("mark", part) : part));
}

function sortRows() {
  const values = asked[by];
  const compare = by === "text" ? (a, b) => order.compare(values[a], values[b]) : (a, b) => (values[a] ?? -1) - (values[b] ?? -1);
  if (by === "demand" && !isUp) rows.sort((a, b) => a - b); // they come most asked first
  else rows.sort((a, b) => (isUp ? compare(a, b) : compare(b, a)) || a - b);
  from = 0;
  listRows();
}

function listRows() {
  byId("asked").tBodies[0].replaceChildren(...rows.slice(from, from + perPage).map((at) => {
    const rank = asked.gap[at], item = gapItems.get(rank);
    const gap = item ? make("a", `${rank}. ${nameOf(item)}`, { href: "#gap-" + rank }) : rank ? `topic ${rank}, in the workbook` : "none";
    const share = asked.coverage[at];
    const times = asked.demand[at].toLocaleString("en"), beside = asked.beside[at];
    const cells = [beside ? [times, make("small", " " + beside, { className: "muted" })] : times, share === null ? "unknown" : Math.round(100 * share) + "%", gap];
    return make("tr", [make("th", asked.text[at], { scope: "row" }), ...cells.map((content) => make("td", content))]);
  }));
  const last = Math.min(from + perPage, rows.length);
  byId("asked-count").textContent = rows.length ? `${(from + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "No question fits the search and the filters.";
  byId("back").disabled = from === 0;
  byId("next").disabled = last >= rows.length;
}

for (const button of every("#asked button")) {
  button.addEventListener("click", () => {
    isUp = by === button.dataset.by ? !isUp : button.dataset.by === "text" || button.dataset.by === "gap";
    by = button.dataset.by;
    every("#asked [aria-sort]").forEach((head) => head.removeAttribute("aria-sort"));
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
for (const field of fields.values()) field.addEventListener("input", () => { filter(); writeAddress(); });
function keepTheme(id) { // the topics of a theme that was clicked on the map; the first is shown beside it
  fields.get("theme").value = id;
  filter();
  writeAddress();
  const first = [...gapItems].find(([, item]) => !item.hidden);
  if (first) choose(first[0]);
}
addEventListener("keydown", (event) => {
  const isTyping = /^(input|select|textarea)$/i.test(event.target.tagName || "");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && event.target === search) { search.value = ""; filter(); writeAddress(); }
});
takeAddress();
sortLists();
filter();
