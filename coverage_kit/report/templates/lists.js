// The lists of gaps, edits and findings: filters, order by any heading, and what is shown as CSV.

const gaps = new Map([...gapItems].map(([rank, item]) => [rank, { item, lower: item.querySelector(".label").textContent.toLowerCase() }]));
const edits = every("#edits .tickable").map((row) => ({ row, item: row.querySelector("details"), lower: "" }));
const findings = every(".finding").map((item) => ({ item, parts: every("li[data-pillar]", item) }));
const rest = byId("rest");
const counted = (n, all, name) => `${n === all ? n.toLocaleString("en") : `${n.toLocaleString("en")} of ${all.toLocaleString("en")}`} ${name}${all === 1 ? "" : "s"}`;
const valueOf = (key) => fields.get(key)?.value || "";
const order = new Intl.Collator("en", { numeric: true });

// --- order

const lists = { gaps: every("#gaps .list .items"), edits: every("#edits > .items") };
const rowsOf = { gaps: [...gaps.values()].map(({ item }) => ({ row: item, data: item.dataset, item })), edits: edits.map(({ row, item }) => ({ row, data: row.dataset, item })) };
for (const list of Object.keys(lists)) sorts.set(list, "rank");
const isAscendingFirst = (key) => ["rank", "name", "cause", "minutes"].includes(key);

function sortLists() {
  for (const [list, order_] of sorts) {
    const isDown = order_.startsWith("-"), key = order_.replace("-", "");
    for (const button of every(`[data-of="${list}"]`)) {
      const isBy = button.dataset.sort === key;
      if (isBy) button.dataset.direction = isDown ? "descending" : "ascending"; else delete button.dataset.direction;
      button.setAttribute("aria-pressed", isBy);
    }
    const value = ({ item, data }) => (key === "name" ? nameOf(item) : key === "cause" ? data.likelihood + data.cause : Number(data[key]));
    const compare = (a, b) => (typeof a === "string" ? order.compare(a, b) : a - b);
    const sorted = rowsOf[list].map((entry) => [value(entry), entry]).sort(([a, x], [b, y]) => (isDown ? compare(b, a) : compare(a, b)) || Number(x.data.rank) - Number(y.data.rank));
    for (const items of lists[list]) items.append(...sorted.map(([, { row }]) => row).filter((row) => list !== "gaps" || row.dataset.list === items.parentElement.dataset.list));
  }
}
for (const button of every("[data-sort]")) {
  button.addEventListener("click", () => {
    const { sort: key, of: list } = button.dataset, current = sorts.get(list);
    const isSame = current.replace("-", "") === key;
    sorts.set(list, isSame ? (current.startsWith("-") ? key : "-" + key) : (isAscendingFirst(key) ? "" : "-") + key);
    sortLists();
    writeAddress();
  });
}

// --- filters

function fits({ dataset }) {
  return ["list", "theme", "likelihood", "cause"].every((key) => !valueOf(key) || dataset[key] === valueOf(key)) && Number(dataset.demand) >= Number(valueOf("demand") || 0);
}
const isFiltered = () => ["list", "theme", "likelihood", "cause"].some((key) => valueOf(key)) || Number(valueOf("demand") || 0) > 0;

function filterGaps(has, hits) { // the gaps that fit, as pairs of rank and gap
  const kept = [...gaps].filter(([rank, gap]) => fits(gap.item) && (has(gap.lower) || hits.has(rank)));
  const ranks = new Set(kept.map(([rank]) => rank));
  for (const [rank, { item }] of gaps) item.hidden = !ranks.has(rank);
  const isRest = ({ item }) => item.closest("#rest") !== null, all = [...gaps.values()];
  const nHidden = kept.filter(([, gap]) => isRest(gap)).length, nRest = all.filter(isRest).length;
  byId("count").textContent = counted(kept.length - nHidden, all.length - nRest, "topic") + (nRest ? `, ${counted(nHidden, nRest, "more topic")}` : "");
  byId("no-gap").hidden = kept.length > 0 || !gaps.size;
  for (const list of every("#gaps .list")) {
    const all_ = every(".item[data-rank]", list), shown = all_.filter((item) => !item.hidden).length;
    list.querySelector(".n").textContent = shown === all_.length ? `(${shown})` : `(${shown} of ${all_.length})`;
  }
  for (const list of every("#gaps .list")) {
    const isEmpty = !list.querySelector(".item:not([hidden])");
    list.querySelector(".none").hidden = !isEmpty;
    list.hidden = isEmpty && (!kept.length || (valueOf("list") !== "" && valueOf("list") !== list.dataset.list));
  }
  return [kept, ranks];
}

