"""The pages of Count: the closed-loop report, what is behind its figures, downloads, and the models side by side."""

import gzip
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.attribution.ledger import REASONS
from loopline.attribution.model import MODELS, Model
from loopline.attribution.own_model import own_models
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.reports.address import (
    Asked,
    as_before,
    choices,
    counted_words,
    flat,
    options_said,
    read_address,
    usual_of,
)
from loopline.reports.behind import Behind, behind
from loopline.reports.catalogue import REPORTS
from loopline.reports.charts.bundle import ChartBundleError, bundle, version
from loopline.reports.charts.specs import MOST_BARS, by_row_chart, over_time_chart
from loopline.reports.dimension import DIMENSIONS, TOTAL
from loopline.reports.files.series import SERIES_FORMS
from loopline.reports.metric import METRICS, Metric, Number
from loopline.reports.naming import names_of
from loopline.reports.opened import MOST
from loopline.reports.option_words import names_read
from loopline.reports.options import Books, OptionError
from loopline.reports.over_time.series import over_time
from loopline.reports.periods import ALL, NAMES, named_periods
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.run import row_sparks, run_by_window, run_report, run_with_before, settle, told_whole
from loopline.reports.unread import refuse_unread
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.behind_names import costs_named, records_named, touches_named
from loopline.web.beside_credit import beside_credit
from loopline.web.report_files import as_file, no_file, wants_series, wants_windows
from loopline.web.report_pages import refusal
from loopline.web.report_words import changes, coverage, fractional
from loopline.web.spark_chart import sparks_drawn

KEY_FIGURES = ("cost_minor", "leads", "opportunities", "revenue_minor", "cost_per_opportunity_minor", "romi")
ABOUT_ONE = (
    "cost_minor", "leads", "qualified", "opportunities", "won", "revenue_minor", "cost_per_lead_minor",
    "cost_per_qualified_minor", "cost_per_opportunity_minor", "cost_per_won_minor", "romi", "sessions",
)  # fmt: skip
"""Key figures of a run that is about one conversion: it has six of them."""
IN_TABLE = (
    "sessions", "people", "cost_minor", "leads", "converted", "qualified", "opportunities", "won", "revenue_minor",
    "cost_per_lead_minor", "cost_per_qualified_minor", "cost_per_opportunity_minor", "cost_per_won_minor", "romi",
)  # fmt: skip
FORM_WORDS = {"csv": "CSV", "xlsx": "Excel (XLSX)", "json": "JSON", "parquet": "Parquet"}
SECONDARY = set(IN_TABLE) - {"cost_minor", "revenue_minor", "romi"}
"""Columns that phones leave out."""
WIDE_ONLY = {"sessions", "people", "converted", "opportunities", "cost_per_lead_minor"}
"""Columns that tablets leave out too."""


@require_GET
@allow(Permission.SEE_REPORTS)
def closed_loop(request: PageRequest) -> HttpResponse:
    """What each row cost, and what it earned."""
    books = books_for(request.actor)
    shown = chips(request, "closed_loop")
    try:
        asked = read_address(request.GET, books, timezone.localdate())
        result, before = run_with_before("closed-loop", asked.options, as_before(asked), engine(), books)
    except OptionError as error:
        return render(request, "reports/closed_loop.html", shown | refusal(error), status=400)
    model = settle(asked.options, engine(), books).model
    shown |= about(asked, model) | {
        "result": result,
        "currency": books.currency,
        "before": before,
        "key_figures": changes(_among(ABOUT_ONE if asked.options.conversion else KEY_FIGURES, result), result, before),
        "coverage": coverage(result.dealt),
        "fractional": fractional(result),
        "reasons": {REASONS[key]: amount for key, amount in result.dealt.unattributed_reasons.items() if amount},
        "columns": _among(IN_TABLE, result),
        "secondary": SECONDARY,
        "wide_only": WIDE_ONLY,
        "largest": _largest(result),
        "behind": reverse("closed_loop_behind"),
        "experiments": beside_credit(request.actor, result),
    }
    if not result.is_empty:
        scope = settle(
            replace(asked.options, first=result.first, last=result.last, as_of=result.as_of), engine(), books
        )
        points = over_time(scope, engine())
        named = sum(1 for row in result.rows if not row.is_rest)
        shown |= {
            "sparks": sparks_drawn(row_sparks(result, asked.options, engine(), books), result),
            "points": points,
            "charts": {"over-time": over_time_chart(points, books.currency)}
            | ({"by-row": by_row_chart(result.rows, books.currency)} if named else {}),
            "named_rows": named,
            "most_bars": MOST_BARS,
            "charts_version": version(),
        }
    return render(request, "reports/closed_loop.html", shown)


def _among(keys: Sequence[str], result: ReportResult) -> list[Metric]:
    """Those of the figures that the run has: one that is about one conversion leaves the others out."""
    has = {metric.key for metric in result.metrics}
    return [METRICS[key] for key in keys if key in has]


@require_GET
@allow(Permission.SEE_REPORTS)
def closed_loop_download(request: PageRequest, form: str) -> HttpResponse:
    """The same figures as a file."""
    return downloaded(request, REPORTS["closed-loop"], form)


