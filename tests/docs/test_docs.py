"""The docs hold what they say: the reference is fresh, links lead somewhere, every setting is told."""

import re
from pathlib import Path

import pytest

from house.reference import FOLDER, pages

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", list(pages()))
def test_the_reference_says_what_the_code_declares(name: str) -> None:
    assert (ROOT / FOLDER / name).read_text() == pages()[name], "run `.venv/bin/python -m house.reference`"


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_setting_of_the_environment_is_documented() -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    read = set()
    for path in (ROOT / "loopline").rglob("*.py"):
        read |= set(re.findall(r"environ(?:ment)?(?:\.get\(|\[)\"([A-Z_]+)\"", path.read_text()))
    assert read
    for name in read - {"DJANGO_SETTINGS_MODULE"}:
        assert f"`{name}`" in told, f"{name} is not in docs/operations.md"
