"""What changed in a report, written as cells and as lines of text: one line a cause, one column a figure."""

from collections.abc import Mapping
from typing import Any

from loopline.lib.money import Money
from loopline.reports.metric import METRICS, Unit
from loopline.reports.write import UNDEFINED, aligned

SHORT = ("revenue_minor", "cost_minor", "leads", "opportunities", "won", "sessions", "people")


def change_cells(result: Mapping[str, Any]) -> list[list[str]]:
    """For CSV: as it was, each cause, as it is, the difference."""
    currency = result["currency"]
    keys = list(result["change"])
    head = ["What arrived", "Facts", *(_head(key, currency) for key in keys)]
    lines = [("As it was", "", result["before"])]
    lines += [(one["label"], _count(one["facts"]), one["change"]) for one in result["causes"]]
    lines += [("As it is", "", result["after"]), ("Difference", "", result["change"])]
    return [
        head,
        *([label, facts, *(_cell(values[key], key, currency) for key in keys)] for label, facts, values in lines),
    ]


def change_lines(result: Mapping[str, Any]) -> list[str]:
    _, *body = change_cells(result)
    keys = list(result["change"])
    shown = [0, 1, *(2 + keys.index(key) for key in SHORT if key in keys)]
    cells = [["", "Facts", *(METRICS[keys[place - 2]].short for place in shown[2:])]]
    cells += [[row[place] or UNDEFINED if place > 1 else row[place] for place in shown] for row in body]
    widths = [max(len(row[place]) for row in cells) for place in range(len(shown))]
    return [
        f"{result['from']} to {result['to']}, {result['currency']}, model {result['model']}, {result['clock']} clock",
        f"what changed between {result['since']} and {result['as_of']}",
        "",
        *(aligned(row, widths) for row in cells[:-1]),
        "-" * (sum(widths) + 2 * (len(widths) - 1)),
        aligned(cells[-1], widths),
    ]


def _head(key: str, currency: str) -> str:
    metric = METRICS[key]
    return f"{metric.label} ({currency})" if metric.unit is Unit.MONEY else metric.label


def _count(facts: int | None) -> str:
    return "" if facts is None else str(facts)


def _cell(value: int | float | None, key: str, currency: str) -> str:
    if value is None:
        return ""
    return str(Money(int(value), currency).major) if METRICS[key].unit is Unit.MONEY else str(value)
