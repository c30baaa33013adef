"""Looking at a page: screenshots, and what is wrong with it."""

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page

LOOKS = (("light", 1440), ("dark", 390))
"""Theme and width of every test run; `make test-slow` looks at all six (LOOPLINE_LOOK=all)."""
NARROW = LOOKS[1:]
"""For pages like others that are looked at: the width in which they could break, in the theme that is seen less."""
ALL_LOOKS = tuple((theme, width) for theme in ("light", "dark") for width in (1440, 768, 390))
AXE = Axe().axe_script
"""Half a megabyte of JavaScript, put into a page once; whatever it says beside the violations stays in the browser."""
_HEIGHT = {1440: 900, 768: 1024, 390: 844}

_WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const isClipped = (element) => {
    for (let one = element.parentElement; one && one !== document.body; one = one.parentElement)
      if (getComputedStyle(one).overflowX !== "visible") return true;
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width + 1 && !isClipped(one))
    .map((one) => one.outerHTML.slice(0, 120)).slice(0, 5).concat(["document"]);
}"""


class Look:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def __call__(self, page: Page, name: str, *, looks: tuple[tuple[str, int], ...] = LOOKS) -> None:
        """Screenshots as `name-width-theme.png`; AssertionError names every fault of every width and theme."""
        try:
            faults = self._faults(page, name, looks)
        except Error as error:
            if "context was destroyed" not in str(error):
                raise
            page.wait_for_load_state()  # the click before it led on while we looked: look at the page it led to
            faults = self._faults(page, name, looks)
        assert not faults, "\n".join(f"{name} at {', '.join(where)}: {fault}" for fault, where in faults.items())

    def _faults(self, page: Page, name: str, looks: tuple[tuple[str, int], ...]) -> dict[str, list[str]]:
        faults: dict[str, list[str]] = {}
        for theme, width in ALL_LOOKS if os.environ.get("LOOPLINE_LOOK") == "all" else looks:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": _HEIGHT[width]})
            page.screenshot(path=self._folder / f"{name}-{width}-{theme}.png", full_page=True)
            found = [f"wider than the window: {wider}"] if (wider := page.evaluate(_WIDER)) else []
            if width != 768:
                found += _axe_faults(page)
            for fault in found:
                faults.setdefault(fault, []).append(f"{width} {theme}")
        page.set_viewport_size({"width": 1440, "height": 900})
        return faults


def _axe_faults(page: Page) -> list[str]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("() => axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for one in found
        for node in one["nodes"][:3]
    ]
