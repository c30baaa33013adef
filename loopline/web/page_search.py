"""Finding reports, dashboards and the pages beside them by the words of what they are called and what they answer."""

import re
from collections.abc import Iterable

from django.urls import reverse

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.reports.catalogue import REPORTS
from loopline.web.dashboards import DASHBOARDS
from loopline.web.search import SHORTEST, Found

GROUP = "Reports"
MOST = 8
_BESIDE: tuple[tuple[str, str, str], ...] = (
    ("wall", "The loop today", "One screen for the wall"),
    ("weekly", "Weekly table", "What went into each channel each week, and what came out?"),
    ("models", "Models side by side", "How much does the answer depend on the model?"),
    ("own_models", "Own attribution models", "How should credit be shared here?"),
    ("experiments", "Experiments", "What would have happened without it?"),
    ("kept_reports", "Kept reports", "Views, reports by mail, frozen figures"),
)
"""Pages that the menu does not name, and that are no report of the library."""


def find_pages(text: str, actor: Actor) -> list[Found]:
    """Those the actor may see in whose name, or in the words beside it, some word begins with each word of `text`; by
    their names first."""
    words = _words(text)
    if len("".join(words)) < SHORTEST or not actor.may(Permission.SEE_REPORTS):
        return []
    named, meant = [], []
    for one, about in _all():
        if _holds(one.label, words):
            named.append(one)
        elif _holds(f"{one.label} {one.second} {about}", words):
            meant.append(one)
    return [*named, *meant][:MOST]


def _all() -> Iterable[tuple[Found, str]]:
    """Each with what else is said of it."""
    for key, report in REPORTS.items():
        address = reverse("closed_loop") if key == "closed-loop" else reverse("report", args=[key])
        yield Found(GROUP, report.label, report.question, address), report.summary
    for key, dashboard in DASHBOARDS.items():
        yield Found(GROUP, f"{dashboard.label} dashboard", dashboard.question, reverse("dashboard", args=[key])), ""
    for name, label, question in _BESIDE:
        yield Found(GROUP, label, question, reverse(name)), ""


def _holds(text: str, words: Iterable[str]) -> bool:
    """Inside of words it would find `ines` in “business”."""
    return all(any(one.startswith(word) for one in _words(text)) for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
