// The map: names that have room, and the points of the gap that is chosen.

function lightPoints(map) { // on paper no gap is chosen, though some are open
  const lit = isOnPaper ? 0 : chosenRank;
  map.classList.toggle("lit", lit > 0);
  for (const [point, rank] of pointsOf(map)) point.classList.toggle("lit", lit > 0 && rank === lit);
}

// names: themes from afar, and from near the gaps. The first comes first; each is near its middle, where it covers few points, or left out
const rulers = document.createElement("canvas").getContext("2d");
const shifts = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5].flatMap((y) => [0, .5, -.5, 1, -1].map((x) => [x, y / 2]));
const inBox = ([x, y], middle, half, margin) => Math.abs(x - middle[0]) < half[0] + margin && Math.abs(y - middle[1]) < half[1] + margin;

function placeNames({ data, layout }, family, [width, height]) { // the annotations with their places in a plot of so many pixels
  const { xaxis: { range: [left, right] }, yaxis: { range: [bottom, top] } } = layout;
  const toPixels = (x, y) => [(width * (x - left)) / (right - left), (height * (top - y)) / (top - bottom)];
  const isNear = right - left < .6 * wholeMap, isSmall = width < 500;
  const asked = data.findLast((trace) => trace.customdata), placed = [];
  const dots = Array.from(asked ? asked.x : [], (x, n) => toPixels(x, asked.y[n]));
  return layout.annotations.map((one) => {
    const isTheme = /^theme-/.test(one.name || "");
    if (!isTheme && !/^gap-/.test(one.name || "")) return one;
    const at = toPixels(one.x, one.y);
    if (isTheme === isNear || !inBox(at, [width / 2, height / 2], [width / 2, height / 2], 0)) return { ...one, visible: false };
    const size = (isTheme ? 13 : 12) - (isSmall ? 2 : 0), lines = one.text.split("<br>").map(plain);
    rulers.font = `${isTheme ? 600 : 400} ${size}px ${family}`;
    const half = [Math.max(...lines.map((line) => rulers.measureText(line).width)) / 2 + 4, (lines.length * size * 1.3) / 2 + 1];
    const around = dots.filter((dot) => inBox(dot, at, [2 * half[0], 7 * half[1]], 3));
    const free = shifts.map(([x, y]) => [at[0] + x * half[0], at[1] + y * 2 * half[1]]).filter((middle) => (
      inBox(middle, [width / 2, height / 2], [width / 2 - half[0], height / 2 - half[1]], 0) && !placed.some((other) => inBox(middle, other.middle, other.half.map((length, n) => length + half[n]), 0))
    ));
    if (!free.length) return { ...one, visible: false };
    const costs = free.map((middle) => around.filter((dot) => inBox(dot, middle, half, 3)).length + Math.hypot(middle[0] - at[0], middle[1] - at[1]) / 7);
    const middle = free[costs.indexOf(Math.min(...costs))];
    placed.push({ middle, half });
    return { ...one, ax: middle[0] - at[0], ay: middle[1] - at[1], font: { ...one.font, size }, visible: true };
  });
}

let wholeMap = 0; // the length of the x axis that shows everything
fitters.set("plot-map", (spec, width) => {
  const { layout } = spec, { l, r, t, b } = { ...layout.template.layout.margin, ...layout.margin };
  if (!layout.xaxis.range) return; // a note
  wholeMap = layout.xaxis.range[1] - layout.xaxis.range[0];
  layout.annotations = placeNames(spec, layout.font.family || layout.template.layout.font.family, [width - l - r, layout.height - t - b]);
});

function nameAgain(map) {
  const { xaxis, yaxis, font } = map._fullLayout;
  Plotly.relayout(map, { annotations: placeNames(map, font.family, [xaxis._length, yaxis._length]) });
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
  map.on("plotly_relayout", (change) => { if (Object.keys(change).some((key) => /^(xaxis|yaxis|width|autosize)/.test(key))) nameAgain(map); });
  map.on("plotly_afterplot", () => lightPoints(map));
  lightPoints(map);
});
