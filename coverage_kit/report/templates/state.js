// The address: its first part is what is shown (#gap-3, #view=edits), the others are search, filters and sort order (&q=dog&sort-gaps=demand).

const views = every(".view");
const fields = new Map(every("[data-key]").map((field) => [field.dataset.key, field]));
const sorts = new Map(); // by list: "demand" or "-demand", the sign for descending
const notice = byId("notice");

function readAddress() {
  const [target, ...pairs] = location.hash.slice(1).split("&");
  const decode = (text) => { try { return decodeURIComponent(text.replace(/\+/g, " ")); } catch { return ""; } };
  return { target, values: new Map(pairs.map((pair) => [decode(pair.split("=")[0]), decode(pair.split("=").slice(1).join("="))])) };
}

function addressOf(target) {
  const values = [...fields].map(([key, field]) => [key, field.value]).filter(([, value]) => value);
  for (const [list, order] of sorts) if (order !== "rank") values.push([`sort-${list}`, order]);
  return "#" + [target, ...values.map(([key, value]) => `${key}=${encodeURIComponent(value)}`)].join("&");
}

const shownView = () => views.find((view) => view.classList.contains("shown"));
function writeAddress(target = readAddress().target || shownView().id, isStep = false) {
  const address = addressOf(target);
  if (address !== location.hash) history[isStep ? "pushState" : "replaceState"](null, "", address);
}

function takeAddress() { // search, filters and sort order as the address has them; whether any changed
  const { values } = readAddress();
  let isChanged = false;
  for (const [key, field] of fields) {
    const value = values.get(key) || "";
    if (field.value === value) continue;
    field.value = value;
    isChanged = true;
  }
  for (const list of sorts.keys()) {
    const order = values.get(`sort-${list}`) || "rank";
    if (sorts.get(list) !== order) { sorts.set(list, order); isChanged = true; }
  }
  return isChanged;
}

function say(text) { // a line above the view, for what would else fail silently
  notice.firstElementChild.textContent = text;
  notice.hidden = !text;
}
