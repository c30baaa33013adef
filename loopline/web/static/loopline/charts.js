// Draws the charts of a page from its data. Colours are the page's own tokens, so that a chart follows the theme, and
// paper is light whatever the theme is.
// `ast` lets Vega work without `eval`, which the Content-Security-Policy forbids.
(() => {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const places = [...document.querySelectorAll("[data-chart]")];

  const coloured = (value) => {
    if (typeof value === "string") return value.startsWith("token:") ? `var(--${value.slice(6)})` : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    return value;
  };

  const drawn = new Map();
  const draw = async (place) => {
    const { spec, rows } = data[place.dataset.chart];
    const whole = { ...coloured(spec), datasets: { rows } };
    const options = { actions: false, ast: true, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true } };
    try {
      drawn.get(place)?.finalize();
      drawn.set(place, await window.vegaEmbed(place, whole, options));
    } catch (error) {
      place.textContent = "The chart could not be drawn. The same figures are in the table.";
      console.error(error);
    }
  };
  // Room for names and labels is decided as a chart is drawn: at another width it is drawn anew.
  const widths = new Map();
  let soon;
  const watch = new ResizeObserver((entries) => {
    const changed = entries.filter(({ target, contentRect }) => Math.abs(widths.get(target) - contentRect.width) > 1);
    for (const { target, contentRect } of entries) widths.set(target, contentRect.width);
    if (!changed.length) return;
    clearTimeout(soon);
    soon = setTimeout(() => places.forEach(draw), 150);
  });
  places.forEach(async (place) => {
    await draw(place);
    watch.observe(place);
  });
})();
