// A button with `data-copy-from="id"` copies the text of that element. It shows only where copying can work.
(() => {
  if (!navigator.clipboard) return;
  const show = (root) => { for (const button of root.querySelectorAll("[data-copy-from]")) button.hidden = false; };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy-from]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copyFrom).textContent.trim());
    button.textContent = "Copied";
  });
  document.body.addEventListener("htmx:afterSwap", () => show(document));
  show(document);
})();
