// What every page needs: menus that close, dialogs that open, toasts, and the chosen theme without a reload.
(() => {
  const menus = "details.chip[open], details[data-menu][open]";

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(menus)) if (!menu.contains(event.target)) menu.open = false;
    const dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".toast").remove();
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog).showModal();
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
    if (event.target.nodeName === "DIALOG") event.target.close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(menus)) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]")) return;
    event.preventDefault();
    const theme = event.submitter.value;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    const body = new FormData(form, event.submitter);
    fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    form.closest("details").open = false;
  });

  // Strips that are longer than the screen: the current one in view, and a faded edge where there is more.
  const edges = (strip) => {
    const beyond = strip.scrollWidth - strip.clientWidth;
    const more = [strip.scrollLeft > 1 && "before", strip.scrollLeft < beyond - 1 && "after"].filter(Boolean);
    if (more.length) strip.dataset.more = more.join(" ");
    else delete strip.dataset.more;
  };
  const seen = new WeakSet();
  const fit = (strips) => {
    for (const strip of strips) {
      seen.add(strip);
      const current = strip.querySelector("[aria-current]");
      if (current) {
        const there = current.getBoundingClientRect(), here = strip.getBoundingClientRect();
        strip.scrollLeft += there.left - here.left - (here.width - there.width) / 2;
      }
      edges(strip);
    }
  };
  const all = () => [...document.querySelectorAll(".tabs, .agenda-strip")];
  fit(all());
  addEventListener("resize", () => fit(all()));
  // A strip that came anew; one that somebody has scrolled stays where it is.
  document.addEventListener("htmx:afterSettle", () => fit(all().filter((strip) => !seen.has(strip))));
  document.addEventListener("scroll", (event) => {
    if (event.target.matches?.(".tabs, .agenda-strip")) edges(event.target);
  }, true);

  // Toasts: those in the page, and those that fragments bring along (`loopline:toasts`).
  const toasts = document.getElementById("toasts");
  const leave = (toast) => { if (!toast.matches(".is-error")) setTimeout(() => toast.remove(), 6000); };
  const show = (level, text) => {
    const toast = document.createElement("div");
    toast.className = `toast is-${level}`;
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.dismiss = "";
    close.textContent = "×";
    close.setAttribute("aria-label", "Dismiss");
    toast.append(words, close);
    toasts.append(toast);
    leave(toast);
  };
  for (const toast of toasts.children) leave(toast);
  document.body.addEventListener("loopline:toasts", (event) => {
    for (const one of event.detail.toasts) show(one.level, one.text);
  });
  // A part of the page that did not come says so in its place, never stays empty (`data-when-missing`).
  const sayMissing = (event) => {
    const place = event.detail.target.closest("[data-when-missing]");
    if (!place) return false;
    const notice = document.createElement("p");
    notice.className = "notice is-warn";
    notice.textContent = place.dataset.whenMissing;
    place.replaceChildren(notice);
    return true;
  };
  document.body.addEventListener("htmx:responseError", (event) => {
    if (!sayMissing(event)) show("error", `That was refused (${event.detail.xhr.status}); nothing was changed. Reload the page and try again.`);
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    if (!sayMissing(event)) show("error", "The server did not answer; nothing was changed. Check the connection and try again.");
  });
})();
