// The map: names that have room, and the points of the gap that is chosen.

function lightPoints(map) { // on paper no gap is chosen, though some are open
  const lit = isOnPaper ? 0 : chosenRank;
  map.classList.toggle("lit", lit > 0);
  for (const [point, rank] of pointsOf(map)) point.classList.toggle("lit", lit > 0 && rank === lit);
}

// names: themes from afar, and from near the gaps. The first comes first; each is near its middle, where it covers few points, or left out
const rulers = document.createElement("canvas").getContext("2d");
const shifts = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5].flatMap((y) => [0, .5, -.5, 1, -1].map((x) => [x, y / 2]));

function placeNames(map) {
  const { xaxis, yaxis, font } = map._fullLayout, { range: whole } = specOf(map).layout.xaxis;
  const isNear = (xaxis.range[1] - xaxis.range[0]) / (whole[1] - whole[0]) < .6, isSmall = xaxis._length < 500;
  const asked = map.data.findLast((trace) => trace.customdata), { x, y } = map._fullData[asked ? map.data.indexOf(asked) : 0];
  const dots = Array.from(x, (at, n) => [xaxis.d2p(at), yaxis.d2p(y[n])]);
  const placed = [];
  const names = map.layout.annotations.map((one) => {
    const isTheme = /^theme-/.test(one.name || "");
    if (!isTheme && !/^gap-/.test(one.name || "")) return one;
    const size = (isTheme ? 13 : 12) - (isSmall ? 2 : 0);
    rulers.font = `${isTheme ? 600 : 400} ${size}px ${font.family}`;
    const lines = one.text.split("<br>").map(plain), at = [xaxis.d2p(one.x), yaxis.d2p(one.y)];
    const half = [Math.max(...lines.map((line) => rulers.measureText(line).width)) / 2 + 4, (lines.length * size * 1.3) / 2 + 1];
    const isWithin = ([left, top]) => left > half[0] && left < xaxis._length - half[0] && top > half[1] && top < yaxis._length - half[1];
    const isFree = (middle) => placed.every((other) => [0, 1].some((n) => Math.abs(other.middle[n] - middle[n]) > other.half[n] + half[n]));
    const cost = (middle) => dots.filter((dot) => [0, 1].every((n) => Math.abs(dot[n] - middle[n]) < half[n] + 3)).length + Math.hypot(middle[0] - at[0], middle[1] - at[1]) / 7;
    const isShown = isTheme !== isNear && at[0] > 0 && at[0] < xaxis._length && at[1] > 0 && at[1] < yaxis._length;
    const free = isShown ? shifts.map((shift) => shift.map((step, n) => at[n] + step * half[n] * (n ? 2 : 1))).filter((middle) => isWithin(middle) && isFree(middle)) : [];
    if (!free.length) return { ...one, visible: false };
    const costs = free.map(cost), middle = free[costs.indexOf(Math.min(...costs))];
    placed.push({ middle, half });
    return { ...one, ax: middle[0] - at[0], ay: middle[1] - at[1], font: { ...one.font, size }, visible: true };
  });
  Plotly.relayout(map, { annotations: names });
}

drawers.set("plot-map", (map) => {
  if (!map.data || !map.on) return;
  map.on("plotly_click", ({ points: [point] }) => {
    const rank = Number(point.customdata) || 0;
    choose(rank, plain(point.data.hovertext[point.pointNumber].split("</b>")[0].replace(/<br>/g, " ")));
  });
  map.on("plotly_clickannotation", ({ annotation: { name = "" } }) => {
    if (name.startsWith("theme-")) keepTheme(name.slice(6)); else choose(Number(name.replace("gap-", "")));
  });
  map.on("plotly_relayout", (change) => { if (Object.keys(change).some((key) => /^(xaxis|yaxis|width|autosize)/.test(key))) placeNames(map); });
  map.on("plotly_afterplot", () => lightPoints(map));
  lightPoints(map);
  placeNames(map);
});
