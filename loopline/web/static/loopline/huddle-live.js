// The live huddle: listens to server-sent events, brings the parts of the page up to date that nobody is using, and
// counts the minutes of the card. Where events cannot come, it asks every 15 seconds; without it, reloading does.
(() => {
  const screen = document.querySelector("[data-live-huddle]");
  if (!screen) return;
  const note = document.querySelector("[data-live-note]");
  const words = document.getElementById("live-words");
  let asking = false;
  let again = false;

  const isInUse = (part) => {
    const active = document.activeElement;
    if (part.contains(active) && active.matches("input, textarea, select")) return true;
    return [...part.querySelectorAll("textarea, input:not([type=hidden])")].some((one) => one.value !== one.defaultValue);
  };

  // The address says where this person looks; a card that everybody turned to comes by itself.
  const refresh = async () => {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!fresh.querySelector("[data-live-huddle]")) { location.reload(); return; }
      for (const part of document.querySelectorAll("[data-live-part]")) {
        const next = fresh.getElementById(part.id);
        if (!next || next.outerHTML === part.outerHTML || isInUse(part)) continue;
        const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        part.replaceWith(next);
        window.htmx?.process(next);
        if (focused) next.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
      }
      note.hidden = true;
      tick();
      showCurrent();
    } catch {
      note.hidden = false;
    } finally {
      asking = false;
      if (again) { again = false; refresh(); }
    }
  };

  const showCurrent = () => {
    const strip = document.querySelector(".agenda-strip");
    const current = strip?.querySelector("[aria-current]");
    if (current) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - 24;
  };

  let poll;
  const askEvery15 = () => { poll ??= setInterval(refresh, 15_000); };
  const listen = () => {
    const events = new EventSource(`${screen.dataset.liveHuddle}?seen=${screen.dataset.seen}`);
    events.addEventListener("open", () => {
      clearInterval(poll);
      poll = undefined;
      note.hidden = true;
      words.textContent = "Live: what anybody does shows here at once.";
    });
    events.addEventListener("changed", (event) => {
      screen.dataset.seen = JSON.parse(event.data).revision;
      refresh();
    });
    events.addEventListener("error", () => {
      note.hidden = false;
      if (events.readyState === EventSource.CLOSED) askEvery15();
    });
    addEventListener("pagehide", () => events.close());
  };
  if ("EventSource" in window) listen();
  else askEvery15();

  const tick = () => {
    const timer = document.querySelector(".timer");
    const card = document.getElementById("card");
    if (!timer || !card) return;
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(timer.dataset.since)) / 1000));
    const planned = Number(card.dataset.minutes);
    timer.hidden = false;
    timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} of ${planned} min`;
    timer.classList.toggle("is-over", seconds > 60 * planned);
  };
  tick();
  showCurrent();
  setInterval(tick, 1000);
})();
