// Brings a part of the page up to date every `data-live` seconds (`hx-trigger="live"`), and leaves it alone while
// somebody uses it: an open list, a focused link or selected text would be lost.
(() => {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const note = document.querySelector("[data-live-note]");
  const isInUse = () =>
    document.hidden || live.querySelector("details[open]") || live.contains(document.activeElement) || !getSelection().isCollapsed;
  setInterval(() => { if (!isInUse()) window.htmx.trigger(live, "live"); }, 1000 * Number(live.dataset.live));

  let places = [];
  const frames = () => [...live.querySelectorAll(".table-frame")];
  live.addEventListener("htmx:beforeSwap", () => { places = frames().map((one) => one.scrollLeft); });
  live.addEventListener("htmx:afterSwap", () => {
    frames().forEach((one, place) => { one.scrollLeft = places[place] ?? 0; });
    note.hidden = true;
  });
  // What stands there is still true of its moment, so it stays, and a line says how old it is: no toast every time.
  for (const trouble of ["htmx:responseError", "htmx:sendError"])
    live.addEventListener(trouble, (event) => { event.stopPropagation(); note.hidden = false; });
})();