def downloaded(request: PageRequest, report: Report, form: str) -> HttpResponse:
    """A report as CSV, JSON, XLSX or Parquet, as its address asks for it; with `series=yes` what it shows over time,
    with `windows=yes` how much the lookback window matters."""
    books = books_for(request.actor)
    try:
        refuse_unread(flat(request.GET), report)
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
        if wants_windows(request.GET):
            return as_file(run_by_window(report.key, asked.options, engine(), books).result.to_json(), form)
        result = run_report(report.key, asked.options, engine(), books)
        return as_file(told_whole(result, asked.options, engine(), books), form, is_series=wants_series(request.GET))
    except OptionError as error:
        return no_file(error)


@require_GET
@allow(Permission.SEE_REPORTS)
def closed_loop_behind(request: PageRequest) -> HttpResponse:
    """The people, records, touchpoints or cost lines that add up to one figure."""
    books = books_for(request.actor)
    row, metric = request.GET.get("row", TOTAL), request.GET.get("metric", "revenue_minor")
    shown = chips(request, "closed_loop_behind")
    try:
        asked = read_address(request.GET, books, timezone.localdate())
        found = behind(row, metric, asked.options, engine(), books)
    except OptionError as error:
        return render(request, "reports/closed_loop_behind.html", shown | refusal(error), status=400)
    dimension = DIMENSIONS[asked.options.by]
    shown |= about(asked, found.scope.model) | {
        "found": found,
        "row_name": names_of(dimension, [row], found.scope, engine())[row],
        "dimension": dimension,
        "currency": books.currency,
        "units": books.units,
        "parts": _parts_of(found, books),
        "records": records_named(found.records, request.actor),
        "costs": costs_named(found.costs, request.actor),
        "visitors": touches_named(found.visitors, request.actor),
        "hides_names": bool(found.leads or found.visitors) and not request.actor.may(Permission.SEE_PEOPLE),
        "reasons": REASONS,
        "most": MOST,
        "back": f"{reverse('closed_loop')}?{shown['options_query']}",
        "behind": reverse("closed_loop_behind"),
    }
    return render(request, "reports/closed_loop_behind.html", shown)


def _parts_of(found: Behind, books: Books) -> list[tuple[Metric, Number]]:
    """A ratio and what it is made of, with the values of its row; nothing for a figure that is no ratio."""
    if not found.metric.parts:
        return []
    result = run_report("closed-loop", found.scope.options, engine(), books)
    values = next((row.values for row in [*result.rows, result.totals] if row.key == found.row), {})
    return [(METRICS[key], values.get(key)) for key in (found.metric.key, *found.metric.parts)]


@require_GET
def chart_bundle(request: HttpRequest, number: str) -> HttpResponse:
    """The program that draws charts. Public like any static file; its address changes with its version."""
    try:
        content = bundle(settings.CONFIG.data / "cache")
    except ChartBundleError as error:
        return HttpResponse(f"/* {error} */", status=503, content_type="text/javascript")
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(content if takes_gzip else gzip.decompress(content), content_type="text/javascript")
    if takes_gzip:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "public, max-age=31536000, immutable" if number == version() else "no-cache"
    return response


def chips(
    request: PageRequest, route: str, report: Report = REPORTS["closed-loop"], takes: Collection[str] = ()
) -> dict[str, Any]:
    """What the options above a report offer; here also when the address asks for something impossible.

    `takes`: the options that the page reads where they are not those of its report. Links carry these and no others.
    """
    takes = takes or names_read(report)
    books = books_for(request.actor)
    known = MODELS | own_models(engine(), {"as_of": engine().horizon()})
    offered = choices(books, report.by or {}, known)
    return offered | {
        "said": _said(flat(request.GET), offered),
        "models": {key: model.label for key, model in known.items() if report.takes(model)},
        "report": report,
        "forms": FORM_WORDS,
        "series_forms": SERIES_FORMS,
        "reads": report.reads,
        "can_compare": route == "closed_loop",
        "periods": named_periods(timezone.localdate()),
        "route": route,
        "whose": books.whose,
        "query": flat(request.GET),
        "takes": takes,
        "options_query": urlencode({name: told for name, told in options_said(request.GET).items() if name in takes}),
    }


def _said(query: Mapping[str, str], offered: Mapping[str, Any]) -> dict[str, str]:
    """What the address says, in the words of the chips; as it stands there where there is no such choice."""
    words: dict[str, Mapping[str, str]] = {
        "period": NAMES | {ALL: "All there is"},
        "by": {key: label.lower() for key, label in offered["dimensions"].items()},
        "model": offered["models"],
        "clock": offered["clock_names"],
        "conversion": offered["conversions_about"],
        "people": offered["peoples"],
        "lookback": offered["lookbacks"],
    }
    return {name: known.get(query[name], query[name]) for name, known in words.items() if query.get(name)}


def about(asked: Asked, model: Model) -> dict[str, Any]:
    return {
        "asked": asked,
        "options": asked.options,
        "model": model,
        "model_label": model.label,
        "counted_words": counted_words(asked.options),
        "chosen_kinds": asked.options.touch_kinds or EARNING_KINDS.keys(),
    }


def _largest(result: ReportResult) -> int:
    """The scale of the bars: the largest revenue or cost of a row that is a value of the dimension."""
    values = [row.values[key] or 0 for row in result.rows if not row.is_rest for key in ("revenue_minor", "cost_minor")]
    return int(max(values, default=0))
