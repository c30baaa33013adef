"""Why the closed loop says something else than it did: the page that splits the difference into what arrived."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.address import read_address
from loopline.reports.asked import moment_of
from loopline.reports.cause_facts import MOST, facts_of
from loopline.reports.causes import CAUSES, Cause
from loopline.reports.options import OptionError
from loopline.reports.run import settle
from loopline.reports.why import COMPARED, Why, why_changed
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.fact_words import facts_in_words
from loopline.web.views.reports import about, chips

A_WEEK = timedelta(days=7)
IN_TABLE = ("revenue_minor", "cost_minor", "leads", "opportunities", "won", "sessions")


@require_GET
@allow(Permission.SEE_REPORTS)
def closed_loop_changes(request: PageRequest) -> HttpResponse:
    """What changed in the books between two moments, by what arrived in between; each cause opens."""
    books = books_for(request.actor)
    shown = chips(request, "closed_loop_changes")
    try:
        asked = read_address(request.GET, books, timezone.localdate())
        now = settle(asked.options, engine(), books)
        since = moment_of(request.GET.get("since", ""), books.zone) or now.as_of - A_WEEK
        found = why_changed(asked.options, since, engine(), books, request.GET.get("metric") or "revenue_minor")
        opened = _opened(request.GET.get("cause", ""))
    except OptionError as error:
        return render(request, "reports/closed_loop_changes.html", shown | {"trouble": str(error)}, status=400)
    shown |= about(asked, now.model) | {
        "found": found,
        "currency": books.currency,
        "columns": [metric for key in IN_TABLE for metric in COMPARED if metric.key == key],
        "compared": COMPARED,
        "because": {row.key: _because(found, row.key) for row in found.rows},
        "since_text": request.GET.get("since", ""),
        "opened": opened,
        "most": MOST,
        "back": reverse("closed_loop") + (f"?{shown['options_query']}" if shown["options_query"] else ""),
    }
    if opened:
        facts = facts_of(opened, found.scope, since, engine())
        shown["facts"] = facts_in_words(opened, facts, request.actor, books.currency, books.zone)
    return render(request, "reports/closed_loop_changes.html", shown)


def _opened(key: str) -> Cause | None:
    """Raises OptionError for a cause that does not exist."""
    if not key:
        return None
    for cause in CAUSES:
        if cause.key == key:
            return cause
    raise OptionError(f"There is no cause “{key}”. Choose one below.")


def _because(found: Why, row: str) -> list[tuple[Cause, int | float | None]]:
    return [(share.cause, share.by_row[row]) for share in found.shares if row in share.by_row]
