"""Why a report says something else than it did: the page that splits the difference into what arrived."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reporting.comparing import NOW, run_named, sides_of
from loopline.reports.address import flat, read_address, usual_of
from loopline.reports.asked import moment_of
from loopline.reports.change.cause_facts import MOST, facts_of
from loopline.reports.change.causes import OUTSIDE, Cause, cause_named
from loopline.reports.change.difference import Share, Why
from loopline.reports.change.records_changed import records_changed
from loopline.reports.change.why import Frozen, lets_wait, why_changed
from loopline.reports.comparable import COMPARABLE
from loopline.reports.dimension import TOTAL
from loopline.reports.metric import Number
from loopline.reports.opened import MOST as MOST_RECORDS
from loopline.reports.options import OptionError, Options
from loopline.reports.periods import CUSTOM
from loopline.reports.report import Report
from loopline.reports.run import settle_for
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.behind_names import items_named
from loopline.web.cause_told import not_told
from loopline.web.fact_words import ToldFact, facts_in_words
from loopline.web.report_pages import Opening, page_of, refusal, refused_as, report_or_404
from loopline.web.views.reports import about, chips

A_WEEK = timedelta(days=7)
MOST_COLUMNS = 6
PAGE = "reports/report_changes.html"


@dataclass(frozen=True, slots=True)
class _Compared:
    """What `why_changed` is asked for, and what the page says of it beside."""

    options: Options
    since: datetime
    shown: dict[str, Any]
    said: Mapping[str, str] | None
    """The options as an address says them; None where no address says the same."""
    frozen: Frozen | None = None


@require_GET
@allow(Permission.SEE_REPORTS)
def report_changes(request: PageRequest, key: str) -> HttpResponse:
    """What changed between two moments, or between frozen runs, by what arrived in between; each cause opens.

    Where that takes long the page comes at once and says so, and what changed is loaded into it.
    """
    report, run_id, books = report_or_404(key, COMPARABLE), request.GET.get("frozen", ""), books_for(request.actor)
    if run_id and request.GET.get("against", NOW) == NOW and not request.GET.get("as_of"):
        return redirect(_as_of_now(request))
    shown = chips(request, "report_changes", report)
    shown |= {
        "back": page_of(report.key, shown["options_query"]),
        "run_id": run_id,
        "since_text": request.GET.get("since", ""),
    }
    try:
        opened = _opened(request.GET.get("cause", ""))
        asked = _between_runs(report, run_id, request) if run_id else _between_moments(report, request)
        shown |= asked.shown
        if _may_come_later(request) and lets_wait(key, asked.options, asked.since, engine(), books):
            return render(request, PAGE, shown | {"comes_later": True})
        metric = request.GET.get("metric", "")
        found = why_changed(key, asked.options, asked.since, engine(), books, metric=metric, frozen=asked.frozen)
        told, openings = _told(found, request), _openings(report, asked, found)
        shown |= told | openings | (_opening(opened, found, request) if opened else {})
    except OptionError as error:
        return render(request, PAGE, shown | refusal(error), status=refused_as(is_part=bool(request.htmx)))
    return render(request, PAGE, shown)


def _as_of_now(request: PageRequest) -> str:
    """The same address with the moment by name: opened again, tomorrow or by a colleague, it gives the same figures."""
    said = request.GET.copy()
    said["as_of"] = engine().horizon().isoformat()
    return f"{request.path}?{said.urlencode()}"


def _may_come_later(request: PageRequest) -> bool:
    """A browser without scripts asks for the whole page."""
    return not request.htmx and request.GET.get("whole") != "yes"


def _between_moments(report: Report, request: PageRequest) -> _Compared:
    """Raises OptionError for what cannot be meant."""
    books = books_for(request.actor)
    asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
    now = settle_for(report, asked.options, engine(), books)
    since = moment_of(request.GET.get("since", ""), books.zone, "since") or now.as_of - A_WEEK
    shown, said = about(asked, now.model) | {"since": since}, flat(request.GET)
    return _Compared(replace(asked.options, as_of=now.as_of), since, shown, said)


def _between_runs(report: Report, run_id: str, request: PageRequest) -> _Compared:
    """Raises OptionError where there are no such runs, or they cannot be compared."""
    shown: dict[str, Any] = {"back": reverse("kept_reports"), "against": request.GET.get("against", NOW)}
    run = run_named(report.key, run_id, request.actor)
    as_of, books = request.GET.get("as_of", ""), books_for(request.actor)
    options, since, kept = sides_of(run, shown["against"], as_of, request.actor, books)
    has_units = run.covers_all_units or run.options.get("unit")
    said = run.options if has_units else None  # an address names one business unit, or all that are seen
    return _Compared(options, since, shown | {"back": reverse("frozen_run", args=[run.pk])}, said, kept)


def _openings(report: Report, asked: _Compared, found: Why) -> dict[str, Opening | None]:
    """Where figures of before and of now open: of the days of the answer, as of either moment. What was frozen is as it
    was, whatever the books of its moment say today."""
    kept = asked.frozen or Frozen()
    days = {"period": CUSTOM, "from": found.scope.first.isoformat(), "to": found.scope.last.isoformat()}
    before, now = (
        None if is_kept or asked.said is None else Opening(report, {**asked.said, **days, "as_of": at.isoformat()})
        for is_kept, at in ((kept.before, found.since), (kept.after, found.scope.as_of))
    )
    return {"opening_before": before, "opening_now": now}


def _told(found: Why, request: PageRequest) -> dict[str, Any]:
    said, moment = request.GET, found.scope.as_of.isoformat()
    return {
        "found": found,
        "options": found.scope.options,
        "model_label": found.scope.model.label,
        "currency": found.scope.books.currency,
        "columns": found.totals[:MOST_COLUMNS],
        "because": {row.key: _because(found, row.key) for row in found.rows},
        "figures": {share.cause.key: _figure_changed(share, found) for share in found.shares},
        "pinned": said.get("as_of") if said.get("frozen") else moment,
    }


def _figure_changed(share: Share, found: Why) -> str:
    """In which figure its records are shown first: the one of the page where they changed it."""
    changed = [metric.key for metric in found.totals if share.changes.get(metric.key)]
    return found.metric.key if share.by_row or not changed else changed[0]


def _opening(cause: Cause, found: Why, request: PageRequest) -> dict[str, Any]:
    """The records that the cause changed in the figure, and the facts that were learned. Raises OptionError."""
    row = request.GET.get("row", TOTAL)  # the key of a row may be empty
    changed = records_changed(found, cause, row, engine())
    items = [one.item for one in changed.changes] if changed else []
    named = items_named(items, request.actor)
    return {
        "opened": cause,
        "opened_row": next((one.label for one in found.rows if one.key == row), ""),
        "opened_metric": found.report.told_in(row, found.metric),
        "may_open_records": cause.key != OUTSIDE.key and (row != TOTAL or bool(found.totals)),
        "changed": changed,
        "not_told": not_told(found, cause, row) if changed is None else "",
        "changed_records": list(zip(named, changed.changes, strict=True)) if changed else [],
        "hides_names": not request.actor.may(Permission.SEE_PEOPLE)
        and any(one.kind in {"lead", "person"} for one in items),
        "most": MOST,
        "most_records": MOST_RECORDS,
        "facts": _facts(cause, found, request),
    }


def _facts(cause: Cause, found: Why, request: PageRequest) -> list[ToldFact]:
    books = found.scope.books
    facts = facts_of(cause, found.scope, found.since, engine())
    return facts_in_words(cause, facts, request.actor, books.currency, books.zone)


def _opened(key: str) -> Cause | None:
    """Raises OptionError for a cause that does not exist."""
    if not key:
        return None
    cause = cause_named(key)
    if cause is None:
        raise OptionError(f"There is no cause “{key}”. Choose one below.", "cause")
    return cause


def _because(found: Why, row: str) -> list[tuple[Cause, Number]]:
    return [(share.cause, share.by_row[row]) for share in found.shares if row in share.by_row]
