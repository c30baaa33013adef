"""A report's JSON written as cells and as a table of text, for the command line and for downloads.

Money is written in major units. A cell that a spreadsheet would run as a formula gets an apostrophe in front.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from loopline.lib.money import Money
from loopline.lib.sheets import safe_cell

UNDEFINED = "—"


def written_cells(result: Mapping[str, Any]) -> list[list[str]]:
    """Head, rows, total: for CSV. What is undefined is empty."""
    columns, currency = result["columns"], result["balance"]["currency"]
    head = [
        str(result["by"]).replace("_", " ").capitalize(),
        "Note",
        *(f"{one['label']} ({currency})" if _is_money(one) else str(one["label"]) for one in columns),
        "Cost is",
    ]
    body = [
        [
            safe_cell(str(row["label"])),
            safe_cell(str(row["note"])),
            *(_cell(row[one["key"]], one, currency, "") for one in columns),
            str(row["cost_incomplete"]) or "complete",
        ]
        for row in [*result["rows"], result["totals"]]
    ]
    return [head, *body]


def table_lines(result: Mapping[str, Any]) -> list[str]:
    """The report as lines of text: what it is, the table, the balance, what to be careful about."""
    columns, currency, balance = result["columns"], result["balance"]["currency"], result["balance"]
    rows = [*result["rows"], result["totals"]]
    cells = [["", *(str(one["short"]) for one in columns)]]
    cells += [
        [str(row["label"]), *(_cell(row[one["key"]], one, currency, UNDEFINED) for one in columns)] for row in rows
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns) + 1)]
    lines = [
        f"{result['title']}, {result['from']} to {result['to']}, {currency}",
        f"model {result['model']}, {result['clock']} clock, as of {result['as_of']}",
        "",
        *(aligned(row, widths) for row in cells[:-1]),
        "-" * (sum(widths) + 2 * len(columns)),
        aligned(cells[-1], widths),
        "",
        balance_line(balance),
    ]
    return lines + [f"! {warning}" for warning in result["warnings"]]


def balance_line(balance: Mapping[str, Any]) -> str:
    money = {
        key: str(Money(value, balance["currency"]).major) for key, value in balance.items() if key.endswith("_minor")
    }
    return (
        f"{'Balanced' if balance['holds'] else 'DOES NOT BALANCE'}: {money['credited_minor']} credited + "
        f"{money['unattributed_minor']} unattributed = {money['revenue_minor']} won; "
        f"{money['allocated_minor']} allocated + {money['unallocated_minor']} unallocated = {money['cost_minor']} cost "
        f"({balance['currency']})"
    )


def aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = row
    return "  ".join(
        [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))]
    )


def _is_money(column: Mapping[str, Any]) -> bool:
    return str(column["unit"]).endswith("minor units")


def _cell(value: int | float | None, column: Mapping[str, Any], currency: str, undefined: str) -> str:
    if value is None:
        return undefined
    return str(Money(int(value), currency).major) if _is_money(column) else str(value)
