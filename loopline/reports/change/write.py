"""What changed in a report, written as cells and as lines of text: one line a cause, one column a figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopline.reports.files.write import UNDEFINED, aligned, cell, heading

MOST = 7
"""So many figures are printed as text; files hold all."""
MOST_ROWS = 20


def change_cells(result: Mapping[str, Any]) -> list[list[str]]:
    """For CSV: as it was, each cause, as it is, the difference. Where nothing adds up to a total: row by row."""
    if not result["columns"]:
        return _row_cells(result)
    columns = result["columns"]
    head = ["What arrived", "Facts", *(heading(one, result["currency"]) for one in columns)]
    return [head, *([label, facts, *_cells(values, result, columns, "")] for label, facts, values in _lines(result))]


def change_lines(result: Mapping[str, Any]) -> list[str]:
    columns = result["columns"][:MOST]
    asked = [f"model {result['model']}"] if result["model"] else []
    asked += [f"{result['clock']} clock"] if result["clock"] else []
    lines = [
        ", ".join([f"{result['title']}, {result['from']} to {result['to']}, {result['currency']}", *asked]),
        f"what changed between {result['since']} and {result['as_of']}",
        "",
    ]
    if columns:
        body = [[label, facts, *_cells(values, result, columns, UNDEFINED)] for label, facts, values in _lines(result)]
        lines += _table([["", "Facts", *(str(one["short"]) for one in columns)], *body], parted=True)
    lines += ["", f"{_metric(result)['label']}, row by row", ""] if columns else []
    return lines + _table([[one[0], *one[1:4], one[4]] for one in _row_cells(result)[: MOST_ROWS + 1]])


def _lines(result: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        ("As it was", "", result["before"]),
        *((one["label"], _count(one["facts"]), one["change"]) for one in result["causes"]),
        ("As it is", "", result["after"]),
        ("Difference", "", result["change"]),
    ]


def _cells(
    values: Mapping[str, Any], result: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], undefined: str
) -> list[str]:
    return [cell(values[one["key"]], one, result["currency"], undefined) for one in columns]


def _row_cells(result: Mapping[str, Any]) -> list[list[str]]:
    metric, labels = _metric(result), {one["key"]: one["label"] for one in result["causes"]}
    body = []
    for row in result["rows"]:
        numbers = [cell(row[name], metric, result["currency"], UNDEFINED) for name in ("before", "after", "change")]
        because = [
            f"{labels[key]} {cell(amount, metric, result['currency'], UNDEFINED)}"
            for key, amount in row["causes"].items()
        ]
        body.append([str(row["label"]), *numbers, "; ".join(because)])
    return [[str(result["head"]), "Before", "Now", "Change", "Because of"], *body]


def _metric(result: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = result["metric"]
    return found


def _table(cells: list[list[str]], *, parted: bool = False) -> list[str]:
    """`parted`: a line before the last row, which is a sum."""
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = [aligned(row, widths).rstrip() for row in cells]
    return [*lines[:-1], "-" * (sum(widths) + 2 * (len(widths) - 1)), lines[-1]] if parted else lines


def _count(facts: int | None) -> str:
    return "" if facts is None else str(facts)
