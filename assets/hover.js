// Shows an item's picture beside the pointer while it hovers over a map. A map's figure carries the address of the
// pictures in layout.meta.pictures, an item's point its position in customdata. And leaves the wheel to the page until a map
// has been clicked.
(() => {
  if (window.macridHover) return;
  window.macridHover = true;
  const box = document.createElement("div");
  box.id = "mc-hover";
  box.appendChild(document.createElement("img"));
  document.body.appendChild(box);
  const hide = () => { box.style.display = "none"; };
  const show = (address, event) => {
    const point = event.points[0];
    if (!(point.customdata >= 0)) return;  // a prototype or a person
    box.firstChild.src = address + point.customdata;
    const left = event.event.clientX, top = event.event.clientY, right = left + 260 > window.innerWidth;
    box.style.left = `${right ? left + 18 : left - 130}px`;
    box.style.top = `${Math.max(8, Math.min(window.innerHeight - 120, top - 56))}px`;
    box.style.display = "block";
  };
  // A map that is drawn anew under the pointer never says that the pointer has left it.
  document.addEventListener("pointermove", (event) => { if (!event.target.closest?.(".js-plotly-plot")) hide(); });
  let clicked = null;
  document.addEventListener("pointerdown", (event) => { clicked = event.target.closest?.(".js-plotly-plot") ?? null; }, true);
  document.addEventListener("wheel", (event) => {
    const map = event.target.closest?.(".js-plotly-plot");
    if (map && map !== clicked) event.stopPropagation();  // before plotly hears of it
  }, { capture: true, passive: true });
  setInterval(() => {
    for (const map of document.querySelectorAll(".js-plotly-plot")) {
      const address = map.layout?.meta?.pictures;
      if (!address || map.macridHover) continue;
      map.macridHover = true;
      map.on("plotly_hover", (event) => show(map.layout.meta.pictures, event));
      map.on("plotly_unhover", hide);
    }
    if (!document.querySelector(".js-plotly-plot")) hide();
  }, 400);
})();
