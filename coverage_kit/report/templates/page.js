"use strict";
(() => {
  const plots = [...document.querySelectorAll(".plot")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const ink = () => getComputedStyle(document.body).getPropertyValue("--muted").trim();

  function fitNarrow(data, layout) { // few names and a colour bar below leave room for the points
    layout.annotations = (layout.annotations || []).slice(0, 4).map((one) => ({ ...one, xshift: 0.3 * (one.xshift || 0) }));
    for (const { marker } of data) {
      if (marker && marker.colorbar) {
        Object.assign(marker.colorbar, { orientation: "h", y: 0, yanchor: "top", len: 0.9, nticks: 5 });
        layout.margin.b = 150;
      }
    }
  }

  function draw(place) {
    if (place.dataset.drawn) return;
    place.dataset.drawn = "yes";
    const { data, layout, config } = JSON.parse(document.getElementById(place.id + "-data").textContent);
    layout.font = { ...layout.font, color: ink() };
    if (place.clientWidth < 560) fitNarrow(data, layout);
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger scrolls the page
    Plotly.newPlot(place, data, layout, config);
  }

  // a figure is drawn when it comes near the window, so that a large page opens at once
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "800px" });
  plots.forEach((place) => watcher.observe(place));
  dark.addEventListener("change", () => {
    for (const place of plots) if (place.dataset.drawn) Plotly.relayout(place, { "font.color": ink() });
  });

  const items = [...document.querySelectorAll("#gaps .item")];
  const search = document.getElementById("search");
  const cause = document.getElementById("cause");
  const count = document.getElementById("count");

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const item of items) {
      const fits = words.every((word) => item.dataset.search.includes(word));
      item.hidden = !fits || (cause.value !== "" && item.dataset.cause !== cause.value);
      n += item.hidden ? 0 : 1;
    }
    const shown = n === items.length ? n : n + " of " + items.length;
    count.textContent = shown + (items.length === 1 ? " gap" : " gaps");
  }
  search.addEventListener("input", filter);
  cause.addEventListener("change", filter);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  filter();

  function openTarget() { // a link to a gap or an edit opens it, also where a filter hides it
    const item = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (item && item.matches("details")) { item.hidden = false; item.open = true; }
  }
  addEventListener("hashchange", openTarget);
  openTarget();

  let opened = [];
  addEventListener("beforeprint", () => {
    plots.forEach(draw);
    opened = [...document.querySelectorAll("details:not([open]):not([hidden])")].slice(0, 40);
    for (const item of opened) item.open = true;
  });
  addEventListener("afterprint", () => { for (const item of opened) item.open = false; });
})();
