// Ticked edits: their minutes, and their gain together where it may be added up.

const ticks = every(".tick");
function sumTicked() {
  const listed = every("#edits .tickable .tick").sort((a, b) => a.dataset.edit - b.dataset.edit), picked = listed.filter((tick) => tick.checked);
  const sum = (key) => picked.reduce((total, tick) => total + Number(tick.dataset[key]), 0);
  const isFromTop = listed.slice(0, picked.length).every((tick) => tick.checked);
  const number = (value) => Number(value.toPrecision(3)).toLocaleString("en");
  const gain = isFromTop
    ? `together predicted to answer ${number(sum("gain"))} more`
    : "tick from the top down to see what they answer together, as edits of one gap share their gain";
  byId("ticked").textContent = picked.length ? `${picked.length} ticked: ${number(sum("minutes"))} minutes; ${gain}.` : "";
}
for (const tick of ticks) {
  tick.addEventListener("change", () => {
    for (const twin of ticks) if (twin.dataset.edit === tick.dataset.edit) twin.checked = tick.checked;
    sumTicked();
  });
}
sumTicked();

openTarget(true); // last, when the bar has its whole height
