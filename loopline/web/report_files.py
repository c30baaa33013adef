"""Reports as files, for pages and programs alike: content, name and type."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.text import slugify

from loopline.reports.export import FORMS, exported
from loopline.reports.options import OptionError
from loopline.reports.series_file import SERIES_FORMS
from loopline.reports.weekly_export import weekly_exported


def wants_series(query: Mapping[str, str]) -> bool:
    """Whether an address asks for the series instead of the table. Raises OptionError for a word that is neither."""
    said = query.get("series", "") or "no"
    if said not in ("yes", "no"):
        raise OptionError(f"“{said}” says nothing about the series; write series=yes, or leave it out.")
    return said == "yes"


def as_file(told: Mapping[str, Any], form: str, *, is_series: bool = False) -> HttpResponse:
    """Raises OptionError where a series is asked for and there is none."""
    over_time = "-over-time" if is_series and form in SERIES_FORMS else ""
    name = f"{slugify(told['title'])}-{told['from']}-{told['to']}{over_time}"
    return _attached(exported(told, form, is_series=is_series), name, form)


def weekly_as_file(told: Mapping[str, Any], form: str) -> HttpResponse:
    """`told`: the JSON of the weekly table."""
    return _attached(weekly_exported(told, form), f"weekly-{told['from']}-{told['to']}", form)


def _attached(content: str | bytes, name: str, form: str) -> HttpResponse:
    response = HttpResponse(content, content_type=FORMS[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
