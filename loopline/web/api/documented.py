"""What the OpenAPI document says beyond the shapes: options, which are words of an address, read as the pages read
them, files in place of JSON, and the headers of answers."""

from typing import Any

from loopline.reports.files.export import FORMS
from loopline.reports.option_words import OPTION_WORDS

_OTHERS: dict[str, tuple[str, list[str]]] = {
    "format": ("As what.", list(FORMS)),
    "series": ("Of files: what the rows show over time in place of the table.", ["yes", "no"]),
    "against": ("Another frozen run of the same report and options, by its id; usually now.", []),
    "report": ("Only of this report, by its key.", []),
    "row": ("Key of the row, which may be empty; ~total, which is usual, for the total.", []),
    "metric": ("Key of the metric.", []),
    "since": ("The earlier moment or day.", []),
    "total": ("What may be spent a week on all rows together, in the reporting currency, such as 1234.50.", []),
    "within": ("How far each row may move from what is spent now, in percent, 0 to 100; 30 is usual.", []),
    "limit": ("How many on a page, 100 at most.", []),
    "cursor": ("`next_cursor` of the page before.", []),
}
_SEVERAL = {"kinds"}
_FILES: dict[str, dict[str, Any]] = {
    kind.partition(";")[0]: {"schema": {"type": "string"} if form == "csv" else {"type": "string", "format": "binary"}}
    for form, kind in FORMS.items()
    if form != "json"
}
_HEADERS = {
    "ETag": "Send it back in `If-None-Match`; what did not change is answered with an empty 304.",
    "RateLimit-Limit": "How many calls this token may make at once.",
    "RateLimit-Remaining": "How many it may still make now.",
    "RateLimit-Reset": "Seconds until it may make all of them again.",
}


def documented(*names: str) -> dict[str, Any]:
    """These options as `openapi_extra` of an operation; with `format` it answers files, too."""
    words = {one.name: (one.about, list(one.choices)) for one in OPTION_WORDS.values()} | _OTHERS
    extra: dict[str, Any] = {"parameters": [_parameter(name, *words[name]) for name in names]}
    return extra | ({"responses": {200: {"content": _FILES}}} if "format" in names else {})


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """With what every answer has, whatever is asked."""
    headers = {name: {"description": about, "schema": {"type": "string"}} for name, about in _HEADERS.items()}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"][200]["headers"] = headers
            operation["responses"][304] = {"description": "It did not change since the answer with this ETag."}
    return document


def _parameter(name: str, about: str, choices: list[str]) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": "string"}
    if choices and name not in _SEVERAL:
        kind["enum"] = choices
    return {"name": name, "in": "query", "required": False, "description": about, "schema": kind}
