// Ticked edits: their minutes, and their gain together where it may be added up.

const ticks = every(".tick");
function sumTicked() {
  const listed = every("#edits .tickable .tick").sort((a, b) => a.dataset.edit - b.dataset.edit), picked = listed.filter((tick) => tick.checked);
  const sum = (key) => picked.reduce((total, tick) => total + Number(tick.dataset[key]), 0);
  const isFromTop = listed.slice(0, picked.length).every((tick) => tick.checked);
  const number = (value) => Number(value.toPrecision(3)).toLocaleString("en");
  const gain = `together predicted to answer ${isFromTop ? "" : "at least "}${number(sum("gain"))} more`; // edits of one topic share their gain
  byId("ticked").textContent = picked.length ? `${picked.length} ticked: ${number(sum("minutes"))} minutes; ${gain}.` : "";
}

// ticks stay in this browser, by the ids of the edits
const store = "coverage_kit ticks of " + document.title;
const keep = (act) => { try { return act(localStorage); } catch { return null; } }; // a browser may keep nothing
const idOf = (tick) => byId(`edit-${tick.dataset.edit}`)?.closest(".tickable").dataset.id;
const ticked = new Set(JSON.parse(keep((kept_) => kept_.getItem(store)) || "[]"));
for (const tick of ticks) tick.checked = ticked.has(idOf(tick));

for (const tick of ticks) {
  tick.addEventListener("change", () => {
    for (const twin of ticks) if (twin.dataset.edit === tick.dataset.edit) twin.checked = tick.checked;
    ticked[tick.checked ? "add" : "delete"](idOf(tick));
    keep((kept_) => kept_.setItem(store, JSON.stringify([...ticked])));
    sumTicked();
  });
}
sumTicked();

for (const button of every("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const place = button.closest(".pair");
    await navigator.clipboard.writeText([...place.children].map(textOf).join("\n\n"));
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

openTarget(true); // last, when the bar has its whole height
