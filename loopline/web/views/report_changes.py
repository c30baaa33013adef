"""Why a report says something else than it did: the page that splits the difference into what arrived."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reporting.comparing import NOW, changed_between, run_named
from loopline.reports.address import read_address, usual_of
from loopline.reports.asked import moment_of
from loopline.reports.cause_facts import MOST, facts_of
from loopline.reports.causes import Cause, cause_named
from loopline.reports.metric import Number
from loopline.reports.options import OptionError
from loopline.reports.report import Report
from loopline.reports.run import settle_for
from loopline.reports.why import Why, why_changed
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.fact_words import facts_in_words
from loopline.web.report_pages import page_of, report_or_404
from loopline.web.views.reports import about, chips

A_WEEK = timedelta(days=7)
MOST_COLUMNS = 6


@require_GET
@allow(Permission.SEE_REPORTS)
def report_changes(request: PageRequest, key: str) -> HttpResponse:
    """What changed between two moments, or between frozen runs, by what arrived in between; each cause opens."""
    report, run_id = report_or_404(key), request.GET.get("frozen", "")
    shown = chips(request, "report_changes", report)
    shown |= {"back": _back(report, run_id, shown["options_query"]), "run_id": run_id}
    try:
        opened = _opened(request.GET.get("cause", ""))
        shown |= _between_runs(report, run_id, request) if run_id else _between_moments(report, request)
    except OptionError as error:
        return render(request, "reports/report_changes.html", shown | {"trouble": str(error)}, status=400)
    found: Why = shown["found"]
    currency, zone = found.scope.books.currency, found.scope.books.zone
    shown |= {
        "currency": currency,
        "columns": found.totals[:MOST_COLUMNS],
        "because": {row.key: _because(found, row.key) for row in found.rows},
        "since_text": request.GET.get("since", ""),
        "opened": opened,
        "most": MOST,
    }
    if opened and opened.table:
        facts = facts_of(opened, found.scope, found.since, engine())
        shown["facts"] = facts_in_words(opened, facts, request.actor, currency, zone)
    return render(request, "reports/report_changes.html", shown)


def _back(report: Report, run_id: str, query: str) -> str:
    if run_id:
        return reverse("kept_reports")
    return page_of(report.key, query)


def _between_moments(report: Report, request: PageRequest) -> dict[str, Any]:
    """Raises OptionError for what cannot be meant or compared."""
    books = books_for(request.actor)
    asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
    now = settle_for(report, asked.options, engine(), books)
    since = moment_of(request.GET.get("since", ""), books.zone) or now.as_of - A_WEEK
    metric = request.GET.get("metric", "")
    return about(asked, now.model) | {
        "found": why_changed(report.key, asked.options, since, engine(), books, metric=metric)
    }


def _between_runs(report: Report, run_id: str, request: PageRequest) -> dict[str, Any]:
    """Raises OptionError where there are no such runs, or they cannot be compared."""
    run = run_named(report.key, run_id, request.actor)
    against, metric = request.GET.get("against", NOW), request.GET.get("metric", "")
    found = changed_between(run, against, request.actor, engine(), books_for(request.actor), metric=metric)
    return {
        "found": found,
        "options": found.scope.options,
        "model_label": found.scope.model.label,
        "against": against,
        "back": reverse("frozen_run", args=[run.pk]),
    }


def _opened(key: str) -> Cause | None:
    """Raises OptionError for a cause that does not exist."""
    if not key:
        return None
    cause = cause_named(key)
    if cause is None:
        raise OptionError(f"There is no cause “{key}”. Choose one below.")
    return cause


def _because(found: Why, row: str) -> list[tuple[Cause, Number]]:
    return [(share.cause, share.by_row[row]) for share in found.shares if row in share.by_row]
