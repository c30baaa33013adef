// A link with `data-dialog-link="id"` opens that dialog instead of its page, and puts the cursor into the first field.
(() => {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-dialog-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const dialog = document.getElementById(link.dataset.dialogLink);
    if (!dialog) return;
    event.preventDefault();
    dialog.showModal();
    const field = dialog.querySelector("input:not([type=hidden]), select, textarea");
    if (field) field.focus();
  });
})();
