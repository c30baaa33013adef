"""Reports as files, for pages and programs alike: content, name and type."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.text import slugify

from loopline.reports.files.export import FORMS, exported
from loopline.reports.files.series import SERIES_FORMS
from loopline.reports.options import OptionError
from loopline.reports.weekly.export import weekly_exported

_KINDS = FORMS | {"sql": "application/sql; charset=utf-8"}


def wants_series(query: Mapping[str, str]) -> bool:
    """Whether an address asks for the series instead of the table. Raises OptionError for a word that is neither."""
    return _wants("series", query)


def wants_windows(query: Mapping[str, str]) -> bool:
    """Whether it asks for the table of lookback windows instead. Raises OptionError as above, or where it asks for the
    series too."""
    wants = _wants("windows", query)
    if wants and wants_series(query):
        raise OptionError("There is no series by lookback window; leave out series=yes or windows=yes.", "windows")
    return wants


def _wants(what: str, query: Mapping[str, str]) -> bool:
    said = query.get(what, "") or "no"
    if said not in ("yes", "no"):
        raise OptionError(f"“{said}” says nothing about the {what}; write {what}=yes, or leave it out.", what)
    return said == "yes"


def as_file(told: Mapping[str, Any], form: str, *, is_series: bool = False) -> HttpResponse:
    """Raises OptionError where a series is asked for and there is none."""
    over_time = "-over-time" if is_series and form in SERIES_FORMS else ""
    name = f"{slugify(told['title'])}-{told['from']}-{told['to']}{over_time}"
    return _attached(exported(told, form, is_series=is_series), name, form)


def weekly_as_file(told: Mapping[str, Any], form: str) -> HttpResponse:
    """`told`: the JSON of the weekly table."""
    return _attached(weekly_exported(told, form), f"weekly-{told['from']}-{told['to']}", form)


def sql_as_file(script: str, key: str) -> HttpResponse:
    """What the report `key` asks the event store."""
    return _attached(script, key, "sql")


def no_file(error: OptionError) -> HttpResponse:
    """Why there is none, for whoever asked a program for it."""
    return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")


def _attached(content: str | bytes, name: str, form: str) -> HttpResponse:
    response = HttpResponse(content, content_type=_KINDS[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
