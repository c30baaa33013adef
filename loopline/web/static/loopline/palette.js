// The command palette: Ctrl K or ⌘ K opens any page and report and finds people, companies, campaigns and opportunities.
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector(".palette-list");
  const empty = dialog.querySelector(".palette-empty");
  const isMac = navigator.platform.startsWith("Mac");
  if (isMac) for (const hint of document.querySelectorAll("[data-shortcut]")) hint.textContent = "⌘ K";

  const pages = [...document.querySelectorAll("#sidebar nav a")].map((link) => ({
    group: "Pages", label: link.querySelector("span").textContent, second: "", url: link.href,
  }));
  let options = [];
  let selected = 0;
  let asked = 0;

  const fits = (option, words) => words.every((word) => option.label.toLowerCase().includes(word));

  function render(found) {
    options = found;
    selected = 0;
    list.replaceChildren();
    let group = "";
    found.forEach((option, place) => {
      if (option.group !== group) {
        group = option.group;
        const head = document.createElement("div");
        head.className = "palette-group";
        head.setAttribute("role", "presentation");
        head.textContent = group;
        list.append(head);
      }
      const row = document.createElement("div");
      row.className = "palette-option";
      row.id = `palette-option-${place}`;
      row.setAttribute("role", "option");
      const label = document.createElement("span");
      label.textContent = option.label;
      const second = document.createElement("span");
      second.className = "second";
      second.textContent = option.second;
      row.append(label, second);
      row.addEventListener("click", () => location.assign(option.url));
      row.addEventListener("mousemove", () => select(place));
      list.append(row);
    });
    list.hidden = !found.length;
    select(0);
  }

  function select(place) {
    selected = place;
    for (const row of list.querySelectorAll("[role=option]")) {
      row.setAttribute("aria-selected", String(row.id === `palette-option-${place}`));
    }
    const row = document.getElementById(`palette-option-${place}`);
    if (row) {
      input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function say(text) {
    empty.textContent = text;
    empty.hidden = !text;
  }

  async function search() {
    const text = input.value.trim();
    const here = pages.filter((page) => fits(page, text.toLowerCase().split(/\s+/)));
    const mine = ++asked;
    render(here);
    say("");
    if (text.length < 2) return;
    try {
      const response = await fetch(`${dialog.dataset.find}?q=${encodeURIComponent(text)}`);
      if (!response.ok) throw new Error(String(response.status));
      const { found } = await response.json();
      if (mine !== asked) return;
      const isHere = (one) => here.some((page) => new URL(page.url).pathname === one.url);
      render([...here, ...found.filter((one) => !isHere(one))]);
      say(options.length ? "" : `Nothing is called “${text}”.`);
    } catch {
      if (mine === asked) say("The search did not answer. Pages can still be opened from the menu.");
    }
  }

  function open() {
    const sidebar = document.getElementById("sidebar");
    if (sidebar.matches(":popover-open")) sidebar.hidePopover();
    input.value = "";
    say("");
    render(pages);
    dialog.showModal();
    input.focus();
  }

  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 90);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (options.length) select((selected + step + options.length) % options.length);
    } else if (event.key === "Enter" && options[selected]) {
      event.preventDefault();
      location.assign(options[selected].url);
    }
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) open(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
})();
