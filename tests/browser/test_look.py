"""The look at a page finds what is planted on it, also where the same looked sound before."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.look import Look

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><html lang="en"><head><title>Planted</title><meta name="viewport" content="width=device-width">
<style>body {{ background: #fff; color: #222 }} .faint {{ color: #ccc }} .night {{ background: #111; color: #eee }}
@media (prefers-color-scheme: dark) {{ .theme {{ color: #ddd }} }}
@media (max-width: 500px) {{ .narrow {{ color: #ccc }} }} .veil {{ opacity: .3 }}</style></head>
<body><main><h1>Planted</h1>{}</main></body></html>"""
QUICK = {"1440 light", "390 dark"}
"""The looks of a quick run; where all are asked for, the others see the same."""
SOUND = "<p>A line.</p>" * 5 + "<p class=night>White on black.</p>"


@pytest.mark.parametrize(("planted", "where", "said"), [
    (SOUND + "<p class=faint>A line.</p>", "1440 light, 390 dark", "color-contrast"),
    (SOUND + "<p style='color: #ccc'>A line.</p>", "1440 light, 390 dark", "color-contrast"),
    (SOUND + "<p style='background: #333'>A line.</p>", "1440 light, 390 dark", "color-contrast"),
    (SOUND + "<p class=theme>A line.</p>", "390 dark", "color-contrast"),
    (SOUND + "<p class=narrow>A line.</p>", "390 dark", "color-contrast"),
    (SOUND + "<div class=veil><p>A line.</p></div>", "1440 light, 390 dark", "color-contrast"),
    (SOUND + "<p hidden class=faint>A line.</p><p class=faint>A line.</p>", "1440 light, 390 dark", "color-contrast"),
    ("<label class=faint>Name <input disabled></label><label class=faint>Name <input></label>", "1440 light, 390 dark",
     "color-contrast"),
    (SOUND + "<img src=data:,>", "1440 light, 390 dark", "image-alt"),
    (SOUND + "<p style='width: 900px'>A line.</p>", "390 dark", "wider than the window"),
])  # fmt: skip
def test_what_is_planted_is_found(planted: str, where: str, said: str, page: Page, shoot: Look) -> None:
    page.set_content(PAGE.format(SOUND))
    shoot(page, "planted")
    for _ in range(2):
        page.set_content(PAGE.format(planted))
        with pytest.raises(AssertionError) as told:
            shoot(page, "planted")
        found = re.findall(rf"^planted at (.*?): {said}", str(told.value), re.MULTILINE)
        looks = ", ".join(found).split(", ")
        assert ", ".join(one for one in looks if one in QUICK) == where
