"""What changed in a report, written as cells and as lines of text: one line a cause, one column a figure.

In files numbers are plain and their heads say the currency; where nothing adds up to a total, or one figure is asked
for, there is a line a row of the report and a column a cause, which add up to the change.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from loopline.lib.sheets import safe_cell
from loopline.reports.files.write import UNDEFINED, aligned, cell, heading

MOST = 7
"""So many figures are printed as text; files hold all."""
MOST_ROWS = 20


def change_cells(result: Mapping[str, Any], *, by_row: bool = False) -> list[list[str]]:
    """For CSV: as it was, each cause, as it is, the difference; or a line for each row that changed."""
    if by_row or not result["columns"]:
        return _row_cells(result)
    columns = result["columns"]
    head = ["What arrived", "Facts", *(heading(one, result["currency"]) for one in columns)]
    return [head, *([label, facts, *_cells(values, result, columns, "")] for label, facts, values in _lines(result))]


def _row_cells(result: Mapping[str, Any]) -> list[list[str]]:
    metric, currency, causes = result["metric"], result["currency"], result["causes"]
    unit = heading({**metric, "label": "Change"}, currency)
    head = [str(result["head"]), "Key", "Before", "Now", unit, *(f"by {one['label']}" for one in causes)]
    body = [
        [
            safe_cell(str(row["label"])),
            safe_cell(str(row["key"])),
            *(cell(row[name], metric, currency, "") for name in ("before", "after", "change")),
            *(cell(row["causes"].get(one["key"], 0), metric, currency, "") for one in causes),
        ]
        for row in result["rows"]
    ]
    return [head, *body]


def change_lines(result: Mapping[str, Any], *, by_row: bool = False) -> list[str]:
    """`by_row`: all the rows that changed, not the first alone."""
    columns = result["columns"][:MOST]
    lines = [
        _asked(result),
        f"what changed between {result['since']} and {result['as_of']}",
        "",
    ]
    if columns:
        body = [[label, facts, *_cells(values, result, columns, UNDEFINED)] for label, facts, values in _lines(result)]
        lines += table_of([["", "Facts", *(str(one["short"]) for one in columns)], *body], parted=True)
    lines += ["", f"{result['metric']['label']}, row by row", ""] if columns else []
    told = _told_rows(result)
    left_out = 0 if by_row else max(len(told) - 1 - MOST_ROWS, 0)
    lines += table_of(told[: len(told) - left_out])
    return lines + ([f"and {left_out} more: --metric {result['metric']['key']} prints all"] if left_out else [])


def _asked(result: Mapping[str, Any]) -> str:
    asked = [f"model {result['model']}"] if result["model"] else []
    asked += [f"{result['clock']} clock"] if result["clock"] else []
    return ", ".join([*title_and_days(result), *asked])


def title_and_days(result: Mapping[str, Any]) -> list[str]:
    return [str(result["title"]), f"{result['from']} to {result['to']}", str(result["currency"])]


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


def _told_rows(result: Mapping[str, Any]) -> list[list[str]]:
    """With the causes of each in words."""
    metric, labels = result["metric"], {one["key"]: one["label"] for one in result["causes"]}
    body = []
    for row in result["rows"]:
        numbers = [cell(row[name], metric, result["currency"], UNDEFINED) for name in ("before", "after", "change")]
        because = [
            f"{labels[key]} {cell(amount, metric, result['currency'], UNDEFINED)}"
            for key, amount in row["causes"].items()
        ]
        body.append([str(row["label"]), *numbers, "; ".join(because)])
    return [[str(result["head"]), "Before", "Now", "Change", "Because of"], *body]


def table_of(cells: list[list[str]], *, parted: bool = False) -> list[str]:
    """Lines of aligned text. `parted`: a line before the last row, which is a sum."""
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = [aligned(row, widths).rstrip() for row in cells]
    return [*lines[:-1], "-" * (sum(widths) + 2 * (len(widths) - 1)), lines[-1]] if parted else lines


def _count(facts: int | None) -> str:
    return "" if facts is None else str(facts)
