"""Looking at a page: screenshots, and what is wrong with it."""

import os
from collections import defaultdict
from dataclasses import asdict, dataclass, field
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
_LOOK = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_HEIGHT = {1440: 900, 768: 1024, 390: 844}

_WIDER = """async () => {
  if (document.readyState === "loading") await new Promise((go) => document.addEventListener("DOMContentLoaded", go));
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


@dataclass
class Texts:
    """What was learned of the contrast of texts in one theme and width, for as long as tests run: see `look.js`."""

    passed: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


_texts: defaultdict[tuple[str, int], Texts] = defaultdict(Texts)


class Look:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def __call__(self, page: Page, name: str, *, looks: tuple[tuple[str, int], ...] = LOOKS) -> None:
        """AssertionError names every fault of every width and theme.

        Screenshots, `name-width-theme.png`, of what is at fault, and with LOOPLINE_LOOK=all of everything.
        """
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
        is_thorough = os.environ.get("LOOPLINE_LOOK") == "all"
        for theme, width in ALL_LOOKS if is_thorough else looks:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": _HEIGHT[width]})
            found = [f"wider than the window: {wider}"] if (wider := page.evaluate(_WIDER)) else []
            if width != 768:
                found += _axe_faults(page, _texts[theme, width])
            for fault in found:
                faults.setdefault(fault, []).append(f"{width} {theme}")
            if found or is_thorough:
                page.screenshot(path=self._folder / f"{name}-{width}-{theme}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        return faults


def _axe_faults(page: Page, texts: Texts) -> list[str]:
    told = page.evaluate(_LOOK, asdict(texts))
    if told is None:
        page.evaluate(AXE)
        told = page.evaluate(_LOOK, asdict(texts))
    texts.passed, texts.odd = told["passed"], told["odd"]
    shown: defaultdict[str, list[str]] = defaultdict(list)
    for rule, about, element, summary in told["violations"]:
        shown[rule].append(f"{rule}: {about}: {element[:160]} {summary[:300]}")
    return [fault for faults in shown.values() for fault in faults[:3]]
