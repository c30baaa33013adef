// Keys. `data-key="a"` on a button or link: pressing A clicks it. `j` and `k` walk through a `.pane-list`.
// Keys do nothing while somebody types, and never together with Ctrl, Alt or ⌘.
(() => {
  const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") return walk(key === "j" ? 1 : -1);
    const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  function walk(step) {
    const items = [...document.querySelectorAll(".pane-list .pane-item")];
    if (!items.length) return;
    const focused = items.indexOf(document.activeElement);
    const from = focused >= 0 ? focused : items.findIndex((item) => item.hasAttribute("aria-current"));
    const next = items[Math.min(Math.max(from + step, 0), items.length - 1)];
    next.focus();
    next.click();
  }
})();
