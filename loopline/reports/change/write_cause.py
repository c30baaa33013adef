"""One cause of a change, written as cells and as lines of text: the records that it changed, and what was learned.

Days and times are those of the organisation's zone, as on pages.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loopline.lib.sheets import safe_cell
from loopline.reports.change.write import table_of, title_and_days
from loopline.reports.files.write import UNDEFINED, cell, heading

_WIDEST = 60
_UNKNOWN, _GONE = "not known", "no longer counts"


def cause_cells(answer: Mapping[str, Any]) -> list[list[str]]:
    """For CSV: a line for each record listed, and for all others together; the changes add up to that of the cause."""
    changed, currency = answer["changed"], answer["currency"]
    amounts = {name: heading({**answer["metric"], "label": label}, currency)
               for name, label in (("before", "Before"), ("adds", "Now"), ("change", "Change"))}  # fmt: skip
    body = [
        [
            one["kind"], safe_cell(one["name"]), one["id"], _here(one["at"], answer)[:10],
            *(cell(one[name], answer["metric"], currency, "") for name in amounts),
        ]
        for one in changed["records"]
    ]  # fmt: skip
    if unlisted := changed["count"] - len(body):
        body.append(["", f"{unlisted} others", "", "", "", "", _rest(answer, "")])
    return [["Kind", "Record", "Id", "Date", *amounts.values()], *body]


def cause_lines(answer: Mapping[str, Any]) -> list[str]:
    metric, currency = answer["metric"], answer["currency"]
    change = cell(answer["change"], metric, currency, UNDEFINED)
    return [
        ", ".join(title_and_days(answer)),
        f"what changed between {answer['since']} and {answer['as_of']}",
        f"{answer['label']} ({answer['about']}): {change} in {metric['label']} of {answer['row_label']}",
        "",
        *_records(answer),
        "",
        "What was learned, whether or not it changes a figure here",
        "",
        *_facts(answer),
    ]


def _records(answer: Mapping[str, Any]) -> list[str]:
    metric, currency, changed = answer["metric"], answer["currency"], answer["changed"]
    if changed is None:
        return [answer["not_told"]]
    if not changed["count"]:
        return ["None of it changed this figure."]
    body = [
        [
            f"{one['name'][:_WIDEST]} ({one['kind']})", _here(one["at"], answer)[:10],
            *(cell(one[name], metric, currency, UNDEFINED) for name in ("before", "adds", "change")),
        ]
        for one in changed["records"]
    ]  # fmt: skip
    if unlisted := changed["count"] - len(body):
        body.append([f"{unlisted} others", "", "", "", _rest(answer, UNDEFINED)])
    total = ["All together", "", "", "", cell(changed["change"], metric, currency, UNDEFINED)]
    return table_of([["Record", "Date", "Before", "Now", "Change"], *body, total], parted=True)


def _rest(answer: Mapping[str, Any], undefined: str) -> str:
    """What the records that are not listed changed together."""
    changed = answer["changed"]
    rest = round(changed["change"] - sum(one["change"] or 0 for one in changed["records"]), 6)
    return cell(rest, answer["metric"], answer["currency"], undefined)


def _here(at: str | None, answer: Mapping[str, Any]) -> str:
    """A moment in the organisation's zone, to the minute; of a cost, which has a day, the day as it is."""
    if not at or "T" not in at:
        return at or ""
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(answer['zone'])):%Y-%m-%d %H:%M}"


def _facts(answer: Mapping[str, Any]) -> list[str]:
    if not answer["facts"]:
        return ["Nothing of this kind arrived."]
    body = [
        [
            one["name"][:_WIDEST], _here(one["learned_at"], answer),
            one["before_words"][:_WIDEST] or _UNKNOWN, one["after_words"][:_WIDEST] or _GONE, one["changed_by"] or "",
        ]
        for one in answer["facts"]
    ]  # fmt: skip
    lines = table_of([["What", "Learned", "Before", "Now", "By"], *body])
    return [*lines, f"The {len(body)} that were learned last are listed."] if answer["has_more"] else lines
