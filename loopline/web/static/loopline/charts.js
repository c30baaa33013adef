// Draws the charts of a page from its data, in the colours of the theme in use, and again when the theme changes.
// `ast` lets Vega work without `eval`, which the Content-Security-Policy forbids.
(() => {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const places = [...document.querySelectorAll("[data-chart]")];

  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colour = (token) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const coloured = (value) => {
    if (typeof value === "string") return value.startsWith("token:") ? colour(value.slice(6)) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    return value;
  };

  const draw = async (place) => {
    const { spec, rows } = data[place.dataset.chart];
    const whole = { ...coloured(spec), datasets: { rows } };
    const options = { actions: false, ast: true, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true } };
    try {
      const drawn = await window.vegaEmbed(place, whole, options);
      place.finalize?.();
      place.finalize = () => drawn.finalize();
    } catch (error) {
      place.textContent = "The chart could not be drawn. The same figures are in the table.";
      console.error(error);
    }
  };
  const drawAll = () => places.forEach(draw);

  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