function filterEdits(has, isSearched) {
  const kept = edits.filter((edit) => {
    if (isSearched && !edit.lower) edit.lower = edit.item.textContent.toLowerCase();
    const { page, plan } = edit.row.dataset;
    edit.row.hidden = !(has(edit.lower) && (!valueOf("page") || page === valueOf("page")) && (!valueOf("plan") || plan === valueOf("plan")));
    return !edit.row.hidden;
  });
  byId("edit-count").textContent = counted(kept.length, edits.length, "edit");
  byId("no-edit").hidden = kept.length > 0 || !edits.length;
  return kept;
}

function filterFindings() {
  if (!fields.has("pillar")) return;
  let n = 0, all = 0;
  for (const { item, parts } of findings) {
    for (const part of parts) part.hidden = ["pillar", "weight"].some((key) => valueOf(key) && part.dataset[key] !== valueOf(key));
    const shown = parts.filter((part) => !part.hidden).length;
    item.hidden = !shown && parts.length > 0;
    n += shown; all += parts.length;
  }
  byId("finding-count").textContent = counted(n, all, "finding");
  byId("no-finding").hidden = n > 0 || !all;
}

for (const button of every("[data-reset]")) {
  button.addEventListener("click", () => {
    for (const field of fields.values()) field.value = "";
    filter();
    writeAddress();
  });
}

// --- CSV of what is shown

const inert = (value) => (/^[=+\-@\t\r]/.test(value) && isNaN(value) ? "'" + value : value); // no cell is a formula
const cell = (value) => { const text = inert(String(value ?? "")); return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text; };
function saveCsv(name, head, rows) {
  const text = "\ufeff" + [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  const link = make("a", "", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: `${name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
const textOf = (place) => [...place.querySelectorAll("h5, li, blockquote, p, :scope:not(:has(h5))")].map((part) => part.textContent.replace(/\s+/g, " ").trim()).filter(Boolean).join("\n");
const isSeen = (row) => !row.hidden;
const csv = {
  gaps: () => [["rank", "gap", "such as", "list", "likelihood", "cause", "times asked", "questions", "unanswered questions", "severity", "who answers instead"],
    every("#gaps .item[data-rank]").filter(isSeen).map((item) => { const d = item.dataset; return [d.rank, nameOf(item), d.example, d.list, d.likelihood, d.cause, d.demand, d.questions, d.unanswered, Number(d.severity).toFixed(2), d.instead]; })],
  edits: () => [["rank", "topic", "what to do", "page", "where", "minutes", "more answered", "plan", "ticked", "gap", "what to write"],
    every("#edits .tickable").filter(isSeen).map((row) => {
      const d = row.dataset, isTicked = row.querySelector(".tick").checked;
      return [d.rank, nameOf(row), d.task, d.page, textOf(row.querySelector(".facts-of dd")), Number(d.minutes), Math.round(d.gain), d.plan === "planned" ? "planned" : "not planned", isTicked ? "yes" : "", d.gap, textOf(row.querySelector(".brief"))];
    })],
  questions: () => [["question", "times asked", ...(asked.beside.length ? ["estimated, asked by"] : []), "answered (probability)", "gap"],
    rows.map((at) => [asked.text[at], asked.demand[at], ...(asked.beside.length ? [asked.beside[at]] : []), asked.coverage[at] ?? "", gapItems.has(asked.gap[at]) ? nameOf(gapItems.get(asked.gap[at])) : ""])],
};
for (const button of every("[data-csv]")) button.addEventListener("click", () => saveCsv(button.dataset.csv, ...csv[button.dataset.csv]()));
