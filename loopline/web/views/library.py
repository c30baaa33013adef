"""Count · the library of reports: one page shows any of them, one opens what is behind a figure, one hands it out."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.lib.amounts import money_whole_text
from loopline.reporting.flow_chart import flow_svg
from loopline.reporting.model_chart import comparison_chart
from loopline.reports.address import as_before, read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.change.difference import is_split
from loopline.reports.charts.bundle import version
from loopline.reports.charts.flows import flows_of
from loopline.reports.dimension import TOTAL
from loopline.reports.library.model_comparison import APART
from loopline.reports.library.paths import ARROW
from loopline.reports.metric import Metric
from loopline.reports.opened import MOST
from loopline.reports.option_words import names_read
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.run import dated, open_figure_of, row_sparks, run_report_of, run_with_before, settle_for
from loopline.reports.weekly.lines import LINES
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.behind_names import items_named
from loopline.web.report_pages import page_of, refusal, report_or_404
from loopline.web.report_words import changes, fractional
from loopline.web.spark_chart import sparks_drawn
from loopline.web.views.reports import about, chips, downloaded
from loopline.web.weekly_line import line_in_closed_loop
from loopline.web.workings_shown import workings_shown

GROUPS = ("Arrive", "Hand over", "Win", "Count", "Learn")
"""The stations of the loop."""
SHOWN_HERE = {key: one for key, one in REPORTS.items() if key != "closed-loop"}
"""The closed loop has a page of its own."""
OPENED_HERE = SHOWN_HERE | {LINES.key: LINES}
PAGE_WIDE = 1110
"""Pixels inside a panel of a desktop page."""
ON_PHONES, ON_TABLETS = 3, 6
"""So many figures fit beside the name: the leading ones."""


@require_GET
@allow(Permission.SEE_REPORTS)
def library(request: PageRequest) -> HttpResponse:
    """Every report, with the question it answers."""
    groups: dict[str, list[Report]] = {name: [] for name in GROUPS}
    for report in REPORTS.values():
        groups[report.group].append(report)
    return render(request, "reports/library.html", {"groups": {name: found for name, found in groups.items() if found}})


@require_GET
@allow(Permission.SEE_REPORTS)
def all_reports(_request: PageRequest) -> HttpResponse:
    """For whoever shortens the address of a report."""
    return redirect("library")


@require_GET
@allow(Permission.SEE_REPORTS)
def report(request: PageRequest, key: str) -> HttpResponse:
    """One report of the library as its address asks for it."""
    found = report_or_404(key, SHOWN_HERE)
    books = books_for(request.actor)
    shown = chips(request, "report", found)
    try:
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(found))
        result, before = run_with_before(key, asked.options, as_before(asked), engine(), books)
    except OptionError as error:
        return render(request, "reports/report.html", shown | refusal(error), status=400)
    shown |= about(asked, settle_for(found, asked.options, engine(), books).model)
    shown |= about_result(found, result, before)
    shown |= {
        "before": before,
        "can_compare": any(one.metric.is_compared for one in shown["key_figures"]),
        "has_windows": found.at_window is not None,
        "behind": reverse("report_behind", args=[key]),
        "sparks": sparks_drawn(points := row_sparks(result, asked.options, engine(), books), result),
        "spark_metric": points.metric if points else None,
    }
    return render(request, "reports/report.html", shown)


def about_result(found: Report, result: ReportResult, before: ReportResult | None) -> dict[str, Any]:
    """What a page says of a result, whether it was worked out now or frozen long ago."""
    by_key = {metric.key: metric for metric in result.metrics}
    leading = [by_key[key] for key in found.leading if key in by_key]
    shown: dict[str, Any] = {
        "report": found,
        "result": result,
        "currency": result.currency,
        "key_figures": changes(leading, result, before) if result.has_total else [],
        "columns": [metric for metric in result.metrics if metric.key not in found.only_in_files],
        "secondary": by_key.keys() - set(found.leading[:ON_PHONES]),
        "wide_only": {metric.key for metric in _by_weight(found, result)[ON_TABLETS:]},
        "opens": found.opening(result.metrics),
        "can_split": any(is_split(metric) for metric in result.metrics),
        "fractional": fractional(result),
        "has_young": any(row.young_note for row in result.rows),
    }
    if found.key == "paths" and result.by == "path":
        flows = flows_of(result.rows, ARROW)
        shown |= {"flows": flows, "flow_svg": flow_svg(flows, PAGE_WIDE)}
    elif found.key == "model-comparison":
        shown["key_figures"] = []
        shown["widest"] = max(
            (row for row in result.rows if not row.is_rest and row.values.get(APART.key) is not None),
            key=lambda row: row.values[APART.key] or 0,
            default=None,
        )
        shown["model_chart"] = comparison_chart(result, lambda amount: money_whole_text(round(amount), result.currency))
    elif found.chart and sum(1 for row in result.rows if not row.is_rest) > 1:
        chart = found.chart(result)
        if any(row["value"] is not None for row in chart["rows"]):
            shown |= {"charts": {"main": chart}, "charts_version": version()}
    return shown


def _by_weight(found: Report, result: ReportResult) -> list[Metric]:
    """The columns, leading ones first."""
    return sorted(
        (metric for metric in result.metrics if metric.key not in found.only_in_files),
        key=lambda metric: found.leading.index(metric.key) if metric.key in found.leading else len(found.leading),
    )


@require_GET
@allow(Permission.SEE_REPORTS)
def report_behind(request: PageRequest, key: str) -> HttpResponse:
    """The records that one figure counts."""
    found = report_or_404(key, OPENED_HERE)
    books = books_for(request.actor)
    row, metric = request.GET.get("row", TOTAL), request.GET.get("metric", "")
    shown = chips(request, "report_behind", found)
    shown["back"] = page_of(key, shown["options_query"])
    try:
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(found))
        options = dated(asked.options, engine())
        opened = open_figure_of(found, row, metric, options, engine(), books)
        result = run_report_of(found, options, engine(), books)
        scope = settle_for(found, options, engine(), books)
    except OptionError as error:
        return render(request, "reports/report_behind.html", shown | refusal(error), status=400)
    rows = {one.key: one for one in [*result.rows, result.totals]}
    figures = rows[row].values if row in rows else {}
    shown |= about(asked, scope.model) | {
        "opened": opened,
        "in_closed_loop": _in_closed_loop(found, row, metric, scope, shown["options_query"]),
        "result": result,
        "row_label": opened.label or (rows[row].label if row in rows else row),
        # Of a median there is no sum over what is behind it: it stands as the report says it.
        "figure": figures.get(metric) if opened.total is None else opened.total,
        "parts": [(found.told_in(row, part), figures.get(part.key)) for part in opened.parts],
        "workings": workings_shown(opened, key, request.GET),
        "behind": reverse("report_behind", args=[key]),
        "has_kinds": len({one.kind for one in opened.items}) > 1,
        "items": items_named(opened.items, request.actor),
        "hides_names": any(one.kind in {"lead", "person"} for one in opened.items)
        and not request.actor.may(Permission.SEE_PEOPLE),
        "currency": books.currency,
        "most": MOST,
    }
    return render(request, "reports/report_behind.html", shown)


def _in_closed_loop(found: Report, row: str, metric: str, scope: Scope, query: str) -> str:
    """Where the closed loop opens the same figure; "" where it does not know it."""
    if found is LINES:
        return line_in_closed_loop(row, metric, scope, dict(parse_qsl(query)))
    if found.in_closed_loop is None:
        return ""
    read = names_read(found)
    same = {name: value for name, value in parse_qsl(query) if name in read and name != "period"}
    period = {"from": scope.first.isoformat(), "to": scope.last.isoformat(), "by": scope.options.by}
    asked = same | period | {"row": row} | dict(found.in_closed_loop(metric))
    return f"{reverse('closed_loop_behind')}?{urlencode(asked)}"


@require_GET
@allow(Permission.SEE_REPORTS)
def report_download(request: PageRequest, key: str, form: str) -> HttpResponse:
    """The same figures as a file."""
    return downloaded(request, report_or_404(key), form)
