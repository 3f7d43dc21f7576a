// The map: names that have room, and the points of the gap that is chosen.

function lightPoints(map) { // by classes: Plotly.restyle would reckon thousands of points anew, for a second or more
  map.classList.toggle("lit", chosenRank > 0);
  for (const group of every(".scatterlayer .trace", map)) {
    const { trace } = group.__data__[0]; // Plotly's own record of what it drew
    if (!trace.customdata) continue;
    for (const point of every("path.point", group)) point.classList.toggle("lit", trace.customdata[point.__data__.i] === chosenRank);
  }
}

// names: themes from afar, and from near the gaps that have room
function nameWithin(map) {
  const { xaxis, yaxis } = map._fullLayout, { range: whole } = specOf(map).layout.xaxis;
  const isNear = (xaxis.range[1] - xaxis.range[0]) / (whole[1] - whole[0]) < .6;
  const placed = [];
  const names = map.layout.annotations.map((one) => {
    if (!/^(gap|theme)-/.test(one.name || "")) return one;
    if (one.name.startsWith("theme-")) return { ...one, visible: !isNear };
    const lines = one.text.split("<br>"), at = [xaxis.d2p(one.x), yaxis.d2p(one.y)];
    const half = [3.4 * Math.max(...lines.map((line) => plain(line).length)) + 4, 9 * lines.length];
    const isWithin = at[0] > half[0] && at[0] < xaxis._length - half[0] && at[1] > 0 && at[1] < yaxis._length;
    const hasRoom = placed.every((other) => [0, 1].some((n) => Math.abs(other.at[n] - at[n]) > other.half[n] + half[n]));
    if (isNear && isWithin && hasRoom) placed.push({ at, half });
    return { ...one, ax: 0, ay: 0, visible: isNear && isWithin && hasRoom };
  });
  Plotly.relayout(map, { annotations: names });
}

drawers.set("plot-map", (map) => {
  if (!map.data || !map.on) return;
  map.on("plotly_click", ({ points: [point] }) => {
    const rank = Number(point.customdata) || 0;
    choose(rank, plain(point.data.hovertext[point.pointNumber].split("<br>asked ")[0]));
  });
  map.on("plotly_clickannotation", ({ annotation: { name = "" } }) => {
    if (name.startsWith("theme-")) keepTheme(name.slice(6)); else choose(Number(name.replace("gap-", "")));
  });
  map.on("plotly_relayout", (change) => { if (Object.keys(change).some((key) => key.startsWith("xaxis."))) nameWithin(map); });
  map.on("plotly_afterplot", () => lightPoints(map));
  lightPoints(map);
});
