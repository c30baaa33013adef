"""What a caller asks for. Unlike a page, which people can look at, the API refuses what it would not use."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from loopline.reports.address import Asked, options_said, read_address, usual_of
from loopline.reports.asked import moment_of, unit_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.files.export import FORMS
from loopline.reports.option_words import OPTION_WORDS, names_read
from loopline.reports.options import Books, Scope
from loopline.reports.periods import CUSTOM
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.web.api.problem import refused


def only(request: HttpRequest, names: Iterable[str] = ()) -> dict[str, str]:
    """The options of the address. Raises ApiError for one that is not among `names`, or is given twice."""
    known = set(names)
    for name, values in request.GET.lists():
        if name not in known:
            raise refused(422, "option_unknown", _unknown(name, known), name)
        if len(values) > 1:
            raise refused(422, "option_twice", f"“{name}” is given {len(values)} times; give it once.", name)
    return {name: str(value) for name, value in request.GET.items()}


def _unknown(name: str, known: set[str]) -> str:
    shown = name[:60]
    if name in OPTION_WORDS:
        return f"This report does not read “{shown}”; leave it out. It reads: {', '.join(sorted(known))}."
    choices = f" It takes: {', '.join(sorted(known))}." if known else " It takes none."
    return f"There is no option “{shown}” here.{choices}"


def report_named(key: str, among: Mapping[str, Report] = REPORTS) -> Report:
    if key not in among:
        message = f"There is no report “{key[:60]}”. GET /api/v1/reports lists them: {', '.join(among)}."
        raise refused(404, "report_unknown", message, "key")
    return among[key]


def words_of(request: HttpRequest, report: Report, *others: str) -> dict[str, str]:
    """Options that `report` reads, and `others`."""
    return only(request, (*names_read(report), *others))


def changes_words(request: HttpRequest, report: Report, *others: str) -> dict[str, str]:
    """As `words_of`, where two moments are compared instead of two periods."""
    names = (name for name in names_read(report) if name != "compare")
    return only(request, (*names, "since", *others))


def since_of(words: Mapping[str, str], books: Books) -> datetime:
    """The earlier of two moments. Raises ApiError where none is said, and OptionError."""
    since = moment_of(words.get("since", ""), books.zone, "since")
    if since is None:
        raise refused(422, "option_missing", "Say since when: since=2026-03-31, or a moment.", "since")
    return since


def form_of(text: str) -> str:
    """A form of files; JSON where none is asked for. Raises ApiError."""
    if (text or "json") not in FORMS:
        message = f"There is no format “{text[:60]}”. Choose one of: {', '.join(FORMS)}."
        raise refused(422, "option_not_usable", message, "format")
    return text or "json"


def asked_of(words: Mapping[str, str], report: Report, books: Books) -> Asked:
    """Raises ApiError and OptionError."""
    if words.get("period", CUSTOM) not in ("", CUSTOM) and (words.get("from") or words.get("to")):
        message = f"“period={words['period']}” names the days already; leave out from and to, or the period."
        raise refused(422, "option_not_usable", message, "period")
    if words.get("compare", "none") not in OPTION_WORDS["compare"].choices:
        raise refused(422, "option_not_usable", "Compare with “before”, or with “none”.", "compare")
    unit = unit_of(words.get("unit", ""), books)
    said = {**words, "compare": words.get("compare", "none")} | ({"unit": next(iter(unit))} if unit else {})
    return read_address(said, books, timezone.localdate(), usual_of(report))


def again(words: Mapping[str, str], result: ReportResult | Scope) -> dict[str, str]:
    """Options that give the very same figures later: the days and the moment by name."""
    said = {name: value for name, value in options_said(words).items() if name not in ("period", "compare")}
    days = {"from": result.first.isoformat(), "to": result.last.isoformat(), "as_of": result.as_of.isoformat()}
    return said | days
