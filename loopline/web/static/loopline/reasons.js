// A reason needs only some of the fields: its option says which, the others are put away. Without this all are shown.
(() => {
  const show = (form) => {
    const asked = form.elements.reason;
    const needed = asked.selectedOptions[0].dataset.needs || "";
    for (const field of form.querySelectorAll("[data-needed-by]")) {
      field.closest(".field").hidden = field.dataset.neededBy !== needed;
    }
    // What shows now is asked for: the mark is for those who see all fields at once.
    for (const field of [asked, ...form.querySelectorAll("[data-needed-by]")]) {
      field.closest(".field").querySelector(".optional")?.setAttribute("hidden", "");
    }
  };
  const forms = () => [...document.querySelectorAll("form")].filter((form) => form.querySelector("[data-needed-by]"));
  const all = () => forms().forEach(show);
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form");
    if (event.target.name === "reason" && form && form.querySelector("[data-needed-by]")) show(form);
  });
  document.addEventListener("htmx:afterSettle", all);
  all();
})();
