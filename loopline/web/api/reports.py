"""`/reports`: the library, and each report with the options of its page: as JSON or as a file."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.attribution.model import MODELS, Model
from loopline.attribution.own_model import own_models
from loopline.reports.address import as_before, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.change.why import why_changed
from loopline.reports.comparable import COMPARABLE
from loopline.reports.files.export import FORMS
from loopline.reports.frozen import digest_of
from loopline.reports.option_words import OPTION_WORDS, options_of
from loopline.reports.options import Books
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.run import run_by_window, run_with_before, told_whole
from loopline.store.current import engine
from loopline.web.api.answer import bytes_answer, json_answer
from loopline.web.api.asked import again, asked_of, changes_words, form_of, only, report_named, since_of, words_of
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.schemas import PROBLEMS, ChangesAnswer, ReportAnswer, ReportList
from loopline.web.report_files import as_file, wants_series
from loopline.web.report_pages import page_of

router = Router(auth=Bearer(Scope.REPORTS_READ), tags=["Reports"], by_alias=True)


@router.get("", response={200: ReportList, **PROBLEMS}, summary="Every report, with the options it takes")
def reports(request: HttpRequest) -> HttpResponse:
    """The library of reports. Scope: `reports:read`."""
    only(request)
    books = caller_of(request).books
    models = MODELS | own_models(engine(), {"as_of": engine().horizon()})
    return json_answer(request, {"reports": [_about(report, books, models) for report in REPORTS.values()]})


def _about(report: Report, books: Books, models: Mapping[str, Model]) -> dict[str, Any]:
    usual = {"period": usual_of(report).period, "by": report.usual_by}
    taken = {key: one.label for key, one in models.items() if report.takes(one)}
    choices = {"model": taken, "unit": books.units, "by": report.by or {}}
    return {
        "key": report.key,
        "label": report.label,
        "question": report.question,
        "summary": report.summary,
        "group": report.group,
        "options": [
            {
                "name": one.name,
                "about": one.about,
                "usual": usual.get(one.name, one.usual),
                "choices": dict(choices.get(one.name, one.choices)),
            }
            for one in options_of(report)
        ],
        "metrics": [metric.key for metric in report.metrics],
        "opens": sorted(report.opening(report.metrics)),
        "formats": list(FORMS),
        "page": page_of(report.key),
    }


@router.get(
    "/{key}",
    response={200: ReportAnswer, **PROBLEMS},
    summary="The figures of a report",
    openapi_extra=documented(*OPTION_WORDS, "format", "series"),
)
def report(request: HttpRequest, key: str) -> HttpResponse:
    """Rows, totals, the balance, warnings, and what the rows show over time: the figures of its page and of
    `loopline report`. `format` gives them as a file, `series=yes` their course over time. Scope: `reports:read`."""
    found, books = report_named(key), caller_of(request).books
    words = words_of(request, found, "format", "series")
    asked = asked_of(words, found, books)
    form, is_series = form_of(words.get("format", "")), wants_series(words)
    result, before = run_with_before(key, asked.options, as_before(asked), engine(), books)
    told = told_whole(result, asked.options, engine(), books)
    if form != "json":
        return bytes_answer(request, as_file(told, form, is_series=is_series))
    run = {"id": None, "digest": digest_of(told), "as_of": told["as_of"], "options": again(words, result)}
    return json_answer(request, told | {"run": run} | (_before(before) if asked.before else {}))


def _before(before: ReportResult | None) -> dict[str, Any]:
    """null where the books do not reach back over the whole period before: nothing is compared then."""
    if before is None:
        return {"before": None}
    told = before.to_json()
    return {"before": {name: told[name] for name in ("from", "to", "rows", "totals")}}


@router.get(
    "/{key}/windows",
    response={200: ReportAnswer, **PROBLEMS},
    summary="How much the lookback window matters to a report",
    openapi_extra=documented(*OPTION_WORDS, "format"),
)
def windows(request: HttpRequest, key: str) -> HttpResponse:
    """One figure of each row under several lookback windows, a column a window (`window_30`, `window_none`), each of
    which adds up to the same. Scope: `reports:read`."""
    found, books = report_named(key), caller_of(request).books
    words = words_of(request, found, "format")
    form, options = form_of(words.get("format", "")), asked_of(words, found, books).options
    result = run_by_window(key, options, engine(), books).result
    told = result.to_json()
    if form != "json":
        return bytes_answer(request, as_file(told, form))
    run = {"id": None, "digest": digest_of(told), "as_of": told["as_of"], "options": again(words, result)}
    return json_answer(request, told | {"run": run})


@router.get(
    "/{key}/changes",
    response={200: ChangesAnswer, **PROBLEMS},
    summary="Why a report says something else than it did",
    openapi_extra=documented(*(one for one in OPTION_WORDS if one != "compare"), "since", "metric"),
)
def changes(request: HttpRequest, key: str) -> HttpResponse:
    """The difference between two moments, split into what arrived in between; the shares add up to it exactly.
    Scope: `reports:read`."""
    found, books = report_named(key, COMPARABLE), caller_of(request).books
    words = changes_words(request, found, "metric")
    options, since = asked_of(words, found, books).options, since_of(words, books)
    why = why_changed(key, options, since, engine(), books, metric=words.get("metric", ""))
    return json_answer(request, why.to_json())
