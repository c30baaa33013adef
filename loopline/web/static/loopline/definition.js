// A condition needs only some of the fields: its option says which, the others are put away.
(() => {
  const form = document.querySelector("[data-condition-form]");
  if (!form) return;
  const asked = form.elements.asked;
  const fields = ["field", "words", "page", "number", "days"];
  const show = () => {
    const needed = (asked.selectedOptions[0].dataset.needs || "").split(" ");
    for (const name of fields) form.elements[name].closest(".field").hidden = !needed.includes(name);
  };
  asked.addEventListener("change", show);
  show();
})();
