// On a small screen the person stands below the list: after choosing one, show it.
(() => {
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id !== "panes" || !matchMedia("(max-width: 899px)").matches) return;
    document.getElementById("lead")?.scrollIntoView({ block: "start" });
  });
})();
