"""Options for the OpenAPI document. They are words of an address, read as the pages read them."""

from typing import Any

from loopline.reports.export import FORMS
from loopline.reports.option_words import OPTION_WORDS

_OTHERS: dict[str, tuple[str, list[str]]] = {
    "format": ("As what.", list(FORMS)),
    "series": ("Of files: what the rows show over time in place of the table.", ["yes", "no"]),
    "against": ("Another frozen run of the same report and options, by its id; usually now.", []),
    "report": ("Only of this report, by its key.", []),
    "row": ("Key of the row; ~total, which is usual, for the total.", []),
    "metric": ("Key of the metric.", []),
    "since": ("The earlier moment or day.", []),
    "limit": ("How many on a page, 100 at most.", []),
    "cursor": ("`next_cursor` of the page before.", []),
}
_SEVERAL = {"kinds"}


def documented(*names: str) -> dict[str, Any]:
    """These options as `openapi_extra` of an operation."""
    words = {one.name: (one.about, list(one.choices)) for one in OPTION_WORDS.values()} | _OTHERS
    return {"parameters": [_parameter(name, *words[name]) for name in names]}


def _parameter(name: str, about: str, choices: list[str]) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": "string"}
    if choices and name not in _SEVERAL:
        kind["enum"] = choices
    return {"name": name, "in": "query", "required": False, "description": about, "schema": kind}
