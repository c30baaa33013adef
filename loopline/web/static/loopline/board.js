// The board: a card dragged onto another column is moved there. The card's own menu does the same without a mouse.
(() => {
  let dragged = null;
  const columnOf = (target) => target.closest("[data-column]");
  const clear = () => { for (const one of document.querySelectorAll(".is-over")) one.classList.remove("is-over"); };

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-move]");
    if (!dragged) return;
    dragged.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.querySelector("a").href);
  });

  document.addEventListener("dragend", () => {
    if (dragged) dragged.classList.remove("is-dragged");
    dragged = null;
    clear();
  });

  document.addEventListener("dragover", (event) => {
    const column = columnOf(event.target);
    clear();
    if (!dragged || !column || column.dataset.column === dragged.dataset.stage) return;
    event.preventDefault();
    column.classList.add("is-over");
  });

  document.addEventListener("drop", (event) => {
    const column = columnOf(event.target);
    if (!dragged || !column || column.dataset.column === dragged.dataset.stage) return;
    event.preventDefault();
    column.append(dragged);
    const values = { stage: column.dataset.column, board: location.search.slice(1) };
    htmx.ajax("POST", dragged.dataset.move, { source: dragged, target: "#board", select: "#board", swap: "outerHTML", values });
  });
})();
