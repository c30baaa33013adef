"""What an audit entry says in detail, as people read it: lists and tables within it unfolded, no raw JSON."""

from datetime import datetime, tzinfo
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loopline.web.wording import figure_text, full_moment_text

NOTHING = "—"


def detail_text(value: Any, zone: tzinfo) -> str | SafeString:
    """`[{"arm": "treated", "leads": 3}]` → a list in which each line says `arm treated`, `leads 3`."""
    match value:
        case _ if value in (None, "", [], {}):
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return figure_text(value)
        case dict():
            return _lines(
                format_html("<i>{}</i> {}", plain(str(key)), detail_text(one, zone)) for key, one in value.items()
            )
        case list() if any(isinstance(one, dict | list) for one in value):
            return _lines(_line(one, zone) for one in value)
        case list():
            return ", ".join(str(detail_text(one, zone)) for one in value)
        case _:
            return _moment(str(value), zone)


def plain(name: str) -> str:
    """treated_rate → treated rate, close_huddle → close huddle"""
    return name.replace("_", " ")


def _line(value: Any, zone: tzinfo) -> str | SafeString:
    """One of several: what it says side by side, so that each is a line."""
    if not isinstance(value, dict) or any(isinstance(one, dict | list) for one in value.values()):
        return detail_text(value, zone)
    said = ((plain(str(key)), detail_text(one, zone)) for key, one in value.items())
    return format_html_join(" · ", "<i>{}</i> {}", said)


def _lines(lines: Any) -> SafeString:
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((line,) for line in lines)))


def _moment(text: str, zone: tzinfo) -> str:
    """A moment as JSON keeps it in words; any other text as it is."""
    if len(text) < len("2026-03-31T12:00:00") or text[10:11] not in {"T", " "}:
        return text
    try:
        return full_moment_text(datetime.fromisoformat(text), zone)
    except ValueError:
        return text
