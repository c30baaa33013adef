"""A report's JSON written as cells and as a table of text, for the command line and for downloads.

Money is written in major units: with its sign where people read it, plain in files, whose heads say the currency. A
cell that a spreadsheet would run as a formula gets an apostrophe in front.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from loopline.lib.amounts import money_text
from loopline.lib.money import Money
from loopline.lib.sheets import safe_cell

UNDEFINED = "—"


def written_cells(result: Mapping[str, Any]) -> list[list[str]]:
    """Head, rows, total: for CSV. What is undefined is empty."""
    columns, currency = result["columns"], result["currency"]
    head = [
        str(result["head"]),
        "Note",
        *(heading(one, currency) for one in columns),
        "Cost is" if result["balance"] else "Mind",
    ]
    body = [
        [
            safe_cell(str(row["label"])),
            safe_cell(str(row["note"])),
            *(cell(row[one["key"]], one, currency, "") for one in columns),
            _cost_is(row) if result["balance"] else _mind(row),
        ]
        for row in with_total(result)
    ]
    return [head, *body]


def _cost_is(row: Mapping[str, Any]) -> str:
    return str(row["cost_incomplete"]) or ("unknown" if row["cost_minor"] is None else "complete")


def _mind(row: Mapping[str, Any]) -> str:
    return "; ".join(safe_cell(str(row[key])) for key in ("cost_incomplete", "immature", "mind") if row.get(key))


def with_total(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows, and the total where there is one."""
    return [*result["rows"], *([result["totals"]] if result["has_total"] else [])]


def table_lines(result: Mapping[str, Any]) -> list[str]:
    """The report as lines of text: what it is, the table, the balance, what to be careful about."""
    columns, currency = result["columns"], result["currency"]
    rows = with_total(result)
    cells = [["", *(str(one["short"]) for one in columns)]]
    cells += [[_marked(row), *(cell(row[one["key"]], one, currency, UNDEFINED) for one in columns)] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns) + 1)]
    lines = [
        f"{result['title']}, {result['from']} to {result['to']}, {currency}",
        _asked(result),
        *_counting(result),
        *_frozen(result),
        "",
        *(aligned(row, widths) for row in cells[: len(result["rows"]) + 1]),
        "-" * (sum(widths) + 2 * len(columns)),
        *(aligned(row, widths) for row in cells[len(result["rows"]) + 1 :]),
        "",
        *_proof(result),
    ]
    marks = [f"* {row['label']}: {mark}" for row in rows for mark in _marks(row)]
    return lines + marks + [f"! {warning}" for warning in result["warnings"]]


def _asked(result: Mapping[str, Any]) -> str:
    words = [f"model {result['model']}"] if result["model"] else []
    words += [f"{result['clock']} clock"] if result["clock"] else []
    return ", ".join([*words, f"as of {result['as_of']}"])


def _marked(row: Mapping[str, Any]) -> str:
    return f"{row['label']} *" if _marks(row) else str(row["label"])


def _marks(row: Mapping[str, Any]) -> list[str]:
    """What its figures lack: the cost of it is incomplete, or it is too early to judge it."""
    return [str(row[key]) for key in ("cost_incomplete", "immature") if row[key]]


def _proof(result: Mapping[str, Any]) -> list[str]:
    """How the figures were checked against the records."""
    if result["balance"]:
        return [balance_line(result["balance"])]
    return [check_line(result["check"])] if result["check"] else []


def check_line(check: Mapping[str, Any]) -> str:
    verdict = "Adds up" if check["holds"] else "DOES NOT ADD UP"
    rows, records = (_proven(check[key], check["currency"]) for key in ("rows", "records"))
    return f"{verdict}: {rows} in the rows, {records} {check['what']}"


def _frozen(result: Mapping[str, Any]) -> list[str]:
    """Of a frozen run, which it is; a digest that its figures do not have any more says that somebody changed them."""
    if "run" not in result:
        return []
    run = result["run"]
    note = f" ({run['note']})" if run["note"] else ""
    return [
        f"frozen run {run['id']}, by {run['frozen_by']} at {run['frozen_at']}{note}",
        f"digest {run['digest']}, {'as it was' if run['is_whole'] else 'NOT AS IT WAS: these figures were changed'}",
    ]


def _proven(value: int, currency: str) -> str:
    return money_text(value, currency) if currency else f"{value:,}"


def _counting(result: Mapping[str, Any]) -> list[str]:
    """Which touchpoints may earn, as the options of the command say it; nothing of a report without credit."""
    if "people" not in result:
        return []
    lookback = result["lookback_days"]
    window = "none" if lookback is None else f"{lookback} days"
    humans = "humans only" if result["humans_only"] else "humans and machines"
    return [
        f"window {window}, people {result['people']}, kinds {','.join(result['touch_kinds'])}, "
        f"direct {result['direct']}, {humans}"
    ]


def balance_line(balance: Mapping[str, Any]) -> str:
    money = {key: money_text(value, balance["currency"]) for key, value in balance.items() if key.endswith("_minor")}
    return (
        f"{'Balanced' if balance['holds'] else 'DOES NOT BALANCE'}: {money['credited_minor']} credited + "
        f"{money['unattributed_minor']} unattributed = {money['revenue_minor']} won; "
        f"{money['allocated_minor']} allocated + {money['unallocated_minor']} unallocated = {money['cost_minor']} cost"
        + _counted(balance)
    )


def _counted(balance: Mapping[str, Any]) -> str:
    """The same in records, where the run is about one conversion."""
    told = balance.get("counted")
    if not told:
        return ""
    return (
        f"; {told['credited']:g} credited + {told['unattributed']:g} unattributed = {told['records']} "
        f"of conversion “{told['conversion']}”"
    )


def aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = row
    return "  ".join(
        [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))]
    )


def is_money(column: Mapping[str, Any]) -> bool:
    """The column, as JSON tells it, holds money: in minor units of the reporting currency."""
    return str(column["unit"]).endswith("minor units")


_WRITTEN_UNITS = {"percent": "%", "hours": "hours"}


def heading(column: Mapping[str, Any], currency: str) -> str:
    """The head of a column of figures in a file: its label, and the unit where it is no count."""
    unit = currency if is_money(column) else _WRITTEN_UNITS.get(str(column["unit"]))
    return f"{column['label']} ({unit})" if unit else str(column["label"])


def cell(value: int | float | None, column: Mapping[str, Any], currency: str, undefined: str) -> str:
    """A figure in the units that people read; `undefined` where it is unknown, empty for files."""
    if value is None:
        return undefined
    if is_money(column):
        return money_text(int(value), currency) if undefined else str(Money(int(value), currency).major)
    if undefined and column["unit"] == "hours":
        return f"{value:,.1f} h"
    if undefined and column["unit"] == "percent":
        return f"{value:.1f} %"
    if undefined and isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")  # credited counts; files hold all digits
    return str(value)
