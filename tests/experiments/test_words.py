"""“Caused” is said beside a random holdout only: anywhere else it would claim what no model can know."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAY_SAY_IT = ("experiment", "docs/attribution.md", "docs/DEFINITIONS.md", "beside_credit", "planner", "CHANGELOG.md")
"""What is about experiments, and what says that nothing else may."""


def _texts() -> list[Path]:
    found = [*(ROOT / "loopline").rglob("*.html"), *(ROOT / "loopline").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    return [*found, ROOT / "README.md"]


def test_nothing_else_says_caused() -> None:
    texts = _texts()
    assert len(texts) > 100
    saying = [str(one.relative_to(ROOT)) for one in texts if re.search(r"\bcaused\b", one.read_text(), re.IGNORECASE)]
    assert "loopline/experiments/verdict.py" in saying  # the search finds what is there
    assert [one for one in saying if not any(part in one for part in MAY_SAY_IT)] == []
